#include "scenario/devicetree_tree.h"

#include <libfdt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Most elements of one `ranges` that are searched; real buses have tens. Bounds the work that a hostile blob causes. */
#define MAX_RANGES 1024u

/* Oldest format that has names as they are today and the sizes of all blocks in its header. */
#define OLDEST_VERSION 16u

static bool check_names(const void *blob, const char *file, struct board_error *error)
{
    const uint8_t *strings = (const uint8_t *)blob + fdt_off_dt_strings(blob);
    size_t size = fdt_size_dt_strings(blob);
    size_t run = 0;

    /* Without this, a blob could make every look-up of a property scan megabytes for the end of its name. */
    for (size_t i = 0; i < size; i++) {
        run = strings[i] == 0 ? 0 : run + 1;
        if (run > DEVICETREE_MAX_NAME) {
            board_error_set(error, file,
                            "E2001 property name longer than %d bytes at offset 0x%zx of the strings block",
                            DEVICETREE_MAX_NAME, i - run + 1);
            return false;
        }
    }
    return true;
}

/* Where in the structure block the first thing stands that libfdt cannot read, and in which node. */
static int find_fault(const void *blob, const char **node)
{
    int next = 0;
    int offset = 0;
    int depth = 0;

    *node = "";
    while (next >= 0) {
        uint32_t tag;

        offset = next;
        tag = fdt_next_tag(blob, offset, &next);
        if (tag == FDT_END) {
            break;
        }
        if (tag == FDT_BEGIN_NODE) {
            const char *name = fdt_get_name(blob, offset, NULL);

            depth++;
            *node = name == NULL || *name == '\0' ? "/" : name;
        } else if (tag == FDT_END_NODE && --depth < 0) {
            break;
        } else if (tag == FDT_PROP && fdt_getprop_by_offset(blob, offset, NULL, NULL) == NULL) {
            break;
        }
    }
    return offset;
}

static void report_structure(const void *blob, int status, const char *file, struct board_error *error)
{
    const char *node;
    int offset;

    if (fdt_num_mem_rsv(blob) < 0) {
        board_error_set(error, file, "E2001 memory reservation block of the device tree blob is malformed (%s)",
                        fdt_strerror(status));
        return;
    }
    offset = find_fault(blob, &node);
    board_error_set(
        error, file,
        "E2001 device tree blob is malformed (%s) at offset 0x%x of its structure block, after the start of node "
        "\"%.64s\"",
        fdt_strerror(status), (unsigned)offset, node);
}

/* The order matters: each check makes the next one safe. */
static bool check_blob(const void *blob, size_t size, const char *file, struct board_error *error)
{
    int status;

    if (size < sizeof(struct fdt_header)) {
        board_error_set(error, file, "E2001 %zu bytes are too few for the header of a device tree blob (%zu)", size,
                        sizeof(struct fdt_header));
        return false;
    }
    if (size > DEVICETREE_MAX_SIZE) {
        board_error_set(error, file, "E2001 %zu bytes are more than the largest accepted device tree (%u)", size,
                        DEVICETREE_MAX_SIZE);
        return false;
    }
    status = fdt_check_header(blob);
    if (status != 0) {
        board_error_set(error, file, "E2001 header of the device tree blob is malformed (%s)", fdt_strerror(status));
        return false;
    }
    if (fdt_totalsize(blob) > size) {
        board_error_set(error, file, "E2001 truncated: the header says %u bytes, the file has %zu", fdt_totalsize(blob),
                        size);
        return false;
    }
    if (fdt_version(blob) < OLDEST_VERSION) {
        board_error_set(error, file, "E2001 device tree blob of version %u; at least %u is needed", fdt_version(blob),
                        OLDEST_VERSION);
        return false;
    }
    if (!check_names(blob, file, error)) {
        return false;
    }
    status = fdt_check_full(blob, size);
    if (status != 0) {
        report_structure(blob, status, file, error);
        return false;
    }
    return true;
}

static bool node_enabled(const struct devicetree *tree, size_t node)
{
    /* A node below a disabled bus is never probed, so "disabled" is inherited. */
    if (tree->nodes[node].parent != DEVICETREE_NONE && !tree->nodes[tree->nodes[node].parent].enabled) {
        return false;
    }
    return !devicetree_has(tree, node, "status") || devicetree_is(tree, node, "status", "okay") ||
           devicetree_is(tree, node, "status", "ok");
}

/* Properties are looked up by name a hundred times a node; libfdt would find its way through the blob each time. */
static void index_properties(struct devicetree *tree, struct devicetree_node *node)
{
    int offset;

    node->first_property = tree->property_count;
    fdt_for_each_property_offset(offset, tree->blob, node->offset)
    {
        struct devicetree_property *property;
        int length = 0;

        tree->properties = board_array_grow(tree->properties, tree->property_count, sizeof(*tree->properties));
        property = &tree->properties[tree->property_count++];
        property->value = fdt_getprop_by_offset(tree->blob, offset, &property->name, &length);
        property->length = length > 0 ? (size_t)length : 0;
    }
    node->property_count = tree->property_count - node->first_property;
}

static bool index_nodes(struct devicetree *tree, const char *file, struct board_error *error)
{
    size_t open[DEVICETREE_MAX_DEPTH]; /* the node that is open at each depth */
    int depth = -1;

    for (int offset = fdt_next_node(tree->blob, -1, &depth); offset >= 0;
         offset = fdt_next_node(tree->blob, offset, &depth)) {
        struct devicetree_node *node;
        int length = 0;

        if (depth < 0) {
            break;
        }
        if (depth >= DEVICETREE_MAX_DEPTH) {
            board_error_set(error, file, "E2001 nodes nest deeper than %d at offset 0x%x of the structure block",
                            DEVICETREE_MAX_DEPTH, (unsigned)offset);
            return false;
        }
        if (fdt_get_name(tree->blob, offset, &length) == NULL || length > DEVICETREE_MAX_NAME) {
            board_error_set(error, file, "E2001 node name longer than %d bytes at offset 0x%x of the structure block",
                            DEVICETREE_MAX_NAME, (unsigned)offset);
            return false;
        }
        tree->nodes = board_array_grow(tree->nodes, tree->count, sizeof(*tree->nodes));
        node = &tree->nodes[tree->count];
        node->offset = offset;
        node->parent = depth == 0 ? DEVICETREE_NONE : open[depth - 1];
        index_properties(tree, node);
        node->enabled = node_enabled(tree, tree->count);
        open[depth] = tree->count++;
    }
    if (tree->count == 0) {
        board_error_set(error, file, "E2001 device tree blob has no root node");
        return false;
    }
    return true;
}

static int compare_phandles(const void *left, const void *right)
{
    const struct devicetree_phandle *a = left;
    const struct devicetree_phandle *b = right;

    if (a->value != b->value) {
        return a->value < b->value ? -1 : 1;
    }
    return (a->node > b->node) - (a->node < b->node);
}

static void index_phandles(struct devicetree *tree)
{
    size_t unique = 0;

    for (size_t i = 0; i < tree->count; i++) {
        uint32_t value;

        if (!devicetree_u32(tree, i, "phandle", &value) && !devicetree_u32(tree, i, "linux,phandle", &value)) {
            continue;
        }
        if (value == 0 || value == UINT32_MAX) {
            continue;
        }
        tree->phandles = board_array_grow(tree->phandles, tree->phandle_count, sizeof(*tree->phandles));
        tree->phandles[tree->phandle_count++] = (struct devicetree_phandle){.value = value, .node = i};
    }
    if (tree->phandle_count == 0) {
        return;
    }
    qsort(tree->phandles, tree->phandle_count, sizeof(*tree->phandles), compare_phandles);
    /* Two nodes with one phandle are an error of the tree; the first in the blob wins. */
    for (size_t i = 0; i < tree->phandle_count; i++) {
        if (i == 0 || tree->phandles[i].value != tree->phandles[i - 1].value) {
            tree->phandles[unique++] = tree->phandles[i];
        }
    }
    tree->phandle_count = unique;
}

bool devicetree_index(struct devicetree *tree, const void *blob, size_t size, const char *file,
                      struct board_error *error)
{
    memset(tree, 0, sizeof(*tree));
    if (!check_blob(blob, size, file, error)) {
        return false;
    }
    tree->blob = blob;
    if (!index_nodes(tree, file, error)) {
        return false;
    }
    index_phandles(tree);
    return true;
}

void devicetree_clear(struct devicetree *tree)
{
    free(tree->nodes);
    free(tree->properties);
    free(tree->phandles);
    memset(tree, 0, sizeof(*tree));
}

const uint8_t *devicetree_property(const struct devicetree *tree, size_t node, const char *name, size_t *length)
{
    const struct devicetree_node *at = &tree->nodes[node];

    for (size_t i = 0; i < at->property_count; i++) {
        const struct devicetree_property *property = &tree->properties[at->first_property + i];

        if (*property->name == *name && strcmp(property->name, name) == 0) {
            *length = property->length;
            return property->value;
        }
    }
    *length = 0;
    return NULL;
}

uint32_t devicetree_cell(const uint8_t *value, size_t index)
{
    const uint8_t *cell = value + 4 * index;

    return (uint32_t)cell[0] << 24 | (uint32_t)cell[1] << 16 | (uint32_t)cell[2] << 8 | cell[3];
}

bool devicetree_u32(const struct devicetree *tree, size_t node, const char *name, uint32_t *value)
{
    size_t length;
    const uint8_t *bytes = devicetree_property(tree, node, name, &length);

    if (bytes == NULL || length < 4) {
        return false;
    }
    *value = devicetree_cell(bytes, 0);
    return true;
}

bool devicetree_has(const struct devicetree *tree, size_t node, const char *name)
{
    size_t length;

    return devicetree_property(tree, node, name, &length) != NULL;
}

const char *devicetree_string(const struct devicetree *tree, size_t node, const char *name, size_t *at, size_t *length)
{
    size_t bytes;
    const char *value = (const char *)devicetree_property(tree, node, name, &bytes);
    const char *string;
    const char *end;

    if (value == NULL || *at >= bytes) {
        return NULL;
    }
    string = value + *at;
    end = memchr(string, '\0', bytes - *at);
    *length = end == NULL ? bytes - *at : (size_t)(end - string);
    *at += *length + 1;
    return string;
}

bool devicetree_is(const struct devicetree *tree, size_t node, const char *name, const char *text)
{
    size_t at = 0;
    size_t length;
    const char *string = devicetree_string(tree, node, name, &at, &length);

    return string != NULL && length == strlen(text) && memcmp(string, text, length) == 0;
}

size_t devicetree_by_phandle(const struct devicetree *tree, uint32_t phandle)
{
    size_t low = 0;
    size_t high = tree->phandle_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tree->phandles[middle].value < phandle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < tree->phandle_count && tree->phandles[low].value == phandle) {
        return tree->phandles[low].node;
    }
    return DEVICETREE_NONE;
}

char *devicetree_path(const struct devicetree *tree, size_t node)
{
    size_t size = 2;
    size_t at;
    char *path;

    for (size_t i = node; tree->nodes[i].parent != DEVICETREE_NONE; i = tree->nodes[i].parent) {
        int length = 0;

        fdt_get_name(tree->blob, tree->nodes[i].offset, &length);
        size += (size_t)length + 1;
    }
    path = board_array_grow(NULL, 0, size);
    at = size - 2;
    path[at] = '\0';
    for (size_t i = node; tree->nodes[i].parent != DEVICETREE_NONE; i = tree->nodes[i].parent) {
        int length = 0;
        const char *name = fdt_get_name(tree->blob, tree->nodes[i].offset, &length);

        at -= (size_t)length;
        for (size_t c = 0; c < (size_t)length; c++) {
            path[at + c] = name[c] > 0x20 && name[c] < 0x7f ? name[c] : '?';
        }
        path[--at] = '/';
    }
    if (tree->nodes[node].parent == DEVICETREE_NONE) {
        memcpy(path, "/", 2);
    }
    return path;
}

static uint32_t cells_property(const struct devicetree *tree, size_t node, const char *name, uint32_t fallback)
{
    uint32_t cells = fallback;

    devicetree_u32(tree, node, name, &cells);
    return cells;
}

uint32_t devicetree_address_cells(const struct devicetree *tree, size_t node)
{
    return cells_property(tree, node, "#address-cells", 2);
}

uint32_t devicetree_size_cells(const struct devicetree *tree, size_t node)
{
    return cells_property(tree, node, "#size-cells", 1);
}

uint64_t devicetree_number(const uint8_t *value, size_t index, uint32_t cells)
{
    uint64_t number = 0;

    for (uint32_t i = 0; i < cells; i++) {
        number = number << 32 | devicetree_cell(value, index + i);
    }
    return number;
}

/* One step of translation: from the addresses of the children of @p bus to those of @p bus itself. */
static bool translate_step(const struct devicetree *tree, size_t bus, uint64_t *address)
{
    uint32_t child = devicetree_address_cells(tree, bus);
    uint32_t size = devicetree_size_cells(tree, bus);
    uint32_t parent = devicetree_address_cells(tree, tree->nodes[bus].parent);
    size_t length;
    const uint8_t *ranges = devicetree_property(tree, bus, "ranges", &length);
    size_t stride;

    if (ranges == NULL) {
        return false;
    }
    if (length == 0) {
        return true;
    }
    /* More than 64 bits, as on a PCI bus, are no addresses that a memory-mapped controller could have. */
    if (child < 1 || child > 2 || size < 1 || size > 2 || parent < 1 || parent > 2) {
        return false;
    }
    stride = (size_t)child + parent + size;
    for (size_t i = 0; i < MAX_RANGES && (i + 1) * stride * 4 <= length; i++) {
        uint64_t from = devicetree_number(ranges, i * stride, child);
        uint64_t to = devicetree_number(ranges, i * stride + child, parent);
        uint64_t bytes = devicetree_number(ranges, i * stride + child + parent, size);

        if (*address >= from && *address - from < bytes) {
            *address = to + (*address - from);
            return true;
        }
    }
    return false;
}

bool devicetree_translate(const struct devicetree *tree, size_t bus_node, uint64_t address, uint64_t *cpu)
{
    for (size_t bus = bus_node; tree->nodes[bus].parent != DEVICETREE_NONE; bus = tree->nodes[bus].parent) {
        if (!translate_step(tree, bus, &address)) {
            return false;
        }
    }
    *cpu = address;
    return true;
}

bool devicetree_reg(const struct devicetree *tree, size_t node, uint64_t *cpu)
{
    size_t parent = tree->nodes[node].parent;
    size_t length;
    const uint8_t *reg = devicetree_property(tree, node, "reg", &length);
    uint32_t cells;

    if (parent == DEVICETREE_NONE || reg == NULL) {
        return false;
    }
    cells = devicetree_address_cells(tree, parent);
    if (cells < 1 || cells > 2 || length < 4 * (size_t)cells) {
        return false;
    }
    return devicetree_translate(tree, parent, devicetree_number(reg, 0, cells), cpu);
}
