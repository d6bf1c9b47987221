/*
 * doorbell::smmu, an SMMUv3 for SystemC platforms. docs/tlm/smmu.md shows it at work.
 *
 *   socket        kind       what
 *   ------------  ---------  ----------------------------------------------------------------------------------
 *   tbu(i)        target     devices: reads and writes with a StreamID; ATS translation requests and page requests
 *   memory(i)     initiator  the same transactions, translated; one for each tbu(i)
 *   walker        initiator  the SMMU's own accesses: tables, queues, MSIs
 *   registers     target     pages 0 and 1 and what follows them
 *   ats(i)        initiator  messages to the devices behind tbu(i): Invalidate Requests, PRG Responses; may be unbound
 *
 * The six wires are pulsed for one clock cycle at each edge that the SMMU gives; all may be unbound.
 *
 * Addresses are physical unless options add an offset; register addresses count from config.base. Errors: a transaction
 * that the SMMU terminates has TLM_GENERIC_ERROR_RESPONSE (reads; writes with `write_outcomes`), an address that the
 * platform refuses TLM_ADDRESS_ERROR_RESPONSE.
 *
 * Debug accesses (transport_dbg) are translated by the tables in memory, take no time and leave no trace. Direct memory
 * (DMI) is granted through a tbu socket for the StreamID of that socket's defaults only, because its user presents no
 * StreamID any more; within one page, where a translation exists, and no descriptor would be updated. It is taken back
 * when a register is written, or a command invalidates a translation or a configuration.
 */
#ifndef DOORBELL_WRAPPERS_SMMU_H
#define DOORBELL_WRAPPERS_SMMU_H

#include "models/smmuv3/smmu.h"
#include "models/smmuv3/smmu_probe.h"
#include "wrappers/bus_initiator.h"
#include "wrappers/bus_target.h"
#include "wrappers/message_port.h"

#include <array>
#include <memory>
#include <vector>

namespace doorbell
{

class smmu : public sc_core::sc_module
{
  public:
    /** What is not the model's own configuration. */
    struct options {
        std::vector<sideband> defaults; /**< of transactions without a sideband, by tbu socket; empty: none */
        bool write_outcomes = false;    /**< a write is answered when its fate is known; else when it has been taken */
        unsigned slots = 4;             /**< requests or answers that a port holds */
        sim_time latency = 0;           /**< flight from the SMMU to what is bound, fs; 0: one cycle */
        uint64_t register_offset = 0; /**< added to addresses at the register socket: config.base if they start at 0 */
    };

    sc_core::sc_vector<optional_wire> wires; /**< by enum smmu_wire */

    /** @param config see models/smmuv3/smmu.h; one with an error is a fatal report */
    smmu(const sc_core::sc_module_name &name, simulation &whole, const smmu_config &config);
    smmu(const sc_core::sc_module_name &name, simulation &whole, const smmu_config &config, const options &how);
    smmu(const smmu &) = delete;
    smmu &operator=(const smmu &) = delete;

    tlm::tlm_target_socket<> &tbu(unsigned port)
    {
        return tbus_.at(port)->socket;
    }
    tlm::tlm_initiator_socket<> &memory(unsigned port)
    {
        return memories_.at(port)->socket;
    }
    tlm::tlm_initiator_socket<> &walker()
    {
        return walker_.socket;
    }
    tlm::tlm_target_socket<> &registers()
    {
        return registers_.socket;
    }
    optional_initiator &ats(unsigned port)
    {
        return messages_.at(port)->socket;
    }

    /** The model, to look at (smmu_get_edges(), counters) and for smmu_add_stream_route(). */
    struct ::smmu *model()
    {
        return model_;
    }

  private:
    void build_port(unsigned port);
    void drive_wires();
    void written(uint64_t cookie, sim_packet_status status, sim_time at);
    void take_direct_memory_back();
    sim_packet *make_message(unsigned port, const tlm::tlm_generic_payload &payload) const;
    smmu_probe_result probe(unsigned port, const tlm::tlm_generic_payload &payload, uint64_t address, bool write);
    unsigned debug(unsigned port, tlm::tlm_generic_payload &payload, uint64_t address);
    unsigned debug_register(tlm::tlm_generic_payload &payload, uint64_t address);
    bool grant(unsigned port, tlm::tlm_generic_payload &payload, uint64_t address, tlm::tlm_dmi &given);

    simulation &whole_;
    smmu_config config_;
    options how_;
    struct ::smmu *model_ = nullptr;
    bus_target registers_;
    bus_initiator walker_;
    std::vector<std::unique_ptr<bus_target>> tbus_;
    std::vector<std::unique_ptr<bus_initiator>> memories_;
    std::vector<std::unique_ptr<message_port>> messages_;
    /** An output: pulses given, and when its level may change next. */
    struct wire_state {
        uint64_t edges = 0;
        bool level = false;
        sim_time until = 0;
    };
    std::array<wire_state, SMMU_WIRES> states_ = {};
    sc_core::sc_event pulse_; /**< a wire has something to do */
    bool granted_ = false;    /**< direct memory is out */
};

} // namespace doorbell

#endif
