/*
 * Result files of sweeps: an SQLite database of any bytes is counted, asked every question, merged into a good one, and
 * becomes a page. An input that does not begin as databases do is SQL instead, done to a good database before that: for
 * what is in a database that SQLite finds nothing wrong with.
 */
#include "report/html.h"
#include "sweep/document.h"
#include "sweep/query.h"
#include "sweep/store.h"
#include "tests/fuzz/made_result.h"
#include "tests/fuzz/scratch_folder.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sqlite3.h>

namespace fuzz
{

namespace
{

const store_about &about()
{
    static const char *const axes[] = {"interconnect.latency", "rate"};
    static const store_about made = {"made.yaml", "Made up", "what it is", "1.2.3", 3, 2, axes, 2};

    return made;
}

void ask(store *file)
{
    bool present[6] = {};
    uint64_t counts[STORE_STATUSES];
    uint64_t unmet;

    if (store_count(file, counts, &unmet)) {
        store_present(file, present, 6);
    }
    for (const char *const *question = query_questions; *question != nullptr; question++) {
        query asked = {};
        query_table table = {};
        char why[512] = "";

        asked.question = *question;
        if (!query_ask(file, &asked, &table, why, sizeof(why)) && why[0] == '\0') {
            fail("no answer, and no reason");
        }
        query_table_clear(&table);
    }
}

void report(store *file)
{
    query nothing = {};
    char why[512] = "";
    char *text = nullptr;
    size_t size = 0;
    json_t *document = sweep_document(file, &nothing, why, sizeof(why));
    html_result result = {"input", document};

    if (document == nullptr) {
        if (why[0] == '\0') {
            fail("no document, and no reason");
        }
        return;
    }
    FILE *stream = open_memstream(&text, &size);

    if (html_is_result(document) && !html_write(stream, &result, 1)) {
        fail("a sweep cannot be written as a page");
    }
    fclose(stream);
    free(text);
    json_decref(document);
}

/** Makes a file with some runs. @return its path */
std::string make(const ScratchFolder &folder, const char *name, uint64_t runs, bool with_results)
{
    run_result result = {};
    const char *values[2] = {"10 ns", "2 MHz"};

    make_result(&result);
    result.latency_bin_count = result.latency_bin_count < 4 ? result.latency_bin_count : 4;
    for (size_t i = 0; i < result.device_count; i++) {
        result.devices[i].latency_bin_count = 0;
    }
    folder.remove(name);
    store *file = store_open(folder.path(name).c_str(), &about());

    for (uint64_t run = 0; run < runs; run++) {
        store_run record = {
            run, run / 2, static_cast<uint32_t>(run % 2), run + 1, STORE_DONE, 0, nullptr, "doorbell run", 1000, values,
            2,   &result};

        values[0] = run < 2 ? "10 ns" : run < 4 ? "20 ns" : "40 ns";
        if (!with_results) {
            record.status = STORE_DIED;
            record.result = nullptr;
            record.message = "killed";
        }
        if (!store_add(file, &record)) {
            fail(store_error(file));
        }
    }
    store_close(file);
    run_result_clear(&result);
    return folder.path(name);
}

/** Rows may be changed, and tables made and dropped; nothing outside of the database is touched. */
int allow(void *, int action, const char *, const char *, const char *, const char *)
{
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_DENY;
    default:
        return SQLITE_OK;
    }
}

int too_long(void *)
{
    return 1;
}

/** Does to a database what an input says, as far as it is SQL. */
void change(const std::string &path, const std::string &sql)
{
    sqlite3 *database = nullptr;

    if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) {
        fail("a good database cannot be opened");
    }
    sqlite3_exec(database, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
    sqlite3_set_authorizer(database, allow, nullptr);
    sqlite3_progress_handler(database, 100000, too_long, nullptr);
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    sqlite3_close(database);
}

bool is_database(const uint8_t *data, size_t size)
{
    return size >= 6 && memcmp(data, "SQLite", 6) == 0;
}

Input bytes_of(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);

    return Input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    static const ScratchFolder folder;
    const std::string path = folder.path("input.sqlite");
    uint64_t merged;

    if (is_database(data, size)) {
        folder.write("input.sqlite", data, size);
    } else {
        static const Input good = bytes_of(make(folder, "good.sqlite", 6, true));

        folder.write("input.sqlite", good.data(), good.size());
        change(path, std::string(reinterpret_cast<const char *>(data), size));
    }
    store *file = store_open_existing(path.c_str(), nullptr);

    if (store_error(file) == nullptr) {
        ask(file);
        report(file);
    }
    store_close(file);
    file = store_open_existing(path.c_str(), nullptr);
    if (store_error(file) == nullptr) {
        store_forget_failed(file);
    }
    store_close(file);
    file = store_open(folder.path("result.sqlite").c_str(), &about());
    if (!store_merge(file, path.c_str(), &merged) && store_error(file) == nullptr) {
        fail("nothing is merged, and no reason");
    }
    store_close(file);
    for (const char *suffix : {"input.sqlite-journal", "result.sqlite", "result.sqlite-journal"}) {
        folder.remove(suffix);
    }
}

namespace
{

Seed text(const std::string &name, const std::string &sql)
{
    return {"store-" + name, Input(sql.begin(), sql.end())};
}

} // namespace

std::vector<Seed> seeds()
{
    const ScratchFolder folder;
    std::vector<Seed> all;

    for (const bool with_results : {false, true}) {
        all.push_back(
            {with_results ? "store-results" : "store-died", bytes_of(make(folder, "seed.sqlite", 6, with_results))});
    }
    for (const char *table :
         {"about", "axes", "runs", "parameters", "metrics", "hops", "distributions", "verdicts", "counters"}) {
        const std::string name = table;

        all.push_back(text("delete-" + name, "DELETE FROM " + name));
        all.push_back(text("drop-" + name, "DROP TABLE " + name));
    }
    all.push_back(text("null-status", "UPDATE runs SET status = NULL; UPDATE metrics SET value = NULL WHERE run < 3"));
    for (const char *table : {"axes", "runs", "parameters", "metrics"}) {
        const std::string name = table; /* as it is, without what keeps NULLs out */
        const std::string column = name == "axes" ? "key" : name == "runs" ? "status" : "value";

        all.push_back(text("null-" + name, "CREATE TABLE other AS SELECT * FROM " + name + "; DROP TABLE " + name +
                                               "; CREATE TABLE " + name + " AS SELECT * FROM other; UPDATE " + name +
                                               " SET " + column + " = NULL; UPDATE " + name + " SET point = NULL"));
    }
    all.push_back(text("blob", "UPDATE parameters SET value = x'00ff'; UPDATE axes SET key = NULL"));
    all.push_back(text("huge", "UPDATE metrics SET value = 1e308; UPDATE runs SET point = -1, run = 9223372036854775807"
                               " WHERE run = 0"));
    all.push_back(text("insert", "INSERT INTO parameters VALUES(0, 0, 'x', 'y'); UPDATE about SET value = 9"
                                 " WHERE key = 'points'"));
    return all;
}

} // namespace fuzz
