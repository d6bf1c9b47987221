#include "import/import.h"

#include "import/board.h"
#include "import/files.h"
#include "import/lspci.h"
#include "scenario/devicetree_check.h"
#include "scenario/devicetree_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* Largest file that is read. `lspci -xxxx` prints 13 KiB a function. */
#define MOST_BYTES (UINT64_C(256) << 20)

static bool fail_file(struct diagnostics *diagnostics, const char *path, const char *what)
{
    const struct diagnostic_where where = {.file = path};

    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s", what);
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
        fail_file(diagnostics, path, strerror(errno));
        return NULL;
    }
    for (;;) {
        int got;

        if (room - *length < 2) {
            char *larger = room >= MOST_BYTES ? NULL : realloc(bytes, room == 0 ? 65536 : 2 * room);

            if (larger == NULL) {
                fail_file(diagnostics, path, "the file is too large");
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
            fail_file(diagnostics, path, "the file cannot be read");
            break;
        }
        *length += (size_t)got;
    }
    free(bytes);
    gzclose(file);
    return NULL;
}

static bool read_devicetree(const char *path, struct import_machine *machine, struct diagnostics *diagnostics)
{
    static const char mark[] = ": error: ";
    struct board_error error = {.text = ""};
    void *blob = NULL;
    size_t size = 0;
    enum board_status status;

    if (machine->firmware_known) {
        const struct diagnostic_where where = {.file = path};

        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "firmware has been described already"),
            "give one device tree, or ACPI tables, and what lspci or sysfs say of the functions");
        return false;
    }
    status = devicetree_load(path, &blob, &size, &error);
    if (status == BOARD_OK) {
        status = import_board_read(blob, size, path, machine, &error);
    }
    free(blob);
    if (status != BOARD_OK) {
        const struct diagnostic_where where = {.file = path};
        const char *message = strstr(error.text, mark);

        diagnostics->environment_failed = diagnostics->environment_failed || status == BOARD_UNREADABLE;
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s",
                        message == NULL ? error.text : message + sizeof(mark) - 1);
    }
    return status == BOARD_OK;
}

static bool read_file(const char *path, struct import_machine *machine, struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = path};
    size_t length;
    char *bytes;
    bool good;

    if (board_path_is_devicetree(path)) {
        return read_devicetree(path, machine, diagnostics);
    }
    bytes = import_file_bytes(path, &length, diagnostics);
    if (bytes == NULL) {
        return false;
    }
    if (length >= 4 && memcmp(bytes, "\xd0\x0d\xfe\xed", 4) == 0) {
        good = read_devicetree(path, machine, diagnostics);
    } else if (length >= 8 && memcmp(bytes, "/dts-v1/", 8) == 0) {
        good = read_devicetree(path, machine, diagnostics);
    } else if (import_lspci_recognise(bytes, length)) {
        good = import_lspci_read(path, bytes, length, machine, diagnostics);
    } else {
        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "this is no description of a machine"),
            "a device tree (.dtb or .dts), an ACPI table (IORT, MCFG, APIC), or what `lspci -xxxx` printed as root");
        good = false;
    }
    free(bytes);
    return good;
}

bool import_read(const char *const *paths, size_t count, struct import_machine *machine,
                 struct diagnostics *diagnostics)
{
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        struct stat status;

        if (stat(paths[i], &status) != 0) {
            good = fail_file(diagnostics, paths[i], strerror(errno));
        } else {
            good = read_file(paths[i], machine, diagnostics) && good;
        }
    }
    import_machine_finish(machine);
    return good;
}
