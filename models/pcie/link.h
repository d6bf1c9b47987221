/*
 * A PCI Express link: two directions, each three channels (posted, non-posted, completion) that share a wire.
 *
 * Header credits are the channels' slots and data credits their units of 16 bytes, so a blocked class blocks no other
 * (2.6.1). A TLP takes framing + header + payload bytes on the wire; lanes, speed and encoding give the time of a byte.
 * A switch acts on a TLP as soon as its header is in (cut-through); endpoints and root ports take it whole.
 *
 *   stage           | time                                        | parameter      | default   | source
 *   ----------------+---------------------------------------------+----------------+-----------+-------------------
 *   serialisation   | (8 + header + payload) bytes / rate; into a | speed, width   | 16 GT/s   | timing-anchors 1.1
 *                   | switch (4 + header) / rate                  |                | x4        | assumption
 *                   | 64 GT/s: to the end of the 256-byte flit    |                |           | timing-anchors 1.1
 *                   | that carries the last byte (of the header)  |                |           |
 *   flight          | latency, to the reader's next clock edge    | latency        | 10 ns     | assumption: twice
 *                   |                                             |                |           | 5 ns a port (1.2)
 *   (structural)    | credit return: UpdateFC, 8 bytes, latency;  | credit_latency,| 0 (by     | timing-anchors 1.1
 *                   | one a class and interval                    | update_interval| UpdateFC) |
 *   (structural)    | Acks on the wire: one an interval           | ack_interval   | spec's    | timing-anchors 1.1
 *   (structural)    | credits {PH, PD, NPH, NPD, CplH, CplD}      | credits        | 64, 1024, | timing-anchors 1.2
 *                   |                                             |                | 64, 64,   |
 *                   |                                             |                | 64, 1024  |
 *   (structural)    | Nak and replay, see data_link.h             | tlp_errors,    | none      |
 *                   |                                             | lost_naks,     | none      |
 *                   |                                             | replay_timer   | 3 limits  | timing-anchors 1.2
 *                   |                                             |                | see below | base spec. 3.6.2.1
 *   (structural)    | retraining, after four replays in vain      | retrain_time   | 4 µs      | assumption
 *   (structural)    | replay buffer, TLPs without an Ack          | replay_buffer  | no limit  | assumption
 *   (structural)    | UpdateFC of each class, idle or not         | refresh_       | 30 µs     | timing-anchors 1.2
 *                   |                                             | interval       |           |
 *
 * rate = speed × width × efficiency × skips; efficiency is 8/10 up to 5 GT/s and 128/130 up to 32 GT/s; skips is
 * what skip ordered sets leave, spread evenly and as seldom as may be: 4 of 1538 symbols up to 5 GT/s; from 8 GT/s
 * on one of 375 blocks of 16 symbols, and 4 bytes for the token before it (4.2.7); at 64 GT/s 40 symbols in every
 * 748 flits at x16, and so on (4.2.3.4.2.5, 4.2.8.3). At 64 GT/s a flit has 236 bytes for TLPs, which need no
 * framing, and 20 for DLLPs and checks. That is the `physical` overhead. `paper` is the arithmetic of pcie-bench:
 * the rate is cut by 1 - 8/AckLimit - 8/FCLimit - 4/1538, limits in symbol times whatever the width, and
 * nothing else takes the wire. `none`: encoding only.
 *
 * The specification's limits on Ack and UpdateFC: (max_payload + 28) × UF / width + delay symbol times, with UF and
 * delay by timing-anchors 1.1. In FLIT mode both travel with every flit. The replay timer: three of those limits up to
 * 8 GT/s; from 16 GT/s on the simplified limit of 24,000 symbol times; in FLIT mode 1500 flits.
 *
 * Time 0 is when the link is up and flow control of VC0 is initialised.
 *
 * Not modelled: power states, and the training that a link begins with.
 */
#ifndef DOORBELL_MODELS_PCIE_LINK_H
#define DOORBELL_MODELS_PCIE_LINK_H

#include "models/pcie/data_link.h"
#include "models/pcie/tlp.h"
#include "sim/channel.h"
#include "sim/fetch.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_LINK_DEFAULT_SPEED   16000u
#define PCIE_LINK_DEFAULT_WIDTH   4u
#define PCIE_LINK_DEFAULT_LATENCY (10 * SIM_NS)
#define PCIE_LINK_DEFAULT_RETRAIN (4 * SIM_US)
#define PCIE_LINK_REFRESH         (30 * SIM_US)

/** Credits that a receiver advertises; data in units of 16 bytes. 0 means infinite (2.6.1). */
struct pcie_credits {
    uint32_t posted_headers;
    uint32_t posted_data;
    uint32_t non_posted_headers;
    uint32_t non_posted_data;
    uint32_t completion_headers;
    uint32_t completion_data;
};

/** What besides TLPs takes the wire. */
enum pcie_overhead {
    PCIE_OVERHEAD_PHYSICAL, /**< DLLPs as they are sent, skip ordered sets */
    PCIE_OVERHEAD_PAPER,    /**< as pcie-bench computes it */
    PCIE_OVERHEAD_NONE,
};

struct pcie_link_config {
    uint32_t speed;          /**< MT/s a lane: 2500, 5000, 8000, 16000, 32000 or 64000 */
    uint32_t width;          /**< lanes: 1, 2, 4, 8, 16 or 32 */
    sim_time latency;        /**< one way, fs: propagation and the ports' fixed delay; serialisation comes on top */
    sim_time credit_latency; /**< from a TLP's leaving the receiver's buffer to the sender's credit, fs; 0: see above */
    enum pcie_overhead overhead;
    uint32_t max_payload;     /**< on which the specification's limits are reckoned, bytes; 0: 256 */
    sim_time update_interval; /**< least time between UpdateFCs of a class, fs; 0: the specification's limit */
    sim_time ack_interval;    /**< least time between Acks, fs; 0: the specification's limit */
    uint32_t tlp_errors;      /**< TLPs in a million that arrive corrupted, 0..999999 */
    uint32_t lost_naks;       /**< Naks in a million that get lost, 0..1000000 */
    uint32_t receiver_errors; /**< of the corrupted in a million, those that the receiver's physical layer sees first */
    uint32_t bad_acks;        /**< Acks in a million that number a TLP that is not under way, up to 1000000 */
    sim_time replay_timer;    /**< from the end of a TLP to its replay if no Nak comes, fs; 0: see above */
    sim_time retrain_time;    /**< that retraining takes after replays in vain, fs; 0: default */
    sim_time refresh_interval; /**< of UpdateFCs without need, fs; 0: 30 µs; SIM_TIME_NEVER: none */
    uint32_t poisoned;         /**< TLPs with data in a million that their sender marks as poisoned, up to 1000000 */
    uint32_t corrupted; /**< TLPs in a million that change inside their sender, behind the ECRC and before the LCRC */
    uint32_t malformed; /**< TLPs in a million whose Length is not that of their payload */
    uint32_t replay_buffer; /**< TLPs that may be without an Ack; 0: as many as it takes */
    enum pcie_removal removal;
    unsigned virtual_channels;         /**< VC0 among them, 1..PCIE_MAX_VCS; 0: 1; each has the credits below */
    struct pcie_credits upper_credits; /**< advertised by the upper end (root port, downstream port) */
    struct pcie_credits lower_credits; /**< advertised by the lower end (endpoint, upstream port) */
};

/** What a component offers to a link. */
struct pcie_end {
    struct sim_component *component;
    bool cut_through; /**< acts on a TLP when its header is in */
};

struct pcie_port;

/** An onlooker at a port, which hears of every TLP and changes nothing. */
struct pcie_tap {
    /** A TLP is about to be sent. */
    void (*sent)(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                 sim_time now);
    /** A TLP has been taken out of the receive buffer. */
    void (*taken)(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                  sim_time now);
    /** A TLP that was sent will not arrive; NULL: the sender has forgotten all that it was waiting for. May be NULL. */
    void (*lost)(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet);
    void *context;
};

/** One end of a link, as its component sees it. */
struct pcie_port {
    alignas(64) struct pcie_data_link *own; /**< the data link layer of this end */
    struct pcie_data_link *opposite;
    const struct pcie_tap *tap; /**< an onlooker (checker.h); NULL: none */
    uint16_t framing;           /**< bytes on the wire around header and payload */
    uint16_t framing_head;      /**< of them, those before the header */
    unsigned vcs;               /**< virtual channels */
    /** With the requests of VC0 in the first line of the host's cache. */
    struct {
        struct sim_channel *transmit;
        struct sim_channel *receive;
    } queues[PCIE_QUEUES];
    uint32_t speed;               /**< MT/s a lane */
    uint32_t width;               /**< lanes */
    const struct pcie_port *peer; /**< at the other end */
    enum pcie_removal removal;    /**< of the device at the lower end */
};

/** Where in the host's memory lies what the way of a posted TLP from a port to the other end's component looks at. */
struct pcie_port_lines {
    const struct pcie_data_link *own;
    const struct pcie_data_link *opposite;
    const struct pcie_port *peer;
    const struct sim_channel *channel;
    const struct sim_channel_slot *slots;
    const void *peer_state; /**< what the component there keeps of its port */
};

struct pcie_link {
    struct pcie_data_link upper_end; /**< sends down */
    struct pcie_data_link lower_end; /**< sends up */
    struct pcie_port upper;          /**< for the component above: root port or downstream port */
    struct pcie_port lower;          /**< for the component below: endpoint or upstream port */
};

/** Fills in the defaults of the table above. */
void pcie_link_config_init(struct pcie_link_config *config);

/**
 * Makes a link, which lives as long as the simulation. Its stages are NAME.down.posted and so on (down, up; posted,
 * non-posted, completion). A speed or width that does not exist is a broken invariant.
 */
struct pcie_link *pcie_link_create(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                   struct pcie_end upper, struct pcie_end lower);

/** From now on TLPs are poisoned, corrupted and malformed as configured; until then none is. Between two runs only. */
void pcie_link_start_faults(struct pcie_link *link);

/**
 * Time of a byte on such a link in 2^-16 fs, rounded to nearest, with everything that the overhead takes off the rate
 * as a whole (the 20 bytes of each flit included); 0 if there is no such speed.
 */
uint64_t pcie_link_fs_per_byte(const struct pcie_link_config *config);

/** The specification's largest time between Acks, and between UpdateFCs of a class, fs. 64 GT/s: that of a flit. */
sim_time pcie_link_limit(const struct pcie_link_config *config);

/** Fills in where things lie. For components of which there are thousands. */
static inline struct pcie_port_lines pcie_port_lines(const struct pcie_port *port)
{
    const struct sim_channel *channel = port->queues[PCIE_POSTED].transmit;

    return (struct pcie_port_lines){
        .own = port->own,
        .opposite = port->opposite,
        .peer = port->peer,
        .channel = channel,
        .slots = channel->slots,
        .peer_state = port->opposite->state,
    };
}

SIM_FETCHES void pcie_data_link_fetch(const struct pcie_data_link *end)
{
    sim_fetch(&end->wire);
    sim_fetch(&end->tlp_time);
    sim_fetch(&end->credit_latency);
    sim_fetch(&end->dllps);
}

/** Has the host fetch them all, before a TLP is sent at a port that has long been quiet. */
SIM_FETCHES void pcie_port_fetch(const struct pcie_port *port, const struct pcie_port_lines *lines)
{
    sim_fetch(port);
    pcie_data_link_fetch(lines->own);
    sim_fetch(&lines->channel->slots);
    sim_fetch(&lines->channel->latency);
    sim_fetch(&lines->channel->wire);
    sim_fetch(lines->slots);
    pcie_data_link_fetch(lines->opposite);
    sim_fetch(lines->peer);
    sim_fetch(lines->peer_state);
}

/** Bytes that a TLP takes on the wire. */
static inline uint32_t pcie_port_wire_bytes(const struct pcie_port *port, const struct sim_packet *packet)
{
    return port->framing + pcie_tlp_header_bytes(packet) + pcie_tlp_payload_bytes(packet) +
           pcie_tlp_digest_bytes(packet);
}

/**
 * Switches a virtual channel other than VC0 on or off at this end. When it is on at both, flow control is initialised:
 * each end sends its three InitFC1 and, when those of the other are in, three InitFC2 (3.4.1). Until the end of that
 * nothing can be sent on it.
 */
void pcie_port_enable_vc(const struct pcie_port *port, unsigned vc, bool enabled, sim_time now);

/** Told when a virtual channel is switched on or off. */
typedef void (*pcie_vc_listener)(void *context, unsigned vc, bool enabled, sim_time now);

/**
 * Has each switching of a virtual channel at this end told, for a link whose other end is not in this simulation and is
 * to hear of it. Building only.
 */
void pcie_port_watch_vcs(const struct pcie_port *port, pcie_vc_listener tell, void *context);

/**
 * For a component that records what goes wrong on the link of this end: findings of this end set @p bit in @p *word
 * and wake the component. Building only.
 */
void pcie_port_watch_link(const struct pcie_port *port, uint64_t *word, unsigned bit);

/** Tells where the component of this end keeps what it looks at for each TLP here: the other end fetches it. */
void pcie_port_keeps(const struct pcie_port *port, const void *state);

/**
 * The device at this end, which must be the lower one, is gone, or there again: the port above, if it can tell, finds
 * that out when the signals that do not come would be there. Only while the engine is paused.
 */
void pcie_port_tell_presence(const struct pcie_port *port, bool there);

/** Takes the oldest finding of this end whose time has come. @return false if there is none */
bool pcie_port_take_finding(const struct pcie_port *port, sim_time now, struct pcie_link_finding *found);

/** When there is another one; SIM_TIME_NEVER: none is known of. */
sim_time pcie_port_findings_due(const struct pcie_port *port);

/** Whether flow control of a virtual channel is initialised. */
static inline bool pcie_port_vc_is_ready(const struct pcie_port *port, unsigned vc, sim_time now)
{
    return vc == 0 || port->own->ready_at[vc] <= now;
}

/** Whether the wire and the credits let a TLP of that queue and payload leave now. @param service as for the channel */
static inline bool pcie_port_has_space(const struct pcie_port *port, unsigned queue, sim_time now, sim_time service,
                                       uint32_t units)
{
    return (queue < PCIE_CLASSES || pcie_port_vc_is_ready(port, pcie_queue_vc(queue), now)) &&
           sim_channel_has_credit(port->queues[queue].transmit, now, units) &&
           pcie_data_link_is_open(port->own, now, now + service);
}

/** When to ask again. */
static inline sim_time pcie_port_space_at(const struct pcie_port *port, unsigned queue, sim_time now, sim_time service,
                                          uint32_t units)
{
    sim_time credit_at = sim_channel_credit_at(port->queues[queue].transmit, units);

    if (queue >= PCIE_CLASSES && !pcie_port_vc_is_ready(port, pcie_queue_vc(queue), now)) {
        /* NEVER, until the other end switches it on: that wakes this one. */
        sim_time ready_at = port->own->ready_at[pcie_queue_vc(queue)];

        return ready_at == SIM_TIME_NEVER ? ready_at : sim_time_align(ready_at, port->own->period);
    }
    return credit_at == SIM_TIME_NEVER ? credit_at
                                       : sim_time_max(credit_at, pcie_data_link_open_at(port->own, now, service));
}

/** Sends a TLP; there must be space. */
void pcie_port_send(const struct pcie_port *port, unsigned queue, struct sim_packet *packet, sim_time now,
                    sim_time service);

/** Takes the oldest TLP of a queue, which must have arrived; its credits start their way back. */
struct sim_packet *pcie_port_take(const struct pcie_port *port, unsigned queue, sim_time now);

/** Whether the ordering table lets a TLP pass all posted requests of its virtual channel that arrived by a time. */
bool pcie_port_may_pass_posted(const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                               sim_time arrival);

/**
 * Whether a non-posted request or a completion at the head of its queue must wait for a posted one of the same virtual
 * channel (2.4.1): it may not pass one that came before it. Arrivals at one instant count as "before": then it waits,
 * which is always allowed. A completion with relaxed ordering passes; so does what has ID-based ordering, where all
 * that came before it are of other IDs. Virtual channels do not wait for each other.
 */
static inline bool pcie_port_must_wait(const struct pcie_port *port, unsigned queue, const struct sim_packet *packet)
{
    unsigned posted = pcie_queue_posted(queue);
    sim_time arrival;

    if (queue == posted) {
        return false;
    }
    arrival = sim_channel_next_arrival(port->queues[queue].receive);
    return sim_channel_next_arrival(port->queues[posted].receive) <= arrival &&
           !pcie_port_may_pass_posted(port, queue, packet, arrival);
}

/**
 * For a receiver that lets TLPs pass each other: the next TLP of a queue behind the one at @p index that may pass all
 * that came before it. @return its place; UINT32_MAX if no other has arrived or may
 */
uint32_t pcie_port_next_passing(const struct pcie_port *port, unsigned queue, uint32_t index, sim_time now);

#ifdef __cplusplus
}
#endif

#endif
