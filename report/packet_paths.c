#include "report/packet_paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_line(FILE *stream, const struct recorded_packet *packet, const struct recorded_hop *hops,
                       const struct sim *sim, const struct run_result *result, sim_time origin)
{
    sim_time begin = packet->born;

    fprintf(stream, "%016" PRIx64 " %s vector %" PRIu32 " born %" PRIu64 ":", packet->id,
            packet->device < result->device_count ? result->devices[packet->device].name : "?", packet->vector,
            packet->born - origin);
    for (uint32_t i = 0; i < packet->hop_count; i++) {
        const struct recorded_hop *hop = &hops[packet->first_hop + i];

        fprintf(stream, " [%s] %" PRIu64, sim_stage_name(sim, hop->stage), hop->end - begin);
        begin = hop->end;
    }
    fprintf(stream, " %s at %s\n", recorded_outcome(packet), packet->where);
}

char *packet_paths_text(const struct recording *recording, const struct sim *sim, const struct run_result *result)
{
    char *text = NULL;
    size_t length = 0;
    size_t count;
    const struct recorded_packet *packets = recording_packets(recording, &count);
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        write_line(stream, &packets[i], recording_hops(recording), sim, result, recording_begin(recording));
    }
    fclose(stream);
    return text;
}

struct packet_paths_split packet_paths_compare(const char *before, const char *after)
{
    struct packet_paths_split split = {.found = false};

    while (*before != '\0' || *after != '\0') {
        split.before_length = strcspn(before, "\n");
        split.after_length = strcspn(after, "\n");
        if (split.before_length != split.after_length || memcmp(before, after, split.before_length) != 0) {
            split.found = true;
            split.before = *before == '\0' ? NULL : before;
            split.after = *after == '\0' ? NULL : after;
            return split;
        }
        split.same++;
        before += split.before_length + (before[split.before_length] == '\n');
        after += split.after_length + (after[split.after_length] == '\n');
    }
    return split;
}
