/*
 * Registers of the VLPI_base frame, and what GICR_TYPER says.
 *
 * Choices where the architecture leaves one: GICR_VPROPBASER and GICR_VPENDBASER, but for Valid, ignore writes while a
 * vPE is resident, comes or goes; GICR_VSGIR ignores writes while GICR_VSGIPENDR.Busy is 1; PendingLast and Dirty are
 * told whatever Valid is; GICR_VPENDBASER.IDAI is 0 once a vPE has gone, since the header of its table is right then.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

#define ATTRIBUTES                                                                                                     \
    (GIC_MASK(GICR_PROPBASER_OUTER_CACHE) | GIC_MASK(GICR_PROPBASER_SHARE) | GIC_MASK(GICR_PROPBASER_INNER_CACHE))

#define PROPBASER_WRITABLE_V4_0 (ATTRIBUTES | GIC_MASK(GICR_VPROPBASER_ADDRESS) | GIC_MASK(GICR_VPROPBASER_ID_BITS))

#define PROPBASER_WRITABLE_V4_1                                                                                        \
    (ATTRIBUTES | GIC_MASK(GICR_VPROPBASER_VALID) | GIC_MASK(GICR_VPROPBASER_INDIRECT) |                               \
     GIC_MASK(GICR_VPROPBASER_PAGE_SIZE) | GIC_MASK(GICR_VPROPBASER_ADDRESS) | GIC_MASK(GICR_VPROPBASER_SIZE))

#define PENDBASER_WRITABLE_V4_0 (ATTRIBUTES | GIC_MASK(GICR_VPENDBASER_IDAI) | GIC_MASK(GICR_VPENDBASER_ADDRESS))

#define PENDBASER_WRITABLE_V4_1                                                                                        \
    (GIC_MASK(GICR_VPENDBASER_GROUP0) | GIC_MASK(GICR_VPENDBASER_GROUP1) | GIC_MASK(GICR_VPENDBASER_VPE))

static bool is_v4_1(const struct redistributor *rd)
{
    return rd->config.virt.version == GIC_VIRTUAL_V4_1;
}

uint64_t redistributor_virtual_typer(const struct redistributor *rd)
{
    if (rd->virt == NULL) {
        return 0;
    }
    return GIC_PUT(1, GICR_TYPER_VLPIS) | GIC_PUT(1, GICR_TYPER_DIRTY) | GIC_PUT(is_v4_1(rd), GICR_TYPER_RVPEID) |
           GIC_PUT(rd->config.virt.common_affinity, GICR_TYPER_COMMON_LPI_AFF);
}

static uint64_t read_vpendbaser(const struct redistributor *rd)
{
    const struct redistributor_virtual *virt = rd->virt;

    return virt->pendbaser | GIC_PUT(virt->valid, GICR_VPENDBASER_VALID) |
           GIC_PUT(virt->pending_last, GICR_VPENDBASER_PENDING_LAST) |
           GIC_PUT(virtual_is_changing(rd), GICR_VPENDBASER_DIRTY);
}

bool redistributor_read_virtual(const struct redistributor *rd, uint32_t offset, uint64_t *value)
{
    const struct redistributor_virtual *virt = rd->virt;

    switch (offset) {
    case GICR_VPROPBASER:
        *value = virt->propbaser;
        if (is_v4_1(rd)) {
            *value |= GIC_PUT(GIC_VPE_ENTRY_BYTES / 8 - 1, GICR_VPROPBASER_ENTRY_SIZE);
        }
        return true;
    case GICR_VPENDBASER:
        *value = read_vpendbaser(rd);
        return true;
    case GICR_VSGIR:
        *value = 0;
        return is_v4_1(rd);
    case GICR_VSGIPENDR:
        *value = GIC_PUT(virt->sgi_busy, GICR_VSGIPENDR_BUSY) | GIC_PUT(virt->sgi_result, GICR_VSGIPENDR_PENDING);
        return is_v4_1(rd);
    default:
        return false;
    }
}

static void write_vpendbaser(struct redistributor *rd, uint64_t value)
{
    struct redistributor_virtual *virt = rd->virt;
    bool valid = GIC_GET(value, GICR_VPENDBASER_VALID) != 0;

    if (virt->state == VIRTUAL_ABSENT && !virt->valid) {
        virt->pendbaser = value & (is_v4_1(rd) ? PENDBASER_WRITABLE_V4_1 : PENDBASER_WRITABLE_V4_0);
    }
    if (virt->valid && !valid) {
        /* Software that knows of something pending wants no doorbell for it. */
        virt->doorbell = is_v4_1(rd) && GIC_GET(value, GICR_VPENDBASER_DOORBELL) != 0 &&
                         GIC_GET(value, GICR_VPENDBASER_PENDING_LAST) == 0;
        virt->pending_last = GIC_GET(value, GICR_VPENDBASER_PENDING_LAST) != 0;
    }
    virt->valid = valid;
}

static struct sim_packet *new_request(struct redistributor *rd, uint8_t operation, uint32_t vpe)
{
    struct sim_packet *packet = sim_packet_new(rd->component.sim, 0);

    packet->type = SIM_PACKET_GIC;
    packet->operation = operation;
    packet->target = (uint16_t)vpe;
    packet->tag = VIRTUAL_NO_LINK;
    return packet;
}

static void write_vsgir(struct redistributor *rd, uint64_t value)
{
    if (!rd->virt->sgi_busy) {
        rd->virt->sgi_busy = true;
        virtual_enqueue(rd, new_request(rd, GIC_VSGI_QUERY, (uint32_t)GIC_GET(value, GICR_VSGIR_VPE)));
    }
}

/** INVLPIR and INVALLR with bit 63: of a vPE's virtual LPIs. @return whether this is one */
static bool write_invalidate(struct redistributor *rd, uint32_t offset, uint64_t value)
{
    bool has = rd->config.direct_lpi || rd->config.invalidate_registers;
    struct sim_packet *packet;

    if (!is_v4_1(rd) || !has || (offset != GICR_INVLPIR && offset != GICR_INVALLR) ||
        GIC_GET(value, GICR_INVLPIR_VIRTUAL) == 0) {
        return false;
    }
    packet =
        new_request(rd, offset == GICR_INVLPIR ? GIC_VINV : GIC_VINVALL, (uint32_t)GIC_GET(value, GICR_INVLPIR_VPE));
    packet->intid = (uint32_t)value;
    virtual_enqueue(rd, packet);
    return true;
}

bool redistributor_write_virtual(struct redistributor *rd, uint32_t offset, uint64_t value)
{
    struct redistributor_virtual *virt = rd->virt;

    switch (offset) {
    case GICR_VPROPBASER:
        if (virt->state == VIRTUAL_ABSENT && !virt->valid) {
            virt->propbaser = value & (is_v4_1(rd) ? PROPBASER_WRITABLE_V4_1 : PROPBASER_WRITABLE_V4_0);
        }
        return true;
    case GICR_VPENDBASER:
        write_vpendbaser(rd, value);
        return true;
    case GICR_VSGIR:
        if (is_v4_1(rd)) {
            write_vsgir(rd, value);
        }
        return true;
    default:
        return write_invalidate(rd, offset, value);
    }
}
