/*
 * Context descriptors (IHI 0070, 5.3 and 5.4): from an STE and a SubstreamID to the CD, and to the context.
 */
#include "models/smmuv3/tables_internal.h"

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

/* The table "Substream selection" of the fact sheet. Sets cd_index, or makes stage 1 bypassed. */
static enum smmu_lookup select_substream(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                         const struct smmu_features *features, struct smmu_context *context,
                                         struct smmu_fault *fault)
{
    const unsigned bits = substream_bits(ste, features);

    context->action = SMMU_ACTION_TRANSLATE;
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
        context->action = SMMU_ACTION_BYPASS;
        return SMMU_LOOKUP_DONE;
    }
    return refuse(fault, SMMU_F_STREAM_DISABLED);
}

enum smmu_lookup smmu_context_start(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                    const struct smmu_features *features, struct smmu_context *context,
                                    uint64_t *address, struct smmu_fault *fault)
{
    enum smmu_lookup lookup;

    *context = (struct smmu_context){.abort = true, .record = true};
    /* V comes first, then Config: an aborting STE is not checked any further (5.2). */
    if (ste->valid && ste->config < SMMU_STE_CONFIG_BYPASS) {
        context->action = SMMU_ACTION_ABORT;
        return SMMU_LOOKUP_DONE;
    }
    if (smmu_ste_is_illegal(ste, features)) {
        return refuse(fault, SMMU_C_BAD_STE);
    }
    if (ste->config == SMMU_STE_CONFIG_BYPASS) {
        context->action = SMMU_ACTION_BYPASS;
        return stream->ssv ? refuse(fault, SMMU_C_BAD_SUBSTREAMID) : SMMU_LOOKUP_DONE;
    }
    lookup = select_substream(ste, stream, features, context, fault);
    if (lookup != SMMU_LOOKUP_READ) {
        return lookup;
    }
    context->uses_cd = true;
    if (smmu_context_is_two_level(ste, features)) {
        *address = ste->s1contextptr + (uint64_t)(context->cd_index >> leaf_bits(ste)) * SMMU_L1CD_BYTES;
    } else {
        *address = ste->s1contextptr + (uint64_t)context->cd_index * SMMU_CD_BYTES;
    }
    return SMMU_LOOKUP_READ;
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
                },
                {
                    .table = smmu_field_get_address(words, SMMU_CD_TTB1),
                    .size = (uint8_t)smmu_field_get(words, SMMU_CD_T1SZ),
                    .granule = granule1[smmu_field_get(words, SMMU_CD_TG1)],
                    .disabled = smmu_field_get(words, SMMU_CD_EPD1) != 0,
                    .ignore_top = smmu_field_get(words, SMMU_CD_TBI1) != 0,
                },
            },
    };
}

static uint32_t output_bits(const struct smmu_cd *cd, const struct smmu_features *features)
{
    const uint32_t bits = smmu_ips_bits(cd->ips);

    return bits < features->output_address_bits ? bits : features->output_address_bits;
}

bool smmu_cd_is_illegal(const struct smmu_cd *cd, const struct smmu_ste *ste, const struct smmu_features *features)
{
    /* TTF = AArch64 only, no stalls (which makes STE.S1STALLD irrelevant), TTENDIAN = little, HTTU = 0. */
    (void)ste;
    if (!cd->valid || !cd->aarch64 || cd->stall || cd->hardware_access_flag || cd->hardware_dirty) {
        return true;
    }
    if (cd->big_endian && !(cd->range[0].disabled && cd->range[1].disabled)) {
        return true;
    }
    for (unsigned half = 0; half < 2; half++) {
        const struct smmu_range *range = &cd->range[half];

        /* A half that is switched off may hold anything. Sizes: VAX = 0 and STT = 0; granules: 4 KiB only. */
        if (!range->disabled && (range->size < 16 || range->size > 39 || range->granule != 12 ||
                                 range->table >> output_bits(cd, features) != 0)) {
            return true;
        }
    }
    return false;
}

enum smmu_lookup smmu_context_finish(const struct smmu_ste *ste, const uint64_t words[SMMU_CD_WORDS],
                                     const struct smmu_features *features, struct smmu_context *context,
                                     struct smmu_fault *fault)
{
    const struct smmu_cd cd = smmu_cd_decode(words);

    if (smmu_cd_is_illegal(&cd, ste, features)) {
        return refuse(fault, SMMU_C_BAD_CD);
    }
    context->abort = cd.abort;
    context->record = cd.record;
    context->access_flag_ignored = cd.access_flag_ignored;
    context->write_implies_no_execute = cd.write_implies_no_execute;
    context->privileged_access_never = cd.privileged_access_never;
    context->output_bits = (uint8_t)output_bits(&cd, features);
    context->range[0] = cd.range[0];
    context->range[1] = cd.range[1];
    /* Without stage 2 (IDR0.S2P = 0) there are no VMIDs to tell apart: the tag's is 0, whatever S2VMID holds. */
    context->tag = (uint64_t)cd.asid << SMMU_TAG_ASID_SHIFT | (uint64_t)SMMU_WORLD_NS_EL1 << SMMU_TAG_WORLD_SHIFT;
    return SMMU_LOOKUP_DONE;
}
