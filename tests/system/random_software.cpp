/* The software of random systems: users of devices, and what they do. */
#include "tests/system/random_system.h"

namespace system_test
{

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

/* ---- Who has devices ---- */

/** Takes of the functions that are free each with such a chance. */
std::vector<std::string> RandomSystem::take(unsigned percent)
{
    std::vector<std::string> taken;
    std::vector<std::string> left;

    for (const std::string &function : free_) {
        (chance(percent) ? taken : left).push_back(function);
    }
    free_ = left;
    return taken;
}

std::string RandomSystem::consumer_of(const std::string &name, const std::string &translation)
{
    static const std::vector<std::string> kernels = {"dma", "identity", "blocked"};
    static const std::vector<std::string> users = {"stage-1", "stage-2"};
    std::string text = name + ": { ";

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
    return text + ", devices: " + list_of(take(60)) + " }";
}

void RandomSystem::write_pasids()
{
    std::vector<std::string> able;

    for (const Device &device : devices_) {
        if (device.pasid) {
            able.push_back(device.name);
        }
    }
    if (able.empty() || chance(60)) {
        return;
    }
    line(1, "pasids:");
    for (unsigned i = 0, count = 1 + below(2); i < count; i++) {
        line(2, "- { device: " + any(able) + ", pasid: " + number(1 + i) + ", consumer: " + any(consumers_) + " }");
    }
}

void RandomSystem::write_consumers()
{
    static const std::vector<std::string> kinds = {"kernel", "user", "user", "nested", "nested"};
    const unsigned count = below(3);

    if (count == 0 || free_.empty()) {
        return;
    }
    line(1, "consumers:");
    for (unsigned i = 0; i < count; i++) {
        const std::string name = "user" + number(i);

        line(2, consumer_of(name, any(kinds)));
        consumers_.push_back(name);
    }
    write_pasids();
}

void RandomSystem::write_software()
{
    static const std::vector<std::string> groupings = {"linux", "linux", "corrected", "reach"};

    line(0, "software:");
    line(1, "rules: " + any(all_rules));
    if (chance(60)) {
        line(1, "grouping: " + any(groupings));
    }
    if (options_.timeline) {
        line(1, "reset-time: " + number(1 + below(5)) + " us");
        line(1, "notice-time: " + number(below(5)) + " us");
    }
    if (!features_.machines && chance(10)) {
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
    if (features_.channels) {
        line(1, std::string("traffic-classes: ") + (chance(50) ? "[0, 1]" : "[0, 1, 2]"));
    }
    if (features_.relaxed && chance(50)) {
        line(1, "id-ordering: yes");
    }
    if (features_.machines && chance(50)) {
        line(1, "hypervisor: { time-slice: " + number(2 + below(20)) + " us }");
    }
    write_consumers();
}

/* ---- What they do ---- */

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

bool RandomSystem::in_machine(const std::string &function) const
{
    for (const std::string &machine : machines_) {
        if (machine.find(" " + function + ": {") != std::string::npos) {
            return true;
        }
    }
    return false;
}

/** On functions that are in no machine, which has a timeline of its own. */
void RandomSystem::write_timeline()
{
    std::vector<std::string> functions;

    for (const Function &function : functions_) {
        if (!in_machine(function.name)) {
            functions.push_back(function.name);
        }
    }
    if (functions.empty()) {
        return;
    }
    line(0, "timeline:");
    for (unsigned i = 0, count = 4 + below(9); i < count; i++) {
        line(1, "- { at: " + number(2 + 3 * i) + " us, name: step" + number(i) + ", device: " + any(functions) +
                    ", action: " + action() + " }");
    }
}

/* ---- Machines ---- */

/**
 * What one is given: everything below a root port, as whole groups are; the virtual functions of a device, where the
 * host keeps the physical one; or whatever it is, which groups may forbid.
 */
std::vector<std::string> RandomSystem::choose_for_machine()
{
    const unsigned kind = below(10);
    const size_t device = below(static_cast<unsigned>(devices_.size()));
    std::vector<std::string> taken;
    std::vector<std::string> left;

    for (const std::string &name : free_) {
        bool wanted = kind == 9 && chance(50);

        for (const Function &function : functions_) {
            if (function.name != name) {
                continue;
            }
            if (kind < 6) {
                wanted = devices_[function.device].root_port == devices_[device].root_port;
            } else if (kind < 9) {
                wanted = function.device == device && (function.is_virtual || devices_[device].vfs == 0);
            }
        }
        (wanted ? taken : left).push_back(name);
    }
    free_ = left;
    return taken;
}

std::string RandomSystem::machine_timeline(unsigned vcpus, bool translates, const std::vector<std::string> &devices)
{
    std::string text;
    unsigned at = 1;

    for (unsigned i = below(4); i > 0; i--) {
        const unsigned what = below(translates ? 4 : 2);

        at += below(3);
        text += (text.empty() ? "" : ", ") + std::string("{ at: ") + number(at) + " us, vcpu: " + number(below(vcpus)) +
                ", action: " +
                (what == 0   ? "move-vcpu, pe: " + number(below(pes_))
                 : what == 1 ? "move-interrupt, vector: 0, device: " + any(devices)
                 : what == 2 ? "invalidate, device: " + any(devices)
                             : "bad-command, device: " + any(devices)) +
                " }";
    }
    return "timeline: [" + text + "]";
}

void RandomSystem::write_machine(unsigned index)
{
    static const std::vector<std::string> smmus = {"none", "per-smmu", "per-smmu", "single"};
    static const std::vector<std::string> periods = {"0 ns", "0 ns", "2 us", "5 us"};
    const std::vector<std::string> devices = choose_for_machine();
    const unsigned vcpus = 1 + below(2);
    const unsigned first = below(pes_);
    const std::string smmu = any(smmus);
    std::vector<std::string> with_messages;
    std::string text = "vm" + number(index) + ": { vcpus: " + number(vcpus) + ", first-pe: " + number(first) +
                       ", work: " + (chance(70) ? "idle" : "busy") + ", sgis: " + (chance(50) ? "direct" : "injected") +
                       ", ipi-period: " + any(periods) + ", its: " + (chance(70) ? "per-its" : "single") +
                       ", smmu: " + smmu;
    std::string list;

    if (devices.empty()) {
        return;
    }
    if (smmu != "none") {
        text += std::string(", queue: ") + (chance(50) ? "trapped" : "direct") +
                ", without-stream-id: " + (chance(70) ? "broadcast" : "first");
    }
    for (const std::string &name : devices) {
        list += (list.empty() ? " " : ", ") + name + ": { interrupts: " + (chance(60) ? "direct" : "injected") +
                ", table: " + (unsafe_ || chance(50) ? "trapped" : "guest") +
                (smmu != "none" && chance(40) ? ", remap: 2 us" : "") + " }";
        for (const Function &function : functions_) {
            if (function.name == name && vectors_of(function) > 0) {
                with_messages.push_back(name);
            }
        }
    }
    text += ", devices: {" + list + " }";
    if (!with_messages.empty()) {
        text += ", " + machine_timeline(vcpus, smmu != "none", with_messages);
    }
    machines_.push_back(text + " }");
}

void RandomSystem::write_machines()
{
    for (unsigned i = 0, count = 1 + below(2); i < count; i++) {
        write_machine(i);
    }
    features_.machines = !machines_.empty();
    if (features_.machines) {
        line(0, "vms:");
    }
    for (const std::string &machine : machines_) {
        line(1, machine);
    }
}

} // namespace system_test
