/*
 * Physical memory: sparse, byte-addressed, behind one controller with one or more bus target ports.
 *
 * The controller takes one access an edge, round robin among its ports, in the order in which they will be visible:
 * an access that is taken later sees everything that was taken earlier. Answers leave in that order too.
 *
 *   stage                 | time                | parameter | default   | source
 *   ----------------------+---------------------+-----------+-----------+-----------------------------------------
 *   transfer              | bytes / bandwidth   | bandwidth | 25.6 GB/s | assumption (one DDR4-3200 channel)
 *   access (read, write)  | latency             | latency   | 81 ns     | measured, DRAM load of a Graviton2 (N1):
 *                         |                     |           |           | anandtech.com/show/15578
 *   (structural) data bus | one transfer at a time; the next may begin within the cycle in which the last one ends
 *   (structural) queue    | accesses under way  | queue     | 64        | assumption
 *
 * A transfer is rounded up to a femtosecond.
 *
 * Unloaded, an access that arrives at edge t is answered at t + transfer + latency (and then crosses the response
 * channel); that is also when a write is visible. Both are booked under the memory's own stage.
 */
#ifndef DOORBELL_MODELS_MEMORY_MEMORY_H
#define DOORBELL_MODELS_MEMORY_MEMORY_H

#include "sim/bus.h"
#include "sim/component.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memory;

/** Bytes of the unit in which memory comes into being; also what no bus access may cross. */
#define MEMORY_PAGE_BYTES 4096u

/** Most target ports of one memory. */
#define MEMORY_MAX_PORTS 16u

#define MEMORY_DEFAULT_LATENCY   (81 * SIM_NS)
#define MEMORY_DEFAULT_BANDWIDTH UINT64_C(25600000000)
#define MEMORY_DEFAULT_QUEUE     64u
#define MEMORY_DEFAULT_PAGES     4096u

struct memory_config {
    uint64_t base;      /**< physical address of the first byte, a multiple of 4096 */
    uint64_t size;      /**< bytes, a multiple of 4096, at least 4096; base + size may be at most 2^64 - 4096 */
    sim_time period;    /**< clock period of the controller, fs */
    sim_time latency;   /**< fs; 0 is allowed */
    uint64_t bandwidth; /**< bytes per second; 0: a transfer takes no time */
    uint32_t queue;     /**< accesses under way at once; 0: MEMORY_DEFAULT_QUEUE */
    uint32_t ports;     /**< target ports, 1..MEMORY_MAX_PORTS; 0: 1 */
    uint32_t pages;     /**< pages set aside for first writes by the bus during runs; 0: MEMORY_DEFAULT_PAGES */
};

/** What a memory counted. Registered as counters of the same names. */
struct memory_counters {
    uint64_t reads;
    uint64_t writes;
    uint64_t swaps; /**< SIM_PACKET_COMPARE_SWAP */
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint64_t errors;       /**< accesses refused */
    uint64_t pages_in_use; /**< pages that have been written */
    uint64_t pages_grown;  /**< pages that a run had to allocate because those set aside were used up */
};

/** Makes a memory. A configuration outside the ranges above is a broken invariant (sim_panic()). */
struct memory *memory_create(struct sim *sim, const char *name, const struct memory_config *config);

/**
 * Another view of a part of a memory, for software that knows it by other addresses: a guest's memory at intermediate
 * physical addresses. It has no port; only software's view (below) and memory_base(), _size() and _contains() work.
 * @param base     address of the first byte in this view  @param physical its address in @p whole
 * @param size     bytes; all three are multiples of 4096
 */
struct memory *memory_create_window(struct sim *sim, struct memory *whole, uint64_t base, uint64_t physical,
                                    uint64_t size);

/**
 * Binds one target port: the memory reads `request` and writes `response`. The memory must be the reader and writer
 * given to the two channels. All ports need not be bound.
 *
 * What may come in (sim/bus.h, docs/architecture.md): SIM_PACKET_READ and SIM_PACKET_WRITE of `length` 0 to 4096 bytes
 * at any byte address, not crossing a 4 KiB boundary. Payload byte i belongs to address + i. Byte enables hold for the
 * first and last double word that the access touches; first_be and last_be both 0 stand for "all bytes" (a master that
 * wants to write nothing sends length 0). Bytes that are not enabled are neither written nor, in a read, filled in.
 *
 * SIM_PACKET_COMPARE_SWAP too, of an operand of 1, 2, 4 ... 32 bytes that is aligned to its size (else status CA); its
 * byte enables are not looked at.
 *
 * Answers: status UR if any byte lies outside the memory, CA if the access crosses a page; reads then get 0xff bytes.
 *
 * Observers: a tracked write that went well ends here: it is marked, told as SIM_EVENT_WRITE_VISIBLE (one with
 * SIM_FLAG_MSI, as an interrupt that went astray: SIM_EVENT_DROPPED, SIM_DROP_NOT_AN_LPI), and its acknowledgement is
 * tracked no more. A tracked write that failed stays tracked, for whoever takes its acknowledgement to report.
 */
void memory_bind(struct memory *memory, unsigned port, struct sim_bus_port bus);

/**
 * Calls @p see for every request that arrives by a port, before it is carried out: for checkers that know which memory
 * nobody may touch any more. It must change nothing. NULL ends it. There is one watcher at most.
 */
typedef void (*memory_see)(void *context, const struct sim_packet *request, sim_time now);
void memory_watch(struct memory *memory, memory_see see, void *context);

/** The component: for channels and for sim_event's `where`. */
struct sim_component *memory_component(struct memory *memory);

/** Base address and size. */
uint64_t memory_base(const struct memory *memory);
uint64_t memory_size(const struct memory *memory);

/** True if all @p size bytes from @p address on lie in this memory. */
bool memory_contains(const struct memory *memory, uint64_t address, uint64_t size);

/** Sets aside at least @p pages untouched pages, so that first writes during runs allocate nothing. Building only. */
void memory_reserve(struct memory *memory, uint64_t pages);

/** The counts so far. */
const struct memory_counters *memory_get_counters(const struct memory *memory);

/* ---- Software's view ----
 *
 * Direct access without time: what a coherent CPU would see in its caches. For software and tests, and only while the
 * engine is paused (before, between and after sim_run() calls). A bus write that was taken before the pause is seen.
 * Values are little-endian; any alignment and any size.
 */

/** Copies memory out; bytes never written are 0. @return false, and nothing copied, if a byte lies outside */
bool memory_read(const struct memory *memory, uint64_t address, void *bytes, size_t size);

/** Copies into memory. May allocate pages (not from those set aside). @return false, and nothing written, if outside */
bool memory_write(struct memory *memory, uint64_t address, const void *bytes, size_t size);

/** Sets bytes to one value. @return false, and nothing written, if outside */
bool memory_fill(struct memory *memory, uint64_t address, uint8_t value, uint64_t size);

/** Words; an address outside the memory is a broken invariant (sim_panic()). */
uint8_t memory_read8(const struct memory *memory, uint64_t address);
uint32_t memory_read32(const struct memory *memory, uint64_t address);
uint64_t memory_read64(const struct memory *memory, uint64_t address);
void memory_write8(struct memory *memory, uint64_t address, uint8_t value);
void memory_write32(struct memory *memory, uint64_t address, uint32_t value);
void memory_write64(struct memory *memory, uint64_t address, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
