/*
 * A platform with two SMMUs and two ITS, built from Doorbell's TLM-2.0 modules and from devices, a bus, a memory and
 * interrupt sinks that know nothing of them. It measures what the doorbell command finds for platform.yaml, which
 * describes the same system: the latency of every MSI, and whether the devices of an IOMMU group share a doorbell.
 *
 *   epA ─┐
 *        ├─ sw0 ── rc0 ── S0 ──┐       ┌─ memory
 *   epB ─┘                     ├─ bus ─┼─ A ──┬─ rd0 ── pe0 ── sink
 *   epC ────────── rc1 ── S1 ──┘       └─ B ──┴─ rd1 ── pe1 ── sink
 *
 *   platform [--each] [--load PERIOD VECTORS]
 *
 *   --each  also a line for each MSI: msi NAME VECTOR LATENCY, in femtoseconds; and for each stage that models
 *           know: hop COUNT LEAST MOST SUM NAME
 *   --load  all devices signal at once, every PERIOD ns, the first VECTORS (1 to 4) of theirs; caches are warm by then:
 *           they have done so once, 6 us before
 */
#include "examples/common/bus.h"
#include "examples/common/device.h"
#include "examples/common/enumerate.h"
#include "examples/common/firmware.h"
#include "examples/common/memory.h"
#include "wrappers/gic.h"
#include "wrappers/pcie.h"
#include "wrappers/protocol_checker.h"
#include "wrappers/smmu.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <tuple>

namespace
{

using sc_core::sc_time;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kMemorySize = UINT64_C(256) << 20;
constexpr uint64_t kIts[] = {0x08080000, 0x080c0000};
constexpr uint64_t kSmmu[] = {0x09050000, 0x09090000};
constexpr uint64_t kRedistributor = 0x0a000000;
constexpr uint64_t kEcam[] = {UINT64_C(0x4000000000), UINT64_C(0x4010000000)};
constexpr uint64_t kWindow[] = {0x10000000, 0x20000000};
constexpr uint64_t kWindowSize = UINT64_C(256) << 20;
constexpr uint64_t kDoorbell = 0x08000000; /**< where devices see the page of their ITS's GITS_TRANSLATER */
constexpr unsigned kPes = 2;
constexpr unsigned kSlots = 16; /**< requests that wait at an SMMU or ITS, rather than before it: as in a scenario */

/** A device, and what software does with it; in the order in which enumeration finds them. */
struct device {
    const char *name;
    unsigned root_complex;
    unsigned its;
    uint32_t device_id;
    std::vector<uint32_t> vectors; /**< that it signals, all at one time */
    double start;                  /**< of its interrupts, us */
    example::function function = {};
    uint64_t context = 0;
};

/** How much traffic there is. */
struct workload {
    double period = 6000;  /**< ns */
    uint32_t burst_of = 0; /**< vectors that all devices signal at once; 0: one after the other, one each */
};

sc_time ns(double count)
{
    return sc_time(count, sc_core::SC_NS);
}

pcie_link_config link_of(uint32_t width)
{
    pcie_link_config config;

    pcie_link_config_init(&config);
    config.width = width;
    return config;
}

smmu_config smmu_of(unsigned i)
{
    smmu_config config;

    smmu_config_defaults(&config);
    config.base = kSmmu[i];
    return config;
}

its_config its_of(unsigned i)
{
    its_config config = its_config_default();

    config.base = kIts[i];
    config.number = i;
    config.redistributors = kPes;
    return config;
}

redistributor_config redistributor_of(unsigned i)
{
    redistributor_config config = redistributor_config_default();

    config.base = kRedistributor + i * 0x20000;
    config.processor_number = i;
    config.last = i + 1 == kPes;
    config.its_count = 2;
    return config;
}

/** An endpoint with four vectors and a BAR of 64 KiB. */
struct endpoint_description {
    endpoint_function_config function = {};
    endpoint_config config = {};

    endpoint_description()
    {
        endpoint_config_init(&config);
        function.identity.vendor_id = 0x13b5;
        function.identity.device_id = 0x0d0b;
        function.identity.class_code = 0x020000;
        function.bars[0].size = 65536;
        function.msix_vectors = 4;
        config.functions = &function;
        config.function_count = 1;
        config.max_payload = 256;
    }
};

struct switch_description {
    pcie_downstream_config ports[2] = {};
    pcie_switch_config config = {};

    switch_description()
    {
        pcie_switch_config_init(&config);
        for (unsigned i = 0; i < 2; i++) {
            ports[i].device = i;
            ports[i].identity.vendor_id = 0x13b5;
            ports[i].identity.device_id = 0x0d03;
            ports[i].identity.class_code = 0x060400;
        }
        config.identity = ports[0].identity;
        config.max_payload = 256;
        config.downstream = ports;
        config.downstream_count = 2;
    }
};

/** A root complex with one root port: every function's StreamID is its requester ID, its DeviceID as the map says. */
struct root_complex_description {
    root_port_config port = {};
    pcie_map_entry streams = {0, 0x10000, 0, 0};
    pcie_map_entry devices;
    root_complex_config config = {};

    root_complex_description(unsigned i, pcie_map_entry device_ids) : devices(device_ids)
    {
        root_complex_config_init(&config);
        port.identity.vendor_id = 0x13b5;
        port.identity.device_id = 0x0d01;
        port.identity.class_code = 0x060400;
        config.latency = 100 * SIM_NS;
        config.first_bus = 0;
        config.last_bus = 255;
        config.ecam_base = kEcam[i];
        config.ports = &port;
        config.port_count = 1;
        config.memory_ports = 1;
        config.iommu_map = {&streams, 1, 0xffff};
        config.msi_map = {&devices, 1, 0xffff};
        config.max_payload = 256;
    }
};

/** What a stage took. */
struct hop {
    uint64_t count = 0;
    sim_time least = SIM_TIME_NEVER;
    sim_time most = 0;
    sim_time sum = 0;
};

class platform : public sc_core::sc_module
{
  public:
    platform(const sc_core::sc_module_name &name, const workload &work);

    bool report(bool each) const;

  private:
    void build_gic();
    void build_pcie();
    template <typename Initiator> void master(Initiator &from);
    template <typename Target> void target(uint64_t first, uint64_t bytes, Target &to);
    void run();
    void set_up();
    void try_reach();
    bool reaches(const device &from, const device &to);
    void interrupted(uint32_t intid, sc_time when);
    static void mark(void *context, const sim_packet *packet, uint32_t stage, sim_time begin, sim_time end);
    void list_each() const;
    bool summarise(size_t i) const;

    /** Whose interrupt an INTID is. */
    struct origin {
        size_t device;
        uint32_t vector;

        bool operator<(const origin &other) const
        {
            return std::tie(device, vector) < std::tie(other.device, other.vector);
        }
    };

    std::vector<device> devices_ = {
        {"epA", 0, 0, 0x300, {0}, 0.0},
        {"epB", 0, 1, 0x400, {1}, 2.0},
        {"epC", 1, 1, 0x8100, {2}, 4.0},
    };
    std::map<uint32_t, origin> origins_; /**< by INTID */
    workload work_;
    doorbell::simulation whole_;
    example::bus bus_;
    example::memory memory_;
    example::initiator pe_;
    example::firmware software_;
    std::vector<std::unique_ptr<doorbell::smmu>> smmus_;
    std::vector<std::unique_ptr<doorbell::its>> itses_;
    std::vector<std::unique_ptr<doorbell::redistributor>> redistributors_;
    std::vector<std::unique_ptr<doorbell::pe>> pes_;
    std::vector<std::unique_ptr<example::interrupt_sink>> sinks_;
    std::vector<std::unique_ptr<doorbell::root_complex>> root_complexes_;
    std::unique_ptr<doorbell::pcie_switch> switch_;
    std::vector<std::unique_ptr<doorbell::pcie_endpoint>> endpoints_;
    std::vector<std::unique_ptr<example::generator>> generators_;
    doorbell::protocol_checkers checkers_; /**< between any two sockets stands one */
    std::map<origin, std::vector<sc_time>> latencies_;
    std::set<std::pair<std::string, std::string>> reached_; /**< without an SMMU */
    std::map<std::string, hop> hops_;                       /**< by stage */
    bool measuring_ = false;                                /**< the devices' interrupts are all that goes on */
    bool done_ = false;
};

platform::platform(const sc_core::sc_module_name &name, const workload &work)
    : sc_core::sc_module(name), work_(work), whole_("doorbell"), bus_("bus", ns(20), ns(20)),
      memory_("memory", kMemory, kMemorySize, ns(81), 25.6e9), pe_("pe"), software_(pe_, kMemory)
{
    sim_observer observer = {};

    for (device &each : devices_) {
        if (work.burst_of > 0) {
            each.vectors.resize(work.burst_of);
            std::iota(each.vectors.begin(), each.vectors.end(), 0);
            each.start = 0;
        }
    }
    target(kMemory, kMemorySize, memory_.socket);
    master(pe_.socket);
    build_gic();
    for (unsigned i = 0; i < 2; i++) {
        doorbell::smmu::options how;

        how.slots = kSlots;
        smmus_.push_back(std::make_unique<doorbell::smmu>(("S" + std::to_string(i)).c_str(), whole_, smmu_of(i), how));
        master(smmus_[i]->memory(0));
        master(smmus_[i]->walker());
        target(kSmmu[i], SMMU_WINDOW_BYTES, smmus_[i]->registers());
    }
    build_pcie();
    observer.context = this;
    observer.mark = mark;
    sim_observe(whole_.handle(), &observer);
    SC_HAS_PROCESS(platform);
    SC_THREAD(run);
}

template <typename Initiator> void platform::master(Initiator &from)
{
    checkers_.join(from, bus_.add_initiator());
}

template <typename Target> void platform::target(uint64_t first, uint64_t bytes, Target &to)
{
    checkers_.join(bus_.add_target(first, first + bytes - 1), to);
}

void platform::build_gic()
{
    for (unsigned i = 0; i < kPes; i++) {
        const std::string number = std::to_string(i);

        redistributors_.push_back(
            std::make_unique<doorbell::redistributor>(("rd" + number).c_str(), whole_, redistributor_of(i)));
        pes_.push_back(std::make_unique<doorbell::pe>(("pe" + number).c_str(), whole_, pe_config_default()));
        sinks_.push_back(std::make_unique<example::interrupt_sink>(
            ("sink" + number).c_str(), [this](uint32_t intid, sc_time when) { interrupted(intid, when); }));
        redistributors_[i]->connect(*pes_[i]);
        checkers_.join(pes_[i]->interrupts(), sinks_[i]->socket);
        master(redistributors_[i]->memory());
        target(kRedistributor + i * 0x20000, GICR_SIZE, redistributors_[i]->registers());
    }
    for (unsigned i = 0; i < 2; i++) {
        doorbell::gic_options how;

        how.slots = kSlots;
        itses_.push_back(std::make_unique<doorbell::its>(i == 0 ? "A" : "B", whole_, its_of(i), how));
        for (auto &redistributor : redistributors_) {
            itses_[i]->connect(*redistributor, 5 * SIM_NS, 8);
        }
        master(itses_[i]->memory());
        target(kIts[i], 0x10000, itses_[i]->registers());
        target(kIts[i] + 0x10000, 0x10000, itses_[i]->translation());
    }
}

void platform::build_pcie()
{
    const endpoint_description endpoint;
    const switch_description description;
    const pcie_link_config wide = link_of(16);
    const pcie_link_config narrow = link_of(4);

    for (unsigned i = 0; i < 2; i++) {
        const pcie_map_entry devices = {0, 0x8000, i == 0 ? 0u : 0x8000u, 0};
        const root_complex_description root(i, devices);
        const bool leads_to_switch = i == 0;

        root_complexes_.push_back(std::make_unique<doorbell::root_complex>(
            ("rc" + std::to_string(i)).c_str(), whole_, root.config,
            std::vector<pcie_link_config>{leads_to_switch ? wide : narrow}, std::vector<bool>{leads_to_switch}));
        checkers_.join(root_complexes_[i]->memory(0), smmus_[i]->tbu(0));
        target(kEcam[i], UINT64_C(256) << 20, root_complexes_[i]->host());
        bus_.add_range(kWindow[i], kWindow[i] + kWindowSize - 1);
    }
    switch_ = std::make_unique<doorbell::pcie_switch>("sw0", whole_, description.config, wide, false,
                                                      std::vector<pcie_link_config>{narrow, narrow});
    for (size_t i = 0; i < devices_.size(); i++) {
        const device &each = devices_[i];

        endpoints_.push_back(std::make_unique<doorbell::pcie_endpoint>(each.name, whole_, endpoint.config, narrow,
                                                                       each.root_complex == 0));
        generators_.push_back(
            std::make_unique<example::generator>((std::string(each.name) + "_device").c_str(), each.vectors));
        checkers_.join(generators_[i]->socket, endpoints_[i]->interrupts);
    }
    checkers_.join_link(root_complexes_[0]->link(0), switch_->upstream());
    checkers_.join_link(switch_->downstream(0), endpoints_[0]->link());
    checkers_.join_link(switch_->downstream(1), endpoints_[1]->link());
    checkers_.join_link(root_complexes_[1]->link(0), endpoints_[2]->link());
}

/* ---- What runs on it ---- */

void platform::set_up()
{
    std::vector<example::firmware::smmu> smmus;
    std::vector<example::firmware::its> itses;
    size_t next = 0;

    for (unsigned i = 0; i < kPes; i++) {
        software_.start_redistributor(kRedistributor + i * 0x20000);
    }
    for (unsigned i = 0; i < 2; i++) {
        itses.push_back(software_.start_its(kIts[i], kPes));
        smmus.push_back(software_.start_smmu(kSmmu[i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        example::enumerator enumerator(pe_, kEcam[i], kWindow[i]);

        for (const example::function &function : enumerator.scan()) {
            device &each = devices_.at(next++);

            each.function = function;
            each.context = software_.make_context(smmus[i]);
            software_.map(each.context, kDoorbell, kIts[each.its] + 0x10000);
            software_.attach(smmus[i], function.rid, each.context);
            software_.map_device(itses[each.its], each.device_id, 2);
            for (const uint32_t vector : each.vectors) {
                /* Vectors of a device go to all PEs in turn. */
                const unsigned pe = vector % kPes;
                const uint32_t intid = software_.map_event(itses[each.its], each.device_id, vector, pe);

                origins_[intid] = {next - 1, vector};
                enumerator.enable_vector(function, vector, kDoorbell + 0x40, vector);
            }
        }
    }
}

void platform::run()
{
    set_up();
    /* At a round time, when all is quiet. */
    const sc_time start = ns(1000.0 * std::floor(sc_core::sc_time_stamp().to_seconds() * 1e6 + 10));

    for (size_t i = 0; i < devices_.size(); i++) {
        const sc_time first = start + ns(1000 * devices_[i].start);

        generators_[i]->start(first, first + ns(6000), ns(work_.period), start + ns(100000));
    }
    measuring_ = true;
    wait(start + ns(110000) - sc_core::sc_time_stamp());
    measuring_ = false;
    try_reach();
    done_ = true;
}

/** Whether a write of one device to another's BAR arrives there, though no SMMU has a translation for it. */
bool platform::reaches(const device &from, const device &to)
{
    static uint32_t mark = 0x1000;
    endpoint_job job = {};
    const uint32_t sent = ++mark;
    uint8_t bytes[4];

    sim_store_le32(bytes, sent);
    job.kind = ENDPOINT_DMA_WRITE;
    job.address = to.function.bar0 + 0x100;
    job.bytes = sizeof(bytes);
    job.data = bytes;
    endpoints_[static_cast<size_t>(&from - devices_.data())]->request(job);
    wait(ns(5000));
    return pe_.read32(to.function.bar0 + 0x100) == sent;
}

void platform::try_reach()
{
    for (const device &from : devices_) {
        for (const device &to : devices_) {
            if (&from != &to && reaches(from, to)) {
                reached_.insert({from.name, to.name});
            }
        }
    }
}

void platform::interrupted(uint32_t intid, sc_time when)
{
    const origin from = origins_.at(intid);
    std::vector<sc_time> &mine = latencies_[from];
    const std::vector<sc_time> &sent = generators_[from.device]->sent[from.vector];

    if (mine.size() < sent.size()) {
        mine.push_back(when - sent[mine.size()]);
    }
}

/** Every packet that Doorbell's models follow tells of every stage. */
void platform::mark(void *context, const sim_packet *, uint32_t stage, sim_time begin, sim_time end)
{
    auto *self = static_cast<platform *>(context);

    if (self->measuring_) {
        hop &mine = self->hops_[sim_stage_name(self->whole_.handle(), stage)];

        mine.count++;
        mine.least = std::min(mine.least, end - begin);
        mine.most = std::max(mine.most, end - begin);
        mine.sum += end - begin;
    }
}

void platform::list_each() const
{
    for (const auto &found : latencies_) {
        for (const sc_time &latency : found.second) {
            std::printf("msi %s %u %llu\n", devices_[found.first.device].name, found.first.vector,
                        static_cast<unsigned long long>(latency.to_seconds() * 1e15 + 0.5));
        }
    }
    for (const auto &found : hops_) {
        const hop &stage = found.second;

        std::printf("hop %llu %llu %llu %llu %s\n", static_cast<unsigned long long>(stage.count),
                    static_cast<unsigned long long>(stage.least), static_cast<unsigned long long>(stage.most),
                    static_cast<unsigned long long>(stage.sum), found.first.c_str());
    }
}

/** Sums up a device's latencies. @return whether there are any */
bool platform::summarise(size_t i) const
{
    const device &one = devices_[i];
    std::vector<sc_time> all;

    for (const uint32_t vector : one.vectors) {
        const auto found = latencies_.find({i, vector});

        if (found != latencies_.end()) {
            all.insert(all.end(), found->second.begin(), found->second.end());
        }
    }
    if (!all.empty()) {
        std::printf("%s: %zu MSIs to ITS %s, %s to %s\n", one.name, all.size(), one.its == 0 ? "A" : "B",
                    std::min_element(all.begin(), all.end())->to_string().c_str(),
                    std::max_element(all.begin(), all.end())->to_string().c_str());
    }
    return !all.empty();
}

bool platform::report(bool each) const
{
    bool violated = false;
    bool sound = done_;

    if (each) {
        list_each();
    }
    for (size_t i = 0; i < devices_.size(); i++) {
        sound = summarise(i) && sound;
    }
    /* Devices that reach each other without an SMMU are one group. */
    for (const device &one : devices_) {
        for (const device &other : devices_) {
            if (reached_.count({one.name, other.name}) > 0) {
                std::printf("%s reaches %s without an SMMU\n", one.name, other.name);
                violated = violated || one.its != other.its;
            }
        }
    }
    std::printf("doorbell-per-group: %s\n", violated ? "violated" : "holds");
    const std::string wrong = checkers_.report() + checkers_.uncovered();
    std::fputs(wrong.c_str(), stdout);
    return sound && wrong.empty();
}

} // namespace

int sc_main(int argc, char *argv[])
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    bool each = false;
    workload work;

    for (size_t i = 0; i < words.size(); i++) {
        if (words[i] == "--each") {
            each = true;
        } else if (words[i] == "--load" && i + 2 < words.size()) {
            work.period = std::stod(words[i + 1]);
            work.burst_of = static_cast<uint32_t>(std::stoul(words[i + 2]));
            i += 2;
        } else {
            std::fprintf(stderr, "usage: platform [--each] [--load PERIOD VECTORS]\n");
            return 2;
        }
    }
    const platform system("platform", work);

    sc_core::sc_start();
    return system.report(each) ? 0 : 1;
}
