#include "result/recording.h"

#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 1024

struct recording {
    struct recording_filter filter;
    bool *devices;
    uint32_t *device_of;
    uint32_t source_count;
    sim_time start;
    struct recorded_packet *packets;
    size_t count;
    size_t capacity;
    struct recorded_hop *hops;
    size_t hop_count;
    size_t hop_capacity;
    struct recorded_read *reads;
    size_t read_count;
    size_t read_capacity;
    uint64_t beyond;
    sim_time last_end; /**< of the packet noted last */
};

struct recording_filter recording_filter_all(size_t limit)
{
    const struct recording_filter filter = {.to = SIM_TIME_NEVER, .limit = limit};

    return filter;
}

struct recording *recording_create(const struct recording_filter *filter, const uint32_t *device_of, uint32_t sources)
{
    struct recording *recording = sim_allocate(1, sizeof(*recording));

    recording->filter = *filter;
    recording->source_count = sources;
    recording->device_of = sim_allocate(sources == 0 ? 1 : sources, sizeof(*recording->device_of));
    for (uint32_t i = 0; i < sources; i++) {
        recording->device_of[i] = device_of[i];
    }
    if (filter->devices != NULL) {
        recording->devices = sim_allocate(filter->device_count + 1, sizeof(*recording->devices));
        memcpy(recording->devices, filter->devices, filter->device_count * sizeof(*recording->devices));
    }
    return recording;
}

void recording_destroy(struct recording *recording)
{
    if (recording == NULL) {
        return;
    }
    free(recording->devices);
    free(recording->device_of);
    free(recording->packets);
    free(recording->hops);
    free(recording->reads);
    free(recording);
}

void recording_start(struct recording *recording, sim_time start)
{
    recording->start = start;
}

static bool is_wanted(const struct recording *recording, const struct sim_packet *packet)
{
    const struct recording_filter *filter = &recording->filter;
    uint32_t device;

    if ((packet->flags & SIM_FLAG_MSI) == 0 || packet->source == 0 || packet->source > recording->source_count ||
        packet->born < recording->start || packet->born - recording->start < filter->from ||
        packet->born - recording->start >= filter->to) {
        return false;
    }
    device = recording->device_of[packet->source - 1];
    return recording->devices == NULL || (device < filter->device_count && recording->devices[device]);
}

static void *grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    size_t wanted = *capacity == 0 ? FIRST_CAPACITY : *capacity;

    while (wanted < needed) {
        wanted *= 2;
    }
    if (wanted == *capacity) {
        return array;
    }
    *capacity = wanted;
    return sim_reallocate(array, wanted, size);
}

static void note(struct recording *recording, enum sim_event_kind kind, const struct sim_packet *packet,
                 const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct recorded_packet *noted;

    recording->packets =
        grow(recording->packets, &recording->capacity, recording->count + 1, sizeof(*recording->packets));
    recording->hops = grow(recording->hops, &recording->hop_capacity, recording->hop_count + packet->trail_count,
                           sizeof(*recording->hops));
    noted = &recording->packets[recording->count++];
    *noted = (struct recorded_packet){.id = packet->id,
                                      .born = packet->born,
                                      .end = time,
                                      .kind = kind,
                                      .detail = detail,
                                      .where = where == NULL ? "" : where->name,
                                      .device = recording->device_of[packet->source - 1],
                                      .vector = packet->vector,
                                      .device_id = packet->device_id,
                                      .intid = packet->intid,
                                      .address = packet->address,
                                      .first_hop = recording->hop_count,
                                      .hop_count = packet->trail_count};
    for (uint32_t i = 0; i < packet->trail_count; i++) {
        recording->hops[recording->hop_count].stage = (uint32_t)packet->trail[i].stage;
        recording->hops[recording->hop_count].end = packet->trail[i].end;
        recording->hop_count++;
    }
}

static void on_event(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                     const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct recording *recording = context;

    if ((kind != SIM_EVENT_MSI_DELIVERED && kind != SIM_EVENT_MSI_MERGED && kind != SIM_EVENT_DROPPED) ||
        !is_wanted(recording, packet)) {
        return;
    }
    /* The order within an instant is the engine's: the last instant is taken whole, and cut when all is known. */
    if (recording->count >= recording->filter.limit && (recording->count == 0 || time != recording->last_end)) {
        recording->beyond++;
        return;
    }
    recording->last_end = time;
    note(recording, kind, packet, where, time, detail);
}

static void on_read(void *context, const struct sim_table_read *read)
{
    struct recording *recording = context;
    struct recorded_read *noted;

    if (!is_wanted(recording, read->packet)) {
        return;
    }
    recording->reads =
        grow(recording->reads, &recording->read_capacity, recording->read_count + 1, sizeof(*recording->reads));
    noted = &recording->reads[recording->read_count++];
    *noted = (struct recorded_read){.packet = read->packet->id,
                                    .issued = read->issued,
                                    .arrived = read->arrived,
                                    .address = read->address,
                                    .length = read->length,
                                    .shared = read->shared,
                                    .where = read->where->name};
    snprintf(noted->what, sizeof(noted->what), "%s", read->what);
    snprintf(noted->meaning, sizeof(noted->meaning), "%s", read->meaning);
}

struct sim_observer recording_observer(struct recording *recording)
{
    const struct sim_observer observer = {
        .context = recording, .trails = true, .event = on_event, .read = recording->filter.reads ? on_read : NULL};

    return observer;
}

static int by_birth(const void *a, const void *b)
{
    const struct recorded_packet *left = a;
    const struct recorded_packet *right = b;

    if (left->born != right->born) {
        return left->born < right->born ? -1 : 1;
    }
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    return 0;
}

static int by_end(const void *a, const void *b)
{
    const struct recorded_packet *left = a;
    const struct recorded_packet *right = b;

    if (left->end != right->end) {
        return left->end < right->end ? -1 : 1;
    }
    return by_birth(a, b);
}

/** By packet, and then as they were issued. One packet waits for one entry at a time at each component. */
static int by_packet(const void *a, const void *b)
{
    const struct recorded_read *left = a;
    const struct recorded_read *right = b;

    if (left->packet != right->packet) {
        return left->packet < right->packet ? -1 : 1;
    }
    if (left->issued != right->issued) {
        return left->issued < right->issued ? -1 : 1;
    }
    if (left->arrived != right->arrived) {
        return left->arrived < right->arrived ? -1 : 1;
    }
    return left->address < right->address ? -1 : left->address > right->address;
}

void recording_finish(struct recording *recording)
{
    if (recording->count > recording->filter.limit) {
        qsort(recording->packets, recording->count, sizeof(*recording->packets), by_end);
        recording->beyond += recording->count - recording->filter.limit;
        recording->count = recording->filter.limit;
    }
    if (recording->count > 1) {
        qsort(recording->packets, recording->count, sizeof(*recording->packets), by_birth);
    }
    if (recording->read_count > 1) {
        qsort(recording->reads, recording->read_count, sizeof(*recording->reads), by_packet);
    }
}

const struct recorded_packet *recording_packets(const struct recording *recording, size_t *count)
{
    *count = recording->count;
    return recording->packets;
}

const struct recorded_hop *recording_hops(const struct recording *recording)
{
    return recording->hops;
}

const struct recorded_read *recording_reads(const struct recording *recording, uint64_t packet, size_t *count)
{
    size_t low = 0;
    size_t high = recording->read_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (recording->reads[middle].packet < packet) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *count = 0;
    while (low + *count < recording->read_count && recording->reads[low + *count].packet == packet) {
        (*count)++;
    }
    return *count > 0 ? &recording->reads[low] : NULL;
}

uint64_t recording_beyond_limit(const struct recording *recording)
{
    return recording->beyond;
}

sim_time recording_begin(const struct recording *recording)
{
    return recording->start;
}

const char *recorded_outcome(const struct recorded_packet *packet)
{
    switch (packet->kind) {
    case SIM_EVENT_MSI_DELIVERED:
        return "delivered";
    case SIM_EVENT_MSI_MERGED:
        return "merged";
    default:
        return sim_drop_reason_name((enum sim_drop_reason)packet->detail);
    }
}
