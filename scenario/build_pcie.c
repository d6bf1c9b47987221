/* Builds everything from the root complexes down: root ports, links, switches, endpoints with their traffic. */
#include "models/pcie/checker.h"
#include "models/pcie/device.h"
#include "scenario/functions.h"
#include "scenario/system_internal.h"
#include "sim/allocate.h"

#include <stdlib.h>

#define ROOT_PORT_VENDOR   0x13b5 /* Arm */
#define ROOT_PORT_DEVICE   0x0100
#define SWITCH_VENDOR      0x13b5
#define SWITCH_UP_DEVICE   0x0101
#define SWITCH_DOWN_DEVICE 0x0102
#define CLASS_BRIDGE       0x060400u
#define CLASS_ENDPOINT     0x088000u /* system peripheral, other */

/** What a conventional device moves in a transaction: no bridge has to cut it, whatever Max_Payload_Size is. */
#define CONVENTIONAL_BURST 128u

/** A handler's signal to a device takes about as long as a posted write on its way down. */
#define HANDLED_LATENCY (200 * SIM_NS)

static struct pcie_acs acs_of(const struct scenario_acs *acs)
{
    struct pcie_acs result = {.present = acs->present, .capability = acs->capability, .control = acs->control};

    return result;
}

static enum pci_bridge_ids ids_of(enum scenario_requester_ids ids)
{
    switch (ids) {
    case SCENARIO_IDS_POSTED_KEPT:
        return PCI_BRIDGE_IDS_POSTED_KEPT;
    case SCENARIO_IDS_KEPT:
        return PCI_BRIDGE_IDS_KEPT;
    default:
        return PCI_BRIDGE_IDS_REPLACED;
    }
}

static enum pcie_overhead overhead_of(enum scenario_link_overhead overhead)
{
    switch (overhead) {
    case SCENARIO_OVERHEAD_PAPER:
        return PCIE_OVERHEAD_PAPER;
    case SCENARIO_OVERHEAD_NONE:
        return PCIE_OVERHEAD_NONE;
    default:
        return PCIE_OVERHEAD_PHYSICAL;
    }
}

/** What the ports at both ends of a link offer. */
static struct pcie_vc_config channels_of(const struct scenario_link *link, bool port_tables)
{
    return (struct pcie_vc_config){
        .extended = link->virtual_channels - 1, .low_priority = link->low_priority, .port_tables = port_tables};
}

static struct pcie_link_config link_of(const struct scenario_link *link, const struct scenario_software *software)
{
    struct pcie_link_config config;
    struct pcie_credits credits = {.posted_headers = link->credits.ph,
                                   .posted_data = link->credits.pd,
                                   .non_posted_headers = link->credits.nph,
                                   .non_posted_data = link->credits.npd,
                                   .completion_headers = link->credits.cplh,
                                   .completion_data = link->credits.cpld};

    pcie_link_config_init(&config);
    config.speed = link->speed;
    config.width = link->width;
    config.latency = link->latency;
    config.credit_latency = link->credit_latency;
    config.overhead = overhead_of(link->overhead);
    config.max_payload = (uint32_t)software->max_payload;
    config.update_interval = link->update_interval;
    config.ack_interval = link->ack_interval;
    config.tlp_errors = link->tlp_errors;
    config.lost_naks = link->lost_naks;
    config.receiver_errors = link->receiver_errors;
    config.bad_acks = link->bad_acks;
    config.poisoned = link->poisoned;
    config.corrupted = link->corrupted;
    config.malformed = link->malformed;
    config.replay_timer = link->replay_timer;
    config.replay_buffer = link->replay_buffer;
    config.retrain_time = link->retrain_time;
    config.removal = (enum pcie_removal)link->removal;
    config.refresh_interval = link->refresh_interval;
    config.virtual_channels = link->virtual_channels;
    config.upper_credits = credits;
    config.lower_credits = credits;
    return config;
}

/* ---- Endpoints ---- */

static enum endpoint_arrivals arrivals_of(enum scenario_arrivals arrivals)
{
    switch (arrivals) {
    case SCENARIO_ARRIVALS_POISSON:
        return ENDPOINT_POISSON;
    case SCENARIO_ARRIVALS_BURST:
        return ENDPOINT_BURST;
    case SCENARIO_ARRIVALS_WHEN_HANDLED:
        return ENDPOINT_WHEN_HANDLED;
    default:
        return ENDPOINT_PERIODIC;
    }
}

/** Entries of a message store as the endpoint numbers them. */
static const uint32_t *ims_vectors(const struct system *system, const struct scenario_msi_traffic *msi)
{
    uint32_t *vectors = sim_alloc(system->sim, msi->vector_count * sizeof(*vectors));

    for (size_t i = 0; i < msi->vector_count; i++) {
        vectors[i] = ENDPOINT_IMS_VECTOR(msi->vectors[i]);
    }
    return vectors;
}

static void describe_stream(const struct system *system, const struct scenario_stream *from,
                            struct endpoint_stream_config *stream)
{
    const struct scenario_dma_traffic *dma = from->dma_write != NULL ? from->dma_write : from->dma_read;

    if (from->msi != NULL) {
        stream->kind = ENDPOINT_MSI;
        stream->arrivals = arrivals_of(from->msi->arrivals);
        stream->period = from->msi->period;
        stream->burst = from->msi->burst;
        stream->think_time = from->msi->think_time;
        stream->start = from->msi->start;
        stream->traffic_class = (uint8_t)from->msi->traffic_class;
        stream->relaxed = from->msi->relaxed;
        stream->vectors = from->msi->ims ? ims_vectors(system, from->msi) : from->msi->vectors;
        stream->vector_count = from->msi->vector_count;
        return;
    }
    stream->kind = from->dma_write != NULL ? ENDPOINT_DMA_WRITE : ENDPOINT_DMA_READ;
    stream->arrivals = dma->arrivals == SCENARIO_ARRIVALS_WHEN_DONE ? ENDPOINT_WHEN_DONE : arrivals_of(dma->arrivals);
    stream->period = dma->period;
    stream->burst = dma->burst;
    stream->start = dma->start;
    stream->size = (uint32_t)dma->size;
    stream->stride = (uint32_t)dma->stride;
    stream->scattered = dma->pattern == SCENARIO_PATTERN_RANDOM;
    stream->traffic_class = (uint8_t)dma->traffic_class;
    stream->relaxed = dma->relaxed;
    stream->id_ordered = dma->id_ordered;
    stream->no_snoop = dma->no_snoop;
    stream->ats = dma->ats;
    stream->for_peer = dma->target != NULL;
    stream->with_pasid = dma->pasid != 0;
    stream->pasid = dma->pasid;
}

/** Describes the streams of every function of an endpoint. @return a list of them, to be freed with its streams */
static struct endpoint_stream_list *describe_streams(const struct system *system, const struct scenario_device *device)
{
    const uint32_t count = scenario_function_count(device->endpoint);
    struct endpoint_stream_list *lists = sim_allocate(count, sizeof(*lists));
    struct endpoint_stream_config *streams = sim_allocate(system->stream_count + 1, sizeof(*streams));
    size_t used = 0;

    for (uint32_t function = 0; function < count; function++) {
        lists[function].items = &streams[used];
        for (size_t i = 0; i < system->stream_count; i++) {
            if (system->streams[i].device == device && system->streams[i].function == function) {
                describe_stream(system, system->streams[i].description, &streams[used]);
                streams[used++].source = (uint32_t)i + 1;
                lists[function].count++;
            }
        }
    }
    return lists;
}

static void describe_function(const struct scenario_endpoint *from, struct endpoint_function_config *function)
{
    unsigned bar = 0;

    function->identity.vendor_id = (uint16_t)from->vendor_id;
    function->identity.device_id = (uint16_t)from->device_id;
    function->identity.class_code = CLASS_ENDPOINT;
    function->msix_vectors = from->msix_vectors;
    function->ims_entries = from->ims_entries;
    if (from->msi != NULL) {
        function->msi =
            (struct pcie_msi){.vectors = from->msi->vectors, .wide = from->msi->wide, .maskable = from->msi->maskable};
    }
    if (from->ats != NULL) {
        function->ats_queue_depth = from->ats->queue_depth;
    }
    if (from->pri != NULL) {
        function->pri_capacity = from->pri->capacity;
        function->pri_response_pasid = from->pri->response_pasid;
    }
    function->phantom_bits = from->phantom_bits;
    function->has_dma_alias = from->has_dma_alias;
    function->dma_alias = (uint8_t)from->dma_alias;
    function->pasid_bits = from->pasid_bits;
    function->acs = acs_of(&from->acs);
    function->ari = from->ari;
    for (size_t i = 0; i < from->bars.count; i++) {
        function->bars[bar++].size = from->bars.sizes[i];
    }
    if (from->sriov != NULL) {
        function->sriov.total_vfs = (uint16_t)from->sriov->vfs;
        function->sriov.first_vf_offset = (uint16_t)from->sriov->first_offset;
        function->sriov.vf_stride = (uint16_t)from->sriov->stride;
        function->sriov.vf_device_id = (uint16_t)from->sriov->device_id;
        function->vf_msix_vectors = from->sriov->msix_vectors;
        for (size_t i = 0; i < from->sriov->bars.count; i++) {
            function->sriov.bars[i].size = from->sriov->bars.sizes[i];
        }
    }
}

/** Channels by which handlers tell an endpoint that they have ended, for the streams that wait for that. */
static void join_handled(struct system *system, const struct scenario_device *device, struct endpoint *endpoint)
{
    unsigned index = 0;

    for (size_t i = 0; i < system->stream_count; i++) {
        const struct system_stream *stream = &system->streams[i];

        if (stream->device != device || stream->description->msi == NULL ||
            stream->description->msi->arrivals != SCENARIO_ARRIVALS_WHEN_HANDLED) {
            continue;
        }
        for (uint32_t pe = 0; pe < system->scenario->platform.pe.count; pe++) {
            struct sim_channel_config config = {.writer = pe_component(system->pes[pe]),
                                                .reader = endpoint_component(endpoint),
                                                .latency = HANDLED_LATENCY,
                                                .credit_latency = HANDLED_LATENCY,
                                                .capacity = 4};
            struct sim_channel *channel;

            config.name = sim_printf(system->sim, "pe%u handled %s.%zu", pe, device->name, stream->stream);
            channel = sim_channel_create(system->sim, &config);
            pe_bind_handled(system->pes[pe], (uint32_t)i + 1, channel);
            endpoint_bind_handled(endpoint, index++, channel);
        }
    }
}

static bool is_conventional(const struct scenario_device *device)
{
    return device->parent != NULL && device->parent->bridge != NULL;
}

/** One of the parts of a device. */
static bool is_part(const struct scenario_device *device)
{
    return device->parent != NULL && device->parent->multifunction != NULL;
}

static void build_endpoint(struct system *system, const struct scenario_device *device)
{
    const struct scenario_endpoint *from = device->endpoint;
    struct endpoint_function_config *functions = sim_allocate(from->functions, sizeof(*functions));
    struct endpoint_stream_list *streams = describe_streams(system, device);
    struct endpoint_config config;

    endpoint_config_init(&config);
    config.period = from->clock.period;
    config.send_latency = from->send_latency;
    config.complete_latency = from->complete_latency;
    config.read_tags = from->read_tags;
    config.completion_timeout = from->completion_timeout;
    config.atc_entries = from->ats != NULL ? from->ats->entries : 0;
    config.atc_requests = from->ats != NULL ? from->ats->requests : 0;
    config.max_payload = (uint32_t)system->scenario->software.max_payload;
    config.virtual_channels = channels_of(&device->link, false);
    config.functions = functions;
    config.function_count = from->functions;
    config.shares_device = is_part(device);
    config.first_function = device->bdf.function;
    config.layout.count = (unsigned)from->layout.count;
    for (size_t i = 0; i < from->layout.count; i++) {
        const struct scenario_layout_item *item = &from->layout.items[i];

        config.layout.items[i] =
            (struct pcie_layout_item){.extended = item->extended, .id = item->id, .offset = item->offset};
    }
    if (is_conventional(device)) {
        config.conventional = true;
        config.device = device->slot;
        config.max_payload = CONVENTIONAL_BURST;
    }
    for (uint32_t i = 0; i < from->functions; i++) {
        describe_function(from, &functions[i]);
        functions[i].streams = streams[i].items;
        functions[i].stream_count = streams[i].count;
        if (from->sriov != NULL) {
            functions[i].vf_streams = &streams[scenario_virtual_function(from, i, 1)];
        }
    }
    system->endpoints[device->index] = endpoint_create(system->sim, device->name, &config);
    join_handled(system, device, system->endpoints[device->index]);
    free((void *)(uintptr_t)streams[0].items);
    free(streams);
    free(functions);
}

/* ---- Switches ---- */

static bool build_device(struct system *system, const struct scenario_device *device, struct host_error *error);

static bool build_switch(struct system *system, const struct scenario_device *device, struct host_error *error)
{
    const struct scenario_switch *from = device->sw;
    struct pcie_downstream_config *ports = calloc(device->below_count + 1, sizeof(*ports));
    struct pcie_switch_config config;

    if (ports == NULL) {
        return host_error_set(error, "out of memory");
    }
    pcie_switch_config_init(&config);
    config.period = from->clock.period;
    config.latency = from->latency;
    config.identity =
        (struct pcie_identity){.vendor_id = SWITCH_VENDOR, .device_id = SWITCH_UP_DEVICE, .class_code = CLASS_BRIDGE};
    config.max_payload = (uint32_t)system->scenario->software.max_payload;
    config.store_and_forward = from->forwarding == SCENARIO_STORE_AND_FORWARD;
    config.upstream_weight = from->upstream_weight;
    config.passing = from->passing;
    config.virtual_channels = channels_of(&device->link, true);
    config.upstream_function = device->bdf.function;
    config.shares_device = is_part(device);
    config.upstream_acs = acs_of(&from->upstream_acs);
    config.no_prefixes = !from->tlp_prefixes;
    config.downstream = ports;
    config.downstream_count = (unsigned)device->below_count;
    for (size_t i = 0; i < device->below_count; i++) {
        ports[i].weight = device->below[i].port.weight;
        const struct scenario_port *port = &device->below[i].port;

        ports[i].device = port->device;
        ports[i].function = port->function;
        ports[i].acs = acs_of(&port->acs);
        ports[i].virtual_channels = channels_of(&device->below[i].link, true);
        ports[i].identity = (struct pcie_identity){
            .vendor_id = SWITCH_VENDOR, .device_id = SWITCH_DOWN_DEVICE, .class_code = CLASS_BRIDGE};
    }
    system->switches[device->index] = pcie_switch_create(system->sim, device->name, &config);
    free(ports);
    for (size_t i = 0; i < device->below_count; i++) {
        if (!device->below[i].empty && !build_device(system, &device->below[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Bridges ---- */

static void build_bridge(struct system *system, const struct scenario_device *device)
{
    const struct scenario_pci_bridge *from = device->bridge;
    unsigned numbers[PCI_BRIDGE_MAX_DEVICES];
    struct pci_bridge_config config;

    pci_bridge_config_init(&config);
    config.period = from->clock.period;
    config.latency = from->latency;
    config.bus_bytes = (uint32_t)from->width;
    config.decode = from->decode_cycles;
    config.delayed = from->delayed_reads;
    config.ids = ids_of(from->requester_ids);
    config.identity.vendor_id = (uint16_t)from->vendor_id;
    config.identity.device_id = (uint16_t)from->device_id;
    config.max_payload = (uint32_t)system->scenario->software.max_payload;
    config.devices = numbers;
    config.device_count = (unsigned)device->below_count;
    for (size_t i = 0; i < device->below_count; i++) {
        numbers[i] = device->below[i].slot;
        build_endpoint(system, &device->below[i]);
    }
    system->pci_bridges[device->index] = pci_bridge_create(system->sim, device->name, &config);
}

/* ---- Devices of several parts ---- */

static bool build_parts(struct system *system, const struct scenario_device *device, struct host_error *error)
{
    const struct scenario_multifunction *from = device->multifunction;
    struct pcie_device_config config = {.period = from->clock.period, .latency = from->latency, .peers = from->peers};
    struct pcie_device *made = pcie_device_create(system->sim, device->name, &config);

    system->pcie_devices[device->index] = made;
    for (size_t i = 0; i < device->below_count; i++) {
        const struct scenario_device *part = &device->below[i];

        if (!build_device(system, part, error)) {
            return false;
        }
        if (part->sw != NULL) {
            pcie_device_add_switch(made, system->switches[part->index]);
        } else {
            pcie_device_add_endpoint(made, system->endpoints[part->index]);
        }
    }
    return true;
}

static bool build_device(struct system *system, const struct scenario_device *device, struct host_error *error)
{
    if (device->multifunction != NULL) {
        return build_parts(system, device, error);
    }
    if (device->endpoint != NULL) {
        build_endpoint(system, device);
        return true;
    }
    if (device->bridge != NULL) {
        build_bridge(system, device);
        return true;
    }
    return build_switch(system, device, error);
}

/* ---- Links ---- */

static struct pcie_end end_of(struct system *system, const struct scenario_device *device)
{
    if (device->bridge != NULL) {
        return pci_bridge_end(system->pci_bridges[device->index]);
    }
    if (device->multifunction != NULL) {
        return pcie_device_end(system->pcie_devices[device->index]);
    }
    return device->endpoint != NULL ? endpoint_end(system->endpoints[device->index])
                                    : pcie_switch_end(system->switches[device->index]);
}

static void bind_lower(struct system *system, const struct scenario_device *device, const struct pcie_port *port)
{
    if (device->endpoint != NULL) {
        endpoint_bind_link(system->endpoints[device->index], port);
    } else if (device->multifunction != NULL) {
        pcie_device_bind_link(system->pcie_devices[device->index], port);
    } else if (device->bridge != NULL) {
        pci_bridge_bind_link(system->pci_bridges[device->index], port);
    } else {
        pcie_switch_bind_upstream(system->switches[device->index], port);
    }
}

/** Whether any link has malformed TLPs, which the port behind it throws away. */
static bool loses_malformed(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->device_count; i++) {
        if (scenario->devices[i]->link.malformed != 0) {
            return true;
        }
    }
    return false;
}

/** Lets a protocol checker watch a link. Tags can be followed where a device alone asks and is asked. */
static void watch_link(struct system *system, const struct scenario_device *device, const char *name,
                       const struct pcie_bridge *above, struct pcie_link *link, const struct pcie_link_config *config)
{
    const struct scenario_device *first = device->multifunction != NULL ? &device->below[0] : device;
    struct pcie_checker_config checker = {
        .link = link,
        .upper_credits = config->upper_credits,
        .lower_credits = config->lower_credits,
        .upper = &above->config,
        .tags = device->endpoint != NULL,
        .tag_timeout = device->endpoint != NULL ? device->endpoint->completion_timeout : ENDPOINT_DEFAULT_TIMEOUT,
        .losses = loses_malformed(system->scenario),
        .fatal = config->malformed == 0, /* which breaks the rules on purpose */
    };

    if (first->endpoint != NULL) {
        checker.lower = endpoint_config_space(system->endpoints[first->index], 0);
    } else if (first->bridge != NULL) {
        checker.lower = &pci_bridge_registers(system->pci_bridges[first->index])->config;
    } else {
        checker.lower = &pcie_switch_bridge(system->switches[first->index], 0)->config;
    }
    pcie_checker_create(system->sim, name, &checker);
}

/** Puts the devices below a bridge into the slots of its bus. */
static void join_slots(struct system *system, const struct scenario_device *device)
{
    struct pci_bridge *bridge = system->pci_bridges[device->index];

    for (size_t i = 0; i < device->below_count; i++) {
        const struct scenario_device *below = &device->below[i];
        struct endpoint *endpoint = system->endpoints[below->index];
        const struct pcie_config_space *functions[ENDPOINT_MAX_FUNCTIONS];
        const char *name = sim_printf(system->sim, "%s-%s", device->name, below->name);
        struct pci_slot *slot =
            pci_slot_create(system->sim, name, pci_bridge_component(bridge), endpoint_component(endpoint));

        for (unsigned f = 0; f < below->endpoint->functions; f++) {
            functions[f] = endpoint_config_space(endpoint, f);
        }
        endpoint_bind_link(endpoint, &slot->lower);
        pci_bridge_bind_device(bridge, (unsigned)i, &slot->upper, functions, below->endpoint->functions);
    }
}

static void link_below(struct system *system, const struct scenario_device *device);

/** Joins a device to the port above it, then what is below it to its own ports. */
static struct pcie_link *link_device(struct system *system, const struct scenario_device *device,
                                     const char *upper_name, struct pcie_end upper, const struct pcie_bridge *above)
{
    const char *name = sim_printf(system->sim, "%s-%s", upper_name, device->name);
    struct pcie_link_config config = link_of(&device->link, &system->scenario->software);
    struct pcie_link *made = pcie_link_create(system->sim, name, &config, upper, end_of(system, device));

    system->links[device->index] = made;
    if (system->checkers) {
        watch_link(system, device, name, above, made, &config);
    }
    bind_lower(system, device, &made->lower);
    link_below(system, device);
    return made;
}

static void link_below(struct system *system, const struct scenario_device *device)
{
    if (device->bridge != NULL) {
        join_slots(system, device);
        return;
    }
    for (size_t i = 0; i < device->below_count; i++) {
        if (device->multifunction != NULL) {
            link_below(system, &device->below[i]);
            continue;
        }
        if (device->below[i].empty) {
            continue;
        }
        struct pcie_switch *parent = system->switches[device->index];
        const struct pcie_bridge *port = pcie_switch_bridge(parent, (unsigned)i + 1);
        struct pcie_link *link = link_device(system, &device->below[i], device->name, end_of(system, device), port);

        pcie_switch_bind_downstream(parent, (unsigned)i, &link->upper);
    }
}

/* ---- Root complexes ---- */

/** Memory port of a root complex for an SMMU: the n-th that it uses. One more port goes past all SMMUs. */
static uint32_t memory_port_of(const struct scenario *scenario, const struct scenario_root_complex *rc, size_t smmu)
{
    uint32_t port = 0;

    for (size_t i = 0; i < smmu && i < scenario->platform.smmu_count; i++) {
        port += system_uses_smmu(rc, i) ? 1 : 0;
    }
    return port;
}

static struct pcie_map make_map(const struct scenario *scenario, const struct scenario_root_complex *rc,
                                const struct scenario_map *from)
{
    struct pcie_map_entry *entries = calloc(from->count + 1, sizeof(*entries));
    struct pcie_map map = {.entries = entries, .count = entries != NULL ? from->count : 0, .mask = from->mask};

    for (size_t i = 0; i < map.count; i++) {
        const struct scenario_map_entry *entry = &from->entries[i];

        entries[i].rid_base = entry->rid_base;
        entries[i].length = entry->length;
        entries[i].output_base = entry->output_base;
        entries[i].target = entry->smmu != NULL ? memory_port_of(scenario, rc, entry->smmu->index) : 0;
    }
    return map;
}

/** Where device traffic of a root complex enters the interconnect: its own crossbar if an ITS stands beside it. */
static struct sim_bus_port join_posted(struct system *system, size_t rc, struct sim_component *master)
{
    struct sim_bus_port port;

    if (system->local[rc] == NULL) {
        return system_join_master(system, master, CROSSBAR_PORT_POSTED);
    }
    port = system_join(system, master, crossbar_component(system->local[rc]));
    crossbar_bind_master(system->local[rc], system->local_master[rc]++, port, CROSSBAR_PORT_POSTED);
    return port;
}

/** Messages for the endpoints below a root complex go out by its port of the SMMU. */
static void add_stream_routes(struct system *system, const struct scenario_root_complex *rc, size_t smmu, uint32_t port)
{
    for (size_t entry = 0; entry < rc->iommu_map.count; entry++) {
        const struct scenario_map_entry *map = &rc->iommu_map.entries[entry];

        if (map->smmu->index == smmu) {
            smmu_add_stream_route(system->smmus[smmu], map->output_base, map->output_base + map->length - 1, port);
        }
    }
}

static void join_smmus(struct system *system, size_t i)
{
    const struct scenario *scenario = system->scenario;
    const struct scenario_root_complex *rc = &scenario->root_complexes[i];
    struct sim_component *component = root_complex_component(system->root_complexes[i]);
    uint32_t bypass = memory_port_of(scenario, rc, scenario->platform.smmu_count);

    for (size_t s = 0; s < scenario->platform.smmu_count; s++) {
        struct sim_component *smmu = smmu_component(system->smmus[s]);
        uint32_t upstream = 0;
        struct sim_bus_port port;

        if (!system_uses_smmu(rc, s)) {
            continue;
        }
        for (size_t j = 0; j < i; j++) {
            upstream += system_uses_smmu(&scenario->root_complexes[j], s) ? 1 : 0;
        }
        port = system_join(system, component, smmu);
        root_complex_bind_memory(system->root_complexes[i], memory_port_of(scenario, rc, s), port);
        smmu_bind_upstream(system->smmus[s], upstream, port);
        smmu_bind_downstream(system->smmus[s], upstream, join_posted(system, i, smmu));
        add_stream_routes(system, rc, s, upstream);
    }
    root_complex_bind_memory(system->root_complexes[i], bypass, join_posted(system, i, component));
}

static void join_host(struct system *system, size_t i)
{
    const struct scenario_root_complex *rc = &system->scenario->root_complexes[i];
    struct sim_bus_port port =
        system_join_target(system, root_complex_component(system->root_complexes[i]), rc->ecam.base, rc->ecam.size);

    crossbar_map(system->interconnect, rc->mmio.base, rc->mmio.size, system->next_target - 1);
    root_complex_bind_host(system->root_complexes[i], port);
}

static bool build_root_complex(struct system *system, size_t i, struct host_error *error)
{
    const struct scenario_root_complex *rc = &system->scenario->root_complexes[i];
    struct root_port_config *ports = calloc(rc->root_port_count + 1, sizeof(*ports));
    struct root_complex_config config;

    if (ports == NULL) {
        return host_error_set(error, "out of memory");
    }
    root_complex_config_init(&config);
    config.period = rc->clock.period;
    config.latency = rc->latency;
    config.first_bus = (uint8_t)rc->first_bus;
    config.last_bus = (uint8_t)rc->last_bus;
    config.ecam_base = rc->ecam.base;
    config.ports = ports;
    config.port_count = (unsigned)rc->root_port_count;
    config.max_payload = (uint32_t)system->scenario->software.max_payload;
    config.bypass_port = memory_port_of(system->scenario, rc, system->scenario->platform.smmu_count);
    config.memory_ports = config.bypass_port + 1;
    config.peer_to_peer = rc->peer_to_peer;
    config.completion_timeout = rc->completion_timeout;
    config.passing = rc->passing;
    config.iommu_map = make_map(system->scenario, rc, &rc->iommu_map);
    config.msi_map = make_map(system->scenario, rc, &rc->msi_map);
    for (size_t j = 0; j < rc->root_port_count; j++) {
        ports[j].device = rc->root_ports[j].port.device;
        ports[j].function = rc->root_ports[j].port.function;
        ports[j].acs = acs_of(&rc->root_ports[j].port.acs);
        ports[j].virtual_channels = channels_of(&rc->root_ports[j].link, false);
        ports[j].interrupts = rc->root_ports[j].error_interrupts;
        ports[j].no_prefixes = !rc->root_ports[j].tlp_prefixes;
        ports[j].source = system_root_port_source(system, rc, j);
        ports[j].identity = (struct pcie_identity){
            .vendor_id = ROOT_PORT_VENDOR, .device_id = ROOT_PORT_DEVICE, .class_code = CLASS_BRIDGE};
    }
    if (config.memory_ports > ROOT_COMPLEX_MAX_MEMORY_PORTS) {
        host_error_set(error, "%s: wired to %u SMMUs; a root complex can be wired to %u", rc->name, config.bypass_port,
                       ROOT_COMPLEX_MAX_MEMORY_PORTS - 1);
    } else {
        system->root_complexes[i] = root_complex_create(system->sim, rc->name, &config);
        join_host(system, i);
        join_smmus(system, i);
    }
    free(ports);
    free((void *)(uintptr_t)config.iommu_map.entries);
    free((void *)(uintptr_t)config.msi_map.entries);
    return system->root_complexes[i] != NULL;
}

/** A link needs something at both ends, so a root port without a device is left unconnected. */
static void link_root_port(struct system *system, const struct scenario_root_port *port, size_t rc, unsigned index)
{
    struct pcie_link *link;

    if (port->below_count == 0) {
        return;
    }
    link = link_device(system, &port->below[0], port->port.name, root_complex_end(system->root_complexes[rc]),
                       root_complex_bridge(system->root_complexes[rc], index));
    root_complex_bind_link(system->root_complexes[rc], index, &link->upper);
}

bool system_build_pcie(struct system *system, struct host_error *error)
{
    const struct scenario *scenario = system->scenario;

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *rc = &scenario->root_complexes[i];

        if (!build_root_complex(system, i, error)) {
            return false;
        }
        for (size_t j = 0; j < rc->root_port_count; j++) {
            if (rc->root_ports[j].below_count > 0 && !build_device(system, &rc->root_ports[j].below[0], error)) {
                return false;
            }
            link_root_port(system, &rc->root_ports[j], i, (unsigned)j);
        }
    }
    return true;
}
