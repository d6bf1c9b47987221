/*
 * The inside of a root complex. Files: root_complex.c (making, evaluation), root_complex_upstream.c (requests from
 * below), root_complex_host.c (requests of the host), root_complex_completion.c (what comes back for the host),
 * root_complex_link.c (what goes out at the root ports), root_complex_errors.c (what root ports find wrong, and are
 * told), root_complex_interrupt.c (what they tell software of it).
 */
#ifndef DOORBELL_MODELS_PCIE_ROOT_COMPLEX_INTERNAL_H
#define DOORBELL_MODELS_PCIE_ROOT_COMPLEX_INTERNAL_H

#include "models/pcie/errors.h"
#include "models/pcie/root_complex.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RC_NOBODY       0xffu
#define RC_WIRING_CACHE 256u

/* Bits of root_complex.bus_arrived: memory ports from 0 on, and the host. */
#define RC_HOST_BIT 63u

/** Messages of SMMUs that wait at a root port; the host's requests have places of their own. */
#define RC_MESSAGES 8u

/** A request of the host, or a message of an SMMU, that waits for its root port's link. */
struct rc_waiting {
    struct sim_packet *packet; /**< a write, as TLP already; NULL: the outstanding request `tag` */
    uint64_t order;            /**< of its arrival */
    uint16_t tag;
};

struct rc_queue {
    struct rc_waiting *ring;
    uint32_t head;
    uint32_t count;
};

/** How long a tag whose request was given up waits for completions that are late. */
#define RC_LATE_COMPLETIONS (50 * SIM_MS)

enum rc_outstanding_state {
    RC_FREE,
    RC_QUEUED, /**< not sent yet: no time runs */
    RC_SENT,
    RC_LATE, /**< given up and answered; completions may still come */
};

/** A read or configuration request of the host that is under way; its tag is the index. */
struct rc_outstanding {
    struct sim_packet *packet; /**< of the bus; NULL: answered */
    sim_time since;            /**< when it was sent, or given up */
    enum rc_outstanding_state state;
    uint8_t port;      /**< root port */
    uint32_t received; /**< bytes of double words so far */
    uint32_t skip;     /**< bytes of the first double word before the first one asked for */
    uint32_t span;     /**< bytes of double words asked for */
    bool config;
    bool type1; /**< a configuration request for a bus further down */
};

/** What becomes of the head of a root port's input. */
enum rc_action {
    RC_TO_MEMORY, /**< to a memory port */
    RC_REFUSE,    /**< error; posted: dropped, else a completion at the same port */
    RC_DISCARD,   /**< error; nobody is told */
    RC_TAKE_MESSAGE,
    RC_TAKE_COMPLETION, /**< answers the host */
    RC_PEER_REQUEST,    /**< for a device below another root port, straight */
    RC_PEER_COMPLETION, /**< for somebody below a root port */
    RC_UNEXPECTED,
};

struct rc_decision {
    enum rc_action action;
    uint8_t port;   /**< memory port, or root port of RC_PEER_* */
    uint8_t status; /**< RC_REFUSE */
    uint8_t vc;     /**< RC_PEER_*: on which it goes out */
    uint32_t error; /**< RC_REFUSE, RC_DISCARD: PCIE_AER_* */
};

/** A head that wants to go out at a root port, or a completion to go out there. */
struct rc_answer {
    struct sim_packet *packet; /**< NULL: none */
    struct rc_decision decision;
    uint32_t place; /**< behind the head of its queue */
    uint8_t input;
    uint8_t queue_in;
};

/** The message of a root port that has one. */
struct rc_interrupt {
    bool is_due;               /**< an error shows that it is for, and nothing masks it */
    struct sim_packet *packet; /**< that waits for the memory port; NULL: none */
    uint32_t source;           /**< for observers */
    uint32_t name_hash;
    uint32_t messages; /**< so far: the low half of their identities */
};

struct rc_port {
    const struct pcie_port *link; /**< NULL: link down */
    struct pcie_bridge bridge;
    struct rc_interrupt interrupt;
    struct pcie_split completion[PCIE_MAX_VCS]; /**< answers of the bus that are going down */
    struct pcie_split write;                    /**< the host's write that is going down */
    struct rc_queue posted;
    uint32_t messages; /**< of them, messages: at most RC_MESSAGES */
    struct rc_queue non_posted;
    struct rc_answer answers[PCIE_QUEUES]; /**< found in this evaluation, by queue out; packets are NULL outside */
    uint8_t class_turn[PCIE_MAX_VCS];
    uint32_t sent;                     /**< bit a queue that has sent in this evaluation */
    uint16_t answer_turn[PCIE_QUEUES]; /**< input (root port × queues + queue) that is looked at first for .answers */
    bool answer_first[PCIE_QUEUES];    /**< .answers go before the port's own the next time */
};

/** What a requester ID becomes; a cache of the maps, which never change. */
struct rc_wiring {
    bool valid;
    uint16_t rid;
    uint8_t memory_port;
    uint32_t flags;
    uint32_t stream_id;
    uint32_t device_id;
};

struct rc_memory {
    struct sim_bus_port bus;
    uint16_t turn; /**< input (root port × queues + queue) that is looked at first */
    /* Of this evaluation: */
    uint16_t best;       /**< input that is to go next */
    uint32_t best_place; /**< behind the head of its queue */
    uint16_t candidates; /**< inputs that have something for this port */
};

struct root_complex {
    struct sim_component component;
    struct sim *sim;
    struct root_complex_config config;
    uint16_t id; /**< own requester ID */
    uint64_t arrived[PCIE_QUEUES];
    unsigned queues; /**< of the link with the most virtual channels */
    uint64_t bus_arrived;
    sim_time deadline;     /**< no request of the host times out before; SIM_TIME_NEVER: none is under way */
    uint64_t findings;     /**< hint: bit a root port on whose link something may have been found wrong */
    uint64_t interrupting; /**< root ports with a message that waits, a bit each */
    uint64_t busy_ports;   /**< root ports that have something of their own to send: queues, completion, write */
    uint32_t port_count;
    struct rc_port ports[ROOT_COMPLEX_MAX_PORTS];
    uint8_t port_at[256]; /**< by device and function number on the root bus */
    struct rc_memory memories[ROOT_COMPLEX_MAX_MEMORY_PORTS];
    struct sim_bus_port host;
    struct rc_outstanding outstanding[ROOT_COMPLEX_MAX_HOST_REQUESTS];
    uint16_t free_tags[ROOT_COMPLEX_MAX_HOST_REQUESTS];
    uint32_t free_tag_count;
    uint32_t unanswered;           /**< requests of the host that have been taken and not answered */
    struct sim_packet **responses; /**< ring: answers on their way to the host */
    uint32_t response_head;
    uint32_t response_count;
    uint64_t order;
    uint32_t queue_size; /**< places in the queues of the root ports */
    struct rc_wiring wiring[RC_WIRING_CACHE];
    struct root_complex_counters counters;
};

/** What an evaluation did, for the due time. */
struct rc_round {
    uint64_t moved[PCIE_QUEUES]; /**< bit a root port from whose input something was taken */
    uint64_t served;             /**< bit a memory port that has taken something already */
    uint64_t memories;           /**< bit a memory port that inputs have something for */
    uint64_t answers;            /**< bit a root port with an answer from an input */
    bool answer_lost;            /**< an input lost its turn for an answer */
    bool answer_sent;
    sim_time due; /**< when TLPs that may pass others could go, or come */
};

/** Where an answer of the bus waits at a root port: one of each virtual channel at a time. */
static inline struct pcie_split *rc_split_of(struct rc_port *port, const struct sim_packet *packet)
{
    unsigned vc = pcie_vcs_of(&port->bridge.vcs, packet);

    return &port->completion[vc != PCIE_NO_VC ? vc : 0];
}

/* ---- root_complex_upstream.c ---- */

/**
 * The common case, without the bookkeeping of a contest: one root port has posted requests and there is nothing else.
 * @return whether the head could be forwarded or has to wait; then *due is when to look again
 */
bool rc_forward_alone(struct root_complex *rc, sim_time now, sim_time *due);

/** Looks at the inputs of the root ports; takes what needs no output, notes the best candidates for the others. */
void rc_collect(struct root_complex *rc, struct rc_round *round, sim_time now);

/** From TLP to bus: sidebands by the wiring; byte enables only where not all bytes are meant. */
void rc_put_on_bus(struct root_complex *rc, struct sim_packet *packet);

/** The memory port for a requester ID. */
unsigned rc_memory_of(struct root_complex *rc, uint16_t rid);

/** Sends the best candidate of each memory port. */
void rc_serve_memories(struct root_complex *rc, struct rc_round *round, sim_time now);

/** When memory ports with candidates have space. */
sim_time rc_memories_due(struct root_complex *rc, const struct rc_round *round, sim_time now);

/** Brings a TLP of an input that may pass before the older ones, to be taken at once. */
void rc_let_pass(struct root_complex *rc, unsigned input, unsigned queue, uint32_t place, sim_time now);

/** With passing: when an answer of a memory port behind a blocked one could be taken. */
sim_time rc_passing_answer_due(const struct root_complex *rc, unsigned index, sim_time now);

/** The queue that a candidate goes out on at its root port. */
unsigned rc_queue_out(const struct rc_answer *candidate);

/** Takes answers from the memory ports, where the root port they belong to can take them. */
void rc_take_answers(struct root_complex *rc, sim_time now);

/** Root port that leads to a bus; RC_NOBODY. */
unsigned rc_port_towards(const struct root_complex *rc, unsigned bus);

/* ---- root_complex_errors.c ---- */

/**
 * A root port has found an uncorrectable error: records it, and tells itself what it would tell the root.
 * @param advisory see struct pcie_error
 */
void rc_report(struct root_complex *rc, unsigned port, uint32_t error, bool advisory, const struct sim_packet *packet);

/** An error message has come in at a root port (6.2.6). */
void rc_take_error(struct root_complex *rc, unsigned port, const struct sim_packet *packet);

/** Records what has been found wrong with the root ports' links by now. @return when to look again */
sim_time rc_take_findings(struct root_complex *rc, sim_time now);

/* ---- root_complex_interrupt.c ---- */

/** Error status, masks or controls of a root port have changed: its message becomes due, or is not any more. */
void rc_judge_interrupt(struct root_complex *rc, unsigned index);

/** Sends messages of root ports that wait, before what comes from below. */
void rc_serve_interrupts(struct root_complex *rc, struct rc_round *round, sim_time now);

/** When more of them can be sent. */
sim_time rc_interrupts_due(struct root_complex *rc, sim_time now);

/* ---- root_complex_host.c ---- */

/** Root port with a link whose window an address lies in; RC_NOBODY. */
unsigned rc_claiming_port(const struct root_complex *rc, uint64_t address);

/** Queues a message that goes down at a root port, which has fewer than RC_MESSAGES. */
void rc_enqueue_message(struct root_complex *rc, unsigned port, struct sim_packet *message);

/** Takes a request of the host, if there is room. */
void rc_take_host(struct root_complex *rc, sim_time now);

/** Sends an answer to the host. */
void rc_send_response(struct root_complex *rc, sim_time now);

/** When the host's side has something to do. */
sim_time rc_host_due(struct root_complex *rc, sim_time now);

/** The acknowledgement of a write that goes on as a TLP: a new packet. */
void rc_acknowledge(struct root_complex *rc, const struct sim_packet *write);

/** Turns a request of the bus into its answer, and queues that for the host. What is not OK reads as all ones. */
void rc_answer(struct root_complex *rc, struct sim_packet *packet, enum sim_packet_status status, bool config);

/** The function that an address in ECAM belongs to. */
uint16_t rc_ecam_target(const struct root_complex *rc, uint64_t address);

/** Byte enables of an access within a double word. */
static inline uint8_t rc_dword_enables(const struct sim_packet *packet)
{
    return (uint8_t)(0xfu >> (4 - packet->length) << (packet->address & 3) & 0xf);
}

/* ---- root_complex_completion.c ---- */

/** The TLP for an outstanding read or configuration request, which is sent now: its time runs. */
struct sim_packet *rc_make_request(struct root_complex *rc, uint16_t tag, sim_time now);

/** A completion for the host has come; the packet ends here. */
void rc_take_completion(struct root_complex *rc, unsigned port, struct sim_packet *packet);

/** Gives up requests that nobody has completed in time (2.8): Completion Timeout at the root port, all ones. */
void rc_expire_requests(struct root_complex *rc, sim_time now);

/* ---- root_complex_link.c ---- */

/** The latency with which what came in at a root port goes out at another. */
sim_time rc_answer_latency(const struct root_complex *rc, unsigned queue);

/** Sends what root ports have to send: the host's requests, completions, answers from inputs. */
void rc_serve_links(struct root_complex *rc, struct rc_round *round, sim_time now);

/** When they can send more. */
sim_time rc_links_due(struct root_complex *rc, const struct rc_round *round, sim_time now);

#ifdef __cplusplus
}
#endif

#endif
