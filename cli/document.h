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

/** A text as JSON, a new reference. A file's name may hold bytes that are no UTF-8; in JSON they become '?'. */
json_t *cli_json_text(const char *text);

/**
 * The beginning of every document: "doorbell" (version), "command" (verb) and "file" where known, "exit-status".
 * @param body its members follow; the reference is taken over; NULL for none
 * @return a new reference
 */
json_t *cli_document(const struct cli_request *request, int status, json_t *body);

/** Writes a document, indented, with a newline at the end. @return whether it was written */
bool cli_document_write(FILE *stream, const json_t *document);

#ifdef __cplusplus
}
#endif

#endif
