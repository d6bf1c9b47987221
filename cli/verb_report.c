#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/folder.h"
#include "report/html.h"
#include "sim/allocate.h"
#include "sweep/document.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The results of a page. */
struct page {
    const struct cli_request *request;
    struct html_result *results;
    json_t **documents;
    size_t count;
};

static bool write_page(FILE *stream, const void *context)
{
    const struct page *page = context;

    return html_write(stream, page->results, page->count);
}

/** The page within a document, with what it is made of. */
static bool write_json(FILE *stream, const void *context)
{
    const struct page *page = context;
    json_t *document = cli_document(page->request, CLI_SCHEMA_REPORT, CLI_EXIT_OK, NULL);
    json_t *results = json_array();
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    bool written = memory != NULL && html_write(memory, page->results, page->count);

    for (size_t i = 0; i < page->count; i++) {
        const json_t *schema = json_object_get(page->documents[i], "schema");
        json_t *result = json_object();

        json_object_set_new(result, "name", cli_json_text(page->results[i].name));
        json_object_set_new(result, "schema",
                            json_is_string(schema) ? json_incref((json_t *)(uintptr_t)schema) : json_null());
        json_array_append_new(results, result);
    }
    if (memory != NULL) {
        fclose(memory);
    }
    json_object_set_new(document, "results", results);
    json_object_set_new(document, "page", cli_json_text(written ? text : ""));
    written = written && cli_document_write(stream, document);
    json_decref(document);
    free(text);
    return written;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static bool is_database(const char *text, size_t length)
{
    static const char magic[] = "SQLite format 3";

    return length >= sizeof(magic) && memcmp(text, magic, sizeof(magic)) == 0;
}

/** A sweep's database as a document; NULL with @p problem if that fails. */
static json_t *read_sweep(const struct cli_request *request, const char *path, struct cli_problem *problem)
{
    const struct query query = {.metrics = request->metrics, .metric_count = request->metric_count};
    struct store *store = store_open_existing(path, NULL);
    json_t *document = NULL;

    if (store_error(store) != NULL) {
        snprintf(problem->message, sizeof(problem->message), "%s", store_error(store));
    } else {
        document = sweep_document(store, &query, problem->message, sizeof(problem->message));
    }
    store_close(store);
    return document;
}

static json_t *read_result(const struct cli_request *request, const char *path, struct cli_problem *problem)
{
    char *text = cli_file_text(path);
    json_error_t error;
    json_t *document;
    bool is_empty;

    if (text == NULL) {
        snprintf(problem->message, sizeof(problem->message), "E0201 cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    if (is_database(text, strlen(text) + 1)) {
        free(text);
        return read_sweep(request, path, problem);
    }
    document = json_loads(text, 0, &error);
    is_empty = text[0] == '\0';
    free(text);
    if (is_empty) {
        snprintf(problem->message, sizeof(problem->message), "E0207 %s is empty", path);
    } else if (document == NULL) {
        snprintf(problem->message, sizeof(problem->message), "E0207 %s:%d:%d: %s", path, error.line, error.column,
                 error.text);
    } else if (!html_is_result(document)) {
        snprintf(problem->message, sizeof(problem->message), "E0207 %s is no result of run, check or sweep", path);
        json_decref(document);
        document = NULL;
    }
    if (document == NULL) {
        snprintf(problem->hint, sizeof(problem->hint), "write one with: doorbell run FILE --json -o RESULT");
    }
    return document;
}

int cli_verb_report(const struct cli_request *request)
{
    struct page page = {.request = request};
    struct cli_problem problem = {.hint = ""};
    int status = cli_emit_possible(request);

    page.results = sim_allocate(request->operand_count, sizeof(*page.results));
    page.documents = sim_allocate(request->operand_count, sizeof(*page.documents));
    while (page.count < request->operand_count && status == CLI_EXIT_OK) {
        const char *path = request->operands[page.count];

        page.documents[page.count] = read_result(request, path, &problem);
        page.results[page.count] = (struct html_result){name_of(path), page.documents[page.count]};
        if (page.documents[page.count] == NULL) {
            status = cli_fail(request, cli_fail_status(&problem), &problem);
            break;
        }
        page.count++;
    }
    if (status == CLI_EXIT_OK) {
        status = cli_emit(request, request->json ? write_json : write_page, &page);
    }
    for (size_t i = 0; i < page.count; i++) {
        json_decref(page.documents[i]);
    }
    free(page.documents);
    free(page.results);
    return status;
}
