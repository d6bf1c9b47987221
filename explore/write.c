#include "explore/write.h"

#include <inttypes.h>
#include <string.h>

struct writer {
    FILE *stream;
    const struct explore_shape *shape;
    const struct explore_labels *labels;
    enum explore_pasids pasids;
    unsigned switches; /**< written so far */
    unsigned root_ports;
};

static const char *acs_word(uint8_t acs)
{
    switch (acs) {
    case EXPLORE_ACS_FULL:
        return "full";
    case EXPLORE_ACS_NO_FORWARDING:
        return "[SV, RR, CR]";
    default:
        return "none";
    }
}

static void write_platform(const struct writer *writer, enum explore_controller controller)
{
    FILE *stream = writer->stream;

    fputs("platform:\n  pe: { count: 1 }\n", stream);
    fputs(controller == EXPLORE_CONTROLLER_V2M ? "  its: {}\n  v2m:\n" : "  its:\n", stream);
    for (unsigned i = 0; i < writer->labels->itses && controller == EXPLORE_CONTROLLER_V2M; i++) {
        fprintf(stream, "    %s: { base: 0x%08" PRIx64 ", first-spi: %u, spis: %u }\n", explore_its_name(i),
                explore_frame_base(i), explore_first_spi(i), EXPLORE_SPIS);
    }
    for (unsigned i = 0; i < writer->labels->itses && controller != EXPLORE_CONTROLLER_V2M; i++) {
        fprintf(stream, "    %s: { base: 0x%08" PRIx64, explore_its_name(i), explore_its_base(i));
        if (controller == EXPLORE_CONTROLLER_PRE_ITS) {
            fprintf(stream, ", pre-its: { base: 0x%08" PRIx64 " }", explore_pre_its_base(i));
        }
        fputs(" }\n", stream);
    }
    fputs(writer->labels->smmus > 0 ? "  smmu:\n" : "  smmu: {}\n", stream);
    for (unsigned i = 0; i < writer->labels->smmus; i++) {
        fprintf(stream, "    %s: {}\n", explore_smmu_name(i));
    }
    /* Less than the default would do, and the host sets aside what it may touch. */
    fputs("  memory: { base: 0x8000_0000, size: 64 MiB }\n", stream);
}

static void write_map(const struct writer *writer, const char *key, const uint8_t *targets, const uint16_t *rids,
                      const char *(*name)(unsigned))
{
    struct explore_entry entries[EXPLORE_ENTRIES];
    const unsigned count = explore_map(targets, rids, writer->shape->endpoints, entries);

    fprintf(writer->stream, "    %s: [", key);
    for (unsigned i = 0; i < count; i++) {
        fprintf(writer->stream, "%s[0x%04x, %s, 0x%04x, 0x%x]", i == 0 ? "" : ", ", (unsigned)entries[i].first,
                name(entries[i].target), (unsigned)entries[i].first, (unsigned)entries[i].count);
    }
    fputs("]\n", writer->stream);
}

static void indent(const struct writer *writer, unsigned depth)
{
    fprintf(writer->stream, "%*s", (int)(2 * depth), "");
}

static void write_children(struct writer *writer, uint8_t parent, unsigned depth);

/** Whether the ports of a switch are all alike; which is then said once. */
static bool ports_are_alike(const struct explore_shape *shape, uint8_t index, uint8_t *acs)
{
    bool found = false;

    for (uint8_t i = 0; i < shape->node_count; i++) {
        if (shape->nodes[i].parent != index) {
            continue;
        }
        if (found && shape->nodes[i].acs != *acs) {
            return false;
        }
        *acs = shape->nodes[i].acs;
        found = true;
    }
    return true;
}

static void write_endpoint(const struct writer *writer, const struct explore_node *node, const char *acs)
{
    FILE *stream = writer->stream;
    char name[8];

    fprintf(stream, "%s: { ", explore_name("ep", node->endpoint, name));
    if (acs != NULL) {
        fprintf(stream, "port: { acs: %s }, ", acs);
    }
    fputs("endpoint: { ", stream);
    if (node->functions > 1) {
        fprintf(stream, "functions: %u, acs: %s, ", (unsigned)node->functions, node->isolated ? "full" : "none");
    }
    fprintf(stream, "msi-x: 1, bars: [4 KiB]%s } }\n", writer->pasids != EXPLORE_PASIDS_NONE ? ", pasid: 16" : "");
}

/** A device below a port. @param acs of that port, if it stands with the device; NULL: it stands elsewhere */
static void write_device(struct writer *writer, uint8_t index, unsigned depth, const char *acs)
{
    const struct explore_node *node = &writer->shape->nodes[index];
    uint8_t below = 0;
    char name[8];

    indent(writer, depth);
    if (!node->is_switch) {
        write_endpoint(writer, node, acs);
        return;
    }
    fprintf(writer->stream, "%s:\n", explore_name("sw", writer->switches++, name));
    if (acs != NULL) {
        indent(writer, depth + 1);
        fprintf(writer->stream, "port: { acs: %s }\n", acs);
    }
    indent(writer, depth + 1);
    if (ports_are_alike(writer->shape, index, &below)) {
        fprintf(writer->stream, "switch: { acs: %s }\n", acs_word(below));
    } else {
        fputs("switch: {}\n", writer->stream);
    }
    indent(writer, depth + 1);
    fputs("below:\n", writer->stream);
    write_children(writer, index, depth + 2);
}

static void write_children(struct writer *writer, uint8_t parent, unsigned depth)
{
    for (uint8_t i = 0; i < writer->shape->node_count; i++) {
        const struct explore_node *node = &writer->shape->nodes[i];
        char name[8];

        if (node->parent != parent) {
            continue;
        }
        if (parent != EXPLORE_NONE) {
            uint8_t acs = 0;

            write_device(writer, i, depth, ports_are_alike(writer->shape, parent, &acs) ? NULL : acs_word(node->acs));
            continue;
        }
        indent(writer, depth);
        fprintf(writer->stream, "%s:\n", explore_name("rp", writer->root_ports++, name));
        indent(writer, depth + 1);
        fprintf(writer->stream, "acs: %s\n", acs_word(node->acs));
        indent(writer, depth + 1);
        fputs("below:\n", writer->stream);
        write_device(writer, i, depth + 2, NULL);
    }
}

static void write_traffic(const struct writer *writer)
{
    char name[8];

    fputs("traffic:\n", writer->stream);
    for (unsigned i = 0; i < writer->shape->endpoints; i++) {
        fprintf(writer->stream, "  %s: [{ msi: { vectors: all, period: 2 us } }]\n",
                explore_endpoint_name(writer->shape, i, name));
    }
}

/** Auxiliary domains, and on which numbers. */
static void write_pasids(const struct writer *writer)
{
    const unsigned endpoints = writer->shape->endpoints;
    const bool own = writer->pasids == EXPLORE_PASIDS_OWN;
    char name[8];

    if (writer->pasids == EXPLORE_PASIDS_NONE) {
        return;
    }
    for (unsigned i = 0; i < (own ? endpoints : 1); i++) {
        fprintf(writer->stream, "    %s: { kind: iommufd }\n", explore_auxiliary_name(i));
    }
    fputs("  pasids:\n", writer->stream);
    for (unsigned i = 0; i < endpoints; i++) {
        fprintf(writer->stream, "    - { device: %s, pasid: %u, consumer: %s }\n",
                explore_endpoint_name(writer->shape, i, name), EXPLORE_PASID, explore_auxiliary_name(own ? i : 0));
    }
}

static void write_software(const struct writer *writer, const struct explore_software *software)
{
    char name[8];
    char kind[160];

    fprintf(writer->stream, "\nsoftware:\n  rules: %s\n  grouping: %s\n%s  domains: { default: %s }\n",
            software->rules->name, group_rule_name(software->grouping),
            /* Ports without ACS are systems of the space by themselves: which port is found first plays no part. */
            software->rules->first_port_without_acs ? "  enable-acs: yes\n" : "",
            software->use == EXPLORE_USE_IDENTITY ? "identity" : "dma");
    if (!explore_use_is_default(software->use) || software->pasids != EXPLORE_PASIDS_NONE) {
        fputs("  consumers:\n", writer->stream);
    }
    if (!explore_use_is_default(software->use)) {
        explore_use_describe(software, kind, sizeof(kind));
        fprintf(writer->stream, "    user: { %s, devices: [", kind);
        for (unsigned i = 0; i < writer->shape->endpoints; i++) {
            fprintf(writer->stream, "%s%s", i == 0 ? "" : ", ", explore_endpoint_name(writer->shape, i, name));
        }
        fputs("] }\n", writer->stream);
    }
    write_pasids(writer);
    fputc('\n', writer->stream);
}

bool explore_write(FILE *stream, const struct explore_software *software, const struct explore_shape *shape,
                   const struct explore_labels *labels, const struct explore_caption *caption)
{
    struct writer writer = {.stream = stream, .shape = shape, .labels = labels, .pasids = software->pasids};
    uint16_t rids[EXPLORE_ENDPOINTS];

    explore_rids(shape, rids);
    fprintf(stream, "doorbell: 1\ntitle: \"%s\"\nduration: 20 us\n\n", caption->title);
    write_platform(&writer, software->controller);
    fputs("\npcie:\n  rc0:\n", stream);
    if (labels->smmus > 0) {
        write_map(&writer, "iommu-map", labels->smmu, rids, explore_smmu_name);
    }
    write_map(&writer, "msi-map", labels->its, rids, explore_its_name);
    fputs("    root-ports:\n", stream);
    write_children(&writer, EXPLORE_NONE, 3);
    write_software(&writer, software);
    write_traffic(&writer);
    if (caption->assumption != NULL) {
        fprintf(stream, "\nexpect:\n  %s: %s\n", caption->assumption, caption->outcome);
    }
    return ferror(stream) == 0;
}
