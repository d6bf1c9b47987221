/*
 * doorbell::tlp_bridge: a device of a platform's own on a PCI Express link. It turns memory-mapped accesses into TLPs
 * and TLPs into memory-mapped accesses; what stands behind it knows nothing of PCI Express.
 *
 *   socket     kind       what
 *   ---------  ---------  ---------------------------------------------------------------------------------------
 *   transmit,  both       the link, see tlp_port.h: bind them to those of the port above (join())
 *   receive
 *   dma        target     the device's accesses to memory: memory reads and writes upstream
 *   registers  initiator  memory requests from above, at their addresses: the device's BARs
 *   config     initiator  configuration requests, at the register's offset + function * 4096; may be unbound
 *
 * An access is cut at Max_Payload_Size or Max_Read_Request_Size and at 4 KiB; bytes that are not enabled are left out.
 * A write is answered when its TLPs have been sent, a read when its completions have come. Requests from above are
 * served one after another, by b_transport; answers are cut at Max_Payload_Size and the Read Completion Boundary. The
 * requester ID is learned from configuration writes. It keeps to the credits of the other end and to the order of TLPs.
 * What takes time is the link of the port above, and whatever the device's targets take. Debug accesses go either way.
 */
#ifndef DOORBELL_WRAPPERS_TLP_BRIDGE_H
#define DOORBELL_WRAPPERS_TLP_BRIDGE_H

#include "models/pcie/link.h"
#include "wrappers/segments.h"
#include "wrappers/tlp_port.h"

#include <array>
#include <memory>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace doorbell
{

class tlp_bridge : public sc_core::sc_module, private link_end
{
  public:
    struct options {
        uint32_t max_payload = 128;      /**< Max_Payload_Size: what software has set; 128 after reset (7.5.3.4) */
        uint32_t max_read_request = 512; /**< Max_Read_Request_Size, likewise; 512 after reset */
        uint32_t boundary = 64;          /**< Read Completion Boundary, bytes */
        unsigned tags = 32;              /**< reads under way at once, up to 256 */
        pcie_credits credits;            /**< what the other end grants; by default that of pcie_link_config_init() */
        sc_core::sc_time flight;         /**< annotated to TLPs that are sent; by default 10 ns */

        options();
    };

    tlm::tlm_initiator_socket<> transmit;
    tlm::tlm_target_socket<> receive;
    tlm_utils::simple_target_socket<tlp_bridge> dma;
    tlm_utils::simple_initiator_socket<tlp_bridge> registers;
    tlm_utils::simple_initiator_socket_optional<tlp_bridge> config;

    explicit tlp_bridge(const sc_core::sc_module_name &name, const options &how = options());
    tlp_bridge(const tlp_bridge &) = delete;
    tlp_bridge &operator=(const tlp_bridge &) = delete;

    void join(tlp_port &above)
    {
        transmit.bind(above.receive);
        above.transmit.bind(receive);
    }

    uint16_t requester() const
    {
        return requester_;
    }

    /** Completions that nobody asked for. */
    uint64_t unexpected() const
    {
        return unexpected_;
    }

  private:
    struct record : tlm::tlm_generic_payload {
        tlp header;
        std::vector<uint8_t> data;
        unsigned queue = 0;
        uint32_t units = 0;
        bool taken = false; /**< its credits are back */

        explicit record(tlm::tlm_mm_interface *pool);
        ~record() override;
        record(const record &) = delete;
        record &operator=(const record &) = delete;
    };

    /** A read under way. */
    struct reading {
        bool active = false;
        std::vector<uint8_t> data; /**< whole double words */
        uint32_t received = 0;
        sim_packet_status status = SIM_STATUS_OK;
        bool done = false;
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override;
    void free(tlm::tlm_generic_payload *payload) override;

    unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;
    unsigned access_debug(tlm::tlm_generic_payload &payload);

    void access(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    void write(uint64_t address, const uint8_t *bytes, uint32_t count);
    sim_packet_status read(uint64_t address, uint8_t *bytes, uint32_t count);
    void send(const tlp &header, const uint8_t *data);
    bool has_credit(unsigned queue, uint32_t units) const;
    void taken(record *own);
    void serve();
    void serve_one(const tlp &header, const uint8_t *data);
    void serve_memory(const tlp &header, const uint8_t *data);
    void serve_config(const tlp &header, const uint8_t *data);
    void complete(const tlp &request, sim_packet_status status, const std::vector<uint8_t> &data);
    void take_completion(const tlp &header, const uint8_t *data);
    sim_packet_status perform(bool is_config, bool is_read, uint64_t address, std::vector<uint8_t> &data,
                              const tlp &header);

    options how_;
    uint16_t requester_ = 0;
    uint64_t unexpected_ = 0;
    std::array<uint32_t, PCIE_CLASSES> headers_used_ = {};
    std::array<uint32_t, PCIE_CLASSES> units_used_ = {};
    record *open_ = nullptr;  /**< its BEGIN_REQ has had no END_REQ */
    sc_core::sc_event moved_; /**< credits or tags are back, a request has been accepted, a read is done */
    std::vector<reading> readings_;
    std::vector<std::unique_ptr<record>> records_;
    std::vector<record *> free_;
    tlm_utils::peq_with_get<tlm::tlm_generic_payload> inbox_;
    sc_core::sc_event ended_;
    tlm::tlm_generic_payload *responding_ = nullptr;
};

} // namespace doorbell

#endif
