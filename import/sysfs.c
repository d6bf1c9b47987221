#include "import/sysfs.h"

#include "import/config_space.h"
#include "import/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Deepest nesting of folders that is searched. /sys/devices has one level for each bridge on the way. */
#define MOST_LEVELS 48

/* Least and most bytes of a configuration space. */
#define HEADER_SIZE 64u

static bool is_hex(const char *text, size_t count)
{
    return strspn(text, "0123456789abcdef") >= count;
}

/* "ssss:bb:dd.f", with four to eight digits of segment. */
static bool parse_name(const char *name, uint32_t *segment, uint16_t *rid)
{
    size_t digits = strspn(name, "0123456789abcdef");
    const char *rest = name + digits;
    unsigned long device;

    if (digits < 4 || digits > 8 || strlen(rest) != 8 || rest[0] != ':' || !is_hex(rest + 1, 2) || rest[3] != ':' ||
        !is_hex(rest + 4, 2) || rest[6] != '.' || rest[7] < '0' || rest[7] > '7') {
        return false;
    }
    device = strtoul(rest + 4, NULL, 16);
    *segment = (uint32_t)strtoul(name, NULL, 16);
    *rid = (uint16_t)(strtoul(rest + 1, NULL, 16) << 8 | device << 3 | (unsigned long)(rest[7] - '0'));
    return device < 32;
}

static bool known_already(const struct import_machine *machine, uint32_t segment, uint16_t rid)
{
    for (size_t i = 0; i < machine->function_count; i++) {
        if (machine->functions[i].segment == segment && machine->functions[i].rid == rid) {
            return true;
        }
    }
    return false;
}

static bool fail(struct diagnostics *diagnostics, const char *file, const char *message, const char *hint)
{
    const struct diagnostic_where where = {.file = file};

    diagnostic_set_hint(diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message), "%s", hint);
    return false;
}

bool import_sysfs_add(const char *name, const char *file, const void *bytes, size_t length,
                      struct import_machine *machine, struct diagnostics *diagnostics)
{
    uint8_t config[IMPORT_CONFIG_SIZE] = {0};
    struct import_function *function;
    uint32_t segment;
    uint16_t rid;

    if (!parse_name(name, &segment, &rid)) {
        return fail(diagnostics, file, "E2108 the folder is not named after a PCI function",
                    "names are like 0000:00:02.0: segment, bus, device, function");
    }
    if (known_already(machine, segment, rid)) {
        return true;
    }
    if (length < HEADER_SIZE) {
        return fail(diagnostics, file, "E2104 a configuration space has 64 bytes or more", "copy /sys as root");
    }
    function = import_machine_add_function(machine);
    if (function == NULL) {
        return fail(diagnostics, file, "E2108 there are too many functions", "8192 are taken at most");
    }
    length = length > sizeof(config) ? sizeof(config) : length;
    memcpy(config, bytes, length);
    function->origin = strdup(name);
    function->segment = segment;
    function->rid = rid;
    import_config_decode(config, length, function);
    if (!function->complete) {
        return fail(diagnostics, file, "E2104 the configuration space ends before its capabilities",
                    "sysfs shows them to root only");
    }
    return true;
}

/* The file `resource`, if it is there: begin, end and flags of each region, a line each. */
static void read_regions(const char *folder, struct import_function *function)
{
    const uint64_t is_memory = 0x200; /* IORESOURCE_MEM, include/linux/ioport.h */
    char *path = import_path_in(folder, "resource", "");
    FILE *file = fopen(path, "r");
    char line[128];

    for (unsigned i = 0; i < IMPORT_BARS && file != NULL && fgets(line, sizeof(line), file) != NULL; i++) {
        uint64_t numbers[3];
        char *at = line;

        for (unsigned j = 0; j < 3; j++) {
            numbers[j] = strtoull(at, &at, 16);
        }
        if ((numbers[2] & is_memory) != 0 && numbers[1] > numbers[0]) {
            import_function_add_bar(function, numbers[1] - numbers[0] + 1);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(path);
}

static bool read_function(const char *folder, const char *name, struct import_machine *machine,
                          struct diagnostics *diagnostics)
{
    char *file = import_path_in(folder, "config", "");
    size_t length;
    const size_t before = machine->function_count;
    char *bytes = import_file_bytes(file, &length, diagnostics);
    bool good = bytes != NULL && import_sysfs_add(name, file, bytes, length, machine, diagnostics);

    if (good && machine->function_count > before) {
        read_regions(folder, &machine->functions[before]);
    }
    free(bytes);
    free(file);
    return good;
}

static bool search(const char *folder, int level, struct import_machine *machine, struct diagnostics *diagnostics);

/* One entry of a folder. */
static bool visit(const char *path, const char *name, int level, struct import_machine *machine,
                  struct diagnostics *diagnostics)
{
    struct stat itself;
    struct stat target;
    uint32_t segment;
    uint16_t rid;
    bool named = parse_name(name, &segment, &rid);
    bool good = true;

    if (lstat(path, &itself) != 0 || (S_ISLNK(itself.st_mode) && !named) || stat(path, &target) != 0 ||
        !S_ISDIR(target.st_mode)) {
        return true;
    }
    if (named) {
        good = read_function(path, name, machine, diagnostics);
    }
    /* Below a link is what is found elsewhere too. */
    return S_ISLNK(itself.st_mode) ? good : search(path, level + 1, machine, diagnostics) && good;
}

static bool search(const char *folder, int level, struct import_machine *machine, struct diagnostics *diagnostics)
{
    DIR *directory = level > MOST_LEVELS ? NULL : opendir(folder);
    const struct dirent *entry;
    bool good = true;

    if (directory == NULL) {
        return level > MOST_LEVELS ? true : import_fail_file(diagnostics, folder, strerror(errno));
    }
    while ((entry = readdir(directory)) != NULL) {
        char *path;

        if (entry->d_name[0] == '.') {
            continue;
        }
        path = import_path_in(folder, entry->d_name, "");
        good = visit(path, entry->d_name, level, machine, diagnostics) && good;
        free(path);
    }
    closedir(directory);
    return good;
}

bool import_sysfs_read(const char *path, struct import_machine *machine, struct diagnostics *diagnostics)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    uint32_t segment;
    uint16_t rid;

    if (parse_name(name, &segment, &rid) && !read_function(path, name, machine, diagnostics)) {
        return false;
    }
    return search(path, 0, machine, diagnostics);
}
