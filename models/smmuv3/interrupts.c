/*
 * Global errors (IHI 0070, 7.5) and the SMMU's own interrupts (3.18): an edge of a wire, which is counted, and an MSI,
 * if there is an address for one.
 */
#include "models/smmuv3/smmu_internal.h"

bool smmu_gerror_is_active(struct smmu *smmu, uint32_t bit)
{
    return ((*smmu_register(smmu, SMMU_GERROR) ^ *smmu_register(smmu, SMMU_GERRORN)) & bit) != 0;
}

/*
 * An interrupt: an edge of its wire (3.18.2, 4.7.3: whatever the address), and an MSI unless its address is 0, all bits
 * of which count, also those beyond the output size.
 */
static void raise_interrupt(struct smmu *smmu, enum smmu_msi_source source, uint64_t address, uint32_t data)
{
    static const enum smmu_wire wires[SMMU_MSI_SOURCES] = {
        [SMMU_MSI_GERROR] = SMMU_WIRE_GERROR,
        [SMMU_MSI_EVENTQ] = SMMU_WIRE_EVENTQ,
        [SMMU_MSI_SYNC] = SMMU_WIRE_SYNC,
        [SMMU_MSI_PRIQ] = SMMU_WIRE_PRIQ,
    };
    struct smmu_msi *msi = &smmu->msi[source];

    smmu->counters.wires[wires[source]]++;
    if (!smmu->config.msi || address == 0) {
        return;
    }
    smmu->msi_pending |= 1u << source;
    msi->address = smmu_truncate_output(smmu, address);
    msi->data = data;
}

static void raise_configured(struct smmu *smmu, enum smmu_msi_source source, uint32_t cfg0, uint32_t enable)
{
    if ((*smmu_register(smmu, SMMU_IRQ_CTRL) & enable) != 0) {
        raise_interrupt(smmu, source, smmu_register64(smmu, cfg0) & SMMU_MASK(SMMU_IRQ_CFG0_ADDR),
                        *smmu_register(smmu, cfg0 + 8));
    }
}

void smmu_gerror_raise(struct smmu *smmu, uint32_t bit)
{
    if (smmu_gerror_is_active(smmu, bit)) {
        return;
    }
    *smmu_register(smmu, SMMU_GERROR) ^= bit;
    /* An error of the error interrupt itself does not raise another. */
    if (bit != SMMU_MASK32(SMMU_GERROR_MSI_GERROR_ABT)) {
        raise_configured(smmu, SMMU_MSI_GERROR, SMMU_GERROR_IRQ_CFG0, SMMU_MASK32(SMMU_IRQ_CTRL_GERROR));
    }
}

void smmu_interrupt_eventq(struct smmu *smmu)
{
    raise_configured(smmu, SMMU_MSI_EVENTQ, SMMU_EVENTQ_IRQ_CFG0, SMMU_MASK32(SMMU_IRQ_CTRL_EVENTQ));
}

void smmu_interrupt_priq(struct smmu *smmu)
{
    raise_configured(smmu, SMMU_MSI_PRIQ, SMMU_PRIQ_IRQ_CFG0, SMMU_MASK32(SMMU_IRQ_CTRL_PRIQ));
}

bool smmu_interrupt_is_under_way(const struct smmu *smmu, enum smmu_msi_source source)
{
    return smmu->msi[source].sent || (smmu->msi_pending & 1u << source) != 0;
}

bool smmu_interrupt_sync_ready(const struct smmu *smmu)
{
    return !smmu_interrupt_is_under_way(smmu, SMMU_MSI_SYNC);
}

void smmu_interrupt_sync(struct smmu *smmu, uint64_t address, uint32_t data)
{
    raise_interrupt(smmu, SMMU_MSI_SYNC, address, data);
}

void smmu_interrupt_wake(struct smmu *smmu)
{
    smmu->counters.wires[SMMU_WIRE_WAKE] += smmu->features.sev ? 1 : 0;
}

uint64_t smmu_get_edges(const struct smmu *smmu, enum smmu_wire wire)
{
    return smmu->counters.wires[wire];
}

void smmu_bind_wire(struct smmu *smmu, enum smmu_wire wire, struct sim_channel *channel)
{
    smmu->wires_bound |= 1u << wire;
    smmu->wires[wire] = channel;
    sim_packet_reserve(smmu->sim, SMMU_WIRE_PACKETS, false);
}

void smmu_wires_run(struct smmu *smmu, sim_time now)
{
    for (uint32_t rest = smmu->wires_bound; rest != 0; rest &= rest - 1) {
        const unsigned wire = (unsigned)__builtin_ctz(rest);
        struct sim_channel *channel = smmu->wires[wire];
        struct sim_packet *packet;

        if (smmu->edges_told[wire] == smmu->counters.wires[wire]) {
            continue;
        }
        smmu->edges_told[wire] = smmu->counters.wires[wire];
        /* Those that wait in a full channel will be seen later than now, and so tell of this one too. */
        if (sim_channel_has_space(channel, now, smmu->times.forward, 0)) {
            packet = sim_packet_new(smmu->sim, 0);
            packet->type = SIM_PACKET_MESSAGE;
            packet->source = wire;
            packet->born = now;
            packet->last_mark = now;
            sim_channel_push(channel, packet, now, smmu->times.forward, 0, 0, 0);
        }
    }
}

void smmu_interrupts_run(struct smmu *smmu, sim_time now)
{
    for (uint32_t source = 0; source < SMMU_MSI_SOURCES; source++) {
        struct smmu_msi *msi = &smmu->msi[source];
        const struct smmu_request request = {
            .requester = SMMU_REQUEST_MSI,
            .index = (uint8_t)source,
            .type = SIM_PACKET_WRITE,
            .length = 4,
            .address = msi->address,
            .leave = now + smmu->times.issue,
            .data = {msi->data},
        };

        if ((smmu->msi_pending & 1u << source) != 0 && !msi->sent) {
            smmu->msi_pending &= ~(1u << source);
            msi->sent = true;
            smmu->counters.msis++;
            smmu_walker_request(smmu, &request);
        }
    }
}

void smmu_interrupt_written(struct smmu *smmu, uint32_t source, bool ok)
{
    static const uint32_t errors[SMMU_MSI_SOURCES] = {
        [SMMU_MSI_GERROR] = SMMU_MASK32(SMMU_GERROR_MSI_GERROR_ABT),
        [SMMU_MSI_EVENTQ] = SMMU_MASK32(SMMU_GERROR_MSI_EVENTQ_ABT),
        [SMMU_MSI_SYNC] = SMMU_MASK32(SMMU_GERROR_MSI_CMDQ_ABT),
        [SMMU_MSI_PRIQ] = SMMU_MASK32(SMMU_GERROR_MSI_PRIQ_ABT),
    };

    smmu->msi[source].sent = false;
    if (!ok) {
        smmu_gerror_raise(smmu, errors[source]);
    }
}
