#include "host/placement.h"

#define WINDOW_STEP UINT64_C(0x100000) /* bridges forward whole megabytes */

struct placement {
    struct pci_tree *tree;
    uint32_t host_bridge;
    uint64_t end;
    uint64_t size;
    struct host_error *error;
};

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/** @param parts of a BAR that are powers of two in size, to one of which it is aligned: 1, or the number of VFs */
static bool place_bars(struct placement *placement, struct pci_tree_range *bars, unsigned parts, uint64_t *cursor)
{
    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        struct pci_tree_range *bar = &bars[i];

        if (bar->size == 0) {
            continue;
        }
        bar->base = align_up(*cursor, bar->size / parts);
        if (bar->base + bar->size > placement->end) {
            return host_error_set(
                placement->error, "host bridge %s: its memory window of %llu bytes is too small for the BARs",
                placement->tree->host_bridges[placement->host_bridge].name, (unsigned long long)placement->size);
        }
        *cursor = bar->base + bar->size;
    }
    return true;
}

/** @param first of the functions on the bus */
static bool place_bus(struct placement *placement, uint32_t first, uint64_t *cursor)
{
    struct pci_tree *tree = placement->tree;

    for (uint32_t i = first; i != PCI_TREE_NONE; i = tree->functions[i].beside) {
        struct pci_tree_function *function = &tree->functions[i];
        uint64_t start;
        uint64_t end;

        if (function->host_bridge != placement->host_bridge) {
            continue;
        }
        if (!place_bars(placement, function->bars, 1, cursor) ||
            !place_bars(placement, function->vf_bars, function->total_vfs > 0 ? function->total_vfs : 1, cursor)) {
            return false;
        }
        if (!pci_tree_is_bridge(function)) {
            continue;
        }
        start = align_up(*cursor, WINDOW_STEP);
        end = start;
        if (!place_bus(placement, function->below, &end)) {
            return false;
        }
        end = align_up(end, WINDOW_STEP);
        function->windows[0].base = end > start ? start : 0;
        function->windows[0].size = end - start;
        *cursor = end > start ? end : *cursor;
    }
    return true;
}

bool placement_assign(struct pci_tree *tree, uint32_t host_bridge, uint64_t mmio_base, uint64_t mmio_size,
                      struct host_error *error)
{
    struct placement placement = {
        .tree = tree, .host_bridge = host_bridge, .end = mmio_base + mmio_size, .size = mmio_size, .error = error};
    uint64_t cursor = mmio_base;

    return place_bus(&placement, tree->top, &cursor);
}
