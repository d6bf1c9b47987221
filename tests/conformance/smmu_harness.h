/*
 * Runs the cases of unit smmuv3.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_SMMU_HARNESS_H
#define DOORBELL_TESTS_CONFORMANCE_SMMU_HARNESS_H

#include "tests/conformance/harness.h"
#include "tests/conformance/smmu_rig.h"
#include "tests/conformance/smmu_tables.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conformance
{

class SmmuHarness : public Harness
{
  public:
    SmmuHarness(const Case &c, const Trace &trace);

    void set_up() override;
    /**
     * The two halves of set_up(), for a system of which the SMMU is a part: what is built in @p shared (NULL: a
     * simulation of its own), and what software does once all is joined.
     */
    void build(struct sim *shared);
    void program();
    SmmuRig &rig()
    {
        return *rig_;
    }
    /** Takes the records that have come. */
    void collect();
    /**
     * While others keep the system busy: a step ends as soon as the SMMU has consumed its command, and not when nothing
     * moves any more.
     */
    void set_busy(bool busy)
    {
        busy_ = busy;
    }
    /** When software saw the last command consumed: the answer to its read of CMDQ_CONS. */
    sim_time consumed_at() const
    {
        return consumed_at_;
    }

    void step(const Value &step) override;
    Value observe(const Value &entry, const std::string &key) override;
    std::optional<uint64_t> resolve(const std::string &text) override;

  private:
    /** What a labelled step did. */
    struct Done {
        std::string verb;
        std::optional<uint64_t> request; /**< a transaction's identity */
        char op = 'R';                   /**< of a transaction */
        bool translation = false;        /**< it was a Translation Request */
        const Register *reg = nullptr;   /**< a register read */
        uint64_t value = 0;              /**< of the register */
        size_t messages[2] = {};         /**< seen by the device before and after */
        size_t priq[2] = {};             /**< page requests in the queue before and after */
    };
    struct Queue {
        uint64_t base = 0;
        unsigned log2size = 0;
        uint32_t seen = 0; /**< index and wrap up to which records were taken */
    };

    /* smmu_setup.cpp */
    void check_requirements();
    void place_queues();
    void program_registers();
    uint64_t register_value(const Register &reg, const Value &given);
    void clear_reserved(const Register &reg, uint64_t *value);
    void write_acknowledged(const char *name, const char *ack, uint64_t value);
    void set_endpoint(const Value &ep);
    void answer_invalidation(const DevicePort::Message &message, uint8_t status);

    /* smmu_queues.cpp */
    void program_queue_extensions();
    void program_ecmdq(const Value &ecmdq);
    void program_vintf(const Value &vintf);
    void program_vcmdq(const Value &vcmdq);
    uint32_t ecmdq_offset(unsigned number, const Place &place);
    const Register &register_of(const Value &where);
    void append_to(const Value &name, const Value &verb);

    /* smmu_harness.cpp: verbs */
    void do_register_write(const Value &verb);
    void do_register_read(const Value &verb, Done &done);
    void do_memory(const Value &verb);
    void do_command(const Value &verb, bool sync);
    void do_transaction(const Value &verb, Done &done);
    void do_page_request(const Value &verb);
    void do_capture(const Value &verb, const Value &step);
    void do_verb(const Value &step, const Value &verb, Done &done);
    void append_command(const Value &verb);
    void put_command(uint64_t address, const Value &verb);
    void wait();
    void wait_consumed(uint32_t prod);
    size_t messages_seen() const;
    void collect_queue(Queue &queue, const char *prod, const Layout &layout, std::vector<Value> &records);
    void set_aborts(const Value &region);

    /* smmu_background.cpp */
    void start_background(uint64_t count);
    void write_ste_words(uint32_t sid, const uint64_t *words, const uint64_t *old);
    void change_ste(uint32_t sid, const Value &from, const Value &to);
    void do_sequence(const Value &item);
    Value background_seen();
    Value events_that_never_came(const Value &types) const;

    /* smmu_observe.cpp */
    Value transaction_seen(const Done &done, const std::string &key);
    Value register_seen(const Register &reg, uint64_t value, const std::string &key);
    Value step_seen(const Value &entry, const std::string &label, const std::string &key);
    Value end_seen(const Value &entry, const std::string &key);
    Value memory_writes() const;
    Value messages_seen(size_t from, size_t to) const;
    Value translation_entries(const std::vector<uint8_t> &data) const;

    const Case &case_;
    Trace trace_;
    std::unique_ptr<SmmuRig> rig_;
    std::unique_ptr<SmmuTables> tables_;
    Queue command_queue_;
    Queue event_queue_;
    Queue priq_;
    std::map<std::string, Queue> queues_;       /**< by name, besides that of page 0 */
    std::map<std::string, Register> registers_; /**< by name, of those */
    std::vector<Value> commands_;               /**< as the SMMU carries them out */
    std::vector<Value> events_;
    std::vector<Value> page_requests_;
    std::map<std::string, Done> done_;
    std::map<std::string, uint64_t> before_;   /**< registers before the first step */
    std::map<std::string, uint64_t> captured_; /**< by label */
    Value probe_;
    Value background_; /**< requests that go on beside the steps; null: none */
    std::vector<Done> background_requests_;
    bool busy_ = false;
    sim_time consumed_at_ = 0;
};

} // namespace conformance

#endif
