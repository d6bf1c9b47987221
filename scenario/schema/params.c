#include "scenario/schema/params.h"

#include <stdio.h>

#define MAX_TABLES 128

struct visit {
    params_visitor visitor;
    void *context;
    const struct scenario_table *tables[MAX_TABLES];
    size_t count;
};

static bool is_new(struct visit *visit, const struct scenario_table *table)
{
    for (size_t i = 0; i < visit->count; i++) {
        if (visit->tables[i] == table || visit->tables[i]->keys == table->keys) {
            return false;
        }
    }
    if (visit->count < MAX_TABLES) {
        visit->tables[visit->count++] = table;
    }
    return true;
}

static bool visit_values(struct visit *visit, const struct scenario_table *table)
{
    char path[PARAMS_PATH_BYTES];

    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];

        snprintf(path, sizeof(path), "%s%s%s", table->path, table->path[0] == '\0' ? "" : ".", key->name);
        if ((key->kind == KEY_VALUE || key->kind == KEY_FILE) && !visit->visitor(visit->context, path, key)) {
            return false;
        }
    }
    return true;
}

static bool visit_table(struct visit *visit, const struct scenario_table *table)
{
    if (!is_new(visit, table)) {
        return true;
    }
    if (!visit_values(visit, table)) {
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_table *part = table->keys[i].table;

        if (table->keys[i].kind == KEY_NAMED_LIST) {
            part = part->keys[0].table;
        }
        if (part != NULL && !visit_table(visit, part)) {
            return false;
        }
    }
    return true;
}

bool params_visit(params_visitor visitor, void *context)
{
    struct visit visit = {.visitor = visitor, .context = context};

    return visit_table(&visit, &scenario_table_root);
}
