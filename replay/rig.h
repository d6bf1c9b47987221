/*
 * The hardware that a recording is replayed on: one SMMU, one ITS, a redistributor and a PE for each processor, memory,
 * an interconnect, the devices (replay/devices.h), and a host port for the software's register accesses. What the
 * recording's identification registers say, the models are configured to have.
 */
#ifndef DOORBELL_REPLAY_RIG_H
#define DOORBELL_REPLAY_RIG_H

#include "host/access.h"
#include "models/gic-its/its.h"
#include "models/gic-its/pe.h"
#include "models/gic-its/redistributor.h"
#include "models/interconnect/crossbar.h"
#include "models/memory/memory.h"
#include "models/smmuv3/smmu.h"
#include "replay/devices.h"
#include "replay/recording.h"
#include "replay/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where the MSI under way ended, as an observer saw it. */
struct replay_arrival {
    enum sim_event_kind kind; /**< SIM_EVENT_MSI_PENDING, SIM_EVENT_MSI_MERGED, SIM_EVENT_DROPPED */
    uint64_t id;              /**< of its packet */
    bool seen;
    uint32_t intid;
    uint32_t collection;
    uint32_t target;           /**< Processor_Number of the redistributor */
    uint32_t delivered;        /**< PE whose handler started for it; UINT32_MAX: none */
    enum sim_drop_reason drop; /**< if it was dropped */
};

struct replay_rig {
    struct sim *sim;
    struct memory *memory;
    struct crossbar *interconnect;
    struct smmu *smmu;
    struct its *its;
    struct redistributor *redistributors[REPLAY_MAX_CPUS];
    struct pe *pes[REPLAY_MAX_CPUS];
    struct replay_devices *devices;
    struct host_port *host_port;
    struct host_access access;
    struct replay_map map;
    uint32_t cpus;
    uint32_t address_bits; /**< IDR5.OAS, in bits */
    uint32_t next_master;
    uint32_t next_target;
    struct replay_arrival arrival;
};

/**
 * Builds it.
 * @return false if the recording's hardware cannot be built: @p diagnostics say why
 */
bool replay_rig_create(struct replay_rig *rig, const struct replay_recording *recording,
                       const struct replay_options *options, struct diagnostics *diagnostics);

/** Releases it. Harmless on a rig that is all zeros. */
void replay_rig_destroy(struct replay_rig *rig);

/** Runs until nothing is due any more. */
void replay_rig_settle(struct replay_rig *rig);

/** Address of a register; 0 if no model has it (GICD, SGI_base frames). */
uint64_t replay_rig_address(const struct replay_rig *rig, enum replay_unit unit, uint32_t cpu, uint64_t offset);

/** Writes a register as software does, and runs until nothing is due any more. */
void replay_rig_write(struct replay_rig *rig, uint64_t address, uint64_t size, uint64_t value);

/** Reads a register as software does. */
uint64_t replay_rig_read(struct replay_rig *rig, uint64_t address, uint64_t size);

/** Performs a device's access; rig->arrival says what became of an MSI. */
void replay_rig_access(struct replay_rig *rig, const struct replay_access *access, struct replay_outcome *outcome);

/** The same, for an MSI straight to the ITS. */
void replay_rig_signal(struct replay_rig *rig, const struct replay_access *access, struct replay_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
