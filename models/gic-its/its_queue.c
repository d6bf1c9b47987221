/*
 * The command queue: fetches commands one at a time, 32 bytes a read, carries each out before it reads the next, and
 * moves GITS_CREADR past it when it is done.
 *
 * Between commands and MSIs: while a command that may change translations is carried out, MSIs of its device (all MSIs,
 * for commands on collections) are held back, and it does not begin before those that have been looked up are gone. So
 * every MSI sees the tables either before or after such a command, and its LPI is on the redistributor's channel ahead
 * of what the command sends there. SYNC waits for all MSIs accepted before it.
 *
 * After Enabled 1 -> 0, the command under way and the MSIs in flight are finished, then every redistributor that was
 * sent an LPI answers a SYNC; then Quiescent is 1.
 */
#include "models/gic-its/gic.h"
#include "models/gic-its/its_virtual_internal.h"

void its_start_read(struct its *its, uint64_t address)
{
    struct its_access *access = &its->engine.access;

    access->state = ITS_WALK_ISSUE;
    access->write = false;
    access->address = address;
}

void its_start_write(struct its *its, uint64_t address, uint64_t value)
{
    struct its_access *access = &its->engine.access;

    access->state = ITS_WALK_ISSUE;
    access->write = true;
    access->address = address;
    access->value = value;
}

bool its_send(struct its *its, uint32_t target, uint8_t operation, uint32_t intid, sim_time now)
{
    struct its_link *link = &its->links[target];
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return false;
    }
    packet = sim_packet_new(its->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = operation;
    packet->intid = intid;
    gic_output_push(&link->to, packet, now, 0);
    return true;
}

struct sim_packet *its_take_answer(struct its *its, uint32_t target, sim_time now)
{
    struct its_link *link = &its->links[target];

    struct sim_packet *head = sim_channel_peek(link->from, now);

    /* What it says unasked is taken by its_virtual_listen(), and at most one packet is taken at an edge. */
    if (head == NULL || link->taken_at == now || head->operation == GIC_VHOLD || head->operation == GIC_VCONTINUE) {
        its_look_at(its, head == NULL ? sim_channel_next_arrival(link->from) : now + its->component.period);
        return NULL;
    }
    return sim_channel_pop(link->from, now);
}

enum its_progress its_fail(struct its *its, enum its_error_reason reason)
{
    uint8_t opcode = its->engine.command.opcode;

    its->count_errors++;
    its->count_system_errors += its->config.system_errors;
    its->errors[opcode < ITS_OPCODES ? opcode : 0][reason]++;
    its->last_error = its_error_code(opcode, reason);
    return ITS_ERROR;
}

enum its_progress its_fail_walk(struct its *its, enum its_outcome outcome)
{
    static const uint8_t reasons[] = {
        [ITS_OUTCOME_OK] = ITS_ERROR_UNKNOWN,
        [ITS_OUTCOME_TABLE] = ITS_ERROR_TABLE,
        [ITS_OUTCOME_DEVICE_RANGE] = ITS_ERROR_DEVICE_RANGE,
        [ITS_OUTCOME_DEVICE_UNMAPPED] = ITS_ERROR_DEVICE_UNMAPPED,
        [ITS_OUTCOME_EVENT_RANGE] = ITS_ERROR_EVENT_RANGE,
        [ITS_OUTCOME_EVENT_UNMAPPED] = ITS_ERROR_EVENT_UNMAPPED,
        [ITS_OUTCOME_COLLECTION_RANGE] = ITS_ERROR_COLLECTION_RANGE,
        [ITS_OUTCOME_COLLECTION_UNMAPPED] = ITS_ERROR_COLLECTION_UNMAPPED,
        [ITS_OUTCOME_VPE_RANGE] = ITS_ERROR_VPE_RANGE,
        [ITS_OUTCOME_VPE_UNMAPPED] = ITS_ERROR_VPE_UNMAPPED,
        [ITS_OUTCOME_MEMORY] = ITS_ERROR_MEMORY,
    };

    return its_fail(its, (enum its_error_reason)reasons[outcome]);
}

static uint32_t queue_bytes(const struct its *its)
{
    return (uint32_t)(GIC_GET(its->cbaser, GITS_CBASER_SIZE) + 1) * 4096;
}

uint64_t its_queue_size(const void *context)
{
    return queue_bytes(context) / ITS_COMMAND_BYTES;
}

uint64_t its_queue_fill(const void *context)
{
    const struct its *its = context;
    const uint32_t bytes = queue_bytes(its);

    return its->read_offset >= bytes || its->write_offset >= bytes
               ? 0 /* software is still setting it up */
               : (its->write_offset + bytes - its->read_offset) % bytes / ITS_COMMAND_BYTES;
}

/** @return whether there is a command to fetch */
static bool begin_fetch(struct its *its)
{
    struct its_engine *engine = &its->engine;

    if (!its->enabled || its->stalled || GIC_GET(its->cbaser, GITS_CBASER_VALID) == 0 ||
        its->read_offset == its->write_offset) {
        return false;
    }
    its_start_read(its, (its->cbaser & GIC_MASK(GITS_CBASER_ADDRESS)) + its->read_offset);
    engine->state = ITS_ENGINE_FETCH;
    return true;
}

/** @return whether there is a redistributor to ask */
static bool begin_quiesce(struct its *its)
{
    if (its->enabled || its->quiescent) {
        return false;
    }
    its->engine.target = 0;
    its->engine.step = 0;
    its->engine.state = ITS_ENGINE_QUIESCE;
    return true;
}

static void end_command(struct its *its)
{
    its->engine.hazard = ITS_HAZARD_NONE;
    its->engine.walk.vpe_bound = false;
    its->engine.state = ITS_ENGINE_IDLE;
    its->read_offset =
        its->read_offset + ITS_COMMAND_BYTES < queue_bytes(its) ? its->read_offset + ITS_COMMAND_BYTES : 0;
}

/** What an error does is a choice: the command is ignored, or the queue stops at it. */
static void end_with_error(struct its *its)
{
    if (its->config.stall_on_error) {
        its->engine.hazard = ITS_HAZARD_NONE;
        its->engine.walk.vpe_bound = false;
        its->engine.state = ITS_ENGINE_IDLE;
        its->stalled = true;
    } else {
        end_command(its);
    }
}

static bool step_fetch(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    if (engine->access.state != ITS_WALK_DONE) {
        return false;
    }
    its->count_commands++;
    if (!engine->access.ok) {
        engine->command.opcode = 0;
        its_fail(its, ITS_ERROR_MEMORY);
        end_with_error(its);
        return true;
    }
    its_command_decode(engine->access.bytes, &engine->command);
    engine->ready_at = now + its->config.command_cycles * its->component.period;
    engine->state = ITS_ENGINE_DECODE;
    return true;
}

static bool step_decode(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    if (engine->ready_at > now) {
        its_look_at(its, engine->ready_at);
        return false;
    }
    engine->hazard = (uint8_t)its_hazard_of(&engine->command);
    engine->step = 0;
    engine->restart = false;
    engine->mark = its->accepted;
    engine->state = ITS_ENGINE_HAZARD;
    return true;
}

/**
 * Slots that have begun to look things up finish; those that are held wait for the command. A command goes down the
 * same pipeline as MSIs, in the place of one of them.
 */
static bool step_hazard(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    if (engine->hazard == ITS_HAZARD_VPE && its_virtual_is_in_flight(its, engine->command.virt.vpe)) {
        return false;
    }
    for (uint32_t i = 0;
         (engine->hazard == ITS_HAZARD_DEVICE || engine->hazard == ITS_HAZARD_ALL) && i < its->slot_count; i++) {
        const struct its_slot *slot = &its->slots[its->age[i]];

        if (!slot->held && (engine->hazard == ITS_HAZARD_ALL || slot->walk.device == engine->command.device_id)) {
            return false;
        }
    }
    if (its->accept_at > now) {
        its_look_at(its, its->accept_at);
        return false;
    }
    its->accept_at = now + its->config.interval_cycles * its->component.period;
    engine->state = ITS_ENGINE_EXECUTE;
    return true;
}

static bool step_execute(struct its *its, sim_time now)
{
    switch (its_execute(its, now)) {
    case ITS_AGAIN:
        return true;
    case ITS_DONE:
        end_command(its);
        return true;
    case ITS_ERROR:
        end_with_error(its);
        return true;
    default:
        return false;
    }
}

/** Asks one redistributor after the other whether everything sent to it has taken effect. */
static bool step_quiesce(struct its *its, sim_time now)
{
    struct its_engine *engine = &its->engine;

    if (its->slot_count > 0) {
        return false;
    }
    while (engine->target < its->config.redistributors && !its->links[engine->target].dirty) {
        engine->target++;
    }
    if (engine->target == its->config.redistributors) {
        its->quiescent = !its->enabled;
        engine->state = ITS_ENGINE_IDLE;
        return true;
    }
    if (engine->step == 0) {
        engine->step = its_send(its, engine->target, GIC_SYNC, 0, now) ? 1 : 0;
        return engine->step == 1;
    }
    struct sim_packet *answer = its_take_answer(its, engine->target, now);

    if (answer == NULL) {
        return false;
    }
    sim_packet_free(its->component.sim, answer);
    its->links[engine->target].dirty = false;
    engine->step = 0;
    return true;
}

/** One step. @return whether anything changed */
static bool step(struct its *its, sim_time now)
{
    if (its->engine.internal) {
        return its_virtual_step_update(its);
    }
    if (its_virtual_begin_update(its)) {
        return true;
    }
    switch (its->engine.state) {
    case ITS_ENGINE_IDLE:
        return begin_fetch(its) || begin_quiesce(its);
    case ITS_ENGINE_FETCH:
        return step_fetch(its, now);
    case ITS_ENGINE_DECODE:
        return step_decode(its, now);
    case ITS_ENGINE_HAZARD:
        return step_hazard(its, now);
    case ITS_ENGINE_EXECUTE:
        return step_execute(its, now);
    case ITS_ENGINE_QUIESCE:
        return step_quiesce(its, now);
    default:
        return false;
    }
}

void its_step_engine(struct its *its, sim_time now)
{
    while (step(its, now)) {
        its->progress = true;
    }
}
