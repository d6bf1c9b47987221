/*
 * The command engine (IHI 0070, 3.5.1, 3.5.6 and 4.7): every command queue reads its commands a 64-byte line at a time,
 * and carries them out one after the other. Reads, and the waiting of CMD_SYNCs, go on in all queues at once; what
 * carries commands out is one, and goes round among the queues that have some. A queue's CONS moves on when a command
 * is complete.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"

/* What start() and run_step() return: nothing more at this instant, and the executor is free for another queue. */
#define RELEASED 1

static struct smmu_queue decode_queue(struct smmu *smmu, const struct smmu_command_queue *q)
{
    const uint64_t base = q->kind == SMMU_QUEUE_CMDQ ? smmu_register64(smmu, SMMU_CMDQ_BASE) : q->base;

    return smmu_queue_decode(smmu_truncate_output(smmu, base), smmu->config.command_queue_bits, SMMU_CMD_BYTES);
}

static uint32_t *prod_of(struct smmu *smmu, struct smmu_command_queue *q)
{
    return q->kind == SMMU_QUEUE_CMDQ ? smmu_register(smmu, SMMU_CMDQ_PROD) : &q->prod;
}

static uint32_t *cons_of(struct smmu *smmu, struct smmu_command_queue *q)
{
    return q->kind == SMMU_QUEUE_CMDQ ? smmu_register(smmu, SMMU_CMDQ_CONS) : &q->cons;
}

/* Whether commands are to be consumed: an idle queue is enabled, and no error of its own stops it. */
static bool is_enabled(struct smmu *smmu, struct smmu_command_queue *q)
{
    switch (q->kind) {
    case SMMU_QUEUE_ECMDQ:
        return smmu_ecmdq_update(q);
    case SMMU_QUEUE_VCMDQ:
        return smmu_vcmdq_update(smmu, q);
    case SMMU_QUEUE_CMDQ:
    default:
        return smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_CMDQEN) != 0 &&
               !smmu_gerror_is_active(smmu, SMMU_MASK32(SMMU_GERROR_CMDQ));
    }
}

void smmu_commands_fail(struct smmu *smmu, struct smmu_command_queue *q, uint32_t reason)
{
    uint32_t *cons = cons_of(smmu, q);

    /* CONS stays on the command that failed; when software has acknowledged, it is read again. */
    q->state = SMMU_COMMAND_IDLE;
    q->buffered = 0;
    switch (q->kind) {
    case SMMU_QUEUE_ECMDQ:
        smmu_ecmdq_fail(smmu, q, reason);
        break;
    case SMMU_QUEUE_VCMDQ:
        smmu_vcmdq_fail(smmu, q, reason);
        break;
    case SMMU_QUEUE_CMDQ:
    default:
        *cons = (uint32_t)smmu_put(*cons, SMMU_CMDQ_CONS_ERR, reason);
        smmu_gerror_raise(smmu, SMMU_MASK32(SMMU_GERROR_CMDQ));
        break;
    }
}

void smmu_commands_wake(struct smmu *smmu, uint32_t queue)
{
    struct smmu_command_engine *engine = &smmu->commands;

    if (!engine->queues[queue].awake) {
        engine->queues[queue].awake = true;
        engine->awake++;
    }
}

static void sleep_queue(struct smmu *smmu, struct smmu_command_queue *q)
{
    q->buffered = 0;
    q->awake = false;
    smmu->commands.awake--;
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

static void fetch(struct smmu *smmu, struct smmu_command_queue *q, const struct smmu_queue *queue, sim_time now)
{
    const uint32_t cons = *cons_of(smmu, q);
    const struct smmu_request request = {
        .requester = SMMU_REQUEST_COMMAND,
        .index = (uint8_t)(q - smmu->commands.queues),
        .type = SIM_PACKET_READ,
        .length = (uint8_t)(batch_size(queue, *prod_of(smmu, q), cons) * SMMU_CMD_BYTES),
        .address = queue->base + (uint64_t)smmu_queue_slot(queue, cons) * SMMU_CMD_BYTES,
        .leave = now + smmu->times.issue,
    };

    q->state = SMMU_COMMAND_FETCH;
    smmu_walker_request(smmu, &request);
}

void smmu_commands_fetched(struct smmu *smmu, uint32_t index, const uint8_t *data, uint32_t bytes)
{
    struct smmu_command_queue *q = &smmu->commands.queues[index];

    q->state = SMMU_COMMAND_IDLE;
    if (data == NULL) {
        smmu_commands_fail(smmu, q, SMMU_CERROR_ABT);
        return;
    }
    q->next = 0;
    q->buffered = bytes / SMMU_CMD_BYTES;
    for (uint32_t i = 0; i < q->buffered; i++) {
        q->buffer[i][0] = sim_load_le64(data + (size_t)i * SMMU_CMD_BYTES);
        q->buffer[i][1] = sim_load_le64(data + (size_t)i * SMMU_CMD_BYTES + 8);
    }
}

static bool is_sync(const uint64_t *words)
{
    return smmu_field_get(words, SMMU_CMD_OPCODE) == SMMU_CMD_SYNC;
}

/* Starts the next command of the buffer. @return SMMU_CERROR_NONE, or why it cannot be carried out */
static uint32_t start(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    uint64_t *words = q->buffer[q->next];
    const uint32_t refused = q->kind == SMMU_QUEUE_VCMDQ ? smmu_vcmdq_translate(smmu, q, words) : SMMU_CERROR_NONE;
    uint32_t sets = 0;

    if (refused != SMMU_CERROR_NONE) {
        return refused;
    }
    if (is_sync(words)) {
        if (smmu_field_get(words, SMMU_CMD_CS) > SMMU_SYNC_SEV) {
            return SMMU_CERROR_ILL;
        }
    } else {
        if (!smmu_command_is_legal(smmu, words)) {
            return SMMU_CERROR_ILL;
        }
        sets = smmu_command_sets(smmu, words);
    }
    if (smmu->observer != NULL) {
        smmu->observer(smmu->observer_context, (uint32_t)(q - smmu->commands.queues), words);
    }
    q->state = SMMU_COMMAND_EXECUTE;
    q->until = now + smmu->times.command + sets * smmu->times.scan;
    smmu->commands.busy = true;
    return SMMU_CERROR_NONE;
}

/* The executor is through with a queue's command: it is the next queue's turn. */
static void release(struct smmu *smmu, const struct smmu_command_queue *q)
{
    struct smmu_command_engine *engine = &smmu->commands;
    const uint32_t next = (uint32_t)(q - engine->queues) + 1;

    engine->busy = false;
    engine->turn = next < engine->count ? next : 0;
}

/* The command at the head of the buffer is complete. */
static void complete(struct smmu *smmu, struct smmu_command_queue *q)
{
    const struct smmu_queue queue = decode_queue(smmu, q);
    uint32_t *cons = cons_of(smmu, q);

    if (smmu_queue_is_full(&queue, *prod_of(smmu, q), *cons)) {
        smmu_interrupt_wake(smmu);
    }
    *cons = smmu_queue_advance(&queue, *cons);
    q->next++;
    q->buffered--;
    q->state = SMMU_COMMAND_IDLE;
    smmu->counters.commands++;
}

static uint8_t index_of(const struct smmu *smmu, const struct smmu_command_queue *q)
{
    return (uint8_t)(q - smmu->commands.queues);
}

/*
 * A CMD_SYNC first waits for the endpoints' answers to the queue's CMD_ATC_INVs: what they have sent before them has
 * come by then, and is waited for next. @return whether that has begun
 */
static bool begin_sync(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    if (smmu_atc_is_busy(smmu, index_of(smmu, q))) {
        return false; /* an answer, or its time-out, sets `again` */
    }
    if (smmu_atc_take_failure(smmu, index_of(smmu, q))) {
        smmu_commands_fail(smmu, q, SMMU_CERROR_ATC_INV_SYNC);
        return false;
    }
    smmu_sync_begin(smmu, &q->sync, now);
    q->sync.begun = true;
    return true;
}

/*
 * Whether a CMD_SYNC can complete: TBUs first, then the event records of requests that were terminated there. @return
 * when to look again; 0 if it can complete
 */
static sim_time sync_blocked(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    const sim_time due = smmu_sync_wait(smmu, &q->sync, now);

    if (due != 0) {
        return due;
    }
    return q->sync.events > smmu->events.finished || !smmu_interrupt_sync_ready(smmu) ? SIM_TIME_NEVER : 0;
}

static void complete_sync(struct smmu *smmu, struct smmu_command_queue *q)
{
    const uint64_t *words = q->buffer[q->next];

    if (smmu_field_get(words, SMMU_CMD_CS) == SMMU_SYNC_SEV) {
        smmu_interrupt_wake(smmu);
    }
    if (smmu_field_get(words, SMMU_CMD_CS) == SMMU_SYNC_IRQ) {
        smmu_interrupt_sync(smmu, smmu_field_get_address(words, SMMU_CMD_MSIADDR),
                            (uint32_t)smmu_field_get(words, SMMU_CMD_MSIDATA));
    }
    complete(smmu, q);
}

/* Begins a command or a fetch if there is one to begin. @return when to look again; 0: at once */
static sim_time run_idle(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    struct smmu_queue queue;
    uint32_t error;

    if (!is_enabled(smmu, q)) {
        sleep_queue(smmu, q);
        return SIM_TIME_NEVER;
    }
    if (q->buffered > 0) {
        if (smmu->commands.busy) {
            return SIM_TIME_NEVER; /* another queue's command is being carried out: then it is our turn */
        }
        error = start(smmu, q, now);
        if (error != SMMU_CERROR_NONE) {
            smmu_commands_fail(smmu, q, error);
        }
        return 0;
    }
    queue = decode_queue(smmu, q);
    if (smmu_queue_is_empty(&queue, *prod_of(smmu, q), *cons_of(smmu, q))) {
        sleep_queue(smmu, q);
    } else {
        fetch(smmu, q, &queue, now);
    }
    return SIM_TIME_NEVER;
}

/* One step of a queue. @return when to look again; 0: at once; RELEASED: at once, but other queues first */
static sim_time run_step(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    sim_time blocked;

    switch ((enum smmu_command_state)q->state) {
    case SMMU_COMMAND_IDLE:
        return q->awake ? run_idle(smmu, q, now) : SIM_TIME_NEVER;
    case SMMU_COMMAND_EXECUTE:
        if (q->until > now) {
            return q->until;
        }
        if (is_sync(q->buffer[q->next])) {
            q->state = SMMU_COMMAND_SYNC;
            q->sync.begun = false;
        } else if (!smmu_command_has_room(smmu, q->buffer[q->next])) {
            return SIM_TIME_NEVER; /* room comes in an evaluation of ours, which sets `again` */
        } else {
            smmu_command_apply(smmu, index_of(smmu, q), q->buffer[q->next], now);
            complete(smmu, q);
        }
        release(smmu, q);
        return RELEASED;
    case SMMU_COMMAND_SYNC:
        if (!q->sync.begun && !begin_sync(smmu, q, now)) {
            return q->state == SMMU_COMMAND_IDLE ? 0 : SIM_TIME_NEVER;
        }
        blocked = sync_blocked(smmu, q, now);
        if (blocked == 0) {
            complete_sync(smmu, q);
        }
        return blocked;
    case SMMU_COMMAND_FETCH:
    default:
        return SIM_TIME_NEVER;
    }
}

/* Runs a queue until it waits, or has let go of the executor. */
static sim_time run_queue(struct smmu *smmu, struct smmu_command_queue *q, sim_time now)
{
    sim_time due;

    do {
        due = run_step(smmu, q, now);
    } while (due == 0);
    return due;
}

void smmu_observe_commands(struct smmu *smmu, smmu_command_observer observer, void *context)
{
    smmu->observer = observer;
    smmu->observer_context = context;
}

sim_time smmu_commands_run(struct smmu *smmu, sim_time now)
{
    struct smmu_command_engine *engine = &smmu->commands;
    sim_time due;
    bool released;

    if (engine->awake == 0) {
        return SIM_TIME_NEVER; /* the usual case, without a look at anything else */
    }
    do {
        uint32_t index = engine->turn;

        released = false;
        due = SIM_TIME_NEVER;
        for (uint32_t i = 0; i < engine->count; i++) {
            struct smmu_command_queue *q = &engine->queues[index];
            const sim_time again = q->awake ? run_queue(smmu, q, now) : SIM_TIME_NEVER;

            released = released || again == RELEASED;
            due = sim_time_min(due, again);
            index = index + 1 < engine->count ? index + 1 : 0;
        }
    } while (released);
    return due;
}
