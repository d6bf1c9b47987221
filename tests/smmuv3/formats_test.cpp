/*
 * The decoders against words written by a real driver, and against words packed by bit number.
 */
#include "models/smmuv3/tables_internal.h"
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

namespace
{

smmu_features all_features()
{
    smmu_features features = {};

    features.stream_id_bits = 16;
    features.substream_id_bits = 16;
    features.output_address_bits = 48;
    smmu_features_defaults(&features);
    return features;
}

const smmu_features everything = all_features();

/* STE and CD that Linux 6.1 wrote for a PCIe port with one CD (recording A of the corpus, StreamID 0x10). */
TEST(Formats, LinuxStreamTableEntry)
{
    const uint64_t words[8] = {0x42efb00b, 0xd6};
    const smmu_ste ste = smmu_ste_decode(words);

    EXPECT_TRUE(ste.valid);
    EXPECT_EQ(ste.config, 5);
    EXPECT_EQ(ste.s1contextptr, 0x42efb000u);
    EXPECT_EQ(ste.s1cdmax, 0);
    EXPECT_EQ(ste.s1dss, SMMU_S1DSS_SSID0);
    EXPECT_EQ(ste.strw, 0);
    EXPECT_FALSE(ste.s1stalld);
    EXPECT_FALSE(smmu_ste_is_illegal(&ste, &everything));
}

TEST(Formats, LinuxContextDescriptor)
{
    const uint64_t words[8] = {0x1e204c0003510, 0x48a2b000, 0, 0xfffffffff404ff44};
    const smmu_cd whole = smmu_cd_decode(words);
    const smmu_ste ste = {};

    EXPECT_TRUE(whole.valid);
    EXPECT_EQ(whole.range[0].size, 16);
    EXPECT_EQ(whole.range[0].granule, 12);
    EXPECT_FALSE(whole.range[0].disabled);
    EXPECT_TRUE(whole.range[1].disabled);
    EXPECT_EQ(whole.range[0].table, 0x48a2b000u);
    EXPECT_TRUE(whole.aarch64);
    EXPECT_TRUE(whole.record);
    EXPECT_TRUE(whole.abort);
    EXPECT_FALSE(whole.stall);
    EXPECT_EQ(whole.asid, 1);
    EXPECT_EQ(smmu_ips_bits(whole.ips), 44u);
    EXPECT_FALSE(smmu_cd_is_illegal(&whole, &ste, &everything, SMMU_WORLD_NS_EL1));
}

TEST(Formats, EveryFieldOfACdIsWhereTheSpecificationSays)
{
    smmu_test::Cd cd;

    cd.t0sz = 0x2a;
    cd.tg0 = 1;
    cd.epd0 = 1;
    cd.t1sz = 0x15;
    cd.tg1 = 3;
    cd.epd1 = 0;
    cd.ips = 6;
    cd.affd = 1;
    cd.wxn = 1;
    cd.tbi = 2;
    cd.pan = 1;
    cd.endi = 1;
    cd.ha = 1;
    cd.s = 1;
    cd.r = 0;
    cd.a = 0;
    cd.asid = 0xbeef;
    cd.ttb0 = UINT64_C(0xfedcba98765f0);
    cd.ttb1 = UINT64_C(0x123456789abc0);
    const smmu_cd decoded = smmu_cd_decode(cd.words().data());
    EXPECT_EQ(decoded.range[0].size, 0x2a);
    EXPECT_EQ(decoded.range[0].granule, 16);
    EXPECT_TRUE(decoded.range[0].disabled);
    EXPECT_FALSE(decoded.range[0].ignore_top);
    EXPECT_EQ(decoded.range[0].table, UINT64_C(0xfedcba98765f0));
    EXPECT_EQ(decoded.range[1].size, 0x15);
    EXPECT_EQ(decoded.range[1].granule, 16);
    EXPECT_FALSE(decoded.range[1].disabled);
    EXPECT_TRUE(decoded.range[1].ignore_top);
    EXPECT_EQ(decoded.range[1].table, UINT64_C(0x123456789abc0));
    EXPECT_EQ(decoded.ips, 6);
    EXPECT_TRUE(decoded.access_flag_ignored);
    EXPECT_TRUE(decoded.write_implies_no_execute);
    EXPECT_TRUE(decoded.privileged_access_never);
    EXPECT_TRUE(decoded.big_endian);
    EXPECT_TRUE(decoded.hardware_access_flag);
    EXPECT_FALSE(decoded.hardware_dirty);
    EXPECT_TRUE(decoded.stall);
    EXPECT_FALSE(decoded.record);
    EXPECT_FALSE(decoded.abort);
    EXPECT_EQ(decoded.asid, 0xbeef);
}

TEST(Formats, GranuleEncodingsOfTheTwoHalvesDiffer)
{
    const unsigned lower[4] = {12, 16, 14, 0};
    const unsigned upper[4] = {0, 14, 12, 16};

    for (unsigned tg = 0; tg < 4; tg++) {
        smmu_test::Cd cd;

        cd.tg0 = tg;
        cd.tg1 = tg;
        EXPECT_EQ(smmu_cd_decode(cd.words().data()).range[0].granule, lower[tg]);
        EXPECT_EQ(smmu_cd_decode(cd.words().data()).range[1].granule, upper[tg]);
    }
}

TEST(Formats, LevelOneStreamDescriptorSpan)
{
    const smmu_stream_table table = {0x10000000, 16, 8};
    smmu_fault fault = {};
    uint64_t address = 0;

    EXPECT_EQ(smmu_stream_table_start(&table, 0x1234, &address, &fault), SMMU_LOOKUP_READ);
    EXPECT_EQ(address, 0x10000000u + 0x12 * 8);
    for (unsigned span = 0; span < 32; span++) {
        for (uint32_t index : {0u, 1u, 127u, 128u, 255u}) {
            const uint64_t l1std = 0x20000000 | span;
            const bool good = span >= 1 && span <= 9 && index < 1u << (span - 1);

            EXPECT_EQ(smmu_stream_table_next(&table, 0x1200 + index, l1std, &address, &fault),
                      good ? SMMU_LOOKUP_READ : SMMU_LOOKUP_FAULT)
                << span << " " << index;
            if (good) {
                EXPECT_EQ(address, 0x20000000u + 64 * index);
            } else {
                EXPECT_EQ(fault.type, SMMU_C_BAD_STREAMID);
            }
        }
    }
}

} // namespace
