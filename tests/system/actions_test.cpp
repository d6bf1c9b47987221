/*
 * Any sequence of timeline actions, on systems under traffic: what a check foretells is what software meets, every MSI
 * is accounted for, and what software believes is what stands in the machine's tables.
 */
#include "tests/system/accounts.h"
#include "tests/system/users.h"
#include "tests/system/whole.h"

#include "host/action.h"
#include "host/smmu_stream.h"
#include "models/smmuv3/smmu_formats.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <sstream>

namespace
{

using system_test::expect_all_accounted_for;
using system_test::expect_users;
using system_test::load_text;
using system_test::Whole;

using Random = std::mt19937_64;

const char *const topology =
    "doorbell: 1\n"
    "duration: 60 us\n"
    "platform:\n"
    "  pe: { count: 2 }\n"
    "  its: { A: {}, B: {} }\n"
    "  smmu: { S: {}, T: {} }\n"
    "pcie:\n"
    "  rc0:\n"
    "    iommu-map: [[0, S, 0, 0x500], [0x500, T, 0x500, 0xfb00]]\n"
    "    msi-map: [[0, A, 0, 0x400], [0x400, B, 0x400, 0xfc00]]\n"
    "    root-ports:\n"
    "      rp0:\n"
    "        acs: full\n"
    "        below:\n"
    "          sw0:\n"
    "            switch: { acs: full }\n"
    "            below:\n"
    "              epA: { endpoint: { msi-x: 2, bars: [64 KiB], pasid: 12 } }\n"
    "              epB: { endpoint: { msi-x: 2, bars: [64 KiB], pasid: 12 } }\n"
    "              epC: { endpoint: { msi-x: 2, bars: [64 KiB], pasid: 12 } }\n"
    "              epD: { endpoint: { functions: 2, msi-x: 2, bars: [64 KiB] } }\n"
    "traffic:\n"
    "  epA: [{ msi: { vectors: all, period: 900 ns } }]\n"
    "  epB: [{ msi: { vectors: all, period: 800 ns } }, { dma-write: { size: 64 B, period: 1 us } }]\n"
    "  epC: [{ msi: { vectors: all, period: 1 us } }]\n"
    "  epD: [{ msi: { vectors: all, period: 1 us } }]\n"
    "  epD/1: [{ msi: { vectors: all, period: 1 us } }]\n";

const char *const devices[] = {"epA", "epB", "epC", "epD", "epD/1"};

template <size_t N> const char *pick(Random &random, const char *const (&from)[N])
{
    return from[random() % N];
}

/** One random action, as the timeline wants it. */
std::string random_action(Random &random, unsigned at)
{
    static const char *const consumers[] = {"one", "two", "guest"};
    static const char *const translations[] = {"same", "stage-1", "stage-2", "nested"};
    const auto kind = static_cast<enum action_kind>(random() % ACTION_KINDS);
    std::ostringstream text;

    text << "  - { at: " << at << " us, action: " << action_kind_name(kind) << ", device: " << pick(random, devices);
    switch (kind) {
    case ACTION_ATTACH:
        text << ", consumer: " << pick(random, consumers);
        break;
    case ACTION_ATTACH_PASID:
        text << ", consumer: " << pick(random, consumers) << ", pasid: " << random() % 4;
        break;
    case ACTION_REPLACE:
        text << ", translation: " << pick(random, translations);
        break;
    case ACTION_DETACH_PASID:
        text << ", pasid: " << random() % 4;
        break;
    case ACTION_BIND_PROCESS:
    case ACTION_UNBIND_PROCESS:
        text << ", process: " << random() % 2;
        break;
    case ACTION_MOVE_INTERRUPT:
        text << ", vector: " << random() % 3 << ", pe: " << random() % 2;
        break;
    case ACTION_MAP:
    case ACTION_UNMAP:
        text << ", base: 0x" << std::hex << 0x200000000 + 0x10000 * (random() % 3);
        break;
    case ACTION_SET_APERTURE:
        text << ", base: 0x" << std::hex << 0x9000000 + 0x1000000 * (random() % 3) << ", size: 8 KiB";
        break;
    case ACTION_LOAD:
        text << ", base: 0x300000000, size: 8 KiB, count: 2";
        break;
    default:
        break;
    }
    text << " }\n";
    return text.str();
}

/** A scenario with a rule set, consumers and a timeline. Half of the actions come from sequences that make sense. */
std::string random_scenario(Random &random)
{
    static const char *const rules[] = {"linux-6.1",   "linux-6.12",   "linux-7.3",   "msi-geometry-2016",
                                        "bind-msi-v1", "bind-msi-v3",  "bind-msi-v7", "bind-per-group",
                                        "approach-2",  "bind-msi-v16", "linux-7.3"};
    static const char *const each[] = {"shared", "each"};
    std::string chosen = pick(random, rules);
    std::string nested = chosen == "linux-7.3" || chosen == "approach-2" ? "iommufd" : "vfio";
    std::string text = topology;

    text += "software:\n  rules: " + chosen + "\n";
    text += random() % 4 == 0 ? "  separate-pasids: yes\n" : "";
    text += "  consumers:\n    one: { devices: ";
    text += random() % 2 == 0 ? "[epA]" : "[epD, epD/1]";
    text += chosen == "msi-geometry-2016" && random() % 2 == 0 ? ", window-size: 0 B }\n" : " }\n";
    text += "    two: { kind: iommufd, devices: [epB] }\n";
    text += "    guest: { kind: " + nested +
            ", translation: nested, guest-doorbells: 3, bindings: 3, guest-domains: " + pick(random, each) +
            ", devices: [epC] }\n";
    text += "timeline:\n";
    for (unsigned i = 0; i < 24; i++) {
        if (i % 4 == 0 && i < 20) {
            /* A device changes hands. */
            const std::string device = pick(random, devices);
            static const char *const consumers[] = {"one", "two", "guest"};

            for (const char *action : {"disable-interrupts", "detach", "attach", "enable-interrupts"}) {
                text += "  - { at: " + std::to_string(2 * i) + " us, action: " + action + ", device: " + device +
                        (std::string(action) == "attach" ? std::string(", consumer: ") + pick(random, consumers) : "") +
                        " }\n";
            }
        } else {
            text += random_action(random, 2 * i);
        }
    }
    return text;
}

/** Every mapping that software believes in is in the tables, and leads there. */
void expect_tables(const struct software *software)
{
    for (size_t i = 0; i < software->domain_count; i++) {
        const struct domain &domain = software->domains[i];
        uint64_t physical;

        for (size_t j = 0; domain_translates(&domain) && j < domain.doorbell_count; j++) {
            ASSERT_TRUE(io_page_table_lookup(&domain.table, domain.doorbells[j].iova, &physical)) << "domain " << i;
            EXPECT_EQ(physical, domain.doorbells[j].physical);
        }
        for (size_t j = 0; domain_translates(&domain) && j < domain.mapping_count; j++) {
            ASSERT_TRUE(io_page_table_lookup(&domain.table, domain.mappings[j].iova, &physical)) << "domain " << i;
            EXPECT_EQ(physical, domain.mappings[j].physical);
        }
        /* What actions map and have taken away again. */
        for (uint64_t iova :
             {UINT64_C(0x200000000), UINT64_C(0x200010000), UINT64_C(0x200020000), UINT64_C(0x300000000)}) {
            uint64_t known;

            if (domain_translates(&domain) && domain.parent == nullptr && !domain_resolve(&domain, iova, &known)) {
                EXPECT_FALSE(io_page_table_lookup(&domain.table, iova, &physical)) << "domain " << i;
            }
        }
    }
}

/** Users of a page, and that styles which unmap with the last one have nothing left over. */
void expect_doorbells(const struct software *software)
{
    for (size_t i = 0; i < software->consumer_count; i++) {
        const struct consumer &consumer = software->consumers[i];

        for (size_t j = 0; j < consumer.space_count; j++) {
            const consumer_space &space = consumer.spaces[j];

            if (consumer.style == DOORBELL_GEOMETRY) {
                EXPECT_EQ(space.domain->doorbell_count, space.doorbells.count);
                for (size_t k = 0; k < space.doorbells.count; k++) {
                    EXPECT_GT(space.doorbells.pages[k].users, 0u);
                }
            }
        }
        for (size_t j = 0; j < consumer.doorbells.count; j++) {
            const doorbell_page &page = consumer.doorbells.pages[j];

            if (page.ipa != 0) {
                EXPECT_EQ(page.physical != 0, page.users != 0) << "binding " << j << " of " << consumer.config->name;
            }
        }
    }
}

/** The stream table holds what each function is attached to. */
void expect_streams(const struct software *software)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        const attachment &attachment = software->functions[i].attachment;
        uint64_t words[8];

        for (size_t j = 0; j < attachment.stream_count; j++) {
            uint64_t config;

            ASSERT_TRUE(smmu_driver_read_stream(attachment.smmu, attachment.streams[j], words));
            ASSERT_EQ(smmu_field_get(words, SMMU_STE_V), 1u);
            config = smmu_field_get(words, SMMU_STE_CONFIG);
            if (attachment.domain == nullptr || attachment.domain->kind == DOMAIN_BLOCKED) {
                EXPECT_EQ(config, attachment.pasid_count != 0 ? SMMU_STE_CONFIG_S1 : SMMU_STE_CONFIG_ABORT);
            } else if (attachment.domain->parent != nullptr) {
                EXPECT_EQ(config, static_cast<uint64_t>(SMMU_STE_CONFIG_NESTED));
                EXPECT_EQ(smmu_field_get(words, SMMU_STE_S2VMID), attachment.domain->parent->vmid);
            } else if (attachment.domain->stage2) {
                EXPECT_EQ(config, static_cast<uint64_t>(SMMU_STE_CONFIG_S2));
            } else {
                EXPECT_EQ(config, static_cast<uint64_t>(SMMU_STE_CONFIG_S1));
            }
        }
    }
}

void check_one(uint64_t seed)
{
    Random random(seed);
    const std::string text = random_scenario(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text.substr(text.find("software:")));
    const auto scenario = load_text(text);
    verdict_list verdicts = {};
    step_list steps = {};
    host_error error = {};
    system_options options = {};

    options.checkers = true;
    ASSERT_TRUE(scenario_foretell(scenario.get(), &verdicts, &steps, &error)) << error.text;
    Whole whole(scenario.get(), options);
    whole.start();
    whole.run();
    expect_users(whole.software());
    expect_tables(whole.software());
    expect_doorbells(whole.software());
    expect_streams(whole.software());
    const run_result &result = whole.finish();

    expect_all_accounted_for(result);
    for (size_t i = 0; i < result.device_count; i++) {
        EXPECT_GT(result.devices[i].born, 0u) << result.devices[i].name;
    }
    EXPECT_EQ(result.steps.count, steps.count);
    for (size_t i = 0; i < steps.count && i < result.steps.count; i++) {
        EXPECT_STREQ(result.steps.items[i].name, steps.items[i].name);
        EXPECT_STREQ(result.steps.items[i].outcome, steps.items[i].outcome)
            << steps.items[i].name << ": " << steps.items[i].what
            << "\n  run: " << (result.steps.items[i].reason != nullptr ? result.steps.items[i].reason : "")
            << "\n  check: " << (steps.items[i].reason != nullptr ? steps.items[i].reason : "");
        EXPECT_STRNE(result.steps.items[i].outcome, "error") << result.steps.items[i].reason;
    }
    verdict_list_clear(&verdicts);
    step_list_clear(&steps);
}

/** How many sequences; more by DOORBELL_SEQUENCES. */
unsigned sequences()
{
    const char *wanted = getenv("DOORBELL_SEQUENCES");

    return wanted != nullptr ? static_cast<unsigned>(strtoul(wanted, nullptr, 10)) : 150;
}

TEST(Actions, AnySequenceLeavesEverythingInOrder)
{
    for (unsigned i = 0; i < sequences() && !testing::Test::HasFailure(); i++) {
        check_one(i);
    }
}

} // namespace
