/*
 * A device of one's own on PCI Express: it reads and writes memory through a bridge, a switch and a root complex, and
 * software reaches its registers the other way.
 *
 *   device ── dma ┌────────┐        ┌────┐        ┌────┐ memory ── bus ── memory
 *                 │ bridge │ ══════ │ sw │ ══════ │ rc │ host ────┘ │
 *   registers ─── └────────┘  TLPs  └────┘  TLPs  └────┘            pe
 */
#include "wrappers/pcie.h"
#include "examples/common/bus.h"
#include "examples/common/enumerate.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/protocol_checker.h"
#include "wrappers/tlp_bridge.h"

#include <cstdio>
#include <cstring>
#include <string>

namespace
{

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kMemorySize = 1 << 20;
constexpr uint64_t kEcam = UINT64_C(0x4000000000);
constexpr uint64_t kWindow = 0x10000000;
constexpr uint64_t kWindowSize = 1 << 28;

/** The device's configuration space: an identity, a Command register and one BAR of 64 KiB. */
class config_space : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<config_space> socket;

    explicit config_space(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        const uint32_t identity = 0x00cafe01;

        std::memcpy(bytes_, &identity, sizeof(identity));
        socket.register_b_transport(this, &config_space::b_transport);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &)
    {
        const unsigned char *enables = payload.get_byte_enable_ptr();

        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            const uint64_t at = payload.get_address() + i;
            const bool writable = at == 0x04 || at == 0x12 || at == 0x13;

            if (enables != nullptr && enables[i] == TLM_BYTE_DISABLED) {
                continue;
            }
            if (payload.is_read()) {
                payload.get_data_ptr()[i] = at < sizeof(bytes_) ? bytes_[at] : 0;
            } else if (writable) {
                bytes_[at] = payload.get_data_ptr()[i];
            }
        }
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    unsigned char bytes_[64] = {};
};

pcie_link_config link_of(uint32_t width)
{
    pcie_link_config config;

    pcie_link_config_init(&config);
    config.width = width;
    return config;
}

/** Descriptions hold pointers into themselves. */
struct descriptions {
    root_port_config root_port = {};
    root_complex_config root_complex = {};
    pcie_downstream_config downstream = {};
    pcie_switch_config switch_ = {};

    descriptions()
    {
        root_complex_config_init(&root_complex);
        root_port.identity.vendor_id = 0x13b5;
        root_port.identity.class_code = 0x060400;
        root_complex.last_bus = 255;
        root_complex.ecam_base = kEcam;
        root_complex.ports = &root_port;
        root_complex.port_count = 1;
        root_complex.memory_ports = 1;
        pcie_switch_config_init(&switch_);
        downstream.identity = root_port.identity;
        switch_.identity = root_port.identity;
        switch_.downstream = &downstream;
        switch_.downstream_count = 1;
    }
};

class platform : public sc_core::sc_module
{
  public:
    explicit platform(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), whole_("doorbell"), rc_("rc", whole_, what_.root_complex, {link_of(16)}, {true}),
          switch_("sw", whole_, what_.switch_, link_of(16), false, {link_of(4)}), bridge_("bridge"), device_("device"),
          config_("config"), registers_("registers", kWindow, 65536, sc_core::sc_time(30, sc_core::SC_NS)), pe_("pe"),
          memory_("memory", kMemory, kMemorySize, sc_core::sc_time(80, sc_core::SC_NS)),
          bus_("bus", sc_core::sc_time(20, sc_core::SC_NS), sc_core::sc_time(20, sc_core::SC_NS))
    {
        checkers_.join_link(rc_.link(0), switch_.upstream());
        checkers_.join_link(switch_.downstream(0), bridge_);
        checkers_.join(device_.socket, bridge_.dma);
        checkers_.join(bridge_.registers, registers_.socket);
        checkers_.join(bridge_.config, config_.socket);
        checkers_.join(rc_.memory(0), bus_.add_initiator());
        checkers_.join(pe_.socket, bus_.add_initiator());
        checkers_.join(bus_.add_target(kMemory, kMemory + kMemorySize - 1), memory_.socket);
        checkers_.join(bus_.add_target(kEcam, kEcam + (UINT64_C(1) << 28) - 1), rc_.host());
        bus_.add_range(kWindow, kWindow + kWindowSize - 1);
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
        example::enumerator enumerator(pe_, kEcam, kWindow);
        const auto functions = enumerator.scan();
        char text[] = "a message of more than one double word";
        char back[sizeof(text)] = "";

        for (const auto &function : functions) {
            std::printf("%02x:%02x.%u has its BAR at 0x%llx\n", function.rid >> 8, function.rid >> 3 & 0x1f,
                        function.rid & 7u, static_cast<unsigned long long>(function.bar0));
        }
        const sc_core::sc_time begin = sc_core::sc_time_stamp();
        device_.access(tlm::TLM_WRITE_COMMAND, kMemory + 0x1003, text, sizeof(text));
        device_.access(tlm::TLM_READ_COMMAND, kMemory + 0x1003, back, sizeof(back));
        std::printf("written and read back in %s\n", (sc_core::sc_time_stamp() - begin).to_string().c_str());
        pe_.write32(functions.at(0).bar0 + 0x40, 0x12345678); /* posted: the read behind it sees to its arrival */
        const bool reached = pe_.read32(functions.at(0).bar0 + 0x40) == 0x12345678;
        works_ = std::strcmp(text, back) == 0 && reached && *registers_.at(kWindow + 0x40) == 0x78;
    }

    descriptions what_;
    doorbell::protocol_checkers checkers_; /**< between any two sockets stands one */
    doorbell::simulation whole_;
    doorbell::root_complex rc_;
    doorbell::pcie_switch switch_;
    doorbell::tlp_bridge bridge_;
    example::initiator device_;
    config_space config_;
    example::memory registers_;
    example::initiator pe_;
    example::memory memory_;
    example::bus bus_;
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
