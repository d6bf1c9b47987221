/*
 * Register accesses of a redistributor.
 *
 * Choices where the architecture leaves one: GICR_PROPBASER and GICR_PENDBASER ignore writes while LPIs are enabled or
 * their disabling is not complete; EnableLPIs may be cleared (CES is 1) or not, by configuration; while
 * WAKER.ProcessorSleep is 1 the PE is shown nothing, and its acknowledges find nothing; accesses that are not 32 or 64
 * bits wide read as zero and are ignored when written. The SGI_base frame and all other registers are RAZ/WI.
 */
#include "models/gic-its/redistributor_internal.h"

#include <string.h>

/** GICR_IIDR: no implementer code of anybody, revision 0, product 'D'. */
#define IIDR_VALUE 0x44000000u

/** GICR_PIDR2: GICv3. */
#define PIDR2_VALUE 0x30u

/** The same with GICv4. */
#define PIDR2_VALUE_V4 0x40u

#define PROPBASER_WRITABLE                                                                                             \
    (GIC_MASK(GICR_PROPBASER_OUTER_CACHE) | GIC_MASK(GICR_PROPBASER_ADDRESS) | GIC_MASK(GICR_PROPBASER_SHARE) |        \
     GIC_MASK(GICR_PROPBASER_INNER_CACHE) | GIC_MASK(GICR_PROPBASER_ID_BITS))

#define PENDBASER_WRITABLE                                                                                             \
    (GIC_MASK(GICR_PENDBASER_OUTER_CACHE) | GIC_MASK(GICR_PENDBASER_ADDRESS) | GIC_MASK(GICR_PENDBASER_SHARE) |        \
     GIC_MASK(GICR_PENDBASER_INNER_CACHE))

static bool tables_are_fixed(const struct redistributor *rd)
{
    return rd->enable || rd->state != REDISTRIBUTOR_OFF;
}

static uint32_t read_ctlr(const struct redistributor *rd)
{
    bool pending = !rd->enable && rd->state != REDISTRIBUTOR_OFF;

    return (uint32_t)(GIC_PUT(rd->enable, GICR_CTLR_ENABLE_LPIS) | GIC_PUT(!rd->config.enable_once, GICR_CTLR_CES) |
                      GIC_PUT(rd->config.invalidate_registers, GICR_CTLR_IR) | GIC_PUT(pending, GICR_CTLR_RWP));
}

/** The children sleep when the PE has been told that nothing is pending. */
static uint32_t read_waker(const struct redistributor *rd)
{
    bool quiet = rd->asleep && rd->told == GIC_PRIORITY_NONE;

    return (uint32_t)(GIC_PUT(rd->asleep, GICR_WAKER_PROCESSOR_SLEEP) | GIC_PUT(quiet, GICR_WAKER_CHILDREN_ASLEEP));
}

static uint64_t read_typer(const struct redistributor *rd)
{
    return redistributor_virtual_typer(rd) | GIC_PUT(1, GICR_TYPER_PLPIS) |
           GIC_PUT(rd->config.direct_lpi, GICR_TYPER_DIRECT_LPI) | GIC_PUT(rd->config.last, GICR_TYPER_LAST) |
           GIC_PUT(rd->config.processor_number, GICR_TYPER_PROCESSOR_NUMBER) |
           GIC_PUT(rd->config.affinity, GICR_TYPER_AFFINITY);
}

static uint64_t read_wide(const struct redistributor *rd, uint32_t offset, bool *known)
{
    uint64_t value = 0;

    *known = true;
    switch (offset) {
    case GICR_TYPER:
        return read_typer(rd);
    case GICR_PROPBASER:
        return rd->propbaser;
    case GICR_PENDBASER:
        return rd->pendbaser;
    default:
        break;
    }
    *known = rd->virt != NULL && redistributor_read_virtual(rd, offset, &value);
    return *known ? value : 0;
}

static void write_wide(struct redistributor *rd, uint32_t offset, uint64_t value)
{
    if (rd->virt != NULL && redistributor_write_virtual(rd, offset, value)) {
        return;
    }
    if (tables_are_fixed(rd)) {
        return;
    }
    if (offset == GICR_PROPBASER) {
        rd->propbaser = value & PROPBASER_WRITABLE;
    } else if (offset == GICR_PENDBASER) {
        rd->pendbaser = value & PENDBASER_WRITABLE;
        rd->pending_table_zero = GIC_GET(value, GICR_PENDBASER_PTZ) != 0;
    }
}

static uint32_t read_narrow(const struct redistributor *rd, uint32_t offset)
{
    bool known = false;
    uint64_t wide;

    switch (offset) {
    case GICR_CTLR:
        return read_ctlr(rd);
    case GICR_IIDR:
        return IIDR_VALUE;
    case GICR_WAKER:
        return read_waker(rd);
    case GICR_SYNCR:
        return redistributor_read_syncr(rd);
    case GICR_PIDR2:
        return rd->virt == NULL ? PIDR2_VALUE : PIDR2_VALUE_V4;
    default:
        wide = read_wide(rd, offset & ~7u, &known);
        return (uint32_t)((offset & 4) != 0 ? wide >> 32 : wide);
    }
}

static void write_narrow(struct redistributor *rd, uint32_t offset, uint32_t value)
{
    bool known = false;
    uint64_t wide;

    if (offset == GICR_CTLR) {
        rd->enable =
            GIC_GET(value, GICR_CTLR_ENABLE_LPIS) != 0 || (rd->config.enable_once && rd->state != REDISTRIBUTOR_OFF);
        return;
    }
    if (offset == GICR_WAKER) {
        rd->asleep = GIC_GET(value, GICR_WAKER_PROCESSOR_SLEEP) != 0;
        return;
    }
    wide = read_wide(rd, offset & ~7u, &known);
    if (known && (offset & 4) != 0) {
        /* PTZ reads as 0 but is not forgotten by a write of the other half; this is the half that holds it. */
        write_wide(rd, offset & ~7u, (wide & UINT32_MAX) | (uint64_t)value << 32);
    } else if (known) {
        uint64_t ptz = GIC_PUT(rd->pending_table_zero && offset == GICR_PENDBASER, GICR_PENDBASER_PTZ);

        write_wide(rd, offset, (wide & ~(uint64_t)UINT32_MAX) | ptz | value);
    }
}

static bool is_whole(const struct sim_packet *packet)
{
    return (packet->first_be == 0 || packet->first_be == 0xf) && (packet->last_be == 0 || packet->last_be == 0xf);
}

static bool is_register_access(const struct redistributor *rd, const struct sim_packet *packet, uint64_t offset)
{
    uint64_t size = rd->virt == NULL ? GICR_SIZE : GICR_VIRTUAL_SIZE;

    return (packet->length == 4 || packet->length == 8) && offset < size && (offset & (packet->length - 1)) == 0;
}

bool redistributor_probe_register(const struct redistributor *rd, uint64_t offset, uint32_t bytes, uint64_t *value)
{
    uint64_t size = rd->virt == NULL ? GICR_SIZE : GICR_VIRTUAL_SIZE;
    bool known = true;

    if ((bytes != 4 && bytes != 8) || offset >= size || (offset & (bytes - 1)) != 0) {
        return false;
    }
    *value = bytes == 4 ? read_narrow(rd, (uint32_t)offset) : read_wide(rd, (uint32_t)offset, &known);
    return known;
}

static void read_register(const struct redistributor *rd, struct sim_packet *packet, uint64_t offset)
{
    bool known = false;

    memset(packet->data, 0, packet->length);
    if (!is_register_access(rd, packet, offset)) {
        return;
    }
    if (packet->length == 4) {
        sim_store_le32(packet->data, read_narrow(rd, (uint32_t)offset));
    } else {
        sim_store_le64(packet->data, read_wide(rd, (uint32_t)offset, &known));
    }
}

static void write_register(struct redistributor *rd, const struct sim_packet *packet, uint64_t offset)
{
    if (!is_register_access(rd, packet, offset) || !is_whole(packet)) {
        return;
    }
    if (packet->length == 4) {
        write_narrow(rd, (uint32_t)offset, sim_load_le32(packet->data));
    } else {
        write_wide(rd, (uint32_t)offset, sim_load_le64(packet->data));
    }
    rd->progress = true;
}

void redistributor_access_register(struct redistributor *rd, struct sim_packet *packet)
{
    uint64_t offset = packet->address - rd->config.base;

    packet->status = SIM_STATUS_OK;
    if (packet->type == SIM_PACKET_READ) {
        read_register(rd, packet, offset);
        packet->type = SIM_PACKET_COMPLETION;
    } else {
        write_register(rd, packet, offset);
        packet->type = SIM_PACKET_WRITE_ACK;
    }
}
