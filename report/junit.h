/* A list of cases as JUnit XML, which CI systems show. */
#ifndef DOORBELL_REPORT_JUNIT_H
#define DOORBELL_REPORT_JUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum junit_outcome {
    JUNIT_PASSED,
    JUNIT_FAILED, /**< it ran, and something was not as it should be */
    JUNIT_ERROR,  /**< it could not run */
};

/** One case. */
struct junit_case {
    const char *name;
    enum junit_outcome outcome;
    const char *message; /**< one line; NULL if passed */
    const char *details; /**< any text; NULL if there is none */
};

/**
 * Writes one test suite. Texts are UTF-8; characters that XML cannot hold become '?'.
 * @return whether everything was written
 */
bool junit_write(FILE *stream, const char *suite, const struct junit_case *cases, size_t count);

#ifdef __cplusplus
}
#endif

#endif
