#include "models/smmuv3/tlb_internal.h"

#include "sim/sim.h"

#include <stddef.h>

/* A class number is 2 x (level - 1) + global. */
#define CLASS_LEVEL(class_) (1 + (class_) / 2)

static const uint64_t address_mask = (UINT64_C(1) << 56) - 1;

void smmu_tlb_init(struct smmu_tlb *tlb, struct sim *sim, uint32_t entries, uint32_t ways)
{
    tlb->entries = sim_alloc(sim, entries * sizeof(tlb->entries[0]));
    tlb->ways = ways;
    tlb->sets = entries / ways;
    tlb->set_mask = (tlb->sets & (tlb->sets - 1)) == 0 ? tlb->sets - 1 : 0;
    tlb->clock = 1;
}

static unsigned class_of(unsigned level, bool global)
{
    return 2 * (level - 1) + (global ? 1 : 0);
}

static uint64_t entry_tag(uint64_t tag, unsigned level, bool global)
{
    const uint64_t context = global ? (tag & ~SMMU_TAG_ASID_MASK) | SMMU_TAG_GLOBAL : tag;

    return context | (uint64_t)level << SMMU_TAG_LEVEL_SHIFT | SMMU_TAG_VALID;
}

/* First entry of the set of a page. @p tag is an entry's: its ASID is 0 if it is global. */
static struct smmu_tlb_entry *set_of(const struct smmu_tlb *tlb, uint64_t page, uint64_t tag)
{
    const uint64_t key = page + (tag & SMMU_TAG_ASID_MASK);
    const uint64_t set = tlb->set_mask != 0 || tlb->sets == 1 ? key & tlb->set_mask : key % tlb->sets;

    return &tlb->entries[set * tlb->ways];
}

struct smmu_tlb_entry *smmu_tlb_find(struct smmu_tlb *tlb, uint64_t tag, uint64_t va)
{
    uint32_t classes = tlb->classes;

    while (classes != 0) {
        const unsigned class_ = (unsigned)__builtin_ctz(classes);
        const unsigned level = CLASS_LEVEL(class_);
        const uint64_t page = va >> smmu_level_shift(level);
        const uint64_t wanted = entry_tag(tag, level, (class_ & 1) != 0);
        struct smmu_tlb_entry *set = set_of(tlb, page, wanted);

        for (uint32_t way = 0; way < tlb->ways; way++) {
            if (set[way].tag == wanted && set[way].page == page) {
                return &set[way];
            }
        }
        classes &= classes - 1;
    }
    return NULL;
}

static void count_class(struct smmu_tlb *tlb, uint64_t tag, bool more)
{
    const unsigned level = (unsigned)((tag & SMMU_TAG_LEVEL_MASK) >> SMMU_TAG_LEVEL_SHIFT);
    const unsigned class_ = class_of(level, (tag & SMMU_TAG_GLOBAL) != 0);

    if (more) {
        tlb->count[class_]++;
        tlb->classes |= 1u << class_;
    } else if (--tlb->count[class_] == 0) {
        tlb->classes &= ~(1u << class_);
    }
}

static void drop_entry(struct smmu_tlb *tlb, struct smmu_tlb_entry *entry)
{
    count_class(tlb, entry->tag, false);
    entry->tag = 0;
    entry->used = 0;
}

void smmu_tlb_fill(struct smmu_tlb *tlb, uint64_t tag, uint64_t va, unsigned level, bool global, uint64_t output)
{
    const uint64_t page = va >> smmu_level_shift(level);
    const uint64_t new_tag = entry_tag(tag, level, global);
    struct smmu_tlb_entry *set = set_of(tlb, page, new_tag);
    struct smmu_tlb_entry *victim = &set[0];

    for (uint32_t way = 0; way < tlb->ways; way++) {
        /* Two walks can end in one block mapping: the second refreshes the entry of the first. */
        if (set[way].tag == new_tag && set[way].page == page) {
            victim = &set[way];
            break;
        }
        if (set[way].used < victim->used) {
            victim = &set[way];
        }
    }
    if (victim->tag != 0) {
        drop_entry(tlb, victim);
    }
    victim->tag = new_tag;
    victim->page = page;
    victim->output = output;
    victim->used = tlb->clock++;
    count_class(tlb, new_tag, true);
}

bool smmu_tlb_scope_covers(const struct smmu_tlb_scope *scope, uint64_t tag, bool global, uint64_t va, unsigned level)
{
    const uint64_t mask = global ? scope->mask & ~SMMU_TAG_ASID_MASK : scope->mask;
    const uint64_t bytes = UINT64_C(1) << smmu_level_shift(level);
    const uint64_t start = va & address_mask & ~(bytes - 1);

    if (((tag ^ scope->tag) & mask) != 0 || (global && scope->spares_globals)) {
        return false;
    }
    /* The top byte is left out: where it is ignored (TBI), software may put anything there. */
    return !scope->by_address ||
           (start <= (scope->last & address_mask) && start + (bytes - 1) >= (scope->first & address_mask));
}

static void invalidate_entry(struct smmu_tlb *tlb, struct smmu_tlb_entry *entry, const struct smmu_tlb_scope *scope)
{
    const unsigned level = (unsigned)((entry->tag & SMMU_TAG_LEVEL_MASK) >> SMMU_TAG_LEVEL_SHIFT);

    if (entry->tag != 0 && smmu_tlb_scope_covers(scope, entry->tag, (entry->tag & SMMU_TAG_GLOBAL) != 0,
                                                 entry->page << smmu_level_shift(level), level)) {
        drop_entry(tlb, entry);
    }
}

uint32_t smmu_tlb_invalidate_sets(const struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    uint64_t pages;

    if (!scope->by_address || (scope->mask & SMMU_TAG_ASID_MASK) == 0) {
        return tlb->sets;
    }
    pages = ((scope->last - scope->first) >> smmu_level_shift(3)) + 1;
    return pages < tlb->sets / SMMU_TLB_CLASSES ? (uint32_t)pages * SMMU_TLB_CLASSES : tlb->sets;
}

/* The sets where translations of one 4 KiB page of one address space can be. */
static void invalidate_page(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope, uint64_t va)
{
    /* Entries hold canonical addresses: bits 63:56 repeat bit 55. */
    const uint64_t canonical = (va & UINT64_C(1) << 55) != 0 ? va | ~address_mask : va & address_mask;

    for (unsigned class_ = 0; class_ < SMMU_TLB_CLASSES; class_++) {
        const unsigned level = CLASS_LEVEL(class_);
        struct smmu_tlb_entry *set =
            set_of(tlb, canonical >> smmu_level_shift(level), entry_tag(scope->tag, level, (class_ & 1) != 0));

        for (uint32_t way = 0; way < tlb->ways; way++) {
            invalidate_entry(tlb, &set[way], scope);
        }
    }
}

void smmu_tlb_invalidate(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    if (tlb->classes == 0) {
        return;
    }
    if (smmu_tlb_invalidate_sets(tlb, scope) < tlb->sets) {
        const uint64_t pages = ((scope->last - scope->first) >> smmu_level_shift(3)) + 1;

        for (uint64_t i = 0; i < pages; i++) {
            invalidate_page(tlb, scope, scope->first + (i << smmu_level_shift(3)));
        }
        return;
    }
    for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++) {
        invalidate_entry(tlb, &tlb->entries[i], scope);
    }
}
