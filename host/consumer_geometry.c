/* The API of 2016 as users of a domain see it: its geometry, what a doorbell is in it, and how many users that has. */
#include "host/consumer_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/** The space of a function whose domain has a geometry; NULL with @p error. */
static struct consumer_space *space_with_geometry(const struct software *software, uint32_t function,
                                                  struct host_error *error)
{
    struct consumer_space *space = consumer_space_of(software, function);

    if (space == NULL || space->doorbells.style != DOORBELL_GEOMETRY) {
        host_error_fail(error, EOPNOTSUPP, "the domain of %s has no MSI geometry",
                        software->found.tree.functions[function].name);
        return NULL;
    }
    return space;
}

/** The page that a doorbell is mapped by; NULL: none. */
static const struct doorbell_page *page_of(const struct software *software, const struct doorbell_table *table,
                                           uint64_t doorbell)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->pages[i].physical == (doorbell & ~(software_page_bytes(software) - 1))) {
            return &table->pages[i];
        }
    }
    return NULL;
}

void consumer_note_users(struct software *software, uint32_t function)
{
    const struct consumer_space *space = consumer_space_of(software, function);
    const uint64_t doorbell = software->functions[function].doorbell;
    const struct doorbell_page *page = space == NULL ? NULL : page_of(software, &space->doorbells, doorbell);

    if (page == NULL) {
        snprintf(software->note, sizeof(software->note), "doorbell 0x%" PRIx64 " has no user left, and is unmapped",
                 doorbell);
    } else {
        snprintf(software->note, sizeof(software->note), "doorbell 0x%" PRIx64 " has %" PRIu32 " user%s", doorbell,
                 page->users, page->users == 1 ? "" : "s");
    }
}

bool consumer_get_aperture(struct software *software, uint32_t function, struct host_error *error)
{
    const struct consumer_space *space = space_with_geometry(software, function, error);
    const struct doorbell_table *table;

    if (space == NULL) {
        return false;
    }
    table = &space->doorbells;
    if (table->size == 0) {
        snprintf(software->note, sizeof(software->note), "programmable, and not set");
    } else {
        snprintf(software->note, sizeof(software->note),
                 "0x%" PRIx64 " to 0x%" PRIx64 ", %zu of %" PRIu64 " pages used", table->base,
                 table->base + (table->size - 1), table->count, table->size / software_page_bytes(software));
    }
    return true;
}

bool consumer_set_aperture(struct software *software, uint32_t function, uint64_t base, uint64_t size,
                           struct host_error *error)
{
    struct consumer_space *space = space_with_geometry(software, function, error);

    if (space == NULL || !doorbell_set_aperture(&space->doorbells, base, size, error)) {
        return false;
    }
    space->domain->window_base = base;
    space->domain->window_size = size;
    return consumer_get_aperture(software, function, error);
}

bool consumer_translate_doorbell(struct software *software, uint32_t function, struct host_error *error)
{
    const struct consumer_space *space = space_with_geometry(software, function, error);
    const uint64_t doorbell = software->functions[function].doorbell;
    const struct doorbell_page *page;
    uint64_t address;

    if (space == NULL || !doorbell_address(&space->doorbells, doorbell, &address, error)) {
        return false;
    }
    page = page_of(software, &space->doorbells, doorbell);
    snprintf(software->note, sizeof(software->note), "doorbell 0x%" PRIx64 " is 0x%" PRIx64 ", with %" PRIu32 " user%s",
             doorbell, address, page->users, page->users == 1 ? "" : "s");
    return true;
}
