#include "models/pcie/data_link.h"

#include "models/pcie/config_registers.h"
#include "sim/attributes.h"

/* ---- Chance ---- */

static bool happens(struct pcie_data_link *own, uint32_t in_a_million)
{
    return in_a_million != 0 && sim_random_below(&own->random, PCIE_MILLION) < in_a_million;
}

static bool happens_to(struct pcie_data_link *own, uint32_t in_a_million)
{
    return in_a_million != 0 && sim_random_below(&own->fault_random, PCIE_MILLION) < in_a_million;
}

static void correctable(struct pcie_link_findings *findings, sim_time at, uint32_t error)
{
    pcie_link_findings_add(findings, (struct pcie_link_finding){.at = at, .correctable = error});
}

/* ---- DLLPs ---- */

/** Finds which of several sorts of DLLPs is due first. */
SIM_APART static unsigned find_first(const struct pcie_data_link *own, uint32_t sorts)
{
    unsigned first = (unsigned)__builtin_ctz(sorts);

    for (uint32_t rest = sorts; rest != 0; rest &= rest - 1) {
        unsigned sort = (unsigned)__builtin_ctz(rest);

        if (own->dllps[sort].due < own->dllps[first].due) {
            first = sort;
        }
    }
    return first;
}

/** Charges the wire with a DLLP that is due at a time, and counts those bytes. */
static inline void charge(struct pcie_data_link *own, sim_time due, uint64_t bytes)
{
    sim_time start = own->wire.busy_until;

    if (start < due) {
        own->block_start = due;
        start = due;
    }
    own->wire.busy_until = start + own->dllp_time;
    own->wire.bytes += bytes;
}

SIM_HOT void pcie_data_link_settle(struct pcie_data_link *own, sim_time until)
{
    uint32_t owed = own->owed;
    unsigned first = own->first;
    sim_time due = own->first_due;

    while (due <= until) {
        if (own->dllps_on_wire) {
            charge(own, due, PCIE_DLLP_BYTES);
        }
        owed &= ~(1u << first);
        if (owed == 0) {
            due = SIM_TIME_NEVER;
            break;
        }
        first = SIM_SELDOM((owed & (owed - 1)) != 0) ? find_first(own, owed) : (unsigned)__builtin_ctz(owed);
        due = own->dllps[first].due;
    }
    own->owed = owed;
    own->first = (uint8_t)first;
    own->first_due = due;
}

/** Since when a queue's receiver has sent no UpdateFC: its latest, or the initialisation of flow control. */
static sim_time latest_update(const struct pcie_data_link *own, unsigned queue)
{
    if ((own->sent >> PCIE_DLLP_UPDATE(queue) & 1) != 0) {
        return own->dllps[PCIE_DLLP_UPDATE(queue)].due;
    }
    return queue < PCIE_CLASSES ? 0 : own->ready_at[pcie_queue_vc(queue)];
}

/** Sends what is overdue of a queue. @return when the next one is due */
static sim_time refresh_queue(struct pcie_data_link *own, unsigned queue, sim_time until)
{
    sim_time latest = latest_update(own, queue);
    uint64_t count;

    if ((own->infinite >> queue & 1) != 0 || latest == SIM_TIME_NEVER) {
        return SIM_TIME_NEVER;
    }
    if (latest >= until || until - latest < own->refresh) {
        return latest + own->refresh;
    }
    count = (until - latest) / own->refresh;
    latest += count * own->refresh;
    own->sent |= 1u << PCIE_DLLP_UPDATE(queue);
    own->dllps[PCIE_DLLP_UPDATE(queue)].due = latest;
    own->counters.updates += count;
    own->counters.refreshes += count;
    if (own->dllps_on_wire) {
        charge(own, latest, count * PCIE_DLLP_BYTES);
    }
    return latest + own->refresh;
}

SIM_APART void pcie_data_link_refresh(struct pcie_data_link *own, sim_time until)
{
    own->refresh_due = SIM_TIME_NEVER;
    if (own->refresh == SIM_TIME_NEVER) {
        return;
    }
    for (unsigned queue = 0; queue < own->vcs * PCIE_CLASSES; queue++) {
        own->refresh_due = sim_time_min(own->refresh_due, refresh_queue(own, queue, until));
    }
}

/** The Ack that was scheduled last may have the number of no TLP under way (3.6.2.2). */
SIM_APART static void misnumber_ack(struct pcie_data_link *own)
{
    const struct pcie_link_finding found = {
        .at = own->dllps[PCIE_DLLP_ACK].due + own->dllp_time + own->flight,
        .uncorrectable = PCIE_AER_DATA_LINK_PROTOCOL,
    };

    if (!happens_to(own, own->bad_acks)) {
        return;
    }
    own->counters.bad_acks++;
    pcie_link_findings_add(own->receiver_findings, found);
}

/**
 * Schedules a DLLP of a sort, whose `due` says then when it goes.
 * @return false if there is one still to be sent, which it joins
 */
static inline bool schedule(struct pcie_data_link *own, unsigned sort, sim_time interval, sim_time now,
                            sim_time earliest)
{
    struct pcie_dllp *dllp = &own->dllps[sort];
    const uint32_t bit = 1u << sort;
    sim_time due = earliest;

    if (SIM_SELDOM((own->sent & bit) == 0)) {
        own->sent |= bit;
    } else {
        if (dllp->due > now) {
            return false;
        }
        due = sim_time_max(due, dllp->due + interval);
        if ((own->owed & bit) != 0) {
            pcie_data_link_settle(own, now);
        }
    }
    own->owed |= bit;
    dllp->due = due;
    if (due < own->first_due) {
        own->first_due = due;
        own->first = (uint8_t)sort;
    }
    return true;
}

/** When a DLLP that is due at a time has left: after the TLP that is on the wire then. */
static sim_time dllp_end(const struct pcie_data_link *own, sim_time due)
{
    sim_time busy_until = own->wire.busy_until;
    sim_time wait = 0;

    if (SIM_SELDOM(own->wire.frame != 0)) {
        return (due / own->wire.frame + 1) * own->wire.frame;
    }
    if (own->dllps_on_wire && due < busy_until && due >= own->block_start && own->tlp_time != 0) {
        wait = (busy_until - due) % own->tlp_time;
    }
    return due + wait + own->dllp_time;
}

SIM_HOT sim_time pcie_data_link_taken(struct pcie_data_link *own, unsigned queue, sim_time now, sim_time whole)
{
    struct pcie_dllp *update = &own->dllps[PCIE_DLLP_UPDATE(queue)];

    if (schedule(own, PCIE_DLLP_ACK, own->ack_interval, now, sim_time_max(now, whole))) {
        own->counters.acks++;
        if (SIM_SELDOM(own->misnumbers)) {
            misnumber_ack(own);
        }
    }
    if (SIM_SELDOM((own->infinite >> queue & 1) != 0)) {
        return now + 1;
    }
    own->counters.updates += schedule(own, PCIE_DLLP_UPDATE(queue), own->update_interval, now, now);
    if (SIM_SELDOM(own->credit_latency != 0)) {
        return now + own->credit_latency;
    }
    update->back = sim_time_max(update->back, dllp_end(own, update->due) + own->flight);
    return update->back;
}

/* ---- Errors and replay ---- */

/** The receiver of what ended at @p end sees that it is no good (3.6.3.1; FLIT mode: 4.2.3.4.2). */
static void find_corrupted(struct pcie_data_link *own, sim_time end)
{
    bool physical = own->wire.frame != 0 || happens(own, own->receiver_errors);

    correctable(own->receiver_findings, end + own->flight,
                physical ? PCIE_AER_CORRECTABLE_RECEIVER : PCIE_AER_CORRECTABLE_BAD_TLP);
}

/** Its Nak comes corrupted, and the timer does the Nak's work (3.6.2.1). @return when */
static sim_time time_out(struct pcie_data_link *own, sim_time end)
{
    sim_time nak = end + 2 * own->flight + own->dllp_time;
    sim_time at = sim_time_max(nak, end + own->replay_timer);

    own->counters.timeouts++;
    correctable(own->sender_findings, nak,
                own->wire.frame != 0 ? PCIE_AER_CORRECTABLE_RECEIVER : PCIE_AER_CORRECTABLE_BAD_DLLP);
    correctable(own->sender_findings, at, PCIE_AER_CORRECTABLE_REPLAY_TIMEOUT);
    return at;
}

/** What ended at @p end arrived corrupted. @param replays of the same so far @return when it is sent again */
static sim_time replay_at(struct pcie_data_link *own, sim_time end, unsigned *replays)
{
    own->counters.errors++;
    own->counters.replayed++;
    own->vain_busy = end;
    find_corrupted(own, end);
    own->known_at = end + 2 * own->flight + own->dllp_time;
    if (happens(own, own->lost_naks)) {
        own->known_at = time_out(own, end);
    }
    if (++*replays % own->rollover == 0) {
        own->counters.retrains++;
        correctable(own->sender_findings, own->known_at, PCIE_AER_CORRECTABLE_REPLAY_ROLLOVER);
        own->known_at += own->retrain_time;
    }
    return own->known_at;
}

/** @return from when on the good transmission of a TLP can begin */
static sim_time suffer_tlp(struct pcie_data_link *own, sim_time start, uint32_t bytes)
{
    sim_time time = sim_wire_time(&own->wire, bytes);
    unsigned replays = 0;

    while (happens(own, own->tlp_errors)) {
        own->wire.bytes += bytes;
        start = replay_at(own, start + time, &replays);
    }
    return start;
}

/** The same where flits are what arrives corrupted: each is drawn once, when the first TLP is put into it. */
static sim_time suffer_flits(struct pcie_data_link *own, sim_time start, uint32_t bytes)
{
    const struct sim_wire *wire = &own->wire;
    unsigned replays = 0;
    uint64_t flit;
    uint64_t last;

    do {
        uint64_t position = sim_wire_next_position(wire, start);

        last = (position + bytes - 1) / wire->frame_payload;
        flit = position / wire->frame_payload;
        flit = flit > own->judged ? flit : own->judged;
        while (flit <= last && !happens(own, own->tlp_errors)) {
            flit++;
        }
        own->judged = flit <= last ? flit + 1 : flit;
        if (flit <= last) {
            /* What is sent again are flits, so it begins with one. */
            start = sim_time_align(replay_at(own, (flit + 1) * wire->frame, &replays), wire->frame);
        }
    } while (flit <= last);
    return start;
}

SIM_APART void pcie_data_link_spoil(struct pcie_data_link *own, struct sim_packet *packet)
{
    bool data = pcie_tlp_payload_bytes(packet) > 0;

    if (data && happens_to(own, own->poisoned)) {
        packet->flags |= SIM_FLAG_POISONED;
    }
    if (happens_to(own, own->corrupted)) {
        packet->flags |= SIM_FLAG_ECRC_BAD;
        if (data) {
            packet->data[0] ^= 1;
        }
    }
    if (happens_to(own, own->malformed)) {
        packet->flags |= SIM_FLAG_LENGTH_BAD;
    }
}

SIM_APART void pcie_data_link_suffer(struct pcie_data_link *own, sim_time ready, uint32_t bytes)
{
    sim_time start = sim_time_max(ready, own->wire.busy_until);
    bool flits = own->wire.frame != 0;

    if (ready < own->known_at) {
        /* Sent, but behind a TLP that has to be sent again. */
        own->vain_busy =
            sim_time_max(ready, own->vain_busy) + (flits ? own->wire.frame : sim_wire_time(&own->wire, bytes));
        own->wire.bytes += bytes;
        own->counters.replayed++;
    }
    start = flits ? suffer_flits(own, start, bytes) : suffer_tlp(own, start, bytes);
    if (start > ready) {
        own->wire.busy_until = start;
    }
}

sim_time pcie_data_link_open_at(const struct pcie_data_link *own, sim_time now, sim_time service)
{
    sim_time at = now;

    if (own->wire.open_at > now + service) {
        at = own->wire.open_at - service;
        if (own->tlp_errors != 0 && now + service < own->known_at) {
            sim_time vain = own->vain_busy >= own->period ? own->vain_busy - own->period + 1 : 0;

            vain = sim_time_align(sim_time_max(vain, now + service) - service, own->period);
            at = vain + service < own->known_at ? sim_time_min(vain, at) : at;
        }
    }
    return sim_time_align(sim_time_max(at, own->buffer_free_at), own->period);
}

SIM_APART void pcie_data_link_remember(struct pcie_data_link *own)
{
    sim_time arrival = own->wire.busy_until + own->flight;

    if (!own->acked || own->ack_at <= arrival) {
        /* One Ack covers all that arrived since the one before. */
        own->ack_at = own->acked ? sim_time_max(arrival, own->ack_at + own->ack_interval) : arrival;
        own->acked = true;
    }
    own->purge_at[own->buffer_next] = own->ack_at + own->dllp_time + own->flight;
    own->buffer_next = own->buffer_next + 1 < own->buffer_size ? own->buffer_next + 1 : 0;
    own->buffer_free_at = own->purge_at[own->buffer_next];
}

/* ---- The replay buffer as a gauge ---- */

static uint64_t read_buffer(const void *context, sim_time time)
{
    const struct pcie_data_link *own = context;
    uint64_t held = 0;

    for (uint32_t i = 0; i < own->buffer_size; i++) {
        held += own->purge_at[i] > time;
    }
    return held;
}

static sim_time next_purge(const void *context, sim_time time)
{
    const struct pcie_data_link *own = context;
    sim_time next = SIM_TIME_NEVER;

    for (uint32_t i = 0; i < own->buffer_size; i++) {
        next = own->purge_at[i] > time ? sim_time_min(next, own->purge_at[i]) : next;
    }
    return next;
}

const struct sim_gauge_clock pcie_data_link_buffer = {.read = read_buffer, .next = next_purge};
