#include "sim/random.h"

#include "sim/packet.h"
#include "sim/random_log2.h"

#include <Random123/philox.h>

__extension__ typedef unsigned __int128 uint128;

void sim_random_init(struct sim_random *random, uint64_t seed, const char *name)
{
    random->key[0] = (uint32_t)seed ^ sim_name_hash(name);
    random->key[1] = (uint32_t)(seed >> 32);
    random->counter = 0;
    random->remaining = 0;
}

SIM_HOT uint32_t sim_random_u32(struct sim_random *random)
{
    if (random->remaining == 0) {
        philox4x32_ctr_t counter = {{(uint32_t)random->counter, (uint32_t)(random->counter >> 32), 0, 0}};
        philox4x32_key_t key = {{random->key[0], random->key[1]}};
        philox4x32_ctr_t block = philox4x32(counter, key);

        for (unsigned i = 0; i < 4; i++) {
            random->block[i] = block.v[i];
        }
        random->counter++;
        random->remaining = 4;
    }
    return random->block[--random->remaining];
}

uint64_t sim_random_u64(struct sim_random *random)
{
    uint64_t high = sim_random_u32(random);

    return high << 32 | sim_random_u32(random);
}

uint64_t sim_random_below(struct sim_random *random, uint64_t bound)
{
    /* Multiply and shift; values whose low half falls below 2^64 mod bound would be too frequent. */
    uint64_t threshold = (0 - bound) % bound;
    uint128 product;

    do {
        product = (uint128)sim_random_u64(random) * bound;
    } while ((uint64_t)product < threshold);
    return (uint64_t)(product >> 64);
}

/** log2(value) in 2^-32 units, for value 1..2^32. */
static uint64_t log2_q32(uint64_t value)
{
    unsigned exponent = 63u - (unsigned)__builtin_clzll(value);
    uint64_t fraction = (value << (32 - exponent)) & UINT32_MAX; /* what follows the leading 1, in 2^-32 */
    uint64_t index = fraction >> 22;
    uint64_t rest = fraction & ((1u << 22) - 1);
    uint64_t low = sim_random_log2_table[index];
    uint64_t step = sim_random_log2_table[index + 1] - low;

    return ((uint64_t)exponent << 32) + low + ((step * rest) >> 22);
}

sim_time sim_random_exponential(struct sim_random *random, sim_time mean)
{
    const uint64_t ln2_q32 = 2977044472u;                    /* ln 2 × 2^32, rounded */
    uint64_t uniform = (uint64_t)sim_random_u32(random) + 1; /* 1..2^32, stands for (0, 1] */
    uint64_t log2_inverse = ((uint64_t)32 << 32) - log2_q32(uniform);
    uint64_t deviate_q32 = (uint64_t)(((uint128)log2_inverse * ln2_q32) >> 32);

    return (sim_time)(((uint128)deviate_q32 * mean) >> 32);
}
