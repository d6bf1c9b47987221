#include "replay/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST_BYTES ((size_t)1 << 16)

/** DIRECTORY/NAMESUFFIX, to be freed; NULL without memory. */
static char *join(const char *directory, const char *name, const char *suffix)
{
    const size_t size = strlen(directory) + strlen(name) + strlen(suffix) + 2;
    char *path = malloc(size);

    if (path != NULL) {
        snprintf(path, size, "%s/%s%s", directory, name, suffix);
    }
    return path;
}

/** Reads everything. @return NULL if it went well, else what is wrong */
static const char *read_all(gzFile file, struct replay_text *text)
{
    size_t capacity = 0;

    for (;;) {
        int got;

        if (capacity - text->size < 2) {
            char *grown;

            if (capacity >= REPLAY_TEXT_MAX) {
                return "it holds more than 1 GiB";
            }
            capacity = capacity == 0 ? FIRST_BYTES : 2 * capacity;
            grown = realloc(text->bytes, capacity);
            if (grown == NULL) {
                return "out of memory";
            }
            text->bytes = grown;
        }
        got = gzread(file, text->bytes + text->size, (unsigned)(capacity - text->size - 1));
        if (got < 0) {
            return "the gzip data are damaged";
        }
        if (got == 0) {
            text->bytes[text->size] = '\0';
            return NULL;
        }
        text->size += (size_t)got;
    }
}

static bool complain(const char *path, bool environment, struct diagnostics *diagnostics, const char *code,
                     const char *reason)
{
    const struct diagnostic_where where = {.file = path};

    diagnostics->environment_failed = diagnostics->environment_failed || environment;
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s %s", code, reason);
    return false;
}

static bool load(struct replay_text *text, struct diagnostics *diagnostics)
{
    gzFile file = gzopen(text->path, "rb");
    const char *wrong;
    int error;

    if (file == NULL) {
        return complain(text->path, true, diagnostics, "E0201", strerror(errno == 0 ? ENOMEM : errno));
    }
    errno = 0;
    wrong = read_all(file, text);
    error = errno;
    /* Only at the end can zlib tell that a stream was cut off. */
    if (gzclose_r(file) != Z_OK && wrong == NULL) {
        wrong = "the gzip data end too early";
    }
    if (wrong != NULL) {
        return complain(text->path, error != 0, diagnostics, error != 0 ? "E0201" : "E2207",
                        error != 0 ? strerror(error) : wrong);
    }
    return true;
}

bool replay_text_load(struct replay_text *text, const char *directory, const char *name, bool required,
                      struct diagnostics *diagnostics)
{
    static const char *const suffixes[] = {"", ".gz"};

    memset(text, 0, sizeof(*text));
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        text->path = join(directory, name, suffixes[i]);
        if (text->path == NULL) {
            return complain(name, true, diagnostics, "E0203", "out of memory");
        }
        if (access(text->path, F_OK) == 0) {
            return load(text, diagnostics);
        }
        free(text->path);
        text->path = NULL;
    }
    if (required) {
        struct diagnostic_where where = {.file = directory};

        diagnostics->environment_failed = true;
        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2201 there is no %s, nor %s.gz", name, name),
            "a recording is a folder with the files that docs/replay.md lists");
    }
    return false;
}

void replay_text_clear(struct replay_text *text)
{
    free(text->path);
    free(text->bytes);
    memset(text, 0, sizeof(*text));
}
