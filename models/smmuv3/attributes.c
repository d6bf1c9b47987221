/*
 * Memory attributes (IHI 0070, chapter 13; VMSAv8-64): what each stage says, and what they make together.
 */
#include "models/smmuv3/translation_internal.h"

#define SH_NON   0u
#define SH_OUTER 2u
#define SH_INNER 3u

#define NIBBLE_NON_CACHEABLE 0x4u

/* Device types and Normal Non-cacheable are outer shareable, and shareability 1 is reserved. */
static unsigned attributes(unsigned type, unsigned sh)
{
    if ((type & 0xf0) == 0 || type == 0x44) {
        sh = SH_OUTER;
    }
    return type | (sh == 1 ? SH_NON : sh) << 8;
}

unsigned smmu_attributes_stage1(unsigned type, unsigned sh)
{
    const unsigned outer = type >> 4 & 0xf;
    const unsigned inner = type & 0xf;

    if (outer == 0) {
        /* Device: nGnRnE, nGnRE, nGRE, GRE in bits 3:2; what else is set there is reserved and ignored. */
        return attributes(inner & 0xc, sh);
    }
    /* Inner 0000 is reserved and behaves as write-through, transient, allocating. */
    return attributes(outer << 4 | (inner == 0 ? 0x3 : inner), sh);
}

/* Outer and inner caching of stage 2: 1 non-cacheable, 2 write-through, 3 write-back. */
static unsigned nibble_of_stage2(unsigned cacheability)
{
    static const uint8_t nibble[4] = {0, NIBBLE_NON_CACHEABLE, 0xb, 0xf};

    return nibble[cacheability & 3];
}

unsigned smmu_attributes_stage2(unsigned memattr, unsigned sh)
{
    const unsigned outer = memattr >> 2 & 3;
    const unsigned inner = memattr & 3;

    if (outer == 0) {
        return attributes(inner << 2, sh);
    }
    /* Normal without an inner type is reserved and behaves as Device-nGnRnE. */
    return inner == 0 ? attributes(0, sh) : attributes(nibble_of_stage2(outer) << 4 | nibble_of_stage2(inner), sh);
}

/* 0 non-cacheable, 1 write-through, 2 write-back. */
static unsigned strength(unsigned nibble)
{
    if (nibble == NIBBLE_NON_CACHEABLE) {
        return 0;
    }
    return (nibble & 0x4) != 0 ? 2 : 1;
}

/* The weaker caching; allocation and transience as the first stage hints. */
static unsigned combine_nibble(unsigned first, unsigned second)
{
    if (strength(first) == 0 || strength(second) == 0) {
        return NIBBLE_NON_CACHEABLE;
    }
    return strength(second) == 1 ? first & ~0x4u : first;
}

static unsigned combine_shareability(unsigned first, unsigned second)
{
    if (first == SH_OUTER || second == SH_OUTER) {
        return SH_OUTER;
    }
    return first == SH_INNER || second == SH_INNER ? SH_INNER : SH_NON;
}

unsigned smmu_attributes_combine(unsigned first, unsigned second)
{
    const bool device1 = smmu_attributes_is_device(first);
    const bool device2 = smmu_attributes_is_device(second);
    const unsigned sh = combine_shareability(first >> 8, second >> 8);

    if (device1 && device2) {
        return attributes((first & 0xff) < (second & 0xff) ? first & 0xff : second & 0xff, sh);
    }
    if (device1 || device2) {
        return (device1 ? first : second) & 0x3ff;
    }
    return attributes(
        combine_nibble(first >> 4 & 0xf, second >> 4 & 0xf) << 4 | combine_nibble(first & 0xf, second & 0xf), sh);
}

unsigned smmu_attributes_override(unsigned input, bool mtcfg, unsigned memattr, unsigned shcfg)
{
    const unsigned type = mtcfg ? smmu_attributes_stage2(memattr, 0) & 0xff : input & 0xff;

    return attributes(type, shcfg == 1 ? input >> 8 & 3 : shcfg);
}
