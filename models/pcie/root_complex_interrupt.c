/*
 * Interrupts of root ports on errors (6.2.4.1.2): a root port that software has given a message sends it whenever a
 * sort of error messages that Root Error Command asks for shows in Root Error Status, and none did before; a message
 * that is masked shows as pending. Software that clears the status has the next one sent.
 *
 * Two choices where the specification leaves one: a message that is switched on while errors show is sent then, and
 * all functions of the port use message 0, so that Interrupt Message Number reads 0 in both places that have it.
 */
#include "models/pcie/root_complex_internal.h"

/** Whether a sort of error has been received that software wants to be interrupted for (7.8.4.9, 7.8.4.10). */
static bool is_wanted(const struct pcie_config_space *space)
{
    uint32_t command = pcie_config_get32(space, space->aer + PCIE_AER_ROOT_COMMAND);
    uint32_t status = pcie_config_get32(space, space->aer + PCIE_AER_ROOT_STATUS);

    return ((command & PCIE_AER_ROOT_ON_CORRECTABLE) != 0 && (status & PCIE_AER_ROOT_COR_RECEIVED) != 0) ||
           ((command & PCIE_AER_ROOT_ON_NONFATAL) != 0 && (status & PCIE_AER_ROOT_NONFATAL_RECEIVED) != 0) ||
           ((command & PCIE_AER_ROOT_ON_FATAL) != 0 && (status & PCIE_AER_ROOT_FATAL_RECEIVED) != 0);
}

static struct sim_packet *make_message(struct root_complex *rc, struct rc_port *port, sim_time now)
{
    struct rc_interrupt *interrupt = &port->interrupt;
    struct sim_packet *packet = sim_packet_new(rc->sim, 4);

    packet->type = SIM_PACKET_WRITE;
    packet->flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
    packet->id = sim_packet_identity(interrupt->name_hash, interrupt->messages++);
    packet->born = now;
    packet->last_mark = now;
    packet->source = interrupt->source;
    packet->requester = port->bridge.id;
    packet->first_be = 0xf;
    return packet;
}

/** The message becomes due: it is born, and waits for its memory port. */
static void signal(struct root_complex *rc, unsigned index, sim_time now)
{
    struct rc_port *port = &rc->ports[index];
    struct sim_packet *packet = make_message(rc, port, now);

    rc->counters.interrupts++;
    sim_event(rc->sim, SIM_EVENT_MSI_BORN, packet, &rc->component, now, 0);
    if (!port->bridge.bus_master) {
        sim_drop(rc->sim, packet, &rc->component, now, SIM_DROP_BUS_MASTER_OFF);
    } else if (port->interrupt.packet != NULL) {
        sim_event(rc->sim, SIM_EVENT_MSI_MERGED, packet, &rc->component, now, 0);
        sim_packet_free(rc->sim, packet);
    } else {
        port->interrupt.packet = packet;
        rc->interrupting |= UINT64_C(1) << index;
    }
}

void rc_judge_interrupt(struct root_complex *rc, unsigned index)
{
    struct rc_interrupt *interrupt = &rc->ports[index].interrupt;
    struct pcie_config_space *space = &rc->ports[index].bridge.config;
    bool wanted;
    bool masked;
    bool before = interrupt->is_due;

    if (space->msi == 0) {
        return;
    }
    wanted = is_wanted(space) && (pcie_config_get16(space, space->msi + PCIE_MSI_CONTROL) & PCIE_MSI_ENABLE) != 0;
    masked = (pcie_config_get32(space, space->msi + PCIE_MSI_MASK_64) & 1) != 0;
    pcie_config_set32(space, space->msi + PCIE_MSI_PENDING_64, wanted && masked ? 1 : 0);
    interrupt->is_due = wanted && !masked;
    if (interrupt->is_due && !before) {
        signal(rc, index, sim_now(rc->sim));
    }
}

/** Registers say where the message goes when it leaves. */
static void send(struct root_complex *rc, unsigned index, sim_time now)
{
    struct rc_port *port = &rc->ports[index];
    const struct pcie_config_space *space = &port->bridge.config;
    struct sim_packet *packet = port->interrupt.packet;

    port->interrupt.packet = NULL;
    rc->interrupting &= ~(UINT64_C(1) << index);
    packet->address = (uint64_t)pcie_config_get32(space, space->msi + PCIE_MSI_ADDRESS_HI) << 32 |
                      pcie_config_get32(space, space->msi + PCIE_MSI_ADDRESS);
    sim_store_le32(packet->data, pcie_config_get16(space, space->msi + PCIE_MSI_DATA_64));
    sim_event(rc->sim, SIM_EVENT_MSI_SENT, packet, &rc->component, now + rc->config.latency, 0);
    rc_put_on_bus(rc, packet);
    sim_channel_push(rc->memories[rc_memory_of(rc, port->bridge.id)].bus.request, packet, now, rc->config.latency, 0, 0,
                     0);
}

void rc_serve_interrupts(struct root_complex *rc, struct rc_round *round, sim_time now)
{
    for (uint64_t rest = rc->interrupting; rest != 0; rest &= rest - 1) {
        unsigned index = (unsigned)__builtin_ctzll(rest);
        unsigned memory = rc_memory_of(rc, rc->ports[index].bridge.id);
        struct sim_channel *request = rc->memories[memory].bus.request;

        if (request == NULL) {
            sim_drop(rc->sim, rc->ports[index].interrupt.packet, &rc->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
            rc->ports[index].interrupt.packet = NULL;
            rc->interrupting &= ~(UINT64_C(1) << index);
        } else if ((round->served >> memory & 1) == 0 && sim_channel_has_space(request, now, rc->config.latency, 0)) {
            round->served |= UINT64_C(1) << memory;
            send(rc, index, now);
        }
    }
}

sim_time rc_interrupts_due(struct root_complex *rc, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint64_t rest = rc->interrupting; rest != 0; rest &= rest - 1) {
        const struct rc_port *port = &rc->ports[__builtin_ctzll(rest)];
        struct sim_channel *request = rc->memories[rc_memory_of(rc, port->bridge.id)].bus.request;

        if (request == NULL || sim_channel_has_space(request, now, rc->config.latency, 0)) {
            return now;
        }
        due = sim_time_min(due, sim_channel_space_at(request, now, rc->config.latency, 0));
    }
    return due;
}
