/*
 * A PE whose handlers run with interrupts unmasked: one that preempts what runs is taken, its handler runs, and the one
 * below goes on where it was. A handler's entry is not interrupted: exceptions are masked until its first instruction.
 *
 * The time between seeing an interrupt and having the answer to the acknowledge is lost to the handler that runs, even
 * if the answer is that there is nothing.
 */
#include "models/gic-its/pe_internal.h"

static struct pe_frame *top(struct pe *pe)
{
    return pe->depth > 0 ? &pe->frames[pe->depth - 1] : NULL;
}

/** Stops the handler on top: its times become what is left. */
static void suspend(struct pe_frame *frame, sim_time now)
{
    frame->drop = frame->dropped ? 0 : frame->drop - now;
    frame->end -= now;
}

static void resume(struct pe_frame *frame, sim_time now)
{
    frame->drop = frame->dropped ? 0 : frame->drop + now;
    frame->end += now;
}

static void drop_priority(struct pe *pe)
{
    cpu_interface_drop(&pe->interface);
    pe->threshold = cpu_interface_threshold(&pe->interface);
}

static void begin_handler(struct pe *pe, struct sim_packet *packet, sim_time now)
{
    struct pe_frame *frame = &pe->frames[pe->depth++];

    frame->packet = packet;
    frame->start = sim_time_max(now + pe->entry_time, now + pe->component.period);
    frame->end = sim_component_edge(&pe->component, frame->start + pe->handler_time);
    frame->dropped = false;
    frame->drop = frame->end;
    if (pe->config.eoi_mode) {
        frame->drop = sim_component_edge(&pe->component, frame->start + pe->config.drop_time);
        frame->drop = frame->drop < frame->end ? frame->drop : frame->end;
    }
    cpu_interface_acknowledge(&pe->interface, (uint32_t)packet->address);
    pe->threshold = cpu_interface_threshold(&pe->interface);
    pe->count_preempted += pe->depth > 1;
    pe_tell_start(pe, packet, frame->start);
}

/** @return the packet of the message, if it is no longer needed */
static struct sim_packet *take_message(struct pe *pe, sim_time now)
{
    struct sim_packet *packet;

    if (sim_channel_peek(pe->from, now) == NULL) {
        return NULL;
    }
    packet = sim_channel_pop(pe->from, now);
    if (packet->operation == GIC_VSIGNAL) {
        return packet;
    }
    pe->best = packet->arg;
    if (packet->operation == GIC_SIGNAL) {
        return packet;
    }
    pe->acknowledging = false;
    if (packet->intid != GIC_INTID_SPURIOUS) {
        begin_handler(pe, packet, now);
        return NULL;
    }
    pe->count_spurious++;
    if (pe->depth > 0) {
        resume(top(pe), now);
    }
    return packet;
}

/** Ends the handler on top, and goes on with the one below. @return false if its device's channel is full */
static bool end_handler(struct pe *pe, sim_time now, sim_time *due)
{
    struct pe_frame *frame = top(pe);
    struct gic_output *device = pe_find_device(pe, frame->packet);

    if ((device != NULL && !gic_output_is_ready(device, now, due)) ||
        (pe_is_spi(frame->packet) && !gic_output_is_ready(&pe->to, now, due))) {
        return false;
    }
    if (pe_is_spi(frame->packet)) {
        pe_deactivate(pe, frame->packet->intid, now);
    }
    pe_tell_end(pe, frame->packet, now);
    if (device != NULL) {
        pe_tell_device(pe, device, frame->packet, now);
    } else {
        sim_packet_free(pe->component.sim, frame->packet);
    }
    if (!frame->dropped) {
        drop_priority(pe);
    }
    pe->depth--;
    if (pe->depth > 0) {
        resume(top(pe), now);
    }
    return true;
}

/** Lets the handlers go on, up to now. @return when the one on top wants to be looked at */
static sim_time run_handlers(struct pe *pe, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    while (pe->depth > 0) {
        struct pe_frame *frame = top(pe);

        if (!frame->dropped && frame->drop <= now && pe->config.eoi_mode) {
            frame->dropped = true;
            drop_priority(pe);
        }
        if (frame->end > now) {
            due = sim_time_min(frame->end, frame->start > now ? frame->start : frame->end);
            return frame->dropped || !pe->config.eoi_mode ? due : sim_time_min(due, frame->drop);
        }
        if (!end_handler(pe, now, &due)) {
            return due;
        }
    }
    return due;
}

/** Whether the interrupt that is signalled can be taken now. */
static bool can_take(struct pe *pe, sim_time now)
{
    const struct pe_frame *frame = top(pe);

    if (pe->best >= pe->threshold || pe->depth == PE_MAX_NESTED) {
        return false;
    }
    /* A handler that waits for its device's channel has done its work but not ended. */
    return frame == NULL || (frame->start <= now && frame->end > now);
}

sim_time pe_evaluate_nested(struct sim_component *component, sim_time now)
{
    struct pe *pe = (struct pe *)component;
    struct sim_packet *spare = take_message(pe, now);
    sim_time due = SIM_TIME_NEVER;

    if (!pe->acknowledging) {
        due = run_handlers(pe, now);
        if (can_take(pe, now) && gic_output_is_ready(&pe->to, now, &due)) {
            if (pe->depth > 0) {
                suspend(top(pe), now);
            }
            pe_acknowledge(pe, spare, now);
            spare = NULL;
            due = SIM_TIME_NEVER;
        }
    }
    if (spare != NULL) {
        sim_packet_free(component->sim, spare);
    }
    return sim_time_min(due, sim_channel_next_arrival(pe->from));
}
