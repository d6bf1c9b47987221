#include "scenario/predict.h"

#include "host/known_devices.h"
#include "host/placement.h"
#include "scenario/functions.h"
#include "scenario/system.h"

#include <stdlib.h>

struct prediction {
    const struct scenario *scenario;
    const struct enumerate_options *options;
    struct pci_tree *tree;
    uint32_t host_bridge;
    uint16_t segment;
    unsigned ports_seen; /**< ports in the order in which they are found, for ENUMERATE_ACS_NOT_FIRST_PORT */
};

/** ACS as software leaves it (see set_up_acs() of the enumerator, which does it in hardware). */
static void predict_acs(struct prediction *prediction, const struct scenario_acs *acs,
                        struct pci_tree_function *function)
{
    bool is_port = function->type == PCI_TREE_ROOT_PORT || function->type == PCI_TREE_DOWNSTREAM_PORT;
    bool enable = prediction->options->acs != ENUMERATE_ACS_NONE;

    if (prediction->options->acs == ENUMERATE_ACS_NOT_FIRST_PORT && is_port && prediction->ports_seen++ == 0) {
        enable = false;
    }
    if (!acs->present) {
        return;
    }
    function->acs.present = true;
    function->acs.capability = acs->capability;
    function->acs.control = acs->control;
    if (enable) {
        function->acs.control = (uint16_t)(acs->control | (acs->capability & PCI_TREE_ACS_ISOLATING));
    }
}

static uint32_t add(struct prediction *prediction, struct pci_tree_function *function)
{
    function->host_bridge = prediction->host_bridge;
    if (system_peers_at(prediction->scenario, prediction->segment, function->rid)) {
        function->quirks |= PCI_TREE_QUIRK_INTERNAL_PEERS;
    }
    if (prediction->options->name_of != NULL) {
        function->name = (char *)(uintptr_t)prediction->options->name_of(prediction->options->name_context,
                                                                         prediction->segment, function->rid);
    }
    return pci_tree_add_function(prediction->tree, function);
}

/** Of a device that has functions other than its own. */
static bool is_part(const struct scenario_device *device)
{
    return device->parent != NULL && device->parent->multifunction != NULL;
}

static void predict_endpoint(struct prediction *prediction, const struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;
    const bool conventional = device->parent != NULL && device->parent->bridge != NULL;
    const enum pci_tree_type type = conventional ? PCI_TREE_CONVENTIONAL_DEVICE : PCI_TREE_ENDPOINT;

    for (uint32_t i = 0; i < endpoint->functions; i++) {
        struct pci_tree_function function;
        struct scenario_bdf bdf = device->bdf;

        bdf.function = (uint8_t)(bdf.function + i);
        pci_tree_function_init(&function, type, scenario_rid(bdf));
        known_device_apply((uint16_t)endpoint->vendor_id, (uint16_t)endpoint->device_id, &function);
        if (prediction->options->phantom_functions) {
            pci_tree_add_phantoms(&function, endpoint->phantom_bits);
        }
        function.multifunction = endpoint->functions > 1 || is_part(device);
        function.msix_vectors = (uint16_t)endpoint->msix_vectors;
        function.msi_vectors = (uint16_t)(endpoint->msi != NULL ? endpoint->msi->vectors : 0);
        function.ats = endpoint->ats != NULL;
        function.pri = endpoint->pri != NULL;
        function.pasid = endpoint->pasid_bits > 0;
        function.pasid_width = (uint8_t)endpoint->pasid_bits;
        for (size_t bar = 0; bar < endpoint->bars.count; bar++) {
            function.bars[bar].size = endpoint->bars.sizes[bar];
        }
        if (endpoint->sriov != NULL) {
            function.total_vfs = (uint16_t)endpoint->sriov->vfs;
        }
        for (size_t bar = 0; endpoint->sriov != NULL && bar < endpoint->sriov->bars.count; bar++) {
            function.vf_bars[bar].size = endpoint->sriov->bars.sizes[bar] * endpoint->sriov->vfs;
        }
        predict_acs(prediction, &endpoint->acs, &function);
        add(prediction, &function);
    }
}

static void predict_device(struct prediction *prediction, const struct scenario_device *device);

/** Ports on one bus, in the order in which a scan meets them: by device and function number. */
static int by_number(const void *a, const void *b)
{
    const struct scenario_device *one = *(const struct scenario_device *const *)a;
    const struct scenario_device *other = *(const struct scenario_device *const *)b;

    return (int)scenario_rid(one->port.bdf) - (int)scenario_rid(other->port.bdf);
}

/**
 * @param has_message it has an MSI of its own  @param tlp_prefixes it takes PASIDs
 * @param number of the port among those of its switch or root complex, from 1 in the order of the file
 */
static void predict_port(struct prediction *prediction, const struct scenario_port *port, enum pci_tree_type type,
                         size_t number, bool multifunction, bool has_message, bool tlp_prefixes)
{
    struct pci_tree_function function;

    pci_tree_function_init(&function, type, scenario_rid(port->bdf));
    function.multifunction = multifunction;
    function.port_number = (uint8_t)(number & 0x3f);
    function.msi_vectors = has_message ? 1 : 0;
    function.no_prefixes = !tlp_prefixes;
    function.secondary = port->secondary_bus;
    function.subordinate = port->subordinate_bus;
    predict_acs(prediction, &port->acs, &function);
    add(prediction, &function);
}

static void predict_switch(struct prediction *prediction, const struct scenario_device *device)
{
    const struct scenario_device **order = calloc(device->below_count + 1, sizeof(*order));
    struct pci_tree_function upstream;

    pci_tree_function_init(&upstream, PCI_TREE_UPSTREAM_PORT, scenario_rid(device->bdf));
    upstream.secondary = device->sw->secondary_bus;
    upstream.subordinate = device->sw->subordinate_bus;
    upstream.multifunction = is_part(device);
    upstream.no_prefixes = !device->sw->tlp_prefixes;
    predict_acs(prediction, &device->sw->upstream_acs, &upstream);
    add(prediction, &upstream);
    for (size_t i = 0; order != NULL && i < device->below_count; i++) {
        order[i] = &device->below[i];
    }
    if (order != NULL) {
        qsort(order, device->below_count, sizeof(struct scenario_device *), by_number);
    }
    for (size_t i = 0; order != NULL && i < device->below_count; i++) {
        bool shared = false;

        for (size_t j = 0; j < device->below_count; j++) {
            shared = shared || (j != i && order[j]->port.device == order[i]->port.device);
        }
        predict_port(prediction, &order[i]->port, PCI_TREE_DOWNSTREAM_PORT, (size_t)(order[i] - device->below) + 1,
                     shared, false, device->sw->tlp_prefixes);
        if (!order[i]->empty) {
            predict_device(prediction, order[i]);
        }
    }
    free(order);
}

/** A bridge, then what is on its bus, by device number. */
static void predict_bridge(struct prediction *prediction, const struct scenario_device *device)
{
    struct pci_tree_function bridge;

    pci_tree_function_init(&bridge, PCI_TREE_PCIE_TO_PCI_BRIDGE, scenario_rid(device->bdf));
    known_device_apply((uint16_t)device->bridge->vendor_id, (uint16_t)device->bridge->device_id, &bridge);
    bridge.secondary = device->bridge->secondary_bus;
    bridge.subordinate = device->bridge->subordinate_bus;
    add(prediction, &bridge);
    for (uint32_t slot = 0; slot < 32; slot++) {
        for (size_t i = 0; i < device->below_count; i++) {
            if (device->below[i].slot == slot) {
                predict_device(prediction, &device->below[i]);
            }
        }
    }
}

static void predict_device(struct prediction *prediction, const struct scenario_device *device)
{
    if (device->endpoint != NULL) {
        predict_endpoint(prediction, device);
    } else if (device->bridge != NULL) {
        predict_bridge(prediction, device);
    } else if (device->multifunction != NULL) {
        for (size_t i = 0; i < device->below_count; i++) {
            predict_device(prediction, &device->below[i]);
        }
    } else {
        predict_switch(prediction, device);
    }
}

/** Number of root ports that come before one in a scan of the root bus. */
static size_t rank_of(const struct scenario_root_complex *rc, size_t i)
{
    size_t rank = 0;

    for (size_t j = 0; j < rc->root_port_count; j++) {
        rank += scenario_rid(rc->root_ports[j].port.bdf) < scenario_rid(rc->root_ports[i].port.bdf) ? 1 : 0;
    }
    return rank;
}

static void predict_root_port(struct prediction *prediction, const struct scenario_root_complex *rc, size_t i)
{
    const struct scenario_root_port *port = &rc->root_ports[i];
    bool shared = false;

    for (size_t j = 0; j < rc->root_port_count; j++) {
        shared = shared || (j != i && rc->root_ports[j].port.device == port->port.device);
    }
    predict_port(prediction, &port->port, PCI_TREE_ROOT_PORT, i + 1, shared, port->error_interrupts,
                 port->tlp_prefixes);
    if (port->below_count > 0) {
        predict_device(prediction, &port->below[0]);
    }
}

/** The endpoint that has a function of the tree; NULL if it is no function of one. */
static const struct scenario_device *find_device(const struct prediction *prediction, uint32_t index)
{
    const struct pci_tree_function *function = &prediction->tree->functions[index];

    for (size_t i = 0; i < prediction->scenario->device_count; i++) {
        const struct scenario_device *device = prediction->scenario->devices[i];

        if (device->endpoint != NULL && device->root_complex->index == function->host_bridge &&
            scenario_rid(device->bdf) >> 3 == function->rid >> 3) {
            return device;
        }
    }
    return NULL;
}

/** The VFs of a PF that software enables. */
static void predict_virtual(struct prediction *prediction, uint32_t physical)
{
    const struct scenario_device *device = NULL;

    if (prediction->tree->functions[physical].total_vfs > 0) {
        device = find_device(prediction, physical);
    }
    for (uint32_t vf = 1; device != NULL && vf <= device->endpoint->sriov->enabled; vf++) {
        const struct scenario_endpoint *endpoint = device->endpoint;
        const struct pci_tree_function *pf = &prediction->tree->functions[physical];
        const uint32_t number = scenario_virtual_function(endpoint, pf->rid & 7u, vf);
        struct pci_tree_function function;

        pci_tree_function_init(&function, PCI_TREE_ENDPOINT, scenario_function_rid(device, number));
        function.is_vf = true;
        function.physical_function = physical;
        function.msix_vectors = (uint16_t)endpoint->sriov->msix_vectors;
        function.pasid = pf->pasid;
        function.pasid_width = pf->pasid_width;
        function.ats = pf->ats;
        function.pri = pf->pri;
        for (size_t bar = 0; bar < endpoint->sriov->bars.count; bar++) {
            function.bars[bar].size = endpoint->sriov->bars.sizes[bar];
            function.bars[bar].base = pf->vf_bars[bar].base + (vf - 1) * function.bars[bar].size;
        }
        prediction->host_bridge = pf->host_bridge;
        prediction->segment = (uint16_t)device->root_complex->segment;
        add(prediction, &function);
    }
}

bool predict_tree(const struct scenario *scenario, const struct enumerate_options *options, struct pci_tree *tree,
                  struct host_error *error)
{
    struct prediction prediction = {.scenario = scenario, .options = options, .tree = tree};

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *rc = &scenario->root_complexes[i];

        prediction.segment = (uint16_t)rc->segment;
        prediction.host_bridge =
            pci_tree_add_host_bridge(tree, rc->name, prediction.segment, (uint8_t)rc->first_bus, (uint8_t)rc->last_bus);
        tree->host_bridges[prediction.host_bridge].peer_to_peer = rc->peer_to_peer;
        for (size_t rank = 0; rank < rc->root_port_count; rank++) {
            for (size_t j = 0; j < rc->root_port_count; j++) {
                if (rank_of(rc, j) == rank) {
                    predict_root_port(&prediction, rc, j);
                }
            }
        }
    }
    if (!pci_tree_finish(tree, error->text, sizeof(error->text))) {
        return false;
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        if (!placement_assign(tree, (uint32_t)i, scenario->root_complexes[i].mmio.base,
                              scenario->root_complexes[i].mmio.size, error)) {
            return false;
        }
    }
    for (uint32_t i = 0, count = tree->function_count; i < count; i++) {
        predict_virtual(&prediction, i);
    }
    return pci_tree_finish(tree, error->text, sizeof(error->text));
}
