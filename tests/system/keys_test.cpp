/*
 * Every key of the scenario format does something. The test walks the key tables, so a new key fails it until somebody
 * says here what the key changes, or why it cannot change a result.
 */
#include "report/run_json.h"
#include "scenario/run.h"
#include "scenario/schema/keys.h"
#include "tests/system/keys_rows.h"
#include "tests/system/whole.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>

namespace
{

using keys::Row;
using keys::rows;
using keys::Sets;
using keys::silent;
using keys::text;

/** Says which case it was, before a panic ends the process. */
void tell(void *context, const char *message)
{
    fprintf(stderr, "panic: %s\nwith", message);
    for (const std::string &set : *static_cast<const Sets *>(context)) {
        fprintf(stderr, " --set '%s'", set.c_str());
    }
    fputs("\n", stderr);
}

std::string json_of(run_result *result)
{
    /* What only repeats the scenario is no effect. */
    result->seed = 0;
    result->duration = 0;
    result->warmup = 0;
    result->settling = {};
    json_t *json = run_json(result);
    char *dump = json_dumps(json, JSON_INDENT(1));
    std::string all(dump);

    free(dump);
    json_decref(json);
    return all;
}

/** The run's JSON; "refused: ..." if the scenario has errors; "impossible: ..." or "stuck: ..." as the runner says. */
std::string outcome(const Sets &sets)
{
    std::vector<const char *> pointers;
    diagnostics diagnostics = {};
    run_result result = {};
    host_error error = {};
    scenario_run_options options = {};
    std::string said;

    for (const std::string &set : sets) {
        pointers.push_back(set.c_str());
    }
    scenario_options overrides = {pointers.data(), pointers.size()};
    scenario *scenario = scenario_load_text("keys.yaml", text, strlen(text), &overrides, &diagnostics);
    if (scenario == nullptr) {
        said = "refused: " + std::string(diagnostics.count > 0 ? diagnostics.items[0].message : "");
        diagnostics_clear(&diagnostics);
        return said;
    }
    options.system.checkers = true;
    options.system.panic = tell;
    options.system.panic_context = const_cast<Sets *>(&sets);
    switch (scenario_run(scenario, &options, &result, &error)) {
    case SCENARIO_RUN_IMPOSSIBLE:
        said = "impossible: " + std::string(error.text);
        break;
    case SCENARIO_RUN_STUCK:
        said = "stuck: " + std::string(error.text);
        break;
    default:
        said = json_of(&result);
    }
    run_result_clear(&result);
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    return said;
}

bool is_result(const std::string &said)
{
    return said.rfind("{", 0) == 0;
}

TEST(Keys, EachChangesSomething)
{
    std::map<Sets, std::string> known;

    for (const Row &row : rows) {
        Sets sets = row.context;

        SCOPED_TRACE(std::string(row.key) + ": " + row.set);
        if (known.count(sets) == 0) {
            known[sets] = outcome(sets);
        }
        const std::string &before = known[sets];
        EXPECT_TRUE(is_result(before)) << before;
        sets.push_back(row.set);
        const std::string after = outcome(sets);
        if (row.effect == keys::REFUSES) {
            EXPECT_EQ(after.rfind("refused: ", 0), 0u) << after.substr(0, 100);
        } else if (row.effect == keys::FAILS) {
            EXPECT_EQ(after.rfind("impossible: ", 0), 0u) << after.substr(0, 100);
        } else {
            EXPECT_TRUE(is_result(after)) << after;
            EXPECT_TRUE(before != after) << "the key has no effect";
        }
    }
}

void walk(const scenario_table *table, std::set<const scenario_table *> &seen, std::set<std::string> &names)
{
    if (table == nullptr || !seen.insert(table).second) {
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        const scenario_key &key = table->keys[i];

        if (key.table != nullptr) {
            walk(key.table, seen, names);
        } else {
            names.insert(std::string(table->name) + "." + key.name);
        }
    }
}

TEST(Keys, AreAllListed)
{
    std::set<const scenario_table *> seen;
    std::set<std::string> names;
    std::set<std::string> listed;

    walk(&scenario_table_root, seen, names);
    for (const Row &row : rows) {
        listed.insert(row.key);
        EXPECT_EQ(silent.count(row.key), 0u) << row.key << " is listed as without effect, and with one";
    }
    for (const auto &entry : silent) {
        listed.insert(entry.first);
    }
    for (const std::string &name : names) {
        EXPECT_EQ(listed.count(name), 1u) << name << " is a key that is not listed";
    }
    for (const std::string &name : listed) {
        EXPECT_EQ(names.count(name), 1u) << name << " is listed and no key";
    }
}

/* ---- Random values ---- */

/** One key of the text above: its full path, and its row in the key tables. */
struct Place {
    std::string path;
    const scenario_key *key;
};

void collect(const std::string &path, const scenario_table *table, std::vector<Place> &places)
{
    for (size_t i = 0; table != nullptr && i < table->count; i++) {
        const scenario_key &key = table->keys[i];

        if (key.kind == KEY_TABLE) {
            collect(path + "." + key.name, key.table, places);
        } else if (key.kind == KEY_VALUE && key.type != nullptr) {
            places.push_back({path + "." + key.name, &key});
        }
    }
}

const scenario_table *part(const scenario_table *table, const char *name)
{
    return scenario_table_find(table, name)->table;
}

std::vector<Place> places_of_text()
{
    const scenario_table *its = part(&scenario_table_platform, "its");
    const scenario_table *sw = part(&scenario_table_device, "switch");
    const scenario_table *endpoint = part(&scenario_table_device, "endpoint");
    std::vector<Place> places;

    collect("platform", &scenario_table_platform, places);
    for (const char *name : {"platform.its.A", "platform.its.B"}) {
        collect(name, its, places);
    }
    collect("platform.smmu.S", &scenario_table_smmu, places);
    collect("software", &scenario_table_software, places);
    collect("pcie.rc0", &scenario_table_root_complex, places);
    collect("pcie.rc1", &scenario_table_root_complex, places);
    collect("rp0", &scenario_table_root_port, places);
    collect("sw0.switch", sw, places);
    for (const char *name : {"epA", "epB"}) {
        collect(std::string(name) + ".link", &scenario_table_link, places);
        collect(std::string(name) + ".port", &scenario_table_port, places);
        collect(std::string(name) + ".endpoint", endpoint, places);
    }
    collect("epC.endpoint", endpoint, places);
    collect("traffic.epA.0.msi", &scenario_table_msi, places);
    collect("traffic.epB.1.dma-write", &scenario_table_dma_write, places);
    collect("traffic.epA.1.dma-read", &scenario_table_dma_read, places);
    return places;
}

using Random = std::mt19937_64;

/** A number of the key's range, small and large ones alike, or one of the two ends. */
std::string random_number(Random &random, const scenario_key &key, const std::string &minimum,
                          const std::string &maximum)
{
    uint64_t low = strtoull(minimum.c_str(), nullptr, 0);
    uint64_t high = maximum.empty() ? UINT64_MAX >> 1 : strtoull(maximum.c_str(), nullptr, 0);
    uint64_t value = low + (high - low) / (UINT64_C(1) << random() % 40) * (random() % 1000) / 1000;

    switch (random() % 6) {
    case 0:
        value = low;
        break;
    case 1:
        value = high;
        break;
    default:
        break;
    }
    if (key.power_of_two) {
        while ((value & (value - 1)) != 0) {
            value &= value - 1;
        }
    }
    if (key.alignment != 0) {
        value -= value % key.alignment;
    }
    return std::to_string(value);
}

std::string without_separators(const char *limit)
{
    std::string all = limit != nullptr ? limit : "";

    all.erase(std::remove(all.begin(), all.end(), '_'), all.end());
    return all;
}

/** A value that the key's own row allows, as far as it says; "" if there is nothing to vary. */
std::string random_value(Random &random, const scenario_key &key)
{
    static const char *const sizes[] = {"4 B",    "64 B",  "128 B",  "256 B", "4 KiB",
                                        "64 KiB", "1 MiB", "64 MiB", "16 MiB"};
    static const char *const times[] = {"1 ps", "1 ns", "77 ns", "1 us", "30 us", "1 ms", "0 ns"};
    static const char *const clocks[] = {"1 MHz", "33 MHz", "1 GHz", "3333 MHz", "10 GHz"};
    static const char *const rates[] = {"1 GB/s", "33 MB/s", "1000 GB/s"};
    static const char *const acs[] = {"none", "full", "[SV, RR]", "[RR, CR, UF]", "[EC]"};
    static const char *const windows[] = {"0", "0x10000", "0x1000_0000", "0xfff0_0000", "0xffff_0000_0000"};

    if (key.choices != nullptr) {
        size_t count = 0;

        while (key.choices[count] != nullptr) {
            count++;
        }
        return key.choices[random() % count];
    }
    if (key.type == &scenario_type_number) {
        return random_number(random, key, without_separators(key.minimum), without_separators(key.maximum));
    }
    if (key.type == &scenario_type_cycles) {
        return random_number(random, key, without_separators(key.minimum), without_separators(key.maximum)) + " cycles";
    }
    if (key.type == &scenario_type_hexadecimal) {
        return random() % 2 == 0
                   ? windows[random() % 5]
                   : random_number(random, key, without_separators(key.minimum), without_separators(key.maximum));
    }
    if (key.type == &scenario_type_size) {
        return sizes[random() % 9];
    }
    if (key.type == &scenario_type_time) {
        return times[random() % 7];
    }
    if (key.type == &scenario_type_clock) {
        return clocks[random() % 5];
    }
    if (key.type == &scenario_type_bandwidth) {
        return rates[random() % 3];
    }
    if (key.type == &scenario_type_acs) {
        return acs[random() % 5];
    }
    return key.type == &scenario_type_boolean ? "yes" : "";
}

/** Whatever a file may say ends in a result or in a sentence, never in a panic. */
TEST(Keys, RandomValuesGiveResultsOrDiagnostics)
{
    const std::vector<Place> places = places_of_text();
    unsigned results = 0;
    unsigned refusals = 0;
    Random random(20261121);

    ASSERT_GT(places.size(), 150u);
    for (unsigned i = 0; i < 300; i++) {
        Sets sets = {"duration=3 us"};

        for (unsigned j = 0; j < 1 + i % 3; j++) {
            const Place &place = places[random() % places.size()];
            const std::string value = random_value(random, *place.key);

            if (!value.empty()) {
                sets.push_back(place.path + "=" + value);
            }
        }
        const std::string said = outcome(sets);
        (is_result(said) ? results : refusals)++;
        EXPECT_GT(said.size(), strlen("impossible: ")) << "no reason is given";
    }
    /* Both ends of the road must have been seen often, or this says nothing. */
    EXPECT_GT(results, 100u);
    EXPECT_GT(refusals, 50u);
}

} // namespace
