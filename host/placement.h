/*
 * Where BARs go and what bridges forward: addresses for everything below one host bridge, from its memory window.
 */
#ifndef DOORBELL_HOST_PLACEMENT_H
#define DOORBELL_HOST_PLACEMENT_H

#include "host/error.h"
#include "host/pci_tree.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives every BAR below a host bridge a base aligned to its size, and every bridge a memory window of whole megabytes
 * around what is below it: bus by bus, functions in order, depth first. Bridges with nothing below get no window.
 * @param tree finished; bars[].base and windows[0] are filled in
 * @param mmio_base, mmio_size the host bridge's 32-bit memory window
 * @return false with @p error if the window is too small
 */
bool placement_assign(struct pci_tree *tree, uint32_t host_bridge, uint64_t mmio_base, uint64_t mmio_size,
                      struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
