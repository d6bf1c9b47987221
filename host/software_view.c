#include "host/software_view.h"

#include "host/interrupts.h"
#include "host/software_sharing.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    domain->page = domain_unit(from);
    for (size_t i = 0; i < from->doorbell_count; i++) {
        struct assumption_mapping *doorbell = &doorbells[domain->doorbell_count];

        /* What a guest maps and the host does not leads nowhere. */
        doorbell->iova = from->doorbells[i].iova;
        doorbell->size = domain_unit(from);
        doorbell->writable = true;
        domain->doorbell_count += domain_resolve_doorbell(from, i, &doorbell->pa) ? 1 : 0;
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

/** Whether an address is a doorbell: of an ITS, in a pre-ITS's window, or of a GICv2m frame. */
static bool is_doorbell(const struct firmware *firmware, uint64_t address)
{
    for (size_t i = 0; i < firmware->controller_count; i++) {
        const struct firmware_msi_controller *controller = &firmware->controllers[i];
        uint64_t offset = controller->is_v2m ? FIRMWARE_V2M_DOORBELL : FIRMWARE_ITS_DOORBELL;

        if (address == controller->base + offset ||
            (controller->pre_its && address - controller->pre_its_base < controller->pre_its_size)) {
            return true;
        }
    }
    return false;
}

/** Where the translation of a function takes its messages. */
static void view_message(const struct firmware *firmware, const struct software_function *from,
                         struct assumption_function *function)
{
    uint64_t physical = from->message;

    function->messages_off = from->message == SOFTWARE_NO_ADDRESS || from->pulled || from->removed;
    function->message_known = !function->messages_off;
    function->message_gap = from->message_gap;
    function->message_leads_to = VERDICT_NO_ID;
    if (function->message_known &&
        (from->attachment.domain == NULL || domain_resolve(from->attachment.domain, from->message, &physical))) {
        function->message_leads_to = physical;
        function->message_at_no_doorbell = !is_doorbell(firmware, physical);
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
        function->device_id = interrupts_have_its(software, index) ? from->device_id : VERDICT_NO_ID;
        function->doorbell = from->doorbell;
        function->no_device_id =
            !interrupts_have_its(software, index) || software->config.firmware->controllers[from->its].pre_its;
    }
    if (from->domain != SIZE_MAX) {
        function->domain = (uint32_t)from->domain;
        view_pasids(software, &from->attachment, function);
    }
    function->refused = from->aliased;
    function->met = met != SIZE_MAX ? (uint32_t)met : ASSUMPTION_NONE;
    view_message(software->config.firmware, from, function);
}

void software_view_make(const struct software *software, size_t more_domains, struct software_view *view)
{
    const struct firmware *firmware = software->config.firmware;
    uint32_t count = software->found.tree.function_count;

    memset(view, 0, sizeof(*view));
    view->functions = sim_allocate(count, sizeof(*view->functions));
    view->domains = sim_allocate(software->domain_count + more_domains, sizeof(*view->domains));
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
    view->system.page = software_page_bytes(software);
    view->system.reach.devices_send_all_up = true;
    view->system.functions = view->functions;
    view->system.domains = view->domains;
    view->system.domain_count = (uint32_t)software->domain_count;
    view->system.smmu_names = view->smmu_names;
    view->system.smmu_count = (uint32_t)firmware->iommu_count;
    view->system.its_names = view->its_names;
    view->system.its_count = (uint32_t)firmware->controller_count;
}

void software_view_clear(struct software_view *view)
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
}
