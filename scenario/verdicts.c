#include "scenario/verdicts.h"

#include "host/assumptions.h"
#include "host/software_sharing.h"
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
    struct assumption_system system;
    struct assumption_function *functions;
    struct assumption_domain *domains;
    const char **smmu_names;
    const char **its_names;
    struct vm_view vms;
};

static char *domain_name(const struct software *software, const struct domain *domain)
{
    const char *smmu = software->config.firmware->iommus[domain->smmu_index].name;
    char text[192];
    char *copy;

    if (domain->name != NULL) {
        snprintf(text, sizeof(text), "%s at %s%s", domain->name, smmu,
                 domain->parent != NULL ? " (stage 1)"
                 : domain->stage2       ? " (stage 2)"
                                        : "");
    } else if (domain->group == GROUP_NONE) {
        snprintf(text, sizeof(text), "that blocks at %s", smmu);
    } else {
        snprintf(text, sizeof(text), "of group %u at %s", domain->group, smmu);
    }
    copy = sim_allocate(strlen(text) + 1, 1);
    memcpy(copy, text, strlen(text));
    return copy;
}

static enum assumption_translation translation_of(const struct domain *domain)
{
    if (domain->kind == DOMAIN_BLOCKED) {
        return ASSUMPTION_BLOCKED;
    }
    return domain_translates(domain) ? ASSUMPTION_TRANSLATED : ASSUMPTION_BYPASS;
}

static void view_domain(const struct software *software, const struct domain *from, struct assumption_domain *domain)
{
    struct assumption_mapping *doorbells = sim_allocate(from->doorbell_count, sizeof(*doorbells));
    struct assumption_range *dma = sim_allocate(from->mapping_count, sizeof(*dma));
    struct assumption_range *window = sim_allocate(1, sizeof(*window));

    domain->name = domain_name(software, from);
    domain->translation = translation_of(from);
    for (size_t i = 0; i < from->doorbell_count; i++) {
        struct assumption_mapping *doorbell = &doorbells[domain->doorbell_count];

        /* What a guest maps and the host does not leads nowhere. */
        doorbell->iova = from->doorbells[i].iova;
        doorbell->size = IO_PAGE_BYTES;
        doorbell->writable = true;
        domain->doorbell_count += domain_resolve(from, doorbell->iova, &doorbell->pa) ? 1 : 0;
    }
    for (size_t i = 0; i < from->mapping_count; i++) {
        dma[i].base = from->mappings[i].iova;
        dma[i].size = from->mappings[i].size;
        dma[i].what = "a DMA buffer";
    }
    window->base = from->window_base;
    window->size = from->window_size;
    window->what = "the MSI window";
    domain->doorbells = doorbells;
    domain->dma = dma;
    domain->dma_count = from->mapping_count;
    domain->msi_windows = window;
    domain->msi_window_count = from->window_size != 0 ? 1 : 0;
}

/** Where the translation of a function takes its messages. */
static void view_message(const struct software_function *from, struct assumption_function *function)
{
    uint64_t physical = from->message;

    function->messages_off = from->message == SOFTWARE_NO_ADDRESS;
    function->message_known = !function->messages_off;
    function->message_leads_to = VERDICT_NO_ID;
    if (function->message_known &&
        (from->attachment.domain == NULL || domain_resolve(from->attachment.domain, from->message, &physical))) {
        function->message_leads_to = physical;
    }
}

/** Who uses PASIDs of a function. */
static void view_pasids(const struct software *software, const struct attachment *from,
                        struct assumption_function *function)
{
    struct assumption_pasid_user *users = sim_allocate(from->pasid_count, sizeof(*users));

    for (size_t i = 0; i < from->pasid_count; i++) {
        users[i].pasid = from->pasids[i].pasid;
        users[i].domain = (uint32_t)(from->pasids[i].domain - software->domains);
    }
    function->pasids = users;
    function->pasid_count = from->pasid_count;
}

static void view_function(const struct software *software, uint32_t index, struct assumption_function *function)
{
    const struct software_function *from = &software->functions[index];
    size_t met = software_domain_met(software, index);

    assumption_function_init(function);
    if (from->iommu != UINT32_MAX) {
        function->smmu = from->iommu;
        function->stream_id = from->stream_id;
    }
    if (from->its != UINT32_MAX) {
        function->its = from->its;
        function->device_id = from->device_id;
        function->doorbell = from->doorbell;
        function->no_device_id = software->config.firmware->controllers[from->its].pre_its;
    }
    if (from->domain != SIZE_MAX) {
        function->domain = (uint32_t)from->domain;
        view_pasids(software, &from->attachment, function);
    }
    function->refused = from->aliased;
    function->met = met != SIZE_MAX ? (uint32_t)met : ASSUMPTION_NONE;
    view_message(from, function);
}

/** @param machines the system of a run; NULL: from the topology */
static void view_make(const struct scenario *scenario, const struct software *software, struct system *machines,
                      struct view *view)
{
    const struct firmware *firmware = software->config.firmware;
    uint32_t count = software->found.tree.function_count;

    memset(view, 0, sizeof(*view));
    view->functions = sim_allocate(count, sizeof(*view->functions));
    view->domains = sim_allocate(software->domain_count + vm_view_domains(scenario), sizeof(*view->domains));
    view->smmu_names = sim_allocate(firmware->iommu_count, sizeof(char *));
    view->its_names = sim_allocate(firmware->controller_count, sizeof(char *));
    for (uint32_t i = 0; i < count; i++) {
        view_function(software, i, &view->functions[i]);
    }
    for (size_t i = 0; i < software->domain_count; i++) {
        view_domain(software, &software->domains[i], &view->domains[i]);
    }
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        view->smmu_names[i] = firmware->iommus[i].name;
    }
    for (size_t i = 0; i < firmware->controller_count; i++) {
        view->its_names[i] = firmware->controllers[i].name;
    }
    view->system.tree = &software->found.tree;
    view->system.groups = &software->groups;
    view->system.kernel = software->config.kernel;
    view->system.reach.devices_send_all_up = true;
    view->system.functions = view->functions;
    view->system.domains = view->domains;
    view->system.domain_count = (uint32_t)software->domain_count;
    view->system.smmu_names = view->smmu_names;
    view->system.smmu_count = (uint32_t)firmware->iommu_count;
    view->system.its_names = view->its_names;
    view->system.its_count = (uint32_t)firmware->controller_count;
    vm_view_add(scenario, software, machines, &view->system, view->functions, view->domains, &view->vms);
}

static void view_clear(struct view *view)
{
    for (uint32_t i = 0; i < view->system.domain_count; i++) {
        free((void *)(uintptr_t)view->domains[i].name);
        free((void *)(uintptr_t)view->domains[i].doorbells);
        free((void *)(uintptr_t)view->domains[i].dma);
        free((void *)(uintptr_t)view->domains[i].msi_windows);
    }
    for (uint32_t i = 0; i < view->system.tree->function_count; i++) {
        free((void *)(uintptr_t)view->functions[i].pasids);
    }
    free(view->functions);
    free(view->domains);
    free(view->smmu_names);
    free(view->its_names);
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

/** Function of the tree that an endpoint component stands for: its function 0. */
static uint32_t endpoint_index(const struct system *system, const char *name)
{
    for (size_t i = 0; i < system->function_count; i++) {
        if (system->functions[i].function == 0 && strcmp(system->functions[i].device->name, name) == 0) {
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
        peers[i].target = endpoint_index(system, device->peers[i].component);
        peers[i].tally = tally_of(&device->peers[i].tally);
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
 * What is judged from the state of the system, at every moment of a timeline and not only at the end: by going through
 * the timeline once more.
 */
static void add_earlier_moments(const struct system *system, struct verdict_list *verdicts)
{
    static const char *const of_state[] = {ASSUMPTION_DOORBELL_PER_DOMAIN, ASSUMPTION_GROUP_COVERS_REACH,
                                           ASSUMPTION_MSI_WINDOW_FREE,     ASSUMPTION_MSI_IN_PRIMARY_DOMAIN,
                                           ASSUMPTION_PASID_CONSISTENT,    ASSUMPTION_MSI_ISOLATED};
    struct verdict_list earlier = {.items = NULL};
    struct host_error error;

    if (system->timeline.count == 0 || !scenario_foretell(system->scenario, &earlier, NULL, &error)) {
        verdict_list_clear(&earlier);
        return;
    }
    for (size_t i = 0; i < earlier.count; i++) {
        bool is_of_state = false;

        for (size_t j = 0; j < sizeof(of_state) / sizeof(of_state[0]); j++) {
            is_of_state = is_of_state || strcmp(earlier.items[i].name, of_state[j]) == 0;
        }
        if (!is_of_state) {
            earlier.items[i].outcome = VERDICT_NOT_APPLICABLE;
        }
    }
    verdict_list_merge(verdicts, &earlier);
}

/** What the checker of stale translations has seen of a function. */
static void observe_stale(const struct system *system, uint32_t function, struct assumption_observation *observation)
{
    const struct stale_count *stale = system_stale(system, function);

    if (stale != NULL) {
        observation->stale = (struct assumption_tally){.count = stale->count, .first_packet = stale->first_packet};
    }
}

void verdicts_from_run(struct system *system, struct run_result *result)
{
    uint32_t count = system->software.found.tree.function_count;
    struct assumption_observation *observations = sim_allocate(count, sizeof(*observations));
    struct view view;

    view_make(system->scenario, &system->software, system, &view);
    for (size_t i = 0; i < result->device_count; i++) {
        observe(system, &result->devices[i], &observations[system->functions[i].tree_index]);
        observe_stale(system, system->functions[i].tree_index, &observations[system->functions[i].tree_index]);
    }
    assumptions_observe(&view.system, observations, &result->verdicts);
    add_earlier_moments(system, &result->verdicts);
    for (uint32_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)observations[i].hits);
        free((void *)(uintptr_t)observations[i].peers);
    }
    free(observations);
    view_clear(&view);
}

/* ---- From the topology ---- */

/** Whether a function has data that an MSI of a stream could overtake: it goes on another virtual channel. */
static bool on_other_channel(const struct scenario *scenario, const struct scenario_traffic *traffic,
                             const struct scenario_msi_traffic *msi)
{
    const struct scenario_channel_list *map = &scenario->software.traffic_classes;
    uint8_t own = msi->traffic_class < map->count ? map->values[msi->traffic_class] : 0;

    for (size_t i = 0; i < traffic->stream_count; i++) {
        const struct scenario_dma_traffic *dma = traffic->streams[i].dma_write;

        if (dma != NULL && (dma->traffic_class < map->count ? map->values[dma->traffic_class] : 0) != own) {
            return true;
        }
    }
    return false;
}

/** Whether a function writes data to memory and sends MSIs that get to their doorbell. */
static bool posts_data(const struct software *software, const struct view *view, const struct scenario_traffic *traffic)
{
    uint32_t index = pci_tree_find(&software->found.tree, (uint16_t)traffic->device->root_complex->segment,
                                   scenario_function_rid(traffic->device, traffic->function));
    const struct assumption_function *function = index == PCI_TREE_NONE ? NULL : &view->functions[index];
    bool data = false;
    bool messages = false;

    for (size_t i = 0; i < traffic->stream_count; i++) {
        data = data || (traffic->streams[i].dma_write != NULL && traffic->streams[i].dma_write->target == NULL);
        messages = messages || traffic->streams[i].msi != NULL;
    }
    if (!data || !messages || function == NULL) {
        return false;
    }
    return !function->message_known ? !function->messages_off : function->message_leads_to == function->doorbell;
}

static bool any_posts_data(const struct scenario *scenario, const struct software *software, const struct view *view)
{
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        if (posts_data(software, view, &scenario->traffic[i])) {
            return true;
        }
    }
    return false;
}

/** Device traffic enters the interconnect by ports that wait for acknowledgements between targets. */
static enum assumption_ordering ordering_of(const struct scenario *scenario, const struct software *software,
                                            const struct view *view)
{
    if (!any_posts_data(scenario, software, view)) {
        return ASSUMPTION_ORDER_UNUSED;
    }
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        const struct scenario_traffic *traffic = &scenario->traffic[i];

        for (size_t j = 0; j < traffic->stream_count; j++) {
            const struct scenario_msi_traffic *msi = traffic->streams[j].msi;

            if (msi != NULL && (msi->relaxed || on_other_channel(scenario, traffic, msi))) {
                return ASSUMPTION_ORDER_UNKNOWN;
            }
        }
    }
    return ASSUMPTION_ORDER_KEPT;
}

/** Judges the software as it stands, beside what was judged before. */
static void check_now(const struct scenario *scenario, const struct software *software, struct verdict_list *verdicts)
{
    struct verdict_list now = {.items = NULL};
    struct view view;

    view_make(scenario, software, NULL, &view);
    view.system.ordering = ordering_of(scenario, software, &view);
    assumptions_check(&view.system, &now);
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
