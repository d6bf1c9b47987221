// A system to judge, for tests: a tree, what software does with each function, domains; and what came out, by name.
#ifndef DOORBELL_TESTS_HOST_JUDGED_H
#define DOORBELL_TESTS_HOST_JUDGED_H

#include "topology.h"

#include "host/assumptions.h"
#include "result/verdict.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace judged
{

constexpr uint64_t DOORBELL_A = 0x08090040;
constexpr uint64_t DOORBELL_B = 0x080d0040;

// Verdicts of one judgement.
class Verdicts
{
  public:
    Verdicts() = default;
    ~Verdicts();
    Verdicts(Verdicts &&other) noexcept;
    Verdicts(const Verdicts &) = delete;
    Verdicts &operator=(const Verdicts &) = delete;

    const verdict &operator[](const char *name) const; // throws if there is none
    verdict_outcome outcome(const char *name) const;
    std::string text(const verdict &of) const; // subjects, details and devices, without counts
    std::vector<std::string> device_names(const char *name, size_t evidence = 0) const;
    std::string all_details(const char *name) const;

    verdict_list list = {};
};

// Two ITS, A and B; two SMMU, S and T. Functions start with identity StreamID and DeviceID at S and A, in no domain.
class System
{
  public:
    explicit System(const std::vector<topology::Function> &functions, unsigned host_bridges = 1);
    ~System();
    System(const System &) = delete;
    System &operator=(const System &) = delete;

    assumption_function &at(const std::string &name);
    assumption_observation &saw(const std::string &name);
    uint32_t index(const std::string &name) const;

    System &group(group_rule rule, const std::vector<std::string> &order = {});
    System &to_its(const std::string &name, char its); // 'A' or 'B'
    uint32_t domain(const std::string &name, assumption_translation translation,
                    const std::vector<std::string> &members);
    void map(uint32_t domain, uint64_t iova, uint64_t pa, bool writable = true);
    void window(uint32_t domain, uint64_t base, uint64_t size);
    void dma(uint32_t domain, uint64_t base, uint64_t size);
    void reserve(uint32_t domain, uint64_t base, uint64_t size, const char *what);
    void pasid(const std::string &name, assumption_pasid_user user);
    void hit(const std::string &name, uint64_t doorbell, char its, uint64_t count, uint64_t first);
    void peer(const std::string &name, const std::string &target, uint64_t count, uint64_t first);
    uint32_t viommu(const char *name, uint32_t vm, const std::vector<uint32_t> &smmus, bool direct = false);

    Verdicts check();
    Verdicts observe();

    topology::Tree tree;
    assumption_system system = {};
    std::vector<const char *> vms;

  private:
    struct Domain {
        std::string name;
        std::vector<assumption_range> windows;
        std::vector<assumption_mapping> doorbells;
        std::vector<assumption_range> dma;
        std::vector<assumption_range> reserved;
        assumption_translation translation;
    };

    void connect();

    group_assignment groups = {};
    std::vector<assumption_function> functions;
    std::vector<assumption_observation> observations;
    std::vector<std::vector<assumption_pasid_user>> pasids;
    std::vector<std::vector<assumption_hit>> hits;
    std::vector<std::vector<assumption_peer_access>> peers;
    std::deque<Domain> domains;
    std::vector<assumption_domain> domain_views;
    std::deque<std::vector<uint32_t>> viommu_smmus;
    std::vector<assumption_viommu> viommus;
};

} // namespace judged

#endif
