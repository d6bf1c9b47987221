/*
 * ITS and redistributors over registers, commands, tables and MSIs. An input is a header of 4 bytes, which chooses what
 * is built, and then operations: one byte for which, and its operands.
 */
#include "tests/fuzz/target.h"
#include "tests/gic/virtual_system.h"

#include "gtest/gtest.h"

#include <memory>

namespace fuzz
{

namespace
{

using gic_test::kConfigTable;
using gic_test::kDeviceTable;
using gic_test::kItsBase;
using gic_test::kItts;
using gic_test::kMemoryBase;
using gic_test::kPendingTables;
using gic_test::kQueue;
using gic_test::kRdBase;
using gic_test::Options;
using gic_test::VirtualSystem;

constexpr unsigned kMost = 200;
constexpr uint32_t kRds = 2;

enum Operation : uint8_t {
    kItsWrite, /**< ITS 1, offset 3, size 1, value 8 */
    kRdWrite,  /**< redistributor 1, offset 3, size 1, value 8 */
    kItsRead,  /**< ITS 1, offset 3, size 1 */
    kRdRead,   /**< redistributor 1, offset 3, size 1 */
    kRaw,      /**< ITS 1, command 32 */
    kCommand,  /**< ITS 1, opcode 1, device 1, event 1, INTID 2, collection 1, target 1, size 1, flags 1 */
    kMsi,      /**< ITS 1, device 1, event 1, flags 1 */
    kMemory,   /**< region 1, word 2, mask 8: exclusive or */
    kWait,     /**< nanoseconds 2 */
    kSettle,
    kAcknowledge, /**< redistributor 1, times 1 */
    kResidency,   /**< redistributor 1, vPE 1, flags 1 */
    kRetry,       /**< ITS 1 */
    kOperations,
};

/** GICv3, or one of the ways of GICv4. */
gic_test::Kind kind_of(unsigned number)
{
    const gic_test::Kind none = {"v3", GIC_VIRTUAL_NONE, false, 0};

    number %= static_cast<unsigned>(gic_test::kinds().size()) + 1;
    return number == 0 ? none : gic_test::kinds()[number - 1];
}

/** What the header chooses. */
Options configure(Reader &in, gic_test::Kind &kind)
{
    const uint8_t its = in.u8();
    const uint8_t caches = in.u8();
    Options options;

    options.its_count = (its & 1) != 0 ? 2 : 1;
    options.rd_count = kRds;
    options.keep_log = false;
    options.its.stall_on_error = (its & 2) != 0;
    options.its.event_bits = (its & 4) != 0 ? 5 : 16;
    options.its.device_bits = (its & 8) != 0 ? 8 : 16;
    options.its.intid_bits = 14;
    options.rd.intid_bits = 14;
    options.its.slots = (its & 16) != 0 ? 1 : 8;
    options.lpi_credits = (its & 32) != 0 ? 1 : 4;
    options.its.umsi = (its & 64) != 0;
    options.its.flat_tables = (its & 128) != 0;
    if ((caches & 1) != 0) {
        options.its.event_cache_entries = 0;
        options.its.device_cache_entries = 0;
        options.its.collection_cache_entries = 0;
        options.rd.config_cache_entries = 0;
    }
    kind = kind_of(caches >> 4);
    options.rd.direct_lpi = (caches & 8) != 0;
    options.rd.invalidate_registers = (caches & 8) != 0;
    options.its.chip_collections = (caches & 2) != 0 ? 1 : 0;
    options.its.collection_bits = (caches & 4) != 0 ? 4 : 16;
    return options;
}

class Machine
{
  public:
    Machine(Reader &in, const gic_test::Kind &kind, const Options &options)
        : in_(in), s_(support::engines()[0], kind, options), options_(options)
    {
        const uint8_t set_up = in.u8();

        in.u8();
        if ((set_up & 1) == 0) {
            if (kind.version == GIC_VIRTUAL_NONE) {
                s_.bring_up();
            } else {
                start_virtual();
            }
            for (uint32_t its = 0; its < options_.its_count; its++) {
                s_.map_device(1, 4, its);
                s_.map_event(1, 0, 8192 + its, 0, its);
                s_.map_event(1, 3, 8200 + its, 1, its);
            }
        }
    }

    void run()
    {
        for (unsigned i = 0; i < kMost && !in_.done(); i++) {
            step(static_cast<Operation>(in_.u8() % kOperations));
        }
        settle();
    }

  private:
    /** Two vPEs, the first one resident, with an interrupt each. */
    void start_virtual()
    {
        s_.start();
        for (uint32_t vpe = 1; vpe <= 2; vpe++) {
            s_.map_vpe(vpe, vpe - 1, 8300 + vpe);
        }
        for (uint32_t its = 0; its < options_.its_count; its++) {
            s_.map_device(2, 4, its);
            s_.command(gic_test::vmapti(2, 0, 1, 8192, GIC_NO_DOORBELL), its);
            s_.command(gic_test::vmapti(2, 3, 2, 8195, GIC_NO_DOORBELL), its);
        }
        s_.write_residency(0, 1, true);
        settle();
    }

    uint32_t its()
    {
        return in_.u8() % options_.its_count;
    }

    void settle()
    {
        if (sim_run(s_.sim, sim_now(s_.sim) + SIM_S) != SIM_RUN_DRAINED) {
            fail("the GIC never comes to rest");
        }
    }

    /** A register access, aligned, within @p window. */
    void access(bus_driver *driver, bool write, uint64_t base, uint32_t window)
    {
        const uint64_t offset = in_.take(3) % window;
        const uint32_t bytes = 1u << (in_.u8() & 3);
        const uint64_t value = write ? in_.u64() : 0;
        const uint64_t address = base + (offset & ~static_cast<uint64_t>(bytes - 1));

        if (write) {
            bus_driver_write(driver, 0, address, value, bytes);
        } else {
            bus_driver_read(driver, 0, address, bytes);
        }
    }

    void put_raw()
    {
        const uint32_t index = its();
        uint8_t bytes[ITS_COMMAND_BYTES];

        for (uint8_t &byte : bytes) {
            byte = in_.u8();
        }
        settle();
        s_.put_bytes(bytes, index);
        kick(index, 0);
    }

    void put_command()
    {
        const uint32_t index = its();
        its_command command = {};
        uint8_t bytes[ITS_COMMAND_BYTES];

        command.opcode = in_.u8() & 0x2f;
        command.device_id = in_.u8();
        command.event_id = in_.u8();
        command.intid = in_.u16();
        command.collection = in_.u8();
        command.target = in_.u8();
        command.target2 = command.device_id % 4;
        command.size = in_.u8() & 0x1f;
        command.valid = (in_.u8() & 1) != 0;
        command.virt.vpe = static_cast<uint16_t>(command.collection % 4u);
        command.virt.intid = command.intid;
        command.virt.doorbell = (command.size & 16) != 0 ? GIC_NO_DOORBELL : command.intid;
        command.virt.table = s_.vpt(command.virt.vpe);
        command.virt.table_size = 13;
        command.virt.configuration = kConfigTable;
        command.virt.allocate = (command.size & 1) != 0;
        command.virt.table_zero = (command.size & 2) != 0;
        command.virt.its_list = static_cast<uint16_t>(command.event_id);
        command.virt.sgi = command.event_id % 16;
        command.virt.enable = command.valid;
        command.itt_address = kItts + (command.device_id % 16u) * 0x10000;
        its_command_encode(&command, bytes);
        settle();
        s_.put_bytes(bytes, index);
        kick(index, 0);
    }

    void kick(uint32_t index, uint64_t flags)
    {
        bus_driver_write(s_.its_cpus[index], 0, kItsBase + index * UINT64_C(0x40000) + GITS_CWRITER,
                         s_.next_command(index) | flags, 8);
    }

    void send_msi()
    {
        const uint32_t index = its();
        const uint32_t device = in_.u8();
        const uint32_t event = in_.u8();
        const uint8_t flags = in_.u8();

        s_.msi(device, event, index, 0, (flags & 1) != 0 ? 2 : 4, (flags & 2) != 0 ? 0 : SIM_FLAG_HAS_DEVICE_ID);
    }

    /** Changes a word of what the models keep in memory, or of the queue. */
    void change()
    {
        static const uint64_t regions[] = {
            kQueue,       kDeviceTable,   gic_test::kCollectionTable, kItts, kItts + 0x10000,
            kConfigTable, kPendingTables, kPendingTables + 0x100000};
        const uint64_t region = regions[in_.u8() % (sizeof(regions) / sizeof(regions[0]))];
        const uint64_t address = region + in_.u16() % 512 * 8;

        memory_write64(s_.memory, address, memory_read64(s_.memory, address) ^ in_.u64());
    }

    void step(Operation operation)
    {
        switch (operation) {
        case kItsWrite:
        case kItsRead: {
            const uint32_t index = its();

            access(s_.its_cpus[index], operation == kItsWrite, kItsBase + index * UINT64_C(0x40000), GITS_VIRTUAL_SIZE);
            break;
        }
        case kRdWrite:
        case kRdRead: {
            const uint32_t index = in_.u8() % kRds;

            access(s_.rd_cpus[index], operation == kRdWrite, s_.rd_base(index), GICR_VIRTUAL_SIZE);
            break;
        }
        case kRaw:
            put_raw();
            break;
        case kCommand:
            put_command();
            break;
        case kMsi:
            send_msi();
            break;
        case kMemory:
            change();
            break;
        default:
            step_on(operation);
            break;
        }
    }

    void step_on(Operation operation)
    {
        switch (operation) {
        case kWait:
            sim_run(s_.sim, sim_now(s_.sim) + in_.u16() * SIM_NS);
            break;
        case kSettle:
            settle();
            break;
        case kAcknowledge: {
            const uint32_t index = in_.u8() % kRds;

            s_.pes[index]->acknowledge(in_.u8() % 4u);
            break;
        }
        case kResidency: {
            const uint32_t rd = in_.u8() % kRds;
            const uint32_t vpe = in_.u8() % 4u;
            const uint8_t flags = in_.u8();

            s_.write_residency(rd, vpe, (flags & 1) != 0, (flags & 2) != 0);
            break;
        }
        case kRetry:
            kick(its(), 1);
            break;
        default:
            break;
        }
    }

    Reader &in_;
    VirtualSystem s_;
    Options options_;
};

/* ---- Seeds ---- */

Writer header(unsigned its = 0, unsigned caches = 0, unsigned set_up = 0)
{
    Writer w;

    w.put(its, 1).put(caches, 1).put(set_up, 1).put(0, 1);
    return w;
}

Writer &command(Writer &w, unsigned opcode, unsigned device, unsigned event, unsigned intid, unsigned collection,
                unsigned target, unsigned size = 3, bool valid = true)
{
    return w.put(kCommand, 1)
        .put(0, 1)
        .put(opcode, 1)
        .put(device, 1)
        .put(event, 1)
        .put(intid, 2)
        .put(collection, 1)
        .put(target, 1)
        .put(size, 1)
        .put(valid ? 1 : 0, 1);
}

/** MSIs to what is mapped and to what is not, and acknowledges. */
Writer &signal(Writer &w)
{
    for (unsigned device : {1u, 2u, 200u}) {
        for (unsigned event : {0u, 3u, 40u}) {
            w.put(kMsi, 1).put(0, 1).put(device, 1).put(event, 1).put(event & 3, 1);
        }
    }
    return w.put(kAcknowledge, 1).put(0, 1).put(2, 1).put(kAcknowledge, 1).put(1, 1).put(2, 1).put(kSettle, 1);
}

Writer &write_register(Writer &w, Operation operation, uint32_t offset, unsigned log2, uint64_t value)
{
    return w.put(operation, 1).put(0, 1).put(offset, 3).put(log2, 1).put(value, 8);
}

void add_commands(std::vector<Seed> &list)
{
    /* Every opcode of GICv3 to v4.1 and unknown ones, with right and wrong operands; the cases its-cmd. */
    for (unsigned opcode = 0; opcode < 0x30; opcode++) {
        for (unsigned its : {0u, 2u, 0x39u}) {
            Writer w = header(its, opcode % 8);

            signal(w);
            for (unsigned valid : {1u, 0u}) {
                command(w, opcode, 1, 0, 8192, 0, 1, 3, valid != 0);
                signal(w);
                command(w, opcode, 1, 5, 8195, 1, 0, 31, valid != 0);
                command(w, opcode, 9, 60, 20, 77, 9, 15, valid != 0);
                w.put(kRetry, 1).put(0, 1);
            }
            signal(w);
            list.push_back({"command-" + std::to_string(opcode) + "-" + std::to_string(its), w.bytes()});
        }
    }
}

void add_registers(std::vector<Seed> &list)
{
    Writer its = header(0, 0, 1);
    Writer rd = header(0, 0, 0);

    for (uint32_t offset : {0x0u, 0x4u, 0x8u, 0x40u, 0x80u, 0x88u, 0x90u, 0x100u, 0x108u, 0x110u, 0x138u, 0xffe8u}) {
        for (uint64_t value : {UINT64_C(0), UINT64_MAX, UINT64_C(0x8000000080000001), UINT64_C(0x80000000)}) {
            write_register(its, kItsWrite, offset, 3, value);
            its.put(kItsRead, 1).put(0, 1).put(offset, 3).put(2, 1);
        }
    }
    signal(its);
    list.push_back({"its-registers", its.bytes()});
    for (uint32_t offset :
         {0x0u, 0x4u, 0x8u, 0x14u, 0x40u, 0x48u, 0x70u, 0x78u, 0xa0u, 0xb0u, 0xc0u, 0x20070u, 0x20078u}) {
        for (uint64_t value : {UINT64_C(0), UINT64_C(1), UINT64_MAX, UINT64_C(8192)}) {
            write_register(rd, kRdWrite, offset, 3, value);
            write_register(rd, kRdWrite, offset, 2, value);
            rd.put(kRdRead, 1).put(0, 1).put(offset, 3).put(3, 1);
        }
        signal(rd);
    }
    list.push_back({"redistributor-registers", rd.bytes()});
}

void add_tables(std::vector<Seed> &list)
{
    for (unsigned region = 0; region < 8; region++) {
        for (unsigned caches : {0u, 1u}) {
            Writer w = header(region << 1 & 0x30, caches);

            for (unsigned bit = 0; bit < 64; bit += 3) {
                w.put(kMemory, 1).put(region, 1).put(bit % 9, 2).put(UINT64_C(1) << bit, 8);
                signal(w);
                command(w, 0x0c, 1, 0, 0, 0, 0);
            }
            list.push_back({"tables-" + std::to_string(region) + "-" + std::to_string(caches), w.bytes()});
        }
    }
}

void add_pending(std::vector<Seed> &list)
{
    Writer w = header();

    /* LPIs switched off and on with some of them pending; MOVALL, MOVI of pending ones. */
    for (unsigned i = 0; i < 6; i++) {
        w.put(kMsi, 1).put(0, 1).put(1, 1).put(i % 2 == 0 ? 0 : 3, 1).put(0, 1).put(kWait, 1).put(30 * i, 2);
        write_register(w, kRdWrite, 0, 2, i & 1);
        command(w, 0x01, 1, 0, 0, i & 1, 0);
        command(w, 0x0e, i, 0, 0, 0, i & 1);
        command(w, 0x05, 0, 0, 0, 0, i & 1);
    }
    signal(w);
    list.push_back({"pending-moves", w.bytes()});
}

/** Virtual interrupts of both vPEs, which come and go, and every command on them. */
void add_virtual(std::vector<Seed> &list)
{
    for (unsigned kind = 1; kind <= gic_test::kinds().size(); kind++) {
        for (unsigned opcode : {0x21u, 0x22u, 0x23u, 0x25u, 0x29u, 0x2au, 0x2bu, 0x2du, 0x2eu}) {
            Writer w = header(kind % 2, kind << 4);

            for (unsigned i = 0; i < 6; i++) {
                signal(w);
                w.put(kResidency, 1).put(i % 2, 1).put(1 + i / 2 % 2, 1).put(i % 4, 1).put(kWait, 1).put(40 * i, 2);
                command(w, opcode, 2, i % 2 == 0 ? 0 : 3, 8192 + i, 1 + i % 2, i % 2, i, i != 4);
                command(w, 0x25, 0, 0, 0, 1, 0);
            }
            signal(w);
            list.push_back({"virtual-" + std::to_string(kind) + "-" + std::to_string(opcode), w.bytes()});
        }
    }
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    Reader in(data, size);
    gic_test::Kind kind = kind_of(0);
    const Options options = configure(in, kind);
    const auto machine = std::make_unique<Machine>(in, kind, options);

    machine->run();
}

std::vector<Seed> seeds()
{
    std::vector<Seed> list;

    add_commands(list);
    add_registers(list);
    add_tables(list);
    add_pending(list);
    add_virtual(list);
    return list;
}

} // namespace fuzz
