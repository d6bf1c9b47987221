/* The hardware of random systems. */
#include "tests/system/random_system.h"

#include "host/assumptions.h"

#include <cstdlib>
#include <cstring>

namespace system_test
{

uint64_t from_environment(const char *name, uint64_t standard)
{
    const char *text = std::getenv(name);

    return text != nullptr ? std::strtoull(text, nullptr, 0) : standard;
}

bool is_luck(const verdict &run, const verdict &check, const RandomSystem::Features &features)
{
    return features.defect && std::strcmp(run.name, ASSUMPTION_DATA_BEFORE_INTERRUPT) == 0 &&
           check.outcome == VERDICT_VIOLATED && run.outcome == VERDICT_HOLDS;
}

namespace
{

std::string number(uint64_t value)
{
    return std::to_string(value);
}

std::string list_of(const std::vector<std::string> &items)
{
    std::string text = "[";

    for (const std::string &item : items) {
        text += (text.size() > 1 ? ", " : "") + item;
    }
    return text + "]";
}

} // namespace

RandomSystem::RandomSystem(uint64_t seed, RandomOptions options) : options_(options)
{
    sim_random_init(&random_, seed, "random system");
    features_.machines = chance(12);
    features_.channels = chance(15);
    features_.relaxed = chance(20);
    features_.caches = chance(20);
    line(0, "doorbell: 1");
    line(0, "title: Random system " + number(seed));
    line(0, "seed: " + number(seed));
    slow_ = features_.relaxed && chance(60);
    line(0, "duration: " + std::string(options.timeline              ? "40 us"
                                       : slow_ || features_.channels ? "20 us" /* until tables are cached */
                                                                     : "8 us"));
    write_platform();
    write_root_complex();
    if (features_.machines) {
        write_machines();
    }
    write_software();
    if (options.timeline) {
        write_timeline();
    }
    write_traffic();
}

unsigned RandomSystem::below(unsigned bound)
{
    return static_cast<unsigned>(sim_random_below(&random_, bound));
}

bool RandomSystem::chance(unsigned percent)
{
    return below(100) < percent;
}

void RandomSystem::line(unsigned depth, const std::string &words)
{
    text_ += std::string(2 * depth, ' ') + words + "\n";
}

unsigned RandomSystem::vectors_of(const Function &function) const
{
    return function.is_virtual ? 1 : devices_[function.device].vectors;
}

std::string RandomSystem::acs()
{
    static const std::vector<std::string> settings = {"none",         "none", "full",        "full",
                                                      "[SV, RR, CR]", "[SV]", "[RR, CR, UF]"};

    return any(settings);
}

/* ---- Between the root complex and the PEs ---- */

void RandomSystem::write_interrupt_controllers()
{
    static const std::vector<std::string> versions = {"gicv3", "gicv4.0", "gicv4.1"};

    for (unsigned i = 0, count = 1 + below(3); i < count; i++) {
        itses_.push_back(std::string(1, static_cast<char>('A' + i)));
    }
    line(1, "its:");
    for (size_t i = 0; i < itses_.size(); i++) {
        const bool before = chance(15);
        const bool old = features_.machines && chance(20);

        unsafe_ = unsafe_ || before;
        line(2, itses_[i] + ": {" + (before ? " pre-its: { base: 0x580" + number(i) + "_0000, size: 64 KiB }" : "") +
                    (before && old ? "," : "") + (old ? " virtual-lpis: no" : "") + (before || old ? " }" : "}"));
    }
    if (features_.machines) {
        line(1, "redistributor: { base: 0x0b00_0000, version: " + any(versions) + " }");
    }
    controllers_ = itses_;
    if (chance(20)) {
        unsafe_ = true;
        controllers_.push_back("M");
        line(1, "v2m: { M: { spis: 200 } }");
        line(1, "distributor: { spis: 300 }");
    }
}

void RandomSystem::write_platform()
{
    pes_ = 1 + below(features_.machines ? 3 : 2);
    for (unsigned i = 0, count = chance(10) ? 0 : 1 + below(2); i < count; i++) {
        smmus_.push_back(std::string(1, static_cast<char>('S' + i)));
    }
    line(0, "platform:");
    line(1, "pe: { count: " + number(pes_) + " }");
    write_interrupt_controllers();
    line(1, smmus_.empty() ? "smmu: {}" : "smmu:");
    for (size_t i = 0; i < smmus_.size(); i++) {
        const std::string queues = features_.machines && chance(85) ? "vcmdqs: 8, vintfs: 4" : "";
        const std::string ats = features_.caches ? "ats: yes, pri: yes" : "";
        const std::string both = queues + (queues.empty() || ats.empty() ? "" : ", ") + ats;

        line(2, smmus_[i] + ": { base: 0x0a" + number(2 + 4 * i) + "0_0000, idr: {" +
                    (both.empty() ? "" : " " + both + " ") + "}" + (features_.caches ? ", atc-timeout: 4 us" : "") +
                    " }");
    }
    line(1, std::string("memory: { base: 0x8000_0000, size: 256 MiB") + (slow_ ? ", bandwidth: 200 MB/s" : "") + " }");
    if (features_.relaxed && chance(80)) {
        line(1, "interconnect: { relaxed-ordering: yes }");
    }
}

/* ---- PCI Express ---- */

/** Buses go to targets at random; now and then some have no StreamID. */
void RandomSystem::write_map(const std::string &key, const std::vector<std::string> &targets)
{
    std::vector<std::string> entries;

    if (targets.empty() || (targets.size() == 1 && chance(15))) {
        return; /* as the format has it unless told */
    }
    for (size_t i = 0; i < targets.size(); i++) {
        /* Beyond all devices, so that something leads to each: an SMMU without that cannot be built. */
        const std::string base = number((64 + i) << 8);

        entries.push_back("[" + base + ", " + targets[i] + ", " + base + ", 256]");
    }
    for (unsigned bus = 1; bus < 9; bus++) {
        const std::string base = number(bus << 8);

        if (chance(50)) {
            entries.push_back("[" + base + ", " + any(targets) + ", " + base + ", 256]");
        }
    }
    if (key == "msi-map" || chance(85)) {
        entries.push_back("[0, " + any(targets) + ", 0, 0x10000]");
    }
    line(2, key + ": " + list_of(entries));
}

void RandomSystem::write_root_complex()
{
    unsigned endpoints = 1 + below(4);

    line(0, "pcie:");
    line(1, "rc0:");
    write_map("iommu-map", smmus_);
    write_map("msi-map", controllers_);
    if (chance(20)) {
        line(2, "peer-to-peer: yes");
    }
    if (features_.relaxed && chance(40)) {
        line(2, "passing: 4");
    }
    line(2, "root-ports:");
    for (root_ports_ = 0; endpoints > 0; root_ports_++) {
        line(3, "rp" + number(root_ports_) + ":");
        line(4, "acs: " + acs());
        line(4, link());
        line(4, "below:");
        write_device(5, 2, endpoints, false);
    }
}

/** Of a link, where there are virtual channels: mostly with some, so that a way may have links without. */
std::string RandomSystem::link()
{
    if (!features_.channels) {
        return "link: { width: 8 }";
    }
    return "link: { width: " + std::string(chance(70) ? "1" : "4") +
           ", virtual-channels: " + number(chance(80) ? 2 + below(2) : 1) + " }";
}

void RandomSystem::write_device(unsigned depth, unsigned levels, unsigned &endpoints, bool below_switch)
{
    if (levels > 0 && chance(below_switch ? 25 : 60)) {
        const unsigned children = 1 + below(3);

        line(depth, "sw" + number(switches_++) + ":");
        line(depth + 1, "switch: { acs: " + acs() + (chance(15) ? ", multifunction-ports: yes" : "") +
                            (features_.relaxed && chance(50) ? ", passing: 4" : "") + " }");
        if (below_switch) {
            line(depth + 1, link());
        }
        line(depth + 1, "below:");
        for (unsigned i = 0; i < children && (i == 0 || endpoints > 0); i++) {
            write_device(depth + 2, levels - 1, endpoints, true);
        }
        return;
    }
    line(depth, "ep" + number(devices_.size()) + ":");
    if (below_switch) {
        line(depth + 1, link());
    }
    write_endpoint(depth + 1);
    endpoints -= endpoints > 0 ? 1 : 0;
}

void RandomSystem::write_endpoint(unsigned depth)
{
    Device device;
    std::string more;

    device.name = "ep" + number(devices_.size());
    device.root_port = root_ports_;
    device.functions = chance(20) ? 2 : 1;
    device.vectors = chance(5) ? 0 : 1 + below(2);
    device.pasid = chance(30);
    device.two_bars = chance(40);
    if (chance(15)) {
        /* Virtual functions: on the endpoint's own bus, or on the next one. */
        device.vfs = 1 + below(2);
        more = ", ari: yes, sr-iov: { vfs: " + number(device.vfs) +
               (chance(30) ? ", first-offset: " + number(252 + below(8)) : "") +
               ", msi-x: 1, bars: " + (device.two_bars ? "[4 KiB, 4 KiB]" : "[4 KiB]") + " }";
        features_.virtual_functions = true;
    }
    if (features_.caches && chance(60)) {
        device.pri = chance(50);
        more += std::string(", ats: { entries: 4 }") + (device.pri ? ", pri: {}" : "");
    }
    line(depth, "endpoint: { msi-x: " + number(device.vectors) +
                    ", bars: " + (device.two_bars ? "[4 KiB, 4 KiB]" : "[4 KiB]") +
                    ", functions: " + number(device.functions) + ", pasid: " + (device.pasid ? "8" : "0") +
                    ", acs: " + (chance(30) ? "full" : "none") + more + " }");
    for (unsigned i = 0; i < device.functions; i++) {
        const std::string name = device.name + (i == 0 ? "" : "/" + number(i));

        functions_.push_back({name, devices_.size(), false});
        for (unsigned j = 1; j <= device.vfs; j++) {
            functions_.push_back({name + "/vf" + number(j), devices_.size(), true});
        }
    }
    for (const Function &function : functions_) {
        if (function.device == devices_.size()) {
            free_.push_back(function.name);
        }
    }
    devices_.push_back(device);
}

} // namespace system_test
