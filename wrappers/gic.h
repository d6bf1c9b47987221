/*
 * doorbell::its, doorbell::redistributor and doorbell::pe: a GIC's LPI side for SystemC platforms. docs/tlm/gic.md
 * shows them at work.
 *
 *   of             socket        kind       what
 *   -------------  ------------  ---------  ----------------------------------------------------------------------
 *   its            registers     target     control frame (and the translation frame, if a platform wants one socket)
 *   its            translation   target     GITS_TRANSLATER; the DeviceID comes in the sideband
 *   its            memory        initiator  tables and command queue
 *   redistributor  registers     target     RD and SGI frames
 *   redistributor  memory        initiator  configuration and pending tables
 *   redistributor  cpu           target     CPU interface as memory-mapped registers, see redistributor
 *   pe             interrupts    initiator  tells when a handler starts
 *
 * What ITS, redistributor and PE say to each other has no bus protocol: connect() joins them inside the simulation.
 * All are of one simulation. Register addresses count from the configuration's base unless an offset is added.
 *
 * Debug reads of registers (transport_dbg) have no side effects, debug writes are refused; direct memory is refused.
 */
#ifndef DOORBELL_WRAPPERS_GIC_H
#define DOORBELL_WRAPPERS_GIC_H

#include "models/gic-its/its.h"
#include "models/gic-its/pe.h"
#include "models/gic-its/redistributor.h"
#include "wrappers/bus_initiator.h"
#include "wrappers/bus_target.h"
#include "wrappers/message_port.h"

#include <memory>
#include <vector>

namespace doorbell
{

class pe;
class redistributor;
class distributor;
class cpu_port;

/** What ITS and redistributor have beside their models' configurations. */
struct gic_options {
    unsigned slots = 4;           /**< requests or answers that a port holds */
    sim_time latency = 0;         /**< flight from here to what is bound, fs; 0: one cycle */
    uint64_t register_offset = 0; /**< added to addresses: config.base if they start at 0 */
    sideband defaults;            /**< its: of writes to GITS_TRANSLATER without a sideband */
};

class its : public sc_core::sc_module
{
  public:
    /** Level of the interrupt that GITS_CTLR.UMSIirq enables. */
    optional_wire unmapped;

    its(const sc_core::sc_module_name &name, simulation &whole, const its_config &config, const gic_options &how = {});
    its(const its &) = delete;
    its &operator=(const its &) = delete;

    tlm::tlm_target_socket<> &registers()
    {
        return registers_.socket;
    }
    tlm::tlm_target_socket<> &translation()
    {
        return translation_.socket;
    }
    tlm::tlm_initiator_socket<> &memory()
    {
        return memory_.socket;
    }

    /**
     * Joins a redistributor, each of the ITS's once, while the platform is built.
     * @param latency flight of a message, either way, fs; 0: one cycle  @param credits LPIs that can be under way
     */
    void connect(redistributor &other, sim_time latency = 0, unsigned credits = 4);

    struct ::its *model()
    {
        return model_;
    }

  private:
    friend class redistributor;

    unsigned debug(tlm::tlm_generic_payload &payload, uint64_t address);

    simulation &whole_;
    its_config config_;
    struct ::its *model_;
    bus_target registers_;
    bus_target translation_;
    bus_initiator memory_;
    sc_core::sc_event level_;
    void drive_level();
};

/**
 * A redistributor is joined to a pe, which takes its interrupts in simulated time, or to software of the platform's own
 * by way of its cpu socket and wire. The socket's registers are the ICC_* ones, laid out as a GICv2's GICC_* are:
 *
 *   offset  register            access
 *   ------  ------------------  -------------------------------------------------------------------------------
 *   0x00    GICC_CTLR           bit 0 enables Group 1
 *   0x04    GICC_PMR            priority mask; 0 at reset
 *   0x0c    GICC_IAR   (read)   acknowledges: a round trip to the redistributor; 1023 if there is nothing
 *   0x10    GICC_EOIR  (write)  ends the interrupt of that INTID
 *   0x14    GICC_RPR   (read)   running priority
 *   0x18    GICC_HPPIR (read)   INTID of the best pending interrupt above mask and running priority; 1023: none
 */
class redistributor : public sc_core::sc_module
{
  public:
    /** High while an interrupt that mask and running priority let through is pending. Only without a pe. */
    optional_wire interrupt;
    /** GICR_WAKER: an interrupt waits while the PE sleeps. */
    optional_wire wake;

    redistributor(const sc_core::sc_module_name &name, simulation &whole, const redistributor_config &config,
                  const gic_options &how = {});
    redistributor(const redistributor &) = delete;
    redistributor &operator=(const redistributor &) = delete;
    ~redistributor() override;

    tlm::tlm_target_socket<> &registers()
    {
        return registers_.socket;
    }
    tlm::tlm_initiator_socket<> &memory()
    {
        return memory_.socket;
    }
    /** Makes the CPU interface; instead of connect(). @param period its clock, fs */
    tlm::tlm_target_socket<> &cpu(sim_time period = SIM_NS);

    /** Joins a PE, once, while the platform is built. @param latency either way, fs; 0: one cycle */
    void connect(pe &other, sim_time latency = 0);

    struct ::redistributor *model()
    {
        return model_;
    }

  private:
    friend class its;
    friend class distributor;

    unsigned debug(tlm::tlm_generic_payload &payload, uint64_t address);
    void drive_wires();
    void before_end_of_elaboration() override;

    simulation &whole_;
    redistributor_config config_;
    struct ::redistributor *model_;
    bus_target registers_;
    bus_initiator memory_;
    std::unique_ptr<cpu_port> cpu_;
    bool has_pe_ = false;
    unsigned next_its_ = 0;
    sc_core::sc_event level_;
};

/** Where a pe tells of its handlers, and how. */
struct pe_options {
    uint64_t address = 0; /**< of the writes */
};

/**
 * A PE that takes interrupts one after another, as models/gic-its/pe.h describes. When a handler starts it writes the
 * INTID, 4 bytes, to options.address; the write is annotated, because the time is known when the acknowledge is.
 */
class pe : public sc_core::sc_module
{
  public:
    pe(const sc_core::sc_module_name &name, simulation &whole, const pe_config &config, const pe_options &how = {});
    pe(const pe &) = delete;
    pe &operator=(const pe &) = delete;

    optional_initiator &interrupts()
    {
        return interrupts_.socket;
    }

    struct ::pe *model()
    {
        return model_;
    }

  private:
    friend class redistributor;

    class teller : public sc_core::sc_module, private tlm::tlm_bw_transport_if<>, private tlm::tlm_mm_interface
    {
      public:
        optional_initiator socket;

        teller(const sc_core::sc_module_name &name, simulation &whole, uint64_t address);
        void tell(uint32_t intid, sim_time start);

      private:
        struct record : tlm::tlm_generic_payload {
            uint8_t data[4] = {};
            explicit record(tlm::tlm_mm_interface *pool) : tlm::tlm_generic_payload(pool)
            {
            }
        };
        struct notice {
            uint32_t intid;
            sim_time start;
        };

        tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                           sc_core::sc_time &delay) override;
        void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
        {
        }
        void free(tlm::tlm_generic_payload *payload) override;
        void send_some();
        void send(const notice &what);

        simulation &whole_;
        uint64_t address_;
        bool busy_ = false;
        std::deque<notice> waiting_;
        std::vector<std::unique_ptr<record>> records_;
        std::vector<record *> free_;
    };

    struct ::pe *model_;
    teller interrupts_;
};

} // namespace doorbell

#endif
