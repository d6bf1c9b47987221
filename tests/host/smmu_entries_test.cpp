/*
 * Changing stream table entries and context descriptors under traffic: how many invalidations each change takes (the
 * numbers are those of the Linux driver's own tests), and that the SMMU never sees anything but old and new.
 */
#include "host/smmu_entries.h"

#include "tests/smmuv3/smmu_system.h"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace
{

using smmu_test::Cd;
using smmu_test::cfgi_cd;
using smmu_test::cfgi_ste;
using smmu_test::Event;
using smmu_test::Outcome;
using smmu_test::set_bits;
using smmu_test::Ste;
using smmu_test::System;
using smmu_test::TxnResult;
using Entry = std::array<uint64_t, SMMU_ENTRY_WORDS>;

smmu_rewrite plan_of(smmu_entry_kind kind, const Entry &current, const Entry &target)
{
    smmu_rewrite plan;

    smmu_rewrite_plan(kind, current.data(), target.data(), &plan);
    return plan;
}

/* Entries as drivers build them. Attributes are the incoming ones (SHCFG 1) wherever they matter. */

Entry abort_ste()
{
    Entry entry = {};

    set_bits(entry.data(), 0, 1, 1);
    return entry;
}

Entry bypass_ste()
{
    Entry entry = abort_ste();

    set_bits(entry.data(), 1, 3, 4);
    set_bits(entry.data(), 108, 2, 1);
    return entry;
}

/** Stage 1 with a table of CDs. @param dss S1DSS: 1 bypass, 2 CD 0 */
Entry table_ste(uint64_t cds, unsigned dss = 2)
{
    Entry entry = abort_ste();

    set_bits(entry.data(), 1, 3, 5);
    entry[0] |= cds;
    set_bits(entry.data(), 59, 5, 2);
    set_bits(entry.data(), 64, 2, dss);
    set_bits(entry.data(), 66, 6, 0x35); /* S1CIR, S1COR, S1CSH */
    set_bits(entry.data(), 92, 2, 1);    /* EATS */
    if (dss == 1) {
        set_bits(entry.data(), 108, 2, 1);
    }
    return entry;
}

Entry stage2_ste(uint64_t table)
{
    Entry entry = abort_ste();

    set_bits(entry.data(), 1, 3, 6);
    set_bits(entry.data(), 108, 2, 1);
    set_bits(entry.data(), 92, 2, 1);   /* EATS */
    set_bits(entry.data(), 128, 16, 2); /* S2VMID */
    set_bits(entry.data(), 160, 6, 25); /* S2T0SZ */
    set_bits(entry.data(), 166, 2, 1);  /* S2SL0 */
    set_bits(entry.data(), 168, 6, 0x35);
    set_bits(entry.data(), 176, 3, 2); /* S2PS */
    set_bits(entry.data(), 179, 1, 1); /* S2AA64 */
    set_bits(entry.data(), 186, 1, 1); /* S2R */
    entry[3] = table;
    return entry;
}

constexpr uint64_t table_a = 0x10000000;
constexpr uint64_t table_b = 0x10010000;

struct Case {
    const char *name;
    Entry from;
    Entry to;
    unsigned syncs;
    bool hitless;
};

std::vector<Case> ste_cases()
{
    Entry moved = table_ste(table_b, 1);

    return {
        {"bypass to abort", bypass_ste(), abort_ste(), 2, true},
        {"abort to bypass", abort_ste(), bypass_ste(), 2, true},
        {"table to abort", table_ste(table_a), abort_ste(), 2, true},
        {"abort to table", abort_ste(), table_ste(table_a), 2, true},
        {"table to bypass", table_ste(table_a), bypass_ste(), 3, true},
        {"bypass to table", bypass_ste(), table_ste(table_a), 3, true},
        {"S1DSS to bypass", table_ste(table_a), table_ste(table_a, 1), 1, true},
        {"S1DSS from bypass", table_ste(table_a, 1), table_ste(table_a), 1, true},
        {"S1DSS bypass to bypass", table_ste(table_a, 1), bypass_ste(), 2, true},
        {"bypass to S1DSS bypass", bypass_ste(), table_ste(table_a, 1), 2, true},
        {"stage 2 to abort", stage2_ste(table_a), abort_ste(), 2, true},
        {"abort to stage 2", abort_ste(), stage2_ste(table_a), 2, true},
        {"stage 2 to bypass", stage2_ste(table_a), bypass_ste(), 2, true},
        {"bypass to stage 2", bypass_ste(), stage2_ste(table_a), 2, true},
        {"stage 1 to stage 2", table_ste(table_a), stage2_ste(table_b), 3, true},
        {"stage 2 to stage 1", stage2_ste(table_b), table_ste(table_a), 3, true},
        {"table and S1DSS at once", table_ste(table_a), moved, 3, false},
        {"nothing", bypass_ste(), bypass_ste(), 0, true},
    };
}

std::vector<Case> cd_cases()
{
    Cd cd;
    Cd other;
    Cd released;

    cd.ttb0 = table_a;
    other = cd;
    other.asid = 9;
    released = cd;
    released.epd0 = 1; /* what a process that ends leaves: no table, but still valid */
    released.ttb0 = 0;
    return {
        {"CD installed", {}, cd.words(), 2, false},
        {"CD cleared", cd.words(), {}, 2, false},
        {"ASID changed", cd.words(), other.words(), 1, true},
        {"table released", cd.words(), released.words(), 2, true},
        {"released one cleared", released.words(), {}, 2, false},
    };
}

TEST(SmmuEntries, ChangesTakeAsManyInvalidationsAsLinuxNeeds)
{
    for (const Case &test : ste_cases()) {
        const smmu_rewrite plan = plan_of(SMMU_ENTRY_STE, test.from, test.to);

        EXPECT_EQ(plan.count, test.syncs) << test.name;
        EXPECT_EQ(plan.hitless, test.hitless) << test.name;
    }
    for (const Case &test : cd_cases()) {
        const smmu_rewrite plan = plan_of(SMMU_ENTRY_CD, test.from, test.to);

        EXPECT_EQ(plan.count, test.syncs) << test.name;
        EXPECT_EQ(plan.hitless, test.hitless) << test.name;
    }
}

/** Whether an entry is another in all bits that its own configuration uses. */
bool is_like(const Entry &entry, const Entry &other, smmu_entry_kind kind)
{
    Entry used;

    smmu_entry_used(kind, entry.data(), used.data());
    for (size_t i = 0; i < entry.size(); i++) {
        if (((entry[i] ^ other[i]) & used[i]) != 0) {
            return false;
        }
    }
    return true;
}

TEST(SmmuEntries, AnyTwoEntriesOfRandomBitsAreOldOrNewOrInvalidAfterEveryWord)
{
    std::mt19937_64 random(1);
    size_t hitless = 0;

    for (int round = 0; round < 20000; round++) {
        const smmu_entry_kind kind = round % 2 == 0 ? SMMU_ENTRY_STE : SMMU_ENTRY_CD;
        const uint64_t valid = kind == SMMU_ENTRY_STE ? 1 : UINT64_C(1) << 31;
        Entry from;
        Entry to;
        Entry now;

        for (size_t i = 0; i < from.size(); i++) {
            from[i] = random();
            to[i] = random() % 3 == 0 ? random() : from[i];
        }
        now = from;
        const smmu_rewrite plan = plan_of(kind, from, to);
        hitless += plan.hitless;
        for (unsigned step = 0; step < plan.count; step++) {
            std::array<size_t, SMMU_ENTRY_WORDS> order = {0, 1, 2, 3, 4, 5, 6, 7};

            std::shuffle(order.begin(), order.end(), random);
            for (const size_t word : order) {
                now[word] = plan.steps[step][word];
                const bool invalid = (now[0] & valid) == 0;

                ASSERT_TRUE(is_like(now, from, kind) || is_like(now, to, kind) || (invalid && !plan.hitless))
                    << "round " << round << ", step " << step << ", word " << word;
            }
        }
        EXPECT_EQ(now, to);
    }
    EXPECT_GT(hitless, 1000U);
}

/** What one write of StreamID 0x10 comes to, and the events of it. */
struct Seen {
    Outcome outcome;
    uint64_t pa;
    std::vector<unsigned> events;

    bool operator==(const Seen &other) const
    {
        return outcome == other.outcome && pa == other.pa && events == other.events;
    }
};

/** An SMMU with two stage-1 tables, each of which maps the same address elsewhere, and a stage-2 table. */
class Traffic
{
  public:
    explicit Traffic(System &system) : system_(system)
    {
        system.enable();
        for (unsigned i = 0; i < 2; i++) {
            Cd cd;

            cd.ttb0 = system.make_table();
            cd.asid = 7 + i;
            system.map(cd.ttb0, address, 0x80000000 + 0x1000000 * i);
            cds_[i] = system.make_cd_table(4);
            system.set_cd(cds_[i], 0, cd);
        }
        stage2_ = system.allocate(0x2000, 0x2000);
        system.map_any(stage2_, 12, 39, 1, address, 0x84000000, 0x7fc | UINT64_C(1) << 10, 12);
    }

    void write(const Entry &entry)
    {
        system_.put(system_.stream_table + 64 * 0x10, entry.data(), entry.size());
    }

    void write_word(size_t word, uint64_t value)
    {
        system_.put(system_.stream_table + 64 * 0x10 + 8 * word, &value, 1);
    }

    /** The SMMU reads the entry anew, and translations that belong to another configuration are not kept. */
    Seen look()
    {
        Seen seen = {Outcome::pending, 0, {}};

        system_.command(cfgi_ste(0x10), 1);
        system_.command(0x30, 0, true); /* TLBI_NSNH_ALL: each look starts from the entry alone */
        const TxnResult result = system_.txn({0x10, -1, address, 'R'});
        seen.outcome = result.outcome;
        seen.pa = result.outcome == Outcome::ok ? result.pa : 0;
        for (const Event &event : system_.events()) {
            seen.events.push_back(event.type());
        }
        return seen;
    }

    Entry entry(const std::string &kind) const
    {
        if (kind == "abort") {
            return abort_ste();
        }
        if (kind == "bypass") {
            return bypass_ste();
        }
        if (kind == "stage2") {
            return stage2_ste(stage2_);
        }
        return table_ste(cds_[kind[5] - 'a'], kind.size() > 6 ? 1 : 2);
    }

  private:
    static constexpr uint64_t address = 0x40001000;

    System &system_;
    std::array<uint64_t, 2> cds_;
    uint64_t stage2_ = 0;
};

TEST(SmmuEntries, TheSmmuSeesOldOrNewBetweenAnyTwoWords)
{
    const std::vector<std::string> kinds = {"abort", "bypass", "tablea", "tablea+", "tableb", "tableb+", "stage2"};
    const support::Engine engine = {"native", SIM_ENGINE_NATIVE, false, 0};
    System system(engine, [](smmu_config &config) { config.features.stage2 = true; });
    Traffic traffic(system);
    std::mt19937_64 random(3);
    std::vector<Seen> distinct;

    for (const std::string &from : kinds) {
        for (const std::string &to : kinds) {
            const smmu_rewrite plan = plan_of(SMMU_ENTRY_STE, traffic.entry(from), traffic.entry(to));

            traffic.write(traffic.entry(to));
            const Seen after = traffic.look();
            traffic.write(traffic.entry(from));
            const Seen before = traffic.look();
            for (unsigned step = 0; step < plan.count; step++) {
                std::array<size_t, SMMU_ENTRY_WORDS> order = {0, 1, 2, 3, 4, 5, 6, 7};

                std::shuffle(order.begin(), order.end(), random);
                for (const size_t word : order) {
                    traffic.write_word(word, plan.steps[step][word]);
                    const Seen now = traffic.look();
                    const bool invalid = now.outcome == Outcome::abort && now.events == std::vector<unsigned>{4};

                    ASSERT_TRUE(now == before || now == after || (invalid && !plan.hitless))
                        << from << " to " << to << ", step " << step << ", word " << word;
                }
            }
            EXPECT_TRUE(traffic.look() == after) << from << " to " << to;
            if (std::find(distinct.begin(), distinct.end(), after) == distinct.end()) {
                distinct.push_back(after);
            }
        }
    }
    EXPECT_GE(distinct.size(), 5U); /* else old and new could not be told apart */
}

} // namespace
