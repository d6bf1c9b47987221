/*
 * An initiator socket for messages: payloads with TLM_IGNORE_COMMAND and a TLP (tlp.h), one at a time.
 */
#ifndef DOORBELL_WRAPPERS_MESSAGE_PORT_H
#define DOORBELL_WRAPPERS_MESSAGE_PORT_H

#include "wrappers/sideband.h"
#include "wrappers/simulation.h"
#include "wrappers/tlp.h"

#include <functional>
#include <memory>
#include <vector>

namespace doorbell
{

/** An initiator socket that may be left unbound. */
using optional_initiator =
    tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

class message_port : public sc_core::sc_module, private tlm::tlm_bw_transport_if<>, private tlm::tlm_mm_interface
{
  public:
    optional_initiator socket;

    /** @param accepted called when the receiver has accepted a message: the next may be sent from a time on */
    message_port(const sc_core::sc_module_name &name, simulation &whole, std::function<void(sim_time)> accepted);
    message_port(const message_port &) = delete;
    message_port &operator=(const message_port &) = delete;

    /** Sends a message, which arrives at a time. Its packet is freed. Without a receiver it is lost. */
    void send(sim_packet *packet, sim_time arrival);

  private:
    struct record : tlm::tlm_generic_payload {
        tlp header;
        sideband beside;
        std::vector<uint8_t> data;
        bool accepted = false;

        explicit record(tlm::tlm_mm_interface *pool);
        ~record() override;
        record(const record &) = delete;
        record &operator=(const record &) = delete;
    };

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
    void free(tlm::tlm_generic_payload *payload) override;
    void accept(record *own, sim_time at);

    simulation &whole_;
    std::function<void(sim_time)> accepted_;
    std::vector<std::unique_ptr<record>> records_;
    std::vector<record *> free_;
};

} // namespace doorbell

#endif
