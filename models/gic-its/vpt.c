#include "models/gic-its/vpt_internal.h"

#include "sim/packet.h"

#include <string.h>

#define AT_SGI_PENDING   16
#define AT_FLAGS         18
#define AT_MAP           24
#define AT_CONFIGURATION 32

struct vpt_header vpt_header_decode(const uint8_t bytes[VPT_LINE_BYTES])
{
    struct vpt_header header = {
        .sgi_pending = (uint16_t)(bytes[AT_SGI_PENDING] | bytes[AT_SGI_PENDING + 1] << 8),
        .doorbell = (bytes[AT_FLAGS] & 1) != 0,
        .map = sim_load_le64(&bytes[AT_MAP]),
        .configuration = sim_load_le64(&bytes[AT_CONFIGURATION]),
    };

    memcpy(header.sgis, bytes, VPT_SGIS);
    return header;
}

void vpt_header_encode(const struct vpt_header *header, uint8_t bytes[VPT_LINE_BYTES])
{
    memset(bytes, 0, VPT_LINE_BYTES);
    memcpy(bytes, header->sgis, VPT_SGIS);
    bytes[AT_SGI_PENDING] = (uint8_t)header->sgi_pending;
    bytes[AT_SGI_PENDING + 1] = (uint8_t)(header->sgi_pending >> 8);
    bytes[AT_FLAGS] = header->doorbell;
    sim_store_le64(&bytes[AT_MAP], header->map);
    sim_store_le64(&bytes[AT_CONFIGURATION], header->configuration);
}

uint64_t vpt_map_bits(uint32_t first, uint32_t last, uint32_t id_bits)
{
    uint32_t from = first >> (id_bits - 6);
    uint32_t to = last >> (id_bits - 6);

    return (UINT64_MAX >> (63 - to)) & (UINT64_MAX << from);
}
