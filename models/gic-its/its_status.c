/*
 * What an ITS reports of accesses and MSIs that went wrong: GITS_STATUSR, GITS_UMSIR, and the interrupt line of
 * GITS_CTLR.UMSIirq.
 *
 * An unmapped MSI is one that came while the ITS was enabled, with a DeviceID, and found no mapping to a redistributor.
 * The first one is kept until software clears UMSI; later ones only set Overflow. Choice: INT commands are not
 * reported here, they have errors of their own.
 */
#include "models/gic-its/its_internal.h"

#define STATUSR_CLEARABLE 0x3fu

/** What may be done with a register. */
enum location {
    LOCATION_RESERVED,
    LOCATION_READ_WRITE,
    LOCATION_READ_ONLY,
    LOCATION_WRITE_ONLY,
};

/** @param offset of a 32-bit word in the frames */
static enum location find_location(const struct its *its, uint32_t offset)
{
    if (offset >= GITS_BASER(0) && offset < GITS_BASER(GITS_BASERS)) {
        return LOCATION_READ_WRITE;
    }
    /* The identification registers at the end of the control frame: those that are not used read as zero. */
    if (offset >= GITS_PIDR4 && offset <= GITS_CIDR3) {
        return LOCATION_READ_ONLY;
    }
    switch (offset & ~4u) {
    case GITS_CTLR:
        return offset == GITS_CTLR ? LOCATION_READ_WRITE : LOCATION_READ_ONLY; /* GITS_IIDR */
    case GITS_TYPER:
    case GITS_CREADR:
        return LOCATION_READ_ONLY;
    case GITS_STATUSR:
        return offset == GITS_STATUSR ? LOCATION_READ_WRITE : LOCATION_RESERVED;
    case GITS_UMSIR:
        return its->config.umsi ? LOCATION_READ_ONLY : LOCATION_RESERVED;
    case GITS_CBASER:
    case GITS_CWRITER:
        return LOCATION_READ_WRITE;
    case GITS_TRANSLATER:
        return offset == GITS_TRANSLATER ? LOCATION_WRITE_ONLY : LOCATION_RESERVED;
    default:
        return LOCATION_RESERVED;
    }
}

void its_note_access(struct its *its, uint32_t offset, bool write)
{
    switch (find_location(its, offset & ~3u)) {
    case LOCATION_RESERVED:
        its->statusr |= (uint32_t)(write ? GIC_MASK(GITS_STATUSR_WRD) : GIC_MASK(GITS_STATUSR_RRD));
        break;
    case LOCATION_READ_ONLY:
        its->statusr |= write ? (uint32_t)GIC_MASK(GITS_STATUSR_WROD) : 0;
        break;
    case LOCATION_WRITE_ONLY:
        its->statusr |= write ? 0 : (uint32_t)GIC_MASK(GITS_STATUSR_RWOD);
        break;
    default:
        break;
    }
}

void its_write_statusr(struct its *its, uint32_t value)
{
    its->statusr &= ~(value & STATUSR_CLEARABLE);
}

void its_report_unmapped(struct its *its, uint32_t device, uint32_t event, enum gits_syndrome syndrome)
{
    if (!its->config.umsi) {
        return;
    }
    its->count_unmapped++;
    if (GIC_GET(its->statusr, GITS_STATUSR_UMSI) != 0) {
        its->statusr |= (uint32_t)GIC_MASK(GITS_STATUSR_OVERFLOW);
        return;
    }
    its->statusr &= ~(uint32_t)GIC_MASK(GITS_STATUSR_SYNDROME);
    its->statusr |= (uint32_t)(GIC_MASK(GITS_STATUSR_UMSI) | GIC_PUT((uint64_t)syndrome, GITS_STATUSR_SYNDROME));
    its->umsir = GIC_PUT(device, GITS_UMSIR_DEVICE_ID) | GIC_PUT(event, GITS_UMSIR_EVENT_ID);
}

bool its_umsi_interrupt(const struct its *its)
{
    return its->umsi_irq && GIC_GET(its->statusr, GITS_STATUSR_UMSI) != 0;
}
