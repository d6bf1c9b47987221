/*
 * Command queue control pages (IHI 0070, 3.5.6, 6.2.5): more command queues, each with registers and errors of its own.
 * The pages follow register page 1. They are registers, not memory (PRESET), and always enabled.
 */
#include "models/smmuv3/commands_internal.h"

#define BASE_MASK (SMMU_MASK(SMMU_QUEUE_HINT) | SMMU_MASK(SMMU_QUEUE_ADDR) | SMMU_MASK(SMMU_QUEUE_LOG2SIZE))

#define PROD_MASK                                                                                                      \
    (SMMU_MASK32(SMMU_ECMDQ_PROD_EN) | SMMU_MASK32(SMMU_ECMDQ_PROD_ERRACK) | SMMU_MASK32(SMMU_QUEUE_INDEX))

#define CONS_MASK                                                                                                      \
    (SMMU_MASK32(SMMU_ECMDQ_CONS_REASON) | SMMU_MASK32(SMMU_ECMDQ_CONS_ERR) | SMMU_MASK32(SMMU_QUEUE_INDEX))

/* Bytes from one queue to the next: a page holds them evenly spaced. */
static uint32_t stride_of(const struct smmu *smmu)
{
    return SMMU_PAGE_BYTES / smmu->config.ecmdq_queues;
}

/* The queue whose registers are at an offset; NULL between them. *reg becomes the offset from its first register. */
static struct smmu_command_queue *find(struct smmu *smmu, uint32_t offset, uint32_t *reg)
{
    const uint32_t number = (offset - SMMU_ECMDQ_PAGES) / stride_of(smmu);

    *reg = (offset - SMMU_ECMDQ_PAGES) % stride_of(smmu);
    return *reg < SMMU_ECMDQ_BYTES ? &smmu->commands.queues[smmu->commands.first_ecmdq + number] : NULL;
}

static bool is_requested(const struct smmu_command_queue *q)
{
    return smmu_get(q->prod, SMMU_ECMDQ_PROD_EN) != 0;
}

static bool is_acknowledged(const struct smmu_command_queue *q)
{
    return smmu_get(q->cons, SMMU_ECMDQ_CONS_ENACK) != 0;
}

bool smmu_ecmdq_any_enabled(const struct smmu *smmu)
{
    const struct smmu_command_engine *engine = &smmu->commands;

    for (uint32_t i = engine->first_ecmdq; i < engine->first_vcmdq; i++) {
        if (is_requested(&engine->queues[i]) || is_acknowledged(&engine->queues[i])) {
            return true;
        }
    }
    return false;
}

bool smmu_ecmdq_update(struct smmu_command_queue *q)
{
    const uint32_t enack = SMMU_MASK32(SMMU_ECMDQ_CONS_ENACK);

    q->cons = is_requested(q) ? q->cons | enack : q->cons & ~enack;
    return is_requested(q) && smmu_get(q->prod, SMMU_ECMDQ_PROD_ERRACK) == smmu_get(q->cons, SMMU_ECMDQ_CONS_ERR);
}

void smmu_ecmdq_fail(struct smmu *smmu, struct smmu_command_queue *q, uint32_t reason)
{
    q->cons = (uint32_t)smmu_put(q->cons, SMMU_ECMDQ_CONS_REASON, reason);
    q->cons ^= SMMU_MASK32(SMMU_ECMDQ_CONS_ERR);
    smmu_gerror_raise(smmu, SMMU_MASK32(SMMU_GERROR_CMDQP));
}

/* ---- The registers of page 0 that lead to the pages ---- */

static bool is_page_register(const struct smmu *smmu, uint32_t offset)
{
    return offset >= SMMU_CMDQ_CONTROL_PAGES &&
           offset < SMMU_CMDQ_CONTROL_PAGES + smmu->config.ecmdq_pages * SMMU_CMDQ_CONTROL_PAGE_BYTES;
}

static uint32_t read_page_register(uint32_t offset)
{
    const uint32_t page = (offset - SMMU_CMDQ_CONTROL_PAGES) / SMMU_CMDQ_CONTROL_PAGE_BYTES;
    uint64_t base = SMMU_ECMDQ_PAGES + (uint64_t)page * SMMU_PAGE_BYTES;

    base = smmu_put(base, SMMU_CMDQ_CONTROL_PAGE_CMDQGS, 1); /* pages of 64 KiB */
    base = smmu_put(base, SMMU_CMDQ_CONTROL_PAGE_PRESET, 1);
    switch ((offset - SMMU_CMDQ_CONTROL_PAGES) % SMMU_CMDQ_CONTROL_PAGE_BYTES) {
    case SMMU_CMDQ_CONTROL_PAGE_BASE:
        return (uint32_t)base;
    case SMMU_CMDQ_CONTROL_PAGE_CFG:
    case SMMU_CMDQ_CONTROL_PAGE_STATUS:
        return 1; /* EN and ENACK are RES1 */
    default:
        return 0;
    }
}

/* ---- Accesses ---- */

bool smmu_ecmdq_is_wide(struct smmu *smmu, uint32_t offset)
{
    uint32_t reg;

    if (offset < SMMU_WINDOW_BYTES) {
        return is_page_register(smmu, offset) &&
               (offset - SMMU_CMDQ_CONTROL_PAGES) % SMMU_CMDQ_CONTROL_PAGE_BYTES == SMMU_CMDQ_CONTROL_PAGE_BASE;
    }
    return find(smmu, offset, &reg) != NULL && reg == SMMU_ECMDQ_BASE;
}

uint32_t smmu_ecmdq_read(struct smmu *smmu, uint32_t offset)
{
    const struct smmu_command_queue *q;
    uint32_t reg;

    if (offset < SMMU_WINDOW_BYTES) {
        return is_page_register(smmu, offset) ? read_page_register(offset) : 0;
    }
    q = find(smmu, offset, &reg);
    if (q == NULL) {
        return 0;
    }
    switch (reg) {
    case SMMU_ECMDQ_BASE:
        return (uint32_t)q->base;
    case SMMU_ECMDQ_BASE + 4:
        return (uint32_t)(q->base >> 32);
    case SMMU_ECMDQ_PROD:
        return q->prod;
    case SMMU_ECMDQ_CONS:
    default:
        return q->cons;
    }
}

void smmu_ecmdq_write(struct smmu *smmu, uint32_t offset, uint32_t value)
{
    uint32_t reg;
    struct smmu_command_queue *q = find(smmu, offset, &reg);
    const bool disabled = q != NULL && !is_requested(q) && !is_acknowledged(q);

    if (q == NULL) {
        return;
    }
    if (reg == SMMU_ECMDQ_PROD) {
        /* Between an update of EN and its acknowledgement the register cannot be written. */
        if (is_requested(q) == is_acknowledged(q)) {
            q->prod = value & PROD_MASK;
            smmu_commands_wake(smmu, (uint32_t)(q - smmu->commands.queues));
        }
        return;
    }
    if (!disabled) {
        return;
    }
    if (reg == SMMU_ECMDQ_CONS) {
        q->cons = value & CONS_MASK;
    } else if (reg == SMMU_ECMDQ_BASE) {
        q->base = (q->base & ~(uint64_t)UINT32_MAX) | (value & (uint32_t)BASE_MASK);
    } else {
        q->base = (q->base & UINT32_MAX) | ((uint64_t)value << 32 & BASE_MASK);
    }
}
