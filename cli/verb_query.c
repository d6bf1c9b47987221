#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/rows.h"
#include "cli/suggest.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the writer needs. */
struct answer {
    const struct cli_request *request;
    const char *question;
    struct query_table table;
    enum cli_format format;
};

static bool write_answer(FILE *stream, const void *context)
{
    const struct answer *answer = context;

    return cli_rows_write(stream, &answer->table, answer->format);
}

/** The rows in one document: what lines of JSON have no room for is around them. */
static bool write_json(FILE *stream, const void *context)
{
    const struct answer *answer = context;
    json_t *document = cli_document(answer->request, CLI_SCHEMA_ROWS, CLI_EXIT_OK, NULL);
    json_t *columns = json_array();
    bool written;

    for (size_t i = 0; i < answer->table.columns; i++) {
        json_array_append_new(columns, cli_json_text(answer->table.keys[i]));
    }
    json_object_set_new(document, "question", cli_json_text(answer->question));
    json_object_set_new(document, "columns", columns);
    json_object_set_new(document, "rows", cli_rows_json(&answer->table));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

static void hint(const char *question, struct cli_problem *problem)
{
    size_t count = 0;
    const char *nearest;

    while (query_questions[count] != NULL) {
        if (strcmp(query_questions[count], question) == 0) {
            return;
        }
        count++;
    }
    nearest = cli_suggest(question, query_questions, count);
    if (nearest != NULL) {
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s'?", nearest);
    } else {
        snprintf(problem->hint, sizeof(problem->hint),
                 "there are points, worst, best, pareto, failed, verdicts, metrics, hops, and SELECT ... in SQL");
    }
}

/** Tells where in the statement a mistake is. */
static int fail_at(const struct cli_request *request, const char *question, size_t offset, const char *message)
{
    struct diagnostic_where where = {.file = "QUESTION", .line = 1, .column = 1, .span = 1, .source = question};
    struct diagnostics diagnostics;
    int status;

    for (size_t i = 0; i < offset; i++) {
        if (question[i] == '\n') {
            where.line++;
            where.source = &question[i + 1];
            where.column = 1;
        } else {
            where.column += ((unsigned char)question[i] & 0xc0) != 0x80;
        }
    }
    where.source_length = strcspn(where.source, "\n");
    memset(&diagnostics, 0, sizeof(diagnostics));
    diagnostic_set_hint(diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message),
                        "one SELECT ... or WITH ... over the tables of docs/sweep.md");
    status = cli_fail_diagnostics(request, &diagnostics);
    diagnostics_clear(&diagnostics);
    return status;
}

/** The nearest of what a column of the database's metrics holds, as a hint. */
static void hint_nearest(struct store *store, const char *sql, const char *word, struct cli_problem *problem)
{
    const struct query query = {.question = sql};
    struct query_table table = {.names = NULL};
    const char **names = NULL;
    const char *nearest = NULL;
    char why[256];

    if (query_ask(store, &query, &table, why, sizeof(why)) && table.rows > 0) {
        names = sim_allocate(table.rows, sizeof(*names));
        for (size_t i = 0; i < table.rows; i++) {
            names[i] = table.cells[i].text == NULL ? "" : table.cells[i].text;
        }
        nearest = cli_suggest(word, names, table.rows);
    }
    if (nearest != NULL && strcmp(nearest, word) != 0) {
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s'?", nearest);
    }
    free((void *)names);
    query_table_clear(&table);
}

/** What is near a metric or a device that no run has. */
static void hint_metric(struct store *store, const struct query *query, struct cli_problem *problem)
{
    if (query->device != NULL) {
        hint_nearest(store, "SELECT DISTINCT device FROM metrics WHERE device <> ''", query->device, problem);
    }
    for (size_t i = 0; i < query->metric_count && problem->hint[0] == '\0'; i++) {
        hint_nearest(store, "SELECT DISTINCT metric FROM metrics", query->metrics[i], problem);
    }
}

/** Tells why a question was not answered. */
static int refuse(const struct cli_request *request, const struct query *query, struct store *store,
                  struct cli_problem *problem)
{
    if (store_error_offset(store) != STORE_NO_OFFSET) {
        return fail_at(request, query->question, store_error_offset(store), problem->message);
    }
    if (strncmp(problem->message, "E0406", 5) == 0) {
        hint(query->question, problem);
    } else if (store_error(store) == NULL) {
        hint_metric(store, query, problem);
    }
    return cli_fail(request, cli_fail_status(problem), problem);
}

int cli_verb_query(const struct cli_request *request)
{
    const struct query query = {.question = request->second == NULL ? "points" : request->second,
                                .metrics = request->metrics,
                                .metric_count = request->metric_count,
                                .device = request->device};
    struct answer answer = {.request = request, .question = query.question, .format = request->format};
    struct cli_problem problem = {.hint = ""};
    struct store *store;
    int status = cli_emit_possible(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    store = store_open_existing(request->operand, NULL);
    if (store_error(store) != NULL) {
        snprintf(problem.message, sizeof(problem.message), "%s", store_error(store));
        status = cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    } else if (!query_ask(store, &query, &answer.table, problem.message, sizeof(problem.message))) {
        status = refuse(request, &query, store, &problem);
    } else {
        status = cli_emit(request, request->json ? write_json : write_answer, &answer);
    }
    query_table_clear(&answer.table);
    store_close(store);
    return status;
}
