/*
 * A checker of TLM-2.0's base protocol, to be put between an initiator socket and a target socket. It hands every call
 * on as it is, and keeps what it finds wrong, with the time and the rule (IEEE 1666-2011: 11 for the calls, 14 for the
 * generic payload, 15.2 for the base protocol):
 *
 *   rule           what is checked
 *   -------------  ---------------------------------------------------------------------------------------------
 *   COMMAND        the command is one of the three
 *   DATA           a data pointer and a data length of at least 1 (14.11, 14.12)
 *   STREAMING      a streaming width of at least 1 (14.14)
 *   BYTE_ENABLES   bytes are 0x00 or 0xff, and there is at least one if there is a pointer (14.13)
 *   INCOMPLETE     the response status is TLM_INCOMPLETE_RESPONSE when a transaction begins (14.17)
 *   DMI_HINT       the DMI hint is false when a transaction begins (14.16)
 *   MANAGED        a non-blocking transaction has a memory manager and a reference (14.5)
 *   PHASE          phases come in their order, each from the side whose it is (15.2.4)
 *   RETURN         the value and phase returned fit the call (15.2.3)
 *   REQUESTS       no BEGIN_REQ between another's BEGIN_REQ and END_REQ (15.2.6, request exclusion)
 *   RESPONSES      no BEGIN_RESP between another's BEGIN_RESP and END_RESP (response exclusion)
 *   REUSED         a transaction object begins anew only when it has ended
 *   ENDED          no phase follows the end of a transaction
 *   ATTRIBUTES     command, data, byte enables and streaming width stay as they are (14.7); the address may be
 *                  changed by an interconnect
 *   WRITE_DATA     the target does not change the data of a write (14.11)
 *   STATUS         the response status is set when the response begins (14.17)
 *   TIME           annotated times of a transaction's phases do not go back (15.2.7)
 *   DEBUG          transport_dbg moves no more bytes than asked for (11.3.3)
 *   DIRECT         direct memory that is granted holds the address, has a pointer, and an end not before its start
 */
#ifndef DOORBELL_WRAPPERS_PROTOCOL_CHECKER_H
#define DOORBELL_WRAPPERS_PROTOCOL_CHECKER_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

namespace doorbell
{

enum class protocol_rule {
    COMMAND,
    DATA,
    STREAMING,
    BYTE_ENABLES,
    INCOMPLETE,
    DMI_HINT,
    MANAGED,
    PHASE,
    RETURN,
    REQUESTS,
    RESPONSES,
    REUSED,
    ENDED,
    ATTRIBUTES,
    WRITE_DATA,
    STATUS,
    TIME,
    DEBUG,
    DIRECT,
};

/** Stable name of a rule: "COMMAND" and so on. */
const char *protocol_rule_name(protocol_rule rule);

class protocol_checker : public sc_core::sc_module,
                         private tlm::tlm_fw_transport_if<>,
                         private tlm::tlm_bw_transport_if<>
{
  public:
    struct violation {
        protocol_rule rule;
        sc_core::sc_time time;
        std::string text; /**< one sentence */
    };

    tlm::tlm_target_socket<> target;       /**< towards the initiator */
    tlm::tlm_initiator_socket<> initiator; /**< towards the target */

    explicit protocol_checker(const sc_core::sc_module_name &name);
    protocol_checker(const protocol_checker &) = delete;
    protocol_checker &operator=(const protocol_checker &) = delete;

    const std::vector<violation> &violations() const
    {
        return violations_;
    }

    /** All of them, a line each. */
    std::string report() const;

    /** Transactions that began, blocking ones too, and those of them that have not ended. */
    uint64_t begun() const
    {
        return begun_;
    }
    size_t open() const
    {
        return under_way_.size();
    }

  private:
    friend class protocol_checkers;

    enum class stage { requested, accepted, responding };

    /** A non-blocking transaction under way. */
    struct state {
        stage at = stage::requested;
        sc_core::sc_time latest; /**< of its phases, annotation included */
        tlm::tlm_command command = tlm::TLM_IGNORE_COMMAND;
        const unsigned char *data = nullptr;
        unsigned length = 0;
        unsigned width = 0;
        const unsigned char *enables = nullptr;
        unsigned enables_length = 0;
        uint64_t written = 0; /**< digest of a write's data */
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override;

    void blame(protocol_rule rule, const std::string &text);
    void check(bool holds, protocol_rule rule, const char *text);
    void check_start(const tlm::tlm_generic_payload &payload);
    void begin(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    void returned_from_begin(tlm::tlm_generic_payload &payload, tlm::tlm_sync_enum said, const tlm::tlm_phase &phase,
                             const sc_core::sc_time &delay);
    void end_request(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    void begin_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay, bool ends);
    void end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay);
    state *find(tlm::tlm_generic_payload &payload, const char *what);
    void forget(tlm::tlm_generic_payload &payload);
    void check_time(state *of, const sc_core::sc_time &delay);
    void check_same(const state *of, const tlm::tlm_generic_payload &payload);
    static state remember(const tlm::tlm_generic_payload &payload);
    static uint64_t digest(const tlm::tlm_generic_payload &payload);

    std::vector<violation> violations_;
    std::map<const tlm::tlm_generic_payload *, state> under_way_;
    const tlm::tlm_generic_payload *request_ = nullptr;  /**< its BEGIN_REQ has had no END_REQ */
    const tlm::tlm_generic_payload *response_ = nullptr; /**< its BEGIN_RESP has had no END_RESP */
    uint64_t begun_ = 0;
};

/** Checkers for all pairs of sockets of a platform, built with it. */
class protocol_checkers : public sc_core::sc_module
{
  public:
    protocol_checkers();
    protocol_checkers(const protocol_checkers &) = delete;
    protocol_checkers &operator=(const protocol_checkers &) = delete;

    /** Binds an initiator's socket to a target's, with a checker between them. */
    template <typename Initiator, typename Target> protocol_checker &join(Initiator &from, Target &to)
    {
        protocol_checker &added = add();

        from.bind(added.target);
        added.initiator.bind(to);
        return added;
    }

    /** The same for both directions of a PCI Express link: ports with sockets `transmit` and `receive`. */
    template <typename One, typename Other> void join_link(One &one, Other &other)
    {
        join(one.transmit, other.receive);
        join(other.transmit, one.receive);
    }

    /** What all of them have found, a line each, and transactions that never ended; "" if all is as it should be. */
    std::string report() const;

    const std::vector<std::unique_ptr<protocol_checker>> &all() const
    {
        return all_;
    }

    /**
     * Initiator sockets of whatever width that were bound, but not to one of these checkers, when simulation started:
     * everything in the kernel counts. A line each; "" if there is none.
     */
    const std::string &uncovered() const
    {
        return uncovered_;
    }

  private:
    void start_of_simulation() override;
    void look_at(const std::vector<sc_core::sc_object *> &objects);
    bool are_mine(const sc_core::sc_port_b<tlm::tlm_fw_transport_if<>> &port) const;
    protocol_checker &add();

    std::vector<std::unique_ptr<protocol_checker>> all_;
    std::string uncovered_;
};

} // namespace doorbell

#endif
