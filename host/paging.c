#include "host/groups_acs.h"
#include "host/paging_internal.h"

#include "models/smmuv3/smmu_formats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROTECTION (IO_PAGE_READ | IO_PAGE_WRITE | IO_PAGE_NOEXEC | IO_PAGE_USER)

/* ---- Buffers ---- */

static const char *name_of(const struct software *software, uint32_t function)
{
    return software->found.tree.functions[function].name;
}

/** The domain of a PASID of a function; made and attached if the PASID is not in use. NULL with @p error. */
static struct domain *pasid_domain(struct software *software, uint32_t index, uint32_t pasid, struct host_error *error)
{
    struct software_function *function = &software->functions[index];
    struct domain *domain = attachment_find(&function->attachment, pasid);
    const uint32_t blocker = group_prefix_blocker(&software->found.tree, index);

    if (domain != NULL) {
        return domain;
    }
    if (blocker != PCI_TREE_NONE) {
        host_error_fail(error, EINVAL, "%s cannot use PASID %" PRIu32 ": %s takes no TLP prefixes",
                        name_of(software, index), pasid, name_of(software, blocker));
        return NULL;
    }
    if (function->domain == SIZE_MAX || function->services.pasid_bits == 0) {
        host_error_fail(error, EINVAL,
                        "%s cannot use PASID %" PRIu32 ": it needs the capability, an SMMU with SubstreamIDs, and ACS "
                        "that brings its requests to the root complex",
                        name_of(software, index), pasid);
        return NULL;
    }
    if (pasid >> function->services.pasid_bits != 0) {
        host_error_fail(error, EINVAL,
                        "PASID %" PRIu32 " is wider than the %" PRIu32 " bits that %s and its SMMU share", pasid,
                        function->services.pasid_bits, name_of(software, index));
        return NULL;
    }
    domain = software_take_domain(software, error);
    if (domain == NULL || !attachment_enable_pasids(&function->attachment, function->services.pasid_bits, error)) {
        return NULL;
    }
    software_set_pages(software, function->iommu, domain);
    if (software->planned) {
        domain_init_planned(domain, DOMAIN_DMA);
    } else if (!domain_init(domain, DOMAIN_DMA, &software->smmus[function->iommu], &software->ram, error)) {
        return NULL;
    }
    domain->name = "of a PASID";
    domain->group = GROUP_NONE;
    domain->smmu_index = function->iommu;
    return attachment_set_pasid(&function->attachment, pasid, domain, error) ? domain : NULL;
}

/** Makes the tables for a buffer, and leaves its pages unmapped: then mapping one needs no memory. */
static bool prepare_tables(struct domain *domain, const struct paging_region *region)
{
    for (uint64_t offset = 0; !domain->planned && offset < region->size; offset += domain_unit(domain)) {
        if (!domain_map_unit(domain, region->iova + offset, region->physical + offset, PROTECTION) ||
            !domain_unmap_unit(domain, region->iova + offset)) {
            return false;
        }
    }
    return true;
}

static bool add_region(struct software *software, const struct paging_region *added, struct host_error *error)
{
    struct paging *paging = &software->paging;
    void *grown = realloc(paging->regions, (paging->region_count + 1) * sizeof(*paging->regions));
    struct paging_region *region;

    if (grown == NULL) {
        return host_error_fail(error, ENOMEM, "out of memory");
    }
    paging->regions = grown;
    region = &paging->regions[paging->region_count];
    *region = *added;
    region->present = calloc((size_t)(region->size / domain_unit(region->domain)), sizeof(*region->present));
    if (region->present == NULL) {
        return host_error_fail(error, ENOMEM, "out of memory");
    }
    paging->region_count++;
    return prepare_tables(region->domain, region) ||
           host_error_fail(error, ENOMEM, "no memory for the tables of a buffer");
}

static bool map_on_demand(struct software *software, const struct paging_region *wanted, uint64_t *address,
                          struct host_error *error)
{
    struct paging_region region = *wanted;

    if (!software->planned && software->functions[region.function].services.page_requests == 0) {
        return host_error_fail(error, EOPNOTSUPP,
                               "%s cannot ask for pages: it needs ATS and PRI, and an SMMU with both",
                               name_of(software, region.function));
    }
    region.iova = domain_take_iova(region.domain, region.size);
    if (region.iova == 0 || !domain_make_room(region.domain, 0, 1, error)) {
        return host_error_fail(error, ENOMEM, "no I/O virtual addresses left for a buffer of %" PRIu64 " bytes",
                               region.size);
    }
    region.domain->mappings[region.domain->mapping_count++] =
        (struct domain_mapping){.iova = region.iova, .physical = region.physical, .size = region.size};
    *address = region.iova;
    return add_region(software, &region, error);
}

bool paging_map_buffer(struct software *software, uint32_t function, const struct paging_buffer *buffer,
                       uint64_t *address, struct host_error *error)
{
    struct paging_region region = {.function = function, .pasid = buffer->pasid};

    if (buffer->pasid == 0 && !buffer->on_demand) {
        return software_map_buffer(software, function, buffer->size, address, error);
    }
    region.domain = buffer->pasid != 0 ? pasid_domain(software, function, buffer->pasid, error)
                                       : software->functions[function].attachment.domain;
    if (region.domain == NULL || !domain_translates(region.domain)) {
        return buffer->pasid == 0 && host_error_fail(error, EOPNOTSUPP, "%s has no domain that pages could be added to",
                                                     name_of(software, function));
    }
    region.size = domain_page_of(region.domain, buffer->size + domain_unit(region.domain) - 1);
    region.physical = software->planned ? 0 : host_ram_take(&software->ram, region.size, software_page_bytes(software));
    if (region.physical == 0 && !software->planned) {
        return host_error_fail(error, ENOMEM, "no memory for a DMA buffer of %" PRIu64 " bytes", region.size);
    }
    return buffer->on_demand ? map_on_demand(software, &region, address, error)
                             : domain_map_buffer(region.domain, region.physical, region.size, address, error);
}

/* ---- Page requests ---- */

static bool owns_stream(const struct software_function *function, uint32_t smmu, uint32_t stream_id)
{
    for (size_t i = 0; function->iommu == smmu && i < function->attachment.stream_count; i++) {
        if (function->attachment.streams[i] == stream_id) {
            return true;
        }
    }
    return false;
}

/** The function with a StreamID; PCI_TREE_NONE: there is none. */
static uint32_t find_function(const struct software *software, uint32_t smmu, uint32_t stream_id)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (software->functions[i].domain != SIZE_MAX && owns_stream(&software->functions[i], smmu, stream_id)) {
            return i;
        }
    }
    return PCI_TREE_NONE;
}

static struct paging_region *find_region(struct software *software, uint32_t function,
                                         const struct smmu_page_request *request)
{
    const uint32_t pasid = request->with_pasid ? request->pasid : 0;
    const struct domain *domain =
        function == PCI_TREE_NONE ? NULL : attachment_find(&software->functions[function].attachment, pasid);

    for (size_t i = 0; i < software->paging.region_count; i++) {
        struct paging_region *region = &software->paging.regions[i];

        /* A buffer in a domain that the function has left is not its own any more. */
        if (domain != NULL && region->domain == domain && region->function == function && region->pasid == pasid &&
            request->address >= region->iova && request->address - region->iova < region->size) {
            return region;
        }
    }
    return NULL;
}

unsigned paging_provide(struct software *software, uint32_t function, const struct smmu_page_request *request,
                        sim_time time)
{
    struct paging_region *region = find_region(software, function, request);
    uint64_t page;

    if (region == NULL) {
        software->paging.counters.refused++;
        return SMMU_RESP_INVALID;
    }
    page = (request->address - region->iova) / domain_unit(region->domain);
    if (region->present[page]) {
        return SMMU_RESP_SUCCESS;
    }
    if (time > 0) {
        host_wait(software->access, time);
    }
    if (!domain_map_unit(region->domain, region->iova + page * domain_unit(region->domain),
                         region->physical + page * domain_unit(region->domain), PROTECTION)) {
        software->paging.counters.refused++;
        return SMMU_RESP_FAILURE;
    }
    region->present[page] = true;
    region->present_count++;
    software->paging.counters.mapped++;
    return SMMU_RESP_SUCCESS;
}

static unsigned worse(unsigned one, unsigned other)
{
    return one < other ? one : other; /* failure, invalid, success: 0, 1, 2 */
}

/** The group of a request; NULL if there are too many of them, which no device does that was told how many it may. */
static struct paging_group *find_group(struct paging *paging, uint32_t smmu, const struct smmu_page_request *request)
{
    struct paging_group *unused = NULL;

    for (unsigned i = 0; i < PAGING_GROUPS; i++) {
        struct paging_group *group = &paging->groups[i];

        if (group->active && group->smmu == smmu && group->stream_id == request->stream_id &&
            group->group == request->group) {
            return group;
        }
        unused = unused == NULL && !group->active ? group : unused;
    }
    if (unused != NULL) {
        *unused = (struct paging_group){.active = true,
                                        .smmu = smmu,
                                        .stream_id = request->stream_id,
                                        .group = request->group,
                                        .code = SMMU_RESP_SUCCESS};
    }
    return unused;
}

static bool respond(struct software *software, uint32_t smmu, const struct smmu_page_request *request, bool pasid,
                    unsigned code, struct host_error *error)
{
    const struct paging_machines *machines = &software->paging.machines;
    bool fine;

    if (machines->lock != NULL) {
        machines->lock(machines->context, smmu);
    }
    fine = smmu_pages_respond(&software->smmus[smmu], request, pasid, code, error);
    if (machines->unlock != NULL) {
        machines->unlock(machines->context, smmu);
    }
    return fine;
}

bool paging_conclude(struct software *software, uint32_t smmu, uint32_t function,
                     const struct smmu_page_request *request, unsigned code, struct host_error *error)
{
    struct paging_group *group = find_group(&software->paging, smmu, request);

    if (group != NULL) {
        group->code = worse(group->code, code);
        code = group->code;
    }
    if (!request->last) {
        return true;
    }
    if (group != NULL) {
        group->active = false;
    }
    software->paging.counters.responses++;
    return respond(software, smmu, request,
                   request->with_pasid && function != PCI_TREE_NONE &&
                       software->functions[function].services.response_pasid,
                   code, error);
}

static bool serve_one(struct software *software, uint32_t smmu, const struct smmu_page_request *request,
                      struct host_error *error)
{
    const uint32_t function = find_function(software, smmu, request->stream_id);
    const struct paging_machines *machines = &software->paging.machines;
    enum paging_hand hand = PAGING_KERNELS;
    unsigned code = SMMU_RESP_INVALID;

    software->paging.counters.requests++;
    if (request->with_pasid && request->last && !request->read && !request->write) {
        return true; /* a Stop Marker: nobody answers it (PCIe Base 10.4.1.2.1) */
    }
    if (machines->serve != NULL && machines->serve(machines->context, smmu, request, &code)) {
        return paging_conclude(software, smmu, function, request, code, error);
    }
    if (function != PCI_TREE_NONE) {
        hand = paging_hand_over(software, smmu, function, request);
    }
    if (hand == PAGING_USERS) {
        return true;
    }
    if (hand == PAGING_KERNELS) {
        code = paging_provide(software, function, request, software->config.fault_time);
    } else {
        software->paging.counters.refused++;
    }
    return paging_conclude(software, smmu, function, request, code, error);
}

bool paging_serve(struct software *software, uint32_t smmu, struct host_error *error)
{
    struct smmu_page_request request;

    while (smmu_pages_next(&software->smmus[smmu], &request)) {
        if (!serve_one(software, smmu, &request, error)) {
            return false;
        }
    }
    return true;
}

/* ---- Taking pages away ---- */

bool paging_reclaim(struct software *software, struct host_error *error)
{
    struct paging *paging = &software->paging;

    for (size_t i = 0; i < paging->region_count; i++) {
        struct paging_region *region = &paging->regions[(paging->next_region + i) % paging->region_count];
        const uint64_t pages = region->size / domain_unit(region->domain);
        uint64_t iova;

        if (region->present_count == 0) {
            continue;
        }
        while (!region->present[region->hand]) {
            region->hand = (region->hand + 1) % pages;
        }
        iova = region->iova + region->hand * domain_unit(region->domain);
        region->present[region->hand] = false;
        region->present_count--;
        region->hand = (region->hand + 1) % pages;
        paging->next_region = (paging->next_region + i + 1) % paging->region_count;
        paging->counters.reclaimed++;
        domain_unmap_unit(region->domain, iova);
        return domain_invalidate_page(region->domain, iova, error);
    }
    return true;
}

/* ---- Buffers in another domain ---- */

bool paging_is_region(const struct software *software, const struct domain *domain, uint64_t iova)
{
    for (size_t i = 0; i < software->paging.region_count; i++) {
        if (software->paging.regions[i].domain == domain && software->paging.regions[i].iova == iova) {
            return true;
        }
    }
    return false;
}

bool paging_copy_regions(struct software *software, const struct domain *from, struct domain *to,
                         struct host_error *error)
{
    for (size_t i = 0; i < software->paging.region_count; i++) {
        const struct paging_region *region = &software->paging.regions[i];
        bool fine = region->domain != from || prepare_tables(to, region);

        for (uint64_t page = 0; fine && region->domain == from && page < region->size / domain_unit(from); page++) {
            const uint64_t offset = page * domain_unit(from);

            fine = to->planned || !region->present[page] ||
                   domain_map_unit(to, region->iova + offset, region->physical + offset, PROTECTION);
        }
        if (!fine) {
            return host_error_fail(error, ENOMEM, "no memory for the tables of a buffer");
        }
    }
    return true;
}

void paging_move_regions(struct software *software, const struct domain *from, struct domain *to)
{
    for (size_t i = 0; i < software->paging.region_count; i++) {
        struct paging_region *region = &software->paging.regions[i];

        if (region->domain == from && software->functions[region->function].attachment.domain == to) {
            region->domain = to;
        }
    }
}

void paging_clear(struct paging *paging)
{
    for (size_t i = 0; i < paging->region_count; i++) {
        free(paging->regions[i].present);
    }
    free(paging->regions);
    memset(paging, 0, sizeof(*paging));
}
