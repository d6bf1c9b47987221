/* The resources of a scenario, and runs with one of them doubled. */
#include "sweep/bottleneck_internal.h"

#include "scenario/units.h"
#include "sim/allocate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Links that are tried: those at which MSIs wait longest. */
#define MOST_LINKS 12

/** The trials under way. */
struct trials {
    const struct bottleneck_file *file;
    struct bottleneck *result;
    size_t room;
};

/* ---- What there is to double ---- */

/** Adds a trial, of what the key is to be. */
static void add(struct trials *trials, enum bottleneck_resource resource, const char *key, const char *from,
                const char *to)
{
    struct bottleneck *result = trials->result;
    struct bottleneck_trial *trial;

    if (result->trial_count == trials->room) {
        trials->room = trials->room == 0 ? 64 : 2 * trials->room;
        result->trials = sim_reallocate(result->trials, trials->room, sizeof(*result->trials));
    }
    trial = &result->trials[result->trial_count++];
    *trial = (struct bottleneck_trial){
        .key = sim_copy_string(key), .from = sim_copy_string(from), .to = sim_copy_string(to), .resource = resource};
}

static void note_values(struct trials *trials, enum bottleneck_resource resource, enum units_kind kind, uint64_t value,
                        uint64_t other, const char *format, va_list arguments)
{
    char key[256];
    char from[32];
    char to[32];

    vsnprintf(key, sizeof(key), format, arguments);
    units_format(kind, value, from, sizeof(from));
    units_format(kind, other, to, sizeof(to));
    add(trials, resource, key, from, to);
}

/** Notes a resource; one of none (a cache that is not there, a limit that is not set) cannot be doubled. */
__attribute__((format(printf, 5, 6))) static void note(struct trials *trials, enum bottleneck_resource resource,
                                                       enum units_kind kind, uint64_t value, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (value != 0) {
        note_values(trials, resource, kind, value, 2 * value, format, arguments);
    }
    va_end(arguments);
}

/** Notes something that takes time: half of it is twice as much of what does it. */
__attribute__((format(printf, 5, 6))) static void note_pace(struct trials *trials, enum bottleneck_resource resource,
                                                            enum units_kind kind, uint64_t value, const char *format,
                                                            ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (value >= 2) {
        note_values(trials, resource, kind, value, value / 2, format, arguments);
    }
    va_end(arguments);
}

static void note_smmu(struct trials *trials, const struct scenario_smmu *smmu)
{
    const char *name = smmu->name;

    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, smmu->tlb.entries, "smmu.%s.tlb.entries", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, smmu->config_cache.entries, "smmu.%s.config-cache.entries", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, smmu->micro_tlb.entries, "smmu.%s.micro-tlb.entries", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, smmu->tbu_tlb.entries, "smmu.%s.tbu-tlb.entries", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, smmu->ipa_cache.entries, "smmu.%s.ipa-cache.entries", name);
    note(trials, BOTTLENECK_WALK, UNITS_NUMBER, smmu->walk_slots, "smmu.%s.walk-slots", name);
    note(trials, BOTTLENECK_SLOT, UNITS_NUMBER, smmu->translation_slots, "smmu.%s.translation-slots", name);
    note(trials, BOTTLENECK_SLOT, UNITS_NUMBER, smmu->config_slots, "smmu.%s.config-slots", name);
    note(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_NUMBER, smmu->command_queue_entries, "smmu.%s.command-queue", name);
    note_pace(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_CYCLES, smmu->command_cycles, "smmu.%s.command", name);
    note_pace(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_CYCLES, smmu->scan_cycles, "smmu.%s.scan", name);
}

static void note_its(struct trials *trials, const struct scenario_its *its)
{
    const char *name = its->name;

    note(trials, BOTTLENECK_SLOT, UNITS_NUMBER, its->translation_slots, "its.%s.translation-slots", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, its->device_cache_entries, "its.%s.device-cache", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, its->event_cache_entries, "its.%s.event-cache", name);
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, its->collection_cache_entries, "its.%s.collection-cache", name);
    note(trials, BOTTLENECK_CREDIT, UNITS_NUMBER, its->lpi_credits, "its.%s.lpi-credits", name);
    note(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_NUMBER, its->command_queue_entries, "its.%s.command-queue", name);
    note_pace(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_CYCLES, its->command_cycles, "its.%s.command", name);
}

static void note_link(struct trials *trials, const struct scenario_link *link, const char *name)
{
    note(trials, BOTTLENECK_PORT, UNITS_NUMBER, link->width, "%s.link.width", name);
    note(trials, BOTTLENECK_PORT, UNITS_TRANSFER, link->speed, "%s.link.speed", name);
    note(trials, BOTTLENECK_CREDIT, UNITS_NUMBER, link->credits.ph, "%s.link.credits.ph", name);
    note(trials, BOTTLENECK_CREDIT, UNITS_NUMBER, link->credits.pd, "%s.link.credits.pd", name);
    note(trials, BOTTLENECK_CREDIT, UNITS_NUMBER, link->credits.nph, "%s.link.credits.nph", name);
}

/** Whether a stage is at a component: is it, or begins with its name and something that no name has. */
static bool is_at(const char *stage, const char *name)
{
    const char *found = strstr(stage, name);
    const char *behind = found == NULL ? NULL : found + strlen(name);

    return found != NULL && (found == stage || strchr("- .", found[-1]) != NULL) &&
           (behind[0] == '\0' || strchr("- .", behind[0]) != NULL);
}

/** Whether a device is right below a root port, whose link it then has no own one beside. */
static bool is_below_root_port(const struct scenario *scenario, const struct scenario_device *device)
{
    for (size_t i = 0; i < scenario->component_count; i++) {
        const struct scenario_component *component = &scenario->components[i];

        if (component->kind == SCENARIO_CLASS_ROOT_PORT) {
            const struct scenario_root_port *port = component->object;

            if (port->below_count > 0 && &port->below[0] == device) {
                return true;
            }
        }
    }
    return false;
}

/** The link above a component that ends one; NULL if it has none, or if that is the root port's. */
static const struct scenario_link *link_of(const struct scenario *scenario, const struct scenario_component *component)
{
    const struct scenario_device *device;

    if (component->kind == SCENARIO_CLASS_ROOT_PORT) {
        return &((const struct scenario_root_port *)component->object)->link;
    }
    if (component->kind != SCENARIO_CLASS_ENDPOINT && component->kind != SCENARIO_CLASS_SWITCH) {
        return NULL;
    }
    device = component->object;
    return is_below_root_port(scenario, device) ? NULL : &device->link;
}

/** The component above a switch or an endpoint: the root port or device on its upstream side; NULL above others. */
static const struct scenario_component *above(const struct scenario *scenario,
                                              const struct scenario_component *component)
{
    const struct scenario_device *device = component->object;

    if (component->kind != SCENARIO_CLASS_ENDPOINT && component->kind != SCENARIO_CLASS_SWITCH) {
        return NULL;
    }
    for (size_t i = 0; i < scenario->component_count; i++) {
        const struct scenario_component *other = &scenario->components[i];
        const struct scenario_root_port *port = other->object;

        if (device->parent != NULL
                ? other->object == device->parent
                : other->kind == SCENARIO_CLASS_ROOT_PORT && port->below_count > 0 && &port->below[0] == device) {
            return other;
        }
    }
    return NULL;
}

/** The links at which MSIs wait, or in front of which they do, and those behind: what is full there makes wait here. */
static void note_links(struct trials *trials, const struct scenario *scenario)
{
    const struct bottleneck *result = trials->result;
    bool *noted = sim_allocate(scenario->component_count + 1, sizeof(*noted));
    unsigned links = 0;

    for (size_t i = 0; i < result->stage_count && result->stages[i].wait.mean > 0; i++) {
        for (size_t j = 0; j < scenario->component_count; j++) {
            const struct scenario_component *component = &scenario->components[j];

            if (!is_at(result->stages[i].name, component->name)) {
                continue;
            }
            while (component != NULL && !noted[component - scenario->components] && links < MOST_LINKS) {
                const struct scenario_link *link = link_of(scenario, component);

                noted[component - scenario->components] = true;
                if (link != NULL) {
                    note_link(trials, link, component->name);
                    links++;
                }
                component = above(scenario, component);
            }
        }
    }
    free(noted);
}

/** What the software does in lock step with hardware, and a queue that needs no software. */
static void note_machines(struct trials *trials, const struct scenario *scenario)
{
    const struct scenario_hypervisor *hypervisor = &scenario->software.hypervisor;

    if (scenario->vm_count > 0) {
        note_pace(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_CYCLES, hypervisor->its_command_cycles,
                  "software.hypervisor.its-command");
        note_pace(trials, BOTTLENECK_COMMAND_QUEUE, UNITS_CYCLES, hypervisor->smmu_command_cycles,
                  "software.hypervisor.smmu-command");
        note_pace(trials, BOTTLENECK_HYPERVISOR, UNITS_TIME, hypervisor->inject_time, "software.hypervisor.inject");
        note_pace(trials, BOTTLENECK_PE, UNITS_TIME, scenario->platform.pe.guest_handler_time,
                  "platform.pe.guest-handler");
    }
    for (size_t i = 0; i < scenario->vm_count; i++) {
        const struct scenario_vm *vm = &scenario->vms[i];
        char key[256];

        if (vm->smmu != SCENARIO_VM_SMMU_NONE && vm->queue == SCENARIO_VM_QUEUE_TRAPPED) {
            snprintf(key, sizeof(key), "vms.%s.queue", vm->name);
            add(trials, BOTTLENECK_COMMAND_QUEUE, key, "trapped", "direct");
        }
    }
}

static void note_all(struct trials *trials, const struct scenario *scenario)
{
    const struct scenario_platform *platform = &scenario->platform;

    for (size_t i = 0; i < platform->smmu_count; i++) {
        note_smmu(trials, &platform->smmu[i]);
    }
    for (size_t i = 0; i < platform->its_count; i++) {
        note_its(trials, &platform->its[i]);
    }
    note(trials, BOTTLENECK_CACHE, UNITS_NUMBER, platform->redistributor.config_cache_entries,
         "platform.redistributor.config-cache");
    note(trials, BOTTLENECK_PORT, UNITS_NUMBER, platform->interconnect.width, "platform.interconnect.width");
    note(trials, BOTTLENECK_PORT, UNITS_BANDWIDTH, platform->memory.bandwidth, "platform.memory.bandwidth");
    note(trials, BOTTLENECK_SLOT, UNITS_NUMBER, platform->memory.queue, "platform.memory.queue");
    note_pace(trials, BOTTLENECK_PE, UNITS_TIME, platform->pe.handler_time, "platform.pe.handler");
    note_machines(trials, scenario);
    note_links(trials, scenario);
}

/* ---- Trying ---- */

static void try_one(const struct bottleneck_file *file, struct bottleneck_trial *trial)
{
    const char **sets = sim_allocate(file->set_count + 1, sizeof(*sets));
    const size_t size = strlen(trial->key) + strlen(trial->to) + 2;
    char *set = sim_allocate(size, 1);
    struct scenario_options load = {.sets = sets, .set_count = file->set_count + 1};
    const struct scenario_run_options options = {.interrupted = file->interrupted};
    struct host_error error = {.text = ""};
    struct diagnostics diagnostics;
    struct scenario *scenario;
    struct run_result run;

    memset(&run, 0, sizeof(run));
    memset(&diagnostics, 0, sizeof(diagnostics));
    snprintf(set, size, "%s=%s", trial->key, trial->to);
    for (size_t i = 0; i < file->set_count; i++) {
        sets[i] = file->sets[i];
    }
    sets[file->set_count] = set;
    scenario = scenario_load(file->path, &load, &diagnostics);
    if (scenario != NULL && scenario_run(scenario, &options, &run, &error) == SCENARIO_RUN_DONE) {
        trial->possible = true;
        trial->mean_gain = (int64_t)(file->first->latency.mean - run.latency.mean);
        trial->p99_gain = (int64_t)(file->first->latency.p99 - run.latency.p99);
    }
    run_result_clear(&run);
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    free(set);
    free((void *)sets);
}

static int by_gain(const void *a, const void *b)
{
    const struct bottleneck_trial *one = a;
    const struct bottleneck_trial *other = b;

    if (one->possible != other->possible) {
        return one->possible ? -1 : 1;
    }
    if (one->mean_gain != other->mean_gain) {
        return one->mean_gain > other->mean_gain ? -1 : 1;
    }
    if (one->p99_gain != other->p99_gain) {
        return one->p99_gain > other->p99_gain ? -1 : 1;
    }
    return strcmp(one->key, other->key);
}

void bottleneck_try_all(const struct bottleneck_file *file, const struct scenario *scenario, struct bottleneck *result)
{
    struct trials trials = {.file = file, .result = result};

    note_all(&trials, scenario);
    for (size_t i = 0; i < result->trial_count; i++) {
        if (file->interrupted != NULL && *file->interrupted != 0) {
            break;
        }
        try_one(file, &result->trials[i]);
    }
    if (result->trial_count > 0) {
        qsort(result->trials, result->trial_count, sizeof(*result->trials), by_gain);
    }
}
