#include "host/doorbell_map.h"

#include <errno.h>
#include <string.h>

static uint64_t page_bytes(const struct doorbell_table *table)
{
    return UINT64_C(1) << table->page;
}

static uint64_t page_of(const struct doorbell_table *table, uint64_t address)
{
    return address & ~(page_bytes(table) - 1);
}

void doorbell_table_init(struct doorbell_table *table, enum doorbell_style style, unsigned page, uint64_t base,
                         uint64_t size)
{
    table->page = page;
    table->style = style;
    table->base = base;
    table->size = size;
    table->guest_iova = 0;
    table->count = 0;
}

static struct doorbell_page *find_physical(struct doorbell_table *table, uint64_t physical)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->pages[i].physical == physical) {
            return &table->pages[i];
        }
    }
    return NULL;
}

static struct doorbell_page *find_iova(struct doorbell_table *table, uint64_t iova)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->pages[i].iova == iova) {
            return &table->pages[i];
        }
    }
    return NULL;
}

/** Order matters for none of the styles but bindings, whose latest is the last. */
static void remove_page(struct doorbell_table *table, const struct doorbell_page *page)
{
    size_t index = (size_t)(page - table->pages);

    memmove(&table->pages[index], &table->pages[index + 1], (table->count - index - 1) * sizeof(table->pages[0]));
    table->count--;
}

/** Appends a page. @return false if there is no room (C11) */
static bool add_page(struct doorbell_table *table, uint64_t physical, uint64_t iova, struct host_error *error)
{
    if (table->count == DOORBELL_TABLE_PAGES) {
        return host_error_fail(error, EOVERFLOW, "more than %u doorbell pages", DOORBELL_TABLE_PAGES);
    }
    table->pages[table->count++] =
        (struct doorbell_page){.physical = physical, .iova = iova, .function = DOORBELL_ANY, .group = DOORBELL_ANY};
    return true;
}

/* ---- Windows: type 1 and iommufd (C8, C11) ---- */

/** Pages are given out upward and never come back; nobody checks the end of the window (C10). */
static bool map_in_window(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                          struct host_error *error)
{
    uint64_t physical = page_of(table, request->doorbell);
    struct doorbell_page *page = find_physical(table, physical);

    if (page == NULL) {
        uint64_t iova = table->base + page_bytes(table) * table->count;

        if (!domain_install_doorbell(request->domain, iova, physical, error) ||
            !add_page(table, physical, iova, error)) {
            return false;
        }
        page = &table->pages[table->count - 1];
    } else if (!domain_install_doorbell(request->domain, page->iova, physical, error)) {
        return false;
    }
    page->users++;
    *address = page->iova + (request->doorbell - physical);
    return true;
}

/* ---- 2016: an aperture, counted (C21) ---- */

static uint64_t free_aperture_page(struct doorbell_table *table)
{
    for (uint64_t offset = 0; offset + page_bytes(table) <= table->size; offset += page_bytes(table)) {
        if (find_iova(table, table->base + offset) == NULL) {
            return table->base + offset;
        }
    }
    return 0;
}

static bool map_in_aperture(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                            struct host_error *error)
{
    uint64_t physical = page_of(table, request->doorbell);
    struct doorbell_page *page = find_physical(table, physical);

    if (page == NULL) {
        uint64_t iova = free_aperture_page(table);

        if (table->size == 0) {
            return host_error_fail(error, EINVAL, "the domain has no aperture yet");
        }
        if (iova == 0) {
            return host_error_fail(error, ENOMEM, "no page is left in the aperture of %llu bytes",
                                   (unsigned long long)table->size);
        }
        if (!domain_install_doorbell(request->domain, iova, physical, error) ||
            !add_page(table, physical, iova, error)) {
            return false;
        }
        page = &table->pages[table->count - 1];
    }
    page->users++;
    *address = page->iova + (request->doorbell - physical);
    return true;
}

/* ---- Bindings (C18, C19) ---- */

static struct doorbell_page *latest_unused(struct doorbell_table *table)
{
    for (size_t i = table->count; i > 0; i--) {
        if (table->pages[i - 1].physical == 0) {
            return &table->pages[i - 1];
        }
    }
    return NULL;
}

static struct doorbell_page *choose_binding(struct doorbell_table *table, const struct doorbell_request *request)
{
    struct doorbell_page *page = NULL;

    switch (table->style) {
    case DOORBELL_BIND_DEVICE:
        for (size_t i = 0; i < table->count && page == NULL; i++) {
            page = table->pages[i].function == request->function ? &table->pages[i] : NULL;
        }
        return page;
    case DOORBELL_BIND_GROUP:
        for (size_t i = 0; i < table->count && page == NULL; i++) {
            page = table->pages[i].group == request->group ? &table->pages[i] : NULL;
        }
        return page;
    default:
        page = find_physical(table, page_of(table, request->doorbell));
        return page != NULL ? page : latest_unused(table);
    }
}

static bool map_by_binding(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                           struct host_error *error)
{
    struct doorbell_page *page = choose_binding(table, request);
    uint64_t physical = page_of(table, request->doorbell);

    if (page == NULL) {
        return host_error_fail(error, ENOMEM, "no guest doorbell is bound that could lead to 0x%llx",
                               (unsigned long long)request->doorbell);
    }
    /* A binding of a group leads where its first device's doorbell is, whoever asks next. */
    if (page->physical != 0) {
        physical = page->physical;
    }
    if (!domain_install_doorbell(request->domain, page->ipa, physical, error)) {
        return false;
    }
    page->physical = physical;
    page->users++;
    *address = page->iova + (request->doorbell - page_of(table, request->doorbell));
    return true;
}

bool doorbell_bind(struct doorbell_table *table, uint64_t iova, uint64_t ipa, uint32_t function, uint32_t group,
                   struct host_error *error)
{
    struct doorbell_page *page;

    if (find_iova(table, page_of(table, iova)) != NULL) {
        return host_error_fail(error, EEXIST, "a doorbell is bound at 0x%llx already", (unsigned long long)iova);
    }
    if (!add_page(table, 0, page_of(table, iova), error)) {
        error->code = ENOSPC;
        return false;
    }
    page = &table->pages[table->count - 1];
    page->ipa = page_of(table, ipa);
    page->function = function;
    page->group = group;
    return true;
}

const struct doorbell_page *doorbell_find(const struct doorbell_table *table, uint64_t iova)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->pages[i].iova == page_of(table, iova)) {
            return &table->pages[i];
        }
    }
    return NULL;
}

bool doorbell_unbind(struct doorbell_table *table, uint64_t iova, struct host_error *error)
{
    struct doorbell_page *page = find_iova(table, page_of(table, iova));

    if (page == NULL) {
        return host_error_fail(error, ENOENT, "no doorbell is bound at 0x%llx", (unsigned long long)iova);
    }
    if (page->users != 0) {
        return host_error_fail(error, EBUSY, "%u functions write to the doorbell bound at 0x%llx", page->users,
                               (unsigned long long)iova);
    }
    remove_page(table, page);
    return true;
}

/* ---- The rest ---- */

static bool map_one_to_one(const struct doorbell_table *table, const struct doorbell_request *request,
                           uint64_t *address, struct host_error *error)
{
    uint64_t page = page_of(table, request->doorbell);

    *address = request->doorbell;
    return domain_install_doorbell(request->domain, page, page, error);
}

/** The kernel maps as for iommufd, beginning at the virtual ITS's page; the device is told what the guest wrote. */
static bool map_single_page(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                            struct host_error *error)
{
    uint64_t mapped;

    if (!map_in_window(table, request, &mapped, error)) {
        return false;
    }
    *address = table->guest_iova + (request->doorbell - page_of(table, request->doorbell));
    return true;
}

bool doorbell_map(struct doorbell_table *table, const struct doorbell_request *request, uint64_t *address,
                  struct host_error *error)
{
    switch (table->style) {
    case DOORBELL_COOKIE:
        return domain_map_doorbell(request->domain, request->doorbell, address, error);
    case DOORBELL_BUMP:
    case DOORBELL_FILE:
        return map_in_window(table, request, address, error);
    case DOORBELL_GEOMETRY:
        return map_in_aperture(table, request, address, error);
    case DOORBELL_BIND_DEVICE:
    case DOORBELL_BIND_DOMAIN:
    case DOORBELL_BIND_GROUP:
        return map_by_binding(table, request, address, error);
    case DOORBELL_IDENTITY_PAGE:
        return map_one_to_one(table, request, address, error);
    case DOORBELL_SINGLE_PAGE:
        return map_single_page(table, request, address, error);
    default:
        *address = request->doorbell;
        return true;
    }
}

/** The page that a function was given for a doorbell; NULL if the style keeps none. */
static struct doorbell_page *page_in_use(struct doorbell_table *table, const struct doorbell_request *request)
{
    switch (table->style) {
    case DOORBELL_BIND_DEVICE:
    case DOORBELL_BIND_GROUP:
        return choose_binding(table, request);
    default:
        return find_physical(table, page_of(table, request->doorbell));
    }
}

bool doorbell_unmap(struct doorbell_table *table, const struct doorbell_request *request, struct host_error *error)
{
    struct doorbell_page *page = page_in_use(table, request);

    if (table->style == DOORBELL_COOKIE || table->style == DOORBELL_IDENTITY_PAGE ||
        table->style == DOORBELL_PHYSICAL) {
        return true;
    }
    if (page == NULL || page->users == 0) {
        return host_error_fail(error, ENOENT, "doorbell 0x%llx is not mapped for anybody",
                               (unsigned long long)request->doorbell);
    }
    if (--page->users != 0) {
        return true;
    }
    if (table->style == DOORBELL_GEOMETRY) {
        uint64_t iova = page->iova;

        remove_page(table, page);
        return domain_remove_doorbell(request->domain, iova, error);
    }
    if (table->style == DOORBELL_BIND_DEVICE || table->style == DOORBELL_BIND_DOMAIN ||
        table->style == DOORBELL_BIND_GROUP) {
        page->physical = 0;
        return domain_remove_doorbell(request->domain, page->ipa, error);
    }
    return true;
}

bool doorbell_address(const struct doorbell_table *table, uint64_t doorbell, uint64_t *address,
                      struct host_error *error)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->pages[i].physical == page_of(table, doorbell)) {
            *address = table->pages[i].iova + (doorbell - page_of(table, doorbell));
            return true;
        }
    }
    return host_error_fail(error, EINVAL, "doorbell 0x%llx is not mapped", (unsigned long long)doorbell);
}

bool doorbell_set_aperture(struct doorbell_table *table, uint64_t base, uint64_t size, struct host_error *error)
{
    if (table->size != 0) {
        return host_error_fail(error, EINVAL, "the aperture is set already: 0x%llx to 0x%llx",
                               (unsigned long long)table->base, (unsigned long long)(table->base + (table->size - 1)));
    }
    if (size < page_bytes(table) || base + (size - 1) < base || (base | size) % page_bytes(table) != 0) {
        return host_error_fail(error, EINVAL, "an aperture is whole pages, one at least");
    }
    table->base = base;
    table->size = size;
    return true;
}
