/*
 * One loop for each PE: wait for a reason, have the PE, deal with what there is, choose who runs, give the PE back.
 *
 * What the PE tells within evaluate (an interrupt, a grant, an idle guest) is only noted there, on the PE's own record,
 * and dealt with by the PE's task after the instant. So the order of components within an instant does not matter.
 */
#include "host/hypervisor.h"

#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

/* ---- What PEs tell ---- */

/** Where an INTID is among those that the hypervisor can know: SPIs, then LPIs. UINT32_MAX: nowhere */
static uint32_t slot_of(const struct hypervisor *hypervisor, uint32_t intid)
{
    uint32_t slot = intid >= LPI_FIRST ? intid - LPI_FIRST + HYPERVISOR_SPIS : intid;

    return (intid >= LPI_FIRST || intid < HYPERVISOR_SPIS) && slot < hypervisor->lpi_count ? slot : UINT32_MAX;
}

static bool on_interrupt(void *context, struct sim_packet *packet, sim_time start)
{
    struct hypervisor_pe *pe = context;
    uint32_t index = slot_of(pe->hypervisor, packet->intid);

    if (index == UINT32_MAX || pe->hypervisor->lpis[index].kind == HYPERVISOR_LPI_NONE) {
        return false;
    }
    pe->taken = packet;
    pe->taken_start = start;
    task_signal_soon(pe->task);
    return true;
}

static void on_grant(void *context)
{
    struct hypervisor_pe *pe = context;

    pe->granted = true;
    task_signal_soon(pe->task);
}

static void on_idle(void *context)
{
    struct hypervisor_pe *pe = context;

    pe->idle = true;
    task_signal_soon(pe->task);
}

static void on_guest_handler(void *context, uint32_t intid, sim_time start)
{
    struct hypervisor_pe *pe = context;
    struct vcpu *vcpu = pe->current;

    vcpu->ipi.handled += intid < HYPERVISOR_SGIS;
    if (intid < HYPERVISOR_SGIS && vcpu->ipi.pending) {
        uint64_t took = (uint64_t)((start - vcpu->ipi.since) / SIM_NS);

        vcpu->ipi.pending = false;
        vcpu->ipi.timed++;
        vcpu->ipi.ns += took;
        vcpu->ipi.max_ns = took > vcpu->ipi.max_ns ? took : vcpu->ipi.max_ns;
    }
    for (uint32_t i = 0; i < vcpu->work_count; i++) {
        if (vcpu->work_intids[i] == intid) {
            vcpu->work |= 1u << i;
            vcpu->work_at = start;
            task_signal_soon(vcpu->guest);
        }
    }
}

/* ---- Queues of virtual CPUs ---- */

static void enqueue(struct hypervisor_pe *pe, struct vcpu *vcpu)
{
    vcpu->state = VCPU_READY;
    vcpu->pe = pe;
    vcpu->behind = NULL;
    if (pe->last != NULL) {
        pe->last->behind = vcpu;
    } else {
        pe->first = vcpu;
    }
    pe->last = vcpu;
}

static struct vcpu *dequeue(struct hypervisor_pe *pe)
{
    struct vcpu *vcpu = pe->first;

    if (vcpu != NULL) {
        pe->first = vcpu->behind;
        pe->last = pe->first != NULL ? pe->last : NULL;
    }
    return vcpu;
}

static void kick(struct hypervisor_pe *pe, sim_time delay)
{
    sim_time at = sim_now(pe->hypervisor->sim) + delay;

    if (!pe->kicked || at < pe->kick_at) {
        pe->kick_at = at;
    }
    pe->kicked = true;
    task_signal(pe->task);
}

/** Delay of a kick from the PE whose task runs now: none to itself. */
static sim_time kick_delay(const struct hypervisor_pe *pe)
{
    return tasks_current(pe->hypervisor->tasks) == pe->task ? 0 : pe->hypervisor->config.costs.kick;
}

/** Whether a virtual CPU is where it shall not run any more. */
static bool is_misplaced(const struct vcpu *vcpu)
{
    return vcpu->pe->number < vcpu->first_pe || vcpu->pe->number - vcpu->first_pe >= vcpu->pe_count;
}

/** Where a virtual CPU that is woken runs: where it was, unless that PE is taken and another of its PEs is not. */
static struct hypervisor_pe *choose_pe(struct vcpu *vcpu)
{
    struct hypervisor *hypervisor = vcpu->hypervisor;

    if (is_misplaced(vcpu)) {
        return &hypervisor->pes[vcpu->first_pe];
    }
    if (vcpu->pe->current == NULL && vcpu->pe->first == NULL) {
        return vcpu->pe;
    }
    for (uint32_t i = 0; i < vcpu->pe_count; i++) {
        struct hypervisor_pe *pe = &hypervisor->pes[vcpu->first_pe + i];

        if (pe->current == NULL && pe->first == NULL) {
            return pe;
        }
    }
    return vcpu->pe;
}

void vcpu_wake(struct vcpu *vcpu)
{
    if (vcpu->state == VCPU_BLOCKED) {
        struct hypervisor_pe *pe = choose_pe(vcpu);

        enqueue(pe, vcpu);
        kick(pe, kick_delay(pe));
    }
}

/** Takes a virtual CPU out of the queue that it stands in. */
static void withdraw(struct vcpu *vcpu)
{
    struct hypervisor_pe *pe = vcpu->pe;
    struct vcpu **link = &pe->first;
    struct vcpu *before = NULL;

    while (*link != vcpu) {
        before = *link;
        link = &(*link)->behind;
    }
    *link = vcpu->behind;
    if (pe->last == vcpu) {
        pe->last = before;
    }
}

void vcpu_move(struct vcpu *vcpu, uint32_t number)
{
    struct hypervisor_pe *pe = &vcpu->hypervisor->pes[number];

    vcpu->first_pe = number;
    vcpu->pe_count = 1;
    if (vcpu->pe == pe) {
        return;
    }
    if (vcpu->state == VCPU_READY) {
        withdraw(vcpu);
        enqueue(pe, vcpu);
        kick(pe, kick_delay(pe));
    } else if (vcpu->state != VCPU_BLOCKED) {
        kick(vcpu->pe, kick_delay(vcpu->pe));
    }
}

/* ---- Injection ---- */

static void tell_merged(struct hypervisor *hypervisor, struct sim_packet *packet, const struct hypervisor_pe *pe)
{
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(hypervisor->sim, SIM_EVENT_MSI_MERGED, packet, pe_component(pe->pe), sim_now(hypervisor->sim), 0);
    }
    sim_packet_free(hypervisor->sim, packet);
}

static bool is_pending(const struct vcpu *vcpu, uint32_t intid)
{
    for (const struct sim_packet *packet = vcpu->pending; packet != NULL; packet = packet->next) {
        if (packet->intid == intid) {
            return true;
        }
    }
    for (uint32_t i = 0; i < PE_LIST_REGISTERS; i++) {
        if (vcpu->context.listed[i] != NULL && vcpu->context.listed[i]->intid == intid) {
            return true;
        }
    }
    return vcpu->state == VCPU_LOADED && pe_find_injected(vcpu->pe->pe, intid) != NULL;
}

void vcpu_inject(struct vcpu *vcpu, struct sim_packet *packet, uint32_t intid, uint8_t priority)
{
    struct hypervisor *hypervisor = vcpu->hypervisor;
    sim_time now = sim_now(hypervisor->sim);
    struct sim_packet **end = &vcpu->pending;

    vcpu->injected++;
    sim_mark(hypervisor->sim, packet, hypervisor->stage, now);
    if (is_pending(vcpu, intid)) {
        tell_merged(hypervisor, packet, vcpu->pe);
        return;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    packet->intid = intid;
    packet->address = priority;
    packet->next = NULL;
    *end = packet;
    if (vcpu->state == VCPU_BLOCKED) {
        vcpu_wake(vcpu);
    } else if (vcpu->state != VCPU_READY) {
        kick(vcpu->pe, kick_delay(vcpu->pe));
    }
}

/** Moves what is pending into list registers, as far as there are free ones. The PE is ours. */
static void fill_list(struct hypervisor_pe *pe)
{
    struct vcpu *vcpu = pe->current;

    while (vcpu != NULL && vcpu->pending != NULL) {
        struct sim_packet *packet = vcpu->pending;
        struct sim_packet *next = packet->next;

        packet->next = NULL;
        if (!pe_inject(pe->pe, packet, (uint32_t)packet->address)) {
            packet->next = next;
            return;
        }
        vcpu->pending = next;
    }
}

/* ---- Loading and putting: the PE is ours ---- */

void hypervisor_fail(struct hypervisor *hypervisor, const struct host_error *error)
{
    if (!hypervisor->failed) {
        hypervisor->failed = true;
        hypervisor->error = *error;
    }
}

enum doorbell_act {
    DOORBELL_ON,
    DOORBELL_OFF,
    DOORBELL_CLEAR,
};

/**
 * GICv4.0: the doorbell of a virtual CPU is to ring only while that one waits. Before it runs it is switched off, and
 * what it has rung until then nobody needs any more (F6). Each is commands to an ITS.
 */
static bool set_doorbell(struct vcpu *vcpu, enum doorbell_act act, struct host_error *error)
{
    struct hypervisor *hypervisor = vcpu->hypervisor;
    bool fine;

    if (!vcpu->has_vpe || hypervisor->vpes.v4_1) {
        return true;
    }
    task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
    fine = act == DOORBELL_CLEAR ? vpe_driver_clear_doorbell(&hypervisor->vpes, &vcpu->vpe, error)
                                 : vpe_driver_set_doorbell(&hypervisor->vpes, &vcpu->vpe, act == DOORBELL_ON, error);
    task_unlock(&hypervisor->vpe_lock);
    return fine;
}

static void load(struct hypervisor_pe *pe, struct vcpu *vcpu)
{
    struct hypervisor *hypervisor = pe->hypervisor;
    struct host_error error = {.text = ""};
    bool fine = true;

    vcpu->state = VCPU_LOADING;
    task_sleep(pe->task, hypervisor->config.costs.load + (vcpu->by_timer ? hypervisor->config.costs.wake : 0));
    vcpu->by_timer = false;
    if (vcpu->has_vpe && vcpu->vpe.pe != pe->number) {
        task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
        fine = vpe_driver_move(&hypervisor->vpes, &vcpu->vpe, pe->number, &error);
        task_unlock(&hypervisor->vpe_lock);
    }
    fine = fine && set_doorbell(vcpu, DOORBELL_OFF, &error);
    if (vcpu->has_vpe && fine) {
        fine = vpe_driver_enter(&hypervisor->vpes, &vcpu->vpe, &error) && set_doorbell(vcpu, DOORBELL_CLEAR, &error);
    }
    if (!fine) {
        hypervisor_fail(hypervisor, &error);
    }
    pe_load_guest(pe->pe, &vcpu->context);
    pe_context_init(pe->pe, &vcpu->context);
    vcpu->state = VCPU_LOADED;
    vcpu->pe = pe;
    vcpu->loads++;
    pe->current = vcpu;
    pe->idle = false;
    pe->slice_end = sim_now(hypervisor->sim) + hypervisor->config.time_slice;
    if (vcpu->guest != NULL) {
        task_signal(vcpu->guest);
    }
}

static bool computes(const struct vcpu *vcpu)
{
    return vcpu->active || (vcpu->busy && sim_now(vcpu->hypervisor->sim) < vcpu->hypervisor->end);
}

/** @param doorbell it waits for an interrupt. @return whether something is pending for it already */
static bool put(struct hypervisor_pe *pe, bool doorbell)
{
    struct hypervisor *hypervisor = pe->hypervisor;
    struct vcpu *vcpu = pe->current;
    struct host_error error = {.text = ""};
    bool pending = false;

    pe_save_guest(pe->pe, &vcpu->context);
    if ((doorbell && !set_doorbell(vcpu, DOORBELL_ON, &error)) ||
        (vcpu->has_vpe && !vpe_driver_leave(&hypervisor->vpes, &vcpu->vpe, doorbell, &pending, &error))) {
        hypervisor_fail(hypervisor, &error);
    }
    /* Only now can another PE load it. */
    pe->current = NULL;
    vcpu->state = VCPU_BLOCKED;
    if (vcpu->guest != NULL) {
        task_signal(vcpu->guest);
    }
    return pending || vcpu->pending != NULL || computes(vcpu);
}

/** The guest waits for an interrupt (WFI traps): puts it, unless something has come. */
static void wait_for_interrupt(struct hypervisor_pe *pe)
{
    struct vcpu *vcpu = pe->current;

    pe->idle = false;
    task_sleep(pe->task, pe->hypervisor->config.costs.trap);
    fill_list(pe);
    if (computes(vcpu) || !pe_is_guest_idle(pe->pe)) {
        return;
    }
    if (put(pe, true)) {
        vcpu_wake(vcpu);
    }
}

/** Puts a virtual CPU, with the handler that it is at, back into a queue: of this PE, or of one where it may run. */
static void step_aside(struct hypervisor_pe *pe)
{
    struct vcpu *vcpu = pe->current;

    put(pe, false);
    if (is_misplaced(vcpu)) {
        pe = &pe->hypervisor->pes[vcpu->first_pe];
    }
    enqueue(pe, vcpu);
    kick(pe, kick_delay(pe));
}

/** Chooses who runs next. */
static void reschedule(struct hypervisor_pe *pe)
{
    sim_time now = sim_now(pe->hypervisor->sim);

    if (pe->current != NULL && pe->first != NULL && now >= pe->slice_end) {
        step_aside(pe);
    }
    if (pe->current == NULL && pe->first != NULL) {
        load(pe, dequeue(pe));
    }
}

/* ---- The loop ---- */

/** The guest has it disabled: it stays pending until that changes. */
static void keep_back(struct hypervisor *hypervisor, uint32_t number, struct sim_packet *packet)
{
    struct hypervisor_lpi *lpi = &hypervisor->lpis[number];

    if (lpi->held != NULL) {
        tell_merged(hypervisor, packet, lpi->vcpu->pe);
    } else {
        lpi->held = packet;
    }
}

/** An interrupt that the hypervisor knows. The PE has been ours since the acknowledge. */
static void deal_with_interrupt(struct hypervisor_pe *pe)
{
    struct hypervisor *hypervisor = pe->hypervisor;
    struct sim_packet *packet = pe->taken;
    uint32_t number = slot_of(hypervisor, packet->intid);
    const struct hypervisor_lpi lpi = hypervisor->lpis[number];
    sim_time now = sim_now(hypervisor->sim);
    struct host_error error = {.text = ""};

    pe->taken = NULL;
    if (pe->taken_start > now) {
        task_sleep(pe->task, pe->taken_start - now);
    }
    if (lpi.kind == HYPERVISOR_LPI_INJECT) {
        task_sleep(pe->task, hypervisor->config.costs.inject);
        if (lpi.disabled) {
            keep_back(hypervisor, number, packet);
        } else {
            vcpu_inject(lpi.vcpu, packet, lpi.intid, lpi.priority);
        }
        return;
    }
    sim_packet_free(hypervisor->sim, packet);
    lpi.vcpu->wakes_by_doorbell += lpi.vcpu->state == VCPU_BLOCKED;
    lpi.vcpu->idle_doorbells += lpi.vcpu->state != VCPU_BLOCKED;
    if (lpi.vcpu->state == VCPU_BLOCKED && !set_doorbell(lpi.vcpu, DOORBELL_OFF, &error)) {
        hypervisor_fail(hypervisor, &error);
    }
    task_sleep(pe->task, hypervisor->config.costs.wake);
    vcpu_wake(lpi.vcpu);
}

/** Lets the guest's code do what it trapped for, on this PE. */
static void serve_trap(struct hypervisor_pe *pe)
{
    struct vcpu *vcpu = pe->current;

    vcpu->trapping = false;
    vcpu->trapped = true;
    vcpu->traps++;
    task_sleep(pe->task, pe->hypervisor->config.costs.trap);
    task_signal(vcpu->guest);
    while (vcpu->trapped) {
        task_wait(pe->task);
    }
}

/** Whether the hypervisor has anything to do on the PE now; else *until becomes when it will. */
static bool has_reason(const struct hypervisor_pe *pe, sim_time *until)
{
    const struct vcpu *vcpu = pe->current;
    sim_time now = sim_now(pe->hypervisor->sim);

    *until = SIM_TIME_NEVER;
    if (pe->taken != NULL) {
        return true;
    }
    if (pe->kicked) {
        *until = pe->kick_at;
    }
    if (vcpu == NULL) {
        return pe->kicked ? pe->kick_at <= now : pe->first != NULL;
    }
    if (vcpu->trapping || is_misplaced(vcpu) || (pe->idle && !computes(vcpu) && pe_is_guest_idle(pe->pe))) {
        return true;
    }
    if (pe->first != NULL) {
        *until = sim_time_min(*until, pe->slice_end);
    }
    if (vcpu->busy && !vcpu->active && now < pe->hypervisor->end) {
        *until = sim_time_min(*until, pe->hypervisor->end);
    }
    return *until <= now;
}

/** Waits for a reason. */
static void await_reason(struct hypervisor_pe *pe)
{
    sim_time until;

    while (!has_reason(pe, &until)) {
        if (until == SIM_TIME_NEVER) {
            task_wait(pe->task);
        } else {
            task_sleep_unless(pe->task, until - sim_now(pe->hypervisor->sim));
        }
    }
}

/** Whether the guest is made to leave its PE by another PE, or by the timer; traps and WFI cost `trap`. */
static bool interrupts_guest(const struct hypervisor_pe *pe)
{
    return pe->current != NULL && !pe->current->trapping && (!pe->idle || computes(pe->current));
}

/** Has the PE, by an interrupt or because it was asked. */
static void take_pe(struct hypervisor_pe *pe)
{
    bool asked = pe->taken == NULL && interrupts_guest(pe);

    if (pe->taken == NULL) {
        pe_request(pe->pe);
    }
    while (pe->taken == NULL && !pe->granted) {
        task_wait(pe->task);
    }
    if (!pe->granted) {
        pe_cancel_request(pe->pe);
    } else if (asked && pe->hypervisor->config.costs.exit > 0) {
        task_sleep(pe->task, pe->hypervisor->config.costs.exit);
    }
    pe->granted = false;
}

static void run_pe(void *context)
{
    struct hypervisor_pe *pe = context;
    struct sim *sim = pe->hypervisor->sim;

    for (;;) {
        sim_time begin;

        await_reason(pe);
        take_pe(pe);
        begin = sim_now(sim);
        pe->works = true;
        if (pe->taken != NULL) {
            deal_with_interrupt(pe);
        }
        if (pe->kick_at <= sim_now(sim)) {
            pe->kicked = false;
        }
        if (pe->current != NULL && pe->current->trapping) {
            serve_trap(pe);
        }
        if (pe->current != NULL && is_misplaced(pe->current)) {
            step_aside(pe);
        }
        if (pe->current != NULL && pe->idle && !computes(pe->current)) {
            wait_for_interrupt(pe);
        }
        reschedule(pe);
        fill_list(pe);
        pe->occupied += sim_now(sim) - begin;
        pe->works = false;
        pe_release(pe->pe);
    }
}

void hypervisor_note_commands(struct hypervisor *hypervisor, bool under_way)
{
    const struct task *guest = tasks_current(hypervisor->tasks);

    for (uint32_t i = 0; i < hypervisor->pe_count; i++) {
        struct hypervisor_pe *pe = &hypervisor->pes[i];

        if (pe->current != NULL && pe->current->guest == guest) {
            pe->commands = under_way;
        }
    }
}

/* ---- Making ---- */

static uint64_t read_commands(const void *context)
{
    const struct hypervisor_pe *pe = context;

    return pe->commands;
}

static uint64_t read_works(const void *context)
{
    const struct hypervisor_pe *pe = context;

    return pe->works;
}

void hypervisor_init(struct hypervisor *hypervisor, struct sim *sim, struct task_set *tasks, struct pe *const *pes,
                     uint32_t pe_count, uint32_t lpi_limit, const struct hypervisor_config *config)
{
    memset(hypervisor, 0, sizeof(*hypervisor));
    hypervisor->sim = sim;
    hypervisor->tasks = tasks;
    hypervisor->config = *config;
    hypervisor->pe_count = pe_count;
    hypervisor->lpi_count = HYPERVISOR_SPIS + (lpi_limit > LPI_FIRST ? lpi_limit - LPI_FIRST : 0);
    hypervisor->lpis = sim_allocate(hypervisor->lpi_count, sizeof(*hypervisor->lpis));
    hypervisor->stage = sim_stage_register(sim, "hypervisor");
    for (uint32_t i = 0; i < pe_count; i++) {
        struct hypervisor_pe *pe = &hypervisor->pes[i];
        const struct pe_software software = {.context = pe,
                                             .interrupt = on_interrupt,
                                             .granted = on_grant,
                                             .guest_idle = on_idle,
                                             .guest_handler = on_guest_handler};

        pe->hypervisor = hypervisor;
        pe->number = i;
        pe->pe = pes[i];
        pe->task = task_create(tasks, sim_printf(sim, "hypervisor.pe%u", i), run_pe, pe);
        pe_set_software(pes[i], &software);
        sim_gauge_register(tasks_component(tasks), sim_printf(sim, "pe%u-hypervisor", i), 1, read_works, pe);
        sim_gauge_register(tasks_component(tasks), sim_printf(sim, "pe%u-commands", i), 1, read_commands, pe);
    }
}

void hypervisor_release(struct hypervisor *hypervisor)
{
    free(hypervisor->lpis);
    hypervisor->lpis = NULL;
}

void hypervisor_add_vcpu(struct hypervisor *hypervisor, struct vcpu *vcpu)
{
    if (hypervisor->vcpu_count == HYPERVISOR_MAX_VCPUS) {
        sim_panic(hypervisor->sim, NULL, NULL, "more than %u virtual CPUs", HYPERVISOR_MAX_VCPUS);
    }
    vcpu->hypervisor = hypervisor;
    vcpu->state = VCPU_BLOCKED;
    vcpu->pe = &hypervisor->pes[vcpu->first_pe + vcpu->number % vcpu->pe_count];
    pe_context_init(vcpu->pe->pe, &vcpu->context);
    hypervisor->vcpus[hypervisor->vcpu_count++] = vcpu;
}

void hypervisor_set_lpi(struct hypervisor *hypervisor, uint32_t intid, const struct hypervisor_lpi *lpi)
{
    struct hypervisor_lpi *entry = &hypervisor->lpis[slot_of(hypervisor, intid)];
    struct sim_packet *held = entry->held;

    *entry = *lpi;
    entry->held = held;
    if (held != NULL && lpi->kind == HYPERVISOR_LPI_INJECT && !lpi->disabled) {
        entry->held = NULL;
        vcpu_inject(lpi->vcpu, held, lpi->intid, lpi->priority);
    }
}

void hypervisor_finish(struct hypervisor *hypervisor)
{
    for (uint32_t i = 0; i < hypervisor->lpi_count; i++) {
        struct sim_packet *held = hypervisor->lpis[i].held;

        if (held != NULL) {
            hypervisor->lpis[i].held = NULL;
            sim_drop(hypervisor->sim, held, pe_component(hypervisor->pes[0].pe), sim_now(hypervisor->sim),
                     SIM_DROP_LPI_DISABLED);
        }
    }
}

void hypervisor_set_end(struct hypervisor *hypervisor, sim_time end)
{
    hypervisor->end = end;
    for (uint32_t i = 0; i < hypervisor->vcpu_count; i++) {
        if (hypervisor->vcpus[i]->busy) {
            vcpu_wake(hypervisor->vcpus[i]);
        }
    }
}

/* ---- Guests' code ---- */

void vcpu_set_guest(struct vcpu *vcpu, const char *name, void (*run)(void *context), void *context)
{
    vcpu->guest = task_create(vcpu->hypervisor->tasks, name, run, context);
    vcpu->active = true;
    vcpu_wake(vcpu);
}

static void await_loaded(struct vcpu *vcpu)
{
    while (vcpu->state != VCPU_LOADED) {
        task_wait(vcpu->guest);
    }
}

void vcpu_compute(struct vcpu *vcpu, sim_time duration)
{
    struct sim *sim = vcpu->hypervisor->sim;

    while (duration > 0) {
        const struct hypervisor_pe *pe;
        sim_time begin;
        sim_time occupied;
        sim_time done;

        await_loaded(vcpu);
        pe = vcpu->pe;
        begin = sim_now(sim);
        occupied = pe->occupied;
        task_sleep_unless(vcpu->guest, duration);
        done = sim_now(sim) - begin;
        done -= sim_time_min(done, pe->occupied - occupied);
        duration -= sim_time_min(done, duration);
    }
}

/** Signals that mean something else do not end it. */
static void sleep_until_work(struct vcpu *vcpu, sim_time end)
{
    const struct sim *sim = vcpu->hypervisor->sim;

    while (!vcpu->work && end == SIM_TIME_NEVER) {
        task_wait(vcpu->guest);
    }
    while (!vcpu->work && sim_now(sim) < end) {
        task_sleep_unless(vcpu->guest, end - sim_now(sim));
    }
}

uint32_t vcpu_idle(struct vcpu *vcpu, sim_time duration)
{
    const struct sim *sim = vcpu->hypervisor->sim;
    uint32_t work;

    vcpu->active = false;
    if (vcpu->state == VCPU_LOADED) {
        task_signal(vcpu->pe->task);
    }
    sleep_until_work(vcpu, duration == SIM_TIME_NEVER ? SIM_TIME_NEVER : sim_now(sim) + duration);
    vcpu->active = true;
    vcpu->by_timer = vcpu->state == VCPU_BLOCKED;
    vcpu_wake(vcpu);
    await_loaded(vcpu);
    work = vcpu->work;
    vcpu->work = 0;
    if (work != 0 && vcpu->work_at > sim_now(sim)) {
        vcpu_compute(vcpu, vcpu->work_at - sim_now(sim));
    }
    return work;
}

void vcpu_retire(struct vcpu *vcpu)
{
    vcpu->active = false;
    if (vcpu->state == VCPU_LOADED) {
        task_signal(vcpu->pe->task);
    }
}

void vcpu_trap(struct vcpu *vcpu)
{
    vcpu->trapping = true;
    while (!vcpu->trapped) {
        if (vcpu->state == VCPU_LOADED) {
            task_signal(vcpu->pe->task);
        }
        task_wait(vcpu->guest);
    }
}

void vcpu_untrap(struct vcpu *vcpu)
{
    vcpu->trapped = false;
    task_signal(vcpu->pe->task);
}
