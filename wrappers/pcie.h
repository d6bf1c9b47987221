/*
 * doorbell::pcie_endpoint, doorbell::pcie_switch and doorbell::root_complex: PCI Express for SystemC platforms.
 * docs/tlm/pcie.md shows them at work.
 *
 *   of             what              kind        carries
 *   -------------  ----------------  ----------  ---------------------------------------------------------------
 *   pcie_endpoint  link              tlp_port    its link, lower end
 *   pcie_endpoint  interrupts        target      a device's interrupts: 4 bytes, the vector, at function * 4096
 *   pcie_switch    upstream          tlp_port    the link above, lower end
 *   pcie_switch    downstream(i)     tlp_port    a link below, upper end
 *   root_complex   link(i)           tlp_port    the link below a root port, upper end
 *   root_complex   host              target      ECAM and memory windows, from the PEs
 *   root_complex   memory(i)         initiator   requests from below, with StreamID and DeviceID, to an SMMU
 *   root_complex   ats(i)            target      messages to the devices, from the SMMU behind memory(i)
 *
 * Debug accesses (transport_dbg) find their way as TLPs do, without time and without a trace: from the host socket to
 * registers in ECAM, BARs and what is behind a bridge; from a bridge's device through the root complex to memory, with
 * its StreamID. Registers and BARs of endpoints are read only. Direct memory (DMI) is refused everywhere: it would pass
 * by windows, BARs and ACS, of whose changes nobody would tell.
 *
 * For devices of a platform's own, which are no Doorbell endpoints, there is tlp_bridge.h.
 */
#ifndef DOORBELL_WRAPPERS_PCIE_H
#define DOORBELL_WRAPPERS_PCIE_H

#include "models/pcie/endpoint.h"
#include "models/pcie/root_complex.h"
#include "models/pcie/switch.h"
#include "wrappers/bus_initiator.h"
#include "wrappers/bus_target.h"
#include "wrappers/tlp_port.h"

#include <memory>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace doorbell
{

class pcie_endpoint : public sc_core::sc_module
{
  public:
    /**
     * A write signals a vector, at the first edge later than now and not before the annotated time; those that come
     * later wait for it. TLM_GENERIC_ERROR_RESPONSE if too many wait, TLM_ADDRESS_ERROR_RESPONSE without such a vector.
     */
    tlm_utils::simple_target_socket<pcie_endpoint> interrupts;

    /** @param above_cuts_through a switch is above */
    pcie_endpoint(const sc_core::sc_module_name &name, simulation &whole, const endpoint_config &config,
                  const pcie_link_config &link, bool above_cuts_through);
    pcie_endpoint(const pcie_endpoint &) = delete;
    pcie_endpoint &operator=(const pcie_endpoint &) = delete;

    tlp_port &link()
    {
        return link_;
    }

    /** Asks for one request, as endpoint_request(). @return false if too many wait */
    bool request(const endpoint_job &job);

    /** The model, to look at, and for endpoint_start_traffic() before simulation starts. */
    struct endpoint *model()
    {
        return model_;
    }

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay);
    tlm::tlm_response_status signal(const tlm::tlm_generic_payload &payload, sim_time when);
    unsigned debug(tlm::tlm_generic_payload &payload, const tlp &header);

    simulation &whole_;
    struct endpoint *model_;
    tlp_port link_;
};

class pcie_switch : public sc_core::sc_module
{
  public:
    /**
     * @param above the link above  @param below the links below, as many as config has downstream ports
     * @param below_cut_through which of those lead to a switch; empty: none
     */
    pcie_switch(const sc_core::sc_module_name &name, simulation &whole, const pcie_switch_config &config,
                const pcie_link_config &above, bool above_cuts_through, const std::vector<pcie_link_config> &below,
                const std::vector<bool> &below_cut_through = {});
    pcie_switch(const pcie_switch &) = delete;
    pcie_switch &operator=(const pcie_switch &) = delete;

    tlp_port &upstream()
    {
        return upstream_;
    }
    tlp_port &downstream(unsigned i)
    {
        return *downstream_.at(i);
    }

    struct ::pcie_switch *model()
    {
        return model_;
    }

  private:
    unsigned debug(unsigned input, tlm::tlm_generic_payload &payload, tlp &header);

    struct ::pcie_switch *model_;
    tlp_port upstream_;
    std::vector<std::unique_ptr<tlp_port>> downstream_;
};

class root_complex : public sc_core::sc_module
{
  public:
    struct options {
        unsigned slots = 4;       /**< requests or answers that a bus port holds */
        sim_time latency = 0;     /**< flight from here to what is bound, fs; 0: one cycle */
        uint64_t host_offset = 0; /**< added to addresses at the host socket */
    };

    /** @param below the links of the root ports, as many as config has ports  @param below_cut_through as above */
    root_complex(const sc_core::sc_module_name &name, simulation &whole, const root_complex_config &config,
                 const std::vector<pcie_link_config> &below, const std::vector<bool> &below_cut_through = {});
    root_complex(const sc_core::sc_module_name &name, simulation &whole, const root_complex_config &config,
                 const std::vector<pcie_link_config> &below, const std::vector<bool> &below_cut_through,
                 const options &how);
    root_complex(const root_complex &) = delete;
    root_complex &operator=(const root_complex &) = delete;

    tlp_port &link(unsigned i)
    {
        return *links_.at(i);
    }
    tlm::tlm_target_socket<> &host()
    {
        return host_.socket;
    }
    tlm::tlm_initiator_socket<> &memory(unsigned i)
    {
        return memories_.at(i)->socket;
    }
    tlm_utils::simple_target_socket_tagged_optional<root_complex> &ats(unsigned i)
    {
        return *messages_.at(i);
    }

    struct ::root_complex *model()
    {
        return model_;
    }

  private:
    tlm::tlm_sync_enum take_message(int port, tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                    sc_core::sc_time &delay);
    void take_message_at_once(int port, tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    bool inject(int port, const tlm::tlm_generic_payload &payload, sim_time at);
    unsigned debug_host(tlm::tlm_generic_payload &payload, uint64_t address);
    unsigned debug_host_part(tlm::tlm_generic_payload &part, uint64_t address);
    unsigned debug_below(unsigned input, tlm::tlm_generic_payload &payload, const tlp &header);

    simulation &whole_;
    struct ::root_complex *model_;
    bus_target host_;
    std::vector<std::unique_ptr<tlp_port>> links_;
    std::vector<std::unique_ptr<bus_initiator>> memories_;
    std::vector<std::unique_ptr<tlm_utils::simple_target_socket_tagged_optional<root_complex>>> messages_;
};

} // namespace doorbell

#endif
