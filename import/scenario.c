/* The text, tried out: whether it loads, and which numbers its buses get. */
#include "import/import.h"

#include "host/pci_tree.h"
#include "import/hierarchy.h"
#include "import/write.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

/* One bus of a function of the scenario is one of the machine. */
static void note_bus(const struct pci_tree *tree, const char *name, unsigned machine_bus, struct import_buses *buses)
{
    uint32_t found = pci_tree_find_name(tree, name);

    if (found != PCI_TREE_NONE) {
        unsigned bus = tree->functions[found].rid >> 8;

        buses->used[bus] = true;
        buses->machine[bus] = (uint8_t)machine_bus;
        buses->same = buses->same && bus == machine_bus;
    }
}

/* The buses that VFs of an endpoint reach follow its own. */
static void note_vfs(const struct pci_tree *tree, const struct import_node *node, struct import_buses *buses)
{
    const struct import_sriov *sriov = &node->function->sriov;
    unsigned last = node->rid;

    if (sriov->present && sriov->enabled && sriov->count != 0) {
        last = node->rid + sriov->offset + (sriov->count - 1u) * sriov->stride;
    }
    for (unsigned bus = (node->rid >> 8) + 1u; bus <= last >> 8 && bus < 256; bus++) {
        uint32_t found = pci_tree_find_name(tree, node->name);
        unsigned moved = (found == PCI_TREE_NONE ? 0 : tree->functions[found].rid >> 8) + bus - (node->rid >> 8);

        if (moved < 256) {
            buses->used[moved] = true;
            buses->machine[moved] = (uint8_t)bus;
            buses->same = buses->same && moved == bus;
        }
    }
}

static void note_node(const struct pci_tree *tree, const char *above, const struct import_node *node,
                      struct import_buses *buses)
{
    char name[100];

    if (node->port != NULL) {
        snprintf(name, sizeof(name), "%s.dsp-%s", above, node->name);
        note_bus(tree, name, node->port->rid >> 8, buses);
    }
    if (node->kind == IMPORT_EMPTY || node->function == NULL) {
        return;
    }
    if (node->kind == IMPORT_SWITCH) {
        snprintf(name, sizeof(name), "%s.usp", node->name);
        note_bus(tree, name, node->rid >> 8, buses);
    } else {
        note_bus(tree, node->name, node->rid >> 8, buses);
    }
    if (node->kind == IMPORT_ENDPOINT) {
        note_vfs(tree, node, buses);
    }
    for (size_t i = 0; i < node->below_count; i++) {
        note_node(tree, node->name, &node->below[i], buses);
    }
}

/* A bridge's own requester ID on its secondary bus (rule A12) is in the maps even if nobody else is there. */
static void note_all(const struct pci_tree *tree, const struct import_hierarchy *hierarchy, struct import_buses *buses)
{
    for (size_t i = 0; i < hierarchy->count; i++) {
        const struct import_root *root = &hierarchy->roots[i];

        memset(&buses[i], 0, sizeof(buses[i]));
        buses[i].same = true;
        for (size_t j = 0; j < root->port_count; j++) {
            note_node(tree, "", &root->ports[j], &buses[i]);
        }
    }
}

/* Loads a text and plans it. @return 0: neither; 1: it loads; 2: and @p buses are known */
static int try_text(const char *text, size_t length, const struct import_hierarchy *hierarchy,
                    struct import_buses *buses, struct diagnostics *diagnostics)
{
    struct scenario *scenario = scenario_load_text("the imported scenario", text, length, NULL, diagnostics);
    struct host_error error = {.text = ""};
    struct scenario_plan plan;
    int reached = 0;

    if (scenario == NULL) {
        return 0;
    }
    if (scenario_plan_make(scenario, &plan, &error)) {
        note_all(&plan.software.found.tree, hierarchy, buses);
        reached = 2;
    } else {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL, "E2110 the imported scenario: %s", error.text);
        reached = 1;
    }
    scenario_plan_clear(&plan);
    scenario_free(scenario);
    return reached;
}

static char *write_text(const struct import_writing *writing, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);
    bool good = stream != NULL && import_write(stream, writing);

    if (stream != NULL && fclose(stream) == 0 && good) {
        return text;
    }
    free(text);
    return NULL;
}

/* What made a scenario impossible, in a remark. */
static void remark_detail(struct import_remarks *remarks, enum import_detail detail,
                          const struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR) {
            import_remark(remarks, "left out: %s: %s",
                          detail == IMPORT_DETAIL_ALL ? "addresses of memory, registers and windows"
                                                      : "the number of PEs",
                          diagnostics->items[i].message);
            return;
        }
    }
}

/* Writes with less and less detail until the text loads, then again if buses have other numbers. */
static char *settle(struct import_writing *writing, struct import_remarks *remarks, struct import_buses *buses,
                    struct diagnostics *diagnostics)
{
    for (int detail = IMPORT_DETAIL_ALL; detail <= IMPORT_DETAIL_LEAST; detail++) {
        struct diagnostics tried = {.count = 0};
        size_t length;
        char *text;
        int reached;

        writing->detail = (enum import_detail)detail;
        text = write_text(writing, &length);
        reached = text == NULL ? 0 : try_text(text, length, writing->hierarchy, buses, &tried);
        if (reached == 2 && writing->buses == NULL) {
            bool same = true;

            for (size_t i = 0; i < writing->hierarchy->count; i++) {
                same = same && buses[i].same;
            }
            if (!same && !writing->hierarchy->invented) {
                writing->buses = buses;
                detail--; /* the same again, with other maps */
                reached = 1;
            }
        } else if (reached < 2 && detail == IMPORT_DETAIL_LEAST) {
            diagnostics_clear(diagnostics);
            *diagnostics = tried;
            free(text);
            return NULL;
        } else if (reached < 2) {
            remark_detail(remarks, writing->detail, &tried);
        }
        diagnostics_clear(&tried);
        if (reached == 2) {
            return text;
        }
        free(text);
    }
    return NULL;
}

char *import_scenario(struct import_machine *machine, const char *source, struct diagnostics *diagnostics)
{
    struct import_hierarchy hierarchy;
    struct import_buses *buses;
    struct import_writing writing = {
        .machine = machine, .hierarchy = &hierarchy, .remarks = &machine->remarks, .source = source};
    char *text = NULL;

    import_hierarchy_make(machine, &hierarchy, &machine->remarks);
    buses = calloc(hierarchy.count + 1, sizeof(*buses));
    if (hierarchy.count == 0) {
        diagnostic_set_hint(diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL,
                                            "E2109 nothing of this is a PCIe root complex with a root port"),
                            "a scenario is about devices below PCIe root ports");
    } else if (buses == NULL) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL, "E0203 out of memory");
    } else {
        text = settle(&writing, &machine->remarks, buses, diagnostics);
    }
    free(buses);
    import_hierarchy_clear(&hierarchy);
    return text;
}
