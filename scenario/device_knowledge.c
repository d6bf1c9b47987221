#include "scenario/device_knowledge.h"

#include "scenario/functions.h"
#include "sim/allocate.h"

static void describe(const struct scenario_device *device, uint32_t function, struct device_knowledge *known)
{
    const struct scenario_endpoint *endpoint = device->endpoint;

    *known = (struct device_knowledge){
        .segment = (uint16_t)device->root_complex->segment,
        .rid = scenario_function_rid(device, function),
        .msi_wanted = (uint16_t)(endpoint->msi != NULL ? endpoint->msi->granted : 0),
        .ims_entries = endpoint->ims_entries,
    };
}

struct device_knowledge *device_knowledge_make(const struct scenario *scenario, size_t *count)
{
    struct device_knowledge *known;
    size_t functions = 0;

    for (size_t i = 0; i < scenario->device_count; i++) {
        functions += scenario->devices[i]->endpoint != NULL ? scenario->devices[i]->endpoint->functions : 0;
    }
    known = sim_allocate(functions, sizeof(*known));
    *count = 0;
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_endpoint *endpoint = scenario->devices[i]->endpoint;

        for (uint32_t function = 0; endpoint != NULL && function < endpoint->functions; function++) {
            describe(scenario->devices[i], function, &known[(*count)++]);
        }
    }
    return known;
}
