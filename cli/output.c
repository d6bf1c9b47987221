#define _XOPEN_SOURCE 700 /* realpath, which the plain POSIX level of the build leaves out */

#include "cli/output.h"

#include "sim/allocate.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(struct cli_problem *problem, const char *path, int error)
{
    snprintf(problem->message, sizeof(problem->message), "E0202 cannot write %s: %s",
             path == NULL ? "to standard output" : path, strerror(error));
    problem->hint[0] = '\0';
    return false;
}

/** The folder of a path, to be freed; NULL if memory is short. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;

    if (slash == NULL) {
        return strdup(".");
    }
    folder = strdup(path);
    if (folder != NULL) {
        folder[slash == path ? 1 : slash - path] = '\0';
    }
    return folder;
}

/** Name for the file while it is written: hidden, in the same folder, so that the rename cannot cross file systems. */
static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t size = strlen(path) + sizeof(".XXXXXX") + 1;
    char *temporary = malloc(size);

    if (temporary != NULL) {
        snprintf(temporary, size, "%.*s.%s.XXXXXX", (int)(name - path), path, name);
    }
    return temporary;
}

/** Permissions of the new file: those of the one it replaces, or what creating one would give. */
static mode_t wanted_mode(const char *path)
{
    struct stat status;
    mode_t mask;

    if (stat(path, &status) == 0) {
        return status.st_mode & 07777;
    }
    mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static bool is_special(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/** The file that a symbolic link stands for, else a copy of the path itself; to be freed. */
static char *resolve(const char *path)
{
    char *resolved = realpath(path, NULL);

    return resolved != NULL ? resolved : strdup(path);
}

bool cli_output_possible(const char *path, struct cli_problem *problem)
{
    struct stat status;
    char *resolved;
    char *folder;
    int error = 0;

    if (path == NULL) {
        return true;
    }
    resolved = resolve(path);
    folder = resolved == NULL ? NULL : folder_of(resolved);
    if (folder == NULL) {
        error = ENOMEM;
    } else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        error = EISDIR;
    } else if (is_special(path)) {
        error = access(path, W_OK) == 0 ? 0 : errno;
    } else if (access(folder, W_OK | X_OK) != 0) {
        error = errno;
    }
    free(folder);
    free(resolved);
    return error == 0 || complain(problem, path, error);
}

static bool open_temporary(struct cli_output *output, const char *path, struct cli_problem *problem)
{
    int error;
    int descriptor = -1;

    output->path = resolve(path);
    output->temporary = output->path == NULL ? NULL : temporary_name(output->path);
    errno = ENOMEM;
    if (output->temporary != NULL) {
        descriptor = mkstemp(output->temporary);
    }
    if (descriptor >= 0 && fchmod(descriptor, wanted_mode(output->path)) == 0) {
        output->stream = fdopen(descriptor, "w");
    }
    if (output->stream != NULL) {
        return true;
    }
    error = errno;
    if (descriptor >= 0) {
        close(descriptor);
        unlink(output->temporary);
    }
    cli_output_discard(output);
    return complain(problem, path, error);
}

bool cli_output_open(struct cli_output *output, const char *path, struct cli_problem *problem)
{
    memset(output, 0, sizeof(*output));
    if (path == NULL) {
        output->stream = stdout;
        return true;
    }
    if (is_special(path)) {
        output->path = sim_copy_string(path);
        output->stream = fopen(path, "w");
        return output->stream != NULL || complain(problem, path, errno);
    }
    return open_temporary(output, path, problem);
}

bool cli_output_commit(struct cli_output *output, struct cli_problem *problem)
{
    bool had_error = ferror(output->stream) != 0;
    int error = EIO;

    /* To the disk before the rename: after a power cut there is the old file or the new one, never an empty one. */
    errno = 0;
    if (fflush(output->stream) != 0 || (output->temporary != NULL && fsync(fileno(output->stream)) != 0)) {
        error = errno;
        had_error = true;
    }
    if (output->stream != stdout && fclose(output->stream) != 0 && !had_error) {
        error = errno;
        had_error = true;
    }
    output->stream = NULL;
    if (!had_error && output->temporary != NULL && rename(output->temporary, output->path) != 0) {
        error = errno;
        had_error = true;
    }
    if (had_error) {
        complain(problem, output->path, error);
    } else {
        free(output->temporary);
        output->temporary = NULL;
    }
    cli_output_discard(output);
    return !had_error;
}

void cli_output_discard(struct cli_output *output)
{
    if (output->stream != NULL && output->stream != stdout) {
        fclose(output->stream);
    }
    if (output->temporary != NULL) {
        unlink(output->temporary);
    }
    free(output->temporary);
    free(output->path);
    memset(output, 0, sizeof(*output));
}
