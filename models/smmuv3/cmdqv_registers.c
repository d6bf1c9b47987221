/*
 * Registers of virtual command queues: a configuration page with the virtual interfaces, then two pages with all
 * queues, then two with the queues of each interface by their logical numbers. Offsets are from the aperture's base.
 */
#include "models/smmuv3/commands_internal.h"
#include "models/smmuv3/smmu_cmdqv.h"

#define ALLOC_MASK                                                                                                     \
    (SMMU_MASK32(SMMU_CMDQV_VCMDQ_ALLOC_ALLOC) | SMMU_MASK32(SMMU_CMDQV_VCMDQ_ALLOC_LVCMDQ) |                          \
     SMMU_MASK32(SMMU_CMDQV_VCMDQ_ALLOC_VINTF))

#define VINTF_MASK                                                                                                     \
    (SMMU_MASK32(SMMU_CMDQV_VINTF_CONFIG_EN) | SMMU_MASK32(SMMU_CMDQV_VINTF_CONFIG_VMID) |                             \
     SMMU_MASK32(SMMU_CMDQV_VINTF_CONFIG_HYP_OWN))

#define BASE_MASK (SMMU_MASK(SMMU_VCMDQ_BASE_ADDR) | SMMU_MASK(SMMU_VCMDQ_BASE_LOG2SIZE))
#define CONS_MASK (SMMU_MASK32(SMMU_CMDQ_CONS_ERR) | SMMU_MASK32(SMMU_QUEUE_INDEX))

/** On page 1 of the queues. */
#define PAGE1 SMMU_CMDQV_VCMDQ_BYTES

static struct smmu_command_queue *vcmdq(struct smmu *smmu, uint32_t number)
{
    return &smmu->commands.queues[smmu->commands.first_vcmdq + number];
}

static bool is_of(const struct smmu_command_queue *q, uint32_t vintf)
{
    return smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_ALLOC) != 0 &&
           smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_VINTF) == vintf;
}

static bool is_disabled(const struct smmu_command_queue *q)
{
    return (q->config & SMMU_MASK32(SMMU_VCMDQ_CONFIG_EN)) == 0 &&
           (q->status & SMMU_MASK32(SMMU_VCMDQ_STATUS_EN_OK)) == 0;
}

static void wake_all(struct smmu *smmu)
{
    for (uint32_t i = 0; i < smmu->config.vcmdqs; i++) {
        smmu_commands_wake(smmu, smmu->commands.first_vcmdq + i);
    }
}

/* ---- Queues ---- */

/*
 * The queue whose registers are at an offset; NULL if there is none. *reg becomes the offset from its first register,
 * those of page 1 after those of page 0.
 */
static struct smmu_command_queue *find(struct smmu *smmu, uint32_t offset, uint32_t *reg)
{
    const uint32_t number = offset % SMMU_PAGE_BYTES / SMMU_CMDQV_VCMDQ_BYTES;
    const bool direct = offset < SMMU_CMDQV_VINTF_VIEWS;
    const bool page1 = direct ? offset >= SMMU_CMDQV_VCMDQ_PAGE1
                              : (offset - SMMU_CMDQV_VINTF_VIEWS) % SMMU_CMDQV_VIEW_BYTES >= SMMU_PAGE_BYTES;

    *reg = offset % SMMU_CMDQV_VCMDQ_BYTES + (page1 ? PAGE1 : 0);
    if (offset < SMMU_CMDQV_VCMDQ_PAGE0) {
        return NULL;
    }
    if (direct) {
        return number < smmu->config.vcmdqs ? vcmdq(smmu, number) : NULL;
    }
    for (uint32_t i = 0; i < smmu->config.vcmdqs; i++) {
        struct smmu_command_queue *q = vcmdq(smmu, i);

        if (is_of(q, (offset - SMMU_CMDQV_VINTF_VIEWS) / SMMU_CMDQV_VIEW_BYTES) &&
            smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_LVCMDQ) == number) {
            return q;
        }
    }
    return NULL;
}

static uint32_t read_queue(const struct smmu_command_queue *q, uint32_t reg)
{
    switch (reg) {
    case SMMU_VCMDQ_CONS:
        return q->cons;
    case SMMU_VCMDQ_PROD:
        return q->prod;
    case SMMU_VCMDQ_CONFIG:
        return q->config;
    case SMMU_VCMDQ_STATUS:
        return q->status;
    case SMMU_VCMDQ_GERROR:
        return q->gerror;
    case SMMU_VCMDQ_GERRORN:
        return q->gerrorn;
    case PAGE1 + SMMU_VCMDQ_BASE:
        return (uint32_t)q->base;
    case PAGE1 + SMMU_VCMDQ_BASE + 4:
        return (uint32_t)(q->base >> 32);
    case PAGE1 + SMMU_VCMDQ_CONS_BASE:
        return (uint32_t)q->cons_base;
    case PAGE1 + SMMU_VCMDQ_CONS_BASE + 4:
        return (uint32_t)(q->cons_base >> 32);
    default:
        return 0;
    }
}

static uint64_t put_half(uint64_t value, uint32_t reg, uint32_t half)
{
    return reg % 8 == 0 ? (value & ~(uint64_t)UINT32_MAX) | half : (value & UINT32_MAX) | (uint64_t)half << 32;
}

static void write_config(struct smmu *smmu, struct smmu_command_queue *q, uint32_t value)
{
    const bool was_enabled = q->config != 0;

    q->config = value & SMMU_MASK32(SMMU_VCMDQ_CONFIG_EN);
    if (q->config != 0 && !was_enabled && !smmu_vcmdq_has_interface(smmu, q)) {
        smmu_vcmdq_raise(smmu, q, SMMU_MASK32(SMMU_VCMDQ_GERROR_INIT));
    }
}

static void write_queue(struct smmu *smmu, struct smmu_command_queue *q, uint32_t reg, uint32_t value)
{
    switch (reg) {
    case SMMU_VCMDQ_CONS:
        q->cons = is_disabled(q) ? value & CONS_MASK : q->cons;
        break;
    case SMMU_VCMDQ_PROD:
        q->prod = value & SMMU_MASK32(SMMU_QUEUE_INDEX);
        break;
    case SMMU_VCMDQ_CONFIG:
        write_config(smmu, q, value);
        break;
    case SMMU_VCMDQ_GERRORN:
        q->gerrorn = value & (SMMU_MASK32(SMMU_VCMDQ_GERROR_CMDQ) | SMMU_MASK32(SMMU_VCMDQ_GERROR_INIT));
        break;
    case PAGE1 + SMMU_VCMDQ_BASE:
    case PAGE1 + SMMU_VCMDQ_BASE + 4:
        q->base = is_disabled(q) ? put_half(q->base, reg, value) & BASE_MASK : q->base;
        break;
    case PAGE1 + SMMU_VCMDQ_CONS_BASE:
    case PAGE1 + SMMU_VCMDQ_CONS_BASE + 4:
        q->cons_base = put_half(q->cons_base, reg, value) & SMMU_MASK(47, 0);
        break;
    default:
        break;
    }
    smmu_commands_wake(smmu, (uint32_t)(q - smmu->commands.queues));
}

/* ---- Error maps ---- */

static bool has_error(const struct smmu_command_queue *q)
{
    return q->gerror != q->gerrorn;
}

/* Bits of up to 128 queues or interfaces, 32 at a time from @p first on. */
static uint32_t vcmdq_errors(struct smmu *smmu, uint32_t first)
{
    uint32_t map = 0;

    for (uint32_t i = first; i < first + 32 && i < smmu->config.vcmdqs; i++) {
        map |= (uint32_t)has_error(vcmdq(smmu, i)) << (i - first);
    }
    return map;
}

static uint32_t vintf_errors(struct smmu *smmu, uint32_t first)
{
    uint32_t map = 0;

    for (uint32_t i = 0; i < smmu->config.vcmdqs; i++) {
        const struct smmu_command_queue *q = vcmdq(smmu, i);
        const uint32_t vintf = (uint32_t)smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_VINTF);

        if (is_of(q, vintf) && has_error(q) && vintf / 32 == first / 32) {
            map |= UINT32_C(1) << vintf % 32;
        }
    }
    return map;
}

static uint32_t lvcmdq_errors(struct smmu *smmu, uint32_t vintf, uint32_t first)
{
    uint32_t map = 0;

    for (uint32_t i = 0; i < smmu->config.vcmdqs; i++) {
        const struct smmu_command_queue *q = vcmdq(smmu, i);
        const uint32_t number = (uint32_t)smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_LVCMDQ);

        if (is_of(q, vintf) && has_error(q) && number / 32 == first / 32) {
            map |= UINT32_C(1) << number % 32;
        }
    }
    return map;
}

/* ---- Interfaces ---- */

static uint32_t read_status(struct smmu *smmu, uint32_t number)
{
    bool enabled = smmu_get(smmu->cmdqv.vintfs[number].config, SMMU_CMDQV_VINTF_CONFIG_EN) != 0;
    uint32_t queues = 0;
    bool error = false;
    uint64_t status = 0;

    for (uint32_t i = 0; i < smmu->config.vcmdqs; i++) {
        const struct smmu_command_queue *q = vcmdq(smmu, i);

        if (is_of(q, number)) {
            queues++;
            error = error || has_error(q);
            enabled = enabled || q->status != 0; /* it is disabled when its queues have stopped */
        }
    }
    status = smmu_put(status, SMMU_CMDQV_VINTF_STATUS_ENABLED, enabled);
    status = smmu_put(status, SMMU_CMDQV_VINTF_STATUS_STATUS, error);
    status = smmu_put(status, SMMU_CMDQV_VINTF_STATUS_LVCMDQS, queues);
    return (uint32_t)status;
}

static uint32_t read_vintf(struct smmu *smmu, uint32_t number, uint32_t reg)
{
    const struct smmu_vintf *vintf = &smmu->cmdqv.vintfs[number];
    const uint32_t sids = 4 * smmu->config.vintf_sids;

    if (reg == SMMU_CMDQV_VINTF_CONFIG) {
        return vintf->config;
    }
    if (reg == SMMU_CMDQV_VINTF_STATUS) {
        return read_status(smmu, number);
    }
    if (reg >= SMMU_CMDQV_VINTF_SID_MATCH && reg < SMMU_CMDQV_VINTF_SID_MATCH + sids) {
        return vintf->sid_match[(reg - SMMU_CMDQV_VINTF_SID_MATCH) / 4];
    }
    if (reg >= SMMU_CMDQV_VINTF_SID_REPLACE && reg < SMMU_CMDQV_VINTF_SID_REPLACE + sids) {
        return vintf->sid_replace[(reg - SMMU_CMDQV_VINTF_SID_REPLACE) / 4];
    }
    if (reg >= SMMU_CMDQV_VINTF_ERR_MAP64 && reg < SMMU_CMDQV_VINTF_ERR_MAP64 + 16) {
        return lvcmdq_errors(smmu, number, 8 * (reg - SMMU_CMDQV_VINTF_ERR_MAP64));
    }
    return 0;
}

static void write_vintf(struct smmu *smmu, uint32_t number, uint32_t reg, uint32_t value)
{
    struct smmu_vintf *vintf = &smmu->cmdqv.vintfs[number];
    const uint32_t sids = 4 * smmu->config.vintf_sids;
    const uint32_t enable = SMMU_MASK32(SMMU_CMDQV_VINTF_CONFIG_EN);

    if (reg == SMMU_CMDQV_VINTF_CONFIG) {
        /* While it is enabled, only that can change. */
        const uint32_t mask = (vintf->config & enable) != 0 ? enable : VINTF_MASK;

        vintf->config = (vintf->config & ~mask) | (value & mask);
        wake_all(smmu);
    } else if (reg >= SMMU_CMDQV_VINTF_SID_MATCH && reg < SMMU_CMDQV_VINTF_SID_MATCH + sids) {
        vintf->sid_match[(reg - SMMU_CMDQV_VINTF_SID_MATCH) / 4] =
            value & (SMMU_MASK32(SMMU_CMDQV_SID_MATCH_EN) | SMMU_MASK32(SMMU_CMDQV_SID_MATCH_VSID));
    } else if (reg >= SMMU_CMDQV_VINTF_SID_REPLACE && reg < SMMU_CMDQV_VINTF_SID_REPLACE + sids) {
        vintf->sid_replace[(reg - SMMU_CMDQV_VINTF_SID_REPLACE) / 4] = value & SMMU_MASK32(SMMU_CMDQV_SID_REPLACE_SID);
    }
}

static bool is_vintf(const struct smmu *smmu, uint32_t offset)
{
    return offset >= SMMU_CMDQV_VINTFS && offset < SMMU_CMDQV_VINTFS + smmu->config.vintfs * SMMU_CMDQV_VINTF_BYTES;
}

/* ---- The rest of the configuration page ---- */

static uint32_t read_param(const struct smmu *smmu)
{
    uint64_t param = smmu_put(0, SMMU_CMDQV_PARAM_VER, 1);

    param = smmu_put(param, SMMU_CMDQV_PARAM_LOG2_VCMDQS, (uint64_t)__builtin_ctz(smmu->config.vcmdqs));
    param = smmu_put(param, SMMU_CMDQV_PARAM_LOG2_VINTFS, (uint64_t)__builtin_ctz(smmu->config.vintfs));
    param = smmu_put(param, SMMU_CMDQV_PARAM_LOG2_SIDS, (uint64_t)__builtin_ctz(smmu->config.vintf_sids));
    return (uint32_t)param;
}

static bool is_alloc(const struct smmu *smmu, uint32_t offset)
{
    return offset >= SMMU_CMDQV_VCMDQ_ALLOC && offset < SMMU_CMDQV_VCMDQ_ALLOC + 4 * smmu->config.vcmdqs;
}

static uint32_t read_global(struct smmu *smmu, uint32_t offset)
{
    switch (offset) {
    case SMMU_CMDQV_CONFIG:
    case SMMU_CMDQV_STATUS:
        return smmu->cmdqv.config;
    case SMMU_CMDQV_PARAM:
        return read_param(smmu);
    case SMMU_CMDQV_VINTF_ERR_MAP:
    case SMMU_CMDQV_VINTF_ERR_MAP + 4:
        return vintf_errors(smmu, 8 * (offset - SMMU_CMDQV_VINTF_ERR_MAP));
    case SMMU_CMDQV_VINTF_INT_MASK:
    case SMMU_CMDQV_VINTF_INT_MASK + 4:
        return smmu->cmdqv.int_mask[(offset - SMMU_CMDQV_VINTF_INT_MASK) / 4];
    case SMMU_CMDQV_VCMDQ_ERR_MAP:
    case SMMU_CMDQV_VCMDQ_ERR_MAP + 4:
        return vcmdq_errors(smmu, 8 * (offset - SMMU_CMDQV_VCMDQ_ERR_MAP));
    default:
        return is_alloc(smmu, offset) ? vcmdq(smmu, (offset - SMMU_CMDQV_VCMDQ_ALLOC) / 4)->alloc : 0;
    }
}

static void write_global(struct smmu *smmu, uint32_t offset, uint32_t value)
{
    struct smmu_command_queue *q;

    if (offset == SMMU_CMDQV_CONFIG) {
        smmu->cmdqv.config = value & SMMU_MASK32(SMMU_CMDQV_CONFIG_EN);
        wake_all(smmu);
    } else if (offset == SMMU_CMDQV_VINTF_INT_MASK || offset == SMMU_CMDQV_VINTF_INT_MASK + 4) {
        smmu->cmdqv.int_mask[(offset - SMMU_CMDQV_VINTF_INT_MASK) / 4] = value;
    } else if (is_alloc(smmu, offset)) {
        q = vcmdq(smmu, (offset - SMMU_CMDQV_VCMDQ_ALLOC) / 4);
        q->alloc = is_disabled(q) ? value & ALLOC_MASK : q->alloc;
    }
}

/* ---- Accesses ---- */

bool smmu_cmdqv_is_wide(struct smmu *smmu, uint32_t offset)
{
    uint32_t reg;

    if (find(smmu, offset, &reg) != NULL) {
        return reg == PAGE1 + SMMU_VCMDQ_BASE || reg == PAGE1 + SMMU_VCMDQ_CONS_BASE;
    }
    reg = offset % SMMU_CMDQV_VINTF_BYTES;
    return is_vintf(smmu, offset) && (reg == SMMU_CMDQV_VINTF_ERR_MAP64 || reg == SMMU_CMDQV_VINTF_ERR_MAP64 + 8);
}

uint32_t smmu_cmdqv_read(struct smmu *smmu, uint32_t offset)
{
    uint32_t reg;
    const struct smmu_command_queue *q = find(smmu, offset, &reg);

    if (q != NULL) {
        return read_queue(q, reg);
    }
    if (is_vintf(smmu, offset)) {
        return read_vintf(smmu, (offset - SMMU_CMDQV_VINTFS) / SMMU_CMDQV_VINTF_BYTES, offset % SMMU_CMDQV_VINTF_BYTES);
    }
    return offset < SMMU_CMDQV_VINTFS ? read_global(smmu, offset) : 0;
}

void smmu_cmdqv_write(struct smmu *smmu, uint32_t offset, uint32_t value)
{
    uint32_t reg;
    struct smmu_command_queue *q = find(smmu, offset, &reg);

    if (q != NULL) {
        write_queue(smmu, q, reg, value);
    } else if (is_vintf(smmu, offset)) {
        write_vintf(smmu, (offset - SMMU_CMDQV_VINTFS) / SMMU_CMDQV_VINTF_BYTES, offset % SMMU_CMDQV_VINTF_BYTES,
                    value);
    } else if (offset < SMMU_CMDQV_VINTFS) {
        write_global(smmu, offset, value);
    }
}
