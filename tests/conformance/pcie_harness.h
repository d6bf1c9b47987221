/*
 * The harness for unit pcie and for the fabric's part of unit group: the topology of the format, which is that of the
 * PCI Express tests. An onlooker at every link notes all TLPs. Above the root complex there is no SMMU but a bus that
 * takes every address as it is; what comes there would have been seen by an SMMU.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_PCIE_HARNESS_H
#define DOORBELL_TESTS_CONFORMANCE_PCIE_HARNESS_H

#include "tests/conformance/harness.h"
#include "tests/pcie/rig.h"

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conformance
{

/** Where the requester IDs, capabilities and named bits of configuration space are. */
uint16_t parse_bdf(const Value &text);

struct ConfigField {
    const char *capability; /**< empty: the header */
    const char *name;
    unsigned offset; /**< of the register */
    unsigned bytes;
    unsigned low;
    unsigned width;
};

extern const std::vector<ConfigField> config_fields;

/** Number of an ACS control by its short name (SV, TB, ...) as a mask; CaseError. */
uint16_t acs_bit(const std::string &name, const Place &place);

class PcieHarness : public Harness
{
  public:
    PcieHarness(const Case &c, const Trace &trace) : case_(c), trace_(trace)
    {
    }
    void set_up() override;
    /**
     * The two halves of set_up(), for a system of which the fabric is a part: what is built with options of the
     * system's, and what software does once all is joined.
     */
    void build();
    void program();
    pcie_test::Options &options()
    {
        return options_;
    }
    pcie_test::Rig &rig()
    {
        return *rig_;
    }
    /** Number of the endpoint at a requester ID; CaseError. */
    static unsigned endpoint_at(const Value &bdf);
    /** Asks an endpoint for one request, waiting for room. */
    void ask(unsigned ep, endpoint_job job);
    /** Whether steps end as soon as they have been asked for, and not when nothing moves any more. */
    void set_busy(bool busy)
    {
        busy_ = busy;
    }
    bool is_busy() const
    {
        return busy_;
    }
    /** TLPs that have gone up to the root complex. */
    size_t count_at_root() const;

    void step(const Value &step) override;
    Value observe(const Value &entry, const std::string &key) override;
    std::optional<uint64_t> resolve(const std::string &text) override;
    std::optional<std::string> check_note(const Value &entry) override;

  private:
    /** A TLP that left a port. */
    struct Sent {
        unsigned link; /**< as in Rig::links */
        bool up;
        sim_time time;
        sim_packet tlp; /**< its payload pointer is not valid */
        uint64_t value;
    };
    struct Tap {
        PcieHarness *harness;
        unsigned link;
        bool up;
        const pcie_tap *next;
        pcie_tap tap;
    };
    /** What a step did: how much had been seen before and after it. */
    struct Done {
        size_t sent[2] = {};
        size_t seen[2] = {};
        size_t raw[2] = {};
        uint64_t value = 0;
        bool has_value = false;
        uint8_t status = SIM_STATUS_OK;
        bool has_status = false;
        std::string capability;
        unsigned offset = 0;
        unsigned drops[2] = {};
        uint32_t aer[2] = {};
        Value list;
        Value extended;
        std::string verb;
        uint64_t asked = 0;
    };

    void set_acs(const Value &acs);
    void set_endpoint(const Value &ep, unsigned number);
    void set_capabilities(const Value &ep, endpoint_function_config *config);
    void set_link(const Value &link);
    void program_endpoint(const Value &ep);
    void program_egress(const Value &acs);
    void watch();
    void note(const Tap &tap, const sim_packet *packet, sim_time now);
    unsigned capability_at(uint16_t rid, const std::string &name, const Place &place);
    void do_verb(const Value &verb, Done &done);
    void do_config(const Value &verb, Done &done);
    void do_endpoint(const Value &verb, Done &done);
    void do_action(unsigned ep, const Value &action, const Value &whole, Done &done);
    void do_dma(unsigned ep, const Value &action, const Value &whole);
    void do_page_requests(unsigned ep, const Value &action);
    void do_tlp(const Value &verb, Done &done);
    void do_host_tlp(const Value &tlp, Done &done);
    void do_emit(const Value &verb);
    void do_walk(const Value &verb, Done &done);
    void do_pairs();
    void do_software(const Value &step);
    Value software_says(const Value &entry, const std::string &key) const;
    Value sent_by_endpoint(const Done &done) const;
    Value completion_status(const Done &done) const;
    Value routed(const Done &done) const;
    Value fields_of(const Done &done) const;
    bool completions_cut_right(const Done &done, uint64_t *total, uint64_t *first) const;
    unsigned link_of(unsigned ep) const;
    uint32_t aer_bits();

    Case case_;
    Trace trace_;
    bool busy_ = false;
    pcie_test::Options options_;
    std::unique_ptr<pcie_test::Rig> rig_;
    std::list<Tap> taps_;
    std::vector<Sent> sent_;
    std::map<std::string, Done> done_;
    Value pairs_;
    Value groups_;
    std::map<std::string, uint32_t> software_; /**< by name: its group, or whether it passes */
};

} // namespace conformance

#endif
