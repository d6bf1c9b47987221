/* Functions beyond the plain one: MSI, the device's own message store, VFs, phantom functions, aliases, resets. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <set>

using namespace pcie_test;

namespace
{

Options with(const endpoint_function_config &config)
{
    Options options;

    options.functions[0] = {plain_function()};
    options.functions[0][0].config = config;
    return options;
}

endpoint_function_config plain()
{
    return plain_function().config;
}

/* ---- MSI ---- */

Options with_msi(uint32_t vectors, bool wide, bool maskable)
{
    endpoint_function_config config = plain();

    config.msi = {vectors, wide, maskable};
    return with(config);
}

unsigned msi_at(const Pair &pair)
{
    return endpoint_config_space(pair.ep, 0)->msi;
}

uint16_t granted(unsigned log2)
{
    return static_cast<uint16_t>(PCIE_MSI_ENABLE | log2 << PCIE_MSI_MULTIPLE_ENABLE_SHIFT);
}

TEST(Msi, LayoutWith32BitAddress)
{
    Pair pair(with_msi(1, false, false));
    unsigned at = msi_at(pair);

    pair.config_write(0, at + 0x04, 0xfee01003, 4);
    pair.config_write(0, at + 0x08, 0x12340077, 4);
    pair.config_write(0, at + 0x02, PCIE_MSI_ENABLE, 2);
    EXPECT_EQ(pair.config_read(0, at + 0x04, 4), 0xfee01000u) << "bits 1:0 of the address are reserved";
    EXPECT_EQ(pair.config_read(0, at + 0x08, 2), 0x77u);
    pair.requests();
    pair.signal(0);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.type, SIM_PACKET_WRITE);
    EXPECT_EQ(out[0].tlp.address, 0xfee01000u);
    EXPECT_EQ(out[0].tlp.value, 0x77u) << "the upper half of the data is 0";
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID);
    EXPECT_EQ(out[0].tlp.length, 4u);
}

TEST(Msi, LayoutWith64BitAddressAndMasks)
{
    Pair pair(with_msi(4, true, true));
    unsigned at = msi_at(pair);

    pair.config_write(0, at + 0x02, 0xffff, 2);
    EXPECT_EQ(pair.config_read(0, at + 0x02, 2), 0x0175u | 0x80u) << "2 bits asked for; all else that is there is on";
    pair.config_write(0, at + 0x04, 0x1000, 4);
    pair.config_write(0, at + 0x08, 0x12, 4);
    pair.config_write(0, at + 0x0c, 0x100, 2);
    pair.config_write(0, at + 0x10, 0xffffffff, 4);
    EXPECT_EQ(pair.config_read(0, at + 0x10, 4), 0xfu) << "a mask bit per message asked for";
    pair.config_write(0, at + 0x14, 0xf, 4);
    EXPECT_EQ(pair.config_read(0, at + 0x14, 4), 0u) << "pending bits are read-only";
    pair.config_write(0, at + 0x10, 0, 4);
    pair.requests();
    pair.signal(3);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.address, UINT64_C(0x1200001000));
    EXPECT_EQ(out[0].tlp.value, 0x103u);
}

TEST(Msi, VectorsShareWhatIsGranted)
{
    Pair pair(with_msi(8, false, false));
    unsigned at = msi_at(pair);

    pair.config_write(0, at + 0x04, 0x2000, 4);
    pair.config_write(0, at + 0x08, 0x40, 2);
    for (unsigned log2 = 0; log2 <= 3; log2++) {
        pair.config_write(0, at + 0x02, granted(log2), 2);
        pair.requests();
        for (unsigned vector = 0; vector < 8; vector++) {
            pair.signal(vector);
        }
        auto out = pair.requests();
        ASSERT_EQ(out.size(), 8u);
        for (unsigned vector = 0; vector < 8; vector++) {
            EXPECT_EQ(out[vector].tlp.value, 0x40u + vector % (1u << log2));
        }
    }
}

TEST(Msi, MaskedMessageIsPendingAndGoesOnceWhenUnmasked)
{
    Pair pair(with_msi(4, true, true));
    unsigned at = msi_at(pair);

    pair.config_write(0, at + 0x04, 0x1000, 4);
    pair.config_write(0, at + 0x0c, 0x80, 2);
    pair.config_write(0, at + 0x10, 0x6, 4);
    pair.config_write(0, at + 0x02, granted(2), 2);
    pair.requests();
    pair.signal(1);
    pair.signal(2);
    pair.signal(2);
    EXPECT_TRUE(pair.requests().empty());
    EXPECT_EQ(pair.config_read(0, at + 0x14, 4), 0x6u);
    pair.config_write(0, at + 0x10, 0x2, 4);
    pair.run();
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.value, 0x82u);
    EXPECT_EQ(pair.config_read(0, at + 0x14, 4), 0x2u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->msi_merged, 1u);
    pair.config_write(0, at + 0x10, 0, 4);
    pair.run();
    EXPECT_EQ(pair.requests().size(), 1u);
}

TEST(Msi, NeedsBusMasterEnable)
{
    Pair pair(with_msi(1, false, false));

    pair.config_write(0, msi_at(pair) + 0x02, PCIE_MSI_ENABLE, 2);
    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    pair.requests();
    pair.signal(0);
    EXPECT_TRUE(pair.requests().empty());
    EXPECT_EQ(endpoint_get_counters(pair.ep)->msi_dropped, 1u);
}

TEST(Msi, ChainHoldsWhatRealDevicesHave)
{
    endpoint_function_config config = plain();

    config.msi = {2, true, true};
    config.ats_queue_depth = 8;
    config.pri_capacity = 16;
    config.pasid_bits = 16;
    Pair pair(with(config));
    std::vector<uint32_t> standard;
    std::vector<uint32_t> extended;

    for (uint32_t at = pair.config_read(0, 0x34, 1); at != 0; at = pair.config_read(0, at + 1, 1)) {
        standard.push_back(pair.config_read(0, at, 1));
    }
    for (uint32_t at = 0x100; at != 0; at = pair.config_read(0, at, 4) >> 20) {
        extended.push_back(pair.config_read(0, at, 4) & 0xffff);
    }
    EXPECT_EQ(standard, (std::vector<uint32_t>{0x01, 0x05, 0x10, 0x11}));
    EXPECT_EQ(extended, (std::vector<uint32_t>{0x0001, 0x000f, 0x0013, 0x001b}));
}

/* ---- The device's own message store ---- */

TEST(Ims, EntriesSendWhatTheyHoldAndShowWhatIsPending)
{
    endpoint_function_config config = plain();

    config.ims_entries = 4;
    config.ims_offset = 0x8000;
    Pair pair(with(config));
    uint64_t entry = BAR[0] + 0x8000 + 2 * PCIE_MSIX_ENTRY_BYTES;

    EXPECT_EQ(pair.memory_read(entry + 12), 1u) << "masked out of reset";
    pair.memory_write(entry, 0x3000);
    pair.memory_write(entry + 4, 0x1);
    pair.memory_write(entry + 8, 0xcafe0002);
    pair.requests();
    pair.signal(ENDPOINT_IMS_VECTOR(2));
    EXPECT_TRUE(pair.requests().empty());
    EXPECT_EQ(pair.memory_read(entry + 12), 3u) << "masked and pending";
    pair.memory_write(entry + 12, 0);
    pair.run();
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u) << "MSI-X is disabled and has no say";
    EXPECT_EQ(out[0].tlp.address, UINT64_C(0x100003000));
    EXPECT_EQ(out[0].tlp.value, 0xcafe0002u);
    EXPECT_EQ(pair.memory_read(entry + 12), 0u);
    pair.memory_write(entry + 12, 2);
    EXPECT_EQ(pair.memory_read(entry + 12), 0u) << "software cannot make one pending";
}

/* ---- Virtual functions ---- */

Options with_vfs(uint16_t total, uint16_t offset, uint16_t stride)
{
    endpoint_function_config config = plain();

    config.sriov.total_vfs = total;
    config.sriov.first_vf_offset = offset;
    config.sriov.vf_stride = stride;
    config.sriov.vf_device_id = 0x1234;
    config.sriov.bars[0].size = 0x10000;
    config.vf_msix_vectors = 2;
    return with(config);
}

constexpr uint64_t VF_BAR = 0xa0200000;

void enable_vfs(Pair &pair, uint16_t count)
{
    unsigned at = endpoint_config_space(pair.ep, 0)->sriov;

    pair.config_write(0, at + PCIE_SRIOV_NUM_VFS, count, 2);
    pair.config_write(0, at + PCIE_SRIOV_VF_BAR(0), VF_BAR, 4);
    pair.config_write(0, at + PCIE_SRIOV_CONTROL, PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE, 2);
}

TEST(VirtualFunction, ExistsAtItsRoutingIdWhileEnabled)
{
    Pair pair(with_vfs(4, 2, 1));
    unsigned at = endpoint_config_space(pair.ep, 0)->sriov;

    EXPECT_EQ(pair.config_read(0, at + PCIE_SRIOV_TOTAL_VFS, 2), 4u);
    EXPECT_EQ(pair.config_read(0, at + PCIE_SRIOV_INITIAL_VFS, 2), 4u);
    enable_vfs(pair, 3);
    for (unsigned vf = 1; vf <= 4; vf++) {
        unsigned index = endpoint_virtual_function(pair.ep, 0, vf);

        EXPECT_EQ(endpoint_requester_id(pair.ep, index), PAIR_RID + 1 + vf) << "PF + offset + (n - 1) x stride";
    }
    EXPECT_EQ(pair.config_read(2, PCIE_HEADER_TYPE, 1), 0u);
    EXPECT_EQ(pair.config_read(2, PCIE_VENDOR_ID, 4), 0xffffffffu) << "identity is the PF's to tell";
    EXPECT_NE(pair.config_read(4, PCIE_CAPABILITIES_PTR, 1), 0u);
    EXPECT_NE(pair.config_read(4, PCIE_CAPABILITIES_PTR, 1), 0xffu);
    pair.config_write(0, at + PCIE_SRIOV_NUM_VFS, 1, 2);
    EXPECT_EQ(pair.config_read(0, at + PCIE_SRIOV_NUM_VFS, 2), 3u) << "not while they are enabled";
}

TEST(VirtualFunction, BarSizingTellsTheSizeOfOne)
{
    Pair pair(with_vfs(4, 1, 1));
    unsigned at = endpoint_config_space(pair.ep, 0)->sriov + PCIE_SRIOV_VF_BAR(0);

    pair.config_write(0, at, 0xffffffff, 4);
    EXPECT_EQ(pair.config_read(0, at, 4), 0xffff0000u);
}

TEST(VirtualFunction, HasItsSliceOfTheBarAndItsOwnMessages)
{
    Pair pair(with_vfs(4, 2, 1));
    enable_vfs(pair, 2);
    unsigned first = endpoint_virtual_function(pair.ep, 0, 1);
    const pcie_config_space *space = endpoint_config_space(pair.ep, first + 1);
    uint32_t table = pcie_config_get32(space, space->msix + PCIE_MSIX_TABLE);
    uint64_t slice = VF_BAR + 0x10000;
    uint64_t entry = slice + (table & PCIE_MSIX_OFFSET) + PCIE_MSIX_ENTRY_BYTES;

    pair.memory_write(VF_BAR + 8, 0x11);
    pair.memory_write(slice + 8, 0x22);
    EXPECT_EQ(endpoint_bar_bytes(pair.ep, first, 0, nullptr)[8], 0x11);
    EXPECT_EQ(endpoint_bar_bytes(pair.ep, first + 1, 0, nullptr)[8], 0x22);
    pair.memory_write(entry, 0x5000);
    pair.memory_write(entry + 8, 0x77);
    pair.memory_write(entry + 12, 0);
    pair.config_write(3, PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER | PCIE_COMMAND_MEMORY_SPACE, 2);
    EXPECT_EQ(pair.config_read(3, PCIE_COMMAND, 2), PCIE_COMMAND_BUS_MASTER) << "Memory Space of a VF is the PF's";
    pair.config_write(3, space->msix + PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE, 2);
    pair.requests();
    pair.signal(1, first + 1);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.address, 0x5000u);
    EXPECT_EQ(out[0].tlp.value, 0x77u);
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID + 3);
}

TEST(VirtualFunction, BeyondTheBusOfItsPfIsReachedByType1)
{
    Pair pair(with_vfs(4, 254, 1));
    enable_vfs(pair, 4);
    unsigned third = endpoint_virtual_function(pair.ep, 0, 3);
    const auto read = [&pair](uint16_t target, uint32_t flags) {
        Tlp tlp;

        tlp.type = SIM_PACKET_CONFIG_READ;
        tlp.target = target;
        tlp.address = PCIE_CAPABILITIES_PTR;
        tlp.flags = flags;
        pair.root->send(tlp);
        pair.run();
        return pair.root->got.back().tlp;
    };
    endpoint_job write = {};

    EXPECT_EQ(endpoint_requester_id(pair.ep, third), PAIR_RID + 256);
    EXPECT_EQ(read(PAIR_RID + 255, 0).status, SIM_STATUS_OK) << "VF 2, the last one on the bus";
    EXPECT_EQ(read(PAIR_RID + 256, SIM_FLAG_CONFIG_TYPE1).status, SIM_STATUS_OK) << "VF 3";
    EXPECT_EQ(read(PAIR_RID + 256, SIM_FLAG_CONFIG_TYPE1).requester, PAIR_RID + 256);
    EXPECT_EQ(read(PAIR_RID + 258, SIM_FLAG_CONFIG_TYPE1).status, SIM_STATUS_UR) << "there are four";
    EXPECT_EQ(read(PAIR_RID, SIM_FLAG_CONFIG_TYPE1).status, SIM_STATUS_UR) << "no bridge for its own bus";
    Tlp enable;
    enable.type = SIM_PACKET_CONFIG_WRITE;
    enable.target = PAIR_RID + 256;
    enable.address = PCIE_COMMAND;
    enable.value = PCIE_COMMAND_BUS_MASTER;
    enable.first_be = 3;
    enable.flags = SIM_FLAG_CONFIG_TYPE1;
    pair.root->send(enable);
    pair.run();
    pair.requests();
    write.kind = ENDPOINT_DMA_WRITE;
    write.function = third;
    write.address = 0x80000000;
    write.bytes = 4;
    pair.ask(write);
    const auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID + 256);
}

TEST(VirtualFunction, LosesEverythingWhenDisabled)
{
    Pair pair(with_vfs(2, 1, 1));
    unsigned at = endpoint_config_space(pair.ep, 0)->sriov;

    enable_vfs(pair, 2);
    pair.config_write(1, PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    pair.config_write(0, at + PCIE_SRIOV_CONTROL, 0, 2);
    enable_vfs(pair, 2);
    EXPECT_EQ(pair.config_read(1, PCIE_COMMAND, 2), 0u);
}

/* ---- Reset ---- */

TEST(FunctionReset, RestoresRegistersAndDropsWhatIsHeld)
{
    Pair pair(with_msi(1, false, true));
    unsigned at = msi_at(pair);
    unsigned express = endpoint_config_space(pair.ep, 0)->express;
    uint32_t link = pair.config_read(0, express + PCIE_EXP_LINK_STATUS, 2);

    pair.config_write(0, at + 0x0c, 1, 4);
    pair.config_write(0, at + 0x02, PCIE_MSI_ENABLE, 2);
    pair.signal(0);
    EXPECT_EQ(pair.config_read(0, at + 0x10, 4), 1u);
    pair.config_write(0, express + PCIE_EXP_DEVICE_CONTROL, PCIE_EXP_DEVCTL_INITIATE_FLR, 2);
    EXPECT_EQ(pair.config_read(0, PCIE_COMMAND, 2), 0u);
    EXPECT_EQ(pair.config_read(0, at + 0x02, 2), PCIE_MSI_PER_VECTOR_MASK);
    EXPECT_EQ(pair.config_read(0, at + 0x10, 4), 0u);
    EXPECT_EQ(pair.config_read(0, PCIE_BAR(0), 4) & PCIE_BAR_ADDRESS, 0u);
    EXPECT_EQ(pair.config_read(0, express + PCIE_EXP_LINK_STATUS, 2), link) << "the link is not the function's";
    EXPECT_EQ(pair.config_read(0, express + PCIE_EXP_DEVICE_CONTROL, 2) & PCIE_EXP_DEVCTL_INITIATE_FLR, 0u);
    EXPECT_EQ(endpoint_report_held(pair.ep), 0u);
}

/* ---- Requester IDs ---- */

TEST(Alias, MemoryRequestsCarryTheOtherFunctionNumber)
{
    endpoint_function_config config = plain();

    config.has_dma_alias = true;
    config.dma_alias = 0x01;
    Pair pair(with(config));
    endpoint_job write = {};

    write.kind = ENDPOINT_DMA_WRITE;
    write.address = 0x80000000;
    write.bytes = 8;
    pair.requests();
    pair.ask(write);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID + 1);
    EXPECT_EQ(endpoint_requester_id(pair.ep, 0), PAIR_RID) << "configuration requests still find it at function 0";
}

TEST(PhantomFunction, ReadsBeyondTheTagsUseFunctionNumbers)
{
    endpoint_function_config config = plain();

    config.phantom_bits = 1;
    Options options = with(config);
    options.endpoint.read_tags = 64;
    Pair pair(options);
    unsigned control = endpoint_config_space(pair.ep, 0)->express + PCIE_EXP_DEVICE_CONTROL;
    endpoint_job read = {};
    std::set<std::pair<uint16_t, uint16_t>> used;

    read.kind = ENDPOINT_DMA_READ;
    read.address = 0x80000000;
    read.bytes = 4;
    pair.config_write(0, control, 0, 2);
    pair.requests();
    for (unsigned i = 0; i < 40; i++) {
        pair.ask(read);
    }
    EXPECT_EQ(pair.requests().size(), 32u) << "5-bit tags, and nobody answers";
    pair.config_write(0, control, PCIE_EXP_DEVCTL_PHANTOM, 2);
    pair.run();
    for (const auto &got : pair.requests()) {
        used.insert({got.tlp.requester, got.tlp.tag});
        EXPECT_EQ(got.tlp.requester, PAIR_RID | 4) << "the most significant bit of the function number";
        EXPECT_LT(got.tlp.tag, 32);
    }
    EXPECT_EQ(used.size(), 8u);
}

TEST(PhantomFunction, SeveralRealFunctionsEachHaveTheirOwn)
{
    Options options;
    std::set<std::pair<uint16_t, uint16_t>> used;
    endpoint_job read = {};

    options.functions[0] = {plain_function(), plain_function()};
    for (Function &function : options.functions[0]) {
        function.config.bars[0].size = 0x10000;
        function.config.phantom_bits = 2;
    }
    options.endpoint.read_tags = 128;
    Pair pair(options);
    for (unsigned f = 0; f < 2; f++) {
        const unsigned control = endpoint_config_space(pair.ep, f)->express + PCIE_EXP_DEVICE_CONTROL;

        pair.config_write(f, control, PCIE_EXP_DEVCTL_PHANTOM, 2);
    }
    pair.requests();
    read.kind = ENDPOINT_DMA_READ;
    read.address = 0x80000000;
    read.bytes = 4;
    for (unsigned i = 0; i < 100; i++) {
        read.function = i % 2;
        pair.ask(read);
    }
    const auto sent = pair.requests();
    ASSERT_EQ(sent.size(), 100u);
    for (size_t i = 0; i < sent.size(); i++) {
        EXPECT_EQ(sent[i].tlp.requester & 1u, i % 2) << "the lowest bit is the function's";
        EXPECT_LT(sent[i].tlp.tag, 32);
        used.insert({sent[i].tlp.requester, sent[i].tlp.tag});
    }
    EXPECT_EQ(used.size(), 100u) << "no transaction ID twice";
    for (const auto &got : sent) {
        Tlp completion;

        completion.type = SIM_PACKET_COMPLETION;
        completion.target = got.tlp.requester;
        completion.tag = got.tlp.tag;
        completion.address = got.tlp.address;
        completion.arg = 4;
        completion.flags = 0;
        pair.root->send(completion);
    }
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->reads_done, 100u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->unexpected_completions, 0u);
}

/* ---- Layouts ---- */

TEST(Layout, CapabilitiesLieWhereItSaysAndOthersBehind)
{
    Options options = with(plain());
    std::vector<std::pair<uint32_t, uint32_t>> standard; /* offset and ID in the order of the chain */
    std::vector<std::pair<uint32_t, uint32_t>> extended;
    const std::vector<std::pair<uint32_t, uint32_t>> wanted = {
        {0xa0, PCIE_CAP_ID_PCI_EXPRESS}, {0x70, PCIE_CAP_ID_MSIX}, {0xdc, PCIE_CAP_ID_POWER_MANAGEMENT}};
    const std::vector<std::pair<uint32_t, uint32_t>> wanted_extended = {
        {0x100, PCIE_EXT_CAP_ID_AER}, {0x400, PCIE_EXT_CAP_ID_PASID}, {0x408, PCIE_EXT_CAP_ID_ATS}};

    options.functions[0][0].config.ats_queue_depth = 4;
    options.functions[0][0].config.pasid_bits = 8;
    options.endpoint.layout.items[0] = {false, PCIE_CAP_ID_PCI_EXPRESS, 0xa0};
    options.endpoint.layout.items[1] = {true, PCIE_EXT_CAP_ID_AER, 0x100};
    options.endpoint.layout.items[2] = {false, PCIE_CAP_ID_MSIX, 0x70};
    options.endpoint.layout.items[3] = {true, PCIE_EXT_CAP_ID_PASID, 0x400};
    options.endpoint.layout.count = 4;
    Pair pair(options);
    for (uint32_t at = pair.config_read(0, PCIE_CAPABILITIES_PTR, 1); at != 0; at = pair.config_read(0, at + 1, 1)) {
        standard.emplace_back(at, pair.config_read(0, at, 1));
    }
    for (uint32_t at = 0x100; at != 0; at = pair.config_read(0, at, 4) >> 20) {
        extended.emplace_back(at, pair.config_read(0, at, 2));
    }
    EXPECT_EQ(standard, wanted);
    EXPECT_EQ(extended, wanted_extended);
    /* They work there. */
    pair.config_write(0, 0x72, PCIE_MSIX_ENABLE, 2);
    pair.set_vector(1, 0x4000, 5);
    pair.requests();
    pair.signal(1);
    EXPECT_EQ(pair.requests().size(), 1u);
}

} // namespace
