/* Root ports that interrupt software on errors: what software finds, clears, and how its messages are accounted for. */
#include "tests/system/whole.h"

#include "models/pcie/bridge.h"
#include "scenario/system_internal.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load;
using system_test::Scenario;
using system_test::Whole;

const char *const example = "scenarios/examples/error-interrupts.yaml";

struct Ran {
    explicit Ran(const std::vector<std::string> &sets = {}) : scenario(load(example, sets)), whole(scenario.get())
    {
        early = root_complex_get_counters(whole.system()->root_complexes[0])->interrupts;
        whole.start();
        whole.run();
        whole.finish();
    }
    uint64_t counter(const std::string &component, const std::string &name) const
    {
        return counter_of(whole.result(), component, name);
    }
    const run_device &device(const std::string &name) const
    {
        return device_of(whole.result(), name);
    }
    uint32_t root_register(unsigned port, unsigned offset)
    {
        const pcie_config_space &space = root_complex_bridge(whole.system()->root_complexes[0], port)->config;

        return pcie_config_get32(&space, space.aer + offset);
    }

    Scenario scenario;
    Whole whole;
    uint64_t early; /**< interrupts for errors of set-up, before anybody counted MSIs */
};

TEST(ErrorInterrupts, EveryMessageIsDeliveredAndServed)
{
    Ran ran;
    uint64_t delivered = 0;

    for (const char *port : {"rp0", "rp1"}) {
        const run_device &device = ran.device(port);

        EXPECT_GT(device.born, 10u) << port;
        EXPECT_EQ(device.born, device.delivered + device.merged) << port;
        EXPECT_EQ(device.lost, 0u) << port;
        ASSERT_EQ(device.doorbell_count, 1u) << port;
        EXPECT_EQ(device.doorbells[0].device_id, device.rid) << port << ": its own requester ID";
        EXPECT_STREQ(device.doorbells[0].its, "A") << port << ": as msi-map says of bus 0";
        delivered += device.delivered;
    }
    EXPECT_EQ(ran.counter("rc0", "interrupts"), ran.early + ran.device("rp0").born + ran.device("rp1").born);
    EXPECT_EQ(ran.counter("software", "error-interrupts"), ran.early + delivered)
        << "each handler finds what it came for";
    EXPECT_GT(ran.counter("software", "errors-correctable"), 0u);
    EXPECT_GT(ran.counter("software", "errors-uncorrectable"), 0u) << "malformed writes";
    EXPECT_GT(ran.counter("software", "error-searches"), 0u) << "errors came while one was being served";
}

TEST(ErrorInterrupts, NothingIsLeftUnseen)
{
    Ran ran;

    for (unsigned port = 0; port < 2; port++) {
        EXPECT_EQ(ran.root_register(port, PCIE_AER_ROOT_STATUS), 0u) << port;
        EXPECT_EQ(ran.root_register(port, PCIE_AER_CORRECTABLE_STATUS), 0u) << port;
        EXPECT_EQ(ran.root_register(port, PCIE_AER_UNCORRECTABLE_STATUS), 0u) << port;
    }
    EXPECT_GT(ran.counter("software", "errors-cleared"), ran.counter("software", "error-interrupts") / 2);
}

TEST(ErrorInterrupts, SoftwareThatAsksForNoneGetsNone)
{
    Ran ran({"software.error-reporting=no"});

    EXPECT_EQ(ran.device("rp0").born, 0u);
    EXPECT_EQ(ran.device("rp1").born, 0u);
    EXPECT_EQ(ran.counter("software", "error-interrupts"), 0u);
}

TEST(ErrorInterrupts, PortsWithoutThemAreNotListed)
{
    Ran ran({"rp1.error-interrupts=no"});
    std::set<std::string> names;

    for (size_t i = 0; i < ran.whole.result().device_count; i++) {
        names.insert(ran.whole.result().devices[i].name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"epA", "epB", "epC", "rp0"}));
    EXPECT_EQ(ran.counter("rc0", "interrupts"), ran.early + ran.device("rp0").born);
    EXPECT_NE(ran.root_register(1, PCIE_AER_ROOT_STATUS), 0u) << "nobody has looked";
}

/** The message has a DeviceID and a StreamID of its own: software maps its doorbell, wherever groups put the port. */
TEST(ErrorInterrupts, MessagesPassTheSmmuWhateverTheGroups)
{
    for (const char *acs : {"full", "none"}) {
        Ran ran({std::string("rp0.acs=") + acs, std::string("sw0.switch.acs=") + acs});

        EXPECT_EQ(ran.device("rp0").lost, 0u) << acs;
        EXPECT_GT(ran.device("rp0").delivered, 10u) << acs;
        EXPECT_EQ(ran.device("rp0").group == ran.device("epA").group, std::string(acs) == "none") << acs;
        EXPECT_EQ(ran.whole.result().smmu_events, 0u) << acs;
    }
}

TEST(ErrorInterrupts, WorkWithGicv2mFramesToo)
{
    Ran ran({"platform.v2m={M: {}}", "rc0.msi-map=[[0, M, 0, 0x10000]]"});

    EXPECT_GT(ran.device("rp0").delivered, 10u);
    EXPECT_EQ(ran.device("rp0").lost, 0u);
    EXPECT_EQ(ran.counter("software", "error-interrupts"),
              ran.early + ran.device("rp0").delivered + ran.device("rp1").delivered);
}

} // namespace
