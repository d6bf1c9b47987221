#include "report/difference.h"

#include "sim/allocate.h"

#include <fnmatch.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 512

struct comparison {
    const struct tolerances *tolerances;
    struct differences found;
    size_t capacity;
    char path[PATH_BYTES];
};

/* ---- Tolerances ---- */

bool tolerances_add(struct tolerances *tolerances, const char *text)
{
    const char *equals = strrchr(text, '=');
    struct tolerance tolerance = {.any = false};
    char *end;

    if (equals == NULL || equals == text || equals[1] == '\0') {
        return false;
    }
    tolerance.any = strcmp(equals + 1, "any") == 0;
    if (!tolerance.any) {
        tolerance.amount = strtod(equals + 1, &end);
        tolerance.relative = strcmp(end, "%") == 0;
        if ((*end != '\0' && !tolerance.relative) || end == equals + 1 || !isfinite(tolerance.amount) ||
            tolerance.amount < 0) {
            return false;
        }
        tolerance.amount = tolerance.relative ? tolerance.amount / 100 : tolerance.amount;
    }
    tolerance.pattern = sim_copy_string(text);
    tolerance.pattern[equals - text] = '\0';
    tolerances->list = sim_reallocate(tolerances->list, tolerances->count + 1, sizeof(*tolerances->list));
    tolerances->list[tolerances->count++] = tolerance;
    return true;
}

void tolerances_clear(struct tolerances *tolerances)
{
    for (size_t i = 0; i < tolerances->count; i++) {
        free(tolerances->list[i].pattern);
    }
    free(tolerances->list);
    tolerances->list = NULL;
    tolerances->count = 0;
}

bool tolerances_allow(const struct tolerances *tolerances, const char *path, bool numeric, double change,
                      double relative)
{
    for (size_t i = tolerances == NULL ? 0 : tolerances->count; i > 0; i--) {
        const struct tolerance *tolerance = &tolerances->list[i - 1];

        if (fnmatch(tolerance->pattern, path, 0) != 0) {
            continue;
        }
        if (tolerance->any) {
            return true;
        }
        return numeric && fabs(tolerance->relative ? relative : change) <= tolerance->amount;
    }
    return false;
}

/* ---- Leaves ---- */

static char *leaf_text(const json_t *leaf)
{
    return leaf == NULL ? NULL : json_dumps(leaf, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void report(struct comparison *comparison, const json_t *before, const json_t *after)
{
    struct differences *found = &comparison->found;
    struct difference difference = {.path = sim_copy_string(comparison->path)};

    difference.before = leaf_text(before);
    difference.after = leaf_text(after);
    difference.numeric = json_is_number(before) && json_is_number(after);
    if (difference.numeric) {
        difference.change = json_number_value(after) - json_number_value(before);
        difference.relative = json_number_value(before) == 0 ? 0 : difference.change / json_number_value(before);
    }
    difference.tolerated = tolerances_allow(comparison->tolerances, difference.path, difference.numeric,
                                            difference.change, difference.relative);
    if (found->count == comparison->capacity) {
        comparison->capacity = comparison->capacity == 0 ? 64 : 2 * comparison->capacity;
        found->list = sim_reallocate(found->list, comparison->capacity, sizeof(*found->list));
    }
    found->list[found->count++] = difference;
    found->counting += difference.tolerated ? 0 : 1;
}

/** The name by which an element of a list goes; NULL if it has none. */
static const char *element_name(const json_t *element)
{
    static const char *const keys[] = {"name", "stage", "key"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *name = json_string_value(json_object_get(element, keys[i]));

        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

/** The @p which'th element (from 0) of those that go by a name. */
static const json_t *element_named(const json_t *list, const char *name, size_t which)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *its = element_name(json_array_get(list, i));

        if (its != NULL && strcmp(its, name) == 0 && which-- == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

/** How many elements before position @p end go by a name: a list may have several of one. */
static size_t elements_before(const json_t *list, size_t end, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < end; i++) {
        const char *its = element_name(json_array_get(list, i));

        count += its != NULL && strcmp(its, name) == 0;
    }
    return count;
}

static void compare(struct comparison *comparison, const json_t *before, const json_t *after);

/** Compares two members, whose name is added to the path meanwhile. */
static void compare_member(struct comparison *comparison, const char *name, const json_t *before, const json_t *after)
{
    const size_t length = strlen(comparison->path);

    snprintf(comparison->path + length, PATH_BYTES - length, "%s%s", length == 0 ? "" : ".", name);
    compare(comparison, before, after);
    comparison->path[length] = '\0';
}

static void compare_objects(struct comparison *comparison, const json_t *before, const json_t *after)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)before, key, value)
    {
        if (strcmp(key, "histogram") == 0) {
            continue; /* its quantiles are compared; which steps hold a value would drown them */
        }
        compare_member(comparison, key, value, json_object_get(after, key));
    }
    json_object_foreach((json_t *)(uintptr_t)after, key, value)
    {
        if (json_object_get(before, key) == NULL && strcmp(key, "histogram") != 0) {
            compare_member(comparison, key, NULL, value);
        }
    }
}

static void compare_lists(struct comparison *comparison, const json_t *before, const json_t *after)
{
    const size_t most =
        json_array_size(before) > json_array_size(after) ? json_array_size(before) : json_array_size(after);
    char position[24];

    for (size_t i = 0; i < most; i++) {
        const json_t *old = json_array_get(before, i);
        const json_t *new = json_array_get(after, i);
        const char *old_name = element_name(old);
        const char *new_name = element_name(new);

        snprintf(position, sizeof(position), "%zu", i);
        if (old_name == NULL && new_name == NULL) {
            compare_member(comparison, position, old, new);
            continue;
        }
        if (old_name != NULL) {
            compare_member(comparison, old_name, old,
                           element_named(after, old_name, elements_before(before, i, old_name)));
        }
        if (new_name != NULL && element_named(before, new_name, elements_before(after, i, new_name)) == NULL) {
            compare_member(comparison, new_name, NULL, new);
        }
    }
}

static void compare(struct comparison *comparison, const json_t *before, const json_t *after)
{
    if (json_is_object(before) && json_is_object(after)) {
        compare_objects(comparison, before, after);
    } else if (json_is_array(before) && json_is_array(after)) {
        compare_lists(comparison, before, after);
    } else if (before == NULL || after == NULL || !json_equal(before, after)) {
        report(comparison, before, after);
    }
}

struct differences json_differences(const json_t *before, const json_t *after, const struct tolerances *tolerances)
{
    struct comparison comparison = {.tolerances = tolerances};

    compare(&comparison, before, after);
    return comparison.found;
}

void differences_clear(struct differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        free(differences->list[i].path);
        free(differences->list[i].before);
        free(differences->list[i].after);
    }
    free(differences->list);
    *differences = (struct differences){.count = 0};
}
