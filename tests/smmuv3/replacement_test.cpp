/*
 * Replacement policies against straightforward ones written differently, and the hit rates that theory gives for them
 * (closed forms Q17 to Q20): they know nothing of how the caches are made.
 */
#include "models/smmuv3/replacement_internal.h"
#include "models/smmuv3/tbu_tlb_internal.h"
#include "models/smmuv3/tlb_internal.h"
#include "sim/sim.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace
{

constexpr std::array<smmu_policy, 4> policies = {SMMU_POLICY_LRU, SMMU_POLICY_PLRU, SMMU_POLICY_ROUND_ROBIN,
                                                 SMMU_POLICY_RANDOM};

class Replacement : public testing::Test
{
  protected:
    Replacement()
    {
        sim_config config = {};

        config.seed = 5;
        sim_ = sim_create(&config);
        sim_random_init(&random_, 77, "references");
    }
    ~Replacement() override
    {
        sim_destroy(sim_);
    }
    uint64_t below(uint64_t bound)
    {
        return sim_random_below(&random_, bound);
    }

    struct sim *sim_;
    sim_random random_;
};

/** One set of a cache of numbers, with the model's replacement. */
class OneSet
{
  public:
    OneSet(struct sim *sim, smmu_policy policy, uint32_t ways) : keys_(ways), stamps_(ways)
    {
        smmu_replacement_init(&replacement_, sim, "set", policy, 1, ways);
    }
    /** @return the key that made room, or -1 */
    int64_t use(int64_t key)
    {
        for (size_t way = 0; way < keys_.size(); way++) {
            if (stamps_[way] != 0 && keys_[way] == key) {
                smmu_replacement_touch(&replacement_, way, &stamps_[way]);
                return -1;
            }
        }
        const uint32_t way = smmu_replacement_choose(&replacement_, 0, stamps_.data(), sizeof(stamps_[0]));
        const int64_t out = stamps_[way] != 0 ? keys_[way] : -1;

        keys_[way] = key;
        smmu_replacement_fill(&replacement_, way, &stamps_[way]);
        return out;
    }
    void drop(size_t way)
    {
        stamps_[way] = 0;
    }

  private:
    smmu_replacement replacement_ = {};
    std::vector<int64_t> keys_;
    std::vector<uint64_t> stamps_;
};

TEST_F(Replacement, LeastRecentlyUsedIsAQueueInOrderOfUse)
{
    OneSet set(sim_, SMMU_POLICY_LRU, 6);
    std::deque<int64_t> order;

    for (int step = 0; step < 20000; step++) {
        const auto key = static_cast<int64_t>(below(11));
        const auto found = std::find(order.begin(), order.end(), key);
        int64_t out = -1;

        if (found != order.end()) {
            order.erase(found);
        } else if (order.size() == 6) {
            out = order.front();
            order.pop_front();
        }
        order.push_back(key);
        ASSERT_EQ(set.use(key), out) << step;
    }
}

TEST_F(Replacement, RoundRobinIsAQueueInOrderOfFilling)
{
    OneSet set(sim_, SMMU_POLICY_ROUND_ROBIN, 5);
    std::deque<int64_t> order;

    for (int step = 0; step < 20000; step++) {
        const auto key = static_cast<int64_t>(below(9));
        int64_t out = -1;

        if (std::find(order.begin(), order.end(), key) == order.end()) {
            if (order.size() == 5) {
                out = order.front();
                order.pop_front();
            }
            order.push_back(key);
        }
        ASSERT_EQ(set.use(key), out) << step;
    }
}

/** Tree pseudo-LRU, said with halves of halves: each remembers which of its two was used last. */
struct Half {
    explicit Half(size_t size)
    {
        if (size > 1) {
            half.emplace_back(size / 2);
            half.emplace_back(size / 2);
        }
    }
    void use(size_t way, size_t size)
    {
        if (size > 1) {
            last = way / (size / 2);
            half[last].use(way % (size / 2), size / 2);
        }
    }
    size_t victim(size_t size) const
    {
        return size == 1 ? 0 : (1 - last) * (size / 2) + half[1 - last].victim(size / 2);
    }
    size_t last = 1;
    std::vector<Half> half;
};

TEST_F(Replacement, TreeTurnsAwayFromWhatWasUsed)
{
    for (const size_t ways : {1u, 2u, 8u, 64u}) {
        OneSet set(sim_, SMMU_POLICY_PLRU, static_cast<uint32_t>(ways));
        Half tree(ways);
        std::vector<int64_t> keys;

        for (int step = 0; step < 20000; step++) {
            const auto key = static_cast<int64_t>(below(2 * ways + 1));
            const auto found = std::find(keys.begin(), keys.end(), key);
            auto way = static_cast<size_t>(found - keys.begin());
            int64_t out = -1;

            if (found == keys.end() && keys.size() < ways) {
                keys.push_back(key);
            } else if (found == keys.end()) {
                way = tree.victim(ways);
                out = keys[way];
                keys[way] = key;
            }
            tree.use(way, ways);
            ASSERT_EQ(set.use(key), out) << ways << " ways, step " << step;
        }
    }
}

/* The choices of `random` are those of its own stream: the same for every engine, and evenly spread. */
TEST_F(Replacement, RandomChoicesComeFromTheStreamOfTheirName)
{
    smmu_replacement replacement = {};
    const std::array<uint64_t, 8> stamps = {1, 2, 3, 4, 5, 6, 7, 8};
    std::array<unsigned, 8> chosen = {};
    sim_random stream;

    smmu_replacement_init(&replacement, sim_, "some cache", SMMU_POLICY_RANDOM, 1, 8);
    sim_random_init(&stream, 5, "some cache");
    for (int step = 0; step < 80000; step++) {
        const uint32_t way = smmu_replacement_choose(&replacement, 0, stamps.data(), sizeof(stamps[0]));

        ASSERT_EQ(way, sim_random_below(&stream, 8));
        chosen[way]++;
    }
    for (unsigned count : chosen) {
        EXPECT_NEAR(count, 10000, 500);
    }
}

TEST_F(Replacement, InvalidEntriesGoFirst)
{
    for (smmu_policy policy : policies) {
        OneSet set(sim_, policy, 4);

        for (int64_t key = 0; key < 4; key++) {
            EXPECT_EQ(set.use(key), -1);
        }
        set.drop(2);
        EXPECT_EQ(set.use(10), -1) << policy;
        EXPECT_NE(set.use(11), -1) << policy;
    }
}

/* ---- Hit rates ---- */

/** A TLB behind "was it there? now it is". */
using Cache = std::function<bool(uint64_t page)>;

Cache tcu_tlb(struct sim *sim, smmu_tlb *tlb, uint32_t entries, uint32_t ways, smmu_policy policy)
{
    smmu_tlb_init(tlb, sim, "tlb", entries, ways, policy);
    return [tlb](uint64_t page) {
        smmu_tlb_entry *entry = smmu_tlb_find(tlb, 0, page << 12);

        if (entry != nullptr) {
            smmu_tlb_touch(tlb, entry);
            return true;
        }
        smmu_tlb_fill(tlb, 0, page << 12, 12, false, page << 12 | 1, 0);
        return false;
    };
}

Cache tbu_tlb(struct sim *sim, smmu_tbu_tlb *tlb, uint32_t entries, uint32_t ways, smmu_policy policy)
{
    const smmu_cache_config config = {entries, ways, policy, 1};

    smmu_tbu_tlb_init(tlb, sim, "tbu-tlb", &config);
    return [tlb](uint64_t page) {
        const smmu_stream stream = {9, 0, false, false};
        smmu_tbu_entry *found = smmu_tbu_tlb_find(tlb, &stream, page << 12);

        if (found != nullptr) {
            smmu_tbu_tlb_touch(tlb, found);
            return true;
        }
        smmu_tbu_entry entry = {};
        entry.translation.tag = UINT64_C(12) << SMMU_TAG_SIZE_SHIFT | SMMU_TAG_VALID;
        entry.translation.page = page;
        smmu_tbu_tlb_fill(tlb, &stream, &entry);
        return false;
    };
}

class HitRate : public Replacement, public testing::WithParamInterface<smmu_policy>
{
  protected:
    /** Runs @p test with a cache of either kind. */
    void both(uint32_t entries, uint32_t ways, const std::function<void(const Cache &)> &test)
    {
        smmu_tlb tcu = {};
        smmu_tbu_tlb tbu = {};

        test(tcu_tlb(sim_, &tcu, entries, ways, GetParam()));
        test(tbu_tlb(sim_, &tbu, entries, ways, GetParam()));
    }
    double measure(const Cache &cache, uint64_t window)
    {
        constexpr unsigned references = 400000;
        unsigned hits = 0;

        for (unsigned i = 0; i < 20 * window; i++) {
            cache(below(window));
        }
        for (unsigned i = 0; i < references; i++) {
            hits += cache(below(window)) ? 1 : 0;
        }
        return static_cast<double>(hits) / references;
    }
};

/* Q17: uniform independent references, fully associative: the share of pages that fit, whatever the policy. */
TEST_P(HitRate, FullyAssociative)
{
    for (const uint64_t window : {16u, 64u, 96u, 256u}) {
        both(64, 64, [&](const Cache &cache) {
            EXPECT_NEAR(measure(cache, window), std::min(1.0, 64.0 / static_cast<double>(window)), 0.005) << window;
        });
    }
}

/* Q18: with sets, the share that fits in each, by the sets that the pages really fall into (here: modulo). */
TEST_P(HitRate, SetAssociative)
{
    for (const uint64_t window : {100u, 128u, 130u, 300u}) {
        for (const uint32_t sets : {32u, 7u}) {
            double fit = 0;

            for (uint64_t set = 0; set < sets; set++) {
                const uint64_t pages = window / sets + (set < window % sets ? 1 : 0);

                fit += static_cast<double>(std::min<uint64_t>(pages, 4));
            }
            both(4 * sets, 4, [&](const Cache &cache) {
                EXPECT_NEAR(measure(cache, window), fit / static_cast<double>(window), 0.005) << window << ' ' << sets;
            });
        }
    }
}

/* Q20: compulsory misses, of a cache in which all pages find room, are the distinct pages met. */
TEST_P(HitRate, CompulsoryMisses)
{
    constexpr uint64_t window = 2000;
    constexpr int runs = 20;

    for (const unsigned references : {1000u, 4000u}) {
        const double expected = window * (1 - std::pow(1 - 1.0 / window, references));
        double misses = 0;

        for (int run = 0; run < runs; run++) {
            both(4096, 64, [&](const Cache &cache) {
                for (unsigned i = 0; i < references; i++) {
                    misses += cache(below(window)) ? 0 : 1;
                }
            });
        }
        EXPECT_NEAR(misses / (2 * runs) / expected, 1, 0.01);
    }
}

INSTANTIATE_TEST_SUITE_P(Policies, HitRate, testing::ValuesIn(policies));

/* Q19: a cyclic scan that does not fit never hits under LRU and round robin; one that fits always does. */
TEST_F(Replacement, CyclicScan)
{
    for (smmu_policy policy : {SMMU_POLICY_LRU, SMMU_POLICY_ROUND_ROBIN}) {
        for (const uint64_t window : {64u, 65u, 200u}) {
            smmu_tlb tlb = {};
            const Cache cache = tcu_tlb(sim_, &tlb, 64, 64, policy);
            unsigned hits = 0;

            for (uint64_t i = 0; i < 10 * window; i++) {
                hits += cache(i % window) ? 1 : 0;
            }
            EXPECT_EQ(hits, window <= 64 ? 9 * window : 0) << policy << ' ' << window;
        }
    }
}

} // namespace
