/*
 * The command engine (IHI 0070, 3.5.1 and 4.7): reads commands a 64-byte line at a time, and carries them out one
 * after the other. CMDQ_CONS moves on when a command is complete.
 */
#include "models/smmuv3/smmu_internal.h"

static struct smmu_queue command_queue(struct smmu *smmu)
{
    return smmu_queue_decode(smmu_register64(smmu, SMMU_CMDQ_BASE), smmu->config.command_queue_bits, SMMU_CMD_BYTES);
}

static bool is_enabled(struct smmu *smmu)
{
    return smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_CMDQEN) != 0 &&
           !smmu_gerror_is_active(smmu, SMMU_MASK32(SMMU_GERROR_CMDQ));
}

void smmu_commands_fail(struct smmu *smmu, uint32_t reason)
{
    uint32_t *cons = smmu_register(smmu, SMMU_CMDQ_CONS);

    /* CONS stays on the command that failed; when software has acknowledged, it is read again. */
    *cons = (uint32_t)smmu_put(*cons, SMMU_CMDQ_CONS_ERR, reason);
    smmu->commands.state = SMMU_COMMAND_IDLE;
    smmu->commands.buffered = 0;
    smmu_gerror_raise(smmu, SMMU_MASK32(SMMU_GERROR_CMDQ));
}

/* Entries that one read covers: up to PROD, within one 64-byte line (queues of one or two entries are shorter). */
static uint32_t batch_size(const struct smmu_queue *queue, uint32_t prod, uint32_t cons)
{
    const uint32_t mask = (2u << queue->log2size) - 1;
    const uint32_t waiting = (prod - cons) & mask;
    const uint32_t entries = 1u << queue->log2size;
    const uint32_t line = entries < SMMU_COMMAND_BATCH ? entries : SMMU_COMMAND_BATCH;
    const uint32_t rest = line - (cons & (line - 1));

    return waiting < rest ? waiting : rest;
}

static void fetch(struct smmu *smmu, const struct smmu_queue *queue, uint32_t prod, uint32_t cons, sim_time now)
{
    const struct smmu_request request = {
        .requester = SMMU_REQUEST_COMMAND,
        .type = SIM_PACKET_READ,
        .length = (uint8_t)(batch_size(queue, prod, cons) * SMMU_CMD_BYTES),
        .address = queue->base + (uint64_t)smmu_queue_slot(queue, cons) * SMMU_CMD_BYTES,
        .leave = now + smmu->times.issue,
    };

    smmu->commands.state = SMMU_COMMAND_FETCH;
    smmu_walker_request(smmu, &request);
}

void smmu_commands_fetched(struct smmu *smmu, const uint8_t *data, uint32_t bytes)
{
    struct smmu_command_engine *engine = &smmu->commands;

    engine->state = SMMU_COMMAND_IDLE;
    if (data == NULL) {
        smmu_commands_fail(smmu, SMMU_CERROR_ABT);
        return;
    }
    engine->next = 0;
    engine->buffered = bytes / SMMU_CMD_BYTES;
    for (uint32_t i = 0; i < engine->buffered; i++) {
        engine->buffer[i][0] = sim_load_le64(data + (size_t)i * SMMU_CMD_BYTES);
        engine->buffer[i][1] = sim_load_le64(data + (size_t)i * SMMU_CMD_BYTES + 8);
    }
}

static bool is_sync(const uint64_t *words)
{
    return smmu_field_get(words, SMMU_CMD_OPCODE) == SMMU_CMD_SYNC;
}

/* Starts the next command of the buffer. @return false if it is illegal */
static bool start(struct smmu *smmu, sim_time now)
{
    struct smmu_command_engine *engine = &smmu->commands;
    const uint64_t *words = engine->buffer[engine->next];
    uint32_t sets = 0;

    if (is_sync(words)) {
        if (smmu_field_get(words, SMMU_CMD_CS) > SMMU_SYNC_SEV) {
            return false;
        }
    } else {
        if (!smmu_command_is_legal(smmu, words)) {
            return false;
        }
        sets = smmu_command_sets(smmu, words);
    }
    engine->state = SMMU_COMMAND_EXECUTE;
    engine->until = now + smmu->times.command + sets * smmu->times.scan;
    return true;
}

/* The command at the head of the buffer is complete. */
static void complete(struct smmu *smmu)
{
    struct smmu_command_engine *engine = &smmu->commands;
    const struct smmu_queue queue = command_queue(smmu);
    uint32_t *cons = smmu_register(smmu, SMMU_CMDQ_CONS);

    *cons = smmu_queue_advance(&queue, *cons);
    engine->next++;
    engine->buffered--;
    engine->state = SMMU_COMMAND_IDLE;
    smmu->counters.commands++;
}

/*
 * Whether a CMD_SYNC can complete: TBUs first, then the event records of requests that were terminated there. @return
 * when to look again; 0 if it can complete
 */
static sim_time sync_blocked(struct smmu *smmu, sim_time now)
{
    struct smmu_command_engine *engine = &smmu->commands;
    const sim_time due = smmu_sync_wait(smmu, &engine->sync, now);

    if (due != 0) {
        return due;
    }
    return engine->sync.events > smmu->events.finished || !smmu_interrupt_sync_ready(smmu) ? SIM_TIME_NEVER : 0;
}

static void complete_sync(struct smmu *smmu)
{
    const uint64_t *words = smmu->commands.buffer[smmu->commands.next];

    if (smmu_field_get(words, SMMU_CMD_CS) == SMMU_SYNC_IRQ) {
        smmu_interrupt_sync(smmu, smmu_field_get_address(words, SMMU_CMD_MSIADDR),
                            (uint32_t)smmu_field_get(words, SMMU_CMD_MSIDATA));
    }
    complete(smmu);
}

/* Begins a command or a fetch if there is one to begin. @return when to look again; 0: at once */
static sim_time run_idle(struct smmu *smmu, sim_time now)
{
    struct smmu_command_engine *engine = &smmu->commands;
    const uint32_t prod = *smmu_register(smmu, SMMU_CMDQ_PROD);
    const uint32_t cons = *smmu_register(smmu, SMMU_CMDQ_CONS);
    struct smmu_queue queue;

    if (engine->buffered == 0 && prod == cons) {
        return SIM_TIME_NEVER; /* the usual case, without a look at anything else */
    }
    if (!is_enabled(smmu)) {
        engine->buffered = 0;
        return SIM_TIME_NEVER;
    }
    if (engine->buffered > 0) {
        if (!start(smmu, now)) {
            smmu_commands_fail(smmu, SMMU_CERROR_ILL);
            return SIM_TIME_NEVER;
        }
        return 0;
    }
    queue = command_queue(smmu);
    if (!smmu_queue_is_empty(&queue, prod, cons)) {
        fetch(smmu, &queue, prod, cons, now);
    }
    return SIM_TIME_NEVER;
}

static sim_time run_step(struct smmu *smmu, sim_time now)
{
    struct smmu_command_engine *engine = &smmu->commands;
    sim_time blocked;

    switch ((enum smmu_command_state)engine->state) {
    case SMMU_COMMAND_IDLE:
        return run_idle(smmu, now);
    case SMMU_COMMAND_EXECUTE:
        if (engine->until > now) {
            return engine->until;
        }
        if (is_sync(engine->buffer[engine->next])) {
            engine->state = SMMU_COMMAND_SYNC;
            smmu_sync_begin(smmu, &engine->sync, now);
        } else if (!smmu_invalidate_has_room(smmu)) {
            return SIM_TIME_NEVER; /* room comes in an evaluation of ours, which sets `again` */
        } else {
            smmu_command_apply(smmu, engine->buffer[engine->next], now);
            complete(smmu);
        }
        return 0;
    case SMMU_COMMAND_SYNC:
        blocked = sync_blocked(smmu, now);
        if (blocked == 0) {
            complete_sync(smmu);
        }
        return blocked;
    case SMMU_COMMAND_FETCH:
    default:
        return SIM_TIME_NEVER;
    }
}

sim_time smmu_commands_run(struct smmu *smmu, sim_time now)
{
    sim_time due;

    do {
        due = run_step(smmu, now);
    } while (due == 0);
    return due;
}
