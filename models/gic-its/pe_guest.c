/*
 * A PE with a guest. The guest takes virtual interrupts by itself, one handler at a time; physical ones go to the
 * hypervisor, which leaves the guest, handles all there are, and enters it again. The virtual interface's rules are
 * those of cpu_interface.h, with the guest's own mask and group enable.
 *
 * A guest is not left between its acknowledge and the first instruction of its handler; a physical interrupt waits for
 * that. The priority drop and the deactivation are at the handler's end.
 */
#include "models/gic-its/pe_internal.h"

static struct pe_guest *need_guest(struct pe *pe)
{
    if (pe->guest == NULL) {
        sim_panic(pe->component.sim, &pe->component, NULL, "this PE has no guests");
    }
    return pe->guest;
}

/** The guest's handler has begun when the answer to the acknowledge comes. */
static void begin_handler(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    struct pe_guest *guest = pe->guest;

    guest->packet = packet;
    guest->idle_told = false;
    guest->start = sim_time_max(now + pe->entry_time, now + pe->component.period);
    guest->end = sim_component_edge(&pe->component, guest->start + pe->config.guest_handler_time);
    guest->count_delivered++;
    cpu_interface_acknowledge(&guest->interface, (uint32_t)packet->address);
    pe_tell_start(pe, packet, guest->start);
    if (pe->software.guest_handler != NULL) {
        pe->software.guest_handler(pe->software.context, packet->intid, guest->start);
    }
}

/** @return the packet, if it is no longer needed */
static struct sim_packet *take_message(struct pe *pe, sim_time now)
{
    struct pe_guest *guest = pe->guest;
    struct sim_packet *packet = sim_channel_peek(pe->from, now);

    if (packet == NULL || (packet->operation != GIC_VSIGNAL && packet->operation != GIC_VACTIVATED)) {
        return pe_take_message(pe, now);
    }
    packet = sim_channel_pop(pe->from, now);
    guest->best = packet->arg;
    if (packet->operation == GIC_VSIGNAL) {
        return packet;
    }
    guest->acknowledging = false;
    if (packet->intid == GIC_INTID_SPURIOUS) {
        guest->count_spurious++;
        return packet;
    }
    begin_handler(pe, packet, now);
    return NULL;
}

/** @return whether it has ended; not if its device's channel is full */
static bool end_handler(struct pe *pe, sim_time now, sim_time *due)
{
    struct pe_guest *guest = pe->guest;
    struct gic_output *device = pe_find_device(pe, guest->packet);

    if (device != NULL && !gic_output_is_ready(device, now, due)) {
        return false;
    }
    pe_tell_end(pe, guest->packet, now);
    if (device != NULL) {
        pe_tell_device(pe, device, guest->packet, now);
    } else {
        sim_packet_free(pe->component.sim, guest->packet);
    }
    guest->packet = NULL;
    cpu_interface_drop(&guest->interface);
    guest->threshold = cpu_interface_threshold(&guest->interface);
    return true;
}

/** Leaves the guest. @return false if it was not running */
static bool leave_guest(struct pe *pe, sim_time now)
{
    struct pe_guest *guest = pe->guest;

    if (!guest->inside) {
        return false;
    }
    guest->inside = false;
    guest->idle_told = false;
    guest->count_exits++;
    guest->end = guest->packet != NULL && guest->end > now ? guest->end - now : 0;
    return true;
}

/** Leaves the guest, if it runs, and acknowledges a physical interrupt. */
static void take_physical(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    sim_time service = pe->acknowledge_service;

    if (leave_guest(pe, now)) {
        service += sim_time_cycles(pe->config.exit_cycles, pe->component.period);
    }
    packet = packet != NULL ? packet : sim_packet_new(pe->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_ACTIVATE;
    packet->arg = pe->threshold;
    gic_output_push(&pe->to, packet, now, service);
    pe->acknowledging = true;
}

static void take_virtual(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    packet = packet != NULL ? packet : sim_packet_new(pe->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_VACTIVATE;
    packet->arg = pe->guest->threshold;
    gic_output_push(&pe->to, packet, now, pe->acknowledge_service);
    pe->guest->acknowledging = true;
}

/** Takes the best interrupt there is, from a list register or from the redistributor. */
static void take_best(struct pe *pe, struct sim_packet **spare, sim_time now, sim_time *due)
{
    struct pe_guest *guest = pe->guest;
    uint32_t listed = pe_best_listed(guest, guest->threshold);

    if (listed < PE_LIST_REGISTERS && guest->listed[listed]->address <= guest->best) {
        struct sim_packet *packet = guest->listed[listed];

        guest->listed[listed] = NULL;
        guest->count_listed++;
        begin_handler(pe, packet, now + pe->acknowledge_service);
        *due = sim_time_min(*due, guest->end);
    } else if (guest->best < guest->threshold) {
        if (gic_output_is_ready(&pe->to, now, due)) {
            take_virtual(pe, *spare, now);
            *spare = NULL;
        }
    } else if (!guest->idle_told && pe->software.guest_idle != NULL) {
        guest->idle_told = true;
        pe->software.guest_idle(pe->software.context);
    }
}

/** Enters the guest, or goes on in it. @return when it wants to be looked at; takes *spare if it can use it */
static sim_time run_guest(struct pe *pe, struct sim_packet **spare, sim_time now)
{
    struct pe_guest *guest = pe->guest;
    sim_time due = SIM_TIME_NEVER;

    if (!guest->wanted && guest->packet == NULL) {
        guest->inside = guest->inside && guest->acknowledging;
        return SIM_TIME_NEVER;
    }
    if (!guest->inside) {
        guest->inside = true;
        guest->ready_at = now + sim_time_cycles(pe->config.enter_cycles, pe->component.period);
        guest->end += guest->packet != NULL ? guest->ready_at : 0;
    }
    if (guest->packet != NULL && guest->end > now) {
        return guest->end;
    }
    if ((guest->packet != NULL && !end_handler(pe, now, &due)) || guest->acknowledging || !guest->wanted) {
        return due;
    }
    if (guest->ready_at > now) {
        return guest->ready_at;
    }
    take_best(pe, spare, now, &due);
    return due;
}

/** Whether the guest may be left now; if not, *due becomes no later than when it may. */
static bool may_leave(const struct pe_guest *guest, sim_time now, sim_time *due)
{
    if (guest->packet != NULL && guest->inside && guest->start > now) {
        *due = sim_time_min(*due, guest->start);
        return false;
    }
    return !guest->acknowledging;
}

sim_time pe_evaluate_guest(struct sim_component *component, sim_time now)
{
    struct pe *pe = (struct pe *)component;
    sim_time due = SIM_TIME_NEVER;
    struct sim_packet *spare;

    if (pe->packet != NULL) {
        due = pe_end_handler(pe, now);
    }
    spare = take_message(pe, now);
    if (pe->spi != 0) {
        due = sim_time_min(due, pe_step_spi(pe, now));
    }
    if (pe->packet != NULL || pe->acknowledging || pe->busy_until > now) {
        due = sim_time_min(due, pe->busy_until > now ? pe->busy_until : SIM_TIME_NEVER);
    } else if (pe->occupied) {
        /* The hypervisor's, until it gives it back. */
    } else if (pe->best < pe->threshold) {
        if (pe->spi == 0 && may_leave(pe->guest, now, &due) && gic_output_is_ready(&pe->to, now, &due)) {
            take_physical(pe, spare, now);
            spare = NULL;
        }
    } else if (pe->requested) {
        if (may_leave(pe->guest, now, &due)) {
            leave_guest(pe, now);
            pe_grant(pe);
        }
    } else {
        due = sim_time_min(due, run_guest(pe, &spare, now));
    }
    if (spare != NULL) {
        sim_packet_free(component->sim, spare);
    }
    return sim_time_min(due, sim_channel_next_arrival(pe->from));
}

/* ---- Creation, software ---- */

void pe_create_guest(struct pe *pe)
{
    struct pe_guest *guest;

    if (!pe->config.guests) {
        return;
    }
    guest = sim_alloc(pe->component.sim, sizeof(*guest));
    pe->guest = guest;
    guest->best = GIC_PRIORITY_NONE;
    cpu_interface_init(&guest->interface, pe->config.priority_bits, GIC_PRIORITY_MASK_OPEN, pe->config.binary_point);
    guest->threshold = cpu_interface_threshold(&guest->interface);
    sim_counter_register(&pe->component, "guest_delivered", &guest->count_delivered);
    sim_counter_register(&pe->component, "guest_spurious", &guest->count_spurious);
    sim_counter_register(&pe->component, "exits", &guest->count_exits);
    sim_counter_register(&pe->component, "guest_listed", &guest->count_listed);
    /* A virtual acknowledge, and the MSI in the guest's handler. */
    sim_packet_reserve(pe->component.sim, 2, false);
}

bool pe_is_guest_idle(const struct pe *pe)
{
    const struct pe_guest *guest = pe->guest;
    bool taking;

    if (guest == NULL) {
        return true;
    }
    taking = guest->wanted &&
             (guest->best < guest->threshold || pe_best_listed(guest, guest->threshold) < PE_LIST_REGISTERS);
    return guest->packet == NULL && !guest->acknowledging && !taking;
}

static void guest_changed(struct pe *pe)
{
    pe->guest->threshold = cpu_interface_threshold(&pe->guest->interface);
    sim_wake(&pe->component, sim_component_edge(&pe->component, sim_now(pe->component.sim) + 1));
}

void pe_set_guest(struct pe *pe, bool runs)
{
    need_guest(pe)->wanted = runs;
    guest_changed(pe);
}

void pe_set_guest_priority_mask(struct pe *pe, uint32_t mask)
{
    struct cpu_interface *interface = &need_guest(pe)->interface;

    interface->priority_mask = (uint8_t)(mask < 0xff ? mask & 0xff00u >> interface->priority_bits : 0xff);
    guest_changed(pe);
}

void pe_set_guest_group1_enable(struct pe *pe, bool enable)
{
    need_guest(pe)->interface.group1_enable = enable;
    guest_changed(pe);
}
