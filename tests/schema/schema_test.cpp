/*
 * The forms of documents: each has a JSON Schema whose version the program states, the schemas know every key, and
 * docs/formats-changelog.md has a line for each version, with a hash that fails this test when a schema changes alone.
 */
#include "cli/document.h"
#include "sweep/store.h"
#include "sweep/store_internal.h"
#include "tests/schema/pattern.h"
#include "tests/schema/validate.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>

namespace
{

const std::string source_dir = DOORBELL_SOURCE_DIR;

struct Release {
    void operator()(json_t *value) const
    {
        json_decref(value);
    }
};
using Json = std::unique_ptr<json_t, Release>;

std::string read(const std::string &path)
{
    std::ifstream stream(path, std::ios::binary);

    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string file_of(const std::string &form)
{
    return source_dir + "/cli/schemas/" + form.substr(0, form.find('/')) + ".schema.json";
}

/* FNV-1a, 64 bits. */
std::string hash_of(const std::string &text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char digits[17];

    for (const char byte : text) {
        hash = (hash ^ static_cast<uint8_t>(byte)) * UINT64_C(0x100000001b3);
    }
    snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(hash));
    return digits;
}

std::vector<std::string> forms()
{
    std::vector<std::string> names;

    for (int i = 0; i < CLI_SCHEMAS; i++) {
        names.emplace_back(cli_schema_name(static_cast<enum cli_schema>(i)));
    }
    return names;
}

TEST(Schemas, AreThoseOfTheProgram)
{
    std::set<std::string> stated;
    std::set<std::string> kept;

    for (const std::string &form : forms()) {
        stated.insert(file_of(form));
        const Json schema(json_loads(read(file_of(form)).c_str(), JSON_REJECT_DUPLICATES, nullptr));
        ASSERT_NE(schema, nullptr) << file_of(form);
        const json_t *constant =
            json_object_get(json_object_get(json_object_get(schema.get(), "properties"), "schema"), "const");
        EXPECT_EQ(json_string_value(constant), form);
    }
    for (const auto &entry : std::filesystem::directory_iterator(source_dir + "/cli/schemas")) {
        kept.insert(entry.path().string());
    }
    EXPECT_EQ(stated, kept);
}

/* Every object of a schema says which keys it has: a new key is a new version, never a surprise. */
void expect_closed(const json_t *schema, const std::string &place, bool open)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *key;
    json_t *member;

    if (properties != nullptr) {
        EXPECT_TRUE(json_is_false(json_object_get(schema, "additionalProperties"))) << place;
    } else if (!open && json_equal(json_object_get(schema, "type"), Json(json_string("object")).get()) != 0) {
        EXPECT_TRUE(json_is_object(json_object_get(schema, "additionalProperties"))) << place;
    }
    json_object_foreach(const_cast<json_t *>(properties), key, member)
    {
        /* What show prints is a scenario, which has a schema of its own. */
        const bool scenario = place == "show" && (strcmp(key, "scenario") == 0 || strcmp(key, "defaults") == 0);
        expect_closed(member, place + "." + key, scenario);
    }
    for (const char *inside : {"items", "additionalProperties"}) {
        if (json_is_object(json_object_get(schema, inside))) {
            expect_closed(json_object_get(schema, inside), place + "[]", false);
        }
    }
    json_object_foreach(json_object_get(schema, "$defs"), key, member)
    {
        expect_closed(member, place + "#" + key, false);
    }
}

TEST(Schemas, ForbidUnknownKeys)
{
    for (const std::string &form : forms()) {
        const Json schema(json_loads(read(file_of(form)).c_str(), 0, nullptr));
        expect_closed(schema.get(), form.substr(0, form.find('/')), false);
    }
}

/* form/version -> hash, of the tables in the changelog. */
std::map<std::string, std::string> changelog()
{
    const std::string text = read(source_dir + "/docs/formats-changelog.md");
    const std::string row = "\\| `([a-z]+/[0-9]+)` \\| `([0-9a-f]{16})` \\| [^|\n]+ \\|";
    std::map<std::string, std::string> rows;

    for (const schema_test::Fit &fit : schema_test::fits(text, row)) {
        EXPECT_TRUE(rows.emplace(fit.parts[1], fit.parts[2]).second) << fit.parts[1] << " is there twice";
    }
    return rows;
}

void expect_logged(const std::map<std::string, std::string> &rows, const std::string &form, const std::string &content)
{
    const std::string name = form.substr(0, form.find('/') + 1);
    const int version = std::stoi(form.substr(name.size()));

    for (int i = 1; i <= version; i++) {
        EXPECT_EQ(rows.count(name + std::to_string(i)), 1u) << name << i << " has no line";
    }
    EXPECT_EQ(rows.count(name + std::to_string(version + 1)), 0u) << "a version that there is not yet";
    if (rows.count(form) != 0) {
        EXPECT_EQ(rows.at(form), hash_of(content))
            << form
            << " has changed: raise its version (cli/document.c or sweep/store.h, and the schema), and add a line";
    }
}

TEST(Changelog, HasEveryVersionOfEveryForm)
{
    const std::map<std::string, std::string> rows = changelog();

    for (const std::string &form : forms()) {
        expect_logged(rows, form, read(file_of(form)));
    }
    expect_logged(rows, "database/" + std::to_string(STORE_SCHEMA), store_tables);
    EXPECT_STREQ(STORE_SCHEMA_TEXT, std::to_string(STORE_SCHEMA).c_str());
}

/* ---- The validator itself ---- */

std::vector<std::string> judge(const char *schema, const char *value)
{
    const Json parsed(json_loads(schema, 0, nullptr));
    const Json document(json_loads(value, JSON_DECODE_ANY, nullptr));

    return schema_test::validate(parsed.get(), document.get());
}

TEST(Validator, FindsWhatIsWrongAndWhere)
{
    const char *schema = R"({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
        "a": {"type": ["integer", "null"], "minimum": 0}, "b": {"type": "array", "items": {"$ref": "#/$defs/b"}},
        "c": {"enum": ["x", "y"]}, "d": {"anyOf": [{"type": "string", "pattern": "^E[0-9]$"}, {"const": 7}]},
        "e": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "f": {"type": "array", "prefixItems": [{"type": "string"}], "minItems": 1, "maxItems": 2}},
        "$defs": {"b": {"type": "number"}}})";
    const std::vector<std::pair<const char *, size_t>> cases = {
        {R"({"a": 1, "b": [1, 2.5], "c": "x", "d": "E1", "e": {"z": true}, "f": ["t", 3]})", 0},
        {R"({"a": null, "d": 7})", 0},
        {R"({})", 1},
        {R"({"a": "1"})", 1},
        {R"({"a": -1})", 1},
        {R"({"a": 1, "z": 1})", 1},
        {R"({"a": 1, "b": [1, "2"]})", 1},
        {R"({"a": 1, "c": "z"})", 1},
        {R"({"a": 1, "d": "E12"})", 1},
        {R"({"a": 1, "e": {"z": 1}})", 1},
        {R"({"a": 1, "f": []})", 1},
        {R"({"a": 1, "f": [1]})", 1},
        {R"({"a": 1, "f": ["t", 1, 2]})", 1},
        {R"([])", 1},
    };

    for (const auto &[value, errors] : cases) {
        EXPECT_EQ(judge(schema, value).size(), errors) << value;
    }
    EXPECT_EQ(judge(schema, R"({"a": 1, "b": [1, "2"]})"), std::vector<std::string>{"$.b[1]: of the wrong type"});
    EXPECT_EQ(judge(R"({"typ": "object"})", "{}").size(), 1u) << "a keyword that does nothing";
}

TEST(Validator, WantsASchemaThatIsThere)
{
    const Json none(json_loads(R"({"doorbell": "0.1.0"})", 0, nullptr));
    const Json unknown(json_loads(R"({"doorbell": "0.1.0", "schema": "nothing/1"})", 0, nullptr));

    EXPECT_EQ(schema_test::validate_document(none.get()).size(), 1u);
    EXPECT_EQ(schema_test::validate_document(unknown.get()).size(), 1u);
}

} // namespace
