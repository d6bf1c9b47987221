/* From the IORT's graph to maps: each root complex's identifiers, followed to an SMMU and to an ITS group. */
#include "import/iort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Requester IDs of a root complex. */
#define LAST_RID 0xffffu

/* Longest way of an identifier through the graph; longer ones go in circles. */
#define MOST_STEPS 8u

/* Most ranges, and most pairs of a range and a mapping, that are taken. */
#define MOST_RESERVED 256u

/* What stands in nodes behind their header. */
#define NODE_BASE       16u /* SMMUs: address of the registers */
#define GROUP_COUNT     16u
#define GROUP_FIRST     20u
#define ROOT_MEMORY     23u
#define CANWBS          4u
#define ROOT_ATS        24u
#define ROOT_SEGMENT    28u
#define ATS_SUPPORTED   1u
#define RMR_FLAGS       16u
#define RMR_COUNT       20u
#define RMR_OFFSET      24u
#define RMR_SIZE        20u
#define REMAP_PERMITTED 1u

static void add_iommu(struct iort_node *node, struct firmware *firmware)
{
    char name[64];
    struct firmware_iommu *iommu;

    snprintf(name, sizeof(name), "IORT node 0x%x", node->offset);
    iommu = firmware_add_iommu(firmware, name);
    iommu->kind = node->type == IORT_SMMUV3 ? FIRMWARE_IOMMU_SMMUV3 : FIRMWARE_IOMMU_SMMUV2;
    iommu->base_known = true;
    iommu->base = acpi_number(&node->bytes, NODE_BASE, 8);
    iommu->cells_known = true;
    iommu->cells = 1;
    node->index = firmware->iommu_count - 1;
}

/* Linux takes the first ITS of a group, and never the others (rule B15). */
static void find_its(struct iort_node *node, struct import_machine *machine)
{
    uint32_t count = acpi_u32(&node->bytes, GROUP_COUNT);
    char name[40];

    if (count == 0 || !acpi_has(&node->bytes, GROUP_FIRST, count, 4)) {
        import_remark(&machine->remarks, "left out: the ITS group at offset 0x%x of the IORT names no ITS",
                      node->offset);
        return;
    }
    snprintf(name, sizeof(name), "ITS %u", acpi_u32(&node->bytes, GROUP_FIRST));
    for (size_t i = 0; i < machine->firmware.controller_count; i++) {
        if (strcmp(machine->firmware.controllers[i].name, name) == 0) {
            node->index = i;
        }
    }
    if (node->index == FIRMWARE_NONE) {
        struct firmware_msi_controller *its = firmware_add_controller(&machine->firmware, name);

        its->is_its = true;
        node->index = machine->firmware.controller_count - 1;
        import_remark(&machine->remarks, "guessed: the address of %s, of which the MADT says nothing", name);
    }
    if (count > 1) {
        import_remark(&machine->remarks,
                      "left out: %u more ITSs of the group at offset 0x%x of the IORT, as Linux never uses them",
                      count - 1, node->offset);
    }
}

/* Where a requester ID comes to. */
struct reached {
    const struct iort_node *smmu; /**< NULL: none on the way */
    uint32_t stream_id;
    const struct iort_node *group; /**< NULL: no ITS */
    uint32_t device_id;
    uint32_t last; /**< the last requester ID of which the same holds */
    bool stream_single;
    bool device_single;
};

static struct reached follow(const struct iort *iort, const struct iort_node *root, uint32_t rid)
{
    struct reached reached = {.last = LAST_RID};
    const struct iort_node *node = root;
    uint32_t id = rid;
    bool single = false;

    for (unsigned i = 0; i < MOST_STEPS; i++) {
        struct iort_step step = iort_map(iort, node, id);
        uint64_t last = (uint64_t)rid + (step.last - id);

        if (!single && last < reached.last) {
            reached.last = (uint32_t)last;
        }
        if (step.node == NULL) {
            break;
        }
        single = single || step.single;
        node = step.node;
        id = step.id;
        if (node->type == IORT_SMMUV3 || node->type == IORT_SMMUV2) {
            if (reached.smmu == NULL) {
                reached.smmu = node;
                reached.stream_id = id;
                reached.stream_single = single;
            }
        } else if (node->type == IORT_ITS_GROUP) {
            reached.group = node;
            reached.device_id = id;
            reached.device_single = single;
            break;
        } else {
            break;
        }
    }
    return reached;
}

static void add_entry(struct firmware_map *map, uint32_t first, uint32_t length, size_t target, uint32_t out)
{
    struct firmware_map_entry *last = map->count == 0 ? NULL : &map->entries[map->count - 1];

    if (target == FIRMWARE_NONE) {
        return;
    }
    if (last != NULL && last->target == target && last->base + last->length == first &&
        last->out[0] + last->length == out) {
        last->length += length;
        return;
    }
    last = firmware_map_add(map);
    last->base = first;
    last->length = length;
    last->target = target;
    last->out[0] = out;
    last->out_count = 1;
}

/* Single mappings send every requester ID to one identifier: as one entry, under a mask that clears them all. */
static void set_single(struct firmware_map *map, size_t target, uint32_t out)
{
    if (target == FIRMWARE_NONE) {
        return;
    }
    map->mask = 0;
    map->mask_given = true;
    add_entry(map, 0, 1, target, out);
}

static size_t index_of(const struct iort_node *node)
{
    return node == NULL ? FIRMWARE_NONE : node->index;
}

static void read_maps(const struct iort *iort, const struct iort_node *node, struct firmware_host *host)
{
    host->iommu_map.present = true;
    host->iommu_map.mask = UINT32_MAX;
    host->msi_map.present = true;
    host->msi_map.mask = UINT32_MAX;
    for (uint32_t rid = 0; rid <= LAST_RID;) {
        struct reached reached = follow(iort, node, rid);
        uint32_t length = reached.last - rid + 1;

        if (reached.stream_single && rid == 0) {
            set_single(&host->iommu_map, index_of(reached.smmu), reached.stream_id);
        } else if (!reached.stream_single) {
            add_entry(&host->iommu_map, rid, length, index_of(reached.smmu), reached.stream_id);
        }
        if (reached.device_single && rid == 0) {
            set_single(&host->msi_map, index_of(reached.group), reached.device_id);
        } else if (!reached.device_single) {
            add_entry(&host->msi_map, rid, length, index_of(reached.group), reached.device_id);
        }
        rid += length;
    }
}

/* A segment's buses are those that the MCFG has; without it all. */
static void read_root(const struct iort *iort, const struct iort_node *node, struct import_machine *machine)
{
    uint32_t segment = acpi_u32(&node->bytes, ROOT_SEGMENT);
    struct firmware_host *host;
    char name[64];

    for (size_t i = 0; i < machine->firmware.host_count; i++) {
        if (machine->firmware.hosts[i].segment == segment) {
            import_remark(&machine->remarks, "left out: a second root complex of segment %u in the IORT", segment);
            return;
        }
    }
    if (segment > UINT16_MAX || machine->firmware.host_count >= 128) {
        import_remark(&machine->remarks, "left out: the root complex of segment %u", segment);
        return;
    }
    snprintf(name, sizeof(name), "IORT node 0x%x", node->offset);
    host = firmware_add_host(&machine->firmware, name);
    host->segment = segment;
    host->segment_given = true;
    host->no_write_back = (acpi_number(&node->bytes, ROOT_MEMORY, 1) & CANWBS) == 0;
    host->ats_supported = (acpi_u32(&node->bytes, ROOT_ATS) & ATS_SUPPORTED) != 0;
    for (size_t i = 0; i < machine->ecam_count; i++) {
        if (machine->ecams[i].segment == segment && !host->bus_given) {
            host->bus_given = true;
            host->bus_first = machine->ecams[i].first_bus;
            host->bus_last = machine->ecams[i].last_bus;
        }
    }
    read_maps(iort, node, host);
}

/* One range of memory, for the requester IDs of a segment whose StreamIDs a mapping names. */
static void reserve(const struct iort_node *node, size_t descriptor, const struct firmware_map_entry *entry,
                    uint32_t segment, uint64_t first, uint64_t last, struct import_machine *machine)
{
    uint64_t begin = first > entry->out[0] ? first : entry->out[0];
    uint64_t end =
        last < (uint64_t)entry->out[0] + entry->length - 1 ? last : (uint64_t)entry->out[0] + entry->length - 1;
    struct import_reserved *reserved;

    if (begin > end || machine->reserved_count >= MOST_RESERVED) {
        return;
    }
    reserved = import_machine_add_reserved(machine);
    reserved->segment = segment;
    reserved->rid_base = entry->base + (uint32_t)(begin - entry->out[0]);
    reserved->rid_count = (uint32_t)(end - begin + 1);
    reserved->base = acpi_number(&node->bytes, descriptor, 8);
    reserved->size = acpi_number(&node->bytes, descriptor + 8, 8);
    reserved->relaxable = (acpi_u32(&node->bytes, RMR_FLAGS) & REMAP_PERMITTED) != 0;
}

/* Mappings of an RMR node name StreamIDs: its input is nobody's (DEN 0049E, 3.1.1.7; rule F12). */
static void read_reserved(const struct iort *iort, const struct iort_node *node, size_t descriptor, unsigned *budget,
                          struct import_machine *machine)
{
    for (uint32_t m = 0; m < node->mapping_count; m++) {
        size_t at = node->mappings + (size_t)m * 20;
        uint64_t first = acpi_u32(&iort->table, at + 8);
        uint64_t last = first + ((acpi_u32(&iort->table, at + 16) & 1) != 0 ? 0 : acpi_u32(&iort->table, at + 4));
        const struct iort_node *smmu = iort_node_at(iort, acpi_u32(&iort->table, at + 12));
        bool follows = *budget > 0 && (smmu->type == IORT_SMMUV3 || smmu->type == IORT_SMMUV2);

        *budget -= *budget > 0 ? 1 : 0;
        for (size_t h = 0; follows && h < machine->firmware.host_count; h++) {
            const struct firmware_host *host = &machine->firmware.hosts[h];

            for (size_t e = 0; e < host->iommu_map.count; e++) {
                const struct firmware_map_entry *entry = &host->iommu_map.entries[e];

                if (host->iommu_map.mask == UINT32_MAX && entry->target == smmu->index) {
                    reserve(node, descriptor, entry, host->segment, first, last, machine);
                }
            }
        }
    }
}

static void read_rmr(const struct iort *iort, const struct iort_node *node, unsigned *budget,
                     struct import_machine *machine)
{
    uint32_t count = acpi_u32(&node->bytes, RMR_COUNT);
    uint32_t offset = acpi_u32(&node->bytes, RMR_OFFSET);

    if (!acpi_has(&node->bytes, offset, count, RMR_SIZE)) {
        import_remark(&machine->remarks, "left out: reserved ranges of the IORT's node 0x%x, which go beyond its end",
                      node->offset);
        return;
    }
    for (uint32_t i = 0; i<count && * budget> 0; i++) {
        read_reserved(iort, node, offset + (size_t)i * RMR_SIZE, budget, machine);
    }
}

void iort_read(struct iort *iort, struct import_machine *machine)
{
    unsigned budget = MOST_RESERVED;

    for (size_t i = 0; i < iort->count; i++) {
        struct iort_node *node = &iort->nodes[i];

        if (node->type == IORT_SMMUV3 || node->type == IORT_SMMUV2) {
            add_iommu(node, &machine->firmware);
        } else if (node->type == IORT_ITS_GROUP) {
            find_its(node, machine);
        }
    }
    for (size_t i = 0; i < iort->count; i++) {
        if (iort->nodes[i].type == IORT_ROOT_COMPLEX) {
            read_root(iort, &iort->nodes[i], machine);
        }
    }
    for (size_t i = 0; i < iort->count; i++) {
        if (iort->nodes[i].type == IORT_RMR) {
            read_rmr(iort, &iort->nodes[i], &budget, machine);
        }
    }
}
