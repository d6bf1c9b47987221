/*
 * Requests for vPEs that are not resident: their pending bits are in memory, in a word of the virtual pending table and
 * its header, which are read, changed and written back. Requests are carried out one at a time, so none is lost
 * between reading and writing; and a vPE belongs to one redistributor at a time, so nobody else writes.
 *
 * A doorbell rings when an interrupt becomes pending that was not. GICv4.0: the one that came with the interrupt.
 * GICv4.1: the vPE's default doorbell, once, if the hypervisor asked for it when the vPE went (Doorbell of
 * GICR_VPENDBASER) and the interrupt is enabled. It rings when the bits are in memory, so that a vPE that comes
 * because of it finds them.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

static bool is_v4_1(const struct redistributor *rd)
{
    return rd->config.virt.version == GIC_VIRTUAL_V4_1;
}

static void read_header(struct redistributor *rd, uint64_t table)
{
    virtual_start(rd, VIRTUAL_ACCESS_HEADER, false, table, VPT_LINE_BYTES);
    rd->virt->phase = VIRTUAL_PHASE_READ;
}

static void read_word(struct redistributor *rd)
{
    const struct sim_packet *head = rd->virt->head;

    virtual_start(rd, VIRTUAL_ACCESS_WORD, false, virtual_table_of(head) + (uint64_t)head->intid / 64 * 8, 8);
    rd->virt->phase = VIRTUAL_PHASE_READ;
}

static void write_header(struct redistributor *rd)
{
    struct virtual_access *access =
        virtual_start(rd, VIRTUAL_ACCESS_HEADER, true, virtual_table_of(rd->virt->head), VPT_LINE_BYTES);

    vpt_header_encode(&rd->virt->header, access->data);
    rd->virt->phase = VIRTUAL_PHASE_WRITE;
}

/** Writes the word with the head's bit changed. */
static void write_word(struct redistributor *rd, bool set)
{
    const struct sim_packet *head = rd->virt->head;
    uint64_t word = sim_load_le64(rd->virt->accesses[VIRTUAL_ACCESS_WORD].data);
    uint64_t bit = (uint64_t)1 << head->intid % 64;
    struct virtual_access *access =
        virtual_start(rd, VIRTUAL_ACCESS_WORD, true, virtual_table_of(head) + (uint64_t)head->intid / 64 * 8, 8);

    sim_store_le64(access->data, set ? word | bit : word & ~bit);
    rd->virt->phase = VIRTUAL_PHASE_WRITE;
}

static bool word_has_bit(const struct redistributor *rd)
{
    uint64_t word = sim_load_le64(rd->virt->accesses[VIRTUAL_ACCESS_WORD].data);

    return (word >> rd->virt->head->intid % 64 & 1) != 0;
}

static void finish(struct redistributor *rd)
{
    sim_packet_free(rd->component.sim, virtual_dequeue(rd));
}

static void park(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = virtual_dequeue(rd);

    virtual_tell_pending(rd, packet, now);
    virtual_park(rd, packet);
}

/* ---- Beginning ---- */

/** A message for an LPI; one that the vPE does not have is lost. @return false if it was */
static bool start_lpi(struct redistributor *rd, sim_time now)
{
    const struct sim_packet *head = rd->virt->head;
    uint32_t lpi;

    if (virtual_find_lpi(rd, head->intid, virtual_id_bits(head), &lpi)) {
        read_word(rd);
        return true;
    }
    if (head->operation == GIC_SET_VLPI) {
        redistributor_drop(rd, virtual_dequeue(rd), now, SIM_DROP_LPI_DISABLED);
    } else if (head->operation == GIC_CLEAR_VLPI) {
        finish(rd);
    } else if (virtual_can_answer(rd, head->tag, now)) {
        uint32_t link = head->tag;

        virtual_answer(rd, link, virtual_dequeue(rd), GIC_NOT_MOVED, now);
    }
    return false;
}

void virtual_store_start(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    virt->ring = false;
    switch (virt->head->operation) {
    case GIC_SET_VLPI:
        if (start_lpi(rd, now)) {
            read_header(rd, virtual_table_of(virt->head));
        }
        break;
    case GIC_CLEAR_VLPI:
    case GIC_MOVE_VLPI:
        start_lpi(rd, now);
        break;
    case GIC_SET_VSGI:
    case GIC_VSGI:
        read_header(rd, virtual_table_of(virt->head));
        break;
    case GIC_VALLOC:
        /* What the table holds is not known: all of it is read when the vPE comes. */
        virt->header = (struct vpt_header){.map = UINT64_MAX};
        write_header(rd);
        break;
    case GIC_VSGI_QUERY:
        virtual_find_start(rd, virt->head->target);
        virt->phase = VIRTUAL_PHASE_FIND;
        break;
    case GIC_VPARK:
        park(rd, now);
        break;
    default: /* GIC_VINV, GIC_VINVALL: nothing of it is cached. */
        finish(rd);
        break;
    }
}

/* ---- Making an LPI pending ---- */

static void store_lpi(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    const struct sim_packet *head = virt->head;
    uint64_t map = vpt_map_bits(head->intid, head->intid, virtual_id_bits(head));
    bool changes = (virt->header.map & map) != map || (virt->ring && is_v4_1(rd));

    write_word(rd, true);
    if (changes) {
        virt->header.map |= map;
        virt->header.doorbell = virt->header.doorbell && !virt->ring;
        write_header(rd);
    }
}

static void read_done_set_lpi(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    uint32_t doorbell = virt->head->arg;

    virt->header = vpt_header_decode(virt->accesses[VIRTUAL_ACCESS_HEADER].data);
    if (word_has_bit(rd)) {
        virtual_merge(rd, virtual_dequeue(rd), now);
    } else if (is_v4_1(rd) && virt->header.doorbell && doorbell != GIC_NO_DOORBELL) {
        virtual_start(rd, VIRTUAL_ACCESS_OTHER, false, virt->header.configuration + (virt->head->intid - GIC_FIRST_LPI),
                      1);
        virt->phase = VIRTUAL_PHASE_ENABLED;
    } else {
        virt->ring = !is_v4_1(rd) && doorbell != GIC_NO_DOORBELL;
        store_lpi(rd);
    }
}

static void enabled_done(struct redistributor *rd)
{
    const struct virtual_access *access = &rd->virt->accesses[VIRTUAL_ACCESS_OTHER];

    rd->virt->ring = access->ok && GIC_GET(access->data[0], GICR_LPI_ENABLE) != 0;
    store_lpi(rd);
}

/* ---- The others, when the table has been read ---- */

static void read_done_clear(struct redistributor *rd)
{
    if (word_has_bit(rd)) {
        write_word(rd, false);
    } else {
        finish(rd);
    }
}

static void read_done_move(struct redistributor *rd, sim_time now)
{
    uint32_t link = rd->virt->head->tag;

    if (word_has_bit(rd)) {
        write_word(rd, false);
    } else if (virtual_can_answer(rd, link, now)) {
        virtual_answer(rd, link, virtual_dequeue(rd), GIC_NOT_MOVED, now);
    }
}

static void read_done_sgi(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    const struct sim_packet *head = virt->head;
    uint16_t bit = (uint16_t)(1u << head->intid);
    uint32_t sgi = head->intid;

    virt->header = vpt_header_decode(virt->accesses[VIRTUAL_ACCESS_HEADER].data);
    if (head->operation == GIC_SET_VSGI) {
        virt->ring = (virt->header.sgi_pending & bit) == 0 && virt->header.doorbell &&
                     (virt->header.sgis[sgi] & VPT_SGI_ENABLE) != 0 && head->arg != GIC_NO_DOORBELL;
        virt->header.doorbell = virt->header.doorbell && !virt->ring;
        virt->header.sgi_pending |= bit;
    } else {
        virt->header.sgis[sgi] =
            (uint8_t)((head->arg & GIC_VSGI_PRIORITY) | ((head->arg & GIC_VSGI_ENABLE) != 0 ? VPT_SGI_ENABLE : 0) |
                      ((head->arg & GIC_VSGI_GROUP) != 0 ? VPT_SGI_GROUP : 0));
        virt->header.sgi_pending &= (uint16_t) ~((head->arg & GIC_VSGI_CLEAR) != 0 ? bit : 0);
    }
    write_header(rd);
}

/** The table cannot be read. */
static void fail(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    uint32_t link = virt->head->tag;

    if (virt->head->operation == GIC_SET_VLPI) {
        redistributor_drop(rd, virtual_dequeue(rd), now, SIM_DROP_BUS_ERROR);
    } else if (virt->head->operation != GIC_MOVE_VLPI) {
        virt->sgi_busy = virt->sgi_busy && virt->head->operation != GIC_VSGI_QUERY;
        finish(rd);
    } else if (virtual_can_answer(rd, link, now)) {
        virtual_answer(rd, link, virtual_dequeue(rd), GIC_NOT_MOVED, now);
    }
}

static void read_done(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    uint8_t operation = virt->head->operation;
    bool header = operation != GIC_CLEAR_VLPI && operation != GIC_MOVE_VLPI;
    bool word = !header || operation == GIC_SET_VLPI;

    if ((header && !virt->accesses[VIRTUAL_ACCESS_HEADER].ok) || (word && !virt->accesses[VIRTUAL_ACCESS_WORD].ok)) {
        fail(rd, now);
        return;
    }
    switch (operation) {
    case GIC_SET_VLPI:
        read_done_set_lpi(rd, now);
        break;
    case GIC_CLEAR_VLPI:
        read_done_clear(rd);
        break;
    case GIC_MOVE_VLPI:
        read_done_move(rd, now);
        break;
    case GIC_VSGI_QUERY:
        virt->header = vpt_header_decode(virt->accesses[VIRTUAL_ACCESS_HEADER].data);
        virt->sgi_result = virt->header.sgi_pending;
        virt->sgi_busy = false;
        finish(rd);
        break;
    default:
        read_done_sgi(rd);
        break;
    }
}

static void find_done(struct redistributor *rd)
{
    struct vpe_entry entry;

    if (!virtual_find_step(rd, &entry)) {
        return;
    }
    if (entry.valid) {
        read_header(rd, entry.table);
        return;
    }
    rd->virt->sgi_result = 0;
    rd->virt->sgi_busy = false;
    finish(rd);
}

/* ---- When it has been written ---- */

static void write_done_move(struct redistributor *rd, sim_time now)
{
    struct sim_packet *head = rd->virt->head;
    uint32_t link = head->tag;
    struct sim_packet *held;

    if (!virtual_can_answer(rd, link, now)) {
        return;
    }
    held = virtual_unpark(rd, virtual_table_of(head), head->intid);
    if (held != NULL) {
        finish(rd);
        virtual_answer(rd, link, held, GIC_MOVED, now);
    } else {
        virtual_answer(rd, link, virtual_dequeue(rd), GIC_MOVED, now);
    }
}

static void write_done(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_packet *held;

    switch (virt->head->operation) {
    case GIC_SET_VLPI:
        virt->count_stored++;
        park(rd, now);
        break;
    case GIC_MOVE_VLPI:
        write_done_move(rd, now);
        break;
    case GIC_CLEAR_VLPI:
        held = virtual_unpark(rd, virtual_table_of(virt->head), virt->head->intid);
        if (held != NULL) {
            redistributor_drop(rd, held, now, SIM_DROP_LPI_CLEARED);
        }
        finish(rd);
        break;
    default:
        finish(rd);
        break;
    }
}

void virtual_store_step(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    if (virt->phase == VIRTUAL_PHASE_FIND) {
        find_done(rd);
        return;
    }
    if (!virtual_is_settled(virt)) {
        return;
    }
    switch (virt->phase) {
    case VIRTUAL_PHASE_READ:
        read_done(rd, now);
        break;
    case VIRTUAL_PHASE_ENABLED:
        enabled_done(rd);
        break;
    default:
        if (virt->ring) {
            if (!redistributor_ring(rd, virt->head->arg)) {
                virt->phase = VIRTUAL_PHASE_RING;
                break;
            }
            virt->ring = false;
            virt->count_doorbells++;
        }
        write_done(rd, now);
        break;
    }
}
