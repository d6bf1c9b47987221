/*
 * Knows the truth about guests' DMA mappings: which physical pages a device may no longer reach, because the guest has
 * unmapped them and its invalidation has completed, as the guest sees it. A write that arose in a device after that
 * moment and lands in such a page used a stale translation.
 *
 * It looks at where writes land, so it depends neither on SMMUs' caches nor on who invalidated what.
 */
#ifndef DOORBELL_HOST_STALE_H
#define DOORBELL_HOST_STALE_H

#include "sim/observe.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A page that a guest's device had. */
struct stale_page {
    uint64_t physical;   /**< of the page */
    uint32_t function;   /**< whose: index in the software's tree */
    bool retired;        /**< unmapped, and invalidated as the guest sees it */
    sim_time retired_at; /**< since then */
};

/** What is known of one function. */
struct stale_count {
    uint64_t count;        /**< writes that used a stale translation */
    uint64_t first_packet; /**< identity of the first */
    sim_time first_born;   /**< when that arose */
};

struct stale_checker {
    struct stale_page *pages;
    size_t page_count;
    size_t page_limit;
    struct stale_count *functions; /**< by index in the tree */
    uint32_t function_count;
};

/** Makes a checker for @p pages pages at most of @p functions functions. */
void stale_init(struct stale_checker *checker, size_t pages, uint32_t functions);

void stale_clear(struct stale_checker *checker);

/** A guest has mapped a page for its device: it may be reached. @return false if there is no room for the page */
bool stale_mapped(struct stale_checker *checker, uint32_t function, uint64_t physical);

/** The guest's invalidation of that page has completed now. */
void stale_retired(struct stale_checker *checker, uint64_t physical, sim_time now);

/** A DMA write has arrived in memory: was it right there? */
void stale_see(struct stale_checker *checker, const struct sim_packet *packet);

#ifdef __cplusplus
}
#endif

#endif
