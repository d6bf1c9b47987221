#include "import/files.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Largest file that is read. `lspci -xxxx` prints 13 KiB a function. */
#define MOST_BYTES (UINT64_C(256) << 20)

bool import_fail_file(struct diagnostics *diagnostics, const char *path, const char *what)
{
    const struct diagnostic_where where = {.file = path};

    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0201 %s", what);
    diagnostics->environment_failed = true;
    return false;
}

char *import_file_bytes(const char *path, size_t *length, struct diagnostics *diagnostics)
{
    gzFile file = gzopen(path, "rb"); /* passes on as it is what is not compressed */
    char *bytes = NULL;
    size_t room = 0;

    *length = 0;
    if (file == NULL) {
        import_fail_file(diagnostics, path, strerror(errno));
        return NULL;
    }
    for (;;) {
        int got;

        if (room - *length < 2) {
            char *larger = room >= MOST_BYTES ? NULL : realloc(bytes, room == 0 ? 65536 : 2 * room);

            if (larger == NULL) {
                import_fail_file(diagnostics, path, "the file is too large");
                break;
            }
            room = room == 0 ? 65536 : 2 * room;
            bytes = larger;
        }
        got = gzread(file, bytes + *length, (unsigned)(room - *length - 1));
        if (got == 0) {
            bytes[*length] = '\0';
            gzclose(file);
            return bytes;
        }
        if (got < 0) {
            import_fail_file(diagnostics, path, "the file cannot be read");
            break;
        }
        *length += (size_t)got;
    }
    free(bytes);
    gzclose(file);
    return NULL;
}

char *import_path_in(const char *folder, const char *name, const char *ending)
{
    size_t size = strlen(folder) + strlen(name) + strlen(ending) + 2;
    char *path = malloc(size);

    if (path == NULL) {
        fprintf(stderr, "doorbell: out of memory\n");
        abort();
    }
    snprintf(path, size, "%s/%s%s", folder, name, ending);
    return path;
}
