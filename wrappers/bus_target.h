/*
 * A target socket in front of a model's bus port: generic payloads become requests of the bus, and answers responses.
 *
 * - nb_transport: BEGIN_REQ is taken when it comes; END_REQ follows when the model's port has room for the next request
 *   (in the same call if it has), BEGIN_RESP when the answer has arrived. One request and one response at a time are
 *   between their BEGIN and END; any number of transactions are in between. A wrong access, and a write to a posted
 *   port that has room, are completed at once (TLM_COMPLETED).
 * - b_transport waits for the annotated delay, then for the answer, and returns what is left of its flight as delay.
 * - transport_dbg and get_direct_mem_ptr are the owner's business.
 *
 * The phases' times are those of the annotation. An access of many bytes becomes several requests; its response status
 * is the worst of theirs.
 */
#ifndef DOORBELL_WRAPPERS_BUS_TARGET_H
#define DOORBELL_WRAPPERS_BUS_TARGET_H

#include "sim/bus.h"
#include "wrappers/ends.h"
#include "wrappers/segments.h"
#include "wrappers/sideband.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace doorbell
{

/** How a target socket behaves. */
struct bus_target_options {
    uint64_t offset = 0;         /**< added to every payload's address */
    unsigned slots = 4;          /**< requests that the model's port holds */
    sim_time latency = 0;        /**< flight of an answer, fs; 0: one cycle of the model */
    bool registers = false;      /**< whole registers only: 4 or 8 aligned bytes, else an error response */
    bool half_registers = false; /**< 2 bytes will do as well */
    bool posted = false;         /**< the model does not answer writes: they are done when it has taken them */
    bool awaits_outcome = false; /**< posted: a write is done when finish_write() says so */
    sideband defaults;           /**< of transactions without a sideband */
};

class bus_target : public sc_core::sc_module, private tlm::tlm_fw_transport_if<>
{
  public:
    /** transport_dbg of an address with the offset added. @return bytes */
    using debugger = std::function<unsigned(tlm::tlm_generic_payload &payload, uint64_t address)>;
    /** get_direct_mem_ptr likewise; ranges in @p grant are with the offset added. */
    using granter = std::function<bool(tlm::tlm_generic_payload &payload, uint64_t address, tlm::tlm_dmi &grant)>;
    /** A packet that is no answer, on its way to the master. Belongs to the callee, who calls release_answer(). */
    using messenger = std::function<void(sim_packet *packet, sim_time arrival)>;
    /** Makes a packet of a payload with TLM_IGNORE_COMMAND; nullptr if it is none. */
    using translator = std::function<sim_packet *(const tlm::tlm_generic_payload &payload)>;

    tlm::tlm_target_socket<> socket;

    bus_target(const sc_core::sc_module_name &name, simulation &whole, bus_target_options how);
    bus_target(const bus_target &) = delete;
    bus_target &operator=(const bus_target &) = delete;

    /** Makes the model's channels. @return for the model to bind as a target */
    sim_bus_port attach(sim_component *model);

    void on_debug(debugger debug);
    void on_direct_memory(granter grant);
    /** Called when the model takes a request that may change something: a write. */
    void on_taken(std::function<void()> tell);
    void on_message(messenger take);
    void on_command(translator make);

    /** The packet that on_message() was called for has been taken: the model may send the next at @p at. */
    void release_answer(sim_time at);

    /** awaits_outcome: a write with this cookie ended. @param cookie of any packet; others than ours are not meant */
    void finish_write(uint64_t cookie, sim_packet_status status, sim_time at);

    /** What accompanies a payload: its sideband or the defaults. */
    const sideband &sideband_of(const tlm::tlm_generic_payload &payload) const;

  private:
    /** A transaction under way. */
    struct record {
        tlm::tlm_generic_payload *payload = nullptr; /**< nullptr: free */
        bool blocking = false;
        bool requested = false;  /**< END_REQ has been told */
        bool all_sent = false;   /**< no packet is left to be sent */
        bool responding = false; /**< BEGIN_RESP has been told */
        unsigned next = 0;       /**< byte of the data at which to go on */
        unsigned open = 0;       /**< packets without an answer */
        sim_time at = 0;         /**< not before that the next packet can arrive */
        sim_time done_at = 0;    /**< when the last answer arrives */
        tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
        sc_core::sc_event done; /**< for b_transport */
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &grant) override;

    tlm::tlm_sync_enum begin(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase, sc_core::sc_time &delay);
    void end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    tlm::tlm_response_status judge(const tlm::tlm_generic_payload &payload) const;
    bool is_empty(const tlm::tlm_generic_payload &payload) const;
    unsigned open_record(tlm::tlm_generic_payload &payload, bool blocking, sim_time at);
    void close_record(unsigned index);
    void send();
    bool send_some(unsigned index);
    sim_packet *make_packet(unsigned index, const segment &part);
    void told(unsigned index, tlm::tlm_response_status status, sim_time at);
    void finish_if_done(unsigned index);
    void respond();
    void taken(const sim_packet *packet, sim_time free_at);
    void answered(sim_packet *packet, sim_time arrival);
    uint64_t cookie_of(unsigned index, unsigned offset) const;
    static tlm::tlm_response_status status_of(const sim_packet *packet);

    simulation &whole_;
    bus_target_options how_;
    gate gate_;
    uint32_t hash_; /**< of this end, for identities */
    uint32_t count_ = 0;
    std::unique_ptr<inlet> requests_;
    std::unique_ptr<outlet> answers_;
    std::deque<record> records_;      /**< stable addresses: an event cannot move */
    std::vector<unsigned> free_;      /**< records not in use */
    std::deque<unsigned> to_send_;    /**< transactions with packets to be sent, in order */
    std::deque<unsigned> to_respond_; /**< non-blocking transactions that are done */
    bool busy_ = false;               /**< a BEGIN_REQ has not had its END_REQ: ... */
    unsigned busy_with_ = 0;          /**< ... that of this record */
    bool response_open_ = false;      /**< a BEGIN_RESP has not had its END_RESP */
    bool holds_answer_ = false;       /**< the model's answer has not been accepted */
    std::function<void()> taken_;
    debugger debug_;
    granter grant_;
    messenger message_;
    translator command_;
};

} // namespace doorbell

#endif
