#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <cstring>

namespace smmu_test
{

void set_bits(uint64_t *words, unsigned low, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++) {
        const uint64_t bit = UINT64_C(1) << ((low + i) % 64);

        words[(low + i) / 64] &= ~bit;
        words[(low + i) / 64] |= (value >> i & 1) != 0 ? bit : 0;
    }
}

uint64_t get_bits(const uint64_t *words, unsigned low, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++) {
        value |= (words[(low + i) / 64] >> ((low + i) % 64) & 1) << i;
    }
    return value;
}

std::array<uint64_t, 8> Ste::words() const
{
    std::array<uint64_t, 8> w = {};

    set_bits(w.data(), 0, 1, v);
    set_bits(w.data(), 1, 3, config);
    set_bits(w.data(), 4, 2, s1fmt);
    set_bits(w.data(), 6, 50, s1contextptr >> 6);
    set_bits(w.data(), 59, 5, s1cdmax);
    set_bits(w.data(), 64, 2, s1dss);
    set_bits(w.data(), 82, 1, ppar);
    set_bits(w.data(), 83, 1, mev);
    set_bits(w.data(), 91, 1, s1stalld);
    set_bits(w.data(), 92, 2, eats);
    set_bits(w.data(), 94, 2, strw);
    set_bits(w.data(), 108, 2, 1);
    set_bits(w.data(), 128, 16, s2vmid);
    set_bits(w.data(), 112, 2, privcfg);
    set_bits(w.data(), 114, 2, instcfg);
    set_bits(w.data(), 160, 6, s2t0sz);
    set_bits(w.data(), 166, 2, s2sl0);
    set_bits(w.data(), 168, 4, 5);
    set_bits(w.data(), 172, 2, 3);
    set_bits(w.data(), 174, 2, s2tg);
    set_bits(w.data(), 176, 3, s2ps);
    set_bits(w.data(), 179, 1, s2aa64);
    set_bits(w.data(), 180, 1, s2endi);
    set_bits(w.data(), 181, 1, s2affd);
    set_bits(w.data(), 182, 1, s2ptw);
    set_bits(w.data(), 183, 1, s2hd);
    set_bits(w.data(), 184, 1, s2ha);
    set_bits(w.data(), 185, 1, s2s);
    set_bits(w.data(), 186, 1, s2r);
    set_bits(w.data(), 196, 48, s2ttb >> 4);
    return w;
}

std::array<uint64_t, 8> Cd::words() const
{
    std::array<uint64_t, 8> w = {};

    set_bits(w.data(), 0, 6, t0sz);
    set_bits(w.data(), 6, 2, tg0);
    set_bits(w.data(), 14, 1, epd0);
    set_bits(w.data(), 15, 1, endi);
    set_bits(w.data(), 16, 6, t1sz);
    set_bits(w.data(), 22, 2, tg1);
    set_bits(w.data(), 30, 1, epd1);
    set_bits(w.data(), 31, 1, v);
    set_bits(w.data(), 32, 3, ips);
    set_bits(w.data(), 35, 1, affd);
    set_bits(w.data(), 36, 1, wxn);
    set_bits(w.data(), 38, 2, tbi);
    set_bits(w.data(), 40, 1, pan);
    set_bits(w.data(), 41, 1, aa64);
    set_bits(w.data(), 42, 1, hd);
    set_bits(w.data(), 43, 1, ha);
    set_bits(w.data(), 44, 1, s);
    set_bits(w.data(), 45, 1, r);
    set_bits(w.data(), 46, 1, a);
    set_bits(w.data(), 47, 1, 1);
    set_bits(w.data(), 48, 16, asid);
    set_bits(w.data(), 64 + 4, 48, ttb0 >> 4);
    set_bits(w.data(), 128 + 4, 48, ttb1 >> 4);
    w[3] = 0xff;
    return w;
}

static struct memory *create_memory(struct sim *sim, sim_time latency)
{
    memory_config config = {};

    config.base = System::memory_base;
    config.size = System::memory_size;
    config.period = System::period;
    config.latency = latency;
    config.bandwidth = 0;
    return memory_create(sim, "dram", &config);
}

static smmu_config make_config(const System::Tweak &tweak)
{
    smmu_config config;

    smmu_config_defaults(&config);
#ifdef SMMU_TEST_PRESET
    smmu_config_preset(&config, SMMU_TEST_PRESET);
#endif
    config.base = System::register_base;
    if (tweak) {
        tweak(config);
    }
    return config;
}

System::System(const support::Engine &engine, const Tweak &tweak, bool tracked, sim_time latency)
    : sim(support::create(engine)), config(make_config(tweak)), smmu(smmu_create(sim, "smmu", &config)),
      memory(create_memory(sim, latency)), host(bus_driver_create(sim, "host", period)), log(sim),
      flags_(tracked ? SIM_FLAG_TRACKED : 0)
{
    sim_component *self = smmu_component(smmu);
    bus_connect_config wide = {};

    wide.request_capacity = 64;
    wide.response_capacity = 64;
    sim_bus_port port = bus_connect(sim, "walker", self, memory_component(memory), &wide);
    smmu_bind_walker(smmu, port);
    memory_bind(memory, 0, port);
    port = bus_connect(sim, "registers", bus_driver_component(host), self, nullptr);
    bus_driver_bind(host, port);
    smmu_bind_registers(smmu, port);
    for (uint32_t i = 0; i < config.ports; i++) {
        const std::string n = std::to_string(i);

        masters.push_back(bus_driver_create(sim, ("master" + n).c_str(), period));
        bus_driver_set_posted(masters[i], true);
        port = bus_connect(sim, ("up" + n).c_str(), bus_driver_component(masters[i]), self, &wide);
        bus_driver_bind(masters[i], port);
        smmu_bind_upstream(smmu, i, port);
        sinks.push_back(posted_sink_create(sim, ("sink" + n).c_str(), period, read_latency, 1 << 16));
        port = bus_connect(sim, ("down" + n).c_str(), self, posted_sink_component(sinks[i]), &wide);
        posted_sink_bind(sinks[i], port);
        smmu_bind_downstream(smmu, i, port);
    }
}

System::~System()
{
    sim_destroy(sim);
}

void System::run()
{
    ASSERT_EQ(sim_run(sim, 10 * SIM_S), SIM_RUN_DRAINED);
}

uint64_t System::read(uint32_t offset, uint32_t bytes)
{
    const uint32_t index = bus_driver_read(host, 0, register_base + offset, bytes);

    run();
    return bus_driver_get_result(host, index)->value;
}

uint8_t System::write(uint32_t offset, uint64_t value, uint32_t bytes)
{
    const uint32_t index = bus_driver_write(host, 0, register_base + offset, value, bytes);

    run();
    return bus_driver_get_result(host, index)->status;
}

uint64_t System::allocate(uint64_t bytes, uint64_t alignment)
{
    const uint64_t address = (next_free_ + alignment - 1) / alignment * alignment;

    next_free_ = address + bytes;
    EXPECT_LE(next_free_, memory_base + memory_size - 0x100000) << "the top megabyte is for the tests' own use";
    return address;
}

void System::put(uint64_t address, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_write64(memory, address + 8 * i, words[i]);
    }
}

void System::make_queues()
{
    command_queue = allocate(UINT64_C(16) << command_bits, UINT64_C(16) << command_bits);
    event_queue = allocate(UINT64_C(32) << event_bits, UINT64_C(32) << event_bits);
    write(0x2c, 0x2);
    write(0x90, command_queue | command_bits, 8);
    write(0xa0, event_queue | event_bits, 8);
}

void System::enable(uint32_t cr0)
{
    stream_table = allocate(64 << 8, 64 << 8);
    write(0x80, stream_table, 8);
    write(0x88, 8);
    make_queues();
    write(0x20, cr0);
    EXPECT_EQ(read(0x24), cr0);
}

void System::enable_two_level(unsigned split, unsigned log2size)
{
    stream_table = allocate(UINT64_C(8) << (log2size - split), UINT64_C(1) << 16);
    write(0x80, stream_table, 8);
    write(0x88, 1 << 16 | split << 6 | log2size);
    make_queues();
    write(0x20, 0xd);
    EXPECT_EQ(read(0x24), 0xdu);
}

void System::set_ste(uint32_t sid, const Ste &ste)
{
    put(stream_table + UINT64_C(64) * sid, ste.words().data(), 8);
}

uint64_t System::make_cd_table(unsigned cds)
{
    return allocate(UINT64_C(64) * cds);
}

void System::set_cd(uint64_t table, unsigned index, const Cd &cd)
{
    put(table + UINT64_C(64) * index, cd.words().data(), 8);
}

uint64_t System::make_table()
{
    return allocate(0x1000);
}

uint64_t System::descriptor(uint64_t table, uint64_t va, unsigned level, unsigned start_level)
{
    for (unsigned l = start_level;; l++) {
        const uint64_t address = table + 8 * (va >> (39 - 9 * l) & 0x1ff);

        if (l == level) {
            return address;
        }
        table = memory_read64(memory, address) & UINT64_C(0x0000fffffffff000);
    }
}

void System::map_any(uint64_t top, unsigned granule, unsigned bits, int start, uint64_t input, uint64_t output,
                     uint64_t leaf, unsigned size, const std::function<uint64_t(uint64_t)> &place)
{
    const uint64_t masked = input & ((UINT64_C(1) << bits) - 1);
    uint64_t table = top;

    for (int level = start;; level++) {
        const unsigned low = granule + (granule - 3) * static_cast<unsigned>(3 - level);
        const uint64_t index = level == start ? masked >> low : masked >> low & ((UINT64_C(1) << (granule - 3)) - 1);
        const uint64_t address = (place ? place(table) : table) + 8 * index;

        if (low == size) {
            memory_write64(memory, address, output | leaf | (level == 3 ? 3 : 1));
            return;
        }
        if ((memory_read64(memory, address) & 1) == 0) {
            /* Where tables are placed elsewhere, one is as far from the root as it is in memory. */
            const uint64_t made = allocate(UINT64_C(1) << granule, UINT64_C(1) << granule);
            memory_write64(memory, address, (place ? made - place(0) : made) | 3);
        }
        table = memory_read64(memory, address) & UINT64_C(0x0000fffffffff000);
    }
}

void System::map(uint64_t table, uint64_t va, uint64_t pa, const Leaf &leaf, uint64_t size, unsigned start_level)
{
    const unsigned leaf_level = size == 0x1000 ? 3 : size == 0x200000 ? 2 : 1;
    uint64_t value = pa | 1 | (leaf_level == 3 ? 2 : 0) | 3 << 8;

    for (unsigned level = start_level; level < leaf_level; level++) {
        const uint64_t address = descriptor(table, va, level, start_level);

        if ((memory_read64(memory, address) & 1) == 0) {
            memory_write64(memory, address, make_table() | 3);
        }
    }
    value |= leaf.el0 ? UINT64_C(1) << 6 : 0;
    value |= leaf.writable ? 0 : UINT64_C(1) << 7;
    value |= leaf.af ? UINT64_C(1) << 10 : 0;
    value |= leaf.ng ? UINT64_C(1) << 11 : 0;
    value |= leaf.xn ? UINT64_C(3) << 53 : 0;
    memory_write64(memory, descriptor(table, va, leaf_level, start_level), value);
}

void System::unmap(uint64_t table, uint64_t va)
{
    memory_write64(memory, descriptor(table, va, 3), 0);
}

void System::make_s1(const std::function<void(Ste &, Cd &)> &change)
{
    Ste ste;
    Cd cd;

    cd_table = make_cd_table(8);
    root = make_table();
    ste.s1contextptr = cd_table;
    cd.ttb0 = root;
    if (change) {
        change(ste, cd);
    }
    set_ste(0x10, ste);
    set_cd(cd_table, 0, cd);
    Leaf plain;
    Leaf read_only;
    Leaf no_af;
    Leaf privileged;
    Leaf no_execute;
    read_only.writable = false;
    no_af.af = false;
    privileged.el0 = false;
    no_execute.xn = true;
    map(root, 0x40001000, 0x80001000, plain);
    map(root, 0x40002000, 0x80002000, read_only);
    map(root, 0x40003000, 0x80003000, no_af);
    map(root, 0x40004000, 0x80004000, privileged);
    map(root, 0x40005000, 0x80005000, no_execute);
    map(root, 0x40200000, 0x80200000, plain, 0x200000);
}

uint32_t System::start(const Txn &txn)
{
    bus_driver_op op = {};

    op.at = txn.when;
    op.type = txn.op == 'W' ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    op.address = txn.addr;
    op.length = txn.size;
    op.value = 0xd00dfeed;
    op.stream_id = txn.sid;
    op.flags = flags_ | (txn.has_stream_id ? SIM_FLAG_HAS_STREAM_ID : 0u) | (txn.op == 'X' ? SIM_FLAG_EXECUTE : 0u) |
               (txn.priv ? SIM_FLAG_PRIVILEGED : 0u) | (txn.no_write ? SIM_FLAG_NO_WRITE : 0u) |
               (txn.ssid >= 0 ? SIM_FLAG_PASID : 0u);
    op.pasid = txn.ssid >= 0 ? static_cast<uint32_t>(txn.ssid) : 0;
    op.at_type = txn.at;
    op.sequence = bus_driver_added(masters[txn.port]);
    return bus_driver_add(masters[txn.port], &op);
}

TxnResult System::result(uint32_t port, uint32_t index)
{
    const bus_driver_result *answer = bus_driver_get_result(masters[port], index);
    TxnResult r;

    r.id = answer->id;
    r.issued = answer->issue_time;
    r.answered = answer->answer_time;
    r.value = answer->value;
    for (uint32_t i = posted_sink_count(sinks[port]); i-- > 0;) {
        const posted_sink_seen *seen = posted_sink_get_seen(sinks[port], i);

        if (seen->id == r.id) {
            r.outcome = Outcome::ok;
            r.pa = seen->address;
            r.left = seen->arrival;
            return r;
        }
    }
    if (answer->answered) {
        r.outcome = answer->status == SIM_STATUS_OK ? Outcome::raz : Outcome::abort;
        if (answer->status == SIM_STATUS_UR) {
            r.outcome = Outcome::unsupported;
        }
    }
    for (const support::MarkLog::Event &event : log.events()) {
        if (event.kind == SIM_EVENT_DROPPED && event.packet == r.id && event.detail == SIM_DROP_SMMU_FAULT) {
            r.outcome = Outcome::dropped;
        }
    }
    return r;
}

TxnResult System::txn(const Txn &txn)
{
    const uint32_t index = start(txn);

    run();
    return result(txn.port, index);
}

void System::append(uint64_t word0, uint64_t word1)
{
    const uint32_t prod = static_cast<uint32_t>(read(0x98));
    const uint64_t address = command_queue + 16 * (prod & ((1u << command_bits) - 1));

    memory_write64(memory, address, word0);
    memory_write64(memory, address + 8, word1);
    write(0x98, (prod + 1) & ((2u << command_bits) - 1));
}

void System::command(uint64_t word0, uint64_t word1, bool with_sync)
{
    append(word0, word1);
    if (with_sync) {
        sync();
    }
}

void System::sync()
{
    append(0x46);
    EXPECT_EQ(read(0x9c), read(0x98)) << "the command queue did not drain";
}

std::vector<Event> System::events()
{
    const uint32_t mask = (2u << event_bits) - 1;
    const uint32_t prod = static_cast<uint32_t>(read(0x100a8));
    std::vector<Event> records;

    while (((prod ^ events_read_) & mask) != 0) {
        const uint64_t address = event_queue + 32 * (events_read_ & ((1u << event_bits) - 1));
        Event event = {};

        for (unsigned i = 0; i < 4; i++) {
            event.words[i] = memory_read64(memory, address + 8 * i);
        }
        records.push_back(event);
        events_read_ = (events_read_ + 1) & mask;
    }
    write(0x100ac, (prod & 0x80000000u) | events_read_);
    return records;
}

uint64_t System::counter(const std::string &name) const
{
    for (uint32_t i = 0; i < sim_counter_count(sim); i++) {
        const char *component;
        const char *counter_name;
        uint64_t value;

        sim_counter_get(sim, i, &component, &counter_name, &value);
        if (std::strcmp(component, "smmu") == 0 && name == counter_name) {
            return value;
        }
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
}

void System::run_until(const std::function<bool()> &is_so)
{
    for (unsigned i = 0; i < 100000 && !is_so(); i++) {
        sim_run(sim, sim_now(sim) + period);
    }
    EXPECT_TRUE(is_so());
}

void everywhere(const System::Tweak &tweak, const std::function<void(System &)> &body)
{
    uint64_t reference = 0;
    uint64_t marks = 0;

    for (const support::Engine &engine : support::engines()) {
        SCOPED_TRACE(engine.name);
        System system(engine, tweak);

        body(system);
        EXPECT_EQ(sim_pool(system.sim)->live, 0u) << "packets are left over";
        if (marks == 0) {
            reference = system.log.hash();
            marks = system.log.mark_count() + 1;
        }
        EXPECT_EQ(system.log.hash(), reference) << "marks differ from the native engine's";
        EXPECT_EQ(system.log.mark_count() + 1, marks);
    }
}

} // namespace smmu_test
