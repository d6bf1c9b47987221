#include "import/import.h"

#include "import/acpi.h"
#include "import/board.h"
#include "import/files.h"
#include "import/interrupts.h"
#include "import/lspci.h"
#include "import/sysfs.h"
#include "scenario/devicetree_check.h"
#include "scenario/devicetree_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool fail_twice(const char *path, struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = path};

    diagnostic_set_hint(
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2102 firmware has been described already"),
        "give one device tree, or ACPI tables, and what lspci or sysfs say of the functions");
    return false;
}

static bool read_devicetree(const char *path, const struct import_acpi *acpi, struct import_machine *machine,
                            struct diagnostics *diagnostics)
{
    struct board_error error = {.text = ""};
    void *blob = NULL;
    size_t size = 0;
    enum board_status status;

    if (machine->firmware_known || import_acpi_present(acpi)) {
        const struct diagnostic_where where = {.file = path};

        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2102 firmware has been described already"),
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

        diagnostics->environment_failed = diagnostics->environment_failed || status == BOARD_UNREADABLE;
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s %s", error.code, error.text + error.message_at);
    }
    return status == BOARD_OK;
}

static bool read_file(const char *path, struct import_acpi *acpi, struct import_machine *machine,
                      struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = path};
    size_t length;
    char *bytes;
    bool good;

    if (board_path_is_devicetree(path)) {
        return read_devicetree(path, acpi, machine, diagnostics);
    }
    bytes = import_file_bytes(path, &length, diagnostics);
    if (bytes == NULL) {
        return false;
    }
    if (length >= 4 && memcmp(bytes, "\xd0\x0d\xfe\xed", 4) == 0) {
        good = read_devicetree(path, acpi, machine, diagnostics);
    } else if (length >= 8 && memcmp(bytes, "/dts-v1/", 8) == 0) {
        good = read_devicetree(path, acpi, machine, diagnostics);
    } else if (import_acpi_recognise(bytes, length) != IMPORT_TABLES && machine->firmware_known) {
        good = fail_twice(path, diagnostics);
    } else if (import_acpi_recognise(bytes, length) != IMPORT_TABLES) {
        return import_acpi_add(acpi, path, bytes, length, diagnostics);
    } else if (import_lspci_recognise(bytes, length)) {
        good = import_lspci_read(path, bytes, length, machine, diagnostics);
        import_interrupts_read(bytes, length, machine); /* some write it all into one file */
    } else if (import_interrupts_recognise(bytes, length)) {
        import_interrupts_read(bytes, length, machine);
        good = true;
    } else {
        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2101 this is no description of a machine"),
            "a device tree (.dtb or .dts), an ACPI table (IORT, MCFG, APIC), what `lspci -xxxx` printed as root, or "
            "/proc/interrupts");
        good = false;
    }
    free(bytes);
    return good;
}

/* ---- Folders ---- */

/* The tables of a folder, as /sys/firmware/acpi/tables has them; what else is there is passed over. */
static bool read_tables(const char *path, struct import_acpi *acpi, struct diagnostics *diagnostics)
{
    static const char *const names[] = {"IORT", "MCFG", "APIC"};
    static const char *const endings[] = {"", ".bin", ".aml", ".dat"};
    bool good = true;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t j = 0; j < sizeof(endings) / sizeof(endings[0]); j++) {
            char *file = import_path_in(path, names[i], endings[j]);
            char *bytes;
            size_t length;
            struct stat status;

            if (stat(file, &status) == 0 && S_ISREG(status.st_mode)) {
                bytes = import_file_bytes(file, &length, diagnostics);
                if (bytes != NULL && import_acpi_recognise(bytes, length) == IMPORT_TABLES) {
                    free(bytes);
                    bytes = NULL;
                    import_fail_file(diagnostics, file, "this is no ACPI table of that name");
                }
                good = bytes != NULL && import_acpi_add(acpi, file, bytes, length, diagnostics) && good;
            }
            free(file);
        }
    }
    return good;
}

static bool read_folder(const char *path, struct import_acpi *acpi, struct import_machine *machine,
                        struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = path};
    const size_t functions = machine->function_count;
    bool good = read_tables(path, acpi, diagnostics);

    good = import_sysfs_read(path, machine, diagnostics) && good;
    if (good && machine->function_count == functions && !import_acpi_present(acpi)) {
        diagnostic_set_hint(
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2101 this folder describes no machine"),
            "a folder of ACPI tables (IORT, MCFG, APIC), or of PCI functions (0000:00:02.0/config)");
        good = false;
    }
    return good;
}

static bool read_path(const char *path, struct import_acpi *acpi, struct import_machine *machine,
                      struct diagnostics *diagnostics)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return import_fail_file(diagnostics, path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return read_folder(path, acpi, machine, diagnostics);
    }
    return read_file(path, acpi, machine, diagnostics);
}

bool import_read(const char *const *paths, size_t count, struct import_machine *machine,
                 struct diagnostics *diagnostics)
{
    struct import_acpi acpi;
    bool good = true;

    memset(&acpi, 0, sizeof(acpi));
    for (size_t i = 0; i < count; i++) {
        good = read_path(paths[i], &acpi, machine, diagnostics) && good;
    }
    if (good && import_acpi_present(&acpi)) {
        good = import_acpi_read(&acpi, machine, diagnostics);
    }
    import_acpi_clear(&acpi);
    import_machine_finish(machine);
    return good;
}
