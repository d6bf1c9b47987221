/* Attaching devices to consumers: ownership, isolation, reserved regions, the rule sets' checks. */
#include "host/consumer_internal.h"
#include "host/paging.h"
#include "host/viommu_hardware.h"

#include <errno.h>
#include <string.h>

/** One attachment that is asked for. */
struct attaching {
    struct software *software;
    struct consumer *user;
    uint32_t consumer;
    uint32_t function;
    uint32_t group;
    struct host_error *error;
};

static const char *name_of(const struct attaching *at, uint32_t function)
{
    return at->software->found.tree.functions[function].name;
}

static uint16_t segment_of(const struct attaching *at, uint32_t function)
{
    const struct pci_tree *tree = &at->software->found.tree;

    return tree->host_bridges[tree->functions[function].host_bridge].segment;
}

/** Whether a driver could use it for itself: no port, whose driver does no DMA. */
static bool is_device(const struct attaching *at, uint32_t function)
{
    const struct pci_tree_function *mine = &at->software->found.tree.functions[function];

    return !pci_tree_is_bridge(mine) && mine->type != PCI_TREE_RC_EVENT_COLLECTOR;
}

static bool is_listed(const struct attaching *at, uint32_t function)
{
    const struct consumer_config *config = at->user->config;
    uint16_t rid = at->software->found.tree.functions[function].rid;

    for (size_t i = 0; i < config->device_count; i++) {
        if (config->devices[i].rid == rid && config->devices[i].segment == segment_of(at, function)) {
            return true;
        }
    }
    return false;
}

/** Functions of the group, in the order of the tree; GROUP_NONE behind the last. There is a group. */
static uint32_t first_member(const struct attaching *at)
{
    return at->software->groups.first_of[at->group];
}

static uint32_t next_member(const struct attaching *at, uint32_t member)
{
    return at->software->groups.next_of[member];
}

/* ---- Ownership (A23) ---- */

static bool check_member(const struct attaching *at, uint32_t member)
{
    const struct software_function *other = &at->software->functions[member];

    if (member == at->function || !is_device(at, member)) {
        return true;
    }
    if (other->consumer != CONSUMER_NONE && other->consumer != at->consumer) {
        return host_error_fail(at->error, EPERM, "group %u belongs to %s already, which has %s", at->group,
                               at->software->consumers[other->consumer].config->name, name_of(at, member));
    }
    if (other->consumer == CONSUMER_NONE && !is_listed(at, member)) {
        return host_error_fail(at->error, EBUSY, "%s of the same group %u is used by the kernel", name_of(at, member),
                               at->group);
    }
    return true;
}

static bool check_owner(const struct attaching *at)
{
    const struct software_function *mine = &at->software->functions[at->function];

    if (at->group == GROUP_NONE) {
        return host_error_fail(at->error, ENODEV, "%s has no IOMMU group%s", name_of(at, at->function),
                               mine->aliased ? ": its StreamID belongs to another function" : "");
    }
    if (mine->consumer != CONSUMER_NONE) {
        return host_error_fail(at->error, mine->consumer == at->consumer ? EBUSY : EPERM, "%s belongs to %s already",
                               name_of(at, at->function), at->software->consumers[mine->consumer].config->name);
    }
    if (at->user->config->kind == CONSUMER_KERNEL) {
        return true;
    }
    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        if (!check_member(at, i)) {
            return false;
        }
    }
    return true;
}

/* ---- Isolation of interrupts (C16) ---- */

static bool is_isolated(const struct software *software, uint32_t function)
{
    uint32_t its = software->functions[function].its;

    return its != UINT32_MAX && software->config.firmware->controllers[its].is_its &&
           !software->config.firmware->controllers[its].pre_its;
}

static bool check_isolation(const struct attaching *at)
{
    if (at->user->config->unsafe_interrupts) {
        return true;
    }
    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        if (!is_isolated(at->software, i)) {
            return host_error_fail(at->error, EPERM,
                                   "the interrupt controller of %s cannot tell who writes, and unsafe interrupts are "
                                   "not allowed",
                                   name_of(at, i));
        }
    }
    return true;
}

/* ---- Reserved regions (C14, C15, F13) ---- */

/** Whether a region meets what the user has mapped, or will have when the first device comes. */
static bool meets_mapping(const struct attaching *at, const struct reserved_region *region)
{
    const struct consumer_config *config = at->user->config;

    if (reserved_overlaps(region, config->user_base, config->user_size)) {
        return true;
    }
    for (size_t i = 0; i < at->user->space_count; i++) {
        const struct domain *domain = at->user->spaces[i].domain;

        for (size_t j = 0; j < domain->mapping_count; j++) {
            if (reserved_overlaps(region, domain->mappings[j].iova, domain->mappings[j].size)) {
                return true;
            }
        }
    }
    return false;
}

static bool check_regions(const struct attaching *at, uint32_t member)
{
    const struct reserved_regions *regions = &at->software->config.reserved;
    const struct software_rules *rules = at->software->rules;
    uint16_t segment = segment_of(at, member);
    uint16_t rid = at->software->found.tree.functions[member].rid;
    const struct reserved_region *region;
    bool fixed = reserved_find(regions, segment, rid, RESERVED_MSI) != NULL;
    size_t position = 0;

    if (rules->direct_blocks_claim && reserved_find(regions, segment, rid, RESERVED_DIRECT) != NULL) {
        return host_error_fail(at->error, EINVAL, "%s has a region that must stay mapped one to one",
                               name_of(at, member));
    }
    if (fixed && at->user->config->kind == CONSUMER_IOMMUFD &&
        reserved_find(regions, segment, rid, RESERVED_SW_MSI) != NULL) {
        return host_error_fail(at->error, EINVAL, "%s has two MSI windows", name_of(at, member));
    }
    if (fixed && rules->bind_refuses_fixed && at->user->config->translation == CONSUMER_NESTED) {
        return host_error_fail(at->error, EINVAL, "%s has an MSI window that hardware fixes", name_of(at, member));
    }
    while ((region = reserved_next(regions, segment, rid, &position)) != NULL) {
        if (region->kind != RESERVED_DIRECT_RELAXABLE && meets_mapping(at, region)) {
            return host_error_fail(at->error, EINVAL,
                                   "a reserved region (%s, 0x%llx to 0x%llx) of %s is mapped already",
                                   reserved_kind_name(region->kind), (unsigned long long)region->base,
                                   (unsigned long long)(region->base + (region->size - 1)), name_of(at, member));
        }
    }
    return true;
}

/* ---- The rule set's check of doorbells (C18) ---- */

static bool check_doorbell(const struct attaching *at, const struct consumer_space *space)
{
    uint32_t its = at->software->functions[at->function].its;

    if (!at->software->rules->bind_checks_domain || at->user->config->translation != CONSUMER_NESTED ||
        !space->has_its || space->its == its) {
        return true;
    }
    return host_error_fail(at->error, EINVAL, "%s does not share the ITS of the devices that are in the domain already",
                           name_of(at, at->function));
}

/* ---- Attaching ---- */

static bool may_attach(const struct attaching *at)
{
    if (!check_owner(at)) {
        return false;
    }
    if (at->user->style == DOORBELL_UNSUPPORTED) {
        return host_error_fail(at->error, EOPNOTSUPP, "%s know no such use of devices", at->software->rules->name);
    }
    if (at->user->config->kind == CONSUMER_KERNEL) {
        return true;
    }
    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        if (!check_regions(at, i)) {
            return false;
        }
    }
    return check_isolation(at) &&
           (at->user->config->faults == FAULT_NONE || fault_object_check(at->software, at->function, at->error));
}

/** A group that changes hands is blocked until its devices are attached one by one. */
static bool block_group(const struct attaching *at)
{
    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        struct domain *blocked;

        blocked = software_blocked_domain(at->software, at->software->functions[i].iommu, at->error);
        if (blocked == NULL || !software_attach(at->software, i, blocked, at->error)) {
            return false;
        }
    }
    return true;
}

/** Gives a group back to the kernel. */
static bool release_group(const struct attaching *at)
{
    at->software->group_states[at->group].consumer = CONSUMER_NONE;
    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        struct domain *domain;

        domain = software_default_domain(at->software, at->group, at->software->functions[i].iommu, at->error);
        if (domain == NULL || !software_attach(at->software, i, domain, at->error)) {
            return false;
        }
    }
    return true;
}

/** Ports of a group go along with the first device; in domains of the kernel's own, all of the group does. */
static bool attach_others(const struct attaching *at, struct domain *domain)
{
    bool all = at->user->config->kind == CONSUMER_KERNEL;

    for (uint32_t i = first_member(at); i != GROUP_NONE; i = next_member(at, i)) {
        if ((all || !is_device(at, i)) && at->software->functions[i].iommu == domain->smmu_index &&
            !software_attach(at->software, i, domain, at->error)) {
            return false;
        }
    }
    return true;
}

/* ---- Virtual IOMMUs (E1 to E3) ---- */

static bool has_viommus(const struct attaching *at)
{
    return at->user->config->translation == CONSUMER_NESTED && at->user->config->kind == CONSUMER_IOMMUFD;
}

/** The guest's device, before it is attached: a nested domain is for devices that the guest knows (E4). */
static bool add_vdevice(const struct attaching *at, struct consumer_space *space)
{
    struct software_function *mine = &at->software->functions[at->function];
    const struct viommu_parent parent = {.smmu = space->domain->smmu_index,
                                         .nest_parent = space->translation == CONSUMER_NESTED,
                                         .vmid = space->domain->vmid};
    struct viommu_hardware hardware;

    if (!has_viommus(at)) {
        return true;
    }
    hardware = viommu_hardware_of(at->software, at->function);
    if (!space->has_viommu && !viommu_init(&space->viommu, VIOMMU_SMMUV3, &hardware, &parent, at->error)) {
        return false;
    }
    if (!hardware.can_write_back) {
        return host_error_fail(at->error, EOPNOTSUPP, "writes of %s cannot be made to snoop",
                               name_of(at, at->function));
    }
    space->has_viommu = true;
    mine->iommufd = (struct viommu_device){
        .smmu = mine->iommu, .stream_id = mine->stream_id, .stream_count = mine->attachment.stream_count};
    return viommu_add_device(&space->viommu, &mine->iommufd, at->function + 1, at->error);
}

static bool remove_vdevice(const struct attaching *at, struct consumer_space *space)
{
    struct software_function *mine = &at->software->functions[at->function];

    return space == NULL || !mine->iommufd.has_vdevice ||
           viommu_remove_device(&space->viommu, &mine->iommufd, at->error);
}

static bool attach_device(const struct attaching *at)
{
    struct software_function *mine = &at->software->functions[at->function];
    struct software_group *state = &at->software->group_states[at->group];
    struct consumer_space *space;
    struct domain *domain;

    space = consumer_find_space(at->software, at->consumer, at->group, mine->iommu, at->error);
    if (space == NULL || !check_doorbell(at, space) || !add_vdevice(at, space)) {
        return false;
    }
    domain = consumer_domain_for(at->software, at->consumer, space, at->function, at->error);
    if (domain == NULL || (state->members == 0 && !attach_others(at, domain)) ||
        !software_attach(at->software, at->function, domain, at->error)) {
        remove_vdevice(at, space);
        return false;
    }
    if (mine->its != UINT32_MAX && !space->has_its) {
        space->has_its = true;
        space->its = mine->its;
    }
    mine->consumer = at->consumer;
    state->members++;
    return true;
}

static bool attach(const struct attaching *at)
{
    struct software_group *state;
    struct host_error ignored;
    struct attaching back = *at;

    if (!may_attach(at)) {
        return false;
    }
    state = &at->software->group_states[at->group];
    if (state->consumer != at->consumer) {
        state->consumer = at->consumer;
        state->members = 0;
        if (at->user->config->kind != CONSUMER_KERNEL && !block_group(at)) {
            return false;
        }
    }
    if (attach_device(at)) {
        return true;
    }
    back.error = &ignored;
    if (state->members == 0) {
        release_group(&back);
    }
    return false;
}

bool consumer_attach(struct software *software, uint32_t consumer, uint32_t function, struct host_error *error)
{
    struct software_outcome *outcome = &software->functions[function].attached;
    struct attaching at = {.software = software,
                           .user = &software->consumers[consumer],
                           .consumer = consumer,
                           .function = function,
                           .group = software->groups.group_of[function],
                           .error = error};
    bool done = attach(&at);

    outcome->tried = true;
    host_error_clear(&outcome->error);
    if (!done) {
        outcome->error = *error;
    }
    return done;
}

bool consumer_detach(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    struct attaching at = {.software = software,
                           .consumer = mine->consumer,
                           .function = function,
                           .group = software->groups.group_of[function],
                           .error = error};
    struct software_group *state;
    struct domain *blocked;

    if (mine->consumer == CONSUMER_NONE) {
        return host_error_fail(error, ENODEV, "%s belongs to no consumer", name_of(&at, function));
    }
    state = &software->group_states[at.group];
    if (!paging_flush(software, function, error) || !remove_vdevice(&at, consumer_space_of(software, function))) {
        return false;
    }
    mine->consumer = CONSUMER_NONE;
    mine->nested = NULL;
    if (--state->members == 0) {
        return release_group(&at);
    }
    blocked = software_blocked_domain(software, mine->iommu, error);
    return blocked != NULL && software_attach(software, function, blocked, error);
}
