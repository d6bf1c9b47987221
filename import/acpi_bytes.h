/* Little-endian numbers in a table. Who calls has checked that they are there. */
#ifndef DOORBELL_IMPORT_ACPI_BYTES_H
#define DOORBELL_IMPORT_ACPI_BYTES_H

#include "scenario/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Part of a table. */
struct acpi_bytes {
    const char *name; /**< of the table's file */
    const uint8_t *at;
    size_t length;
};

/** A number of 1 to 8 bytes. */
static inline uint64_t acpi_number(const struct acpi_bytes *bytes, size_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes->at[offset + i] << 8 * i;
    }
    return value;
}

static inline uint32_t acpi_u32(const struct acpi_bytes *bytes, size_t offset)
{
    return (uint32_t)acpi_number(bytes, offset, 4);
}

/** Whether @p count elements of @p size bytes stand from @p offset on. */
static inline bool acpi_has(const struct acpi_bytes *bytes, uint64_t offset, uint64_t count, uint64_t size)
{
    return offset <= bytes->length && count <= (bytes->length - offset) / size;
}

/** Reports that a table is wrong. @return false */
bool acpi_fail(struct diagnostics *diagnostics, const struct acpi_bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
