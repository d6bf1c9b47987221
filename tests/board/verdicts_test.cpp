/* The verdicts and findings, each on the smallest board that shows it and on a neighbour that does not. */
#include "tests/board/fixture.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <set>

namespace
{

constexpr uint32_t ITS_A = 1;
constexpr uint32_t ITS_B = 2;
constexpr uint32_t SMMU_A = 3;
constexpr uint32_t SMMU_B = 4;
constexpr uint32_t V2M = 5;

const char *const HOST = "/pcie@40000000";

/* A tree with two ITS, two SMMUs and a GICv2m frame, so that a test adds only hosts. */
class Platform : public Tree
{
  public:
    Platform()
    {
        its(ITS_A, 0x10000000).its(ITS_B, 0x11000000).smmu(SMMU_A, 0x20000000).smmu(SMMU_B, 0x21000000);
        begin("v2m@30000000").text("compatible", "arm,gic-v2m-frame").empty("msi-controller");
        cells("phandle", {V2M}).end();
    }
};

/* One host with these maps. */
Blob one_host(const std::vector<uint32_t> &msi_map, const std::vector<uint32_t> &iommu_map, uint32_t last_bus = 15)
{
    Platform tree;

    tree.host(0x40000000, last_bus);
    if (!msi_map.empty()) {
        tree.cells("msi-map", msi_map);
    }
    if (!iommu_map.empty()) {
        tree.cells("iommu-map", iommu_map);
    }
    return tree.end().finish();
}

const std::vector<uint32_t> ALL_SMMU_A = {0, SMMU_A, 0, 0x10000};

verdict_outcome outcome(const Board &board, const char *name)
{
    return board.assumption(name).outcome;
}

const verdict_evidence *evidence_on(const verdict &verdict, const std::string &subject, const std::string &part)
{
    for (size_t i = 0; i < verdict.evidence_count; i++) {
        if (subject == verdict.evidence[i].subject &&
            std::string(verdict.evidence[i].detail).find(part) != std::string::npos) {
            return &verdict.evidence[i];
        }
    }
    return nullptr;
}

TEST(Verdicts, EveryAssumptionIsJudgedOnceInOrder)
{
    const char *const names[] = {"doorbell-per-group", "doorbell-per-domain",  "group-covers-reach",
                                 "doorbell-mapped",    "msi-window-free",      "msi-in-primary-domain",
                                 "pasid-consistent",   "one-viommu-per-smmu",  "guest-owned-msi",
                                 "msi-isolated",       "data-before-interrupt"};
    Board board(one_host({0, ITS_A, 0, 0x10000}, ALL_SMMU_A));

    ASSERT_EQ(board.data.verdicts.count, std::size(names));
    for (size_t i = 0; i < std::size(names); i++) {
        EXPECT_STREQ(board.data.verdicts.items[i].name, names[i]);
        EXPECT_GT(std::strlen(board.data.verdicts.items[i].summary), 10u) << names[i];
    }
}

TEST(DoorbellPerGroup, HoldsWithOneIts)
{
    Board board(one_host({0, ITS_A, 0, 0x10000}, ALL_SMMU_A));

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(board, "doorbell-per-domain"), VERDICT_HOLDS);
}

TEST(DoorbellPerGroup, IsViolatedByBusesOnTwoItsAndNamesTheRanges)
{
    Board board(one_host({0, ITS_A, 0, 0x300, 0x300, ITS_B, 0x5300, 0xd00}, ALL_SMMU_A));
    const verdict &verdict = board.assumption("doorbell-per-group");
    const verdict_evidence *evidence = evidence_on(verdict, HOST, "one root port without ACS");

    EXPECT_EQ(verdict.outcome, VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    ASSERT_EQ(evidence->device_count, 2u);
    EXPECT_EQ(evidence->devices[0].rid, 0x100u) << "the root bus is not behind a root port";
    EXPECT_EQ(evidence->devices[0].rid_count, 0x200u);
    EXPECT_EQ(evidence->devices[0].doorbell, 0x10010040u);
    EXPECT_EQ(evidence->devices[0].device_id, 0x100u);
    EXPECT_EQ(evidence->devices[0].stream_id, 0x100u);
    EXPECT_STREQ(evidence->devices[0].smmu, "/iommu@20000000");
    EXPECT_EQ(evidence->devices[1].rid, 0x300u);
    EXPECT_EQ(evidence->devices[1].rid_count, 0xd00u);
    EXPECT_EQ(evidence->devices[1].doorbell, 0x11010040u);
    EXPECT_EQ(evidence->devices[1].device_id, 0x5300u);
    EXPECT_STREQ(evidence->devices[1].its, "/its@11000000");
    EXPECT_EQ(evidence_on(verdict, HOST, "multifunction device"), nullptr) << "no slot is split";
}

TEST(DoorbellPerGroup, IsViolatedByFunctionsOfASlotEvenWithAcs)
{
    Board board(one_host({0, ITS_A, 0, 0x101, 0x101, ITS_B, 0x101, 1, 0x102, ITS_A, 0x102, 0xefe}, ALL_SMMU_A));
    const verdict_evidence *evidence =
        evidence_on(board.assumption("doorbell-per-group"), HOST, "in 1 slot they would");

    ASSERT_NE(evidence, nullptr);
    ASSERT_EQ(evidence->device_count, 3u);
    EXPECT_EQ(evidence->devices[1].rid, 0x101u);
    EXPECT_EQ(evidence->devices[2].rid_count, 6u);
}

TEST(DoorbellPerGroup, SlotsOfTheRootBusAreNeverOneGroup)
{
    /* Slots 0..15 to one ITS, 16..31 to the other, and no further bus. */
    Board board(one_host({0, ITS_A, 0, 0x80, 0x80, ITS_B, 0x80, 0x80}, ALL_SMMU_A, 0));

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(board, "doorbell-per-domain"), VERDICT_VIOLATED);
}

TEST(DoorbellPerGroup, ASplitSlotOfTheRootBusIsAViolation)
{
    Board board(one_host({0, ITS_A, 0, 0x84, 0x84, ITS_B, 0x84, 0x7c}, ALL_SMMU_A, 0));

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_VIOLATED);
    EXPECT_NE(evidence_on(board.assumption("doorbell-per-group"), HOST, "bus 0x00 slot 0x10"), nullptr);
}

TEST(DoorbellPerGroup, RootPortAndWhatIsBehindItAreOneGroup)
{
    Board board(one_host({0, ITS_A, 0, 0x100, 0x100, ITS_B, 0x100, 0xf00}, ALL_SMMU_A));
    const verdict_evidence *evidence =
        evidence_on(board.assumption("doorbell-per-group"), HOST, "a root port at 0x0..0xff");

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    EXPECT_EQ(evidence->device_count, 2u);
}

TEST(DoorbellPerGroup, OnlyFunctionsWithAnIommuCount)
{
    Board board(one_host({0, ITS_A, 0, 0x300, 0x300, ITS_B, 0x300, 0xd00}, {0, SMMU_A, 0, 0x300}));

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_HOLDS);
}

TEST(DoorbellPerGroup, GroupOfAnItsAndAnotherControllerIsAViolation)
{
    Board board(one_host({0, ITS_A, 0, 0x300, 0x300, V2M, 0, 0xd00}, ALL_SMMU_A));

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_VIOLATED);
}

TEST(DoorbellPerGroup, ControllersWithoutAKnownDoorbellAreToldApart)
{
    Platform tree;
    Blob blob = tree.begin("v2m@31000000")
                    .empty("msi-controller")
                    .cells("phandle", {9})
                    .end()
                    .host(0x40000000, 15)
                    .cells("msi-map", {0, V2M, 0, 0x300, 0x300, 9, 0, 0xd00})
                    .cells("iommu-map", ALL_SMMU_A)
                    .end()
                    .finish();

    EXPECT_EQ(outcome(Board(blob), "doorbell-per-group"), VERDICT_VIOLATED);
}

TEST(DoorbellPerGroup, BehindAPreItsWindowEveryPageIsADoorbell)
{
    Platform tree;
    Blob blob = tree.begin("its@12000000")
                    .text("compatible", "arm,gic-v3-its")
                    .cells("reg", {0x12000000, 0x20000})
                    .empty("msi-controller")
                    .cells("#msi-cells", {1})
                    .cells("phandle", {9})
                    .cells("socionext,synquacer-pre-its", {0x58000000, 0x200000})
                    .end()
                    .host(0x40000000, 15)
                    .cells("msi-map", {0, 9, 0, 0x10000})
                    .cells("iommu-map", ALL_SMMU_A)
                    .end()
                    .finish();
    Board board(blob);
    const verdict_evidence *evidence =
        evidence_on(board.assumption("doorbell-per-group"), HOST, "4 different doorbell pages");

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    /* A page has the doorbells of 1024 DeviceIDs, four buses. */
    ASSERT_EQ(evidence->device_count, 4u);
    EXPECT_EQ(evidence->devices[0].rid, 0x100u);
    EXPECT_EQ(evidence->devices[1].rid, 0x400u);
    EXPECT_EQ(evidence->devices[1].doorbell, 0x58001000u);
    EXPECT_EQ(outcome(board, "msi-isolated"), VERDICT_VIOLATED);
}

TEST(DoorbellPerGroup, SaysWhyItDoesNotApply)
{
    Platform none;
    Platform disabled;
    Board no_host(none.finish());
    Board disabled_host(disabled.host(0x40000000).text("status", "disabled").end().finish());
    Board no_iommu(one_host({0, ITS_A, 0, 0x10000}, {}));
    Board no_controller(one_host({}, ALL_SMMU_A));

    for (const Board *board : {&no_host, &disabled_host, &no_iommu, &no_controller}) {
        EXPECT_EQ(outcome(*board, "doorbell-per-group"), VERDICT_NOT_APPLICABLE);
        EXPECT_EQ(outcome(*board, "doorbell-per-domain"), VERDICT_NOT_APPLICABLE);
        EXPECT_EQ(outcome(*board, "msi-isolated"), VERDICT_NOT_APPLICABLE);
    }
    EXPECT_STREQ(no_host.assumption("doorbell-per-group").summary, "the description has no PCIe host");
    EXPECT_STREQ(disabled_host.assumption("doorbell-per-group").summary, "every PCIe host is disabled");
    EXPECT_NE(std::strstr(no_iommu.assumption("doorbell-per-group").summary, "no function of a PCIe host has an IOMMU"),
              nullptr);
    EXPECT_NE(
        std::strstr(no_controller.assumption("doorbell-per-group").summary, "no function with an IOMMU has an MSI"),
        nullptr);
}

/* Two hosts, with buses 0..15 and 16..31. */
Blob two_hosts(uint32_t its_a, uint32_t smmu_a, uint32_t its_b, uint32_t smmu_b)
{
    Platform tree;

    tree.host(0x40000000, 15).cells("msi-map", {0, its_a, 0, 0x1000}).cells("iommu-map", {0, smmu_a, 0, 0x1000}).end();
    tree.begin("pcie@50000000").text("device_type", "pci").cells("bus-range", {16, 31});
    tree.cells("msi-map", {0x1000, its_b, 0x1000, 0x1000}).cells("iommu-map", {0x1000, smmu_b, 0x1000, 0x1000}).end();
    return tree.finish();
}

TEST(DoorbellPerDomain, IsViolatedByTwoHostsOnTwoItsBehindOneSmmu)
{
    Board board(two_hosts(ITS_A, SMMU_A, ITS_B, SMMU_A));
    const verdict_evidence *evidence =
        evidence_on(board.assumption("doorbell-per-domain"), "/iommu@20000000", "2 different doorbell pages");

    EXPECT_EQ(outcome(board, "doorbell-per-group"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(board, "doorbell-per-domain"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    ASSERT_EQ(evidence->device_count, 2u);
    EXPECT_STREQ(evidence->devices[0].name, "/pcie@40000000");
    EXPECT_STREQ(evidence->devices[1].name, "/pcie@50000000");
    EXPECT_EQ(evidence->devices[1].segment, 1u);
}

TEST(DoorbellPerDomain, HoldsIfEachItsHasItsSmmuOrAllShareOneIts)
{
    Board apart(two_hosts(ITS_A, SMMU_A, ITS_B, SMMU_B));
    Board shared(two_hosts(ITS_A, SMMU_A, ITS_A, SMMU_A));

    EXPECT_EQ(outcome(apart, "doorbell-per-domain"), VERDICT_HOLDS);
    EXPECT_EQ(apart.assumption("doorbell-per-domain").evidence_count, 2u) << "one for each SMMU";
    EXPECT_EQ(outcome(shared, "doorbell-per-domain"), VERDICT_HOLDS);
}

TEST(Tables, EveryIommuListsWhatIsBehindIt)
{
    Board board(two_hosts(ITS_A, SMMU_A, ITS_B, SMMU_A));
    const board_iommu &smmu = board.data.iommus[0];

    ASSERT_EQ(smmu.user_count, 2u);
    EXPECT_EQ(smmu.users[1].host, 1u);
    EXPECT_EQ(smmu.users[1].first, 0x1000u);
    EXPECT_EQ(smmu.users[1].last, 0x1fffu);
    ASSERT_EQ(smmu.controller_count, 2u);
    EXPECT_EQ(smmu.controllers[0], 0u);
    EXPECT_EQ(smmu.controllers[1], 1u);
    EXPECT_EQ(board.data.iommus[1].user_count, 0u);
    EXPECT_TRUE(board.data.controllers[1].used);
}

TEST(Tables, RepetitionByMasksIsFound)
{
    Platform tree;
    Blob blob = tree.host(0x40000000, 255)
                    .cells("msi-map", {0, ITS_A, 0, 0x10000})
                    .cells("iommu-map", {0, SMMU_A, 0, 0x20, 0x100, SMMU_A, 0x80, 0x20})
                    .cells("iommu-map-mask", {0x31f})
                    .end()
                    .finish();
    Board board(blob);

    EXPECT_EQ(board.host(HOST).period, 0x400u);
    EXPECT_EQ(board.host(HOST).range_count, 3u * 64) << "bus 0, bus 1, buses 2 and 3";
}

TEST(MsiIsolated, HoldsBehindAnItsAndNotBehindAV2m)
{
    Board its(one_host({0, ITS_A, 0, 0x10000}, ALL_SMMU_A));
    Board v2m(one_host({0, V2M, 0, 0x10000}, ALL_SMMU_A));
    const verdict_evidence *evidence = evidence_on(v2m.assumption("msi-isolated"), HOST, "is no ITS");

    EXPECT_EQ(outcome(its, "msi-isolated"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(v2m, "msi-isolated"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    EXPECT_STREQ(evidence->devices[0].its, "/v2m@30000000");
    EXPECT_EQ(evidence->devices[0].device_id, VERDICT_NO_ID);
}

Blob masked_host(uint32_t msi_mask, uint32_t iommu_mask, bool with_iommu = true)
{
    Platform tree;

    tree.host(0x40000000, 15).cells("msi-map", {0, ITS_A, 0, 0x10000}).cells("msi-map-mask", {msi_mask});
    if (with_iommu) {
        tree.cells("iommu-map", {0, SMMU_A, 0, 0x10000}).cells("iommu-map-mask", {iommu_mask});
    }
    return tree.end().finish();
}

TEST(MsiIsolated, IsViolatedByFunctionsThatShareADeviceId)
{
    Board board(masked_host(0xff, 0xffff));
    const verdict_evidence *evidence = evidence_on(board.assumption("msi-isolated"), HOST, "share 256 DeviceIDs");

    EXPECT_EQ(outcome(board, "msi-isolated"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    ASSERT_EQ(evidence->device_count, 2u);
    EXPECT_EQ(evidence->devices[0].device_id, evidence->devices[1].device_id);
    EXPECT_NE(evidence->devices[0].rid, evidence->devices[1].rid);
    EXPECT_EQ(board.findings("device-id-shared", HOST).size(), 1u);
    EXPECT_TRUE(board.findings("stream-id-shared", HOST).empty());
}

TEST(MsiIsolated, SharedDeviceIdsAloneAreOnlyAFindingWhereThereAreNoGroups)
{
    Board board(masked_host(0xff, 0, false));

    EXPECT_EQ(outcome(board, "msi-isolated"), VERDICT_NOT_APPLICABLE);
    EXPECT_EQ(board.findings("device-id-shared", HOST).size(), 1u);
}

TEST(MsiIsolated, SharingAmongFunctionsWithoutIommuDoesNotBreakTheGroupsOfOthers)
{
    Platform tree;
    Blob blob = tree.host(0x40000000, 15)
                    .cells("msi-map", {0, ITS_A, 0, 0x10000})
                    .cells("msi-map-mask", {0xff})
                    .end()
                    .host(0x50000000, 15)
                    .cells("msi-map", {0, ITS_B, 0, 0x10000})
                    .cells("iommu-map", ALL_SMMU_A)
                    .end()
                    .finish();
    Board board(blob);

    EXPECT_EQ(outcome(board, "msi-isolated"), VERDICT_HOLDS);
    EXPECT_EQ(board.findings("device-id-shared", HOST).size(), 1u);
}

TEST(MsiIsolated, IsViolatedByTwoHostsThatShareDeviceIds)
{
    Platform tree;
    Blob blob = tree.host(0x40000000, 15)
                    .cells("msi-map", {0, ITS_A, 0x1000, 0x1000})
                    .cells("iommu-map", {0, SMMU_A, 0, 0x1000})
                    .end()
                    .host(0x50000000, 15)
                    .cells("msi-map", {0, ITS_A, 0x1ff0, 0x1000})
                    .cells("iommu-map", {0, SMMU_A, 0x1000, 0x1000})
                    .end()
                    .finish();
    Board board(blob);
    const verdict_evidence *evidence = evidence_on(board.assumption("msi-isolated"), HOST, "/pcie@50000000");

    EXPECT_EQ(outcome(board, "msi-isolated"), VERDICT_VIOLATED);
    ASSERT_NE(evidence, nullptr);
    EXPECT_EQ(evidence->devices[0].rid, 0xff0u);
    EXPECT_EQ(evidence->devices[0].device_id, 0x1ff0u);
    EXPECT_EQ(evidence->devices[1].rid, 0u);
    EXPECT_EQ(evidence->devices[1].device_id, 0x1ff0u);
    EXPECT_TRUE(board.findings("stream-id-shared", HOST).empty()) << "StreamIDs do not overlap";
}

TEST(Sharing, NeighbouringIdentifiersAreNotShared)
{
    Platform tree;
    Blob blob = tree.host(0x40000000, 15)
                    .cells("msi-map", {0, ITS_A, 0x1000, 0x1000})
                    .end()
                    .host(0x50000000, 15)
                    .cells("msi-map", {0, ITS_A, 0x2000, 0x1000})
                    .end()
                    .host(0x60000000, 15)
                    .cells("msi-map", {0, ITS_B, 0x1000, 0x1000}) /* the same, at another ITS */
                    .end()
                    .finish();
    Board board(blob);

    for (const char *host : {"/pcie@40000000", "/pcie@50000000", "/pcie@60000000"}) {
        EXPECT_TRUE(board.findings("device-id-shared", host).empty()) << host;
    }
}

TEST(Sharing, OverlapsAreFoundAcrossAnIntervalThatEndsInBetween)
{
    /* By first DeviceID: host 4 is wide, host 5 lies in it, host 6 meets only host 4. */
    Platform tree;
    Blob blob = tree.host(0x40000000, 15)
                    .cells("msi-map", {0, ITS_A, 0, 0x1000})
                    .end()
                    .host(0x50000000, 0)
                    .cells("msi-map", {0, ITS_A, 0x100, 0x100})
                    .end()
                    .host(0x60000000, 0)
                    .cells("msi-map", {0, ITS_A, 0x800, 0x100})
                    .end()
                    .finish();
    Board board(blob);

    EXPECT_EQ(board.findings("device-id-shared", "/pcie@40000000").size(), 2u);
}

TEST(Sharing, EveryHostThatOverlapsAnotherIsNamedOnRandomMaps)
{
    std::mt19937 generator(2019);
    std::uniform_int_distribution<uint32_t> any;
    auto random = std::bind(any, std::ref(generator));
    size_t overlapping = 0;
    size_t apart = 0;

    for (int round = 0; round < 150; round++) {
        Platform tree;
        const uint32_t hosts = 2 + random() % 5;

        for (uint32_t i = 0; i < hosts; i++) {
            std::vector<uint32_t> map;

            for (uint32_t entries = random() % 4, base = 0; entries > 0; entries--, base += 0x40) {
                map.insert(map.end(), {base, random() % 2 == 0 ? ITS_A : ITS_B, random() % 0x400, 1 + random() % 0x40});
            }
            tree.host(0x40000000 + i, 0).cells("msi-map", map).end();
        }
        Blob blob = tree.finish();
        Description description(blob);
        Board board(blob);
        std::map<std::pair<size_t, uint32_t>, std::set<std::string>> bearers;
        std::set<std::string> expected;
        std::set<std::string> named;

        for (size_t i = 0; i < description.data.host_count; i++) {
            for (uint32_t rid = 0; rid < 0x100; rid++) {
                rid_choice choice;

                rid_map_choose(&description.data, &description.data.hosts[i], rid, &choice);
                if (choice.device_id_known) {
                    bearers[{choice.controller, rid_id_of(&choice.device_id, rid)}].insert(
                        description.data.hosts[i].name);
                }
            }
        }
        for (const auto &[id, names] : bearers) {
            if (names.size() > 1) {
                expected.insert(names.begin(), names.end());
            }
        }
        for (size_t i = 0; i < board.data.finding_count; i++) {
            const board_finding &finding = board.data.findings[i];
            const std::string detail = finding.detail;
            const size_t with = detail.find("shares DeviceIDs with ");

            if (with == 0) {
                named.insert(finding.subject);
                named.insert(detail.substr(22, detail.find(" at ") - 22));
            }
        }
        ASSERT_EQ(named, expected) << "round " << round;
        overlapping += !expected.empty();
        apart += expected.size() < hosts;
    }
    EXPECT_GT(overlapping, 20u);
    EXPECT_GT(apart, 20u);
}

TEST(Sharing, StreamIdThatAllFunctionsShareIsFound)
{
    Board board(masked_host(0xffff, 0));
    std::vector<std::string> details = board.findings("stream-id-shared", HOST);

    ASSERT_EQ(details.size(), 1u);
    EXPECT_NE(details[0].find("4096 requester IDs share 1 StreamIDs"), std::string::npos) << details[0];
    EXPECT_NE(details[0].find("second device that appears gets no IOMMU"), std::string::npos) << details[0];
}

Blob host_with_window(uint64_t pci_address, uint64_t size, bool with_iommu = true)
{
    Platform tree;

    tree.host(0x40000000, 15).cells("msi-map", {0, ITS_A, 0, 0x10000});
    if (with_iommu) {
        tree.cells("iommu-map", ALL_SMMU_A);
    }
    tree.cells("ranges", {0x03000000, static_cast<uint32_t>(pci_address >> 32), static_cast<uint32_t>(pci_address),
                          0x80000000, static_cast<uint32_t>(size >> 32), static_cast<uint32_t>(size)});
    return tree.end().finish();
}

TEST(MsiWindow, IsTakenFromTheFirstByteToTheLast)
{
    EXPECT_EQ(outcome(Board(host_with_window(0x7000000, 0x1000000)), "msi-window-free"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(Board(host_with_window(0x7000000, 0x1000001)), "msi-window-free"), VERDICT_VIOLATED);
    EXPECT_EQ(outcome(Board(host_with_window(0x80fffff, 1)), "msi-window-free"), VERDICT_VIOLATED);
    EXPECT_EQ(outcome(Board(host_with_window(0x8100000, 0x100000)), "msi-window-free"), VERDICT_HOLDS);
    EXPECT_EQ(outcome(Board(host_with_window(0x8000000, UINT64_MAX)), "msi-window-free"), VERDICT_VIOLATED);
}

TEST(MsiWindow, DoorbellInsideABridgeWindowIsAViolation)
{
    Board board(host_with_window(0x10000000, 0x100000));

    EXPECT_EQ(outcome(board, "msi-window-free"), VERDICT_VIOLATED);
    EXPECT_NE(evidence_on(board.assumption("msi-window-free"), HOST, "the doorbell 0x10010040"), nullptr);
}

TEST(MsiWindow, WithoutIommuItDoesNotApply)
{
    EXPECT_EQ(outcome(Board(host_with_window(0x8000000, 0x100000, false)), "msi-window-free"), VERDICT_NOT_APPLICABLE);
}

TEST(Findings, DisabledTargets)
{
    Platform tree;
    Blob blob = tree.its(20, 0x12000000, false)
                    .smmu(21, 0x22000000, false)
                    .host(0x40000000, 15)
                    .cells("msi-map", {0, 20, 0, 0x100, 0x100, ITS_A, 0x100, 0xf00})
                    .cells("iommu-map", {0, 21, 0, 0x200, 0x200, SMMU_A, 0x200, 0xd00})
                    .end()
                    .finish();
    Board board(blob);

    ASSERT_EQ(board.findings("msi-controller-disabled", HOST).size(), 1u);
    EXPECT_NE(board.findings("msi-controller-disabled", HOST)[0].find("0x0..0xff: "), std::string::npos);
    ASSERT_EQ(board.findings("iommu-disabled", HOST).size(), 1u);
    EXPECT_NE(board.findings("iommu-disabled", HOST)[0].find("0x0..0x1ff: "), std::string::npos);
    ASSERT_EQ(board.findings("no-msi-domain", HOST).size(), 1u);
    ASSERT_EQ(board.findings("no-iommu", HOST).size(), 1u);
    EXPECT_NE(board.findings("no-iommu", HOST)[0].find("0xf00..0xfff: "), std::string::npos);
}

TEST(Findings, SeveralTargetsOverlap)
{
    Board board(
        one_host({0, ITS_A, 0, 0x10000, 0x100, ITS_B, 0x100, 0x100}, {0, SMMU_A, 0, 0x10000, 0x200, SMMU_B, 0, 0x100}));

    ASSERT_EQ(board.findings("several-msi-controllers", HOST).size(), 1u);
    EXPECT_NE(board.findings("several-msi-controllers", HOST)[0].find("IDs 0x100..0x1ff: "), std::string::npos);
    ASSERT_EQ(board.findings("several-iommus", HOST).size(), 1u);
    EXPECT_NE(board.findings("several-iommus", HOST)[0].find("IDs 0x200..0x2ff: "), std::string::npos);
}

TEST(Findings, TwoEntriesForOneTargetAreNotSeveral)
{
    Board board(one_host({0, ITS_A, 0, 0x10000, 0x100, ITS_A, 0x100, 0x100}, ALL_SMMU_A));

    EXPECT_TRUE(board.findings("several-msi-controllers", HOST).empty());
}

TEST(Findings, FaultOfAMapNamesTheIdsThatMeetIt)
{
    Platform tree;
    Blob blob = tree.host(0x40000000, 15)
                    .cells("msi-map", {0, ITS_A, 0, 0x800, 0, 99, 0, 0x1000})
                    .cells("iommu-map", {0, SMMU_A, 0, 0x10000, 1})
                    .end()
                    .finish();
    Board board(blob);
    std::vector<std::string> details = board.findings("map-error", HOST);

    ASSERT_EQ(details.size(), 2u);
    EXPECT_NE(details[0].find("iommu-map: property ends inside an entry"), std::string::npos) << details[0];
    EXPECT_NE(details[0].find("no requester ID"), std::string::npos) << details[0];
    EXPECT_NE(details[1].find("msi-map: phandle names no node"), std::string::npos) << details[1];
    EXPECT_NE(details[1].find("0x800..0xfff"), std::string::npos) << details[1];
}

TEST(Findings, AliasesCanCrossIommus)
{
    Board split(one_host({0, ITS_A, 0, 0x10000}, {0, SMMU_A, 0, 0x800, 0x800, SMMU_B, 0, 0x800}));
    Board single(one_host({0, ITS_A, 0, 0x10000}, ALL_SMMU_A));

    EXPECT_EQ(split.findings("alias-crosses-iommu", HOST).size(), 1u);
    EXPECT_TRUE(single.findings("alias-crosses-iommu", HOST).empty());
}

TEST(Findings, DisabledHostsArePassedOver)
{
    Platform tree;
    Blob blob =
        tree.host(0x40000000, 15).text("status", "disabled").cells("msi-map", {0, 99, 0, 0x1000}).end().finish();
    Board board(blob);

    EXPECT_EQ(board.data.finding_count, 0u);
    EXPECT_EQ(board.host(HOST).range_count, 1u) << "its table is there all the same";
}

TEST(Limits, TooManyRangesAreRefused)
{
    Platform tree;

    for (uint32_t i = 0; i < 40; i++) {
        tree.host(0x40000000 + i, 255)
            .cells("msi-map", {0, ITS_A, 0, 1, 1, ITS_B, 0, 1})
            .cells("msi-map-mask", {1})
            .end();
    }
    Board board(tree.finish());

    EXPECT_EQ(board.status, BOARD_INVALID);
    EXPECT_NE(std::strstr(board.error.text, "more than 1048576 ranges"), nullptr) << board.error.text;
}

TEST(Fixtures, ReferenceTopologyAsABoard)
{
    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    board_result split{};
    board_result hosts{};
    board_error error{};

    ASSERT_EQ(board_check_path(fixture_path("reference-split.dts").c_str(), &split, &error), BOARD_OK) << error.text;
    ASSERT_EQ(board_check_path(fixture_path("two-hosts-one-smmu.dts").c_str(), &hosts, &error), BOARD_OK) << error.text;
    EXPECT_EQ(verdict_list_find(&split.verdicts, "doorbell-per-group")->outcome, VERDICT_VIOLATED);
    EXPECT_EQ(verdict_list_find(&split.verdicts, "msi-isolated")->outcome, VERDICT_HOLDS);
    EXPECT_EQ(verdict_list_find(&hosts.verdicts, "doorbell-per-group")->outcome, VERDICT_HOLDS);
    EXPECT_EQ(verdict_list_find(&hosts.verdicts, "doorbell-per-domain")->outcome, VERDICT_VIOLATED);
    EXPECT_EQ(hosts.controllers[0].doorbell, 0x408090040u) << "through the bus's ranges";
    board_result_clear(&split);
    board_result_clear(&hosts);
}

} // namespace
