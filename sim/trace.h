/*
 * Waveforms: what a simulation's signals are, and a writer of value change dumps (VCD, IEEE 1364, 18) for the engines
 * of this folder. The systemc engine gives the same signals to its kernel's writer (sc_trace).
 *
 *   scope      signal    width  value
 *   ---------  --------  -----  ------------------------------------------------------------
 *   channel    held      16     packets in it
 *   channel    pushed    32     packets so far
 *   channel    head      64     identity of the oldest packet; 0 if it is empty
 *   component  COUNTER   64     each counter that the component has registered
 *
 * A signal has the value that it has when all of an instant is done, so waveforms do not depend on the order within an
 * instant, nor on the engine. In names, every character that a VCD viewer might stumble over is '_', and " -> " is
 * "_to_".
 */
#ifndef DOORBELL_SIM_TRACE_H
#define DOORBELL_SIM_TRACE_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sim_signal_kind {
    SIM_SIGNAL_HELD,
    SIM_SIGNAL_PUSHED,
    SIM_SIGNAL_HEAD,
    SIM_SIGNAL_COUNTER,
};

struct sim_signal {
    enum sim_signal_kind kind;
    unsigned width;
    const struct sim_channel *channel; /**< of the first three kinds */
    const uint64_t *counter;           /**< of the last */
    char *scope;                       /**< fit for a VCD, unique */
    char *name;
};

struct sim_trace;

/**
 * Attaches a trace to a simulation that is built and has not run. It stays closed until sim_trace_open().
 * @param stream  where it goes; must outlive the trace
 * @param scopes  shell patterns (*, ?, [...]) for names of components and channels, as they are in results; those that
 *                one of them fits are traced; NULL: all
 * @return NULL if that leaves no signal
 */
struct sim_trace *sim_trace_create(struct sim *sim, FILE *stream, const char *const *scopes, size_t scope_count);

/** Writes what happens from @p from on and before @p to; absolute times, not before sim_now(). Once. */
void sim_trace_open(struct sim_trace *trace, sim_time from, sim_time to);

/** Writes what is left and detaches the trace. Errors are those of the stream. */
void sim_trace_close(struct sim_trace *trace);

/** The signals. */
size_t sim_trace_count(const struct sim_trace *trace);
const struct sim_signal *sim_trace_signal(const struct sim_trace *trace, size_t i);

/** A signal's value now. */
uint64_t sim_signal_value(const struct sim_signal *signal);

#ifdef __cplusplus
}
#endif

#endif
