/*
 * One end of a PCI Express link as a pair of sockets that speak TLPs (tlp.h): what a model sends leaves on `transmit`,
 * what the other end sends comes in on `receive`. Two ports are joined by binding each one's transmit to the other's
 * receive: join() does it. The other end may be anybody's who keeps to tlp.h.
 *
 * Each end has the link's whole configuration, and the same: the end that sends does what a wire does (serialisation,
 * DLLPs between TLPs, replays) and counts credits; the end that receives says with BEGIN_RESP when it has made room.
 * So two ports of Doorbell's make a link with the very times of pcie_link_create(), with as many virtual channels as
 * the configuration says. Limit: latency at least one cycle of either end's clock.
 *
 * A receiver whose credits a sender overruns answers TLM_GENERIC_ERROR_RESPONSE and drops the TLP.
 */
#ifndef DOORBELL_WRAPPERS_TLP_PORT_H
#define DOORBELL_WRAPPERS_TLP_PORT_H

#include "models/pcie/link.h"
#include "wrappers/ends.h"
#include "wrappers/tlp.h"

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace doorbell
{

/** Which end of its link a port is. */
enum class tlp_end {
    upper, /**< root port or downstream port: nearer to the root */
    lower, /**< endpoint or upstream port */
};

class tlp_port : public sc_core::sc_module, private link_end
{
  public:
    tlm::tlm_initiator_socket<> transmit;
    tlm::tlm_target_socket<> receive;

    /**
     * @param model what the component offers, as for pcie_link_create()
     * @param peer_cuts_through the other end acts on a TLP when its header is in: a switch
     */
    tlp_port(const sc_core::sc_module_name &name, simulation &whole, const pcie_link_config &config, tlp_end end,
             pcie_end model, bool peer_cuts_through);
    tlp_port(const tlp_port &) = delete;
    tlp_port &operator=(const tlp_port &) = delete;

    /** The model's side, for it to bind. */
    const pcie_port *port() const
    {
        return port_;
    }

    /** Binds two ports to each other. */
    static void join(tlp_port &one, tlp_port &other)
    {
        one.transmit.bind(other.receive);
        other.transmit.bind(one.receive);
    }

    /** TLPs dropped because there were no credits for them. */
    uint64_t overruns() const
    {
        return overruns_;
    }

    /** What to do with a debug access that comes in, see tlp.h. @return bytes moved */
    using debugger = std::function<unsigned(tlm::tlm_generic_payload &payload, tlp &header)>;
    void on_debug(debugger take);

    /** Hands a debug access to the other end. @return bytes moved */
    unsigned debug(tlm::tlm_generic_payload &payload);

  private:
    /** A TLP under way from here. */
    struct record : tlm::tlm_generic_payload {
        tlp header;
        std::vector<uint8_t> data;
        unsigned queue = 0;

        explicit record(tlm::tlm_mm_interface *pool);
        ~record() override;
        record(const record &) = delete;
        record &operator=(const record &) = delete;
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void free(tlm::tlm_generic_payload *payload) override;

    static void push(sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t units);
    static void pop(sim_channel *channel, sim_time free_at);
    static const sim_channel_transport outward;
    static const sim_channel_transport inward;

    void send(unsigned queue, sim_packet *packet, sim_time arrival);
    record *make_record();
    void tell_switched(unsigned vc, bool enabled);
    bool take_switched(const tlp &header);
    unsigned queue_of(const tlp &header) const;
    unsigned queues() const;
    void taken(record *own, sim_time free_at);
    bool take(tlm::tlm_generic_payload &payload, sim_time arrival);
    bool has_room(unsigned queue, uint32_t units) const;
    void respond(unsigned queue, sim_time free_at);

    /** What a channel of the port knows of itself. */
    struct place {
        tlp_port *self;
        unsigned queue;
    };

    simulation &whole_;
    gate gate_;
    const pcie_port *port_ = nullptr;
    std::vector<std::unique_ptr<record>> records_;
    std::vector<record *> free_;
    /** TLPs in each receive buffer; nullptr: nobody waits for its leaving. */
    std::array<std::deque<tlm::tlm_generic_payload *>, PCIE_QUEUES> held_;
    std::array<place, PCIE_QUEUES> places_ = {};
    tlm::tlm_generic_payload *responding_ = nullptr; /**< its BEGIN_RESP has had no END_RESP */
    std::deque<std::pair<tlm::tlm_generic_payload *, sim_time>> to_respond_;
    void respond_some();
    sc_core::sc_event room_; /**< a TLP has left a receive buffer */
    uint64_t overruns_ = 0;
    debugger debug_;
};

} // namespace doorbell

#endif
