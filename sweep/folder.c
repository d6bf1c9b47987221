#include "sweep/folder.h"

#include "sim/allocate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARD_END ".sqlite"

static char *with_end(const char *text, const char *end)
{
    size_t size = strlen(text) + strlen(end) + 1;
    char *whole = sim_allocate(size, 1);

    snprintf(whole, size, "%s%s", text, end);
    return whole;
}

char *folder_name(const char *result)
{
    return with_end(result, ".shards");
}

int folder_lock(const char *folder, bool shared, char *why, size_t size)
{
    int lock;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        snprintf(why, size, "E0202 cannot make the folder %s: %s", folder, strerror(errno));
        return -1;
    }
    lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) {
        snprintf(why, size, "E0202 cannot open the folder %s: %s", folder, strerror(errno));
        return -1;
    }
    if (flock(lock, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        snprintf(why, size, errno == EWOULDBLOCK ? "E0208 another sweep is at work in %s" : "E0202 cannot lock %s",
                 folder);
        close(lock);
        return -1;
    }
    return lock;
}

void folder_unlock(int lock)
{
    if (lock >= 0) {
        close(lock);
    }
}

char *folder_shard_path(const char *folder, uint32_t part, uint32_t parts, long process, uint64_t stamp)
{
    size_t size = strlen(folder) + 96;
    char *path = sim_allocate(size, 1);

    if (part == 0) {
        snprintf(path, size, "%s/%ld-%" PRIu64 SHARD_END, folder, process, stamp);
    } else {
        snprintf(path, size, "%s/part-%" PRIu32 "-of-%" PRIu32 "-%ld-%" PRIu64 SHARD_END, folder, part, parts, process,
                 stamp);
    }
    return path;
}

static int is_shard(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > strlen(SHARD_END) && strcmp(entry->d_name + length - strlen(SHARD_END), SHARD_END) == 0;
}

bool folder_each_shard(const char *folder, bool (*each)(void *context, const char *path), void *context)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_shard, alphasort);
    bool good = true;

    for (int i = 0; i < count; i++) {
        char *start = with_end(folder, "/");
        char *path = with_end(start, entries[i]->d_name);

        good = good && each(context, path);
        free(path);
        free(start);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool folder_is_shard_of(const char *path, uint32_t part, uint32_t parts)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char start[64];

    snprintf(start, sizeof(start), "part-%" PRIu32 "-of-%" PRIu32 "-", part, parts);
    return strncmp(name, start, strlen(start)) == 0;
}

void folder_remove_shard(const char *path)
{
    char *journal = with_end(path, "-journal");

    unlink(path);
    unlink(journal);
    free(journal);
}

void folder_remove(const char *folder)
{
    rmdir(folder);
}
