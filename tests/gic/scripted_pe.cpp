#include "tests/gic/scripted_pe.h"

#include "models/gic-its/gic.h"

namespace gic_test
{

ScriptedPe::ScriptedPe(struct sim *sim, const std::string &name, sim_time period)
    : best_(GIC_PRIORITY_NONE), best_intid_(GIC_INTID_SPURIOUS), virtual_best_(GIC_PRIORITY_NONE)
{
    body_.self = this;
    sim_component_init(&body_.component, sim, name.c_str(), period, &ScriptedPe::evaluate);
}

void ScriptedPe::bind(struct sim_channel *from, struct sim_channel *to)
{
    from_ = from;
    to_ = to;
}

void ScriptedPe::acknowledge(uint32_t times, uint32_t mask)
{
    wanted_ += times;
    mask_ = mask;
    sim_wake(component(), sim_component_edge(component(), sim_now(component()->sim) + 1));
}

void ScriptedPe::acknowledge_always(sim_time gap)
{
    always_ = true;
    gap_ = gap;
    sim_wake(component(), sim_component_edge(component(), sim_now(component()->sim) + 1));
}

std::vector<uint32_t> ScriptedPe::intids() const
{
    std::vector<uint32_t> list;

    for (const Acknowledged &one : acknowledged_) {
        list.push_back(one.intid);
    }
    return list;
}

sim_time ScriptedPe::evaluate(struct sim_component *component, sim_time now)
{
    return reinterpret_cast<Body *>(component)->self->step(now);
}

void ScriptedPe::run_guest(bool runs)
{
    guest_ = runs;
    sim_wake(component(), sim_component_edge(component(), sim_now(component()->sim) + 1));
}

std::vector<uint32_t> ScriptedPe::virtual_intids() const
{
    std::vector<uint32_t> list;

    for (const Acknowledged &one : virtual_acknowledged_) {
        list.push_back(one.intid);
    }
    return list;
}

bool ScriptedPe::take_virtual(const struct sim_packet *packet, sim_time now)
{
    if (packet->operation != GIC_VSIGNAL && packet->operation != GIC_VACTIVATED) {
        return false;
    }
    virtual_best_ = packet->arg;
    if (packet->operation == GIC_VACTIVATED) {
        virtual_acknowledged_.push_back({packet->intid, packet->id, now, packet->cookie});
        guest_waiting_ = false;
        guest_not_before_ = sim_component_edge(component(), now + guest_gap_);
    }
    return true;
}

sim_time ScriptedPe::step_guest(sim_time now)
{
    struct sim_packet *packet;

    if (!guest_ || guest_waiting_ || virtual_best_ == GIC_PRIORITY_NONE) {
        return SIM_TIME_NEVER;
    }
    if (guest_not_before_ > now) {
        return guest_not_before_;
    }
    if (last_push_ == now) {
        return now + component()->period;
    }
    if (!sim_channel_has_space(to_, now, 0, 0)) {
        return sim_channel_space_at(to_, now, 0, 0);
    }
    packet = sim_packet_new(component()->sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_VACTIVATE;
    packet->arg = mask_;
    sim_channel_push(to_, packet, now, 0, 0, 0, 0);
    guest_waiting_ = true;
    return SIM_TIME_NEVER;
}

void ScriptedPe::take(sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(from_, now);

    if (take_virtual(packet, now)) {
        sim_mark(component()->sim, packet, component()->stage, now);
        sim_packet_free(component()->sim, packet);
        return;
    }
    best_ = packet->arg;
    if (packet->operation == GIC_ACTIVATED) {
        acknowledged_.push_back({packet->intid, packet->id, now, packet->cookie});
        waiting_ = false;
        not_before_ = sim_component_edge(component(), now + gap_);
    } else {
        best_intid_ = packet->intid;
    }
    sim_mark(component()->sim, packet, component()->stage, now);
    sim_packet_free(component()->sim, packet);
}

sim_time ScriptedPe::step(sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    if (sim_channel_peek(from_, now) != nullptr) {
        take(now);
    }
    if (!waiting_ && (wanted_ > 0 || (always_ && best_ != GIC_PRIORITY_NONE))) {
        if (always_ && not_before_ > now) {
            due = not_before_;
        } else if (!sim_channel_has_space(to_, now, 0, 0)) {
            due = sim_channel_space_at(to_, now, 0, 0);
        } else {
            struct sim_packet *packet = sim_packet_new(component()->sim, 0);

            packet->type = SIM_PACKET_GIC;
            packet->operation = GIC_ACTIVATE;
            packet->arg = mask_;
            sim_channel_push(to_, packet, now, 0, 0, 0, 0);
            last_push_ = now;
            waiting_ = true;
            wanted_ -= wanted_ > 0;
        }
    }
    due = sim_time_min(due, step_guest(now));
    return sim_time_min(due, sim_channel_next_arrival(from_));
}

} // namespace gic_test
