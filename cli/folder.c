#include "cli/folder.h"

#include "sim/allocate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *cli_path_in(const char *folder, const char *name, const char *suffix)
{
    const size_t length = strlen(folder) + 1 + strlen(name) + strlen(suffix) + 1;
    const bool slash = folder[0] != '\0' && folder[strlen(folder) - 1] != '/';
    char *path = sim_allocate(length, 1);

    snprintf(path, length, "%s%s%s%s", folder, slash ? "/" : "", name, suffix);
    return path;
}

static bool is_file(const char *folder, const char *name)
{
    char *path = cli_path_in(folder, name, "");
    struct stat status;
    const bool regular = stat(path, &status) == 0 && S_ISREG(status.st_mode);

    free(path);
    return regular;
}

static void add_name(struct cli_names *names, const char *name, size_t length)
{
    char *copy = sim_copy_string(name);

    copy[length] = '\0';
    names->list = sim_reallocate(names->list, names->count + 1, sizeof(*names->list));
    names->list[names->count++] = copy;
}

bool cli_folder_names(const char *folder, const char *suffix, struct cli_names *names, struct cli_problem *problem)
{
    DIR *directory = opendir(folder);

    *names = (struct cli_names){.count = 0};
    if (directory == NULL) {
        snprintf(problem->message, sizeof(problem->message), "E0201 %s: %s", folder, strerror(errno));
        problem->hint[0] = '\0';
        return false;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const size_t length = strlen(entry->d_name);
        const size_t tail = strlen(suffix);

        if (entry->d_name[0] != '.' && length > tail && strcmp(entry->d_name + length - tail, suffix) == 0 &&
            is_file(folder, entry->d_name)) {
            add_name(names, entry->d_name, length - tail);
        }
    }
    closedir(directory);
    if (names->count > 1) {
        qsort(names->list, names->count, sizeof(*names->list), by_name);
    }
    return true;
}

void cli_names_clear(struct cli_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i]);
    }
    free(names->list);
    *names = (struct cli_names){.count = 0};
}

char *cli_file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t length = 0;
    size_t capacity = 0;
    int error = 0;

    if (file == NULL) {
        return NULL;
    }
    errno = 0;
    do {
        if (length + 1 >= capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            text = sim_reallocate(text, capacity, 1);
        }
        length += fread(text + length, 1, capacity - length - 1, file);
    } while (!feof(file) && !ferror(file));
    text[length] = '\0';
    if (ferror(file)) {
        error = errno == 0 ? EIO : errno; /* EISDIR of a folder */
        free(text);
        text = NULL;
    }
    fclose(file);
    errno = error;
    return text;
}
