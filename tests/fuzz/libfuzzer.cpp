/* A fuzz target under libFuzzer. */
#include "tests/fuzz/target.h"

#include "gtest/gtest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GTEST_FLAG_SET(break_on_failure, true); // a failed expectation of the small systems is a finding
    fuzz::run(data, size);
    return 0;
}
