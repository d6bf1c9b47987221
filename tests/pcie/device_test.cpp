/*
 * Devices whose functions are several components: a switch (function 0), an endpoint beside it (functions 1 and 2), and
 * a second switch (function 3), under one link with a raw device in the root's place.
 */
#include "models/pcie/device.h"
#include "models/pcie/errors.h"
#include "tests/pcie/raw_device.h"
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

#include <array>

using namespace pcie_test;

namespace
{

constexpr unsigned WHO = 4; /* endpoint below switch A, functions 1 and 2, endpoint below switch B */
constexpr uint16_t ID[WHO] = {0x0300, 0x0101, 0x0102, 0x0500};
constexpr uint64_t MEMORY_OF[WHO] = {0xa0000000, 0xa0200000, 0xa0300000, 0xa0100000};
constexpr unsigned FUNCTION_OF[WHO] = {0, 1, 2, 3}; /* on the device's own bus: who sends */
constexpr uint64_t ELSEWHERE = 0x80000000;
constexpr uint64_t MIB = 0x100000;
constexpr uint16_t PEER_ACS = PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_P2P_COMPLETION_REDIRECT |
                              PCIE_ACS_P2P_EGRESS_CONTROL | PCIE_ACS_DIRECT_TRANSLATED_P2P;

struct Plan {
    support::Engine engine = support::engines()[0];
    bool peers = true;
    bool acs = true;
    uint32_t tlp_errors = 0; /* of the device's link */
};

struct Device {
    struct sim *sim;
    std::unique_ptr<support::MarkLog> log;
    std::unique_ptr<RawDevice> up;
    pcie_device *device;
    std::array<pcie_switch *, 2> sw = {};
    std::array<endpoint *, 3> ep = {}; /* below A, functions 1 and 2, below B */

    explicit Device(const Plan &setup = Plan());
    ~Device()
    {
        sim_destroy(sim);
    }
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;

    void run()
    {
        sim_run(sim, SIM_TIME_NEVER - 1);
    }
    RawDevice::Got config(uint16_t rid, unsigned offset, uint32_t value, bool write);
    void config_write(uint16_t rid, unsigned offset, uint32_t value)
    {
        config(rid, offset, value, true);
    }
    uint32_t config_read(uint16_t rid, unsigned offset)
    {
        return static_cast<uint32_t>(config(rid, offset, 0, false).tlp.value);
    }
    const pcie_config_space *space(unsigned function) const;
    void set_acs(unsigned function, uint16_t controls, uint32_t egress = 0);
    endpoint *endpoint_of(unsigned who) const
    {
        return who == 0 ? ep[0] : who == 3 ? ep[2] : ep[1];
    }
    void request(unsigned who, uint64_t address, bool write, sim_address_type at = SIM_AT_UNTRANSLATED);
    bool has_written(unsigned who) const;
    std::vector<uint32_t> drops() const
    {
        std::vector<uint32_t> reasons;

        for (const auto &event : log->events()) {
            if (event.kind == SIM_EVENT_DROPPED) {
                reasons.push_back(event.detail);
            }
        }
        return reasons;
    }
    size_t requests_at_root() const
    {
        return up->got_of(SIM_PACKET_WRITE).size() + up->got_of(SIM_PACKET_READ).size();
    }

  private:
    pcie_switch *make_switch(const Plan &setup, unsigned index);
    endpoint *make_endpoint(const char *name, unsigned functions, unsigned first, const pcie_acs *acs);
    void number(uint16_t rid, unsigned secondary, unsigned subordinate, uint64_t base);
    void place(uint16_t rid, uint64_t base);
};

pcie_switch *Device::make_switch(const Plan &setup, unsigned index)
{
    pcie_downstream_config port = {};
    pcie_switch_config config;

    pcie_switch_config_init(&config);
    config.identity = {0x10b5, static_cast<uint16_t>(0x8700 + index), 0, 0, 0, 0};
    config.downstream = &port;
    config.downstream_count = 1;
    config.upstream_function = index == 0 ? 0 : 3;
    config.shares_device = true;
    config.upstream_acs = {setup.acs, PEER_ACS, 0};
    return pcie_switch_create(sim, index == 0 ? "swA" : "swB", &config);
}

endpoint *Device::make_endpoint(const char *name, unsigned functions, unsigned first, const pcie_acs *acs)
{
    std::vector<Function> list(functions, plain_function());
    std::vector<endpoint_function_config> configs;
    endpoint_config config;

    for (Function &function : list) {
        function.config.acs = acs != nullptr ? *acs : pcie_acs{};
        configs.push_back(function.config);
    }
    endpoint_config_init(&config);
    config.functions = configs.data();
    config.function_count = functions;
    config.first_function = first;
    config.shares_device = first > 0;
    return endpoint_create(sim, name, &config);
}

Device::Device(const Plan &setup) : sim(support::create(setup.engine))
{
    const pcie_acs acs = {setup.acs, PEER_ACS, 0};
    pcie_device_config config;
    pcie_link_config link_config;

    log = std::make_unique<support::MarkLog>(sim);
    pcie_device_config_init(&config);
    pcie_link_config_init(&link_config);
    config.peers = setup.peers;
    device = pcie_device_create(sim, "dev", &config);
    sw = {make_switch(setup, 0), make_switch(setup, 1)};
    ep = {make_endpoint("epA", 1, 0, nullptr), make_endpoint("dma", 2, 1, &acs), make_endpoint("epB", 1, 0, nullptr)};
    pcie_device_add_switch(device, sw[0]);
    pcie_device_add_endpoint(device, ep[1]);
    pcie_device_add_switch(device, sw[1]);
    up = std::make_unique<RawDevice>(sim, "up", SIM_NS);
    link_config.tlp_errors = setup.tlp_errors;
    pcie_link *link = pcie_link_create(sim, "link", &link_config, up->end(), pcie_device_end(device));
    link_config.tlp_errors = 0;
    up->bind(&link->upper);
    pcie_device_bind_link(device, &link->lower);
    for (unsigned i = 0; i < 2; i++) {
        endpoint *below = ep[i == 0 ? 0 : 2];
        pcie_link *lower = pcie_link_create(sim, i == 0 ? "linkA" : "linkB", &link_config, pcie_switch_end(sw[i]),
                                            endpoint_end(below));

        pcie_switch_bind_downstream(sw[i], 0, &lower->upper);
        endpoint_bind_link(below, &lower->lower);
    }
    number(0x0100, 2, 3, MEMORY_OF[0]);
    number(0x0103, 4, 5, MEMORY_OF[3]);
    number(0x0200, 3, 3, MEMORY_OF[0]);
    number(0x0400, 5, 5, MEMORY_OF[3]);
    for (unsigned who = 0; who < WHO; who++) {
        place(ID[who], MEMORY_OF[who]);
    }
    up->got.clear();
}

RawDevice::Got Device::config(uint16_t rid, unsigned offset, uint32_t value, bool write)
{
    const size_t before = up->got.size();

    up->send(write ? config_tlp(rid, offset, value) : config_tlp(rid, offset));
    run();
    RawDevice::Got got = up->got.at(before);
    up->got.resize(before);
    return got;
}

void Device::number(uint16_t rid, unsigned secondary, unsigned subordinate, uint64_t base)
{
    config_write(rid, PCIE_PRIMARY_BUS, static_cast<uint32_t>(rid >> 8) | secondary << 8 | subordinate << 16);
    config_write(rid, PCIE_MEMORY_BASE, static_cast<uint32_t>(base >> 16 | (base + MIB - 1) >> 16 << 16));
    config_write(rid, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
}

void Device::place(uint16_t rid, uint64_t base)
{
    config_write(rid, PCIE_BAR(0), static_cast<uint32_t>(base));
    config_write(rid, PCIE_BAR(1), 0);
    config_write(rid, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
}

const pcie_config_space *Device::space(unsigned function) const
{
    return function == 0 || function == 3 ? &pcie_switch_bridge(sw[function / 3], 0)->config
                                          : endpoint_config_space(ep[1], function - 1);
}

void Device::set_acs(unsigned function, uint16_t controls, uint32_t egress)
{
    const uint16_t rid = static_cast<uint16_t>(0x0100 | function);
    const unsigned at = space(function)->acs;

    ASSERT_NE(at, 0u);
    config_write(rid, at + PCIE_ACS_EGRESS_VECTOR, egress);
    config_write(rid, at + PCIE_ACS_CAPABILITY, static_cast<uint32_t>(controls) << 16);
}

void Device::request(unsigned who, uint64_t address, bool write, sim_address_type at)
{
    const uint8_t data[] = {static_cast<uint8_t>(0x50 + who)};
    endpoint_job job = {};

    job.kind = write ? ENDPOINT_DMA_WRITE : ENDPOINT_DMA_READ;
    job.function = who == 2 ? 1 : 0;
    job.address = address;
    job.bytes = write ? 1 : 4;
    job.data = write ? data : nullptr;
    job.at = at;
    ASSERT_TRUE(endpoint_request(endpoint_of(who), &job));
    run();
}

bool Device::has_written(unsigned who) const
{
    for (unsigned to = 0; to < WHO; to++) {
        const uint8_t *bytes = endpoint_bar_bytes(endpoint_of(to), to == 2 ? 1 : 0, 0, nullptr);

        if (to != who && bytes[0x40] == 0x50 + who) {
            return true;
        }
    }
    return false;
}

class OnEveryEngine : public ::testing::TestWithParam<support::Engine>
{
};

/** What is wrong with its link is recorded by the functions of all parts; the part with function 0 tells the root. */
TEST(DeviceOfParts, LinkErrorsAreEverybodysAndToldOnce)
{
    std::vector<uint64_t> reference;

    for (const auto &engine : support::engines()) {
        Plan setup;

        setup.engine = engine;
        setup.tlp_errors = 200000;
        Device dev(setup);
        for (unsigned function = 0; function < 4; function++) {
            auto *space = const_cast<pcie_config_space *>(dev.space(function));

            pcie_config_set32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS, 0);
            pcie_config_set16(space, space->express + PCIE_EXP_DEVICE_CONTROL, PCIE_EXP_DEVCTL_CORRECTABLE_ENABLE);
        }
        for (unsigned i = 0; i < 40; i++) {
            Tlp tlp;

            tlp.type = SIM_PACKET_CONFIG_READ;
            tlp.target = 0x0100;
            tlp.at_time = sim_now(dev.sim) + (i + 1) * 2 * SIM_US;
            dev.up->send(tlp);
        }
        dev.run();
        for (unsigned function = 0; function < 4; function++) {
            const pcie_config_space *space = dev.space(function);

            EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_BAD_TLP)
                << function;
        }
        const auto told = dev.up->got_of(SIM_PACKET_MESSAGE);
        std::vector<uint64_t> times;

        EXPECT_GT(told.size(), 0u);
        for (const RawDevice::Got &message : told) {
            EXPECT_EQ(message.tlp.requester, 0x0100) << "function 0";
            times.push_back(message.time);
        }
        if (reference.empty()) {
            reference = times;
        }
        EXPECT_EQ(times, reference) << engine.name;
    }
}

} // namespace

TEST(Device, ShowsEveryFunctionAsOneOfSeveral)
{
    Device rig;

    for (unsigned function = 0; function < 4; function++) {
        const uint16_t rid = static_cast<uint16_t>(0x0100 | function);
        const bool bridge = function == 0 || function == 3;
        const pcie_config_space *space = rig.space(function);
        const uint32_t link = rig.config_read(rid, space->express + PCIE_EXP_LINK_CONTROL) >> 16;

        EXPECT_EQ(rig.config_read(rid, PCIE_HEADER_TYPE & ~3u) >> 16 & 0xff, bridge ? 0x81u : 0x80u);
        EXPECT_EQ(link & 0xf, 4u) << "16 GT/s";
        EXPECT_EQ(link >> 4 & 0x3f, 4u) << "four lanes";
    }
    EXPECT_EQ(rig.config(0x0104, 0, 0, false).tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(rig.config_read(0x0100, 0), 0x870010b5u);
    EXPECT_EQ(rig.config_read(0x0103, 0), 0x870110b5u);
}

TEST_P(OnEveryEngine, WithoutControlsPeersReachEachOtherInside)
{
    for (unsigned from = 0; from < WHO; from++) {
        for (unsigned to = 0; to < WHO; to++) {
            Plan setup;

            setup.engine = GetParam();
            setup.acs = (from + to) % 2 == 0;
            if (from == to) {
                continue;
            }
            SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
            Device rig(setup);
            rig.request(from, MEMORY_OF[to] + 0x40, true);
            rig.request(from, MEMORY_OF[to] + 0x40, false);
            EXPECT_TRUE(rig.has_written(from));
            EXPECT_EQ(endpoint_get_counters(rig.endpoint_of(from))->reads_done, 1u);
            EXPECT_EQ(endpoint_get_counters(rig.endpoint_of(from))->read_errors, 0u);
            EXPECT_EQ(rig.up->got.size(), 0u);
            EXPECT_EQ(pcie_device_get_counters(rig.device)->peer_to_peer, 3u) << "write, read, completion";
            EXPECT_EQ(rig.drops(), std::vector<uint32_t>());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Device, OnEveryEngine, ::testing::ValuesIn(support::engines()),
                         [](const auto &one) { return std::string("n") + std::to_string(one.index); });

TEST(Device, WithoutPeersEverythingGoesToTheRoot)
{
    for (unsigned from = 0; from < WHO; from++) {
        Plan setup;

        setup.peers = false;
        Device rig(setup);
        rig.request(from, MEMORY_OF[(from + 1) % WHO] + 0x40, true);
        rig.request(from, ELSEWHERE, true);
        EXPECT_FALSE(rig.has_written(from));
        ASSERT_EQ(rig.up->got.size(), 2u);
        EXPECT_EQ(rig.up->got[0].tlp.requester, ID[from]);
        EXPECT_EQ(rig.up->got[0].tlp.address, MEMORY_OF[(from + 1) % WHO] + 0x40);
    }
}

TEST(Device, RequestRedirectSendsToTheRootAndTheRootSendsBack)
{
    for (unsigned from = 0; from < WHO; from++) {
        const unsigned to = (from + 1) % WHO;
        Device rig;
        Tlp back;

        rig.set_acs(FUNCTION_OF[from], PCIE_ACS_P2P_REQUEST_REDIRECT);
        rig.request(from, MEMORY_OF[to] + 0x40, true);
        EXPECT_FALSE(rig.has_written(from));
        ASSERT_EQ(rig.requests_at_root(), 1u);
        EXPECT_EQ(pcie_device_get_counters(rig.device)->redirected, 1u);
        back = rig.up->got[0].tlp;
        rig.up->send(back);
        rig.run();
        EXPECT_TRUE(rig.has_written(from)) << "from above the window or BAR leads there";
        EXPECT_EQ(rig.requests_at_root(), 1u) << "and not up again";
    }
}

TEST(Device, ControlsOfOneFunctionAreNotThoseOfAnother)
{
    Device rig;

    rig.set_acs(1, PCIE_ACS_P2P_REQUEST_REDIRECT);
    rig.request(2, MEMORY_OF[0] + 0x40, true);
    EXPECT_TRUE(rig.has_written(2));
    EXPECT_EQ(rig.requests_at_root(), 0u);
}

TEST(Device, CompletionRedirectSendsTheAnswerToTheRoot)
{
    for (unsigned to = 0; to < WHO; to++) {
        const unsigned from = (to + 2) % WHO;
        Device rig;

        rig.set_acs(FUNCTION_OF[to], PCIE_ACS_P2P_COMPLETION_REDIRECT);
        rig.request(from, MEMORY_OF[to] + 0x40, false);
        ASSERT_EQ(rig.up->got.size(), 1u);
        EXPECT_EQ(rig.up->got[0].tlp.type, SIM_PACKET_COMPLETION);
        EXPECT_EQ(rig.up->got[0].tlp.target, ID[from]);
        EXPECT_EQ(rig.up->got[0].tlp.requester, ID[to]);
    }
}

TEST(Device, EgressControlHasABitForEachFunction)
{
    for (unsigned from = 0; from < WHO; from++) {
        for (unsigned to = 0; to < WHO; to++) {
            if (from == to) {
                continue;
            }
            SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
            const unsigned function = FUNCTION_OF[from];
            const uint32_t barred = 1u << FUNCTION_OF[to];
            Device open;
            Device shut;
            Device sent_up;

            open.set_acs(function, PCIE_ACS_P2P_EGRESS_CONTROL, ~barred);
            open.request(from, MEMORY_OF[to] + 0x40, true);
            EXPECT_TRUE(open.has_written(from));

            shut.set_acs(function, PCIE_ACS_P2P_EGRESS_CONTROL, barred);
            shut.request(from, MEMORY_OF[to] + 0x40, true);
            shut.request(from, MEMORY_OF[to] + 0x40, false);
            EXPECT_FALSE(shut.has_written(from));
            EXPECT_EQ(shut.requests_at_root(), 0u);
            EXPECT_EQ(pcie_device_get_counters(shut.device)->acs_violations, 2u);
            EXPECT_EQ(endpoint_get_counters(shut.endpoint_of(from))->read_errors, 1u) << "Completer Abort";
            EXPECT_EQ(shut.drops(), std::vector<uint32_t>{SIM_DROP_ACS_VIOLATION});
            for (unsigned i = 0; i < 4; i++) {
                const unsigned at = shut.space(i)->aer + PCIE_AER_UNCORRECTABLE_STATUS;
                const uint32_t status = pcie_config_get32(shut.space(i), at);

                EXPECT_EQ((status & PCIE_AER_ACS_VIOLATION) != 0, i == function) << "function " << i;
            }

            sent_up.set_acs(function, PCIE_ACS_P2P_EGRESS_CONTROL | PCIE_ACS_P2P_REQUEST_REDIRECT, barred);
            sent_up.request(from, MEMORY_OF[to] + 0x40, true);
            EXPECT_EQ(sent_up.requests_at_root(), 1u);
        }
    }
}

TEST(Device, TranslatedRequestsGoDirectlyIfTheyMay)
{
    Device rig;

    rig.set_acs(1, PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_DIRECT_TRANSLATED_P2P);
    rig.request(1, MEMORY_OF[3] + 0x40, true, SIM_AT_UNTRANSLATED);
    EXPECT_EQ(rig.requests_at_root(), 1u);
    EXPECT_FALSE(rig.has_written(1));
    rig.request(1, MEMORY_OF[3] + 0x40, true, SIM_AT_TRANSLATED);
    EXPECT_EQ(rig.requests_at_root(), 1u);
    EXPECT_TRUE(rig.has_written(1));
}

TEST(Device, ViolationsAreToldToTheRootByTheFunction)
{
    Device rig;
    const unsigned control = rig.space(2)->express + PCIE_EXP_DEVICE_CONTROL;

    rig.config_write(0x0102, control, PCIE_EXP_DEVCTL_NONFATAL_ENABLE);
    rig.set_acs(2, PCIE_ACS_P2P_EGRESS_CONTROL, 1u << 1);
    rig.request(2, MEMORY_OF[1] + 0x40, true);
    const std::vector<RawDevice::Got> messages = rig.up->got_of(SIM_PACKET_MESSAGE);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].tlp.operation, PCIE_ERR_NONFATAL);
    EXPECT_EQ(messages[0].tlp.requester, 0x0102);
}

TEST(Device, MessagesToEverybodyReachEverySwitchAndFunction)
{
    Device rig;
    Tlp message;

    message.type = SIM_PACKET_MESSAGE;
    message.arg = PCIE_ROUTE_ALL;
    message.operation = 0x7f;
    message.length = 0;
    rig.up->send(message);
    rig.run();
    EXPECT_EQ(pcie_device_get_counters(rig.device)->broadcast, 1u);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw[0])->broadcast, 1u);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw[1])->broadcast, 1u);
    EXPECT_EQ(rig.up->got.size(), 0u);
}

TEST(Device, RequestsForNobodyAreAnsweredByFunction0)
{
    Device rig;
    Tlp tlp;

    tlp.type = SIM_PACKET_READ;
    tlp.address = 0xb0000000;
    tlp.requester = 0;
    tlp.tag = 7;
    rig.up->send(tlp);
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    EXPECT_EQ(rig.up->got[0].tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(rig.up->got[0].tlp.requester, 0x0100);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw[0])->unsupported, 1u);
}
