/* Peer-to-peer between root ports of a root complex that can do it: straight, or to the SMMU as ACS says. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

#include <utility>

using namespace pcie_test;

namespace
{

/** EP0 is below root port 0, EP2 below root port 1. */
Options peers(uint16_t control, const support::Engine &engine = support::engines()[0])
{
    Options options;

    options.engine = engine;
    options.rc.peer_to_peer = true;
    for (pcie_acs &acs : options.rp_acs) {
        acs = {true, ALL_ACS, control};
    }
    return options;
}

endpoint_job write_job(uint64_t address, const uint8_t *data, sim_address_type at = SIM_AT_UNTRANSLATED)
{
    endpoint_job job = {};

    job.kind = ENDPOINT_DMA_WRITE;
    job.address = address;
    job.bytes = 8;
    job.data = data;
    job.at = at;
    return job;
}

const uint8_t PATTERN[8] = {1, 2, 3, 4, 5, 6, 7, 8};

struct Outcome {
    bool arrived;
    size_t seen_by_smmu;
    uint64_t straight;
    uint64_t violations;
};

Outcome write_to_peer(const Options &options, sim_address_type at = SIM_AT_UNTRANSLATED, uint32_t egress = 0)
{
    Rig rig(options);
    endpoint_job job = write_job(BAR[2] + 0x40, PATTERN, at);

    if (egress != 0) {
        unsigned acs = rig.find_extended(RP_RID[0], PCIE_EXT_CAP_ID_ACS);
        rig.config_write(RP_RID[0], acs + PCIE_ACS_EGRESS_VECTOR, egress, 4);
    }
    rig.drain();
    EXPECT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    const root_complex_counters *counters = root_complex_get_counters(rig.rc);
    uint8_t *bytes = endpoint_bar_bytes(rig.ep[2], 0, 0, nullptr);
    return {std::equal(PATTERN, PATTERN + 8, bytes + 0x40), rig.router->seen_from(FROM_DEVICES).size(),
            counters->peer_requests, counters->acs_violations};
}

TEST(RootPorts, PeersReachEachOtherStraightWithoutAcsControls)
{
    Outcome outcome = write_to_peer(peers(0));

    EXPECT_TRUE(outcome.arrived);
    EXPECT_EQ(outcome.seen_by_smmu, 0u);
    EXPECT_EQ(outcome.straight, 1u);
}

TEST(RootPorts, RequestRedirectSendsThemToTheSmmu)
{
    Outcome outcome = write_to_peer(peers(PCIE_ACS_P2P_REQUEST_REDIRECT));

    EXPECT_TRUE(outcome.arrived) << "the router knows the window and sends it back";
    EXPECT_EQ(outcome.seen_by_smmu, 1u);
    EXPECT_EQ(outcome.straight, 0u);
}

TEST(RootPorts, TranslatedOnesGoStraightWithDirectTranslated)
{
    Options options = peers(PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_DIRECT_TRANSLATED_P2P);

    EXPECT_EQ(write_to_peer(options, SIM_AT_TRANSLATED).straight, 1u);
    EXPECT_EQ(write_to_peer(options).straight, 0u);
}

/** Port numbers are index + 1: bit 2 bars root port 1. */
TEST(RootPorts, EgressVectorDecidesByPort)
{
    Options alone = peers(PCIE_ACS_P2P_EGRESS_CONTROL);
    Options redirecting = peers(PCIE_ACS_P2P_EGRESS_CONTROL | PCIE_ACS_P2P_REQUEST_REDIRECT);

    EXPECT_EQ(write_to_peer(alone, SIM_AT_UNTRANSLATED, 1u << 1).straight, 1u) << "another port's bit";
    Outcome barred = write_to_peer(alone, SIM_AT_UNTRANSLATED, 1u << 2);
    EXPECT_FALSE(barred.arrived);
    EXPECT_EQ(barred.violations, 1u);
    Outcome redirected = write_to_peer(redirecting, SIM_AT_UNTRANSLATED, 1u << 2);
    EXPECT_TRUE(redirected.arrived);
    EXPECT_EQ(redirected.seen_by_smmu, 1u);
}

TEST(RootPorts, WithoutTheAbilityEverythingGoesToTheSmmu)
{
    Options options = peers(0);

    options.rc.peer_to_peer = false;
    EXPECT_EQ(write_to_peer(options).seen_by_smmu, 1u);
}

/** Reads come back, behind the writes that went before them; the same on every engine, with the host busy too. */
TEST(RootPorts, ReadsPushWritesAndComeBack)
{
    sim_time reference = 0;

    for (const auto &engine : support::engines()) {
        Rig rig(peers(0, engine));
        endpoint_job read = {};

        rig.drain();
        read.kind = ENDPOINT_DMA_READ;
        read.bytes = 64;
        for (unsigned i = 0; i < 16; i++) {
            endpoint_job write = write_job(BAR[2] + 8 * i, PATTERN);
            endpoint_job back = write_job(BAR[0] + 8 * i, PATTERN);

            read.address = BAR[2] + 64 * i;
            ASSERT_TRUE(endpoint_request(rig.ep[0], &write));
            ASSERT_TRUE(endpoint_request(rig.ep[0], &read));
            ASSERT_TRUE(endpoint_request(rig.ep[2], &back));
            bus_driver_write(rig.host, sim_now(rig.sim), BAR[2] + 0x800 + 4 * i, i, 4);
            bus_driver_read(rig.host, sim_now(rig.sim), BAR[0] + 0x800 + 4 * i, 4);
        }
        rig.drain();
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->reads_done, 16u);
        EXPECT_EQ(endpoint_get_counters(rig.ep[0])->read_errors, 0u);
        EXPECT_EQ(root_complex_get_counters(rig.rc)->peer_requests, 48u);
        EXPECT_TRUE(std::equal(PATTERN, PATTERN + 8, endpoint_bar_bytes(rig.ep[0], 0, 0, nullptr) + 8 * 15));
        EXPECT_EQ(rig.live(), 0u);
        if (reference == 0) {
            reference = sim_now(rig.sim);
        }
        EXPECT_EQ(sim_now(rig.sim), reference) << engine.name;
    }
}

/** TLPs' bytes on the link of EP2, down and up, while EP2 reads 64 bytes of memory and the host a word of its BAR. */
std::pair<uint64_t, uint64_t> bytes_on_link(bool port_generates, bool endpoint_generates)
{
    Rig rig;
    uint8_t data[64] = {};
    endpoint_job job = {};

    for (auto [rid, on] : {std::pair{RP_RID[1], port_generates}, std::pair{RID[2], endpoint_generates}}) {
        rig.config_write(rid, rig.find_extended(rid, PCIE_EXT_CAP_ID_AER) + PCIE_AER_CONTROL,
                         on ? PCIE_AER_ECRC_GENERATION : 0, 4);
    }
    rig.drain();
    auto bytes = [](const pcie_data_link &end) {
        return end.wire.bytes - (end.counters.acks + end.counters.updates) * PCIE_DLLP_BYTES;
    };
    const pcie_link *link = rig.links[1];
    uint64_t down = bytes(link->upper_end);
    uint64_t up = bytes(link->lower_end);
    job.kind = ENDPOINT_DMA_READ;
    job.address = MEMORY;
    job.bytes = sizeof(data);
    EXPECT_TRUE(endpoint_request(rig.ep[2], &job));
    rig.drain();
    rig.read(BAR[2] + 0x40, 4);
    return {bytes(link->upper_end) - down, bytes(link->lower_end) - up};
}

/** Who makes a TLP says whether it has an ECRC: a completion has none because its request had one (2.7.1). */
TEST(RootPorts, EcrcIsUpToWhoMakesTheTlp)
{
    const auto [down, up] = bytes_on_link(false, false);

    EXPECT_EQ(down, (8u + 12 + 64) + (8u + 12)) << "completion with 64 bytes, read";
    EXPECT_EQ(up, (8u + 12) + (8u + 12 + 4)) << "read, completion with a word";
    EXPECT_EQ(bytes_on_link(true, false), std::pair(down + 8, up));
    EXPECT_EQ(bytes_on_link(false, true), std::pair(down, up + 8));
    EXPECT_EQ(bytes_on_link(true, true), std::pair(down + 8, up + 8));
}

} // namespace
