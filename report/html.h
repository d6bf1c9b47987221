/*
 * Results as one page for a browser: self-contained, without scripts, whole under a policy that allows nothing from
 * anywhere. It follows the reader's choice of light or dark, fits a phone, and prints.
 *
 * It is made from the JSON documents of `doorbell run`, `doorbell check` and sweeps, so that results can be stored and
 * reported later.
 */
#ifndef DOORBELL_REPORT_HTML_H
#define DOORBELL_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One result. */
struct html_result {
    const char *name;       /**< what it is called on the page: the file's name */
    const json_t *document; /**< of a run, a check or a sweep */
};

/** Whether a document is one that a page can be made of. */
bool html_is_result(const json_t *document);

/**
 * Writes the page.
 * @param results array of @p count, each of which html_is_result() takes
 * @return whether everything was written
 */
bool html_write(FILE *stream, const struct html_result *results, size_t count);

#ifdef __cplusplus
}
#endif

#endif
