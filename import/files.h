/* Bytes of files. */
#ifndef DOORBELL_IMPORT_FILES_H
#define DOORBELL_IMPORT_FILES_H

#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A file's bytes (if it is a gzip file, what was packed), up to 256 MiB, with a NUL behind them; to be released with
 * free(). Aligned for any type.
 * @return NULL, with an error in @p diagnostics, if it cannot be read
 */
char *import_file_bytes(const char *path, size_t *length, struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
