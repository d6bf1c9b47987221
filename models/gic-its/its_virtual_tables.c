/*
 * ITEs of virtual events, the vPE table of GITS_BASER2, its cache, and the part of a walk that goes to it.
 *
 * MSIs use and fill the cache. Commands that change an entry read it from memory, those that only speak to the vPE use
 * what is cached; either way the cache is dropped before such a change is visible.
 */
#include "models/gic-its/its_virtual_internal.h"

#define ITE_VIRTUAL  62, 1
#define ITE_VPE      46, 16
#define ITE_DOORBELL 23, 23
#define ITE_INTID    0, 23

bool its_virtual_is_ite(uint64_t word)
{
    return GIC_GET(word, ITE_VIRTUAL) != 0;
}

uint64_t its_virtual_encode_ite(const struct its_ite *ite)
{
    return GIC_MASK(ITE_VIRTUAL) | GIC_PUT(ite->vpe, ITE_VPE) | GIC_PUT(ite->doorbell, ITE_DOORBELL) |
           GIC_PUT(ite->intid, ITE_INTID);
}

struct its_ite its_virtual_decode_ite(uint64_t word)
{
    return (struct its_ite){
        .valid = word >> 63 != 0,
        .is_virtual = true,
        .intid = (uint32_t)GIC_GET(word, ITE_INTID),
        .vpe = (uint32_t)GIC_GET(word, ITE_VPE),
        .doorbell = (uint32_t)GIC_GET(word, ITE_DOORBELL),
    };
}

/** Memory that software has spoilt may name a redistributor that does not exist: that is no mapping. */
static struct vpe_entry decode(const struct its *its, uint64_t word0, uint64_t word1)
{
    struct vpe_entry entry = vpe_entry_decode(word0, word1);

    entry.valid = entry.valid && entry.target < its->config.redistributors;
    return entry;
}

static uint32_t high_index(const struct its *its, const struct gic_cache_entry *entry)
{
    return (uint32_t)(entry - its->vpe_cache.entries);
}

static void fill(struct its *its, uint32_t vpe, uint64_t word0, uint64_t word1)
{
    struct gic_cache_entry *entry;

    gic_cache_fill(&its->vpe_cache, vpe, vpe, word0);
    entry = gic_cache_find(&its->vpe_cache, vpe, vpe);
    if (entry != NULL) {
        its->vpe_cache_high[high_index(its, entry)] = word1;
    }
}

void its_virtual_forget(struct its *its, uint32_t vpe)
{
    gic_cache_drop(&its->vpe_cache, vpe, vpe);
}

bool its_virtual_find_cached(const struct its *its, struct its_cached *found)
{
    uint32_t vpe = found->ite.vpe;

    found->collection = gic_cache_find(&its->vpe_cache, vpe, vpe);
    if (found->collection == NULL || its_virtual_is_held(its, vpe, NULL)) {
        return false;
    }
    found->vpe_entry = decode(its, found->collection->value, its->vpe_cache_high[high_index(its, found->collection)]);
    found->target = found->vpe_entry.target;
    return found->vpe_entry.valid;
}

/* ---- The walk ---- */

uint32_t its_virtual_entry_bytes(const struct its_walk *walk)
{
    return walk->level == ITS_LEVEL_VPE ? GIC_VPE_ENTRY_BYTES : ITS_ENTRY_BYTES;
}

static void end_walk(struct its_walk *walk, enum its_outcome outcome)
{
    walk->state = ITS_WALK_DONE;
    walk->outcome = (uint8_t)outcome;
}

static void want(struct its_walk *walk, enum its_level level, uint64_t address)
{
    walk->state = ITS_WALK_ISSUE;
    walk->level = (uint8_t)level;
    walk->address = address;
}

static void found_address(struct its_walk *walk, uint64_t address)
{
    walk->vpe_address = address;
    if (walk->goal == ITS_GOAL_VPE_ADDRESS) {
        end_walk(walk, ITS_OUTCOME_OK);
    } else {
        want(walk, ITS_LEVEL_VPE, address);
    }
}

static void found_entry(struct its_walk *walk)
{
    end_walk(walk, walk->vpe_entry.valid ? ITS_OUTCOME_OK : ITS_OUTCOME_VPE_UNMAPPED);
}

static bool use_cached(struct its *its, struct its_walk *walk)
{
    struct gic_cache_entry *entry = gic_cache_find(&its->vpe_cache, walk->vpe, walk->vpe);

    if (entry == NULL) {
        its->vpe_cache.misses += walk->translation;
        return false;
    }
    if (walk->translation) {
        gic_cache_hit(&its->vpe_cache, entry);
    }
    walk->vpe_entry = decode(its, entry->value, its->vpe_cache_high[high_index(its, entry)]);
    found_entry(walk);
    return true;
}

void its_virtual_look_up(struct its *its, struct its_walk *walk, uint32_t vpe)
{
    const struct its_table *table = &its->vpe_table;
    bool changes = !walk->translation && (walk->goal == ITS_GOAL_VPE || walk->goal == ITS_GOAL_VPE_ADDRESS);

    walk->vpe = vpe;
    if (!table->valid) {
        end_walk(walk, ITS_OUTCOME_TABLE);
    } else if (vpe >= table->ids) {
        end_walk(walk, ITS_OUTCOME_VPE_RANGE);
    } else if (its_virtual_is_held(its, vpe, walk)) {
        walk->state = ITS_WALK_BLOCKED;
    } else {
        walk->vpe_bound = true;
        if (!changes && use_cached(its, walk)) {
            return;
        }
        if (table->indirect) {
            uint64_t index = ((uint64_t)vpe * GIC_VPE_ENTRY_BYTES) >> table->page_shift;

            want(walk, ITS_LEVEL_VPE_L1, table->address + index * ITS_ENTRY_BYTES);
        } else {
            found_address(walk, table->address + (uint64_t)vpe * GIC_VPE_ENTRY_BYTES);
        }
    }
}

void its_virtual_walk_start(struct its *its, struct its_walk *walk, uint32_t vpe, enum its_goal goal, bool translation)
{
    walk->goal = (uint8_t)goal;
    walk->translation = translation;
    walk->vpe_bound = false;
    its_virtual_look_up(its, walk, vpe);
}

void its_virtual_walk_take(struct its *its, struct its_walk *walk, uint64_t value, uint64_t high)
{
    uint64_t page_mask = ((uint64_t)1 << its->vpe_table.page_shift) - 1;
    uint64_t page = (value & GIC_MASK(GITS_L1_ADDRESS)) & ~page_mask;

    if (walk->level == ITS_LEVEL_VPE) {
        walk->vpe_entry = decode(its, value, high);
        if (walk->vpe_entry.valid && walk->translation) {
            fill(its, walk->vpe, value, high);
        }
        found_entry(walk);
    } else if (GIC_GET(value, GITS_L1_VALID) == 0) {
        end_walk(walk, ITS_OUTCOME_VPE_RANGE);
    } else {
        found_address(walk, page + ((uint64_t)walk->vpe * GIC_VPE_ENTRY_BYTES & page_mask));
    }
}
