/* What of YAML a scenario may use, and what the tree keeps of it. */
#include "scenario/parse_tree.h"

#include "tests/scenario/loaded.h"

#include <gtest/gtest.h>

namespace
{

class Tree
{
  public:
    explicit Tree(const std::string &text)
    {
        arena_ = scenario_arena_new();
        root = tree_parse(arena_, tree_source_new(arena_, "t.yaml", text.data(), text.size()), 0, &diagnostics);
    }
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;
    ~Tree()
    {
        scenario_arena_free(arena_);
        diagnostics_clear(&diagnostics);
    }

    std::string first() const
    {
        return diagnostics.count == 0 ? "" : diagnostics.items[0].message;
    }

    tree_node *root = nullptr;
    struct diagnostics diagnostics = {};

  private:
    scenario_arena *arena_;
};

TEST(Tree, KeepsEveryPlace)
{
    Tree tree("a: 1\nbb:\n  c: [x, \"y z\"]\n  d: {e: 105 ns}\n");

    ASSERT_NE(tree.root, nullptr);
    const tree_node *list = tree_find(tree_find(tree.root, "bb"), "c");
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(list->kind, TREE_LIST);
    EXPECT_EQ(list->count, 2u);
    EXPECT_EQ(list->key_mark.line, 3u);
    EXPECT_EQ(list->key_mark.column, 3u);
    EXPECT_EQ(list->first->next->mark.column, 10u);
    EXPECT_STREQ(list->first->next->text, "y z");
    EXPECT_FALSE(list->first->next->plain);
    const tree_node *time = tree_find(tree_find(tree_find(tree.root, "bb"), "d"), "e");
    ASSERT_NE(time, nullptr);
    EXPECT_STREQ(time->text, "105 ns");
    EXPECT_EQ(time->mark.line, 4u);
    EXPECT_EQ(time->mark.column, 10u);
    EXPECT_EQ(time->mark.span, 6u);
}

TEST(Tree, ColumnsCountCharacters)
{
    Tree tree("t: [\"\xc3\xa4\xc3\xb6\", x]\n");

    ASSERT_NE(tree.root, nullptr);
    EXPECT_EQ(tree.root->first->first->next->mark.column, 11u);
}

TEST(Tree, RefusesAnchorsAliasesTagsAndSecondDocuments)
{
    const struct {
        const char *text;
        const char *message;
        unsigned line;
    } cases[] = {
        {"a: &x 1\n", "anchors and aliases", 1},
        {"a: &x [1]\n", "anchors and aliases", 1},
        {"b: 1\na: &x {c: 1}\n", "anchors and aliases", 2},
        {"a: 1\nb: *x\n", "anchors and aliases", 2},
        {"a: !!str 1\n", "tags", 1},
        {"a: !local [1]\n", "tags", 1},
        {"a: 1\n---\nb: 2\n", "second document", 2},
        {"? [a, b]\n: 1\n", "plain name", 1},
        {"? {a: b}\n: 1\n", "plain name", 1},
        {"a: 1\nb: 2\na: 3\n", "written twice", 3},
    };

    for (const auto &entry : cases) {
        Tree tree(entry.text);
        EXPECT_EQ(tree.root, nullptr) << entry.text;
        ASSERT_GE(tree.diagnostics.count, 1u) << entry.text;
        EXPECT_NE(tree.first().find(entry.message), std::string::npos) << entry.text << "\n" << tree.first();
        EXPECT_EQ(tree.diagnostics.items[0].line, entry.line) << entry.text;
    }
}

TEST(Tree, DuplicateKeysNameTheFirstOne)
{
    Tree tree("a:\n  x: 1\n  y: 2\n  x: 3\n");

    EXPECT_NE(tree.first().find("first on line 2"), std::string::npos) << tree.first();
}

/* Nine lines of aliases stand for a billion values: the first one is already refused. */
TEST(Tree, AnAliasBombIsHarmless)
{
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; i++) {
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 9; j++) {
            text += "*a" + std::to_string(i - 1) + (j < 8 ? ", " : "]\n");
        }
    }
    Tree tree(text);

    EXPECT_EQ(tree.root, nullptr);
    EXPECT_EQ(tree.diagnostics.items[0].line, 1u);
}

TEST(Tree, DepthIsLimited)
{
    std::string deep;
    std::string fair;
    for (int i = 0; i < 20000; i++) {
        deep += "[";
    }
    for (int i = 0; i < 40; i++) {
        fair += "{a: ";
    }
    fair += "1";
    for (int i = 0; i < 40; i++) {
        fair += "}";
    }
    EXPECT_EQ(Tree(deep).root, nullptr);
    EXPECT_NE(Tree(fair).root, nullptr);

    /* Block style too. */
    std::string block;
    for (unsigned i = 0; i < 200; i++) {
        block += std::string(i, ' ') + "a:\n";
    }
    Tree tree(block);
    EXPECT_EQ(tree.root, nullptr);
}

TEST(Tree, SizeIsLimited)
{
    std::string large(TREE_MAX_BYTES + 1, '\n');
    Tree tree(large);

    EXPECT_EQ(tree.root, nullptr);
    EXPECT_NE(tree.first().find("too large"), std::string::npos);

    std::string many = "a: [";
    for (unsigned i = 0; i <= TREE_MAX_NODES; i++) {
        many += "1,";
    }
    many += "1]\n";
    Tree crowded(many);
    EXPECT_EQ(crowded.root, nullptr);
    EXPECT_NE(crowded.first().find("too many values"), std::string::npos) << crowded.first();
}

TEST(Tree, OnlyTextIsRead)
{
    const std::string cases[] = {
        std::string("a: b\0c\n", 7),
        "a: \xff\n",
        "a: \xc3\n",
        "a: \xed\xa0\x80\n",
        "a: \xf5\x80\x80\x80\n",
        "a: \x01\n",
        "a: \xc2\x85\n",
        "a: \xe0\x80\x80\n",
        "a: \xc0\xaf\n",
        "a: \x7f\n",
    };

    for (const std::string &text : cases) {
        Tree tree(text);
        EXPECT_EQ(tree.root, nullptr);
        EXPECT_NE(tree.first().find("does not belong"), std::string::npos) << tree.first();
        EXPECT_EQ(tree.diagnostics.items[0].line, 1u);
    }
    /* The escape for NUL is no way around. */
    Tree escaped("a: \"x\\0y\"\n");
    EXPECT_EQ(escaped.root, nullptr);
    EXPECT_NE(escaped.first().find("NUL"), std::string::npos) << escaped.first();
}

TEST(Tree, SyntaxErrorsHaveAPlace)
{
    Tree tree("a: 1\nb: [1, 2\nc: 3\n");

    EXPECT_EQ(tree.root, nullptr);
    ASSERT_GE(tree.diagnostics.count, 1u);
    EXPECT_NE(tree.first().find("not valid YAML"), std::string::npos);
    EXPECT_GE(tree.diagnostics.items[0].line, 2u);

    Tree greater("a: > 5\n");
    ASSERT_GE(greater.diagnostics.count, 1u);
    ASSERT_NE(greater.diagnostics.items[0].hint, nullptr);
    EXPECT_NE(std::string(greater.diagnostics.items[0].hint).find("quoted"), std::string::npos);
}

TEST(Tree, EmptyFilesSaySo)
{
    for (const char *text : {"", "# only a comment\n", "\n\n"}) {
        Tree tree(text);
        EXPECT_EQ(tree.root, nullptr);
        EXPECT_NE(tree.first().find("empty"), std::string::npos) << tree.first();
    }
}

/* What is shown of a hostile line cannot harm a terminal. */
TEST(Tree, OffendingLinesAreMadePrintable)
{
    Loaded loaded("doorbell: 1\nx: \"\x1b[31m\"\n");

    EXPECT_FALSE(loaded);
    EXPECT_EQ(loaded.said().find('\x1b'), std::string::npos);
}

} // namespace
