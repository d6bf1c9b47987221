// Doorbells and mappings: what follows from the system, what a run shows, and that the two agree.
#include "judged.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace judged;
using namespace topology;

namespace
{

// The reference topology: two endpoints behind a switch without ACS. Linux groups them if the root port has none.
std::vector<Function> reference(bool acs = false)
{
    Function root = rp("rp", 1, 1);
    Function dsp0 = dsp("dsp0", 2, 0, 3);
    Function dsp1 = dsp("dsp1", 2, 1, 4);

    if (acs) {
        root.acs(FULL);
        dsp0.acs(FULL);
        dsp1.acs(FULL);
    }
    return {root, usp("usp", 1, 2), dsp0, dsp1, ep("epA", 3).vectors(8), ep("epB", 4).vectors(1)};
}

} // namespace

TEST(Assumptions, OneVerdictForEveryNameInOrder)
{
    System empty({});

    ASSERT_EQ(ASSUMPTION_COUNT, 11);
    for (const Verdicts &verdicts : {empty.check(), empty.observe()}) {
        ASSERT_EQ(verdicts.list.count, static_cast<size_t>(ASSUMPTION_COUNT));
        for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
            EXPECT_STREQ(verdicts.list.items[i].name, assumption_name(i));
            EXPECT_EQ(verdicts.list.items[i].outcome, VERDICT_NOT_APPLICABLE) << assumption_name(i);
            EXPECT_STRNE(verdicts.list.items[i].summary, "") << assumption_name(i);
            EXPECT_EQ(verdicts.list.items[i].evidence_count, 0u);
        }
    }
}

TEST(DoorbellPerGroup, ReferenceTopologyWithSplitMsiMap)
{
    System system(reference());

    system.to_its("epB", 'B');
    Verdicts verdicts = system.check();
    const verdict &found = verdicts[ASSUMPTION_DOORBELL_PER_GROUP];
    ASSERT_EQ(found.outcome, VERDICT_VIOLATED);
    ASSERT_EQ(found.evidence_count, 1u);
    EXPECT_STREQ(found.evidence[0].subject, "group 0");
    EXPECT_NE(std::string(found.evidence[0].detail).find("0x8090000 (A), 0x80d0000 (B)"), std::string::npos)
        << found.evidence[0].detail;
    ASSERT_EQ(found.evidence[0].device_count, 2u);
    const verdict_device &a = found.evidence[0].devices[0];
    const verdict_device &b = found.evidence[0].devices[1];
    EXPECT_STREQ(a.name, "epA");
    EXPECT_EQ(a.rid, 0x300u);
    EXPECT_EQ(a.rid_count, 1u);
    EXPECT_EQ(a.stream_id, 0x300u);
    EXPECT_STREQ(a.smmu, "S");
    EXPECT_EQ(a.device_id, 0x300u);
    EXPECT_STREQ(a.its, "A");
    EXPECT_EQ(a.doorbell, DOORBELL_A);
    EXPECT_EQ(a.msi_count, 0u);
    EXPECT_STREQ(b.name, "epB");
    EXPECT_EQ(b.device_id, 0x400u);
    EXPECT_STREQ(b.its, "B");
    EXPECT_EQ(b.doorbell, DOORBELL_B);
}

TEST(DoorbellPerGroup, HoldsWithOneItsWithAcsOrWithPortsAside)
{
    System one(reference());
    System apart(reference(true));
    System ports(reference());

    EXPECT_EQ(one.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    apart.to_its("epB", 'B');
    EXPECT_EQ(apart.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    // A port without MSI vectors has no say, wherever msi-map would send it.
    ports.to_its("dsp1", 'B');
    EXPECT_EQ(ports.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    ports.tree.get()->functions[ports.index("dsp1")].msi_vectors = 1;
    EXPECT_EQ(ports.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_VIOLATED);
}

// Pages count, not ITS: a pre-ITS gives every device an address of its own, four buses to a page.
TEST(DoorbellPerGroup, ComparesPages)
{
    System system(reference());

    system.at("epB").doorbell = DOORBELL_A + 4 * 0x40;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    system.at("epB").doorbell = (DOORBELL_A & ~uint64_t(0xfff)) + 0x1000;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_VIOLATED);
}

TEST(DoorbellPerGroup, LeavesOutFunctionsWithoutAGroup)
{
    System system(reference());

    system.to_its("epB", 'B').group(GROUP_RULE_LINUX, {"rp", "usp", "dsp0", "dsp1", "epA"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    system.group(GROUP_RULE_LINUX, {"rp"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_NOT_APPLICABLE);
}

// Every way to send two to four endpoints to two ITS, in one group or each in its own.
TEST(DoorbellPerGroup, EverySplit)
{
    for (unsigned count = 2; count <= 4; count++) {
        for (unsigned split = 0; split < 1u << count; split++) {
            std::vector<Function> functions = {rp("rp", 1, 1), usp("usp", 1, 2)};

            for (unsigned i = 0; i < count; i++) {
                functions.push_back(dsp("dsp" + std::to_string(i), 2, i, 3 + i));
                functions.push_back(ep("ep" + std::to_string(i), 3 + i).vectors(1));
            }
            System together(functions);
            functions[0].acs(FULL);
            System apart(functions);

            for (unsigned i = 0; i < count; i++) {
                together.to_its("ep" + std::to_string(i), (split >> i & 1) != 0 ? 'B' : 'A');
                apart.to_its("ep" + std::to_string(i), (split >> i & 1) != 0 ? 'B' : 'A');
            }
            bool mixed = split != 0 && split != (1u << count) - 1;
            EXPECT_EQ(together.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP),
                      mixed ? VERDICT_VIOLATED : VERDICT_HOLDS);
            EXPECT_EQ(apart.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
        }
    }
}

TEST(DoorbellPerGroup, ObservedWhereMsisArrived)
{
    System system(reference());

    // Meant for two doorbells; in the run both went to one, as a hypervisor that relies on the claim makes them: that
    // does not make the claim true. The doorbell that epB's MSIs never reached counts too.
    system.to_its("epB", 'B');
    system.hit("epA", DOORBELL_A, 'A', 10, 100);
    system.hit("epB", DOORBELL_A, 'A', 5, 107);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_VIOLATED);
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_VIOLATED);
    system.hit("epB", DOORBELL_B, 'B', 7, 103);
    Verdicts verdicts = system.observe();
    const verdict &found = verdicts[ASSUMPTION_DOORBELL_PER_GROUP];
    ASSERT_EQ(found.outcome, VERDICT_VIOLATED);
    ASSERT_EQ(found.evidence[0].device_count, 3u);
    EXPECT_STREQ(found.evidence[0].devices[2].its, "B");
    EXPECT_EQ(found.evidence[0].devices[2].doorbell, DOORBELL_B);
    EXPECT_EQ(found.evidence[0].devices[2].msi_count, 7u);
    EXPECT_EQ(found.evidence[0].devices[2].first_packet, 103u);
}

// Two hosts behind one SMMU, each with an ITS of its own: no group is split, but a domain of both groups is.
TEST(DoorbellPerDomain, TwoHostsOnTwoItsInOneDomain)
{
    System system({rp("rp0", 1, 1), ep("ep0", 1).vectors(1), rp("rp1", 1, 1).on(1), ep("ep1", 1).vectors(1).on(1)}, 2);
    uint32_t domain;

    system.to_its("ep1", 'B');
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_DOMAIN), VERDICT_NOT_APPLICABLE);
    domain = system.domain("vm", ASSUMPTION_TRANSLATED, {"ep0", "ep1"});
    system.map(domain, 0x8000000, DOORBELL_A);
    system.map(domain, 0x8001000, DOORBELL_B);
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_DOORBELL_PER_GROUP), VERDICT_HOLDS);
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_DOORBELL_PER_DOMAIN), VERDICT_VIOLATED);
    EXPECT_STREQ(verdicts[ASSUMPTION_DOORBELL_PER_DOMAIN].evidence[0].subject, "domain vm");
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_DOORBELL_PER_DOMAIN), (std::vector<std::string>{"ep0", "ep1"}));
    system.domain("other", ASSUMPTION_TRANSLATED, {"ep1"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_PER_DOMAIN), VERDICT_HOLDS);
}

TEST(DoorbellMapped, NeedsAWritableMappingOfThePageInTheDomain)
{
    System system(reference());
    uint32_t domain = system.domain("dma", ASSUMPTION_TRANSLATED, {"epA", "epB"});

    system.to_its("epB", 'B');
    system.map(domain, 0xfffff000, DOORBELL_A);
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_DOORBELL_MAPPED), (std::vector<std::string>{"epB"}));
    system.map(domain, 0xffffe000, DOORBELL_B, false);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_VIOLATED);
    system.map(domain, 0xffffe000, DOORBELL_B);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_HOLDS);
}

TEST(DoorbellMapped, IdentityPassesAndBlockedDoesNot)
{
    System system(reference());

    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_NOT_APPLICABLE); // no domain at all
    system.domain("identity", ASSUMPTION_BYPASS, {"epA"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_HOLDS);
    system.domain("blocked", ASSUMPTION_BLOCKED, {"epB"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_VIOLATED);
    system.at("epB").smmu = ASSUMPTION_NONE;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_HOLDS);
}

TEST(DoorbellMapped, ObservedByFaults)
{
    System system(reference());
    uint32_t domain = system.domain("dma", ASSUMPTION_TRANSLATED, {"epA", "epB"});

    system.map(domain, 0xfffff000, DOORBELL_A);
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_NOT_APPLICABLE);
    system.hit("epA", DOORBELL_A, 'A', 3, 1);
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_HOLDS);
    system.saw("epB").lost[SIM_DROP_SMMU_FAULT] = {4, 22};
    Verdicts verdicts = system.observe();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_DOORBELL_MAPPED), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_DOORBELL_MAPPED), (std::vector<std::string>{"epB"}));
    EXPECT_EQ(verdicts[ASSUMPTION_DOORBELL_MAPPED].evidence[0].devices[0].msi_count, 4u);
    EXPECT_EQ(verdicts[ASSUMPTION_DOORBELL_MAPPED].evidence[0].devices[0].first_packet, 22u);
    // Faults of a function that is attached to nothing are told as well.
    system.at("epB").domain = ASSUMPTION_NONE;
    EXPECT_STREQ(system.observe()[ASSUMPTION_DOORBELL_MAPPED].evidence[0].subject, "no domain");
}

TEST(MsiWindowFree, DmaAndReservedRegions)
{
    struct {
        uint64_t base;
        uint64_t size;
        verdict_outcome outcome;
    } rows[] = {
        {0x7fff000, 0x1000, VERDICT_HOLDS},          {0x7fff000, 0x1001, VERDICT_VIOLATED},
        {0x8100000, 0x1000, VERDICT_HOLDS},          {0x80fffff, 1, VERDICT_VIOLATED},
        {0, UINT64_MAX, VERDICT_VIOLATED},           {0x8000000, 0, VERDICT_HOLDS},
        {UINT64_MAX - 0xfff, 0x1000, VERDICT_HOLDS},
    };

    for (const auto &row : rows) {
        for (bool reserved : {false, true}) {
            System system(reference());
            uint32_t domain = system.domain("vm", ASSUMPTION_TRANSLATED, {"epA", "epB"});

            system.window(domain, 0x8000000, 0x100000);
            system.map(domain, 0x8000000, DOORBELL_A);
            if (reserved) {
                system.reserve(domain, row.base, row.size, "for the firmware");
            } else {
                system.dma(domain, row.base, row.size);
            }
            Verdicts verdicts = system.check();
            EXPECT_EQ(verdicts.outcome(ASSUMPTION_MSI_WINDOW_FREE), row.outcome) << std::hex << row.base;
            if (row.outcome == VERDICT_VIOLATED) {
                EXPECT_EQ(verdicts.device_names(ASSUMPTION_MSI_WINDOW_FREE), (std::vector<std::string>{"epA", "epB"}));
                EXPECT_NE(verdicts.all_details(ASSUMPTION_MSI_WINDOW_FREE).find(reserved ? "firmware" : "DMA"),
                          std::string::npos);
            }
        }
    }
}

// A doorbell outside the window that was set aside is a window of its own: host DMA domains have nothing else.
TEST(MsiWindowFree, MappedDoorbellsCountToo)
{
    System system(reference());
    uint32_t domain = system.domain("dma", ASSUMPTION_TRANSLATED, {"epA", "epB"});

    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_NOT_APPLICABLE);
    system.map(domain, 0xfffff000, DOORBELL_A);
    system.dma(domain, 0xffffe000, 0x1000);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_HOLDS);
    system.dma(domain, 0xffffe000, 0x1001);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_VIOLATED);
}

TEST(MsiWindowFree, PeersThatClaimTheAddress)
{
    for (bool acs : {false, true}) {
        std::vector<Function> functions = reference(acs);

        functions[5].bar(0x8000000, 0x4000); // epB
        System system(functions);
        uint32_t domain = system.domain("vm", ASSUMPTION_TRANSLATED, {"epA"});
        system.window(domain, 0x8000000, 0x100000);
        system.map(domain, 0x8000000, DOORBELL_A);
        system.saw("epA").lost[SIM_DROP_PEER] = {9, 77};
        Verdicts verdicts = system.check();
        EXPECT_EQ(verdicts.outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_VIOLATED);
        EXPECT_EQ(verdicts.device_names(ASSUMPTION_MSI_WINDOW_FREE), (std::vector<std::string>{"epA", "epB"}));
        // Only a switch without ACS takes them before the SMMU.
        EXPECT_EQ(verdicts.all_details(ASSUMPTION_MSI_WINDOW_FREE).find("before the SMMU") != std::string::npos, !acs);
        EXPECT_EQ(system.observe()[ASSUMPTION_MSI_WINDOW_FREE].evidence[0].devices[0].msi_count, 9u);
    }
}

TEST(MsiWindowFree, UntranslatedMsisMeetPeersAtTheDoorbellsOwnAddress)
{
    std::vector<Function> functions = reference();

    functions[5].bar(DOORBELL_A & ~uint64_t(0xffff), 0x10000);
    System system(functions);
    system.at("epB").doorbell = VERDICT_NO_ID;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_NOT_APPLICABLE);
    system.domain("identity", ASSUMPTION_BYPASS, {"epA"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_VIOLATED);
    system.tree.get()->functions[system.index("epB")].bars[0].base = 0x90000000;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_HOLDS);
    // What no BAR has, a bridge may still claim.
    system.tree.get()->functions[system.index("dsp1")].windows[0] = {0x8000000, 0x100000, false};
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_VIOLATED);
    EXPECT_NE(verdicts.all_details(ASSUMPTION_MSI_WINDOW_FREE).find("the window of dsp1"), std::string::npos);
}

TEST(MsiWindowFree, OtherHostBridgesDoNotRouteHere)
{
    System system(
        {rp("rp0", 1, 1), ep("ep0", 1).vectors(1), rp("rp1", 1, 1).on(1), ep("ep1", 1).on(1).bar(0x8000000, 0x1000)},
        2);
    uint32_t domain = system.domain("vm", ASSUMPTION_TRANSLATED, {"ep0"});

    system.map(domain, 0x8000000, DOORBELL_A);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_WINDOW_FREE), VERDICT_HOLDS);
}

// When every MSI does what it is meant to do, the run says what the check says, evidence included.
TEST(Assumptions, CheckAndRunAgreeWhenMsisDoAsTheyShould)
{
    for (bool acs : {false, true}) {
        for (bool split : {false, true}) {
            System system(reference(acs));
            uint32_t domain;

            system.to_its("epB", split ? 'B' : 'A');
            domain = system.domain("both", ASSUMPTION_TRANSLATED, {"epA", "epB"});
            system.map(domain, 0xfffff000, DOORBELL_A);
            system.map(domain, 0xffffe000, DOORBELL_B);
            system.system.ordering = ASSUMPTION_ORDER_KEPT;
            for (const char *name : {"epA", "epB"}) {
                system.hit(name, system.at(name).doorbell, name[2] == 'B' && split ? 'B' : 'A', 5, 50);
                system.saw(name).data_checked = 5;
            }
            Verdicts checked = system.check();
            Verdicts seen = system.observe();
            for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
                const char *name = assumption_name(i);

                EXPECT_EQ(checked.text(checked[name]), seen.text(seen[name])) << acs << split;
            }
            EXPECT_EQ(checked.outcome(ASSUMPTION_DOORBELL_PER_GROUP), split && !acs ? VERDICT_VIOLATED : VERDICT_HOLDS);
            EXPECT_EQ(checked.outcome(ASSUMPTION_DOORBELL_PER_DOMAIN), split ? VERDICT_VIOLATED : VERDICT_HOLDS);
        }
    }
}
