#include "wrappers/gic.h"

#include "models/gic-its/gic.h"
#include "wrappers/cpu_port.h"
#include "wrappers/gic_internal.h"

#include <string>

namespace doorbell
{

/* ---- ITS ---- */

its::its(const sc_core::sc_module_name &name, simulation &whole, const its_config &config, const gic_options &how)
    : sc_core::sc_module(name), unmapped("unmapped"), whole_(whole), config_(config),
      model_(its_create(whole.handle(), this->name(), &config)),
      registers_("registers", whole, gic_register_options(how, true)),
      translation_("translation", whole, gic_register_options(how, true)),
      memory_("memory", whole, gic_memory_options(how))
{
    sim_component *component = its_component(model_);

    its_bind_target(model_, 0, registers_.attach(component));
    its_bind_target(model_, 1, translation_.attach(component));
    its_bind_memory(model_, memory_.attach(component));
    for (bus_target *target : {&registers_, &translation_}) {
        target->on_debug(
            [this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(payload, address); });
    }
    whole.watch([this] {
        if (unmapped.size() > 0 && unmapped->read() != its_umsi_interrupt(model_)) {
            level_.notify(sc_core::SC_ZERO_TIME);
        }
    });
    SC_HAS_PROCESS(its);
    SC_METHOD(drive_level);
    sensitive << level_;
    dont_initialize();
}

void its::drive_level()
{
    unmapped->write(its_umsi_interrupt(model_));
}

unsigned its::debug(tlm::tlm_generic_payload &payload, uint64_t address)
{
    return gic_debug(payload, address, config_.base, [this](uint64_t offset, uint32_t bytes, uint64_t *value) {
        return its_probe_register(model_, offset, bytes, value);
    });
}

void its::connect(redistributor &other, sim_time latency, unsigned credits)
{
    sim_component *self = its_component(model_);
    sim_component *peer = redistributor_component(other.model_);
    sim_channel *to = gic_join(whole_, self, peer, latency, credits);
    sim_channel *from = gic_join(whole_, peer, self, latency, 4);

    its_bind_redistributor(model_, other.config_.processor_number, to, from);
    redistributor_bind_its(other.model_, other.next_its_++, to, from);
}

/* ---- Redistributor ---- */

redistributor::redistributor(const sc_core::sc_module_name &name, simulation &whole, const redistributor_config &config,
                             const gic_options &how)
    : sc_core::sc_module(name), interrupt("interrupt"), wake("wake"), whole_(whole), config_(config),
      model_(redistributor_create(whole.handle(), this->name(), &config)),
      registers_("registers", whole, gic_register_options(how, false)),
      memory_("memory", whole, gic_memory_options(how))
{
    sim_component *component = redistributor_component(model_);

    redistributor_bind_target(model_, registers_.attach(component));
    redistributor_bind_memory(model_, memory_.attach(component));
    registers_.on_debug(
        [this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(payload, address); });
    whole.watch([this] {
        if (wake.size() > 0 && wake->read() != redistributor_wake_request(model_)) {
            level_.notify(sc_core::SC_ZERO_TIME);
        }
    });
    SC_HAS_PROCESS(redistributor);
    SC_METHOD(drive_wires);
    sensitive << level_;
    dont_initialize();
}

redistributor::~redistributor() = default;

void redistributor::before_end_of_elaboration()
{
    if (!has_pe_) {
        SC_REPORT_FATAL("/Doorbell/gic", (std::string(name()) + " has neither a pe nor a cpu socket").c_str());
    }
}

void redistributor::drive_wires()
{
    if (wake.size() > 0 && wake->read() != redistributor_wake_request(model_)) {
        wake->write(redistributor_wake_request(model_));
    }
    if (interrupt.size() > 0 && cpu_ != nullptr && interrupt->read() != cpu_->level()) {
        interrupt->write(cpu_->level());
    }
}

unsigned redistributor::debug(tlm::tlm_generic_payload &payload, uint64_t address)
{
    return gic_debug(payload, address, config_.base, [this](uint64_t offset, uint32_t bytes, uint64_t *value) {
        return redistributor_probe_register(model_, offset, bytes, value);
    });
}

tlm::tlm_target_socket<> &redistributor::cpu(sim_time period)
{
    if (cpu_ == nullptr) {
        const std::string called = std::string(basename()) + "_cpu";

        if (has_pe_) {
            SC_REPORT_FATAL("/Doorbell/gic", (std::string(name()) + " has a pe already").c_str());
        }
        has_pe_ = true;
        cpu_ = std::make_unique<cpu_port>(called.c_str(), whole_, model_, period,
                                          [this] { level_.notify(sc_core::SC_ZERO_TIME); });
    }
    return cpu_->socket();
}

void redistributor::connect(pe &other, sim_time latency)
{
    sim_component *self = redistributor_component(model_);
    sim_component *peer = pe_component(other.model_);

    if (has_pe_) {
        SC_REPORT_FATAL("/Doorbell/gic", (std::string(name()) + " has a pe or a cpu socket already").c_str());
    }
    has_pe_ = true;
    sim_channel *to = gic_join(whole_, self, peer, latency, 2);
    sim_channel *from = gic_join(whole_, peer, self, latency, 2);
    redistributor_bind_pe(model_, to, from);
    pe_bind_redistributor(other.model_, to, from);
}

/* ---- PE ---- */

pe::pe(const sc_core::sc_module_name &name, simulation &whole, const pe_config &config, const pe_options &how)
    : sc_core::sc_module(name), model_(pe_create(whole.handle(), this->name(), &config)),
      interrupts_("interrupts", whole, how.address)
{
    pe_observe_handlers(
        model_,
        [](void *context, uint32_t intid, sim_time start) {
            static_cast<pe *>(context)->interrupts_.tell(intid, start);
        },
        this);
}

pe::teller::teller(const sc_core::sc_module_name &name, simulation &whole, uint64_t address)
    : sc_core::sc_module(name), socket("socket"), whole_(whole), address_(address)
{
    socket.bind(*this);
}

void pe::teller::free(tlm::tlm_generic_payload *payload)
{
    free_.push_back(static_cast<record *>(payload));
}

void pe::teller::tell(uint32_t intid, sim_time start)
{
    if (socket.size() > 0) {
        waiting_.push_back({intid, start});
        send_some();
    }
}

void pe::teller::send_some()
{
    while (!busy_ && !waiting_.empty()) {
        const notice next = waiting_.front();

        waiting_.pop_front();
        send(next);
    }
}

void pe::teller::send(const notice &what)
{
    const sim_time now = whole_.now();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = whole_.to_kernel(what.start > now ? what.start - now : 0);
    record *own;

    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(static_cast<tlm::tlm_mm_interface *>(this)));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->acquire();
    sim_store_le32(own->data, what.intid);
    own->set_command(tlm::TLM_WRITE_COMMAND);
    own->set_address(address_);
    own->set_data_ptr(own->data);
    own->set_data_length(4);
    own->set_streaming_width(4);
    own->set_byte_enable_ptr(nullptr);
    own->set_dmi_allowed(false);
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    busy_ = true;
    const tlm::tlm_sync_enum said = socket->nb_transport_fw(*own, phase, delay);

    if (said == tlm::TLM_ACCEPTED) {
        return;
    }
    busy_ = false;
    if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        return;
    }
    if (said == tlm::TLM_UPDATED) {
        phase = tlm::END_RESP;
        socket->nb_transport_fw(*own, phase, delay);
    }
    own->release();
}

tlm::tlm_sync_enum pe::teller::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                               sc_core::sc_time &)
{
    const bool ends = phase == tlm::BEGIN_RESP;

    busy_ = false;
    if (ends) {
        phase = tlm::END_RESP;
        payload.release();
    }
    send_some();
    return ends ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
}

} // namespace doorbell
