/*
 * Configuration requests, carried out on a configuration space.
 */
#ifndef DOORBELL_MODELS_PCIE_CONFIG_REQUEST_H
#define DOORBELL_MODELS_PCIE_CONFIG_REQUEST_H

#include "models/pcie/config_space.h"
#include "models/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Carries a configuration request out and turns it into its completion. Whoever owns the space decodes it after a
 * write.
 * @param completer requester ID of the function
 * @return true if it was a write
 */
bool pcie_config_access(struct pcie_config_space *space, struct sim_packet *packet, uint16_t completer);

#ifdef __cplusplus
}
#endif

#endif
