/* Codes of errors: the text of a scenario, its keys and names. */
#include "scenario/codes/groups.h"

static const struct error_code yaml_codes[] = {
    {.code = "E1001",
     .title = "Not valid YAML",
     .explanation = "Brackets do not match, indentation is not even, or a text that begins with a sign of YAML is "
                    "not quoted.",
     .shown = ERROR_CODE_FILE,
     .wrong = "doorbell: 1\n"
              "pcie: { rc0: [1, 2\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1002",
     .title = "No text in UTF-8",
     .explanation = "A byte or character stands in the file that no text has: a control character, or a sequence "
                    "that UTF-8 does not know.",
     .shown = ERROR_CODE_FILE,
     .wrong = "doorbell: 1\n"
              "title: \"a\\0b\"\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1003",
     .title = "An empty file",
     .explanation = "There is nothing in the file, or nothing but comments.",
     .shown = ERROR_CODE_FILE,
     .wrong = "# nothing yet\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1004",
     .title = "Too large, or nested too deeply",
     .explanation = "A scenario is at most 16 MiB and 64 levels deep; what is larger is taken for hostile.",
     .shown = ERROR_CODE_FILE,
     .wrong = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
              "[[[[[[[[[[[[[[\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1005",
     .title = "Anchors, aliases and tags",
     .explanation = "A scenario is read without them: an alias can stand for more than fits any memory, and every "
                    "key knows the type of its value. `base:` and --set serve to say things once.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "title: &name x\n",
     .right = "title: x\n"},
    {.code = "E1006",
     .title = "A key is written twice",
     .explanation = "Which of the two would count? The message names both lines.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "seed: 1\n"
              "seed: 2\n",
     .right = "seed: 1\n"},
    {.code = "E1007",
     .title = "A second document",
     .explanation = "A file holds one scenario; a line of three dashes begins another.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "---\n"
              "seed: 1\n",
     .right = "seed: 1\n"},
    {.code = "E1008",
     .title = "A key is a plain name",
     .explanation = "A map or list cannot be a key.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "? [a, b]\n"
              ": 1\n",
     .right = "seed: 1\n"},
    {.code = "E1009",
     .title = "A scenario is a map",
     .explanation = "The file holds a list or a single value in place of `key: value` lines.",
     .shown = ERROR_CODE_FILE,
     .wrong = "- doorbell\n"
              "- pcie\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1010",
     .title = "The base cannot be used",
     .explanation = "`base:` names another scenario file that this one changes. It is not there, stands on itself, "
                    "or on too many others.",
     .shown = ERROR_CODE_FILE,
     .wrong = "doorbell: 1\n"
              "base: missing.yaml\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1011",
     .title = "Nothing to take away",
     .explanation = "`key: null` takes a key of the base away, and the base has no such key.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "printf \"base: small.yaml\\nplatform: { its: { Z: null } }\\n\" > over.yaml; doorbell chec"
              "k over.yaml\n",
     .right = "printf \"base: small.yaml\\ntitle: the same\\n\" > over.yaml; doorbell check over.yaml\n"},
    {.code = "E1012",
     .title = "An override cannot be applied",
     .explanation = "--set takes PATH=VALUE. A part of the path is missing, goes through a single value, or picks an "
                    "item of a list that is not there.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell check small.yaml --set platform..count=1\n",
     .right = "doorbell check small.yaml --set platform.pe.count=1\n"},
};

const struct error_code_group error_codes_yaml = {"The text of a scenario", yaml_codes,
                                                  sizeof(yaml_codes) / sizeof(yaml_codes[0])};

static const struct error_code keys_codes[] = {
    {.code = "E1101",
     .title = "Unknown key",
     .explanation = "No key of this name is known at this place. The message names the nearest one, or all that are. "
                    "`doorbell params` and docs/scenario-format.md list every key.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "titel: x\n",
     .right = "title: x\n"},
    {.code = "E1102",
     .title = "A key is missing",
     .explanation = "The map needs this key, which has no default.",
     .shown = ERROR_CODE_FILE,
     .wrong = "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n",
     .right = "doorbell: 1\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"},
    {.code = "E1103",
     .title = "A key without meaning here",
     .explanation = "The key is known, but says something about what is not there, so it would have no effect. The "
                    "message says what it needs.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { A: { port-latency: 2 ns } } }\n",
     .right = "platform: { its: { A: { beside: rc0, port-latency: 2 ns } } }\n"},
    {.code = "E1104",
     .title = "A map, list or single value is expected",
     .explanation = "The value has another shape than the key takes.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: 5\n",
     .right = "platform: {}\n"},
    {.code = "E1105",
     .title = "A value is missing",
     .explanation = "The key has nothing behind its colon.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "seed:\n",
     .right = "seed: 1\n"},
    {.code = "E1106",
     .title = "A quantity that cannot be read",
     .explanation = "Times, sizes, rates and clocks are a number and a unit that fits; counts are whole numbers "
                    "without one. There is no unit to be guessed.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { memory: { latency: 80 } }\n",
     .right = "platform: { memory: { latency: 80 ns } }\n"},
    {.code = "E1107",
     .title = "Out of range",
     .explanation = "The value is smaller or larger than the key allows; the message has the range.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { pe: { count: 61 } }\n",
     .right = "platform: { pe: { count: 8 } }\n"},
    {.code = "E1108",
     .title = "Off the grid",
     .explanation = "The value must be a power of two, or a multiple of what the hardware counts in.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { command-queue: 100 } } }\n",
     .right = "platform: { smmu: { S: { command-queue: 128 } } }\n"},
    {.code = "E1109",
     .title = "None of the possible values",
     .explanation = "The key takes one of a few words; the message names the nearest.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "software: { grouping: linx }\n",
     .right = "software: { grouping: linux }\n"},
    {.code = "E1111",
     .title = "Not supported yet",
     .explanation = "The format has room for this, and the simulator does not do it yet.",
     .shown = ERROR_CODE_FILE,
     .wrong = "doorbell: 1\n"
              "platform: { redistributor: { version: gicv4.1 } }\n"
              "pcie:\n"
              "  rc0:\n"
              "    root-ports:\n"
              "      rp0: { below: { epA: { endpoint: {} } } }\n"
              "      rp1: { below: { epB: { endpoint: { ats: {}, pri: {} } } } }\n"
              "vms: { vm0: { smmu: per-smmu, devices: { epB: {} } } }\n"
              "traffic: { epB: [ { dma-write: { period: 1 us, ats: yes, pages: on-demand } } ] }\n",
     .right = "doorbell: 1\n"
              "pcie:\n"
              "  rc0:\n"
              "    root-ports:\n"
              "      rp1: { below: { epB: { endpoint: { ats: {}, pri: {} } } } }\n"
              "traffic: { epB: [ { dma-write: { period: 1 us, ats: yes, pages: on-demand } } ] }\n"},
    {.code = "E1112",
     .title = "A list of another length",
     .explanation = "The key takes lists of a certain length, or at most so many items.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: { capabilities: [[pm]] } } } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: { capabilities: [[pm, 0x40]] } } } } }\n"},
};

const struct error_code_group error_codes_keys = {"Keys and values", keys_codes,
                                                  sizeof(keys_codes) / sizeof(keys_codes[0])};

static const struct error_code names_codes[] = {
    {.code = "E1201",
     .title = "No name of a component",
     .explanation = "A name is a letter, then letters, digits, - and _, at most 63 in all.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { 1st: {} } }\n",
     .right = "platform: { its: { first: {} } }\n"},
    {.code = "E1202",
     .title = "A reserved name",
     .explanation = "The simulator has a component of this name itself (memory, interconnect, distributor, host, "
                    "software, events, pe0, rd0 and so on), or the name has a meaning in scenarios (none, all).",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { memory: {} } }\n",
     .right = "platform: { its: { A: {} } }\n"},
    {.code = "E1203",
     .title = "One name for two things",
     .explanation = "Results and references name components, so every name is given once in a file.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { epA: {} } }\n",
     .right = "platform: { its: { A: {} } }\n"},
    {.code = "E1204",
     .title = "There is nothing of this name",
     .explanation = "The file refers to a component that it does not describe. The message names the nearest one "
                    "that there is.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epC: [ { msi: { period: 1 us } } ] }\n",
     .right = "traffic: { epA: [ { msi: { period: 1 us } } ] }\n"},
    {.code = "E1205",
     .title = "A component of another kind",
     .explanation = "The name is that of something else: a switch where an endpoint is expected, or an SMMU where an "
                    "ITS is.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { sw0: [] }\n",
     .right = "traffic: { epA: [] }\n"},
    {.code = "E1206",
     .title = "There is no such function",
     .explanation = "A device has functions 0 to N-1, written as epA, epA/1, ..., and virtual functions epA/vf1, "
                    "..., as many as software enables.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epB/2: [ { msi: { period: 1 us } } ] }\n",
     .right = "traffic: { epB/1: [ { msi: { period: 1 us } } ] }\n"},
};

const struct error_code_group error_codes_names = {"Names", names_codes, sizeof(names_codes) / sizeof(names_codes[0])};
