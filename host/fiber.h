/*
 * A thread of control with a stack of its own, inside one thread of the process: sequential code that can stop in the
 * middle and go on later. Simulated software is written so (host/task.h).
 *
 * A fiber runs when somebody resumes it, on that somebody's thread, until it yields or its function returns.
 */
#ifndef DOORBELL_HOST_FIBER_H
#define DOORBELL_HOST_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fiber;

/**
 * Makes a fiber that will call @p run. Out of memory ends the process.
 * @param stack_bytes rounded up to whole pages
 */
struct fiber *fiber_create(size_t stack_bytes, void (*run)(void *context), void *context);

/** Frees a fiber that does not run, wherever its function stands. NULL is allowed. */
void fiber_destroy(struct fiber *fiber);

/** Runs it until it yields or ends. Not from inside itself, and not after it has ended. @return false: it has ended */
bool fiber_resume(struct fiber *fiber);

/** From inside it: goes back to who resumed it. Returns when it is resumed again. */
void fiber_yield(struct fiber *fiber);

#ifdef __cplusplus
}
#endif

#endif
