/*
 * What the SMMU itself costs the host: the work of a translation, without the components around it (engine, channels,
 * memory, interconnect), which the whole-simulator benchmarks hold. Each line is one request; compare with
 * `lookup_base`, a random read of a table of the same size, in the same run.
 *
 *   tlb_hit_one_block    configuration cache, TLB, permissions, replacement: a hit of an SMMU in one block
 *   tlb_hit_micro        a TBU's micro TLB of 32 entries, full
 *   tlb_hit_tbu          a TBU's TLB of 2048 entries, 4 ways
 *   walk_four_levels     the translation machine over four descriptors, and the fill of the TLB
 *   walk_with_caches     the same, the level 2 descriptor from a walk cache: one descriptor
 */
#include "models/smmuv3/smmu_internal.h"
#include "sim/sim.h"

#include <benchmark/benchmark.h>
#include <random>
#include <vector>

namespace
{

constexpr uint64_t va_base = 0x40000000;
constexpr unsigned references = 4096;

/** A flat memory with one stage 1 of four levels that maps pages of 4 KiB in a row. */
class world
{
  public:
    explicit world(unsigned pages) : memory_(512 * (4 + pages / 512 + 1))
    {
        sim_config config = {};
        std::mt19937_64 random(1);

        sim_ = sim_create(&config);
        context.tag = 7;
        context.action = SMMU_ACTION_TRANSLATE;
        context.has_stage1 = true;
        context.input_bits = 48;
        context.stage1.half[0] = {0, 12, 48, 48, 0, false, false};
        context.stage1.absent[1] = true;
        stream = {};
        stream.sid = 0x10;
        memory_[0] = 0x1000 | 3;
        memory_[512 + (va_base >> 30 & 511)] = 0x2000 | 3;
        for (unsigned page = 0; page < pages; page++) {
            const uint64_t table = 3 + page / 512;

            memory_[1024 + page / 512] = table << 12 | 3;
            memory_[512 * table + page % 512] =
                0x80000000 + (uint64_t(page) << 12) + (1 << 11 | 1 << 10 | 3 << 8 | 1 << 6 | 3);
        }
        for (auto &address : addresses) {
            address = va_base + (random() % pages << 12);
        }
    }
    ~world()
    {
        sim_destroy(sim_);
    }
    world(const world &) = delete;
    world &operator=(const world &) = delete;

    uint64_t read(uint64_t address) const
    {
        return memory_[address / 8];
    }
    struct sim *sim()
    {
        return sim_;
    }

    smmu_context context = {};
    smmu_stream stream = {};
    std::vector<uint64_t> addresses = std::vector<uint64_t>(references);

  private:
    struct sim *sim_ = nullptr;
    std::vector<uint64_t> memory_;
};

void lookup_base(benchmark::State &state)
{
    const world w(512);
    std::vector<uint64_t> table(2048 * 5);
    size_t i = 0;

    for (auto _ : state) {
        const uint64_t address = w.addresses[i++ % references];

        benchmark::DoNotOptimize(table[(address >> 12) * 5 % table.size()]);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(lookup_base);

void tlb_hit_one_block(benchmark::State &state)
{
    world w(512);
    smmu_tlb tlb = {};
    smmu_config_cache configs = {};
    size_t i = 0;
    uint64_t sum = 0;

    smmu_tlb_init(&tlb, w.sim(), "tlb", 2048, 4, SMMU_POLICY_LRU);
    smmu_config_cache_init(&configs, w.sim(), "configs", 64, 4, SMMU_POLICY_LRU);
    smmu_config_cache_fill(&configs, &w.stream, &w.context);
    for (uint64_t page = 0; page < 512; page++) {
        smmu_tlb_fill(&tlb, w.context.tag, va_base + (page << 12), 12, false, page << 12 | 0x3ff, 0);
    }
    for (auto _ : state) {
        const uint64_t address = w.addresses[i++ % references];
        smmu_config_entry *config = smmu_config_cache_find(&configs, &w.stream);
        const uint64_t va = smmu_canonical_address(&config->context, address);
        smmu_tlb_entry *entry = smmu_tlb_find(&tlb, config->context.tag, va);

        if (entry == nullptr || !smmu_entry_permits(entry, SMMU_PERM_UR | SMMU_PERM_S2_R)) {
            state.SkipWithError("a miss");
            return;
        }
        smmu_config_cache_touch(&configs, config);
        smmu_tlb_touch(&tlb, entry);
        sum += smmu_tlb_output(entry, va);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(tlb_hit_one_block);

void tbu_hit(benchmark::State &state, const smmu_cache_config &shape, unsigned pages)
{
    world w(pages);
    smmu_tbu_tlb tlb = {};
    size_t i = 0;
    uint64_t sum = 0;

    smmu_tbu_tlb_init(&tlb, w.sim(), "tlb", &shape);
    for (uint64_t page = 0; page < pages; page++) {
        smmu_tbu_entry entry = {};

        entry.translation.tag = w.context.tag | UINT64_C(12) << SMMU_TAG_SIZE_SHIFT | SMMU_TAG_VALID;
        entry.translation.page = (va_base >> 12) + page;
        entry.translation.output = page << 12 | 0x3ff;
        smmu_tbu_tlb_fill(&tlb, &w.stream, &entry);
    }
    for (auto _ : state) {
        const uint64_t address = w.addresses[i++ % references];
        smmu_tbu_entry *entry = smmu_tbu_tlb_find(&tlb, &w.stream, address);

        if (entry == nullptr || !smmu_entry_permits(&entry->translation, SMMU_PERM_UR | SMMU_PERM_S2_R)) {
            state.SkipWithError("a miss");
            return;
        }
        smmu_tbu_tlb_touch(&tlb, entry);
        sum += smmu_tlb_output(&entry->translation, address);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations());
}

void tlb_hit_micro(benchmark::State &state)
{
    tbu_hit(state, {32, 32, SMMU_POLICY_PLRU, 1}, 32);
}
BENCHMARK(tlb_hit_micro);

void tlb_hit_tbu(benchmark::State &state)
{
    tbu_hit(state, {2048, 4, SMMU_POLICY_PLRU, 3}, 512);
}
BENCHMARK(tlb_hit_tbu);

/** Walks every page that is asked for. @param cached the level 2 descriptor comes from a walk cache */
void walk(benchmark::State &state, bool cached)
{
    world w(4096);
    smmu_tlb tlb = {};
    smmu_walk_cache cache = {};
    const smmu_cache_config shape = {256, 4, SMMU_POLICY_LRU, 4};
    size_t i = 0;

    smmu_tlb_init(&tlb, w.sim(), "tlb", 2048, 4, SMMU_POLICY_LRU);
    smmu_walk_cache_init(&cache, w.sim(), "walk-cache", &shape);
    for (auto _ : state) {
        const uint64_t address = w.addresses[i++ % references];
        const unsigned need = SMMU_PERM_UR | SMMU_PERM_S2_R;
        smmu_translation t;
        smmu_translation_step step = smmu_translation_begin(&t, &w.context, address, need, need);

        while (step == SMMU_TRANSLATION_LOOKUP || step == SMMU_TRANSLATION_READ) {
            if (step == SMMU_TRANSLATION_READ) {
                step = smmu_translation_take(&t, w.read(t.address));
                if (cached && (t.learnt & SMMU_LEARNT_TABLE1) != 0 && t.walk[0].at.level == 3) {
                    smmu_walk_cache_fill(&cache, t.context.tag, address, 21, &t.walk[0].at);
                }
                continue;
            }
            if (cached) {
                const smmu_table_point *point = smmu_walk_cache_use(&cache, t.context.tag, address, 21);

                if (point != nullptr) {
                    smmu_translation_use_table(&t, point);
                }
            }
            step = smmu_translation_proceed(&t);
        }
        if (step != SMMU_TRANSLATION_DONE) {
            state.SkipWithError("a fault");
            return;
        }
        smmu_tlb_fill(&tlb, t.context.tag, address, t.result.size, t.result.global,
                      t.result.output | t.result.permissions, t.result.attributes);
    }
    state.SetItemsProcessed(state.iterations());
}

void walk_four_levels(benchmark::State &state)
{
    walk(state, false);
}
BENCHMARK(walk_four_levels);

void walk_with_caches(benchmark::State &state)
{
    walk(state, true);
}
BENCHMARK(walk_with_caches);

} // namespace
