/*
 * A GIC with virtual LPIs for tests: the System of gic_system.h, and what a hypervisor does with it.
 */
#ifndef DOORBELL_TESTS_GIC_VIRTUAL_SYSTEM_H
#define DOORBELL_TESTS_GIC_VIRTUAL_SYSTEM_H

#include "tests/gic/gic_system.h"

namespace gic_test
{

constexpr uint64_t kVpeTable = kMemory + 0xa000000; /**< ITS i at + i * 0x100000, if each has its own */
constexpr uint64_t kVpts = kMemory + 0xb000000;     /**< vPE n at + n * 0x10000 */
constexpr uint64_t kVConfigs = kMemory + 0xc000000; /**< the same */
constexpr uint32_t kVBits = 16;

/** A kind of GIC with virtual LPIs. */
struct Kind {
    const char *name;
    enum gic_virtual version;
    bool single;     /**< GITS_TYPER.VMOVP */
    uint32_t shared; /**< GITS_TYPER.SVPET */
};

const std::vector<Kind> &kinds();

class VirtualSystem : public System
{
  public:
    VirtualSystem(const support::Engine &engine, const Kind &kind, const Options &given = Options());

    /** bring_up(), with vPE tables in place. */
    void start();
    /** VMAPP on every ITS, all virtual LPIs enabled at 0xa0. Doorbell of GICv4.1 only. */
    void map_vpe(uint32_t vpe, uint32_t rd, uint32_t doorbell = GIC_NO_DOORBELL);
    void map_vpe_at(uint32_t its, uint32_t vpe, uint32_t rd, uint32_t doorbell, bool first);
    void set_vconfig(uint32_t vpe, uint32_t intid, bool enabled, uint8_t priority = 0xa0);

    /** VPENDBASER.Valid 1 for this vPE, without waiting. */
    void write_residency(uint32_t rd, uint32_t vpe, bool valid, bool doorbell = false, sim_time at = 0);
    /** The same, and waits until nothing is due. @return VPENDBASER */
    uint64_t enter(uint32_t rd, uint32_t vpe);
    uint64_t leave(uint32_t rd, uint32_t vpe, bool doorbell = false);

    bool bit_in_memory(uint32_t vpe, uint32_t intid) const;
    /** MSIs that no one has seen the end of: held at redistributors, in sets or parked. */
    uint64_t held() const;

    uint64_t vpt(uint32_t vpe) const
    {
        return kVpts + vpe * UINT64_C(0x10000);
    }

    Kind kind;
};

its_command vmapp(uint32_t vpe, uint64_t rd, uint64_t vpt, uint64_t vconfig, uint32_t doorbell, bool valid = true,
                  bool allocate = true, bool zero = true);
its_command vmapti(uint32_t device, uint32_t event, uint32_t vpe, uint32_t intid, uint32_t doorbell = GIC_NO_DOORBELL);
its_command vmovi(uint32_t device, uint32_t event, uint32_t vpe);
its_command vmovp(uint32_t vpe, uint64_t rd, uint32_t sequence = 0, uint32_t list = 0);
its_command vpe_command(its_opcode opcode, uint32_t vpe);
its_command vsgi(uint32_t vpe, uint32_t sgi, bool enable, uint8_t priority = 0xa0, bool clear = false);

} // namespace gic_test

#endif
