/*
 * What the virtual commands do (IHI 0069, "ITS commands"), but for those that move: its_virtual_move.c.
 *
 * Choices where the architecture leaves one:
 *  - VMAPTI of a vPE that is not mapped yet is accepted, as MAPTI is with its collection.
 *  - With a vPE table that several ITSs share, VMAPP with V 0 and Alloc 0 leaves the entry to the others.
 *  - VMAPP with V 0 of a vPE that is not mapped does nothing.
 *  - GICv4.1: the doorbell of VMAPTI, VMAPI and VMOVI is checked and not used; INVDB of a vPE without one does nothing.
 */
#include "models/gic-its/its_virtual_internal.h"

enum its_hazard its_virtual_hazard_of(const struct its_command *command)
{
    switch (command->opcode) {
    case ITS_COMMAND_VMAPTI:
    case ITS_COMMAND_VMAPI:
    case ITS_COMMAND_VMOVI:
        return ITS_HAZARD_DEVICE;
    case ITS_COMMAND_VMAPP:
    case ITS_COMMAND_VMOVP:
        return ITS_HAZARD_VPE;
    default:
        return ITS_HAZARD_NONE;
    }
}

/* ---- Shared steps ---- */

enum its_progress its_virtual_next(struct its *its)
{
    its->engine.step++;
    return ITS_AGAIN;
}

enum its_progress its_virtual_walk_vpe(struct its *its, enum its_goal goal)
{
    its_virtual_walk_start(its, &its->engine.walk, its->engine.command.virt.vpe, goal, false);
    return its_virtual_next(its);
}

bool its_virtual_walk_is_done(struct its *its)
{
    struct its_walk *walk = &its->engine.walk;

    if (walk->state == ITS_WALK_BLOCKED) {
        its_virtual_look_up(its, walk, walk->vpe);
    }
    return walk->state == ITS_WALK_DONE;
}

enum its_progress its_virtual_finish_walk(struct its *its)
{
    if (!its_virtual_walk_is_done(its)) {
        return ITS_WAIT;
    }
    if (its->engine.walk.outcome != ITS_OUTCOME_OK) {
        return its_fail_walk(its, (enum its_outcome)its->engine.walk.outcome);
    }
    return its_virtual_next(its);
}

enum its_progress its_virtual_finish_write(struct its *its)
{
    if (its->engine.access.state != ITS_WALK_DONE) {
        return ITS_WAIT;
    }
    return its->engine.access.ok ? its_virtual_next(its) : its_fail(its, ITS_ERROR_MEMORY);
}

/** A step that sends a message to the vPE that the walk found. @return whether it could be sent */
static struct sim_packet *send_to_vpe(struct its *its, uint8_t operation, sim_time now)
{
    const struct its_walk *walk = &its->engine.walk;

    return its_virtual_send(its, &walk->vpe_entry, walk->vpe, operation, 0, now);
}

static enum its_progress take_answer(struct its *its, uint32_t target, sim_time now)
{
    struct sim_packet *answer = its_take_answer(its, target, now);

    if (answer == NULL) {
        return ITS_WAIT;
    }
    sim_packet_free(its->component.sim, answer);
    return its_virtual_next(its);
}

static bool is_doorbell(const struct its *its, uint32_t intid)
{
    return intid == GIC_NO_DOORBELL || (intid >= GIC_FIRST_LPI && intid >> its->config.intid_bits == 0);
}

/* ---- Virtual events ---- */

enum its_progress its_virtual_send_event(struct its *its, uint8_t operation, sim_time now)
{
    const struct its_walk *walk = &its->engine.walk;
    struct its_link *link = &its->links[walk->vpe_entry.target];
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return ITS_WAIT;
    }
    packet = sim_packet_new(its->component.sim, 0);
    its_virtual_make_lpi(its, packet, &walk->ite, &walk->vpe_entry);
    if (operation == GIC_CLEAR_LPI) {
        packet->operation = GIC_CLEAR_VLPI;
    } else if (operation == GIC_INV) {
        packet->operation = GIC_VINV;
    }
    link->dirty = true;
    gic_output_push(&link->to, packet, now, 0);
    return ITS_DONE;
}

static enum its_progress vmapti_write(struct its *its)
{
    const struct its_walk *walk = &its->engine.walk;
    const struct its_command *command = &its->engine.command;
    struct its_ite ite = {
        .valid = true,
        .is_virtual = true,
        .intid = command->opcode == ITS_COMMAND_VMAPI ? command->event_id : command->virt.intid,
        .vpe = command->virt.vpe,
        .doorbell = command->virt.doorbell,
    };
    uint32_t bits = walk->dte.event_bits;

    if (bits < 32 && command->event_id >> bits != 0) {
        return its_fail(its, ITS_ERROR_EVENT_RANGE);
    }
    if (ite.intid < GIC_FIRST_LPI || ite.intid >> its->config.intid_bits != 0) {
        return its_fail(its, ITS_ERROR_VINTID_RANGE);
    }
    if (!is_doorbell(its, ite.doorbell)) {
        return its_fail(its, ITS_ERROR_DOORBELL_RANGE);
    }
    if (!its->vpe_table.valid) {
        return its_fail(its, ITS_ERROR_TABLE);
    }
    if (ite.vpe >= its->vpe_table.ids) {
        return its_fail(its, ITS_ERROR_VPE_RANGE);
    }
    its_start_write(its, walk->dte.itt_address + (uint64_t)command->event_id * ITS_ENTRY_BYTES, its_encode_ite(&ite));
    return its_virtual_next(its);
}

static enum its_progress execute_vmapti(struct its *its)
{
    const struct its_command *command = &its->engine.command;
    uint32_t device = command->device_id;

    switch (its->engine.step) {
    case 0:
        its_walk_start(its, &its->engine.walk, device, command->event_id, ITS_GOAL_DEVICE, false);
        return its_virtual_next(its);
    case 1:
        return its_virtual_finish_walk(its);
    case 2:
        return vmapti_write(its);
    case 3:
        return its_virtual_finish_write(its);
    default:
        gic_cache_drop(&its->event_cache, its_event_index(device, command->event_id),
                       its_event_key(device, command->event_id));
        return ITS_DONE;
    }
}

/* ---- VMAPP ---- */

static struct vpe_entry entry_of(const struct its *its)
{
    const struct its_command *command = &its->engine.command;
    bool v4_1 = its->config.virt.version == GIC_VIRTUAL_V4_1;

    return (struct vpe_entry){
        .valid = command->valid,
        .id_bits = (uint8_t)(command->virt.table_size + 1),
        .target = its_find_target(its, command->target),
        .doorbell = v4_1 ? command->virt.doorbell : GIC_NO_DOORBELL,
        .table = command->virt.table,
        .configuration = v4_1 ? command->virt.configuration : 0,
    };
}

/** Errors that need no table; then where the entry is, or what it holds if it is to go. */
static enum its_progress vmapp_check(struct its *its)
{
    const struct its_command *command = &its->engine.command;
    struct vpe_entry entry = entry_of(its);
    bool known = its->vpe_table.valid && command->virt.vpe < its->vpe_table.ids;

    if (command->valid && known) {
        if (entry.target == UINT32_MAX) {
            return its_fail(its, ITS_ERROR_SIZE_RANGE);
        }
        if (entry.id_bits < 14 || entry.id_bits > its->config.intid_bits) {
            return its_fail(its, ITS_ERROR_VINTID_RANGE);
        }
        if (!is_doorbell(its, entry.doorbell)) {
            return its_fail(its, ITS_ERROR_DOORBELL_RANGE);
        }
    }
    return its_virtual_walk_vpe(its, command->valid ? ITS_GOAL_VPE_ADDRESS : ITS_GOAL_VPE);
}

/** The word with Valid is written last. */
static enum its_progress vmapp_write(struct its *its, unsigned word)
{
    struct vpe_entry entry = entry_of(its);
    uint64_t words[2];

    vpe_entry_encode(&entry, words);
    its_start_write(its, its->engine.walk.vpe_address + (uint64_t)8 * word, words[word]);
    return its_virtual_next(its);
}

static enum its_progress vmapp_allocate(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    bool v4_1 = its->config.virt.version == GIC_VIRTUAL_V4_1;

    its_virtual_forget(its, engine->command.virt.vpe);
    if (!v4_1 || !engine->command.virt.allocate || engine->command.virt.table_zero) {
        return ITS_DONE;
    }
    engine->walk.vpe_entry = entry_of(its);
    return send_to_vpe(its, GIC_VALLOC, now) != NULL ? ITS_DONE : ITS_WAIT;
}

static enum its_progress execute_vmapp_map(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return vmapp_check(its);
    case 1:
        return its_virtual_finish_walk(its);
    case 2:
        return vmapp_write(its, 1);
    case 3:
        return its_virtual_finish_write(its);
    case 4:
        return vmapp_write(its, 0);
    case 5:
        return its_virtual_finish_write(its);
    default:
        return vmapp_allocate(its, now);
    }
}

static enum its_progress vmapp_found_old(struct its *its)
{
    const struct its_walk *walk = &its->engine.walk;

    if (its_virtual_walk_is_done(its) && walk->outcome == ITS_OUTCOME_VPE_UNMAPPED) {
        return ITS_DONE;
    }
    return its_virtual_finish_walk(its);
}

static enum its_progress vmapp_clear(struct its *its)
{
    const struct its_command *command = &its->engine.command;

    if (its->config.virt.shared_table != 0 && !command->virt.allocate) {
        its->engine.step++;
        return its_virtual_next(its);
    }
    return vmapp_write(its, 0);
}

/** The redistributor finishes what it has for the vPE: an unmapping VMAPP needs no VSYNC. */
static enum its_progress vmapp_free(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    bool last = its->config.virt.version == GIC_VIRTUAL_V4_1 && engine->command.virt.allocate;
    struct sim_packet *packet;

    its_virtual_forget(its, engine->command.virt.vpe);
    packet = send_to_vpe(its, GIC_VFREE, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    packet->arg = last;
    engine->target = engine->walk.vpe_entry.target;
    return its_virtual_next(its);
}

static enum its_progress execute_vmapp_unmap(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return vmapp_check(its);
    case 1:
        return vmapp_found_old(its);
    case 2:
        return vmapp_clear(its);
    case 3:
        return its_virtual_finish_write(its);
    case 4:
        return vmapp_free(its, now);
    case 5:
        return take_answer(its, its->engine.target, now);
    default:
        return ITS_DONE;
    }
}

/* ---- Commands that only speak to a vPE ---- */

/** Older MSIs first. The vPE is looked up after that: it may have moved, and they may have had to wait for that. */
static enum its_progress vsync_wait(struct its *its)
{
    if (its->slot_count > 0 && its->slots[its->age[0]].sequence <= its->engine.mark) {
        return ITS_WAIT;
    }
    return its_virtual_walk_vpe(its, ITS_GOAL_VPE);
}

static enum its_progress vsync_ask(struct its *its, sim_time now)
{
    if (send_to_vpe(its, GIC_VSYNC, now) == NULL) {
        return ITS_WAIT;
    }
    its->engine.target = its->engine.walk.vpe_entry.target;
    return its_virtual_next(its);
}

static enum its_progress execute_vsync(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return vsync_wait(its);
    case 1:
        return its_virtual_finish_walk(its);
    case 2:
        return vsync_ask(its, now);
    case 3:
        return take_answer(its, its->engine.target, now);
    default:
        return ITS_DONE;
    }
}

static enum its_progress speak(struct its *its, sim_time now)
{
    const struct its_virtual_command *virt = &its->engine.command.virt;
    const struct vpe_entry *entry = &its->engine.walk.vpe_entry;
    struct sim_packet *packet;

    switch (its->engine.command.opcode) {
    case ITS_COMMAND_VINVALL:
        return send_to_vpe(its, GIC_VINVALL, now) != NULL ? ITS_DONE : ITS_WAIT;
    case ITS_COMMAND_INVDB:
        if (entry->doorbell == GIC_NO_DOORBELL) {
            return ITS_DONE;
        }
        return its_send(its, entry->target, GIC_INV, entry->doorbell, now) ? ITS_DONE : ITS_WAIT;
    default:
        packet = send_to_vpe(its, GIC_VSGI, now);
        if (packet == NULL) {
            return ITS_WAIT;
        }
        packet->intid = virt->sgi;
        packet->arg = (virt->enable ? GIC_VSGI_ENABLE : 0) | (virt->group ? GIC_VSGI_GROUP : 0) |
                      (virt->clear ? GIC_VSGI_CLEAR : 0) | (virt->priority & GIC_VSGI_PRIORITY);
        return ITS_DONE;
    }
}

static enum its_progress execute_message(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return its_virtual_walk_vpe(its, ITS_GOAL_VPE);
    case 1:
        return its_virtual_finish_walk(its);
    default:
        return speak(its, now);
    }
}

enum its_progress its_virtual_execute(struct its *its, sim_time now)
{
    enum gic_virtual version = its->config.virt.version;
    uint8_t opcode = its->engine.command.opcode;
    bool since_v4_1 = opcode == ITS_COMMAND_VSGI || opcode == ITS_COMMAND_INVDB;

    if (version == GIC_VIRTUAL_NONE || (since_v4_1 && version != GIC_VIRTUAL_V4_1)) {
        return its_fail(its, ITS_ERROR_UNKNOWN);
    }
    switch (opcode) {
    case ITS_COMMAND_VMAPTI:
    case ITS_COMMAND_VMAPI:
        return execute_vmapti(its);
    case ITS_COMMAND_VMAPP:
        return its->engine.command.valid ? execute_vmapp_map(its, now) : execute_vmapp_unmap(its, now);
    case ITS_COMMAND_VMOVI:
        return its_virtual_execute_vmovi(its, now);
    case ITS_COMMAND_VMOVP:
        return its_virtual_execute_vmovp(its, now);
    case ITS_COMMAND_VSYNC:
        return execute_vsync(its, now);
    case ITS_COMMAND_VINVALL:
    case ITS_COMMAND_VSGI:
    case ITS_COMMAND_INVDB:
        return execute_message(its, now);
    default:
        return its_fail(its, ITS_ERROR_UNKNOWN);
    }
}
