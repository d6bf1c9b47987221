/* Why functions are in one IOMMU group: controls that ports lack, and requester IDs that are not one's own. */
#ifndef DOORBELL_REPORT_GROUP_REASON_H
#define DOORBELL_REPORT_GROUP_REASON_H

#include "result/topology.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room for a reason. */
#define GROUP_REASON_BYTES 200

/**
 * Says why functions are in one group: each port of the group above the first two of them that lacks one of the
 * controls that keep functions apart (SV, RR, CR, UF: what Linux asks for), each bridge that gives what is below it its
 * own requester ID.
 * @param functions array of @p count; TOPOLOGY_NONE and what is there twice count for nothing
 * @param reasons   receives a sentence each, without a full stop
 * @return how many, at most @p limit; 0 if they are not all in one group, or are fewer than two
 */
size_t group_reasons(const struct topology *topology, const uint32_t *functions, size_t count,
                     char (*reasons)[GROUP_REASON_BYTES], size_t limit);

#ifdef __cplusplus
}
#endif

#endif
