#include "host/smmu_entries.h"

#include "models/smmuv3/smmu_formats.h"

#include <string.h>

/** The mask of a field in its word; the field lies in one word. */
static uint64_t mask_of(unsigned high, unsigned low)
{
    return (UINT64_MAX >> (63 - high % 64)) & (UINT64_MAX << low % 64);
}

/** Adds a field to what is used; FIELD is "high bit, low bit". */
static void use_bits(uint64_t used[SMMU_ENTRY_WORDS], unsigned high, unsigned low)
{
    used[low / 64] |= mask_of(high, low);
}

#define USE(used, FIELD) use_bits(used, FIELD)

static uint64_t bits_of(const uint64_t entry[SMMU_ENTRY_WORDS], unsigned high, unsigned low)
{
    return (entry[low / 64] & mask_of(high, low)) >> low % 64;
}

#define BITS(entry, FIELD) bits_of(entry, FIELD)

/** Attributes that traffic takes with it when no stage 1 gives it others. */
static void use_incoming_attributes(uint64_t used[SMMU_ENTRY_WORDS])
{
    USE(used, SMMU_STE_MEMATTR);
    USE(used, SMMU_STE_MTCFG);
    USE(used, SMMU_STE_ALLOCCFG);
    USE(used, SMMU_STE_SHCFG);
}

static void use_stage1(const uint64_t ste[SMMU_ENTRY_WORDS], uint64_t used[SMMU_ENTRY_WORDS])
{
    USE(used, SMMU_STE_S1CONTEXTPTR_WIDE);
    USE(used, SMMU_STE_S1CDMAX);
    USE(used, SMMU_STE_S1CIR);
    USE(used, SMMU_STE_S1COR);
    USE(used, SMMU_STE_S1CSH);
    USE(used, SMMU_STE_S1STALLD);
    USE(used, SMMU_STE_STRW);
    if (BITS(ste, SMMU_STE_S1CDMAX) == 0) {
        return; /* one descriptor: neither the format of a table nor the default substream is looked at (5.2) */
    }
    USE(used, SMMU_STE_S1FMT);
    USE(used, SMMU_STE_S1DSS);
    if (BITS(ste, SMMU_STE_S1DSS) == SMMU_S1DSS_BYPASS) {
        use_incoming_attributes(used);
    }
}

/**
 * S2VMID counts with stage 2 only. Without one it merely tags what is cached of the stream: read early it changes no
 * translation, and whoever changes a stage invalidates what was cached before.
 */
static void use_stage2(uint64_t used[SMMU_ENTRY_WORDS])
{
    use_incoming_attributes(used);
    used[2] |= UINT64_MAX; /* S2VMID to S2R */
    used[3] |= UINT64_MAX; /* S2TTB and what is beside it */
}

/**
 * MEV is not among them: it says how many records of one kind are written, and an SMMU may merge without it (5.2). When
 * it changes does not matter.
 */
static void ste_used(const uint64_t ste[SMMU_ENTRY_WORDS], uint64_t used[SMMU_ENTRY_WORDS])
{
    const uint64_t config = BITS(ste, SMMU_STE_CONFIG);

    USE(used, SMMU_STE_V);
    if (BITS(ste, SMMU_STE_V) == 0) {
        return;
    }
    USE(used, SMMU_STE_CONFIG);
    if (config < SMMU_STE_CONFIG_BYPASS) {
        return;
    }
    USE(used, SMMU_STE_PRIVCFG);
    USE(used, SMMU_STE_INSTCFG);
    if (config == SMMU_STE_CONFIG_BYPASS) {
        use_incoming_attributes(used);
        return;
    }
    USE(used, SMMU_STE_EATS);
    USE(used, SMMU_STE_PPAR);
    if (config != SMMU_STE_CONFIG_S2) {
        use_stage1(ste, used);
    }
    if (config != SMMU_STE_CONFIG_S1) {
        use_stage2(used);
    }
}

static void cd_used(const uint64_t cd[SMMU_ENTRY_WORDS], uint64_t used[SMMU_ENTRY_WORDS])
{
    USE(used, SMMU_CD_V);
    if (BITS(cd, SMMU_CD_V) == 0) {
        return;
    }
    memset(used, 0xff, SMMU_ENTRY_WORDS * sizeof(*used));
    if (BITS(cd, SMMU_CD_EPD0) != 0) {
        used[0] &= ~(mask_of(SMMU_CD_T0SZ) | mask_of(SMMU_CD_TG0) | mask_of(SMMU_CD_IR0) | mask_of(SMMU_CD_OR0) |
                     mask_of(SMMU_CD_SH0));
        used[1] &= ~mask_of(SMMU_CD_TTB0);
    }
    if (BITS(cd, SMMU_CD_EPD1) != 0) {
        used[0] &= ~(mask_of(SMMU_CD_T1SZ) | mask_of(SMMU_CD_TG1) | mask_of(SMMU_CD_SH1));
        used[2] &= ~mask_of(SMMU_CD_TTB1);
    }
}

void smmu_entry_used(enum smmu_entry_kind kind, const uint64_t entry[SMMU_ENTRY_WORDS], uint64_t used[SMMU_ENTRY_WORDS])
{
    memset(used, 0, SMMU_ENTRY_WORDS * sizeof(*used));
    if (kind == SMMU_ENTRY_STE) {
        ste_used(entry, used);
    } else {
        cd_used(entry, used);
    }
}

/** Adds a step, if it changes anything. */
static void add_step(struct smmu_rewrite *plan, uint64_t entry[SMMU_ENTRY_WORDS], const uint64_t next[SMMU_ENTRY_WORDS])
{
    if (memcmp(entry, next, SMMU_ENTRY_WORDS * sizeof(*entry)) != 0) {
        memcpy(entry, next, SMMU_ENTRY_WORDS * sizeof(*entry));
        memcpy(plan->steps[plan->count++], next, SMMU_ENTRY_WORDS * sizeof(*entry));
    }
}

bool smmu_entry_is_valid(enum smmu_entry_kind kind, const uint64_t entry[SMMU_ENTRY_WORDS])
{
    return kind == SMMU_ENTRY_STE ? BITS(entry, SMMU_STE_V) != 0 : BITS(entry, SMMU_CD_V) != 0;
}

/**
 * The change with the one word that decides in the middle.
 * @param filled  the present entry with what it does not use taken from the target
 */
static void plan_around(struct smmu_rewrite *plan, unsigned word, uint64_t entry[SMMU_ENTRY_WORDS],
                        const uint64_t filled[SMMU_ENTRY_WORDS], const uint64_t target[SMMU_ENTRY_WORDS])
{
    uint64_t next[SMMU_ENTRY_WORDS];

    memcpy(next, filled, sizeof(next));
    next[word] = entry[word];
    add_step(plan, entry, next);
    next[word] = target[word];
    add_step(plan, entry, next);
    add_step(plan, entry, target);
}

/** The change by way of an invalid entry. */
static void plan_through_invalid(struct smmu_rewrite *plan, uint64_t entry[SMMU_ENTRY_WORDS],
                                 const uint64_t target[SMMU_ENTRY_WORDS])
{
    uint64_t next[SMMU_ENTRY_WORDS];

    memcpy(next, entry, sizeof(next));
    next[0] = 0; /* V is in the first word of both */
    add_step(plan, entry, next);
    memcpy(next + 1, target + 1, sizeof(next) - sizeof(next[0]));
    add_step(plan, entry, next);
    add_step(plan, entry, target);
}

void smmu_rewrite_plan(enum smmu_entry_kind kind, const uint64_t current[SMMU_ENTRY_WORDS],
                       const uint64_t target[SMMU_ENTRY_WORDS], struct smmu_rewrite *plan)
{
    uint64_t entry[SMMU_ENTRY_WORDS];
    uint64_t filled[SMMU_ENTRY_WORDS];
    uint64_t used[SMMU_ENTRY_WORDS];
    uint64_t wanted[SMMU_ENTRY_WORDS];
    unsigned deciding = 0;
    unsigned differing = 0;

    *plan = (struct smmu_rewrite){.count = 0};
    memcpy(entry, current, sizeof(entry));
    smmu_entry_used(kind, current, used);
    smmu_entry_used(kind, target, wanted);
    for (unsigned i = 0; i < SMMU_ENTRY_WORDS; i++) {
        filled[i] = (current[i] & used[i]) | (target[i] & ~used[i]);
        if ((filled[i] ^ target[i]) & wanted[i]) {
            deciding = i;
            differing++;
        }
    }
    if (differing <= 1) {
        plan->hitless = smmu_entry_is_valid(kind, current) && smmu_entry_is_valid(kind, target);
        plan_around(plan, deciding, entry, filled, target);
    } else {
        plan_through_invalid(plan, entry, target);
    }
}
