#include "wrappers/ends.h"

#include <utility>

namespace doorbell
{

gate::gate(simulation &whole, const std::string &name, std::function<void()> act)
    : body_(static_cast<body *>(sim_alloc(whole.handle(), sizeof(body)))), act_(std::move(act))
{
    body_->self = this;
    sim_component_init(&body_->component, whole.handle(), name.c_str(), 1, evaluate);
}

sim_time gate::evaluate(sim_component *component, sim_time)
{
    gate *self = reinterpret_cast<body *>(component)->self;

    if (self->act_ != nullptr) {
        self->act_();
    }
    return SIM_TIME_NEVER;
}

/* ---- From a model to the platform ---- */

const sim_channel_transport outlet::transport = {outlet::push, nullptr, nullptr, nullptr};

outlet::outlet(simulation &whole, gate &end, const std::string &name, sim_component *writer, sim_time latency,
               taker take)
    : whole_(whole), take_(std::move(take))
{
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = writer;
    config.reader = end.component();
    config.latency = latency > 0 ? latency : writer->period;
    config.capacity = 1;
    channel_ = sim_channel_create(whole.handle(), &config);
    sim_channel_set_transport(channel_, &transport);
    channel_->engine_data = this;
}

void outlet::push(sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t)
{
    auto *self = static_cast<outlet *>(channel->engine_data);

    /* Occupies the only slot until release(), which may come before take_() returns. */
    channel->slots[0].packet = packet;
    self->take_(packet, arrival);
}

void outlet::release(sim_time at)
{
    const sim_time next = whole_.now() + 1;

    sim_channel_pop_local(channel_, sim_component_edge(channel_->writer, at > next ? at : next));
}

/* ---- From the platform to a model ---- */

const sim_channel_transport inlet::transport = {nullptr, inlet::pop, nullptr, nullptr};

inlet::inlet(simulation &whole, gate &end, const std::string &name, sim_component *reader, unsigned slots,
             listener popped)
    : whole_(whole), popped_(std::move(popped))
{
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = end.component();
    config.reader = reader;
    config.credit_latency = reader->period;
    config.capacity = slots;
    channel_ = sim_channel_create(whole.handle(), &config);
    sim_channel_set_transport(channel_, &transport);
    channel_->engine_data = this;
}

unsigned inlet::room() const
{
    unsigned count = 0;

    while (count < channel_->capacity && sim_channel_slot_behind(channel_, channel_->tail, count)->packet == nullptr) {
        count++;
    }
    return count;
}

void inlet::push(sim_packet *packet, sim_time at, uint32_t units)
{
    const sim_time next = whole_.now() + 1;
    sim_time arrival = at > next ? at : next;

    arrival = arrival > channel_->last_arrival ? arrival : channel_->last_arrival;
    arrival = sim_component_edge(channel_->reader, arrival);
    channel_->last_arrival = arrival;
    channel_->pushed++;
    sim_channel_push_local(channel_, packet, arrival, units);
}

void inlet::pop(sim_channel *channel, sim_time free_at)
{
    auto *self = static_cast<inlet *>(channel->engine_data);
    sim_packet *packet = channel->head->packet;

    sim_channel_pop_local(channel, free_at);
    self->popped_(packet, free_at);
}

} // namespace doorbell
