/* Unloaded latency is the sum of the documented stages, to the femtosecond (Q1). */
#include "tests/system/stages.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <map>

namespace
{

using system_test::device_of;
using system_test::load;
using system_test::load_text;
using system_test::name_of_case;
using system_test::scenarios_in;
using system_test::Stage;
using system_test::sum_of;
using system_test::unloaded_stages;
using system_test::Whole;

std::map<std::string, sim_time> minima_of(const run_device &device)
{
    std::map<std::string, sim_time> minima;

    for (size_t i = 0; i < device.hop_count; i++) {
        minima[device.hops[i].stage] = device.hops[i].time.min;
    }
    return minima;
}

/* Each endpoint's PEs differ only by number: the latency does not depend on which it is. */
void expect_stages(const run_device &device, const std::vector<Stage> &stages)
{
    const std::map<std::string, sim_time> minima = minima_of(device);

    for (const Stage &stage : stages) {
        const auto found = minima.find(stage.name);

        if (found == minima.end()) {
            ADD_FAILURE() << device.name << ": no hop " << stage.name;
        } else {
            EXPECT_EQ(found->second, stage.time) << device.name << ": " << stage.name;
        }
    }
    EXPECT_EQ(device.latency.min, sum_of(stages)) << device.name;
}

/* Which PE a function's vector goes to is the software's choice. */
unsigned pe_of(Whole &whole, const std::string &name, unsigned vector)
{
    for (size_t i = 0; i < system_function_count(whole.system()); i++) {
        if (name == system_function_name(whole.system(), i)) {
            return whole.software()->functions[system_function(whole.system(), i)->tree_index].vectors[vector].pe;
        }
    }
    throw std::runtime_error("no function " + name);
}

class Unloaded : public testing::TestWithParam<std::string>
{
};

bool writes_too(const struct scenario *scenario, const scenario_device *device)
{
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        for (size_t j = 0; scenario->traffic[i].device == device && j < scenario->traffic[i].stream_count; j++) {
            if (scenario->traffic[i].streams[j].msi == nullptr) {
                return true;
            }
        }
    }
    return false;
}

/*
 * As shipped, under load: no hop is faster than documented, and where nothing of its own is ahead of them some MSIs
 * meet nobody. (MSIs behind DMA writes of their function wait for these to be visible. An LPI that comes while its PE
 * already acknowledges another can be taken in its place, so the redistributor's time has no such bound.)
 */
TEST_P(Unloaded, ShippedRunsHaveTheDocumentedMinima)
{
    const auto scenario = load(GetParam());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    for (size_t i = 0; i < scenario->device_count; i++) {
        const scenario_device *device = scenario->devices[i];

        if (device->endpoint == nullptr) {
            continue;
        }
        const auto minima = minima_of(device_of(result, device->name));

        for (const Stage &stage : unloaded_stages(scenario.get(), device, pe_of(whole, device->name, 0), SIM_US)) {
            if (stage.name.compare(0, 2, "rd") == 0) {
                continue;
            }
            ASSERT_EQ(minima.count(stage.name), 1u) << device->name << ": " << stage.name;
            if (stage.name.find(".up.") != std::string::npos) {
                /* What had to wait for the wire begins within a cycle, and then waits less for the reader's edge. */
                EXPECT_LE(minima.at(stage.name), stage.time) << device->name << ": " << stage.name;
                EXPECT_GT(minima.at(stage.name) + device->root_complex->clock.period, stage.time)
                    << device->name << ": " << stage.name;
                continue;
            }
            if (writes_too(scenario.get(), device)) {
                EXPECT_GE(minima.at(stage.name), stage.time) << device->name << ": " << stage.name;
            } else {
                EXPECT_EQ(minima.at(stage.name), stage.time) << device->name << ": " << stage.name;
            }
        }
    }
}

/* One MSI at a time, and nothing else in the whole system: all are alike. */
TEST_P(Unloaded, EveryLoneMsiTakesTheSumOfStages)
{
    const auto shipped = load(GetParam());
    std::string text = "base: " + system_test::source_path(GetParam()) + "\nduration: 400 us\ntraffic:\n";
    unsigned number = 0;

    for (size_t i = 0; i < shipped->device_count; i++) {
        if (shipped->devices[i]->endpoint != nullptr) {
            text += "  " + std::string(shipped->devices[i]->name) +
                    ": [{ msi: { vectors: [2], period: 20 us, start: " + std::to_string(4 * number++) + " us } }]\n";
        }
    }
    const auto scenario = load_text(text);
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    for (size_t i = 0; i < scenario->device_count; i++) {
        const scenario_device *device = scenario->devices[i];

        if (device->endpoint == nullptr) {
            continue;
        }
        const auto stages = unloaded_stages(scenario.get(), device, pe_of(whole, device->name, 2), SIM_US);
        const run_device &measured = device_of(result, device->name);

        expect_stages(measured, stages);
        EXPECT_EQ(measured.hop_count, stages.size()) << "hops that are not documented";
        EXPECT_EQ(measured.latency.max, measured.latency.min);
        EXPECT_EQ(measured.latency.count, 19u);
    }
}

/* No traffic of all others. */
std::string nulls_but(const struct scenario *scenario, const std::string &name)
{
    std::string nulls;

    for (size_t i = 0; i < scenario->device_count; i++) {
        if (scenario->devices[i]->endpoint != nullptr && name != scenario->devices[i]->name) {
            nulls += std::string(scenario->devices[i]->name) + ": null, ";
        }
    }
    return nulls;
}

/* A driver gives every ITS the same format: flat, or two levels. */
unsigned device_table_levels(Whole &whole)
{
    return whole.software()->itses[0].device_page != 0 ? 2 : 1;
}

/* The first MSI of all: every table is read from memory. */
TEST_P(Unloaded, FirstMsiReadsEveryTable)
{
    const auto shipped = load(GetParam());

    for (size_t i = 0; i < shipped->device_count; i++) {
        const std::string name = shipped->devices[i]->name;

        if (shipped->devices[i]->endpoint == nullptr) {
            continue;
        }
        const auto scenario =
            load_text("base: " + system_test::source_path(GetParam()) + "\nduration: 10 us\nwarmup: 0 ns\ntraffic: { " +
                      nulls_but(shipped.get(), name) + name +
                      ": [{ msi: { vectors: [5], period: 1 ms } }] }\nexpect: { msi.latency.p99: null }\n");
        Whole whole(scenario.get());

        whole.start();
        whole.run();
        const run_result &result = whole.finish();
        const auto stages = unloaded_stages(scenario.get(), scenario_find_device(scenario.get(), name.c_str()),
                                            pe_of(whole, name, 5), SIM_US, device_table_levels(whole));

        expect_stages(device_of(result, name), stages);
    }
}

/** Seeds of the kernel's own drivers and nobody else's, who do nothing while traffic runs. */
std::vector<std::string> plain_seeds()
{
    std::vector<std::string> plain;

    for (const std::string &path : scenarios_in("scenarios/seeds")) {
        const auto scenario = load(path);

        if (scenario->software.consumer_count == 0 && scenario->action_count == 0 && scenario->vm_count == 0) {
            plain.push_back(path);
        }
    }
    return plain;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Unloaded, testing::ValuesIn(plain_seeds()), name_of_case);

} // namespace
