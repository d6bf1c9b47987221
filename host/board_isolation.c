/*
 * Isolation of interrupts: an ITS looks an MSI up under the DeviceID that comes with it, so a device can raise only the
 * interrupts of its own DeviceID (rule C17). That fails where the MSI controller knows no DeviceID, where the
 * DeviceID is part of the address (pre-ITS, C16), and where functions share a DeviceID.
 */
#include "host/board_internal.h"
#include "host/board_sharing.h"

#include <stdlib.h>
#include <string.h>

static const struct board_range *range_of(const struct board_host *host, uint32_t rid)
{
    size_t low = 0;
    size_t high = host->range_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (host->ranges[middle].first <= rid) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &host->ranges[low];
}

/* The functions of one host that have an IOMMU and signal through a controller of a kind. */
enum weakness {
    WEAK_NOT_ITS,
    WEAK_PRE_ITS,
};

static bool is_weak(const struct board_result *result, const struct board_range *range, enum weakness weakness)
{
    if (range->iommu == BOARD_NONE || range->controller == BOARD_NONE) {
        return false;
    }
    if (weakness == WEAK_NOT_ITS) {
        return !result->controllers[range->controller].is_its;
    }
    return result->controllers[range->controller].pre_its;
}

static bool judge_controllers(const struct board_result *result, size_t index, enum weakness weakness,
                              struct verdict *verdict)
{
    const struct board_host *host = &result->hosts[index];
    struct board_run_text text = {0};
    struct verdict_evidence *evidence;
    size_t listed = 0;

    for (size_t i = 0; i < host->range_count; i++) {
        if (is_weak(result, &host->ranges[i], weakness)) {
            board_run_add(&text, host->ranges[i].first, host->ranges[i].last);
        }
    }
    if (text.rids == 0) {
        return false;
    }
    evidence = verdict_add_evidence(
        verdict, host->name, "requester IDs %s: %s", board_run_finish(&text),
        weakness == WEAK_NOT_ITS
            ? "their MSI controller is no ITS, so an MSI does not tell which device sent it (C16)"
            : "their ITS takes the DeviceID from the address written (pre-ITS), so a device can choose it (C16)");
    for (size_t i = 0; i < host->range_count && listed < BOARD_MAX_DEVICES; i++) {
        if (is_weak(result, &host->ranges[i], weakness)) {
            board_add_device(result, evidence, index, &host->ranges[i], host->ranges[i].first, host->ranges[i].last);
            listed++;
        }
    }
    return true;
}

static void add_share_devices(const struct board_result *result, const struct board_share *share,
                              struct verdict_evidence *evidence)
{
    const struct board_host *host = &result->hosts[share->host];
    const struct board_host *other = &result->hosts[share->other_host];

    board_add_device(result, evidence, share->host, range_of(host, share->rid), share->rid, share->rid);
    board_add_device(result, evidence, share->other_host, range_of(other, share->other_rid), share->other_rid,
                     share->other_rid);
}

static bool judge_device_ids(const struct board_result *result, const struct board_shares *shares,
                             struct verdict *verdict)
{
    bool broken = false;

    for (size_t i = 0; i < shares->count; i++) {
        const struct board_share *share = &shares->items[i];
        struct verdict_evidence *evidence;

        /* Without any IOMMU there is no group whose interrupts could be someone else's. */
        if (!share->with_iommu) {
            continue;
        }
        if (share->host == share->other_host) {
            evidence = verdict_add_evidence(verdict, result->hosts[share->host].name,
                                            "%llu requester IDs share %llu DeviceIDs at one ITS, so each can raise "
                                            "the interrupts of the others; for example:",
                                            (unsigned long long)share->rids, (unsigned long long)share->ids);
        } else {
            evidence = verdict_add_evidence(verdict, result->hosts[share->host].name,
                                            "its functions and those of %s share DeviceIDs at one ITS, so each can "
                                            "raise the interrupts of the other; for example:",
                                            result->hosts[share->other_host].name);
        }
        add_share_devices(result, share, evidence);
        broken = true;
    }
    return broken;
}

static bool anything_to_isolate(const struct board_result *result)
{
    for (size_t i = 0; i < result->iommu_count; i++) {
        if (result->iommus[i].controller_count > 0) {
            return true;
        }
    }
    return false;
}

static void judge_msi_isolated(struct board_result *result, const struct board_shares *device_ids)
{
    struct verdict *verdict;
    bool broken = false;

    if (!anything_to_isolate(result)) {
        verdict_list_add(&result->verdicts, "msi-isolated", VERDICT_NOT_APPLICABLE,
                         "no function of an available PCIe host has both an IOMMU and an MSI controller");
        return;
    }
    verdict = verdict_list_add(&result->verdicts, "msi-isolated", VERDICT_HOLDS, "%s", "");
    for (size_t i = 0; i < result->host_count; i++) {
        if (result->hosts[i].available) {
            broken |= judge_controllers(result, i, WEAK_NOT_ITS, verdict);
            broken |= judge_controllers(result, i, WEAK_PRE_ITS, verdict);
        }
    }
    broken |= judge_device_ids(result, device_ids, verdict);
    free(verdict->summary);
    if (broken) {
        verdict->outcome = VERDICT_VIOLATED;
        verdict->summary = board_copy_string("a device could raise an interrupt of a device of another group");
    } else {
        verdict->summary = board_copy_string("every function has a DeviceID of its own, and an ITS that heeds it");
    }
}

static void find_shared(struct board_result *result, enum board_sharing_kind kind, const struct board_shares *shares)
{
    bool stream = kind == BOARD_SHARED_STREAM_ID;

    for (size_t i = 0; i < shares->count; i++) {
        const struct board_share *share = &shares->items[i];
        const char *target = stream ? result->iommus[share->target].name : result->controllers[share->target].name;
        bool smmuv3 = stream && strcmp(result->iommus[share->target].kind, "smmuv3") == 0;
        const char *effect = "Linux gives them one interrupt translation table, which is never freed";

        if (stream) {
            effect = smmuv3 ? "the second device that appears gets no IOMMU" : "the IOMMU cannot tell them apart";
        }
        if (share->host == share->other_host) {
            board_add_finding(result, stream ? "stream-id-shared" : "device-id-shared",
                              stream ? (smmuv3 ? "A21" : "") : "B12", result->hosts[share->host].name,
                              "%llu requester IDs share %llu %ss at %s, for example 0x%x and 0x%x have 0x%x: %s",
                              (unsigned long long)share->rids, (unsigned long long)share->ids,
                              stream ? "StreamID" : "DeviceID", target, share->rid, share->other_rid, share->id,
                              effect);
        } else {
            board_add_finding(result, stream ? "stream-id-shared" : "device-id-shared",
                              stream ? (smmuv3 ? "A21" : "") : "B12", result->hosts[share->host].name,
                              "shares %ss with %s at %s, for example requester ID 0x%x here and 0x%x there have "
                              "0x%x: %s",
                              stream ? "StreamID" : "DeviceID", result->hosts[share->other_host].name, target,
                              share->rid, share->other_rid, share->id, effect);
        }
    }
}

void board_judge_isolation(struct board_result *result)
{
    struct board_shares stream_ids = {0};
    struct board_shares device_ids = {0};

    board_find_shares(result, BOARD_SHARED_STREAM_ID, &stream_ids);
    board_find_shares(result, BOARD_SHARED_DEVICE_ID, &device_ids);
    judge_msi_isolated(result, &device_ids);
    find_shared(result, BOARD_SHARED_STREAM_ID, &stream_ids);
    find_shared(result, BOARD_SHARED_DEVICE_ID, &device_ids);
    free(stream_ids.items);
    free(device_ids.items);
}
