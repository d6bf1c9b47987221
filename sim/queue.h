/*
 * The event queue: one event per owner, earliest first.
 *
 * A wheel of slots, each 2^shift femtoseconds wide, holds what is due soon; one of coarse slots, each as wide as 2^n of
 * them, what comes after that; a heap the rest, with the times beside it, so that sorting it looks at no event. A slot
 * is an unsorted list; its minimum is found by walking it (of a fine slot about one node is looked at). Setting costs
 * O(1) within the wheels and O(log n) beyond them; taking the next batch costs O(nodes in one slot), a look into a
 * bitmap of slots and one of that bitmap's words, and for each event one move from coarse to fine. The few
 * earliest stand in a row in front of the wheels, if they were known to be that when they came, as the next steps of
 * the only packets on their way are: they cost nothing of that. While there are no more than these few, those of the
 * fine wheel join the row, so that what comes next is known to belong into it.
 */
#ifndef DOORBELL_SIM_QUEUE_H
#define DOORBELL_SIM_QUEUE_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Slot width and number of slots: twice as many are as many as the bitmap of words allows. Tests shrink them. */
#define SIM_QUEUE_DEFAULT_SHIFT      20
#define SIM_QUEUE_DEFAULT_SLOTS_LOG2 11

/** One owner's event. Zero-initialise, then sim_queue_event_init(). */
struct sim_queue_event {
    sim_time time; /**< when it is due; SIM_TIME_NEVER if it is not queued */
    struct sim_queue_event *next;
    struct sim_queue_event **link; /**< what points to this node in its slot's list; NULL if not in the wheel */
    size_t heap_index;             /**< position in the far heap plus 1; 0 if not in it */
};

struct sim_queue_wheel {
    struct sim_queue_event **slots;
    uint64_t *occupied; /**< one bit a slot that is not empty */
    uint64_t words;     /**< one bit a word of `occupied` that is not 0; so 0 says that the wheel is empty */
    uint64_t mask;      /**< slots - 1, at most 4095 */
    unsigned shift;     /**< a slot is 2^shift fs wide */
};

/** Something due, and its time beside it: who looks for its place looks at no event. */
struct sim_queue_due {
    sim_time time;
    struct sim_queue_event *event;
};

/** Places of the row: most are free, so that it seldom has to be moved. */
#define SIM_QUEUE_ROW 64u

struct sim_queue {
    struct sim_queue_due *first;  /**< of the row: its earliest; `behind` if there is none */
    struct sim_queue_due *behind; /**< the row's last: due never */
    sim_time rest;                /**< nothing in the wheels and the heap is due before */
    sim_time now;                 /**< of the latest batch */
    bool crowded;                 /**< the row is full: what is not due before the rest goes there at once */
    struct sim_queue_due row[SIM_QUEUE_ROW + 1]; /**< a few, earliest first, in neither wheels nor heap */
    struct sim_queue_wheel fine;
    uint64_t cursor;     /**< fine slot (not wrapped) before which nothing is due */
    sim_time near_end;   /**< what is due before this belongs into the fine wheel */
    unsigned ratio_log2; /**< fine slots in a coarse one */
    struct sim_queue_wheel coarse;
    struct sim_queue_due *heap;
    size_t heap_count;
    size_t heap_capacity;
};

/**
 * Prepares a queue.
 * @param shift      slot width is 2^shift fs, 0..40
 * @param slots_log2 2^slots_log2 slots ahead of now are always fine, 1..11
 * @param events     the number of events that may be queued at once; more may come, at the price of an allocation
 */
void sim_queue_init(struct sim_queue *queue, unsigned shift, unsigned slots_log2, size_t events);

/** Frees what the queue owns. The events are the caller's. */
void sim_queue_release(struct sim_queue *queue);

/** Marks an event as not queued. */
void sim_queue_event_init(struct sim_queue_event *event);

/**
 * Moves an event to a time, earlier or later, whether it was queued or not.
 * @param time not before the time of the last batch taken; SIM_TIME_NEVER takes the event out
 */
void sim_queue_set(struct sim_queue *queue, struct sim_queue_event *event, sim_time time);

/** Puts an event, whose time is set, at the head of its slot's list. */
static inline void sim_queue_wheel_insert(struct sim_queue_wheel *wheel, struct sim_queue_event *event)
{
    const uint64_t slot = (event->time >> wheel->shift) & wheel->mask;
    struct sim_queue_event **head = &wheel->slots[slot];
    struct sim_queue_event *first = *head;

    wheel->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
    wheel->words |= UINT64_C(1) << (slot / 64);
    event->next = first;
    event->link = head;
    if (first != NULL) {
        first->link = &event->next;
    }
    *head = event;
}

/** sim_queue_add() for an event due before the rest. */
void sim_queue_add_to_row(struct sim_queue *queue, struct sim_queue_event *event, sim_time time);

/** sim_queue_add() for an event that is not known to be due before the rest. */
void sim_queue_add_behind(struct sim_queue *queue, struct sim_queue_event *event, sim_time time);

/** sim_queue_set() for an event that is not queued, and a time that is not SIM_TIME_NEVER. */
static inline void sim_queue_add(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    if (time < queue->rest) {
        sim_queue_add_to_row(queue, event, time);
    } else if (queue->crowded && time < queue->near_end) {
        event->time = time;
        sim_queue_wheel_insert(&queue->fine, event);
    } else {
        sim_queue_add_behind(queue, event, time);
    }
}

/**
 * Takes out all events of the earliest instant.
 * @param limit  instants later than this stay queued
 * @param time   set to the instant
 * @return the events as a list by `next`, in no promised order, each with time SIM_TIME_NEVER; NULL if nothing is due
 */
struct sim_queue_event *sim_queue_next_batch(struct sim_queue *queue, sim_time limit, sim_time *time);

/** The earliest instant, which stays queued; SIM_TIME_NEVER if there is none. Costs as much as taking it. */
sim_time sim_queue_next_time(const struct sim_queue *queue);

/** True if no event is queued. */
static inline bool sim_queue_is_empty(const struct sim_queue *queue)
{
    return queue->first == queue->behind && (queue->fine.words | queue->coarse.words | queue->heap_count) == 0;
}

#ifdef __cplusplus
}
#endif

#endif
