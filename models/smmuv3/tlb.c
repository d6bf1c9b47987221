#include "models/smmuv3/tlb_internal.h"

#include "sim/sim.h"

#include <stddef.h>

static const uint64_t address_mask = (UINT64_C(1) << 56) - 1;

void smmu_tlb_init(struct smmu_tlb *tlb, struct sim *sim, const char *name, uint32_t entries, uint32_t ways,
                   enum smmu_policy policy)
{
    tlb->entries = entries > 0 ? sim_alloc(sim, entries * sizeof(tlb->entries[0])) : NULL;
    tlb->ways = ways;
    tlb->sets = entries > 0 ? entries / ways : 0;
    tlb->set_mask = tlb->sets > 0 && (tlb->sets & (tlb->sets - 1)) == 0 ? tlb->sets - 1 : 0;
    smmu_replacement_init(&tlb->replacement, sim, name, policy, tlb->sets, ways);
}

SIM_APART struct smmu_tlb_entry *smmu_tlb_find_further(struct smmu_tlb *tlb, uint64_t tag, uint64_t va)
{
    uint64_t sizes[2] = {tlb->sizes[0] & (tlb->sizes[0] - 1), tlb->sizes[1]};

    for (unsigned global = 0; global <= 1; global++) {
        for (uint64_t rest = sizes[global]; rest != 0; rest &= rest - 1) {
            struct smmu_tlb_entry *entry = smmu_tlb_probe(tlb, tag, va, (unsigned)__builtin_ctzll(rest), global != 0);

            if (entry != NULL) {
                return entry;
            }
        }
    }
    return NULL;
}

static void count_entry(struct smmu_tlb *tlb, const struct smmu_tlb_entry *entry, bool more)
{
    const unsigned size = smmu_tlb_size(entry);
    const bool global = (entry->tag & SMMU_TAG_GLOBAL) != 0;

    if (more) {
        tlb->count[global][size]++;
        tlb->sizes[global] |= UINT64_C(1) << size;
    } else if (--tlb->count[global][size] == 0) {
        tlb->sizes[global] &= ~(UINT64_C(1) << size);
    }
}

static void drop_entry(struct smmu_tlb *tlb, struct smmu_tlb_entry *entry)
{
    count_entry(tlb, entry, false);
    entry->tag = 0;
    entry->used = 0;
}

void smmu_tlb_fill(struct smmu_tlb *tlb, uint64_t tag, uint64_t va, unsigned size, bool global, uint64_t output,
                   uint64_t intermediate)
{
    const uint64_t page = va >> size;
    const uint64_t new_tag = smmu_tlb_entry_tag(tag, size, global);
    struct smmu_tlb_entry *set;
    struct smmu_tlb_entry *victim = NULL;

    if (tlb->sets == 0) {
        return;
    }
    set = smmu_tlb_set(tlb, page, new_tag);
    for (uint32_t way = 0; way < tlb->ways && victim == NULL; way++) {
        /* Two walks can end in one block mapping: the second refreshes the entry of the first. */
        if (set[way].tag == new_tag && set[way].page == page) {
            victim = &set[way];
        }
    }
    if (victim == NULL) {
        const size_t number = (size_t)(set - tlb->entries) / tlb->ways;

        victim = &set[smmu_replacement_choose(&tlb->replacement, number, &set->used, sizeof(*set))];
    }
    if (victim->tag != 0) {
        drop_entry(tlb, victim);
    }
    victim->tag = new_tag;
    victim->page = page;
    victim->output = output;
    victim->intermediate = intermediate;
    smmu_replacement_fill(&tlb->replacement, (size_t)(victim - tlb->entries), &victim->used);
    count_entry(tlb, victim, true);
}

bool smmu_tlb_scope_covers(const struct smmu_tlb_scope *scope, uint64_t tag, bool global, uint64_t va, unsigned size)
{
    const uint64_t mask = global ? scope->mask & ~SMMU_TAG_ASID_MASK : scope->mask;
    const uint64_t bytes = UINT64_C(1) << size;
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
    const unsigned size = smmu_tlb_size(entry);

    if (entry->tag != 0 &&
        smmu_tlb_scope_covers(scope, entry->tag, (entry->tag & SMMU_TAG_GLOBAL) != 0, entry->page << size, size)) {
        drop_entry(tlb, entry);
    }
}

/* Sets in which translations of one page of one address space can be: at least those of one granule's three sizes. */
static uint32_t sets_of_page(const struct smmu_tlb *tlb)
{
    const unsigned kinds = (unsigned)(__builtin_popcountll(tlb->sizes[0]) + __builtin_popcountll(tlb->sizes[1]));

    return kinds > 6 ? kinds : 6;
}

/* Pages of the smallest size that a scope by address covers. */
static uint64_t pages_of(const struct smmu_tlb_scope *scope)
{
    return ((scope->last - scope->first) >> 12) + 1;
}

uint32_t smmu_tlb_invalidate_sets(const struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    const uint32_t kinds = sets_of_page(tlb);

    /* Other worlds and VMIDs share the sets, so only the address and the ASID narrow them down. */
    if (!scope->by_address || (scope->mask & SMMU_TAG_ASID_MASK) == 0) {
        return tlb->sets;
    }
    return pages_of(scope) < tlb->sets / kinds ? (uint32_t)pages_of(scope) * kinds : tlb->sets;
}

/* The sets where translations of one 4 KiB page of one address space can be. */
static void invalidate_page(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope, uint64_t va)
{
    /* Entries hold canonical addresses: bits 63:56 repeat bit 55. */
    const uint64_t canonical = (va & UINT64_C(1) << 55) != 0 ? va | ~address_mask : va & address_mask;

    for (unsigned global = 0; global < 2; global++) {
        /* The sizes as they were: dropping the last entry of one changes the list. */
        for (uint64_t sizes = tlb->sizes[global]; sizes != 0; sizes &= sizes - 1) {
            const unsigned size = (unsigned)__builtin_ctzll(sizes);
            struct smmu_tlb_entry *set =
                smmu_tlb_set(tlb, canonical >> size, smmu_tlb_entry_tag(scope->tag, size, global != 0));

            for (uint32_t way = 0; way < tlb->ways; way++) {
                invalidate_entry(tlb, &set[way], scope);
            }
        }
    }
}

void smmu_tlb_invalidate(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    if ((tlb->sizes[0] | tlb->sizes[1]) == 0) {
        return;
    }
    if (smmu_tlb_invalidate_sets(tlb, scope) < tlb->sets) {
        const uint64_t pages = pages_of(scope);

        for (uint64_t i = 0; i < pages; i++) {
            invalidate_page(tlb, scope, scope->first + (i << 12));
        }
        return;
    }
    for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++) {
        invalidate_entry(tlb, &tlb->entries[i], scope);
    }
}
