#include "sweep/pool.h"

#include "sim/allocate.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/** How long to sleep at most before `stop` and `idle` are looked after, in milliseconds. */
#define NAP 200

/** The worker's end of its socket: the first descriptor beside the standard ones. */
#define WORKER_SOCKET 3

/** One worker, seen from the caller's process. */
struct worker {
    pid_t process; /**< 0: none */
    int socket;    /**< -1: closed */
    bool busy;
    uint64_t task;
};

struct pool {
    const struct pool_work *work;
    struct worker *workers;
    struct pollfd *polls;
    unsigned living;
    bool exhausted; /**< no task is left */
    bool unable;
    char *why;
    size_t size;
};

static bool send_all(int socket, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR) {
            return false;
        }
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

static bool receive_all(int socket, void *data, size_t size)
{
    char *bytes = data;

    while (size > 0) {
        ssize_t got = recv(socket, bytes, size, 0);

        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0) {
            bytes += got;
            size -= (size_t)got;
        }
    }
    return true;
}

/* ---- The worker's process ---- */

void pool_abandon(const struct pool_work *work, void *state, struct pool_reply *reply)
{
    reply->last = true;
    work->end(work->context, state);
    send_all(WORKER_SOCKET, reply, sizeof(*reply));
    _exit(EXIT_FAILURE);
}

/** Takes tasks until the caller closes the socket, or is gone itself. */
static void serve(const struct pool_work *work)
{
    struct pool_reply reply;
    uint64_t task;
    void *state;

    memset(&reply, 0, sizeof(reply));
    state = work->begin(work->context, reply.message, sizeof(reply.message));
    if (state == NULL) {
        reply.unable = true;
        send_all(WORKER_SOCKET, &reply, sizeof(reply));
        _exit(EXIT_FAILURE);
    }
    while (receive_all(WORKER_SOCKET, &task, sizeof(task))) {
        memset(&reply, 0, sizeof(reply));
        reply.task = task;
        work->work(work->context, state, task, &reply);
        if (!send_all(WORKER_SOCKET, &reply, sizeof(reply)) || reply.unable) {
            break;
        }
    }
    work->end(work->context, state);
    _exit(EXIT_SUCCESS);
}

/** What a worker inherits and must not have: the other workers' sockets, and the caller's way with signals. */
static void leave_parent(const struct pool *pool, int socket)
{
    for (unsigned i = 0; i < pool->work->workers; i++) {
        if (pool->workers[i].socket >= 0 && pool->workers[i].socket != socket) {
            close(pool->workers[i].socket);
        }
    }
    if (socket != WORKER_SOCKET) {
        dup2(socket, WORKER_SOCKET);
        close(socket);
    }
    signal(SIGINT, SIG_IGN); /* a terminal sends it to all: the caller decides */
    signal(SIGTERM, SIG_DFL);
}

/* ---- The caller's process ---- */

static void fail(struct pool *pool, const char *what)
{
    if (!pool->unable) {
        pool->unable = true;
        snprintf(pool->why, pool->size, "%s", what);
    }
}

static bool start(struct pool *pool, struct worker *worker)
{
    int sockets[2];
    pid_t process;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        fail(pool, "E0209 no socket for a worker");
        return false;
    }
    fflush(NULL); /* or the worker would write out a copy of what is buffered */
    process = fork();
    if (process == 0) {
        close(sockets[0]);
        leave_parent(pool, sockets[1]);
        serve(pool->work);
    }
    close(sockets[1]);
    if (process < 0) {
        close(sockets[0]);
        fail(pool, "E0209 no process for a worker");
        return false;
    }
    *worker = (struct worker){.process = process, .socket = sockets[0]};
    pool->living++;
    return true;
}

/** Gives a worker its next task, or lets it go. */
static void feed(struct pool *pool, struct worker *worker)
{
    if (!pool->exhausted && !pool->unable && pool->work->next(pool->work->context, &worker->task)) {
        worker->busy = true;
        send_all(worker->socket, &worker->task, sizeof(worker->task)); /* if it fails, reading tells */
        return;
    }
    pool->exhausted = true;
    shutdown(worker->socket, SHUT_WR);
}

/** A worker has closed its socket: it has ended, as it should or not. */
static void bury(struct pool *pool, struct worker *worker)
{
    bool was_busy = worker->busy;
    int status = 0;

    close(worker->socket);
    worker->socket = -1;
    while (waitpid(worker->process, &status, 0) < 0 && errno == EINTR) {
    }
    worker->process = 0;
    worker->busy = false;
    pool->living--;
    if (was_busy) {
        pool->work->died(pool->work->context, worker->task, status);
    }
    if (!pool->exhausted && !pool->unable && start(pool, worker)) {
        feed(pool, worker);
    }
}

static void listen_to(struct pool *pool, struct worker *worker)
{
    struct pool_reply reply;

    if (!receive_all(worker->socket, &reply, sizeof(reply))) {
        bury(pool, worker);
        return;
    }
    worker->busy = false;
    if (reply.unable) {
        reply.message[sizeof(reply.message) - 1] = '\0';
        fail(pool, reply.message);
        shutdown(worker->socket, SHUT_WR);
        return;
    }
    pool->work->done(pool->work->context, &reply);
    if (!reply.last) {
        feed(pool, worker);
    }
}

/** Ends all workers at once. */
static void stop_all(struct pool *pool)
{
    for (unsigned i = 0; i < pool->work->workers; i++) {
        struct worker *worker = &pool->workers[i];

        if (worker->process != 0) {
            kill(worker->process, SIGTERM);
            while (waitpid(worker->process, NULL, 0) < 0 && errno == EINTR) {
            }
            close(worker->socket);
        }
    }
}

static bool is_stopped(const struct pool *pool)
{
    return pool->work->stop != NULL && *pool->work->stop != 0;
}

/** One nap, or as long as nobody says anything. */
static void wait_and_listen(struct pool *pool)
{
    for (unsigned i = 0; i < pool->work->workers; i++) {
        pool->polls[i] = (struct pollfd){.fd = pool->workers[i].socket, .events = POLLIN};
    }
    if (poll(pool->polls, pool->work->workers, NAP) > 0) {
        for (unsigned i = 0; i < pool->work->workers && !is_stopped(pool); i++) {
            if (pool->workers[i].socket >= 0 && pool->polls[i].revents != 0) {
                listen_to(pool, &pool->workers[i]);
            }
        }
    }
    pool->work->idle(pool->work->context);
}

enum pool_outcome pool_run(const struct pool_work *work, char *why, size_t size)
{
    struct pool pool = {.work = work, .why = why, .size = size};
    enum pool_outcome outcome = POOL_DONE;

    pool.workers = sim_allocate(work->workers, sizeof(*pool.workers));
    pool.polls = sim_allocate(work->workers, sizeof(*pool.polls));
    for (unsigned i = 0; i < work->workers; i++) {
        pool.workers[i].socket = -1;
    }
    for (unsigned i = 0; i < work->workers && !pool.exhausted && start(&pool, &pool.workers[i]); i++) {
        feed(&pool, &pool.workers[i]);
    }
    while (pool.living > 0 && !is_stopped(&pool)) {
        wait_and_listen(&pool);
    }
    if (pool.living > 0) {
        stop_all(&pool);
        outcome = POOL_STOPPED;
    } else if (pool.unable) {
        outcome = POOL_UNABLE;
    }
    free(pool.workers);
    free(pool.polls);
    return outcome;
}
