/*
 * How a doorbell is mapped for a device: every style that was built or proposed, behind two calls. docs/doorbells.md
 * tells each style with its rule.
 *
 * A table holds what a style remembers beyond one mapping: the next free page of a window, which address a doorbell has
 * in every domain of a file, the guest doorbells that a user has bound, how many users a page has. Whose table it is
 * (one a domain, one a container, one a file) is the consumer's business (host/consumer.h).
 */
#ifndef DOORBELL_HOST_DOORBELL_MAP_H
#define DOORBELL_HOST_DOORBELL_MAP_H

#include "host/domain.h"
#include "host/error.h"
#include "host/rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Doorbell pages that a table can hold: what iommufd allows for a file (C11). */
#define DOORBELL_TABLE_PAGES 64u

/** Start and size of the MSI window that SMMU drivers report (C13). */
#define DOORBELL_WINDOW_BASE UINT64_C(0x08000000)
#define DOORBELL_WINDOW_SIZE UINT64_C(0x00100000)

/** Any function, or no function. */
#define DOORBELL_ANY UINT32_MAX

/** One page. */
struct doorbell_page {
    uint64_t physical; /**< of the ITS; 0: a binding that no doorbell has taken yet */
    uint64_t iova;     /**< what devices write to, page: of a binding, the guest's */
    uint64_t ipa;      /**< bindings: the guest doorbell's page */
    uint32_t function; /**< bindings for one device: which; else DOORBELL_ANY */
    uint32_t group;    /**< bindings for one group: which; else DOORBELL_ANY */
    uint32_t users;    /**< functions that write to it now */
};

struct doorbell_table {
    enum doorbell_style style;
    unsigned page;       /**< log2 of the bytes of its pages: of the kernel's PAGE_SIZE (C6) */
    uint64_t base;       /**< window or aperture; single page: the virtual ITS's page */
    uint64_t size;       /**< aperture's; windows are not limited (C10) */
    uint64_t guest_iova; /**< single page: what the guest's own tables give its page */
    size_t count;
    struct doorbell_page pages[DOORBELL_TABLE_PAGES]; /**< behind `count` nothing is set */
};

/** Makes an empty table. @param page log2 of the kernel's PAGE_SIZE, as large as the units of the domains it serves */
void doorbell_table_init(struct doorbell_table *table, enum doorbell_style style, unsigned page, uint64_t base,
                         uint64_t size);

/** Who asks. */
struct doorbell_request {
    struct domain *domain; /**< that the doorbell must be mapped in: the stage 2 below a guest's stage 1 */
    uint32_t function;
    uint32_t group;
    uint64_t doorbell; /**< physical address of GITS_TRANSLATER */
};

/**
 * Gives a function the address that it must write to reach a doorbell, and maps what is missing for it.
 *
 * ENOMEM: the aperture is used up, or no binding is left (C19, C21). EOVERFLOW: more than 64 doorbell pages in a file
 * (C11). EINVAL: no aperture has been set. EEXIST: the address that the style demands leads elsewhere already.
 * @return false with @p error, and nothing changed
 */
bool doorbell_map(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                  struct host_error *error);

/**
 * A function no longer writes to a doorbell. What becomes of the mapping is the style's matter: those of 2016 and
 * bindings unmap a page with its last user, the others keep it (C5). Calls pair with those of doorbell_map(). ENOENT:
 * nobody uses it.
 */
bool doorbell_unmap(struct doorbell_table *table, const struct doorbell_request *request, struct host_error *error);

/**
 * A user binds a guest doorbell: from then on a host doorbell can be mapped at @p ipa and devices told @p iova.
 * @param function, group whom it is for, or DOORBELL_ANY
 * EEXIST: bound already at that guest address. ENOSPC: too many.
 */
bool doorbell_bind(struct doorbell_table *table, uint64_t iova, uint64_t ipa, uint32_t function, uint32_t group,
                   struct host_error *error);

/** The binding at an address; NULL if there is none. */
const struct doorbell_page *doorbell_find(const struct doorbell_table *table, uint64_t iova);

/** A user takes a binding back: EBUSY while a function writes to it, ENOENT if there is none for that address. */
bool doorbell_unbind(struct doorbell_table *table, uint64_t iova, struct host_error *error);

/** Translates the physical address of a doorbell to what devices write (msg_pa_to_va of 2016): EINVAL if unbound. */
bool doorbell_address(const struct doorbell_table *table, uint64_t doorbell, uint64_t *address,
                      struct host_error *error);

/** Changes the aperture (2016): EINVAL once it has been set, or with an empty range. */
bool doorbell_set_aperture(struct doorbell_table *table, uint64_t base, uint64_t size, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
