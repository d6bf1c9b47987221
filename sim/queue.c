#include "sim/queue.h"
#include "sim/allocate.h"
#include "sim/attributes.h"
#include "sim/fetch.h"

#include <stdlib.h>
#include <string.h>

/* Coarse slots; each is as wide as the fine ones of half a turn. */
#define COARSE_LOG2  8u
#define COARSE_SLOTS (UINT64_C(1) << COARSE_LOG2)

/* So many stand in the row before the wheels, and no more join them: they would be passed too often. */
#define ROW_MOST 32u

/* Where a row begins that was empty or is moved: most who come belong near its beginning. */
#define ROW_FIRST (SIM_QUEUE_ROW - ROW_MOST)

/** The row is empty. */
static void begin_row(struct sim_queue *queue)
{
    queue->first = &queue->row[ROW_FIRST];
    queue->behind = queue->first;
    queue->behind->time = SIM_TIME_NEVER;
}

static size_t row_count(const struct sim_queue *queue)
{
    return (size_t)(queue->behind - queue->first);
}

static void wheel_init(struct sim_queue_wheel *wheel, unsigned shift, unsigned slots_log2)
{
    const size_t slots = (size_t)1 << slots_log2;

    wheel->mask = slots - 1;
    wheel->shift = shift;
    wheel->slots = sim_allocate(slots, sizeof(*wheel->slots));
    wheel->occupied = sim_allocate((slots + 63) / 64, sizeof(*wheel->occupied));
    wheel->words = 0;
}

/** The cursor enters a stretch (see below): it and the next are fine. */
static void set_near_end(struct sim_queue *queue, uint64_t stretch)
{
    const unsigned shift = queue->coarse.shift;

    queue->near_end = stretch + 2 <= UINT64_MAX >> shift ? (stretch + 2) << shift : SIM_TIME_NEVER;
}

void sim_queue_init(struct sim_queue *queue, unsigned shift, unsigned slots_log2, size_t events)
{
    wheel_init(&queue->fine, shift, slots_log2 + 1);
    wheel_init(&queue->coarse, shift + slots_log2, COARSE_LOG2);
    queue->ratio_log2 = slots_log2;
    queue->cursor = 0;
    set_near_end(queue, 0);
    begin_row(queue);
    queue->crowded = false;
    queue->now = 0;
    queue->rest = queue->near_end;
    queue->heap_capacity = events > 0 ? events : 1;
    queue->heap = sim_allocate(queue->heap_capacity, sizeof(*queue->heap));
    queue->heap_count = 0;
}

void sim_queue_release(struct sim_queue *queue)
{
    free(queue->fine.slots);
    free(queue->fine.occupied);
    free(queue->coarse.slots);
    free(queue->coarse.occupied);
    free(queue->heap);
}

void sim_queue_event_init(struct sim_queue_event *event)
{
    event->time = SIM_TIME_NEVER;
    event->next = NULL;
    event->link = NULL;
    event->heap_index = 0;
}

/* ---- The wheels ---- */

/** A slot has become empty. */
static inline void wheel_vacate(struct sim_queue_wheel *wheel, uint64_t slot)
{
    const uint64_t left = wheel->occupied[slot / 64] & ~(UINT64_C(1) << (slot % 64));

    wheel->occupied[slot / 64] = left;
    wheel->words &= ~((uint64_t)(left == 0) << (slot / 64));
}

static void wheel_remove(struct sim_queue_wheel *wheel, struct sim_queue_event *event)
{
    *event->link = event->next;
    if (event->next != NULL) {
        event->next->link = event->link;
    } else {
        uint64_t slot = (event->time >> wheel->shift) & wheel->mask;

        if (wheel->slots[slot] == NULL) {
            wheel_vacate(wheel, slot);
        }
    }
    event->link = NULL;
}

/** The first occupied slot at or after one, neither wrapped. The wheel is not empty. */
static inline uint64_t wheel_first(const struct sim_queue_wheel *wheel, uint64_t from)
{
    uint64_t start = from & wheel->mask;
    uint64_t word = start / 64;
    uint64_t bits = wheel->occupied[word] & (UINT64_MAX << (start % 64));
    /* The next word that is not empty, round the end if need be: the slots of this one before the start are last. */
    const uint64_t after = wheel->words & (UINT64_MAX << word << 1);
    const uint64_t next = (uint64_t)__builtin_ctzll(after != 0 ? after : wheel->words);
    /* Whether it is needed no processor can foresee: both are computed, and one is taken. */
    const uint64_t none = bits == 0 ? UINT64_MAX : 0;

    bits |= wheel->occupied[next] & none;
    word ^= (word ^ next) & none;
    return from + ((word * 64 + (uint64_t)__builtin_ctzll(bits) - start) & wheel->mask);
}

/** The earliest time in a list that is not empty. */
static sim_time list_earliest(const struct sim_queue_event *event)
{
    sim_time earliest = event->time;

    for (event = event->next; event != NULL; event = event->next) {
        earliest = sim_time_min(earliest, event->time);
    }
    return earliest;
}

/* ---- The far heap: four children each, earliest at index 0; heap_index is the position plus 1 ---- */

#define HEAP_CHILDREN 4u

static void heap_place(struct sim_queue *queue, size_t position, struct sim_queue_due far)
{
    queue->heap[position] = far;
    far.event->heap_index = position + 1;
}

static void heap_sift_up(struct sim_queue *queue, size_t position, struct sim_queue_due far)
{
    while (position > 0) {
        size_t parent = (position - 1) / HEAP_CHILDREN;

        if (queue->heap[parent].time <= far.time) {
            break;
        }
        heap_place(queue, position, queue->heap[parent]);
        position = parent;
    }
    heap_place(queue, position, far);
}

/** The earliest of the children that begin at @p first. */
static size_t heap_child(const struct sim_queue *queue, size_t first)
{
    size_t end = first + HEAP_CHILDREN < queue->heap_count ? first + HEAP_CHILDREN : queue->heap_count;
    size_t best = first;

    for (size_t child = first + 1; child < end; child++) {
        best = queue->heap[child].time < queue->heap[best].time ? child : best;
    }
    return best;
}

static void heap_sift_down(struct sim_queue *queue, size_t position, struct sim_queue_due far)
{
    for (;;) {
        size_t child = HEAP_CHILDREN * position + 1;

        if (child >= queue->heap_count) {
            break;
        }
        child = heap_child(queue, child);
        if (queue->heap[child].time >= far.time) {
            break;
        }
        heap_place(queue, position, queue->heap[child]);
        position = child;
    }
    heap_place(queue, position, far);
}

static void heap_insert(struct sim_queue *queue, struct sim_queue_event *event)
{
    if (queue->heap_count == queue->heap_capacity) {
        struct sim_queue_due *grown = sim_allocate(2 * queue->heap_capacity, sizeof(*grown));

        for (size_t i = 0; i < queue->heap_count; i++) {
            grown[i] = queue->heap[i];
        }
        free(queue->heap);
        queue->heap = grown;
        queue->heap_capacity *= 2;
    }
    heap_sift_up(queue, queue->heap_count++, (struct sim_queue_due){.time = event->time, .event = event});
}

static void heap_remove(struct sim_queue *queue, struct sim_queue_event *event)
{
    size_t position = event->heap_index - 1;
    struct sim_queue_due last = queue->heap[--queue->heap_count];

    event->heap_index = 0;
    if (last.event == event) {
        return;
    }
    if (position > 0 && queue->heap[(position - 1) / HEAP_CHILDREN].time > last.time) {
        heap_sift_up(queue, position, last);
    } else {
        heap_sift_down(queue, position, last);
    }
}

/* ---- From far to near ---- */

/*
 * With the cursor in the stretch of coarse slot c, the fine wheel holds stretches c and c + 1, the coarse one those
 * from c + 2 on, and the heap what lies beyond. So a stretch moves as a whole, when the cursor enters the one before.
 */

/** The stretch of a fine slot. */
static uint64_t stretch_of(const struct sim_queue *queue, uint64_t slot)
{
    return slot >> queue->ratio_log2;
}

static void place(struct sim_queue *queue, struct sim_queue_event *event)
{
    uint64_t ahead = (event->time >> queue->coarse.shift) - stretch_of(queue, queue->cursor);

    if (ahead < 2) {
        sim_queue_wheel_insert(&queue->fine, event);
    } else if (ahead < COARSE_SLOTS) {
        sim_queue_wheel_insert(&queue->coarse, event);
    } else {
        heap_insert(queue, event);
    }
}

/**
 * What begins with an event that was far goes on in lines that have long left the host's cache, and is wanted soon: of
 * a component those where most keep what they look at first.
 */
SIM_FETCHES void fetch_owner(const struct sim_queue_event *event)
{
    const char *owner = (const char *)event;

    sim_fetch(owner + 64);
    sim_fetch(owner + 192);
}

/** Moves the cursor into another stretch. No event is due before. */
static void enter(struct sim_queue *queue, uint64_t cursor)
{
    uint64_t stretch = stretch_of(queue, cursor);
    struct sim_queue_wheel *coarse = &queue->coarse;

    while (coarse->words != 0) {
        uint64_t first = wheel_first(coarse, stretch_of(queue, queue->cursor));
        struct sim_queue_event *event = coarse->slots[first & (COARSE_SLOTS - 1)];

        if (first > stretch + 1) {
            break;
        }
        coarse->slots[first & (COARSE_SLOTS - 1)] = NULL;
        wheel_vacate(coarse, first & (COARSE_SLOTS - 1));
        while (event != NULL) {
            struct sim_queue_event *next = event->next;

            sim_queue_wheel_insert(&queue->fine, event);
            fetch_owner(event);
            event = next;
        }
    }
    queue->cursor = cursor;
    set_near_end(queue, stretch);
    while (queue->heap_count > 0 && (queue->heap[0].time >> coarse->shift) < stretch + COARSE_SLOTS) {
        struct sim_queue_event *event = queue->heap[0].event;

        heap_remove(queue, event);
        place(queue, event);
    }
}

static inline void advance(struct sim_queue *queue, uint64_t cursor)
{
    if ((cursor ^ queue->cursor) >> queue->ratio_log2 != 0) {
        enter(queue, cursor);
    }
    queue->cursor = cursor;
}

/** The earliest time that is not in the fine wheel; SIM_TIME_NEVER if there is none. */
static sim_time far_earliest(const struct sim_queue *queue)
{
    if (queue->coarse.words != 0) {
        uint64_t first = wheel_first(&queue->coarse, stretch_of(queue, queue->cursor));

        return list_earliest(queue->coarse.slots[first & (COARSE_SLOTS - 1)]);
    }
    return queue->heap_count > 0 ? queue->heap[0].time : SIM_TIME_NEVER;
}

/* ---- Setting and taking ---- */

/** Who stands in the row, from @p from on, goes where the rest is. */
static void bring_back(struct sim_queue *queue, struct sim_queue_due *from)
{
    for (const struct sim_queue_due *due = from; due != queue->behind; due++) {
        queue->rest = sim_time_min(queue->rest, due->time);
        place(queue, due->event);
    }
    queue->behind = from;
    from->time = SIM_TIME_NEVER;
}

/** Before what time nothing is due after the fine slot @p first, the cursor's, of which something has been taken. */
static inline sim_time bound_after(const struct sim_queue *queue, uint64_t first)
{
    const struct sim_queue_wheel *wheel = &queue->fine;
    const uint64_t slot = first & wheel->mask;
    const uint64_t word = slot / 64;
    const uint64_t same = wheel->occupied[word] >> (slot % 64);
    const uint64_t after = wheel->words & (UINT64_MAX << word << 1);

    if (same != 0) {
        return (first + (uint64_t)__builtin_ctzll(same)) << wheel->shift;
    }
    if (after != 0) {
        return (first - slot + 64 * (uint64_t)__builtin_ctzll(after)) << wheel->shift;
    }
    if (wheel->words != 0) {
        return (first - slot + wheel->mask + 1 + 64 * (uint64_t)__builtin_ctzll(wheel->words)) << wheel->shift;
    }
    return queue->near_end;
}

static void leave_row(struct sim_queue *queue, const struct sim_queue_event *event)
{
    struct sim_queue_due *at = queue->first;

    while (at->event != event) {
        at++;
    }
    for (; at != queue->first; at--) {
        *at = at[-1];
    }
    queue->first++;
}

void sim_queue_set(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    if (event->link != NULL) {
        bool near = (event->time >> queue->coarse.shift) - stretch_of(queue, queue->cursor) < 2;

        wheel_remove(near ? &queue->fine : &queue->coarse, event);
    } else if (event->heap_index != 0) {
        heap_remove(queue, event);
    } else if (event->time != SIM_TIME_NEVER) {
        leave_row(queue, event);
    }
    event->time = SIM_TIME_NEVER;
    if (time != SIM_TIME_NEVER) {
        sim_queue_add(queue, event, time);
    }
}

/** Makes room before and behind a row that has come to an end of its places. */
SIM_APART static void make_room(struct sim_queue *queue)
{
    struct sim_queue_due *first = &queue->row[ROW_FIRST / 2];

    if (row_count(queue) > ROW_MOST) {
        bring_back(queue, queue->first + ROW_MOST);
    }
    memmove(first, queue->first, (row_count(queue) + 1) * sizeof(*first));
    queue->behind = first + row_count(queue);
    queue->first = first;
}

SIM_HOT void sim_queue_add_to_row(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    struct sim_queue_due *at;

    if (SIM_SELDOM(queue->first == queue->row)) {
        make_room(queue);
    }
    /* Those that are due before step aside. */
    for (at = queue->first--; at->time <= time; at++) {
        at[-1] = *at;
    }
    at[-1].time = time;
    at[-1].event = event;
    event->time = time;
}

/** What is due first of the wheels and the heap; SIM_TIME_NEVER if nothing is. */
static sim_time rest_earliest(const struct sim_queue *queue)
{
    uint64_t first;

    if (queue->fine.words == 0) {
        return far_earliest(queue);
    }
    first = wheel_first(&queue->fine, queue->cursor);
    return list_earliest(queue->fine.slots[first & queue->fine.mask]);
}

/** Puts an event into the row that belongs near its end. */
static inline void join_row(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    struct sim_queue_due *at;

    if (SIM_SELDOM(queue->behind == &queue->row[SIM_QUEUE_ROW])) {
        make_room(queue);
    }
    at = queue->behind++;
    queue->behind->time = SIM_TIME_NEVER;
    for (; at != queue->first && at[-1].time > time; at--) {
        *at = at[-1];
    }
    at->time = time;
    at->event = event;
    event->time = time;
}

/**
 * Lets what is near join the row, as long as it is due no later than @p time and there is room. The cursor stays where
 * it is: what comes may still be due before any of this.
 */
static void lengthen_row(struct sim_queue *queue, sim_time time)
{
    queue->rest = rest_earliest(queue);
    while (queue->rest <= time && queue->fine.words != 0 && row_count(queue) < ROW_MOST) {
        struct sim_queue_event *event = queue->fine.slots[(queue->rest >> queue->fine.shift) & queue->fine.mask];

        while (event->time != queue->rest) {
            event = event->next;
        }
        wheel_remove(&queue->fine, event);
        join_row(queue, event, event->time);
        queue->rest = rest_earliest(queue);
    }
}

void sim_queue_add_behind(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    /* Nothing that is queued or still to come is due before the latest batch was. */
    advance(queue, queue->now >> queue->fine.shift);
    /* For what is far nobody joins the row, unless that costs nothing. */
    if (time < queue->near_end || queue->fine.words == 0) {
        lengthen_row(queue, time);
    }
    queue->crowded = row_count(queue) >= ROW_MOST;
    if (time < queue->rest) {
        join_row(queue, event, time);
    } else {
        event->time = time;
        place(queue, event);
    }
}

/** Unlinks all events of a slot that are due at the given instant. */
static struct sim_queue_event *take(struct sim_queue *queue, struct sim_queue_event *head, sim_time time)
{
    struct sim_queue_event *batch = NULL;

    for (struct sim_queue_event *event = head; event != NULL;) {
        struct sim_queue_event *next = event->next;

        if (event->time == time) {
            wheel_remove(&queue->fine, event);
            event->time = SIM_TIME_NEVER;
            event->next = batch;
            batch = event;
        }
        event = next;
    }
    return batch;
}

/** The common case, an event alone in its slot: nothing to compare, and the slot becomes empty. */
static inline struct sim_queue_event *take_only(struct sim_queue *queue, struct sim_queue_event *event, uint64_t first,
                                                sim_time *time)
{
    uint64_t slot = first & queue->fine.mask;

    queue->fine.slots[slot] = NULL;
    wheel_vacate(&queue->fine, slot);
    *time = event->time;
    event->time = SIM_TIME_NEVER;
    event->link = NULL;
    advance(queue, first);
    return event;
}

/** The same of the wheels, in front of which nothing is. */
SIM_APART static struct sim_queue_event *take_from_wheels(struct sim_queue *queue, sim_time limit, sim_time *time)
{
    struct sim_queue_event *batch;
    uint64_t first;
    struct sim_queue_event *head;
    sim_time earliest;

    if (queue->fine.words == 0) {
        earliest = far_earliest(queue);
        if (earliest == SIM_TIME_NEVER || earliest > limit) {
            return NULL;
        }
        advance(queue, earliest >> queue->fine.shift);
    }
    first = wheel_first(&queue->fine, queue->cursor);
    head = queue->fine.slots[first & queue->fine.mask];
    earliest = head->time;
    if (head->next == NULL && earliest <= limit) {
        batch = take_only(queue, head, first, time);
        queue->now = earliest;
        queue->rest = bound_after(queue, first);
        return batch;
    }
    earliest = list_earliest(head);
    if (earliest > limit) {
        return NULL;
    }
    advance(queue, first);
    *time = earliest;
    queue->now = earliest;
    batch = take(queue, head, earliest);
    queue->rest = bound_after(queue, first);
    return batch;
}

/** Nobody stands in the row, or several of its first instant do, or the wheels may have more of that. */
SIM_APART static struct sim_queue_event *take_several(struct sim_queue *queue, sim_time limit, sim_time *time)
{
    const sim_time earliest = queue->first->time;
    struct sim_queue_event *batch = NULL;

    if (earliest >= queue->rest) {
        bring_back(queue, queue->first);
        begin_row(queue);
        queue->crowded = false;
        return take_from_wheels(queue, limit, time);
    }
    if (earliest > limit) {
        return NULL;
    }
    for (; queue->first->time == earliest; queue->first++) {
        struct sim_queue_event *event = queue->first->event;

        event->time = SIM_TIME_NEVER;
        event->next = batch;
        batch = event;
    }
    *time = earliest;
    queue->now = earliest;
    return batch;
}

SIM_HOT struct sim_queue_event *sim_queue_next_batch(struct sim_queue *queue, sim_time limit, sim_time *time)
{
    const struct sim_queue_due *first = queue->first;
    const sim_time earliest = first->time;

    if (SIM_SELDOM(earliest >= queue->rest || first[1].time == earliest)) {
        return take_several(queue, limit, time);
    }
    if (SIM_SELDOM(earliest > limit)) {
        return NULL;
    }
    *time = earliest;
    queue->now = earliest;
    queue->first++;
    first->event->time = SIM_TIME_NEVER;
    first->event->next = NULL;
    return first->event;
}

sim_time sim_queue_next_time(const struct sim_queue *queue)
{
    const sim_time first = queue->first->time;

    return first < queue->rest ? first : sim_time_min(first, rest_earliest(queue));
}
