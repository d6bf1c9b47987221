#include "tests/pcie/rig.h"

#include <cstring>

namespace pcie_test
{

Options::Options() : endpoint(), link(), switch_(), rc()
{
    endpoint_config_init(&endpoint);
    pcie_link_config_init(&link);
    pcie_switch_config_init(&switch_);
    root_complex_config_init(&rc);
    rc.ecam_base = ECAM;
    rc.last_bus = 6;
    for (auto &list : functions) {
        list.push_back(plain_function());
    }
}

Function plain_function(uint32_t vectors)
{
    Function function;

    function.config.identity = {0x1234, 0x5678, 0x020000, 1, 0x1234, 0x0001};
    function.config.bars[0].size = BAR_SIZE;
    function.config.msix_vectors = vectors;
    return function;
}

Rig::Rig(const Options &given)
    : sim(given.sim != nullptr ? given.sim : support::create(given.engine, given.seed)), owns_sim_(given.sim == nullptr)
{
    log = std::make_unique<support::MarkLog>(sim, given.keep_marks);
    build(given);
    if (given.configure) {
        configure();
    }
}

Rig::~Rig()
{
    if (owns_sim_) {
        sim_destroy(sim);
    }
}

/* ---- Building ---- */

/** @param slot device number on a conventional bus; 0: none */
static endpoint *make_endpoint(struct sim *sim, const char *name, const Options &options, unsigned number,
                               unsigned slot = 0)
{
    std::vector<endpoint_function_config> functions;
    endpoint_config config = options.endpoint;

    for (const Function &function : options.functions[number]) {
        functions.push_back(function.config);
        functions.back().streams = function.streams.data();
        functions.back().stream_count = function.streams.size();
    }
    config.functions = functions.data();
    config.function_count = functions.size();
    config.conventional = slot != 0;
    config.device = slot;
    return endpoint_create(sim, name, &config);
}

static const pcie_link_config *link_config(const Options &options, unsigned index)
{
    auto own = options.links.find(index);

    return own != options.links.end() ? &own->second : &options.link;
}

void Rig::build_pcie(const Options &options)
{
    root_complex_config rc_config = options.rc;
    pcie_switch_config switch_config = options.switch_;
    root_port_config ports[2] = {};
    pcie_downstream_config downstream[2] = {};

    for (unsigned i = 0; i < 2; i++) {
        ports[i].device = i + 1;
        ports[i].identity = {0x1b36, 0x000c, 0, 0, 0, 0};
        ports[i].acs = options.rp_acs[i];
        ports[i].interrupts = options.rp_interrupts;
        ports[i].source = options.rp_interrupts ? i + 7 : 0;
        downstream[i].device = i;
        downstream[i].identity = {0x10b5, 0x8747, 0, 0, 0, 0};
        downstream[i].acs = options.dsp_acs[i];
    }
    rc_config.ports = ports;
    rc_config.port_count = 2;
    rc_config.iommu_map.entries = options.iommu_map.data();
    rc_config.iommu_map.count = options.iommu_map.size();
    rc_config.msi_map.entries = options.msi_map.data();
    rc_config.msi_map.count = options.msi_map.size();
    rc = root_complex_create(sim, "rc", &rc_config);
    switch_config.identity = {0x10b5, 0x8747, 0, 0, 0, 0};
    switch_config.downstream = downstream;
    switch_config.downstream_count = 2;
    sw = pcie_switch_create(sim, "sw", &switch_config);
    if (options.raw_ep0) {
        raw = std::make_unique<RawDevice>(sim, "raw", SIM_NS);
    } else {
        ep[0] = make_endpoint(sim, "ep0", options, 0);
    }
    ep[1] = make_endpoint(sim, "ep1", options, 1);
    if (!options.bridge) {
        ep[2] = make_endpoint(sim, "ep2", options, 2);
    } else {
        build_bridge(options);
    }

    links[0] = pcie_link_create(sim, "rp0-sw", link_config(options, 0), root_complex_end(rc), pcie_switch_end(sw));
    links[1] = pcie_link_create(sim, "rp1-ep2", link_config(options, 1), root_complex_end(rc),
                                bridge != nullptr ? pci_bridge_end(bridge) : endpoint_end(ep[2]));
    links[2] = pcie_link_create(sim, "sw-ep0", link_config(options, 2), pcie_switch_end(sw),
                                raw != nullptr ? raw->end() : endpoint_end(ep[0]));
    links[3] = pcie_link_create(sim, "sw-ep1", link_config(options, 3), pcie_switch_end(sw), endpoint_end(ep[1]));
    root_complex_bind_link(rc, 0, &links[0]->upper);
    root_complex_bind_link(rc, 1, &links[1]->upper);
    pcie_switch_bind_upstream(sw, &links[0]->lower);
    pcie_switch_bind_downstream(sw, 0, &links[2]->upper);
    pcie_switch_bind_downstream(sw, 1, &links[3]->upper);
    if (raw != nullptr) {
        raw->bind(&links[2]->lower);
    } else {
        endpoint_bind_link(ep[0], &links[2]->lower);
    }
    endpoint_bind_link(ep[1], &links[3]->lower);
    if (bridge != nullptr) {
        pci_bridge_bind_link(bridge, &links[1]->lower);
    } else {
        endpoint_bind_link(ep[2], &links[1]->lower);
    }
    watch(options, 0, &root_complex_bridge(rc, 0)->config, nullptr);
    watch(options, 1, &root_complex_bridge(rc, 1)->config, bridge == nullptr ? ep[2] : nullptr);
    watch(options, 2, &pcie_switch_bridge(sw, 1)->config, ep[0]);
    watch(options, 3, &pcie_switch_bridge(sw, 2)->config, ep[1]);
}

void Rig::build_bridge(const Options &options)
{
    const unsigned slots[] = {1, 2};
    pci_bridge_config config;

    pci_bridge_config_init(&config);
    config.identity = {0x104c, 0x8240, 0, 0, 0, 0};
    config.devices = slots;
    config.device_count = 2;
    bridge = pci_bridge_create(sim, "bridge", &config);
    for (unsigned i = 0; i < 2; i++) {
        const char *name = sim_printf(sim, "ep%u", i + 2);
        const pcie_config_space *space;
        pci_slot *slot;

        endpoint *device = make_endpoint(sim, name, options, 2, slots[i]);
        (i == 0 ? ep[2] : ep3) = device;
        space = endpoint_config_space(device, 0);
        slot = pci_slot_create(sim, sim_printf(sim, "bus-%s", name), pci_bridge_component(bridge),
                               endpoint_component(device));
        endpoint_bind_link(device, &slot->lower);
        pci_bridge_bind_device(bridge, i, &slot->upper, &space, 1);
    }
}

void Rig::watch(const Options &options, unsigned index, const pcie_config_space *upper, endpoint *below)
{
    const pcie_link_config *link = link_config(options, index);
    pcie_checker_config config = {};

    config.link = links[index];
    config.upper_credits = link->upper_credits;
    config.lower_credits = link->lower_credits;
    config.upper = upper;
    config.lower = below != nullptr ? endpoint_config_space(below, 0) : nullptr;
    config.tags = below != nullptr;
    config.fatal = raw == nullptr && link->malformed == 0;
    checkers[index] = pcie_checker_create(sim, sim_printf(sim, "checker%u", index), &config);
}

static sim_bus_port connect(struct sim *sim, const char *name, sim_component *master, sim_component *target)
{
    sim_channel_config request = {};
    sim_channel_config response = {};

    request.name = sim_printf(sim, "%s.req", name);
    request.writer = master;
    request.reader = target;
    request.capacity = 8;
    response.name = sim_printf(sim, "%s.rsp", name);
    response.writer = target;
    response.reader = master;
    response.capacity = 8;
    return {sim_channel_create(sim, &request), sim_channel_create(sim, &response)};
}

void Rig::build_bus(const Options &options)
{
    memory_config memory_options = {};
    bus_target_config doorbell_options = {};
    sim_bus_port port;

    memory_options.base = MEMORY;
    memory_options.size = MEMORY_SIZE;
    memory_options.period = SIM_NS;
    memory_options.latency = options.memory_latency;
    memory_options.pages = 4096;
    mem = memory_create(sim, "memory", &memory_options);
    doorbell_options.period = SIM_NS;
    doorbell_options.latency = 5 * SIM_NS;
    doorbell_options.log = 100000;
    doorbell = bus_target_create(sim, "doorbell", &doorbell_options);
    host = bus_driver_create(sim, "host", options.host_period);
    router = std::make_unique<BusRouter>(sim, "router", SIM_NS, 10 * SIM_NS);

    port = connect(sim, "host-bus", bus_driver_component(host), &router->component);
    bus_driver_bind(host, port);
    router->add_master(port, false);
    if (options.above) {
        port = options.above(*this);
    } else {
        port = connect(sim, "rc-mem", root_complex_component(rc), &router->component);
        root_complex_bind_memory(rc, 0, port);
    }
    router->add_master(port, true);
    port = connect(sim, "mem-bus", &router->component, memory_component(mem));
    memory_bind(mem, 0, port);
    router->add_target(port, {{MEMORY, MEMORY_SIZE}});
    port = connect(sim, "db-bus", &router->component, bus_target_component(doorbell));
    bus_target_bind(doorbell, port);
    router->add_target(port, {{DOORBELL, 0x40000}});
    port = connect(sim, "rc-host", &router->component, root_complex_component(rc));
    root_complex_bind_host(rc, port);
    router->add_target(port, {{ECAM, UINT64_C(7) << 20}, {0xa0000000, 0x10000000}});
}

void Rig::build(const Options &options)
{
    build_pcie(options);
    build_bus(options);
}

/* ---- The host ---- */

static uint32_t run_operation(struct sim *sim, bus_driver *host, uint32_t index)
{
    bus_driver_set_stop_when_done(host, true);
    while (!bus_driver_get_result(host, index)->answered) {
        if (sim_run(sim, SIM_TIME_NEVER - 1) == SIM_RUN_DRAINED && !bus_driver_get_result(host, index)->answered) {
            sim_panic(sim, nullptr, nullptr, "an access of the host was never answered");
        }
    }
    bus_driver_set_stop_when_done(host, false);
    return index;
}

uint64_t Rig::read(uint64_t address, uint32_t bytes, uint8_t *status)
{
    const bus_driver_result *result =
        bus_driver_get_result(host, run_operation(sim, host, bus_driver_read(host, sim_now(sim), address, bytes)));
    uint64_t mask = bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * bytes)) - 1;

    if (status != nullptr) {
        *status = result->status;
    }
    return result->value & mask;
}

uint8_t Rig::write(uint64_t address, uint64_t value, uint32_t bytes)
{
    return bus_driver_get_result(host,
                                 run_operation(sim, host, bus_driver_write(host, sim_now(sim), address, value, bytes)))
        ->status;
}

uint64_t Rig::config_read(uint16_t rid, unsigned offset, uint32_t bytes, uint8_t *status)
{
    return read(ecam(rid, offset), bytes, status);
}

void Rig::config_write(uint16_t rid, unsigned offset, uint64_t value, uint32_t bytes)
{
    write(ecam(rid, offset), value, bytes);
}

void Rig::configure_bridge(uint16_t rid, unsigned primary, unsigned secondary, unsigned subordinate, uint64_t base,
                           uint64_t limit)
{
    config_write(rid, PCIE_PRIMARY_BUS, primary | secondary << 8 | subordinate << 16, 4);
    config_write(rid, PCIE_MEMORY_BASE, base >> 16 | (limit >> 16) << 16, 4);
    config_write(rid, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
}

void Rig::configure_endpoint(uint16_t first, uint64_t base)
{
    for (unsigned function = 0; function < 8; function++) {
        auto rid = static_cast<uint16_t>(first + function);
        uint64_t size;

        if (config_read(rid, PCIE_VENDOR_ID, 2) == PCIE_VENDOR_ID_NO_DEVICE) {
            break;
        }
        config_write(rid, PCIE_BAR(0), 0xffffffff, 4);
        size = ~(config_read(rid, PCIE_BAR(0), 4) & PCIE_BAR_ADDRESS) + 1;
        config_write(rid, PCIE_BAR(0), base, 4);
        config_write(rid, PCIE_COMMAND,
                     PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER | PCIE_COMMAND_INTERRUPT_DISABLE, 2);
        base += size & 0xffffffff;
    }
}

void Rig::configure()
{
    configure_bridge(RP_RID[0], 0, 1, 4, BAR[0], BAR[1] + BAR_SIZE - 1);
    configure_bridge(RP_RID[1], 0, 5, bridge != nullptr ? 6 : 5, BAR[2],
                     BAR[2] + BAR_SIZE * (bridge != nullptr ? 2 : 1) - 1);
    configure_bridge(USP_RID, 1, 2, 4, BAR[0], BAR[1] + BAR_SIZE - 1);
    configure_bridge(DSP_RID[0], 2, 3, 3, BAR[0], BAR[0] + BAR_SIZE - 1);
    configure_bridge(DSP_RID[1], 2, 4, 4, BAR[1], BAR[1] + BAR_SIZE - 1);
    for (unsigned i = raw != nullptr ? 1 : 0; i < (bridge != nullptr ? 2 : 3); i++) {
        configure_endpoint(RID[i], BAR[i]);
    }
    if (bridge != nullptr) {
        configure_bridge(BRIDGE_RID, 5, 6, 6, BAR[2], BAR[2] + 2 * BAR_SIZE - 1);
        configure_endpoint(CONVENTIONAL_RID[0], BAR[2]);
        configure_endpoint(CONVENTIONAL_RID[1], BAR[2] + BAR_SIZE);
    }
}

/* ---- Capabilities ---- */

std::vector<unsigned> Rig::list_capabilities(uint16_t rid)
{
    std::vector<unsigned> result;

    if ((config_read(rid, PCIE_STATUS, 2) & PCIE_STATUS_CAPABILITIES_LIST) == 0) {
        return result;
    }
    for (uint64_t at = config_read(rid, PCIE_CAPABILITIES_PTR, 1); at != 0 && result.size() < 64;
         at = config_read(rid, static_cast<unsigned>(at) + 1, 1)) {
        result.push_back(static_cast<unsigned>(at));
    }
    return result;
}

std::vector<unsigned> Rig::list_extended(uint16_t rid)
{
    std::vector<unsigned> result;
    unsigned at = PCIE_EXTENDED_CONFIG_START;

    while (at != 0 && result.size() < 64) {
        auto head = static_cast<uint32_t>(config_read(rid, at, 4));

        if (head == 0) {
            break;
        }
        result.push_back(at);
        at = head >> PCIE_EXT_CAP_NEXT_SHIFT;
    }
    return result;
}

unsigned Rig::find_capability(uint16_t rid, uint8_t id)
{
    for (unsigned at : list_capabilities(rid)) {
        if (config_read(rid, at, 1) == id) {
            return at;
        }
    }
    return 0;
}

unsigned Rig::find_extended(uint16_t rid, uint16_t id)
{
    for (unsigned at : list_extended(rid)) {
        if (config_read(rid, at, 2) == id) {
            return at;
        }
    }
    return 0;
}

void Rig::show_advisory(uint16_t rid)
{
    config_write(rid, find_extended(rid, PCIE_EXT_CAP_ID_AER) + PCIE_AER_CORRECTABLE_MASK, 0, 4);
}

/* ---- MSI-X ---- */

uint64_t Rig::table_address(unsigned number, unsigned vector, unsigned function)
{
    auto rid = static_cast<uint16_t>(RID[number] + function);
    unsigned at = find_capability(rid, PCIE_CAP_ID_MSIX);
    uint64_t table = config_read(rid, at + PCIE_MSIX_TABLE, 4);
    uint64_t bar = config_read(rid, PCIE_BAR(static_cast<unsigned>(table & PCIE_MSIX_BIR)), 4) & PCIE_BAR_ADDRESS;

    return bar + (table & PCIE_MSIX_OFFSET) + static_cast<uint64_t>(vector) * PCIE_MSIX_ENTRY_BYTES;
}

void Rig::set_vector(unsigned number, unsigned vector, uint64_t address, uint32_t data, unsigned function)
{
    uint64_t entry = table_address(number, vector, function);

    write(entry + PCIE_MSIX_ENTRY_ADDRESS, address, 8);
    write(entry + PCIE_MSIX_ENTRY_DATA, data, 4);
    write(entry + PCIE_MSIX_ENTRY_VECTOR_CONTROL, 0, 4);
}

void Rig::enable_msix(unsigned number, unsigned function, uint16_t extra)
{
    auto rid = static_cast<uint16_t>(RID[number] + function);
    unsigned at = find_capability(rid, PCIE_CAP_ID_MSIX);

    config_write(rid, at + PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE | extra, 2);
}

/* ---- Running ---- */

void Rig::drain()
{
    sim_run(sim, SIM_TIME_NEVER - 1);
}

uint64_t Rig::live() const
{
    return sim_pool(sim)->live;
}

} // namespace pcie_test
