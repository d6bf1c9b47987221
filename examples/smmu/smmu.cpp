/*
 * An SMMU between a device and a memory. Software maps one page for the device; the device writes through it, reads
 * back, and is refused elsewhere; then software takes the page away.
 *
 *   device ── tbu ┌──────┐ memory ── bus ── memory
 *                 │ smmu │ walker ──┘ │
 *       registers └──────┘ ───────────┴── pe
 */
#include "wrappers/smmu.h"
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
constexpr uint64_t kRegisters = 0x09050000;
constexpr uint64_t kPage = kMemory + 0x800000;
constexpr uint32_t kStreamId = 3;

smmu_config config()
{
    smmu_config config;

    smmu_config_defaults(&config);
    config.base = kRegisters;
    return config;
}

/** What comes from the device has its StreamID, though the device knows nothing of it. */
doorbell::smmu::options options()
{
    doorbell::smmu::options options;

    options.defaults.resize(1);
    options.defaults[0].has_stream_id = true;
    options.defaults[0].stream_id = kStreamId;
    return options;
}

class platform : public sc_core::sc_module
{
  public:
    explicit platform(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), whole_("doorbell"), smmu_("smmu", whole_, config(), options()), device_("device"),
          pe_("pe"), memory_("memory", kMemory, kMemorySize, sc_core::sc_time(80, sc_core::SC_NS)),
          bus_("bus", sc_core::sc_time(20, sc_core::SC_NS), sc_core::sc_time(20, sc_core::SC_NS)),
          software_(pe_, kMemory)
    {
        checkers_.join(device_.socket, smmu_.tbu(0));
        checkers_.join(smmu_.memory(0), bus_.add_initiator());
        checkers_.join(smmu_.walker(), bus_.add_initiator());
        checkers_.join(pe_.socket, bus_.add_initiator());
        checkers_.join(bus_.add_target(kMemory, kMemory + kMemorySize - 1), memory_.socket);
        checkers_.join(bus_.add_target(kRegisters, kRegisters + SMMU_WINDOW_BYTES - 1), smmu_.registers());
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
    /** Reads, and says how long it took. */
    uint32_t read(uint64_t address)
    {
        const sc_core::sc_time begin = sc_core::sc_time_stamp();
        const uint32_t value = device_.read32(address);
        const bool good = device_.status == tlm::TLM_OK_RESPONSE;

        std::printf("device reads 0x%llx: %s, %s\n", static_cast<unsigned long long>(address),
                    good ? "answered" : "refused", (sc_core::sc_time_stamp() - begin).to_string().c_str());
        return good ? value : 0;
    }

    void run()
    {
        auto unit = software_.start_smmu(kRegisters);
        const uint64_t context = software_.make_context(unit);

        software_.map(context, 0x1000, kPage);
        software_.attach(unit, kStreamId, context);
        device_.write32(0x1010, 0x600df00d);
        const bool cold = read(0x1010) == 0x600df00d;
        const bool warm = read(0x1010) == 0x600df00d;
        const bool there = (software_.load(kPage + 0x10) & UINT32_MAX) == 0x600df00d;
        const bool elsewhere = read(0x2000) == 0;
        software_.unmap(unit, context, 0x1000);
        const bool gone = read(0x1010) == 0;
        works_ = cold && warm && there && elsewhere && gone;
    }

    doorbell::protocol_checkers checkers_; /**< between any two sockets stands one */
    doorbell::simulation whole_;
    doorbell::smmu smmu_;
    example::initiator device_;
    example::initiator pe_;
    example::memory memory_;
    example::bus bus_;
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
