#include "models/pcie/data_link.h"

/* ---- DLLPs ---- */

static void take_first(struct pcie_data_link *own)
{
    own->owed &= ~(1u << own->first);
    own->first_due = SIM_TIME_NEVER;
    for (uint32_t rest = own->owed; rest != 0; rest &= rest - 1) {
        unsigned sort = (unsigned)__builtin_ctz(rest);

        if (own->last_due[sort] < own->first_due) {
            own->first_due = own->last_due[sort];
            own->first = sort;
        }
    }
}

void pcie_data_link_settle(struct pcie_data_link *own, sim_time until)
{
    while (own->first_due <= until) {
        sim_time due = own->first_due;

        if (own->dllps_on_wire) {
            if (own->wire.busy_until < due) {
                own->block_start = due;
                own->wire.busy_until = due;
            }
            own->wire.busy_until += own->dllp_time;
            own->wire.bytes += PCIE_DLLP_BYTES;
        }
        take_first(own);
    }
}

/** Schedules a DLLP of a sort, or joins one that is still to be sent. @return when it goes */
static sim_time schedule(struct pcie_data_link *own, unsigned sort, sim_time interval, sim_time now, sim_time earliest)
{
    sim_time due = earliest;

    if (own->sent[sort] && own->last_due[sort] > now) {
        return own->last_due[sort];
    }
    if ((own->owed >> sort & 1) != 0) {
        pcie_data_link_settle(own, now);
    }
    if (own->sent[sort]) {
        due = sim_time_max(due, own->last_due[sort] + interval);
    }
    own->sent[sort] = true;
    own->last_due[sort] = due;
    own->owed |= 1u << sort;
    if (due < own->first_due) {
        own->first_due = due;
        own->first = sort;
    }
    if (sort == PCIE_DLLP_ACK) {
        own->counters.acks++;
    } else {
        own->counters.updates++;
    }
    return due;
}

/** When a DLLP that is due at a time has left: after the TLP that is on the wire then. */
static sim_time dllp_end(const struct pcie_data_link *own, sim_time due)
{
    sim_time busy_until = own->wire.busy_until;
    sim_time wait = 0;

    if (own->wire.frame != 0) {
        return (due / own->wire.frame + 1) * own->wire.frame;
    }
    if (own->dllps_on_wire && due < busy_until && due >= own->block_start && own->tlp_time != 0) {
        wait = (busy_until - due) % own->tlp_time;
    }
    return due + wait + own->dllp_time;
}

sim_time pcie_data_link_taken(struct pcie_data_link *own, unsigned queue, sim_time now, sim_time whole)
{
    sim_time due;

    schedule(own, PCIE_DLLP_ACK, own->ack_interval, now, sim_time_max(now, whole));
    if (own->infinite[queue]) {
        return now + 1;
    }
    due = schedule(own, queue, own->update_interval, now, now);
    if (own->credit_latency != 0) {
        return now + own->credit_latency;
    }
    own->back[queue] = sim_time_max(own->back[queue], dllp_end(own, due) + own->flight);
    return own->back[queue];
}

/* ---- Errors and replay ---- */

static bool happens(struct pcie_data_link *own, uint32_t in_a_million)
{
    return in_a_million != 0 && sim_random_below(&own->random, PCIE_MILLION) < in_a_million;
}

void pcie_data_link_suffer(struct pcie_data_link *own, sim_time ready, uint32_t bytes)
{
    sim_time time = own->wire.frame != 0 ? own->wire.frame : sim_wire_time(&own->wire, bytes);
    sim_time start = sim_time_max(ready, own->wire.busy_until);

    if (ready < own->known_at) {
        /* Sent, but behind a TLP that has to be sent again. */
        own->vain_busy = sim_time_max(ready, own->vain_busy) + time;
        own->wire.bytes += bytes;
        own->counters.replayed++;
    }
    while (happens(own, own->tlp_errors)) {
        sim_time end = start + time;

        own->counters.errors++;
        own->counters.replayed++;
        own->wire.bytes += bytes;
        own->vain_busy = end;
        own->known_at = end + 2 * own->flight + own->dllp_time;
        if (happens(own, own->lost_naks)) {
            own->counters.timeouts++;
            own->known_at = sim_time_max(own->known_at, end + own->replay_timer);
        }
        start = own->known_at;
    }
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

void pcie_data_link_remember(struct pcie_data_link *own)
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
