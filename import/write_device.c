#include "import/write_device.h"

#include <inttypes.h>
#include <stdlib.h>

/* Rate of the traffic that is made up: slow enough for any machine. */
#define TRAFFIC "[ { msi: { rate: 100 kHz } } ]"

/* Functions of one device, VFs among them, that get traffic. */
#define MOST_VFS 4u

/* Levels of indentation of what stands below a root port. */
#define DEPTH_PORT 3

/* Ranges of reserved memory that a scenario takes. */
#define PAGE    UINT64_C(0x1000)
#define LARGEST (UINT64_C(1) << 30)

static void indent(FILE *stream, unsigned depth)
{
    fprintf(stream, "%*s", (int)(2 * depth), "");
}

static void write_acs_bits(FILE *stream, uint16_t bits)
{
    static const char *const names[] = {"SV", "TB", "RR", "CR", "UF", "EC", "DT"};
    const char *between = "";

    fputc('[', stream);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((bits >> i & 1) != 0) {
            fprintf(stream, "%s%s", between, names[i]);
            between = ", ";
        }
    }
    fputc(']', stream);
}

static void write_acs(FILE *stream, const struct import_function *function)
{
    if (!function->acs) {
        fputs("acs: none", stream);
        return;
    }
    fputs("acs: { cap: ", stream);
    write_acs_bits(stream, function->acs_capability);
    fputs(", ctrl: ", stream);
    write_acs_bits(stream, function->acs_control & function->acs_capability);
    fputs(" }", stream);
}

/* The link of the port above, as it was trained. */
static void write_link(FILE *stream, unsigned depth, const struct import_function *port)
{
    static const char *const speeds[] = {"2.5", "5", "8", "16", "32", "64"};
    bool width_known = port->width == 1 || port->width == 2 || port->width == 4 || port->width == 8 ||
                       port->width == 16 || port->width == 32;

    if (port->speed == 0 || port->speed > 6 || !width_known) {
        return;
    }
    indent(stream, depth);
    fprintf(stream, "link: { speed: %s GT/s, width: %u }\n", speeds[port->speed - 1], port->width);
}

static void write_identity(FILE *stream, const struct import_function *function)
{
    fprintf(stream, " # %04x:%04x, class %06x, ", function->vendor, function->device, function->class_code);
    import_write_comment(stream, function->origin == NULL ? "" : function->origin);
    fputc('\n', stream);
}

static bool fits_identity(const struct import_function *function)
{
    return function->vendor != 0 && function->vendor != UINT16_MAX;
}

static void write_sriov(FILE *stream, unsigned depth, const struct import_node *node)
{
    const struct import_sriov *sriov = &node->function->sriov;
    unsigned enabled = sriov->enabled ? sriov->count : 0;

    if (!sriov->present || sriov->total == 0 || sriov->total > 1024 || sriov->offset == 0) {
        return;
    }
    indent(stream, depth);
    fprintf(stream, "sr-iov: { vfs: %u, enabled: %u, first-offset: %u, stride: %u, device-id: 0x%04x", sriov->total,
            enabled > sriov->total ? sriov->total : enabled, sriov->offset, sriov->stride == 0 ? 1 : sriov->stride,
            sriov->vf_device);
    if (node->vf != NULL) {
        fprintf(stream, ", msi-x: %u", node->vf->msix);
    }
    fputs(" }\n", stream);
}

static void write_services(FILE *stream, unsigned depth, const struct import_function *function)
{
    if (function->ats) {
        indent(stream, depth);
        fprintf(stream, "ats: { queue-depth: %u }\n", function->ats_depth);
    }
    if (function->ats && function->pri) {
        uint32_t capacity = function->pri_capacity;

        indent(stream, depth);
        fprintf(stream, "pri: { capacity: %u }\n", capacity == 0 ? 1 : capacity > 512 ? 512 : capacity);
    }
    if (function->pasid && function->pasid_bits != 0 && function->pasid_bits <= 20) {
        indent(stream, depth);
        fprintf(stream, "pasid: %u\n", function->pasid_bits);
    }
}

static void write_invented(FILE *stream, unsigned depth)
{
    indent(stream, depth);
    fputs("endpoint: {} # guessed: no function of the machine is known\n", stream);
}

/* BARs as the machine has them; the first one of the scenario holds the MSI-X table, wherever the machine has it. */
static void write_bars(FILE *stream, unsigned depth, const struct import_function *function)
{
    uint64_t need = 32 * (uint64_t)function->msix;
    uint64_t first = PAGE;
    unsigned place = 0; /* of the first of the list: one that is large enough, if there is any */

    if (function->bar_count == 0) {
        return;
    }
    while (place < function->bar_count && function->bars[place] < need) {
        place++;
    }
    place = place < function->bar_count ? place : 0;
    while (first < need || first < function->bars[place]) {
        first *= 2;
    }
    indent(stream, depth);
    fprintf(stream, "bars: [%" PRIu64 " KiB", first / 1024);
    for (unsigned i = 0; i < function->bar_count; i++) {
        if (i != place) {
            fprintf(stream, ", %" PRIu64 " KiB", (function->bars[i] > PAGE ? function->bars[i] : PAGE) / 1024);
        }
    }
    fputs("]\n", stream);
}

/* @param conventional below a bridge: without extended capabilities */
static void write_endpoint(FILE *stream, unsigned depth, const struct import_node *node, bool conventional)
{
    const struct import_function *function = node->function;

    if (function == NULL) {
        write_invented(stream, depth);
        return;
    }
    indent(stream, depth);
    fputs("endpoint:\n", stream);
    indent(stream, ++depth);
    fprintf(stream, "msi-x: %u\n", function->msix);
    if (function->msi.present) {
        indent(stream, depth);
        fprintf(stream, "msi: { vectors: %u, wide: %s, mask: %s }\n", function->msi.vectors,
                function->msi.wide ? "yes" : "no", function->msi.mask ? "yes" : "no");
    }
    write_bars(stream, depth, function);
    if (node->functions > 1) {
        indent(stream, depth);
        fprintf(stream, "functions: %u\n", node->functions);
    }
    if (fits_identity(function)) {
        indent(stream, depth);
        fprintf(stream, "vendor-id: 0x%04x\n", function->vendor);
        indent(stream, depth);
        fprintf(stream, "device-id: 0x%04x\n", function->device);
    }
    if (conventional) {
        return;
    }
    if (function->acs) {
        indent(stream, depth);
        write_acs(stream, function);
        fputc('\n', stream);
    }
    if (function->ari) {
        indent(stream, depth);
        fputs("ari: yes\n", stream);
    }
    write_services(stream, depth, function);
    write_sriov(stream, depth, node);
}

/* What it is, in its parent's words: a port of a switch has its place, a device of a conventional bus its slot. */
static void write_kind(FILE *stream, unsigned depth, const struct import_node *node, bool conventional)
{
    switch (node->kind) {
    case IMPORT_EMPTY:
        indent(stream, depth);
        fputs("empty: yes\n", stream);
        break;
    case IMPORT_SWITCH:
        indent(stream, depth);
        fputs("switch: {}\n", stream);
        break;
    case IMPORT_BRIDGE:
        indent(stream, depth);
        if (fits_identity(node->function)) {
            fprintf(stream, "bridge: { vendor-id: 0x%04x, device-id: 0x%04x }\n", node->function->vendor,
                    node->function->device);
        } else {
            fputs("bridge: {}\n", stream);
        }
        break;
    default:
        write_endpoint(stream, depth, node, conventional);
        break;
    }
}

static void write_node(FILE *stream, unsigned depth, const struct import_node *node, bool conventional);

/* A conventional bus is written with its endpoints only: there are no words for what else may be found on one. */
static void write_below(FILE *stream, unsigned depth, const struct import_node *node)
{
    bool slots = node->kind == IMPORT_BRIDGE;
    bool any = false;

    for (size_t i = 0; i < node->below_count; i++) {
        if (slots && node->below[i].kind != IMPORT_ENDPOINT) {
            continue;
        }
        if (!any) {
            indent(stream, depth);
            fputs("below:\n", stream);
            any = true;
        }
        write_node(stream, depth + 1, &node->below[i], slots);
    }
}

static void write_node(FILE *stream, unsigned depth, const struct import_node *node, bool conventional)
{
    indent(stream, depth);
    fprintf(stream, "%s:", node->name);
    if (node->function != NULL) {
        write_identity(stream, node->function);
    } else {
        fputc('\n', stream);
    }
    depth++;
    if (node->port != NULL) {
        unsigned devfn = node->port->rid & 0xff;

        indent(stream, depth);
        fprintf(stream, "port: { device: %u, function: %u, ", devfn >> 3, devfn & 7);
        write_acs(stream, node->port);
        fputs(" }\n", stream);
        write_link(stream, depth, node->port);
    }
    if (conventional) {
        indent(stream, depth);
        fprintf(stream, "slot: %u\n", node->rid >> 3 & 0x1fu);
    }
    write_kind(stream, depth, node, conventional);
    if (node->kind == IMPORT_SWITCH || node->kind == IMPORT_BRIDGE) {
        write_below(stream, depth, node);
    }
}

void import_write_root_port(FILE *stream, const struct import_node *port)
{
    unsigned depth = DEPTH_PORT;

    indent(stream, depth);
    fprintf(stream, "%s:", port->name);
    if (port->function != NULL) {
        write_identity(stream, port->function);
    } else {
        fputs(" # guessed\n", stream);
    }
    indent(stream, ++depth);
    fprintf(stream, "device: %u\n", port->rid >> 3 & 0x1fu);
    indent(stream, depth);
    fprintf(stream, "function: %u\n", port->rid & 7u);
    if (port->function != NULL) {
        indent(stream, depth);
        write_acs(stream, port->function);
        fputc('\n', stream);
        write_link(stream, depth, port->function);
    } else {
        indent(stream, depth);
        fputs("acs: full # guessed\n", stream);
    }
    if (port->below_count != 0) {
        indent(stream, depth);
        fputs("below:\n", stream);
        write_node(stream, depth + 1, &port->below[0], false);
    }
}

/* A function's number in the maps, which may be other than the machine's. */
static unsigned renumbered(unsigned rid, const struct import_buses *buses)
{
    for (unsigned bus = 0; buses != NULL && bus < 256; bus++) {
        if (buses->used[bus] && buses->machine[bus] == rid >> 8) {
            return bus << 8 | (rid & 0xff);
        }
    }
    return rid;
}

static void write_stream(FILE *stream, bool *any, const char *name, const char *suffix)
{
    fputs(*any ? "" : "traffic: # guessed: every function that has an ITS sends messages\n", stream);
    *any = true;
    fprintf(stream, "  %s%s: " TRAFFIC "\n", name, suffix);
}

/* @param alias the bridge above, whose requester ID a device on a conventional bus has; NULL: its own */
static void endpoint_traffic(FILE *stream, const struct import_node *node, const struct import_node *alias,
                             const struct import_map *msi, const struct import_buses *buses, bool *any)
{
    const struct import_function *function = node->function;
    char suffix[16] = "";

    for (unsigned f = 0; f < node->functions; f++) {
        unsigned rid = alias != NULL ? (unsigned)alias->function->secondary << 8 : node->rid + f;

        if (f > 0) {
            snprintf(suffix, sizeof(suffix), "/%u", f);
        }
        if ((function == NULL || function->msix != 0 || function->msi.present) &&
            import_map_covers(msi, renumbered(rid, buses))) {
            write_stream(stream, any, node->name, suffix);
        }
    }
    for (unsigned n = 0; node->vf != NULL && node->vf->msix != 0 && n < MOST_VFS && n < function->sriov.count; n++) {
        unsigned rid = (unsigned)node->rid + function->sriov.offset + n * function->sriov.stride;

        snprintf(suffix, sizeof(suffix), "/vf%u", n + 1);
        if (n < function->sriov.total && import_map_covers(msi, renumbered(rid, buses))) {
            write_stream(stream, any, node->name, suffix);
        }
    }
}

void import_write_traffic(FILE *stream, const struct import_node *node, const struct import_map *msi,
                          const struct import_buses *buses, bool *any)
{
    for (size_t i = 0; i < node->below_count; i++) {
        const struct import_node *below = &node->below[i];

        if (below->kind == IMPORT_ENDPOINT) {
            endpoint_traffic(stream, below, node->kind == IMPORT_BRIDGE ? node : NULL, msi, buses, any);
        } else if (node->kind != IMPORT_BRIDGE) {
            import_write_traffic(stream, below, msi, buses, any);
        }
    }
}

/* Names of function 0 of the endpoints at and below a node that a reserved range is for. */
static void list_reserved(FILE *stream, const struct import_node *node, const struct import_reserved *reserved,
                          const char **between)
{
    for (size_t i = 0; i < node->below_count; i++) {
        const struct import_node *below = &node->below[i];

        for (unsigned f = 0; below->kind == IMPORT_ENDPOINT && f < below->functions; f++) {
            if (below->rid + f >= reserved->rid_base && below->rid + f - reserved->rid_base < reserved->rid_count) {
                fprintf(stream, "%s%s", *between, below->name);
                if (f > 0) {
                    fprintf(stream, "/%u", f);
                }
                *between = ", ";
            }
        }
        list_reserved(stream, below, reserved, between);
    }
}

static char *devices_of(const struct import_hierarchy *hierarchy, const struct import_reserved *reserved)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const char *between = "";

    for (size_t i = 0; stream != NULL && i < hierarchy->count; i++) {
        const struct import_root *root = &hierarchy->roots[i];

        for (size_t j = 0; root->segment == reserved->segment && j < root->port_count; j++) {
            list_reserved(stream, &root->ports[j], reserved, &between);
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return text;
}

void import_write_reserved(FILE *stream, const struct import_writing *writing)
{
    bool any = false;

    for (size_t i = 0; i < writing->machine->reserved_count; i++) {
        const struct import_reserved *reserved = &writing->machine->reserved[i];
        char *devices;

        if (reserved->base % PAGE != 0 || reserved->size % PAGE != 0 || reserved->size == 0 ||
            reserved->size > LARGEST || reserved->base >= UINT64_C(1) << 48) {
            continue;
        }
        devices = devices_of(writing->hierarchy, reserved);
        if (devices != NULL && *devices != '\0') {
            fputs(any ? "" : "  reserved:\n", stream);
            any = true;
            fprintf(stream,
                    "    - { devices: [%s], kind: %s, base: 0x%" PRIx64 ", size: %" PRIu64 " KiB } # IORT: RMR\n",
                    devices, reserved->relaxable ? "direct-relaxable" : "direct", reserved->base, reserved->size >> 10);
        }
        free(devices);
    }
}
