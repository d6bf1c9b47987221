#include "tests/pcie/bus_router.h"

#include <algorithm>

namespace pcie_test
{

BusRouter::BusRouter(struct sim *owner, const char *name, sim_time period, sim_time service)
    : sim(owner), latency(service)
{
    sim_component_init(&component, owner, name, period, &BusRouter::evaluate);
}

void BusRouter::add_master(sim_bus_port port, bool posted)
{
    masters.push_back({port, posted});
}

void BusRouter::add_target(sim_bus_port port, const std::vector<Range> &ranges)
{
    targets.push_back({port, ranges});
}

std::vector<BusRouter::Seen> BusRouter::seen_from(size_t master) const
{
    std::vector<Seen> result;

    std::copy_if(seen.begin(), seen.end(), std::back_inserter(result),
                 [master](const Seen &entry) { return entry.master == master; });
    return result;
}

size_t BusRouter::target_of(uint64_t address) const
{
    for (size_t i = 0; i < targets.size(); i++) {
        for (const Range &range : targets[i].ranges) {
            if (address - range.base < range.size) {
                return i;
            }
        }
    }
    return SIZE_MAX;
}

static BusRouter::Seen describe(const sim_packet *packet, size_t master, size_t target, sim_time now)
{
    uint64_t value = 0;

    for (uint32_t i = 0; packet->type == SIM_PACKET_WRITE && i < packet->length && i < 8; i++) {
        value |= static_cast<uint64_t>(packet->data[i]) << (8 * i);
    }
    return {master,
            target,
            now,
            packet->id,
            packet->type,
            packet->address,
            packet->length,
            packet->flags,
            packet->requester,
            packet->at,
            packet->stream_id,
            packet->device_id,
            packet->pasid,
            packet->first_be,
            packet->last_be,
            value,
            packet->sequence,
            packet->source};
}

/** Answers a request for nobody; a posted write just ends. */
void BusRouter::refuse(size_t master, sim_time now)
{
    const sim_packet *head = sim_channel_peek(masters[master].port.request, now);
    bool silent = masters[master].posted && head->type == SIM_PACKET_WRITE;
    sim_packet *packet;

    if (!silent && !sim_channel_has_space(masters[master].port.response, now, latency, 0)) {
        return;
    }
    packet = sim_channel_pop(masters[master].port.request, now);
    seen.push_back(describe(packet, master, SIZE_MAX, now));
    if (silent) {
        sim_drop(sim, packet, &component, now, SIM_DROP_UNSUPPORTED_REQUEST);
        return;
    }
    packet->type = packet->type == SIM_PACKET_READ ? SIM_PACKET_COMPLETION : SIM_PACKET_WRITE_ACK;
    packet->status = SIM_STATUS_UR;
    sim_channel_push(masters[master].port.response, packet, now, latency, 0, 0, 0);
}

bool BusRouter::forward(size_t master, std::vector<bool> &used, sim_time now)
{
    sim_packet *packet = sim_channel_peek(masters[master].port.request, now);
    size_t target;

    if (packet == nullptr) {
        return false;
    }
    target = target_of(packet->address);
    if (target == SIZE_MAX || used[target] || !sim_channel_has_space(targets[target].port.request, now, latency, 0)) {
        return false;
    }
    used[target] = true;
    packet = sim_channel_pop(masters[master].port.request, now);
    seen.push_back(describe(packet, master, target, now));
    packet->route[packet->route_depth++] = static_cast<uint8_t>(master);
    sim_channel_push(targets[target].port.request, packet, now, latency, 0, 0, 0);
    return true;
}

bool BusRouter::answer(size_t target, std::vector<bool> &used, sim_time now)
{
    sim_packet *packet = sim_channel_peek(targets[target].port.response, now);
    size_t master;

    if (packet == nullptr) {
        return false;
    }
    master = packet->route[packet->route_depth - 1];
    if (masters[master].posted && packet->type == SIM_PACKET_WRITE_ACK) {
        packet = sim_channel_pop(targets[target].port.response, now);
        if (packet->status != SIM_STATUS_OK) {
            sim_drop(sim, packet, &component, now, SIM_DROP_BUS_ERROR);
        } else {
            sim_packet_free(sim, packet);
        }
        return true;
    }
    if (used[master] || !sim_channel_has_space(masters[master].port.response, now, latency, 0)) {
        return false;
    }
    used[master] = true;
    packet = sim_channel_pop(targets[target].port.response, now);
    packet->route_depth--;
    sim_channel_push(masters[master].port.response, packet, now, latency, 0, 0, 0);
    return true;
}

void BusRouter::send_to(size_t master, sim_packet *packet)
{
    own.emplace_back(master, packet);
    sim_wake(&component, sim_component_edge(&component, sim_now(sim) + 1));
}

/** Looks again at the next edge whenever anything has arrived: slow and simple. */
sim_time BusRouter::step(sim_time now)
{
    std::vector<bool> used_targets(targets.size());
    std::vector<bool> used_masters(masters.size());
    sim_time due = SIM_TIME_NEVER;
    size_t first = turn;
    size_t first_answer = answer_turn;

    for (size_t i = 0; i < masters.size(); i++) {
        size_t master = (first + i) % masters.size();
        const sim_packet *head = sim_channel_peek(masters[master].port.request, now);

        if (head != nullptr && head->type == SIM_PACKET_MESSAGE) {
            seen.push_back(describe(head, master, SIZE_MAX, now));
            sim_packet_free(sim, sim_channel_pop(masters[master].port.request, now));
        } else if (head != nullptr && target_of(head->address) == SIZE_MAX) {
            refuse(master, now);
            used_masters[master] = true;
        } else if (forward(master, used_targets, now)) {
            turn = (master + 1) % masters.size();
        }
    }
    if (!own.empty() && sim_channel_has_space(masters[own[0].first].port.response, now, latency, 0)) {
        sim_channel_push(masters[own[0].first].port.response, own[0].second, now, latency, 0, 0, 0);
        used_masters[own[0].first] = true;
        own.erase(own.begin());
    }
    due = own.empty() ? due : now;
    for (size_t i = 0; i < targets.size(); i++) {
        size_t target = (first_answer + i) % targets.size();

        if (answer(target, used_masters, now)) {
            answer_turn = (target + 1) % targets.size();
        }
    }
    for (const Master &master : masters) {
        due = std::min(due, sim_channel_next_arrival(master.port.request));
    }
    for (const Target &target : targets) {
        due = std::min(due, sim_channel_next_arrival(target.port.response));
    }
    return due;
}

sim_time BusRouter::evaluate(sim_component *component, sim_time now)
{
    return reinterpret_cast<BusRouter *>(component)->step(now);
}

} // namespace pcie_test
