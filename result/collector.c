#include "result/collector.h"

#include "result/histogram.h"
#include "result/steady.h"
#include "result/way.h"
#include "sim/allocate.h"
#include "sim/attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES        STEADY_BATCHES
#define MOST_DOORBELLS 64
#define MOST_PEERS     64
#define MOST_LISTENERS 2

/** Ways remembered per device, a power of two. */
#define WAYS 16

/** Handlers that ran before data and are not settled, per device, before a run has to allocate. */
#define FEW_CHECKS 1024

struct batch {
    uint64_t count;
    uint64_t sum;
};

/** A handler that ran before data: it needs so many writes to be visible by then. */
struct pending_check {
    uint64_t writes;
    sim_time time;
    uint64_t packet;
};

struct peer_seen {
    const struct sim_component *endpoint;
    uint32_t function;
    struct run_tally tally;
    struct run_tally unseen; /**< by any SMMU */
};

struct doorbell_seen {
    uint64_t page;
    uint64_t address;
    const struct sim_component *its;
    uint32_t device_id;
    uint64_t count;
    uint64_t first_packet;
    sim_time first_time;
};

struct source {
    uint64_t born;
    uint64_t delivered;
    uint64_t merged;
    struct run_tally dropped[SIM_DROP_REASONS];
    uint64_t writes_sent;
    uint64_t writes_visible;
    uint64_t writes_dropped;
    uint64_t writes_settled; /**< of those meant for memory: visible, dropped, or taken by a peer after all */
    uint64_t reads_done;
    uint64_t writes_measured;
    uint64_t reads_measured;
    struct histogram read_latency;
    struct batch read_batches[BATCHES];
    uint64_t order_checked;
    struct run_tally order_violations;
    struct peer_seen peers[MOST_PEERS];
    unsigned peer_count;
    struct histogram latency;
    struct batch batches[BATCHES];
    struct stage_sum *stages;
    struct way *ways; /**< WAYS of them, by vector: vectors differ in the PE that they go to */
    struct doorbell_seen doorbells[MOST_DOORBELLS];
    unsigned doorbell_count;
    struct pending_check *checks;
    size_t check_count;
    size_t check_capacity;
};

struct collector {
    struct sim *sim;
    struct source *devices; /**< index 0 collects what has no source; device i is at i + 1 */
    uint32_t device_count;
    struct source **source_of; /**< by packet's source: one of devices */
    uint32_t source_count;
    uint32_t stage_count;
    struct histogram *stages; /**< by stage, all sources */
    sim_time since;           /**< MSIs that were born before are not looked at: nobody has counted their birth */
    sim_time start;
    sim_time measure_from;
    sim_time measure_to;
    sim_time measure_span;
    sim_time batch_begin; /**< of the batch that was asked for last: those asked for next mostly fall in it too */
    uint64_t batch;
    sim_time end;
    uint64_t born;
    uint64_t ended;
    uint64_t delivered;
    uint64_t fingerprint;
    struct sim_observer also[MOST_LISTENERS]; /**< more listeners; the `event` of the first that is not there is NULL */
};

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/**
 * Adds what became of a packet, and its marks, to the fingerprint. A sum: the order of packets does not matter.
 * @param signature of its way
 */
static void sign(struct collector *collector, const struct sim_packet *packet, enum sim_event_kind kind, sim_time time,
                 uint64_t signature)
{
    const uint64_t end = (uint64_t)kind << 56 ^ time;

    collector->fingerprint += mix((signature ^ mix(packet->id + packet->born * 0x9e3779b97f4a7c15u)) + end);
}

/** Counts a packet; of several in one instant the first is the one with the smallest identity. */
static void tally(struct run_tally *counted, uint64_t packet, sim_time time)
{
    if (counted->count == 0 || time < counted->first_time ||
        (time == counted->first_time && packet < counted->first_packet)) {
        counted->first_packet = packet;
        counted->first_time = time;
    }
    counted->count++;
}

/* ---- What became of a packet ---- */

/** In which batch something falls that was born then; BATCHES or more if in none. */
static uint64_t batch_of(struct collector *collector, sim_time born)
{
    if (SIM_SELDOM(born - collector->batch_begin >= collector->measure_span)) {
        collector->batch = (born - collector->measure_from) / collector->measure_span;
        collector->batch_begin = collector->measure_from + collector->batch * collector->measure_span;
    }
    return collector->batch;
}

static void add_to_batch(struct batch batches[BATCHES], uint64_t batch, sim_time latency)
{
    if (batch < BATCHES) {
        batches[batch].count++;
        batches[batch].sum += latency;
    }
}

/** The first write of a device to a doorbell. @return NULL: there have been too many others */
SIM_APART static struct doorbell_seen *add_doorbell(struct source *source, const struct sim_packet *packet,
                                                    const struct sim_component *its, sim_time time)
{
    struct doorbell_seen *seen = &source->doorbells[source->doorbell_count];

    if (source->doorbell_count == MOST_DOORBELLS) {
        return NULL;
    }
    source->doorbell_count++;
    seen->page = packet->address & ~UINT64_C(0xfff);
    seen->address = packet->address;
    seen->its = its;
    seen->device_id = packet->device_id;
    seen->first_time = time;
    seen->first_packet = packet->id;
    return seen;
}

static struct doorbell_seen *find_doorbell(struct source *source, const struct sim_packet *packet)
{
    const uint64_t page = packet->address & ~UINT64_C(0xfff);

    for (unsigned i = 0; i < source->doorbell_count; i++) {
        if (source->doorbells[i].page == page && source->doorbells[i].device_id == packet->device_id) {
            return &source->doorbells[i];
        }
    }
    return NULL;
}

static void see_doorbell(struct source *source, const struct sim_packet *packet, const struct sim_component *its,
                         sim_time time)
{
    struct doorbell_seen *seen = find_doorbell(source, packet);

    if (SIM_SELDOM(seen == NULL)) {
        seen = add_doorbell(source, packet, its, time);
        if (seen == NULL) {
            return;
        }
    }
    seen->count++;
    if (SIM_SELDOM(time == seen->first_time) && packet->id < seen->first_packet) {
        seen->first_packet = packet->id;
    }
}

static void see_peer(struct source *source, const struct sim_packet *packet, const struct sim_component *endpoint,
                     uint32_t function, sim_time time)
{
    unsigned i = 0;

    while (i < source->peer_count && (source->peers[i].endpoint != endpoint || source->peers[i].function != function)) {
        i++;
    }
    if (i == MOST_PEERS) {
        return;
    }
    if (i == source->peer_count) {
        source->peers[i].endpoint = endpoint;
        source->peers[i].function = function;
        source->peer_count++;
    }
    tally(&source->peers[i].tally, packet->id, time);
    if ((packet->flags & SIM_FLAG_BY_SMMU) == 0) {
        tally(&source->peers[i].unseen, packet->id, time);
    }
}

/* ---- Data before interrupt ---- */

/** Nobody needs to wait for a DMA write any more. What was meant for a peer nobody waited for. */
static void settle_write(struct source *source, const struct sim_packet *packet)
{
    source->writes_settled += (packet->flags & SIM_FLAG_FOR_PEER) == 0;
}

/** Remembers a handler that starts before the data of its MSI are visible. */
SIM_APART static void add_check(struct source *source, const struct sim_packet *packet, sim_time time)
{
    if (source->check_count == source->check_capacity) {
        source->check_capacity *= 2;
        source->checks = realloc(source->checks, source->check_capacity * sizeof(*source->checks));
        if (source->checks == NULL) {
            fputs("doorbell: out of memory\n", stderr);
            abort();
        }
    }
    source->checks[source->check_count].writes = packet->sequence;
    source->checks[source->check_count].time = time;
    source->checks[source->check_count].packet = packet->id;
    source->check_count++;
}

/** A handler starts: the writes sent before its MSI must be visible now, or become so in this very instant. */
static void check_order(struct source *source, const struct sim_packet *packet, sim_time time)
{
    if (packet->sequence > 0) {
        source->order_checked++;
    }
    if (packet->sequence > source->writes_settled) {
        add_check(source, packet, time);
    }
}

static void settle_checks(struct source *source, sim_time time)
{
    size_t kept = 0;

    for (size_t i = 0; i < source->check_count; i++) {
        if (source->checks[i].writes > source->writes_settled) {
            source->checks[kept++] = source->checks[i];
        } else if (time > source->checks[i].time) {
            tally(&source->order_violations, source->checks[i].packet, source->checks[i].time);
        }
    }
    source->check_count = kept;
}

/* ---- The observer ---- */

/** Of an MSI that was born before anything is measured only its end counts. */
SIM_APART static void deliver_early(struct collector *collector, const struct sim_packet *packet, sim_time time)
{
    sign(collector, packet, SIM_EVENT_MSI_DELIVERED, time, way_signature(packet));
}

static void measure(struct collector *collector, struct source *source, const struct sim_packet *packet, sim_time time)
{
    const sim_time latency = time - packet->born;
    uint64_t signature = 0;

    if (packet->trail_count > 0) {
        struct way *way = &source->ways[packet->vector % WAYS];

        if (packet->trail[packet->trail_count - 1].end != time) {
            sim_panic(collector->sim, NULL, packet, "its stages do not add up to its latency");
        }
        signature = way_add(way, source->stages, collector->stages, packet);
    }
    sign(collector, packet, SIM_EVENT_MSI_DELIVERED, time, signature);
    histogram_add(&source->latency, latency);
    add_to_batch(source->batches, batch_of(collector, packet->born), latency);
}

/** Apart from the other events, which have little to do and need no stack. */
SIM_HOT SIM_APART static void deliver(struct collector *collector, struct source *source,
                                      const struct sim_packet *packet, sim_time time)
{
    source->delivered++;
    collector->delivered++;
    collector->ended++;
    collector->end = sim_time_max(collector->end, time);
    check_order(source, packet, time);
    if (SIM_SELDOM(packet->born < collector->measure_from)) {
        deliver_early(collector, packet, time);
    } else {
        measure(collector, source, packet, time);
    }
}

SIM_APART static void merge(struct collector *collector, struct source *source, const struct sim_packet *packet,
                            sim_time time)
{
    source->merged++;
    collector->ended++;
    sign(collector, packet, SIM_EVENT_MSI_MERGED, time, way_signature(packet));
}

SIM_APART static void drop(struct collector *collector, struct source *source, const struct sim_packet *packet,
                           sim_time time, uint32_t reason)
{
    if ((packet->flags & SIM_FLAG_MSI) != 0) {
        tally(&source->dropped[reason < SIM_DROP_REASONS ? reason : 0], packet->id, time);
        collector->ended++;
        sign(collector, packet, SIM_EVENT_DROPPED, time, way_signature(packet));
    } else if (packet->type == SIM_PACKET_WRITE || packet->type == SIM_PACKET_WRITE_ACK) {
        source->writes_dropped++;
        settle_write(source, packet);
        settle_checks(source, time);
    }
}

SIM_APART static void arrive_at_peer(struct source *source, const struct sim_packet *packet,
                                     const struct sim_component *endpoint, uint32_t function, sim_time time)
{
    see_peer(source, packet, endpoint, function, time);
    if (packet->type == SIM_PACKET_WRITE && (packet->flags & SIM_FLAG_MSI) == 0) {
        settle_write(source, packet);
        settle_checks(source, time);
    }
}

static bool is_measured(const struct collector *collector, sim_time time)
{
    return time >= collector->measure_from && time < collector->measure_to;
}

SIM_APART static void finish_read(struct collector *collector, struct source *source, const struct sim_packet *packet,
                                  sim_time time, uint32_t status)
{
    source->reads_done++;
    source->reads_measured += is_measured(collector, time);
    if (packet->born >= collector->measure_from && status == SIM_STATUS_OK) {
        histogram_add(&source->read_latency, time - packet->born);
        add_to_batch(source->read_batches, batch_of(collector, packet->born), time - packet->born);
    }
}

static bool is_from_before(const struct collector *collector, const struct sim_packet *packet)
{
    return packet->born < collector->since && (packet->flags & SIM_FLAG_MSI) != 0;
}

SIM_HOT static void on_event(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                             const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct collector *collector = context;
    struct source *source = collector->source_of[packet->source <= collector->source_count ? packet->source : 0];

    if (SIM_SELDOM(is_from_before(collector, packet))) {
        return;
    }
    switch (kind) {
    case SIM_EVENT_MSI_BORN:
        source->born++;
        collector->born++;
        break;
    case SIM_EVENT_MSI_AT_DOORBELL:
        see_doorbell(source, packet, where, time);
        break;
    case SIM_EVENT_MSI_MERGED:
        merge(collector, source, packet, time);
        break;
    case SIM_EVENT_MSI_DELIVERED:
        deliver(collector, source, packet, time);
        break;
    case SIM_EVENT_DROPPED:
        drop(collector, source, packet, time, detail);
        break;
    case SIM_EVENT_WRITE_SENT:
        source->writes_sent++;
        break;
    case SIM_EVENT_WRITE_VISIBLE:
        source->writes_visible++;
        settle_write(source, packet);
        source->writes_measured += is_measured(collector, time);
        if (source->check_count > 0) {
            settle_checks(source, time);
        }
        break;
    case SIM_EVENT_PEER_ARRIVED:
        arrive_at_peer(source, packet, where, detail, time);
        break;
    case SIM_EVENT_READ_DONE:
        finish_read(collector, source, packet, time, detail);
        break;
    default:
        break;
    }
}

/** The same while others listen too. */
static void on_event_with_others(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                                 const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct collector *collector = context;

    if (is_from_before(collector, packet)) {
        return;
    }
    for (unsigned i = 0; i < MOST_LISTENERS && collector->also[i].event != NULL; i++) {
        collector->also[i].event(collector->also[i].context, kind, packet, where, time, detail);
    }
    on_event(collector, kind, packet, where, time, detail);
}

/** What is read is for those who listen too. */
static void on_read(void *context, const struct sim_table_read *read)
{
    struct collector *collector = context;

    for (unsigned i = 0; i < MOST_LISTENERS && collector->also[i].event != NULL; i++) {
        if (collector->also[i].read != NULL) {
            collector->also[i].read(collector->also[i].context, read);
        }
    }
}

static bool reads_are_wanted(const struct collector *collector)
{
    for (unsigned i = 0; i < MOST_LISTENERS && collector->also[i].event != NULL; i++) {
        if (collector->also[i].read != NULL) {
            return true;
        }
    }
    return false;
}

/** Observes the simulation: only what is counted here, while nobody else listens. */
static void observe(struct collector *collector)
{
    const uint32_t not_counted = 1u << SIM_EVENT_MSI_SENT | 1u << SIM_EVENT_MSI_PENDING | 1u << SIM_EVENT_MSI_HANDLED;
    const bool alone = collector->also[0].event == NULL;
    const struct sim_observer observer = {.context = collector,
                                          .trails = true,
                                          .deaf_to = alone ? not_counted : 0,
                                          .event = alone ? on_event : on_event_with_others,
                                          .read = reads_are_wanted(collector) ? on_read : NULL};

    sim_observe(collector->sim, &observer);
}

struct collector *collector_create(struct sim *sim, const uint32_t *device_of, uint32_t sources, uint32_t devices)
{
    struct collector *collector = sim_allocate(1, sizeof(*collector));

    collector->sim = sim;
    collector->since = sim_now(sim) > 0 ? sim_now(sim) + 1 : 0;
    collector->source_count = sources;
    collector->device_count = devices;
    collector->stage_count = sim_stage_count(sim) + 1;
    collector->devices = sim_allocate(devices + 1, sizeof(*collector->devices));
    collector->source_of = sim_allocate(sources + 1, sizeof(struct source *));
    collector->source_of[0] = &collector->devices[0];
    for (uint32_t i = 0; i < sources; i++) {
        collector->source_of[i + 1] = &collector->devices[device_of[i] + 1];
    }
    collector->stages = sim_allocate(collector->stage_count, sizeof(*collector->stages));
    for (uint32_t i = 0; i <= devices; i++) {
        collector->devices[i].stages = sim_allocate(collector->stage_count, sizeof(struct stage_sum));
        collector->devices[i].ways = sim_allocate(WAYS, sizeof(struct way));
        collector->devices[i].checks = sim_allocate(FEW_CHECKS, sizeof(struct pending_check));
        collector->devices[i].check_capacity = FEW_CHECKS;
    }
    collector->measure_span = 1;
    observe(collector);
    return collector;
}

void collector_also(struct collector *collector, const struct sim_observer *also)
{
    unsigned i = 0;

    if (also == NULL) {
        memset(collector->also, 0, sizeof(collector->also));
        observe(collector);
        return;
    }
    while (i < MOST_LISTENERS - 1 && collector->also[i].event != NULL) {
        i++;
    }
    collector->also[i] = *also;
    observe(collector);
}

void collector_destroy(struct collector *collector)
{
    if (collector == NULL) {
        return;
    }
    for (uint32_t i = 0; i <= collector->device_count; i++) {
        free(collector->devices[i].stages);
        free(collector->devices[i].ways);
        free(collector->devices[i].checks);
    }
    free(collector->devices);
    free(collector->source_of);
    free(collector->stages);
    free(collector);
}

void collector_start(struct collector *collector, sim_time start, sim_time warmup, sim_time duration)
{
    collector->start = start;
    collector->measure_from = start + warmup;
    collector->measure_to = start + duration;
    collector->batch_begin = collector->measure_from;
    collector->batch = 0;
    collector->measure_span = (duration - warmup + BATCHES - 1) / BATCHES;
    if (collector->measure_span == 0) {
        collector->measure_span = 1;
    }
}

uint64_t collector_born(const struct collector *collector)
{
    return collector->born;
}

uint64_t collector_outstanding(const struct collector *collector)
{
    return collector->born - collector->ended;
}

uint64_t collector_delivered(const struct collector *collector)
{
    return collector->delivered;
}

/* ---- Summing up ---- */

/** Half width of the 95 % confidence interval from batch means. */
static sim_time confidence(const struct batch batches[BATCHES])
{
    double means[BATCHES];
    unsigned n = 0;
    double half;

    for (unsigned i = 0; i < BATCHES; i++) {
        if (batches[i].count > 0) {
            means[n++] = (double)batches[i].sum / (double)batches[i].count;
        }
    }
    half = steady_half(means, n);
    return half < 0 ? SIM_TIME_NEVER : (sim_time)(half + 0.5);
}

static void summarise(const struct histogram *histogram, const struct batch *batches, struct run_latency *latency)
{
    latency->count = histogram->count;
    latency->min = histogram->min;
    latency->max = histogram->max;
    latency->mean = histogram_mean(histogram);
    latency->p50 = histogram_quantile(histogram, 500);
    latency->p99 = histogram_quantile(histogram, 990);
    latency->p999 = histogram_quantile(histogram, 999);
    latency->ci95 = batches != NULL ? confidence(batches) : SIM_TIME_NEVER;
}

static int by_position(const void *a, const void *b)
{
    const struct run_hop *one = a;
    const struct run_hop *other = b;

    if (one->position != other->position) {
        return one->position < other->position ? -1 : 1;
    }
    return strcmp(one->stage, other->stage);
}

static void settle_all(struct collector *collector)
{
    for (uint32_t i = 0; i <= collector->device_count; i++) {
        struct source *source = &collector->devices[i];

        for (unsigned way = 0; way < WAYS; way++) {
            way_settle(&source->ways[way], source->stages, collector->stages);
        }
        stage_sums_settle(source->stages, collector->stages, collector->stage_count);
    }
}

static void finish_hops(const struct collector *collector, const struct source *source, struct run_hop **hops,
                        size_t *count)
{
    *hops = sim_allocate(collector->stage_count, sizeof(**hops));
    *count = 0;
    for (uint32_t stage = 1; stage < collector->stage_count; stage++) {
        const struct stage_sum *sum = &source->stages[stage];
        struct run_hop *hop = &(*hops)[*count];

        if (sum->count == 0) {
            continue;
        }
        hop->stage = sim_copy_string(sim_stage_name(collector->sim, stage));
        hop->position = sum->position;
        hop->time.count = sum->count;
        hop->time.min = sum->min;
        hop->time.max = sum->max;
        hop->time.mean = sum->sum / sum->count;
        hop->time.ci95 = SIM_TIME_NEVER;
        hop->time.p50 = SIM_TIME_NEVER;
        hop->time.p99 = SIM_TIME_NEVER;
        hop->time.p999 = SIM_TIME_NEVER;
        (*count)++;
    }
    qsort(*hops, *count, sizeof(**hops), by_position);
}

/** What all devices together spent under a stage; its histogram gets its summary. @return how many MSIs */
static uint64_t sum_stage(const struct collector *collector, uint32_t stage, struct run_hop *hop)
{
    struct stage_sum all = {.min = SIM_TIME_NEVER};

    for (uint32_t i = 0; i <= collector->device_count; i++) {
        const struct stage_sum *sum = &collector->devices[i].stages[stage];

        if (sum->count == 0) {
            continue;
        }
        all.count += sum->count;
        all.sum += sum->sum;
        all.min = sim_time_min(all.min, sum->min);
        all.max = sim_time_max(all.max, sum->max);
        all.position = sum->position > all.position ? sum->position : all.position;
    }
    hop->position = all.position;
    histogram_set_summary(&collector->stages[stage], all.count, all.min, all.max, all.sum);
    return all.count;
}

static void finish_all_hops(const struct collector *collector, struct run_result *result)
{
    result->hops = sim_allocate(collector->stage_count, sizeof(*result->hops));
    for (uint32_t stage = 1; stage < collector->stage_count; stage++) {
        struct run_hop *hop = &result->hops[result->hop_count];

        if (sum_stage(collector, stage, hop) == 0) {
            continue;
        }
        hop->stage = sim_copy_string(sim_stage_name(collector->sim, stage));
        summarise(&collector->stages[stage], NULL, &hop->time);
        result->hop_count++;
    }
    qsort(result->hops, result->hop_count, sizeof(*result->hops), by_position);
}

static int by_address(const void *a, const void *b)
{
    const struct run_doorbell *one = a;
    const struct run_doorbell *other = b;

    if (one->address != other->address) {
        return one->address < other->address ? -1 : 1;
    }
    return one->device_id < other->device_id ? -1 : one->device_id > other->device_id;
}

static int by_function(const void *a, const void *b)
{
    const struct run_peer *one = a;
    const struct run_peer *other = b;
    const int order = strcmp(one->component, other->component);

    return order != 0 ? order : (one->function > other->function) - (one->function < other->function);
}

static void finish_peers(const struct source *source, struct run_device *device)
{
    device->peers = sim_allocate(source->peer_count, sizeof(*device->peers));
    device->peer_count = source->peer_count;
    for (unsigned i = 0; i < source->peer_count; i++) {
        device->peers[i].component = sim_copy_string(source->peers[i].endpoint->name);
        device->peers[i].function = source->peers[i].function;
        device->peers[i].tally = source->peers[i].tally;
        device->peers[i].unseen = source->peers[i].unseen;
    }
    qsort(device->peers, device->peer_count, sizeof(*device->peers), by_function);
}

static void finish_device(const struct collector *collector, struct source *source, struct run_device *device)
{
    device->born = source->born;
    device->delivered = source->delivered;
    device->merged = source->merged;
    device->lost = source->born - source->delivered - source->merged;
    memcpy(device->dropped, source->dropped, sizeof(device->dropped));
    device->writes_sent = source->writes_sent;
    device->writes_visible = source->writes_visible;
    device->writes_dropped = source->writes_dropped;
    device->reads_done = source->reads_done;
    device->dma_time = collector->measure_to - collector->measure_from;
    device->writes_measured = source->writes_measured;
    device->reads_measured = source->reads_measured;
    summarise(&source->read_latency, source->read_batches, &device->read_latency);
    device->order_checked = source->order_checked;
    for (size_t i = 0; i < source->check_count; i++) {
        tally(&source->order_violations, source->checks[i].packet, source->checks[i].time);
    }
    source->check_count = 0;
    device->order_violations = source->order_violations;
    summarise(&source->latency, source->batches, &device->latency);
    device->latency_bin_count = histogram_bins(&source->latency, &device->latency_bins);
    finish_hops(collector, source, &device->hops, &device->hop_count);
    finish_peers(source, device);
    device->doorbells = sim_allocate(source->doorbell_count, sizeof(*device->doorbells));
    device->doorbell_count = source->doorbell_count;
    for (unsigned i = 0; i < source->doorbell_count; i++) {
        device->doorbells[i].address = source->doorbells[i].address;
        device->doorbells[i].its = sim_copy_string(source->doorbells[i].its->name);
        device->doorbells[i].device_id = source->doorbells[i].device_id;
        device->doorbells[i].count = source->doorbells[i].count;
        device->doorbells[i].first_packet = source->doorbells[i].first_packet;
        device->doorbells[i].first_time = source->doorbells[i].first_time - collector->start;
    }
    qsort(device->doorbells, device->doorbell_count, sizeof(*device->doorbells), by_address);
}

/** Latencies of all sources together. */
static void finish_latency(const struct collector *collector, struct run_result *result)
{
    struct histogram *latency = sim_allocate(1, sizeof(*latency));
    struct batch batches[BATCHES] = {{0}};

    for (uint32_t i = 0; i <= collector->device_count; i++) {
        const struct source *source = &collector->devices[i];

        histogram_merge(latency, &source->latency);
        for (unsigned batch = 0; batch < BATCHES; batch++) {
            batches[batch].count += source->batches[batch].count;
            batches[batch].sum += source->batches[batch].sum;
        }
    }
    summarise(latency, batches, &result->latency);
    result->latency_bin_count = histogram_bins(latency, &result->latency_bins);
    free(latency);
}

void collector_finish(struct collector *collector, struct run_result *result)
{
    settle_all(collector);
    for (uint32_t i = 0; i < result->device_count && i < collector->device_count; i++) {
        finish_device(collector, &collector->devices[i + 1], &result->devices[i]);
    }
    finish_all_hops(collector, result);
    finish_latency(collector, result);
    result->fingerprint = collector->fingerprint;
    result->end_time = collector->end > collector->start ? collector->end - collector->start : 0;
    result->counters = sim_allocate(sim_counter_count(collector->sim), sizeof(*result->counters));
    result->counter_count = sim_counter_count(collector->sim);
    for (uint32_t i = 0; i < result->counter_count; i++) {
        const char *component;
        const char *name;

        sim_counter_get(collector->sim, i, &component, &name, &result->counters[i].value);
        result->counters[i].component = sim_copy_string(component);
        result->counters[i].name = sim_copy_string(name);
    }
}
