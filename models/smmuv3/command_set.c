/*
 * The commands (IHI 0070, chapter 4): which are legal on this SMMU, what they cost, what they do. CMD_SYNC is the
 * command engine's (commands.c).
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"

enum kind {
    KIND_RESERVED, /**< also: a feature that is absent; CERROR_ILL */
    KIND_PREFETCH,
    KIND_CFGI,
    KIND_TLBI,
    KIND_ATC_INV,
    KIND_PRI_RESP,
    KIND_STALL,
};

/* TLBI commands: which translations they are about. */
struct tlbi {
    uint8_t opcode;
    uint8_t world;    /**< enum smmu_world, of the even number if both ... */
    bool both_worlds; /**< ... it and the next are meant */
    bool by_vmid;
    bool by_asid;
    bool spares_globals;
    bool by_address;
};

static const struct tlbi tlbis[] = {
    {SMMU_CMD_TLBI_NH_ALL, SMMU_WORLD_NS_EL1, .by_vmid = true},
    {SMMU_CMD_TLBI_NH_ASID, SMMU_WORLD_NS_EL1, .by_vmid = true, .by_asid = true, .spares_globals = true},
    {SMMU_CMD_TLBI_NH_VA, SMMU_WORLD_NS_EL1, .by_vmid = true, .by_asid = true, .by_address = true},
    {SMMU_CMD_TLBI_NH_VAA, SMMU_WORLD_NS_EL1, .by_vmid = true, .by_address = true},
    {SMMU_CMD_TLBI_EL2_ALL, SMMU_WORLD_NS_EL2, .both_worlds = true},
    {SMMU_CMD_TLBI_EL2_ASID, SMMU_WORLD_NS_EL2_E2H, .by_asid = true, .spares_globals = true},
    {SMMU_CMD_TLBI_EL2_VA, SMMU_WORLD_NS_EL2_E2H, .by_asid = true, .by_address = true},
    {SMMU_CMD_TLBI_EL2_VAA, SMMU_WORLD_NS_EL2, .both_worlds = true, .by_address = true},
    {SMMU_CMD_TLBI_S12_VMALL, SMMU_WORLD_NS_EL1, .both_worlds = true, .by_vmid = true},
    {SMMU_CMD_TLBI_S2_IPA, SMMU_WORLD_NS_STAGE2, .by_vmid = true, .by_address = true},
    {SMMU_CMD_TLBI_NSNH_ALL, SMMU_WORLD_NS_EL1, .both_worlds = true},
};

static const struct tlbi *find_tlbi(uint64_t opcode)
{
    for (size_t i = 0; i < sizeof(tlbis) / sizeof(tlbis[0]); i++) {
        if (tlbis[i].opcode == opcode) {
            return &tlbis[i];
        }
    }
    return NULL;
}

static enum kind kind_of(const struct smmu *smmu, uint64_t opcode)
{
    const struct smmu_features *features = &smmu->features;

    switch (opcode) {
    case SMMU_CMD_PREFETCH_CONFIG:
    case SMMU_CMD_PREFETCH_ADDR:
        return KIND_PREFETCH;
    case SMMU_CMD_CFGI_STE:
    case SMMU_CMD_CFGI_STE_RANGE:
        return KIND_CFGI;
    case SMMU_CMD_CFGI_CD:
    case SMMU_CMD_CFGI_CD_ALL:
        return features->stage1 ? KIND_CFGI : KIND_RESERVED;
    case SMMU_CMD_TLBI_NH_ALL:
    case SMMU_CMD_TLBI_NH_ASID:
    case SMMU_CMD_TLBI_NH_VA:
    case SMMU_CMD_TLBI_NH_VAA:
        return features->stage1 ? KIND_TLBI : KIND_RESERVED;
    case SMMU_CMD_TLBI_EL2_ALL:
    case SMMU_CMD_TLBI_EL2_ASID:
    case SMMU_CMD_TLBI_EL2_VA:
    case SMMU_CMD_TLBI_EL2_VAA:
        return features->hypervisor ? KIND_TLBI : KIND_RESERVED;
    case SMMU_CMD_TLBI_S12_VMALL:
    case SMMU_CMD_TLBI_S2_IPA:
        return features->stage2 ? KIND_TLBI : KIND_RESERVED;
    case SMMU_CMD_TLBI_NSNH_ALL:
        return KIND_TLBI;
    case SMMU_CMD_ATC_INV:
        return features->ats ? KIND_ATC_INV : KIND_RESERVED;
    case SMMU_CMD_PRI_RESP:
        return features->pri ? KIND_PRI_RESP : KIND_RESERVED;
    case SMMU_CMD_RESUME:
    case SMMU_CMD_STALL_TERM:
        return features->stall != SMMU_STALL_MODEL_NONE ? KIND_STALL : KIND_RESERVED;
    default:
        /* Reserved, Secure or EL3, or absent: CFGI_VMS_PIDM (MPAM = 0), DPTI (DPT = 0). */
        return KIND_RESERVED;
    }
}

/* log2 of what a range's NUM + 1 is multiplied with: without DS 5 bits; with it, what is above 39 counts as 39. */
static unsigned range_scale(const struct smmu *smmu, const uint64_t *words)
{
    const unsigned scale = (unsigned)smmu_field_get(words, SMMU_CMD_SCALE);

    if (!smmu->features.ds) {
        return scale & 0x1f;
    }
    return scale > 39 ? 39 : scale;
}

/* A range command that names neither a range nor a level is illegal (IDR3.RIL, 4.4.1). */
static bool is_legal_range(const struct smmu *smmu, const uint64_t *words)
{
    const unsigned tg = (unsigned)smmu_field_get(words, SMMU_CMD_TG);
    const unsigned ttl = (unsigned)smmu_field_get(words, SMMU_CMD_TTL);
    /* A level 1 of the 16 KiB granule has leaves only with DS; without it is no level at all. */
    const bool has_level = ttl != 0 && (tg != 2 || ttl != 1 || smmu->features.ds);

    return tg == 0 || smmu_field_get(words, SMMU_CMD_NUM) != 0 || range_scale(smmu, words) != 0 || has_level;
}

bool smmu_command_is_legal(const struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS])
{
    const uint64_t opcode = smmu_field_get(words, SMMU_CMD_OPCODE);

    switch (kind_of(smmu, opcode)) {
    case KIND_PREFETCH:
    case KIND_CFGI:
    case KIND_STALL:
        return smmu_field_get(words, SMMU_CMD_SSEC) == 0; /* this is the Non-secure queue */
    case KIND_TLBI:
        return !find_tlbi(opcode)->by_address || is_legal_range(smmu, words);
    case KIND_ATC_INV:
        return true;
    case KIND_PRI_RESP:
        return smmu_field_get(words, SMMU_CMD_RESP) <= SMMU_RESP_SUCCESS;
    case KIND_RESERVED:
    default:
        return false;
    }
}

/* Addresses that a TLBI names: a page, or (TG != 0) a range of granules. */
static void address_range(const struct smmu *smmu, const uint64_t *words, struct smmu_tlb_scope *scope)
{
    const unsigned tg = (unsigned)smmu_field_get(words, SMMU_CMD_TG);
    const unsigned granule = tg == 0 ? 12 : 10 + 2 * tg;
    const uint64_t top = (UINT64_C(1) << 56) - 1;
    const uint64_t address = smmu_field_get_address(words, SMMU_CMD_ADDR) & top;
    uint64_t count = 1;

    if (tg != 0) {
        count = (smmu_field_get(words, SMMU_CMD_NUM) + 1) << range_scale(smmu, words);
    }
    scope->by_address = true;
    scope->first = address & ~((UINT64_C(1) << granule) - 1);
    scope->last = scope->first + (count << granule) - 1;
    scope->last = scope->last > top ? top : scope->last;
}

/* Bits of a VMID that an invalidation compares: CR0.VMW can leave out up to four. */
static uint64_t vmid_mask(struct smmu *smmu)
{
    const unsigned wildcard = (unsigned)smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_VMW);

    return wildcard <= 4 ? UINT64_C(0xffff) << wildcard & 0xffff : 0xffff; /* 5 to 7 are reserved, and act as 0 */
}

static struct smmu_tlb_scope tlb_scope(struct smmu *smmu, const uint64_t *words)
{
    const struct tlbi *tlbi = find_tlbi(smmu_field_get(words, SMMU_CMD_OPCODE));
    struct smmu_tlb_scope scope = {
        .tag = (uint64_t)tlbi->world << SMMU_TAG_WORLD_SHIFT,
        .mask = SMMU_TAG_WORLD_MASK,
        .spares_globals = tlbi->spares_globals,
    };

    if (tlbi->both_worlds) {
        scope.mask &= ~(UINT64_C(1) << SMMU_TAG_WORLD_SHIFT);
    }
    /* Without stage 2 the VMID operand is not compared (4.4). */
    if (tlbi->by_vmid && smmu->features.stage2) {
        scope.tag |= smmu_field_get(words, SMMU_CMD_VMID) << SMMU_TAG_VMID_SHIFT;
        scope.mask |= vmid_mask(smmu) << SMMU_TAG_VMID_SHIFT;
    }
    if (tlbi->by_asid) {
        scope.tag |= smmu_field_get(words, SMMU_CMD_ASID) << SMMU_TAG_ASID_SHIFT;
        scope.mask |= SMMU_TAG_ASID_MASK;
    }
    /* EL2 without E2H has no ASIDs: TLBI_EL2_VA then is by address alone. */
    if (tlbi->opcode == SMMU_CMD_TLBI_EL2_VA && smmu_get(*smmu_register(smmu, SMMU_CR2), SMMU_CR2_E2H) == 0) {
        scope.tag = (uint64_t)SMMU_WORLD_NS_EL2 << SMMU_TAG_WORLD_SHIFT;
        scope.mask = SMMU_TAG_WORLD_MASK;
    }
    if (tlbi->by_address) {
        address_range(smmu, words, &scope);
    }
    return scope;
}

static struct smmu_config_scope config_scope(const uint64_t *words)
{
    const uint64_t opcode = smmu_field_get(words, SMMU_CMD_OPCODE);
    const unsigned range = (unsigned)smmu_field_get(words, SMMU_CMD_RANGE);
    struct smmu_config_scope scope = {
        .sid = (uint32_t)smmu_field_get(words, SMMU_CMD_SID),
        .sid_mask = UINT32_MAX,
        .by_cd = opcode == SMMU_CMD_CFGI_CD || opcode == SMMU_CMD_CFGI_CD_ALL,
        .one_cd = opcode == SMMU_CMD_CFGI_CD,
        .cd_index = (uint32_t)smmu_field_get(words, SMMU_CMD_SSID),
    };

    if (opcode == SMMU_CMD_CFGI_STE_RANGE) {
        /* 2^(Range + 1) StreamIDs, aligned; Range 31 is all of them (CFGI_ALL). */
        scope.sid_mask = range >= 31 ? 0 : ~((UINT32_C(2) << range) - 1);
    }
    return scope;
}

uint32_t smmu_command_sets(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS])
{
    struct smmu_tlb_scope scope;

    switch (kind_of(smmu, smmu_field_get(words, SMMU_CMD_OPCODE))) {
    case KIND_CFGI:
        return smmu->configs.sets; /* SubstreamIDs spread a stream over all of them */
    case KIND_TLBI:
        scope = tlb_scope(smmu, words);
        return smmu_tlb_invalidate_sets(&smmu->tlb, &scope);
    default:
        return 0;
    }
}

/*
 * A prefetch is a hint: it fetches what is missing if a slot is free, records nothing if that fails, and is ignored
 * while SMMUEN = 0. PREFETCH_ADDR of a stream that is not yet configured fetches only the configuration.
 */
static void prefetch(struct smmu *smmu, const uint64_t *words, sim_time now)
{
    const bool ssv = smmu_field_get(words, SMMU_CMD_SSV) != 0;
    const struct smmu_stream stream = {
        .sid = (uint32_t)smmu_field_get(words, SMMU_CMD_SID),
        .ssid = ssv ? (uint32_t)smmu_field_get(words, SMMU_CMD_SSID) : 0,
        .ssv = ssv,
    };
    const struct smmu_config_entry *entry = smmu_config_cache_find(&smmu->configs, &stream);
    struct smmu_fault fault;
    uint64_t va;

    if (!smmu->control.enabled) {
        return;
    }
    if (entry == NULL) {
        (void)smmu_config_fetch_start(smmu, &stream, SMMU_NONE, now);
        return;
    }
    if (smmu_field_get(words, SMMU_CMD_OPCODE) != SMMU_CMD_PREFETCH_ADDR ||
        entry->context.action != SMMU_ACTION_TRANSLATE) {
        return;
    }
    va = smmu_canonical_address(&entry->context, smmu_field_get_address(words, SMMU_CMD_ADDR));
    if (smmu_tlb_find(&smmu->tlb, entry->context.tag, va) == NULL &&
        !smmu_translation_refuses(&entry->context, va, &fault)) {
        (void)smmu_walk_start(smmu, &entry->context, va, 0, 0, SMMU_NONE, now);
    }
}

bool smmu_command_has_room(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS])
{
    switch (kind_of(smmu, smmu_field_get(words, SMMU_CMD_OPCODE))) {
    case KIND_ATC_INV:
        return smmu_atc_has_room(smmu, words);
    case KIND_PRI_RESP:
        return smmu_pri_has_room(smmu, words);
    default:
        return smmu_invalidate_has_room(smmu);
    }
}

/* CMD_RESUME and CMD_STALL_TERM. */
static void apply_stall(struct smmu *smmu, const uint64_t *words, sim_time now)
{
    if (smmu_field_get(words, SMMU_CMD_OPCODE) == SMMU_CMD_RESUME) {
        smmu_stalls_resume(smmu, words, now);
    } else {
        smmu_stalls_terminate(smmu, (uint32_t)smmu_field_get(words, SMMU_CMD_SID), now);
    }
}

void smmu_command_apply(struct smmu *smmu, uint8_t queue, const uint64_t words[SMMU_CMD_WORDS], sim_time now)
{
    struct smmu_config_scope configs;
    struct smmu_tlb_scope scope;

    switch (kind_of(smmu, smmu_field_get(words, SMMU_CMD_OPCODE))) {
    case KIND_PREFETCH:
        prefetch(smmu, words, now);
        break;
    case KIND_CFGI:
        configs = config_scope(words);
        smmu_invalidate_configs(smmu, &configs, now);
        break;
    case KIND_TLBI:
        scope = tlb_scope(smmu, words);
        smmu_invalidate_tlbs(smmu, &scope, now);
        break;
    case KIND_ATC_INV:
        smmu_atc_invalidate(smmu, queue, words, now);
        break;
    case KIND_PRI_RESP:
        smmu_pri_respond(smmu, words, now);
        break;
    case KIND_STALL:
        apply_stall(smmu, words, now);
        break;
    case KIND_RESERVED:
    default:
        break;
    }
}
