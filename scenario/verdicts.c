#include "scenario/verdicts.h"

#include "host/assumptions.h"
#include "host/software_view.h"
#include "scenario/functions.h"
#include "scenario/plan.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts_vm.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The software's state as the judge wants to see it ---- */

/** What a struct assumption_system points to. */
struct view {
    struct software_view software;
    struct assumption_system *system; /**< its own */
    struct vm_view vms;
    struct pci_tree tree;                /**< what is there, where software does not know all of it */
    struct pci_tree_function *functions; /**< of that; NULL: software knows all */
};

/** Requests of some functions carry a number that software knows nothing of: the judge does. */
static void view_aliases(const struct scenario *scenario, const struct software *software, struct view *view)
{
    const struct pci_tree *found = &software->found.tree;

    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];

        if (device->endpoint == NULL || !device->endpoint->has_dma_alias) {
            continue;
        }
        if (view->functions == NULL) {
            view->tree = *found;
            view->functions = sim_allocate(found->function_count, sizeof(*view->functions));
            memcpy(view->functions, found->functions, found->function_count * sizeof(*view->functions));
            view->tree.functions = view->functions;
            view->system->tree = &view->tree;
        }
        for (uint32_t j = 0; j < device->endpoint->functions; j++) {
            const uint32_t index =
                pci_tree_find(found, (uint16_t)device->root_complex->segment, scenario_function_rid(device, j));

            if (index != PCI_TREE_NONE && (found->functions[index].rid & 0xffu) != device->endpoint->dma_alias) {
                view->functions[index].alias_devfns[device->endpoint->dma_alias / 64] |=
                    UINT64_C(1) << device->endpoint->dma_alias % 64;
            }
        }
    }
}

/** @param machines the system of a run; NULL: from the topology */
static void view_make(const struct scenario *scenario, const struct software *software, struct system *machines,
                      struct view *view)
{
    memset(view, 0, sizeof(*view));
    software_view_make(software, vm_view_domains(scenario), &view->software);
    view->system = &view->software.system;
    vm_view_add(scenario, software, machines, view->system, view->software.functions, view->software.domains,
                &view->vms);
    view_aliases(scenario, software, view);
}

static void view_clear(struct view *view)
{
    free(view->functions);
    software_view_clear(&view->software);
    vm_view_clear(&view->vms);
}

/* ---- From a run ---- */

static uint32_t its_index(const struct firmware *firmware, const char *name)
{
    for (size_t i = 0; i < firmware->controller_count; i++) {
        if (strcmp(firmware->controllers[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    return ASSUMPTION_NONE;
}

static struct assumption_tally tally_of(const struct run_tally *tally)
{
    struct assumption_tally result = {.count = tally->count, .first_packet = tally->first_packet};

    return result;
}

/** A function of an endpoint in the tree. */
static uint32_t endpoint_index(const struct system *system, const char *name, uint32_t function)
{
    for (size_t i = 0; i < system->function_count; i++) {
        if (system->functions[i].device != NULL && system->functions[i].function == function &&
            strcmp(system->functions[i].device->name, name) == 0) {
            return system->functions[i].tree_index;
        }
    }
    return PCI_TREE_NONE;
}

static void observe(const struct system *system, const struct run_device *device,
                    struct assumption_observation *observation)
{
    struct assumption_hit *hits = sim_allocate(device->doorbell_count, sizeof(*hits));
    struct assumption_peer_access *peers = sim_allocate(device->peer_count, sizeof(*peers));

    for (size_t i = 0; i < device->doorbell_count; i++) {
        hits[i].doorbell = device->doorbells[i].address;
        hits[i].its = its_index(system->software.config.firmware, device->doorbells[i].its);
        hits[i].tally.count = device->doorbells[i].count;
        hits[i].tally.first_packet = device->doorbells[i].first_packet;
    }
    for (size_t i = 0; i < device->peer_count; i++) {
        peers[i].target = endpoint_index(system, device->peers[i].component, device->peers[i].function);
        peers[i].tally = tally_of(&device->peers[i].unseen);
    }
    for (unsigned i = 0; i < SIM_DROP_REASONS; i++) {
        observation->lost[i] = tally_of(&device->dropped[i]);
    }
    observation->hits = hits;
    observation->hit_count = device->doorbell_count;
    observation->peers = peers;
    observation->peer_count = device->peer_count;
    observation->data_checked = device->order_checked;
    observation->early = tally_of(&device->order_violations);
}

/**
 * MSIs of a function that came to an ITS under the DeviceID of another one. Those that were handled, or joined one that
 * was pending, raised that one's interrupts.
 */
static void observe_foreign(const struct assumption_system *system, const struct run_device *device, uint32_t function,
                            struct assumption_observation *observation)
{
    const uint64_t raised = device->delivered + device->merged;

    for (size_t i = 0; i < device->doorbell_count && raised > 0; i++) {
        const uint64_t id = device->doorbells[i].device_id;

        for (uint32_t j = 0; j < system->tree->function_count && id != system->functions[function].device_id; j++) {
            if (j != function && system->functions[j].its == observation->hits[i].its &&
                system->functions[j].device_id == id) {
                observation->foreign = observation->hits[i].tally;
                observation->foreign.count = raised < observation->foreign.count ? raised : observation->foreign.count;
                observation->foreign_owner = j;
            }
        }
    }
}

/** Whether an assumption is about the state of the system, and so judged at every moment of a timeline. */
static bool is_of_state(const char *name)
{
    static const char *const of_state[] = {ASSUMPTION_DOORBELL_PER_DOMAIN,   ASSUMPTION_GROUP_COVERS_REACH,
                                           ASSUMPTION_DOORBELL_MAPPED,       ASSUMPTION_MSI_WINDOW_FREE,
                                           ASSUMPTION_MSI_IN_PRIMARY_DOMAIN, ASSUMPTION_PASID_CONSISTENT,
                                           ASSUMPTION_MSI_ISOLATED};

    for (size_t i = 0; i < sizeof(of_state) / sizeof(of_state[0]); i++) {
        if (strcmp(name, of_state[i]) == 0) {
            return true;
        }
    }
    return false;
}

/** Judges the state that a run's software has brought the system to, beside what was judged at earlier moments. */
static void judge_moment(struct system *system, void *context)
{
    struct verdict_list *moments = context;
    struct verdict_list now = {.items = NULL};
    struct view view;

    view_make(system->scenario, &system->software, system, &view);
    assumptions_check(view.system, &now);
    view_clear(&view);
    for (size_t i = 0; i < now.count; i++) {
        if (!is_of_state(now.items[i].name)) {
            now.items[i].outcome = VERDICT_NOT_APPLICABLE;
        }
    }
    verdict_list_merge(moments, &now);
}

void verdicts_watch(struct system *system, struct verdict_list *moments)
{
    system_watch_moments(system, judge_moment, moments);
}

/** What the checker of stale translations has seen of a function. */
static void observe_stale(const struct system *system, uint32_t function, struct assumption_observation *observation)
{
    const struct stale_count *stale = system_stale(system, function);

    if (stale != NULL) {
        observation->stale = (struct assumption_tally){.count = stale->count, .first_packet = stale->first_packet};
    }
}

void verdicts_from_run(struct system *system, struct verdict_list *moments, struct run_result *result)
{
    uint32_t count = system->software.found.tree.function_count;
    struct assumption_observation *observations = sim_allocate(count, sizeof(*observations));
    struct view view;

    view_make(system->scenario, &system->software, system, &view);
    for (size_t i = 0; i < result->device_count; i++) {
        observe(system, &result->devices[i], &observations[system->functions[i].tree_index]);
        observe_foreign(view.system, &result->devices[i], system->functions[i].tree_index,
                        &observations[system->functions[i].tree_index]);
        observe_stale(system, system->functions[i].tree_index, &observations[system->functions[i].tree_index]);
    }
    assumptions_observe(view.system, observations, &result->verdicts);
    if (moments->count > 0) {
        verdict_list_merge(&result->verdicts, moments);
    }
    for (uint32_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)observations[i].hits);
        free((void *)(uintptr_t)observations[i].peers);
    }
    free(observations);
    view_clear(&view);
}

/* ---- From the topology ---- */

static bool goes_to_memory(const struct scenario_stream *stream)
{
    return stream->dma_write != NULL && stream->dma_write->target == NULL;
}

/** Virtual channel of a traffic class on a link: one that the link does not have is VC0 there. */
static uint8_t channel_on(const struct scenario *scenario, const struct scenario_link *link, uint32_t traffic_class)
{
    const struct scenario_channel_list *map = &scenario->software.traffic_classes;
    uint8_t wanted = traffic_class < map->count ? map->values[traffic_class] : 0;

    return wanted < link->virtual_channels ? wanted : 0;
}

/** Whether some link has MSIs of a stream and data of their function on two channels, which have no order. */
static bool on_other_channel(const struct scenario *scenario, const struct scenario_traffic *traffic,
                             const struct scenario_msi_traffic *msi)
{
    for (size_t i = 0; i < traffic->stream_count; i++) {
        if (!goes_to_memory(&traffic->streams[i])) {
            continue;
        }
        for (const struct scenario_device *at = traffic->device; at != NULL; at = at->parent) {
            if (channel_on(scenario, &at->link, traffic->streams[i].dma_write->traffic_class) !=
                channel_on(scenario, &at->link, msi->traffic_class)) {
                return true;
            }
        }
    }
    return false;
}

/** Whether an MSI with RO may overtake data of its function: what makes use of RO is the interconnect, or `passing`. */
static bool relaxed_is_used(const struct scenario *scenario, const struct scenario_device *device)
{
    bool used = scenario->platform.interconnect.relaxed_ordering || device->root_complex->passing > 0;

    for (const struct scenario_device *at = device->parent; at != NULL; at = at->parent) {
        if (at->bridge != NULL) {
            return false; /* a conventional device has no such attribute */
        }
        used = used || (at->sw != NULL && at->sw->passing > 0);
    }
    return used;
}

/** Whether some MSI of a function that posts data has nothing that makes it wait for that. */
static bool may_overtake(const struct scenario *scenario, const struct scenario_traffic *traffic)
{
    for (size_t i = 0; i < traffic->stream_count; i++) {
        const struct scenario_msi_traffic *msi = traffic->streams[i].msi;

        if (msi != NULL && ((msi->relaxed && relaxed_is_used(scenario, traffic->device)) ||
                            on_other_channel(scenario, traffic, msi))) {
            return true;
        }
    }
    return false;
}

/**
 * Whether what a stream writes gets to memory: pages that come on demand come of the kernel, which serves its own
 * devices and requests with a PASID, or of a user whose fault object it answers; else the device gives its writes up.
 */
static bool data_comes(const struct software *software, uint32_t function, const struct scenario_stream *stream)
{
    const uint32_t owner = software->functions[function].consumer;
    const struct consumer_config *user = owner == CONSUMER_NONE ? NULL : software->consumers[owner].config;

    if (!goes_to_memory(stream)) {
        return false;
    }
    return stream->dma_write->pages == SCENARIO_PAGES_PINNED || stream->dma_write->pasid != 0 || user == NULL ||
           user->kind == CONSUMER_KERNEL || user->faults == FAULT_ANSWERED;
}

/** Whether a function writes data to memory and sends MSIs that get to their doorbell. */
static bool posts_data(const struct software *software, const struct view *view, const struct scenario_traffic *traffic)
{
    uint32_t index = pci_tree_find(&software->found.tree, (uint16_t)traffic->device->root_complex->segment,
                                   scenario_function_rid(traffic->device, traffic->function));
    const struct assumption_function *function = index == PCI_TREE_NONE ? NULL : &view->software.functions[index];
    bool data = false;
    bool messages = false;

    for (size_t i = 0; i < traffic->stream_count; i++) {
        data = data || (function != NULL && data_comes(software, index, &traffic->streams[i]));
        messages = messages || traffic->streams[i].msi != NULL;
    }
    if (!data || !messages) {
        return false;
    }
    return !function->message_known ? !function->messages_off : function->message_leads_to == function->doorbell;
}

/**
 * Device traffic enters the interconnect by ports that wait for acknowledgements between targets: data is there before
 * MSIs that came after it on the way up, and are not excepted.
 */
static enum assumption_ordering ordering_of(const struct scenario *scenario, const struct software *software,
                                            const struct view *view)
{
    enum assumption_ordering ordering = ASSUMPTION_ORDER_UNUSED;

    for (size_t i = 0; i < scenario->traffic_count; i++) {
        if (!posts_data(software, view, &scenario->traffic[i])) {
            continue;
        }
        if (may_overtake(scenario, &scenario->traffic[i])) {
            return ASSUMPTION_ORDER_BROKEN;
        }
        ordering = ASSUMPTION_ORDER_KEPT;
    }
    return ordering;
}

/** Judges the software as it stands, beside what was judged before. */
static void check_now(const struct scenario *scenario, const struct software *software, struct verdict_list *verdicts)
{
    struct verdict_list now = {.items = NULL};
    struct view view;

    view_make(scenario, software, NULL, &view);
    view.system->ordering = ordering_of(scenario, software, &view);
    assumptions_check(view.system, &now);
    view_clear(&view);
    verdict_list_merge(verdicts, &now);
}

/** Plans the timeline's actions one after the other, and judges after each. */
static bool plan_timeline(const struct scenario *scenario, struct software *software, struct verdict_list *verdicts,
                          struct step_list *steps, struct host_error *error)
{
    struct timeline timeline;
    bool made = timeline_make(scenario, software, &timeline, error);

    while (made && timeline.next < timeline.count) {
        timeline_act(&timeline, software, 0);
        check_now(scenario, software, verdicts);
    }
    if (made && steps != NULL) {
        timeline_collect(scenario, software, &timeline, SIM_TIME_NEVER, steps);
    }
    timeline_clear(&timeline);
    return made;
}

bool scenario_foretell(const struct scenario *scenario, struct verdict_list *verdicts, struct step_list *steps,
                       struct host_error *error)
{
    struct scenario_plan plan;
    bool complete = scenario_plan_make(scenario, &plan, error);

    if (complete) {
        check_now(scenario, &plan.software, verdicts);
        complete = plan_timeline(scenario, &plan.software, verdicts, steps, error);
    }
    scenario_plan_clear(&plan);
    return complete;
}

bool verdicts_from_topology(const struct scenario *scenario, struct verdict_list *verdicts, struct host_error *error)
{
    return scenario_foretell(scenario, verdicts, NULL, error);
}
