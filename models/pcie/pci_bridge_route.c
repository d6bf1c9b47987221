#include "models/pcie/pci_bridge_internal.h"

/* ---- Decoders ---- */

void pci_decoder_init(struct pci_decoder *decoder, const struct pcie_config_space *space)
{
    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        decoder->bars[i] = pcie_config_get32(space, PCIE_BAR(i));
        decoder->writable[i] = sim_load_le32(space->writable + PCIE_BAR(i));
        decoder->wide[i] = i + 1 < PCIE_TYPE0_BARS && decoder->writable[i] != 0 &&
                           (decoder->bars[i] & PCIE_BAR_TYPE) == PCIE_BAR_TYPE_64;
    }
}

/** A register after a write with byte enables. */
static uint32_t after_write(uint32_t old, uint32_t writable, const struct sim_packet *packet)
{
    uint32_t value = old;

    for (unsigned i = 0; i < 4; i++) {
        if ((packet->first_be >> i & 1) != 0) {
            uint32_t byte = writable & 0xffu << 8 * i;

            value = (value & ~byte) | (sim_load_le32(packet->data) & byte);
        }
    }
    return value;
}

void pci_decoder_follow(struct pci_decoder *decoder, const struct sim_packet *packet)
{
    unsigned offset = (unsigned)packet->address & 0xfcu;

    if (offset == PCIE_COMMAND) {
        uint32_t old = decoder->memory_space ? PCIE_COMMAND_MEMORY_SPACE : 0;

        decoder->memory_space = (after_write(old, PCIE_COMMAND_MEMORY_SPACE, packet) & PCIE_COMMAND_MEMORY_SPACE) != 0;
    } else if (offset >= PCIE_BAR(0) && offset < PCIE_BAR(PCIE_TYPE0_BARS)) {
        unsigned bar = (offset - PCIE_BAR(0)) / 4;

        decoder->bars[bar] = after_write(decoder->bars[bar], decoder->writable[bar], packet);
    }
}

static bool decoder_claims(const struct pci_decoder *decoder, uint64_t address)
{
    for (unsigned i = 0; decoder->memory_space && i < PCIE_TYPE0_BARS; i++) {
        uint64_t mask = decoder->writable[i] & PCIE_BAR_ADDRESS;
        uint64_t base = decoder->bars[i] & PCIE_BAR_ADDRESS;

        if (decoder->writable[i] == 0 || (i > 0 && decoder->wide[i - 1])) {
            continue;
        }
        if (i + 1 < PCIE_TYPE0_BARS && decoder->wide[i]) {
            mask |= (uint64_t)decoder->writable[i + 1] << 32;
            base |= (uint64_t)decoder->bars[i + 1] << 32;
        } else {
            mask |= UINT64_C(0xffffffff) << 32;
        }
        if ((address & mask) == base) {
            return true;
        }
    }
    return false;
}

/** The device that claims an address on the bus. */
static unsigned claiming_agent(const struct pci_bridge *bridge, uint64_t address)
{
    for (unsigned i = 0; i < bridge->device_count; i++) {
        for (unsigned f = 0; f < bridge->devices[i].function_count; f++) {
            if (decoder_claims(&bridge->devices[i].functions[f], address)) {
                return i + 1;
            }
        }
    }
    return PCI_NOBODY;
}

/* ---- Decisions ---- */

static struct pci_decision act(enum pci_action action)
{
    return (struct pci_decision){.action = action, .agent = PCI_AGENT_BRIDGE, .status = SIM_STATUS_UR};
}

static struct pci_decision to_device(enum pci_action action, unsigned agent)
{
    return (struct pci_decision){.action = action, .agent = (uint8_t)agent};
}

static struct pci_decision discard(uint32_t error)
{
    return (struct pci_decision){.action = PCI_DISCARD, .error = error};
}

/**
 * Whether a TLP from above is no good. All of them end at the bridge, which makes transactions of a bus out of them: so
 * it checks their ECRC, if software wants that, before it looks at anything else (6.2.3.2.3).
 */
static uint32_t fault_of(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    const uint32_t bad = SIM_FLAG_ECRC | SIM_FLAG_ECRC_BAD;

    if ((packet->flags & bad) == bad && bridge->registers.checks_ecrc) {
        return PCIE_AER_ECRC_ERROR;
    }
    return pcie_tlp_is_malformed(packet, bridge->registers.max_payload) ? PCIE_AER_MALFORMED_TLP : 0;
}

static struct pci_decision route_memory_down(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    unsigned agent;

    if (!pcie_bridge_claims(&bridge->registers, packet->address)) {
        return act(PCI_REFUSE);
    }
    agent = claiming_agent(bridge, packet->address);
    return agent != PCI_NOBODY ? to_device(PCI_DEVICE, agent) : act(PCI_ABORT);
}

static struct pci_decision route_memory_up(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    unsigned peer = claiming_agent(bridge, packet->address);

    /* Whoever claims it, be it another function of the same device: each has a decoder of its own. */
    if (peer != PCI_NOBODY) {
        return to_device(PCI_DEVICE, peer);
    }
    /* The bridge claims what lies outside its windows. */
    if (!bridge->registers.bus_master || pcie_bridge_claims(&bridge->registers, packet->address)) {
        return act(PCI_ABORT);
    }
    if (packet->type != SIM_PACKET_READ || bridge->ids == PCI_BRIDGE_IDS_KEPT) {
        return act(PCI_UPSTREAM);
    }
    return act(bridge->delayed_used < bridge->delayed_size ? PCI_TAKE_OVER : PCI_WAIT);
}

static unsigned agent_with_id(const struct pci_bridge *bridge, uint16_t id)
{
    return id >> 8 == bridge->registers.secondary ? bridge->agent_at[id >> 3 & 0x1f] : PCI_NOBODY;
}

static struct pci_decision route_completion_down(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    if (bridge->ids == PCI_BRIDGE_IDS_KEPT) {
        unsigned agent = agent_with_id(bridge, packet->target);

        return agent != PCI_NOBODY ? to_device(PCI_DEVICE, agent) : discard(PCIE_AER_UNEXPECTED_COMPLETION);
    }
    if (packet->target != pci_bridge_alias(bridge) || packet->tag >= bridge->delayed_size ||
        !bridge->delayed[packet->tag].used || bridge->delayed[packet->tag].late) {
        return discard(PCIE_AER_UNEXPECTED_COMPLETION);
    }
    return to_device(PCI_RETURN, bridge->delayed[packet->tag].agent);
}

static struct pci_decision route_completion_up(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    unsigned agent = agent_with_id(bridge, packet->target);

    return agent != PCI_NOBODY ? to_device(PCI_DEVICE, agent) : act(PCI_UPSTREAM);
}

static struct pci_decision route_config(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    unsigned agent;

    if ((packet->flags & SIM_FLAG_CONFIG_TYPE1) == 0) {
        return act((packet->target & 7) == 0 ? PCI_CONFIGURE : PCI_REFUSE);
    }
    /* There is no further bridge, and a conventional function has 256 bytes of registers. */
    if (packet->target >> 8 != bridge->registers.secondary || packet->address >= 0x100) {
        return act(PCI_REFUSE);
    }
    agent = bridge->agent_at[packet->target >> 3 & 0x1f];
    return agent != PCI_NOBODY ? to_device(PCI_DEVICE, agent) : act(PCI_ABORT);
}

struct pci_decision pci_bridge_route(const struct pci_bridge *bridge, unsigned agent, const struct sim_packet *packet)
{
    bool down = agent == PCI_AGENT_BRIDGE;
    uint32_t fault = down ? fault_of(bridge, packet) : 0;

    if (fault != 0) {
        return discard(fault);
    }
    switch (packet->type) {
    case SIM_PACKET_READ:
    case SIM_PACKET_WRITE:
        return down ? route_memory_down(bridge, packet) : route_memory_up(bridge, packet);
    case SIM_PACKET_COMPLETION:
        return down ? route_completion_down(bridge, packet) : route_completion_up(bridge, packet);
    case SIM_PACKET_CONFIG_READ:
    case SIM_PACKET_CONFIG_WRITE:
        return down ? route_config(bridge, packet) : act(PCI_ABORT);
    default:
        return discard(0);
    }
}
