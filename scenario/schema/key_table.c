#include "scenario/schema/key_table.h"

#include "scenario/schema/keys.h"

#define MAX_TABLES 64

struct printed {
    const struct scenario_table *tables[MAX_TABLES];
    size_t count;
};

static bool remember(struct printed *printed, const struct scenario_table *table)
{
    for (size_t i = 0; i < printed->count; i++) {
        if (printed->tables[i] == table || printed->tables[i]->keys == table->keys) {
            return false;
        }
    }
    if (printed->count < MAX_TABLES) {
        printed->tables[printed->count++] = table;
    }
    return true;
}

static void print_choices(FILE *stream, const struct scenario_key *key)
{
    for (const char *const *choice = key->choices; *choice != NULL; choice++) {
        fprintf(stream, "%s`%s`", choice == key->choices ? "" : ", ", *choice);
    }
}

static void print_type(FILE *stream, const struct scenario_key *key)
{
    switch (key->kind) {
    case KEY_VALUE:
        if (key->choices != NULL) {
            print_choices(stream, key);
            fprintf(stream, "%s%s", key->unit_name == NULL ? "" : " ", key->unit_name == NULL ? "" : key->unit_name);
        } else {
            fprintf(stream, "%s%s%s", key->type->name, key->unit_name == NULL ? "" : ": ",
                    key->unit_name == NULL ? "" : key->unit_name);
        }
        break;
    case KEY_TABLE:
    case KEY_OPTIONAL:
        fprintf(stream, "map, `%s`", key->table->path);
        break;
    case KEY_NAMED:
        fprintf(stream, "map from names, `%s`", key->table->path);
        break;
    case KEY_LIST:
        fprintf(stream, "list, `%s`", key->table->path);
        break;
    case KEY_NAMED_LIST:
        fprintf(stream, "map from names to lists, `%s`", key->table->keys[0].table->path);
        break;
    case KEY_FILE:
        fputs("file name", stream);
        break;
    case KEY_FUTURE:
        fputs("-", stream);
        break;
    }
}

static void print_default(FILE *stream, const struct scenario_key *key)
{
    if (key->required) {
        fputs("required", stream);
    } else if (key->automatic != NULL) {
        fputs(key->automatic, stream);
    } else if (key->standard != NULL) {
        fprintf(stream, "`%s`", key->standard);
        if (key->step != NULL) {
            fprintf(stream, " + n * %s", key->step);
        }
        if (key->source != NULL) {
            fprintf(stream, " (%s)", key->source);
        }
    }
}

static void print_range(FILE *stream, const struct scenario_key *key)
{
    char grid[40];

    if (key->minimum != NULL && key->maximum != NULL) {
        fprintf(stream, "%s to %s", key->minimum, key->maximum);
    } else if (key->maximum != NULL) {
        fprintf(stream, "up to %s", key->maximum);
    } else if (key->minimum != NULL) {
        fprintf(stream, "from %s", key->minimum);
    }
    if (key->power_of_two) {
        fputs(", a power of two", stream);
    }
    if (key->alignment > 1) {
        units_format(UNITS_SIZE, key->alignment, grid, sizeof(grid));
        fprintf(stream, ", a multiple of %s", grid);
    }
}

static void print_key(FILE *stream, const struct scenario_key *key)
{
    fprintf(stream, "| `%s` | ", key->name);
    print_type(stream, key);
    fputs(" | ", stream);
    print_default(stream, key);
    fputs(" | ", stream);
    print_range(stream, key);
    fprintf(stream, " | %s%s%s%s |\n", key->doc, key->needs == NULL ? "" : " Needs ",
            key->needs == NULL ? "" : key->needs, key->needs == NULL ? "" : ".");
}

static void print_table(FILE *stream, const struct scenario_table *table, struct printed *printed)
{
    if (!remember(printed, table)) {
        return;
    }
    fprintf(stream, "\n### %s%s%s\n\n%s\n\n", table->path[0] == '\0' ? "The file" : "`", table->path,
            table->path[0] == '\0' ? "" : "`", table->doc);
    fputs("| key | value | default | range | meaning |\n| --- | --- | --- | --- | --- |\n", stream);
    for (size_t i = 0; i < table->count; i++) {
        print_key(stream, &table->keys[i]);
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];

        if (key->kind == KEY_NAMED_LIST) {
            print_table(stream, key->table->keys[0].table, printed);
        } else if (key->table != NULL) {
            print_table(stream, key->table, printed);
        }
    }
}

void key_table_print(FILE *stream)
{
    struct printed printed = {0};

    print_table(stream, &scenario_table_root, &printed);
}
