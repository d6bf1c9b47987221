/*
 * What functions share because their requests carry one requester ID: StreamIDs, which only one of them can have, and
 * DeviceIDs, whose interrupt translation table they divide among them. Rules A21, B6 and B12 of Linux.
 */
#ifndef DOORBELL_HOST_SOFTWARE_SHARING_H
#define DOORBELL_HOST_SOFTWARE_SHARING_H

#include "host/software.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether every requester ID under which a function may send has a StreamID, its own having one: else it has no IOMMU
 * at all (B6), because one that failed fails the function.
 */
bool software_aliases_are_mapped(const struct software *software, uint32_t index);

/**
 * Marks the functions that can have no IOMMU since a StreamID of theirs belongs to one before them (A21). An SMMU
 * driver knows each StreamID once; a function's own may repeat.
 */
void software_refuse_shared_streams(struct software *software);

/**
 * The domain that the requests of a refused function meet at the SMMU: that of a function which has a requester ID of
 * its. @return its index; SIZE_MAX if it was not refused, or there is none
 */
size_t software_domain_met(const struct software *software, uint32_t index);

/** Events of an interrupt translation table that several functions use. */
struct software_events {
    uint32_t first; /**< of this function */
    uint32_t total; /**< of all functions with its DeviceID at its ITS */
};

/** Which events a function has, by the order of functions (B12). */
struct software_events software_events_of(const struct software *software, uint32_t index);

#ifdef __cplusplus
}
#endif

#endif
