/*
 * The inside of a simulation, for sim/ and its engines only.
 */
#ifndef DOORBELL_SIM_SIM_INTERNAL_H
#define DOORBELL_SIM_SIM_INTERNAL_H

#include "sim/allocate.h"
#include "sim/arena.h"
#include "sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A growing array of pointers. */
struct sim_vector {
    void **items;
    size_t count;
    size_t capacity;
};

struct sim_counter {
    const char *component;
    const char *name;
    const uint64_t *value;
};

struct sim_gauge {
    const struct sim_component *component;
    const char *name;
    uint64_t capacity;
    sim_gauge_fn size; /**< says the capacity; NULL: it is fixed */
    sim_gauge_fn read;
    const struct sim_gauge_clock *clock; /**< in place of `read`: it changes as time goes by; else NULL */
    const void *context;
};

/** First what every evaluation and every packet looks at. */
struct sim {
    struct sim_hot hot; /**< first: inline functions of sim.h see it */
    bool stop;
    bool watched; /**< there is a schedule or a trace: engines tell of every instant */
    bool quick;   /**< the native engine runs, and nobody records what it queues: see sim_wake_quickly() */
    bool swift;   /**< quick, no channel is carried, nobody listens to single marks: channels take the short way */
    bool ferried; /**< every channel has a transport, nobody listens to single marks: a short way by that */
    bool runs;    /**< an engine with a time of its own does, and is at hot.now; else it may be a little ahead */
    bool started; /**< time does not begin anew */
    uint32_t trail_room; /**< places of a packet's trail that are written: 0 if the observer does not want trails */
    uint64_t evaluations;
    size_t awake;     /**< components whose due is not SIM_TIME_NEVER; the native engine has its queue instead */
    uint64_t no_hint; /**< what channels without a hint point to: their mask is 0 */
    struct sim_queue queue;
    struct sim_packet_pool pool;
    struct sim_config config;
    struct sim_vector components;
    struct sim_vector channels;
    struct sim_vector stages;   /**< char *, number = index + 1 */
    struct sim_vector counters; /**< struct sim_counter * */
    struct sim_vector gauges;   /**< struct sim_gauge * */
    struct arena memory;        /**< what sim_alloc() handed out */
    size_t carried;             /**< channels that have a transport */
    uint64_t shuffle_state;
    struct sim_component **batch; /**< scratch: the components of an instant */
    struct sim_schedule *schedule;
    struct sim_trace *trace;
    struct sim_occupancy *occupancy; /**< a record under way; NULL: none */
    void *engine_data;
};

/** Appends a pointer. Running out of memory ends the process with a message. */
void sim_vector_push(struct sim_vector *vector, void *item);

/** Finds which of the shorter ways are open: after a change of what struct sim says that they need. */
void sim_choose_way(struct sim *sim);

/** The same for a channel, of what the simulation has found. */
void sim_channel_choose_way(struct sim_channel *channel);

/** Prepares the pool. */
void sim_pool_init(struct sim_packet_pool *pool, uint32_t block_bytes);

/** Frees the pool with all its packets. */
void sim_pool_release(struct sim_packet_pool *pool);

/** sim_wake(), without a call where it can be: a component that sleeps, and an engine that is the native one. */
static inline void sim_wake_quickly(struct sim *sim, struct sim_component *component, sim_time time)
{
    if (time >= component->due) {
        return;
    }
    if (sim->quick && component->due == SIM_TIME_NEVER && time > sim->hot.now) {
        component->due = time;
        sim_queue_add(&sim->queue, &component->event, time);
    } else {
        sim_wake(component, time);
    }
}

/** The same on the native engine (`quick`), for a time that is later than now. */
static inline void sim_wake_swiftly(struct sim *sim, struct sim_component *component, sim_time time)
{
    if (component->due == SIM_TIME_NEVER) {
        component->due = time;
        sim_queue_add(&sim->queue, &component->event, time);
    } else if (time < component->due) {
        sim_wake(component, time);
    }
}

/** Puts a packet into the tail slot, to be seen at @p arrival. The reader is to be woken. */
static inline void sim_channel_put(struct sim_channel *channel, struct sim_packet *packet, sim_time arrival)
{
    struct sim_channel_slot *slot = channel->tail;

    slot->packet = packet;
    slot->arrival = arrival;
    channel->tail = slot + 1 != channel->end ? slot + 1 : channel->slots;
    *channel->hint |= channel->hint_mask;
}

/** Empties the head slot, to be free at @p free_at. @return whether the writer waits for it, and is to be woken */
static inline bool sim_channel_take(struct sim_channel *channel, sim_time free_at)
{
    struct sim_channel_slot *slot = channel->head;
    const bool waits = channel->writer_waits;

    slot->packet = NULL;
    slot->free_at = free_at;
    channel->head = slot + 1 != channel->end ? slot + 1 : channel->slots;
    if (waits) {
        channel->writer_waits = false;
    }
    return waits;
}

/** Evaluates a component at the current instant. @return its next due time, of which the engine is to be told */
static inline sim_time sim_evaluate(struct sim *sim, struct sim_component *component)
{
    const sim_time now = sim->hot.now;
    sim_time due;

    sim->evaluations++;
    due = component->evaluate(component, now);
    return due > now ? due : now + component->period;
}

/** A component that was due is so no longer. Not for the native engine. */
static inline void sim_lay_down(struct sim *sim, struct sim_component *component)
{
    if (component->due <= sim->hot.now) {
        component->due = SIM_TIME_NEVER;
        sim->awake--;
    }
}

/** The next number of what shuffling draws from. */
uint64_t sim_shuffle_draw(struct sim *sim);

/** Permutes the first @p count components of sim->batch, if shuffling was asked for. */
void sim_shuffle_batch(struct sim *sim, size_t count);

/** The two engines of this folder. */
enum sim_run_result sim_run_native(struct sim *sim, sim_time end);
enum sim_run_result sim_run_every_cycle(struct sim *sim, sim_time end);

#ifdef __cplusplus
}
#endif

#endif
