/*
 * Observation: marks and events, the only sources of latencies, counts and traces.
 *
 * A mark books the time since a packet's previous mark under a stage, so the stages of a packet add up to its whole
 * latency exactly. An event says what became of a packet. Observers must not depend on the order of calls within an
 * instant (counting, summing, and taking minima by (time, identity) are safe). With nobody listening both cost one
 * predictable branch.
 */
#ifndef DOORBELL_SIM_OBSERVE_H
#define DOORBELL_SIM_OBSERVE_H

#include "sim/component.h"
#include "sim/packet.h"
#include "sim/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What an event says. */
enum sim_event_kind {
    SIM_EVENT_MSI_BORN,        /**< a vector was signalled inside a function (where: the endpoint) */
    SIM_EVENT_MSI_SENT,        /**< its memory write left the function */
    SIM_EVENT_MSI_AT_DOORBELL, /**< written to GITS_TRANSLATER of `where`; address and device_id tell what was seen */
    SIM_EVENT_MSI_MERGED,      /**< LPI was pending already: this MSI is delivered together with an earlier one */
    SIM_EVENT_MSI_PENDING,     /**< made its LPI pending (where: the redistributor) */
    SIM_EVENT_MSI_DELIVERED,   /**< a PE's handler for it starts (where: the PE) */
    SIM_EVENT_MSI_HANDLED,     /**< that handler ended */
    SIM_EVENT_DROPPED,         /**< it will never arrive; detail: enum sim_drop_reason */
    SIM_EVENT_WRITE_SENT,      /**< a DMA write left the function */
    SIM_EVENT_WRITE_VISIBLE,   /**< a DMA write is in memory (where: the memory) */
    SIM_EVENT_PEER_ARRIVED,    /**< a peer-to-peer request reached a function (where: endpoint; detail: its number) */
    SIM_EVENT_READ_DONE,       /**< the last completion of a DMA read arrived; detail: enum sim_packet_status */
    SIM_EVENT_KINDS,
};

/** A look into a table in memory, that a packet waited for. Everything is valid during the call only. */
struct sim_table_read {
    const struct sim_packet *packet;   /**< who waited */
    const struct sim_component *where; /**< who read */
    const char *what;                  /**< which entry: "stream table entry" */
    const char *meaning;               /**< what it says, in words */
    uint64_t address;
    uint32_t length; /**< bytes */
    bool shared;     /**< another packet, or none, caused it: this one found it under way */
    sim_time issued;
    sim_time arrived;
};

/** Who listens. Each function may be NULL. */
struct sim_observer {
    void *context;
    /** Whether packets shall remember their marks (sim_packet.trail), to be read at the event that ends their way. */
    bool trails;
    /** Events that it does not want to hear of: the bit 1 << kind (enum sim_event_kind) for each. */
    uint32_t deaf_to;
    /** @p stage took from @p begin to @p end for this packet. */
    void (*mark)(void *context, const struct sim_packet *packet, uint32_t stage, sim_time begin, sim_time end);
    /** @p kind happened to the packet at @p where. */
    void (*event)(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                  const struct sim_component *where, sim_time time, uint32_t detail);
    /** A tracked packet's entry has been read. Nobody prepares the words unless this is there. */
    void (*read)(void *context, const struct sim_table_read *read);
};

/** Sets the observer (copied); NULL removes it. */
void sim_observe(struct sim *sim, const struct sim_observer *observer);

/**
 * Registers a stage, for example "sw0" or "sw0 -> rp0". Component and channel constructors do this.
 * @return its number, 1 and up; numbers say nothing about order
 */
uint32_t sim_stage_register(struct sim *sim, const char *name);

/** Name of a stage. */
const char *sim_stage_name(const struct sim *sim, uint32_t stage);

/** Number of the highest stage registered. */
uint32_t sim_stage_count(const struct sim *sim);

/** Registers a 64-bit counter that lives in a component; read when results are collected. The name is copied. */
void sim_counter_register(struct sim_component *component, const char *name, const uint64_t *value);

/** Number of counters; the i-th counter's component name, own name and value. */
uint32_t sim_counter_count(const struct sim *sim);
void sim_counter_get(const struct sim *sim, uint32_t i, const char **component, const char **name, uint64_t *value);

/** How full something is now: entries. Changes nothing. */
typedef uint64_t (*sim_gauge_fn)(const void *context);

/**
 * Registers a queue, cache or set of slots of a component, for records of occupancy (sim/occupancy.h); it costs nothing
 * while there is none. Its value changes in evaluations of the component only, or whoever changes it between instants
 * calls sim_occupancy_touch(). For building only.
 * @param name     unique in the component; copied
 * @param capacity most entries; 0: there is no such thing in this system, and nothing is registered
 * @param context  for @p read; must live as long as the simulation
 */
void sim_gauge_register(struct sim_component *component, const char *name, uint64_t capacity, sim_gauge_fn read,
                        const void *context);

/** How full something is at a time, as far as is known, and when it next changes if nobody does anything. */
struct sim_gauge_clock {
    uint64_t (*read)(const void *context, sim_time time);
    /** The first time later than @p time at which the value is another; SIM_TIME_NEVER: none. */
    sim_time (*next)(const void *context, sim_time time);
};

/** The same for what empties by itself as time goes by. @param clock must live as long as the simulation */
void sim_gauge_register_timed(struct sim_component *component, const char *name, uint64_t capacity,
                              const struct sim_gauge_clock *clock, const void *context);

/** The same for what software sizes, such as a queue in memory. @param capacity is asked when a record ends */
void sim_gauge_register_sized(struct sim_component *component, const char *name, sim_gauge_fn capacity,
                              sim_gauge_fn read, const void *context);

#ifdef __cplusplus
}
#endif

#endif
