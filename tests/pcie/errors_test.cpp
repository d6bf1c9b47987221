/* What becomes of TLPs that are no good, how functions record it, and how the root learns of it. */
#include "tests/pcie/rig.h"

#include "models/pcie/errors.h"

#include <gtest/gtest.h>

namespace
{

using namespace pcie_test;

/** A raw device in EP0's place, and error reporting as software switches it on. */
struct ErrorRig : Rig {
    static Options make(bool raw, bool no_prefixes)
    {
        Options options;

        options.raw_ep0 = raw;
        options.switch_.no_prefixes = no_prefixes;
        return options;
    }
    explicit ErrorRig(bool with_raw = true, bool no_prefixes = false) : Rig(make(with_raw, no_prefixes))
    {
    }
    unsigned aer(uint16_t rid)
    {
        return find_extended(rid, PCIE_EXT_CAP_ID_AER);
    }
    uint32_t aer_read(uint16_t rid, unsigned offset)
    {
        return static_cast<uint32_t>(config_read(rid, aer(rid) + offset, 4));
    }
    uint16_t device_status(uint16_t rid)
    {
        return static_cast<uint16_t>(
            config_read(rid, find_capability(rid, PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_STATUS, 2));
    }
    void enable(uint16_t rid, bool bridge)
    {
        const unsigned control = find_capability(rid, PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_CONTROL;

        config_write(rid, control, config_read(rid, control, 2) | 0xf, 2);
        if (bridge) {
            config_write(rid, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_SERR, 2);
        }
        show_advisory(rid);
    }
    void enable_all()
    {
        for (const uint16_t rid : {RP_RID[0], USP_RID, DSP_RID[0], DSP_RID[1]}) {
            enable(rid, true);
        }
        enable(RID[1], false);
    }
    void send(Tlp tlp)
    {
        tlp.requester = tlp.requester != 0 ? tlp.requester : RID[0];
        raw->send(tlp);
        drain();
    }
    const root_complex_counters *counters()
    {
        return root_complex_get_counters(rc);
    }
};

Tlp write_to(uint64_t address, uint32_t length = 4)
{
    Tlp tlp;

    tlp.address = address;
    tlp.length = length;
    tlp.value = 0x1234;
    return tlp;
}

/* ---- Malformed ---- */

TEST(Errors, MalformedTlpsAreDiscardedAndFatal)
{
    std::vector<std::pair<const char *, Tlp>> cases;
    Tlp tlp = write_to(MEMORY);

    tlp.flags |= SIM_FLAG_LENGTH_BAD;
    cases.emplace_back("length", tlp);
    cases.emplace_back("more than Max_Payload_Size", write_to(MEMORY, 256));
    cases.emplace_back("across 4 KiB", write_to(MEMORY + 4096 - 64, 128));
    tlp = write_to(MEMORY);
    tlp.last_be = 0xf;
    cases.emplace_back("last byte enables of one double word", tlp);
    tlp = write_to(MEMORY, 16);
    tlp.first_be = 0;
    cases.emplace_back("no first byte of several", tlp);
    tlp = write_to(MEMORY, 16);
    tlp.first_be = 0x5;
    cases.emplace_back("gaps", tlp);
    tlp = write_to(MEMORY);
    tlp.type = SIM_PACKET_READ;
    tlp.flags |= SIM_FLAG_LENGTH_BAD;
    cases.emplace_back("a read", tlp);
    for (const auto &one : cases) {
        ErrorRig rig;

        SCOPED_TRACE(one.first);
        rig.enable_all();
        rig.send(one.second);
        EXPECT_TRUE(rig.router->seen_from(FROM_DEVICES).empty()) << "it goes no further";
        EXPECT_TRUE(rig.raw->got_of(SIM_PACKET_COMPLETION).empty()) << "nobody answers";
        EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_MALFORMED_TLP);
        EXPECT_NE(rig.device_status(DSP_RID[0]) & PCIE_EXP_DEVSTA_FATAL, 0);
        EXPECT_EQ(rig.counters()->errors_fatal, 1u);
        EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_SOURCE_ID) >> 16, DSP_RID[0]);
        EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_ROOT_STATUS),
                  PCIE_AER_ROOT_UNCOR_RECEIVED | PCIE_AER_ROOT_FIRST_FATAL | PCIE_AER_ROOT_FATAL_RECEIVED);
        rig.send(write_to(MEMORY));
        EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u) << "the next one is none the worse";
        EXPECT_EQ(rig.live(), 0u);
    }
}

/* A port that takes no TLP prefixes says so, and takes TLPs that have one for malformed (2.2.10.2). */
TEST(Errors, PrefixesAreMalformedToPortsThatTakeNone)
{
    for (const bool takes : {true, false}) {
        ErrorRig rig(true, !takes);
        Tlp tlp = write_to(MEMORY);

        for (const uint16_t port : {USP_RID, DSP_RID[0], DSP_RID[1]}) {
            const unsigned express = rig.find_capability(port, PCIE_CAP_ID_PCI_EXPRESS);
            const uint64_t capabilities = rig.config_read(port, express + PCIE_EXP_DEVICE_CAPABILITIES2, 4);

            EXPECT_EQ((capabilities & PCIE_EXP_DEVCAP2_END_END_PREFIX) != 0, takes) << std::hex << port;
        }
        rig.enable_all();
        tlp.flags |= SIM_FLAG_PASID;
        tlp.pasid = 5;
        rig.send(tlp);
        EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), takes ? 1u : 0u);
        EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), takes ? 0u : PCIE_AER_MALFORMED_TLP);
        rig.send(write_to(MEMORY));
        EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), takes ? 2u : 1u) << "without one it passes";
        EXPECT_EQ(rig.live(), 0u);
    }
}

TEST(Errors, CreditsOfMalformedTlpsComeBack)
{
    ErrorRig rig;
    Tlp bad = write_to(MEMORY, 128);

    bad.flags |= SIM_FLAG_LENGTH_BAD;
    for (unsigned i = 0; i < 400; i++) {
        rig.raw->send([&] {
            Tlp tlp = bad;
            tlp.requester = RID[0];
            return tlp;
        }());
    }
    rig.send(write_to(MEMORY));
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u) << "more than all credits' worth went before it";
}

TEST(Errors, GapsWithinOneQuadWordAreAllowed)
{
    ErrorRig rig;
    Tlp tlp = write_to(MEMORY + 8, 8);

    tlp.first_be = 0x5;
    tlp.last_be = 0xa;
    rig.send(tlp);
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u);
}

TEST(Errors, EndpointDiscardsWhatIsMalformed)
{
    ErrorRig rig;
    Tlp tlp = write_to(BAR[1] + 0x40, 128);

    rig.enable_all();
    /* Peer to peer, and too large for EP1 alone. */
    rig.config_write(DSP_RID[0], rig.find_capability(DSP_RID[0], PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_CONTROL,
                     0x2f, 2);
    tlp.length = 256;
    rig.send(tlp);
    EXPECT_EQ(endpoint_get_counters(rig.ep[1])->discarded, 1u);
    EXPECT_EQ(endpoint_bar_bytes(rig.ep[1], 0, 0, nullptr)[0x40], 0);
    EXPECT_EQ(rig.aer_read(RID[1], PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_MALFORMED_TLP);
    EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_SOURCE_ID) >> 16, RID[1]);
}

/* ---- Logs ---- */

TEST(Errors, FirstErrorKeepsItsHeaderUntilCleared)
{
    ErrorRig rig;
    Tlp first = write_to(0x500001230, 16);
    Tlp second = write_to(MEMORY + 4096 - 64, 128);

    first.flags |= SIM_FLAG_LENGTH_BAD | SIM_FLAG_NO_SNOOP;
    first.tag = 0x21;
    rig.send(first);
    rig.send(second);
    const unsigned log = rig.aer(DSP_RID[0]) + PCIE_AER_HEADER_LOG;

    /* 4 double words with data, no snoop, 4 of payload; requester, tag, enables; address. */
    EXPECT_EQ(rig.config_read(DSP_RID[0], log, 4), 0x60001004u);
    EXPECT_EQ(rig.config_read(DSP_RID[0], log + 4, 4), 0x030021ffu);
    EXPECT_EQ(rig.config_read(DSP_RID[0], log + 8, 4), 0x5u);
    EXPECT_EQ(rig.config_read(DSP_RID[0], log + 12, 4), 0x00001230u);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_CONTROL) & PCIE_AER_FIRST_ERROR, 18u);
    rig.config_write(DSP_RID[0], rig.aer(DSP_RID[0]) + PCIE_AER_UNCORRECTABLE_STATUS, PCIE_AER_MALFORMED_TLP, 4);
    rig.send(second);
    EXPECT_EQ(rig.config_read(DSP_RID[0], log, 4), 0x40000020u);
    EXPECT_EQ(rig.config_read(DSP_RID[0], log + 8, 4), 0x80000fc0u);
}

TEST(Errors, MaskedErrorsAreNeitherLoggedNorTold)
{
    ErrorRig rig;
    Tlp tlp = write_to(MEMORY);

    rig.enable_all();
    rig.config_write(DSP_RID[0], rig.aer(DSP_RID[0]) + PCIE_AER_UNCORRECTABLE_MASK, PCIE_AER_MALFORMED_TLP, 4);
    tlp.flags |= SIM_FLAG_LENGTH_BAD;
    rig.send(tlp);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_MALFORMED_TLP) << "the bit shows";
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_HEADER_LOG), 0u);
    EXPECT_EQ(rig.counters()->errors_fatal, 0u);
}

TEST(Errors, SeverityIsSoftwares)
{
    ErrorRig rig;
    Tlp tlp = write_to(MEMORY);

    rig.enable_all();
    rig.config_write(DSP_RID[0], rig.aer(DSP_RID[0]) + PCIE_AER_UNCORRECTABLE_SEVERITY, 0, 4);
    tlp.flags |= SIM_FLAG_LENGTH_BAD;
    rig.send(tlp);
    EXPECT_EQ(rig.counters()->errors_fatal, 0u);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 1u);
    EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_ROOT_STATUS),
              PCIE_AER_ROOT_UNCOR_RECEIVED | PCIE_AER_ROOT_NONFATAL_RECEIVED);
}

/* ---- Messages ---- */

TEST(Errors, MessagesNeedWhatSoftwareEnables)
{
    /* Bit 0: the port reports, 1: the upstream port forwards, 2: the root port does. All three are needed. */
    for (unsigned enabled = 0; enabled < 8; enabled++) {
        ErrorRig rig;
        Tlp tlp = write_to(MEMORY);

        if ((enabled & 1) != 0) {
            rig.enable(DSP_RID[0], false);
        }
        if ((enabled & 2) != 0) {
            rig.config_write(USP_RID, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_SERR, 2);
        }
        if ((enabled & 4) != 0) {
            rig.config_write(RP_RID[0], PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_SERR, 2);
        }
        tlp.flags |= SIM_FLAG_LENGTH_BAD;
        rig.send(tlp);
        EXPECT_EQ(rig.counters()->errors_fatal, enabled == 7 ? 1u : 0u) << enabled;
        EXPECT_EQ(rig.counters()->messages, (enabled & 3) == 3 ? 1u : 0u) << enabled;
        EXPECT_EQ(rig.live(), 0u);
    }
}

TEST(Errors, SecondMessageIsCountedAndItsSourceIsNotKept)
{
    ErrorRig rig;
    Tlp tlp = write_to(MEMORY);

    rig.enable_all();
    tlp.flags |= SIM_FLAG_LENGTH_BAD;
    rig.send(tlp);
    Tlp peer = write_to(BAR[1] + 0x10);
    peer.flags |= SIM_FLAG_POISONED;
    rig.send(peer);
    EXPECT_EQ(rig.counters()->errors_fatal, 1u);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 1u) << "EP1 was given bad data";
    EXPECT_EQ(rig.counters()->errors_correctable, 1u) << "and the port that passed it on says so";
    EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_SOURCE_ID), static_cast<uint32_t>(DSP_RID[0]) << 16 | DSP_RID[0]);
    EXPECT_NE(rig.aer_read(RP_RID[0], PCIE_AER_ROOT_STATUS) & PCIE_AER_ROOT_UNCOR_MULTIPLE, 0u);
}

/* ---- Roles ---- */

TEST(Errors, CompleterThatAnswersIsAdvisory)
{
    ErrorRig rig;
    Tlp tlp = write_to(0);

    rig.enable_all();
    /* A read that nobody claims: the requester learns of it by its completion. */
    rig.config_write(DSP_RID[1], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    tlp.type = SIM_PACKET_READ;
    tlp.address = BAR[1];
    rig.send(tlp);
    EXPECT_EQ(rig.counters()->errors_correctable, 1u);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 0u);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_ADVISORY);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_UNSUPPORTED_REQUEST);
    EXPECT_EQ(rig.device_status(DSP_RID[0]), PCIE_EXP_DEVSTA_CORRECTABLE | PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST);
    /* A write that nobody claims is not. */
    rig.send(write_to(BAR[1]));
    EXPECT_EQ(rig.counters()->errors_nonfatal, 1u);
}

TEST(Errors, AdvisoryErrorsAreMaskedAfterReset)
{
    ErrorRig rig;
    Tlp tlp = write_to(0);

    rig.config_write(DSP_RID[1], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    tlp.type = SIM_PACKET_READ;
    tlp.address = BAR[1];
    rig.send(tlp);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_ADVISORY);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), 0u);
}

TEST(Errors, PoisonedWriteOfADeviceDoesNotReachMemory)
{
    ErrorRig rig;
    Tlp tlp = write_to(MEMORY);

    rig.enable_all();
    tlp.flags |= SIM_FLAG_POISONED;
    rig.send(tlp);
    EXPECT_TRUE(rig.router->seen_from(FROM_DEVICES).empty());
    EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_POISONED_TLP);
    EXPECT_EQ(rig.aer_read(DSP_RID[0], PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_ADVISORY);
    EXPECT_NE(rig.config_read(RP_RID[0], PCIE_STATUS, 2) & PCIE_STATUS_PARITY_ERROR, 0u);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 1u) << "the root port's own";
    ASSERT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(rig.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_POISONED));
}

/* ---- ECRC ---- */

TEST(Errors, WrongEcrcIsFoundWhereSoftwareWantsItChecked)
{
    for (bool checked : {false, true}) {
        for (bool has_one : {false, true}) {
            ErrorRig rig;
            Tlp tlp = write_to(MEMORY);

            rig.enable_all();
            if (checked) {
                rig.config_write(RP_RID[0], rig.aer(RP_RID[0]) + PCIE_AER_CONTROL, PCIE_AER_ECRC_CHECK, 4);
            }
            tlp.flags |= SIM_FLAG_ECRC_BAD | (has_one ? SIM_FLAG_ECRC : 0u);
            rig.send(tlp);
            EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), checked && has_one ? 0u : 1u);
            EXPECT_EQ(rig.aer_read(RP_RID[0], PCIE_AER_UNCORRECTABLE_STATUS),
                      checked && has_one ? PCIE_AER_ECRC_ERROR : 0u);
            EXPECT_EQ(rig.counters()->errors_nonfatal, checked && has_one ? 1u : 0u);
        }
    }
}

/* ---- Faults of a link's sender ---- */

TEST(Errors, FaultsSpoilWhatIsSentFromTheirStartOn)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        Options options;
        endpoint_job job = {};

        options.links[2] = options.link;
        options.links[2].poisoned = kind == 0 ? PCIE_MILLION : 0;
        options.links[2].corrupted = kind == 1 ? PCIE_MILLION : 0;
        options.links[2].malformed = kind == 2 ? PCIE_MILLION : 0;
        Rig rig(options);
        const auto seen = [&] { return rig.router->seen_from(FROM_DEVICES).size(); };
        uint8_t data[4] = {0x10, 0x20, 0x30, 0x40};

        job.kind = ENDPOINT_DMA_WRITE;
        job.address = MEMORY;
        job.bytes = 4;
        job.data = data;
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(seen(), 1u) << "not begun";
        EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0x40302010u);
        pcie_link_start_faults(rig.links[2]);
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(seen(), kind == 1 ? 2u : 1u);
        EXPECT_EQ(memory_read32(rig.mem, MEMORY), kind == 1 ? 0x40302011u : 0x40302010u) << "nobody checks";
        EXPECT_EQ(pcie_checker_count(rig.checkers[2], PCIE_RULE_FORMAT), kind == 2 ? 1u : 0u);
        EXPECT_EQ(rig.live(), 0u);
    }
}

} // namespace
