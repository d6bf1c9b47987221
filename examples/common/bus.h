/*
 * A bus of somebody else's: written against TLM-2.0 alone. Routes by address; a request takes a while from end to end,
 * and so does an answer. Each target gets one request at a time, in the order of their arrival.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_BUS_H
#define DOORBELL_EXAMPLES_COMMON_BUS_H

#include <algorithm>
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

    /**
     * @param request, response time from end to end of the bus, to which a cycle comes for the way out of it
     * @param width bytes that it moves a cycle: those of a long transfer but the first take cycles more
     */
    bus(const sc_core::sc_module_name &name, sc_core::sc_time request, sc_core::sc_time response, unsigned width = 32,
        sc_core::sc_time cycle = sc_core::sc_time(1, sc_core::SC_NS))
        : sc_core::sc_module(name), request_(request), response_(response), width_(width), cycle_(cycle)
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

        outs_.push_back(std::make_unique<output>(("out" + std::to_string(tag)).c_str(), first, last, this));
        outs_.back()->socket.register_nb_transport_bw(this, &bus::nb_transport_bw, tag);
        outs_.back()->socket.register_invalidate_direct_mem_ptr(this, &bus::invalidate_direct_mem_ptr, tag);
        return outs_.back()->socket;
    }

    /** Addresses first to last lead to the target that was added last, too. */
    void add_range(uint64_t first, uint64_t last)
    {
        outs_.back()->ranges.emplace_back(first, last);
    }

  private:
    /** An initiator's side: answers on their way to it. */
    struct input : sc_core::sc_module {
        in_socket socket;
        tlm_utils::peq_with_get<tlm::tlm_generic_payload> answers;
        tlm::tlm_generic_payload *open = nullptr; /**< its BEGIN_RESP has had no END_RESP */
        sc_core::sc_event ended;
        sc_core::sc_time latest; /**< when its latest request arrives */
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
                sc_core::sc_time delay = owner->cycle_;

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
        std::vector<std::pair<uint64_t, uint64_t>> ranges;
        bus *owner;

        output(const sc_core::sc_module_name &name, uint64_t from, uint64_t to, bus *whose)
            : sc_core::sc_module(name), socket("socket"), requests("requests"), ranges({{from, to}}), owner(whose)
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
                sc_core::sc_time delay = owner->cycle_;

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

    /** What the data of a transfer take beyond the first cycle, if they go this way. */
    sc_core::sc_time data_time(const tlm::tlm_generic_payload &payload, bool request) const
    {
        const bool moves = request ? payload.is_write() : payload.is_read();

        return moves ? cycle_ * ((payload.get_data_length() - 1) / width_) : sc_core::SC_ZERO_TIME;
    }

    output *find(uint64_t address)
    {
        for (const auto &out : outs_) {
            for (const auto &range : out->ranges) {
                if (address >= range.first && address <= range.second) {
                    return out.get();
                }
            }
        }
        return nullptr;
    }

    void answer(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
    {
        senders_.at(&payload)->answers.notify(payload, delay + response_ + data_time(payload, false));
    }

    tlm::tlm_sync_enum nb_transport_fw(int tag, tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay)
    {
        input *in = ins_[static_cast<size_t>(tag)].get();
        output *out = find(payload.get_address());
        const sc_core::sc_time now = sc_core::sc_time_stamp();

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
            /* Requests of one initiator stay in order, whatever their data take. */
            in->latest = std::max(in->latest, now + delay + request_ + data_time(payload, true));
            out->requests.notify(payload, in->latest - now);
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

        delay += request_ + cycle_ + data_time(payload, true);
        if (out == nullptr) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        } else {
            out->socket->b_transport(payload, delay);
        }
        delay += response_ + cycle_ + data_time(payload, false);
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
    unsigned width_;
    sc_core::sc_time cycle_;
    std::vector<std::unique_ptr<input>> ins_;
    std::vector<std::unique_ptr<output>> outs_;
    std::map<tlm::tlm_generic_payload *, input *> senders_;
};

} // namespace example

#endif
