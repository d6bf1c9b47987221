/*
 * A generic payload taken apart into runs of bytes, each of which one request of a bus can carry: enabled bytes, at
 * consecutive addresses, within one 4 KiB page. Byte enables, a streaming width below the data length, and unaligned
 * and long accesses all come down to that (IEEE 1666, generic payload attributes).
 */
#ifndef DOORBELL_WRAPPERS_SEGMENTS_H
#define DOORBELL_WRAPPERS_SEGMENTS_H

#include <cstdint>
#include <tlm>

namespace doorbell
{

struct segment {
    uint64_t address;
    unsigned offset; /**< of its first byte in the payload's data */
    unsigned length; /**< bytes; 0: there is none */
};

/** The first run of bytes at or behind @p from in the payload's data. */
segment next_segment(const tlm::tlm_generic_payload &payload, unsigned from);

/**
 * What is wrong with a payload whatever it addresses, as its response status; TLM_OK_RESPONSE if nothing is: no data,
 * no streaming width, byte enables without a length.
 */
tlm::tlm_response_status payload_error(const tlm::tlm_generic_payload &payload);

/**
 * The same for registers, which take whole aligned accesses of 4 or 8 bytes.
 * @param half 2 bytes will do as well (GITS_TRANSLATER)
 */
tlm::tlm_response_status register_error(const tlm::tlm_generic_payload &payload, bool half);

} // namespace doorbell

#endif
