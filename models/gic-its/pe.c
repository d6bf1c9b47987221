/*
 * A PE's interrupt side: idle, acknowledging, entering, handling, and idle again.
 */
#include "models/gic-its/pe.h"

#include "models/gic-its/gic.h"
#include "models/gic-its/output_internal.h"

enum pe_state {
    PE_IDLE,
    PE_ACKNOWLEDGING, /**< waits for the redistributor's answer */
    PE_ENTERING,      /**< the handler starts at `until` */
    PE_HANDLING,      /**< the handler ends at `until` */
};

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
    uint8_t state; /**< enum pe_state */
    sim_time until;
    uint32_t best;             /**< best pending priority, as the redistributor told it */
    struct sim_packet *packet; /**< of the handler under way */
    uint64_t count_delivered;
    uint64_t count_handled;
    uint64_t count_spurious;
};

static void start_handler(struct pe *pe, sim_time now)
{
    pe->state = PE_HANDLING;
    pe->until = sim_component_edge(&pe->component, now + pe->handler_time);
    pe->count_delivered++;
    if ((pe->packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(pe->component.sim, pe->packet, pe->component.stage, now);
        sim_event(pe->component.sim, SIM_EVENT_MSI_DELIVERED, pe->packet, &pe->component, now, 0);
    }
}

/** The channel on which the device wants to hear of this MSI; NULL if none. */
static struct gic_output *find_device(const struct pe *pe)
{
    const struct sim_packet *packet = pe->packet;
    bool known = (packet->flags & SIM_FLAG_MSI) != 0 && packet->source < pe->config.sources;

    return known && pe->handled[packet->source].channel != NULL ? &pe->handled[packet->source] : NULL;
}

/** @return false if the device's channel is full: the handler's last access has to wait */
static bool end_handler(struct pe *pe, sim_time now, sim_time *due)
{
    struct sim_packet *packet = pe->packet;
    struct gic_output *device = find_device(pe);

    if (device != NULL && !gic_output_is_ready(device, now, due)) {
        return false;
    }
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(pe->component.sim, SIM_EVENT_MSI_HANDLED, packet, &pe->component, now, 0);
    }
    pe->count_handled++;
    pe->packet = NULL;
    pe->state = PE_IDLE;
    if (device == NULL) {
        sim_packet_free(pe->component.sim, packet);
        return true;
    }
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_HANDLED;
    packet->flags &= ~SIM_FLAG_TRACKED;
    gic_output_push(device, packet, now, pe->handled_service);
    return true;
}

/** What the redistributor says is always taken at once. */
static void take_message(struct pe *pe, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(pe->from, now);

    if (packet == NULL) {
        return;
    }
    packet = sim_channel_pop(pe->from, now);
    pe->best = packet->arg;
    if (packet->operation == GIC_ACTIVATED && packet->intid != GIC_INTID_SPURIOUS) {
        pe->packet = packet;
        pe->state = PE_ENTERING;
        pe->until = now + pe->entry_time;
        return;
    }
    if (packet->operation == GIC_ACTIVATED) {
        pe->state = PE_IDLE;
        pe->count_spurious++;
    }
    sim_packet_free(pe->component.sim, packet);
}

static void acknowledge(struct pe *pe, sim_time now, sim_time *due)
{
    struct sim_packet *packet;

    if (pe->best >= pe->config.priority_mask || !gic_output_is_ready(&pe->to, now, due)) {
        return;
    }
    packet = sim_packet_new(pe->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_ACTIVATE;
    packet->arg = pe->config.priority_mask;
    gic_output_push(&pe->to, packet, now, pe->acknowledge_service);
    pe->state = PE_ACKNOWLEDGING;
}

static sim_time pe_evaluate(struct sim_component *component, sim_time now)
{
    struct pe *pe = (struct pe *)component;
    sim_time due = SIM_TIME_NEVER;
    bool waits = false;

    if (pe->state == PE_HANDLING && pe->until <= now) {
        waits = !end_handler(pe, now, &due);
    }
    take_message(pe, now);
    if (pe->state == PE_ENTERING && pe->until <= now) {
        start_handler(pe, now);
    }
    if (pe->state == PE_IDLE) {
        acknowledge(pe, now, &due);
    }
    if (!waits && (pe->state == PE_ENTERING || pe->state == PE_HANDLING)) {
        due = sim_time_min(due, pe->until);
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
    return pe->state == PE_IDLE && pe->best >= pe->config.priority_mask;
}
