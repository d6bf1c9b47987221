/*
 * The files of a recording: text or bytes, plain or compressed by gzip, read as a whole.
 */
#ifndef DOORBELL_REPLAY_TEXT_H
#define DOORBELL_REPLAY_TEXT_H

#include "scenario/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most bytes of one file, uncompressed: what unpacks to more is refused. */
#define REPLAY_TEXT_MAX ((size_t)1 << 30)

/** A file in memory. Zero-initialised holds none. */
struct replay_text {
    char *path;  /**< the file that was read, NAME or NAME.gz with its folder */
    char *bytes; /**< its content, uncompressed, and one zero byte more */
    size_t size;
};

/**
 * Reads DIRECTORY/NAME, or if that is absent DIRECTORY/NAME.gz.
 * @param required whether its absence is an error
 * @return whether it was read; if not, and it is required or damaged, @p diagnostics say why
 */
bool replay_text_load(struct replay_text *text, const char *directory, const char *name, bool required,
                      struct diagnostics *diagnostics);

/** Releases it. */
void replay_text_clear(struct replay_text *text);

#ifdef __cplusplus
}
#endif

#endif
