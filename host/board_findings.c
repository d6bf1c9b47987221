/*
 * What follows for single hosts and that no assumption has a name for. Disabled hosts are passed over: nothing can be
 * plugged in there.
 */
#include "host/board_internal.h"

#include <string.h>

static const struct board_spec *msi_spec(const struct board_host *host, const struct board_range *range)
{
    return range->spec_msi == BOARD_NONE ? NULL : &host->specs[range->spec_msi];
}

static const struct board_spec *iommu_spec(const struct board_host *host, const struct board_range *range)
{
    return range->spec_iommu == BOARD_NONE ? NULL : &host->specs[range->spec_iommu];
}

/* Predicates: whether a finding concerns a range; *target may be set to name what is concerned. */
typedef bool (*range_test)(const struct board_result *result, const struct board_host *host,
                           const struct board_range *range, const char **target);

static bool test_disabled_controller(const struct board_result *result, const struct board_host *host,
                                     const struct board_range *range, const char **target)
{
    const struct board_spec *spec = msi_spec(host, range);

    if (spec == NULL || spec->kept == 0 || spec->items[0].fault != NULL ||
        result->controllers[spec->items[0].target].available) {
        return false;
    }
    *target = result->controllers[spec->items[0].target].name;
    return true;
}

static bool test_disabled_iommu(const struct board_result *result, const struct board_host *host,
                                const struct board_range *range, const char **target)
{
    (void)host;
    if (range->disabled_iommu == BOARD_NONE) {
        return false;
    }
    *target = result->iommus[range->disabled_iommu].name;
    return true;
}

static bool test_no_msi_domain(const struct board_result *result, const struct board_host *host,
                               const struct board_range *range, const char **target)
{
    (void)result;
    (void)host;
    (void)target;
    return range->controller == BOARD_NONE;
}

static bool test_no_iommu(const struct board_result *result, const struct board_host *host,
                          const struct board_range *range, const char **target)
{
    (void)result;
    (void)host;
    (void)target;
    return strcmp(range->iommu_how, "no match") == 0;
}

static bool has_two_targets(const struct board_spec *spec)
{
    size_t first = BOARD_NONE;

    for (size_t i = 0; spec != NULL && i < spec->kept; i++) {
        if (spec->items[i].fault != NULL) {
            continue;
        }
        if (first != BOARD_NONE && spec->items[i].target != first) {
            return true;
        }
        first = spec->items[i].target;
    }
    return false;
}

static bool test_several_controllers(const struct board_result *result, const struct board_host *host,
                                     const struct board_range *range, const char **target)
{
    (void)result;
    (void)target;
    return has_two_targets(msi_spec(host, range));
}

static bool test_several_iommus(const struct board_result *result, const struct board_host *host,
                                const struct board_range *range, const char **target)
{
    (void)result;
    (void)target;
    return has_two_targets(iommu_spec(host, range));
}

static bool test_beyond_window(const struct board_result *result, const struct board_host *host,
                               const struct board_range *range, const char **target)
{
    const struct board_controller *controller;

    (void)host;
    if (range->controller == BOARD_NONE) {
        return false;
    }
    controller = &result->controllers[range->controller];
    *target = controller->name;
    for (uint32_t rid = range->first; controller->pre_its && rid <= range->last; rid++) {
        if (4 * (uint64_t)board_id_of(&range->device_id, rid) >= controller->pre_its_size) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    const char *rule;
    range_test test;
    const char *before; /* the sentence after the RIDs and before the target, */
    const char *after;  /* ... and after it */
} range_findings[] = {
    {"msi-controller-disabled", "B5", test_disabled_controller, "their first msi-map entry names ",
     ", which is disabled; Linux looks at no further entry"},
    {"iommu-disabled", "B4", test_disabled_iommu, "their IOMMU ",
     " is disabled, so the functions are in no IOMMU group"},
    {"no-msi-domain", "B4", test_no_msi_domain,
     "no MSI controller in the description; only one built into the host bridge could serve them", ""},
    {"no-iommu", "B4", test_no_iommu, "no iommu-map entry, so the functions have no IOMMU and are in no group", ""},
    {"several-msi-controllers", "B5", test_several_controllers,
     "the msi-map allows several MSI controllers; Linux takes the first entry, another system may choose per function "
     "and so split a group",
     ""},
    {"several-iommus", "B1", test_several_iommus,
     "the iommu-map names several IOMMUs; Linux takes the first entry, others need not", ""},
    {"device-id-outside-window", "B14", test_beyond_window, "some DeviceIDs lie beyond the pre-ITS window of ",
     " and have no doorbell"},
};

static void find_in_ranges(struct board_result *result, const struct board_host *host)
{
    for (size_t i = 0; i < sizeof(range_findings) / sizeof(range_findings[0]); i++) {
        struct board_run_text runs = {0};
        const char *target = "";

        for (size_t j = 0; j < host->range_count; j++) {
            if (range_findings[i].test(result, host, &host->ranges[j], &target)) {
                board_run_add(&runs, host->ranges[j].first, host->ranges[j].last);
            }
        }
        if (runs.rids > 0) {
            board_add_finding(result, range_findings[i].name, range_findings[i].rule, host->name,
                              "requester IDs %s: %s%s%s", board_run_finish(&runs), range_findings[i].before, target,
                              range_findings[i].after);
        }
    }
}

/* One finding per map that has a faulty entry, whether or not any RID meets it. */
static void find_faults(struct board_result *result, const struct board_host *host, bool iommu)
{
    const struct board_spec *spec = iommu ? iommu_spec(host, &host->ranges[0]) : msi_spec(host, &host->ranges[0]);

    for (size_t i = 0; spec != NULL && i < spec->kept; i++) {
        struct board_run_text runs = {0};

        if (spec->items[i].fault == NULL) {
            continue;
        }
        for (size_t j = 0; j < host->range_count; j++) {
            const struct board_range *range = &host->ranges[j];

            if (iommu ? strncmp(range->iommu_how, "error", 5) == 0 : range->msi_fault != NULL) {
                board_run_add(&runs, range->first, range->last);
            }
        }
        board_add_finding(result, "map-error", "B2", host->name, "%s: %s; Linux meets it before any match for %s",
                          iommu ? "iommu-map" : "msi-map", spec->items[i].fault + strlen("error: "),
                          runs.rids == 0 ? "no requester ID" : board_run_finish(&runs));
        return;
    }
}

/*
 * Rule B7: a bridge to conventional PCI makes a device appear under the bridge's RID or under function 0 of its own
 * bus as well. If those belong to another IOMMU, Linux still programs the alias into the device's IOMMU.
 */
static void find_crossing_aliases(struct board_result *result, const struct board_host *host)
{
    const struct board_range *first = NULL;

    for (size_t i = 0; host->bus_last > host->bus_first && i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];

        if (range->iommu == BOARD_NONE) {
            continue;
        }
        if (first == NULL) {
            first = range;
        } else if (range->iommu != first->iommu) {
            board_add_finding(result, "alias-crosses-iommu", "B7", host->name,
                              "requester ID 0x%x is behind %s and 0x%x behind %s: a device behind a bridge to "
                              "conventional PCI could have aliases at both, and only one IOMMU would be programmed",
                              first->first, result->iommus[first->iommu].name, range->first,
                              result->iommus[range->iommu].name);
            return;
        }
    }
}

void board_find_oddities(const struct firmware *firmware, struct board_result *result)
{
    for (size_t i = 0; i < result->host_count; i++) {
        const struct board_host *host = &result->hosts[i];

        if (!host->available) {
            continue;
        }
        find_in_ranges(result, host);
        find_faults(result, host, true);
        find_faults(result, host, false);
        find_crossing_aliases(result, host);
    }
    for (size_t i = 0; i < firmware->note_count; i++) {
        board_add_finding(result, "description", "", firmware->notes[i].where, "%s", firmware->notes[i].what);
    }
}
