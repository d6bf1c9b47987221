/* Reading what the command printed as JSON. */
#ifndef DOORBELL_TESTS_CLI_JSON_H
#define DOORBELL_TESTS_CLI_JSON_H

#include <jansson.h>
#include <memory>
#include <string>

namespace cli_test
{

struct JsonFree {
    void operator()(json_t *value) const
    {
        json_decref(value);
    }
};

using Json = std::unique_ptr<json_t, JsonFree>;

/** The one document that a text must be; nothing may stand before or behind it. NULL, and a failed test, otherwise. */
Json document(const std::string &text);

/** A member's text; empty if there is none. */
std::string text_of(const json_t *object, const char *key);

/** A member's integer; -1 if there is none. */
long long integer_of(const json_t *object, const char *key);

} // namespace cli_test

#endif
