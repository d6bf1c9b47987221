#include "tests/conformance/its_rig.h"

#include "tests/conformance/ports.h"
#include "tests/conformance/value.h"
#include "tests/support/bus_connect.h"

namespace conformance
{

namespace
{

constexpr sim_time forever = 100 * SIM_S;

} // namespace

ItsRig::ItsRig(const Options &given, const std::map<std::string, std::string> &build, struct sim *shared)
    : options(given), sim(shared != nullptr ? shared : make_sim(build)), owns_sim_(shared == nullptr)
{
    memory_config config = {};

    config.base = queues;
    config.size = 0x40000000;
    config.period = SIM_NS;
    config.latency = 20 * SIM_NS;
    config.ports = options.its_count + options.rds;
    memory = memory_create(sim, "gic.tables", &config);
    for (uint32_t i = 0; i < options.its_count; i++) {
        create_its(i);
    }
    for (uint32_t i = 0; i < options.rds; i++) {
        create_rd(i);
    }
    for (uint32_t i = 0; i < options.its_count; i++) {
        for (uint32_t j = 0; j < options.rds; j++) {
            connect(i, j);
        }
    }
}

ItsRig::~ItsRig()
{
    if (owns_sim_) {
        sim_destroy(sim);
    }
}

void ItsRig::run()
{
    if (sim_run(sim, sim_now(sim) + forever) != SIM_RUN_DRAINED) {
        throw Failure("the unit never becomes idle");
    }
}

uint64_t ItsRig::its_base(uint32_t index)
{
    return 0x08080000 + index * UINT64_C(0x40000);
}

uint64_t ItsRig::rd_base(uint32_t index) const
{
    const uint64_t size = options.rd.virt.version == GIC_VIRTUAL_NONE ? GICR_SIZE : GICR_VIRTUAL_SIZE;

    return 0x09000000 + index * size;
}

struct sim_channel *ItsRig::channel(const std::string &name, struct sim_component *writer, struct sim_component *reader,
                                    uint32_t capacity)
{
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = writer;
    config.reader = reader;
    config.capacity = capacity;
    return sim_channel_create(sim, &config);
}

struct sim_bus_port ItsRig::join(const std::string &name, struct sim_component *master, struct sim_component *target)
{
    bus_connect_config config = {};

    config.request_capacity = 16;
    config.response_capacity = 16;
    return bus_connect(sim, name.c_str(), master, target, &config);
}

struct bus_driver *ItsRig::driver(const std::string &name, struct sim_component *target, struct sim_bus_port *port)
{
    struct bus_driver *made = bus_driver_create(sim, name.c_str(), SIM_NS);

    *port = join(name, bus_driver_component(made), target);
    bus_driver_bind(made, *port);
    return made;
}

void ItsRig::create_its(uint32_t index)
{
    const std::string name = "its" + std::to_string(index);
    its_config config = options.its;
    sim_bus_port port;

    config.base = its_base(index);
    config.number = index;
    config.redistributors = options.rds;
    its.push_back(its_create(sim, name.c_str(), &config));
    sim_component *self = its_component(its[index]);
    port = join(name + ".memory", self, memory_component(memory));
    its_bind_memory(its[index], port);
    memory_bind(memory, memory_ports_++, port);
    its_cpus_.push_back(driver("cpu." + name, self, &port));
    its_bind_target(its[index], 0, port);
    if (owns_sim_) {
        devices_.push_back(driver("device." + name, self, &port));
        its_bind_target(its[index], 1, port);
    }
}

struct sim_bus_port ItsRig::bind_device(uint32_t index, struct sim_component *master)
{
    const struct sim_bus_port port = join("msi.its" + std::to_string(index), master, its_component(its[index]));

    its_bind_target(its[index], 1, port);
    return port;
}

void ItsRig::create_rd(uint32_t index)
{
    const std::string name = "rd" + std::to_string(index);
    redistributor_config config = options.rd;
    sim_bus_port port;

    config.base = rd_base(index);
    config.processor_number = index;
    config.affinity = index;
    config.last = index + 1 == options.rds;
    config.its_count = options.its_count;
    rds.push_back(redistributor_create(sim, name.c_str(), &config));
    sim_component *self = redistributor_component(rds[index]);
    port = join(name + ".memory", self, memory_component(memory));
    redistributor_bind_memory(rds[index], port);
    memory_bind(memory, memory_ports_++, port);
    rd_cpus_.push_back(driver("cpu." + name, self, &port));
    redistributor_bind_target(rds[index], port);

    pes.push_back(std::make_unique<gic_test::ScriptedPe>(sim, "pe" + std::to_string(index), SIM_NS));
    sim_channel *signal = channel(name + ".signal", self, pes[index]->component(), 2);
    sim_channel *acknowledge = channel(name + ".acknowledge", pes[index]->component(), self, 2);
    redistributor_bind_pe(rds[index], signal, acknowledge);
    pes[index]->bind(signal, acknowledge);
}

void ItsRig::connect(uint32_t its_index, uint32_t rd_index)
{
    const std::string name = "its" + std::to_string(its_index) + "-rd" + std::to_string(rd_index);
    sim_component *from = its_component(its[its_index]);
    sim_component *to = redistributor_component(rds[rd_index]);
    sim_channel *there = channel(name, from, to, 4);
    sim_channel *back = channel(name + ".back", to, from, 2);

    its_bind_redistributor(its[its_index], rd_index, there, back);
    redistributor_bind_its(rds[rd_index], its_index, there, back);
}

uint64_t ItsRig::access(struct bus_driver *master, bool write, uint64_t address, uint64_t value, uint32_t bytes)
{
    const uint32_t index =
        write ? bus_driver_write(master, 0, address, value, bytes) : bus_driver_read(master, 0, address, bytes);

    run();
    const bus_driver_result *result = bus_driver_get_result(master, index);

    if (!result->answered || result->status != SIM_STATUS_OK) {
        throw Failure("a register access is not answered, or with an error");
    }
    return bytes == 4 ? result->value & 0xFFFFFFFF : result->value;
}

uint64_t ItsRig::its_read(uint32_t index, uint32_t offset, uint32_t bytes)
{
    return access(its_cpus_[index], false, its_base(index) + offset, 0, bytes);
}

void ItsRig::its_write(uint32_t index, uint32_t offset, uint64_t value, uint32_t bytes)
{
    access(its_cpus_[index], true, its_base(index) + offset, value, bytes);
}

uint64_t ItsRig::rd_read(uint32_t index, uint32_t offset, uint32_t bytes)
{
    return access(rd_cpus_[index], false, rd_base(index) + offset, 0, bytes);
}

void ItsRig::rd_write(uint32_t index, uint32_t offset, uint64_t value, uint32_t bytes)
{
    access(rd_cpus_[index], true, rd_base(index) + offset, value, bytes);
}

void ItsRig::add_msi(uint32_t index, uint32_t device, uint32_t event, uint32_t bytes, bool has_device)
{
    bus_driver_op op = {};

    op.type = SIM_PACKET_WRITE;
    op.address = its_base(index) + GITS_TRANSLATER;
    op.length = bytes;
    op.value = event;
    op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | (has_device ? SIM_FLAG_HAS_DEVICE_ID : 0u);
    op.device_id = device;
    bus_driver_add(devices_[index], &op);
}

} // namespace conformance
