/* From a file to a scenario: read, lay over its base, apply overrides, fill by the tables, resolve, check. */
#include "scenario/overrides.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BASES 16u

/* A file that is being read, and the one that asked for it. */
struct reading {
    const struct reading *asked_by;
    bool has_identity; /* of the file on the disk; a text in memory has none */
    dev_t device;
    ino_t inode;
    unsigned depth;
};

/* All texts that were read. */
struct loader {
    struct scenario_arena *arena;
    struct diagnostics *diagnostics;
    const struct tree_source **sources;
    size_t source_count;
    size_t source_limit;
};

static void keep_source(struct loader *loader, const struct tree_source *source)
{
    if (source != NULL && loader->source_count < loader->source_limit) {
        loader->sources[loader->source_count++] = source;
    }
}

/* Reads all of an open file, up to a little more than is allowed. NULL if that fails (errno says why). */
static char *read_all(int descriptor, size_t *length)
{
    size_t size = 64 * 1024;
    char *text = malloc(size);
    ssize_t got = 1;

    *length = 0;
    while (text != NULL && *length <= TREE_MAX_BYTES) {
        if (*length == size) {
            char *grown = realloc(text, size * 2);

            if (grown == NULL) {
                break;
            }
            text = grown;
            size *= 2;
        }
        do {
            got = read(descriptor, text + *length, size - *length);
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            break;
        }
        *length += (size_t)got;
    }
    if (got < 0) {
        free(text);
        return NULL;
    }
    return text;
}

/*
 * Opens and reads a file. *identity tells one file from another however it is named.
 * Returns NULL, with errno, if it cannot be read.
 */
static struct tree_source *read_file(struct loader *loader, const char *path, struct reading *identity)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct tree_source *source = NULL;
    struct stat status;
    char *text = NULL;
    size_t length;
    int error;

    if (descriptor < 0) {
        return NULL;
    }
    if (fstat(descriptor, &status) == 0) {
        identity->has_identity = true;
        identity->device = status.st_dev;
        identity->inode = status.st_ino;
        text = read_all(descriptor, &length);
    }
    error = errno;
    close(descriptor);
    if (text != NULL) {
        source = tree_source_new(loader->arena, path, text, length);
        free(text);
    }
    errno = error;
    return source;
}

/* A path beside the file that names it. */
static const char *beside(struct loader *loader, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');

    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return scenario_arena_format(loader->arena, "%.*s%s", (int)(slash + 1 - file), file, path);
}

static struct diagnostic *complain(struct loader *loader, const struct tree_mark *mark, const char *message,
                                   const char *detail)
{
    struct diagnostic_where where = tree_where(mark);

    return diagnostics_add(loader->diagnostics, DIAGNOSTIC_ERROR, &where, "%s%.200s", message, detail);
}

static bool is_cycle(const struct reading *reading)
{
    for (const struct reading *other = reading->asked_by; other != NULL; other = other->asked_by) {
        if (other->has_identity && reading->has_identity && other->device == reading->device &&
            other->inode == reading->inode) {
            return true;
        }
    }
    return false;
}

static struct tree_node *load_tree(struct loader *loader, const struct tree_source *source,
                                   const struct reading *reading);

/* The tree of the file that a `base:` names. */
static struct tree_node *load_base(struct loader *loader, const struct tree_node *base,
                                   const struct tree_source *source, const struct reading *asked_by)
{
    struct reading reading = {.asked_by = asked_by, .depth = asked_by->depth + 1};
    struct tree_source *other;
    const char *path;

    if (base->kind != TREE_SCALAR || base->text[0] == '\0') {
        complain(loader, &base->key_mark, "E1010 `base` must name a file", "");
        return NULL;
    }
    path = beside(loader, source->name, base->text);
    if (reading.depth > MAX_BASES) {
        complain(loader, &base->mark, "E1010 too many files stand on each other", "");
        return NULL;
    }
    other = read_file(loader, path, &reading);
    if (other == NULL) {
        diagnostic_set_hint(complain(loader, &base->mark, "E1010 cannot read the base file: ", strerror(errno)),
                            "looked for %.300s", path);
        return NULL;
    }
    if (is_cycle(&reading)) {
        complain(loader, &base->mark, "E1010 this file is its own base", "");
        return NULL;
    }
    return load_tree(loader, other, &reading);
}

/* The tree of a source, laid over its base if it has one. */
static struct tree_node *load_tree(struct loader *loader, const struct tree_source *source,
                                   const struct reading *reading)
{
    struct tree_node *tree;
    struct tree_node *base;
    struct tree_node *below;

    keep_source(loader, source);
    tree = tree_parse(loader->arena, source, 0, loader->diagnostics);
    if (tree == NULL) {
        return NULL;
    }
    if (tree->kind != TREE_MAP) {
        diagnostic_set_hint(
            complain(loader, &tree->mark, "E1009 a scenario is a map, not ", tree_kind_name(tree->kind)),
            "it starts with doorbell: 1");
        return NULL;
    }
    base = tree_find(tree, "base");
    if (base == NULL) {
        return tree;
    }
    below = load_base(loader, base, source, reading);
    if (below == NULL) {
        return NULL;
    }
    tree_remove(base);
    overrides_merge(loader->arena, below, tree, loader->diagnostics);
    return below;
}

static const char *file_title(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Fills, resolves and checks. */
static void build_scenario(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;

    parse_table(parse, &scenario_table_root, parse->root, scenario, 0);
    if (scenario->title == NULL) {
        scenario->title = file_title(scenario->path);
    }
    if (scenario->platform.interconnect.response_latency == 0) {
        scenario->platform.interconnect.response_latency = scenario->platform.interconnect.latency;
    }
    parse_resolve_smmus(parse);
    parse_resolve_pcie(parse);
    parse_resolve_endpoints(parse);
    parse_resolve_names(parse);
    parse_resolve_vms(parse);
    parse_resolve_traffic(parse);
    parse_resolve_software(parse);
    parse_resolve_timeline(parse);
    parse_resolve_expectations(parse);
    parse_resolve_sweep(parse);
    parse_check_vms(parse);
    parse_check(parse);
}

/* Lays overrides over a tree, and builds. */
static struct scenario *load_tree_of(struct loader *loader, struct tree_node *root, const char *path,
                                     const struct scenario_options *options)
{
    struct parse parse = {.arena = loader->arena, .diagnostics = loader->diagnostics, .identifiable = true};

    for (size_t i = 0; options != NULL && i < options->set_count; i++) {
        keep_source(loader, overrides_set(loader->arena, root, options->sets[i], loader->diagnostics));
    }
    parse.root = root;
    parse.scenario = scenario_arena_take(loader->arena, 1, sizeof(*parse.scenario));
    parse.scenario->arena = loader->arena;
    parse.scenario->path = path;
    parse.sources = loader->sources;
    parse.source_count = loader->source_count;
    build_scenario(&parse);
    return parse.scenario;
}

static struct scenario *load_from(struct loader *loader, const struct tree_source *source,
                                  const struct reading *reading, const struct scenario_options *options)
{
    const size_t before = loader->diagnostics->error_count;
    const size_t first = loader->diagnostics->count;
    struct tree_node *root = load_tree(loader, source, reading);
    struct scenario *scenario = root == NULL ? NULL : load_tree_of(loader, root, source->name, options);

    diagnostics_sort(loader->diagnostics, first);
    if (loader->diagnostics->error_count != before) {
        scenario_arena_free(loader->arena);
        return NULL;
    }
    return scenario;
}

static void open_loader(struct loader *loader, const struct scenario_options *options, struct diagnostics *diagnostics)
{
    memset(loader, 0, sizeof(*loader));
    loader->arena = scenario_arena_new();
    loader->diagnostics = diagnostics;
    loader->source_limit = MAX_BASES + 2 + (options == NULL ? 0 : options->set_count);
    loader->sources = scenario_arena_take(loader->arena, loader->source_limit, sizeof(struct tree_source *));
}

struct scenario *scenario_load_text(const char *name, const char *text, size_t length,
                                    const struct scenario_options *options, struct diagnostics *diagnostics)
{
    struct reading reading = {0};
    struct loader loader;

    open_loader(&loader, options, diagnostics);
    return load_from(&loader, tree_source_new(loader.arena, name, text, length), &reading, options);
}

/* Opens a loader and a file. @return NULL, with an error and the loader closed, if it cannot be read */
static struct tree_source *open_file(struct loader *loader, const char *path, const struct scenario_options *options,
                                     struct reading *reading, struct diagnostics *diagnostics)
{
    struct tree_source *source;

    open_loader(loader, options, diagnostics);
    source = read_file(loader, path, reading);
    if (source == NULL) {
        struct diagnostic_where where = {.file = path};

        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0201 cannot read: %s", strerror(errno));
        diagnostics->environment_failed = true;
        scenario_arena_free(loader->arena);
    }
    return source;
}

struct scenario *scenario_load(const char *path, const struct scenario_options *options,
                               struct diagnostics *diagnostics)
{
    struct reading reading = {0};
    struct loader loader;
    struct tree_source *source = open_file(&loader, path, options, &reading, diagnostics);

    return source == NULL ? NULL : load_from(&loader, source, &reading, options);
}

/* ---- Read once, loaded often ---- */

struct scenario_source {
    struct scenario_arena *arena; /* its own memory, too */
    const char *path;
    struct tree_node *root;
    const struct tree_source **texts;
    size_t text_count;
};

struct scenario_source *scenario_read(const char *path, struct diagnostics *diagnostics)
{
    const size_t before = diagnostics->error_count;
    const size_t first = diagnostics->count;
    struct reading reading = {0};
    struct loader loader;
    struct tree_source *file = open_file(&loader, path, NULL, &reading, diagnostics);
    struct scenario_source *source;

    if (file == NULL) {
        return NULL;
    }
    source = scenario_arena_take(loader.arena, 1, sizeof(*source));
    source->arena = loader.arena;
    source->path = file->name;
    source->root = load_tree(&loader, file, &reading);
    source->texts = loader.sources;
    source->text_count = loader.source_count;
    diagnostics_sort(diagnostics, first);
    if (diagnostics->error_count != before) {
        scenario_arena_free(loader.arena);
        return NULL;
    }
    return source;
}

void scenario_source_forget(struct scenario_source *source, const char *key)
{
    struct tree_node *node = tree_find(source->root, key);

    if (node != NULL) {
        tree_remove(node);
    }
}

struct scenario *scenario_load_source(const struct scenario_source *source, const struct scenario_options *options,
                                      struct diagnostics *diagnostics)
{
    const size_t before = diagnostics->error_count;
    const size_t first = diagnostics->count;
    struct scenario *scenario;
    struct loader loader;

    open_loader(&loader, options, diagnostics);
    for (size_t i = 0; i < source->text_count; i++) {
        keep_source(&loader, source->texts[i]);
    }
    scenario = load_tree_of(&loader, tree_copy(loader.arena, source->root), source->path, options);
    diagnostics_sort(diagnostics, first);
    if (diagnostics->error_count != before) {
        scenario_arena_free(loader.arena);
        return NULL;
    }
    return scenario;
}

void scenario_source_free(struct scenario_source *source)
{
    if (source != NULL) {
        scenario_arena_free(source->arena);
    }
}

void scenario_free(struct scenario *scenario)
{
    if (scenario != NULL) {
        scenario_arena_free(scenario->arena);
    }
}
