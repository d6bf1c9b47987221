/*
 * Messages of Address Translation Services and the Page Request Interface (PCIe Base, chapter 10), as packets: what an
 * endpoint with a translation cache (ATC), the links, a root complex and an SMMU say to each other. Every hop uses the
 * same fields; only the root complex turns requester IDs into StreamIDs and back.
 *
 *   what                    packet                                          fields, besides requester, target, tag
 *   ----------------------  ----------------------------------------------  ----------------------------------------
 *   Translation Request     SIM_PACKET_READ, at = TRANSLATION_REQUEST       address (of a page), length 8 for each
 *                                                                           translation wanted, SIM_FLAG_NO_WRITE,
 *                                                                           PASID, PRIVILEGED, EXECUTE
 *   Translation Completion  SIM_PACKET_COMPLETION                           status; if OK length 8 and one entry in
 *                                                                           data: sim_ats_load_entry()
 *   Translated request      SIM_PACKET_READ, _WRITE, at = TRANSLATED        as any
 *   Invalidate Request      SIM_PACKET_MESSAGE, SIM_ATS_INVALIDATE_REQUEST  address: ITag; PASID; 8 bytes of data:
 *                                                                           sim_ats_load_range()
 *   Invalidate Completion   .. SIM_ATS_INVALIDATE_COMPLETION                address: ITag vector and completion count;
 *                                                                           status: UR if there was nobody to take the
 *                                                                           request (a root complex says so)
 *   Page Request            .. SIM_ATS_PAGE_REQUEST                         address: page, PRGI, L, W, R; PASID,
 *                                                                           PRIVILEGED, EXECUTE
 *   PRG Response            .. SIM_ATS_PRG_RESPONSE                         address: PRGI and response code; PASID
 *
 * `address` of a message is what its header holds in bytes 8 to 15, as one number, without the Device ID that is there
 * in messages routed by ID: that is `target`. Data are bytes as on the wire: most significant first.
 *
 * Between root complex and SMMU they travel on the SMMU's upstream port: what comes from the endpoint on the request
 * channel, with stream_id and in order with the endpoint's writes; what goes to it on the response channel, with
 * stream_id, from which the root complex finds the target.
 */
#ifndef DOORBELL_SIM_ATS_H
#define DOORBELL_SIM_ATS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Message codes: sim_packet.operation. */
#define SIM_ATS_INVALIDATE_REQUEST    0x01u
#define SIM_ATS_INVALIDATE_COMPLETION 0x02u
#define SIM_ATS_PAGE_REQUEST          0x04u
#define SIM_ATS_PRG_RESPONSE          0x05u

/** sim_packet.arg, the routing field r[2:0] of a message: a Page Request goes to the root complex, all others by ID. */
#define SIM_ATS_ROUTE_TO_ROOT 0u
#define SIM_ATS_ROUTE_BY_ID   2u

/** Bytes of a translation entry, and of an Invalidate Request's data. */
#define SIM_ATS_ENTRY_BYTES 8u

/** Invalidate Requests that a requester can have under way: an ITag has 5 bits. */
#define SIM_ATS_ITAGS 32u

/** PRG Response codes; all others are Response Failure too. */
#define SIM_ATS_PRG_SUCCESS 0x0u
#define SIM_ATS_PRG_INVALID 0x1u
#define SIM_ATS_PRG_FAILURE 0xfu

/* ---- Ranges ---- */

/** A naturally aligned range of 2^size bytes, size at least 12: page number with the size in its low bits, and S. */
static inline uint64_t sim_ats_encode_range(uint64_t address, unsigned size)
{
    const uint64_t page = address & ~UINT64_C(0xfff);

    if (size <= 12) {
        return page;
    }
    /* The lowest 0 above bit 11 tells the size; all of the address space has 0 in bit 63 and none below. */
    if (size >= 64) {
        return UINT64_C(0x7ffffffffffff800);
    }
    return (page & ~((UINT64_C(1) << size) - 1)) | (((UINT64_C(1) << (size - 1)) - 1) & ~UINT64_C(0xfff)) | 0x800u;
}

/** The reverse. @return the size; *address: the first byte */
static inline unsigned sim_ats_decode_range(uint64_t word, uint64_t *address)
{
    unsigned size = 12;

    if ((word & 0x800u) != 0) {
        size++;
        while (size < 64 && (word >> (size - 1) & 1) != 0) {
            size++;
        }
    }
    *address = size >= 64 ? 0 : word & ~((UINT64_C(1) << size) - 1);
    return size;
}

static inline uint64_t sim_ats_load_be64(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++) {
        word = word << 8 | bytes[i];
    }
    return word;
}

static inline void sim_ats_store_be64(uint8_t *bytes, uint64_t word)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(word >> (56 - 8 * i));
    }
}

/* ---- Translation Completion ---- */

/** An entry: access is denied if neither read nor write is granted. */
struct sim_ats_entry {
    uint64_t address;  /**< translated, of the range's first byte */
    uint8_t size;      /**< log2 of bytes, 12 to 63 */
    bool read;         /**< R */
    bool write;        /**< W */
    bool untranslated; /**< U: only untranslated requests may be made */
    bool execute;      /**< Exe */
    bool privileged;   /**< Priv: what the request said */
    bool global;       /**< G: the same for all PASIDs */
    bool no_snoop;     /**< N */
};

static inline void sim_ats_store_entry(uint8_t *bytes, const struct sim_ats_entry *entry)
{
    uint64_t word = sim_ats_encode_range(entry->address, entry->size);

    word |= (uint64_t)entry->read | (uint64_t)entry->write << 1 | (uint64_t)entry->untranslated << 2;
    word |= (uint64_t)entry->execute << 3 | (uint64_t)entry->privileged << 4 | (uint64_t)entry->global << 5;
    word |= (uint64_t)entry->no_snoop << 10;
    sim_ats_store_be64(bytes, word);
}

static inline struct sim_ats_entry sim_ats_load_entry(const uint8_t *bytes)
{
    const uint64_t word = sim_ats_load_be64(bytes);
    struct sim_ats_entry entry;

    entry.size = (uint8_t)sim_ats_decode_range(word, &entry.address);
    entry.read = (word & 1) != 0;
    entry.write = (word >> 1 & 1) != 0;
    entry.untranslated = (word >> 2 & 1) != 0;
    entry.execute = (word >> 3 & 1) != 0;
    entry.privileged = (word >> 4 & 1) != 0;
    entry.global = (word >> 5 & 1) != 0;
    entry.no_snoop = (word >> 10 & 1) != 0;
    return entry;
}

/* ---- Invalidate Request and Completion ---- */

/** Data of an Invalidate Request. @param size log2 of bytes, 12 to 64 @param global for every PASID */
static inline void sim_ats_store_range(uint8_t *bytes, uint64_t address, unsigned size, bool global)
{
    sim_ats_store_be64(bytes, sim_ats_encode_range(address, size) | (global ? 1u : 0u));
}

/** The reverse. @return log2 of the bytes */
static inline unsigned sim_ats_load_range(const uint8_t *bytes, uint64_t *address, bool *global)
{
    const uint64_t word = sim_ats_load_be64(bytes);

    *global = (word & 1) != 0;
    return sim_ats_decode_range(word, address);
}

/** Invalidate Request: `address`. @param itag 0 to 31 */
static inline uint64_t sim_ats_itag_word(unsigned itag)
{
    return (uint64_t)(itag & 0x1f) << 32;
}

static inline unsigned sim_ats_itag(uint64_t address)
{
    return (unsigned)(address >> 32) & 0x1f;
}

/** Invalidate Completion: `address`. @param count completions that the requester is to expect for each ITag, 1 to 8 */
static inline uint64_t sim_ats_completion_word(uint32_t itags, unsigned count)
{
    return (uint64_t)(count & 7) << 32 | itags;
}

static inline uint32_t sim_ats_itags(uint64_t address)
{
    return (uint32_t)address;
}

static inline unsigned sim_ats_completion_count(uint64_t address)
{
    const unsigned count = (unsigned)(address >> 32) & 7;

    return count == 0 ? 8 : count;
}

/* ---- Page Request and PRG Response ---- */

/** A Page Request: `address`. */
struct sim_ats_page_request {
    uint64_t page;  /**< its address */
    uint16_t group; /**< Page Request Group Index, 9 bits */
    bool last;      /**< L */
    bool write;     /**< W */
    bool read;      /**< R */
};

static inline uint64_t sim_ats_page_request_word(const struct sim_ats_page_request *request)
{
    return (request->page & ~UINT64_C(0xfff)) | (uint64_t)(request->group & 0x1ff) << 3 | (uint64_t)request->last << 2 |
           (uint64_t)request->write << 1 | (uint64_t)request->read;
}

static inline struct sim_ats_page_request sim_ats_load_page_request(uint64_t address)
{
    struct sim_ats_page_request request;

    request.page = address & ~UINT64_C(0xfff);
    request.group = (uint16_t)(address >> 3 & 0x1ff);
    request.last = (address & 4) != 0;
    request.write = (address & 2) != 0;
    request.read = (address & 1) != 0;
    return request;
}

/** Whether it is a Stop Marker (the last of a PASID's requests), which nobody answers. @param pasid it has a PASID */
static inline bool sim_ats_is_stop_marker(uint64_t address, bool pasid)
{
    return pasid && (address & 7) == 4;
}

/** PRG Response: `address`. @param code SIM_ATS_PRG_* */
static inline uint64_t sim_ats_response_word(unsigned group, unsigned code)
{
    return (uint64_t)(code & 0xf) << 44 | (uint64_t)(group & 0x1ff) << 32;
}

static inline unsigned sim_ats_response_group(uint64_t address)
{
    return (unsigned)(address >> 32) & 0x1ff;
}

static inline unsigned sim_ats_response_code(uint64_t address)
{
    return (unsigned)(address >> 44) & 0xf;
}

#ifdef __cplusplus
}
#endif

#endif
