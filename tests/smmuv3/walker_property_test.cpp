/*
 * The translation machine against an independent, straightforward one over random tables: all granules, both stages
 * and both together, block and contiguous mappings, 52-bit addresses, small tables, both byte orders, hardware updates.
 */
#include "models/smmuv3/translation_internal.h"
#include "tests/smmuv3/oracle.h"
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

namespace
{

using smmu_test::set_bits;

struct Dice {
    std::mt19937_64 engine;

    uint64_t number(uint64_t below)
    {
        return engine() % below;
    }
    bool chance(unsigned percent)
    {
        return number(100) < percent;
    }
};

/** A word that is often a descriptor that leads on. @param good percent of words that are not spoilt */
uint64_t random_word(Dice &dice, unsigned good)
{
    uint64_t word = dice.number(16) << 28 | dice.number(16) << 16;

    word |= dice.chance(good) ? 1 : 0;
    word |= dice.chance(80) ? 2 : 0;
    word |= dice.number(16) << 2;
    word |= dice.chance(good) ? 1 << 6 : 0;
    word |= dice.chance(50) ? 1 << 7 : 0;
    word |= dice.chance(good) ? 1 << 10 : 0;
    word |= dice.chance(50) ? UINT64_C(1) << 51 : 0;
    word |= dice.chance(20) ? UINT64_C(1) << 52 : 0;
    word |= dice.chance(20) ? dice.number(4) << 53 : 0;
    word |= dice.chance(10) ? dice.number(16) << 59 : 0;
    word |= dice.chance(100 - good) ? dice.number(16) << 44 : 0;
    word |= dice.chance(100 - good) ? dice.number(16) << 12 : 0;
    word |= dice.chance(100 - good) ? dice.number(4) << 8 : 0;
    return dice.chance(100 - good) ? word | UINT64_C(1) << 48 : word;
}

/** One random set-up: words for the model, parameters for the oracle. */
class Choice
{
  public:
    explicit Choice(uint64_t seed) : dice{std::mt19937_64(seed)}
    {
        static const unsigned sizes[] = {32, 36, 40, 42, 44, 48, 52};

        smmu_features_defaults(&features);
        features.output_address_bits = sizes[dice.number(7)];
        features.substream_id_bits = 16;
        features.endian = SMMU_TTENDIAN_MIXED;
        features.va52 = dice.chance(70);
        features.ds = features.va52 && features.output_address_bits == 52;
        features.stt = dice.chance(50);
        features.xnx = dice.chance(50);
        nested = dice.chance(50);
        with1 = nested || dice.chance(50);
        with2 = nested || !with1;
        el2 = with1 && !with2 && dice.chance(20);
        make_ste();
        make_cd();
    }

    /** The model's context of it. */
    smmu_context context()
    {
        const smmu_stream stream = {0x10, 0, false, false};
        const smmu_ste decoded = smmu_ste_decode(ste);
        smmu_context result = {};
        smmu_fault fault = {};
        uint64_t address = 0;
        smmu_lookup lookup = smmu_context_start(&decoded, &stream, &features, false, &result, &address, &fault);

        EXPECT_NE(lookup, SMMU_LOOKUP_FAULT) << unsigned{fault.type};
        if (with1) {
            EXPECT_EQ(lookup, SMMU_LOOKUP_READ);
            EXPECT_EQ(smmu_context_finish(&decoded, cd, &features, &result, &fault), SMMU_LOOKUP_DONE);
        }
        EXPECT_EQ(result.has_stage1, with1);
        EXPECT_EQ(result.has_stage2, with2);
        return result;
    }

    uint64_t random_input()
    {
        const unsigned width = with1 ? s1.half[0].bits : s2.tables.bits;
        uint64_t input = dice.engine() & ((UINT64_C(1) << width) - 1);

        if (dice.chance(50)) {
            input &= UINT64_C(0xfff) << dice.number(width);
        }
        if (with1 && !el2 && dice.chance(50)) {
            input = ~(dice.engine() & ((UINT64_C(1) << s1.half[1].bits) - 1));
        }
        return dice.chance(3) ? input ^ UINT64_C(1) << dice.number(64) : input;
    }

    Dice dice;
    smmu_features features = {};
    bool nested;
    bool with1;
    bool with2;
    bool el2;
    uint64_t ste[8] = {};
    uint64_t cd[8] = {};
    oracle::Stage1 s1;
    oracle::Stage2 s2;

  private:
    static unsigned encode(unsigned granule)
    {
        return granule == 12 ? 0 : granule == 16 ? 1 : 2;
    }

    /** Aligned to any first table that there can be. */
    uint64_t random_base(unsigned out_bits)
    {
        return (dice.number(15) + 1) << 28 & ((UINT64_C(1) << out_bits) - 1);
    }

    void choose_output(oracle::Tables &t, unsigned field)
    {
        static const unsigned sizes[] = {32, 36, 40, 42, 44, 48, 52, 52};
        t.out_bits = std::min(sizes[field], features.output_address_bits);
    }

    void make_ste()
    {
        const unsigned ps = static_cast<unsigned>(dice.number(8));
        const bool ds = features.ds && dice.chance(50);
        oracle::Tables &t = s2.tables;

        set_bits(ste, 0, 1, 1);
        set_bits(ste, 1, 3, 4 | (with2 ? 2 : 0) | (with1 ? 1 : 0));
        set_bits(ste, 94, 2, el2 ? 2 : 0);
        set_bits(ste, 128, 16, dice.number(65536));
        if (!with2) {
            return;
        }
        t.granule = 12 + 2 * static_cast<unsigned>(dice.number(3));
        choose_output(t, ps);
        t.wide = t.granule == 16 ? features.output_address_bits == 52 : ds;
        choose_start(t, ds);
        t.big_endian = dice.chance(30);
        t.af_ignored = dice.chance(20);
        t.ha = dice.chance(50);
        t.hd = t.ha && dice.chance(50);
        t.base = random_base(t.out_bits);
        s2.ptw = dice.chance(20);
        s2.xnx = features.xnx;
        set_bits(ste, 174, 2, encode(t.granule));
        set_bits(ste, 176, 3, ps);
        set_bits(ste, 179, 1, 1);
        set_bits(ste, 180, 1, t.big_endian);
        set_bits(ste, 181, 1, t.af_ignored);
        set_bits(ste, 182, 1, s2.ptw);
        set_bits(ste, 183, 1, t.hd);
        set_bits(ste, 184, 1, t.ha);
        set_bits(ste, 186, 1, 1);
        set_bits(ste, 195, 1, ds);
        set_bits(ste, 196, 48, t.base >> 4);
    }

    /** Start level, input size and SL0 that go together, by trying until they do. */
    void choose_start(oracle::Tables &t, bool ds)
    {
        struct Row {
            unsigned granule;
            int level;
            unsigned sl;          /**< SL2:SL0 */
            unsigned least, most; /**< input bits */
            unsigned oas;         /**< needed */
            bool needs_ds, needs_stt;
        };
        static const Row rows[] = {
            {12, 3, 3, 16, 25, 0, false, true},  {12, 2, 0, 22, 34, 0, false, false},
            {12, 1, 1, 31, 43, 0, false, false}, {12, 0, 2, 40, 52, 44, false, false},
            {12, -1, 4, 49, 52, 0, true, false}, {14, 3, 0, 15, 29, 0, false, false},
            {14, 2, 1, 26, 40, 0, false, false}, {14, 1, 2, 37, 51, 42, false, false},
            {14, 0, 3, 48, 52, 0, true, false},  {16, 3, 0, 17, 33, 0, false, false},
            {16, 2, 1, 30, 46, 0, false, false}, {16, 1, 2, 43, 52, 44, false, false},
        };
        const unsigned narrowest = features.stt ? (t.granule == 16 ? 17 : 16) : 25;
        const unsigned widest = std::min(t.granule == 16 || ds ? 52u : 48u, features.output_address_bits);

        for (;;) {
            const Row &row = rows[dice.number(sizeof(rows) / sizeof(rows[0]))];
            const unsigned least = std::max(row.least, narrowest);
            const unsigned most = std::min(row.most, widest);

            if (row.granule == t.granule && least <= most && features.output_address_bits >= row.oas &&
                (ds || !row.needs_ds) && (features.stt || !row.needs_stt)) {
                t.start = row.level;
                t.bits = least + static_cast<unsigned>(dice.number(most - least + 1));
                set_bits(ste, 160, 6, 64 - t.bits);
                set_bits(ste, 166, 2, row.sl & 3);
                set_bits(ste, 194, 1, row.sl >> 2);
                return;
            }
        }
    }

    void make_cd()
    {
        static const unsigned tg1[] = {2, 3, 1};
        const unsigned ips = static_cast<unsigned>(dice.number(8));
        const bool ds = features.ds && dice.chance(50);

        if (!with1) {
            return;
        }
        s1.el2 = el2;
        s1.wxn = dice.chance(30);
        s1.pan = dice.chance(30);
        for (unsigned half = 0; half < 2; half++) {
            oracle::Tables &t = s1.half[half];
            const unsigned place = half == 0 ? 0 : 16;

            t.granule = 12 + 2 * static_cast<unsigned>(dice.number(3));
            choose_output(t, ips);
            t.wide = t.granule == 16 ? features.output_address_bits == 52 : ds;
            const unsigned widest = features.va52 && (t.granule == 16 || ds) ? 52 : 48;
            const unsigned narrowest = features.stt ? (t.granule == 16 ? 17 : 16) : 25;
            t.bits = narrowest + static_cast<unsigned>(dice.number(widest - narrowest + 1));
            t.start = first_level(t);
            t.big_endian = half == 0 ? dice.chance(30) : s1.half[0].big_endian;
            t.af_ignored = half == 0 ? dice.chance(20) : s1.half[0].af_ignored;
            t.ha = half == 0 ? dice.chance(50) : s1.half[0].ha;
            t.hd = half == 0 ? t.ha && dice.chance(50) : s1.half[0].hd;
            t.base = random_base(t.out_bits);
            s1.disabled[half] = !el2 && dice.chance(5);
            s1.had[half] = dice.chance(20);
            set_bits(cd, place, 6, 64 - t.bits);
            set_bits(cd, place + 6, 2, half == 0 ? encode(t.granule) : tg1[encode(t.granule)]);
            set_bits(cd, half == 0 ? 14 : 30, 1, s1.disabled[half]);
            set_bits(cd, half == 0 ? 65 : 129, 1, s1.had[half]);
            set_bits(cd, half == 0 ? 68 : 132, 48, t.base >> 4);
        }
        set_bits(cd, 15, 1, s1.half[0].big_endian);
        set_bits(cd, 31, 1, 1);
        set_bits(cd, 32, 3, ips);
        set_bits(cd, 35, 1, s1.half[0].af_ignored);
        set_bits(cd, 36, 1, s1.wxn);
        set_bits(cd, 40, 1, s1.pan);
        set_bits(cd, 41, 1, 1);
        set_bits(cd, 42, 1, s1.half[0].hd);
        set_bits(cd, 43, 1, s1.half[0].ha);
        set_bits(cd, 45, 2, 3);
        set_bits(cd, 48, 16, dice.number(65536));
        set_bits(cd, 186, 1, ds);
    }

    static int first_level(const oracle::Tables &t)
    {
        const std::map<unsigned, std::vector<std::pair<int, unsigned>>> levels = {
            {12, {{-1, 48}, {0, 39}, {1, 30}, {2, 21}, {3, 12}}},
            {14, {{0, 47}, {1, 36}, {2, 25}, {3, 14}}},
            {16, {{1, 42}, {2, 29}, {3, 16}}}};

        for (const auto &level : levels.at(t.granule)) {
            if (level.second < t.bits) {
                return level.first;
            }
        }
        return 3;
    }
};

/** Runs the model's machine over a memory. */
oracle::Outcome run(const smmu_context &context, uint64_t input, unsigned need, oracle::Memory &memory)
{
    smmu_translation t;
    smmu_translation_step step = smmu_translation_begin(&t, &context, input, need, need);
    oracle::Outcome outcome;

    for (unsigned i = 0; i < 200; i++) {
        if (step == SMMU_TRANSLATION_LOOKUP) {
            step = smmu_translation_proceed(&t);
        } else if (step == SMMU_TRANSLATION_READ) {
            step = smmu_translation_take(&t, memory.read(t.address));
        } else if (step == SMMU_TRANSLATION_UPDATE) {
            const uint64_t old = memory.read(t.address);

            if (old == t.expected) {
                memory.write(t.address, t.desired);
            }
            step = smmu_translation_updated(&t, old);
        } else {
            break;
        }
    }
    EXPECT_TRUE(step == SMMU_TRANSLATION_DONE || step == SMMU_TRANSLATION_FAULT);
    if (step == SMMU_TRANSLATION_FAULT) {
        outcome.fault = t.fault.type;
        outcome.s2 = t.fault.stage2;
        outcome.cls = t.fault.class_;
        outcome.ipa = t.fault.ipa;
        outcome.table_write = t.fault.table_write;
    } else {
        outcome.size = t.result.size;
        outcome.pa = t.result.output | (input & ((UINT64_C(1) << t.result.size) - 1));
        EXPECT_EQ(need & ~unsigned{t.result.permissions}, 0u);
    }
    return outcome;
}

std::string describe(const oracle::Outcome &o)
{
    char text[160];

    snprintf(text, sizeof(text), "fault %#x s2 %d class %u ipa %#llx write %d pa %#llx size %u", o.fault, o.s2, o.cls,
             static_cast<unsigned long long>(o.ipa), o.table_write, static_cast<unsigned long long>(o.pa), o.size);
    return text;
}

TEST(WalkerProperty, AgreesWithAStraightforwardOne)
{
    std::map<unsigned, unsigned> outcomes;
    unsigned updates = 0;
    unsigned nested_successes = 0;

    for (uint64_t seed = 1; seed <= 20000 && !HasFailure(); seed++) {
        Choice choice(seed);
        const smmu_context context = choice.context();
        const unsigned good = choice.dice.chance(50) ? 99 : 80;
        const uint64_t salt = choice.dice.engine();
        oracle::Memory ours;
        oracle::Memory theirs;

        ours.make = theirs.make = [&](uint64_t address) {
            Dice dice{std::mt19937_64(address * 0x9e3779b97f4a7c15 ^ salt)};
            return random_word(dice, good);
        };
        for (unsigned i = 0; i < 8; i++) {
            const uint64_t input = choice.random_input();
            const oracle::Access access = {"RWX"[choice.dice.number(3)], choice.dice.chance(50)};
            const unsigned need = smmu_access_need(access.op == 'W', access.op == 'X', access.priv);
            const oracle::Outcome expected =
                oracle::translate(theirs, choice.with1 ? &choice.s1 : nullptr, choice.with2 ? &choice.s2 : nullptr,
                                  input, access, choice.features.output_address_bits);
            const oracle::Outcome got = run(context, input, need, ours);

            ASSERT_TRUE(got == expected) << "seed " << seed << " input " << std::hex << input << " " << access.op
                                         << access.priv << "\n got " << describe(got) << "\n want "
                                         << describe(expected);
            ASSERT_EQ(ours.writes, theirs.writes) << "seed " << seed;
            outcomes[got.fault]++;
            nested_successes += got.fault == 0 && choice.nested;
        }
        updates += static_cast<unsigned>(ours.writes.size());
    }
    /* The comparison is worth something only if all kinds of outcomes came up. */
    for (unsigned fault : {0u, 0x10u, 0x11u, 0x12u, 0x13u}) {
        EXPECT_GT(outcomes[fault], 1000u) << std::hex << fault;
    }
    EXPECT_GT(updates, 1500u);
    EXPECT_GT(nested_successes, 1000u);
}

/* Somebody else changes a descriptor between the walk's read and its update: what is there then is what counts. */
TEST(WalkerProperty, AnUpdateThatLosesTheRaceLooksAgain)
{
    smmu_context context = {};

    context.action = SMMU_ACTION_TRANSLATE;
    context.has_stage1 = true;
    context.stage1.half[0] = {0x10000000, 12, 39, 48, 1, false, false};
    context.stage1.absent[1] = true;
    context.stage1.update_access = true;
    const uint64_t table = UINT64_C(0x20000003);
    const uint64_t page = UINT64_C(0x80001003) | 1 << 6;
    smmu_translation t;
    smmu_translation_step step = smmu_translation_begin(&t, &context, 0x1000, 0, 0);

    ASSERT_EQ(step, SMMU_TRANSLATION_LOOKUP);
    ASSERT_EQ(smmu_translation_proceed(&t), SMMU_TRANSLATION_READ);
    EXPECT_EQ(t.address, 0x10000000u);
    ASSERT_EQ(smmu_translation_take(&t, table), SMMU_TRANSLATION_READ);
    EXPECT_EQ(t.learnt, SMMU_LEARNT_TABLE1);
    ASSERT_EQ(smmu_translation_take(&t, table), SMMU_TRANSLATION_READ);
    EXPECT_EQ(t.address, 0x20000008u);
    ASSERT_EQ(smmu_translation_take(&t, page), SMMU_TRANSLATION_UPDATE);
    EXPECT_EQ(t.expected, page);
    EXPECT_EQ(t.desired, page | 1 << 10);
    /* It was moved to another page: that one's access flag has to be set. */
    ASSERT_EQ(smmu_translation_updated(&t, page + 0x5000), SMMU_TRANSLATION_UPDATE);
    EXPECT_EQ(t.expected, page + 0x5000);
    /* It was unmapped. */
    ASSERT_EQ(smmu_translation_updated(&t, 0), SMMU_TRANSLATION_FAULT);
    EXPECT_EQ(t.fault.type, SMMU_F_TRANSLATION);
}

} // namespace
