/*
 * Devices whose registers do not say all that matters about their requester IDs and isolation. What configuration space
 * hides, software knows by vendor and device ID, as Linux does from its table of quirks (rules A12, A13, A15).
 */
#ifndef DOORBELL_HOST_KNOWN_DEVICES_H
#define DOORBELL_HOST_KNOWN_DEVICES_H

#include "host/pci_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Notes in @p function (quirks, alias_devfns) what is known of a device. Its type and requester ID are set.
 * @param vendor and @p device as in the configuration header
 */
void known_device_apply(uint16_t vendor, uint16_t device, struct pci_tree_function *function);

#ifdef __cplusplus
}
#endif

#endif
