/*
 * A key of the scenario file in words, as the tables of docs/scenario-format.md and `doorbell params` have them:
 * Markdown, with backquotes round what a file would hold.
 */
#ifndef DOORBELL_SCENARIO_SCHEMA_KEY_TEXT_H
#define DOORBELL_SCENARIO_SCHEMA_KEY_TEXT_H

#include "scenario/schema/keys.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The type of the value: its name and unit, its choices, or where the map or list is described. */
void key_text_type(FILE *stream, const struct scenario_key *key);

/** The default and its source; "required"; how the default is found; or nothing. */
void key_text_default(FILE *stream, const struct scenario_key *key);

/** The range and grid of the value, or nothing. */
void key_text_range(FILE *stream, const struct scenario_key *key);

#ifdef __cplusplus
}
#endif

#endif
