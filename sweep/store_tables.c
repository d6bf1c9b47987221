#include "sweep/store_internal.h"

/* docs/sweep.md describes these tables; a change to them is a new STORE_SCHEMA. Times are femtoseconds. */
const char store_tables[] =
    "CREATE TABLE about (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE axes (axis INTEGER PRIMARY KEY, key TEXT NOT NULL);"
    "CREATE TABLE runs (run INTEGER PRIMARY KEY, point INTEGER NOT NULL, replication INTEGER NOT NULL,"
    " seed TEXT NOT NULL, status TEXT NOT NULL, unmet INTEGER NOT NULL, message TEXT, command TEXT NOT NULL,"
    " fingerprint TEXT, version TEXT NOT NULL, wall_us INTEGER NOT NULL);"
    "CREATE TABLE parameters (point INTEGER NOT NULL, axis INTEGER NOT NULL REFERENCES axes, value TEXT NOT NULL,"
    " number REAL, PRIMARY KEY (point, axis)) WITHOUT ROWID;"
    "CREATE TABLE metrics (run INTEGER NOT NULL REFERENCES runs, device TEXT NOT NULL, metric TEXT NOT NULL,"
    " value NUMERIC NOT NULL, PRIMARY KEY (run, device, metric)) WITHOUT ROWID;"
    "CREATE TABLE hops (run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, stage TEXT NOT NULL,"
    " count INTEGER NOT NULL, min INTEGER NOT NULL, mean INTEGER NOT NULL, max INTEGER NOT NULL,"
    " PRIMARY KEY (run, position, stage)) WITHOUT ROWID;"
    /* A row for each distribution: one for each step of it would be most of what a run takes to write. */
    "CREATE TABLE distributions (run INTEGER NOT NULL REFERENCES runs, device TEXT NOT NULL, bins TEXT NOT NULL,"
    " PRIMARY KEY (run, device)) WITHOUT ROWID;"
    "CREATE VIEW histograms AS SELECT run, device, json_extract(bin.value, '$[0]') AS low,"
    " json_extract(bin.value, '$[1]') AS high, json_extract(bin.value, '$[2]') AS count"
    " FROM distributions, json_each(bins) AS bin;"
    "CREATE TABLE verdicts (run INTEGER NOT NULL REFERENCES runs, assumption TEXT NOT NULL, outcome TEXT NOT NULL,"
    " PRIMARY KEY (run, assumption)) WITHOUT ROWID;"
    "CREATE TABLE counters (run INTEGER NOT NULL REFERENCES runs, component TEXT NOT NULL, counter TEXT NOT NULL,"
    " value INTEGER NOT NULL, PRIMARY KEY (run, component, counter)) WITHOUT ROWID;";

/* By table, all that a run has there. The runs go last: while one is absent, its rows do not count. */
const char *const store_merges[] = {
    "INSERT OR IGNORE INTO parameters SELECT * FROM shard.parameters",
    "INSERT OR IGNORE INTO metrics SELECT * FROM shard.metrics WHERE run NOT IN (SELECT run FROM main.runs)",
    "INSERT OR IGNORE INTO hops SELECT * FROM shard.hops WHERE run NOT IN (SELECT run FROM main.runs)",
    "INSERT OR IGNORE INTO distributions SELECT * FROM shard.distributions"
    " WHERE run NOT IN (SELECT run FROM main.runs)",
    "INSERT OR IGNORE INTO verdicts SELECT * FROM shard.verdicts WHERE run NOT IN (SELECT run FROM main.runs)",
    "INSERT OR IGNORE INTO counters SELECT * FROM shard.counters WHERE run NOT IN (SELECT run FROM main.runs)",
    "INSERT OR IGNORE INTO runs SELECT * FROM shard.runs",
    NULL,
};

/* Into a result that has none yet: SQLite takes whole records over, and need not look for each whether it is there. */
const char *const store_first_merges[] = {
    "INSERT INTO parameters SELECT * FROM shard.parameters",
    "INSERT INTO metrics SELECT * FROM shard.metrics",
    "INSERT INTO hops SELECT * FROM shard.hops",
    "INSERT INTO distributions SELECT * FROM shard.distributions",
    "INSERT INTO verdicts SELECT * FROM shard.verdicts",
    "INSERT INTO counters SELECT * FROM shard.counters",
    "INSERT INTO runs SELECT * FROM shard.runs",
    NULL,
};

const char *const store_inserts[STORE_INSERTS] = {
    [STORE_INSERT_RUN] = "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STORE_INSERT_PARAMETER] = "INSERT OR IGNORE INTO parameters VALUES (?, ?, ?, ?)",
    [STORE_INSERT_METRIC] = "INSERT INTO metrics VALUES (?, ?, ?, ?)",
    [STORE_INSERT_HOP] = "INSERT INTO hops VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STORE_INSERT_BINS] = "INSERT INTO distributions VALUES (?, ?, ?)",
    [STORE_INSERT_VERDICT] = "INSERT INTO verdicts VALUES (?, ?, ?)",
    [STORE_INSERT_COUNTER] = "INSERT OR IGNORE INTO counters VALUES (?, ?, ?, ?)",
};
