/*
 * A GICv2m frame in place of an ITS: a device writes the number of an SPI, and the distributor's routing says which PE
 * takes it. Software of the platform's own sees the interrupt wire, acknowledges at the CPU interface, and ends it.
 *
 *   device ── frame ┌─────┐ ~~~~ ┌─────────────┐ ~~~~ ┌────┐ cpu ───────┐
 *                   │ v2m │      │ distributor │      │ rd │ interrupt ─┴─ pe
 *                   └─────┘      └─────────────┘      └────┘
 *                                    registers └── bus ──┘ registers, memory
 */
#include "examples/common/bus.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/distributor.h"
#include "wrappers/protocol_checker.h"

#include <cstdio>
#include <string>

namespace
{

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kMemorySize = 1 << 20;
constexpr uint64_t kDistributor = 0x08000000;
constexpr uint64_t kFrame = 0x08020000;
constexpr uint64_t kRedistributor = 0x0a000000;
constexpr uint64_t kCpu = 0x02000000;

distributor_config distributor_of()
{
    distributor_config config = distributor_config_default();

    config.base = kDistributor;
    return config;
}

v2m_config frame_of()
{
    v2m_config config = v2m_config_default();

    config.base = kFrame;
    return config;
}

redistributor_config redistributor_of()
{
    redistributor_config config = redistributor_config_default();

    config.base = kRedistributor;
    config.last = true;
    config.its_count = 0;
    config.spis = true;
    return config;
}

class platform : public sc_core::sc_module
{
  public:
    explicit platform(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), whole_("doorbell"), distributor_("distributor", whole_, distributor_of()),
          frame_("frame", whole_, frame_of()), redistributor_("rd", whole_, redistributor_of()), device_("device"),
          pe_("pe"), memory_("memory", kMemory, kMemorySize, sc_core::sc_time(80, sc_core::SC_NS)),
          bus_("bus", sc_core::sc_time(20, sc_core::SC_NS), sc_core::sc_time(20, sc_core::SC_NS)),
          interrupt_("interrupt")
    {
        frame_.connect(distributor_, 5 * SIM_NS);
        distributor_.connect(redistributor_, 5 * SIM_NS);
        redistributor_.interrupt.bind(interrupt_);
        checkers_.join(device_.socket, bus_.add_initiator());
        checkers_.join(pe_.socket, bus_.add_initiator());
        checkers_.join(redistributor_.memory(), bus_.add_initiator());
        checkers_.join(bus_.add_target(kMemory, kMemory + kMemorySize - 1), memory_.socket);
        checkers_.join(bus_.add_target(kDistributor, kDistributor + GICD_SIZE - 1), distributor_.registers());
        checkers_.join(bus_.add_target(kFrame, kFrame + V2M_SIZE - 1), frame_.frame());
        checkers_.join(bus_.add_target(kRedistributor, kRedistributor + GICR_SIZE - 1), redistributor_.registers());
        checkers_.join(bus_.add_target(kCpu, kCpu + 0xfff), redistributor_.cpu());
        SC_HAS_PROCESS(platform);
        SC_THREAD(run);
    }

    bool works() const
    {
        return taken_ == 2;
    }

    /** What the checkers found. */
    std::string wrong() const
    {
        return checkers_.report() + checkers_.uncovered();
    }

  private:
    void run()
    {
        const uint32_t spi = pe_.read32(kFrame + V2M_MSI_TYPER) >> 16; /* the frame's first */

        pe_.write32(kDistributor + GICD_CTLR, 1u << 1 | 1u << 4); /* Group 1, affinity routing */
        pe_.write32(kDistributor + GICD_IGROUPR(spi / 32), 1u << spi % 32);
        pe_.write64(kDistributor + GICD_IROUTER(spi), 0);
        pe_.write32(kDistributor + GICD_ISENABLER(spi / 32), 1u << spi % 32);
        pe_.write32(kCpu + 0x00, 1);    /* Group 1 on */
        pe_.write32(kCpu + 0x04, 0xff); /* all priorities */
        for (unsigned i = 0; i < 2; i++) {
            const sc_core::sc_time begin = sc_core::sc_time_stamp();

            device_.write32(kFrame + V2M_MSI_SETSPI_NS, spi);
            while (!interrupt_.read()) {
                sc_core::wait(interrupt_.posedge_event());
            }
            std::printf("interrupt after %s\n", (sc_core::sc_time_stamp() - begin).to_string().c_str());
            taken_ += pe_.read32(kCpu + 0x0c) == spi;
            pe_.write32(kCpu + 0x10, spi);
        }
    }

    doorbell::protocol_checkers checkers_; /**< between any two sockets stands one */
    doorbell::simulation whole_;
    doorbell::distributor distributor_;
    doorbell::v2m frame_;
    doorbell::redistributor redistributor_;
    example::initiator device_;
    example::initiator pe_;
    example::memory memory_;
    example::bus bus_;
    sc_core::sc_signal<bool> interrupt_;
    unsigned taken_ = 0;
};

} // namespace

int sc_main(int, char *[])
{
    const platform system("platform");

    sc_core::sc_start();
    const std::string wrong = system.wrong();
    std::fputs(wrong.c_str(), stdout);
    std::puts(system.works() && wrong.empty() ? "as it should be" : "not as it should be");
    return system.works() && wrong.empty() ? 0 : 1;
}
