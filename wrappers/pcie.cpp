#include "wrappers/pcie.h"

#include <algorithm>
#include <string>

namespace doorbell
{

namespace
{

std::string numbered(const char *what, unsigned i)
{
    return what + std::to_string(i);
}

bool at(const std::vector<bool> &flags, unsigned i)
{
    return i < flags.size() && flags[i];
}

} // namespace

/* ---- Endpoint ---- */

pcie_endpoint::pcie_endpoint(const sc_core::sc_module_name &name, simulation &whole, const endpoint_config &config,
                             const pcie_link_config &link, bool above_cuts_through)
    : sc_core::sc_module(name), interrupts("interrupts"), whole_(whole),
      model_(endpoint_create(whole.handle(), this->name(), &config)),
      link_("link", whole, link, tlp_end::lower, endpoint_end(model_), above_cuts_through)
{
    endpoint_bind_link(model_, link_.port());
    link_.on_debug([this](tlm::tlm_generic_payload &payload, tlp &header) { return debug(payload, header); });
    interrupts.register_b_transport(this, &pcie_endpoint::b_transport);
    interrupts.register_nb_transport_fw(this, &pcie_endpoint::nb_transport_fw);
}

bool pcie_endpoint::request(const endpoint_job &job)
{
    const simulation::acting now(whole_);

    return endpoint_request(model_, &job);
}

tlm::tlm_response_status pcie_endpoint::signal(const tlm::tlm_generic_payload &payload, sim_time when)
{
    endpoint_job job = {};

    if (!payload.is_write()) {
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    }
    if (payload.get_data_length() != 4 || payload.get_streaming_width() < 4 || payload.get_address() % 4096 != 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    if (payload.get_byte_enable_ptr() != nullptr) {
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    }
    job.kind = ENDPOINT_MSI;
    job.function = static_cast<unsigned>(payload.get_address() / 4096);
    job.vector = sim_load_le32(payload.get_data_ptr());
    if (!endpoint_has_vector(model_, job.function, job.vector)) {
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
    job.when = when;
    return request(job) ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE;
}

void pcie_endpoint::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    payload.set_response_status(signal(payload, whole_.now() + whole_.from_kernel(delay)));
}

tlm::tlm_sync_enum pcie_endpoint::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &,
                                                  sc_core::sc_time &delay)
{
    payload.set_response_status(signal(payload, whole_.now() + whole_.from_kernel(delay)));
    return tlm::TLM_COMPLETED;
}

/* ---- Switch ---- */

pcie_switch::pcie_switch(const sc_core::sc_module_name &name, simulation &whole, const pcie_switch_config &config,
                         const pcie_link_config &above, bool above_cuts_through,
                         const std::vector<pcie_link_config> &below, const std::vector<bool> &below_cut_through)
    : sc_core::sc_module(name), model_(pcie_switch_create(whole.handle(), this->name(), &config)),
      upstream_("upstream", whole, above, tlp_end::lower, pcie_switch_end(model_), above_cuts_through)
{
    pcie_switch_bind_upstream(model_, upstream_.port());
    upstream_.on_debug([this](tlm::tlm_generic_payload &payload, tlp &header) { return debug(0, payload, header); });
    if (below.size() != config.downstream_count) {
        SC_REPORT_FATAL("/Doorbell/pcie", (std::string(this->name()) + ": a link for each downstream port").c_str());
    }
    for (unsigned i = 0; i < below.size(); i++) {
        downstream_.push_back(std::make_unique<tlp_port>(numbered("downstream", i).c_str(), whole, below[i],
                                                         tlp_end::upper, pcie_switch_end(model_),
                                                         at(below_cut_through, i)));
        pcie_switch_bind_downstream(model_, i, downstream_[i]->port());
        downstream_[i]->on_debug(
            [this, i](tlm::tlm_generic_payload &payload, tlp &header) { return debug(i + 1, payload, header); });
    }
}

/* ---- Root complex ---- */

namespace
{

bus_target_options host_options(const root_complex::options &how)
{
    bus_target_options options;

    options.offset = how.host_offset;
    options.slots = how.slots;
    return options;
}

} // namespace

root_complex::root_complex(const sc_core::sc_module_name &name, simulation &whole, const root_complex_config &config,
                           const std::vector<pcie_link_config> &below, const std::vector<bool> &below_cut_through)
    : root_complex(name, whole, config, below, below_cut_through, options())
{
}

root_complex::root_complex(const sc_core::sc_module_name &name, simulation &whole, const root_complex_config &config,
                           const std::vector<pcie_link_config> &below, const std::vector<bool> &below_cut_through,
                           const options &how)
    : sc_core::sc_module(name), whole_(whole), model_(root_complex_create(whole.handle(), this->name(), &config)),
      host_("host", whole, host_options(how))
{
    sim_component *component = root_complex_component(model_);
    bus_initiator_options memory;

    if (below.size() != config.port_count) {
        SC_REPORT_FATAL("/Doorbell/pcie", (std::string(this->name()) + ": a link for each root port").c_str());
    }
    for (unsigned i = 0; i < below.size(); i++) {
        links_.push_back(std::make_unique<tlp_port>(numbered("link", i).c_str(), whole, below[i], tlp_end::upper,
                                                    root_complex_end(model_), at(below_cut_through, i)));
        root_complex_bind_link(model_, i, links_[i]->port());
        links_[i]->on_debug(
            [this, i](tlm::tlm_generic_payload &payload, tlp &header) { return debug_below(i, payload, header); });
    }
    root_complex_bind_host(model_, host_.attach(component));
    host_.on_debug(
        [this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug_host(payload, address); });
    memory.latency = how.latency;
    memory.slots = how.slots;
    memory.posted = true;
    for (unsigned i = 0; i < config.memory_ports; i++) {
        memories_.push_back(std::make_unique<bus_initiator>(numbered("memory", i).c_str(), whole, memory));
        root_complex_bind_memory(model_, i, memories_[i]->attach(component));
        messages_.push_back(std::make_unique<tlm_utils::simple_target_socket_tagged_optional<root_complex>>(
            numbered("ats", i).c_str()));
        messages_[i]->register_nb_transport_fw(this, &root_complex::take_message, static_cast<int>(i));
        messages_[i]->register_b_transport(this, &root_complex::take_message_at_once, static_cast<int>(i));
    }
}

bool root_complex::inject(int port, const tlm::tlm_generic_payload &payload, sim_time at)
{
    const simulation::acting now(whole_);
    const tlp *header = payload.get_extension<tlp>();
    const sideband *beside = payload.get_extension<sideband>();
    sim_packet *packet;

    if (header == nullptr || header->kind != tlp_kind::message) {
        return false;
    }
    packet = sim_packet_new(whole_.handle(), header->length);
    header->store(packet);
    if (beside != nullptr) {
        packet->stream_id = beside->stream_id;
        packet->flags |= beside->has_stream_id ? SIM_FLAG_HAS_STREAM_ID : 0;
    }
    packet->born = whole_.now();
    packet->last_mark = packet->born;
    std::copy_n(payload.get_data_ptr(), header->length, packet->data);
    memories_[static_cast<size_t>(port)]->inject(packet, at);
    return true;
}

tlm::tlm_sync_enum root_complex::take_message(int port, tlm::tlm_generic_payload &payload, tlm::tlm_phase &,
                                              sc_core::sc_time &delay)
{
    const bool taken = inject(port, payload, whole_.now() + whole_.from_kernel(delay));

    payload.set_response_status(taken ? tlm::TLM_OK_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
    return tlm::TLM_COMPLETED;
}

void root_complex::take_message_at_once(int port, tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const bool taken = inject(port, payload, whole_.now() + whole_.from_kernel(delay));

    payload.set_response_status(taken ? tlm::TLM_OK_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
}

} // namespace doorbell
