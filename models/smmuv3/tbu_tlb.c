#include "models/smmuv3/tbu_tlb_internal.h"

#include "sim/sim.h"

/* Key: valid, log2 of the size, SSV, SubstreamID, StreamID. */
#define KEY_VALID      (UINT64_C(1) << 63)
#define KEY_SIZE_SHIFT 53
#define KEY_SSID_SHIFT 32

static const uint64_t top_byte = UINT64_C(0xff) << 56;

void smmu_tbu_tlb_init(struct smmu_tbu_tlb *tlb, struct sim *sim, const char *name,
                       const struct smmu_cache_config *config)
{
    if (config->entries == 0) {
        return;
    }
    tlb->matches = sim_alloc(sim, config->entries * sizeof(tlb->matches[0]));
    tlb->entries = sim_alloc(sim, config->entries * sizeof(tlb->entries[0]));
    tlb->ways = config->ways;
    tlb->sets = config->entries / config->ways;
    tlb->set_mask = (tlb->sets & (tlb->sets - 1)) == 0 ? tlb->sets - 1 : 0;
    smmu_replacement_init(&tlb->replacement, sim, name, config->policy, tlb->sets, tlb->ways);
}

static uint64_t stream_key(const struct smmu_stream *stream)
{
    return KEY_VALID | (uint64_t)stream->ssv << 52 | (uint64_t)stream->ssid << KEY_SSID_SHIFT | stream->sid;
}

/* Index of the first entry of a page's set. */
static size_t set_of(const struct smmu_tbu_tlb *tlb, uint64_t page)
{
    const uint64_t set = tlb->set_mask != 0 || tlb->sets == 1 ? page & tlb->set_mask : page % tlb->sets;

    return (size_t)set * tlb->ways;
}

/* Bits 63:56 repeat bit 55. */
static uint64_t sign_extend(uint64_t address)
{
    return (address & UINT64_C(1) << 55) != 0 ? address | top_byte : address & ~top_byte;
}

struct smmu_tbu_entry *smmu_tbu_tlb_find(struct smmu_tbu_tlb *tlb, const struct smmu_stream *stream, uint64_t address)
{
    const uint64_t canonical = sign_extend(address);
    const uint64_t key = stream_key(stream);

    for (uint64_t sizes = tlb->sizes; sizes != 0; sizes &= sizes - 1) {
        const unsigned size = (unsigned)__builtin_ctzll(sizes);
        const uint64_t page = canonical >> size;
        const uint64_t wanted = key | (uint64_t)size << KEY_SIZE_SHIFT;
        const size_t set = set_of(tlb, page);

        for (size_t i = set; i < set + tlb->ways; i++) {
            if (tlb->matches[i].page == page && tlb->matches[i].key == wanted) {
                struct smmu_tbu_entry *entry = &tlb->entries[i];

                return entry->ignore_top || address == canonical ? entry : NULL;
            }
        }
    }
    return NULL;
}

static unsigned size_of(const struct smmu_tbu_match *match)
{
    return (unsigned)(match->key >> KEY_SIZE_SHIFT) & (SMMU_TLB_SIZES - 1);
}

static void drop_entry(struct smmu_tbu_tlb *tlb, size_t index)
{
    const unsigned size = size_of(&tlb->matches[index]);

    if (--tlb->count[size] == 0) {
        tlb->sizes &= ~(UINT64_C(1) << size);
    }
    tlb->matches[index].key = 0;
    tlb->entries[index].translation.used = 0;
}

void smmu_tbu_tlb_fill(struct smmu_tbu_tlb *tlb, const struct smmu_stream *stream, const struct smmu_tbu_entry *entry)
{
    const unsigned size = smmu_tlb_size(&entry->translation);
    const uint64_t key = stream_key(stream) | (uint64_t)size << KEY_SIZE_SHIFT;
    const uint64_t page = entry->translation.page;
    size_t set;
    size_t victim;

    if (tlb->sets == 0) {
        return;
    }
    set = set_of(tlb, page);
    for (victim = set; victim < set + tlb->ways; victim++) {
        if (tlb->matches[victim].key == key && tlb->matches[victim].page == page) {
            break;
        }
    }
    if (victim == set + tlb->ways) {
        victim = set + smmu_replacement_choose(&tlb->replacement, set / tlb->ways, &tlb->entries[set].translation.used,
                                               sizeof(tlb->entries[0]));
    }
    if (tlb->matches[victim].key != 0) {
        drop_entry(tlb, victim);
    }
    tlb->matches[victim] = (struct smmu_tbu_match){.key = key, .page = page};
    tlb->entries[victim] = *entry;
    smmu_replacement_fill(&tlb->replacement, victim, &tlb->entries[victim].translation.used);
    tlb->count[size]++;
    tlb->sizes |= UINT64_C(1) << size;
}

/* ---- Invalidation ---- */

/* Whether an invalidation need not visit every set: few pages of the smallest size, and where each can be is known. */
static bool is_narrow(const struct smmu_tbu_tlb *tlb, const struct smmu_tlb_scope *scope, uint64_t *pages)
{
    if (scope == NULL || !scope->by_address) {
        return false;
    }
    *pages = ((scope->last - scope->first) >> 12) + 1;
    return *pages <= tlb->sets && *pages * (unsigned)__builtin_popcountll(tlb->sizes) < tlb->sets;
}

uint32_t smmu_tbu_tlb_invalidate_sets(const struct smmu_tbu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    uint64_t pages;

    return is_narrow(tlb, scope, &pages) ? (uint32_t)pages * (unsigned)__builtin_popcountll(tlb->sizes) : tlb->sets;
}

static void invalidate_set(struct smmu_tbu_tlb *tlb, size_t set, const struct smmu_tlb_scope *scope)
{
    for (size_t i = set; i < set + tlb->ways; i++) {
        const struct smmu_tlb_entry *entry = &tlb->entries[i].translation;
        const unsigned size = size_of(&tlb->matches[i]);

        if (tlb->matches[i].key != 0 && (entry->tag & SMMU_TAG_VALID) != 0 &&
            smmu_tlb_scope_covers(scope, entry->tag, (entry->tag & SMMU_TAG_GLOBAL) != 0, entry->page << size, size)) {
            drop_entry(tlb, i);
        }
    }
}

void smmu_tbu_tlb_invalidate(struct smmu_tbu_tlb *tlb, const struct smmu_tlb_scope *scope)
{
    uint64_t pages;

    if (!is_narrow(tlb, scope, &pages)) {
        for (size_t set = 0; set < (size_t)tlb->sets * tlb->ways; set += tlb->ways) {
            invalidate_set(tlb, set, scope);
        }
        return;
    }
    for (uint64_t i = 0; i < pages; i++) {
        const uint64_t address = sign_extend(scope->first + (i << 12));

        /* The sizes as they were: dropping the last entry of one changes the list. */
        for (uint64_t sizes = tlb->sizes; sizes != 0; sizes &= sizes - 1) {
            invalidate_set(tlb, set_of(tlb, address >> __builtin_ctzll(sizes)), scope);
        }
    }
}

void smmu_tbu_tlb_invalidate_config(struct smmu_tbu_tlb *tlb, const struct smmu_config_scope *scope)
{
    for (size_t i = 0; i < (size_t)tlb->sets * tlb->ways; i++) {
        const uint64_t key = tlb->matches[i].key;
        const uint32_t ssid = (uint32_t)(key >> KEY_SSID_SHIFT) & 0xfffff;

        /* Streams without SubstreamIDs use the CD of index 0, if any. More than asked for may be invalidated. */
        if (key != 0 && (((uint32_t)key ^ scope->sid) & scope->sid_mask) == 0 &&
            (!scope->one_cd || ssid == scope->cd_index)) {
            drop_entry(tlb, i);
        }
    }
}
