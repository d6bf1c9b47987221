// Hit rates and rates of shipped ITS geometries against devices x vectors. The geometries are silicon's (Agilex 5:
// GITS_CFGID; the largest of the GIC-600AE manual); index functions and replacement are this model's.
//
// One translation at a time, so that no reference waits for the miss of another and then counts as a hit.
// Uniform independent references to W keys in a set-associative LRU cache hit at sum over sets of min(ways, keys in the
// set) / W, exactly, whatever the index function is.
#include "models/gic-its/its_internal.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace
{

using namespace gic_test;

struct Geometry {
    const char *name;
    uint32_t device;
    uint32_t event;
    uint32_t collection;
    uint32_t credits;
};

struct Load {
    uint32_t devices;
    uint32_t vectors;
};

constexpr Geometry kAgilex5 = {"agilex5", 32, 256, 16, 1};
constexpr Geometry kLargest = {"max", 256, 4096, 1024, 16};
constexpr Load kLoads[] = {{4, 16}, {8, 32}, {16, 32}, {64, 8}, {64, 64}, {256, 8}, {256, 32}, {1024, 8}};

/** Function 0 of device 0 on a bus of its own, eight buses a switch. */
uint32_t requester_of(uint32_t device)
{
    return 0x100 + (device / 8 << 8 | device % 8 << 3);
}

class World
{
  public:
    World(const Geometry &geometry, const Load &load, uint32_t event_entries, uint32_t collections, uint32_t slots)
        : load_(load)
    {
        Options options;

        options.keep_log = false;
        options.lpi_credits = geometry.credits;
        options.lpi_latency = 20 * SIM_NS;
        options.its.device_bits = 17;
        options.its.device_cache_entries = geometry.device;
        options.its.event_cache_entries = event_entries;
        options.its.collection_cache_entries = geometry.collection;
        options.its.cache_ways = 2;
        options.its.slots = slots;
        options.rd.config_cache_entries = 0;
        options.rd.reserve = load.devices * load.vectors;
        system = std::make_unique<System>(support::engines()[0], options);
        system->bring_up();
        system->its_write(0, GITS_CTLR, 0, 4);
        system->its_write(0, GITS_BASER(1), GIC_MASK(GITS_BASER_VALID) | kCollectionTable | 15);
        system->its_write(0, GITS_CTLR, 1, 4);
        for (uint32_t i = 4; i < collections; i++) {
            put(mapc(i, i % 4));
        }
        for (uint32_t device = 0; device < load.devices; device++) {
            put(mapd(requester_of(device), 8, kItts + device * UINT64_C(0x1000)));
            for (uint32_t event = 0; event < load.vectors; event++) {
                uint32_t n = device * load.vectors + event;

                put(mapti(requester_of(device), event, 8192 + n, n % collections));
            }
        }
        system->kick();
    }

    /** References drawn at random, so many; counts of the second half. */
    void run(uint32_t references, const char *cache, double *rate)
    {
        std::string name(cache);
        struct sim_random random;

        sim_random_init(&random, 7, "references");
        for (int half = 0; half < 2; half++) {
            uint64_t hits = system->counter("its0", name + "_hits");
            uint64_t misses = system->counter("its0", name + "_misses");

            for (uint32_t i = 0; i < references / 2; i++) {
                uint32_t n = static_cast<uint32_t>(sim_random_below(&random, load_.devices * load_.vectors));

                system->msi(requester_of(n / load_.vectors), n % load_.vectors);
            }
            system->run();
            hits = system->counter("its0", name + "_hits") - hits;
            misses = system->counter("its0", name + "_misses") - misses;
            *rate = static_cast<double>(hits) / static_cast<double>(hits + misses);
        }
        EXPECT_EQ(system->counter("its0", "dropped"), 0u);
    }

    std::unique_ptr<System> system;

  private:
    void put(const its_command &command)
    {
        system->put_command(command);
        if (system->next_command() % 0x4000 == 0) {
            system->kick();
        }
    }
    Load load_;
};

/** The closed form, from the occupancy of the sets. */
double expected_rate(const std::vector<uint32_t> &indices, uint32_t entries)
{
    std::map<uint32_t, uint32_t> occupancy;
    double hits = 0;

    for (uint32_t index : indices) {
        occupancy[index & (entries / 2 - 1)]++;
    }
    for (const auto &set : occupancy) {
        hits += std::min(set.second, 2u);
    }
    return hits / static_cast<double>(indices.size());
}

class Geometries : public ::testing::TestWithParam<Geometry>
{
};

TEST_P(Geometries, EventCacheHitRates)
{
    const Geometry &geometry = GetParam();
    double previous = 2;

    for (const Load &load : kLoads) {
        World world(geometry, load, geometry.event, 4, 1);
        std::vector<uint32_t> indices;
        double rate;

        for (uint32_t n = 0; n < load.devices * load.vectors; n++) {
            indices.push_back(its_event_index(requester_of(n / load.vectors), n % load.vectors));
        }
        world.run(160000, "event", &rate);
        double expected = expected_rate(indices, geometry.event);

        EXPECT_NEAR(rate, expected, 0.005) << load.devices << " devices of " << load.vectors;
        RecordProperty(std::to_string(load.devices) + "x" + std::to_string(load.vectors),
                       std::to_string(rate) + " expected " + std::to_string(expected));
        previous = std::min(previous, rate);
    }
    EXPECT_LT(previous, 0.6) << "the loads reach beyond the cache";
}

TEST_P(Geometries, DeviceAndCollectionCacheHitRates)
{
    // Without an event cache each MSI asks the device cache, so its references are uniform too.
    const Geometry &geometry = GetParam();

    for (uint32_t devices : {16u, 64u, 512u}) {
        const uint32_t collections = 2 * geometry.collection;
        World world(geometry, {devices, 8}, 0, std::min(collections, devices * 8), 1);
        std::vector<uint32_t> indices;
        std::set<uint32_t> used;
        double rate;

        for (uint32_t device = 0; device < devices; device++) {
            indices.push_back(its_device_index(requester_of(device)));
        }
        world.run(120000, "device", &rate);
        EXPECT_NEAR(rate, expected_rate(indices, geometry.device), 0.005) << devices << " devices";
        RecordProperty("device" + std::to_string(devices), std::to_string(rate));
        indices.clear();
        for (uint32_t n = 0; n < devices * 8; n++) {
            used.insert(n % std::min(collections, devices * 8));
        }
        indices.assign(used.begin(), used.end());
        world.run(120000, "collection", &rate);
        EXPECT_NEAR(rate, expected_rate(indices, geometry.collection), 0.005) << devices << " devices";
    }
}

TEST_P(Geometries, RateOfHitsIsCreditLimited)
{
    // Q25, with the shipped number of credits and all MSIs to one redistributor: credits in a round trip of
    // translation and both flights, or one an interval.
    const Geometry &geometry = GetParam();
    Load load = {4, 16};
    World world(geometry, load, geometry.event, 4, 8);
    double rate;

    world.run(4000, "event", &rate);
    ASSERT_EQ(rate, 1.0);
    sim_time start = sim_now(world.system->sim);
    const unsigned count = 5000;

    for (unsigned i = 0; i < count; i++) {
        world.system->msi(requester_of(i % 4), 4 * (i % 4));
    }
    world.system->run();
    double each = static_cast<double>(sim_now(world.system->sim) - start) / count / static_cast<double>(SIM_NS);
    double expected = std::max(1.0, (10.0 + 20.0 + 20.0) / geometry.credits);

    EXPECT_NEAR(each / expected, 1.0, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Shipped, Geometries, ::testing::Values(kAgilex5, kLargest),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace
