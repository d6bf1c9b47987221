/* Running a system: the engine, and between its stretches what software does when asked, or when its time comes. */
#include "scenario/system_internal.h"

#include <string.h>

/**
 * Wires that interrupts of SMMUs take to software, and how many of them its input has room for. All root ports share
 * the last one: software looks at each of them.
 */
#define MAX_INPUTS (INTERRUPT_INPUT_WIRES - 1)
#define ROOT_PORTS (INTERRUPT_INPUT_WIRES - 1)

static bool has_pages(const struct scenario_smmu *smmu)
{
    return smmu->idr.ats && smmu->idr.pri;
}

static void join_wire(struct system *system, size_t smmu)
{
    struct sim_channel_config config = {.writer = smmu_component(system->smmus[smmu]),
                                        .reader = interrupt_input_component(system->interrupts),
                                        .latency = system->scenario->software.fault_latency,
                                        .credit_latency = system->scenario->software.fault_latency,
                                        .capacity = SMMU_WIRE_PACKETS};
    struct sim_channel *channel;

    config.name = sim_printf(system->sim, "%s page requests", config.writer->name);
    channel = sim_channel_create(system->sim, &config);
    smmu_bind_wire(system->smmus[smmu], SMMU_WIRE_PRIQ, channel);
    interrupt_input_bind(system->interrupts, (unsigned)smmu, channel);
}

/** The handler of a root port's message is software that serves it: it begins where the PE is done with the rest. */
static void join_root_port(struct system *system, uint32_t source, const char *name)
{
    for (uint32_t pe = 0; pe < system->scenario->platform.pe.count; pe++) {
        struct sim_channel_config config = {.writer = pe_component(system->pes[pe]),
                                            .reader = interrupt_input_component(system->interrupts),
                                            .capacity = 4};
        struct sim_channel *channel;

        config.name = sim_printf(system->sim, "pe%u handled %s", pe, name);
        channel = sim_channel_create(system->sim, &config);
        pe_bind_handled(system->pes[pe], source, channel);
        interrupt_input_bind(system->interrupts, ROOT_PORTS, channel);
    }
}

static void make_input(struct system *system)
{
    if (system->interrupts == NULL) {
        system->interrupts =
            interrupt_input_create(system->sim, "software", system->scenario->platform.interconnect.clock.period);
    }
}

/** @return whether any root port sends messages */
static bool join_root_ports(struct system *system)
{
    bool any = false;

    for (size_t i = 0; i < system->stream_count; i++) {
        const uint32_t function = system->streams[i].function_index;

        if (system->functions[function].device == NULL) {
            make_input(system);
            join_root_port(system, (uint32_t)i + 1, system->function_names[function]);
            any = true;
        }
    }
    return any;
}

static void count_errors(struct system *system)
{
    struct sim_component *component = interrupt_input_component(system->interrupts);
    const struct error_service *errors = &system->errors;

    sim_counter_register(component, "error-interrupts", &errors->interrupts);
    sim_counter_register(component, "errors-correctable", &errors->correctable);
    sim_counter_register(component, "errors-uncorrectable", &errors->uncorrectable);
    sim_counter_register(component, "error-searches", &errors->searches);
    sim_counter_register(component, "errors-cleared", &errors->cleared);
}

static bool has_fault_objects(const struct scenario *scenario)
{
    bool any = false;

    for (size_t i = 0; i < scenario->software.consumer_count; i++) {
        any = any || scenario->software.consumers[i].faults != FAULT_NONE;
    }
    return any;
}

void system_build_interrupts(struct system *system)
{
    const struct scenario_platform *platform = &system->scenario->platform;
    const struct paging_counters *counters = &system->software.paging.counters;
    struct sim_component *component;
    bool pages = false;

    for (size_t i = 0; i < platform->smmu_count && i < MAX_INPUTS; i++) {
        if (!has_pages(&platform->smmu[i])) {
            continue;
        }
        make_input(system);
        join_wire(system, i);
        pages = true;
    }
    if (join_root_ports(system)) {
        count_errors(system);
    }
    if (!pages) {
        return;
    }
    component = interrupt_input_component(system->interrupts);
    sim_counter_register(component, "page-requests", &counters->requests);
    sim_counter_register(component, "pages-mapped", &counters->mapped);
    sim_counter_register(component, "pages-refused", &counters->refused);
    sim_counter_register(component, "page-responses", &counters->responses);
    sim_counter_register(component, "pages-reclaimed", &counters->reclaimed);
    if (has_fault_objects(system->scenario)) {
        sim_counter_register(component, "page-requests-to-users", &counters->handed_over);
    }
}

void system_begin_reclaim(struct system *system, sim_time start, sim_time stop)
{
    const sim_time period = system->scenario->software.reclaim;

    system->reclaim_stop = stop;
    system->next_reclaim = period == 0 ? SIM_TIME_NEVER : start + period;
    if (system->next_reclaim > stop) {
        system->next_reclaim = SIM_TIME_NEVER;
    }
}

static void serve_root_ports(struct system *system)
{
    for (size_t i = 0; i < system->function_count; i++) {
        const uint32_t index = system->functions[i].tree_index;

        if (system->functions[i].device == NULL && system->software.found.functions[index].aer != 0) {
            error_service_run(&system->software, index, &system->errors);
        }
    }
}

/** Serves the page requests of SMMUs, and the errors of root ports, whose interrupt came. @return whether any did */
static bool serve_interrupts(struct system *system)
{
    uint64_t raised = system->interrupts != NULL ? interrupt_input_take(system->interrupts) : 0;
    const bool any = raised != 0;

    if ((raised >> ROOT_PORTS & 1) != 0) {
        serve_root_ports(system);
        raised &= ~(UINT64_C(1) << ROOT_PORTS);
    }
    if (raised != 0 && system_serve_pages(system, raised)) {
        return any;
    }
    for (; raised != 0 && system->failure.text[0] == '\0'; raised &= raised - 1) {
        paging_serve(&system->software, (uint32_t)__builtin_ctzll(raised), &system->failure);
    }
    return any;
}

static void reclaim(struct system *system)
{
    paging_reclaim(&system->software, &system->failure);
    system->next_reclaim += system->scenario->software.reclaim;
    if (system->next_reclaim > system->reclaim_stop) {
        system->next_reclaim = SIM_TIME_NEVER;
    }
}

/** When the next action of the timeline is due; SIM_TIME_NEVER: none is to come. */
static sim_time next_action(const struct system *system)
{
    const struct timeline *timeline = &system->timeline;

    return timeline->next < timeline->count ? system->start + timeline->steps[timeline->next].at : SIM_TIME_NEVER;
}

void system_watch_moments(struct system *system, system_moment_fn moment, void *context)
{
    system->moment = moment;
    system->moment_context = context;
}

static void tell_moment(struct system *system)
{
    if (system->moment != NULL) {
        system->moment(system, system->moment_context);
    }
}

/** Carries the timeline's next action out. */
static void act(struct system *system)
{
    if (system->timeline.next == 0) {
        tell_moment(system);
    }
    timeline_act(&system->timeline, &system->software, sim_now(system->sim));
    tell_moment(system);
}

enum sim_run_result system_run(struct system *system, sim_time end)
{
    for (;;) {
        const sim_time now = sim_now(system->sim);
        const sim_time answer =
            system->failure.text[0] == '\0' ? paging_next_answer(&system->software) : SIM_TIME_NEVER;
        const sim_time due = sim_time_min(sim_time_min(system->next_reclaim, answer), next_action(system));
        enum sim_run_result result;

        if (serve_interrupts(system)) {
            continue;
        }
        if (answer <= now) {
            paging_answer(&system->software, &system->failure);
            continue;
        }
        if (system->next_reclaim <= now) {
            reclaim(system);
            continue;
        }
        if (due <= now) {
            act(system);
            continue;
        }
        if (now >= end) {
            return SIM_RUN_REACHED_END;
        }
        result = system_advance(system, sim_time_min(end, due));
        if (result == SIM_RUN_DRAINED && due <= end) {
            host_wait(&system->access, due - sim_now(system->sim));
        } else if (result == SIM_RUN_DRAINED) {
            return result;
        }
    }
}

const struct host_error *system_failure(const struct system *system)
{
    return system->failure.text[0] != '\0' ? &system->failure : system_vm_failure(system);
}
