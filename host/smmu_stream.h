/*
 * What a StreamID shall do, as stream table entry words (IHI 0070, 5.2), tables of context descriptors (5.4), and the
 * invalidations that go with changes (4.3, 4.4).
 */
#ifndef DOORBELL_HOST_SMMU_STREAM_H
#define DOORBELL_HOST_SMMU_STREAM_H

#include "host/smmu_driver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A stream table entry in its parts. All zero: abort. Values are those of models/smmuv3/smmu_formats.h. */
struct smmu_stream_setting {
    unsigned config;  /**< SMMU_STE_CONFIG_* */
    uint64_t context; /**< stage 1: address of the context descriptor, or of the table of them (an IPA if nested) */
    unsigned context_bits;              /**< S1CDMax: 0 for a single descriptor */
    unsigned context_format;            /**< S1Fmt */
    unsigned dss;                       /**< S1DSS; only with context_bits */
    unsigned eats;                      /**< EATS */
    bool merge_events;                  /**< MEV */
    bool page_response_pasid;           /**< PPAR */
    uint16_t vmid;                      /**< stage 2 */
    const struct io_page_table *stage2; /**< stage 2: its table */
};

/** Makes the words of an entry. */
void smmu_stream_words(const struct smmu_driver *driver, const struct smmu_stream_setting *setting, uint64_t words[8]);

/** Gives a StreamID an entry, hitless where that can be. @return false with @p error */
bool smmu_stream_set(struct smmu_driver *driver, uint32_t stream_id, const struct smmu_stream_setting *setting,
                     struct host_error *error);

/** A device's table of context descriptors, by SubstreamID (PASID). */
struct smmu_contexts {
    struct smmu_driver *driver;
    uint64_t base;
    unsigned bits;    /**< SubstreamID bits */
    bool two_level;   /**< leaves of 1024 descriptors, made when one is first needed (D9) */
    uint64_t *leaves; /**< their addresses; 0: not made */
    uint32_t leaf_count;
};

/** Sets memory of the host's aside for smmu_contexts_init(), for a table of any size. @return false: out of memory */
bool smmu_contexts_prepare(struct smmu_contexts *contexts);

/** Makes an empty table. @param bits 1..20, at most what the SMMU has. @return false with @p error */
bool smmu_contexts_init(struct smmu_contexts *contexts, struct smmu_driver *driver, unsigned bits,
                        struct host_error *error);

/** Releases what it holds in host memory. */
void smmu_contexts_clear(struct smmu_contexts *contexts);

/** Fills in the parts of an entry that lead to the table. */
void smmu_contexts_describe(const struct smmu_contexts *contexts, struct smmu_stream_setting *setting);

/**
 * Changes the descriptor of a SubstreamID, in steps with CFGI_CD and CMD_SYNC after each for all StreamIDs that use
 * the table.
 * @param words NULL: no descriptor (V = 0)
 * @return false with @p error
 */
bool smmu_contexts_set(struct smmu_contexts *contexts, const uint32_t *streams, size_t stream_count, uint32_t substream,
                       const uint64_t *words, struct host_error *error);

/** Invalidates what is cached of one 4 KiB page of stage 1 in an ASID, and waits. @return false with @p error */
bool smmu_invalidate_page(struct smmu_driver *driver, uint16_t asid, uint64_t iova, struct host_error *error);

/** The same for a stage 2: the page, and what combines both stages of that VMID. */
bool smmu_invalidate_ipa(struct smmu_driver *driver, uint16_t vmid, uint64_t ipa, struct host_error *error);

/** Invalidates all of an ASID, or all of a VMID (both stages), and waits. */
bool smmu_invalidate_asid(struct smmu_driver *driver, uint16_t asid, struct host_error *error);
bool smmu_invalidate_vmid(struct smmu_driver *driver, uint16_t vmid, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
