#include "scenario/functions.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t vfs_of(const struct scenario_endpoint *endpoint)
{
    return endpoint->sriov != NULL ? endpoint->sriov->vfs : 0;
}

uint32_t scenario_function_count(const struct scenario_endpoint *endpoint)
{
    return endpoint->functions * (1 + vfs_of(endpoint));
}

uint32_t scenario_virtual_function(const struct scenario_endpoint *endpoint, uint32_t physical, uint32_t vf)
{
    return endpoint->functions + physical * vfs_of(endpoint) + vf - 1;
}

uint32_t scenario_vf_number(const struct scenario_endpoint *endpoint, uint32_t function)
{
    return function < endpoint->functions ? 0 : (function - endpoint->functions) % vfs_of(endpoint) + 1;
}

uint32_t scenario_physical_function(const struct scenario_endpoint *endpoint, uint32_t function)
{
    return function < endpoint->functions ? function : (function - endpoint->functions) / vfs_of(endpoint);
}

bool scenario_function_exists(const struct scenario_endpoint *endpoint, uint32_t function)
{
    uint32_t vf = scenario_vf_number(endpoint, function);

    return vf == 0 || vf <= endpoint->sriov->enabled;
}

uint32_t scenario_function_vectors(const struct scenario_endpoint *endpoint, uint32_t function)
{
    return function < endpoint->functions ? endpoint->msix_vectors : endpoint->sriov->msix_vectors;
}

uint32_t scenario_message_count(const struct scenario_endpoint *endpoint, uint32_t function)
{
    const uint32_t msix = scenario_function_vectors(endpoint, function);
    const uint32_t msi = endpoint->msi != NULL ? endpoint->msi->granted : 0;

    return function < endpoint->functions ? (msix > 0 ? msix : msi) + endpoint->ims_entries : msix;
}

const struct scenario_bars *scenario_function_bars(const struct scenario_endpoint *endpoint, uint32_t function)
{
    return function < endpoint->functions ? &endpoint->bars : &endpoint->sriov->bars;
}

uint32_t scenario_function_offset(const struct scenario_endpoint *endpoint, uint32_t function)
{
    uint32_t vf = scenario_vf_number(endpoint, function);

    if (vf == 0) {
        return function;
    }
    return scenario_physical_function(endpoint, function) + endpoint->sriov->first_offset +
           (vf - 1) * endpoint->sriov->stride;
}

uint16_t scenario_function_rid(const struct scenario_device *device, uint32_t function)
{
    return (uint16_t)(scenario_rid(device->bdf) + scenario_function_offset(device->endpoint, function));
}

uint32_t scenario_last_function_offset(const struct scenario_endpoint *endpoint)
{
    return scenario_function_offset(endpoint, scenario_function_count(endpoint) - 1);
}

bool scenario_find_function(const struct scenario_device *device, uint16_t rid, uint32_t *function)
{
    for (uint32_t i = 0; i < scenario_function_count(device->endpoint); i++) {
        if (scenario_function_exists(device->endpoint, i) && scenario_function_rid(device, i) == rid) {
            *function = i;
            return true;
        }
    }
    return false;
}

void scenario_format_function(const struct scenario_device *device, uint32_t function, char *text, size_t size)
{
    uint32_t vf = scenario_vf_number(device->endpoint, function);
    uint32_t physical = scenario_physical_function(device->endpoint, function);
    char part[2][16] = {"", ""};

    if (physical != 0) {
        snprintf(part[0], sizeof(part[0]), "/%" PRIu32, physical);
    }
    if (vf != 0) {
        snprintf(part[1], sizeof(part[1]), "/vf%" PRIu32, vf);
    }
    snprintf(text, size, "%s%s%s", device->name, part[0], part[1]);
}
