#include "wrappers/bus_target.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace doorbell
{

namespace
{

/* A cookie: which end made the packet, which of its records it belongs to, which byte of the data it begins with. */
constexpr unsigned kOffsetBits = 24;
constexpr unsigned kRecordBits = 20;
constexpr unsigned kMostRecords = 1u << kRecordBits;
constexpr unsigned kMostBytes = 1u << kOffsetBits;

unsigned record_of(uint64_t cookie)
{
    return static_cast<unsigned>(cookie >> kOffsetBits) & (kMostRecords - 1);
}

unsigned offset_of(uint64_t cookie)
{
    return static_cast<unsigned>(cookie) & (kMostBytes - 1);
}

bool is_worse(tlm::tlm_response_status one, tlm::tlm_response_status other)
{
    return other == tlm::TLM_OK_RESPONSE && one != tlm::TLM_OK_RESPONSE;
}

void set_byte_enables(sim_packet *packet)
{
    const unsigned first = packet->address & 3;
    const unsigned end = first + packet->length;

    if (end <= 4) {
        packet->first_be = static_cast<uint8_t>(((1u << packet->length) - 1) << first);
        packet->last_be = 0;
    } else {
        packet->first_be = static_cast<uint8_t>((0xfu << first) & 0xf);
        packet->last_be = static_cast<uint8_t>(0xfu >> ((4 - end % 4) % 4));
    }
}

} // namespace

bus_target::bus_target(const sc_core::sc_module_name &name, simulation &whole, bus_target_options how)
    : sc_core::sc_module(name), socket("socket"), whole_(whole), how_(std::move(how)),
      gate_(whole, std::string(this->name()) + ".gate"), hash_(sim_name_hash(this->name()))
{
    socket.bind(*this);
}

sim_bus_port bus_target::attach(sim_component *model)
{
    const std::string base = name();

    requests_ = std::make_unique<inlet>(whole_, gate_, base + ".request", model, how_.slots,
                                        [this](sim_packet *packet, sim_time free_at) { taken(packet, free_at); });
    answers_ = std::make_unique<outlet>(whole_, gate_, base + ".response", model, how_.latency,
                                        [this](sim_packet *packet, sim_time arrival) { answered(packet, arrival); });
    return {requests_->channel(), answers_->channel()};
}

void bus_target::on_debug(debugger debug)
{
    debug_ = std::move(debug);
}

void bus_target::on_direct_memory(granter grant)
{
    grant_ = std::move(grant);
}

void bus_target::on_taken(std::function<void()> tell)
{
    taken_ = std::move(tell);
}

void bus_target::on_message(messenger take)
{
    message_ = std::move(take);
}

void bus_target::on_command(translator make)
{
    command_ = std::move(make);
}

void bus_target::release_answer(sim_time at)
{
    answers_->release(at);
}

const sideband &bus_target::sideband_of(const tlm::tlm_generic_payload &payload) const
{
    const sideband *own = payload.get_extension<sideband>();

    return own != nullptr ? *own : how_.defaults;
}

/* ---- Records ---- */

uint64_t bus_target::cookie_of(unsigned index, unsigned offset) const
{
    return (static_cast<uint64_t>(gate_.index()) + 1) << (kOffsetBits + kRecordBits) |
           static_cast<uint64_t>(index) << kOffsetBits | offset;
}

unsigned bus_target::open_record(tlm::tlm_generic_payload &payload, bool blocking, sim_time at)
{
    unsigned index;

    if (free_.empty()) {
        records_.emplace_back();
        free_.push_back(static_cast<unsigned>(records_.size() - 1));
    }
    index = free_.back();
    free_.pop_back();
    record &opened = records_[index];
    opened.payload = &payload;
    opened.blocking = blocking;
    opened.requested = false;
    opened.all_sent = false;
    opened.responding = false;
    opened.next = 0;
    opened.open = 0;
    opened.at = at;
    opened.done_at = at;
    opened.status = tlm::TLM_OK_RESPONSE;
    if (!blocking && payload.has_mm()) {
        payload.acquire();
    }
    return index;
}

void bus_target::close_record(unsigned index)
{
    record &closed = records_[index];
    tlm::tlm_generic_payload *payload = closed.payload;

    closed.payload = nullptr;
    free_.push_back(index);
    if (!closed.blocking && payload->has_mm()) {
        payload->release();
    }
}

tlm::tlm_response_status bus_target::judge(const tlm::tlm_generic_payload &payload) const
{
    const bool is_command = payload.get_command() != tlm::TLM_IGNORE_COMMAND;
    tlm::tlm_response_status status = payload_error(payload);

    if (is_command && status == tlm::TLM_OK_RESPONSE && how_.registers) {
        status = register_error(payload, how_.half_registers);
    }
    if (is_command && status == tlm::TLM_OK_RESPONSE && payload.get_data_length() >= kMostBytes) {
        status = tlm::TLM_BURST_ERROR_RESPONSE;
    }
    return is_command ? status : tlm::TLM_OK_RESPONSE;
}

bool bus_target::is_empty(const tlm::tlm_generic_payload &payload) const
{
    if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
        return command_ == nullptr;
    }
    return next_segment(payload, 0).length == 0;
}

/* ---- Requests ---- */

sim_packet *bus_target::make_packet(unsigned index, const segment &part)
{
    const record &own = records_[index];
    const bool is_write = own.payload->is_write();
    sim_packet *packet = sim_packet_new(whole_.handle(), part.length);

    packet->id = sim_packet_identity(hash_, count_++);
    packet->born = own.at;
    packet->last_mark = own.at;
    packet->type = is_write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = part.address + how_.offset;
    packet->tag = static_cast<uint16_t>(count_);
    packet->cookie = cookie_of(index, part.offset);
    packet->flags = SIM_FLAG_TRACKED;
    set_byte_enables(packet);
    sideband_of(*own.payload).store(packet);
    if (is_write) {
        std::memcpy(packet->data, own.payload->get_data_ptr() + part.offset, part.length);
    }
    return packet;
}

/* @return whether all of the transaction has been sent */
bool bus_target::send_some(unsigned index)
{
    record &own = records_[index];

    while (!own.all_sent) {
        const bool is_command = own.payload->get_command() != tlm::TLM_IGNORE_COMMAND;
        const segment part = is_command ? next_segment(*own.payload, own.next) : segment{0, 0, 0};
        sim_packet *packet;

        if (is_command ? part.length == 0 : own.next > 0 || command_ == nullptr) {
            own.all_sent = true;
            break;
        }
        if (!requests_->has_room()) {
            return false;
        }
        packet = is_command ? make_packet(index, part) : command_(*own.payload);
        own.next = is_command ? part.offset + part.length : 1;
        if (packet == nullptr) {
            continue;
        }
        own.open++;
        if (!is_command) {
            packet->cookie = cookie_of(index, 0);
        }
        own.at = std::max(own.at, requests_->room_at());
        requests_->push(packet, own.at);
    }
    return true;
}

void bus_target::send()
{
    while (!to_send_.empty()) {
        const unsigned index = to_send_.front();

        if (!send_some(index)) {
            return;
        }
        to_send_.pop_front();
        finish_if_done(index);
    }
}

tlm::tlm_sync_enum bus_target::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                               sc_core::sc_time &delay)
{
    const simulation::acting now(whole_);

    if (phase == tlm::BEGIN_REQ) {
        return begin(payload, phase, delay);
    }
    if (phase == tlm::END_RESP) {
        end_response(payload, delay);
        return tlm::TLM_COMPLETED;
    }
    SC_REPORT_ERROR("/Doorbell/protocol", "an initiator sent a phase that is not an initiator's");
    return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum bus_target::begin(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
    const sim_time at = whole_.now() + whole_.from_kernel(delay);
    const tlm::tlm_response_status status = judge(payload);
    const bool is_simple = how_.posted && !how_.awaits_outcome && payload.is_write() && to_send_.empty();
    unsigned index;

    if (busy_) {
        SC_REPORT_ERROR("/Doorbell/protocol", "BEGIN_REQ before the END_REQ of the transaction before");
    }
    payload.set_dmi_allowed(false);
    if (status != tlm::TLM_OK_RESPONSE || is_empty(payload)) {
        payload.set_response_status(status);
        return tlm::TLM_COMPLETED;
    }
    index = open_record(payload, false, at);
    if (is_simple && requests_->room() > 1) {
        const segment part = next_segment(payload, 0);

        if (part.length > 0 && next_segment(payload, part.offset + part.length).length == 0) {
            sim_packet *packet = make_packet(index, part);

            packet->cookie = 0; /* nobody waits for it */
            requests_->push(packet, std::max(at, requests_->room_at()));
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
            close_record(index);
            return tlm::TLM_COMPLETED;
        }
    }
    busy_ = true;
    busy_with_ = index;
    to_send_.push_back(index);
    send();
    if (!busy_ || !records_[index].all_sent || !requests_->has_room()) {
        return tlm::TLM_ACCEPTED;
    }
    busy_ = false;
    records_[index].requested = true;
    if (requests_->room_at() > at) {
        delay = whole_.to_kernel(requests_->room_at() - whole_.now());
    }
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

void bus_target::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const tlm::tlm_response_status status = judge(payload);
    unsigned index;

    payload.set_dmi_allowed(false);
    if (status != tlm::TLM_OK_RESPONSE || is_empty(payload)) {
        payload.set_response_status(status);
        return;
    }
    if (delay != sc_core::SC_ZERO_TIME) {
        wait(delay);
        delay = sc_core::SC_ZERO_TIME;
    }
    {
        const simulation::acting now(whole_);

        index = open_record(payload, true, whole_.now());
        to_send_.push_back(index);
        send();
    }
    record &own = records_[index];
    while (!own.responding) {
        wait(own.done);
    }
    payload.set_response_status(own.status);
    delay = own.done_at > whole_.now() ? whole_.to_kernel(own.done_at - whole_.now()) : sc_core::SC_ZERO_TIME;
    close_record(index);
}

/* ---- Answers ---- */

tlm::tlm_response_status bus_target::status_of(const sim_packet *packet)
{
    switch (packet->status) {
    case SIM_STATUS_OK:
        return tlm::TLM_OK_RESPONSE;
    case SIM_STATUS_UR:
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    default:
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
}

void bus_target::told(unsigned index, tlm::tlm_response_status status, sim_time at)
{
    record &own = records_[index];

    own.open--;
    own.done_at = std::max(own.done_at, at);
    own.status = is_worse(status, own.status) ? status : own.status;
    finish_if_done(index);
}

void bus_target::finish_if_done(unsigned index)
{
    record &own = records_[index];

    if (!own.all_sent || own.open > 0 || own.responding) {
        return;
    }
    own.responding = true;
    if (own.blocking) {
        own.done.notify(sc_core::SC_ZERO_TIME);
        return;
    }
    to_respond_.push_back(index);
    respond();
}

void bus_target::respond()
{
    while (!response_open_ && !to_respond_.empty()) {
        const unsigned index = to_respond_.front();
        record &own = records_[index];
        const sim_time now = whole_.now();
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = whole_.to_kernel(own.done_at > now ? own.done_at - now : 0);

        to_respond_.pop_front();
        if (busy_ && busy_with_ == index) {
            busy_ = false; /* BEGIN_RESP says END_REQ too */
        }
        own.payload->set_response_status(own.status);
        response_open_ = true;
        const tlm::tlm_sync_enum said = socket->nb_transport_bw(*own.payload, phase, delay);
        if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
            response_open_ = false;
            close_record(index);
        }
    }
}

void bus_target::end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    const sim_time at = whole_.now() + whole_.from_kernel(delay);

    for (unsigned index = 0; index < records_.size(); index++) {
        if (records_[index].payload == &payload && records_[index].responding) {
            response_open_ = false;
            close_record(index);
            respond();
            if (!response_open_ && holds_answer_) {
                holds_answer_ = false;
                answers_->release(at);
            }
            return;
        }
    }
    SC_REPORT_ERROR("/Doorbell/protocol", "END_RESP without BEGIN_RESP");
}

void bus_target::taken(const sim_packet *packet, sim_time free_at)
{
    const uint64_t cookie = packet->cookie;

    if (taken_ != nullptr && packet->type == SIM_PACKET_WRITE) {
        taken_();
    }
    if (how_.posted && cookie != 0 && packet->type != SIM_PACKET_READ &&
        (!how_.awaits_outcome || packet->type != SIM_PACKET_WRITE)) {
        told(record_of(cookie), tlm::TLM_OK_RESPONSE, free_at);
    }
    send();
    if (busy_ && records_[busy_with_].all_sent && requests_->has_room()) {
        record &own = records_[busy_with_];
        const sim_time at = std::max(own.at, requests_->room_at());
        tlm::tlm_phase phase = tlm::END_REQ;
        sc_core::sc_time delay = whole_.to_kernel(at > whole_.now() ? at - whole_.now() : 0);

        busy_ = false;
        own.requested = true;
        socket->nb_transport_bw(*own.payload, phase, delay);
    }
}

void bus_target::answered(sim_packet *packet, sim_time arrival)
{
    const bool is_answer = packet->type == SIM_PACKET_COMPLETION || packet->type == SIM_PACKET_WRITE_ACK;
    const uint64_t cookie = packet->cookie;
    const tlm::tlm_response_status status = status_of(packet);

    if (!is_answer && message_ != nullptr) {
        message_(packet, arrival);
        return;
    }
    if (cookie >> (kOffsetBits + kRecordBits) != gate_.index() + 1u || record_of(cookie) >= records_.size() ||
        records_[record_of(cookie)].payload == nullptr) {
        sim_panic(whole_.handle(), gate_.component(), packet, "an answer that nobody waits for");
    }
    /* Of a read that fails there are no data: in the packet stands what its memory held before. */
    if (packet->type == SIM_PACKET_COMPLETION && packet->length > 0 && status == tlm::TLM_OK_RESPONSE) {
        tlm::tlm_generic_payload *payload = records_[record_of(cookie)].payload;
        const unsigned offset = offset_of(cookie);

        std::memcpy(payload->get_data_ptr() + offset, packet->data,
                    std::min(packet->length, payload->get_data_length() - offset));
    }
    sim_packet_free(whole_.handle(), packet);
    holds_answer_ = true;
    told(record_of(cookie), status, arrival);
    if (!response_open_ && holds_answer_) {
        holds_answer_ = false;
        answers_->release(0);
    }
}

void bus_target::finish_write(uint64_t cookie, sim_packet_status status, sim_time at)
{
    if (cookie >> (kOffsetBits + kRecordBits) == gate_.index() + 1u) {
        told(record_of(cookie),
             status == SIM_STATUS_OK   ? tlm::TLM_OK_RESPONSE
             : status == SIM_STATUS_UR ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                       : tlm::TLM_GENERIC_ERROR_RESPONSE,
             at);
    }
}

/* ---- Without time ---- */

unsigned bus_target::transport_dbg(tlm::tlm_generic_payload &payload)
{
    return debug_ != nullptr ? debug_(payload, payload.get_address() + how_.offset) : 0;
}

bool bus_target::get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &grant)
{
    grant.init();
    if (grant_ == nullptr || !grant_(payload, payload.get_address() + how_.offset, grant)) {
        grant.allow_none();
        grant.set_start_address(0);
        grant.set_end_address(UINT64_MAX);
        return false;
    }
    grant.set_start_address(grant.get_start_address() - how_.offset);
    grant.set_end_address(grant.get_end_address() - how_.offset);
    return true;
}

} // namespace doorbell
