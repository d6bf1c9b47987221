/* doorbell_schema: prints what is generated from the key tables. */
#include "scenario/codes.h"
#include "scenario/schema/json_schema.h"
#include "scenario/schema/key_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int print_schema(void)
{
    char *text = json_schema_text();

    if (text == NULL) {
        fputs("doorbell_schema: out of memory\n", stderr);
        return 1;
    }
    fputs(text, stdout);
    free(text);
    return 0;
}

/* The page with the generated part in its place. */
static int print_page(const char *path)
{
    FILE *page = fopen(path, "r");
    bool inside = false;
    char line[4096];
    size_t sections = 0;

    if (page == NULL) {
        perror(path);
        return 1;
    }
    while (fgets(line, sizeof(line), page) != NULL) {
        if (strcmp(line, KEY_TABLE_END "\n") == 0) {
            inside = false;
        }
        if (!inside) {
            fputs(line, stdout);
        }
        if (strcmp(line, KEY_TABLE_BEGIN "\n") == 0) {
            inside = true;
            sections++;
            key_table_print(stdout);
            fputc('\n', stdout);
        }
    }
    fclose(page);
    return sections == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "schema") == 0) {
        return print_schema();
    }
    if (argc == 3 && strcmp(argv[1], "page") == 0) {
        return print_page(argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "errors") == 0) {
        return error_code_page(stdout) ? 0 : 1;
    }
    fputs("usage: doorbell_schema schema > scenario/schema/doorbell.schema.json\n"
          "       doorbell_schema page docs/scenario-format.md > NEW\n"
          "       doorbell_schema errors > docs/errors.md\n",
          stderr);
    return 2;
}
