#include "import/hierarchy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of Device/Port Type (PCIe Base, 7.5.3.2). */
#define TYPE_ROOT_PORT  0x4
#define TYPE_UPSTREAM   0x5
#define TYPE_DOWNSTREAM 0x6
#define TYPE_PCI_BRIDGE 0x7

#define CLASS_HOST_BRIDGE 0x0600

/* Deeper trees are cut off: buses nest strictly, so real ones cannot have more. */
#define MAX_DEPTH 32

/* Ports and endpoints that are made up for a host of which no function is known. */
#define INVENTED_PORTS 2

struct maker {
    const struct import_machine *machine;
    struct import_remarks *remarks;
    uint32_t segment;
    bool *taken; /* [256]: buses of the segment that a bridge has been followed to */
};

static void name_node(struct import_node *node, const char *kind, uint32_t segment, unsigned rid)
{
    char prefix[12] = "";

    if (segment != 0) {
        snprintf(prefix, sizeof(prefix), "%04x-", segment);
    }
    snprintf(node->name, sizeof(node->name), "%s-%s%02x-%02x-%x", kind, prefix, rid >> 8 & 0xff, rid >> 3 & 0x1f,
             rid & 7);
}

static struct import_node *add_node(struct import_node **list, size_t *count, enum import_kind kind,
                                    const struct import_function *function)
{
    static const char *const names[] = {"rp", "sw", "br", "ep", "empty"};
    struct import_node *node;

    *list = import_grow(*list, count, sizeof(**list));
    node = &(*list)[*count - 1];
    node->kind = kind;
    node->function = function;
    node->rid = function->rid;
    node->functions = 1;
    name_node(node, names[kind], function->segment, function->rid);
    return node;
}

static const struct import_function *at(const struct maker *maker, unsigned bus, unsigned device, unsigned function)
{
    const struct import_function *found =
        import_machine_find(maker->machine, maker->segment, bus << 8 | device << 3 | function);

    return found != NULL && found->is_vf ? NULL : found;
}

static void add_at(const struct maker *maker, unsigned bus, unsigned device, int depth, struct import_node **list,
                   size_t *count);

/* Whether a bridge is the first one that leads to its secondary bus. Registers may say that several do. */
static bool enter(const struct maker *maker, const struct import_function *bridge)
{
    if (maker->taken[bridge->secondary]) {
        import_remark(maker->remarks, "left out: what is below %02x:%02x.%x; another bridge has its secondary bus too",
                      bridge->rid >> 8, bridge->rid >> 3 & 0x1f, bridge->rid & 7);
        return false;
    }
    maker->taken[bridge->secondary] = true;
    return true;
}

/* Functions of an endpoint: up to the last one; the scenario has them all alike. */
static void shape_endpoint(const struct maker *maker, struct import_node *node)
{
    const struct import_function *first = node->function;
    unsigned seen = 0;
    unsigned last = 0;

    for (unsigned f = 0; f < 8; f++) {
        const struct import_function *function = at(maker, first->rid >> 8, first->rid >> 3 & 0x1f, f);

        if (function == NULL || function->bridge) {
            continue;
        }
        seen++;
        last = f;
        if (function->msix != first->msix || function->acs != first->acs || function->device != first->device ||
            function->acs_capability != first->acs_capability) {
            import_remark(maker->remarks, "guessed: all functions of %s are as its function 0; function %u differs",
                          node->name, f);
        }
    }
    if (seen != last + 1) {
        import_remark(maker->remarks, "guessed: %s has functions 0 to %u without gaps; the machine has %u", node->name,
                      last, seen);
    }
    node->functions = last + 1;
    if (first->sriov.present && first->sriov.enabled && first->sriov.count != 0) {
        node->vf = import_machine_find(maker->machine, first->segment, (unsigned)first->rid + first->sriov.offset);
    }
    if (!first->pcie) {
        import_remark(maker->remarks,
                      "guessed: %s, which has no PCI Express capability, is an endpoint like the others", node->name);
    }
}

/* The downstream ports of a switch, in the order of their numbers. */
static void shape_switch(const struct maker *maker, struct import_node *node, int depth)
{
    unsigned bus = node->function->secondary;

    if (!enter(maker, node->function)) {
        return;
    }
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        const struct import_function *port = at(maker, bus, devfn >> 3, devfn & 7);
        size_t before = node->below_count;

        if (port == NULL) {
            continue;
        }
        if (!port->bridge || port->secondary <= bus) {
            import_remark(maker->remarks, "left out: %02x:%02x.%x, which is no downstream port of its switch", bus,
                          devfn >> 3, devfn & 7);
            continue;
        }
        if (enter(maker, port)) {
            add_at(maker, port->secondary, 0, depth + 1, &node->below, &node->below_count);
        }
        if (node->below_count == before) {
            struct import_node *empty = add_node(&node->below, &node->below_count, IMPORT_EMPTY, port);

            empty->function = NULL;
        }
        node->below[node->below_count - 1].port = port;
    }
}

static void shape_bridge(const struct maker *maker, struct import_node *node, int depth)
{
    for (unsigned device = 0; device < 32 && (device > 0 || enter(maker, node->function)); device++) {
        add_at(maker, node->function->secondary, device, depth + 1, &node->below, &node->below_count);
    }
    for (size_t i = 0; i < node->below_count; i++) {
        if (node->below[i].kind != IMPORT_ENDPOINT) {
            import_remark(maker->remarks, "left out: what is below %s, behind a bridge on a conventional bus",
                          node->below[i].name);
        }
    }
}

/* Appends the device at a place, if there is one. */
static void add_at(const struct maker *maker, unsigned bus, unsigned device, int depth, struct import_node **list,
                   size_t *count)
{
    const struct import_function *function = at(maker, bus, device, 0);
    struct import_node *node;

    if (function == NULL || depth > MAX_DEPTH) {
        return;
    }
    if (!function->bridge) {
        node = add_node(list, count, IMPORT_ENDPOINT, function);
        shape_endpoint(maker, node);
    } else if (function->secondary <= bus) {
        import_remark(maker->remarks, "left out: bridge %02x:%02x.0, whose secondary bus has no number of its own", bus,
                      device);
    } else if (function->pcie && function->type == TYPE_UPSTREAM) {
        node = add_node(list, count, IMPORT_SWITCH, function);
        shape_switch(maker, node, depth);
    } else {
        node = add_node(list, count, IMPORT_BRIDGE, function);
        if (!function->pcie || function->type != TYPE_PCI_BRIDGE) {
            import_remark(maker->remarks, "guessed: %s is a PCI Express to PCI bridge", node->name);
        }
        shape_bridge(maker, node, depth);
    }
}

/* A function on the root bus. */
static void add_root_function(const struct maker *maker, const struct import_function *function,
                              struct import_root *root)
{
    struct import_node *node;

    if (!function->bridge || function->secondary <= root->first_bus) {
        if (function->class_code >> 8 != CLASS_HOST_BRIDGE) {
            import_remark(
                maker->remarks,
                "left out: %02x:%02x.%x (%04x:%04x), which is integrated into the root complex; a scenario has "
                "endpoints below root ports",
                function->rid >> 8, function->rid >> 3 & 0x1f, function->rid & 7, function->vendor, function->device);
        }
        return;
    }
    node = add_node(&root->ports, &root->port_count, IMPORT_ROOT_PORT, function);
    if (!function->pcie || function->type != TYPE_ROOT_PORT) {
        import_remark(maker->remarks, "guessed: %s is a root port", node->name);
    }
    if (!enter(maker, function)) {
        return;
    }
    add_at(maker, function->secondary, 0, 0, &node->below, &node->below_count);
    for (unsigned device = 1; device < 32; device++) {
        if (at(maker, function->secondary, device, 0) != NULL) {
            import_remark(maker->remarks, "left out: %02x:%02x.0, a second device on a link", function->secondary,
                          device);
        }
    }
}

/* Whether some bridge of the segment leads to that bus. */
static bool has_bridge_above(const struct import_machine *machine, uint32_t segment, unsigned bus)
{
    for (size_t i = 0; i < machine->function_count; i++) {
        const struct import_function *function = &machine->functions[i];

        if (function->segment == segment && function->bridge && function->rid >> 8 < function->secondary &&
            bus >= function->secondary && bus <= function->subordinate) {
            return true;
        }
    }
    return false;
}

static const struct firmware_host *host_of(const struct import_machine *machine, uint32_t segment, unsigned bus)
{
    for (size_t i = 0; i < machine->firmware.host_count; i++) {
        const struct firmware_host *host = &machine->firmware.hosts[i];

        if (host->available && host->segment == segment && bus >= host->bus_first && bus <= host->bus_last) {
            return host;
        }
    }
    return NULL;
}

static struct import_root *add_root(struct import_hierarchy *hierarchy, uint32_t segment, unsigned bus,
                                    const struct firmware_host *host)
{
    struct import_root *root;

    hierarchy->roots = import_grow(hierarchy->roots, &hierarchy->count, sizeof(*hierarchy->roots));
    root = &hierarchy->roots[hierarchy->count - 1];
    snprintf(root->name, sizeof(root->name), "rc%zu", hierarchy->count - 1);
    root->host = host;
    root->segment = segment;
    root->first_bus = (uint8_t)bus;
    root->last_bus = host != NULL ? (uint8_t)host->bus_last : UINT8_MAX;
    return root;
}

/* Every bus that has functions and no bridge above is a root bus. Functions are in order of segment and bus. */
static void find_roots(const struct import_machine *machine, struct import_hierarchy *hierarchy,
                       struct import_remarks *remarks)
{
    struct import_root *root = NULL;
    bool below = false;
    uint32_t bus = UINT32_MAX;
    bool taken[256] = {false};

    for (size_t i = 0; i < machine->function_count; i++) {
        const struct import_function *function = &machine->functions[i];
        struct maker maker = {.machine = machine, .remarks = remarks, .segment = function->segment, .taken = taken};
        uint32_t here = function->rid >> 8;

        if (function->is_vf) {
            continue;
        }
        if (bus != here || root == NULL || root->segment != function->segment) {
            bool fresh = root == NULL || root->segment != function->segment;

            bus = here;
            if (i > 0 && machine->functions[i - 1].segment != function->segment) {
                memset(taken, 0, sizeof(taken));
            }
            below = has_bridge_above(machine, function->segment, bus);
            if (!below) {
                if (!fresh && root->last_bus >= bus) {
                    root->last_bus = (uint8_t)(bus - 1);
                }
                root = add_root(hierarchy, function->segment, bus, host_of(machine, function->segment, bus));
            }
        }
        if (!below) {
            add_root_function(&maker, function, root);
        }
    }
}

/* A host of which only firmware is known. */
static void invent(struct import_hierarchy *hierarchy, const struct firmware_host *host, uint32_t segment,
                   unsigned first)
{
    struct import_root *root = add_root(hierarchy, segment, first, host);
    unsigned room = root->last_bus - root->first_bus;

    for (unsigned i = 0; i < INVENTED_PORTS && i < room; i++) {
        struct import_function place = {.segment = segment, .rid = (uint16_t)(first << 8 | (i + 1) << 3)};
        struct import_node *node = add_node(&root->ports, &root->port_count, IMPORT_ROOT_PORT, &place);
        struct import_node *endpoint;

        node->function = NULL;
        place.rid = (uint16_t)((first + i + 1) << 8);
        endpoint = add_node(&node->below, &node->below_count, IMPORT_ENDPOINT, &place);
        endpoint->function = NULL;
    }
}

void import_hierarchy_make(const struct import_machine *machine, struct import_hierarchy *hierarchy,
                           struct import_remarks *remarks)
{
    size_t kept = 0;

    memset(hierarchy, 0, sizeof(*hierarchy));
    if (machine->function_count != 0) {
        find_roots(machine, hierarchy, remarks);
    } else {
        hierarchy->invented = true;
        for (size_t i = 0; i < machine->firmware.host_count; i++) {
            const struct firmware_host *host = &machine->firmware.hosts[i];

            if (host->available) {
                invent(hierarchy, host, host->segment, host->bus_first);
            }
        }
    }
    for (size_t i = 0; i < hierarchy->count; i++) {
        struct import_root root = hierarchy->roots[i];

        if (root.port_count == 0) {
            import_remark(remarks, "left out: root bus %04x:%02x, which has no root port", root.segment,
                          root.first_bus);
            continue;
        }
        snprintf(root.name, sizeof(root.name), "rc%zu", kept);
        hierarchy->roots[kept++] = root;
    }
    hierarchy->count = kept;
}

static void clear_nodes(struct import_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        clear_nodes(nodes[i].below, nodes[i].below_count);
    }
    free(nodes);
}

void import_hierarchy_clear(struct import_hierarchy *hierarchy)
{
    for (size_t i = 0; i < hierarchy->count; i++) {
        clear_nodes(hierarchy->roots[i].ports, hierarchy->roots[i].port_count);
    }
    free(hierarchy->roots);
    memset(hierarchy, 0, sizeof(*hierarchy));
}
