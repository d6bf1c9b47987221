#include "cli/failure.h"

#include "cli/document.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Sets a key to a text, or leaves it out if there is none. */
static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(object, key, cli_json_text(text));
    }
}

static json_t *diagnostic_document(const struct diagnostic *item)
{
    json_t *object = json_object();

    set_text(object, "severity", item->severity == DIAGNOSTIC_ERROR ? "error" : "warning");
    set_text(object, "code", item->code);
    set_text(object, "file", item->file);
    if (item->line != 0) {
        json_object_set_new(object, "line", json_integer((json_int_t)item->line));
    }
    if (item->column != 0) {
        json_object_set_new(object, "column", json_integer((json_int_t)item->column));
    }
    set_text(object, "message", item->message);
    set_text(object, "hint", item->hint);
    return object;
}

/** Prints the document. A failure to write it changes no exit status: that tells of a failure already. */
static void print_document(const struct cli_request *request, int status, const char *message, const char *hint,
                           const char *code, const struct diagnostics *diagnostics)
{
    json_t *body = json_object();
    json_t *list = json_array();
    json_t *document;

    set_text(body, "error", message);
    set_text(body, "code", code);
    set_text(body, "hint", hint);
    for (size_t i = 0; diagnostics != NULL && i < diagnostics->count; i++) {
        json_array_append_new(list, diagnostic_document(&diagnostics->items[i]));
    }
    json_object_set_new(body, "diagnostics", list);
    document = cli_document(request, CLI_SCHEMA_FAILURE, status, body);
    cli_document_write(stdout, document);
    fflush(stdout);
    json_decref(document);
}

int cli_fail(const struct cli_request *request, int status, const struct cli_problem *problem)
{
    char code[ERROR_CODE_SIZE];
    const char *message = error_code_split(problem->message, code);

    if (code[0] == '\0') {
        fprintf(stderr, "doorbell: error: %s", message);
    } else {
        fprintf(stderr, "doorbell: error[%s]: %s", code, message);
    }
    if (problem->hint[0] != '\0') {
        fprintf(stderr, "; %s", problem->hint);
    }
    fputc('\n', stderr);
    if (request->json) {
        print_document(request, status, message, problem->hint, code, NULL);
    }
    return status;
}

int cli_fail_status(const struct cli_problem *problem)
{
    /* Files that cannot be read or written, memory, engine, program, other sweep, worker; databases; sbatch. */
    static const char *const codes[] = {"E0201", "E0202", "E0203", "E0204", "E0205", "E0208",
                                        "E0209", "E0403", "E0404", "E0405", "E0409", "E0410"};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strncmp(problem->message, codes[i], strlen(codes[i])) == 0) {
            return CLI_EXIT_ENVIRONMENT;
        }
    }
    return CLI_EXIT_USAGE;
}

int cli_fail_diagnostics(const struct cli_request *request, const struct diagnostics *diagnostics)
{
    int status = diagnostics->environment_failed ? CLI_EXIT_ENVIRONMENT : CLI_EXIT_USAGE;

    diagnostics_print(stderr, diagnostics);
    if (request->json) {
        char message[64];

        snprintf(message, sizeof(message), diagnostics->environment_failed ? "a file cannot be read" : "%zu error%s",
                 diagnostics->error_count, diagnostics->error_count == 1 ? "" : "s");
        print_document(request, status, message, NULL, NULL, diagnostics);
    }
    return status;
}

void cli_fail_panic(void *request, const char *message)
{
    struct cli_problem problem = {.hint = ""};

    snprintf(problem.message, sizeof(problem.message), "E0302 the simulator is broken: %s", message);
    cli_fail(request, CLI_EXIT_ABNORMAL, &problem);
    fflush(NULL);
    _exit(CLI_EXIT_ABNORMAL);
}
