/*
 * The inside of a redistributor's virtual side:
 *
 *   redistributor_virtual.c            creation, one evaluation, memory accesses, the PE's virtual interface
 *   redistributor_virtual_registers.c  the VLPI_base frame
 *   redistributor_virtual_residency.c  a vPE comes and goes
 *   redistributor_virtual_config.c     configuration of the resident vPE's LPIs
 *   redistributor_virtual_queue.c      requests: for the resident vPE, and those that need no table
 *   redistributor_virtual_store.c      requests for other vPEs: their tables in memory, and doorbells
 *   redistributor_virtual_move.c       VMOVP: several ITSs agree
 *   redistributor_virtual_parked.c     MSIs whose pending bit is in memory
 *   vpt.c                              the format of a virtual pending table
 */
#ifndef DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_VIRTUAL_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_VIRTUAL_INTERNAL_H

#include "models/gic-its/redistributor_internal.h"
#include "models/gic-its/vpe_table_internal.h"
#include "models/gic-its/vpt_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Transaction numbers: accesses of tables, and after them reads of configuration. */
#define VIRTUAL_TAG_ACCESS REDISTRIBUTOR_TAG_VIRTUAL
#define VIRTUAL_TAG_FETCH  (REDISTRIBUTOR_TAG_VIRTUAL + 0x40u)

/** Of a message about a vPE: bits of `address` that are the VPT's. */
#define VIRTUAL_TABLE_MASK (~(uint64_t)0xffff)

/** packet->tag of a request that no ITS has made. */
#define VIRTUAL_NO_LINK 0xffffu

enum virtual_state {
    VIRTUAL_ABSENT,   /**< no vPE */
    VIRTUAL_FINDING,  /**< GICv4.1: reads its entry of the vPE table */
    VIRTUAL_HEADER,   /**< reads the VPT's header */
    VIRTUAL_LOADING,  /**< reads the VPT */
    VIRTUAL_SCANNING, /**< reads the configuration of what is pending */
    VIRTUAL_RESIDENT,
    VIRTUAL_SETTLING, /**< Valid went to 0: waits for configuration that is being read */
    VIRTUAL_SAVING,   /**< writes the VPT */
    VIRTUAL_CLOSING,  /**< writes the VPT's header */
};

/** Memory accesses that can be under way side by side. */
enum virtual_access_index {
    VIRTUAL_ACCESS_HEADER,
    VIRTUAL_ACCESS_WORD,
    VIRTUAL_ACCESS_OTHER,
    VIRTUAL_ACCESSES,
};

enum virtual_access_state {
    VIRTUAL_ACCESS_IDLE,
    VIRTUAL_ACCESS_WANTED,
    VIRTUAL_ACCESS_ISSUED,
};

struct virtual_access {
    uint8_t state; /**< enum virtual_access_state */
    bool write;
    bool ok; /**< how the last one ended */
    uint32_t length;
    uint64_t address;
    uint8_t data[VPT_LINE_BYTES];
};

/** How far the request at the head of the queue is. */
enum virtual_phase {
    VIRTUAL_PHASE_START,
    VIRTUAL_PHASE_FIND, /**< reads the vPE table */
    VIRTUAL_PHASE_READ,
    VIRTUAL_PHASE_ENABLED, /**< reads whether the interrupt is enabled */
    VIRTUAL_PHASE_WRITE,
    VIRTUAL_PHASE_RING, /**< has a doorbell to ring */
};

/** Where a VMOVP stands. */
enum virtual_move_phase {
    VIRTUAL_MOVE_NONE,
    VIRTUAL_MOVE_HOLDING, /**< has the other ITSs hold the vPE's interrupts back */
    VIRTUAL_MOVE_HANDING, /**< hands MSIs over to the carrier */
    VIRTUAL_MOVE_AWAY,    /**< waits for GIC_VMOVE_END */
    VIRTUAL_MOVE_RELEASING,
};

/** Chains of parked MSIs. */
#define VIRTUAL_PARK_CHAINS 256u

struct redistributor_virtual {
    /* Registers. */
    uint64_t propbaser;
    uint64_t pendbaser; /**< as written, without Valid and what is told */
    bool valid;         /**< VPENDBASER.Valid as software wants it; state follows */
    bool doorbell;      /**< VPENDBASER.Doorbell when Valid went to 0 */
    bool pending_last;
    bool sgi_busy;
    uint16_t sgi_result;

    /* The resident vPE, or the one that comes or goes. */
    uint8_t state; /**< enum virtual_state */
    uint32_t vpe;
    uint32_t id_bits;
    uint32_t limit; /**< LPIs that it has; 0 if it is not mapped */
    uint64_t table;
    uint64_t configuration;
    uint64_t map; /**< parts of its VPT that may hold bits, when it came */
    uint32_t line;
    bool *line_is_set; /**< by line: memory holds bits that are not zero */
    struct lpi_set lpis;
    uint8_t sgis[VPT_SGIS];
    uint16_t sgi_pending;
    uint32_t told; /**< priority that the PE was last told */

    /* Its configuration. */
    struct gic_cache cache;
    struct redistributor_fetch fetches[REDISTRIBUTOR_MAX_FETCHES];
    uint32_t fetch_count;
    bool scanning;
    uint32_t scan_next;

    /* Memory. */
    struct virtual_access accesses[VIRTUAL_ACCESSES];
    uint32_t wanted;   /**< accesses that are not idle */
    uint32_t find_vpe; /**< looked for in the vPE table */
    bool find_level1;

    /* Requests. */
    struct sim_packet *head;
    struct sim_packet *tail;
    uint32_t queued;
    uint8_t phase; /**< enum virtual_phase, of the head */
    struct vpt_header header;
    bool ring;

    /* VMOVP. */
    struct sim_packet *moves[REDISTRIBUTOR_MAX_ITS]; /**< what each ITS has asked for */
    uint64_t asked;                                  /**< one bit for each of them */
    uint8_t move_phase;                              /**< enum virtual_move_phase */
    uint32_t carrier;                                /**< who is handed the MSIs */
    uint64_t participants;                           /**< ITSs that are to be told when it is done */
    uint64_t to_tell;                                /**< ITSs that are to be told at this phase */
    uint64_t holding;                                /**< ITSs that have said that they hold back */
    bool move_one;                                   /**< GIC_VMOVE_ONE */
    uint32_t move_vpe;
    uint64_t move_table;
    uint32_t moved_to;

    struct sim_packet *parked[VIRTUAL_PARK_CHAINS];
    uint32_t parked_count;

    uint64_t count_set;
    uint64_t count_merged;
    uint64_t count_activated;
    uint64_t count_spurious;
    uint64_t count_stored;
    uint64_t count_doorbells;
    uint64_t count_residencies;
    uint64_t count_reads;
    uint64_t count_writes;
};

/** Number of an LPI's vINTID; false if the vPE does not have it. @param id_bits its vINTID bits */
static inline bool virtual_find_lpi(const struct redistributor *rd, uint32_t intid, uint32_t id_bits, uint32_t *lpi)
{
    *lpi = intid - GIC_FIRST_LPI;
    return intid >= GIC_FIRST_LPI && id_bits <= rd->config.intid_bits && intid >> id_bits == 0;
}

/** vINTID bits of the vPE that a message is about. */
static inline uint32_t virtual_id_bits(const struct sim_packet *packet)
{
    return ((uint32_t)packet->address & 0x1f) + 1;
}

static inline uint64_t virtual_table_of(const struct sim_packet *packet)
{
    return packet->address & VIRTUAL_TABLE_MASK;
}

/* redistributor_virtual.c */

/** Whether this is about the vPE that is resident, or comes or goes. */
bool virtual_is_here(const struct redistributor *rd, const struct sim_packet *packet);

/** Wants an access; the one of this index must be idle. To write, `data` is filled in by the caller. */
struct virtual_access *virtual_start(struct redistributor *rd, enum virtual_access_index index, bool write,
                                     uint64_t address, uint32_t length);

/** Whether all accesses have ended. */
static inline bool virtual_is_settled(const struct redistributor_virtual *virt)
{
    return virt->wanted == 0;
}

/** Looks a vPE up in the vPE table of GICR_VPROPBASER (GICv4.1). */
void virtual_find_start(struct redistributor *rd, uint32_t vpe);

/** @return whether it has ended; then the entry, which is not valid if there is none */
bool virtual_find_step(struct redistributor *rd, struct vpe_entry *entry);

/** Whether the vPE here has an interrupt pending and enabled, its groups considered. */
bool virtual_has_deliverable(const struct redistributor *rd);

/** An MSI whose interrupt is pending already: told, and freed. */
void virtual_merge(struct redistributor *rd, struct sim_packet *packet, sim_time now);

/** An MSI has made its interrupt pending. */
void virtual_tell_pending(struct redistributor *rd, const struct sim_packet *packet, sim_time now);

/* redistributor_virtual_residency.c */

/** Has the vPE come or go as GICR_VPENDBASER.Valid asks, and moves that on. */
void virtual_step_residency(struct redistributor *rd, sim_time now);

/** Whether a vPE comes or goes, or is about to. */
bool virtual_is_changing(const struct redistributor *rd);

/* redistributor_virtual_config.c: as for physical LPIs, see redistributor_internal.h */

bool virtual_can_fetch(const struct redistributor *rd, uint32_t lpi);
bool virtual_can_configure(const struct redistributor *rd, uint32_t lpi);
void virtual_configure(struct redistributor *rd, uint32_t lpi);
void virtual_invalidate(struct redistributor *rd, uint32_t lpi);
void virtual_invalidate_all(struct redistributor *rd);
bool virtual_is_refreshing(const struct redistributor *rd);
void virtual_start_scan(struct redistributor *rd);
void virtual_step_scan(struct redistributor *rd);
void virtual_request_config(struct redistributor *rd, sim_time now);
void virtual_take_config(struct redistributor *rd, const struct sim_packet *packet);

/* redistributor_virtual_queue.c */

/** Puts a request at the end of the queue. */
void virtual_enqueue(struct redistributor *rd, struct sim_packet *packet);

/** Takes the head, which has been carried out, out of the queue. */
struct sim_packet *virtual_dequeue(struct redistributor *rd);

/** Moves the head of the queue on. */
void virtual_step_queue(struct redistributor *rd, sim_time now);

/** Sends an answer to the ITS that asked. @return false if it cannot be sent at this edge */
bool virtual_can_answer(struct redistributor *rd, uint32_t link, sim_time now);
void virtual_answer(struct redistributor *rd, uint32_t link, struct sim_packet *packet, uint8_t operation,
                    sim_time now);

/* redistributor_virtual_store.c */

/** Begins the head of the queue, which is for a vPE that is not here. */
void virtual_store_start(struct redistributor *rd, sim_time now);

/** Moves it on. */
void virtual_store_step(struct redistributor *rd, sim_time now);

/* redistributor_virtual_move.c */

/** An ITS has asked for a move, or says that it holds back; what it sent before has been dealt with. */
void virtual_move_asked(struct redistributor *rd, struct sim_packet *packet);
void virtual_move_held(struct redistributor *rd, const struct sim_packet *packet);
void virtual_move_ended(struct redistributor *rd, const struct sim_packet *packet);

/** Moves it on. */
void virtual_step_move(struct redistributor *rd, sim_time now);

/* redistributor_virtual_parked.c */

/** Keeps an MSI whose pending bit is in memory: its `address` and `intid` say where. */
void virtual_park(struct redistributor *rd, struct sim_packet *packet);

/** The MSI of a pending bit, which is parked no longer; NULL if there is none. */
struct sim_packet *virtual_unpark(struct redistributor *rd, uint64_t table, uint32_t intid);

/** Any MSI of a table, which is parked no longer; NULL if there is none. */
struct sim_packet *virtual_unpark_any(struct redistributor *rd, uint64_t table);

#ifdef __cplusplus
}
#endif

#endif
