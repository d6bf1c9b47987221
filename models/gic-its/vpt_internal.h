/*
 * A virtual pending table (VPT): bit INTID % 8 of byte INTID / 8, as the architecture has it. The first 1 KiB, where
 * there are no LPIs, belongs to the implementation. This model uses its first 64 bytes, the header, little-endian:
 *
 *   bytes 0..15    virtual SGIs: 7:4 priority | 1 group | 0 enable
 *   bytes 16..17   virtual SGIs that are pending
 *   byte 18        bit 0: a default doorbell is asked for (GICv4.1)
 *   bytes 24..31   map: bit n is set if the n-th 64th of the table may hold a bit
 *   bytes 32..39   address of the virtual configuration table (GICv4.1)
 *
 * All zero is an empty table.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_VPT_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_VPT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of the header, and of what is read of the rest at a time. */
#define VPT_LINE_BYTES 64u
#define VPT_LINE_LPIS  (8u * VPT_LINE_BYTES)

#define VPT_SGIS 16u

#define VPT_SGI_ENABLE   0x01u
#define VPT_SGI_GROUP    0x02u
#define VPT_SGI_PRIORITY 0xf0u

struct vpt_header {
    uint8_t sgis[VPT_SGIS];
    uint16_t sgi_pending;
    bool doorbell;
    uint64_t map;
    uint64_t configuration;
};

/** Reads a header. */
struct vpt_header vpt_header_decode(const uint8_t bytes[VPT_LINE_BYTES]);

/** Writes a header. */
void vpt_header_encode(const struct vpt_header *header, uint8_t bytes[VPT_LINE_BYTES]);

/** The map's bits for INTIDs first .. last. @param id_bits vINTID bits, at least 14 */
uint64_t vpt_map_bits(uint32_t first, uint32_t last, uint32_t id_bits);

#ifdef __cplusplus
}
#endif

#endif
