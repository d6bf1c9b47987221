// Groups, requester IDs, PASIDs, virtual IOMMUs, guests' messages, order: the assumptions about who may touch what.
#include "judged.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace judged;
using namespace topology;

namespace
{

// A switch whose ports have that ACS control, below a root port with all of it.
std::vector<Function> below_acs(unsigned control)
{
    return {rp("rp", 1, 1).acs(FULL),
            usp("usp", 1, 2),
            dsp("dsp0", 2, 0, 3).acs(FULL, control),
            dsp("dsp1", 2, 1, 4).acs(FULL, control),
            ep("epA", 3).vectors(1).pasid(8),
            ep("epB", 4).vectors(1).pasid(8)};
}

assumption_pasid_user shared_with(uint32_t pasid, uint64_t process)
{
    return {pasid, ASSUMPTION_NONE, process};
}

assumption_pasid_user auxiliary(uint32_t pasid, uint32_t domain)
{
    return {pasid, domain, 0};
}

} // namespace

TEST(GroupCoversReach, LinuxMissesASwitchWithoutAcsBelowARootPortWithIt)
{
    System system(below_acs(0));
    Verdicts by_linux = system.check();
    const verdict &found = by_linux[ASSUMPTION_GROUP_COVERS_REACH];

    ASSERT_EQ(found.outcome, VERDICT_VIOLATED);
    ASSERT_EQ(found.evidence_count, 1u);
    EXPECT_EQ(by_linux.device_names(ASSUMPTION_GROUP_COVERS_REACH), (std::vector<std::string>{"epA", "epB"}));
    EXPECT_NE(std::string(found.evidence[0].detail).find("dsp0"), std::string::npos) << found.evidence[0].detail;
    EXPECT_NE(std::string(found.evidence[0].subject).find(" and group "), std::string::npos);
    EXPECT_EQ(system.group(GROUP_RULE_CORRECTED).check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
    EXPECT_EQ(system.group(GROUP_RULE_REACH).check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
    EXPECT_EQ(System(below_acs(FULL)).check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
}

TEST(GroupCoversReach, OneRequesterIdInTwoGroups)
{
    System system({rp("rp", 1, 1).acs(FULL), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2),
                   of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d", 2, 1), of_type(PCI_TREE_CONVENTIONAL_DEVICE, "e", 2, 2)});

    EXPECT_EQ(system.check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
    system.group(GROUP_RULE_LINUX, {"rp", "d", "e", "br"}); // probed before their bridge
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_VIOLATED);
    // Sharing an ID is enough, even where nobody has memory to reach.
    system.system.reach.listed_bars_only = true;
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_VIOLATED);
    EXPECT_NE(verdicts.all_details(ASSUMPTION_GROUP_COVERS_REACH).find("one requester ID"), std::string::npos);
}

TEST(GroupCoversReach, RunAddsWhatItSawAndWhatNobodyForesaw)
{
    System known(below_acs(0));
    System unknown(below_acs(FULL));

    known.peer("epA", "epB", 6, 40);
    known.peer("epA", "epB", 2, 30);
    Verdicts verdicts = known.observe();
    const verdict_device &source = verdicts[ASSUMPTION_GROUP_COVERS_REACH].evidence[0].devices[0];
    EXPECT_STREQ(source.name, "epA");
    EXPECT_EQ(source.msi_count, 8u);
    EXPECT_EQ(source.first_packet, 30u);
    EXPECT_EQ(unknown.observe().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
    unknown.peer("epB", "epA", 1, 5);
    EXPECT_EQ(unknown.observe().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_VIOLATED);
    EXPECT_EQ(unknown.check().outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_HOLDS);
}

TEST(MsiIsolated, SourceValidationKeepsRequesterIdsApart)
{
    System good(below_acs(FULL));
    System switch_without(below_acs(FULL & ~SV));

    EXPECT_EQ(good.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
    // Both endpoints are within what the root port lets through: each may pose as the other.
    switch_without.group(GROUP_RULE_REACH);
    Verdicts verdicts = switch_without.check();
    ASSERT_EQ(verdicts.outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts[ASSUMPTION_MSI_ISOLATED].evidence_count, 1u);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_MSI_ISOLATED), (std::vector<std::string>{"epA", "epB"}));
    EXPECT_NE(verdicts.all_details(ASSUMPTION_MSI_ISOLATED).find("validate is rp"), std::string::npos);
}

TEST(MsiIsolated, RootPortsThatDoNotValidate)
{
    System bare({rp("rp0", 1, 1), rp("rp1", 2, 2), ep("a", 1).vectors(1), ep("b", 2).vectors(1)});
    System one_bare({rp("rp0", 1, 1).acs(FULL), rp("rp1", 2, 2), ep("a", 1).vectors(1), ep("b", 2)});
    System safe({rp("rp0", 1, 1).quirk(PCI_TREE_QUIRK_ISOLATED), rp("rp1", 2, 2).acs(SV), ep("a", 1).vectors(1),
                 ep("b", 2).vectors(1)});

    EXPECT_EQ(bare.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    EXPECT_EQ(one_bare.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED); // b can pose as a
    EXPECT_EQ(safe.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
}

// One port class, and the first function behind it has nobody to pose as but its own sibling: the others still do.
TEST(MsiIsolated, LooksAtEveryFunctionBehindAPort)
{
    System system({rp("rp", 1, 1).acs(FULL), usp("usp", 1, 2), dsp("dsp0", 2, 0, 3).acs(FULL, RR | CR | UF),
                   dsp("dsp1", 2, 1, 4).acs(FULL, RR | CR | UF), ep("m0", 3).mf().acs(RR).vectors(1),
                   ep("m1", 3, 0, 1).mf().acs(RR), ep("silent", 4)});

    system.group(GROUP_RULE_REACH);
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED); // silent can pose as m0
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_MSI_ISOLATED), (std::vector<std::string>{"m0", "silent"}));
}

TEST(MsiIsolated, FunctionsOfOneDeviceHaveTheirIdsFromHardware)
{
    System system(
        {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(FULL).vectors(1), ep("f1", 1, 0, 1).mf().acs(FULL).vectors(1)});

    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
    system.at("f1").device_id = system.at("f0").device_id; // a map with mask 0 gives both the same
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    system.to_its("f1", 'B'); // at different ITS the number means different things
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
}

TEST(MsiIsolated, ControllersThatDoNotKnowTheWriter)
{
    System system(below_acs(FULL));

    system.at("epA").no_device_id = true;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    system.to_its("epA", 'B');
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
}

TEST(MsiIsolated, ForeignInterruptsInARun)
{
    System system(below_acs(FULL));

    EXPECT_EQ(system.observe().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
    system.saw("epA").foreign = {3, 17};
    system.saw("epA").foreign_owner = system.index("epB");
    Verdicts verdicts = system.observe();
    ASSERT_EQ(verdicts.outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts[ASSUMPTION_MSI_ISOLATED].evidence[0].devices[0].first_packet, 17u);
    system.saw("epA").foreign_owner = system.index("epA"); // its own group is no stranger
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
}

TEST(MsiInPrimaryDomain, AuxiliaryMappingDoesNotHelp)
{
    System system(below_acs(FULL));
    uint32_t primary = system.domain("primary", ASSUMPTION_TRANSLATED, {"epA", "epB"});
    uint32_t aux = system.domain("aux", ASSUMPTION_TRANSLATED, {});

    system.map(aux, 0x8000000, DOORBELL_A);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), VERDICT_NOT_APPLICABLE);
    system.pasid("epA", auxiliary(1, aux));
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), (std::vector<std::string>{"epA"}));
    EXPECT_NE(verdicts.all_details(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN).find("auxiliary domain aux"), std::string::npos);
    system.map(primary, 0x8000000, DOORBELL_A);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), VERDICT_HOLDS);
    system.domain("terminate", ASSUMPTION_BLOCKED, {"epA"});
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), VERDICT_VIOLATED);
    system.at("epA").domain = ASSUMPTION_NONE;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN), VERDICT_VIOLATED);
}

TEST(MsiIsolated, RequesterIdsAreBorrowedByDefectiveFunctions)
{
    System system(
        {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(FULL).vectors(1), ep("f1", 1, 0, 1).mf().acs(FULL).vectors(1)});
    System known({rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(FULL).vectors(1),
                  ep("f1", 1, 0, 1).mf().acs(FULL).vectors(1).phantom(0)});

    /* Who knows puts both into one group (A13), and one group's functions may. */
    EXPECT_EQ(known.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_HOLDS);
    system.system.tree->functions[system.index("f1")].alias_devfns[0] |= 1;
    Verdicts verdicts = system.check();
    ASSERT_EQ(verdicts.outcome(ASSUMPTION_MSI_ISOLATED), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts[ASSUMPTION_MSI_ISOLATED].evidence_count, 1u) << "f0 sends as itself";
    EXPECT_NE(verdicts.all_details(ASSUMPTION_MSI_ISOLATED).find("requests of f1 carry the requester ID of f0"),
              std::string::npos);
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_GROUP_COVERS_REACH), VERDICT_VIOLATED);
}

TEST(PasidConsistent, SharedAndAuxiliaryFromOneSpace)
{
    System system(below_acs(FULL));
    uint32_t one = system.domain("one", ASSUMPTION_TRANSLATED, {"epA"});
    uint32_t two = system.domain("two", ASSUMPTION_TRANSLATED, {"epB"});

    EXPECT_EQ(system.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_NOT_APPLICABLE);
    system.pasid("epA", shared_with(1, 500));
    system.pasid("epA", auxiliary(2, two)); // primary of epB, auxiliary of epA
    system.pasid("epB", shared_with(1, 500));
    system.pasid("epB", auxiliary(2, one)); // another group may use the number for something else
    system.pasid("epB", auxiliary(3, one));
    EXPECT_EQ(system.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
}

TEST(PasidConsistent, EveryConflict)
{
    struct {
        const char *says;
        const char *function;
        assumption_pasid_user user;
    } rows[] = {
        {"PASID 0", "epA", auxiliary(0, 0)},
        {"wider", "epA", auxiliary(256, 0)},
        {"the same function", "epA", auxiliary(7, 1)},
        {"the same function", "epA", shared_with(7, 9)},
        {"a process has one PASID", "epB", shared_with(9, 500)},
        {"a process has one PASID", "epB", shared_with(8, 501)},
    };

    for (const auto &row : rows) {
        System system(below_acs(FULL));

        system.domain("one", ASSUMPTION_TRANSLATED, {"epA"});
        system.domain("two", ASSUMPTION_TRANSLATED, {"epB"});
        system.pasid("epA", auxiliary(7, 0));
        system.pasid("epA", shared_with(8, 500));
        ASSERT_EQ(system.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
        system.pasid(row.function, row.user);
        Verdicts verdicts = system.check();
        EXPECT_EQ(verdicts.outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_VIOLATED) << row.says;
        EXPECT_NE(verdicts.all_details(ASSUMPTION_PASID_CONSISTENT).find(row.says), std::string::npos)
            << verdicts.all_details(ASSUMPTION_PASID_CONSISTENT);
    }
}

TEST(PasidConsistent, FunctionAndPathMustBeAble)
{
    System path(below_acs(0));
    System capability({rp("rp", 1, 1).acs(FULL), ep("ep", 1)});

    path.pasid("epA", shared_with(1, 1));
    EXPECT_EQ(path.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_VIOLATED);
    path.system.kernel = GROUP_KERNEL_6_1;
    EXPECT_EQ(path.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
    System prefixes(below_acs(FULL));

    prefixes.pasid("epA", shared_with(1, 1));
    EXPECT_EQ(prefixes.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
    prefixes.system.tree->functions[prefixes.index("usp")].no_prefixes = true;
    EXPECT_NE(prefixes.check().all_details(ASSUMPTION_PASID_CONSISTENT).find("no TLP prefixes"), std::string::npos);
    prefixes.system.tree->functions[prefixes.index("epA")].quirks = PCI_TREE_QUIRK_NO_PREFIXES;
    EXPECT_EQ(prefixes.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
    capability.pasid("ep", shared_with(1, 1));
    EXPECT_EQ(capability.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_VIOLATED);
}

TEST(PasidConsistent, OneTableServesAGroup)
{
    System system({rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(RR | UF).phantom(1).pasid(8),
                   ep("f1", 1, 0, 1).mf().acs(RR | UF).pasid(8)});

    system.domain("one", ASSUMPTION_TRANSLATED, {"f0", "f1"});
    system.domain("two", ASSUMPTION_TRANSLATED, {});
    system.pasid("f0", auxiliary(4, 0));
    system.pasid("f1", auxiliary(4, 0));
    EXPECT_EQ(system.check().outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_HOLDS);
    system.pasid("f1", auxiliary(5, 1));
    system.pasid("f0", auxiliary(5, 0));
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_PASID_CONSISTENT), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_PASID_CONSISTENT), (std::vector<std::string>{"f0", "f1"}));
}

TEST(OneViommuPerSmmu, EachReachesTheSmmuOfItsFunctions)
{
    System system(below_acs(FULL));

    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_NOT_APPLICABLE);
    system.vms = {"vm0", "vm1"};
    system.at("epB").smmu = 1;
    system.at("epA").vm = 0;
    system.at("epB").vm = 0;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_NOT_APPLICABLE);
    system.at("epA").viommu = system.viommu("vA", 0, {0}, true);
    system.at("epB").viommu = system.viommu("vB", 0, {1}, true);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_HOLDS);
    system.at("epB").viommu = system.at("epA").viommu; // one for both, with the queue of only one SMMU
    Verdicts verdicts = system.check();
    EXPECT_EQ(verdicts.outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts.device_names(ASSUMPTION_ONE_VIOMMU_PER_SMMU), (std::vector<std::string>{"epB"}));
    uint32_t trapped = system.viommu("trapped", 0, {0, 1}); // broadcast by the hypervisor
    system.at("epA").viommu = trapped;
    system.at("epB").viommu = trapped;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_HOLDS);
    system.saw("epB").stale = {1, 8};
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_VIOLATED);
    system.at("epB").vm = 1;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_VIOLATED);
}

TEST(OneViommuPerSmmu, AHardwareQueueBelongsToOneSmmu)
{
    System system(below_acs(FULL));

    system.vms = {"vm0"};
    system.at("epA").vm = 0;
    system.at("epA").viommu = system.viommu("v", 0, {0, 1}, true);
    EXPECT_EQ(system.check().outcome(ASSUMPTION_ONE_VIOMMU_PER_SMMU), VERDICT_VIOLATED);
}

TEST(GuestOwnedMsi, ReachesItsOwnPageAndItsOwnInterrupt)
{
    System system(below_acs(FULL));

    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_NOT_APPLICABLE);
    system.vms = {"vm0", "vm1"};
    for (const char *name : {"epA", "epB"}) {
        system.at(name).vm = 0;
        system.at(name).guest_lpi_owner = 0;
    }
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_NOT_APPLICABLE);
    system.at("epA").guest_programs_msi = true;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_VIOLATED); // leads nowhere
    system.at("epA").guest_doorbell = DOORBELL_A;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_HOLDS);
    system.to_its("epA", 'B');
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_VIOLATED); // the other page
    system.to_its("epA", 'A');
    system.at("epA").guest_lpi_owner = 1;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_VIOLATED);
    system.at("epA").guest_lpi_owner = 0;
    system.at("epB").device_id = system.at("epA").device_id;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_HOLDS); // same machine
    system.at("epB").vm = 1;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_VIOLATED);
    system.at("epB").device_id = 0x400;
    system.saw("epA").foreign = {1, 2};
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_GUEST_OWNED_MSI), VERDICT_VIOLATED);
}

TEST(DataBeforeInterrupt, DeclaredOrSeen)
{
    System system(below_acs(FULL));

    EXPECT_EQ(system.check().outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_NOT_APPLICABLE);
    system.system.ordering = ASSUMPTION_ORDER_KEPT;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_HOLDS);
    system.system.ordering = ASSUMPTION_ORDER_BROKEN;
    EXPECT_EQ(system.check().outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_VIOLATED);
    // A run is judged by what it did, whatever was declared.
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_NOT_APPLICABLE);
    system.saw("epA").data_checked = 10;
    EXPECT_EQ(system.observe().outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_HOLDS);
    system.saw("epA").early = {2, 19};
    Verdicts verdicts = system.observe();
    ASSERT_EQ(verdicts.outcome(ASSUMPTION_DATA_BEFORE_INTERRUPT), VERDICT_VIOLATED);
    EXPECT_EQ(verdicts[ASSUMPTION_DATA_BEFORE_INTERRUPT].evidence[0].devices[0].first_packet, 19u);
}
