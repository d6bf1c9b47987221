/* Text of lspci. */
#include "import/interrupts.h"
#include "import/lspci.h"
#include "tests/fuzz/import_shape.h"
#include "tests/import/imported.h"

namespace fuzz
{

void run(const uint8_t *data, size_t size)
{
    import_machine machine = {};
    diagnostics list = {};
    const char *text = reinterpret_cast<const char *>(data);
    const bool recognised = import_lspci_recognise(text, size);
    const bool good = import_lspci_read("input", text, size, &machine, &list);

    if (good && !recognised) {
        fail("text was read that is not recognised");
    }
    if (good == (list.error_count != 0)) {
        fail("an error without a failure, or the other way round");
    }
    import_interrupts_read(text, size, &machine);
    if (machine.route_count > 0 && !import_interrupts_recognise(text, size)) {
        fail("interrupts were read that are not recognised");
    }
    shape(&machine);
    import_machine_clear(&machine);
    diagnostics_clear(&list);
}

std::vector<Seed> seeds()
{
    using import_test::Config;
    const std::string port = Config(1, 1, 0x060400).bridge(0, 1, 4).pcie(4).acs(0x5f, 0x1d).dump("00:01.0");
    const std::string up = Config(1, 1, 0x060400).bridge(1, 2, 4).pcie(5).dump("01:00.0");
    const std::string down = Config(1, 1, 0x060400).bridge(2, 3, 3).pcie(6).dump("02:00.0");
    const std::string end = Config(1, 1, 0x010802)
                                .pcie(0)
                                .msix(8)
                                .extended(0x10, 0x100, true)
                                .put(0x10e, 4, 2)
                                .put(0x108, 1, 2)
                                .put(0x110, 2, 2)
                                .put(0x114, 1, 4)
                                .dump("0000:03:00.0");
    std::vector<Seed> all;
    unsigned number = 0;

    for (const std::string &text : {port + up + down + end, end, "00:01.0 x\n00: 00\n" + port,
                                    end + "\n0000:03:00.0 irq=34 mode=msix hwirq=1572864 eff=8\n"
                                          "     CPU0 CPU1\n 34:  0  7  ITS-MSI 1572865 Edge nvme0q1\n"
                                          " 35:  1  0  ITS-PCI-MSIX-0000:03:00.0 2 Edge nvme0q2\n"}) {
        /* Without the many lines of zeros a mutation meets something. */
        std::string sparse;
        for (size_t at = 0; at < text.size();) {
            const size_t next = text.find('\n', at) + 1;
            const std::string line = text.substr(at, next - at);

            if (line.find(": 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") == std::string::npos) {
                sparse += line;
            }
            at = next;
        }
        all.push_back({"lspci-" + std::to_string(number++), Input(sparse.begin(), sparse.end())});
    }
    return all;
}

} // namespace fuzz
