/*
 * An ITS and a redistributor. A device writes an EventID to the doorbell; software of the platform's own sees the
 * interrupt wire, acknowledges at the CPU interface, and ends the interrupt.
 *
 *   device ── translation ┌─────┐ ~~~~ ┌────────┐ cpu ───────┐
 *                         │ its │      │   rd   │ interrupt ─┴─ pe
 *                         └─────┘      └────────┘
 *            registers, memory └── bus ──┘ registers, memory
 */
#include "wrappers/gic.h"
#include "examples/common/bus.h"
#include "examples/common/firmware.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/protocol_checker.h"

#include <cstdio>
#include <string>

namespace
{

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kMemorySize = 16 << 20;
constexpr uint64_t kIts = 0x08080000;
constexpr uint64_t kRedistributor = 0x0a000000;
constexpr uint64_t kCpu = 0x02000000;
constexpr uint32_t kDeviceId = 7;
constexpr uint32_t kEventId = 2;

its_config its_of()
{
    its_config config = its_config_default();

    config.base = kIts;
    return config;
}

redistributor_config redistributor_of()
{
    redistributor_config config = redistributor_config_default();

    config.base = kRedistributor;
    config.last = true;
    return config;
}

/** What comes to the translation frame has this device's DeviceID. */
doorbell::gic_options options()
{
    doorbell::gic_options options;

    options.defaults.has_device_id = true;
    options.defaults.device_id = kDeviceId;
    return options;
}

class platform : public sc_core::sc_module
{
  public:
    explicit platform(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), whole_("doorbell"), its_("its", whole_, its_of(), options()),
          redistributor_("rd", whole_, redistributor_of()), device_("device"), pe_("pe"),
          memory_("memory", kMemory, kMemorySize, sc_core::sc_time(80, sc_core::SC_NS)),
          bus_("bus", sc_core::sc_time(20, sc_core::SC_NS), sc_core::sc_time(20, sc_core::SC_NS)),
          interrupt_("interrupt"), software_(pe_, kMemory)
    {
        its_.connect(redistributor_, 5 * SIM_NS);
        checkers_.join(device_.socket, its_.translation());
        redistributor_.interrupt.bind(interrupt_);
        checkers_.join(its_.memory(), bus_.add_initiator());
        checkers_.join(redistributor_.memory(), bus_.add_initiator());
        checkers_.join(pe_.socket, bus_.add_initiator());
        checkers_.join(bus_.add_target(kMemory, kMemory + kMemorySize - 1), memory_.socket);
        checkers_.join(bus_.add_target(kIts, kIts + GITS_SIZE - 1), its_.registers());
        checkers_.join(bus_.add_target(kRedistributor, kRedistributor + GICR_SIZE - 1), redistributor_.registers());
        checkers_.join(bus_.add_target(kCpu, kCpu + 0xfff), redistributor_.cpu());
        SC_HAS_PROCESS(platform);
        SC_THREAD(run);
    }

    bool works() const
    {
        return works_;
    }

    /** What the checkers found. */
    std::string wrong() const
    {
        return checkers_.report() + checkers_.uncovered();
    }

  private:
    void run()
    {
        software_.start_redistributor(kRedistributor);
        auto unit = software_.start_its(kIts, 1);
        software_.map_device(unit, kDeviceId, 3);
        const uint32_t intid = software_.map_event(unit, kDeviceId, kEventId, 0);
        pe_.write32(kCpu + 0x00, 1);    /* Group 1 on */
        pe_.write32(kCpu + 0x04, 0xff); /* all priorities */
        for (unsigned i = 0; i < 2; i++) {
            const sc_core::sc_time begin = sc_core::sc_time_stamp();

            device_.write32(kIts + GITS_TRANSLATER, kEventId);
            sc_core::wait(interrupt_.posedge_event());
            std::printf("interrupt after %s\n", (sc_core::sc_time_stamp() - begin).to_string().c_str());
            works_ = pe_.read32(kCpu + 0x0c) == intid;
            pe_.write32(kCpu + 0x10, intid);
        }
    }

    doorbell::protocol_checkers checkers_; /**< between any two sockets stands one */
    doorbell::simulation whole_;
    doorbell::its its_;
    doorbell::redistributor redistributor_;
    example::initiator device_;
    example::initiator pe_;
    example::memory memory_;
    example::bus bus_;
    sc_core::sc_signal<bool> interrupt_;
    example::firmware software_;
    bool works_ = false;
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
