#include "models/pcie/config_request.h"

bool pcie_config_access(struct pcie_config_space *space, struct sim_packet *packet, uint16_t completer)
{
    unsigned offset = (unsigned)packet->address & (PCIE_CONFIG_BYTES - 4);

    if (packet->type == SIM_PACKET_CONFIG_WRITE) {
        pcie_config_write(space, offset, sim_load_le32(packet->data), packet->first_be);
        pcie_tlp_complete(packet, completer, SIM_STATUS_OK, 0);
        return true;
    }
    sim_store_le32(packet->data, pcie_config_get32(space, offset));
    pcie_tlp_complete(packet, completer, SIM_STATUS_OK, 4);
    return false;
}
