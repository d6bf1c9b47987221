/*
 * A simulation: components, channels, packets and an engine that runs them. Any number can live in one process, each
 * used by one thread at a time (the systemc engine: one a process, a limit of its kernel).
 */
#ifndef DOORBELL_SIM_SIM_H
#define DOORBELL_SIM_SIM_H

#include "sim/channel.h"
#include "sim/component.h"
#include "sim/observe.h"
#include "sim/packet.h"
#include "sim/queue.h"
#include "sim/random.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which engine runs the components. Results are the same on all. */
enum sim_engine_kind {
    SIM_ENGINE_NATIVE,      /**< event wheel, skips idle cycles */
    SIM_ENGINE_EVERY_CYCLE, /**< evaluates every component at every edge of its clock */
    SIM_ENGINE_SYSTEMC,     /**< Accellera SystemC kernel; only if sim_systemc_register() was linked and called */
};

/** Called when an invariant inside the simulator is broken; must not return. The message names all that is known. */
typedef void (*sim_panic_fn)(void *context, const char *message);

/** An engine that lives outside sim/, such as the systemc one. */
struct sim_engine_ops {
    const char *name;
    /** Called once, after everything is built and before the first run. @return false if it cannot start */
    bool (*start)(struct sim *sim);
    /** Runs until the instant `end` is done, nothing is due, or a stop was asked for. */
    void (*run)(struct sim *sim, sim_time end);
    /** Asks for an evaluation of a component at a time (already checked: later than now, earlier than its due). */
    void (*wake)(struct sim_component *component, sim_time time);
    void (*stop)(struct sim *sim);
};

struct sim_config {
    enum sim_engine_kind engine;
    const struct sim_engine_ops *ops; /**< for SIM_ENGINE_SYSTEMC: the engine */
    uint64_t seed;                    /**< of every random stream */
    bool shuffle;                     /**< permute the components of every instant */
    uint64_t shuffle_seed;
    unsigned queue_shift;      /**< 0: default; see sim/queue.h */
    unsigned queue_slots_log2; /**< 0: default */
    uint32_t payload_block;    /**< bytes of a payload block; 0: 512 */
    sim_panic_fn panic;        /**< NULL: print to stderr and abort */
    void *panic_context;
};

/** Makes an empty simulation. Running out of memory ends the process with a message. */
struct sim *sim_create(const struct sim_config *config);

/** Frees a simulation with its channels and packets. Components are their makers'. */
void sim_destroy(struct sim *sim);

/** The instant that is being evaluated, or the last one that was. */
sim_time sim_now(const struct sim *sim);

/** The seed. */
uint64_t sim_seed(const struct sim *sim);

/** Why a run ended. */
enum sim_run_result {
    SIM_RUN_REACHED_END, /**< something is due later than the end; sim_now() is the end */
    SIM_RUN_DRAINED,     /**< nothing is due: every component sleeps; sim_now() is the last instant evaluated */
    SIM_RUN_STOPPED,     /**< sim_request_stop(); the instant was finished first, and sim_now() is that instant */
};

/**
 * Runs until every instant up to and including @p end is done, nothing is due any more, or a component asked for a
 * stop.
 */
enum sim_run_result sim_run(struct sim *sim, sim_time end);

/** From within evaluate: end the run after this instant. */
void sim_request_stop(struct sim *sim);

/* ---- Time that is someone else's: the native engine in another simulation, which runs it up to its own now ---- */

/**
 * When something is due: an instant not later than sim_now() if it has not been run yet, SIM_TIME_NEVER if nothing is.
 * Native engine only.
 */
sim_time sim_next_due(const struct sim *sim);

/**
 * Brings time forward to @p now, so that packets can be pushed and popped at that time outside of evaluate, by whoever
 * is the writer or reader of a channel. What is due at @p now itself may have been evaluated or not: neither side of a
 * channel sees what the other does in the same instant. Native engine only.
 * @param now not before sim_now(); something due before it that has not been run is a broken invariant
 */
void sim_bring_forward(struct sim *sim, sim_time now);

/** Component by name; NULL if there is none. For set-up and tests, linear. */
struct sim_component *sim_component_find(struct sim *sim, const char *name);

/** The components, in order of creation. */
size_t sim_component_count(const struct sim *sim);
struct sim_component *sim_component_at(const struct sim *sim, size_t i);

/** The channels, in order of creation. */
size_t sim_channel_count(const struct sim *sim);
struct sim_channel *sim_channel_at(const struct sim *sim, size_t i);

/** The packet pool, to look at. */
const struct sim_packet_pool *sim_pool(const struct sim *sim);

/** Evaluations so far. */
uint64_t sim_evaluations(const struct sim *sim);

/** Memory that lives as long as the simulation, zeroed. For building only. */
void *sim_alloc(struct sim *sim, size_t bytes);

/** The same for a stock that is used from its beginning on, however large (sim/arena.h). */
void *sim_alloc_stock(struct sim *sim, size_t bytes);

/** Copy of a string that lives as long as the simulation. For building only. */
char *sim_strdup(struct sim *sim, const char *text);

/** Copy of a printf-formatted string that lives as long as the simulation. For building only. */
char *sim_printf(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Reports a broken invariant: component, time, packet, and a message as by printf. Does not return.
 * @param component may be NULL  @param packet may be NULL
 */
void sim_panic(struct sim *sim, const struct sim_component *component, const struct sim_packet *packet,
               const char *format, ...) __attribute__((noreturn, format(printf, 4, 5))) SIM_COLD;

/** Writes a schedule of queue operations to replay through a bare queue (benchmarks). NULL stops. Native engine only.
 */
struct sim_schedule_entry {
    uint32_t component; /**< UINT32_MAX: a batch was taken, at `time` */
    sim_time time;
};
struct sim_schedule {
    struct sim_schedule_entry *entries;
    size_t count;
    size_t capacity; /**< recording ends when it is full */
};
void sim_record_schedule(struct sim *sim, struct sim_schedule *schedule);

/* ---- Observation, inline because it is on the hot path. ---- */

/** What the inline functions need of a simulation; struct sim starts with it. */
struct sim_hot {
    sim_time now;
    struct sim_observer observer;
};

/** Books the time since the packet's last mark under @p stage, up to @p time. */
static inline void sim_mark(struct sim *sim, struct sim_packet *packet, uint32_t stage, sim_time time)
{
    const struct sim_hot *hot = (const struct sim_hot *)sim;

    if ((packet->flags & SIM_FLAG_TRACKED) == 0) {
        return;
    }
    if (hot->observer.trails && packet->trail_count < SIM_PACKET_TRAIL) {
        packet->trail[packet->trail_count].stage = stage;
        packet->trail[packet->trail_count].end = time;
        packet->trail_count++;
    }
    if (hot->observer.mark != NULL) {
        hot->observer.mark(hot->observer.context, packet, stage, packet->last_mark, time);
    }
    packet->last_mark = time;
}

/** Tells the observer that something happened to a packet. */
static inline void sim_event(struct sim *sim, enum sim_event_kind kind, const struct sim_packet *packet,
                             const struct sim_component *where, sim_time time, uint32_t detail)
{
    const struct sim_hot *hot = (const struct sim_hot *)sim;

    if (hot->observer.event != NULL && (hot->observer.deaf_to >> kind & 1) == 0) {
        hot->observer.event(hot->observer.context, kind, packet, where, time, detail);
    }
}

/** Whether the observer wants to hear what is read for a packet: only then it is to be put into words. */
static inline bool sim_reads_are_wanted(struct sim *sim, const struct sim_packet *packet)
{
    return ((const struct sim_hot *)sim)->observer.read != NULL && packet != NULL &&
           (packet->flags & SIM_FLAG_TRACKED) != 0;
}

/** Tells the observer of a read; sim_reads_are_wanted() has said that it wants to hear. */
static inline void sim_tell_read(struct sim *sim, const struct sim_table_read *read)
{
    const struct sim_hot *hot = (const struct sim_hot *)sim;

    hot->observer.read(hot->observer.context, read);
}

/** Tells the observer that a packet is lost (if it is tracked), and frees it. */
static inline void sim_drop(struct sim *sim, struct sim_packet *packet, const struct sim_component *where,
                            sim_time time, enum sim_drop_reason reason)
{
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(sim, SIM_EVENT_DROPPED, packet, where, time, (uint32_t)reason);
    }
    sim_packet_free(sim, packet);
}

#ifdef __cplusplus
}
#endif

#endif
