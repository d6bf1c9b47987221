#include "explore/plan.h"

#include "explore/board.h"
#include "host/doorbell_map.h"
#include "host/firmware.h"
#include "host/software.h"
#include "sim/allocate.h"

#include <stdlib.h>

struct explore_plan {
    struct explore_bounds bounds;
    struct firmware firmware;
    struct software_config config;
    struct consumer_config consumer;
    struct consumer_device devices[EXPLORE_ENDPOINTS];
    struct reserved_region window;
    struct software software;
    struct software_view view;
    bool is_lent;
    bool has_view;
};

/** Room for all entries that there can be. */
static void make_room(struct firmware_map *map)
{
    for (unsigned i = 0; i < EXPLORE_ENTRIES; i++) {
        firmware_map_add(map);
    }
    map->mask = UINT32_MAX;
}

static void describe_platform(struct explore_plan *plan, enum explore_controller controller)
{
    struct firmware_host *host;

    for (unsigned i = 0; i < plan->bounds.its; i++) {
        struct firmware_msi_controller *its = firmware_add_controller(&plan->firmware, explore_its_name(i));

        its->is_its = true;
        its->base_known = true;
        its->base = explore_its_base(i);
        its->cells_known = true;
        its->cells = 1;
        its->pre_its = controller == EXPLORE_CONTROLLER_PRE_ITS;
        its->pre_its_base = its->pre_its ? explore_pre_its_base(i) : 0;
        its->pre_its_size = its->pre_its ? EXPLORE_PRE_ITS_SIZE : 0;
    }
    for (unsigned i = 0; i < plan->bounds.smmus; i++) {
        struct firmware_iommu *smmu = firmware_add_iommu(&plan->firmware, explore_smmu_name(i));

        smmu->kind = FIRMWARE_IOMMU_SMMUV3;
        smmu->cells_known = true;
        smmu->cells = 1;
    }
    host = firmware_add_host(&plan->firmware, "rc0");
    host->segment_given = true;
    host->bus_given = true;
    host->bus_last = 255;
    make_room(&host->iommu_map);
    make_room(&host->msi_map);
}

struct explore_plan *explore_plan_create(const struct explore_bounds *bounds, const struct explore_software *software)
{
    struct explore_plan *plan = sim_allocate(1, sizeof(*plan));

    plan->bounds = *bounds;
    describe_platform(plan, software->controller);
    explore_use_consumer(software, &plan->consumer);
    plan->consumer.devices = plan->devices;
    plan->window = (struct reserved_region){
        .all = true, .kind = RESERVED_SW_MSI, .base = DOORBELL_WINDOW_BASE, .size = DOORBELL_WINDOW_SIZE};
    plan->config =
        (struct software_config){.firmware = &plan->firmware,
                                 .pe_count = 1,
                                 .grouping = software->grouping,
                                 .kernel = software->rules->kernel,
                                 .domain_kind = software->use == EXPLORE_USE_IDENTITY ? DOMAIN_IDENTITY : DOMAIN_DMA,
                                 .rules = software->rules,
                                 .consumers = &plan->consumer,
                                 .consumer_count = explore_use_is_default(software->use) ? 0 : 1,
                                 .reserved = {.items = &plan->window, .count = 1}};
    return plan;
}

void explore_plan_destroy(struct explore_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    plan->firmware.controller_count = plan->bounds.its;
    plan->firmware.iommu_count = plan->bounds.smmus;
    firmware_clear(&plan->firmware);
    free(plan);
}

void explore_plan_set_devices(struct explore_plan *plan, const uint16_t *rids, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        plan->devices[i] = (struct consumer_device){.segment = 0, .rid = rids[i]};
    }
    plan->consumer.device_count = count;
}

static void fill_map(const struct explore_plan *plan, struct firmware_map *map, const uint8_t *targets)
{
    struct explore_entry entries[EXPLORE_ENTRIES];
    uint8_t buses[EXPLORE_ENDPOINTS];

    for (size_t i = 0; i < plan->consumer.device_count; i++) {
        buses[i] = (uint8_t)(plan->devices[i].rid >> 8);
    }
    map->count = explore_map(targets, buses, (unsigned)plan->consumer.device_count, entries);
    for (size_t i = 0; i < map->count; i++) {
        map->entries[i] = (struct firmware_map_entry){.base = entries[i].first,
                                                      .length = entries[i].count,
                                                      .target = entries[i].target,
                                                      .out = {entries[i].first},
                                                      .out_count = 1};
    }
}

bool explore_plan_make(struct explore_plan *plan, const struct explore_labels *labels, struct pci_tree *tree,
                       struct host_error *error)
{
    struct firmware_host *host = &plan->firmware.hosts[0];

    plan->firmware.controller_count = labels->itses;
    plan->firmware.iommu_count = labels->smmus;
    fill_map(plan, &host->msi_map, labels->its);
    if (labels->smmus > 0) {
        fill_map(plan, &host->iommu_map, labels->smmu);
    } else {
        host->iommu_map.count = 0;
    }
    plan->is_lent = true;
    if (!software_plan(&plan->software, &plan->config, tree, error)) {
        return false;
    }
    software_view_make(&plan->software, 0, &plan->view);
    plan->view.system.ordering = ASSUMPTION_ORDER_UNUSED;
    plan->has_view = true;
    return true;
}

void explore_plan_take_back(struct explore_plan *plan, struct pci_tree *tree)
{
    if (!plan->is_lent) {
        return;
    }
    if (plan->has_view) {
        software_view_clear(&plan->view);
        plan->has_view = false;
    }
    software_release_plan(&plan->software, tree);
    plan->is_lent = false;
}

const struct assumption_system *explore_plan_system(const struct explore_plan *plan)
{
    return &plan->view.system;
}
