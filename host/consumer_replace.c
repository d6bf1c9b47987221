/*
 * Replacing what a group's requests go through while they go on: an iommufd HWPT by another one (rule C11). Stream
 * table entries change by hitless plans where there are some (D13): between two stages 2 there is none, and requests
 * are terminated for a while.
 */
#include "host/consumer_internal.h"
#include "host/paging.h"

#include <errno.h>

/** One replacement under way. */
struct replacing {
    struct software *software;
    struct consumer *user;
    uint32_t group;
    struct consumer_space *space; /**< that the group is in */
    struct host_error *error;
};

static const char *name_of(const struct replacing *at, uint32_t function)
{
    return at->software->found.tree.functions[function].name;
}

/** Whether a function of the group, ports included, is in a domain of the space. */
static bool is_member(const struct replacing *at, uint32_t function)
{
    const struct domain *domain = at->software->functions[function].attachment.domain;

    return at->software->groups.group_of[function] == at->group && domain != NULL &&
           (domain == at->space->domain || domain->parent == at->space->domain);
}

/* ---- What the new domain must know ---- */

/** Maps what the old one maps, at the same addresses: both stand for one I/O address space. */
static bool copy_mappings(const struct replacing *at, struct domain *next)
{
    const struct domain *old = at->space->domain;

    next->iova_end = old->iova_end;
    if (!domain_make_room(next, old->doorbell_count, old->mapping_count, at->error)) {
        return false;
    }
    for (size_t i = 0; i < old->mapping_count; i++) {
        const struct domain_mapping *mapping = &old->mappings[i];

        if (paging_is_region(at->software, old, mapping->iova)) {
            next->mappings[next->mapping_count++] = *mapping;
        } else if (!domain_map_at(next, mapping->iova, mapping->physical, mapping->size, at->error)) {
            return false;
        }
    }
    return paging_copy_regions(at->software, old, next, at->error);
}

/** Whether a function's doorbell page is there beforehand: addresses are the file's, or hardware fixes them. */
static bool keeps_doorbell(const struct replacing *at, const struct software_function *function)
{
    return at->user->style == DOORBELL_FILE || function->message == function->doorbell;
}

static bool copy_doorbells(const struct replacing *at, struct domain *next)
{
    const struct domain *old = at->space->domain;

    for (uint32_t i = 0; i < at->software->found.tree.function_count; i++) {
        const struct software_function *function = &at->software->functions[i];
        const uint64_t page = domain_page_of(old, function->message);

        if (!is_member(at, i) || function->message == SOFTWARE_NO_ADDRESS || !keeps_doorbell(at, function)) {
            continue;
        }
        for (size_t j = 0; j < old->doorbell_count; j++) {
            if (old->doorbells[j].iova == page &&
                !domain_install_doorbell(next, page, old->doorbells[j].physical, at->error)) {
                return false;
            }
        }
    }
    return true;
}

/** Doorbells of those that have moved which the new domain does not have: they use the old one's no more. */
static bool leave_doorbells(const struct replacing *at, const struct domain *next)
{
    for (uint32_t i = 0; i < at->software->found.tree.function_count; i++) {
        struct software_function *function = &at->software->functions[i];
        struct doorbell_request request = {
            .domain = at->space->domain, .function = i, .group = at->group, .doorbell = function->doorbell};

        if (function->attachment.domain != next || function->message == SOFTWARE_NO_ADDRESS ||
            function->doorbell_left || function->doorbell_in != NULL || keeps_doorbell(at, function)) {
            continue;
        }
        if (!doorbell_unmap(&at->space->doorbells, &request, at->error)) {
            return false;
        }
        function->doorbell_left = true;
    }
    return true;
}

/* ---- One stage ---- */

/** Puts the group's functions into a domain, or all back into the one before. */
static bool move_group(const struct replacing *at, struct domain *next)
{
    struct host_error ignored;

    for (uint32_t i = 0; i < at->software->found.tree.function_count; i++) {
        if (!is_member(at, i) ||
            (paging_flush(at->software, i, at->error) && software_attach(at->software, i, next, at->error))) {
            continue;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (at->software->groups.group_of[j] == at->group && at->software->functions[j].attachment.domain == next) {
                software_attach(at->software, j, at->space->domain, &ignored);
            }
        }
        return false;
    }
    return true;
}

static bool replace_paging(struct replacing *at, uint32_t function, enum consumer_translation translation)
{
    const uint32_t iommu = at->software->functions[function].iommu;
    struct consumer_space *next;

    if (translation == CONSUMER_AS_CONFIGURED) {
        translation = at->space->translation;
    }
    if (translation != CONSUMER_STAGE_1 && translation != CONSUMER_STAGE_2) {
        return host_error_fail(at->error, EINVAL, "%s of %s has no stage 2 that a guest's could nest in",
                               name_of(at, function), at->user->config->name);
    }
    next = consumer_next_space(at->user, at->group, at->error);
    if (next == NULL || !consumer_make_domain(at->software, at->user, next, iommu, translation, at->error)) {
        return false;
    }
    next->has_its = at->space->has_its;
    next->its = at->space->its;
    if (!copy_mappings(at, next->domain) || !copy_doorbells(at, next->domain) || !move_group(at, next->domain)) {
        return false;
    }
    at->user->space_count++;
    paging_move_regions(at->software, at->space->domain, next->domain);
    return leave_doorbells(at, next->domain);
}

/* ---- Nested ---- */

/** Where a function of the group shall be; NULL: there is no such domain. */
static struct domain *choose_nested(const struct replacing *at, const struct software_function *function, bool guest)
{
    if (!guest) {
        return at->space->domain;
    }
    return function->attachment.domain->parent != NULL ? function->attachment.domain : function->nested;
}

static bool replace_nested(struct replacing *at, enum consumer_translation translation)
{
    const bool guest = translation != CONSUMER_STAGE_2;

    for (uint32_t i = 0; i < at->software->found.tree.function_count; i++) {
        struct software_function *function = &at->software->functions[i];
        struct domain *before = function->attachment.domain;
        struct domain *next = is_member(at, i) ? choose_nested(at, function, guest) : before;

        if (next == before) {
            continue;
        }
        if (!paging_flush(at->software, i, at->error) || !software_attach(at->software, i, next, at->error)) {
            return false;
        }
        function->nested = guest ? NULL : before;
    }
    return true;
}

bool consumer_replace(struct software *software, uint32_t function, enum consumer_translation translation,
                      struct host_error *error)
{
    const struct software_function *mine = &software->functions[function];
    struct replacing at = {.software = software, .group = software->groups.group_of[function], .error = error};

    if (mine->consumer == CONSUMER_NONE) {
        return host_error_fail(error, EINVAL, "%s is attached to nothing that could be replaced",
                               name_of(&at, function));
    }
    at.user = &software->consumers[mine->consumer];
    if (at.user->config->kind != CONSUMER_IOMMUFD) {
        return host_error_fail(error, EOPNOTSUPP, "%s is no iommufd file, which alone can replace what is attached",
                               at.user->config->name);
    }
    at.space = consumer_space_of(software, function);
    if (at.user->config->translation == CONSUMER_NESTED) {
        if (translation == CONSUMER_STAGE_1) {
            return host_error_fail(error, EINVAL, "%s lives in a stage 2, which has no stage 1 of the host's",
                                   at.user->config->name);
        }
        return replace_nested(&at, translation);
    }
    return replace_paging(&at, function, translation);
}
