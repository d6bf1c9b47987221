#include "host/board_sharing.h"

#include <stdlib.h>
#include <string.h>

/* A requester ID with its identifier at a target. */
struct bearer {
    size_t target;
    uint32_t id;
    uint32_t rid;
    bool with_iommu;
};

/* Consecutive identifiers of consecutive RIDs of one host: linear, so that the RID of each identifier is known. */
struct interval {
    size_t target;
    size_t host;
    uint32_t first;
    uint32_t last;
    uint32_t rid; /* of first */
    bool with_iommu;
};

struct intervals {
    struct interval *items;
    size_t count;
};

static int compare_bearers(const void *left, const void *right)
{
    const struct bearer *a = left;
    const struct bearer *b = right;

    if (a->target != b->target) {
        return a->target < b->target ? -1 : 1;
    }
    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }
    return (a->rid > b->rid) - (a->rid < b->rid);
}

/* Every RID of a host with its identifier, sorted by target and identifier. Returns the count, at most 65536. */
static size_t list_bearers(const struct board_host *host, enum board_sharing_kind kind, struct bearer **bearers)
{
    size_t count = 0;
    bool sorted = true;

    *bearers = NULL;
    for (size_t i = 0; i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];
        bool stream = kind == BOARD_SHARED_STREAM_ID;

        if (stream ? range->iommu == BOARD_NONE || range->stream_cells == 0 : !range->device_id_known) {
            continue;
        }
        for (uint32_t rid = range->first; rid <= range->last; rid++) {
            *bearers = board_array_grow(*bearers, count, sizeof(**bearers));
            (*bearers)[count++] = (struct bearer){.target = stream ? range->iommu : range->controller,
                                                  .id = board_id_of(stream ? &range->stream : &range->device_id, rid),
                                                  .rid = rid,
                                                  .with_iommu = range->iommu != BOARD_NONE};
            sorted = sorted && (count < 2 || compare_bearers(&(*bearers)[count - 2], &(*bearers)[count - 1]) <= 0);
        }
    }
    /* Most maps are linear, so that this is sorted as it comes. */
    if (!sorted) {
        qsort(*bearers, count, sizeof(**bearers), compare_bearers);
    }
    return count;
}

static struct board_share *add_share(struct board_shares *shares)
{
    struct board_share *share;

    shares->items = board_array_grow(shares->items, shares->count, sizeof(*shares->items));
    share = &shares->items[shares->count++];
    memset(share, 0, sizeof(*share));
    return share;
}

/* Classes of equal identifiers within one host; all bearers of a target go into one case. */
static void share_within(size_t host, const struct bearer *bearers, size_t count, struct board_shares *shares)
{
    struct board_share *share = NULL;

    for (size_t first = 0, next; first < count; first = next) {
        bool with_iommu = bearers[first].with_iommu;

        for (next = first + 1;
             next < count && bearers[next].target == bearers[first].target && bearers[next].id == bearers[first].id;
             next++) {
            with_iommu = with_iommu || bearers[next].with_iommu;
        }
        if (next - first < 2) {
            continue;
        }
        if (share == NULL || share->target != bearers[first].target) {
            share = add_share(shares);
            share->target = bearers[first].target;
            share->host = host;
            share->other_host = host;
            share->id = bearers[first].id;
            share->rid = bearers[first].rid;
            share->other_rid = bearers[first + 1].rid;
        }
        share->rids += next - first;
        share->ids++;
        share->with_iommu = share->with_iommu || with_iommu;
    }
}

static void add_intervals(size_t host, const struct bearer *bearers, size_t count, struct intervals *intervals)
{
    struct interval *open = NULL;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 && bearers[i].target == bearers[i - 1].target && bearers[i].id == bearers[i - 1].id) {
            continue;
        }
        if (open != NULL && open->target == bearers[i].target && open->last + 1 == bearers[i].id &&
            open->rid + (open->last - open->first) + 1 == bearers[i].rid && open->with_iommu == bearers[i].with_iommu) {
            open->last = bearers[i].id;
            continue;
        }
        intervals->items = board_array_grow(intervals->items, intervals->count, sizeof(*intervals->items));
        open = &intervals->items[intervals->count++];
        *open = (struct interval){.target = bearers[i].target,
                                  .host = host,
                                  .first = bearers[i].id,
                                  .last = bearers[i].id,
                                  .rid = bearers[i].rid,
                                  .with_iommu = bearers[i].with_iommu};
    }
}

static int compare_intervals(const void *left, const void *right)
{
    const struct interval *a = left;
    const struct interval *b = right;

    if (a->target != b->target) {
        return a->target < b->target ? -1 : 1;
    }
    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }
    return (a->host > b->host) - (a->host < b->host);
}

static void share_between(const struct interval *earlier, const struct interval *later, struct board_shares *shares)
{
    struct board_share *share = NULL;

    for (size_t i = 0; i < shares->count && share == NULL; i++) {
        struct board_share *known = &shares->items[i];

        if (known->target == later->target && ((known->host == earlier->host && known->other_host == later->host) ||
                                               (known->host == later->host && known->other_host == earlier->host))) {
            share = known;
        }
    }
    if (share == NULL) {
        share = add_share(shares);
        share->target = later->target;
        share->host = earlier->host;
        share->other_host = later->host;
        share->id = later->first;
        share->rid = earlier->rid + (later->first - earlier->first);
        share->other_rid = later->rid;
    }
    share->with_iommu = share->with_iommu || earlier->with_iommu || later->with_iommu;
}

/*
 * A sweep over the intervals by their first identifier. Whatever overlaps an interval from before it also lies within
 * reach of the one that reaches furthest; so comparing with that one alone leaves out some pairs of hosts, but no host.
 */
static void sweep(struct intervals *intervals, struct board_shares *shares)
{
    const struct interval *furthest = NULL;

    if (intervals->count > 0) {
        qsort(intervals->items, intervals->count, sizeof(*intervals->items), compare_intervals);
    }
    for (size_t i = 0; i < intervals->count; i++) {
        const struct interval *interval = &intervals->items[i];

        if (furthest == NULL || furthest->target != interval->target) {
            furthest = interval;
            continue;
        }
        if (furthest->host != interval->host && furthest->last >= interval->first) {
            share_between(furthest, interval, shares);
        }
        if (interval->last > furthest->last) {
            furthest = interval;
        }
    }
}

void board_find_shares(const struct board_result *result, enum board_sharing_kind kind, struct board_shares *shares)
{
    struct intervals intervals = {0};
    struct board_shares between = {0};

    for (size_t i = 0; i < result->host_count; i++) {
        struct bearer *bearers;
        size_t count;

        if (!result->hosts[i].available) {
            continue;
        }
        count = list_bearers(&result->hosts[i], kind, &bearers);
        share_within(i, bearers, count, shares);
        add_intervals(i, bearers, count, &intervals);
        free(bearers);
    }
    sweep(&intervals, &between);
    for (size_t i = 0; i < between.count; i++) {
        *add_share(shares) = between.items[i];
    }
    free(between.items);
    free(intervals.items);
}
