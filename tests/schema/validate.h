/*
 * Validates JSON documents against JSON Schemas, as far as ours use the language (draft 2020-12): type, const, enum,
 * properties, required, additionalProperties, items, prefixItems, minItems, maxItems, pattern, minimum, anyOf, $ref to
 * #/$defs. A keyword that is not known is an error, so that nothing in a schema is silently without effect.
 */
#ifndef DOORBELL_TESTS_SCHEMA_VALIDATE_H
#define DOORBELL_TESTS_SCHEMA_VALIDATE_H

#include <jansson.h>
#include <string>
#include <vector>

namespace schema_test
{

/** What is wrong with a value, each with its place ("$.devices[3].name: ..."); empty if nothing is. */
std::vector<std::string> validate(const json_t *schema, const json_t *value);

/**
 * Validates a document of the command against the schema that it names ("run/1"), from the source tree.
 * @return as validate()
 */
std::vector<std::string> validate_document(const json_t *document);

} // namespace schema_test

#endif
