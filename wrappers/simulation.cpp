#include "wrappers/simulation.h"

#include <cmath>
#include <string>
#include <utility>

namespace doorbell
{

namespace
{

/** Bytes of a payload block: the largest bus request. */
constexpr uint32_t kPayloadBytes = 4096;

/** What a model cannot go on with: by default the kernel shows it and ends the process; it may throw as well. */
void report(void *, const char *message)
{
    SC_REPORT_FATAL("/Doorbell/model", message);
}

} // namespace

simulation::simulation(const sc_core::sc_module_name &name) : simulation(name, options())
{
}

simulation::simulation(const sc_core::sc_module_name &name, const options &how) : sc_core::sc_module(name)
{
    sim_config config = {};

    config.engine = SIM_ENGINE_NATIVE;
    config.seed = how.seed;
    config.shuffle = how.shuffle;
    config.shuffle_seed = how.shuffle_seed;
    config.payload_block = kPayloadBytes;
    config.panic = report;
    sim_ = sim_create(&config);
    resolution_ = static_cast<sim_time>(std::llround(sc_core::sc_get_time_resolution().to_seconds() * 1e15));
    SC_HAS_PROCESS(simulation);
    SC_METHOD(step);
    sensitive << due_;
    dont_initialize();
}

simulation::~simulation()
{
    sim_destroy(sim_);
}

sim_time simulation::now() const
{
    return from_kernel(sc_core::sc_time_stamp());
}

sc_core::sc_time simulation::to_kernel(sim_time duration) const
{
    return sc_core::sc_time::from_value((duration + resolution_ - 1) / resolution_);
}

sim_time simulation::from_kernel(const sc_core::sc_time &duration) const
{
    return duration.value() * resolution_;
}

void simulation::watch(std::function<void()> what)
{
    watchers_.push_back(std::move(what));
}

void simulation::listen(std::function<void(const event &)> who)
{
    if (listeners_.empty()) {
        sim_observer observer = {};

        observer.context = this;
        observer.event = tell;
        sim_observe(sim_, &observer);
    }
    listeners_.push_back(std::move(who));
}

void simulation::tell(void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *where,
                      sim_time time, uint32_t detail)
{
    for (const auto &listener : static_cast<simulation *>(context)->listeners_) {
        listener({kind, packet, where, time, detail});
    }
}

void simulation::start_of_simulation()
{
    for (size_t i = 0; i < sim_component_count(sim_); i++) {
        const sim_component *component = sim_component_at(sim_, i);

        /* Those with a period of 1 fs are the wrappers' own ends, which act at any time. */
        if (component->period > 1 && component->period % resolution_ != 0) {
            const std::string text = std::string("the clock period of ") + component->name + ", " +
                                     std::to_string(component->period) +
                                     " fs, is not a multiple of the kernel's time resolution: call "
                                     "sc_set_time_resolution(1, SC_FS) first";

            SC_REPORT_FATAL("/Doorbell/time", text.c_str());
        }
    }
    arm();
}

void simulation::arm()
{
    const sim_time next = sim_next_due(sim_);

    if (next < armed_) {
        armed_ = next;
        due_.notify(to_kernel(next - now()));
    }
}

void simulation::step()
{
    armed_ = SIM_TIME_NEVER;
    depth_++;
    sim_run(sim_, now());
    for (const auto &watcher : watchers_) {
        watcher();
    }
    depth_--;
    arm();
}

void simulation::enter()
{
    if (depth_++ == 0) {
        sim_bring_forward(sim_, now());
    }
}

void simulation::leave()
{
    if (--depth_ == 0) {
        arm();
    }
}

} // namespace doorbell
