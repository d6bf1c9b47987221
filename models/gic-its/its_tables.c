/*
 * The tables of an ITS: where GITS_BASERn puts them, what their entries hold, and the walk through them.
 *
 * The formats are this model's own (the architecture leaves them to the implementation), 8 bytes each, little-endian:
 *
 *   DTE   63 Valid | 62:58 EventID bits - 1 | 51:8 ITT address 51:8
 *   ITE   63 Valid | 62 0 | 47:32 ICID | 31:0 pINTID
 *         63 Valid | 62 1 | 61:46 vPEID | 45:23 doorbell | 22:0 vINTID (virtual events)
 *   CTE   63 Valid | 15:0 Processor_Number of the redistributor
 *
 * Level 1 entries of an indirect device table have the architected format. All-zero entries are invalid, so zeroed
 * memory is an empty table.
 */
#include "models/gic-its/its_virtual_internal.h"

#define DTE_VALID      63, 1
#define DTE_EVENT_BITS 58, 5
#define DTE_ITT        8, 44

#define ITE_VALID      63, 1
#define ITE_COLLECTION 32, 16
#define ITE_INTID      0, 32

#define CTE_VALID  63, 1
#define CTE_TARGET 0, 16

uint64_t its_encode_dte(const struct its_dte *dte)
{
    if (!dte->valid) {
        return 0;
    }
    return GIC_MASK(DTE_VALID) | GIC_PUT(dte->event_bits - 1u, DTE_EVENT_BITS) | (dte->itt_address & GIC_MASK(DTE_ITT));
}

static struct its_dte decode_dte(uint64_t word)
{
    return (struct its_dte){
        .valid = GIC_GET(word, DTE_VALID) != 0,
        .event_bits = (uint8_t)(GIC_GET(word, DTE_EVENT_BITS) + 1),
        .itt_address = word & GIC_MASK(DTE_ITT),
    };
}

uint64_t its_encode_ite(const struct its_ite *ite)
{
    if (!ite->valid) {
        return 0;
    }
    if (ite->is_virtual) {
        return GIC_MASK(ITE_VALID) | its_virtual_encode_ite(ite);
    }
    return GIC_MASK(ITE_VALID) | GIC_PUT(ite->collection, ITE_COLLECTION) | GIC_PUT(ite->intid, ITE_INTID);
}

static struct its_ite decode_ite(uint64_t word)
{
    if (SIM_SELDOM(its_virtual_is_ite(word))) {
        return its_virtual_decode_ite(word);
    }
    return (struct its_ite){
        .valid = GIC_GET(word, ITE_VALID) != 0,
        .intid = (uint32_t)GIC_GET(word, ITE_INTID),
        .collection = (uint32_t)GIC_GET(word, ITE_COLLECTION),
    };
}

uint64_t its_encode_cte(const struct its_cte *cte)
{
    return cte->valid ? GIC_MASK(CTE_VALID) | GIC_PUT(cte->target, CTE_TARGET) : 0;
}

/** Memory that software has spoilt may name a redistributor that does not exist: that is no mapping. */
static struct its_cte decode_cte(const struct its *its, uint64_t word)
{
    uint32_t target = (uint32_t)GIC_GET(word, CTE_TARGET);

    return (struct its_cte){
        .valid = GIC_GET(word, CTE_VALID) != 0 && target < its->config.redistributors,
        .target = target,
    };
}

void its_decode_baser(struct its_table *table, uint64_t baser, uint32_t id_bits, uint32_t entry_bytes)
{
    uint64_t bytes;
    uint64_t entries;

    table->valid = GIC_GET(baser, GITS_BASER_VALID) != 0;
    table->indirect = GIC_GET(baser, GITS_BASER_INDIRECT) != 0;
    table->page_shift = (uint8_t)(12 + 2 * GIC_GET(baser, GITS_BASER_PAGE_SIZE));
    table->address = baser & GIC_MASK(GITS_BASER_ADDRESS);
    if (table->page_shift == 16) {
        table->address &= ~GIC_MASK(GITS_BASER_ADDRESS_HIGH);
        table->address |= GIC_GET(baser, GITS_BASER_ADDRESS_HIGH) << 48;
    }
    table->address &= ~(((uint64_t)1 << table->page_shift) - 1);
    bytes = (GIC_GET(baser, GITS_BASER_SIZE) + 1) << table->page_shift;
    entries = bytes / (table->indirect ? ITS_ENTRY_BYTES : entry_bytes);
    table->ids = table->indirect ? entries * (((uint64_t)1 << table->page_shift) / entry_bytes) : entries;
    if (table->ids > (uint64_t)1 << id_bits) {
        table->ids = (uint64_t)1 << id_bits;
    }
}

uint64_t its_cte_address(const struct its *its, uint32_t collection)
{
    return its->collection_table.address + (uint64_t)collection * ITS_ENTRY_BYTES;
}

uint32_t its_find_target(const struct its *its, uint64_t rdbase)
{
    uint64_t address = rdbase << 16;
    uint64_t number = rdbase;

    if (its->config.physical_targets) {
        if (address < its->config.redistributor_base ||
            (address - its->config.redistributor_base) % its->config.redistributor_stride != 0) {
            return UINT32_MAX;
        }
        number = (address - its->config.redistributor_base) / its->config.redistributor_stride;
    }
    return number < its->config.redistributors ? (uint32_t)number : UINT32_MAX;
}

/* ---- The walk: each function goes on until it needs memory or is done ---- */

static void end_walk(struct its_walk *walk, enum its_outcome outcome)
{
    walk->state = ITS_WALK_DONE;
    walk->outcome = (uint8_t)outcome;
}

static void want_entry(struct its_walk *walk, enum its_level level, uint64_t address)
{
    walk->state = ITS_WALK_ISSUE;
    walk->level = (uint8_t)level;
    walk->address = address;
}

static void found_collection(struct its_walk *walk)
{
    end_walk(walk, walk->cte.valid ? ITS_OUTCOME_OK : ITS_OUTCOME_COLLECTION_UNMAPPED);
}

static void look_up_collection(struct its *its, struct its_walk *walk)
{
    uint32_t collection = walk->ite.collection;
    uint64_t count = its_collection_count(its);
    struct gic_cache_entry *entry;

    if (count == 0) {
        end_walk(walk, ITS_OUTCOME_TABLE);
        return;
    }
    if (collection >= count) {
        end_walk(walk, ITS_OUTCOME_COLLECTION_RANGE);
        return;
    }
    if (its_collections_on_chip(its)) {
        walk->cte = its->chip_collections[collection];
        found_collection(walk);
        return;
    }
    entry = gic_cache_find(&its->collection_cache, collection, collection);
    if (entry == NULL) {
        its->collection_cache.misses += walk->translation;
        want_entry(walk, ITS_LEVEL_COLLECTION, its_cte_address(its, collection));
        return;
    }
    if (walk->translation) {
        gic_cache_hit(&its->collection_cache, entry);
    }
    walk->cte = decode_cte(its, entry->value);
    found_collection(walk);
}

static void found_event(struct its *its, struct its_walk *walk)
{
    if (!walk->ite.valid) {
        end_walk(walk, ITS_OUTCOME_EVENT_UNMAPPED);
    } else if (walk->goal == ITS_GOAL_EVENT) {
        end_walk(walk, ITS_OUTCOME_OK);
    } else if (walk->ite.is_virtual) {
        its_virtual_look_up(its, walk, walk->ite.vpe);
    } else {
        look_up_collection(its, walk);
    }
}

static void found_device(struct its_walk *walk)
{
    if (!walk->dte.valid) {
        end_walk(walk, ITS_OUTCOME_DEVICE_UNMAPPED);
    } else if (walk->goal == ITS_GOAL_DEVICE) {
        end_walk(walk, ITS_OUTCOME_OK);
    } else if (walk->dte.event_bits < 32 && walk->event >> walk->dte.event_bits != 0) {
        end_walk(walk, ITS_OUTCOME_EVENT_RANGE);
    } else {
        walk->ite_address = walk->dte.itt_address + (uint64_t)walk->event * ITS_ENTRY_BYTES;
        want_entry(walk, ITS_LEVEL_EVENT, walk->ite_address);
    }
}

static void found_dte_address(struct its_walk *walk, uint64_t address)
{
    walk->dte_address = address;
    if (walk->goal == ITS_GOAL_DEVICE_ADDRESS) {
        end_walk(walk, ITS_OUTCOME_OK);
    } else {
        want_entry(walk, ITS_LEVEL_DEVICE, address);
    }
}

static void look_up_device(struct its *its, struct its_walk *walk)
{
    const struct its_table *table = &its->device_table;
    struct gic_cache_entry *entry = NULL;

    if (!table->valid) {
        end_walk(walk, ITS_OUTCOME_TABLE);
        return;
    }
    if (walk->device >= table->ids) {
        end_walk(walk, ITS_OUTCOME_DEVICE_RANGE);
        return;
    }
    if (walk->goal != ITS_GOAL_DEVICE_ADDRESS) {
        entry = gic_cache_find(&its->device_cache, its_device_index(walk->device), walk->device);
    }
    if (entry != NULL) {
        if (walk->translation) {
            gic_cache_hit(&its->device_cache, entry);
        }
        walk->dte = decode_dte(entry->value);
        found_device(walk);
        return;
    }
    its->device_cache.misses += walk->translation;
    if (table->indirect) {
        uint64_t index = walk->device >> (table->page_shift - 3u);

        want_entry(walk, ITS_LEVEL_DEVICE_L1, table->address + index * ITS_ENTRY_BYTES);
    } else {
        found_dte_address(walk, table->address + (uint64_t)walk->device * ITS_ENTRY_BYTES);
    }
}

/** A level 1 entry names the page of level 2 entries. */
static void found_page(const struct its *its, struct its_walk *walk, uint64_t word)
{
    uint32_t page_shift = its->device_table.page_shift;
    uint64_t page_mask = ((uint64_t)1 << page_shift) - 1;
    uint64_t page = (word & GIC_MASK(GITS_L1_ADDRESS)) & ~page_mask;

    if (GIC_GET(word, GITS_L1_VALID) == 0) {
        end_walk(walk, ITS_OUTCOME_DEVICE_RANGE);
    } else {
        found_dte_address(walk, page + ((uint64_t)walk->device * ITS_ENTRY_BYTES & page_mask));
    }
}

void its_walk_start(struct its *its, struct its_walk *walk, uint32_t device, uint32_t event, enum its_goal goal,
                    bool translation)
{
    struct gic_cache_entry *entry;

    walk->goal = (uint8_t)goal;
    walk->translation = translation;
    walk->vpe_bound = false;
    walk->device = device;
    walk->event = event;
    if (translation) {
        entry = gic_cache_find(&its->event_cache, its_event_index(device, event), its_event_key(device, event));
        if (entry != NULL) {
            gic_cache_hit(&its->event_cache, entry);
            walk->ite = decode_ite(entry->value);
            found_event(its, walk);
            return;
        }
        its->event_cache.misses++;
    }
    /* Commands change ITEs, so they need the entry's address and always read it from memory. */
    look_up_device(its, walk);
}

bool its_find_cached(const struct its *its, uint32_t device, uint32_t event, struct its_cached *found)
{
    found->event = gic_cache_find(&its->event_cache, its_event_index(device, event), its_event_key(device, event));
    if (found->event == NULL) {
        return false;
    }
    found->ite = decode_ite(found->event->value);
    if (SIM_SELDOM(found->ite.is_virtual)) {
        return its_virtual_find_cached(its, found);
    }
    found->collection = gic_cache_find(&its->collection_cache, found->ite.collection, found->ite.collection);
    if (found->collection == NULL || its_collections_on_chip(its)) {
        return false;
    }
    found->target = decode_cte(its, found->collection->value).target;
    return true;
}

void its_walk_collection(struct its *its, struct its_walk *walk, uint32_t collection)
{
    walk->goal = ITS_GOAL_COLLECTION;
    walk->translation = false;
    walk->vpe_bound = false;
    walk->ite.collection = collection;
    look_up_collection(its, walk);
}

static void take_device(struct its *its, struct its_walk *walk, uint64_t value)
{
    walk->dte = decode_dte(value);
    if (walk->dte.valid && walk->translation) {
        gic_cache_fill(&its->device_cache, its_device_index(walk->device), walk->device, value);
    }
    found_device(walk);
}

static void take_event(struct its *its, struct its_walk *walk, uint64_t value)
{
    walk->ite = decode_ite(value);
    if (walk->ite.valid && walk->translation) {
        gic_cache_fill(&its->event_cache, its_event_index(walk->device, walk->event),
                       its_event_key(walk->device, walk->event), value);
    }
    found_event(its, walk);
}

void its_walk_take(struct its *its, struct its_walk *walk, bool ok, uint64_t value, uint64_t high)
{
    if (!ok) {
        end_walk(walk, ITS_OUTCOME_MEMORY);
        return;
    }
    switch (walk->level) {
    case ITS_LEVEL_DEVICE_L1:
        found_page(its, walk, value);
        break;
    case ITS_LEVEL_DEVICE:
        take_device(its, walk, value);
        break;
    case ITS_LEVEL_EVENT:
        take_event(its, walk, value);
        break;
    case ITS_LEVEL_VPE_L1:
    case ITS_LEVEL_VPE:
        its_virtual_walk_take(its, walk, value, high);
        break;
    default:
        walk->cte = decode_cte(its, value);
        if (walk->cte.valid && walk->translation) {
            gic_cache_fill(&its->collection_cache, walk->ite.collection, walk->ite.collection, value);
        }
        found_collection(walk);
        break;
    }
}
