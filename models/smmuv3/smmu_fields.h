/*
 * Bit fields of registers and in-memory structures, written as the specification writes them: a field is a macro that
 * expands to "most significant bit, least significant bit", and is passed to the functions below where they take
 * `high, low`:
 *
 *     #define SMMU_CR0_CMDQEN 3, 3
 *     if (smmu_get(cr0, SMMU_CR0_CMDQEN) != 0) ...
 *     cr0 = smmu_put(cr0, SMMU_CR0_CMDQEN, 1);
 *
 * Structures of several 64-bit words (STE, CD, command, event) count bits from bit 0 of their first word; no field of
 * theirs lies across two words.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_FIELDS_H
#define DOORBELL_MODELS_SMMUV3_SMMU_FIELDS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Mask of a field within its (64-bit) word; a constant expression. */
#define SMMU_MASK(...)        SMMU_MASK_(__VA_ARGS__)
#define SMMU_MASK_(high, low) ((~UINT64_C(0) >> (63 - (high))) & (~UINT64_C(0) << (low)))

/** The same for a 32-bit register. */
#define SMMU_MASK32(...) ((uint32_t)SMMU_MASK_(__VA_ARGS__))

/** Value of a field of a register: bits high..low, shifted down. */
static inline uint64_t smmu_get(uint64_t word, unsigned high, unsigned low)
{
    return (word >> low) & (~UINT64_C(0) >> (63 - (high - low)));
}

/** Register value with one field replaced; bits of @p value beyond the field are cut off. */
static inline uint64_t smmu_put(uint64_t word, unsigned high, unsigned low, uint64_t value)
{
    const uint64_t mask = SMMU_MASK_(high, low);

    return (word & ~mask) | ((value << low) & mask);
}

/** Value of a field of a structure. */
static inline uint64_t smmu_field_get(const uint64_t *words, unsigned high, unsigned low)
{
    return smmu_get(words[low / 64], high % 64, low % 64);
}

/** Sets a field of a structure. */
static inline void smmu_field_put(uint64_t *words, unsigned high, unsigned low, uint64_t value)
{
    words[low / 64] = smmu_put(words[low / 64], high % 64, low % 64, value);
}

/**
 * Value of an address field of a structure: its bits stay where they are in their 64-bit word, because the architecture
 * places address bit n at bit n of the word.
 */
static inline uint64_t smmu_field_get_address(const uint64_t *words, unsigned high, unsigned low)
{
    return words[low / 64] & SMMU_MASK_(high % 64, low % 64);
}

/** Sets an address field of a structure; address bits that the field does not hold are cut off. */
static inline void smmu_field_put_address(uint64_t *words, unsigned high, unsigned low, uint64_t address)
{
    const uint64_t mask = SMMU_MASK_(high % 64, low % 64);

    words[low / 64] = (words[low / 64] & ~mask) | (address & mask);
}

#ifdef __cplusplus
}
#endif

#endif
