#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/verbs.h"
#include "scenario/schema/key_text.h"
#include "scenario/schema/params.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/** The texts of one parameter, without the marks of Markdown. Each is to be freed. */
struct words {
    char *type;
    char *standard;
    char *range;
    char *meaning;
};

struct listing {
    const char *wanted; /**< NULL: all */
    FILE *stream;       /**< for text */
    json_t *list;       /**< for JSON; NULL for text */
    size_t count;
};

static char *without_backquotes(char *text)
{
    char *to = text;

    for (const char *from = text; text != NULL && *from != '\0'; from++) {
        if (*from != '`') {
            *to++ = *from;
        }
    }
    if (text != NULL) {
        *to = '\0';
    }
    return text;
}

static char *written(void (*write)(FILE *, const struct scenario_key *), const struct scenario_key *key)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return NULL;
    }
    write(stream, key);
    fclose(stream);
    return without_backquotes(text);
}

static bool describe(const struct scenario_key *key, struct words *words)
{
    words->type = written(key_text_type, key);
    words->standard = written(key_text_default, key);
    words->range = written(key_text_range, key);
    words->meaning = without_backquotes(strdup(key->doc));
    return words->type != NULL && words->standard != NULL && words->range != NULL && words->meaning != NULL;
}

static void release(struct words *words)
{
    free(words->type);
    free(words->standard);
    free(words->range);
    free(words->meaning);
}

static void print_text(FILE *stream, const char *path, const struct words *words)
{
    fprintf(stream, "%s\n    %s", path, words->type);
    if (words->standard[0] != '\0') {
        fprintf(stream, "; %s%s", strcmp(words->standard, "required") == 0 ? "" : "default ", words->standard);
    }
    if (words->range[0] != '\0') {
        fprintf(stream, "; %s", words->range);
    }
    fprintf(stream, "\n    %s\n", words->meaning);
}

static void append_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(object, name, cli_json_text(text));
    }
}

static json_t *as_json(const char *path, const struct scenario_key *key, const struct words *words)
{
    json_t *object = json_object();

    append_text(object, "path", path);
    append_text(object, "value", words->type);
    append_text(object, "default", key->standard);
    append_text(object, "default-rule", key->automatic);
    append_text(object, "source", key->source);
    append_text(object, "unit", key->unit_name);
    append_text(object, "minimum", key->minimum);
    append_text(object, "maximum", key->maximum);
    append_text(object, "needs", key->needs);
    append_text(object, "meaning", words->meaning);
    json_object_set_new(object, "required", json_boolean(key->required));
    if (key->choices != NULL) {
        json_t *choices = json_array();

        for (const char *const *choice = key->choices; *choice != NULL; choice++) {
            json_array_append_new(choices, json_string(*choice));
        }
        json_object_set_new(object, "choices", choices);
    }
    return object;
}

static bool list_param(void *context, const char *path, const struct scenario_key *key)
{
    struct listing *listing = context;
    struct words words;
    bool described;

    if (listing->wanted != NULL && strstr(path, listing->wanted) == NULL && strstr(key->doc, listing->wanted) == NULL) {
        return true;
    }
    described = describe(key, &words);
    if (described && listing->list != NULL) {
        json_array_append_new(listing->list, as_json(path, key, &words));
    } else if (described) {
        print_text(listing->stream, path, &words);
    }
    release(&words);
    listing->count++;
    return described;
}

static bool write_text(FILE *stream, const void *context)
{
    const struct cli_request *request = context;
    struct listing listing = {.wanted = request->operand, .stream = stream};

    return params_visit(list_param, &listing) && !ferror(stream);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct cli_request *request = context;
    struct listing listing = {.wanted = request->operand, .list = json_array()};
    const bool listed = params_visit(list_param, &listing);
    json_t *document =
        cli_document(request, CLI_SCHEMA_PARAMETERS, CLI_EXIT_OK, json_pack("{s:o}", "parameters", listing.list));
    const bool done = listed && cli_document_write(stream, document);

    json_decref(document);
    return done;
}

static bool matches(void *context, const char *path, const struct scenario_key *key)
{
    const char *wanted = context;

    return strstr(path, wanted) == NULL && strstr(key->doc, wanted) == NULL; /* ends the visit at a match */
}

int cli_verb_params(const struct cli_request *request)
{
    if (request->operand != NULL && params_visit(matches, (void *)(uintptr_t)request->operand)) {
        struct cli_problem problem = {.hint = "'doorbell params' lists them all"};

        snprintf(problem.message, sizeof(problem.message), "E0108 no parameter has '%s' in its path or meaning",
                 request->operand);
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    return cli_emit(request, request->json ? write_json : write_text, request);
}
