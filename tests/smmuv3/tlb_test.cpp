#include "models/smmuv3/tlb_internal.h"
#include "sim/sim.h"

#include "gtest/gtest.h"

#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace
{

struct Translation {
    uint64_t asid;
    uint64_t va;
    unsigned level;
    bool global;
    uint64_t output;
};

class Tlb : public testing::Test
{
  protected:
    Tlb()
    {
        sim_config config = {};

        sim_ = sim_create(&config);
    }
    ~Tlb() override
    {
        sim_destroy(sim_);
    }
    smmu_tlb make(uint32_t entries, uint32_t ways, smmu_policy policy = SMMU_POLICY_LRU)
    {
        smmu_tlb tlb = {};

        smmu_tlb_init(&tlb, sim_, "tlb", entries, ways, policy);
        return tlb;
    }
    static void fill(smmu_tlb *tlb, const Translation &t)
    {
        smmu_tlb_fill(tlb, t.asid, t.va, 12 + 9 * (3 - t.level), t.global, t.output, 0);
    }
    /** Looks up and, on a hit, uses. */
    static bool use(smmu_tlb *tlb, uint64_t tag, uint64_t va)
    {
        smmu_tlb_entry *entry = smmu_tlb_find(tlb, tag, va);

        if (entry != nullptr) {
            smmu_tlb_touch(tlb, entry);
        }
        return entry != nullptr;
    }

    struct sim *sim_;
};

TEST_F(Tlb, LargePageIsFoundByEveryAddressInIt)
{
    smmu_tlb tlb = make(64, 4);

    fill(&tlb, {5, 0x40000000, 2, false, 0x80000000});
    for (uint64_t offset = 0; offset < 0x200000; offset += 0x1000) {
        smmu_tlb_entry *entry = smmu_tlb_find(&tlb, 5, 0x40000000 + offset);

        ASSERT_NE(entry, nullptr) << offset;
        EXPECT_EQ(smmu_tlb_output(entry, 0x40000000 + offset + 0x123), 0x80000000 + offset + 0x123);
    }
    EXPECT_EQ(smmu_tlb_find(&tlb, 5, 0x40200000), nullptr);
    EXPECT_EQ(smmu_tlb_find(&tlb, 5, 0x3ffff000), nullptr);
    EXPECT_EQ(smmu_tlb_find(&tlb, 6, 0x40000000), nullptr) << "another ASID";
}

TEST_F(Tlb, GlobalEntryServesEveryAsidButNotEveryWorld)
{
    smmu_tlb tlb = make(64, 4);

    fill(&tlb, {5, 0x7000, 3, true, 0x9000});
    EXPECT_NE(smmu_tlb_find(&tlb, 5, 0x7000), nullptr);
    EXPECT_NE(smmu_tlb_find(&tlb, 1234, 0x7000), nullptr);
    EXPECT_EQ(smmu_tlb_find(&tlb, 5 | UINT64_C(1) << SMMU_TAG_WORLD_SHIFT, 0x7000), nullptr);
    EXPECT_EQ(smmu_tlb_find(&tlb, 5 | UINT64_C(1) << SMMU_TAG_VMID_SHIFT, 0x7000), nullptr);
}

TEST_F(Tlb, SameTranslationTwiceTakesOneEntry)
{
    smmu_tlb tlb = make(4, 4);

    for (int i = 0; i < 10; i++) {
        fill(&tlb, {1, 0x200000, 2, false, 0x400000});
    }
    fill(&tlb, {1, 0x1000, 3, false, 0x1000});
    fill(&tlb, {1, 0x2000, 3, false, 0x2000});
    fill(&tlb, {1, 0x3000, 3, false, 0x3000});
    EXPECT_NE(smmu_tlb_find(&tlb, 1, 0x200000), nullptr) << "evicted, although four translations fit";
}

TEST_F(Tlb, ReplacesTheLeastRecentlyUsed)
{
    smmu_tlb tlb = make(4, 4);

    for (uint64_t page = 1; page <= 4; page++) {
        fill(&tlb, {1, page << 12, 3, false, page << 12});
    }
    EXPECT_TRUE(use(&tlb, 1, 1 << 12));
    fill(&tlb, {1, 5 << 12, 3, false, 5 << 12});
    EXPECT_EQ(smmu_tlb_find(&tlb, 1, 2 << 12), nullptr);
    EXPECT_NE(smmu_tlb_find(&tlb, 1, 1 << 12), nullptr);
    EXPECT_NE(smmu_tlb_find(&tlb, 1, 3 << 12), nullptr);
}

/* Closed form Q19: a cyclic scan of more pages than entries never hits under LRU, of as many always after the first. */
TEST_F(Tlb, CyclicScanHitsAllOrNothing)
{
    for (uint64_t pages : {128u, 129u}) {
        smmu_tlb tlb = make(128, 128);
        uint64_t hits = 0;

        for (int round = 0; round < 10; round++) {
            for (uint64_t page = 0; page < pages; page++) {
                if (use(&tlb, 1, page << 12)) {
                    hits++;
                } else {
                    fill(&tlb, {1, page << 12, 3, false, page << 12});
                }
            }
        }
        EXPECT_EQ(hits, pages == 128 ? 9 * 128u : 0u);
    }
}

/* Closed form Q18: uniform references to W pages of which occ lie in each set: h = sum of min(ways, occ) / W. */
TEST_F(Tlb, HitRateUnderSetAssociativity)
{
    for (uint64_t pages : {96u, 256u, 1000u}) {
        for (uint32_t entries : {128u, 384u}) {
            smmu_tlb tlb = make(entries, 4);
            const uint64_t sets = entries / 4;
            std::vector<uint64_t> occupancy(sets);
            std::mt19937_64 random(7);
            uint64_t hits = 0;
            double expected = 0;
            const int warm = 20000;
            const int count = 400000;

            for (uint64_t page = 0; page < pages; page++) {
                occupancy[page % sets]++;
            }
            for (uint64_t occ : occupancy) {
                expected += static_cast<double>(occ < 4 ? occ : 4) / static_cast<double>(pages);
            }
            for (int i = 0; i < warm + count; i++) {
                const uint64_t va = (random() % pages) << 12;

                if (use(&tlb, 0, va)) {
                    hits += i >= warm;
                } else {
                    fill(&tlb, {0, va, 3, false, va});
                }
            }
            EXPECT_NEAR(static_cast<double>(hits) / count, expected, 0.005) << pages << " pages, " << entries;
        }
    }
}

/* Whether an invalidation covers a translation, said in another way: byte ranges and sets of ASIDs. */
bool covers(const smmu_tlb_scope &scope, const Translation &t)
{
    const uint64_t size = t.level == 3 ? 0x1000 : t.level == 2 ? 0x200000 : 0x40000000;
    const bool asid_matters = (scope.mask & 0xffff) != 0 && !t.global;

    if (t.global && scope.spares_globals) {
        return false;
    }
    if (asid_matters && (scope.tag & 0xffff) != t.asid) {
        return false;
    }
    if (!scope.by_address) {
        return true;
    }
    for (uint64_t va = t.va / size * size; va < t.va / size * size + size; va += 0x1000) {
        if (va >= scope.first / 0x1000 * 0x1000 && va <= scope.last) {
            return true;
        }
    }
    return false;
}

TEST_F(Tlb, InvalidationDropsExactlyWhatItCovers)
{
    std::mt19937_64 random(11);

    for (int round = 0; round < 300; round++) {
        /* Large enough that hardly anything is evicted; what is not there before is not looked at. */
        smmu_tlb tlb = make(round % 2 != 0 ? 1024 : 768, 8);
        std::map<std::tuple<uint64_t, uint64_t, unsigned, bool>, Translation> all;
        smmu_tlb_scope scope = {};

        for (int i = 0; i < 120; i++) {
            const uint64_t asid = random() % 3 + 1;
            const bool global = random() % 4 == 0;
            const uint64_t choice = random() % 8;
            /* Levels live in separate gigabytes, so that an address has one translation. */
            Translation t = {asid, (random() % 64) << 12, 3, global, 0x100000};

            if (choice == 0) {
                t = {asid, UINT64_C(0x80000000) + ((random() % 4) << 21), 2, global, 0x200000};
            } else if (choice == 1) {
                t = {asid, UINT64_C(0xc0000000), 1, global, 0x40000000};
            }
            if (!all.emplace(std::make_tuple(global ? 0 : asid, t.va, t.level, global), t).second) {
                continue;
            }
            fill(&tlb, t);
        }
        if (random() % 2 != 0) {
            scope.tag = random() % 3 + 1;
            scope.mask = SMMU_TAG_ASID_MASK;
            scope.spares_globals = random() % 2 != 0;
        }
        if (random() % 3 != 0) {
            const uint64_t bases[] = {(random() % 64) << 12, UINT64_C(0x80000000) + ((random() % 2048) << 12),
                                      UINT64_C(0xc0000000) + ((random() % 262144) << 12)};

            scope.by_address = true;
            scope.first = bases[random() % 3];
            scope.last = scope.first + ((random() % 40 + 1) << 12) - 1;
        }
        std::vector<std::pair<Translation, bool>> before;
        for (const auto &item : all) {
            const Translation &t = item.second;
            smmu_tlb_entry *entry = smmu_tlb_find(&tlb, t.asid, t.va);
            /* A lookup may find the global or the other translation of that address: this one only if it says so. */
            const bool there = entry != nullptr && ((entry->tag & SMMU_TAG_GLOBAL) != 0) == t.global;

            before.emplace_back(t, there);
        }
        EXPECT_LE(smmu_tlb_invalidate_sets(&tlb, &scope), tlb.sets);
        smmu_tlb_invalidate(&tlb, &scope);
        for (const auto &item : before) {
            const Translation &t = item.first;
            smmu_tlb_entry *entry = smmu_tlb_find(&tlb, t.asid, t.va);
            const bool there = entry != nullptr && ((entry->tag & SMMU_TAG_GLOBAL) != 0) == t.global;

            if (item.second) {
                EXPECT_EQ(there, !covers(scope, t))
                    << "round " << round << " va " << std::hex << t.va << " asid " << t.asid << " level " << t.level;
            }
        }
    }
}

TEST_F(Tlb, InvalidatesTheUpperHalfAndIgnoresTheTopByte)
{
    smmu_tlb tlb = make(64, 4);
    smmu_tlb_scope scope = {};

    fill(&tlb, {1, UINT64_C(0xffff000000005000), 3, false, 0x5000});
    fill(&tlb, {1, 0x5000, 3, false, 0x5000});
    scope.by_address = true;
    scope.tag = 1;
    scope.mask = SMMU_TAG_ASID_MASK;
    scope.first = UINT64_C(0x00ff000000005000);
    scope.last = scope.first + 0xfff;
    smmu_tlb_invalidate(&tlb, &scope);
    EXPECT_EQ(smmu_tlb_find(&tlb, 1, UINT64_C(0xffff000000005000)), nullptr);
    EXPECT_NE(smmu_tlb_find(&tlb, 1, 0x5000), nullptr);
}

} // namespace
