#include "tests/system/random_system.h"

#include <algorithm>
#include <cstdlib>

namespace system_test
{

uint64_t from_environment(const char *name, uint64_t standard)
{
    const char *text = std::getenv(name);

    return text != nullptr ? std::strtoull(text, nullptr, 0) : standard;
}

namespace
{

const std::vector<std::string> all_rules = {"linux-6.1",          "linux-6.12",        "linux-7.3",      "linux-7.3",
                                            "corrected-grouping", "msi-geometry-2016", "bind-per-group", "bind-msi-v1",
                                            "bind-msi-v6",        "bind-msi-v7",       "bind-msi-v15",   "bind-msi-v16",
                                            "approach-2"};

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
    line(0, "doorbell: 1");
    line(0, "title: Random system " + number(seed));
    line(0, "seed: " + number(seed));
    line(0, "duration: " + std::string(options.timeline ? "40 us" : "8 us"));
    write_platform();
    write_root_complex();
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

std::string RandomSystem::acs()
{
    static const std::vector<std::string> settings = {"none",         "none", "full",        "full",
                                                      "[SV, RR, CR]", "[SV]", "[RR, CR, UF]"};

    return any(settings);
}

std::string RandomSystem::function()
{
    return any(functions_);
}

/* ---- Hardware ---- */

void RandomSystem::write_platform()
{
    pes_ = 1 + below(2);
    for (unsigned i = 0, count = 1 + below(3); i < count; i++) {
        itses_.push_back(std::string(1, static_cast<char>('A' + i)));
    }
    for (unsigned i = 0, count = chance(10) ? 0 : 1 + below(2); i < count; i++) {
        smmus_.push_back(std::string(1, static_cast<char>('S' + i)));
    }
    line(0, "platform:");
    line(1, "pe: { count: " + number(pes_) + " }");
    line(1, "its:");
    for (size_t i = 0; i < itses_.size(); i++) {
        const bool before = chance(15);

        unsafe_ = unsafe_ || before;
        line(2, itses_[i] + (before ? ": { pre-its: { base: 0x580" + number(i) + "_0000, size: 64 KiB } }" : ": {}"));
    }
    controllers_ = itses_;
    if (chance(20)) {
        unsafe_ = true;
        controllers_.push_back("M");
        line(1, "v2m: { M: { spis: 200 } }");
        line(1, "distributor: { spis: 300 }");
    }
    line(1, smmus_.empty() ? "smmu: {}" : "smmu:");
    for (const std::string &smmu : smmus_) {
        line(2, smmu + ": {}");
    }
    line(1, "memory: { base: 0x8000_0000, size: 256 MiB }");
}

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
    line(2, "root-ports:");
    for (unsigned i = 0; endpoints > 0; i++) {
        line(3, "rp" + number(i) + ":");
        line(4, "acs: " + acs());
        line(4, "below:");
        write_device(5, 2, endpoints, false);
    }
}

void RandomSystem::write_device(unsigned depth, unsigned levels, unsigned &endpoints, bool below_switch)
{
    if (levels > 0 && chance(below_switch ? 25 : 60)) {
        const unsigned children = 1 + below(3);

        line(depth, "sw" + number(switches_++) + ":");
        line(depth + 1, "switch: { acs: " + acs() + (chance(15) ? ", multifunction-ports: yes" : "") + " }");
        line(depth + 1, "below:");
        for (unsigned i = 0; i < children && (i == 0 || endpoints > 0); i++) {
            write_device(depth + 2, levels - 1, endpoints, true);
        }
        return;
    }
    Device device;

    device.name = "ep" + number(devices_.size());
    device.functions = chance(20) ? 2 : 1;
    device.vectors = chance(5) ? 0 : 1 + below(2);
    device.pasid = chance(30);
    line(depth, device.name + ":");
    line(depth + 1, "endpoint: { msi-x: " + number(device.vectors) +
                        ", bars: [4 KiB], functions: " + number(device.functions) +
                        ", pasid: " + (device.pasid ? "8" : "0") + ", acs: " + (chance(30) ? "full" : "none") + " }");
    for (unsigned i = 0; i < device.functions; i++) {
        functions_.push_back(device.name + (i == 0 ? "" : "/" + number(i)));
    }
    devices_.push_back(device);
    endpoints -= endpoints > 0 ? 1 : 0;
}

/* ---- Software ---- */

std::string RandomSystem::consumer_of(const std::string &name, const std::string &translation)
{
    static const std::vector<std::string> kernels = {"dma", "identity", "blocked"};
    static const std::vector<std::string> users = {"stage-1", "stage-2"};
    std::vector<std::string> devices;
    std::string text = name + ": { ";

    for (const std::string &function : functions_) {
        if (chance(60)) {
            devices.push_back(function);
        }
    }
    if (translation == "kernel") {
        text += "kind: kernel, translation: " + any(kernels);
    } else {
        text += std::string("kind: ") + (chance(50) ? "vfio" : "iommufd") +
                ", translation: " + (translation == "user" ? any(users) : translation);
        text += chance(20) ? ", separate-domains: yes" : "";
        text += unsafe_ && chance(75) ? ", unsafe-interrupts: yes" : "";
        text += chance(10) ? ", window-size: " + page_ : "";
    }
    if (translation == "nested") {
        text += ", guest-doorbells: " + number(1 + below(2)) + ", bindings: " + number(below(3)) +
                (chance(30) ? ", guest-domains: each" : "") + (chance(20) ? ", identity-pages: 1" : "");
    }
    return text + ", devices: " + list_of(devices) + " }";
}

void RandomSystem::write_pasids()
{
    std::vector<std::string> able;

    for (const Device &device : devices_) {
        if (device.pasid) {
            able.push_back(device.name);
        }
    }
    if (able.empty() || consumers_.empty() || chance(60)) {
        return;
    }
    line(1, "pasids:");
    for (unsigned i = 0, count = 1 + below(2); i < count; i++) {
        line(2, "- { device: " + any(able) + ", pasid: " + number(1 + i) + ", consumer: " + any(consumers_) + " }");
    }
}

void RandomSystem::write_software()
{
    static const std::vector<std::string> groupings = {"linux", "linux", "corrected", "reach"};
    static const std::vector<std::string> kinds = {"kernel", "user", "user", "nested", "nested"};
    const std::string rules = any(all_rules);
    const unsigned count = below(3);

    line(0, "software:");
    line(1, "rules: " + rules);
    if (chance(60)) {
        line(1, "grouping: " + any(groupings));
    }
    if (options_.timeline) {
        line(1, "reset-time: " + number(1 + below(5)) + " us");
        line(1, "notice-time: " + number(below(5)) + " us");
    }
    if (chance(10)) {
        page_ = chance(50) ? "64 KiB" : "16 KiB";
        line(1, "page-size: " + page_);
    }
    line(1, std::string("domains: { default: ") + (chance(20) ? "identity" : "dma") + " }");
    if (chance(15)) {
        line(1, std::string("msi-window: ") + (chance(50) ? "fixed" : "both"));
    }
    if (chance(20)) {
        line(1, std::string("enable-acs: ") + (chance(50) ? "no" : "not-first-port"));
    }
    if (count > 0) {
        std::vector<std::string> written;
        std::vector<std::string> left = functions_;

        line(1, "consumers:");
        for (unsigned i = 0; i < count; i++) {
            /* A device is one consumer's: each takes from those that are left. */
            const std::string name = "user" + number(i);
            std::vector<std::string> all = left;

            functions_.swap(all);
            written.push_back(consumer_of(name, any(kinds)));
            functions_.swap(all);
            left.erase(std::remove_if(left.begin(), left.end(),
                                      [&](const std::string &function) {
                                          return written.back().find("[" + function + ",") != std::string::npos ||
                                                 written.back().find("[" + function + "]") != std::string::npos ||
                                                 written.back().find(" " + function + ",") != std::string::npos ||
                                                 written.back().find(" " + function + "]") != std::string::npos;
                                      }),
                       left.end());
            line(2, written.back());
            consumers_.push_back(name);
        }
        write_pasids();
    }
}

/* ---- What happens ---- */

std::string RandomSystem::action()
{
    static const std::vector<std::string> plain = {"detach",
                                                   "enable-interrupts",
                                                   "disable-interrupts",
                                                   "remove",
                                                   "add",
                                                   "surprise-remove",
                                                   "invalidate",
                                                   "bind-doorbell",
                                                   "unbind-doorbell",
                                                   "enable-pasids",
                                                   "disable-interrupts"};
    static const std::vector<std::string> translations = {"same", "stage-1", "stage-2", "nested"};
    const unsigned kind = below(17);
    const std::string base = ", base: " + number(UINT64_C(0x200000000) + 4096 * static_cast<uint64_t>(below(4)));
    const std::string where = base + ", size: " + number(4 * (1 + below(2))) + " KiB";

    if (kind == 0 && !consumers_.empty()) {
        return "attach, consumer: " + any(consumers_);
    }
    if (kind == 1) {
        return "move-interrupt, vector: 0, pe: " + number(below(pes_));
    }
    if (kind == 2) {
        return "map" + where;
    }
    if (kind == 3) {
        return "unmap" + base;
    }
    if (kind == 4) {
        return "load, count: " + number(1 + below(3)) + where;
    }
    if (kind == 5 && !consumers_.empty()) {
        return "attach-pasid, pasid: " + number(1 + below(3)) + ", consumer: " + any(consumers_);
    }
    if (kind == 6) {
        return "detach-pasid, pasid: " + number(1 + below(3));
    }
    if (kind == 9 && options_.resets) {
        return "reset";
    }
    if (kind == 16) {
        return "replace, translation: " + any(translations);
    }
    if (kind == 7) {
        return "bind-process, process: " + number(1 + below(2));
    }
    if (kind == 8) {
        return "unbind-process, process: " + number(1 + below(2));
    }
    return any(plain);
}

void RandomSystem::write_timeline()
{
    line(0, "timeline:");
    for (unsigned i = 0, count = 4 + below(9); i < count; i++) {
        line(1, "- { at: " + number(2 + 3 * i) + " us, name: step" + number(i) + ", device: " + function() +
                    ", action: " + action() + " }");
    }
}

void RandomSystem::write_traffic()
{
    bool any_traffic = false;

    for (const std::string &function : functions_) {
        const std::string name = function.substr(0, function.find('/'));
        const auto device =
            std::find_if(devices_.begin(), devices_.end(), [&](const Device &one) { return one.name == name; });

        if (device->vectors == 0) {
            continue;
        }
        if (!any_traffic) {
            line(0, "traffic:");
            any_traffic = true;
        }
        line(1, function + ":");
        const std::string period = number(1 + below(3)) + " us";
        const bool writes = chance(30);

        /* Data before the first message, so that even a function of which one handler runs shows their order. */
        line(2, "- msi: { vectors: all, period: " + period + (writes ? ", start: 1500 ns" : "") + " }");
        if (writes) {
            line(2, "- dma-write: { size: 64 B, period: 1 us, buffer: 4 KiB }");
        }
    }
}

} // namespace system_test
