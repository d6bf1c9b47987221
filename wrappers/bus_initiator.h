/*
 * An initiator socket behind a model's bus port: the model's requests become generic payloads, and responses answers.
 *
 * It uses nb_transport: BEGIN_REQ goes out when the model pushes its request, annotated with the request's flight time;
 * the model's next request waits for END_REQ. Any number of transactions may be without a response. END_RESP follows
 * when the model's port has room for the next answer. A target may shorten all that as the base protocol lets it
 * (TLM_UPDATED, TLM_COMPLETED), or offer b_transport only behind a convenience socket that converts.
 *
 * TLM-2.0 has no atomic accesses. A compare-and-swap of the model (an SMMU that updates descriptors) is a read and, if
 * the comparison succeeds, a write; whoever else writes the same descriptor in between is overwritten.
 */
#ifndef DOORBELL_WRAPPERS_BUS_INITIATOR_H
#define DOORBELL_WRAPPERS_BUS_INITIATOR_H

#include "sim/bus.h"
#include "wrappers/ends.h"
#include "wrappers/sideband.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace doorbell
{

struct bus_initiator_options {
    sim_time latency = 0; /**< flight of a request, fs; 0: one cycle of the model */
    unsigned slots = 4;   /**< answers that the model's port holds */
    bool posted = false;  /**< the model wants no acknowledgement of writes */
};

class bus_initiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<>, private tlm::tlm_mm_interface
{
  public:
    /** The platform takes direct memory back. */
    using invalidator = std::function<void(uint64_t first, uint64_t last)>;
    /** posted: a write ended. @param cookie of the model's packet */
    using listener = std::function<void(uint64_t cookie, sim_packet_status status, sim_time at)>;

    tlm::tlm_initiator_socket<> socket;

    bus_initiator(const sc_core::sc_module_name &name, simulation &whole, const bus_initiator_options &how);
    bus_initiator(const bus_initiator &) = delete;
    bus_initiator &operator=(const bus_initiator &) = delete;

    /** Makes the model's channels. @return for the model to bind as a master */
    sim_bus_port attach(sim_component *model);

    void on_invalidate(invalidator tell);
    void on_written(listener tell);

    /** transport_dbg with what accompanies it, which the platform may ask for. @return bytes moved */
    unsigned debug(tlm::tlm_command command, uint64_t address, uint8_t *bytes, uint32_t count,
                   sideband *beside = nullptr);

    /** Reads or writes what the platform has there, without time (transport_dbg). @return whether all of it was */
    bool debug_read(uint64_t address, uint8_t *bytes, uint32_t count);
    bool debug_write(uint64_t address, const uint8_t *bytes, uint32_t count);

    /** Asks the platform for direct memory. @return what get_direct_mem_ptr() does */
    bool direct_memory(tlm::tlm_command command, uint64_t address, tlm::tlm_dmi &given);

    /** Requests without a response. */
    unsigned outstanding() const
    {
        return outstanding_;
    }

    /** Sends the model a packet that answers nothing (a message on its response channel), there at @p at. */
    void inject(sim_packet *packet, sim_time at);

  private:
    /** A transaction under way: a payload, and the packet whose bytes it carries. */
    struct record : tlm::tlm_generic_payload {
        bus_initiator *owner;
        sideband beside;
        std::vector<unsigned char> enables;
        std::vector<unsigned char> operand; /**< compare-and-swap: what was read */
        sim_packet *packet = nullptr;       /**< nullptr: handed on */
        bool responding = false;            /**< BEGIN_RESP has come ... */
        sim_time done_at = 0;               /**< ... for this time, and END_RESP is owed */

        explicit record(bus_initiator *whose) : tlm::tlm_generic_payload(whose), owner(whose)
        {
            set_extension(&beside);
        }
        ~record() override
        {
            clear_extension(&beside); /* which the payload would delete */
        }
        record(const record &) = delete;
        record &operator=(const record &) = delete;
    };

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override;
    void free(tlm::tlm_generic_payload *payload) override;

    void take(sim_packet *packet, sim_time arrival);
    record *open_record(sim_packet *packet);
    static void describe(record *own);
    static void describe_enables(record *own);
    void start_some();
    void start(record *own, sim_time at);
    void accepted(sim_time at);
    void finish(record *own, sim_time at);
    bool swap(record *own, sim_time at);
    void answered(sim_packet *packet, bool failed, sim_packet_status status, sim_time at);
    void deliver();
    bool has_room() const;
    void popped();
    record *record_of(tlm::tlm_generic_payload &payload);

    simulation &whole_;
    bus_initiator_options how_;
    gate gate_;
    std::unique_ptr<outlet> requests_;
    std::unique_ptr<inlet> answers_;
    std::vector<std::unique_ptr<record>> records_;
    std::vector<record *> free_;
    std::deque<std::pair<record *, sim_time>> to_start_; /**< with the times at which they arrive */
    std::multimap<sim_time, sim_packet *> to_deliver_;   /**< answers that have not arrived, or have no room, by time */
    record *owes_end_ = nullptr;  /**< response whose END_RESP is to be sent when there is room */
    record *busy_with_ = nullptr; /**< its BEGIN_REQ has had no END_REQ */
    bool holds_ = false;          /**< the model's request port is held */
    unsigned outstanding_ = 0;
    invalidator invalidate_;
    listener written_;
};

} // namespace doorbell

#endif
