#include "models/pcie/endpoint.h"

#include "models/pcie/endpoint_internal.h"

#include <string.h>

/* Bits of endpoint.arrived. */
#define ARRIVED_HANDLED_SHIFT 4

/** A completer other than a root complex may end pieces of a completion only at multiples of this (2.3.1.1). */
#define COMPLETION_BOUNDARY 128u

/* ---- Inputs ---- */

static void take_completions(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    unsigned queue = pcie_queue(vc, PCIE_COMPLETION);
    const struct sim_packet *next = sim_channel_peek(endpoint->port->queues[queue].receive, now);

    if (next != NULL && !pcie_port_must_wait(endpoint->port, queue, next)) {
        struct sim_packet *packet = pcie_port_take(endpoint->port, queue, now);

        if (!endpoint_discards(endpoint, packet, now)) {
            endpoint_take_completion(endpoint, packet, now);
        }
    }
}

static void take_requests(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    unsigned posted = pcie_queue(vc, PCIE_POSTED);
    unsigned non_posted = pcie_queue(vc, PCIE_NON_POSTED);
    const struct sim_packet *next = sim_channel_peek(endpoint->port->queues[non_posted].receive, now);
    /* Asked before anything is popped: a posted request that leaves in this instant still goes first. */
    bool wait = next != NULL && pcie_port_must_wait(endpoint->port, non_posted, next);

    if (sim_channel_peek(endpoint->port->queues[posted].receive, now) != NULL) {
        struct sim_packet *packet = pcie_port_take(endpoint->port, posted, now);

        if (!endpoint_discards(endpoint, packet, now)) {
            endpoint_take_posted(endpoint, packet, now);
        }
    }
    if (next != NULL && !wait && endpoint->answer.whole == NULL) {
        struct sim_packet *packet = pcie_port_take(endpoint->port, non_posted, now);

        if (!endpoint_discards(endpoint, packet, now)) {
            endpoint->answer.whole = packet;
            endpoint_serve(endpoint, packet, now);
        }
    }
}

static void take_handled(struct endpoint *endpoint, sim_time now)
{
    for (uint64_t rest = endpoint->arrived >> ARRIVED_HANDLED_SHIFT; rest != 0; rest &= rest - 1) {
        const struct endpoint_handled *input = endpoint->handled[__builtin_ctzll(rest)];

        for (; input != NULL; input = input->next) {
            if (sim_channel_peek(input->channel, now) != NULL) {
                struct sim_packet *packet = sim_channel_pop(input->channel, now);

                endpoint_take_handled(endpoint, packet, now);
                sim_packet_free(endpoint->sim, packet);
            }
        }
    }
}

/** What has come through the link, from handlers, or gone wrong. */
SIM_APART static void take_inputs(struct endpoint *endpoint, sim_time now)
{
    for (unsigned vc = 0; vc < endpoint->port->vcs; vc++) {
        take_completions(endpoint, vc, now);
        take_requests(endpoint, vc, now);
    }
    take_handled(endpoint, now);
    if ((endpoint->arrived >> ENDPOINT_ARRIVED_FINDINGS & 1) != 0) {
        endpoint_take_findings(endpoint, now);
    }
}

/* ---- Outputs ---- */

static uint32_t answer_bytes(const struct endpoint *endpoint)
{
    return pcie_split_bytes(&endpoint->answer, endpoint->functions[0].max_payload, COMPLETION_BOUNDARY, false);
}

SIM_APART static void send_answer(struct endpoint *endpoint, sim_time now)
{
    uint32_t bytes = answer_bytes(endpoint);
    unsigned queue = endpoint_queue_of(endpoint, endpoint->answer.whole, PCIE_COMPLETION);

    if (pcie_port_has_space(endpoint->port, queue, now, endpoint->complete_latency, sim_channel_units(bytes))) {
        pcie_port_send(endpoint->port, queue, pcie_split_take(&endpoint->answer, endpoint->sim, bytes), now,
                       endpoint->complete_latency);
    }
}

SIM_APART static sim_time answer_due(struct endpoint *endpoint, sim_time now)
{
    uint32_t units = sim_channel_units(answer_bytes(endpoint));
    unsigned queue = endpoint_queue_of(endpoint, endpoint->answer.whole, PCIE_COMPLETION);

    if (pcie_port_has_space(endpoint->port, queue, now, endpoint->complete_latency, units)) {
        return now;
    }
    return pcie_port_space_at(endpoint->port, queue, now, endpoint->complete_latency, units);
}

/* ---- Evaluation ---- */

SIM_APART static sim_time inputs_due(struct endpoint *endpoint)
{
    sim_time due = SIM_TIME_NEVER;

    for (unsigned class_ = 0; class_ < PCIE_CLASSES; class_++) {
        sim_time arrival = SIM_TIME_NEVER;

        for (unsigned vc = 0; vc < endpoint->port->vcs; vc++) {
            const struct sim_channel *channel = endpoint->port->queues[pcie_queue(vc, (enum pcie_class)class_)].receive;

            arrival = sim_time_min(arrival, sim_channel_next_arrival(channel));
        }
        if (arrival == SIM_TIME_NEVER) {
            endpoint->arrived &= ~(UINT64_C(1) << class_);
        } else if (class_ != PCIE_NON_POSTED || endpoint->answer.whole == NULL) {
            due = sim_time_min(due, arrival);
        }
    }
    if ((endpoint->arrived >> ENDPOINT_ARRIVED_FINDINGS & 1) != 0) {
        due = sim_time_min(due, pcie_port_findings_due(endpoint->port));
    }
    for (uint64_t rest = endpoint->arrived >> ARRIVED_HANDLED_SHIFT; rest != 0; rest &= rest - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(rest);
        sim_time arrival = SIM_TIME_NEVER;

        for (const struct endpoint_handled *input = endpoint->handled[bit]; input != NULL; input = input->next) {
            arrival = sim_time_min(arrival, sim_channel_next_arrival(input->channel));
        }
        if (arrival == SIM_TIME_NEVER) {
            endpoint->arrived &= ~(UINT64_C(1) << (bit + ARRIVED_HANDLED_SHIFT));
        }
        due = sim_time_min(due, arrival);
    }
    return due;
}

/* ---- Not there ---- */

/** What comes down the link of a device that is not there. */
static void take_in_vain(struct endpoint *endpoint, unsigned queue, sim_time now)
{
    const bool answered = pcie_queue_class(queue) == PCIE_NON_POSTED;
    struct sim_packet *packet;

    if (sim_channel_peek(endpoint->port->queues[queue].receive, now) == NULL ||
        (answered && endpoint->answer.whole != NULL)) {
        return;
    }
    packet = pcie_port_take(endpoint->port, queue, now);
    if (answered) {
        endpoint->answer.whole = packet;
        pcie_tlp_complete(packet, packet->target, SIM_STATUS_UR, 0);
    } else {
        sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_DEVICE_GONE);
    }
}

/** There is no device, or no link yet. */
SIM_APART static sim_time evaluate_absent(struct endpoint *endpoint, sim_time now)
{
    sim_time due;

    if (endpoint->port == NULL) {
        return SIM_TIME_NEVER;
    }
    for (unsigned queue = 0; queue < endpoint->port->vcs * PCIE_CLASSES; queue++) {
        take_in_vain(endpoint, queue, now);
    }
    take_handled(endpoint, now);
    endpoint->arrived &= ~(UINT64_C(1) << ENDPOINT_ARRIVED_FINDINGS);
    if (endpoint->answer.whole != NULL) {
        send_answer(endpoint, now);
    }
    due = endpoint->answer.whole != NULL ? answer_due(endpoint, now) : SIM_TIME_NEVER;
    return sim_time_min(due, inputs_due(endpoint));
}

/* ---- There ---- */

static inline void send_requests(struct endpoint *endpoint, sim_time now)
{
    /* ATS and PRI speak with TC0. */
    bool messages = endpoint->has_errors;

    if (SIM_SELDOM(messages)) {
        endpoint_send_error(endpoint, now);
    } else {
        messages = endpoint->atc != NULL && endpoint_atc_send_message(endpoint, now);
    }
    if (endpoint_vc_count(endpoint) > 1) {
        if (endpoint->atc != NULL) {
            endpoint_atc_send_request(endpoint, now);
        }
        endpoint_send_by_vc(endpoint, now);
        return;
    }
    if (!messages) {
        endpoint_send_posted(endpoint, now);
    }
    if (endpoint->atc == NULL || !endpoint_atc_send_request(endpoint, now)) {
        endpoint_send_reads(endpoint, now);
    }
}

/** Has the host fetch what sending a request takes: with a thousand endpoints, nothing of it is in its cache. */
SIM_FETCHES void fetch(const struct endpoint *endpoint)
{
    sim_fetch(&endpoint->answer);
    sim_fetch(&endpoint->counters.writes_sent);
    sim_fetch(endpoint->functions);
    sim_fetch(&endpoint->streams->next);
    sim_fetch(&endpoint->streams->config);
    pcie_port_fetch(endpoint->port, &endpoint->lines);
}

SIM_HOT static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct endpoint *endpoint = (struct endpoint *)(void *)component;
    sim_time due;

    if (SIM_SELDOM(!endpoint->in_place)) {
        return evaluate_absent(endpoint, now);
    }
    fetch(endpoint);
    if (endpoint->arrived != 0) {
        take_inputs(endpoint, now);
    }
    if (endpoint->answer.whole != NULL) {
        send_answer(endpoint, now);
    }
    if (SIM_SELDOM(endpoint->read_deadline <= now)) {
        endpoint_expire_reads(endpoint, now);
    }
    send_requests(endpoint, now);
    due = endpoint->read_deadline;
    if (endpoint->atc != NULL) {
        due = sim_time_min(due, endpoint_atc_due(endpoint, now));
    }
    if (endpoint->answer.whole != NULL) {
        due = sim_time_min(due, answer_due(endpoint, now));
    }
    if (endpoint->arrived != 0) {
        due = sim_time_min(due, inputs_due(endpoint));
    }
    if (SIM_SELDOM(endpoint->has_errors)) {
        due = sim_time_min(due, endpoint_errors_due(endpoint, now));
    }
    return sim_time_min(due, endpoint_traffic_due(endpoint, now));
}

/* ---- Pulled out of its slot, and put in ---- */

static void wake_next(struct endpoint *endpoint)
{
    sim_wake(&endpoint->component, sim_component_edge(&endpoint->component, sim_now(endpoint->sim) + 1));
}

void endpoint_remove(struct endpoint *endpoint)
{
    if (endpoint->in_place) {
        endpoint_lose_all(endpoint, sim_now(endpoint->sim));
        endpoint->in_place = false;
        pcie_port_tell_presence(endpoint->port, false);
        wake_next(endpoint);
    }
}

void endpoint_insert(struct endpoint *endpoint)
{
    endpoint->in_place = true;
    pcie_port_tell_presence(endpoint->port, true);
    wake_next(endpoint);
}

/* ---- Building ---- */

void endpoint_config_init(struct endpoint_config *config)
{
    memset(config, 0, sizeof(*config));
    config->period = ENDPOINT_DEFAULT_PERIOD;
    config->send_latency = ENDPOINT_DEFAULT_SEND_LATENCY;
    config->complete_latency = ENDPOINT_DEFAULT_COMPLETE_LATENCY;
    config->read_tags = ENDPOINT_DEFAULT_READ_TAGS;
    config->bar_store = ENDPOINT_DEFAULT_BAR_STORE;
    config->completion_timeout = ENDPOINT_DEFAULT_TIMEOUT;
    config->max_payload = ENDPOINT_DEFAULT_MAX_PAYLOAD;
}

static uint64_t read_tags_taken(const void *context)
{
    const struct endpoint *endpoint = context;

    return endpoint->read_tags - endpoint->free_tag_count;
}

static void register_counters(struct endpoint *endpoint)
{
    const struct endpoint_counters *counters = &endpoint->counters;
    const struct {
        const char *name;
        const uint64_t *value;
    } list[] = {
        {"msi-born", &counters->msi_born},
        {"msi-sent", &counters->msi_sent},
        {"msi-held", &counters->msi_held},
        {"msi-merged", &counters->msi_merged},
        {"msi-dropped", &counters->msi_dropped},
        {"writes-sent", &counters->writes_sent},
        {"write-bytes", &counters->write_bytes},
        {"reads-sent", &counters->reads_sent},
        {"reads-done", &counters->reads_done},
        {"read-bytes", &counters->read_bytes},
        {"read-errors", &counters->read_errors},
        {"completion-timeouts", &counters->completion_timeouts},
        {"poisoned", &counters->poisoned},
        {"unexpected-completions", &counters->unexpected_completions},
        {"requests-served", &counters->requests_served},
        {"unsupported-requests", &counters->unsupported_requests},
        {"discarded", &counters->discarded},
        {"translation-requests", &counters->translation_requests},
        {"atc-hits", &counters->atc_hits},
        {"atc-refused", &counters->atc_refused},
        {"invalidations", &counters->invalidations},
        {"page-requests", &counters->page_requests},
        {"page-responses", &counters->page_responses},
        {"bytes-unbacked", &counters->bytes_unbacked},
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        sim_counter_register(&endpoint->component, list[i].name, list[i].value);
    }
}

static struct endpoint_stream_list streams_of(const struct endpoint *endpoint, const struct endpoint_config *config,
                                              uint32_t f)
{
    const struct endpoint_function *function = &endpoint->functions[f];
    const struct endpoint_function_config *own;

    if (function->physical == NULL) {
        return (struct endpoint_stream_list){config->functions[f].streams, config->functions[f].stream_count};
    }
    own = &config->functions[function->physical->index];
    return own->vf_streams != NULL ? own->vf_streams[function->vf_number - 1] : (struct endpoint_stream_list){NULL, 0};
}

static void init_streams(struct endpoint *endpoint, const struct endpoint_config *config)
{
    size_t count = 0;

    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        count += streams_of(endpoint, config, f).count;
    }
    endpoint->streams = sim_alloc(endpoint->sim, (count > 0 ? count : 1) * sizeof(*endpoint->streams));
    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        const struct endpoint_stream_list list = streams_of(endpoint, config, f);

        for (size_t i = 0; i < list.count; i++) {
            endpoint_stream_init(&endpoint->streams[endpoint->stream_count++], &endpoint->functions[f], &list.items[i],
                                 i);
        }
    }
}

/** Fills in what a configuration leaves at 0, and refuses what makes no sense. */
static struct endpoint_config complete_config(struct sim *sim, const char *name, const struct endpoint_config *given)
{
    struct endpoint_config config = *given;

    config.period = config.period != 0 ? config.period : ENDPOINT_DEFAULT_PERIOD;
    config.completion_timeout = config.completion_timeout != 0 ? config.completion_timeout : ENDPOINT_DEFAULT_TIMEOUT;
    config.read_tags = config.read_tags != 0 ? config.read_tags : ENDPOINT_DEFAULT_READ_TAGS;
    config.atc_entries = config.atc_entries != 0 ? config.atc_entries : ENDPOINT_DEFAULT_ATC_ENTRIES;
    config.atc_requests = config.atc_requests != 0 ? config.atc_requests : ENDPOINT_DEFAULT_ATC_REQUESTS;
    config.bar_store = config.bar_store != 0 ? config.bar_store : ENDPOINT_DEFAULT_BAR_STORE;
    config.max_payload = config.max_payload != 0 ? config.max_payload : ENDPOINT_DEFAULT_MAX_PAYLOAD;
    if (config.function_count == 0 || config.function_count > ENDPOINT_MAX_FUNCTIONS ||
        config.read_tags > ENDPOINT_MAX_TAGS) {
        sim_panic(sim, NULL, NULL, "endpoint %s: %zu functions and %u tags are not possible", name,
                  config.function_count, config.read_tags);
    }
    if (config.first_function + config.function_count > ENDPOINT_MAX_FUNCTIONS) {
        sim_panic(sim, NULL, NULL, "endpoint %s: a device has %u functions at most", name, ENDPOINT_MAX_FUNCTIONS);
    }
    return config;
}

/** Function numbers that an endpoint needs room for, in whole buses. */
static uint32_t count_numbers(const struct endpoint_config *config)
{
    uint32_t last = 0;

    for (uint32_t f = 0; f < config->function_count; f++) {
        const struct pcie_sriov *sriov = &config->functions[f].sriov;
        uint32_t own = config->first_function + f;

        if (sriov->total_vfs > 0) {
            own += sriov->first_vf_offset + (sriov->total_vfs - 1u) * sriov->vf_stride;
        }
        last = own > last ? own : last;
    }
    return (last | 0xffu) + 1;
}

static void init_functions(struct endpoint *endpoint, const struct endpoint_config *config)
{
    uint32_t next = (uint32_t)config->function_count;

    endpoint->physical_count = next;
    endpoint->phantom_bits = config->functions[0].phantom_bits;
    endpoint->conventional = config->conventional;
    endpoint->device = config->conventional ? config->device : 0;
    endpoint->burst = config->max_payload;
    endpoint->layout = config->layout;
    endpoint->function_count = next;
    for (size_t f = 0; f < config->function_count; f++) {
        endpoint->function_count += config->functions[f].sriov.total_vfs;
    }
    endpoint->functions = sim_alloc(endpoint->sim, endpoint->function_count * sizeof(*endpoint->functions));
    endpoint->number_count = count_numbers(config);
    endpoint->by_number = sim_alloc(endpoint->sim, endpoint->number_count * sizeof(*endpoint->by_number));
    for (size_t i = 0; i < endpoint->number_count; i++) {
        endpoint->by_number[i] = ENDPOINT_NO_FUNCTION;
    }
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        endpoint->functions[f].endpoint = endpoint;
        endpoint->functions[f].index = f;
        endpoint->functions[f].number = config->first_function + f;
        endpoint->by_number[config->first_function + f] = (uint16_t)f;
        endpoint_function_init(&endpoint->functions[f], config);
    }
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        endpoint_virtual_init(&endpoint->functions[f], next, config);
        next += config->functions[f].sriov.total_vfs;
    }
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        endpoint_function_decode(&endpoint->functions[f]);
    }
}

struct endpoint *endpoint_create(struct sim *sim, const char *name, const struct endpoint_config *config)
{
    struct endpoint_config full = complete_config(sim, name, config);
    struct endpoint *endpoint = sim_alloc(sim, sizeof(*endpoint));

    sim_component_init(&endpoint->component, sim, name, full.period, evaluate);
    endpoint->reciprocal = sim_time_reciprocal(full.period);
    endpoint->sim = sim;
    endpoint->posted_jobs.ring = sim_alloc(sim, ENDPOINT_MAX_JOBS * sizeof(*endpoint->posted_jobs.ring));
    endpoint->read_jobs.ring = sim_alloc(sim, ENDPOINT_MAX_JOBS * sizeof(*endpoint->read_jobs.ring));
    endpoint->send_latency = full.send_latency;
    endpoint->complete_latency = full.complete_latency;
    endpoint->read_tags = full.read_tags;
    endpoint->completion_timeout = full.completion_timeout;
    endpoint->read_deadline = SIM_TIME_NEVER;
    for (uint32_t i = 0; i < full.read_tags; i++) {
        endpoint->free_tags[endpoint->free_tag_count++] = (uint16_t)(full.read_tags - 1 - i);
    }
    init_functions(endpoint, &full);
    endpoint_atc_init(endpoint, full.atc_entries, full.atc_requests);
    init_streams(endpoint, &full);
    endpoint->jobs_hash = sim_name_hash(sim_printf(sim, "%s/job", name));
    endpoint_refresh_next(endpoint);
    /* One packet is at hand while an MSI is being held; a read has its data's room from the request on. */
    sim_packet_reserve(sim, 1 + full.read_tags, true);
    register_counters(endpoint);
    sim_gauge_register(&endpoint->component, "read-tags", endpoint->read_tags, read_tags_taken, endpoint);
    return endpoint;
}

struct sim_component *endpoint_component(struct endpoint *endpoint)
{
    return &endpoint->component;
}

struct pcie_end endpoint_end(struct endpoint *endpoint)
{
    return (struct pcie_end){.component = &endpoint->component, .cut_through = false};
}

void endpoint_bind_link(struct endpoint *endpoint, const struct pcie_port *port)
{
    endpoint->port = port;
    endpoint->in_place = true;
    endpoint->lines = pcie_port_lines(port);
    for (unsigned queue = 0; queue < port->vcs * PCIE_CLASSES; queue++) {
        sim_channel_set_hint(port->queues[queue].receive, &endpoint->arrived, pcie_queue_class(queue));
    }
    pcie_port_watch_link(port, &endpoint->arrived, ENDPOINT_ARRIVED_FINDINGS);
    pcie_vcs_bind(&endpoint->vcs, &endpoint->functions[0].config, port);
    endpoint_vcs_changed(endpoint);
    for (uint32_t f = 0; f < endpoint->function_count && !endpoint->conventional; f++) {
        pcie_set_link(&endpoint->functions[f].config, port->speed, port->width);
    }
}

void endpoint_bind_handled(struct endpoint *endpoint, unsigned index, struct sim_channel *channel)
{
    unsigned bit = index % ENDPOINT_HANDLED_BITS;
    struct endpoint_handled *input = sim_alloc(endpoint->sim, sizeof(*input));

    for (const struct endpoint_handled *other = endpoint->handled[bit]; other != NULL; other = other->next) {
        if (other->index == index) {
            sim_panic(endpoint->sim, &endpoint->component, NULL, "handled input %u is bound twice", index);
        }
    }
    input->channel = channel;
    input->index = index;
    input->next = endpoint->handled[bit];
    endpoint->handled[bit] = input;
    sim_channel_set_hint(channel, &endpoint->arrived, bit + ARRIVED_HANDLED_SHIFT);
}

/* ---- To look at ---- */

const struct pcie_config_space *endpoint_config_space(const struct endpoint *endpoint, unsigned function)
{
    return function < endpoint->function_count ? &endpoint->functions[function].config : NULL;
}

unsigned endpoint_virtual_function(const struct endpoint *endpoint, unsigned physical, unsigned vf)
{
    return endpoint->functions[physical].first_vf + vf - 1;
}

uint16_t endpoint_requester_id(const struct endpoint *endpoint, unsigned function)
{
    return endpoint->functions[function].id;
}

uint8_t *endpoint_bar_bytes(struct endpoint *endpoint, unsigned function, unsigned bar, uint32_t *size)
{
    struct endpoint_bar *place;

    if (function >= endpoint->function_count || bar >= PCIE_TYPE0_BARS) {
        return NULL;
    }
    place = &endpoint->functions[function].bars[bar];
    if (size != NULL) {
        *size = place->store_bytes;
    }
    return place->store;
}

const struct endpoint_counters *endpoint_get_counters(const struct endpoint *endpoint)
{
    return &endpoint->counters;
}
