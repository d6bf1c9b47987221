/* A flattened device tree: imported, and checked as `doorbell check` does. */
#include "import/board.h"
#include "scenario/devicetree_check.h"
#include "tests/fuzz/import_shape.h"

#include <cstring>
#include <libfdt.h>

namespace fuzz
{

void run(const uint8_t *data, size_t size)
{
    import_machine machine = {};
    board_error error = {};
    std::vector<uint64_t> aligned(size / 8 + 1);

    memcpy(aligned.data(), data, size);
    if (import_board_read(aligned.data(), size, "input", &machine, &error) == BOARD_OK) {
        shape(&machine);
    }
    import_machine_clear(&machine);
    board_result checked = {};

    if (board_check_blob(aligned.data(), size, "input", &checked, &error) != BOARD_OK && error.text[0] == '\0') {
        fail("no result, and no reason");
    }
    board_result_clear(&checked);
}

std::vector<Seed> seeds()
{
    Input blob(2048);
    void *fdt = blob.data();
    const uint32_t cells[] = {cpu_to_fdt32(0), cpu_to_fdt32(1), cpu_to_fdt32(0x1000), cpu_to_fdt32(0x10000)};
    const uint32_t reg[] = {0, cpu_to_fdt32(0x8080000), 0, cpu_to_fdt32(0x20000)};

    fdt_create(fdt, static_cast<int>(blob.size()));
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 2);
    fdt_property_u32(fdt, "#size-cells", 2);
    fdt_property_string(fdt, "model", "fuzzed");
    for (const char *compatible : {"arm,gic-v3-its", "arm,smmu-v3"}) {
        const bool its = compatible[4] == 'g';

        fdt_begin_node(fdt, its ? "its@1" : "smmu@2");
        fdt_property(fdt, "compatible", compatible, static_cast<int>(strlen(compatible) + 1));
        fdt_property(fdt, "reg", reg, static_cast<int>(sizeof(reg)));
        fdt_property_u32(fdt, "phandle", its ? 2 : 1);
        fdt_property_u32(fdt, its ? "#msi-cells" : "#iommu-cells", 1);
        fdt_property(fdt, its ? "msi-controller" : "dma-coherent", nullptr, 0);
        fdt_end_node(fdt);
    }
    fdt_begin_node(fdt, "pcie@3");
    fdt_property_string(fdt, "device_type", "pci");
    fdt_property_string(fdt, "compatible", "pci-host-ecam-generic");
    fdt_property(fdt, "reg", reg, static_cast<int>(sizeof(reg)));
    fdt_property(fdt, "iommu-map", cells, static_cast<int>(sizeof(cells)));
    fdt_property_u32(fdt, "msi-parent", 2);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "memory@4");
    fdt_property_string(fdt, "device_type", "memory");
    fdt_property(fdt, "reg", reg, static_cast<int>(sizeof(reg)));
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_finish(fdt);
    blob.resize(fdt_totalsize(fdt));
    return {{"devicetree", blob}};
}

} // namespace fuzz
