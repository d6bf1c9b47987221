#include "tests/pcie/raw_device.h"

#include <algorithm>
#include <cstring>

namespace pcie_test
{

RawDevice::RawDevice(struct sim *owner, const char *name, sim_time period, bool cuts_through)
    : sim(owner), cut_through(cuts_through), name_hash(sim_name_hash(name))
{
    sim_component_init(&component, owner, name, period, &RawDevice::evaluate);
    sim_packet_reserve(owner, 64, true);
}

pcie_end RawDevice::end()
{
    return {&component, cut_through};
}

void RawDevice::bind(const pcie_port *link)
{
    port = link;
}

void RawDevice::use_vc(unsigned vc, unsigned traffic_class)
{
    pcie_port_enable_vc(port, vc, true, sim_now(sim));
    vc_of[traffic_class] = static_cast<uint8_t>(vc);
}

size_t RawDevice::send(const Tlp &tlp)
{
    script.push_back(tlp);
    done.push_back(false);
    sent.push_back(SIM_TIME_NEVER);
    sim_wake(&component, sim_component_edge(&component, std::max(tlp.at_time, sim_now(sim) + 1)));
    return script.size() - 1;
}

std::vector<RawDevice::Got> RawDevice::got_of(uint8_t type) const
{
    std::vector<Got> result;

    std::copy_if(got.begin(), got.end(), std::back_inserter(result),
                 [type](const Got &entry) { return entry.tlp.type == type; });
    return result;
}

sim_packet *RawDevice::make(const Tlp &tlp, size_t index, sim_time now)
{
    sim_packet *packet = sim_packet_new(sim, tlp.length);

    std::memset(packet->data, 0, tlp.length);
    for (uint32_t i = 0; i < 8 && i < tlp.length; i++) {
        packet->data[i] = static_cast<uint8_t>(tlp.value >> (8 * i));
    }
    packet->id = sim_packet_identity(name_hash, static_cast<uint32_t>(index));
    packet->born = now;
    packet->last_mark = now;
    packet->type = tlp.type;
    packet->address = tlp.address;
    packet->requester = tlp.requester;
    packet->target = tlp.target;
    packet->tag = tlp.tag;
    packet->first_be = tlp.first_be;
    packet->last_be = tlp.length > 4 && tlp.last_be == 0 ? 0xf : tlp.last_be;
    packet->at = tlp.at;
    packet->status = tlp.status;
    packet->operation = tlp.operation;
    packet->arg = tlp.arg;
    packet->flags = tlp.flags;
    packet->pasid = tlp.pasid;
    packet->traffic_class = tlp.traffic_class;
    return packet;
}

static pcie_class class_of(const Tlp &tlp)
{
    sim_packet packet = {};

    packet.type = tlp.type;
    return pcie_tlp_class(&packet);
}

static uint32_t units_of(const Tlp &tlp)
{
    sim_packet packet = {};

    packet.type = tlp.type;
    packet.length = tlp.length;
    return pcie_tlp_units(&packet);
}

/** Sends at most one TLP an edge: the first that may go. */
sim_time RawDevice::send_next(sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    bool blocked[PCIE_QUEUES] = {};

    for (size_t i = next; i < script.size(); i++) {
        const Tlp &tlp = script[i];
        unsigned kind = pcie_queue(vc_of[tlp.traffic_class], class_of(tlp));

        if (done[i] || blocked[kind]) {
            continue;
        }
        if (tlp.at_time > now) {
            due = std::min(due, sim_component_edge(&component, tlp.at_time));
        } else if (pcie_port_has_space(port, kind, now, service, units_of(tlp))) {
            pcie_port_send(port, kind, make(tlp, i, now), now, service);
            done[i] = true;
            sent[i] = now;
            while (next < script.size() && done[next]) {
                next++;
            }
            return next < script.size() ? now : SIM_TIME_NEVER;
        } else {
            due = std::min(due, pcie_port_space_at(port, kind, now, service, units_of(tlp)));
        }
        if (!any_order) {
            break;
        }
        blocked[kind] = true;
    }
    return due;
}

static Tlp describe(const sim_packet *packet)
{
    Tlp tlp;

    tlp.type = packet->type;
    tlp.address = packet->address;
    tlp.length = packet->length;
    for (uint32_t i = 0; pcie_tlp_payload_bytes(packet) > 0 && i < 8 && i < packet->length; i++) {
        tlp.value |= static_cast<uint64_t>(packet->data[i]) << (8 * i);
    }
    tlp.requester = packet->requester;
    tlp.target = packet->target;
    tlp.tag = packet->tag;
    tlp.first_be = packet->first_be;
    tlp.last_be = packet->last_be;
    tlp.at = packet->at;
    tlp.status = packet->status;
    tlp.operation = packet->operation;
    tlp.arg = packet->arg;
    tlp.flags = packet->flags;
    tlp.pasid = packet->pasid;
    tlp.traffic_class = packet->traffic_class;
    return tlp;
}

sim_time RawDevice::take(sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (unsigned kind = 0; kind < port->vcs * PCIE_CLASSES; kind++) {
        sim_channel *channel = port->queues[kind].receive;
        sim_time open = sim_component_edge(&component, closed_until[kind]);

        if (closed_until[kind] == SIM_TIME_NEVER) {
            continue;
        }
        if (sim_channel_peek(channel, now) != nullptr && now >= open) {
            sim_packet *packet = pcie_port_take(port, kind, now);
            bool carries = pcie_tlp_payload_bytes(packet) > 0;

            got.push_back({now, packet->tail, describe(packet), packet->id,
                           std::vector<uint8_t>(packet->data, packet->data + (carries ? packet->length : 0)), kind});
            sim_packet_free(sim, packet);
        }
        due = std::min(due, sim_channel_next_arrival(channel) == SIM_TIME_NEVER
                                ? SIM_TIME_NEVER
                                : std::max(sim_channel_next_arrival(channel), open));
    }
    return due;
}

sim_time RawDevice::step(sim_time now)
{
    sim_time due = take(now);

    return std::min(due, send_next(now));
}

sim_time RawDevice::evaluate(sim_component *component, sim_time now)
{
    return reinterpret_cast<RawDevice *>(component)->step(now);
}

} // namespace pcie_test
