/* What the wrappers of a GIC's parts have in common. */
#ifndef DOORBELL_WRAPPERS_GIC_INTERNAL_H
#define DOORBELL_WRAPPERS_GIC_INTERNAL_H

#include "wrappers/gic.h"

#include <string>

namespace doorbell
{

/** Of a register port. @param half whether 16 bits may be written */
inline bus_target_options gic_register_options(const gic_options &how, bool half)
{
    bus_target_options options;

    options.offset = how.register_offset;
    options.slots = how.slots;
    options.registers = true;
    options.half_registers = half;
    options.defaults = how.defaults;
    return options;
}

inline bus_initiator_options gic_memory_options(const gic_options &how)
{
    bus_initiator_options options;

    options.latency = how.latency;
    options.slots = how.slots;
    return options;
}

/** A channel between models. @param latency either way, fs; 0: one cycle */
inline sim_channel *gic_join(simulation &whole, sim_component *writer, sim_component *reader, sim_time latency,
                             unsigned capacity)
{
    const std::string name = std::string(writer->name) + " -> " + reader->name;
    sim_channel_config config = {};

    if (writer->sim != whole.handle() || reader->sim != whole.handle()) {
        SC_REPORT_FATAL("/Doorbell/gic", (std::string(writer->name) + " and " + reader->name +
                                          " are of two doorbell::simulations: only " + "modules of one can be joined")
                                             .c_str());
    }

    config.name = name.c_str();
    config.writer = writer;
    config.reader = reader;
    config.latency = latency;
    config.credit_latency = latency;
    config.capacity = capacity;
    return sim_channel_create(whole.handle(), &config);
}

/** A debug access. @param probe (offset, bytes, &value) says what a read would give, or false  @return bytes read */
template <class Probe>
unsigned gic_debug(tlm::tlm_generic_payload &payload, uint64_t address, uint64_t base, const Probe &probe)
{
    const unsigned length = payload.get_data_length();
    uint64_t value = 0;

    if (!payload.is_read() || address < base || !probe(address - base, length, &value)) {
        return 0;
    }
    for (unsigned i = 0; i < length; i++) {
        payload.get_data_ptr()[i] = static_cast<uint8_t>(value >> 8 * i);
    }
    return length;
}

} // namespace doorbell

#endif
