#include "models/pcie/endpoint_internal.h"

#include <string.h>

/*
 * Messages wait in slots, one for every message that a function can have pending: those of MSI, then the entries of the
 * MSI-X table, then those of the device's own store.
 */

/* ---- Slots ---- */

void endpoint_message_init(struct endpoint_function *function)
{
    function->slots = function->msi_vectors + function->vectors + function->ims_entries;
    if (function->slots > 0) {
        function->held = sim_alloc(function->endpoint->sim, function->slots * sizeof(*function->held));
    }
}

/** Where a slot's address and data lie. */
struct place {
    enum endpoint_message_kind kind;
    uint32_t index; /**< among those of its kind */
};

static struct place place_of(const struct endpoint_function *function, uint32_t slot)
{
    if (slot < function->msi_vectors) {
        return (struct place){ENDPOINT_MESSAGE_MSI, slot};
    }
    slot -= function->msi_vectors;
    if (slot < function->vectors) {
        return (struct place){ENDPOINT_MESSAGE_MSIX, slot};
    }
    return (struct place){ENDPOINT_MESSAGE_IMS, slot - function->vectors};
}

bool endpoint_message_exists(const struct endpoint_function *function, uint32_t vector)
{
    if (vector >= ENDPOINT_IMS_VECTOR(0)) {
        return vector - ENDPOINT_IMS_VECTOR(0) < function->ims_entries;
    }
    return vector < (function->vectors > function->msi_vectors ? function->vectors : function->msi_vectors);
}

/** The slot of a vector as the function is set up now. @return false if it can send no such message */
static bool find_slot(const struct endpoint_function *function, uint32_t vector, uint32_t *slot)
{
    if (vector >= ENDPOINT_IMS_VECTOR(0)) {
        *slot = function->msi_vectors + function->vectors + (vector - ENDPOINT_IMS_VECTOR(0));
        return true;
    }
    if (function->message_kind == ENDPOINT_MESSAGE_MSI) {
        /* A function that is granted fewer messages than it asked for shares them among its causes (6.1.4.4). */
        *slot = vector & ((1u << function->msi_granted_log2) - 1);
        return true;
    }
    *slot = function->msi_vectors + vector;
    return function->message_kind == ENDPOINT_MESSAGE_MSIX && vector < function->vectors;
}

static uint8_t *entry_of(const struct endpoint_function *function, struct place place)
{
    uint8_t *entries = place.kind == ENDPOINT_MESSAGE_IMS ? function->ims : function->table;

    return &entries[place.index * PCIE_MSIX_ENTRY_BYTES];
}

static bool entry_masked(const struct endpoint_function *function, struct place place)
{
    return (entry_of(function, place)[PCIE_MSIX_ENTRY_VECTOR_CONTROL] & PCIE_MSIX_ENTRY_MASKED) != 0;
}

/** Whether a message of a slot has to wait: masked, or its mechanism switched off since it was held. */
static inline bool must_wait(const struct endpoint_function *function, struct place place)
{
    switch (place.kind) {
    case ENDPOINT_MESSAGE_MSI:
        return function->message_kind != ENDPOINT_MESSAGE_MSI || (function->msi_mask >> place.index & 1) != 0;
    case ENDPOINT_MESSAGE_MSIX:
        return function->message_kind != ENDPOINT_MESSAGE_MSIX || function->msix_function_masked ||
               entry_masked(function, place);
    default:
        return entry_masked(function, place);
    }
}

/** Sets or clears the pending bit that software sees. */
static void show_pending(struct endpoint_function *function, uint32_t slot, bool pending)
{
    struct place place = place_of(function, slot);
    uint8_t *byte = NULL;
    uint8_t bit = (uint8_t)(1u << place.index % 8);

    if (place.kind == ENDPOINT_MESSAGE_MSIX) {
        byte = &function->pba[place.index / 8];
    } else if (place.kind == ENDPOINT_MESSAGE_IMS) {
        byte = &entry_of(function, place)[PCIE_MSIX_ENTRY_VECTOR_CONTROL];
        bit = ENDPOINT_IMS_PENDING;
    } else if (function->msi_pending != 0) {
        byte = &function->config.value[function->msi_pending + place.index / 8];
    }
    if (byte != NULL) {
        *byte = (uint8_t)(pending ? *byte | bit : *byte & ~bit);
    }
}

/* ---- Messages ---- */

static struct sim_packet *make_message(struct endpoint_function *function, const struct endpoint_held *what)
{
    struct sim_packet *packet = sim_packet_new(function->endpoint->sim, 4);

    packet->type = SIM_PACKET_WRITE;
    packet->flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | (function->ecrc_enabled ? SIM_FLAG_ECRC : 0) | what->flags;
    packet->id = what->id;
    packet->born = what->born;
    packet->last_mark = what->born;
    packet->source = what->source;
    packet->sequence = function->writes_sent;
    packet->vector = what->vector;
    packet->traffic_class = endpoint_traffic_class(function->endpoint, what->traffic_class);
    packet->requester = function->dma_id;
    packet->first_be = 0xf;
    return packet;
}

/**
 * Fills in what registers and tables say now and sends: NS is 0 and there is no PASID, whatever the function's DMA has,
 * and no RO unless that is the function's defect.
 */
static inline void send_message(struct endpoint_function *function, struct place place, struct sim_packet *packet,
                                sim_time now)
{
    struct endpoint *endpoint = function->endpoint;

    if (place.kind == ENDPOINT_MESSAGE_MSI) {
        packet->address = function->msi_address;
        sim_store_le32(packet->data, (function->msi_data & ~((1u << function->msi_granted_log2) - 1)) | place.index);
    } else {
        const uint8_t *entry = entry_of(function, place);

        packet->address = sim_load_le64(entry + PCIE_MSIX_ENTRY_ADDRESS) & ~(uint64_t)3;
        memcpy(packet->data, entry + PCIE_MSIX_ENTRY_DATA, 4); /* both as the bus has it */
    }
    endpoint->counters.msi_sent++;
    sim_event(endpoint->sim, SIM_EVENT_MSI_SENT, packet, &endpoint->component, now + endpoint->send_latency, 0);
    pcie_port_send(endpoint->port, endpoint_queue_of(endpoint, packet, PCIE_POSTED), packet, now,
                   endpoint->send_latency);
}

SIM_APART static void hold(struct endpoint_function *function, uint32_t slot, struct sim_packet *packet, sim_time now)
{
    struct endpoint *endpoint = function->endpoint;
    struct endpoint_held *held = &function->held[slot];

    endpoint->counters.msi_held++;
    if (held->pending) {
        endpoint->counters.msi_merged++;
        sim_event(endpoint->sim, SIM_EVENT_MSI_MERGED, packet, &endpoint->component, now, 0);
    } else {
        held->pending = true;
        held->born = packet->born;
        held->id = packet->id;
        held->source = packet->source;
        held->vector = packet->vector;
        held->flags = packet->flags & (SIM_FLAG_RELAXED | SIM_FLAG_ID_ORDER);
        held->traffic_class = packet->traffic_class;
        function->held_count++;
        show_pending(function, slot, true);
    }
    sim_packet_free(endpoint->sim, packet);
}

SIM_HOT bool endpoint_message_signal(struct endpoint_function *function, const struct endpoint_held *what, sim_time now)
{
    struct endpoint *endpoint = function->endpoint;
    struct sim_packet *packet = make_message(function, what);
    struct place place;
    uint32_t slot = 0;

    endpoint->counters.msi_born++;
    sim_event(endpoint->sim, SIM_EVENT_MSI_BORN, packet, &endpoint->component, what->born, 0);
    if (SIM_SELDOM(!function->bus_master || !find_slot(function, what->vector, &slot))) {
        endpoint->counters.msi_dropped++;
        sim_drop(endpoint->sim, packet, &endpoint->component, now,
                 function->bus_master ? SIM_DROP_MSIX_MASKED : SIM_DROP_BUS_MASTER_OFF);
        return false;
    }
    place = place_of(function, slot);
    if (SIM_SELDOM(must_wait(function, place))) {
        hold(function, slot, packet, now);
        return false;
    }
    send_message(function, place, packet, now);
    return true;
}

/* ---- Held messages ---- */

void endpoint_message_unmasked(struct endpoint_function *function)
{
    if (function->held_count > 0) {
        function->endpoint->releasing_functions += !function->releasing;
        function->releasing = true;
        function->release_from = 0;
    }
}

static bool find_in_function(struct endpoint_function *function, uint32_t *slot)
{
    if (!function->bus_master) {
        return false;
    }
    for (; function->release_from < function->slots; function->release_from++) {
        const uint32_t at = function->release_from;

        if (function->held[at].pending && !must_wait(function, place_of(function, at))) {
            *slot = at;
            return true;
        }
    }
    return false;
}

struct endpoint_function *endpoint_message_find_released(struct endpoint *endpoint, uint32_t *slot)
{
    for (uint32_t i = 0; i < endpoint->function_count && endpoint->releasing_functions > 0; i++) {
        struct endpoint_function *function = &endpoint->functions[i];

        if (!function->releasing) {
            continue;
        }
        if (find_in_function(function, slot)) {
            return function;
        }
        function->releasing = false;
        endpoint->releasing_functions--;
    }
    return NULL;
}

/** A held message stops being held. @return it */
static struct sim_packet *take_held(struct endpoint_function *function, uint32_t slot)
{
    struct endpoint_held *held = &function->held[slot];

    held->pending = false;
    function->held_count--;
    show_pending(function, slot, false);
    return make_message(function, held);
}

SIM_APART void endpoint_message_release(struct endpoint_function *function, uint32_t slot, sim_time now)
{
    send_message(function, place_of(function, slot), take_held(function, slot), now);
}

uint64_t endpoint_message_discard(struct endpoint_function *function, sim_time now, enum sim_drop_reason reason)
{
    struct endpoint *endpoint = function->endpoint;
    uint64_t count = 0;

    for (uint32_t slot = 0; function->held_count > 0 && slot < function->slots; slot++) {
        if (function->held[slot].pending) {
            sim_drop(endpoint->sim, take_held(function, slot), &endpoint->component, now, reason);
            count++;
        }
    }
    return count;
}

uint64_t endpoint_report_held(struct endpoint *endpoint)
{
    uint64_t count = 0;

    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        count += endpoint_message_discard(&endpoint->functions[f], sim_now(endpoint->sim), SIM_DROP_MSIX_MASKED);
    }
    return count;
}
