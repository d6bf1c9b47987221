/*
 * A device that signals interrupts, and a sink that takes them: written against TLM-2.0 alone.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_DEVICE_H
#define DOORBELL_EXAMPLES_COMMON_DEVICE_H

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace example
{

/** Writes numbers every period, from a time on, told a little ahead of time as temporally decoupled models do. */
class generator : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<generator> socket;
    std::map<uint32_t, std::vector<sc_core::sc_time>> sent; /**< when each number was signalled */

    /** @param values what is written, 4 bytes each, to address 0, all at one time */
    generator(const sc_core::sc_module_name &name, const std::vector<uint32_t> &values)
        : sc_core::sc_module(name), socket("socket"), values_(values)
    {
        SC_HAS_PROCESS(generator);
        SC_THREAD(run);
    }

    /**
     * Starts it: once at first, then at second and every period from then on. Absolute times, but for the period.
     * @param first at least `ahead` from now  @param end no write then
     */
    void start(sc_core::sc_time first, sc_core::sc_time second, sc_core::sc_time period, sc_core::sc_time end)
    {
        next_ = first;
        second_ = second;
        period_ = period;
        end_ = end;
        started_.notify(sc_core::SC_ZERO_TIME);
    }

  private:
    void run()
    {
        const sc_core::sc_time ahead(100, sc_core::SC_NS);

        wait(started_);
        for (; next_ < end_; next_ = std::max(next_ + period_, second_)) {
            wait(next_ - ahead - sc_core::sc_time_stamp());
            for (const uint32_t value : values_) {
                signal(value, ahead);
            }
        }
    }

    void signal(uint32_t value, sc_core::sc_time delay)
    {
        tlm::tlm_generic_payload payload;

        payload.set_command(tlm::TLM_WRITE_COMMAND);
        payload.set_address(0);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        payload.set_data_length(sizeof(value));
        payload.set_streaming_width(sizeof(value));
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        socket->b_transport(payload, delay);
        if (payload.is_response_ok()) {
            sent[value].push_back(next_);
        }
    }

    std::vector<uint32_t> values_;
    sc_core::sc_time next_;
    sc_core::sc_time second_;
    sc_core::sc_time period_;
    sc_core::sc_time end_;
    sc_core::sc_event started_;
};

/** Takes writes of numbers, and tells of each with its time. */
class interrupt_sink : public sc_core::sc_module
{
  public:
    using listener = std::function<void(uint32_t value, sc_core::sc_time when)>;

    tlm_utils::simple_target_socket<interrupt_sink> socket;

    interrupt_sink(const sc_core::sc_module_name &name, listener tell)
        : sc_core::sc_module(name), socket("socket"), tell_(std::move(tell))
    {
        socket.register_b_transport(this, &interrupt_sink::b_transport);
        socket.register_nb_transport_fw(this, &interrupt_sink::nb_transport_fw);
    }

  private:
    void take(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
    {
        uint32_t value = 0;

        if (!payload.is_write() || payload.get_data_length() != sizeof(value)) {
            payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
            return;
        }
        std::copy_n(payload.get_data_ptr(), sizeof(value), reinterpret_cast<unsigned char *>(&value));
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        tell_(value, sc_core::sc_time_stamp() + delay);
    }

    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        take(payload, delay);
    }

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &, sc_core::sc_time &delay)
    {
        take(payload, delay);
        return tlm::TLM_COMPLETED;
    }

    listener tell_;
};

} // namespace example

#endif
