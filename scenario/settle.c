#include "scenario/settle.h"

#include "result/collector.h"
#include "result/steady.h"
#include "scenario/system_internal.h"

/* Between two looks, progress and interrupts are looked at so many times in a whole duration. */
#define STRETCHES 200u

/** A first run. */
struct pilot {
    const struct scenario *scenario;
    const struct scenario_run_options *options;
    struct system *system;
    struct collector *collector;
    struct steady *steady;
    sim_time start; /**< of the traffic */
    sim_time least; /**< duration that a run has at least */
};

bool scenario_is_open(const struct scenario *scenario)
{
    return scenario->until != NULL || scenario->warmup == SCENARIO_WARMUP_AUTO;
}

/** The last time at which the scenario says that something begins: a run that ends earlier would not be this one. */
static sim_time last_beginning(const struct scenario *scenario)
{
    sim_time last = 0;

    for (size_t i = 0; i < scenario->action_count; i++) {
        last = sim_time_max(last, scenario->actions[i].at);
    }
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        for (size_t j = 0; j < scenario->traffic[i].stream_count; j++) {
            const struct scenario_stream *stream = &scenario->traffic[i].streams[j];

            last = sim_time_max(last, stream->msi != NULL ? stream->msi->start : scenario_stream_dma(stream)->start);
        }
    }
    return last;
}

static bool is_interrupted(const struct pilot *pilot)
{
    return pilot->options->interrupted != NULL && *pilot->options->interrupted != 0;
}

/** Runs on to a time. @return false if interrupted, or if the system failed: the run that counts says how */
static bool run_to(struct pilot *pilot, sim_time end)
{
    const sim_time stretch = pilot->scenario->duration / STRETCHES + 1;

    for (sim_time now = sim_now(pilot->system->sim); now < end;) {
        now = sim_time_min(now + stretch, end);
        if (is_interrupted(pilot)) {
            return false;
        }
        system_run(pilot->system, now);
        if (pilot->options->progress != NULL) {
            const struct scenario_progress progress = {.now = now - pilot->start,
                                                       .duration = pilot->scenario->duration,
                                                       .msis = collector_born(pilot->collector)};

            pilot->options->progress(pilot->options->progress_context, &progress);
        }
    }
    return system_failure(pilot->system) == NULL;
}

/** Takes what a look at the series says over. */
static void note(const struct steady_look *look, sim_time duration, struct run_settling *settling)
{
    settling->duration = duration;
    settling->warmup_is_over = look->warmup_is_over;
    if (settling->finds_warmup) {
        settling->warmup = look->warmup;
    }
}

/** Looks at ever longer parts of the run until it is enough. @return whether it was before the whole duration */
static bool search(struct pilot *pilot, struct run_settling *settling)
{
    const sim_time limit = pilot->start + pilot->scenario->duration;
    unsigned in_a_row = 0;

    for (size_t bins = steady_next_look(0); bins < STEADY_BINS; bins = steady_next_look(bins)) {
        const sim_time end = steady_end(pilot->steady, bins);
        struct steady_look look;

        if (end >= limit || !run_to(pilot, end)) {
            return false;
        }
        if (end < pilot->start + pilot->least) {
            continue;
        }
        settling->looks++;
        look = steady_look_at(pilot->steady, bins, settling->finds_warmup);
        in_a_row = look.warmup_is_over && steady_is_enough(&look.mean, settling->ci) ? in_a_row + 1 : 0;
        if (in_a_row == 2) {
            note(&look, end - pilot->start, settling);
            return true;
        }
    }
    return false;
}

/** Has no end been found, the run has its whole duration, and the warm-up is that of all of it. */
static void settle_for_all(struct pilot *pilot, struct run_settling *settling)
{
    struct steady_look look = {.warmup_is_over = true};

    if (settling->finds_warmup && run_to(pilot, pilot->start + pilot->scenario->duration)) {
        look = steady_look_at(pilot->steady, STEADY_BINS, true);
    }
    note(&look, pilot->scenario->duration, settling);
    if (settling->warmup >= settling->duration) {
        settling->warmup = settling->duration / 2;
    }
}

static void run_pilot(struct pilot *pilot, struct run_settling *settling)
{
    const struct sim_observer listener = steady_observer(pilot->steady);
    const struct scenario *scenario = pilot->scenario;

    collector_also(pilot->collector, &listener);
    pilot->start = system_start_traffic(pilot->system, scenario->duration);
    collector_start(pilot->collector, pilot->start, 0, scenario->duration);
    steady_start(pilot->steady, pilot->start + settling->warmup, pilot->start + scenario->duration);
    settling->is_enough = settling->has_until && search(pilot, settling);
    if (!settling->is_enough) {
        settle_for_all(pilot, settling);
    }
}

bool scenario_settle(const struct scenario *scenario, const struct scenario_run_options *options,
                     struct scenario *settled, struct run_settling *settling, struct host_error *error)
{
    struct system_options first = options->system;
    struct pilot pilot = {.scenario = scenario, .options = options, .least = last_beginning(scenario) + 1};

    *settling = (struct run_settling){.has_until = scenario->until != NULL,
                                      .ci = scenario->until != NULL ? scenario->until->ci : 0,
                                      .limit = scenario->duration,
                                      .finds_warmup = scenario->warmup == SCENARIO_WARMUP_AUTO};
    settling->warmup = settling->finds_warmup ? 0 : scenario->warmup;
    if (first.engine == SIM_ENGINE_SYSTEMC) {
        first.engine = SIM_ENGINE_NATIVE; /* that kernel runs one simulation in a process, and results are the same */
    }
    pilot.system = system_create(scenario, &first, error);
    if (pilot.system == NULL || !system_bring_up(pilot.system, error)) {
        system_destroy(pilot.system);
        return false;
    }
    pilot.collector = scenario_observe(pilot.system);
    pilot.steady = steady_create();
    run_pilot(&pilot, settling);
    collector_destroy(pilot.collector);
    steady_destroy(pilot.steady);
    system_destroy(pilot.system);
    *settled = *scenario;
    settled->duration = settling->duration;
    settled->warmup = settling->warmup;
    settled->until = NULL;
    return true;
}
