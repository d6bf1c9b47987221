#include "scenario/schema/key_table.h"

#include "scenario/schema/key_text.h"

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

static void print_key(FILE *stream, const struct scenario_key *key)
{
    fprintf(stream, "| `%s` | ", key->name);
    key_text_type(stream, key);
    fputs(" | ", stream);
    key_text_default(stream, key);
    fputs(" | ", stream);
    key_text_range(stream, key);
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
