/*
 * An ITS as a component: creation, binding, and the order of one evaluation.
 */
#include "models/gic-its/its_virtual_internal.h"

/** Transaction numbers on the memory port: slots have their own index. */
#define TAG_COMMAND_WALK   0x100
#define TAG_COMMAND_ACCESS 0x101

/* ---- Memory: answers ---- */

static bool wants(const struct its_walk *walk, uint64_t address)
{
    return (walk->state == ITS_WALK_WAIT || walk->state == ITS_WALK_ISSUE) && walk->address == address;
}

/** Every walk that wants the entry that an answer is gets it: misses on one entry cost one read. */
static void deliver_entry(struct its *its, const struct sim_packet *packet, uint64_t address, sim_time now)
{
    const bool ok = packet->status == SIM_STATUS_OK;
    const uint64_t value = sim_load_le64(packet->data);
    const uint64_t high = packet->length == GIC_VPE_ENTRY_BYTES ? sim_load_le64(&packet->data[8]) : 0;

    for (uint32_t i = 0; i < its->slot_count; i++) {
        struct its_slot *slot = &its->slots[its->age[i]];
        const uint8_t level = slot->walk.level;

        if (wants(&slot->walk, address)) {
            its_walk_take(its, &slot->walk, ok, value, high);
            if (sim_reads_are_wanted(its->component.sim, slot->packet)) {
                its_tell_read(its, slot, level, packet, now);
            }
        }
    }
    if (wants(&its->engine.walk, address)) {
        its_walk_take(its, &its->engine.walk, ok, value, high);
    }
}

static void take_memory_answer(struct its *its, sim_time now)
{
    struct sim_packet *packet;
    bool ok;

    if (sim_channel_peek(its->memory_response, now) == NULL) {
        return;
    }
    packet = sim_channel_pop(its->memory_response, now);
    ok = packet->status == SIM_STATUS_OK;
    if (packet->tag == TAG_COMMAND_ACCESS) {
        struct its_access *access = &its->engine.access;

        access->state = ITS_WALK_DONE;
        access->ok = ok;
        for (unsigned i = 0; !access->write && i < ITS_COMMAND_BYTES; i++) {
            access->bytes[i] = packet->data[i];
        }
    } else {
        const struct its_walk *walk =
            packet->tag == TAG_COMMAND_WALK ? &its->engine.walk : &its->slots[packet->tag].walk;

        deliver_entry(its, packet, walk->address, now);
    }
    sim_packet_free(its->component.sim, packet);
    its->progress = true;
}

/* ---- Memory: requests ---- */

static bool is_being_read(const struct its *its, uint64_t address)
{
    const struct its_walk *walk = &its->engine.walk;

    for (uint32_t i = 0; i < its->slot_count; i++) {
        const struct its_walk *other = &its->slots[its->age[i]].walk;

        if (other->state == ITS_WALK_WAIT && other->address == address) {
            return true;
        }
    }
    return walk->state == ITS_WALK_WAIT && walk->address == address;
}

/** The oldest MSI that wants to read an entry which nobody is reading. */
static struct its_slot *find_reader(struct its *its)
{
    for (uint32_t i = 0; i < its->slot_count; i++) {
        struct its_slot *slot = &its->slots[its->age[i]];

        if (slot->walk.state == ITS_WALK_ISSUE && !is_being_read(its, slot->walk.address)) {
            return slot;
        }
    }
    return NULL;
}

static void request(struct its *its, uint64_t address, uint32_t length, const uint64_t *written, uint16_t tag,
                    sim_time now)
{
    struct sim_packet *packet = sim_packet_new(its->component.sim, length);

    packet->type = written != NULL ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = address;
    packet->tag = tag;
    packet->born = now;
    if (written != NULL) {
        sim_store_le64(packet->data, *written);
        its->count_table_writes++;
    } else {
        its->count_table_reads += length <= GIC_VPE_ENTRY_BYTES;
    }
    gic_output_push(&its->memory, packet, now, 0);
    its->progress = true;
}

static bool command_wants_memory(const struct its *its)
{
    const struct its_engine *engine = &its->engine;

    return engine->access.state == ITS_WALK_ISSUE ||
           (engine->walk.state == ITS_WALK_ISSUE && !is_being_read(its, engine->walk.address));
}

static void request_for_command(struct its *its, sim_time now)
{
    struct its_access *access = &its->engine.access;
    struct its_walk *walk = &its->engine.walk;

    if (access->state == ITS_WALK_ISSUE) {
        access->state = ITS_WALK_WAIT;
        request(its, access->address, access->write ? ITS_ENTRY_BYTES : ITS_COMMAND_BYTES,
                access->write ? &access->value : NULL, TAG_COMMAND_ACCESS, now);
    } else {
        walk->state = ITS_WALK_WAIT;
        request(its, walk->address, its_virtual_entry_bytes(walk), NULL, TAG_COMMAND_WALK, now);
    }
}

/** One request an edge; commands and MSIs take turns if both want it. */
static void request_memory(struct its *its, sim_time now)
{
    bool command = command_wants_memory(its);
    struct its_slot *slot = find_reader(its);

    if ((!command && slot == NULL) || !gic_output_is_ready(&its->memory, now, &its->due)) {
        return;
    }
    if (command && (slot == NULL || its->commands_turn)) {
        its->commands_turn = false;
        request_for_command(its, now);
    } else {
        its->commands_turn = true;
        slot->walk.state = ITS_WALK_WAIT;
        request(its, slot->walk.address, its_virtual_entry_bytes(&slot->walk), NULL, (uint16_t)(slot - its->slots),
                now);
    }
}

/* ---- Target ports ---- */

/** A tracked write of a register is an MSI, or DMA, that went astray. */
static void report_stray(struct its *its, struct sim_packet *packet, sim_time now)
{
    sim_mark(its->component.sim, packet, its->component.stage, now);
    sim_event(its->component.sim, SIM_EVENT_DROPPED, packet, &its->component, now, SIM_DROP_NOT_AN_LPI);
    packet->flags &= ~SIM_FLAG_TRACKED;
}

/** What is no MSI: an access of a register, or a write that makes a virtual SGI. @return whether it was taken */
SIM_APART static bool accept_other(struct its *its, struct its_target *target, struct sim_packet *packet, sim_time now)
{
    if (its_virtual_is_sgi(its, packet)) {
        return its_virtual_accept_sgi(its, target, now);
    }
    packet = sim_channel_pop(target->request, now);
    if (packet->type == SIM_PACKET_WRITE && (packet->flags & SIM_FLAG_TRACKED) != 0) {
        report_stray(its, packet, now);
    }
    its_access_register(its, packet);
    gic_output_push(&target->response, packet, now, its->register_service);
    return true;
}

/** Whether a write is one of GITS_TRANSLATER. */
static bool is_msi(const struct its *its, struct sim_packet *packet)
{
    if (SIM_SELDOM(its->config.pre_its_size != 0)) {
        return its_is_windowed_msi(its, packet);
    }
    return packet->type == SIM_PACKET_WRITE && packet->address == its_doorbell(its);
}

/** @return whether something was taken from the port */
static bool accept_from(struct its *its, struct its_target *target, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(target->request, now);
    bool taken;

    if (SIM_SELDOM(packet == NULL)) {
        its_look_at(its, sim_channel_next_arrival(target->request));
        return false;
    }
    if (!gic_output_is_ready(&target->response, now, &its->due)) {
        return false;
    }
    if (SIM_SELDOM(!is_msi(its, packet))) {
        taken = accept_other(its, target, packet, now);
    } else {
        taken = its_accept_msi(its, target, packet, now);
    }
    if (taken) {
        its_look_at(its, sim_channel_next_arrival(target->request));
    }
    return taken;
}

/** The ports from @p index on have not been asked at this edge: those of them with something will be at the next. */
SIM_APART static void look_at_others(struct its *its, uint32_t index, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        its_look_at(its, sim_channel_next_arrival(its->targets[index].request));
        index = index + 1 < its->target_count ? index + 1 : 0;
    }
}

/** One access an edge, the ports in turn. */
static void accept(struct its *its, sim_time now)
{
    uint32_t index = its->target_turn;

    for (uint32_t i = 0; i < its->target_count; i++) {
        uint32_t next = index + 1 < its->target_count ? index + 1 : 0;

        if (SIM_SELDOM(!accept_from(its, &its->targets[index], now))) {
            index = next;
            continue;
        }
        its->target_turn = next;
        if (SIM_SELDOM(i + 1 < its->target_count)) {
            look_at_others(its, next, its->target_count - i - 1);
        }
        return;
    }
}

/** Commands, and MSIs that are not translated in one go: their next steps. */
SIM_APART static void step_others(struct its *its, sim_time now)
{
    take_memory_answer(its, now);
    its_step_engine(its, now);
    its_step_slots(its, now);
    its->busy = its->slot_count > 0 || its->engine.state != ITS_ENGINE_IDLE || its->update.waiting > 0;
}

/** What they read and write. */
SIM_APART static void request_others(struct its *its, sim_time now)
{
    request_memory(its, now);
    its_look_at(its, sim_channel_next_arrival(its->memory_response));
}

SIM_HOT static sim_time its_evaluate(struct sim_component *component, sim_time now)
{
    struct its *its = (struct its *)component;

    its->due = SIM_TIME_NEVER;
    its->progress = false;
    if (SIM_SELDOM(its->vpe_inputs != NULL)) {
        its_virtual_listen(its, now);
    }
    if (SIM_SELDOM(its->busy)) {
        step_others(its, now);
    }
    if (SIM_SELDOM(its->vpe_holds > 0)) {
        its_virtual_answer_holds(its, now);
    }
    accept(its, now);
    if (SIM_SELDOM(its->busy)) {
        request_others(its, now);
    }
    if (SIM_SELDOM(its->progress)) {
        its_look_at(its, now + component->period);
    }
    return its->due;
}

/* ---- Building ---- */

struct its_config its_config_default(void)
{
    return (struct its_config){
        .period = SIM_NS,
        .device_bits = 16,
        .event_bits = 16,
        .intid_bits = 16,
        .translate_cycles = 10,
        .interval_cycles = 1,
        .register_cycles = 4,
        .command_cycles = 8,
        .slots = 8,
        .device_cache_entries = 32,
        .event_cache_entries = 256,
        .collection_cache_entries = 16,
        .cache_ways = 2,
        .redistributors = 1,
        .page_sizes = 7,
        .collection_bits = 16,
        .redistributor_stride = 0x20000,
        .virt = its_virtual_config_default(),
        .pre_its_cycles = 2,
    };
}

static void check_range(struct its *its, const char *what, uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low || value > high) {
        sim_panic(its->component.sim, &its->component, NULL, "%s is %llu, must be %llu to %llu", what,
                  (unsigned long long)value, (unsigned long long)low, (unsigned long long)high);
    }
}

static void check_config(struct its *its)
{
    const struct its_config *config = &its->config;

    check_range(its, "number", config->number, 0, 15);
    check_range(its, "device_bits", config->device_bits, 1, 32);
    check_range(its, "event_bits", config->event_bits, 1, 32);
    check_range(its, "intid_bits", config->intid_bits, 14, 24);
    check_range(its, "interval_cycles", config->interval_cycles, 1, UINT32_MAX);
    check_range(its, "slots", config->slots, 1, ITS_MAX_SLOTS);
    check_range(its, "redistributors", config->redistributors, 1, 0x10000);
    check_range(its, "page_sizes", config->page_sizes, 1, 7);
    check_range(its, "collection_bits", config->collection_bits, 1, 16);
    check_range(its, "chip_collections", config->chip_collections, 0, 255);
    if ((config->pre_its_size & (config->pre_its_size - 1)) != 0 || config->pre_its_base % 4096 != 0) {
        sim_panic(its->component.sim, &its->component, NULL, "the pre-ITS has no window of a power of two on a page");
    }
    check_range(its, "pre_its_size", config->pre_its_size, config->pre_its_size != 0 ? 4 : 0, UINT64_C(4) << 32);
    check_range(its, "redistributor_stride", config->redistributor_stride, 0x10000, UINT64_C(1) << 40);
}

static void create_caches(struct its *its)
{
    struct sim *sim = its->component.sim;
    const struct its_config *config = &its->config;

    if (!gic_cache_create(sim, &its->device_cache, config->device_cache_entries, config->cache_ways) ||
        !gic_cache_create(sim, &its->event_cache, config->event_cache_entries, config->cache_ways) ||
        !gic_cache_create(sim, &its->collection_cache, config->collection_cache_entries, config->cache_ways)) {
        sim_panic(sim, &its->component, NULL, "a cache is not a power of two times %u ways", config->cache_ways);
    }
}

static void register_counters(struct its *its)
{
    struct sim_component *component = &its->component;

    sim_counter_register(component, "msis", &its->accepted);
    sim_counter_register(component, "dropped", &its->count_dropped);
    sim_counter_register(component, "event_hits", &its->event_cache.hits);
    sim_counter_register(component, "event_misses", &its->event_cache.misses);
    sim_counter_register(component, "device_hits", &its->device_cache.hits);
    sim_counter_register(component, "device_misses", &its->device_cache.misses);
    sim_counter_register(component, "collection_hits", &its->collection_cache.hits);
    sim_counter_register(component, "collection_misses", &its->collection_cache.misses);
    sim_counter_register(component, "table_reads", &its->count_table_reads);
    sim_counter_register(component, "table_writes", &its->count_table_writes);
    sim_counter_register(component, "commands", &its->count_commands);
    sim_counter_register(component, "command_errors", &its->count_errors);
    sim_counter_register(component, "system_errors", &its->count_system_errors);
    sim_counter_register(component, "unmapped", &its->count_unmapped);
}

static uint64_t read_slots(const void *context)
{
    const struct its *its = context;

    return its->slot_count;
}

static void register_gauges(struct its *its)
{
    struct sim_component *component = &its->component;

    sim_gauge_register(component, "translation-slots", its->config.slots, read_slots, its);
    sim_gauge_register_sized(component, "command-queue", its_queue_size, its_queue_fill, its);
    gic_cache_register(&its->device_cache, component, "device-cache");
    gic_cache_register(&its->event_cache, component, "event-cache");
    gic_cache_register(&its->collection_cache, component, "collection-cache");
}

struct its *its_create(struct sim *sim, const char *name, const struct its_config *config)
{
    struct its *its = sim_alloc(sim, sizeof(*its));

    its->config = *config;
    sim_component_init(&its->component, sim, name, config->period, its_evaluate);
    check_config(its);
    create_caches(its);
    its->translate_service = sim_time_cycles(config->translate_cycles, config->period);
    its->window_service = sim_time_cycles(config->pre_its_cycles, config->period);
    its->register_service = sim_time_cycles(config->register_cycles, config->period);
    its->links = sim_alloc(sim, config->redistributors * sizeof(*its->links));
    its->chip_collections = sim_alloc(sim, config->chip_collections * sizeof(*its->chip_collections));
    its->free_slots = UINT64_MAX >> (64 - config->slots);
    its->quiescent = true;
    for (unsigned i = 0; i < sizeof(its->baser) / sizeof(its->baser[0]); i++) {
        its->baser[i] = GIC_PUT((uint64_t)__builtin_ctz(config->page_sizes), GITS_BASER_PAGE_SIZE);
    }
    register_counters(its);
    register_gauges(its);
    its_virtual_create(its);
    /* An MSI and a table read for each slot; a command, its read and its message. */
    sim_packet_reserve(sim, 2 * config->slots + 4, false);
    return its;
}

struct sim_component *its_component(struct its *its)
{
    return &its->component;
}

void its_bind_target(struct its *its, uint32_t index, struct sim_bus_port port)
{
    if (index != its->target_count || index >= ITS_TARGET_PORTS) {
        sim_panic(its->component.sim, &its->component, NULL, "target port %u bound out of turn", index);
    }
    its->targets[index].request = port.request;
    its->targets[index].response.channel = port.response;
    its->target_count++;
}

void its_bind_memory(struct its *its, struct sim_bus_port port)
{
    its->memory.channel = port.request;
    its->memory_response = port.response;
}

void its_bind_redistributor(struct its *its, uint32_t number, struct sim_channel *to, struct sim_channel *from)
{
    if (number >= its->config.redistributors) {
        sim_panic(its->component.sim, &its->component, NULL, "redistributor %u is one too many", number);
    }
    its->links[number].to.channel = to;
    its->links[number].from = from;
    its->links[number].taken_at = SIM_TIME_NEVER;
    if (its->vpe_inputs != NULL) {
        sim_channel_set_hint(from, &its->vpe_inputs[number / 64], number % 64);
    }
}

uint64_t its_doorbell(const struct its *its)
{
    return its->config.base + GITS_TRANSLATER;
}

uint64_t its_error_count(const struct its *its, uint8_t opcode, enum its_error_reason reason)
{
    return opcode < ITS_OPCODES && reason < ITS_ERROR_REASONS ? its->errors[opcode][reason] : 0;
}

uint32_t its_last_error(const struct its *its)
{
    return its->last_error;
}
