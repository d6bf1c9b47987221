/*
 * Translation table descriptors, decoded for any granule, level and stage.
 */
#ifndef DOORBELL_MODELS_SMMUV3_DESCRIPTOR_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_DESCRIPTOR_INTERNAL_H

#include "models/smmuv3/translation_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum smmu_descriptor_kind {
    SMMU_DESCRIPTOR_INVALID, /**< also a block where there are none */
    SMMU_DESCRIPTOR_TABLE,
    SMMU_DESCRIPTOR_LEAF, /**< page or block */
};

struct smmu_descriptor {
    uint8_t kind;     /**< enum smmu_descriptor_kind */
    uint8_t size;     /**< LEAF: log2 of the bytes, of all contiguous descriptors together */
    uint64_t address; /**< TABLE: of the next table; LEAF: of what this one descriptor maps */
};

/** What a descriptor of a level (in host byte order) is. Its address is not checked against the output size. */
struct smmu_descriptor smmu_descriptor_decode(const struct smmu_table_format *format, int level, uint64_t word);

/** log2 of the largest page in which a walk can end that is at @p level. */
unsigned smmu_descriptor_largest(const struct smmu_table_format *format, int level);

/** SMMU_PERM_* that a stage 1 table descriptor takes away from everything below it. */
unsigned smmu_descriptor_denied(const struct smmu_stage1 *stage1, uint64_t table);

/** Whether a leaf is writable but clean, and hardware may mark it dirty. */
bool smmu_descriptor_is_clean1(const struct smmu_stage1 *stage1, uint64_t leaf);
bool smmu_descriptor_is_clean2(const struct smmu_stage2 *stage2, uint64_t leaf);

/** SMMU_PERM_* of a stage 1 leaf, as if it were dirty. @param denied what the tables above take away */
unsigned smmu_descriptor_permissions1(const struct smmu_stage1 *stage1, uint64_t leaf, unsigned denied);

/** SMMU_PERM_S2_* of a stage 2 leaf, as if it were dirty. */
unsigned smmu_descriptor_permissions2(const struct smmu_stage2 *stage2, uint64_t leaf);

/** Memory attributes of a leaf: see smmu_attributes_stage1(). @param half of the address space: 0 or 1 */
unsigned smmu_descriptor_attributes1(const struct smmu_stage1 *stage1, unsigned half, uint64_t leaf);
unsigned smmu_descriptor_attributes2(const struct smmu_stage2 *stage2, uint64_t leaf);

#ifdef __cplusplus
}
#endif

#endif
