/* MSI-X: table, masks, pending bits, what a message looks like and when there is none. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

constexpr uint16_t ENABLE = PCIE_MSIX_ENABLE;
constexpr uint16_t FUNCTION_MASK = PCIE_MSIX_FUNCTION_MASK;

/** A pair whose function has MSI-X enabled and vectors 0 to 3 unmasked, at 0x1000 + 4v with data 0x100 + v. */
struct Ready : Pair {
    explicit Ready(const Options &options = Options()) : Pair(options)
    {
        for (unsigned v = 0; v < 4; v++) {
            set_vector(v, 0x1000 + 4 * v, 0x100 + v);
        }
        control(ENABLE);
        requests();
    }
    void control(uint16_t value)
    {
        config_write(0, endpoint_config_space(ep, 0)->msix + PCIE_MSIX_CONTROL, value, 2);
    }
    uint32_t pending_bits()
    {
        const pcie_config_space *space = endpoint_config_space(ep, 0);
        uint32_t pba = pcie_config_get32(space, space->msix + PCIE_MSIX_PBA);

        return memory_read(BAR[0] + (pba & PCIE_MSIX_OFFSET));
    }
};

TEST(Msix, TableSizeFieldIsOneLess)
{
    Options options;
    options.functions[0] = {plain_function(8)};
    Pair pair(options);

    EXPECT_EQ(pair.config_read(0, endpoint_config_space(pair.ep, 0)->msix + PCIE_MSIX_CONTROL, 2), 7u);
}

TEST(Msix, EntriesComeUpMaskedAndHoldWhatIsWritten)
{
    Pair pair;

    EXPECT_EQ(pair.memory_read(pair.table_address(2) + PCIE_MSIX_ENTRY_VECTOR_CONTROL), 1u);
    pair.set_vector(2, UINT64_C(0x123456789abcdef0), 0xdeadbeef);
    EXPECT_EQ(pair.memory_read(pair.table_address(2)), 0x9abcdef0u);
    EXPECT_EQ(pair.memory_read(pair.table_address(2) + 4), 0x12345678u);
    EXPECT_EQ(pair.memory_read(pair.table_address(2) + 8), 0xdeadbeefu);
    EXPECT_EQ(pair.memory_read(pair.table_address(2) + 12), 0u);
    EXPECT_EQ(pair.memory_read(pair.table_address(1) + 12), 1u) << "the neighbour";
}

TEST(Msix, MessageIsAPostedWriteOfTheEntrysDataUnchanged)
{
    Options options;
    options.functions[0][0].config.pasid_bits = 16;
    Ready pair(options);

    pair.config_write(0, endpoint_config_space(pair.ep, 0)->pasid + PCIE_PASID_CONTROL, PCIE_PASID_ENABLE, 2);
    pair.set_vector(1, 0x10040, 0xdeadbeef);
    pair.set_vector(2, UINT64_C(0x100000040), 0x80000001);
    pair.signal(1);
    pair.signal(2);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(out[0].tlp.type, SIM_PACKET_WRITE);
    EXPECT_EQ(out[0].tlp.address, 0x10040u);
    EXPECT_EQ(out[0].tlp.length, 4u);
    EXPECT_EQ(out[0].tlp.value, 0xdeadbeefu);
    EXPECT_EQ(out[0].tlp.first_be, 0xf);
    EXPECT_EQ(out[0].tlp.last_be, 0);
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_UNTRANSLATED);
    EXPECT_EQ(out[0].tlp.flags & (SIM_FLAG_RELAXED | SIM_FLAG_NO_SNOOP | SIM_FLAG_PASID), 0u)
        << "no relaxed ordering and no PASID, though both are enabled";
    EXPECT_EQ(out[1].tlp.address, UINT64_C(0x100000040));
    EXPECT_EQ(out[1].tlp.value, 0x80000001u);
}

TEST(Msix, FunctionMaskCoversEveryVector)
{
    Ready pair;

    pair.control(ENABLE | FUNCTION_MASK);
    for (unsigned v = 0; v < 4; v++) {
        pair.signal(v);
    }
    EXPECT_TRUE(pair.requests().empty());
    EXPECT_EQ(pair.pending_bits(), 0xfu);
    pair.control(ENABLE);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 4u);
    for (unsigned v = 0; v < 4; v++) {
        EXPECT_EQ(out[v].tlp.value, 0x100u + v);
    }
    EXPECT_EQ(pair.pending_bits(), 0u);
}

TEST(Msix, MaskedVectorIsSentOnceWithTheTableOfTheTimeOfUnmasking)
{
    Ready pair;
    uint64_t control = pair.table_address(2) + PCIE_MSIX_ENTRY_VECTOR_CONTROL;

    pair.memory_write(control, 1);
    pair.signal(2);
    pair.signal(2);
    pair.signal(2);
    pair.signal(1);
    EXPECT_EQ(pair.requests().size(), 1u) << "only the unmasked one";
    EXPECT_EQ(pair.pending_bits(), 1u << 2);
    EXPECT_EQ(pair.log->event_count(SIM_EVENT_MSI_MERGED), 2u);
    pair.memory_write(pair.table_address(2), 0x2000);
    pair.memory_write(pair.table_address(2) + PCIE_MSIX_ENTRY_DATA, 0x777);
    EXPECT_TRUE(pair.requests().empty());
    pair.memory_write(control, 0);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.address, 0x2000u);
    EXPECT_EQ(out[0].tlp.value, 0x777u);
    EXPECT_EQ(pair.pending_bits(), 0u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->msi_born, 4u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->msi_sent, 2u);
}

TEST(Msix, HeldMessageKeepsItsIdentityAndBirth)
{
    Ready pair;

    pair.control(ENABLE | FUNCTION_MASK);
    pair.signal(3);
    pair.control(ENABLE);
    uint64_t born_id = 0;
    sim_time born = 0;
    for (const auto &event : pair.log->events()) {
        if (event.kind == SIM_EVENT_MSI_BORN) {
            born_id = event.packet;
            born = event.time;
        }
    }
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].id, born_id);
    EXPECT_EQ(pair.log->total_of(born_id), out[0].time - born) << "the wait is booked";
}

TEST(Msix, PendingBitsAreReadOnly)
{
    Ready pair;
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);
    uint32_t pba = pcie_config_get32(space, space->msix + PCIE_MSIX_PBA) & PCIE_MSIX_OFFSET;

    pair.memory_write(BAR[0] + pba, 0xffffffff);
    EXPECT_EQ(pair.pending_bits(), 0u);
    EXPECT_TRUE(pair.requests().empty());
}

TEST(Msix, BusMasterDisableBlocksMessages)
{
    Ready pair;

    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    pair.signal(0);
    EXPECT_TRUE(pair.requests().empty());
    ASSERT_EQ(pair.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(pair.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_BUS_MASTER_OFF));
    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_TRUE(pair.requests().empty()) << "it is lost, not held";
    pair.signal(0);
    EXPECT_EQ(pair.requests().size(), 1u);
}

TEST(Msix, PendingMessageWaitsForBusMaster)
{
    Ready pair;

    pair.control(ENABLE | FUNCTION_MASK);
    pair.signal(0);
    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    pair.control(ENABLE);
    EXPECT_TRUE(pair.requests().empty());
    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_EQ(pair.requests().size(), 1u);
}

TEST(Msix, DisabledCapabilityHasNoMessages)
{
    Ready pair;

    pair.control(0);
    pair.signal(0);
    EXPECT_TRUE(pair.requests().empty());
    EXPECT_EQ(endpoint_get_counters(pair.ep)->msi_dropped, 1u);
}

TEST(Msix, HeldAtTheEndIsReported)
{
    Ready pair;

    pair.control(ENABLE | FUNCTION_MASK);
    pair.signal(0);
    pair.signal(2);
    EXPECT_EQ(pair.log->event_count(SIM_EVENT_DROPPED), 0u);
    EXPECT_EQ(endpoint_report_held(pair.ep), 2u);
    EXPECT_EQ(pair.log->event_count(SIM_EVENT_DROPPED), 2u);
    EXPECT_EQ(pair.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_MSIX_MASKED));
    EXPECT_EQ(endpoint_report_held(pair.ep), 0u) << "each only once";
    EXPECT_EQ(sim_pool(pair.sim)->live, 0u);
}

TEST(Msix, FunctionsHaveTablesOfTheirOwn)
{
    Options options;
    options.functions[0] = {plain_function(2), plain_function(2)};
    Pair pair(options);

    for (unsigned f = 0; f < 2; f++) {
        pair.set_vector(0, 0x1000, 0x10 + f, f);
        pair.config_write(f, endpoint_config_space(pair.ep, f)->msix + PCIE_MSIX_CONTROL, ENABLE, 2);
    }
    pair.requests();
    pair.signal(0, 1);
    pair.signal(0, 0);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(out[0].tlp.value, 0x11u);
    EXPECT_EQ(out[0].tlp.requester, PAIR_RID + 1);
    EXPECT_EQ(out[1].tlp.value, 0x10u);
    EXPECT_EQ(out[1].tlp.requester, PAIR_RID);
}

TEST(Msix, LargestTableInItsOwnBar)
{
    Options options;
    options.functions[0] = {plain_function(2048)};
    auto &config = options.functions[0][0].config;
    config.bars[2].size = 0x10000;
    config.msix_table_bar = 2;
    config.msix_pba_bar = 2;
    config.msix_pba_offset = 0x8000;
    Pair pair(options);
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);

    EXPECT_EQ(pair.config_read(0, space->msix + PCIE_MSIX_CONTROL, 2), 2047u);
    pair.config_write(0, PCIE_BAR(2), 0xb0000000, 4);
    pair.memory_write(0xb0007ff0, 0x5000);
    pair.memory_write(0xb0007ff8, 0xabc);
    pair.config_write(0, space->msix + PCIE_MSIX_CONTROL, ENABLE, 2);
    pair.requests();
    pair.signal(2047);
    EXPECT_EQ(pair.memory_read(0xb0008000 + 252), 0x80000000u);
    pair.memory_write(0xb0007ffc, 0);
    auto out = pair.requests();
    ASSERT_GE(out.size(), 1u);
    EXPECT_EQ(out.back().tlp.address, 0x5000u);
    EXPECT_EQ(out.back().tlp.value, 0xabcu);
}

} // namespace
