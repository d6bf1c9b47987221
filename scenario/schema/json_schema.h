/*
 * The JSON Schema of a scenario file, generated from the key tables, for editors that complete and check as one types.
 * The copy in the repository is doorbell.schema.json; a test holds it against this.
 */
#ifndef DOORBELL_SCENARIO_SCHEMA_JSON_SCHEMA_H
#define DOORBELL_SCENARIO_SCHEMA_JSON_SCHEMA_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The schema (JSON Schema 2020-12) as text that ends with a newline; to be released with free(). NULL: out of memory.
 */
char *json_schema_text(void);

#ifdef __cplusplus
}
#endif

#endif
