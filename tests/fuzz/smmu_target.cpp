/*
 * The SMMU over registers, tables, commands and requests. An input is a header of 8 bytes, which chooses what is built,
 * and then operations: one byte for which, and its operands.
 */
#include "tests/fuzz/target.h"
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <memory>

namespace fuzz
{

namespace
{

using smmu_test::Cd;
using smmu_test::Ste;
using smmu_test::System;
using smmu_test::Txn;

/** More operations than this are not done: an input shall take a moment. */
constexpr unsigned kMost = 200;

enum Operation : uint8_t {
    kWrite32, /**< offset 2 (bit 15: page 1, and what follows it), value 4 */
    kWrite64, /**< offset 2, value 8 */
    kRead,    /**< offset 2, size 1 */
    kMemory,  /**< page 2, word 2, mask 8: exclusive or */
    kSte,     /**< StreamID 1, word 1, mask 8 */
    kCd,      /**< word 1, mask 8 */
    kTable,   /**< page 1, word 2, mask 8: of the translation tables */
    kCommand, /**< two words 16 */
    kSync,
    kRequest, /**< StreamID 1, SubstreamID 1, address 6, flags 2 */
    kWait,    /**< nanoseconds 2 */
    kSettle,
    kConsume, /**< the event queue */
    kRepair,  /**< GERRORN = GERROR */
    kOperations,
};

/* Flags of a request. */
constexpr unsigned kIsWrite = 1;
constexpr unsigned kIsFetch = 2;
constexpr unsigned kIsPrivileged = 4;
constexpr unsigned kHasSubstream = 8;
constexpr unsigned kNoStream = 16;

constexpr uint32_t kEventsProd = 0x100a8;
constexpr uint32_t kEventsCons = 0x100ac;
constexpr uint64_t kStage2 = 0x11;
constexpr uint64_t kNested = 0x12;

/** What the header chooses. */
void configure(Reader &in, smmu_config &config)
{
    const uint8_t part = in.u8();
    const uint8_t stages = in.u8();
    const uint8_t memory = in.u8();
    const uint8_t caches = in.u8();
    unsigned presets = 0;

    while (smmu_presets[presets] != nullptr) {
        presets++;
    }
    smmu_config_preset(&config, smmu_presets[part % presets]);
    config.features.stage1 = (stages & 1) == 0;
    config.features.stage2 = (stages & 2) == 0;
    config.features.hypervisor = (stages & 4) == 0;
    config.features.httu = static_cast<uint8_t>((stages >> 3) % 3);
    config.features.stall = static_cast<uint8_t>((stages >> 5) % 3);
    config.features.va52 = (memory & 1) != 0;
    config.features.ds = (memory & 3) == 3;
    config.features.stt = (memory & 4) != 0;
    config.output_address_bits = config.features.ds ? 52 : (memory & 8) != 0 ? 40 : 48;
    config.order = (memory & 16) != 0 ? SMMU_ORDER_STREAM : SMMU_ORDER_PORT;
    config.ports = (memory & 32) != 0 ? 2 : 1;
    if ((caches & 1) != 0 && config.to_tcu_cycles == 0) {
        config.tlb_entries = 4;
        config.tlb_ways = 2;
        config.config_cache_entries = 2;
        config.config_cache_ways = 1;
    }
    if ((caches & 2) != 0) {
        config.translation_slots = 2;
        config.walk_slots = 1;
        config.config_slots = 1;
    }
    config.ecmdq_pages = (caches & 8) != 0 ? 1 : 0;
    config.ecmdq_queues = 4;
    config.vcmdqs = (caches & 64) != 0 ? 4 : 0;
    config.vintfs = 2;
    config.features.vmw = config.features.sev = (caches & 128) != 0;
    config.event_buffer = (caches & 4) != 0 ? 1 : config.event_buffer;
    config.tlb_policy = static_cast<smmu_policy>(caches >> 4 & 3);
}

class Machine
{
  public:
    Machine(Reader &in, const smmu_config &config)
        : in_(in), s_(
                       support::engines()[0], [&](smmu_config &c) { take_config(c, config); }, false),
          base_(in.u8()), last_page_(0)
    {
        in.take(3);
        s_.enable();
        s_.make_s1();
        make_stage2();
        last_page_ = s_.allocate(0x1000);
        for (bus_driver *master : s_.masters) {
            bus_driver_set_posted(master, true);
        }
    }

    void run()
    {
        for (unsigned i = 0; i < kMost && !in_.done(); i++) {
            step(static_cast<Operation>(in_.u8() % kOperations));
        }
        settle();
        check();
    }

  private:
    static void take_config(smmu_config &to, const smmu_config &from)
    {
        const uint64_t base = to.base;

        to = from;
        to.base = base;
    }

    /** StreamID 0x11 with stage 2 only, 0x12 with both. Without stage 2 they are illegal, which is as good. */
    void make_stage2()
    {
        Ste ste;
        std::array<uint64_t, 8> words;
        const uint64_t table = s_.allocate(0x4000, 0x4000);

        stage2_ = table;
        /* Identity over the memory, by 1 GiB blocks: level 1, VMID 2, 48-bit output. */
        for (uint64_t i = 0; i < 8; i++) {
            memory_write64(s_.memory, table + 8 * i, i << 30 | 0x7fd);
        }
        ste.config = 6;
        words = ste.words();
        words[2] = 2 | UINT64_C(25) << 32 | UINT64_C(1) << 38 | UINT64_C(1) << 40 | UINT64_C(1) << 42 |
                   UINT64_C(3) << 44 | UINT64_C(2) << 48 | UINT64_C(1) << 51 | UINT64_C(1) << 58;
        words[3] = table;
        s_.put(s_.stream_table + 64 * kStage2, words.data(), 8);
        ste.config = 7;
        ste.s1contextptr = s_.cd_table;
        words[0] = ste.words()[0];
        s_.put(s_.stream_table + 64 * kNested, words.data(), 8);
    }

    uint32_t offset()
    {
        const uint32_t raw = in_.u16();
        const uint32_t block = raw >> 11 & 0xf;

        /* Of page 1 only the beginning; the rest of the numbers are for what follows it, 2 KiB of every 32. */
        if ((raw & 0x8000) != 0 && block >= 2) {
            return (block == 15 ? 0x31000 : 0x20000 + (block - 2) * 0x8000) + (raw & 0x7ff);
        }
        return (raw & 0x7fff) | ((raw & 0x8000) != 0 ? 0x10000 : 0);
    }

    /** Changes a word of memory; nothing outside it. */
    void change(uint64_t address, uint64_t mask)
    {
        address &= ~UINT64_C(7);
        if (memory_contains(s_.memory, address, 8)) {
            memory_write64(s_.memory, address, memory_read64(s_.memory, address) ^ mask);
        }
    }

    void request()
    {
        Txn txn;

        txn.sid = in_.u8();
        txn.ssid = in_.u8();
        txn.addr = in_.take(6);
        txn.addr |= (txn.addr >> 47 & 1) != 0 ? UINT64_C(0xffff000000000000) : 0;
        const unsigned flags = in_.u16();

        txn.op = (flags & kIsWrite) != 0 ? 'W' : (flags & kIsFetch) != 0 ? 'X' : 'R';
        txn.priv = (flags & kIsPrivileged) != 0;
        txn.ssid = (flags & kHasSubstream) != 0 ? txn.ssid : -1;
        txn.has_stream_id = (flags & kNoStream) == 0;
        txn.at = static_cast<uint8_t>(flags >> 5 & 3);
        txn.size = 1u << (flags >> 7 & 7);
        txn.port = (flags >> 10 & 1) % s_.config.ports;
        s_.start(txn);
        requests_++;
    }

    /** Only as far as its time; what is under way stays under way. */
    void wait(sim_time time)
    {
        sim_run(s_.sim, sim_now(s_.sim) + time);
    }

    void settle()
    {
        if (sim_run(s_.sim, sim_now(s_.sim) + SIM_S) != SIM_RUN_DRAINED) {
            fail("the SMMU never comes to rest");
        }
    }

    void write(uint32_t offset, uint64_t value, uint32_t bytes)
    {
        bus_driver_write(s_.host, 0, System::register_base + offset, value, bytes);
    }

    void command(uint64_t word0, uint64_t word1)
    {
        settle();
        const uint32_t producer = static_cast<uint32_t>(s_.read(0x98));
        const uint64_t base = s_.read(0x90, 8) & UINT64_C(0x000fffffffffffe0);
        const uint32_t mask = (2u << (s_.read(0x90, 8) & 0x1f) % 20) - 1;
        const uint64_t slot = base + 16 * (producer & mask >> 1);

        if (memory_contains(s_.memory, slot, 16)) {
            memory_write64(s_.memory, slot, word0);
            memory_write64(s_.memory, slot + 8, word1);
        }
        write(0x98, (producer + 1) & mask, 4);
    }

    void step(Operation operation)
    {
        switch (operation) {
        case kWrite32: {
            const uint32_t at = offset();

            write(at & ~3u, in_.u32(), 4);
            break;
        }
        case kWrite64: {
            const uint32_t at = offset();

            write(at & ~7u, in_.u64(), 8);
            break;
        }
        case kRead: {
            const uint32_t at = offset();
            const uint32_t bytes = 1u << (in_.u8() & 3);

            bus_driver_read(s_.host, 0, System::register_base + (at & ~(bytes - 1)), bytes);
            break;
        }
        case kMemory: {
            const uint64_t page = in_.u16() % 256;
            const uint64_t word = in_.u16() % 512;

            change(System::memory_base + page * 4096 + word * 8, in_.u64());
            break;
        }
        case kSte: {
            const uint64_t sid = in_.u8();
            const uint64_t word = in_.u8() % 8;

            change(s_.stream_table + 64 * sid + 8 * word, in_.u64());
            break;
        }
        case kCd: {
            const uint64_t word = in_.u8() % 64;

            change(s_.cd_table + 8 * word, in_.u64());
            break;
        }
        case kTable: {
            const uint64_t page = in_.u8() % ((last_page_ - s_.root) / 4096);
            const uint64_t word = in_.u16() % 512;

            change(s_.root + page * 4096 + word * 8, in_.u64());
            break;
        }
        default:
            step_on(operation);
            break;
        }
    }

    void step_on(Operation operation)
    {
        switch (operation) {
        case kCommand: {
            const uint64_t word0 = in_.u64();

            command(word0, in_.u64());
            break;
        }
        case kSync:
            command(0x46, 0);
            break;
        case kRequest:
            request();
            break;
        case kWait:
            wait(in_.u16() * SIM_NS);
            break;
        case kSettle:
            settle();
            break;
        case kConsume:
            settle();
            write(kEventsCons, s_.read(kEventsProd), 4);
            break;
        case kRepair:
            settle();
            write(0x64, s_.read(0x60), 4);
            break;
        default:
            break;
        }
    }

    /** Without stalls nothing may stay inside: every read is answered, and every packet is given back. */
    void check()
    {
        if (s_.config.features.stall != SMMU_STALL_MODEL_NONE) {
            return;
        }
        for (bus_driver *master : s_.masters) {
            for (uint32_t i = 0; i < bus_driver_added(master); i++) {
                if (!bus_driver_get_result(master, i)->issued) {
                    fail("a request was never taken");
                }
            }
        }
        if (sim_pool(s_.sim)->live != 0) {
            fail("a packet stayed inside");
        }
    }

    Reader &in_;
    System s_;
    uint8_t base_;
    uint64_t last_page_;
    uint64_t stage2_ = 0;
    unsigned requests_ = 0;
};

/* ---- Seeds ---- */

/** A header: preset 0, what the bytes choose; no stalls unless asked for. */
Writer header(unsigned stages = 1 << 5, unsigned memory = 0, unsigned caches = 0, unsigned preset = 0)
{
    Writer w;

    w.put(preset, 1).put(stages, 1).put(memory, 1).put(caches, 1).put(0, 4);
    return w;
}

Writer &request(Writer &w, uint32_t sid, uint64_t address, unsigned flags = 2u << 7, unsigned ssid = 0)
{
    return w.put(kRequest, 1).put(sid, 1).put(ssid, 1).put(address, 6).put(flags, 2);
}

Writer &command(Writer &w, uint64_t word0, uint64_t word1)
{
    return w.put(kCommand, 1).put(word0, 8).put(word1, 8).put(kSync, 1);
}

Writer &ste(Writer &w, unsigned sid, unsigned word, uint64_t mask)
{
    return w.put(kSte, 1).put(sid, 1).put(word, 1).put(mask, 8);
}

Writer &reg(Writer &w, uint16_t offset, uint32_t value)
{
    return w.put(kWrite32, 1).put(offset, 2).put(value, 4);
}

/** The requests of the bases of the conformance cases: every page of the mapping, each way. */
Writer &touch(Writer &w)
{
    for (uint32_t sid : {0x10u, 0x11u, 0x12u, 0x13u}) {
        for (uint64_t page : {1, 2, 3, 4, 5, 7, 0x200}) {
            request(w, sid, 0x40000000 + page * 4096, (2u << 7) | static_cast<unsigned>(page & 7));
        }
    }
    return w.put(kSettle, 1).put(kConsume, 1);
}

void add_commands(std::vector<Seed> &list)
{
    /* Every command of the cases smmu-cmd, smmu-inv, smmu-res, and illegal ones. */
    const struct {
        const char *name;
        uint64_t word0;
        uint64_t word1;
    } commands[] = {
        {"prefetch-config", UINT64_C(0x1000000001), 0},
        {"prefetch-addr", UINT64_C(0x1000000002), 0x40001000},
        {"cfgi-ste", UINT64_C(0x1000000003), 1},
        {"cfgi-range", UINT64_C(0x1200000004), 1},
        {"cfgi-all", 4, 31},
        {"cfgi-cd", UINT64_C(0x1000000005), 1},
        {"cfgi-cd-all", UINT64_C(0x1000000006), 0},
        {"tlbi-nh-all", 0x10, 0},
        {"tlbi-nh-asid", UINT64_C(0x0007000100000011), 0},
        {"tlbi-nh-va", UINT64_C(0x0007000100000012), 0x40001001},
        {"tlbi-nh-va-range", UINT64_C(0x0007000100101012), 0x40001401},
        {"tlbi-nh-vaa", UINT64_C(0x0000000100000013), 0x40001000},
        {"tlbi-el3", 0x18, 0},
        {"tlbi-el2-all", 0x20, 0},
        {"tlbi-el2-va", UINT64_C(0x0007000000000022), 0x40001000},
        {"tlbi-s12", UINT64_C(0x0000000200000028), 0},
        {"tlbi-s2-ipa", UINT64_C(0x000000020000002a), 0x40001000},
        {"tlbi-nsnh", 0x30, 0},
        {"atc-inv", UINT64_C(0x1000000040), 52},
        {"pri-resp", UINT64_C(0x1000000041), UINT64_C(0x100000001)},
        {"resume", UINT64_C(0x1000001044), 0},
        {"stall-term", UINT64_C(0x1000000045), 0},
        {"sync-msi", UINT64_C(0xcafe000100001046), 0x1ff00000},
        {"sync-sev", 0x2046, 0},
        {"sync-reserved", 0x3046, 0},
        {"reserved", 0xf0, 0},
        {"ssec", UINT64_C(0x1000000403), 1},
    };

    for (const auto &c : commands) {
        for (unsigned stages : {1u << 5, 0u}) {
            Writer w = header(stages);

            touch(w);
            command(w, c.word0, c.word1);
            touch(w).put(kRepair, 1);
            command(w, c.word0, c.word1);
            list.push_back({std::string("command-") + c.name + (stages == 0 ? "-stall" : ""), w.bytes()});
        }
    }
}

void add_structures(std::vector<Seed> &list)
{
    /* Each bit of the STE and of the CD, as the cases of configuration and of reserved bits do. */
    for (unsigned word = 0; word < 4; word++) {
        for (unsigned bit = 0; bit < 64; bit += 16) {
            Writer w = header(word % 2 == 0 ? 1 << 5 : 0, 0, bit & 0x30);

            for (unsigned i = 0; i < 16; i++) {
                ste(w, 0x10, word, UINT64_C(1) << (bit + i));
                command(w, UINT64_C(0x1000000003), 1);
                request(w, 0x10, 0x40001000).put(kSettle, 1);
                ste(w, 0x10, word, UINT64_C(1) << (bit + i));
            }
            list.push_back({"ste-" + std::to_string(64 * word + bit), w.bytes()});
            Writer c = header(1 << 5);

            for (unsigned i = 0; i < 16; i++) {
                c.put(kCd, 1).put(word, 1).put(UINT64_C(1) << (bit + i), 8);
                command(c, UINT64_C(0x1000000005), 1);
                request(c, 0x10, 0x40001000).put(kSettle, 1);
                c.put(kCd, 1).put(word, 1).put(UINT64_C(1) << (bit + i), 8);
            }
            list.push_back({"cd-" + std::to_string(64 * word + bit), c.bytes()});
        }
    }
}

void add_registers(std::vector<Seed> &list)
{
    for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
        Writer w = header(1 << 5, 0x30, 3, preset);

        touch(w);
        reg(w, 0x20, 0);
        reg(w, 0x44, 0x80100000);
        touch(w);
        reg(w, 0x44, 0x80000000);
        reg(w, 0x90, 0x10000008);
        reg(w, 0x20, 0xd);
        touch(w);
        reg(w, 0x80ac, 0x80000005);
        reg(w, 0x20, 0x9);
        touch(w);
        list.push_back({std::string("registers-") + smmu_presets[preset], w.bytes()});
    }
    Writer sweep = header();

    for (uint16_t offset = 0; offset < 0x100; offset = static_cast<uint16_t>(offset + 4)) {
        sweep.put(kRead, 1).put(offset, 2).put(2, 1);
        reg(sweep, offset, 0xffffffff);
    }
    touch(sweep);
    list.push_back({"registers-sweep", sweep.bytes()});

    Writer queues = header(1 << 5, 0, 8 | 64 | 128);

    /* A queue of a control page, then a virtual one of interface 0; both read what the command queue holds. */
    queues.put(kWrite64, 1).put(0x9000, 2).put(0x10000004, 8);
    reg(queues, 0x9008, 0x80000003);
    reg(queues, 0xf800, 0xb);
    reg(queues, 0xf840, 3);
    reg(queues, 0xa200, 1);
    queues.put(kWrite64, 1).put(0xc000, 2).put(0x10000004, 8);
    reg(queues, 0xb008, 1);
    reg(queues, 0xb004, 2);
    touch(queues);
    list.push_back({"registers-queues", queues.bytes()});
}

void add_tables(std::vector<Seed> &list)
{
    for (unsigned memory : {0u, 3u, 4u, 8u}) {
        Writer w = header(1 << 5, memory, 1);

        for (unsigned page = 0; page < 4; page++) {
            for (unsigned bit = 0; bit < 64; bit += 5) {
                w.put(kTable, 1).put(page, 1).put(page == 3 ? 1 : page == 2 ? 0 : 1, 2).put(UINT64_C(1) << bit, 8);
                request(w, 0x10, 0x40001000);
                request(w, 0x12, 0x40001000);
            }
        }
        touch(w);
        list.push_back({"tables-" + std::to_string(memory), w.bytes()});
    }
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    Reader in(data, size);
    smmu_config config;

    smmu_config_defaults(&config);
    configure(in, config);
    if (smmu_config_error(&config) != nullptr) {
        return;
    }
    const auto machine = std::make_unique<Machine>(in, config);

    machine->run();
}

std::vector<Seed> seeds()
{
    std::vector<Seed> list;

    add_commands(list);
    add_structures(list);
    add_registers(list);
    add_tables(list);
    return list;
}

} // namespace fuzz
