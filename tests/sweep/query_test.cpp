/* Questions: replications combined, extremes, the Pareto front against its definition. */
#include "sweep/query.h"
#include "tests/sweep/sweep_folder.h"

#include <gtest/gtest.h>
#include <random>

namespace
{

using sweep_test::about;
using sweep_test::Folder;
using sweep_test::MadeUpRun;

/** The answer, row by row. */
std::vector<std::vector<std::string>> rows(store *store, const char *question,
                                           const std::vector<const char *> &metrics = {})
{
    const query asked = {question, metrics.data(), metrics.size(), nullptr};
    std::vector<std::vector<std::string>> list;
    query_table table = {};
    char why[200] = "";

    EXPECT_TRUE(query_ask(store, &asked, &table, why, sizeof(why))) << why;
    for (size_t i = 0; i < table.rows; i++) {
        std::vector<std::string> row;

        for (size_t j = 0; j < table.columns; j++) {
            const char *text = table.cells[i * table.columns + j].text;

            row.push_back(text == nullptr ? "-" : text);
        }
        list.push_back(row);
    }
    query_table_clear(&table);
    return list;
}

std::string refusal(store *store, const char *question, const std::vector<const char *> &metrics = {})
{
    const query asked = {question, metrics.data(), metrics.size(), nullptr};
    query_table table = {};
    char why[200] = "";

    EXPECT_FALSE(query_ask(store, &asked, &table, why, sizeof(why)));
    query_table_clear(&table);
    return why;
}

class SweepQuery : public ::testing::Test
{
  protected:
    SweepQuery()
    {
        const uint64_t tails[] = {100, 120, 300, 300, 50};

        file_ = store_open(folder_.path("a.sqlite").c_str(), &about());
        for (uint64_t i = 0; i < 5; i++) {
            EXPECT_TRUE(store_add(file_, &MadeUpRun(i, tails[i]).record()));
        }
    }

    ~SweepQuery() override
    {
        store_close(file_);
    }

    Folder folder_;
    store *file_;
};

TEST_F(SweepQuery, PointsCombineTheirReplications)
{
    const auto list = rows(file_, "points");

    ASSERT_EQ(list.size(), 3u);
    /* Two values: mean 110, standard error 10, Student's t for one degree of freedom 12.706. */
    /* On top of it what a step of the histogram hides, 1/128 of the mean: "300, give or take nothing" is never true. */
    EXPECT_EQ(list[0], (std::vector<std::string>{"0", "16", "1 MHz", "110", "127.919"}));
    EXPECT_EQ(list[1], (std::vector<std::string>{"1", "32", "2 MHz", "300", "2.34375"}));
    EXPECT_EQ(list[2], (std::vector<std::string>{"2", "64", "3 MHz", "50", "-"}));
}

TEST_F(SweepQuery, WhatIsCountedAndNotSortedIntoStepsHasTheirSpreadAlone)
{
    for (const char *exact : {"msi.latency.max", "msi.count"}) {
        const auto list = rows(file_, "points", {exact});
        const double values[] = {std::stod(rows(file_, ("SELECT value FROM metrics WHERE run = 0 AND device = '' AND"
                                                        " metric = '" +
                                                        std::string(exact) + "'")
                                                           .c_str())[0][0]),
                                 std::stod(rows(file_, ("SELECT value FROM metrics WHERE run = 1 AND device = '' AND"
                                                        " metric = '" +
                                                        std::string(exact) + "'")
                                                           .c_str())[0][0])};

        EXPECT_NEAR(std::stod(list[0][4]), query_interval(values, 2), 1e-3) << exact;
    }
}

/** The columns of an answer, for programs. */
std::vector<std::string> keys(store *store, const char *question, const std::vector<const char *> &metrics = {})
{
    const query asked = {question, metrics.data(), metrics.size(), nullptr};
    query_table table = {};
    char why[200] = "";

    EXPECT_TRUE(query_ask(store, &asked, &table, why, sizeof(why))) << why;
    const std::vector<std::string> list(table.keys, table.keys + table.columns);

    query_table_clear(&table);
    return list;
}

TEST_F(SweepQuery, ColumnsSayTheirUnits)
{
    using Names = std::vector<std::string>;

    EXPECT_EQ(keys(file_, "points", {"msi.latency.p99", "msi.count", "end-time"}),
              (Names{"point", "smmu.S.tlb.entries", "rate", "msi.latency.p99-fs", "msi.latency.p99-ci95-fs",
                     "msi.count", "msi.count-ci95", "end-time-fs", "end-time-ci95-fs"}));
    EXPECT_EQ(keys(file_, "hops"), (Names{"stage", "position", "msis", "min-fs", "mean-fs", "max-fs"}));
    EXPECT_EQ(rows(file_, "SELECT DISTINCT unit FROM (SELECT 1 AS unit)")[0][0], "1");
    for (const auto &row : rows(file_, "metrics")) {
        const bool time = row[0].compare(0, 12, "msi.latency.") == 0 || row[0] == "end-time";

        EXPECT_EQ(row[3], time ? "fs" : "") << row[0];
    }
    /* Whoever asks in SQL names them, but two of one name would hide each other in an object. */
    EXPECT_EQ(keys(file_, "SELECT 1 AS a, 2 AS a, 3 AS 'msi.latency.p99'"), (Names{"a", "a-2", "msi.latency.p99"}));
    EXPECT_EQ(keys(file_, "SELECT run, seed FROM runs WHERE run > 1000"), (Names{"run", "seed"})) << "without rows";
}

TEST_F(SweepQuery, AQuestionIsOneStatement)
{
    struct Case {
        const char *sql;
        size_t offset;
        const char *why;
    };
    const Case cases[] = {
        {"SELECT 1; DELETE FROM runs", 10, "second statement"},
        {"SELECT 1;;\n  nonsense", 13, "second statement"},
        {"SELECT nope FROM runs", 7, "no such column"},
        {"WITH x AS (SELECT 1) DELETE FROM runs", 0, "only reading"},
    };

    for (const Case &wrong : cases) {
        store *reader = store_open_existing(folder_.path("a.sqlite").c_str(), nullptr);
        const std::string why = refusal(reader, wrong.sql);

        EXPECT_EQ(why.compare(0, 5, "E0408"), 0) << why;
        EXPECT_NE(why.find(wrong.why), std::string::npos) << why;
        EXPECT_EQ(store_error_offset(reader), wrong.offset) << wrong.sql;
        store_close(reader);
    }
    EXPECT_EQ(rows(file_, "SELECT 1; -- and that is all ;\n ;")[0][0], "1");
    EXPECT_EQ(sweep_test::ask(file_, "SELECT count(*) FROM runs"), "5");
}

TEST_F(SweepQuery, OneReplicationHasTheRunsOwnInterval)
{
    EXPECT_EQ(rows(file_, "points", {"msi.latency.mean"})[2],
              (std::vector<std::string>{"2", "64", "3 MHz", "25", "7"}));
}

TEST_F(SweepQuery, WorstAndBestAreOrdered)
{
    EXPECT_EQ(rows(file_, "worst")[0][0], "1");
    EXPECT_EQ(rows(file_, "worst")[2][0], "2");
    EXPECT_EQ(rows(file_, "best")[0][0], "2");
}

TEST_F(SweepQuery, SaysWhatItCannotAnswer)
{
    EXPECT_EQ(refusal(file_, "wurst"), "E0406 there is no question 'wurst'");
    EXPECT_EQ(refusal(file_, "pareto"), "E0407 pareto is about two metrics at least");
    EXPECT_EQ(refusal(file_, "points", {"msi.latency.p98"}),
              "E0407 no run has the metric 'msi.latency.p98' ('metrics' lists them)");
    EXPECT_NE(refusal(file_, "SELECT nonsense FROM runs").find("nonsense"), std::string::npos);
}

TEST_F(SweepQuery, SqlOnlyReads)
{
    store *reader = store_open_existing(folder_.path("a.sqlite").c_str(), nullptr);

    EXPECT_EQ(rows(reader, "SELECT count(*) FROM runs")[0][0], "5");
    EXPECT_NE(refusal(reader, "WITH x AS (SELECT 1) DELETE FROM runs"), "");
    store_close(reader);
    EXPECT_EQ(sweep_test::ask(file_, "SELECT count(*) FROM runs"), "5");
}

TEST(SweepQueryPareto, FrontIsWhatNoOtherPointBeats)
{
    Folder folder;
    store_about wide = about();
    std::mt19937 random(3);
    std::vector<std::pair<uint64_t, uint64_t>> points;
    std::set<std::string> expected;
    std::set<std::string> front;

    wide.points = 60;
    store *file = store_open(folder.path("a.sqlite").c_str(), &wide);
    for (uint64_t i = 0; i < 60; i++) {
        points.emplace_back(random() % 12, random() % 12);
        MadeUpRun run(2 * i, 9);

        run.record().result = nullptr;
        ASSERT_TRUE(store_add(file, &run.record()));
    }
    store_close(file);
    /* The two metrics are set behind the store's back: a run's metrics hang together. */
    std::string sql;

    for (uint64_t i = 0; i < 60; i++) {
        const std::string run = std::to_string(2 * i);

        sql += "INSERT INTO metrics VALUES (" + run + ", '', 'x', " + std::to_string(points[i].first) + ");";
        sql += "INSERT INTO metrics VALUES (" + run + ", '', 'y', " + std::to_string(points[i].second) + ");";
    }
    sweep_test::execute(folder.path("a.sqlite"), sql);
    for (uint64_t i = 0; i < 60; i++) {
        bool beaten = false;

        for (const auto &other : points) {
            beaten =
                beaten || (other.first <= points[i].first && other.second <= points[i].second && other != points[i]);
        }
        if (!beaten) {
            expected.insert(std::to_string(i));
        }
    }
    file = store_open_existing(folder.path("a.sqlite").c_str(), nullptr);
    for (const auto &row : rows(file, "pareto", {"x", "y"})) {
        front.insert(row[0]);
    }
    EXPECT_EQ(front, expected);
    store_close(file);
}

} // namespace
