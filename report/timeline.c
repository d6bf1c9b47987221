#include "report/timeline.h"

#include "sim/allocate.h"
#include <perfetto.pb-c.h>

#include <stdlib.h>
#include <string.h>

/* The one writer of this trace: Perfetto wants a number for it. */
#define SEQUENCE_ID 1

#define DEVICES_TRACK UINT64_C(1)
#define STAGES_TRACK  UINT64_C(2)
#define FIRST_LANE    UINT64_C(16)

#define MAX_ANNOTATIONS 10

/** One slice to be: a packet in a stage, or a packet from birth to end. */
struct span {
    sim_time begin;
    sim_time end;
    const struct recorded_packet *packet;
    uint32_t track; /**< stage, or device */
    bool first;     /**< of its packet: the flow begins here */
    bool last;      /**< likewise: it ends here */
};

/** A row of slices that do not overlap. */
struct lane {
    uint64_t uuid;
    sim_time free_at;
};

struct writer {
    FILE *stream;
    const struct sim *sim;
    const struct run_result *result;
    sim_time origin;
    struct lane *lanes; /**< of the track being written */
    size_t lane_count;
    size_t lane_capacity;
    uint64_t next_uuid;
    bool failed;
};

/* ---- Protobuf ---- */

/** A trace is a sequence of packets, each a field of the outermost message: they can be written one by one. */
static void write_packet(struct writer *writer, Perfetto__TracePacket *packet)
{
    Perfetto__Trace trace = PERFETTO__TRACE__INIT;
    size_t size;
    uint8_t *bytes;

    packet->has_trusted_packet_sequence_id = 1;
    packet->trusted_packet_sequence_id = SEQUENCE_ID;
    trace.n_packet = 1;
    trace.packet = &packet;
    size = perfetto__trace__get_packed_size(&trace);
    bytes = sim_allocate(size, 1);
    perfetto__trace__pack(&trace, bytes);
    if (fwrite(bytes, 1, size, writer->stream) != size) {
        writer->failed = true;
    }
    free(bytes);
}

static void write_track(struct writer *writer, uint64_t uuid, uint64_t parent, const char *name, int32_t rank)
{
    Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
    Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;

    track.has_uuid = 1;
    track.uuid = uuid;
    track.has_parent_uuid = parent != 0;
    track.parent_uuid = parent;
    track.name = (char *)(uintptr_t)name; /* protobuf-c has no const */
    track.has_child_ordering = parent == 0;
    track.child_ordering = PERFETTO__TRACK_DESCRIPTOR__CHILD_TRACKS_ORDERING__EXPLICIT;
    track.has_sibling_order_rank = 1;
    track.sibling_order_rank = rank;
    packet.track_descriptor = &track;
    write_packet(writer, &packet);
}

struct annotations {
    Perfetto__DebugAnnotation storage[MAX_ANNOTATIONS];
    Perfetto__DebugAnnotation *list[MAX_ANNOTATIONS];
    size_t count;
};

static Perfetto__DebugAnnotation *annotate(struct annotations *annotations, const char *name)
{
    Perfetto__DebugAnnotation *annotation = &annotations->storage[annotations->count];

    perfetto__debug_annotation__init(annotation);
    annotation->name = (char *)(uintptr_t)name;
    annotations->list[annotations->count++] = annotation;
    return annotation;
}

static void annotate_number(struct annotations *annotations, const char *name, uint64_t value)
{
    Perfetto__DebugAnnotation *annotation = annotate(annotations, name);

    annotation->has_uint_value = 1;
    annotation->uint_value = value;
}

static void annotate_text(struct annotations *annotations, const char *name, const char *value)
{
    annotate(annotations, name)->string_value = (char *)(uintptr_t)value;
}

/* ---- Slices ---- */

static const char *device_name(const struct writer *writer, uint32_t device)
{
    return device < writer->result->device_count ? writer->result->devices[device].name : "?";
}

static void describe(const struct writer *writer, const struct span *span, struct annotations *annotations)
{
    const struct recorded_packet *packet = span->packet;

    annotate_number(annotations, "begin_fs", span->begin - writer->origin);
    annotate_number(annotations, "length_fs", span->end - span->begin);
    annotate_number(annotations, "packet", packet->id);
    annotate_text(annotations, "device", device_name(writer, packet->device));
    annotate_number(annotations, "vector", packet->vector);
    annotate_text(annotations, "outcome", recorded_outcome(packet));
    annotate_text(annotations, "ended_at", packet->where);
    annotate_number(annotations, "device_id", packet->device_id);
    if (packet->kind == SIM_EVENT_DROPPED) { /* one that arrives ends as a message without an address of its own */
        annotate_number(annotations, "address", packet->address);
    }
    if (packet->intid != 0) {
        annotate_number(annotations, "intid", packet->intid);
    }
}

static void write_event(struct writer *writer, const struct span *span, uint64_t track, bool begin)
{
    Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
    Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
    struct annotations annotations = {.count = 0};
    char name[96];
    char category[] = "msi";
    char *categories = category;
    uint64_t flow = span->packet->id;

    packet.has_timestamp = 1;
    packet.timestamp = ((begin ? span->begin : span->end) - writer->origin) / SIM_NS;
    packet.track_event = &event;
    event.has_type = 1;
    event.type = begin ? PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN : PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END;
    event.has_track_uuid = 1;
    event.track_uuid = track;
    if (begin) {
        snprintf(name, sizeof(name), "%s vector %u", device_name(writer, span->packet->device), span->packet->vector);
        event.name = name;
        event.n_categories = 1;
        event.categories = &categories;
        describe(writer, span, &annotations);
        event.n_debug_annotations = annotations.count;
        event.debug_annotations = annotations.list;
        event.n_flow_ids = span->last ? 0 : 1;
        event.flow_ids = &flow;
        event.n_terminating_flow_ids = span->last && !span->first ? 1 : 0;
        event.terminating_flow_ids = &flow;
    }
    write_packet(writer, &packet);
}

/** A lane that is free at a time; a new one, with its descriptor, if none is. */
static struct lane *lane_for(struct writer *writer, uint64_t parent, const char *name, int32_t rank, sim_time begin)
{
    struct lane *lane;

    for (size_t i = 0; i < writer->lane_count; i++) {
        if (writer->lanes[i].free_at <= begin) {
            return &writer->lanes[i];
        }
    }
    if (writer->lane_count == writer->lane_capacity) {
        writer->lane_capacity = writer->lane_capacity == 0 ? 16 : 2 * writer->lane_capacity;
        writer->lanes = sim_reallocate(writer->lanes, writer->lane_capacity, sizeof(*writer->lanes));
    }
    lane = &writer->lanes[writer->lane_count++];
    lane->uuid = writer->next_uuid++;
    write_track(writer, lane->uuid, parent, name, rank);
    return lane;
}

/** Writes the spans of one track, which are sorted by begin. */
static void write_spans(struct writer *writer, const struct span *spans, size_t count, uint64_t parent,
                        const char *name, int32_t rank)
{
    writer->lane_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = lane_for(writer, parent, name, rank, spans[i].begin);

        lane->free_at = spans[i].end;
        write_event(writer, &spans[i], lane->uuid, true);
        write_event(writer, &spans[i], lane->uuid, false);
    }
}

static int by_track_and_begin(const void *a, const void *b)
{
    const struct span *left = a;
    const struct span *right = b;

    if (left->track != right->track) {
        return left->track < right->track ? -1 : 1;
    }
    if (left->begin != right->begin) {
        return left->begin < right->begin ? -1 : 1;
    }
    if (left->packet != right->packet) {
        return left->packet < right->packet ? -1 : 1;
    }
    return 0;
}

/** Sorts spans and writes each track that they are on. */
static void write_tracks(struct writer *writer, struct span *spans, size_t count, uint64_t parent,
                         const char *(*name)(const struct writer *, uint32_t), const int32_t *ranks)
{
    size_t begin = 0;

    if (count > 0) {
        qsort(spans, count, sizeof(*spans), by_track_and_begin);
    }
    for (size_t i = 1; i <= count; i++) {
        if (i == count || spans[i].track != spans[begin].track) {
            const uint32_t track = spans[begin].track;

            write_spans(writer, spans + begin, i - begin, parent, name(writer, track),
                        ranks == NULL ? (int32_t)track : ranks[track]);
            begin = i;
        }
    }
}

static const char *stage_name(const struct writer *writer, uint32_t stage)
{
    return sim_stage_name(writer->sim, stage);
}

/* ---- What there is to write ---- */

static void write_devices(struct writer *writer, const struct recorded_packet *packets, size_t count)
{
    struct span *spans = sim_allocate(count, sizeof(*spans));

    for (size_t i = 0; i < count; i++) {
        spans[i] = (struct span){.begin = packets[i].born,
                                 .end = packets[i].end,
                                 .packet = &packets[i],
                                 .track = packets[i].device,
                                 .first = true,
                                 .last = packets[i].hop_count == 0};
    }
    write_tracks(writer, spans, count, DEVICES_TRACK, device_name, NULL);
    free(spans);
}

/** Where on their way packets pass a stage: the latest position seen, so that a picture reads from top to bottom. */
static int32_t *stage_ranks(const struct writer *writer, const struct recording *recording)
{
    const struct recorded_hop *hops = recording_hops(recording);
    int32_t *ranks = sim_allocate(sim_stage_count(writer->sim) + 1, sizeof(*ranks));
    size_t count;
    const struct recorded_packet *packets = recording_packets(recording, &count);

    for (size_t i = 0; i < count; i++) {
        for (uint32_t hop = 0; hop < packets[i].hop_count; hop++) {
            int32_t *rank = &ranks[hops[packets[i].first_hop + hop].stage];

            if (*rank < (int32_t)hop) {
                *rank = (int32_t)hop;
            }
        }
    }
    return ranks;
}

static void write_stages(struct writer *writer, const struct recording *recording)
{
    const struct recorded_hop *hops = recording_hops(recording);
    int32_t *ranks = stage_ranks(writer, recording);
    size_t count;
    const struct recorded_packet *packets = recording_packets(recording, &count);
    size_t spans_count = 0;
    struct span *spans;

    for (size_t i = 0; i < count; i++) {
        spans_count += packets[i].hop_count;
    }
    spans = sim_allocate(spans_count, sizeof(*spans));
    spans_count = 0;
    for (size_t i = 0; i < count; i++) {
        sim_time begin = packets[i].born;

        for (uint32_t hop = 0; hop < packets[i].hop_count; hop++) {
            const struct recorded_hop *recorded = &hops[packets[i].first_hop + hop];

            spans[spans_count++] = (struct span){.begin = begin,
                                                 .end = recorded->end,
                                                 .packet = &packets[i],
                                                 .track = recorded->stage,
                                                 .last = hop + 1 == packets[i].hop_count};
            begin = recorded->end;
        }
    }
    write_tracks(writer, spans, spans_count, STAGES_TRACK, stage_name, ranks);
    free(spans);
    free(ranks);
}

bool timeline_write(FILE *stream, const struct recording *recording, const struct sim *sim,
                    const struct run_result *result)
{
    struct writer writer = {
        .stream = stream, .sim = sim, .result = result, .origin = recording_begin(recording), .next_uuid = FIRST_LANE};
    size_t count;
    const struct recorded_packet *packets = recording_packets(recording, &count);

    write_track(&writer, DEVICES_TRACK, 0, "Devices", 0);
    write_track(&writer, STAGES_TRACK, 0, "Stages", 1);
    write_devices(&writer, packets, count);
    write_stages(&writer, recording);
    free(writer.lanes);
    return !writer.failed && !ferror(stream);
}
