/*
 * doorbell::distributor and doorbell::v2m: a GIC's SPIs, made pending by messages, for SystemC platforms that have
 * GICv2m frames in place of an ITS or beside one. docs/tlm/gic.md shows them at work; redistributors and PEs are those
 * of wrappers/gic.h.
 *
 *   of           socket     kind    what
 *   -----------  ---------  ------  -----------------------------------------------------------------------------
 *   distributor  registers  target  GICD_*
 *   v2m          frame      target  the page of a frame: MSI_SETSPI_NS takes the INTID of an SPI, 32 bits or 16
 *
 * connect() joins frames to the distributor and the distributor to redistributors, inside the simulation; as many as
 * its configuration says, or the platform does not start. All are of one simulation. Register addresses count from the
 * configuration's base unless an offset is added. Debug reads of registers have no side effects, debug writes are
 * refused; direct memory is refused.
 */
#ifndef DOORBELL_WRAPPERS_DISTRIBUTOR_H
#define DOORBELL_WRAPPERS_DISTRIBUTOR_H

#include "models/gic-its/distributor.h"
#include "models/gic-its/v2m.h"
#include "wrappers/bus_target.h"
#include "wrappers/gic.h"

namespace doorbell
{

class distributor : public sc_core::sc_module
{
  public:
    distributor(const sc_core::sc_module_name &name, simulation &whole, const distributor_config &config,
                const gic_options &how = {});
    distributor(const distributor &) = delete;
    distributor &operator=(const distributor &) = delete;

    tlm::tlm_target_socket<> &registers()
    {
        return registers_.socket;
    }

    /**
     * Joins a redistributor whose configuration has `spis`, each once, while the platform is built. Its number, which
     * GICD_IROUTER names in Aff0, is its place in the order of calls.
     * @param latency flight of a message, either way, fs; 0: one cycle  @param credits SPIs that can be under way
     */
    void connect(redistributor &other, sim_time latency = 0, unsigned credits = 4);

    struct ::distributor *model()
    {
        return model_;
    }

  private:
    friend class v2m;

    unsigned debug(tlm::tlm_generic_payload &payload, uint64_t address);
    void before_end_of_elaboration() override;

    simulation &whole_;
    distributor_config config_;
    struct ::distributor *model_;
    bus_target registers_;
    uint32_t frames_ = 0;
    uint32_t redistributors_ = 0;
};

/** A GICv2m frame. Who writes it does not matter: there is no DeviceID. */
class v2m : public sc_core::sc_module
{
  public:
    v2m(const sc_core::sc_module_name &name, simulation &whole, const v2m_config &config, const gic_options &how = {});
    v2m(const v2m &) = delete;
    v2m &operator=(const v2m &) = delete;

    tlm::tlm_target_socket<> &frame()
    {
        return frame_.socket;
    }

    /** Joins the distributor, once, while the platform is built. Parameters as above. */
    void connect(distributor &to, sim_time latency = 0, unsigned credits = 4);

    struct ::v2m *model()
    {
        return model_;
    }

  private:
    unsigned debug(tlm::tlm_generic_payload &payload, uint64_t address);
    void before_end_of_elaboration() override;

    simulation &whole_;
    v2m_config config_;
    struct ::v2m *model_;
    bus_target frame_;
    bool connected_ = false;
};

} // namespace doorbell

#endif
