#include "cli/show_json.h"

#include "cli/document.h"
#include "cli/exit_status.h"
#include "scenario/parse_tree.h"
#include "scenario/show.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Digits that fit JSON's integers whatever they are. */
#define SAFE_DIGITS 18

/** The line of the text that was looked at last; nodes come in the order of the text. */
struct line_cursor {
    const char *text;
    unsigned number;
};

struct conversion {
    struct scenario_arena *arena;
    struct line_cursor line;
    json_t *defaults;
};

/** Whether the value that stands on this line is marked as a default: the mark is the comment at the line's end. */
static bool is_default(struct line_cursor *cursor, unsigned number)
{
    static const char mark[] = "  # default";
    size_t length;
    const char *found;

    while (cursor->number < number && strchr(cursor->text, '\n') != NULL) {
        cursor->text = strchr(cursor->text, '\n') + 1;
        cursor->number++;
    }
    length = strcspn(cursor->text, "\n");
    found = strstr(cursor->text, mark);
    return found != NULL && found < cursor->text + length && cursor->text[length - 1] != '"';
}

static json_t *scalar_value(const struct tree_node *node)
{
    size_t length = strlen(node->text);

    if (node->plain && length > 0 && length <= SAFE_DIGITS && strspn(node->text, "0123456789") == length) {
        return json_integer((json_int_t)strtoll(node->text, NULL, 10));
    }
    return cli_json_text(node->text);
}

/** A node as JSON. What is a default is noted where it is a value by itself, not inside a list on one line. */
static json_t *convert(struct conversion *conversion, const struct tree_node *node, bool in_list)
{
    json_t *value;

    if (!in_list && node->kind != TREE_MAP && is_default(&conversion->line, node->mark.line)) {
        json_array_append_new(conversion->defaults, cli_json_text(tree_path(conversion->arena, node)));
    }
    if (node->kind == TREE_SCALAR) {
        return scalar_value(node);
    }
    value = node->kind == TREE_MAP ? json_object() : json_array();
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        if (node->kind == TREE_MAP) {
            json_object_set_new(value, child->key, convert(conversion, child, false));
        } else {
            json_array_append_new(value, convert(conversion, child, child->kind != TREE_MAP));
        }
    }
    return value;
}

/** The text of `doorbell show`, to be freed; NULL if memory is short. */
static char *show_text(const struct scenario *scenario, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);

    if (stream != NULL) {
        scenario_show(stream, scenario);
        if (fclose(stream) == 0) {
            return text;
        }
    }
    free(text);
    return NULL;
}

static bool write_document(FILE *stream, const struct cli_request *request, json_t *description, json_t *defaults)
{
    json_t *body = json_object();
    json_t *document;
    bool written;

    json_object_set_new(body, "scenario", description);
    json_object_set_new(body, "defaults", defaults);
    document = cli_document(request, CLI_SCHEMA_SHOW, CLI_EXIT_OK, body);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

bool cli_show_json(FILE *stream, const struct cli_request *request, const struct scenario *scenario)
{
    struct conversion conversion = {.arena = scenario_arena_new(), .defaults = json_array()};
    struct diagnostics diagnostics = {.items = NULL};
    const struct tree_node *root = NULL;
    size_t length = 0;
    char *text = show_text(scenario, &length);
    bool written = false;

    /* `show` writes what the same reader accepts, so this fails only for want of memory. */
    if (text != NULL) {
        const struct tree_source *source = tree_source_new(conversion.arena, "show", text, length);

        conversion.line = (struct line_cursor){.text = text, .number = 1};
        root = tree_parse(conversion.arena, source, 0, &diagnostics);
    }
    if (root != NULL) {
        json_t *description = convert(&conversion, root, false);

        written = write_document(stream, request, description, json_incref(conversion.defaults));
    }
    json_decref(conversion.defaults);
    diagnostics_clear(&diagnostics);
    free(text);
    scenario_arena_free(conversion.arena);
    return written;
}
