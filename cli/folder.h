/* The files of a folder. */
#ifndef DOORBELL_CLI_FOLDER_H
#define DOORBELL_CLI_FOLDER_H

#include "cli/request.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names of files, in alphabetical order. */
struct cli_names {
    char **list;
    size_t count;
};

/**
 * The files in a folder (not below it) whose name ends in @p suffix, without that suffix. Names that begin with a dot
 * are left out.
 * @param names receives them, to be released with cli_names_clear() in any case
 * @return whether the folder could be read; if not, @p problem says why
 */
bool cli_folder_names(const char *folder, const char *suffix, struct cli_names *names, struct cli_problem *problem);

/** Releases the names and empties the list. */
void cli_names_clear(struct cli_names *names);

/** A file's text, to be released with free(); NULL with errno set if it cannot be read. */
char *cli_file_text(const char *path);

/** A path made of folder, name and suffix, to be released with free(). */
char *cli_path_in(const char *folder, const char *name, const char *suffix);

#ifdef __cplusplus
}
#endif

#endif
