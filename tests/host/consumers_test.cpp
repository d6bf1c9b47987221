// Who may take which device, and what it then has: the attach rules one by one, each from a scenario's text, planned
// and on the machine.
#include "scenario/verdicts.h"
#include "tests/host/software_system.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace
{

using software_system::Built;

/** Two hosts behind one SMMU with an ITS each; a third behind another SMMU. ACS everywhere but inside epB. */
const char *const hosts = "doorbell: 1\n"
                          "platform:\n"
                          "  pe: { count: 2 }\n"
                          "  its: { A: {}, B: {} }\n"
                          "  smmu: { S: {}, T: {} }\n"
                          "pcie:\n"
                          "  rc0:\n"
                          "    iommu-map: [[0, S, 0, 0x4000]]\n"
                          "    msi-map: [[0, A, 0, 0x4000]]\n"
                          "    root-ports:\n"
                          "      rp0: { acs: full, below: { epA: { endpoint: { msi-x: 2, pasid: 8 } } } }\n"
                          "      rp1: { acs: full, below: { epB: { endpoint: { msi-x: 2, functions: 2 } } } }\n"
                          "  rc1:\n"
                          "    segment: 1\n"
                          "    iommu-map: [[0, S, 0x4000, 0x4000]]\n"
                          "    msi-map: [[0, B, 0x4000, 0x4000]]\n"
                          "    root-ports:\n"
                          "      rp2: { acs: full, below: { epC: { endpoint: { msi-x: 2 } } } }\n"
                          "  rc2:\n"
                          "    segment: 2\n"
                          "    iommu-map: [[0, T, 0, 0x4000]]\n"
                          "    msi-map: [[0, A, 0x8000, 0x4000]]\n"
                          "    root-ports:\n"
                          "      rp3: { acs: full, below: { epD: { endpoint: { msi-x: 2 } } } }\n";

/** Outcomes by name of step: of the plan and of the machine, which must be the same; reasons by name. */
class Outcomes
{
  public:
    /** @param replaced texts of `hosts`, each followed by what stands in its place */
    explicit Outcomes(const std::string &software, const std::vector<std::string> &replaced = {})
    {
        std::string text = std::string(hosts) + "software:\n" + software;
        host_error error = {};
        verdict_list verdicts = {};
        step_list planned = {};
        step_list done = {};

        for (size_t i = 0; i + 1 < replaced.size(); i += 2) {
            const size_t at = text.find(replaced[i]);

            EXPECT_NE(at, std::string::npos);
            text.replace(at, replaced[i].size(), replaced[i + 1]);
        }
        built.reset(Built::from_text(text));
        EXPECT_NE(built->scenario, nullptr) << built->said;
        if (built->scenario == nullptr) {
            return;
        }
        EXPECT_TRUE(scenario_foretell(built->scenario, &verdicts, &planned, &error)) << error.text;
        EXPECT_TRUE(built->bring_up()) << built->error.text;
        system_collect_steps(built->system, &done);
        EXPECT_EQ(planned.count, done.count);
        for (size_t i = 0; i < done.count; i++) {
            const run_step *step = step_list_find(&planned, done.items[i].name);

            EXPECT_NE(step, nullptr) << done.items[i].name;
            outcome[done.items[i].name] = done.items[i].outcome;
            reason[done.items[i].name] = done.items[i].reason != nullptr ? done.items[i].reason : "";
            if (step != nullptr) {
                EXPECT_EQ(outcome[done.items[i].name], step->outcome) << done.items[i].name;
            }
        }
        verdict_list_clear(&verdicts);
        step_list_clear(&planned);
        step_list_clear(&done);
    }

    /** A function by its name in the tree. */
    const software_function &function(const std::string &name) const
    {
        for (uint32_t i = 0; i < built->software->found.tree.function_count; i++) {
            if (name == built->software->found.tree.functions[i].name) {
                return built->software->functions[i];
            }
        }
        ADD_FAILURE() << name;
        return built->software->functions[0];
    }

    std::unique_ptr<Built> built;
    std::map<std::string, std::string> outcome;
    std::map<std::string, std::string> reason;
};

TEST(Vfio, MergesGroupsBehindOneSmmuAndGivesEachDoorbellAPage)
{
    Outcomes all("  consumers: { vm: { devices: [epC, epA, epD] } }\n");

    EXPECT_EQ(all.outcome["epA.attach"], "ok");
    EXPECT_EQ(all.outcome["epC.attach"], "ok");
    EXPECT_EQ(all.outcome["epD.attach"], "ok");
    EXPECT_EQ(all.function("epA").attachment.domain, all.function("epC").attachment.domain);
    EXPECT_NE(all.function("epA").attachment.domain, all.function("epD").attachment.domain) << "another SMMU";
    // In the order of use, from the window's start in each domain (C8, C9).
    EXPECT_EQ(all.function("epC").message, 0x8000040u);
    EXPECT_EQ(all.function("epA").message, 0x8001040u);
    EXPECT_EQ(all.function("epD").message, 0x8000040u);
}

TEST(Iommufd, HasTheSameAddressesInAllDomainsOfAFile)
{
    Outcomes all("  consumers: { vm: { kind: iommufd, separate-domains: yes, devices: [epC, epA, epD] } }\n");

    EXPECT_NE(all.function("epA").attachment.domain, all.function("epC").attachment.domain);
    EXPECT_EQ(all.function("epC").message, 0x8000040u);
    EXPECT_EQ(all.function("epA").message, 0x8001040u);
    EXPECT_EQ(all.function("epD").message, 0x8001040u) << "of the same ITS as epA";
}

TEST(Iommufd, DoesNotExistInEveryVersion)
{
    Outcomes all("  rules: linux-6.1\n  consumers: { vm: { kind: iommufd, devices: epA } }\n");

    EXPECT_EQ(all.outcome["epA.attach"], "EOPNOTSUPP");
}

TEST(Nested, IsNotEverybodys)
{
    EXPECT_EQ(Outcomes("  rules: linux-6.12\n"
                       "  consumers: { vm: { kind: iommufd, translation: nested, devices: epA } }\n")
                  .outcome["epA.attach"],
              "EOPNOTSUPP");
    EXPECT_EQ(
        Outcomes("  consumers: { vm: { kind: vfio, translation: nested, devices: epA } }\n").outcome["epA.attach"],
        "EOPNOTSUPP");
}

TEST(Nested, NeedsWhatAVirtualIommuNeeds)
{
    const std::string nested = "  consumers: { vm: { kind: iommufd, translation: nested, devices: epA } }\n";

    EXPECT_EQ(Outcomes(nested).outcome["epA.attach"], "ok");
    EXPECT_TRUE(Outcomes(nested).function("epA").iommufd.has_vdevice);
    // E2: writes that can always be made to snoop, and both stages.
    EXPECT_EQ(Outcomes(nested, {"  rc0:\n", "  rc0:\n    canwbs: no\n"}).outcome["epA.attach"], "EOPNOTSUPP");
    EXPECT_EQ(Outcomes(nested, {"S: {}", "S: { idr: { s2p: no } }"}).outcome["epA.attach"], "EOPNOTSUPP");
    // E3: one StreamID. A phantom function of epA's gives it another one.
    EXPECT_EQ(Outcomes("  phantom-functions: yes\n" + nested,
                       {"endpoint: { msi-x: 2, pasid: 8 }", "endpoint: { msi-x: 2, phantom-functions: 1 }"})
                  .outcome["epA.attach"],
              "EOPNOTSUPP");
}

TEST(Nested, OneStageDoesNot)
{
    const std::string plain = "  consumers: { vm: { kind: iommufd, translation: stage-2, devices: epA } }\n";

    EXPECT_EQ(Outcomes(plain, {"  rc0:\n", "  rc0:\n    canwbs: no\n"}).outcome["epA.attach"], "ok");
    EXPECT_EQ(Outcomes(plain, {"S: {}", "S: { idr: { s2p: no } }"}).outcome["epA.attach"], "EOPNOTSUPP");
}

TEST(Ownership, TheKernelsSiblingStandsInTheWay)
{
    Outcomes all("  consumers: { vm: { devices: epB } }\n");

    EXPECT_EQ(all.outcome["epB.attach"], "EBUSY");
    EXPECT_NE(all.reason["epB.attach"].find("epB/1"), std::string::npos) << all.reason["epB.attach"];
    EXPECT_EQ(all.function("epB").message, SOFTWARE_NO_ADDRESS);
    EXPECT_NE(all.function("epB/1").message, SOFTWARE_NO_ADDRESS) << "the kernel goes on with it";
}

TEST(Ownership, AnotherConsumersSiblingToo)
{
    Outcomes all("  consumers: { vm: { devices: epB }, other: { devices: epB/1 } }\n");

    EXPECT_EQ(all.outcome["epB.attach"], "EBUSY") << "epB/1 is still the kernel's then";
    EXPECT_EQ(all.outcome["epB/1.attach"], "EBUSY");
}

TEST(Isolation, AControllerThatDoesNotKnowTheWriter)
{
    // epA's port has no ITS, and without ACS it is in epA's group (C16).
    const std::string consumer = "  consumers: { vm: { devices: epA } }\n";

    EXPECT_EQ(Outcomes(consumer).outcome["epA.attach"], "ok");
    EXPECT_EQ(Outcomes(consumer,
                       {"[[0, A, 0, 0x4000]]", "[[0x100, A, 0x100, 0x100]]", "rp0: { acs: full", "rp0: { acs: none"})
                  .outcome["epA.attach"],
              "EPERM");
}

TEST(Regions, DirectOnesBlockTheClaimSince66)
{
    const std::string region = "  reserved: [{ devices: epA, base: 0x4000_0000 }]\n"
                               "  consumers: { vm: { devices: epA } }\n";

    EXPECT_EQ(Outcomes("  rules: linux-6.1\n" + region).outcome["epA.attach"], "ok");
    EXPECT_EQ(Outcomes("  rules: linux-6.12\n" + region).outcome["epA.attach"], "EINVAL");
    EXPECT_EQ(Outcomes("  reserved: [{ devices: epA, base: 0x4000_0000, kind: direct-relaxable }]\n"
                       "  consumers: { vm: { devices: epA } }\n")
                  .outcome["epA.attach"],
              "ok");
}

TEST(Regions, ConflictWithWhatIsMapped)
{
    const std::string mapped = "  consumers: { vm: { devices: epA, user-base: 0x4000_0000, user-size: 1 MiB } }\n";

    EXPECT_EQ(Outcomes(mapped).outcome["epA.attach"], "ok");
    EXPECT_EQ(Outcomes("  reserved: [{ devices: epA, base: 0x400f_f000, size: 64 KiB, kind: reserved }]\n" + mapped)
                  .outcome["epA.attach"],
              "EINVAL");
    EXPECT_EQ(Outcomes("  reserved: [{ devices: epA, base: 0x400f_f000, kind: direct-relaxable }]\n" + mapped)
                  .outcome["epA.attach"],
              "ok");
    EXPECT_EQ(Outcomes("  consumers: { vm: { devices: epA, user-base: 0x0800_0000, user-size: 4 KiB } }\n")
                  .outcome["epA.attach"],
              "EINVAL")
        << "the MSI window (C15)";
}

TEST(Windows, FixedOnesWinOverProgrammableOnesAndConfuseIommufd)
{
    Outcomes type1("  msi-window: both\n  consumers: { vm: { devices: epA } }\n");
    Outcomes file("  msi-window: both\n  consumers: { vm: { kind: iommufd, devices: epA } }\n");

    EXPECT_EQ(type1.outcome["epA.interrupts"], "ok");
    EXPECT_EQ(type1.function("epA").message, type1.function("epA").doorbell);
    EXPECT_EQ(file.outcome["epA.attach"], "EINVAL");
}

TEST(Windows, ProposalsFromV8OnRefuseFixedOnes)
{
    for (const char *rules : {"bind-msi-v7", "bind-msi-v8"}) {
        Outcomes all(std::string("  msi-window: fixed\n  rules: ") + rules +
                     "\n  consumers: { vm: { translation: nested, devices: epA } }\n");

        EXPECT_EQ(all.outcome["epA.attach"], std::string(rules) == "bind-msi-v7" ? "ok" : "EINVAL") << rules;
    }
}

TEST(BlindSpots, TheCheckRefusesWhatEveryGroupWouldSurvive)
{
    // C20: hosts on two ITS behind one SMMU, each group with one doorbell.
    Outcomes all("  rules: bind-msi-v7\n  consumers: { vm: { translation: nested, devices: [epA, epC] } }\n");

    EXPECT_EQ(all.outcome["epA.attach"], "ok");
    EXPECT_EQ(all.outcome["epC.attach"], "EINVAL");
}

TEST(Blocked, HasNoWayToADoorbellSince73)
{
    const std::string blocked = "  consumers: { none: { kind: kernel, translation: blocked, devices: epA } }\n";

    EXPECT_EQ(Outcomes("  rules: linux-7.3\n" + blocked).outcome["epA.interrupts"], "EOPNOTSUPP");
    EXPECT_EQ(Outcomes("  rules: linux-6.12\n" + blocked).outcome["epA.interrupts"], "ok");
}

/* GICv4.0: the kernel itself has the last DeviceID of the first ITS, to name doorbells of virtual CPUs by (F9). */
TEST(Interrupts, TheProxysDeviceIdIsTaken)
{
    for (const char *version : {"gicv3", "gicv4.0", "gicv4.1"}) {
        SCOPED_TRACE(version);
        Outcomes all("  consumers: { vm: { devices: [epA] } }\n",
                     {"  its: { A: {}, B: {} }\n",
                      std::string("  redistributor: { version: ") + version + " }\n  its: { A: {}, B: {} }\n",
                      "msi-map: [[0, A, 0, 0x4000]]", "msi-map: [[0, A, 0xfeff, 0x101], [0x200, A, 0x200, 0x100]]"});

        EXPECT_EQ(all.outcome["epA.interrupts"], std::string(version) == "gicv4.0" ? "EINVAL" : "ok");
    }
}

TEST(Pasids, OnPlainDomainsOfTheSameSmmuWithAStage1)
{
    const std::string consumers = "  consumers:\n"
                                  "    one: { kind: iommufd, devices: [epC] }\n"
                                  "    two: { kind: iommufd, translation: stage-2, devices: [epD] }\n"
                                  "  pasids:\n"
                                  "    - { device: epA, pasid: 5, consumer: one }\n"
                                  "    - { device: epA, pasid: 6, consumer: two }\n"
                                  "    - { device: epA, pasid: 300, consumer: one }\n"
                                  "    - { device: epC, pasid: 5, consumer: one }\n";
    Outcomes all(consumers);

    EXPECT_EQ(all.outcome["epA.pasid-5"], "ok");
    EXPECT_EQ(all.outcome["epA.pasid-6"], "EINVAL") << "stage 2";
    EXPECT_EQ(all.outcome["epA.pasid-300"], "EINVAL") << "8 bits";
    EXPECT_EQ(all.outcome["epC.pasid-5"], "ENODEV") << "no capability";
    EXPECT_EQ(attachment_find(&all.function("epA").attachment, 5), all.function("epC").attachment.domain)
        << "primary for one, auxiliary for the other";
    EXPECT_EQ(Outcomes("  rules: linux-6.1\n" + consumers).outcome["epA.pasid-5"], "EOPNOTSUPP");
}

TEST(Pasids, NotWhereRequestsGoThroughAStage2)
{
    Outcomes all(
        "  consumers: { low: { kind: iommufd, translation: stage-2, devices: [epA] }, aux: { kind: iommufd } }\n"
        "  pasids: [{ device: epA, pasid: 5, consumer: aux }]\n");

    EXPECT_EQ(all.outcome["epA.attach"], "ok");
    EXPECT_EQ(all.outcome["epA.pasid-5"], "EINVAL");
}

} // namespace
