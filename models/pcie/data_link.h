/*
 * The data link layer of one end of a link: what shares the wire with its TLPs, and what becomes of those that arrive
 * corrupted.
 *
 * DLLPs. Whoever takes TLPs out of a receive buffer owes the other end an UpdateFC, and an Ack. Of each sort (UpdateFC
 * of a class; Ack) one is sent at once, and the next not before an interval has passed; it then covers whatever came
 * together in the meantime (3.5.2.1, 2.6.1.2: the intervals are the specification's largest ones unless configured). A
 * DLLP waits for the TLP that is on the wire and goes before those that are not; it takes 8 bytes. In FLIT mode it
 * rides in the DLP bytes of the flit under way and takes nothing.
 *
 * Refresh. An UpdateFC of each queue is sent at least every 30 µs (2.6.1.2), with or without traffic.
 *
 * Errors. Each TLP is corrupted with a configured probability each time that it is sent, as a random stream of the
 * direction says. The receiver drops it and sends a Nak; when that has come back, the sender begins anew with that TLP,
 * and what it had sent in the meantime went in vain (go-back-N, 3.6). A Nak can be lost with a probability of its own;
 * then the replay timer does what it should have done. All of that is known to the sender when it hands a TLP to its
 * wire, and so is the time of the good arrival, which is what the channel is told.
 *
 * A TLP whose replay is corrupted too is replayed again; with the fourth replay (in FLIT mode the eighth)
 * REPLAY_NUM rolls over, and the link is retrained before it (3.6.2, 4.2.3.4.2.1.7). In FLIT mode it is flits that
 * are corrupted (beyond what their FEC corrects) and sent again, all from the bad one on; a TLP that reaches into a
 * bad flit is sent again whole.
 *
 * What goes wrong is told to the two ends (link_findings.h): to the receiver a Bad TLP, or a Receiver Error if its
 * physical layer has seen it first, as it has in FLIT mode always; to the sender a Nak that came corrupted (Bad
 * DLLP; in FLIT mode a Receiver Error), the replay timer, and the replays that were too many. An Ack can come with
 * the number of a TLP that is not under way: a Data Link Protocol Error of who receives it, who discards it; the
 * next one stands for both.
 *
 * Two approximations, both of less than one TLP's time: a replay does not wait for the end of a TLP that is being sent
 * in vain, and the wait of an UpdateFC for the TLP on the wire takes a busy wire's TLPs to be of one size. Naks and the
 * Acks that end a replay timer take no part in the traffic of the way back.
 */
#ifndef DOORBELL_MODELS_PCIE_DATA_LINK_H
#define DOORBELL_MODELS_PCIE_DATA_LINK_H

#include "models/pcie/link_findings.h"
#include "models/pcie/tlp.h"
#include "sim/attributes.h"
#include "sim/observe.h"
#include "sim/random.h"
#include "sim/wire.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_DLLP_BYTES 8u
#define PCIE_MILLION    1000000u

/** What an end owes: an Ack, and an UpdateFC of each queue. */
#define PCIE_DLLP_ACK           0u
#define PCIE_DLLP_UPDATE(queue) ((queue) + 1u)
#define PCIE_DLLPS              PCIE_DLLP_UPDATE(PCIE_QUEUES)

struct pcie_data_link_counters {
    uint64_t updates;   /**< UpdateFC DLLPs sent */
    uint64_t acks;      /**< Ack DLLPs sent */
    uint64_t refreshes; /**< of the UpdateFCs, those sent because there had been none for so long */
    uint64_t errors;    /**< TLPs sent that arrived corrupted */
    uint64_t replayed;  /**< TLPs sent again, each time for their own error, once for those before them */
    uint64_t timeouts;  /**< replays that the timer began, a Nak being lost */
    uint64_t bad_acks;  /**< of the Acks, those with a number that is not under way */
    uint64_t retrains;  /**< times that REPLAY_NUM rolled over: four replays, or eight, without progress */
};

/** When the latest DLLP of a sort is due; of an UpdateFC, when it is at the other end. */
struct pcie_dllp {
    sim_time due; /**< valid if one has been sent */
    sim_time back;
};

/**
 * By lines of the host's cache: a TLP that is sent takes the first two, an UpdateFC that is sent or a TLP that is taken
 * two more. With thousands of links, each line of each has to be fetched anew.
 */
struct pcie_data_link {
    alignas(64) struct sim_wire wire; /**< on which this end sends */
    sim_time first_due;               /**< when the first DLLP that is owed is due; SIM_TIME_NEVER: none is */
    /* The second line: */
    sim_time tlp_time;       /**< of the last TLP on the wire */
    sim_time block_start;    /**< since when the wire has been busy without a gap */
    sim_time refresh_due;    /**< before, no UpdateFC is sent because there has been none for so long */
    sim_time buffer_free_at; /**< when the replay buffer's place for the next TLP is free */
    sim_time flight;         /**< one way, fs */
    uint32_t owed;           /**< DLLPs that the wire has not been charged with, a bit for each sort */
    uint32_t infinite;       /**< queues whose credits this end advertised as infinite, a bit each: no UpdateFC */
    uint32_t sent;           /**< sorts of DLLPs that have been sent, a bit each */
    uint32_t tlp_errors;     /**< in a million */
    uint8_t first;           /**< the first DLLP that is owed, if there are any */
    uint8_t vcs;             /**< virtual channels that there are */
    bool dllps_on_wire;      /**< DLLPs take time on the wire */
    bool faults;             /**< the component that sends makes any */
    bool buffered;           /**< there is a replay buffer that can be full */
    bool misnumbers;         /**< bad_acks is not 0 */
    /* The third: */
    alignas(64) sim_time credit_latency; /**< fixed return of credits; 0: by UpdateFC */
    sim_time dllp_time;                  /**< of one DLLP on the wire */
    sim_time update_interval;
    sim_time ack_interval;
    sim_time refresh; /**< longest time without an UpdateFC of a queue, fs; SIM_TIME_NEVER: any */
    struct pcie_data_link_counters counters; /**< its first three end the line */
    /* With the Ack and the queues of VC0 in a line of their own: */
    alignas(64) struct pcie_dllp dllps[PCIE_DLLPS];
    sim_time ready_at[PCIE_MAX_VCS]; /**< from when on a virtual channel other than VC0 can be used */
    bool enabled[PCIE_MAX_VCS];      /**< this end has switched it on */
    sim_time period;                 /**< of the component at this end */
    const void *state;               /**< see pcie_port_keeps() */
    struct sim_component *component;
    /* Errors: */
    uint32_t bad_acks;        /**< in a million */
    uint32_t lost_naks;       /**< in a million */
    uint32_t receiver_errors; /**< corrupted TLPs in a million that the receiver's physical layer sees first */
    struct pcie_link_findings *sender_findings;   /**< what this end finds; NULL: nothing goes wrong */
    struct pcie_link_findings *receiver_findings; /**< what the other end finds in what this one sends */
    sim_time replay_timer;
    sim_time retrain_time; /**< that it takes when REPLAY_NUM has rolled over */
    unsigned rollover;     /**< replays of the same TLP with which it does */
    uint64_t judged;       /**< FLIT mode: number of the first flit whose fate is not drawn */
    sim_time known_at;     /**< until this time the sender does not know of the latest error */
    sim_time vain_busy;    /**< until when the wire carries TLPs in vain */
    struct sim_random random;
    /* Faults of the component that sends, each in a million: */
    uint32_t poisoned;
    uint32_t corrupted;
    uint32_t malformed;
    struct sim_random fault_random;
    /* Replay buffer: */
    sim_time *purge_at; /**< a ring: when each TLP is acknowledged; NULL: not buffered */
    uint32_t buffer_size;
    uint32_t buffer_next;
    sim_time ack_at; /**< of the latest Ack, where it is sent; valid if acked */
    bool acked;
    /** Told when this end switches a virtual channel on or off; NULL: nobody. */
    void (*vc_listener)(void *context, unsigned vc, bool enabled, sim_time now);
    void *vc_context;
};

static_assert(offsetof(struct pcie_data_link, counters.refreshes) + sizeof(uint64_t) ==
                  offsetof(struct pcie_data_link, credit_latency) + 64,
              "counters of what is sent without being asked lie in the line that is looked at to send it");

/** Charges the wire with the DLLPs that are due by @p until: they go before a TLP that is ready then. */
void pcie_data_link_settle(struct pcie_data_link *own, sim_time until);

/**
 * Accounts for the UpdateFCs that were sent by @p until because there had been none of their queue for `refresh`. An
 * idle link costs nothing: this is asked when a TLP is sent, or by whoever looks.
 */
void pcie_data_link_refresh(struct pcie_data_link *own, sim_time until);

/** Draws the errors of a TLP that is about to be sent, and leaves the wire busy until its good transmission begins. */
void pcie_data_link_suffer(struct pcie_data_link *own, sim_time ready, uint32_t bytes);

/** How many TLPs the replay buffer holds: a gauge of a struct pcie_data_link that has one. */
extern const struct sim_gauge_clock pcie_data_link_buffer;

/** Puts a TLP that has just been sent into the replay buffer. */
void pcie_data_link_remember(struct pcie_data_link *own);

/** Draws what the sending component does to a TLP that it should not: marks its data as bad, changes it, its Length. */
void pcie_data_link_spoil(struct pcie_data_link *own, struct sim_packet *packet);

/** Whether a TLP that is ready at @p ready can be handed to the wire at @p now. */
static inline bool pcie_data_link_is_open(const struct pcie_data_link *own, sim_time now, sim_time ready)
{
    bool open = own->wire.open_at <= ready;

    if (!open && own->tlp_errors != 0) {
        open = ready < own->known_at && own->vain_busy < ready + own->period;
    }
    return open && own->buffer_free_at <= now;
}

/** When it can be; not before @p now. @param service from then until the TLP is ready */
sim_time pcie_data_link_open_at(const struct pcie_data_link *own, sim_time now, sim_time service);

/** To be called before a TLP is put on the wire. */
static inline void pcie_data_link_before(struct pcie_data_link *own, sim_time ready, uint32_t bytes)
{
    if (own->first_due <= ready) {
        pcie_data_link_settle(own, ready);
    }
    if (SIM_SELDOM(own->refresh_due <= ready)) {
        pcie_data_link_refresh(own, ready);
    }
    if (SIM_SELDOM(own->tlp_errors != 0)) {
        pcie_data_link_suffer(own, ready, bytes);
    }
    if (own->wire.busy_until < ready) {
        own->block_start = ready;
        own->wire.busy_until = ready;
    }
    own->tlp_time = own->wire.busy_until; /* until pcie_data_link_after() */
}

/** To be called when it is. */
static inline void pcie_data_link_after(struct pcie_data_link *own)
{
    own->tlp_time = own->wire.busy_until - own->tlp_time;
    if (SIM_SELDOM(own->buffered)) {
        pcie_data_link_remember(own);
    }
}

/**
 * A TLP is taken out of a receive buffer of this end: books the DLLPs that this causes.
 * @param whole when its last byte was or will be in
 * @return when the credit is at the other end
 */
sim_time pcie_data_link_taken(struct pcie_data_link *own, unsigned queue, sim_time now, sim_time whole);

#ifdef __cplusplus
}
#endif

#endif
