/*
 * How the software says that it cannot go on: one sentence for the user.
 */
#ifndef DOORBELL_HOST_ERROR_H
#define DOORBELL_HOST_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_error {
    char text[256];
};

/** Sets the sentence as by printf. @return false, so that it can end a function */
bool host_error_set(struct host_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
