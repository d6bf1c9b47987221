/*
 * Runs the cases of unit its.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_ITS_HARNESS_H
#define DOORBELL_TESTS_CONFORMANCE_ITS_HARNESS_H

#include "tests/conformance/harness.h"
#include "tests/conformance/its_layouts.h"
#include "tests/conformance/its_rig.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace conformance
{

class ItsHarness : public Harness
{
  public:
    ItsHarness(const Case &c, const Trace &trace);

    void set_up() override;
    /**
     * The two halves of set_up(), for a system of which the GIC is a part: what is built in @p shared (NULL: a
     * simulation of its own), and what software does once all is joined.
     */
    void build(struct sim *shared);
    void program();
    ItsRig &rig()
    {
        return *rig_;
    }
    /** Before and after a step that another harness does: what PEs are shown meanwhile is that step's. */
    void begin_other();
    void end_other(const Value &step);

    void step(const Value &step) override;
    Value observe(const Value &entry, const std::string &key) override;
    std::optional<uint64_t> resolve(const std::string &text) override;
    std::optional<std::string> check_note(const Value &entry) override;

  private:
    struct Signal {
        uint32_t intid;
        uint32_t rd;
        bool is_virtual;
        bool operator==(const Signal &other) const
        {
            return intid == other.intid && rd == other.rd && is_virtual == other.is_virtual;
        }
    };
    struct Done {
        std::string verb;
        Value value;                    /**< what the step itself showed */
        const Register *reg = nullptr;  /**< a register read */
        std::pair<size_t, size_t> seen; /**< signals since the step that was looked at before */
    };
    struct Queue {
        uint64_t bytes = 0;
        uint64_t next = 0; /**< offset for the next command */
        uint64_t last = 0; /**< of the command before */
    };

    /* its_setup.cpp */
    void read_options();
    void require_features();
    void bring_up_its(uint32_t index, uint64_t queue_bytes);
    void start_queue(uint32_t index, uint64_t bytes);
    void bring_up_redistributor(uint32_t index);
    void do_mapped(const Value &mapped);
    void map_devices_and_events();
    void map_vpes();
    void apply_registers(const Value &regs);
    void set_lpi_config(const Value &table, uint64_t base);
    void set_pending(const Value &what);
    uint64_t device_baser() const;
    uint64_t device_id_of(const Value &value) const;

    /* its_harness.cpp */
    void do_verb(const Value &step, const Value &verb, Done &done);
    void do_register(const Value &verb, Done &done, bool write);
    void do_memory(const Value &verb);
    void do_message(const Value &verb);
    void do_acknowledge(const Value &verb, Done &done, bool all);
    void do_observe(const Value &verb, Done &done);
    void append(uint32_t index, const Value &command);
    void put(uint32_t index, uint64_t offset, const Value &command);
    void send_everything();
    void enter_vpes();
    void collect();
    bool is_pending(const Value &what) const;

    uint32_t register_offset(const Value &name, const Register **reg, uint32_t *index);
    uint64_t read_register(const Value &verb, const Register **reg);
    Value fields_of(const Register &reg, uint64_t value) const;
    Value signals(size_t from, size_t to, bool of_guests, bool sgis) const;
    Value queue_state();

    const Case &case_;
    Trace trace_;
    ItsRig::Options options_;
    std::unique_ptr<ItsRig> rig_;
    uint64_t propbaser_bits_ = 16;
    bool enable_lpis_ = true;
    bool indirect_ = false;
    std::vector<Queue> queues_;
    uint64_t next_itt_ = ItsRig::itts;
    std::set<uint64_t> mapped_vpes_;
    std::map<uint64_t, uint64_t> residents_; /**< vPE to redistributor, to become resident before the next MSI */
    unsigned devices_ = 0;                   /**< of a population: see send_everything() */
    unsigned events_each_ = 0;

    std::vector<Signal> signals_;
    std::vector<uint32_t> shown_; /**< INTID that each PE was shown after the step before */
    std::vector<size_t> acked_;   /**< acknowledges of each PE that were looked at */
    std::vector<size_t> guest_acked_;
    size_t looked_at_ = 0; /**< signals before this were seen under an earlier label */
    size_t other_from_ = 0;
    std::pair<size_t, size_t> first_message_ = {0, 0};
    bool message_sent_ = false;
    std::map<std::string, Done> done_;
    std::map<std::string, uint64_t> before_;
};

} // namespace conformance

#endif
