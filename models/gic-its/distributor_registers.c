/*
 * Registers of the distributor. Fields of INTIDs below 32 are the redistributors' with affinity routing: RES0 here,
 * as are those of SPIs that there are not.
 */
#include "models/gic-its/distributor_internal.h"

#include <string.h>

/** GICD_IIDR: nobody's. */
#define IIDR_VALUE 0u

/** GICD_PIDR2.ArchRev 3: GICv3. */
#define PIDR2_VALUE 0x30u

/** A field of every SPI, one bit each. */
enum spi_bit {
    SPI_BIT_NONE,
    SPI_BIT_GROUP,
    SPI_BIT_ENABLE_SET,
    SPI_BIT_ENABLE_CLEAR,
    SPI_BIT_PENDING_SET,
    SPI_BIT_PENDING_CLEAR,
};

/** Which of the registers with a bit for each INTID an offset is in. @param first set to the INTID of bit 0 */
static enum spi_bit find_bits(uint32_t offset, uint32_t *first)
{
    static const struct {
        uint32_t offset;
        enum spi_bit bit;
    } files[] = {{GICD_IGROUPR(0), SPI_BIT_GROUP},
                 {GICD_ISENABLER(0), SPI_BIT_ENABLE_SET},
                 {GICD_ICENABLER(0), SPI_BIT_ENABLE_CLEAR},
                 {GICD_ISPENDR(0), SPI_BIT_PENDING_SET},
                 {GICD_ICPENDR(0), SPI_BIT_PENDING_CLEAR}};

    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (offset >= files[i].offset && offset - files[i].offset < DISTRIBUTOR_INTIDS / 8) {
            *first = (offset - files[i].offset) * 8;
            return files[i].bit;
        }
    }
    return SPI_BIT_NONE;
}

static bool read_bit(const struct distributor_spi *spi, enum spi_bit bit)
{
    switch (bit) {
    case SPI_BIT_GROUP:
        return spi->group1;
    case SPI_BIT_ENABLE_SET:
    case SPI_BIT_ENABLE_CLEAR:
        return spi->enabled;
    default:
        return spi->packet != NULL;
    }
}

/** A write of 1; of the group, of either value. */
static void write_bit(struct distributor *distributor, uint32_t intid, enum spi_bit bit, bool value, sim_time now)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    if (bit == SPI_BIT_GROUP) {
        if (spi->group1 && !value) {
            distributor_recall(distributor, intid);
        }
        spi->group1 = value;
        distributor_mark(distributor, intid);
    } else if (value && bit == SPI_BIT_ENABLE_SET) {
        spi->enabled = true;
        distributor_mark(distributor, intid);
    } else if (value && bit == SPI_BIT_ENABLE_CLEAR) {
        spi->enabled = false;
        distributor_recall(distributor, intid);
    } else if (value && bit == SPI_BIT_PENDING_SET) {
        distributor_raise(distributor, intid);
    } else if (value && bit == SPI_BIT_PENDING_CLEAR) {
        distributor_clear(distributor, intid, now);
    }
}

static uint32_t read_ctlr(const struct distributor *distributor)
{
    return (uint32_t)(GIC_PUT(distributor->enabled, GICD_CTLR_ENABLE_GROUP1) | GIC_MASK(GICD_CTLR_ARE) |
                      GIC_MASK(GICD_CTLR_DS) | GIC_PUT(distributor->recalls > 0, GICD_CTLR_RWP));
}

/** Group 1 is for all SPIs: those that redistributors have come back, or those that are here may go. */
static void write_ctlr(struct distributor *distributor, uint32_t value)
{
    bool enabled = GIC_GET(value, GICD_CTLR_ENABLE_GROUP1) != 0;

    if (enabled == distributor->enabled) {
        return;
    }
    distributor->enabled = enabled;
    for (uint32_t i = GIC_FIRST_SPI; distributor_has(distributor, i); i++) {
        if (enabled) {
            distributor_mark(distributor, i);
        } else {
            distributor_recall(distributor, i);
        }
    }
}

static uint32_t read_typer(const struct distributor *distributor)
{
    uint32_t lines = (GIC_FIRST_SPI + distributor->config.spis + 31) / 32 - 1;

    return (uint32_t)(GIC_PUT(lines, GICD_TYPER_IT_LINES) | GIC_MASK(GICD_TYPER_LPIS) |
                      GIC_PUT(distributor->config.intid_bits - 1, GICD_TYPER_ID_BITS) | GIC_MASK(GICD_TYPER_NO_1_OF_N));
}

static uint32_t read_priorities(const struct distributor *distributor, uint32_t first)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 4; i++) {
        value |= distributor_has(distributor, first + i) ? (uint32_t)distributor->spis[first + i].priority << 8 * i : 0;
    }
    return value;
}

/** A new priority counts from the next time that the SPI goes to a redistributor. */
static void write_priorities(struct distributor *distributor, uint32_t first, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        if (distributor_has(distributor, first + i)) {
            distributor->spis[first + i].priority = (uint8_t)(value >> 8 * i);
        }
    }
}

/** All SPIs are edge-triggered. */
static uint32_t read_configuration(const struct distributor *distributor, uint32_t first)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 16; i++) {
        value |= distributor_has(distributor, first + i) ? 2u << 2 * i : 0;
    }
    return value;
}

static void write_router(struct distributor *distributor, uint32_t intid, uint64_t value)
{
    /* Aff3.Aff2.Aff1.Aff0; there is no 1 of N, so bit 31 is RES0. */
    uint64_t router = value & UINT64_C(0xff00ffffff);

    if (distributor_has(distributor, intid) && distributor->spis[intid].router != router) {
        distributor->spis[intid].router = router;
        distributor_recall(distributor, intid);
    }
}

static uint32_t read_bits(const struct distributor *distributor, enum spi_bit bit, uint32_t first)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 32; i++) {
        if (distributor_has(distributor, first + i) && read_bit(&distributor->spis[first + i], bit)) {
            value |= 1u << i;
        }
    }
    return value;
}

static bool is_router(uint32_t offset)
{
    return offset >= GICD_IROUTER(GIC_FIRST_SPI) && offset < GICD_IROUTER(DISTRIBUTOR_INTIDS);
}

static uint32_t read_word(const struct distributor *distributor, uint32_t offset)
{
    uint32_t first;
    enum spi_bit bit = find_bits(offset, &first);

    if (bit != SPI_BIT_NONE) {
        return read_bits(distributor, bit, first);
    }
    if (offset >= GICD_IPRIORITYR(0) && offset < GICD_IPRIORITYR(DISTRIBUTOR_INTIDS / 4)) {
        return read_priorities(distributor, offset - GICD_IPRIORITYR(0));
    }
    if (offset >= GICD_ICFGR(0) && offset < GICD_ICFGR(DISTRIBUTOR_INTIDS / 16)) {
        return read_configuration(distributor, (offset - GICD_ICFGR(0)) * 4);
    }
    if (is_router(offset)) {
        uint32_t intid = (offset - GICD_IROUTER(0)) / 8;
        uint64_t router = distributor_has(distributor, intid) ? distributor->spis[intid].router : 0;

        return (uint32_t)((offset & 4) != 0 ? router >> 32 : router);
    }
    switch (offset) {
    case GICD_CTLR:
        return read_ctlr(distributor);
    case GICD_TYPER:
        return read_typer(distributor);
    case GICD_IIDR:
        return IIDR_VALUE;
    case GICD_PIDR2:
        return PIDR2_VALUE;
    default:
        return 0;
    }
}

static void write_word(struct distributor *distributor, uint32_t offset, uint32_t value, sim_time now)
{
    uint32_t first;
    enum spi_bit bit = find_bits(offset, &first);

    if (bit != SPI_BIT_NONE) {
        for (uint32_t i = 0; i < 32; i++) {
            if (distributor_has(distributor, first + i)) {
                write_bit(distributor, first + i, bit, (value >> i & 1) != 0, now);
            }
        }
    } else if (offset >= GICD_IPRIORITYR(0) && offset < GICD_IPRIORITYR(DISTRIBUTOR_INTIDS / 4)) {
        write_priorities(distributor, offset - GICD_IPRIORITYR(0), value);
    } else if (is_router(offset)) {
        uint32_t intid = (offset - GICD_IROUTER(0)) / 8;
        uint64_t router = distributor->spis[intid].router;

        write_router(distributor, intid,
                     (offset & 4) != 0 ? (router & UINT32_MAX) | (uint64_t)value << 32
                                       : (router & ~(uint64_t)UINT32_MAX) | value);
    } else if (offset == GICD_CTLR) {
        write_ctlr(distributor, value);
    }
}

static bool is_whole(const struct sim_packet *packet)
{
    return (packet->first_be == 0 || packet->first_be == 0xf) && (packet->last_be == 0 || packet->last_be == 0xf);
}

/** Whether an access is of a size and alignment that is served. */
static bool is_served(uint64_t offset, uint32_t bytes)
{
    return offset < GICD_SIZE && (bytes == 4 || (bytes == 8 && is_router((uint32_t)offset))) && offset % bytes == 0;
}

bool distributor_probe_register(const struct distributor *distributor, uint64_t offset, uint32_t bytes, uint64_t *value)
{
    if (!is_served(offset, bytes)) {
        return false;
    }
    *value = read_word(distributor, (uint32_t)offset);
    if (bytes == 8) {
        *value |= (uint64_t)read_word(distributor, (uint32_t)offset + 4) << 32;
    }
    return true;
}

void distributor_access_register(struct distributor *distributor, struct sim_packet *packet, sim_time now)
{
    uint64_t offset = packet->address - distributor->config.base;
    bool served = is_served(offset, packet->length) && is_whole(packet);

    packet->status = SIM_STATUS_OK;
    if (packet->type == SIM_PACKET_READ) {
        memset(packet->data, 0, packet->length);
        for (uint32_t i = 0; served && i < packet->length; i += 4) {
            sim_store_le32(&packet->data[i], read_word(distributor, (uint32_t)offset + i));
        }
        packet->type = SIM_PACKET_COMPLETION;
        return;
    }
    if (served && packet->length == 8) {
        write_router(distributor, ((uint32_t)offset - GICD_IROUTER(0)) / 8, sim_load_le64(packet->data));
    } else if (served) {
        write_word(distributor, (uint32_t)offset, sim_load_le32(packet->data), now);
    }
    packet->type = SIM_PACKET_WRITE_ACK;
}
