/* Recordings that are not whole or not well formed: the file, the line and the column are told, and nothing is run. */
#include "replay/table.h"
#include "tests/replay/small.h"

#include "gtest/gtest.h"

#include <cstring>

namespace
{

using replay_test::Replayed;
using replay_test::Small;
using test_support::Folder;

TEST(Garbled, NoFolder)
{
    const Folder folder;
    const Replayed absent(folder.path("nowhere"));

    EXPECT_FALSE(absent.possible);
    EXPECT_TRUE(absent.diagnostics.environment_failed);
    EXPECT_NE(absent.complaints().find("there is no such folder"), std::string::npos) << absent.complaints();
    folder.write("file", "");
    const Replayed file(folder.path("file"));

    EXPECT_TRUE(file.diagnostics.environment_failed);
    EXPECT_NE(file.complaints().find("this is no folder"), std::string::npos) << file.complaints();
}

TEST(Garbled, EveryMissingFileIsNamed)
{
    const Folder empty;
    const Replayed replayed(empty.path());
    const std::string text = replayed.complaints();

    EXPECT_FALSE(replayed.possible);
    EXPECT_TRUE(replayed.diagnostics.environment_failed);
    for (const char *name : {"regs.json", "mem.bin", "mem.idx", "mmio.csv", "smmu_commands.csv", "its_commands.csv",
                             "pte_observed.csv", "config_fetches.csv", "translations_all.csv", "translations.csv",
                             "smmu_events.csv", "msis.csv", "its_final_routes.csv"}) {
        EXPECT_NE(text.find(std::string("there is no ") + name + ", nor " + name + ".gz"), std::string::npos) << name;
    }
}

TEST(Garbled, DamagedGzip)
{
    const Small small;
    const std::string whole = small.read("mem.bin.gz");

    small.write("mem.bin.gz", whole.substr(0, whole.size() / 2));
    EXPECT_NE(Replayed(small.path()).complaints().find("mem.bin.gz: error[E2207]: the gzip data end too early"),
              std::string::npos)
        << Replayed(small.path()).complaints();
    std::string wrong = whole;

    wrong[wrong.size() / 2] = static_cast<char>(~wrong[wrong.size() / 2]);
    small.write("mem.bin.gz", wrong);
    EXPECT_NE(Replayed(small.path()).complaints().find("mem.bin.gz: error[E2207]: the gzip data are damaged"),
              std::string::npos)
        << Replayed(small.path()).complaints();
}

struct Damage {
    const char *file;
    const char *from;
    const char *to;
    const char *complaint;
};

class Damaged : public testing::TestWithParam<Damage>
{
};

TEST_P(Damaged, IsToldWithItsPlace)
{
    const Small small;

    small.edit(GetParam().file, GetParam().from, GetParam().to);
    const Replayed replayed(small.path());

    EXPECT_FALSE(replayed.possible);
    EXPECT_FALSE(replayed.diagnostics.environment_failed);
    EXPECT_NE(replayed.complaints().find(GetParam().complaint), std::string::npos) << replayed.complaints();
}

// clang-format off
const Damage damages[] = {
    {"mmio.csv", "smmu,0x28,4,0xd75", "smmu,0x28,4,0xd7g", "mmio.csv:20:16: error[E2203]: column 'value' must be a"},
    {"mmio.csv", "smmu,0x28,4,0xd75", "smmu,0x28,,0xd75", "mmio.csv:20:14: error[E2203]: column 'size' must be a"},
    {"mmio.csv", "smmu,0x28,4,0xd75", "smmu,0x28,3,0xd75", "mmio.csv:20: error[E2203]: columns 'offset' and"},
    {"mmio.csv", "smmu,0x28,4,0xd75,w", "smmu,0x28,4,0xd75,x", "mmio.csv:20: error[E2203]: column 'rw' must be r or w"},
    {"mmio.csv", "smmu,0x28,4,0xd75,w", "smmu,0x28,4,0xd75",
     "mmio.csv:20: error[E2202]: 5 fields, where the first line names 6"},
    {"mmio.csv", "smmu,0x28,4,0xd75,w", "timer,0x28,4,0xd75,w", "mmio.csv:20: error[E2203]: column 'device' must be"},
    {"mmio.csv", "gicr1,0x0,4", "gicr48,0x0,4", "error[E2203]: column 'device' must be"},
    {"mmio.csv", "smmu,0x28,4,0xd75", "smmu,0x28,4,0x10000000000000000",
     "mmio.csv:20:16: error[E2203]: column 'value' must be"},
    {"mmio.csv", "seq,device", "seq,devise", "mmio.csv:1: error[E2202]: there is no column 'device'"},
    {"msis.csv", "seq,t_us", "sec,t_us", "msis.csv:1: error[E2202]: there is no column 'seq'"},
    {"translations_all.csv", "0x40801ff8,1,ok", "0x40801ff8,4,ok", "'perm' must be 1, 2 or 3"},
    {"translations_all.csv", "0x40801ff8,1,ok", "0x40801ff8,1,no", "column 'outcome' must be ok or bypass"},
    {"translations.csv", "0x40900000,1,2,1", "0x40900000,1,2,2", "must be indices of snapshots"},
    {"translations.csv", "0x40900000,1,2,1", "0x40900000,1,2,1;", "must be indices of snapshots"},
    {"translations.csv", "0x1,0x10001000,r,", "0x1,0x10001000,x,", "'access' must be r, w or rw"},
    {"config_fetches.csv", "0x40100080,both", "0x50100080,both", "must be within the memory"},
    {"smmu_events.csv", "F_TRANSLATION,1", "F_TRANSLATION,2", "'rnw' must be 0, 1 or empty"},
    {"regs.json", "\"0x9050000\"", "\"0x9050000\" ?", "regs.json:"},
    {"regs.json", "\"0x9050000\"", "\"there\"", "regs.json: error[E2205]: memory_map.smmu must be a text"},
    {"regs.json", "0x20000*cpu", "0x20004*cpu", "registers begin at multiples of 64 KiB"},
    {"regs.json", "0x40000000 size 0x1000000", "0x40000000 size 0", "memory_map.ram must be whole pages"},
    {"regs.json", "0x40000000 size 0x1000000", "0x8000000 size 0x39000000", "two of its ranges overlap"},
    {"regs.json", "\"0x8080000\"", "\"0x8070000\"", "its_translater is its + 0x10040"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Garbled, Damaged, testing::ValuesIn(damages));

TEST(Garbled, RowsMustBeInOrder)
{
    const Small small;
    const std::string text = small.read("pte_observed.csv");
    const size_t second = text.find('\n', text.find('\n') + 1) + 1;

    small.write("pte_observed.csv", text.substr(0, second) + "1,0x40140000,0x0\n" + text.substr(second));
    EXPECT_NE(Replayed(small.path()).complaints().find("pte_observed.csv:3: error[E2204]: column 'seq' goes back"),
              std::string::npos)
        << Replayed(small.path()).complaints();
}

TEST(Garbled, PagesBeyondTheImage)
{
    const Small small;

    small.write("mem.idx", small.read("mem.idx") + "1,0x40fff000,4000,pgtable\n");
    EXPECT_NE(Replayed(small.path()).complaints().find("column 'page_no' is beyond the end of mem.bin"),
              std::string::npos);
}

TEST(Garbled, NoSuchSnapshot)
{
    const Small small;
    replay_options options;

    replay_options_default(&options);
    options.snapshot = 2;
    const Replayed replayed(small.path(), &options);

    EXPECT_FALSE(replayed.possible);
    EXPECT_NE(replayed.complaints().find("there is no snapshot 2, but 0 to 1"), std::string::npos);
}

/* ---- Tables by themselves ---- */

struct Row {
    uint64_t number;
    uint64_t optional;
    uint64_t word;
    const char *text;
};

const replay_column columns[] = {
    {"number", REPLAY_NUMBER, offsetof(Row, number)},
    {"optional", REPLAY_OPTIONAL, offsetof(Row, optional)},
    {"word", REPLAY_WORD, offsetof(Row, word)},
    {"text", REPLAY_TEXT, offsetof(Row, text)},
};
const replay_table table = {columns, 4, sizeof(Row), 0};

TEST(Table, ColumnsInAnyOrderAndOthersAmongThem)
{
    std::string bytes = "text,more,word,number,optional\r\n\"a,b\",x,,0xFF,-1\r\nc,\"\",0x10,18446744073709551615,0";
    replay_text text = {const_cast<char *>("t.csv"), bytes.data(), bytes.size()};
    struct diagnostics diagnostics = {};
    size_t count;
    Row *rows = static_cast<Row *>(replay_table_read(&table, &text, &count, &diagnostics));

    ASSERT_EQ(count, 2u);
    EXPECT_STREQ(rows[0].text, "\"a,b\"");
    EXPECT_EQ(rows[0].word, 0u);
    EXPECT_EQ(rows[0].number, 0xffu);
    EXPECT_EQ(rows[0].optional, REPLAY_NONE);
    EXPECT_STREQ(rows[1].text, "c");
    EXPECT_EQ(rows[1].word, 0x10u);
    EXPECT_EQ(rows[1].number, UINT64_MAX);
    EXPECT_EQ(rows[1].optional, 0u);
    EXPECT_EQ(diagnostics.error_count, 0u);
    free(rows);
}

TEST(Table, ErrorsOfEveryLineAreTold)
{
    std::string bytes = "number,optional,word,text\n1,2,3\n,,,\n1,,x,\n\n2,3,4,5\n";
    replay_text text = {const_cast<char *>("t.csv"), bytes.data(), bytes.size()};
    struct diagnostics diagnostics = {};
    size_t count;

    EXPECT_EQ(replay_table_read(&table, &text, &count, &diagnostics), nullptr);
    ASSERT_EQ(diagnostics.error_count, 4u);
    EXPECT_EQ(diagnostics.items[0].line, 2u);
    EXPECT_EQ(diagnostics.items[1].line, 3u);
    EXPECT_EQ(diagnostics.items[2].line, 4u);
    EXPECT_EQ(diagnostics.items[2].column, 4u);
    EXPECT_EQ(diagnostics.items[3].line, 5u);
    diagnostics_clear(&diagnostics);
}

TEST(Table, Numbers)
{
    uint64_t value = 0;

    EXPECT_TRUE(replay_number("0x0", 3, &value));
    EXPECT_EQ(value, 0u);
    for (const char *wrong : {"", "0x", "-2", "1 ", "0x1g", "18446744073709551616", "1e3", "12345678901234567890123"}) {
        EXPECT_FALSE(replay_number(wrong, std::strlen(wrong), &value)) << wrong;
    }
}

} // namespace
