#include "models/pcie/endpoint_internal.h"
#include "sim/ats.h"

#include <string.h>

uint64_t endpoint_dma_stamp(uint32_t source, uint64_t number, uint32_t word)
{
    return (uint64_t)(source & 0xffff) << 48 | (number & 0xffffffff) << 16 | (word & 0xffff);
}

/* ---- Building ---- */

static void check_stream(const struct endpoint_stream *stream)
{
    const struct endpoint_stream_config *config = &stream->config;
    const struct endpoint_function *function = stream->function;
    bool paced = config->arrivals != ENDPOINT_WHEN_HANDLED && config->arrivals != ENDPOINT_WHEN_DONE;
    bool wrong = paced && config->period == 0;

    if (config->kind == ENDPOINT_MSI) {
        wrong = wrong || config->vector_count == 0;
        for (size_t i = 0; i < config->vector_count; i++) {
            wrong = wrong || !endpoint_message_exists(function, config->vectors[i]);
        }
    } else {
        wrong = wrong || config->size == 0 || config->arrivals == ENDPOINT_WHEN_HANDLED;
        wrong = wrong || (config->stride != 0 && config->stride < config->size);
    }
    wrong = wrong || (config->arrivals == ENDPOINT_WHEN_DONE && config->kind != ENDPOINT_DMA_READ);
    if (wrong) {
        sim_panic(function->endpoint->sim, &function->endpoint->component, NULL,
                  "function %u has a stream that makes no sense", function->number);
    }
}

void endpoint_stream_init(struct endpoint_stream *stream, struct endpoint_function *function,
                          const struct endpoint_stream_config *config, size_t index)
{
    static const char *const kinds[] = {"msi", "dma-write", "dma-read"};
    struct sim *sim = function->endpoint->sim;
    const char *name = sim_printf(sim, "%s/%u/%s%zu", function->endpoint->component.name, function->number,
                                  kinds[config->kind], index);

    stream->config = *config;
    stream->function = function;
    stream->next = SIM_TIME_NEVER;
    stream->name_hash = sim_name_hash(name);
    if (stream->config.burst == 0 || config->arrivals != ENDPOINT_BURST) {
        stream->config.burst = 1;
    }
    if (stream->config.stride == 0) {
        stream->config.stride = config->size;
    }
    check_stream(stream);
    if (config->vector_count > 0) {
        stream->vectors = sim_alloc(sim, config->vector_count * sizeof(*stream->vectors));
        memcpy(stream->vectors, config->vectors, config->vector_count * sizeof(*stream->vectors));
    }
    stream->config.vectors = stream->vectors;
    sim_random_init(&stream->random, sim_seed(sim), name);
}

/* ---- Arrivals ---- */

static sim_time before_stop(const struct endpoint_stream *stream, sim_time time)
{
    return time < stream->function->endpoint->stop ? time : SIM_TIME_NEVER;
}

/** Where the next request goes. Places lie a stride apart; each has room for a request. */
SIM_APART static void choose_place(struct endpoint_stream *stream)
{
    const struct endpoint_stream_config *config = &stream->config;

    if (config->scattered) {
        uint64_t places = (stream->buffer_bytes - config->size) / config->stride + 1;

        stream->buffer_offset = sim_random_below(&stream->random, places) * config->stride;
        return;
    }
    stream->buffer_offset += config->stride;
    if (stream->buffer_offset + config->size > stream->buffer_bytes) {
        stream->buffer_offset = 0;
    }
}

static void start_stream(struct endpoint_stream *stream, sim_time start)
{
    sim_time first = start + stream->config.start;

    if (stream->config.kind != ENDPOINT_MSI && stream->buffer_bytes < stream->config.size) {
        sim_panic(stream->function->endpoint->sim, &stream->function->endpoint->component, NULL,
                  "traffic starts, but a DMA stream of function %u has no buffer", stream->function->number);
    }
    if (stream->config.arrivals == ENDPOINT_POISSON) {
        first += sim_random_exponential(&stream->random, stream->config.period);
    }
    stream->left_in_burst = stream->config.burst;
    stream->buffer_offset = 0;
    if (stream->config.scattered) {
        choose_place(stream);
    }
    stream->progress = 0;
    stream->under_way = 0;
    stream->next = before_stop(stream, first);
}

/** The current request has left: when does the next one arrive? */
SIM_HOT static void advance_stream(struct endpoint_stream *stream)
{
    const struct endpoint_stream_config *config = &stream->config;

    stream->number++;
    stream->progress = 0;
    if (config->kind == ENDPOINT_MSI) {
        stream->next_vector = stream->next_vector + 1 < config->vector_count ? stream->next_vector + 1 : 0;
    } else {
        choose_place(stream);
    }
    stream->left_in_burst--;
    if (stream->left_in_burst > 0) {
        return;
    }
    stream->left_in_burst = config->burst;
    switch (config->arrivals) {
    case ENDPOINT_PERIODIC:
    case ENDPOINT_BURST:
        stream->next = before_stop(stream, stream->next + config->period);
        break;
    case ENDPOINT_POISSON:
        stream->next = before_stop(stream, stream->next + sim_random_exponential(&stream->random, config->period));
        break;
    case ENDPOINT_WHEN_HANDLED:
    case ENDPOINT_WHEN_DONE:
        stream->next = SIM_TIME_NEVER;
        break;
    }
}

void endpoint_stream_read_done(struct endpoint_stream *stream, sim_time now)
{
    /* A read that an earlier phase of traffic left behind starts nothing twice. */
    if (stream->under_way == 0) {
        return;
    }
    stream->under_way--;
    if (stream->under_way == 0 && stream->next == SIM_TIME_NEVER) {
        stream->next = before_stop(stream, now);
        endpoint_refresh_next(stream->function->endpoint);
    }
}

void endpoint_take_handled(struct endpoint *endpoint, const struct sim_packet *packet, sim_time now)
{
    for (size_t i = 0; i < endpoint->stream_count; i++) {
        struct endpoint_stream *stream = &endpoint->streams[i];

        if (stream->config.arrivals == ENDPOINT_WHEN_HANDLED && stream->config.source == packet->source) {
            /* A handler that serves an earlier phase of traffic, or one more than was sent, starts nothing twice. */
            if (stream->next == SIM_TIME_NEVER) {
                stream->next = before_stop(stream, now + stream->config.think_time);
            }
            break;
        }
    }
    endpoint_refresh_next(endpoint);
}

/* ---- The oldest request ---- */

static bool can_leave(const struct endpoint_function *function, enum endpoint_stream_kind kind)
{
    /* An MSI without Bus Master Enable goes on to be lost; DMA waits. Messages have nothing to do with it. */
    return kind == ENDPOINT_MSI || kind == ENDPOINT_PAGE_REQUEST || function->bus_master;
}

static sim_time jobs_next(const struct endpoint *endpoint, const struct endpoint_jobs *jobs, unsigned vc)
{
    const struct endpoint_operation *first = &jobs->ring[jobs->head];

    if (jobs->count > 0 && endpoint_vc_of(endpoint, first->traffic_class) != vc) {
        return SIM_TIME_NEVER;
    }
    return jobs->count > 0 && can_leave(first->function, first->kind) ? first->born : SIM_TIME_NEVER;
}

SIM_HOT void endpoint_refresh_next(struct endpoint *endpoint)
{
    for (unsigned vc = 0; vc < endpoint_vc_count(endpoint); vc++) {
        endpoint->next[vc].posted = jobs_next(endpoint, &endpoint->posted_jobs, vc);
        endpoint->next[vc].read = jobs_next(endpoint, &endpoint->read_jobs, vc);
    }
    for (size_t i = 0; i < endpoint->stream_count; i++) {
        const struct endpoint_stream *stream = &endpoint->streams[i];
        struct endpoint_next *both = &endpoint->next[endpoint_vc_of(endpoint, stream->config.traffic_class)];
        sim_time *next = stream->config.kind == ENDPOINT_DMA_READ ? &both->read : &both->posted;

        if (stream->next < *next && can_leave(stream->function, stream->config.kind)) {
            *next = stream->next;
        }
    }
}

/** What is next in line: a job or the arrival of a stream. */
struct choice {
    struct endpoint_jobs *jobs; /**< NULL: a stream's */
    struct endpoint_stream *stream;
    struct endpoint_operation operation;
    uint32_t progress;
};

static void describe_stream(const struct endpoint_stream *stream, struct choice *choice)
{
    const struct endpoint_stream_config *config = &stream->config;
    struct endpoint_operation *operation = &choice->operation;

    operation->function = stream->function;
    operation->kind = config->kind;
    operation->born = endpoint_edge(stream->function->endpoint, stream->next);
    operation->source = config->source;
    operation->number = stream->number;
    operation->bytes = 0;
    operation->relaxed = config->relaxed;
    operation->id_ordered = config->id_ordered;
    operation->no_snoop = config->no_snoop;
    operation->traffic_class = config->traffic_class;
    if (config->kind == ENDPOINT_MSI) {
        operation->vector = config->vectors[stream->next_vector];
        return;
    }
    operation->address = stream->buffer + stream->buffer_offset;
    operation->bytes = config->size;
    operation->at = SIM_AT_UNTRANSLATED;
    operation->with_pasid = config->with_pasid;
    operation->pasid = config->pasid;
    operation->untracked = config->untracked;
    operation->for_peer = config->for_peer;
    operation->ats = config->ats;
    operation->has_inline_data = false;
    choice->progress = stream->progress;
}

/**
 * Finds whose the oldest request of a sort is, of which there is one. Equal ages: jobs first, then streams in their
 * order.
 * @return NULL: a job's
 */
static inline struct endpoint_stream *find_stream(struct endpoint *endpoint, bool reads, unsigned vc)
{
    const struct endpoint_jobs *jobs = reads ? &endpoint->read_jobs : &endpoint->posted_jobs;
    sim_time oldest = reads ? endpoint->next[vc].read : endpoint->next[vc].posted;

    if (SIM_SELDOM(jobs->count > 0) && jobs_next(endpoint, jobs, vc) == oldest) {
        return NULL;
    }
    for (size_t i = 0; i < endpoint->stream_count; i++) {
        struct endpoint_stream *stream = &endpoint->streams[i];

        if (stream->next == oldest && (stream->config.kind == ENDPOINT_DMA_READ) == reads &&
            endpoint_vc_of(endpoint, stream->config.traffic_class) == vc &&
            can_leave(stream->function, stream->config.kind)) {
            return stream;
        }
    }
    sim_panic(endpoint->sim, &endpoint->component, NULL, "lost a request that was due");
}

/** Finds and describes it. */
SIM_APART static void choose(struct endpoint *endpoint, bool reads, unsigned vc, struct choice *choice)
{
    struct endpoint_jobs *jobs = reads ? &endpoint->read_jobs : &endpoint->posted_jobs;

    choice->jobs = NULL;
    choice->progress = 0;
    choice->stream = find_stream(endpoint, reads, vc);
    if (choice->stream != NULL) {
        describe_stream(choice->stream, choice);
        return;
    }
    choice->jobs = jobs;
    choice->operation = jobs->ring[jobs->head];
    choice->progress = jobs->progress;
}

static uint64_t take_identity(struct endpoint *endpoint, struct choice *choice)
{
    if (choice->jobs != NULL) {
        return sim_packet_identity(endpoint->jobs_hash, endpoint->job_packets++);
    }
    return sim_packet_identity(choice->stream->name_hash, choice->stream->packets++);
}

/** Books @p bytes of the request as gone; the whole of it, for an MSI. */
static void finish(struct endpoint *endpoint, struct choice *choice, uint32_t bytes)
{
    bool done = choice->operation.bytes == 0 || choice->progress + bytes >= choice->operation.bytes;

    if (choice->jobs != NULL) {
        choice->jobs->progress = done ? 0 : choice->progress + bytes;
        if (done) {
            choice->jobs->head = (uint16_t)((choice->jobs->head + 1u) % ENDPOINT_MAX_JOBS);
            choice->jobs->count--;
        }
    } else if (done) {
        advance_stream(choice->stream);
    } else {
        choice->stream->progress = choice->progress + bytes;
    }
    endpoint_refresh_next(endpoint);
}

/* ---- Sending ---- */

static uint32_t posted_units(const struct choice *choice)
{
    return sim_channel_units(endpoint_payload(&choice->operation, choice->progress));
}

static unsigned released_queue(const struct endpoint *endpoint, const struct endpoint_function *function, uint32_t slot)
{
    return pcie_queue(endpoint_vc_of(endpoint, function->held[slot].traffic_class), PCIE_POSTED);
}

SIM_APART static bool release_one(struct endpoint *endpoint, sim_time now)
{
    uint32_t slot = 0;
    struct endpoint_function *function = endpoint_message_find_released(endpoint, &slot);

    if (function == NULL) {
        return false;
    }
    if (pcie_port_has_space(endpoint->port, released_queue(endpoint, function, slot), now, endpoint->send_latency, 1)) {
        endpoint_message_release(function, slot, now);
    }
    return true;
}

/** Translates the next TLP of a request, if it asks for that. @return whether it can go; else it waits or is done */
static bool translate(struct endpoint *endpoint, struct choice *choice, uint32_t blocked)
{
    if (endpoint->atc == NULL || !choice->operation.ats || !choice->operation.function->ats_enabled ||
        choice->operation.at != SIM_AT_UNTRANSLATED) {
        return true;
    }
    switch (endpoint_atc_translate(endpoint, &choice->operation, choice->progress)) {
    case ENDPOINT_ATC_GO:
        return true;
    case ENDPOINT_ATC_WAIT:
        endpoint->atc_blocked |= blocked;
        return false;
    default:
        finish(endpoint, choice, choice->operation.bytes - choice->progress);
        return false;
    }
}

/** Requests for translations and pages that a driver asked for. */
static void serve_request(struct endpoint *endpoint, struct choice *choice, unsigned vc)
{
    const struct endpoint_operation *operation = &choice->operation;
    struct sim_ats_page_request request = {.page = operation->address,
                                           .group = operation->group,
                                           .last = operation->last,
                                           .write = operation->write,
                                           .read = operation->read};
    bool wait;

    if (operation->kind == ENDPOINT_TRANSLATE) {
        wait = !endpoint_atc_prefetch(endpoint, operation);
    } else {
        wait = endpoint_atc_request_page(endpoint, operation->function, &request, operation) == ENDPOINT_ATC_WAIT;
    }
    if (wait) {
        endpoint->atc_blocked |= ENDPOINT_BLOCKED_READ << 2 * vc;
    } else {
        finish(endpoint, choice, 0);
    }
}

/** Whether the wire and the credits of a virtual channel let a posted request go. */
static inline bool has_posted_space(const struct endpoint *endpoint, unsigned vc, uint32_t units, sim_time now)
{
    return pcie_port_has_space(endpoint->port, pcie_queue(vc, PCIE_POSTED), now, endpoint->send_latency, units);
}

static void signal_msi(struct endpoint *endpoint, struct choice *choice, sim_time now)
{
    const struct endpoint_operation *operation = &choice->operation;
    const struct endpoint_held what = {
        .born = operation->born,
        .id = take_identity(endpoint, choice),
        .source = operation->source,
        .vector = operation->vector,
        .flags = endpoint_message_flags(operation->function, operation->relaxed, operation->id_ordered),
        .traffic_class = operation->traffic_class,
    };

    endpoint_message_signal(operation->function, &what, now);
}

/** The oldest posted request, whatever it is. */
SIM_APART static void send_any_posted(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    uint32_t blocked = ENDPOINT_BLOCKED_POSTED << 2 * vc;
    struct choice choice;

    choose(endpoint, false, vc, &choice);
    if (!has_posted_space(endpoint, vc, posted_units(&choice), now)) {
        return;
    }
    if (choice.operation.kind == ENDPOINT_MSI) {
        signal_msi(endpoint, &choice, now);
        finish(endpoint, &choice, 0);
    } else if (translate(endpoint, &choice, blocked)) {
        uint32_t bytes = endpoint_dma_chunk(&choice.operation, choice.progress);

        endpoint_send_write(endpoint, &choice.operation, choice.progress, bytes, take_identity(endpoint, &choice), now);
        finish(endpoint, &choice, bytes);
    }
}

/** An MSI of a stream, which needs little of what describes a request. */
static inline void send_stream_msi(struct endpoint *endpoint, struct endpoint_stream *stream, sim_time now)
{
    const struct endpoint_stream_config *config = &stream->config;
    const struct endpoint_held what = {
        .born = endpoint_edge(endpoint, stream->next),
        .id = sim_packet_identity(stream->name_hash, stream->packets++),
        .source = config->source,
        .vector = config->vectors[stream->next_vector],
        .flags = endpoint_message_flags(stream->function, config->relaxed, config->id_ordered),
        .traffic_class = config->traffic_class,
    };

    endpoint_message_signal(stream->function, &what, now);
    advance_stream(stream);
    endpoint_refresh_next(endpoint);
}

/** Sends the oldest posted request of a virtual channel, which has one whose time has come. */
SIM_HOT static void send_posted(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    struct endpoint_stream *stream;

    if (SIM_SELDOM((endpoint->atc_blocked & ENDPOINT_BLOCKED_POSTED << 2 * vc) != 0)) {
        return;
    }
    stream = find_stream(endpoint, false, vc);
    if (stream == NULL || stream->config.kind != ENDPOINT_MSI) {
        send_any_posted(endpoint, vc, now);
    } else if (has_posted_space(endpoint, vc, 1, now)) {
        send_stream_msi(endpoint, stream, now);
    }
}

void endpoint_send_posted(struct endpoint *endpoint, sim_time now)
{
    if (SIM_SELDOM(endpoint->releasing_functions != 0) && release_one(endpoint, now)) {
        return;
    }
    if (endpoint->next[0].posted <= now) {
        send_posted(endpoint, 0, now);
    }
}

/** Sends the oldest read of a virtual channel, which has one whose time has come. */
SIM_APART static void send_read(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    uint32_t blocked = ENDPOINT_BLOCKED_READ << 2 * vc;
    struct endpoint_stream *waiting;
    struct choice choice;
    uint32_t bytes;

    if (endpoint->free_tag_count == 0 || (endpoint->atc_blocked & blocked) != 0 ||
        !pcie_port_has_space(endpoint->port, pcie_queue(vc, PCIE_NON_POSTED), now, endpoint->send_latency, 0)) {
        return;
    }
    choose(endpoint, true, vc, &choice);
    if (choice.operation.kind != ENDPOINT_DMA_READ) {
        serve_request(endpoint, &choice, vc);
        return;
    }
    if (!endpoint_has_tag(endpoint, choice.operation.function) || !translate(endpoint, &choice, blocked)) {
        return;
    }
    bytes = endpoint_dma_chunk(&choice.operation, choice.progress);
    waiting = choice.jobs == NULL && choice.stream->config.arrivals == ENDPOINT_WHEN_DONE ? choice.stream : NULL;
    if (waiting != NULL) {
        waiting->under_way++;
    }
    endpoint_send_read(endpoint, &choice.operation, choice.progress, bytes, take_identity(endpoint, &choice), waiting,
                       now);
    finish(endpoint, &choice, bytes);
}

void endpoint_send_reads(struct endpoint *endpoint, sim_time now)
{
    if (endpoint->next[0].read <= now) {
        send_read(endpoint, 0, now);
    }
}

/** Whether a virtual channel has something that its credits and the wire let go. */
static bool is_ready(struct endpoint *endpoint, bool reads, unsigned vc, sim_time now)
{
    sim_time next = reads ? endpoint->next[vc].read : endpoint->next[vc].posted;
    unsigned queue = pcie_queue(vc, reads ? PCIE_NON_POSTED : PCIE_POSTED);
    uint32_t blocked = (reads ? ENDPOINT_BLOCKED_READ : ENDPOINT_BLOCKED_POSTED) << 2 * vc;
    struct choice choice;

    if (next > now || (endpoint->atc_blocked & blocked) != 0 || (reads && endpoint->free_tag_count == 0)) {
        return false;
    }
    choose(endpoint, reads, vc, &choice);
    return pcie_port_has_space(endpoint->port, queue, now, endpoint->send_latency, reads ? 0 : posted_units(&choice));
}

SIM_APART void endpoint_send_by_vc(struct endpoint *endpoint, sim_time now)
{
    unsigned tried[2] = {0, 0};

    if (endpoint->releasing_functions != 0 && release_one(endpoint, now)) {
        tried[0] = UINT8_MAX;
    }
    for (;;) {
        unsigned ready[2] = {0, 0};
        unsigned vc;
        bool reads;

        for (vc = 0; vc < endpoint_vc_count(endpoint); vc++) {
            for (unsigned sort = 0; sort < 2; sort++) {
                bool could = (tried[sort] >> vc & 1) == 0 && is_ready(endpoint, sort == 1, vc, now);

                ready[sort] |= (unsigned)could << vc;
            }
        }
        if ((ready[0] | ready[1]) == 0) {
            return;
        }
        vc = pcie_vcs_choose(&endpoint->vcs, ready[0] | ready[1]);
        reads = (ready[0] >> vc & 1) == 0;
        tried[reads] |= 1u << vc;
        if (reads) {
            send_read(endpoint, vc, now);
        } else {
            send_posted(endpoint, vc, now);
        }
        pcie_vcs_sent(&endpoint->vcs, vc);
    }
}

/** When a queue can take so many units, if something waits for it now. */
static sim_time output_due(const struct endpoint *endpoint, unsigned queue, uint32_t units, sim_time now)
{
    if (pcie_port_has_space(endpoint->port, queue, now, endpoint->send_latency, units)) {
        return now;
    }
    return pcie_port_space_at(endpoint->port, queue, now, endpoint->send_latency, units);
}

SIM_APART static sim_time posted_due(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    struct choice choice;

    if (endpoint->next[vc].posted > now) {
        return endpoint_edge(endpoint, endpoint->next[vc].posted);
    }
    if ((endpoint->atc_blocked & ENDPOINT_BLOCKED_POSTED << 2 * vc) != 0) {
        return SIM_TIME_NEVER;
    }
    choose(endpoint, false, vc, &choice);
    return output_due(endpoint, pcie_queue(vc, PCIE_POSTED), posted_units(&choice), now);
}

SIM_APART static sim_time read_due(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    struct choice choice;

    if (endpoint->next[vc].read > now) {
        return endpoint_edge(endpoint, endpoint->next[vc].read);
    }
    if (endpoint->free_tag_count == 0 || (endpoint->atc_blocked & ENDPOINT_BLOCKED_READ << 2 * vc) != 0) {
        return SIM_TIME_NEVER;
    }
    choose(endpoint, true, vc, &choice);
    return endpoint_has_tag(endpoint, choice.operation.function)
               ? output_due(endpoint, pcie_queue(vc, PCIE_NON_POSTED), 0, now)
               : SIM_TIME_NEVER;
}

static inline sim_time vc_due(struct endpoint *endpoint, unsigned vc, sim_time now)
{
    const sim_time next = sim_time_min(endpoint->next[vc].posted, endpoint->next[vc].read);

    if (next > now) {
        return endpoint_edge(endpoint, next);
    }
    return sim_time_min(posted_due(endpoint, vc, now), read_due(endpoint, vc, now));
}

/** When a held message that is free to go can do so. */
SIM_APART static sim_time released_due(struct endpoint *endpoint, sim_time now)
{
    uint32_t slot = 0;
    struct endpoint_function *function = endpoint_message_find_released(endpoint, &slot);

    return function != NULL ? output_due(endpoint, released_queue(endpoint, function, slot), 1, now) : SIM_TIME_NEVER;
}

sim_time endpoint_traffic_due(struct endpoint *endpoint, sim_time now)
{
    sim_time due = vc_due(endpoint, 0, now);

    if (SIM_SELDOM(endpoint->releasing_functions != 0)) {
        due = sim_time_min(due, released_due(endpoint, now));
    }
    for (unsigned vc = 1; vc < endpoint_vc_count(endpoint); vc++) {
        due = sim_time_min(due, vc_due(endpoint, vc, now));
    }
    return due;
}

/* ---- What a driver does ---- */

static void wake(struct endpoint *endpoint)
{
    sim_time earliest = SIM_TIME_NEVER;

    for (unsigned vc = 0; vc < endpoint_vc_count(endpoint); vc++) {
        earliest = sim_time_min(earliest, sim_time_min(endpoint->next[vc].posted, endpoint->next[vc].read));
    }

    if (earliest != SIM_TIME_NEVER) {
        sim_wake(&endpoint->component,
                 sim_component_edge(&endpoint->component, sim_time_max(earliest, sim_now(endpoint->sim) + 1)));
    }
}

void endpoint_set_buffer(struct endpoint *endpoint, unsigned function, size_t stream, uint64_t address, uint64_t bytes)
{
    size_t seen = 0;

    for (size_t i = 0; i < endpoint->stream_count; i++) {
        struct endpoint_stream *candidate = &endpoint->streams[i];

        if (candidate->function->index != function) {
            continue;
        }
        if (seen == stream) {
            candidate->buffer = address;
            candidate->buffer_bytes = bytes;
            candidate->buffer_offset = 0;
            return;
        }
        seen++;
    }
    sim_panic(endpoint->sim, &endpoint->component, NULL, "no stream %zu of function %u", stream, function);
}

void endpoint_start_traffic(struct endpoint *endpoint, sim_time start, sim_time stop)
{
    endpoint->stop = stop;
    if (endpoint->port != NULL) {
        endpoint->lines = pcie_port_lines(endpoint->port); /* now that the other end is there too */
    }
    for (size_t i = 0; i < endpoint->stream_count; i++) {
        start_stream(&endpoint->streams[i], start);
    }
    endpoint_refresh_next(endpoint);
    wake(endpoint);
}

static void describe_job(const struct endpoint *endpoint, const struct endpoint_job *job,
                         struct endpoint_operation *operation)
{
    memset(operation, 0, sizeof(*operation));
    operation->function = &endpoint->functions[job->function];
    operation->kind = job->kind;
    operation->born = sim_component_edge(&endpoint->component, sim_time_max(job->when, sim_now(endpoint->sim) + 1));
    operation->source = job->source;
    operation->vector = job->vector;
    operation->address = job->address;
    operation->bytes = job->kind == ENDPOINT_DMA_READ || job->kind == ENDPOINT_DMA_WRITE ? job->bytes : 0;
    operation->at = job->at;
    operation->relaxed = job->relaxed;
    operation->id_ordered = job->id_ordered;
    operation->no_snoop = job->no_snoop;
    operation->traffic_class = job->traffic_class;
    operation->with_pasid = job->with_pasid;
    operation->pasid = job->pasid;
    operation->ats = job->ats;
    operation->write = job->write;
    operation->read = job->read;
    operation->last = job->last;
    operation->group = job->group;
    if (job->data != NULL) {
        operation->has_inline_data = true;
        for (uint32_t i = 0; i < job->bytes; i++) {
            operation->inline_data |= (uint64_t)job->data[i] << (8 * i);
        }
    }
}

bool endpoint_has_vector(const struct endpoint *endpoint, unsigned function, uint32_t vector)
{
    return function < endpoint->function_count && endpoint_message_exists(&endpoint->functions[function], vector);
}

bool endpoint_request(struct endpoint *endpoint, const struct endpoint_job *job)
{
    bool posted = job->kind == ENDPOINT_MSI || job->kind == ENDPOINT_DMA_WRITE;
    struct endpoint_jobs *jobs = posted ? &endpoint->posted_jobs : &endpoint->read_jobs;
    bool wrong = job->function >= endpoint->function_count;

    if (!wrong && job->kind == ENDPOINT_MSI) {
        wrong = !endpoint_message_exists(&endpoint->functions[job->function], job->vector);
    } else if (!wrong && (job->kind == ENDPOINT_DMA_READ || job->kind == ENDPOINT_DMA_WRITE)) {
        wrong = job->bytes == 0 || (job->data != NULL && job->bytes > sizeof(uint64_t));
    }
    if (wrong) {
        sim_panic(endpoint->sim, &endpoint->component, NULL, "asked for a request that makes no sense");
    }
    if (jobs->count == ENDPOINT_MAX_JOBS) {
        return false;
    }
    describe_job(endpoint, job, &jobs->ring[(jobs->head + jobs->count) % ENDPOINT_MAX_JOBS]);
    jobs->count++;
    endpoint_refresh_next(endpoint);
    wake(endpoint);
    return true;
}

unsigned endpoint_outstanding(const struct endpoint *endpoint)
{
    return endpoint->posted_jobs.count + endpoint->read_jobs.count +
           (endpoint->read_tags - endpoint->free_tag_count - endpoint->late_tags);
}
