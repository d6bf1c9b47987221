#include "host/stale.h"

#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MASK (~UINT64_C(4095))

void stale_init(struct stale_checker *checker, size_t pages, uint32_t functions)
{
    memset(checker, 0, sizeof(*checker));
    checker->pages = sim_allocate(pages, sizeof(*checker->pages));
    checker->page_limit = pages;
    checker->functions = sim_allocate(functions, sizeof(*checker->functions));
    checker->function_count = functions;
}

void stale_clear(struct stale_checker *checker)
{
    free(checker->pages);
    free(checker->functions);
    memset(checker, 0, sizeof(*checker));
}

/** Place of a page in the sorted list: where it is, or where it would be. */
static size_t place_of(const struct stale_checker *checker, uint64_t physical)
{
    size_t low = 0;
    size_t high = checker->page_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (checker->pages[middle].physical < physical) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct stale_page *find(const struct stale_checker *checker, uint64_t physical)
{
    size_t place = place_of(checker, physical);

    return place < checker->page_count && checker->pages[place].physical == physical ? &checker->pages[place] : NULL;
}

bool stale_mapped(struct stale_checker *checker, uint32_t function, uint64_t physical)
{
    struct stale_page *page = find(checker, physical);
    size_t place = place_of(checker, physical);

    if (page == NULL && checker->page_count < checker->page_limit) {
        page = &checker->pages[place];
        memmove(page + 1, page, (checker->page_count - place) * sizeof(*page));
        checker->page_count++;
    }
    if (page == NULL) {
        return false;
    }
    *page = (struct stale_page){.physical = physical, .function = function};
    return true;
}

void stale_retired(struct stale_checker *checker, uint64_t physical, sim_time now)
{
    struct stale_page *page = find(checker, physical);

    if (page != NULL) {
        page->retired = true;
        page->retired_at = now;
    }
}

void stale_see(struct stale_checker *checker, const struct sim_packet *packet)
{
    const struct stale_page *page;
    struct stale_count *count;

    if (checker->page_count == 0) {
        return;
    }
    page = find(checker, packet->address & PAGE_MASK);
    if (page == NULL || !page->retired || packet->born <= page->retired_at ||
        page->function >= checker->function_count) {
        return;
    }
    count = &checker->functions[page->function];
    /* The first by time and identity, so that the order within an instant does not matter. */
    if (count->count == 0 || packet->born < count->first_born ||
        (packet->born == count->first_born && packet->id < count->first_packet)) {
        count->first_packet = packet->id;
        count->first_born = packet->born;
    }
    count->count++;
}
