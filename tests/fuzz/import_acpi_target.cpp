/*
 * ACPI tables: IORT, MCFG and MADT, one behind the other, each with two bytes of length before it. Lengths and
 * checksums in headers are put right first, so that mutations reach what is behind them.
 */
#include "import/acpi.h"
#include "tests/fuzz/import_shape.h"
#include "tests/import/tables.h"

#include <cstring>

namespace fuzz
{

namespace
{

/** A copy with its header mended. */
char *mended(const uint8_t *data, size_t size)
{
    char *bytes = static_cast<char *>(malloc(size + 1));
    uint8_t sum = 0;

    memcpy(bytes, data, size);
    if (size >= 36) {
        for (unsigned i = 0; i < 4; i++) {
            bytes[4 + i] = static_cast<char>(size >> 8 * i);
        }
        bytes[9] = 0;
        for (size_t i = 0; i < size; i++) {
            sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(bytes[i]));
        }
        bytes[9] = static_cast<char>(-sum);
    }
    return bytes;
}

Seed seed(const char *name, const std::vector<std::string> &tables)
{
    Input bytes;

    for (const std::string &table : tables) {
        bytes.push_back(static_cast<uint8_t>(table.size()));
        bytes.push_back(static_cast<uint8_t>(table.size() >> 8));
        bytes.insert(bytes.end(), table.begin(), table.end());
    }
    return {name, bytes};
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    import_machine machine = {};
    import_acpi acpi = {};
    diagnostics list = {};
    bool good = true;

    for (size_t at = 0; good && at + 2 <= size;) {
        size_t length = static_cast<size_t>(data[at] | data[at + 1] << 8);

        length = length > size - at - 2 ? size - at - 2 : length;
        good = import_acpi_recognise(reinterpret_cast<const char *>(data) + at + 2, length) != IMPORT_TABLES &&
               import_acpi_add(&acpi, "input", mended(data + at + 2, length), length, &list);
        at += 2 + length;
    }
    if (import_acpi_present(&acpi)) {
        const bool read = import_acpi_read(&acpi, &machine, &list);

        if (good && read == (list.error_count != 0)) {
            fail("an error without a failure, or the other way round");
        }
        shape(&machine);
    }
    import_acpi_clear(&acpi);
    import_machine_clear(&machine);
    diagnostics_clear(&list);
}

std::vector<Seed> seeds()
{
    using namespace import_test;
    const std::string all = iort({its_group({1, 0}), smmu_v3(0x09050000, {{0, 0xfffff, 0, 0, 0}}),
                                  root_complex(0, {{0, 0xff, 0x10000, 1, 0}, {0x100, 0x100, 0x8000, 0, 0}}),
                                  reserved_range(1, 0x90000000, 0x20000, {{0, 0xff, 0x10000, 1, 0}})});
    const std::string single = iort({its_group({0}), root_complex(3, {{0, 0, 7, 0, 1}})});

    return {seed("acpi-all", {all, mcfg(0x4010000000, 0, 0, 255), madt(2, 0x0a000000, {0x08080000})}),
            seed("acpi-iort", {all}), seed("acpi-single", {single, mcfg(0, 3, 0x80, 0xff)})};
}

} // namespace fuzz
