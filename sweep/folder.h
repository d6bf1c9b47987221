/*
 * The folder of a sweep's shards: beside the result, named as it is with ".shards" at the end. Whoever works in it
 * holds a lock on it, alone or, as one of the parts of a sweep, beside others.
 */
#ifndef DOORBELL_SWEEP_FOLDER_H
#define DOORBELL_SWEEP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The folder of a result, in memory to be freed. */
char *folder_name(const char *result);

/**
 * Makes the folder if it is not there, and locks it.
 * @param shared beside others that do so
 * @param why    receives one sentence if that fails
 * @return a descriptor for folder_unlock(); -1 if it fails
 */
int folder_lock(const char *folder, bool shared, char *why, size_t size);

/** Lets go of the folder. -1 is allowed. */
void folder_unlock(int lock);

/**
 * Path of a new shard, in memory to be freed.
 * @param part    of @p parts that it belongs to; 0: none
 * @param process that writes it
 * @param stamp   tells it from earlier ones of the same process
 */
char *folder_shard_path(const char *folder, uint32_t part, uint32_t parts, long process, uint64_t stamp);

/** Calls @p each with the path of every shard, in the order of their names. @return false as soon as it does */
bool folder_each_shard(const char *folder, bool (*each)(void *context, const char *path), void *context);

/** Whether a path is one that folder_shard_path() makes for a part. */
bool folder_is_shard_of(const char *path, uint32_t part, uint32_t parts);

/** Takes a shard away, with the journal beside it. */
void folder_remove_shard(const char *path);

/** Takes the folder away if nothing is in it. */
void folder_remove(const char *folder);

#ifdef __cplusplus
}
#endif

#endif
