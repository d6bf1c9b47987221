/* The virtual machines of a system: from the scenario's words to host/vm.h, and what they need while it runs. */
#include "host/interrupt_input.h"
#include "models/smmuv3/smmu_cmdqv.h"
#include "scenario/smmu_idr.h"
#include "scenario/system_internal.h"
#include "scenario/vm_tables.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

/** What a system with virtual machines has besides. */
struct system_vms {
    struct task_set *tasks;
    struct hypervisor hypervisor;
    struct vm_host host;
    struct vm *vms;
    struct vm_tables *tables; /**< per machine */
    struct stale_checker stale;
    uint32_t *cmdqv_offsets;
    uint32_t *vintfs;               /**< given out, per SMMU */
    struct interrupt_input *events; /**< of SMMUs that guests translate with; NULL: there are none */
    struct task *event_task;
    uint64_t raised; /**< SMMUs whose event queue has something */
    struct task *page_task;
    uint64_t asked; /**< SMMUs whose queue of page requests has something */
    size_t vm_count;
};

/* ---- Building ---- */

static sim_time pe_cycles(const struct scenario *scenario, uint32_t cycles)
{
    return sim_time_cycles(cycles, scenario->platform.pe.clock.period);
}

static struct hypervisor_config hypervisor_of(const struct scenario *scenario)
{
    const struct scenario_hypervisor *from = &scenario->software.hypervisor;

    return (struct hypervisor_config){.time_slice = from->time_slice,
                                      .costs = {.trap = pe_cycles(scenario, from->trap_cycles),
                                                .emulate = pe_cycles(scenario, from->emulate_cycles),
                                                .user = pe_cycles(scenario, from->user_cycles),
                                                .inject = from->inject_time,
                                                .wake = pe_cycles(scenario, from->wake_cycles),
                                                .load = pe_cycles(scenario, from->load_cycles),
                                                .kick = from->kick_time,
                                                .its_command = pe_cycles(scenario, from->its_command_cycles),
                                                .smmu_command = pe_cycles(scenario, from->smmu_command_cycles),
                                                .exit = pe_cycles(scenario, scenario->platform.pe.guest_exit_cycles),
                                                .enter = pe_cycles(scenario, scenario->platform.pe.guest_enter_cycles),
                                                .guest_step = pe_cycles(scenario, from->guest_step_cycles)}};
}

/** A guest's device reads its buffers from elsewhere from now on. */
static void move_buffer(void *context, uint32_t endpoint, uint32_t function, uint32_t stream, uint64_t address,
                        uint64_t size)
{
    struct system *system = context;

    endpoint_set_buffer(system->endpoints[endpoint], function, stream, address, size);
}

static void find_cmdqvs(struct system *system)
{
    const struct scenario_platform *platform = &system->scenario->platform;
    struct system_vms *machines = system->machines;

    machines->cmdqv_offsets = sim_allocate(platform->smmu_count, sizeof(uint32_t));
    machines->vintfs = sim_allocate(platform->smmu_count, sizeof(uint32_t));
    for (size_t i = 0; i < platform->smmu_count; i++) {
        struct smmu_config config;

        smmu_config_defaults(&config);
        smmu_idr_apply(&platform->smmu[i], &config);
        machines->cmdqv_offsets[i] = platform->smmu[i].idr.vcmdqs != 0 ? smmu_cmdqv_offset(&config) : 0;
    }
}

/* ---- Events of SMMUs ---- */

/** Wires of errors of virtual command queues, behind those of event queues. */
#define QUEUE_WIRES HYPERVISOR_MAX_SMMUS

/** Reads whose virtual command queues have errors, as the host's driver does for iommufd, and tells those guests. */
static void report_queue_errors(struct system *system, uint32_t smmu)
{
    const struct system_vms *machines = system->machines;
    struct smmu_driver *driver = &system->software.smmus[smmu];
    const uint64_t base = driver->config.base + machines->cmdqv_offsets[smmu];
    uint64_t interfaces = host_read32(driver->access, base + SMMU_CMDQV_VINTF_ERR_MAP);

    interfaces |= (uint64_t)host_read32(driver->access, base + SMMU_CMDQV_VINTF_ERR_MAP + 4) << 32;
    for (; interfaces != 0; interfaces &= interfaces - 1) {
        const uint32_t vintf = (uint32_t)__builtin_ctzll(interfaces);
        const uint64_t map = host_read64(driver->access, base + SMMU_CMDQV_VINTFS + SMMU_CMDQV_VINTF_BYTES * vintf +
                                                             SMMU_CMDQV_VINTF_ERR_MAP64);

        for (size_t i = 0; i < machines->vm_count && !vm_report_queue_error(&machines->vms[i], smmu, vintf, map); i++) {
        }
    }
}

/** The hypervisor's handler: reads event queues, and gives guests what is theirs. */
static void run_events(void *context)
{
    struct system *system = context;
    struct system_vms *machines = system->machines;
    struct software *software = &system->software;

    for (;;) {
        struct smmu_driver_event event;
        uint32_t smmu;

        while (machines->raised == 0) {
            task_wait(machines->event_task);
        }
        smmu = (uint32_t)__builtin_ctzll(machines->raised);
        machines->raised &= machines->raised - 1;
        if (smmu >= QUEUE_WIRES) {
            report_queue_errors(system, smmu - QUEUE_WIRES);
            continue;
        }
        while (smmu_driver_next_event(&software->smmus[smmu], &event)) {
            software->event_count++;
            for (size_t i = 0; i < machines->vm_count; i++) {
                if (vm_report_event(&machines->vms[i], smmu, &event)) {
                    break;
                }
            }
        }
    }
}

static void join_wire(struct system *system, size_t smmu, enum smmu_wire from, const char *what, unsigned wire)
{
    struct interrupt_input *input = system->machines->events;
    struct sim_channel_config config = {.writer = smmu_component(system->smmus[smmu]),
                                        .reader = interrupt_input_component(input),
                                        .latency = system->scenario->software.fault_latency,
                                        .credit_latency = system->scenario->software.fault_latency,
                                        .capacity = SMMU_WIRE_PACKETS};
    struct sim_channel *channel;

    config.name = sim_printf(system->sim, "%s %s", config.writer->name, what);
    channel = sim_channel_create(system->sim, &config);
    smmu_bind_wire(system->smmus[smmu], from, channel);
    interrupt_input_bind(input, wire, channel);
}

static void build_events(struct system *system)
{
    const struct scenario *scenario = system->scenario;
    bool nested = false;

    for (size_t i = 0; i < scenario->vm_count; i++) {
        nested = nested || scenario->vms[i].smmu != SCENARIO_VM_SMMU_NONE;
    }
    if (!nested) {
        return;
    }
    system->machines->events =
        interrupt_input_create(system->sim, "events", scenario->platform.interconnect.clock.period);
    for (size_t i = 0; i < scenario->platform.smmu_count && i < QUEUE_WIRES; i++) {
        join_wire(system, i, SMMU_WIRE_EVENTQ, "events", (unsigned)i);
        if (scenario->platform.smmu[i].idr.vcmdqs != 0) {
            join_wire(system, i, SMMU_WIRE_CMDQV, "queue errors", QUEUE_WIRES + (unsigned)i);
        }
    }
    system->machines->event_task = task_create(system->machines->tasks, "hypervisor.events", run_events, system);
}

/* ---- Page requests ---- */

static bool serve_page(void *context, uint32_t smmu, const struct smmu_page_request *request, unsigned *code)
{
    struct system_vms *machines = context;

    for (size_t i = 0; i < machines->vm_count; i++) {
        if (vm_serve_page(&machines->vms[i], smmu, request, code)) {
            return true;
        }
    }
    return false;
}

static void lock_smmu(void *context, uint32_t smmu)
{
    struct system_vms *machines = context;

    task_lock(machines->tasks, &machines->hypervisor.smmu_locks[smmu]);
}

static void unlock_smmu(void *context, uint32_t smmu)
{
    task_unlock(&((struct system_vms *)context)->hypervisor.smmu_locks[smmu]);
}

/** Beside machines a task serves page requests, as their queues of commands are others' too. */
static void run_pages(void *context)
{
    struct system *system = context;
    struct system_vms *machines = system->machines;

    for (;;) {
        struct host_error error = {.text = ""};
        uint32_t smmu;

        while (machines->asked == 0) {
            task_wait(machines->page_task);
        }
        smmu = (uint32_t)__builtin_ctzll(machines->asked);
        machines->asked &= machines->asked - 1;
        if (!paging_serve(&system->software, smmu, &error)) {
            hypervisor_fail(&machines->hypervisor, &error);
        }
    }
}

bool system_serve_pages(struct system *system, uint64_t smmus)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return false;
    }
    machines->asked |= smmus;
    task_signal(machines->page_task);
    return true;
}

void system_build_vms(struct system *system)
{
    const struct scenario *scenario = system->scenario;
    struct host_port_config port = {.period = scenario->platform.interconnect.clock.period,
                                    .issue_latency = HOST_PORT_DEFAULT_ISSUE_LATENCY,
                                    .return_latency = HOST_PORT_DEFAULT_RETURN_LATENCY};
    struct hypervisor_config config = hypervisor_of(scenario);
    struct system_vms *machines;

    if (scenario->vm_count == 0) {
        return;
    }
    machines = sim_allocate(1, sizeof(*machines));
    system->machines = machines;
    machines->vm_count = scenario->vm_count;
    machines->tasks = tasks_create(system->sim, "pe software", &port);
    tasks_bind(machines->tasks, system_join_master(system, tasks_component(machines->tasks), CROSSBAR_PORT_PLAIN));
    hypervisor_init(&machines->hypervisor, system->sim, machines->tasks, system->pes, scenario->platform.pe.count,
                    1u << scenario->platform.redistributor.lpi_id_bits, &config);
    find_cmdqvs(system);
    build_events(system);
    machines->page_task = task_create(machines->tasks, "hypervisor.pages", run_pages, system);
    machines->host = (struct vm_host){.software = &system->software,
                                      .hypervisor = &machines->hypervisor,
                                      .stale = &machines->stale,
                                      .cmdqv_offset = machines->cmdqv_offsets,
                                      .next_vintf = machines->vintfs,
                                      .move_buffer = move_buffer,
                                      .context = system};
    machines->vms = sim_allocate(scenario->vm_count, sizeof(*machines->vms));
    machines->tables = sim_allocate(scenario->vm_count, sizeof(*machines->tables));
    for (uint32_t i = 0; i < scenario->vm_count; i++) {
        vm_tables_make(&scenario->vms[i], &machines->tables[i]);
        vm_prepare(&machines->vms[i], &machines->host, i, &machines->tables[i].config);
    }
}

void system_free_vms(struct system *system)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return;
    }
    tasks_destroy(machines->tasks);
    for (size_t i = 0; machines->vms != NULL && i < machines->vm_count; i++) {
        vm_release(&machines->vms[i]);
        vm_tables_clear(&machines->tables[i]);
    }
    hypervisor_release(&machines->hypervisor);
    stale_clear(&machines->stale);
    free(machines->vms);
    free(machines->tables);
    free(machines->cmdqv_offsets);
    free(machines->vintfs);
    free(machines);
    system->machines = NULL;
}

/* ---- Bringing up ---- */

/** Virtual LPIs, if the redistributors and an ITS have them. */
static bool start_vpes(struct system *system, struct host_error *error)
{
    const struct scenario_platform *platform = &system->scenario->platform;
    struct hypervisor *hypervisor = &system->machines->hypervisor;
    struct its_driver *itss[VPE_DRIVER_MAX_ITS];
    uint32_t count = 0;

    if (platform->redistributor.version == SCENARIO_GIC_V3) {
        return true;
    }
    for (size_t i = 0; i < platform->its_count; i++) {
        if (!platform->its[i].virtual_lpis) {
            continue;
        }
        if (count == VPE_DRIVER_MAX_ITS) {
            return host_error_set(error, "more than %u ITSs with virtual LPIs", VPE_DRIVER_MAX_ITS);
        }
        itss[count++] = &system->software.itses[i];
    }
    hypervisor->has_vpes = count > 0;
    return count == 0 || vpe_driver_start(&hypervisor->vpes, itss, count, &system->software.lpis, error);
}

static size_t pages_of_buffers(const struct system *system)
{
    size_t pages = 0;

    for (size_t i = 0; i < system->stream_count; i++) {
        const struct scenario_stream *stream = system->streams[i].description;
        const struct scenario_dma_traffic *dma = stream != NULL ? scenario_stream_dma(stream) : NULL;

        pages += dma != NULL ? 4 * (size_t)((dma->buffer + IO_PAGE_BYTES - 1) / IO_PAGE_BYTES) : 0;
    }
    return pages;
}

static void find_functions(struct system *system, uint32_t vm)
{
    const struct scenario_vm *from = &system->scenario->vms[vm];

    for (size_t i = 0; i < from->device_count; i++) {
        for (size_t f = 0; f < system->function_count; f++) {
            if (system->functions[f].device == from->devices[i].device &&
                system->functions[f].function == from->devices[i].function) {
                system->machines->tables[vm].devices[i].function = system->functions[f].tree_index;
            }
        }
    }
}

bool system_create_vms(struct system *system, struct host_error *error)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return true;
    }
    stale_init(&machines->stale, pages_of_buffers(system), system->software.found.tree.function_count);
    tasks_use_access(machines->tasks, &system->access);
    system->software.paging.machines =
        (struct paging_machines){.serve = serve_page, .lock = lock_smmu, .unlock = unlock_smmu, .context = machines};
    if (!start_vpes(system, error)) {
        return false;
    }
    for (uint32_t i = 0; i < machines->vm_count; i++) {
        find_functions(system, i);
        if (!vm_create(&machines->vms[i], error)) {
            return false;
        }
    }
    return true;
}

struct vm_device *system_find_vm_device(struct system *system, uint32_t function)
{
    struct vm_device *device = NULL;

    for (size_t i = 0; system->machines != NULL && device == NULL && i < system->machines->vm_count; i++) {
        device = vm_find_device(&system->machines->vms[i], function);
    }
    return device;
}

bool system_map_vm_buffer(struct system *system, uint32_t function, uint32_t stream,
                          const struct scenario_dma_traffic *dma, uint64_t *address, bool *mapped,
                          struct host_error *error)
{
    struct vm_device *device = system_find_vm_device(system, function);

    *mapped = device != NULL;
    return device == NULL ||
           vm_add_buffer(device, stream, dma->buffer, dma->pages == SCENARIO_PAGES_ON_DEMAND, address, error);
}

bool system_boot_vms(struct system *system, struct host_error *error)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return true;
    }
    for (size_t i = 0; i < machines->vm_count; i++) {
        vm_start(&machines->vms[i]);
    }
    while (tasks_advance(machines->tasks, system->sim, SIM_TIME_NEVER - 1) == SIM_RUN_STOPPED) {
    }
    if (machines->hypervisor.failed) {
        *error = machines->hypervisor.error;
        return false;
    }
    for (size_t i = 0; i < machines->vm_count; i++) {
        if (!machines->vms[i].booted) {
            return host_error_set(error, "%s: its guest does not come up", machines->vms[i].config.name);
        }
    }
    return true;
}

/* ---- Running ---- */

/** Wakes the handler of events if there are any. */
static bool has_events(struct system_vms *machines)
{
    uint64_t raised = machines->events != NULL ? interrupt_input_take(machines->events) : 0;

    if (raised == 0) {
        return false;
    }
    machines->raised |= raised;
    task_signal(machines->event_task);
    return true;
}

enum sim_run_result system_advance(struct system *system, sim_time end)
{
    struct system_vms *machines = system->machines;
    enum sim_run_result result;

    if (machines == NULL) {
        return sim_run(system->sim, end);
    }
    do {
        result = tasks_advance(machines->tasks, system->sim, end);
    } while (has_events(machines));
    return result;
}

void system_start_vms(struct system *system, sim_time start, sim_time end)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return;
    }
    hypervisor_set_end(&machines->hypervisor, end);
    for (size_t i = 0; i < machines->vm_count; i++) {
        vm_start_load(&machines->vms[i], start);
    }
}

void system_finish_vms(struct system *system)
{
    struct system_vms *machines = system->machines;

    if (machines == NULL) {
        return;
    }
    hypervisor_finish(&machines->hypervisor);
    for (size_t i = 0; i < machines->vm_count; i++) {
        vm_collect(&machines->vms[i]);
    }
}

const struct host_error *system_vm_failure(const struct system *system)
{
    return system->machines != NULL && system->machines->hypervisor.failed ? &system->machines->hypervisor.error : NULL;
}

static void see_event(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                      const struct sim_component *where, sim_time time, uint32_t detail)
{
    (void)where;
    (void)time;
    (void)detail;
    if (kind == SIM_EVENT_WRITE_VISIBLE) {
        stale_see(context, packet);
    }
}

void system_observe(struct system *system, struct collector *collector)
{
    struct sim_observer observer = {.event = see_event};

    if (system->machines != NULL) {
        observer.context = &system->machines->stale;
        collector_also(collector, &observer);
    }
}

const struct stale_count *system_stale(const struct system *system, uint32_t function)
{
    return system->machines != NULL && function < system->machines->stale.function_count
               ? &system->machines->stale.functions[function]
               : NULL;
}
