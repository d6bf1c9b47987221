#include "scenario/schema/keys_table.h"

#include <string.h>

static const struct scenario_key root_keys[] = {
    {.name = "doorbell",
     KEY_FIELD(scenario, version),
     .type = &scenario_type_number,
     .minimum = "1",
     .maximum = "1",
     .required = true,
     .doc = "Version of the format: 1."},
    {.name = "base",
     .kind = KEY_FILE,
     .doc = "Another scenario file, relative to this one. This file is laid over it: maps are merged key by key, "
            "everything else is replaced, and `null` takes a key away."},
    {.name = "title",
     KEY_FIELD(scenario, title),
     .type = &scenario_type_text,
     .automatic = "the file's name",
     .doc = "One line that says what the scenario shows."},
    {.name = "seed",
     KEY_FIELD(scenario, seed),
     .type = &scenario_type_number,
     .standard = "1",
     .doc = "Seed of every random stream. The same file and seed give the same result."},
    {.name = "duration",
     KEY_FIELD(scenario, duration),
     .type = &scenario_type_time,
     .standard = "1 ms",
     .minimum = "1 ns",
     .maximum = "1000 s",
     .doc = "How long traffic arises, counted from the end of the software's set-up. What is under way then drains."},
    {.name = "warmup",
     KEY_FIELD(scenario, warmup),
     .type = &scenario_type_warmup,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1000 s",
     .doc = "MSIs that arise this early count in no latency. `auto`: the run is made twice, the first time to find out "
            "(MSER-5)."},
    {.name = "occupancy",
     KEY_FIELD(scenario, occupancy),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether a run records how full queues, caches and channels were over time; `--occupancy` does so too."},
    {.name = "platform",
     KEY_PART(scenario, platform),
     .table = &scenario_table_platform,
     .doc = "What stands between the PCIe root complexes and the PEs."},
    {.name = "pcie",
     KEY_ARRAY(KEY_NAMED, scenario, root_complexes, root_complex_count),
     .table = &scenario_table_root_complex,
     .required = true,
     .doc = "The root complexes, by name."},
    {.name = "software",
     KEY_PART(scenario, software),
     .table = &scenario_table_software,
     .doc = "What the operating system does."},
    {.name = "vms",
     KEY_ARRAY(KEY_NAMED, scenario, vms, vm_count),
     .table = &scenario_table_vm,
     .doc = "The virtual machines, by name."},
    {.name = "traffic",
     KEY_ARRAY(KEY_NAMED_LIST, scenario, traffic, traffic_count),
     .table = &scenario_table_traffic,
     .doc = "What each endpoint does: a map from endpoints to lists of streams."},
    {.name = "expect",
     KEY_WHOLE,
     .type = &scenario_type_expectations,
     .doc = "What must come out: a map from assumptions to `holds`, `violated` or `not-applicable`; from metrics to "
            "a value or a bound (`0`, `< 3 us`, `<= 10`, `\">= 5\"`, `1 us..3 us`); and from steps of the software "
            "(`epA.attach`, `epA.interrupts`, `epA.pasid-5`, `timeline.NAME`) to `ok` or an errno."},
    {.name = "timeline",
     KEY_ARRAY(KEY_LIST, scenario, actions, action_count),
     .table = &scenario_table_action,
     .doc = "What the software does while traffic runs: a list of actions."},
    {.name = "sweep",
     KEY_MAYBE(scenario, sweep),
     .table = &scenario_table_sweep,
     .doc = "Axes of variation: what `doorbell sweep` runs. The other verbs take the file as it is without them."},
    {.name = "until",
     KEY_MAYBE(scenario, until),
     .table = &scenario_table_until,
     .doc = "Ends the run as soon as a metric is known well enough; `duration` is then the longest that it takes."},
};
const struct scenario_table scenario_table_root = {
    .name = "scenario", .path = "", .doc = "The whole file.", TABLE_KEYS(root_keys), TABLE_PLAIN(scenario)};

const struct scenario_preset *scenario_table_find_preset(const struct scenario_table *table,
                                                         const struct scenario_key *key, const void *structure)
{
    const struct scenario_key *preset = &table->keys[0];
    uint32_t choice;

    if (table->preset_count == 0) {
        return NULL;
    }
    memcpy(&choice, (const char *)structure + preset->offset, sizeof(choice));
    for (size_t i = 0; i < table->preset_count; i++) {
        if (strcmp(table->presets[i].preset, preset->choices[choice]) == 0 &&
            strcmp(table->presets[i].key, key->name) == 0) {
            return &table->presets[i];
        }
    }
    return NULL;
}

const struct scenario_key *scenario_table_find(const struct scenario_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->keys[i].name, name) == 0) {
            return &table->keys[i];
        }
    }
    return NULL;
}
