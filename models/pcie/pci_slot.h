/*
 * A slot of a conventional PCI bus: how a device and the bridge that holds the bus meet. Requests and completions go
 * through channels like those of a link, but there is no wire: the bus and its turns are the bridge's business.
 */
#ifndef DOORBELL_MODELS_PCIE_PCI_SLOT_H
#define DOORBELL_MODELS_PCIE_PCI_SLOT_H

#include "models/pcie/link.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pci_slot {
    struct pcie_data_link bridge_end;
    struct pcie_data_link device_end;
    struct pcie_port upper; /**< for the bridge */
    struct pcie_port lower; /**< for the device */
};

/**
 * Makes a slot, which lives as long as the simulation. Its stages are NAME.down.posted and so on, as a link's.
 * @param bridge and @p device the components that meet; the bridge's clock is that of the bus
 */
struct pci_slot *pci_slot_create(struct sim *sim, const char *name, struct sim_component *bridge,
                                 struct sim_component *device);

#ifdef __cplusplus
}
#endif

#endif
