// Names of the cases of tests that have rule sets and uses as parameters.
#ifndef DOORBELL_TESTS_EXPLORE_CASE_NAME_H
#define DOORBELL_TESTS_EXPLORE_CASE_NAME_H

#include "host/rules.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace explore_test
{

// A text with underscores for what a test's name must not have.
inline std::string case_name(std::string text)
{
    for (char &letter : text) {
        letter = std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
    }
    return text;
}

// Of a rule set by its number.
inline std::string name_of_rules(const testing::TestParamInfo<size_t> &number)
{
    return case_name(rules_at(number.param)->name);
}

} // namespace explore_test

#endif
