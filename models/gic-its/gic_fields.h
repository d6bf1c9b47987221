/*
 * Fields of registers and of structures in memory, written as the specification's tables write them: low bit, width.
 *
 *     #define GITS_CBASER_SIZE 0, 8
 *     pages = GIC_GET(cbaser, GITS_CBASER_SIZE) + 1;
 *     cbaser = GIC_PUT(pages - 1, GITS_CBASER_SIZE);
 */
#ifndef DOORBELL_MODELS_GIC_ITS_GIC_FIELDS_H
#define DOORBELL_MODELS_GIC_ITS_GIC_FIELDS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Mask of a field in place. @param low bit number, 0..63  @param width 1..64, low + width at most 64 */
static inline uint64_t gic_field_mask(unsigned low, unsigned width)
{
    return (UINT64_MAX >> (64 - width)) << low;
}

/** Value of a field, shifted down to bit 0. */
static inline uint64_t gic_field_get(uint64_t value, unsigned low, unsigned width)
{
    return (value >> low) & (UINT64_MAX >> (64 - width));
}

/** A field's value in place; bits that do not fit are cut off. */
static inline uint64_t gic_field_put(uint64_t field, unsigned low, unsigned width)
{
    return (field & (UINT64_MAX >> (64 - width))) << low;
}

/** Mask, value, and placement of a field that is defined as `low, width`. */
#define GIC_MASK(...)       gic_field_mask(__VA_ARGS__)
#define GIC_GET(value, ...) gic_field_get((value), __VA_ARGS__)
#define GIC_PUT(field, ...) gic_field_put((field), __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
