#include "models/gic-its/vpe_table_internal.h"

#define WORD0_VALID   63, 1
#define WORD0_ID_BITS 58, 5
#define WORD0_TABLE   16, 36
#define WORD0_TARGET  0, 16

#define WORD1_CONFIGURATION 24, 36
#define WORD1_DOORBELL      0, 24

void vpe_entry_encode(const struct vpe_entry *entry, uint64_t words[2])
{
    words[0] = 0;
    words[1] = 0;
    if (entry->valid) {
        words[0] = GIC_MASK(WORD0_VALID) | GIC_PUT(entry->id_bits - 1u, WORD0_ID_BITS) |
                   (entry->table & GIC_MASK(WORD0_TABLE)) | GIC_PUT(entry->target, WORD0_TARGET);
        words[1] = GIC_PUT(entry->configuration >> 16, WORD1_CONFIGURATION) | GIC_PUT(entry->doorbell, WORD1_DOORBELL);
    }
}

struct vpe_entry vpe_entry_decode(uint64_t word0, uint64_t word1)
{
    return (struct vpe_entry){
        .valid = GIC_GET(word0, WORD0_VALID) != 0,
        .id_bits = (uint8_t)(GIC_GET(word0, WORD0_ID_BITS) + 1),
        .target = (uint32_t)GIC_GET(word0, WORD0_TARGET),
        .doorbell = (uint32_t)GIC_GET(word1, WORD1_DOORBELL),
        .table = word0 & GIC_MASK(WORD0_TABLE),
        .configuration = GIC_GET(word1, WORD1_CONFIGURATION) << 16,
    };
}
