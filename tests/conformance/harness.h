/*
 * What the runner asks of a unit's harness: build the unit as the setup says, do one step, say what was observed. All
 * comparing is the runner's (check.h); a harness knows nothing of expectations.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_HARNESS_H
#define DOORBELL_TESTS_CONFORMANCE_HARNESS_H

#include "tests/conformance/case_file.h"
#include "tests/conformance/value.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace conformance
{

/** Lines about what is done and seen, for --trace. */
class Trace
{
  public:
    explicit Trace(FILE *stream = nullptr) : stream_(stream)
    {
    }
    void line(const std::string &text) const
    {
        if (stream_ != nullptr) {
            fprintf(stream_, "    %s\n", text.c_str());
        }
    }

  private:
    FILE *stream_;
};

class Harness
{
  public:
    virtual ~Harness() = default;

    /**
     * Builds and programs the unit. Throws Skip (it cannot be built that way), CaseError (the setup is not understood)
     * or Failure (it did not do what programming relies on).
     */
    virtual void set_up() = 0;

    /** Does one step and waits until the unit is idle. Same exceptions. */
    virtual void step(const Value &step) = 0;

    /**
     * What was seen under @p key of an entry of `expected`: at a labelled step, or at the end. A list, map or scalar of
     * the same form as the format gives the key; null if there was nothing. CaseError for a key it does not know.
     * Asked after the last step.
     */
    virtual Value observe(const Value &entry, const std::string &key) = 0;

    /** Number of a symbol or of an expression, for comparing; nothing if it is plain text. */
    virtual std::optional<uint64_t> resolve(const std::string &text) = 0;

    /**
     * An entry that says what it expects only in its note: what differs, empty if nothing does. Nothing: the note is
     * not understood, and the entry is an error.
     */
    virtual std::optional<std::string> check_note(const Value &entry)
    {
        (void)entry;
        return std::nullopt;
    }
};

/** The harness for a case's unit; NULL if there is none for that unit. */
std::unique_ptr<Harness> make_harness(const Case &c, const Trace &trace);

std::unique_ptr<Harness> make_smmu_harness(const Case &c, const Trace &trace);
std::unique_ptr<Harness> make_its_harness(const Case &c, const Trace &trace);
std::unique_ptr<Harness> make_system_harness(const Case &c, const Trace &trace);
std::unique_ptr<Harness> make_pcie_harness(const Case &c, const Trace &trace);

} // namespace conformance

#endif
