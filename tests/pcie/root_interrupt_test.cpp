/* Interrupts of root ports on errors: when a message goes, where, and what holds it back (6.2.4.1.2, 7.8.4.9). */
#include "tests/pcie/rig.h"

#include "models/pcie/errors.h"

#include <gtest/gtest.h>

namespace
{

using namespace pcie_test;

constexpr uint64_t MESSAGE = DOORBELL + 0x40;
constexpr uint16_t DATA = 0x1d5;

enum Sort { CORRECTABLE, NONFATAL, FATAL };

/** A raw device in EP0's place, reporting switched on all the way, and a message for RP0. */
struct InterruptRig : Rig {
    static Options make(bool interrupts)
    {
        Options options;

        options.raw_ep0 = true;
        options.rp_interrupts = interrupts;
        return options;
    }
    explicit InterruptRig(uint32_t command = PCIE_AER_ROOT_COMMANDS, bool interrupts = true) : Rig(make(interrupts))
    {
        for (const uint16_t rid : {RP_RID[0], USP_RID, DSP_RID[0], DSP_RID[1]}) {
            const unsigned control = find_capability(rid, PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_CONTROL;

            config_write(rid, control, config_read(rid, control, 2) | 0xf, 2);
            config_write(rid, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_SERR, 2);
            show_advisory(rid);
        }
        aer = find_extended(RP_RID[0], PCIE_EXT_CAP_ID_AER);
        msi = find_capability(RP_RID[0], PCIE_CAP_ID_MSI);
        config_write(RP_RID[0], aer + PCIE_AER_ROOT_COMMAND, command, 4);
        if (interrupts) {
            config_write(RP_RID[0], msi + PCIE_MSI_ADDRESS, MESSAGE, 4);
            config_write(RP_RID[0], msi + PCIE_MSI_DATA_64, DATA, 2);
            enable(true);
        }
        router->seen.clear();
    }
    void enable(bool on)
    {
        config_write(RP_RID[0], msi + PCIE_MSI_CONTROL, on ? PCIE_MSI_ENABLE : 0, 2);
    }
    void mask(bool on)
    {
        config_write(RP_RID[0], msi + PCIE_MSI_MASK_64, on ? 1 : 0, 4);
    }
    uint64_t pending()
    {
        return config_read(RP_RID[0], msi + PCIE_MSI_PENDING_64, 4);
    }
    void clear()
    {
        config_write(RP_RID[0], aer + PCIE_AER_ROOT_STATUS, PCIE_AER_ROOT_STATUS_ALL, 4);
        drain();
    }
    /** Has DSP0 report an error of a sort. */
    void err(Sort sort)
    {
        Tlp tlp;

        tlp.requester = RID[0];
        tlp.address = MEMORY;
        if (sort == CORRECTABLE) {
            /* A read that nobody claims, whose completer says so. */
            config_write(DSP_RID[1], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
            tlp.type = SIM_PACKET_READ;
            tlp.address = BAR[1];
        } else {
            config_write(DSP_RID[0], find_extended(DSP_RID[0], PCIE_EXT_CAP_ID_AER) + PCIE_AER_UNCORRECTABLE_SEVERITY,
                         sort == FATAL ? PCIE_AER_MALFORMED_TLP : 0, 4);
            tlp.flags |= SIM_FLAG_LENGTH_BAD;
        }
        raw->send(tlp);
        drain();
    }
    std::vector<BusRouter::Seen> messages()
    {
        std::vector<BusRouter::Seen> found;

        for (const BusRouter::Seen &seen : router->seen_from(FROM_DEVICES)) {
            if (seen.address == MESSAGE) {
                found.push_back(seen);
            }
        }
        return found;
    }

    unsigned aer = 0;
    unsigned msi = 0;
};

TEST(RootInterrupt, OnlyAPortThatHasOneShowsTheCapability)
{
    InterruptRig with;
    InterruptRig without(PCIE_AER_ROOT_COMMANDS, false);

    ASSERT_NE(with.msi, 0u);
    EXPECT_EQ(without.msi, 0u);
    EXPECT_EQ(with.config_read(RP_RID[0], with.msi + PCIE_MSI_CONTROL, 2),
              PCIE_MSI_ENABLE | PCIE_MSI_64BIT | PCIE_MSI_PER_VECTOR_MASK)
        << "one message";
    EXPECT_EQ(with.find_capability(USP_RID, PCIE_CAP_ID_MSI), 0u);
    without.err(FATAL);
    EXPECT_TRUE(without.messages().empty());
    EXPECT_EQ(root_complex_get_counters(without.rc)->errors_fatal, 1u);
}

TEST(RootInterrupt, TheMessageIsTheRootPortsOwn)
{
    InterruptRig rig;

    rig.err(FATAL);
    const auto got = rig.messages();

    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].type, SIM_PACKET_WRITE);
    EXPECT_EQ(got[0].value, DATA);
    EXPECT_EQ(got[0].length, 4u);
    EXPECT_EQ(got[0].requester, RP_RID[0]);
    EXPECT_EQ(got[0].device_id, 0x100u + RP_RID[0]);
    EXPECT_EQ(got[0].source, 7u);
    EXPECT_NE(got[0].flags & SIM_FLAG_MSI, 0u);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_MSI_BORN), 1u);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_MSI_SENT), 1u);
    EXPECT_EQ(root_complex_get_counters(rig.rc)->interrupts, 1u);
    EXPECT_EQ(rig.live(), 0u);
}

TEST(RootInterrupt, ItTakesTheLatencyOfARequestFromBelow)
{
    InterruptRig rig;
    sim_time born = 0;

    rig.err(NONFATAL);
    for (const auto &event : rig.log->events()) {
        born = event.kind == SIM_EVENT_MSI_BORN ? event.time : born;
    }
    ASSERT_EQ(rig.messages().size(), 1u);
    /* To the edge at which the router looks: one clock of the channel after the root complex's own time. */
    EXPECT_EQ(rig.messages()[0].time, born + ROOT_COMPLEX_DEFAULT_LATENCY + SIM_NS);
}

TEST(RootInterrupt, CommandChoosesTheSorts)
{
    for (const Sort sort : {CORRECTABLE, NONFATAL, FATAL}) {
        for (uint32_t command = 0; command <= PCIE_AER_ROOT_COMMANDS; command++) {
            InterruptRig rig(command);

            rig.err(sort);
            EXPECT_EQ(rig.messages().size(), command >> sort & 1) << "sort " << sort << ", command " << command;
        }
    }
}

TEST(RootInterrupt, NextErrorInterruptsAfterSoftwareHasCleared)
{
    InterruptRig rig;

    rig.err(FATAL);
    rig.err(FATAL);
    rig.err(NONFATAL);
    rig.err(CORRECTABLE);
    EXPECT_EQ(rig.messages().size(), 1u) << "all of them come while the first one shows";
    rig.clear();
    EXPECT_EQ(rig.messages().size(), 1u) << "clearing is no error";
    rig.err(CORRECTABLE);
    EXPECT_EQ(rig.messages().size(), 2u);
}

TEST(RootInterrupt, WhatIsLeftAfterClearingOneSortDoesNotInterruptAgain)
{
    InterruptRig rig;

    rig.err(CORRECTABLE);
    rig.err(FATAL);
    rig.config_write(RP_RID[0], rig.aer + PCIE_AER_ROOT_STATUS, PCIE_AER_ROOT_COR_RECEIVED, 4);
    rig.drain();
    EXPECT_EQ(rig.messages().size(), 1u);
    /* One that was not asked for becomes one that is. */
    rig.config_write(RP_RID[0], rig.aer + PCIE_AER_ROOT_COMMAND, 0, 4);
    rig.config_write(RP_RID[0], rig.aer + PCIE_AER_ROOT_COMMAND, PCIE_AER_ROOT_ON_FATAL, 4);
    rig.drain();
    EXPECT_EQ(rig.messages().size(), 2u);
}

TEST(RootInterrupt, MaskHoldsItBackAndShowsItAsPending)
{
    InterruptRig rig;

    rig.mask(true);
    rig.err(FATAL);
    EXPECT_TRUE(rig.messages().empty());
    EXPECT_EQ(rig.pending(), 1u);
    rig.mask(false);
    rig.drain();
    EXPECT_EQ(rig.messages().size(), 1u);
    EXPECT_EQ(rig.pending(), 0u);
}

TEST(RootInterrupt, WhatSoftwareHasSeenMeanwhileIsPendingNoLonger)
{
    InterruptRig rig;

    rig.mask(true);
    rig.err(FATAL);
    rig.clear();
    EXPECT_EQ(rig.pending(), 0u);
    rig.mask(false);
    rig.drain();
    EXPECT_TRUE(rig.messages().empty());
}

TEST(RootInterrupt, SwitchedOnLateItStillComes)
{
    InterruptRig rig;

    rig.enable(false);
    rig.err(FATAL);
    EXPECT_TRUE(rig.messages().empty());
    EXPECT_EQ(rig.pending(), 0u);
    rig.enable(true);
    rig.drain();
    EXPECT_EQ(rig.messages().size(), 1u);
}

TEST(RootInterrupt, ThePortsOwnErrorsInterruptToo)
{
    InterruptRig rig;
    Tlp tlp;

    tlp.requester = RID[0];
    tlp.address = MEMORY;
    tlp.flags |= SIM_FLAG_POISONED;
    rig.raw->send(tlp);
    rig.drain();
    ASSERT_EQ(rig.messages().size(), 1u);
    EXPECT_EQ(rig.config_read(RP_RID[0], rig.aer + PCIE_AER_SOURCE_ID, 4) >> 16, RP_RID[0]);
}

TEST(RootInterrupt, WithoutBusMasterEnableItIsLost)
{
    InterruptRig rig;
    Tlp tlp;

    rig.config_write(RP_RID[0], PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    tlp.requester = RID[0];
    tlp.address = MEMORY;
    rig.raw->send(tlp);
    rig.drain();
    EXPECT_TRUE(rig.messages().empty());
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_MSI_BORN), 1u);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_MSI_SENT), 0u);
    ASSERT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 2u);
    EXPECT_EQ(rig.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_UNSUPPORTED_REQUEST)) << "the write";
    EXPECT_EQ(rig.live(), 0u);
}

/** Writes from below keep the memory port busy: it takes one request at a time, the message among them. */
TEST(RootInterrupt, SharesTheMemoryPortWithRequestsFromBelow)
{
    InterruptRig rig;

    for (unsigned i = 0; i < 200; i++) {
        Tlp tlp;

        tlp.requester = RID[0];
        tlp.address = MEMORY + 64 * i;
        tlp.length = 4;
        tlp.flags |= i == 60 ? SIM_FLAG_POISONED : 0;
        rig.raw->send(tlp);
    }
    rig.drain();
    const auto seen = rig.router->seen_from(FROM_DEVICES);

    ASSERT_EQ(rig.messages().size(), 1u);
    EXPECT_EQ(seen.size(), 199u + 1u) << "all writes but the poisoned one, and the message";
    for (size_t i = 1; i < seen.size(); i++) {
        EXPECT_GT(seen[i].time, seen[i - 1].time) << "one at a time";
    }
    EXPECT_EQ(rig.live(), 0u);
}

} // namespace
