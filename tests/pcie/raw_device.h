/*
 * A raw device at one end of a link, for tests: sends TLPs as told, in order and each not before its time, takes what
 * comes and notes it, and can leave a class in its buffers for a while.
 */
#ifndef DOORBELL_TESTS_PCIE_RAW_DEVICE_H
#define DOORBELL_TESTS_PCIE_RAW_DEVICE_H

#include "models/pcie/link.h"
#include "sim/sim.h"

#include <cstdint>
#include <vector>

namespace pcie_test
{

/** A wire of such a link, to reckon with. */
inline sim_wire wire_of(const pcie_link_config &config)
{
    sim_wire wire = {};

    wire.fs_per_byte = pcie_link_fs_per_byte(&config);
    return wire;
}

/** A link with everything at its default, but speed, width and overhead. */
inline pcie_link_config link_of(uint32_t speed, uint32_t width, pcie_overhead overhead = PCIE_OVERHEAD_PHYSICAL)
{
    pcie_link_config config = {};

    pcie_link_config_init(&config);
    config.speed = speed;
    config.width = width;
    config.overhead = overhead;
    return config;
}

/** What a test says about a TLP to be sent. */
struct Tlp {
    sim_time at_time = 0;
    uint8_t type = SIM_PACKET_WRITE;
    uint64_t address = 0;
    uint32_t length = 4; /**< bytes, whole double words */
    uint64_t value = 0;  /**< first payload bytes; the rest is 0 */
    uint16_t requester = 0;
    uint16_t target = 0;
    uint16_t tag = 0;
    uint8_t first_be = 0xf;
    uint8_t last_be = 0; /**< of more than 4 bytes, 0 stands for all */
    uint8_t at = SIM_AT_UNTRANSLATED;
    uint8_t status = SIM_STATUS_OK;
    uint8_t operation = 0;
    uint32_t arg = 0;
    uint32_t flags = SIM_FLAG_TRACKED;
    uint32_t pasid = 0; /**< with SIM_FLAG_PASID */
    uint8_t traffic_class = 0;
};

/** A configuration request as one that comes down to bus 1, the primary bus of what is tested, or beyond. */
inline Tlp config_tlp(uint16_t rid, unsigned offset)
{
    Tlp tlp;

    tlp.type = SIM_PACKET_CONFIG_READ;
    tlp.target = rid;
    tlp.address = offset;
    tlp.flags = rid >> 8 == 1 ? 0 : SIM_FLAG_CONFIG_TYPE1;
    return tlp;
}

/** The same that writes. */
inline Tlp config_tlp(uint16_t rid, unsigned offset, uint32_t value)
{
    Tlp tlp = config_tlp(rid, offset);

    tlp.type = SIM_PACKET_CONFIG_WRITE;
    tlp.value = value;
    return tlp;
}

struct RawDevice {
    /** A TLP as it came in. */
    struct Got {
        sim_time time;
        sim_time tail;
        Tlp tlp;
        uint64_t id;
        std::vector<uint8_t> data;
        unsigned queue;
    };

    sim_component component = {};
    struct sim *sim = nullptr;
    const pcie_port *port = nullptr;
    bool cut_through = false;
    sim_time service = 0;
    std::vector<Tlp> script;
    size_t next = 0;            /**< index in script */
    std::vector<sim_time> sent; /**< edges at which they left */
    std::vector<Got> got;
    sim_time closed_until[PCIE_QUEUES] = {};  /**< takes nothing of a queue before */
    uint8_t vc_of[PCIE_TRAFFIC_CLASSES] = {}; /**< virtual channel of each traffic class that it sends */
    uint32_t name_hash = 0;
    bool any_order = false; /**< classes do not wait for each other: a blocked TLP lets later ones of others pass */
    std::vector<bool> done;

    RawDevice(struct sim *owner, const char *name, sim_time period, bool cuts_through = false);
    RawDevice(const RawDevice &) = delete;
    RawDevice &operator=(const RawDevice &) = delete;

    pcie_end end();
    void bind(const pcie_port *link);

    /** Switches a virtual channel on at this end and sends a traffic class on it. */
    void use_vc(unsigned vc, unsigned traffic_class);

    /** Adds a TLP to the end of the script; while the engine is paused. @return its index */
    size_t send(const Tlp &tlp);

    /** TLPs received of a type. */
    std::vector<Got> got_of(uint8_t type) const;

  private:
    static sim_time evaluate(sim_component *component, sim_time now);
    sim_time step(sim_time now);
    sim_packet *make(const Tlp &tlp, size_t index, sim_time now);
    sim_time send_next(sim_time now);
    sim_time take(sim_time now);
};

} // namespace pcie_test

#endif
