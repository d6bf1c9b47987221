/*
 * `doorbell check BOARD`: everything from a file name to the result.
 */
#ifndef DOORBELL_SCENARIO_DEVICETREE_CHECK_H
#define DOORBELL_SCENARIO_DEVICETREE_CHECK_H

#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a file name looks like a device tree (ends in .dtb or .dts): for the command line to choose by. */
bool board_path_is_devicetree(const char *path);

/**
 * Reads a board's device tree (.dtb, or .dts where the program dtc is installed) and checks it.
 * @param out    zero-initialised; release with board_result_clear() in any case
 * @param error  set unless BOARD_OK is returned
 */
enum board_status board_check_path(const char *path, struct board_result *out, struct board_error *error);

/** The same for a blob in memory (aligned to 8 bytes); @p file names it in the result and in errors. */
enum board_status board_check_blob(const void *blob, size_t size, const char *file, struct board_result *out,
                                   struct board_error *error);

#ifdef __cplusplus
}
#endif

#endif
