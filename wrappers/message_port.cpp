#include "wrappers/message_port.h"

#include <utility>

namespace doorbell
{

message_port::record::record(tlm::tlm_mm_interface *pool) : tlm::tlm_generic_payload(pool)
{
    set_extension(&header);
    set_extension(&beside);
    set_command(tlm::TLM_IGNORE_COMMAND);
}

message_port::record::~record()
{
    clear_extension(&header); /* which the payload would delete */
    clear_extension(&beside);
}

message_port::message_port(const sc_core::sc_module_name &name, simulation &whole,
                           std::function<void(sim_time)> accepted)
    : sc_core::sc_module(name), socket("socket"), whole_(whole), accepted_(std::move(accepted))
{
    socket.bind(*this);
}

void message_port::free(tlm::tlm_generic_payload *payload)
{
    free_.push_back(static_cast<record *>(payload));
}

void message_port::accept(record *own, sim_time at)
{
    if (!own->accepted) {
        own->accepted = true;
        accepted_(at);
    }
}

void message_port::send(sim_packet *packet, sim_time arrival)
{
    const sim_time now = whole_.now();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = whole_.to_kernel(arrival - now);
    record *own;

    if (socket.size() == 0) {
        sim_packet_free(whole_.handle(), packet);
        accepted_(0);
        return;
    }
    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(static_cast<tlm::tlm_mm_interface *>(this)));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->acquire();
    own->accepted = false;
    own->header.load(packet);
    own->beside.load(packet);
    own->data.assign(packet->data, packet->data + packet->length);
    own->data.resize(own->data.empty() ? 1 : own->data.size());
    own->set_address(packet->address);
    own->set_data_ptr(own->data.data());
    own->set_data_length(static_cast<unsigned>(own->data.size()));
    own->set_streaming_width(static_cast<unsigned>(own->data.size()));
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sim_packet_free(whole_.handle(), packet);

    const tlm::tlm_sync_enum said = socket->nb_transport_fw(*own, phase, delay);

    if (said == tlm::TLM_ACCEPTED) {
        return;
    }
    accept(own, 0);
    if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        return;
    }
    if (said == tlm::TLM_UPDATED) {
        phase = tlm::END_RESP;
        socket->nb_transport_fw(*own, phase, delay);
    }
    own->release();
}

tlm::tlm_sync_enum message_port::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                 sc_core::sc_time &delay)
{
    const simulation::acting now(whole_);
    auto *own = static_cast<record *>(&payload);

    accept(own, whole_.now() + whole_.from_kernel(delay));
    if (phase == tlm::END_REQ) {
        return tlm::TLM_ACCEPTED;
    }
    phase = tlm::END_RESP;
    own->release();
    return tlm::TLM_COMPLETED;
}

} // namespace doorbell
