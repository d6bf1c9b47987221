#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"
#include "models/smmuv3/smmu_cmdqv.h"
#include "models/smmuv3/tbu_internal.h"

void smmu_config_defaults(struct smmu_config *config)
{
    *config = (struct smmu_config){
        .period = SIM_NS,
        .ports = 1,
        .order = SMMU_ORDER_PORT,
        .stream_id_bits = 16,
        .substream_id_bits = 16,
        .output_address_bits = 48,
        .command_queue_bits = 8,
        .event_queue_bits = 7,
        .pri_queue_bits = 7,
        .msi = true,
        .ecmdq_queues = 1,
        .vintfs = 1,
        .vintf_sids = 16,
        .tlb_entries = 2048,
        .tlb_ways = 4,
        .config_cache_entries = 64,
        .config_cache_ways = 4,
        .tbus = 1,
        .micro_tlb = {.ways = 1, .lookup_cycles = 1},
        .tbu_tlb = {.ways = 1, .lookup_cycles = 3},
        .translation_slots = 64,
        .walk_slots = 16,
        .config_slots = 8,
        .stall_slots = 16,
        .event_buffer = 8,
        .atc_timeout = 90 * SIM_S,
        .accept_cycles = 1,
        .config_lookup_cycles = 3,
        .tlb_lookup_cycles = 3,
        .issue_cycles = 1,
        .decode_cycles = 1,
        .config_decode_cycles = 1,
        .forward_cycles = 1,
        .response_cycles = 1,
        .register_cycles = 4,
        .command_cycles = 2,
        .scan_cycles = 1,
    };
    smmu_features_defaults(&config->features);
}

static struct smmu_features features_of(const struct smmu_config *config)
{
    struct smmu_features features = config->features;

    features.stream_id_bits = config->stream_id_bits;
    features.substream_id_bits = config->substream_id_bits;
    features.output_address_bits = config->output_address_bits;
    smmu_features_resolve(&features);
    return features;
}

static bool is_address_size(uint32_t bits)
{
    for (unsigned ips = SMMU_IPS_32; ips <= SMMU_IPS_48 + 1; ips++) {
        if (smmu_ips_bits(ips) == bits) {
            return true;
        }
    }
    return false;
}

static bool within(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most;
}

/** Entries of a cache: whole sets of whole ways. */
static bool is_cache(uint32_t entries, uint32_t ways)
{
    return ways > 0 && entries >= ways && entries % ways == 0;
}

/** Most queues of command queue control pages. */
#define MOST_ECMDQS 128

static bool is_power_of_two(uint32_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

static bool are_ecmdqs(const struct smmu_config *config)
{
    return is_power_of_two(config->ecmdq_pages) && is_power_of_two(config->ecmdq_queues) &&
           config->ecmdq_pages <= MOST_ECMDQS && config->ecmdq_queues <= MOST_ECMDQS / config->ecmdq_pages;
}

/** Most virtual command queues. */
#define MOST_VCMDQS 64

static bool are_vcmdqs(const struct smmu_config *config)
{
    return is_power_of_two(config->vcmdqs) && config->vcmdqs <= MOST_VCMDQS && is_power_of_two(config->vintfs) &&
           config->vintfs <= config->vcmdqs && is_power_of_two(config->vintf_sids) &&
           config->vintf_sids <= SMMU_MAX_VINTF_SIDS;
}

uint32_t smmu_cmdqv_offset(const struct smmu_config *config)
{
    return SMMU_WINDOW_BYTES + config->ecmdq_pages * SMMU_PAGE_BYTES;
}

uint32_t smmu_window_bytes(const struct smmu_config *config)
{
    const uint32_t aperture = SMMU_CMDQV_VINTF_VIEWS + config->vintfs * SMMU_CMDQV_VIEW_BYTES;

    return smmu_cmdqv_offset(config) + (config->vcmdqs > 0 ? aperture : 0);
}

/** Tree pseudo-LRU needs a power of two. */
static bool is_policy(enum smmu_policy policy, uint32_t ways)
{
    return policy <= SMMU_POLICY_RANDOM &&
           (policy != SMMU_POLICY_PLRU || (ways <= SMMU_PLRU_MAX_WAYS && (ways & (ways - 1)) == 0));
}

static bool is_cache_or_absent(const struct smmu_cache_config *cache)
{
    return cache->entries == 0 || (is_cache(cache->entries, cache->ways) && is_policy(cache->policy, cache->ways));
}

static bool are_caches_or_absent(const struct smmu_cache_config *caches, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!is_cache_or_absent(&caches[i])) {
            return false;
        }
    }
    return true;
}

const char *smmu_config_error(const struct smmu_config *config)
{
    const struct {
        bool wrong;
        const char *what;
    } checks[] = {
        {config->base % SMMU_PAGE_BYTES != 0, "base is not a multiple of 64 KiB"},
        {config->period == 0, "the clock period is 0"},
        {!within(config->ports, 1, SMMU_MAX_PORTS), "ports is not 1 to 16"},
        {config->stream_id_bits > 32, "stream_id_bits is above 32"},
        {config->substream_id_bits > 20, "substream_id_bits is above 20"},
        {!is_address_size(config->output_address_bits), "output_address_bits is not 32, 36, 40, 42, 44, 48 or 52"},
        {config->command_queue_bits > 19, "command_queue_bits is above 19"},
        {config->event_queue_bits > 19, "event_queue_bits is above 19"},
        {config->pri_queue_bits > 19, "pri_queue_bits is above 19"},
        {config->ecmdq_pages > 0 && !are_ecmdqs(config),
         "ecmdq_pages and ecmdq_queues are not powers of two, or make more than 128 queues"},
        {config->ecmdq_pages > 0 && !config->msi, "ecmdq_pages needs msi"},
        {!within(config->stall_slots, 1, SMMU_MAX_STALLS), "stall_slots is not 1 to 256"},
        {config->atc_timeout == 0, "atc_timeout is 0"},
        {config->vcmdqs > 0 && !are_vcmdqs(config),
         "vcmdqs, vintfs and vintf_sids are not powers of two, or more than 64, vcmdqs and 16"},
        {!within(config->tbus, 1, config->ports), "tbus is not 1 to the number of ports"},
        {(config->to_tcu_cycles == 0) != (config->to_tbu_cycles == 0), "the link to the TCU is one-way"},
        {config->to_tcu_cycles == 0 && config->micro_tlb.entries + config->tbu_tlb.entries > 0,
         "a TBU has TLBs of its own, but there is no link to the TCU"},
        {config->tbu_slots > SMMU_MAX_SLOTS, "tbu_slots is above 1024"},
        {!is_cache_or_absent(&config->micro_tlb), "micro_tlb: entries, ways and policy do not fit together"},
        {!are_caches_or_absent(config->walk_cache[0], 8), "walk_cache: entries, ways and policy do not fit together"},
        {!is_cache_or_absent(&config->ipa_cache), "ipa_cache: entries, ways and policy do not fit together"},
        {!is_cache_or_absent(&config->tbu_tlb), "tbu_tlb: entries, ways and policy do not fit together"},
        {!is_cache(config->tlb_entries, config->tlb_ways) && (config->tlb_entries > 0 || config->to_tcu_cycles == 0),
         "tlb_entries is not a multiple of tlb_ways"},
        {!is_policy(config->tlb_policy, config->tlb_ways), "tlb_policy does not go with tlb_ways"},
        {!is_policy(config->config_cache_policy, config->config_cache_ways),
         "config_cache_policy does not go with config_cache_ways"},
        {!is_cache(config->config_cache_entries, config->config_cache_ways),
         "config_cache_entries is not a multiple of config_cache_ways"},
        {!within(config->translation_slots, 1, SMMU_MAX_SLOTS), "translation_slots is not 1 to 1024"},
        {!within(config->walk_slots, 1, SMMU_MAX_JOBS), "walk_slots is not 1 to 256"},
        {!within(config->config_slots, 1, SMMU_MAX_JOBS), "config_slots is not 1 to 256"},
        {config->event_buffer == 0, "event_buffer is 0"},
    };

    const struct smmu_features features = features_of(config);

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].wrong) {
            return checks[i].what;
        }
    }
    return smmu_features_error(&features);
}

SIM_APART static void receive_over_links(struct smmu *smmu, sim_time now)
{
    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        smmu_tcu_receive(smmu, &smmu->tbus[i], now);
        smmu_tbu_receive(smmu, &smmu->tbus[i], now);
    }
}

SIM_APART static sim_time links_due(const struct smmu *smmu)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        due = sim_time_min(due, smmu_tbu_link_due(smmu, &smmu->tbus[i]));
    }
    return due;
}

/* Whether an engine has work, or an access waits for the walker port: requests that hit leave none behind. */
static bool engines_have_work(const struct smmu *smmu)
{
    const uint32_t work = smmu->events.count | smmu->stalls.stalled | smmu->atc.active | smmu->commands.awake |
                          smmu->msi_pending | smmu->wires_bound | smmu->walker.count;

    return work != 0 || smmu->pri.requests.head != SMMU_NONE || smmu->pri.current != SMMU_NONE;
}

/* The engines that requests and commands feed, and the walker port, which takes what they ask for. */
SIM_APART static sim_time run_engines(struct smmu *smmu, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    if (smmu->events.count > 0) {
        smmu_events_run(smmu, now);
    }
    if (smmu->stalls.stalled > 0) {
        smmu_stalls_run(smmu, now);
    }
    if (smmu->pri.requests.head != SMMU_NONE || smmu->pri.current != SMMU_NONE) {
        smmu_pri_run(smmu, now);
    }
    if (smmu->atc.active > 0) {
        due = smmu_atc_run(smmu, now);
    }
    due = sim_time_min(due, smmu_commands_run(smmu, now));
    if (smmu->msi_pending != 0) {
        smmu_interrupts_run(smmu, now);
    }
    if (smmu->wires_bound != 0) {
        smmu_wires_run(smmu, now);
    }
    if (smmu->walker.count > 0) {
        due = sim_time_min(due, smmu_walker_send(smmu, now));
    }
    return due;
}

/*
 * The order within an evaluation: answers from memory and register accesses first, then requests with what those
 * changed, then the engines that requests feed, and last the walker port, which takes what all of these ask for.
 */
SIM_HOT static sim_time smmu_evaluate(struct sim_component *component, sim_time now)
{
    struct smmu *smmu = (struct smmu *)component;
    sim_time due = sim_channel_next_arrival(smmu->walker.port.response);
    sim_time access = sim_channel_next_arrival(smmu->registers.request);
    struct smmu_tbu *tbu = smmu->tbus;

    smmu->again = false;
    if (SIM_SELDOM(due <= now)) {
        due = smmu_walker_receive(smmu, now);
    }
    if (SIM_SELDOM(access <= now)) {
        access = smmu_registers_run(smmu, now);
    }
    due = sim_time_min(due, access);
    if (SIM_SELDOM(smmu->distributed)) {
        receive_over_links(smmu, now);
    }
    do {
        due = sim_time_min(due, smmu_tbu_run(smmu, tbu, now));
        tbu++;
    } while (tbu != smmu->tbus + smmu->tbu_count);
    if (SIM_SELDOM(engines_have_work(smmu))) {
        due = sim_time_min(due, run_engines(smmu, now));
    }
    if (SIM_SELDOM(smmu_registers_await(smmu))) {
        smmu_registers_acknowledge(smmu);
    }
    if (SIM_SELDOM(smmu->distributed)) {
        due = sim_time_min(due, links_due(smmu));
    }
    return smmu->again ? now : due;
}

static void set_times(struct smmu *smmu)
{
    const struct smmu_config *config = &smmu->config;
    const sim_time period = config->period;

    smmu->times = (struct smmu_times){
        .accept = config->accept_cycles * period,
        .config_lookup = config->config_lookup_cycles * period,
        .tlb_lookup = config->tlb_lookup_cycles * period,
        .micro_tlb_lookup = config->micro_tlb.lookup_cycles * period,
        .tbu_tlb_lookup = config->tbu_tlb.lookup_cycles * period,
        .to_tcu = config->to_tcu_cycles * period,
        .to_tbu = config->to_tbu_cycles * period,
        .issue = config->issue_cycles * period,
        .decode = config->decode_cycles * period,
        .config_decode = config->config_decode_cycles * period,
        .walk_begin = config->walk_begin_cycles * period,
        .walk_interval = config->walk_interval_cycles * period,
        .forward = config->forward_cycles * period,
        .response = config->response_cycles * period,
        .reg = config->register_cycles * period,
        .command = config->command_cycles * period,
        .scan = config->scan_cycles * period,
    };
    smmu->times.pass = smmu->times.accept + smmu->times.forward;
    smmu->times.pass_configured = smmu->times.pass + smmu->times.config_lookup;
    smmu->times.pass_translated = smmu->times.pass_configured + smmu->times.tlb_lookup;
}

static void make_slots(struct smmu *smmu, struct sim *sim)
{
    const struct smmu_config *config = &smmu->config;
    const uint32_t count = config->tbu_slots > 0 ? config->tbu_slots : config->translation_slots;
    const struct smmu_list empty = {SMMU_NONE, SMMU_NONE};
    /* What is stalled takes no other request's slot. */
    const uint32_t stalls = config->features.stall != SMMU_STALL_MODEL_NONE ? config->stall_slots : 0;

    smmu->slot_count = smmu->tbu_count * (count + stalls);
    smmu->slots = sim_alloc(sim, smmu->slot_count * sizeof(smmu->slots[0]));
    for (uint32_t t = 0; t < smmu->tbu_count; t++) {
        struct smmu_tbu *tbu = &smmu->tbus[t];

        tbu->limit = count;
        tbu->slot_count = count + stalls;
        tbu->slots = t * tbu->slot_count;
        tbu->free_slot = (uint16_t)tbu->slots;
        for (uint32_t i = 0; i < tbu->slot_count; i++) {
            smmu->slots[tbu->slots + i].next = i + 1 < tbu->slot_count ? (uint16_t)(tbu->slots + i + 1) : SMMU_NONE;
        }
    }
    smmu->credits = config->translation_slots;
    smmu->credit_queue = empty;
    smmu->next_sequence = 1;
    smmu->config_queue = empty;
    smmu->stalls.credits = stalls;
    smmu->pri.requests = empty;
    smmu->pri.current = SMMU_NONE;
    smmu->walk_queue = empty;
}

static void make_command_queues(struct smmu *smmu, struct sim *sim)
{
    const struct smmu_config *config = &smmu->config;
    struct smmu_command_engine *engine = &smmu->commands;

    engine->first_ecmdq = 1;
    engine->first_vcmdq = engine->first_ecmdq + config->ecmdq_pages * config->ecmdq_queues;
    engine->count = engine->first_vcmdq + config->vcmdqs;
    engine->queues = sim_alloc(sim, engine->count * sizeof(engine->queues[0]));
    for (uint32_t i = engine->first_ecmdq; i < engine->first_vcmdq; i++) {
        engine->queues[i].kind = SMMU_QUEUE_ECMDQ;
    }
    for (uint32_t i = engine->first_vcmdq; i < engine->count; i++) {
        engine->queues[i].kind = SMMU_QUEUE_VCMDQ;
    }
    smmu->cmdqv.config = SMMU_MASK32(SMMU_CMDQV_CONFIG_EN); /* enabled from reset on, as the part is */
    if (config->vcmdqs > 0) {
        smmu->cmdqv.vintfs = sim_alloc(sim, config->vintfs * sizeof(smmu->cmdqv.vintfs[0]));
    }
}

static void make_jobs(struct smmu *smmu, struct sim *sim)
{
    const struct smmu_config *config = &smmu->config;
    /* Each job, each command queue, the writes of the other queues and each source of MSIs has at most one waiting. */
    const uint32_t requesters = config->walk_slots + config->config_slots + smmu->commands.count + 2 + SMMU_MSI_SOURCES;

    smmu->fetch_count = config->config_slots;
    smmu->fetches = sim_alloc(sim, smmu->fetch_count * sizeof(smmu->fetches[0]));
    smmu->walk_count = config->walk_slots;
    smmu->walks = sim_alloc(sim, smmu->walk_count * sizeof(smmu->walks[0]));
    smmu->walker.capacity = requesters;
    smmu->walker.ring = sim_alloc(sim, requesters * sizeof(smmu->walker.ring[0]));
    smmu->events.ring = sim_alloc(sim, config->event_buffer * sizeof(smmu->events.ring[0]));
    sim_packet_reserve(sim, requesters + (smmu->features.ats ? smmu->port_count * SMMU_PORT_MESSAGES : 0), false);
}

static void make_ports(struct smmu *smmu, struct sim *sim)
{
    smmu->port_count = smmu->config.ports;
    smmu->port_order = smmu->config.order == SMMU_ORDER_PORT;
    smmu->ports = sim_alloc(sim, smmu->port_count * sizeof(smmu->ports[0]));
    for (uint32_t i = 0; i < smmu->port_count; i++) {
        smmu->ports[i].sent_at = SIM_TIME_NEVER;
        smmu->ports[i].answered_at = SIM_TIME_NEVER;
        smmu->ports[i].ready = (struct smmu_list){SMMU_NONE, SMMU_NONE};
        smmu->ports[i].youngest = SMMU_NONE;
    }
}

/* Ports are dealt out to the TBUs in order, as evenly as they go. */
static void make_tbus(struct smmu *smmu, struct sim *sim, const char *name)
{
    const struct smmu_config *config = &smmu->config;

    smmu->distributed = config->to_tcu_cycles > 0;
    smmu->tbu_count = config->tbus;
    smmu->tbus = sim_alloc(sim, smmu->tbu_count * sizeof(smmu->tbus[0]));
    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        struct smmu_tbu *tbu = &smmu->tbus[i];

        tbu->ports = &smmu->ports[i * smmu->port_count / smmu->tbu_count];
        tbu->ports_end = &smmu->ports[(i + 1) * smmu->port_count / smmu->tbu_count];
        tbu->turn = tbu->ports;
        tbu->to_tcu = (struct smmu_list){SMMU_NONE, SMMU_NONE};
        tbu->to_tbu = (struct smmu_list){SMMU_NONE, SMMU_NONE};
        for (struct smmu_port *port = tbu->ports; port != tbu->ports_end; port++) {
            port->tbu = i;
        }
        smmu_tbu_tlb_init(&tbu->micro_tlb, sim, sim_printf(sim, "%s micro-tlb %u", name, i), &config->micro_tlb);
        smmu_tbu_tlb_init(&tbu->tlb, sim, sim_printf(sim, "%s tbu-tlb %u", name, i), &config->tbu_tlb);
    }
}

static void make_caches(struct smmu *smmu, struct sim *sim, const char *name)
{
    const struct smmu_config *config = &smmu->config;

    smmu_tlb_init(&smmu->tlb, sim, sim_printf(sim, "%s tlb", name), config->tlb_entries, config->tlb_ways,
                  config->tlb_policy);
    smmu_config_cache_init(&smmu->configs, sim, sim_printf(sim, "%s config-cache", name), config->config_cache_entries,
                           config->config_cache_ways, config->config_cache_policy);
    smmu_tcu_caches_init(smmu, sim, name);
}

static void register_counters(struct smmu *smmu)
{
    const struct smmu_counters *counters = &smmu->counters;
    const struct {
        const char *name;
        const uint64_t *value;
    } list[] = {
        {"requests", &counters->requests},
        {"config-hits", &counters->config_hits},
        {"config-misses", &counters->config_misses},
        {"config-reads", &counters->config_reads},
        {"tlb-hits", &counters->tlb_hits},
        {"tlb-misses", &counters->tlb_misses},
        {"walks", &counters->walks},
        {"walk-reads", &counters->walk_reads},
        {"walk-updates", &counters->walk_updates},
        {"commands", &counters->commands},
        {"events", &counters->events},
        {"events-lost", &counters->events_lost},
        {"terminated", &counters->terminated},
        {"msis", &counters->msis},
        {"slot-stalls", &counters->slot_stalls},
    };

    const struct {
        const char *name;
        const uint64_t *value;
    } distributed[] = {
        {"micro-tlb-hits", &counters->micro_tlb_hits}, {"tbu-tlb-hits", &counters->tbu_tlb_hits},
        {"tbu-misses", &counters->tbu_misses},         {"merged", &counters->merged},
        {"credit-stalls", &counters->credit_stalls},   {"tbu-invalidations", &counters->invalidations},
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        sim_counter_register(&smmu->component, list[i].name, list[i].value);
    }
    sim_counter_register(&smmu->component, "merged-events", &counters->merged_events);
    smmu_tcu_caches_register_counters(smmu);
    for (size_t i = 0; i < sizeof(distributed) / sizeof(distributed[0]) && smmu->distributed; i++) {
        sim_counter_register(&smmu->component, distributed[i].name, distributed[i].value);
    }
}

/* Counters of what not every SMMU has. */
static void register_ats_counters(struct smmu *smmu)
{
    const struct smmu_counters *counters = &smmu->counters;
    const struct {
        bool present;
        const char *name;
        const uint64_t *value;
    } list[] = {
        {smmu->features.stall != SMMU_STALL_MODEL_NONE, "stalled", &counters->stalls},
        {smmu->features.ats, "translation-requests", &counters->translation_requests},
        {smmu->features.ats, "translated", &counters->translated},
        {smmu->features.ats, "atc-invalidations", &counters->atc_invalidations},
        {smmu->features.ats, "atc-timeouts", &counters->atc_timeouts},
        {smmu->features.pri, "page-requests", &counters->page_requests},
        {smmu->features.pri, "page-records", &counters->page_records},
        {smmu->features.pri, "page-automatic", &counters->page_automatic},
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (list[i].present) {
            sim_counter_register(&smmu->component, list[i].name, list[i].value);
        }
    }
}

struct smmu *smmu_create(struct sim *sim, const char *name, const struct smmu_config *config)
{
    const char *error = smmu_config_error(config);
    struct smmu *smmu;

    if (error != NULL) {
        sim_panic(sim, NULL, NULL, "%s: %s", name, error);
    }
    smmu = sim_alloc(sim, sizeof(*smmu));
    sim_component_init(&smmu->component, sim, name, config->period, smmu_evaluate);
    smmu->sim = sim;
    smmu->config = *config;
    smmu->features = features_of(config);
    smmu->config_stage = sim_stage_register(sim, sim_printf(sim, "%s config", name));
    smmu->walk_stage = sim_stage_register(sim, sim_printf(sim, "%s walk", name));
    smmu->walker.name_hash = sim_name_hash(name);
    set_times(smmu);
    make_caches(smmu, sim, name);
    make_ports(smmu, sim);
    make_tbus(smmu, sim, name);
    make_slots(smmu, sim);
    make_command_queues(smmu, sim);
    make_jobs(smmu, sim);
    register_counters(smmu);
    register_ats_counters(smmu);
    smmu_register_gauges(smmu);
    smmu_registers_reset(smmu);
    return smmu;
}

struct sim_component *smmu_component(struct smmu *smmu)
{
    return &smmu->component;
}

static struct smmu_port *find_port(struct smmu *smmu, uint32_t port)
{
    if (port >= smmu->port_count) {
        sim_panic(smmu->sim, &smmu->component, NULL, "port %u of %u does not exist", port, smmu->port_count);
    }
    return &smmu->ports[port];
}

void smmu_add_stream_route(struct smmu *smmu, uint32_t first, uint32_t last, uint32_t port)
{
    (void)find_port(smmu, port);
    if (smmu->route_count == smmu->route_capacity) {
        struct smmu_stream_route *routes;

        smmu->route_capacity = smmu->route_capacity > 0 ? 2 * smmu->route_capacity : 8;
        routes = sim_alloc(smmu->sim, smmu->route_capacity * sizeof(*routes));
        for (uint32_t i = 0; i < smmu->route_count; i++) {
            routes[i] = smmu->routes[i];
        }
        smmu->routes = routes;
    }
    smmu->routes[smmu->route_count++] = (struct smmu_stream_route){first, last, port};
}

void smmu_bind_upstream(struct smmu *smmu, uint32_t port, struct sim_bus_port bus)
{
    find_port(smmu, port)->upstream = bus;
}

void smmu_bind_downstream(struct smmu *smmu, uint32_t port, struct sim_bus_port bus)
{
    find_port(smmu, port)->downstream = bus;
}

void smmu_bind_walker(struct smmu *smmu, struct sim_bus_port bus)
{
    smmu->walker.port = bus;
}

void smmu_bind_registers(struct smmu *smmu, struct sim_bus_port bus)
{
    smmu->registers = bus;
}
