/*
 * The harness for cases of unit group that need the whole way: the fabric of the format's topology, an SMMU above its
 * root complex, and ITSs with redistributors and PEs behind that. It is made of the harnesses of the three, built in
 * one simulation; every DMA write and MSI passes through all that a real one does:
 *
 *     endpoints ── switch ── root complex ── SMMU ── bus ──┬─ memory
 *                                                          ├─ windows of the root complex
 *                                                          └─ ITSs ── redistributors ── PEs
 *
 * StreamID and DeviceID are the requester ID. Tables and queues of the SMMU and of the GIC lie in memories of their
 * own.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_SYSTEM_HARNESS_H
#define DOORBELL_TESTS_CONFORMANCE_SYSTEM_HARNESS_H

#include "tests/conformance/its_harness.h"
#include "tests/conformance/pcie_harness.h"
#include "tests/conformance/smmu_harness.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conformance
{

class SystemHarness : public Harness
{
  public:
    SystemHarness(const Case &c, const Trace &trace);
    ~SystemHarness() override;
    SystemHarness(const SystemHarness &) = delete;
    SystemHarness &operator=(const SystemHarness &) = delete;

    void set_up() override;
    void step(const Value &step) override;
    Value observe(const Value &entry, const std::string &key) override;
    std::optional<uint64_t> resolve(const std::string &text) override;
    std::optional<std::string> check_note(const Value &entry) override;

  private:
    /** What a step that is not another harness's did. */
    struct Done {
        size_t events[2] = {}; /**< of the simulation's, before and after it */
        std::vector<uint8_t> bar[3][2];
        Value value;
    };
    /** An MSI that a step lets an endpoint send. */
    struct Message {
        unsigned ep;
        unsigned vector;
        uint64_t address;
        uint32_t data;
    };

    void split();
    void map_messages();
    void add_context(uint64_t sid, const std::vector<std::pair<uint64_t, uint64_t>> &pages);
    void complete_streams();
    void read_messages();
    void build();
    void start_background();
    void head_start();
    void do_message(const Value &step);
    void do_observe(const Value &verb, Done &done);
    uint64_t doorbell_of(const Value &message) const;
    size_t writes_to(uint64_t address, sim_time after) const;
    std::string all_arrived();
    bool says(const char *text) const
    {
        return case_.note.text.find(text) != std::string::npos;
    }

    Case case_;
    Trace trace_;
    Case smmu_case_;
    Case its_case_;
    Case fabric_case_;
    struct sim *sim_ = nullptr;
    std::unique_ptr<SmmuHarness> smmu_;
    std::unique_ptr<ItsHarness> its_;
    std::unique_ptr<PcieHarness> fabric_;
    std::vector<Message> messages_;
    size_t next_message_ = 0;
    bool background_ = false;
    sim_time background_end_ = 0;
    uint64_t asked_ = 0; /**< bytes of all DMA writes */
    std::map<std::string, Done> done_;
};

} // namespace conformance

#endif
