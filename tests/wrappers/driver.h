/*
 * An approximately timed initiator that sends transactions as fast as the protocol lets it, and notes what came of
 * each.
 */
#ifndef DOORBELL_TESTS_WRAPPERS_DRIVER_H
#define DOORBELL_TESTS_WRAPPERS_DRIVER_H

#include <deque>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

namespace wrappers_test
{

class Driver : public sc_core::sc_module, private tlm::tlm_bw_transport_if<>, private tlm::tlm_mm_interface
{
  public:
    struct Sent {
        uint64_t address;
        sc_core::sc_time begun;
        sc_core::sc_time done;
        tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
        bool at_once = false; /**< TLM_COMPLETED */
        uint64_t data = 0;
    };

    tlm::tlm_initiator_socket<> socket;
    std::vector<Sent> sent;
    bool holds_responses = false; /**< END_RESP comes late */

    explicit Driver(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(*this);
        SC_HAS_PROCESS(Driver);
        SC_METHOD(go_on);
        sensitive << next_;
        dont_initialize();
        SC_METHOD(end_responses);
        sensitive << end_;
        dont_initialize();
    }

    /** Queues a transaction of 8 bytes. */
    void add(tlm::tlm_command command, uint64_t address, uint64_t data = 0)
    {
        auto one = std::make_unique<Transaction>(static_cast<tlm::tlm_mm_interface *>(this), sent.size());

        one->set_command(command);
        one->set_address(address);
        one->bytes = data;
        one->set_data_ptr(reinterpret_cast<unsigned char *>(&one->bytes));
        one->set_data_length(8);
        one->set_streaming_width(8);
        one->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        sent.push_back({address, {}, {}});
        waiting_.push_back(one.get());
        all_.push_back(std::move(one));
        next_.notify(sc_core::SC_ZERO_TIME);
    }

    size_t done = 0;

  private:
    struct Transaction : tlm::tlm_generic_payload {
        size_t index;
        uint64_t bytes = 0;
        Transaction(tlm::tlm_mm_interface *pool, size_t number) : tlm::tlm_generic_payload(pool), index(number)
        {
        }
    };

    void go_on()
    {
        while (!busy_ && !waiting_.empty()) {
            Transaction *one = waiting_.front();
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

            waiting_.pop_front();
            one->acquire();
            sent[one->index].begun = sc_core::sc_time_stamp();
            busy_ = true;
            with_ = one;
            const tlm::tlm_sync_enum said = socket->nb_transport_fw(*one, phase, delay);
            if (said == tlm::TLM_COMPLETED) {
                busy_ = false;
                sent[one->index].at_once = true;
                finish(one, delay);
            } else if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
                busy_ = false;
            }
        }
    }

    void finish(Transaction *one, const sc_core::sc_time &delay)
    {
        Sent &record = sent[one->index];

        record.done = sc_core::sc_time_stamp() + delay;
        record.status = one->get_response_status();
        record.data = one->bytes;
        done++;
        one->release();
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        auto *one = static_cast<Transaction *>(&payload);

        if (with_ == one) {
            busy_ = false; /* END_REQ, or BEGIN_RESP, which says the same */
        }
        next_.notify(delay);
        if (phase == tlm::END_REQ) {
            return tlm::TLM_ACCEPTED;
        }
        if (holds_responses) {
            held_.push_back(one);
            end_.notify(delay + sc_core::sc_time(25, sc_core::SC_NS));
            return tlm::TLM_ACCEPTED;
        }
        phase = tlm::END_RESP;
        finish(one, delay);
        return tlm::TLM_COMPLETED;
    }

    void end_responses()
    {
        while (!held_.empty()) {
            Transaction *one = held_.front();
            tlm::tlm_phase phase = tlm::END_RESP;
            sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

            held_.pop_front();
            one->acquire();
            finish(one, delay);
            socket->nb_transport_fw(*one, phase, delay);
            one->release();
        }
    }

    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }

    void free(tlm::tlm_generic_payload *) override
    {
    }

    std::vector<std::unique_ptr<Transaction>> all_;
    std::deque<Transaction *> waiting_;
    std::deque<Transaction *> held_;
    sc_core::sc_event next_;
    sc_core::sc_event end_;
    bool busy_ = false;
    Transaction *with_ = nullptr; /**< its request is open, if busy_ */
};

} // namespace wrappers_test

#endif
