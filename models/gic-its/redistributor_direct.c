/*
 * LPIs without an ITS: GICR_SETLPIR, GICR_CLRLPIR, GICR_INVLPIR, GICR_INVALLR and GICR_SYNCR.
 *
 * A write of one of the first four becomes a message like those of the ITSs, and takes its turn among them. One is
 * under way at a time: the next waits at the register port. A device may write GICR_SETLPIR as a doorbell; its MSI is
 * then followed to the handler as one that came through an ITS is.
 */
#include "models/gic-its/redistributor_internal.h"
#include "models/gic-its/write_ack_internal.h"

/** What a write of this offset asks for; GIC_NONE if the register is not there. */
static enum gic_operation operation_of(const struct redistributor *rd, uint64_t offset)
{
    bool invalidates = rd->config.direct_lpi || rd->config.invalidate_registers;

    switch (offset) {
    case GICR_SETLPIR:
        return rd->config.direct_lpi ? GIC_SET_LPI : GIC_NONE;
    case GICR_CLRLPIR:
        return rd->config.direct_lpi ? GIC_CLEAR_LPI : GIC_NONE;
    case GICR_INVLPIR:
        return invalidates ? GIC_INV : GIC_NONE;
    case GICR_INVALLR:
        return invalidates ? GIC_INVALL : GIC_NONE;
    default:
        return GIC_NONE;
    }
}

bool redistributor_is_direct(const struct redistributor *rd, const struct sim_packet *packet)
{
    bool whole = (packet->first_be == 0 || packet->first_be == 0xf) && (packet->last_be == 0 || packet->last_be == 0xf);

    /* INVLPIR and INVALLR of a vPE (bit 63) are no business of the physical side. */
    return packet->type == SIM_PACKET_WRITE && (packet->length == 4 || packet->length == 8) && whole &&
           (packet->length == 4 || GIC_GET(sim_load_le64(packet->data), GICR_INVLPIR_VIRTUAL) == 0) &&
           operation_of(rd, packet->address - rd->config.base) != GIC_NONE;
}

void redistributor_take_direct(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    struct sim *sim = rd->component.sim;

    gic_output_push(&rd->target_response, gic_make_write_ack(sim, packet), now, rd->register_service);
    packet->operation = (uint8_t)operation_of(rd, packet->address - rd->config.base);
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        if (packet->operation == GIC_SET_LPI) {
            sim_event(sim, SIM_EVENT_MSI_AT_DOORBELL, packet, &rd->component, now, 0);
        } else {
            redistributor_report_stray(rd, packet, now);
        }
    }
    packet->type = SIM_PACKET_GIC;
    packet->intid = sim_load_le32(packet->data);
    rd->direct = packet;
    rd->progress = true;
}

uint32_t redistributor_read_syncr(const struct redistributor *rd)
{
    return (uint32_t)GIC_PUT(rd->direct != NULL || redistributor_is_refreshing(rd) || redistributor_is_virtual_busy(rd),
                             GICR_SYNCR_BUSY);
}
