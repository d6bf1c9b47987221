/*
 * What software uses to reach hardware: registers and configuration space through a host port, in simulated time, and
 * memory directly. All of it only while the engine is paused; a register access runs the engine until it is answered.
 *
 * A failed access (status not OK) is counted and kept in the struct, so that a driver may check once after a sequence.
 * A failed read returns ones in all bits that were asked for, as on a real host after an Unsupported Request.
 */
#ifndef DOORBELL_HOST_ACCESS_H
#define DOORBELL_HOST_ACCESS_H

#include "host/port.h"
#include "models/memory/memory.h"
#include "sim/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Another way for accesses and for time to pass than a port that the whole simulation waits for. */
struct host_access_ops {
    void (*perform)(void *context, struct host_port_access *access); /**< fills in status, and what was read */
    void (*wait)(void *context, sim_time duration);
};

struct host_access {
    struct sim *sim;
    struct host_port *port;
    const struct host_access_ops *ops; /**< NULL: through the port */
    void *ops_context;
    struct memory *memory;
    uint8_t status; /**< enum sim_packet_status of the last access */
    uint64_t reads; /**< register and configuration accesses so far */
    uint64_t writes;
    uint64_t failures;       /**< of these, how many were not answered with OK */
    uint64_t failed_address; /**< of the last of them; meaningful if failures is not 0 */
    bool failed_write;
    sim_time access_time; /**< simulated time spent in accesses, fs */
    sim_time wait_time;   /**< simulated time spent in host_wait() and host_poll(), fs */
};

/** Prepares it. @p memory may be NULL if only registers are wanted. */
void host_access_init(struct host_access *access, struct sim *sim, struct host_port *port, struct memory *memory);

/** Has register accesses and waits go another way. @param ops not copied */
void host_access_divert(struct host_access *access, const struct host_access_ops *ops, void *context);

/* ---- Registers: Device-nGnRE accesses, naturally aligned (anything else is a broken invariant). ---- */

/** Reads. @return the value; all ones if it failed (access->status says how) */
uint8_t host_read8(struct host_access *access, uint64_t address);
uint16_t host_read16(struct host_access *access, uint64_t address);
uint32_t host_read32(struct host_access *access, uint64_t address);
uint64_t host_read64(struct host_access *access, uint64_t address);

/** Writes, and waits for the acknowledgement. @return how it went, which is also in access->status */
enum sim_packet_status host_write8(struct host_access *access, uint64_t address, uint8_t value);
enum sim_packet_status host_write16(struct host_access *access, uint64_t address, uint16_t value);
enum sim_packet_status host_write32(struct host_access *access, uint64_t address, uint32_t value);
enum sim_packet_status host_write64(struct host_access *access, uint64_t address, uint64_t value);

/** Lets simulated time pass, rounded up to an edge of the port's clock, at least one cycle. */
void host_wait(struct host_access *access, sim_time duration);

/**
 * Reads a 32-bit register every @p interval until (value & mask) == expected, an access fails, or @p timeout passed.
 * @param value the last value read; may be NULL
 * @return true if the value was seen
 */
bool host_poll32(struct host_access *access, uint64_t address, uint32_t mask, uint32_t expected, sim_time interval,
                 sim_time timeout, uint32_t *value);

/* ---- PCIe configuration space through ECAM (PCI Express Base, 7.2.2) ---- */

/** A configuration window: 1 MiB a bus, 4 KiB a function. A RID is bus 15:8, device 7:3, function 2:0. */
struct host_ecam {
    uint64_t base; /**< address of first_bus's space */
    uint8_t first_bus;
    uint8_t last_bus;
};

/** Address of a function's configuration space; 0 if its bus is not in the window. */
uint64_t host_config_address(const struct host_ecam *ecam, uint16_t rid);

/**
 * Reads @p size (1, 2, 4) bytes at @p offset (0..4095, a multiple of size).
 * @return the value; all ones if nothing answered or the bus is not in the window (status UR)
 */
uint32_t host_config_read(struct host_access *access, const struct host_ecam *ecam, uint16_t rid, uint32_t offset,
                          uint32_t size);

/** Writes; see host_config_read(). @return how it went */
enum sim_packet_status host_config_write(struct host_access *access, const struct host_ecam *ecam, uint16_t rid,
                                         uint32_t offset, uint32_t size, uint32_t value);

/* ---- Memory, coherent and without time: see models/memory/memory.h. Outside the memory: sim_panic(). ---- */

void host_memory_read(struct host_access *access, uint64_t address, void *bytes, size_t size);
void host_memory_write(struct host_access *access, uint64_t address, const void *bytes, size_t size);
void host_memory_fill(struct host_access *access, uint64_t address, uint8_t value, uint64_t size);
uint32_t host_memory_read32(struct host_access *access, uint64_t address);
uint64_t host_memory_read64(struct host_access *access, uint64_t address);
void host_memory_write32(struct host_access *access, uint64_t address, uint32_t value);
void host_memory_write64(struct host_access *access, uint64_t address, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
