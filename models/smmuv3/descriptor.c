/*
 * Translation table descriptors (VMSAv8-64): what one of any granule, level and stage is, where it points, and what it
 * permits.
 */
#include "models/smmuv3/descriptor_internal.h"

/* Levels at which a block may stand instead of a table. */
static bool may_be_block(const struct smmu_table_format *format, int level)
{
    switch (format->granule) {
    case 12:
        return level == 1 || level == 2 || (level == 0 && format->wide);
    case 14:
        return level == 2 || (level == 1 && format->wide);
    default:
        return level == 2 || (level == 1 && format->wide);
    }
}

/* log2 of the number of descriptors that the contiguous bit joins. */
static unsigned contiguous_bits(unsigned granule, int level)
{
    switch (granule) {
    case 12:
        return level >= 1 ? 4 : 0;
    case 14:
        return level == 3 ? 7 : level == 2 ? 5 : 0;
    default:
        return level >= 2 ? 5 : 0;
    }
}

/* Address bits from @p low up. */
static uint64_t address_of(const struct smmu_table_format *format, uint64_t word, unsigned low)
{
    const uint64_t keep = ~((UINT64_C(1) << low) - 1);

    if (!format->wide) {
        return word & SMMU_MASK(47, 0) & keep;
    }
    if (format->granule == 16) {
        return (word & SMMU_MASK(47, 0) & keep) | smmu_get(word, SMMU_PTE_ADDR_LPA) << 48;
    }
    return (word & SMMU_MASK(49, 0) & keep) | smmu_get(word, SMMU_PTE_ADDR_DS) << 50;
}

struct smmu_descriptor smmu_descriptor_decode(const struct smmu_table_format *format, int level, uint64_t word)
{
    const bool type = smmu_get(word, SMMU_PTE_TYPE) != 0;
    const unsigned size = smmu_level_size(format->granule, level);
    struct smmu_descriptor descriptor = {.kind = SMMU_DESCRIPTOR_INVALID};

    if (smmu_get(word, SMMU_PTE_VALID) == 0 || (level == 3 && !type)) {
        return descriptor;
    }
    if (level < 3 && type) {
        descriptor.kind = SMMU_DESCRIPTOR_TABLE;
        descriptor.address = address_of(format, word, format->granule);
        return descriptor;
    }
    if (level < 3 && !may_be_block(format, level)) {
        return descriptor;
    }
    descriptor.kind = SMMU_DESCRIPTOR_LEAF;
    descriptor.size = (uint8_t)size;
    descriptor.address = address_of(format, word, size);
    if (smmu_get(word, SMMU_PTE_CONTIGUOUS) != 0) {
        const unsigned joined = size + contiguous_bits(format->granule, level);

        /* A hint that reaches beyond the input range is not taken. */
        descriptor.size = joined <= format->input_bits ? (uint8_t)joined : (uint8_t)size;
    }
    return descriptor;
}

unsigned smmu_descriptor_largest(const struct smmu_table_format *format, int level)
{
    while (level < 3 && !may_be_block(format, level)) {
        level++;
    }
    return smmu_level_size(format->granule, level) + contiguous_bits(format->granule, level);
}

unsigned smmu_descriptor_denied(const struct smmu_stage1 *stage1, uint64_t table)
{
    unsigned denied = smmu_get(table, SMMU_PTE_APTABLE_RO) != 0 ? SMMU_PERM_UW | SMMU_PERM_PW : 0;

    if (stage1->one_privilege) {
        return denied | (smmu_get(table, SMMU_PTE_UXNTABLE) != 0 ? SMMU_PERM_UX | SMMU_PERM_PX : 0);
    }
    denied |= smmu_get(table, SMMU_PTE_APTABLE_NO_EL0) != 0 ? SMMU_PERM_UR | SMMU_PERM_UW : 0;
    denied |= smmu_get(table, SMMU_PTE_UXNTABLE) != 0 ? SMMU_PERM_UX : 0;
    denied |= smmu_get(table, SMMU_PTE_PXNTABLE) != 0 ? SMMU_PERM_PX : 0;
    return denied;
}

bool smmu_descriptor_is_clean1(const struct smmu_stage1 *stage1, uint64_t leaf)
{
    return stage1->update_dirty && smmu_get(leaf, SMMU_PTE_DBM) != 0 && smmu_get(leaf, SMMU_PTE_AP_RO) != 0;
}

bool smmu_descriptor_is_clean2(const struct smmu_stage2 *stage2, uint64_t leaf)
{
    return stage2->update_dirty && smmu_get(leaf, SMMU_PTE_DBM) != 0 && smmu_get(leaf, SMMU_PTE_S2_WRITE) == 0;
}

/* EL2: privilege makes no difference. */
static unsigned permissions_without_privilege(const struct smmu_stage1 *stage1, uint64_t leaf, bool writable,
                                              unsigned denied)
{
    unsigned permissions = SMMU_PERM_UR | SMMU_PERM_PR;

    permissions |= writable ? SMMU_PERM_UW | SMMU_PERM_PW : 0;
    permissions |= smmu_get(leaf, SMMU_PTE_UXN) == 0 ? SMMU_PERM_UX | SMMU_PERM_PX : 0;
    permissions &= ~denied;
    if (stage1->write_implies_no_execute && (permissions & SMMU_PERM_PW) != 0) {
        permissions &= ~(SMMU_PERM_UX | SMMU_PERM_PX);
    }
    return permissions;
}

unsigned smmu_descriptor_permissions1(const struct smmu_stage1 *stage1, uint64_t leaf, unsigned denied)
{
    const bool el0 = smmu_get(leaf, SMMU_PTE_AP_EL0) != 0;
    /* What hardware would mark dirty counts as writable, in all that follows from being writable. */
    const bool writable = smmu_get(leaf, SMMU_PTE_AP_RO) == 0 || smmu_descriptor_is_clean1(stage1, leaf);
    unsigned permissions = SMMU_PERM_PR;

    if (stage1->one_privilege) {
        return permissions_without_privilege(stage1, leaf, writable, denied);
    }
    permissions |= writable ? SMMU_PERM_PW : 0;
    permissions |= el0 ? SMMU_PERM_UR : 0;
    permissions |= el0 && writable ? SMMU_PERM_UW : 0;
    permissions |= smmu_get(leaf, SMMU_PTE_UXN) == 0 ? SMMU_PERM_UX : 0;
    permissions |= smmu_get(leaf, SMMU_PTE_PXN) == 0 ? SMMU_PERM_PX : 0;
    permissions &= ~denied;
    if ((permissions & SMMU_PERM_UW) != 0) {
        permissions &= ~SMMU_PERM_PX; /* what EL0 can write is never executable at EL1 */
    }
    if (stage1->write_implies_no_execute) {
        permissions &= (permissions & SMMU_PERM_UW) != 0 ? ~SMMU_PERM_UX : ~0u;
        permissions &= (permissions & SMMU_PERM_PW) != 0 ? ~SMMU_PERM_PX : ~0u;
    }
    if (stage1->privileged_access_never && (permissions & (SMMU_PERM_UR | SMMU_PERM_UW)) != 0) {
        permissions &= ~(SMMU_PERM_PR | SMMU_PERM_PW);
    }
    return permissions;
}

unsigned smmu_descriptor_permissions2(const struct smmu_stage2 *stage2, uint64_t leaf)
{
    /* XN[1:0]: 0 all execute, 1 only unprivileged, 2 none, 3 only privileged. Without XNX bit 1 alone counts. */
    static const uint16_t execute[4] = {SMMU_PERM_S2_UX | SMMU_PERM_S2_PX, SMMU_PERM_S2_UX, 0, SMMU_PERM_S2_PX};
    const unsigned xn = (unsigned)smmu_get(leaf, SMMU_PTE_S2_XN);
    unsigned permissions = execute[stage2->split_execute ? xn : xn & 2u];

    permissions |= smmu_get(leaf, SMMU_PTE_S2_READ) != 0 ? SMMU_PERM_S2_R : 0;
    if (smmu_get(leaf, SMMU_PTE_S2_WRITE) != 0 || smmu_descriptor_is_clean2(stage2, leaf)) {
        permissions |= SMMU_PERM_S2_W;
    }
    return permissions;
}

unsigned smmu_descriptor_attributes1(const struct smmu_stage1 *stage1, unsigned half, uint64_t leaf)
{
    const unsigned index = (unsigned)smmu_get(leaf, SMMU_PTE_ATTRINDX);
    const bool ds = stage1->ds && stage1->half[half].granule != 16;
    const unsigned sh = ds ? stage1->sh[half] : (unsigned)smmu_get(leaf, SMMU_PTE_SH);

    return smmu_attributes_stage1((unsigned)(stage1->mair >> 8 * index) & 0xff, sh);
}

unsigned smmu_descriptor_attributes2(const struct smmu_stage2 *stage2, uint64_t leaf)
{
    const unsigned sh = stage2->ds ? stage2->sh : (unsigned)smmu_get(leaf, SMMU_PTE_SH);

    return smmu_attributes_stage2((unsigned)smmu_get(leaf, SMMU_PTE_S2_MEMATTR), sh);
}
