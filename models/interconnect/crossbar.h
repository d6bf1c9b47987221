/*
 * Crossbar: joins bus masters to bus targets by address.
 *
 *   stage              | time                                | parameter        | default | source
 *   -------------------+-------------------------------------+------------------+---------+----------------------------
 *   forward            | forward_latency                     | forward_latency  | 4 ns    | assumption (mesh of 1-2
 *                      |                                     |                  |         | clocks a hop is typical)
 *   data of a write    | ceil(length / width) - 1 cycles     | width            | 32 B    | assumption (256-bit ports)
 *   response           | response_latency                    | response_latency | 4 ns    | assumption
 *   data of a read     | ceil(length / width) - 1 cycles     | width            |         |
 *   (structural) port  | a packet holds the port by which it leaves for ceil(bytes / width) cycles, at least one
 *   (structural) order | writes of an ordered port without an acknowledgement | ordered_writes | 256 | assumption
 *
 * Unloaded, a request that arrives at edge t leaves at t + forward_latency + data cycles, an answer likewise with
 * response_latency; then they cross the channels. Both are booked under the crossbar's own stage. An access that no
 * range claims is answered by the built-in default target: forward_latency, rounded up to an edge and at least one
 * cycle, and then as any answer.
 *
 * Arbitration: every port by which packets leave takes turns among the ports that have one for it (round robin, one
 * past the last winner), decided at the edge when it can take a packet. An edge moves at most one packet from each port
 * and one to each port. Requests of one master port go in order: one that cannot go blocks those behind it.
 *
 * A target port may lead to a master port of another crossbar, up to SIM_PACKET_ROUTE_DEPTH crossbars in a row.
 */
#ifndef DOORBELL_MODELS_INTERCONNECT_CROSSBAR_H
#define DOORBELL_MODELS_INTERCONNECT_CROSSBAR_H

#include "sim/bus.h"
#include "sim/component.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct crossbar;

#define CROSSBAR_MAX_MASTERS 64u

/** One less than the bits of a word: the last stands for the built-in default target. */
#define CROSSBAR_MAX_TARGETS 63u

#define CROSSBAR_DEFAULT_FORWARD_LATENCY  (4 * SIM_NS)
#define CROSSBAR_DEFAULT_RESPONSE_LATENCY (4 * SIM_NS)
#define CROSSBAR_DEFAULT_WIDTH            32u
#define CROSSBAR_DEFAULT_ORDERED_WRITES   256u
#define CROSSBAR_DEFAULT_ERROR_QUEUE      4u

struct crossbar_config {
    sim_time period;           /**< clock period, fs */
    sim_time forward_latency;  /**< fs; 0 is allowed */
    sim_time response_latency; /**< fs; 0 is allowed */
    uint32_t width;            /**< bytes a cycle and port; 0: CROSSBAR_DEFAULT_WIDTH */
    uint32_t masters;          /**< master ports, 1..CROSSBAR_MAX_MASTERS */
    uint32_t targets;          /**< target ports, 1..CROSSBAR_MAX_TARGETS */
    uint32_t ordered_writes;   /**< per ordered port, 1..65535; 0: CROSSBAR_DEFAULT_ORDERED_WRITES */
    bool relaxed_ordering;     /**< writes with the attribute RO do not wait for others of their stream */
    uint32_t error_queue;      /**< refused requests waiting for their answer; 0: CROSSBAR_DEFAULT_ERROR_QUEUE */
};

/**
 * What a master port promises its master.
 *
 * An *ordered* port keeps the writes of a stream in order from end to end. A stream is a StreamID or, for packets
 * without one, a requester ID. While writes of a stream are without acknowledgement at one target, no write of that
 * stream is sent to another target; a read waits for all writes of its port at targets other than its own. Together
 * with targets that take requests in order, this is what brings DMA data into memory before the MSI that follows it
 * reaches an ITS (PCI Express Base, 2.4.1: a posted request does not pass another). With relaxed_ordering a write whose
 * RO is set goes to its target without that; one without RO still waits for all that went before it, those with RO
 * among them. A port has room to remember ordered_writes writes.
 *
 * On its way past an ordered port a write carries a tag of the crossbar's; its acknowledgement must bring it back.
 */
enum crossbar_port_kind {
    CROSSBAR_PORT_PLAIN,   /**< every request is answered; what goes to different targets is not ordered */
    CROSSBAR_PORT_ORDERED, /**< every request is answered, writes are ordered: for another crossbar's target port */
    /**
     * Writes are ordered and never answered: the crossbar takes their acknowledgements. A write that fails is told as
     * SIM_EVENT_DROPPED with SIM_DROP_BUS_ERROR (SIM_DROP_UNSUPPORTED_REQUEST: no range claims its address) if its
     * acknowledgement is tracked. Reads are answered. For device traffic, from an SMMU or a root complex.
     */
    CROSSBAR_PORT_POSTED,
};

/** What a crossbar counted. Registered as counters of the same names. */
struct crossbar_counters {
    uint64_t requests;      /**< sent on to targets */
    uint64_t responses;     /**< sent back to masters */
    uint64_t absorbed;      /**< acknowledgements taken for posted ports */
    uint64_t decode_errors; /**< requests that no range claims */
    uint64_t write_errors;  /**< failed writes of posted ports, decode errors aside */
    uint64_t order_waits;   /**< requests that had to wait for an acknowledgement */
    uint64_t order_wait_fs; /**< for how long, in all */
};

/** Makes a crossbar without ports and ranges. A configuration outside the limits above is a broken invariant. */
struct crossbar *crossbar_create(struct sim *sim, const char *name, const struct crossbar_config *config);

/** Binds a master: the crossbar reads `request` and writes `response`. Each port once; not all need be bound. */
void crossbar_bind_master(struct crossbar *crossbar, unsigned port, struct sim_bus_port bus,
                          enum crossbar_port_kind kind);

/**
 * Binds a target: the crossbar writes `request` and reads `response`. The target must take requests in order, answer
 * each exactly once, and bring back `tag`, `cookie` and `route` (docs/architecture.md).
 */
void crossbar_bind_target(struct crossbar *crossbar, unsigned port, struct sim_bus_port bus);

/**
 * Sends the addresses base .. base + size - 1 to a target port. While building.
 * @return false, and nothing changed, if size is 0, the range passes 2^64 - 1, or it overlaps one that exists
 */
bool crossbar_map(struct crossbar *crossbar, uint64_t base, uint64_t size, unsigned target);

/**
 * Lets SIM_PACKET_COMPARE_SWAP through to a target port, which must know what it is. While building. To others it is
 * refused like an access that no range claims.
 */
void crossbar_allow_swaps(struct crossbar *crossbar, unsigned target);

/** Target port to which an access of @p size bytes goes, or -1: none, or not all of it to one. */
int crossbar_find_target(const struct crossbar *crossbar, uint64_t address, uint64_t size);

/** The component: for channels. */
struct sim_component *crossbar_component(struct crossbar *crossbar);

/** The counts so far. */
const struct crossbar_counters *crossbar_get_counters(const struct crossbar *crossbar);

#ifdef __cplusplus
}
#endif

#endif
