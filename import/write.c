#include "import/write.h"

#include "import/maps.h"
#include "import/write_device.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT    UINT64_C(0x10000)
#define MIB          UINT64_C(0x100000)
#define ADDRESSES    (UINT64_C(1) << 48)
#define LARGEST_MMIO UINT64_C(0xfff00000)
#define MOST_PES     60u
#define LEAST_BITS   16u
#define PAGE         UINT64_C(4096)

/* Most bytes of a pre-ITS's window, and where the first lies if the machine's place for it is of no use. */
#define LARGEST_PRE_ITS (UINT64_C(4) << 32)
#define NO_PRE_ITS      UINT64_C(0x600000000000)

/* SPIs of a GIC, and where its distributor lies, which no scenario needs to know. */
#define FIRST_SPI      32u
#define SPIS           988u
#define NO_DISTRIBUTOR UINT64_C(0x5fff00000000)

/* What is written, and what came out on the way. */
struct writer {
    FILE *stream;
    const struct import_writing *writing;
    struct import_maps *maps; /* of each root complex */
    bool *its_used;
    bool *smmu_used;
};

static bool any_addresses(const struct writer *writer)
{
    return writer->writing->detail == IMPORT_DETAIL_ALL;
}

void import_write_comment(FILE *stream, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        fputc(*c >= 0x20 && *c < 0x7f ? *c : '?', stream);
    }
}

static void write_head(const struct writer *writer)
{
    const struct import_writing *writing = writer->writing;
    const char *model = writing->machine->firmware.model;

    fputs("# Made by `doorbell import` from ", writer->stream);
    import_write_comment(writer->stream, writing->source);
    fputs(".\n", writer->stream);
    for (size_t i = 0; i < writing->remarks->count; i++) {
        fputs("# ", writer->stream);
        import_write_comment(writer->stream, writing->remarks->items[i]);
        fputc('\n', writer->stream);
    }
    for (size_t i = 0; i < writing->machine->firmware.note_count; i++) {
        fputs("# note: ", writer->stream);
        import_write_comment(writer->stream, writing->machine->firmware.notes[i].where);
        fputc(' ', writer->stream);
        import_write_comment(writer->stream, writing->machine->firmware.notes[i].what);
        fputc('\n', writer->stream);
    }
    fputs("doorbell: 1\ntitle: \"Imported: ", writer->stream);
    for (const char *c = model != NULL && *model != '\0' ? model : "a machine"; *c != '\0'; c++) {
        fputc(*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\' ? *c : '?', writer->stream);
    }
    fputs("\"\nduration: 100 us # guessed\n", writer->stream);
}

static unsigned bits_for(uint32_t largest)
{
    unsigned bits = LEAST_BITS;

    while (bits < 32 && largest >> bits != 0) {
        bits++;
    }
    return bits;
}

/* Bits that the outputs of all maps to one target need. */
static unsigned bits_of(const struct writer *writer, bool iommu, size_t target)
{
    uint32_t largest = 0;

    for (size_t i = 0; i < writer->writing->hierarchy->count; i++) {
        const struct import_map *map = iommu ? &writer->maps[i].iommu : &writer->maps[i].msi;

        for (size_t j = 0; j < map->count; j++) {
            uint32_t last = map->tuples[j].out + map->tuples[j].length - 1;

            largest = map->tuples[j].target == target && last > largest ? last : largest;
        }
    }
    return bits_for(largest);
}

static void write_place(const struct writer *writer, bool known, uint64_t base, const char *name, const char *kind)
{
    if (any_addresses(writer) && known && base % ALIGNMENT == 0 && base < ADDRESSES) {
        fprintf(writer->stream, ", base: 0x%" PRIx64, base);
    }
    fputs(" } # ", writer->stream);
    import_write_comment(writer->stream, name);
    fprintf(writer->stream, "%s\n", kind);
}

static const char *iommu_remark(enum firmware_iommu_kind kind)
{
    static const char *const remarks[] = {
        [FIRMWARE_IOMMU_SMMUV3] = "",
        [FIRMWARE_IOMMU_SMMUV2] = "; guessed: an SMMUv3 in place of an SMMUv2 or older",
        [FIRMWARE_IOMMU_OTHER] = "; guessed: an SMMUv3 in place of another kind of IOMMU",
    };

    return remarks[kind];
}

/* The window in front of an ITS. Where the machine's addresses do not fit together it lies above all that is placed. */
static void write_pre_its(const struct writer *writer, size_t number)
{
    const struct firmware_msi_controller *its = &writer->writing->machine->firmware.controllers[number];
    uint64_t base = its->pre_its_base;
    uint64_t size = PAGE;

    if (!its->pre_its) {
        return;
    }
    /* What is no power of two has as many DeviceIDs as the one below, as Linux counts them. */
    while (size < LARGEST_PRE_ITS && 2 * size <= its->pre_its_size) {
        size *= 2;
    }
    if (!any_addresses(writer) || base % PAGE != 0 || base >= ADDRESSES) {
        base = NO_PRE_ITS + number * LARGEST_PRE_ITS;
    }
    fprintf(writer->stream, ", pre-its: { base: 0x%" PRIx64 ", size: %" PRIu64 " KiB }", base, size >> 10);
}

/* Frames that maps lead to; of them, those whose SPIs firmware does not tell. */
static size_t count_frames(const struct writer *writer, size_t *unknown)
{
    const struct firmware *firmware = &writer->writing->machine->firmware;
    size_t count = 0;

    *unknown = 0;
    for (size_t i = 0; i < firmware->controller_count; i++) {
        const struct firmware_msi_controller *frame = &firmware->controllers[i];

        if (writer->its_used[i] && frame->is_v2m) {
            bool known = frame->spis_known && frame->first_spi >= FIRST_SPI && frame->first_spi < FIRST_SPI + SPIS &&
                         frame->spi_count > 0 && frame->spi_count <= FIRST_SPI + SPIS - frame->first_spi;

            count++;
            *unknown += known ? 0 : 1;
        }
    }
    return count;
}

/* GICv2m frames. Which SPIs they have is often in a register only: then they share all there are. */
static void write_frames(const struct writer *writer)
{
    const struct firmware *firmware = &writer->writing->machine->firmware;
    size_t unknown;
    size_t count = count_frames(writer, &unknown);
    size_t number = 0;

    for (size_t i = 0; i < firmware->controller_count; i++) {
        const struct firmware_msi_controller *frame = &firmware->controllers[i];
        size_t share = count > 0 ? SPIS / count : 0;

        if (!writer->its_used[i] || !frame->is_v2m) {
            continue;
        }
        fputs(number == 0 ? "  v2m:\n" : "", writer->stream);
        fprintf(writer->stream, "    v2m%zu: { first-spi: %zu, spis: %zu", i,
                unknown == 0 ? frame->first_spi : FIRST_SPI + number * share, unknown == 0 ? frame->spi_count : share);
        number++;
        if (any_addresses(writer) && frame->base_known && frame->base % PAGE == 0 && frame->base < ADDRESSES) {
            fprintf(writer->stream, ", base: 0x%" PRIx64, frame->base);
        }
        fputs(" } # ", writer->stream);
        import_write_comment(writer->stream, frame->name);
        fputs(unknown == 0 ? "\n" : "; guessed: which SPIs\n", writer->stream);
    }
    if (count > 0) {
        fprintf(writer->stream, "  distributor: { base: 0x%" PRIx64 ", spis: %u } # guessed\n", NO_DISTRIBUTOR, SPIS);
    }
}

static void write_targets(const struct writer *writer)
{
    const struct firmware *firmware = &writer->writing->machine->firmware;
    bool any = false;

    for (size_t i = 0; i < firmware->controller_count; i++) {
        const struct firmware_msi_controller *its = &firmware->controllers[i];

        if (writer->its_used[i] && !its->is_v2m) {
            fputs(any ? "" : "  its:\n", writer->stream);
            any = true;
            fprintf(writer->stream, "    its%zu: { device-id-bits: %u", i, bits_of(writer, false, i));
            write_pre_its(writer, i);
            write_place(writer, its->base_known, its->base, its->name,
                        its->is_its ? "" : "; guessed: an ITS in place of another MSI controller");
        }
    }
    write_frames(writer);
    any = false;
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        const struct firmware_iommu *smmu = &firmware->iommus[i];

        if (writer->smmu_used[i]) {
            fputs(any ? "" : "  smmu:\n", writer->stream);
            any = true;
            fprintf(writer->stream, "    smmu%zu: { stream-id-bits: %u", i, bits_of(writer, true, i));
            write_place(writer, smmu->base_known, smmu->base, smmu->name, iommu_remark(smmu->kind));
        }
    }
    if (!any && writer->writing->machine->firmware_known) {
        fputs("  smmu: {} # no function here has one\n", writer->stream);
    }
}

static void write_platform(const struct writer *writer)
{
    const struct import_machine *machine = writer->writing->machine;
    uint64_t base = (machine->memory_base + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    uint64_t lost = base - machine->memory_base;
    uint64_t size = machine->memory_size > lost ? (machine->memory_size - lost) / ALIGNMENT * ALIGNMENT : 0;

    fputs("platform:\n", writer->stream);
    if (machine->pe_count != 0 && writer->writing->detail != IMPORT_DETAIL_LEAST) {
        bool cut = machine->pe_count > MOST_PES;

        fprintf(writer->stream, "  pe: { count: %u }%s\n", cut ? MOST_PES : machine->pe_count,
                cut ? " # left out: the rest of them" : "");
    } else {
        fputs("  pe: { count: 4 } # guessed\n", writer->stream);
    }
    if (any_addresses(writer) && machine->redistributors_known && machine->redistributors % ALIGNMENT == 0) {
        fprintf(writer->stream, "  redistributor: { base: 0x%" PRIx64 " }\n", machine->redistributors);
    }
    if (any_addresses(writer) && size >= 64 * MIB && base < ADDRESSES && size <= (UINT64_C(128) << 40)) {
        fprintf(writer->stream, "  memory: { base: 0x%" PRIx64 ", size: %" PRIu64 " KiB }\n", base, size >> 10);
    }
    write_targets(writer);
}

/* What the names of a map's targets begin with. */
static const char *prefix_of(const struct writer *writer, bool iommu, size_t target)
{
    if (iommu) {
        return "smmu";
    }
    return writer->writing->machine->firmware.controllers[target].is_v2m ? "v2m" : "its";
}

static void write_map(const struct writer *writer, const char *name, bool iommu, const struct import_map *map)
{
    if (!map->given) {
        fprintf(writer->stream, "    # guessed: %s, as firmware is not known: every requester ID, unchanged\n", name);
        return;
    }
    if (map->count == 0) {
        fprintf(writer->stream, "    %s: []\n", name);
        return;
    }
    fprintf(writer->stream, "    %s:\n", name);
    for (size_t i = 0; i < map->count; i++) {
        const struct import_tuple *tuple = &map->tuples[i];

        fprintf(writer->stream, "      - [0x%04x, %s%zu, 0x%x, 0x%x]\n", tuple->first,
                prefix_of(writer, iommu, tuple->target), tuple->target, tuple->out, tuple->length);
    }
    if (map->mask != 0xffff) {
        fprintf(writer->stream, "    %s-mask: 0x%x\n", name, map->mask);
    }
}

/* The 32-bit window, in whole MiB. */
static void write_mmio(const struct writer *writer, const struct firmware_host *host)
{
    for (size_t i = 0; host != NULL && i < host->window_count; i++) {
        const struct firmware_window *window = &host->windows[i];
        uint64_t first = (window->pci_address + MIB - 1) / MIB * MIB;
        uint64_t end;

        if (window->prefetchable || window->pci_address != window->cpu_address || first > LARGEST_MMIO ||
            window->size > UINT32_MAX) {
            continue;
        }
        end = (window->pci_address + window->size) / MIB * MIB;
        if (end > first && end <= UINT64_C(1) << 32) {
            fprintf(writer->stream, "    mmio: { base: 0x%" PRIx64 ", size: %" PRIu64 " MiB }\n", first,
                    (end - first) / MIB);
            return;
        }
    }
}

static void write_ecam(const struct writer *writer, const struct import_root *root)
{
    const struct import_machine *machine = writer->writing->machine;

    for (size_t i = 0; i < machine->ecam_count; i++) {
        const struct import_ecam *ecam = &machine->ecams[i];

        if (ecam->segment == root->segment && root->first_bus >= ecam->first_bus && root->last_bus <= ecam->last_bus &&
            ecam->base % MIB == 0 && ecam->base < ADDRESSES) {
            fprintf(writer->stream, "    ecam: 0x%" PRIx64 "\n",
                    ecam->base + (uint64_t)(root->first_bus - ecam->first_bus) * MIB);
            return;
        }
    }
}

static void write_root(const struct writer *writer, size_t number)
{
    const struct import_root *root = &writer->writing->hierarchy->roots[number];

    fprintf(writer->stream, "  %s:", root->name);
    if (root->host != NULL) {
        fputs(" # ", writer->stream);
        import_write_comment(writer->stream, root->host->name);
    }
    fprintf(writer->stream, "\n    segment: %u\n    first-bus: 0x%02x\n    last-bus: 0x%02x\n", root->segment,
            root->first_bus, root->last_bus);
    if (root->host != NULL) {
        fprintf(writer->stream, "    ats: %s\n", root->host->ats_supported ? "yes" : "no");
        fprintf(writer->stream, "    canwbs: %s\n", root->host->no_write_back ? "no" : "yes");
    } else if (writer->writing->machine->firmware_known) {
        fputs("    # guessed: firmware says nothing of this root complex, so it has no SMMU and no ITS\n",
              writer->stream);
    }
    if (any_addresses(writer)) {
        write_ecam(writer, root);
        write_mmio(writer, root->host);
    }
    if (writer->writing->buses != NULL && !writer->writing->buses[number].same) {
        fputs("    # guessed: the machine counts buses otherwise; these maps have its outputs under new numbers\n",
              writer->stream);
    }
    write_map(writer, "iommu-map", true, &writer->maps[number].iommu);
    write_map(writer, "msi-map", false, &writer->maps[number].msi);
    fputs("    root-ports:\n", writer->stream);
    for (size_t i = 0; i < root->port_count; i++) {
        import_write_root_port(writer->stream, &root->ports[i]);
    }
}

static void write_traffic(const struct writer *writer)
{
    const struct import_hierarchy *hierarchy = writer->writing->hierarchy;
    bool any = false;

    for (size_t i = 0; i < hierarchy->count; i++) {
        const struct import_buses *buses = writer->writing->buses == NULL ? NULL : &writer->writing->buses[i];

        for (size_t j = 0; j < hierarchy->roots[i].port_count; j++) {
            import_write_traffic(writer->stream, &hierarchy->roots[i].ports[j], &writer->maps[i].msi, buses, &any);
        }
    }
}

static bool prepare(struct writer *writer)
{
    const struct import_writing *writing = writer->writing;
    const struct firmware *firmware = &writing->machine->firmware;

    writer->maps = calloc(writing->hierarchy->count + 1, sizeof(*writer->maps));
    writer->its_used = calloc(firmware->controller_count + 1, sizeof(*writer->its_used));
    writer->smmu_used = calloc(firmware->iommu_count + 1, sizeof(*writer->smmu_used));
    if (writer->maps == NULL || writer->its_used == NULL || writer->smmu_used == NULL) {
        return false;
    }
    for (size_t i = 0; i < writing->hierarchy->count; i++) {
        struct import_maps *maps = &writer->maps[i];

        import_maps_make(writing->machine, &writing->hierarchy->roots[i],
                         writing->buses == NULL ? NULL : &writing->buses[i], maps);
        for (size_t j = 0; j < maps->iommu.count; j++) {
            writer->smmu_used[maps->iommu.tuples[j].target] = true;
        }
        for (size_t j = 0; j < maps->msi.count; j++) {
            writer->its_used[maps->msi.tuples[j].target] = true;
        }
    }
    return true;
}

static void write_software(const struct writer *writer)
{
    if (writer->writing->hierarchy->invented) {
        return;
    }
    fputs("software:\n  enable-acs: no # ACS controls are as they were found\n", writer->stream);
    import_write_reserved(writer->stream, writer->writing);
    import_write_affinity(writer->stream, writer->writing);
}

bool import_write(FILE *stream, const struct import_writing *writing)
{
    struct writer writer = {.stream = stream, .writing = writing};
    bool good = prepare(&writer);

    if (good) {
        write_head(&writer);
        write_platform(&writer);
        fputs("pcie:\n", stream);
        for (size_t i = 0; i < writing->hierarchy->count; i++) {
            write_root(&writer, i);
        }
        write_software(&writer);
        write_traffic(&writer);
    }
    for (size_t i = 0; writer.maps != NULL && i < writing->hierarchy->count; i++) {
        import_maps_clear(&writer.maps[i]);
    }
    free(writer.maps);
    free(writer.its_used);
    free(writer.smmu_used);
    return good && ferror(stream) == 0;
}
