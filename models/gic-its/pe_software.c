/*
 * A hypervisor that is modelled itself has a PE to itself from pe_request(), or from an interrupt that it takes, to
 * pe_release(). In between nothing is acknowledged and no guest runs.
 */
#include "models/gic-its/pe_internal.h"

static struct pe_guest *need_own(struct pe *pe)
{
    if (pe->guest == NULL || !pe->occupied) {
        sim_panic(pe->component.sim, &pe->component, NULL, "the PE is not the hypervisor's");
    }
    return pe->guest;
}

void pe_set_software(struct pe *pe, const struct pe_software *software)
{
    if (pe->guest == NULL) {
        sim_panic(pe->component.sim, &pe->component, NULL, "a hypervisor needs a PE with guests");
    }
    pe->software = *software;
}

SIM_APART bool pe_offer(struct pe *pe, struct sim_packet *packet, sim_time start)
{
    if (!pe->software.interrupt(pe->software.context, packet, start)) {
        return false;
    }
    pe->count_delivered++;
    sim_mark(pe->component.sim, packet, pe->component.stage, start);
    pe->occupied = true;
    pe->running = cpu_interface_group_priority(&pe->interface, (uint32_t)packet->address);
    return true;
}

void pe_grant(struct pe *pe)
{
    pe->requested = false;
    pe->occupied = true;
    pe->running = 0;
    if (pe->software.granted != NULL) {
        pe->software.granted(pe->software.context);
    }
}

static void wake(struct pe *pe)
{
    sim_wake(&pe->component, sim_component_edge(&pe->component, sim_now(pe->component.sim) + 1));
}

void pe_request(struct pe *pe)
{
    pe->requested = true;
    wake(pe);
}

void pe_cancel_request(struct pe *pe)
{
    pe->requested = false;
}

void pe_release(struct pe *pe)
{
    (void)need_own(pe);
    pe->occupied = false;
    pe->running = CPU_INTERFACE_IDLE;
    wake(pe);
}

/* ---- The guest's virtual interface ---- */

void pe_context_init(const struct pe *pe, struct pe_context *context)
{
    *context = (struct pe_context){.rest = 0};
    cpu_interface_init(&context->interface, pe->config.priority_bits, GIC_PRIORITY_MASK_OPEN, pe->config.binary_point);
}

void pe_load_guest(struct pe *pe, const struct pe_context *context)
{
    struct pe_guest *guest = need_own(pe);

    guest->packet = context->handler;
    guest->start = 0;
    guest->end = context->rest;
    guest->interface = context->interface;
    guest->threshold = cpu_interface_threshold(&guest->interface);
    for (uint32_t i = 0; i < PE_LIST_REGISTERS; i++) {
        guest->listed[i] = context->listed[i];
    }
    guest->wanted = true;
}

void pe_save_guest(struct pe *pe, struct pe_context *context)
{
    struct pe_guest *guest = need_own(pe);

    context->handler = guest->packet;
    context->rest = guest->end;
    context->interface = guest->interface;
    for (uint32_t i = 0; i < PE_LIST_REGISTERS; i++) {
        context->listed[i] = guest->listed[i];
        guest->listed[i] = NULL;
    }
    guest->packet = NULL;
    guest->end = 0;
    guest->wanted = false;
}

bool pe_inject(struct pe *pe, struct sim_packet *packet, uint32_t priority)
{
    struct pe_guest *guest = need_own(pe);

    for (uint32_t i = 0; i < PE_LIST_REGISTERS; i++) {
        if (guest->listed[i] == NULL) {
            packet->address = priority;
            guest->listed[i] = packet;
            return true;
        }
    }
    return false;
}

const struct sim_packet *pe_find_injected(const struct pe *pe, uint32_t intid)
{
    for (uint32_t i = 0; pe->guest != NULL && i < PE_LIST_REGISTERS; i++) {
        if (pe->guest->listed[i] != NULL && pe->guest->listed[i]->intid == intid) {
            return pe->guest->listed[i];
        }
    }
    return NULL;
}

uint32_t pe_best_listed(const struct pe_guest *guest, uint32_t priority)
{
    uint32_t best = PE_LIST_REGISTERS;

    for (uint32_t i = 0; i < PE_LIST_REGISTERS; i++) {
        const struct sim_packet *packet = guest->listed[i];

        if (packet == NULL || packet->address >= priority) {
            continue;
        }
        if (best == PE_LIST_REGISTERS || packet->address < guest->listed[best]->address ||
            (packet->address == guest->listed[best]->address && packet->intid < guest->listed[best]->intid)) {
            best = i;
        }
    }
    return best;
}
