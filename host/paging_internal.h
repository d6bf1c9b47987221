/* Between the files of paging. */
#ifndef DOORBELL_HOST_PAGING_INTERNAL_H
#define DOORBELL_HOST_PAGING_INTERNAL_H

#include "host/paging.h"
#include "host/smmu_ats.h"
#include "host/software.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Who serves a page request. */
enum paging_hand {
    PAGING_KERNELS,
    PAGING_USERS,   /**< it waits in a fault object */
    PAGING_NOBODYS, /**< the domain is a user's, which has no fault object: it is invalid */
};

/** Hands a request over to user space, if its device is in a domain of user space's. */
enum paging_hand paging_hand_over(struct software *software, uint32_t smmu, uint32_t function,
                                  const struct smmu_page_request *request);

/** Maps a page, unless it is there by now. @param time that it takes to find it, fs @return SMMU_RESP_* */
unsigned paging_provide(struct software *software, uint32_t function, const struct smmu_page_request *request,
                        sim_time time);

/**
 * A request has been dealt with; with the last one of its group the group is answered.
 * @param function PCI_TREE_NONE: no function has such a StreamID  @param code SMMU_RESP_*
 */
bool paging_conclude(struct software *software, uint32_t smmu, uint32_t function,
                     const struct smmu_page_request *request, unsigned code, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
