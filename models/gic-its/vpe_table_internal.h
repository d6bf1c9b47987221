/*
 * An entry of the vPE table, which ITSs write and redistributors of GICv4.1 read: 16 bytes, little-endian, a format of
 * this model's own.
 *
 *   word 0   63 Valid | 62:58 vINTID bits - 1 | 51:16 VPT address 51:16 | 15:0 Processor_Number of the redistributor
 *   word 1   59:24 virtual configuration table address 51:16 | 23:0 default doorbell (GICv4.1)
 */
#ifndef DOORBELL_MODELS_GIC_ITS_VPE_TABLE_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_VPE_TABLE_INTERNAL_H

#include "models/gic-its/gic_fields.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vpe_entry {
    bool valid;
    uint8_t id_bits;        /**< vINTID bits */
    uint32_t target;        /**< Processor_Number of the redistributor */
    uint32_t doorbell;      /**< default doorbell's INTID, or GIC_NO_DOORBELL */
    uint64_t table;         /**< address of the virtual pending table */
    uint64_t configuration; /**< GICv4.1: address of the virtual configuration table */
};

/** Writes an entry; one that is not valid becomes zero. */
void vpe_entry_encode(const struct vpe_entry *entry, uint64_t words[2]);

/** Reads an entry. */
struct vpe_entry vpe_entry_decode(uint64_t word0, uint64_t word1);

#ifdef __cplusplus
}
#endif

#endif
