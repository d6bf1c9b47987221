/*
 * The SMMU over registers, tables, commands and requests. An input is a header of 8 bytes, which chooses what is built,
 * and then operations: one byte for which, and its operands.
 */
#include "models/smmuv3/smmu_cmdqv.h"
#include "models/smmuv3/smmu_regs.h"
#include "sim/ats.h"
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
    kConsume,      /**< the event queue */
    kRepair,       /**< GERRORN = GERROR */
    kPage,         /**< a Page Request: StreamID 1, SubstreamID 1, page 5, group 1, flags 1 */
    kMessage,      /**< any message: code 1, StreamID 1, SubstreamID 1, address 8, flags 1 */
    kConsumePages, /**< the PRI queue */
    kFar32,        /**< a write to any page: offset 3, value 4 */
    kFar64,        /**< offset 3, value 8 */
    kFarRead,      /**< offset 3, size 1 */
    kStartQueue,   /**< one more command queue, as its driver does: number 1, mode 1 */
    kQueueCommand, /**< number 1, two words 16 */
    kQueueRepair,  /**< acknowledges its error: number 1 */
    kOperations,
};

/* Flags of a request. */
constexpr unsigned kIsWrite = 1;
constexpr unsigned kIsFetch = 2;
constexpr unsigned kIsPrivileged = 4;
constexpr unsigned kHasSubstream = 8;
constexpr unsigned kNoStream = 16;
constexpr unsigned kNoWrite = 1u << 11;

/* Bytes of the header after the first four; all are 0 in an SMMU without any of this. */
constexpr unsigned kAts = 1;
constexpr unsigned kPri = 2;
constexpr unsigned kPps = 8;
constexpr unsigned kAtsCheck = 32;

/** Of the seeds: ATS and PRI, all of it; two control pages of two queues and two virtual ones of two interfaces. */
constexpr unsigned kAllProtocols = 0x0f;
constexpr unsigned kAllQueues = 0x67;
constexpr unsigned kDistinctQueues = 16;
constexpr unsigned kExtraBits = 4; /**< log2 of the entries of one of them */

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

/* ---- Seeds ---- */

/** A header: preset 0, what the bytes choose; no stalls unless asked for. */
Writer header(unsigned stages = 1 << 5, unsigned memory = 0, unsigned caches = 0, unsigned preset = 0)
{
    Writer w;

    w.put(preset, 1).put(stages, 1).put(memory, 1).put(caches, 1).put(0, 4);
    return w;
}

/** The same with ATS, PRI, command queues, and an endpoint. */
Writer header_ats(unsigned protocols, unsigned queues = 0, unsigned endpoint = 0, unsigned stages = 1 << 5,
                  unsigned preset = 0)
{
    Writer w;

    w.put(preset, 1).put(stages, 1).put(0x20, 1).put(0, 1);
    w.put(protocols, 1).put(queues, 1).put(endpoint, 1).put(0, 1);
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

/** Translation requests and translated transactions of each stream, page requests, and their responses. */
Writer &touch_ats(Writer &w)
{
    for (uint32_t sid : {0x10u, 0x11u, 0x12u, 0x13u}) {
        for (unsigned page : {1u, 2u, 3u, 0x200u}) {
            const uint64_t address = UINT64_C(0x40000000) + page * UINT64_C(4096);

            request(w, sid, address, 3u << 7 | 1u << 5 | (page & 1) * kNoWrite);
            request(w, sid, 0x80000000 + page * UINT64_C(4096), 2u << 7 | 2u << 5 | (page & 1));
        }
        w.put(kPage, 1).put(sid, 1).put(0, 1).put(0x40001, 5).put(sid, 1).put(5, 1);
        w.put(kPage, 1).put(sid, 1).put(0, 1).put(0x40002, 5).put(sid, 1).put(4 | 8, 1);
    }
    return w.put(kSettle, 1).put(kConsume, 1).put(kConsumePages, 1);
}

void add_ats(std::vector<Seed> &list)
{
    for (unsigned endpoint = 0; endpoint < 4; endpoint++) {
        for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
            for (unsigned check : {0u, kAtsCheck}) {
                Writer w = header_ats(kAllProtocols | check, 0, endpoint | 32, check != 0 ? 0 : 1 << 5, preset);

                touch_ats(w);
                command(w, UINT64_C(0x1000000040), 52);
                command(w, UINT64_C(0x1200000040), 0x40001000);
                command(w, UINT64_C(0x1000000041), UINT64_C(0x2000000010)).put(kRepair, 1);
                w.put(kMessage, 1).put(SIM_ATS_INVALIDATE_COMPLETION, 1).put(0x10, 1).put(0, 1);
                w.put(UINT64_C(0x1ffffffff), 8).put(0, 1);
                reg(w, 0x20, 0);
                touch_ats(w);
                list.push_back({std::string("ats-") + smmu_presets[preset] + "-" + std::to_string(endpoint) +
                                    (check != 0 ? "-checked" : ""),
                                w.bytes()});
            }
        }
    }
    /* A PRI queue that nobody empties overflows; one that is disabled; messages of every code. */
    Writer full = header_ats(kAllProtocols);

    for (unsigned i = 0; i < 12; i++) {
        full.put(kPage, 1).put(0x10, 1).put(i, 1).put(i, 5).put(i, 1).put(i & 1 ? 5 : 0xb, 1);
    }
    full.put(kSettle, 1);
    reg(full, 0x20, 0xd);
    touch_ats(full);
    list.push_back({"pri-overflow", full.bytes()});
    Writer codes = header_ats(kAllProtocols);

    for (unsigned code = 0; code < 8; code++) {
        codes.put(kMessage, 1).put(code, 1).put(0x10, 1).put(0, 1).put(~UINT64_C(0), 8).put(code << 3, 1);
    }
    list.push_back({"ats-codes", codes.bytes()});
}

/** Faults that stall, what resumes and ends them, page requests checked for PPAR, SMMUEN = 0 with all of it. */
void add_stalls(std::vector<Seed> &list)
{
    for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
        Writer w = header_ats(kAllProtocols & ~kPps, 0, 0, 0, preset);

        w.put(kCd, 1).put(0, 1).put(UINT64_C(1) << 44, 8);
        ste(w, 0x10, 1, UINT64_C(1) << 18);
        command(w, UINT64_C(0x1000000003), 1);
        for (unsigned i = 0; i < 20; i++) {
            request(w, 0x10, 0x50000000 + i * UINT64_C(4096), (2u << 7) | (i & 1));
        }
        w.put(kSettle, 1);
        for (unsigned tag = 0; tag < 4; tag++) {
            command(w, UINT64_C(0x1000000044) | (tag & 1) << 12, tag);
        }
        w.put(kConsume, 1);
        for (unsigned i = 0; i < 12; i++) {
            w.put(kPage, 1).put(0x10, 1).put(0, 1).put(i, 5).put(i, 1).put(8 | 5, 1);
        }
        w.put(kSettle, 1);
        touch_ats(w);
        command(w, UINT64_C(0x1000000045), 0);
        request(w, 0x10, 0x50000000);
        w.put(kSettle, 1);
        reg(w, 0x20, 0);
        touch_ats(w);
        list.push_back({std::string("stalls-") + smmu_presets[preset], w.bytes()});
    }
}

void add_queues(std::vector<Seed> &list)
{
    for (unsigned mode = 0; mode < 3; mode++) {
        Writer w = header_ats(kAllProtocols, kAllQueues, mode);

        for (unsigned number = 0; number < 8; number++) {
            w.put(kStartQueue, 1).put(number, 1).put(mode, 1);
            for (uint64_t word0 : {UINT64_C(0x0007000100000011), UINT64_C(0x1000000040), UINT64_C(0x46),
                                   UINT64_C(0x1000000003), UINT64_C(0xf0)}) {
                w.put(kQueueCommand, 1).put(number, 1).put(word0, 8).put(52, 8);
            }
        }
        touch_ats(w);
        for (unsigned number = 0; number < 8; number++) {
            w.put(kQueueRepair, 1).put(number, 1);
            w.put(kFar32, 1).put(0x40000 + 0x10008 + 0x80 * number, 3).put(0, 4);
            w.put(kFar32, 1).put(0x20008 + 0x8000 * number, 3).put(number, 4);
        }
        list.push_back({"queues-" + std::to_string(mode), w.bytes()});
    }
    Writer sweep = header_ats(0, kAllQueues);

    for (uint64_t page : {0x4000u, 0x20000u, 0x40000u, 0x40200u, 0x41000u, 0x410c0u, 0x50000u, 0x60000u, 0x70000u}) {
        for (uint64_t offset = 0; offset < 0x28; offset += 4) {
            sweep.put(kFarRead, 1).put(page + offset, 3).put(2, 1);
            sweep.put(kFar32, 1).put(page + offset, 3).put(0xffffffff, 4);
        }
    }
    list.push_back({"queues-sweep", sweep.bytes()});
}

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

std::vector<Seed> seeds()
{
    std::vector<Seed> list;

    add_commands(list);
    add_structures(list);
    add_registers(list);
    add_tables(list);
    add_ats(list);
    add_stalls(list);
    add_queues(list);
    return list;
}

} // namespace fuzz
