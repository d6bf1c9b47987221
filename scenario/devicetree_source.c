#include "scenario/devicetree_source.h"

#include "scenario/devicetree_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Bytes that grow up to a limit. */
struct buffer {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    size_t limit;
    bool full; /* more came than the limit allows */
};

enum { READ_STEP = 65536 };

/* Reads once. Returns false at the end, on an error (errno set, otherwise 0), or when the limit is passed. */
static bool buffer_read(struct buffer *buffer, int descriptor)
{
    ssize_t got;

    if (buffer->size > buffer->limit) {
        buffer->full = true;
        errno = 0;
        return false;
    }
    /* A step beyond the limit is allowed for, so that passing it is noticed. */
    if (buffer->capacity - buffer->size < READ_STEP) {
        buffer->capacity = 2 * buffer->capacity + READ_STEP;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    }
    if (buffer->bytes == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    do {
        got = read(descriptor, buffer->bytes + buffer->size, READ_STEP);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        buffer->size += (size_t)got;
        return true;
    }
    if (got == 0) {
        errno = 0;
    }
    return false;
}

static enum board_status read_file(const char *path, struct buffer *buffer, struct board_error *error)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0) {
        board_error_set(error, path, "E0201 cannot open (%s)", strerror(errno));
        return BOARD_UNREADABLE;
    }
    if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(descriptor);
        board_error_set(error, path, "E2001 is a directory; a device tree (.dtb or .dts) is needed");
        return BOARD_INVALID;
    }
    while (buffer_read(buffer, descriptor)) {
        continue;
    }
    if (errno != 0) {
        board_error_set(error, path, "E0201 cannot read (%s)", strerror(errno));
        close(descriptor);
        return BOARD_UNREADABLE;
    }
    close(descriptor);
    if (buffer->full) {
        board_error_set(error, path, "E2001 larger than %zu bytes, the most that is accepted", buffer->limit);
        return BOARD_INVALID;
    }
    return BOARD_OK;
}

static bool is_blob(const struct buffer *buffer)
{
    static const unsigned char magic[4] = {0xd0, 0x0d, 0xfe, 0xed};

    return buffer->size >= sizeof(magic) && memcmp(buffer->bytes, magic, sizeof(magic)) == 0;
}

static bool is_source(const char *path, const struct buffer *buffer)
{
    static const char marker[] = "/dts-v1/";
    size_t length = strlen(path);

    return (length > 4 && strcmp(path + length - 4, ".dts") == 0) ||
           (buffer->size >= sizeof(marker) - 1 && memcmp(buffer->bytes, marker, sizeof(marker) - 1) == 0);
}

/* A running compiler: its process, and our ends of its standard output and error. */
struct compiler {
    pid_t process;
    int output;
    int diagnostics;
};

static bool make_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        ends[0] = -1;
        ends[1] = -1;
        return false;
    }
    /* Another thread that starts a program must not hand our ends on; the actions below copy what the child needs. */
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
}

static void close_if_open(int descriptor)
{
    if (descriptor >= 0) {
        close(descriptor);
    }
}

static int spawn_compiler(const char *program, const char *path, const int out[2], const int err[2], pid_t *process)
{
    char *arguments[] = {(char *)program, (char *)"-q", (char *)"-I", (char *)"dts", (char *)"-O",
                         (char *)"dtb",   (char *)"-o", (char *)"-",  (char *)path,  NULL};
    posix_spawn_file_actions_t actions;
    int status = posix_spawn_file_actions_init(&actions);

    if (status != 0) {
        return status;
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    status = posix_spawnp(process, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

static enum board_status start_compiler(const char *program, const char *path, struct compiler *compiler,
                                        struct board_error *error)
{
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    char *argument = NULL;
    int status = make_pipe(out) && make_pipe(err) ? 0 : errno;

    if (status == 0) {
        /* A name that begins with '-' would be taken for an option. */
        argument = board_array_grow(NULL, 0, strlen(path) + 3);
        sprintf(argument, "%s%s", path[0] == '-' ? "./" : "", path);
        status = spawn_compiler(program, argument, out, err, &compiler->process);
        free(argument);
    }
    close_if_open(out[1]);
    close_if_open(err[1]);
    compiler->output = out[0];
    compiler->diagnostics = err[0];
    if (status == 0) {
        return BOARD_OK;
    }
    close_if_open(out[0]);
    close_if_open(err[0]);
    if (status == ENOENT) {
        board_error_set(
            error, path,
            "E0205 device tree source needs the program %s, which is not installed (Debian: apt-get install "
            "device-tree-compiler)",
            program);
    } else {
        board_error_set(error, path, "E0205 cannot run %s (%s)", program, strerror(status));
    }
    return BOARD_UNREADABLE;
}

/*
 * Reads both pipes as they fill, so that the compiler never waits for us; then waits for it. Returns its wait status.
 */
static int collect(struct compiler *compiler, struct buffer *output, struct buffer *diagnostics)
{
    struct pollfd polls[2] = {{.fd = compiler->output, .events = POLLIN},
                              {.fd = compiler->diagnostics, .events = POLLIN}};
    struct buffer *buffers[2] = {output, diagnostics};
    int status = 0;

    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        if (poll(polls, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            break;
        }
        for (int i = 0; i < 2; i++) {
            if (polls[i].fd >= 0 && polls[i].revents != 0 && !buffer_read(buffers[i], polls[i].fd)) {
                polls[i].fd = -1;
            }
        }
        if (output->full || diagnostics->full) {
            kill(compiler->process, SIGKILL);
            break;
        }
    }
    close(compiler->output);
    close(compiler->diagnostics);
    while (waitpid(compiler->process, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    return status;
}

/* The first line that the compiler complained with. */
static void report_refusal(const char *program, const char *path, const struct buffer *diagnostics,
                           struct board_error *error)
{
    const unsigned char *end = diagnostics->size == 0 ? NULL : memchr(diagnostics->bytes, '\n', diagnostics->size);
    size_t length = end == NULL ? diagnostics->size : (size_t)(end - diagnostics->bytes);

    if (length == 0) {
        board_error_set(error, path, "E2001 %s refuses it", program);
        return;
    }
    board_error_set(error, path, "E2001 %s refuses it: %.*s", program, (int)(length > 500 ? 500 : length),
                    (const char *)diagnostics->bytes);
}

static enum board_status compile(const char *program, const char *path, struct buffer *output,
                                 struct board_error *error)
{
    struct buffer diagnostics = {.limit = 1u << 20};
    struct compiler compiler;
    enum board_status result = start_compiler(program, path, &compiler, error);
    int status;

    if (result != BOARD_OK) {
        return result;
    }
    status = collect(&compiler, output, &diagnostics);
    if (output->full || diagnostics.full) {
        board_error_set(error, path, "E2001 %s writes more than %zu bytes", program, output->limit);
        result = BOARD_INVALID;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        board_error_set(error, path, "E0205 cannot run %s", program);
        result = BOARD_UNREADABLE;
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        report_refusal(program, path, &diagnostics, error);
        result = BOARD_INVALID;
    }
    free(diagnostics.bytes);
    return result;
}

enum board_status devicetree_load_with(const char *path, const char *compiler, void **blob, size_t *size,
                                       struct board_error *error)
{
    struct buffer buffer = {.limit = DEVICETREE_MAX_SIZE};
    enum board_status status = read_file(path, &buffer, error);

    if (status == BOARD_OK && !is_blob(&buffer)) {
        if (is_source(path, &buffer)) {
            buffer.size = 0;
            status = compile(compiler, path, &buffer, error);
        } else {
            board_error_set(error, path,
                            "E2001 is no device tree: neither the magic number of a blob (d0 0d fe ed) nor "
                            "source that starts with /dts-v1/");
            status = BOARD_INVALID;
        }
    }
    if (status != BOARD_OK) {
        free(buffer.bytes);
        return status;
    }
    *blob = buffer.bytes;
    *size = buffer.size;
    return BOARD_OK;
}

enum board_status devicetree_load(const char *path, void **blob, size_t *size, struct board_error *error)
{
    return devicetree_load_with(path, "dtc", blob, size, error);
}
