/*
 * Debug accesses as TLPs (tlp.h): cut so small that each goes one way. Windows, BARs and pages are all aligned to more.
 */
#ifndef DOORBELL_WRAPPERS_PCIE_DEBUG_INTERNAL_H
#define DOORBELL_WRAPPERS_PCIE_DEBUG_INTERNAL_H

#include "wrappers/tlp.h"

#include <functional>

namespace doorbell
{

/** The double words that hold a run of bytes, and its byte enables. */
void tlp_set_range(tlp &header, uint64_t address, uint32_t count);

/**
 * Hands a debug access on piece by piece, until one does not go through.
 * @param step a power of two that no piece crosses  @param take moves a piece; returns the bytes that it moved
 * @return bytes moved
 */
unsigned debug_in_pieces(tlm::tlm_generic_payload &payload, uint64_t address, unsigned step,
                         const std::function<unsigned(tlm::tlm_generic_payload &piece)> &take);

/** Bytes of memory requests that always go one way: the smallest BAR. */
constexpr unsigned kDebugStep = 16;

} // namespace doorbell

#endif
