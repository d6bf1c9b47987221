#include "wrappers/tlp_port.h"

#include <algorithm>
#include <string>
#include <utility>

namespace doorbell
{

const sim_channel_transport tlp_port::outward = {tlp_port::push, nullptr, nullptr, nullptr};
const sim_channel_transport tlp_port::inward = {nullptr, tlp_port::pop, nullptr, nullptr};

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
    pcie_link *link =
        pcie_link_create(whole.handle(), this->name(), &config, upper ? model : outside, upper ? outside : model);
    port_ = upper ? &link->upper : &link->lower;
    for (unsigned queue = 0; queue < queues(); queue++) {
        places_[queue] = {this, queue};
        sim_channel_set_transport(port_->queues[queue].transmit, &outward);
        port_->queues[queue].transmit->engine_data = &places_[queue];
        sim_channel_set_transport(port_->queues[queue].receive, &inward);
        port_->queues[queue].receive->engine_data = &places_[queue];
    }
    pcie_port_watch_vcs(
        port_,
        [](void *context, unsigned vc, bool enabled, sim_time) {
            static_cast<tlp_port *>(context)->tell_switched(vc, enabled);
        },
        this);
}

unsigned tlp_port::queues() const
{
    return port_->vcs * PCIE_CLASSES;
}

/* That of a TLP that comes in; none of this port's if it has no such virtual channel. */
unsigned tlp_port::queue_of(const tlp &header) const
{
    const sim_packet packet = header.packet();

    return pcie_queue(header.virtual_channel, pcie_tlp_class(&packet));
}

/* ---- Outward ---- */

void tlp_port::push(sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t units)
{
    const auto *where = static_cast<const place *>(channel->engine_data);
    sim_channel_slot *slot = channel->tail;

    /* The slot is a credit, taken until the other end returns it; nobody looks at the packet in it. */
    slot->packet = packet;
    slot->arrival = arrival;
    slot->units = units;
    channel->tail = slot + 1 != channel->end ? slot + 1 : channel->slots;
    where->self->send(where->queue, packet, arrival);
}

tlp_port::record *tlp_port::make_record()
{
    record *own;

    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(static_cast<tlm::tlm_mm_interface *>(this)));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->acquire();
    own->set_byte_enable_ptr(nullptr);
    own->set_dmi_allowed(false);
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    return own;
}

void tlp_port::send(unsigned queue, sim_packet *packet, sim_time arrival)
{
    const sim_time now = whole_.now();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = whole_.to_kernel(arrival - now);
    record *own = make_record();

    own->queue = queue;
    own->header.load(packet);
    own->header.virtual_channel = static_cast<uint8_t>(pcie_queue_vc(queue));
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

    const tlm::tlm_sync_enum said = transmit->nb_transport_fw(*own, phase, delay);

    if (said == tlm::TLM_COMPLETED) {
        taken(own, now + whole_.from_kernel(delay));
    } else if (said == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        tlm::tlm_phase end = tlm::END_RESP;

        transmit->nb_transport_fw(*own, end, delay);
        taken(own, now + whole_.from_kernel(delay));
    }
}

/* ---- Virtual channels ---- */

/* This end has switched one on or off: the other end is to know. */
void tlp_port::tell_switched(unsigned vc, bool enabled)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    record *own = make_record();

    own->header = tlp();
    own->header.kind = tlp_kind::init_fc;
    own->header.virtual_channel = static_cast<uint8_t>(vc);
    own->header.enabled = enabled;
    own->data.assign(1, 0);
    own->set_command(tlm::TLM_IGNORE_COMMAND);
    own->set_address(0);
    own->set_data_ptr(own->data.data());
    own->set_data_length(1);
    own->set_streaming_width(1);
    if (transmit->nb_transport_fw(*own, phase, delay) != tlm::TLM_COMPLETED) {
        SC_REPORT_ERROR("/Doorbell/protocol", "an init_fc is answered at once, with TLM_COMPLETED");
    }
    own->release();
}

/* The other end has. @return false if there is no such virtual channel on this link */
bool tlp_port::take_switched(const tlp &header)
{
    if (header.virtual_channel == 0 || header.virtual_channel >= port_->vcs) {
        return false;
    }
    pcie_port_enable_vc(port_->peer, header.virtual_channel, header.enabled, whole_.now());
    return true;
}

/* ---- Credits ---- */

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
    return channel->tail->packet == nullptr && (channel->units == 0 || used + units <= channel->units);
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
    queue = queue_of(*header);
    units = pcie_tlp_units(packet);
    if (queue >= queues() || !has_room(queue, units)) {
        overruns_++;
        sim_packet_free(whole_.handle(), packet);
        return false;
    }
    sim_channel *channel = port_->queues[queue].receive;
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
    if (payload.get_extension<tlp>()->kind == tlp_kind::init_fc) {
        const bool known = take_switched(*payload.get_extension<tlp>());

        payload.set_response_status(known ? tlm::TLM_OK_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
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
            const unsigned queue = queue_of(*header);

            if (header->kind == tlp_kind::init_fc || queue >= queues()) {
                const bool known = header->kind == tlp_kind::init_fc && take_switched(*header);

                payload.set_response_status(known ? tlm::TLM_OK_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
                return;
            }
            if (has_room(queue, pcie_tlp_units(&probe)) && take(payload, whole_.now())) {
                held_[queue].back() = nullptr; /* no response: this call's return says it */
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
    const auto *where = static_cast<const place *>(channel->engine_data);

    sim_channel_pop_local(channel, free_at);
    where->self->respond(where->queue, free_at);
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
