/*
 * A function's interrupts at its MSI controller, whichever kind that is: events of an ITS, which become LPIs, or SPIs
 * of a GICv2m frame. Controllers are counted as firmware counts them, ITSs first.
 */
#ifndef DOORBELL_HOST_INTERRUPTS_H
#define DOORBELL_HOST_INTERRUPTS_H

#include "host/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;

/** Whether a function's controller is an ITS; false, too, if it has none. */
bool interrupts_have_its(const struct software *software, uint32_t function);

/** Starts all controllers' drivers; of a plan, what it needs of them. @return false with @p error */
bool interrupts_start(struct software *software, struct host_error *error);

/**
 * Gets room for all messages of a function at its controller: an interrupt translation table, or SPIs. What it has got
 * it keeps.
 * @param first set to what its first message shall write: an EventID, or an INTID. Message n writes first + n
 * @return false with @p error
 */
bool interrupts_prepare(struct software *software, uint32_t function, uint32_t *first, struct host_error *error);

/**
 * Makes a message an interrupt: the one that it was before, or a new one, on the PE that the configuration says
 * (software_config.affinities), or on the next PE in turn.
 * @param written what the message writes  @return false with @p error
 */
bool interrupts_map(struct software *software, uint32_t function, uint32_t message, uint32_t written,
                    struct host_error *error);

/** A message is no interrupt any more; if it is pending, it no longer is. @return false with @p error */
bool interrupts_unmap(struct software *software, uint32_t function, uint32_t written, struct host_error *error);

/** Sends a message's interrupt, pending or not, to another PE. @return false with @p error */
bool interrupts_move(struct software *software, uint32_t function, uint32_t message, uint32_t pe,
                     struct host_error *error);

/** Makes a message's SPI pending, or not: only at a GICv2m frame. An ITS has commands for that. */
void interrupts_set_pending(struct software *software, uint32_t function, uint32_t message, bool pending);

/** Waits until all of that has taken effect. @return false with @p error */
bool interrupts_sync(struct software *software, uint32_t function, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
