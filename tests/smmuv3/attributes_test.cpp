/*
 * Memory attributes: what the stages say and what they make together, against the tables of the specification.
 */
#include "models/smmuv3/translation_internal.h"

#include "gtest/gtest.h"

namespace
{

constexpr unsigned non_shareable = 0 << 8;
constexpr unsigned outer = 2 << 8;
constexpr unsigned inner = 3 << 8;

TEST(Attributes, OfStage1)
{
    EXPECT_EQ(smmu_attributes_stage1(0xff, 3), 0xffu | inner);
    EXPECT_EQ(smmu_attributes_stage1(0xbb, 0), 0xbbu | non_shareable);
    EXPECT_EQ(smmu_attributes_stage1(0x44, 0), 0x44u | outer) << "non-cacheable is outer shareable";
    EXPECT_EQ(smmu_attributes_stage1(0x04, 0), 0x04u | outer) << "so is Device";
    EXPECT_EQ(smmu_attributes_stage1(0x07, 3), 0x04u | outer) << "reserved: Device-nGnRE";
    EXPECT_EQ(smmu_attributes_stage1(0xf0, 3), 0xf3u | inner) << "reserved: inner write-through, transient";
    EXPECT_EQ(smmu_attributes_stage1(0xff, 1), 0xffu | non_shareable) << "reserved shareability";
}

TEST(Attributes, OfStage2)
{
    for (unsigned device = 0; device < 4; device++) {
        EXPECT_EQ(smmu_attributes_stage2(device, 0), device << 2 | outer);
    }
    EXPECT_EQ(smmu_attributes_stage2(0xf, 3), 0xffu | inner);
    EXPECT_EQ(smmu_attributes_stage2(0x5, 3), 0x44u | outer);
    EXPECT_EQ(smmu_attributes_stage2(0xa, 2), 0xbbu | outer);
    for (unsigned reserved : {0x4u, 0x8u, 0xcu}) {
        EXPECT_TRUE(smmu_attributes_is_device(smmu_attributes_stage2(reserved, 0)));
    }
}

TEST(Attributes, Combined)
{
    const unsigned wb = 0xff;
    const unsigned wt = 0xbb;
    const unsigned nc = 0x44;

    EXPECT_EQ(smmu_attributes_combine(wb | inner, wb), wb | inner);
    EXPECT_EQ(smmu_attributes_combine(wb | inner, wb | outer), wb | outer);
    EXPECT_EQ(smmu_attributes_combine(wb, wt), wt) << "the weaker caching";
    EXPECT_EQ(smmu_attributes_combine(wt, wb), wt);
    EXPECT_EQ(smmu_attributes_combine(wb | inner, nc | outer), nc | outer);
    EXPECT_EQ(smmu_attributes_combine(0x4f | inner, wb), 0x4fu | inner) << "inner and outer apart";
    EXPECT_EQ(smmu_attributes_combine(wb | inner, 0x08 | outer), 0x08u | outer) << "Device wins";
    EXPECT_EQ(smmu_attributes_combine(0x0c | outer, 0x04 | outer), 0x04u | outer) << "the stricter Device";
    EXPECT_EQ(smmu_attributes_combine(0x77 | inner, wt), 0x33u | inner) << "hints of the first";
    for (unsigned a : {wb, wt, nc, 0x00u, 0x4fu}) {
        for (unsigned b : {wb, wt, nc, 0x0cu, 0xf4u}) {
            EXPECT_EQ(smmu_attributes_combine(smmu_attributes_stage1(a, 3), smmu_attributes_stage1(b, 2)),
                      smmu_attributes_combine(smmu_attributes_stage1(b, 2), smmu_attributes_stage1(a, 3)))
                << std::hex << a << " " << b;
        }
    }
}

TEST(Attributes, Overridden)
{
    const unsigned input = SMMU_ATTRIBUTES_DEFAULT;

    EXPECT_EQ(smmu_attributes_override(input, false, 0, 1), input);
    EXPECT_EQ(smmu_attributes_override(input, false, 0, 3), 0xffu | inner);
    EXPECT_EQ(smmu_attributes_override(input, true, 0xa, 1), 0xbbu | non_shareable);
    EXPECT_EQ(smmu_attributes_override(input, true, 0x1, 3), 0x04u | outer);
}

} // namespace
