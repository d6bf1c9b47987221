/* The two reports: the same facts, text within its width, JSON with its keys. */
#include "tests/board/fixture.h"

#include "report/board_json.h"
#include "report/board_text.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

namespace
{

struct Release {
    void operator()(json_t *value) const
    {
        json_decref(value);
    }
};

using Json = std::unique_ptr<json_t, Release>;

std::string text_of(const board_result &result)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *out = ::open_memstream(&text, &size);

    EXPECT_TRUE(board_text_write(out, &result));
    std::fclose(out);
    std::string copy(text, size);
    std::free(text);
    return copy;
}

void expect_tidy(const std::string &text, const std::string &what)
{
    std::istringstream lines(text);
    std::string line;

    while (std::getline(lines, line)) {
        EXPECT_LE(line.size(), size_t{BOARD_TEXT_COLUMNS}) << what << ": " << line;
        EXPECT_TRUE(line.empty() || line.back() != ' ') << what << ": '" << line << "'";
        for (char c : line) {
            EXPECT_TRUE(c >= 0x20 && c < 0x7f) << what << ": " << line;
        }
    }
}

Blob split_board()
{
    Tree tree;

    return tree.text("model", "Split board")
        .its(1, 0x10000000)
        .its(2, 0x11000000)
        .smmu(3, 0x20000000)
        .host(0x40000000, 15)
        .cells("msi-map", {0, 1, 0x40, 0x300, 0x300, 2, 0x5300, 0xd00})
        .cells("iommu-map", {0, 3, 0x100, 0x10000})
        .cells("iommu-map-mask", {0xfff8})
        .end()
        .finish();
}

bool has_line(const std::string &text, const std::vector<std::string> &words)
{
    std::istringstream lines(text);
    std::string line;

    while (std::getline(lines, line)) {
        size_t at = 0;

        for (const std::string &word : words) {
            at = at == std::string::npos ? at : line.find(word, at);
        }
        if (at != std::string::npos) {
            return true;
        }
    }
    return false;
}

TEST(BoardText, ShowsTheTablesAndTheVerdictsWithEvidence)
{
    Board board(split_board(), "board.dtb");
    std::string text = text_of(board.data);

    EXPECT_TRUE(has_line(text, {"board.dtb: Split board"})) << text;
    EXPECT_TRUE(has_line(text, {"M1", "ITS", "0x11010040", "/its@11000000"})) << text;
    EXPECT_TRUE(has_line(text, {"S0", "smmuv3", "/iommu@20000000"})) << text;
    EXPECT_TRUE(
        has_line(text, {"0x0000..0x02ff", "msi-map", "M0", "0x40..0x33f", "0x10010040", "S0", "(RID&0xfff8)+0x100"}))
        << text;
    EXPECT_TRUE(has_line(text, {"0x0300..0x0fff", "msi-map", "M1", "0x5300..0x5fff", "0x11010040", "S0"})) << text;
    EXPECT_TRUE(has_line(text, {"violated", "doorbell-per-group"})) << text;
    EXPECT_TRUE(has_line(text, {"H0", "0x0300..0x0fff", "DeviceID 0x5300", "at M1", "doorbell 0x11010040"})) << text;
    EXPECT_TRUE(has_line(text, {"stream-id-shared, rule A21", "/pcie@40000000"})) << text;
    expect_tidy(text, "split board");
}

TEST(BoardText, ShowsWhatTheBindingsAllowBesideTheChoice)
{
    Tree tree;
    Board board(tree.its(1, 0x10000000)
                    .its(2, 0x11000000)
                    .its(3, 0x12000000, false)
                    .host(0x40000000, 0)
                    .cells("msi-map", {0, 3, 0, 0x80, 0, 1, 0, 0x100, 0x10, 2, 0x500, 0x10})
                    .end()
                    .finish());
    std::string text = text_of(board.data);

    EXPECT_TRUE(has_line(text, {"the bindings also allow M0, DeviceID 0x0..0xf"})) << text;
    EXPECT_TRUE(has_line(text, {"the bindings also allow M1, DeviceID 0x500..0x50f"})) << text;
    EXPECT_FALSE(has_line(text, {"also allow M2"})) << text << "M2 is disabled";
    EXPECT_FALSE(has_line(text, {"also allow M0, DeviceID 0x80..0xff"})) << text << "that is the choice";
}

TEST(BoardText, RepeatedRangesAreFolded)
{
    Tree tree;
    Board board(tree.its(1, 0x10000000)
                    .host(0x40000000, 255)
                    .cells("msi-map", {0, 1, 0, 0x10})
                    .cells("msi-map-mask", {0xff})
                    .end()
                    .finish());
    std::string text = text_of(board.data);

    EXPECT_TRUE(has_line(text, {"0x0010..0x00ff", "none"})) << text;
    EXPECT_FALSE(has_line(text, {"0x0100..0x010f"})) << text;
    EXPECT_TRUE(has_line(text, {"repeating every 0x100 requester IDs up to 0xffff"})) << text;
}

TEST(BoardText, LongListsAreCutWithACount)
{
    Tree tree;
    std::vector<uint32_t> cells;

    for (uint32_t i = 0; i < 100; i++) {
        cells.insert(cells.end(), {i * 2, 1, i, 1});
    }
    Board board(tree.its(1, 0x10000000).host(0x40000000, 0).cells("msi-map", cells).end().finish());

    EXPECT_TRUE(has_line(text_of(board.data), {"and 168 more ranges"})) << text_of(board.data);
}

TEST(BoardText, DeepPathsAreBrokenWithinTheWidth)
{
    Tree tree;
    std::string name = "a-node-with-a-name-of-some-length";

    for (int i = 0; i < 8; i++) {
        tree.begin(name + std::to_string(i)).cells("#address-cells", {1}).cells("#size-cells", {1}).empty("ranges");
    }
    tree.its(1, 0x10000000).smmu(2, 0x20000000).host(0x40000000);
    tree.cells("msi-map", {0, 1, 0xf0000000, 0x300, 0x300, 1, 0, 1})
        .cells("iommu-map", {0, 2, 0xe0000000, 0x10000})
        .end();
    for (int i = 0; i < 8; i++) {
        tree.end();
    }
    Board board(tree.finish());

    expect_tidy(text_of(board.data), "deep paths");
}

TEST(BoardText, EveryTreeOfTheCorpusStaysWithinTheWidth)
{
    const std::string corpus = std::string(DOORBELL_SHARED_DIR) + "/corpus/dtb/";
    size_t trees = 0;

    if (!std::filesystem::exists(corpus)) {
        GTEST_SKIP() << "the corpus of device trees is not there: " << corpus;
    }
    for (const auto &file : std::filesystem::directory_iterator(corpus)) {
        if (file.path().extension() == ".dtb") {
            Board board(read_file(file.path()), file.path().filename());

            expect_tidy(text_of(board.data), file.path());
            trees++;
        }
    }
    EXPECT_GE(trees, 54u);
}

TEST(BoardText, ReportsAWriteThatFails)
{
    Board board(split_board());
    FILE *full = std::fopen("/dev/full", "w");

    if (full == nullptr) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    std::setvbuf(full, nullptr, _IONBF, 0);
    EXPECT_FALSE(board_text_write(full, &board.data));
    EXPECT_FALSE(board_json_write(full, &board.data));
    std::fclose(full);
}

/* JSON. */

std::set<std::string> keys(const json_t *object)
{
    std::set<std::string> names;
    const char *name;
    json_t *value;

    json_object_foreach(const_cast<json_t *>(object), name, value)
    {
        names.insert(name);
    }
    return names;
}

/* Follows keys and, for words that are numbers, indices. */
const json_t *at(const json_t *value, const std::vector<std::string> &path)
{
    for (const std::string &step : path) {
        value = json_is_array(value) ? json_array_get(value, std::stoul(step)) : json_object_get(value, step.c_str());
    }
    return value;
}

std::string string_at(const json_t *value, const std::vector<std::string> &path)
{
    const char *text = json_string_value(at(value, path));

    return text == nullptr ? "(no string)" : text;
}

TEST(BoardJson, KeysAreTheDocumentedOnes)
{
    Board board(split_board(), "board.dtb");
    Json document(board_json(&board.data));
    const json_t *range = at(document.get(), {"hosts", "0", "ranges", "0"});

    EXPECT_EQ(keys(document.get()), (std::set<std::string>{"file", "model", "msi-controllers", "iommus",
                                                           "iommus-left-out", "hosts", "verdicts", "findings"}));
    EXPECT_EQ(keys(at(document.get(), {"msi-controllers", "0"})),
              (std::set<std::string>{"name", "compatible", "its", "available", "msi-controller", "base", "doorbell",
                                     "msi-cells", "pre-its"}));
    EXPECT_EQ(keys(at(document.get(), {"iommus", "0"})),
              (std::set<std::string>{"name", "compatible", "kind", "available", "base", "iommu-cells", "requesters",
                                     "msi-controllers"}));
    EXPECT_EQ(keys(at(document.get(), {"hosts", "0"})),
              (std::set<std::string>{"name", "compatible", "available", "segment", "segment-given", "buses",
                                     "iommu-map-mask", "msi-map-mask", "repeats-every", "ranges"}));
    EXPECT_EQ(keys(range), (std::set<std::string>{"first", "last", "linux", "spec"}));
    EXPECT_EQ(keys(at(range, {"linux"})),
              (std::set<std::string>{"how", "msi-map-error", "msi-controller", "its", "device-id", "doorbell",
                                     "iommu-how", "iommu", "stream-id", "stream-more-cells"}));
    EXPECT_EQ(keys(at(document.get(), {"verdicts", "doorbell-per-group"})),
              (std::set<std::string>{"outcome", "summary", "evidence"}));
    EXPECT_EQ(keys(at(document.get(), {"verdicts", "doorbell-per-group", "evidence", "0", "devices", "0"})),
              (std::set<std::string>{"name", "segment", "rid", "rid-count", "stream-id", "smmu", "device-id", "its",
                                     "msi-count", "first-packet", "device-id", "doorbell"}));
    EXPECT_EQ(keys(at(document.get(), {"findings", "0"})),
              (std::set<std::string>{"name", "rule", "subject", "detail"}));
}

TEST(BoardJson, HoldsTheFacts)
{
    Board board(split_board(), "board.dtb");
    Json document(board_json(&board.data));
    const json_t *second = at(document.get(), {"hosts", "0", "ranges", "1"});

    EXPECT_EQ(string_at(document.get(), {"file"}), "board.dtb");
    EXPECT_EQ(string_at(document.get(), {"msi-controllers", "1", "doorbell"}), "0x11010040");
    EXPECT_TRUE(json_is_null(at(document.get(), {"msi-controllers", "1", "pre-its"})));
    EXPECT_EQ(string_at(document.get(), {"iommus", "0", "requesters", "1", "first"}), "0x300");
    EXPECT_EQ(string_at(second, {"first"}), "0x300");
    EXPECT_EQ(string_at(second, {"last"}), "0xfff");
    EXPECT_EQ(string_at(second, {"linux", "how"}), "msi-map");
    EXPECT_EQ(string_at(second, {"linux", "msi-controller"}), "/its@11000000");
    EXPECT_EQ(string_at(second, {"linux", "device-id", "first"}), "0x5300");
    EXPECT_EQ(string_at(second, {"linux", "device-id", "offset"}), "0x5000");
    EXPECT_EQ(string_at(second, {"linux", "stream-id", "mask"}), "0xfff8");
    EXPECT_EQ(string_at(second, {"spec", "msi", "entries", "0", "target"}), "/its@11000000");
    EXPECT_EQ(json_integer_value(at(second, {"spec", "msi", "total"})), 1);
    EXPECT_EQ(string_at(document.get(), {"verdicts", "doorbell-per-group", "outcome"}), "violated");
    EXPECT_EQ(
        string_at(document.get(), {"verdicts", "doorbell-per-group", "evidence", "0", "devices", "1", "doorbell"}),
        "0x11010040");
    EXPECT_EQ(json_integer_value(
                  at(document.get(), {"verdicts", "doorbell-per-group", "evidence", "0", "devices", "1", "rid-count"})),
              0xd00);
}

TEST(BoardJson, AbsentThingsAreNullAndFaultsAreNamed)
{
    Tree tree;
    Board board(tree.host(0x40000000, 0).cells("msi-map", {0, 77, 0, 1}).end().finish());
    Json document(board_json(&board.data));
    const json_t *range = at(document.get(), {"hosts", "0", "ranges", "0"});

    EXPECT_EQ(string_at(range, {"linux", "how"}), "error: phandle names no node");
    EXPECT_TRUE(json_is_null(at(range, {"linux", "msi-controller"})));
    EXPECT_TRUE(json_is_null(at(range, {"linux", "doorbell"})));
    EXPECT_TRUE(json_is_null(at(range, {"linux", "stream-id"})));
    EXPECT_TRUE(json_is_null(at(range, {"spec", "iommu"})));
    EXPECT_EQ(string_at(range, {"spec", "msi", "entries", "0", "error"}), "error: phandle names no node");
}

TEST(BoardJson, WritesOneDocument)
{
    Board board(split_board());
    char *text = nullptr;
    size_t size = 0;
    FILE *out = ::open_memstream(&text, &size);
    json_error_t error;

    ASSERT_TRUE(board_json_write(out, &board.data));
    std::fclose(out);
    Json parsed(json_loadb(text, size, 0, &error));
    Json document(board_json(&board.data));
    EXPECT_TRUE(json_equal(parsed.get(), document.get())) << error.text;
    EXPECT_EQ(text[size - 1], '\n');
    std::free(text);
}

} // namespace
