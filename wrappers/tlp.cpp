#include "wrappers/tlp.h"

#include "models/pcie/tlp.h"

namespace doorbell
{

namespace
{

tlp_kind kind_of(const sim_packet *packet)
{
    switch (packet->type) {
    case SIM_PACKET_READ:
        return tlp_kind::memory_read;
    case SIM_PACKET_WRITE:
        return tlp_kind::memory_write;
    case SIM_PACKET_CONFIG_READ:
        return tlp_kind::config_read;
    case SIM_PACKET_CONFIG_WRITE:
        return tlp_kind::config_write;
    case SIM_PACKET_COMPLETION:
        return tlp_kind::completion;
    default:
        return tlp_kind::message;
    }
}

sim_packet_type type_of(tlp_kind kind)
{
    switch (kind) {
    case tlp_kind::memory_read:
        return SIM_PACKET_READ;
    case tlp_kind::memory_write:
        return SIM_PACKET_WRITE;
    case tlp_kind::config_read:
        return SIM_PACKET_CONFIG_READ;
    case tlp_kind::config_write:
        return SIM_PACKET_CONFIG_WRITE;
    case tlp_kind::completion:
        return SIM_PACKET_COMPLETION;
    default:
        return SIM_PACKET_MESSAGE;
    }
}

} // namespace

bool tlp::carries_data() const
{
    return length > 0 && kind != tlp_kind::memory_read && kind != tlp_kind::config_read && kind != tlp_kind::init_fc;
}

void tlp::store(sim_packet *packet) const
{
    packet->id = identity;
    packet->type = static_cast<uint8_t>(type_of(kind));
    packet->requester = requester;
    packet->target = target;
    packet->tag = tag;
    packet->address = address;
    packet->first_be = first_be;
    packet->last_be = last_be;
    packet->operation = message_code;
    packet->arg = kind == tlp_kind::completion ? byte_count : routing;
    packet->status = static_cast<uint8_t>(status);
    packet->at = static_cast<uint8_t>(address_type);
    packet->traffic_class = traffic_class;
    packet->pasid = pasid;
    packet->tail = tail;
    packet->flags = 0;
    packet->flags |= identity != 0 ? SIM_FLAG_TRACKED : 0;
    packet->flags |= type1 ? SIM_FLAG_CONFIG_TYPE1 : 0;
    packet->flags |= no_write ? SIM_FLAG_NO_WRITE : 0;
    packet->flags |= relaxed ? SIM_FLAG_RELAXED : 0;
    packet->flags |= id_order ? SIM_FLAG_ID_ORDER : 0;
    packet->flags |= no_snoop ? SIM_FLAG_NO_SNOOP : 0;
    packet->flags |= poisoned ? SIM_FLAG_POISONED : 0;
    packet->flags |= digest ? SIM_FLAG_ECRC : 0;
    packet->flags |= has_pasid ? SIM_FLAG_PASID : 0;
    packet->flags |= privileged ? SIM_FLAG_PRIVILEGED : 0;
    packet->flags |= execute ? SIM_FLAG_EXECUTE : 0;
}

sim_packet tlp::packet() const
{
    sim_packet packet = {};

    store(&packet);
    packet.length = length;
    return packet;
}

void tlp::load(const sim_packet *packet)
{
    const uint32_t flags = packet->flags;

    kind = kind_of(packet);
    requester = packet->requester;
    target = packet->target;
    tag = packet->tag;
    address = packet->address;
    length = packet->length;
    first_be = packet->first_be;
    last_be = packet->last_be;
    message_code = packet->operation;
    routing = static_cast<uint8_t>(packet->arg);
    byte_count = kind == tlp_kind::completion ? packet->arg : 0;
    status = static_cast<sim_packet_status>(packet->status);
    address_type = static_cast<sim_address_type>(packet->at);
    traffic_class = packet->traffic_class;
    pasid = packet->pasid;
    tail = packet->tail;
    born = packet->born;
    booked = packet->last_mark;
    identity = (flags & SIM_FLAG_TRACKED) != 0 ? packet->id : 0;
    type1 = (flags & SIM_FLAG_CONFIG_TYPE1) != 0;
    no_write = (flags & SIM_FLAG_NO_WRITE) != 0;
    relaxed = (flags & SIM_FLAG_RELAXED) != 0;
    id_order = (flags & SIM_FLAG_ID_ORDER) != 0;
    no_snoop = (flags & SIM_FLAG_NO_SNOOP) != 0;
    poisoned = (flags & SIM_FLAG_POISONED) != 0;
    digest = (flags & SIM_FLAG_ECRC) != 0;
    has_pasid = (flags & SIM_FLAG_PASID) != 0;
    privileged = (flags & SIM_FLAG_PRIVILEGED) != 0;
    execute = (flags & SIM_FLAG_EXECUTE) != 0;
}

/* ---- The ends of a link ---- */

unsigned link_end::transport_dbg(tlm::tlm_generic_payload &)
{
    return 0;
}

bool link_end::get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &given)
{
    given.init();
    given.allow_none();
    given.set_start_address(0);
    given.set_end_address(UINT64_MAX);
    return false;
}

void link_end::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64)
{
}

} // namespace doorbell
