/*
 * A bus of somebody else's: written against TLM-2.0 alone. Routes by address; a request takes a while from end to end,
 * and so does an answer. Each target gets one request at a time, in the order of their arrival.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_BUS_H
#define DOORBELL_EXAMPLES_COMMON_BUS_H

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace example
{

class bus : public sc_core::sc_module
{
  public:
    using in_socket = tlm_utils::simple_target_socket_tagged<bus>;
    using out_socket = tlm_utils::simple_initiator_socket_tagged<bus>;

    /** @param request, response time from end to end of the bus */
    bus(const sc_core::sc_module_name &name, sc_core::sc_time request, sc_core::sc_time response)
        : sc_core::sc_module(name), request_(request), response_(response)
    {
    }

    /** A socket for one more initiator. */
    in_socket &add_initiator()
    {
        const int tag = static_cast<int>(ins_.size());

        ins_.push_back(std::make_unique<input>(("in" + std::to_string(tag)).c_str(), tag, this));
        in_socket &socket = ins_.back()->socket;
        socket.register_nb_transport_fw(this, &bus::nb_transport_fw, tag);
        socket.register_b_transport(this, &bus::b_transport, tag);
        socket.register_transport_dbg(this, &bus::transport_dbg, tag);
        socket.register_get_direct_mem_ptr(this, &bus::get_direct_mem_ptr, tag);
        return socket;
    }

    /** A socket for one more target, at addresses first to last. */
    out_socket &add_target(uint64_t first, uint64_t last)
    {
        const int tag = static_cast<int>(outs_.size());

        outs_.push_back(std::make_unique<output>(("out" + std::to_string(tag)).c_str(), first, last));
        outs_.back()->socket.register_nb_transport_bw(this, &bus::nb_transport_bw, tag);
        outs_.back()->socket.register_invalidate_direct_mem_ptr(this, &bus::invalidate_direct_mem_ptr, tag);
        return outs_.back()->socket;
    }

  private:
    /** An initiator's side: answers on their way to it. */
    struct input : sc_core::sc_module {
        in_socket socket;
        tlm_utils::peq_with_get<tlm::tlm_generic_payload> answers;
        tlm::tlm_generic_payload *open = nullptr; /**< its BEGIN_RESP has had no END_RESP */
        sc_core::sc_event ended;
        bus *owner;
        int tag;

        input(const sc_core::sc_module_name &name, int number, bus *whose)
            : sc_core::sc_module(name), socket("socket"), answers("answers"), owner(whose), tag(number)
        {
            SC_HAS_PROCESS(input);
            SC_METHOD(run);
            sensitive << answers.get_event() << ended;
            dont_initialize();
        }

        void run()
        {
            while (open == nullptr) {
                tlm::tlm_generic_payload *payload = answers.get_next_transaction();
                tlm::tlm_phase phase = tlm::BEGIN_RESP;
                sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

                if (payload == nullptr) {
                    return;
                }
                open = payload;
                const tlm::tlm_sync_enum said = socket->nb_transport_bw(*payload, phase, delay);
                if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
                    finish();
                }
            }
        }

        void finish()
        {
            tlm::tlm_generic_payload *payload = open;

            open = nullptr;
            owner->senders_.erase(payload);
            payload->release();
        }
    };

    /** A target's side: requests on their way to it. */
    struct output : sc_core::sc_module {
        out_socket socket;
        tlm_utils::peq_with_get<tlm::tlm_generic_payload> requests;
        tlm::tlm_generic_payload *open = nullptr; /**< its BEGIN_REQ has had no END_REQ */
        sc_core::sc_event ended;
        uint64_t first;
        uint64_t last;
        bus *owner = nullptr;

        output(const sc_core::sc_module_name &name, uint64_t from, uint64_t to)
            : sc_core::sc_module(name), socket("socket"), requests("requests"), first(from), last(to)
        {
            SC_HAS_PROCESS(output);
            SC_METHOD(run);
            sensitive << requests.get_event() << ended;
            dont_initialize();
        }

        void run()
        {
            while (open == nullptr) {
                tlm::tlm_generic_payload *payload = requests.get_next_transaction();
                tlm::tlm_phase phase = tlm::BEGIN_REQ;
                sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

                if (payload == nullptr) {
                    return;
                }
                open = payload;
                const tlm::tlm_sync_enum said = socket->nb_transport_fw(*payload, phase, delay);
                if (said != tlm::TLM_ACCEPTED) {
                    open = nullptr;
                }
                if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP)) {
                    owner->answer(*payload, delay);
                    if (said == tlm::TLM_UPDATED) {
                        phase = tlm::END_RESP;
                        socket->nb_transport_fw(*payload, phase, delay);
                    }
                }
            }
        }
    };

    output *find(uint64_t address)
    {
        for (const auto &out : outs_) {
            if (address >= out->first && address <= out->last) {
                out->owner = this;
                return out.get();
            }
        }
        return nullptr;
    }

    void answer(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
    {
        senders_.at(&payload)->answers.notify(payload, delay + response_);
    }

    tlm::tlm_sync_enum nb_transport_fw(int tag, tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay)
    {
        input *in = ins_[static_cast<size_t>(tag)].get();
        output *out = find(payload.get_address());

        if (phase == tlm::END_RESP) {
            in->finish();
            in->ended.notify(sc_core::SC_ZERO_TIME);
            return tlm::TLM_COMPLETED;
        }
        payload.acquire();
        senders_[&payload] = in;
        if (out == nullptr) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            in->answers.notify(payload, delay + request_ + response_);
        } else {
            out->requests.notify(payload, delay + request_);
        }
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    }

    tlm::tlm_sync_enum nb_transport_bw(int tag, tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay)
    {
        output *out = outs_[static_cast<size_t>(tag)].get();
        const bool responds = phase == tlm::BEGIN_RESP;

        if (out->open == &payload) {
            out->open = nullptr;
            out->ended.notify(delay);
        }
        if (responds) {
            answer(payload, delay);
            phase = tlm::END_RESP;
        }
        return responds ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
    }

    void b_transport(int, tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        output *out = find(payload.get_address());

        delay += request_;
        if (out == nullptr) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        } else {
            out->socket->b_transport(payload, delay);
        }
        delay += response_;
    }

    unsigned transport_dbg(int, tlm::tlm_generic_payload &payload)
    {
        output *out = find(payload.get_address());

        return out != nullptr ? out->socket->transport_dbg(payload) : 0;
    }

    bool get_direct_mem_ptr(int, tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given)
    {
        output *out = find(payload.get_address());

        if (out == nullptr) {
            given.init();
            return false;
        }
        return out->socket->get_direct_mem_ptr(payload, given);
    }

    void invalidate_direct_mem_ptr(int, sc_dt::uint64 first, sc_dt::uint64 last)
    {
        for (const auto &in : ins_) {
            in->socket->invalidate_direct_mem_ptr(first, last);
        }
    }

    sc_core::sc_time request_;
    sc_core::sc_time response_;
    std::vector<std::unique_ptr<input>> ins_;
    std::vector<std::unique_ptr<output>> outs_;
    std::map<tlm::tlm_generic_payload *, input *> senders_;
};

} // namespace example

#endif
