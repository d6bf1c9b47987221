/* The JSON documents of all verbs: what they have in common. */
#ifndef DOORBELL_CLI_DOCUMENT_H
#define DOORBELL_CLI_DOCUMENT_H

#include "cli/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The forms that documents have, each with a JSON Schema of its name in cli/schemas and a version in document.c. A
 * change to a form is a new version, and a line in docs/formats-changelog.md.
 */
enum cli_schema {
    CLI_SCHEMA_BOARD, /**< check, of a device tree */
    CLI_SCHEMA_BOTTLENECK,
    CLI_SCHEMA_CALIBRATION,
    CLI_SCHEMA_CHECK, /**< check, of a scenario */
    CLI_SCHEMA_COMPARISON,
    CLI_SCHEMA_EXPLORATION,
    CLI_SCHEMA_FAILURE, /**< of every verb, when nothing came of it */
    CLI_SCHEMA_GOLDEN,
    CLI_SCHEMA_IMPORT,
    CLI_SCHEMA_PARAMETERS,
    CLI_SCHEMA_REPLAY,
    CLI_SCHEMA_REPORT,
    CLI_SCHEMA_ROWS, /**< query */
    CLI_SCHEMA_RUN,
    CLI_SCHEMA_SHOW,
    CLI_SCHEMA_STATUS,     /**< sweep status */
    CLI_SCHEMA_STORY,      /**< explain */
    CLI_SCHEMA_SUBMISSION, /**< sweep submit */
    CLI_SCHEMA_SWEEP,
    CLI_SCHEMA_TOPOLOGY,
    CLI_SCHEMAS /**< how many there are */
};

/** The name and version of a form, as documents have it: "run/1". Static storage. */
const char *cli_schema_name(enum cli_schema schema);

/** A text as JSON, a new reference. A file's name may hold bytes that are no UTF-8; in JSON they become '?'. */
json_t *cli_json_text(const char *text);

/**
 * The beginning of every document: "doorbell" (version), "schema" (its form), "command" (verb) and "file" where known,
 * "exit-status".
 * @param body its members follow; the reference is taken over; NULL for none
 * @return a new reference
 */
json_t *cli_document(const struct cli_request *request, enum cli_schema schema, int status, json_t *body);

/** Writes a document, indented, with a newline at the end. @return whether it was written */
bool cli_document_write(FILE *stream, const json_t *document);

#ifdef __cplusplus
}
#endif

#endif
