/*
 * A PE's interrupt side: idle, acknowledging, busy with a handler, and idle again.
 *
 * When the redistributor's answer comes, start and end of the handler are known, so both are told to observers then,
 * with their times, and the PE sleeps until it can take the next interrupt. Only a handler whose end a device wants to
 * hear of is seen through to its end, because the device's channel may make it wait.
 */
#include "models/gic-its/pe_internal.h"

struct gic_output *pe_find_device(const struct pe *pe, const struct sim_packet *packet)
{
    bool known = (packet->flags & SIM_FLAG_MSI) != 0 && packet->source < pe->config.sources;

    return known && pe->handled[packet->source].channel != NULL ? &pe->handled[packet->source] : NULL;
}

void pe_tell_end(struct pe *pe, struct sim_packet *packet, sim_time time)
{
    pe->count_handled++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(pe->component.sim, SIM_EVENT_MSI_HANDLED, packet, &pe->component, time, 0);
    }
}

SIM_HOT void pe_tell_start(struct pe *pe, struct sim_packet *packet, sim_time start)
{
    pe->count_delivered++;
    if (pe->handler_observer != NULL) {
        pe->handler_observer(pe->handler_context, packet->intid, start);
    }
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(pe->component.sim, packet, pe->component.stage, start);
        sim_event(pe->component.sim, SIM_EVENT_MSI_DELIVERED, packet, &pe->component, start, 0);
    }
}

/** The answer to the acknowledge has come with an interrupt. Apart from what every message needs. */
SIM_HOT SIM_APART static void start_handler(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    sim_time start = now + pe->entry_time;
    sim_time end = now + pe->span;

    pe->spi = pe_is_spi(packet) ? packet->intid : 0;
    if (SIM_SELDOM(pe->software.interrupt != NULL) && pe_offer(pe, packet, start)) {
        return;
    }
    pe->busy_until = sim_time_max(end, now + pe->component.period);
    pe->running = cpu_interface_group_priority(&pe->interface, (uint32_t)packet->address);
    pe_tell_start(pe, packet, start);
    if (SIM_SELDOM(pe_find_device(pe, packet) != NULL)) {
        pe->packet = packet;
        return;
    }
    pe_tell_end(pe, packet, end);
    sim_packet_free(pe->component.sim, packet);
}

void pe_tell_device(struct pe *pe, struct gic_output *device, struct sim_packet *packet, sim_time now)
{
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_HANDLED;
    packet->flags &= ~SIM_FLAG_TRACKED;
    gic_output_push(device, packet, now, pe->handled_service);
}

SIM_APART sim_time pe_end_handler(struct pe *pe, sim_time now)
{
    struct sim_packet *packet = pe->packet;
    struct gic_output *device = pe_find_device(pe, packet);
    sim_time due = SIM_TIME_NEVER;

    if (pe->busy_until <= now && gic_output_is_ready(device, now, &due)) {
        pe_tell_end(pe, packet, now);
        pe->packet = NULL;
        pe_tell_device(pe, device, packet, now);
    }
    return due;
}

void pe_deactivate(struct pe *pe, uint32_t intid, sim_time now)
{
    struct sim_packet *packet = sim_packet_new(pe->component.sim, 0);

    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_DEACTIVATE;
    packet->intid = intid;
    gic_output_push(&pe->to, packet, now, 0);
}

SIM_APART sim_time pe_step_spi(struct pe *pe, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    if (pe->busy_until > now) {
        return pe->busy_until;
    }
    if (pe->packet == NULL && !pe->occupied && gic_output_is_ready(&pe->to, now, &due)) {
        pe_deactivate(pe, pe->spi, now);
        pe->spi = 0;
    }
    return due;
}

struct sim_packet *pe_take_message(struct pe *pe, sim_time now)
{
    struct sim_packet *packet;

    if (sim_channel_peek(pe->from, now) == NULL) {
        return NULL;
    }
    packet = sim_channel_pop(pe->from, now);
    if (SIM_SELDOM(packet->operation == GIC_VSIGNAL)) {
        /* A PE without a guest has no virtual interface. */
        return packet;
    }
    pe->best = packet->arg;
    if (packet->operation == GIC_SIGNAL) {
        return packet;
    }
    pe->acknowledging = false;
    if (SIM_SELDOM(packet->intid == GIC_INTID_SPURIOUS)) {
        pe->count_spurious++;
        return packet;
    }
    start_handler(pe, packet, now);
    return NULL;
}

void pe_acknowledge(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    if (SIM_SELDOM(packet == NULL)) {
        packet = sim_packet_new(pe->component.sim, 0);
    }
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_ACTIVATE;
    packet->arg = pe->threshold;
    gic_output_push(&pe->to, packet, now, pe->acknowledge_service);
    pe->acknowledging = true;
}

SIM_HOT static sim_time pe_evaluate(struct sim_component *component, sim_time now)
{
    struct pe *pe = (struct pe *)component;
    sim_time due = SIM_TIME_NEVER;
    struct sim_packet *spare;

    if (SIM_SELDOM(pe->packet != NULL)) {
        due = pe_end_handler(pe, now);
    }
    spare = pe_take_message(pe, now);
    if (SIM_SELDOM(pe->spi != 0)) {
        due = sim_time_min(due, pe_step_spi(pe, now));
    }
    if (SIM_SELDOM(pe->packet != NULL)) {
        due = sim_time_min(due, pe->busy_until > now ? pe->busy_until : SIM_TIME_NEVER);
    } else if (!pe->acknowledging && pe->best < pe->threshold) {
        if (pe->busy_until > now) {
            due = pe->busy_until;
        } else if (pe->spi == 0 && gic_output_is_ready(&pe->to, now, &due)) {
            pe_acknowledge(pe, spare, now);
            spare = NULL;
        }
    }
    if (spare != NULL) {
        sim_packet_free(component->sim, spare);
    }
    return sim_time_min(due, sim_channel_next_arrival(pe->from));
}

struct pe_config pe_config_default(void)
{
    return (struct pe_config){
        .period = 500 * SIM_PS,
        .acknowledge_cycles = 40,
        .entry_cycles = 40,
        .handler_time = 200 * SIM_NS,
        .handled_cycles = 20,
        .priority_mask = GIC_PRIORITY_MASK_OPEN,
        .binary_point = 1,
        .priority_bits = 8,
        .exit_cycles = 100,
        .enter_cycles = 100,
        .guest_handler_time = 200 * SIM_NS,
    };
}

static void check_config(const struct pe *pe)
{
    if (pe->config.guests && pe->config.preemption) {
        sim_panic(pe->component.sim, &pe->component, NULL, "guests and preemption exclude each other");
    }
    if (pe->config.priority_bits < 4 || pe->config.priority_bits > 8) {
        sim_panic(pe->component.sim, &pe->component, NULL, "priority_bits is %u, must be 4 to 8",
                  pe->config.priority_bits);
    }
}

struct pe *pe_create(struct sim *sim, const char *name, const struct pe_config *config)
{
    struct pe *pe = sim_alloc(sim, sizeof(*pe));

    pe->config = *config;
    sim_component_init(&pe->component, sim, name, config->period,
                       config->guests       ? pe_evaluate_guest
                       : config->preemption ? pe_evaluate_nested
                                            : pe_evaluate);
    check_config(pe);
    pe_create_guest(pe);
    cpu_interface_init(&pe->interface, config->priority_bits, config->priority_mask, config->binary_point);
    pe->threshold = cpu_interface_threshold(&pe->interface);
    pe->frames = config->preemption ? sim_alloc(sim, PE_MAX_NESTED * sizeof(*pe->frames)) : NULL;
    pe->acknowledge_service = sim_time_cycles(config->acknowledge_cycles, config->period);
    pe->entry_time = sim_time_cycles(config->entry_cycles, config->period);
    pe->handler_time = config->handler_time;
    pe->span = sim_time_align(pe->entry_time + pe->handler_time, config->period);
    pe->handled_service = sim_time_cycles(config->handled_cycles, config->period);
    pe->best = GIC_PRIORITY_NONE;
    pe->handled = sim_alloc(sim, config->sources * sizeof(*pe->handled));
    sim_counter_register(&pe->component, "delivered", &pe->count_delivered);
    sim_counter_register(&pe->component, "handled", &pe->count_handled);
    sim_counter_register(&pe->component, "spurious", &pe->count_spurious);
    sim_counter_register(&pe->component, "preempted", &pe->count_preempted);
    /* An acknowledge, a deactivation, and the MSIs in handlers. */
    sim_packet_reserve(sim, 2 + (config->preemption ? PE_MAX_NESTED : 1), false);
    return pe;
}

struct sim_component *pe_component(struct pe *pe)
{
    return &pe->component;
}

void pe_bind_redistributor(struct pe *pe, struct sim_channel *from, struct sim_channel *to)
{
    pe->from = from;
    pe->to.channel = to;
}

void pe_bind_handled(struct pe *pe, uint32_t source, struct sim_channel *to_device)
{
    if (source >= pe->config.sources) {
        sim_panic(pe->component.sim, &pe->component, NULL, "source %u is one too many", source);
    }
    pe->handled[source].channel = to_device;
}

/** Software has changed the interface: the PE looks at its next edge. */
static void interface_changed(struct pe *pe)
{
    pe->threshold = cpu_interface_threshold(&pe->interface);
    sim_wake(&pe->component, sim_component_edge(&pe->component, sim_now(pe->component.sim) + 1));
}

void pe_observe_handlers(struct pe *pe, pe_handler_observer observer, void *context)
{
    pe->handler_observer = observer;
    pe->handler_context = context;
}

void pe_set_priority_mask(struct pe *pe, uint32_t mask)
{
    pe->interface.priority_mask = (uint8_t)(mask < 0xff ? mask & 0xff00u >> pe->interface.priority_bits : 0xff);
    interface_changed(pe);
}

void pe_set_binary_point(struct pe *pe, uint32_t binary_point)
{
    cpu_interface_set_binary_point(&pe->interface, binary_point);
    interface_changed(pe);
}

void pe_set_group1_enable(struct pe *pe, bool enable)
{
    pe->interface.group1_enable = enable;
    interface_changed(pe);
}

uint32_t pe_running_priority(const struct pe *pe)
{
    if (pe->config.preemption) {
        return cpu_interface_running_priority(&pe->interface);
    }
    return pe->packet != NULL || pe->busy_until > sim_now(pe->component.sim) ? pe->running : CPU_INTERFACE_IDLE;
}

bool pe_is_idle(const struct pe *pe)
{
    bool busy = pe->packet != NULL || pe->depth > 0 || pe->busy_until > sim_now(pe->component.sim);

    return !busy && pe->spi == 0 && !pe->acknowledging && pe->best >= pe->threshold && pe_is_guest_idle(pe);
}
