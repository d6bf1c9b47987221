#include "host/error_service.h"

#include "host/pci_config.h"
#include "host/software.h"

#define EXPRESS_STATUS 0x0au

/* Advanced Error Reporting (7.8.4). */
#define AER_UNCORRECTABLE_STATUS 0x04u
#define AER_CORRECTABLE_STATUS   0x10u
#define AER_ROOT_STATUS          0x30u
#define AER_SOURCE_ID            0x34u
#define ROOT_CORRECTABLE         0x01u
#define ROOT_CORRECTABLE_MORE    0x02u
#define ROOT_UNCORRECTABLE       0x04u
#define ROOT_UNCORRECTABLE_MORE  0x08u

/**
 * Clears an error register, whose bits are cleared by ones. All ones are what nobody answers: a device was pulled out.
 * @return whether there was anything in it
 */
static bool clear(struct host_access *access, uint64_t config, uint32_t offset)
{
    uint32_t status = pci_config_read(access, config, offset);

    if (status == 0 || status == UINT32_MAX) {
        return false;
    }
    pci_config_write(access, config, offset, status);
    return true;
}

/** Looks at what a function has recorded, and clears it. */
static void visit(struct software *software, uint32_t index, struct error_service *service)
{
    const struct enumerate_function *where = &software->found.functions[index];
    struct host_access *access = software->access;
    bool any;

    if (where->aer == 0 || software->functions[index].pulled) {
        return;
    }
    any = clear(access, where->config, where->aer + AER_UNCORRECTABLE_STATUS);
    any = clear(access, where->config, where->aer + AER_CORRECTABLE_STATUS) || any;
    if (any) {
        pci_config_write16(access, where->config, where->pcie + EXPRESS_STATUS,
                           pci_config_read16(access, where->config, where->pcie + EXPRESS_STATUS));
        service->cleared++;
    }
}

static void visit_source(struct software *software, uint32_t port, uint16_t rid, struct error_service *service)
{
    const struct pci_tree *tree = &software->found.tree;
    uint32_t index = pci_tree_find(tree, tree->host_bridges[tree->functions[port].host_bridge].segment, rid);

    if (index != PCI_TREE_NONE) {
        visit(software, index, service);
    }
}

/** The root port itself, and whatever is below it. */
static void visit_all(struct software *software, uint32_t port, struct error_service *service)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *root = &tree->functions[port];

    visit(software, port, service);
    for (uint32_t i = 0; i < tree->function_count; i++) {
        const unsigned bus = pci_tree_rid_bus(tree->functions[i].rid);

        if (tree->functions[i].host_bridge == root->host_bridge && bus >= root->secondary && bus <= root->subordinate) {
            visit(software, i, service);
        }
    }
}

void error_service_run(struct software *software, uint32_t port, struct error_service *service)
{
    const struct enumerate_function *where = &software->found.functions[port];
    struct host_access *access = software->access;
    uint32_t status = pci_config_read(access, where->config, where->aer + AER_ROOT_STATUS);
    uint32_t sources = pci_config_read(access, where->config, where->aer + AER_SOURCE_ID);

    if ((status & (ROOT_CORRECTABLE | ROOT_UNCORRECTABLE)) == 0) {
        return;
    }
    pci_config_write(access, where->config, where->aer + AER_ROOT_STATUS, status);
    service->interrupts++;
    service->correctable += (status & ROOT_CORRECTABLE) != 0 ? 1 : 0;
    service->uncorrectable += (status & ROOT_UNCORRECTABLE) != 0 ? 1 : 0;
    if ((status & (ROOT_CORRECTABLE_MORE | ROOT_UNCORRECTABLE_MORE)) != 0) {
        service->searches++;
        visit_all(software, port, service);
        return;
    }
    if ((status & ROOT_CORRECTABLE) != 0) {
        visit_source(software, port, (uint16_t)sources, service);
    }
    if ((status & ROOT_UNCORRECTABLE) != 0) {
        visit_source(software, port, (uint16_t)(sources >> 16), service);
    }
}
