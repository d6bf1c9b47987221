#include "scenario/software_tables.h"

#include "scenario/functions.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

#define PAGE UINT64_C(4096)

static void place_of(const struct scenario_functions *list, size_t i, uint16_t *segment, uint16_t *rid)
{
    *segment = (uint16_t)list->devices[i]->root_complex->segment;
    *rid = scenario_function_rid(list->devices[i], list->functions[i]);
}

static void make_consumer(const struct scenario_consumer *from, struct consumer_config *to,
                          struct consumer_device *devices)
{
    to->name = from->name;
    to->kind = (enum consumer_kind)from->kind;
    to->translation = (enum consumer_translation)from->translation;
    for (size_t i = 0; i < from->devices.count; i++) {
        place_of(&from->devices, i, &devices[i].segment, &devices[i].rid);
    }
    to->devices = devices;
    to->device_count = from->devices.count;
    to->style_given = from->doorbells != 0;
    to->style = (enum doorbell_style)(from->doorbells != 0 ? from->doorbells - 1 : 0);
    to->separate = from->separate;
    to->faults = (enum fault_policy)from->faults;
    to->fault_answer = from->fault_answer;
    to->unsafe_interrupts = from->unsafe_interrupts;
    to->window_base = from->window_base;
    to->window_size = from->window_size;
    to->user_base = from->user_base;
    to->user_size = from->user_size;
    to->guest_memory = from->guest_memory;
    to->guest_memory_base = from->guest_memory_base;
    to->guest_doorbell = from->guest_doorbell;
    to->guest_doorbells = from->guest_doorbells;
    to->bindings = from->bindings;
    to->identity_pages = from->identity_pages;
    to->guest_domain_each = from->guest_domains == SCENARIO_GUEST_DOMAINS_EACH;
}

/** The MSI windows that IOMMU drivers report for every device. */
static size_t add_windows(const struct scenario *scenario, struct reserved_region *regions)
{
    enum scenario_msi_window window = scenario->software.msi_window;
    size_t count = 0;

    if (window != SCENARIO_MSI_WINDOW_FIXED) {
        regions[count++] = (struct reserved_region){
            .all = true, .kind = RESERVED_SW_MSI, .base = DOORBELL_WINDOW_BASE, .size = DOORBELL_WINDOW_SIZE};
    }
    for (size_t i = 0; window != SCENARIO_MSI_WINDOW_SOFTWARE && i < scenario->platform.its_count; i++) {
        const struct scenario_its *its = &scenario->platform.its[i];
        uint64_t doorbell = its->base + FIRMWARE_ITS_DOORBELL;
        struct reserved_region *region = &regions[count++];

        *region =
            (struct reserved_region){.all = true, .kind = RESERVED_MSI, .base = doorbell & ~(PAGE - 1), .size = PAGE};
        if (its->pre_its != NULL) {
            region->base = its->pre_its->base;
            region->size = its->pre_its->size;
        }
    }
    for (size_t i = 0; window != SCENARIO_MSI_WINDOW_SOFTWARE && i < scenario->platform.v2m_count; i++) {
        regions[count++] = (struct reserved_region){
            .all = true, .kind = RESERVED_MSI, .base = scenario->platform.v2m[i].base, .size = PAGE};
    }
    return count;
}

static size_t add_reserved(const struct scenario_reserved *from, struct reserved_region *regions)
{
    struct reserved_region region = {.kind = (enum reserved_kind)from->kind, .base = from->base, .size = from->size};

    region.all = from->devices.count == 0;
    regions[0] = region;
    for (size_t i = 0; i < from->devices.count; i++) {
        regions[i] = region;
        place_of(&from->devices, i, &regions[i].segment, &regions[i].rid);
    }
    return region.all ? 1 : from->devices.count;
}

static uint32_t log2_of(uint64_t value)
{
    return 63u - (uint32_t)__builtin_clzll(value);
}

struct smmu_driver_config software_smmu_config(const struct scenario_smmu *smmu, uint64_t page_size)
{
    const struct scenario_smmu_idr *idr = &smmu->idr;

    return (struct smmu_driver_config){
        .name = smmu->name,
        .base = smmu->base,
        .substream_id_bits = smmu->substream_id_bits,
        .page_bits = log2_of(page_size),
        .granule = smmu_driver_granule(log2_of(page_size), idr->gran4k, idr->gran16k, idr->gran64k),
        .no_stage1 = !smmu->idr.s1p,
        .no_granule = smmu_driver_granule(log2_of(page_size), idr->gran4k, idr->gran16k, idr->gran64k) == 0,
        .no_stage2 = !smmu->idr.s2p,
        .two_level = smmu->stream_table == SCENARIO_STREAM_TABLE_2_LEVEL,
        .command_queue_log2 = 31u - (uint32_t)__builtin_clz(smmu->command_queue_entries),
        .event_queue_log2 = 31u - (uint32_t)__builtin_clz(smmu->event_queue_entries),
        .page_queue_log2 = 31u - (uint32_t)__builtin_clz(smmu->page_queue_entries)};
}

static void make_frames(const struct scenario_platform *platform, struct software_tables *tables,
                        struct software_config *config)
{
    tables->frames = sim_allocate(platform->v2m_count, sizeof(*tables->frames));
    for (size_t i = 0; i < platform->v2m_count; i++) {
        tables->frames[i] = (struct v2m_driver_config){.name = platform->v2m[i].name,
                                                       .base = platform->v2m[i].base,
                                                       .first_spi = platform->v2m[i].first_spi,
                                                       .spi_count = platform->v2m[i].spi_count};
    }
    config->frames = tables->frames;
    config->frame_count = platform->v2m_count;
    config->distributor_base = platform->distributor.base;
}

/** One for each function of each entry, in the order of the file. */
static void make_affinities(const struct scenario_software *software, struct software_tables *tables,
                            struct software_config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < software->affinity_count; i++) {
        count += software->affinities[i].devices.count;
    }
    tables->affinities = sim_allocate(count, sizeof(*tables->affinities));
    config->affinities = tables->affinities;
    config->affinity_count = count;
    count = 0;
    for (size_t i = 0; i < software->affinity_count; i++) {
        const struct scenario_affinity *from = &software->affinities[i];

        for (size_t j = 0; j < from->devices.count; j++) {
            struct interrupt_affinity *to = &tables->affinities[count++];

            *to = (struct interrupt_affinity){.first = from->first, .pes = from->pes.values, .count = from->pes.count};
            place_of(&from->devices, j, &to->segment, &to->rid);
        }
    }
}

void software_tables_make(const struct scenario *scenario, struct software_tables *tables,
                          struct software_config *config)
{
    const struct scenario_software *software = &scenario->software;
    size_t devices = 0;
    size_t regions = scenario->platform.its_count + scenario->platform.v2m_count + 1;

    for (size_t i = 0; i < software->consumer_count; i++) {
        devices += software->consumers[i].devices.count;
    }
    for (size_t i = 0; i < software->reserved_count; i++) {
        regions += software->reserved[i].devices.count + 1;
    }
    tables->consumers = sim_allocate(software->consumer_count, sizeof(*tables->consumers));
    tables->devices = sim_allocate(devices, sizeof(*tables->devices));
    tables->reserved = sim_allocate(regions, sizeof(*tables->reserved));
    devices = 0;
    for (size_t i = 0; i < software->consumer_count; i++) {
        make_consumer(&software->consumers[i], &tables->consumers[i], &tables->devices[devices]);
        devices += software->consumers[i].devices.count;
    }
    regions = add_windows(scenario, tables->reserved);
    for (size_t i = 0; i < software->reserved_count; i++) {
        regions += add_reserved(&software->reserved[i], &tables->reserved[regions]);
    }
    tables->pasids = sim_allocate(software->auxiliary_count, sizeof(*tables->pasids));
    for (size_t i = 0; i < software->auxiliary_count; i++) {
        const struct scenario_auxiliary *from = &software->auxiliaries[i];

        place_of(&from->device, 0, &tables->pasids[i].segment, &tables->pasids[i].rid);
        tables->pasids[i].pasid = from->pasid;
        tables->pasids[i].consumer = (uint32_t)from->consumer->index;
        tables->pasids[i].doorbell = from->doorbell;
    }
    config->pasids = tables->pasids;
    config->pasid_count = software->auxiliary_count;
    tables->smmus = sim_allocate(scenario->platform.smmu_count, sizeof(*tables->smmus));
    for (size_t i = 0; i < scenario->platform.smmu_count; i++) {
        tables->smmus[i] = software_smmu_config(&scenario->platform.smmu[i], software->page_size);
    }
    config->smmus = tables->smmus;
    make_frames(&scenario->platform, tables, config);
    make_affinities(software, tables, config);
    config->consumers = tables->consumers;
    config->consumer_count = software->consumer_count;
    config->reserved.items = tables->reserved;
    config->reserved.count = regions;
}

void software_tables_clear(struct software_tables *tables)
{
    free(tables->consumers);
    free(tables->devices);
    free(tables->reserved);
    free(tables->smmus);
    free(tables->pasids);
    free(tables->affinities);
    free(tables->frames);
    memset(tables, 0, sizeof(*tables));
}
