/*
 * A wire: what serialises the packets of one direction of a link. It belongs to the component that sends on it, which
 * may let several channels share it.
 *
 * A transmission begins as soon as the one before it has ended, wherever in a clock cycle that is: a packet handed over
 * at an edge may begin before the next edge. So a wire that is kept busy carries its full rate.
 *
 * A framed wire carries its bytes in frames of fixed length (PCI Express FLITs), one after another from time 0 on, of
 * which only the first frame_payload bytes are for packets. The receiver checks a frame as a whole, so it sees a byte
 * when the frame that carries it has ended. A packet begins at the next multiple of 4 bytes that is free.
 */
#ifndef DOORBELL_SIM_WIRE_H
#define DOORBELL_SIM_WIRE_H

#include "sim/time.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fixed-point position of sim_wire.fs_per_byte: 2^16 stands for 1 fs a byte. */
#define SIM_WIRE_FRACTION_BITS 16

struct sim_wire {
    uint64_t fs_per_byte;   /**< time of a byte, in 2^-16 fs; 0 is infinitely fast */
    sim_time frame;         /**< length of a frame, fs; 0: not framed */
    uint32_t frame_payload; /**< bytes of a frame that are for packets; they come first, a multiple of 4 */
    sim_time busy_until;    /**< when the last byte handed over so far will have left */
    sim_time open_at;       /**< a packet that is ready at this time or later will be taken */
    uint64_t position;      /**< framed: payload bytes, from time 0 on, up to the first one that is free */
    uint64_t bytes;         /**< bytes sent so far */
};

/** When what happens to a packet on a wire. */
struct sim_wire_times {
    sim_time start;  /**< its first byte begins */
    sim_time header; /**< the receiver could act on its header, were there no flight */
    sim_time end;    /**< the receiver could take it whole */
};

/** Time that a number of bytes takes on a wire without frames, rounded up to a femtosecond. */
static inline sim_time sim_wire_time(const struct sim_wire *wire, uint32_t bytes)
{
    return (wire->fs_per_byte * bytes + ((1u << SIM_WIRE_FRACTION_BITS) - 1)) >> SIM_WIRE_FRACTION_BITS;
}

/** Framed: position of the first payload byte of a packet that is ready then. */
uint64_t sim_wire_next_position(const struct sim_wire *wire, sim_time ready);

/** The part of sim_wire_send() for framed wires. */
struct sim_wire_times sim_wire_send_framed(struct sim_wire *wire, sim_time ready, sim_time tail, uint32_t bytes,
                                           uint32_t header_bytes);

/**
 * Puts a packet on the wire.
 * @param ready  not before this time
 * @param tail   its last byte does not leave before this time (it is itself still coming in)
 * @param period clock of the sender: the wire is open to what is ready less than a cycle before it is free
 */
static inline struct sim_wire_times sim_wire_send(struct sim_wire *wire, sim_time ready, sim_time tail, uint32_t bytes,
                                                  uint32_t header_bytes, sim_time period)
{
    struct sim_wire_times times;

    if (wire->frame != 0) {
        times = sim_wire_send_framed(wire, ready, tail, bytes, header_bytes);
    } else {
        times.start = sim_time_max(ready, wire->busy_until);
        times.header = times.start + sim_wire_time(wire, header_bytes);
        times.end = sim_time_max(times.start + sim_wire_time(wire, bytes), tail);
        wire->busy_until = times.end;
    }
    wire->open_at = wire->busy_until >= period ? wire->busy_until - period + 1 : 0;
    wire->bytes += bytes;
    return times;
}

#ifdef __cplusplus
}
#endif

#endif
