/*
 * Register accesses of an ITS.
 *
 * Choices where the architecture leaves one: GITS_CBASER and GITS_BASERn ignore writes while Enabled is 1 or Quiescent
 * is 0; a write that would put GITS_CWRITER beyond the queue is ignored; accesses that are not 32 or 64 bits wide, or
 * 64 bits of a pair of 32-bit registers, read as zero and are ignored when written.
 */
#include "models/gic-its/its_virtual_internal.h"

#include <string.h>

/** What GITS_IIDR says: no implementer code of anybody, revision 0, product 'D'. */
#define IIDR_VALUE 0x44000000u

/** GITS_PIDR2: GICv3. */
#define PIDR2_VALUE 0x30u

/** The same with GICv4. */
#define PIDR2_VALUE_V4 0x40u

#define CBASER_WRITABLE                                                                                                \
    (GIC_MASK(GITS_CBASER_VALID) | GIC_MASK(GITS_CBASER_INNER_CACHE) | GIC_MASK(GITS_CBASER_OUTER_CACHE) |             \
     GIC_MASK(GITS_CBASER_ADDRESS) | GIC_MASK(GITS_CBASER_SHARE) | GIC_MASK(GITS_CBASER_SIZE))

#define BASER_WRITABLE                                                                                                 \
    (GIC_MASK(GITS_BASER_VALID) | GIC_MASK(GITS_BASER_INNER_CACHE) | GIC_MASK(GITS_BASER_OUTER_CACHE) |                \
     GIC_MASK(GITS_BASER_ADDRESS) | GIC_MASK(GITS_BASER_SHARE) | GIC_MASK(GITS_BASER_PAGE_SIZE) |                      \
     GIC_MASK(GITS_BASER_SIZE))

/** GITS_BASERn of the device table and of the collection table. */
enum baser_index {
    BASER_DEVICE,
    BASER_COLLECTION,
    BASERS_IN_USE,
};

uint64_t its_typer(const struct its *its)
{
    bool short_icids = its->config.collection_bits < 16;

    return its_virtual_typer(its) | GIC_PUT(1, GITS_TYPER_PHYSICAL) |
           GIC_PUT(ITS_ENTRY_BYTES - 1, GITS_TYPER_ITT_ENTRY_SIZE) |
           GIC_PUT(its->config.event_bits - 1u, GITS_TYPER_ID_BITS) |
           GIC_PUT(its->config.device_bits - 1u, GITS_TYPER_DEVBITS) |
           GIC_PUT(its->config.system_errors, GITS_TYPER_SEIS) | GIC_PUT(its->config.physical_targets, GITS_TYPER_PTA) |
           GIC_PUT(its->config.chip_collections, GITS_TYPER_HCC) | GIC_PUT(short_icids, GITS_TYPER_CIL) |
           GIC_PUT(short_icids ? its->config.collection_bits - 1u : 0, GITS_TYPER_CIDBITS) |
           GIC_PUT(its->config.umsi, GITS_TYPER_UMSI) | GIC_PUT(its->config.umsi, GITS_TYPER_UMSI_IRQ);
}

static uint32_t read_ctlr(const struct its *its)
{
    return (uint32_t)(GIC_PUT(its->enabled, GITS_CTLR_ENABLED) | GIC_PUT(its->config.number, GITS_CTLR_ITS_NUMBER) |
                      GIC_PUT(its->umsi_irq, GITS_CTLR_UMSI_IRQ) | GIC_PUT(its->quiescent, GITS_CTLR_QUIESCENT));
}

static void write_ctlr(struct its *its, uint32_t value)
{
    bool enable = GIC_GET(value, GITS_CTLR_ENABLED) != 0;

    if (enable && !its->enabled) {
        /* The tables may be other ones now, or have been cleared. */
        gic_cache_drop_matching(&its->device_cache, 0, 0);
        gic_cache_drop_matching(&its->event_cache, 0, 0);
        gic_cache_drop_matching(&its->collection_cache, 0, 0);
        gic_cache_drop_matching(&its->vpe_cache, 0, 0);
        its->quiescent = false;
    }
    its->enabled = enable;
    its->device_limit = 0;
    if (enable && its->device_table.valid && its_collection_count(its) > 0) {
        its->device_limit = its->device_table.ids;
    }
    its->umsi_irq = its->config.umsi && GIC_GET(value, GITS_CTLR_UMSI_IRQ) != 0;
}

static void write_cbaser(struct its *its, uint64_t value)
{
    if (its->enabled || !its->quiescent) {
        return;
    }
    its->cbaser = value & CBASER_WRITABLE;
    its->read_offset = 0;
    its->stalled = false;
}

static void write_cwriter(struct its *its, uint64_t value)
{
    uint64_t offset = value & GIC_MASK(GITS_CWRITER_OFFSET);

    if (offset >= (GIC_GET(its->cbaser, GITS_CBASER_SIZE) + 1) * 4096) {
        return;
    }
    its->write_offset = (uint32_t)offset;
    if (GIC_GET(value, GITS_CWRITER_RETRY) != 0) {
        its->stalled = false;
    }
}

static uint64_t read_baser(const struct its *its, uint32_t index)
{
    uint64_t type;

    if (index >= BASERS_IN_USE) {
        return its_virtual_read_baser(its, index);
    }
    type = index == BASER_DEVICE ? GITS_BASER_TYPE_DEVICE : GITS_BASER_TYPE_COLLECTION;
    return its->baser[index] | GIC_PUT(type, GITS_BASER_TYPE) | GIC_PUT(ITS_ENTRY_BYTES - 1, GITS_BASER_ENTRY_SIZE);
}

/** The page size that a write asks for, or the largest one offered that is no larger, or else the smallest. */
static uint64_t offered_page_size(const struct its *its, uint64_t wanted)
{
    uint32_t offered = its->config.page_sizes;
    uint32_t fitting = offered & ((UINT32_C(2) << wanted) - 1);

    return fitting != 0 ? 31u - (uint32_t)__builtin_clz(fitting) : (uint32_t)__builtin_ctz(offered);
}

/** Two levels for devices only. The reserved page size 3 is taken as 64 KiB. */
static void write_baser(struct its *its, uint32_t index, uint64_t value)
{
    bool indirect = index == BASER_DEVICE && !its->config.flat_tables;
    uint64_t writable = BASER_WRITABLE | (indirect ? GIC_MASK(GITS_BASER_INDIRECT) : 0);
    uint64_t page_size;

    if (its->enabled || !its->quiescent) {
        return;
    }
    if (index >= BASERS_IN_USE) {
        its_virtual_write_baser(its, index, value);
        return;
    }
    value &= writable;
    page_size = offered_page_size(its, GIC_GET(value, GITS_BASER_PAGE_SIZE));
    value = (value & ~GIC_MASK(GITS_BASER_PAGE_SIZE)) | GIC_PUT(page_size, GITS_BASER_PAGE_SIZE);
    its->baser[index] = value;
    if (index == BASER_DEVICE) {
        its_decode_baser(&its->device_table, value, its->config.device_bits, ITS_ENTRY_BYTES);
    } else {
        its_decode_baser(&its->collection_table, value, its->config.collection_bits, ITS_ENTRY_BYTES);
    }
}

/** 64-bit registers; @p known tells whether there is one at that offset. */
static uint64_t read_wide(const struct its *its, uint32_t offset, bool *known)
{
    *known = true;
    switch (offset) {
    case GITS_TYPER:
        return its_typer(its);
    case GITS_UMSIR:
        return its->umsir;
    case GITS_CBASER:
        return its->cbaser;
    case GITS_CWRITER:
        return its->write_offset;
    case GITS_CREADR:
        return its->read_offset | GIC_PUT(its->stalled, GITS_CREADR_STALLED);
    default:
        break;
    }
    *known = offset >= GITS_BASER(0) && offset < GITS_BASER(GITS_BASERS);
    return *known ? read_baser(its, (offset - GITS_BASER(0)) / 8) : 0;
}

static void write_wide(struct its *its, uint32_t offset, uint64_t value)
{
    if (offset == GITS_CBASER) {
        write_cbaser(its, value);
    } else if (offset == GITS_CWRITER) {
        write_cwriter(its, value);
    } else if (offset >= GITS_BASER(0) && offset < GITS_BASER(GITS_BASERS)) {
        write_baser(its, (offset - GITS_BASER(0)) / 8, value);
    }
}

static uint32_t read_narrow(const struct its *its, uint32_t offset)
{
    bool known = false;
    uint64_t wide;

    switch (offset) {
    case GITS_CTLR:
        return read_ctlr(its);
    case GITS_IIDR:
        return IIDR_VALUE;
    case GITS_STATUSR:
        return its->statusr;
    case GITS_PIDR2:
        return its->config.virt.version == GIC_VIRTUAL_NONE ? PIDR2_VALUE : PIDR2_VALUE_V4;
    default:
        wide = read_wide(its, offset & ~7u, &known);
        return (uint32_t)((offset & 4) != 0 ? wide >> 32 : wide);
    }
}

/** Half of a 64-bit register: the other half keeps its value. */
static void write_narrow(struct its *its, uint32_t offset, uint32_t value)
{
    bool known = false;
    uint64_t wide;

    if (offset == GITS_CTLR) {
        write_ctlr(its, value);
        return;
    }
    if (offset == GITS_STATUSR) {
        its_write_statusr(its, value);
        return;
    }
    wide = read_wide(its, offset & ~7u, &known);
    if (known && (offset & 4) != 0) {
        write_wide(its, offset & ~7u, (wide & UINT32_MAX) | (uint64_t)value << 32);
    } else if (known) {
        write_wide(its, offset, (wide & ~(uint64_t)UINT32_MAX) | value);
    }
}

/** Whether all bytes of a register access are enabled; an access with some of them is ignored. */
static bool is_whole(const struct sim_packet *packet)
{
    return (packet->first_be == 0 || packet->first_be == 0xf) && (packet->last_be == 0 || packet->last_be == 0xf);
}

static void write_register(struct its *its, const struct sim_packet *packet, uint64_t offset)
{
    if (offset >= GITS_SIZE || (offset & (packet->length - 1)) != 0 || !is_whole(packet)) {
        return;
    }
    its_note_access(its, (uint32_t)offset, true);
    if (packet->length == 4) {
        write_narrow(its, (uint32_t)offset, sim_load_le32(packet->data));
    } else {
        write_wide(its, (uint32_t)offset, sim_load_le64(packet->data));
    }
    its->busy = true;
    its->progress = true;
}

static void read_register(struct its *its, struct sim_packet *packet, uint64_t offset)
{
    bool known = false;

    memset(packet->data, 0, packet->length);
    if (offset >= GITS_SIZE || (offset & (packet->length - 1)) != 0) {
        return;
    }
    its_note_access(its, (uint32_t)offset, false);
    if (packet->length == 4) {
        sim_store_le32(packet->data, read_narrow(its, (uint32_t)offset));
    } else if (packet->length == 8) {
        sim_store_le64(packet->data, read_wide(its, (uint32_t)offset, &known));
    }
}

bool its_probe_register(const struct its *its, uint64_t offset, uint32_t bytes, uint64_t *value)
{
    bool known = true;

    if ((bytes != 4 && bytes != 8) || offset >= GITS_SIZE || (offset & (bytes - 1)) != 0) {
        return false;
    }
    *value = bytes == 4 ? read_narrow(its, (uint32_t)offset) : read_wide(its, (uint32_t)offset, &known);
    return known;
}

void its_access_register(struct its *its, struct sim_packet *packet)
{
    uint64_t offset = packet->address - its->config.base;

    packet->status = SIM_STATUS_OK;
    if (packet->type == SIM_PACKET_READ) {
        read_register(its, packet, offset);
        packet->type = SIM_PACKET_COMPLETION;
    } else {
        if (packet->length == 4 || packet->length == 8) {
            write_register(its, packet, offset);
        }
        packet->type = SIM_PACKET_WRITE_ACK;
    }
}
