#include "models/pcie/bridge.h"

#include "models/pcie/config_request.h"
#include "sim/sim.h"

#define CLASS_PCI_BRIDGE    0x060400u
#define DEFAULT_MAX_PAYLOAD 512u

void pcie_bridge_init(struct pcie_bridge *bridge, struct sim *sim, const struct pcie_bridge_config *config)
{
    struct pcie_config_space *space = &bridge->config;
    struct pcie_identity identity = config->identity;
    struct pcie_express express = {
        .type = config->type,
        .max_payload = config->max_payload != 0 ? config->max_payload : DEFAULT_MAX_PAYLOAD,
        .port_number = config->port_number,
        .slot = config->slot,
        .pasid = !config->no_prefixes,
    };

    const struct pcie_msi msi = {.vectors = config->message ? 1 : 0, .wide = true, .maskable = true};

    if (identity.class_code == 0) {
        identity.class_code = CLASS_PCI_BRIDGE;
    }
    pcie_config_init(space, sim);
    pcie_add_header(space, &identity, true, config->multi_function);
    pcie_add_bridge_registers(space);
    pcie_add_power_management(space);
    pcie_add_msi(space, &msi);
    pcie_add_express(space, &express);
    pcie_add_aer(space);
    pcie_add_acs(space, &config->acs);
    pcie_vcs_init(&bridge->vcs, space, sim, &config->virtual_channels);
    bridge->port_number = config->port_number;
    bridge->malformed = config->no_prefixes ? SIM_FLAG_PASID : 0;
    pcie_bridge_decode(bridge);
}

/** A base and limit pair: bits 15:4 are address bits 31:20, the limit's lower bits are ones. */
static struct pcie_window decode_window(uint16_t base, uint16_t limit, uint32_t base_hi, uint32_t limit_hi)
{
    struct pcie_window window = {
        .base = (uint64_t)base_hi << 32 | (uint64_t)(base & PCIE_WINDOW_ADDRESS) << 16,
        .limit =
            (uint64_t)limit_hi << 32 | (uint64_t)(limit & PCIE_WINDOW_ADDRESS) << 16 | (PCIE_WINDOW_GRANULARITY - 1),
    };

    return window;
}

uint16_t pcie_acs_decode(const struct pcie_config_space *space, uint64_t *egress)
{
    unsigned at = space->acs + PCIE_ACS_EGRESS_VECTOR;
    uint16_t controls;

    *egress = 0;
    if (space->acs == 0) {
        return 0;
    }
    controls = pcie_config_get16(space, space->acs + PCIE_ACS_CONTROL);
    controls &= pcie_config_get16(space, space->acs + PCIE_ACS_CAPABILITY);
    if ((controls & PCIE_ACS_P2P_EGRESS_CONTROL) != 0) {
        *egress = (uint64_t)pcie_config_get32(space, at + 4) << 32 | pcie_config_get32(space, at);
    }
    return controls;
}

/** In D3hot a bridge takes configuration requests and messages; memory requests are unsupported both ways (5.3.1.4). */
static bool is_awake(const struct pcie_config_space *space)
{
    const uint16_t control = pcie_config_get16(space, space->power_management + PCIE_PM_CONTROL_STATUS);

    return (control & PCIE_PM_STATE) == PCIE_PM_STATE_D0;
}

void pcie_bridge_decode(struct pcie_bridge *bridge)
{
    const struct pcie_config_space *space = &bridge->config;
    uint16_t command = pcie_config_get16(space, PCIE_COMMAND);
    uint16_t device_control2 = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL2);

    bridge->memory_space = is_awake(space) && (command & PCIE_COMMAND_MEMORY_SPACE) != 0;
    bridge->bus_master = is_awake(space) && (command & PCIE_COMMAND_BUS_MASTER) != 0;
    bridge->primary = pcie_config_get8(space, PCIE_PRIMARY_BUS);
    bridge->secondary = pcie_config_get8(space, PCIE_SECONDARY_BUS);
    bridge->subordinate = pcie_config_get8(space, PCIE_SUBORDINATE_BUS);
    bridge->memory =
        decode_window(pcie_config_get16(space, PCIE_MEMORY_BASE), pcie_config_get16(space, PCIE_MEMORY_LIMIT), 0, 0);
    bridge->prefetch = decode_window(
        pcie_config_get16(space, PCIE_PREFETCH_BASE), pcie_config_get16(space, PCIE_PREFETCH_LIMIT),
        pcie_config_get32(space, PCIE_PREFETCH_BASE_HI), pcie_config_get32(space, PCIE_PREFETCH_LIMIT_HI));
    bridge->max_payload = pcie_config_max_payload(space);
    bridge->ecrc = pcie_config_generates_ecrc(space);
    bridge->checks_ecrc = pcie_config_checks_ecrc(space);
    bridge->forwards_errors = (pcie_config_get16(space, PCIE_BRIDGE_CONTROL) & PCIE_BRIDGE_CONTROL_SERR) != 0;
    bridge->ari_forwarding = (device_control2 & PCIE_EXP_DEVCTL2_ARI_FORWARDING) != 0;
    pcie_vcs_decode(&bridge->vcs, &bridge->config);
    bridge->acs = pcie_acs_decode(space, &bridge->egress);
}

enum pcie_peer pcie_acs_peer_request(uint16_t acs, uint64_t egress, const struct sim_packet *packet, unsigned target)
{
    if ((acs & PCIE_ACS_DIRECT_TRANSLATED_P2P) != 0 && packet->at == SIM_AT_TRANSLATED) {
        return PCIE_PEER_DIRECT;
    }
    if ((acs & PCIE_ACS_P2P_EGRESS_CONTROL) != 0) {
        /* The vector decides: a set bit bars the direct way, and Request Redirect says what to do instead. */
        if ((egress >> (target % PCIE_ACS_EGRESS_BITS) & 1) == 0) {
            return PCIE_PEER_DIRECT;
        }
        return (acs & PCIE_ACS_P2P_REQUEST_REDIRECT) != 0 ? PCIE_PEER_REDIRECT : PCIE_PEER_VIOLATION;
    }
    return (acs & PCIE_ACS_P2P_REQUEST_REDIRECT) != 0 ? PCIE_PEER_REDIRECT : PCIE_PEER_DIRECT;
}

enum pcie_peer pcie_bridge_peer_request(const struct pcie_bridge *bridge, const struct sim_packet *packet,
                                        unsigned target_port)
{
    return pcie_acs_peer_request(bridge->acs, bridge->egress, packet, target_port);
}

enum pcie_peer pcie_acs_peer_completion(uint16_t acs, const struct sim_packet *packet)
{
    bool redirect = (acs & PCIE_ACS_P2P_COMPLETION_REDIRECT) != 0 && (packet->flags & SIM_FLAG_RELAXED) == 0;

    return redirect ? PCIE_PEER_REDIRECT : PCIE_PEER_DIRECT;
}

enum pcie_peer pcie_bridge_peer_completion(const struct pcie_bridge *bridge, const struct sim_packet *packet)
{
    return pcie_acs_peer_completion(bridge->acs, packet);
}

bool pcie_bridge_access_config(struct pcie_bridge *bridge, struct sim_packet *packet, const struct pcie_port *link,
                               sim_time now)
{
    bool written;

    pcie_vcs_follow(&bridge->vcs, &bridge->config, link, now);
    written = pcie_config_access(&bridge->config, packet, bridge->id);
    if (written) {
        pcie_bridge_decode(bridge);
        pcie_vcs_follow(&bridge->vcs, &bridge->config, link, now);
    }
    return written;
}
