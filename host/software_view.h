/*
 * The software's state as the judge of assumptions wants to see it: every function with its identifiers, its domain and
 * where its messages lead; every domain with what it maps.
 */
#ifndef DOORBELL_HOST_SOFTWARE_VIEW_H
#define DOORBELL_HOST_SOFTWARE_VIEW_H

#include "host/assumptions.h"
#include "host/software.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A system to judge, and what it points to. */
struct software_view {
    struct assumption_system system;
    struct assumption_function *functions; /**< of the system */
    struct assumption_domain *domains;     /**< of the system */
    const char **smmu_names;
    const char **its_names;
};

/**
 * Makes the view of software that was brought up or planned, which must outlive it. There are no virtual machines in
 * it, and nothing is said of order. Release with software_view_clear().
 * @param more_domains room for so many domains behind those of the software; names and lists of those that are then
 *                     counted in `system` are freed with the view
 */
void software_view_make(const struct software *software, size_t more_domains, struct software_view *view);

/** Releases what a view owns. */
void software_view_clear(struct software_view *view);

#ifdef __cplusplus
}
#endif

#endif
