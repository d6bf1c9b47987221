#include "wrappers/tlp_port.h"

#include <algorithm>
#include <string>
#include <utility>

namespace doorbell
{

const sim_channel_transport tlp_port::outward = {tlp_port::push, nullptr};
const sim_channel_transport tlp_port::inward = {nullptr, tlp_port::pop};

tlp_port::record::record(tlm::tlm_mm_interface *pool) : tlm::tlm_generic_payload(pool)
{
    set_extension(&header);
}

tlp_port::record::~record()
{
    clear_extension(&header); /* which the payload would delete */
}

tlp_port::tlp_port(const sc_core::sc_module_name &name, simulation &whole, const pcie_link_config &config, tlp_end end,
                   pcie_end model, bool peer_cuts_through)
    : sc_core::sc_module(name), transmit("transmit"), receive("receive"), whole_(whole),
      gate_(whole, std::string(this->name()) + ".gate")
{
    const pcie_end outside = {gate_.component(), peer_cuts_through};
    const bool upper = end == tlp_end::upper;

    transmit.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    receive.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    if (config.virtual_channels > 1) {
        SC_REPORT_FATAL("/Doorbell/pcie", (std::string(this->name()) + ": TLP sockets carry VC0 only").c_str());
    }
    pcie_link *link =
        pcie_link_create(whole.handle(), this->name(), &config, upper ? model : outside, upper ? outside : model);
    port_ = upper ? &link->upper : &link->lower;
    for (unsigned queue = 0; queue < PCIE_CLASSES; queue++) {
        sim_channel_set_transport(port_->queues[queue].transmit, &outward);
        port_->queues[queue].transmit->engine_data = this;
        sim_channel_set_transport(port_->queues[queue].receive, &inward);
        port_->queues[queue].receive->engine_data = this;
    }
}

unsigned tlp_port::queue_of(const sim_channel *channel, bool sends) const
{
    for (unsigned queue = 0; queue < PCIE_CLASSES; queue++) {
        if ((sends ? port_->queues[queue].transmit : port_->queues[queue].receive) == channel) {
            return queue;
        }
    }
    return PCIE_CLASSES;
}

/* ---- Outward ---- */

void tlp_port::push(sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t units)
{
    auto *self = static_cast<tlp_port *>(channel->engine_data);
    sim_channel_slot *slot = &channel->slots[channel->tail];

    /* The slot is a credit, taken until the other end returns it; nobody looks at the packet in it. */
    slot->packet = packet;
    slot->arrival = arrival;
    slot->units = units;
    channel->tail = channel->tail + 1 < channel->capacity ? channel->tail + 1 : 0;
    self->send(self->queue_of(channel, true), packet, arrival);
}

void tlp_port::send(unsigned queue, sim_packet *packet, sim_time arrival)
{
    const sim_time now = whole_.now();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = whole_.to_kernel(arrival - now);
    record *own;

    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(static_cast<tlm::tlm_mm_interface *>(this)));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->acquire();
    own->queue = queue;
    own->header.load(packet);
    own->data.assign(std::max(packet->length, 1u), 0);
    if (own->header.carries_data()) {
        std::copy_n(packet->data, packet->length, own->data.begin());
    }
    sim_packet_free(whole_.handle(), packet);
    own->set_command(own->header.kind == tlp_kind::memory_read    ? tlm::TLM_READ_COMMAND
                     : own->header.kind == tlp_kind::memory_write ? tlm::TLM_WRITE_COMMAND
                                                                  : tlm::TLM_IGNORE_COMMAND);
    own->set_address(own->header.address);
    own->set_data_ptr(own->data.data());
    own->set_data_length(static_cast<unsigned>(own->data.size()));
    own->set_streaming_width(static_cast<unsigned>(own->data.size()));
    own->set_byte_enable_ptr(nullptr);
    own->set_dmi_allowed(false);
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);

    const tlm::tlm_sync_enum said = transmit->nb_transport_fw(*own, phase, delay);

    if (said == tlm::TLM_COMPLETED) {
        taken(own, now + whole_.from_kernel(delay));
    } else if (said == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        tlm::tlm_phase end = tlm::END_RESP;

        transmit->nb_transport_fw(*own, end, delay);
        taken(own, now + whole_.from_kernel(delay));
    }
}

/* The other end has taken a TLP: its credit is back at @p free_at. */
void tlp_port::taken(record *own, sim_time free_at)
{
    sim_channel *channel = port_->queues[own->queue].transmit;
    const sim_time at = std::max(free_at, whole_.now() + 1);

    own->release();
    sim_channel_pop_local(channel, sim_time_align(at, channel->writer_period));
}

tlm::tlm_sync_enum tlp_port::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                             sc_core::sc_time &delay)
{
    const simulation::acting now(whole_);

    if (phase != tlm::BEGIN_RESP) {
        return tlm::TLM_ACCEPTED;
    }
    taken(static_cast<record *>(&payload), whole_.now() + whole_.from_kernel(delay));
    phase = tlm::END_RESP;
    return tlm::TLM_COMPLETED;
}

void tlp_port::free(tlm::tlm_generic_payload *payload)
{
    free_.push_back(static_cast<record *>(payload));
}

/* ---- Inward ---- */

bool tlp_port::has_room(unsigned queue, uint32_t units) const
{
    const sim_channel *channel = port_->queues[queue].receive;
    uint32_t used = 0;

    for (uint32_t i = 0; i < channel->capacity; i++) {
        used += channel->slots[i].packet != nullptr ? channel->slots[i].units : 0;
    }
    return channel->slots[channel->tail].packet == nullptr && (channel->units == 0 || used + units <= channel->units);
}

/* @return false if there are no credits for it */
bool tlp_port::take(tlm::tlm_generic_payload &payload, sim_time arrival)
{
    const tlp *header = payload.get_extension<tlp>();
    sim_packet *packet = sim_packet_new(whole_.handle(), header->length);
    unsigned queue;
    uint32_t units;

    header->store(packet);
    packet->born = header->born != 0 ? header->born : whole_.now();
    packet->last_mark = header->booked != 0 ? header->booked : whole_.now();
    if (header->carries_data()) {
        std::copy_n(payload.get_data_ptr(), header->length, packet->data);
    }
    queue = pcie_tlp_class(packet);
    units = pcie_tlp_units(packet);
    sim_channel *channel = port_->queues[queue].receive;
    if (!has_room(queue, units)) {
        overruns_++;
        sim_packet_free(whole_.handle(), packet);
        return false;
    }
    arrival = std::max({arrival, whole_.now() + 1, channel->last_arrival});
    arrival = sim_time_align(arrival, channel->reader_period);
    channel->last_arrival = arrival;
    channel->pushed++;
    held_[queue].push_back(&payload);
    sim_channel_push_local(channel, packet, arrival, units);
    return true;
}

tlm::tlm_sync_enum tlp_port::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                             sc_core::sc_time &delay)
{
    const simulation::acting now(whole_);

    if (phase == tlm::END_RESP) {
        if (responding_ != &payload) {
            SC_REPORT_ERROR("/Doorbell/protocol", "END_RESP without BEGIN_RESP");
        }
        responding_ = nullptr;
        payload.release();
        respond_some();
        return tlm::TLM_COMPLETED;
    }
    if (payload.get_extension<tlp>() == nullptr) {
        payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
        return tlm::TLM_COMPLETED;
    }
    if (!take(payload, whole_.now() + whole_.from_kernel(delay))) {
        payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return tlm::TLM_COMPLETED;
    }
    payload.acquire();
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

void tlp_port::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const tlp *header = payload.get_extension<tlp>();

    if (header == nullptr) {
        payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
        return;
    }
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    for (;;) {
        {
            const simulation::acting now(whole_);
            const sim_packet probe = header->packet();
            const uint32_t units = pcie_tlp_units(&probe);

            if (has_room(pcie_tlp_class(&probe), units) && take(payload, whole_.now())) {
                held_[pcie_tlp_class(&probe)].back() = nullptr; /* no response: this call's return says it */
                payload.set_response_status(tlm::TLM_OK_RESPONSE);
                return;
            }
        }
        wait(room_);
    }
}

/* ---- Without time ---- */

unsigned tlp_port::transport_dbg(tlm::tlm_generic_payload &payload)
{
    tlp *header = payload.get_extension<tlp>();

    return header != nullptr && debug_ != nullptr ? debug_(payload, *header) : 0;
}

unsigned tlp_port::debug(tlm::tlm_generic_payload &payload)
{
    return transmit->transport_dbg(payload);
}

void tlp_port::on_debug(debugger take)
{
    debug_ = std::move(take);
}

/* ---- Room ---- */

void tlp_port::pop(sim_channel *channel, sim_time free_at)
{
    auto *self = static_cast<tlp_port *>(channel->engine_data);
    const unsigned queue = self->queue_of(channel, false);

    sim_channel_pop_local(channel, free_at);
    self->respond(queue, free_at);
}

void tlp_port::respond(unsigned queue, sim_time free_at)
{
    tlm::tlm_generic_payload *payload = held_[queue].front();

    held_[queue].pop_front();
    room_.notify(sc_core::SC_ZERO_TIME);
    if (payload != nullptr) {
        to_respond_.emplace_back(payload, free_at);
        respond_some();
    }
}

void tlp_port::respond_some()
{
    while (responding_ == nullptr && !to_respond_.empty()) {
        const auto next = to_respond_.front();
        const sim_time now = whole_.now();
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = whole_.to_kernel(next.second > now ? next.second - now : 0);

        to_respond_.pop_front();
        responding_ = next.first;
        next.first->set_response_status(tlm::TLM_OK_RESPONSE);
        const tlm::tlm_sync_enum said = receive->nb_transport_bw(*next.first, phase, delay);
        if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
            responding_ = nullptr;
            next.first->release();
        }
    }
}

} // namespace doorbell
