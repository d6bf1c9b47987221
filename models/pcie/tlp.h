/*
 * Transaction layer packets: how a struct sim_packet stands for a TLP, its class, its size on the wire, and
 * completions.
 *
 *   TLP            type                       fields used
 *   -------------  -------------------------  ---------------------------------------------------------------------
 *   MRd, MWr       SIM_PACKET_READ, _WRITE    address and length in whole double words, first_be, last_be, requester,
 *                                             tag, at, flags (attributes, PASID), pasid; a read has room for its data
 *   CfgRd, CfgWr   SIM_PACKET_CONFIG_*        target (the function addressed), address (offset of the double word),
 *                                             first_be, requester, tag, SIM_FLAG_CONFIG_TYPE1; 4 bytes of data
 *   Cpl, CplD      SIM_PACKET_COMPLETION      target (the request's requester), requester (the completer), tag, status,
 *                                             length (bytes carried), arg (Byte Count: bytes still to come, these
 *                                             included), address (of the first byte; 6:0 are on the wire)
 *   Msg, MsgD      SIM_PACKET_MESSAGE         operation (message code), arg (routing, PCIE_ROUTE_*), target if by ID
 *
 * Byte Count counts whole double words, whatever the byte enables.
 */
#ifndef DOORBELL_MODELS_PCIE_TLP_H
#define DOORBELL_MODELS_PCIE_TLP_H

#include "sim/channel.h"
#include "sim/packet.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Classes of TLPs for ordering and flow control (2.4, 2.6). */
enum pcie_class {
    PCIE_POSTED,     /**< memory writes and messages */
    PCIE_NON_POSTED, /**< memory reads, configuration requests */
    PCIE_COMPLETION,
    PCIE_CLASSES,
};

/** Traffic classes, and virtual channels that a link can have (2.5). */
#define PCIE_TRAFFIC_CLASSES 8u
#define PCIE_MAX_VCS         8u

/**
 * A queue is a class of a virtual channel: VC × PCIE_CLASSES + class. The queues of VC0 have the numbers of the
 * classes.
 */
#define PCIE_QUEUES (PCIE_MAX_VCS * PCIE_CLASSES)

static inline unsigned pcie_queue(unsigned vc, enum pcie_class class_)
{
    return vc * PCIE_CLASSES + class_;
}

static inline enum pcie_class pcie_queue_class(unsigned queue)
{
    return (enum pcie_class)(queue % PCIE_CLASSES);
}

static inline unsigned pcie_queue_vc(unsigned queue)
{
    return queue / PCIE_CLASSES;
}

/** The queue of the posted requests of the same virtual channel. */
static inline unsigned pcie_queue_posted(unsigned queue)
{
    return queue - queue % PCIE_CLASSES;
}

/** Message routing, r[2:0] (2.2.8). */
#define PCIE_ROUTE_TO_ROOT 0u
#define PCIE_ROUTE_BY_ID   2u
#define PCIE_ROUTE_ALL     3u /* from the root complex to everybody below */
#define PCIE_ROUTE_LOCAL   4u /* ends at the receiver */
#define PCIE_ROUTE_GATHER  5u /* to the root complex: one for all that everybody below sends */

/**
 * Message codes (2.2.8). To a receiver that does not know a vendor's messages those of type 0 are unsupported requests,
 * and those of type 1 are nothing.
 */
#define PCIE_MESSAGE_UNLOCK       0x00u
#define PCIE_MESSAGE_PME_TURN_OFF 0x19u
#define PCIE_MESSAGE_PME_TO_ACK   0x1bu
#define PCIE_MESSAGE_SLOT_POWER   0x50u
#define PCIE_MESSAGE_VENDOR0      0x7eu
#define PCIE_MESSAGE_VENDOR1      0x7fu

/** Whether a receiver takes a message that means nothing to it without a word. */
static inline bool pcie_message_is_ignored(const struct sim_packet *packet)
{
    return packet->operation == PCIE_MESSAGE_VENDOR1 || packet->operation == PCIE_MESSAGE_UNLOCK ||
           packet->operation == PCIE_MESSAGE_SLOT_POWER;
}

/** Bytes of headers and of the PASID prefix (2.2.1, 2.2.10). */
#define PCIE_HEADER_3DW_BYTES   12u
#define PCIE_HEADER_4DW_BYTES   16u
#define PCIE_PASID_PREFIX_BYTES 4u
#define PCIE_ECRC_BYTES         4u

/** Framing, sequence number and LCRC of a TLP (timing-anchors 1.1): 4 bytes before the header, 4 behind the payload. */
#define PCIE_FRAMING_BYTES      8u
#define PCIE_FRAMING_HEAD_BYTES 4u

static inline enum pcie_class pcie_tlp_class(const struct sim_packet *packet)
{
    switch (packet->type) {
    case SIM_PACKET_WRITE:
    case SIM_PACKET_MESSAGE:
        return PCIE_POSTED;
    case SIM_PACKET_COMPLETION:
        return PCIE_COMPLETION;
    default:
        return PCIE_NON_POSTED;
    }
}

/** Whether a memory request needs the 4-DW header: addresses below 4 GiB must use the 3-DW one (2.2.4.1). */
static inline bool pcie_tlp_is_4dw(const struct sim_packet *packet)
{
    bool memory = packet->type == SIM_PACKET_READ || packet->type == SIM_PACKET_WRITE;

    return (memory && packet->address > UINT32_MAX) || packet->type == SIM_PACKET_MESSAGE;
}

/** Bytes of prefix and header. */
static inline uint32_t pcie_tlp_header_bytes(const struct sim_packet *packet)
{
    return (pcie_tlp_is_4dw(packet) ? PCIE_HEADER_4DW_BYTES : PCIE_HEADER_3DW_BYTES) +
           ((packet->flags & SIM_FLAG_PASID) != 0 ? PCIE_PASID_PREFIX_BYTES : 0);
}

/** Bytes of the ECRC behind the payload (2.7.1). */
static inline uint32_t pcie_tlp_digest_bytes(const struct sim_packet *packet)
{
    return (packet->flags & SIM_FLAG_ECRC) != 0 ? PCIE_ECRC_BYTES : 0;
}

/** Adds an ECRC to a TLP that is about to be sent by whoever makes it, or takes that of another TLP off (TD, 2.2.3). */
static inline void pcie_tlp_set_digest(struct sim_packet *packet, bool on)
{
    packet->flags = on ? packet->flags | SIM_FLAG_ECRC : packet->flags & ~SIM_FLAG_ECRC;
}

/** Bytes of payload on the wire: whole double words. */
static inline uint32_t pcie_tlp_payload_bytes(const struct sim_packet *packet)
{
    bool carries = packet->type != SIM_PACKET_READ && packet->type != SIM_PACKET_CONFIG_READ;

    return carries ? (packet->length + 3u) & ~3u : 0;
}

/** Data credits (units of 16 bytes) that a TLP takes (2.6.1). */
static inline uint32_t pcie_tlp_units(const struct sim_packet *packet)
{
    return sim_channel_units(pcie_tlp_payload_bytes(packet));
}

/** What the ordering table looks at in a TLP. */
struct pcie_order {
    enum pcie_class class_;
    uint32_t flags;
    uint32_t pasid;
    uint16_t requester;
    uint16_t target;
    uint16_t tag;
};

static inline struct pcie_order pcie_tlp_order(const struct sim_packet *packet)
{
    return (struct pcie_order){.class_ = pcie_tlp_class(packet),
                               .flags = packet->flags,
                               .pasid = packet->pasid,
                               .requester = packet->requester,
                               .target = packet->target,
                               .tag = packet->tag};
}

/**
 * Whether a TLP may pass one that came before it on the same virtual channel (2.4.1, the ordering table). What counts
 * are the attributes of the one that passes: a posted request with RO may pass posted ones, but is not passed by them
 * for that. With IDO it may pass those of other requesters, or of another PASID where both have one.
 */
bool pcie_order_may_pass(const struct pcie_order *order, const struct pcie_order *other);

static inline bool pcie_tlp_may_pass(const struct sim_packet *packet, const struct sim_packet *other)
{
    struct pcie_order own = pcie_tlp_order(packet);
    struct pcie_order before = pcie_tlp_order(other);

    return pcie_order_may_pass(&own, &before);
}

/** Whether all bytes of a memory request are enabled. */
static inline bool pcie_tlp_all_enabled(const struct sim_packet *packet)
{
    return packet->first_be == 0xf && (packet->length <= 4 ? packet->last_be == 0 : packet->last_be == 0xf);
}

/**
 * Byte enables for a run of bytes, and the double words that hold them (2.2.5).
 * @param bytes at least 1
 * @param packet address, length, first_be and last_be are set
 */
void pcie_tlp_set_range(struct sim_packet *packet, uint64_t address, uint32_t bytes);

/** Enable bit of payload byte @p i of a memory or configuration request. */
static inline bool pcie_tlp_byte_enabled(const struct sim_packet *packet, uint32_t i)
{
    if (i < 4) {
        return (packet->first_be >> i & 1) != 0;
    }
    return i + 4 < packet->length || (packet->last_be >> (i & 3) & 1) != 0;
}

/** Whether the byte enables of a memory request are such as its length allows (2.2.5). */
static inline bool pcie_tlp_enables_fit(const struct sim_packet *packet)
{
    unsigned first = packet->first_be;
    unsigned last = packet->last_be;

    if (packet->length <= 4) {
        return last == 0;
    }
    if (first == 0 || last == 0) {
        return false;
    }
    /* With gaps only within one quad word: two double words, of which the first is aligned to 8 bytes. */
    return (packet->length == 8 && (packet->address & 7) == 0) ||
           ((first | (first - 1)) == 0xf && (last & (last + 1)) == 0);
}

/** The same of whatever is not a memory request; see pcie_tlp_is_malformed(). */
bool pcie_tlp_other_is_malformed(const struct sim_packet *packet, uint32_t max_payload);

/**
 * Whether a receiver must, or may, take a TLP for malformed (2.2.2, 2.2.5, 2.2.7, 2.2.8, 2.3.1): it is discarded, its
 * credits go back, nobody answers. Whether its traffic class has a virtual channel is for the port to say.
 * @param max_payload Max_Payload_Size of the receiver, bytes
 */
static inline bool pcie_tlp_is_malformed(const struct sim_packet *packet, uint32_t max_payload)
{
    const bool write = packet->type == SIM_PACKET_WRITE;

    if ((packet->flags & SIM_FLAG_LENGTH_BAD) != 0) {
        return true;
    }
    if (!write && packet->type != SIM_PACKET_READ) {
        return pcie_tlp_other_is_malformed(packet, max_payload);
    }
    return (write && packet->length > max_payload) || packet->length == 0 || (packet->length & 3) != 0 ||
           (packet->address & 4095) + packet->length > 4096 || !pcie_tlp_enables_fit(packet);
}

/**
 * Turns a non-posted request into its completion: same packet, identity and tag; attributes stay, a PASID prefix goes,
 * and so does the ECRC: whether a completion has one is up to the completer, see pcie_tlp_set_digest().
 * @param completer requester ID of whoever answers
 * @param bytes     data carried, already in packet->data; 0 unless @p status is OK
 */
void pcie_tlp_complete(struct sim_packet *packet, uint16_t completer, enum sim_packet_status status, uint32_t bytes);

/** A completion, or a memory write, with more data than fits in one TLP, on its way out piece by piece (2.3.1.1). */
struct pcie_split {
    struct sim_packet *whole; /**< NULL: idle */
    uint32_t sent;            /**< bytes of it that have left */
};

/**
 * Size of the next piece. Pieces but the last end at a multiple of @p boundary.
 * @param max_payload Max_Payload_Size, bytes
 * @param boundary    Read Completion Boundary, 64 or 128 bytes
 * @param chop        end every piece at the next boundary, as many root complexes do, instead of at the last possible
 */
uint32_t pcie_split_bytes(const struct pcie_split *split, uint32_t max_payload, uint32_t boundary, bool chop);

/** Whether a piece of that size is the last. */
static inline bool pcie_split_ends(const struct pcie_split *split, uint32_t bytes)
{
    return split->sent + bytes >= split->whole->length;
}

/**
 * Takes the next piece. The last one is the whole packet itself, identity and all, so that observers see a
 * completion when it is complete; those before it are new packets that nobody follows.
 */
struct sim_packet *pcie_split_take(struct pcie_split *split, struct sim *sim, uint32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
