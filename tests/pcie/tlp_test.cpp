/* TLPs: byte enables and splits, against definitions spelt out byte by byte. */
#include "models/pcie/tlp.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

namespace
{

TEST(Tlp, ByteEnablesCoverExactlyTheBytesAskedFor)
{
    for (uint64_t address = 0x1000; address < 0x1008; address++) {
        for (uint32_t bytes = 1; bytes <= 20; bytes++) {
            sim_packet packet = {};
            uint64_t covered = 0;

            pcie_tlp_set_range(&packet, address, bytes);
            EXPECT_EQ(packet.address % 4, 0u);
            EXPECT_EQ(packet.length % 4, 0u);
            EXPECT_EQ(packet.length == 4, packet.last_be == 0) << "a single double word has no last enables";
            for (uint32_t i = 0; i < packet.length; i++) {
                uint64_t at = packet.address + i;
                bool wanted = at >= address && at < address + bytes;

                EXPECT_EQ(pcie_tlp_byte_enabled(&packet, i), wanted) << address << " " << bytes << " byte " << i;
                covered += wanted;
            }
            EXPECT_EQ(covered, bytes);
            EXPECT_EQ(pcie_tlp_all_enabled(&packet), packet.length == bytes);
        }
    }
}

TEST(Tlp, SizesAndClasses)
{
    sim_packet packet = {};

    packet.length = 6;
    packet.type = SIM_PACKET_WRITE;
    EXPECT_EQ(pcie_tlp_class(&packet), PCIE_POSTED);
    EXPECT_EQ(pcie_tlp_payload_bytes(&packet), 8u);
    EXPECT_EQ(pcie_tlp_units(&packet), 1u);
    packet.length = 17;
    EXPECT_EQ(pcie_tlp_units(&packet), 2u);
    packet.type = SIM_PACKET_READ;
    EXPECT_EQ(pcie_tlp_class(&packet), PCIE_NON_POSTED);
    EXPECT_EQ(pcie_tlp_payload_bytes(&packet), 0u);
    packet.type = SIM_PACKET_CONFIG_WRITE;
    packet.length = 4;
    packet.address = UINT64_C(0x100000000);
    EXPECT_EQ(pcie_tlp_class(&packet), PCIE_NON_POSTED);
    EXPECT_EQ(pcie_tlp_payload_bytes(&packet), 4u);
    EXPECT_EQ(pcie_tlp_header_bytes(&packet), 12u) << "only memory requests have long addresses";
    packet.type = SIM_PACKET_COMPLETION;
    packet.length = 0;
    EXPECT_EQ(pcie_tlp_class(&packet), PCIE_COMPLETION);
    EXPECT_EQ(pcie_tlp_payload_bytes(&packet), 0u);
    packet.type = SIM_PACKET_MESSAGE;
    EXPECT_EQ(pcie_tlp_class(&packet), PCIE_POSTED);
    EXPECT_EQ(pcie_tlp_header_bytes(&packet), 16u) << "messages always have four double words";
}

sim_packet *pattern(struct sim *sim, uint8_t type, uint64_t address, uint32_t bytes)
{
    sim_packet *packet = sim_packet_new(sim, bytes);

    packet->type = type;
    packet->address = address;
    packet->id = 77;
    packet->tag = 5;
    packet->target = 0x300;
    packet->flags = SIM_FLAG_TRACKED | SIM_FLAG_RELAXED;
    for (uint32_t i = 0; i < bytes; i++) {
        packet->data[i] = static_cast<uint8_t>(i * 5 + 1);
    }
    return packet;
}

TEST(Tlp, CompletionsAreCutAtTheBoundary)
{
    struct sim *sim = support::create(support::engines()[0]);

    for (bool chop : {false, true}) {
        for (uint32_t boundary : {64u, 128u}) {
            for (uint64_t start : {0x1000u, 0x1004u, 0x1020u, 0x103cu, 0x107cu}) {
                for (uint32_t bytes : {4u, 60u, 64u, 128u, 132u, 256u, 500u}) {
                    pcie_split split = {pattern(sim, SIM_PACKET_COMPLETION, start, bytes), 0};
                    sim_packet *whole = split.whole;
                    uint32_t rest = bytes;
                    uint64_t at = start;
                    std::vector<uint8_t> joined;

                    while (split.whole != nullptr) {
                        uint32_t size = pcie_split_bytes(&split, 128, boundary, chop);
                        sim_packet *piece = pcie_split_take(&split, sim, size);

                        EXPECT_GT(size, 0u);
                        EXPECT_EQ(piece->length, size);
                        EXPECT_LE(size, 128u);
                        EXPECT_EQ(piece->arg, rest);
                        EXPECT_EQ(piece->address, at);
                        EXPECT_EQ(piece->tag, 5);
                        EXPECT_EQ(piece->target, 0x300);
                        EXPECT_NE(piece->flags & SIM_FLAG_RELAXED, 0u);
                        joined.insert(joined.end(), piece->data, piece->data + size);
                        rest -= size;
                        at += size;
                        EXPECT_EQ(piece == whole, rest == 0) << "the last piece is the whole packet itself";
                        EXPECT_EQ((piece->flags & SIM_FLAG_TRACKED) != 0, rest == 0);
                        if (rest > 0) {
                            EXPECT_EQ(at % boundary, 0u);
                        }
                        if (chop) {
                            EXPECT_EQ((at - 1) / boundary, (at - size) / boundary);
                        }
                        sim_packet_free(sim, piece);
                    }
                    EXPECT_EQ(rest, 0u);
                    for (uint32_t i = 0; i < bytes; i++) {
                        ASSERT_EQ(joined[i], static_cast<uint8_t>(i * 5 + 1));
                    }
                }
            }
        }
    }
    EXPECT_EQ(sim_pool(sim)->live, 0u);
    sim_destroy(sim);
}

TEST(Tlp, PiecesOfAWriteEnableWhatTheWholeDid)
{
    struct sim *sim = support::create(support::engines()[0]);

    for (uint64_t start = 0x1000; start < 0x1004; start++) {
        for (uint32_t bytes : {1u, 5u, 128u, 129u, 131u, 260u, 300u}) {
            pcie_split split = {pattern(sim, SIM_PACKET_WRITE, start, 304), 0};
            std::vector<uint64_t> enabled;

            pcie_tlp_set_range(split.whole, start, bytes);
            while (split.whole != nullptr) {
                sim_packet *piece = pcie_split_take(&split, sim, pcie_split_bytes(&split, 128, 4, false));

                EXPECT_EQ(piece->length == 4, piece->last_be == 0);
                for (uint32_t i = 0; i < piece->length; i++) {
                    if (pcie_tlp_byte_enabled(piece, i)) {
                        enabled.push_back(piece->address + i);
                    }
                }
                sim_packet_free(sim, piece);
            }
            ASSERT_EQ(enabled.size(), bytes) << start;
            for (uint32_t i = 0; i < bytes; i++) {
                ASSERT_EQ(enabled[i], start + i);
            }
        }
    }
    sim_destroy(sim);
}

} // namespace
