/* A packet's hops in words: what happens where, what is read from tables there, and which caches spare such a read. */
#include "report/format.h"
#include "report/story_internal.h"
#include "result/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** INTIDs from here on are LPIs, those below are SPIs as far as messages go (IHI 0069, 2.2.1). */
#define FIRST_LPI 8192u

/** What a stage is, as far as its story goes. */
enum place {
    PLACE_ENDPOINT,
    PLACE_LINK,
    PLACE_CHANNEL,
    PLACE_BRIDGE,
    PLACE_HOST,
    PLACE_SMMU,
    PLACE_SMMU_CONFIG,
    PLACE_SMMU_WALK,
    PLACE_INTERCONNECT,
    PLACE_ITS,
    PLACE_FRAME,
    PLACE_DISTRIBUTOR,
    PLACE_REDISTRIBUTOR,
    PLACE_PE,
    PLACES,
};

static bool is_listed(char *const *names, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/** Whether a stage is a component called by a prefix and a number: rd0, pe12. No other component is called so. */
static bool is_numbered(const char *stage, const char *prefix)
{
    size_t length = strlen(prefix);
    size_t digits;

    if (strncmp(stage, prefix, length) != 0) {
        return false;
    }
    digits = strspn(stage + length, "0123456789");
    return digits > 0 && strchr(" ", stage[length + digits]) != NULL;
}

static bool is_endpoint(const struct run_result *result, const char *name, size_t length)
{
    for (size_t i = 0; i < result->device_count; i++) {
        size_t own = strcspn(result->devices[i].name, "/");

        if (own == length && strncmp(result->devices[i].name, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/** @param device the one that the packet is of: without a DeviceID, its messages have a GICv2m frame and no ITS */
static enum place place_of(const struct run_result *result, const struct run_device *device, const char *stage)
{
    const struct topology *topology = &result->topology;
    size_t word = strcspn(stage, " ");

    if (strstr(stage, ".up.") != NULL || strstr(stage, ".down.") != NULL) {
        return PLACE_LINK;
    }
    if (strstr(stage, "->") != NULL || strchr(stage, '.') != NULL) {
        return PLACE_CHANNEL;
    }
    if (is_listed(topology->smmus, topology->smmu_count, stage, word)) {
        return strcmp(stage + word, " config") == 0 ? PLACE_SMMU_CONFIG
               : strcmp(stage + word, " walk") == 0 ? PLACE_SMMU_WALK
                                                    : PLACE_SMMU;
    }
    if (is_listed(topology->itses, topology->its_count, stage, word)) {
        return device->device_id == VERDICT_NO_ID ? PLACE_FRAME : PLACE_ITS;
    }
    if (is_listed(topology->hosts, topology->host_count, stage, word)) {
        return PLACE_HOST;
    }
    if (is_endpoint(result, stage, word)) {
        return PLACE_ENDPOINT;
    }
    if (is_numbered(stage, "rd") || is_numbered(stage, "pe")) {
        return stage[0] == 'r' ? PLACE_REDISTRIBUTOR : PLACE_PE;
    }
    return strcmp(stage, "interconnect") == 0  ? PLACE_INTERCONNECT
           : strcmp(stage, "distributor") == 0 ? PLACE_DISTRIBUTOR
                                               : PLACE_BRIDGE;
}

/** What the root complex tells those behind it about who sent a packet: an SMMU, an ITS, or neither. */
static void describe_host(char *text, size_t size, const struct run_device *device)
{
    struct report_text stream_id = report_hex(device->stream_id);
    struct report_text device_id = report_hex(device->device_id);

    if (device->stream_id == VERDICT_NO_ID && device->device_id == VERDICT_NO_ID) {
        snprintf(text, size, "the root complex: it is on its way to the interconnect");
    } else if (device->device_id == VERDICT_NO_ID) {
        snprintf(text, size, "the root complex: the requester ID becomes StreamID %s", stream_id.text);
    } else if (device->stream_id == VERDICT_NO_ID) {
        snprintf(text, size, "the root complex: the requester ID becomes DeviceID %s for the ITS", device_id.text);
    } else {
        snprintf(text, size, "the root complex: the requester ID becomes StreamID %s, and DeviceID %s for the ITS",
                 stream_id.text, device_id.text);
    }
}

/** What a packet does in a place. */
static void describe(char *text, size_t size, enum place place, const struct recorded_packet *packet,
                     const struct run_device *device)
{
    switch (place) {
    case PLACE_ENDPOINT:
        snprintf(text, size, "the device raises vector %" PRIu32 " and makes a memory write of it", packet->vector);
        break;
    case PLACE_LINK:
        snprintf(text, size, "a PCI Express link, as a posted TLP with requester ID 0x%04x", device->rid);
        break;
    case PLACE_CHANNEL:
        snprintf(text, size, "wires between two components");
        break;
    case PLACE_BRIDGE:
        snprintf(text, size, "a switch or bridge: address decoding, ordering, arbitration");
        break;
    case PLACE_HOST:
        describe_host(text, size, device);
        break;
    case PLACE_SMMU:
        snprintf(text, size, "the SMMU's pipeline: stream configuration, TLB, and out with a physical address");
        break;
    case PLACE_SMMU_CONFIG:
        snprintf(text, size,
                 "a miss in the configuration cache: the stream table entry and context descriptor are read");
        break;
    case PLACE_SMMU_WALK:
        snprintf(text, size, "a miss in the TLB: translation tables are read from memory, level by level");
        break;
    case PLACE_INTERCONNECT:
        snprintf(text, size, "address decoding: it goes to whoever answers at %s",
                 report_hex(packet->kind == SIM_EVENT_DROPPED ? packet->address : device->doorbell).text);
        break;
    case PLACE_ITS:
        snprintf(text, size, "the ITS looks up DeviceID %s, its event and its collection, and finds INTID %" PRIu32,
                 report_hex(packet->device_id).text, packet->intid);
        break;
    case PLACE_FRAME:
        snprintf(text, size, "the GICv2m frame: what was written is the number of an SPI, %" PRIu32, packet->intid);
        break;
    case PLACE_DISTRIBUTOR:
        snprintf(text, size, "the distributor makes SPI %" PRIu32 " pending and routes it to a PE", packet->intid);
        break;
    case PLACE_REDISTRIBUTOR:
        snprintf(text, size,
                 packet->intid < FIRST_LPI ? "the redistributor signals SPI %" PRIu32 " to its PE"
                                           : "the redistributor makes LPI %" PRIu32 " pending and signals its PE",
                 packet->intid);
        break;
    case PLACE_PE:
        snprintf(text, size, "the PE acknowledges the interrupt and enters its handler");
        break;
    case PLACES:
        text[0] = '\0';
        break;
    }
}

/* ---- Reads, and what spares them ---- */

/** Whether a hop of the packet is a stage of a component with that word behind its name. */
static bool has_stage(const struct story *story, const char *component, size_t length, const char *word)
{
    const struct recorded_hop *hops = recording_hops(story->recording);

    for (uint32_t i = 0; i < story->packet->hop_count; i++) {
        const char *stage = sim_stage_name(story->sim, hops[story->packet->first_hop + i].stage);

        if (strncmp(stage, component, length) == 0 && strcmp(stage + length, word) == 0) {
            return true;
        }
    }
    return false;
}

/** Whether any entry whose name begins so was read by a component. */
static bool has_read(const struct story *story, const char *component, size_t length, const char *what)
{
    size_t count;
    const struct recorded_read *reads = recording_reads(story->recording, story->packet->id, &count);

    for (size_t i = 0; i < count; i++) {
        if (strlen(reads[i].where) == length && strncmp(reads[i].where, component, length) == 0 &&
            strncmp(reads[i].what, what, strlen(what)) == 0) {
            return true;
        }
    }
    return false;
}

static void describe_cached_its(const struct story *story, const char *name, size_t length, char *text, size_t size)
{
    const bool device = has_read(story, name, length, "device table");
    const bool event = has_read(story, name, length, "interrupt translation");
    const bool collection = has_read(story, name, length, "collection") || has_read(story, name, length, "vPE");

    if (!event && !collection) {
        snprintf(text, size, "in its caches: the event and its collection; no table is read");
    } else if (!collection) {
        snprintf(text, size, "in its caches: %sthe collection", device ? "" : "the device, ");
    } else if (!event) {
        snprintf(text, size, "in its caches: the event");
    } else if (!device) {
        snprintf(text, size, "in its caches: the device");
    }
}

/** Which cache answered what a read would have answered otherwise; nothing if none did. */
static void describe_cached(const struct story *story, enum place place, const char *stage, char *text, size_t size)
{
    const size_t length = strcspn(stage, " ");

    text[0] = '\0';
    if (place == PLACE_SMMU && story->device->stream_id != VERDICT_NO_ID) {
        const bool config = has_stage(story, stage, length, " config");
        const bool walk = has_stage(story, stage, length, " walk");

        if (!config || !walk) {
            snprintf(text, size, "in its caches: %s%s%s", config ? "" : "the stream's configuration",
                     config || walk ? "" : ", ", walk ? "" : "the translation");
        }
    } else if (place == PLACE_ITS && story->packet->intid != 0) {
        describe_cached_its(story, stage, length, text, size);
    } else if (place == PLACE_REDISTRIBUTOR && story->packet->intid >= FIRST_LPI &&
               !has_read(story, stage, length, "LPI configuration")) {
        snprintf(text, size, "in its cache: the LPI's configuration");
    }
}

/** The clock period of the component that a stage belongs to; 0: it belongs to a channel. */
static sim_time period_of(const struct sim *sim, const char *stage)
{
    const size_t length = strcspn(stage, " ");

    for (size_t i = 0; i < sim_component_count(sim) && strstr(stage, "->") == NULL; i++) {
        const struct sim_component *component = sim_component_at(sim, i);

        if (strlen(component->name) == length && strncmp(component->name, stage, length) == 0) {
            return component->period;
        }
    }
    return 0;
}

/** The reads of a component that were issued before a hop's end and are not yet told. */
static void find_reads(const struct story *story, struct story_hop *hop, size_t *told)
{
    size_t count;
    const struct recorded_read *reads = recording_reads(story->recording, story->packet->id, &count);
    const size_t length = strcspn(hop->stage, " ");

    if (reads == NULL) {
        return;
    }
    hop->reads = reads + *told;
    while (*told < count && strlen(reads[*told].where) == length &&
           strncmp(reads[*told].where, hop->stage, length) == 0 && reads[*told].issued < hop->end) {
        (*told)++;
        hop->read_count++;
    }
}

uint32_t story_hops(const struct story *story, struct story_hop *hops)
{
    const struct recorded_hop *recorded = recording_hops(story->recording);
    sim_time begin = story->packet->born;
    size_t told = 0;

    for (uint32_t i = 0; i < story->packet->hop_count; i++) {
        const struct recorded_hop *hop = &recorded[story->packet->first_hop + i];
        struct story_hop *made = &hops[i];
        enum place place;

        *made = (struct story_hop){.stage = sim_stage_name(story->sim, hop->stage), .begin = begin, .end = hop->end};
        made->period = period_of(story->sim, made->stage);
        place = place_of(story->result, story->device, made->stage);
        describe(made->text, sizeof(made->text), place, story->packet, story->device);
        describe_cached(story, place, made->stage, made->cached, sizeof(made->cached));
        find_reads(story, made, &told);
        begin = hop->end;
    }
    return story->packet->hop_count;
}

bool story_begin(struct story *story, const struct recording *recording, const struct recorded_packet *packet,
                 const struct sim *sim, const struct run_result *result)
{
    *story = (struct story){.recording = recording, .packet = packet, .sim = sim, .result = result};
    story->device = packet->device < result->device_count ? &result->devices[packet->device] : NULL;
    return story->device != NULL;
}
