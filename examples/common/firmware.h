/*
 * The least that software has to do so that devices behind an SMMU can send MSIs to an ITS: tables in memory,
 * registers, commands. It reaches registers by blocking accesses, as a PE does, and its tables by debug accesses, as if
 * they were in its cache. Runs in an SC_THREAD.
 *
 * Of Doorbell it uses the register maps only.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_FIRMWARE_H
#define DOORBELL_EXAMPLES_COMMON_FIRMWARE_H

#include "examples/common/initiator.h"

#include "models/gic-its/its_commands.h"
#include "models/gic-its/its_registers.h"
#include "models/gic-its/redistributor_registers.h"
#include "models/smmuv3/smmu_regs.h"

#include <map>
#include <stdexcept>
#include <string>

namespace example
{

class firmware
{
  public:
    /** @param next first byte of memory that is free for tables, a multiple of 64 KiB */
    firmware(initiator &pe, uint64_t next) : pe_(pe), next_(next)
    {
    }

    /** Zeroed memory. @param align a power of two */
    uint64_t take(uint64_t bytes, uint64_t align)
    {
        next_ = (next_ + align - 1) & ~(align - 1);
        const uint64_t address = next_;
        next_ += bytes;
        return address;
    }

    void store(uint64_t address, uint64_t value)
    {
        if (pe_.debug(tlm::TLM_WRITE_COMMAND, address, &value, sizeof(value)) != sizeof(value)) {
            throw std::runtime_error("no memory at " + std::to_string(address));
        }
    }

    uint64_t load(uint64_t address)
    {
        uint64_t value = 0;

        pe_.debug(tlm::TLM_READ_COMMAND, address, &value, sizeof(value));
        return value;
    }

    /* ---- SMMU: linear stream table, stage 1 with 4 KiB pages and 48-bit addresses ---- */

    struct smmu {
        uint64_t base;
        uint64_t stream_table;
        uint64_t queue;
        uint32_t producer = 0;
        uint16_t next_asid = 1;
    };

    static constexpr unsigned kStreamBits = 16;
    static constexpr unsigned kQueueBits = 6;
    static constexpr unsigned kEventBits = 6;

    /** Enables an SMMU: what has no stream table entry aborts. */
    smmu start_smmu(uint64_t base)
    {
        smmu unit;

        unit.base = base;
        unit.stream_table = take(uint64_t{64} << kStreamBits, uint64_t{64} << kStreamBits);
        unit.queue = take(16u << kQueueBits, 16u << kQueueBits);
        const uint64_t events = take(32u << kEventBits, 32u << kEventBits);
        write_control(unit, 0);
        pe_.write32(base + SMMU_CR1, 0xd75);
        pe_.write64(base + SMMU_STRTAB_BASE, unit.stream_table);
        pe_.write32(base + SMMU_STRTAB_BASE_CFG, kStreamBits);
        pe_.write64(base + SMMU_CMDQ_BASE, unit.queue | kQueueBits);
        pe_.write32(base + SMMU_CMDQ_PROD, 0);
        pe_.write32(base + SMMU_CMDQ_CONS, 0);
        pe_.write64(base + SMMU_EVENTQ_BASE, events | kEventBits);
        pe_.write32(base + SMMU_EVENTQ_PROD, 0);
        pe_.write32(base + SMMU_EVENTQ_CONS, 0);
        write_control(unit, 0x8); /* CMDQEN */
        command(unit, 0x04, 31);  /* CMD_CFGI_ALL */
        command(unit, 0x30, 0);   /* CMD_TLBI_NSNH_ALL */
        synchronise(unit);
        write_control(unit, 0x8 | 0x4 | 1); /* EVENTQEN, SMMUEN */
        return unit;
    }

    /** Makes a context: an address space. @return the address of its CD */
    uint64_t make_context(smmu &unit)
    {
        const uint64_t context = take(64, 64);
        const uint64_t root = take(4096, 4096);
        uint64_t word = 16 | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12; /* T0SZ, write-back, shareable */

        word |= UINT64_C(1) << 30 | UINT64_C(1) << 31;                     /* EPD1, V */
        word |= UINT64_C(5) << 32 | UINT64_C(1) << 41;                     /* IPS: 48 bits, AA64 */
        word |= UINT64_C(1) << 45 | UINT64_C(1) << 46 | UINT64_C(1) << 47; /* R, A, ASET */
        word |= static_cast<uint64_t>(unit.next_asid++) << 48;
        store(context + 8, root);
        store(context + 24, 0x4ff); /* MAIR: 0 normal write-back, 1 device */
        store(context, word);
        return context;
    }

    /** Maps one page of a context. */
    void map(uint64_t context, uint64_t iova, uint64_t physical, bool writable = true)
    {
        uint64_t table = load(context + 8);

        for (unsigned level = 0; level < 3; level++) {
            const uint64_t entry = table + 8 * (iova >> (39 - 9 * level) & 0x1ff);

            if ((load(entry) & 1) == 0) {
                store(entry, take(4096, 4096) | 3);
            }
            table = load(entry) & UINT64_C(0xfffffffff000);
        }
        /* A page of this ASID's with AF, inner shareable, unprivileged access. */
        store(table + 8 * (iova >> 12 & 0x1ff),
              physical | 3 | 1u << 11 | 1u << 10 | 3u << 8 | 1u << 6 | (writable ? 0u : 1u << 7));
    }

    void unmap(smmu &unit, uint64_t context, uint64_t iova)
    {
        uint64_t table = load(context + 8);

        for (unsigned level = 0; level < 3; level++) {
            table = load(table + 8 * (iova >> (39 - 9 * level) & 0x1ff)) & UINT64_C(0xfffffffff000);
        }
        store(table + 8 * (iova >> 12 & 0x1ff), 0);
        command(unit, 0x30, 0); /* CMD_TLBI_NSNH_ALL */
        synchronise(unit);
    }

    /** Gives a StreamID a context. @param eats STE.EATS: 1 allows ATS */
    void attach(smmu &unit, uint32_t stream_id, uint64_t context, unsigned eats = 0)
    {
        const uint64_t entry = unit.stream_table + uint64_t{64} * stream_id;

        store(entry + 8, UINT64_C(1) << 44 | static_cast<uint64_t>(eats) << 28); /* SHCFG: as it comes */
        store(entry, 1 | 5u << 1 | context);                                     /* V, Config: stage 1 */
        command(unit, 0x03 | static_cast<uint64_t>(stream_id) << 32, 1);         /* CMD_CFGI_STE, leaf */
        synchronise(unit);
    }

    void synchronise(smmu &unit)
    {
        command(unit, 0x46, 0); /* CMD_SYNC */
        while ((pe_.read32(unit.base + SMMU_CMDQ_CONS) & ((2u << kQueueBits) - 1)) != unit.producer) {
        }
    }

    void command(smmu &unit, uint64_t low, uint64_t high)
    {
        const uint64_t at = unit.queue + 16 * (unit.producer & ((1u << kQueueBits) - 1));

        store(at, low);
        store(at + 8, high);
        unit.producer = (unit.producer + 1) & ((2u << kQueueBits) - 1);
        pe_.write32(unit.base + SMMU_CMDQ_PROD, unit.producer);
    }

    /* ---- GIC ---- */

    static constexpr unsigned kIntidBits = 16;

    /** Enables LPIs at a redistributor; all of them share one configuration table. */
    void start_redistributor(uint64_t base)
    {
        if (lpi_table_ == 0) {
            lpi_table_ = take((uint64_t{1} << kIntidBits) - 8192, 4096);
        }
        pe_.write64(base + GICR_PROPBASER, lpi_table_ | (kIntidBits - 1));
        pe_.write64(base + GICR_PENDBASER, take((uint64_t{1} << kIntidBits) / 8, 65536) | UINT64_C(1) << 62); /* PTZ */
        pe_.write32(base + GICR_CTLR, 1);
    }

    struct its {
        uint64_t base;
        uint64_t queue;
        uint64_t devices = 0; /**< first level of the device table */
        uint64_t written = 0;
    };

    /** Enables an ITS: a device table of two levels, one page of collections; collection n leads to PE n. */
    its start_its(uint64_t base, unsigned pes)
    {
        its unit;

        unit.base = base;
        unit.queue = take(4096, 4096);
        for (unsigned i = 0; i < GITS_BASERS; i++) {
            const uint64_t type = pe_.read64(base + GITS_BASER(i)) >> 56 & 7;
            const uint64_t indirect = type == GITS_BASER_TYPE_DEVICE ? UINT64_C(1) << 62 : 0;

            if (type == GITS_BASER_TYPE_DEVICE || type == GITS_BASER_TYPE_COLLECTION) {
                const uint64_t table = take(4096, 4096);

                unit.devices = type == GITS_BASER_TYPE_DEVICE ? table : unit.devices;
                pe_.write64(base + GITS_BASER(i), UINT64_C(1) << 63 | indirect | table);
            }
        }
        pe_.write64(base + GITS_CBASER, UINT64_C(1) << 63 | unit.queue);
        pe_.write64(base + GITS_CWRITER, 0);
        pe_.write32(base + GITS_CTLR, 1);
        for (unsigned i = 0; i < pes; i++) {
            its_command map = {};

            map.opcode = ITS_COMMAND_MAPC;
            map.valid = true;
            map.collection = static_cast<uint16_t>(i);
            map.target = i;
            issue(unit, map);
        }
        return unit;
    }

    /** Gives a DeviceID an interrupt translation table of 2^@p event_bits events. */
    void map_device(its &unit, uint32_t device_id, unsigned event_bits)
    {
        const uint64_t entry = unit.devices + 8 * (device_id / 512); /* 8 bytes a device, 4 KiB a page */
        its_command map = {};

        if (load(entry) == 0) {
            store(entry, UINT64_C(1) << 63 | take(4096, 4096));
        }
        map.opcode = ITS_COMMAND_MAPD;
        map.valid = true;
        map.device_id = device_id;
        map.size = static_cast<uint8_t>(event_bits - 1);
        map.itt_address = take(uint64_t{16} << event_bits, 256);
        issue(unit, map);
    }

    /** Makes an event an LPI at a PE, and waits until that holds. @return the INTID */
    uint32_t map_event(its &unit, uint32_t device_id, uint32_t event_id, unsigned pe)
    {
        const uint32_t intid = next_intid_++;
        its_command map = {};
        its_command sync = {};
        uint8_t configuration = 0xa0 | 1; /* priority, enabled */

        pe_.debug(tlm::TLM_WRITE_COMMAND, lpi_table_ + intid - 8192, &configuration, 1);
        map.opcode = ITS_COMMAND_MAPTI;
        map.device_id = device_id;
        map.event_id = event_id;
        map.intid = intid;
        map.collection = static_cast<uint16_t>(pe);
        issue(unit, map);
        map.opcode = ITS_COMMAND_INV;
        issue(unit, map);
        sync.opcode = ITS_COMMAND_SYNC;
        sync.target = pe;
        issue(unit, sync);
        while (pe_.read64(unit.base + GITS_CREADR) != unit.written) {
        }
        return intid;
    }

    void issue(its &unit, const its_command &command)
    {
        uint8_t bytes[ITS_COMMAND_BYTES];

        its_command_encode(&command, bytes);
        pe_.debug(tlm::TLM_WRITE_COMMAND, unit.queue + unit.written, bytes, sizeof(bytes));
        unit.written = (unit.written + sizeof(bytes)) % 4096;
        pe_.write64(unit.base + GITS_CWRITER, unit.written);
    }

  private:
    void write_control(const smmu &unit, uint32_t value)
    {
        pe_.write32(unit.base + SMMU_CR0, value);
        while (pe_.read32(unit.base + SMMU_CR0ACK) != value) {
        }
    }

    initiator &pe_;
    uint64_t next_;
    uint64_t lpi_table_ = 0;
    uint32_t next_intid_ = 8192;
};

} // namespace example

#endif
