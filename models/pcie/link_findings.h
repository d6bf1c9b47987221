/*
 * What the two ends of a link find wrong with it, on the way to the component that has the registers for it.
 *
 * The sender of a TLP knows, when it hands the TLP to its wire, what becomes of it (data_link.h): that it arrives
 * corrupted, that the Nak gets lost, that the replay timer has to act. Each of these is an error that one of the ends
 * records (6.2): the receiver a Bad TLP or a Receiver Error, the sender a Bad DLLP, a Replay Timer Timeout, a
 * REPLAY_NUM Rollover. A list holds what one end will find, and when; one component writes it and one reads it, as
 * a channel is: visible from its time on, which is later than now when it is written. A place is free again after the
 * edge at which the reader was due.
 *
 * There are lists only where a link has errors at all, so that others pay nothing.
 */
#ifndef DOORBELL_MODELS_PCIE_LINK_FINDINGS_H
#define DOORBELL_MODELS_PCIE_LINK_FINDINGS_H

#include "sim/component.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

/** Findings that wait at once. Replays of one TLP come one after another, so more than a few are rare. */
#define PCIE_LINK_FINDINGS 256u

/** What the port above says when the device at the lower end of a link is pulled out. */
enum pcie_removal {
    PCIE_REMOVAL_SILENT,            /**< nothing: it can tell neither in its Link nor in its Slot registers */
    PCIE_REMOVAL_SURPRISE_DOWN,     /**< a Surprise Down error (3.2.1, 7.5.3.6) */
    PCIE_REMOVAL_HOT_PLUG,          /**< that, and its slot's presence and link state change (6.7.3) */
    PCIE_REMOVAL_HOT_PLUG_SURPRISE, /**< the changes only: the slot expects it, so that it is no error (3.2.1) */
};

/** What became of the link as a whole. */
enum pcie_link_event {
    PCIE_LINK_STAYS,
    PCIE_LINK_WENT_DOWN, /**< unasked: nobody is at the other end any more */
    PCIE_LINK_CAME_UP,
};

/** An error or an event, exactly one of the three. */
struct pcie_link_finding {
    sim_time at;            /**< when the end can know of it */
    uint32_t correctable;   /**< one of PCIE_AER_CORRECTABLE_*, or 0 */
    uint32_t uncorrectable; /**< one of PCIE_AER_*, or 0 */
    enum pcie_link_event event;
    bool quiet; /**< to be recorded only: another part of the same device sends the message */
};

struct pcie_link_findings {
    struct sim_component *reader;
    uint64_t *hint; /**< a bit of it is set with every finding; NULL: nobody wants to know */
    uint8_t hint_bit;
    uint32_t written;                                  /**< so far; the writer's */
    uint32_t read;                                     /**< so far; the reader's */
    struct pcie_link_finding ring[PCIE_LINK_FINDINGS]; /**< those that are not read, in order of time */
};

/** Makes a list. @param reader the component of the end that finds these errors */
struct pcie_link_findings *pcie_link_findings_create(struct sim *sim, struct sim_component *reader);

/** From now on every finding sets @p bit in @p *word, and wakes the reader in time. Building only. */
void pcie_link_findings_set_hint(struct pcie_link_findings *findings, uint64_t *word, unsigned bit);

/**
 * Writes a finding. One for which there is no room stands for itself and the last that has any, as a function's
 * messages of one severity do while they wait (6.2.3.1).
 * @param findings NULL: nothing is done
 * @param found    what is not later than now is seen at the next edge
 */
void pcie_link_findings_add(struct pcie_link_findings *findings, struct pcie_link_finding found);

/** Takes the oldest finding whose time has come. @return false if there is none */
bool pcie_link_findings_take(struct pcie_link_findings *findings, sim_time now, struct pcie_link_finding *found);

/** When the reader has to look, an edge of its clock; SIM_TIME_NEVER if there is none. @param findings may be NULL */
sim_time pcie_link_findings_due(const struct pcie_link_findings *findings);

#ifdef __cplusplus
}
#endif

#endif
