#include "models/pcie/pci_slot.h"

#include "sim/sim.h"

/** Transactions of a sort that a device asks the bus for at once, or has room for. */
#define SLOT_DEPTH 4u

static struct sim_channel *make_channel(struct sim *sim, const char *name, unsigned class_,
                                        struct sim_component *writer, struct sim_component *reader)
{
    static const char *const class_names[PCIE_CLASSES] = {"posted", "non-posted", "completion"};
    struct sim_channel_config config = {
        .name = sim_printf(sim, "%s.%s", name, class_names[class_]),
        .writer = writer,
        .reader = reader,
        .capacity = SLOT_DEPTH,
    };

    if (class_ != PCIE_NON_POSTED) {
        sim_packet_reserve(sim, SLOT_DEPTH, true);
    }
    return sim_channel_create(sim, &config);
}

/** An end without a wire: always open, and its credits return by themselves. */
static void init_end(struct pcie_data_link *end, struct sim_component *component)
{
    end->component = component;
    end->period = component->period;
    end->first_due = SIM_TIME_NEVER;
    end->vcs = 1;
    end->infinite = (1u << PCIE_QUEUES) - 1;
    for (unsigned vc = 1; vc < PCIE_MAX_VCS; vc++) {
        end->ready_at[vc] = SIM_TIME_NEVER;
    }
}

static void init_port(struct pcie_port *port, struct pcie_data_link *own, struct pcie_data_link *opposite)
{
    port->vcs = 1;
    port->own = own;
    port->opposite = opposite;
}

struct pci_slot *pci_slot_create(struct sim *sim, const char *name, struct sim_component *bridge,
                                 struct sim_component *device)
{
    struct pci_slot *slot = sim_alloc(sim, sizeof(*slot));
    const char *down = sim_printf(sim, "%s.down", name);
    const char *up = sim_printf(sim, "%s.up", name);

    init_end(&slot->bridge_end, bridge);
    init_end(&slot->device_end, device);
    init_port(&slot->upper, &slot->bridge_end, &slot->device_end);
    init_port(&slot->lower, &slot->device_end, &slot->bridge_end);
    slot->upper.peer = &slot->lower;
    slot->lower.peer = &slot->upper;
    for (unsigned i = 0; i < PCIE_CLASSES; i++) {
        slot->upper.queues[i].transmit = make_channel(sim, down, i, bridge, device);
        slot->lower.queues[i].receive = slot->upper.queues[i].transmit;
        slot->lower.queues[i].transmit = make_channel(sim, up, i, device, bridge);
        slot->upper.queues[i].receive = slot->lower.queues[i].transmit;
    }
    return slot;
}
