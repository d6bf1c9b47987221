/*
 * The check of a board: struct firmware -> struct board_result. From the description alone, no simulation.
 *
 * The tables say for every host bridge which requester IDs reach which MSI controller and IOMMU, and under which
 * identifiers. The verdicts hold for any device that could be plugged in: each names what the worst set of devices
 * would do. docs/board-check.md explains each of them.
 */
#ifndef DOORBELL_HOST_BOARD_CHECK_H
#define DOORBELL_HOST_BOARD_CHECK_H

#include "host/firmware.h"
#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most runs of requester IDs over all hosts that are accepted. Real boards have tens, with odd masks some hundreds. */
#define BOARD_MAX_RANGES (1u << 20)

/**
 * Resolves and judges a description.
 * @param file    name of where it came from, for the result and for errors
 * @param result  zero-initialised; release with board_result_clear() in any case
 * @param error   set unless BOARD_OK is returned
 * @return BOARD_INVALID only if the maps cut the RIDs into more than BOARD_MAX_RANGES runs.
 */
enum board_status board_check_firmware(const struct firmware *firmware, const char *file, struct board_result *result,
                                       struct board_error *error);

#ifdef __cplusplus
}
#endif

#endif
