#include "host/task.h"

#include "host/fiber.h"
#include "sim/occupancy.h"
#include "sim/sim.h"

#include <stdlib.h>

#define STACK_BYTES ((size_t)256 * 1024)

enum task_state {
    TASK_READY,
    TASK_SLEEP,    /**< until `time` */
    TASK_NAP,      /**< until `time` or a signal */
    TASK_WAIT,     /**< until a signal */
    TASK_ISSUE,    /**< its access goes out at `time`, or as soon as there is space */
    TASK_ANSWER,   /**< its access has not been answered */
    TASK_STANDING, /**< wants a lock */
    TASK_ENDED,
};

struct task {
    struct task_set *set;
    const char *name;
    uint32_t name_hash;
    uint32_t index;
    struct fiber *fiber;
    enum task_state state;
    sim_time time; /**< an edge */
    bool signalled;
    struct host_port_access *access;
    uint32_t count;      /**< accesses so far */
    struct task *behind; /**< in the queue of a lock */
};

struct task_set {
    struct sim_component component; /**< first */
    struct host_port_config config;
    struct sim_bus_port bus;
    struct task *tasks[TASK_MAX];
    uint32_t count;
    uint32_t turn; /**< whose access goes out first: one past the last */
    struct task *current;
    struct host_access *access;
};

/* ---- The component ---- */

static void set_byte_enables(struct sim_packet *packet, uint64_t address, uint32_t size)
{
    unsigned lanes = ((1u << size) - 1) << (address & 3);

    packet->first_be = (uint8_t)(lanes & 0xf);
    packet->last_be = (uint8_t)(lanes >> 4);
}

static struct sim_packet *make_request(struct task *task, sim_time now)
{
    const struct host_port_access *access = task->access;
    struct sim_packet *packet = sim_packet_new(task->set->component.sim, access->size);

    packet->id = sim_packet_identity(task->name_hash, task->count++);
    packet->born = now;
    packet->last_mark = now;
    packet->tag = (uint16_t)task->index;
    packet->type = access->write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = access->address;
    set_byte_enables(packet, access->address, access->size);
    for (uint32_t i = 0; access->write && i < access->size; i++) {
        packet->data[i] = (uint8_t)(access->value >> 8 * i);
    }
    return packet;
}

static void take_answer(struct task_set *set, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(set->bus.response, now);
    struct task *task = packet->tag < set->count ? set->tasks[packet->tag] : NULL;

    if (task == NULL || task->state != TASK_ANSWER) {
        sim_panic(set->component.sim, &set->component, packet, "not the answer to an access under way");
    }
    task->access->status = packet->status;
    if (!task->access->write) {
        task->access->value = 0;
        for (uint32_t i = 0; i < task->access->size; i++) {
            task->access->value |= (uint64_t)packet->data[i] << 8 * i;
        }
    }
    sim_packet_free(set->component.sim, packet);
    task->state = TASK_SLEEP;
    task->time = sim_component_edge(&set->component, now + sim_time_max(set->config.return_latency, 1));
}

/** Sends one access that is due, of the task whose turn it is. @return when a full channel has space again */
static sim_time issue(struct task_set *set, sim_time now)
{
    struct sim_channel *request = set->bus.request;

    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t index = (set->turn + i) % set->count;
        struct task *task = set->tasks[index];

        if (task->state != TASK_ISSUE || task->time > now) {
            continue;
        }
        if (!sim_channel_has_space(request, now, set->config.issue_latency, 0)) {
            return sim_channel_space_at(request, now, set->config.issue_latency, 0);
        }
        sim_channel_push(request, make_request(task, now), now, set->config.issue_latency, 0, 0, 0);
        task->state = TASK_ANSWER;
        set->turn = index + 1;
        return SIM_TIME_NEVER;
    }
    return SIM_TIME_NEVER;
}

/** When a task's timer ends, or its access can go out. */
static sim_time next_due(const struct task_set *set, sim_time now, sim_time space)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint32_t i = 0; i < set->count; i++) {
        const struct task *task = set->tasks[i];

        if (task->state == TASK_SLEEP || task->state == TASK_NAP) {
            due = sim_time_min(due, task->time);
        } else if (task->state == TASK_ISSUE && task->time > now) {
            due = sim_time_min(due, task->time);
        } else if (task->state == TASK_ISSUE) {
            due = sim_time_min(due, space != SIM_TIME_NEVER ? space : sim_component_edge(&set->component, now + 1));
        }
    }
    return due;
}

static sim_time tasks_evaluate(struct sim_component *component, sim_time now)
{
    struct task_set *set = (struct task_set *)component;
    sim_time space;

    if (sim_channel_peek(set->bus.response, now) != NULL) {
        take_answer(set, now);
    }
    space = issue(set, now);
    for (uint32_t i = 0; i < set->count; i++) {
        struct task *task = set->tasks[i];

        if ((task->state == TASK_SLEEP || task->state == TASK_NAP) && task->time <= now) {
            task->state = TASK_READY;
            sim_request_stop(component->sim);
        }
    }
    return sim_time_min(next_due(set, now, space), sim_channel_next_arrival(set->bus.response));
}

/* ---- The set ---- */

struct task_set *tasks_create(struct sim *sim, const char *name, const struct host_port_config *config)
{
    struct task_set *set = sim_alloc(sim, sizeof(*set));

    sim_component_init(&set->component, sim, name, config->period, tasks_evaluate);
    set->config = *config;
    return set;
}

void tasks_destroy(struct task_set *set)
{
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        fiber_destroy(set->tasks[i]->fiber);
        set->tasks[i]->fiber = NULL;
    }
}

void tasks_bind(struct task_set *set, struct sim_bus_port bus)
{
    set->bus = bus;
}

struct sim_component *tasks_component(struct task_set *set)
{
    return &set->component;
}

struct task *task_create(struct task_set *set, const char *name, void (*run)(void *context), void *context)
{
    struct task *task = sim_alloc(set->component.sim, sizeof(*task));

    if (set->count == TASK_MAX) {
        sim_panic(set->component.sim, &set->component, NULL, "more than %u tasks", TASK_MAX);
    }
    task->set = set;
    task->name = sim_strdup(set->component.sim, name);
    task->name_hash = sim_name_hash(name);
    task->index = set->count;
    task->fiber = fiber_create(STACK_BYTES, run, context);
    set->tasks[set->count++] = task;
    sim_packet_reserve(set->component.sim, 1, false);
    return task;
}

struct task *tasks_current(const struct task_set *set)
{
    return set->current;
}

static bool is_ready(const struct task *task)
{
    return task->state == TASK_READY || (task->signalled && (task->state == TASK_WAIT || task->state == TASK_NAP));
}

bool tasks_run(struct task_set *set)
{
    bool any = false;
    bool again = true;

    while (again) {
        again = false;
        for (uint32_t i = 0; i < set->count; i++) {
            struct task *task = set->tasks[i];

            if (is_ready(task)) {
                task->state = TASK_READY;
                set->current = task;
                if (!any) {
                    sim_occupancy_touch(&set->component); /* gauges of what tasks do */
                }
                if (!fiber_resume(task->fiber)) {
                    task->state = TASK_ENDED;
                }
                set->current = NULL;
                again = true;
                any = true;
            }
        }
    }
    return any;
}

enum sim_run_result tasks_advance(struct task_set *set, struct sim *sim, sim_time end)
{
    enum sim_run_result result;

    if (set == NULL) {
        return sim_run(sim, end);
    }
    tasks_run(set);
    do {
        result = sim_run(sim, end);
    } while (tasks_run(set));
    return result;
}

bool task_has_ended(const struct task *task)
{
    return task->state == TASK_ENDED;
}

const char *task_name(const struct task *task)
{
    return task->name;
}

/* ---- What a task does ---- */

static void rest(struct task *task, enum task_state state)
{
    if (task->set->current != task) {
        sim_panic(task->set->component.sim, &task->set->component, NULL, "task %s does not run", task->name);
    }
    task->state = state;
    fiber_yield(task->fiber);
}

static void set_timer(struct task *task, sim_time duration)
{
    struct sim_component *component = &task->set->component;

    task->time = sim_component_edge(component, sim_now(component->sim) + sim_time_max(duration, 1));
    sim_wake(component, task->time);
}

void task_sleep(struct task *task, sim_time duration)
{
    set_timer(task, duration);
    rest(task, TASK_SLEEP);
}

bool task_sleep_unless(struct task *task, sim_time duration)
{
    bool slept;

    if (!task->signalled) {
        set_timer(task, duration);
        rest(task, TASK_NAP);
    }
    slept = !task->signalled;
    task->signalled = false;
    return slept;
}

void task_wait(struct task *task)
{
    if (!task->signalled) {
        rest(task, TASK_WAIT);
    }
    task->signalled = false;
}

void task_perform(struct task *task, struct host_port_access *access)
{
    struct sim *sim = task->set->component.sim;
    uint32_t size = access->size;

    if ((size != 1 && size != 2 && size != 4 && size != 8) || (access->address & (size - 1)) != 0) {
        sim_panic(sim, &task->set->component, NULL, "an access of %u bytes at 0x%llx", size,
                  (unsigned long long)access->address);
    }
    task->access = access;
    set_timer(task, 1);
    rest(task, TASK_ISSUE);
    task->access = NULL;
}

void task_signal(struct task *task)
{
    task->signalled = true;
}

void task_signal_soon(struct task *task)
{
    task->signalled = true;
    sim_request_stop(task->set->component.sim);
}

/* ---- Access for drivers ---- */

static void perform(void *context, struct host_port_access *access)
{
    struct task_set *set = context;

    if (set->current != NULL) {
        task_perform(set->current, access);
    } else {
        host_port_perform(set->access->port, access);
    }
}

static void wait(void *context, sim_time duration)
{
    struct task_set *set = context;

    if (set->current != NULL) {
        task_sleep(set->current, duration);
    } else {
        host_port_wait(set->access->port, duration);
    }
}

static const struct host_access_ops access_ops = {.perform = perform, .wait = wait};

static void run_tasks(void *context)
{
    tasks_run(context);
}

void tasks_use_access(struct task_set *set, struct host_access *access)
{
    set->access = access;
    host_access_divert(access, &access_ops, set);
    host_port_set_pump(access->port, run_tasks, set);
}

/* ---- Locks ---- */

void task_lock(struct task_set *set, struct task_lock *lock)
{
    struct task *task = set->current;

    if (task == NULL) {
        sim_panic(set->component.sim, &set->component, NULL, "only tasks take locks");
    }
    if (lock->owner == NULL) {
        lock->owner = task;
        return;
    }
    task->behind = NULL;
    if (lock->last != NULL) {
        lock->last->behind = task;
    } else {
        lock->first = task;
    }
    lock->last = task;
    rest(task, TASK_STANDING);
}

void task_unlock(struct task_lock *lock)
{
    struct task *next = lock->first;

    lock->owner = next;
    if (next != NULL) {
        lock->first = next->behind;
        lock->last = lock->first != NULL ? lock->last : NULL;
        next->state = TASK_READY;
    }
}
