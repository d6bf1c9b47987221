/* Why two functions are in one IOMMU group: controls that ports lack, and requester IDs that are not one's own. */
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
 * Says why two functions are in one group: each port of the group above them that lacks one of the controls that keep
 * functions apart (SV, RR, CR, UF: what Linux asks for), each bridge that gives what is below it its own requester ID.
 * @param reasons receives a sentence each, without a full stop
 * @return how many, at most @p limit; 0 if they are not in one group
 */
size_t group_reasons(const struct topology *topology, uint32_t one, uint32_t other, char (*reasons)[GROUP_REASON_BYTES],
                     size_t limit);

#ifdef __cplusplus
}
#endif

#endif
