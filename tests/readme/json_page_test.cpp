/* docs/json.md: every key of every schema is on the page, and what it shows is what the command prints. */
#include "tests/cli/process.h"
#include "tests/schema/pattern.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <jansson.h>

namespace
{

const std::string source = DOORBELL_SOURCE_DIR;

std::string read(const std::string &path)
{
    std::ifstream stream(path, std::ios::binary);

    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/* The words that a page writes as code: `msi.lost` is msi and lost. */
std::set<std::string> words_of(const std::string &page)
{
    std::set<std::string> words;

    for (const schema_test::Fit &code : schema_test::fits(page, "`([^`\n]+)`")) {
        for (const schema_test::Fit &word : schema_test::fits(code.parts[1], "p?[0-9]+\\.[0-9a-z-]+|[A-Za-z0-9-]+")) {
            words.insert(word.parts[0]);
        }
    }
    return words;
}

void expect_keys(const json_t *schema, const std::string &form, const std::set<std::string> &words)
{
    const char *key;
    json_t *member;

    json_object_foreach(json_object_get(schema, "properties"), key, member)
    {
        EXPECT_EQ(words.count(key), 1u) << form << ": " << key;
        expect_keys(member, form, words);
    }
    for (const char *inside : {"items", "additionalProperties"}) {
        if (json_is_object(json_object_get(schema, inside))) {
            expect_keys(json_object_get(schema, inside), form, words);
        }
    }
    json_object_foreach(json_object_get(schema, "$defs"), key, member)
    {
        expect_keys(member, form, words);
    }
}

TEST(JsonPage, HasEveryKeyOfEverySchema)
{
    const std::set<std::string> words =
        words_of(read(source + "/docs/json.md") + read(source + "/docs/board-check.md"));
    size_t schemas = 0;

    for (const auto &entry : std::filesystem::directory_iterator(source + "/cli/schemas")) {
        json_t *schema = json_load_file(entry.path().c_str(), 0, nullptr);
        ASSERT_NE(schema, nullptr) << entry.path();
        expect_keys(schema, entry.path().filename().string(), words);
        json_decref(schema);
        schemas++;
    }
    EXPECT_GE(schemas, 15u);
}

TEST(JsonPage, ShowsWhatTheCommandPrints)
{
    const std::string page = read(source + "/docs/json.md");
    const std::filesystem::path before = std::filesystem::current_path();
    size_t examples = 0;

    std::filesystem::current_path(source);
    for (const schema_test::Fit &fit : schema_test::fits(page, "```sh\ndoorbell ([^\n]+)\n```\n\n```json\n")) {
        std::istringstream stream(fit.parts[1]);
        std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
        const std::string shown = page.substr(fit.end, page.find("```", fit.end) - fit.end);
        EXPECT_EQ(cli_test::doorbell(words).out, shown) << fit.parts[1];
        examples++;
    }
    std::filesystem::current_path(before);
    EXPECT_EQ(examples, 1u);
}

} // namespace
