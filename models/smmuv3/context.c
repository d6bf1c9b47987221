/*
 * Context descriptors (IHI 0070, 5.3 and 5.4): from an STE and a SubstreamID to the CD, and to the context.
 */
#include "models/smmuv3/tables_internal.h"
#include "models/smmuv3/translation_internal.h"
#include "sim/packet.h"

/* CDs in a leaf table of a two-level CD table, as a power of two. */
static unsigned leaf_bits(const struct smmu_ste *ste)
{
    return ste->s1fmt == SMMU_S1FMT_4K ? 6 : 10;
}

uint32_t smmu_ips_bits(unsigned ips)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};

    return bits[ips & 7];
}

static enum smmu_lookup refuse(struct smmu_fault *fault, uint8_t type)
{
    *fault = (struct smmu_fault){.type = type};
    return SMMU_LOOKUP_FAULT;
}

/* Highest number of substreams as a power of two: 0 means that there is just one CD, not a table. */
static unsigned substream_bits(const struct smmu_ste *ste, const struct smmu_features *features)
{
    return features->substream_id_bits == 0 ? 0 : ste->s1cdmax;
}

bool smmu_context_is_two_level(const struct smmu_ste *ste, const struct smmu_features *features)
{
    return substream_bits(ste, features) != 0 && (ste->s1fmt == SMMU_S1FMT_4K || ste->s1fmt == SMMU_S1FMT_64K);
}

/* Which CD a transaction uses (S1DSS, 5.2). Sets cd_index (READ), or stage 1 is bypassed (DONE). */
static enum smmu_lookup select_substream(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                         const struct smmu_features *features, struct smmu_context *context,
                                         struct smmu_fault *fault)
{
    const unsigned bits = substream_bits(ste, features);

    context->cd_index = stream->ssid;
    if (stream->ssv) {
        if (bits == 0 || stream->ssid >> bits != 0) {
            return refuse(fault, SMMU_C_BAD_SUBSTREAMID);
        }
        if (stream->ssid == 0 && ste->s1dss == SMMU_S1DSS_SSID0) {
            return refuse(fault, SMMU_F_STREAM_DISABLED);
        }
        return SMMU_LOOKUP_READ;
    }
    if (bits == 0 || ste->s1dss == SMMU_S1DSS_SSID0) {
        return SMMU_LOOKUP_READ;
    }
    if (ste->s1dss == SMMU_S1DSS_BYPASS) {
        return SMMU_LOOKUP_DONE;
    }
    return refuse(fault, SMMU_F_STREAM_DISABLED);
}

/* PRIVCFG and INSTCFG; they are RES0 without IDR1.ATTR_PERMS_OVR. */
static void override_flag(struct smmu_context *context, unsigned config, uint32_t flag)
{
    context->flags_clear |= config == SMMU_OVERRIDE_CLEAR || config == SMMU_OVERRIDE_SET ? flag : 0;
    context->flags_set |= config == SMMU_OVERRIDE_SET ? flag : 0;
}

/* What does not depend on the CD. */
static void apply_ste(const struct smmu_ste *ste, const struct smmu_features *features, bool e2h,
                      struct smmu_context *context)
{
    const enum smmu_world world = smmu_ste_world(ste, features, e2h);
    const bool translates = ste->config != SMMU_STE_CONFIG_BYPASS;
    const bool has_vmid = features->stage2 && (world == SMMU_WORLD_NS_EL1 || world == SMMU_WORLD_NS_STAGE2);

    context->tag = (uint64_t)world << SMMU_TAG_WORLD_SHIFT;
    context->tag |= has_vmid ? (uint64_t)ste->s2vmid << SMMU_TAG_VMID_SHIFT : 0;
    context->input_bits = (uint8_t)features->output_address_bits;
    context->eats = features->ats && translates && ste->eats != 3 ? ste->eats : SMMU_EATS_NONE;
    context->merge_events = ste->merge_events;
    context->page_response_pasid = ste->page_response_pasid;
    context->attributes = SMMU_ATTRIBUTES_DEFAULT;
    if (features->types_ovr) {
        context->attributes =
            (uint16_t)smmu_attributes_override(SMMU_ATTRIBUTES_DEFAULT, ste->mtcfg, ste->memattr, ste->shcfg);
    }
    if (features->perms_ovr) {
        override_flag(context, ste->privcfg, SIM_FLAG_PRIVILEGED);
        override_flag(context, ste->instcfg, SIM_FLAG_EXECUTE);
    }
    if (ste->config == SMMU_STE_CONFIG_S2 || ste->config == SMMU_STE_CONFIG_NESTED) {
        context->has_stage2 = true;
        context->stage2 = smmu_ste_stage2(ste, features);
    }
}

/* Stage 1 is bypassed: what is left is stage 2, or nothing. */
static enum smmu_lookup bypass_stage1(struct smmu_context *context)
{
    if (context->has_stage2) {
        context->action = SMMU_ACTION_TRANSLATE;
        context->tag &= ~SMMU_TAG_WORLD_MASK;
        context->tag |= (uint64_t)SMMU_WORLD_NS_STAGE2 << SMMU_TAG_WORLD_SHIFT;
    } else {
        context->action = SMMU_ACTION_BYPASS;
    }
    return SMMU_LOOKUP_DONE;
}

enum smmu_lookup smmu_context_start(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                    const struct smmu_features *features, bool e2h, struct smmu_context *context,
                                    uint64_t *address, struct smmu_fault *fault)
{
    enum smmu_lookup lookup;

    *context = (struct smmu_context){.action = SMMU_ACTION_ABORT};
    /* V comes first, then Config: an aborting STE is not checked any further (5.2). */
    if (ste->valid && ste->config < SMMU_STE_CONFIG_BYPASS) {
        return SMMU_LOOKUP_DONE;
    }
    if (smmu_ste_is_illegal(ste, features)) {
        return refuse(fault, SMMU_C_BAD_STE);
    }
    apply_ste(ste, features, e2h, context);
    if (ste->config == SMMU_STE_CONFIG_BYPASS || ste->config == SMMU_STE_CONFIG_S2) {
        return stream->ssv ? refuse(fault, SMMU_C_BAD_SUBSTREAMID) : bypass_stage1(context);
    }
    lookup = select_substream(ste, stream, features, context, fault);
    if (lookup != SMMU_LOOKUP_READ) {
        return lookup == SMMU_LOOKUP_DONE ? bypass_stage1(context) : lookup;
    }
    context->action = SMMU_ACTION_TRANSLATE;
    context->uses_cd = true;
    if (smmu_context_is_two_level(ste, features)) {
        *address = ste->s1contextptr + (uint64_t)(context->cd_index >> leaf_bits(ste)) * SMMU_L1CD_BYTES;
    } else {
        *address = ste->s1contextptr + (uint64_t)context->cd_index * SMMU_CD_BYTES;
    }
    return SMMU_LOOKUP_READ;
}

enum smmu_lookup smmu_context_of_ste(const struct smmu_ste *ste, const struct smmu_features *features, bool e2h,
                                     struct smmu_context *context, struct smmu_fault *fault)
{
    *context = (struct smmu_context){
        .action = SMMU_ACTION_ABORT,
        .page_response_pasid = ste->page_response_pasid,
    };
    if (ste->valid && ste->config < SMMU_STE_CONFIG_BYPASS) {
        return SMMU_LOOKUP_DONE;
    }
    if (smmu_ste_is_illegal(ste, features)) {
        return refuse(fault, SMMU_C_BAD_STE);
    }
    apply_ste(ste, features, e2h, context);
    return bypass_stage1(context);
}

enum smmu_lookup smmu_context_next(const struct smmu_ste *ste, uint64_t l1cd, const struct smmu_features *features,
                                   const struct smmu_context *context, uint64_t *address, struct smmu_fault *fault)
{
    const uint64_t pointer = smmu_field_get_address(&l1cd, SMMU_L1CD_L2PTR_WIDE);
    const uint32_t index = context->cd_index & ((1u << leaf_bits(ste)) - 1);

    if (smmu_get(l1cd, SMMU_L1CD_V) == 0 || pointer >> features->output_address_bits != 0) {
        return refuse(fault, SMMU_C_BAD_SUBSTREAMID);
    }
    *address = pointer + (uint64_t)index * SMMU_CD_BYTES;
    return SMMU_LOOKUP_READ;
}

struct smmu_cd smmu_cd_decode(const uint64_t words[SMMU_CD_WORDS])
{
    /* log2 of the granule; TG0 and TG1 are encoded differently. */
    static const uint8_t granule0[4] = {12, 16, 14, 0};
    static const uint8_t granule1[4] = {0, 14, 12, 16};

    return (struct smmu_cd){
        .valid = smmu_field_get(words, SMMU_CD_V) != 0,
        .aarch64 = smmu_field_get(words, SMMU_CD_AA64) != 0,
        .big_endian = smmu_field_get(words, SMMU_CD_ENDI) != 0,
        .stall = smmu_field_get(words, SMMU_CD_S) != 0,
        .abort = smmu_field_get(words, SMMU_CD_A) != 0,
        .record = smmu_field_get(words, SMMU_CD_R) != 0,
        .hardware_access_flag = smmu_field_get(words, SMMU_CD_HA) != 0,
        .hardware_dirty = smmu_field_get(words, SMMU_CD_HD) != 0,
        .access_flag_ignored = smmu_field_get(words, SMMU_CD_AFFD) != 0,
        .ds = smmu_field_get(words, SMMU_CD_DS) != 0,
        .mair = smmu_field_get(words, SMMU_CD_MAIR),
        .write_implies_no_execute = smmu_field_get(words, SMMU_CD_WXN) != 0,
        .privileged_access_never = smmu_field_get(words, SMMU_CD_PAN) != 0,
        .ips = (uint8_t)smmu_field_get(words, SMMU_CD_IPS),
        .asid = (uint16_t)smmu_field_get(words, SMMU_CD_ASID),
        .range =
            {
                {
                    .table = smmu_field_get_address(words, SMMU_CD_TTB0),
                    .size = (uint8_t)smmu_field_get(words, SMMU_CD_T0SZ),
                    .granule = granule0[smmu_field_get(words, SMMU_CD_TG0)],
                    .disabled = smmu_field_get(words, SMMU_CD_EPD0) != 0,
                    .ignore_top = smmu_field_get(words, SMMU_CD_TBI0) != 0,
                    .sh = (uint8_t)smmu_field_get(words, SMMU_CD_SH0),
                    .had = smmu_field_get(words, SMMU_CD_HAD0) != 0,
                },
                {
                    .table = smmu_field_get_address(words, SMMU_CD_TTB1),
                    .size = (uint8_t)smmu_field_get(words, SMMU_CD_T1SZ),
                    .granule = granule1[smmu_field_get(words, SMMU_CD_TG1)],
                    .disabled = smmu_field_get(words, SMMU_CD_EPD1) != 0,
                    .ignore_top = smmu_field_get(words, SMMU_CD_TBI1) != 0,
                    .sh = (uint8_t)smmu_field_get(words, SMMU_CD_SH1),
                    .had = smmu_field_get(words, SMMU_CD_HAD1) != 0,
                },
            },
    };
}

static uint32_t output_bits(const struct smmu_cd *cd, const struct smmu_features *features)
{
    const uint32_t bits = smmu_ips_bits(cd->ips);

    return bits < features->output_address_bits ? bits : features->output_address_bits;
}

/* EL2 has no EPD0, no ASIDs and only the lower half. */
static bool half_is_absent(const struct smmu_cd *cd, enum smmu_world world, unsigned half)
{
    return world == SMMU_WORLD_NS_EL2 ? half == 1 : cd->range[half].disabled;
}

static bool range_is_illegal(const struct smmu_range *range, const struct smmu_cd *cd,
                             const struct smmu_features *features)
{
    const bool ds = features->ds && cd->ds;
    const bool wide = range->granule == 16 || ds;
    const unsigned least = features->va52 && wide ? 12 : 16;
    const unsigned most = features->stt ? (range->granule == 16 ? 47 : 48) : 39;
    const uint32_t output = output_bits(cd, features);
    const uint32_t table_bits = !wide && output > 48 ? 48 : output;

    return !smmu_features_have_granule(features, range->granule) || range->size < least || range->size > most ||
           range->table >> table_bits != 0;
}

bool smmu_cd_is_illegal(const struct smmu_cd *cd, const struct smmu_ste *ste, const struct smmu_features *features,
                        enum smmu_world world)
{
    bool any_table = false;

    if (!cd->valid || (ste->s1stalld && cd->stall) || (features->term_abort && !cd->abort) ||
        (features->stall == SMMU_STALL_MODEL_NONE && cd->stall) ||
        (features->stall == SMMU_STALL_MODEL_FORCED && !cd->stall)) {
        return true;
    }
    /* TTF = AArch64 only. */
    if (!cd->aarch64 || ((cd->hardware_access_flag || cd->hardware_dirty) && features->httu == SMMU_HTTU_NONE) ||
        (cd->hardware_dirty && features->httu == SMMU_HTTU_ACCESS)) {
        return true;
    }
    if (world != SMMU_WORLD_NS_EL2 && !features->asid16 && cd->asid > 0xff) {
        return true;
    }
    for (unsigned half = 0; half < 2; half++) {
        /* A half that is switched off may hold anything. */
        if (!half_is_absent(cd, world, half)) {
            any_table = true;
            if (range_is_illegal(&cd->range[half], cd, features)) {
                return true;
            }
        }
    }
    return any_table && smmu_features_endian_is_illegal(features, cd->big_endian);
}

void smmu_table_format_align(struct smmu_table_format *format)
{
    const unsigned index_bits = format->input_bits - smmu_level_size(format->granule, format->start_level);
    uint64_t bytes = UINT64_C(8) << index_bits;

    if (format->output_bits == 52 && bytes < 64) {
        bytes = 64;
    }
    format->base &= ~(bytes - 1);
}

/* The first level whose table resolves all the bits that are left (stage 1 has no choice). */
static int start_level(unsigned granule, unsigned input_bits)
{
    int level = 3;

    while (smmu_level_size(granule, level) + (granule - 3) < input_bits) {
        level--;
    }
    return level;
}

static void apply_range(struct smmu_stage1 *stage1, unsigned half, const struct smmu_cd *cd,
                        const struct smmu_features *features)
{
    const struct smmu_range *range = &cd->range[half];
    const bool ds = features->ds && cd->ds && range->granule != 16;
    struct smmu_table_format *format = &stage1->half[half];

    *format = (struct smmu_table_format){
        .base = range->table,
        .granule = range->granule,
        .input_bits = (uint8_t)(64 - range->size),
        .output_bits = (uint8_t)output_bits(cd, features),
        .start_level = (int8_t)start_level(range->granule, 64u - range->size),
        .wide = ds || (range->granule == 16 && features->output_address_bits == 52),
        .big_endian = cd->big_endian,
    };
    smmu_table_format_align(format);
    stage1->had[half] = features->had && range->had;
    stage1->sh[half] = range->sh;
}

static void apply_cd(struct smmu_context *context, const struct smmu_cd *cd, const struct smmu_features *features)
{
    const enum smmu_world world = smmu_context_world(context);
    struct smmu_stage1 *stage1 = &context->stage1;

    *stage1 = (struct smmu_stage1){
        .ds = features->ds && cd->ds,
        .one_privilege = world == SMMU_WORLD_NS_EL2,
        .access_flag_ignored = cd->access_flag_ignored,
        .write_implies_no_execute = cd->write_implies_no_execute,
        .privileged_access_never = cd->privileged_access_never && world != SMMU_WORLD_NS_EL2,
        .update_access = cd->hardware_access_flag,
        .update_dirty = cd->hardware_access_flag && cd->hardware_dirty,
        .raz_wi = !cd->abort,
        .silent = !cd->record,
        .stall = cd->stall,
        .mair = cd->mair,
    };
    for (unsigned half = 0; half < 2; half++) {
        stage1->absent[half] = half_is_absent(cd, world, half);
        stage1->ignore_top[half] = cd->range[half].ignore_top;
        if (!stage1->absent[half]) {
            apply_range(stage1, half, cd, features);
        }
    }
    if (world != SMMU_WORLD_NS_EL2) {
        context->tag |= (uint64_t)cd->asid << SMMU_TAG_ASID_SHIFT;
    }
    context->has_stage1 = true;
}

enum smmu_lookup smmu_context_finish(const struct smmu_ste *ste, const uint64_t words[SMMU_CD_WORDS],
                                     const struct smmu_features *features, struct smmu_context *context,
                                     struct smmu_fault *fault)
{
    const struct smmu_cd cd = smmu_cd_decode(words);

    if (smmu_cd_is_illegal(&cd, ste, features, smmu_context_world(context))) {
        return refuse(fault, SMMU_C_BAD_CD);
    }
    apply_cd(context, &cd, features);
    return SMMU_LOOKUP_DONE;
}
