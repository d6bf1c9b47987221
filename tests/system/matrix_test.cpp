/*
 * Who survives two doorbells in one group: what a run of each scenario of scenarios/matrix shows is what the row of the
 * table says (docs/software.md), on every topology with two doorbells. The rows stand here once more, in words that a
 * run can be held against; the files' own expectations are not asked.
 */
#include "host/consumer.h"
#include "scenario/system_internal.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load;
using system_test::name_of_case;
using system_test::scenarios_in;
using system_test::Whole;

const std::set<std::string> topologies = {"root-port", "ports", "functions", "first-port", "pre-its", "v2m"};

/** The topology of a file's name: what it begins with. */
std::string topology_of(const std::string &path)
{
    const std::string name = path.substr(path.rfind('/') + 1);

    for (const std::string &topology : topologies) {
        if (name.rfind(topology, 0) == 0) {
            return topology;
        }
    }
    return "?";
}

/** The part of a file's name behind the topology's. */
std::string row_of(const std::string &path)
{
    const std::string name = path.substr(path.rfind('/') + 1, path.rfind('.') - path.rfind('/') - 1);
    const std::string topology = topology_of(path);

    return name == topology ? "host-dma" : name.substr(topology.size() + 1);
}

/** What becomes of all MSIs of a function. */
enum Fate {
    HANDLED,
    OFF,       /**< the function's messages are masked */
    FAULT,     /**< in the SMMU */
    AT_AN_ITS, /**< that knows no such DeviceID */
    MIXED,
};

const char *const fates[] = {"handled", "off", "fault", "lost at an ITS", "some of each"};

/** Which address the two functions write to. */
enum Addresses {
    TWO_MAPPINGS, /**< of the kernel's, one for each doorbell, in one domain */
    PHYSICAL,     /**< the doorbells' own */
    IN_ORDER,     /**< pages of the window, in the order of use */
    OWN_BINDINGS, /**< each that of the guest doorbell which is bound for it */
    CROSSED,      /**< each that of the guest doorbell which was bound for the other */
    ONE_PAGE,     /**< both the same */
    FIRST_ONLY,   /**< the second has none */
    NONE,
    A_GUESTS,
};

/** A row of the table: how attaching and interrupts of A and B come out, and what becomes of their MSIs. */
struct Row {
    const char *attach_a;
    const char *attach_b;
    const char *interrupts_a;
    const char *interrupts_b;
    Fate a;
    Fate b;
    Addresses addresses;
};

/** What the row says where X and Y are on different ITSs that know who writes; by the row's name. */
const std::map<std::string, Row> rows = {
    {"host-dma", {"", "", "", "", HANDLED, HANDLED, TWO_MAPPINGS}},
    {"kernel-identity", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, PHYSICAL}},
    {"vfio-stage-1", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, IN_ORDER}},
    {"vfio-stage-2", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, IN_ORDER}},
    {"iommufd", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, IN_ORDER}},
    {"iommufd-nested-rmr", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, IN_ORDER}},
    {"iommufd-nested-rmr-short", {"ok", "ok", "ok", "ok", HANDLED, FAULT, IN_ORDER}},
    {"bind-msi-v6", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, OWN_BINDINGS}},
    {"bind-per-group", {"ok", "ok", "ok", "ok", HANDLED, AT_AN_ITS, ONE_PAGE}},
    {"bind-msi-v7", {"ok", "EINVAL", "ok", "", HANDLED, OFF, FIRST_ONLY}},
    {"bind-msi-v15", {"ok", "EINVAL", "ok", "", HANDLED, OFF, FIRST_ONLY}},
    {"bind-msi-v1", {"ok", "ok", "ok", "ENOMEM", HANDLED, OFF, FIRST_ONLY}},
    {"bind-msi-v2-crossed", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, CROSSED}},
    {"bind-msi-v2-crossed-each", {"ok", "ok", "ok", "ok", FAULT, FAULT, CROSSED}},
    {"msi-geometry-2016", {"ok", "ok", "ok", "ok", HANDLED, HANDLED, IN_ORDER}},
    {"msi-geometry-2016-full", {"ok", "ok", "ok", "ENOMEM", HANDLED, OFF, FIRST_ONLY}},
    {"approach-2", {"ok", "ok", "ok", "ok", HANDLED, AT_AN_ITS, ONE_PAGE}},
    {"pasid", {"", "", "", "", HANDLED, HANDLED, TWO_MAPPINGS}},
    {"vlpi", {"", "", "", "", HANDLED, HANDLED, A_GUESTS}},
    {"vlpi-mixed", {"", "", "", "", HANDLED, HANDLED, A_GUESTS}},
    {"vfio-isolated", {"EPERM", "EPERM", "", "", OFF, OFF, NONE}},
    {"iommufd-isolated", {"EPERM", "EPERM", "", "", OFF, OFF, NONE}},
};

/** What it says on a topology: one ITS with two doorbells passes a comparison of ITSs (C20). */
Row row_on(const std::string &topology, const std::string &name)
{
    if (topology == "pre-its" && (name == "bind-msi-v7" || name == "bind-msi-v15")) {
        return rows.at("bind-msi-v1");
    }
    if (name == "bind-msi-v7-crossed" || name == "bind-msi-v15-crossed") {
        return rows.at("bind-msi-v2-crossed");
    }
    if (name == "bind-msi-v7-crossed-each" || name == "bind-msi-v15-crossed-each") {
        return rows.at("bind-msi-v2-crossed-each");
    }
    return rows.at(name);
}

/** A run of one scenario, and its two functions. */
class Ran
{
  public:
    explicit Ran(const std::string &path)
        : scenario_(load(path)), whole_(scenario_.get()), second_(topology_of(path) == "functions" ? "epA/1" : "epB")
    {
        whole_.start();
        software_ = whole_.software();
        whole_.run();
        whole_.finish();
    }
    const std::string &second() const
    {
        return second_;
    }
    const struct software *software() const
    {
        return software_;
    }
    const run_result &result() const
    {
        return whole_.result();
    }
    uint32_t index(const std::string &name) const
    {
        return pci_tree_find_name(&software_->found.tree, name.c_str());
    }
    const struct software_function &function(const std::string &name) const
    {
        return software_->functions[index(name)];
    }
    std::string outcome(const std::string &step) const
    {
        const struct run_step *found = step_list_find(&result().steps, step.c_str());

        return found == nullptr ? "" : found->outcome;
    }

  private:
    system_test::Scenario scenario_;
    Whole whole_;
    std::string second_;
    const struct software *software_ = nullptr;
};

Fate fate_of(const run_device &device)
{
    const std::map<sim_drop_reason, Fate> reasons = {
        {SIM_DROP_MSIX_MASKED, OFF}, {SIM_DROP_SMMU_FAULT, FAULT}, {SIM_DROP_ITS_DEVICE_UNMAPPED, AT_AN_ITS}};

    if (device.lost == 0) {
        return HANDLED;
    }
    for (const auto &reason : reasons) {
        if (device.dropped[reason.first].count == device.born) {
            return reason.second;
        }
    }
    return MIXED;
}

uint64_t page_of(uint64_t address)
{
    return address & ~UINT64_C(0xfff);
}

/** That A's doorbell is X, B's is Y, and both are in one group: what the table is about. */
void expect_two_doorbells(const Ran &ran)
{
    const struct software *software = ran.software();

    EXPECT_EQ(software->groups.group_of[ran.index("epA")], software->groups.group_of[ran.index(ran.second())]);
    EXPECT_NE(page_of(ran.function("epA").doorbell), page_of(ran.function(ran.second()).doorbell));
}

/** The guest doorbell that was bound as the first or second one: gIOVAs are given out downward. */
uint64_t bound(const Ran &ran, size_t index)
{
    std::set<uint64_t, std::greater<>> addresses;

    for (size_t i = 0; i < ran.software()->consumers[0].doorbells.count; i++) {
        addresses.insert(ran.software()->consumers[0].doorbells.pages[i].iova);
    }
    return index < addresses.size() ? *std::next(addresses.begin(), static_cast<long>(index)) : 0;
}

/** Whether A's interrupts are set up before B's: in the order of the consumer's list. */
bool asks_first(const Ran &ran)
{
    return ran.software()->consumers[0].config->devices[0].rid ==
           ran.software()->found.tree.functions[ran.index("epA")].rid;
}

void expect_addresses(const Ran &ran, Addresses addresses)
{
    const struct software_function &first = ran.function("epA");
    const struct software_function &second = ran.function(ran.second());

    switch (addresses) {
    case TWO_MAPPINGS:
        EXPECT_EQ(first.attachment.domain, second.attachment.domain);
        EXPECT_GE(first.attachment.domain->doorbell_count, 2u);
        EXPECT_NE(page_of(first.message), page_of(second.message));
        EXPECT_NE(page_of(first.message), page_of(first.doorbell));
        break;
    case PHYSICAL:
        EXPECT_EQ(first.message, first.doorbell);
        EXPECT_EQ(second.message, second.doorbell);
        break;
    case IN_ORDER:
        EXPECT_EQ(page_of(first.message), DOORBELL_WINDOW_BASE + (asks_first(ran) ? 0 : 0x1000));
        EXPECT_EQ(page_of(second.message), DOORBELL_WINDOW_BASE + (asks_first(ran) ? 0x1000 : 0));
        break;
    case OWN_BINDINGS:
        EXPECT_EQ(page_of(first.message), bound(ran, 0));
        EXPECT_EQ(page_of(second.message), bound(ran, 1));
        break;
    case CROSSED:
        EXPECT_EQ(page_of(first.message), bound(ran, 1));
        EXPECT_EQ(page_of(second.message), bound(ran, 0));
        break;
    case ONE_PAGE:
        EXPECT_EQ(page_of(first.message), page_of(second.message));
        break;
    case FIRST_ONLY:
        EXPECT_NE(first.message, SOFTWARE_NO_ADDRESS);
        EXPECT_EQ(second.message, SOFTWARE_NO_ADDRESS);
        break;
    case NONE:
        EXPECT_EQ(first.message, SOFTWARE_NO_ADDRESS);
        EXPECT_EQ(second.message, SOFTWARE_NO_ADDRESS);
        break;
    case A_GUESTS:
        break;
    }
}

/** A guest's interrupts are virtual LPIs where the function's own controller has them, else they are injected (F3). */
void expect_forwarding(const Ran &ran, const std::string &topology, const std::string &row)
{
    const bool both = topology != "v2m" && row != "vlpi-mixed";
    const uint64_t vectors = 4;

    EXPECT_EQ(counter_of(ran.result(), "vm0", "direct_events"), both ? 2 * vectors : vectors);
    EXPECT_EQ(counter_of(ran.result(), "vm0", "injected"), both ? 0 : device_of(ran.result(), ran.second()).born);
}

class Rows : public testing::TestWithParam<std::string>
{
};

TEST_P(Rows, RunsAreWhatTheTableSays)
{
    const std::string topology = topology_of(GetParam());
    const std::string name = row_of(GetParam());
    const Row row = row_on(topology, name);
    const Ran ran(GetParam());
    const run_device &first = device_of(ran.result(), "epA");
    const run_device &second = device_of(ran.result(), ran.second());

    expect_two_doorbells(ran);
    EXPECT_EQ(ran.outcome("epA.attach"), row.attach_a);
    EXPECT_EQ(ran.outcome(ran.second() + ".attach"), row.attach_b);
    EXPECT_EQ(ran.outcome("epA.interrupts"), row.interrupts_a);
    EXPECT_EQ(ran.outcome(ran.second() + ".interrupts"), row.interrupts_b);
    EXPECT_GT(first.born, 0u);
    EXPECT_GT(second.born, 0u);
    EXPECT_STREQ(fates[fate_of(first)], fates[row.a]);
    EXPECT_STREQ(fates[fate_of(second)], fates[row.b]);
    expect_addresses(ran, row.addresses);
    if (row.addresses == A_GUESTS) {
        expect_forwarding(ran, topology, name);
    }
    if (name == "pasid") {
        EXPECT_EQ(ran.outcome("timeline.first"), "EINVAL");
        EXPECT_EQ(ran.outcome("timeline.second"), "EINVAL");
    }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Rows, testing::ValuesIn(scenarios_in("scenarios/matrix")), name_of_case);

/* Every row of the table is there, on every topology on which it means something. */
TEST(Matrix, HasEveryRowOnEveryTopology)
{
    const std::set<std::string> wanted = {"host-dma",
                                          "kernel-identity",
                                          "vfio-stage-1",
                                          "vfio-stage-2",
                                          "iommufd",
                                          "iommufd-nested-rmr",
                                          "iommufd-nested-rmr-short",
                                          "bind-msi-v6",
                                          "bind-per-group",
                                          "bind-msi-v7",
                                          "bind-msi-v15",
                                          "bind-msi-v1",
                                          "bind-msi-v2-crossed",
                                          "bind-msi-v2-crossed-each",
                                          "msi-geometry-2016",
                                          "msi-geometry-2016-full",
                                          "approach-2",
                                          "pasid",
                                          "vlpi",
                                          "vlpi-mixed"};
    /* Linux 7.3 switches the first port's ACS on, so what needs it has no such topology. One
     * ITS has virtual LPIs or not. */
    const std::set<std::string> absent = {"first-port/iommufd-nested-rmr", "first-port/iommufd-nested-rmr-short",
                                          "first-port/approach-2", "pre-its/vlpi-mixed", "v2m/vlpi-mixed"};
    /* Where the address says who writes nobody answers for interrupts; and a check of ITSs finds only one. */
    const std::set<std::string> more = {"v2m/vfio-isolated",
                                        "v2m/iommufd-isolated",
                                        "pre-its/vfio-isolated",
                                        "pre-its/iommufd-isolated",
                                        "pre-its/bind-msi-v7-crossed",
                                        "pre-its/bind-msi-v7-crossed-each",
                                        "pre-its/bind-msi-v15-crossed",
                                        "pre-its/bind-msi-v15-crossed-each"};
    std::set<std::string> seen;

    for (const std::string &path : scenarios_in("scenarios/matrix")) {
        const std::string name = path.substr(path.rfind('/') + 1);

        for (const std::string &topology : topologies) {
            if (name.rfind(topology, 0) == 0) {
                seen.insert(topology + "/" + row_of(path));
            }
        }
    }
    for (const std::string &topology : topologies) {
        for (const std::string &row : wanted) {
            const std::string both = topology + "/" + row;

            EXPECT_EQ(seen.count(both), absent.count(both) == 0 ? 1u : 0u) << both;
            seen.erase(both);
        }
    }
    for (const std::string &both : more) {
        EXPECT_EQ(seen.erase(both), 1u) << both;
    }
    EXPECT_TRUE(seen.empty()) << *seen.begin();
}

} // namespace
