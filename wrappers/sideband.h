/*
 * What accompanies a memory transaction on an Arm bus and has no place in the generic payload: an ignorable extension.
 * A transaction without it gets what the socket's options say.
 */
#ifndef DOORBELL_WRAPPERS_SIDEBAND_H
#define DOORBELL_WRAPPERS_SIDEBAND_H

#include "sim/packet.h"

#include <tlm>

namespace doorbell
{

struct sideband : tlm::tlm_extension<sideband> {
    bool has_stream_id = false;                          /**< comes from a device behind an SMMU */
    uint32_t stream_id = 0;                              /**< StreamID */
    bool has_substream_id = false;                       /**< SSV */
    uint32_t substream_id = 0;                           /**< SubstreamID (PASID), 20 bits */
    bool has_device_id = false;                          /**< may signal an MSI */
    uint32_t device_id = 0;                              /**< DeviceID, for an ITS */
    sim_address_type address_type = SIM_AT_UNTRANSLATED; /**< ATS: untranslated, translation request, translated */
    bool no_write = false;                               /**< ATS translation request: NW */
    bool instruction = false;                            /**< InD: an instruction fetch */
    bool privileged = false;                             /**< PnU: by privileged software */
    bool relaxed = false;                                /**< PCIe attribute RO */
    bool id_order = false;                               /**< PCIe attribute IDO */
    bool no_snoop = false;                               /**< PCIe attribute NS */
    uint16_t requester = 0;                              /**< PCIe requester ID */

    tlm::tlm_extension_base *clone() const override
    {
        return new sideband(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const sideband &>(other);
    }

    /** Into a packet of the simulation, and out of one. */
    void store(sim_packet *packet) const;
    void load(const sim_packet *packet);
};

} // namespace doorbell

#endif
