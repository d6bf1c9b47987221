#include "report/story.h"

#include "report/claims.h"
#include "report/format.h"
#include "report/story_internal.h"
#include "report/topology_marks.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Columns before the words about a hop. */
#define STORY_COLUMN 25

const struct recorded_packet *story_find(const struct recording *recording, uint64_t id)
{
    size_t count;
    const struct recorded_packet *packets = recording_packets(recording, &count);

    for (size_t i = 0; i < count; i++) {
        if (packets[i].id == id) {
            return &packets[i];
        }
    }
    return NULL;
}

/** A duration in cycles of a clock, "391 cycles"; empty if there is no clock. */
static void cycles_text(sim_time duration, sim_time period, char *text, size_t size)
{
    text[0] = '\0';
    if (period > 0) {
        const uint64_t tenths = (duration * 10 + period / 2) / period;

        if (tenths % 10 == 0) {
            snprintf(text, size, "%" PRIu64 " cycle%s", tenths / 10, tenths == 10 ? "" : "s");
        } else {
            snprintf(text, size, "%" PRIu64 ".%" PRIu64 " cycles", tenths / 10, tenths % 10);
        }
    }
}

static void write_read(FILE *stream, const struct recorded_read *read, sim_time period)
{
    char cycles[40];
    char text[360];

    cycles_text(read->arrived - read->issued, period, cycles, sizeof(cycles));
    snprintf(text, sizeof(text), "%s 0x%" PRIx64 ", %" PRIu32 " byte%s, %s%s%s: %s: %s",
             read->shared ? "waits for a read under way," : "reads", read->address, read->length,
             read->length == 1 ? "" : "s", report_duration(read->arrived - read->issued).text,
             cycles[0] == '\0' ? "" : ", ", cycles, read->what, read->meaning);
    fprintf(stream, "%*s- ", STORY_COLUMN, "");
    report_words(stream, text, STORY_COLUMN + 2, STORY_COLUMN + 2);
}

static void write_hop(FILE *stream, const struct recorded_packet *packet, const struct story_hop *hop)
{
    char cycles[40];

    cycles_text(hop->end - hop->begin, hop->period, cycles, sizeof(cycles));
    fprintf(stream, "  %10s  %9s  %s%s%s\n%*s", report_duration(hop->begin - packet->born).text,
            report_duration(hop->end - hop->begin).text, hop->stage, cycles[0] == '\0' ? "" : ": ", cycles,
            STORY_COLUMN, "");
    report_words(stream, hop->text, STORY_COLUMN, STORY_COLUMN);
    for (size_t i = 0; i < hop->read_count; i++) {
        write_read(stream, &hop->reads[i], hop->period);
    }
    if (hop->cached[0] != '\0') {
        fprintf(stream, "%*s- ", STORY_COLUMN, "");
        report_words(stream, hop->cached, STORY_COLUMN + 2, STORY_COLUMN + 2);
    }
}

bool story_packet_write(FILE *stream, const struct recording *recording, const struct recorded_packet *packet,
                        const struct sim *sim, const struct run_result *result)
{
    struct story_hop hops[SIM_PACKET_TRAIL];
    struct story story;
    uint32_t count;

    if (!story_begin(&story, recording, packet, sim, result)) {
        return !ferror(stream);
    }
    fprintf(stream, "Packet %016" PRIx64 ": an MSI of %s, vector %" PRIu32 ", born %s after the traffic's start\n\n",
            packet->id, story.device->name, packet->vector,
            report_duration(packet->born - recording_begin(recording)).text);
    fprintf(stream, "  %10s  %9s  where, and what happens there\n", "after", "for");
    count = story_hops(&story, hops);
    for (uint32_t i = 0; i < count; i++) {
        write_hop(stream, packet, &hops[i]);
    }
    fprintf(stream, "\n  %s after %s, at %s", recorded_outcome(packet),
            report_duration(packet->end - packet->born).text, packet->where);
    if (packet->kind == SIM_EVENT_DROPPED) {
        fprintf(stream, ": the interrupt is lost; the address last known was %s", report_hex(packet->address).text);
    }
    fputc('\n', stream);
    return !ferror(stream);
}

/* ---- Verdicts ---- */

size_t story_packets(const struct recording *recording, const struct verdict *verdict,
                     const struct recorded_packet **packets, const struct verdict_device **devices, size_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < verdict->evidence_count; i++) {
        for (size_t j = 0; j < verdict->evidence[i].device_count && count < limit; j++) {
            const struct verdict_device *device = &verdict->evidence[i].devices[j];
            const struct recorded_packet *packet =
                device->first_packet == 0 ? NULL : story_find(recording, device->first_packet);
            bool known = packet == NULL;

            for (size_t k = 0; k < count && !known; k++) {
                known = devices[k]->doorbell == device->doorbell;
            }
            if (!known) {
                packets[count] = packet;
                devices[count++] = device;
            }
        }
    }
    return count;
}

size_t story_reasons(const struct topology *topology, const struct verdict *verdict,
                     char (*reasons)[GROUP_REASON_BYTES], size_t limit)
{
    const size_t devices = verdict->evidence_count == 0 ? 0 : verdict->evidence[0].device_count;
    uint32_t *functions = sim_allocate(devices + 1, sizeof(*functions));
    size_t count;

    for (size_t i = 0; i < devices; i++) {
        functions[i] = topology_find_function(topology, verdict->evidence[0].devices[i].name);
    }
    count = group_reasons(topology, functions, devices, reasons, limit);
    free(functions);
    return count;
}

static void write_labelled(FILE *stream, const char *label, const char *text)
{
    fprintf(stream, "  %-12s", label);
    report_words(stream, text, 14, 14);
}

/** Why the devices of the first evidence are one group, if they are. */
static void write_reasons(FILE *stream, const struct topology *topology, const struct verdict *verdict)
{
    char reasons[STORY_REASONS][GROUP_REASON_BYTES];
    const size_t count = story_reasons(topology, verdict, reasons, STORY_REASONS);

    for (size_t i = 0; i < count; i++) {
        write_labelled(stream, i == 0 ? "One group:" : "", reasons[i]);
    }
}

bool story_verdict_write(FILE *stream, const struct recording *recording, const struct verdict *verdict,
                         const struct sim *sim, const struct run_result *result)
{
    const char *claim = report_claim(verdict->name);
    const char *consequence = report_consequence(verdict->name);
    const struct recorded_packet *packets[STORY_PACKETS];
    const struct verdict_device *devices[STORY_PACKETS];
    const size_t count = story_packets(recording, verdict, packets, devices, STORY_PACKETS);

    fprintf(stream, "%s: %s\n\n", verdict->name, verdict_outcome_name(verdict->outcome));
    if (claim != NULL) {
        write_labelled(stream, "The claim:", claim);
    }
    write_labelled(stream, "Found:", verdict->summary);
    for (size_t i = 0; i < verdict->evidence_count; i++) {
        const struct verdict_evidence *evidence = &verdict->evidence[i];

        write_labelled(stream, "", evidence->detail);
        for (size_t j = 0; j < evidence->device_count; j++) {
            const struct verdict_device *device = &evidence->devices[j];

            fprintf(stream, "                %s: StreamID %s, DeviceID %s at %s, doorbell %s, %" PRIu64 " MSIs\n",
                    device->name, report_hex(device->stream_id).text, report_hex(device->device_id).text,
                    device->its == NULL ? "-" : device->its, report_hex(device->doorbell).text, device->msi_count);
        }
    }
    write_reasons(stream, &result->topology, verdict);
    if (verdict->outcome == VERDICT_VIOLATED && consequence != NULL) {
        write_labelled(stream, "It means:", consequence);
    }
    for (size_t i = 0; i < count; i++) {
        if (devices[i]->doorbell == VERDICT_NO_ID) {
            fputs("\nThe first packet that shows it:\n\n", stream);
        } else {
            fprintf(stream, "\nThe first packet to doorbell %s:\n\n", report_hex(devices[i]->doorbell).text);
        }
        story_packet_write(stream, recording, packets[i], sim, result);
    }
    return !ferror(stream);
}
