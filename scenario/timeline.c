#include "scenario/timeline.h"

#include "host/hotplug.h"
#include "scenario/functions.h"
#include "sim/allocate.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t find_function(const struct software *software, const struct scenario_device *device, uint32_t function)
{
    return pci_tree_find(&software->found.tree, (uint16_t)device->root_complex->segment,
                         scenario_function_rid(device, function));
}

static enum consumer_translation translation_of(enum scenario_replacement replacement)
{
    static const enum consumer_translation translations[] = {CONSUMER_AS_CONFIGURED, CONSUMER_STAGE_1, CONSUMER_STAGE_2,
                                                             CONSUMER_NESTED};

    return translations[replacement];
}

static struct action action_of(const struct scenario_action *from, uint32_t function)
{
    return (struct action){.kind = (enum action_kind)from->kind,
                           .function = function,
                           .consumer = from->consumer != NULL ? (uint32_t)from->consumer->index : CONSUMER_NONE,
                           .translation = translation_of(from->replacement),
                           .vector = from->vector,
                           .pe = from->pe,
                           .pasid = from->pasid,
                           .process = from->process,
                           .base = from->base,
                           .size = from->size,
                           .count = from->count};
}

/** Adds a step at its time, behind all that are not later. */
static void add_step(struct timeline *timeline, const struct timeline_step *step)
{
    size_t place = timeline->count++;

    for (; place > 0 && timeline->steps[place - 1].at > step->at; place--) {
        timeline->steps[place] = timeline->steps[place - 1];
    }
    timeline->steps[place] = *step;
}

/** An action, and what software does later if it is one that nobody tells it of. */
static void add_action(struct timeline *timeline, const struct scenario *scenario, const struct scenario_action *from,
                       const struct action *action)
{
    struct timeline_step step = {.from = from, .action = *action, .at = from->at};

    add_step(timeline, &step);
    step.notices = true;
    step.at += scenario->software.notice_time;
    if (action->kind == ACTION_SURPRISE_REMOVE && step.at < scenario->duration) {
        add_step(timeline, &step);
    }
}

bool timeline_make(const struct scenario *scenario, struct software *software, struct timeline *timeline,
                   struct host_error *error)
{
    struct action *actions;
    bool prepared;

    *timeline = (struct timeline){.count = 0};
    if (scenario->action_count == 0) {
        return true;
    }
    timeline->steps = sim_allocate(2 * scenario->action_count, sizeof(*timeline->steps));
    actions = sim_allocate(scenario->action_count, sizeof(*actions));
    for (size_t i = 0; i < scenario->action_count; i++) {
        const struct scenario_action *from = &scenario->actions[i];
        uint32_t function = find_function(software, from->device.devices[0], from->device.functions[0]);

        if (function == PCI_TREE_NONE) {
            free(actions);
            return host_error_fail(error, 0, "enumeration did not find %s", from->device.names[0]);
        }
        actions[i] = action_of(from, function);
        add_action(timeline, scenario, from, &actions[i]);
    }
    prepared = software_prepare_actions(software, actions, scenario->action_count, error);
    free(actions);
    return prepared;
}

void timeline_clear(struct timeline *timeline)
{
    free(timeline->steps);
    *timeline = (struct timeline){.count = 0};
}

void timeline_act(struct timeline *timeline, struct software *software, sim_time now)
{
    struct timeline_step *step = &timeline->steps[timeline->next++];

    step->begin = now;
    /* What has been put in again, or was gone before, is not noticed. */
    step->done = !step->notices || hotplug_is_unnoticed(software, step->action.function);
    if (step->notices ? hotplug_notice(software, step->action.function, &step->error)
                      : software_act(software, &step->action, &step->error)) {
        host_error_clear(&step->error);
        snprintf(step->note, sizeof(step->note), "%s", step->notices ? "" : software->note);
    }
    step->end = software->planned ? now : sim_now(software->access->sim);
}

/* ---- What came of it ---- */

static void collect_outcome(const struct software_outcome *outcome, const char *name, const char *what,
                            struct step_list *steps)
{
    const struct host_error *error = &outcome->error;

    if (outcome->tried) {
        step_list_add(steps, name, what,
                      error->code == 0 && error->text[0] != '\0' ? "error" : host_error_name(error->code), error->text);
    }
}

static void collect_device(const struct software *software, const struct scenario_consumer *consumer, size_t i,
                           struct step_list *steps)
{
    uint32_t index = find_function(software, consumer->devices.devices[i], consumer->devices.functions[i]);
    const struct software_function *function = &software->functions[index];
    const char *device = consumer->devices.names[i];
    char name[128];
    char what[192];

    snprintf(name, sizeof(name), "%s.attach", device);
    snprintf(what, sizeof(what), "attach %s to %s", device, consumer->name);
    collect_outcome(&function->attached, name, what, steps);
    snprintf(name, sizeof(name), "%s.interrupts", device);
    snprintf(what, sizeof(what), "set up interrupts of %s", device);
    collect_outcome(&function->interrupts, name, what, steps);
}

static void collect_pasid(const struct software *software, const struct scenario_auxiliary *from, size_t i,
                          struct step_list *steps)
{
    char name[128];
    char what[192];

    snprintf(name, sizeof(name), "%s.pasid-%u", from->device.names[0], from->pasid);
    snprintf(what, sizeof(what), "attach a domain of %s to PASID %u of %s", from->consumer->name, from->pasid,
             from->device.names[0]);
    collect_outcome(&software->pasid_outcomes[i], name, what, steps);
}

static void collect_action(const struct timeline_step *step, sim_time start, struct step_list *steps)
{
    const struct scenario_action *from = step->from;
    struct run_step *added;
    char name[128];
    char what[256];

    if (step->notices) {
        snprintf(name, sizeof(name), "timeline.%s.noticed", from->name);
        snprintf(what, sizeof(what), "notice that %s is gone", from->device.names[0]);
    } else {
        snprintf(name, sizeof(name), "timeline.%s", from->name);
        snprintf(what, sizeof(what), "%s %s%s%s", action_kind_name((enum action_kind)from->kind), from->device.names[0],
                 from->consumer != NULL ? ": " : "", from->consumer != NULL ? from->consumer->name : "");
    }
    added = step_list_add(steps, name, what,
                          step->error.code == 0 && step->error.text[0] != '\0' ? "error"
                                                                               : host_error_name(step->error.code),
                          step->error.text[0] != '\0' ? step->error.text : step->note);
    if (start != SIM_TIME_NEVER) {
        added->begin = step->begin - start;
        added->end = step->end - start;
    }
}

void timeline_collect(const struct scenario *scenario, const struct software *software, const struct timeline *timeline,
                      sim_time start, struct step_list *steps)
{
    for (size_t i = 0; i < scenario->software.consumer_count; i++) {
        const struct scenario_consumer *consumer = &scenario->software.consumers[i];

        for (size_t j = 0; j < consumer->devices.count; j++) {
            collect_device(software, consumer, j, steps);
        }
    }
    for (size_t i = 0; i < scenario->software.auxiliary_count; i++) {
        collect_pasid(software, &scenario->software.auxiliaries[i], i, steps);
    }
    for (size_t i = 0; i < timeline->count; i++) {
        if (timeline->steps[i].done) {
            collect_action(&timeline->steps[i], start, steps);
        }
    }
}
