/*
 * The inside of an ITS, for its own files:
 *
 *   its.c            creation, binding, and the order of one evaluation
 *   its_registers.c  register accesses
 *   its_status.c     what is reported of accesses and MSIs that went wrong
 *   its_tables.c     GITS_BASERn, table entries, and the walk through them
 *   its_translate.c  GITS_TRANSLATER: the fast path, and MSIs in flight
 *   its_queue.c      the command queue: fetch, order, errors, quiescence
 *   its_execute.c    what each command does
 *   its_commands.c   the format of commands
 *   its_virtual*.c   virtual LPIs, see its_virtual_internal.h
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_ITS_INTERNAL_H

#include "models/gic-its/cache_internal.h"
#include "models/gic-its/its.h"
#include "models/gic-its/output_internal.h"
#include "models/gic-its/vpe_table_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of each kind of table entry: DTE, ITE, CTE, and level 1 entries. */
#define ITS_ENTRY_BYTES 8u

/* ---- Tables (its_tables.c) ---- */

/** A GITS_BASERn, decoded. */
struct its_table {
    bool valid;
    bool indirect;
    uint8_t page_shift; /**< log2 of the page size */
    uint64_t address;
    uint64_t ids; /**< IDs that the table has room for: level 1 and level 2 together */
};

struct its_dte {
    bool valid;
    uint8_t event_bits;
    uint64_t itt_address;
};

struct its_ite {
    bool valid;
    bool is_virtual; /**< mapped by VMAPTI: `vpe` in place of `collection`, intid is a vINTID */
    uint32_t intid;
    uint32_t collection;
    uint32_t vpe;
    uint32_t doorbell; /**< GICv4.0: INTID of the event's doorbell, or GIC_NO_DOORBELL */
};

struct its_cte {
    bool valid;
    uint32_t target; /**< Processor_Number of the redistributor */
};

/** How a walk through the tables ended. */
enum its_outcome {
    ITS_OUTCOME_OK,
    ITS_OUTCOME_TABLE, /**< a table that is needed is not Valid */
    ITS_OUTCOME_DEVICE_RANGE,
    ITS_OUTCOME_DEVICE_UNMAPPED,
    ITS_OUTCOME_EVENT_RANGE,
    ITS_OUTCOME_EVENT_UNMAPPED,
    ITS_OUTCOME_COLLECTION_RANGE,
    ITS_OUTCOME_COLLECTION_UNMAPPED,
    ITS_OUTCOME_VPE_RANGE,
    ITS_OUTCOME_VPE_UNMAPPED,
    ITS_OUTCOME_MEMORY, /**< a read ended in a bus error */
};

/** How far a walk goes. */
enum its_goal {
    ITS_GOAL_DEVICE_ADDRESS, /**< where the DTE is */
    ITS_GOAL_DEVICE,         /**< the DTE */
    ITS_GOAL_EVENT,          /**< and the ITE */
    ITS_GOAL_COLLECTION,     /**< and the CTE; of a virtual event the vPE table entry */
    ITS_GOAL_VPE_ADDRESS,    /**< where the vPE table entry is */
    ITS_GOAL_VPE,            /**< the vPE table entry */
};

/** Which entry a walk is reading. */
enum its_level {
    ITS_LEVEL_DEVICE_L1,
    ITS_LEVEL_DEVICE,
    ITS_LEVEL_EVENT,
    ITS_LEVEL_COLLECTION,
    ITS_LEVEL_VPE_L1,
    ITS_LEVEL_VPE,
};

enum its_walk_state {
    ITS_WALK_IDLE,
    ITS_WALK_ISSUE, /**< wants to read `address` */
    ITS_WALK_WAIT,  /**< waits for the answer */
    ITS_WALK_DONE,
    ITS_WALK_BLOCKED, /**< at a vPE that is being mapped or moved: looks it up again afterwards */
};

/** A walk: DeviceID to DTE, EventID to ITE, ICID to CTE. */
struct its_walk {
    uint8_t state;    /**< enum its_walk_state */
    uint8_t level;    /**< enum its_level */
    uint8_t goal;     /**< enum its_goal */
    uint8_t outcome;  /**< enum its_outcome, when done */
    bool translation; /**< on behalf of an MSI: counts and fills the caches; commands only look */
    uint32_t device;
    uint32_t event;
    uint64_t address;     /**< of the entry being read */
    uint64_t dte_address; /**< of the DTE; goal DEVICE_ADDRESS */
    uint64_t ite_address; /**< of the ITE, unless the event cache hit */
    struct its_dte dte;
    struct its_ite ite;
    struct its_cte cte;
    bool vpe_bound;       /**< has looked its vPE up: a move of that vPE waits for it */
    uint32_t vpe;         /**< vPEID looked up */
    uint64_t vpe_address; /**< of its entry; goals VPE_ADDRESS and VPE */
    struct vpe_entry vpe_entry;
};

/** A table's key and set in its cache. */
static inline uint64_t its_event_key(uint32_t device, uint32_t event)
{
    return (uint64_t)device << 32 | event;
}

/** Neighbouring events go to neighbouring sets; devices start at sets that are spread by a multiplicative hash. */
static inline uint32_t its_event_index(uint32_t device, uint32_t event)
{
    return event + (device * 0x9e3779b1u >> 16);
}

/** Requester IDs differ in bus, device or function: fold the three. */
static inline uint32_t its_device_index(uint32_t device)
{
    return device ^ device >> 3 ^ device >> 8;
}

/* ---- MSIs in flight (its_translate.c) ---- */

struct its_slot {
    struct sim_packet *packet;
    uint64_t sequence; /**< number of the acceptance: what SYNC compares */
    bool held;         /**< has not looked anything up: waits for an older MSI of its event, or for a command */
    struct its_walk walk;
};

/* ---- Commands (its_queue.c, its_execute.c) ---- */

enum its_engine_state {
    ITS_ENGINE_IDLE,
    ITS_ENGINE_FETCH,
    ITS_ENGINE_DECODE,
    ITS_ENGINE_HAZARD, /**< waits for MSIs whose translation the command may change */
    ITS_ENGINE_EXECUTE,
    ITS_ENGINE_QUIESCE, /**< Enabled went to 0: waits until redistributors have everything */
};

/** MSIs that a command holds back while it is carried out. */
enum its_hazard {
    ITS_HAZARD_NONE,
    ITS_HAZARD_DEVICE, /**< those of the command's DeviceID */
    ITS_HAZARD_ALL,
    ITS_HAZARD_VPE, /**< those of the command's vPE, when they come to it */
};

/** A memory access of the command engine: the command itself, or a table entry that it writes. */
struct its_access {
    uint8_t state; /**< enum its_walk_state: the same four */
    bool write;
    bool ok;
    uint64_t address;
    uint64_t value;                   /**< written */
    uint8_t bytes[ITS_COMMAND_BYTES]; /**< read */
};

struct its_engine {
    uint8_t state;  /**< enum its_engine_state */
    uint8_t hazard; /**< enum its_hazard */
    uint32_t step;  /**< of the command's handler */
    sim_time ready_at;
    struct its_command command;
    struct its_walk walk;
    struct its_access access;
    uint64_t mark;             /**< SYNC: MSIs accepted before this number must have left */
    uint32_t target;           /**< redistributor that is spoken to */
    uint32_t new_target;       /**< redistributor to which pending state moves */
    struct sim_packet *moving; /**< an LPI on its way from target to new_target */
    bool internal;             /**< stands aside while a vPE table entry is updated after another ITS's VMOVP */
    bool carrier;              /**< VMOVP: passes MSIs on, and says when the vPE has moved */
    bool restart;              /**< VMOVI: the old vPE has been let go while waiting for the new one */
    uint32_t old_vpe;          /**< VMOVI: from where, with its entry */
    struct vpe_entry old_vpe_entry;
};

/** What a step of a handler came to. */
enum its_progress {
    ITS_WAIT,  /**< for memory, a redistributor, or space */
    ITS_AGAIN, /**< the step is done, call for the next */
    ITS_DONE,
    ITS_ERROR, /**< its_fail() has been called */
};

/** Updates of this ITS's own vPE table after VMOVPs of others. What the command engine was about is kept. */
struct its_update {
    uint32_t waiting; /**< links whose vPE has moved */
    uint32_t link;
    bool writing;
    struct its_walk walk;
    struct its_access access;
};

/* ---- The whole ---- */

struct its_target {
    struct sim_channel *request;
    struct gic_output response;
};

struct its_link {
    struct gic_output to;
    struct sim_channel *from;
    bool dirty; /**< has been sent LPIs since it last answered a SYNC */
    bool holds; /**< GICv4: has asked to hold interrupts of `held_vpe` back */
    bool holds_answered;
    uint32_t held_vpe;
    bool moved; /**< the vPE has moved to `moved_to`, which this ITS's own table does not say yet */
    uint32_t moved_to;
    sim_time taken_at; /**< when something was last taken from `from` */
};

struct its {
    struct sim_component component; /**< first */
    struct its_config config;
    sim_time due;  /**< the answer of the evaluation under way */
    bool progress; /**< something changed that another part of the ITS may wait for: look again at the next edge */
    bool busy;     /**< MSIs in flight, or the command engine at work */
    sim_time translate_service;
    sim_time window_service; /**< of the pre-ITS */
    sim_time register_service;
    sim_time accept_at;    /**< no MSI is taken before */
    uint64_t device_limit; /**< DeviceIDs below it can be mapped: 0 while the ITS is off or has no tables */

    struct its_target targets[ITS_TARGET_PORTS];
    uint32_t target_count;
    uint32_t target_turn;
    struct gic_output memory;
    struct sim_channel *memory_response;
    bool commands_turn; /**< who of commands and MSIs goes first when both want memory */
    struct its_link *links;

    /* Registers. */
    bool enabled;
    bool quiescent;
    bool stalled;
    bool umsi_irq;    /**< CTLR.UMSIirq */
    uint32_t statusr; /**< GITS_STATUSR */
    uint64_t umsir;
    uint64_t cbaser;
    uint64_t baser[3]; /**< device, collection, vPE: the fields that software writes */
    uint32_t read_offset;
    uint32_t write_offset;
    struct its_table device_table;
    struct its_table collection_table;
    struct its_cte *chip_collections; /**< config.chip_collections of them */

    struct gic_cache device_cache;
    struct gic_cache event_cache;
    struct gic_cache collection_cache;

    /* Virtual LPIs. */
    struct its_table vpe_table;
    struct gic_cache vpe_cache; /**< first words of entries */
    uint64_t *vpe_cache_high;   /**< second words */
    uint64_t *vpe_inputs;       /**< hint: redistributors that may have said something unasked */
    uint32_t vpe_holds;         /**< links that hold a vPE */
    struct its_update update;

    struct its_slot slots[ITS_MAX_SLOTS];
    uint8_t age[ITS_MAX_SLOTS]; /**< slots in use, oldest first */
    uint32_t slot_count;
    uint64_t free_slots; /**< one bit a slot */
    uint64_t accepted;   /**< MSIs accepted so far */

    struct its_engine engine;

    uint64_t count_dropped;
    uint64_t count_table_reads;
    uint64_t count_table_writes;
    uint64_t count_commands;
    uint64_t count_errors;
    uint64_t count_system_errors;
    uint64_t count_unmapped;
    uint64_t errors[ITS_OPCODES][ITS_ERROR_REASONS]; /**< by opcode (unknown ones counted as 0) and reason */
    uint32_t last_error;
};

/** There will be something to do at @p time. */
static inline void its_look_at(struct its *its, sim_time time)
{
    its->due = sim_time_min(its->due, time);
}

/** Whether an address lies in the pre-ITS's window; never without one. */
static inline bool its_is_in_window(const struct its *its, uint64_t address)
{
    return address - its->config.pre_its_base < its->config.pre_its_size;
}

/* its_registers.c */

/** Carries out a register access and turns the request into its answer. */
void its_access_register(struct its *its, struct sim_packet *packet);

/** GITS_TYPER. */
uint64_t its_typer(const struct its *its);

/* its_status.c */

/** Notes in GITS_STATUSR an access that does not fit its location. @param offset in the frames */
void its_note_access(struct its *its, uint32_t offset, bool write);

/** A write of GITS_STATUSR: ones clear. */
void its_write_statusr(struct its *its, uint32_t value);

/** Reports an MSI that found no mapping, if the ITS does that. */
void its_report_unmapped(struct its *its, uint32_t device, uint32_t event, enum gits_syndrome syndrome);

/* its_tables.c */

/** Decodes a GITS_BASERn. @param id_bits IDs have so many bits  @param entry_bytes bytes of an entry, a power of two */
void its_decode_baser(struct its_table *table, uint64_t baser, uint32_t id_bits, uint32_t entry_bytes);

/** Starts a walk from a DeviceID and an EventID. */
void its_walk_start(struct its *its, struct its_walk *walk, uint32_t device, uint32_t event, enum its_goal goal,
                    bool translation);

/** What the caches know about an event. */
struct its_cached {
    struct gic_cache_entry *event;
    struct gic_cache_entry *collection;
    uint32_t target;
    struct its_ite ite;
    struct vpe_entry vpe_entry; /**< of a virtual event; then `collection` is an entry of the vPE cache */
};

/** Looks an event up in the event and collection caches, changing nothing. @return false if either misses */
bool its_find_cached(const struct its *its, uint32_t device, uint32_t event, struct its_cached *found);

/** Starts a walk from an ICID; it ends at the CTE. For commands. */
void its_walk_collection(struct its *its, struct its_walk *walk, uint32_t collection);

/** Gives a walk what it read. @param high the second word, of a vPE table entry */
void its_walk_take(struct its *its, struct its_walk *walk, bool ok, uint64_t value, uint64_t high);

/**
 * Tells observers what the ITS has read for an MSI (its_reads.c).
 * @param level  enum its_level of what was read; the walk has taken it already
 * @param answer from memory
 */
void its_tell_read(struct its *its, const struct its_slot *slot, uint8_t level, const struct sim_packet *answer,
                   sim_time now);

/** Table entries as they are in memory. */
uint64_t its_encode_dte(const struct its_dte *dte);
uint64_t its_encode_ite(const struct its_ite *ite);
uint64_t its_encode_cte(const struct its_cte *cte);

/** Address of a CTE; the ICID must be in range. */
uint64_t its_cte_address(const struct its *its, uint32_t collection);

/** Whether collections are on chip (GITS_TYPER.HCC): as long as there is no table in memory. */
static inline bool its_collections_on_chip(const struct its *its)
{
    return !its->collection_table.valid && its->config.chip_collections > 0;
}

/** Collections there is room for; 0 if there is no table. */
static inline uint64_t its_collection_count(const struct its *its)
{
    if (its->collection_table.valid) {
        return its->collection_table.ids;
    }
    return its->config.chip_collections;
}

/** Number of the redistributor that a command's RDbase names; UINT32_MAX if there is none. */
uint32_t its_find_target(const struct its *its, uint64_t rdbase);

/* its_translate.c */

/** Takes a write of GITS_TRANSLATER from a target port, if it can be taken at this edge. */
bool its_accept_msi(struct its *its, struct its_target *target, const struct sim_packet *head, sim_time now);

/**
 * Behind a pre-ITS: whether a write is one of GITS_TRANSLATER, by itself or by the window; if so it gets its DeviceID.
 */
bool its_is_windowed_msi(const struct its *its, struct sim_packet *packet);

/** Moves MSIs in flight on, oldest first. */
void its_step_slots(struct its *its, sim_time now);

/** Turns a packet into the message that makes an LPI pending. */
void its_make_lpi(struct sim_packet *packet, uint32_t intid);

/* its_queue.c */

/** Commands that the queue in memory has room for, as software has set it up, and how many wait in it: gauges. */
uint64_t its_queue_size(const void *context);
uint64_t its_queue_fill(const void *context);

/** Moves the command engine on. */
void its_step_engine(struct its *its, sim_time now);

/** Notes a command error; for handlers. @return ITS_ERROR */
enum its_progress its_fail(struct its *its, enum its_error_reason reason);

/** The same from the end of a walk. */
enum its_progress its_fail_walk(struct its *its, enum its_outcome outcome);

/** Starts an access of the command engine. */
void its_start_read(struct its *its, uint64_t address);
void its_start_write(struct its *its, uint64_t address, uint64_t value);

/** Sends a new message to a redistributor. @return false if it cannot be sent at this edge */
bool its_send(struct its *its, uint32_t target, uint8_t operation, uint32_t intid, sim_time now);

/** Takes the next answer of a redistributor; NULL if there is none yet. */
struct sim_packet *its_take_answer(struct its *its, uint32_t target, sim_time now);

/* its_execute.c */

/** Which MSIs a command holds back. */
enum its_hazard its_hazard_of(const struct its_command *command);

/** Carries out the next step of the engine's command. */
enum its_progress its_execute(struct its *its, sim_time now);

#ifdef __cplusplus
}
#endif

#endif
