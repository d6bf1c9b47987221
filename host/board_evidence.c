#include "host/board_internal.h"

#include <stdio.h>
#include <string.h>

/* How many runs a sentence names before it only counts them. */
#define NAMED_RUNS 4u

static void print_run(struct board_run_text *list)
{
    size_t used = strlen(list->text);
    const char *comma = used > 0 ? ", " : "";

    list->runs++;
    if (list->runs > NAMED_RUNS) {
        return;
    }
    if (list->first == list->last) {
        snprintf(list->text + used, sizeof(list->text) - used, "%s0x%x", comma, list->first);
    } else {
        snprintf(list->text + used, sizeof(list->text) - used, "%s0x%x..0x%x", comma, list->first, list->last);
    }
}

void board_run_add(struct board_run_text *list, uint32_t first, uint32_t last)
{
    if (list->rids > 0 && list->last + 1 == first) {
        list->last = last;
    } else {
        if (list->rids > 0) {
            print_run(list);
        }
        list->first = first;
        list->last = last;
    }
    list->rids += last - first + 1;
}

const char *board_run_finish(struct board_run_text *list)
{
    size_t used;

    if (list->rids > 0) {
        print_run(list);
    }
    used = strlen(list->text);
    if (list->runs > NAMED_RUNS) {
        snprintf(list->text + used, sizeof(list->text) - used, " and %zu more runs", list->runs - NAMED_RUNS);
    }
    return list->text;
}

bool board_doorbell_of(const struct board_result *result, const struct board_range *range, uint32_t rid,
                       uint64_t *doorbell)
{
    const struct board_controller *controller;

    if (!range->doorbell_known) {
        return false;
    }
    controller = &result->controllers[range->controller];
    if (controller->pre_its) {
        *doorbell = controller->pre_its_base + 4 * (uint64_t)board_id_of(&range->device_id, rid);
    } else {
        *doorbell = range->doorbell;
    }
    return true;
}

void board_add_device(const struct board_result *result, struct verdict_evidence *evidence, size_t host,
                      const struct board_range *range, uint32_t first, uint32_t last)
{
    struct verdict_device device = {
        .name = result->hosts[host].name,
        .segment = result->hosts[host].segment,
        .rid = first,
        .rid_count = (uint64_t)last - first + 1,
        .stream_id = VERDICT_NO_ID,
        .device_id = VERDICT_NO_ID,
        .doorbell = VERDICT_NO_ID,
    };

    if (range->iommu != BOARD_NONE) {
        device.smmu = result->iommus[range->iommu].name;
        device.stream_id = range->stream_cells > 0 ? board_id_of(&range->stream, first) : VERDICT_NO_ID;
    }
    if (range->controller != BOARD_NONE) {
        device.its = result->controllers[range->controller].name;
        device.device_id = range->device_id_known ? board_id_of(&range->device_id, first) : VERDICT_NO_ID;
        board_doorbell_of(result, range, first, &device.doorbell);
    }
    verdict_evidence_add_device(evidence, &device);
}
