/*
 * Compares what was observed with what a case expects.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_CHECK_H
#define DOORBELL_TESTS_CONFORMANCE_CHECK_H

#include "tests/conformance/harness.h"

#include <functional>
#include <memory>
#include <string>

namespace conformance
{

/**
 * Compares one value. Of a map only the members expected are looked at; lists must have the same items in the same
 * order; a number that stands for a list is its length; `none` and `absent` are nothing, an empty list, or a missing
 * member; numbers are compared by value, symbols by what they stand for.
 * @return what differs; empty if nothing does
 */
std::string differs(const Value &expected, const Value &got, Harness &harness, const std::string &what);

/** Compares one entry of `expected`, `any_of` included. @return what differs; empty if nothing does */
std::string check_entry(const Value &entry, Harness &harness);

enum class Verdict { passed, failed, skipped };

struct Outcome {
    Verdict verdict = Verdict::passed;
    std::string text; /**< what differs, or why it was skipped */
};

/** Makes a harness for a case; NULL if there is none for its unit. */
using HarnessMaker = std::function<std::unique_ptr<Harness>(const Case &, const Trace &)>;

/** Runs a case from set-up to the last expectation. */
Outcome run_case(const Case &c, const Trace &trace, const HarnessMaker &make);

} // namespace conformance

#endif
