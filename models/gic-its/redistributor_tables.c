/*
 * The pending table of GICR_PENDBASER: bit INTID % 8 of byte INTID / 8. It is read when LPIs are enabled, unless PTZ
 * promised that it is all zero, and written back when they are disabled; in between memory is out of date. Its first
 * 1 KiB belongs to INTIDs that are not LPIs and is never touched.
 *
 * Only lines are written that hold a bit or whose memory holds one.
 */
#include "models/gic-its/redistributor_internal.h"

#define FIRST_LINE (GIC_FIRST_LPI / REDISTRIBUTOR_LINE_LPIS)
#define LINE_WORDS (REDISTRIBUTOR_LINE_BYTES / 8)

/** LPIs of GICR_PROPBASER.IDbits; values below 13 mean that there are none. */
static uint32_t usable_lpis(const struct redistributor *rd)
{
    uint32_t bits = (uint32_t)GIC_GET(rd->propbaser, GICR_PROPBASER_ID_BITS) + 1;

    if (bits > rd->config.intid_bits) {
        bits = rd->config.intid_bits;
    }
    return bits < 14 ? 0 : ((uint32_t)1 << bits) - GIC_FIRST_LPI;
}

static uint32_t line_count(const struct redistributor *rd)
{
    return rd->limit / REDISTRIBUTOR_LINE_LPIS;
}

/** The words of the bitmap that a line stands for. */
static uint64_t *line_words(const struct redistributor *rd, uint32_t line)
{
    return &rd->lpis.bits[(size_t)line * LINE_WORDS];
}

static bool line_is_pending(const struct redistributor *rd, uint32_t line)
{
    const uint64_t *words = line_words(rd, line);
    uint64_t any = 0;

    for (uint32_t i = 0; i < LINE_WORDS; i++) {
        any |= words[i];
    }
    return any != 0;
}

/** MSIs whose pending bit software has cleared in memory are lost. */
static void drop_orphans(struct redistributor *rd, sim_time now)
{
    for (uint32_t lpi = 0; rd->orphans > 0 && lpi < rd->lpis.count; lpi++) {
        struct sim_packet *packet = lpi_set_unpark(&rd->lpis, lpi);

        if (packet != NULL) {
            redistributor_drop(rd, packet, now, SIM_DROP_LPI_DISABLED);
            rd->orphans--;
        }
    }
}

static void finish_load(struct redistributor *rd, sim_time now)
{
    rd->state = REDISTRIBUTOR_ON;
    rd->line_wanted = false;
    drop_orphans(rd, now);
    redistributor_start_scan(rd);
}

static void finish_save(struct redistributor *rd)
{
    uint32_t lpi = lpi_set_next(&rd->lpis, 0);

    while (lpi != LPI_NONE) {
        /* Its packet stays with it: loading the bit again makes it pending again. */
        rd->orphans += lpi_set_park(&rd->lpis, lpi);
        lpi = lpi_set_next(&rd->lpis, lpi + 1);
    }
    redistributor_forget_all_out(rd);
    rd->state = REDISTRIBUTOR_OFF;
    rd->line_wanted = false;
}

static void start_load(struct redistributor *rd)
{
    rd->limit = usable_lpis(rd);
    rd->state = REDISTRIBUTOR_LOADING;
    rd->line = rd->pending_table_zero ? line_count(rd) : 0;
    rd->line_wanted = true;
    if (rd->pending_table_zero) {
        for (uint32_t line = 0; line < line_count(rd); line++) {
            rd->line_is_set[line] = false;
        }
    }
    rd->progress = true;
}

static void start_save(struct redistributor *rd)
{
    rd->state = REDISTRIBUTOR_SAVING;
    /* Choice: a promise that the table is zero does not outlast our own writing to it. */
    rd->pending_table_zero = false;
    rd->line = 0;
    rd->line_wanted = true;
    redistributor_cancel_fetches(rd);
    rd->progress = true;
}

static void request_line(struct redistributor *rd, bool write, sim_time now)
{
    struct sim_packet *packet = sim_packet_new(rd->component.sim, REDISTRIBUTOR_LINE_BYTES);

    packet->type = write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = (rd->pendbaser & GIC_MASK(GICR_PENDBASER_ADDRESS)) +
                      (uint64_t)(FIRST_LINE + rd->line) * REDISTRIBUTOR_LINE_BYTES;
    packet->tag = REDISTRIBUTOR_TAG_TABLE;
    if (write) {
        const uint64_t *words = line_words(rd, rd->line);

        for (uint32_t i = 0; i < LINE_WORDS; i++) {
            sim_store_le64(&packet->data[(size_t)8 * i], words[i]);
        }
        rd->line_is_set[rd->line] = line_is_pending(rd, rd->line);
        rd->count_table_writes++;
    } else {
        rd->count_table_reads++;
    }
    rd->line_wanted = false;
    redistributor_request(rd, packet, now);
}

static void step_load(struct redistributor *rd, sim_time now)
{
    if (rd->line >= line_count(rd)) {
        finish_load(rd, now);
    } else if (gic_output_is_ready(&rd->memory, now, &rd->due)) {
        request_line(rd, false, now);
    }
}

static void step_save(struct redistributor *rd, sim_time now)
{
    /* A MOVALL that has begun takes its LPIs along first; an access of the table that is under way ends first. */
    if (rd->move_all != NULL || rd->overflow.busy) {
        return;
    }
    while (rd->line < line_count(rd) && !line_is_pending(rd, rd->line) && !rd->line_is_set[rd->line]) {
        rd->line++;
    }
    if (rd->line >= line_count(rd)) {
        finish_save(rd);
        rd->progress = true;
    } else if (gic_output_is_ready(&rd->memory, now, &rd->due)) {
        request_line(rd, true, now);
    }
}

void redistributor_step_tables(struct redistributor *rd, sim_time now)
{
    if (rd->state == REDISTRIBUTOR_OFF && rd->enable) {
        start_load(rd);
    } else if (rd->state == REDISTRIBUTOR_ON && !rd->enable) {
        start_save(rd);
    }
    if (!rd->line_wanted) {
        return;
    }
    if (rd->state == REDISTRIBUTOR_LOADING) {
        step_load(rd, now);
    } else if (rd->state == REDISTRIBUTOR_SAVING) {
        step_save(rd, now);
    }
}

/** Bits of a line that was read become pending LPIs. A line that could not be read counts as zero. */
static void load_line(struct redistributor *rd, const struct sim_packet *packet)
{
    rd->line_is_set[rd->line] = false;
    for (uint32_t i = 0; packet->status == SIM_STATUS_OK && i < LINE_WORDS; i++) {
        uint64_t bits = sim_load_le64(&packet->data[(size_t)8 * i]);

        rd->line_is_set[rd->line] = rd->line_is_set[rd->line] || bits != 0;
        for (; bits != 0; bits &= bits - 1) {
            uint32_t lpi = rd->line * REDISTRIBUTOR_LINE_LPIS + 64 * i + (uint32_t)__builtin_ctzll(bits);
            struct sim_packet *orphan = lpi_set_unpark(&rd->lpis, lpi);

            rd->orphans -= orphan != NULL;
            lpi_set_add(&rd->lpis, lpi, orphan);
            if (rd->config.pending_entries > 0 && rd->lpis.pending > rd->config.pending_entries) {
                redistributor_mark_out(rd, lpi);
            }
        }
    }
}

void redistributor_take_line(struct redistributor *rd, const struct sim_packet *packet)
{
    if (rd->state == REDISTRIBUTOR_LOADING) {
        load_line(rd, packet);
    }
    rd->line++;
    rd->line_wanted = true;
}
