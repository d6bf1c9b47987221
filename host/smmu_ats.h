/*
 * What the SMMUv3 driver does for devices with translation caches of their own (ATC) and page requests: invalidations
 * (IHI 0070, 4.5.1), the page request queue (chapter 8), and responses (4.5.2).
 */
#ifndef DOORBELL_HOST_SMMU_ATS_H
#define DOORBELL_HOST_SMMU_ATS_H

#include "host/smmu_driver.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything, in smmu_ats_invalidate(). */
#define SMMU_ATS_ALL 64u

/**
 * Issues CMD_ATC_INV; smmu_driver_sync() afterwards waits until the device has carried it out. The invalidation of the
 * SMMU's own TLBs must be complete by then, with a CMD_SYNC (3.9.1).
 * @param pasid 0: what requests without PASID brought
 * @param size  log2 of the bytes of an aligned range, 12 up; SMMU_ATS_ALL: all
 */
bool smmu_ats_invalidate(struct smmu_driver *driver, uint32_t stream_id, uint32_t pasid, uint64_t iova, unsigned size,
                         struct host_error *error);

/** Registers and memory of the page request queue, with its interrupt (a wire); before PRIQEN. */
bool smmu_pages_init(struct smmu_driver *driver, struct host_error *error);

/** A page request (8.3). */
struct smmu_page_request {
    uint32_t stream_id;
    bool with_pasid;
    uint32_t pasid;
    uint64_t address; /**< of the page */
    bool read;
    bool write;
    bool last;      /**< of its group: wants a response */
    uint16_t group; /**< PRG Index */
};

/** Takes the oldest page request out of the queue. @return false if there is none */
bool smmu_pages_next(struct smmu_driver *driver, struct smmu_page_request *request);

/** CMD_PRI_RESP for a group. @param pasid whether the response has a PASID  @param code SMMU_RESP_* */
bool smmu_pages_respond(struct smmu_driver *driver, const struct smmu_page_request *request, bool pasid, unsigned code,
                        struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
