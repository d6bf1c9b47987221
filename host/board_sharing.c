#include "host/board_sharing.h"

#include "host/rid_map.h"

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
    uint32_t rid;  /* of first */
    uint32_t more; /* RIDs behind it that have the same identifier, which is then the only one */
    bool with_iommu;
};

struct intervals {
    struct interval *items;
    size_t count;
};

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

static uint64_t bearer_key(const struct bearer *bearer)
{
    return (uint64_t)bearer->target << 32 | bearer->id;
}

/* One byte of the keys, stable. Returns false if it is the same in all. */
static bool sort_by_byte(const struct bearer *from, struct bearer *to, size_t count, unsigned shift)
{
    size_t at[257] = {0};

    for (size_t i = 0; i < count; i++) {
        at[(bearer_key(&from[i]) >> shift & 0xff) + 1]++;
    }
    if (at[(bearer_key(&from[0]) >> shift & 0xff) + 1] == count) {
        return false;
    }
    for (size_t i = 0; i < 256; i++) {
        at[i + 1] += at[i];
    }
    for (size_t i = 0; i < count; i++) {
        to[at[bearer_key(&from[i]) >> shift & 0xff]++] = from[i];
    }
    return true;
}

/* By target, then identifier, then RID, by which they are in order already. A byte at a time, the least first. */
static struct bearer *sort_bearers(struct bearer *bearers, size_t count)
{
    struct bearer *spare = board_array_grow(NULL, 0, (count + 1) * sizeof(*spare));

    for (unsigned shift = 0; count > 0 && shift < 64; shift += 8) {
        if (sort_by_byte(bearers, spare, count, shift)) {
            struct bearer *sorted = spare;

            spare = bearers;
            bearers = sorted;
        }
    }
    free(spare);
    return bearers;
}

/* Whether a range has identifiers of the kind. */
static bool takes_part(const struct board_range *range, enum board_sharing_kind kind)
{
    return kind == BOARD_SHARED_STREAM_ID ? range->iommu != BOARD_NONE && range->stream_cells != 0
                                          : range->device_id_known;
}

/* Every RID of a host with its identifier, sorted by target and identifier. Returns the count, at most 65536. */
static size_t list_bearers(const struct board_host *host, enum board_sharing_kind kind, struct bearer **bearers)
{
    const bool stream = kind == BOARD_SHARED_STREAM_ID;
    size_t count = 0;

    *bearers = board_array_grow(NULL, 0, (size_t)RID_COUNT * sizeof(**bearers));
    for (size_t i = 0; i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];

        for (uint32_t rid = range->first; takes_part(range, kind) && rid <= range->last; rid++) {
            (*bearers)[count++] = (struct bearer){.target = stream ? range->iommu : range->controller,
                                                  .id = board_id_of(stream ? &range->stream : &range->device_id, rid),
                                                  .rid = rid,
                                                  .with_iommu = range->iommu != BOARD_NONE};
        }
    }
    *bearers = sort_bearers(*bearers, count);
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

/* A class of equal identifiers within one host; all bearers of a target go into one case. */
static void share_class(struct board_shares *shares, size_t begin, const struct interval *class, uint32_t other_rid)
{
    struct board_share *share = shares->count > begin ? &shares->items[shares->count - 1] : NULL;

    if (share == NULL || share->target != class->target) {
        share = add_share(shares);
        share->target = class->target;
        share->host = class->host;
        share->other_host = class->host;
        share->id = class->first;
        share->rid = class->rid;
        share->other_rid = other_rid;
    }
    share->rids += (uint64_t) class->more + 1;
    share->ids++;
    share->with_iommu = share->with_iommu || class->with_iommu;
}

static void share_within(size_t host, const struct bearer *bearers, size_t count, struct board_shares *shares)
{
    const size_t begin = shares->count;

    for (size_t first = 0, next; first < count; first = next) {
        struct interval class = {.target = bearers[first].target,
                                 .host = host,
                                 .first = bearers[first].id,
                                 .last = bearers[first].id,
                                 .rid = bearers[first].rid,
                                 .with_iommu = bearers[first].with_iommu};

        for (next = first + 1;
             next < count && bearers[next].target == bearers[first].target && bearers[next].id == bearers[first].id;
             next++) {
            class.with_iommu = class.with_iommu || bearers[next].with_iommu;
            class.more++;
        }
        if (class.more > 0) {
            share_class(shares, begin, &class, bearers[first + 1].rid);
        }
    }
}

/* Appends an interval, or makes the last one longer if it goes on there. */
static void add_interval(struct intervals *intervals, size_t begin, const struct interval *interval)
{
    struct interval *open = intervals->count > begin ? &intervals->items[intervals->count - 1] : NULL;

    if (open != NULL && open->target == interval->target && open->last + 1 == interval->first &&
        open->rid + (open->last - open->first) + 1 == interval->rid && open->with_iommu == interval->with_iommu) {
        open->last = interval->last;
        return;
    }
    intervals->items = board_array_grow(intervals->items, intervals->count, sizeof(*intervals->items));
    intervals->items[intervals->count++] = *interval;
}

static void add_intervals(size_t host, const struct bearer *bearers, size_t count, struct intervals *intervals)
{
    const size_t begin = intervals->count;

    for (size_t i = 0; i < count; i++) {
        const struct interval interval = {.target = bearers[i].target,
                                          .host = host,
                                          .first = bearers[i].id,
                                          .last = bearers[i].id,
                                          .rid = bearers[i].rid,
                                          .with_iommu = bearers[i].with_iommu};

        if (i == 0 || bearers[i].target != bearers[i - 1].target || bearers[i].id != bearers[i - 1].id) {
            add_interval(intervals, begin, &interval);
        }
    }
}

/* A range as one interval. Returns false if its identifiers neither count up with its RIDs nor are all the same. */
static bool range_interval(size_t host, const struct board_range *range, enum board_sharing_kind kind,
                           struct interval *interval)
{
    const bool stream = kind == BOARD_SHARED_STREAM_ID;
    const struct board_id *id = stream ? &range->stream : &range->device_id;
    uint32_t varying = range->first ^ range->last;

    /* All bits below the highest one that changes come to change too. */
    for (unsigned shift = 1; shift < 32; shift *= 2) {
        varying |= varying >> shift;
    }
    *interval = (struct interval){.target = stream ? range->iommu : range->controller,
                                  .host = host,
                                  .first = board_id_of(id, range->first),
                                  .last = board_id_of(id, range->last),
                                  .rid = range->first,
                                  .more = (id->mask & varying) == 0 ? range->last - range->first : 0,
                                  .with_iommu = range->iommu != BOARD_NONE};
    return ((id->mask & varying) == varying || (id->mask & varying) == 0) && interval->last >= interval->first;
}

/* Whether no two intervals, which are in order, have an identifier in common. */
static bool are_apart(const struct intervals *intervals)
{
    for (size_t i = 1; i < intervals->count; i++) {
        const struct interval *before = &intervals->items[i - 1];

        if (intervals->items[i].target == before->target && intervals->items[i].first <= before->last) {
            return false;
        }
    }
    return true;
}

/*
 * Most maps are linear, or give a whole range one identifier: then ranges are intervals, and nobody needs to look at
 * every RID. Returns false if that is not so; nothing is added then.
 */
static bool add_ranges(size_t host, const struct board_host *from, enum board_sharing_kind kind,
                       struct intervals *intervals, struct board_shares *shares)
{
    const size_t begin = intervals->count;
    const size_t first_share = shares->count;
    struct intervals own = {0};
    bool plain = true;

    for (size_t i = 0; plain && i < from->range_count; i++) {
        if (takes_part(&from->ranges[i], kind)) {
            own.items = board_array_grow(own.items, own.count, sizeof(*own.items));
            plain = range_interval(host, &from->ranges[i], kind, &own.items[own.count++]);
        }
    }
    if (own.count > 0) {
        qsort(own.items, own.count, sizeof(*own.items), compare_intervals);
    }
    plain = plain && are_apart(&own);
    for (size_t i = 0; plain && i < own.count; i++) {
        add_interval(intervals, begin, &own.items[i]);
        if (own.items[i].more > 0) {
            share_class(shares, first_share, &own.items[i], own.items[i].rid + 1);
        }
    }
    free(own.items);
    return plain;
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

        if (!result->hosts[i].available || add_ranges(i, &result->hosts[i], kind, &intervals, shares)) {
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
