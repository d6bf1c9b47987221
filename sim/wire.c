#include "sim/wire.h"

#include "sim/attributes.h"

#define FRACTION_MASK ((UINT64_C(1) << SIM_WIRE_FRACTION_BITS) - 1)

/**
 * The first free payload byte at or after a time, on a boundary of 4. The time may be up to a femtosecond late, for it
 * was rounded up itself: the byte that time_of() gave a time has that position.
 */
static uint64_t position_at(const struct sim_wire *wire, sim_time time)
{
    uint64_t frames = time / wire->frame;
    uint64_t offset = (time % wire->frame) << SIM_WIRE_FRACTION_BITS;
    uint64_t exact = offset > FRACTION_MASK ? offset - FRACTION_MASK : 0;
    uint64_t bytes = ((exact + wire->fs_per_byte - 1) / wire->fs_per_byte + 3) & ~UINT64_C(3);

    return frames * wire->frame_payload + (bytes < wire->frame_payload ? bytes : wire->frame_payload);
}

/** When the payload byte at a position begins, rounded up to a femtosecond. */
static sim_time time_of(const struct sim_wire *wire, uint64_t position)
{
    uint64_t offset = position % wire->frame_payload * wire->fs_per_byte;

    return position / wire->frame_payload * wire->frame + ((offset + FRACTION_MASK) >> SIM_WIRE_FRACTION_BITS);
}

/** When the frame ends that holds the byte before a position. */
static sim_time frame_end(const struct sim_wire *wire, uint64_t position)
{
    return ((position - 1) / wire->frame_payload + 1) * wire->frame;
}

uint64_t sim_wire_next_position(const struct sim_wire *wire, sim_time ready)
{
    uint64_t first = position_at(wire, sim_time_max(ready, wire->busy_until));

    return first > wire->position ? first : wire->position;
}

/* A call, for what its divisions take does not burden those who send on wires without frames. */
SIM_APART struct sim_wire_times sim_wire_send_framed(struct sim_wire *wire, sim_time ready, sim_time tail,
                                                     uint32_t bytes, uint32_t header_bytes)
{
    uint64_t first = sim_wire_next_position(wire, ready);
    uint64_t end;
    struct sim_wire_times times;

    end = first + ((bytes + 3) & ~3u);
    times.start = time_of(wire, first);
    times.header = frame_end(wire, first + header_bytes);
    if (tail > time_of(wire, end)) {
        end = position_at(wire, tail);
    }
    times.end = frame_end(wire, end);
    wire->position = end;
    wire->busy_until = time_of(wire, end);
    return times;
}
