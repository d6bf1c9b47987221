#include "models/pcie/config_request.h"
#include "models/pcie/endpoint_internal.h"
#include "models/pcie/probe.h"

#include <string.h>

/* ---- Building ---- */

void endpoint_bar_init(struct endpoint_function *function, unsigned bar, uint64_t size, uint32_t store)
{
    struct endpoint_bar *place = &function->bars[bar];

    place->size = size;
    place->store_bytes = size < store ? (uint32_t)size : store;
    place->store = sim_alloc(function->endpoint->sim, place->store_bytes);
}

static void init_bars(struct endpoint_function *function, const struct endpoint_function_config *config, uint32_t store)
{
    struct sim *sim = function->endpoint->sim;

    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        const struct pcie_bar *bar = &config->bars[i];
        bool power_of_two = (bar->size & (bar->size - 1)) == 0;

        if (bar->size == 0) {
            continue;
        }
        if (!power_of_two || bar->size < 16 || (!bar->wide && bar->size > UINT64_C(0x80000000)) ||
            (bar->wide && (i + 1 == PCIE_TYPE0_BARS || config->bars[i + 1].size != 0))) {
            sim_panic(sim, &function->endpoint->component, NULL, "BAR %u of function %u makes no sense", i,
                      function->number);
        }
        endpoint_bar_init(function, i, bar->size, store);
    }
    pcie_add_bars(&function->config, config->bars);
}

static void init_msi(struct endpoint_function *function, const struct pcie_msi *msi)
{
    struct pcie_config_space *space = &function->config;

    if ((msi->vectors & (msi->vectors - 1)) != 0 || msi->vectors > PCIE_MSI_MAX_VECTORS) {
        sim_panic(function->endpoint->sim, &function->endpoint->component, NULL,
                  "function %u: %u MSIs are not possible", function->number, msi->vectors);
    }
    pcie_add_msi(space, msi);
    function->msi_vectors = msi->vectors;
    if (msi->maskable) {
        function->msi_pending = (uint16_t)(space->msi + (msi->wide ? PCIE_MSI_PENDING_64 : PCIE_MSI_PENDING_32));
    }
}

static void init_extended(struct endpoint_function *function, const struct endpoint_function_config *own,
                          const struct pcie_vc_config *virtual_channels, unsigned next_function)
{
    struct pcie_config_space *space = &function->config;

    pcie_add_aer(space);
    pcie_add_acs(space, &own->acs);
    if (function->index == 0) {
        pcie_vcs_init(&function->endpoint->vcs, space, function->endpoint->sim, virtual_channels);
    }
    if (own->ari) {
        pcie_add_ari(space, next_function);
    }
    if (own->ats_queue_depth > 0) {
        pcie_add_ats(space, own->ats_queue_depth);
    }
    pcie_add_sriov(space, &own->sriov);
    if (own->pri_capacity > 0) {
        pcie_add_pri(space, own->pri_capacity, own->pri_response_pasid);
    }
    if (own->pasid_bits > 0) {
        pcie_add_pasid(space, own->pasid_bits, own->pasid_execute, own->pasid_privileged);
    }
}

static void init_capabilities(struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->index];
    struct pcie_config_space *space = &function->config;
    unsigned next_function = function->index + 1 < config->function_count ? function->number + 1 : 0;
    struct pcie_express express = {
        .type = PCIE_EXP_TYPE_ENDPOINT,
        .max_payload = config->max_payload,
        .extended_tag = true,
        .pasid = own->pasid_bits > 0,
        .phantom = own->phantom_bits,
    };

    pcie_add_power_management(space);
    init_msi(function, &own->msi);
    if (!config->conventional) {
        pcie_add_express(space, &express);
    }
    endpoint_msix_init(function, own);
    endpoint_ims_init(function, own);
    if (!config->conventional) {
        init_extended(function, own, &config->virtual_channels, next_function);
    } else if (function->index == 0) {
        pcie_vcs_init(&function->endpoint->vcs, space, function->endpoint->sim, &config->virtual_channels);
    }
}

/** What needs extended capabilities, a conventional function cannot have. */
static void check_conventional(const struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->index];
    bool express = own->acs.present || own->ari || own->ats_queue_depth > 0 || own->pri_capacity > 0;

    express = express || own->pasid_bits > 0 || own->sriov.total_vfs > 0 || own->phantom_bits > 0 ||
              own->has_dma_alias || config->virtual_channels.extended > 0;
    if (config->conventional && (express || config->device > 31)) {
        sim_panic(function->endpoint->sim, &function->endpoint->component, NULL,
                  "a conventional function has no capabilities of PCI Express, and a device number of five bits");
    }
}

static void check_aliases(const struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->index];
    uint32_t bits = config->functions[0].phantom_bits;
    bool other = own->ari || own->sriov.total_vfs > 0 || own->has_dma_alias;

    if (own->phantom_bits != bits || (bits > 0 && other)) {
        sim_panic(function->endpoint->sim, &function->endpoint->component, NULL,
                  "phantom functions are for endpoints whose functions all have them, without ARI, VFs or aliases");
    }
    if (bits > 3 || config->function_count > 8u >> bits) {
        sim_panic(function->endpoint->sim, &function->endpoint->component, NULL,
                  "%u bits of phantom functions leave no room for %zu functions", bits, config->function_count);
    }
}

void endpoint_function_init(struct endpoint_function *function, const struct endpoint_config *config)
{
    const struct endpoint_function_config *own = &config->functions[function->index];

    check_aliases(function, config);
    check_conventional(function, config);
    function->present = true;
    function->dma_number = own->has_dma_alias ? own->dma_alias : -1;
    pcie_config_init(&function->config, function->endpoint->sim);
    pcie_config_set_layout(&function->config, &function->endpoint->layout);
    pcie_add_header(&function->config, &own->identity, false, config->function_count > 1 || config->shares_device);
    init_bars(function, own, config->bar_store);
    init_capabilities(function, config);
    endpoint_message_init(function);
    function->initial = sim_alloc(function->endpoint->sim, PCIE_CONFIG_BYTES);
    memcpy(function->initial, function->config.value, PCIE_CONFIG_BYTES);
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

static void decode_msi(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;
    uint16_t control = pcie_config_get16(space, space->msi + PCIE_MSI_CONTROL);
    bool wide = (control & PCIE_MSI_64BIT) != 0;
    uint32_t capable = (control & PCIE_MSI_MULTIPLE_CAPABLE) >> PCIE_MSI_MULTIPLE_CAPABLE_SHIFT;
    uint32_t granted = (control & PCIE_MSI_MULTIPLE_ENABLE) >> PCIE_MSI_MULTIPLE_ENABLE_SHIFT;

    if ((control & PCIE_MSI_ENABLE) != 0 && function->message_kind == ENDPOINT_MESSAGE_NONE) {
        function->message_kind = ENDPOINT_MESSAGE_MSI;
    }
    /* More messages than were asked for must not be granted; if they are, the function uses those it asked for. */
    function->msi_granted_log2 = granted < capable ? granted : capable;
    function->msi_address = pcie_config_get32(space, space->msi + PCIE_MSI_ADDRESS);
    if (wide) {
        function->msi_address |= (uint64_t)pcie_config_get32(space, space->msi + PCIE_MSI_ADDRESS_HI) << 32;
    }
    function->msi_data = pcie_config_get16(space, space->msi + (wide ? PCIE_MSI_DATA_64 : PCIE_MSI_DATA_32));
    function->msi_mask = 0;
    if ((control & PCIE_MSI_PER_VECTOR_MASK) != 0) {
        function->msi_mask = pcie_config_get32(space, space->msi + (wide ? PCIE_MSI_MASK_64 : PCIE_MSI_MASK_32));
    }
}

/** MSI-X goes before MSI: to have both enabled is undefined. */
static void decode_messages(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;

    function->message_kind = ENDPOINT_MESSAGE_NONE;
    if (space->msix != 0) {
        uint16_t msix = pcie_config_get16(space, space->msix + PCIE_MSIX_CONTROL);

        if ((msix & PCIE_MSIX_ENABLE) != 0) {
            function->message_kind = ENDPOINT_MESSAGE_MSIX;
        }
        function->msix_function_masked = (msix & PCIE_MSIX_FUNCTION_MASK) != 0;
    }
    if (space->msi != 0) {
        decode_msi(function);
    }
}

/** Page requests: Reset acts at once and reads as 0; with nothing under way, a disabled interface is stopped. */
static void decode_pri(struct endpoint_function *function)
{
    struct pcie_config_space *space = &function->config;
    uint16_t control = pcie_config_get16(space, space->pri + PCIE_PRI_CONTROL);
    uint16_t status = pcie_config_get16(space, space->pri + PCIE_PRI_STATUS);

    if ((control & PCIE_PRI_RESET) != 0) {
        status &= (uint16_t) ~(PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED_GROUP);
    }
    status &= (uint16_t)~PCIE_PRI_STOPPED;
    status |= (control & PCIE_PRI_ENABLE) == 0 && function->pages_under_way == 0 ? PCIE_PRI_STOPPED : 0;
    pcie_config_set16(space, space->pri + PCIE_PRI_CONTROL, control & PCIE_PRI_ENABLE);
    pcie_config_set16(space, space->pri + PCIE_PRI_STATUS, status);
}

/** PASID of a VF is that of its PF: the capability is there once. */
static void decode_pasid(struct endpoint_function *function)
{
    const struct endpoint_function *owner = function->physical != NULL ? function->physical : function;
    const struct pcie_config_space *space = &owner->config;

    function->pasid_enabled =
        space->pasid != 0 && (pcie_config_get16(space, space->pasid + PCIE_PASID_CONTROL) & PCIE_PASID_ENABLE) != 0;
}

/** Whether BARs are open: Memory Space; a VF's are opened by VF Memory Space of its PF (9.3.3.3.2). */
static bool has_memory_space(const struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;

    if (function->physical != NULL) {
        space = &function->physical->config;
        return (pcie_config_get16(space, space->sriov + PCIE_SRIOV_CONTROL) & PCIE_SRIOV_VF_MEMORY_SPACE) != 0;
    }
    return (pcie_config_get16(space, PCIE_COMMAND) & PCIE_COMMAND_MEMORY_SPACE) != 0;
}

/** Device Control and Device Control 2. */
static void decode_express_control(struct endpoint_function *function, const struct pcie_config_space *space)
{
    uint16_t control = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL);
    uint16_t control2 = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL2);
    uint32_t capabilities = pcie_config_get32(space, space->express + PCIE_EXP_DEVICE_CAPABILITIES);
    bool phantom = (control & PCIE_EXP_DEVCTL_PHANTOM) != 0;

    function->relaxed_enabled = (control & PCIE_EXP_DEVCTL_RELAXED_ORDERING) != 0;
    function->ecrc_enabled = pcie_config_generates_ecrc(space);
    function->no_snoop_enabled = (control & PCIE_EXP_DEVCTL_NO_SNOOP) != 0;
    function->ido_requests = (control2 & PCIE_EXP_DEVCTL2_IDO_REQUESTS) != 0;
    function->ido_completions = (control2 & PCIE_EXP_DEVCTL2_IDO_COMPLETIONS) != 0;
    function->phantom_bits = phantom ? (capabilities & PCIE_EXP_DEVCAP_PHANTOM) >> PCIE_EXP_DEVCAP_PHANTOM_SHIFT : 0;
    function->wire_tags = (control & PCIE_EXP_DEVCTL_EXTENDED_TAG) != 0 ? 256 : 32;
    /* A device may always ask for less than it is allowed to: no more than fits into one of our payload blocks. */
    function->max_payload = at_most_a_block(function, pcie_config_max_payload(space));
    function->max_read_request = at_most_a_block(function, pcie_config_max_read_request(space));
}

/** Device Control; that of the PF counts for its VFs (9.3.5.4). */
static void decode_device_control(struct endpoint_function *function)
{
    const struct endpoint_function *owner = function->physical != NULL ? function->physical : function;
    const struct pcie_config_space *space = &owner->config;

    if (function->endpoint->conventional) {
        function->wire_tags = 256;
        function->max_payload = at_most_a_block(function, function->endpoint->burst);
        function->max_read_request = function->max_payload;
        return;
    }
    decode_express_control(function, space);
}

/** What was cached is of no use once ATS has been off (10.3.7). */
static void decode_ats(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;
    bool enabled = space->ats != 0 && (pcie_config_get16(space, space->ats + PCIE_ATS_CONTROL) & PCIE_ATS_ENABLE) != 0;

    if (enabled != function->ats_enabled) {
        endpoint_atc_forget(function);
    }
    function->ats_enabled = enabled && function->awake;
}

/** What the endpoint as a whole takes for granted of TLPs that come in. */
static void decode_receiver(struct endpoint *endpoint)
{
    endpoint->receive_limit = 0;
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        uint32_t limit = pcie_config_max_payload(&endpoint->functions[f].config);

        endpoint->receive_limit = limit > endpoint->receive_limit ? limit : endpoint->receive_limit;
    }
    endpoint->checks_ecrc = pcie_config_checks_ecrc(&endpoint->functions[0].config);
}

void endpoint_function_decode(struct endpoint_function *function)
{
    const struct pcie_config_space *space = &function->config;
    uint16_t command = pcie_config_get16(space, PCIE_COMMAND);
    uint16_t power = pcie_config_get16(space, space->power_management + PCIE_PM_CONTROL_STATUS) & PCIE_PM_STATE;

    function->awake = function->present && power == PCIE_PM_STATE_D0;
    function->memory_space = function->awake && has_memory_space(function);
    function->bus_master = function->awake && (command & PCIE_COMMAND_BUS_MASTER) != 0;
    decode_device_control(function);
    decode_messages(function);
    decode_pasid(function);
    decode_ats(function);
    if (space->pri != 0) {
        decode_pri(function);
    }
    if (function->physical == NULL) {
        decode_receiver(function->endpoint);
        decode_bars(function);
        endpoint_virtual_decode(function);
    }
}

void endpoint_function_set_id(struct endpoint_function *function, uint16_t id)
{
    function->id = id;
    function->dma_id = function->dma_number < 0 ? id : (uint16_t)((id & 0xff00) | function->dma_number);
}

struct endpoint_function *endpoint_find_function(struct endpoint *endpoint, uint16_t id)
{
    uint32_t number = (uint16_t)(id - (endpoint->functions[0].id & 0xff00u));
    unsigned index = number < endpoint->number_count ? endpoint->by_number[number] : ENDPOINT_NO_FUNCTION;

    return index != ENDPOINT_NO_FUNCTION && endpoint->functions[index].present ? &endpoint->functions[index] : NULL;
}

/* ---- BARs ---- */

/** A byte range of a BAR of a function. */
struct place {
    struct endpoint_function *function;
    unsigned bar;
    uint64_t offset;
};

/** Whether a request lies in a BAR of a function. */
static bool find_in_function(struct endpoint_function *function, const struct sim_packet *packet, struct place *place)
{
    for (unsigned i = 0; function->memory_space && i < PCIE_TYPE0_BARS; i++) {
        uint64_t offset = packet->address - function->bars[i].base;

        if (offset < function->bars[i].size && packet->length <= function->bars[i].size - offset) {
            place->function = function;
            place->bar = i;
            place->offset = offset;
            return true;
        }
    }
    return false;
}

/** The same for the VFs of a function: their slices of a VF BAR follow each other. */
static bool find_in_virtual(struct endpoint_function *physical, const struct sim_packet *packet, struct place *place)
{
    struct endpoint_function *first = &physical->endpoint->functions[physical->first_vf];

    for (unsigned i = 0; physical->vfs_enabled > 0 && i < PCIE_TYPE0_BARS; i++) {
        uint64_t offset = packet->address - first->bars[i].base;
        uint64_t size = first->bars[i].size;

        if (size != 0 && offset / size < physical->vfs_enabled &&
            find_in_function(&first[offset / size], packet, place)) {
            return true;
        }
    }
    return false;
}

static bool find_place(struct endpoint *endpoint, const struct sim_packet *packet, struct place *place)
{
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        struct endpoint_function *function = &endpoint->functions[f];

        if (find_in_function(function, packet, place) || find_in_virtual(function, packet, place)) {
            return true;
        }
    }
    return false;
}

struct endpoint_function *endpoint_claiming_function(struct endpoint *endpoint, const struct sim_packet *packet)
{
    struct place place;

    return find_place(endpoint, packet, &place) ? place.function : NULL;
}

/** No function claims a request, so each one logs it (6.2.4). */
static void log_unsupported(struct endpoint *endpoint, const struct sim_packet *packet)
{
    endpoint->counters.unsupported_requests++;
    endpoint_error_of_all(endpoint, PCIE_AER_UNSUPPORTED_REQUEST, pcie_tlp_class(packet) == PCIE_NON_POSTED, packet);
}

static void write_place(struct endpoint *endpoint, const struct place *place, const struct sim_packet *packet)
{
    struct endpoint_bar *bar = &place->function->bars[place->bar];
    bool written = false;

    for (uint32_t i = 0; i < packet->length; i++) {
        uint64_t offset = place->offset + i;
        uint8_t *byte = NULL;
        uint8_t writable = 0;

        if (!pcie_tlp_byte_enabled(packet, i)) {
            continue;
        }
        if (endpoint_msix_place(place->function, place->bar, offset, &byte, &writable)) {
            *byte = (uint8_t)((*byte & ~writable) | (packet->data[i] & writable));
            written = written || writable != 0;
        } else if (offset < bar->store_bytes) {
            bar->store[offset] = packet->data[i];
        } else {
            endpoint->counters.bytes_unbacked++;
        }
    }
    if (written) {
        endpoint_message_unmasked(place->function);
    }
}

static void read_place(const struct place *place, uint8_t *bytes, uint32_t count)
{
    const struct endpoint_bar *bar = &place->function->bars[place->bar];

    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset = place->offset + i;
        uint8_t *byte = NULL;
        uint8_t writable = 0;

        if (endpoint_msix_place(place->function, place->bar, offset, &byte, &writable)) {
            bytes[i] = *byte;
        } else {
            bytes[i] = offset < bar->store_bytes ? bar->store[offset] : 0;
        }
    }
}

/* ---- Requests from outside ---- */

void endpoint_take_posted(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    bool tracked = (packet->flags & SIM_FLAG_TRACKED) != 0;
    struct place place;

    if (packet->type == SIM_PACKET_MESSAGE &&
        (pcie_message_is_ignored(packet) || endpoint_atc_take_message(endpoint, packet, now))) {
        endpoint->counters.requests_served++;
        sim_packet_free(endpoint->sim, packet);
        return;
    }
    if (packet->type != SIM_PACKET_WRITE || packet->at == SIM_AT_RESERVED || !find_place(endpoint, packet, &place)) {
        log_unsupported(endpoint, packet);
        sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
        return;
    }
    endpoint->counters.requests_served++;
    if ((packet->flags & SIM_FLAG_POISONED) != 0) {
        /* What is poisoned must not be taken for good data (2.7.2.1): nothing is written. */
        endpoint->counters.poisoned++;
        endpoint_error(place.function, PCIE_AER_POISONED_TLP, false, packet);
    } else {
        write_place(endpoint, &place, packet);
    }
    if (tracked) {
        sim_event(endpoint->sim, SIM_EVENT_PEER_ARRIVED, packet, &endpoint->component, now, place.function->index);
    }
    if (tracked && (packet->flags & SIM_FLAG_MSI) != 0) {
        sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_PEER);
    } else {
        sim_packet_free(endpoint->sim, packet);
    }
}

/** A function level reset: Max_Payload_Size stays, since the link and the device's other functions go by it (6.6.2). */
static void reset_level(struct endpoint_function *function, unsigned at, sim_time now)
{
    struct pcie_config_space *space = &function->config;
    const uint16_t kept = pcie_config_get16(space, at) & PCIE_EXP_DEVCTL_MAX_PAYLOAD;

    endpoint_function_reset(function, now);
    pcie_config_set16(space, at, (uint16_t)((pcie_config_get16(space, at) & ~PCIE_EXP_DEVCTL_MAX_PAYLOAD) | kept));
}

/** What a configuration write starts: everything is decoded anew. */
static void config_written(struct endpoint_function *function, uint16_t id, sim_time now)
{
    struct pcie_config_space *space = &function->config;
    unsigned at = space->express + PCIE_EXP_DEVICE_CONTROL;

    endpoint_function_set_id(function, id);
    if (space->express != 0 && (pcie_config_get16(space, at) & PCIE_EXP_DEVCTL_INITIATE_FLR) != 0) {
        reset_level(function, at, now);
    }
    endpoint_function_decode(function);
    if (function->index == 0) {
        pcie_vcs_decode(&function->endpoint->vcs, space);
        endpoint_vcs_changed(function->endpoint);
        pcie_vcs_follow(&function->endpoint->vcs, space, function->endpoint->port, now);
    }
    endpoint_message_unmasked(function);
    endpoint_atc_pri_changed(function->endpoint);
    endpoint_refresh_next(function->endpoint);
}

/**
 * The function that a configuration request is for. Type 0: on the endpoint's own bus, whichever that is; with ARI the
 * whole of the lower byte is a function number, without only device 0 is ever below a link. Type 1: a VF on one of the
 * buses behind, to which no bridge leads (9.2.1.2).
 */
static struct endpoint_function *addressed_function(struct endpoint *endpoint, const struct sim_packet *packet)
{
    uint16_t bus = (uint16_t)(endpoint->functions[0].id & 0xff00u);
    unsigned index;

    if ((packet->flags & SIM_FLAG_CONFIG_TYPE1) != 0) {
        return (packet->target & 0xff00u) == bus ? NULL : endpoint_find_function(endpoint, packet->target);
    }
    index = endpoint->by_number[(packet->target & 0xffu) ^ endpoint->device << 3];
    return index != ENDPOINT_NO_FUNCTION && endpoint->functions[index].present ? &endpoint->functions[index] : NULL;
}

static void serve_config(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    uint16_t target = packet->target;
    struct endpoint_function *function = addressed_function(endpoint, packet);

    if (function == NULL) {
        endpoint->counters.unsupported_requests++;
        pcie_tlp_complete(packet, target, SIM_STATUS_UR, 0);
        return;
    }
    endpoint->counters.requests_served++;
    if (function->index == 0) {
        pcie_vcs_follow(&endpoint->vcs, &function->config, endpoint->port, now);
    }
    if (pcie_config_access(&function->config, packet, target)) {
        config_written(function, target, now);
    }
}

void endpoint_serve(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    struct place place;

    if (packet->type != SIM_PACKET_READ) {
        serve_config(endpoint, packet, now);
        return;
    }
    if (packet->at == SIM_AT_TRANSLATION_REQUEST || packet->at == SIM_AT_RESERVED ||
        !find_place(endpoint, packet, &place)) {
        log_unsupported(endpoint, packet);
        pcie_tlp_complete(packet, endpoint->functions[0].id, SIM_STATUS_UR, 0);
        pcie_tlp_set_digest(packet, endpoint->functions[0].ecrc_enabled);
        return;
    }
    endpoint->counters.requests_served++;
    read_place(&place, packet->data, packet->length);
    pcie_tlp_complete(packet, place.function->id, SIM_STATUS_OK, packet->length);
    pcie_tlp_set_digest(packet, place.function->ecrc_enabled);
    /* RO and NS are the request's; ID-based ordering is the completer's own to ask for (2.2.9). */
    packet->flags &= ~SIM_FLAG_ID_ORDER;
    packet->flags |= place.function->ido_completions ? SIM_FLAG_ID_ORDER : 0;
}

/* ---- Looking ---- */

bool endpoint_probe(struct endpoint *endpoint, const struct sim_packet *tlp, uint8_t *bytes)
{
    struct place place;

    if (tlp->type == SIM_PACKET_CONFIG_READ) {
        const struct endpoint_function *function = addressed_function(endpoint, tlp);
        const struct pcie_port *link = function != NULL && function->index == 0 ? endpoint->port : NULL;

        if (function == NULL) {
            return false;
        }
        sim_store_le32(bytes, pcie_vcs_read(&endpoint->vcs, &function->config, link, sim_now(endpoint->sim),
                                            (unsigned)tlp->address & (PCIE_CONFIG_BYTES - 4)));
        return true;
    }
    if (tlp->type != SIM_PACKET_READ || tlp->at == SIM_AT_TRANSLATION_REQUEST || tlp->at == SIM_AT_RESERVED ||
        !find_place(endpoint, tlp, &place)) {
        return false;
    }
    read_place(&place, bytes, tlp->length);
    return true;
}
