// GICv2m frames, the distributor, and SPIs at redistributors and PEs.
#include "models/gic-its/distributor.h"
#include "models/gic-its/pe.h"
#include "models/gic-its/v2m.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <random>

namespace
{

using namespace gic_test;

constexpr uint64_t kFrame = 0x08020000;
constexpr uint64_t kDistributor = 0x0a000000;
constexpr uint32_t kPes = 2;
constexpr uint32_t kSpi = 64; /* the frame's first */

/** A frame, a distributor, and PEs with redistributors and an ITS. */
class Rig
{
  public:
    explicit Rig(const support::Engine &on) : pe_settings(pe_config_default()), engine(on)
    {
        pe_settings.handler_time = 100 * SIM_NS;
    }
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;
    ~Rig()
    {
        if (system != nullptr) {
            system->run();
            EXPECT_EQ(sim_pool(system->sim)->live, held()) << "packets were lost";
        }
    }
    void start()
    {
        Options options;

        options.rd_count = kPes;
        options.rd.spis = true;
        options.create_pes = false;
        system = std::make_unique<System>(engine, options);
        make_distributor();
        make_frame();
        for (uint32_t i = 0; i < kPes; i++) {
            struct sim_channel *from;
            struct sim_channel *to;

            pes.push_back(pe_create(system->sim, ("pe" + std::to_string(i)).c_str(), &pe_settings));
            system->connect_pe(i, pe_component(pes[i]), &from, &to);
            pe_bind_redistributor(pes[i], from, to);
        }
        system->bring_up();
        write(GICD_CTLR, 2);
        for (uint32_t word = 1; word < 9; word++) {
            write(GICD_IGROUPR(word), UINT32_MAX);
        }
    }
    void enable(uint32_t intid, uint32_t pe, uint8_t priority = 0xa0)
    {
        uint64_t word = read(GICD_IPRIORITYR(intid / 4));
        uint32_t shift = intid % 4 * 8;

        write(GICD_IPRIORITYR(intid / 4), (word & ~(0xffu << shift)) | uint64_t{priority} << shift);
        write(GICD_IROUTER(intid), pe, 8);
        write(GICD_ISENABLER(intid / 32), 1u << intid % 32);
    }
    uint64_t read(uint32_t offset, uint32_t length = 4)
    {
        uint32_t index = bus_driver_read(cpu, 0, kDistributor + offset, length);

        system->run();
        return bus_driver_get_result(cpu, index)->value;
    }
    void write(uint32_t offset, uint64_t value, uint32_t length = 4)
    {
        bus_driver_write(cpu, 0, kDistributor + offset, value, length);
        system->run();
    }
    /** Adds a message. @return its identity */
    uint64_t msi(uint32_t value, sim_time at = 0, uint32_t length = 4, uint64_t address = kFrame + V2M_MSI_SETSPI_NS)
    {
        bus_driver_op op = {};

        op.at = at;
        op.type = SIM_PACKET_WRITE;
        op.address = address;
        op.length = length;
        op.value = value;
        op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
        return bus_driver_get_result(device, bus_driver_add(device, &op))->id;
    }
    uint64_t msi_now(uint32_t value)
    {
        uint64_t id = msi(value);

        system->run();
        return id;
    }
    /** The time of an event of a packet, and where; 0 and "" if there is none. */
    std::pair<sim_time, std::string> where(sim_event_kind kind, uint64_t id) const
    {
        for (const auto &event : system->log.events()) {
            if (event.kind == kind && event.packet == id) {
                return {event.time, event.where};
            }
        }
        return {0, ""};
    }
    sim_time time_of(sim_event_kind kind, uint64_t id) const
    {
        return where(kind, id).first;
    }
    /** A time at which all handlers so far have ended. */
    sim_time later() const
    {
        return sim_time_align(sim_now(system->sim) + SIM_US, SIM_NS);
    }

    pe_config pe_settings;
    support::Engine engine;
    std::unique_ptr<System> system;
    std::vector<struct pe *> pes;
    struct distributor *gicd = nullptr;
    struct bus_driver *cpu = nullptr;
    struct bus_driver *device = nullptr;

  private:
    struct sim_channel *channel(const std::string &name, struct sim_component *writer, struct sim_component *reader)
    {
        sim_channel_config config = {};

        config.name = name.c_str();
        config.writer = writer;
        config.reader = reader;
        config.capacity = 2;
        return sim_channel_create(system->sim, &config);
    }
    void make_distributor()
    {
        distributor_config config = distributor_config_default();

        config.base = kDistributor;
        config.redistributors = kPes;
        gicd = distributor_create(system->sim, "gicd", &config);
        cpu = bus_driver_create(system->sim, "cpu-gicd", SIM_NS);
        sim_bus_port port =
            bus_connect(system->sim, "cpu-gicd", bus_driver_component(cpu), distributor_component(gicd), nullptr);
        bus_driver_bind(cpu, port);
        distributor_bind_target(gicd, port);
        for (uint32_t i = 0; i < kPes; i++) {
            struct sim_component *rd = redistributor_component(system->rds[i]);
            struct sim_channel *to = channel("gicd-rd" + std::to_string(i), distributor_component(gicd), rd);
            struct sim_channel *back = channel("rd" + std::to_string(i) + "-gicd", rd, distributor_component(gicd));

            distributor_bind_redistributor(gicd, i, to, back);
            redistributor_bind_distributor(system->rds[i], to, back);
        }
    }
    void make_frame()
    {
        v2m_config config = v2m_config_default();

        config.base = kFrame;
        struct v2m *v2m = v2m_create(system->sim, "v2m", &config);
        device = bus_driver_create(system->sim, "device-v2m", SIM_NS);
        sim_bus_port port =
            bus_connect(system->sim, "device-v2m", bus_driver_component(device), v2m_component(v2m), nullptr);
        bus_driver_bind(device, port);
        v2m_bind_target(v2m, port);
        struct sim_channel *to = channel("v2m-gicd", v2m_component(v2m), distributor_component(gicd));
        v2m_bind_distributor(v2m, to);
        distributor_bind_frame(gicd, 0, to);
    }
    uint64_t held() const
    {
        uint64_t count = 0;

        for (uint32_t intid = 32; intid < 288; intid++) {
            count += distributor_is_pending(gicd, intid);
            for (auto *rd : system->rds) {
                count += redistributor_is_pending(rd, intid);
            }
        }
        return count;
    }
};

class Frame : public Rig, public ::testing::TestWithParam<support::Engine>
{
  protected:
    Frame() : Rig(GetParam())
    {
    }
};

TEST_P(Frame, ItsRegistersSayWhichSpisItHas)
{
    start();
    uint32_t typer = bus_driver_read(device, 0, kFrame + V2M_MSI_TYPER, 4);
    uint32_t doorbell = bus_driver_read(device, 0, kFrame + V2M_MSI_SETSPI_NS, 4);
    uint32_t odd = bus_driver_read(device, 0, kFrame + V2M_MSI_TYPER, 2);
    system->run();

    EXPECT_EQ(bus_driver_get_result(device, typer)->value, 64u << 16 | 64u);
    EXPECT_EQ(bus_driver_get_result(device, doorbell)->value, 0u);
    EXPECT_EQ(bus_driver_get_result(device, odd)->value, 0u);
    EXPECT_EQ(read(GICD_TYPER), 8u | 1u << 17 | 15u << 19 | 1u << 25) << "256 SPIs, LPIs, 16 INTID bits, no 1 of N";
    EXPECT_EQ(read(GICD_PIDR2) >> 4, 3u);
    EXPECT_EQ(read(GICD_ICFGR(kSpi / 16)), 0xaaaaaaaau) << "edge-triggered";
    EXPECT_EQ(read(GICD_ICFGR(0)), 0u) << "not the distributor's";
}

TEST_P(Frame, AMessageIsAnInterruptAtThePeThatSoftwareChose)
{
    start();
    enable(kSpi, 0);
    enable(kSpi + 3, 1);
    uint64_t one = msi_now(kSpi);
    uint64_t other = msi_now(kSpi + 3);

    EXPECT_EQ(where(SIM_EVENT_MSI_AT_DOORBELL, one).second, "v2m");
    EXPECT_EQ(where(SIM_EVENT_MSI_PENDING, one).second, "rd0");
    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, one).second, "pe0");
    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, other).second, "pe1");
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_HANDLED), 2u);
}

TEST_P(Frame, TheStagesAreTheTables)
{
    start();
    enable(kSpi, 0);
    uint64_t id = msi_now(kSpi);
    const sim_time taken = time_of(SIM_EVENT_MSI_AT_DOORBELL, id);
    /* Frame 2, way 1, distributor 8, way 1. */
    const sim_time pending = taken + 12 * SIM_NS;
    /* Redistributor 10, way to the PE half a nanosecond, acknowledge 40 cycles, way 1, answer 2, way, entry 40. */
    const sim_time first = pending + 10 * SIM_NS + SIM_NS / 2 + 20 * SIM_NS + SIM_NS;
    const sim_time answered = sim_time_align(first, SIM_NS) + 2 * SIM_NS + SIM_NS / 2;

    EXPECT_EQ(time_of(SIM_EVENT_MSI_PENDING, id), pending);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_DELIVERED, id), answered + 20 * SIM_NS);
    EXPECT_EQ(system->log.total_of(id),
              time_of(SIM_EVENT_MSI_DELIVERED, id) - taken + system->log.stages_of(id)["device-v2m.req"]);
}

TEST_P(Frame, WhatIsNotItsOwnIsLost)
{
    start();
    enable(kSpi, 0);
    for (uint32_t value : {0u, 31u, kSpi - 1, kSpi + 64, 1023u}) {
        msi_now(value);
    }
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 5u);
    msi(kSpi, 0, 8);
    msi(kSpi, 0, 4, kFrame + V2M_MSI_TYPER);
    system->run();
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 7u);
    msi(kSpi, 0, 2);
    system->run();
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_DELIVERED), 1u);
}

TEST_P(Frame, WhatIsDisabledStaysPendingUntilItIsNot)
{
    start();
    write(GICD_IROUTER(kSpi), 1, 8);
    uint64_t id = msi_now(kSpi);

    EXPECT_EQ(time_of(SIM_EVENT_MSI_PENDING, id), 0u);
    EXPECT_EQ(read(GICD_ISPENDR(2)), 1u);
    write(GICD_ISENABLER(2), 1);
    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, id).second, "pe1");
    EXPECT_EQ(read(GICD_ISPENDR(2)), 0u);

    write(GICD_CTLR, 0);
    id = msi_now(kSpi);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_DELIVERED, id), 0u);
    write(GICD_IGROUPR(2), 0);
    write(GICD_CTLR, 2);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_DELIVERED, id), 0u) << "of Group 0";
    write(GICD_IGROUPR(2), 1);
    EXPECT_NE(time_of(SIM_EVENT_MSI_DELIVERED, id), 0u);

    write(GICD_IROUTER(kSpi), 7, 8);
    id = msi_now(kSpi);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_DELIVERED, id), 0u) << "there is no such PE";
    write(GICD_IROUTER(kSpi), 0, 8);
    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, id).second, "pe0");
}

TEST_P(Frame, MessagesBeforeTheAcknowledgeAreOneInterrupt)
{
    start();
    enable(kSpi, 0);
    pe_set_priority_mask(pes[0], 0);
    uint64_t first = msi_now(kSpi);
    uint64_t second = msi_now(kSpi);
    pe_set_priority_mask(pes[0], 0xff);
    system->run();

    EXPECT_NE(time_of(SIM_EVENT_MSI_DELIVERED, first), 0u);
    EXPECT_EQ(where(SIM_EVENT_MSI_MERGED, second).second, "rd0");
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_DELIVERED), 1u);
}

TEST_P(Frame, AnActiveInterruptIsTakenAgainAfterItsHandlerOnly)
{
    /* The priority drops early, so that an interrupt of the same priority could be taken: an LPI is, the SPI is not. */
    pe_settings.preemption = true;
    pe_settings.eoi_mode = true;
    pe_settings.drop_time = 10 * SIM_NS;
    start();
    enable(kSpi, 0);
    enable(kSpi + 1, 0);
    sim_time at = later();
    uint64_t first = msi(kSpi, at);
    uint64_t again = msi(kSpi, at + 100 * SIM_NS);
    uint64_t other = msi(kSpi + 1, at + 102 * SIM_NS);
    system->run();

    const sim_time begin = time_of(SIM_EVENT_MSI_DELIVERED, first);
    ASSERT_LT(begin, time_of(SIM_EVENT_MSI_DELIVERED, other));
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, other), time_of(SIM_EVENT_MSI_HANDLED, first)) << "on top of it";
    EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, again), time_of(SIM_EVENT_MSI_HANDLED, first));
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_HANDLED), 3u);
}

TEST_P(Frame, ADeactivationComesBeforeTheNextInterrupt)
{
    start();
    enable(kSpi, 0);
    sim_time at = later();
    uint64_t first = msi(kSpi, at);
    uint64_t again = msi(kSpi, at + 100 * SIM_NS);
    system->run();

    EXPECT_GT(time_of(SIM_EVENT_MSI_PENDING, again), time_of(SIM_EVENT_MSI_PENDING, first));
    /* The end, way 1, redistributor 10, way, acknowledge, way, answer, way, entry: no sooner. */
    EXPECT_GE(time_of(SIM_EVENT_MSI_DELIVERED, again), time_of(SIM_EVENT_MSI_HANDLED, first) + 54 * SIM_NS);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_MERGED), 0u);
}

TEST_P(Frame, APendingInterruptGoesWhereItIsRouted)
{
    start();
    enable(kSpi, 0);
    pe_set_priority_mask(pes[0], 0);
    uint64_t id = msi_now(kSpi);
    EXPECT_TRUE(redistributor_is_pending(system->rds[0], kSpi));
    write(GICD_IROUTER(kSpi), 1, 8);

    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, id).second, "pe1");
    EXPECT_FALSE(redistributor_is_pending(system->rds[0], kSpi));
    EXPECT_EQ(read(GICD_CTLR) >> 31, 0u) << "nothing is being fetched back any more";
    EXPECT_EQ(system->counter("gicd", "recalled"), 1u);
}

TEST_P(Frame, AnActiveInterruptIsFetchedBackWhenItsHandlerHasEnded)
{
    start();
    enable(kSpi, 0);
    sim_time at = later();
    uint64_t first = msi(kSpi, at);
    bus_driver_write(cpu, at + 120 * SIM_NS, kDistributor + GICD_IROUTER(kSpi), 1, 8);
    uint64_t busy = bus_driver_read(cpu, at + 130 * SIM_NS, kDistributor + GICD_CTLR, 4);
    uint64_t again = msi(kSpi, at + 140 * SIM_NS);
    system->run();

    EXPECT_EQ(bus_driver_get_result(cpu, static_cast<uint32_t>(busy))->value >> 31, 1u);
    EXPECT_EQ(where(SIM_EVENT_MSI_DELIVERED, again).second, "pe1");
    EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, again), time_of(SIM_EVENT_MSI_HANDLED, first)) << "one at a time";
}

TEST_P(Frame, WhatIsClearedIsLost)
{
    start();
    enable(kSpi, 0);
    pe_set_priority_mask(pes[0], 0);
    msi_now(kSpi);
    write(GICD_ICPENDR(2), 1);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_CLEARED), 1u);
    write(GICD_ICENABLER(2), 1);
    msi_now(kSpi);
    EXPECT_EQ(read(GICD_ISPENDR(2)), 1u);
    write(GICD_ICPENDR(2), 1);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_CLEARED), 2u);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_DELIVERED), 0u);
}

TEST_P(Frame, SoftwareCanRaiseThem)
{
    start();
    enable(kSpi + 5, 1);
    write(GICD_ISPENDR(2), 1u << 5);
    EXPECT_EQ(system->counter("pe1", "delivered"), 1u);
}

TEST_P(Frame, PrioritiesDecideBetweenSpisAndLpis)
{
    start();
    system->map_device(2, 8);
    system->map_event(2, 20, 8195, 0);
    system->sync(0);
    enable(kSpi, 0, 0xa0);
    enable(kSpi + 1, 0, 0xb0);
    enable(kSpi + 2, 0, 0x40);
    pe_set_priority_mask(pes[0], 0);
    uint64_t low = msi_now(kSpi + 1);
    uint64_t lpi = system->msi_now(2, 20);
    uint64_t same = msi_now(kSpi);
    uint64_t high = msi_now(kSpi + 2);
    pe_set_priority_mask(pes[0], 0xff);
    system->run();

    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, high), time_of(SIM_EVENT_MSI_DELIVERED, same));
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, same), time_of(SIM_EVENT_MSI_DELIVERED, lpi)) << "the lower INTID";
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, lpi), time_of(SIM_EVENT_MSI_DELIVERED, low));
}

/**
 * Software does what it likes while messages come; at the end all is enabled, and every message has ended, once.
 * @return a hash of all that happened
 */
uint64_t disturb(Rig &rig)
{
    std::mt19937 random(7);

    rig.start();
    for (uint32_t i = 0; i < 8; i++) {
        rig.enable(kSpi + i, i % kPes, static_cast<uint8_t>(random() % 8 << 5));
    }
    sim_time at = rig.later();
    for (uint32_t i = 0; i < 400; i++) {
        uint32_t spi = kSpi + random() % 8;
        sim_time when = at + random() % 40000 * SIM_NS;

        switch (i % 4) {
        case 0:
            bus_driver_write(rig.cpu, at + i * 100 * SIM_NS, kDistributor + GICD_IROUTER(spi), random() % 3, 8);
            break;
        case 1:
            bus_driver_write(rig.cpu, at + i * 100 * SIM_NS,
                             kDistributor + (random() % 2 != 0 ? GICD_ISENABLER(2) : GICD_ICENABLER(2)), 1u << spi % 32,
                             4);
            break;
        default:
            rig.msi(spi, at + i * 100 * SIM_NS + when % (90 * SIM_NS));
        }
    }
    rig.system->run();
    for (uint32_t i = 0; i < 8; i++) {
        rig.enable(kSpi + i, i % kPes);
    }
    EXPECT_EQ(rig.system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 200u);
    EXPECT_EQ(rig.system->log.event_count(SIM_EVENT_MSI_DELIVERED) + rig.system->log.event_count(SIM_EVENT_MSI_MERGED),
              200u);
    EXPECT_EQ(rig.system->log.event_count(SIM_EVENT_MSI_DELIVERED), rig.system->log.event_count(SIM_EVENT_MSI_HANDLED));
    EXPECT_GT(rig.system->counter("gicd", "recalled"), 0u);
    EXPECT_GT(rig.system->log.event_count(SIM_EVENT_MSI_MERGED), 0u);
    EXPECT_EQ(sim_pool(rig.system->sim)->live, 0u);
    return rig.system->log.hash();
}

TEST(FrameEngines, NoMessageIsLostWhateverSoftwareDoesAndAllEnginesSeeTheSame)
{
    uint64_t reference = 0;

    for (const support::Engine &engine : support::engines()) {
        Rig rig(engine);
        const uint64_t hash = disturb(rig);

        reference = reference != 0 ? reference : hash;
        EXPECT_EQ(hash, reference) << engine.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, Frame, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace
