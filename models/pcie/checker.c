#include "models/pcie/checker.h"

#include "models/pcie/checker_internal.h"

#include <stdio.h>

/* ---- Verdicts ---- */

void checker_report(const struct checker_direction *direction, enum pcie_rule rule, const struct sim_packet *packet,
                    const char *what)
{
    struct pcie_checker *checker = direction->checker;

    if (checker->total == 0) {
        snprintf(checker->first, sizeof(checker->first), "%s %s: %s", checker->name, direction->name, what);
    }
    checker->counts[rule]++;
    checker->total++;
    if (checker->fatal) {
        sim_panic(checker->sim, NULL, packet, "protocol: %s %s: %s", checker->name, direction->name, what);
    }
}

/* ---- Credits and order ---- */

static void check_credits(struct checker_direction *direction, unsigned queue, const struct sim_packet *packet)
{
    struct checker_class *state = &direction->queues[queue];

    state->headers++;
    state->units += pcie_tlp_units(packet);
    if (state->header_credits != 0 && state->headers > state->header_credits) {
        checker_report(direction, PCIE_RULE_CREDITS, packet, "more headers than the receiver advertised");
    }
    if (state->unit_credits != 0 && state->units > state->unit_credits) {
        checker_report(direction, PCIE_RULE_CREDITS, packet, "more data than the receiver advertised");
    }
}

static struct checker_flight *flight_at(struct checker_class *state, uint32_t i)
{
    return &state->flights[(state->head + i) % state->size];
}

/** Takes a TLP out of those under way in its queue. @return its number; UINT64_MAX if it is not there */
static uint64_t remove_flight(struct checker_direction *direction, struct checker_class *state,
                              const struct sim_packet *packet)
{
    const struct pcie_order order = pcie_tlp_order(packet);
    uint64_t number = UINT64_MAX;
    uint32_t place = 0;

    while (place < state->count && flight_at(state, place)->packet != packet) {
        if (!pcie_order_may_pass(&order, &flight_at(state, place)->order)) {
            checker_report(direction, PCIE_RULE_ORDER, packet, "taken out of the order of its class");
            return UINT64_MAX;
        }
        place++;
    }
    if (place == state->count) {
        checker_report(direction, PCIE_RULE_ORDER, packet, "taken, but never sent");
        return UINT64_MAX;
    }
    number = flight_at(state, place)->number;
    for (; place > 0; place--) {
        *flight_at(state, place) = *flight_at(state, place - 1);
    }
    state->head = (state->head + 1) % state->size;
    state->count--;
    return number;
}

static void check_order(struct checker_direction *direction, unsigned queue, const struct sim_packet *packet)
{
    struct checker_class *state = &direction->queues[queue];
    struct checker_class *posted = &direction->queues[pcie_queue_posted(queue)];
    const struct pcie_order order = pcie_tlp_order(packet);
    uint64_t number = remove_flight(direction, state, packet);

    if (state == posted || number == UINT64_MAX) {
        return;
    }
    for (uint32_t i = 0; i < posted->count && flight_at(posted, i)->number < number; i++) {
        if (!pcie_order_may_pass(&order, &flight_at(posted, i)->order)) {
            checker_report(direction, PCIE_RULE_ORDER, packet, "passes a posted request");
            return;
        }
    }
}

static void note_flight(struct checker_direction *direction, unsigned queue, const struct sim_packet *packet)
{
    struct checker_class *state = &direction->queues[queue];
    struct checker_flight *flight;

    if (state->count == state->size) {
        sim_panic(direction->checker->sim, NULL, packet, "checker %s: more TLPs under way than it can follow",
                  direction->checker->name);
    }
    flight = flight_at(state, state->count++);
    flight->packet = packet;
    flight->order = pcie_tlp_order(packet);
    flight->number = direction->sent++;
}

/* ---- Taps ---- */

static void sent(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                 sim_time now)
{
    struct checker_direction *direction = context;

    (void)port;
    check_credits(direction, queue, packet);
    note_flight(direction, queue, packet);
    checker_check_format(direction, packet);
    if (direction->checker->tags != NULL) {
        checker_track_tags(direction, packet, now);
    }
}

/** The other end takes what this direction carried. */
static void taken(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet,
                  sim_time now)
{
    const struct checker_direction *own = context;
    struct checker_direction *direction = own->opposite;
    struct checker_class *state = &direction->queues[queue];

    (void)port;
    (void)now;
    check_order(direction, queue, packet);
    state->headers--;
    state->units -= pcie_tlp_units(packet);
}

/** What was sent last is lost first. */
static void lost(void *context, const struct pcie_port *port, unsigned queue, const struct sim_packet *packet)
{
    struct checker_direction *direction = context;
    struct checker_class *state = &direction->queues[queue];

    (void)port;
    if (packet == NULL) {
        direction->checker->interrupted = true;
        for (uint32_t i = 0; direction->checker->tags != NULL && i < CHECKER_TAGS; i++) {
            direction->checker->tags[i].used = false;
        }
        return;
    }
    if (state->count == 0 || flight_at(state, state->count - 1)->packet != packet) {
        checker_report(direction, PCIE_RULE_ORDER, packet, "lost out of order, or never sent");
        return;
    }
    state->count--;
    state->headers--;
    state->units -= pcie_tlp_units(packet);
}

/* ---- Building ---- */

static void init_flights(struct sim *sim, struct checker_class *state)
{
    state->size = state->header_credits != 0 ? state->header_credits + CHECKER_SPARE : CHECKER_INFINITE;
    state->flights = sim_alloc(sim, state->size * sizeof(*state->flights));
}

static void init_credits(struct checker_direction *direction, const struct pcie_credits *credits, unsigned vcs)
{
    for (unsigned vc = 0; vc < vcs; vc++) {
        struct checker_class *queues = &direction->queues[pcie_queue(vc, PCIE_POSTED)];

        queues[PCIE_POSTED].header_credits = credits->posted_headers;
        queues[PCIE_POSTED].unit_credits = credits->posted_data;
        queues[PCIE_NON_POSTED].header_credits = credits->non_posted_headers;
        queues[PCIE_NON_POSTED].unit_credits = credits->non_posted_data;
        queues[PCIE_COMPLETION].header_credits = credits->completion_headers;
        queues[PCIE_COMPLETION].unit_credits = credits->completion_data;
        for (unsigned i = 0; i < PCIE_CLASSES; i++) {
            init_flights(direction->checker->sim, &queues[i]);
        }
    }
}

static void init_direction(struct pcie_checker *checker, struct checker_direction *direction, const char *name,
                           struct pcie_port *port)
{
    direction->checker = checker;
    direction->name = name;
    direction->tap.sent = sent;
    direction->tap.taken = taken;
    direction->tap.lost = lost;
    direction->tap.context = direction;
    port->tap = &direction->tap;
}

struct pcie_checker *pcie_checker_create(struct sim *sim, const char *name, const struct pcie_checker_config *config)
{
    struct pcie_checker *checker = sim_alloc(sim, sizeof(*checker));

    checker->sim = sim;
    checker->name = sim_strdup(sim, name);
    checker->losses = config->losses;
    checker->fatal = config->fatal;
    checker->tag_timeout = config->tag_timeout != 0 ? config->tag_timeout : SIM_TIME_NEVER;
    checker->tags = config->tags ? sim_alloc(sim, CHECKER_TAGS * sizeof(*checker->tags)) : NULL;
    init_direction(checker, &checker->down, "down", &config->link->upper);
    init_direction(checker, &checker->up, "up", &config->link->lower);
    checker->down.opposite = &checker->up;
    checker->up.opposite = &checker->down;
    checker->down.space = config->upper;
    checker->up.space = config->lower;
    checker->up.limits_reads = config->tags;
    init_credits(&checker->down, &config->lower_credits, config->link->upper.vcs);
    init_credits(&checker->up, &config->upper_credits, config->link->upper.vcs);
    return checker;
}

/* ---- To look at ---- */

uint64_t pcie_checker_count(const struct pcie_checker *checker, enum pcie_rule rule)
{
    return checker->counts[rule];
}

uint64_t pcie_checker_total(const struct pcie_checker *checker)
{
    return checker->total;
}

const char *pcie_checker_first(const struct pcie_checker *checker)
{
    return checker->first;
}

uint64_t pcie_checker_seen(const struct pcie_checker *checker)
{
    return checker->down.sent + checker->up.sent;
}
