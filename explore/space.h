/*
 * The space of small systems: endpoints and switches below the root ports of one root complex, ACS of every port, and
 * which SMMU and ITS the maps of firmware send every endpoint to.
 *
 * Two systems are the same if they differ only in the order of what stands side by side (root ports, ports of a
 * switch) or in what SMMUs and ITS are called. Of each such class exactly one is visited, its canonical form, without
 * remembering those before: shapes are grown in order, and a labelling that another order or other names would make
 * smaller is passed over.
 *
 * A shape is a text in prefix notation, one byte a node: 1 + 2 * ACS level for an endpoint, 2 + 2 * ACS level for a
 * switch, whose ports follow and then a 0. The level is that of the port above the node. A device of several functions
 * is 1 + 2 * (ACS level + 3 * kind), its kind being 1, 3, 5 for two to four functions without ACS of their own, one
 * more with. Each of its functions counts as an endpoint; they differ from each other in labels only. Siblings stand in
 * ascending order of these texts.
 */
#ifndef DOORBELL_EXPLORE_SPACE_H
#define DOORBELL_EXPLORE_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXPLORE_ENDPOINTS  8u
#define EXPLORE_SWITCHES   6u
#define EXPLORE_ITS        4u
#define EXPLORE_SMMUS      4u
#define EXPLORE_NODES      (EXPLORE_ENDPOINTS + EXPLORE_SWITCHES)
#define EXPLORE_TEXT       (EXPLORE_NODES + EXPLORE_SWITCHES)
#define EXPLORE_ACS_LEVELS 3u
#define EXPLORE_FUNCTIONS  4u

/** What ACS a port has, in the order in which bounds add them. */
enum explore_acs {
    EXPLORE_ACS_NONE,
    EXPLORE_ACS_FULL,          /**< all that the simulator's ports can have; software enables what isolates */
    EXPLORE_ACS_NO_FORWARDING, /**< SV, RR and CR, but no Upstream Forwarding */
};

/** How large systems get. */
struct explore_bounds {
    unsigned endpoints; /**< at most so many, 1..EXPLORE_ENDPOINTS */
    unsigned switches;  /**< at most so many, 0..EXPLORE_SWITCHES */
    unsigned its;       /**< at most so many, 1..EXPLORE_ITS */
    unsigned smmus;     /**< at most so many, 1..EXPLORE_SMMUS; 0: no system has any */
    unsigned acs;       /**< the first so many of enum explore_acs, 1..EXPLORE_ACS_LEVELS */
    bool unmapped;      /**< the iommu-map may leave endpoints out; needs an SMMU */
    unsigned functions; /**< of a device, at most so many, 1..EXPLORE_FUNCTIONS */
};

/** In place of an SMMU's number: the iommu-map leaves the endpoint out. */
#define EXPLORE_UNMAPPED EXPLORE_SMMUS

/** No node. */
#define EXPLORE_NONE UINT8_MAX

struct explore_node {
    uint8_t parent; /**< index of the switch above; EXPLORE_NONE: below a root port of its own */
    uint8_t acs;    /**< enum explore_acs of the port above */
    bool is_switch;
    uint8_t endpoint;  /**< number of the (first) endpoint, in the order of the text; EXPLORE_NONE for a switch */
    uint8_t functions; /**< endpoints that it is: 0 for a switch */
    bool isolated;     /**< these have ACS of their own */
};

/** Neighbouring subtrees of the same shape, or functions of a device: @p count blocks of @p length endpoints each. */
struct explore_run {
    uint8_t first; /**< endpoint */
    uint8_t length;
    uint8_t count;
};

/** A shape, understood. Make it with explore_shape_read(). */
struct explore_shape {
    uint8_t text[EXPLORE_TEXT + 1]; /**< ends with a 0 of its own */
    uint8_t length;                 /**< without that */
    struct explore_node nodes[EXPLORE_NODES];
    uint8_t node_count;
    uint8_t endpoints;
    uint8_t switches;
    struct explore_run runs[EXPLORE_NODES + EXPLORE_ENDPOINTS]; /**< inner ones first */
    uint8_t run_count;
};

/** Where the maps send every endpoint of a shape. */
struct explore_labels {
    uint8_t smmu[EXPLORE_ENDPOINTS]; /**< or EXPLORE_UNMAPPED */
    uint8_t its[EXPLORE_ENDPOINTS];
    uint8_t smmus; /**< how many there are: numbers below are all used */
    uint8_t itses;
};

/** A visitor. @return false to end the enumeration */
typedef bool (*explore_visit_shape)(void *context, const struct explore_shape *shape);
/** @param ways number of labellings within the bounds that are the same system as this one, itself included */
typedef bool (*explore_visit_labels)(void *context, const struct explore_labels *labels, uint64_t ways);

/** The byte of a device of so many endpoints below a port of an ACS level. @param isolated of several: see above */
uint8_t explore_endpoint_code(unsigned acs, unsigned functions, bool isolated);

/** Understands a text of @p length bytes. Its siblings need not be in order, but runs are right only if they are. */
void explore_shape_read(const uint8_t *text, size_t length, struct explore_shape *shape);

/**
 * Visits every shape with so many endpoints (at least 1) and switches once, in ascending order of their texts.
 * @param bounds how many ACS levels there are, and functions of a device
 * @return false if the visitor ended it
 */
bool explore_shapes(unsigned endpoints, unsigned switches, const struct explore_bounds *bounds,
                    explore_visit_shape visit, void *context);

/** Visits every labelling of a shape within the bounds once, up to symmetry. @return false if the visitor ended it */
bool explore_labellings(const struct explore_shape *shape, const struct explore_bounds *bounds,
                        explore_visit_labels visit, void *context);

/**
 * The canonical form of any labelling of a shape in order: names and order that make it least. Numbers in @p labels
 * need not be dense; `smmus` and `itses` are set. @return number of labellings within the bounds that are the same
 */
uint64_t explore_canonical(const struct explore_shape *shape, const struct explore_bounds *bounds,
                           struct explore_labels *labels);

/**
 * The number of systems with so many endpoints and switches that differ in more than the order of siblings; names
 * count. UINT64_MAX if it is that or more.
 */
uint64_t explore_count(unsigned endpoints, unsigned switches, const struct explore_bounds *bounds);

#ifdef __cplusplus
}
#endif

#endif
