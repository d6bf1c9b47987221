/*
 * Check and run agree on random small systems: topologies with every kind of ACS, maps that split them over two ITS,
 * and users of devices in every style. Every function that has messages sends some, so that a run can show what there
 * is.
 */
#include "scenario/verdicts.h"
#include "tests/host/software_system.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

namespace
{

using system_test::load_text;
using system_test::Whole;

using Random = std::mt19937_64;

/** All functions that send messages, as traffic names them. */
std::vector<std::string> functions_of(const struct scenario *scenario)
{
    std::vector<std::string> all;

    for (size_t i = 0; i < scenario->device_count; i++) {
        const scenario_device *device = scenario->devices[i];

        for (uint32_t f = 0; device->endpoint != nullptr && f < device->endpoint->functions; f++) {
            const std::string name = f == 0 ? device->name : std::string(device->name) + "/" + std::to_string(f);

            all.push_back(name);
            for (uint32_t vf = 1; device->endpoint->sriov != nullptr && vf <= device->endpoint->sriov->vfs; vf++) {
                all.push_back(name + "/vf" + std::to_string(vf));
            }
        }
    }
    return all;
}

std::string list_of(Random &random, std::vector<std::string> &from)
{
    std::string text;

    for (uint64_t count = 1 + random() % 3; count > 0 && !from.empty(); count--) {
        const size_t at = random() % from.size();

        text += (text.empty() ? "" : ", ") + from[at];
        from.erase(from.begin() + static_cast<ptrdiff_t>(at));
    }
    return "[" + text + "]";
}

/** One or two users of devices, with a rule set that knows them or not. */
std::string users(Random &random, std::vector<std::string> functions)
{
    static const char *const rules[] = {"linux-6.1",         "linux-6.12",     "linux-7.3",
                                        "msi-geometry-2016", "bind-per-group", "bind-msi-v1",
                                        "bind-msi-v6",       "bind-msi-v9",    "approach-2"};
    static const char *const kinds[] = {"kernel", "vfio", "iommufd"};
    static const char *const kernels[] = {"dma", "identity", "blocked"};
    static const char *const others[] = {"stage-1", "stage-2", "nested", "nested"};
    std::string text = std::string("rules: ") + rules[random() % 9] + ", consumers: { ";

    for (unsigned i = 0; i < 1 + random() % 2 && !functions.empty(); i++) {
        const size_t kind = random() % 3;
        const std::string translation = kind == 0 ? kernels[random() % 3] : others[random() % 4];

        text +=
            (i == 0 ? "u" : ", u") + std::to_string(i) + ": { kind: " + kinds[kind] + ", translation: " + translation;
        if (translation == "nested") {
            text += ", guest-doorbells: " + std::to_string(1 + random() % 3) +
                    ", bindings: " + std::to_string(random() % 4) +
                    ", identity-pages: " + std::to_string(random() % 3) +
                    ", guest-domains: " + (random() % 2 == 0 ? "shared" : "each");
        }
        text += ", devices: " + list_of(random, functions) + " }";
    }
    return text + " }, ";
}

/** The text of a system: a random topology, users, and messages of every function. */
std::string random_system(uint64_t seed)
{
    const std::string duration = "duration: 20 us";
    const std::string software = "software: { ";
    Random random(seed);
    std::string text = software_system::random_text(seed);

    text = text.substr(0, text.find("traffic:"));
    text.replace(text.find(duration), duration.size(), "duration: 8 us");
    const auto functions = functions_of(load_text(text).get());

    if (random() % 4 != 0) {
        text.insert(text.find(software) + software.size(), users(random, functions));
    }
    text += "traffic:\n";
    for (const std::string &function : functions) {
        text += "  " + function + ": [ { msi: { vectors: all, period: 1 us } } ]\n";
    }
    return text;
}

/** How often each assumption came out how. */
using Tally = std::map<std::string, std::map<std::string, unsigned>>;

void check_one(uint64_t seed, Tally &tally)
{
    const std::string text = random_system(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    const auto scenario = load_text(text);
    verdict_list verdicts = {};
    host_error error = {};

    ASSERT_TRUE(scenario_foretell(scenario.get(), &verdicts, nullptr, &error)) << error.text;
    Whole whole(scenario.get());
    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    ASSERT_EQ(result.verdicts.count, verdicts.count);
    for (size_t i = 0; i < verdicts.count; i++) {
        EXPECT_STREQ(verdict_outcome_name(result.verdicts.items[i].outcome),
                     verdict_outcome_name(verdicts.items[i].outcome))
            << verdicts.items[i].name << "\n  run: " << result.verdicts.items[i].summary
            << "\n  check: " << verdicts.items[i].summary;
        tally[verdicts.items[i].name][verdict_outcome_name(verdicts.items[i].outcome)]++;
    }
    verdict_list_clear(&verdicts);
}

/** How many systems; more by DOORBELL_SYSTEMS. */
unsigned systems()
{
    const char *wanted = getenv("DOORBELL_SYSTEMS");

    return wanted != nullptr ? static_cast<unsigned>(strtoul(wanted, nullptr, 10)) : 500;
}

TEST(RandomAgreement, OfCheckAndRun)
{
    Tally tally;

    for (unsigned i = 1; i <= systems() && !testing::Test::HasFailure(); i++) {
        check_one(i, tally);
    }
    /* Systems that are all alike would show nothing. */
    for (const char *name :
         {"doorbell-per-group", "doorbell-per-domain", "group-covers-reach", "doorbell-mapped", "msi-isolated"}) {
        EXPECT_GT(tally[name]["holds"], systems() / 50) << name;
        EXPECT_GT(tally[name]["violated"], systems() / 50) << name;
    }
}

} // namespace
