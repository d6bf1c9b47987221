#include "wrappers/segments.h"

#include <algorithm>

namespace doorbell
{

namespace
{

constexpr uint64_t kPage = 4096;

bool is_enabled(const tlm::tlm_generic_payload &payload, unsigned i)
{
    const unsigned char *enables = payload.get_byte_enable_ptr();

    return enables == nullptr || enables[i % payload.get_byte_enable_length()] == TLM_BYTE_ENABLED;
}

} // namespace

segment next_segment(const tlm::tlm_generic_payload &payload, unsigned from)
{
    const unsigned length = payload.get_data_length();
    const unsigned width = payload.get_streaming_width();
    segment found = {0, from, 0};
    unsigned most;

    while (found.offset < length && !is_enabled(payload, found.offset)) {
        found.offset++;
    }
    if (found.offset >= length) {
        return found;
    }
    found.address = payload.get_address() + found.offset % width;
    most = std::min(length - found.offset, width - found.offset % width);
    most = static_cast<unsigned>(std::min<uint64_t>(most, kPage - found.address % kPage));
    if (payload.get_byte_enable_ptr() == nullptr) {
        found.length = most;
        return found;
    }
    while (found.length < most && is_enabled(payload, found.offset + found.length)) {
        found.length++;
    }
    return found;
}

tlm::tlm_response_status payload_error(const tlm::tlm_generic_payload &payload)
{
    if (payload.get_data_length() == 0 || payload.get_data_ptr() == nullptr || payload.get_streaming_width() == 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    if (payload.get_byte_enable_ptr() != nullptr && payload.get_byte_enable_length() == 0) {
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    }
    return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status register_error(const tlm::tlm_generic_payload &payload, bool half)
{
    const unsigned length = payload.get_data_length();
    const bool sized = length == 4 || length == 8 || (half && length == 2);

    for (unsigned i = 0; i < length; i++) {
        if (!is_enabled(payload, i)) {
            return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
        }
    }
    if (!sized || payload.get_streaming_width() < length || payload.get_address() % length != 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    return tlm::TLM_OK_RESPONSE;
}

} // namespace doorbell
