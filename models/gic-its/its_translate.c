/*
 * GITS_TRANSLATER: from a write to an LPI.
 *
 * A write whose entries are all cached, with room towards its redistributor, is translated in the evaluation that takes
 * it. Any other takes a slot. The write is answered when it is taken, not when its LPI is pending: it is posted.
 *
 * Order: an MSI waits for older ones of the same (DeviceID, EventID), and for a command that may change its
 * translation; whatever else it may overtake. (Without the first rule it could overtake: an older one that missed still
 * reads what an even older one has put into the cache meanwhile.)
 */
#include "models/gic-its/gic.h"
#include "models/gic-its/its_virtual_internal.h"
#include "models/gic-its/write_ack_internal.h"

/** Bytes of a pre-ITS's window for each DeviceID. */
#define PRE_ITS_BYTES 4u

/** Why a walk that did not find an LPI loses the MSI. */
static enum sim_drop_reason drop_reason(enum its_outcome outcome)
{
    switch (outcome) {
    case ITS_OUTCOME_TABLE:
        return SIM_DROP_ITS_DISABLED;
    case ITS_OUTCOME_DEVICE_RANGE:
        return SIM_DROP_ITS_DEVICE_RANGE;
    case ITS_OUTCOME_DEVICE_UNMAPPED:
        return SIM_DROP_ITS_DEVICE_UNMAPPED;
    case ITS_OUTCOME_EVENT_RANGE:
        return SIM_DROP_ITS_EVENT_RANGE;
    case ITS_OUTCOME_EVENT_UNMAPPED:
        return SIM_DROP_ITS_EVENT_UNMAPPED;
    case ITS_OUTCOME_COLLECTION_RANGE:
    case ITS_OUTCOME_COLLECTION_UNMAPPED:
        return SIM_DROP_ITS_COLLECTION;
    case ITS_OUTCOME_VPE_RANGE:
    case ITS_OUTCOME_VPE_UNMAPPED:
        return SIM_DROP_ITS_VPE;
    case ITS_OUTCOME_MEMORY:
        return SIM_DROP_BUS_ERROR;
    default:
        return SIM_DROP_NONE;
    }
}

/** What GITS_STATUSR says of an MSI that is lost for this reason; false: it was not for want of a mapping. */
static bool find_syndrome(enum sim_drop_reason reason, enum gits_syndrome *syndrome)
{
    switch (reason) {
    case SIM_DROP_ITS_DEVICE_RANGE:
        *syndrome = GITS_SYNDROME_DEVICE_RANGE;
        return true;
    case SIM_DROP_ITS_DEVICE_UNMAPPED:
        *syndrome = GITS_SYNDROME_DEVICE_UNMAPPED;
        return true;
    case SIM_DROP_ITS_EVENT_RANGE:
        *syndrome = GITS_SYNDROME_EVENT_RANGE;
        return true;
    case SIM_DROP_ITS_EVENT_UNMAPPED:
        *syndrome = GITS_SYNDROME_EVENT_UNMAPPED;
        return true;
    case SIM_DROP_ITS_COLLECTION:
        *syndrome = GITS_SYNDROME_COLLECTION_UNMAPPED;
        return true;
    case SIM_DROP_BUS_ERROR:
        *syndrome = GITS_SYNDROME_UNKNOWN;
        return true;
    default:
        return false;
    }
}

/**
 * EventID of a write to GITS_TRANSLATER: 32 bits, or 16 zero-extended.
 * Other widths are UNPREDICTABLE: the write is ignored.
 * @return false if it is neither
 */
static bool event_of_write(const struct sim_packet *packet, uint32_t *event)
{
    bool low_half = packet->first_be == 0x3 && packet->last_be == 0;
    bool whole = packet->last_be == 0 && (packet->first_be == 0 || packet->first_be == 0xf);

    if (packet->length == 4 && whole) {
        *event = sim_load_le32(packet->data);
        return true;
    }
    if ((packet->length == 4 && low_half) || (packet->length == 2 && (low_half || whole))) {
        *event = (uint32_t)packet->data[0] | (uint32_t)packet->data[1] << 8;
        return true;
    }
    return false;
}

/**
 * Whether a write is such as drivers give to devices: with a DeviceID, and in all 32 bits of it an EventID, for which
 * there can be a mapping. Any other is one of 16 bits, or to be refused.
 */
static bool is_usual(const struct its *its, const struct sim_packet *packet, uint32_t event)
{
    return packet->length == 4 && (packet->first_be == 0 || packet->first_be == 0xf) && packet->last_be == 0 &&
           (packet->flags & SIM_FLAG_HAS_DEVICE_ID) != 0 && packet->device_id < its->device_limit &&
           (uint64_t)event >> its->config.event_bits == 0;
}

/** Reasons to discard a write that need no table. EventID bits beyond ID_bits: the write is ignored (a choice). */
static enum sim_drop_reason refusal(const struct its *its, const struct sim_packet *packet, uint32_t *event)
{
    if (!event_of_write(packet, event)) {
        return SIM_DROP_NOT_AN_LPI;
    }
    if (!its->enabled || !its->device_table.valid || its_collection_count(its) == 0) {
        return SIM_DROP_ITS_DISABLED;
    }
    if ((packet->flags & SIM_FLAG_HAS_DEVICE_ID) == 0) {
        return SIM_DROP_ITS_NO_DEVICE_ID;
    }
    if (packet->device_id >= its->device_table.ids) {
        return SIM_DROP_ITS_DEVICE_RANGE;
    }
    if (its->config.event_bits < 32 && *event >> its->config.event_bits != 0) {
        return SIM_DROP_ITS_EVENT_RANGE;
    }
    return SIM_DROP_NONE;
}

/** The address alone says it, so to find it out again at a later edge changes nothing. */
bool its_is_windowed_msi(const struct its *its, struct sim_packet *packet)
{
    bool window = its_is_in_window(its, packet->address) && packet->address % PRE_ITS_BYTES == 0;

    if (packet->type != SIM_PACKET_WRITE || (!window && packet->address != its_doorbell(its))) {
        return false;
    }
    packet->device_id = window ? (uint32_t)((packet->address - its->config.pre_its_base) / PRE_ITS_BYTES) : 0;
    packet->flags |= SIM_FLAG_HAS_DEVICE_ID;
    return true;
}

/** Takes the write, tells observers, and answers it. */
SIM_HOT static struct sim_packet *take(struct its *its, struct its_target *target, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(target->request, now);

    its->accepted++;
    its->accept_at = now + its->config.interval_cycles * its->component.period;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(its->component.sim, SIM_EVENT_MSI_AT_DOORBELL, packet, &its->component, now, 0);
    }
    gic_output_push(&target->response, gic_make_write_ack(its->component.sim, packet), now, its->register_service);
    return packet;
}

void its_make_lpi(struct sim_packet *packet, uint32_t intid)
{
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_SET_LPI;
    packet->intid = intid;
}

/** @param vpe of a virtual event */
static void send_lpi(struct its *its, struct its_link *link, struct sim_packet *packet, const struct its_ite *ite,
                     const struct vpe_entry *vpe, sim_time now)
{
    sim_time window = its_is_in_window(its, packet->address) ? its->window_service : 0;

    if (SIM_SELDOM(ite->is_virtual)) {
        its_virtual_make_lpi(its, packet, ite, vpe);
    } else {
        its_make_lpi(packet, ite->intid);
        packet->arg = ite->collection;
    }
    link->dirty = true;
    gic_output_push(&link->to, packet, now, its->translate_service + window);
}

SIM_APART static void drop(struct its *its, struct sim_packet *packet, uint32_t event, sim_time now,
                           enum sim_drop_reason reason)
{
    enum gits_syndrome syndrome;

    its->count_dropped++;
    if (find_syndrome(reason, &syndrome)) {
        its_report_unmapped(its, packet->device_id, event, syndrome);
    }
    sim_mark(its->component.sim, packet, its->component.stage, now);
    sim_drop(its->component.sim, packet, &its->component, now, reason);
}

static bool is_held_by_command(const struct its *its, uint32_t device)
{
    const struct its_engine *engine = &its->engine;

    return SIM_SELDOM(engine->hazard != ITS_HAZARD_NONE) &&
           (engine->hazard == ITS_HAZARD_ALL ||
            (engine->hazard == ITS_HAZARD_DEVICE && engine->command.device_id == device));
}

/** Whether one of the first @p count slots, by age, holds the same event. */
SIM_APART static bool is_behind_another(const struct its *its, uint32_t count, uint32_t device, uint32_t event)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct its_walk *walk = &its->slots[its->age[i]].walk;

        if (walk->device == device && walk->event == event) {
            return true;
        }
    }
    return false;
}

/** Translates in one go, if everything is cached and the LPI can leave at this edge. Else changes nothing. */
static bool accept_fast(struct its *its, struct its_target *target, uint32_t device, uint32_t event, sim_time now)
{
    struct its_cached found;
    struct its_link *link;

    if (SIM_SELDOM(!its_find_cached(its, device, event, &found))) {
        return false;
    }
    link = &its->links[found.target];
    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return false;
    }
    gic_cache_hit(&its->event_cache, found.event);
    gic_cache_hit(found.ite.is_virtual ? &its->vpe_cache : &its->collection_cache, found.collection);
    send_lpi(its, link, take(its, target, now), &found.ite, &found.vpe_entry, now);
    return true;
}

SIM_APART static void accept_slow(struct its *its, struct its_target *target, uint32_t device, uint32_t event,
                                  bool held, sim_time now)
{
    uint32_t index = (uint32_t)__builtin_ctzll(its->free_slots);
    struct its_slot *slot = &its->slots[index];

    its->free_slots &= its->free_slots - 1;
    its->age[its->slot_count++] = (uint8_t)index;
    slot->packet = take(its, target, now);
    slot->sequence = its->accepted;
    slot->held = held;
    slot->walk.device = device;
    slot->walk.event = event;
    slot->walk.state = ITS_WALK_IDLE;
    if (!held) {
        its_walk_start(its, &slot->walk, device, event, ITS_GOAL_COLLECTION, true);
    }
    its->busy = true;
    its->progress = true;
}

/** Discards a write if there is a reason. @return whether there was one */
SIM_APART static bool refuse(struct its *its, struct its_target *target, const struct sim_packet *head, sim_time now)
{
    uint32_t event = 0;
    enum sim_drop_reason reason = refusal(its, head, &event);

    if (reason != SIM_DROP_NONE) {
        drop(its, take(its, target, now), event, now, reason);
    }
    return reason != SIM_DROP_NONE;
}

SIM_HOT bool its_accept_msi(struct its *its, struct its_target *target, const struct sim_packet *head, sim_time now)
{
    uint32_t event = sim_load_le32(head->data);
    bool held;

    if (SIM_SELDOM(its->accept_at > now)) {
        its_look_at(its, its->accept_at);
        return false;
    }
    if (SIM_SELDOM(!is_usual(its, head, event))) {
        if (refuse(its, target, head, now)) {
            return true;
        }
        event &= 0xffff;
    }
    held = is_held_by_command(its, head->device_id) ||
           (SIM_SELDOM(its->slot_count > 0) && is_behind_another(its, its->slot_count, head->device_id, event));
    if (!SIM_SELDOM(held) && accept_fast(its, target, head->device_id, event, now)) {
        return true;
    }
    if (its->free_slots == 0) {
        return false;
    }
    accept_slow(its, target, head->device_id, event, held, now);
    return true;
}

/** Sends or drops an MSI whose walk is done. @return false if its redistributor's channel is full */
static bool finish(struct its *its, struct its_slot *slot, sim_time now)
{
    const struct its_walk *walk = &slot->walk;

    if (walk->goal == ITS_GOAL_VPE) {
        return its_virtual_finish_sgi(its, slot, now);
    }
    if (walk->outcome == ITS_OUTCOME_OK) {
        uint32_t target = walk->ite.is_virtual ? walk->vpe_entry.target : walk->cte.target;
        struct its_link *link = &its->links[target];

        if (!gic_output_is_ready(&link->to, now, &its->due)) {
            return false;
        }
        send_lpi(its, link, slot->packet, &walk->ite, &walk->vpe_entry, now);
    } else {
        drop(its, slot->packet, walk->event, now, drop_reason((enum its_outcome)walk->outcome));
    }
    slot->packet = NULL;
    return true;
}

static void free_slot(struct its *its, uint32_t position)
{
    its->free_slots |= (uint64_t)1 << its->age[position];
    its->slot_count--;
    for (uint32_t i = position; i < its->slot_count; i++) {
        its->age[i] = its->age[i + 1];
    }
    its->progress = true;
}

void its_step_slots(struct its *its, sim_time now)
{
    uint32_t i = 0;

    while (i < its->slot_count) {
        struct its_slot *slot = &its->slots[its->age[i]];
        struct its_walk *walk = &slot->walk;

        if (slot->held && !is_held_by_command(its, walk->device) &&
            !is_behind_another(its, i, walk->device, walk->event)) {
            slot->held = false;
            its_walk_start(its, walk, walk->device, walk->event, ITS_GOAL_COLLECTION, true);
        }
        if (walk->state == ITS_WALK_BLOCKED) {
            its_virtual_look_up(its, walk, walk->vpe);
        }
        if (walk->state == ITS_WALK_DONE && finish(its, slot, now)) {
            free_slot(its, i);
        } else {
            i++;
        }
    }
}
