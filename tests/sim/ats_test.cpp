/*
 * The words of ATS and PRI messages, against examples worked out by hand from PCIe Base 10.2.3.2, 10.3.1 and 10.4.
 */
#include "sim/ats.h"

#include "gtest/gtest.h"

namespace
{

TEST(Ats, RangesAreEncodedInTheAddress)
{
    EXPECT_EQ(sim_ats_encode_range(0x12345678, 12), 0x12345000u);
    EXPECT_EQ(sim_ats_encode_range(0x12345678, 13), 0x12344800u);
    EXPECT_EQ(sim_ats_encode_range(0x12345678, 14), 0x12345800u);
    EXPECT_EQ(sim_ats_encode_range(0x12345678, 16), 0x12347800u);
    EXPECT_EQ(sim_ats_encode_range(0x40000000, 21), 0x400ff800u);
    EXPECT_EQ(sim_ats_encode_range(0, 64), UINT64_C(0x7ffffffffffff800));
}

TEST(Ats, RangesComeBack)
{
    for (unsigned size = 12; size <= 64; size++) {
        const uint64_t address = UINT64_C(0xfedcba9876543210);
        const uint64_t base = size == 64 ? 0 : address & ~((UINT64_C(1) << size) - 1);
        uint64_t decoded = 1;

        EXPECT_EQ(sim_ats_decode_range(sim_ats_encode_range(address, size), &decoded), size);
        EXPECT_EQ(decoded, base) << size;
    }
}

TEST(Ats, EntryIsMostSignificantByteFirst)
{
    sim_ats_entry entry = {};
    uint8_t bytes[8];

    entry.address = UINT64_C(0x0000123456789000);
    entry.size = 12;
    entry.read = true;
    entry.write = true;
    entry.privileged = true;
    sim_ats_store_entry(bytes, &entry);
    const uint8_t expected[8] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78, 0x90, 0x13};
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQ(bytes[i], expected[i]) << i;
    }
    entry.size = 21;
    entry.execute = true;
    entry.no_snoop = true;
    sim_ats_store_entry(bytes, &entry);
    const sim_ats_entry back = sim_ats_load_entry(bytes);
    EXPECT_EQ(back.address, UINT64_C(0x123456600000));
    EXPECT_EQ(back.size, 21);
    EXPECT_TRUE(back.read && back.write && back.privileged && back.execute && back.no_snoop);
    EXPECT_FALSE(back.untranslated || back.global);
}

TEST(Ats, InvalidateCompletionOfEightIsCountZero)
{
    const uint64_t word = sim_ats_completion_word(0x80000001u, 8);

    EXPECT_EQ(word, UINT64_C(0x80000001));
    EXPECT_EQ(sim_ats_completion_count(word), 8u);
    EXPECT_EQ(sim_ats_itags(word), 0x80000001u);
    EXPECT_EQ(sim_ats_completion_count(sim_ats_completion_word(1, 3)), 3u);
    EXPECT_EQ(sim_ats_itag(sim_ats_itag_word(31)), 31u);
}

TEST(Ats, PageRequestAndResponse)
{
    const uint64_t word = UINT64_C(0x7000) | 0x1f << 3 | 7;
    const sim_ats_page_request request = sim_ats_load_page_request(word);

    EXPECT_EQ(request.page, 0x7000u);
    EXPECT_EQ(request.group, 0x1f);
    EXPECT_TRUE(request.last && request.write && request.read);
    EXPECT_EQ(sim_ats_page_request_word(&request), word);
    EXPECT_FALSE(sim_ats_is_stop_marker(word, true));
    EXPECT_TRUE(sim_ats_is_stop_marker(4, true));
    EXPECT_FALSE(sim_ats_is_stop_marker(4, false));
    EXPECT_EQ(sim_ats_response_word(5, SIM_ATS_PRG_FAILURE), UINT64_C(0x0000f00500000000));
    EXPECT_EQ(sim_ats_response_group(sim_ats_response_word(0x1ff, 1)), 0x1ffu);
    EXPECT_EQ(sim_ats_response_code(sim_ats_response_word(0x1ff, 1)), 1u);
}

} // namespace
