#include "sweep/plan.h"

#include "scenario/units.h"
#include "sim/allocate.h"
#include "sim/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

static bool is_drawn(const struct scenario_sweep *sweep)
{
    return sweep->combine == SCENARIO_COMBINE_RANDOM || sweep->combine == SCENARIO_COMBINE_LATIN_HYPERCUBE;
}

/** Number of points; UINT64_MAX if there are more than SWEEP_MAX_RUNS. */
static uint64_t count_points(const struct scenario_sweep *sweep)
{
    uint64_t points = 1;

    if (is_drawn(sweep)) {
        return sweep->samples;
    }
    if (sweep->combine == SCENARIO_COMBINE_ZIP) {
        return sweep->axes[0].value_count;
    }
    for (size_t i = 0; i < sweep->axis_count; i++) {
        points *= sweep->axes[i].value_count;
        if (points > SWEEP_MAX_RUNS) {
            return UINT64_MAX;
        }
    }
    return points;
}

/** A number below @p count, drawn for the slice that sample @p place of @p count falls into. */
static uint64_t draw_slice(struct sim_random *random, uint64_t place, uint64_t count)
{
    uint128 wide = ((uint128)place << 64) + sim_random_u64(random);

    return (uint64_t)(wide / count);
}

/** Draws one axis: its stream has the axis' name, so another axis changes none of its numbers. */
static void draw_axis(struct sweep_plan *plan, size_t axis)
{
    const size_t axes = plan->sweep->axis_count;
    struct sim_random random;
    char name[256];
    uint64_t *places;

    snprintf(name, sizeof(name), "sweep %s", plan->sweep->axes[axis].key);
    sim_random_init(&random, plan->seed, name);
    if (plan->sweep->combine == SCENARIO_COMBINE_RANDOM) {
        for (uint64_t i = 0; i < plan->points; i++) {
            plan->draws[i * axes + axis] = sim_random_u64(&random);
        }
        return;
    }
    places = sim_allocate(plan->points, sizeof(*places));
    for (uint64_t i = 0; i < plan->points; i++) {
        uint64_t other = sim_random_below(&random, i + 1);

        places[i] = places[other];
        places[other] = i;
    }
    for (uint64_t i = 0; i < plan->points; i++) {
        plan->draws[i * axes + axis] = draw_slice(&random, places[i], plan->points);
    }
    free(places);
}

bool sweep_plan_make(const struct scenario *scenario, struct sweep_plan *plan, char *why, size_t size)
{
    memset(plan, 0, sizeof(*plan));
    if (scenario->sweep == NULL) {
        snprintf(why, size, "E0401 %s has no `sweep:`", scenario->path);
        return false;
    }
    plan->sweep = scenario->sweep;
    plan->seed = scenario->seed;
    plan->replications = scenario->sweep->replications;
    plan->points = count_points(scenario->sweep);
    if (plan->points > SWEEP_MAX_RUNS / plan->replications) {
        snprintf(why, size, "E0402 the sweep has more than %" PRIu64 " runs", SWEEP_MAX_RUNS);
        return false;
    }
    plan->runs = plan->points * plan->replications;
    if (is_drawn(plan->sweep)) {
        plan->draws = sim_allocate(plan->points * plan->sweep->axis_count, sizeof(*plan->draws));
        for (size_t i = 0; i < plan->sweep->axis_count; i++) {
            draw_axis(plan, i);
        }
    }
    return true;
}

void sweep_plan_clear(struct sweep_plan *plan)
{
    free(plan->draws);
    memset(plan, 0, sizeof(*plan));
}

/** Which of its values an axis has at a point of a grid: the last axis varies fastest. */
static size_t grid_index(const struct scenario_sweep *sweep, uint64_t point, size_t axis)
{
    for (size_t i = sweep->axis_count; i-- > axis + 1;) {
        point /= sweep->axes[i].value_count;
    }
    return (size_t)(point % sweep->axes[axis].value_count);
}

/** A place in a range without steps, in whole base units. */
static uint64_t range_draw(const struct scenario_axis *axis, uint64_t fraction)
{
    uint64_t width = axis->high - axis->low;

    if (axis->scale == SCENARIO_SCALE_LOG) {
        double part = (double)fraction / 18446744073709551616.0;
        double value = (double)axis->low * pow((double)axis->high / (double)axis->low, part);

        return value >= (double)axis->high ? axis->high : (uint64_t)value;
    }
    return axis->low + (uint64_t)(((uint128)fraction * ((uint128)width + 1)) >> 64);
}

void sweep_plan_value(const struct sweep_plan *plan, uint64_t point, size_t axis, struct sweep_value *value)
{
    const struct scenario_sweep *sweep = plan->sweep;
    const struct scenario_axis *description = &sweep->axes[axis];
    uint64_t fraction;

    if (!is_drawn(sweep)) {
        size_t index = sweep->combine == SCENARIO_COMBINE_ZIP ? (size_t)point : grid_index(sweep, point, axis);

        value->text = description->values[index];
        return;
    }
    fraction = plan->draws[point * sweep->axis_count + axis];
    if (description->value_count > 0) {
        value->text = description->values[(size_t)(((uint128)fraction * description->value_count) >> 64)];
        return;
    }
    units_format((enum units_kind)description->unit, range_draw(description, fraction), value->buffer,
                 sizeof(value->buffer));
    value->text = value->buffer;
}

uint64_t sweep_plan_point(const struct sweep_plan *plan, uint64_t run)
{
    return run / plan->replications;
}

uint64_t sweep_plan_seed(const struct sweep_plan *plan, uint64_t run)
{
    return plan->seed + run % plan->replications;
}
