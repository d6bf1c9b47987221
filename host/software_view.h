/*
 * The software's state as the judge of assumptions wants to see it: every function with its identifiers, its domain and
 * where its messages lead; every domain with what it maps.
 */
#ifndef DOORBELL_HOST_SOFTWARE_VIEW_H
#define DOORBELL_HOST_SOFTWARE_VIEW_H

#include "host/assumptions.h"
#include "host/room.h"
#include "host/software.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a view has what it points to. */
struct software_view_memory {
    struct host_room functions;
    struct host_room domains;
    struct host_room labels; /**< names of SMMUs and ITS */
    struct host_room text;   /**< names of domains, one after the other */
    struct host_room doorbells;
    struct host_room ranges; /**< mapped for DMA, and windows */
    struct host_room pasids;
};

/** A system to judge, and what it points to. */
struct software_view {
    struct assumption_system system;
    struct assumption_function *functions; /**< of the system */
    struct assumption_domain *domains;     /**< of the system */
    size_t own_domains;                    /**< those of the software */
    struct software_view_memory memory;
};

/**
 * Makes the view of software that was brought up or planned, which must outlive it. There are no virtual machines in
 * it, and nothing is said of order. Release with software_view_clear().
 * @param more_domains room for so many domains behind those of the software; names and lists of those that are then
 *                     counted in `system` are freed with the view
 * @param view         zeroed, or made before, whose memory is used again
 */
void software_view_make(const struct software *software, size_t more_domains, struct software_view *view);

/** Releases what a view owns. */
void software_view_clear(struct software_view *view);

#ifdef __cplusplus
}
#endif

#endif
