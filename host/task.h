/*
 * Tasks: threads of simulated software. Each is sequential code, as a driver or a hypervisor is written, with time of
 * its own: while it sleeps, waits for a register or for another task, the simulation and all other tasks go on.
 *
 * A task runs while the engine is paused, between two instants, and takes no time but for what it asks for
 * (task_sleep(), register accesses). So tasks may write memory directly as all software does, and what they do cannot
 * depend on the order of components within an instant: when tasks have become ready in an instant, the engine stops
 * after it, and tasks_run() resumes them in the order in which they were made.
 *
 * Accesses to registers are packets of a bus port that all tasks share, as host/port.h describes for one master:
 *
 *   stage              | time           | default | source
 *   -------------------+----------------+---------+------------------------------------------------
 *   issue              | issue_latency  | 20 ns   | assumption (core to interconnect port)
 *   return             | return_latency | 20 ns   | assumption
 *
 * One access is issued an edge, in turn among the tasks that have one.
 */
#ifndef DOORBELL_HOST_TASK_H
#define DOORBELL_HOST_TASK_H

#include "host/access.h"
#include "host/port.h"
#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct task;
struct task_set;

/** Most tasks of a set. */
#define TASK_MAX 512u

/** Makes an empty set. @param config clock and latencies of its bus port */
struct task_set *tasks_create(struct sim *sim, const char *name, const struct host_port_config *config);

/** Frees its tasks, wherever they stand. The component is the simulation's. NULL is allowed. */
void tasks_destroy(struct task_set *set);

/** Binds the bus port, as host_port_bind(). */
void tasks_bind(struct task_set *set, struct sim_bus_port bus);

/** The component: for channels. */
struct sim_component *tasks_component(struct task_set *set);

/** Makes a task that will run @p run when tasks_run() is next called. Only while building. */
struct task *task_create(struct task_set *set, const char *name, void (*run)(void *context), void *context);

/**
 * Resumes every task that is ready, until none is. Only while the engine is paused and from outside all tasks.
 * @return whether there was one
 */
bool tasks_run(struct task_set *set);

/** The task that runs; NULL outside of tasks. */
struct task *tasks_current(const struct task_set *set);

/** Runs the simulation as sim_run() does, and tasks whenever some are ready; a stop for others ends it. NULL: none. */
enum sim_run_result tasks_advance(struct task_set *set, struct sim *sim, sim_time end);

/** Whether the task's function has returned. */
bool task_has_ended(const struct task *task);

const char *task_name(const struct task *task);

/* ---- What a task does: of the task that runs ---- */

/** Lets time pass: to the first edge of the set's clock at or after now + @p duration, at least one cycle. */
void task_sleep(struct task *task, sim_time duration);

/** The same, but a signal ends it early. @return false if one did, or had come since the last wait */
bool task_sleep_unless(struct task *task, sim_time duration);

/** Waits for a signal; returns at once if one has come since the last wait. */
void task_wait(struct task *task);

/** Carries a register access out and waits for the answer, as host_port_perform(). */
void task_perform(struct task *task, struct host_port_access *access);

/** Wakes a task that waits, or notes that it need not. From tasks and between runs. */
void task_signal(struct task *task);

/** The same from within evaluate: the engine stops after the instant. */
void task_signal_soon(struct task *task);

/** How host_read32() and its like reach hardware from inside tasks, and from outside through the port given before. */
void tasks_use_access(struct task_set *set, struct host_access *access);

/* ---- Locks ---- */

/** What only one task may use at a time; zero-initialise. Those who wait get it in the order in which they came. */
struct task_lock {
    struct task *owner;
    struct task *first;
    struct task *last;
};

void task_lock(struct task_set *set, struct task_lock *lock);
void task_unlock(struct task_lock *lock);

#ifdef __cplusplus
}
#endif

#endif
