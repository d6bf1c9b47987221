/*
 * The SMMU's inside: one component, whose files each hold one idea.
 *
 *   smmu.c          making, binding, and the order of work in an evaluation
 *   regs.c          register pages: layout, guards, acknowledgement
 *   identification.c what the identification registers say
 *   tbu.c           requests: lookup, hits      tbu_slots.c    those that wait
 *   tbu_output.c    what leaves                 tcu.c          what they wait for
 *   tbu_tlb.c       a TBU's own TLBs            tbu_link.c     the way between TBU and TCU
 *   tcu_caches.c    what walk caches and IPA cache spare a translation (walk_cache.c)
 *   invalidate.c    invalidations and CMD_SYNC, through TCU and TBUs
 *   stream_table.c  STEs        context.c       CDs
 *   config_cache.c  their cache config_fetch.c  reading them
 *   tlb.c           translations                walk.c  reading them
 *   translation.c   one translation, step by step, of either stage or both
 *   descriptor.c    what descriptors say        attributes.c  memory attributes
 *   queues.c        what the command and event queues share
 *   commands.c      the command engine          command_set.c  the commands
 *   ecmdq.c         more command queues         cmdqv*.c       those of virtual machines
 *   events.c        event records               interrupts.c  GERROR and MSIs
 *   stalls.c        stalled transactions        ats.c         translation requests, translated transactions
 *   messages.c      ATS and PRI messages        atc.c         invalidations of endpoints' caches
 *   pri.c           page requests                gauges.c      how full what is
 *   walker.c        the walker port: every access of the SMMU's own to memory
 *
 * Lists of slots and jobs link indexes; SMMU_NONE ends a list.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_SMMU_INTERNAL_H

#include "models/smmuv3/command_queue_internal.h"
#include "models/smmuv3/config_cache_internal.h"
#include "models/smmuv3/smmu.h"
#include "models/smmuv3/smmu_regs.h"
#include "models/smmuv3/tables_internal.h"
#include "models/smmuv3/tbu_tlb_internal.h"
#include "models/smmuv3/tlb_internal.h"
#include "models/smmuv3/translation_internal.h"
#include "models/smmuv3/walk_cache_internal.h"
#include "sim/ats.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SMMU_NONE UINT16_MAX

/** Words of a register page that are stored; what lies beyond, the control pages of command queues have. */
#define SMMU_PAGE_WORDS 128

/** Durations of the stages in femtoseconds, whole cycles. */
struct smmu_times {
    sim_time pass;            /**< accept and forward: of a request that is not looked up */
    sim_time pass_configured; /**< with the lookup of its configuration */
    sim_time pass_translated; /**< with that of its translation too */
    sim_time accept;
    sim_time config_lookup;
    sim_time tlb_lookup;
    sim_time micro_tlb_lookup;
    sim_time tbu_tlb_lookup;
    sim_time to_tcu; /**< 0: no link */
    sim_time to_tbu;
    sim_time walk_begin;
    sim_time walk_interval;
    sim_time ipa_lookup;
    sim_time walk_lookup[2][SMMU_WALK_CACHE_LEVELS];
    sim_time issue;
    sim_time decode;
    sim_time config_decode;
    sim_time forward;
    sim_time response;
    sim_time reg;
    sim_time command;
    sim_time scan;
};

/** What registers tell the pipeline, decoded when they are written. */
struct smmu_control {
    bool enabled;           /**< CR0.SMMUEN */
    bool global_abort;      /**< GBPA.ABORT */
    bool record_invalid_id; /**< CR2.RECINVSID */
    bool record_config_ats; /**< CR2.REC_CFG_ATS */
    bool ats_check;         /**< CR0.ATSCHK */
    struct smmu_stream_table stream_table;
};

/** A first-in first-out list of slots. */
struct smmu_list {
    uint16_t head;
    uint16_t tail;
};

/** Messages to endpoints that can wait for a port. */
#define SMMU_PORT_MESSAGES 8

/** A message to an endpoint (sim/ats.h). */
struct smmu_message {
    sim_time leave;   /**< not before */
    uint64_t address; /**< header bytes 8 to 15 */
    uint64_t payload; /**< of an Invalidate Request */
    uint32_t sid;
    uint32_t pasid;
    uint8_t operation; /**< SIM_ATS_* */
    bool has_pasid;
};

/** Messages that wait for a port: a ring. */
struct smmu_message_queue {
    struct smmu_message ring[SMMU_PORT_MESSAGES];
    uint32_t head;
    uint32_t count;
};

/** StreamIDs behind a port. */
struct smmu_stream_route {
    uint32_t first;
    uint32_t last;
    uint32_t port;
};

struct smmu_port {
    struct sim_bus_port upstream;
    struct sim_bus_port downstream;
    sim_time out_free;      /**< when the next request may leave: one a cycle */
    sim_time response_free; /**< likewise upstream */
    sim_time sent_at;       /**< edge of the last push downstream; SIM_TIME_NEVER at first */
    sim_time answered_at;   /**< edge of the last push upstream */
    struct smmu_list ready; /**< slots that may leave, in order */
    uint16_t youngest;      /**< youngest slot held; SMMU_NONE if none */
    uint32_t held;          /**< slots held */
    uint32_t tbu;           /**< the TBU it belongs to */
    struct smmu_message_queue messages;
};

/** Invalidations that can be on their way to a TBU, or waiting there, at once. */
#define SMMU_TBU_INVALIDATIONS 8

struct smmu_tbu_invalidation {
    bool of_configs; /**< which of the two scopes holds */
    sim_time done_at;
    struct smmu_tlb_scope translations;
    struct smmu_config_scope configs;
};

/** Translation buffer unit: some of the ports, and slots of its own. */
struct smmu_tbu {
    struct smmu_port *ports; /**< its own, up to ports_end */
    struct smmu_port *ports_end;
    struct smmu_port *turn; /**< one past the port that took a slot last */
    uint32_t slots;         /**< index of its first slot ... */
    uint32_t slot_count;
    uint32_t active; /**< slots held, but for those of stalled transactions ... */
    uint32_t limit;  /**< ... of which there may be no more; a retried one may exceed it */
    uint16_t free_slot;
    bool starved; /**< a request is waiting for a slot (counted once) */
    struct smmu_tbu_tlb micro_tlb;
    struct smmu_tbu_tlb tlb;
    struct smmu_list to_tcu; /**< slots whose request is on its way, in order of arrival */
    struct smmu_list to_tbu; /**< slots whose answer is */
    sim_time to_tcu_free;    /**< when the next message may leave: one a cycle */
    sim_time to_tbu_free;
    sim_time invalidate_free; /**< when it is through with all invalidations */
    struct smmu_tbu_invalidation invalidations[SMMU_TBU_INVALIDATIONS]; /**< a ring */
    uint32_t invalidation_head;
    uint32_t invalidation_count;
};

enum smmu_slot_state {
    SMMU_SLOT_FREE,
    SMMU_SLOT_ASKED,    /**< on its way to the TCU, or waiting to be */
    SMMU_SLOT_CONFIG,   /**< waits for its configuration */
    SMMU_SLOT_WALK,     /**< waits for its translation */
    SMMU_SLOT_ANSWERED, /**< on its way back */
    SMMU_SLOT_DONE,     /**< knows its outcome */
    SMMU_SLOT_STALLED,  /**< detached, waits for CMD_RESUME or CMD_STALL_TERM */
    SMMU_SLOT_PAGE,     /**< detached page request, waits for its turn in the PRI queue */
};

enum smmu_outcome {
    SMMU_OUTCOME_FORWARD,
    SMMU_OUTCOME_ABORT,
    SMMU_OUTCOME_RAZ_WI,
    SMMU_OUTCOME_UNSUPPORTED, /**< translation request: UR */
    SMMU_OUTCOME_TRANSLATION, /**< translation request: `entry` is the answer */
    SMMU_OUTCOME_STALL,
    SMMU_OUTCOME_MESSAGE, /**< it ends here */
};

/** What a request is. */
enum smmu_kind {
    SMMU_KIND_ORDINARY,
    SMMU_KIND_TRANSLATION_REQUEST,
    SMMU_KIND_TRANSLATED,
    SMMU_KIND_MESSAGE,
};

/** A request that could not pass at once: it missed, faulted, or came behind such a one. */
struct smmu_slot {
    struct sim_packet *packet;
    sim_time ready_at; /**< DONE: when the outcome is known; may lie ahead */
    uint64_t sequence;
    uint64_t event[SMMU_EVENT_WORDS]; /**< record to write, if has_event */
    struct smmu_context context;
    struct smmu_stream stream;
    uint16_t next;      /**< in whichever list it is */
    uint16_t successor; /**< the slot that must not leave before this one */
    uint8_t port;
    uint8_t state;   /**< enum smmu_slot_state */
    uint8_t outcome; /**< enum smmu_outcome */
    bool behind;     /**< another slot must leave first */
    bool enabled;    /**< was taken while SMMUEN = 1 */
    bool has_event;
    uint8_t kind;               /**< enum smmu_kind */
    bool merge;                 /**< its record may be merged with an equal one (STE.MEV) */
    bool detached;              /**< neither follows nor is followed */
    bool stall_credit;          /**< counts among the stalled, until it is given back */
    bool unrecorded;            /**< STALLED: no record of it was written, so it is retried when one can be */
    struct sim_ats_entry entry; /**< answer to a translation request */

    /* While its request is with the TCU. */
    bool asked;     /**< holds one of the TCU's translation slots */
    bool cacheable; /**< no invalidation has come since: the TBU may keep the answer */
    bool has_answer;
    uint64_t input;   /**< address as it came */
    sim_time arrival; /**< of the message under way */
    struct smmu_tbu_entry answer;
    struct smmu_list followers; /**< slots that wait for the same page */
};

/** Which structure a config fetch reads. */
enum smmu_config_step {
    SMMU_STEP_L1STD,
    SMMU_STEP_STE,
    SMMU_STEP_L1CD,
    SMMU_STEP_CD,
};

struct smmu_config_fetch {
    bool active;
    bool fresh;   /**< no invalidation has come since it began: may be cached and shared */
    uint8_t step; /**< enum smmu_config_step */
    struct smmu_stream stream;
    struct smmu_ste ste;
    struct smmu_context context;
    uint64_t address; /**< of the structure being read; until it was translated an IPA, if it is a nested stream's CD */
    bool translating; /**< the access under way is stage 2's, for that address ... */
    bool updating;    /**< ... and is an update */
    struct smmu_translation translation;
    struct smmu_list waiters;
};

struct smmu_walk {
    bool active;
    bool fresh;    /**< as above */
    bool updating; /**< the access under way is an update */
    struct smmu_translation translation;
    struct smmu_list waiters;
};

/** Who asked for an access on the walker port: the high byte of the packet's tag; the low byte is an index. */
enum smmu_requester {
    SMMU_REQUEST_CONFIG,
    SMMU_REQUEST_WALK,
    SMMU_REQUEST_COMMAND,
    SMMU_REQUEST_EVENT,
    SMMU_REQUEST_MSI,
    SMMU_REQUEST_PAGE,
};

struct smmu_request {
    uint8_t requester; /**< enum smmu_requester */
    uint8_t index;
    uint8_t type;   /**< SIM_PACKET_READ, _WRITE or _COMPARE_SWAP */
    uint8_t length; /**< bytes */
    uint64_t address;
    sim_time leave; /**< not before */
    uint64_t data[SMMU_EVENT_WORDS];
};

/** Accesses waiting to leave on the walker port: a ring, in order of asking. Each requester has at most one. */
struct smmu_walker {
    struct sim_bus_port port;
    struct smmu_request *ring;
    uint32_t capacity;
    uint32_t head;
    uint32_t count;
    sim_time out_free;
    uint32_t name_hash;
    uint32_t packets; /**< sent so far: the low half of their identities */
};

struct smmu_event_engine {
    uint64_t (*ring)[SMMU_EVENT_WORDS];
    uint32_t head;
    uint32_t count;
    bool writing; /**< the head is on its way to memory */
    uint64_t queued;
    uint64_t finished; /**< written or lost */
};

/** Stalled transactions; a STAG is the index of the slot that holds one. */
struct smmu_stalls {
    uint32_t credits;    /**< how many more can stall */
    uint32_t stalled;    /**< slots in state STALLED */
    uint32_t unrecorded; /**< of these, without a record */
};

/** The PRI queue's input: slots of page requests, in order. */
struct smmu_pri_engine {
    struct smmu_list requests;
    uint16_t current; /**< the one that is worked on; SMMU_NONE: none */
    bool writing;     /**< it is on its way to memory */
    bool checking;    /**< it waits for its STE (PPAR) */
};

/** An Invalidate Request under way: index is its ITag. */
struct smmu_atc_request {
    bool active;
    bool late;         /**< timed out: nobody waits for it, but its ITag is not given out before `deadline` */
    uint8_t queue;     /**< command queue that it came from */
    uint8_t completed; /**< completions received */
    uint32_t sid;
    sim_time deadline;
};

/** Command queues that can have ATC invalidations of their own. */
#define SMMU_ATC_QUEUES 256

struct smmu_atc_engine {
    struct smmu_atc_request requests[SIM_ATS_ITAGS];
    uint32_t active;                       /**< ITags that are taken */
    uint16_t outstanding[SMMU_ATC_QUEUES]; /**< by queue */
    bool failed[SMMU_ATC_QUEUES];          /**< one of the queue's has timed out since its last CMD_SYNC */
};

/** Sources of the SMMU's own MSIs. */
enum smmu_msi_source {
    SMMU_MSI_GERROR,
    SMMU_MSI_EVENTQ,
    SMMU_MSI_SYNC,
    SMMU_MSI_PRIQ,
    SMMU_MSI_SOURCES,
};

struct smmu_msi {
    bool sent; /**< its acknowledgement is to come */
    uint64_t address;
    uint32_t data;
};

struct smmu_counters {
    uint64_t wires[SMMU_WIRES]; /**< edges of the outputs that are no MSIs */
    uint64_t requests;
    uint64_t config_hits;
    uint64_t config_misses;
    uint64_t tlb_hits;
    uint64_t tlb_misses;
    uint64_t config_reads; /**< reads of STEs, CDs and level-1 descriptors */
    uint64_t walks;
    uint64_t walk_reads;
    uint64_t walk_updates; /**< access flags and dirty state written back */
    uint64_t commands;
    uint64_t events;      /**< event records written */
    uint64_t events_lost; /**< queue full, disabled or broken */
    uint64_t terminated;  /**< requests aborted or RAZ/WI */
    uint64_t msis;
    uint64_t stalls;        /**< transactions that stalled */
    uint64_t merged_events; /**< records that were merged with an equal one */

    /* Only with ATS. */
    uint64_t translation_requests;
    uint64_t translated;        /**< translated transactions */
    uint64_t atc_invalidations; /**< Invalidate Requests sent */
    uint64_t atc_timeouts;
    uint64_t page_requests;  /**< that came */
    uint64_t page_records;   /**< written to the PRI queue */
    uint64_t page_automatic; /**< automatic PRG Responses */
    uint64_t slot_stalls;    /**< requests that had to wait for a translation slot */

    /* Only with a link between TBUs and TCU. */
    uint64_t ipa_hits;
    uint64_t ipa_misses;
    uint64_t micro_tlb_hits;
    uint64_t tbu_tlb_hits;
    uint64_t tbu_misses;
    uint64_t merged;        /**< misses that waited for an older one to the same page */
    uint64_t credit_stalls; /**< misses that waited for a translation slot of the TCU */
    uint64_t invalidations; /**< of TBUs, carried out */
};

struct smmu {
    struct sim_component component;
    struct sim *sim;
    struct smmu_times times;
    struct smmu_control control;
    struct smmu_features features;
    uint32_t port_count;
    uint32_t tbu_count;
    bool port_order;  /**< SMMU_ORDER_PORT */
    bool distributed; /**< there is a link between TBUs and TCU */
    bool again;       /**< something changed that work done earlier in this evaluation must look at */
    struct smmu_port *ports;
    struct smmu_tbu *tbus;
    struct smmu_tlb tlb;
    struct smmu_config_cache configs;
    struct smmu_walk_cache walk_cache[2][SMMU_WALK_CACHE_LEVELS]; /**< [stage - 1][level] */
    struct smmu_tlb ipa_cache;
    uint32_t stage2_epoch; /**< invalidations of stage 2 so far */
    bool has_walk_caches;  /**< or an IPA cache */
    struct smmu_walker walker;
    struct smmu_event_engine events;
    struct smmu_command_engine commands;
    struct smmu_cmdqv cmdqv;
    smmu_command_observer observer; /**< told of commands; or NULL */
    void *observer_context;
    struct smmu_msi msi[SMMU_MSI_SOURCES];
    uint32_t msi_pending; /**< one bit a source: to be sent */
    uint32_t wires_bound; /**< one bit a wire that leads somewhere */
    struct sim_channel *wires[SMMU_WIRES];
    uint64_t edges_told[SMMU_WIRES];
    struct smmu_stalls stalls;
    struct smmu_pri_engine pri;
    struct smmu_atc_engine atc;
    struct smmu_stream_route *routes;
    uint32_t route_count;
    uint32_t route_capacity;

    struct smmu_slot *slots;
    uint32_t slot_count;           /**< of all TBUs */
    uint32_t credits;              /**< distributed: free translation slots of the TCU */
    struct smmu_list credit_queue; /**< slots waiting for one */
    uint32_t held;                 /**< slots held */
    uint32_t held_enabled;         /**< of these, taken while SMMUEN = 1 */
    uint64_t next_sequence;
    struct smmu_config_fetch *fetches;
    uint32_t fetch_count;
    uint32_t fetches_active;
    struct smmu_list config_queue; /**< slots waiting for a config fetch slot */
    struct smmu_walk *walks;
    sim_time walk_free; /**< the next walk may begin */
    uint32_t walk_count;
    uint32_t walks_active;
    struct smmu_list walk_queue; /**< slots waiting for a walk slot */

    uint32_t page0[SMMU_PAGE_WORDS];
    uint32_t page1[SMMU_PAGE_WORDS];
    struct sim_bus_port registers;
    uint32_t config_stage;
    uint32_t walk_stage;
    struct smmu_counters counters;
    struct smmu_config config;
};

/** Whether an output address is larger than this SMMU can emit. */
static inline bool smmu_exceeds_output(const struct smmu *smmu, uint64_t address)
{
    return address >> smmu->features.output_address_bits != 0;
}

/** Address of an access of the SMMU's own to a queue, or of an MSI: cut off to the output size (3.4.3). */
static inline uint64_t smmu_truncate_output(const struct smmu *smmu, uint64_t address)
{
    return address & ((UINT64_C(1) << smmu->features.output_address_bits) - 1);
}

/** Tells observers what an answer to a config fetch or a walk says to those who wait for it (reads.c). */
void smmu_tell_reads(struct smmu *smmu, const struct sim_packet *packet, sim_time now);

/** Registers queues, caches and slots for records of occupancy (gauges.c). */
void smmu_register_gauges(struct smmu *smmu);

/* ---- Registers (regs.c) ---- */

/** A 32-bit register of page 0 or (offset with SMMU_PAGE_BYTES) page 1. */
static inline uint32_t *smmu_register(struct smmu *smmu, uint32_t offset)
{
    return offset < SMMU_PAGE_BYTES ? &smmu->page0[offset / 4] : &smmu->page1[(offset - SMMU_PAGE_BYTES) / 4];
}

static inline uint64_t smmu_register64(struct smmu *smmu, uint32_t offset)
{
    return *smmu_register(smmu, offset) | (uint64_t)*smmu_register(smmu, offset + 4) << 32;
}

/** Sets the identification registers (identification.c). */
void smmu_identification_reset(struct smmu *smmu);

/** Sets all registers to their reset values. */
void smmu_registers_reset(struct smmu *smmu);

/** Serves one register access, which has arrived. @return when there is more to do */
sim_time smmu_registers_run(struct smmu *smmu, sim_time now);

/** Whether fields of CR0 or IRQ_CTRL have been written and not been acknowledged. */
static inline bool smmu_registers_await(const struct smmu *smmu)
{
    const uint32_t *words = smmu->page0;

    return ((words[SMMU_CR0 / 4] ^ words[SMMU_CR0ACK / 4]) |
            (words[SMMU_IRQ_CTRL / 4] ^ words[SMMU_IRQ_CTRLACK / 4])) != 0;
}

/** Acknowledges CR0 and IRQ_CTRL fields whose update is complete. */
void smmu_registers_acknowledge(struct smmu *smmu);

/* ---- The link between TBU and TCU (tbu_link.c) ---- */

/** A slot that missed in its TBU, at @p at, needs its translation. */
void smmu_tbu_ask(struct smmu *smmu, uint16_t index, sim_time at);

/** A slot's outcome, which it holds, is known to the TCU at @p at. */
void smmu_tcu_answer(struct smmu *smmu, uint16_t index, sim_time at);

/** A message to the TCU, or (smmu_tbu_message()) to a TBU, that is ready at @p at. @return when it arrives */
sim_time smmu_tcu_message(struct smmu *smmu, struct smmu_tbu *tbu, sim_time at);
sim_time smmu_tbu_message(struct smmu *smmu, struct smmu_tbu *tbu, sim_time at);

/** Takes messages that have arrived. */
void smmu_tcu_receive(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now);
void smmu_tbu_receive(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now);

/** When the next message arrives, or the next invalidation is through. */
sim_time smmu_tbu_link_due(const struct smmu *smmu, const struct smmu_tbu *tbu);

/* ---- Slots (tbu_slots.c) ---- */

/** A slot's outcome is known at @p at. */
void smmu_slot_decide(struct smmu *smmu, uint16_t index, enum smmu_outcome outcome, sim_time at);

/** Terminates a slot's request because of a fault. */
void smmu_slot_decide_fault(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at);

/** The same for a fault that is found at the input, without more to tell. @param type SMMU_F_*, SMMU_C_* */
void smmu_slot_decide_type(struct smmu *smmu, uint16_t index, uint8_t type, sim_time at);

/** Terminates a slot's request because of a fault, in a given way, with or without a record. */
void smmu_slot_terminate(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, enum smmu_outcome outcome,
                         bool record, sim_time at);

/** Takes a slot out of the order of its port: what follows it need not wait. */
void smmu_slot_detach(struct smmu *smmu, uint16_t index);

/** Gives a slot back: its request has left. */
void smmu_slot_release(struct smmu *smmu, uint16_t index);

/* ---- Translation control unit (tcu.c) ---- */

/** A slot needs its configuration and translation; the request came to the TCU at @p at. */
void smmu_tcu_translate(struct smmu *smmu, uint16_t index, sim_time at);

/** Flags of a request after the STE's overrides (PRIVCFG, INSTCFG). */
static inline uint32_t smmu_request_flags(const struct smmu_context *context, const struct sim_packet *packet)
{
    return (packet->flags & ~context->flags_clear) | context->flags_set;
}

/** Looks a slot's address up in the TLB, or waits for a walk: its context, which translates, is known at @p at. */
void smmu_tcu_look_up(struct smmu *smmu, uint16_t index, sim_time at);

/** What a packet needs to be permitted, with these flags in place of its own: see smmu_access_need(). */
static inline unsigned smmu_packet_need(const struct sim_packet *packet, uint32_t flags)
{
    return smmu_access_need(packet->type == SIM_PACKET_WRITE, (flags & SIM_FLAG_EXECUTE) != 0,
                            (flags & SIM_FLAG_PRIVILEGED) != 0);
}

/** What a request needs in a context. */
static inline unsigned smmu_request_need(const struct smmu_context *context, const struct sim_packet *packet)
{
    return smmu_packet_need(packet, smmu_request_flags(context, packet));
}

/** What a request needs of an entry of a TBU's TLB, which knows its stream's overrides. */
static inline unsigned smmu_tbu_entry_need(const struct smmu_tbu_entry *entry, const struct sim_packet *packet)
{
    return smmu_packet_need(packet, (packet->flags & ~entry->flags_clear) | entry->flags_set);
}

/** Whether an entry permits all that is needed. */
static inline bool smmu_entry_permits(const struct smmu_tlb_entry *entry, unsigned need)
{
    return (need & ~(unsigned)entry->output) == 0;
}

/** Whether an entry that does not permit a write would after a walk that marks its descriptors dirty. */
static inline bool smmu_entry_is_clean(const struct smmu_tlb_entry *entry, unsigned need)
{
    return (need & (SMMU_PERM_S2_W)) != 0 && (entry->output & SMMU_PERM_CLEAN) != 0;
}

/** A waiting slot's configuration is known at @p at: @p context, or (fault->type != 0) @p fault. */
void smmu_slot_configured(struct smmu *smmu, uint16_t index, const struct smmu_context *context,
                          const struct smmu_fault *fault, sim_time at);

/**
 * A waiting slot's translation is known at @p at: @p entry, or (fault->type != 0) @p fault.
 * @param need what the walk was for; another kind of access may have to look for itself
 * @param want likewise, for marking dirty
 */
void smmu_slot_translated(struct smmu *smmu, uint16_t index, const struct smmu_tlb_entry *entry,
                          const struct smmu_fault *fault, unsigned need, unsigned want, sim_time at);

/** A config fetch slot or a walk slot is free: those that waited for one try again. */
void smmu_slots_retry_config(struct smmu *smmu, sim_time at);
void smmu_slots_retry_walk(struct smmu *smmu, sim_time at);

static inline void smmu_list_append(struct smmu *smmu, struct smmu_list *list, uint16_t slot)
{
    smmu->slots[slot].next = SMMU_NONE;
    if (list->head == SMMU_NONE) {
        list->head = slot;
    } else {
        smmu->slots[list->tail].next = slot;
    }
    list->tail = slot;
}

/** Takes the first slot of a list, which must not be empty. */
static inline uint16_t smmu_list_take(struct smmu *smmu, struct smmu_list *list)
{
    const uint16_t slot = list->head;

    list->head = smmu->slots[slot].next;
    return slot;
}

/* ---- Configuration fetches (config_fetch.c) ---- */

/**
 * Starts to read the configuration of a stream, or joins a fetch under way.
 * @param slot who waits for it; SMMU_NONE: nobody (a prefetch)
 * @param at   when its first read may be issued
 * @return false if all fetch slots are busy
 */
bool smmu_config_fetch_start(struct smmu *smmu, const struct smmu_stream *stream, uint16_t slot, sim_time at);

/** The structure that fetch @p index read. @p data is NULL if the read was aborted. */
void smmu_config_fetch_step(struct smmu *smmu, uint32_t index, const uint8_t *data, sim_time now);

/** Marks fetches under way that an invalidation covers. */
void smmu_config_fetch_invalidate(struct smmu *smmu, const struct smmu_config_scope *scope);

/* ---- Walk caches and IPA cache (tcu_caches.c) ---- */

void smmu_tcu_caches_init(struct smmu *smmu, struct sim *sim, const char *name);
void smmu_tcu_caches_register_counters(struct smmu *smmu);

/** Goes through the LOOKUP steps of a translation with the help of the caches; *at becomes when they are done. */
enum smmu_translation_step smmu_translation_look_up(struct smmu *smmu, struct smmu_translation *t,
                                                    enum smmu_translation_step step, sim_time *at);

/** Keeps what the answer that led to @p step has told. */
void smmu_translation_learn(struct smmu *smmu, struct smmu_translation *t, enum smmu_translation_step step);

/** Drops what @p scope covers. */
void smmu_tcu_caches_invalidate(struct smmu *smmu, const struct smmu_tlb_scope *scope);

/* ---- Translation table walks (walk.c) ---- */

/** Asks for the access that a translation's READ or (@p update) UPDATE step wants. */
void smmu_translation_issue(struct smmu *smmu, const struct smmu_translation *t, bool update,
                            enum smmu_requester requester, uint32_t index, sim_time at);

/** Takes its answer. @param data NULL if it was aborted */
enum smmu_translation_step smmu_translation_answer(struct smmu_translation *t, bool updating, const uint8_t *data);

/** The TLB entry that a translation that is done makes (not marked valid, nor global). */
struct smmu_tlb_entry smmu_translation_entry(const struct smmu_translation *t);

/**
 * Starts a walk for the canonical address @p va, or joins one for the same page; see smmu_config_fetch_start(). The
 * address must not be one that smmu_translation_refuses().
 * @param need what the access needs: see smmu_access_need(), SMMU_NEED_ANY; 0: a prefetch
 * @param want what is to be marked dirty if it is permitted
 */
bool smmu_walk_start(struct smmu *smmu, const struct smmu_context *context, uint64_t va, unsigned need, unsigned want,
                     uint16_t slot, sim_time at);

/** The descriptor that walk @p index read. @p data is NULL if the read was aborted. */
void smmu_walk_step(struct smmu *smmu, uint32_t index, const uint8_t *data, sim_time now);

/** Marks walks under way that an invalidation covers. */
void smmu_walk_invalidate(struct smmu *smmu, const struct smmu_tlb_scope *scope);

/* ---- Walker port (walker.c) ---- */

/** Queues an access; it leaves when its turn comes, not before request->leave. */
void smmu_walker_request(struct smmu *smmu, const struct smmu_request *request);

/** Takes an answer, which has arrived. @return when the next one arrives */
sim_time smmu_walker_receive(struct smmu *smmu, sim_time now);

/** Sends one access, if there is room; one must be waiting. @return when there is more to do */
sim_time smmu_walker_send(struct smmu *smmu, sim_time now);

/* ---- Events (events.c) ---- */

/** Makes the record of a fault. @param flags SIM_FLAG_PRIVILEGED and _EXECUTE as they are after the STE's overrides */
void smmu_event_make(uint64_t record[SMMU_EVENT_WORDS], const struct smmu_fault *fault,
                     const struct smmu_stream *stream, const struct sim_packet *packet, uint32_t flags);

/** Whether smmu_event_queue() would take a record now. */
bool smmu_event_has_room(const struct smmu *smmu);

/**
 * Takes a record to be written to the event queue; it is lost at once if the queue is not enabled.
 * @param merge it need not be written if an equal one still waits
 */
void smmu_event_queue(struct smmu *smmu, const uint64_t record[SMMU_EVENT_WORDS], bool merge);

/** Takes a record if there is room for it; else it is lost. */
void smmu_event_try(struct smmu *smmu, const uint64_t record[SMMU_EVENT_WORDS]);

/** Whether the event queue can be written (7.2.1). */
bool smmu_event_is_writable(struct smmu *smmu);

/** Starts to write the oldest record. */
void smmu_events_run(struct smmu *smmu, sim_time now);

/** The write of a record was answered. */
void smmu_event_written(struct smmu *smmu, bool ok);

/* ---- Interrupts and global errors (interrupts.c) ---- */

/** Whether a global error (one bit of GERROR) is active. */
bool smmu_gerror_is_active(struct smmu *smmu, uint32_t bit);

/** Activates a global error, unless it is active. */
void smmu_gerror_raise(struct smmu *smmu, uint32_t bit);

/** The PRI queue became non-empty, or (PRIQ_IRQ_CFG2.LO) a group's last request has come. */
void smmu_interrupt_priq(struct smmu *smmu);

/** The event queue became non-empty. */
void smmu_interrupt_eventq(struct smmu *smmu);

/** Whether an MSI of a source is still to be sent, or to be answered. */
bool smmu_interrupt_is_under_way(const struct smmu *smmu, enum smmu_msi_source source);

/** Whether a CMD_SYNC can leave its completion MSI. */
bool smmu_interrupt_sync_ready(const struct smmu *smmu);

/** A CMD_SYNC with CS = IRQ completed. */
void smmu_interrupt_sync(struct smmu *smmu, uint64_t address, uint32_t data);

/** Wakes PEs that wait for an event, if IDR0.SEV says so. */
void smmu_interrupt_wake(struct smmu *smmu);

/** Sends MSIs that are pending. */
void smmu_interrupts_run(struct smmu *smmu, sim_time now);

/** Sends the edges of this evaluation along the wires that lead somewhere. */
void smmu_wires_run(struct smmu *smmu, sim_time now);

/** The write of an MSI was answered. */
void smmu_interrupt_written(struct smmu *smmu, uint32_t source, bool ok);

#ifdef __cplusplus
}
#endif

#endif
