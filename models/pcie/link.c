#include "models/pcie/link.h"

#include "sim/attributes.h"
#include "sim/sim.h"

#include <string.h>

#define SMALLEST_TLP        20u
#define MOST_SLOTS          4096u
#define FEW_BLOCKS          16u
#define DEFAULT_MAX_PAYLOAD 256u

#define FLIT_SPEED       64000u
#define FLIT_BYTES       256u
#define FLIT_TLP_BYTES   236u
#define SKIP_PERIOD      1538u /* 8b/10b: symbols from one skip ordered set to the next */
#define SKIP_SYMBOLS     4u
#define SKIP_BLOCKS      375u /* 128b/130b: blocks from one skip ordered set to the next, itself one of them */
#define BLOCK_SYMBOLS    16u
#define EDS_BYTES        4u  /* the token that ends the data stream before an ordered set, over all lanes */
#define FLIT_SKIP_BYTES  40u /* 1b/1b: a skip ordered set, of each lane (4.2.8.3) */
#define LIMIT_TLP_EXTRA  28u
#define REPLAY_LIMITS    3u     /* up to 8 GT/s: Ack limits in a replay timer's */
#define REPLAY_SYMBOLS   24000u /* 16 and 32 GT/s: the least of the simplified limits, symbol times (3.6.2.1) */
#define REPLAY_FLITS     1500u  /* 64 GT/s (4.2.3.4.2.1.6) */
#define ROLLOVER         4u     /* REPLAY_NUM has three bits, and a replay counts two (3.6.2) */
#define FLIT_ROLLOVER    8u     /* 64 GT/s: a replay counts one (4.2.3.4.2.1.7) */
#define LAST_LIMIT_SPEED 8000u
#define LAST_8B10B_SPEED 5000u
#define PAPER_DLLP_BYTES 16u /* an Ack and an UpdateFC a limit */

static const char *const class_names[PCIE_CLASSES] = {"posted", "non-posted", "completion"};

void pcie_link_config_init(struct pcie_link_config *config)
{
    const struct pcie_credits credits = {64, 1024, 64, 64, 64, 1024};

    memset(config, 0, sizeof(*config));
    config->speed = PCIE_LINK_DEFAULT_SPEED;
    config->width = PCIE_LINK_DEFAULT_WIDTH;
    config->latency = PCIE_LINK_DEFAULT_LATENCY;
    config->upper_credits = credits;
    config->lower_credits = credits;
}

/** Bytes in so many bytes on the wire that the encoding leaves. */
struct coding {
    uint32_t plain;
    uint32_t coded;
};

static struct coding coding_of(uint32_t speed)
{
    switch (speed) {
    case 2500:
    case 5000:
        return (struct coding){8, 10};
    case 8000:
    case 16000:
    case 32000:
        return (struct coding){128, 130};
    case FLIT_SPEED:
        return (struct coding){FLIT_TLP_BYTES, FLIT_BYTES};
    default:
        return (struct coding){0, 0};
    }
}

static uint32_t max_payload_of(const struct pcie_link_config *config)
{
    return config->max_payload != 0 ? config->max_payload : DEFAULT_MAX_PAYLOAD;
}

/** The limit in symbol times: (payload + 28) × UF / width + delay, rounded down. */
static uint32_t limit_symbols(const struct pcie_link_config *config)
{
    uint32_t tlp = max_payload_of(config) + LIMIT_TLP_EXTRA;
    uint32_t tenths;
    uint32_t delay = config->speed == 2500 ? 19 : config->speed == 5000 ? 70 : 115;

    if (max_payload_of(config) <= 256) {
        tenths = config->width <= 4 ? 14 : config->width <= 8 ? 25 : 30;
    } else {
        tenths = config->width <= 8 ? 10 : 20;
    }
    return tlp * tenths / (10 * config->width) + delay;
}

/** Time of a byte without DLLPs and ordered sets: 8 / (speed × 10^6 × width × efficiency) seconds, in 2^-16 fs. */
static uint64_t bare_fs_per_byte(uint32_t speed, uint32_t width)
{
    struct coding coding = coding_of(speed);
    uint64_t bits = UINT64_C(8) * 1000 * 1000 * 1000;
    uint64_t rate = (uint64_t)speed * width;

    if (coding.plain == 0 || width == 0) {
        return 0;
    }
    bits = (bits << SIM_WIRE_FRACTION_BITS) / coding.plain * coding.coded;
    return (bits + rate / 2) / rate;
}

/** Flits from one skip ordered set to the next, with one clock or two that do not spread (4.2.3.4.2.5, table 4-30). */
static uint64_t flits_between_skips(uint32_t width)
{
    switch (width) {
    case 1:
        return 46;
    case 2:
        return 93;
    default:
        return UINT64_C(748) * width / 16;
    }
}

/** Bytes of the wire between two skip ordered sets, one of them included; @param left what is left of those */
static uint64_t skip_period(const struct pcie_link_config *config, uint64_t *left)
{
    if (config->speed == FLIT_SPEED) {
        *left = flits_between_skips(config->width) * FLIT_BYTES;
        return config->overhead == PCIE_OVERHEAD_PHYSICAL ? *left + (uint64_t)FLIT_SKIP_BYTES * config->width : *left;
    }
    /* pcie-bench reckons with 4 symbols of 1538 at any speed. */
    if (config->speed <= LAST_8B10B_SPEED || config->overhead == PCIE_OVERHEAD_PAPER) {
        *left = SKIP_PERIOD - SKIP_SYMBOLS;
        return SKIP_PERIOD;
    }
    *left = (uint64_t)(SKIP_BLOCKS - 1) * BLOCK_SYMBOLS * config->width - EDS_BYTES;
    return (uint64_t)SKIP_BLOCKS * BLOCK_SYMBOLS * config->width;
}

uint64_t pcie_link_fs_per_byte(const struct pcie_link_config *config)
{
    uint64_t bare = bare_fs_per_byte(config->speed, config->width);
    uint64_t left;
    uint64_t part = skip_period(config, &left);

    if (bare == 0 || config->overhead == PCIE_OVERHEAD_NONE) {
        return bare;
    }
    if (config->overhead == PCIE_OVERHEAD_PAPER && config->speed != FLIT_SPEED) {
        uint64_t limit = limit_symbols(config);

        left = left * limit - PAPER_DLLP_BYTES * part;
        part *= limit;
    }
    return bare / left * part + (bare % left * part + left / 2) / left;
}

sim_time pcie_link_limit(const struct pcie_link_config *config)
{
    struct coding coding = coding_of(config->speed);
    uint64_t bits = UINT64_C(8) * 1000 * 1000 * 1000;

    if (config->speed == FLIT_SPEED) {
        uint64_t flit = FLIT_BYTES * bits / ((uint64_t)config->speed * config->width);
        uint64_t left;
        uint64_t part = skip_period(config, &left);

        return (flit * part + left / 2) / left;
    }
    /* A symbol is a byte of one lane. */
    return limit_symbols(config) * bits * coding.coded / coding.plain / config->speed;
}

/** From the end of a TLP to its replay, if nothing comes. */
static sim_time replay_limit(const struct pcie_link_config *config)
{
    struct coding coding = coding_of(config->speed);
    uint64_t bits = UINT64_C(8) * 1000 * 1000 * 1000;

    if (config->speed <= LAST_LIMIT_SPEED) {
        return REPLAY_LIMITS * pcie_link_limit(config);
    }
    if (config->speed == FLIT_SPEED) {
        return REPLAY_FLITS * pcie_link_limit(config);
    }
    return REPLAY_SYMBOLS * bits * coding.coded / coding.plain / config->speed;
}

static uint32_t headers_of(const struct pcie_credits *credits, enum pcie_class class_)
{
    switch (class_) {
    case PCIE_POSTED:
        return credits->posted_headers;
    case PCIE_NON_POSTED:
        return credits->non_posted_headers;
    default:
        return credits->completion_headers;
    }
}

static uint32_t data_of(const struct pcie_credits *credits, enum pcie_class class_)
{
    switch (class_) {
    case PCIE_POSTED:
        return credits->posted_data;
    case PCIE_NON_POSTED:
        return credits->non_posted_data;
    default:
        return credits->completion_data;
    }
}

/**
 * Slots for infinite header credits: more than can be between sending and the return of the credit while the receiver
 * takes one an edge, so they are never what holds a sender back.
 */
static uint32_t enough_slots(const struct sim_channel_config *channel, const struct pcie_data_link *own)
{
    sim_time gap = sim_time_max(sim_wire_time(channel->wire, SMALLEST_TLP),
                                sim_time_max(channel->writer->period, channel->reader->period));
    sim_time loop = channel->latency + channel->wire->frame + 4 * gap;

    if (own->tlp_errors != 0) {
        loop += 4 * (own->replay_timer + channel->latency);
    }

    return (uint32_t)sim_time_min(loop / gap + 8, MOST_SLOTS);
}

/**
 * Payload blocks for as many large TLPs as the credits of a class let be under way; for the ways against the main
 * stream (writes of the host and of peers down, answers of functions up), whose receivers take at once, at most a few.
 */
static void reserve_payloads(struct sim *sim, const struct sim_channel_config *channel, bool main_stream)
{
    uint32_t large = sim_channel_units(SIM_PACKET_INLINE_BYTES + 1);
    uint32_t blocks = channel->units == 0 ? channel->capacity : channel->units / large;
    uint32_t most = main_stream || channel->capacity < FEW_BLOCKS ? channel->capacity : FEW_BLOCKS;

    sim_packet_reserve(sim, blocks < most ? blocks : most, true);
}

struct direction {
    const char *name;
    bool upwards;
    struct pcie_data_link *own;
    struct pcie_end from;
    struct pcie_end to;
    const struct pcie_credits *credits; /**< of the receiver */
};

static struct sim_channel *make_channel(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                        const struct direction *direction, unsigned queue)
{
    enum pcie_class class_ = pcie_queue_class(queue);
    unsigned vc = pcie_queue_vc(queue);
    const char *end = vc == 0 ? class_names[class_] : sim_printf(sim, "vc%u.%s", vc, class_names[class_]);
    struct sim_channel_config channel = {
        .name = sim_printf(sim, "%s.%s.%s", name, direction->name, end),
        .writer = direction->from.component,
        .reader = direction->to.component,
        .latency = config->latency,
        .credit_latency = config->credit_latency,
        .capacity = headers_of(direction->credits, class_),
        .units = data_of(direction->credits, class_),
        .wire = &direction->own->wire,
        .cut_through = direction->to.cut_through,
    };

    if (channel.capacity == 0) {
        channel.capacity = enough_slots(&channel, direction->own);
    }
    if (class_ != PCIE_NON_POSTED) {
        reserve_payloads(sim, &channel, direction->upwards == (class_ == PCIE_POSTED));
    }
    return sim_channel_create(sim, &channel);
}

/** An UpdateFC is of use if headers or data of the class are counted. */
static bool is_infinite(const struct pcie_credits *credits, enum pcie_class class_)
{
    return headers_of(credits, class_) == 0 && data_of(credits, class_) == 0;
}

/** The counters of an end appear in results if there is something to count: errors. */
static void register_counters(struct sim *sim, const char *name, const struct direction *direction)
{
    const struct pcie_data_link_counters *counters = &direction->own->counters;
    struct sim_component *component = direction->from.component;

    sim_counter_register(component, sim_printf(sim, "%s.%s.errors", name, direction->name), &counters->errors);
    sim_counter_register(component, sim_printf(sim, "%s.%s.replayed", name, direction->name), &counters->replayed);
    sim_counter_register(component, sim_printf(sim, "%s.%s.timeouts", name, direction->name), &counters->timeouts);
    sim_counter_register(component, sim_printf(sim, "%s.%s.retrains", name, direction->name), &counters->retrains);
}

static void init_findings(struct sim *sim, const char *name, const struct pcie_link_config *config,
                          const struct direction *direction)
{
    struct pcie_data_link *own = direction->own;

    own->receiver_errors = config->receiver_errors;
    own->bad_acks = config->bad_acks;
    own->misnumbers = config->bad_acks != 0;
    if (own->tlp_errors == 0 && own->bad_acks == 0) {
        if (direction->upwards && config->removal != PCIE_REMOVAL_SILENT) {
            own->receiver_findings = pcie_link_findings_create(sim, direction->to.component);
        }
        return;
    }
    own->sender_findings = pcie_link_findings_create(sim, direction->from.component);
    own->receiver_findings = pcie_link_findings_create(sim, direction->to.component);
    if (own->bad_acks != 0) {
        sim_counter_register(direction->from.component, sim_printf(sim, "%s.%s.bad-acks", name, direction->name),
                             &own->counters.bad_acks);
    }
}

static void init_errors(struct sim *sim, const char *name, const struct pcie_link_config *config,
                        const struct direction *direction)
{
    struct pcie_data_link *own = direction->own;

    own->tlp_errors = config->tlp_errors;
    own->lost_naks = config->lost_naks;
    own->retrain_time = config->retrain_time != 0 ? config->retrain_time : PCIE_LINK_DEFAULT_RETRAIN;
    own->replay_timer = config->replay_timer != 0 ? config->replay_timer : replay_limit(config);
    own->rollover = config->speed == FLIT_SPEED ? FLIT_ROLLOVER : ROLLOVER;
    if (own->tlp_errors != 0) {
        sim_random_init(&own->random, sim_seed(sim), sim_printf(sim, "%s.%s.errors", name, direction->name));
        register_counters(sim, name, direction);
    }
    init_findings(sim, name, config, direction);
    own->poisoned = config->poisoned;
    own->corrupted = config->corrupted;
    own->malformed = config->malformed;
    sim_random_init(&own->fault_random, sim_seed(sim), sim_printf(sim, "%s.%s.faults", name, direction->name));
    if (config->replay_buffer != 0) {
        own->buffer_size = config->replay_buffer;
        own->buffered = true;
        own->purge_at = sim_alloc(sim, own->buffer_size * sizeof(*own->purge_at));
        sim_gauge_register_timed(direction->from.component,
                                 sim_printf(sim, "%s.%s.replay-buffer", name, direction->name), own->buffer_size,
                                 &pcie_data_link_buffer, own);
    }
}

static void init_wire(struct sim_wire *wire, const struct pcie_link_config *config)
{
    wire->fs_per_byte = pcie_link_fs_per_byte(config);
    if (config->speed == FLIT_SPEED) {
        /* A byte takes the raw rate; what the flit keeps for itself is the end of each frame. */
        wire->frame = pcie_link_limit(config);
        wire->frame_payload = FLIT_TLP_BYTES;
        wire->fs_per_byte = (wire->frame << SIM_WIRE_FRACTION_BITS) / FLIT_BYTES;
    }
}

/** @param credits advertised by this end, for what it receives */
static void init_data_link(struct sim *sim, const char *name, const struct pcie_link_config *config,
                           const struct direction *direction, const struct pcie_credits *credits)
{
    struct pcie_data_link *own = direction->own;
    sim_time limit = config->speed == FLIT_SPEED ? 0 : pcie_link_limit(config);

    init_wire(&own->wire, config);
    own->component = direction->from.component;
    own->period = direction->from.component->period;
    own->flight = config->latency;
    own->dllps_on_wire = config->overhead == PCIE_OVERHEAD_PHYSICAL && config->speed != FLIT_SPEED;
    own->credit_latency = config->credit_latency;
    own->dllp_time = config->speed == FLIT_SPEED ? own->wire.frame : sim_wire_time(&own->wire, PCIE_DLLP_BYTES);
    own->update_interval = config->update_interval != 0 ? config->update_interval : limit;
    own->ack_interval = config->ack_interval != 0 ? config->ack_interval : limit;
    own->refresh = config->refresh_interval != 0 ? config->refresh_interval : PCIE_LINK_REFRESH;
    if (config->speed == FLIT_SPEED) {
        /* Every flit says how many credits there are. */
        own->refresh = SIM_TIME_NEVER;
    }
    own->refresh_due = own->refresh;
    own->vcs = (uint8_t)(config->virtual_channels != 0 ? config->virtual_channels : 1);
    own->first_due = SIM_TIME_NEVER;
    for (unsigned i = 0; i < PCIE_QUEUES; i++) {
        own->infinite |= is_infinite(credits, pcie_queue_class(i)) ? 1u << i : 0;
    }
    for (unsigned vc = 1; vc < PCIE_MAX_VCS; vc++) {
        own->ready_at[vc] = SIM_TIME_NEVER;
    }
    init_errors(sim, name, config, direction);
}

static void init_port(struct pcie_port *port, const struct pcie_link_config *config, struct pcie_data_link *own,
                      struct pcie_data_link *opposite)
{
    bool flit = config->speed >= FLIT_SPEED;

    port->framing = flit ? 0 : PCIE_FRAMING_BYTES;
    port->framing_head = flit ? 0 : PCIE_FRAMING_HEAD_BYTES;
    port->speed = config->speed;
    port->width = config->width;
    port->vcs = config->virtual_channels != 0 ? config->virtual_channels : 1;
    port->removal = config->removal;
    port->own = own;
    port->opposite = opposite;
}

static void check_config(struct sim *sim, const char *name, const struct pcie_link_config *config)
{
    if (bare_fs_per_byte(config->speed, config->width) == 0 || config->width > 32 ||
        (config->width & (config->width - 1)) != 0) {
        sim_panic(sim, NULL, NULL, "link %s: no link has %u MT/s and %u lanes", name, config->speed, config->width);
    }
    if (config->tlp_errors >= PCIE_MILLION || config->lost_naks > PCIE_MILLION) {
        sim_panic(sim, NULL, NULL, "link %s: nothing would ever arrive", name);
    }
    if (config->poisoned > PCIE_MILLION || config->corrupted > PCIE_MILLION || config->malformed > PCIE_MILLION ||
        config->receiver_errors > PCIE_MILLION || config->bad_acks > PCIE_MILLION) {
        sim_panic(sim, NULL, NULL, "link %s: more than a million TLPs in a million", name);
    }
    if (config->virtual_channels > PCIE_MAX_VCS) {
        sim_panic(sim, NULL, NULL, "link %s: no link has %u virtual channels", name, config->virtual_channels);
    }
}

struct pcie_link *pcie_link_create(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                   struct pcie_end upper, struct pcie_end lower)
{
    struct pcie_link *link = sim_alloc(sim, sizeof(*link));
    struct direction down = {"down", false, &link->upper_end, upper, lower, &config->lower_credits};
    struct direction up = {"up", true, &link->lower_end, lower, upper, &config->upper_credits};

    check_config(sim, name, config);
    init_data_link(sim, name, config, &down, &config->upper_credits);
    init_data_link(sim, name, config, &up, &config->lower_credits);
    init_port(&link->upper, config, &link->upper_end, &link->lower_end);
    init_port(&link->lower, config, &link->lower_end, &link->upper_end);
    link->upper.peer = &link->lower;
    link->lower.peer = &link->upper;
    for (unsigned i = 0; i < link->upper.vcs * PCIE_CLASSES; i++) {
        link->upper.queues[i].transmit = make_channel(sim, name, config, &down, i);
        link->lower.queues[i].receive = link->upper.queues[i].transmit;
        link->lower.queues[i].transmit = make_channel(sim, name, config, &up, i);
        link->upper.queues[i].receive = link->lower.queues[i].transmit;
    }
    return link;
}

/* ---- TLPs ---- */

SIM_HOT void pcie_port_send(const struct pcie_port *port, unsigned queue, struct sim_packet *packet, sim_time now,
                            sim_time service)
{
    uint32_t header = pcie_tlp_header_bytes(packet);
    uint32_t payload = pcie_tlp_payload_bytes(packet);
    uint32_t bytes = port->framing + header + payload + pcie_tlp_digest_bytes(packet);
    struct pcie_data_link *own = port->own;

    if (SIM_SELDOM(own->faults)) {
        pcie_data_link_spoil(own, packet);
    }
    if (SIM_SELDOM(port->tap != NULL)) {
        port->tap->sent(port->tap->context, port, queue, packet, now);
    }
    pcie_data_link_before(own, now + service, bytes);
    sim_channel_push(port->queues[queue].transmit, packet, now, service, sim_channel_units(payload), bytes,
                     port->framing_head + header);
    pcie_data_link_after(own);
}

SIM_HOT struct sim_packet *pcie_port_take(const struct pcie_port *port, unsigned queue, sim_time now)
{
    struct sim_channel *channel = port->queues[queue].receive;
    const struct sim_packet *head = sim_channel_peek(channel, now);
    sim_time free_at = pcie_data_link_taken(port->own, queue, now, head != NULL ? head->tail : now);
    struct sim_packet *packet = sim_channel_pop_until(channel, now, free_at);

    if (SIM_SELDOM(port->tap != NULL)) {
        port->tap->taken(port->tap->context, port, queue, packet, now);
    }
    return packet;
}

/* ---- What goes wrong ---- */

void pcie_port_watch_link(const struct pcie_port *port, uint64_t *word, unsigned bit)
{
    if (port->own->sender_findings != NULL) {
        pcie_link_findings_set_hint(port->own->sender_findings, word, bit);
    }
    if (port->opposite->receiver_findings != NULL) {
        pcie_link_findings_set_hint(port->opposite->receiver_findings, word, bit);
    }
}

void pcie_port_keeps(const struct pcie_port *port, const void *state)
{
    port->own->state = state;
}

void pcie_port_tell_presence(const struct pcie_port *port, bool there)
{
    if (port->removal != PCIE_REMOVAL_SILENT) {
        const struct pcie_link_finding found = {
            .at = sim_now(port->own->component->sim) + port->own->flight,
            .event = there ? PCIE_LINK_CAME_UP : PCIE_LINK_WENT_DOWN,
        };

        pcie_link_findings_add(port->own->receiver_findings, found);
    }
}

bool pcie_port_take_finding(const struct pcie_port *port, sim_time now, struct pcie_link_finding *found)
{
    return pcie_link_findings_take(port->opposite->receiver_findings, now, found) ||
           pcie_link_findings_take(port->own->sender_findings, now, found);
}

sim_time pcie_port_findings_due(const struct pcie_port *port)
{
    return sim_time_min(pcie_link_findings_due(port->opposite->receiver_findings),
                        pcie_link_findings_due(port->own->sender_findings));
}

/* ---- Virtual channels ---- */

/** Both ends send three InitFC1, and when those are in three InitFC2. */
static sim_time initialisation_time(const struct pcie_data_link *own)
{
    return 2 * (PCIE_CLASSES * own->dllp_time + own->flight);
}

void pcie_port_enable_vc(const struct pcie_port *port, unsigned vc, bool enabled, sim_time now)
{
    struct pcie_data_link *own = port->own;
    struct pcie_data_link *opposite = port->opposite;

    if (own->enabled[vc] == enabled) {
        return;
    }
    own->enabled[vc] = enabled;
    if (own->vc_listener != NULL) {
        own->vc_listener(own->vc_context, vc, enabled, now);
    }
    own->ready_at[vc] = SIM_TIME_NEVER;
    opposite->ready_at[vc] = SIM_TIME_NEVER;
    if (enabled && opposite->enabled[vc]) {
        /* Whichever end comes second sets the time for both, which is later than now for either. */
        own->ready_at[vc] = now + sim_time_max(initialisation_time(own), 1);
        opposite->ready_at[vc] = own->ready_at[vc];
        sim_wake(own->component, sim_time_align(own->ready_at[vc], own->period));
        sim_wake(opposite->component, sim_time_align(opposite->ready_at[vc], opposite->period));
    }
}

void pcie_port_watch_vcs(const struct pcie_port *port, pcie_vc_listener tell, void *context)
{
    port->own->vc_listener = tell;
    port->own->vc_context = context;
}

/* ---- Order ---- */

bool pcie_port_may_pass_posted(const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                               sim_time arrival)
{
    const struct sim_channel *channel = port->queues[pcie_queue_posted(queue)].receive;
    const struct sim_packet *posted;

    for (uint32_t i = 0; (posted = sim_channel_peek_behind(channel, i, arrival)) != NULL; i++) {
        if (!pcie_tlp_may_pass(packet, posted)) {
            return false;
        }
    }
    return true;
}

static bool may_pass_first(const struct pcie_port *port, unsigned queue, uint32_t count, sim_time now)
{
    const struct sim_channel *channel = port->queues[queue].receive;
    const struct sim_packet *packet = sim_channel_peek_behind(channel, count, now);

    for (uint32_t i = 0; i < count; i++) {
        if (!pcie_tlp_may_pass(packet, sim_channel_peek_behind(channel, i, now))) {
            return false;
        }
    }
    return queue == pcie_queue_posted(queue) ||
           pcie_port_may_pass_posted(port, queue, packet, sim_channel_arrival_behind(channel, count));
}

uint32_t pcie_port_next_passing(const struct pcie_port *port, unsigned queue, uint32_t index, sim_time now)
{
    while (sim_channel_peek_behind(port->queues[queue].receive, ++index, now) != NULL) {
        if (may_pass_first(port, queue, index, now)) {
            return index;
        }
    }
    return UINT32_MAX;
}

static void start_faults(struct pcie_data_link *own)
{
    own->faults = own->poisoned != 0 || own->corrupted != 0 || own->malformed != 0;
}

void pcie_link_start_faults(struct pcie_link *link)
{
    start_faults(&link->upper_end);
    start_faults(&link->lower_end);
}
