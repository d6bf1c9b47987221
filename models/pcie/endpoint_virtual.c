#include "models/pcie/endpoint_internal.h"

#include <string.h>

#define PAGE 4096u

/* ---- Building ---- */

static void check(const struct endpoint_function *physical, const struct endpoint_config *config)
{
    const struct pcie_sriov *sriov = &config->functions[physical->index].sriov;
    uint32_t last = physical->number + sriov->first_vf_offset + (sriov->total_vfs - 1u) * sriov->vf_stride;
    bool wrong = sriov->first_vf_offset == 0 || sriov->vf_stride == 0 || last > UINT16_MAX;

    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        const struct pcie_bar *bar = &sriov->bars[i];

        wrong = wrong || (bar->size & (bar->size - 1)) != 0 || (bar->size != 0 && bar->size < PAGE);
        wrong = wrong || (bar->wide && (i + 1 == PCIE_TYPE0_BARS || sriov->bars[i + 1].size != 0));
    }
    if (wrong) {
        sim_panic(physical->endpoint->sim, &physical->endpoint->component, NULL,
                  "the virtual functions of function %u make no sense, or go beyond the last bus", physical->number);
    }
}

/** The message structures of a VF are where those of a PF are if nothing says otherwise: at the end of BAR 0. */
static void init_messages(struct endpoint_function *function, const struct endpoint_function_config *owner)
{
    struct endpoint_function_config own;

    memset(&own, 0, sizeof(own));
    own.msix_vectors = owner->vf_msix_vectors;
    endpoint_msix_init(function, &own);
    endpoint_message_init(function);
}

/** Registers of a VF: no identity, BARs or Memory Space of its own (9.3.4). PASID and PRI are those of the PF. */
static void init_registers(struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *owner = &config->functions[function->physical->index];
    struct pcie_config_space *space = &function->config;
    struct pcie_identity identity = owner->identity;
    struct pcie_express express = {
        .type = PCIE_EXP_TYPE_ENDPOINT,
        .max_payload = config->max_payload,
        .extended_tag = true,
        .pasid = owner->pasid_bits > 0,
    };

    identity.vendor_id = 0xffff;
    identity.device_id = 0xffff;
    pcie_config_init(space, function->endpoint->sim);
    pcie_add_header(space, &identity, false, false);
    pcie_config_allow16(space, PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER);
    pcie_config_allow8(space, PCIE_CACHE_LINE_SIZE, 0);
    pcie_config_allow8(space, PCIE_INTERRUPT_LINE, 0);
    pcie_add_power_management(space);
    pcie_add_express(space, &express);
    init_messages(function, owner);
    pcie_add_aer(space);
    if (owner->ari) {
        pcie_add_ari(space, 0);
    }
    if (owner->ats_queue_depth > 0) {
        pcie_add_ats(space, owner->ats_queue_depth);
    }
    function->initial = sim_alloc(function->endpoint->sim, PCIE_CONFIG_BYTES);
    memcpy(function->initial, space->value, PCIE_CONFIG_BYTES);
}

static void init_one(struct endpoint_function *function, uint32_t vf, const struct endpoint_config *config)
{
    const struct pcie_sriov *sriov = &config->functions[function->physical->index].sriov;
    struct endpoint *endpoint = function->endpoint;

    function->vf_number = vf;
    function->dma_number = -1;
    function->number = function->physical->number + sriov->first_vf_offset + (vf - 1) * sriov->vf_stride;
    if (endpoint->by_number[function->number] != ENDPOINT_NO_FUNCTION) {
        sim_panic(endpoint->sim, &endpoint->component, NULL, "two functions have number %u", function->number);
    }
    endpoint->by_number[function->number] = (uint16_t)function->index;
    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        if (sriov->bars[i].size != 0) {
            endpoint_bar_init(function, i, sriov->bars[i].size, config->bar_store);
        }
    }
    init_registers(function, config);
}

void endpoint_virtual_init(struct endpoint_function *physical, uint32_t first, const struct endpoint_config *config)
{
    const struct pcie_sriov *sriov = &config->functions[physical->index].sriov;

    physical->first_vf = first;
    if (sriov->total_vfs == 0) {
        return;
    }
    check(physical, config);
    for (uint32_t vf = 1; vf <= sriov->total_vfs; vf++) {
        struct endpoint_function *function = &physical->endpoint->functions[first + vf - 1];

        function->endpoint = physical->endpoint;
        function->index = first + vf - 1;
        function->physical = physical;
        init_one(function, vf, config);
    }
}

/* ---- Following the PF ---- */

static void place_bars(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->physical->config;

    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        struct endpoint_bar *bar = &function->bars[i];
        unsigned at = space->sriov + PCIE_SRIOV_VF_BAR(i);
        uint32_t low = pcie_config_get32(space, at);

        if (bar->size == 0) {
            continue;
        }
        bar->base = low & PCIE_BAR_ADDRESS;
        if ((low & PCIE_BAR_TYPE) == PCIE_BAR_TYPE_64) {
            bar->base |= (uint64_t)pcie_config_get32(space, at + 4) << 32;
        }
        bar->base += (function->vf_number - 1) * bar->size;
    }
}

static void follow(struct endpoint_function *function, bool enabled)
{
    struct endpoint_function *physical = function->physical;
    bool appears = enabled && !function->present;

    if (appears || (function->present && !enabled)) {
        endpoint_function_reset(function, sim_now(function->endpoint->sim));
    }
    function->present = enabled;
    endpoint_function_set_id(function, (uint16_t)(physical->id + function->number - physical->number));
    place_bars(function);
    endpoint_function_decode(function);
}

void endpoint_virtual_decode(struct endpoint_function *physical)
{
    struct pcie_config_space *space = &physical->config;
    uint16_t control;
    uint32_t count;
    uint32_t total;
    bool enable;

    if (space->sriov == 0) {
        return;
    }
    control = pcie_config_get16(space, space->sriov + PCIE_SRIOV_CONTROL);
    total = pcie_config_get16(space, space->sriov + PCIE_SRIOV_TOTAL_VFS);
    count = pcie_config_get16(space, space->sriov + PCIE_SRIOV_NUM_VFS);
    enable = (control & PCIE_SRIOV_VF_ENABLE) != 0;
    /* Software must not change the number while VFs are enabled; here it cannot. More than there are: all. */
    pcie_config_allow16(space, space->sriov + PCIE_SRIOV_NUM_VFS, enable ? 0 : 0xffff);
    count = count < total ? count : total;
    physical->vfs_enabled = enable ? count : 0;
    for (uint32_t vf = 0; vf < total; vf++) {
        follow(&physical->endpoint->functions[physical->first_vf + vf], vf < physical->vfs_enabled);
    }
}

/* ---- Reset ---- */

static void mask_entries(uint8_t *entries, uint32_t count)
{
    if (count == 0) {
        return;
    }
    memset(entries, 0, (size_t)count * PCIE_MSIX_ENTRY_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        entries[i * PCIE_MSIX_ENTRY_BYTES + PCIE_MSIX_ENTRY_VECTOR_CONTROL] = PCIE_MSIX_ENTRY_MASKED;
    }
}

void endpoint_function_reset(struct endpoint_function *function, sim_time now)
{
    struct pcie_config_space *space = &function->config;
    uint16_t link = pcie_config_get16(space, space->express + PCIE_EXP_LINK_STATUS);
    uint32_t link_capabilities = pcie_config_get32(space, space->express + PCIE_EXP_LINK_CAPABILITIES);

    endpoint_message_discard(function, now, SIM_DROP_MSIX_MASKED);
    memcpy(space->value, function->initial, PCIE_CONFIG_BYTES);
    pcie_config_set16(space, space->express + PCIE_EXP_LINK_STATUS, link);
    pcie_config_set32(space, space->express + PCIE_EXP_LINK_CAPABILITIES, link_capabilities);
    mask_entries(function->table, function->vectors);
    mask_entries(function->ims, function->ims_entries);
}
