#include "scenario/devicetree_map.h"

/* The cells of a property, read one by one. */
struct cursor {
    const uint8_t *value;
    size_t cells;
    size_t at;
};

static size_t cursor_left(const struct cursor *cursor)
{
    return cursor->cells - cursor->at;
}

static uint32_t cursor_take(struct cursor *cursor)
{
    return devicetree_cell(cursor->value, cursor->at++);
}

/*
 * Trees were written for IOMMUs with two cells as if they had one, when operating systems took every entry to have four
 * cells. Such a map is recognised by its regularity: groups of four cells, all with the same target and length 1 (B3).
 */
static bool looks_legacy(const struct cursor *cursor)
{
    if (cursor->cells == 0 || cursor->cells % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < cursor->cells; i += 4) {
        if (devicetree_cell(cursor->value, i + 1) != devicetree_cell(cursor->value, 1) ||
            devicetree_cell(cursor->value, i + 3) != 1) {
            return false;
        }
    }
    return true;
}

/* Length of the output specifier for @p target, or the fault that makes it unknown. */
static enum firmware_fault specifier_cells(const struct devicetree *tree, size_t target, enum devicetree_map_kind kind,
                                           const struct cursor *cursor, uint32_t *cells)
{
    const char *name = kind == DEVICETREE_IOMMU_MAP ? "#iommu-cells" : "#msi-cells";

    if (!devicetree_u32(tree, target, name, cells)) {
        /* Old MSI controllers lack the property, and their maps have one output cell. */
        *cells = 1;
        return kind == DEVICETREE_MSI_MAP ? FIRMWARE_FAULT_NONE : FIRMWARE_FAULT_NO_CELLS;
    }
    if (*cells == 2 && looks_legacy(cursor)) {
        *cells = 1;
    }
    return *cells > FIRMWARE_OUT_CELLS ? FIRMWARE_FAULT_MANY_CELLS : FIRMWARE_FAULT_NONE;
}

static void decode_entry(const struct devicetree *tree, enum devicetree_map_kind kind, struct cursor *cursor,
                         struct firmware_map_entry *entry)
{
    uint32_t cells;

    if (cursor_left(cursor) < 2) {
        entry->fault = FIRMWARE_FAULT_SHORT;
        return;
    }
    entry->base = cursor_take(cursor);
    entry->target = devicetree_by_phandle(tree, cursor_take(cursor));
    if (entry->target == DEVICETREE_NONE) {
        entry->fault = FIRMWARE_FAULT_DANGLING;
        return;
    }
    entry->fault = specifier_cells(tree, entry->target, kind, cursor, &cells);
    if (entry->fault != FIRMWARE_FAULT_NONE) {
        return;
    }
    if (cursor_left(cursor) < (size_t)cells + 1) {
        entry->fault = FIRMWARE_FAULT_SHORT;
        return;
    }
    entry->out_count = cells;
    for (uint32_t i = 0; i < cells; i++) {
        entry->out[i] = cursor_take(cursor);
    }
    entry->length = cursor_take(cursor);
}

bool devicetree_decode_map(const struct devicetree *tree, size_t node, enum devicetree_map_kind kind, size_t limit,
                           struct firmware_map *map)
{
    size_t length;
    struct cursor cursor = {0};
    bool more = true;

    cursor.value = devicetree_property(tree, node, kind == DEVICETREE_IOMMU_MAP ? "iommu-map" : "msi-map", &length);
    if (cursor.value == NULL) {
        return true;
    }
    map->present = true;
    map->mask_given =
        devicetree_u32(tree, node, kind == DEVICETREE_IOMMU_MAP ? "iommu-map-mask" : "msi-map-mask", &map->mask);
    cursor.cells = length / 4;
    while (more) {
        struct firmware_map_entry *entry;

        if (map->count == limit) {
            return false;
        }
        entry = firmware_map_add(map);
        decode_entry(tree, kind, &cursor, entry);
        /* An empty map, or bytes after the last whole cell, are an incomplete entry too. */
        more = entry->fault == FIRMWARE_FAULT_NONE && (cursor_left(&cursor) > 0 || length % 4 != 0);
    }
    return true;
}

static void decode_parent(const struct devicetree *tree, struct cursor *cursor, struct firmware_msi_parent *parent)
{
    uint32_t cells = 0;

    parent->controller = devicetree_by_phandle(tree, cursor_take(cursor));
    if (parent->controller == DEVICETREE_NONE) {
        parent->fault = FIRMWARE_FAULT_DANGLING;
        return;
    }
    /* Without #msi-cells there is no specifier: a controller that tells devices apart by nothing (GICv2m). */
    devicetree_u32(tree, parent->controller, "#msi-cells", &cells);
    if (cells > FIRMWARE_OUT_CELLS) {
        parent->fault = FIRMWARE_FAULT_MANY_CELLS;
        return;
    }
    if (cursor_left(cursor) < cells) {
        parent->fault = FIRMWARE_FAULT_SHORT;
        return;
    }
    parent->spec_count = cells;
    for (uint32_t i = 0; i < cells; i++) {
        parent->spec[i] = cursor_take(cursor);
    }
}

bool devicetree_decode_msi_parent(const struct devicetree *tree, size_t node, size_t limit, struct firmware_host *host)
{
    size_t length;
    struct cursor cursor = {0};
    bool more;

    cursor.value = devicetree_property(tree, node, "msi-parent", &length);
    cursor.cells = length / 4;
    more = cursor.cells > 0;
    while (more) {
        struct firmware_msi_parent *parent;

        if (host->msi_parent_count == limit) {
            return false;
        }
        parent = firmware_host_add_msi_parent(host);
        decode_parent(tree, &cursor, parent);
        more = parent->fault == FIRMWARE_FAULT_NONE && cursor_left(&cursor) > 0;
    }
    return true;
}
