/*
 * A PE's interrupt side: idle, acknowledging, busy with a handler, and idle again.
 *
 * When the redistributor's answer comes, start and end of the handler are known, so both are told to observers then,
 * with their times, and the PE sleeps until it can take the next interrupt. Only a handler whose end a device wants to
 * hear of is seen through to its end, because the device's channel may make it wait.
 */
#include "models/gic-its/pe.h"

#include "models/gic-its/gic.h"
#include "models/gic-its/output_internal.h"

struct pe {
    struct sim_component component; /**< first */
    struct pe_config config;
    struct sim_channel *from; /**< redistributor to PE */
    struct gic_output to;
    struct gic_output *handled; /**< by source; channel NULL: nobody wants to know */
    sim_time acknowledge_service;
    sim_time entry_time;
    sim_time handler_time;
    sim_time handled_service;
    bool acknowledging;        /**< waits for the redistributor's answer */
    sim_time busy_until;       /**< entering or in a handler until then */
    uint32_t best;             /**< best pending priority, as the redistributor told it */
    struct sim_packet *packet; /**< of the handler under way, if a device waits for its end; else NULL */
    uint64_t count_delivered;
    uint64_t count_handled;
    uint64_t count_spurious;
};

/** The channel on which the device wants to hear of this MSI; NULL if none. */
static struct gic_output *find_device(const struct pe *pe, const struct sim_packet *packet)
{
    bool known = (packet->flags & SIM_FLAG_MSI) != 0 && packet->source < pe->config.sources;

    return known && pe->handled[packet->source].channel != NULL ? &pe->handled[packet->source] : NULL;
}

static void tell_end(struct pe *pe, struct sim_packet *packet, sim_time time)
{
    pe->count_handled++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(pe->component.sim, SIM_EVENT_MSI_HANDLED, packet, &pe->component, time, 0);
    }
}

/** The answer to the acknowledge has come with an interrupt. */
static void start_handler(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    struct sim *sim = pe->component.sim;
    sim_time start = now + pe->entry_time;
    sim_time end = sim_component_edge(&pe->component, start + pe->handler_time);

    pe->count_delivered++;
    pe->busy_until = sim_time_max(end, now + pe->component.period);
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(sim, packet, pe->component.stage, start);
        sim_event(sim, SIM_EVENT_MSI_DELIVERED, packet, &pe->component, start, 0);
    }
    if (find_device(pe, packet) != NULL) {
        pe->packet = packet;
        return;
    }
    tell_end(pe, packet, end);
    sim_packet_free(sim, packet);
}

/** The handler's last access, to its device. If the device's channel is full the handler goes on waiting. */
static void end_handler(struct pe *pe, sim_time now, sim_time *due)
{
    struct sim_packet *packet = pe->packet;
    struct gic_output *device = find_device(pe, packet);

    if (!gic_output_is_ready(device, now, due)) {
        return;
    }
    tell_end(pe, packet, now);
    pe->packet = NULL;
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_HANDLED;
    packet->flags &= ~SIM_FLAG_TRACKED;
    gic_output_push(device, packet, now, pe->handled_service);
}

/** What the redistributor says is always taken at once. @return the packet, if it is no longer needed */
static struct sim_packet *take_message(struct pe *pe, sim_time now)
{
    struct sim_packet *packet;

    if (sim_channel_peek(pe->from, now) == NULL) {
        return NULL;
    }
    packet = sim_channel_pop(pe->from, now);
    pe->best = packet->arg;
    if (packet->operation == GIC_SIGNAL) {
        return packet;
    }
    pe->acknowledging = false;
    if (packet->intid == GIC_INTID_SPURIOUS) {
        pe->count_spurious++;
        return packet;
    }
    start_handler(pe, packet, now);
    return NULL;
}

/** @param packet to make the request of; NULL for a new one */
static void acknowledge(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    if (packet == NULL) {
        packet = sim_packet_new(pe->component.sim, 0);
    }
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_ACTIVATE;
    packet->arg = pe->config.priority_mask;
    gic_output_push(&pe->to, packet, now, pe->acknowledge_service);
    pe->acknowledging = true;
}

static sim_time pe_evaluate(struct sim_component *component, sim_time now)
{
    struct pe *pe = (struct pe *)component;
    sim_time due = SIM_TIME_NEVER;
    struct sim_packet *spare;

    if (pe->packet != NULL && pe->busy_until <= now) {
        end_handler(pe, now, &due);
    }
    spare = take_message(pe, now);
    if (pe->packet != NULL) {
        due = sim_time_min(due, pe->busy_until > now ? pe->busy_until : SIM_TIME_NEVER);
    } else if (!pe->acknowledging && pe->best < pe->config.priority_mask) {
        if (pe->busy_until > now) {
            due = pe->busy_until;
        } else if (gic_output_is_ready(&pe->to, now, &due)) {
            acknowledge(pe, spare, now);
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
    };
}

struct pe *pe_create(struct sim *sim, const char *name, const struct pe_config *config)
{
    struct pe *pe = sim_alloc(sim, sizeof(*pe));

    pe->config = *config;
    sim_component_init(&pe->component, sim, name, config->period, pe_evaluate);
    pe->acknowledge_service = sim_time_cycles(config->acknowledge_cycles, config->period);
    pe->entry_time = sim_time_cycles(config->entry_cycles, config->period);
    pe->handler_time = config->handler_time;
    pe->handled_service = sim_time_cycles(config->handled_cycles, config->period);
    pe->best = GIC_PRIORITY_NONE;
    pe->handled = sim_alloc(sim, config->sources * sizeof(*pe->handled));
    sim_counter_register(&pe->component, "delivered", &pe->count_delivered);
    sim_counter_register(&pe->component, "handled", &pe->count_handled);
    sim_counter_register(&pe->component, "spurious", &pe->count_spurious);
    /* An acknowledge, and the MSI in the handler. */
    sim_packet_reserve(sim, 2, false);
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

void pe_set_priority_mask(struct pe *pe, uint32_t mask)
{
    pe->config.priority_mask = mask;
    sim_wake(&pe->component, sim_component_edge(&pe->component, sim_now(pe->component.sim) + 1));
}

bool pe_is_idle(const struct pe *pe)
{
    bool busy = pe->packet != NULL || pe->busy_until > sim_now(pe->component.sim);

    return !busy && !pe->acknowledging && pe->best >= pe->config.priority_mask;
}
