#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace gic_test
{

System::System(const support::Engine &engine, const Options &given)
    : options(given), sim(support::create(engine)), log(sim, given.keep_log)
{
    memory_config config = {};

    config.base = kMemoryBase;
    config.size = kMemorySize;
    config.period = SIM_NS;
    config.latency = options.memory_latency;
    config.ports = options.its_count + options.rd_count;
    memory = memory_create(sim, "memory", &config);
    write_offset_.resize(options.its_count);
    for (uint32_t i = 0; i < options.its_count; i++) {
        create_its(i);
    }
    for (uint32_t i = 0; i < options.rd_count; i++) {
        create_rd(i);
    }
    for (uint32_t i = 0; i < options.its_count; i++) {
        for (uint32_t j = 0; j < options.rd_count; j++) {
            connect(i, j);
        }
    }
}

System::~System()
{
    sim_destroy(sim);
}

void System::run()
{
    ASSERT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
}

struct sim_channel *System::channel(const std::string &name, struct sim_component *writer, struct sim_component *reader,
                                    uint32_t capacity, sim_time latency)
{
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = writer;
    config.reader = reader;
    config.capacity = capacity;
    config.latency = latency;
    config.credit_latency = latency;
    return sim_channel_create(sim, &config);
}

void System::join_memory(const std::string &name, struct sim_component *master, sim_time flight,
                         struct sim_bus_port *port)
{
    bus_connect_config config = {};

    config.response_latency = flight;
    config.response_capacity = 16;
    config.request_capacity = 16;
    *port = bus_connect(sim, (name + "-memory").c_str(), master, memory_component(memory), &config);
    memory_bind(memory, memory_ports_++, *port);
}

void System::create_its(uint32_t index)
{
    std::string name = "its" + std::to_string(index);
    its_config config = options.its;
    bus_connect_config doorbell = {};
    sim_bus_port port;

    config.base = kItsBase + index * UINT64_C(0x40000);
    config.number = index;
    config.redistributors = options.rd_count;
    its.push_back(its_create(sim, name.c_str(), &config));
    join_memory(name, its_component(its[index]), 0, &port);
    its_bind_memory(its[index], port);

    its_cpus.push_back(bus_driver_create(sim, ("cpu-" + name).c_str(), SIM_NS));
    port = bus_connect(sim, ("cpu-" + name).c_str(), bus_driver_component(its_cpus[index]), its_component(its[index]),
                       nullptr);
    bus_driver_bind(its_cpus[index], port);
    its_bind_target(its[index], 0, port);

    devices.push_back(bus_driver_create(sim, ("device-" + name).c_str(), SIM_NS));
    doorbell.request_capacity = options.doorbell_capacity;
    doorbell.response_capacity = 16;
    port = bus_connect(sim, ("device-" + name).c_str(), bus_driver_component(devices[index]), its_component(its[index]),
                       &doorbell);
    bus_driver_bind(devices[index], port);
    its_bind_target(its[index], 1, port);
}

void System::create_rd(uint32_t index)
{
    std::string name = "rd" + std::to_string(index);
    redistributor_config config = options.rd;
    sim_bus_port port;

    config.base = rd_base(index);
    config.processor_number = index;
    config.affinity = index;
    config.last = index + 1 == options.rd_count;
    config.its_count = options.its_count;
    rds.push_back(redistributor_create(sim, name.c_str(), &config));
    join_memory(name, redistributor_component(rds[index]), options.rd_memory_flight, &port);
    redistributor_bind_memory(rds[index], port);

    rd_cpus.push_back(bus_driver_create(sim, ("cpu-" + name).c_str(), SIM_NS));
    port = bus_connect(sim, ("cpu-" + name).c_str(), bus_driver_component(rd_cpus[index]),
                       redistributor_component(rds[index]), nullptr);
    bus_driver_bind(rd_cpus[index], port);
    redistributor_bind_target(rds[index], port);
    if (options.create_pes) {
        struct sim_channel *from;
        struct sim_channel *to;

        pes.push_back(std::make_unique<ScriptedPe>(sim, "pe" + std::to_string(index), options.pe_period));
        connect_pe(index, pes[index]->component(), &from, &to);
        pes[index]->bind(from, to);
    }
}

void System::connect_pe(uint32_t rd, struct sim_component *pe, struct sim_channel **from, struct sim_channel **to)
{
    std::string name = "rd" + std::to_string(rd);

    *from = channel(name + ".signal", redistributor_component(rds[rd]), pe, 2, 0);
    *to = channel(name + ".acknowledge", pe, redistributor_component(rds[rd]), 2, 0);
    redistributor_bind_pe(rds[rd], *from, *to);
}

void System::connect(uint32_t its_index, uint32_t rd_index)
{
    std::string name = "its" + std::to_string(its_index) + "-rd" + std::to_string(rd_index);
    struct sim_channel *to = channel(name, its_component(its[its_index]), redistributor_component(rds[rd_index]),
                                     options.lpi_credits, options.lpi_latency);
    struct sim_channel *back = channel(name + ".back", redistributor_component(rds[rd_index]),
                                       its_component(its[its_index]), 2, options.lpi_latency);

    its_bind_redistributor(its[its_index], rd_index, to, back);
    redistributor_bind_its(rds[rd_index], its_index, to, back);
}

uint64_t System::access(struct bus_driver *driver, bool write, uint64_t address, uint64_t value, uint32_t length)
{
    uint32_t index =
        write ? bus_driver_write(driver, 0, address, value, length) : bus_driver_read(driver, 0, address, length);
    const bus_driver_result *result;

    run();
    result = bus_driver_get_result(driver, index);
    EXPECT_TRUE(result->answered);
    EXPECT_EQ(result->status, SIM_STATUS_OK);
    return result->value;
}

uint64_t System::its_read(uint32_t index, uint32_t offset, uint32_t length)
{
    return access(its_cpus[index], false, kItsBase + index * UINT64_C(0x40000) + offset, 0, length);
}

void System::its_write(uint32_t index, uint32_t offset, uint64_t value, uint32_t length)
{
    access(its_cpus[index], true, kItsBase + index * UINT64_C(0x40000) + offset, value, length);
}

uint64_t System::rd_read(uint32_t index, uint32_t offset, uint32_t length)
{
    return access(rd_cpus[index], false, rd_base(index) + offset, 0, length);
}

void System::rd_write(uint32_t index, uint32_t offset, uint64_t value, uint32_t length)
{
    access(rd_cpus[index], true, rd_base(index) + offset, value, length);
}

void System::set_config(uint32_t intid, bool enabled, uint8_t priority)
{
    memory_write8(memory, kConfigTable + intid - GIC_FIRST_LPI, static_cast<uint8_t>(priority | (enabled ? 1 : 0)));
}

void System::bring_up_rd(uint32_t rd, uint64_t pendbaser_flags)
{
    rd_write(rd, GICR_PROPBASER, kConfigTable | (options.rd.intid_bits - 1));
    rd_write(rd, GICR_PENDBASER, (kPendingTables + rd * UINT64_C(0x100000)) | pendbaser_flags);
    rd_write(rd, GICR_CTLR, 1, 4);
}

void System::bring_up_its(uint32_t index)
{
    its_write(index, GITS_BASER(0), GIC_MASK(GITS_BASER_VALID) | (kDeviceTable + index * UINT64_C(0x100000)) | 127);
    its_write(index, GITS_BASER(1), GIC_MASK(GITS_BASER_VALID) | (kCollectionTable + index * UINT64_C(0x100000)) | 0);
    its_write(index, GITS_CBASER, GIC_MASK(GITS_CBASER_VALID) | (kQueue + index * UINT64_C(0x10000)) | 15);
    its_write(index, GITS_CWRITER, 0);
    write_offset_[index] = 0;
    its_write(index, GITS_CTLR, 1, 4);
}

void System::bring_up()
{
    memory_fill(memory, kConfigTable, 0xa1, (UINT64_C(1) << options.rd.intid_bits) - GIC_FIRST_LPI);
    for (uint32_t i = 0; i < options.rd_count; i++) {
        bring_up_rd(i);
    }
    for (uint32_t i = 0; i < options.its_count; i++) {
        bring_up_its(i);
    }
    map_collections();
}

void System::map_collections()
{
    for (uint32_t i = 0; i < options.its_count; i++) {
        for (uint32_t rd = 0; rd < options.rd_count; rd++) {
            command(mapc(rd, rd), i);
            command(sync_command(rd), i);
        }
    }
}

void System::put_command(const its_command &command, uint32_t index)
{
    uint8_t bytes[ITS_COMMAND_BYTES];

    its_command_encode(&command, bytes);
    put_bytes(bytes, index);
}

void System::put_bytes(const uint8_t bytes[ITS_COMMAND_BYTES], uint32_t index)
{
    uint32_t size = static_cast<uint32_t>((its_read(index, GITS_CBASER) & 0xff) + 1) * 4096;

    memory_write(memory, kQueue + index * UINT64_C(0x10000) + write_offset_[index], bytes, ITS_COMMAND_BYTES);
    write_offset_[index] = (write_offset_[index] + ITS_COMMAND_BYTES) % size;
}

void System::kick(uint32_t index, uint64_t flags)
{
    its_write(index, GITS_CWRITER, write_offset_[index] | flags);
}

void System::command(const its_command &command, uint32_t index, bool wait)
{
    put_command(command, index);
    if (wait) {
        kick(index);
    } else {
        bus_driver_write(its_cpus[index], 0, kItsBase + index * UINT64_C(0x40000) + GITS_CWRITER, write_offset_[index],
                         8);
    }
}

uint64_t System::itt_of(uint32_t device, uint32_t index) const
{
    return kItts + (index * UINT64_C(16) + device % 16) * 0x10000;
}

void System::map_device(uint32_t device, uint32_t bits, uint32_t index)
{
    memory_fill(memory, itt_of(device, index), 0, UINT64_C(0x10000));
    command(mapd(device, bits - 1, itt_of(device, index)), index);
}

void System::map_event(uint32_t device, uint32_t event, uint32_t intid, uint32_t collection, uint32_t index)
{
    command(mapti(device, event, intid, collection), index);
}

void System::sync(uint32_t rd, uint32_t index)
{
    command(sync_command(rd), index);
}

uint64_t System::msi(uint32_t device, uint32_t event, uint32_t index, sim_time at, uint32_t length,
                     uint32_t extra_flags)
{
    bus_driver_op op = {};

    op.at = at;
    op.type = SIM_PACKET_WRITE;
    op.address = its_doorbell(its[index]);
    op.length = length;
    op.value = event;
    op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | extra_flags;
    op.device_id = device;
    return bus_driver_get_result(devices[index], bus_driver_add(devices[index], &op))->id;
}

uint64_t System::msi_now(uint32_t device, uint32_t event, uint32_t index)
{
    uint64_t id = msi(device, event, index);

    run();
    return id;
}

sim_time System::time_of(sim_event_kind kind, uint64_t packet) const
{
    for (const auto &event : log.events()) {
        if (event.kind == kind && event.packet == packet) {
            return event.time;
        }
    }
    return 0;
}

uint64_t System::drops(sim_drop_reason reason) const
{
    uint64_t count = 0;

    for (const auto &event : log.events()) {
        count += event.kind == SIM_EVENT_DROPPED && event.detail == static_cast<uint32_t>(reason);
    }
    return count;
}

uint64_t System::counter(const std::string &component, const std::string &name) const
{
    for (uint32_t i = 0; i < sim_counter_count(sim); i++) {
        const char *owner;
        const char *own;
        uint64_t value;

        sim_counter_get(sim, i, &owner, &own, &value);
        if (component == owner && name == own) {
            return value;
        }
    }
    ADD_FAILURE() << "no counter " << component << "." << name;
    return 0;
}

/* ---- Commands ---- */

its_command mapd(uint32_t device, uint32_t size, uint64_t itt, bool valid)
{
    its_command command = {};

    command.opcode = ITS_COMMAND_MAPD;
    command.device_id = device;
    command.size = static_cast<uint8_t>(size);
    command.itt_address = itt;
    command.valid = valid;
    return command;
}

its_command mapc(uint32_t collection, uint64_t rd, bool valid)
{
    its_command command = {};

    command.opcode = ITS_COMMAND_MAPC;
    command.collection = static_cast<uint16_t>(collection);
    command.target = rd;
    command.valid = valid;
    return command;
}

its_command event_command(its_opcode opcode, uint32_t device, uint32_t event)
{
    its_command command = {};

    command.opcode = static_cast<uint8_t>(opcode);
    command.device_id = device;
    command.event_id = event;
    return command;
}

its_command mapti(uint32_t device, uint32_t event, uint32_t intid, uint32_t collection)
{
    its_command command = event_command(ITS_COMMAND_MAPTI, device, event);

    command.intid = intid;
    command.collection = static_cast<uint16_t>(collection);
    return command;
}

its_command mapi(uint32_t device, uint32_t event, uint32_t collection)
{
    its_command command = event_command(ITS_COMMAND_MAPI, device, event);

    command.collection = static_cast<uint16_t>(collection);
    return command;
}

its_command movi(uint32_t device, uint32_t event, uint32_t collection)
{
    its_command command = event_command(ITS_COMMAND_MOVI, device, event);

    command.collection = static_cast<uint16_t>(collection);
    return command;
}

its_command movall(uint64_t from, uint64_t to)
{
    its_command command = {};

    command.opcode = ITS_COMMAND_MOVALL;
    command.target = from;
    command.target2 = to;
    return command;
}

its_command invall(uint32_t collection)
{
    its_command command = {};

    command.opcode = ITS_COMMAND_INVALL;
    command.collection = static_cast<uint16_t>(collection);
    return command;
}

its_command sync_command(uint64_t rd)
{
    its_command command = {};

    command.opcode = ITS_COMMAND_SYNC;
    command.target = rd;
    return command;
}

} // namespace gic_test
