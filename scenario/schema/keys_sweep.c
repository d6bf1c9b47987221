#include "scenario/schema/keys_table.h"

static bool has_samples(const void *structure)
{
    const struct scenario_sweep *sweep = structure;

    return sweep->combine == SCENARIO_COMBINE_RANDOM || sweep->combine == SCENARIO_COMBINE_LATIN_HYPERCUBE;
}

/* What is shown: the values, or the range that they were made of. */

static bool has_values(const void *structure)
{
    return ((const struct scenario_axis *)structure)->from == NULL;
}

static bool has_range(const void *structure)
{
    return !has_values(structure);
}

static bool has_steps(const void *structure)
{
    return ((const struct scenario_axis *)structure)->steps != 0;
}

static bool has_step(const void *structure)
{
    return ((const struct scenario_axis *)structure)->step != NULL;
}

static const struct scenario_key axis_keys[] = {
    {.name = "key",
     KEY_FIELD(scenario_axis, key),
     .type = &scenario_type_text,
     .required = true,
     .doc = "Path of the key that varies, as `--set` takes it: `smmu.S.tlb.entries`, `traffic.epA.0.msi.rate`."},
    {.name = "values",
     KEY_WHOLE,
     .type = &scenario_type_values,
     .shown = has_values,
     .doc = "What it is set to, one after the other."},
    {.name = "from",
     KEY_FIELD(scenario_axis, from),
     .type = &scenario_type_text,
     .shown = has_range,
     .doc = "In place of `values`: the smallest value, a number with the key's unit."},
    {.name = "to",
     KEY_FIELD(scenario_axis, to),
     .type = &scenario_type_text,
     .shown = has_range,
     .doc = "The largest value."},
    {.name = "steps",
     KEY_FIELD(scenario_axis, steps),
     .type = &scenario_type_number,
     .automatic = "random and latin-hypercube sweeps take any value of the range",
     .minimum = "2",
     .maximum = "1000000",
     .unit_name = "values",
     .shown = has_steps,
     .doc = "How many values from `from` to `to`, both among them; those between are rounded to four digits."},
    {.name = "step",
     KEY_FIELD(scenario_axis, step),
     .type = &scenario_type_text,
     .shown = has_step,
     .doc = "In place of `steps`: from one value to the next."},
    {.name = "scale",
     KEY_FIELD(scenario_axis, scale),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"linear", "log", NULL},
     .standard = "linear",
     .shown = has_range,
     .doc = "Whether values between `from` and `to` have equal differences or equal ratios."},
};
static const struct scenario_table axis_table = {.name = "axis",
                                                 .path = "sweep.axes.N",
                                                 .doc = "One key that a sweep varies.",
                                                 TABLE_KEYS(axis_keys),
                                                 TABLE_PLAIN(scenario_axis)};

static const struct scenario_key sweep_keys[] = {
    {.name = "combine",
     KEY_FIELD(scenario_sweep, combine),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"grid", "zip", "random", "latin-hypercube", NULL},
     .standard = "grid",
     .doc =
         "How the axes make points: `grid` takes every combination, `zip` the first values of all axes, then the "
         "second ones; `random` draws each axis on its own, `latin-hypercube` so that every axis is covered evenly."},
    {.name = "samples",
     KEY_FIELD(scenario_sweep, samples),
     .type = &scenario_type_number,
     .standard = "100",
     .minimum = "1",
     .maximum = "10000000",
     .unit_name = "points",
     .applies = has_samples,
     .needs = "`combine: random` or `combine: latin-hypercube`",
     .doc = "How many points are drawn. The same seed draws the same points."},
    {.name = "replications",
     KEY_FIELD(scenario_sweep, replications),
     .type = &scenario_type_number,
     .standard = "1",
     .minimum = "1",
     .maximum = "10000",
     .unit_name = "runs",
     .doc = "Runs of each point, with the seeds `seed`, `seed` + 1, ..."},
    {.name = "axes",
     KEY_ARRAY(KEY_LIST, scenario_sweep, axes, axis_count),
     .table = &axis_table,
     .required = true,
     .doc = "The keys that vary."},
};
const struct scenario_table scenario_table_sweep = {.name = "sweep",
                                                    .path = "sweep",
                                                    .doc = "Axes of variation, for `doorbell sweep`.",
                                                    TABLE_KEYS(sweep_keys),
                                                    TABLE_PLAIN(scenario_sweep)};

static const struct scenario_key until_keys[] = {
    {.name = "metric",
     KEY_FIELD(scenario_until, metric),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"msi.latency.mean", NULL},
     .standard = "msi.latency.mean",
     .doc = "What has to be known: the mean latency of all devices' MSIs."},
    {.name = "ci",
     KEY_FIELD(scenario_until, ci),
     .type = &scenario_type_share,
     .standard = "1 %",
     .minimum = "10 ppm",
     .maximum = "50 %",
     .doc = "How well: half width of the metric's 95 % confidence interval, as a share of the metric."},
};
const struct scenario_table scenario_table_until = {.name = "until",
                                                    .path = "until",
                                                    .doc = "What ends a run early.",
                                                    TABLE_KEYS(until_keys),
                                                    TABLE_PLAIN(scenario_until)};
