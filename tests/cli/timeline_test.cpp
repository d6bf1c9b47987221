/* `doorbell run --timeline`: the trace, read back, tells what the result tells. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include "sim/systemc/systemc_engine.h"
#include <perfetto.pb-c.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::integer_of;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

const std::string split = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

struct Slice {
    std::string track;
    std::string group;
    std::string name;
    uint64_t lane;
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t begin_fs;
    uint64_t length_fs;
    uint64_t packet;
    std::string outcome;
    bool ends_flow;
};

const Perfetto__DebugAnnotation *annotation(const Perfetto__TrackEvent *event, const std::string &name)
{
    for (size_t i = 0; i < event->n_debug_annotations; i++) {
        if (name == event->debug_annotations[i]->name) {
            return event->debug_annotations[i];
        }
    }
    ADD_FAILURE() << "no annotation " << name;
    return nullptr;
}

/** The slices of a trace, in its order. Fails on an end without a begin, or the other way round. */
std::vector<Slice> slices_of(const std::string &bytes)
{
    std::map<uint64_t, const Perfetto__TrackDescriptor *> tracks;
    std::map<uint64_t, Slice> open;
    std::vector<Slice> slices;
    Perfetto__Trace *trace =
        perfetto__trace__unpack(nullptr, bytes.size(), reinterpret_cast<const uint8_t *>(bytes.data()));

    if (trace == nullptr) {
        ADD_FAILURE() << "not a trace";
        return slices;
    }
    for (size_t i = 0; i < trace->n_packet; i++) {
        const Perfetto__TracePacket *packet = trace->packet[i];
        const Perfetto__TrackEvent *event = packet->track_event;

        if (packet->track_descriptor != nullptr) {
            tracks[packet->track_descriptor->uuid] = packet->track_descriptor;
        } else if (event->type == PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN) {
            const Perfetto__TrackDescriptor *track = tracks.at(event->track_uuid);

            EXPECT_EQ(open.count(event->track_uuid), 0U) << "slices of a lane overlap";
            open[event->track_uuid] = {track->name,
                                       tracks.at(track->parent_uuid)->name,
                                       event->name,
                                       event->track_uuid,
                                       packet->timestamp,
                                       0,
                                       annotation(event, "begin_fs")->uint_value,
                                       annotation(event, "length_fs")->uint_value,
                                       annotation(event, "packet")->uint_value,
                                       annotation(event, "outcome")->string_value,
                                       event->n_terminating_flow_ids == 1};
        } else {
            EXPECT_EQ(open.count(event->track_uuid), 1U);
            open[event->track_uuid].end_ns = packet->timestamp;
            slices.push_back(open[event->track_uuid]);
            open.erase(event->track_uuid);
        }
    }
    EXPECT_TRUE(open.empty());
    perfetto__trace__free_unpacked(trace, nullptr);
    return slices;
}

/** The trace of a run of the reference topology without warm-up, and its result. */
std::vector<Slice> traced(std::vector<std::string> words, Json *result)
{
    const Folder folder;
    const std::string file = folder.path("trace");
    Result ran;

    words.insert(words.begin(), {"run", split, "--json", "--set", "warmup=0us", "--timeline", file});
    ran = doorbell(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
    if (result != nullptr) {
        *result = document(ran.out);
    }
    return slices_of(folder.read("trace"));
}

TEST(Timeline, HopsAddUpToTheResultsHops)
{
    Json result;
    const std::vector<Slice> slices = traced({}, &result);
    const json_t *hops = json_object_get(result.get(), "hops");
    std::map<std::string, std::vector<uint64_t>> lengths;

    for (const Slice &slice : slices) {
        EXPECT_EQ(slice.begin_ns, slice.begin_fs / 1000000);
        EXPECT_EQ(slice.end_ns, (slice.begin_fs + slice.length_fs) / 1000000);
        if (slice.group == "Stages" && slice.outcome == "delivered") {
            lengths[slice.track].push_back(slice.length_fs);
        }
    }
    EXPECT_EQ(lengths.size(), json_array_size(hops));
    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);
        const std::vector<uint64_t> &seen = lengths[text_of(hop, "stage")];
        uint64_t sum = 0;

        ASSERT_EQ(seen.size(), static_cast<uint64_t>(integer_of(hop, "count"))) << text_of(hop, "stage");
        for (const uint64_t length : seen) {
            sum += length;
        }
        EXPECT_EQ(*std::min_element(seen.begin(), seen.end()), static_cast<uint64_t>(integer_of(hop, "min-fs")));
        EXPECT_EQ(*std::max_element(seen.begin(), seen.end()), static_cast<uint64_t>(integer_of(hop, "max-fs")));
        EXPECT_EQ(sum / seen.size(), static_cast<uint64_t>(integer_of(hop, "mean-fs"))) << text_of(hop, "stage");
    }
}

TEST(Timeline, EveryMsiCanBeFollowedFromBirthToEnd)
{
    std::map<uint64_t, Slice> whole;
    std::map<uint64_t, std::vector<Slice>> parts;
    std::set<uint64_t> ended;

    for (const Slice &slice : traced({}, nullptr)) {
        if (slice.group == "Devices") {
            EXPECT_TRUE(whole.emplace(slice.packet, slice).second);
            EXPECT_EQ(slice.name.rfind(slice.track + " vector ", 0), 0U);
        } else {
            parts[slice.packet].push_back(slice);
            if (slice.ends_flow) {
                EXPECT_TRUE(ended.insert(slice.packet).second);
            }
        }
    }
    ASSERT_GT(whole.size(), 1000U);
    EXPECT_EQ(ended.size(), whole.size());
    for (auto &[packet, hops] : parts) {
        uint64_t at = whole.at(packet).begin_fs;

        std::sort(hops.begin(), hops.end(), [](const Slice &a, const Slice &b) { return a.begin_fs < b.begin_fs; });
        for (const Slice &hop : hops) {
            EXPECT_EQ(hop.begin_fs, at);
            at += hop.length_fs;
        }
        EXPECT_EQ(at, whole.at(packet).begin_fs + whole.at(packet).length_fs);
    }
}

TEST(Timeline, WindowAndDeviceChoose)
{
    size_t chosen = 0;
    size_t expected = 0;

    for (const Slice &slice : traced({}, nullptr)) {
        expected += slice.group == "Devices" && slice.track == "epB" && slice.begin_fs >= 20000000000 &&
                    slice.begin_fs < 60000000000;
    }
    for (const Slice &slice : traced({"--window", "20us..60us", "--only", "epB"}, nullptr)) {
        EXPECT_EQ(slice.name.rfind("epB ", 0), 0U);
        chosen += slice.group == "Devices";
    }
    EXPECT_GT(expected, 10U);
    EXPECT_EQ(chosen, expected);
}

TEST(Timeline, IsTheSameOnEveryEngine)
{
    const Folder folder;
    std::vector<std::vector<std::string>> engines = {{}, {"--shuffle", "7"}, {"--engine", "every-cycle"}};
    std::set<std::string> traces;

    if (sim_systemc_engine() != nullptr) {
        engines.push_back({"--engine", "systemc"});
    }
    for (std::vector<std::string> words : engines) {
        const std::string file = folder.path("trace");

        words.insert(words.begin(), {"run", split, "--window", "0us..100us", "--timeline", file});
        EXPECT_EQ(doorbell(words).status, 0);
        traces.insert(folder.read("trace"));
    }
    EXPECT_EQ(traces.size(), 1U);
}

TEST(Timeline, WhatMakesNoSenseIsRefused)
{
    const Folder folder;
    const std::string file = folder.path("trace");

    for (const std::vector<std::string> &words : std::vector<std::vector<std::string>>{
             {"--window", "1us..2us"},
             {"--only", "epA"},
             {"--timeline", file, "--window", "2us..2us"},
             {"--timeline", file, "--window", "2us"},
             {"--timeline", file, "--window", "2..3us"},
             {"--timeline", file, "--only", "epZ"},
         }) {
        std::vector<std::string> line = {"run", split};

        line.insert(line.end(), words.begin(), words.end());
        EXPECT_EQ(doorbell(line).status, 2);
        EXPECT_EQ(folder.count(), 0U);
    }
    EXPECT_EQ(doorbell({"run", split, "--timeline", folder.path("absent/trace")}).status, 4);
}

} // namespace
