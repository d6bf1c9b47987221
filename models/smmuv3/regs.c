/*
 * Register pages (IHI 0070, chapter 6): what they hold after reset, which bits software can write and when, and how a
 * bus access becomes a register access.
 */
#include "models/smmuv3/commands_internal.h"
#include "models/smmuv3/smmu_probe.h"

/* When a register can be written; otherwise the write is ignored (from SMMUv3.2 on; AIDR says 3.2). */
enum guard {
    GUARD_NONE,
    GUARD_UPDATE,     /**< a field whose last update is acknowledged (in the register that follows) */
    GUARD_SMMUEN,     /**< only while CR0.SMMUEN and its acknowledgement are 0 */
    GUARD_QUEUES,     /**< only while no queue is enabled */
    GUARD_CMDQEN,     /**< only while the command queue is not enabled */
    GUARD_EVENTQEN,   /**< only while the event queue is not enabled */
    GUARD_PRIQEN,     /**< only while the page request queue is not enabled */
    GUARD_GERROR_IRQ, /**< only while IRQ_CTRL.GERROR_IRQEN is 0 */
    GUARD_EVENTQ_IRQ, /**< only while IRQ_CTRL.EVENTQ_IRQEN is 0 */
    GUARD_PRIQ_IRQ,   /**< only while IRQ_CTRL.PRIQ_IRQEN is 0 */
    GUARD_GBPA,       /**< only with the written UPDATE bit set */
};

/* What must be implemented for a field to be more than RES0. */
enum needs {
    NEEDS_NOTHING,
    NEEDS_HYP,
    NEEDS_ATS,
    NEEDS_ATSRECERR,
    NEEDS_PRI,
    NEEDS_PRI_MSI,
    NEEDS_MSI,
    NEEDS_VMW,
    NEEDS_TYPES_OVR,
    NEEDS_PERMS_OVR,
    NEEDS_ECMDQ,
};

struct writable {
    uint32_t offset;
    uint8_t bytes; /**< 4 or 8 */
    uint8_t guard; /**< enum guard */
    uint8_t needs; /**< enum needs */
    uint64_t mask; /**< bits that software can set and clear; all others are RES0 or read-only */
};

#define IRQ_CFG2_ATTRIBUTES 0x3f

/* A register with fields under different guards has a row for each. What has no row is read-only or RES0. */
static const struct writable writables[] = {
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_NOTHING, SMMU_MASK(SMMU_CR0_SMMUEN)},
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_NOTHING, SMMU_MASK(SMMU_CR0_EVENTQEN)},
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_NOTHING, SMMU_MASK(SMMU_CR0_CMDQEN)},
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_PRI, SMMU_MASK(SMMU_CR0_PRIQEN)},
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_ATS, SMMU_MASK(SMMU_CR0_ATSCHK)},
    {SMMU_CR0, 4, GUARD_UPDATE, NEEDS_VMW, SMMU_MASK(SMMU_CR0_VMW)},
    {SMMU_CR1, 4, GUARD_SMMUEN, NEEDS_NOTHING, SMMU_MASK(SMMU_CR1_TABLE)},
    {SMMU_CR1, 4, GUARD_QUEUES, NEEDS_NOTHING, SMMU_MASK(SMMU_CR1_QUEUE)},
    {SMMU_CR2, 4, GUARD_SMMUEN, NEEDS_NOTHING, SMMU_MASK(SMMU_CR2_RECINVSID) | SMMU_MASK(SMMU_CR2_PTM)},
    {SMMU_CR2, 4, GUARD_SMMUEN, NEEDS_HYP, SMMU_MASK(SMMU_CR2_E2H)},
    {SMMU_CR2, 4, GUARD_SMMUEN, NEEDS_ATSRECERR, SMMU_MASK(SMMU_CR2_REC_CFG_ATS)},
    {SMMU_GBPA, 4, GUARD_GBPA, NEEDS_NOTHING, SMMU_MASK(SMMU_GBPA_ABORT)},
    {SMMU_GBPA, 4, GUARD_GBPA, NEEDS_TYPES_OVR,
     SMMU_MASK(SMMU_GBPA_MEMATTR) | SMMU_MASK(SMMU_GBPA_MTCFG) | SMMU_MASK(SMMU_GBPA_ALLOCCFG) |
         SMMU_MASK(SMMU_GBPA_SHCFG)},
    {SMMU_GBPA, 4, GUARD_GBPA, NEEDS_PERMS_OVR, SMMU_MASK(SMMU_GBPA_PRIVCFG) | SMMU_MASK(SMMU_GBPA_INSTCFG)},
    {SMMU_IRQ_CTRL, 4, GUARD_UPDATE, NEEDS_NOTHING, SMMU_MASK(SMMU_IRQ_CTRL_GERROR)},
    {SMMU_IRQ_CTRL, 4, GUARD_UPDATE, NEEDS_NOTHING, SMMU_MASK(SMMU_IRQ_CTRL_EVENTQ)},
    {SMMU_IRQ_CTRL, 4, GUARD_UPDATE, NEEDS_PRI, SMMU_MASK(SMMU_IRQ_CTRL_PRIQ)},
    {SMMU_GERRORN, 4, GUARD_NONE, NEEDS_NOTHING, SMMU_MASK(SMMU_GERROR_CMDQ) | SMMU_MASK(SMMU_GERROR_EVENTQ_ABT)},
    {SMMU_GERRORN, 4, GUARD_NONE, NEEDS_MSI,
     SMMU_MASK(SMMU_GERROR_MSI_CMDQ_ABT) | SMMU_MASK(SMMU_GERROR_MSI_EVENTQ_ABT) |
         SMMU_MASK(SMMU_GERROR_MSI_GERROR_ABT)},
    {SMMU_GERRORN, 4, GUARD_NONE, NEEDS_PRI, SMMU_MASK(SMMU_GERROR_PRIQ_ABT)},
    {SMMU_GERRORN, 4, GUARD_NONE, NEEDS_PRI_MSI, SMMU_MASK(SMMU_GERROR_MSI_PRIQ_ABT)},
    {SMMU_GERRORN, 4, GUARD_NONE, NEEDS_ECMDQ, SMMU_MASK(SMMU_GERROR_CMDQP)},
    {SMMU_GERROR_IRQ_CFG0, 8, GUARD_GERROR_IRQ, NEEDS_MSI, SMMU_MASK(SMMU_IRQ_CFG0_ADDR)},
    {SMMU_GERROR_IRQ_CFG1, 4, GUARD_GERROR_IRQ, NEEDS_MSI, UINT32_MAX},
    {SMMU_GERROR_IRQ_CFG2, 4, GUARD_GERROR_IRQ, NEEDS_MSI, IRQ_CFG2_ATTRIBUTES},
    {SMMU_STRTAB_BASE, 8, GUARD_SMMUEN, NEEDS_NOTHING,
     SMMU_MASK(SMMU_STRTAB_BASE_RA) | SMMU_MASK(SMMU_STRTAB_BASE_ADDR)},
    {SMMU_STRTAB_BASE_CFG, 4, GUARD_SMMUEN, NEEDS_NOTHING,
     SMMU_MASK(SMMU_STRTAB_BASE_CFG_FMT) | SMMU_MASK(SMMU_STRTAB_BASE_CFG_SPLIT) |
         SMMU_MASK(SMMU_STRTAB_BASE_CFG_LOG2SIZE)},
    {SMMU_CMDQ_BASE, 8, GUARD_CMDQEN, NEEDS_NOTHING,
     SMMU_MASK(SMMU_QUEUE_HINT) | SMMU_MASK(SMMU_QUEUE_ADDR) | SMMU_MASK(SMMU_QUEUE_LOG2SIZE)},
    {SMMU_CMDQ_PROD, 4, GUARD_NONE, NEEDS_NOTHING, SMMU_MASK(SMMU_QUEUE_INDEX)},
    {SMMU_CMDQ_CONS, 4, GUARD_CMDQEN, NEEDS_NOTHING, SMMU_MASK(SMMU_QUEUE_INDEX)},
    {SMMU_EVENTQ_BASE, 8, GUARD_EVENTQEN, NEEDS_NOTHING,
     SMMU_MASK(SMMU_QUEUE_HINT) | SMMU_MASK(SMMU_QUEUE_ADDR) | SMMU_MASK(SMMU_QUEUE_LOG2SIZE)},
    {SMMU_EVENTQ_IRQ_CFG0, 8, GUARD_EVENTQ_IRQ, NEEDS_MSI, SMMU_MASK(SMMU_IRQ_CFG0_ADDR)},
    {SMMU_EVENTQ_IRQ_CFG1, 4, GUARD_EVENTQ_IRQ, NEEDS_MSI, UINT32_MAX},
    {SMMU_EVENTQ_IRQ_CFG2, 4, GUARD_EVENTQ_IRQ, NEEDS_MSI, IRQ_CFG2_ATTRIBUTES},
    {SMMU_EVENTQ_PROD, 4, GUARD_EVENTQEN, NEEDS_NOTHING, SMMU_MASK(SMMU_EVENTQ_OVERFLOW) | SMMU_MASK(SMMU_QUEUE_INDEX)},
    {SMMU_EVENTQ_CONS, 4, GUARD_NONE, NEEDS_NOTHING, SMMU_MASK(SMMU_EVENTQ_OVERFLOW) | SMMU_MASK(SMMU_QUEUE_INDEX)},
    {SMMU_PRIQ_BASE, 8, GUARD_PRIQEN, NEEDS_PRI,
     SMMU_MASK(SMMU_QUEUE_HINT) | SMMU_MASK(SMMU_QUEUE_ADDR) | SMMU_MASK(SMMU_QUEUE_LOG2SIZE)},
    {SMMU_PRIQ_IRQ_CFG0, 8, GUARD_PRIQ_IRQ, NEEDS_PRI_MSI, SMMU_MASK(SMMU_IRQ_CFG0_ADDR)},
    {SMMU_PRIQ_IRQ_CFG1, 4, GUARD_PRIQ_IRQ, NEEDS_PRI_MSI, UINT32_MAX},
    {SMMU_PRIQ_IRQ_CFG2, 4, GUARD_PRIQ_IRQ, NEEDS_PRI_MSI, IRQ_CFG2_ATTRIBUTES},
    {SMMU_PRIQ_IRQ_CFG2, 4, GUARD_PRIQ_IRQ, NEEDS_PRI, SMMU_MASK(SMMU_PRIQ_IRQ_CFG2_LO)},
    {SMMU_PRIQ_PROD, 4, GUARD_PRIQEN, NEEDS_PRI, SMMU_MASK(SMMU_EVENTQ_OVERFLOW) | SMMU_MASK(SMMU_QUEUE_INDEX)},
    {SMMU_PRIQ_CONS, 4, GUARD_NONE, NEEDS_PRI, SMMU_MASK(SMMU_EVENTQ_OVERFLOW) | SMMU_MASK(SMMU_QUEUE_INDEX)},
};

static bool is_implemented(const struct smmu *smmu, enum needs needs)
{
    const struct smmu_features *features = &smmu->features;

    switch (needs) {
    case NEEDS_HYP:
        return features->hypervisor;
    case NEEDS_ATS:
        return features->ats;
    case NEEDS_ATSRECERR:
        return features->ats_rec_err;
    case NEEDS_PRI:
        return features->pri;
    case NEEDS_PRI_MSI:
        return features->pri && smmu->config.msi;
    case NEEDS_MSI:
        return smmu->config.msi;
    case NEEDS_VMW:
        return features->vmw;
    case NEEDS_TYPES_OVR:
        return features->types_ovr;
    case NEEDS_PERMS_OVR:
        return features->perms_ovr;
    case NEEDS_ECMDQ:
        return smmu->config.ecmdq_pages > 0;
    case NEEDS_NOTHING:
    default:
        return true;
    }
}

/* ---- What registers mean to the pipeline ---- */

static struct smmu_stream_table decode_stream_table(struct smmu *smmu)
{
    const uint32_t cfg = *smmu_register(smmu, SMMU_STRTAB_BASE_CFG);
    const uint32_t log2size = (uint32_t)smmu_get(cfg, SMMU_STRTAB_BASE_CFG_LOG2SIZE);
    const uint32_t split = (uint32_t)smmu_get(cfg, SMMU_STRTAB_BASE_CFG_SPLIT);
    struct smmu_stream_table table = {
        .log2size = log2size < smmu->config.stream_id_bits ? log2size : smmu->config.stream_id_bits,
    };
    uint64_t alignment;

    /* FMT 2 and 3 are reserved: taken as linear. Reserved values of SPLIT behave as 6. */
    if (smmu->features.st_two_level && smmu_get(cfg, SMMU_STRTAB_BASE_CFG_FMT) == 1) {
        table.split = split == 8 || split == 10 ? split : 6;
    }
    alignment = smmu_stream_table_bytes(&table);
    alignment = alignment > 64 ? alignment : 64;
    table.base = smmu_register64(smmu, SMMU_STRTAB_BASE) & SMMU_MASK(SMMU_STRTAB_BASE_ADDR) & ~(alignment - 1);
    return table;
}

static void decode_control(struct smmu *smmu)
{
    smmu->control.enabled = smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_SMMUEN) != 0;
    smmu->control.global_abort = smmu_get(*smmu_register(smmu, SMMU_GBPA), SMMU_GBPA_ABORT) != 0;
    smmu->control.record_invalid_id = smmu_get(*smmu_register(smmu, SMMU_CR2), SMMU_CR2_RECINVSID) != 0;
    smmu->control.record_config_ats = smmu_get(*smmu_register(smmu, SMMU_CR2), SMMU_CR2_REC_CFG_ATS) != 0;
    smmu->control.ats_check = smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_ATSCHK) != 0;
    smmu->control.stream_table = decode_stream_table(smmu);
}

void smmu_registers_reset(struct smmu *smmu)
{
    smmu_identification_reset(smmu);
    /* GBPA: bypass, with the incoming shareability. */
    *smmu_register(smmu, SMMU_GBPA) = (uint32_t)smmu_put(0, SMMU_GBPA_SHCFG, smmu->features.types_ovr ? 1 : 0);
    decode_control(smmu);
}

/* Enabling an interrupt takes effect at once; disabling it, when its last MSI has been answered. */
static void acknowledge_interrupts(struct smmu *smmu)
{
    const uint32_t control = *smmu_register(smmu, SMMU_IRQ_CTRL);
    uint32_t *ack = smmu_register(smmu, SMMU_IRQ_CTRLACK);
    const uint32_t changed = control ^ *ack;
    uint32_t complete = changed & control;

    if (changed == 0) {
        return;
    }
    if (!smmu_interrupt_is_under_way(smmu, SMMU_MSI_GERROR)) {
        complete |= changed & SMMU_MASK32(SMMU_IRQ_CTRL_GERROR);
    }
    if (!smmu_interrupt_is_under_way(smmu, SMMU_MSI_EVENTQ)) {
        complete |= changed & SMMU_MASK32(SMMU_IRQ_CTRL_EVENTQ);
    }
    if (!smmu_interrupt_is_under_way(smmu, SMMU_MSI_PRIQ)) {
        complete |= changed & SMMU_MASK32(SMMU_IRQ_CTRL_PRIQ);
    }
    *ack ^= complete;
}

SIM_APART void smmu_registers_acknowledge(struct smmu *smmu)
{
    const uint32_t cr0 = *smmu_register(smmu, SMMU_CR0);
    uint32_t *ack = smmu_register(smmu, SMMU_CR0ACK);
    const uint32_t changed = cr0 ^ *ack;
    uint32_t complete = changed & cr0; /* enabling takes effect at once */

    acknowledge_interrupts(smmu);
    if (changed == 0) {
        return;
    }
    complete |= changed & (SMMU_MASK32(SMMU_CR0_ATSCHK) | SMMU_MASK32(SMMU_CR0_VMW));
    if (!smmu->pri.writing) {
        complete |= changed & SMMU_MASK32(SMMU_CR0_PRIQEN);
    }
    if (smmu->held_enabled == 0 && smmu->fetches_active == 0 && smmu->walks_active == 0) {
        complete |= changed & SMMU_MASK32(SMMU_CR0_SMMUEN);
    }
    if (!smmu->events.writing) {
        complete |= changed & SMMU_MASK32(SMMU_CR0_EVENTQEN);
    }
    if (smmu->commands.queues[0].state == SMMU_COMMAND_IDLE) {
        complete |= changed & SMMU_MASK32(SMMU_CR0_CMDQEN);
    }
    *ack ^= complete;
}

/* ---- Accesses ---- */

static bool is_open(struct smmu *smmu, const struct writable *row, uint64_t value)
{
    const uint32_t enabled = *smmu_register(smmu, SMMU_CR0) | *smmu_register(smmu, SMMU_CR0ACK);
    const uint32_t interrupts = *smmu_register(smmu, SMMU_IRQ_CTRL) | *smmu_register(smmu, SMMU_IRQ_CTRLACK);

    switch ((enum guard)row->guard) {
    case GUARD_UPDATE:
        return ((*smmu_register(smmu, row->offset) ^ *smmu_register(smmu, row->offset + 4)) & row->mask) == 0;
    case GUARD_SMMUEN:
        return smmu_get(enabled, SMMU_CR0_SMMUEN) == 0;
    case GUARD_QUEUES:
        return smmu_get(enabled, SMMU_CR0_CMDQEN) == 0 && smmu_get(enabled, SMMU_CR0_EVENTQEN) == 0 &&
               smmu_get(enabled, SMMU_CR0_PRIQEN) == 0 && !smmu_ecmdq_any_enabled(smmu);
    case GUARD_CMDQEN:
        return smmu_get(enabled, SMMU_CR0_CMDQEN) == 0;
    case GUARD_EVENTQEN:
        return smmu_get(enabled, SMMU_CR0_EVENTQEN) == 0;
    case GUARD_PRIQEN:
        return smmu_get(enabled, SMMU_CR0_PRIQEN) == 0;
    case GUARD_GERROR_IRQ:
        return smmu_get(interrupts, SMMU_IRQ_CTRL_GERROR) == 0;
    case GUARD_EVENTQ_IRQ:
        return smmu_get(interrupts, SMMU_IRQ_CTRL_EVENTQ) == 0;
    case GUARD_PRIQ_IRQ:
        return smmu_get(interrupts, SMMU_IRQ_CTRL_PRIQ) == 0;
    case GUARD_GBPA:
        return smmu_get(value, SMMU_GBPA_UPDATE) != 0;
    case GUARD_NONE:
    default:
        return true;
    }
}

/* Writes the 32 bits at an aligned offset. */
static void write32(struct smmu *smmu, uint32_t offset, uint32_t value)
{
    if (offset >= SMMU_WINDOW_BYTES) {
        if (offset < smmu_cmdqv_offset(&smmu->config)) {
            smmu_ecmdq_write(smmu, offset, value);
        } else {
            smmu_cmdqv_write(smmu, offset - smmu_cmdqv_offset(&smmu->config), value);
        }
        return;
    }
    for (size_t i = 0; i < sizeof(writables) / sizeof(writables[0]); i++) {
        const struct writable *row = &writables[i];

        if (offset >= row->offset && offset < row->offset + row->bytes &&
            is_implemented(smmu, (enum needs)row->needs) && is_open(smmu, row, value)) {
            const uint32_t mask = (uint32_t)(row->mask >> 8 * (offset - row->offset));
            uint32_t *word = smmu_register(smmu, offset);

            *word = (*word & ~mask) | (value & mask);
        }
    }
}

static void write_done(struct smmu *smmu)
{
    decode_control(smmu);
    smmu_commands_wake(smmu, 0);
}

static uint32_t read32(struct smmu *smmu, uint32_t offset)
{
    if (offset < SMMU_WINDOW_BYTES && offset % SMMU_PAGE_BYTES < 4 * SMMU_PAGE_WORDS) {
        return *smmu_register(smmu, offset);
    }
    if (offset >= smmu_cmdqv_offset(&smmu->config)) {
        return smmu_cmdqv_read(smmu, offset - smmu_cmdqv_offset(&smmu->config));
    }
    return smmu_ecmdq_read(smmu, offset);
}

static bool is_wide(struct smmu *smmu, uint32_t offset)
{
    for (size_t i = 0; i < sizeof(writables) / sizeof(writables[0]); i++) {
        if (writables[i].offset == offset && writables[i].bytes == 8) {
            return true;
        }
    }
    if (offset >= smmu_cmdqv_offset(&smmu->config)) {
        return smmu_cmdqv_is_wide(smmu, offset - smmu_cmdqv_offset(&smmu->config));
    }
    return smmu_ecmdq_is_wide(smmu, offset);
}

static bool is_proper(struct smmu *smmu, uint32_t offset, uint32_t bytes)
{
    return offset % 4 == 0 && (bytes == 4 || (bytes == 8 && offset % 8 == 0 && is_wide(smmu, offset)));
}

bool smmu_probe_register(struct smmu *smmu, uint32_t offset, uint32_t bytes, uint64_t *value)
{
    if (offset >= smmu_window_bytes(&smmu->config) || !is_proper(smmu, offset, bytes)) {
        return false;
    }
    *value = read32(smmu, offset);
    if (bytes == 8) {
        *value |= (uint64_t)read32(smmu, offset + 4) << 32;
    }
    return true;
}

/* Carries an access out, and turns its packet into the answer. */
static void access_register(struct smmu *smmu, struct sim_packet *packet)
{
    const uint64_t distance = packet->address - smmu->config.base;
    const uint32_t offset = (uint32_t)distance;
    const bool inside = distance < smmu_window_bytes(&smmu->config);
    const bool proper = inside && is_proper(smmu, offset, packet->length);

    packet->status = inside ? SIM_STATUS_OK : SIM_STATUS_UR;
    if (packet->type == SIM_PACKET_READ) {
        packet->type = SIM_PACKET_COMPLETION;
        for (uint32_t byte = 0; byte < packet->length; byte++) {
            packet->data[byte] = 0;
        }
        for (uint32_t byte = 0; proper && byte < packet->length; byte += 4) {
            sim_store_le32(packet->data + byte, read32(smmu, offset + byte));
        }
    } else if (packet->type == SIM_PACKET_WRITE) {
        packet->type = SIM_PACKET_WRITE_ACK;
        for (uint32_t byte = 0; proper && byte < packet->length; byte += 4) {
            write32(smmu, offset + byte, sim_load_le32(packet->data + byte));
        }
        write_done(smmu);
    } else {
        sim_panic(smmu->sim, &smmu->component, packet, "neither a read nor a write at the register port");
    }
}

SIM_APART sim_time smmu_registers_run(struct smmu *smmu, sim_time now)
{
    struct sim_channel *request = smmu->registers.request;
    struct sim_channel *response = smmu->registers.response;
    struct sim_packet *packet = sim_channel_peek(request, now);
    const uint32_t units = packet->type == SIM_PACKET_READ ? sim_channel_units(packet->length) : 0;

    if (!sim_channel_has_space(response, now, smmu->times.reg, units)) {
        return sim_channel_space_at(response, now, smmu->times.reg, units);
    }
    packet = sim_channel_pop(request, now);
    access_register(smmu, packet);
    sim_channel_push(response, packet, now, smmu->times.reg, units, 0, 0);
    return sim_channel_next_arrival(request);
}
