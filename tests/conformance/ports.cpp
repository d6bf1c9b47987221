#include "tests/conformance/ports.h"

#include "tests/conformance/value.h"

#include <algorithm>
#include <cstring>

namespace conformance
{

namespace
{

uint64_t first_bytes(const uint8_t *data, uint32_t length)
{
    uint8_t bytes[8] = {};

    memcpy(bytes, data, std::min<uint32_t>(length, 8));
    return sim_load_le64(bytes);
}

} // namespace

struct sim *make_sim(const std::map<std::string, std::string> &options)
{
    sim_config config = {};

    config.seed = 1;
    for (const auto &option : options) {
        if (option.first == "engine" && option.second != "native" && option.second != "every-cycle") {
            throw CaseError({}, "there is no engine `" + option.second + "`");
        }
        if (option.first == "engine") {
            config.engine = option.second == "native" ? SIM_ENGINE_NATIVE : SIM_ENGINE_EVERY_CYCLE;
        } else if (option.first == "shuffle") {
            config.shuffle = true;
            config.shuffle_seed = Value::text_of(option.second).to_number();
        }
    }
    return sim_create(&config);
}

Part::Part(struct sim *sim, const char *name, sim_time period)
    : hook_(static_cast<Hook *>(sim_alloc(sim, sizeof(Hook))))
{
    hook_->part = this;
    sim_component_init(&hook_->component, sim, name, period, &Part::call);
}

sim_time Part::call(struct sim_component *component, sim_time now)
{
    return reinterpret_cast<Hook *>(component)->part->evaluate(now);
}

/* ---- Memory ---- */

MemoryPort::MemoryPort(struct sim *sim, const char *name, sim_time period, sim_time latency)
    : Part(sim, name, period), latency_(latency)
{
}

void MemoryPort::read(uint64_t address, void *to, size_t bytes) const
{
    auto *out = static_cast<uint8_t *>(to);

    while (bytes > 0) {
        const size_t offset = address % 4096;
        const size_t part = std::min(bytes, 4096 - offset);
        const auto page = pages_.find(address / 4096);

        if (page != pages_.end()) {
            memcpy(out, page->second.data() + offset, part);
        } else {
            memset(out, 0, part);
        }
        out += part;
        address += part;
        bytes -= part;
    }
}

void MemoryPort::write(uint64_t address, const void *from, size_t bytes)
{
    const auto *in = static_cast<const uint8_t *>(from);

    for (size_t i = 0; i < bytes; i++) {
        pages_[(address + i) / 4096][(address + i) % 4096] = in[i];
    }
}

uint64_t MemoryPort::read64(uint64_t address) const
{
    uint8_t bytes[8];

    read(address, bytes, 8);
    return sim_load_le64(bytes);
}

void MemoryPort::write64(uint64_t address, uint64_t value)
{
    uint8_t bytes[8];

    sim_store_le64(bytes, value);
    write(address, bytes, 8);
}

bool MemoryPort::is_aborted(uint64_t address, uint64_t bytes) const
{
    return std::any_of(aborts.begin(), aborts.end(), [=](const Range &range) {
        return address < range.base + range.size && address + bytes > range.base;
    });
}

void MemoryPort::serve(struct sim_packet *packet)
{
    const uint32_t length = packet->length;
    const uint8_t type = packet->type;

    packet->status = SIM_STATUS_OK;
    packet->type = type == SIM_PACKET_WRITE ? SIM_PACKET_WRITE_ACK : SIM_PACKET_COMPLETION;
    if (is_aborted(packet->address, length)) {
        packet->status = SIM_STATUS_CA;
        return;
    }
    if (type == SIM_PACKET_WRITE) {
        const MemoryWrite seen = {packet->address, length, first_bytes(packet->data, length)};

        write(packet->address, packet->data, length);
        writes.push_back(seen);
        if (on_write) {
            on_write(seen);
        }
    } else if (type == SIM_PACKET_READ) {
        read(packet->address, packet->data, length);
    } else {
        std::vector<uint8_t> old(length / 2);

        read(packet->address, old.data(), old.size());
        if (memcmp(old.data(), packet->data, old.size()) == 0) {
            write(packet->address, packet->data + old.size(), old.size());
        }
        memcpy(packet->data, old.data(), old.size());
    }
}

sim_time MemoryPort::evaluate(sim_time now)
{
    if (sim_channel_peek(port_.request, now) != nullptr) {
        if (!sim_channel_has_space(port_.response, now, latency_, 0)) {
            return sim_channel_space_at(port_.response, now, latency_, 0);
        }
        struct sim_packet *packet = sim_channel_pop(port_.request, now);

        serve(packet);
        sim_channel_push(port_.response, packet, now, latency_, 0, 0, 0);
    }
    return sim_channel_next_arrival(port_.request);
}

/* ---- Beyond the unit ---- */

SinkPort::SinkPort(struct sim *sim, const char *name, sim_time period, sim_time latency)
    : Part(sim, name, period), latency_(latency)
{
}

sim_time SinkPort::evaluate(sim_time now)
{
    const struct sim_packet *head = sim_channel_peek(port_.request, now);

    if (head == nullptr) {
        return sim_channel_next_arrival(port_.request);
    }
    if (!sim_channel_has_space(port_.response, now, latency_, 0)) {
        return sim_channel_space_at(port_.response, now, latency_, 0);
    }
    struct sim_packet *packet = sim_channel_pop(port_.request, now);

    seen.push_back({packet->id, packet->type, packet->address,
                    packet->type == SIM_PACKET_WRITE ? first_bytes(packet->data, packet->length) : 0});
    if (packet->type == SIM_PACKET_WRITE) {
        sim_packet_free(component()->sim, packet);
    } else {
        memset(packet->data, 0xA5, packet->length);
        packet->type = SIM_PACKET_COMPLETION;
        packet->status = SIM_STATUS_OK;
        sim_channel_push(port_.response, packet, now, latency_, 0, 0, 0);
    }
    return sim_channel_next_arrival(port_.request);
}

/* ---- A device ---- */

DevicePort::DevicePort(struct sim *sim, const char *name, sim_time period)
    : Part(sim, name, period), name_hash_(sim_name_hash(name))
{
}

uint64_t DevicePort::send(const Request &request)
{
    const uint64_t id = sim_packet_identity(name_hash_, sent_++);

    queue_.emplace_back(id, request);
    if (!evaluating_) {
        sim_wake(component(), sim_component_edge(component(), sim_now(component()->sim) + 1));
    }
    return id;
}

const DevicePort::Answer *DevicePort::answer(uint64_t id) const
{
    const auto found = answers_.find(id);

    return found != answers_.end() ? &found->second : nullptr;
}

struct sim_packet *DevicePort::make(const Request &request, uint64_t id, sim_time now)
{
    const auto payload = static_cast<uint32_t>(request.data.size());
    struct sim_packet *packet = sim_packet_new(component()->sim, std::max(payload, request.length));

    packet->id = id;
    packet->born = now;
    packet->last_mark = now;
    packet->type = request.type;
    packet->at = request.at;
    packet->operation = request.operation;
    packet->status = request.status;
    packet->flags = request.flags | SIM_FLAG_TRACKED;
    packet->address = request.address;
    packet->length = std::max(payload, request.length);
    packet->requester = request.requester;
    packet->target = request.target;
    packet->tag = request.own_tag ? request.tag : static_cast<uint16_t>(id);
    packet->pasid = request.pasid;
    packet->stream_id = request.stream_id;
    packet->device_id = request.device_id;
    packet->arg = request.arg;
    packet->cookie = id;
    if (payload > 0) {
        memcpy(packet->data, request.data.data(), payload);
    } else if (request.length > 0 && request.type == SIM_PACKET_WRITE) {
        uint8_t bytes[8];

        sim_store_le64(bytes, request.value);
        memcpy(packet->data, bytes, std::min<uint32_t>(request.length, 8));
    }
    return packet;
}

void DevicePort::take(struct sim_packet *packet, sim_time now)
{
    const uint32_t bytes = packet->data != nullptr ? packet->length : 0;
    std::vector<uint8_t> data(bytes);

    (void)now;
    if (bytes > 0) {
        memcpy(data.data(), packet->data, bytes);
    }
    if (packet->type == SIM_PACKET_COMPLETION) {
        answers_[packet->cookie] = {packet->type, packet->status, data};
    } else {
        messages.push_back({packet->type, packet->operation, packet->status, packet->flags, packet->address,
                            packet->stream_id, packet->pasid, packet->target, packet->requester, packet->tag,
                            packet->arg, data});
        if (on_message) {
            const Message last = messages.back();

            on_message(last);
        }
    }
    sim_packet_free(component()->sim, packet);
}

sim_time DevicePort::evaluate(sim_time now)
{
    sim_time next = SIM_TIME_NEVER;
    bool sent = false;

    evaluating_ = true;
    if (sim_channel_peek(port_.response, now) != nullptr) {
        take(sim_channel_pop(port_.response, now), now);
    }
    if (!queue_.empty() && now >= next_ && sim_channel_has_space(port_.request, now, 0, 0)) {
        sim_channel_push(port_.request, make(queue_.front().second, queue_.front().first, now), now, 0, 0, 0, 0);
        queue_.pop_front();
        next_ = now + gap_;
        sent = true;
    }
    if (!queue_.empty() && now < next_) {
        next = next_;
    } else if (!queue_.empty()) {
        next = sent ? now + component()->period : sim_channel_space_at(port_.request, now, 0, 0);
    }
    evaluating_ = false;
    return sim_time_min(next, sim_channel_next_arrival(port_.response));
}

} // namespace conformance
