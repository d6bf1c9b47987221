#include "result/topology.h"

#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

const char *topology_kind_name(enum topology_kind kind)
{
    static const char *const names[TOPOLOGY_KINDS] = {
        [TOPOLOGY_ROOT_PORT] = "root port",
        [TOPOLOGY_UPSTREAM_PORT] = "upstream port",
        [TOPOLOGY_DOWNSTREAM_PORT] = "downstream port",
        [TOPOLOGY_BRIDGE] = "bridge",
        [TOPOLOGY_ENDPOINT] = "endpoint",
        [TOPOLOGY_VIRTUAL_FUNCTION] = "virtual function",
    };

    return names[kind];
}

void topology_add_name(char ***names, size_t *count, const char *name)
{
    *names = sim_reallocate(*names, *count + 1, sizeof(**names));
    (*names)[(*count)++] = sim_copy_string(name);
}

static void clear_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

void topology_clear(struct topology *topology)
{
    clear_names(topology->hosts, topology->host_count);
    clear_names(topology->smmus, topology->smmu_count);
    clear_names(topology->itses, topology->its_count);
    for (size_t i = 0; i < topology->function_count; i++) {
        free(topology->functions[i].name);
        free(topology->functions[i].acs);
        free(topology->functions[i].domain);
    }
    free(topology->functions);
    memset(topology, 0, sizeof(*topology));
}
