/*
 * A memory of somebody else's: written against TLM-2.0 alone. One access is transferred after the other, at a
 * bandwidth; each is answered a latency after its transfer. Loosely and approximately timed, debug accesses, direct
 * memory.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_MEMORY_H
#define DOORBELL_EXAMPLES_COMMON_MEMORY_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace example
{

class memory : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<memory> socket;

    /** @param base address of its first byte  @param bandwidth bytes per second; 0: a transfer takes no time */
    memory(const sc_core::sc_module_name &name, uint64_t base, uint64_t size, sc_core::sc_time latency,
           double bandwidth = 0)
        : sc_core::sc_module(name), socket("socket"), responses_("responses"), base_(base), bytes_(size),
          latency_(latency), bandwidth_(bandwidth)
    {
        socket.register_nb_transport_fw(this, &memory::nb_transport_fw);
        socket.register_b_transport(this, &memory::b_transport);
        socket.register_transport_dbg(this, &memory::transport_dbg);
        socket.register_get_direct_mem_ptr(this, &memory::get_direct_mem_ptr);
        SC_HAS_PROCESS(memory);
        SC_METHOD(respond);
        sensitive << responses_.get_event() << ended_;
        dont_initialize();
    }

    /** The bytes themselves, for whoever sets the platform up. @p address must be inside */
    uint8_t *at(uint64_t address)
    {
        return &bytes_.at(address - base_);
    }

    /** Takes direct memory back from everybody. */
    void invalidate()
    {
        socket->invalidate_direct_mem_ptr(0, UINT64_MAX);
    }

    uint64_t accesses = 0; /**< served, debug ones apart */

  private:
    /** The access itself. */
    void serve(tlm::tlm_generic_payload &payload)
    {
        const uint64_t offset = payload.get_address() - base_;
        const unsigned width = payload.get_streaming_width();
        const unsigned char *enables = payload.get_byte_enable_ptr();

        accesses++;
        if (offset >= bytes_.size() || std::min(width, payload.get_data_length()) > bytes_.size() - offset) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            unsigned char &mine = bytes_[offset + i % width];
            unsigned char &theirs = payload.get_data_ptr()[i];

            if (enables != nullptr && enables[i % payload.get_byte_enable_length()] != TLM_BYTE_ENABLED) {
                continue;
            }
            if (payload.is_read()) {
                theirs = mine;
            } else if (payload.is_write()) {
                mine = theirs;
            }
        }
        payload.set_dmi_allowed(true);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    /** When an access that arrives at a time is answered. */
    sc_core::sc_time answer_at(sc_core::sc_time arrival, unsigned bytes)
    {
        const double seconds = bandwidth_ > 0 ? bytes / bandwidth_ : 0;

        free_at_ = std::max(arrival, free_at_) + sc_core::sc_time(seconds, sc_core::SC_SEC);
        return free_at_ + latency_;
    }

    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        const sc_core::sc_time now = sc_core::sc_time_stamp();

        serve(payload);
        delay = answer_at(now + delay, payload.get_data_length()) - now;
    }

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay)
    {
        const sc_core::sc_time now = sc_core::sc_time_stamp();

        if (phase == tlm::END_RESP) {
            responding_ = nullptr;
            payload.release();
            ended_.notify(sc_core::SC_ZERO_TIME);
            return tlm::TLM_COMPLETED;
        }
        payload.acquire();
        serve(payload);
        responses_.notify(payload, answer_at(now + delay, payload.get_data_length()) - now);
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    }

    /** One response after the other. */
    void respond()
    {
        while (responding_ == nullptr) {
            tlm::tlm_generic_payload *payload = responses_.get_next_transaction();
            tlm::tlm_phase phase = tlm::BEGIN_RESP;
            sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

            if (payload == nullptr) {
                return;
            }
            responding_ = payload;
            const tlm::tlm_sync_enum said = socket->nb_transport_bw(*payload, phase, delay);
            if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
                responding_ = nullptr;
                payload->release();
            }
        }
    }

    unsigned transport_dbg(tlm::tlm_generic_payload &payload)
    {
        const uint64_t offset = payload.get_address() - base_;
        const unsigned length = payload.get_data_length();

        if (offset >= bytes_.size()) {
            return 0;
        }
        const auto count = static_cast<unsigned>(std::min<uint64_t>(length, bytes_.size() - offset));
        if (payload.is_read()) {
            std::memcpy(payload.get_data_ptr(), &bytes_[offset], count);
        } else if (payload.is_write()) {
            std::memcpy(&bytes_[offset], payload.get_data_ptr(), count);
        }
        return count;
    }

    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given)
    {
        given.set_start_address(base_);
        given.set_end_address(base_ + bytes_.size() - 1);
        if (payload.get_address() - base_ >= bytes_.size()) {
            given.set_start_address(0);
            given.set_end_address(UINT64_MAX);
            return false;
        }
        given.set_dmi_ptr(bytes_.data());
        given.set_read_latency(latency_);
        given.set_write_latency(latency_);
        given.allow_read_write();
        return true;
    }

    tlm_utils::peq_with_get<tlm::tlm_generic_payload> responses_;
    tlm::tlm_generic_payload *responding_ = nullptr;
    sc_core::sc_event ended_;
    uint64_t base_;
    std::vector<uint8_t> bytes_;
    sc_core::sc_time latency_;
    double bandwidth_;
    sc_core::sc_time free_at_;
};

} // namespace example

#endif
