/*
 * The table of error codes: for every code that a message can have, what it means, an input that yields it, and one
 * that does not. `doorbell explain CODE`, docs/errors.md and the test that runs every example are made of it.
 *
 * A code never changes its meaning, and is never used again for something else. A new one goes to the end of its group.
 */
#ifndef DOORBELL_SCENARIO_CODES_H
#define DOORBELL_SCENARIO_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the examples of a code are. */
enum error_code_shown {
    ERROR_CODE_ADDED,   /**< keys that are added to the small scenario */
    ERROR_CODE_ROOT,    /**< what stands below root complex rc0, the only one, in a scenario */
    ERROR_CODE_FILE,    /**< a whole scenario file */
    ERROR_CODE_COMMAND, /**< commands for a shell, in a folder of examples (docs/errors.md) */
    ERROR_CODE_UNSHOWN, /**< no example; `wrong` says why not */
};

/** One code. All texts have static storage. */
struct error_code {
    const char *code;        /**< "E1101" */
    const char *title;       /**< a few words, no full stop */
    const char *explanation; /**< sentences: what is wrong, why it matters, what would be right */
    enum error_code_shown shown;
    const char *wrong; /**< yields the code; lines, each with its newline */
    const char *right; /**< the like without the mistake; "" if there is no example */
};

/** Codes that are about one subject, and begin with the same two digits. */
struct error_code_group {
    const char *title;
    const struct error_code *codes;
    size_t count;
};

/** All groups, by their digits. @param count receives how many */
const struct error_code_group *const *error_code_groups(size_t *count);

/** The entry of a code, letter case ignored. @return NULL if there is no such code */
const struct error_code *error_code_find(const char *code);

/** The small sound scenario that examples of ERROR_CODE_ADDED are added to: static storage. */
const char *error_code_small_scenario(void);

/**
 * An example as a whole file or command: what is added to the small scenario comes with it.
 * @param part the code's `wrong` or `right`
 * @return memory for the caller to free; never NULL
 */
char *error_code_example(const struct error_code *code, const char *part);

/** Writes the story of one code. @return whether it was written */
bool error_code_tell(FILE *stream, const struct error_code *code);

/** Writes a line for each code: the code and its title. @return whether it was written */
bool error_code_list(FILE *stream);

/** Writes the reference page, docs/errors.md. @return whether it was written */
bool error_code_page(FILE *stream);

#ifdef __cplusplus
}
#endif

#endif
