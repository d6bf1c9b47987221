#include "tests/pcie/switch_rig.h"

namespace pcie_test
{

SwitchOptions::SwitchOptions() : config(), uplink(), downlink()
{
    pcie_switch_config_init(&config);
    pcie_link_config_init(&uplink);
    pcie_link_config_init(&downlink);
}

static void configure_bridge(SwitchRig &rig, uint16_t rid, unsigned secondary, unsigned subordinate, uint64_t base,
                             uint64_t limit)
{
    unsigned primary = rid >> 8;

    rig.config_write(rid, PCIE_PRIMARY_BUS, primary | secondary << 8 | subordinate << 16);
    rig.config_write(rid, PCIE_MEMORY_BASE, static_cast<uint32_t>(base >> 16 | (limit >> 16) << 16));
    rig.config_write(rid, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
}

/** Max_Payload_Size of 512 bytes: as much as a port supports. */
static void set_payload(SwitchRig &rig, uint16_t rid, unsigned port)
{
    rig.config_write(rid, pcie_switch_bridge(rig.sw, port)->config.express + PCIE_EXP_DEVICE_CONTROL,
                     2u << PCIE_EXP_DEVCTL_MAX_PAYLOAD_SHIFT);
}

SwitchRig::SwitchRig(const SwitchOptions &options) : sim(support::create(options.engine))
{
    unsigned count = options.ports + options.unlinked;
    std::vector<pcie_downstream_config> ports(count);
    pcie_switch_config config = options.config;
    pcie_link_config up_config = options.uplink;
    pcie_link_config down_config = options.downlink;

    config.virtual_channels = options.virtual_channels;
    up_config.virtual_channels = options.virtual_channels.extended + 1;
    down_config.virtual_channels = options.virtual_channels.extended + 1;

    log = std::make_unique<support::MarkLog>(sim);
    for (unsigned i = 0; i < count; i++) {
        /* More ports than device numbers have to be functions. */
        ports[i].device = options.multi_function ? 0 : count > 32 ? i / 8 : i;
        ports[i].function = options.multi_function ? i : count > 32 ? i % 8 : 0;
        ports[i].virtual_channels = options.virtual_channels;
        ports[i].weight = i < options.weights.size() ? options.weights[i] : 0;
        if (i < options.acs.size()) {
            ports[i].acs = options.acs[i];
        }
        port_rid.push_back(static_cast<uint16_t>(0x0200 | ports[i].device << 3 | ports[i].function));
    }
    config.downstream = ports.data();
    config.downstream_count = count;
    sw = pcie_switch_create(sim, "sw", &config);
    up = std::make_unique<RawDevice>(sim, "up", SIM_NS);
    uplink = pcie_link_create(sim, "uplink", &up_config, up->end(), pcie_switch_end(sw));
    up->bind(&uplink->upper);
    pcie_switch_bind_upstream(sw, &uplink->lower);
    for (unsigned i = 0; i < options.ports; i++) {
        const char *name = sim_printf(sim, "down%u", i);

        down.push_back(std::make_unique<RawDevice>(sim, name, SIM_NS));
        downlinks.push_back(
            pcie_link_create(sim, sim_printf(sim, "link%u", i), &down_config, pcie_switch_end(sw), down[i]->end()));
        pcie_switch_bind_downstream(sw, i, &downlinks[i]->upper);
        down[i]->bind(&downlinks[i]->lower);
    }
    configure_bridge(*this, 0x0100, 2, 2 + count, window(0), window(count) - 1);
    set_payload(*this, 0x0100, 0);
    for (unsigned i = 0; i < count; i++) {
        configure_bridge(*this, port_rid[i], 3 + i, 3 + i, window(i), window(i + 1) - 1);
        set_payload(*this, port_rid[i], i + 1);
    }
    up->got.clear();
}

SwitchRig::~SwitchRig()
{
    sim_destroy(sim);
}

void SwitchRig::config_write(uint16_t rid, unsigned offset, uint32_t value)
{
    up->send(config_tlp(rid, offset, value));
    run();
}

uint32_t SwitchRig::config_read(uint16_t rid, unsigned offset)
{
    size_t before = up->got.size();

    up->send(config_tlp(rid, offset));
    run();
    uint32_t value = static_cast<uint32_t>(up->got.at(before).tlp.value);
    up->got.resize(before);
    return value;
}

uint16_t SwitchRig::rid_of(unsigned port) const
{
    return port == 0 ? 0x0100 : port_rid[port - 1];
}

unsigned SwitchRig::vc_capability(unsigned port) const
{
    return pcie_switch_bridge(sw, port)->config.vc;
}

void SwitchRig::use_vc(unsigned port, unsigned vc, unsigned traffic_class)
{
    unsigned at = vc_capability(port) + PCIE_VC_RESOURCE(vc) + PCIE_VC_RESOURCE_CONTROL;

    config_write(rid_of(port), at, PCIE_VC_ENABLE | vc << PCIE_VC_ID_SHIFT | 1u << traffic_class);
    (port == 0 ? up : down[port - 1])->use_vc(vc, traffic_class);
    run();
    up->got.clear();
}

void SwitchRig::run()
{
    sim_run(sim, SIM_TIME_NEVER - 1);
}

} // namespace pcie_test
