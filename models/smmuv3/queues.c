/*
 * Circular queues (IHI 0070, 3.5.1): an index has LOG2SIZE bits, and the bit above them is the wrap bit.
 */
#include "models/smmuv3/commands_internal.h"

struct smmu_queue smmu_queue_decode(uint64_t base_register, uint32_t most, uint32_t entry_bytes)
{
    const uint32_t wanted = (uint32_t)smmu_get(base_register, SMMU_QUEUE_LOG2SIZE);
    const uint32_t log2size = wanted < most ? wanted : most;
    const uint64_t bytes = (uint64_t)entry_bytes << log2size;
    const uint64_t alignment = bytes > 32 ? bytes : 32;

    return (struct smmu_queue){
        .base = base_register & SMMU_MASK(SMMU_QUEUE_ADDR) & ~(alignment - 1),
        .log2size = log2size,
    };
}

static uint32_t counter_mask(const struct smmu_queue *queue)
{
    return (2u << queue->log2size) - 1;
}

bool smmu_queue_is_empty(const struct smmu_queue *queue, uint32_t prod, uint32_t cons)
{
    return ((prod ^ cons) & counter_mask(queue)) == 0;
}

bool smmu_queue_is_full(const struct smmu_queue *queue, uint32_t prod, uint32_t cons)
{
    return ((prod ^ cons) & counter_mask(queue)) == 1u << queue->log2size;
}

uint32_t smmu_queue_advance(const struct smmu_queue *queue, uint32_t value)
{
    const uint32_t counter = (value + 1) & counter_mask(queue);

    return (value & ~SMMU_MASK32(SMMU_QUEUE_INDEX)) | counter;
}
