#include "import/board.h"

#include "scenario/devicetree.h"
#include "scenario/devicetree_tree.h"

#include <stdlib.h>
#include <string.h>

/* Whether a node's `compatible` has a string that ends in @p ending. */
static bool compatible_ends(const struct devicetree *tree, size_t node, const char *ending)
{
    size_t want = strlen(ending);
    size_t at = 0;
    size_t length;
    const char *text;

    while ((text = devicetree_string(tree, node, "compatible", &at, &length)) != NULL) {
        if (length >= want && memcmp(text + length - want, ending, want) == 0) {
            return true;
        }
    }
    return false;
}

/* The largest region of memory. */
static void read_memory(const struct devicetree *tree, size_t node, struct import_machine *machine)
{
    uint32_t addresses = devicetree_address_cells(tree, 0);
    uint32_t sizes = devicetree_size_cells(tree, 0);
    size_t length;
    const uint8_t *reg = devicetree_property(tree, node, "reg", &length);
    size_t stride = (size_t)addresses + sizes;

    if (reg == NULL || addresses < 1 || addresses > 2 || sizes < 1 || sizes > 2) {
        return;
    }
    for (size_t i = 0; (i + 1) * stride * 4 <= length; i++) {
        uint64_t size = devicetree_number(reg, i * stride + addresses, sizes);

        if (size > machine->memory_size) {
            machine->memory_base = devicetree_number(reg, i * stride, addresses);
            machine->memory_size = size;
        }
    }
}

/* GICv3: the Distributor, then the regions of redistributors ("arm,gic-v3"). */
static void read_gic(const struct devicetree *tree, size_t node, struct import_machine *machine)
{
    size_t parent = tree->nodes[node].parent;
    uint32_t addresses = parent == DEVICETREE_NONE ? 0 : devicetree_address_cells(tree, parent);
    uint32_t sizes = parent == DEVICETREE_NONE ? 0 : devicetree_size_cells(tree, parent);
    size_t length;
    const uint8_t *reg = devicetree_property(tree, node, "reg", &length);

    if (reg != NULL && addresses >= 1 && addresses <= 2 && sizes <= 2 &&
        length >= 4 * (2 * (size_t)addresses + sizes)) {
        machine->redistributors_known = devicetree_translate(
            tree, parent, devicetree_number(reg, addresses + sizes, addresses), &machine->redistributors);
    }
}

static const struct firmware_host *host_at(const struct devicetree *tree, size_t node, const struct firmware *firmware)
{
    char *path = devicetree_path(tree, node);
    const struct firmware_host *found = NULL;

    for (size_t i = 0; i < firmware->host_count; i++) {
        found = strcmp(firmware->hosts[i].name, path) == 0 ? &firmware->hosts[i] : found;
    }
    free(path);
    return found;
}

/* The generic host's only register region is its ECAM ("pci-host-ecam-generic"). */
static void read_ecam(const struct devicetree *tree, size_t node, struct import_machine *machine)
{
    const struct firmware_host *host = host_at(tree, node, &machine->firmware);
    uint64_t base;

    if (host != NULL && devicetree_reg(tree, node, &base)) {
        struct import_ecam *ecam = import_machine_add_ecam(machine);

        ecam->segment = host->segment;
        ecam->first_bus = host->bus_first;
        ecam->last_bus = host->bus_last;
        ecam->base = base;
    }
}

static void read_rest(const struct devicetree *tree, struct import_machine *machine)
{
    for (size_t node = 0; node < tree->count; node++) {
        size_t parent = tree->nodes[node].parent;

        if (!tree->nodes[node].enabled) {
            continue;
        }
        if (devicetree_is(tree, node, "device_type", "cpu")) {
            machine->pe_count++;
        } else if (parent == 0 && devicetree_is(tree, node, "device_type", "memory")) {
            read_memory(tree, node, machine);
        } else if (compatible_ends(tree, node, "arm,gic-v3") && !machine->redistributors_known) {
            read_gic(tree, node, machine);
        } else if (compatible_ends(tree, node, "-ecam-generic")) {
            read_ecam(tree, node, machine);
        }
    }
}

enum board_status import_board_read(const void *blob, size_t size, const char *file, struct import_machine *machine,
                                    struct board_error *error)
{
    struct devicetree tree;
    enum board_status status = devicetree_read(blob, size, file, &machine->firmware, NULL, error);

    if (status != BOARD_OK) {
        return status;
    }
    if (!devicetree_index(&tree, blob, size, file, error)) {
        status = BOARD_INVALID;
    } else {
        read_rest(&tree, machine);
        /* Linux knows of CANWBS from ACPI only: a device tree has no word for it. */
        for (size_t i = 0; i < machine->firmware.host_count; i++) {
            machine->firmware.hosts[i].no_write_back = true;
        }
        machine->firmware_known = true;
    }
    devicetree_clear(&tree);
    return status;
}
