/* `doorbell replay` as a process: exit statuses, the closing line, the document. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::integer_of;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

const std::string small = DOORBELL_SOURCE_DIR "/tests/data/replay/small";

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

/** A copy of the small recording in which one read goes elsewhere. */
void copy_changed(const Folder &folder)
{
    for (const auto &entry : std::filesystem::directory_iterator(small)) {
        std::filesystem::copy_file(entry.path(), folder.path(entry.path().filename().string()));
    }
    std::filesystem::permissions(folder.path("translations_all.csv"), std::filesystem::perms::owner_write,
                                 std::filesystem::perm_options::add);
    std::string text = folder.read("translations_all.csv");
    const std::string from = "0x40801ff8,1,ok";

    ASSERT_TRUE(has(text, from));
    text.replace(text.find(from), from.size(), "0x40802ff8,1,ok");
    folder.write("translations_all.csv", text);
}

TEST(Replay, AgreementExitsWithZero)
{
    const Result result = doorbell({"replay", small});

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_TRUE(has(result.out, "\n0 mismatches in 102 comparisons, 0 known differences\n")) << result.out;
    EXPECT_TRUE(has(result.out, "SMMU commands")) << result.out;
    EXPECT_TRUE(has(result.out, "F_TRANSLATION 2")) << result.out;
}

TEST(Replay, TheDocument)
{
    const Result result = doorbell({"replay", small, "--json"});
    const Json json = document(result.out);
    const json_t *recorded = json_object_get(json.get(), "recorded");
    const json_t *checks = json_object_get(json.get(), "checks");

    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(text_of(json.get(), "command"), "replay");
    EXPECT_EQ(integer_of(json.get(), "compared"), 102);
    EXPECT_EQ(integer_of(json.get(), "mismatches"), 0);
    EXPECT_EQ(text_of(recorded, "name"), "small");
    EXPECT_EQ(integer_of(json_object_get(recorded, "smmu-commands"), "TLBI_NH_VA"), 1);
    EXPECT_EQ(json_array_size(json_object_get(recorded, "devices")), 4u);
    EXPECT_EQ(integer_of(json_object_get(checks, "msis"), "compared"), 3);
}

TEST(Replay, ADifferenceExitsWithOneAndIsTold)
{
    const Folder folder;

    copy_changed(folder);
    const Result text = doorbell({"replay", folder.path(".")});
    const Result result = doorbell({"replay", folder.path("."), "--json", "--mode", "timeline"});
    const Json json = document(result.out);
    const json_t *difference = json_array_get(json_object_get(json.get(), "differences"), 0);

    EXPECT_EQ(text.status, 1);
    EXPECT_TRUE(has(text.out, "StreamID 0x1 reads 0x10001ff8: expected 0x40802ff8, got 0x40801ff8")) << text.out;
    EXPECT_TRUE(has(text.out, "\n1 mismatches in ")) << text.out;
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 1);
    EXPECT_EQ(text_of(difference, "check"), "translations");
    EXPECT_EQ(text_of(difference, "expected"), "0x40802ff8");
    EXPECT_EQ(text_of(difference, "got"), "0x40801ff8");
}

TEST(Replay, FailuresAreTold)
{
    const Folder folder;
    const Result absent = doorbell({"replay", folder.path("absent"), "--json"});

    EXPECT_EQ(absent.status, 4);
    EXPECT_EQ(integer_of(document(absent.out).get(), "exit-status"), 4);
    copy_changed(folder);
    folder.write("translations_all.csv", "seq,streamid,iova,pa,perm,outcome\n1,x,0,0,1,ok\n");
    const Result garbled = doorbell({"replay", folder.path(".")});

    EXPECT_EQ(garbled.status, 2);
    EXPECT_TRUE(has(garbled.err, "translations_all.csv:2:3: error[E2203]: column 'streamid' must be a number"))
        << garbled.err;
    EXPECT_EQ(doorbell({"replay", small, "--mode", "dynamic"}).status, 2);
    EXPECT_EQ(doorbell({"replay", small, "--snapshot", "9"}).status, 2);
    EXPECT_EQ(doorbell({"replay", small, "--set", "a=1"}).status, 2);
}

} // namespace
