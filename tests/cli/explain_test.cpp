/* `doorbell explain`: the story of a packet adds up, that of a verdict says why; what is not there gets a hint. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <vector>

namespace
{

using cli_test::doorbell;
using cli_test::Json;
using cli_test::Result;

const std::string split = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

TEST(Explain, TellsAVerdictWithItsFirstPacket)
{
    const Result result = doorbell({"explain", split, "doorbell-per-group"});

    EXPECT_EQ(result.status, 0) << result.err;
    for (const char *part : {"doorbell-per-group: violated", "The claim:", "2 doorbell pages",
                             "It means:", "Packet 491de5b400000000: an MSI of epA", "a miss in the TLB", "finds\n",
                             "delivered after", "One group:  root port rp0 has no ACS",
                             "downstream port sw0.dsp-epB has no ACS", "The first packet to doorbell 0x8090040:",
                             "The first packet to doorbell 0x80d0040:", "Packet ce79122300000000: an MSI of epB"}) {
        EXPECT_TRUE(has(result.out, part)) << part << "\n" << result.out;
    }
}

TEST(Explain, APacketsHopsFollowEachOther)
{
    const Result result = doorbell({"explain", split, "0xce79122300000000"});
    const std::string first = "         0 ns   50.00 ns  epB: ";

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(has(result.out, "an MSI of epB")) << result.out;
    EXPECT_TRUE(has(result.out, first.substr(1))) << result.out;
    EXPECT_TRUE(has(result.out, "whoever answers at 0x80d0040")) << result.out;
    EXPECT_TRUE(has(result.out, "the requester ID becomes StreamID 0x400")) << result.out;
}

/** A number behind a word, in hexadecimal. */
uint64_t number_behind(const std::string &text, const std::string &word)
{
    const size_t at = text.find(word);

    return at == std::string::npos ? 0 : strtoull(text.c_str() + at + word.size(), nullptr, 16);
}

/** What was read for a packet, a line each: address, length, what it was, what it said. */
std::vector<std::string> reads_of(const std::string &story)
{
    std::vector<std::string> reads;
    std::istringstream lines(story);
    bool inside = false;

    for (std::string line; std::getline(lines, line);) {
        const size_t text = line.find_first_not_of(' ');
        const bool begins = line.compare(text == std::string::npos ? 0 : text, 8, "- reads ") == 0;

        if (begins) {
            reads.push_back(line.substr(text + 8));
        } else if (inside && text == 27) {
            reads.back() += " " + line.substr(text);
        }
        inside = begins || (inside && text == 27);
    }
    return reads;
}

/*
 * A first packet finds no cache filled. Each table leads to the next: the address that one read gives is in the table
 * that the read after it is of, down to the doorbell's page and the INTID.
 */
TEST(Explain, EveryTableLeadsToTheNext)
{
    const Result result = doorbell({"explain", split, "ce79122300000000"});
    const std::vector<std::string> reads = reads_of(result.out);
    const char *const order[] = {"stream table, level 1", "stream table entry",    "context descriptor (CD)",
                                 "stage 1 level 0",       "stage 1 level 1",       "stage 1 level 2",
                                 "stage 1 level 3",       "device table, level 1", "device table entry",
                                 "interrupt translation", "collection table",      "LPI configuration table"};

    ASSERT_EQ(result.status, 0) << result.err;
    ASSERT_EQ(reads.size(), sizeof(order) / sizeof(order[0])) << result.out;
    for (size_t i = 0; i < reads.size(); i++) {
        EXPECT_TRUE(has(reads[i], order[i])) << reads[i];
    }
    for (size_t i : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 8u}) {
        const uint64_t next = strtoull(reads[i + 1].c_str(), nullptr, 16);

        EXPECT_EQ(number_behind(reads[i], " at 0x") >> 16, next >> 16) << reads[i] << "\n" << reads[i + 1];
    }
    EXPECT_TRUE(has(reads[6], "4 KiB at 0x80d0000")) << "the page of B's doorbell";
    EXPECT_TRUE(has(reads[9], "EventID 0 is INTID 8200 in collection 0")) << reads[9];
    EXPECT_TRUE(has(result.out, "and finds\n                         INTID 8200")) << result.out;
    EXPECT_TRUE(has(reads[10], "goes to redistributor 0")) << reads[10];
    EXPECT_TRUE(has(result.out, "rd0 -> pe0")) << result.out;
    /* Eight bytes a DTE, at DeviceID 0x400; a byte an LPI, from 8192 on. */
    EXPECT_EQ(strtoull(reads[8].c_str(), nullptr, 16) & 0xfff8, 0x400u * 8);
    EXPECT_EQ(strtoull(reads[11].c_str(), nullptr, 16) & 0xfff, (8200u - 8192u));
    EXPECT_FALSE(has(result.out, "in its cache")) << result.out;
}

/* A later packet of another vector finds most of it cached, and is told what. */
TEST(Explain, CachesSpareReads)
{
    const Result result = doorbell({"explain", split, "491de5b400000005"});
    const std::vector<std::string> reads = reads_of(result.out);

    ASSERT_EQ(result.status, 0) << result.err;
    ASSERT_EQ(reads.size(), 2u) << result.out;
    EXPECT_TRUE(has(reads[0], "EventID 5 is INTID 8197 in collection 1")) << reads[0];
    EXPECT_TRUE(has(reads[1], "LPI configuration table: enabled")) << reads[1];
    EXPECT_TRUE(has(result.out, "- in its caches: the stream's configuration, the translation")) << result.out;
    EXPECT_TRUE(has(result.out, "- in its caches: the device, the collection")) << result.out;
}

/* The second packet comes while the first one's reads are under way: it waits for them, and causes none of them. */
TEST(Explain, ReadsUnderWayAreShared)
{
    const Json first = cli_test::document(doorbell({"explain", split, "491de5b400000000", "--json"}).out);
    const Json second = cli_test::document(doorbell({"explain", split, "491de5b400000001", "--json"}).out);
    std::set<std::string> caused;
    size_t shared = 0;
    size_t index;
    size_t at;
    json_t *hop;
    json_t *read;

    ASSERT_TRUE(first && second);
    json_array_foreach(json_object_get(json_object_get(first.get(), "packet"), "hops"), index, hop)
    {
        json_array_foreach(json_object_get(hop, "reads"), at, read)
        {
            EXPECT_FALSE(json_is_true(json_object_get(read, "shared")));
            caused.insert(json_string_value(json_object_get(read, "address")));
        }
    }
    json_array_foreach(json_object_get(json_object_get(second.get(), "packet"), "hops"), index, hop)
    {
        json_array_foreach(json_object_get(hop, "reads"), at, read)
        {
            const std::string address = json_string_value(json_object_get(read, "address"));

            EXPECT_EQ(json_is_true(json_object_get(read, "shared")), caused.count(address) == 1) << address;
            shared += json_is_true(json_object_get(read, "shared"));
        }
    }
    EXPECT_GT(shared, 0u);
    EXPECT_NE(doorbell({"explain", split, "491de5b400000001"}).out.find("- waits for a read under way, 0x"),
              std::string::npos);
}

TEST(Explain, ALostPacketSaysWhereAndWhy)
{
    const std::string lost = DOORBELL_SOURCE_DIR "/scenarios/seeds/nested-per-group.yaml";
    const Result result = doorbell({"explain", lost, "doorbell-mapped"});

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(has(result.out, "doorbell-mapped: violated")) << result.out;
    EXPECT_TRUE(has(result.out, "the interrupt is lost")) << result.out;
}

/* Without an ITS there is no DeviceID to look up, and no LPI. */
TEST(Explain, AMessageToAFrameIsAnSpi)
{
    const std::string frames = DOORBELL_SOURCE_DIR "/scenarios/examples/two-gicv2m-frames.yaml";
    const Result result = doorbell({"explain", frames, "doorbell-per-group"});
    const size_t story = result.out.find("The first packet");

    EXPECT_EQ(result.status, 0) << result.err;
    ASSERT_NE(story, std::string::npos) << result.out;
    const std::string told = result.out.substr(story, result.out.find("The first packet", story + 1) - story);

    for (const char *part : {"the requester ID becomes StreamID 0x300\n", "the GICv2m frame: what was written is the",
                             "the distributor makes SPI 64 pending", "the redistributor signals SPI 64 to its PE"}) {
        EXPECT_TRUE(has(told, part)) << part << "\n" << told;
    }
    EXPECT_FALSE(has(told, "DeviceID")) << told;
    EXPECT_FALSE(has(told, "LPI")) << told;
    EXPECT_EQ(told.find("a switch or bridge"), told.rfind("a switch or bridge")) << told;
}

/* As JSON: hops follow each other, and are the whole latency; reads lie within. */
TEST(Explain, APacketAsJsonAddsUp)
{
    const Result result = doorbell({"explain", split, "ce79122300000000", "--json"});
    const Json document = cli_test::document(result.out);
    const json_t *packet = json_object_get(document.get(), "packet");
    json_int_t after = 0;
    size_t reads = 0;
    size_t index;
    json_t *hop;

    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_STREQ(json_string_value(json_object_get(packet, "device")), "epB");
    json_array_foreach(json_object_get(packet, "hops"), index, hop)
    {
        const json_int_t begin = json_integer_value(json_object_get(hop, "after-fs"));
        size_t at;
        json_t *read;

        EXPECT_EQ(begin, after);
        after = begin + json_integer_value(json_object_get(hop, "for-fs"));
        json_array_foreach(json_object_get(hop, "reads"), at, read)
        {
            const json_int_t issued = json_integer_value(json_object_get(read, "after-fs"));

            EXPECT_GE(issued, begin);
            EXPECT_LE(issued + json_integer_value(json_object_get(read, "for-fs")), after);
            EXPECT_FALSE(json_is_true(json_object_get(read, "shared")));
            reads++;
        }
    }
    EXPECT_EQ(after, json_integer_value(json_object_get(packet, "latency-fs")));
    EXPECT_EQ(reads, 12u);
}

TEST(Explain, AVerdictAsJsonHasAPacketForEachDoorbell)
{
    const Result result = doorbell({"explain", split, "doorbell-per-group", "--json"});
    const Json document = cli_test::document(result.out);
    const json_t *verdict = json_object_get(document.get(), "verdict");
    const json_t *shown = json_object_get(verdict, "shown-by");

    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_STREQ(json_string_value(json_object_get(verdict, "outcome")), "violated");
    EXPECT_EQ(json_array_size(json_object_get(verdict, "one-group")), 3u);
    ASSERT_EQ(json_array_size(shown), 2u);
    EXPECT_STREQ(json_string_value(json_object_get(json_array_get(shown, 0), "doorbell")), "0x8090040");
    EXPECT_STREQ(json_string_value(json_object_get(json_array_get(shown, 1), "doorbell")), "0x80d0040");
}

TEST(Explain, AnErrorAsJson)
{
    const Result one = doorbell({"explain", "E1101", "--json"});
    const Result all = doorbell({"explain", "codes", "--json"});
    const Json document = cli_test::document(one.out);
    const Json codes = cli_test::document(all.out);
    const json_t *error = json_array_get(json_object_get(document.get(), "errors"), 0);

    ASSERT_EQ(one.status, 0) << one.err;
    EXPECT_STREQ(json_string_value(json_object_get(error, "title")), "Unknown key");
    EXPECT_EQ(json_object_get(document.get(), "file"), nullptr) << "a code is no file";
    EXPECT_GT(json_array_size(json_object_get(codes.get(), "errors")), 100u);
}

TEST(Explain, WhatIsNotThereGetsAHint)
{
    const Result name = doorbell({"explain", split, "doorbel-per-group"});
    const Result packet = doorbell({"explain", split, "0000000000000001"});
    const Result word = doorbell({"explain", split, "xyzzy"});

    EXPECT_EQ(name.status, 2);
    EXPECT_TRUE(has(name.err, "did you mean 'doorbell-per-group'?")) << name.err;
    EXPECT_EQ(packet.status, 2);
    EXPECT_TRUE(has(packet.err, "this run has no packet")) << packet.err;
    EXPECT_EQ(word.status, 2);
    EXPECT_TRUE(has(word.err, "16 hexadecimal digits")) << word.err;
}

} // namespace
