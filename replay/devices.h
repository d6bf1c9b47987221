/*
 * The devices of a replayed recording, and what lies beyond the SMMU for them: one component that sends their accesses
 * into the SMMU, one at a time, and sees where they come out. Nothing is read or written there: a recording has no
 * data. Only MSIs go on, to the ITS.
 *
 *   devices ---> SMMU ---> (seen here) ---> ITS, if it is an MSI in the ITS's window
 */
#ifndef DOORBELL_REPLAY_DEVICES_H
#define DOORBELL_REPLAY_DEVICES_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct replay_devices;

/** An access of a device, 4 bytes long. */
struct replay_access {
    uint32_t stream_id;
    uint64_t address;
    bool write;
    bool msi; /**< a write that carries a DeviceID, so that an ITS takes it as an MSI */
    uint32_t device_id;
    uint32_t data;
};

/** What became of it. */
struct replay_outcome {
    bool passed; /**< it came out of the SMMU */
    uint64_t address;
    bool answered;  /**< a read was answered */
    uint8_t status; /**< and how: enum sim_packet_status */
    uint64_t id;    /**< of the packet */
};

/** Makes the component. @param its_base,its_size what belongs to the ITS */
struct replay_devices *replay_devices_create(struct sim *sim, const char *name, sim_time period, uint64_t its_base,
                                             uint64_t its_size);

struct sim_component *replay_devices_component(struct replay_devices *devices);

/** Binds the SMMU's upstream port (it is the master there), its downstream port (target), and an ITS port (master). */
void replay_devices_bind_upstream(struct replay_devices *devices, struct sim_bus_port port);
void replay_devices_bind_downstream(struct replay_devices *devices, struct sim_bus_port port);
void replay_devices_bind_its(struct replay_devices *devices, struct sim_bus_port port);

/** Performs one access: runs the simulation until nothing is due any more. Only while the engine is paused. */
void replay_devices_perform(struct replay_devices *devices, const struct replay_access *access,
                            struct replay_outcome *outcome);

/** Performs one MSI at the ITS, past the SMMU; else as above. @p access->address is physical. */
void replay_devices_signal(struct replay_devices *devices, const struct replay_access *access,
                           struct replay_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
