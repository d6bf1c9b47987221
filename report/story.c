#include "report/story.h"

#include "report/claims.h"
#include "report/format.h"
#include "result/verdict.h"

#include <inttypes.h>
#include <string.h>

/** Columns before the words about a hop. */
#define STORY_COLUMN 25

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

static void write_hop(FILE *stream, const struct recorded_packet *packet, const struct run_device *device,
                      const struct run_result *result, const char *stage, sim_time begin, sim_time end)
{
    char text[160];

    describe(text, sizeof(text), place_of(result, device, stage), packet, device);
    fprintf(stream, "  %10s  %9s  %s\n%*s", report_duration(begin - packet->born).text,
            report_duration(end - begin).text, stage, STORY_COLUMN, "");
    report_words(stream, text, STORY_COLUMN, STORY_COLUMN);
}

bool story_packet_write(FILE *stream, const struct recording *recording, const struct recorded_packet *packet,
                        const struct sim *sim, const struct run_result *result)
{
    const struct recorded_hop *hops = recording_hops(recording);
    const struct run_device *device = packet->device < result->device_count ? &result->devices[packet->device] : NULL;
    sim_time begin = packet->born;

    if (device == NULL) {
        return !ferror(stream);
    }
    fprintf(stream, "Packet %016" PRIx64 ": an MSI of %s, vector %" PRIu32 ", born %s after the traffic's start\n\n",
            packet->id, device->name, packet->vector, report_duration(packet->born - recording_begin(recording)).text);
    fprintf(stream, "  %10s  %9s  where, and what happens there\n", "after", "for");
    for (uint32_t i = 0; i < packet->hop_count; i++) {
        const struct recorded_hop *hop = &hops[packet->first_hop + i];

        write_hop(stream, packet, device, result, sim_stage_name(sim, hop->stage), begin, hop->end);
        begin = hop->end;
    }
    fprintf(stream, "\n  %s after %s, at %s", recorded_outcome(packet),
            report_duration(packet->end - packet->born).text, packet->where);
    if (packet->kind == SIM_EVENT_DROPPED) {
        fprintf(stream, ": the interrupt is lost; the address last known was %s", report_hex(packet->address).text);
    }
    fputc('\n', stream);
    return !ferror(stream);
}

/** The first packet that any evidence of a verdict names; 0 if none does. */
static uint64_t first_packet(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->evidence_count; i++) {
        for (size_t j = 0; j < verdict->evidence[i].device_count; j++) {
            if (verdict->evidence[i].devices[j].first_packet != 0) {
                return verdict->evidence[i].devices[j].first_packet;
            }
        }
    }
    return 0;
}

static void write_labelled(FILE *stream, const char *label, const char *text)
{
    fprintf(stream, "  %-12s", label);
    report_words(stream, text, 14, 14);
}

bool story_verdict_write(FILE *stream, const struct recording *recording, const struct verdict *verdict,
                         const struct sim *sim, const struct run_result *result)
{
    const char *claim = report_claim(verdict->name);
    const char *consequence = report_consequence(verdict->name);
    const struct recorded_packet *packet = story_find(recording, first_packet(verdict));

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
    if (verdict->outcome == VERDICT_VIOLATED && consequence != NULL) {
        write_labelled(stream, "It means:", consequence);
    }
    if (packet != NULL) {
        fputs("\nThe first packet that shows it:\n\n", stream);
        story_packet_write(stream, recording, packet, sim, result);
    }
    return !ferror(stream);
}
