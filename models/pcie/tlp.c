#include "models/pcie/tlp.h"

#include <string.h>

/** Flags that a completion takes over from its request: the attributes, and whether observers follow it. */
#define COMPLETION_FLAGS (SIM_FLAG_TRACKED | SIM_FLAG_RELAXED | SIM_FLAG_ID_ORDER | SIM_FLAG_NO_SNOOP)

static bool ids_differ(const struct pcie_order *order, const struct pcie_order *other)
{
    bool pasids = (order->flags & other->flags & SIM_FLAG_PASID) != 0;

    return order->requester != other->requester || (pasids && order->pasid != other->pasid);
}

bool pcie_order_may_pass(const struct pcie_order *order, const struct pcie_order *other)
{
    if (other->class_ != PCIE_POSTED) {
        /* Completions of one request stay in order. */
        return order->class_ != PCIE_COMPLETION || other->class_ != PCIE_COMPLETION || order->target != other->target ||
               order->tag != other->tag;
    }
    if ((order->flags & SIM_FLAG_ID_ORDER) != 0 && ids_differ(order, other)) {
        return true;
    }
    /* A read's RO is for its completions. */
    return (order->flags & SIM_FLAG_RELAXED) != 0 && order->class_ != PCIE_NON_POSTED;
}

void pcie_tlp_set_range(struct sim_packet *packet, uint64_t address, uint32_t bytes)
{
    unsigned skip = (unsigned)(address & 3);
    unsigned end = (unsigned)((address + bytes) & 3);
    uint8_t first = (uint8_t)(0xfu << skip & 0xf);
    uint8_t last = end == 0 ? 0xf : (uint8_t)(0xfu >> (4 - end));

    packet->address = address & ~(uint64_t)3;
    packet->length = (skip + bytes + 3) & ~3u;
    packet->first_be = packet->length == 4 ? first & last : first;
    packet->last_be = packet->length == 4 ? 0 : last;
}

/** Messages that must have traffic class 0: interrupts, power, errors, locks, slots (2.2.8.1 to 2.2.8.7). */
static bool is_low_class_message(const struct sim_packet *packet)
{
    return packet->operation == 0 || (packet->operation >= 0x14 && packet->operation <= 0x50);
}

bool pcie_tlp_other_is_malformed(const struct sim_packet *packet, uint32_t max_payload)
{
    switch (packet->type) {
    case SIM_PACKET_CONFIG_READ:
    case SIM_PACKET_CONFIG_WRITE:
        return packet->length != 4 || packet->last_be != 0 || packet->traffic_class != 0 ||
               packet->at != SIM_AT_UNTRANSLATED || (packet->flags & (SIM_FLAG_RELAXED | SIM_FLAG_NO_SNOOP)) != 0;
    case SIM_PACKET_MESSAGE:
        return packet->length > max_payload || (packet->traffic_class != 0 && is_low_class_message(packet));
    default:
        return packet->length > max_payload;
    }
}

void pcie_tlp_complete(struct sim_packet *packet, uint16_t completer, enum sim_packet_status status, uint32_t bytes)
{
    packet->type = SIM_PACKET_COMPLETION;
    packet->status = (uint8_t)status;
    packet->target = packet->requester;
    packet->requester = completer;
    packet->length = bytes;
    packet->arg = bytes;
    packet->flags &= COMPLETION_FLAGS;
    packet->at = SIM_AT_UNTRANSLATED;
    packet->first_be = 0;
    packet->last_be = 0;
}

uint32_t pcie_split_bytes(const struct pcie_split *split, uint32_t max_payload, uint32_t boundary, bool chop)
{
    uint32_t rest = split->whole->length - split->sent;
    uint64_t start = split->whole->address + split->sent;
    uint64_t end;

    if (chop) {
        end = (start | (boundary - 1)) + 1;
        return end - start < rest ? (uint32_t)(end - start) : rest;
    }
    if (rest <= max_payload) {
        return rest;
    }
    end = (start + max_payload) & ~(uint64_t)(boundary - 1);
    return (uint32_t)(end - start);
}

/** Byte enables of a piece of a write: all but those of its very first and last double word are full. */
static void enable_bytes(const struct sim_packet *whole, bool first, bool last, struct sim_packet *piece)
{
    uint8_t first_be = first ? whole->first_be : 0xf;
    uint8_t last_be = last ? whole->last_be : 0xf;

    if (whole->type != SIM_PACKET_WRITE) {
        return;
    }
    if (piece->length <= 4) {
        /* Only one double word: its enables are those of whichever end of the whole it is. */
        first_be = last && !first ? last_be : first_be;
        last_be = 0;
    }
    piece->first_be = first_be;
    piece->last_be = last_be;
}

/** The rest of the whole, in the whole packet itself. */
static struct sim_packet *take_last(struct pcie_split *split)
{
    struct sim_packet *whole = split->whole;

    if (split->sent > 0) {
        whole->length -= split->sent;
        whole->address += split->sent;
        memmove(whole->data, whole->data + split->sent, whole->length);
        enable_bytes(whole, false, true, whole);
    }
    if (whole->type == SIM_PACKET_COMPLETION) {
        whole->arg = whole->length;
    }
    split->whole = NULL;
    split->sent = 0;
    return whole;
}

struct sim_packet *pcie_split_take(struct pcie_split *split, struct sim *sim, uint32_t bytes)
{
    const struct sim_packet *whole = split->whole;
    struct sim_packet *piece;

    if (pcie_split_ends(split, bytes)) {
        return take_last(split);
    }
    piece = sim_packet_new(sim, bytes);
    piece->id = whole->id;
    piece->source = whole->source;
    piece->type = whole->type;
    piece->flags = whole->flags & ~SIM_FLAG_TRACKED;
    piece->address = whole->address + split->sent;
    piece->requester = whole->requester;
    piece->target = whole->target;
    piece->tag = whole->tag;
    piece->traffic_class = whole->traffic_class;
    piece->arg = whole->type == SIM_PACKET_COMPLETION ? whole->length - split->sent : 0;
    enable_bytes(whole, split->sent == 0, false, piece);
    memcpy(piece->data, whole->data + split->sent, bytes);
    split->sent += bytes;
    return piece;
}
