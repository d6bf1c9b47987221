/* A result for fuzz targets to begin with: that of the smallest scenario. */
#ifndef DOORBELL_TESTS_FUZZ_MADE_RESULT_H
#define DOORBELL_TESTS_FUZZ_MADE_RESULT_H

#include "result/run.h"

#include <jansson.h>

namespace fuzz
{

/** Runs it. @param result zeroed; to be released with run_result_clear() */
void make_result(run_result *result);

/** As a document, a new reference. */
json_t *made_result();

} // namespace fuzz

#endif
