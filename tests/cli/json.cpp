#include "tests/cli/json.h"

#include <gtest/gtest.h>

namespace cli_test
{

Json document(const std::string &text)
{
    json_error_t error;
    Json parsed(json_loads(text.c_str(), JSON_REJECT_DUPLICATES, &error));

    EXPECT_NE(parsed, nullptr) << error.text << " in: " << text;
    return parsed;
}

std::string text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == nullptr ? "" : text;
}

long long integer_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

} // namespace cli_test
