/* The key tables themselves, and what is generated from them. */
#include "scenario/parse_table.h"
#include "scenario/schema/json_schema.h"
#include "scenario/schema/key_table.h"
#include "tests/scenario/loaded.h"

#include <gtest/gtest.h>
#include <set>
#include <string.h>

namespace
{

const std::string source_dir = DOORBELL_SOURCE_DIR;

TEST(Schema, TheCommittedOneIsUpToDate)
{
    char *text = json_schema_text();
    ASSERT_NE(text, nullptr);
    std::string generated = text;
    free(text);

    EXPECT_TRUE(generated == read_text(source_dir + "/scenario/schema/doorbell.schema.json"))
        << "run: doorbell_schema schema > scenario/schema/doorbell.schema.json";
}

TEST(Schema, TheDocumentedKeysAreUpToDate)
{
    std::string page = read_text(source_dir + "/docs/scenario-format.md");
    size_t begin = page.find(KEY_TABLE_BEGIN "\n");
    size_t end = page.find(KEY_TABLE_END "\n");

    ASSERT_NE(begin, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    begin += std::string(KEY_TABLE_BEGIN "\n").size();
    EXPECT_TRUE(page.substr(begin, end - begin) == Loaded::capture(key_table_print) + "\n")
        << "run: doorbell_schema page docs/scenario-format.md > NEW, and put NEW in its place";
}

/* All tables, each once. */
void collect(const scenario_table *table, std::set<const scenario_table *> *tables)
{
    if (!tables->insert(table).second) {
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->keys[i].table != nullptr) {
            collect(table->keys[i].table, tables);
        }
    }
}

std::set<const scenario_table *> all_tables()
{
    std::set<const scenario_table *> tables;
    collect(&scenario_table_root, &tables);
    return tables;
}

TEST(KeyTables, AreSound)
{
    std::set<std::string> names;

    EXPECT_GT(all_tables().size(), 20u);
    for (const scenario_table *table : all_tables()) {
        EXPECT_TRUE(names.insert(table->name).second) << table->name << " twice";
        EXPECT_LE(table->count, 64u) << "one bit of `given` each";
        std::set<std::string> keys;
        for (size_t i = 0; i < table->count; i++) {
            const scenario_key &key = table->keys[i];
            SCOPED_TRACE(std::string(table->name) + "." + key.name);
            EXPECT_TRUE(keys.insert(key.name).second) << "twice";
            ASSERT_NE(key.doc, nullptr);
            EXPECT_GT(strlen(key.doc), 3u);
            EXPECT_EQ(key.kind == KEY_VALUE, key.type != nullptr);
            EXPECT_EQ(key.applies == nullptr, key.needs == nullptr) << "a condition and the words for it go together";
            EXPECT_LT(key.offset, table->size);
        }
    }
}

/* A time, a number of cycles, a clock or a bandwidth does not come from nowhere. */
TEST(KeyTables, DefaultsOfTheTimingHaveASource)
{
    for (const scenario_table *table : all_tables()) {
        for (size_t i = 0; i < table->count; i++) {
            const scenario_key &key = table->keys[i];
            if (key.kind != KEY_VALUE || key.standard == nullptr || table == &scenario_table_root ||
                std::string(key.standard).substr(0, 2) == "0 ") {
                continue;
            }
            if (key.type == &scenario_type_time || key.type == &scenario_type_cycles ||
                key.type == &scenario_type_clock || key.type == &scenario_type_bandwidth ||
                key.type == &scenario_type_transfer) {
                EXPECT_NE(key.source, nullptr) << table->name << "." << key.name;
            }
        }
    }
}

/* Defaults pass the checks that values from a file must pass. */
TEST(KeyTables, DefaultsAreValid)
{
    for (const scenario_table *table : all_tables()) {
        for (size_t i = 0; i < table->count; i++) {
            const scenario_key &key = table->keys[i];
            if (key.kind != KEY_VALUE || key.standard == nullptr) {
                continue;
            }
            SCOPED_TRACE(std::string(table->name) + "." + key.name);
            scenario scenario = {};
            diagnostics diagnostics = {};
            struct parse parse = {};
            parse.arena = scenario_arena_new();
            parse.diagnostics = &diagnostics;
            parse.scenario = &scenario;
            std::vector<char> structure(table->size);
            tree_node node = {};
            node.kind = TREE_SCALAR;
            node.plain = true;
            node.text = key.standard;
            node.key = key.name;
            EXPECT_TRUE(key.type->parse(&parse, &key, &node, structure.data() + key.offset));
            EXPECT_EQ(diagnostics.error_count, 0u);
            /* And print as a file would hold them. */
            std::string printed =
                Loaded::capture([&](FILE *stream) { key.type->print(stream, &key, structure.data() + key.offset); });
            EXPECT_FALSE(printed.empty());
            diagnostics_clear(&diagnostics);
            scenario_arena_free(parse.arena);
        }
    }
}

TEST(KeyTables, RangesCanBeRead)
{
    for (const scenario_table *table : all_tables()) {
        for (size_t i = 0; i < table->count; i++) {
            const scenario_key &key = table->keys[i];
            units_problem problem = {};
            uint64_t minimum = 0;
            uint64_t maximum = UINT64_MAX;
            SCOPED_TRACE(std::string(table->name) + "." + key.name);
            if (key.minimum != nullptr) {
                EXPECT_TRUE(units_parse(key.type->units, key.minimum, &minimum, &problem)) << problem.message;
            }
            if (key.maximum != nullptr) {
                EXPECT_TRUE(units_parse(key.type->units, key.maximum, &maximum, &problem)) << problem.message;
            }
            EXPECT_LE(minimum, maximum);
            if (key.kind == KEY_VALUE && key.size == 4 && key.type->units != UNITS_NUMBER) {
                EXPECT_TRUE(key.choices != nullptr || maximum <= UINT32_MAX) << "does not fit its field";
            }
        }
    }
}

/* A value just inside the range is taken, one just outside is not: for every number with a range. */
TEST(KeyTables, RangesAreEnforced)
{
    const struct {
        const char *path;
        const char *good[2];
        const char *bad[2];
    } cases[] = {
        {"platform.pe.count", {"1", "20"}, {"0", "61"}},
        {"smmu.S.stream-id-bits", {"10", "32"}, {"0", "33"}},
        {"smmu.S.substream-id-bits", {"0", "20"}, {"21", "-1"}},
        {"redistributor.lpi-id-bits", {"14", "24"}, {"13", "25"}},
        {"epA.endpoint.pasid", {"0", "20"}, {"21", "x"}},
        {"epA.endpoint.functions", {"1", "8"}, {"0", "9"}},
        {"interconnect.latency", {"1 ps", "1 ms"}, {"0 ps", "2 ms"}},
        {"software.max-payload", {"128 B", "4 KiB"}, {"64 B", "8 KiB"}},
        {"pcie.rc0.segment", {"0", "65535"}, {"65536", "-1"}},
    };

    for (const auto &entry : cases) {
        for (const char *value : entry.good) {
            Loaded s(small(), {std::string(entry.path) + "=" + value});
            EXPECT_TRUE(s) << s.said();
        }
        for (const char *value : entry.bad) {
            EXPECT_FALSE(Loaded(small(), {std::string(entry.path) + "=" + value})) << entry.path << "=" << value;
        }
    }
}

} // namespace
