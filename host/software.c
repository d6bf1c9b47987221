#include "host/software.h"

#include "host/groups_alias.h"
#include "host/interrupts.h"
#include "host/rid_map.h"
#include "host/software_sharing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE32 UINT32_MAX

static void *allocate(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size);
}

/* ---- Identifiers: StreamID, DeviceID, ITS ---- */

/** A function of which nothing is known yet. */
static void begin(struct software_function *mine)
{
    memset(mine, 0, offsetof(struct software_function, attached));
    mine->attached.tried = false;
    host_error_clear(&mine->attached.error);
    mine->interrupts.tried = false;
    host_error_clear(&mine->interrupts.error);
    attachment_init(&mine->attachment, NULL, 0);
    mine->iommu = NONE32;
    mine->its = NONE32;
    mine->domain = SIZE_MAX;
    mine->consumer = CONSUMER_NONE;
    mine->message = SOFTWARE_NO_ADDRESS;
}

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

    begin(mine);
    rid_map_choose(firmware, host, function->rid, &choice);
    if (choice.iommu_route == RID_IOMMU_MAPPED && software_aliases_are_mapped(software, index)) {
        mine->iommu = (uint32_t)choice.iommu;
        mine->stream_id = rid_id_of(&choice.stream, function->rid);
    }
    if (msi_rid != function->rid) {
        rid_map_choose(firmware, host, msi_rid, &choice);
    }
    if (choice.device_id_known) {
        mine->its = (uint32_t)choice.controller;
        mine->device_id = rid_id_of(&choice.device_id, msi_rid);
        rid_map_doorbell(&firmware->controllers[mine->its], mine->device_id, &mine->doorbell);
    } else if (choice.controller != FIRMWARE_NONE && firmware->controllers[choice.controller].is_v2m) {
        mine->its = (uint32_t)choice.controller;
        mine->doorbell = firmware->controllers[mine->its].base + FIRMWARE_V2M_DOORBELL;
    }
}

/* ---- Groups and domains ---- */

/** Forms the groups of the functions that have an IOMMU, in the order in which they were found (rule A20). */
static void form_groups(struct software *software)
{
    const struct pci_tree *tree = &software->found.tree;
    uint32_t *order = host_room_make(&software->memory.order, tree->function_count, sizeof(*order));
    struct group_options options = {.rule = software->config.grouping, .kernel = software->config.kernel};

    /* Doorbell's endpoints send everything up their link, even to a function of their own device. */
    options.reach.devices_send_all_up = true;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (software->functions[i].iommu != NONE32 && !software->functions[i].aliased) {
            order[options.probe_count++] = i;
        }
    }
    options.probe_order = order;
    group_assign(tree, &options, &software->groups);
}

struct domain *software_take_domain(struct software *software, struct host_error *error)
{
    if (software->domain_count == software->domain_limit) {
        host_error_fail(error, ENOSPC, "more domains than were foreseen");
        return NULL;
    }
    return &software->domains[software->domain_count++];
}

/** A domain without a user's name: a default one, or the blocked one of an SMMU. */
static struct domain *find_plain(struct software *software, uint32_t group, uint32_t iommu)
{
    for (size_t i = 0; i < software->domain_count; i++) {
        struct domain *domain = &software->domains[i];

        if (domain->name == NULL && domain->group == group && domain->smmu_index == iommu) {
            return domain;
        }
    }
    return NULL;
}

void software_set_pages(const struct software *software, uint32_t iommu, struct domain *domain)
{
    unsigned granule = software_page_bits(software);

    if (!software->planned) {
        granule = software->smmus[iommu].granule;
    } else if (software->config.smmus != NULL && software->config.smmus[iommu].granule != 0) {
        granule = software->config.smmus[iommu].granule;
    }
    domain_set_pages(domain, granule, software_page_bits(software));
}

static struct domain *make_plain(struct software *software, uint32_t group, uint32_t iommu, enum domain_kind kind,
                                 struct host_error *error)
{
    struct domain *domain = software_take_domain(software, error);

    if (domain == NULL) {
        return NULL;
    }
    software_set_pages(software, iommu, domain);
    if (software->planned) {
        domain_init_planned(domain, kind);
    } else if (!domain_init(domain, kind, &software->smmus[iommu], &software->ram, error)) {
        software->domain_count--;
        return NULL;
    }
    domain->group = group;
    domain->smmu_index = iommu;
    return domain;
}

/** A group has one at an SMMU: one in all, but for maps that split it over SMMUs. */
struct domain *software_default_domain(struct software *software, uint32_t group, uint32_t iommu,
                                       struct host_error *error)
{
    struct domain *domain = find_plain(software, group, iommu);

    return domain != NULL ? domain : make_plain(software, group, iommu, software->config.domain_kind, error);
}

struct domain *software_blocked_domain(struct software *software, uint32_t iommu, struct host_error *error)
{
    struct domain *domain = find_plain(software, GROUP_NONE, iommu);

    return domain != NULL ? domain : make_plain(software, GROUP_NONE, iommu, DOMAIN_BLOCKED, error);
}

bool software_attach(struct software *software, uint32_t function, struct domain *domain, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    const unsigned gaps = mine->attachment.gaps;

    if (!services_before_attach(software, function, domain, error) ||
        !attachment_set_domain(&mine->attachment, domain, error)) {
        return false;
    }
    mine->message_gap = mine->message_gap || (mine->attachment.gaps != gaps && mine->message != SOFTWARE_NO_ADDRESS);
    mine->domain = (size_t)(domain - software->domains);
    return services_after_attach(software, function, error);
}

/** Attaching an alias' StreamID needs its own look-up; called for each of a function's requester IDs (rule B6). */
struct attach {
    struct software *software;
    const struct firmware_host *host;
    struct software_function *function;
    uint16_t rid; /**< the function's own, whose StreamID is known */
    struct host_error *error;
    bool failed;
};

static bool add_alias(void *context, const struct group_alias *alias)
{
    struct attach *attach = context;
    uint32_t stream_id = attach->function->stream_id;
    struct rid_choice choice;

    if (alias->rid != attach->rid) {
        rid_map_choose_iommu(attach->software->config.firmware, attach->host, alias->rid, &choice);
        if (choice.iommu_route != RID_IOMMU_MAPPED) {
            return false;
        }
        stream_id = rid_id_of(&choice.stream, alias->rid);
    }
    attach->failed = !attachment_add_stream(&attach->function->attachment, stream_id, attach->error);
    return attach->failed;
}

/** Where a region is no whole pages, the pages that it touches are mapped (F12). */
static bool map_one_to_one(struct domain *domain, const struct reserved_region *region, struct host_error *error)
{
    const uint64_t base = domain_page_of(domain, region->base);
    const uint64_t end = domain_page_of(domain, region->base + region->size + domain_unit(domain) - 1);

    return domain_map_at(domain, base, base, end - base, error);
}

/** Regions that must stay mapped one to one are, in a domain of the kernel's that translates (F12). */
static bool map_direct(struct software *software, uint32_t index, struct domain *domain, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;
    uint16_t segment = tree->host_bridges[tree->functions[index].host_bridge].segment;
    const struct reserved_region *region;
    size_t position = 0;

    while ((region = reserved_next(&software->config.reserved, segment, tree->functions[index].rid, &position)) !=
           NULL) {
        uint64_t known;

        if ((region->kind == RESERVED_DIRECT || region->kind == RESERVED_DIRECT_RELAXABLE) &&
            domain_translates(domain) && !domain_resolve(domain, region->base, &known) &&
            !map_one_to_one(domain, region, error)) {
            return false;
        }
    }
    return true;
}

/** Finds a function's StreamIDs and puts them into the group's default domain. */
static bool attach_function(struct software *software, uint32_t index, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;
    struct software_function *function = &software->functions[index];
    struct attach attach = {.software = software, .function = function, .rid = tree->functions[index].rid};
    struct domain *domain = software_default_domain(software, software->groups.group_of[index], function->iommu, error);

    if (domain == NULL) {
        return false;
    }
    attach.error = error;
    attach.host = &software->config.firmware->hosts[tree->functions[index].host_bridge];
    attachment_init(&function->attachment, software->planned ? NULL : &software->smmus[function->iommu],
                    function->iommu);
    group_alias_walk(tree, index, software->config.kernel, add_alias, &attach);
    services_probe(software, index);
    return !attach.failed && map_direct(software, index, domain, error) &&
           software_attach(software, index, domain, error);
}

static bool attach_functions(struct software *software, struct host_error *error)
{
    const struct pci_tree *tree = &software->found.tree;

    /* At most one domain a function, one blocked domain an SMMU, and those of consumers. */
    software->domain_limit = tree->function_count + software->config.firmware->iommu_count * (1 + PASID_PROCESSES) +
                             consumers_domain_limit(software) + software->config.pasid_domains;
    software->domains = host_room_make(&software->memory.domains, software->domain_limit, sizeof(*software->domains));
    software->group_states =
        host_room_make(&software->memory.groups, software->groups.group_count, sizeof(*software->group_states));
    for (uint32_t i = 0; i < software->groups.group_count; i++) {
        software->group_states[i] = (struct software_group){.consumer = CONSUMER_NONE};
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (software->groups.group_of[i] != GROUP_NONE && !attach_function(software, i, error)) {
            return false;
        }
    }
    return true;
}

/* ---- Messages ---- */

static bool set_up_messages(struct software *software, uint32_t index, struct host_error *error)
{
    struct software_function *function = &software->functions[index];
    uint32_t count = messages_count(software, index);
    uint32_t first;
    uint64_t address;

    if (function->vectors == NULL) {
        function->vectors = allocate(count, sizeof(*function->vectors));
    }
    if (function->vectors == NULL) {
        return host_error_set(error, "out of memory");
    }
    if (!interrupts_prepare(software, index, &first, error) ||
        !consumer_map_doorbell(software, index, &address, error) ||
        !messages_set_up(software, index, first, address, error)) {
        return false;
    }
    function->message = address;
    return true;
}

static bool has_messages(const struct software *software, uint32_t function)
{
    return software->functions[function].its != NONE32 && messages_count(software, function) > 0;
}

bool software_enable_interrupts(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    uint32_t first;
    uint64_t address;

    if (!has_messages(software, function)) {
        return host_error_fail(error, ENODEV, "%s has no messages or no ITS to send them to",
                               software->found.tree.functions[function].name);
    }
    if (mine->message != SOFTWARE_NO_ADDRESS) {
        return true;
    }
    if (!software->planned) {
        return set_up_messages(software, function, error);
    }
    if (!interrupts_prepare(software, function, &first, error) ||
        !consumer_map_doorbell(software, function, &address, error)) {
        return false;
    }
    mine->message = address;
    return true;
}

bool software_disable_interrupts(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];

    if (mine->message == SOFTWARE_NO_ADDRESS) {
        return true;
    }
    if (!software->planned && !messages_disable(software, function, error)) {
        return false;
    }
    mine->message = SOFTWARE_NO_ADDRESS;
    return consumer_unmap_doorbell(software, function, error);
}

/** Whether a function shares its group with devices that a consumer has taken. */
static bool shares_with_consumer(const struct software *software, uint32_t function)
{
    uint32_t group = software->groups.group_of[function];

    return group != GROUP_NONE && software->group_states[group].consumer != CONSUMER_NONE;
}

/**
 * Interrupts of functions that the kernel drives. A system in which one of them cannot be set up does not come up,
 * unless that is some consumer's doing: then it is an outcome.
 */
static bool set_up_interrupts(struct software *software, struct host_error *error)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        struct software_function *mine = &software->functions[i];

        if (mine->consumer != CONSUMER_NONE || mine->attached.tried || !has_messages(software, i) ||
            software_enable_interrupts(software, i, error)) {
            continue;
        }
        if (!shares_with_consumer(software, i)) {
            return false;
        }
        mine->interrupts.tried = true;
        mine->interrupts.error = *error;
    }
    return true;
}

/** Function of the tree that a consumer's list names. */
static uint32_t find_device(const struct software *software, const struct consumer_device *device)
{
    return pci_tree_find(&software->found.tree, device->segment, device->rid);
}

/** Consumers take their devices, then enable interrupts, both in the order of their lists. Refusals are outcomes. */
static bool set_up_consumers(struct software *software, struct host_error *error)
{
    if (!consumers_init(software, error)) {
        return false;
    }
    for (uint32_t c = 0; c < software->consumer_count; c++) {
        const struct consumer_config *config = software->consumers[c].config;

        for (size_t i = 0; i < config->device_count; i++) {
            uint32_t function = find_device(software, &config->devices[i]);
            struct host_error refused = {.code = 0};

            if (function == PCI_TREE_NONE) {
                return host_error_fail(error, ENODEV, "%s: there is no function %04x:%04x", config->name,
                                       config->devices[i].segment, config->devices[i].rid);
            }
            consumer_attach(software, c, function, &refused);
        }
    }
    return true;
}

/** Attaches auxiliary domains. Refusals are outcomes. */
static bool set_up_pasids(struct software *software, struct host_error *error)
{
    software->pasid_outcomes =
        host_room_make(&software->memory.outcomes, software->config.pasid_count, sizeof(*software->pasid_outcomes));
    for (size_t i = 0; i < software->config.pasid_count; i++) {
        const struct pasid_config *config = &software->config.pasids[i];
        struct software_outcome *outcome = &software->pasid_outcomes[i];
        uint32_t function = pci_tree_find(&software->found.tree, config->segment, config->rid);

        if (function == PCI_TREE_NONE) {
            return host_error_fail(error, ENODEV, "there is no function %04x:%04x", config->segment, config->rid);
        }
        outcome->tried = true;
        host_error_clear(&outcome->error);
        if (pasid_enable(software, function, &outcome->error) &&
            pasid_attach(software, function, config->pasid, config->consumer, &outcome->error) && config->doorbell) {
            software->functions[function].doorbell_pasid = config->pasid;
        }
    }
    return true;
}

static void enable_consumers(struct software *software)
{
    for (uint32_t c = 0; c < software->consumer_count; c++) {
        const struct consumer_config *config = software->consumers[c].config;

        for (size_t i = 0; i < config->device_count; i++) {
            uint32_t function = find_device(software, &config->devices[i]);
            struct software_outcome *outcome = &software->functions[function].interrupts;

            if (software->functions[function].consumer == c && has_messages(software, function)) {
                outcome->tried = true;
                host_error_clear(&outcome->error);
                software_enable_interrupts(software, function, &outcome->error);
            }
        }
    }
}

/* ---- The whole ---- */

static bool start_drivers(struct software *software, struct host_error *error)
{
    const struct software_config *config = &software->config;
    const struct firmware *firmware = config->firmware;

    software->smmus = allocate(firmware->iommu_count, sizeof(*software->smmus));
    if (software->smmus == NULL) {
        return host_error_set(error, "out of memory");
    }
    software->lpis = (struct lpi_pool){.access = software->access,
                                       .ram = &software->ram,
                                       .redistributor_base = config->redistributor_base,
                                       .redistributor_stride = config->redistributor_stride,
                                       .pe_count = config->pe_count,
                                       .id_bits = config->lpi_id_bits};
    if (!interrupts_start(software, error)) {
        return false;
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

    software->functions = host_room_make(&software->memory.functions, count, sizeof(*software->functions));
    for (uint32_t i = 0; i < count; i++) {
        resolve(software, i);
    }
    software_refuse_shared_streams(software);
    form_groups(software);
    return attach_functions(software, error) && set_up_consumers(software, error) && set_up_pasids(software, error);
}

bool software_bring_up(struct software *software, struct host_access *access, const struct software_config *config,
                       struct host_error *error)
{
    memset(software, 0, sizeof(*software));
    software->config = *config;
    software->rules = config->rules != NULL ? config->rules : rules_find(group_kernel_name(config->kernel));
    software->access = access;
    host_ram_init(&software->ram, access->memory);
    if (!start_drivers(software, error) ||
        !enumerate_all(&software->found, access, config->bridges, (uint32_t)config->firmware->host_count,
                       &config->enumerate, error)) {
        return false;
    }
    if (!decide(software, error) || !set_up_interrupts(software, error)) {
        return false;
    }
    enable_consumers(software);
    return true;
}

/** SMMUs that the driver will not take, as far as their registers are foreseen. */
static bool accept_smmus(const struct software_config *config, struct host_error *error)
{
    for (size_t i = 0; config->smmus != NULL && i < config->firmware->iommu_count; i++) {
        if (!smmu_driver_accept(&config->smmus[i], error)) {
            return false;
        }
    }
    return true;
}

bool software_plan(struct software *software, const struct software_config *config, struct pci_tree *tree,
                   struct host_error *error)
{
    const struct software_memory memory = software->memory;
    const struct group_assignment groups = software->groups;

    memset(software, 0, sizeof(*software));
    software->memory = memory;
    software->groups = groups;
    software->config = *config;
    software->rules = config->rules != NULL ? config->rules : rules_find(group_kernel_name(config->kernel));
    software->planned = true;
    software->found.tree = *tree;
    memset(tree, 0, sizeof(*tree));
    if (!accept_smmus(config, error) || !interrupts_start(software, error) || !decide(software, error) ||
        !set_up_interrupts(software, error)) {
        return false;
    }
    enable_consumers(software);
    return true;
}

/** Memory for a function's buffer: the guest's own if a guest drives it. 0: used up. */
static uint64_t take_buffer(struct software *software, const struct software_function *function, uint64_t size)
{
    struct consumer *owner = function->consumer != CONSUMER_NONE ? &software->consumers[function->consumer] : NULL;

    if (owner != NULL && owner->has_guest_memory) {
        return host_ram_take(&owner->guest_ram, size, software_page_bytes(software));
    }
    return host_ram_take(&software->ram, size, software_page_bytes(software));
}

bool software_map_buffer(struct software *software, uint32_t function, uint64_t size, uint64_t *address,
                         struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    uint64_t physical = software->planned ? 0 : take_buffer(software, mine, size);
    struct domain *domain = mine->attachment.domain;

    if (physical == 0 && !software->planned) {
        return host_error_fail(error, ENOMEM, "no memory for a DMA buffer of %llu bytes", (unsigned long long)size);
    }
    if (mine->domain == SIZE_MAX) {
        *address = physical;
        return true;
    }
    if (domain->parent != NULL) {
        physical -= domain->table.guest_offset;
    }
    return domain_map_buffer(domain, physical, size, address, error);
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

/** What functions have of their own. */
static void release_functions(struct software *software)
{
    for (uint32_t i = 0; software->functions != NULL && i < software->found.tree.function_count; i++) {
        free(software->functions[i].vectors);
        free(software->functions[i].saved);
        if (!software->planned) {
            attachment_clear(&software->functions[i].attachment);
        }
    }
}

static void release_domains(struct software *software)
{
    struct host_room *room = &software->memory.domains;
    struct domain *domains = room->memory;

    for (size_t i = 0; i < room->bytes / sizeof(*domains); i++) {
        domain_release(&domains[i]);
    }
    host_room_clear(room);
}

/** Frees everything but what was found. */
static void release_decisions(struct software *software)
{
    const struct firmware *firmware = software->config.firmware;

    for (size_t i = 0; software->smmus != NULL && i < firmware->iommu_count; i++) {
        smmu_driver_release(&software->smmus[i]);
    }
    for (size_t i = 0; software->itses != NULL && i + software->config.frame_count < firmware->controller_count; i++) {
        its_driver_release(&software->itses[i]);
    }
    release_functions(software);
    release_domains(software);
    consumers_clear(software);
    paging_clear(&software->paging);
    free(software->smmus);
    free(software->itses);
    host_room_clear(&software->memory.frames);
    host_room_clear(&software->memory.functions);
    host_room_clear(&software->memory.claims);
    host_room_clear(&software->memory.order);
    host_room_clear(&software->memory.groups);
    host_room_clear(&software->memory.outcomes);
    group_assignment_clear(&software->groups);
}

void software_release(struct software *software)
{
    release_decisions(software);
    enumeration_clear(&software->found);
}

void software_forget_plan(struct software *software, struct pci_tree *tree)
{
    release_functions(software);
    for (size_t i = 0; i < software->domain_count; i++) {
        domain_forget(&software->domains[i]);
    }
    software->domain_count = 0;
    consumers_forget(software);
    paging_clear(&software->paging);
    software->functions = NULL;
    *tree = software->found.tree;
    memset(&software->found.tree, 0, sizeof(software->found.tree));
}
