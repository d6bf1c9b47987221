/*
 * The inside of a redistributor, for its own files:
 *
 *   redistributor.c            creation, binding, the PE, and the order of one evaluation
 *   redistributor_registers.c  register accesses
 *   redistributor_messages.c   what the ITSs ask for
 *   redistributor_overflow.c   pending LPIs beyond what fits on chip
 *   redistributor_direct.c     the registers by which software asks for the same
 *   redistributor_config.c     LPI configuration: cache, reads, and reading again after an invalidation
 *   redistributor_tables.c     the pending table, read at enable and written at disable
 *   redistributor_spi.c        SPIs that the distributor sends
 *   lpi_set.c                  which LPIs are pending, and the best of them
 */
#ifndef DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_INTERNAL_H

#include "models/gic-its/cache_internal.h"
#include "models/gic-its/gic.h"
#include "models/gic-its/lpi_set_internal.h"
#include "models/gic-its/output_internal.h"
#include "models/gic-its/redistributor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Transaction numbers from here on are the virtual side's. */
#define REDISTRIBUTOR_TAG_VIRTUAL 0x200u

/** The pending table is read and written in lines of so many bytes. */
#define REDISTRIBUTOR_LINE_BYTES 64u
#define REDISTRIBUTOR_LINE_LPIS  (8u * REDISTRIBUTOR_LINE_BYTES)

/** Transaction number of pending table accesses; configuration reads have their slot's index. */
#define REDISTRIBUTOR_TAG_TABLE    0x100u
#define REDISTRIBUTOR_TAG_OVERFLOW 0x101u

enum redistributor_state {
    REDISTRIBUTOR_OFF,
    REDISTRIBUTOR_LOADING, /**< EnableLPIs went to 1: reads the pending table */
    REDISTRIBUTOR_ON,
    REDISTRIBUTOR_SAVING, /**< EnableLPIs went to 0: writes the pending table */
};

/** A read of an LPI's configuration byte. */
struct redistributor_fetch {
    bool busy;
    bool issued;
    bool stale;     /**< invalidated while under way: read again */
    bool refresh;   /**< caused or touched by an invalidation: GIC_SYNC waits for it */
    bool cancelled; /**< LPIs were disabled meanwhile */
    uint32_t lpi;
};

/** Pending LPIs that are in the pending table because there is no room for them on chip. */
struct redistributor_overflow {
    uint64_t *bits;    /**< NULL: there is room for all */
    uint32_t count;    /**< of them */
    uint32_t word;     /**< of the table: the one that is accessed */
    uint32_t cursor;   /**< the word read last */
    bool write_wanted; /**< the word's write has not been asked for */
    bool busy;         /**< an access is under way */
    bool reading;      /**< it is a read */
};

struct redistributor_link {
    struct sim_channel *from;
    struct gic_output to;
};

/** SPIs by INTID. */
struct redistributor_spis {
    struct lpi_set set; /**< pending ones; each has a packet */
    uint8_t priority[GIC_LAST_SPI + 1];
    uint64_t active[(GIC_LAST_SPI + 64) / 64];
};

struct redistributor {
    struct sim_component component; /**< first */
    struct redistributor_config config;
    sim_time due;  /**< the answer of the evaluation under way */
    bool progress; /**< something changed that another part may wait for: look again at the next edge */
    bool busy;     /**< something is under way beside messages; what begins says so by `progress` */
    sim_time signal_service;
    sim_time activate_service;
    sim_time register_service;

    struct sim_channel *target_request;
    struct gic_output target_response;
    struct gic_output memory;
    struct sim_channel *memory_response;
    uint32_t outstanding;                                 /**< memory requests without an answer */
    struct redistributor_link its[REDISTRIBUTOR_MAX_ITS]; /**< and behind the last one the distributor */
    uint64_t inputs;                                      /**< hint: ITS channels that may hold something */
    uint32_t turn;                                        /**< ITS channel to look at first, 0 .. 63 */
    struct gic_output pe;
    struct sim_channel *pe_from;
    uint32_t told; /**< priority that the PE was last told */

    /* Registers. */
    uint64_t propbaser;
    uint64_t pendbaser;
    struct sim_packet
        *direct;             /**< a write of SETLPIR, CLRLPIR, INVLPIR or INVALLR that has not taken effect; or NULL */
    bool pending_table_zero; /**< PENDBASER.PTZ as last written */
    bool asleep;             /**< WAKER.ProcessorSleep */
    bool enable;             /**< CTLR.EnableLPIs as software wants it; state follows */

    uint8_t state;  /**< enum redistributor_state */
    uint32_t limit; /**< LPIs that PROPBASER.IDbits allows; 0 if none */
    struct lpi_set lpis;

    /* Configuration. */
    struct gic_cache cache;
    struct redistributor_fetch fetches[REDISTRIBUTOR_MAX_FETCHES];
    uint32_t fetch_count; /**< busy ones */
    bool scanning;        /**< after INVALL or a load: reads the configuration of all pending LPIs */
    uint32_t scan_next;

    /* Pending table. */
    uint32_t line;    /**< the line that is read or written next */
    bool line_wanted; /**< it has not been asked for */
    bool line_under_way;
    bool *line_is_set; /**< by line: memory holds bits that are not zero, as far as is known */
    uint32_t orphans;  /**< packets whose pending bit is in memory only */

    struct redistributor_overflow overflow;

    /* MOVALL under way. */
    struct sim_packet *move_all; /**< its request; NULL if none */
    uint32_t move_all_its;
    uint32_t move_all_next;

    struct redistributor_virtual *virt; /**< NULL without virtual LPIs */
    struct redistributor_spis *spis;    /**< NULL without a distributor */

    uint64_t count_set;
    uint64_t count_merged;
    uint64_t count_activated;
    uint64_t count_spurious;
    uint64_t count_dropped;
    uint64_t count_cleared;
    uint64_t count_moved;
    uint64_t count_written_out;
    uint64_t count_read_back;
    uint64_t count_table_reads;
    uint64_t count_table_writes;
};

/** There will be something to do at @p time. */
static inline void redistributor_look_at(struct redistributor *rd, sim_time time)
{
    rd->due = sim_time_min(rd->due, time);
}

/** Drops a held MSI. */
void redistributor_drop(struct redistributor *rd, struct sim_packet *packet, sim_time now, enum sim_drop_reason reason);

/** Says that a tracked write which is no doorbell is lost; from then on it is an ordinary access. */
void redistributor_report_stray(struct redistributor *rd, struct sim_packet *packet, sim_time now);

/** Sends a memory request that has been prepared; the port must be ready. */
void redistributor_request(struct redistributor *rd, struct sim_packet *packet, sim_time now);

/* redistributor_registers.c */

/** Carries out a register access and turns the request into its answer. */
void redistributor_access_register(struct redistributor *rd, struct sim_packet *packet);

/* redistributor_direct.c */

/** Whether this write asks for an LPI to be set, cleared or invalidated. */
bool redistributor_is_direct(const struct redistributor *rd, const struct sim_packet *packet);

/** Takes such a write and answers it; none may be under way. */
void redistributor_take_direct(struct redistributor *rd, struct sim_packet *packet, sim_time now);

/** GICR_SYNCR. */
uint32_t redistributor_read_syncr(const struct redistributor *rd);

/* redistributor_virtual*.c: only where there are virtual LPIs (rd->virt), unless told */

/** Checks the configuration and takes memory, if there are virtual LPIs. */
void redistributor_create_virtual(struct redistributor *rd);

/** One evaluation's part: residency, requests, moves. */
void redistributor_step_virtual(struct redistributor *rd, sim_time now);

/** Issues a memory access, if one is wanted and the port is free. */
void redistributor_request_virtual(struct redistributor *rd, sim_time now);

/** Takes the answer to one. */
void redistributor_take_virtual(struct redistributor *rd, const struct sim_packet *packet);

/** Takes a message of an ITS that is about a vPE. @return false if it must wait */
bool redistributor_take_virtual_message(struct redistributor *rd, uint32_t link, const struct sim_packet *head,
                                        sim_time now);

/** Whether a message about a vPE has not taken effect: GIC_SYNC waits for it. False without virtual LPIs. */
bool redistributor_is_virtual_busy(const struct redistributor *rd);

/** Turns the PE's acknowledge of a virtual interrupt into its answer. */
struct sim_packet *redistributor_acknowledge_virtual(struct redistributor *rd, struct sim_packet *request);

/** Tells the PE about virtual interrupts, if what it was told is out of date. */
void redistributor_signal_virtual(struct redistributor *rd, sim_time now);

/** Registers of the VLPI_base frame, by offset of the 64-bit register. @return whether there is one */
bool redistributor_read_virtual(const struct redistributor *rd, uint32_t offset, uint64_t *value);
bool redistributor_write_virtual(struct redistributor *rd, uint32_t offset, uint64_t value);

/** Fields of GICR_TYPER; 0 without virtual LPIs. */
uint64_t redistributor_virtual_typer(const struct redistributor *rd);

/* redistributor_spi.c */

/** Takes memory for SPIs, if there is a distributor. */
void redistributor_create_spis(struct redistributor *rd);

/** Takes a message of the distributor. @return false if it must wait */
bool redistributor_take_spi_message(struct redistributor *rd, uint32_t link, const struct sim_packet *head,
                                    sim_time now);

/** Gives the PE the best SPI, which there is. */
struct sim_packet *redistributor_acknowledge_spi(struct redistributor *rd);

/** An SPI's handler has ended. */
void redistributor_deactivate_spi(struct redistributor *rd, uint32_t intid);

/* redistributor_messages.c */

/** Makes an LPI pending that no message is behind: a doorbell. @return false if that must wait */
bool redistributor_ring(struct redistributor *rd, uint32_t intid);

/** Carries out the direct request, if it can be at this edge; only while there is one. */
void redistributor_step_direct(struct redistributor *rd, sim_time now);

/** Takes at most one message of the ITSs; only while one of `inputs` may hold something. */
void redistributor_take_message(struct redistributor *rd, sim_time now);

/** Moves a MOVALL on; only while one is under way. */
void redistributor_step_move_all(struct redistributor *rd, sim_time now);

/* redistributor_config.c */

/** Puts a cached configuration into force for an LPI that is pending. */
void redistributor_configure_cached(struct redistributor *rd, uint32_t lpi, struct gic_cache_entry *entry);

/** Whether redistributor_fetch() would find room (or a read of that LPI under way). */
bool redistributor_can_fetch(const struct redistributor *rd, uint32_t lpi);

/** Starts a read of an LPI's configuration, or joins one. @param refresh  on behalf of an invalidation */
void redistributor_fetch(struct redistributor *rd, uint32_t lpi, bool refresh);

/** INV and INVALL: forget what is cached, read again what is pending. INV needs redistributor_can_fetch(). */
void redistributor_invalidate(struct redistributor *rd, uint32_t lpi);
void redistributor_invalidate_all(struct redistributor *rd);

/** Whether anything that an invalidation started is still under way. */
bool redistributor_is_refreshing(const struct redistributor *rd);

/** Starts reading the configuration of all pending LPIs. */
void redistributor_start_scan(struct redistributor *rd);

/** Moves that on; only while it is under way. */
void redistributor_step_scan(struct redistributor *rd);

/** Issues the next configuration read, if there is one and the port is free. */
void redistributor_request_config(struct redistributor *rd, sim_time now);

/** Takes the answer to a configuration read. */
void redistributor_take_config(struct redistributor *rd, const struct sim_packet *packet, sim_time now);

/** Forgets all configuration and all reads: LPIs have been disabled. */
void redistributor_cancel_fetches(struct redistributor *rd);

/* redistributor_overflow.c */

/** Takes memory for the overflow, if there can be one. */
void redistributor_create_overflow(struct redistributor *rd, uint32_t lpis);

/** Whether one more pending LPI has no room on chip. */
static inline bool redistributor_is_full(const struct redistributor *rd)
{
    return SIM_SELDOM(rd->overflow.bits != NULL) && rd->lpis.heap_count + rd->fetch_count >= rd->config.pending_entries;
}

/** Whether an LPI is pending in the table only. */
static inline bool redistributor_is_out(const struct redistributor *rd, uint32_t lpi)
{
    return rd->overflow.count > 0 && (rd->overflow.bits[lpi / 64] >> (lpi % 64) & 1) != 0;
}

/** Whether an LPI can be written out now. */
bool redistributor_can_write_out(const struct redistributor *rd);

/** Writes a pending LPI, which is not a candidate, out. */
void redistributor_write_out(struct redistributor *rd, uint32_t lpi);

/** The same for one whose bit is in memory already. */
void redistributor_mark_out(struct redistributor *rd, uint32_t lpi);

/** An LPI is not pending any more, wherever it was. Only if there can be an overflow. */
void redistributor_make_room(struct redistributor *rd, uint32_t lpi);

/** The same in general. */
static inline void redistributor_forget_out(struct redistributor *rd, uint32_t lpi)
{
    if (SIM_SELDOM(rd->overflow.bits != NULL)) {
        redistributor_make_room(rd, lpi);
    }
}
void redistributor_forget_all_out(struct redistributor *rd);

/** Issues the next access; only if there is something to do. */
void redistributor_step_overflow(struct redistributor *rd, sim_time now);

/** Takes the answer to an access. */
void redistributor_take_overflow(struct redistributor *rd);

/* redistributor_tables.c */

/** Starts loading or saving when CTLR.EnableLPIs asks for it, and moves it on. */
void redistributor_step_tables(struct redistributor *rd, sim_time now);

/** Takes the answer to an access of the pending table. */
void redistributor_take_line(struct redistributor *rd, const struct sim_packet *packet);

#ifdef __cplusplus
}
#endif

#endif
