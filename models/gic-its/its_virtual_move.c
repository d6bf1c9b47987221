/*
 * VMOVI: an event goes to another vPE, with its pending state. VMOVP: a vPE goes to another redistributor.
 *
 * VMOVP is a conversation with the redistributor that the vPE leaves. It answers when everything sent to it before has
 * been dealt with: what this ITS sent, and with several ITSs what all of them sent. With an ITS list each of them comes
 * with a VMOVP of its own, and commands with the same vPEID, sequence number and list belong together. Without (VMOVP
 * 1), the redistributor asks the others to hold the vPE's interrupts back (GIC_VHOLD), and lets them go on at the end;
 * an ITS with a vPE table of its own then brings its entry up to date first, whatever command it is at.
 */
#include "models/gic-its/its_virtual_internal.h"

/* ---- VMOVI ---- */

/** The walk goes on to the new vPE; the ITE and the old vPE are kept. */
static enum its_progress vmovi_walked(struct its *its)
{
    struct its_engine *engine = &its->engine;
    enum its_progress progress = its_virtual_finish_walk(its);

    if (progress != ITS_AGAIN) {
        return progress;
    }
    if (!engine->walk.ite.is_virtual) {
        return its_fail(its, ITS_ERROR_EVENT_UNMAPPED);
    }
    engine->old_vpe = engine->walk.vpe;
    engine->old_vpe_entry = engine->walk.vpe_entry;
    its_virtual_walk_start(its, &engine->walk, engine->command.virt.vpe, ITS_GOAL_VPE, false);
    return progress;
}

/** While it waited for the new vPE the old one may have moved: then from the beginning. */
static enum its_progress vmovi_found_new(struct its *its)
{
    struct its_engine *engine = &its->engine;

    if (its_virtual_walk_is_done(its) && engine->restart) {
        engine->restart = false;
        engine->step = 0;
        return ITS_AGAIN;
    }
    return its_virtual_finish_walk(its);
}

static enum its_progress vmovi_write(struct its *its)
{
    struct its_engine *engine = &its->engine;
    const struct its_virtual_command *virt = &engine->command.virt;
    struct its_ite ite = engine->walk.ite;

    if (virt->doorbell_valid && virt->doorbell != GIC_NO_DOORBELL &&
        (virt->doorbell < GIC_FIRST_LPI || virt->doorbell >> its->config.intid_bits != 0)) {
        return its_fail(its, ITS_ERROR_DOORBELL_RANGE);
    }
    ite.vpe = virt->vpe;
    ite.doorbell = virt->doorbell_valid ? virt->doorbell : ite.doorbell;
    engine->walk.ite = ite;
    its_start_write(its, engine->walk.ite_address, its_encode_ite(&ite));
    return its_virtual_next(its);
}

static enum its_progress vmovi_ask(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    uint32_t device = engine->command.device_id;
    uint32_t event = engine->command.event_id;

    gic_cache_drop(&its->event_cache, its_event_index(device, event), its_event_key(device, event));
    if (engine->old_vpe == engine->command.virt.vpe) {
        return ITS_DONE;
    }
    if (its_virtual_send(its, &engine->old_vpe_entry, engine->old_vpe, GIC_MOVE_VLPI, engine->walk.ite.intid, now) ==
        NULL) {
        return ITS_WAIT;
    }
    return its_virtual_next(its);
}

static enum its_progress vmovi_pass_on(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    struct its_link *link = &its->links[engine->walk.vpe_entry.target];
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return ITS_WAIT;
    }
    packet = its_take_answer(its, engine->old_vpe_entry.target, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    if (packet->operation == GIC_NOT_MOVED) {
        sim_packet_free(its->component.sim, packet);
        return ITS_DONE;
    }
    its_virtual_make_lpi(its, packet, &engine->walk.ite, &engine->walk.vpe_entry);
    link->dirty = true;
    gic_output_push(&link->to, packet, now, 0);
    return ITS_DONE;
}

enum its_progress its_virtual_execute_vmovi(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    switch (engine->step) {
    case 0:
        its_walk_start(its, &engine->walk, engine->command.device_id, engine->command.event_id, ITS_GOAL_COLLECTION,
                       false);
        return its_virtual_next(its);
    case 1:
        return vmovi_walked(its);
    case 2:
        return vmovi_found_new(its);
    case 3:
        return vmovi_write(its);
    case 4:
        return its_virtual_finish_write(its);
    case 5:
        return vmovi_ask(its, now);
    default:
        return vmovi_pass_on(its, now);
    }
}

/* ---- VMOVP ---- */

static enum its_progress vmovp_check(struct its *its)
{
    const struct its_command *command = &its->engine.command;

    if (its_find_target(its, command->target) == UINT32_MAX) {
        return its_fail(its, ITS_ERROR_SIZE_RANGE);
    }
    if (command->virt.doorbell_valid && command->virt.doorbell != GIC_NO_DOORBELL &&
        (command->virt.doorbell < GIC_FIRST_LPI || command->virt.doorbell >> its->config.intid_bits != 0)) {
        return its_fail(its, ITS_ERROR_DOORBELL_RANGE);
    }
    return its_virtual_walk_vpe(its, ITS_GOAL_VPE);
}

/** The list counts only without VMOVP; an ITS that is not in it counts itself in. */
static uint32_t list_of(const struct its *its)
{
    return its->engine.command.virt.its_list | 1u << its->config.number;
}

/** Asks even if the vPE stays where it is: the other ITSs of a list may not know that. */
static enum its_progress vmovp_ask(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    bool one = its->config.virt.single_vmovp;
    struct sim_packet *packet;

    engine->target = engine->walk.vpe_entry.target;
    engine->new_target = its_find_target(its, engine->command.target);
    packet = its_virtual_send(its, &engine->walk.vpe_entry, engine->walk.vpe, one ? GIC_VMOVE_ONE : GIC_VMOVE_LIST,
                              its->config.number, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    packet->arg = list_of(its) << 16 | engine->command.virt.sequence;
    packet->cookie = engine->new_target;
    return its_virtual_next(its);
}

/** MSIs that wait with the vPE's pending bits go with it; the bits themselves are in its table in memory. */
static enum its_progress vmovp_pass_on(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    struct its_link *link = &its->links[engine->new_target];
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return ITS_WAIT;
    }
    packet = its_take_answer(its, engine->target, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    if (packet->operation == GIC_VMOVE_DONE) {
        engine->carrier = packet->arg != 0;
        engine->step += engine->carrier ? 0 : 2;
        sim_packet_free(its->component.sim, packet);
        return its_virtual_next(its);
    }
    packet->operation = GIC_VPARK;
    link->dirty = true;
    gic_output_push(&link->to, packet, now, 0);
    its->progress = true;
    return ITS_WAIT;
}

/** What has been passed on is in place before other ITSs speak to the new redistributor. */
static enum its_progress vmovp_sync(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    struct vpe_entry entry = engine->walk.vpe_entry;

    entry.target = engine->new_target;
    return its_virtual_send(its, &entry, engine->walk.vpe, GIC_VSYNC, 0, now) != NULL ? its_virtual_next(its)
                                                                                      : ITS_WAIT;
}

static enum its_progress vmovp_synced(struct its *its, sim_time now)
{
    struct sim_packet *answer = its_take_answer(its, its->engine.new_target, now);

    if (answer == NULL) {
        return ITS_WAIT;
    }
    sim_packet_free(its->component.sim, answer);
    return its_virtual_next(its);
}

static enum its_progress vmovp_write(struct its *its, unsigned word)
{
    struct its_engine *engine = &its->engine;
    struct vpe_entry *entry = &engine->walk.vpe_entry;
    uint64_t words[2];

    entry->target = engine->new_target;
    if (engine->command.virt.doorbell_valid && its->config.virt.version == GIC_VIRTUAL_V4_1) {
        entry->doorbell = engine->command.virt.doorbell;
    }
    vpe_entry_encode(entry, words);
    its_start_write(its, engine->walk.vpe_address + (uint64_t)8 * word, words[word]);
    return its_virtual_next(its);
}

static enum its_progress vmovp_end(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    struct vpe_entry old = engine->walk.vpe_entry;
    struct sim_packet *packet;

    its_virtual_forget(its, engine->walk.vpe);
    if (!engine->carrier) {
        return ITS_DONE;
    }
    old.target = engine->target;
    packet = its_virtual_send(its, &old, engine->walk.vpe, GIC_VMOVE_END, 0, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    packet->arg = engine->new_target;
    return ITS_DONE;
}

enum its_progress its_virtual_execute_vmovp(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return vmovp_check(its);
    case 1:
        return its_virtual_finish_walk(its);
    case 2:
        return vmovp_ask(its, now);
    case 3:
        return vmovp_pass_on(its, now);
    case 4:
        return vmovp_sync(its, now);
    case 5:
        return vmovp_synced(its, now);
    case 6:
        return vmovp_write(its, 1);
    case 7:
        return its_virtual_finish_write(its);
    case 8:
        return vmovp_write(its, 0);
    case 9:
        return its_virtual_finish_write(its);
    default:
        return vmovp_end(its, now);
    }
}

/* ---- Bringing this ITS's own entry up to date after another ITS's VMOVP ---- */

static bool is_at_memory(uint8_t state)
{
    return state == ITS_WALK_ISSUE || state == ITS_WALK_WAIT;
}

/** Lends the command engine's way to memory: its command may be waiting for the very vPE. */
bool its_virtual_begin_update(struct its *its)
{
    struct its_engine *engine = &its->engine;
    uint32_t i = 0;

    if (its->update.waiting == 0 || is_at_memory(engine->walk.state) || is_at_memory(engine->access.state)) {
        return false;
    }
    while (!its->links[i].moved) {
        i++;
    }
    its->update.link = i;
    its->update.writing = false;
    its->update.walk = engine->walk;
    its->update.access = engine->access;
    engine->internal = true;
    its_virtual_walk_start(its, &engine->walk, its->links[i].held_vpe, ITS_GOAL_VPE, false);
    return true;
}

static void end_update(struct its *its)
{
    struct its_engine *engine = &its->engine;
    struct its_link *link = &its->links[its->update.link];

    its_virtual_forget(its, link->held_vpe);
    link->moved = false;
    link->holds = false;
    its->vpe_holds--;
    its->update.waiting--;
    engine->internal = false;
    engine->walk = its->update.walk;
    engine->access = its->update.access;
}

bool its_virtual_step_update(struct its *its)
{
    struct its_engine *engine = &its->engine;
    uint64_t words[2];

    if (!its->update.writing) {
        if (engine->walk.state != ITS_WALK_DONE) {
            return false;
        }
        if (engine->walk.outcome != ITS_OUTCOME_OK) {
            /* Not mapped at this ITS. */
            end_update(its);
            return true;
        }
        engine->walk.vpe_entry.target = its->links[its->update.link].moved_to;
        vpe_entry_encode(&engine->walk.vpe_entry, words);
        its_start_write(its, engine->walk.vpe_address, words[0]);
        its->update.writing = true;
        return true;
    }
    if (engine->access.state != ITS_WALK_DONE) {
        return false;
    }
    end_update(its);
    return true;
}
