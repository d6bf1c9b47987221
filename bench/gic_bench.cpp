/*
 * The GIC alone: MSIs into a warm ITS, through its redistributors, to the acknowledge and the handler. Their source is
 * a component that does nothing but write GITS_TRANSLATER, so what is measured is ITS, redistributor, PE, and the
 * event queue and channels under them. And the host memory of a million mapped LPIs.
 */
#include "models/gic-its/gic.h"
#include "models/gic-its/its.h"
#include "models/gic-its/pe.h"
#include "models/gic-its/redistributor.h"
#include "models/memory/memory.h"

#include <benchmark/benchmark.h>
#include <cstdio>
#include <malloc.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

constexpr uint64_t memory_base = 0x80000000;
constexpr uint64_t its_base = 0x08080000;
constexpr uint64_t rd_base = 0x0a000000;
constexpr uint64_t queue = memory_base;
constexpr uint64_t device_table = memory_base + 0x1000000;
constexpr uint64_t collection_table = memory_base + 0x2000000;
constexpr uint64_t config_table = memory_base + 0x3000000;
constexpr uint64_t pending_tables = memory_base + 0x8000000; /* 4 MiB each */
constexpr uint64_t itts = memory_base + 0x20000000;          /* 1 MiB a device */
constexpr uint32_t event_bits = 14;
constexpr uint32_t queue_bytes = 0x100000;

/** Bus master that plays software (registers) and devices (MSIs). */
struct master {
    sim_component component; /* first */
    sim_bus_port port;
    sim_time gap;
    sim_time next;
    uint32_t devices;
    uint32_t events; /**< of each device */
    uint64_t sent;
    uint64_t limit;     /**< MSIs to send */
    uint64_t scrambler; /**< odd: steps through all events in an order without locality; 1: one after the other */
    sim_packet *access; /**< register access to send */
    uint64_t value;     /**< last read */
};

sim_time evaluate(sim_component *component, sim_time now)
{
    auto *self = reinterpret_cast<master *>(component);

    if (sim_channel_peek(self->port.response, now) != nullptr) {
        sim_packet *answer = sim_channel_pop(self->port.response, now);

        self->value = answer->type == SIM_PACKET_COMPLETION ? sim_load_le64(answer->data) : 0;
        sim_packet_free(component->sim, answer);
    }
    sim_time due = sim_channel_next_arrival(self->port.response);

    if (self->access == nullptr && (self->sent == self->limit || self->next > now)) {
        return sim_time_min(due, self->sent == self->limit ? SIM_TIME_NEVER : self->next);
    }
    if (!sim_channel_has_space(self->port.request, now, 0, 0)) {
        return sim_time_min(due, sim_channel_space_at(self->port.request, now, 0, 0));
    }
    if (self->access != nullptr) {
        sim_channel_push(self->port.request, self->access, now, 0, 0, 0, 0);
        self->access = nullptr;
        return due;
    }
    uint64_t n = self->sent++ * self->scrambler % (static_cast<uint64_t>(self->devices) * self->events);
    sim_packet *packet = sim_packet_new(component->sim, 4);

    packet->type = SIM_PACKET_WRITE;
    packet->address = its_base + GITS_TRANSLATER;
    packet->flags = SIM_FLAG_MSI | SIM_FLAG_HAS_DEVICE_ID;
    packet->device_id = static_cast<uint32_t>(n / self->events);
    sim_store_le32(packet->data, static_cast<uint32_t>(n % self->events));
    sim_channel_push(self->port.request, packet, now, 0, 0, 0, 0);
    self->next = now + self->gap;
    return sim_time_min(due, self->sent == self->limit ? SIM_TIME_NEVER : self->next);
}

sim_channel *join(sim *simulation, const std::string &name, sim_component *writer, sim_component *reader,
                  uint32_t slots)
{
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = writer;
    config.reader = reader;
    config.capacity = slots;
    return sim_channel_create(simulation, &config);
}

sim_bus_port bus(sim *simulation, const std::string &name, sim_component *from, sim_component *to)
{
    return {join(simulation, name + ".request", from, to, 8), join(simulation, name + ".response", to, from, 8)};
}

class gic
{
  public:
    gic(uint32_t rds, uint32_t intid_bits) : rds_(rds)
    {
        sim_config how = {};
        memory_config memory = {};
        its_config its = its_config_default();

        simulation = sim_create(&how);
        memory.base = memory_base;
        memory.size = 0x40000000;
        memory.period = SIM_NS;
        memory.latency = 50 * SIM_NS;
        memory.ports = 1 + rds;
        memory_ = memory_create(simulation, "memory", &memory);
        its.base = its_base;
        its.event_bits = event_bits;
        its.intid_bits = intid_bits;
        its.redistributors = rds;
        its.event_cache_entries = 4096;
        its_ = its_create(simulation, "its", &its);
        its_bind_memory(its_, to_memory(its_component(its_)));
        add_master(&devices, "devices", its_component(its_));
        its_bind_target(its_, 0, devices.port);
        add_master(&software_, "software", its_component(its_));
        its_bind_target(its_, 1, software_.port);
        software_of_rds_.resize(rds);
        for (uint32_t i = 0; i < rds; i++) {
            add_rd(i, intid_bits);
        }
        enable(intid_bits);
    }

    ~gic()
    {
        sim_destroy(simulation);
    }

    gic(const gic &) = delete;
    gic &operator=(const gic &) = delete;

    /** Maps devices x events to LPIs from 8192 on, the n-th to redistributor n modulo their number. */
    void map(uint32_t count, uint32_t events)
    {
        for (uint32_t device = 0; device < count; device++) {
            its_command command = {};

            command.opcode = ITS_COMMAND_MAPD;
            command.device_id = device;
            command.size = event_bits - 1;
            command.itt_address = itts + device * UINT64_C(0x100000);
            command.valid = true;
            put(command);
            command.opcode = ITS_COMMAND_MAPTI;
            for (uint32_t event = 0; event < events; event++) {
                uint32_t n = device * events + event;

                command.event_id = event;
                command.intid = GIC_FIRST_LPI + n;
                command.collection = static_cast<uint16_t>(n % rds_);
                memory_write8(memory_, config_table + n, 0xa1);
                put(command);
            }
        }
        flush();
        devices.devices = count;
        devices.events = events;
    }

    /** Sends so many MSIs and lets all of them be handled. */
    void send(uint64_t msis, sim_time gap, uint64_t scrambler)
    {
        devices.gap = gap;
        devices.scrambler = scrambler;
        devices.limit += msis;
        sim_wake(&devices.component, sim_component_edge(&devices.component, sim_now(simulation) + 1));
        sim_run(simulation, SIM_TIME_NEVER - 1);
    }

    uint64_t counter(const char *name) const
    {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < sim_counter_count(simulation); i++) {
            const char *component;
            const char *own;
            uint64_t value;

            sim_counter_get(simulation, i, &component, &own, &value);
            sum += std::string(own) == name ? value : 0;
        }
        return sum;
    }

    sim *simulation;
    master devices = {};

  private:
    sim_bus_port to_memory(sim_component *component)
    {
        sim_bus_port port =
            bus(simulation, std::string(component->name) + "-memory", component, memory_component(memory_));

        memory_bind(memory_, memory_ports_++, port);
        return port;
    }

    void add_master(master *self, const std::string &name, sim_component *target)
    {
        sim_component_init(&self->component, simulation, name.c_str(), SIM_NS, evaluate);
        self->port = bus(simulation, name, &self->component, target);
        self->next = 0;
    }

    void add_rd(uint32_t i, uint32_t intid_bits)
    {
        redistributor_config config = redistributor_config_default();
        pe_config pe_of = pe_config_default();
        std::string name = std::to_string(i);

        config.base = rd_base + i * UINT64_C(0x20000);
        config.processor_number = i;
        config.intid_bits = intid_bits;
        config.config_cache_entries = 1024;
        redistributor *rd = redistributor_create(simulation, ("rd" + name).c_str(), &config);
        pe *pe = pe_create(simulation, ("pe" + name).c_str(), &pe_of);
        sim_component *writer = redistributor_component(rd);

        redistributor_bind_memory(rd, to_memory(writer));
        add_master(&software_of_rds_[i], "software" + name, writer);
        redistributor_bind_target(rd, software_of_rds_[i].port);
        sim_channel *down = join(simulation, "signal" + name, writer, pe_component(pe), 2);
        sim_channel *up = join(simulation, "acknowledge" + name, pe_component(pe), writer, 2);
        redistributor_bind_pe(rd, down, up);
        pe_bind_redistributor(pe, down, up);
        sim_channel *to = join(simulation, "lpis" + name, its_component(its_), writer, 4);
        sim_channel *back = join(simulation, "back" + name, writer, its_component(its_), 2);
        its_bind_redistributor(its_, i, to, back);
        redistributor_bind_its(rd, 0, to, back);
    }

    void write(master *self, uint64_t address, uint64_t value, uint32_t length)
    {
        self->access = sim_packet_new(simulation, length);
        self->access->type = SIM_PACKET_WRITE;
        self->access->address = address;
        if (length == 8) {
            sim_store_le64(self->access->data, value);
        } else {
            sim_store_le32(self->access->data, static_cast<uint32_t>(value));
        }
        sim_wake(&self->component, sim_component_edge(&self->component, sim_now(simulation) + 1));
        sim_run(simulation, SIM_TIME_NEVER - 1);
    }

    void enable(uint32_t intid_bits)
    {
        for (uint32_t i = 0; i < rds_; i++) {
            uint64_t base = rd_base + i * UINT64_C(0x20000);

            write(&software_of_rds_[i], base + GICR_PROPBASER, config_table | (intid_bits - 1), 8);
            write(&software_of_rds_[i], base + GICR_PENDBASER,
                  (pending_tables + i * UINT64_C(0x400000)) | GIC_MASK(GICR_PENDBASER_PTZ), 8);
            write(&software_of_rds_[i], base + GICR_CTLR, 1, 4);
        }
        write(&software_, its_base + GITS_BASER(0), GIC_MASK(GITS_BASER_VALID) | device_table | 127, 8);
        write(&software_, its_base + GITS_BASER(1), GIC_MASK(GITS_BASER_VALID) | collection_table | 15, 8);
        write(&software_, its_base + GITS_CBASER, GIC_MASK(GITS_CBASER_VALID) | queue | (queue_bytes / 4096 - 1), 8);
        write(&software_, its_base + GITS_CTLR, 1, 4);
        for (uint32_t i = 0; i < rds_; i++) {
            its_command command = {};

            command.opcode = ITS_COMMAND_MAPC;
            command.collection = static_cast<uint16_t>(i);
            command.target = i;
            command.valid = true;
            put(command);
        }
        flush();
    }

    void put(const its_command &command)
    {
        uint8_t bytes[ITS_COMMAND_BYTES];

        its_command_encode(&command, bytes);
        memory_write(memory_, queue + tail_, bytes, sizeof(bytes));
        tail_ = (tail_ + ITS_COMMAND_BYTES) % queue_bytes;
        if (++unsent_ == queue_bytes / ITS_COMMAND_BYTES - 1) {
            flush();
        }
    }

    void flush()
    {
        write(&software_, its_base + GITS_CWRITER, tail_, 8);
        unsent_ = 0;
    }

    struct memory *memory_ = nullptr;
    uint32_t memory_ports_ = 0;
    its *its_ = nullptr;
    uint32_t rds_;
    master software_ = {};
    std::vector<master> software_of_rds_;
    uint64_t tail_ = 0;
    uint32_t unsent_ = 0;
};

/** What the source costs, and the write with its answer: a target that answers, and nothing behind it. */
struct sink {
    sim_component component; /* first */
    sim_bus_port port;
};

sim_time answer(sim_component *component, sim_time now)
{
    auto *self = reinterpret_cast<sink *>(component);

    if (sim_channel_peek(self->port.request, now) != nullptr) {
        sim_packet *packet = sim_channel_pop(self->port.request, now);

        packet->type = SIM_PACKET_WRITE_ACK;
        sim_channel_push(self->port.response, packet, now, 4 * SIM_NS, 0, 0, 0);
    }
    return sim_channel_next_arrival(self->port.request);
}

constexpr uint64_t stretch = 200000;

void report(benchmark::State &state, sim *simulation, uint64_t evaluations)
{
    auto msis = static_cast<double>(stretch * state.iterations());

    state.SetItemsProcessed(static_cast<int64_t>(stretch * state.iterations()));
    state.counters["evaluations/MSI"] = static_cast<double>(sim_evaluations(simulation) - evaluations) / msis;
    state.counters["s/MSI"] = benchmark::Counter(msis, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/** Argument: ns between MSIs. What msi_through_warm_gic takes beyond this is the GIC's own part. */
void msi_to_a_sink(benchmark::State &state)
{
    sim_config how = {};
    sim *simulation = sim_create(&how);
    master source = {};
    sink target = {};

    sim_component_init(&source.component, simulation, "devices", SIM_NS, evaluate);
    sim_component_init(&target.component, simulation, "sink", SIM_NS, answer);
    source.port = bus(simulation, "devices", &source.component, &target.component);
    target.port = source.port;
    source.gap = static_cast<sim_time>(state.range(0)) * SIM_NS;
    source.devices = 1;
    source.events = 1;
    source.scrambler = 1;
    for (auto _ : state) {
        source.limit += stretch;
        sim_wake(&source.component, sim_component_edge(&source.component, sim_now(simulation) + 1));
        sim_run(simulation, SIM_TIME_NEVER - 1);
    }
    report(state, simulation, 0);
    sim_destroy(simulation);
}
BENCHMARK(msi_to_a_sink)->Arg(500)->Arg(100)->Unit(benchmark::kMillisecond);

/** Arguments: ns between MSIs, redistributors, and events in use. */
void msi_through_warm_gic(benchmark::State &state)
{
    gic system(static_cast<uint32_t>(state.range(1)), 16);
    sim_time gap = static_cast<sim_time>(state.range(0)) * SIM_NS;

    system.map(1, static_cast<uint32_t>(state.range(2)));
    system.send(stretch, gap, 1);
    uint64_t handled = system.counter("handled");
    uint64_t misses = system.counter("event_misses") + system.counter("config_misses");
    uint64_t evaluations = sim_evaluations(system.simulation);

    for (auto _ : state) {
        system.send(stretch, gap, 1);
    }
    if (system.counter("event_misses") + system.counter("config_misses") != misses ||
        system.counter("handled") - handled != stretch * state.iterations()) {
        state.SkipWithError("not warm, or an MSI was lost");
    }
    report(state, system.simulation, evaluations);
}
BENCHMARK(msi_through_warm_gic)->Args({500, 1, 1})->Args({100, 4, 64})->Unit(benchmark::kMillisecond);

double resident_bytes()
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == nullptr || fscanf(file, "%*u %lu", &pages) != 1) {
        pages = 0;
    }
    if (file != nullptr) {
        fclose(file);
    }
    return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/** A million LPIs, each mapped and each used once, in an order without locality. Argument: redistributors. */
void million_lpis(benchmark::State &state)
{
    const uint32_t devices = 64;
    const uint32_t events = 16384;

    for (auto _ : state) {
        malloc_trim(0); /* what earlier benchmarks have left must not be used again unseen */
        double before = resident_bytes();
        gic system(static_cast<uint32_t>(state.range(0)), 21);
        double built = resident_bytes();

        system.map(devices, events);
        double mapped = resident_bytes();
        system.send(devices * events, 500 * SIM_NS, 616318177);
        double used = resident_bytes();

        if (system.counter("handled") != devices * events) {
            state.SkipWithError("an LPI was lost");
        }
        state.counters["bytes/LPI mapped"] = (mapped - before) / (devices * events);
        state.counters["bytes/LPI used"] = (used - before) / (devices * events);
        state.counters["MiB before mapping"] = (built - before) / 1048576;
    }
}
BENCHMARK(million_lpis)->Arg(1)->Arg(15)->Unit(benchmark::kMillisecond)->Iterations(1);

} // namespace
