// The JSON document: its keys, and numbers that come back as they went in.
#include "report/difference.h"
#include "report/run_json.h"
#include "report/verdict_json.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>

namespace
{

struct Release {
    void operator()(json_t *value) const
    {
        json_decref(value);
    }
};
using Json = std::unique_ptr<json_t, Release>;

// What a reader of the printed document gets.
Json read_back(json_t *written)
{
    char *text = json_dumps(written, 0);
    json_error_t error;
    Json read(json_loads(text, 0, &error));
    EXPECT_NE(read, nullptr) << error.text;
    free(text);
    json_decref(written);
    return read;
}

// A result in which everything that can be there is there once.
struct Full {
    run_result result = {};
    run_device device = {};
    run_hop hop = {};
    run_doorbell doorbell = {};
    run_peer peer = {};
    run_counter counter = {};
    run_expectation expectation = {};
    std::string name = "epA";

    Full()
    {
        char *text = name.data();
        run_latency latency = {3, 1, 2, SIM_TIME_NEVER, 4, 5, 6, 7};
        hop = {text, 0, latency};
        doorbell = {0x8090040, text, 0x300, 3, 0xfedcba9876543210, 9};
        peer = {text, 0, {1, 2, 3}, {1, 2, 3}};
        counter = {text, text, UINT64_MAX};
        expectation = {text, text, text, text, true};
        device.name = text;
        device.smmu = text;
        device.its = text;
        device.rid = 0x300;
        device.group = 4;
        device.latency = latency;
        device.read_latency = latency;
        device.hops = &hop;
        device.hop_count = 1;
        device.doorbells = &doorbell;
        device.doorbell_count = 1;
        device.peers = &peer;
        device.peer_count = 1;
        device.dropped[SIM_DROP_PEER].count = 8;
        result.title = text;
        result.path = text;
        result.latency = latency;
        result.hops = &hop;
        result.hop_count = 1;
        result.devices = &device;
        result.device_count = 1;
        result.counters = &counter;
        result.counter_count = 1;
        result.expectations = &expectation;
        result.expectation_count = 1;
        verdict *verdict = verdict_list_add(&result.verdicts, "claim", VERDICT_VIOLATED, "no");
        verdict_device shown = {};
        shown.name = text;
        shown.device_id = VERDICT_NO_ID;
        verdict_evidence_add_device(verdict_add_evidence(verdict, "group 0", "why"), &shown);
    }
    ~Full()
    {
        verdict_list_clear(&result.verdicts);
    }
    Full(const Full &) = delete;
    Full &operator=(const Full &) = delete;
};

void collect_paths(const json_t *value, const std::string &path, std::set<std::string> &paths)
{
    const char *key;
    json_t *member;
    json_object_foreach(const_cast<json_t *>(value), key, member)
    {
        std::string below = path.empty() ? key : path + "/" + key;
        paths.insert(below);
        collect_paths(member, below, paths);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        collect_paths(json_array_get(value, i), path + "[]", paths);
    }
}

std::set<std::string> below(const std::string &path, const std::set<std::string> &keys)
{
    std::set<std::string> all;
    for (const std::string &key : keys) {
        all.insert(path.empty() ? key : path + "/" + key);
    }
    return all;
}

// docs/json.md describes these; a change here is a change to whoever reads the documents.
std::set<std::string> golden()
{
    const std::set<std::string> latency = {"count",  "min-fs", "mean-fs",  "ci95-fs",
                                           "p50-fs", "p99-fs", "p99.9-fs", "max-fs"};
    std::set<std::string> all = {"title",    "scenario",         "seed",         "duration-fs", "warmup-fs",
                                 "setup-fs", "last-delivery-fs", "interrupted",  "verdicts",    "latency",
                                 "hops",     "devices",          "smmu-events",  "counters",    "expectations",
                                 "steps",    "fingerprint",      "hops[]/stage", "histogram",   "topology"};
    auto add = [&all](const std::set<std::string> &more) { all.insert(more.begin(), more.end()); };
    add(below("topology", {"hosts", "smmus", "itses", "functions"}));
    const std::string device = "devices[]";
    const std::string msi = device + "/msi";
    const std::string evidence = "verdicts/claim/evidence";

    add(below("latency", latency));
    add(below("hops[]", latency));
    add(below(device,
              {"name", "segment", "rid", "group", "stream-id", "smmu", "device-id", "its", "doorbell", "msi", "dma"}));
    add(below(msi, {"count", "delivered", "merged", "lost", "lost-because", "lost-because/peer", "latency", "histogram",
                    "hops", "doorbells", "hops[]/stage"}));
    add(below(msi + "/latency", latency));
    add(below(msi + "/hops[]", latency));
    add(below(msi + "/doorbells[]", {"address", "its", "device-id", "count", "first-packet", "first-time-fs"}));
    add(below(device + "/dma", {"writes-sent", "writes-visible", "writes-dropped", "reads-done", "reached-peers",
                                "reached-peers/epA", "msis-checked-against-data", "msis-before-data",
                                "measured-time-fs", "writes-measured", "reads-measured", "read-latency"}));
    add(below(device + "/dma/read-latency", latency));
    add({"verdicts/claim", "verdicts/claim/outcome", "verdicts/claim/summary", evidence});
    add(below(evidence + "[]", {"subject", "detail", "devices"}));
    add(below(evidence + "[]/devices[]", {"name", "segment", "rid", "rid-count", "stream-id", "smmu", "device-id",
                                          "its", "doorbell", "msi-count", "first-packet"}));
    add({"counters/epA", "counters/epA/epA"});
    add(below("expectations[]", {"key", "wanted", "got", "place", "met"}));
    return all;
}

TEST(RunJson, HasTheKeysThatItAlwaysHad)
{
    Full full;
    Json document = read_back(run_json(&full.result));
    std::set<std::string> paths;
    collect_paths(document.get(), "", paths);
    EXPECT_EQ(paths, golden());
}

// A count comes back exactly, as a number or as a decimal string.
uint64_t count_of(const json_t *value)
{
    return json_is_string(value) ? std::strtoull(json_string_value(value), nullptr, 10)
                                 : static_cast<uint64_t>(json_integer_value(value));
}

TEST(RunJson, SixtyFourBitsComeBack)
{
    for (uint64_t value : {UINT64_C(0), UINT64_C(1), UINT64_C(1) << 53, (UINT64_C(1) << 53) + 1,
                           static_cast<uint64_t>(INT64_MAX), UINT64_C(1) << 63, UINT64_MAX - 1}) {
        Full full;
        full.counter.value = value;
        full.result.duration = value;
        full.result.seed = value;
        full.result.fingerprint = value;
        full.device.born = value;
        full.device.doorbell = value;
        full.doorbell.first_packet = value;
        Json document = read_back(run_json(&full.result));
        json_t *root = document.get();
        json_t *device = json_array_get(json_object_get(root, "devices"), 0);
        json_t *msi = json_object_get(device, "msi");
        json_t *counted = json_object_get(json_object_get(json_object_get(root, "counters"), "epA"), "epA");
        EXPECT_EQ(count_of(counted), value);
        EXPECT_EQ(json_is_integer(counted), value <= INT64_MAX);
        EXPECT_EQ(count_of(json_object_get(root, "duration-fs")), value);
        EXPECT_EQ(count_of(json_object_get(root, "seed")), value);
        EXPECT_TRUE(json_is_string(json_object_get(root, "seed")));
        EXPECT_EQ(count_of(json_object_get(msi, "count")), value);
        EXPECT_EQ(std::strtoull(json_string_value(json_object_get(root, "fingerprint")), nullptr, 16), value);
        EXPECT_EQ(std::strtoull(json_string_value(json_object_get(device, "doorbell")), nullptr, 16), value);
        json_t *hit = json_array_get(json_object_get(msi, "doorbells"), 0);
        EXPECT_EQ(std::strtoull(json_string_value(json_object_get(hit, "first-packet")), nullptr, 16), value);
    }
}

TEST(RunJson, WhatIsNotKnownIsNull)
{
    Full full;
    full.device.group = VERDICT_NO_ID;
    full.device.stream_id = VERDICT_NO_ID;
    full.device.smmu = nullptr;
    full.device.latency = {};
    Json document = read_back(run_json(&full.result));
    json_t *device = json_array_get(json_object_get(document.get(), "devices"), 0);
    for (const char *key : {"group", "stream-id", "smmu"}) {
        EXPECT_TRUE(json_is_null(json_object_get(device, key))) << key;
    }
    EXPECT_TRUE(json_is_null(json_object_get(json_object_get(document.get(), "latency"), "ci95-fs")));
    json_t *latency = json_object_get(json_object_get(device, "msi"), "latency");
    EXPECT_EQ(json_object_size(latency), 1u) << "no MSI, no times";
}

TEST(RunJson, TextThatIsNoUtf8DoesNotVanish)
{
    Full full;
    char odd[] = "caf\xe9.yaml";
    full.result.path = odd;
    Json document = read_back(run_json(&full.result));
    EXPECT_STREQ(json_string_value(json_object_get(document.get(), "scenario")), "caf?.yaml");
}

// Verdicts of several groups, say: the second of a name is compared with the second.
TEST(Differences, AListMayHoldSeveralOfOneName)
{
    const Json before(json_loads(R"([{"name":"a","v":1},{"name":"b","v":2},{"name":"a","v":3}])", 0, nullptr));
    const Json after(json_loads(R"([{"name":"a","v":1},{"name":"a","v":4},{"name":"a","v":5}])", 0, nullptr));
    differences none = json_differences(before.get(), before.get(), nullptr);
    differences some = json_differences(before.get(), after.get(), nullptr);
    std::set<std::string> found;

    EXPECT_EQ(none.count, 0u);
    for (size_t i = 0; i < some.count; i++) {
        const difference &one = some.list[i];

        found.insert(std::string(one.path) + ": " + (one.before == nullptr ? "-" : one.before) + ", " +
                     (one.after == nullptr ? "-" : one.after));
    }
    EXPECT_EQ(found,
              (std::set<std::string>{"a.v: 3, 4", "b: {\"name\":\"b\",\"v\":2}, -", "a: -, {\"name\":\"a\",\"v\":5}"}));
    differences_clear(&none);
    differences_clear(&some);
}

} // namespace
