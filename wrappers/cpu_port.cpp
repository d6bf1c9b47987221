#include "wrappers/cpu_port.h"

#include "models/gic-its/gic.h"

#include <algorithm>
#include <utility>

namespace doorbell
{

namespace
{

constexpr uint32_t kCtlr = 0x00;
constexpr uint32_t kPmr = 0x04;
constexpr uint32_t kIar = 0x0c;
constexpr uint32_t kEoir = 0x10;
constexpr uint32_t kRpr = 0x14;
constexpr uint32_t kHppir = 0x18;
constexpr uint32_t kSize = 0x1000;
constexpr uint32_t kIdle = 0xff;

bus_target_options register_options()
{
    bus_target_options options;

    options.registers = true;
    return options;
}

} // namespace

cpu_port::cpu_port(const sc_core::sc_module_name &name, simulation &whole, struct ::redistributor *rd, sim_time period,
                   std::function<void()> level_changed)
    : sc_core::sc_module(name), whole_(whole), body_(static_cast<body *>(sim_alloc(whole.handle(), sizeof(body)))),
      target_("registers", whole, register_options()), level_changed_(std::move(level_changed)),
      best_(GIC_PRIORITY_NONE), best_intid_(GIC_INTID_SPURIOUS)
{
    sim_channel_config channel = {};
    const std::string base = this->name();

    body_->self = this;
    sim_component_init(&body_->component, whole.handle(), base.c_str(), period, evaluate);
    bus_ = target_.attach(&body_->component);
    target_.on_debug([this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(payload, address); });
    channel.capacity = 2;
    const std::string to_name = base + ".to";
    const std::string from_name = base + ".from";
    channel.name = from_name.c_str();
    channel.writer = redistributor_component(rd);
    channel.reader = &body_->component;
    from_ = sim_channel_create(whole.handle(), &channel);
    channel.name = to_name.c_str();
    std::swap(channel.writer, channel.reader);
    to_ = sim_channel_create(whole.handle(), &channel);
    redistributor_bind_pe(rd, from_, to_);
}

/* Priorities below it come through. */
uint32_t cpu_port::threshold() const
{
    const uint32_t running = running_.empty() ? kIdle : running_.back().second;

    return enabled_ ? std::min(mask_, running) : 0;
}

bool cpu_port::level() const
{
    return !asked_ && best_ < threshold();
}

sim_time cpu_port::evaluate(sim_component *component, sim_time now)
{
    return reinterpret_cast<body *>(component)->self->step(now);
}

sim_time cpu_port::step(sim_time now)
{
    const bool before = level();
    sim_time due;

    if (sim_channel_peek(from_, now) != nullptr) {
        take_from_redistributor(now);
    }
    due = serve(now);
    if (level() != before) {
        level_changed_();
    }
    return std::min(due, sim_channel_next_arrival(from_));
}

void cpu_port::take_from_redistributor(sim_time now)
{
    sim_packet *packet = sim_channel_pop(from_, now);

    if (packet->operation == GIC_SIGNAL || packet->operation == GIC_ACTIVATED) {
        best_ = packet->arg;
        best_intid_ = packet->operation == GIC_SIGNAL ? packet->intid : GIC_INTID_SPURIOUS;
    }
    if (packet->operation == GIC_ACTIVATED) {
        asked_ = false;
        answered_ = true;
        answer_ = packet->intid;
        answer_priority_ = static_cast<uint32_t>(packet->address);
        if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
            sim_mark(whole_.handle(), packet, body_->component.stage, now);
        }
    }
    sim_packet_free(whole_.handle(), packet);
}

/* GICC_IAR. @return whether the answer is in the packet */
bool cpu_port::serve_acknowledge(sim_packet *packet, sim_time now)
{
    if (!answered_ && !asked_ && best_ < threshold()) {
        sim_packet *ask = sim_packet_new(whole_.handle(), 0);

        ask->type = SIM_PACKET_GIC;
        ask->operation = GIC_ACTIVATE;
        ask->arg = threshold();
        sim_channel_push(to_, ask, now, 0, 0, 0, 0);
        asked_ = true;
        return false;
    }
    if (asked_) {
        return false;
    }
    if (answered_ && answer_ != GIC_INTID_SPURIOUS) {
        running_.emplace_back(answer_, answer_priority_);
    }
    sim_store_le32(packet->data, answered_ ? answer_ : GIC_INTID_SPURIOUS);
    answered_ = false;
    return true;
}

sim_time cpu_port::serve(sim_time now)
{
    sim_packet *packet = sim_channel_peek(bus_.request, now);
    uint32_t offset;
    uint32_t at;

    if (packet == nullptr) {
        return sim_channel_next_arrival(bus_.request);
    }
    if (!sim_channel_has_space(bus_.response, now, 0, 0)) {
        return sim_channel_space_at(bus_.response, now, 0, 0);
    }
    /* For what an acknowledge asks, or the end of an SPI tells. */
    if (!sim_channel_has_space(to_, now, 0, 0)) {
        return sim_channel_space_at(to_, now, 0, 0);
    }
    offset = static_cast<uint32_t>(packet->address & (kSize - 1));
    at = packet->length == 4 ? offset : UINT32_MAX;
    if (packet->type == SIM_PACKET_READ && at == kIar) {
        if (!serve_acknowledge(packet, now)) {
            return SIM_TIME_NEVER; /* until the redistributor has answered */
        }
    } else if (packet->type == SIM_PACKET_READ) {
        std::fill_n(packet->data, packet->length, uint8_t{0});
        sim_store_le32(packet->data, read(at));
    } else {
        write(at, sim_load_le32(packet->data), now);
    }
    packet = sim_channel_pop(bus_.request, now);
    packet->type = packet->type == SIM_PACKET_READ ? SIM_PACKET_COMPLETION : SIM_PACKET_WRITE_ACK;
    packet->status = SIM_STATUS_OK;
    sim_channel_push(bus_.response, packet, now, 0, 0, 0, 0);
    return sim_channel_next_arrival(bus_.request);
}

uint32_t cpu_port::read(uint32_t offset) const
{
    switch (offset) {
    case kCtlr:
        return enabled_ ? 1 : 0;
    case kPmr:
        return mask_;
    case kRpr:
        return running_.empty() ? kIdle : running_.back().second;
    case kHppir:
        return level() ? best_intid_ : GIC_INTID_SPURIOUS;
    default:
        return 0;
    }
}

/* The redistributor keeps an SPI active while its handler runs; of an LPI it need not be told. */
void cpu_port::end(uint32_t intid, sim_time now)
{
    running_.pop_back();
    if (intid >= GIC_FIRST_SPI && intid <= GIC_LAST_SPI) {
        sim_packet *told = sim_packet_new(whole_.handle(), 0);

        told->type = SIM_PACKET_GIC;
        told->operation = GIC_DEACTIVATE;
        told->intid = intid;
        sim_channel_push(to_, told, now, 0, 0, 0, 0);
    }
}

void cpu_port::write(uint32_t offset, uint32_t value, sim_time now)
{
    if (offset == kCtlr) {
        enabled_ = (value & 1) != 0;
    } else if (offset == kPmr) {
        mask_ = value & 0xff;
    } else if (offset == kEoir && !running_.empty() && running_.back().first == value) {
        end(value, now);
    }
}

unsigned cpu_port::debug(tlm::tlm_generic_payload &payload, uint64_t address) const
{
    const auto offset = static_cast<uint32_t>(address & (kSize - 1));

    if (!payload.is_read() || payload.get_data_length() != 4 || offset % 4 != 0) {
        return 0;
    }
    /* What an acknowledge would give, without one. */
    sim_store_le32(payload.get_data_ptr(), read(offset == kIar ? kHppir : offset));
    return 4;
}

} // namespace doorbell
