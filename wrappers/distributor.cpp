#include "wrappers/distributor.h"

#include "wrappers/gic_internal.h"

namespace doorbell
{

namespace
{

/* What goes the other way: answers to recalls. */
constexpr unsigned kBackCredits = 8;

void refuse(const sc_core::sc_object &of, const std::string &why)
{
    SC_REPORT_FATAL("/Doorbell/gic", (std::string(of.name()) + " " + why).c_str());
}

} // namespace

/* ---- Distributor ---- */

distributor::distributor(const sc_core::sc_module_name &name, simulation &whole, const distributor_config &config,
                         const gic_options &how)
    : sc_core::sc_module(name), whole_(whole), config_(config),
      model_(distributor_create(whole.handle(), this->name(), &config)),
      registers_("registers", whole, gic_register_options(how, false))
{
    distributor_bind_target(model_, registers_.attach(distributor_component(model_)));
    registers_.on_debug(
        [this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(payload, address); });
}

void distributor::connect(redistributor &other, sim_time latency, unsigned credits)
{
    sim_component *self = distributor_component(model_);
    sim_component *peer = redistributor_component(other.model_);

    if (redistributors_ == config_.redistributors || !other.config_.spis) {
        refuse(*this, std::string("cannot be joined to ") + other.name() +
                          (other.config_.spis ? ": its configuration has no more redistributors"
                                              : ", whose configuration has no SPIs"));
    }
    sim_channel *to = gic_join(whole_, self, peer, latency, credits);
    sim_channel *from = gic_join(whole_, peer, self, latency, kBackCredits);

    distributor_bind_redistributor(model_, redistributors_++, to, from);
    redistributor_bind_distributor(other.model_, to, from);
}

unsigned distributor::debug(tlm::tlm_generic_payload &payload, uint64_t address)
{
    return gic_debug(payload, address, config_.base, [this](uint64_t offset, uint32_t bytes, uint64_t *value) {
        return distributor_probe_register(model_, offset, bytes, value);
    });
}

void distributor::before_end_of_elaboration()
{
    if (frames_ != config_.frames || redistributors_ != config_.redistributors) {
        refuse(*this, "has " + std::to_string(frames_) + " frames and " + std::to_string(redistributors_) +
                          " redistributors, but its configuration says " + std::to_string(config_.frames) + " and " +
                          std::to_string(config_.redistributors));
    }
}

/* ---- GICv2m frame ---- */

v2m::v2m(const sc_core::sc_module_name &name, simulation &whole, const v2m_config &config, const gic_options &how)
    : sc_core::sc_module(name), whole_(whole), config_(config),
      model_(v2m_create(whole.handle(), this->name(), &config)), frame_("frame", whole, gic_register_options(how, true))
{
    v2m_bind_target(model_, frame_.attach(v2m_component(model_)));
    frame_.on_debug([this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(payload, address); });
}

void v2m::connect(distributor &to, sim_time latency, unsigned credits)
{
    if (connected_ || to.frames_ == to.config_.frames) {
        refuse(*this, connected_
                          ? "has a distributor already"
                          : std::string("cannot be joined to ") + to.name() + ": its configuration has no more frames");
    }
    sim_channel *way = gic_join(whole_, v2m_component(model_), distributor_component(to.model_), latency, credits);

    connected_ = true;
    v2m_bind_distributor(model_, way);
    distributor_bind_frame(to.model_, to.frames_++, way);
}

unsigned v2m::debug(tlm::tlm_generic_payload &payload, uint64_t address)
{
    return gic_debug(payload, address, config_.base, [this](uint64_t offset, uint32_t bytes, uint64_t *value) {
        return v2m_probe_register(model_, offset, bytes, value);
    });
}

void v2m::before_end_of_elaboration()
{
    if (!connected_) {
        refuse(*this, "has no distributor");
    }
}

} // namespace doorbell
