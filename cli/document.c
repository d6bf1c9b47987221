#include "cli/document.h"

#include <stdlib.h>
#include <string.h>

/* Form and version. A change of a form: the next number here and in its JSON Schema, and a line in the changelog. */
static const char *const schemas[CLI_SCHEMAS] = {
    [CLI_SCHEMA_BOARD] = "board/1",
    [CLI_SCHEMA_BOTTLENECK] = "bottleneck/3",
    [CLI_SCHEMA_CALIBRATION] = "calibration/1",
    [CLI_SCHEMA_CHECK] = "check/2",
    [CLI_SCHEMA_COMPARISON] = "comparison/2",
    [CLI_SCHEMA_EXPLORATION] = "exploration/3",
    [CLI_SCHEMA_FAILURE] = "failure/1",
    [CLI_SCHEMA_GOLDEN] = "golden/1",
    [CLI_SCHEMA_IMPORT] = "import/1",
    [CLI_SCHEMA_PARAMETERS] = "parameters/1",
    [CLI_SCHEMA_REPLAY] = "replay/1",
    [CLI_SCHEMA_REPORT] = "report/1",
    [CLI_SCHEMA_ROWS] = "rows/2",
    [CLI_SCHEMA_RUN] = "run/1",
    [CLI_SCHEMA_SHOW] = "show/1",
    [CLI_SCHEMA_STATUS] = "status/1",
    [CLI_SCHEMA_STORY] = "story/2",
    [CLI_SCHEMA_SUBMISSION] = "submission/1",
    [CLI_SCHEMA_SWEEP] = "sweep/2",
    [CLI_SCHEMA_TOPOLOGY] = "topology/1",
};

const char *cli_schema_name(enum cli_schema schema)
{
    return schemas[schema];
}

json_t *cli_json_text(const char *text)
{
    json_t *value = json_string(text);
    char *plain;

    if (value != NULL) {
        return value;
    }
    plain = strdup(text);
    for (char *byte = plain; byte != NULL && *byte != '\0'; byte++) {
        if ((unsigned char)*byte >= 0x80) {
            *byte = '?';
        }
    }
    value = json_string(plain);
    free(plain);
    return value;
}

/** Whether the operand is a file: not so with verbs that take a word. */
static bool names_file(const struct cli_request *request)
{
    const char *operand = request->verb < CLI_VERBS ? cli_verb_table[request->verb].operand : NULL;

    if (request->verb == CLI_VERB_EXPLAIN && request->second == NULL) {
        return false; /* an error's code */
    }
    return operand == NULL || strcmp(operand, "[WORD]") != 0;
}

json_t *cli_document(const struct cli_request *request, enum cli_schema schema, int status, json_t *body)
{
    json_t *document = json_object();

    json_object_set_new(document, "doorbell", json_string(DOORBELL_VERSION));
    json_object_set_new(document, "schema", json_string(cli_schema_name(schema)));
    if (request->verb < CLI_VERBS) {
        json_object_set_new(document, "command", json_string(cli_verb_table[request->verb].name));
    }
    if (request->operand != NULL && names_file(request)) {
        json_object_set_new(document, "file", cli_json_text(request->operand));
    }
    json_object_set_new(document, "exit-status", json_integer(status));
    if (body != NULL) {
        json_object_update(document, body);
        json_decref(body);
    }
    return document;
}

bool cli_document_write(FILE *stream, const json_t *document)
{
    return json_dumpf(document, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF;
}
