#include "host/board_check.h"

#include "host/board_internal.h"
#include "host/rid_map.h"

#include <stdlib.h>
#include <string.h>

static char *first_string(const struct firmware_strings *strings)
{
    return board_copy_string(strings->count > 0 ? strings->items[0] : "");
}

static void fill_controllers(const struct firmware *firmware, struct board_result *result)
{
    for (size_t i = 0; i < firmware->controller_count; i++) {
        const struct firmware_msi_controller *from = &firmware->controllers[i];
        struct board_controller *to;

        result->controllers = board_array_grow(result->controllers, i, sizeof(*result->controllers));
        to = &result->controllers[result->controller_count++];
        memset(to, 0, sizeof(*to));
        to->name = board_copy_string(from->name);
        to->compatible = first_string(&from->compatible);
        to->is_its = from->is_its;
        to->available = from->available;
        to->msi_controller = from->msi_controller;
        to->base_known = from->base_known;
        to->base = from->base;
        to->doorbell_known = !from->pre_its && rid_map_doorbell(from, 0, &to->doorbell);
        to->cells_known = from->cells_known;
        to->cells = from->cells;
        to->pre_its = from->pre_its;
        to->pre_its_base = from->pre_its_base;
        to->pre_its_size = from->pre_its_size;
    }
}

static const char *kind_name(enum firmware_iommu_kind kind)
{
    switch (kind) {
    case FIRMWARE_IOMMU_SMMUV3:
        return "smmuv3";
    case FIRMWARE_IOMMU_SMMUV2:
        return "smmuv2";
    case FIRMWARE_IOMMU_OTHER:
        break;
    }
    return "other";
}

static void fill_iommus(const struct firmware *firmware, struct board_result *result)
{
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        const struct firmware_iommu *from = &firmware->iommus[i];
        struct board_iommu *to;

        result->iommus = board_array_grow(result->iommus, i, sizeof(*result->iommus));
        to = &result->iommus[result->iommu_count++];
        memset(to, 0, sizeof(*to));
        to->name = board_copy_string(from->name);
        to->compatible = first_string(&from->compatible);
        to->kind = kind_name(from->kind);
        to->available = from->available;
        to->base_known = from->base_known;
        to->base = from->base;
        to->cells_known = from->cells_known;
        to->cells = from->cells;
    }
}

static struct board_id convert_id(const struct rid_id *id)
{
    return (struct board_id){.mask = id->mask, .offset = id->offset};
}

static void convert_spec(const struct rid_spec *from, struct board_spec *to)
{
    memset(to, 0, sizeof(*to));
    to->kept = from->kept;
    to->total = from->total;
    for (size_t i = 0; i < from->kept; i++) {
        const struct rid_spec_item *item = &from->items[i];

        to->items[i].fault = item->fault == FIRMWARE_FAULT_NONE ? NULL : firmware_fault_text(item->fault);
        to->items[i].target = item->target;
        to->items[i].id = convert_id(&item->id);
        to->items[i].cells = item->cells;
        memcpy(to->items[i].more, item->more, sizeof(item->more));
    }
}

static void convert_range(const struct firmware *firmware, const struct rid_ranges *ranges,
                          const struct rid_range *from, struct board_range *to)
{
    const struct rid_choice *choice = &from->choice;

    memset(to, 0, sizeof(*to));
    to->first = from->first;
    to->last = from->last;
    to->msi_how = rid_msi_route_text(choice);
    to->msi_fault = choice->msi_fault == FIRMWARE_FAULT_NONE ? NULL : firmware_fault_text(choice->msi_fault);
    to->controller = choice->controller;
    to->device_id_known = choice->device_id_known;
    to->device_id = convert_id(&choice->device_id);
    to->doorbell_known = choice->controller != FIRMWARE_NONE &&
                         rid_map_doorbell(&firmware->controllers[choice->controller],
                                          rid_id_of(&choice->device_id, from->first), &to->doorbell);
    to->iommu_how = rid_iommu_route_text(choice);
    to->iommu = choice->iommu_route == RID_IOMMU_MAPPED ? choice->iommu : BOARD_NONE;
    to->disabled_iommu = choice->iommu_route == RID_IOMMU_DISABLED ? choice->iommu : BOARD_NONE;
    if (choice->iommu_route == RID_IOMMU_MAPPED) {
        to->stream = convert_id(&choice->stream);
        to->stream_cells = choice->stream_cells;
        memcpy(to->stream_more, choice->stream_more, sizeof(to->stream_more));
    }
    to->spec_msi = from->msi == NULL ? BOARD_NONE : (size_t)(from->msi - ranges->specs);
    to->spec_iommu = from->iommu == NULL ? BOARD_NONE : (size_t)(from->iommu - ranges->specs);
}

static bool same_id(const struct board_id *a, const struct board_id *b)
{
    return a->mask == b->mask && a->offset == b->offset;
}

/* Whether all RIDs of the host have the same rules on the IOMMU side, or on the MSI side. */
static bool is_uniform(const struct board_host *host, bool iommu)
{
    const struct board_range *first = &host->ranges[0];

    for (size_t i = 1; i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];

        if (iommu ? range->iommu != first->iommu || range->spec_iommu != first->spec_iommu ||
                        range->iommu_how != first->iommu_how || !same_id(&range->stream, &first->stream)
                  : range->controller != first->controller || range->spec_msi != first->spec_msi ||
                        range->msi_how != first->msi_how || !same_id(&range->device_id, &first->device_id)) {
            return false;
        }
    }
    return true;
}

/*
 * Which rules apply to a RID depends on it only through the masks. If these leave out the upper bits, the ranges repeat
 * with every value of those bits.
 */
static uint32_t find_period(const struct board_host *host)
{
    uint32_t bits = (is_uniform(host, true) ? 0 : host->iommu_mask) | (is_uniform(host, false) ? 0 : host->msi_mask);
    uint32_t rids = (host->bus_last - host->bus_first + 1) << 8;
    uint32_t period = 1;

    bits &= RID_COUNT - 1;
    while (period <= bits) {
        period <<= 1;
    }
    return 2 * period <= rids ? period : 0;
}

static void fill_host(const struct firmware *firmware, const struct firmware_host *from, struct board_host *to)
{
    struct rid_ranges ranges;

    memset(to, 0, sizeof(*to));
    to->name = board_copy_string(from->name);
    to->compatible = first_string(&from->compatible);
    to->available = from->available;
    to->segment_given = from->segment_given;
    to->segment = from->segment;
    to->bus_given = from->bus_given;
    to->bus_first = from->bus_first;
    to->bus_last = from->bus_last;
    to->iommu_mask_given = from->iommu_map.mask_given;
    to->iommu_mask = from->iommu_map.mask;
    to->msi_mask_given = from->msi_map.mask_given;
    to->msi_mask = from->msi_map.mask;
    rid_map_ranges(firmware, from, &ranges);
    to->ranges = board_array_grow(NULL, 0, ranges.count * sizeof(*to->ranges));
    to->range_count = ranges.count;
    for (size_t i = 0; i < ranges.count; i++) {
        convert_range(firmware, &ranges, &ranges.items[i], &to->ranges[i]);
    }
    to->specs = board_array_grow(NULL, 0, ranges.spec_count * sizeof(*to->specs));
    to->spec_count = ranges.spec_count;
    for (size_t i = 0; i < ranges.spec_count; i++) {
        convert_spec(&ranges.specs[i], &to->specs[i]);
    }
    to->period = ranges.count > 1 ? find_period(to) : 0;
    rid_ranges_clear(&ranges);
}

static bool fill_hosts(const struct firmware *firmware, struct board_result *result)
{
    size_t ranges = 0;

    for (size_t i = 0; i < firmware->host_count; i++) {
        result->hosts = board_array_grow(result->hosts, i, sizeof(*result->hosts));
        fill_host(firmware, &firmware->hosts[i], &result->hosts[i]);
        result->host_count++;
        ranges += result->hosts[i].range_count;
        if (ranges > BOARD_MAX_RANGES) {
            return false;
        }
    }
    return true;
}

static void add_user(struct board_iommu *iommu, size_t host, const struct board_range *range)
{
    struct board_user *user = iommu->user_count > 0 ? &iommu->users[iommu->user_count - 1] : NULL;

    if (user != NULL && user->host == host && user->controller == range->controller && user->last + 1 == range->first) {
        user->last = range->last;
        return;
    }
    iommu->users = board_array_grow(iommu->users, iommu->user_count, sizeof(*iommu->users));
    iommu->users[iommu->user_count++] =
        (struct board_user){.host = host, .first = range->first, .last = range->last, .controller = range->controller};
}

static int compare_sizes(const void *left, const void *right)
{
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;

    return (a > b) - (a < b);
}

static void fill_used_controllers(struct board_iommu *iommu)
{
    size_t count = 0;

    iommu->controllers = board_array_grow(NULL, 0, (iommu->user_count + 1) * sizeof(size_t));
    for (size_t i = 0; i < iommu->user_count; i++) {
        if (iommu->users[i].controller != BOARD_NONE) {
            iommu->controllers[count++] = iommu->users[i].controller;
        }
    }
    qsort(iommu->controllers, count, sizeof(size_t), compare_sizes);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || iommu->controllers[i] != iommu->controllers[i - 1]) {
            iommu->controllers[iommu->controller_count++] = iommu->controllers[i];
        }
    }
}

static void fill_users(struct board_result *result)
{
    for (size_t i = 0; i < result->host_count; i++) {
        const struct board_host *host = &result->hosts[i];

        for (size_t j = 0; host->available && j < host->range_count; j++) {
            const struct board_range *range = &host->ranges[j];

            if (range->controller != BOARD_NONE) {
                result->controllers[range->controller].used = true;
            }
            if (range->iommu != BOARD_NONE) {
                add_user(&result->iommus[range->iommu], i, range);
            }
        }
    }
    for (size_t i = 0; i < result->iommu_count; i++) {
        fill_used_controllers(&result->iommus[i]);
    }
}

/* Assumptions on which a description of the platform alone says nothing, with the reason, in the order of the list. */
static void judge_rest(struct board_result *result, bool late)
{
    static const char software[] = "depends on what software sets up; `doorbell run` judges it";
    static const struct {
        bool late;
        const char *name;
        const char *reason;
    } rest[] = {
        {false, "group-covers-reach",
         "depends on the switches and the ACS of devices, which a device tree does not describe"},
        {false, "doorbell-mapped", software},
        {true, "msi-in-primary-domain", software},
        {true, "pasid-consistent", software},
        {true, "one-viommu-per-smmu", "depends on the virtual machines; `doorbell run` judges it"},
        {true, "guest-owned-msi", "depends on the virtual machines; `doorbell run` judges it"},
    };

    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
        if (rest[i].late == late) {
            verdict_list_add(&result->verdicts, rest[i].name, VERDICT_NOT_APPLICABLE, "%s", rest[i].reason);
        }
    }
}

enum board_status board_check_firmware(const struct firmware *firmware, const char *file, struct board_result *result,
                                       struct board_error *error)
{
    result->file = board_copy_string(file);
    result->model = board_copy_string(firmware->model);
    fill_controllers(firmware, result);
    fill_iommus(firmware, result);
    if (!fill_hosts(firmware, result)) {
        board_error_set(error, file, "E2001 the maps cut the requester IDs into more than %u ranges", BOARD_MAX_RANGES);
        return BOARD_INVALID;
    }
    fill_users(result);
    board_judge_doorbell_per_group(result);
    board_judge_doorbell_per_domain(result);
    judge_rest(result, false);
    board_judge_msi_window(firmware, result);
    judge_rest(result, true);
    board_judge_isolation(result);
    verdict_list_add(&result->verdicts, "data-before-interrupt", VERDICT_NOT_APPLICABLE,
                     "depends on the interconnect, which a device tree does not describe; `doorbell run` judges it");
    board_find_oddities(firmware, result);
    return BOARD_OK;
}
