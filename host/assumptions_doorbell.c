/* Where MSIs go: one doorbell per group and per domain, mapped, in the primary domain, and nothing in its way. */
#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* doorbell-per-group and doorbell-per-domain: the same question about two ways to put functions together. */

struct gathering {
    const struct judge *judge;
    uint32_t number;         /* which one */
    const uint32_t *unit_of; /* per function; NULL for domains */
};

static bool gathered(const struct gathering *gathering, uint32_t function)
{
    if (gathering->unit_of != NULL) {
        return gathering->unit_of[function] == gathering->number;
    }
    return gathering->judge->system->functions[function].domain == gathering->number;
}

/* Whether @p use is the first in the unit, in order of requester ID, that is of its page. */
static bool first_of_page(const struct gathering *gathering, uint32_t position, size_t index)
{
    const struct judge *judge = gathering->judge;
    uint32_t function = judge_function_at(judge, position);
    uint64_t page = judge_mapping_page(judge, function, judge_use(judge, function, index).doorbell);

    for (uint32_t i = 0; i <= position; i++) {
        uint32_t other = judge_function_at(judge, i);
        size_t count = 0;

        if (gathered(gathering, other)) {
            count = i == position ? index : judge_use_count(judge, other);
        }
        for (size_t j = 0; j < count; j++) {
            if (judge_mapping_page(judge, other, judge_use(judge, other, j).doorbell) == page) {
                return false;
            }
        }
    }
    return true;
}

#define PAGES_NAMED 6

/* Counts the doorbell pages of a unit and names the first ones, if there is room for text. */
static size_t name_pages(const struct gathering *gathering, char *text, size_t size)
{
    const struct judge *judge = gathering->judge;
    size_t pages = 0;
    size_t length = 0;

    if (size > 0) {
        text[0] = '\0';
    }
    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        for (size_t j = 0; gathered(gathering, function) && j < judge_use_count(judge, function); j++) {
            if (!first_of_page(gathering, i, j)) {
                continue;
            }
            if (pages < PAGES_NAMED && length < size) {
                const struct doorbell_use use = judge_use(judge, function, j);
                const char *its = judge_its_name(judge, use.its);

                length +=
                    (size_t)snprintf(text + length, size - length, "%s0x%" PRIx64 " (%s)", pages == 0 ? "" : ", ",
                                     judge_mapping_page(judge, function, use.doorbell), its == NULL ? "no ITS" : its);
            }
            pages++;
        }
    }
    if (pages > PAGES_NAMED && length < size) {
        snprintf(text + length, size - length, ", ...");
    }
    return pages;
}

/* How the functions of a unit come to use their pages. */
static const char *manner(const struct gathering *gathering)
{
    const struct judge *judge = gathering->judge;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        size_t expected = judge->observed != NULL ? judge->observed[i].hit_count : 1;

        if (gathered(gathering, i) && judge_use_count(judge, i) > expected) {
            return judge->observed == NULL ? "its functions are meant for, or told to write to,"
                                           : "its MSIs reached, or were meant for and missed,";
        }
    }
    return judge->observed == NULL ? "its functions are meant for" : "its MSIs reached";
}

static void show_pages(const struct gathering *gathering, struct verdict *verdict, const char *subject)
{
    const struct judge *judge = gathering->judge;
    struct verdict_evidence *evidence;
    char pages[512];
    size_t count = name_pages(gathering, pages, sizeof(pages));

    evidence = verdict_add_evidence(verdict, subject, "%s %zu doorbell pages: %s", manner(gathering), count, pages);
    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        for (size_t j = 0; gathered(gathering, function) && j < judge_use_count(judge, function); j++) {
            struct doorbell_use use = judge_use(judge, function, j);

            judge_add_use(judge, evidence, function, &use);
        }
    }
}

static void unit_label(const struct gathering *gathering, char *text, size_t size)
{
    if (gathering->unit_of != NULL) {
        snprintf(text, size, "group %" PRIu32, gathering->number);
    } else {
        snprintf(text, size, "domain %s", gathering->judge->system->domains[gathering->number].name);
    }
}

static void judge_doorbell_per_unit(const struct judge *judge, const char *name, const char *kind,
                                    const uint32_t *unit_of, uint32_t unit_count)
{
    struct verdict *verdict = judge_open(judge, name);
    struct gathering gathering = {.judge = judge, .unit_of = unit_of};
    uint32_t used = 0;
    uint32_t split = 0;
    char text[512];

    for (gathering.number = 0; gathering.number < unit_count; gathering.number++) {
        size_t pages = name_pages(&gathering, NULL, 0);

        used += pages != 0 ? 1u : 0u;
        if (pages > 1 && !judge->list->outcomes_only) {
            unit_label(&gathering, text, sizeof(text));
            show_pages(&gathering, verdict, text);
        }
        split += pages > 1 ? 1u : 0u;
    }
    if (used == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function of any %s %s", kind,
                       judge->observed == NULL ? "has MSIs and a doorbell to send them to" : "sent an MSI");
    } else if (split != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "%" PRIu32 " of %" PRIu32 " %ss with MSIs %s more than one doorbell page", split, used, kind,
                       split == 1 ? "uses" : "use");
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "each of %" PRIu32 " %s%s with MSIs uses one doorbell page", used, kind,
                       used == 1 ? "" : "s");
    }
}

void judge_doorbell_per_group(const struct judge *judge)
{
    judge_doorbell_per_unit(judge, ASSUMPTION_DOORBELL_PER_GROUP, "group", judge->system->groups->group_of,
                            judge->system->groups->group_count);
}

void judge_doorbell_per_domain(const struct judge *judge)
{
    judge_doorbell_per_unit(judge, ASSUMPTION_DOORBELL_PER_DOMAIN, "domain", NULL, judge->system->domain_count);
}
