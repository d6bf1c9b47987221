#include "host/domain.h"

#include "host/attachment.h"
#include "host/smmu_ats.h"
#include "models/smmuv3/smmu_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOUR_GIB (UINT64_C(1) << 32)

#define PROTECT_DOORBELL (IO_PAGE_WRITE | IO_PAGE_NOEXEC | IO_PAGE_MMIO | IO_PAGE_USER)
#define PROTECT_BUFFER   (IO_PAGE_READ | IO_PAGE_WRITE | IO_PAGE_NOEXEC | IO_PAGE_USER)

const char *domain_kind_name(enum domain_kind kind)
{
    static const char *const names[DOMAIN_KINDS] = {"dma", "identity", "blocked", "unmanaged"};

    return names[kind];
}

/* ---- Making and releasing ---- */

void domain_forget(struct domain *domain)
{
    *domain = (struct domain){.doorbells = domain->doorbells,
                              .doorbell_limit = domain->doorbell_limit,
                              .mappings = domain->mappings,
                              .mapping_limit = domain->mapping_limit};
}

/** Empties it, but for room that was made before. */
static void begin(struct domain *domain, enum domain_kind kind)
{
    const unsigned granule = domain->granule != 0 ? domain->granule : IO_PAGE_BITS;
    const unsigned page = domain->page != 0 ? domain->page : IO_PAGE_BITS;

    domain_forget(domain);
    domain_set_pages(domain, granule, page);
    domain->kind = kind;
    domain->unit = kind == DOMAIN_DMA ? domain->granule : domain->page;
}

void domain_set_pages(struct domain *domain, unsigned granule, unsigned page)
{
    domain->granule = (uint8_t)granule;
    domain->page = (uint8_t)page;
}

bool domain_init(struct domain *domain, enum domain_kind kind, struct smmu_driver *smmu, struct host_ram *ram,
                 struct host_error *error)
{
    begin(domain, kind);
    domain->smmu = smmu;
    domain->iova_end = FOUR_GIB;
    if (smmu == NULL || kind == DOMAIN_IDENTITY || kind == DOMAIN_BLOCKED) {
        return true;
    }
    domain->asid = smmu->next_asid;
    if (io_page_table_init(&domain->table, ram, domain->granule)) {
        domain->context = smmu_driver_make_context(smmu, &domain->table);
    }
    return domain->context != 0 || host_error_fail(error, ENOMEM, "no memory for a translation domain");
}

void domain_init_planned(struct domain *domain, enum domain_kind kind)
{
    begin(domain, kind);
    domain->planned = true;
    domain->iova_end = FOUR_GIB;
}

bool domain_init_stage2(struct domain *domain, struct smmu_driver *smmu, struct host_ram *ram, struct host_error *error)
{
    domain_init_planned(domain, DOMAIN_UNMANAGED);
    domain->stage2 = true;
    domain->planned = smmu == NULL;
    domain->smmu = smmu;
    if (smmu == NULL) {
        return true;
    }
    if (!smmu->has_stage2) {
        return host_error_fail(error, EOPNOTSUPP, "SMMU %s has no stage 2", smmu->config.name);
    }
    domain->vmid = smmu->next_vmid++;
    return io_page_table_init_stage2(&domain->table, ram, domain->granule) ||
           host_error_fail(error, ENOMEM, "no memory for a translation domain");
}

bool domain_init_guest(struct domain *domain, struct domain *parent, struct host_ram *ram, uint64_t offset,
                       struct host_error *error)
{
    uint64_t words[SMMU_CD_WORDS];
    uint64_t context;

    domain_set_pages(domain, parent->granule, parent->page);
    domain_init_planned(domain, DOMAIN_UNMANAGED);
    domain->planned = parent->planned;
    domain->parent = parent;
    domain->smmu = parent->smmu;
    domain->smmu_index = parent->smmu_index;
    if (domain->planned) {
        return true;
    }
    context = host_ram_take(ram, SMMU_CD_BYTES, SMMU_CD_BYTES);
    if (context == 0 || !io_page_table_init_guest(&domain->table, ram, domain->granule, offset)) {
        return host_error_fail(error, ENOMEM, "no guest memory for a translation domain");
    }
    domain->asid = domain->smmu->next_asid++;
    domain->context = context - offset;
    smmu_driver_context_words(domain->smmu, &domain->table, domain->asid, words);
    for (unsigned i = 0; i < SMMU_CD_WORDS; i++) {
        memory_write64(ram->memory, context + 8 * i, words[i]);
    }
    return true;
}

void domain_release(struct domain *domain)
{
    free(domain->doorbells);
    free(domain->mappings);
    domain->doorbells = NULL;
    domain->doorbell_limit = 0;
    domain->doorbell_count = 0;
    domain->mappings = NULL;
    domain->mapping_limit = 0;
    domain->mapping_count = 0;
}

bool domain_translates(const struct domain *domain)
{
    return (domain->smmu != NULL || domain->planned) &&
           (domain->kind == DOMAIN_DMA || domain->kind == DOMAIN_UNMANAGED);
}

bool domain_make_room(struct domain *domain, size_t doorbells, size_t mappings, struct host_error *error)
{
    size_t doorbell_limit = domain->doorbell_count + doorbells;
    size_t mapping_limit = domain->mapping_count + mappings;
    void *grown;

    if (doorbell_limit > domain->doorbell_limit) {
        grown = realloc(domain->doorbells, doorbell_limit * sizeof(*domain->doorbells));
        if (grown == NULL) {
            return host_error_fail(error, ENOMEM, "out of memory");
        }
        domain->doorbells = grown;
        domain->doorbell_limit = doorbell_limit;
    }
    if (mapping_limit > domain->mapping_limit) {
        grown = realloc(domain->mappings, mapping_limit * sizeof(*domain->mappings));
        if (grown == NULL) {
            return host_error_fail(error, ENOMEM, "out of memory");
        }
        domain->mappings = grown;
        domain->mapping_limit = mapping_limit;
    }
    return true;
}

/* ---- Attaching ---- */

void domain_describe(const struct domain *domain, struct smmu_stream_setting *setting)
{
    memset(setting, 0, sizeof(*setting));
    switch (domain->kind) {
    case DOMAIN_IDENTITY:
        setting->config = SMMU_STE_CONFIG_BYPASS;
        return;
    case DOMAIN_BLOCKED:
        setting->config = SMMU_STE_CONFIG_ABORT;
        return;
    default:
        break;
    }
    if (domain->stage2) {
        setting->config = SMMU_STE_CONFIG_S2;
        setting->stage2 = &domain->table;
        setting->vmid = domain->vmid;
        return;
    }
    setting->config = SMMU_STE_CONFIG_S1;
    setting->context = domain->context;
    if (domain->parent != NULL) {
        setting->config = SMMU_STE_CONFIG_NESTED;
        setting->stage2 = &domain->parent->table;
        setting->vmid = domain->parent->vmid;
        setting->merge_events = true;
    }
}

bool domain_attach(struct domain *domain, uint32_t stream_id, struct host_error *error)
{
    struct smmu_stream_setting setting;

    if (domain->smmu == NULL) {
        return true;
    }
    domain_describe(domain, &setting);
    return smmu_stream_set(domain->smmu, stream_id, &setting, error);
}

/* ---- Mapping ---- */

static bool overlap(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size)
{
    return size != 0 && other_size != 0 && base <= other + (other_size - 1) && other <= base + (size - 1);
}

bool domain_map_unit(struct domain *domain, uint64_t iova, uint64_t physical, uint32_t protection)
{
    const uint64_t page = UINT64_C(1) << domain->granule;
    uint64_t done = 0;

    while (done < domain_unit(domain) && io_page_table_map(&domain->table, iova + done, physical + done, protection)) {
        done += page;
    }
    if (done == domain_unit(domain)) {
        return true;
    }
    for (uint64_t offset = 0; offset < done; offset += page) {
        io_page_table_unmap(&domain->table, iova + offset);
    }
    return false;
}

bool domain_unmap_unit(struct domain *domain, uint64_t iova)
{
    bool all = true;

    for (uint64_t offset = 0; offset < domain_unit(domain); offset += UINT64_C(1) << domain->granule) {
        all = io_page_table_unmap(&domain->table, iova + offset) && all;
    }
    return all;
}

/** Maps one unit, unless the domain only plans. */
static bool map_page(struct domain *domain, uint64_t iova, uint64_t physical, uint32_t protection)
{
    return domain->planned || domain_map_unit(domain, iova, physical, protection);
}

/** What devices cache of a domain: of one unit, or of all where the address that they use for it is not known. */
static bool invalidate_devices(const struct domain *domain, uint64_t iova, struct host_error *error)
{
    for (const struct domain_user *user = domain->users; user != NULL; user = user->next) {
        if (!attachment_invalidate(user->attachment, user->pasid, iova, domain->stage2 ? SMMU_ATS_ALL : domain->unit,
                                   error)) {
            return false;
        }
    }
    return true;
}

bool domain_invalidate_page(struct domain *domain, uint64_t iova, struct host_error *error)
{
    bool done = true;

    if (domain->planned) {
        return true;
    }
    for (uint64_t at = iova; done && at < iova + domain_unit(domain); at += UINT64_C(1) << domain->granule) {
        done = domain->stage2 ? smmu_invalidate_ipa(domain->smmu, domain->vmid, at, error)
                              : smmu_invalidate_page(domain->smmu, domain->asid, at, error);
    }
    return done && invalidate_devices(domain, iova, error);
}

uint64_t domain_take_iova(struct domain *domain, uint64_t size)
{
    size = domain_page_of(domain, size + domain_unit(domain) - 1);
    if (size >= domain->iova_end) {
        return 0;
    }
    if (overlap(domain->iova_end - size, size, domain->window_base, domain->window_size)) {
        domain->iova_end = domain_page_of(domain, domain->window_base);
        if (size >= domain->iova_end) {
            return 0;
        }
    }
    domain->iova_end -= size;
    return domain->iova_end;
}

/** Keeps that a unit is mapped; there is room. */
static void note_doorbell(struct domain *domain, uint64_t iova, uint64_t physical)
{
    domain->doorbells[domain->doorbell_count++] = (struct domain_doorbell){.physical = physical, .iova = iova};
    domain->doorbell_top = iova > domain->doorbell_top ? iova : domain->doorbell_top;
}

bool domain_install_doorbell(struct domain *domain, uint64_t iova, uint64_t physical, struct host_error *error)
{
    /* Above the highest there is nothing to look through. */
    for (size_t i = 0; iova <= domain->doorbell_top && i < domain->doorbell_count; i++) {
        if (domain->doorbells[i].iova == iova) {
            return domain->doorbells[i].physical == physical ||
                   host_error_fail(error, EEXIST, "0x%llx leads to doorbell page 0x%llx already",
                                   (unsigned long long)iova, (unsigned long long)domain->doorbells[i].physical);
        }
    }
    if (!domain_make_room(domain, 1, 0, error)) {
        return false;
    }
    if (iova == 0 || !map_page(domain, iova, physical, PROTECT_DOORBELL)) {
        return host_error_fail(error, EEXIST, "doorbell 0x%llx cannot be mapped", (unsigned long long)physical);
    }
    note_doorbell(domain, iova, physical);
    return true;
}

/** Keeps that a window is mapped one to one; there is room. */
static void add_run(struct domain *domain, uint64_t base, size_t pages)
{
    struct domain_doorbell *doorbells = domain->doorbells + domain->doorbell_count;
    const uint64_t unit = domain_unit(domain);

    for (size_t i = 0; i < pages; i++) {
        doorbells[i] = (struct domain_doorbell){.physical = base + i * unit, .iova = base + i * unit};
    }
    domain->run_first = domain->doorbell_count;
    domain->run_count = pages;
    domain->doorbell_count += pages;
    domain->doorbell_top = base + (pages - 1) * unit;
}

bool domain_install_window(struct domain *domain, uint64_t base, size_t pages, struct host_error *error)
{
    if (!domain_make_room(domain, pages, 0, error)) {
        return false;
    }
    /* Above the highest doorbell there is nothing to look for. */
    if (domain->planned && base > domain->doorbell_top && pages > 0) {
        add_run(domain, base, pages);
        return true;
    }
    for (size_t i = 0; i < pages; i++) {
        const uint64_t page = base + i * domain_unit(domain);

        if (!domain_install_doorbell(domain, page, page, error)) {
            return false;
        }
    }
    return true;
}

bool domain_remove_doorbell(struct domain *domain, uint64_t iova, struct host_error *error)
{
    for (size_t i = 0; i < domain->doorbell_count; i++) {
        if (domain->doorbells[i].iova != iova) {
            continue;
        }
        domain->doorbells[i] = domain->doorbells[--domain->doorbell_count];
        domain->run_count = 0;
        return domain->planned || (domain_unmap_unit(domain, iova) && domain_invalidate_page(domain, iova, error));
    }
    return host_error_fail(error, ENOENT, "no doorbell is mapped at 0x%llx", (unsigned long long)iova);
}

bool domain_map_doorbell(struct domain *domain, uint64_t doorbell, uint64_t *address, struct host_error *error)
{
    uint64_t page = domain_page_of(domain, doorbell);
    uint64_t offset = doorbell - page;
    uint64_t iova;

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
    iova = domain_take_iova(domain, domain_unit(domain));
    if (iova == 0) {
        return host_error_fail(error, ENOMEM, "doorbell 0x%llx cannot be mapped", (unsigned long long)doorbell);
    }
    *address = iova + offset;
    return domain_install_doorbell(domain, iova, page, error);
}

bool domain_overlaps(const struct domain *domain, uint64_t base, uint64_t size, const char **what)
{
    for (size_t i = 0; i < domain->mapping_count; i++) {
        if (overlap(base, size, domain->mappings[i].iova, domain->mappings[i].size)) {
            *what = "a DMA mapping";
            return true;
        }
    }
    for (size_t i = 0; i < domain->doorbell_count; i++) {
        if (overlap(base, size, domain->doorbells[i].iova, domain_unit(domain))) {
            *what = "a doorbell's mapping";
            return true;
        }
    }
    if (overlap(base, size, domain->window_base, domain->window_size)) {
        *what = "the window set aside for MSIs";
        return true;
    }
    return false;
}

/** Maps pages and keeps the range. */
static bool map_range(struct domain *domain, uint64_t iova, uint64_t physical, uint64_t size, struct host_error *error)
{
    if (!domain_make_room(domain, 0, 1, error)) {
        return false;
    }
    for (uint64_t offset = 0; !domain->planned && domain_translates(domain) && offset < size;
         offset += domain_unit(domain)) {
        if (!domain_map_unit(domain, iova + offset, physical + offset, PROTECT_BUFFER)) {
            return host_error_fail(error, ENOMEM, "no memory to map a buffer");
        }
    }
    domain->mappings[domain->mapping_count].iova = iova;
    domain->mappings[domain->mapping_count].physical = physical;
    domain->mappings[domain->mapping_count].size = size;
    domain->mapping_count++;
    return true;
}

bool domain_map_buffer(struct domain *domain, uint64_t physical, uint64_t size, uint64_t *address,
                       struct host_error *error)
{
    uint64_t iova = physical;

    if (domain_translates(domain)) {
        iova = domain_take_iova(domain, size);
        if (iova == 0) {
            return host_error_fail(error, ENOMEM, "no I/O virtual addresses left for a buffer of %llu bytes",
                                   (unsigned long long)size);
        }
    }
    *address = iova;
    return map_range(domain, iova, physical, size, error);
}

bool domain_map_at(struct domain *domain, uint64_t iova, uint64_t physical, uint64_t size, struct host_error *error)
{
    const char *what;

    if (((iova | size) & (domain_unit(domain) - 1)) != 0) {
        return host_error_fail(error, EINVAL, "0x%llx to 0x%llx is not whole pages of %llu KiB",
                               (unsigned long long)iova, (unsigned long long)(iova + (size - 1)),
                               (unsigned long long)(domain_unit(domain) / 1024));
    }
    if (domain_overlaps(domain, iova, size, &what)) {
        return host_error_fail(error, EEXIST, "0x%llx to 0x%llx meets %s", (unsigned long long)iova,
                               (unsigned long long)(iova + (size - 1)), what);
    }
    return map_range(domain, iova, physical, size, error);
}

bool domain_unmap(struct domain *domain, uint64_t iova, struct host_error *error)
{
    for (size_t i = 0; i < domain->mapping_count; i++) {
        struct domain_mapping mapping = domain->mappings[i];

        if (mapping.iova != iova) {
            continue;
        }
        domain->mappings[i] = domain->mappings[--domain->mapping_count];
        for (uint64_t offset = 0; !domain->planned && domain_translates(domain) && offset < mapping.size;
             offset += domain_unit(domain)) {
            if (!domain_unmap_unit(domain, iova + offset) || !domain_invalidate_page(domain, iova + offset, error)) {
                return false;
            }
        }
        return true;
    }
    return host_error_fail(error, ENOENT, "nothing is mapped at 0x%llx", (unsigned long long)iova);
}

/* ---- Looking ---- */

/** Where one stage leads. */
static bool resolve_stage(const struct domain *domain, uint64_t address, uint64_t *output)
{
    const uint64_t page = domain_page_of(domain, address);

    for (size_t i = 0; page <= domain->doorbell_top && i < domain->doorbell_count; i++) {
        if (page == domain->doorbells[i].iova) {
            *output = domain->doorbells[i].physical + (address - page);
            return true;
        }
    }
    for (size_t i = 0; i < domain->mapping_count; i++) {
        const struct domain_mapping *mapping = &domain->mappings[i];

        if (address >= mapping->iova && address - mapping->iova < mapping->size) {
            *output = mapping->physical + (address - mapping->iova);
            return true;
        }
    }
    return false;
}

bool domain_resolve(const struct domain *domain, uint64_t address, uint64_t *physical)
{
    if (domain->kind == DOMAIN_BLOCKED) {
        return false;
    }
    if (!domain_translates(domain)) {
        *physical = address;
        return true;
    }
    return resolve_stage(domain, address, physical) &&
           (domain->parent == NULL || resolve_stage(domain->parent, *physical, physical));
}

/** Of the pages of a run from a doorbell on, how many lead nowhere because the stage below maps none of them. */
static size_t count_unmapped(const struct domain *domain, size_t position)
{
    const struct domain *below = domain->parent;
    const uint64_t base = domain->doorbells[position].physical;
    uint64_t end = base + (domain->run_first + domain->run_count - position) * domain_unit(domain);

    for (size_t i = 0; i < below->doorbell_count; i++) {
        const uint64_t iova = below->doorbells[i].iova;

        end = iova >= base && iova < end ? iova : end;
    }
    for (size_t i = 0; i < below->mapping_count; i++) {
        const struct domain_mapping *mapping = &below->mappings[i];

        if (overlap(base, end - base, mapping->iova, mapping->size)) {
            end = mapping->iova > base ? mapping->iova : base;
        }
    }
    return (size_t)((end - base) / domain_unit(domain));
}

bool domain_next_doorbell(const struct domain *domain, size_t *position, struct domain_doorbell *doorbell)
{
    const struct domain *below = domain->parent;

    while (*position < domain->doorbell_count) {
        if (below != NULL && *position >= domain->run_first && *position - domain->run_first < domain->run_count) {
            const size_t skipped = count_unmapped(domain, *position);

            *position += skipped;
            if (skipped > 0) {
                continue;
            }
        }
        *doorbell = domain->doorbells[(*position)++];
        if (!domain_translates(domain)) {
            if (domain_resolve(domain, doorbell->iova, &doorbell->physical)) {
                return true;
            }
        } else if (below == NULL || resolve_stage(below, doorbell->physical, &doorbell->physical)) {
            return true;
        }
    }
    return false;
}
