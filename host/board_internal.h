/*
 * The steps of board_check_firmware() that judge; each reads the finished tables of the result and appends to its
 * verdicts or findings. Private to the board check.
 */
#ifndef DOORBELL_HOST_BOARD_INTERNAL_H
#define DOORBELL_HOST_BOARD_INTERNAL_H

#include "host/firmware.h"
#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most devices that one piece of evidence lists. */
#define BOARD_MAX_DEVICES 256u

/** Verdicts "doorbell-per-group" and "doorbell-per-domain". */
void board_judge_doorbell_per_group(struct board_result *result);
void board_judge_doorbell_per_domain(struct board_result *result);

/** Verdict "msi-window-free", from the bridges' memory windows. */
void board_judge_msi_window(const struct firmware *firmware, struct board_result *result);

/** Verdict "msi-isolated", and findings on StreamIDs and DeviceIDs that several requester IDs share. */
void board_judge_isolation(struct board_result *result);

/** Findings that concern one host each: disabled targets, faults of maps, requester IDs left without a target, ... */
void board_find_oddities(const struct firmware *firmware, struct board_result *result);

/** Appends an evidence device for the RIDs first..last of a range; strings are copied. */
void board_add_device(const struct board_result *result, struct verdict_evidence *evidence, size_t host,
                      const struct board_range *range, uint32_t first, uint32_t last);

/** The address that @p rid of that range writes its MSIs to; false if it is not known. */
bool board_doorbell_of(const struct board_result *result, const struct board_range *range, uint32_t rid,
                       uint64_t *doorbell);

/** A sentence's list of RID runs, built up one by one: the first few in full, then how many more. */
struct board_run_text {
    char text[256];
    size_t runs;
    uint32_t first; /**< the run that is still growing */
    uint32_t last;
    uint64_t rids; /**< requester IDs in all */
};

/** Adds the RIDs first..last (above all earlier ones); runs that touch are joined. */
void board_run_add(struct board_run_text *list, uint32_t first, uint32_t last);

/** Finishes the list. @return its text, for example "0x0..0x2ff, 0x400..0x4ff"; empty if nothing was added. */
const char *board_run_finish(struct board_run_text *list);

#ifdef __cplusplus
}
#endif

#endif
