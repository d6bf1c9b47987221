/*
 * What the ITSs ask of a redistributor: one message an edge, the channels in turn, each channel in order. A message
 * that cannot be carried out yet stays where it is. What software asks by registers (redistributor_direct.c) is carried
 * out by the same functions, beside them: for these `from` is NULL.
 *
 * While the pending table is loaded or saved all of them wait.
 */
#include "models/gic-its/redistributor_internal.h"

/** An LPI that PROPBASER.IDbits allows; gives its number. */
static bool find_lpi(const struct redistributor *rd, uint32_t intid, uint32_t *lpi)
{
    *lpi = intid - GIC_FIRST_LPI;
    return intid >= GIC_FIRST_LPI && *lpi < rd->limit && rd->state == REDISTRIBUTOR_ON;
}

/** Takes what software has asked for by a register. */
SIM_APART static struct sim_packet *take_direct(struct redistributor *rd)
{
    struct sim_packet *packet = rd->direct;

    rd->direct = NULL;
    rd->progress = true;
    return packet;
}

/** Takes the message that is being carried out. */
static struct sim_packet *take(struct redistributor *rd, struct sim_channel *from, sim_time now)
{
    return SIM_SELDOM(from == NULL) ? take_direct(rd) : sim_channel_pop(from, now);
}

static void finish(struct redistributor *rd, struct sim_packet *packet)
{
    sim_packet_free(rd->component.sim, packet);
}

/** Turns a request into its answer. */
static void answer(struct redistributor *rd, struct redistributor_link *link, struct sim_packet *packet,
                   uint8_t operation, sim_time now)
{
    packet->type = SIM_PACKET_GIC;
    packet->operation = operation;
    gic_output_push(&link->to, packet, now, 0);
    rd->progress = true;
}

SIM_APART static void merge(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    rd->count_merged++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(rd->component.sim, packet, rd->component.stage, now);
        sim_event(rd->component.sim, SIM_EVENT_MSI_MERGED, packet, &rd->component, now, 0);
    }
    finish(rd, packet);
}

/** An LPI whose configuration is not cached has become pending: where it has to go for it. */
SIM_APART static void look_up(struct redistributor *rd, uint32_t lpi, bool out)
{
    if (out) {
        redistributor_write_out(rd, lpi);
    } else {
        rd->cache.misses++;
        redistributor_fetch(rd, lpi, false);
    }
}

/** Whether there is a way to go there. */
SIM_APART static bool can_look_up(const struct redistributor *rd, uint32_t lpi, bool out)
{
    return out ? redistributor_can_write_out(rd) : redistributor_can_fetch(rd, lpi);
}

static bool set_lpi(struct redistributor *rd, struct sim_channel *from, const struct sim_packet *head, sim_time now)
{
    struct gic_cache_entry *entry = NULL;
    struct sim_packet *packet;
    bool out;
    uint32_t lpi;

    if (SIM_SELDOM(!find_lpi(rd, head->intid, &lpi))) {
        redistributor_drop(rd, take(rd, from, now), now, SIM_DROP_LPI_DISABLED);
        return true;
    }
    if (SIM_SELDOM(lpi_set_is_pending(&rd->lpis, lpi))) {
        merge(rd, take(rd, from, now), now);
        return true;
    }
    out = redistributor_is_full(rd);
    if (!out) {
        entry = gic_cache_find(&rd->cache, lpi, lpi);
    }
    if (SIM_SELDOM(entry == NULL) && !can_look_up(rd, lpi, out)) {
        return false;
    }
    packet = take(rd, from, now);
    lpi_set_add(&rd->lpis, lpi, packet);
    rd->count_set++;
    if (SIM_SELDOM(entry == NULL)) {
        look_up(rd, lpi, out);
    } else {
        redistributor_configure_cached(rd, lpi, entry);
    }
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(rd->component.sim, SIM_EVENT_MSI_PENDING, packet, &rd->component, now, 0);
    }
    return true;
}

bool redistributor_ring(struct redistributor *rd, uint32_t intid)
{
    struct gic_cache_entry *entry;
    uint32_t lpi;

    if (rd->state == REDISTRIBUTOR_LOADING || rd->state == REDISTRIBUTOR_SAVING) {
        return false;
    }
    if (!find_lpi(rd, intid, &lpi) || lpi_set_is_pending(&rd->lpis, lpi)) {
        return true;
    }
    entry = gic_cache_find(&rd->cache, lpi, lpi);
    if (entry == NULL && !redistributor_can_fetch(rd, lpi)) {
        return false;
    }
    lpi_set_add(&rd->lpis, lpi, NULL);
    rd->count_set++;
    if (entry != NULL) {
        redistributor_configure_cached(rd, lpi, entry);
    } else {
        look_up(rd, lpi, false);
    }
    return true;
}

static bool clear_lpi(struct redistributor *rd, struct sim_channel *from, sim_time now)
{
    struct sim_packet *message = take(rd, from, now);
    uint32_t lpi;

    if (find_lpi(rd, message->intid, &lpi) && lpi_set_is_pending(&rd->lpis, lpi)) {
        struct sim_packet *held = lpi_set_remove(&rd->lpis, lpi);

        redistributor_forget_out(rd, lpi);
        rd->count_cleared++;
        if (held != NULL) {
            redistributor_drop(rd, held, now, SIM_DROP_LPI_CLEARED);
        }
    }
    finish(rd, message);
    return true;
}

static bool invalidate(struct redistributor *rd, struct sim_channel *from, const struct sim_packet *head, sim_time now)
{
    uint32_t lpi;

    if (find_lpi(rd, head->intid, &lpi)) {
        if (!redistributor_can_fetch(rd, lpi)) {
            return false;
        }
        redistributor_invalidate(rd, lpi);
    }
    finish(rd, take(rd, from, now));
    return true;
}

static bool invalidate_all(struct redistributor *rd, struct sim_channel *from, sim_time now)
{
    if (rd->state == REDISTRIBUTOR_ON) {
        redistributor_invalidate_all(rd);
    }
    finish(rd, take(rd, from, now));
    return true;
}

/** Gives a pending LPI away: the held MSI itself, or the message if there is none. */
static struct sim_packet *give_away(struct redistributor *rd, uint32_t lpi, struct sim_packet *message)
{
    struct sim_packet *held = lpi_set_remove(&rd->lpis, lpi);

    redistributor_forget_out(rd, lpi);
    rd->count_moved++;
    if (held != NULL && message != NULL) {
        finish(rd, message);
    }
    if (held == NULL) {
        held = message != NULL ? message : sim_packet_new(rd->component.sim, 0);
    }
    held->intid = GIC_FIRST_LPI + lpi;
    return held;
}

static bool move(struct redistributor *rd, struct redistributor_link *link, sim_time now)
{
    struct sim_packet *message;
    uint32_t lpi;

    if (!gic_output_is_ready(&link->to, now, &rd->due)) {
        return false;
    }
    message = sim_channel_pop(link->from, now);
    if (find_lpi(rd, message->intid, &lpi) && lpi_set_is_pending(&rd->lpis, lpi)) {
        answer(rd, link, give_away(rd, lpi, message), GIC_MOVED, now);
    } else {
        answer(rd, link, message, GIC_NOT_MOVED, now);
    }
    return true;
}

static bool move_all(struct redistributor *rd, uint32_t index, sim_time now)
{
    if (rd->move_all != NULL) {
        return false;
    }
    rd->move_all = sim_channel_pop(rd->its[index].from, now);
    rd->move_all_its = index;
    rd->move_all_next = 0;
    rd->progress = true;
    return true;
}

void redistributor_step_move_all(struct redistributor *rd, sim_time now)
{
    struct redistributor_link *link = &rd->its[rd->move_all_its];
    uint32_t lpi;

    if (!gic_output_is_ready(&link->to, now, &rd->due)) {
        return;
    }
    lpi = lpi_set_next(&rd->lpis, rd->move_all_next);
    if (lpi != LPI_NONE) {
        rd->move_all_next = lpi + 1;
        answer(rd, link, give_away(rd, lpi, NULL), GIC_MOVED, now);
    } else {
        answer(rd, link, rd->move_all, GIC_MOVE_ALL_DONE, now);
        rd->move_all = NULL;
    }
}

static bool sync(struct redistributor *rd, struct redistributor_link *link, sim_time now)
{
    if (redistributor_is_refreshing(rd) || redistributor_is_virtual_busy(rd) ||
        !gic_output_is_ready(&link->to, now, &rd->due)) {
        return false;
    }
    answer(rd, link, sim_channel_pop(link->from, now), GIC_SYNC_DONE, now);
    return true;
}

/** Messages that come with commands, and those about vPEs and SPIs. @return whether it was taken */
SIM_APART static bool take_other(struct redistributor *rd, uint32_t index, const struct sim_packet *head, sim_time now)
{
    struct redistributor_link *link = &rd->its[index];

    switch (head->operation) {
    case GIC_CLEAR_LPI:
        return clear_lpi(rd, link->from, now);
    case GIC_INV:
        return invalidate(rd, link->from, head, now);
    case GIC_INVALL:
        return invalidate_all(rd, link->from, now);
    case GIC_MOVE:
        return move(rd, link, now);
    case GIC_MOVE_ALL:
        return move_all(rd, index, now);
    case GIC_SYNC:
        return sync(rd, link, now);
    case GIC_SET_SPI:
    case GIC_RECALL_SPI:
        return redistributor_take_spi_message(rd, index, head, now);
    default:
        return redistributor_take_virtual_message(rd, index, head, now);
    }
}

/** @return whether the message was taken */
static bool take_from(struct redistributor *rd, uint32_t index, const struct sim_packet *head, sim_time now)
{
    if (SIM_SELDOM(rd->state == REDISTRIBUTOR_LOADING || rd->state == REDISTRIBUTOR_SAVING)) {
        return false;
    }
    if (head->operation == GIC_SET_LPI) {
        return set_lpi(rd, rd->its[index].from, head, now);
    }
    return take_other(rd, index, head, now);
}

void redistributor_step_direct(struct redistributor *rd, sim_time now)
{
    if (rd->state == REDISTRIBUTOR_LOADING || rd->state == REDISTRIBUTOR_SAVING) {
        return;
    }
    switch (rd->direct->operation) {
    case GIC_SET_LPI:
        set_lpi(rd, NULL, rd->direct, now);
        break;
    case GIC_CLEAR_LPI:
        clear_lpi(rd, NULL, now);
        break;
    case GIC_INV:
        invalidate(rd, NULL, rd->direct, now);
        break;
    default:
        invalidate_all(rd, NULL, now);
        break;
    }
}

/** Looks at one channel. @return whether a message was taken */
static bool look_at_input(struct redistributor *rd, uint32_t index, bool taken, sim_time now)
{
    struct sim_channel *from = rd->its[index].from;
    sim_time arrival = sim_channel_next_arrival(from);

    if (!taken && arrival <= now) {
        taken = take_from(rd, index, sim_channel_peek(from, now), now);
        if (!taken) {
            return false;
        }
        rd->turn = (index + 1) % 64;
        arrival = sim_channel_next_arrival(from);
    }
    if (arrival == SIM_TIME_NEVER) {
        rd->inputs &= ~((uint64_t)1 << index);
    }
    redistributor_look_at(rd, arrival);
    return taken;
}

SIM_HOT void redistributor_take_message(struct redistributor *rd, sim_time now)
{
    const uint64_t from_turn = UINT64_MAX << rd->turn;
    uint64_t left = rd->inputs;
    bool taken = false;

    while (left != 0) {
        const uint64_t later = left & from_turn;
        const uint64_t next = later != 0 ? later : left;

        taken = look_at_input(rd, (uint32_t)__builtin_ctzll(next), taken, now);
        left ^= next & -next;
    }
}
