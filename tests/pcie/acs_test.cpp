/* Peer-to-peer routing and Access Control Services, at switch ports and root ports. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

pcie_acs acs(uint16_t on, uint16_t capability = ALL_ACS)
{
    return {true, capability, on};
}

endpoint_job write_job(uint64_t address, const uint8_t *data, uint32_t bytes)
{
    endpoint_job job = {};

    job.kind = ENDPOINT_DMA_WRITE;
    job.address = address;
    job.bytes = bytes;
    job.data = data;
    return job;
}

/** What became of a write of 0x55 from EP0 to EP1's BAR. */
struct PeerWrite {
    bool arrived;     /**< EP1's bytes changed */
    bool left_fabric; /**< the bus saw it */
    uint32_t dropped; /**< drop reason, or 0 */
    uint64_t redirected;
};

PeerWrite peer_write(Rig &rig, sim_address_type at = SIM_AT_UNTRANSLATED)
{
    const uint8_t data[] = {0x55};
    endpoint_job job = write_job(BAR[1] + 0x40, data, 1);
    PeerWrite result = {};

    job.at = at;
    EXPECT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    result.arrived = endpoint_bar_bytes(rig.ep[1], 0, 0, nullptr)[0x40] == 0x55;
    result.left_fabric = !rig.router->seen_from(FROM_DEVICES).empty();
    result.redirected = pcie_switch_get_counters(rig.sw)->redirected;
    for (const auto &event : rig.log->events()) {
        if (event.kind == SIM_EVENT_DROPPED) {
            result.dropped = event.detail;
        }
    }
    EXPECT_EQ(rig.live(), 0u);
    return result;
}

uint32_t aer_status(Rig &rig, uint16_t rid)
{
    unsigned at = rig.find_extended(rid, PCIE_EXT_CAP_ID_AER);

    return static_cast<uint32_t>(rig.config_read(rid, at + PCIE_AER_UNCORRECTABLE_STATUS, 4));
}

TEST(Acs, WithoutTheCapabilityPeersReachEachOtherDirectly)
{
    Rig rig;
    PeerWrite result = peer_write(rig);

    EXPECT_TRUE(result.arrived);
    EXPECT_FALSE(result.left_fabric) << "root complex and SMMU never see it";
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->peer_to_peer, 1u);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_PEER_ARRIVED), 1u);
    EXPECT_EQ(rig.find_extended(DSP_RID[0], PCIE_EXT_CAP_ID_ACS), 0u);
}

TEST(Acs, CapabilityWithControlsOffIsDirectToo)
{
    Options options;
    options.dsp_acs[0] = acs(0);
    options.dsp_acs[1] = acs(0);
    Rig rig(options);
    PeerWrite result = peer_write(rig);

    EXPECT_TRUE(result.arrived);
    EXPECT_FALSE(result.left_fabric);
}

TEST(Acs, RequestRedirectSendsThePeerRequestPastTheSmmuAndBack)
{
    Options options;
    options.dsp_acs[0] = acs(ISOLATING);
    Rig rig(options);
    PeerWrite result = peer_write(rig);

    EXPECT_TRUE(result.left_fabric);
    EXPECT_EQ(result.redirected, 1u);
    EXPECT_TRUE(result.arrived) << "the root port has Upstream Forwarding, and the bus maps the address back";
    auto seen = rig.router->seen_from(FROM_DEVICES);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].requester, RID[0]);
    EXPECT_EQ(seen[0].stream_id, RID[0]);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_PEER_ARRIVED), 1u);
}

TEST(Acs, IngressPortDecidesSoOnePortLeavesTheOtherDirectionOpen)
{
    Options options;
    options.dsp_acs[1] = acs(ISOLATING); /* of the target, not of the requester */
    Rig rig(options);

    EXPECT_FALSE(peer_write(rig).left_fabric);
}

TEST(Acs, RedirectIsRefusedAtARootPortWithoutUpstreamForwarding)
{
    Options options;
    options.dsp_acs[0] = acs(ISOLATING);
    options.rp_acs[0] = acs(ISOLATING & ~PCIE_ACS_UPSTREAM_FORWARDING);
    Rig rig(options);
    PeerWrite result = peer_write(rig);

    EXPECT_FALSE(result.arrived);
    EXPECT_FALSE(result.left_fabric);
    EXPECT_EQ(result.dropped, static_cast<uint32_t>(SIM_DROP_UNSUPPORTED_REQUEST));
    EXPECT_EQ(aer_status(rig, RP_RID[0]), PCIE_AER_UNSUPPORTED_REQUEST);
}

TEST(Acs, OwnWindowOfAPortIsNobodysForRequestsFromBelow)
{
    Rig rig;
    const uint8_t data[] = {1};
    endpoint_job job = write_job(BAR[0] + 0x100, data, 1);

    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    EXPECT_EQ(aer_status(rig, DSP_RID[0]), PCIE_AER_UNSUPPORTED_REQUEST);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(endpoint_bar_bytes(rig.ep[0], 0, 0, nullptr)[0x100], 0);
}

TEST(Acs, PeersBehindTwoRootPortsMeetBehindTheSmmu)
{
    Rig rig;
    const uint8_t data[] = {7};
    endpoint_job job = write_job(BAR[2] + 8, data, 1);

    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u);
    EXPECT_EQ(endpoint_bar_bytes(rig.ep[2], 0, 0, nullptr)[8], 7);
}

TEST(Acs, DirectTranslatedGoesStraightDespiteRedirect)
{
    Options options;
    options.dsp_acs[0] = acs(PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_DIRECT_TRANSLATED_P2P);
    {
        Rig rig(options);
        PeerWrite result = peer_write(rig, SIM_AT_TRANSLATED);
        EXPECT_TRUE(result.arrived);
        EXPECT_FALSE(result.left_fabric);
    }
    {
        Rig rig(options);
        EXPECT_TRUE(peer_write(rig, SIM_AT_UNTRANSLATED).left_fabric);
    }
}

TEST(Acs, TranslationBlockingGoesBeforeDirectTranslated)
{
    Options options;
    options.dsp_acs[0] = acs(PCIE_ACS_TRANSLATION_BLOCKING | PCIE_ACS_DIRECT_TRANSLATED_P2P);
    Rig rig(options);
    PeerWrite result = peer_write(rig, SIM_AT_TRANSLATED);

    EXPECT_FALSE(result.arrived);
    EXPECT_EQ(result.dropped, static_cast<uint32_t>(SIM_DROP_ACS_VIOLATION));
    EXPECT_EQ(aer_status(rig, DSP_RID[0]), PCIE_AER_ACS_VIOLATION);
}

/** Egress control: with the vector bit of EP1's port (number 2) set or clear, Request Redirect on or off. */
TEST(Acs, EgressControlVector)
{
    const struct {
        bool bit;
        bool redirect;
        bool arrived;
        bool left_fabric;
        uint32_t dropped;
    } rows[] = {
        {false, false, true, false, 0},
        {false, true, true, false, 0},
        {true, false, false, false, SIM_DROP_ACS_VIOLATION},
        {true, true, true, true, 0},
    };

    for (const auto &row : rows) {
        Options options;
        options.dsp_acs[0] = acs(
            static_cast<uint16_t>(PCIE_ACS_P2P_EGRESS_CONTROL | (row.redirect ? PCIE_ACS_P2P_REQUEST_REDIRECT : 0)));
        Rig rig(options);
        unsigned at = rig.find_extended(DSP_RID[0], PCIE_EXT_CAP_ID_ACS);

        EXPECT_EQ(rig.config_read(DSP_RID[0], at + PCIE_ACS_CAPABILITY, 2) >> PCIE_ACS_EGRESS_SIZE_SHIFT,
                  PCIE_ACS_EGRESS_BITS);
        rig.config_write(DSP_RID[0], at + PCIE_ACS_EGRESS_VECTOR, row.bit ? 1u << 2 : 1u << 1, 4);
        PeerWrite result = peer_write(rig);
        EXPECT_EQ(result.arrived, row.arrived);
        EXPECT_EQ(result.left_fabric, row.left_fabric);
        EXPECT_EQ(result.dropped, row.dropped);
    }
}

TEST(Acs, ControlsThatAreNotCapableStayClear)
{
    Options options;
    options.dsp_acs[0] =
        acs(0, PCIE_ACS_SOURCE_VALIDATION | PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_UPSTREAM_FORWARDING);
    Rig rig(options);
    unsigned at = rig.find_extended(DSP_RID[0], PCIE_EXT_CAP_ID_ACS);

    rig.config_write(DSP_RID[0], at + PCIE_ACS_CONTROL, 0x7f, 2);
    EXPECT_EQ(rig.config_read(DSP_RID[0], at + PCIE_ACS_CONTROL, 2), 0x15u);
    EXPECT_EQ(rig.config_read(DSP_RID[0], at + PCIE_ACS_CAPABILITY, 2), 0x15u);
}

TEST(Acs, ControlsSwitchedOnAtRunTimeTakeEffect)
{
    Options options;
    options.dsp_acs[0] = acs(0);
    Rig rig(options);
    unsigned at = rig.find_extended(DSP_RID[0], PCIE_EXT_CAP_ID_ACS);

    EXPECT_FALSE(peer_write(rig).left_fabric);
    rig.config_write(DSP_RID[0], at + PCIE_ACS_CONTROL, PCIE_ACS_P2P_REQUEST_REDIRECT, 2);
    EXPECT_TRUE(peer_write(rig).left_fabric);
}

/* ---- With a raw device in EP0's place ---- */

struct RawRig : Rig {
    static Options make(uint16_t dsp0, uint16_t rp0 = ISOLATING)
    {
        Options options;

        options.raw_ep0 = true;
        options.dsp_acs[0] = acs(dsp0);
        options.rp_acs[0] = acs(rp0);
        return options;
    }
    explicit RawRig(uint16_t dsp0, uint16_t rp0 = ISOLATING) : Rig(make(dsp0, rp0))
    {
    }
    void send(uint8_t type, uint64_t address, uint16_t requester, uint8_t at = SIM_AT_UNTRANSLATED)
    {
        Tlp tlp;

        tlp.type = type;
        tlp.address = address;
        tlp.requester = requester;
        tlp.at = at;
        tlp.value = 0x99;
        raw->send(tlp);
        drain();
    }
};

TEST(Acs, SourceValidationRefusesForeignBuses)
{
    RawRig rig(PCIE_ACS_SOURCE_VALIDATION);

    rig.send(SIM_PACKET_WRITE, MEMORY, RID[1]);
    EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0u);
    ASSERT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(rig.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_ACS_VIOLATION));
    EXPECT_EQ(aer_status(rig, DSP_RID[0]), PCIE_AER_ACS_VIOLATION);
    EXPECT_EQ(aer_status(rig, DSP_RID[1]), 0u);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->acs_violations, 1u);
}

TEST(Acs, SourceValidationAcceptsEveryNumberOnTheBusesBehindThePort)
{
    RawRig rig(PCIE_ACS_SOURCE_VALIDATION);

    rig.send(SIM_PACKET_WRITE, MEMORY, 0x03ff);
    EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0x99u);
}

TEST(Acs, WithoutSourceValidationAForeignRequesterPassesAndTakesItsStreamId)
{
    RawRig rig(0, 0);

    rig.send(SIM_PACKET_WRITE, MEMORY, RID[2]);
    EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0x99u);
    ASSERT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u);
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES)[0].stream_id, RID[2]);
}

TEST(Acs, SourceValidationOfTheRootPort)
{
    RawRig rig(0, PCIE_ACS_SOURCE_VALIDATION);

    rig.send(SIM_PACKET_WRITE, MEMORY, RID[2]);
    EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0u);
    EXPECT_EQ(aer_status(rig, RP_RID[0]), PCIE_AER_ACS_VIOLATION);
    EXPECT_EQ(root_complex_get_counters(rig.rc)->acs_violations, 1u);
}

TEST(Acs, NonPostedViolationIsAnsweredWithCompleterAbort)
{
    for (bool at_root_port : {false, true}) {
        RawRig rig(at_root_port ? 0 : PCIE_ACS_SOURCE_VALIDATION, PCIE_ACS_SOURCE_VALIDATION);

        rig.show_advisory(at_root_port ? RP_RID[0] : DSP_RID[0]);
        /* The completion goes to the requester that was claimed. EP2's bus is not below this switch. */
        rig.send(SIM_PACKET_READ, MEMORY, RID[2]);
        EXPECT_EQ(aer_status(rig, at_root_port ? RP_RID[0] : DSP_RID[0]), PCIE_AER_ACS_VIOLATION);
        if (!at_root_port) {
            ASSERT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION).size(), 1u) << "back at the port where it came in";
            EXPECT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION)[0].tlp.status, SIM_STATUS_CA);
        }
        EXPECT_TRUE(rig.router->seen_from(FROM_DEVICES).empty());
    }
}

TEST(Acs, TranslationBlockingRefusesTranslationRequests)
{
    RawRig rig(PCIE_ACS_TRANSLATION_BLOCKING);

    rig.show_advisory(DSP_RID[0]);
    rig.send(SIM_PACKET_READ, 0x40001000, RID[0], SIM_AT_TRANSLATION_REQUEST);
    auto completions = rig.raw->got_of(SIM_PACKET_COMPLETION);
    ASSERT_EQ(completions.size(), 1u);
    EXPECT_EQ(completions[0].tlp.status, SIM_STATUS_CA);
    EXPECT_EQ(aer_status(rig, DSP_RID[0]), PCIE_AER_ACS_VIOLATION);
    rig.send(SIM_PACKET_WRITE, MEMORY, RID[0]);
    EXPECT_EQ(memory_read32(rig.mem, MEMORY), 0x99u) << "untranslated requests pass";
}

TEST(Acs, ReservedAddressTypeIsUnsupported)
{
    RawRig rig(0);

    rig.send(SIM_PACKET_READ, MEMORY, RID[0], SIM_AT_RESERVED);
    auto completions = rig.raw->got_of(SIM_PACKET_COMPLETION);
    ASSERT_EQ(completions.size(), 1u);
    EXPECT_EQ(completions[0].tlp.status, SIM_STATUS_UR);
}

TEST(Acs, AddressInTheSwitchThatNobodyClaimsIsUnsupported)
{
    RawRig rig(0);

    rig.show_advisory(DSP_RID[0]);
    /* Close the second port's window: the address stays inside the upstream port's. */
    rig.config_write(DSP_RID[1], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    rig.send(SIM_PACKET_READ, BAR[1], RID[0]);
    ASSERT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION).size(), 1u);
    EXPECT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION)[0].tlp.status, SIM_STATUS_UR);
    EXPECT_TRUE(rig.router->seen_from(FROM_DEVICES).empty());
    EXPECT_EQ(aer_status(rig, DSP_RID[0]), PCIE_AER_UNSUPPORTED_REQUEST);
}

/** A read from EP0 to EP1, whose completion takes RO over from the request. */
TEST(Acs, CompletionRedirectTakesTheWayUpUnlessRelaxed)
{
    for (bool relaxed : {false, true}) {
        Options options;
        options.dsp_acs[0] = acs(PCIE_ACS_P2P_COMPLETION_REDIRECT);
        options.dsp_acs[1] = acs(PCIE_ACS_P2P_COMPLETION_REDIRECT);
        Rig rig(options);
        endpoint_job job = {};

        unsigned express = rig.find_capability(RID[0], PCIE_CAP_ID_PCI_EXPRESS);
        rig.config_write(RID[0], express + PCIE_EXP_DEVICE_CONTROL, PCIE_EXP_DEVCTL_RELAXED_ORDERING, 2);
        endpoint_bar_bytes(rig.ep[1], 0, 0, nullptr)[0x80] = 0x5a;
        job.kind = ENDPOINT_DMA_READ;
        job.address = BAR[1] + 0x80;
        job.bytes = 64;
        job.relaxed = relaxed;
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->reads_done, 1u);
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->read_errors, 0u);
        EXPECT_EQ(pcie_switch_get_counters(rig.sw)->redirected, relaxed ? 0u : 1u);
        EXPECT_EQ(root_complex_get_counters(rig.rc)->completions - (relaxed ? 0u : 1u), 0u)
            << "it turns round in the root complex";
        EXPECT_EQ(rig.live(), 0u);
    }
}

/** The specification leaves open what becomes of both (6.12.1.1); here neither passes, and both are logged. */
TEST(Acs, RootPortWithoutUpstreamForwardingPassesNeitherRequestNorCompletion)
{
    for (bool forwarding : {false, true}) {
        Options options;
        options.dsp_acs[1] = acs(PCIE_ACS_P2P_COMPLETION_REDIRECT);
        options.rp_acs[0] = acs(forwarding ? PCIE_ACS_UPSTREAM_FORWARDING : 0);
        Rig rig(options);
        endpoint_job job = {};

        job.kind = ENDPOINT_DMA_READ;
        job.address = BAR[1] + 0x80;
        job.bytes = 64;
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->read_errors, forwarding ? 0u : 1u);
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->completion_timeouts, forwarding ? 0u : 1u);
        EXPECT_EQ(root_complex_get_counters(rig.rc)->unexpected, forwarding ? 0u : 1u);
        EXPECT_EQ(rig.live(), 0u);
    }
}

TEST(Acs, MsiThatFallsIntoAPeersBarIsReportedAsSuch)
{
    Rig rig;
    endpoint_job job = {};

    rig.set_vector(0, 0, BAR[1] + 0x200, 0xabcd);
    rig.enable_msix(0);
    job.kind = ENDPOINT_MSI;
    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    ASSERT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(rig.log->events().back().detail, static_cast<uint32_t>(SIM_DROP_PEER));
    EXPECT_EQ(rig.log->events().back().where, "ep1");
    EXPECT_EQ(endpoint_bar_bytes(rig.ep[1], 0, 0, nullptr)[0x200], 0xcd);
}

} // namespace
