/*
 * A redistributor as a component: creation, binding, the PE's side, and the order of one evaluation.
 */
#include "models/gic-its/redistributor_internal.h"

void redistributor_drop(struct redistributor *rd, struct sim_packet *packet, sim_time now, enum sim_drop_reason reason)
{
    rd->count_dropped++;
    sim_mark(rd->component.sim, packet, rd->component.stage, now);
    sim_drop(rd->component.sim, packet, &rd->component, now, reason);
}

/* ---- Memory and registers ---- */

void redistributor_request(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    gic_output_push(&rd->memory, packet, now, 0);
    rd->outstanding++;
    rd->progress = true;
}

static void take_memory_answer(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(rd->memory_response, now);

    if (packet == NULL) {
        return;
    }
    packet = sim_channel_pop(rd->memory_response, now);
    rd->outstanding--;
    if (packet->tag >= REDISTRIBUTOR_TAG_VIRTUAL) {
        redistributor_take_virtual(rd, packet);
    } else if (packet->tag == REDISTRIBUTOR_TAG_TABLE) {
        redistributor_take_line(rd, packet);
    } else if (packet->tag == REDISTRIBUTOR_TAG_OVERFLOW) {
        redistributor_take_overflow(rd);
    } else {
        redistributor_take_config(rd, packet, now);
    }
    sim_packet_free(rd->component.sim, packet);
    rd->progress = true;
}

/** A tracked write of a register is an MSI, or DMA, that went astray. */
void redistributor_report_stray(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    sim_mark(rd->component.sim, packet, rd->component.stage, now);
    sim_event(rd->component.sim, SIM_EVENT_DROPPED, packet, &rd->component, now, SIM_DROP_NOT_AN_LPI);
    packet->flags &= ~SIM_FLAG_TRACKED;
}

static void take_register_access(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(rd->target_request, now);

    if (packet != NULL && gic_output_is_ready(&rd->target_response, now, &rd->due)) {
        if (redistributor_is_direct(rd, packet)) {
            if (rd->direct != NULL) {
                return;
            }
            redistributor_take_direct(rd, sim_channel_pop(rd->target_request, now), now);
            redistributor_look_at(rd, sim_channel_next_arrival(rd->target_request));
            return;
        }
        packet = sim_channel_pop(rd->target_request, now);
        if (packet->type == SIM_PACKET_WRITE && (packet->flags & SIM_FLAG_TRACKED) != 0) {
            redistributor_report_stray(rd, packet, now);
        }
        redistributor_access_register(rd, packet);
        gic_output_push(&rd->target_response, packet, now, rd->register_service);
        packet = NULL;
    }
    if (packet == NULL) {
        redistributor_look_at(rd, sim_channel_next_arrival(rd->target_request));
    }
}

/* ---- The PE ---- */

static uint32_t best_lpi_priority(const struct redistributor *rd)
{
    if (rd->lpis.heap_count == 0 || SIM_SELDOM(rd->state != REDISTRIBUTOR_ON || rd->asleep)) {
        return GIC_PRIORITY_NONE;
    }
    return lpi_set_best_priority(&rd->lpis);
}

/** There are SPIs. */
static uint32_t best_spi_priority(const struct redistributor *rd)
{
    bool any = !rd->asleep && rd->spis->set.heap_count > 0;

    return any ? lpi_set_best_priority(&rd->spis->set) : GIC_PRIORITY_NONE;
}

/** The best interrupt. */
struct best {
    uint32_t priority; /**< GIC_PRIORITY_NONE: there is none */
    bool is_spi;       /**< of equal priorities the lower INTID is the better */
};

static struct best find_best(const struct redistributor *rd)
{
    struct best best = {.priority = best_lpi_priority(rd), .is_spi = false};

    if (SIM_SELDOM(rd->spis != NULL)) {
        const uint32_t spi = best_spi_priority(rd);

        if (spi != GIC_PRIORITY_NONE && spi <= best.priority) {
            best = (struct best){.priority = spi, .is_spi = true};
        }
    }
    return best;
}

/** Acknowledges the best interrupt that the mask lets through. @return its packet, or the request: there is none */
static struct sim_packet *acknowledge(struct redistributor *rd, struct sim_packet *request)
{
    const struct best best = find_best(rd);
    struct sim_packet *held;
    uint32_t lpi;

    if (SIM_SELDOM(best.priority >= request->arg)) {
        request->intid = GIC_INTID_SPURIOUS;
        rd->count_spurious++;
        return request;
    }
    if (SIM_SELDOM(best.is_spi)) {
        sim_packet_free(rd->component.sim, request);
        return redistributor_acknowledge_spi(rd);
    }
    lpi = lpi_set_best(&rd->lpis);
    held = lpi_set_remove(&rd->lpis, lpi);
    redistributor_forget_out(rd, lpi);
    rd->count_activated++;
    if (held == NULL) {
        held = request;
    } else {
        sim_packet_free(rd->component.sim, request);
    }
    held->intid = GIC_FIRST_LPI + lpi;
    held->address = best.priority;
    return held;
}

/** The end of an SPI's handler needs no answer. */
SIM_APART static void take_deactivation(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(rd->pe_from, now);

    redistributor_deactivate_spi(rd, packet->intid);
    sim_packet_free(rd->component.sim, packet);
}

/** Answers what the PE acknowledges. @return whether the answer has told it what is the best physical interrupt now */
static bool take_acknowledge(struct redistributor *rd, const struct sim_packet *head, sim_time now)
{
    struct sim_packet *packet;
    bool told = false;

    if (SIM_SELDOM(head->operation == GIC_DEACTIVATE)) {
        take_deactivation(rd, now);
    } else if (!gic_output_is_ready(&rd->pe, now, &rd->due)) {
        return false;
    } else {
        packet = sim_channel_pop(rd->pe_from, now);
        if (SIM_SELDOM(packet->operation == GIC_VACTIVATE)) {
            packet = redistributor_acknowledge_virtual(rd, packet);
        } else {
            packet = acknowledge(rd, packet);
            rd->told = find_best(rd).priority;
            packet->operation = GIC_ACTIVATED;
            packet->arg = rd->told;
            told = true;
        }
        gic_output_push(&rd->pe, packet, now, rd->activate_service);
    }
    redistributor_look_at(rd, sim_channel_next_arrival(rd->pe_from));
    return told;
}

/** Tells the PE when the best priority is no longer what it was told. */
static void signal_pe(struct redistributor *rd, sim_time now)
{
    const struct best best = find_best(rd);
    struct sim_packet *packet;

    if (best.priority == rd->told || !gic_output_is_ready(&rd->pe, now, &rd->due)) {
        return;
    }
    packet = sim_packet_new(rd->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_SIGNAL;
    packet->arg = best.priority;
    packet->intid = GIC_INTID_SPURIOUS;
    if (SIM_SELDOM(best.is_spi)) {
        packet->intid = lpi_set_best(&rd->spis->set);
    } else if (best.priority != GIC_PRIORITY_NONE) {
        packet->intid = GIC_FIRST_LPI + lpi_set_best(&rd->lpis);
    }
    rd->told = best.priority;
    gic_output_push(&rd->pe, packet, now, rd->signal_service);
}

/** Whether anything is under way beside the messages of the ITSs and the PE. */
static bool is_busy(const struct redistributor *rd)
{
    return rd->outstanding > 0 || rd->line_wanted || rd->enable != (rd->state == REDISTRIBUTOR_ON) || rd->scanning ||
           rd->move_all != NULL || rd->direct != NULL || rd->overflow.write_wanted || rd->overflow.count > 0 ||
           rd->fetch_count > 0 || rd->virt != NULL;
}

/** What comes before the messages: answers of the memory, registers, and what they have started. */
SIM_APART static void step_others(struct redistributor *rd, sim_time now)
{
    if (rd->outstanding > 0) {
        take_memory_answer(rd, now);
    }
    take_register_access(rd, now);
    if (rd->line_wanted || rd->enable != (rd->state == REDISTRIBUTOR_ON)) {
        redistributor_step_tables(rd, now);
    }
    if (rd->scanning) {
        redistributor_step_scan(rd);
    }
    if (rd->move_all != NULL) {
        redistributor_step_move_all(rd, now);
    }
    if (rd->direct != NULL) {
        redistributor_step_direct(rd, now);
    }
    if (rd->virt != NULL) {
        redistributor_step_virtual(rd, now);
    }
}

/** What comes after them: accesses of the memory that they have made necessary. */
SIM_APART static void request_others(struct redistributor *rd, sim_time now)
{
    if (rd->overflow.write_wanted || rd->overflow.count > 0) {
        redistributor_step_overflow(rd, now);
    }
    if (rd->fetch_count > 0) {
        redistributor_request_config(rd, now);
    }
    if (rd->virt != NULL) {
        redistributor_signal_virtual(rd, now);
        redistributor_request_virtual(rd, now);
    }
    if (rd->outstanding > 0) {
        redistributor_look_at(rd, sim_channel_next_arrival(rd->memory_response));
    }
    /* A scan that waits for a read may go on sooner: what it would read next can be cached, or no longer pending. */
    if (rd->progress || rd->scanning) {
        redistributor_look_at(rd, now + rd->component.period);
    }
    rd->busy = is_busy(rd);
}

SIM_HOT static sim_time redistributor_evaluate(struct sim_component *component, sim_time now)
{
    struct redistributor *rd = (struct redistributor *)component;
    const struct sim_packet *request;
    bool told = false;

    rd->due = SIM_TIME_NEVER;
    rd->progress = false;
    if (SIM_SELDOM(rd->busy || sim_channel_next_arrival(rd->target_request) != SIM_TIME_NEVER)) {
        step_others(rd, now);
    }
    if (rd->inputs != 0) {
        redistributor_take_message(rd, now);
    }
    request = sim_channel_peek(rd->pe_from, now);
    if (request != NULL) {
        told = take_acknowledge(rd, request, now);
    } else {
        redistributor_look_at(rd, sim_channel_next_arrival(rd->pe_from));
    }
    if (!told) {
        signal_pe(rd, now);
    }
    if (SIM_SELDOM(rd->busy || rd->progress)) {
        request_others(rd, now);
    }
    return rd->due;
}

/* ---- Building ---- */

struct redistributor_config redistributor_config_default(void)
{
    return (struct redistributor_config){
        .period = SIM_NS,
        .intid_bits = 16,
        .config_cache_entries = 64,
        .config_cache_ways = 2,
        .config_fetches = 4,
        .lookup_cycles = 2,
        .deliver_cycles = 8,
        .activate_cycles = 2,
        .register_cycles = 4,
        .its_count = 1,
        .reserve = 64,
        .priority_bits = 8,
        .virt = redistributor_virtual_config_default(),
    };
}

static void check_range(struct redistributor *rd, const char *what, uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low || value > high) {
        sim_panic(rd->component.sim, &rd->component, NULL, "%s is %llu, must be %llu to %llu", what,
                  (unsigned long long)value, (unsigned long long)low, (unsigned long long)high);
    }
}

static void check_config(struct redistributor *rd)
{
    const struct redistributor_config *config = &rd->config;

    check_range(rd, "processor_number", config->processor_number, 0, 0xffff);
    check_range(rd, "intid_bits", config->intid_bits, 14, 24);
    check_range(rd, "config_fetches", config->config_fetches, 1, REDISTRIBUTOR_MAX_FETCHES);
    check_range(rd, "its_count", config->its_count, 0, REDISTRIBUTOR_MAX_ITS - (config->spis ? 1u : 0u));
    check_range(rd, "priority_bits", config->priority_bits, config->two_security_states ? 5 : 4, 8);
    if (!gic_cache_create(rd->component.sim, &rd->cache, config->config_cache_entries, config->config_cache_ways)) {
        sim_panic(rd->component.sim, &rd->component, NULL,
                  "the configuration cache is not a power of two times %u ways", config->config_cache_ways);
    }
}

static void register_counters(struct redistributor *rd)
{
    struct sim_component *component = &rd->component;

    sim_counter_register(component, "set", &rd->count_set);
    sim_counter_register(component, "merged", &rd->count_merged);
    sim_counter_register(component, "activated", &rd->count_activated);
    sim_counter_register(component, "spurious", &rd->count_spurious);
    sim_counter_register(component, "dropped", &rd->count_dropped);
    sim_counter_register(component, "cleared", &rd->count_cleared);
    sim_counter_register(component, "moved", &rd->count_moved);
    sim_counter_register(component, "config_hits", &rd->cache.hits);
    sim_counter_register(component, "config_misses", &rd->cache.misses);
    sim_counter_register(component, "written_out", &rd->count_written_out);
    sim_counter_register(component, "read_back", &rd->count_read_back);
    sim_counter_register(component, "table_reads", &rd->count_table_reads);
    sim_counter_register(component, "table_writes", &rd->count_table_writes);
}

static uint64_t read_pending(const void *context)
{
    const struct redistributor *rd = context;

    return rd->lpis.pending;
}

static uint64_t read_fetches(const void *context)
{
    const struct redistributor *rd = context;

    return rd->fetch_count;
}

static void register_gauges(struct redistributor *rd)
{
    struct sim_component *component = &rd->component;
    const uint32_t on_chip = rd->overflow.bits == NULL ? rd->lpis.count : rd->config.pending_entries;

    sim_gauge_register(component, "pending-lpis", on_chip, read_pending, rd);
    sim_gauge_register(component, "config-fetches", rd->config.config_fetches, read_fetches, rd);
    gic_cache_register(&rd->cache, component, "config-cache");
}

struct redistributor *redistributor_create(struct sim *sim, const char *name, const struct redistributor_config *config)
{
    struct redistributor *rd = sim_alloc(sim, sizeof(*rd));
    uint32_t lpis;

    rd->config = *config;
    sim_component_init(&rd->component, sim, name, config->period, redistributor_evaluate);
    check_config(rd);
    lpis = ((uint32_t)1 << config->intid_bits) - GIC_FIRST_LPI;
    lpi_set_create(sim, &rd->lpis, lpis);
    redistributor_create_overflow(rd, lpis);
    rd->line_is_set = sim_alloc(sim, lpis / REDISTRIBUTOR_LINE_LPIS * sizeof(*rd->line_is_set));
    rd->signal_service = sim_time_cycles((uint64_t)config->lookup_cycles + config->deliver_cycles, config->period);
    rd->activate_service = sim_time_cycles(config->activate_cycles, config->period);
    rd->register_service = sim_time_cycles(config->register_cycles, config->period);
    rd->told = GIC_PRIORITY_NONE;
    rd->asleep = config->asleep_at_reset;
    register_counters(rd);
    register_gauges(rd);
    redistributor_create_virtual(rd);
    redistributor_create_spis(rd);
    rd->busy = is_busy(rd);
    /* What is held, a read for each fetch, a line, a word, a signal, a direct request, a MOVALL with its LPI. */
    sim_packet_reserve(sim, config->reserve + config->config_fetches + 6, false);
    return rd;
}

struct sim_component *redistributor_component(struct redistributor *rd)
{
    return &rd->component;
}

void redistributor_bind_target(struct redistributor *rd, struct sim_bus_port port)
{
    rd->target_request = port.request;
    rd->target_response.channel = port.response;
}

void redistributor_bind_memory(struct redistributor *rd, struct sim_bus_port port)
{
    rd->memory.channel = port.request;
    rd->memory_response = port.response;
}

void redistributor_bind_its(struct redistributor *rd, uint32_t index, struct sim_channel *from, struct sim_channel *to)
{
    if (index >= rd->config.its_count + (rd->config.spis ? 1u : 0u)) {
        sim_panic(rd->component.sim, &rd->component, NULL, "ITS %u is one too many", index);
    }
    rd->its[index].from = from;
    rd->its[index].to.channel = to;
    sim_channel_set_hint(from, &rd->inputs, index);
}

void redistributor_bind_distributor(struct redistributor *rd, struct sim_channel *from, struct sim_channel *to)
{
    redistributor_bind_its(rd, rd->config.its_count, from, to);
}

void redistributor_bind_pe(struct redistributor *rd, struct sim_channel *to, struct sim_channel *from)
{
    rd->pe.channel = to;
    rd->pe_from = from;
}

bool redistributor_is_pending(const struct redistributor *rd, uint32_t intid)
{
    uint32_t lpi = intid - GIC_FIRST_LPI;

    if (intid <= GIC_LAST_SPI) {
        return rd->spis != NULL && lpi_set_is_pending(&rd->spis->set, intid);
    }
    return intid >= GIC_FIRST_LPI && lpi < rd->lpis.count && lpi_set_is_pending(&rd->lpis, lpi);
}

bool redistributor_wake_request(const struct redistributor *rd)
{
    return rd->asleep && ((rd->state == REDISTRIBUTOR_ON && rd->lpis.heap_count > 0) ||
                          (rd->spis != NULL && rd->spis->set.heap_count > 0));
}

uint32_t redistributor_pending_count(const struct redistributor *rd)
{
    return rd->lpis.pending;
}
