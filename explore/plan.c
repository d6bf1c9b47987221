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
    struct consumer_config
        consumers[1 + EXPLORE_ENDPOINTS]; /**< who has the endpoints, then who has domains on PASIDs */
    struct pasid_config pasids[EXPLORE_ENDPOINTS];
    enum explore_pasids pasid_use;
    unsigned users; /**< consumers that have endpoints: none or one */
    struct consumer_device devices[EXPLORE_ENDPOINTS];
    unsigned device_count;
    struct reserved_region window;
    struct v2m_driver_config frames[EXPLORE_ITS];
    bool has_frames; /**< GICv2m, no ITS */
    struct software software;
    struct software_view view;
    bool is_lent;
};

/** Room for all entries that there can be. */
static void make_room(struct firmware_map *map)
{
    for (unsigned i = 0; i < EXPLORE_ENTRIES; i++) {
        firmware_map_add(map);
    }
    map->mask = UINT32_MAX;
}

static void describe_its(struct explore_plan *plan, unsigned number, bool pre_its)
{
    struct firmware_msi_controller *its = firmware_add_controller(&plan->firmware, explore_its_name(number));

    its->is_its = true;
    its->base_known = true;
    its->base = explore_its_base(number);
    its->cells_known = true;
    its->cells = 1;
    its->pre_its = pre_its;
    its->pre_its_base = pre_its ? explore_pre_its_base(number) : 0;
    its->pre_its_size = pre_its ? EXPLORE_PRE_ITS_SIZE : 0;
}

static void describe_frame(struct explore_plan *plan, unsigned number)
{
    struct firmware_msi_controller *frame = firmware_add_controller(&plan->firmware, explore_its_name(number));

    frame->is_v2m = true;
    frame->base_known = true;
    frame->base = explore_frame_base(number);
    plan->frames[number] = (struct v2m_driver_config){.name = explore_its_name(number),
                                                      .base = explore_frame_base(number),
                                                      .first_spi = explore_first_spi(number),
                                                      .spi_count = EXPLORE_SPIS};
}

static void describe_platform(struct explore_plan *plan, enum explore_controller controller)
{
    struct firmware_host *host;

    for (unsigned i = 0; i < plan->bounds.its; i++) {
        if (controller == EXPLORE_CONTROLLER_V2M) {
            describe_frame(plan, i);
        } else {
            describe_its(plan, i, controller == EXPLORE_CONTROLLER_PRE_ITS);
        }
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

static void describe_consumers(struct explore_plan *plan, const struct explore_software *software)
{
    plan->users = explore_use_is_default(software->use) ? 0 : 1;
    plan->pasid_use = software->pasids;
    explore_use_consumer(software, &plan->consumers[0]);
    plan->consumers[0].devices = plan->devices;
    for (unsigned i = 1; i <= EXPLORE_ENDPOINTS; i++) {
        explore_use_auxiliary(i - 1, &plan->consumers[i]);
    }
}

/** How many auxiliary domains there are for so many endpoints. */
static unsigned auxiliaries(const struct explore_plan *plan, unsigned endpoints)
{
    return plan->pasid_use == EXPLORE_PASIDS_NONE ? 0 : plan->pasid_use == EXPLORE_PASIDS_SHARED ? 1 : endpoints;
}

struct explore_plan *explore_plan_create(const struct explore_bounds *bounds, const struct explore_software *software)
{
    struct explore_plan *plan = sim_allocate(1, sizeof(*plan));

    plan->bounds = *bounds;
    plan->has_frames = software->controller == EXPLORE_CONTROLLER_V2M;
    describe_platform(plan, software->controller);
    describe_consumers(plan, software);
    plan->window = (struct reserved_region){
        .all = true, .kind = RESERVED_SW_MSI, .base = DOORBELL_WINDOW_BASE, .size = DOORBELL_WINDOW_SIZE};
    plan->config =
        (struct software_config){.firmware = &plan->firmware,
                                 .pe_count = 1,
                                 .frames = plan->frames,
                                 .grouping = software->grouping,
                                 .kernel = software->rules->kernel,
                                 .domain_kind = software->use == EXPLORE_USE_IDENTITY ? DOMAIN_IDENTITY : DOMAIN_DMA,
                                 .rules = software->rules,
                                 .consumers = plan->consumers + 1 - plan->users,
                                 .pasids = plan->pasids,
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
    software_view_clear(&plan->view);
    software_release(&plan->software);
    free(plan);
}

void explore_plan_set_devices(struct explore_plan *plan, const uint16_t *rids, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        plan->devices[i] = (struct consumer_device){.segment = 0, .rid = rids[i]};
    }
    plan->device_count = count;
    plan->consumers[0].device_count = count;
    plan->config.consumer_count = plan->users + auxiliaries(plan, count);
    plan->config.pasid_count = plan->pasid_use == EXPLORE_PASIDS_NONE ? 0 : count;
    for (unsigned i = 0; i < count; i++) {
        plan->pasids[i] =
            (struct pasid_config){.segment = 0,
                                  .rid = rids[i],
                                  .pasid = EXPLORE_PASID,
                                  .consumer = plan->users + (plan->pasid_use == EXPLORE_PASIDS_OWN ? i : 0)};
    }
}

static void fill_map(const struct explore_plan *plan, struct firmware_map *map, const uint8_t *targets)
{
    struct explore_entry entries[EXPLORE_ENTRIES];
    uint16_t rids[EXPLORE_ENDPOINTS];

    for (size_t i = 0; i < plan->device_count; i++) {
        rids[i] = plan->devices[i].rid;
    }
    map->count = explore_map(targets, rids, plan->device_count, entries);
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
    plan->config.frame_count = plan->has_frames ? labels->itses : 0;
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
    return true;
}

void explore_plan_take_back(struct explore_plan *plan, struct pci_tree *tree)
{
    if (!plan->is_lent) {
        return;
    }
    software_forget_plan(&plan->software, tree);
    plan->is_lent = false;
}

const struct assumption_system *explore_plan_system(const struct explore_plan *plan)
{
    return &plan->view.system;
}
