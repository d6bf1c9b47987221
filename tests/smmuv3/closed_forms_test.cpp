/*
 * What queueing theory says of translations, from hit rates and times alone: the mean time of one (Q21) and the rate of
 * a pool of walkers (Q22), with and without walk caches.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace smmu_test;

namespace
{

constexpr uint64_t cycle = System::period;

/* A read of a descriptor: issue, channel, memory, channel, decode. */
constexpr double t_mem = 1 + 1 + System::memory_latency / cycle + 1 + 1;

/** Pages of one stream: `regions` of 2 MiB, each with `pages` of 4 KiB. */
struct Space {
    unsigned regions;
    unsigned pages;

    uint64_t address(uint64_t i) const
    {
        return (i % regions) * 0x200000 + (i / regions) * 0x1000;
    }
    unsigned size() const
    {
        return regions * pages;
    }
};

void map_space(System &s, const Space &space)
{
    Ste ste;
    Cd cd;

    s.enable();
    ste.s1contextptr = s.make_cd_table();
    cd.ttb0 = s.make_table();
    s.set_ste(0x10, ste);
    s.set_cd(ste.s1contextptr, 0, cd);
    for (unsigned i = 0; i < space.size(); i++) {
        s.map(cd.ttb0, space.address(i), 0x80000000 + space.address(i));
    }
}

void one_block(smmu_config &c)
{
    smmu_config_preset(&c, "default");
}

double ratio(uint64_t part, uint64_t whole)
{
    return static_cast<double>(part) / static_cast<double>(whole);
}

/* ---- Q21: E[T] = t_hit + (1 - h) * t_walk; t_walk = sum over levels of (1 - h_wc) * t_mem ---- */

/** Mean cycles of reads of random pages, one at a time, beyond those of one that hits. */
double mean_beyond_hit(System &s, const Space &space, unsigned count)
{
    std::mt19937_64 random(7);
    std::vector<uint32_t> index;
    sim_time sum = 0;

    bus_driver_set_outstanding(s.masters[0], 1);
    s.txn({.addr = space.address(0)});
    const TxnResult hit = s.txn({.addr = space.address(0)});
    for (unsigned i = 0; i < count; i++) {
        index.push_back(s.start({.addr = space.address(random() % space.size())}));
    }
    s.run();
    for (uint32_t i : index) {
        const bus_driver_result *r = bus_driver_get_result(s.masters[0], i);

        EXPECT_EQ(r->status, SIM_STATUS_OK);
        sum += r->answer_time - r->issue_time - (hit.answered - hit.issued);
    }
    return static_cast<double>(sum / cycle) / count;
}

struct Q21 {
    const char *name;
    Space space;
    uint32_t tlb;    /* entries, fully associative */
    uint32_t level2; /* of the walk cache of that level; 0: none */
    uint32_t level1;
};

constexpr unsigned lookup = 4;

void put_caches(smmu_config &c, const Q21 &q)
{
    one_block(c);
    c.tlb_entries = c.tlb_ways = q.tlb;
    c.tlb_policy = SMMU_POLICY_RANDOM;
    if (q.level2 > 0) {
        c.walk_cache[0][2] = {q.level2, q.level2, SMMU_POLICY_RANDOM, lookup};
    }
    if (q.level1 > 0) {
        c.walk_cache[0][1] = {q.level1, q.level1, SMMU_POLICY_RANDOM, lookup};
    }
}

class MeanTranslateTime : public testing::TestWithParam<Q21>
{
};

/* With uniform references the TLB hits C / W, and the walk cache of level 2 (next to no TLB before it) C / regions. */
TEST_P(MeanTranslateTime, FollowsFromTheSizes)
{
    const Q21 &q = GetParam();
    System s(
        support::engines()[0], [&](smmu_config &c) { put_caches(c, q); }, false);

    map_space(s, q.space);
    const double mean = mean_beyond_hit(s, q.space, 20000);
    const double h = ratio(q.tlb, q.space.size());
    /* One region is one table of level 3. All are in one table of level 2, which is always found. */
    const double h2 = q.level2 > 0 ? ratio(q.level2, q.space.regions) : 0;
    const double lookups = (q.level2 > 0 ? 1 : 0) + (q.level1 > 0 ? 1 - h2 : 0);
    const double reads = q.level1 > 0 ? 1 + (1 - h2) : 1 + 3 * (1 - h2);
    const double expected = (1 - h) * (lookups * lookup + reads * t_mem);

    EXPECT_NEAR(mean, expected, 0.01 * expected);
}

INSTANTIATE_TEST_SUITE_P(Sizes, MeanTranslateTime,
                         testing::Values(Q21{"tlb", {8, 8}, 16, 0, 0}, Q21{"large tlb", {4, 16}, 48, 0, 0},
                                         Q21{"level 2", {64, 8}, 1, 16, 0}, Q21{"levels 1 and 2", {64, 8}, 1, 16, 4},
                                         Q21{"hardly any of level 2", {64, 8}, 1, 4, 1}));

/* All together, on every engine: with the hit rates that the counters tell, the sum is exact. */
TEST(TranslateTime, IsTheSumOfWhatWasCounted)
{
    const Q21 q = {"all", {16, 16}, 64, 8, 1};

    everywhere([&](smmu_config &c) { put_caches(c, q); },
               [&](System &s) {
                   constexpr unsigned count = 400;

                   map_space(s, q.space);
                   s.txn({.addr = q.space.address(0)});
                   const uint64_t misses = s.counter("tlb-misses");
                   const uint64_t hits2 = s.counter("walk-cache-s1l2-hits");
                   const uint64_t hits1 = s.counter("walk-cache-s1l1-hits");
                   const double mean = mean_beyond_hit(s, q.space, count);
                   const double missed = static_cast<double>(s.counter("tlb-misses") - misses);
                   const double h2 = static_cast<double>(s.counter("walk-cache-s1l2-hits") - hits2) / missed;
                   const double h1 = static_cast<double>(s.counter("walk-cache-s1l1-hits") - hits1) / missed;
                   const double walk = lookup + (1 - h2) * lookup + t_mem * (h2 + 2 * h1 + 4 * (1 - h2 - h1));

                   EXPECT_GT(h2, 0.2);
                   EXPECT_GT(missed, count / 2.0);
                   EXPECT_NEAR(mean, missed / count * walk, 1e-6 * mean);
               });
}

/* ---- Q22: X = min(X_in, n / (t_walk * (1 - h))) ---- */

struct Q22 {
    uint32_t walkers;
    bool walk_cache;   /* a walk then reads one level, else four */
    unsigned hot;      /* of so many requests one is to a page that hits; 0: none */
    unsigned interval; /* of requests, in cycles */
};

class WalkerPool : public testing::TestWithParam<Q22>
{
};

TEST_P(WalkerPool, Rate)
{
    const Q22 q = GetParam();
    const Space space = {2, 256};
    constexpr unsigned count = 1500;
    constexpr unsigned settled = 300;
    System s(
        support::engines()[0],
        [&](smmu_config &c) {
            one_block(c);
            c.walk_slots = q.walkers;
            c.translation_slots = 64;
            /* Least recently used: the hot page stays, a cyclic scan of all others never hits. */
            c.tlb_entries = c.tlb_ways = 128;
            if (q.walk_cache) {
                c.walk_cache[0][2] = {2, 2, SMMU_POLICY_LRU, lookup};
            }
        },
        false);
    std::vector<uint32_t> index;

    map_space(s, space);
    s.txn({.addr = space.address(0)});
    s.txn({.addr = space.address(1)});
    const sim_time when = sim_now(s.sim) + 10 * cycle;
    for (unsigned i = 0; i < count; i++) {
        const bool hot = q.hot != 0 && i % q.hot == 0;

        index.push_back(s.start({.addr = space.address(hot ? 0 : 1 + i % (space.size() - 1)),
                                 .op = 'W',
                                 .when = when + i * q.interval * cycle}));
    }
    s.run();
    const double interval =
        static_cast<double>((s.result(0, index[count - 1]).left - s.result(0, index[settled]).left) / cycle) /
        (count - 1 - settled);
    const double walk = q.walk_cache ? lookup + t_mem : 4 * t_mem;
    const double misses = q.hot != 0 ? 1 - 1.0 / q.hot : 1;
    const double expected = std::max<double>(q.interval, misses * walk / q.walkers);

    EXPECT_NEAR(interval, expected, 0.02 * expected);
}

INSTANTIATE_TEST_SUITE_P(Pools, WalkerPool,
                         testing::Values(Q22{1, true, 0, 1}, Q22{2, true, 0, 1}, Q22{8, true, 0, 1},
                                         Q22{16, false, 0, 1}, Q22{2, true, 2, 1}, Q22{4, true, 4, 1},
                                         Q22{4, false, 2, 1}, Q22{8, true, 0, 20}, Q22{4, false, 2, 60}));

} // namespace
