#include "cli/explain_code.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "result/error_code.h"
#include "scenario/codes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_list(FILE *stream, const void *context)
{
    (void)context;
    return error_code_list(stream);
}

static bool write_story(FILE *stream, const void *context)
{
    return error_code_tell(stream, context);
}

/** What a writer of a document needs: one code, or all. */
struct told_codes {
    const struct cli_request *request;
    const struct error_code *one; /**< NULL: all */
};

static json_t *code_json(const struct error_code *code)
{
    json_t *object = json_object();
    const bool shown = code->shown != ERROR_CODE_UNSHOWN;
    char *wrong = error_code_example(code, code->wrong);
    char *right = error_code_example(code, code->right);

    json_object_set_new(object, "code", json_string(code->code));
    json_object_set_new(object, "title", cli_json_text(code->title));
    json_object_set_new(object, "explanation", cli_json_text(code->explanation));
    json_object_set_new(object, "wrong", shown ? cli_json_text(wrong) : json_null());
    json_object_set_new(object, "right", shown && code->right[0] != '\0' ? cli_json_text(right) : json_null());
    free(wrong);
    free(right);
    return object;
}

static bool write_json(FILE *stream, const void *context)
{
    const struct told_codes *told = context;
    json_t *document = cli_document(told->request, CLI_SCHEMA_STORY, CLI_EXIT_OK, NULL);
    json_t *list = json_array();
    size_t count;
    const struct error_code_group *const *groups = error_code_groups(&count);
    bool written;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            if (told->one == NULL || told->one == &groups[i]->codes[j]) {
                json_array_append_new(list, code_json(&groups[i]->codes[j]));
            }
        }
    }
    json_object_set_new(document, "errors", list);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** Whether a word has the form of a code: an E, in either case, and digits. */
static bool is_code(const char *word)
{
    return toupper((unsigned char)word[0]) == 'E' && word[1] != '\0' &&
           word[1 + strspn(word + 1, "0123456789")] == '\0';
}

/** The code whose number is nearest. */
static const struct error_code *nearest(const char *word)
{
    const long number = strtol(word + 1, NULL, 10);
    const struct error_code *found = NULL;
    long least = 0;
    size_t count;
    const struct error_code_group *const *groups = error_code_groups(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            const long away = labs(strtol(groups[i]->codes[j].code + 1, NULL, 10) - number);

            if (found == NULL || away < least) {
                found = &groups[i]->codes[j];
                least = away;
            }
        }
    }
    return found;
}

int cli_explain_code(const struct cli_request *request)
{
    struct cli_problem problem = {.hint =
                                      "an error's code ('doorbell explain codes' lists them), or a FILE and a PACKET "
                                      "or VERDICT"};
    struct told_codes told = {.request = request};
    const char *word = request->operand;

    if (strcmp(word, "codes") == 0) {
        return request->json ? cli_emit(request, write_json, &told) : cli_emit(request, write_list, NULL);
    }
    if (!is_code(word)) {
        snprintf(problem.message, sizeof(problem.message), "E0106 'doorbell explain %.500s': what is to be told?",
                 word);
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (error_code_find(word) != NULL) {
        told.one = error_code_find(word);
        return request->json ? cli_emit(request, write_json, &told) : cli_emit(request, write_story, told.one);
    }
    snprintf(problem.message, sizeof(problem.message), "E0109 there is no error %.500s", word);
    snprintf(problem.hint, sizeof(problem.hint), "the nearest is %s, %s", nearest(word)->code, nearest(word)->title);
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}
