/*
 * Stage 1 translation table walks: VMSAv8-64, 4 KiB granule, 48-bit input and output addresses.
 */
#include "models/smmuv3/smmu_internal.h"

#define LEVEL_BITS 9 /* 512 descriptors a table */

static const struct smmu_fault no_fault = {0};

static unsigned smmu_level_shift(unsigned level)
{
    return 12 + 9 * (3 - level);
}

enum smmu_lookup smmu_walk_locate(const struct smmu_context *context, uint64_t va, unsigned *level,
                                  struct smmu_fault *fault)
{
    const unsigned half = smmu_address_half(va);
    const struct smmu_range *range = &context->range[half];
    const unsigned bits = 64u - range->size;
    const uint64_t above = half != 0 ? ~va : va;

    if (range->disabled || above >> bits != 0) {
        *fault = (struct smmu_fault){.type = SMMU_F_TRANSLATION, .class_ = SMMU_CLASS_IN};
        return SMMU_LOOKUP_FAULT;
    }
    *level = bits > 39 ? 0 : bits > 30 ? 1 : 2;
    return SMMU_LOOKUP_READ;
}

static void read_descriptor(struct smmu *smmu, struct smmu_walk *walk, uint64_t index, sim_time at)
{
    struct smmu_request request = {
        .requester = SMMU_REQUEST_WALK,
        .index = (uint8_t)(walk - smmu->walks),
        .type = SIM_PACKET_READ,
        .length = 8,
        .leave = at + smmu->times.issue,
    };

    walk->address = walk->table + 8 * index;
    request.address = walk->address;
    smmu->counters.walk_reads++;
    smmu_walker_request(smmu, &request);
}

static struct smmu_walk *find_shared(struct smmu *smmu, const struct smmu_context *context, uint64_t va)
{
    for (uint32_t i = 0; i < smmu->walk_count && smmu->walks_active > 0; i++) {
        struct smmu_walk *walk = &smmu->walks[i];

        if (walk->active && walk->fresh && walk->context.tag == context->tag && walk->va >> 12 == va >> 12) {
            return walk;
        }
    }
    return NULL;
}

static struct smmu_walk *find_free(struct smmu *smmu)
{
    for (uint32_t i = 0; i < smmu->walk_count; i++) {
        if (!smmu->walks[i].active) {
            return &smmu->walks[i];
        }
    }
    return NULL;
}

bool smmu_walk_start(struct smmu *smmu, const struct smmu_context *context, uint64_t va, unsigned level, uint16_t slot,
                     sim_time at)
{
    struct smmu_walk *walk = find_shared(smmu, context, va);

    if (walk == NULL) {
        const struct smmu_range *range = &context->range[smmu_address_half(va)];
        const unsigned shift = smmu_level_shift(level);
        const unsigned index_bits = 64u - range->size - shift;
        const uint64_t table_bytes = UINT64_C(8) << index_bits;

        walk = find_free(smmu);
        if (walk == NULL) {
            return false;
        }
        *walk = (struct smmu_walk){
            .active = true,
            .fresh = true,
            .level = (uint8_t)level,
            .va = va,
            /* The first table is aligned to its size; the bits below are taken as zero. */
            .table = range->table & ~(table_bytes - 1),
            .context = *context,
            .waiters = {SMMU_NONE, SMMU_NONE},
        };
        smmu->walks_active++;
        smmu->counters.walks++;
        read_descriptor(smmu, walk, (va >> shift) & ((UINT64_C(1) << index_bits) - 1), at);
    }
    if (slot != SMMU_NONE) {
        smmu_list_append(smmu, &walk->waiters, slot);
    }
    return true;
}

static void finish(struct smmu *smmu, struct smmu_walk *walk, const struct smmu_tlb_entry *entry,
                   const struct smmu_fault *fault, sim_time at)
{
    struct smmu_list waiters = walk->waiters;

    walk->active = false;
    smmu->walks_active--;
    while (waiters.head != SMMU_NONE) {
        smmu_slot_translated(smmu, smmu_list_take(smmu, &waiters), entry, fault, at);
    }
    smmu_slots_retry_walk(smmu, at);
}

static void fail(struct smmu *smmu, struct smmu_walk *walk, uint8_t type, sim_time at)
{
    const struct smmu_fault fault = {
        .type = type,
        .class_ = type == SMMU_F_WALK_EABT ? SMMU_CLASS_TT : SMMU_CLASS_IN,
        .fetch_address = walk->address,
    };

    finish(smmu, walk, NULL, &fault, at);
}

/* What a leaf descriptor allows in the EL1&0 regime, before what table descriptors take away. */
static unsigned leaf_permissions(uint64_t leaf)
{
    const bool el0 = smmu_get(leaf, SMMU_PTE_AP_EL0) != 0;
    const bool writable = smmu_get(leaf, SMMU_PTE_AP_RO) == 0;
    unsigned permissions = SMMU_PERM_PR;

    permissions |= writable ? SMMU_PERM_PW : 0;
    permissions |= el0 ? SMMU_PERM_UR : 0;
    permissions |= el0 && writable ? SMMU_PERM_UW : 0;
    permissions |= smmu_get(leaf, SMMU_PTE_UXN) == 0 ? SMMU_PERM_UX : 0;
    permissions |= smmu_get(leaf, SMMU_PTE_PXN) == 0 ? SMMU_PERM_PX : 0;
    return permissions;
}

/* Rules that look at the resulting permissions as a whole. */
static unsigned effective_permissions(unsigned permissions, const struct smmu_context *context)
{
    if ((permissions & SMMU_PERM_UW) != 0) {
        permissions &= ~SMMU_PERM_PX; /* what EL0 can write is never executable at EL1 */
    }
    if (context->write_implies_no_execute) {
        permissions &= (permissions & SMMU_PERM_UW) != 0 ? ~SMMU_PERM_UX : ~0u;
        permissions &= (permissions & SMMU_PERM_PW) != 0 ? ~SMMU_PERM_PX : ~0u;
    }
    if (context->privileged_access_never && (permissions & (SMMU_PERM_UR | SMMU_PERM_UW)) != 0) {
        permissions &= ~(SMMU_PERM_PR | SMMU_PERM_PW);
    }
    return permissions;
}

/* Permissions that a table descriptor takes away from everything below it. IDR3.HAD = 0: it always may. */
static unsigned denied_by_table(uint64_t table)
{
    unsigned denied = 0;

    denied |= smmu_get(table, SMMU_PTE_APTABLE_NO_EL0) != 0 ? SMMU_PERM_UR | SMMU_PERM_UW : 0;
    denied |= smmu_get(table, SMMU_PTE_APTABLE_RO) != 0 ? SMMU_PERM_UW | SMMU_PERM_PW : 0;
    denied |= smmu_get(table, SMMU_PTE_UXNTABLE) != 0 ? SMMU_PERM_UX : 0;
    denied |= smmu_get(table, SMMU_PTE_PXNTABLE) != 0 ? SMMU_PERM_PX : 0;
    return denied;
}

static void take_leaf(struct smmu *smmu, struct smmu_walk *walk, uint64_t leaf, uint64_t output, sim_time at)
{
    const struct smmu_context *context = &walk->context;
    const unsigned permissions = effective_permissions(leaf_permissions(leaf) & ~(unsigned)walk->denied, context);
    const bool global = smmu_get(leaf, SMMU_PTE_NG) == 0;
    const struct smmu_tlb_entry entry = {
        .tag = context->tag | (uint64_t)smmu_level_shift(walk->level) << SMMU_TAG_SIZE_SHIFT,
        .output = output | permissions,
    };

    if (smmu_get(leaf, SMMU_PTE_AF) == 0 && !context->access_flag_ignored) {
        fail(smmu, walk, SMMU_F_ACCESS, at);
        return;
    }
    if (walk->fresh) {
        smmu_tlb_fill(&smmu->tlb, context->tag, walk->va, smmu_level_shift(walk->level), global, entry.output, 0);
    }
    finish(smmu, walk, &entry, &no_fault, at);
}

void smmu_walk_step(struct smmu *smmu, uint32_t index, const uint8_t *data, sim_time now)
{
    struct smmu_walk *walk = &smmu->walks[index];
    const sim_time at = now + smmu->times.decode;
    const uint64_t descriptor = data != NULL ? sim_load_le64(data) : 0;
    const bool type = smmu_get(descriptor, SMMU_PTE_TYPE) != 0;
    const bool leaf = walk->level == 3 || !type;
    const uint64_t offset = leaf ? (UINT64_C(1) << smmu_level_shift(walk->level)) - 1 : 0xfff;
    const uint64_t output = descriptor & SMMU_MASK(SMMU_PTE_ADDR) & ~offset;

    if (data == NULL) {
        fail(smmu, walk, SMMU_F_WALK_EABT, at);
        return;
    }
    /* Type 0 is a block, which levels 0 and 3 do not have. */
    if (smmu_get(descriptor, SMMU_PTE_VALID) == 0 || (!type && (walk->level == 0 || walk->level == 3))) {
        fail(smmu, walk, SMMU_F_TRANSLATION, at);
        return;
    }
    if (output >> walk->context.output_bits != 0) {
        fail(smmu, walk, SMMU_F_ADDR_SIZE, at);
        return;
    }
    if (leaf) {
        take_leaf(smmu, walk, descriptor, output, at);
        return;
    }
    walk->denied |= (uint8_t)denied_by_table(descriptor);
    walk->table = output;
    walk->level++;
    read_descriptor(smmu, walk, (walk->va >> smmu_level_shift(walk->level)) & ((1u << LEVEL_BITS) - 1), at);
}

void smmu_walk_invalidate(struct smmu *smmu, const struct smmu_tlb_scope *scope)
{
    for (uint32_t i = 0; i < smmu->walk_count; i++) {
        struct smmu_walk *walk = &smmu->walks[i];

        /* Its page size and whether it is global are not known yet: the widest of both counts. */
        if (walk->active && (smmu_tlb_scope_covers(scope, walk->context.tag, false, walk->va, 30) ||
                             smmu_tlb_scope_covers(scope, walk->context.tag, true, walk->va, 30))) {
            walk->fresh = false;
        }
    }
}
