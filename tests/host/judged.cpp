#include "judged.h"

#include <stdexcept>

namespace judged
{

namespace
{

const char *const smmu_names[] = {"S", "T"};
const char *const its_names[] = {"A", "B"};

} // namespace

Verdicts::~Verdicts()
{
    verdict_list_clear(&list);
}

Verdicts::Verdicts(Verdicts &&other) noexcept : list(other.list)
{
    other.list = {};
}

const verdict &Verdicts::operator[](const char *name) const
{
    const verdict *found = verdict_list_find(&list, name);

    if (found == nullptr) {
        throw std::out_of_range(std::string("no verdict ") + name);
    }
    return *found;
}

verdict_outcome Verdicts::outcome(const char *name) const
{
    return (*this)[name].outcome;
}

std::string Verdicts::text(const verdict &of) const
{
    std::string all = std::string(of.name) + ": " + verdict_outcome_name(of.outcome) + "\n";

    for (size_t i = 0; i < of.evidence_count; i++) {
        const verdict_evidence &evidence = of.evidence[i];

        all += evidence.subject;
        for (size_t j = 0; j < evidence.device_count; j++) {
            const verdict_device &device = evidence.devices[j];

            all += std::string(" ") + device.name + " " + std::to_string(device.segment) + " " +
                   std::to_string(device.rid) + " " + std::to_string(device.rid_count) + " " +
                   (device.smmu ? device.smmu : "-") + " " + std::to_string(device.stream_id) + " " +
                   (device.its ? device.its : "-") + " " + std::to_string(device.device_id) + " " +
                   std::to_string(device.doorbell) + ";";
        }
        all += "\n";
    }
    return all;
}

std::vector<std::string> Verdicts::device_names(const char *name, size_t evidence) const
{
    const verdict &of = (*this)[name];
    std::vector<std::string> names;

    if (evidence >= of.evidence_count) {
        throw std::out_of_range(std::string("no such evidence of ") + name);
    }
    for (size_t i = 0; i < of.evidence[evidence].device_count; i++) {
        names.push_back(of.evidence[evidence].devices[i].name);
    }
    return names;
}

std::string Verdicts::all_details(const char *name) const
{
    const verdict &of = (*this)[name];
    std::string all;

    for (size_t i = 0; i < of.evidence_count; i++) {
        all += std::string(of.evidence[i].subject) + ": " + of.evidence[i].detail + "\n";
    }
    return all;
}

System::System(const std::vector<topology::Function> &described, unsigned host_bridges)
    : tree(described, host_bridges), functions(described.size()), observations(described.size()),
      pasids(described.size()), hits(described.size()), peers(described.size())
{
    if (!tree.error().empty()) {
        throw std::logic_error(tree.error());
    }
    for (size_t i = 0; i < functions.size(); i++) {
        assumption_function_init(&functions[i]);
        functions[i].smmu = 0;
        functions[i].stream_id = tree.get()->functions[i].rid;
        if (tree.get()->functions[i].msix_vectors != 0) {
            functions[i].its = 0;
            functions[i].device_id = tree.get()->functions[i].rid;
            functions[i].doorbell = DOORBELL_A;
        }
    }
    system.tree = tree.get();
    system.smmu_names = smmu_names;
    system.smmu_count = 2;
    system.its_names = its_names;
    system.its_count = 2;
    group(GROUP_RULE_LINUX);
}

System::~System()
{
    group_assignment_clear(&groups);
}

uint32_t System::index(const std::string &name) const
{
    return tree[name];
}

assumption_function &System::at(const std::string &name)
{
    return functions[index(name)];
}

assumption_observation &System::saw(const std::string &name)
{
    return observations[index(name)];
}

System &System::group(group_rule rule, const std::vector<std::string> &order)
{
    group_options options = {};
    std::vector<uint32_t> indexes;

    for (const std::string &name : order) {
        indexes.push_back(index(name));
    }
    options.rule = rule;
    options.probe_order = order.empty() ? nullptr : indexes.data();
    options.probe_count = indexes.size();
    group_assignment_clear(&groups);
    group_assign(tree.get(), &options, &groups);
    return *this;
}

System &System::to_its(const std::string &name, char its)
{
    at(name).its = its == 'A' ? 0 : 1;
    at(name).doorbell = its == 'A' ? DOORBELL_A : DOORBELL_B;
    return *this;
}

uint32_t System::domain(const std::string &name, assumption_translation translation,
                        const std::vector<std::string> &members)
{
    uint32_t number = static_cast<uint32_t>(domains.size());

    domains.emplace_back();
    domains.back().name = name;
    domains.back().translation = translation;
    for (const std::string &member : members) {
        at(member).domain = number;
    }
    return number;
}

void System::map(uint32_t domain, uint64_t iova, uint64_t pa, bool writable)
{
    domains[domain].doorbells.push_back({iova, pa & ~uint64_t(0xfff), 0x1000, writable});
}

void System::window(uint32_t domain, uint64_t base, uint64_t size)
{
    domains[domain].windows.push_back({base, size, nullptr});
}

void System::dma(uint32_t domain, uint64_t base, uint64_t size)
{
    domains[domain].dma.push_back({base, size, nullptr});
}

void System::reserve(uint32_t domain, uint64_t base, uint64_t size, const char *what)
{
    domains[domain].reserved.push_back({base, size, what});
}

void System::pasid(const std::string &name, assumption_pasid_user user)
{
    pasids[index(name)].push_back(user);
}

void System::hit(const std::string &name, uint64_t doorbell, char its, uint64_t count, uint64_t first)
{
    hits[index(name)].push_back(
        {doorbell, its == '-' ? ASSUMPTION_NONE : static_cast<uint32_t>(its - 'A'), {count, first}});
}

void System::peer(const std::string &name, const std::string &target, uint64_t count, uint64_t first)
{
    peers[index(name)].push_back({index(target), {count, first}});
}

uint32_t System::viommu(const char *name, uint32_t vm, const std::vector<uint32_t> &smmus, bool direct)
{
    viommu_smmus.push_back(smmus);
    viommus.push_back({name, vm, viommu_smmus.back().data(), smmus.size(), direct});
    return static_cast<uint32_t>(viommus.size() - 1);
}

void System::connect()
{
    domain_views.clear();
    for (const Domain &domain : domains) {
        assumption_domain view = {};

        view.name = domain.name.c_str();
        view.translation = domain.translation;
        view.msi_windows = domain.windows.data();
        view.msi_window_count = domain.windows.size();
        view.doorbells = domain.doorbells.data();
        view.doorbell_count = domain.doorbells.size();
        view.dma = domain.dma.data();
        view.dma_count = domain.dma.size();
        view.reserved = domain.reserved.data();
        view.reserved_count = domain.reserved.size();
        domain_views.push_back(view);
    }
    for (size_t i = 0; i < functions.size(); i++) {
        functions[i].pasids = pasids[i].data();
        functions[i].pasid_count = pasids[i].size();
        observations[i].hits = hits[i].data();
        observations[i].hit_count = hits[i].size();
        observations[i].peers = peers[i].data();
        observations[i].peer_count = peers[i].size();
    }
    system.groups = &groups;
    system.functions = functions.data();
    system.domains = domain_views.data();
    system.domain_count = static_cast<uint32_t>(domain_views.size());
    system.vm_names = vms.data();
    system.vm_count = static_cast<uint32_t>(vms.size());
    system.viommus = viommus.data();
    system.viommu_count = static_cast<uint32_t>(viommus.size());
}

Verdicts System::check()
{
    Verdicts verdicts;

    connect();
    assumptions_check(&system, &verdicts.list);
    return verdicts;
}

Verdicts System::observe()
{
    Verdicts verdicts;

    connect();
    assumptions_observe(&system, observations.data(), &verdicts.list);
    return verdicts;
}

} // namespace judged
