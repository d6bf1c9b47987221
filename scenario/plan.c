#include "scenario/plan.h"

#include "scenario/device_knowledge.h"
#include "scenario/firmware_tables.h"
#include "scenario/functions.h"
#include "scenario/predict.h"
#include "scenario/system_internal.h"
#include "scenario/vm_tables.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

static const char *name_of(void *context, uint16_t segment, uint16_t rid)
{
    struct scenario_plan *plan = context;

    return system_name_at(plan->scenario, segment, rid, plan->name, sizeof(plan->name));
}

/** Plans the DMA buffers of the scenario's traffic, so that windows are judged with them. */
static bool plan_buffers(const struct scenario *scenario, struct software *software, struct host_error *error)
{
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        const struct scenario_traffic *traffic = &scenario->traffic[i];
        uint32_t function = pci_tree_find(&software->found.tree, (uint16_t)traffic->device->root_complex->segment,
                                          scenario_function_rid(traffic->device, traffic->function));

        for (size_t j = 0; function != PCI_TREE_NONE && j < traffic->stream_count; j++) {
            const struct scenario_stream *stream = &traffic->streams[j];
            const struct scenario_dma_traffic *dma = stream->dma_write != NULL ? stream->dma_write : stream->dma_read;
            uint64_t address;

            if (dma != NULL && !system_map_buffer(software, function, dma, &address, error)) {
                return false;
            }
        }
    }
    return true;
}

bool scenario_plan_make(const struct scenario *scenario, struct scenario_plan *plan, struct host_error *error)
{
    struct software_config config;

    memset(plan, 0, sizeof(*plan));
    plan->scenario = scenario;
    plan->ats_of = sim_allocate(scenario->platform.smmu_count, sizeof(*plan->ats_of));
    plan->requests_of = sim_allocate(scenario->platform.smmu_count, sizeof(*plan->requests_of));
    for (size_t i = 0; i < scenario->platform.smmu_count; i++) {
        plan->ats_of[i] = scenario->platform.smmu[i].idr.ats;
        plan->requests_of[i] = scenario->platform.smmu[i].idr.pri;
    }
    system_software_options(scenario, &config);
    plan->known = device_knowledge_make(scenario, &config.known_count);
    config.known = plan->known;
    config.ats_of = plan->ats_of;
    config.requests_of = plan->requests_of;
    config.enumerate.name_of = name_of;
    config.enumerate.name_context = plan;
    config.firmware = &plan->firmware;
    firmware_tables_make(scenario, &plan->firmware);
    software_tables_make(scenario, &plan->tables, &config);
    return predict_tree(scenario, &config.enumerate, &plan->tree, error) &&
           software_plan(&plan->software, &config, &plan->tree, error) &&
           vm_tables_plan(scenario, &plan->software, error) && plan_buffers(scenario, &plan->software, error);
}

void scenario_plan_clear(struct scenario_plan *plan)
{
    software_release(&plan->software);
    pci_tree_clear(&plan->tree);
    software_tables_clear(&plan->tables);
    firmware_clear(&plan->firmware);
    free(plan->known);
    free(plan->ats_of);
    free(plan->requests_of);
    memset(plan, 0, sizeof(*plan));
}
