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

/** Reports that a file cannot be used, which is the environment's fault. @return false */
bool import_fail_file(struct diagnostics *diagnostics, const char *path, const char *what);

/** A path made of folder, name and ending, to be released with free(). Running out of memory ends the process. */
char *import_path_in(const char *folder, const char *name, const char *ending);

#ifdef __cplusplus
}
#endif

#endif
