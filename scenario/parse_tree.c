#include "scenario/parse_tree.h"

#include <libfyaml.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parser at work: events in, nodes out. */
struct builder {
    struct scenario_arena *arena;
    const struct tree_source *source;
    struct diagnostics *diagnostics;
    unsigned first_column; /* characters of line 1 that stand before the text */
    struct tree_node *root;
    struct tree_node *open; /* innermost open map or list */
    const char *key;        /* key that waits for its value */
    struct tree_mark key_mark;
    unsigned depth;
    unsigned nodes;
    unsigned documents;
};

struct tree_source *tree_source_new(struct scenario_arena *arena, const char *name, const char *text, size_t length)
{
    struct tree_source *source = scenario_arena_take(arena, 1, sizeof(*source));

    source->name = scenario_arena_copy(arena, name, strlen(name));
    source->text = scenario_arena_copy(arena, text, length);
    source->length = length;
    return source;
}

static void find_line(const struct tree_source *source, unsigned line, const char **start, size_t *length)
{
    const char *at = source->text;
    const char *end = source->text + source->length;
    const char *stop;

    for (unsigned i = 1; i < line; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        if (newline == NULL) {
            *start = NULL;
            *length = 0;
            return;
        }
        at = newline + 1;
    }
    stop = memchr(at, '\n', (size_t)(end - at));
    stop = stop == NULL ? end : stop;
    if (stop > at && stop[-1] == '\r') {
        stop--;
    }
    *start = at;
    *length = (size_t)(stop - at);
}

struct diagnostic_where tree_where(const struct tree_mark *mark)
{
    struct diagnostic_where where = {0};

    if (mark->source == NULL) {
        return where;
    }
    where.file = mark->source->name;
    where.line = mark->line;
    where.column = mark->column;
    where.span = mark->span == 0 ? 1 : mark->span;
    if (mark->line != 0) {
        find_line(mark->source, mark->line, &where.source, &where.source_length);
    }
    return where;
}

static struct diagnostic *complain(struct diagnostics *diagnostics, const struct tree_mark *mark, const char *message)
{
    struct diagnostic_where where = tree_where(mark);

    return diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message);
}

static struct tree_mark make_mark(const struct builder *builder, const struct fy_mark *start, const struct fy_mark *end)
{
    struct tree_mark mark = {.source = builder->source, .line = 1, .column = 1, .span = 1};

    if (start == NULL) {
        return mark;
    }
    mark.line = (unsigned)start->line + 1;
    mark.column = (unsigned)start->column + 1;
    if (end != NULL && end->line == start->line && end->column > start->column) {
        mark.span = (unsigned)(end->column - start->column);
    }
    if (mark.line == 1) {
        mark.column += builder->first_column;
    }
    return mark;
}

static struct tree_mark token_mark(const struct builder *builder, struct fy_token *token)
{
    if (token == NULL) {
        return builder->key != NULL ? builder->key_mark : make_mark(builder, NULL, NULL);
    }
    return make_mark(builder, fy_token_start_mark(token), fy_token_end_mark(token));
}

void tree_append(struct tree_node *parent, struct tree_node *child)
{
    child->parent = parent;
    child->next = NULL;
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->count++;
}

struct tree_node *tree_copy(struct scenario_arena *arena, const struct tree_node *node)
{
    struct tree_node *copy = scenario_arena_take(arena, 1, sizeof(*copy));

    *copy = *node;
    copy->parent = copy->first = copy->last = copy->next = NULL;
    copy->count = 0;
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        tree_append(copy, tree_copy(arena, child));
    }
    return copy;
}

void tree_remove(struct tree_node *child)
{
    struct tree_node *parent = child->parent;
    struct tree_node *previous = NULL;
    struct tree_node **link = &parent->first;

    while (*link != child) {
        previous = *link;
        link = &(*link)->next;
    }
    *link = child->next;
    if (parent->last == child) {
        parent->last = previous;
    }
    parent->count--;
    child->parent = NULL;
    child->next = NULL;
}

/* A new node in its place: below the innermost open one, or the root. NULL if it cannot stand there. */
static struct tree_node *add_node(struct builder *builder, enum tree_kind kind, const struct tree_mark *mark)
{
    struct tree_node *node;

    if (++builder->nodes > TREE_MAX_NODES) {
        complain(builder->diagnostics, mark, "E1004 the file has too many values");
        return NULL;
    }
    node = scenario_arena_take(builder->arena, 1, sizeof(*node));
    node->kind = kind;
    node->mark = *mark;
    if (builder->open == NULL) {
        builder->root = node;
        return node;
    }
    if (builder->open->kind == TREE_MAP) {
        node->key = builder->key;
        node->key_mark = builder->key_mark;
        builder->key = NULL;
    }
    tree_append(builder->open, node);
    return node;
}

static const char *copy_text(struct builder *builder, struct fy_token *token, const struct tree_mark *mark)
{
    size_t length = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &length);

    if (text == NULL) {
        length = 0;
        text = "";
    }
    if (memchr(text, '\0', length) != NULL) {
        complain(builder->diagnostics, mark, "E1002 a NUL character cannot stand in a value");
        return NULL;
    }
    return scenario_arena_copy(builder->arena, text, length);
}

static bool refuse_properties(struct builder *builder, struct fy_token *anchor, struct fy_token *tag)
{
    struct tree_mark mark;

    if (anchor != NULL) {
        mark = token_mark(builder, anchor);
        diagnostic_set_hint(
            complain(builder->diagnostics, &mark, "E1005 anchors and aliases (& and *) are not allowed"),
            "write the value out, or use `base:` for what files share");
        return false;
    }
    if (tag != NULL) {
        mark = token_mark(builder, tag);
        complain(builder->diagnostics, &mark, "E1005 tags (!) are not allowed: every key knows the type of its value");
        return false;
    }
    return true;
}

static bool is_quoted(struct fy_token *token)
{
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);

    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static bool on_scalar(struct builder *builder, const struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    struct tree_mark mark = token_mark(builder, token);
    struct tree_node *node;
    const char *text;

    if (!refuse_properties(builder, event->scalar.anchor, event->scalar.tag)) {
        return false;
    }
    if (is_quoted(token)) {
        /* The library's mark leaves the quotes out. */
        mark.column -= mark.column > 1 ? 1 : 0;
        mark.span += 2;
    }
    text = copy_text(builder, token, &mark);
    if (text == NULL) {
        return false;
    }
    if (builder->open != NULL && builder->open->kind == TREE_MAP && builder->key == NULL) {
        builder->key = text;
        builder->key_mark = mark;
        return true;
    }
    node = add_node(builder, TREE_SCALAR, &mark);
    if (node == NULL) {
        return false;
    }
    node->text = text;
    node->plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    return true;
}

static bool on_open(struct builder *builder, enum tree_kind kind, struct fy_token *token)
{
    struct tree_mark mark = token_mark(builder, token);
    struct tree_node *node;

    mark.span = 1;
    if (builder->open != NULL && builder->open->kind == TREE_MAP && builder->key == NULL) {
        complain(builder->diagnostics, &mark, "E1008 a key must be a plain name, not a map or a list");
        return false;
    }
    if (++builder->depth > TREE_MAX_DEPTH) {
        complain(builder->diagnostics, &mark, "E1004 maps and lists are nested too deeply");
        return false;
    }
    node = add_node(builder, kind, &mark);
    builder->open = node;
    return node != NULL;
}

static int compare_keys(const void *left, const void *right)
{
    const struct tree_node *a = *(const struct tree_node *const *)left;
    const struct tree_node *b = *(const struct tree_node *const *)right;
    int order = strcmp(a->key, b->key);

    if (order != 0) {
        return order;
    }
    if (a->key_mark.line != b->key_mark.line) {
        return a->key_mark.line < b->key_mark.line ? -1 : 1;
    }
    return a->key_mark.column < b->key_mark.column ? -1 : 1;
}

/* Reports every key of a map that was there before, and takes it out. */
static void check_duplicates(struct builder *builder, struct tree_node *map)
{
    struct tree_node **children;
    size_t count = 0;

    if (map->count < 2) {
        return;
    }
    children = scenario_arena_take(builder->arena, map->count, sizeof(struct tree_node *));
    for (struct tree_node *child = map->first; child != NULL; child = child->next) {
        children[count++] = child;
    }
    qsort(children, count, sizeof(struct tree_node *), compare_keys);
    for (size_t i = 1; i < count; i++) {
        struct diagnostic_where where = tree_where(&children[i]->key_mark);

        if (strcmp(children[i]->key, children[i - 1]->key) != 0) {
            continue;
        }
        diagnostics_add(builder->diagnostics, DIAGNOSTIC_ERROR, &where,
                        "E1006 key `%.60s` is written twice (first on line %u)", children[i]->key,
                        children[i - 1]->key_mark.line);
    }
}

static void on_close(struct builder *builder)
{
    struct tree_node *node = builder->open;

    if (node == NULL) {
        return;
    }
    if (node->kind == TREE_MAP) {
        check_duplicates(builder, node);
    }
    builder->open = node->parent;
    builder->depth--;
}

static bool on_alias(struct builder *builder, const struct fy_event *event)
{
    return refuse_properties(builder, event->alias.anchor, NULL) && false;
}

static bool on_document(struct builder *builder, const struct fy_event *event)
{
    struct tree_mark mark = token_mark(builder, event->document_start.document_start);

    if (++builder->documents > 1) {
        complain(builder->diagnostics, &mark, "E1007 a file holds one scenario: a second document starts here");
        return false;
    }
    return true;
}

static bool on_event(struct builder *builder, const struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return on_document(builder, event);
    case FYET_ALIAS:
        return on_alias(builder, event);
    case FYET_SCALAR:
        return on_scalar(builder, event);
    case FYET_MAPPING_START:
        return refuse_properties(builder, event->mapping_start.anchor, event->mapping_start.tag) &&
               on_open(builder, TREE_MAP, event->mapping_start.mapping_start);
    case FYET_SEQUENCE_START:
        return refuse_properties(builder, event->sequence_start.anchor, event->sequence_start.tag) &&
               on_open(builder, TREE_LIST, event->sequence_start.sequence_start);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        on_close(builder);
        return true;
    default:
        return true;
    }
}

static unsigned count_characters(const char *text, size_t length)
{
    unsigned count = 0;

    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xc0) == 0x80 ? 0 : 1;
    }
    return count;
}

/* What the parser itself found wrong. */
static void report_syntax(struct builder *builder, struct fy_diag *diag)
{
    struct fy_diag_error *error;
    void *iterator = NULL;
    size_t before = builder->diagnostics->error_count;

    while ((error = fy_diag_errors_iterate(diag, &iterator)) != NULL) {
        struct fy_mark place = {.line = error->line - 1, .column = error->column - 1};
        struct tree_mark mark;
        struct diagnostic_where where;
        struct diagnostic *entry;

        if (error->type != FYET_ERROR || error->msg == NULL) {
            continue;
        }
        mark = make_mark(builder, error->line > 0 && error->column > 0 ? &place : NULL, NULL);
        where = tree_where(&mark);
        while (where.source == NULL && mark.line > 1) {
            /* What is missing at the end of a text is missing behind its last line. */
            mark.line--;
            where = tree_where(&mark);
            where.column = count_characters(where.source, where.source_length) + 1;
        }
        entry =
            diagnostics_add(builder->diagnostics, DIAGNOSTIC_ERROR, &where, "E1001 not valid YAML: %.200s", error->msg);
        if (where.source != NULL && memchr(where.source, '>', where.source_length) != NULL) {
            diagnostic_set_hint(entry, "a value that starts with > must be quoted: \"> 5\"");
        }
    }
    if (builder->diagnostics->error_count == before) {
        struct tree_mark mark = {.source = builder->source};

        complain(builder->diagnostics, &mark, "E1001 not valid YAML");
    }
}

static void run_parser(struct builder *builder, struct fy_parser *parser, struct fy_diag *diag)
{
    struct fy_event *event;
    bool going = true;
    bool ended = false;

    while (going && (event = fy_parser_parse(parser)) != NULL) {
        ended = event->type == FYET_STREAM_END;
        going = on_event(builder, event);
        fy_parser_event_free(parser, event);
    }
    if (going && !ended) {
        report_syntax(builder, diag);
    }
}

static void parse_with_library(struct builder *builder, const char *text, size_t length)
{
    struct fy_diag_cfg diag_config = {0};
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2};
    struct fy_parser *parser;

    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.colorize = false;
    config.diag = fy_diag_create(&diag_config);
    if (config.diag != NULL) {
        fy_diag_set_collect_errors(config.diag, true);
    }
    parser = fy_parser_create(&config);
    if (config.diag == NULL || parser == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    if (fy_parser_set_string(parser, text, length) == 0) {
        run_parser(builder, parser, config.diag);
    } else {
        report_syntax(builder, config.diag);
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(config.diag);
}

/* Bytes of the UTF-8 sequence at text; 0 if it is none, or a character that YAML does not allow. */
static size_t character_bytes(const unsigned char *text, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? text[0] : text[0] & (0x7fu >> size);

    if ((text[0] >= 0x80 && text[0] < 0xc2) || text[0] > 0xf4 || size > length) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return 0;
    }
    if ((code < 0x20 && code != '\t' && code != '\n' && code != '\r') || (code >= 0x7f && code < 0xa0)) {
        return 0;
    }
    return size;
}

/* The library need not see bytes that are no text: they are refused here, with their place. */
bool tree_check_text(const struct tree_source *source, struct diagnostics *diagnostics)
{
    const unsigned char *text = (const unsigned char *)source->text;
    size_t length = source->length;
    struct tree_mark mark = {.source = source, .line = 1, .column = 1, .span = 1};
    size_t at = 0;

    if (length > TREE_MAX_BYTES) {
        mark.line = 0;
        complain(diagnostics, &mark, "E1004 the file is too large");
        return false;
    }
    while (at < length) {
        size_t size = character_bytes(text + at, length - at);

        if (size == 0) {
            char message[80];

            snprintf(message, sizeof(message), "E1002 byte 0x%02x does not belong in a text file in UTF-8", text[at]);
            complain(diagnostics, &mark, message);
            return false;
        }
        mark.column = text[at] == '\n' ? 1 : mark.column + 1;
        mark.line += text[at] == '\n' ? 1 : 0;
        at += size;
    }
    return true;
}

struct tree_node *tree_parse(struct scenario_arena *arena, const struct tree_source *source, size_t line_column,
                             struct diagnostics *diagnostics)
{
    struct builder builder = {.arena = arena, .source = source, .diagnostics = diagnostics};
    size_t before = diagnostics->error_count;
    struct tree_mark start = {.source = source};

    if (!tree_check_text(source, diagnostics)) {
        return NULL;
    }
    builder.first_column = count_characters(source->text, line_column);
    parse_with_library(&builder, source->text + line_column, source->length - line_column);
    if (diagnostics->error_count == before && builder.root == NULL) {
        complain(diagnostics, &start, "E1003 the file is empty");
    }
    return diagnostics->error_count == before ? builder.root : NULL;
}

struct tree_node *tree_find(const struct tree_node *map, const char *key)
{
    if (map == NULL || map->kind != TREE_MAP) {
        return NULL;
    }
    for (struct tree_node *child = map->first; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

bool tree_is_null(const struct tree_node *node)
{
    return node->kind == TREE_SCALAR && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *tree_kind_name(enum tree_kind kind)
{
    return kind == TREE_MAP ? "a map" : kind == TREE_LIST ? "a list" : "a single value";
}

const char *tree_path(struct scenario_arena *arena, const struct tree_node *node)
{
    const char *above;
    size_t position = 0;

    if (node->parent == NULL) {
        return "";
    }
    above = tree_path(arena, node->parent);
    if (node->parent->kind == TREE_MAP) {
        return scenario_arena_format(arena, "%s%s%s", above, above[0] == '\0' ? "" : ".", node->key);
    }
    for (const struct tree_node *child = node->parent->first; child != node; child = child->next) {
        position++;
    }
    return scenario_arena_format(arena, "%s%s%zu", above, above[0] == '\0' ? "" : ".", position);
}
