/* Systems that worked, and that software then breaks: every lost MSI has the right reason, and verdicts say so. */
#include "tests/system/whole.h"

#include "host/pci_config.h"
#include "models/gic-its/its_registers.h"

#include <gtest/gtest.h>

namespace
{

using system_test::device_of;
using system_test::load;
using system_test::outcome_of;
using system_test::Scenario;
using system_test::Whole;

constexpr uint64_t entry_bytes = 16;
constexpr uint64_t entry_control = 12;
constexpr uint64_t command_tlbi_nsnh_all = 0x30; /* IHI 0070, 4.4 */
constexpr uint64_t smmu_cmdq_prod = 0x98;

class Broken : public testing::Test
{
  protected:
    Broken() : scenario_(load("scenarios/seeds/two-its-split.yaml", {"duration=50 us", "warmup=0 ns"}))
    {
    }

    struct host_access *access()
    {
        return whole_.software()->access;
    }
    uint32_t index_of(const std::string &name)
    {
        for (size_t i = 0; i < system_function_count(whole_.system()); i++) {
            if (name == system_function_name(whole_.system(), i)) {
                return system_function(whole_.system(), i)->tree_index;
            }
        }
        throw std::runtime_error("no function " + name);
    }
    const enumerate_function &place_of(const std::string &name)
    {
        return whole_.software()->found.functions[index_of(name)];
    }
    const software_function &function_of(const std::string &name)
    {
        return whole_.software()->functions[index_of(name)];
    }
    uint64_t entry_of(const std::string &name, unsigned vector)
    {
        return place_of(name).msix_table + entry_bytes * vector;
    }

    /* Issues one command of 16 bytes to the SMMU, as a driver does, and waits for it. */
    void command(uint64_t low, uint64_t high)
    {
        smmu_driver &driver = whole_.software()->smmus[0];
        smmu_driver_queue &queue = driver.commands;
        const uint32_t mask = (UINT32_C(2) << queue.log2) - 1;
        const uint64_t at = queue.base + 16 * (queue.producer & (mask >> 1));
        struct host_error error = {};

        host_memory_write64(access(), at, low);
        host_memory_write64(access(), at + 8, high);
        queue.producer = (queue.producer + 1) & mask;
        ASSERT_EQ(host_write32(access(), driver.config.base + smmu_cmdq_prod, queue.producer), SIM_STATUS_OK);
        ASSERT_TRUE(smmu_driver_sync(&driver, &error)) << error.text;
    }

    const run_result &run()
    {
        whole_.start();
        whole_.run();
        EXPECT_EQ(collector_outstanding(whole_.collector()), 0u);
        EXPECT_EQ(sim_pool(whole_.sim())->live, 0u);
        return whole_.finish();
    }

    /* All that were lost were lost for this reason, and the first one is named. */
    static void expect_lost(const run_result &result, const std::string &name, sim_drop_reason reason, uint64_t count)
    {
        const run_device &device = device_of(result, name);

        EXPECT_GT(device.born, 0u) << name;
        EXPECT_EQ(device.lost, count) << name;
        EXPECT_EQ(device.delivered + device.merged + count, device.born) << name;
        for (unsigned i = 0; i < SIM_DROP_REASONS; i++) {
            EXPECT_EQ(device.dropped[i].count, i == reason ? count : 0u)
                << name << ": " << sim_drop_reason_name(static_cast<sim_drop_reason>(i));
        }
        EXPECT_EQ(device.dropped[reason].first_packet != 0, count > 0) << name;
    }

    Scenario scenario_;
    Whole whole_{scenario_.get()};
};

TEST_F(Broken, NothingIsLostUnlessSomethingIsBroken)
{
    const run_result &result = run();

    expect_lost(result, "epA", SIM_DROP_SMMU_FAULT, 0);
    expect_lost(result, "epB", SIM_DROP_SMMU_FAULT, 0);
    EXPECT_EQ(outcome_of(result.verdicts, "doorbell-mapped"), "holds");
}

TEST_F(Broken, DoorbellUnmapped)
{
    const software_function &function = function_of("epA");
    struct domain *domain = &whole_.software()->domains[function.domain];

    ASSERT_TRUE(io_page_table_unmap(&domain->table, function.vectors[0].address & ~(IO_PAGE_BYTES - 1)));
    command(command_tlbi_nsnh_all, 0);
    const run_result &result = run();

    expect_lost(result, "epA", SIM_DROP_SMMU_FAULT, device_of(result, "epA").born);
    expect_lost(result, "epB", SIM_DROP_SMMU_FAULT, 0);
    EXPECT_GT(result.smmu_events, 0u);
    EXPECT_EQ(outcome_of(result.verdicts, "doorbell-mapped"), "violated");
    const struct verdict *verdict = verdict_list_find(&result.verdicts, "doorbell-mapped");
    ASSERT_GE(verdict->evidence_count, 1u);
    ASSERT_GE(verdict->evidence[0].device_count, 1u);
    EXPECT_STREQ(verdict->evidence[0].devices[0].name, "epA");
    EXPECT_EQ(verdict->evidence[0].devices[0].msi_count, device_of(result, "epA").born);
}

TEST_F(Broken, BusMasterOff)
{
    const uint64_t config = place_of("epA").config;
    const uint16_t command = pci_config_read16(access(), config, 4);

    pci_config_write16(access(), config, 4, static_cast<uint16_t>(command & ~4u));
    const run_result &result = run();

    expect_lost(result, "epA", SIM_DROP_BUS_MASTER_OFF, device_of(result, "epA").born);
    expect_lost(result, "epB", SIM_DROP_BUS_MASTER_OFF, 0);
    EXPECT_EQ(outcome_of(result.verdicts, "doorbell-mapped"), "holds");
}

TEST_F(Broken, VectorMasked)
{
    ASSERT_EQ(host_write32(access(), entry_of("epB", 0) + entry_control, 1), SIM_STATUS_OK);
    const run_result &result = run();
    const run_device &device = device_of(result, "epB");

    /* One is held until the end, the others merged with it in the pending bit. */
    EXPECT_EQ(device.delivered, 0u);
    EXPECT_EQ(device.dropped[SIM_DROP_MSIX_MASKED].count, 1u);
    EXPECT_EQ(device.merged + 1, device.born);
    EXPECT_GT(device.merged, 1u);
    expect_lost(result, "epA", SIM_DROP_MSIX_MASKED, 0);
}

TEST_F(Broken, ItsDisabled)
{
    ASSERT_EQ(host_write32(access(), whole_.software()->itses[0].config.base, 0), SIM_STATUS_OK);
    const run_result &result = run();

    expect_lost(result, "epA", SIM_DROP_ITS_DISABLED, device_of(result, "epA").born);
    expect_lost(result, "epB", SIM_DROP_ITS_DISABLED, 0);
}

/* epA is programmed with the doorbell of the other ITS, which knows no DeviceID of epA: it is mapped for the group, so
 * the SMMU lets it through. All MSIs of the group end at one doorbell, which is not the one that epA is meant for. */
TEST_F(Broken, DoorbellOfTheWrongIts)
{
    const uint64_t address = function_of("epB").vectors[0].address;

    for (unsigned i = 0; i < function_of("epA").vector_count; i++) {
        ASSERT_EQ(host_write32(access(), entry_of("epA", i), static_cast<uint32_t>(address)), SIM_STATUS_OK);
        ASSERT_EQ(host_write32(access(), entry_of("epA", i) + 4, static_cast<uint32_t>(address >> 32)), SIM_STATUS_OK);
    }
    const run_result &result = run();
    const run_device &device = device_of(result, "epA");

    expect_lost(result, "epA", SIM_DROP_ITS_DEVICE_UNMAPPED, device.born);
    expect_lost(result, "epB", SIM_DROP_ITS_DEVICE_UNMAPPED, 0);
    ASSERT_EQ(device.doorbell_count, 1u);
    EXPECT_STREQ(device.doorbells[0].its, "B");
    EXPECT_EQ(device.doorbells[0].device_id, 0x300u);
    EXPECT_EQ(outcome_of(result.verdicts, "doorbell-per-group"), "violated");
    EXPECT_EQ(outcome_of(result.verdicts, "doorbell-mapped"), "violated");
}

} // namespace
