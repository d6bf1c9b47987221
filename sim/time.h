/*
 * Simulated time: whole femtoseconds in an unsigned 64-bit integer (about five hours of range).
 *
 * A clock is an integer period. A component acts only on edges of its clock, the multiples of the period counted from
 * time 0. Frequencies that do not divide a second of femtoseconds are rounded to the nearest whole period (1.3 GHz is
 * 769 231 fs, 0.3 ppm slow); closed forms use the period.
 */
#ifndef DOORBELL_SIM_TIME_H
#define DOORBELL_SIM_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A point in simulated time, or a duration, in femtoseconds. */
typedef uint64_t sim_time;

/** Later than every reachable time: "no time is known at which something will happen". */
#define SIM_TIME_NEVER UINT64_MAX

#define SIM_PS ((sim_time)1000)
#define SIM_NS (1000 * SIM_PS)
#define SIM_US (1000 * SIM_NS)
#define SIM_MS (1000 * SIM_US)
#define SIM_S  (1000 * SIM_MS)

/** The earlier of two times. */
static inline sim_time sim_time_min(sim_time a, sim_time b)
{
    return a < b ? a : b;
}

/** The later of two times. */
static inline sim_time sim_time_max(sim_time a, sim_time b)
{
    return a > b ? a : b;
}

/**
 * The first clock edge at or after a time.
 * @param time   femtoseconds; SIM_TIME_NEVER stays SIM_TIME_NEVER
 * @param period clock period in femtoseconds, at least 1
 */
static inline sim_time sim_time_align(sim_time time, sim_time period)
{
    sim_time rest;

    if (time == SIM_TIME_NEVER) {
        return time;
    }
    rest = time % period;
    return rest == 0 ? time : time + (period - rest);
}

/** What sim_time_align_by() wants to know of a period (at least 1): 2^64 through it, rounded down. */
static inline uint64_t sim_time_reciprocal(sim_time period)
{
    return UINT64_MAX / period;
}

/**
 * sim_time_align() with multiplications in place of a division, for the hot path.
 * @param time       femtoseconds; at least a period less than SIM_TIME_NEVER
 * @param reciprocal sim_time_reciprocal() of the period
 */
static inline sim_time sim_time_align_by(sim_time time, sim_time period, uint64_t reciprocal)
{
    __extension__ typedef unsigned __int128 wide;
    const uint64_t quotient = (uint64_t)((wide)(time + (period - 1)) * reciprocal >> 64); /* may be one too small */
    const sim_time edge = quotient * period;

    return edge < time ? edge + period : edge;
}

/** Duration of a number of clock cycles: cycles × period, in femtoseconds. No overflow check: cycles stay small. */
static inline sim_time sim_time_cycles(uint64_t cycles, sim_time period)
{
    return cycles * period;
}

#ifdef __cplusplus
}
#endif

#endif
