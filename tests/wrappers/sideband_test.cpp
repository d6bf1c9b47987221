/*
 * What doorbell::smmu makes of the sideband of a transaction: InD and PnU against the permissions of a page, SSV and
 * SubstreamID against the table of context descriptors, and what holds without a sideband. Debug accesses must be
 * answered as real ones are.
 */
#include "tests/wrappers/smmu_platform.h"

#include <array>

namespace
{

using doorbell::sideband;
using wrappers_test::kMemory;
using wrappers_test::kRegisters;
using wrappers_test::kStream;
using wrappers_test::Platform;

constexpr uint64_t kPage = 0x1000;                 /* where devices see ... */
constexpr uint64_t kPhysical = kMemory + 0x800000; /* ... this */
constexpr uint64_t kEventProducer = 0x100a8;       /* SMMU_EVENTQ_PROD, in page 1 (6.3.29) */
constexpr uint64_t kEventBase = UINT64_C(0xa0);    /* SMMU_EVENTQ_BASE */
constexpr uint64_t kAddressMask = 0xffffffffffe0;  /* of SMMU_EVENTQ_BASE and of table descriptors' bits below 5 */
constexpr uint64_t kTableMask = UINT64_C(0xfffffffff000);
constexpr uint64_t kPermissions = UINT64_C(3) << 6 | UINT64_C(3) << 53; /* AP[2:1], PXN and UXN of a leaf */

/* An event record (7.3), as software finds it in the queue. */
struct Event {
    unsigned type;
    bool ssv;
    uint32_t ssid;
    uint32_t sid;
    bool privileged;
    bool instruction;
    bool read;
};

/* A platform in which software has mapped a page for the device. */
struct Machine : Platform {
    Machine() : Platform(told_outcomes())
    {
    }

    static doorbell::smmu::options told_outcomes()
    {
        doorbell::smmu::options how = with_stream();

        how.write_outcomes = true;
        return how;
    }

    void start()
    {
        unit = software.start_smmu(kRegisters);
        context = software.make_context(unit);
        software.map(context, kPage, kPhysical);
        software.attach(unit, kStream, context);
    }

    /* Changes the leaf descriptor of the page, and lets nobody keep the old one. */
    void set_permissions(unsigned ap, bool uxn, bool pxn)
    {
        uint64_t table = software.load(context + 8);

        for (unsigned level = 0; level < 3; level++) {
            table = software.load(table + 8 * (kPage >> (39 - 9 * level) & 0x1ff)) & kTableMask;
        }
        const uint64_t at = table + 8 * (kPage >> 12 & 0x1ff);
        const uint64_t bits = uint64_t{ap} << 6 | uint64_t{pxn} << 53 | uint64_t{uxn} << 54;

        software.store(at, (software.load(at) & ~kPermissions) | bits);
        software.command(unit, 0x30, 0); /* CMD_TLBI_NSNH_ALL */
        software.synchronise(unit);
    }

    /* The words of the stream table entry that say which bits are set, and which CD table there is. */
    void set_entry(uint64_t low, uint64_t high)
    {
        const uint64_t entry = unit.stream_table + uint64_t{64} * kStream;

        software.store(entry, low);
        software.store(entry + 8, high);
        software.command(unit, 0x03 | static_cast<uint64_t>(kStream) << 32, 1); /* CMD_CFGI_STE, leaf */
        software.synchronise(unit);
    }

    /* An access, without time if so asked. @return whether it was let through */
    bool access(tlm::tlm_command command, const sideband *beside, bool debug = false, uint64_t address = kPage + 0x10)
    {
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;

        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&data));
        payload.set_data_length(sizeof(data));
        payload.set_streaming_width(sizeof(data));
        if (beside != nullptr) {
            payload.set_extension(const_cast<sideband *>(beside));
        }
        bool done;
        if (debug) {
            done = device.socket->transport_dbg(payload) == sizeof(data);
        } else {
            device.socket->b_transport(payload, delay);
            sc_core::wait(delay);
            done = payload.is_response_ok();
        }
        payload.clear_extension<sideband>();
        return done;
    }

    /* Records since the last call. */
    std::vector<Event> events()
    {
        const uint64_t queue = pe.read64(kRegisters + kEventBase) & kAddressMask;
        const uint32_t mask = (2u << example::firmware::kEventBits) - 1;
        std::vector<Event> found;

        sc_core::wait(wrappers_test::ns(2000)); /* records are written behind the answer */
        const uint32_t end = pe.read32(kRegisters + kEventProducer) & mask;
        for (; consumed_ != end; consumed_ = (consumed_ + 1) & mask) {
            const uint64_t at = queue + 32 * (consumed_ & (mask >> 1));
            const uint64_t first = software.load(at);
            const uint64_t second = software.load(at + 8);

            found.push_back({static_cast<unsigned>(first & 0xff), (first >> 11 & 1) != 0,
                             static_cast<uint32_t>(first >> 12 & 0xfffff), static_cast<uint32_t>(first >> 32),
                             (second >> 33 & 1) != 0, (second >> 34 & 1) != 0, (second >> 35 & 1) != 0});
        }
        pe.write32(kRegisters + kEventProducer + 4, end); /* SMMU_EVENTQ_CONS */
        return found;
    }

    example::firmware::smmu unit = {};
    uint64_t context = 0;
    uint32_t data = 0;

  private:
    uint32_t consumed_ = 0;
};

sideband of_stream()
{
    sideband beside;

    beside.has_stream_id = true;
    beside.stream_id = kStream;
    return beside;
}

/*
 * Stage 1 permissions of the EL1&0 regime (Arm Architecture Reference Manual, "Stage 1 permissions"): by AP[2:1], UXN
 * and PXN what EL0 may do and what EL1 may do.
 */
struct Permission {
    unsigned ap;
    bool uxn;
    bool pxn;
    const char *unprivileged;
    const char *privileged;
};

constexpr std::array<Permission, 16> kTable = {{
    {0, false, false, "X", "RWX"},
    {0, false, true, "X", "RW"},
    {0, true, false, "", "RWX"},
    {0, true, true, "", "RW"},
    {1, false, false, "RWX", "RW"},
    {1, false, true, "RWX", "RW"},
    {1, true, false, "RW", "RW"},
    {1, true, true, "RW", "RW"},
    {2, false, false, "X", "RX"},
    {2, false, true, "X", "R"},
    {2, true, false, "", "RX"},
    {2, true, true, "", "R"},
    {3, false, false, "RX", "RX"},
    {3, false, true, "RX", "R"},
    {3, true, false, "R", "RX"},
    {3, true, true, "R", "R"},
}};

TEST(WrapperSideband, PrivilegeAndInstructionAreHeldAgainstThePagesPermissions)
{
    Machine machine;

    machine.run([&] {
        machine.start();
        for (const Permission &row : kTable) {
            machine.set_permissions(row.ap, row.uxn, row.pxn);
            for (const bool privileged : {false, true}) {
                for (const char kind : {'R', 'W', 'X'}) {
                    const std::string allowed = privileged ? row.privileged : row.unprivileged;
                    const bool expected = allowed.find(kind) != std::string::npos;
                    const tlm::tlm_command command = kind == 'W' ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
                    sideband beside = of_stream();

                    SCOPED_TRACE(testing::Message() << "AP " << row.ap << " UXN " << row.uxn << " PXN " << row.pxn
                                                    << (privileged ? " privileged " : " unprivileged ") << kind);
                    beside.privileged = privileged;
                    beside.instruction = kind == 'X';
                    EXPECT_EQ(machine.access(command, &beside), expected);
                    EXPECT_EQ(machine.access(command, &beside, true), expected);
                    const auto events = machine.events();
                    ASSERT_EQ(events.size(), expected ? 0u : 1u);
                    if (!expected) {
                        EXPECT_EQ(events[0].type, 0x13u); /* F_PERMISSION */
                        EXPECT_EQ(events[0].sid, kStream);
                        EXPECT_EQ(events[0].privileged, privileged);
                        EXPECT_EQ(events[0].instruction, kind == 'X');
                        EXPECT_EQ(events[0].read, kind != 'W');
                        EXPECT_FALSE(events[0].ssv);
                    }
                }
            }
        }
    });
}

TEST(WrapperSideband, AWriteIsNeverAnInstructionFetch)
{
    Machine machine;

    machine.run([&] {
        sideband beside = of_stream();

        machine.start();
        beside.instruction = true;
        machine.set_permissions(1, true, true); /* read and written by all, executed by nobody */
        EXPECT_TRUE(machine.access(tlm::TLM_WRITE_COMMAND, &beside));
        EXPECT_FALSE(machine.access(tlm::TLM_READ_COMMAND, &beside));
        machine.set_permissions(3, false, false); /* executed, not written */
        EXPECT_TRUE(machine.access(tlm::TLM_READ_COMMAND, &beside));
        machine.events();
        EXPECT_FALSE(machine.access(tlm::TLM_WRITE_COMMAND, &beside));
        const auto events = machine.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_FALSE(events[0].instruction); /* InD is 0 for writes (7.3) */
    });
}

/* STE.PRIVCFG and INSTCFG: what the device says of itself may be overruled (5.2). */
TEST(WrapperSideband, TheStreamTableEntryOverrulesPrivilegeAndInstruction)
{
    Machine machine;

    machine.run([&] {
        const auto reads = [&](bool privileged, bool instruction) {
            sideband beside = of_stream();

            beside.privileged = privileged;
            beside.instruction = instruction;
            return machine.access(tlm::TLM_READ_COMMAND, &beside);
        };

        machine.start();
        const uint64_t low = 1 | 5u << 1 | machine.context;
        const uint64_t sharing = UINT64_C(1) << 44;
        machine.set_permissions(0, true, true); /* for EL1 alone, not executed */
        machine.set_entry(low, sharing | UINT64_C(2) << 48);
        EXPECT_FALSE(reads(true, false)); /* PRIVCFG: unprivileged */
        machine.set_entry(low, sharing | UINT64_C(3) << 48);
        EXPECT_TRUE(reads(false, false)); /* PRIVCFG: privileged */
        machine.set_entry(low, sharing | UINT64_C(2) << 50);
        EXPECT_TRUE(reads(true, true)); /* INSTCFG: data */
        machine.set_entry(low, sharing | UINT64_C(3) << 50);
        EXPECT_FALSE(reads(true, false)); /* INSTCFG: instruction */
        machine.set_entry(low, sharing);
        EXPECT_TRUE(reads(true, false)); /* as it comes */
        EXPECT_FALSE(reads(true, true));
        EXPECT_FALSE(reads(false, false));
    });
}

/* Four contexts in a table; each maps the page elsewhere, to bytes that say which it is. */
void make_contexts(Machine &machine, uint64_t *table)
{
    *table = machine.software.take(256, 256);
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t context = machine.software.make_context(machine.unit);

        machine.software.map(context, kPage, kPhysical + 0x1000 * i);
        machine.software.store(kPhysical + 0x1000 * i + 0x10, 0xc0de0000 + i);
        for (unsigned word = 0; word < 8; word++) {
            machine.software.store(*table + 64 * i + 8 * word, machine.software.load(context + 8 * word));
        }
    }
    machine.software.store(kMemory + 0xf00010, 0xc0de00ff);
}

enum Outcome { CD0, CD1, CD3, BAD_SUBSTREAM, DISABLED };

/* A configuration of stream and what becomes of SSV = 0, of SubstreamID 0, 1, 3, and of 4 in tables of four (5.2). */
struct Substreams {
    unsigned most; /* S1CDMax */
    unsigned dss;  /* S1DSS */
    Outcome none;
    Outcome zero;
    Outcome one;
    Outcome three;
    Outcome four;
};

constexpr std::array<Substreams, 4> kSubstreams = {{
    {0, 0, CD0, BAD_SUBSTREAM, BAD_SUBSTREAM, BAD_SUBSTREAM, BAD_SUBSTREAM},
    {2, 0, DISABLED, CD0, CD1, CD3, BAD_SUBSTREAM},
    {2, 2, CD0, DISABLED, CD1, CD3, BAD_SUBSTREAM},
    {1, 2, CD0, DISABLED, CD1, BAD_SUBSTREAM, BAD_SUBSTREAM},
}};

void expect_outcome(Machine &machine, const sideband &beside, Outcome expected)
{
    const bool passes = expected <= CD3;
    const uint32_t marks[] = {0xc0de0000, 0xc0de0001, 0xc0de0003};

    SCOPED_TRACE(testing::Message() << "SSV " << beside.has_substream_id << " SubstreamID " << beside.substream_id);
    for (const bool debug : {false, true}) {
        machine.data = 0;
        EXPECT_EQ(machine.access(tlm::TLM_READ_COMMAND, &beside, debug), passes) << debug;
        EXPECT_EQ(machine.data, passes ? marks[expected] : 0u) << debug;
    }
    const auto events = machine.events();
    ASSERT_EQ(events.size(), passes ? 0u : 1u);
    if (!passes) {
        EXPECT_EQ(events[0].type, expected == BAD_SUBSTREAM ? 0x08u : 0x06u);
        EXPECT_EQ(events[0].sid, kStream);
        EXPECT_EQ(events[0].ssid, expected == BAD_SUBSTREAM ? beside.substream_id : 0u);
    }
}

TEST(WrapperSideband, SubstreamsChooseTheirContexts)
{
    Machine machine;

    machine.run([&] {
        uint64_t table;

        machine.start();
        make_contexts(machine, &table);
        for (const Substreams &row : kSubstreams) {
            const uint64_t low = 1 | 5u << 1 | table | static_cast<uint64_t>(row.most) << 59;
            const std::array<Outcome, 5> outcomes = {row.none, row.zero, row.one, row.three, row.four};
            const std::array<uint32_t, 5> substreams = {0, 0, 1, 3, 4};

            SCOPED_TRACE(testing::Message() << "S1CDMax " << row.most << " S1DSS " << row.dss);
            machine.set_entry(low, UINT64_C(1) << 44 | row.dss);
            for (size_t i = 0; i < outcomes.size(); i++) {
                sideband beside = of_stream();

                beside.has_substream_id = i > 0;
                beside.substream_id = substreams[i];
                expect_outcome(machine, beside, outcomes[i]);
            }
        }
    });
}

TEST(WrapperSideband, WithoutASubstreamStage1MayBeBypassed)
{
    Machine machine;

    machine.run([&] {
        uint64_t table;
        sideband beside = of_stream();

        machine.start();
        make_contexts(machine, &table);
        machine.set_entry(1 | 5u << 1 | table | UINT64_C(2) << 59, UINT64_C(1) << 44 | 1); /* S1DSS 1 */
        EXPECT_TRUE(machine.access(tlm::TLM_READ_COMMAND, &beside, false, kMemory + 0xf00010));
        EXPECT_EQ(machine.data, 0xc0de00ffu);
        beside.has_substream_id = true;
        beside.substream_id = 3;
        expect_outcome(machine, beside, CD3);
        EXPECT_FALSE(machine.access(tlm::TLM_READ_COMMAND, &beside, false, kMemory + 0xf00010));
    });
}

TEST(WrapperSideband, ASubstreamWithoutStage1IsRefused)
{
    Machine machine;

    machine.run([&] {
        sideband beside = of_stream();

        machine.start();
        machine.set_entry(1 | 4u << 1, UINT64_C(1) << 44); /* bypass */
        EXPECT_TRUE(machine.access(tlm::TLM_READ_COMMAND, &beside, false, kMemory + 0xf00010));
        EXPECT_TRUE(machine.events().empty());
        beside.has_substream_id = true;
        EXPECT_FALSE(machine.access(tlm::TLM_READ_COMMAND, &beside, false, kMemory + 0xf00010));
        const auto events = machine.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type, 0x08u);
    });
}

/* Another's extension, which means nothing to an SMMU. */
struct Foreign : tlm::tlm_extension<Foreign> {
    tlm::tlm_extension_base *clone() const override
    {
        return new Foreign(*this);
    }
    void copy_from(const tlm::tlm_extension_base &) override
    {
    }
};

TEST(WrapperSideband, MayBeLeftOut)
{
    Machine machine;

    machine.run([&] {
        machine.start();
        machine.set_permissions(1, true, true);
        /* Without one: the socket's StreamID, unprivileged data. */
        EXPECT_TRUE(machine.access(tlm::TLM_WRITE_COMMAND, nullptr));
        EXPECT_TRUE(machine.access(tlm::TLM_READ_COMMAND, nullptr));
        machine.set_permissions(0, false, false);
        EXPECT_FALSE(machine.access(tlm::TLM_READ_COMMAND, nullptr));
        const auto events = machine.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].sid, kStream);
        EXPECT_FALSE(events[0].privileged || events[0].instruction || events[0].ssv);

        /* One that says nothing: from no device behind an SMMU, which passes as it is. */
        const sideband nothing;
        machine.software.store(kMemory + 0xf00010, 0xc0de00ff);
        EXPECT_FALSE(machine.access(tlm::TLM_READ_COMMAND, nullptr, false, kMemory + 0xf00010));
        EXPECT_TRUE(machine.access(tlm::TLM_READ_COMMAND, &nothing, false, kMemory + 0xf00010));
        EXPECT_EQ(machine.data, 0xc0de00ffu);

        /* Another's extension is no sideband, and comes back as it was. */
        machine.set_permissions(1, true, true);
        Foreign foreign;
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;
        payload.set_read();
        payload.set_address(kPage);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&machine.data));
        payload.set_data_length(4);
        payload.set_streaming_width(4);
        payload.set_extension(&foreign);
        machine.device.socket->b_transport(payload, delay);
        EXPECT_TRUE(payload.is_response_ok());
        EXPECT_EQ(payload.get_extension<Foreign>(), &foreign);
        EXPECT_EQ(payload.get_extension<sideband>(), nullptr);
        payload.clear_extension(&foreign);
    });
}

} // namespace
