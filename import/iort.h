/* The IORT: a graph of nodes, and the way of an identifier through it. */
#ifndef DOORBELL_IMPORT_IORT_H
#define DOORBELL_IMPORT_IORT_H

#include "import/acpi_bytes.h"
#include "import/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most nodes and mappings of a table that are taken. */
#define IORT_MAX_NODES    1024u
#define IORT_MAX_MAPPINGS 512u

/** Node types (DEN 0049E, table 3). */
enum iort_type {
    IORT_ITS_GROUP = 0,
    IORT_NAMED_COMPONENT = 1,
    IORT_ROOT_COMPLEX = 2,
    IORT_SMMUV2 = 3,
    IORT_SMMUV3 = 4,
    IORT_PMCG = 5,
    IORT_RMR = 6,
};

/** One node. */
struct iort_node {
    uint32_t offset; /**< in the table: what references name */
    uint8_t type;
    uint8_t revision;
    uint32_t mapping_count;
    uint32_t mappings;       /**< offset of the first in the table */
    size_t index;            /**< of the firmware's IOMMU or MSI controller that it is; FIRMWARE_NONE */
    struct acpi_bytes bytes; /**< from its header on */
};

struct iort {
    struct acpi_bytes table;
    struct iort_node *nodes;
    size_t count;
};

/** Where an identifier comes to, and for how many after it the same is true, one by one. */
struct iort_step {
    const struct iort_node *node; /**< NULL: no mapping has it */
    uint32_t id;
    uint32_t last; /**< the last input of which the same holds, with outputs counting along (or staying, if single) */
    bool single;   /**< the output is the same for all inputs */
};

/** Checks and indexes the whole table. @return false with errors; release with iort_clear() in any case */
bool iort_index(struct iort *iort, const struct acpi_bytes *table, struct diagnostics *diagnostics);

/** Takes one identifier through one node's mappings, as Linux does (rule B16). */
struct iort_step iort_map(const struct iort *iort, const struct iort_node *node, uint32_t id);

/** Fills hosts, maps, IOMMUs and reserved ranges; MSI controllers must be there. */
void iort_read(struct iort *iort, struct import_machine *machine);

/** The node that begins at an offset of the table; NULL: none does. */
struct iort_node *iort_node_at(const struct iort *iort, uint32_t offset);

/** Releases the index. */
void iort_clear(struct iort *iort);

#ifdef __cplusplus
}
#endif

#endif
