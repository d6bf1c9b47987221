/* data-before-interrupt: when a handler runs, what its device posted before the MSI is visible. */
#include "host/assumptions_internal.h"

#include <inttypes.h>

static void judge_order_seen(const struct judge *judge, struct verdict *verdict)
{
    uint64_t checked = 0;
    uint64_t early = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        const struct assumption_observation *seen = &judge->observed[function];
        char label[JUDGE_LABEL_SIZE];

        checked += seen->data_checked;
        early += seen->early.count;
        if (seen->early.count != 0) {
            judge_add_function(judge,
                               verdict_add_evidence(verdict, judge_group_label(judge, function, label),
                                                    "its handler ran before data that was posted ahead of the MSI"),
                               function, seen->early);
        }
    }
    if (early != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED, "%" PRIu64 " of %" PRIu64 " MSIs with data overtook some of it",
                       early, checked);
    } else if (checked != 0) {
        judge_conclude(verdict, VERDICT_HOLDS, "all data was there for the handlers of %" PRIu64 " MSIs", checked);
    } else {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function posted data before an MSI");
    }
}

void judge_data_before_interrupt(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_DATA_BEFORE_INTERRUPT);

    if (judge->observed != NULL) {
        judge_order_seen(judge, verdict);
        return;
    }
    switch (judge->system->ordering) {
    case ASSUMPTION_ORDER_KEPT:
        judge_conclude(verdict, VERDICT_HOLDS, "the way to the doorbell waits until earlier writes are visible");
        break;
    case ASSUMPTION_ORDER_BROKEN:
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "memory and doorbells are different targets, and nothing makes an MSI wait for earlier writes");
        break;
    case ASSUMPTION_ORDER_UNUSED:
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function posts data before an MSI that arrives");
        break;
    case ASSUMPTION_ORDER_UNKNOWN:
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "only a run can show it: the topology does not say");
        break;
    }
}
