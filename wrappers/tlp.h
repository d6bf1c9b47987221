/*
 * A transaction layer packet of PCI Express as an extension of the generic payload. On the wrappers' TLP sockets every
 * payload has it, and it is what counts; the payload's own attributes repeat what they can:
 *
 *   TLP               command               address                      data
 *   ----------------  --------------------  ---------------------------  -----------------------------------------
 *   memory read       TLM_READ_COMMAND      of the first double word     none is carried; see below
 *   memory write      TLM_WRITE_COMMAND     of the first double word     whole double words
 *   others            TLM_IGNORE_COMMAND    as the field `address`       what the TLP carries, if it does
 *
 * TLPs are one-way: a read's data come back in a completion, which is a payload of its own in the other direction. So
 * the data of a memory read's payload are not written to, and a response says no more than that the TLP has been taken:
 *
 *   BEGIN_REQ   the TLP, annotated with the time at which its header (store and forward: its last byte) is in
 *   END_REQ     at once: credits see to it that there is room
 *   BEGIN_RESP  the receiver has taken it out of its buffer; annotated with the time at which the credits are back
 *   END_RESP    at once
 *
 * Virtual channels other than VC0 are there when both ends have switched them on. Each end tells the other with
 * init_fc, a payload with TLM_IGNORE_COMMAND that is answered at once (TLM_COMPLETED); an end that has VC0 only does
 * nothing about it.
 *
 * A payload without data has one byte that means nothing, since the base protocol asks for a length of at least 1.
 *
 * transport_dbg takes a memory or configuration request to where it would go, without time and without a trace, and
 * here the answer comes in the same payload: data array, length and address (of configuration requests the register's
 * offset) are those of the bytes meant, which the extension's double words hold. The extension's `type1` follows the
 * request on its way. Returned is the number of bytes moved. Endpoints let themselves be read only.
 * Section numbers are those of the PCI Express Base Specification.
 */
#ifndef DOORBELL_WRAPPERS_TLP_H
#define DOORBELL_WRAPPERS_TLP_H

#include "sim/packet.h"

#include <tlm>

namespace doorbell
{

enum class tlp_kind {
    memory_read,
    memory_write,
    config_read,
    config_write,
    completion, /**< Cpl or CplD */
    message,    /**< Msg or MsgD; also ATS and page requests (sim/ats.h) */
    init_fc,    /**< no TLP: the end that sends it has switched `virtual_channel` on or off (InitFC DLLPs, 3.4.1) */
};

struct tlp : tlm::tlm_extension<tlp> {
    tlp_kind kind = tlp_kind::memory_read;
    uint16_t requester = 0;   /**< Requester ID; of a completion the Completer ID */
    uint16_t target = 0;      /**< ID-routed TLPs: the addressee; of a completion the Requester ID of its request */
    uint16_t tag = 0;         /**< 10 bits */
    uint64_t address = 0;     /**< memory: of the first double word; configuration: register offset; see sim/ats.h */
    uint32_t length = 0;      /**< bytes asked for or carried, whole double words */
    uint8_t first_be = 0xf;   /**< byte enables of the first double word (2.2.5) */
    uint8_t last_be = 0;      /**< of the last; 0 if there is only one */
    uint8_t message_code = 0; /**< messages */
    uint8_t routing = 0;      /**< messages, r[2:0] (2.2.8) */
    bool type1 = false;       /**< configuration request of type 1 */
    sim_packet_status status = SIM_STATUS_OK; /**< completions */
    uint32_t byte_count = 0;                  /**< completions: bytes still to come, these included */
    sim_address_type address_type = SIM_AT_UNTRANSLATED;
    uint8_t traffic_class = 0;   /**< TC, 0..7 */
    uint8_t virtual_channel = 0; /**< whose credits the sender has taken; on a wire the TC says it */
    bool enabled = false;        /**< init_fc: on */
    bool no_write = false;       /**< ATS translation request: NW */
    bool relaxed = false;        /**< RO */
    bool id_order = false;       /**< IDO */
    bool no_snoop = false;       /**< NS */
    bool poisoned = false;       /**< EP */
    bool digest = false;         /**< TD: an ECRC follows */
    bool has_pasid = false;      /**< a PASID prefix is present */
    uint32_t pasid = 0;          /**< 20 bits */
    bool privileged = false;     /**< of the prefix: Privileged Mode Requested */
    bool execute = false;        /**< of the prefix: Execute Requested */
    sim_time tail = 0;           /**< when its last byte is in, fs, if that is after the annotated time; else 0 */
    uint64_t identity = 0;       /**< by which observers follow it; 0: none */
    sim_time born = 0;           /**< when its cause arose, fs, for observers; 0: when it is sent */
    sim_time booked = 0; /**< until when its sender has booked its time, fs, for observers; 0: until it is sent */

    tlm::tlm_extension_base *clone() const override
    {
        return new tlp(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const tlp &>(other);
    }

    /** Whether data travel with it. */
    bool carries_data() const;

    /** Into a packet of the simulation, data apart, and out of one. */
    void store(sim_packet *packet) const;
    void load(const sim_packet *packet);

    /** As a packet without data, for what the models know of TLPs. */
    sim_packet packet() const;
};

/** One end of a link, whose pair of sockets is bound to this. A TLP takes time: without time there is nothing here. */
class link_end : protected tlm::tlm_fw_transport_if<>,
                 protected tlm::tlm_bw_transport_if<>,
                 protected tlm::tlm_mm_interface
{
  protected:
    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override;
};

} // namespace doorbell

#endif
