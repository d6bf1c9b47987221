/*
 * The topology that the PCI Express tests run on, that of the conformance cases:
 *
 *     host ── router ── memory, doorbell          00:01.0 RP0, buses 1-4      00:02.0 RP1, bus 5
 *               │                                   01:00.0 switch                   │
 *         root complex                         02:00.0    02:01.0              05:00.0 EP2
 *                                              03:00.0 EP0  04:00.0 EP1
 *
 * BAR 0 of EP0, EP1 and EP2 at 0xA0000000, 0xA0100000, 0xA0200000, 1 MiB each; memory at 0x80000000. There is no SMMU:
 * the router takes what the root complex sends as physical addresses, back into its windows too. A protocol checker
 * watches every link; where a raw device may break rules on purpose it only counts. Either EP0 or what is
 * above the switch's place can be a raw device. In EP2's place there can be a PCI Express to PCI bridge with two
 * devices: bus 6, 06:01.0 EP2 and 06:02.0 EP3, BARs from 0xA0200000 on.
 */
#ifndef DOORBELL_TESTS_PCIE_RIG_H
#define DOORBELL_TESTS_PCIE_RIG_H

#include "models/memory/memory.h"
#include "models/pcie/checker.h"
#include "models/pcie/endpoint.h"
#include "models/pcie/pci_bridge.h"
#include "models/pcie/root_complex.h"
#include "models/pcie/switch.h"
#include "tests/pcie/bus_router.h"
#include "tests/pcie/raw_device.h"
#include "tests/support/bus_driver.h"
#include "tests/support/bus_target.h"
#include "tests/support/marks.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace pcie_test
{

constexpr uint64_t ECAM = 0x30000000;
constexpr uint64_t MEMORY = 0x80000000;
constexpr uint64_t MEMORY_SIZE = 0x10000000;
constexpr uint64_t DOORBELL = 0x08080000;
constexpr uint64_t BAR[3] = {0xa0000000, 0xa0100000, 0xa0200000};
constexpr uint64_t BAR_SIZE = 0x100000;
constexpr uint16_t RID[3] = {0x0300, 0x0400, 0x0500};
constexpr uint16_t RP_RID[2] = {0x0008, 0x0010};
constexpr uint16_t USP_RID = 0x0100;
constexpr uint16_t BRIDGE_RID = 0x0500;
constexpr uint16_t CONVENTIONAL_RID[2] = {0x0608, 0x0610};
constexpr uint16_t DSP_RID[2] = {0x0200, 0x0208};
constexpr uint16_t ISOLATING = PCIE_ACS_SOURCE_VALIDATION | PCIE_ACS_P2P_REQUEST_REDIRECT |
                               PCIE_ACS_P2P_COMPLETION_REDIRECT | PCIE_ACS_UPSTREAM_FORWARDING;
constexpr uint16_t ALL_ACS = PCIE_ACS_CONTROLS;

/** Router's masters, as in BusRouter::Seen. */
constexpr size_t FROM_HOST = 0;
constexpr size_t FROM_DEVICES = 1;

/** A function of an endpoint, with what the configuration only points to. */
struct Function {
    endpoint_function_config config = {};
    std::vector<endpoint_stream_config> streams;
};

class Rig;

struct Options {
    struct sim *sim = nullptr; /**< one to build in, which stays its maker's; else one of its own on `engine` */
    /**
     * What stands between the root complex and the router, as an SMMU does: binds the root complex's memory port and
     * returns the port that comes to the router. Nothing: the two are joined.
     */
    std::function<sim_bus_port(Rig &)> above;
    support::Engine engine = support::engines()[0];
    uint64_t seed = 1;
    pcie_acs dsp_acs[2] = {};
    pcie_acs rp_acs[2] = {{true, ISOLATING, ISOLATING}, {true, ISOLATING, ISOLATING}};
    std::vector<Function> functions[3];
    endpoint_config endpoint; /**< functions aside */
    pcie_link_config link;
    std::map<unsigned, pcie_link_config> links; /**< by index in Rig::links, where other than `link` */
    pcie_switch_config switch_;
    root_complex_config rc; /**< ports and maps aside */
    std::vector<pcie_map_entry> iommu_map = {{0, 0x10000, 0, 0}};
    std::vector<pcie_map_entry> msi_map = {{0, 0x10000, 0x100, 0}};
    sim_time memory_latency = 80 * SIM_NS;
    sim_time host_period = SIM_NS;
    bool rp_interrupts = false; /**< root ports have MSIs, which carry source 7 and 8 */
    bool bridge = false;        /**< a bridge with two conventional devices, both EP2's functions, in EP2's place */
    bool raw_ep0 = false;       /**< a RawDevice in EP0's place */
    bool keep_marks = true;
    bool configure = true; /**< the host sets everything up */

    Options();
};

/** A function with BAR 0 of 1 MiB and so many MSI-X vectors. */
Function plain_function(uint32_t vectors = 4);

class Rig
{
  public:
    explicit Rig(const Options &given = Options());
    ~Rig();
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;

    /** One access of the host, run to its end. */
    uint64_t read(uint64_t address, uint32_t bytes, uint8_t *status = nullptr);
    uint8_t write(uint64_t address, uint64_t value, uint32_t bytes);
    uint64_t config_read(uint16_t rid, unsigned offset, uint32_t bytes, uint8_t *status = nullptr);
    void config_write(uint16_t rid, unsigned offset, uint64_t value, uint32_t bytes);

    /** Offset of a capability, found by walking the chain with configuration reads; 0 if absent. */
    unsigned find_capability(uint16_t rid, uint8_t id);
    unsigned find_extended(uint16_t rid, uint16_t id);
    std::vector<unsigned> list_capabilities(uint16_t rid);
    std::vector<unsigned> list_extended(uint16_t rid);
    /** Unmasks advisory errors, so that the status of the error behind them shows. */
    void show_advisory(uint16_t rid);

    /** Writes an MSI-X table entry and unmasks it; then enables MSI-X. */
    void set_vector(unsigned ep, unsigned vector, uint64_t address, uint32_t data, unsigned function = 0);
    void enable_msix(unsigned ep, unsigned function = 0, uint16_t extra = 0);
    uint64_t table_address(unsigned ep, unsigned vector, unsigned function = 0);

    /** Runs until nothing is due. */
    void drain();
    /** Whether every packet came to an end. */
    uint64_t live() const;

    struct sim *sim;
    std::unique_ptr<support::MarkLog> log;
    root_complex *rc = nullptr;
    pcie_switch *sw = nullptr;
    endpoint *ep[3] = {};
    endpoint *ep3 = nullptr; /**< the second device behind a bridge */
    pci_bridge *bridge = nullptr;
    std::unique_ptr<RawDevice> raw;
    memory *mem = nullptr;
    bus_target *doorbell = nullptr;
    bus_driver *host = nullptr;
    std::unique_ptr<BusRouter> router;
    pcie_link *links[4] = {}; /**< RP0-switch, RP1-EP2, DSP0-EP0, DSP1-EP1 */
    pcie_checker *checkers[4] = {};

  private:
    void build(const Options &options);
    void build_pcie(const Options &options);
    void build_bridge(const Options &options);
    void build_bus(const Options &options);
    void watch(const Options &options, unsigned index, const pcie_config_space *upper, endpoint *below);
    void configure();
    void configure_bridge(uint16_t rid, unsigned primary, unsigned secondary, unsigned subordinate, uint64_t base,
                          uint64_t limit);
    void configure_endpoint(uint16_t first, uint64_t base);

    bool owns_sim_;
};

/** The address in a configuration space seen through ECAM. */
constexpr uint64_t ecam(uint16_t rid, unsigned offset)
{
    return ECAM + static_cast<uint64_t>(rid) * 4096 + offset;
}

} // namespace pcie_test

#endif
