/*
 * A flattened device tree (Devicetree Specification v0.4, chapter 5) behind an index that makes reading it safe and
 * cheap. The blob is untrusted: nothing is read from it before devicetree_index() has checked all of it.
 *
 * Nodes are numbered 0 (root), 1, ... in the order of the blob.
 */
#ifndef DOORBELL_SCENARIO_DEVICETREE_TREE_H
#define DOORBELL_SCENARIO_DEVICETREE_TREE_H

#include "result/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A node number that names nothing. */
#define DEVICETREE_NONE SIZE_MAX

/** Largest blob that is accepted, in bytes. Real ones have 0.02 to 0.5 MiB. */
#define DEVICETREE_MAX_SIZE (16u << 20)

/** Deepest nesting of nodes that is accepted; Linux has the same limit. */
#define DEVICETREE_MAX_DEPTH 64

/** Longest name of a node or property that is accepted, in bytes; the specification allows 31. */
#define DEVICETREE_MAX_NAME 255

/** One property, in the blob. */
struct devicetree_property {
    const char *name;
    const uint8_t *value;
    size_t length; /**< bytes */
};

/** One node. */
struct devicetree_node {
    int offset;            /**< in the structure block, as libfdt counts */
    size_t parent;         /**< DEVICETREE_NONE for the root */
    bool enabled;          /**< neither it nor a node above it is disabled by its `status` */
    size_t first_property; /**< in the index's properties */
    size_t property_count;
};

/** A phandle and the node that bears it. */
struct devicetree_phandle {
    uint32_t value;
    size_t node;
};

/** The index. It refers to the blob, which must outlive it. */
struct devicetree {
    const void *blob;
    struct devicetree_node *nodes;
    size_t count;
    struct devicetree_property *properties; /**< of all nodes, node by node */
    size_t property_count;
    struct devicetree_phandle *phandles; /**< ascending by value, each value once */
    size_t phandle_count;
};

/**
 * Checks the whole blob and indexes it. Release with devicetree_clear() in any case.
 * @param blob  aligned to 8 bytes
 * @param file  name for the error
 * @return false with @p error set if the blob is malformed or exceeds a limit above.
 */
bool devicetree_index(struct devicetree *tree, const void *blob, size_t size, const char *file,
                      struct board_error *error);

/** Releases the index. */
void devicetree_clear(struct devicetree *tree);

/** A property's value and its length in bytes; NULL if the node lacks it. */
const uint8_t *devicetree_property(const struct devicetree *tree, size_t node, const char *name, size_t *length);

/** Reads cell @p index of a value of big-endian 32-bit cells. The caller has checked that it exists. */
uint32_t devicetree_cell(const uint8_t *value, size_t index);

/** A property that is one cell; false if the node lacks it or it is shorter. */
bool devicetree_u32(const struct devicetree *tree, size_t node, const char *name, uint32_t *value);

/** Whether the node has the property. */
bool devicetree_has(const struct devicetree *tree, size_t node, const char *name);

/** Whether the first string of the property equals @p text. */
bool devicetree_is(const struct devicetree *tree, size_t node, const char *name, const char *text);

/**
 * Walks the strings of a property: start with *at = 0, call until it returns NULL.
 * @return the next string, *length bytes long without its terminator (which a malformed property may lack).
 */
const char *devicetree_string(const struct devicetree *tree, size_t node, const char *name, size_t *at, size_t *length);

/** The node that bears @p phandle; DEVICETREE_NONE if there is none. */
size_t devicetree_by_phandle(const struct devicetree *tree, uint32_t phandle);

/** The node's full path, to be freed. Bytes that are not printable ASCII are replaced by '?'. */
char *devicetree_path(const struct devicetree *tree, size_t node);

/**
 * Translates an address on the bus that @p bus_node is (the addresses of its children) to a CPU physical address,
 * by the `ranges` of that node and of all above it (Devicetree Specification, 2.3.8).
 * @return false if some bus on the way gives no translation for it.
 */
bool devicetree_translate(const struct devicetree *tree, size_t bus_node, uint64_t address, uint64_t *cpu);

/** The CPU physical address of the first element of a node's `reg`; false if it has none that translates. */
bool devicetree_reg(const struct devicetree *tree, size_t node, uint64_t *cpu);

/** #address-cells or #size-cells of a node, with the specification's default (2 and 1) if absent. */
uint32_t devicetree_address_cells(const struct devicetree *tree, size_t node);
uint32_t devicetree_size_cells(const struct devicetree *tree, size_t node);

/** Joins @p cells (at most 2) consecutive cells from @p index into one number. */
uint64_t devicetree_number(const uint8_t *value, size_t index, uint32_t cells);

#ifdef __cplusplus
}
#endif

#endif
