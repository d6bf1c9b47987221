/*
 * ACPI tables -> what firmware says of a machine: IORT (root complexes, SMMUs, ITS groups, reserved memory ranges),
 * MCFG (ECAM), MADT (PEs, redistributors, ITSs). Arm IO Remapping Table, DEN 0049, revision E; ACPI 6.5, 5.2.12; PCI
 * Firmware Specification 3.3, 4.1.2. What Linux makes of an IORT: docs/import.md.
 */
#ifndef DOORBELL_IMPORT_ACPI_H
#define DOORBELL_IMPORT_ACPI_H

#include "import/machine.h"
#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The tables that are read. */
enum import_table {
    IMPORT_TABLE_IORT,
    IMPORT_TABLE_MCFG,
    IMPORT_TABLE_MADT,
    IMPORT_TABLES,
};

/** One table's bytes. */
struct import_table_bytes {
    char *name;  /**< for messages */
    char *bytes; /**< NULL: not given */
    size_t length;
};

/** The tables of one machine. Zero-initialise; release with import_acpi_clear(). */
struct import_acpi {
    struct import_table_bytes tables[IMPORT_TABLES];
};

/** Which table bytes are, by their signature; IMPORT_TABLES: none of these. */
enum import_table import_acpi_recognise(const char *bytes, size_t length);

/**
 * Takes a table over, after its header has been checked: length and checksum.
 * @param bytes made with malloc(); this function, or import_acpi_clear(), releases them
 * @return false with an error in @p diagnostics: it is damaged, or there is one of its kind already
 */
bool import_acpi_add(struct import_acpi *acpi, const char *name, char *bytes, size_t length,
                     struct diagnostics *diagnostics);

/** Whether there is any. */
bool import_acpi_present(const struct import_acpi *acpi);

/**
 * Reads the tables into a machine. They are untrusted.
 * @return false with errors in @p diagnostics
 */
bool import_acpi_read(const struct import_acpi *acpi, struct import_machine *machine, struct diagnostics *diagnostics);

/** Releases the tables. */
void import_acpi_clear(struct import_acpi *acpi);

#ifdef __cplusplus
}
#endif

#endif
