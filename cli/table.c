#include "cli/table.h"

#include "replay/replay.h"
#include "sim/sim.h"

#include <string.h>

#define VERB_BIT(verb) (1U << (verb))
#define ON_FILES       (VERB_BIT(CLI_VERB_RUN) | VERB_BIT(CLI_VERB_CHECK) | VERB_BIT(CLI_VERB_SHOW))
#define ON_GOLDEN      (VERB_BIT(CLI_VERB_GOLDEN) | VERB_BIT(CLI_VERB_COMPARE))
#define ON_RESULTS                                                                                                     \
    (ON_FILES | ON_GOLDEN | VERB_BIT(CLI_VERB_SWEEP) | VERB_BIT(CLI_VERB_REPLAY) | VERB_BIT(CLI_VERB_CALIBRATE) |      \
     VERB_BIT(CLI_VERB_PARAMS) | VERB_BIT(CLI_VERB_EXPLORE) | VERB_BIT(CLI_VERB_BOTTLENECK))
#define ON_JSON                                                                                                        \
    (ON_RESULTS | VERB_BIT(CLI_VERB_IMPORT) | VERB_BIT(CLI_VERB_TOPO) | VERB_BIT(CLI_VERB_QUERY) |                     \
     VERB_BIT(CLI_VERB_REPORT) | VERB_BIT(CLI_VERB_EXPLAIN))
#define ON_ENGINES (VERB_BIT(CLI_VERB_RUN) | VERB_BIT(CLI_VERB_REPLAY))

static const char *const about_run[] = {
    "Simulates the scenario. Prints which assumptions of the software hold, with what the hardware did",
    "as evidence, and then the latency of the MSIs, device by device and hop by hop. Exits 1 if",
    "something that the file expects did not come out.",
    NULL,
};

static const char *const about_check[] = {
    "Judges the assumptions from the topology alone, without simulating. FILE is a scenario (.yaml), or a",
    "board's device tree: a blob (.dtb), or its source (.dts), which needs the program dtc.",
    NULL,
};

static const char *const about_show[] = {
    "Prints the scenario with every default filled in, and marked as such.",
    NULL,
};

static const char *const about_replay[] = {
    "Does to the models what a real driver did to an SMMUv3 and a GICv3 ITS: register writes, commands,",
    "tables. Prints what was recorded, what was compared (translations, faults, MSIs), and where a model",
    "disagrees. DIR is a recording, as docs/replay.md describes them. Exits 1 if anything disagrees.",
    NULL,
};

static const char *const about_calibrate[] = {
    "Fits an IOMMU, a device and a path to measurements of a host in the form of the public pcie-bench",
    "data set (docs/validation.md), simulates every row with them, and prints the scenario; its comments",
    "say which rows were used, and how far off each of the others is. Exits 1 if one is beyond tolerance.",
    NULL,
};

static const char *const about_golden[] = {
    "Runs every scenario (*.yaml) of a folder and compares what comes out with the results stored in its",
    "folder golden/. Exact, but for what --tolerance allows. A difference is told with its scenario, its",
    "metric, by how much, and the first packet whose way differs; the exit status is 1 then. The verb is",
    "also understood as check-golden.",
    NULL,
};

static const char *const about_compare[] = {
    "Tells how result B differs from result A: two documents that 'doorbell run --json' wrote, two",
    "folders of such, or two sweeps' databases. Of a pair of runs with different seeds only means beyond",
    "their confidence intervals, verdicts and expectations count. Runs of several seeds in both folders,",
    "and the points of sweeps, are judged together: every metric by a test (pairs of the same seeds, or",
    "Welch's), corrected for how many there are. Exits 1 if something that counts differs.",
    NULL,
};

static const char *const about_import[] = {
    "Writes a scenario of a real machine, as it describes itself. SOURCE is a device tree (.dtb, .dts) or",
    "ACPI tables (IORT, MCFG, APIC); text of 'lspci -xxxx', or a copy of a sysfs tree. Give one, or one",
    "of each kind. What no source tells is guessed, and a comment of the scenario says so",
    "(docs/import.md).",
    NULL,
};

static const char *const about_topo[] = {
    "Draws the scenario's system, as its software would find it: PCI functions, their IOMMU groups, and",
    "the SMMU and ITS that their interrupts go through. As a text tree, as a picture (--format svg), or",
    "for Graphviz (--format dot).",
    NULL,
};

static const char *const about_explain[] = {
    "Runs the scenario and tells one story of it: of a packet, by the identity that 'doorbell run' prints",
    "(every hop, when, for how long, what is read from tables there), or of a verdict, by its name (the",
    "claim, what was found, why it is one group, and a packet to each doorbell). Or of an error, by",
    "the code that its message has, as in 'doorbell explain E1101'; 'doorbell explain codes' lists them.",
    NULL,
};

static const char *const about_sweep[] = {
    "Runs every point of the scenario's `sweep:` (docs/sweep.md) on worker processes, and keeps what",
    "comes out in one SQLite file. Interrupted or killed, it goes on with --resume, and has lost at most",
    "the runs under way. ACTION merge puts the shards that parts (--shard) or a killed sweep left into",
    "the result; submit hands N parts and that merge to a cluster's scheduler, for the runs that are left",
    "with --resume; status says how they stand. Exits 1 if a run failed, or an expectation was not met.",
    NULL,
};

static const char *const about_query[] = {
    "Answers a question about the results of a sweep. QUESTION is points (the default: every point with",
    "a metric's mean over its replications and a 95 % confidence interval), worst or best (by that",
    "metric), pareto (points that no other beats in both metrics), failed, verdicts, metrics, hops, or",
    "SELECT ... in SQL over the tables of docs/sweep.md.",
    NULL,
};

static const char *const about_bottleneck[] = {
    "Takes the latency of every MSI apart: the way itself, and the wait at every stage, of the mean and",
    "of the slowest hundredth. Then runs the scenario again with one resource doubled at a time (caches,",
    "slots, walks, credits, ports, command queues), and ranks them by what that buys.",
    NULL,
};

static const char *const about_report[] = {
    "Writes results as one page for a browser: the system drawn with the way of interrupts that violate",
    "an assumption, verdicts with their evidence, latencies, sweep plots. RESULT is what run or check",
    "wrote with --json, or a sweep's database. The page holds all it needs, and no script.",
    NULL,
};

static const char *const about_explore[] = {
    "Judges an assumption on every small system within bounds, each once up to symmetry, without",
    "simulating; or on as many as --limit allows. Prints how much of the space that was, and the smallest",
    "counterexample as a scenario file, after a run of it has shown the same. ASSUMPTION is a name that",
    "check prints, such as doorbell-per-group. Exits 1 if there is a counterexample.",
    NULL,
};

static const char *const about_params[] = {
    "Lists the parameters of a scenario file: path, value, default with its source, range, meaning. WORD",
    "keeps those whose path or meaning holds it, as in 'doorbell params tlb'. The paths are what --set",
    "and sweeps take; NAME stands for a name of the file's own, N for a place in a list.",
    NULL,
};

static const char *const about_completion[] = {
    "Prints the completion script of a shell: bash, zsh or fish. For bash:",
    "eval \"$(doorbell completion bash)\"",
    NULL,
};

static const char *const about_man[] = {
    "Prints the manual page, or that of one verb: doorbell man sweep | man -l -",
    NULL,
};

static const char *const about_help[] = {
    "Prints what the command, or one verb of it, understands.",
    NULL,
};

static const char *const about_version[] = {
    "Prints the version, and the engines in this build.",
    NULL,
};

const struct cli_verb_entry cli_verb_table[CLI_VERBS] = {
    [CLI_VERB_RUN] = {"run", "FILE", 1, 1, "simulate a scenario: verdicts, then latencies", about_run},
    [CLI_VERB_CHECK] = {"check", "FILE", 1, 1, "judge a scenario or a board's device tree, without simulating",
                        about_check},
    [CLI_VERB_SHOW] = {"show", "FILE", 1, 1, "print a scenario with every default filled in", about_show},
    [CLI_VERB_REPLAY] = {"replay", "DIR", 1, 1, "replay a recording of a real driver, and compare", about_replay},
    [CLI_VERB_CALIBRATE] = {"calibrate", "DIR", 1, 1, "fit a scenario to a host's measurements, and score it",
                            about_calibrate},
    [CLI_VERB_GOLDEN] = {"golden", "DIR", 1, 1, "run a folder's scenarios and compare with stored results",
                         about_golden},
    [CLI_VERB_COMPARE] = {"compare", "A B", 2, 2, "tell how two results differ", about_compare},
    [CLI_VERB_IMPORT] = {"import", "SOURCE...", 1, 1000, "make a scenario of a machine's own description",
                         about_import},
    [CLI_VERB_TOPO] = {"topo", "FILE", 1, 1, "draw a scenario's topology", about_topo},
    [CLI_VERB_EXPLAIN] = {"explain", "CODE | FILE PACKET|VERDICT", 1, 2,
                          "tell the story of one packet, verdict or error", about_explain},
    [CLI_VERB_SWEEP] = {"sweep", "[ACTION] FILE", 1, 2, "run the points of a scenario's sweep", about_sweep},
    [CLI_VERB_QUERY] = {"query", "DATABASE [QUESTION]", 1, 2, "ask the results of a sweep", about_query},
    [CLI_VERB_BOTTLENECK] = {"bottleneck", "FILE", 1, 1, "find where MSIs wait, and what would help", about_bottleneck},
    [CLI_VERB_REPORT] = {"report", "RESULT...", 1, 1000, "write results as a page for a browser", about_report},
    [CLI_VERB_EXPLORE] = {"explore", "ASSUMPTION", 1, 1, "find the smallest system that violates an assumption",
                          about_explore},
    [CLI_VERB_PARAMS] = {"params", "[WORD]", 0, 1, "list the parameters of a scenario file", about_params},
    [CLI_VERB_COMPLETION] = {"completion", "SHELL", 1, 1, "print the completion script for bash, zsh or fish",
                             about_completion},
    [CLI_VERB_MAN] = {"man", "[VERB]", 0, 1, "print the manual page, or that of one verb", about_man},
    [CLI_VERB_HELP] = {"help", "[VERB]", 0, 1, "explain the command, or one verb", about_help},
    [CLI_VERB_VERSION] = {"version", NULL, 0, 0, "print the version and the engines of this build", about_version},
};

const struct cli_alias_entry cli_alias_table[CLI_ALIASES] = {{"check-golden", CLI_VERB_GOLDEN}};

const struct cli_option_entry cli_option_table[CLI_OPTIONS] = {
    [CLI_OPTION_SET] = {"set", '\0', "KEY=VALUE",
                        ON_FILES | VERB_BIT(CLI_VERB_SWEEP) | VERB_BIT(CLI_VERB_TOPO) | VERB_BIT(CLI_VERB_BOTTLENECK) |
                            VERB_BIT(CLI_VERB_EXPLAIN),
                        "give a key of the scenario another value, as in\n"
                        "--set platform.smmu.S.tlb.entries=64; may be repeated"},
    [CLI_OPTION_ENGINE] = {"engine", '\0', "NAME", ON_ENGINES | VERB_BIT(CLI_VERB_GOLDEN) | VERB_BIT(CLI_VERB_SWEEP),
                           "native (the default), every-cycle, or systemc;\n"
                           "all give the same results"},
    [CLI_OPTION_SEED] = {"seed", '\0', "N",
                         VERB_BIT(CLI_VERB_RUN) | VERB_BIT(CLI_VERB_SHOW) | VERB_BIT(CLI_VERB_SWEEP) |
                             VERB_BIT(CLI_VERB_BOTTLENECK) | VERB_BIT(CLI_VERB_EXPLAIN) | VERB_BIT(CLI_VERB_EXPLORE),
                         "seed of all random streams, in place of the file's"},
    [CLI_OPTION_SHUFFLE] = {"shuffle", '\0', "SEED", ON_ENGINES,
                            "shuffle the order inside every instant, which\n"
                            "changes no result"},
    [CLI_OPTION_BLESS] = {"bless", '\0', NULL, VERB_BIT(CLI_VERB_GOLDEN),
                          "store what comes out now, and show the difference"},
    [CLI_OPTION_TOLERANCE] = {"tolerance", '\0', "METRIC=N", ON_GOLDEN,
                              "let a metric differ by N, by N% (of the earlier value),\n"
                              "or at will ('any'); METRIC is its path, in which *\n"
                              "stands for anything; may be repeated, the last counts"},
    [CLI_OPTION_JUNIT] = {"junit", '\0', "FILE", VERB_BIT(CLI_VERB_GOLDEN), "write JUnit XML too"},
    [CLI_OPTION_TIMELINE] = {"timeline", '\0', "FILE", VERB_BIT(CLI_VERB_RUN),
                             "write a Perfetto trace too, in which every MSI can be\n"
                             "followed across components (ui.perfetto.dev opens it)"},
    [CLI_OPTION_TRACE_VCD] = {"trace-vcd", '\0', "FILE", VERB_BIT(CLI_VERB_RUN),
                              "write waveforms too, of channels and counters\n"
                              "(GTKWave opens them)"},
    [CLI_OPTION_OCCUPANCY] = {"occupancy", '\0', NULL, VERB_BIT(CLI_VERB_RUN),
                              "record how full queues, caches and channels were over\n"
                              "time; the report draws it"},
    [CLI_OPTION_SCOPE] = {"scope", '\0', "PATTERN", VERB_BIT(CLI_VERB_RUN),
                          "the waveforms: those of components and channels whose\n"
                          "names this fits, as in 'S*'; may be repeated"},
    [CLI_OPTION_WINDOW] = {"window", '\0', "FROM..TO", VERB_BIT(CLI_VERB_RUN),
                           "the timeline's MSIs: those born between these times,\n"
                           "counted from the start of the traffic, as in 0us..20us;\n"
                           "and what waveforms show"},
    [CLI_OPTION_ONLY] = {"only", '\0', "DEVICE", VERB_BIT(CLI_VERB_RUN),
                         "the timeline's MSIs: those of this device; may be\n"
                         "repeated"},
    [CLI_OPTION_MODE] = {"mode", '\0', "MODE", VERB_BIT(CLI_VERB_REPLAY),
                         "static: what every snapshot maps; timeline: all in\n"
                         "its order; both (the default)"},
    [CLI_OPTION_PRESET] = {"preset", '\0', "NAME", VERB_BIT(CLI_VERB_REPLAY),
                           "caches and times of the SMMU, which change no result:\n"
                           "default, gem5-default, agilex5-mmu600"},
    [CLI_OPTION_UNTIL] = {"until", '\0', "SEQ", VERB_BIT(CLI_VERB_REPLAY),
                          "end the timeline behind this position; the final\n"
                          "ITS routes are not compared then"},
    [CLI_OPTION_SNAPSHOT] = {"snapshot", '\0', "N", VERB_BIT(CLI_VERB_REPLAY), "compare only this snapshot's mappings"},
    [CLI_OPTION_MISMATCHES] = {"mismatches", '\0', "N", VERB_BIT(CLI_VERB_REPLAY),
                               "list at most N differences (default 20); all are\n"
                               "counted"},
    [CLI_OPTION_JOBS] = {"jobs", 'j', "N", VERB_BIT(CLI_VERB_SWEEP),
                         "workers at once; as many as there are processors unless\n"
                         "given"},
    [CLI_OPTION_DATABASE] = {"database", 'd', "FILE", VERB_BIT(CLI_VERB_SWEEP),
                             "where the results go; the scenario's name with .sqlite,\n"
                             "in the current folder, unless given"},
    [CLI_OPTION_RESUME] = {"resume", '\0', NULL, VERB_BIT(CLI_VERB_SWEEP),
                           "go on with a sweep that is in the database already"},
    [CLI_OPTION_RETRY] = {"retry", '\0', NULL, VERB_BIT(CLI_VERB_SWEEP), "with --resume: do failed runs again"},
    [CLI_OPTION_SHARD] = {"shard", '\0', "K/N", VERB_BIT(CLI_VERB_SWEEP),
                          "do the K-th of N parts, beside others that do the rest;\n"
                          "'doorbell sweep merge' puts them together"},
    [CLI_OPTION_SCHEDULER] = {"scheduler", '\0', "NAME", VERB_BIT(CLI_VERB_SWEEP),
                              "submit: who runs the parts: slurm (the default)"},
    [CLI_OPTION_PARTS] = {"parts", 'N', "N", VERB_BIT(CLI_VERB_SWEEP),
                          "submit: how many parts, each one task with -j CPUs\n"
                          "(1 unless given)"},
    [CLI_OPTION_METRIC] = {"metric", '\0', "NAME",
                           VERB_BIT(CLI_VERB_QUERY) | VERB_BIT(CLI_VERB_REPORT) | VERB_BIT(CLI_VERB_COMPARE),
                           "the metric in question (default msi.latency.p99; to\n"
                           "compare: all); may be repeated: pareto takes two"},
    [CLI_OPTION_DEVICE] = {"device", '\0', "NAME", VERB_BIT(CLI_VERB_QUERY) | VERB_BIT(CLI_VERB_COMPARE),
                           "of this device; of all together unless given"},
    [CLI_OPTION_FORMAT] = {"format", '\0', "NAME", VERB_BIT(CLI_VERB_QUERY) | VERB_BIT(CLI_VERB_TOPO),
                           "text (the default); for query csv or jsonl, for topo\n"
                           "svg or dot"},
    [CLI_OPTION_ENDPOINTS] = {"endpoints", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                              "at most so many endpoints, 1 to 8 (default 3)"},
    [CLI_OPTION_SWITCHES] = {"switches", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                             "at most so many switches, 0 to 6 (default 2)"},
    [CLI_OPTION_ITS] = {"its", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE), "at most so many ITS, 1 to 4 (default 2)"},
    [CLI_OPTION_SMMUS] = {"smmus", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                          "at most so many SMMUs, 1 to 4 (default 1); 0: none"},
    [CLI_OPTION_ACS] = {"acs", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                        "settings of ACS that each port may have: 1: none;\n"
                        "2 (the default): or full; 3: or all but Upstream\n"
                        "Forwarding"},
    [CLI_OPTION_FUNCTIONS] = {"functions", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                              "functions of a device, each one of the endpoints, with\n"
                              "ACS of their own or without, 1 to 4 (default 1)"},
    [CLI_OPTION_LIMIT] = {"limit", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                          "judge at most so many systems (default 1000000): small\n"
                          "sizes all, of the others some at random (--seed)"},
    [CLI_OPTION_GUEST_DOORBELLS] = {"guest-doorbells", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                                    "nested: doorbell pages that the guest sees, 1 to 8\n"
                                    "(default 8)"},
    [CLI_OPTION_IDENTITY_PAGES] = {"identity-pages", '\0', "N", VERB_BIT(CLI_VERB_EXPLORE),
                                   "nested: pages of the MSI window that the guest maps\n"
                                   "one to one, 0 to 256 (default 256)"},
    [CLI_OPTION_GROUPING] = {"grouping", '\0', "RULE", VERB_BIT(CLI_VERB_EXPLORE),
                             "how IOMMU groups are formed: linux, corrected, reach\n"
                             "(default: as the rule set does)"},
    [CLI_OPTION_IDENTITY] = {"identity", '\0', NULL, VERB_BIT(CLI_VERB_EXPLORE),
                             "the same as --consumers kernel-identity"},
    [CLI_OPTION_CONSUMERS] = {"consumers", '\0', "LIST", VERB_BIT(CLI_VERB_EXPLORE),
                              "whose the endpoints may be, words with commas: kernel\n"
                              "(the default), kernel-identity, vfio, vfio-nested,\n"
                              "iommufd, iommufd-nested, ..., or all"},
    [CLI_OPTION_RULES] = {"rules", '\0', "LIST", VERB_BIT(CLI_VERB_EXPLORE),
                          "by which rule sets, words with commas, or all\n"
                          "(default linux-7.3)"},
    [CLI_OPTION_UNMAPPED] = {"unmapped", '\0', NULL, VERB_BIT(CLI_VERB_EXPLORE),
                             "the iommu-map may leave endpoints out"},
    [CLI_OPTION_CONTROLLERS] = {"controllers", '\0', "LIST", VERB_BIT(CLI_VERB_EXPLORE),
                                "what takes MSIs, words with commas: its (the default),\n"
                                "pre-its, v2m, or all"},
    [CLI_OPTION_PASIDS] = {"pasids", '\0', "LIST", VERB_BIT(CLI_VERB_EXPLORE),
                           "auxiliary domains on a PASID of each endpoint, words with\n"
                           "commas: none (the default), shared, own, or all"},
    [CLI_OPTION_JSON] = {"json", '\0', NULL, ON_JSON, "write one JSON document, of a failure too"},
    [CLI_OPTION_OUTPUT] = {"output", 'o', "FILE",
                           ON_RESULTS | VERB_BIT(CLI_VERB_QUERY) | VERB_BIT(CLI_VERB_TOPO) | VERB_BIT(CLI_VERB_REPORT) |
                               VERB_BIT(CLI_VERB_EXPLAIN) | VERB_BIT(CLI_VERB_IMPORT),
                           "write to FILE, as a whole or not at all, in place\n"
                           "of standard output"},
    [CLI_OPTION_HELP] = {"help", 'h', NULL, VERB_BIT(CLI_VERBS) - 1U, "print this text"},
};

const struct cli_exit_entry cli_exit_table[CLI_EXITS] = {
    {"0", "done, and every expectation was met"},
    {"1", "done; an expectation failed"},
    {"2", "the command line or the input is wrong; nothing was simulated"},
    {"3", "the simulation ended abnormally"},
    {"4", "the environment failed: cannot read, cannot write, not in this build"},
    {"130, 143", "interrupted; partial results are valid and marked"},
};

const char cli_purpose[] =
    "Doorbell simulates, cycle by cycle, the path of a message-signalled interrupt on an Arm system.";

const char *const cli_engine_names[CLI_ENGINES] = {
    [SIM_ENGINE_NATIVE] = "native",
    [SIM_ENGINE_EVERY_CYCLE] = "every-cycle",
    [SIM_ENGINE_SYSTEMC] = "systemc",
};

const char *const cli_mode_names[CLI_MODES] = {
    [REPLAY_MODE_BOTH] = "both",
    [REPLAY_MODE_STATIC] = "static",
    [REPLAY_MODE_TIMELINE] = "timeline",
};

enum cli_verb cli_verb_named(const char *word)
{
    size_t verb = 0;

    for (size_t i = 0; i < CLI_ALIASES; i++) {
        if (strcmp(word, cli_alias_table[i].name) == 0) {
            return cli_alias_table[i].verb;
        }
    }
    while (verb < CLI_VERBS && strcmp(word, cli_verb_table[verb].name) != 0) {
        verb++;
    }
    return (enum cli_verb)verb;
}
