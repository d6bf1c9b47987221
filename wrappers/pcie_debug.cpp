#include "wrappers/pcie_debug_internal.h"

#include "models/pcie/probe.h"
#include "wrappers/pcie.h"
#include "wrappers/tlp_bridge.h"

#include <algorithm>
#include <array>

namespace doorbell
{

namespace
{

/** Copies what a piece asks for out of the double words that hold it. @return bytes */
unsigned give(tlm::tlm_generic_payload &payload, const uint8_t *dwords)
{
    if (!payload.is_read()) {
        return 0;
    }
    std::copy_n(dwords + payload.get_address() % 4, payload.get_data_length(), payload.get_data_ptr());
    return payload.get_data_length();
}

/** The double word of a register. */
unsigned give_register(tlm::tlm_generic_payload &payload, uint32_t value)
{
    std::array<uint8_t, 4> bytes;

    sim_store_le32(bytes.data(), value);
    return payload.get_data_length() <= 4 - payload.get_address() % 4 ? give(payload, bytes.data()) : 0;
}

} // namespace

void tlp_set_range(tlp &header, uint64_t address, uint32_t count)
{
    sim_packet packet = {};

    packet.length = count;
    pcie_tlp_set_range(&packet, address, count);
    header.address = packet.address;
    header.length = packet.length;
    header.first_be = packet.first_be;
    header.last_be = packet.last_be;
}

unsigned debug_in_pieces(tlm::tlm_generic_payload &payload, uint64_t address, unsigned step,
                         const std::function<unsigned(tlm::tlm_generic_payload &piece)> &take)
{
    const unsigned length = payload.get_data_length();
    unsigned done = 0;

    while (done < length && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
        const uint64_t at = address + done;
        const unsigned count = std::min(length - done, step - static_cast<unsigned>(at % step));
        tlm::tlm_generic_payload piece;

        piece.set_command(payload.get_command());
        piece.set_address(at);
        piece.set_data_ptr(payload.get_data_ptr() + done);
        piece.set_data_length(count);
        piece.set_streaming_width(count);
        const unsigned moved = take(piece);
        done += moved;
        if (moved < count) {
            break;
        }
    }
    return done;
}

/* ---- Endpoint ---- */

unsigned pcie_endpoint::debug(tlm::tlm_generic_payload &payload, const tlp &header)
{
    const sim_packet packet = header.packet();
    std::array<uint8_t, 4096> bytes;

    if (header.length > bytes.size() || payload.get_data_length() + payload.get_address() % 4 > header.length ||
        !payload.is_read() || !endpoint_probe(model_, &packet, bytes.data())) {
        return 0;
    }
    return give(payload, bytes.data());
}

/* ---- Switch ---- */

unsigned pcie_switch::debug(unsigned input, tlm::tlm_generic_payload &payload, tlp &header)
{
    const sim_packet packet = header.packet();
    const pcie_probe found = pcie_switch_probe(model_, input, &packet);

    if (found.outcome == PCIE_PROBE_REGISTER) {
        return give_register(payload, found.value);
    }
    if (found.outcome != PCIE_PROBE_LINK) {
        return 0;
    }
    header.type1 = header.type1 && !found.type0;
    return found.port == 0 ? upstream_.debug(payload) : downstream_[found.port - 1]->debug(payload);
}

/* ---- Root complex ---- */

unsigned root_complex::debug_host_part(tlm::tlm_generic_payload &part, uint64_t address)
{
    tlp header;
    sim_packet request = {};

    request.type = part.is_read() ? SIM_PACKET_READ : SIM_PACKET_WRITE;
    request.address = address;
    request.length = part.get_data_length();
    const pcie_probe found = root_complex_probe_host(model_, &request);

    if (found.outcome == PCIE_PROBE_REGISTER) {
        return give_register(part, found.value);
    }
    if (found.outcome != PCIE_PROBE_LINK) {
        return 0;
    }
    header.load(&request);
    if (request.type == SIM_PACKET_READ || request.type == SIM_PACKET_WRITE) {
        tlp_set_range(header, address, part.get_data_length());
    } else {
        part.set_address(request.address + address % 4);
    }
    part.set_extension(&header);
    const unsigned moved = links_[found.port]->debug(part);
    part.clear_extension<tlp>();
    return moved;
}

unsigned root_complex::debug_host(tlm::tlm_generic_payload &payload, uint64_t address)
{
    const simulation::acting now(whole_);
    sim_packet first = {};

    /* Registers one by one: requests for them have one double word each. */

    first.type = SIM_PACKET_READ;
    first.address = address;
    first.length = 1;
    const pcie_probe found = root_complex_probe_host(model_, &first);
    const bool is_memory = found.outcome == PCIE_PROBE_LINK && first.type == SIM_PACKET_READ;

    return debug_in_pieces(payload, address, is_memory ? kDebugStep : 4, [this](tlm::tlm_generic_payload &part) {
        return debug_host_part(part, part.get_address());
    });
}

unsigned root_complex::debug_below(unsigned input, tlm::tlm_generic_payload &payload, const tlp &header)
{
    sim_packet packet = header.packet();
    const pcie_probe found = root_complex_probe(model_, input, &packet);
    sideband beside;

    if (found.outcome == PCIE_PROBE_LINK) {
        return links_[found.port]->debug(payload);
    }
    if (found.outcome != PCIE_PROBE_MEMORY) {
        return 0;
    }
    packet.flags |= found.flags;
    packet.stream_id = found.stream_id;
    packet.device_id = found.device_id;
    beside.load(&packet);
    return memories_[found.port]->debug(payload.get_command(), payload.get_address(), payload.get_data_ptr(),
                                        payload.get_data_length(), &beside);
}

/* ---- A device of one's own ---- */

unsigned tlp_bridge::access_debug(tlm::tlm_generic_payload &payload)
{
    return debug_in_pieces(payload, payload.get_address(), kDebugStep, [this](tlm::tlm_generic_payload &piece) {
        tlp header;

        header.kind = piece.is_read() ? tlp_kind::memory_read : tlp_kind::memory_write;
        header.requester = requester_;
        tlp_set_range(header, piece.get_address(), piece.get_data_length());
        piece.set_extension(&header);
        const unsigned moved = transmit->transport_dbg(piece);
        piece.clear_extension<tlp>();
        return moved;
    });
}

unsigned tlp_bridge::transport_dbg(tlm::tlm_generic_payload &payload)
{
    const tlp *header = payload.get_extension<tlp>();
    unsigned moved = 0;

    if (header == nullptr) {
        return 0;
    }
    if (header->kind == tlp_kind::memory_read || header->kind == tlp_kind::memory_write) {
        return registers->transport_dbg(payload);
    }
    if (config.size() > 0 && (header->kind == tlp_kind::config_read || header->kind == tlp_kind::config_write)) {
        const uint64_t address = payload.get_address();

        payload.set_address(address + 4096 * (header->target & 7u));
        moved = config->transport_dbg(payload);
        payload.set_address(address);
    }
    return moved;
}

} // namespace doorbell
