#include "wrappers/sideband.h"

namespace doorbell
{

void sideband::store(sim_packet *packet) const
{
    const uint32_t ours = SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_PASID | SIM_FLAG_HAS_DEVICE_ID | SIM_FLAG_NO_WRITE |
                          SIM_FLAG_EXECUTE | SIM_FLAG_PRIVILEGED | SIM_FLAG_RELAXED | SIM_FLAG_ID_ORDER |
                          SIM_FLAG_NO_SNOOP;
    uint32_t flags = packet->flags & ~ours;

    flags |= has_stream_id ? SIM_FLAG_HAS_STREAM_ID : 0;
    flags |= has_substream_id ? SIM_FLAG_PASID : 0;
    flags |= has_device_id ? SIM_FLAG_HAS_DEVICE_ID : 0;
    flags |= no_write ? SIM_FLAG_NO_WRITE : 0;
    flags |= instruction ? SIM_FLAG_EXECUTE : 0;
    flags |= privileged ? SIM_FLAG_PRIVILEGED : 0;
    flags |= relaxed ? SIM_FLAG_RELAXED : 0;
    flags |= id_order ? SIM_FLAG_ID_ORDER : 0;
    flags |= no_snoop ? SIM_FLAG_NO_SNOOP : 0;
    packet->flags = flags;
    packet->stream_id = stream_id;
    packet->pasid = substream_id;
    packet->device_id = device_id;
    packet->at = static_cast<uint8_t>(address_type);
    packet->requester = requester;
}

void sideband::load(const sim_packet *packet)
{
    const uint32_t flags = packet->flags;

    has_stream_id = (flags & SIM_FLAG_HAS_STREAM_ID) != 0;
    stream_id = packet->stream_id;
    has_substream_id = (flags & SIM_FLAG_PASID) != 0;
    substream_id = packet->pasid;
    has_device_id = (flags & SIM_FLAG_HAS_DEVICE_ID) != 0;
    device_id = packet->device_id;
    address_type = static_cast<sim_address_type>(packet->at);
    no_write = (flags & SIM_FLAG_NO_WRITE) != 0;
    instruction = (flags & SIM_FLAG_EXECUTE) != 0;
    privileged = (flags & SIM_FLAG_PRIVILEGED) != 0;
    relaxed = (flags & SIM_FLAG_RELAXED) != 0;
    id_order = (flags & SIM_FLAG_ID_ORDER) != 0;
    no_snoop = (flags & SIM_FLAG_NO_SNOOP) != 0;
    requester = packet->requester;
}

} // namespace doorbell
