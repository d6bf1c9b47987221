#include "import/iort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_NODES  36u /* number of nodes, then the offset of the first */
#define NODE_HEADER  16u
#define MAPPING_SIZE 20u

#define MAPPING_SINGLE 1u

/* SMMUv3 nodes: interrupts, and which mapping is for the SMMU's own messages. */
#define SMMUV3_FLAGS          24u
#define SMMUV3_DEVICE_ID_FLAG 0x10u
#define SMMUV3_GSIVS          44u
#define SMMUV3_MAPPING_INDEX  64u

/* Bytes that a node of each type has at least. */
static const uint16_t least_length[] = {
    [IORT_ITS_GROUP] = 20, [IORT_NAMED_COMPONENT] = 16, [IORT_ROOT_COMPLEX] = 32,
    [IORT_SMMUV2] = 24,    [IORT_SMMUV3] = 60,          [IORT_PMCG] = 16,
    [IORT_RMR] = 28,
};

static bool index_node(struct iort *iort, struct iort_node *node, size_t offset, struct diagnostics *diagnostics)
{
    const struct acpi_bytes *table = &iort->table;
    uint32_t length;
    uint32_t mappings;

    if (!acpi_has(table, offset, 1, NODE_HEADER)) {
        return acpi_fail(diagnostics, table, "E2107 the table ends inside the node at offset 0x%zx", offset);
    }
    length = (uint32_t)acpi_number(table, offset + 1, 2);
    if (length < NODE_HEADER || !acpi_has(table, offset, length, 1)) {
        return acpi_fail(diagnostics, table, "E2107 the node at offset 0x%zx cannot have a length of %u bytes", offset,
                         length);
    }
    node->offset = (uint32_t)offset;
    node->type = table->at[offset];
    node->revision = table->at[offset + 3];
    node->index = FIRMWARE_NONE;
    node->bytes = (struct acpi_bytes){.name = table->name, .at = table->at + offset, .length = length};
    node->mapping_count = acpi_u32(&node->bytes, 8);
    mappings = acpi_u32(&node->bytes, 12);
    if (node->type < sizeof(least_length) / sizeof(least_length[0]) && length < least_length[node->type]) {
        return acpi_fail(diagnostics, table, "E2107 the node at offset 0x%zx, of type %u, is shorter than %u bytes",
                         offset, node->type, least_length[node->type]);
    }
    if (node->mapping_count != 0 && !acpi_has(&node->bytes, mappings, node->mapping_count, MAPPING_SIZE)) {
        return acpi_fail(diagnostics, table, "E2107 the %u mappings of the node at offset 0x%zx go beyond its end",
                         node->mapping_count, offset);
    }
    node->mappings = (uint32_t)offset + mappings;
    return true;
}

struct iort_node *iort_node_at(const struct iort *iort, uint32_t offset)
{
    size_t low = 0;
    size_t high = iort->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (iort->nodes[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < iort->count && iort->nodes[low].offset == offset ? &iort->nodes[low] : NULL;
}

static bool check_references(const struct iort *iort, struct diagnostics *diagnostics)
{
    uint64_t total = 0;

    for (size_t i = 0; i < iort->count; i++) {
        const struct iort_node *node = &iort->nodes[i];

        total += node->mapping_count;
        if (total > IORT_MAX_MAPPINGS) {
            return acpi_fail(diagnostics, &iort->table, "E2107 there are more than %u mappings", IORT_MAX_MAPPINGS);
        }
        for (uint32_t m = 0; m < node->mapping_count; m++) {
            uint32_t reference = acpi_u32(&iort->table, node->mappings + m * MAPPING_SIZE + 12);

            if (iort_node_at(iort, reference) == NULL) {
                return acpi_fail(
                    diagnostics, &iort->table,
                    "E2107 mapping %u of the node at offset 0x%x leads to offset 0x%x, where no node begins", m,
                    node->offset, reference);
            }
        }
    }
    return true;
}

bool iort_index(struct iort *iort, const struct acpi_bytes *table, struct diagnostics *diagnostics)
{
    uint32_t count;
    size_t offset;

    memset(iort, 0, sizeof(*iort));
    iort->table = *table;
    if (!acpi_has(table, TABLE_NODES, 1, 12)) {
        return acpi_fail(diagnostics, table, "E2107 the table ends inside its header");
    }
    count = acpi_u32(table, TABLE_NODES);
    offset = acpi_u32(table, TABLE_NODES + 4);
    if (count > IORT_MAX_NODES) {
        return acpi_fail(diagnostics, table, "E2107 %u nodes are more than the %u that are taken", count,
                         IORT_MAX_NODES);
    }
    iort->nodes = calloc((size_t)count + 1, sizeof(*iort->nodes));
    if (iort->nodes == NULL) {
        return acpi_fail(diagnostics, table, "E0203 out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!index_node(iort, &iort->nodes[i], offset, diagnostics)) {
            return false;
        }
        iort->count++;
        offset += iort->nodes[i].bytes.length;
    }
    return check_references(iort, diagnostics);
}

void iort_clear(struct iort *iort)
{
    free(iort->nodes);
    memset(iort, 0, sizeof(*iort));
}

/* One mapping. */
struct mapping {
    uint32_t input;
    uint32_t more; /* number of identifiers, less one */
    uint32_t output;
    uint32_t reference;
    bool single;
};

static struct mapping mapping_of(const struct iort *iort, const struct iort_node *node, uint32_t number)
{
    const struct acpi_bytes *table = &iort->table;
    size_t at = node->mappings + (size_t)number * MAPPING_SIZE;

    return (struct mapping){
        .input = acpi_u32(table, at),
        .more = acpi_u32(table, at + 4),
        .output = acpi_u32(table, at + 8),
        .reference = acpi_u32(table, at + 12),
        .single = (acpi_u32(table, at + 16) & MAPPING_SINGLE) != 0,
    };
}

/* The mapping that is for an SMMUv3's own messages, not for what comes to it; UINT32_MAX: none. */
static uint32_t own_mapping(const struct iort_node *node)
{
    const struct acpi_bytes *bytes = &node->bytes;
    bool wired = true;

    if (node->type != IORT_SMMUV3 || node->revision < 1 || !acpi_has(bytes, SMMUV3_MAPPING_INDEX, 1, 4)) {
        return UINT32_MAX;
    }
    for (unsigned i = 0; i < 4; i++) {
        wired = wired && acpi_u32(bytes, SMMUV3_GSIVS + 4 * i) != 0;
    }
    if (node->revision >= 5 ? (acpi_u32(bytes, SMMUV3_FLAGS) & SMMUV3_DEVICE_ID_FLAG) == 0 : wired) {
        return UINT32_MAX;
    }
    return acpi_u32(bytes, SMMUV3_MAPPING_INDEX);
}

/* Lowers the end of what holds for @p id to just before @p other begins to matter. */
static void limit(uint32_t id, uint64_t other, uint32_t *last)
{
    if (other > id && other - 1 < *last) {
        *last = (uint32_t)(other - 1);
    }
}

/*
 * Lengths are written as "less one", and older firmware got that wrong: the last identifier of a range that is also the
 * first of a later one belongs to the later one (rule B16).
 */
struct iort_step iort_map(const struct iort *iort, const struct iort_node *node, uint32_t id)
{
    const uint32_t own = own_mapping(node);
    struct iort_step step = {.node = NULL, .id = id, .last = UINT32_MAX};
    bool settled = false;

    for (uint32_t m = 0; m < node->mapping_count; m++) {
        struct mapping mapping = mapping_of(iort, node, m);
        uint64_t end = (uint64_t)mapping.input + mapping.more;

        if (m == own || settled) {
            continue;
        }
        if (mapping.single) {
            if (node->type == IORT_NAMED_COMPONENT || node->type == IORT_ROOT_COMPLEX) {
                step.node = iort_node_at(iort, mapping.reference);
                step.id = mapping.output;
                step.single = true;
                settled = true;
            }
            continue;
        }
        limit(id, mapping.input, &step.last);
        limit(id, (uint64_t)mapping.input + 1, &step.last);
        limit(id, end, &step.last);
        limit(id, end + 1, &step.last);
        if (id < mapping.input || id > end || (step.node != NULL && id != mapping.input)) {
            continue;
        }
        step.node = iort_node_at(iort, mapping.reference);
        step.id = mapping.output + (id - mapping.input);
        step.single = false;
        settled = mapping.more == 0 || id != end;
    }
    return step;
}
