/* Builds the platform: memory, interconnect, PEs with redistributors, ITS, SMMUs. */
#include "scenario/smmu_idr.h"
#include "scenario/system_internal.h"

#include <string.h>

/** Packets that a bus channel holds: enough that no bus is limited by it when latencies are a few cycles. */
#define BUS_CAPACITY 16u

/** Messages from a redistributor back to an ITS. */
#define BACK_CREDITS 8u

/** SPIs on their way from a GICv2m frame to the distributor, or from there to a redistributor. */
#define SPI_CREDITS 4u

static enum gic_virtual virtual_of(const struct scenario *scenario)
{
    switch (scenario->platform.redistributor.version) {
    case SCENARIO_GIC_V4_0:
        return GIC_VIRTUAL_V4_0;
    case SCENARIO_GIC_V4_1:
        return GIC_VIRTUAL_V4_1;
    default:
        return GIC_VIRTUAL_NONE;
    }
}

static struct sim_channel *channel(struct system *system, struct sim_component *writer, struct sim_component *reader,
                                   sim_time latency, uint32_t capacity)
{
    struct sim_channel_config config = {
        .writer = writer, .reader = reader, .latency = latency, .credit_latency = latency, .capacity = capacity};

    config.name = sim_printf(system->sim, "%s -> %s", writer->name, reader->name);
    return sim_channel_create(system->sim, &config);
}

struct sim_bus_port system_join(struct system *system, struct sim_component *master, struct sim_component *target)
{
    struct sim_bus_port port;

    port.request = channel(system, master, target, 0, BUS_CAPACITY);
    port.response = channel(system, target, master, 0, BUS_CAPACITY);
    return port;
}

struct sim_bus_port system_join_master(struct system *system, struct sim_component *master,
                                       enum crossbar_port_kind kind)
{
    struct sim_bus_port port = system_join(system, master, crossbar_component(system->interconnect));

    crossbar_bind_master(system->interconnect, system->next_master++, port, kind);
    return port;
}

struct sim_bus_port system_join_target(struct system *system, struct sim_component *target, uint64_t base,
                                       uint64_t size)
{
    struct sim_bus_port port = system_join(system, crossbar_component(system->interconnect), target);

    crossbar_bind_target(system->interconnect, system->next_target, port);
    crossbar_map(system->interconnect, base, size, system->next_target);
    system->next_target++;
    return port;
}

static void build_memory(struct system *system)
{
    const struct scenario_memory *from = &system->scenario->platform.memory;
    struct memory_config config = {.base = from->base,
                                   .size = from->size,
                                   .period = from->clock.period,
                                   .latency = from->latency,
                                   .bandwidth = from->bandwidth,
                                   .queue = from->queue};

    system->memory = memory_create(system->sim, "memory", &config);
    memory_bind(system->memory, 0,
                system_join_target(system, memory_component(system->memory), from->base, from->size));
    crossbar_allow_swaps(system->interconnect, system->next_target - 1);
}

/** Master and target ports that a system needs at the most. */
static void count_ports(const struct scenario *scenario, uint32_t *masters, uint32_t *targets)
{
    const struct scenario_platform *platform = &scenario->platform;
    uint32_t root_complexes = (uint32_t)scenario->root_complex_count;
    uint32_t smmus = (uint32_t)platform->smmu_count;
    uint32_t its = (uint32_t)platform->its_count;

    uint32_t frames = (uint32_t)platform->v2m_count + (platform->v2m_count > 0 ? 1u : 0u);

    *masters = 1 + (scenario->vm_count > 0 ? 1u : 0u) + platform->pe.count + its + smmus + root_complexes * (smmus + 1);
    *targets = 1 + platform->pe.count + its + frames + smmus + root_complexes;
}

static bool build_interconnect(struct system *system, struct host_error *error)
{
    const struct scenario_interconnect *from = &system->scenario->platform.interconnect;
    struct crossbar_config config = {.period = from->clock.period,
                                     .forward_latency = from->latency,
                                     .response_latency = from->response_latency,
                                     .width = (uint32_t)from->width,
                                     .ordered_writes = from->ordered_writes,
                                     .relaxed_ordering = from->relaxed_ordering};

    count_ports(system->scenario, &config.masters, &config.targets);
    if (config.masters > CROSSBAR_MAX_MASTERS || config.targets > CROSSBAR_MAX_TARGETS) {
        return host_error_set(error, "the interconnect has %u master and %u target ports; this system needs %u and %u",
                              CROSSBAR_MAX_MASTERS, CROSSBAR_MAX_TARGETS, config.masters, config.targets);
    }
    system->interconnect = crossbar_create(system->sim, "interconnect", &config);
    return true;
}

static void build_host_port(struct system *system)
{
    struct host_port_config config = {.period = system->scenario->platform.interconnect.clock.period,
                                      .issue_latency = HOST_PORT_DEFAULT_ISSUE_LATENCY,
                                      .return_latency = HOST_PORT_DEFAULT_RETURN_LATENCY};

    system->host_port = host_port_create(system->sim, "host", &config);
    host_port_bind(system->host_port,
                   system_join_master(system, host_port_component(system->host_port), CROSSBAR_PORT_PLAIN));
    host_access_init(&system->access, system->sim, system->host_port, system->memory);
}

/** MSIs that can be pending at once: each vector once. The packet pool is one, so its parts need not fit each PE. */
static size_t vectors_in_use(const struct scenario *scenario)
{
    size_t vectors = 0;

    for (size_t i = 0; i < scenario->traffic_count; i++) {
        for (size_t j = 0; j < scenario->traffic[i].stream_count; j++) {
            const struct scenario_msi_traffic *msi = scenario->traffic[i].streams[j].msi;

            vectors += msi != NULL ? msi->vector_count : 0;
        }
    }
    return vectors;
}

static struct redistributor_config redistributor_of(const struct system *system, uint32_t i)
{
    const struct scenario_platform *platform = &system->scenario->platform;
    const struct scenario_redistributor *from = &platform->redistributor;
    struct redistributor_config config = redistributor_config_default();

    config.period = from->clock.period;
    config.base = from->base + i * scenario_redistributor_bytes(system->scenario);
    config.processor_number = i;
    config.affinity = i;
    config.last = i + 1 == platform->pe.count;
    config.intid_bits = from->lpi_id_bits;
    config.config_cache_entries = from->config_cache_entries;
    config.config_cache_ways = from->config_cache_ways;
    config.config_fetches = from->config_fetches;
    config.pending_entries = from->pending_entries;
    config.lookup_cycles = from->lookup_cycles;
    config.deliver_cycles = from->deliver_cycles;
    config.activate_cycles = from->activate_cycles;
    config.register_cycles = from->register_cycles;
    config.its_count = (uint32_t)platform->its_count;
    config.spis = platform->v2m_count > 0;
    config.virt.version = virtual_of(system->scenario);
    config.virt.slots = from->virtual_slots;
    config.virt.config_cache_entries = from->virtual_cache_entries;
    config.reserve = (uint32_t)(vectors_in_use(system->scenario) / platform->pe.count) + 1;
    return config;
}

static struct pe_config pe_of(const struct system *system)
{
    const struct scenario_pe *from = &system->scenario->platform.pe;
    struct pe_config config = pe_config_default();

    config.period = from->clock.period;
    config.acknowledge_cycles = from->acknowledge_cycles;
    config.entry_cycles = from->entry_cycles;
    config.handler_time = from->handler_time;
    config.handled_cycles = from->handled_cycles;
    config.sources = (uint32_t)system->stream_count + 1;
    config.preemption = from->preemption;
    config.eoi_mode = from->drop_time < from->handler_time;
    config.drop_time = from->drop_time;
    config.guests = system->scenario->vm_count > 0;
    config.exit_cycles = from->guest_exit_cycles;
    config.enter_cycles = from->guest_enter_cycles;
    config.guest_handler_time = from->guest_handler_time;
    return config;
}

static void build_pe(struct system *system, uint32_t i)
{
    struct redistributor_config rd_config = redistributor_of(system, i);
    struct pe_config pe_config = pe_of(system);
    struct redistributor *rd = redistributor_create(system->sim, sim_printf(system->sim, "rd%u", i), &rd_config);
    struct pe *pe = pe_create(system->sim, sim_printf(system->sim, "pe%u", i), &pe_config);
    struct sim_component *writer = redistributor_component(rd);
    struct sim_component *reader = pe_component(pe);
    struct sim_channel *to;
    struct sim_channel *from;

    system->redistributors[i] = rd;
    system->pes[i] = pe;
    redistributor_bind_target(
        rd, system_join_target(system, writer, rd_config.base, scenario_redistributor_bytes(system->scenario)));
    redistributor_bind_memory(rd, system_join_master(system, writer, CROSSBAR_PORT_PLAIN));
    to = channel(system, writer, reader, 0, 2);
    from = channel(system, reader, writer, 0, 2);
    redistributor_bind_pe(rd, to, from);
    pe_bind_redistributor(pe, to, from);
}

/** Sends an ITS's pre-ITS window, if it has one, where its frames are sent. */
static void map_pre_its(const struct scenario_its *from, struct crossbar *crossbar, unsigned target)
{
    if (from->pre_its != NULL) {
        crossbar_map(crossbar, from->pre_its->base, from->pre_its->size, target);
    }
}

/** The ITS beside a root complex is reached by a small crossbar of its own, between the SMMU and the interconnect. */
static void build_local(struct system *system, const struct scenario_its *from, struct sim_component *its)
{
    const struct scenario_interconnect *main = &system->scenario->platform.interconnect;
    size_t rc = from->beside->index;
    struct crossbar_config config = {.period = main->clock.period,
                                     .forward_latency = from->port_latency,
                                     .response_latency = from->port_latency,
                                     .width = (uint32_t)main->width,
                                     .ordered_writes = main->ordered_writes,
                                     .relaxed_ordering = main->relaxed_ordering,
                                     .masters = 1 + (uint32_t)system->scenario->platform.smmu_count + 1,
                                     .targets = 1 + (uint32_t)system->scenario->platform.its_count};
    struct sim_component *local;
    struct sim_bus_port port;

    if (system->local[rc] == NULL) {
        system->local[rc] =
            crossbar_create(system->sim, sim_printf(system->sim, "%s.local", from->beside->name), &config);
        local = crossbar_component(system->local[rc]);
        /* Target 0 leads up to the interconnect, which is everything that is not beside. */
        port = system_join_master(system, local, CROSSBAR_PORT_ORDERED);
        crossbar_bind_target(system->local[rc], 0, port);
        system->local_master[rc] = 0;
        system->local_target[rc] = 1;
        port = system_join_target(system, local, from->base, scenario_its_bytes(system->scenario, from));
        map_pre_its(from, system->interconnect, system->next_target - 1);
        crossbar_bind_master(system->local[rc], system->local_master[rc]++, port, CROSSBAR_PORT_ORDERED);
    }
    local = crossbar_component(system->local[rc]);
    port = system_join(system, local, its);
    crossbar_bind_target(system->local[rc], system->local_target[rc], port);
    map_pre_its(from, system->local[rc], system->local_target[rc]);
    crossbar_map(system->local[rc], from->base, scenario_its_bytes(system->scenario, from), system->local_target[rc]++);
    its_bind_target(system->itses[from->index], 0, port);
}

static void build_its(struct system *system, size_t i)
{
    const struct scenario_its *from = &system->scenario->platform.its[i];
    const struct scenario_platform *platform = &system->scenario->platform;
    struct its_config config = its_config_default();
    struct sim_component *component;

    config.period = from->clock.period;
    config.base = from->base;
    config.number = (uint32_t)i;
    config.device_bits = from->device_id_bits;
    config.event_bits = from->event_id_bits;
    config.intid_bits = platform->redistributor.lpi_id_bits;
    config.translate_cycles = from->translate_cycles;
    config.command_cycles = from->command_cycles;
    config.interval_cycles = from->interval_cycles;
    config.register_cycles = from->register_cycles;
    config.slots = from->translation_slots;
    config.device_cache_entries = from->device_cache_entries;
    config.event_cache_entries = from->event_cache_entries;
    config.collection_cache_entries = from->collection_cache_entries;
    config.cache_ways = from->cache_ways;
    config.redistributors = platform->pe.count;
    config.stall_on_error = from->command_errors == SCENARIO_COMMAND_ERRORS_STALL;
    config.umsi = from->report_unmapped;
    config.virt.version = from->virtual_lpis ? virtual_of(system->scenario) : GIC_VIRTUAL_NONE;
    config.virt.vpe_cache_entries = from->vpe_cache_entries;
    config.virt.vpe_cache_ways = from->vpe_cache_ways;
    config.virt.single_vmovp = platform->redistributor.single_vmovp;
    if (from->pre_its != NULL) {
        config.pre_its_base = from->pre_its->base;
        config.pre_its_size = from->pre_its->size;
        config.pre_its_cycles = from->pre_its->cycles;
    }
    system->itses[i] = its_create(system->sim, from->name, &config);
    component = its_component(system->itses[i]);
    if (from->beside != NULL) {
        build_local(system, from, component);
    } else {
        its_bind_target(system->itses[i], 0,
                        system_join_target(system, component, from->base, scenario_its_bytes(system->scenario, from)));
        map_pre_its(from, system->interconnect, system->next_target - 1);
    }
    its_bind_memory(system->itses[i], system_join_master(system, component, CROSSBAR_PORT_PLAIN));
    for (uint32_t pe = 0; pe < platform->pe.count; pe++) {
        struct sim_component *rd = redistributor_component(system->redistributors[pe]);
        struct sim_channel *to = channel(system, component, rd, from->redistributor_latency, from->lpi_credits);
        struct sim_channel *back = channel(system, rd, component, from->redistributor_latency, BACK_CREDITS);

        its_bind_redistributor(system->itses[i], pe, to, back);
        redistributor_bind_its(system->redistributors[pe], (uint32_t)i, to, back);
    }
}

/** The distributor, with a pair of channels to each redistributor. */
static void build_distributor(struct system *system)
{
    const struct scenario_platform *platform = &system->scenario->platform;
    const struct scenario_distributor *from = &platform->distributor;
    struct distributor_config config = {.period = platform->redistributor.clock.period,
                                        .base = from->base,
                                        .spis = from->spis,
                                        .intid_bits = platform->redistributor.lpi_id_bits,
                                        .frames = (uint32_t)platform->v2m_count,
                                        .redistributors = platform->pe.count,
                                        .route_cycles = from->route_cycles,
                                        .register_cycles = from->register_cycles};
    struct sim_component *component;

    system->distributor = distributor_create(system->sim, "distributor", &config);
    component = distributor_component(system->distributor);
    distributor_bind_target(system->distributor, system_join_target(system, component, from->base, GICD_SIZE));
    for (uint32_t pe = 0; pe < platform->pe.count; pe++) {
        struct sim_component *rd = redistributor_component(system->redistributors[pe]);
        struct sim_channel *to = channel(system, component, rd, from->redistributor_latency, SPI_CREDITS);
        struct sim_channel *back = channel(system, rd, component, from->redistributor_latency, BACK_CREDITS);

        distributor_bind_redistributor(system->distributor, pe, to, back);
        redistributor_bind_distributor(system->redistributors[pe], to, back);
    }
}

static void build_v2m(struct system *system, size_t i)
{
    const struct scenario_v2m *from = &system->scenario->platform.v2m[i];
    struct v2m_config config = {.period = system->scenario->platform.redistributor.clock.period,
                                .base = from->base,
                                .first_spi = from->first_spi,
                                .spi_count = from->spi_count,
                                .forward_cycles = from->forward_cycles,
                                .register_cycles = from->register_cycles};
    struct v2m *v2m = v2m_create(system->sim, from->name, &config);
    struct sim_component *component = v2m_component(v2m);
    struct sim_channel *to = channel(system, component, distributor_component(system->distributor), 0, SPI_CREDITS);

    v2m_bind_target(v2m, system_join_target(system, component, from->base, V2M_SIZE));
    v2m_bind_distributor(v2m, to);
    distributor_bind_frame(system->distributor, (uint32_t)i, to);
}

uint32_t system_smmu_users(const struct scenario *scenario, size_t smmu)
{
    uint32_t users = 0;

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        users += system_uses_smmu(&scenario->root_complexes[i], smmu) ? 1 : 0;
    }
    return users;
}

bool system_uses_smmu(const struct scenario_root_complex *rc, size_t smmu)
{
    for (size_t i = 0; i < rc->iommu_map.count; i++) {
        if (rc->iommu_map.entries[i].smmu->index == smmu) {
            return true;
        }
    }
    return false;
}

static struct smmu_cache_config smmu_cache_of(const struct scenario_smmu_cache *from)
{
    return (struct smmu_cache_config){
        .entries = from->entries,
        .ways = from->ways,
        .policy = (enum smmu_policy)from->policy,
        .lookup_cycles = from->lookup_cycles,
    };
}

/* What a distributed SMMU has, and the caches of its control unit. */
static void set_smmu_structure(struct smmu_config *config, const struct scenario_smmu *from)
{
    const struct scenario_walk_cache *walk = &from->walk_cache;

    config->tlb_policy = (enum smmu_policy)from->tlb.policy;
    config->config_cache_policy = (enum smmu_policy)from->config_cache.policy;
    config->tbus = from->tbus < config->ports ? from->tbus : config->ports;
    config->tbu_slots = from->tbu_slots;
    config->micro_tlb = smmu_cache_of(&from->micro_tlb);
    config->tbu_tlb = smmu_cache_of(&from->tbu_tlb);
    config->ipa_cache = smmu_cache_of(&from->ipa_cache);
    config->walk_cache_nonfinal = walk->nonfinal;
    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < 3; level++) {
            config->walk_cache[stage][level] = (struct smmu_cache_config){
                walk->entries[stage][level], walk->ways, (enum smmu_policy)walk->policy, walk->lookup_cycles};
        }
    }
    config->to_tcu_cycles = from->to_tcu_cycles;
    config->to_tbu_cycles = from->to_tbu_cycles;
    config->walk_begin_cycles = from->walk_begin_cycles;
    config->walk_interval_cycles = from->walk_interval_cycles;
    config->separate_walks = !from->share_walks;
    config->config_decode_cycles = from->config_decode_cycles;
}

static struct smmu_config smmu_of(const struct scenario *scenario, const struct scenario_smmu *from)
{
    struct smmu_config config;

    smmu_config_defaults(&config);
    config.base = from->base;
    config.period = from->clock.period;
    config.ports = system_smmu_users(scenario, from->index);
    config.order = from->order == SCENARIO_SMMU_ORDER_STREAM ? SMMU_ORDER_STREAM : SMMU_ORDER_PORT;
    smmu_idr_apply(from, &config);
    config.tlb_entries = from->tlb.entries;
    config.tlb_ways = from->tlb.ways;
    config.tlb_lookup_cycles = from->tlb.lookup_cycles;
    config.config_cache_entries = from->config_cache.entries;
    config.config_cache_ways = from->config_cache.ways;
    config.config_lookup_cycles = from->config_cache.lookup_cycles;
    config.translation_slots = from->translation_slots;
    config.walk_slots = from->walk_slots;
    config.config_slots = from->config_slots;
    config.event_buffer = from->event_buffer;
    config.accept_cycles = from->accept_cycles;
    config.issue_cycles = from->issue_cycles;
    config.decode_cycles = from->decode_cycles;
    config.forward_cycles = from->forward_cycles;
    config.response_cycles = from->response_cycles;
    config.register_cycles = from->register_cycles;
    config.command_cycles = from->command_cycles;
    config.scan_cycles = from->scan_cycles;
    config.atc_timeout = from->atc_timeout;
    set_smmu_structure(&config, from);
    return config;
}

static void build_smmu(struct system *system, size_t i)
{
    const struct scenario_smmu *from = &system->scenario->platform.smmu[i];
    struct smmu_config config = smmu_of(system->scenario, from);
    struct sim_component *component;

    system->smmus[i] = smmu_create(system->sim, from->name, &config);
    component = smmu_component(system->smmus[i]);
    smmu_bind_registers(system->smmus[i],
                        system_join_target(system, component, from->base, smmu_window_bytes(&config)));
    smmu_bind_walker(system->smmus[i], system_join_master(system, component, CROSSBAR_PORT_PLAIN));
}

/** A range of addresses. */
struct range {
    uint64_t base;
    uint64_t size;
};

static void keep_lower(struct range *best, uint64_t cursor, uint64_t base, uint64_t size)
{
    if (base >= cursor && base < best->base) {
        *best = (struct range){base, size};
    }
}

/** The lowest range from @p cursor on that belongs to an ITS beside a root complex; base UINT64_MAX: none. */
static struct range next_beside(const struct scenario *scenario, size_t rc, uint64_t cursor)
{
    struct range best = {UINT64_MAX, 0};

    for (size_t i = 0; i < scenario->platform.its_count; i++) {
        const struct scenario_its *its = &scenario->platform.its[i];

        if (its->beside == NULL || its->beside->index != rc) {
            continue;
        }
        keep_lower(&best, cursor, its->base, scenario_its_bytes(scenario, its));
        if (its->pre_its != NULL) {
            keep_lower(&best, cursor, its->pre_its->base, its->pre_its->size);
        }
    }
    return best;
}

/** Sends all addresses that are not an ITS's beside this root complex to the interconnect. */
static void map_uplink(struct system *system, size_t rc)
{
    uint64_t cursor = 0;

    for (;;) {
        struct range next = next_beside(system->scenario, rc, cursor);

        crossbar_map(system->local[rc], cursor, next.base - cursor, 0);
        if (next.base == UINT64_MAX) {
            return;
        }
        cursor = next.base + next.size;
    }
}

bool system_build_platform(struct system *system, struct host_error *error)
{
    const struct scenario_platform *platform = &system->scenario->platform;

    if (!build_interconnect(system, error)) {
        return false;
    }
    build_memory(system);
    build_host_port(system);
    for (uint32_t i = 0; i < platform->pe.count; i++) {
        build_pe(system, i);
    }
    for (size_t i = 0; i < platform->its_count; i++) {
        build_its(system, i);
    }
    if (platform->v2m_count > 0) {
        build_distributor(system);
    }
    for (size_t i = 0; i < platform->v2m_count; i++) {
        build_v2m(system, i);
    }
    for (size_t i = 0; i < system->scenario->root_complex_count; i++) {
        if (system->local[i] != NULL) {
            map_uplink(system, i);
        }
    }
    for (size_t i = 0; i < platform->smmu_count; i++) {
        if (system_smmu_users(system->scenario, i) == 0) {
            return host_error_set(error, "SMMU %s: no iommu-map leads to it", platform->smmu[i].name);
        }
        build_smmu(system, i);
    }
    return true;
}
