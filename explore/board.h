/*
 * One system of the space as its software would see it, in memory: the tree that enumeration would find, its IOMMU
 * groups, identifiers from the maps, a translation domain for every group with the doorbells that are mapped there.
 *
 * Everything that depends on the shape alone is made once for a shape; what depends on the labels is made anew for each
 * labelling. So millions of systems are judged in a minute. Where a consumer has the endpoints, the software's own plan
 * is made for each labelling (explore/plan.h), which takes longer.
 */
#ifndef DOORBELL_EXPLORE_BOARD_H
#define DOORBELL_EXPLORE_BOARD_H

#include "explore/space.h"
#include "explore/use.h"
#include "host/assumptions.h"
#include "host/error.h"
#include "result/verdict.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct explore_board;

/** Makes an empty board for systems within these bounds. Release with explore_board_destroy(). */
struct explore_board *explore_board_create(const struct explore_bounds *bounds,
                                           const struct explore_software *software);

/** Releases it; NULL is allowed. */
void explore_board_destroy(struct explore_board *board);

/** Builds the tree of a shape and forms its groups. @return false with @p error */
bool explore_board_set_shape(struct explore_board *board, const struct explore_shape *shape, struct host_error *error);

/**
 * Gives the endpoints of the shape their StreamIDs, DeviceIDs and doorbells.
 * @return false with @p error: the software could not bring such a system up
 */
bool explore_board_set_labels(struct explore_board *board, const struct explore_labels *labels,
                              struct host_error *error);

/** Judges one assumption, 0..ASSUMPTION_COUNT-1, of the system as it stands. */
enum verdict_outcome explore_board_judge(struct explore_board *board, unsigned assumption);

/** The system as it stands, for whoever wants verdicts with their evidence. Valid until the next change. */
const struct assumption_system *explore_board_system(const struct explore_board *board);

/** Name of an endpoint ("ep0"), a switch ("sw0"), a root port ("rp0"), by its number; @p text has 8 bytes. */
const char *explore_name(const char *kind, unsigned number, char *text);

/** Names of ITS ("A", ...) and SMMUs ("S", ...). */
const char *explore_its_name(unsigned its);
const char *explore_smmu_name(unsigned smmu);

/** ACS capability register of a port. */
uint16_t explore_acs_capability(enum explore_acs acs);

/** Requester ID of every endpoint of a shape, as enumeration numbers buses, depth first. */
void explore_rids(const struct explore_shape *shape, uint16_t *rids);

/** Name of an endpoint: "ep2", or of a further function of a device "ep2/1"; @p text has 8 bytes. */
const char *explore_endpoint_name(const struct explore_shape *shape, unsigned endpoint, char *text);

/** Consecutive requester IDs that a map sends to one target, their identifiers being the same numbers. */
struct explore_entry {
    uint32_t first;
    uint32_t count;
    uint8_t target;
};

/* An entry for each endpoint, and what lies between them. */
#define EXPLORE_ENTRIES (2 * EXPLORE_ENDPOINTS + 1)

/**
 * A map: the buses of endpoints that are not sent to the first target, and the first target for all the rest but for
 * the buses of those that are left out (EXPLORE_UNMAPPED). Of a device of several functions it is single requester IDs.
 * @return how many entries there are, first ones first
 */
unsigned explore_map(const uint8_t *targets, const uint16_t *rids, unsigned endpoints, struct explore_entry *entries);

/** Where the ITS of a number lies: its registers' base, the same in memory and in a scenario's file. */
uint64_t explore_its_base(unsigned its);

/** Where its pre-ITS window lies, if it has one: EXPLORE_PRE_ITS_SIZE bytes, 4 for each DeviceID. */
uint64_t explore_pre_its_base(unsigned its);

/** Where the GICv2m frame of a number lies, in place of that ITS, and its first SPI of EXPLORE_SPIS. */
uint64_t explore_frame_base(unsigned frame);
uint32_t explore_first_spi(unsigned frame);

/* Few enough that those of all frames are among the 256 that a distributor has. */
#define EXPLORE_SPIS 32u

#define EXPLORE_PRE_ITS_SIZE (UINT64_C(4) << 16)

#ifdef __cplusplus
}
#endif

#endif
