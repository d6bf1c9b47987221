#include "result/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key;
    const char *title;
} checks[REPLAY_CHECKS] = {
    [REPLAY_CHECK_TRANSLATION] = {"translations", "timeline: accesses translated"},
    [REPLAY_CHECK_FAULT] = {"faults", "timeline: accesses denied, with their events"},
    [REPLAY_CHECK_MSI] = {"msis", "timeline: MSIs to LPI, collection, redistributor"},
    [REPLAY_CHECK_SMMU_COMMANDS] = {"smmu-commands", "timeline: SMMU commands consumed"},
    [REPLAY_CHECK_ITS_COMMANDS] = {"its-commands", "ITS commands consumed"},
    [REPLAY_CHECK_REGISTERS] = {"registers", "timeline: registers at stopped moments"},
    [REPLAY_CHECK_MAPPING] = {"mappings", "snapshots: mappings, granted and denied"},
    [REPLAY_CHECK_ROUTE] = {"routes", "ITS: final routes"},
};

const char *replay_check_title(enum replay_check check)
{
    return checks[check].title;
}

const char *replay_check_key(enum replay_check check)
{
    return checks[check].key;
}

uint64_t replay_result_different(const struct replay_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < REPLAY_CHECKS; i++) {
        sum += result->checks[i].different;
    }
    return sum;
}

uint64_t replay_result_compared(const struct replay_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < REPLAY_CHECKS; i++) {
        sum += result->checks[i].compared;
    }
    return sum;
}

uint64_t replay_result_known(const struct replay_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < REPLAY_CHECKS; i++) {
        sum += result->checks[i].known;
    }
    return sum;
}

void replay_result_compare(struct replay_result *result, enum replay_check check)
{
    result->checks[check].compared++;
}

void replay_result_differ(struct replay_result *result, const struct replay_mismatch *mismatch)
{
    struct replay_count *count = &result->checks[mismatch->check];
    struct replay_mismatch *grown;
    size_t same = 0;

    if (mismatch->known) {
        count->known++;
    } else {
        count->different++;
    }
    for (size_t i = 0; i < result->mismatch_count; i++) {
        same += result->mismatches[i].known == mismatch->known ? 1 : 0;
    }
    if (same >= result->mismatch_limit) {
        return;
    }
    grown = realloc(result->mismatches, (result->mismatch_count + 1) * sizeof(*grown));
    if (grown != NULL) {
        grown[result->mismatch_count++] = *mismatch;
        result->mismatches = grown;
    }
}

void replay_tally_add(struct replay_tallies *tallies, const char *name, uint64_t count)
{
    struct replay_tally *grown;

    for (size_t i = 0; i < tallies->count; i++) {
        if (strcmp(tallies->items[i].name, name) == 0) {
            tallies->items[i].count += count;
            return;
        }
    }
    grown = realloc(tallies->items, (tallies->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    tallies->items = grown;
    grown += tallies->count++;
    snprintf(grown->name, sizeof(grown->name), "%s", name);
    grown->count = count;
}

static int compare_tallies(const void *a, const void *b)
{
    const struct replay_tally *left = a;
    const struct replay_tally *right = b;

    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

void replay_tally_sort(struct replay_tallies *tallies)
{
    if (tallies->count != 0) {
        qsort(tallies->items, tallies->count, sizeof(*tallies->items), compare_tallies);
    }
}

void replay_result_clear(struct replay_result *result)
{
    free(result->directory);
    free(result->name);
    free(result->software);
    free(result->hardware);
    free(result->files.items);
    free(result->registers.items);
    free(result->smmu_commands.items);
    free(result->its_commands.items);
    free(result->faults.items);
    free(result->streams);
    free(result->mismatches);
    memset(result, 0, sizeof(*result));
}
