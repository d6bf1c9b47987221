/* Runs sbatch and squeue. */
#include "sweep/slurm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** Becomes the program. */
static void become(const char *const *words, int output, bool quiet)
{
    char **arguments;
    size_t count = 0;
    int nowhere;

    while (words[count] != NULL) {
        count++;
    }
    arguments = calloc(count + 1, sizeof(*arguments));
    for (size_t i = 0; arguments != NULL && i < count; i++) {
        arguments[i] = (char *)(uintptr_t)words[i]; /* execvp() takes no pointers to const, but changes nothing */
    }
    dup2(output, STDOUT_FILENO);
    nowhere = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO);
    }
    if (arguments != NULL) {
        execvp(arguments[0], arguments);
    }
    _exit(127);
}

/** Reads to the end; what there is no room for is dropped. */
static void read_all(int input, char *said, size_t size)
{
    char rest[512];
    size_t used = 0;
    ssize_t got;

    do {
        const bool room = used + 1 < size;

        got = read(input, room ? said + used : rest, room ? size - 1 - used : sizeof(rest));
        used += got > 0 && room ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    said[used] = '\0';
}

int slurm_program(const char *const *words, bool quiet, char *said, size_t size)
{
    int status = 0;
    int ends[2];
    pid_t child;

    said[0] = '\0';
    if (pipe(ends) != 0) {
        return -1;
    }
    child = fork();
    if (child == 0) {
        close(ends[0]);
        become(words, ends[1], quiet);
    }
    close(ends[1]);
    if (child > 0) {
        read_all(ends[0], said, size);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close(ends[0]);
    return child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}
