#include "report/story_json.h"

#include "report/claims.h"
#include "report/story_internal.h"
#include "report/verdict_json.h"

#include <inttypes.h>

static json_t *read_json(const struct recorded_packet *packet, const struct recorded_read *read)
{
    json_t *object = json_object();

    json_object_set_new(object, "entry", json_string(read->what));
    json_object_set_new(object, "meaning", json_string(read->meaning));
    json_object_set_new(object, "address", verdict_json_id(read->address));
    json_object_set_new(object, "bytes", json_integer(read->length));
    /* One that is shared may have been issued before this packet was born. */
    json_object_set_new(object, "after-fs", json_integer((json_int_t)read->issued - (json_int_t)packet->born));
    json_object_set_new(object, "for-fs", verdict_json_count(read->arrived - read->issued));
    json_object_set_new(object, "shared", json_boolean(read->shared));
    return object;
}

static json_t *hop_json(const struct recorded_packet *packet, const struct story_hop *hop)
{
    json_t *object = json_object();
    json_t *reads = json_array();

    for (size_t i = 0; i < hop->read_count; i++) {
        json_array_append_new(reads, read_json(packet, &hop->reads[i]));
    }
    json_object_set_new(object, "stage", verdict_json_text(hop->stage));
    json_object_set_new(object, "after-fs", verdict_json_count(hop->begin - packet->born));
    json_object_set_new(object, "for-fs", verdict_json_count(hop->end - hop->begin));
    json_object_set_new(object, "clock-period-fs", hop->period == 0 ? json_null() : verdict_json_count(hop->period));
    json_object_set_new(object, "what", verdict_json_text(hop->text));
    json_object_set_new(object, "cached", hop->cached[0] == '\0' ? json_null() : json_string(hop->cached));
    json_object_set_new(object, "reads", reads);
    return object;
}

json_t *story_packet_json(const struct recording *recording, const struct recorded_packet *packet,
                          const struct sim *sim, const struct run_result *result)
{
    struct story_hop hops[SIM_PACKET_TRAIL];
    json_t *object = json_object();
    json_t *list = json_array();
    struct story story;

    if (story_begin(&story, recording, packet, sim, result)) {
        const uint32_t count = story_hops(&story, hops);

        for (uint32_t i = 0; i < count; i++) {
            json_array_append_new(list, hop_json(packet, &hops[i]));
        }
    }
    json_object_set_new(object, "id", json_sprintf("%016" PRIx64, packet->id));
    json_object_set_new(object, "device", verdict_json_text(story.device == NULL ? NULL : story.device->name));
    json_object_set_new(object, "vector", json_integer(packet->vector));
    json_object_set_new(object, "intid", packet->intid == 0 ? json_null() : json_integer(packet->intid));
    json_object_set_new(object, "born-fs", verdict_json_count(packet->born - recording_begin(recording)));
    json_object_set_new(object, "latency-fs", verdict_json_count(packet->end - packet->born));
    json_object_set_new(object, "outcome", json_string(recorded_outcome(packet)));
    json_object_set_new(object, "at", verdict_json_text(packet->where));
    json_object_set_new(object, "address", verdict_json_id(packet->address));
    json_object_set_new(object, "hops", list);
    return object;
}

json_t *story_verdict_json(const struct recording *recording, const struct verdict *verdict, const struct sim *sim,
                           const struct run_result *result)
{
    const struct recorded_packet *packets[STORY_PACKETS];
    const struct verdict_device *devices[STORY_PACKETS];
    const size_t count = story_packets(recording, verdict, packets, devices, STORY_PACKETS);
    char reasons[STORY_REASONS][GROUP_REASON_BYTES];
    const size_t reason_count = story_reasons(&result->topology, verdict, reasons, STORY_REASONS);
    const struct verdict_list alone = {.items = (struct verdict *)(uintptr_t)verdict, .count = 1};
    json_t *all = verdict_json(&alone);
    json_t *object = json_copy(json_object_get(all, verdict->name));
    json_t *list = json_array();
    json_t *group = json_array();

    json_decref(all);
    for (size_t i = 0; i < count; i++) {
        json_t *shown = json_object();

        json_object_set_new(shown, "doorbell", verdict_json_id(devices[i]->doorbell));
        json_object_set_new(shown, "packet", story_packet_json(recording, packets[i], sim, result));
        json_array_append_new(list, shown);
    }
    for (size_t i = 0; i < reason_count; i++) {
        json_array_append_new(group, verdict_json_text(reasons[i]));
    }
    json_object_set_new(object, "name", verdict_json_text(verdict->name));
    json_object_set_new(object, "claim", verdict_json_text(report_claim(verdict->name)));
    json_object_set_new(object, "consequence", verdict_json_text(report_consequence(verdict->name)));
    json_object_set_new(object, "one-group", group);
    json_object_set_new(object, "shown-by", list);
    return object;
}
