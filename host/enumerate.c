#include "host/enumerate.h"

#include "host/enumerate_internal.h"
#include "host/known_devices.h"
#include "host/pci_config.h"
#include "host/placement.h"
#include "host/virtual_channels.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_MULTIFUNCTION      (1u << 23)
#define HEADER_TYPE(dword)        (((dword) >> 16) & 0x7f)
#define BAR_IO                    1u
#define BAR_64BIT                 (2u << 1)
#define BAR_PREFETCHABLE          (1u << 3)
#define PCIE_TYPE(flags)          (((flags) >> 4) & 0xf)
#define PCIE_DEVCAP               0x04u
#define PCIE_DEVCAP_TAGS          0x20u
#define PCIE_DEVCTL               0x08u
#define PCIE_DEVCTL2              0x28u
#define PCIE_DEVCTL2_IDO          0x0300u
#define PCIE_DEVCAP2              0x24u
#define PCIE_DEVCAP2_PREFIXES     0x200000u
#define PCIE_DEVCTL_TAGS          0x0100u
#define PCIE_DEVCTL_PHANTOM       0x0200u
#define PCIE_DEVCAP_PHANTOM_SHIFT 3
#define MSIX_CONTROL              0x02u
#define MSIX_TABLE                0x04u
#define ACS_CAP                   0x04u
#define ACS_CTRL                  0x06u
#define AER_CONTROL               0x18u
#define AER_ECRC_CAPABLE          0x20u
#define AER_ECRC_ENABLE           0x40u
#define AER_CHECK_CAPABLE         0x80u
#define AER_CHECK_ENABLE          0x100u
#define AER_CORRECTABLE_MASK      0x14u
#define AER_ROOT_COMMAND          0x2cu
#define AER_ROOT_COMMANDS         0x7u
#define PCIE_DEVCTL_REPORT        0xfu /* correctable, non-fatal, fatal, unsupported requests */
#define BRIDGE_CONTROL            0x3eu
#define BRIDGE_CONTROL_SERR       0x2u
#define ACS_EGRESS                0x08u
#define ATS_CTRL                  0x06u
#define ATS_ENABLE                0x8000u
#define MSI_CONTROL               0x02u
#define PCIE_LNKCAP               0x0cu
#define ACS_WANTED                PCI_TREE_ACS_ISOLATING

uint64_t enumerate_config_address(const struct enumerate_bridge *bridge, uint16_t rid)
{
    return bridge->ecam + ((uint64_t)(rid >> 8) - bridge->first_bus) * 0x100000 + (uint64_t)(rid & 0xff) * 0x1000;
}

/* ---- What a function is ---- */

void enumerate_size_bars(struct enumerate_scan *scan, uint64_t registers, unsigned count, struct pci_tree_range *bars)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t old = pci_config_read(scan->access, registers, 4 * i);
        uint32_t mask;
        bool wide;

        pci_config_write(scan->access, registers, 4 * i, UINT32_MAX);
        mask = pci_config_read(scan->access, registers, 4 * i);
        pci_config_write(scan->access, registers, 4 * i, old);
        if (mask == 0 || (mask & BAR_IO) != 0) {
            continue;
        }
        wide = (mask & 6) == BAR_64BIT;
        /* Windows are below 4 GiB, so a 64-bit BAR needs no more than its low half to tell its size. */
        bars[i].size = (uint64_t)(uint32_t) ~(mask & ~15u) + 1;
        bars[i].prefetchable = (mask & BAR_PREFETCHABLE) != 0;
        if (wide) {
            pci_config_write(scan->access, registers, 4 * (i + 1), 0);
            i++;
        }
    }
}

static enum pci_tree_type type_of(struct enumerate_scan *scan, uint64_t config, bool is_bridge, uint16_t pcie)
{
    if (pcie == 0) {
        return is_bridge ? PCI_TREE_CONVENTIONAL_BRIDGE : PCI_TREE_CONVENTIONAL_DEVICE;
    }
    return (enum pci_tree_type)PCIE_TYPE(pci_config_read16(scan->access, config, pcie + 2u));
}

/** Turns ACS on where told, and notes what is on afterwards. */
static void set_up_acs(struct enumerate_scan *scan, uint64_t config, uint16_t acs, struct pci_tree_function *function)
{
    bool is_port = function->type == PCI_TREE_ROOT_PORT || function->type == PCI_TREE_DOWNSTREAM_PORT;
    bool enable = scan->options->acs != ENUMERATE_ACS_NONE;
    uint16_t control;

    if (scan->options->acs == ENUMERATE_ACS_NOT_FIRST_PORT && is_port && (*scan->ports_seen)++ == 0) {
        enable = false;
    }
    if (acs == 0) {
        return;
    }
    function->acs.present = true;
    function->acs.capability = pci_config_read16(scan->access, config, acs + ACS_CAP);
    control = pci_config_read16(scan->access, config, acs + ACS_CTRL);
    if (enable) {
        control = (uint16_t)(control | (function->acs.capability & ACS_WANTED));
        pci_config_write16(scan->access, config, acs + ACS_CTRL, control);
    }
    function->acs.control = pci_config_read16(scan->access, config, acs + ACS_CTRL);
    if ((function->acs.capability & PCI_TREE_ACS_EC) != 0) {
        unsigned bits = function->acs.capability >> 8; /* 0 stands for 256 */

        function->acs.egress = pci_config_read(scan->access, config, acs + ACS_EGRESS);
        if (bits == 0 || bits > 32) {
            function->acs.egress |= (uint64_t)pci_config_read(scan->access, config, acs + ACS_EGRESS + 4) << 32;
        }
    }
}

/** Code of a size in the Device Control register: 128 << code bytes. */
static uint16_t size_code(uint32_t bytes)
{
    uint16_t code = 0;

    while (code < 5 && (128u << code) < bytes) {
        code++;
    }
    return code;
}

static void set_up_pcie(struct enumerate_scan *scan, uint64_t config, uint16_t pcie, struct pci_tree_function *function)
{
    uint32_t capabilities;
    uint16_t control;
    uint16_t supported;
    unsigned phantom;
    uint16_t payload = size_code(scan->options->max_payload);

    if (pcie == 0) {
        return;
    }
    control = pci_config_read16(scan->access, config, pcie + PCIE_DEVCTL);
    capabilities = pci_config_read(scan->access, config, pcie + PCIE_DEVCAP);
    supported = capabilities & 7;
    phantom = capabilities >> PCIE_DEVCAP_PHANTOM_SHIFT & 3;
    payload = payload < supported ? payload : supported;
    control = (uint16_t)((control & ~0x70e0u) | (uint32_t)payload << 5 |
                         (uint32_t)size_code(scan->options->max_read_request) << 12);
    control = (uint16_t)(control & ~(PCIE_DEVCTL_TAGS | PCIE_DEVCTL_PHANTOM));
    if (scan->options->extended_tags && (capabilities & PCIE_DEVCAP_TAGS) != 0) {
        control |= PCIE_DEVCTL_TAGS;
    }
    if (scan->options->phantom_functions && phantom > 0) {
        control |= PCIE_DEVCTL_PHANTOM;
        pci_tree_add_phantoms(function, phantom);
    }
    pci_config_write16(scan->access, config, pcie + PCIE_DEVCTL, control);
    if (scan->options->id_ordering) {
        /* Reserved, and read-only, in functions that are no endpoints. */
        control = pci_config_read16(scan->access, config, pcie + PCIE_DEVCTL2);
        pci_config_write16(scan->access, config, pcie + PCIE_DEVCTL2, control | PCIE_DEVCTL2_IDO);
    }
}

/** Every function tells of its errors, bridges let that pass, and advisory errors are told too. */
static void set_up_reporting(struct enumerate_scan *scan, struct enumerate_function *where, bool is_bridge)
{
    uint64_t config = where->config;
    uint16_t pcie = where->pcie;

    if (!scan->options->error_reporting || pcie == 0) {
        return;
    }
    pci_config_write16(scan->access, config, pcie + PCIE_DEVCTL,
                       (uint16_t)(pci_config_read16(scan->access, config, pcie + PCIE_DEVCTL) | PCIE_DEVCTL_REPORT));
    if (is_bridge) {
        pci_config_write16(scan->access, config, BRIDGE_CONTROL,
                           (uint16_t)(pci_config_read16(scan->access, config, BRIDGE_CONTROL) | BRIDGE_CONTROL_SERR));
    }
    where->aer = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_AER);
    if (where->aer != 0) {
        pci_config_write(scan->access, config, where->aer + AER_CORRECTABLE_MASK, 0);
        pci_config_write(scan->access, config, where->aer + AER_ROOT_COMMAND, AER_ROOT_COMMANDS); /* others ignore it */
    }
}

static void set_up_ecrc(struct enumerate_scan *scan, uint64_t config)
{
    uint16_t aer = scan->options->ecrc ? pci_config_find_extended(scan->access, config, PCI_EXT_CAP_AER) : 0;
    uint32_t control;

    if (aer == 0) {
        return;
    }
    control = pci_config_read(scan->access, config, aer + AER_CONTROL);
    control |= (control & AER_ECRC_CAPABLE) != 0 ? AER_ECRC_ENABLE : 0;
    control |= (control & AER_CHECK_CAPABLE) != 0 ? AER_CHECK_ENABLE : 0;
    pci_config_write(scan->access, config, aer + AER_CONTROL, control);
}

void enumerate_note_messages(struct enumerate_scan *scan, struct enumerate_function *where,
                             struct pci_tree_function *function)
{
    where->msi = pci_config_find(scan->access, where->config, PCI_CAP_MSI);
    if (where->msi != 0) {
        uint16_t control = pci_config_read16(scan->access, where->config, where->msi + MSI_CONTROL);

        function->msi_vectors = (uint16_t)(1u << (control >> 1 & 7));
    }
    where->msix = pci_config_find(scan->access, where->config, PCI_CAP_MSIX);
    if (where->msix != 0) {
        uint16_t control = pci_config_read16(scan->access, where->config, where->msix + MSIX_CONTROL);

        function->msix_vectors = (uint16_t)((control & 0x7ff) + 1);
    }
}

static void note_capabilities(struct enumerate_scan *scan, struct enumerate_function *where,
                              struct pci_tree_function *function)
{
    uint64_t config = where->config;
    uint16_t ats;

    enumerate_note_messages(scan, where, function);
    if (where->pcie == 0) {
        return;
    }
    if (pci_tree_is_bridge(function)) {
        /* Egress control vectors have a bit for each of the first 64 port numbers. */
        function->port_number = (pci_config_read(scan->access, config, where->pcie + PCIE_LNKCAP) >> 24) & 0x3f;
    }
    where->acs = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_ACS);
    set_up_acs(scan, config, where->acs, function);
    where->pasid = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_PASID);
    if (where->pasid != 0) {
        function->pasid = true;
        function->pasid_width = (pci_config_read16(scan->access, config, where->pasid + 4u) >> 8) & 0x1f;
    }
    ats = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_ATS);
    where->ats = ats;
    function->ats = ats != 0;
    function->ats_enabled = ats != 0 && (pci_config_read16(scan->access, config, ats + ATS_CTRL) & ATS_ENABLE) != 0;
    where->pri = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_PRI);
    function->pri = where->pri != 0;
}

bool enumerate_append(struct enumerate_scan *scan, const struct pci_tree_function *function,
                      const struct enumerate_function *where, uint32_t *index)
{
    struct enumeration *result = scan->result;
    void *grown = realloc(result->functions, (result->tree.function_count + 1) * sizeof(*result->functions));

    if (grown == NULL) {
        return host_error_set(scan->error, "out of memory");
    }
    result->functions = grown;
    *index = pci_tree_add_function(&result->tree, function);
    result->functions[*index] = *where;
    return true;
}

/* ---- Scanning ---- */

static bool scan_bus(struct enumerate_scan *scan, uint8_t bus, bool one_device);

/** Gives a bridge its bus numbers and scans what is below it. */
static bool scan_bridge(struct enumerate_scan *scan, uint32_t index)
{
    struct pci_tree_function *function = &scan->result->tree.functions[index];
    uint64_t config = scan->result->functions[index].config;
    uint32_t primary = pci_tree_rid_bus(function->rid);
    uint32_t secondary = scan->next_bus;
    bool link_below = function->type == PCI_TREE_ROOT_PORT || function->type == PCI_TREE_DOWNSTREAM_PORT;

    if (secondary > scan->bridge->last_bus) {
        return host_error_set(scan->error, "host bridge %s: its %u buses do not suffice", scan->bridge->name,
                              scan->bridge->last_bus - scan->bridge->first_bus + 1u);
    }
    scan->next_bus++;
    scan->above = index;
    scan->ari = false;
    function->secondary = (uint8_t)secondary;
    pci_config_write(scan->access, config, PCI_BUSES,
                     primary | secondary << 8 | (uint32_t)scan->bridge->last_bus << 16);
    /* What sits at the far end of a link is device 0 and nothing else. */
    if (!scan_bus(scan, (uint8_t)secondary, link_below)) {
        return false;
    }
    function = &scan->result->tree.functions[index]; /* the array may have moved */
    function->subordinate = (uint8_t)(scan->next_bus - 1);
    pci_config_write(scan->access, config, PCI_BUSES, primary | secondary << 8 | (uint32_t)function->subordinate << 16);
    return true;
}

/** Looks at one function number. @param found set if a function answers */
static bool scan_function(struct enumerate_scan *scan, uint16_t rid, bool multifunction, bool *found, uint32_t *header)
{
    uint64_t config = enumerate_config_address(scan->bridge, rid);
    struct enumerate_function where = {.config = config};
    struct pci_tree_function function;
    uint32_t index = 0;
    uint32_t identity;
    bool is_bridge;

    *found = false;
    identity = pci_config_read(scan->access, config, PCI_VENDOR);
    if ((identity & 0xffff) == 0xffff) {
        return true;
    }
    *found = true;
    *header = pci_config_read(scan->access, config, PCI_HEADER);
    is_bridge = HEADER_TYPE(*header) == 1;
    where.pcie = pci_config_find(scan->access, config, PCI_CAP_PCIE);
    if ((rid & 0xff) == 0 && where.pcie != 0) {
        enumerate_set_up_ari(scan, config);
    }
    pci_tree_function_init(&function, type_of(scan, config, is_bridge, where.pcie), rid);
    function.host_bridge = scan->bridge_index;
    function.multifunction = multifunction || (*header & HEADER_MULTIFUNCTION) != 0;
    if (scan->options->name_of != NULL) {
        /* Copied by the tree. */
        function.name =
            (char *)(uintptr_t)scan->options->name_of(scan->options->name_context, scan->bridge->segment, rid);
    }
    enumerate_size_bars(scan, config + PCI_BAR(0), is_bridge ? 2 : PCI_TREE_BARS, function.bars);
    known_device_apply((uint16_t)identity, (uint16_t)(identity >> 16), &function);
    if (scan->options->peers_of != NULL &&
        scan->options->peers_of(scan->options->peers_context, scan->bridge->segment, rid)) {
        function.quirks |= PCI_TREE_QUIRK_INTERNAL_PEERS;
    }
    set_up_pcie(scan, config, where.pcie, &function);
    set_up_reporting(scan, &where, is_bridge);
    set_up_ecrc(scan, config);
    note_capabilities(scan, &where, &function);
    if (!is_bridge && !enumerate_find_virtual(scan, &where, &function)) {
        return false;
    }
    return enumerate_append(scan, &function, &where, &index) && (!is_bridge || scan_bridge(scan, index));
}

static bool scan_bus(struct enumerate_scan *scan, uint8_t bus, bool one_device)
{
    for (unsigned device = 0; device < (one_device ? 1u : 32u); device++) {
        bool multifunction = false;

        for (unsigned number = 0; number < 8; number++) {
            bool found;
            uint32_t header = 0;

            if (!scan_function(scan, pci_tree_rid(bus, device, number), multifunction, &found, &header)) {
                return false;
            }
            if (number == 0) {
                multifunction = found && (header & HEADER_MULTIFUNCTION) != 0;
            }
            if (!multifunction) {
                break;
            }
        }
    }
    return true;
}

/* ---- Placing BARs and opening windows ---- */

/** Writes down in the registers where everything was placed. */
static void program_addresses(struct enumerate_scan *scan, uint32_t index)
{
    const struct pci_tree_function *function = &scan->result->tree.functions[index];
    const struct pci_tree_range *range = &function->windows[0];
    uint64_t config = scan->result->functions[index].config;
    uint32_t window = 0x0000fff0; /* base above limit: closed */

    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        if (function->bars[i].size != 0) {
            pci_config_write(scan->access, config, PCI_BAR(i), (uint32_t)function->bars[i].base);
        }
    }
    if (scan->result->functions[index].sriov != 0) {
        enumerate_place_virtual(scan, index);
    }
    if (!pci_tree_is_bridge(function)) {
        return;
    }
    if (range->size > 0) {
        window = (uint32_t)(range->base >> 16 & 0xfff0) | (uint32_t)((range->base + range->size - 1) & 0xfff00000);
    }
    pci_config_write(scan->access, config, PCI_MEMORY_WINDOW, window);
    pci_config_write(scan->access, config, PCI_PREFETCH_WINDOW, 0x0000fff0);
    pci_config_write(scan->access, config, PCI_PREFETCH_UPPER, 0);
    pci_config_write(scan->access, config, PCI_PREFETCH_LIMIT, 0);
}

void enumerate_find_table(struct enumerate_scan *scan, uint32_t index)
{
    struct enumerate_function *where = &scan->result->functions[index];

    if (where->msix != 0) {
        uint32_t table = pci_config_read(scan->access, where->config, where->msix + MSIX_TABLE);

        where->msix_table = scan->result->tree.functions[index].bars[table & 7].base + (table & ~7u);
    }
}

/** Programs the addresses of one host bridge's functions and lets them work. */
static void enable(struct enumerate_scan *scan)
{
    struct enumeration *result = scan->result;

    for (uint32_t i = 0; i < result->tree.function_count; i++) {
        struct enumerate_function *where = &result->functions[i];

        if (result->tree.functions[i].host_bridge != scan->bridge_index) {
            continue;
        }
        program_addresses(scan, i);
        pci_config_write16(scan->access, where->config, PCI_COMMAND,
                           PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
        enumerate_find_table(scan, i);
    }
}

/** Asks the ports above functions that have PASIDs whether they take TLP prefixes, each once. */
static bool read_prefixes(struct enumerate_scan *scan)
{
    struct enumeration *result = scan->result;
    bool *asked = calloc(result->tree.function_count + 1, sizeof(*asked));

    for (uint32_t i = 0; asked != NULL && i < result->tree.function_count; i++) {
        uint32_t port = result->tree.functions[i].pasid ? result->tree.functions[i].parent : PCI_TREE_NONE;

        for (; port != PCI_TREE_NONE && !asked[port]; port = result->tree.functions[port].parent) {
            const struct enumerate_function *where = &result->functions[port];

            asked[port] = true;
            result->tree.functions[port].no_prefixes =
                where->pcie != 0 &&
                (pci_config_read(scan->access, where->config, where->pcie + PCIE_DEVCAP2) & PCIE_DEVCAP2_PREFIXES) == 0;
        }
    }
    if (asked == NULL) {
        return host_error_set(scan->error, "out of memory");
    }
    free(asked);
    return true;
}

bool enumerate_all(struct enumeration *result, struct host_access *access, const struct enumerate_bridge *bridges,
                   uint32_t bridge_count, const struct enumerate_options *options, struct host_error *error)
{
    unsigned ports_seen = 0;
    struct enumerate_scan scan = {
        .result = result, .access = access, .options = options, .error = error, .ports_seen = &ports_seen};

    memset(result, 0, sizeof(*result));
    for (uint32_t i = 0; i < bridge_count; i++) {
        scan.bridge = &bridges[i];
        scan.bridge_index = pci_tree_add_host_bridge(&result->tree, bridges[i].name, bridges[i].segment,
                                                     bridges[i].first_bus, bridges[i].last_bus);
        result->tree.host_bridges[scan.bridge_index].peer_to_peer = bridges[i].peer_to_peer;
        scan.next_bus = bridges[i].first_bus + 1u;
        scan.above = PCI_TREE_NONE;
        scan.ari = false;
        if (!scan_bus(&scan, bridges[i].first_bus, false)) {
            return false;
        }
    }
    if (!pci_tree_finish(&result->tree, error->text, sizeof(error->text)) || !read_prefixes(&scan)) {
        return false;
    }
    for (uint32_t i = 0; i < bridge_count; i++) {
        scan.bridge = &bridges[i];
        scan.bridge_index = i;
        if (!placement_assign(&result->tree, i, bridges[i].mmio_base, bridges[i].mmio_size, error)) {
            return false;
        }
        enable(&scan);
    }
    return enumerate_enable_virtual(&scan, bridges) &&
           pci_tree_finish(&result->tree, error->text, sizeof(error->text)) &&
           virtual_channels_program(result, access, options, error);
}

void enumeration_clear(struct enumeration *result)
{
    pci_tree_clear(&result->tree);
    free(result->functions);
    memset(result, 0, sizeof(*result));
}
