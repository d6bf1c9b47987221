/* PCI Express over TLP sockets: the very times of native links, also when credits run out; and devices of one's own. */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/enumerate.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/pcie.h"
#include "wrappers/tlp_bridge.h"

#include <cstring>
#include <random>

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

/* ---- Two raw components at the ends of a link, natively and over sockets ---- */

/* Sends TLPs of its list as fast as it can, and takes those that come when its timetable says so. */
class Peer
{
  public:
    struct Taken {
        uint64_t tag;
        sim_time time;
        bool operator==(const Taken &other) const
        {
            return tag == other.tag && time == other.time;
        }
    };

    /** @param vcs virtual channels that it uses  @param on_at from when on it has those but VC0 */
    Peer(struct sim *sim, const char *name, sim_time period, uint32_t seed, unsigned vcs = 1, sim_time on_at = 0)
        : random_(seed), vcs_(vcs), on_at_(on_at)
    {
        body_ = static_cast<Body *>(sim_alloc(sim, sizeof(Body)));
        body_->self = this;
        sim_component_init(&body_->component, sim, name, period, evaluate);
        for (unsigned i = 0; i < 600; i++) {
            to_send_.push_back(std::uniform_int_distribution<unsigned>(0, vcs * PCIE_CLASSES - 1)(random_));
        }
    }

    sim_component *component()
    {
        return &body_->component;
    }

    void bind(const pcie_port *port)
    {
        port_ = port;
        sim_wake(component(), 20 * component()->period);
    }

    std::vector<Taken> taken;

  private:
    struct Body {
        sim_component component;
        Peer *self;
    };

    static sim_time evaluate(sim_component *component, sim_time now)
    {
        return reinterpret_cast<Body *>(component)->self->step(now);
    }

    sim_time step(sim_time now)
    {
        sim_time due = switch_on(now);

        due = std::min(due, send(now));
        for (unsigned queue = 0; queue < vcs_ * PCIE_CLASSES; queue++) {
            const sim_packet *packet = sim_channel_peek(port_->queues[queue].receive, now);

            if (packet == nullptr) {
                due = std::min(due, sim_channel_next_arrival(port_->queues[queue].receive));
                continue;
            }
            /* Slow: every TLP waits a while of its own, so that credits run out. */
            const sim_time ready = sim_component_edge(component(), port_->queues[queue].receive->head->arrival +
                                                                       packet->tag % 7 * 13 * SIM_NS);
            if (ready > now) {
                due = std::min(due, ready);
                continue;
            }
            sim_packet *mine = pcie_port_take(port_, queue, now);
            taken.push_back({mine->tag | static_cast<uint64_t>(mine->length) << 16 |
                                 static_cast<uint64_t>(mine->traffic_class) << 32 | static_cast<uint64_t>(queue) << 40,
                             now});
            sim_packet_free(component()->sim, mine);
            due = std::min(due, now + component()->period);
        }
        return due;
    }

    sim_time switch_on(sim_time now)
    {
        const sim_time at = sim_component_edge(component(), on_at_);

        if (vcs_ > 1 && now < at) {
            return at;
        }
        for (unsigned vc = 1; vc < vcs_; vc++) {
            pcie_port_enable_vc(port_, vc, true, now);
        }
        return SIM_TIME_NEVER;
    }

    sim_time send(sim_time now)
    {
        if (next_ == to_send_.size()) {
            return SIM_TIME_NEVER;
        }
        const unsigned queue = to_send_[next_];
        const unsigned kind = pcie_queue_class(queue);
        const uint32_t length = kind == PCIE_NON_POSTED ? 4 : 4 + static_cast<uint32_t>(next_ * 36 % 250) / 4 * 4;
        const uint32_t units = kind == PCIE_NON_POSTED ? 0 : sim_channel_units(length);

        if (!pcie_port_has_space(port_, queue, now, 5 * SIM_NS, units)) {
            return pcie_port_space_at(port_, queue, now, 5 * SIM_NS, units);
        }
        sim_packet *packet = sim_packet_new(component()->sim, length);
        const uint8_t types[] = {SIM_PACKET_WRITE, SIM_PACKET_READ, SIM_PACKET_COMPLETION};
        packet->type = types[kind];
        packet->traffic_class = static_cast<uint8_t>(2 * pcie_queue_vc(queue));
        packet->tag = static_cast<uint16_t>(next_);
        packet->address = 0x1000;
        packet->first_be = 0xf;
        packet->last_be = length > 4 ? 0xf : 0;
        next_++;
        pcie_port_send(port_, queue, packet, now, 5 * SIM_NS);
        return now + component()->period;
    }

    std::mt19937 random_;
    Body *body_;
    const pcie_port *port_ = nullptr;
    std::vector<unsigned> to_send_;
    size_t next_ = 0;
    unsigned vcs_;
    sim_time on_at_;
};

struct LinkCase {
    const char *name;
    pcie_link_config config;
    bool cut_through;
};

pcie_link_config link_of(uint32_t speed, uint32_t width, uint32_t headers, uint32_t data)
{
    pcie_link_config config;

    pcie_link_config_init(&config);
    config.speed = speed;
    config.width = width;
    config.upper_credits = {headers, data, headers, data, headers, data};
    config.lower_credits = config.upper_credits;
    return config;
}

std::vector<LinkCase> link_cases()
{
    std::vector<LinkCase> cases = {
        {"Plenty", link_of(16000, 4, 64, 1024), false},   {"FewHeaders", link_of(16000, 4, 2, 64), false},
        {"FewData", link_of(8000, 2, 8, 20), true},       {"CutThrough", link_of(32000, 8, 4, 64), true},
        {"Flits", link_of(64000, 4, 8, 64), false},       {"Errors", link_of(16000, 4, 8, 64), false},
        {"FixedCredits", link_of(2500, 1, 3, 32), false}, {"Infinite", link_of(16000, 4, 0, 0), false},
        {"TwoVcs", link_of(16000, 4, 4, 64), false},      {"EightVcs", link_of(8000, 1, 2, 32), true},
    };

    cases[5].config.tlp_errors = 20000;
    cases[5].config.lost_naks = 100000;
    cases[6].config.credit_latency = 130 * SIM_NS;
    cases[8].config.virtual_channels = 2;
    cases[9].config.virtual_channels = 8;
    return cases;
}

class WrapperLink : public testing::TestWithParam<LinkCase>
{
};

std::pair<std::vector<Peer::Taken>, std::vector<Peer::Taken>> natively(const LinkCase &how)
{
    sim_config config = {};

    config.seed = 1;
    struct sim *sim = sim_create(&config);
    const unsigned vcs = std::max(how.config.virtual_channels, 1u);
    Peer upper(sim, "upper", SIM_NS, 1, vcs, 300 * SIM_NS);
    Peer lower(sim, "lower", 500 * SIM_PS, 2, vcs, 900 * SIM_NS);
    pcie_link *link =
        pcie_link_create(sim, "link", &how.config, {upper.component(), how.cut_through}, {lower.component(), false});

    upper.bind(&link->upper);
    lower.bind(&link->lower);
    EXPECT_EQ(sim_run(sim, SIM_S), SIM_RUN_DRAINED);
    sim_destroy(sim);
    return {upper.taken, lower.taken};
}

TEST_P(WrapperLink, HasTheTimesOfANativeOne)
{
    const LinkCase &how = GetParam();
    const auto expected = natively(how);
    doorbell::simulation whole("doorbell");
    Checkers checkers;
    const unsigned vcs = std::max(how.config.virtual_channels, 1u);
    Peer upper(whole.handle(), "upper", SIM_NS, 1, vcs, 300 * SIM_NS);
    Peer lower(whole.handle(), "lower", 500 * SIM_PS, 2, vcs, 900 * SIM_NS);
    doorbell::tlp_port above("above", whole, how.config, doorbell::tlp_end::upper, {upper.component(), how.cut_through},
                             false);
    doorbell::tlp_port below("below", whole, how.config, doorbell::tlp_end::lower, {lower.component(), false},
                             how.cut_through);

    checkers.join_link(above, below);
    upper.bind(above.port());
    lower.bind(below.port());
    sc_core::sc_start();
    EXPECT_EQ(upper.taken.size(), 600u);
    if (how.config.tlp_errors == 0) {
        EXPECT_TRUE(upper.taken == expected.first);
        EXPECT_TRUE(lower.taken == expected.second);
        for (size_t i = 0; i < expected.first.size() && i < upper.taken.size(); i++) {
            ASSERT_EQ(upper.taken[i].time, expected.first[i].time) << i;
        }
    }
    EXPECT_EQ(lower.taken.size(), 600u);
    EXPECT_EQ(above.overruns() + below.overruns(), 0u);
}

std::string name_of(const testing::TestParamInfo<LinkCase> &given)
{
    return given.param.name;
}

INSTANTIATE_TEST_SUITE_P(Links, WrapperLink, testing::ValuesIn(link_cases()), name_of);

/* ---- A device of somebody's own behind a root complex ---- */

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kSize = 1 << 20;
constexpr uint64_t kEcam = UINT64_C(0x4000000000);
constexpr uint64_t kWindow = 0x10000000;

/* A type 0 header with one BAR of 64 KiB. */
class ConfigSpace : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<ConfigSpace> socket;

    explicit ConfigSpace(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        const uint32_t ids = 0x123413b5;

        std::memcpy(bytes_, &ids, 4);
        socket.register_b_transport(this, &ConfigSpace::b_transport);
    }

    uint32_t bar() const
    {
        uint32_t value;

        std::memcpy(&value, &bytes_[0x10], 4);
        return value;
    }

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &)
    {
        const unsigned char *enables = payload.get_byte_enable_ptr();

        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            const uint64_t at = payload.get_address() + i;
            const bool is_bar = at >= 0x12 && at < 0x14; /* the rest of it is 0 */

            if (enables != nullptr && enables[i] == TLM_BYTE_DISABLED) {
                continue;
            }
            if (payload.is_read()) {
                payload.get_data_ptr()[i] = at < sizeof(bytes_) ? bytes_[at] : 0;
            } else if (is_bar || at == 0x04) {
                bytes_[at] = payload.get_data_ptr()[i];
            }
        }
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    unsigned char bytes_[256] = {};
};

TEST(WrapperBridge, ADeviceOfOnesOwnReadsAndWritesMemoryAndIsReached)
{
    root_port_config port = {};
    root_complex_config config;

    root_complex_config_init(&config);
    port.identity = {};
    port.identity.vendor_id = 0x13b5;
    port.identity.device_id = 1;
    port.identity.class_code = 0x060400;
    config.last_bus = 255;
    config.ecam_base = kEcam;
    config.ports = &port;
    config.port_count = 1;
    config.memory_ports = 1;

    doorbell::simulation whole("doorbell");
    Checkers checkers;
    pcie_link_config link = link_of(16000, 4, 8, 64);
    doorbell::root_complex rc("rc", whole, config, {link});
    doorbell::tlp_bridge::options how;
    how.credits = link.upper_credits;
    doorbell::tlp_bridge bridge("bridge", how);
    example::initiator device("device");
    example::initiator pe("pe");
    example::memory registers("registers", kWindow, 65536, ns(30));
    example::memory memory("memory", kMemory, kSize, ns(80));
    example::bus bus("bus", ns(10), ns(10));
    ConfigSpace space("space");

    checkers.join_link(rc.link(0), bridge);
    checkers.join(device.socket, bridge.dma);
    checkers.join(bridge.registers, registers.socket);
    checkers.join(bridge.config, space.socket);
    checkers.join(rc.memory(0), bus.add_initiator());
    checkers.join(pe.socket, bus.add_initiator());
    checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
    checkers.join(bus.add_target(kEcam, kEcam + (UINT64_C(1) << 28) - 1), rc.host());
    bus.add_range(kWindow, kWindow + (1 << 28) - 1);

    Thread thread("program", [&] {
        example::enumerator enumerator(pe, kEcam, kWindow);
        const auto found = enumerator.scan();
        std::mt19937 random(3);
        const auto draw = [&random](unsigned least, unsigned most) {
            return std::uniform_int_distribution<unsigned>(least, most)(random);
        };

        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0].rid, 0x0100);
        EXPECT_EQ(found[0].bar0, kWindow);
        EXPECT_EQ(space.bar(), kWindow);
        EXPECT_EQ(bridge.requester(), 0x0100);
        for (unsigned turn = 0; turn < 60; turn++) {
            const unsigned length = draw(1, turn % 5 == 0 ? 3000 : 40);
            const uint64_t address = kMemory + draw(0, static_cast<unsigned>(kSize) - length);
            std::vector<uint8_t> out(length);
            std::vector<uint8_t> in(length);

            for (auto &byte : out) {
                byte = static_cast<uint8_t>(draw(0, 255));
            }
            device.access(tlm::TLM_WRITE_COMMAND, address, out.data(), length);
            ASSERT_EQ(device.status, tlm::TLM_OK_RESPONSE);
            device.access(tlm::TLM_READ_COMMAND, address, in.data(), length); /* does not pass the write */
            ASSERT_EQ(device.status, tlm::TLM_OK_RESPONSE);
            ASSERT_EQ(in, out) << turn;
            ASSERT_EQ(std::memcmp(memory.at(address), out.data(), length), 0);
        }
        pe.write32(kWindow + 0x124, 0xfeedface);
        EXPECT_EQ(pe.read32(kWindow + 0x124), 0xfeedfaceu);
        EXPECT_EQ(std::memcmp(registers.at(kWindow + 0x124), "\xce\xfa\xed\xfe", 4), 0);
        uint8_t byte = 0x5a;
        pe.access(tlm::TLM_WRITE_COMMAND, kWindow + 0x125, &byte, 1);
        EXPECT_EQ(pe.read32(kWindow + 0x124), 0xfeed5aceu);
        device.read32(0x70000000); /* where there is nothing */
        EXPECT_NE(device.status, tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(bridge.unexpected(), 0u);
    });
    sc_core::sc_start();
    EXPECT_TRUE(thread.done);
    EXPECT_EQ(rc.link(0).overruns(), 0u);
}

TEST(WrapperEndpoint, RefusesInterruptsThatItDoesNotHave)
{
    endpoint_function_config function = {};
    endpoint_config config;

    endpoint_config_init(&config);
    function.identity.vendor_id = 1;
    function.bars[0].size = 65536;
    function.msix_vectors = 4;
    config.functions = &function;
    config.function_count = 1;

    doorbell::simulation whole("doorbell");
    Checkers checkers;
    pcie_link_config link = link_of(16000, 4, 8, 64);
    doorbell::pcie_endpoint endpoint("endpoint", whole, config, link, false);
    doorbell::tlp_bridge other("other");
    example::initiator device("device");
    example::initiator idle("idle");
    example::memory memory("memory", 0, 4096, ns(1));

    checkers.join_link(endpoint.link(), other);
    checkers.join(idle.socket, other.dma);
    checkers.join(other.registers, memory.socket);
    checkers.join(device.socket, endpoint.interrupts);
    Thread thread("program", [&] {
        device.write32(0, 3);
        EXPECT_EQ(device.status, tlm::TLM_OK_RESPONSE);
        device.write32(0, 4);
        EXPECT_EQ(device.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
        device.write32(4096, 0);
        EXPECT_EQ(device.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
        device.write64(0, 0);
        EXPECT_EQ(device.status, tlm::TLM_BURST_ERROR_RESPONSE);
        device.read32(0);
        EXPECT_EQ(device.status, tlm::TLM_COMMAND_ERROR_RESPONSE);
    });
    sc_core::sc_start();
    EXPECT_TRUE(thread.done);
}

} // namespace
