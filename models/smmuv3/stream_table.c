/*
 * The stream table (IHI 0070, 5.1 and 5.2): from a StreamID to its STE, what makes an STE legal, and its stage 2.
 */
#include "models/smmuv3/tables_internal.h"

static const struct smmu_fault bad_stream_id = {.type = SMMU_C_BAD_STREAMID};

uint64_t smmu_stream_table_bytes(const struct smmu_stream_table *table)
{
    if (table->split == 0) {
        return (uint64_t)SMMU_STE_BYTES << table->log2size;
    }
    return table->log2size > table->split ? (uint64_t)SMMU_L1STD_BYTES << (table->log2size - table->split)
                                          : SMMU_L1STD_BYTES;
}

enum smmu_lookup smmu_stream_table_start(const struct smmu_stream_table *table, uint32_t sid, uint64_t *address,
                                         struct smmu_fault *fault)
{
    if ((uint64_t)sid >> table->log2size != 0) {
        *fault = bad_stream_id;
        return SMMU_LOOKUP_FAULT;
    }
    if (table->split == 0) {
        *address = table->base + (uint64_t)sid * SMMU_STE_BYTES;
    } else {
        *address = table->base + (uint64_t)(sid >> table->split) * SMMU_L1STD_BYTES;
    }
    return SMMU_LOOKUP_READ;
}

enum smmu_lookup smmu_stream_table_next(const struct smmu_stream_table *table, uint32_t sid, uint64_t l1std,
                                        uint64_t *address, struct smmu_fault *fault)
{
    const uint32_t span = (uint32_t)smmu_get(l1std, SMMU_L1STD_SPAN);
    const uint32_t index = sid & ((1u << table->split) - 1);
    const uint64_t pointer = smmu_field_get_address(&l1std, SMMU_L1STD_L2PTR);

    /* Span 0 is invalid, 12 to 31 are reserved and act as invalid; n covers 2^(n-1) StreamIDs, at most 2^SPLIT. */
    if (span == 0 || span > 11 || span - 1 > table->split || index >= 1u << (span - 1)) {
        *fault = bad_stream_id;
        return SMMU_LOOKUP_FAULT;
    }
    /* The table is aligned to its size: lower bits of the pointer are taken as zero. */
    *address = (pointer & ~(((uint64_t)SMMU_STE_BYTES << (span - 1)) - 1)) + (uint64_t)index * SMMU_STE_BYTES;
    return SMMU_LOOKUP_READ;
}

struct smmu_ste smmu_ste_decode(const uint64_t words[SMMU_STE_WORDS])
{
    static const uint8_t granule[4] = {12, 16, 14, 0};

    return (struct smmu_ste){
        .valid = smmu_field_get(words, SMMU_STE_V) != 0,
        .config = (uint8_t)smmu_field_get(words, SMMU_STE_CONFIG),
        .s1fmt = (uint8_t)smmu_field_get(words, SMMU_STE_S1FMT),
        .s1cdmax = (uint8_t)smmu_field_get(words, SMMU_STE_S1CDMAX),
        .s1dss = (uint8_t)smmu_field_get(words, SMMU_STE_S1DSS),
        .strw = (uint8_t)smmu_field_get(words, SMMU_STE_STRW),
        .s1stalld = smmu_field_get(words, SMMU_STE_S1STALLD) != 0,
        .eats = (uint8_t)smmu_field_get(words, SMMU_STE_EATS),
        .merge_events = smmu_field_get(words, SMMU_STE_MEV) != 0,
        .page_response_pasid = smmu_field_get(words, SMMU_STE_PPAR) != 0,
        .s2vmid = (uint16_t)smmu_field_get(words, SMMU_STE_S2VMID),
        .s1contextptr = smmu_field_get_address(words, SMMU_STE_S1CONTEXTPTR_WIDE),
        .privcfg = (uint8_t)smmu_field_get(words, SMMU_STE_PRIVCFG),
        .instcfg = (uint8_t)smmu_field_get(words, SMMU_STE_INSTCFG),
        .mtcfg = smmu_field_get(words, SMMU_STE_MTCFG) != 0,
        .memattr = (uint8_t)smmu_field_get(words, SMMU_STE_MEMATTR),
        .shcfg = (uint8_t)smmu_field_get(words, SMMU_STE_SHCFG),
        .s2t0sz = (uint8_t)smmu_field_get(words, SMMU_STE_S2T0SZ),
        .s2sl0 = (uint8_t)(smmu_field_get(words, SMMU_STE_S2SL0) | smmu_field_get(words, SMMU_STE_S2SL0_2) << 2),
        .s2granule = granule[smmu_field_get(words, SMMU_STE_S2TG)],
        .s2ps = (uint8_t)smmu_field_get(words, SMMU_STE_S2PS),
        .s2sh = (uint8_t)smmu_field_get(words, SMMU_STE_S2SH0),
        .s2aa64 = smmu_field_get(words, SMMU_STE_S2AA64) != 0,
        .s2endi = smmu_field_get(words, SMMU_STE_S2ENDI) != 0,
        .s2affd = smmu_field_get(words, SMMU_STE_S2AFFD) != 0,
        .s2ptw = smmu_field_get(words, SMMU_STE_S2PTW) != 0,
        .s2ha = smmu_field_get(words, SMMU_STE_S2HA) != 0,
        .s2hd = smmu_field_get(words, SMMU_STE_S2HD) != 0,
        .s2s = smmu_field_get(words, SMMU_STE_S2S) != 0,
        .s2r = smmu_field_get(words, SMMU_STE_S2R) != 0,
        .s2ds = smmu_field_get(words, SMMU_STE_S2DS) != 0,
        .s2ttb = smmu_field_get_address(words, SMMU_STE_S2TTB),
    };
}

/* ---- Legality (5.2.2) ---- */

bool smmu_features_have_granule(const struct smmu_features *features, unsigned granule)
{
    switch (granule) {
    case 12:
        return features->granule_4k;
    case 14:
        return features->granule_16k;
    case 16:
        return features->granule_64k;
    default:
        return false;
    }
}

static bool uses_stage1(const struct smmu_ste *ste)
{
    return ste->config == SMMU_STE_CONFIG_S1 || ste->config == SMMU_STE_CONFIG_NESTED;
}

static bool uses_stage2(const struct smmu_ste *ste)
{
    return ste->config == SMMU_STE_CONFIG_S2 || ste->config == SMMU_STE_CONFIG_NESTED;
}

/* STRW says something only where stage 1 alone translates, and there is an EL2 to choose. */
static bool uses_strw(const struct smmu_ste *ste, const struct smmu_features *features)
{
    return ste->config == SMMU_STE_CONFIG_S1 && features->hypervisor;
}

enum smmu_world smmu_ste_world(const struct smmu_ste *ste, const struct smmu_features *features, bool e2h)
{
    if (uses_strw(ste, features) && ste->strw == SMMU_STRW_EL2) {
        return e2h ? SMMU_WORLD_NS_EL2_E2H : SMMU_WORLD_NS_EL2;
    }
    return uses_stage1(ste) ? SMMU_WORLD_NS_EL1 : SMMU_WORLD_NS_STAGE2;
}

static bool ats_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features)
{
    if (!features->ats || ste->config == SMMU_STE_CONFIG_BYPASS) {
        return false;
    }
    /* Config 101 ignores S2S for EATS = 1, but EATS = 2 is wrong without both stages anyway. EATS = 3 needs DPT. */
    return (ste->eats == SMMU_EATS_SPLIT && (ste->config != SMMU_STE_CONFIG_NESTED || ste->s2s || features->ns1ats)) ||
           (ste->eats == SMMU_EATS_FULL && uses_stage2(ste) && ste->s2s);
}

static bool stage1_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features)
{
    const bool many = features->substream_id_bits != 0;

    return !features->stage1 || (ste->s1stalld && features->stall != SMMU_STALL_MODEL_BOTH) ||
           (many && ste->s1cdmax > features->substream_id_bits) ||
           (many && ste->s1cdmax != 0 && !features->cd_two_level &&
            (ste->s1fmt == SMMU_S1FMT_4K || ste->s1fmt == SMMU_S1FMT_64K)) ||
           /* IAS equals OAS, so an IPA has the same limit as a physical address. */
           ste->s1contextptr >> features->output_address_bits != 0;
}

bool smmu_features_endian_is_illegal(const struct smmu_features *features, bool big)
{
    return big ? features->endian == SMMU_TTENDIAN_LITTLE : features->endian == SMMU_TTENDIAN_BIG;
}

/* The level that SL0 selects; *valid says whether it selects one (VMSAv8-64, VTCR_EL2.SL0 and SL2). */
static int s2_start_level(const struct smmu_ste *ste, const struct smmu_features *features, bool ds, bool *valid)
{
    const unsigned sl0 = ste->s2sl0 & 3u;
    const uint32_t oas = features->output_address_bits;

    *valid = true;
    if (ste->s2granule == 12) {
        static const int8_t level[4] = {2, 1, 0, 3};

        if (ds && (ste->s2sl0 & 4u) != 0) {
            *valid = sl0 == 0;
            return -1;
        }
        *valid = sl0 == 2 ? oas >= 44 : sl0 != 3 || features->stt;
        return level[sl0];
    }
    if (sl0 == 3) {
        *valid = ste->s2granule == 14 && ds;
        return 0;
    }
    if (sl0 == 2) {
        *valid = oas >= (ste->s2granule == 14 ? 42 : 44);
    }
    return 3 - (int)sl0;
}

/* Whether the first table would have less than two entries, or more than 16 tables' worth. */
static bool start_is_inconsistent(unsigned granule, int level, unsigned bits)
{
    const unsigned least = smmu_level_size(granule, level) + 1;

    return bits < least || bits > least + (granule - 3) - 1 + 4;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool s2_size_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features, bool ds)
{
    const unsigned most = features->stt ? (ste->s2granule == 16 ? 47 : 48) : 39;
    const unsigned least = ste->s2granule == 16 || ds ? 12 : 16;
    const unsigned ias = 64 - features->output_address_bits;

    return ste->s2t0sz > most || ste->s2t0sz < least || ste->s2t0sz < ias;
}

static bool stage2_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features)
{
    const bool ds = features->ds && ste->s2ds;
    const uint32_t output = smaller(smmu_ips_bits(ste->s2ps), features->output_address_bits);
    const uint32_t table_bits = ste->s2granule == 16 || ds ? output : smaller(output, 48);
    bool valid;
    int level;

    if (!features->stage2 || !ste->s2aa64 || (ste->s2s && features->stall == SMMU_STALL_MODEL_NONE) ||
        (!ste->s2s && features->stall == SMMU_STALL_MODEL_FORCED)) {
        return true;
    }
    if (((ste->s2ha || ste->s2hd) && features->httu == SMMU_HTTU_NONE) ||
        (ste->s2hd && features->httu == SMMU_HTTU_ACCESS)) {
        return true;
    }
    if (!smmu_features_have_granule(features, ste->s2granule) || ste->s2ttb >> table_bits != 0 ||
        s2_size_is_illegal(ste, features, ds) || smmu_features_endian_is_illegal(features, ste->s2endi)) {
        return true;
    }
    level = s2_start_level(ste, features, ds, &valid);
    return !valid || start_is_inconsistent(ste->s2granule, level, 64u - ste->s2t0sz);
}

bool smmu_ste_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features)
{
    if (!ste->valid) {
        return true;
    }
    if (ste->config < SMMU_STE_CONFIG_BYPASS) {
        return false;
    }
    if ((uses_stage1(ste) && stage1_is_illegal(ste, features)) ||
        (uses_stage2(ste) && stage2_is_illegal(ste, features)) || ats_is_illegal(ste, features) ||
        (uses_strw(ste, features) && (ste->strw & 1) != 0)) {
        return true;
    }
    /* The VMID tags what translates in the EL1 world, with or without stage 2, if stage 2 is implemented. */
    return ste->config != SMMU_STE_CONFIG_BYPASS && features->stage2 && !features->vmid16 && ste->s2vmid > 0xff &&
           !(uses_strw(ste, features) && ste->strw != 0);
}

struct smmu_stage2 smmu_ste_stage2(const struct smmu_ste *ste, const struct smmu_features *features)
{
    const bool ds = features->ds && ste->s2ds && ste->s2granule != 16;
    bool valid;
    struct smmu_stage2 stage2 = {
        .table =
            {
                .base = ste->s2ttb,
                .granule = ste->s2granule,
                .input_bits = (uint8_t)(64 - ste->s2t0sz),
                .output_bits = (uint8_t)smaller(smmu_ips_bits(ste->s2ps), features->output_address_bits),
                .start_level = (int8_t)s2_start_level(ste, features, ds, &valid),
                .wide = ds || (ste->s2granule == 16 && features->output_address_bits == 52),
                .big_endian = ste->s2endi,
            },
        .sh = ste->s2sh,
        .ds = ds,
        .access_flag_ignored = ste->s2affd,
        .update_access = ste->s2ha,
        .update_dirty = ste->s2ha && ste->s2hd,
        .protected_walk = ste->s2ptw,
        .split_execute = features->xnx,
        .silent = !ste->s2r,
        .stall = ste->s2s,
    };

    smmu_table_format_align(&stage2.table);
    return stage2;
}
