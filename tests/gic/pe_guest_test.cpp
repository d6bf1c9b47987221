// A PE with a guest: virtual interrupts taken without the hypervisor, exits for physical ones, doorbells.
#include "models/gic-its/pe.h"
#include "tests/gic/virtual_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

constexpr uint32_t kDevice = 2;
constexpr uint32_t kDoorbell = 8300;

class PeGuest : public ::testing::TestWithParam<support::Engine>
{
  protected:
    PeGuest() : config(pe_config_default())
    {
        config.guests = true;
        config.handler_time = 300 * SIM_NS;
        config.guest_handler_time = 400 * SIM_NS;
    }
    ~PeGuest() override
    {
        EXPECT_EQ(system->held(), redistributor_parked_count(system->rds[0])) << "packets were lost";
    }
    /** vPE 0 resident at redistributor 0, which has the PE. Events 0 .. 7 are virtual, 8 .. 15 physical. */
    void start()
    {
        Options options;
        struct sim_channel *from;
        struct sim_channel *to;

        options.rd_count = 1;
        options.create_pes = false;
        system = std::make_unique<VirtualSystem>(GetParam(), kinds()[4], options);
        pe = pe_create(system->sim, "pe0", &config);
        system->connect_pe(0, pe_component(pe), &from, &to);
        pe_bind_redistributor(pe, from, to);
        system->start();
        system->map_vpe(0, 0, kDoorbell);
        system->map_device(kDevice, 5);
        for (uint32_t event = 0; event < 8; event++) {
            system->command(vmapti(kDevice, event, 0, 8200 + event));
            system->map_event(kDevice, 8 + event, 8400 + event, 0);
        }
        system->enter(0, 0);
        pe_set_guest(pe, true);
        for (uint32_t event = 0; event < 16; event++) {
            system->msi_now(kDevice, event);
        }
        warm = system->counter("pe0", "delivered");
        ASSERT_EQ(warm, 16u);
        ASSERT_EQ(system->counter("pe0", "guest_delivered"), 8u);
        exits = system->counter("pe0", "exits");
    }
    /** A time at which all is quiet. */
    sim_time later() const
    {
        return sim_time_align(sim_now(system->sim) + 2 * SIM_US, SIM_NS);
    }
    sim_time delivered(uint64_t id) const
    {
        return system->time_of(SIM_EVENT_MSI_DELIVERED, id);
    }
    sim_time handled(uint64_t id) const
    {
        return system->time_of(SIM_EVENT_MSI_HANDLED, id);
    }
    sim_time cycles(uint32_t count) const
    {
        return count * config.period;
    }

    pe_config config;
    std::unique_ptr<VirtualSystem> system;
    struct pe *pe = nullptr;
    uint64_t warm = 0;
    uint64_t exits = 0;
};

TEST_P(PeGuest, TheGuestTakesItsInterruptsWithoutAnExit)
{
    start();
    sim_time at = later();
    uint64_t id = system->msi(kDevice, 3, 0, at);

    system->run();
    EXPECT_EQ(handled(id) - delivered(id), config.guest_handler_time);
    EXPECT_EQ(system->counter("pe0", "exits"), exits);
    EXPECT_EQ(system->counter("pe0", "guest_delivered"), 9u);
    // As long as a physical one of an idle PE: the stages are the same.
    pe_set_guest(pe, false);
    system->run();
    sim_time again = later();
    uint64_t physical = system->msi(kDevice, 11, 0, again);
    system->run();
    EXPECT_EQ(delivered(physical) - again, delivered(id) - at);
}

TEST_P(PeGuest, APhysicalInterruptSuspendsTheGuestsHandler)
{
    start();
    sim_time at = later();
    uint64_t guest = system->msi(kDevice, 3, 0, at);
    uint64_t physical = system->msi(kDevice, 11, 0, at + 300 * SIM_NS);

    system->run();
    EXPECT_EQ(system->counter("pe0", "exits"), exits + 1);
    EXPECT_LT(delivered(guest), delivered(physical));
    EXPECT_LT(handled(physical), handled(guest)) << "it goes on afterwards";
    // What the guest loses: exit, acknowledge (a round trip of two channels of a cycle each), entry, handler, re-entry.
    sim_time lost = handled(guest) - delivered(guest) - config.guest_handler_time;
    sim_time least = cycles(config.exit_cycles + config.acknowledge_cycles + config.entry_cycles) +
                     config.handler_time + cycles(config.enter_cycles) + 2 * SIM_NS;
    EXPECT_GE(lost, least);
    EXPECT_LE(lost, least + 4 * SIM_NS) << "edges and the redistributor's answer";
}

TEST_P(PeGuest, SeveralPhysicalInterruptsAreOneExit)
{
    start();
    sim_time at = later();

    system->msi(kDevice, 8, 0, at);
    system->msi(kDevice, 9, 0, at);
    system->msi(kDevice, 10, 0, at);
    uint64_t guest = system->msi(kDevice, 0, 0, at + 300 * SIM_NS);
    system->run();
    EXPECT_EQ(system->counter("pe0", "exits"), exits + 1);
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 4);
    EXPECT_NE(handled(guest), 0u);
}

TEST_P(PeGuest, NoInterruptFallsBetween)
{
    // Sweeps a physical interrupt over the acknowledge and the handler of a virtual one.
    start();
    for (sim_time delay = 0; delay < 120; delay++) {
        sim_time at = later();
        uint64_t guest = system->msi(kDevice, 1, 0, at);
        uint64_t physical = system->msi(kDevice, 9, 0, at + delay * 7 * SIM_NS);

        system->run();
        EXPECT_NE(handled(guest), 0u) << delay;
        EXPECT_NE(handled(physical), 0u) << delay;
        EXPECT_GE(handled(guest) - delivered(guest), config.guest_handler_time);
        // Never two handlers' instructions at once: one is before the other or inside of it.
        bool before = handled(physical) <= delivered(guest) || handled(guest) <= delivered(physical);
        bool inside = delivered(guest) < delivered(physical) && handled(physical) < handled(guest);
        EXPECT_TRUE(before || inside) << delay;
    }
    EXPECT_EQ(system->counter("pe0", "guest_spurious"), 0u);
}

TEST_P(PeGuest, TheGuestsMaskAndGroupHoldItsInterruptsBack)
{
    start();
    pe_set_guest_priority_mask(pe, 0x80);
    system->msi_now(kDevice, 2);
    EXPECT_EQ(system->counter("pe0", "delivered"), warm) << "0xa0 is not below 0x80";
    pe_set_guest_priority_mask(pe, 0xff);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 1);
    pe_set_guest_group1_enable(pe, false);
    system->msi_now(kDevice, 2);
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 1);
    EXPECT_TRUE(pe_is_idle(pe));
    pe_set_guest_group1_enable(pe, true);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 2);
}

TEST_P(PeGuest, ADoorbellWakesTheHypervisorAndTheGuestFindsItsInterrupt)
{
    start();
    pe_set_guest(pe, false);
    system->leave(0, 0, true);
    uint64_t id = system->msi_now(kDevice, 5);
    EXPECT_EQ(system->counter("rd0", "doorbells"), 1u);
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 1) << "the doorbell, in the hypervisor";
    EXPECT_EQ(delivered(id), 0u);
    system->enter(0, 0);
    pe_set_guest(pe, true);
    system->run();
    EXPECT_NE(handled(id), 0u);
    EXPECT_EQ(system->counter("pe0", "guest_delivered"), 9u);
}

TEST_P(PeGuest, AGuestThatIsLeftEndsItsHandlerFirst)
{
    start();
    sim_time at = later();
    uint64_t first = system->msi(kDevice, 5, 0, at);
    uint64_t second = system->msi(kDevice, 6, 0, at);

    sim_run(system->sim, at + 300 * SIM_NS);
    pe_set_guest(pe, false);
    system->run();
    EXPECT_NE(handled(first), 0u);
    EXPECT_EQ(delivered(second), 0u);
    system->leave(0, 0);
    EXPECT_TRUE(system->bit_in_memory(0, 8206));
}

TEST_P(PeGuest, APeWithoutGuestsIgnoresVirtualSignals)
{
    config.guests = false;
    Options options;
    struct sim_channel *from;
    struct sim_channel *to;

    options.rd_count = 1;
    options.create_pes = false;
    system = std::make_unique<VirtualSystem>(GetParam(), kinds()[4], options);
    pe = pe_create(system->sim, "pe0", &config);
    system->connect_pe(0, pe_component(pe), &from, &to);
    pe_bind_redistributor(pe, from, to);
    system->start();
    system->map_vpe(0, 0);
    system->map_device(kDevice, 5);
    system->command(vmapti(kDevice, 0, 0, 8200));
    system->enter(0, 0);
    system->msi_now(kDevice, 0);
    EXPECT_EQ(system->counter("pe0", "delivered") + system->counter("pe0", "spurious"), 0u);
    EXPECT_TRUE(redistributor_is_virtual_pending(system->rds[0], 8200));
    system->leave(0, 0);
}

/* ---- A hypervisor that is modelled itself ---- */

/** What the PE told, and when; it takes the interrupts that it is told to. */
struct Teller {
    static bool interrupt(void *context, struct sim_packet *packet, sim_time start)
    {
        Teller *teller = static_cast<Teller *>(context);

        if (!teller->takes) {
            return false;
        }
        teller->taken = packet;
        teller->start = start;
        return true;
    }
    static void granted(void *context)
    {
        static_cast<Teller *>(context)->grants++;
        static_cast<Teller *>(context)->when = sim_now(static_cast<Teller *>(context)->sim);
    }
    static void guest_idle(void *context)
    {
        static_cast<Teller *>(context)->idles++;
    }
    explicit Teller(struct sim *sim_, struct pe *pe) : sim(sim_)
    {
        const pe_software software = {this, interrupt, granted, guest_idle, nullptr};

        pe_set_software(pe, &software);
    }
    struct sim *sim;
    bool takes = false;
    struct sim_packet *taken = nullptr;
    sim_time start = 0;
    sim_time when = 0;
    uint32_t grants = 0;
    uint32_t idles = 0;
};

TEST_P(PeGuest, TheHypervisorGetsThePeWhenAHandlerHasEnded)
{
    start();
    Teller teller(system->sim, pe);
    sim_time at = later();
    uint64_t physical = system->msi(kDevice, 11, 0, at);

    while (system->time_of(SIM_EVENT_MSI_DELIVERED, physical) == 0) {
        sim_run(system->sim, sim_now(system->sim) + 10 * SIM_NS);
    }
    pe_request(pe);
    system->run();
    EXPECT_EQ(teller.grants, 1u);
    EXPECT_GE(teller.when, handled(physical));
    /* Nothing is taken until it gives the PE back. */
    uint64_t waits = system->msi(kDevice, 12, 0, later());
    uint64_t guest = system->msi(kDevice, 3, 0, later());
    system->run();
    EXPECT_EQ(delivered(waits), 0u);
    EXPECT_EQ(delivered(guest), 0u);
    pe_release(pe);
    system->run();
    EXPECT_GT(delivered(waits), 0u);
    EXPECT_GT(delivered(guest), handled(waits)) << "the host's first";
}

TEST_P(PeGuest, TheHypervisorKeepsAnInterruptAsLongAsItLikes)
{
    start();
    Teller teller(system->sim, pe);
    sim_time at = later();

    teller.takes = true;
    uint64_t id = system->msi(kDevice, 11, 0, at);
    system->run();
    ASSERT_NE(teller.taken, nullptr);
    EXPECT_EQ(teller.taken->id, id);
    EXPECT_EQ(delivered(id), 0u) << "its handler is not where the message ends";
    EXPECT_EQ(system->counter("pe0", "exits"), exits + 1);
    /* It becomes the guest's, by a list register, with a handler and an end. */
    teller.taken->intid = 9000;
    EXPECT_TRUE(pe_inject(pe, teller.taken, 0x80));
    EXPECT_NE(pe_find_injected(pe, 9000), nullptr);
    pe_release(pe);
    system->run();
    EXPECT_EQ(handled(id) - delivered(id), config.guest_handler_time);
    EXPECT_EQ(pe_find_injected(pe, 9000), nullptr);
    EXPECT_EQ(system->counter("pe0", "guest_listed"), 1u);
}

TEST_P(PeGuest, AHandlerGoesOnWhereItsGuestIsLoadedAgain)
{
    start();
    Teller teller(system->sim, pe);
    struct pe_context context;
    sim_time at = later();
    uint64_t guest = system->msi(kDevice, 3, 0, at);

    while (delivered(guest) == 0 || sim_now(system->sim) < delivered(guest) + 100 * SIM_NS) {
        sim_run(system->sim, sim_now(system->sim) + 10 * SIM_NS);
    }
    pe_request(pe);
    system->run();
    ASSERT_EQ(teller.grants, 1u);
    pe_save_guest(pe, &context);
    EXPECT_NE(context.handler, nullptr);
    EXPECT_GT(context.rest, 0u);
    EXPECT_LT(context.rest, config.guest_handler_time);
    pe_release(pe);
    system->run();
    EXPECT_EQ(handled(guest), 0u) << "it is not on any PE";
    pe_request(pe);
    system->run();
    pe_load_guest(pe, &context);
    sim_time back = sim_now(system->sim);
    pe_release(pe);
    system->run();
    EXPECT_GE(handled(guest), back + cycles(config.enter_cycles) + context.rest);
    EXPECT_LE(handled(guest), back + cycles(config.enter_cycles) + context.rest + 2 * SIM_NS);
}

TEST_P(PeGuest, TheHypervisorIsToldOnceThatTheGuestHasNothingToDo)
{
    start();
    Teller teller(system->sim, pe);

    pe_set_guest(pe, true); /* has the PE look */
    system->run();
    EXPECT_EQ(teller.idles, 1u) << "not at every edge";
    system->msi(kDevice, 3, 0, later());
    system->run();
    EXPECT_EQ(teller.idles, 2u) << "again after the handler";
}

INSTANTIATE_TEST_SUITE_P(Engines, PeGuest, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace
