#include "scenario/devicetree.h"

#include "scenario/devicetree_map.h"
#include "scenario/devicetree_tree.h"

#include <stdlib.h>
#include <string.h>

/* What the first pass finds out about a node, and where the second pass puts it. */
struct role {
    bool host;
    bool controller;
    bool iommu;
    size_t controller_index;
    size_t iommu_index;
};

struct reader {
    const struct devicetree *tree;
    struct role *roles; /* of each node */
    struct firmware *firmware;
    const char *file;
    struct board_error *error;
    size_t iommus_left_out;
};

static bool is_compatible(const struct devicetree *tree, size_t node, const char *text)
{
    size_t at = 0;
    size_t length;
    const char *string;

    while ((string = devicetree_string(tree, node, "compatible", &at, &length)) != NULL) {
        if (length == strlen(text) && memcmp(string, text, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool contains(const char *string, size_t length, const char *part)
{
    size_t part_length = strlen(part);

    for (size_t i = 0; i + part_length <= length; i++) {
        if (memcmp(string + i, part, part_length) == 0) {
            return true;
        }
    }
    return false;
}

/* By name: vendors derive theirs from "arm,smmu-v3", "arm,smmu-v2", "arm,mmu-500" and the like. */
static enum firmware_iommu_kind iommu_kind(const struct devicetree *tree, size_t node)
{
    enum firmware_iommu_kind kind = FIRMWARE_IOMMU_OTHER;
    size_t at = 0;
    size_t length;
    const char *string;

    while ((string = devicetree_string(tree, node, "compatible", &at, &length)) != NULL) {
        if (contains(string, length, "smmu-v3")) {
            return FIRMWARE_IOMMU_SMMUV3;
        }
        if (contains(string, length, "smmu") || contains(string, length, "arm,mmu-")) {
            kind = FIRMWARE_IOMMU_SMMUV2;
        }
    }
    return kind;
}

static bool is_pci(const struct devicetree *tree, size_t node)
{
    return devicetree_is(tree, node, "device_type", "pci") || devicetree_is(tree, node, "device_type", "pciex");
}

static void add_clean(struct firmware_strings *strings, const char *text, size_t length)
{
    char clean[DEVICETREE_MAX_NAME + 1];

    length = length > DEVICETREE_MAX_NAME ? DEVICETREE_MAX_NAME : length;
    for (size_t i = 0; i < length; i++) {
        clean[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    }
    firmware_strings_add(strings, clean, length);
}

static void read_compatible(const struct devicetree *tree, size_t node, struct firmware_strings *strings)
{
    size_t at = 0;
    size_t length;
    const char *string;

    while (strings->count < 32 && (string = devicetree_string(tree, node, "compatible", &at, &length)) != NULL) {
        add_clean(strings, string, length);
    }
}

static enum board_status too_many(struct reader *reader, size_t node, const char *what, size_t limit)
{
    char *path = devicetree_path(reader->tree, node);

    board_error_set(reader->error, reader->file, "E2001 %s has more than %zu entries in its %s", path, limit, what);
    free(path);
    return BOARD_INVALID;
}

static enum board_status read_maps(struct reader *reader, size_t node, struct firmware_map *iommu_map,
                                   struct firmware_map *msi_map)
{
    if (!devicetree_decode_map(reader->tree, node, DEVICETREE_IOMMU_MAP, DEVICETREE_MAX_ENTRIES, iommu_map)) {
        return too_many(reader, node, "iommu-map", DEVICETREE_MAX_ENTRIES);
    }
    if (!devicetree_decode_map(reader->tree, node, DEVICETREE_MSI_MAP, DEVICETREE_MAX_ENTRIES, msi_map)) {
        return too_many(reader, node, "msi-map", DEVICETREE_MAX_ENTRIES);
    }
    for (size_t i = 0; i < iommu_map->count; i++) {
        if (iommu_map->entries[i].target != DEVICETREE_NONE) {
            reader->roles[iommu_map->entries[i].target].iommu = true;
        }
    }
    for (size_t i = 0; i < msi_map->count; i++) {
        if (msi_map->entries[i].target != DEVICETREE_NONE) {
            reader->roles[msi_map->entries[i].target].controller = true;
        }
    }
    return BOARD_OK;
}

static void read_bus_range(struct reader *reader, size_t node, struct firmware_host *host)
{
    size_t length;
    const uint8_t *value = devicetree_property(reader->tree, node, "bus-range", &length);
    uint32_t first;
    uint32_t last;

    if (value == NULL) {
        return;
    }
    if (length < 8) {
        firmware_add_note(reader->firmware, host->name, "bus-range is shorter than two cells; taken as 0..255");
        return;
    }
    first = devicetree_cell(value, 0);
    last = devicetree_cell(value, 1);
    if (first > last || last > 0xff) {
        firmware_add_note(reader->firmware, host->name,
                          "bus-range <0x%x 0x%x> is no range within 0..255; taken as 0..255", first, last);
        return;
    }
    host->bus_given = true;
    host->bus_first = first;
    host->bus_last = last;
}

/* PCI `ranges`: three cells of PCI address (space code and flags in the first), parent address, two cells of size. */
static void read_windows(struct reader *reader, size_t node, struct firmware_host *host)
{
    const struct devicetree *tree = reader->tree;
    size_t parent = tree->nodes[node].parent;
    size_t length;
    const uint8_t *ranges = devicetree_property(tree, node, "ranges", &length);
    uint32_t parent_cells = parent == DEVICETREE_NONE ? 0 : devicetree_address_cells(tree, parent);
    size_t stride = 3 + (size_t)parent_cells + 2;

    if (ranges == NULL || devicetree_address_cells(tree, node) != 3 || devicetree_size_cells(tree, node) != 2 ||
        parent_cells < 1 || parent_cells > 2) {
        return;
    }
    for (size_t i = 0; i < 64 && (i + 1) * stride * 4 <= length; i++) {
        uint32_t high = devicetree_cell(ranges, i * stride);
        uint64_t size = devicetree_number(ranges, i * stride + 3 + parent_cells, 2);
        uint64_t cpu;
        struct firmware_window *window;

        /* Space codes 2 and 3 are memory with 32-bit and 64-bit addresses (IEEE 1275 PCI binding, 2.2.1.1). */
        if ((high >> 24 & 3) < 2 || size == 0 ||
            !devicetree_translate(tree, parent, devicetree_number(ranges, i * stride + 3, parent_cells), &cpu)) {
            continue;
        }
        window = firmware_host_add_window(host);
        window->pci_address = devicetree_number(ranges, i * stride + 1, 2);
        window->cpu_address = cpu;
        window->size = size;
        window->prefetchable = (high & 1u << 30) != 0;
    }
}

static enum board_status read_host(struct reader *reader, size_t node, const char *path)
{
    const struct devicetree *tree = reader->tree;
    struct firmware_host *host;
    enum board_status status;

    if (reader->firmware->host_count == DEVICETREE_MAX_HOSTS) {
        board_error_set(reader->error, reader->file, "E2001 more than %u PCIe host bridges (at %s)",
                        DEVICETREE_MAX_HOSTS, path);
        return BOARD_INVALID;
    }
    host = firmware_add_host(reader->firmware, path);
    reader->roles[node].host = true;
    read_compatible(tree, node, &host->compatible);
    host->available = tree->nodes[node].enabled;
    host->segment_given = devicetree_u32(tree, node, "linux,pci-domain", &host->segment);
    host->ats_supported = devicetree_has(tree, node, "ats-supported");
    read_bus_range(reader, node, host);
    read_windows(reader, node, host);
    status = read_maps(reader, node, &host->iommu_map, &host->msi_map);
    if (status != BOARD_OK) {
        return status;
    }
    if (!devicetree_decode_msi_parent(tree, node, DEVICETREE_MAX_ENTRIES, host)) {
        return too_many(reader, node, "msi-parent", DEVICETREE_MAX_ENTRIES);
    }
    for (size_t i = 0; i < host->msi_parent_count; i++) {
        if (host->msi_parents[i].controller != DEVICETREE_NONE) {
            reader->roles[host->msi_parents[i].controller].controller = true;
        }
    }
    if (devicetree_has(tree, node, "msi-controller")) {
        reader->roles[node].controller = true;
        host->self_controller = node;
    }
    return BOARD_OK;
}

/* Below a host, maps belong to devices of the board; which functions they apply to depends on bus numbers (B8). */
static void note_map_below_host(struct reader *reader, size_t node, const char *path)
{
    for (size_t up = reader->tree->nodes[node].parent; up != DEVICETREE_NONE; up = reader->tree->nodes[up].parent) {
        if (reader->roles[up].host) {
            firmware_add_note(reader->firmware, path,
                              "has a map of its own below a PCIe host; functions under it may use that map instead");
            return;
        }
    }
}

static enum board_status read_other(struct reader *reader, size_t node, const char *path)
{
    struct firmware_other_map *other = firmware_add_other(reader->firmware, path);

    read_compatible(reader->tree, node, &other->compatible);
    other->available = reader->tree->nodes[node].enabled;
    note_map_below_host(reader, node, path);
    return read_maps(reader, node, &other->iommu_map, &other->msi_map);
}

/* First pass: hosts and other nodes with maps; marks what they name. Targets are node numbers afterwards. */
static enum board_status read_nodes(struct reader *reader)
{
    const struct devicetree *tree = reader->tree;

    for (size_t node = 0; node < tree->count; node++) {
        size_t parent = tree->nodes[node].parent;
        bool host = is_pci(tree, node) && (parent == DEVICETREE_NONE || !is_pci(tree, parent));
        enum board_status status = BOARD_OK;
        char *path = NULL;

        if (host) {
            path = devicetree_path(tree, node);
            status = read_host(reader, node, path);
        } else if (devicetree_has(tree, node, "iommu-map") || devicetree_has(tree, node, "msi-map")) {
            path = devicetree_path(tree, node);
            status = read_other(reader, node, path);
        }
        free(path);
        if (status != BOARD_OK) {
            return status;
        }
    }
    return BOARD_OK;
}

static void read_controller(struct reader *reader, size_t node, bool is_its)
{
    const struct devicetree *tree = reader->tree;
    char *path = devicetree_path(tree, node);
    struct firmware_msi_controller *controller = firmware_add_controller(reader->firmware, path);
    size_t length;
    const uint8_t *window = devicetree_property(tree, node, "socionext,synquacer-pre-its", &length);

    read_compatible(tree, node, &controller->compatible);
    controller->is_its = is_its;
    controller->available = tree->nodes[node].enabled;
    controller->msi_controller = devicetree_has(tree, node, "msi-controller");
    controller->base_known = devicetree_reg(tree, node, &controller->base);
    controller->cells_known = devicetree_u32(tree, node, "#msi-cells", &controller->cells);
    controller->is_v2m = is_compatible(tree, node, "arm,gic-v2m-frame");
    controller->spis_known = controller->is_v2m &&
                             devicetree_u32(tree, node, "arm,msi-base-spi", &controller->first_spi) &&
                             devicetree_u32(tree, node, "arm,msi-num-spis", &controller->spi_count);
    if (is_its && window != NULL && length >= 8) {
        controller->pre_its = true;
        controller->pre_its_base = devicetree_cell(window, 0);
        controller->pre_its_size = devicetree_cell(window, 1);
    }
    if (is_its && !controller->base_known) {
        firmware_add_note(reader->firmware, path, "has no register address that translates; its doorbell is unknown");
    }
    reader->roles[node].controller_index = reader->firmware->controller_count - 1;
    free(path);
}

static void read_iommu(struct reader *reader, size_t node, enum firmware_iommu_kind kind)
{
    const struct devicetree *tree = reader->tree;
    char *path = devicetree_path(tree, node);
    struct firmware_iommu *iommu = firmware_add_iommu(reader->firmware, path);

    read_compatible(tree, node, &iommu->compatible);
    iommu->kind = kind;
    iommu->available = tree->nodes[node].enabled;
    iommu->base_known = devicetree_reg(tree, node, &iommu->base);
    iommu->cells_known = devicetree_u32(tree, node, "#iommu-cells", &iommu->cells);
    reader->roles[node].iommu_index = reader->firmware->iommu_count - 1;
    free(path);
}

/* Second pass: every ITS and SMMU, and whatever the maps name. */
static void read_targets(struct reader *reader)
{
    const struct devicetree *tree = reader->tree;

    for (size_t node = 0; node < tree->count; node++) {
        bool its = is_compatible(tree, node, "arm,gic-v3-its");
        bool cells = devicetree_has(tree, node, "#iommu-cells");

        if (its || reader->roles[node].controller) {
            read_controller(reader, node, its);
        }
        if (cells || reader->roles[node].iommu) {
            enum firmware_iommu_kind kind = iommu_kind(tree, node);

            if (kind != FIRMWARE_IOMMU_OTHER || reader->roles[node].iommu) {
                read_iommu(reader, node, kind);
            } else {
                reader->iommus_left_out++;
            }
        }
    }
}

/* Turns the targets of a map from node numbers into indices of the firmware's tables. */
static void resolve_map(const struct reader *reader, struct firmware_map *map, bool iommu)
{
    for (size_t i = 0; i < map->count; i++) {
        size_t node = map->entries[i].target;

        if (node != DEVICETREE_NONE) {
            map->entries[i].target = iommu ? reader->roles[node].iommu_index : reader->roles[node].controller_index;
        }
    }
}

static void resolve_targets(const struct reader *reader)
{
    for (size_t i = 0; i < reader->firmware->host_count; i++) {
        struct firmware_host *host = &reader->firmware->hosts[i];

        resolve_map(reader, &host->iommu_map, true);
        resolve_map(reader, &host->msi_map, false);
        for (size_t j = 0; j < host->msi_parent_count; j++) {
            if (host->msi_parents[j].controller != DEVICETREE_NONE) {
                host->msi_parents[j].controller = reader->roles[host->msi_parents[j].controller].controller_index;
            }
        }
        if (host->self_controller != FIRMWARE_NONE) {
            host->self_controller = reader->roles[host->self_controller].controller_index;
        }
    }
    for (size_t i = 0; i < reader->firmware->other_count; i++) {
        resolve_map(reader, &reader->firmware->others[i].iommu_map, true);
        resolve_map(reader, &reader->firmware->others[i].msi_map, false);
    }
}

static void read_root(struct reader *reader)
{
    struct firmware_strings model = {0};
    size_t at = 0;
    size_t length;
    const char *string = devicetree_string(reader->tree, 0, "model", &at, &length);

    if (string != NULL) {
        add_clean(&model, string, length);
        reader->firmware->model = model.items[0];
        free(model.items);
    }
    read_compatible(reader->tree, 0, &reader->firmware->compatible);
}

enum board_status devicetree_read(const void *blob, size_t size, const char *file, struct firmware *firmware,
                                  struct devicetree_extra *extra, struct board_error *error)
{
    struct devicetree tree;
    struct reader reader = {.tree = &tree, .firmware = firmware, .file = file, .error = error};
    enum board_status status = BOARD_INVALID;

    if (devicetree_index(&tree, blob, size, file, error)) {
        reader.roles = calloc(tree.count, sizeof(*reader.roles));
        if (reader.roles == NULL) {
            board_error_set(error, file, "E0203 out of memory for %zu nodes", tree.count);
            status = BOARD_UNREADABLE;
        } else {
            read_root(&reader);
            status = read_nodes(&reader);
        }
    }
    if (status == BOARD_OK) {
        read_targets(&reader);
        resolve_targets(&reader);
        firmware_number_segments(firmware);
    }
    if (extra != NULL) {
        extra->iommus_left_out = reader.iommus_left_out;
    }
    free(reader.roles);
    devicetree_clear(&tree);
    return status;
}
