/*
 * A program's accesses to a platform: blocking, one at a time. Written against TLM-2.0 alone.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_INITIATOR_H
#define DOORBELL_EXAMPLES_COMMON_INITIATOR_H

#include <cstdint>
#include <functional>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

namespace example
{

class initiator : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<initiator> socket;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE; /**< of the last access */

    /** Told when direct memory is taken back; may be empty. */
    std::function<void(uint64_t first, uint64_t last)> invalidated;

    explicit initiator(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        socket.register_invalidate_direct_mem_ptr(this, &initiator::invalidate);
    }

    /** From an SC_THREAD: waits until the access is done. */
    void access(tlm::tlm_command command, uint64_t address, void *data, unsigned length)
    {
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(static_cast<unsigned char *>(data));
        payload.set_data_length(length);
        payload.set_streaming_width(length);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        socket->b_transport(payload, delay);
        status = payload.get_response_status();
        sc_core::wait(delay);
    }

    void write32(uint64_t address, uint32_t value)
    {
        access(tlm::TLM_WRITE_COMMAND, address, &value, 4);
    }

    void write64(uint64_t address, uint64_t value)
    {
        access(tlm::TLM_WRITE_COMMAND, address, &value, 8);
    }

    uint32_t read32(uint64_t address)
    {
        uint32_t value = 0;

        access(tlm::TLM_READ_COMMAND, address, &value, 4);
        return value;
    }

    uint64_t read64(uint64_t address)
    {
        uint64_t value = 0;

        access(tlm::TLM_READ_COMMAND, address, &value, 8);
        return value;
    }

    /** Without time. @return bytes moved */
    unsigned debug(tlm::tlm_command command, uint64_t address, void *data, unsigned length)
    {
        tlm::tlm_generic_payload payload;

        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(static_cast<unsigned char *>(data));
        payload.set_data_length(length);
        return socket->transport_dbg(payload);
    }

  private:
    void invalidate(sc_dt::uint64 first, sc_dt::uint64 last)
    {
        if (invalidated != nullptr) {
            invalidated(first, last);
        }
    }
};

} // namespace example

#endif
