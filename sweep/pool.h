/*
 * Worker processes that take one task after another. Processes, not threads: a task that crashes takes one worker with
 * it, which is replaced, and every other task is done.
 *
 * Tasks are numbers; what they mean, the callbacks know. Each worker has one task at a time.
 */
#ifndef DOORBELL_SWEEP_POOL_H
#define DOORBELL_SWEEP_POOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a worker says of a task. It crosses a socket as it is, between processes of one program. */
struct pool_reply {
    uint64_t task;
    uint64_t wall_us;
    uint64_t value;  /**< what the caller likes */
    uint32_t status; /**< what the caller likes */
    uint32_t count;  /**< what the caller likes */
    bool unable;     /**< the worker can do no task: `message` says why */
    bool last;       /**< the worker ends behind this; pool_abandon() sets it */
    char message[400];
};

struct pool_work {
    unsigned workers; /**< at least 1 */
    void *context;

    /* In the caller's process. */
    bool (*next)(void *context, uint64_t *task);                 /**< the next task; false if none is left */
    void (*done)(void *context, const struct pool_reply *reply); /**< a task has ended */
    void (*died)(void *context, uint64_t task, int wait_status); /**< its worker has died of it */
    void (*idle)(void *context);                                 /**< every 200 ms or so */
    const volatile sig_atomic_t *stop;                           /**< ends everything when not 0; may be NULL */

    /* In the worker's process. */
    void *(*begin)(void *context, char *why, size_t size); /**< NULL: it can do nothing, for this reason */
    void (*work)(void *context, void *state, uint64_t task, struct pool_reply *reply);
    void (*end)(void *context, void *state);
};

/** How it went. */
enum pool_outcome {
    POOL_DONE,
    POOL_STOPPED, /**< `stop` was set: tasks under way are lost */
    POOL_UNABLE,  /**< workers cannot be made, or one said that it can do nothing */
};

/**
 * Does all tasks.
 * @param why receives one sentence for POOL_UNABLE
 * @return when no worker is left
 */
enum pool_outcome pool_run(const struct pool_work *work, char *why, size_t size);

/**
 * For a worker that must not go on after the task it is in: sends its reply and ends the process.
 * @param state what `begin` returned; `end` is called with it
 * @param reply its `last` is set
 */
void pool_abandon(const struct pool_work *work, void *state, struct pool_reply *reply) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
