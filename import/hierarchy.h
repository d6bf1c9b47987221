/*
 * The PCI functions of a machine in the shape of a scenario: root complexes, root ports, and below them switches,
 * bridges and endpoints. What a scenario has no place for is left out with a remark.
 */
#ifndef DOORBELL_IMPORT_HIERARCHY_H
#define DOORBELL_IMPORT_HIERARCHY_H

#include "import/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum import_kind {
    IMPORT_ROOT_PORT,
    IMPORT_SWITCH,
    IMPORT_BRIDGE,
    IMPORT_ENDPOINT,
    IMPORT_EMPTY, /**< a downstream port with nothing below it */
};

/** One entry of `root-ports` or of a `below` map. */
struct import_node {
    enum import_kind kind;
    char name[40];
    const struct import_function *function; /**< root port, upstream port, bridge, function 0; NULL: invented */
    const struct import_function *port;     /**< the downstream port above; NULL: a root port or a bridge is above */
    const struct import_function *vf;       /**< the first VF of function 0; NULL: none seen */
    uint16_t rid;                           /**< of function, or where it would be */
    unsigned functions;                     /**< of an endpoint */
    struct import_node *below;              /**< array of below_count */
    size_t below_count;
};

/** A root complex: one root bus. */
struct import_root {
    char name[40];
    const struct firmware_host *host; /**< NULL: firmware says nothing of it */
    uint32_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
    struct import_node *ports; /**< array of port_count */
    size_t port_count;
};

struct import_hierarchy {
    struct import_root *roots;
    size_t count;
    bool invented; /**< there were no functions; ports and endpoints are made up */
};

/**
 * Shapes a finished machine. Release with import_hierarchy_clear().
 * @param remarks receives what was guessed or left out
 */
void import_hierarchy_make(const struct import_machine *machine, struct import_hierarchy *hierarchy,
                           struct import_remarks *remarks);

/** Releases what it owns; the machine stays. */
void import_hierarchy_clear(struct import_hierarchy *hierarchy);

#ifdef __cplusplus
}
#endif

#endif
