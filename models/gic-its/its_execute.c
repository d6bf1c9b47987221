/*
 * What each command does (IHI 0069, "ITS commands"). A command is a handler that is called for step 0, 1, ... and says
 * whether it waits, wants the next step, is done, or has failed. A failed command has had no effect.
 *
 * Commands that change a table entry write memory, wait until the write is done, and drop the entry from the cache: the
 * caches hold what MSIs have read, and nothing else.
 */
#include "models/gic-its/gic.h"
#include "models/gic-its/its_virtual_internal.h"

enum its_hazard its_hazard_of(const struct its_command *command)
{
    switch (command->opcode) {
    case ITS_COMMAND_MAPD:
    case ITS_COMMAND_MAPTI:
    case ITS_COMMAND_MAPI:
    case ITS_COMMAND_MOVI:
    case ITS_COMMAND_DISCARD:
    case ITS_COMMAND_CLEAR:
        return ITS_HAZARD_DEVICE;
    case ITS_COMMAND_MAPC:
    case ITS_COMMAND_MOVALL:
        return ITS_HAZARD_ALL;
    default:
        return its_virtual_hazard_of(command);
    }
}

static enum its_progress next(struct its_engine *engine)
{
    engine->step++;
    return ITS_AGAIN;
}

static enum its_progress walk_to(struct its *its, enum its_goal goal)
{
    struct its_engine *engine = &its->engine;

    its_walk_start(its, &engine->walk, engine->command.device_id, engine->command.event_id, goal, false);
    return next(engine);
}

/** A walk that must end well. */
static enum its_progress finish_walk(struct its *its)
{
    struct its_engine *engine = &its->engine;

    if (!its_virtual_walk_is_done(its)) {
        return ITS_WAIT;
    }
    if (engine->walk.outcome != ITS_OUTCOME_OK) {
        return its_fail_walk(its, (enum its_outcome)engine->walk.outcome);
    }
    return next(engine);
}

/** The end of a write of a table entry. */
static enum its_progress finish_write(struct its *its)
{
    struct its_engine *engine = &its->engine;

    if (engine->access.state != ITS_WALK_DONE) {
        return ITS_WAIT;
    }
    return engine->access.ok ? next(engine) : its_fail(its, ITS_ERROR_MEMORY);
}

static enum its_progress start_write(struct its *its, uint64_t address, uint64_t value)
{
    its_start_write(its, address, value);
    return next(&its->engine);
}

/** The last step of a command that ends with a message. */
static enum its_progress send_last(struct its *its, uint32_t target, uint8_t operation, uint32_t intid, sim_time now)
{
    return its_send(its, target, operation, intid, now) ? ITS_DONE : ITS_WAIT;
}

static void forget_event(struct its *its, uint32_t device, uint32_t event)
{
    gic_cache_drop(&its->event_cache, its_event_index(device, event), its_event_key(device, event));
}

/* ---- MAPD ---- */

static enum its_progress mapd_check(struct its *its)
{
    if (its->engine.command.valid && its->engine.command.size + 1u > its->config.event_bits) {
        /* A DeviceID out of range is reported before the size: the walk finds it without reading memory. */
        const struct its_table *table = &its->device_table;
        bool known = !table->valid || its->engine.command.device_id < table->ids;

        return its_fail(its, known ? ITS_ERROR_SIZE_RANGE : ITS_ERROR_DEVICE_RANGE);
    }
    return walk_to(its, ITS_GOAL_DEVICE_ADDRESS);
}

static enum its_progress mapd_write(struct its *its)
{
    const struct its_command *command = &its->engine.command;
    struct its_dte dte = {
        .valid = command->valid,
        .event_bits = (uint8_t)(command->size + 1),
        .itt_address = command->itt_address,
    };

    return start_write(its, its->engine.walk.dte_address, its_encode_dte(&dte));
}

static enum its_progress execute_mapd(struct its *its)
{
    uint32_t device = its->engine.command.device_id;

    switch (its->engine.step) {
    case 0:
        return mapd_check(its);
    case 1:
        return finish_walk(its);
    case 2:
        return mapd_write(its);
    case 3:
        return finish_write(its);
    default:
        gic_cache_drop(&its->device_cache, its_device_index(device), device);
        gic_cache_drop_matching(&its->event_cache, (uint64_t)UINT32_MAX << 32, (uint64_t)device << 32);
        return ITS_DONE;
    }
}

/* ---- MAPC ---- */

static enum its_progress mapc_write(struct its *its)
{
    const struct its_command *command = &its->engine.command;
    struct its_cte cte = {.valid = command->valid, .target = its_find_target(its, command->target)};

    if (its_collection_count(its) == 0) {
        return its_fail(its, ITS_ERROR_TABLE);
    }
    if (command->collection >= its_collection_count(its)) {
        return its_fail(its, ITS_ERROR_COLLECTION_RANGE);
    }
    if (command->valid && cte.target == UINT32_MAX) {
        return its_fail(its, ITS_ERROR_SIZE_RANGE);
    }
    if (its_collections_on_chip(its)) {
        its->chip_collections[command->collection] = cte;
        return ITS_DONE;
    }
    return start_write(its, its_cte_address(its, command->collection), its_encode_cte(&cte));
}

static enum its_progress execute_mapc(struct its *its)
{
    uint32_t collection = its->engine.command.collection;

    switch (its->engine.step) {
    case 0:
        return mapc_write(its);
    case 1:
        return finish_write(its);
    default:
        gic_cache_drop(&its->collection_cache, collection, collection);
        return ITS_DONE;
    }
}

/* ---- MAPTI, MAPI ---- */

/** The collection need not be mapped yet. Mapping an event anew is UNPREDICTABLE: the new mapping replaces the old. */
static enum its_progress mapti_write(struct its *its)
{
    struct its_engine *engine = &its->engine;
    const struct its_command *command = &engine->command;
    struct its_ite ite = {
        .valid = true,
        .intid = command->opcode == ITS_COMMAND_MAPI ? command->event_id : command->intid,
        .collection = command->collection,
    };
    uint32_t bits = engine->walk.dte.event_bits;

    if (bits < 32 && command->event_id >> bits != 0) {
        return its_fail(its, ITS_ERROR_EVENT_RANGE);
    }
    if (ite.intid < GIC_FIRST_LPI || ite.intid >> its->config.intid_bits != 0) {
        return its_fail(its, ITS_ERROR_INTID_RANGE);
    }
    if (its_collection_count(its) != 0 && command->collection >= its_collection_count(its)) {
        return its_fail(its, ITS_ERROR_COLLECTION_RANGE);
    }
    return start_write(its, engine->walk.dte.itt_address + (uint64_t)command->event_id * ITS_ENTRY_BYTES,
                       its_encode_ite(&ite));
}

static enum its_progress execute_mapti(struct its *its)
{
    const struct its_command *command = &its->engine.command;

    switch (its->engine.step) {
    case 0:
        return walk_to(its, ITS_GOAL_DEVICE);
    case 1:
        return finish_walk(its);
    case 2:
        return mapti_write(its);
    case 3:
        return finish_write(its);
    default:
        forget_event(its, command->device_id, command->event_id);
        return ITS_DONE;
    }
}

/* ---- Commands that speak of one mapped event: INT, CLEAR, INV ---- */

static enum its_progress execute_event(struct its *its, uint8_t operation, sim_time now)
{
    const struct its_walk *walk = &its->engine.walk;

    switch (its->engine.step) {
    case 0:
        return walk_to(its, ITS_GOAL_COLLECTION);
    case 1:
        return finish_walk(its);
    default:
        if (walk->ite.is_virtual) {
            return its_virtual_send_event(its, operation, now);
        }
        its->links[walk->cte.target].dirty = true;
        return send_last(its, walk->cte.target, operation, walk->ite.intid, now);
    }
}

/* ---- DISCARD ---- */

/** The mapping goes even if its collection is not mapped; then there is no pending state to clear. */
static enum its_progress discard_walked(struct its *its)
{
    const struct its_walk *walk = &its->engine.walk;
    struct its_ite none = {.valid = false};
    bool collection_gone = walk->outcome == ITS_OUTCOME_COLLECTION_UNMAPPED ||
                           walk->outcome == ITS_OUTCOME_COLLECTION_RANGE || walk->outcome == ITS_OUTCOME_VPE_UNMAPPED ||
                           walk->outcome == ITS_OUTCOME_VPE_RANGE;

    if (!its_virtual_walk_is_done(its)) {
        return ITS_WAIT;
    }
    if (walk->outcome != ITS_OUTCOME_OK && !collection_gone) {
        return its_fail_walk(its, (enum its_outcome)walk->outcome);
    }
    return start_write(its, walk->ite_address, its_encode_ite(&none));
}

static enum its_progress execute_discard(struct its *its, sim_time now)
{
    const struct its_command *command = &its->engine.command;
    const struct its_walk *walk = &its->engine.walk;

    switch (its->engine.step) {
    case 0:
        return walk_to(its, ITS_GOAL_COLLECTION);
    case 1:
        return discard_walked(its);
    case 2:
        return finish_write(its);
    default:
        forget_event(its, command->device_id, command->event_id);
        if (walk->outcome != ITS_OUTCOME_OK) {
            return ITS_DONE;
        }
        if (walk->ite.is_virtual) {
            return its_virtual_send_event(its, GIC_CLEAR_LPI, now);
        }
        return send_last(its, walk->cte.target, GIC_CLEAR_LPI, walk->ite.intid, now);
    }
}

/* ---- Moving pending state: MOVI, MOVALL ---- */

/** Passes what a redistributor gives away on to the new one. @return ITS_DONE after the last */
static enum its_progress move_pending(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    struct its_link *link = &its->links[engine->new_target];
    uint8_t last = engine->command.opcode == ITS_COMMAND_MOVALL ? GIC_MOVE_ALL_DONE : GIC_NOT_MOVED;
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return ITS_WAIT;
    }
    packet = its_take_answer(its, engine->target, now);
    if (packet == NULL) {
        return ITS_WAIT;
    }
    if (packet->operation == last) {
        sim_packet_free(its->component.sim, packet);
        return ITS_DONE;
    }
    its_make_lpi(packet, packet->intid);
    link->dirty = true;
    gic_output_push(&link->to, packet, now, 0);
    its->progress = true;
    return engine->command.opcode == ITS_COMMAND_MOVALL ? ITS_WAIT : ITS_DONE;
}

/** Now the walk goes to the new collection; the ITE and the old redistributor are kept. */
static enum its_progress movi_walked(struct its *its)
{
    struct its_engine *engine = &its->engine;
    enum its_progress progress = finish_walk(its);

    if (progress == ITS_AGAIN && engine->walk.ite.is_virtual) {
        return its_fail(its, ITS_ERROR_EVENT_UNMAPPED);
    }
    if (progress == ITS_AGAIN) {
        engine->target = engine->walk.cte.target;
        its_walk_collection(its, &engine->walk, engine->command.collection);
    }
    return progress;
}

static enum its_progress movi_write(struct its *its)
{
    struct its_engine *engine = &its->engine;

    engine->new_target = engine->walk.cte.target;
    return start_write(its, engine->walk.ite_address, its_encode_ite(&engine->walk.ite));
}

static enum its_progress movi_ask(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    forget_event(its, engine->command.device_id, engine->command.event_id);
    if (engine->new_target == engine->target) {
        return ITS_DONE;
    }
    return its_send(its, engine->target, GIC_MOVE, engine->walk.ite.intid, now) ? next(engine) : ITS_WAIT;
}

static enum its_progress execute_movi(struct its *its, sim_time now)
{
    switch (its->engine.step) {
    case 0:
        return walk_to(its, ITS_GOAL_COLLECTION);
    case 1:
        return movi_walked(its);
    case 2:
        return finish_walk(its);
    case 3:
        return movi_write(its);
    case 4:
        return finish_write(its);
    case 5:
        return movi_ask(its, now);
    default:
        return move_pending(its, now);
    }
}

static enum its_progress movall_ask(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;
    const struct its_command *command = &engine->command;

    engine->target = its_find_target(its, command->target);
    engine->new_target = its_find_target(its, command->target2);
    if (engine->target == UINT32_MAX || engine->new_target == UINT32_MAX) {
        return its_fail(its, ITS_ERROR_DEVICE_RANGE);
    }
    if (engine->target == engine->new_target) {
        return ITS_DONE;
    }
    return its_send(its, engine->target, GIC_MOVE_ALL, 0, now) ? next(engine) : ITS_WAIT;
}

static enum its_progress execute_movall(struct its *its, sim_time now)
{
    return its->engine.step == 0 ? movall_ask(its, now) : move_pending(its, now);
}

/* ---- INVALL, SYNC ---- */

static enum its_progress execute_invall(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    switch (engine->step) {
    case 0:
        its_walk_collection(its, &engine->walk, engine->command.collection);
        return next(engine);
    case 1:
        return finish_walk(its);
    default:
        return send_last(its, engine->walk.cte.target, GIC_INVALL, 0, now);
    }
}

static enum its_progress sync_ask(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    engine->target = its_find_target(its, engine->command.target);
    if (engine->target == UINT32_MAX) {
        return its_fail(its, ITS_ERROR_SIZE_RANGE);
    }
    if (its->slot_count > 0 && its->slots[its->age[0]].sequence <= engine->mark) {
        return ITS_WAIT;
    }
    return its_send(its, engine->target, GIC_SYNC, 0, now) ? next(engine) : ITS_WAIT;
}

static enum its_progress execute_sync(struct its *its, sim_time now)
{
    struct sim_packet *answer;

    if (its->engine.step == 0) {
        return sync_ask(its, now);
    }
    answer = its_take_answer(its, its->engine.target, now);
    if (answer == NULL) {
        return ITS_WAIT;
    }
    sim_packet_free(its->component.sim, answer);
    return ITS_DONE;
}

enum its_progress its_execute(struct its *its, sim_time now)
{
    switch (its->engine.command.opcode) {
    case ITS_COMMAND_MAPD:
        return execute_mapd(its);
    case ITS_COMMAND_MAPC:
        return execute_mapc(its);
    case ITS_COMMAND_MAPTI:
    case ITS_COMMAND_MAPI:
        return execute_mapti(its);
    case ITS_COMMAND_INT:
        return execute_event(its, GIC_SET_LPI, now);
    case ITS_COMMAND_CLEAR:
        return execute_event(its, GIC_CLEAR_LPI, now);
    case ITS_COMMAND_INV:
        return execute_event(its, GIC_INV, now);
    case ITS_COMMAND_DISCARD:
        return execute_discard(its, now);
    case ITS_COMMAND_MOVI:
        return execute_movi(its, now);
    case ITS_COMMAND_MOVALL:
        return execute_movall(its, now);
    case ITS_COMMAND_INVALL:
        return execute_invall(its, now);
    case ITS_COMMAND_SYNC:
        return execute_sync(its, now);
    default:
        return its_virtual_execute(its, now);
    }
}
