#include "sim/queue.h"
#include "sim/allocate.h"

#include <stdlib.h>

void sim_queue_init(struct sim_queue *queue, unsigned shift, unsigned slots_log2, size_t events)
{
    queue->slot_count = (uint64_t)1 << slots_log2;
    queue->shift = shift;
    queue->slots = sim_allocate(queue->slot_count, sizeof(*queue->slots));
    queue->occupied = sim_allocate((queue->slot_count + 63) / 64, sizeof(*queue->occupied));
    queue->cursor = 0;
    queue->wheel_count = 0;
    queue->heap_capacity = events > 0 ? events : 1;
    queue->heap = sim_allocate(queue->heap_capacity, sizeof(struct sim_queue_event *));
    queue->heap_count = 0;
}

void sim_queue_release(struct sim_queue *queue)
{
    free(queue->slots);
    free(queue->occupied);
    free(queue->heap);
}

void sim_queue_event_init(struct sim_queue_event *event)
{
    event->time = SIM_TIME_NEVER;
    event->next = NULL;
    event->link = NULL;
    event->heap_index = 0;
}

/* ---- The wheel ---- */

static void wheel_insert(struct sim_queue *queue, struct sim_queue_event *event)
{
    uint64_t slot = (event->time >> queue->shift) & (queue->slot_count - 1);
    struct sim_queue_event **head = &queue->slots[slot];

    event->next = *head;
    event->link = head;
    if (*head != NULL) {
        (*head)->link = &event->next;
    } else {
        queue->occupied[slot / 64] |= (uint64_t)1 << (slot % 64);
    }
    *head = event;
    queue->wheel_count++;
}

static void wheel_remove(struct sim_queue *queue, struct sim_queue_event *event)
{
    *event->link = event->next;
    if (event->next != NULL) {
        event->next->link = event->link;
    } else {
        uint64_t slot = (event->time >> queue->shift) & (queue->slot_count - 1);

        if (queue->slots[slot] == NULL) {
            queue->occupied[slot / 64] &= ~((uint64_t)1 << (slot % 64));
        }
    }
    event->link = NULL;
    queue->wheel_count--;
}

/** The first occupied slot at or after the cursor, not wrapped. The wheel is not empty. */
static uint64_t wheel_first(const struct sim_queue *queue)
{
    uint64_t mask = queue->slot_count - 1;
    uint64_t start = queue->cursor & mask;
    uint64_t words = (queue->slot_count + 63) / 64;
    uint64_t word = start / 64;
    uint64_t bits = queue->occupied[word] & (UINT64_MAX << (start % 64));

    while (bits == 0) {
        word = word + 1 < words ? word + 1 : 0;
        bits = queue->occupied[word];
    }
    return queue->cursor + ((word * 64 + (uint64_t)__builtin_ctzll(bits) - start) & mask);
}

/* ---- The far heap: binary, earliest at index 0; heap_index is the position plus 1 ---- */

static void heap_place(struct sim_queue *queue, size_t position, struct sim_queue_event *event)
{
    queue->heap[position] = event;
    event->heap_index = position + 1;
}

static void heap_sift_up(struct sim_queue *queue, size_t position, struct sim_queue_event *event)
{
    while (position > 0) {
        size_t parent = (position - 1) / 2;

        if (queue->heap[parent]->time <= event->time) {
            break;
        }
        heap_place(queue, position, queue->heap[parent]);
        position = parent;
    }
    heap_place(queue, position, event);
}

static void heap_sift_down(struct sim_queue *queue, size_t position, struct sim_queue_event *event)
{
    for (;;) {
        size_t child = 2 * position + 1;

        if (child >= queue->heap_count) {
            break;
        }
        if (child + 1 < queue->heap_count && queue->heap[child + 1]->time < queue->heap[child]->time) {
            child++;
        }
        if (queue->heap[child]->time >= event->time) {
            break;
        }
        heap_place(queue, position, queue->heap[child]);
        position = child;
    }
    heap_place(queue, position, event);
}

static void heap_insert(struct sim_queue *queue, struct sim_queue_event *event)
{
    if (queue->heap_count == queue->heap_capacity) {
        struct sim_queue_event **grown = sim_allocate(2 * queue->heap_capacity, sizeof(struct sim_queue_event *));

        for (size_t i = 0; i < queue->heap_count; i++) {
            grown[i] = queue->heap[i];
        }
        free(queue->heap);
        queue->heap = grown;
        queue->heap_capacity *= 2;
    }
    heap_sift_up(queue, queue->heap_count++, event);
}

static void heap_remove(struct sim_queue *queue, struct sim_queue_event *event)
{
    size_t position = event->heap_index - 1;
    struct sim_queue_event *last = queue->heap[--queue->heap_count];

    event->heap_index = 0;
    if (last == event) {
        return;
    }
    if (position > 0 && queue->heap[(position - 1) / 2]->time > last->time) {
        heap_sift_up(queue, position, last);
    } else {
        heap_sift_down(queue, position, last);
    }
}

/** Moves the cursor and brings in from the heap what the wheel now reaches. */
static void advance(struct sim_queue *queue, uint64_t cursor)
{
    queue->cursor = cursor;
    while (queue->heap_count > 0 && (queue->heap[0]->time >> queue->shift) < cursor + queue->slot_count) {
        struct sim_queue_event *event = queue->heap[0];

        heap_remove(queue, event);
        wheel_insert(queue, event);
    }
}

void sim_queue_set(struct sim_queue *queue, struct sim_queue_event *event, sim_time time)
{
    if (event->link != NULL) {
        wheel_remove(queue, event);
    } else if (event->heap_index != 0) {
        heap_remove(queue, event);
    }
    event->time = time;
    if (time == SIM_TIME_NEVER) {
        return;
    }
    if ((time >> queue->shift) < queue->cursor + queue->slot_count) {
        wheel_insert(queue, event);
    } else {
        heap_insert(queue, event);
    }
}

/** Unlinks all events of a slot that are due at the given instant. */
static struct sim_queue_event *take(struct sim_queue *queue, struct sim_queue_event *head, sim_time time)
{
    struct sim_queue_event *batch = NULL;

    for (struct sim_queue_event *event = head; event != NULL;) {
        struct sim_queue_event *next = event->next;

        if (event->time == time) {
            wheel_remove(queue, event);
            event->time = SIM_TIME_NEVER;
            event->next = batch;
            batch = event;
        }
        event = next;
    }
    return batch;
}

/** The common case, an event alone in its slot: nothing to compare, and the slot becomes empty. */
static struct sim_queue_event *take_only(struct sim_queue *queue, struct sim_queue_event *event, uint64_t first,
                                         sim_time *time)
{
    uint64_t slot = first & (queue->slot_count - 1);

    queue->slots[slot] = NULL;
    queue->occupied[slot / 64] &= ~((uint64_t)1 << (slot % 64));
    queue->wheel_count--;
    *time = event->time;
    event->time = SIM_TIME_NEVER;
    event->link = NULL;
    if (first != queue->cursor) {
        advance(queue, first);
    }
    return event;
}

struct sim_queue_event *sim_queue_next_batch(struct sim_queue *queue, sim_time limit, sim_time *time)
{
    uint64_t first;
    struct sim_queue_event *head;
    sim_time earliest;

    if (queue->wheel_count == 0) {
        if (queue->heap_count == 0 || queue->heap[0]->time > limit) {
            return NULL;
        }
        advance(queue, queue->heap[0]->time >> queue->shift);
    }
    first = wheel_first(queue);
    head = queue->slots[first & (queue->slot_count - 1)];
    earliest = head->time;
    if (head->next == NULL && earliest <= limit) {
        return take_only(queue, head, first, time);
    }
    for (struct sim_queue_event *event = head->next; event != NULL; event = event->next) {
        earliest = sim_time_min(earliest, event->time);
    }
    if (earliest > limit) {
        return NULL;
    }
    if (first != queue->cursor) {
        advance(queue, first);
        head = queue->slots[first & (queue->slot_count - 1)];
    }
    *time = earliest;
    return take(queue, head, earliest);
}

sim_time sim_queue_next_time(const struct sim_queue *queue)
{
    sim_time earliest = SIM_TIME_NEVER;

    if (queue->wheel_count == 0) {
        return queue->heap_count == 0 ? SIM_TIME_NEVER : queue->heap[0]->time;
    }
    for (const struct sim_queue_event *event = queue->slots[wheel_first(queue) & (queue->slot_count - 1)];
         event != NULL; event = event->next) {
        earliest = sim_time_min(earliest, event->time);
    }
    return earliest;
}
