/* Which PE handles which vector, as the machine's kernel had it. */
#include "import/write_device.h"

/* Vectors of a function, and the PEs that a scenario has at most. */
#define VECTORS 2048u
#define PES     60u

struct affinity {
    FILE *stream;
    const struct import_machine *machine;
    uint32_t segment;
    uint32_t pes;
    bool any;
};

static bool is_known(const struct affinity *affinity, unsigned rid, unsigned vector)
{
    const struct import_route *route = import_machine_find_route(affinity->machine, affinity->segment, rid, vector);

    return route != NULL && route->pe < affinity->pes;
}

/* An entry for each run of vectors whose PEs are known. */
static void write_function(struct affinity *affinity, const char *name, const char *suffix, unsigned rid)
{
    for (unsigned vector = 0; vector < VECTORS; vector++) {
        const char *between = "";

        if (!is_known(affinity, rid, vector)) {
            continue;
        }
        fputs(affinity->any ? "" : "  affinity:\n", affinity->stream);
        affinity->any = true;
        fprintf(affinity->stream, "    - { devices: [%s%s], ", name, suffix);
        if (vector > 0) {
            fprintf(affinity->stream, "first: %u, ", vector);
        }
        fputs("pes: [", affinity->stream);
        for (; vector < VECTORS && is_known(affinity, rid, vector); vector++) {
            const uint32_t pe = import_machine_find_route(affinity->machine, affinity->segment, rid, vector)->pe;

            fprintf(affinity->stream, "%s%u", between, pe);
            between = ", ";
        }
        fputs("] }\n", affinity->stream);
    }
}

static void write_endpoint(struct affinity *affinity, const struct import_node *node)
{
    char suffix[16] = "";

    for (unsigned f = 0; f < node->functions; f++) {
        if (f > 0) {
            snprintf(suffix, sizeof(suffix), "/%u", f);
        }
        write_function(affinity, node->name, suffix, node->rid + f);
    }
    if (node->function == NULL || node->vf == NULL || !node->function->sriov.enabled) {
        return;
    }
    for (unsigned n = 0; n < node->function->sriov.count && n < node->function->sriov.total; n++) {
        const struct import_sriov *sriov = &node->function->sriov;

        snprintf(suffix, sizeof(suffix), "/vf%u", n + 1);
        write_function(affinity, node->name, suffix, (unsigned)node->rid + sriov->offset + n * sriov->stride);
    }
}

static void write_below(struct affinity *affinity, const struct import_node *node)
{
    for (size_t i = 0; i < node->below_count; i++) {
        if (node->below[i].kind != IMPORT_ENDPOINT) {
            write_below(affinity, &node->below[i]);
        } else if (node->below[i].function != NULL) {
            write_endpoint(affinity, &node->below[i]);
        }
    }
}

void import_write_affinity(FILE *stream, const struct import_writing *writing)
{
    struct affinity affinity = {.stream = stream, .machine = writing->machine};

    affinity.pes = writing->machine->pe_count == 0 ? 4 : writing->machine->pe_count;
    affinity.pes = affinity.pes < PES ? affinity.pes : PES;
    for (size_t i = 0; writing->machine->route_count > 0 && i < writing->hierarchy->count; i++) {
        const struct import_root *root = &writing->hierarchy->roots[i];

        affinity.segment = root->segment;
        for (size_t j = 0; j < root->port_count; j++) {
            write_below(&affinity, &root->ports[j]);
        }
    }
}
