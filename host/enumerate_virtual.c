#include "host/enumerate_internal.h"

#include "host/pci_config.h"

#define PCIE_DEVCAP2     0x24u
#define PCIE_DEVCTL2     0x28u
#define PCIE_ARI_FORWARD (1u << 5) /* in both */

/* ---- ARI ---- */

void enumerate_set_up_ari(struct enumerate_scan *scan, uint64_t config)
{
    uint64_t port;
    uint16_t pcie;
    uint16_t control;

    if (scan->above == PCI_TREE_NONE) {
        return;
    }
    port = scan->result->functions[scan->above].config;
    pcie = scan->result->functions[scan->above].pcie;
    if (pcie == 0 || (pci_config_read(scan->access, port, pcie + PCIE_DEVCAP2) & PCIE_ARI_FORWARD) == 0) {
        return;
    }
    scan->ari = pci_config_find_extended(scan->access, config, PCI_EXT_CAP_ARI) != 0;
    control = pci_config_read16(scan->access, port, pcie + PCIE_DEVCTL2);
    control = (uint16_t)(scan->ari ? control | PCIE_ARI_FORWARD : control & ~PCIE_ARI_FORWARD);
    pci_config_write16(scan->access, port, pcie + PCIE_DEVCTL2, control);
}

/* ---- Finding SR-IOV ---- */

/** Whether a PF was found before on the same bus: only the first one says whether the hierarchy has ARI (9.3.3.3.5). */
static bool has_pf_on_bus(const struct enumerate_scan *scan, uint16_t rid)
{
    for (uint32_t i = 0; i < scan->result->tree.function_count; i++) {
        const struct pci_tree_function *other = &scan->result->tree.functions[i];

        if (other->host_bridge == scan->bridge_index && other->total_vfs > 0 && other->rid >> 8 == rid >> 8) {
            return true;
        }
    }
    return false;
}

/**
 * Offset and stride may depend on the number of VFs, so each number is tried, as Linux does.
 * @return requester ID of the farthest VF
 */
static uint32_t find_last(struct enumerate_scan *scan, struct enumerate_function *where, uint16_t rid, uint16_t total)
{
    uint64_t sriov = where->config + where->sriov;
    uint32_t last = rid;

    for (uint16_t count = total; count > 0; count--) {
        uint16_t offset;
        uint16_t stride;
        uint32_t reached;

        pci_config_write16(scan->access, sriov, PCI_SRIOV_NUM_VFS, count);
        offset = pci_config_read16(scan->access, sriov, PCI_SRIOV_FIRST_OFFSET);
        stride = pci_config_read16(scan->access, sriov, PCI_SRIOV_STRIDE);
        reached = rid + offset + (uint32_t)(count - 1) * stride;
        last = reached > last ? reached : last;
        if (count == total) {
            where->vf_offset = offset;
            where->vf_stride = stride;
        }
    }
    pci_config_write16(scan->access, sriov, PCI_SRIOV_NUM_VFS, 0);
    return last;
}

bool enumerate_find_virtual(struct enumerate_scan *scan, struct enumerate_function *where,
                            struct pci_tree_function *function)
{
    uint64_t sriov;
    uint16_t total;
    uint32_t last;

    if (where->pcie == 0) {
        return true;
    }
    where->sriov = pci_config_find_extended(scan->access, where->config, PCI_EXT_CAP_SRIOV);
    sriov = where->config + where->sriov;
    total = where->sriov != 0 ? pci_config_read16(scan->access, sriov, PCI_SRIOV_TOTAL_VFS) : 0;
    if (total == 0) {
        where->sriov = 0;
        return true;
    }
    pci_config_write16(scan->access, sriov, PCI_SRIOV_CONTROL,
                       scan->ari && !has_pf_on_bus(scan, function->rid) ? PCI_SRIOV_CONTROL_ARI : 0);
    pci_config_write(scan->access, sriov, PCI_SRIOV_PAGE_SIZE, PCI_SRIOV_PAGE_4K);
    function->total_vfs = total;
    enumerate_size_bars(scan, sriov + PCI_SRIOV_BARS, PCI_TREE_BARS, function->vf_bars);
    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        function->vf_bars[i].size *= total;
    }
    last = find_last(scan, where, function->rid, total) >> 8;
    if (last > scan->bridge->last_bus) {
        return host_error_set(scan->error,
                              "host bridge %s: its %u buses do not suffice for the virtual functions of %s",
                              scan->bridge->name, scan->bridge->last_bus - scan->bridge->first_bus + 1u,
                              function->name != NULL ? function->name : "a function");
    }
    /* Nothing else is numbered behind a bus with a PF before its functions are all known, so the buses are free. */
    scan->next_bus = last >= scan->next_bus ? last + 1 : scan->next_bus;
    return true;
}

void enumerate_place_virtual(struct enumerate_scan *scan, uint32_t index)
{
    const struct pci_tree_function *function = &scan->result->tree.functions[index];
    uint64_t sriov = scan->result->functions[index].config + scan->result->functions[index].sriov;

    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        if (function->vf_bars[i].size != 0) {
            pci_config_write(scan->access, sriov, PCI_SRIOV_BARS + 4 * i, (uint32_t)function->vf_bars[i].base);
        }
    }
}

/* ---- Enabling VFs ---- */

/** Appends VF @p number of a PF: what it has of its own, and what is its PF's (9.3.4, 9.3.5, 9.3.6). */
static bool append_virtual(struct enumerate_scan *scan, uint32_t physical, uint16_t number)
{
    const struct enumerate_function *owner = &scan->result->functions[physical];
    const struct pci_tree_function *pf = &scan->result->tree.functions[physical];
    struct enumerate_function where = {0};
    struct pci_tree_function function;
    uint16_t rid = (uint16_t)(pf->rid + owner->vf_offset + (number - 1u) * owner->vf_stride);
    uint32_t index = 0;
    uint16_t ats;

    pci_tree_function_init(&function, pf->type, rid);
    function.host_bridge = pf->host_bridge;
    function.is_vf = true;
    function.physical_function = physical;
    if (scan->options->name_of != NULL) {
        /* Copied by the tree. */
        function.name =
            (char *)(uintptr_t)scan->options->name_of(scan->options->name_context, scan->bridge->segment, rid);
    }
    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        function.bars[i].size = pf->vf_bars[i].size / pf->total_vfs;
        function.bars[i].base = pf->vf_bars[i].base + (number - 1u) * function.bars[i].size;
        function.bars[i].prefetchable = pf->vf_bars[i].prefetchable;
    }
    function.pasid = pf->pasid;
    function.pasid_width = pf->pasid_width;
    function.pri = pf->pri;
    where.config = enumerate_config_address(scan->bridge, rid);
    where.pcie = pci_config_find(scan->access, where.config, PCI_CAP_PCIE);
    if (where.pcie == 0) {
        return host_error_set(scan->error, "%s: its VF %u does not answer", pf->name, number);
    }
    enumerate_note_messages(scan, &where, &function);
    ats = pci_config_find_extended(scan->access, where.config, PCI_EXT_CAP_ATS);
    where.ats = ats;
    function.ats = ats != 0;
    if (!enumerate_append(scan, &function, &where, &index)) {
        return false;
    }
    pci_config_write16(scan->access, where.config, PCI_COMMAND, PCI_COMMAND_MASTER);
    enumerate_find_table(scan, index);
    return true;
}

static bool enable_of(struct enumerate_scan *scan, uint32_t physical)
{
    uint16_t total = scan->result->tree.functions[physical].total_vfs;
    uint16_t rid = scan->result->tree.functions[physical].rid;
    uint64_t sriov = scan->result->functions[physical].config + scan->result->functions[physical].sriov;
    uint32_t wanted = 0;

    if (scan->options->vfs_of != NULL) {
        wanted = scan->options->vfs_of(scan->options->vfs_context, scan->bridge->segment, rid);
    }
    wanted = wanted < total ? wanted : total;
    if (wanted == 0) {
        return true;
    }
    pci_config_write16(scan->access, sriov, PCI_SRIOV_NUM_VFS, (uint16_t)wanted);
    scan->result->functions[physical].vf_offset = pci_config_read16(scan->access, sriov, PCI_SRIOV_FIRST_OFFSET);
    scan->result->functions[physical].vf_stride = pci_config_read16(scan->access, sriov, PCI_SRIOV_STRIDE);
    /* The specification has software wait 100 ms here; the VFs of the models are ready at once. */
    pci_config_write16(scan->access, sriov, PCI_SRIOV_CONTROL,
                       (uint16_t)(pci_config_read16(scan->access, sriov, PCI_SRIOV_CONTROL) | PCI_SRIOV_CONTROL_VFE |
                                  PCI_SRIOV_CONTROL_MSE));
    for (uint16_t number = 1; number <= wanted; number++) {
        if (!append_virtual(scan, physical, number)) {
            return false;
        }
    }
    return true;
}

bool enumerate_enable_virtual(struct enumerate_scan *scan, const struct enumerate_bridge *bridges)
{
    uint32_t count = scan->result->tree.function_count;

    for (uint32_t i = 0; i < count; i++) {
        scan->bridge_index = scan->result->tree.functions[i].host_bridge;
        scan->bridge = &bridges[scan->bridge_index];
        if (scan->result->functions[i].sriov != 0 && !enable_of(scan, i)) {
            return false;
        }
    }
    return true;
}
