#include "scenario/firmware_tables.h"

/** Index of what an entry leads to: among the IOMMUs, or among the MSI controllers, ITSs first. */
static size_t target_of(const struct scenario *scenario, const struct scenario_map_entry *entry)
{
    if (entry->v2m != NULL) {
        return scenario->platform.its_count + entry->v2m->index;
    }
    return entry->smmu != NULL ? entry->smmu->index : entry->its->index;
}

static void add_map(const struct scenario *scenario, struct firmware_map *map, const struct scenario_map *from)
{
    map->present = true;
    map->mask = from->mask;
    map->mask_given = from->mask != UINT32_MAX;
    for (size_t i = 0; i < from->count; i++) {
        const struct scenario_map_entry *entry = &from->entries[i];
        struct firmware_map_entry *added = firmware_map_add(map);

        added->base = entry->rid_base;
        added->length = entry->length;
        added->target = target_of(scenario, entry);
        added->out[0] = entry->output_base;
        added->out_count = 1;
    }
}

static void add_host(const struct scenario *scenario, struct firmware *firmware, const struct scenario_root_complex *rc)
{
    struct firmware_host *host = firmware_add_host(firmware, rc->name);
    struct firmware_window *window = firmware_host_add_window(host);

    host->segment = rc->segment;
    host->segment_given = true;
    host->bus_given = true;
    host->ats_supported = rc->ats;
    host->no_write_back = !rc->canwbs;
    host->bus_first = rc->first_bus;
    host->bus_last = rc->last_bus;
    window->pci_address = rc->mmio.base;
    window->cpu_address = rc->mmio.base;
    window->size = rc->mmio.size;
    add_map(scenario, &host->iommu_map, &rc->iommu_map);
    add_map(scenario, &host->msi_map, &rc->msi_map);
}

void firmware_tables_make(const struct scenario *scenario, struct firmware *firmware)
{
    for (size_t i = 0; i < scenario->platform.its_count; i++) {
        struct firmware_msi_controller *its = firmware_add_controller(firmware, scenario->platform.its[i].name);

        its->is_its = true;
        its->base_known = true;
        its->base = scenario->platform.its[i].base;
        its->cells_known = true;
        its->cells = 1;
        if (scenario->platform.its[i].pre_its != NULL) {
            its->pre_its = true;
            its->pre_its_base = scenario->platform.its[i].pre_its->base;
            its->pre_its_size = scenario->platform.its[i].pre_its->size;
        }
    }
    for (size_t i = 0; i < scenario->platform.v2m_count; i++) {
        struct firmware_msi_controller *v2m = firmware_add_controller(firmware, scenario->platform.v2m[i].name);

        v2m->is_v2m = true;
        v2m->base_known = true;
        v2m->base = scenario->platform.v2m[i].base;
        v2m->cells_known = true;
        v2m->cells = 0;
        v2m->spis_known = true;
        v2m->first_spi = scenario->platform.v2m[i].first_spi;
        v2m->spi_count = scenario->platform.v2m[i].spi_count;
    }
    for (size_t i = 0; i < scenario->platform.smmu_count; i++) {
        struct firmware_iommu *smmu = firmware_add_iommu(firmware, scenario->platform.smmu[i].name);

        smmu->kind = FIRMWARE_IOMMU_SMMUV3;
        smmu->base_known = true;
        smmu->base = scenario->platform.smmu[i].base;
        smmu->cells_known = true;
        smmu->cells = 1;
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        add_host(scenario, firmware, &scenario->root_complexes[i]);
    }
}
