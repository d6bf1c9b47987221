#include "models/memory/memory.h"

#include "models/memory/store_internal.h"
#include "sim/sim.h"

#include <string.h>

struct memory {
    struct sim_component component;
    struct store store;
    struct memory *whole; /**< whose bytes these are: itself, or what a window shows */
    uint64_t shift;       /**< offset of a window's first byte in that */
    uint64_t base;
    uint64_t size;
    sim_time latency;
    uint64_t bandwidth;
    sim_time bus_free;   /**< when the data bus has done all transfers accepted so far */
    sim_time not_before; /**< first edge at which another access can be taken */
    sim_time *finish;    /**< ring: when the accesses under way will be answered, oldest at `oldest` */
    uint32_t queue;
    uint32_t oldest;
    uint32_t ports;
    uint32_t turn; /**< port that is looked at first: one past the last winner */
    struct sim_bus_port port[MEMORY_MAX_PORTS];
    struct memory_counters counters;
    memory_see see; /**< NULL: nobody watches */
    void *see_context;
};

/* ---- The array ---- */

bool memory_contains(const struct memory *memory, uint64_t address, uint64_t size)
{
    uint64_t offset = address - memory->base;

    return address >= memory->base && offset <= memory->size && size <= memory->size - offset;
}

/** Bytes from @p offset to the end of its page, but at most @p size. */
static size_t bytes_in_page(uint64_t offset, uint64_t size)
{
    uint64_t rest = STORE_PAGE_BYTES - (offset & (STORE_PAGE_BYTES - 1));

    return (size_t)(rest < size ? rest : size);
}

static void read_page(const struct memory *memory, uint64_t offset, uint8_t *bytes, size_t size)
{
    const uint8_t *page;

    offset += memory->shift;
    page = store_find(&memory->whole->store, offset >> STORE_PAGE_SHIFT);
    if (page != NULL) {
        memcpy(bytes, page + (offset & (STORE_PAGE_BYTES - 1)), size);
    } else {
        memset(bytes, 0, size);
    }
}

bool memory_read(const struct memory *memory, uint64_t address, void *bytes, size_t size)
{
    uint64_t offset = address - memory->base;
    uint8_t *to = bytes;

    if (!memory_contains(memory, address, size)) {
        return false;
    }
    while (size > 0) {
        size_t part = bytes_in_page(offset, size);

        read_page(memory, offset, to, part);
        offset += part;
        to += part;
        size -= part;
    }
    return true;
}

/** A part of a page that software is about to write. */
static uint8_t *software_place(struct memory *memory, uint64_t offset)
{
    struct memory *whole = memory->whole;
    uint8_t *page;

    offset += memory->shift;
    page = store_touch(&whole->store, offset >> STORE_PAGE_SHIFT, STORE_SOFTWARE);
    whole->counters.pages_in_use = whole->store.in_use;
    return page + (offset & (STORE_PAGE_BYTES - 1));
}

bool memory_write(struct memory *memory, uint64_t address, const void *bytes, size_t size)
{
    uint64_t offset = address - memory->base;
    const uint8_t *from = bytes;

    if (!memory_contains(memory, address, size)) {
        return false;
    }
    while (size > 0) {
        size_t part = bytes_in_page(offset, size);

        memcpy(software_place(memory, offset), from, part);
        offset += part;
        from += part;
        size -= part;
    }
    return true;
}

bool memory_fill(struct memory *memory, uint64_t address, uint8_t value, uint64_t size)
{
    uint64_t offset = address - memory->base;

    if (!memory_contains(memory, address, size)) {
        return false;
    }
    while (size > 0) {
        size_t part = bytes_in_page(offset, size);

        memset(software_place(memory, offset), value, part);
        offset += part;
        size -= part;
    }
    return true;
}

static void require_inside(const struct memory *memory, bool inside, uint64_t address)
{
    if (!inside) {
        sim_panic(memory->component.sim, &memory->component, NULL,
                  "software touches 0x%llx, which is outside this memory", (unsigned long long)address);
    }
}

uint8_t memory_read8(const struct memory *memory, uint64_t address)
{
    uint8_t value = 0;

    require_inside(memory, memory_read(memory, address, &value, sizeof(value)), address);
    return value;
}

uint32_t memory_read32(const struct memory *memory, uint64_t address)
{
    uint8_t bytes[4] = {0};

    require_inside(memory, memory_read(memory, address, bytes, sizeof(bytes)), address);
    return sim_load_le32(bytes);
}

uint64_t memory_read64(const struct memory *memory, uint64_t address)
{
    uint8_t bytes[8] = {0};

    require_inside(memory, memory_read(memory, address, bytes, sizeof(bytes)), address);
    return sim_load_le64(bytes);
}

void memory_write8(struct memory *memory, uint64_t address, uint8_t value)
{
    require_inside(memory, memory_write(memory, address, &value, sizeof(value)), address);
}

void memory_write32(struct memory *memory, uint64_t address, uint32_t value)
{
    uint8_t bytes[4];

    sim_store_le32(bytes, value);
    require_inside(memory, memory_write(memory, address, bytes, sizeof(bytes)), address);
}

void memory_write64(struct memory *memory, uint64_t address, uint64_t value)
{
    uint8_t bytes[8];

    sim_store_le64(bytes, value);
    require_inside(memory, memory_write(memory, address, bytes, sizeof(bytes)), address);
}

/* ---- One access from the bus ---- */

static bool all_bytes_enabled(const struct sim_packet *packet)
{
    return (packet->first_be == 0 && packet->last_be == 0) || (packet->first_be == 0xf && packet->last_be == 0xf);
}

/** Whether payload byte @p i is enabled, by the double word of the bus in which it falls. */
static bool byte_enabled(const struct sim_packet *packet, uint32_t i)
{
    uint64_t address = packet->address + i;
    unsigned lane = (unsigned)(address & 3);

    if (address >> 2 == packet->address >> 2) {
        return (packet->first_be >> lane & 1) != 0;
    }
    if (address >> 2 == (packet->address + packet->length - 1) >> 2) {
        return (packet->last_be >> lane & 1) != 0;
    }
    return true;
}

static void copy_enabled(const struct sim_packet *packet, uint8_t *to, const uint8_t *from)
{
    if (all_bytes_enabled(packet)) {
        memcpy(to, from, packet->length);
        return;
    }
    for (uint32_t i = 0; i < packet->length; i++) {
        if (byte_enabled(packet, i)) {
            to[i] = from[i];
        }
    }
}

static void access_read(struct memory *memory, struct sim_packet *packet)
{
    uint64_t offset = packet->address - memory->base;
    const uint8_t *page = store_find(&memory->store, offset >> STORE_PAGE_SHIFT);

    memory->counters.reads++;
    memory->counters.read_bytes += packet->length;
    memset(packet->data, 0, packet->length);
    if (page != NULL) {
        copy_enabled(packet, packet->data, page + (offset & (STORE_PAGE_BYTES - 1)));
    }
}

static void access_write(struct memory *memory, struct sim_packet *packet)
{
    uint64_t offset = packet->address - memory->base;
    uint8_t *page;

    memory->counters.writes++;
    memory->counters.written_bytes += packet->length;
    if (packet->length == 0) {
        return;
    }
    page = store_touch(&memory->store, offset >> STORE_PAGE_SHIFT, STORE_BUS);
    copy_enabled(packet, page + (offset & (STORE_PAGE_BYTES - 1)), packet->data);
    memory->counters.pages_in_use = memory->store.in_use;
    memory->counters.pages_grown = memory->store.grown;
}

/** If the operand equals the first half of the data, replaces it by the second; answers what it was. */
static void access_swap(struct memory *memory, struct sim_packet *packet)
{
    const uint32_t size = packet->length / 2;
    const uint64_t offset = packet->address - memory->base;
    uint8_t old[SIM_PACKET_INLINE_BYTES / 2];

    memory->counters.swaps++;
    read_page(memory, offset, old, size);
    if (memcmp(old, packet->data, size) == 0) {
        uint8_t *page = store_touch(&memory->store, offset >> STORE_PAGE_SHIFT, STORE_BUS);

        memcpy(page + (offset & (STORE_PAGE_BYTES - 1)), packet->data + size, size);
        memory->counters.pages_in_use = memory->store.in_use;
        memory->counters.pages_grown = memory->store.grown;
    }
    memcpy(packet->data, old, size);
    memset(packet->data + size, 0, size);
}

/** Whether a swap is one that memory can do at once: a power of two bytes, aligned. */
static bool is_proper_swap(const struct sim_packet *packet)
{
    const uint32_t size = packet->length / 2;

    return size > 0 && size <= SIM_PACKET_INLINE_BYTES / 2 && packet->length % 2 == 0 && (size & (size - 1)) == 0 &&
           packet->address % size == 0;
}

/** Tells observers that a tracked write has reached its end, at @p time. */
static void end_of_write(struct memory *memory, struct sim_packet *packet, sim_time time)
{
    struct sim *sim = memory->component.sim;

    sim_mark(sim, packet, memory->component.stage, time);
    if ((packet->flags & SIM_FLAG_MSI) != 0) {
        sim_event(sim, SIM_EVENT_DROPPED, packet, &memory->component, time, SIM_DROP_NOT_AN_LPI);
    } else {
        sim_event(sim, SIM_EVENT_WRITE_VISIBLE, packet, &memory->component, time, 0);
    }
    packet->flags &= ~SIM_FLAG_TRACKED;
}

static enum sim_packet_status judge(const struct memory *memory, const struct sim_packet *packet)
{
    uint64_t first = packet->address & (STORE_PAGE_BYTES - 1);
    uint32_t length = packet->type == SIM_PACKET_COMPARE_SWAP ? packet->length / 2 : packet->length;

    if (!memory_contains(memory, packet->address, length)) {
        return SIM_STATUS_UR;
    }
    if (packet->type == SIM_PACKET_COMPARE_SWAP && !is_proper_swap(packet)) {
        return SIM_STATUS_CA;
    }
    return first + length <= STORE_PAGE_BYTES ? SIM_STATUS_OK : SIM_STATUS_CA;
}

/** Carries an access out and turns the packet round; @p time is when it is visible. */
static void perform(struct memory *memory, struct sim_packet *packet, sim_time time)
{
    enum sim_packet_status status = judge(memory, packet);

    packet->status = (uint8_t)status;
    memory->counters.errors += status != SIM_STATUS_OK;
    if (packet->type == SIM_PACKET_READ) {
        packet->type = SIM_PACKET_COMPLETION;
        if (status == SIM_STATUS_OK) {
            access_read(memory, packet);
        } else {
            memset(packet->data, 0xff, packet->length);
        }
    } else if (packet->type == SIM_PACKET_WRITE) {
        packet->type = SIM_PACKET_WRITE_ACK;
        if (status == SIM_STATUS_OK) {
            access_write(memory, packet);
            if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
                end_of_write(memory, packet, time);
            }
        }
    } else if (packet->type == SIM_PACKET_COMPARE_SWAP) {
        packet->type = SIM_PACKET_COMPLETION;
        if (status == SIM_STATUS_OK) {
            access_swap(memory, packet);
        } else {
            memset(packet->data, 0xff, packet->length);
        }
    } else {
        sim_panic(memory->component.sim, &memory->component, packet, "a memory takes reads, writes and swaps only");
    }
}

/* ---- Time ---- */

static sim_time transfer_time(const struct memory *memory, uint32_t bytes)
{
    if (memory->bandwidth == 0) {
        return 0;
    }
    /* At most 4096 bytes times 1e15 fs: fits 64 bits. A longer request is refused before any data moves. */
    bytes = bytes <= SIM_BUS_MAX_BYTES ? bytes : 0;
    return (bytes * SIM_S + memory->bandwidth - 1) / memory->bandwidth;
}

static void serve(struct memory *memory, struct sim_bus_port *port, sim_time now)
{
    sim_time period = memory->component.period;
    struct sim_packet *packet = sim_channel_pop(port->request, now);
    sim_time bus_free = sim_time_max(memory->bus_free, now) + transfer_time(memory, packet->length);
    sim_time answer = bus_free + memory->latency;

    if (memory->see != NULL) {
        memory->see(memory->see_context, packet, now);
    }
    perform(memory, packet, answer);
    memory->finish[memory->oldest] = answer;
    memory->oldest = memory->oldest + 1 < memory->queue ? memory->oldest + 1 : 0;
    memory->bus_free = bus_free;
    /* The edge within whose cycle the bus comes free; and the queue's oldest access must have been answered. */
    memory->not_before = sim_time_max(now + period, bus_free - bus_free % period);
    memory->not_before =
        sim_time_max(memory->not_before, sim_component_edge(&memory->component, memory->finish[memory->oldest]));
    sim_channel_push(port->response, packet, now, answer - now, 0, 0, 0);
}

/** Takes one access, if one can be taken at @p now. @return when a port that lacks room for its answer may have it */
static sim_time arbitrate(struct memory *memory, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    uint32_t index = memory->turn;

    for (uint32_t i = 0; i < memory->ports; i++) {
        struct sim_bus_port *port = &memory->port[index];
        uint32_t next = index + 1 < memory->ports ? index + 1 : 0;

        if (port->request != NULL && sim_channel_peek(port->request, now) != NULL) {
            if (sim_channel_has_space(port->response, now, memory->latency, 0)) {
                memory->turn = next;
                serve(memory, port, now);
                return due;
            }
            due = sim_time_min(due, sim_channel_space_at(port->response, now, memory->latency, 0));
        }
        index = next;
    }
    return due;
}

SIM_HOT static sim_time memory_evaluate(struct sim_component *component, sim_time now)
{
    struct memory *memory = (struct memory *)component;
    sim_time due = SIM_TIME_NEVER;

    if (memory->not_before <= now) {
        due = arbitrate(memory, now);
    }
    for (uint32_t i = 0; i < memory->ports; i++) {
        sim_time arrival;

        if (memory->port[i].request == NULL) {
            continue;
        }
        arrival = sim_channel_next_arrival(memory->port[i].request);
        if (arrival == SIM_TIME_NEVER) {
            continue;
        }
        arrival = sim_time_max(arrival, memory->not_before);
        /* What could have gone now and did not lacks room for its answer: arbitrate() said when there may be. */
        due = arrival > now ? sim_time_min(due, arrival) : due;
    }
    return due;
}

/* ---- Set-up ---- */

static void check_config(struct sim *sim, const char *name, const struct memory_config *config)
{
    uint64_t page_mask = STORE_PAGE_BYTES - 1;

    if ((config->base & page_mask) != 0 || (config->size & page_mask) != 0 || config->size == 0 ||
        config->base + config->size < config->base) {
        sim_panic(sim, NULL, NULL, "memory %s: base 0x%llx, size 0x%llx: not whole pages, or beyond 2^64", name,
                  (unsigned long long)config->base, (unsigned long long)config->size);
    }
    if (config->ports > MEMORY_MAX_PORTS) {
        sim_panic(sim, NULL, NULL, "memory %s: %u ports; at most %u", name, config->ports, MEMORY_MAX_PORTS);
    }
}

static void register_counters(struct memory *memory)
{
    sim_counter_register(&memory->component, "reads", &memory->counters.reads);
    sim_counter_register(&memory->component, "writes", &memory->counters.writes);
    sim_counter_register(&memory->component, "swaps", &memory->counters.swaps);
    sim_counter_register(&memory->component, "read_bytes", &memory->counters.read_bytes);
    sim_counter_register(&memory->component, "written_bytes", &memory->counters.written_bytes);
    sim_counter_register(&memory->component, "errors", &memory->counters.errors);
    sim_counter_register(&memory->component, "pages_in_use", &memory->counters.pages_in_use);
    sim_counter_register(&memory->component, "pages_grown", &memory->counters.pages_grown);
}

struct memory *memory_create(struct sim *sim, const char *name, const struct memory_config *config)
{
    struct memory *memory = sim_alloc(sim, sizeof(*memory));

    check_config(sim, name, config);
    sim_component_init(&memory->component, sim, name, config->period, memory_evaluate);
    memory->base = config->base;
    memory->size = config->size;
    memory->latency = config->latency;
    memory->bandwidth = config->bandwidth;
    memory->queue = config->queue > 0 ? config->queue : MEMORY_DEFAULT_QUEUE;
    memory->finish = sim_alloc(sim, memory->queue * sizeof(*memory->finish));
    memory->ports = config->ports > 0 ? config->ports : 1;
    memory->whole = memory;
    store_init(&memory->store, sim, config->pages > 0 ? config->pages : MEMORY_DEFAULT_PAGES);
    register_counters(memory);
    return memory;
}

struct memory *memory_create_window(struct sim *sim, struct memory *whole, uint64_t base, uint64_t physical,
                                    uint64_t size)
{
    struct memory *window = sim_alloc(sim, sizeof(*window));

    if (!memory_contains(whole, physical, size) || ((base | physical | size) & (STORE_PAGE_BYTES - 1)) != 0) {
        sim_panic(sim, &whole->component, NULL, "a window on 0x%llx bytes at 0x%llx", (unsigned long long)size,
                  (unsigned long long)physical);
    }
    window->component.sim = sim;
    window->component.name = whole->component.name;
    window->whole = whole->whole;
    window->shift = whole->shift + (physical - whole->base);
    window->base = base;
    window->size = size;
    return window;
}

/**
 * A write is on its way here: with many devices, neither the table's entry nor the place that it names is in the host's
 * cache. What the place holds is of no interest, but the host's processor must have its lines.
 */
static void foresee(const struct sim_component *component, const struct sim_packet *packet)
{
    const struct memory *memory = (const struct memory *)component;
    uint64_t offset = packet->address - memory->base;

    if (packet->type == SIM_PACKET_WRITE) {
        store_fetch(&memory->store, offset >> STORE_PAGE_SHIFT, (uint32_t)(offset & (STORE_PAGE_BYTES - 1)),
                    packet->length);
    }
}

void memory_bind(struct memory *memory, unsigned port, struct sim_bus_port bus)
{
    if (port >= memory->ports || memory->port[port].request != NULL) {
        sim_panic(memory->component.sim, &memory->component, NULL, "port %u does not exist or is bound already", port);
    }
    memory->port[port] = bus;
    sim_channel_set_foresight(bus.request, foresee);
}

void memory_watch(struct memory *memory, memory_see see, void *context)
{
    memory->see = see;
    memory->see_context = context;
}

struct sim_component *memory_component(struct memory *memory)
{
    return &memory->component;
}

uint64_t memory_base(const struct memory *memory)
{
    return memory->base;
}

uint64_t memory_size(const struct memory *memory)
{
    return memory->size;
}

void memory_reserve(struct memory *memory, uint64_t pages)
{
    store_reserve(&memory->store, pages);
}

const struct memory_counters *memory_get_counters(const struct memory *memory)
{
    return &memory->counters;
}
