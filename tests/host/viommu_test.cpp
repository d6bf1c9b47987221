// What iommufd's objects for virtual machines allow and refuse, error by error (rules E1 to E9), and what becomes of
// what a guest says.
#include "host/viommu.h"

#include "models/smmuv3/smmu_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace
{

class Viommu : public testing::Test
{
  protected:
    Viommu()
    {
        hardware.smmu = 3;
        hardware.name = "S";
        hardware.has_stage1 = true;
        hardware.has_stage2 = true;
        hardware.can_write_back = true;
        hardware.queues = 4;
        hardware.queue_log2 = 8;
        parent = {3, true, 0x42};
        device = {3, 0x1234, 1, false};
        other = {3, 0x5678, 1, false};
    }

    /** 0, or the errno. */
    int init(enum viommu_type type = VIOMMU_SMMUV3)
    {
        return code(viommu_init(&viommu, type, &hardware, &parent, &error));
    }
    int add(struct viommu_device *which, uint32_t virtual_id)
    {
        return code(viommu_add_device(&viommu, which, virtual_id, &error));
    }
    int queue(uint32_t index, uint64_t base = 0x40000000, uint64_t bytes = 1024, bool contiguous = true)
    {
        return code(viommu_add_queue(&viommu, index, base, bytes, contiguous, &error));
    }
    int describe()
    {
        return code(viommu_describe_entry(&viommu, &device, guest, &setting, &error));
    }
    int convert(uint64_t low, uint64_t high = 0)
    {
        words[0] = low;
        words[1] = high;
        return code(viommu_convert_command(&viommu, words, &error));
    }
    int code(bool fine)
    {
        if (!fine) {
            EXPECT_STRNE(error.text, "");
        }
        return fine ? 0 : error.code;
    }

    struct viommu_hardware hardware = {};
    struct viommu_parent parent = {};
    struct viommu viommu = {};
    struct viommu_device device = {};
    struct viommu_device other = {};
    struct smmu_stream_setting setting = {};
    uint64_t guest[8] = {};
    uint64_t words[2] = {};
    host_error error = {};
};

TEST_F(Viommu, E1BindsOneSmmuAndAStage2OfIt)
{
    EXPECT_EQ(init(), 0);
    EXPECT_EQ(viommu.vmid, 0x42) << "its parent's";
    EXPECT_EQ(init(VIOMMU_DEFAULT), EOPNOTSUPP);
    parent.nest_parent = false;
    EXPECT_EQ(init(), EINVAL);
    parent = {2, true, 0x42};
    EXPECT_EQ(init(), EINVAL);
}

TEST_F(Viommu, E2NeedsBothStagesAndSnooping)
{
    hardware.can_write_back = false;
    EXPECT_EQ(init(), EOPNOTSUPP);
    hardware.can_write_back = true;
    hardware.has_stage2 = false;
    EXPECT_EQ(init(), EOPNOTSUPP);
    hardware.has_stage2 = true;
    hardware.has_stage1 = false;
    EXPECT_EQ(init(), EOPNOTSUPP);
}

TEST_F(Viommu, E3OneVdeviceForEachDeviceAndStreamIdOfTheSameSmmu)
{
    struct viommu second = {};
    struct viommu_device elsewhere = {4, 0x1, 1, false};
    struct viommu_device aliased = {3, 0x2, 2, false};

    ASSERT_EQ(init(), 0);
    ASSERT_TRUE(viommu_init(&second, VIOMMU_SMMUV3, &hardware, &parent, &error));
    EXPECT_EQ(add(&elsewhere, 0x10), EINVAL);
    EXPECT_EQ(add(&aliased, 0x10), EOPNOTSUPP);
    EXPECT_EQ(add(&device, 0x10), 0);
    EXPECT_EQ(viommu_find(&viommu, 0x10), &device);
    EXPECT_EQ(add(&device, 0x11), EEXIST) << "it has one";
    EXPECT_FALSE(viommu_add_device(&second, &device, 0x11, &error)) << "behind whichever";
    EXPECT_EQ(error.code, EEXIST);
    EXPECT_EQ(add(&other, 0x10), EEXIST) << "the StreamID is taken";
    EXPECT_TRUE(viommu_add_device(&second, &other, 0x10, &error)) << "but here only";
    EXPECT_EQ(code(viommu_remove_device(&viommu, &other, &error)), ENOENT);
    EXPECT_EQ(code(viommu_remove_device(&viommu, &device, &error)), 0);
    EXPECT_EQ(viommu_find(&viommu, 0x10), nullptr);
    EXPECT_EQ(add(&device, 0x10), 0) << "again";
    EXPECT_EQ(viommu.device_count, 1u) << "in the place that was free";
}

TEST_F(Viommu, E3MoreDevicesThanItHasRoomForAreRefused)
{
    static struct viommu_device many[VIOMMU_MAX_DEVICES + 1];

    ASSERT_EQ(init(), 0);
    for (uint32_t i = 0; i < VIOMMU_MAX_DEVICES; i++) {
        many[i] = {3, i, 1, false};
        ASSERT_EQ(add(&many[i], i), 0) << i;
    }
    many[VIOMMU_MAX_DEVICES] = {3, 1000, 1, false};
    EXPECT_EQ(add(&many[VIOMMU_MAX_DEVICES], 1000), ENOSPC);
}

TEST_F(Viommu, E4OnlyWhatIsTheGuestsToSay)
{
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(add(&device, 0x10), 0);
    smmu_field_put(guest, SMMU_STE_V, 1);
    smmu_field_put(guest, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S1);
    guest[0] |= 0x12345000;
    smmu_field_put(guest, SMMU_STE_S1CDMAX, 5);
    smmu_field_put(guest, SMMU_STE_S1DSS, SMMU_S1DSS_SSID0);
    smmu_field_put(guest, SMMU_STE_EATS, 1);
    ASSERT_EQ(describe(), 0);
    EXPECT_EQ(setting.config, static_cast<unsigned>(SMMU_STE_CONFIG_NESTED));
    EXPECT_EQ(setting.context, 0x12345000u);
    EXPECT_EQ(setting.context_bits, 5u);
    EXPECT_EQ(setting.dss, static_cast<unsigned>(SMMU_S1DSS_SSID0));
    EXPECT_EQ(setting.eats, 1u);
    EXPECT_EQ(setting.vmid, 0x42);
    EXPECT_TRUE(setting.merge_events);
    // Each bit of the entry: either a guest may set it, or the answer is EIO.
    // V, Config and EATS's upper bit are below.
    for (unsigned bit = 4; bit < 128; bit++) {
        const bool allowed = bit < 52 || (bit >= 59 && bit < 72) || bit == 91 || bit == 92;
        const uint64_t before = guest[bit / 64];

        guest[bit / 64] |= UINT64_C(1) << bit % 64;
        EXPECT_EQ(describe(), allowed && bit != 93 ? 0 : EIO) << "bit " << bit;
        guest[bit / 64] = before;
    }
    smmu_field_put(guest, SMMU_STE_EATS, 2);
    EXPECT_EQ(describe(), EIO);
    smmu_field_put(guest, SMMU_STE_EATS, 0);
    smmu_field_put(guest, SMMU_STE_CONFIG, SMMU_STE_CONFIG_NESTED);
    EXPECT_EQ(describe(), EIO) << "a stage 2 is not the guest's";
}

TEST_F(Viommu, E4WhatTranslatesNeedsAVdevice)
{
    struct viommu_device elsewhere = {4, 0x1, 1, false};

    ASSERT_EQ(init(), 0);
    EXPECT_EQ(describe(), 0);
    EXPECT_EQ(setting.config, static_cast<unsigned>(SMMU_STE_CONFIG_ABORT)) << "V is 0";
    smmu_field_put(guest, SMMU_STE_V, 1);
    smmu_field_put(guest, SMMU_STE_CONFIG, SMMU_STE_CONFIG_ABORT);
    EXPECT_EQ(describe(), 0);
    EXPECT_EQ(setting.config, static_cast<unsigned>(SMMU_STE_CONFIG_ABORT));
    smmu_field_put(guest, SMMU_STE_CONFIG, SMMU_STE_CONFIG_BYPASS);
    EXPECT_EQ(describe(), 0);
    EXPECT_EQ(setting.config, static_cast<unsigned>(SMMU_STE_CONFIG_S2));
    smmu_field_put(guest, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S1);
    EXPECT_EQ(describe(), ENOENT);
    EXPECT_FALSE(viommu_describe_entry(&viommu, &elsewhere, guest, &setting, &error));
    EXPECT_EQ(error.code, EINVAL);
}

TEST_F(Viommu, E5InvalidationsAreTheMachinesOwn)
{
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(add(&device, 0x10), 0);
    EXPECT_EQ(convert(SMMU_CMD_TLBI_NSNH_ALL), 0);
    EXPECT_EQ(words[0], UINT64_C(0x42) << 32 | SMMU_CMD_TLBI_NH_ALL);
    for (uint64_t opcode : {SMMU_CMD_TLBI_NH_ALL, SMMU_CMD_TLBI_NH_ASID, SMMU_CMD_TLBI_NH_VA, SMMU_CMD_TLBI_NH_VAA}) {
        EXPECT_EQ(convert(opcode | UINT64_C(0x7) << 32 | UINT64_C(0x9) << 48, 0xabc001), 0);
        EXPECT_EQ(words[0], opcode | UINT64_C(0x42) << 32 | UINT64_C(0x9) << 48) << "VMID put in, ASID kept";
        EXPECT_EQ(words[1], 0xabc001u);
    }
    for (uint64_t opcode : {SMMU_CMD_CFGI_CD, SMMU_CMD_CFGI_CD_ALL, SMMU_CMD_ATC_INV}) {
        EXPECT_EQ(convert(opcode | UINT64_C(0x10) << 32, 0x7000), 0);
        EXPECT_EQ(words[0], opcode | UINT64_C(0x1234) << 32);
        EXPECT_EQ(convert(opcode | UINT64_C(0x11) << 32), EIO) << "no such StreamID";
    }
}

TEST_F(Viommu, E5EverythingElseIsRefused)
{
    const std::vector<uint64_t> fine = {SMMU_CMD_TLBI_NSNH_ALL, SMMU_CMD_TLBI_NH_ALL, SMMU_CMD_TLBI_NH_ASID,
                                        SMMU_CMD_TLBI_NH_VA,    SMMU_CMD_TLBI_NH_VAA, SMMU_CMD_CFGI_CD,
                                        SMMU_CMD_CFGI_CD_ALL,   SMMU_CMD_ATC_INV};

    ASSERT_EQ(init(), 0);
    ASSERT_EQ(add(&device, 0), 0);
    for (uint64_t opcode = 0; opcode < 256; opcode++) {
        const bool known = std::find(fine.begin(), fine.end(), opcode) != fine.end();

        EXPECT_EQ(convert(opcode), known ? 0 : EIO) << "command " << opcode;
    }
}

TEST_F(Viommu, E9QueuesInOrder)
{
    ASSERT_EQ(init(VIOMMU_CMDQV), 0);
    EXPECT_EQ(queue(1), EIO) << "queue 0 is not in use";
    EXPECT_EQ(queue(0), 0);
    EXPECT_EQ(queue(0), EEXIST);
    EXPECT_EQ(queue(1), 0);
    EXPECT_EQ(queue(4), EINVAL) << "beyond the interface";
    EXPECT_EQ(code(viommu_remove_queue(&viommu, 0, &error)), EBUSY);
    EXPECT_EQ(code(viommu_remove_queue(&viommu, 2, &error)), ENOENT);
    EXPECT_EQ(code(viommu_remove_queue(&viommu, 1, &error)), 0);
    EXPECT_EQ(code(viommu_remove_queue(&viommu, 0, &error)), 0);
    EXPECT_EQ(queue(0), 0);
}

TEST_F(Viommu, E9QueuesInMemoryThatIsThere)
{
    ASSERT_EQ(init(VIOMMU_CMDQV), 0);
    EXPECT_EQ(queue(0, 0x40000000, 1024, false), EFAULT);
    EXPECT_EQ(queue(0, 0x40000000, 16), EINVAL) << "too short";
    EXPECT_EQ(queue(0, 0x40000000, 96), EINVAL) << "no power of two";
    EXPECT_EQ(queue(0, 0x40000000, 8192), EINVAL) << "longer than 2^(CMDQS + 4)";
    EXPECT_EQ(queue(0, 0x40000200, 1024), EINVAL) << "not aligned to its length";
    EXPECT_EQ(queue(0, 0x40001000, 4096), 0);
}

TEST_F(Viommu, E9QueuesOnlyWhereTheHardwareHasThem)
{
    ASSERT_EQ(init(VIOMMU_SMMUV3), 0);
    EXPECT_EQ(queue(0), EOPNOTSUPP);
    hardware.queues = 0;
    EXPECT_EQ(init(VIOMMU_CMDQV), EOPNOTSUPP);
}

} // namespace
