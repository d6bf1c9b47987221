/*
 * How the software says that it cannot go on: one sentence for the user, and where a system call or a kernel interface
 * has a number for it, that number.
 */
#ifndef DOORBELL_HOST_ERROR_H
#define DOORBELL_HOST_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_error {
    int code; /**< an errno as Linux numbers them, positive; 0: none applies, or nothing went wrong */
    char text[256];
};

/** Sets the sentence as by printf. @return false, so that it can end a function */
bool host_error_set(struct host_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Sets sentence and errno. @return false */
bool host_error_fail(struct host_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Forgets what went wrong. */
void host_error_clear(struct host_error *error);

/** "EINVAL" for EINVAL, "ok" for 0, "error" for a number without a name here. Static storage. */
const char *host_error_name(int code);

/** The number of a name as host_error_name() gives it; -1 if there is none. */
int host_error_number(const char *name);

/** Names of all errors that software here can meet, "ok" first; NULL-terminated. Static storage. */
const char *const *host_error_names(void);

#ifdef __cplusplus
}
#endif

#endif
