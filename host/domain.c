#include "host/domain.h"

#include <stdlib.h>
#include <string.h>

#define FOUR_GIB (UINT64_C(1) << 32)

bool domain_init(struct domain *domain, enum domain_kind kind, struct smmu_driver *smmu, struct host_ram *ram,
                 struct host_error *error)
{
    memset(domain, 0, sizeof(*domain));
    domain->kind = kind;
    domain->smmu = smmu;
    domain->iova_end = FOUR_GIB;
    if (smmu == NULL || kind == DOMAIN_IDENTITY) {
        return true;
    }
    if (io_page_table_init(&domain->table, ram)) {
        domain->context = smmu_driver_make_context(smmu, &domain->table);
    }
    return domain->context != 0 || host_error_set(error, "no memory for a translation domain");
}

void domain_release(struct domain *domain)
{
    free(domain->doorbells);
    free(domain->mappings);
    domain->doorbells = NULL;
    domain->mappings = NULL;
}

bool domain_attach(struct domain *domain, uint32_t stream_id, struct host_error *error)
{
    if (domain->smmu == NULL) {
        return true;
    }
    if (domain->kind == DOMAIN_IDENTITY) {
        return smmu_driver_attach_bypass(domain->smmu, stream_id, error);
    }
    return smmu_driver_attach_stage1(domain->smmu, stream_id, domain->context, error);
}

bool domain_translates(const struct domain *domain)
{
    return (domain->smmu != NULL || domain->planned) && domain->kind == DOMAIN_DMA;
}

void domain_init_planned(struct domain *domain, enum domain_kind kind)
{
    memset(domain, 0, sizeof(*domain));
    domain->kind = kind;
    domain->planned = true;
    domain->iova_end = FOUR_GIB;
}

/** Maps one page, unless the domain only plans. */
static bool map_page(struct domain *domain, uint64_t iova, uint64_t physical, uint32_t protection)
{
    return domain->planned || io_page_table_map(&domain->table, iova, physical, protection);
}

/** Takes so many bytes of I/O virtual address space, from the top of 4 GiB downward. 0: none left. */
static uint64_t take_iova(struct domain *domain, uint64_t size)
{
    size = (size + IO_PAGE_BYTES - 1) & ~(IO_PAGE_BYTES - 1);
    if (size >= domain->iova_end) {
        return 0;
    }
    domain->iova_end -= size;
    return domain->iova_end;
}

bool domain_map_doorbell(struct domain *domain, uint64_t doorbell, uint64_t *address, struct host_error *error)
{
    uint64_t page = doorbell & ~(IO_PAGE_BYTES - 1);
    uint64_t offset = doorbell - page;
    uint64_t iova;
    void *grown;

    if (!domain_translates(domain)) {
        *address = doorbell;
        return true;
    }
    for (size_t i = 0; i < domain->doorbell_count; i++) {
        if (domain->doorbells[i].physical == page) {
            *address = domain->doorbells[i].iova + offset;
            return true;
        }
    }
    iova = take_iova(domain, IO_PAGE_BYTES);
    grown = realloc(domain->doorbells, (domain->doorbell_count + 1) * sizeof(*domain->doorbells));
    if (grown != NULL) {
        domain->doorbells = grown;
    }
    if (grown == NULL || iova == 0 ||
        !map_page(domain, iova, page, IO_PAGE_WRITE | IO_PAGE_NOEXEC | IO_PAGE_MMIO | IO_PAGE_USER)) {
        return host_error_set(error, "doorbell 0x%llx cannot be mapped", (unsigned long long)doorbell);
    }
    domain->doorbells[domain->doorbell_count].physical = page;
    domain->doorbells[domain->doorbell_count].iova = iova;
    domain->doorbell_count++;
    *address = iova + offset;
    return true;
}

bool domain_map_buffer(struct domain *domain, uint64_t physical, uint64_t size, uint64_t *address,
                       struct host_error *error)
{
    uint64_t iova = physical;
    void *grown = realloc(domain->mappings, (domain->mapping_count + 1) * sizeof(*domain->mappings));

    if (grown == NULL) {
        return host_error_set(error, "out of memory");
    }
    domain->mappings = grown;
    if (domain_translates(domain)) {
        iova = take_iova(domain, size);
        if (iova == 0) {
            return host_error_set(error, "no I/O virtual addresses left for a buffer of %llu bytes",
                                  (unsigned long long)size);
        }
        for (uint64_t offset = 0; offset < size; offset += IO_PAGE_BYTES) {
            if (!map_page(domain, iova + offset, physical + offset,
                          IO_PAGE_READ | IO_PAGE_WRITE | IO_PAGE_NOEXEC | IO_PAGE_USER)) {
                return host_error_set(error, "no memory to map a buffer");
            }
        }
    }
    domain->mappings[domain->mapping_count].iova = iova;
    domain->mappings[domain->mapping_count].physical = physical;
    domain->mappings[domain->mapping_count].size = size;
    domain->mapping_count++;
    *address = iova;
    return true;
}
