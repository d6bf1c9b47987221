/* `doorbell explain`: the story of a packet adds up, that of a verdict says why; what is not there gets a hint. */
#include "tests/cli/process.h"

#include <gtest/gtest.h>

namespace
{

using cli_test::doorbell;
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
    for (const char *part :
         {"doorbell-per-group: violated", "The claim:", "2 doorbell pages",
          "It means:", "Packet 491de5b400000000: an MSI of epA", "a miss in the TLB", "finds\n", "delivered after"}) {
        EXPECT_TRUE(has(result.out, part)) << part << "\n" << result.out;
    }
}

TEST(Explain, APacketsHopsFollowEachOther)
{
    const Result result = doorbell({"explain", split, "0xce79122300000000"});
    const std::string first = "         0 ns   50.00 ns  epB";

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(has(result.out, "an MSI of epB")) << result.out;
    EXPECT_TRUE(has(result.out, first.substr(1))) << result.out;
    EXPECT_TRUE(has(result.out, "whoever answers at 0x80d0040")) << result.out;
    EXPECT_TRUE(has(result.out, "the requester ID becomes StreamID 0x400")) << result.out;
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
    const std::string told = result.out.substr(story);

    for (const char *part : {"the requester ID becomes StreamID 0x300\n", "the GICv2m frame: what was written is the",
                             "the distributor makes SPI 64 pending", "the redistributor signals SPI 64 to its PE"}) {
        EXPECT_TRUE(has(told, part)) << part << "\n" << told;
    }
    EXPECT_FALSE(has(told, "DeviceID")) << told;
    EXPECT_FALSE(has(told, "LPI")) << told;
    EXPECT_EQ(told.find("a switch or bridge"), told.rfind("a switch or bridge")) << told;
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
