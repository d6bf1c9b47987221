#include "models/pcie/config_request.h"
#include "models/pcie/endpoint_internal.h"

#include <string.h>

/* ---- Building ---- */

static void init_bars(struct endpoint_function *function, const struct endpoint_function_config *config, uint32_t store)
{
    struct sim *sim = function->endpoint->sim;

    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        const struct pcie_bar *bar = &config->bars[i];
        struct endpoint_bar *place = &function->bars[i];
        bool power_of_two = (bar->size & (bar->size - 1)) == 0;

        if (bar->size == 0) {
            continue;
        }
        if (!power_of_two || bar->size < 16 || (!bar->wide && bar->size > UINT64_C(0x80000000)) ||
            (bar->wide && (i + 1 == PCIE_TYPE0_BARS || config->bars[i + 1].size != 0))) {
            sim_panic(sim, &function->endpoint->component, NULL, "BAR %u of function %u makes no sense", i,
                      function->number);
        }
        place->size = bar->size;
        place->store_bytes = bar->size < store ? (uint32_t)bar->size : store;
        place->store = sim_alloc(sim, place->store_bytes);
    }
    pcie_add_bars(&function->config, config->bars);
}

static void init_capabilities(struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->number];
    struct pcie_config_space *space = &function->config;
    unsigned next_function = function->number + 1 < config->function_count ? function->number + 1 : 0;
    struct pcie_express express = {
        .type = PCIE_EXP_TYPE_ENDPOINT,
        .max_payload = config->max_payload,
        .extended_tag = true,
        .pasid = own->pasid_bits > 0,
    };

    pcie_add_power_management(space);
    pcie_add_express(space, &express);
    endpoint_msix_init(function, own);
    pcie_add_aer(space);
    pcie_add_acs(space, &own->acs);
    if (own->ari) {
        pcie_add_ari(space, next_function);
    }
    if (own->ats_queue_depth > 0) {
        pcie_add_ats(space, own->ats_queue_depth);
    }
    if (own->pasid_bits > 0) {
        pcie_add_pasid(space, own->pasid_bits, own->pasid_execute, own->pasid_privileged);
    }
}

void endpoint_function_init(struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->number];

    pcie_config_init(&function->config, function->endpoint->sim);
    pcie_add_header(&function->config, &own->identity, false, config->function_count > 1);
    init_bars(function, own, config->bar_store);
    init_capabilities(function, config);
    endpoint_function_decode(function);
}

/* ---- Decoding ---- */

static void decode_bars(struct endpoint_function *function)
{
    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        uint32_t low = pcie_config_get32(&function->config, PCIE_BAR(i));

        if (function->bars[i].size == 0) {
            continue;
        }
        function->bars[i].base = low & PCIE_BAR_ADDRESS;
        if ((low & PCIE_BAR_TYPE) == PCIE_BAR_TYPE_64) {
            function->bars[i].base |= (uint64_t)pcie_config_get32(&function->config, PCIE_BAR(i + 1)) << 32;
        }
    }
}

static uint32_t at_most_a_block(const struct endpoint_function *function, uint32_t bytes)
{
    uint32_t block = sim_pool(function->endpoint->sim)->block_bytes;

    return bytes < block ? bytes : block;
}

void endpoint_function_decode(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;
    uint16_t command = pcie_config_get16(space, PCIE_COMMAND);
    uint16_t power = pcie_config_get16(space, space->power_management + PCIE_PM_CONTROL_STATUS) & PCIE_PM_STATE;
    uint16_t control = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL);
    bool awake = power == PCIE_PM_STATE_D0;

    function->memory_space = awake && (command & PCIE_COMMAND_MEMORY_SPACE) != 0;
    function->bus_master = awake && (command & PCIE_COMMAND_BUS_MASTER) != 0;
    function->relaxed_enabled = (control & PCIE_EXP_DEVCTL_RELAXED_ORDERING) != 0;
    function->ecrc_enabled =
        space->aer != 0 && (pcie_config_get32(space, space->aer + PCIE_AER_CONTROL) & PCIE_AER_ECRC_GENERATION) != 0;
    /* A device may always ask for less than it is allowed to: no more than fits into one of our payload blocks. */
    function->max_payload = at_most_a_block(function, pcie_config_max_payload(space));
    function->max_read_request = at_most_a_block(function, pcie_config_max_read_request(space));
    if (space->msix != 0) {
        uint16_t msix = pcie_config_get16(space, space->msix + PCIE_MSIX_CONTROL);

        function->msix_enabled = (msix & PCIE_MSIX_ENABLE) != 0;
        function->msix_function_masked = (msix & PCIE_MSIX_FUNCTION_MASK) != 0;
    }
    if (space->pasid != 0) {
        uint16_t pasid = pcie_config_get16(space, space->pasid + PCIE_PASID_CONTROL);

        function->pasid_enabled = (pasid & PCIE_PASID_ENABLE) != 0;
    }
    decode_bars(function);
}

/* ---- BARs ---- */

/** A byte range of a BAR of a function. */
struct place {
    struct endpoint_function *function;
    unsigned bar;
    uint64_t offset;
};

static bool find_place(struct endpoint *endpoint, const struct sim_packet *packet, struct place *place)
{
    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        struct endpoint_function *function = &endpoint->functions[f];

        if (!function->memory_space) {
            continue;
        }
        for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
            uint64_t offset = packet->address - function->bars[i].base;

            if (offset < function->bars[i].size && packet->length <= function->bars[i].size - offset) {
                place->function = function;
                place->bar = i;
                place->offset = offset;
                return true;
            }
        }
    }
    return false;
}

/** No function claims a request, so each one logs it (6.2.4). */
static void log_unsupported(struct endpoint *endpoint)
{
    endpoint->counters.unsupported_requests++;
    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        pcie_config_log_error(&endpoint->functions[f].config, PCIE_AER_UNSUPPORTED_REQUEST);
    }
}

static void write_place(struct endpoint *endpoint, const struct place *place, const struct sim_packet *packet)
{
    struct endpoint_bar *bar = &place->function->bars[place->bar];
    bool table_written = false;

    for (uint32_t i = 0; i < packet->length; i++) {
        uint64_t offset = place->offset + i;
        uint8_t *byte = NULL;
        bool writable = false;

        if (!pcie_tlp_byte_enabled(packet, i)) {
            continue;
        }
        if (endpoint_msix_place(place->function, place->bar, offset, &byte, &writable)) {
            if (writable) {
                *byte = packet->data[i];
                table_written = true;
            }
        } else if (offset < bar->store_bytes) {
            bar->store[offset] = packet->data[i];
        } else {
            endpoint->counters.bytes_unbacked++;
        }
    }
    if (table_written) {
        endpoint_msix_unmasked(place->function);
    }
}

static void read_place(const struct place *place, struct sim_packet *packet)
{
    const struct endpoint_bar *bar = &place->function->bars[place->bar];

    for (uint32_t i = 0; i < packet->length; i++) {
        uint64_t offset = place->offset + i;
        uint8_t *byte = NULL;
        bool writable = false;

        if (endpoint_msix_place(place->function, place->bar, offset, &byte, &writable)) {
            packet->data[i] = *byte;
        } else {
            packet->data[i] = offset < bar->store_bytes ? bar->store[offset] : 0;
        }
    }
}

/* ---- Requests from outside ---- */

void endpoint_take_posted(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    bool tracked = (packet->flags & SIM_FLAG_TRACKED) != 0;
    struct place place;

    if (packet->type != SIM_PACKET_WRITE || packet->at == SIM_AT_RESERVED || !find_place(endpoint, packet, &place)) {
        log_unsupported(endpoint);
        sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
        return;
    }
    endpoint->counters.requests_served++;
    if ((packet->flags & SIM_FLAG_POISONED) != 0) {
        /* What is poisoned must not be taken for good data (2.7.2.1): nothing is written. */
        endpoint->counters.poisoned++;
        pcie_config_log_error(&endpoint->functions[0].config, PCIE_AER_POISONED_TLP);
    } else {
        write_place(endpoint, &place, packet);
    }
    if (tracked) {
        sim_event(endpoint->sim, SIM_EVENT_PEER_ARRIVED, packet, &endpoint->component, now, 0);
    }
    if (tracked && (packet->flags & SIM_FLAG_MSI) != 0) {
        sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_PEER);
    } else {
        sim_packet_free(endpoint->sim, packet);
    }
}

static void serve_config(struct endpoint *endpoint, struct sim_packet *packet)
{
    /* With ARI the whole of the lower byte is a function number; without, only device 0 is ever below a link. */
    unsigned number = packet->target & 0xffu;
    uint16_t target = packet->target;
    struct endpoint_function *function;

    if (number >= endpoint->function_count || (packet->flags & SIM_FLAG_CONFIG_TYPE1) != 0) {
        endpoint->counters.unsupported_requests++;
        pcie_tlp_complete(packet, target, SIM_STATUS_UR, 0);
        return;
    }
    function = &endpoint->functions[number];
    endpoint->counters.requests_served++;
    if (pcie_config_access(&function->config, packet, target)) {
        function->id = target;
        endpoint_function_decode(function);
        endpoint_msix_unmasked(function);
        endpoint_refresh_next(endpoint);
    }
}

void endpoint_serve(struct endpoint *endpoint, struct sim_packet *packet)
{
    struct place place;

    if (packet->type != SIM_PACKET_READ) {
        serve_config(endpoint, packet);
        return;
    }
    if (packet->at == SIM_AT_TRANSLATION_REQUEST || packet->at == SIM_AT_RESERVED ||
        !find_place(endpoint, packet, &place)) {
        log_unsupported(endpoint);
        pcie_tlp_complete(packet, endpoint->functions[0].id, SIM_STATUS_UR, 0);
        return;
    }
    endpoint->counters.requests_served++;
    read_place(&place, packet);
    pcie_tlp_complete(packet, place.function->id, SIM_STATUS_OK, packet->length);
}
