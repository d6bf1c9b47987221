/*
 * Getting at the bytes of a device tree: a blob is read as it is, source text is compiled by the program `dtc`.
 */
#ifndef DOORBELL_SCENARIO_DEVICETREE_SOURCE_H
#define DOORBELL_SCENARIO_DEVICETREE_SOURCE_H

#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads a device tree blob from @p path, or compiles it with `dtc` (found along PATH, run directly, connected by pipes)
 * if the file's name ends in ".dts" or its text starts with "/dts-v1/".
 * @param blob  on success, the bytes (aligned for any type), to be released with free()
 * @return BOARD_OK; BOARD_INVALID if the file is neither or dtc refuses it; BOARD_UNREADABLE if it cannot be read or
 * dtc is not installed. @p error is set unless BOARD_OK.
 */
enum board_status devicetree_load(const char *path, void **blob, size_t *size, struct board_error *error);

/** The same with another program in place of "dtc" (for tests). */
enum board_status devicetree_load_with(const char *path, const char *compiler, void **blob, size_t *size,
                                       struct board_error *error);

#ifdef __cplusplus
}
#endif

#endif
