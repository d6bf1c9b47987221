/*
 * A redistributor that holds a limited number of pending, enabled LPIs on chip (config.pending_entries). One that comes
 * when all are taken is written out to the pending table, which makes it no candidate; when there is room again, LPIs
 * are read back, in INTID order and round.
 *
 * A write puts one 64-bit word of the table: what is written out of 64 LPIs. A read takes one word and brings back as
 * many as there is room for. One access is under way at a time, and LPIs that would have to be written out wait for it.
 * The redistributor knows which LPIs it has written out, so a merge needs no read. Bits in memory are not cleared when
 * LPIs come back: the table is out of date while LPIs are enabled, and saving writes all lines that were touched.
 *
 * LPIs that are pending and disabled take no entry, nor do they make traffic here.
 */
#include "models/gic-its/redistributor_internal.h"

/** Bytes of the pending table before the LPIs' bits. */
#define LPI_BITS_OFFSET (GIC_FIRST_LPI / 8)

void redistributor_create_overflow(struct redistributor *rd, uint32_t lpis)
{
    if (rd->config.pending_entries > 0) {
        rd->overflow.bits = sim_alloc(rd->component.sim, lpis / 64 * sizeof(*rd->overflow.bits));
    }
}

bool redistributor_can_write_out(const struct redistributor *rd)
{
    return !rd->overflow.write_wanted && !rd->overflow.busy;
}

void redistributor_mark_out(struct redistributor *rd, uint32_t lpi)
{
    rd->overflow.bits[lpi / 64] |= (uint64_t)1 << (lpi % 64);
    rd->overflow.count++;
    rd->line_is_set[lpi / REDISTRIBUTOR_LINE_LPIS] = true;
}

void redistributor_write_out(struct redistributor *rd, uint32_t lpi)
{
    redistributor_mark_out(rd, lpi);
    rd->overflow.write_wanted = true;
    rd->overflow.word = lpi / 64;
    rd->count_written_out++;
    rd->progress = true;
}

void redistributor_make_room(struct redistributor *rd, uint32_t lpi)
{
    /* A message that waited for room can be taken at the next edge. */
    rd->progress = true;
    if (redistributor_is_out(rd, lpi)) {
        rd->overflow.bits[lpi / 64] &= ~((uint64_t)1 << (lpi % 64));
        rd->overflow.count--;
    }
}

void redistributor_forget_all_out(struct redistributor *rd)
{
    for (uint32_t word = 0; rd->overflow.count > 0; word++) {
        rd->overflow.count -= (uint32_t)__builtin_popcountll(rd->overflow.bits[word]);
        rd->overflow.bits[word] = 0;
    }
    rd->overflow.write_wanted = false;
}

/** The next word, going round, that holds something written out; there must be one. */
static uint32_t find_word(const struct redistributor *rd)
{
    uint32_t words = rd->lpis.count / 64;
    uint32_t word = rd->overflow.cursor;

    do {
        word = word + 1 < words ? word + 1 : 0;
    } while (rd->overflow.bits[word] == 0);
    return word;
}

static void request_word(struct redistributor *rd, bool write, sim_time now)
{
    struct sim_packet *packet = sim_packet_new(rd->component.sim, 8);

    packet->type = write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address =
        (rd->pendbaser & GIC_MASK(GICR_PENDBASER_ADDRESS)) + LPI_BITS_OFFSET + (uint64_t)rd->overflow.word * 8;
    packet->tag = REDISTRIBUTOR_TAG_OVERFLOW;
    if (write) {
        sim_store_le64(packet->data, rd->overflow.bits[rd->overflow.word]);
        rd->count_table_writes++;
    } else {
        rd->count_table_reads++;
    }
    rd->overflow.busy = true;
    rd->overflow.reading = !write;
    redistributor_request(rd, packet, now);
}

void redistributor_step_overflow(struct redistributor *rd, sim_time now)
{
    bool write = rd->overflow.write_wanted;

    if (rd->overflow.busy || rd->state != REDISTRIBUTOR_ON ||
        (!write && (rd->overflow.count == 0 || redistributor_is_full(rd))) ||
        !gic_output_is_ready(&rd->memory, now, &rd->due)) {
        return;
    }
    if (write) {
        rd->overflow.write_wanted = false;
    } else {
        rd->overflow.word = find_word(rd);
        rd->overflow.cursor = rd->overflow.word;
    }
    request_word(rd, write, now);
}

/** @return whether the LPI is on chip again */
static bool bring_back(struct redistributor *rd, uint32_t lpi)
{
    struct gic_cache_entry *entry = gic_cache_find(&rd->cache, lpi, lpi);

    if (redistributor_is_full(rd)) {
        return false;
    }
    if (entry != NULL) {
        redistributor_configure_cached(rd, lpi, entry);
    } else if (redistributor_can_fetch(rd, lpi)) {
        rd->cache.misses++;
        redistributor_fetch(rd, lpi, false);
    } else {
        return false;
    }
    redistributor_forget_out(rd, lpi);
    rd->count_read_back++;
    return true;
}

void redistributor_take_overflow(struct redistributor *rd)
{
    uint32_t word = rd->overflow.word;
    uint64_t bits;

    rd->overflow.busy = false;
    if (!rd->overflow.reading || rd->state != REDISTRIBUTOR_ON) {
        return;
    }
    /* What has been cleared or moved away meanwhile has no bit here any more; memory is not asked about that. */
    for (bits = rd->overflow.bits[word]; bits != 0; bits &= bits - 1) {
        if (!bring_back(rd, word * 64 + (uint32_t)__builtin_ctzll(bits))) {
            return;
        }
    }
}
