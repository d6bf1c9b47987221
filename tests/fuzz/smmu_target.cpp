/*
 * The SMMU over registers, tables, commands and requests. An input is a header of 8 bytes, which chooses what is built,
 * and then operations: one byte for which, and its operands.
 */
#include "models/smmuv3/smmu_cmdqv.h"
#include "models/smmuv3/smmu_regs.h"
#include "sim/ats.h"
#include "tests/fuzz/smmu_operations.h"
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

/** What an endpoint does with an Invalidate Request. */
enum Answer : uint8_t { kDone, kSilence, kUnsupported, kHalf };

constexpr uint32_t kEventsProd = 0x100a8;
constexpr uint32_t kEventsCons = 0x100ac;
constexpr uint32_t kPagesProd = 0x100c8;
constexpr uint32_t kPagesCons = 0x100cc;
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

/** ATS, PRI, more command queues: what the next two bytes choose. 0: none of it. */
void configure_protocols(unsigned protocols, unsigned queues, smmu_config &config)
{
    config.features.ats = (protocols & kAts) != 0;
    config.features.pri = config.features.ats && (protocols & kPri) != 0;
    config.features.ats_rec_err = (protocols & 4) != 0;
    config.features.pps = (protocols & kPps) != 0;
    config.features.ns1ats = (protocols & 16) != 0;
    config.features.sev = (protocols & 64) != 0;
    config.features.vmw = (protocols & 128) != 0;
    config.atc_timeout = 100 * SIM_US;
    config.ecmdq_pages = (queues & 3) == 3 ? 2 : (queues & 3) != 0 ? 1 : 0;
    config.ecmdq_queues = 1u << (queues >> 2 & 3) % 3;
    config.vcmdqs = (queues >> 4 & 3) == 0 ? 0 : 1u << (queues >> 4 & 3);
    config.vintfs = config.vcmdqs > 0 && (queues & 64) != 0 ? 2 : 1;
    config.vintf_sids = (queues & 128) != 0 ? 1 : 4;
}

class Machine
{
  public:
    Machine(Reader &in, const smmu_config &config, unsigned protocols, unsigned endpoint)
        : in_(in), s_(
                       support::engines()[0], [&](smmu_config &c) { take_config(c, config); }, false),
          check_(config.features.ats && (protocols & kAtsCheck) != 0), answer_(static_cast<Answer>(endpoint & 3)),
          delay_((endpoint >> 2 & 7) * 20 * SIM_US), last_page_(0)
    {
        enable((endpoint & 32) != 0);
        s_.make_s1([&](Ste &ste, Cd &) { ste.eats = config.features.ats ? 1 : 0; });
        make_stage2();
        last_page_ = s_.allocate(0x1000);
        extra_ = count_extra() > 0 ? s_.allocate(UINT64_C(16) << (kExtraBits + 4)) : 0;
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

    void enable(bool routed)
    {
        for (bus_driver *master : s_.masters) {
            bus_driver_set_posted(master, true);
            if (s_.config.features.ats) {
                bus_driver_take_messages(master, respond, this);
            }
        }
        if (routed) {
            smmu_add_stream_route(s_.smmu, 0x10, 0x11, 0);
            smmu_add_stream_route(s_.smmu, 0x12, 0x20, s_.config.ports - 1);
        }
        if (s_.config.features.pri) {
            s_.write(0xc0, s_.allocate(0x1000) | 3, 8);
        }
        s_.enable(0xdu | (s_.config.features.pri ? 2u : 0u) | (check_ ? 0x10u : 0u));
    }

    static bool respond(void *context, const bus_driver_message *message, bus_driver_op *op)
    {
        const auto *self = static_cast<const Machine *>(context);

        if (message->operation != SIM_ATS_INVALIDATE_REQUEST || self->answer_ == kSilence) {
            return false;
        }
        op->type = SIM_PACKET_MESSAGE;
        op->operation = SIM_ATS_INVALIDATE_COMPLETION;
        op->address = sim_ats_completion_word(1u << sim_ats_itag(message->address), self->answer_ == kHalf ? 2 : 1);
        op->status = self->answer_ == kUnsupported ? SIM_STATUS_UR : SIM_STATUS_OK;
        op->stream_id = message->stream_id;
        op->flags = SIM_FLAG_HAS_STREAM_ID;
        op->at = message->arrival + self->delay_;
        return true;
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
        ste.eats = s_.config.features.ats ? 1 : 0;
        words = ste.words();
        words[2] = 2 | UINT64_C(25) << 32 | UINT64_C(1) << 38 | UINT64_C(1) << 40 | UINT64_C(1) << 42 |
                   UINT64_C(3) << 44 | UINT64_C(2) << 48 | UINT64_C(1) << 51 | UINT64_C(1) << 58;
        words[3] = table;
        s_.put(s_.stream_table + 64 * kStage2, words.data(), 8);
        ste.config = 7;
        ste.s1contextptr = s_.cd_table;
        ste.eats = !s_.config.features.ats ? 0 : check_ ? 2 : 1;
        words[0] = ste.words()[0];
        words[1] = ste.words()[1];
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
        txn.no_write = (flags & kNoWrite) != 0;
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
            step_far(operation);
            break;
        }
    }

    void step_far(Operation operation)
    {
        switch (operation) {
        case kPage:
            page();
            break;
        case kMessage:
            message();
            break;
        case kConsumePages:
            settle();
            write(kPagesCons, s_.read(kPagesProd), 4);
            break;
        case kFar32: {
            const uint32_t at = far();

            write(at & ~3u, in_.u32(), 4);
            break;
        }
        case kFar64: {
            const uint32_t at = far();

            write(at & ~7u, in_.u64(), 8);
            break;
        }
        case kFarRead: {
            const uint32_t at = far();
            const uint32_t bytes = 1u << (in_.u8() & 3);

            bus_driver_read(s_.host, 0, System::register_base + (at & ~(bytes - 1)), bytes);
            break;
        }
        default:
            step_queue(operation, in_.u8());
            break;
        }
    }

    /* ---- Messages ---- */

    void send(uint32_t sid, uint32_t ssid, uint8_t code, uint64_t address, unsigned flags)
    {
        bus_driver_op op = {};

        op.type = SIM_PACKET_MESSAGE;
        op.operation = code;
        op.address = address;
        op.stream_id = sid;
        op.pasid = ssid;
        op.flags = SIM_FLAG_HAS_STREAM_ID | ((flags & 8) != 0 ? SIM_FLAG_PASID : 0u) |
                   ((flags & 16) != 0 ? SIM_FLAG_PRIVILEGED : 0u) | ((flags & 32) != 0 ? SIM_FLAG_EXECUTE : 0u);
        op.status = (flags & 64) != 0 ? SIM_STATUS_UR : SIM_STATUS_OK;
        bus_driver_add(s_.masters[(flags >> 7 & 1) % s_.config.ports], &op);
    }

    void page()
    {
        const uint8_t sid = in_.u8();
        const uint8_t ssid = in_.u8();
        const uint64_t page = in_.take(5) << 12;
        const uint8_t group = in_.u8();
        const uint8_t flags = in_.u8();
        const sim_ats_page_request request = {page, group, (flags & 4) != 0, (flags & 2) != 0, (flags & 1) != 0};

        send(sid, ssid, SIM_ATS_PAGE_REQUEST, sim_ats_page_request_word(&request), flags);
    }

    void message()
    {
        const uint8_t code = in_.u8();
        const uint8_t sid = in_.u8();
        const uint8_t ssid = in_.u8();
        const uint64_t address = in_.u64();

        send(sid, ssid, code, address, in_.u8());
    }

    /* ---- More command queues: first those of control pages, then the virtual ones ---- */

    uint32_t far()
    {
        const auto raw = static_cast<uint32_t>(in_.take(3));

        return raw % (smmu_window_bytes(&s_.config) + 0x100);
    }

    uint32_t count_ecmdqs() const
    {
        return s_.config.ecmdq_pages * s_.config.ecmdq_queues;
    }

    uint32_t count_extra() const
    {
        return count_ecmdqs() + s_.config.vcmdqs;
    }

    uint64_t memory_of(uint32_t number) const
    {
        return extra_ + (UINT64_C(16) << kExtraBits) * (number % kDistinctQueues);
    }

    uint32_t registers_of(uint32_t number) const
    {
        return number < count_ecmdqs()
                   ? 0x20000 + number * (0x10000 / s_.config.ecmdq_queues)
                   : smmu_cmdqv_offset(&s_.config) + SMMU_CMDQV_VCMDQ_PAGE0 + (number - count_ecmdqs()) * 0x80;
    }

    void start_queue(uint32_t number, unsigned mode)
    {
        const uint32_t at = registers_of(number);

        if (number < count_ecmdqs()) {
            write(at, memory_of(number) | kExtraBits, 8);
            write(at + SMMU_ECMDQ_PROD, UINT64_C(1) << 31, 4);
            return;
        }
        const uint32_t aperture = smmu_cmdqv_offset(&s_.config);
        const uint32_t index = number - count_ecmdqs();
        const uint32_t interface = index % s_.config.vintfs;
        const uint32_t vintf = aperture + SMMU_CMDQV_VINTFS + interface * SMMU_CMDQV_VINTF_BYTES;

        write(aperture, 1, 4);
        write(vintf, mode >> 1 << 1 | (mode & 1) << 17, 4);
        write(vintf + SMMU_CMDQV_VINTF_SID_MATCH, 0x10 << 1 | 1, 4);
        write(vintf + SMMU_CMDQV_VINTF_SID_REPLACE, 0x10, 4);
        write(vintf, mode >> 1 << 1 | (mode & 1) << 17 | 1, 4);
        write(aperture + SMMU_CMDQV_VCMDQ_ALLOC + 4 * index, interface << 15 | index / s_.config.vintfs << 1 | 1, 4);
        write(at + 0x10000, memory_of(number) | kExtraBits, 8);
        write(at + SMMU_VCMDQ_CONFIG, 1, 4);
    }

    void queue_command(uint32_t number)
    {
        const uint32_t reg = registers_of(number) + (number < count_ecmdqs() ? SMMU_ECMDQ_PROD : SMMU_VCMDQ_PROD);
        const uint64_t word0 = in_.u64();
        const uint64_t word1 = in_.u64();
        const auto producer = static_cast<uint32_t>(s_.read(reg));
        const uint32_t mask = (2u << kExtraBits) - 1;
        const uint64_t slot = memory_of(number) + 16 * (producer & mask >> 1);

        memory_write64(s_.memory, slot, word0);
        memory_write64(s_.memory, slot + 8, word1);
        write(reg, (producer & ~mask) | ((producer + 1) & mask), 4);
    }

    void repair_queue(uint32_t number)
    {
        const uint32_t at = registers_of(number);

        settle();
        if (number >= count_ecmdqs()) {
            write(at + SMMU_VCMDQ_GERRORN, s_.read(at + SMMU_VCMDQ_GERROR), 4);
            return;
        }
        const uint64_t producer = s_.read(at + SMMU_ECMDQ_PROD) & ~(UINT64_C(1) << 23);

        write(at + SMMU_ECMDQ_PROD, producer | (s_.read(at + SMMU_ECMDQ_CONS) & UINT64_C(1) << 23), 4);
    }

    void step_queue(Operation operation, unsigned which)
    {
        if (count_extra() == 0) {
            return;
        }
        const uint32_t number = which % count_extra();

        if (operation == kStartQueue) {
            start_queue(number, in_.u8());
        } else if (operation == kQueueCommand) {
            queue_command(number);
        } else {
            repair_queue(number);
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
    bool check_;
    Answer answer_;
    sim_time delay_;
    uint64_t last_page_;
    uint64_t extra_ = 0; /**< memory of the further command queues */
    uint64_t stage2_ = 0;
    unsigned requests_ = 0;
};

} // namespace

void run(const uint8_t *data, size_t size)
{
    Reader in(data, size);
    smmu_config config;

    smmu_config_defaults(&config);
    configure(in, config);
    const uint8_t protocols = in.u8();
    const uint8_t queues = in.u8();
    const uint8_t endpoint = in.u8();

    in.u8();
    configure_protocols(protocols, queues, config);
    if (smmu_config_error(&config) != nullptr) {
        return;
    }
    const auto machine = std::make_unique<Machine>(in, config, protocols, endpoint);

    machine->run();
}

} // namespace fuzz
