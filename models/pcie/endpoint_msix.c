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
    function->held = sim_alloc(sim, config->msix_vectors * sizeof(*function->held));
    for (uint32_t i = 0; i < config->msix_vectors; i++) {
        function->table[i * PCIE_MSIX_ENTRY_BYTES + PCIE_MSIX_ENTRY_VECTOR_CONTROL] = PCIE_MSIX_ENTRY_MASKED;
    }
    pcie_add_msix(&function->config, config->msix_vectors, function->table_bar, function->table_offset,
                  function->pba_bar, function->pba_offset);
}

bool endpoint_msix_place(struct endpoint_function *function, unsigned bar, uint64_t offset, uint8_t **byte,
                         bool *writable)
{
    if (function->vectors == 0) {
        return false;
    }
    if (bar == function->table_bar && offset - function->table_offset < function->table_bytes) {
        *byte = &function->table[offset - function->table_offset];
        *writable = true;
        return true;
    }
    if (bar == function->pba_bar && offset - function->pba_offset < function->pba_bytes) {
        *byte = &function->pba[offset - function->pba_offset];
        *writable = false;
        return true;
    }
    return false;
}

static const uint8_t *entry_of(const struct endpoint_function *function, uint32_t vector)
{
    return &function->table[vector * PCIE_MSIX_ENTRY_BYTES];
}

static bool is_masked(const struct endpoint_function *function, uint32_t vector)
{
    return function->msix_function_masked ||
           (entry_of(function, vector)[PCIE_MSIX_ENTRY_VECTOR_CONTROL] & PCIE_MSIX_ENTRY_MASKED) != 0;
}

/* ---- Messages ---- */

static struct sim_packet *make_message(struct endpoint_function *function, uint32_t vector, sim_time born,
                                       uint32_t source, uint64_t id)
{
    struct sim_packet *packet = sim_packet_new(function->endpoint->sim, 4);

    packet->type = SIM_PACKET_WRITE;
    packet->flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | (function->ecrc_enabled ? SIM_FLAG_ECRC : 0);
    packet->id = id;
    packet->born = born;
    packet->last_mark = born;
    packet->source = source;
    packet->sequence = function->writes_sent;
    packet->vector = vector;
    packet->requester = function->id;
    packet->first_be = 0xf;
    return packet;
}

/**
 * Fills in what the table says now and sends: RO and NS are 0 and there is no PASID, whatever the function's DMA has.
 */
static void send_message(struct endpoint_function *function, struct sim_packet *packet, sim_time now)
{
    struct endpoint *endpoint = function->endpoint;
    const uint8_t *entry = entry_of(function, packet->vector);

    packet->address = (sim_load_le64(entry + PCIE_MSIX_ENTRY_ADDRESS)) & ~(uint64_t)3;
    sim_store_le32(packet->data, sim_load_le32(entry + PCIE_MSIX_ENTRY_DATA));
    endpoint->counters.msi_sent++;
    sim_event(endpoint->sim, SIM_EVENT_MSI_SENT, packet, &endpoint->component, now + endpoint->send_latency, 0);
    pcie_port_send(endpoint->port, PCIE_POSTED, packet, now, endpoint->send_latency);
}

static void hold(struct endpoint_function *function, struct sim_packet *packet, sim_time now)
{
    struct endpoint *endpoint = function->endpoint;
    struct endpoint_held *held = &function->held[packet->vector];

    endpoint->counters.msi_held++;
    if (held->pending) {
        endpoint->counters.msi_merged++;
        sim_event(endpoint->sim, SIM_EVENT_MSI_MERGED, packet, &endpoint->component, now, 0);
    } else {
        held->pending = true;
        held->born = packet->born;
        held->id = packet->id;
        held->source = packet->source;
        function->held_count++;
        function->pba[packet->vector / 8] |= (uint8_t)(1u << packet->vector % 8);
    }
    sim_packet_free(endpoint->sim, packet);
}

bool endpoint_msix_signal(struct endpoint *endpoint, const struct endpoint_operation *operation, uint64_t id,
                          sim_time now)
{
    struct endpoint_function *function = operation->function;
    struct sim_packet *packet = make_message(function, operation->vector, operation->born, operation->source, id);

    endpoint->counters.msi_born++;
    sim_event(endpoint->sim, SIM_EVENT_MSI_BORN, packet, &endpoint->component, operation->born, 0);
    if (!function->bus_master || !function->msix_enabled) {
        endpoint->counters.msi_dropped++;
        sim_drop(endpoint->sim, packet, &endpoint->component, now,
                 function->bus_master ? SIM_DROP_MSIX_MASKED : SIM_DROP_BUS_MASTER_OFF);
        return false;
    }
    if (is_masked(function, operation->vector)) {
        hold(function, packet, now);
        return false;
    }
    send_message(function, packet, now);
    return true;
}

/* ---- Held messages ---- */

void endpoint_msix_unmasked(struct endpoint_function *function)
{
    if (function->held_count > 0) {
        function->releasing = true;
        function->release_from = 0;
        function->endpoint->releasing_functions |= 1u << function->number;
    }
}

static bool find_in_function(struct endpoint_function *function, uint32_t *vector)
{
    if (!function->bus_master || !function->msix_enabled || function->msix_function_masked) {
        return false;
    }
    for (; function->release_from < function->vectors; function->release_from++) {
        if (function->held[function->release_from].pending && !is_masked(function, function->release_from)) {
            *vector = function->release_from;
            return true;
        }
    }
    return false;
}

struct endpoint_function *endpoint_msix_find_released(struct endpoint *endpoint, uint32_t *vector)
{
    for (uint32_t i = 0; i < endpoint->function_count; i++) {
        struct endpoint_function *function = &endpoint->functions[i];

        if (!function->releasing) {
            continue;
        }
        if (find_in_function(function, vector)) {
            return function;
        }
        function->releasing = false;
        endpoint->releasing_functions &= ~(1u << i);
    }
    return NULL;
}

void endpoint_msix_release(struct endpoint_function *function, uint32_t vector, sim_time now)
{
    struct endpoint_held *held = &function->held[vector];
    struct sim_packet *packet = make_message(function, vector, held->born, held->source, held->id);

    held->pending = false;
    function->held_count--;
    function->pba[vector / 8] &= (uint8_t) ~(1u << vector % 8);
    send_message(function, packet, now);
}

uint64_t endpoint_report_held(struct endpoint *endpoint)
{
    uint64_t count = 0;

    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        struct endpoint_function *function = &endpoint->functions[f];

        for (uint32_t vector = 0; vector < function->vectors; vector++) {
            struct endpoint_held *held = &function->held[vector];

            if (held->pending) {
                sim_drop(endpoint->sim, make_message(function, vector, held->born, held->source, held->id),
                         &endpoint->component, sim_now(endpoint->sim), SIM_DROP_MSIX_MASKED);
                held->pending = false;
                function->held_count--;
                function->pba[vector / 8] &= (uint8_t) ~(1u << vector % 8);
                count++;
            }
        }
    }
    return count;
}
