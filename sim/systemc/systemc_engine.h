/*
 * The systemc engine: the same components under the Accellera kernel (IEEE 1666).
 *
 * Each component is an sc_module with one SC_METHOD and one sc_event; each channel is a pair of TLM-2.0 sockets that
 * speaks the base protocol (approximately timed), the packet travelling in an extension of the generic payload:
 *
 *   push   nb_transport_fw BEGIN_REQ, annotated with the flight time; the target accepts at once (TLM_UPDATED, END_REQ)
 *   pop    nb_transport_bw BEGIN_RESP, annotated with the credit latency; the initiator completes it (TLM_COMPLETED)
 *
 * The kernel calls simultaneous events in any order; results are those of the native engine all the same. To have
 * other orders too, sim_config.shuffle lets each component pass a drawn number of delta cycles first. A trace
 * (sim/trace.h) is written by the kernel (sc_trace). For the models in other people's platforms see wrappers/. It is
 * one simulation a process: a limit of the kernel, whose elaboration happens once.
 */
#ifndef DOORBELL_SIM_SYSTEMC_SYSTEMC_ENGINE_H
#define DOORBELL_SIM_SYSTEMC_SYSTEMC_ENGINE_H

#include "sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The engine, for sim_config.ops with SIM_ENGINE_SYSTEMC; NULL in a build without SystemC. */
const struct sim_engine_ops *sim_systemc_engine(void);

/** The kernel's version, for example "2.3.4-Accellera"; NULL in a build without SystemC. */
const char *sim_systemc_version(void);

#ifdef __cplusplus
}
#endif

#endif
