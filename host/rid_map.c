#include "host/rid_map.h"

#include "result/board.h"

#include <stdlib.h>
#include <string.h>

#define RID_MASK (RID_COUNT - 1)

uint32_t rid_id_of(const struct rid_id *id, uint32_t rid)
{
    return (rid & id->mask) + id->offset;
}

bool rid_map_has_msi_domain(const struct firmware *firmware, size_t controller)
{
    return controller < firmware->controller_count && firmware->controllers[controller].available &&
           firmware->controllers[controller].msi_controller;
}

/* What makes an entry unusable whatever the RID. The mask is looked at first, before the target is (rule B2). */
static enum firmware_fault entry_fault(const struct firmware_map *map, const struct firmware_map_entry *entry)
{
    if ((entry->base & ~map->mask) != 0) {
        return FIRMWARE_FAULT_BASE_OUTSIDE_MASK;
    }
    if (entry->fault != FIRMWARE_FAULT_NONE) {
        return entry->fault;
    }
    if (entry->length > 1 && entry->out_count > 1) {
        return FIRMWARE_FAULT_WIDE_RANGE;
    }
    return FIRMWARE_FAULT_NONE;
}

static bool entry_matches(const struct firmware_map_entry *entry, uint32_t masked)
{
    /* The difference cannot overflow, whereas base + length of a hostile entry could. */
    return masked >= entry->base && masked - entry->base < entry->length;
}

static struct rid_id entry_id(const struct firmware_map *map, const struct firmware_map_entry *entry)
{
    uint32_t out = entry->out_count > 0 ? entry->out[0] : 0;

    return (struct rid_id){.mask = map->mask & RID_MASK, .offset = out - entry->base};
}

/* First entry that matches, among those to @p target unless that is none; NULL with *fault if an error comes first. */
static const struct firmware_map_entry *first_match(const struct firmware_map *map, uint32_t masked, size_t target,
                                                    enum firmware_fault *fault)
{
    *fault = FIRMWARE_FAULT_NONE;
    for (size_t i = 0; i < map->count; i++) {
        const struct firmware_map_entry *entry = &map->entries[i];

        *fault = entry_fault(map, entry);
        if (*fault != FIRMWARE_FAULT_NONE) {
            return NULL;
        }
        if (entry_matches(entry, masked) && (target == FIRMWARE_NONE || target == entry->target)) {
            return entry;
        }
    }
    return NULL;
}

static void take_controller(struct rid_choice *choice, enum rid_msi_route route, size_t controller)
{
    choice->msi_route = route;
    choice->controller = controller;
}

/*
 * msi-parent, in the two ways that rule B10 gives it: without specifier for the function itself, else by inheritance.
 */
static void choose_msi_parent(const struct firmware *firmware, const struct firmware_host *host, bool map_decided,
                              struct rid_choice *choice)
{
    if (!map_decided && host->msi_parent_count > 0 && host->msi_parents[0].fault == FIRMWARE_FAULT_NONE &&
        host->msi_parents[0].spec_count == 0 && rid_map_has_msi_domain(firmware, host->msi_parents[0].controller)) {
        take_controller(choice, RID_MSI_PARENT, host->msi_parents[0].controller);
        return;
    }
    for (size_t i = 0; i < host->msi_parent_count && host->msi_parents[i].fault == FIRMWARE_FAULT_NONE; i++) {
        if (rid_map_has_msi_domain(firmware, host->msi_parents[i].controller)) {
            take_controller(choice, RID_MSI_INHERITED, host->msi_parents[i].controller);
            return;
        }
    }
    if (rid_map_has_msi_domain(firmware, host->self_controller)) {
        take_controller(choice, RID_MSI_HOST, host->self_controller);
    }
}

/* Rule B11: the DeviceID comes from the first msi-map entry to the controller that was chosen, else it is the RID. */
static void choose_device_id(const struct firmware *firmware, const struct firmware_host *host, uint32_t masked,
                             struct rid_choice *choice)
{
    const struct firmware_map_entry *entry;
    enum firmware_fault fault;

    if (choice->controller == FIRMWARE_NONE || !firmware->controllers[choice->controller].is_its) {
        return;
    }
    entry = first_match(&host->msi_map, masked, choice->controller, &fault);
    choice->device_id_known = true;
    if (entry != NULL) {
        choice->device_id = entry_id(&host->msi_map, entry);
    } else {
        choice->device_id = (struct rid_id){.mask = RID_MASK, .offset = 0};
    }
}

static void choose_msi(const struct firmware *firmware, const struct firmware_host *host, uint32_t masked,
                       struct rid_choice *choice)
{
    bool map_decided = false;

    choice->msi_route = RID_MSI_NONE;
    choice->controller = FIRMWARE_NONE;
    if (host->msi_map.present) {
        const struct firmware_map_entry *entry = first_match(&host->msi_map, masked, FIRMWARE_NONE, &choice->msi_fault);

        /* A map without a match still ends the search for the function itself; an erroneous one does not (B8, B10). */
        map_decided = choice->msi_fault == FIRMWARE_FAULT_NONE;
        if (entry != NULL && rid_map_has_msi_domain(firmware, entry->target)) {
            take_controller(choice, RID_MSI_MAP, entry->target);
        }
    }
    if (choice->controller == FIRMWARE_NONE) {
        choose_msi_parent(firmware, host, map_decided, choice);
    }
    choose_device_id(firmware, host, masked, choice);
}

static void choose_iommu(const struct firmware *firmware, const struct firmware_host *host, uint32_t masked,
                         struct rid_choice *choice)
{
    const struct firmware_map_entry *entry;

    choice->iommu = FIRMWARE_NONE;
    choice->iommu_route = RID_IOMMU_NO_MAP;
    if (!host->iommu_map.present) {
        return;
    }
    entry = first_match(&host->iommu_map, masked, FIRMWARE_NONE, &choice->iommu_fault);
    if (entry == NULL) {
        choice->iommu_route = choice->iommu_fault != FIRMWARE_FAULT_NONE ? RID_IOMMU_FAULT : RID_IOMMU_NO_MATCH;
        return;
    }
    choice->iommu = entry->target;
    choice->iommu_route = firmware->iommus[entry->target].available ? RID_IOMMU_MAPPED : RID_IOMMU_DISABLED;
    choice->stream = entry_id(&host->iommu_map, entry);
    choice->stream_cells = entry->out_count;
    for (uint32_t i = 1; i < entry->out_count; i++) {
        choice->stream_more[i - 1] = entry->out[i];
    }
}

void rid_map_choose(const struct firmware *firmware, const struct firmware_host *host, uint32_t rid,
                    struct rid_choice *choice)
{
    memset(choice, 0, sizeof(*choice));
    choose_msi(firmware, host, rid & host->msi_map.mask, choice);
    choose_iommu(firmware, host, rid & host->iommu_map.mask, choice);
}

void rid_map_choose_iommu(const struct firmware *firmware, const struct firmware_host *host, uint32_t rid,
                          struct rid_choice *choice)
{
    memset(choice, 0, sizeof(*choice));
    choice->controller = FIRMWARE_NONE;
    choose_iommu(firmware, host, rid & host->iommu_map.mask, choice);
}

static void spec_of_masked(const struct firmware_map *map, uint32_t masked, struct rid_spec *spec)
{
    memset(spec, 0, sizeof(*spec));
    for (size_t i = 0; i < map->count; i++) {
        const struct firmware_map_entry *entry = &map->entries[i];
        enum firmware_fault fault = entry_fault(map, entry);
        struct rid_spec_item *item;

        if (fault == FIRMWARE_FAULT_NONE && !entry_matches(entry, masked)) {
            continue;
        }
        spec->total++;
        if (spec->kept == RID_SPEC_KEPT) {
            continue;
        }
        item = &spec->items[spec->kept++];
        item->fault = fault;
        item->target = entry->target;
        if (fault == FIRMWARE_FAULT_NONE) {
            item->id = entry_id(map, entry);
            item->cells = entry->out_count;
        }
        for (uint32_t cell = 1; cell < item->cells; cell++) {
            item->more[cell - 1] = entry->out[cell];
        }
    }
}

void rid_map_spec(const struct firmware_map *map, uint32_t rid, struct rid_spec *spec)
{
    spec_of_masked(map, rid & map->mask, spec);
}

bool rid_map_doorbell(const struct firmware_msi_controller *controller, uint32_t device_id, uint64_t *doorbell)
{
    if (!controller->is_its) {
        return false;
    }
    if (controller->pre_its) {
        *doorbell = controller->pre_its_base + 4 * (uint64_t)device_id;
        return true;
    }
    *doorbell = controller->base + FIRMWARE_ITS_DOORBELL;
    return controller->base_known;
}

/*
 * Ranges. The masked RID alone decides which entries match, and between two neighbouring ends of entries nothing
 * changes. So the masked values are cut into segments at those ends, and the rules of each segment are worked out once.
 * The RIDs are walked from segment to segment; where a mask hides some of their bits, one by one with a table look-up.
 */
struct segments {
    bool whole;          /* the mask hides nothing: masked RIDs are RIDs */
    uint32_t *of_masked; /* segment of each masked RID, RID_COUNT elements; NULL if whole */
    uint32_t *starts;    /* first masked value of each segment, ascending, starts[0] == 0 */
    size_t count;
    struct rid_spec *specs;     /* of each segment */
    struct rid_choice *choices; /* of each segment; only this map's half is filled */
};

static int compare_u32(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static void cut_segments(const struct firmware_map *map, struct segments *segments)
{
    size_t count = 0;
    size_t unique = 0;

    segments->starts = board_array_grow(NULL, 0, (2 * map->count + 1) * sizeof(uint32_t));
    segments->starts[count++] = 0;
    for (size_t i = 0; i < map->count; i++) {
        uint64_t end = (uint64_t)map->entries[i].base + map->entries[i].length;

        if (map->entries[i].base < RID_COUNT) {
            segments->starts[count++] = map->entries[i].base;
        }
        if (end < RID_COUNT) {
            segments->starts[count++] = (uint32_t)end;
        }
    }
    qsort(segments->starts, count, sizeof(uint32_t), compare_u32);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || segments->starts[i] != segments->starts[i - 1]) {
            segments->starts[unique++] = segments->starts[i];
        }
    }
    segments->count = unique;
}

static void index_segments(struct segments *segments)
{
    uint32_t segment = 0;

    segments->of_masked = board_array_grow(NULL, 0, RID_COUNT * sizeof(uint32_t));
    for (uint32_t masked = 0; masked < RID_COUNT; masked++) {
        if (segment + 1 < segments->count && segments->starts[segment + 1] == masked) {
            segment++;
        }
        segments->of_masked[masked] = segment;
    }
}

static void make_segments(const struct firmware *firmware, const struct firmware_host *host,
                          const struct firmware_map *map, struct segments *segments)
{
    segments->whole = (map->mask & (RID_COUNT - 1)) == RID_COUNT - 1;
    cut_segments(map, segments);
    if (!segments->whole) {
        index_segments(segments);
    }
    segments->specs = board_array_grow(NULL, 0, segments->count * sizeof(*segments->specs));
    segments->choices = board_array_grow(NULL, 0, segments->count * sizeof(*segments->choices));
    memset(segments->choices, 0, segments->count * sizeof(*segments->choices));
    for (size_t i = 0; i < segments->count; i++) {
        spec_of_masked(map, segments->starts[i], &segments->specs[i]);
        if (map == &host->msi_map) {
            choose_msi(firmware, host, segments->starts[i], &segments->choices[i]);
        } else {
            choose_iommu(firmware, host, segments->starts[i], &segments->choices[i]);
        }
    }
}

static bool same_id(const struct rid_id *a, const struct rid_id *b)
{
    return a->mask == b->mask && a->offset == b->offset;
}

static bool same_spec(const struct rid_spec *a, const struct rid_spec *b)
{
    if (a->total != b->total || a->kept != b->kept) {
        return false;
    }
    for (size_t i = 0; i < a->kept; i++) {
        const struct rid_spec_item *x = &a->items[i];
        const struct rid_spec_item *y = &b->items[i];

        if (x->fault != y->fault || x->target != y->target || x->cells != y->cells || !same_id(&x->id, &y->id) ||
            memcmp(x->more, y->more, sizeof(x->more)) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_choice(const struct rid_choice *a, const struct rid_choice *b)
{
    return a->msi_route == b->msi_route && a->msi_fault == b->msi_fault && a->controller == b->controller &&
           a->device_id_known == b->device_id_known && same_id(&a->device_id, &b->device_id) &&
           a->iommu_route == b->iommu_route && a->iommu_fault == b->iommu_fault && a->iommu == b->iommu &&
           same_id(&a->stream, &b->stream) && a->stream_cells == b->stream_cells &&
           memcmp(a->stream_more, b->stream_more, sizeof(a->stream_more)) == 0;
}

static bool same_segment(const struct segments *segments, uint32_t a, uint32_t b)
{
    return a == b || (same_spec(&segments->specs[a], &segments->specs[b]) &&
                      same_choice(&segments->choices[a], &segments->choices[b]));
}

static void join_choices(const struct rid_choice *msi, const struct rid_choice *iommu, struct rid_choice *choice)
{
    *choice = *iommu;
    choice->msi_route = msi->msi_route;
    choice->msi_fault = msi->msi_fault;
    choice->controller = msi->controller;
    choice->device_id_known = msi->device_id_known;
    choice->device_id = msi->device_id;
}

/* A place among the segments of one map. */
struct place {
    const struct segments *segments;
    uint32_t mask;
    uint32_t hidden; /* the lowest bits that the mask hides, up to the first that it does not */
    uint32_t segment;
    uint32_t last; /* segment of the RID before */
};

static struct place place_before(const struct segments *segments, const struct firmware_map *map)
{
    const uint32_t shown = map->mask & (RID_COUNT - 1);

    return (struct place){
        .segments = segments, .mask = map->mask, .hidden = shown == 0 ? RID_COUNT - 1 : (shown & (0 - shown)) - 1};
}

/* Goes to the segment of a RID, which is not before the last one. Returns the first RID that may be in another. */
static uint32_t go_to(struct place *place, uint32_t rid)
{
    const struct segments *segments = place->segments;

    place->last = place->segment;
    if (!segments->whole) {
        place->segment = segments->of_masked[rid & place->mask];
        return (rid | place->hidden) + 1;
    }
    while (place->segment + 1 < segments->count && segments->starts[place->segment + 1] <= rid) {
        place->segment++;
    }
    return place->segment + 1 < segments->count ? segments->starts[place->segment + 1] : RID_COUNT;
}

static bool goes_on(const struct place *place)
{
    return same_segment(place->segments, place->segment, place->last);
}

static void walk_rids(const struct firmware_host *host, const struct segments *msi, const struct segments *iommu,
                      struct rid_ranges *ranges)
{
    const uint32_t end = (host->bus_last << 8 | 0xff) + 1;
    struct place at_msi = place_before(msi, &host->msi_map);
    struct place at_iommu = place_before(iommu, &host->iommu_map);
    uint32_t next;

    for (uint32_t rid = host->bus_first << 8; rid < end; rid = next) {
        const uint32_t next_msi = go_to(&at_msi, rid);
        const uint32_t next_iommu = go_to(&at_iommu, rid);
        struct rid_range *range;

        next = next_msi < next_iommu ? next_msi : next_iommu;
        next = next < end ? next : end;
        if (ranges->count == 0 || !goes_on(&at_msi) || !goes_on(&at_iommu)) {
            ranges->items = board_array_grow(ranges->items, ranges->count, sizeof(*ranges->items));
            range = &ranges->items[ranges->count++];
            memset(range, 0, sizeof(*range));
            range->first = rid;
            join_choices(&msi->choices[at_msi.segment], &iommu->choices[at_iommu.segment], &range->choice);
            range->msi = host->msi_map.present ? &ranges->specs[at_msi.segment] : NULL;
            range->iommu = host->iommu_map.present ? &ranges->specs[msi->count + at_iommu.segment] : NULL;
        }
        ranges->items[ranges->count - 1].last = next - 1;
    }
}

static void free_segments(struct segments *segments)
{
    free(segments->of_masked);
    free(segments->starts);
    free(segments->specs);
    free(segments->choices);
}

void rid_map_ranges(const struct firmware *firmware, const struct firmware_host *host, struct rid_ranges *ranges)
{
    struct segments msi = {0};
    struct segments iommu = {0};

    memset(ranges, 0, sizeof(*ranges));
    make_segments(firmware, host, &host->msi_map, &msi);
    make_segments(firmware, host, &host->iommu_map, &iommu);
    ranges->spec_count = msi.count + iommu.count;
    ranges->specs = board_array_grow(NULL, 0, ranges->spec_count * sizeof(*ranges->specs));
    memcpy(ranges->specs, msi.specs, msi.count * sizeof(*msi.specs));
    memcpy(ranges->specs + msi.count, iommu.specs, iommu.count * sizeof(*iommu.specs));
    walk_rids(host, &msi, &iommu, ranges);
    free_segments(&msi);
    free_segments(&iommu);
}

void rid_ranges_clear(struct rid_ranges *ranges)
{
    free(ranges->items);
    free(ranges->specs);
    memset(ranges, 0, sizeof(*ranges));
}

const char *rid_msi_route_text(const struct rid_choice *choice)
{
    switch (choice->msi_route) {
    case RID_MSI_MAP:
        return "msi-map";
    case RID_MSI_PARENT:
        return "msi-parent";
    case RID_MSI_INHERITED:
        return "inherited msi-parent";
    case RID_MSI_HOST:
        return "host bridge itself";
    case RID_MSI_NONE:
        break;
    }
    return choice->msi_fault != FIRMWARE_FAULT_NONE ? firmware_fault_text(choice->msi_fault) : "no MSI domain";
}

const char *rid_iommu_route_text(const struct rid_choice *choice)
{
    switch (choice->iommu_route) {
    case RID_IOMMU_NO_MAP:
        return "no map";
    case RID_IOMMU_NO_MATCH:
        return "no match";
    case RID_IOMMU_DISABLED:
        return "disabled";
    case RID_IOMMU_MAPPED:
        return "iommu-map";
    case RID_IOMMU_FAULT:
        break;
    }
    return firmware_fault_text(choice->iommu_fault);
}
