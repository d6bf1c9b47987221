/* Configuration spaces as sysfs has them: for each function, its place, a length, and its bytes. */
#include "import/sysfs.h"
#include "tests/fuzz/import_shape.h"
#include "tests/import/imported.h"

namespace fuzz
{

void run(const uint8_t *data, size_t size)
{
    import_machine machine = {};
    diagnostics list = {};

    for (size_t at = 0; at + 4 <= size && list.error_count == 0;) {
        const unsigned rid = data[at] | data[at + 1] << 8;
        size_t length = static_cast<size_t>(data[at + 2] | data[at + 3] << 8);
        char name[32];

        length = length > size - at - 4 ? size - at - 4 : length;
        snprintf(name, sizeof(name), "0000:%02x:%02x.%x", rid >> 8, rid >> 3 & 0x1f, rid & 7);
        if (import_sysfs_add(name, name, data + at + 4, length, &machine, &list) == (list.error_count != 0)) {
            fail("an error without a failure, or the other way round");
        }
        at += 4 + length;
    }
    shape(&machine);
    import_machine_clear(&machine);
    diagnostics_clear(&list);
}

std::vector<Seed> seeds()
{
    using import_test::Config;
    Input bytes;
    const std::vector<std::pair<unsigned, std::string>> functions = {
        {0x008, Config(1, 1, 0x060400).bridge(0, 1, 3).pcie(4).acs(0x5f, 0x1d).bytes().substr(0, 0x140)},
        {0x100, Config(1, 1, 0x060400).bridge(1, 2, 3).pcie(5).bytes().substr(0, 0x100)},
        {0x200, Config(1, 1, 0x060400).bridge(2, 3, 3).pcie(6).bytes().substr(0, 0x100)},
        {0x300, Config(1, 1, 0x020000)
                    .pcie(0)
                    .msix(8)
                    .extended(0x0f, 0x100, false)
                    .extended(0x1b, 0x140, true)
                    .bytes()
                    .substr(0, 0x180)}};

    for (const auto &function : functions) {
        for (size_t value : {static_cast<size_t>(function.first), function.second.size()}) {
            bytes.push_back(static_cast<uint8_t>(value));
            bytes.push_back(static_cast<uint8_t>(value >> 8));
        }
        bytes.insert(bytes.end(), function.second.begin(), function.second.end());
    }
    return {{"sysfs-switch", bytes}, {"sysfs-half", Input(bytes.begin(), bytes.begin() + 700)}};
}

} // namespace fuzz
