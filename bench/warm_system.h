/* The reference topology brought up, with traffic running and caches warm: what the benchmarks of the whole measure. */
#ifndef DOORBELL_BENCH_WARM_SYSTEM_H
#define DOORBELL_BENCH_WARM_SYSTEM_H

#include "result/collector.h"
#include "scenario/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace bench
{

/** A system brought up, with traffic running and caches warm. */
class warm_system
{
  public:
    /** Throws std::runtime_error if that cannot be. @param duration of the traffic */
    warm_system(sim_engine_kind engine, const char *duration)
    {
        const std::string set = std::string("duration=") + duration;
        const char *const sets[] = {set.c_str()};
        scenario_options options = {sets, 1};
        diagnostics errors = {};
        system_options how = {};
        host_error error = {};

        scenario_ = scenario_load(DOORBELL_BENCH_DIR "/scenarios/reference-msi.yaml", &options, &errors);
        diagnostics_clear(&errors);
        how.engine = engine;
        system_ = scenario_ != nullptr ? system_create(scenario_, &how, &error) : nullptr;
        if (system_ == nullptr || !system_bring_up(system_, &error)) {
            throw std::runtime_error(scenario_ == nullptr ? "the scenario does not load" : error.text);
        }
        std::vector<uint32_t> device_of;
        for (size_t i = 0; i < system_stream_count(system_); i++) {
            device_of.push_back(system_stream(system_, i)->function_index);
        }
        collector_ = collector_create(simulation(), device_of.data(), static_cast<uint32_t>(device_of.size()),
                                      static_cast<uint32_t>(system_function_count(system_)));
        start_ = system_start_traffic(system_, scenario_->duration);
        collector_start(collector_, start_, scenario_->warmup, scenario_->duration);
        sim_run(simulation(), start_ + 100 * SIM_US);
        end_ = start_ + 100 * SIM_US;
    }

    ~warm_system()
    {
        if (system_ != nullptr) {
            sim_observe(simulation(), nullptr);
        }
        collector_destroy(collector_);
        system_destroy(system_);
        scenario_free(scenario_);
    }

    warm_system(const warm_system &) = delete;
    warm_system &operator=(const warm_system &) = delete;

    void advance(sim_time duration)
    {
        end_ += duration;
        sim_run(simulation(), end_);
    }

    uint64_t delivered() const
    {
        return collector_delivered(collector_);
    }

    sim *simulation()
    {
        return system_sim(system_);
    }

  private:
    scenario *scenario_ = nullptr;
    struct system *system_ = nullptr;
    collector *collector_ = nullptr;
    sim_time start_ = 0;
    sim_time end_ = 0;
};

} // namespace bench

#endif
