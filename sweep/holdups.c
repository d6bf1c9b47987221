#include "sweep/holdups.h"

#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

/* ---- When a channel's writer can send again ---- */

/** When so many data units are free, of those that slots hold whose credit has not returned by @p now. */
static sim_time units_until(const struct sim_channel *channel, sim_time now)
{
    uint32_t used = 0;
    uint32_t need = 1;
    sim_time until = 0;

    for (uint32_t i = 0; i < channel->capacity; i++) {
        const struct sim_channel_slot *slot = &channel->slots[i];

        if (slot->packet != NULL || slot->free_at > now) {
            used += slot->units;
            need = slot->units > need ? slot->units : need;
        }
    }
    /* The oldest first: the slot that will be written next is the one that was left longest ago. */
    for (uint32_t i = 0; i < channel->capacity && used + need > channel->units; i++) {
        const struct sim_channel_slot *slot = sim_channel_slot_behind(channel, channel->tail, i);

        if (slot->packet != NULL) {
            return SIM_TIME_NEVER;
        }
        if (slot->free_at > now) {
            used -= slot->units;
            until = slot->free_at;
        }
    }
    return until;
}

static sim_time credit_until(const struct sim_channel *channel, sim_time now)
{
    const struct sim_channel_slot *slot = channel->tail;
    const sim_time units = channel->units == 0 ? 0 : units_until(channel, now);

    return slot->packet != NULL ? SIM_TIME_NEVER : sim_time_max(slot->free_at, units);
}

/* ---- Steps ---- */

static void append(struct holdup_track *track, sim_time time, uint64_t value)
{
    /* What was foreseen from then on has come otherwise. */
    while (track->count > 0 && track->steps[track->count - 1].time >= time) {
        track->count--;
    }
    if (track->count > 0 && track->steps[track->count - 1].value == value) {
        return;
    }
    if (track->count == track->room) {
        track->room = track->room == 0 ? 16 : 2 * track->room;
        track->steps = sim_reallocate(track->steps, track->room, sizeof(*track->steps));
    }
    track->steps[track->count++] = (struct holdup_step){.time = time, .value = value};
}

static void note_channel(struct holdup_track *track, sim_time now)
{
    const struct sim_channel *channel = track->channel;
    const sim_time credit = credit_until(channel, now);
    const sim_time wire = channel->wire == NULL ? 0 : channel->wire->open_at;

    if (credit > now) {
        append(track, now, HOLDUP_CREDIT);
    }
    if (credit == SIM_TIME_NEVER) {
        return;
    }
    if (wire > sim_time_max(credit, now)) {
        append(track, sim_time_max(credit, now), HOLDUP_WIRE);
    }
    append(track, sim_time_max(now, sim_time_max(credit, wire)), HOLDUP_OPEN);
}

static void prepare(struct holdups *holdups, const struct sim_occupancy *occupancy)
{
    holdups->count = sim_occupancy_count(occupancy);
    holdups->tracks = sim_allocate(holdups->count, sizeof(*holdups->tracks));
    for (size_t i = 0; i < holdups->count; i++) {
        const struct sim_occupancy_resource *resource = sim_occupancy_at(occupancy, i);

        holdups->tracks[i].component = resource->component;
        holdups->tracks[i].name = resource->name;
        holdups->tracks[i].capacity = resource->capacity;
        holdups->tracks[i].channel = sim_occupancy_channel(occupancy, i);
    }
}

static void hear(void *context, const struct sim_occupancy *occupancy, size_t resource, sim_time instant,
                 uint64_t value)
{
    struct holdups *holdups = context;
    struct holdup_track *track;

    if (holdups->tracks == NULL) {
        prepare(holdups, occupancy);
    }
    track = &holdups->tracks[resource];
    if (track->channel == NULL) {
        append(track, instant, value);
    } else if (strcmp(track->name, "packets") == 0) { /* its data credits are looked at with them */
        note_channel(track, instant);
    }
}

struct sim_occupancy_listener holdups_listener(struct holdups *holdups)
{
    return (struct sim_occupancy_listener){.context = holdups, .heard = hear};
}

uint64_t holdup_at(const struct holdup_track *track, sim_time time, sim_time *until)
{
    size_t low = 0;
    size_t high = track->count;

    while (low < high) { /* the first step that is later */
        const size_t middle = low + (high - low) / 2;

        if (track->steps[middle].time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < track->count) {
        *until = sim_time_min(*until, track->steps[low].time);
    }
    return low == 0 ? 0 : track->steps[low - 1].value;
}

void holdups_clear(struct holdups *holdups)
{
    for (size_t i = 0; i < holdups->count; i++) {
        free(holdups->tracks[i].steps);
    }
    free(holdups->tracks);
    memset(holdups, 0, sizeof(*holdups));
}
