/*
 * The packet: what travels in a channel, from a PCIe TLP to the message that sets an LPI pending.
 *
 * A packet carries what is on the wire (the fields of a TLP, or of a bus transaction with its sidebands), an identity
 * by which observers can follow it, and nothing else. Packets come from a pool that belongs to the simulation and are
 * passed by pointer; whoever holds the pointer owns the packet, until it pushes it into a channel or frees it.
 */
#ifndef DOORBELL_SIM_PACKET_H
#define DOORBELL_SIM_PACKET_H

#include "sim/arena.h"
#include "sim/attributes.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

/** What a packet is. */
enum sim_packet_type {
    /* PCIe TLPs and bus requests: memory space. On a bus, every request is answered. */
    SIM_PACKET_READ,  /**< memory read request; answered by SIM_PACKET_COMPLETION */
    SIM_PACKET_WRITE, /**< memory write; posted on PCIe, answered by SIM_PACKET_WRITE_ACK on a bus */
    /**
     * Bus only: reads an aligned operand of 1 to 32 bytes and, if it is the one expected, replaces it, all at once. The
     * data are the operand expected and the new one; `length` is that of both. Answered by SIM_PACKET_COMPLETION of the
     * same length, whose first half is what was there. Only memory takes it.
     */
    SIM_PACKET_COMPARE_SWAP,
    /* Configuration space: PCIe only (a root complex makes them from ECAM accesses). */
    SIM_PACKET_CONFIG_READ,
    SIM_PACKET_CONFIG_WRITE,
    /* Answers. */
    SIM_PACKET_COMPLETION, /**< answer to a read or a configuration request; data if it read and status is OK */
    SIM_PACKET_WRITE_ACK,  /**< bus only: the write is visible to every observer, or failed (status) */
    /* PCIe messages. */
    SIM_PACKET_MESSAGE,
    /* Inside the GIC: ITS, redistributor, PE. Field `operation` holds the GIC model's own sub-type. */
    SIM_PACKET_GIC,
};

/** How a request ended (PCIe completion status; on a bus UR and CA both stand for an error response). */
enum sim_packet_status {
    SIM_STATUS_OK = 0,    /**< Successful Completion */
    SIM_STATUS_UR = 1,    /**< Unsupported Request: nothing at that address or number */
    SIM_STATUS_RETRY = 2, /**< Configuration Request Retry Status */
    SIM_STATUS_CA = 4,    /**< Completer Abort: refused, or an external abort */
};

/** AT field of a memory request (PCIe Base, address type). */
enum sim_address_type {
    SIM_AT_UNTRANSLATED = 0,
    SIM_AT_TRANSLATION_REQUEST = 1,
    SIM_AT_TRANSLATED = 2,
    SIM_AT_RESERVED = 3,
};

/** Why a packet that software waits for will not arrive. Each has a stable name, see sim_drop_reason_name(). */
enum sim_drop_reason {
    SIM_DROP_NONE,
    SIM_DROP_BUS_MASTER_OFF,      /**< function's Bus Master Enable is 0 */
    SIM_DROP_MSIX_MASKED,         /**< held masked until the end of the run */
    SIM_DROP_UNSUPPORTED_REQUEST, /**< no port or window claims the address */
    SIM_DROP_ACS_VIOLATION,       /**< an ACS control refused it */
    SIM_DROP_PEER,                /**< written to a peer's BAR instead of memory or a doorbell */
    SIM_DROP_SMMU_FAULT,          /**< SMMU terminated it, with or without an event record */
    SIM_DROP_BUS_ERROR,           /**< the interconnect or its target answered with an error */
    SIM_DROP_ITS_DISABLED,        /**< GITS_CTLR.Enabled is 0, or a required table is not valid */
    SIM_DROP_ITS_NO_DEVICE_ID,    /**< write without a DeviceID (a PE's, for example) */
    SIM_DROP_ITS_DEVICE_RANGE,    /**< DeviceID beyond the device table */
    SIM_DROP_ITS_DEVICE_UNMAPPED, /**< no MAPD for this DeviceID at this ITS */
    SIM_DROP_ITS_EVENT_RANGE,     /**< EventID beyond the range of the MAPD */
    SIM_DROP_ITS_EVENT_UNMAPPED,  /**< no MAPTI for this EventID */
    SIM_DROP_ITS_COLLECTION,      /**< the collection is not mapped */
    SIM_DROP_ITS_VPE,             /**< the vPE is not mapped (virtual LPIs) */
    SIM_DROP_LPI_DISABLED,        /**< EnableLPIs is 0, INTID beyond PROPBASER.IDbits, or SPI off at the run's end */
    SIM_DROP_LPI_CLEARED,         /**< was pending, and software took it back: CLEAR, DISCARD, or GICR_CLRLPIR */
    SIM_DROP_MALFORMED,           /**< a malformed TLP, which every receiver discards */
    SIM_DROP_ECRC,                /**< its ECRC was wrong */
    SIM_DROP_POISONED,            /**< its data was marked as bad */
    SIM_DROP_NOT_AN_LPI,          /**< written to memory or to a register that is no doorbell */
    SIM_DROP_DEVICE_GONE,         /**< its device was pulled out of the slot while it was on its way out, or waited */
    SIM_DROP_REASONS,
};

/** Bits of sim_packet.flags. */
#define SIM_FLAG_TRACKED       0x0001u  /**< observers follow it: marks are made for it */
#define SIM_FLAG_MSI           0x0002u  /**< its source meant it as an interrupt (bookkeeping; hardware never looks) */
#define SIM_FLAG_RELAXED       0x0004u  /**< attribute RO */
#define SIM_FLAG_ID_ORDER      0x0008u  /**< attribute IDO */
#define SIM_FLAG_NO_SNOOP      0x0010u  /**< attribute NS */
#define SIM_FLAG_POISONED      0x0020u  /**< EP bit */
#define SIM_FLAG_PASID         0x0040u  /**< a PASID prefix is present (SSV on a bus) */
#define SIM_FLAG_PRIVILEGED    0x0080u  /**< PASID prefix Privileged Mode Requested; PnU on a bus */
#define SIM_FLAG_EXECUTE       0x0100u  /**< PASID prefix Execute Requested; InD on a bus */
#define SIM_FLAG_HAS_STREAM_ID 0x0200u  /**< stream_id is valid (the master sits behind an SMMU) */
#define SIM_FLAG_HAS_DEVICE_ID 0x0400u  /**< device_id is valid (the write may signal an MSI) */
#define SIM_FLAG_CONFIG_TYPE1  0x0800u  /**< configuration request of type 1 (not yet at its bus) */
#define SIM_FLAG_NO_WRITE      0x1000u  /**< ATS translation request: NW */
#define SIM_FLAG_ECRC          0x2000u  /**< TD bit: the TLP ends with an ECRC */
#define SIM_FLAG_ECRC_BAD      0x4000u  /**< changed since its ECRC was made (who checks it finds out) */
#define SIM_FLAG_LENGTH_BAD    0x8000u  /**< its Length field is not that of its payload (any receiver finds out) */
#define SIM_FLAG_FOR_PEER      0x10000u /**< a DMA write that its source meant for a peer (bookkeeping, as MSI is) */
#define SIM_FLAG_BY_SMMU       0x20000u /**< a request for a peer that came to it by way of an SMMU (bookkeeping) */

/** Payload bytes that fit in the packet itself. Larger payloads use a block from the simulation's payload pool. */
#define SIM_PACKET_INLINE_BYTES 64

/** Marks that a packet remembers: enough for ten switches in a row. */
#define SIM_PACKET_TRAIL 48

/** One mark: the stage that ended, and when. It began when the one before ended. */
struct sim_trail_mark {
    sim_time end;
    uint64_t stage; /**< as wide as the end: who compares marks does so with all of them */
};

/** Depth of the return-path stack that an interconnect keeps in a request. */
#define SIM_PACKET_ROUTE_DEPTH 4

struct sim_packet {
    /* Identity and observation. Models copy these from request to answer where the answer is to be followed. */
    uint64_t id;        /**< unique: see sim_packet_identity() */
    sim_time born;      /**< when its cause arose (for an MSI: when the vector was signalled inside the function) */
    sim_time last_mark; /**< end of the last stage that was marked */
    sim_time tail;      /**< cut-through: when the last byte has been received at the current hop; else 0 */
    uint32_t source;    /**< observer's number of the source (traffic flow); 0 if none */
    uint32_t sequence;  /**< number of earlier DMA writes of the same function meant for memory */
    uint32_t vector;    /**< MSI-X vector number, for MSIs */

    uint8_t type;      /**< enum sim_packet_type */
    uint8_t status;    /**< enum sim_packet_status, in answers */
    uint8_t at;        /**< enum sim_address_type */
    uint8_t operation; /**< sub-type: message code, or a GIC operation */
    uint32_t flags;    /**< SIM_FLAG_* */

    uint64_t address;   /**< byte address; for configuration requests the byte offset in the function's space */
    uint32_t length;    /**< bytes requested or carried */
    uint16_t requester; /**< requester ID (bus 15:8, device 7:3, function 2:0) */
    uint16_t target;    /**< ID-routed packets: requester ID of the addressee (a completion's is its requester) */
    uint16_t tag;       /**< PCIe tag, or bus transaction number of the master */
    uint8_t first_be;   /**< byte enables of the first double word, bits 3:0 */
    uint8_t last_be;    /**< byte enables of the last double word; 0 if there is only one */
    uint32_t pasid;     /**< PASID / SubstreamID, 20 bits, if SIM_FLAG_PASID */

    uint32_t stream_id; /**< StreamID, if SIM_FLAG_HAS_STREAM_ID */
    uint32_t device_id; /**< DeviceID, if SIM_FLAG_HAS_DEVICE_ID */

    uint32_t intid;  /**< GIC operations: INTID */
    uint32_t arg;    /**< GIC operations: operand (priority, collection, ...) */
    uint64_t cookie; /**< owner's private note; travels untouched from a request to its answer */

    uint8_t route[SIM_PACKET_ROUTE_DEPTH]; /**< ports by which the answer returns, innermost last */
    uint8_t route_depth;
    uint8_t traffic_class; /**< PCIe: TC, 0..7; an answer keeps its request's */

    uint8_t *data; /**< payload: points into `bytes`, or to a block of the payload pool */
    uint8_t bytes[SIM_PACKET_INLINE_BYTES];

    struct sim_packet *next; /**< free list, or a list of the owner's */

    uint32_t trail_count; /**< marks so far, if the observer asked for trails */
    struct sim_trail_mark trail[SIM_PACKET_TRAIL];
};

/** Pool of packets and of payload blocks. Part of struct sim; all memory is taken at reserve time. */
struct sim_packet_pool {
    struct sim_packet *free;
    void *free_blocks;
    uint64_t live;        /**< packets handed out and not yet freed */
    uint64_t peak;        /**< most that were ever live at once */
    uint64_t total;       /**< packets that exist */
    uint32_t block_bytes; /**< size of a payload block */
    struct arena memory;  /**< of all packets and blocks */
};

/**
 * Makes sure that the pool holds at least @p packets more packets, each with a payload block if @p blocks is set.
 * Called while building. Running out of memory ends the process with a message.
 */
void sim_packet_reserve(struct sim *sim, uint32_t packets, bool blocks);

/**
 * Takes a packet from the pool, all fields zero but `data`.
 * @param payload bytes of payload that it must hold (0 to the simulation's payload block size); `length` is set to it
 * An empty pool is grown (and counted: sim_packet_pool.total); the models' reservations make that not happen in a run.
 */
struct sim_packet *sim_packet_new(struct sim *sim, uint32_t payload);

/** Gives a packet back. */
void sim_packet_free(struct sim *sim, struct sim_packet *packet);

/**
 * Identity of the n-th packet of a source: high half a hash of the source's name, low half n. Depends on nothing
 * but the name and n, so that adding a component changes no other packet's identity.
 */
uint64_t sim_packet_identity(uint32_t source_hash, uint32_t n);

/** 32-bit hash of a name, for sim_packet_identity() and the like: FNV-1a. */
uint32_t sim_name_hash(const char *name);

/** Stable lower-case name of a drop reason, for example "its-device-unmapped". */
const char *sim_drop_reason_name(enum sim_drop_reason reason);

/** Little-endian reads and writes in payload bytes or in memory images. */
static inline uint32_t sim_load_le32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t sim_load_le64(const uint8_t *bytes)
{
    return (uint64_t)sim_load_le32(bytes) | (uint64_t)sim_load_le32(bytes + 4) << 32;
}

static inline void sim_store_le32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

static inline void sim_store_le64(uint8_t *bytes, uint64_t value)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Byte by byte is the same, but compilers that see such a loop may shuffle bytes instead of storing words. */
    memcpy(bytes, &value, sizeof(value));
#else
    sim_store_le32(bytes, (uint32_t)value);
    sim_store_le32(bytes + 4, (uint32_t)(value >> 32));
#endif
}

#ifdef __cplusplus
}
#endif

#endif
