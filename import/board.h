/* A device tree -> what firmware says of a machine: struct firmware, and PEs, memory, redistributors, ECAM. */
#ifndef DOORBELL_IMPORT_BOARD_H
#define DOORBELL_IMPORT_BOARD_H

#include "import/machine.h"
#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads a blob (scenario/devicetree.h says what of it). The blob is untrusted.
 * @param blob aligned to 8 bytes
 * @return BOARD_OK, or BOARD_INVALID with @p error set
 */
enum board_status import_board_read(const void *blob, size_t size, const char *file, struct import_machine *machine,
                                    struct board_error *error);

#ifdef __cplusplus
}
#endif

#endif
