/*
 * The stream table (IHI 0070, 5.1 and 5.2): from a StreamID to its STE, and what makes an STE legal.
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
    return (struct smmu_ste){
        .valid = smmu_field_get(words, SMMU_STE_V) != 0,
        .config = (uint8_t)smmu_field_get(words, SMMU_STE_CONFIG),
        .s1fmt = (uint8_t)smmu_field_get(words, SMMU_STE_S1FMT),
        .s1cdmax = (uint8_t)smmu_field_get(words, SMMU_STE_S1CDMAX),
        .s1dss = (uint8_t)smmu_field_get(words, SMMU_STE_S1DSS),
        .strw = (uint8_t)smmu_field_get(words, SMMU_STE_STRW),
        .s1stalld = smmu_field_get(words, SMMU_STE_S1STALLD) != 0,
        .s2vmid = (uint16_t)smmu_field_get(words, SMMU_STE_S2VMID),
        .s1contextptr = smmu_field_get_address(words, SMMU_STE_S1CONTEXTPTR_WIDE),
    };
}

bool smmu_ste_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features)
{
    /* Stage 2 is absent (IDR0.S2P = 0), so 11x selects what does not exist. */
    if (!ste->valid || ste->config == SMMU_STE_CONFIG_S2 || ste->config == SMMU_STE_CONFIG_NESTED) {
        return true;
    }
    if (ste->config == SMMU_STE_CONFIG_BYPASS) {
        return false;
    }
    /*
     * Stage 1. IDR0.STALL_MODEL = 1 makes S1STALLD illegal. IDR0.HYP = 0 leaves one stream world: other values of STRW
     * are taken as reserved. IDR0.ATS = 0 makes EATS RES0: it is not looked at. Two-level CD tables are implemented, so
     * no S1Fmt is illegal (3 behaves as 0).
     */
    return ste->s1stalld || ste->strw != 0 ||
           (features->substream_id_bits != 0 && ste->s1cdmax > features->substream_id_bits) ||
           ste->s1contextptr >> features->output_address_bits != 0;
}
