#include "host/software.h"

#include "host/groups_alias.h"
#include "host/pci_config.h"
#include "host/rid_map.h"

#include <stdlib.h>
#include <string.h>

#define NONE32 UINT32_MAX

#define MSIX_CONTROL        0x02u
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK   0x4000u
#define MSIX_ENTRY_BYTES    16u

static void *allocate(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size);
}

/* ---- Identifiers: StreamID, DeviceID, ITS ---- */

/** Resolves what firmware's maps say about one function (rules B1 to B11). */
static void resolve(struct software *software, uint32_t index)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *function = &tree->functions[index];
    const struct firmware *firmware = software->config.firmware;
    const struct firmware_host *host = &firmware->hosts[function->host_bridge];
    struct software_function *mine = &software->functions[index];
    uint16_t msi_rid = group_msi_rid(tree, index, software->config.kernel);
    struct rid_choice choice;

    mine->iommu = NONE32;
    mine->its = NONE32;
    mine->domain = SIZE_MAX;
    rid_map_choose(firmware, host, function->rid, &choice);
    if (choice.iommu_route == RID_IOMMU_MAPPED) {
        mine->iommu = (uint32_t)choice.iommu;
        mine->stream_id = rid_id_of(&choice.stream, function->rid);
    }
    rid_map_choose(firmware, host, msi_rid, &choice);
    if (choice.device_id_known) {
        mine->its = (uint32_t)choice.controller;
        mine->device_id = rid_id_of(&choice.device_id, msi_rid);
        mine->doorbell = firmware->controllers[mine->its].base + FIRMWARE_ITS_DOORBELL;
    }
}

/** A StreamID that another function owns cannot be used again (rule A21): the later function gets no IOMMU. */
static void refuse_shared_streams(struct software *software)
{
    uint32_t count = software->found.tree.function_count;

    for (uint32_t i = 0; i < count; i++) {
        struct software_function *one = &software->functions[i];

        for (uint32_t j = 0; j < i && !one->aliased; j++) {
            const struct software_function *other = &software->functions[j];

            if (one->iommu != NONE32 && !other->aliased && other->iommu == one->iommu &&
                other->stream_id == one->stream_id) {
                one->aliased = true;
            }
        }
    }
}

/* ---- Groups and domains ---- */

/** Forms the groups of the functions that have an IOMMU, in the order in which they were found (rule A20). */
static bool form_groups(struct software *software, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;
    uint32_t *order = allocate(tree->function_count, sizeof(*order));
    struct group_options options = {.rule = software->config.grouping, .kernel = software->config.kernel};

    /* Doorbell's endpoints send everything up their link, even to a function of their own device. */
    options.reach.devices_send_all_up = true;

    if (order == NULL) {
        return host_error_set(error, "out of memory");
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (software->functions[i].iommu != NONE32 && !software->functions[i].aliased) {
            order[options.probe_count++] = i;
        }
    }
    options.probe_order = order;
    group_assign(tree, &options, &software->groups);
    free(order);
    return true;
}

/** The domain of a group at one SMMU; made if there is none. A group has one, but for maps that split it over SMMUs. */
static struct domain *domain_of(struct software *software, uint32_t group, uint32_t iommu, struct host_error *error)
{
    struct domain *domain;

    for (size_t i = 0; i < software->domain_count; i++) {
        domain = &software->domains[i];
        if (domain->group == group && domain->smmu_index == iommu) {
            return domain;
        }
    }
    domain = &software->domains[software->domain_count];
    if (software->planned) {
        domain_init_planned(domain, software->config.domain_kind);
    } else if (!domain_init(domain, software->config.domain_kind, &software->smmus[iommu], &software->ram, error)) {
        return NULL;
    }
    domain->group = group;
    domain->smmu_index = iommu;
    software->domain_count++;
    return domain;
}

/** Attaching an alias' StreamID needs its own look-up; called for each of a function's requester IDs (rule B6). */
struct attach {
    struct software *software;
    const struct firmware_host *host;
    struct domain *domain;
    struct host_error *error;
    bool failed;
};

static bool attach_alias(void *context, const struct group_alias *alias)
{
    struct attach *attach = context;
    struct rid_choice choice;

    rid_map_choose(attach->software->config.firmware, attach->host, alias->rid, &choice);
    if (choice.iommu_route != RID_IOMMU_MAPPED) {
        return false;
    }
    attach->failed = !domain_attach(attach->domain, rid_id_of(&choice.stream, alias->rid), attach->error);
    return attach->failed;
}

static bool attach_functions(struct software *software, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;

    /* At most one domain a function, and one for functions without an SMMU. */
    software->domains = allocate(tree->function_count + 1, sizeof(*software->domains));
    if (software->domains == NULL) {
        return host_error_set(error, "out of memory");
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        struct software_function *function = &software->functions[i];
        uint32_t group = software->groups.group_of[i];
        struct attach attach = {.software = software, .error = error};

        if (group == GROUP_NONE) {
            continue;
        }
        attach.host = &software->config.firmware->hosts[tree->functions[i].host_bridge];
        attach.domain = domain_of(software, group, function->iommu, error);
        if (attach.domain == NULL) {
            return false;
        }
        function->domain = (size_t)(attach.domain - software->domains);
        if (software->planned) {
            continue;
        }
        group_alias_walk(tree, i, software->config.kernel, attach_alias, &attach);
        if (attach.failed) {
            return false;
        }
    }
    return true;
}

/* ---- MSI-X ---- */

/** Address under which a function reaches its doorbell. */
static bool message_address(struct software *software, struct software_function *function, uint64_t *address,
                            struct host_error *error)
{
    if (function->domain == SIZE_MAX) {
        *address = function->doorbell;
        return true;
    }
    return domain_map_doorbell(&software->domains[function->domain], function->doorbell, address, error);
}

/** Writes one MSI-X table entry, masked while it changes (PCIe Base 6.1.4). */
static void write_entry(struct software *software, uint64_t entry, uint64_t address, uint32_t data)
{
    host_write32(software->access, entry + 12, 1);
    host_write32(software->access, entry, (uint32_t)address);
    host_write32(software->access, entry + 4, (uint32_t)(address >> 32));
    host_write32(software->access, entry + 8, data);
    host_write32(software->access, entry + 12, 0);
}

static bool set_up_vectors(struct software *software, uint32_t index, struct host_error *error)
{
    const struct enumerate_function *where = &software->found.functions[index];
    struct software_function *function = &software->functions[index];
    struct its_driver *its = &software->itses[function->its];
    uint32_t count = software->found.tree.functions[index].msix_vectors;
    uint64_t address;
    uint16_t control;

    function->vectors = allocate(count, sizeof(*function->vectors));
    if (function->vectors == NULL) {
        return host_error_set(error, "out of memory");
    }
    if (!its_driver_map_device(its, function->device_id, count, error) ||
        !message_address(software, function, &address, error)) {
        return false;
    }
    control = pci_config_read16(software->access, where->config, where->msix + MSIX_CONTROL);
    pci_config_write16(software->access, where->config, where->msix + MSIX_CONTROL,
                       control | MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
    for (uint32_t i = 0; i < count; i++) {
        struct software_vector *vector = &function->vectors[i];

        vector->pe = software->next_pe++ % software->config.pe_count;
        vector->address = address;
        if (!its_driver_map_event(its, function->device_id, i, vector->pe, &vector->intid, error)) {
            return false;
        }
        write_entry(software, where->msix_table + (uint64_t)MSIX_ENTRY_BYTES * i, address, i);
    }
    function->vector_count = count;
    pci_config_write16(software->access, where->config, where->msix + MSIX_CONTROL,
                       (uint16_t)((control | MSIX_CONTROL_ENABLE) & ~MSIX_CONTROL_MASK));
    return its_driver_sync(its, error);
}

static bool set_up_interrupts(struct software *software, struct host_error *error)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (software->functions[i].its != NONE32 && software->found.tree.functions[i].msix_vectors > 0 &&
            !set_up_vectors(software, i, error)) {
            return false;
        }
    }
    return true;
}

/* ---- The whole ---- */

static bool start_drivers(struct software *software, struct host_error *error)
{
    const struct software_config *config = &software->config;
    const struct firmware *firmware = config->firmware;

    software->smmus = allocate(firmware->iommu_count, sizeof(*software->smmus));
    software->itses = allocate(firmware->controller_count, sizeof(*software->itses));
    if (software->smmus == NULL || software->itses == NULL) {
        return host_error_set(error, "out of memory");
    }
    software->lpis = (struct lpi_pool){.access = software->access,
                                       .ram = &software->ram,
                                       .redistributor_base = config->redistributor_base,
                                       .redistributor_stride = config->redistributor_stride,
                                       .pe_count = config->pe_count,
                                       .id_bits = config->lpi_id_bits};
    if (firmware->controller_count > 0 && !lpi_pool_start(&software->lpis, error)) {
        return false;
    }
    for (size_t i = 0; i < firmware->controller_count; i++) {
        if (!its_driver_start(&software->itses[i], software->access, &software->ram, &software->lpis, &config->itses[i],
                              error)) {
            return false;
        }
    }
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        if (!smmu_driver_start(&software->smmus[i], software->access, &software->ram, &config->smmus[i], error)) {
            return false;
        }
    }
    return true;
}

/** Identifiers, groups and domains of everything in the tree. */
static bool decide(struct software *software, struct host_error *error)
{
    uint32_t count = software->found.tree.function_count;

    software->functions = allocate(count, sizeof(*software->functions));
    if (software->functions == NULL) {
        return host_error_set(error, "out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        resolve(software, i);
    }
    refuse_shared_streams(software);
    return form_groups(software, error) && attach_functions(software, error);
}

bool software_bring_up(struct software *software, struct host_access *access, const struct software_config *config,
                       struct host_error *error)
{
    memset(software, 0, sizeof(*software));
    software->config = *config;
    software->access = access;
    host_ram_init(&software->ram, access->memory);
    if (!start_drivers(software, error) ||
        !enumerate_all(&software->found, access, config->bridges, (uint32_t)config->firmware->host_count,
                       &config->enumerate, error)) {
        return false;
    }
    return decide(software, error) && set_up_interrupts(software, error);
}

bool software_plan(struct software *software, const struct software_config *config, struct pci_tree *tree,
                   struct host_error *error)
{
    memset(software, 0, sizeof(*software));
    software->config = *config;
    software->planned = true;
    software->found.tree = *tree;
    memset(tree, 0, sizeof(*tree));
    if (!decide(software, error)) {
        return false;
    }
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        struct software_function *function = &software->functions[i];
        uint64_t address;

        if (function->its != NONE32 && software->found.tree.functions[i].msix_vectors > 0 &&
            !message_address(software, function, &address, error)) {
            return false;
        }
    }
    return true;
}

bool software_map_buffer(struct software *software, uint32_t function, uint64_t size, uint64_t *address,
                         struct host_error *error)
{
    uint64_t physical = software->planned ? 0 : host_ram_take(&software->ram, size, IO_PAGE_BYTES);
    size_t domain = software->functions[function].domain;

    if (physical == 0 && !software->planned) {
        return host_error_set(error, "no memory for a DMA buffer of %llu bytes", (unsigned long long)size);
    }
    if (domain == SIZE_MAX) {
        *address = physical;
        return true;
    }
    return domain_map_buffer(&software->domains[domain], physical, size, address, error);
}

uint32_t software_collect_events(struct software *software)
{
    struct smmu_driver_event event;

    for (size_t i = 0; i < software->config.firmware->iommu_count; i++) {
        while (smmu_driver_next_event(&software->smmus[i], &event)) {
            software->event_count++;
        }
    }
    return software->event_count;
}

void software_release(struct software *software)
{
    const struct firmware *firmware = software->config.firmware;

    for (size_t i = 0; software->smmus != NULL && i < firmware->iommu_count; i++) {
        smmu_driver_release(&software->smmus[i]);
    }
    for (size_t i = 0; software->itses != NULL && i < firmware->controller_count; i++) {
        its_driver_release(&software->itses[i]);
    }
    for (size_t i = 0; i < software->domain_count; i++) {
        domain_release(&software->domains[i]);
    }
    for (uint32_t i = 0; software->functions != NULL && i < software->found.tree.function_count; i++) {
        free(software->functions[i].vectors);
    }
    free(software->smmus);
    free(software->itses);
    free(software->domains);
    free(software->functions);
    group_assignment_clear(&software->groups);
    enumeration_clear(&software->found);
}
