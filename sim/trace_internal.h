/* The inside of a trace, for the engines. */
#ifndef DOORBELL_SIM_TRACE_INTERNAL_H
#define DOORBELL_SIM_TRACE_INTERNAL_H

#include "sim/sim_internal.h"
#include "sim/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sim_trace {
    struct sim *sim;
    FILE *stream;
    struct sim_signal *signals;
    size_t count;
    size_t capacity;
    uint64_t *values; /**< as last written */
    sim_time from;
    sim_time to;
    sim_time instant; /**< that is being evaluated; SIM_TIME_NEVER: none yet */
    bool begun;       /**< the header and the first values have been written */
    /** An engine that writes by itself: called by sim_trace_open() and _close(); NULL: this folder's writer does. */
    void (*opened)(struct sim_trace *trace);
    void (*finish)(struct sim_trace *trace);
    void *engine_data;
};

/** An instant begins: the one before it is done. For engines that evaluate instant by instant. */
void sim_trace_instant(struct sim_trace *trace, sim_time now);

#ifdef __cplusplus
}
#endif

#endif
