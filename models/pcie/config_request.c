#include "models/pcie/config_request.h"

bool pcie_config_access(struct pcie_config_space *space, struct sim_packet *packet, uint16_t completer)
{
    unsigned offset = (unsigned)packet->address & (PCIE_CONFIG_BYTES - 4);
    bool is_write = packet->type == SIM_PACKET_CONFIG_WRITE;

    if (is_write) {
        pcie_config_write(space, offset, sim_load_le32(packet->data), packet->first_be);
    } else {
        sim_store_le32(packet->data, pcie_config_get32(space, offset));
    }
    pcie_tlp_complete(packet, completer, SIM_STATUS_OK, is_write ? 0 : 4);
    pcie_tlp_set_digest(packet, pcie_config_generates_ecrc(space));
    return is_write;
}
