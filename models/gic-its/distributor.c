/*
 * A distributor as a component. Of each frame's channel, and of what is to be sent, one an edge is taken; a frame whose
 * SPI cannot be sent waits. An SPI has at most one packet here and at most one at a redistributor.
 */
#include "models/gic-its/distributor_internal.h"

static bool may_deliver(const struct distributor *distributor, const struct distributor_spi *spi)
{
    return distributor->enabled && spi->enabled && spi->group1 && !spi->recalled &&
           spi->router < distributor->config.redistributors;
}

static void look_at(struct distributor *distributor, sim_time time)
{
    distributor->due = sim_time_min(distributor->due, time);
}

/* ---- Pending ---- */

static void merge(struct distributor *distributor, struct sim_packet *packet, sim_time now)
{
    distributor->count_merged++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(distributor->component.sim, packet, distributor->component.stage, now);
        sim_event(distributor->component.sim, SIM_EVENT_MSI_MERGED, packet, &distributor->component, now, 0);
    }
    sim_packet_free(distributor->component.sim, packet);
}

static void drop(struct distributor *distributor, struct sim_packet *packet, sim_time now)
{
    distributor->count_cleared++;
    sim_mark(distributor->component.sim, packet, distributor->component.stage, now);
    sim_drop(distributor->component.sim, packet, &distributor->component, now, SIM_DROP_LPI_CLEARED);
}

static void send(struct distributor *distributor, uint32_t intid, struct sim_packet *packet, sim_time now)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_SET_SPI;
    packet->intid = intid;
    packet->arg = spi->priority;
    spi->given = true;
    spi->at = (uint32_t)spi->router;
    distributor->count_routed++;
    gic_output_push(&distributor->links[spi->at].to, packet, now, distributor->route_service);
}

void distributor_recall(struct distributor *distributor, uint32_t intid)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    if (spi->given && !spi->recalled) {
        spi->recalled = true;
        spi->asked = false;
        distributor->recalls++;
    }
    distributor_mark(distributor, intid);
}

void distributor_raise(struct distributor *distributor, uint32_t intid)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    if (spi->packet == NULL) {
        spi->packet = sim_packet_new(distributor->component.sim, 0);
    }
    distributor_mark(distributor, intid);
}

void distributor_clear(struct distributor *distributor, uint32_t intid, sim_time now)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    if (spi->packet != NULL) {
        drop(distributor, spi->packet, now);
        spi->packet = NULL;
    }
    spi->clear = spi->given;
    distributor_recall(distributor, intid);
}

uint64_t distributor_report_held(struct distributor *distributor)
{
    const sim_time now = sim_now(distributor->component.sim);
    uint64_t count = 0;

    for (uint32_t intid = GIC_FIRST_SPI; intid < GIC_FIRST_SPI + distributor->config.spis; intid++) {
        struct distributor_spi *spi = &distributor->spis[intid];

        if (spi->packet == NULL || spi->enabled) {
            continue;
        }
        sim_mark(distributor->component.sim, spi->packet, distributor->component.stage, now);
        sim_drop(distributor->component.sim, spi->packet, &distributor->component, now, SIM_DROP_LPI_DISABLED);
        spi->packet = NULL;
        count++;
    }
    return count;
}

/* ---- What comes ---- */

/** @return false if the SPI must wait for its redistributor's channel */
static bool take_spi(struct distributor *distributor, struct sim_channel *from, uint32_t intid, sim_time now)
{
    struct distributor_spi *spi = &distributor->spis[intid];
    struct sim_packet *packet;
    bool deliver = may_deliver(distributor, spi) && spi->packet == NULL;

    if (deliver && !gic_output_is_ready(&distributor->links[spi->router].to, now, &distributor->due)) {
        return false;
    }
    packet = sim_channel_pop(from, now);
    distributor->count_raised++;
    if (deliver) {
        send(distributor, intid, packet, now);
    } else if (spi->packet != NULL) {
        merge(distributor, packet, now);
    } else {
        spi->packet = packet;
    }
    return true;
}

/** One SPI an edge, the frames in turn. */
static void take_spis(struct distributor *distributor, sim_time now)
{
    const uint32_t first = distributor->turn;
    bool taken = false;

    for (uint32_t i = 0; i < distributor->config.frames; i++) {
        uint32_t index = (first + i) % distributor->config.frames;
        struct sim_channel *from = distributor->frames[index];
        sim_time arrival = sim_channel_next_arrival(from);

        if (!taken && arrival <= now) {
            taken = take_spi(distributor, from, sim_channel_peek(from, now)->intid, now);
            if (!taken) {
                continue;
            }
            distributor->turn = (index + 1) % distributor->config.frames;
            arrival = sim_channel_next_arrival(from);
        }
        look_at(distributor, arrival);
    }
}

/** The answer to a recall: the SPI's packet, if it was pending there. */
static void take_answer(struct distributor *distributor, struct sim_packet *packet, sim_time now)
{
    uint32_t intid = packet->intid;
    struct distributor_spi *spi = &distributor->spis[intid];

    spi->recalled = false;
    spi->given = false;
    distributor->recalls--;
    distributor_mark(distributor, intid);
    if (packet->operation == GIC_NOT_MOVED) {
        sim_packet_free(distributor->component.sim, packet);
    } else if (spi->clear) {
        drop(distributor, packet, now);
    } else {
        distributor->count_recalled++;
        if (spi->packet != NULL) {
            merge(distributor, spi->packet, now);
        }
        spi->packet = packet;
    }
    spi->clear = false;
}

static void take_answers(struct distributor *distributor, sim_time now)
{
    for (uint32_t i = 0; i < distributor->config.redistributors; i++) {
        struct distributor_link *link = &distributor->links[i];

        if (sim_channel_peek(link->from, now) != NULL) {
            take_answer(distributor, sim_channel_pop(link->from, now), now);
        }
        look_at(distributor, sim_channel_next_arrival(link->from));
    }
}

/* ---- What goes ---- */

/** Asks for an SPI back, or sends it. @return whether there is nothing more to do for it now */
static bool step_spi(struct distributor *distributor, uint32_t intid, sim_time now)
{
    struct distributor_spi *spi = &distributor->spis[intid];

    if (spi->recalled && !spi->asked) {
        struct sim_packet *packet;

        if (!gic_output_is_ready(&distributor->links[spi->at].to, now, &distributor->due)) {
            return false;
        }
        packet = sim_packet_new(distributor->component.sim, 0);
        packet->type = SIM_PACKET_GIC;
        packet->operation = GIC_RECALL_SPI;
        packet->intid = intid;
        gic_output_push(&distributor->links[spi->at].to, packet, now, distributor->route_service);
        spi->asked = true;
        return true;
    }
    if (spi->packet == NULL || !may_deliver(distributor, spi)) {
        return true;
    }
    if (!gic_output_is_ready(&distributor->links[spi->router].to, now, &distributor->due)) {
        return false;
    }
    send(distributor, intid, spi->packet, now);
    spi->packet = NULL;
    return true;
}

static void step_spis(struct distributor *distributor, sim_time now)
{
    for (uint32_t word = 0; word < DISTRIBUTOR_WORDS; word++) {
        for (uint64_t bits = distributor->busy[word]; bits != 0; bits &= bits - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(bits);

            if (step_spi(distributor, word * 64 + bit, now)) {
                distributor->busy[word] &= ~((uint64_t)1 << bit);
            }
        }
    }
}

/** A tracked write of a register is an MSI, or DMA, that went astray. */
static void take_register_access(struct distributor *distributor, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(distributor->request, now);

    if (packet != NULL && !gic_output_is_ready(&distributor->response, now, &distributor->due)) {
        return;
    }
    if (packet != NULL) {
        packet = sim_channel_pop(distributor->request, now);
        if (packet->type == SIM_PACKET_WRITE && (packet->flags & SIM_FLAG_TRACKED) != 0) {
            sim_mark(distributor->component.sim, packet, distributor->component.stage, now);
            sim_event(distributor->component.sim, SIM_EVENT_DROPPED, packet, &distributor->component, now,
                      SIM_DROP_NOT_AN_LPI);
            packet->flags &= ~SIM_FLAG_TRACKED;
        }
        distributor_access_register(distributor, packet, now);
        gic_output_push(&distributor->response, packet, now, distributor->register_service);
    }
    look_at(distributor, sim_channel_next_arrival(distributor->request));
}

static sim_time distributor_evaluate(struct sim_component *component, sim_time now)
{
    struct distributor *distributor = (struct distributor *)component;

    distributor->due = SIM_TIME_NEVER;
    take_register_access(distributor, now);
    take_answers(distributor, now);
    step_spis(distributor, now);
    take_spis(distributor, now);
    return distributor->due;
}

/* ---- Building ---- */

struct distributor_config distributor_config_default(void)
{
    return (struct distributor_config){.period = SIM_NS,
                                       .spis = 256,
                                       .intid_bits = 16,
                                       .frames = 1,
                                       .redistributors = 1,
                                       .route_cycles = 8,
                                       .register_cycles = 4};
}

static void check_range(struct distributor *distributor, const char *what, uint32_t value, uint32_t low, uint32_t high)
{
    if (value < low || value > high) {
        sim_panic(distributor->component.sim, &distributor->component, NULL, "%s is %u, must be %u to %u", what, value,
                  low, high);
    }
}

struct distributor *distributor_create(struct sim *sim, const char *name, const struct distributor_config *config)
{
    struct distributor *distributor = sim_alloc(sim, sizeof(*distributor));

    distributor->config = *config;
    sim_component_init(&distributor->component, sim, name, config->period, distributor_evaluate);
    check_range(distributor, "spis", config->spis, 1, GIC_LAST_SPI + 1 - GIC_FIRST_SPI);
    check_range(distributor, "intid_bits", config->intid_bits, 14, 24);
    check_range(distributor, "frames", config->frames, 1, DISTRIBUTOR_MAX_FRAMES);
    check_range(distributor, "redistributors", config->redistributors, 1, DISTRIBUTOR_MAX_REDISTRIBUTORS);
    distributor->route_service = sim_time_cycles(config->route_cycles, config->period);
    distributor->register_service = sim_time_cycles(config->register_cycles, config->period);
    sim_counter_register(&distributor->component, "raised", &distributor->count_raised);
    sim_counter_register(&distributor->component, "merged", &distributor->count_merged);
    sim_counter_register(&distributor->component, "routed", &distributor->count_routed);
    sim_counter_register(&distributor->component, "recalled", &distributor->count_recalled);
    sim_counter_register(&distributor->component, "cleared", &distributor->count_cleared);
    /* SPIs that software raises, and recalls: one of each an SPI at the most. */
    sim_packet_reserve(sim, 2 * config->spis, false);
    return distributor;
}

struct sim_component *distributor_component(struct distributor *distributor)
{
    return &distributor->component;
}

void distributor_bind_target(struct distributor *distributor, struct sim_bus_port port)
{
    distributor->request = port.request;
    distributor->response.channel = port.response;
}

void distributor_bind_frame(struct distributor *distributor, uint32_t index, struct sim_channel *from)
{
    check_range(distributor, "frame", index, 0, distributor->config.frames - 1);
    distributor->frames[index] = from;
}

void distributor_bind_redistributor(struct distributor *distributor, uint32_t number, struct sim_channel *to,
                                    struct sim_channel *from)
{
    check_range(distributor, "redistributor", number, 0, distributor->config.redistributors - 1);
    distributor->links[number].to.channel = to;
    distributor->links[number].from = from;
}

bool distributor_is_pending(const struct distributor *distributor, uint32_t intid)
{
    return distributor_has(distributor, intid) && distributor->spis[intid].packet != NULL;
}
