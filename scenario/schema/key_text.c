#include "scenario/schema/key_text.h"

static void print_choices(FILE *stream, const struct scenario_key *key)
{
    for (const char *const *choice = key->choices; *choice != NULL; choice++) {
        fprintf(stream, "%s`%s`", choice == key->choices ? "" : ", ", *choice);
    }
}

void key_text_type(FILE *stream, const struct scenario_key *key)
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

void key_text_default(FILE *stream, const struct scenario_key *key)
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

void key_text_range(FILE *stream, const struct scenario_key *key)
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
