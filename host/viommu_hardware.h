/* What iommufd finds behind an SMMU for a device, before it makes a vIOMMU: of brought-up software and of planned. */
#ifndef DOORBELL_HOST_VIOMMU_HARDWARE_H
#define DOORBELL_HOST_VIOMMU_HARDWARE_H

#include "host/software.h"
#include "host/viommu.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The SMMU of a function as a vIOMMU needs it (E1, E2): its stages, and whether writes of the function can be made to
 * snoop. Its virtual command queues are the caller's to add.
 * @param function index in the tree; it is behind an SMMU
 */
struct viommu_hardware viommu_hardware_of(const struct software *software, uint32_t function);

#ifdef __cplusplus
}
#endif

#endif
