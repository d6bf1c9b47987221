#include "import/acpi.h"

#include "import/acpi_bytes.h"
#include "import/iort.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 36u

/* MCFG: allocations behind 8 reserved bytes (PCI Firmware Specification 3.3, 4.1.2). */
#define MCFG_FIRST 44u
#define MCFG_SIZE  16u

/* MADT: structures behind the local controller's address and flags (ACPI 6.5, 5.2.12). */
#define MADT_FIRST   44u
#define MADT_GICC    0x0bu
#define MADT_GICR    0x0eu
#define MADT_ITS     0x0fu
#define GICC_ENABLED 1u
#define GICC_LATER   8u /* Online Capable */
#define MOST_ECAMS   256u
#define MOST_ITSS    256u

static const char *const signatures[IMPORT_TABLES] = {"IORT", "MCFG", "APIC"};

bool acpi_fail(struct diagnostics *diagnostics, const struct acpi_bytes *bytes, const char *format, ...)
{
    const struct diagnostic_where where = {.file = bytes->name};
    va_list arguments;

    va_start(arguments, format);
    diagnostics_vadd(diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
    return false;
}

enum import_table import_acpi_recognise(const char *bytes, size_t length)
{
    int table = 0;

    while (table < IMPORT_TABLES && (length < 4 || memcmp(bytes, signatures[table], 4) != 0)) {
        table++;
    }
    return (enum import_table)table;
}

static bool is_sound(const struct acpi_bytes *table, struct diagnostics *diagnostics)
{
    uint8_t sum = 0;
    uint32_t length;

    if (table->length < HEADER) {
        return acpi_fail(diagnostics, table, "E2105 an ACPI table has a header of %u bytes, and this file has %zu",
                         HEADER, table->length);
    }
    length = acpi_u32(table, 4);
    if (length < HEADER || length > table->length) {
        return acpi_fail(diagnostics, table, "E2105 the table says that it has %u bytes, and the file has %zu", length,
                         table->length);
    }
    for (uint32_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + table->at[i]);
    }
    if (sum != 0) {
        return acpi_fail(diagnostics, table, "E2105 the table is damaged: its bytes add up to 0x%02x, not to 0", sum);
    }
    return true;
}

bool import_acpi_add(struct import_acpi *acpi, const char *name, char *bytes, size_t length,
                     struct diagnostics *diagnostics)
{
    const enum import_table kind = import_acpi_recognise(bytes, length);
    const struct acpi_bytes table = {.name = name, .at = (const uint8_t *)bytes, .length = length};
    bool good = kind != IMPORT_TABLES && is_sound(&table, diagnostics);

    if (good && acpi->tables[kind].bytes != NULL) {
        good = acpi_fail(diagnostics, &table, "E2102 there is a table %s already, in %s", signatures[kind],
                         acpi->tables[kind].name);
    }
    if (!good) {
        free(bytes);
        return false;
    }
    acpi->tables[kind].name = strdup(name);
    acpi->tables[kind].bytes = bytes;
    acpi->tables[kind].length = acpi_u32(&table, 4);
    return true;
}

bool import_acpi_present(const struct import_acpi *acpi)
{
    return acpi->tables[IMPORT_TABLE_IORT].bytes != NULL || acpi->tables[IMPORT_TABLE_MCFG].bytes != NULL ||
           acpi->tables[IMPORT_TABLE_MADT].bytes != NULL;
}

static struct acpi_bytes bytes_of(const struct import_table_bytes *table)
{
    return (struct acpi_bytes){.name = table->name, .at = (const uint8_t *)table->bytes, .length = table->length};
}

static bool read_mcfg(const struct acpi_bytes *table, struct import_machine *machine, struct diagnostics *diagnostics)
{
    for (size_t at = MCFG_FIRST; acpi_has(table, at, 1, MCFG_SIZE); at += MCFG_SIZE) {
        struct import_ecam *ecam;
        uint32_t first = (uint32_t)acpi_number(table, at + 10, 1);
        uint32_t last = (uint32_t)acpi_number(table, at + 11, 1);

        if (first > last) {
            return acpi_fail(diagnostics, table, "E2106 the allocation at offset 0x%zx has buses 0x%x to 0x%x", at,
                             first, last);
        }
        if (machine->ecam_count == MOST_ECAMS) {
            return acpi_fail(diagnostics, table, "E2106 there are more than %u allocations", MOST_ECAMS);
        }
        ecam = import_machine_add_ecam(machine);
        ecam->segment = (uint32_t)acpi_number(table, at + 8, 2);
        ecam->first_bus = first;
        ecam->last_bus = last;
        ecam->base = acpi_number(table, at, 8) + ((uint64_t)first << 20); /* the table has that of bus 0 */
    }
    return true;
}

static void read_its(const struct acpi_bytes *table, size_t at, struct import_machine *machine)
{
    struct firmware_msi_controller *its;
    char name[40];

    snprintf(name, sizeof(name), "ITS %u", acpi_u32(table, at + 4));
    its = firmware_add_controller(&machine->firmware, name);
    its->is_its = true;
    its->base_known = true;
    its->base = acpi_number(table, at + 8, 8);
}

static void read_madt_one(const struct acpi_bytes *table, size_t at, size_t length, struct import_machine *machine)
{
    switch (table->at[at]) {
    case MADT_GICC:
        if (length >= 76 && (acpi_u32(table, at + 12) & (GICC_ENABLED | GICC_LATER)) != 0) {
            uint64_t own = acpi_number(table, at + 60, 8);

            machine->pe_count++;
            if (own != 0 && (!machine->redistributors_known || own < machine->redistributors)) {
                machine->redistributors_known = true;
                machine->redistributors = own;
            }
        }
        break;
    case MADT_GICR:
        if (length >= 16 && !machine->redistributors_known) {
            machine->redistributors_known = true;
            machine->redistributors = acpi_number(table, at + 4, 8);
        }
        break;
    case MADT_ITS:
        if (length >= 20 && machine->firmware.controller_count < MOST_ITSS) {
            read_its(table, at, machine);
        }
        break;
    default:
        break;
    }
}

static bool read_madt(const struct acpi_bytes *table, struct import_machine *machine, struct diagnostics *diagnostics)
{
    for (size_t at = MADT_FIRST; at < table->length;) {
        size_t length = acpi_has(table, at, 1, 2) ? table->at[at + 1] : 0;

        if (length < 2 || !acpi_has(table, at, 1, length)) {
            return acpi_fail(diagnostics, table,
                             "E2106 the structure at offset 0x%zx cannot have a length of %zu bytes", at, length);
        }
        read_madt_one(table, at, length, machine);
        at += length;
    }
    return true;
}

bool import_acpi_read(const struct import_acpi *acpi, struct import_machine *machine, struct diagnostics *diagnostics)
{
    const struct acpi_bytes mcfg = bytes_of(&acpi->tables[IMPORT_TABLE_MCFG]);
    const struct acpi_bytes madt = bytes_of(&acpi->tables[IMPORT_TABLE_MADT]);
    const struct acpi_bytes table = bytes_of(&acpi->tables[IMPORT_TABLE_IORT]);
    struct iort iort = {.count = 0};
    bool good = true;

    if (mcfg.at != NULL) {
        good = read_mcfg(&mcfg, machine, diagnostics);
    }
    if (madt.at != NULL) {
        good = read_madt(&madt, machine, diagnostics) && good;
    }
    if (table.at == NULL) {
        import_remark(&machine->remarks, "guessed: there is no IORT, so StreamIDs and DeviceIDs are requester IDs");
        return good;
    }
    if (!iort_index(&iort, &table, diagnostics)) {
        good = false;
    } else if (good) {
        iort_read(&iort, machine);
        machine->firmware_known = true;
    }
    iort_clear(&iort);
    return good;
}

void import_acpi_clear(struct import_acpi *acpi)
{
    for (int i = 0; i < IMPORT_TABLES; i++) {
        free(acpi->tables[i].name);
        free(acpi->tables[i].bytes);
    }
    memset(acpi, 0, sizeof(*acpi));
}
