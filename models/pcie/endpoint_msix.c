#include "models/pcie/endpoint_internal.h"

#define PAGE 4096u

/* ---- Table and pending bits ---- */

static uint32_t round_up(uint32_t bytes, uint32_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/** Where table and pending bits lie if the configuration leaves it open: at the end of BAR 0. */
static void place_by_rule(struct endpoint_function *function)
{
    uint64_t size = function->bars[0].size < UINT64_C(0x80000000) ? function->bars[0].size : UINT64_C(0x80000000);
    uint32_t unit = size >= 4 * PAGE ? PAGE : 8;
    uint32_t table = round_up(function->table_bytes, unit);
    uint32_t pba = round_up(function->pba_bytes, unit);

    if (table + pba <= size) {
        function->table_offset = (uint32_t)size - table;
        function->pba_offset = function->table_offset - pba;
    }
}

static bool fits(const struct endpoint_function *function, unsigned bar, uint32_t offset, uint32_t bytes)
{
    return bar < PCIE_TYPE0_BARS && offset % 8 == 0 && (uint64_t)offset + bytes <= function->bars[bar].size;
}

static bool overlap(const struct endpoint_function *function)
{
    return function->table_bar == function->pba_bar &&
           function->table_offset < function->pba_offset + function->pba_bytes &&
           function->pba_offset < function->table_offset + function->table_bytes;
}

void endpoint_msix_init(struct endpoint_function *function, const struct endpoint_function_config *config)
{
    struct sim *sim = function->endpoint->sim;
    bool open = config->msix_table_bar == 0 && config->msix_table_offset == 0 && config->msix_pba_bar == 0 &&
                config->msix_pba_offset == 0;

    function->vectors = config->msix_vectors;
    if (config->msix_vectors == 0) {
        return;
    }
    function->table_bytes = config->msix_vectors * PCIE_MSIX_ENTRY_BYTES;
    function->pba_bytes = (config->msix_vectors + 63) / 64 * 8;
    function->table_bar = config->msix_table_bar;
    function->table_offset = config->msix_table_offset;
    function->pba_bar = config->msix_pba_bar;
    function->pba_offset = config->msix_pba_offset;
    if (open) {
        place_by_rule(function);
    }
    if (config->msix_vectors > PCIE_MSIX_MAX_VECTORS || overlap(function) ||
        !fits(function, function->table_bar, function->table_offset, function->table_bytes) ||
        !fits(function, function->pba_bar, function->pba_offset, function->pba_bytes)) {
        sim_panic(sim, &function->endpoint->component, NULL, "no room for %u MSI-X vectors in the BARs of function %u",
                  config->msix_vectors, function->number);
    }
    function->table = sim_alloc(sim, function->table_bytes);
    function->pba = sim_alloc(sim, function->pba_bytes);
    for (uint32_t i = 0; i < config->msix_vectors; i++) {
        function->table[i * PCIE_MSIX_ENTRY_BYTES + PCIE_MSIX_ENTRY_VECTOR_CONTROL] = PCIE_MSIX_ENTRY_MASKED;
    }
    pcie_add_msix(&function->config, config->msix_vectors, function->table_bar, function->table_offset,
                  function->pba_bar, function->pba_offset);
}

/* ---- The message store of the device's own (IMS) ---- */

void endpoint_ims_init(struct endpoint_function *function, const struct endpoint_function_config *config)
{
    struct sim *sim = function->endpoint->sim;
    uint32_t bytes = config->ims_entries * PCIE_MSIX_ENTRY_BYTES;
    bool on_table = function->vectors > 0 && config->ims_bar == function->table_bar &&
                    config->ims_offset < function->table_offset + function->table_bytes &&
                    function->table_offset < config->ims_offset + bytes;
    bool on_pba = function->vectors > 0 && config->ims_bar == function->pba_bar &&
                  config->ims_offset < function->pba_offset + function->pba_bytes &&
                  function->pba_offset < config->ims_offset + bytes;

    if (config->ims_entries == 0) {
        return;
    }
    if (config->ims_entries > ENDPOINT_MAX_IMS || on_table || on_pba ||
        !fits(function, config->ims_bar, config->ims_offset, bytes)) {
        sim_panic(sim, &function->endpoint->component, NULL,
                  "no room for a message store of %u entries in the BARs of function %u", config->ims_entries,
                  function->number);
    }
    function->ims_entries = config->ims_entries;
    function->ims_bar = config->ims_bar;
    function->ims_offset = config->ims_offset;
    function->ims = sim_alloc(sim, bytes);
    for (uint32_t i = 0; i < config->ims_entries; i++) {
        function->ims[i * PCIE_MSIX_ENTRY_BYTES + PCIE_MSIX_ENTRY_VECTOR_CONTROL] = PCIE_MSIX_ENTRY_MASKED;
    }
}

/* ---- Accesses ---- */

bool endpoint_msix_place(struct endpoint_function *function, unsigned bar, uint64_t offset, uint8_t **byte,
                         uint8_t *writable)
{
    if (function->ims_entries != 0 && bar == function->ims_bar &&
        offset - function->ims_offset < function->ims_entries * PCIE_MSIX_ENTRY_BYTES) {
        uint64_t at = offset - function->ims_offset;

        *byte = &function->ims[at];
        *writable = at % PCIE_MSIX_ENTRY_BYTES == PCIE_MSIX_ENTRY_VECTOR_CONTROL ? PCIE_MSIX_ENTRY_MASKED : 0xff;
        return true;
    }
    if (function->vectors == 0) {
        return false;
    }
    if (bar == function->table_bar && offset - function->table_offset < function->table_bytes) {
        *byte = &function->table[offset - function->table_offset];
        *writable = 0xff;
        return true;
    }
    if (bar == function->pba_bar && offset - function->pba_offset < function->pba_bytes) {
        *byte = &function->pba[offset - function->pba_offset];
        *writable = 0;
        return true;
    }
    return false;
}
