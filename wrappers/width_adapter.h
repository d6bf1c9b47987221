/*
 * Between sockets of different widths. TLM-2.0 lets sockets be bound only if their BUSWIDTH is the same; those of
 * Doorbell have TLM's default, 32 bits, which says nothing about their timing or about how long an access may be. So
 * this hands every call on as it is, both ways:
 *
 *   doorbell::width_adapter<128, 32> adapter("adapter");
 *   mine.socket.bind(adapter.target);            // tlm_initiator_socket<128>
 *   adapter.initiator.bind(smmu.tbu(0));
 */
#ifndef DOORBELL_WRAPPERS_WIDTH_ADAPTER_H
#define DOORBELL_WRAPPERS_WIDTH_ADAPTER_H

#include <systemc>
#include <tlm>

namespace doorbell
{

template <unsigned From, unsigned To>
class width_adapter : public sc_core::sc_module, private tlm::tlm_fw_transport_if<>, private tlm::tlm_bw_transport_if<>
{
  public:
    tlm::tlm_target_socket<From> target;     /**< towards the initiator */
    tlm::tlm_initiator_socket<To> initiator; /**< towards the target */

    explicit width_adapter(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), target("target"), initiator("initiator")
    {
        target.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
        initiator.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    }
    width_adapter(const width_adapter &) = delete;
    width_adapter &operator=(const width_adapter &) = delete;

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override
    {
        initiator->b_transport(payload, delay);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return initiator->nb_transport_fw(payload, phase, delay);
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return target->nb_transport_bw(payload, phase, delay);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override
    {
        return initiator->transport_dbg(payload);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given) override
    {
        return initiator->get_direct_mem_ptr(payload, given);
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override
    {
        target->invalidate_direct_mem_ptr(first, last);
    }
};

} // namespace doorbell

#endif
