#include "scenario/system.h"

#include "scenario/device_knowledge.h"
#include "scenario/firmware_tables.h"
#include "scenario/functions.h"
#include "scenario/system_internal.h"
#include "sim/allocate.h"
#include "sim/systemc/systemc_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Streams and functions ---- */

static const struct scenario_traffic *traffic_of(const struct scenario *scenario, const struct scenario_device *device,
                                                 uint32_t function)
{
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        if (scenario->traffic[i].device == device && scenario->traffic[i].function == function) {
            return &scenario->traffic[i];
        }
    }
    return NULL;
}

static void add_function(struct system *system, const struct scenario_device *device, uint32_t function)
{
    const struct scenario_traffic *traffic = traffic_of(system->scenario, device, function);
    struct system_function *added = &system->functions[system->function_count];
    size_t size = strlen(device->name) + 24;

    added->device = device;
    added->root_complex = device->root_complex;
    added->function = function;
    added->rid = scenario_function_rid(device, function);
    system->function_names[system->function_count] = sim_allocate(size, 1);
    scenario_format_function(device, function, system->function_names[system->function_count], size);
    for (size_t i = 0; traffic != NULL && i < traffic->stream_count; i++) {
        struct system_stream *stream = &system->streams[system->stream_count++];

        stream->device = device;
        stream->function = function;
        stream->stream = i;
        stream->description = &traffic->streams[i];
        stream->function_index = (uint32_t)system->function_count;
    }
    system->function_count++;
}

/** A root port that sends messages is listed as a device with one stream. */
static void add_root_port(struct system *system, const struct scenario_root_complex *rc, size_t port)
{
    struct system_function *added = &system->functions[system->function_count];

    added->root_complex = rc;
    added->port = (unsigned)port;
    added->rid = scenario_rid(rc->root_ports[port].port.bdf);
    system->function_names[system->function_count] = sim_copy_string(rc->root_ports[port].port.name);
    system->streams[system->stream_count++].function_index = (uint32_t)system->function_count++;
}

/** How many root ports send messages; added if there is room for them already. */
static size_t number_root_ports(struct system *system)
{
    size_t count = 0;

    for (size_t i = 0; i < system->scenario->root_complex_count; i++) {
        const struct scenario_root_complex *rc = &system->scenario->root_complexes[i];

        for (size_t j = 0; j < rc->root_port_count; j++) {
            if (!rc->root_ports[j].error_interrupts) {
                continue;
            }
            count++;
            if (system->functions != NULL) {
                add_root_port(system, rc, j);
            }
        }
    }
    return count;
}

void system_number_streams(struct system *system)
{
    const struct scenario *scenario = system->scenario;
    size_t functions = number_root_ports(system);
    size_t streams = functions;

    for (size_t i = 0; i < scenario->device_count; i++) {
        functions +=
            scenario->devices[i]->endpoint != NULL ? scenario_function_count(scenario->devices[i]->endpoint) : 0;
    }
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        streams += scenario->traffic[i].stream_count;
    }
    system->functions = sim_allocate(functions, sizeof(*system->functions));
    system->function_names = sim_allocate(functions, sizeof(*system->function_names));
    system->streams = sim_allocate(streams, sizeof(*system->streams));
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];

        for (uint32_t f = 0; device->endpoint != NULL && f < scenario_function_count(device->endpoint); f++) {
            if (scenario_function_exists(device->endpoint, f)) {
                add_function(system, device, f);
            }
        }
    }
    number_root_ports(system);
}

uint32_t system_root_port_source(const struct system *system, const struct scenario_root_complex *rc, size_t port)
{
    for (size_t i = 0; i < system->stream_count; i++) {
        const struct system_function *function = &system->functions[system->streams[i].function_index];

        if (function->device == NULL && function->root_complex == rc && function->port == port) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

/* ---- What software is told ---- */

/** vPEs that an ITS' table needs room for: one for each virtual CPU, if it has virtual LPIs. */
static uint32_t vpes_at(const struct scenario *scenario, const struct scenario_its *its)
{
    uint32_t vpes = 0;

    for (size_t i = 0; i < scenario->vm_count; i++) {
        vpes += scenario->vms[i].vcpus;
    }
    return scenario->platform.redistributor.version != SCENARIO_GIC_V3 && its->virtual_lpis ? vpes : 0;
}

static void describe(struct system *system)
{
    const struct scenario *scenario = system->scenario;
    const struct scenario_platform *platform = &scenario->platform;

    firmware_tables_make(scenario, &system->firmware);
    system->known = device_knowledge_make(scenario, &system->known_count);
    system->bridges = sim_allocate(scenario->root_complex_count, sizeof(*system->bridges));
    system->its_configs = sim_allocate(platform->its_count, sizeof(*system->its_configs));
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *rc = &scenario->root_complexes[i];

        system->bridges[i] = (struct enumerate_bridge){.name = rc->name,
                                                       .segment = (uint16_t)rc->segment,
                                                       .first_bus = (uint8_t)rc->first_bus,
                                                       .last_bus = (uint8_t)rc->last_bus,
                                                       .ecam = rc->ecam.base,
                                                       .mmio_base = rc->mmio.base,
                                                       .mmio_size = rc->mmio.size,
                                                       .peer_to_peer = rc->peer_to_peer};
    }
    for (size_t i = 0; i < platform->its_count; i++) {
        system->its_configs[i] = (struct its_driver_config){.name = platform->its[i].name,
                                                            .base = platform->its[i].base,
                                                            .command_count = platform->its[i].command_queue_entries,
                                                            .device_bits = scenario_device_id_bits(&platform->its[i]),
                                                            .vpe_count = vpes_at(scenario, &platform->its[i])};
    }
}

static const char *device_name_at(const struct scenario_device *device, uint16_t rid, char *text, size_t size)
{
    uint32_t function;

    if (device->endpoint != NULL && scenario_find_function(device, rid, &function)) {
        scenario_format_function(device, function, text, size);
        return text;
    }
    if (device->sw != NULL && scenario_rid(device->bdf) == rid) {
        return device->sw->upstream_name;
    }
    if (device->bridge != NULL && scenario_rid(device->bdf) == rid) {
        return device->name;
    }
    return device->parent != NULL && device->parent->sw != NULL && scenario_rid(device->port.bdf) == rid
               ? device->port.name
               : NULL;
}

const char *system_name_at(const struct scenario *scenario, uint16_t segment, uint16_t rid, char *text, size_t size)
{
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];
        const char *name = device_name_at(device, rid, text, size);

        if (name != NULL && device->root_complex->segment == segment) {
            return name;
        }
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *rc = &scenario->root_complexes[i];

        for (size_t j = 0; rc->segment == segment && j < rc->root_port_count; j++) {
            if (scenario_rid(rc->root_ports[j].port.bdf) == rid) {
                return rc->root_ports[j].port.name;
            }
        }
    }
    return NULL;
}

static bool is_function_of(const struct scenario_device *part, uint16_t rid)
{
    uint32_t function;

    return part->endpoint != NULL ? scenario_find_function(part, rid, &function) : scenario_rid(part->bdf) == rid;
}

bool system_peers_at(const struct scenario *scenario, uint16_t segment, uint16_t rid)
{
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];
        const struct scenario_device *whole = device->parent;

        if (whole != NULL && whole->multifunction != NULL && whole->multifunction->peers &&
            device->root_complex->segment == segment && is_function_of(device, rid)) {
            return true;
        }
    }
    return false;
}

static bool peers_of(void *context, uint16_t segment, uint16_t rid)
{
    return system_peers_at(((const struct system *)context)->scenario, segment, rid);
}

static const char *name_of(void *context, uint16_t segment, uint16_t rid)
{
    struct system *system = context;

    return system_name_at(system->scenario, segment, rid, system->name_text, sizeof(system->name_text));
}

uint32_t system_vfs_at(const struct scenario *scenario, uint16_t segment, uint16_t rid)
{
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];
        uint32_t function;

        if (device->endpoint != NULL && device->endpoint->sriov != NULL && device->root_complex->segment == segment &&
            scenario_find_function(device, rid, &function)) {
            return device->endpoint->sriov->enabled;
        }
    }
    return 0;
}

static uint32_t vfs_of(void *context, uint16_t segment, uint16_t rid)
{
    return system_vfs_at(((const struct system *)context)->scenario, segment, rid);
}

static enum group_rule rule_of(enum scenario_grouping grouping)
{
    switch (grouping) {
    case SCENARIO_GROUPING_CORRECTED:
        return GROUP_RULE_CORRECTED;
    case SCENARIO_GROUPING_REACH:
        return GROUP_RULE_REACH;
    default:
        return GROUP_RULE_LINUX;
    }
}

static enum enumerate_acs acs_of(enum scenario_enable_acs enable)
{
    switch (enable) {
    case SCENARIO_ENABLE_ACS_NO:
        return ENUMERATE_ACS_NONE;
    case SCENARIO_ENABLE_ACS_NOT_FIRST_PORT:
        return ENUMERATE_ACS_NOT_FIRST_PORT;
    default:
        return ENUMERATE_ACS_ALL;
    }
}

/** At most so many PASIDs of functions are in use. */
static uint32_t count_pasids(const struct scenario *scenario)
{
    uint32_t count = 0;

    for (size_t i = 0; i < scenario->traffic_count; i++) {
        for (size_t j = 0; j < scenario->traffic[i].stream_count; j++) {
            const struct scenario_dma_traffic *dma = scenario_stream_dma(&scenario->traffic[i].streams[j]);

            count += dma != NULL && dma->pasid != 0 ? 1 : 0;
        }
    }
    return count;
}

static uint32_t count_actions(const struct scenario *scenario, enum action_kind kind)
{
    uint32_t count = 0;

    for (size_t i = 0; i < scenario->action_count; i++) {
        count += scenario->actions[i].kind == (uint32_t)kind ? 1 : 0;
    }
    return count;
}

/** GICv4.0: the last DeviceID of the first ITS with virtual LPIs is taken. */
static void describe_proxy(const struct scenario_platform *platform, struct software_config *config)
{
    for (uint32_t i = 0; i < platform->its_count && platform->redistributor.version == SCENARIO_GIC_V4_0; i++) {
        if (platform->its[i].virtual_lpis) {
            config->has_proxy = true;
            config->proxy_its = i;
            config->proxy_device_id = (uint32_t)((UINT64_C(1) << scenario_device_id_bits(&platform->its[i])) - 1);
            return;
        }
    }
}

void system_software_options(const struct scenario *scenario, struct software_config *config)
{
    memset(config, 0, sizeof(*config));
    describe_proxy(&scenario->platform, config);
    config->redistributor_base = scenario->platform.redistributor.base;
    config->redistributor_stride = scenario_redistributor_bytes(scenario);
    config->pe_count = scenario->platform.pe.count;
    config->lpi_id_bits = scenario->platform.redistributor.lpi_id_bits;
    config->grouping = rule_of(scenario->software.grouping);
    config->rules = rules_at(scenario->software.rules);
    config->kernel = config->rules->kernel;
    config->domain_kind =
        scenario->software.domains.default_kind == SCENARIO_DOMAIN_IDENTITY ? DOMAIN_IDENTITY : DOMAIN_DMA;
    config->page_bits = 63u - (uint32_t)__builtin_clzll(scenario->software.page_size);
    config->ats = scenario->software.ats;
    config->page_requests = scenario->software.page_requests;
    config->fault_time = scenario->software.fault_time;
    config->reset_time = scenario->software.reset_time;
    config->pasid_domains = count_pasids(scenario);
    config->replacements = count_actions(scenario, ACTION_REPLACE);
    config->enumerate.acs = acs_of(scenario->software.enable_acs);
    for (size_t i = 0; i < ENUMERATE_TRAFFIC_CLASSES; i++) {
        const struct scenario_software *from = &scenario->software;

        config->enumerate.vc_of[i] = i < from->traffic_classes.count ? from->traffic_classes.values[i] : 0;
        /* Channels whose weight was left out have the least; no weights at all: turns. */
        config->enumerate.vc_weights[i] = from->vc_weights.count == 0  ? 0
                                          : i < from->vc_weights.count ? from->vc_weights.values[i]
                                                                       : 1;
    }
    config->enumerate.id_ordering = scenario->software.id_ordering;
    config->separate_pasids = scenario->software.separate_pasids;
    config->enumerate.max_payload = (uint32_t)scenario->software.max_payload;
    config->enumerate.max_read_request = (uint32_t)scenario->software.max_read_request;
    config->enumerate.extended_tags = scenario->software.extended_tags;
    config->enumerate.phantom_functions = scenario->software.phantom_functions;
    config->enumerate.ecrc = scenario->software.ecrc;
    config->enumerate.error_reporting = scenario->software.error_reporting;
}

/* ---- Life ---- */

struct system *system_create(const struct scenario *scenario, const struct system_options *options,
                             struct host_error *error)
{
    struct system *system = sim_allocate(1, sizeof(*system));
    const struct scenario_platform *platform = &scenario->platform;
    struct sim_config config = {.engine = options->engine,
                                .seed = scenario->seed,
                                .shuffle = options->shuffle,
                                .shuffle_seed = options->shuffle_seed,
                                .panic = options->panic,
                                .panic_context = options->panic_context};

    if (options->engine == SIM_ENGINE_SYSTEMC) {
        config.ops = sim_systemc_engine();
    }
    /* A read request carries room for its answer, so the larger of the two sizes sets the payload block. */
    config.payload_block = (uint32_t)(scenario->software.max_payload > scenario->software.max_read_request
                                          ? scenario->software.max_payload
                                          : scenario->software.max_read_request);
    system->scenario = scenario;
    system->next_reclaim = SIM_TIME_NEVER;
    system->checkers = options->checkers;
    system->sim = sim_create(&config);
    system->pes = sim_allocate(platform->pe.count, sizeof(struct pe *));
    system->redistributors = sim_allocate(platform->pe.count, sizeof(struct redistributor *));
    system->itses = sim_allocate(platform->its_count, sizeof(struct its *));
    system->smmus = sim_allocate(platform->smmu_count, sizeof(struct smmu *));
    system->root_complexes = sim_allocate(scenario->root_complex_count, sizeof(struct root_complex *));
    system->local = sim_allocate(scenario->root_complex_count, sizeof(struct crossbar *));
    system->local_master = sim_allocate(scenario->root_complex_count, sizeof(unsigned));
    system->local_target = sim_allocate(scenario->root_complex_count, sizeof(unsigned));
    system->switches = sim_allocate(scenario->device_count, sizeof(struct pcie_switch *));
    system->pci_bridges = sim_allocate(scenario->device_count, sizeof(struct pci_bridge *));
    system->pcie_devices = sim_allocate(scenario->device_count, sizeof(struct pcie_device *));
    system->endpoints = sim_allocate(scenario->device_count, sizeof(struct endpoint *));
    system->links = sim_allocate(scenario->device_count, sizeof(struct pcie_link *));
    system_number_streams(system);
    if (!system_build_platform(system, error) || !system_build_pcie(system, error)) {
        system_destroy(system);
        return NULL;
    }
    system_build_interrupts(system);
    system_build_vms(system);
    describe(system);
    return system;
}

void system_destroy(struct system *system)
{
    if (system == NULL) {
        return;
    }
    system_free_vms(system);
    if (system->brought_up) {
        timeline_clear(&system->timeline);
        software_release(&system->software);
    }
    software_tables_clear(&system->software_tables);
    firmware_clear(&system->firmware);
    for (size_t i = 0; i < system->function_count; i++) {
        free(system->function_names[i]);
    }
    free(system->function_names);
    free(system->functions);
    free(system->streams);
    free(system->bridges);
    free(system->its_configs);
    free(system->known);
    free(system->pes);
    free(system->redistributors);
    free(system->itses);
    free(system->smmus);
    free(system->root_complexes);
    free(system->local);
    free(system->local_master);
    free(system->local_target);
    free(system->switches);
    free(system->pci_bridges);
    free(system->pcie_devices);
    free(system->endpoints);
    free(system->links);
    sim_destroy(system->sim);
    free(system);
}

/** A buffer in a peer's BAR: at the BAR's own address, or where the domain maps it for the device's cache. */
static bool map_peer(struct software *software, uint32_t function, const struct scenario_dma_traffic *dma,
                     uint64_t *address, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;
    const uint32_t peer = pci_tree_find(tree, (uint16_t)dma->target->root_complex->segment,
                                        scenario_function_rid(dma->target, dma->target_function));
    /* Not the first one, which holds the MSI-X table (docs/scenario-format.md, `to`). */
    const size_t bar = scenario_function_bars(dma->target->endpoint, dma->target_function)->count - 1;
    struct domain *domain = software->functions[function].attachment.domain;

    *address = tree->functions[peer].bars[bar].base;
    return !dma->ats || domain == NULL || domain_map_buffer(domain, *address, dma->buffer, address, error);
}

bool system_map_buffer(struct software *software, uint32_t function, const struct scenario_dma_traffic *dma,
                       uint64_t *address, struct host_error *error)
{
    const struct paging_buffer buffer = {
        .size = dma->buffer, .pasid = dma->pasid, .on_demand = dma->pages == SCENARIO_PAGES_ON_DEMAND};

    return dma->target != NULL ? map_peer(software, function, dma, address, error)
                               : paging_map_buffer(software, function, &buffer, address, error);
}

/** Gives every DMA stream its buffer: in memory, or the BAR of a peer. */
static bool map_buffers(struct system *system, struct host_error *error)
{
    for (size_t i = 0; i < system->stream_count; i++) {
        const struct system_stream *stream = &system->streams[i];
        const struct scenario_dma_traffic *dma =
            stream->description != NULL ? scenario_stream_dma(stream->description) : NULL;
        uint32_t tree_index = system->functions[stream->function_index].tree_index;
        uint64_t address;
        bool mapped = false;

        if (dma == NULL) {
            continue;
        }
        if (dma->target == NULL &&
            !system_map_vm_buffer(system, tree_index, (uint32_t)stream->stream, dma, &address, &mapped, error)) {
            return false;
        }
        if (!mapped && !system_map_buffer(&system->software, tree_index, dma, &address, error)) {
            return false;
        }
        endpoint_set_buffer(system->endpoints[stream->device->index], stream->function, stream->stream, address,
                            dma->buffer);
    }
    return true;
}

/** The device of a function is pulled out of its slot, or put in. */
static void change_slot(void *context, uint32_t function, enum software_slot what)
{
    const struct system *system = context;

    for (size_t i = 0; i < system->function_count; i++) {
        const struct scenario_device *device = system->functions[i].device;
        struct endpoint *endpoint = device != NULL ? system->endpoints[device->index] : NULL;

        if (endpoint == NULL || system->functions[i].tree_index != function) {
            continue;
        }
        if (what == SOFTWARE_SLOT_PULLED) {
            endpoint_remove(endpoint);
        } else if (what == SOFTWARE_SLOT_FILLED) {
            endpoint_insert(endpoint);
        } else {
            endpoint_resume_traffic(endpoint);
        }
    }
}

bool system_bring_up(struct system *system, struct host_error *error)
{
    const struct scenario *scenario = system->scenario;
    struct software_config config;

    system_software_options(scenario, &config);
    software_tables_make(scenario, &system->software_tables, &config);
    config.firmware = &system->firmware;
    config.bridges = system->bridges;
    config.itses = system->its_configs;
    config.known = system->known;
    config.slot = change_slot;
    config.slot_context = system;
    config.known_count = system->known_count;
    config.enumerate.name_of = name_of;
    config.enumerate.name_context = system;
    config.enumerate.vfs_of = vfs_of;
    config.enumerate.vfs_context = system;
    config.enumerate.peers_of = peers_of;
    config.enumerate.peers_context = system;
    system->brought_up = true;
    if (!software_bring_up(&system->software, &system->access, &config, error)) {
        return false;
    }
    for (size_t i = 0; i < system->function_count; i++) {
        struct system_function *function = &system->functions[i];

        function->tree_index =
            pci_tree_find(&system->software.found.tree, (uint16_t)function->root_complex->segment, function->rid);
        if (function->tree_index == PCI_TREE_NONE) {
            return host_error_set(error, "enumeration did not find %s", system->function_names[i]);
        }
    }
    return system_create_vms(system, error) && map_buffers(system, error) && system_boot_vms(system, error) &&
           timeline_make(scenario, &system->software, &system->timeline, error);
}

sim_time system_start_traffic(struct system *system, sim_time duration)
{
    /* A microsecond of silence lets everything that the set-up left under way come to rest. */
    sim_time start = sim_time_align(sim_now(system->sim) + SIM_US, SIM_US);

    system->start = start;
    for (size_t i = 0; i < system->scenario->device_count; i++) {
        if (system->links[i] != NULL) {
            pcie_link_start_faults(system->links[i]);
        }
        if (system->endpoints[i] != NULL) {
            endpoint_start_traffic(system->endpoints[i], start, start + duration);
        }
    }
    system_begin_reclaim(system, start, start + duration);
    system_start_vms(system, start, start + duration);
    return start;
}

void system_collect_steps(struct system *system, struct step_list *steps)
{
    timeline_collect(system->scenario, &system->software, &system->timeline, system->start, steps);
}

void system_end_traffic(struct system *system)
{
    for (size_t i = 0; i < system->scenario->device_count; i++) {
        if (system->endpoints[i] != NULL) {
            endpoint_report_held(system->endpoints[i]);
        }
    }
    if (system->distributor != NULL) {
        distributor_report_held(system->distributor);
    }
    system_finish_vms(system);
}

struct sim *system_sim(struct system *system)
{
    return system->sim;
}

struct software *system_software(struct system *system)
{
    return &system->software;
}

size_t system_stream_count(const struct system *system)
{
    return system->stream_count;
}

const struct system_stream *system_stream(const struct system *system, size_t i)
{
    return &system->streams[i];
}

size_t system_function_count(const struct system *system)
{
    return system->function_count;
}

const struct system_function *system_function(const struct system *system, size_t i)
{
    return &system->functions[i];
}

const char *system_function_name(const struct system *system, size_t i)
{
    return system->function_names[i];
}
