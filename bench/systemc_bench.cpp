/*
 * The systemc engine against what its kernel lets it be: the same run, and a replay of that run's own schedule through
 * the bare kernel, one SC_METHOD and one sc_event a component that do nothing but notify what the run notified. The
 * kernel elaborates once a process, so each measurement has a process of its own; they alternate, and the best of each
 * counts, as other work on the machine only adds.
 */
#include "bench/warm_system.h"
#include "sim/systemc/kernel_time.h"
#include "sim/systemc/systemc_engine.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <ctime>
#include <functional>
#include <memory>
#include <sys/wait.h>
#include <systemc>
#include <unistd.h>
#include <vector>

namespace
{

using bench::warm_system;

constexpr sim_time kStretch = 40 * SIM_MS;

/** What a process measured. */
struct measured {
    double seconds = 0;
    double msis = 0;

    double rate() const
    {
        return seconds > 0 ? msis / seconds : 0;
    }
};

measured in_a_process(const std::function<measured()> &measure)
{
    int ends[2];
    measured result;

    if (pipe(ends) != 0) {
        return result;
    }
    const pid_t child = fork();
    if (child == 0) {
        const measured mine = measure();

        _exit(write(ends[1], &mine, sizeof(mine)) == sizeof(mine) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &result, sizeof(result)) != sizeof(result)) {
        result = measured();
    }
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return result;
}

/** Of the processor, which other work on the machine disturbs less than those of the wall. */
double seconds_of(const std::function<void()> &work)
{
    timespec begin = {};
    timespec end = {};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    work();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return static_cast<double>(end.tv_sec - begin.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec);
}

measured run(sim_engine_kind engine)
{
    warm_system system(engine, "1000 s");
    const uint64_t before = system.delivered();
    measured result;

    result.seconds = seconds_of([&] { system.advance(kStretch); });
    result.msis = static_cast<double>(system.delivered() - before);
    return result;
}

/** A recorded schedule, and where its replay stands. */
struct replay {
    std::vector<sim_schedule_entry> entries;
    std::vector<sim_time> due; /**< of each component when recording began */
    sim_time begin = 0;
    bool follows = true; /**< the kernel's instants have been those of the run */
    size_t count = 0;
    size_t next = 0;
    sim_time instant = UINT64_MAX; /**< of the kernel's time, whose notifications have been made */
    std::vector<sc_core::sc_event *> events;

    /** Notifies what the run notified at its next instant, a batch of the schedule. */
    void go_on()
    {
        const sim_time now = kernel_now();

        if (now == instant || next >= count) {
            return;
        }
        instant = now;
        const sim_time from = entries[next++].time;
        follows = follows && from - begin == now;
        for (; next < count && entries[next].component != UINT32_MAX; next++) {
            events[entries[next].component]->notify(kernel_time_quickly(entries[next].time - from));
        }
    }
};

class bare_component : public sc_core::sc_module
{
  public:
    sc_core::sc_event due;

    bare_component(const sc_core::sc_module_name &name, replay *whose) : sc_core::sc_module(name), replay_(whose)
    {
        SC_HAS_PROCESS(bare_component);
        SC_METHOD(evaluate);
        sensitive << due;
        dont_initialize();
    }

  private:
    void evaluate()
    {
        replay_->go_on();
    }

    replay *replay_;
};

measured run_bare()
{
    replay schedule;
    sim_schedule recorded = {};
    measured result;
    size_t components = 0;

    schedule.entries.resize(12000000);
    {
        warm_system system(SIM_ENGINE_NATIVE, "1000 s");
        const uint64_t before = system.delivered();

        recorded.entries = schedule.entries.data();
        recorded.capacity = schedule.entries.size();
        components = sim_component_count(system.simulation());
        schedule.begin = sim_now(system.simulation());
        for (size_t i = 0; i < components; i++) {
            schedule.due.push_back(sim_component_at(system.simulation(), i)->due);
        }
        sim_record_schedule(system.simulation(), &recorded);
        system.advance(kStretch);
        result.msis = static_cast<double>(system.delivered() - before);
    }
    schedule.count = recorded.count;
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    if (recorded.count == recorded.capacity || !kernel_time_is_a_word()) {
        return measured();
    }
    std::vector<std::unique_ptr<bare_component>> modules;
    for (size_t i = 0; i < components; i++) {
        modules.push_back(std::make_unique<bare_component>(sc_core::sc_gen_unique_name("bare"), &schedule));
        schedule.events.push_back(&modules.back()->due);
    }
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (size_t i = 0; i < components; i++) {
        if (schedule.due[i] != SIM_TIME_NEVER) {
            schedule.events[i]->notify(kernel_time(schedule.due[i] - schedule.begin));
        }
    }
    result.seconds =
        seconds_of([] { sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_SEC), sc_core::SC_EXIT_ON_STARVATION); });
    return schedule.follows && schedule.next == schedule.count ? result : measured();
}

/** MSIs per second of each, and how they stand to each other. */
void systemc_against_its_kernel(benchmark::State &state)
{
    measured best[3];

    if (sim_systemc_engine() == nullptr) {
        state.SkipWithError("this build has no systemc engine");
        return;
    }
    for (auto _ : state) {
        const std::function<measured()> kinds[] = {[] { return run(SIM_ENGINE_NATIVE); },
                                                   [] { return run(SIM_ENGINE_SYSTEMC); }, run_bare};

        for (size_t i = 0; i < 3; i++) {
            const measured now = in_a_process(kinds[i]);

            best[i] = now.rate() > best[i].rate() ? now : best[i];
        }
    }
    state.counters["native"] = best[0].rate();
    state.counters["systemc"] = best[1].rate();
    state.counters["bare kernel"] = best[2].rate();
    state.counters["systemc/bare kernel"] = best[1].rate() / best[2].rate();
    state.counters["native/systemc"] = best[0].rate() / best[1].rate();
}
BENCHMARK(systemc_against_its_kernel)->Unit(benchmark::kMillisecond)->Iterations(20);

} // namespace
