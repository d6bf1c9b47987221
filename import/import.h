/*
 * A machine's own descriptions -> a scenario that runs: a device tree, or ACPI tables; what `lspci -xxxx` printed, or a
 * sysfs tree; one of them or both (docs/import.md).
 */
#ifndef DOORBELL_IMPORT_IMPORT_H
#define DOORBELL_IMPORT_IMPORT_H

#include "import/machine.h"
#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads descriptions; what each is, is told by its bytes: a device tree blob or source (which needs `dtc`), an ACPI
 * table, text of lspci, a folder of ACPI tables, or one of PCI functions ("0000:00:02.0/config").
 * @param machine zeroed; release with import_machine_clear() in any case
 * @return false with errors in @p diagnostics
 */
bool import_read(const char *const *paths, size_t count, struct import_machine *machine,
                 struct diagnostics *diagnostics);

/**
 * Makes the scenario's text, and makes sure that it loads and can be planned.
 * @param source what was read, for its first line
 * @return the text, to be released with free(); NULL with errors in @p diagnostics
 */
char *import_scenario(struct import_machine *machine, const char *source, struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
