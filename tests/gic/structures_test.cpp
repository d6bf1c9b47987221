// The cache and the set of pending LPIs against simple references.
#include "models/gic-its/cache_internal.h"
#include "models/gic-its/lpi_set_internal.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <set>

namespace
{

TEST(GicCache, GeometryIsChecked)
{
    struct sim *sim = support::create(support::engines()[0]);
    gic_cache cache = {};

    EXPECT_FALSE(gic_cache_create(sim, &cache, 3, 2));
    EXPECT_FALSE(gic_cache_create(sim, &cache, 12, 2));
    EXPECT_FALSE(gic_cache_create(sim, &cache, 8, 0));
    EXPECT_FALSE(gic_cache_create(sim, &cache, 34, 17));
    EXPECT_TRUE(gic_cache_create(sim, &cache, 12, 3));
    EXPECT_TRUE(gic_cache_create(sim, &cache, 0, 2));
    sim_destroy(sim);
}

TEST(GicCache, IsLruInEverySet)
{
    struct sim *sim = support::create(support::engines()[0]);

    for (uint32_t ways : {1u, 2u, 4u}) {
        gic_cache cache = {};
        std::map<uint32_t, std::list<uint64_t>> reference; // by set, most recently used first
        struct sim_random random;
        const uint32_t entries = 16;
        const uint32_t sets = entries / ways;

        ASSERT_TRUE(gic_cache_create(sim, &cache, entries, ways));
        sim_random_init(&random, ways, "cache");
        for (int i = 0; i < 20000; i++) {
            uint64_t key = sim_random_below(&random, 48);
            uint32_t index = static_cast<uint32_t>(key * 7);
            auto &set = reference[index % sets];
            bool known = std::find(set.begin(), set.end(), key) != set.end();
            gic_cache_entry *entry = gic_cache_find(&cache, index, key);

            ASSERT_EQ(entry != nullptr, known) << "step " << i;
            switch (sim_random_below(&random, 16)) {
            case 0:
                gic_cache_drop(&cache, index, key);
                set.remove(key);
                break;
            case 1:
                // A look without use must not change the order.
                break;
            default:
                if (entry != nullptr) {
                    ASSERT_EQ(entry->value, key * 3);
                    gic_cache_hit(&cache, entry);
                } else {
                    gic_cache_fill(&cache, index, key, key * 3);
                }
                set.remove(key);
                set.push_front(key);
                if (set.size() > ways) {
                    set.pop_back();
                }
                break;
            }
        }
        gic_cache_drop_matching(&cache, 1, 1);
        for (uint64_t key = 0; key < 48; key++) {
            const auto &set = reference[static_cast<uint32_t>(key * 7) % sets];
            bool known = key % 2 == 0 && std::find(set.begin(), set.end(), key) != set.end();

            EXPECT_EQ(gic_cache_find(&cache, static_cast<uint32_t>(key * 7), key) != nullptr, known);
        }
    }
    sim_destroy(sim);
}

TEST(LpiSet, AgainstSets)
{
    struct sim *sim = support::create(support::engines()[0]);
    struct Reference {
        bool enabled = false;
        uint8_t priority = 0;
        sim_packet *packet = nullptr;
    };

    for (uint32_t spread : {40u, 8192u, 57344u}) {
        lpi_set set = {};
        std::map<uint32_t, Reference> pending;
        std::map<uint32_t, sim_packet *> parked;
        struct sim_random random;

        lpi_set_create(sim, &set, 57344);
        sim_random_init(&random, spread, "lpis");
        for (int i = 0; i < 40000; i++) {
            uint32_t lpi = static_cast<uint32_t>(sim_random_below(&random, spread));
            auto known = pending.find(lpi);

            ASSERT_EQ(lpi_set_is_pending(&set, lpi), known != pending.end());
            if (parked.count(lpi) != 0) {
                ASSERT_TRUE(lpi_set_has_parked(&set, lpi));
                ASSERT_EQ(lpi_set_unpark(&set, lpi), parked[lpi]);
                parked.erase(lpi);
            } else if (known == pending.end()) {
                ASSERT_EQ(lpi_set_unpark(&set, lpi), nullptr);
                auto *packet = reinterpret_cast<sim_packet *>(static_cast<uintptr_t>(lpi) * 8 + 8);

                lpi_set_add(&set, lpi, packet);
                pending[lpi].packet = packet;
            } else if (sim_random_below(&random, 3) == 0) {
                if (sim_random_below(&random, 4) == 0) {
                    ASSERT_TRUE(lpi_set_park(&set, lpi));
                    parked[lpi] = known->second.packet;
                } else {
                    ASSERT_EQ(lpi_set_remove(&set, lpi), known->second.packet);
                }
                pending.erase(known);
            } else {
                known->second.enabled = sim_random_below(&random, 3) != 0;
                known->second.priority = static_cast<uint8_t>(sim_random_below(&random, 64) * 4);
                lpi_set_configure(&set, lpi, known->second.enabled, known->second.priority);
            }
            ASSERT_EQ(set.pending, pending.size());
            uint32_t from = static_cast<uint32_t>(sim_random_below(&random, 57344 + 10));
            auto after = pending.lower_bound(from);
            ASSERT_EQ(lpi_set_next(&set, from), after == pending.end() ? LPI_NONE : after->first);
            if (i % 16 != 0) {
                continue;
            }
            std::pair<uint32_t, uint32_t> best = {256, LPI_NONE};
            for (const auto &one : pending) {
                if (one.second.enabled) {
                    best = std::min(best, {one.second.priority, one.first});
                }
            }
            ASSERT_EQ(lpi_set_best(&set), best.second);
            if (best.second != LPI_NONE) {
                ASSERT_EQ(lpi_set_best_priority(&set), best.first);
            }
        }
        EXPECT_GT(pending.size(), 10u);
        // Blocks are for what is pending or parked, and come back: never more than there were at once.
        uint32_t in_use = 0;
        for (uint32_t i = 0; i < set.count / LPI_BLOCK; i++) {
            in_use += set.directory[i] != nullptr;
        }
        EXPECT_LE(in_use, set.block_count);
        for (const auto &one : parked) {
            ASSERT_EQ(lpi_set_unpark(&set, one.first), one.second);
        }
        while (set.pending > 0) {
            lpi_set_remove(&set, lpi_set_next(&set, 0));
        }
        for (uint32_t i = 0; i < set.count / LPI_BLOCK; i++) {
            ASSERT_EQ(set.directory[i], nullptr);
        }
    }
    sim_destroy(sim);
}

} // namespace
