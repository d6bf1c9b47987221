#include "host/software_view.h"

#include "host/interrupts.h"
#include "host/software_sharing.h"

#include <stdlib.h>
#include <string.h>

/** Views are made for every system that is explored: lists and names of all domains stand one after the other. */
struct making {
    const struct software *software;
    char *text;
    struct assumption_mapping *doorbells;
    struct assumption_range *ranges;
    struct assumption_pasid_user *pasids;
};

/* ---- Names ---- */

/* What a domain's name has beside those of its user and its SMMU, at most. */
#define NAME_REST 32u

static void append(struct making *making, const char *text)
{
    const size_t length = strlen(text);

    memcpy(making->text, text, length);
    making->text += length;
}

static void append_number(struct making *making, uint32_t number)
{
    char digits[11] = "";
    size_t at = sizeof(digits) - 1;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    append(making, &digits[at]);
}

static const char *name_domain(struct making *making, const struct domain *domain)
{
    const char *name = making->text;

    if (domain->name != NULL) {
        append(making, domain->name);
    } else if (domain->group == GROUP_NONE) {
        append(making, "that blocks");
    } else {
        append(making, "of group ");
        append_number(making, domain->group);
    }
    append(making, " at ");
    append(making, making->software->config.firmware->iommus[domain->smmu_index].name);
    if (domain->name != NULL && (domain->parent != NULL || domain->stage2)) {
        append(making, domain->parent != NULL ? " (stage 1)" : " (stage 2)");
    }
    *making->text++ = '\0';
    return name;
}

/* ---- Domains ---- */

static enum assumption_translation translation_of(const struct domain *domain)
{
    if (domain->kind == DOMAIN_BLOCKED) {
        return ASSUMPTION_BLOCKED;
    }
    return domain_translates(domain) ? ASSUMPTION_TRANSLATED : ASSUMPTION_BYPASS;
}

static void view_domain(struct making *making, const struct domain *from, struct assumption_domain *domain)
{
    const bool has_window = from->window_size != 0;
    struct domain_doorbell doorbell;
    size_t position = 0;

    *domain = (struct assumption_domain){.name = name_domain(making, from),
                                         .translation = translation_of(from),
                                         .page = domain_unit(from),
                                         .doorbells = making->doorbells,
                                         .dma = making->ranges,
                                         .dma_count = from->mapping_count,
                                         .msi_windows = making->ranges + from->mapping_count,
                                         .msi_window_count = has_window ? 1 : 0};
    while (domain_next_doorbell(from, &position, &doorbell)) {
        *making->doorbells++ = (struct assumption_mapping){
            .iova = doorbell.iova, .pa = doorbell.physical, .size = domain_unit(from), .writable = true};
        domain->doorbell_count++;
    }
    for (size_t i = 0; i < from->mapping_count; i++) {
        *making->ranges++ = (struct assumption_range){
            .base = from->mappings[i].iova, .size = from->mappings[i].size, .what = "a DMA buffer"};
    }
    if (has_window) {
        *making->ranges++ =
            (struct assumption_range){.base = from->window_base, .size = from->window_size, .what = "the MSI window"};
    }
}

/* ---- Functions ---- */

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
static void view_pasids(struct making *making, const struct attachment *from, struct assumption_function *function)
{
    function->pasids = making->pasids;
    function->pasid_count = from->pasid_count;
    for (size_t i = 0; i < from->pasid_count; i++) {
        *making->pasids++ = (struct assumption_pasid_user){
            .pasid = from->pasids[i].pasid, .domain = (uint32_t)(from->pasids[i].domain - making->software->domains)};
    }
}

static void view_function(struct making *making, uint32_t index, struct assumption_function *function)
{
    const struct software *software = making->software;
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
        view_pasids(making, &from->attachment, function);
    }
    function->refused = from->aliased;
    function->met = met != SIZE_MAX ? (uint32_t)met : ASSUMPTION_NONE;
    view_message(software->config.firmware, from, function);
}

/* ---- The whole ---- */

/** Lists that whoever added domains to the view made for them. */
static void free_added(struct software_view *view)
{
    for (size_t i = view->own_domains; i < view->system.domain_count; i++) {
        free((void *)(uintptr_t)view->domains[i].name);
        free((void *)(uintptr_t)view->domains[i].doorbells);
        free((void *)(uintptr_t)view->domains[i].dma);
        free((void *)(uintptr_t)view->domains[i].msi_windows);
    }
    view->system.domain_count = 0;
}

/** Room for the names and lists of all domains and functions. */
static struct making make_room(const struct software *software, struct software_view_memory *memory)
{
    size_t text = 0;
    size_t doorbells = 0;
    size_t ranges = software->domain_count;
    size_t pasids = 0;

    for (size_t i = 0; i < software->domain_count; i++) {
        const struct domain *domain = &software->domains[i];

        text += strlen(software->config.firmware->iommus[domain->smmu_index].name) + NAME_REST;
        text += domain->name != NULL ? strlen(domain->name) : 0;
        doorbells += domain->doorbell_count;
        ranges += domain->mapping_count;
    }
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        pasids += software->functions[i].attachment.pasid_count;
    }
    return (struct making){
        .software = software,
        .text = host_room_make(&memory->text, text, 1),
        .doorbells = host_room_make(&memory->doorbells, doorbells, sizeof(struct assumption_mapping)),
        .ranges = host_room_make(&memory->ranges, ranges, sizeof(struct assumption_range)),
        .pasids = host_room_make(&memory->pasids, pasids, sizeof(struct assumption_pasid_user)),
    };
}

/** Names of SMMUs, then those of ITS. @return the first */
static const char **name_parts(const struct firmware *firmware, struct host_room *room)
{
    const char **names = host_room_make(room, firmware->iommu_count + firmware->controller_count, sizeof(*names));

    for (size_t i = 0; i < firmware->iommu_count; i++) {
        names[i] = firmware->iommus[i].name;
    }
    for (size_t i = 0; i < firmware->controller_count; i++) {
        names[firmware->iommu_count + i] = firmware->controllers[i].name;
    }
    return names;
}

void software_view_make(const struct software *software, size_t more_domains, struct software_view *view)
{
    const struct firmware *firmware = software->config.firmware;
    const uint32_t count = software->found.tree.function_count;
    const char **names = name_parts(firmware, &view->memory.labels);
    struct making making = make_room(software, &view->memory);

    free_added(view);
    view->own_domains = software->domain_count;
    view->functions = host_room_make(&view->memory.functions, count, sizeof(*view->functions));
    view->domains =
        host_room_make(&view->memory.domains, software->domain_count + more_domains, sizeof(*view->domains));
    for (uint32_t i = 0; i < count; i++) {
        view_function(&making, i, &view->functions[i]);
    }
    for (size_t i = 0; i < software->domain_count; i++) {
        view_domain(&making, &software->domains[i], &view->domains[i]);
    }
    memset(view->domains + software->domain_count, 0, more_domains * sizeof(*view->domains));
    view->system = (struct assumption_system){.tree = &software->found.tree,
                                              .groups = &software->groups,
                                              .kernel = software->config.kernel,
                                              .page = software_page_bytes(software),
                                              .reach.devices_send_all_up = true,
                                              .functions = view->functions,
                                              .domains = view->domains,
                                              .domain_count = (uint32_t)software->domain_count,
                                              .smmu_names = names,
                                              .smmu_count = (uint32_t)firmware->iommu_count,
                                              .its_names = names + firmware->iommu_count,
                                              .its_count = (uint32_t)firmware->controller_count};
}

void software_view_clear(struct software_view *view)
{
    free_added(view);
    host_room_clear(&view->memory.functions);
    host_room_clear(&view->memory.domains);
    host_room_clear(&view->memory.labels);
    host_room_clear(&view->memory.text);
    host_room_clear(&view->memory.doorbells);
    host_room_clear(&view->memory.ranges);
    host_room_clear(&view->memory.pasids);
}
