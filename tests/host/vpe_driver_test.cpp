// The hypervisor's driver of virtual LPIs against two ITSs and two redistributors behind a crossbar.
#include "host/vpe_driver.h"
#include "models/gic-its/its.h"
#include "models/gic-its/redistributor.h"
#include "models/interconnect/crossbar.h"
#include "tests/gic/scripted_pe.h"
#include "tests/gic/virtual_system.h"

#include <gtest/gtest.h>

namespace
{

using gic_test::Kind;

constexpr uint64_t kIts = 0x08080000;
constexpr uint64_t kRd = 0x0a000000;
constexpr uint64_t kRam = 0x80000000;
constexpr uint32_t kDevice = 7;

class VpeDriver : public ::testing::TestWithParam<Kind>
{
  protected:
    ~VpeDriver() override
    {
        for (auto &driver : drivers) {
            its_driver_release(&driver);
        }
        sim_destroy(sim);
    }

    struct sim_channel *channel(const std::string &name, struct sim_component *writer, struct sim_component *reader)
    {
        sim_channel_config config = {};

        config.name = name.c_str();
        config.writer = writer;
        config.reader = reader;
        config.capacity = 4;
        return sim_channel_create(sim, &config);
    }
    sim_bus_port master(const std::string &name, struct sim_component *component)
    {
        bus_connect_config config = {};

        config.request_capacity = 16;
        config.response_capacity = 16;
        sim_bus_port port = bus_connect(sim, name.c_str(), component, crossbar_component(crossbar), &config);

        crossbar_bind_master(crossbar, masters++, port, CROSSBAR_PORT_PLAIN);
        return port;
    }
    sim_bus_port target(const std::string &name, struct sim_component *component, uint64_t base, uint64_t size)
    {
        sim_bus_port port = bus_connect(sim, name.c_str(), crossbar_component(crossbar), component, nullptr);

        crossbar_bind_target(crossbar, targets, port);
        EXPECT_TRUE(crossbar_map(crossbar, base, size, targets));
        targets++;
        return port;
    }

    void SetUp() override
    {
        crossbar_config bar = {};
        memory_config ram_config = {};
        host_port_config port_config = {};

        sim = support::create(support::engines()[0]);
        bar.period = SIM_NS;
        bar.masters = 6;
        bar.targets = 6;
        crossbar = crossbar_create(sim, "crossbar", &bar);
        ram_config.base = kRam;
        ram_config.size = 0x10000000;
        ram_config.period = SIM_NS;
        ram_config.latency = 30 * SIM_NS;
        ram_config.ports = 1;
        memory = memory_create(sim, "memory", &ram_config);
        memory_bind(memory, 0, target("memory", memory_component(memory), kRam, ram_config.size));
        port_config.period = SIM_NS;
        struct host_port *host = host_port_create(sim, "host", &port_config);
        host_port_bind(host, master("host", host_port_component(host)));
        for (uint32_t i = 0; i < 2; i++) {
            create_its(i);
            create_rd(i);
        }
        for (uint32_t i = 0; i < 2; i++) {
            for (uint32_t j = 0; j < 2; j++) {
                std::string name = "its" + std::to_string(i) + "-rd" + std::to_string(j);
                struct sim_channel *to = channel(name, its_component(itss[i]), redistributor_component(rds[j]));
                struct sim_channel *back =
                    channel(name + ".back", redistributor_component(rds[j]), its_component(itss[i]));

                its_bind_redistributor(itss[i], j, to, back);
                redistributor_bind_its(rds[j], i, to, back);
            }
        }
        host_access_init(&access, sim, host, memory);
        host_ram_init(&ram, memory);
        start();
    }

    void create_its(uint32_t i)
    {
        std::string name = "its" + std::to_string(i);
        its_config config = its_config_default();

        config.base = kIts + i * UINT64_C(0x40000);
        config.number = i;
        config.redistributors = 2;
        config.virt.version = GetParam().version;
        config.virt.single_vmovp = GetParam().single;
        itss.push_back(its_create(sim, name.c_str(), &config));
        its_bind_memory(itss[i], master(name, its_component(itss[i])));
        its_bind_target(itss[i], 0, target(name + "-regs", its_component(itss[i]), config.base, 0x30000));
        devices.push_back(bus_driver_create(sim, ("device-" + name).c_str(), SIM_NS));
        sim_bus_port port = bus_connect(sim, ("device-" + name).c_str(), bus_driver_component(devices[i]),
                                        its_component(itss[i]), nullptr);
        bus_driver_bind(devices[i], port);
        its_bind_target(itss[i], 1, port);
    }

    void create_rd(uint32_t i)
    {
        std::string name = "rd" + std::to_string(i);
        redistributor_config config = redistributor_config_default();

        config.base = kRd + i * static_cast<uint64_t>(GICR_VIRTUAL_SIZE);
        config.processor_number = i;
        config.its_count = 2;
        config.virt.version = GetParam().version;
        rds.push_back(redistributor_create(sim, name.c_str(), &config));
        redistributor_bind_memory(rds[i], master(name, redistributor_component(rds[i])));
        redistributor_bind_target(
            rds[i], target(name + "-regs", redistributor_component(rds[i]), config.base, GICR_VIRTUAL_SIZE));
        pes.push_back(std::make_unique<gic_test::ScriptedPe>(sim, "pe" + std::to_string(i), SIM_NS));
        struct sim_channel *from = channel(name + ".signal", redistributor_component(rds[i]), pes[i]->component());
        struct sim_channel *to = channel(name + ".acknowledge", pes[i]->component(), redistributor_component(rds[i]));
        redistributor_bind_pe(rds[i], from, to);
        pes[i]->bind(from, to);
    }

    void start()
    {
        static const char *names[] = {"its0", "its1"};
        struct its_driver *list[2];

        lpis.access = &access;
        lpis.ram = &ram;
        lpis.redistributor_base = kRd;
        lpis.redistributor_stride = GICR_VIRTUAL_SIZE;
        lpis.pe_count = 2;
        lpis.id_bits = 16;
        ASSERT_TRUE(lpi_pool_start(&lpis, &error)) << error.text;
        for (uint32_t i = 0; i < 2; i++) {
            its_driver_config config = {};

            config.name = names[i];
            config.base = kIts + i * UINT64_C(0x40000);
            config.command_count = 128;
            config.vpe_count = 64;
            ASSERT_TRUE(its_driver_start(&drivers[i], &access, &ram, &lpis, &config, &error)) << error.text;
            ASSERT_TRUE(its_driver_map_device(&drivers[i], kDevice, 8, &error)) << error.text;
            list[i] = &drivers[i];
        }
        ASSERT_TRUE(vpe_driver_start(&hypervisor, list, 2, &lpis, &error)) << error.text;
        ASSERT_TRUE(its_driver_map_event(&drivers[0], kDevice, 7, 0, &doorbell, &error)) << error.text;
        ASSERT_TRUE(vpe_driver_create(&hypervisor, &vpe, 0, doorbell, &error)) << error.text;
        for (uint32_t i = 0; i < 2; i++) {
            ASSERT_TRUE(vpe_driver_map_event(&hypervisor, &vpe, i, kDevice, 1, 8200 + i, &error)) << error.text;
        }
    }

    void msi(uint32_t i)
    {
        bus_driver_op op = {};

        op.type = SIM_PACKET_WRITE;
        op.address = its_doorbell(itss[i]);
        op.length = 4;
        op.value = 1;
        op.flags = SIM_FLAG_HAS_DEVICE_ID;
        op.device_id = kDevice;
        bus_driver_add(devices[i], &op);
        sim_run(sim, SIM_TIME_NEVER - 1);
    }

    struct sim *sim = nullptr;
    struct crossbar *crossbar = nullptr;
    struct memory *memory = nullptr;
    unsigned masters = 0;
    unsigned targets = 0;
    std::vector<struct its *> itss;
    std::vector<struct redistributor *> rds;
    std::vector<std::unique_ptr<gic_test::ScriptedPe>> pes;
    std::vector<struct bus_driver *> devices;
    host_access access = {};
    host_ram ram = {};
    lpi_pool lpis = {};
    its_driver drivers[2] = {};
    vpe_driver hypervisor = {};
    struct vpe vpe = {};
    uint32_t doorbell = 0;
    host_error error = {};
};

TEST_P(VpeDriver, ALifeOfAVpe)
{
    bool pending = true;

    ASSERT_TRUE(vpe_driver_enter(&hypervisor, &vpe, &error)) << error.text;
    pes[0]->run_guest(true);
    msi(0);
    msi(1);
    EXPECT_EQ(pes[0]->virtual_intids(), std::vector<uint32_t>({8200, 8201}));
    ASSERT_TRUE(vpe_driver_leave(&hypervisor, &vpe, true, &pending, &error)) << error.text;
    EXPECT_FALSE(pending);
    msi(1);
    EXPECT_TRUE(redistributor_is_pending(rds[0], doorbell));
    ASSERT_TRUE(vpe_driver_move(&hypervisor, &vpe, 1, &error)) << error.text;
    msi(0);
    EXPECT_EQ(redistributor_parked_count(rds[0]), 0u);
    ASSERT_TRUE(vpe_driver_enter(&hypervisor, &vpe, &error)) << error.text;
    EXPECT_TRUE(redistributor_is_vpe_resident(rds[1]));
    ASSERT_TRUE(vpe_driver_leave(&hypervisor, &vpe, false, &pending, &error)) << error.text;
    EXPECT_TRUE(pending) << "nobody has taken them";
    ASSERT_TRUE(vpe_driver_enter(&hypervisor, &vpe, &error)) << error.text;
    pes[1]->run_guest(true);
    sim_run(sim, SIM_TIME_NEVER - 1);
    EXPECT_EQ(pes[1]->virtual_intids(), std::vector<uint32_t>({8200, 8201}));
    ASSERT_TRUE(vpe_driver_leave(&hypervisor, &vpe, false, &pending, &error)) << error.text;
    EXPECT_FALSE(pending);
    ASSERT_TRUE(vpe_driver_destroy(&hypervisor, &vpe, &error)) << error.text;
    msi(0);
    EXPECT_EQ(redistributor_parked_count(rds[1]), 0u);
    for (auto *its : itss) {
        EXPECT_EQ(its_last_error(its), 0u) << std::hex << its_last_error(its);
    }
}

/* GICv4.0: no device has the doorbell, so a device that does not exist names it; it is off while the vPE runs. */
TEST_P(VpeDriver, DoorbellsAreSwitchedByTheProxy)
{
    const bool proxied = !hypervisor.v4_1;
    const uint64_t byte = lpis.configuration + (doorbell - LPI_FIRST);
    bool pending = true;

    EXPECT_EQ(hypervisor.proxy.device_id, proxied ? (1u << 16) - 1 : 0u) << "F9: the last of the first ITS";
    ASSERT_TRUE(vpe_driver_set_doorbell(&hypervisor, &vpe, false, &error)) << error.text;
    EXPECT_EQ(memory_read8(memory, byte) & 1, proxied ? 0 : 1);
    ASSERT_TRUE(vpe_driver_enter(&hypervisor, &vpe, &error)) << error.text;
    ASSERT_TRUE(vpe_driver_leave(&hypervisor, &vpe, false, &pending, &error)) << error.text;
    msi(0);
    EXPECT_EQ(pes[0]->signalled(), GIC_PRIORITY_NONE) << "nobody asked for it";
    EXPECT_EQ(redistributor_is_pending(rds[0], doorbell), proxied);
    ASSERT_TRUE(vpe_driver_enter(&hypervisor, &vpe, &error)) << error.text;
    ASSERT_TRUE(vpe_driver_clear_doorbell(&hypervisor, &vpe, &error)) << error.text;
    EXPECT_FALSE(redistributor_is_pending(rds[0], doorbell));
    pes[0]->run_guest(true);
    sim_run(sim, SIM_TIME_NEVER - 1);
    ASSERT_TRUE(vpe_driver_set_doorbell(&hypervisor, &vpe, true, &error)) << error.text;
    ASSERT_TRUE(vpe_driver_leave(&hypervisor, &vpe, true, &pending, &error)) << error.text;
    ASSERT_TRUE(vpe_driver_move(&hypervisor, &vpe, 1, &error)) << error.text;
    msi(1);
    EXPECT_NE(pes[1]->signalled(), GIC_PRIORITY_NONE) << "it goes along with the vPE";
    EXPECT_EQ(vpe.doorbell_cost, proxied ? 10u : 0u) << "MAPTI, INV; INV, CLEAR, INV, MOVI, a SYNC after each";
    ASSERT_TRUE(vpe_driver_destroy(&hypervisor, &vpe, &error)) << error.text;
    for (auto *its : itss) {
        EXPECT_EQ(its_last_error(its), 0u) << std::hex << its_last_error(its);
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, VpeDriver,
                         ::testing::ValuesIn(std::vector<Kind>(gic_test::kinds().begin(),
                                                               gic_test::kinds().begin() + 4)),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace
