#include "wrappers/bus_initiator.h"

#include "wrappers/tlp.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace doorbell
{

bus_initiator::bus_initiator(const sc_core::sc_module_name &name, simulation &whole, const bus_initiator_options &how)
    : sc_core::sc_module(name), socket("socket"), whole_(whole), how_(how),
      gate_(whole, std::string(this->name()) + ".gate", [this] { deliver(); })
{
    socket.bind(*this);
}

sim_bus_port bus_initiator::attach(sim_component *model)
{
    const std::string base = name();

    requests_ = std::make_unique<outlet>(whole_, gate_, base + ".request", model, how_.latency,
                                         [this](sim_packet *packet, sim_time arrival) { take(packet, arrival); });
    answers_ = std::make_unique<inlet>(whole_, gate_, base + ".response", model, how_.slots,
                                       [this](sim_packet *, sim_time) { popped(); });
    return {requests_->channel(), answers_->channel()};
}

void bus_initiator::on_invalidate(invalidator tell)
{
    invalidate_ = std::move(tell);
}

void bus_initiator::on_written(listener tell)
{
    written_ = std::move(tell);
}

/* ---- Records ---- */

bus_initiator::record *bus_initiator::open_record(sim_packet *packet)
{
    record *own;

    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(this));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->packet = packet;
    own->responding = false;
    own->acquire();
    outstanding_++;
    return own;
}

bus_initiator::record *bus_initiator::record_of(tlm::tlm_generic_payload &payload)
{
    auto *own = dynamic_cast<record *>(&payload);

    if (own == nullptr || own->owner != this) {
        SC_REPORT_FATAL("/Doorbell/protocol", "a transaction that is not this initiator's");
    }
    return own;
}

void bus_initiator::free(tlm::tlm_generic_payload *payload)
{
    payload->reset(); /* deletes the automatic extensions */
    free_.push_back(record_of(*payload));
}

/* As memory takes them: both 0 stands for all bytes. */
void bus_initiator::describe_enables(record *own)
{
    const sim_packet *packet = own->packet;
    const uint64_t first = packet->address / 4;
    const uint64_t last = (packet->address + packet->length - 1) / 4;
    bool all = true;

    own->set_byte_enable_ptr(nullptr);
    own->set_byte_enable_length(0);
    if (packet->first_be == 0 && packet->last_be == 0) {
        return;
    }
    own->enables.resize(packet->length);
    for (uint32_t i = 0; i < packet->length; i++) {
        const uint64_t address = packet->address + i;
        const unsigned enables = address / 4 == first ? packet->first_be : address / 4 == last ? packet->last_be : 0xfu;
        const bool enabled = (enables >> (address & 3) & 1) != 0;

        own->enables[i] = enabled ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
        all = all && enabled;
    }
    if (!all) {
        own->set_byte_enable_ptr(own->enables.data());
        own->set_byte_enable_length(packet->length);
    }
}

void bus_initiator::describe(record *own)
{
    const sim_packet *packet = own->packet;
    const unsigned length = std::max(packet->length, 1u);

    own->beside.load(packet);
    own->set_address(packet->address);
    own->set_data_ptr(packet->data);
    own->set_data_length(length);
    own->set_streaming_width(length);
    own->set_dmi_allowed(false);
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    own->set_command(packet->type == SIM_PACKET_WRITE ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    own->set_byte_enable_ptr(nullptr);
    own->set_byte_enable_length(0);
    if (packet->type == SIM_PACKET_MESSAGE) {
        auto *as_tlp = new tlp;

        as_tlp->load(packet);
        own->set_command(tlm::TLM_IGNORE_COMMAND);
        own->set_auto_extension(as_tlp);
    } else if (packet->type == SIM_PACKET_COMPARE_SWAP) {
        own->operand.resize(packet->length / 2);
        own->set_data_ptr(own->operand.data());
        own->set_data_length(packet->length / 2);
        own->set_streaming_width(packet->length / 2);
    } else {
        describe_enables(own);
    }
}

/* ---- Requests ---- */

void bus_initiator::take(sim_packet *packet, sim_time arrival)
{
    holds_ = true;
    if (packet->length == 0 && packet->type != SIM_PACKET_MESSAGE) {
        /* Nothing is to be moved, which the generic payload cannot say: it is done when it arrives. */
        answered(packet, false, SIM_STATUS_OK, arrival);
    } else {
        record *own = open_record(packet);

        describe(own);
        to_start_.emplace_back(own, arrival);
    }
    start_some();
}

void bus_initiator::start_some()
{
    while (busy_with_ == nullptr && !to_start_.empty()) {
        const auto next = to_start_.front();

        to_start_.pop_front();
        start(next.first, next.second);
    }
    if (busy_with_ == nullptr) {
        accepted(0);
    }
}

/* Nothing waits to be sent: the model may go on at @p at. */
void bus_initiator::accepted(sim_time at)
{
    if (holds_ && to_start_.empty()) {
        holds_ = false;
        requests_->release(at);
    }
}

void bus_initiator::start(record *own, sim_time at)
{
    const sim_time now = whole_.now();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = whole_.to_kernel(at > now ? at - now : 0);
    const sc_core::sc_time given = delay;

    busy_with_ = own;
    const tlm::tlm_sync_enum said = socket->nb_transport_fw(*own, phase, delay);
    const sim_time then = now + whole_.from_kernel(delay);

    if (said == tlm::TLM_ACCEPTED) {
        return;
    }
    busy_with_ = nullptr;
    if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        accepted(delay > given ? then : 0); /* at once, or not before a time */
        return;
    }
    if (said == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        tlm::tlm_phase end = tlm::END_RESP;

        finish(own, then);
        socket->nb_transport_fw(*own, end, delay);
    } else {
        finish(own, then);
    }
    own->release();
}

/* ---- Answers ---- */

void bus_initiator::answered(sim_packet *packet, bool failed, sim_packet_status status, sim_time at)
{
    if (packet->type == SIM_PACKET_MESSAGE || (packet->type == SIM_PACKET_WRITE && how_.posted)) {
        const uint64_t cookie = packet->cookie;
        const bool is_write = packet->type == SIM_PACKET_WRITE;

        sim_packet_free(whole_.handle(), packet);
        if (is_write && written_ != nullptr) {
            written_(cookie, status, at);
        }
        return;
    }
    if (failed && packet->type == SIM_PACKET_READ) {
        std::memset(packet->data, 0xff, packet->length);
    }
    packet->status = static_cast<uint8_t>(status);
    packet->type = packet->type == SIM_PACKET_WRITE ? SIM_PACKET_WRITE_ACK : SIM_PACKET_COMPLETION;
    to_deliver_.emplace(at, packet);
    deliver();
}

/* @return false if a write has to follow */
bool bus_initiator::swap(record *own, sim_time at)
{
    sim_packet *packet = own->packet;
    const uint32_t half = packet->length / 2;
    const bool was_read = own->is_read();

    if (!was_read || !own->is_response_ok() || std::memcmp(packet->data, own->operand.data(), half) != 0) {
        std::memcpy(packet->data, own->operand.data(), was_read ? half : 0);
        return true;
    }
    record *write = open_record(packet);
    describe(write);
    write->operand.assign(packet->data + half, packet->data + packet->length);
    write->set_data_ptr(write->operand.data());
    write->set_command(tlm::TLM_WRITE_COMMAND);
    to_start_.emplace_back(write, at);
    own->packet = nullptr;
    outstanding_--;
    return false;
}

void bus_initiator::finish(record *own, sim_time at)
{
    sim_packet_status status = SIM_STATUS_OK;
    sim_packet *packet = own->packet;

    if (packet->type == SIM_PACKET_COMPARE_SWAP && !swap(own, at)) {
        start_some();
        return;
    }
    if (!own->is_response_ok()) {
        status = own->get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE ? SIM_STATUS_UR : SIM_STATUS_CA;
    }
    own->packet = nullptr;
    outstanding_--;
    answered(packet, status != SIM_STATUS_OK, status, at);
}

void bus_initiator::inject(sim_packet *packet, sim_time at)
{
    to_deliver_.emplace(at, packet);
    deliver();
}

/* Answers of different targets may be annotated out of order: each goes to the model when it is about to arrive. */
void bus_initiator::deliver()
{
    const sim_time now = whole_.now();

    while (!to_deliver_.empty() && answers_->has_room()) {
        const auto next = to_deliver_.begin();

        /* A cycle ahead: times are multiples of the kernel's resolution, and an arrival is later than now. */
        const sim_time ahead = answers_->channel()->reader_period;

        if (next->first > now + ahead) {
            gate_.wake(next->first - ahead);
            return;
        }
        answers_->push(next->second, std::max(next->first, answers_->room_at()));
        to_deliver_.erase(next);
    }
}

/* Whether the model's port can take all answers that are under way, and one more. */
bool bus_initiator::has_room() const
{
    return answers_->room() > to_deliver_.size();
}

void bus_initiator::popped()
{
    deliver();
    if (owes_end_ != nullptr && has_room()) {
        record *own = owes_end_;
        const sim_time now = whole_.now();
        const sim_time at = std::max(answers_->room_at(), own->done_at);
        tlm::tlm_phase phase = tlm::END_RESP;
        sc_core::sc_time delay = whole_.to_kernel(at > now ? at - now : 0);

        owes_end_ = nullptr;
        socket->nb_transport_fw(*own, phase, delay);
        own->release();
    }
}

tlm::tlm_sync_enum bus_initiator::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                  sc_core::sc_time &delay)
{
    const simulation::acting now(whole_);
    const sim_time at = whole_.now() + whole_.from_kernel(delay);
    record *own = record_of(payload);

    if (busy_with_ == own) {
        /* END_REQ, or BEGIN_RESP, which says the same. */
        busy_with_ = nullptr;
        accepted(phase == tlm::END_REQ ? at : 0);
    }
    if (phase == tlm::END_REQ) {
        start_some();
        return tlm::TLM_ACCEPTED;
    }
    if (phase != tlm::BEGIN_RESP || own->responding || own->packet == nullptr) {
        SC_REPORT_ERROR("/Doorbell/protocol", "a target sent a phase that is not its turn");
        return tlm::TLM_ACCEPTED;
    }
    own->responding = true;
    finish(own, at);
    start_some();
    if (!has_room()) {
        owes_end_ = own;
        own->done_at = at;
        return tlm::TLM_ACCEPTED;
    }
    if (answers_->room_at() > at) {
        delay = whole_.to_kernel(answers_->room_at() - whole_.now());
    }
    phase = tlm::END_RESP;
    own->release();
    return tlm::TLM_COMPLETED;
}

/* ---- Without time ---- */

void bus_initiator::invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last)
{
    if (invalidate_ != nullptr) {
        invalidate_(first, last);
    }
}

unsigned bus_initiator::debug(tlm::tlm_command command, uint64_t address, uint8_t *bytes, uint32_t count,
                              sideband *beside)
{
    tlm::tlm_generic_payload payload;
    unsigned moved;

    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(bytes);
    payload.set_data_length(count);
    payload.set_streaming_width(count);
    if (beside != nullptr) {
        payload.set_extension(beside);
    }
    moved = socket->transport_dbg(payload);
    payload.clear_extension<sideband>(); /* which the payload would delete */
    return moved;
}

bool bus_initiator::direct_memory(tlm::tlm_command command, uint64_t address, tlm::tlm_dmi &given)
{
    tlm::tlm_generic_payload payload;
    uint8_t byte = 0;

    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(&byte);
    payload.set_data_length(1);
    payload.set_streaming_width(1);
    return socket->get_direct_mem_ptr(payload, given);
}

bool bus_initiator::debug_read(uint64_t address, uint8_t *bytes, uint32_t count)
{
    return debug(tlm::TLM_READ_COMMAND, address, bytes, count) == count;
}

bool bus_initiator::debug_write(uint64_t address, const uint8_t *bytes, uint32_t count)
{
    std::vector<uint8_t> copy(bytes, bytes + count);

    return debug(tlm::TLM_WRITE_COMMAND, address, copy.data(), count) == count;
}

} // namespace doorbell
