/* Codes of errors: the command line, files, runs and sweeps. */
#include "scenario/codes/groups.h"

static const struct error_code command_codes[] = {
    {.code = "E0101",
     .title = "No verb",
     .explanation = "The first word that is no option says what is to be done. There is none.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell\n",
     .right = "doorbell help\n"},
    {.code = "E0102",
     .title = "Unknown verb",
     .explanation = "The first word is none of the verbs that `doorbell help` lists. A file stands behind the verb.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell chek small.yaml\n",
     .right = "doorbell check small.yaml\n"},
    {.code = "E0103",
     .title = "Unknown option",
     .explanation = "The verb does not take this option; `doorbell help VERB` lists those that it takes.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell check --seed 7 small.yaml\n",
     .right = "doorbell check --set seed=7 small.yaml\n"},
    {.code = "E0104",
     .title = "An argument is missing, or one too many",
     .explanation = "An option that takes an argument stands last, or one that takes none has one behind an equals "
                    "sign.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell check small.yaml --set\n",
     .right = "doorbell check small.yaml --set seed=7\n"},
    {.code = "E0105",
     .title = "Wrong value of an option",
     .explanation = "The option does not take this value: it is no number, out of range, or none of the words that "
                    "are possible. The message says which are.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell run --engine fast small.yaml\n",
     .right = "doorbell run --engine native small.yaml\n"},
    {.code = "E0106",
     .title = "A file or word is missing, or one too many",
     .explanation = "Every verb takes a certain number of words, as `doorbell help VERB` shows.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell check\n",
     .right = "doorbell check small.yaml\n"},
    {.code = "E0107",
     .title = "Options that do not go together",
     .explanation = "An option only says more about what another one asks for, or has no meaning with this file, and "
                    "so would do nothing.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell run small.yaml --scope 'S*'\n",
     .right = "doorbell run small.yaml --scope 'smmu0*' --trace-vcd small.vcd\n"},
    {.code = "E0108",
     .title = "There is nothing of this name",
     .explanation = "The word names no assumption, packet, shell, action or parameter. Names are those that other "
                    "verbs print.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell explore doorbel-per-group\n",
     .right = "doorbell explore doorbell-per-group --limit 10 || test $? = 1\n"},
    {.code = "E0109",
     .title = "Unknown code",
     .explanation = "There is no error of this code. Codes are an E and four digits; `doorbell explain codes` lists "
                    "them.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell explain E9999\n",
     .right = "doorbell explain E1101\n"},
};

const struct error_code_group error_codes_command = {"The command line", command_codes,
                                                     sizeof(command_codes) / sizeof(command_codes[0])};

static const struct error_code files_codes[] = {
    {.code = "E0201",
     .title = "A file cannot be read",
     .explanation = "The operating system refuses: the file is not there, is a folder, or may not be read. The exit "
                    "status is 4, since nothing is known to be wrong with the content.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell check nothing.yaml\n",
     .right = "doorbell check small.yaml\n"},
    {.code = "E0202",
     .title = "A file cannot be written",
     .explanation = "The result has no place: the folder is not there or may not be written, or the disk is full. A "
                    "file of that name is as it was before.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell run small.yaml -o nowhere/result.txt\n",
     .right = "doorbell run small.yaml -o result.txt\n"},
    {.code = "E0203",
     .title = "Out of memory",
     .explanation = "The machine has no memory left for what was asked.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a machine without memory.",
     .right = ""},
    {.code = "E0204",
     .title = "An engine is absent",
     .explanation = "The systemc engine is built only where SystemC was found when Doorbell was configured. The "
                    "other engines give the same results.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a build without SystemC; `doorbell version` says what a build has.",
     .right = ""},
    {.code = "E0205",
     .title = "A program cannot be run",
     .explanation = "Device tree sources are compiled by the device tree compiler, dtc, which is missing or cannot "
                    "be started. A compiled blob (.dtb) needs no program.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "command=$(command -v doorbell); PATH=/nonexistent; $command check board.dts\n",
     .right = "doorbell check board.dts\n"},
    {.code = "E0206",
     .title = "Nothing of the kind in this folder",
     .explanation = "The folder is not there, or holds no file of the kind that the verb works on: scenarios "
                    "(*.yaml), results (*.json), a recording.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "mkdir empty; doorbell golden empty\n",
     .right = "mkdir golden; cp small.yaml golden; doorbell golden golden --bless\n"},
    {.code = "E0207",
     .title = "No result of Doorbell",
     .explanation = "The file is no JSON document, or none that run, check or sweep wrote with --json.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "echo '{' > broken.json; doorbell report broken.json\n",
     .right = "doorbell run small.yaml --json -o good.json; doorbell report good.json\n"},
    {.code = "E0208",
     .title = "Another sweep is at work",
     .explanation = "Two sweeps cannot write one result. Wait for the other one, or name another --database.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "mkdir busy.sqlite.shards; flock busy.sqlite.shards doorbell sweep sweep.yaml -d busy.sqlite\n",
     .right = "doorbell sweep sweep.yaml -d free.sqlite\n"},
    {.code = "E0209",
     .title = "A worker cannot be started",
     .explanation = "The operating system gives a sweep no more processes or sockets; take fewer workers (-j).",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a machine without processes to spare.",
     .right = ""},
};

const struct error_code_group error_codes_files = {"Files and the machine", files_codes,
                                                   sizeof(files_codes) / sizeof(files_codes[0])};

static const struct error_code running_codes[] = {
    {.code = "E0301",
     .title = "The simulation ended abnormally",
     .explanation = "Something waits for what never comes: a deadlock, a broken invariant of a model, or a limit of "
                    "time. The message says what, and when. If the scenario is sound, this is a fault of Doorbell.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "No scenario is known that ends so; one that does is a fault to be reported.",
     .right = ""},
    {.code = "E0302",
     .title = "The simulator is broken",
     .explanation = "A packet's story does not add up: stages and latency differ, or a packet was lost without a "
                    "word. This is a fault of Doorbell.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a fault of Doorbell.",
     .right = ""},
    {.code = "E0303",
     .title = "The software cannot bring the system up",
     .explanation = "The file is well-formed, but a kernel could not set this machine up: memory for tables runs "
                    "out, windows are too small, or a device is out of reach. The message says what failed.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell run small.yaml --set platform.smmu.smmu0.output-address-bits=32 "
              "--set platform.memory.base=0x1_0000_0000\n",
     .right = "doorbell run small.yaml --set platform.smmu.smmu0.idr.gran16k=no\n"},
    {.code = "E0304",
     .title = "A counterexample could not be shown",
     .explanation = "An exploration found a system that violates the assumption by what software decides, and a run "
                    "of it did not show the same. This is a fault of Doorbell.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a fault of Doorbell.",
     .right = ""},
};

const struct error_code_group error_codes_running = {"Running", running_codes,
                                                     sizeof(running_codes) / sizeof(running_codes[0])};

static const struct error_code sweeps_codes[] = {
    {.code = "E0401",
     .title = "There is no sweep",
     .explanation = "`doorbell sweep` runs the points of a file's `sweep:`, and this file has none. `doorbell run` "
                    "runs one point.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep small.yaml\n",
     .right = "doorbell sweep sweep.yaml\n"},
    {.code = "E0402",
     .title = "Too many runs",
     .explanation = "The product of axes and replications is more than can be numbered. Take fewer values, or "
                    "`combine: random` with `samples`.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml --set 'sweep.axes=[{key: platform.memory.latency, from: 1 ns"
              ", to: 100 ns, steps: 100000}, {key: platform.interconnect.latency, from: 1 ns, to: 100"
              " ns, steps: 100000}]'\n",
     .right = "doorbell sweep sweep.yaml\n"},
    {.code = "E0403",
     .title = "Results are there already",
     .explanation = "The database holds runs of this sweep. --resume does those that are missing; another --database "
                    "begins anew.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml\n",
     .right = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml --resume\n"},
    {.code = "E0404",
     .title = "A database of another kind",
     .explanation = "The file is an SQLite database, but not of this sweep: another one's, another program's, or of "
                    "another version of Doorbell. Nothing in it was changed.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml --set duration=300us --resume\n",
     .right = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml --resume\n"},
    {.code = "E0405",
     .title = "The database fails",
     .explanation = "SQLite cannot open, read or write the file: it is damaged, locked, no database at all, or the "
                    "disk is full. The message is SQLite's own.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell query x.sqlite\n",
     .right = "doorbell sweep sweep.yaml -d x.sqlite; doorbell query x.sqlite\n"},
    {.code = "E0406",
     .title = "Unknown question",
     .explanation = "`doorbell query` answers the questions that `doorbell help query` lists, and SELECT ... in SQL.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite worstt\n",
     .right = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite worst\n"},
    {.code = "E0407",
     .title = "Metrics that do not fit the question",
     .explanation = "No run has the metric, there are too few for the question (pareto is about two), or too many. "
                    "`doorbell query DATABASE metrics` lists them.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite points --metric msi.latency.p98\n",
     .right = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite points --metric msi.latency.p99\n"},
    {.code = "E0408",
     .title = "The question in SQL is wrong",
     .explanation = "SQLite does not understand the statement. docs/sweep.md has the tables and their columns; only "
                    "reading is possible.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite 'SELECT x FROM nothing'\n",
     .right = "doorbell sweep sweep.yaml; doorbell query sweep.sqlite 'SELECT count(*) FROM runs'\n"},
    {.code = "E0409",
     .title = "The scheduler did not take the job",
     .explanation = "sbatch is not installed, refused the script, or told no job number. The script is written, and "
                    "can be submitted by hand.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "command=$(command -v doorbell); PATH=/usr/bin/nothing; $command sweep submit sweep.yaml --parts 2\n",
     .right = "doorbell sweep sweep.yaml --shard 1/2; doorbell sweep sweep.yaml --shard 2/2; doorbell"
              " sweep merge sweep.yaml\n"},
    {.code = "E0410",
     .title = "The sweep is in the queue",
     .explanation = "Parts of this sweep wait or run in Slurm's queue; what they do would be done twice. `doorbell "
                    "sweep status FILE` shows them.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a cluster; the test of sweeps on Slurm makes one, and shows this there.",
     .right = ""},
    {.code = "E0411",
     .title = "Sweeps without a common point",
     .explanation =
         "`doorbell compare` pairs the points of two sweeps by the values of their axes, and no point of one "
         "has the values of a point of the other: they are over other axes, or other values.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml -d other.sqlite --set 'sweep.axes=[{key: "
              "platform.memory.latency, values: [33 ns]}]'; doorbell compare sweep.sqlite other.sqlite\n",
     .right = "doorbell sweep sweep.yaml; doorbell sweep sweep.yaml -d other.sqlite --seed 5; doorbell compare "
              "sweep.sqlite other.sqlite\n"},
    {.code = "E0412",
     .title = "A sweep against what is none",
     .explanation = "`doorbell compare` takes two sweeps' databases, two documents of `run --json`, or two folders of "
                    "such, but not one of each.",
     .shown = ERROR_CODE_COMMAND,
     .wrong =
         "doorbell sweep sweep.yaml; doorbell run small.yaml --json -o a.json; doorbell compare sweep.sqlite a.json\n",
     .right = "doorbell run small.yaml --json -o a.json; doorbell run small.yaml --json -o b.json; doorbell compare "
              "a.json b.json\n"},
};

const struct error_code_group error_codes_sweeps = {"Sweeps and their results", sweeps_codes,
                                                    sizeof(sweeps_codes) / sizeof(sweeps_codes[0])};
