#include "tests/system/fabric.h"

#include "models/pcie/device.h"
#include "scenario/functions.h"

#include "host/pci_config.h"
#include "models/pcie/config_registers.h"
#include "scenario/system_internal.h"

#include <cstring>
#include <random>
#include <stdexcept>

namespace fabric
{

namespace
{

/* Longer than the longest way there and back with a fault on it; a request that takes longer is waited for. */
constexpr sim_time REST = 6 * SIM_US;
constexpr unsigned PATIENCE = 4;
constexpr uint32_t WORD = 8;

class Writer
{
  public:
    Writer(uint64_t seed, const Limits &given) : random(seed), limits(given)
    {
    }

    std::string write()
    {
        static const char *const enable[] = {"no", "no", "no", "not-first-port", "yes"};
        static const char *const grouping[] = {"linux", "corrected", "reach"};
        const unsigned roots = 1 + pick(limits.root_complexes);
        std::string text = "doorbell: 1\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n";

        for (unsigned i = 0; i < roots; i++) {
            text += root_complex(i);
        }
        return text + "software: { grouping: " + grouping[pick(3)] + ", enable-acs: " + enable[pick(5)] +
               ", domains: { default: " + (pick(3) == 0 ? "identity" : "dma") + " } }\n";
    }

  private:
    std::mt19937_64 random;
    Limits limits;
    unsigned names = 0;
    unsigned functions = 0;

    unsigned pick(unsigned count)
    {
        return static_cast<unsigned>(random() % count);
    }

    std::string fresh(const char *kind)
    {
        return kind + std::to_string(names++);
    }

    static std::string list(unsigned bits)
    {
        static const char *const controls[] = {"SV", "TB", "RR", "CR", "UF", "EC", "DT"};
        std::string text;

        for (unsigned i = 0; i < 7; i++) {
            if ((bits >> i & 1u) != 0) {
                text += (text.empty() ? "" : ", ") + std::string(controls[i]);
            }
        }
        return "[" + text + "]";
    }

    // Any capability with any part of it on; the usual ones more often.
    std::string acs()
    {
        const unsigned capability = pick(0x80);

        switch (pick(6)) {
        case 0:
            return "none";
        case 1:
            return "full";
        case 2:
            return "{ cap: full, ctrl: " + list(pick(0x80) & PCI_TREE_ACS_ISOLATING) + " }";
        default:
            return "{ cap: " + list(capability) + ", ctrl: " + list(capability & pick(0x80)) + " }";
        }
    }

    std::string root_complex(unsigned index)
    {
        const std::string base = std::to_string(index << 15);
        std::string text = "  rc" + std::to_string(index) + ":\n    last-bus: 127\n    iommu-map: [[0, S, " + base +
                           ", 0x8000]]\n    msi-map: [[0, A, " + base + ", 0x8000]]\n" +
                           "    peer-to-peer: " + (pick(2) == 0 ? "yes" : "no") + "\n    root-ports:\n";
        const unsigned ports = 1 + pick(limits.root_ports);

        for (unsigned i = 0; i < ports; i++) {
            text += "      " + fresh("rp") + ":\n        acs: " + acs() + "\n        below:\n" +
                    device("          ", limits.depth, false);
        }
        return text;
    }

    std::string port(const std::string &pad, bool below_switch)
    {
        return below_switch && pick(3) != 0 ? pad + "  port: { acs: " + acs() + " }\n" : "";
    }

    // Switches and endpoints under one link.
    std::string several(const std::string &pad, unsigned depth, bool below_switch)
    {
        const unsigned parts = 2 + pick(2);
        std::string text = pad + fresh("mf") + ":\n" + port(pad, below_switch) + pad +
                           "  multifunction: { peers: " + (pick(4) == 0 ? "no" : "yes") + " }\n" + pad + "  below:\n";

        for (unsigned i = 0; i < parts; i++) {
            text += pick(2) == 0 ? endpoint(pad + "    ", false, true)
                                 : fabric_switch(pad + "    ", depth - 1, false, true);
        }
        return text;
    }

    std::string endpoint(const std::string &pad, bool below_switch, bool part = false)
    {
        static const char *const bars[] = {"[64 KiB]", "[16 KiB, 4 KiB]", "[16 KiB, 64 KiB, 2 MiB]"};
        /* A device of several parts has room for eight functions. */
        const unsigned count = pick(3) == 0 ? 2 + pick(part ? 1 : 2) : 1;

        std::string more;

        if (!part && pick(4) == 0) {
            const unsigned vfs = 1 + pick(3);

            more = ", ari: yes, sr-iov: { vfs: " + std::to_string(vfs) +
                   (pick(2) == 0 ? "" : ", first-offset: " + std::to_string(250 + pick(10))) +
                   ", enabled: " + std::to_string(1 + pick(vfs)) + ", bars: [16 KiB, 64 KiB] }";
            functions += count;
        }
        functions += count;
        return pad + fresh("ep") + ":\n" + port(pad, below_switch) + pad +
               "  endpoint: { functions: " + std::to_string(count) + ", bars: " + bars[pick(3)] +
               ", read-tags: 256, acs: " + acs() + more + " }\n";
    }

    // A conventional bus: its devices have neither capabilities of PCI Express nor ACS.
    std::string conventional_bus(const std::string &pad, bool below_switch)
    {
        static const char *const ids[] = {"replaced", "posted-kept", "kept"};
        static const char *const bars[] = {"[64 KiB]", "[16 KiB, 4 KiB]"};
        std::string text = pad + fresh("br") + ":\n" + port(pad, below_switch) + pad +
                           "  bridge: { requester-ids: " + ids[pick(3)] + ", clock: 66 MHz }\n" + pad + "  below:\n";
        unsigned slot = pick(3);

        for (unsigned i = 1 + pick(3); i > 0; i--) {
            const unsigned count = pick(3) == 0 ? 2 : 1;

            text += pad + "    " + fresh("ep") + ":\n" + pad + "      endpoint: { functions: " + std::to_string(count) +
                    ", bars: " + bars[pick(2)] + ", read-tags: 256 }\n" + pad + "      slot: " + std::to_string(slot) +
                    "\n";
            slot += 1 + pick(3);
            functions += count;
        }
        return text;
    }

    std::string device(const std::string &pad, unsigned depth, bool below_switch)
    {
        if (limits.bridges && functions < limits.functions && pick(6) == 0) {
            return conventional_bus(pad, below_switch);
        }
        if (depth == 0 || functions >= limits.functions || pick(3) == 0) {
            return endpoint(pad, below_switch);
        }
        return pick(4) == 0 ? several(pad, depth, below_switch) : fabric_switch(pad, depth, below_switch, false);
    }

    std::string fabric_switch(const std::string &pad, unsigned depth, bool below_switch, bool part)
    {
        std::string text = pad + fresh("sw") + ":\n" + port(pad, below_switch) + pad + "  switch: { acs: " + acs() +
                           (part ? ", upstream-acs: " + acs() : "") +
                           ", multifunction-ports: " + (pick(4) == 0 ? "yes" : "no") + " }\n" + pad + "  below:\n";

        for (unsigned i = 1 + pick(limits.ports); i > 0; i--) {
            text += device(pad + "    ", depth > 0 ? depth - 1 : 0, true);
        }
        return text;
    }
};

uint64_t all_bytes(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

} // namespace

std::string random_text(uint64_t seed, const Limits &limits)
{
    return Writer(seed, limits).write();
}

Fabric::Fabric(const std::string &text, uint64_t seed, system_options options) : scenario_(system_test::load_text(text))
{
    host_error error = {};

    options.checkers = true;
    system_ = system_create(scenario_.get(), &options, &error);
    if (system_ == nullptr || !system_bring_up(system_, &error)) {
        const std::string said = error.text;

        system_destroy(system_);
        throw std::runtime_error(said);
    }
    write_egress_vectors(seed);
}

Fabric::~Fabric()
{
    system_destroy(system_);
}

// No scenario says them, and the enumerator leaves them alone: a driver of the switch would write them.
void Fabric::write_egress_vectors(uint64_t seed)
{
    const enumeration *found = &system_software(system_)->found;
    std::mt19937_64 random(seed);

    for (uint32_t i = 0; i < tree()->function_count; i++) {
        pci_tree_function *function = &tree()->functions[i];
        const enumerate_function *where = &found->functions[i];
        uint32_t link;

        buses_ += function->type == PCI_TREE_PCIE_TO_PCI_BRIDGE;
        if (function->type == PCI_TREE_ROOT_PORT || function->type == PCI_TREE_DOWNSTREAM_PORT) {
            link = pci_config_read(&system_->access, where->config, where->pcie + PCIE_EXP_LINK_CAPABILITIES);
            function->port_number = static_cast<uint8_t>(link >> PCIE_EXP_LNKCAP_PORT_NUMBER_SHIFT);
        } else if ((function->quirks & PCI_TREE_QUIRK_INTERNAL_PEERS) == 0) {
            continue;
        }
        if ((function->acs.capability & PCI_TREE_ACS_EC) == 0) {
            continue;
        }
        for (unsigned half = 0; half < 2; half++) {
            const uint32_t offset = where->acs + PCIE_ACS_EGRESS_VECTOR + 4 * half;

            pci_config_write(&system_->access, where->config, offset, static_cast<uint32_t>(random()));
            function->acs.egress |= static_cast<uint64_t>(pci_config_read(&system_->access, where->config, offset))
                                    << (32 * half);
        }
        vectors_++;
    }
}

bool Fabric::conventional(size_t function) const
{
    const uint32_t parent = tree()->functions[in_tree(function)].parent;

    return parent != PCI_TREE_NONE && tree()->functions[parent].type == PCI_TREE_PCIE_TO_PCI_BRIDGE;
}

bool Fabric::delivers(size_t source, bool read) const
{
    const struct system_function *from = system_function(system_, source);
    const scenario_requester_ids ids =
        conventional(source) ? from->device->parent->bridge->requester_ids : SCENARIO_IDS_KEPT;
    const bool own_id = ids == SCENARIO_IDS_KEPT || (ids == SCENARIO_IDS_POSTED_KEPT && !read);
    const bool first = (tree()->functions[in_tree(source)].rid & 0xff) == 0; /* its own is the bridge's too */

    return scenario_->software.domains.default_kind == SCENARIO_DOMAIN_IDENTITY &&
           (!own_id || first || !software()->functions[in_tree(source)].aliased);
}

Fabric::Counts Fabric::count(size_t source, size_t target) const
{
    const size_t target_device = system_function(system_, target)->device->index;
    const endpoint_counters *asking =
        endpoint_get_counters(system_->endpoints[system_function(system_, source)->device->index]);
    Counts counts = {};

    for (size_t i = 0; i < scenario_->root_complex_count; i++) {
        const root_complex_counters *root = root_complex_get_counters(system_->root_complexes[i]);

        counts.at_roots += root->requests;
        counts.refused += root->acs_violations + root->unsupported;
    }
    for (size_t i = 0; i < scenario_->device_count; i++) {
        if (system_->pcie_devices[i] != nullptr) {
            counts.refused += pcie_device_get_counters(system_->pcie_devices[i])->acs_violations;
        } else if (system_->pci_bridges[i] != nullptr) {
            const pci_bridge_counters *bridge = pci_bridge_get_counters(system_->pci_bridges[i]);

            counts.refused += bridge->master_aborts + bridge->unsupported;
        } else if (system_->switches[i] != nullptr) {
            const pcie_switch_counters *fabric = pcie_switch_get_counters(system_->switches[i]);

            counts.refused += fabric->acs_violations + fabric->unsupported;
        } else {
            const endpoint_counters *device = endpoint_get_counters(system_->endpoints[i]);

            (i == target_device ? counts.served : counts.served_others) += device->requests_served;
        }
    }
    counts.reads_done = asking->reads_done;
    counts.read_errors = asking->read_errors;
    return counts;
}

Outcome Fabric::send(size_t source, size_t target, bool read, sim_address_type at)
{
    const struct system_function *from = system_function(system_, source);
    const struct system_function *to = system_function(system_, target);
    const scenario_bars *bars = scenario_function_bars(to->device->endpoint, to->function);
    const unsigned bar = static_cast<unsigned>(bars->count - 1);
    const uint32_t offset = static_cast<uint32_t>(WORD * (sent_ % 256));
    endpoint *asking = system_->endpoints[from->device->index];
    uint8_t *bytes = endpoint_bar_bytes(system_->endpoints[to->device->index], to->function, bar, nullptr) + offset;
    uint64_t value = UINT64_C(0x9e3779b97f4a7c15) * ++sent_;
    endpoint_job job = {};

    job.kind = read ? ENDPOINT_DMA_READ : ENDPOINT_DMA_WRITE;
    job.function = from->function;
    job.address = tree()->functions[in_tree(target)].bars[bar].base + offset;
    job.bytes = WORD;
    job.data = read ? nullptr : reinterpret_cast<const uint8_t *>(&value);
    job.at = at;
    memset(bytes, 0, WORD);
    const Counts before = count(source, target);
    const unsigned under_way = endpoint_outstanding(asking); /* reads whose completions were lost */
    if (!endpoint_request(asking, &job)) {
        throw std::runtime_error("the endpoint takes no more requests");
    }
    for (unsigned i = 0; i == 0 || (i < PATIENCE && endpoint_outstanding(asking) > under_way); i++) {
        sim_run(system_sim(system_), sim_now(system_sim(system_)) + REST);
    }
    const Counts after = count(source, target);
    Outcome outcome = {};
    outcome.at_roots = after.at_roots - before.at_roots;
    outcome.served = after.served - before.served;
    outcome.served_others = after.served_others - before.served_others;
    outcome.refused = after.refused - before.refused;
    outcome.written = all_bytes(bytes) == value;
    outcome.failed = after.read_errors != before.read_errors;
    outcome.answered = after.reads_done != before.reads_done && !outcome.failed;
    outcome.over = endpoint_outstanding(asking) == under_way;
    return outcome;
}

} // namespace fabric
