#include "tests/gic/virtual_system.h"

namespace gic_test
{

const std::vector<Kind> &kinds()
{
    static const std::vector<Kind> list = {
        {"v4_0_list", GIC_VIRTUAL_V4_0, false, 0},  {"v4_0_single", GIC_VIRTUAL_V4_0, true, 0},
        {"v4_1_list", GIC_VIRTUAL_V4_1, false, 0},  {"v4_1_single", GIC_VIRTUAL_V4_1, true, 0},
        {"v4_1_shared", GIC_VIRTUAL_V4_1, true, 1},
    };

    return list;
}

static Options with_virtual(const Kind &kind, Options options)
{
    options.its.virt.version = kind.version;
    options.its.virt.single_vmovp = kind.single;
    options.its.virt.shared_table = kind.shared;
    options.rd.virt.version = kind.version;
    return options;
}

VirtualSystem::VirtualSystem(const support::Engine &engine, const Kind &given_kind, const Options &given)
    : System(engine, with_virtual(given_kind, given)), kind(given_kind)
{
}

void VirtualSystem::start()
{
    for (uint32_t i = 0; i < options.its_count; i++) {
        uint64_t table = kVpeTable + (kind.shared != 0 ? 0 : i * UINT64_C(0x100000));

        its_write(i, GITS_BASER(2), GIC_MASK(GITS_BASER_VALID) | table | 15);
    }
    if (kind.version == GIC_VIRTUAL_V4_1) {
        for (uint32_t rd = 0; rd < options.rd_count; rd++) {
            rd_write(rd, GICR_VPROPBASER, GIC_MASK(GICR_VPROPBASER_VALID) | kVpeTable | 15);
        }
    }
    bring_up();
}

void VirtualSystem::map_vpe_at(uint32_t index, uint32_t vpe, uint32_t rd, uint32_t doorbell, bool first)
{
    bool v4_1 = kind.version == GIC_VIRTUAL_V4_1;

    command(vmapp(vpe, rd, vpt(vpe), v4_1 ? kVConfigs + vpe * UINT64_C(0x10000) : 0, v4_1 ? doorbell : 0, true,
                  v4_1 && first, v4_1),
            index);
}

void VirtualSystem::map_vpe(uint32_t vpe, uint32_t rd, uint32_t doorbell)
{
    memory_fill(memory, kVConfigs + vpe * UINT64_C(0x10000), 0xa1, 0x10000 - GIC_FIRST_LPI);
    for (uint32_t i = 0; i < options.its_count; i++) {
        map_vpe_at(i, vpe, rd, doorbell, i == 0);
        command(vpe_command(ITS_COMMAND_VSYNC, vpe), i);
    }
}

void VirtualSystem::set_vconfig(uint32_t vpe, uint32_t intid, bool enabled, uint8_t priority)
{
    memory_write8(memory, kVConfigs + vpe * UINT64_C(0x10000) + intid - GIC_FIRST_LPI,
                  static_cast<uint8_t>(priority | (enabled ? 1 : 0)));
}

void VirtualSystem::write_residency(uint32_t rd, uint32_t vpe, bool valid, bool doorbell, sim_time at)
{
    uint64_t base = rd_base(rd);

    if (kind.version == GIC_VIRTUAL_V4_1) {
        uint64_t value = GIC_PUT(valid, GICR_VPENDBASER_VALID) | GIC_PUT(doorbell, GICR_VPENDBASER_DOORBELL) |
                         GIC_MASK(GICR_VPENDBASER_GROUP0) | GIC_MASK(GICR_VPENDBASER_GROUP1) | vpe;

        bus_driver_write(rd_cpus[rd], at, base + GICR_VPENDBASER, value, 8);
        return;
    }
    bus_driver_write(rd_cpus[rd], at, base + GICR_VPROPBASER, (kVConfigs + vpe * UINT64_C(0x10000)) | (kVBits - 1), 8);
    bus_driver_write(rd_cpus[rd], at, base + GICR_VPENDBASER, vpt(vpe) | GIC_PUT(valid, GICR_VPENDBASER_VALID), 8);
}

uint64_t VirtualSystem::enter(uint32_t rd, uint32_t vpe)
{
    write_residency(rd, vpe, true);
    run();
    return rd_read(rd, GICR_VPENDBASER);
}

uint64_t VirtualSystem::leave(uint32_t rd, uint32_t vpe, bool doorbell)
{
    write_residency(rd, vpe, false, doorbell);
    run();
    return rd_read(rd, GICR_VPENDBASER);
}

bool VirtualSystem::bit_in_memory(uint32_t vpe, uint32_t intid) const
{
    uint8_t byte = 0;

    memory_read(memory, vpt(vpe) + intid / 8, &byte, 1);
    return (byte >> intid % 8 & 1) != 0;
}

uint64_t VirtualSystem::held() const
{
    return sim_pool(sim)->live;
}

/* ---- Commands ---- */

its_command vmapp(uint32_t vpe, uint64_t rd, uint64_t vpt, uint64_t vconfig, uint32_t doorbell, bool valid,
                  bool allocate, bool zero)
{
    its_command command = vpe_command(ITS_COMMAND_VMAPP, vpe);

    command.target = rd;
    command.valid = valid;
    command.virt.table = vpt;
    command.virt.table_size = kVBits - 1;
    command.virt.configuration = vconfig;
    command.virt.doorbell = doorbell;
    command.virt.allocate = allocate;
    command.virt.table_zero = zero;
    return command;
}

its_command vmapti(uint32_t device, uint32_t event, uint32_t vpe, uint32_t intid, uint32_t doorbell)
{
    its_command command = event_command(ITS_COMMAND_VMAPTI, device, event);

    command.virt.vpe = static_cast<uint16_t>(vpe);
    command.virt.intid = intid;
    command.virt.doorbell = doorbell;
    return command;
}

its_command vmovi(uint32_t device, uint32_t event, uint32_t vpe)
{
    its_command command = event_command(ITS_COMMAND_VMOVI, device, event);

    command.virt.vpe = static_cast<uint16_t>(vpe);
    return command;
}

its_command vmovp(uint32_t vpe, uint64_t rd, uint32_t sequence, uint32_t list)
{
    its_command command = vpe_command(ITS_COMMAND_VMOVP, vpe);

    command.target = rd;
    command.virt.sequence = static_cast<uint16_t>(sequence);
    command.virt.its_list = static_cast<uint16_t>(list);
    return command;
}

its_command vpe_command(its_opcode opcode, uint32_t vpe)
{
    its_command command = {};

    command.opcode = static_cast<uint8_t>(opcode);
    command.virt.vpe = static_cast<uint16_t>(vpe);
    return command;
}

its_command vsgi(uint32_t vpe, uint32_t sgi, bool enable, uint8_t priority, bool clear)
{
    its_command command = vpe_command(ITS_COMMAND_VSGI, vpe);

    command.virt.sgi = static_cast<uint8_t>(sgi);
    command.virt.enable = enable;
    command.virt.group = true;
    command.virt.clear = clear;
    command.virt.priority = priority;
    return command;
}

} // namespace gic_test
