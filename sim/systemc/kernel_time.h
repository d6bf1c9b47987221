/* Simulated time as the kernel has it: at a resolution of one femtosecond, the same number. */
#ifndef DOORBELL_SIM_SYSTEMC_KERNEL_TIME_H
#define DOORBELL_SIM_SYSTEMC_KERNEL_TIME_H

#include "sim/time.h"

#include <cstring>
#include <systemc>

inline sc_core::sc_time kernel_time(sim_time duration)
{
    return sc_core::sc_time::from_value(duration);
}

/**
 * The same without a call into the kernel's library, whose 25 instructions at every event and packet are a tenth of
 * what the kernel takes: its time is a word of 64 bits, which kernel_time_is_a_word() makes sure of.
 */
inline sc_core::sc_time kernel_time_quickly(sim_time duration)
{
    static_assert(sizeof(sc_core::sc_time) == sizeof(duration), "the kernel's time is one word");
    sc_core::sc_time time;

    std::memcpy(static_cast<void *>(&time), &duration, sizeof(time));
    return time;
}

/** That the word is what the kernel takes it for. */
inline bool kernel_time_is_a_word()
{
    const sim_time samples[] = {0, 1, SIM_NS + 1, UINT64_C(1) << 52 | 1, SIM_TIME_NEVER - 1};

    for (const sim_time sample : samples) {
        if (kernel_time_quickly(sample) != kernel_time(sample) || kernel_time_quickly(sample).value() != sample) {
            return false;
        }
    }
    return true;
}

inline sim_time kernel_now()
{
    return sc_core::sc_time_stamp().value();
}

#endif
