#include "host/topology.h"

#include "host/interrupts.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum topology_kind kind_of(const struct pci_tree_function *function)
{
    switch (function->type) {
    case PCI_TREE_ROOT_PORT:
        return TOPOLOGY_ROOT_PORT;
    case PCI_TREE_UPSTREAM_PORT:
        return TOPOLOGY_UPSTREAM_PORT;
    case PCI_TREE_DOWNSTREAM_PORT:
        return TOPOLOGY_DOWNSTREAM_PORT;
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        return TOPOLOGY_BRIDGE;
    default:
        return function->is_vf ? TOPOLOGY_VIRTUAL_FUNCTION : TOPOLOGY_ENDPOINT;
    }
}

/** The controls that are on, by their names in the specification. */
static char *acs_text(const struct pci_tree_acs *acs)
{
    static const char *const names[] = {"SV", "TB", "RR", "CR", "UF", "EC", "DT"};
    char text[32] = "";

    if (!acs->present) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((acs->control >> i & 1) != 0) {
            size_t used = strlen(text);

            snprintf(text + used, sizeof(text) - used, "%s%s", used == 0 ? "" : " ", names[i]);
        }
    }
    return sim_copy_string(text[0] == '\0' ? "off" : text);
}

static char *domain_text(const struct software *software, const struct software_function *function)
{
    const struct domain *domain;
    char text[128];

    if (function->domain == SIZE_MAX) {
        return NULL;
    }
    domain = &software->domains[function->domain];
    if (domain->name != NULL) {
        return sim_copy_string(domain->name);
    }
    snprintf(text, sizeof(text), "%s of group %u", domain_kind_name(domain->kind), domain->group);
    return sim_copy_string(text);
}

static void describe_function(const struct software *software, uint32_t index, struct topology_function *to)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *from = &tree->functions[index];
    const struct software_function *function = &software->functions[index];

    to->name = sim_copy_string(from->name);
    to->kind = kind_of(from);
    to->parent = from->parent == PCI_TREE_NONE ? TOPOLOGY_NONE : from->parent;
    to->host = from->host_bridge;
    to->segment = tree->host_bridges[from->host_bridge].segment;
    to->rid = from->rid;
    to->acs = acs_text(&from->acs);
    to->group = software->groups.group_of[index] == GROUP_NONE ? TOPOLOGY_NONE : software->groups.group_of[index];
    to->domain = domain_text(software, function);
    to->smmu = function->iommu == UINT32_MAX || function->aliased ? TOPOLOGY_NONE : function->iommu;
    to->stream_id = to->smmu == TOPOLOGY_NONE ? VERDICT_NO_ID : function->stream_id;
    to->its = function->its == UINT32_MAX ? TOPOLOGY_NONE : function->its;
    to->device_id = interrupts_have_its(software, index) ? function->device_id : VERDICT_NO_ID;
    to->doorbell = to->its == TOPOLOGY_NONE ? VERDICT_NO_ID : function->doorbell;
    to->vectors = function->vector_count;
}

void topology_describe(const struct software *software, struct topology *topology)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct firmware *firmware = software->config.firmware;

    for (uint32_t i = 0; i < tree->host_bridge_count; i++) {
        topology_add_name(&topology->hosts, &topology->host_count, tree->host_bridges[i].name);
    }
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        topology_add_name(&topology->smmus, &topology->smmu_count, firmware->iommus[i].name);
    }
    for (size_t i = 0; i < firmware->controller_count; i++) {
        topology_add_name(&topology->itses, &topology->its_count, firmware->controllers[i].name);
    }
    topology->functions = sim_allocate(tree->function_count + 1, sizeof(*topology->functions));
    topology->function_count = tree->function_count;
    for (uint32_t i = 0; i < tree->function_count; i++) {
        describe_function(software, i, &topology->functions[i]);
    }
}
