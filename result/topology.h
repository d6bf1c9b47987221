/*
 * A system's shape as plain data: PCI functions as software sees them, their groups and domains, and the SMMU, the ITS
 * and the doorbell that each one's interrupts go through. Pictures and reports are drawn from it.
 */
#ifndef DOORBELL_RESULT_TOPOLOGY_H
#define DOORBELL_RESULT_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No such thing: for indexes and group numbers. Identifiers and addresses use VERDICT_NO_ID. */
#define TOPOLOGY_NONE UINT32_MAX

/** What a function is, as far as a picture cares. */
enum topology_kind {
    TOPOLOGY_ROOT_PORT,
    TOPOLOGY_UPSTREAM_PORT,
    TOPOLOGY_DOWNSTREAM_PORT,
    TOPOLOGY_BRIDGE, /**< to conventional PCI, or back */
    TOPOLOGY_ENDPOINT,
    TOPOLOGY_VIRTUAL_FUNCTION,
};

#define TOPOLOGY_KINDS 6

/** "root port", "upstream port", "downstream port", "bridge", "endpoint", "virtual function". */
const char *topology_kind_name(enum topology_kind kind);

/** One PCI function. Texts are owned. */
struct topology_function {
    char *name;
    enum topology_kind kind;
    uint32_t parent; /**< the bridge above it; TOPOLOGY_NONE: it is on a root bus */
    uint32_t host;   /**< index of its host bridge */
    uint32_t segment;
    uint16_t rid;
    char *acs;          /**< controls that are on: "SV RR CR UF"; "off": none is; NULL: it has no ACS capability */
    uint32_t group;     /**< IOMMU group; TOPOLOGY_NONE: none */
    char *domain;       /**< what it is attached to; NULL: nothing */
    uint32_t smmu;      /**< index; TOPOLOGY_NONE: none translates for it */
    uint64_t stream_id; /**< VERDICT_NO_ID if none */
    uint32_t its;       /**< index; TOPOLOGY_NONE: its interrupts have none */
    uint64_t device_id;
    uint64_t doorbell; /**< physical address that its MSIs are meant for */
    uint32_t vectors;  /**< messages that were set up */
};

struct topology {
    char **hosts; /**< root complexes, by name */
    size_t host_count;
    char **smmus;
    size_t smmu_count;
    char **itses;
    size_t its_count;
    struct topology_function *functions; /**< every bridge before what is below it */
    size_t function_count;
};

/** Adds a text to one of the lists of names. */
void topology_add_name(char ***names, size_t *count, const char *name);

/** Frees everything that a topology owns and empties it. */
void topology_clear(struct topology *topology);

#ifdef __cplusplus
}
#endif

#endif
