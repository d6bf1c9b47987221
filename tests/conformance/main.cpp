/*
 * doorbell-conformance: runs neutral conformance cases on the models. See README.md beside this file.
 */
#include "tests/conformance/check.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using namespace conformance;

namespace
{

struct Options {
    std::vector<std::string> paths;
    std::vector<std::string> ids;
    std::vector<std::string> units;
    std::map<std::string, std::string> options;
    bool list = false;
    bool trace = false;
    bool help = false;
};

const char *const usage =
    "Usage: doorbell-conformance [options] FOLDER|FILE...\n"
    "Runs conformance cases and prints one line for each, and a last line with the counts.\n"
    "  --id PATTERN    only cases whose id matches; * stands for anything; may be repeated\n"
    "  --unit UNIT     only cases of that unit (smmuv3, its, pcie, group); may be repeated\n"
    "  --option NAME=VALUE  how to build what a case leaves open: engine=native|every-cycle,\n"
    "                  shuffle=SEED (order of components within an instant), smmu-preset=NAME,\n"
    "                  lead=NANOSECONDS (from a request that is not waited for to the next step)\n"
    "  --list          list the cases, run none\n"
    "  --trace         also print every step and what was seen\n"
    "  --help          this text\n"
    "Exit status: 0 all passed or skipped, 1 a case failed, 2 bad arguments,\n"
    "3 a file could not be read or understood.\n";

/* `*` stands for any text. */
bool matches(const char *pattern, const char *text)
{
    if (*pattern == '\0') {
        return *text == '\0';
    }
    if (*pattern == '*') {
        return matches(pattern + 1, text) || (*text != '\0' && matches(pattern, text + 1));
    }
    return *pattern == *text && matches(pattern + 1, text + 1);
}

bool is_chosen(const std::vector<std::string> &patterns, const std::string &text)
{
    for (const std::string &pattern : patterns) {
        if (matches(pattern.c_str(), text.c_str())) {
            return true;
        }
    }
    return patterns.empty();
}

bool are_known(const std::map<std::string, std::string> &options)
{
    for (const auto &option : options) {
        if (option.first != "engine" && option.first != "shuffle" && option.first != "smmu-preset" &&
            option.first != "lead") {
            fprintf(stderr, "doorbell-conformance: --option %s: there is no such option\n", option.first.c_str());
            return false;
        }
    }
    return true;
}

bool parse_options(int argc, char **argv, Options *options)
{
    for (int i = 1; i < argc; i++) {
        const std::string argument = argv[i];

        if (argument == "--list") {
            options->list = true;
        } else if (argument == "--trace") {
            options->trace = true;
        } else if (argument == "--help") {
            options->help = true;
        } else if ((argument == "--id" || argument == "--unit") && i + 1 < argc) {
            (argument == "--id" ? options->ids : options->units).push_back(argv[++i]);
        } else if (argument == "--option" && i + 1 < argc && std::strchr(argv[i + 1], '=') != nullptr) {
            const std::string option = argv[++i];

            options->options[option.substr(0, option.find('='))] = option.substr(option.find('=') + 1);
        } else if (argument.rfind("-", 0) == 0) {
            fprintf(stderr, "doorbell-conformance: %s: unknown option, or its value is missing\n", argv[i]);
            return false;
        } else {
            options->paths.push_back(argument);
        }
    }
    if (options->paths.empty() && !options->help) {
        fprintf(stderr, "doorbell-conformance: which folder of cases?\n");
        return false;
    }
    return are_known(options->options);
}

void print_outcome(const Case &c, const Outcome &outcome)
{
    static const char *const names[] = {"passed", "failed", "skipped"};

    printf("%-16s %s%s%s\n", c.id.c_str(), names[static_cast<int>(outcome.verdict)], outcome.text.empty() ? "" : ": ",
           outcome.text.c_str());
    fflush(stdout);
}

} // namespace

int main(int argc, char **argv)
{
    Options options;
    unsigned counts[3] = {};

    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    if (options.help) {
        fputs(usage, stdout);
        return 0;
    }
    Suite suite = read_suite(options.paths);

    for (const std::string &problem : suite.problems) {
        fputs(problem.c_str(), stderr);
    }
    for (Case &c : suite.cases) {
        if (!is_chosen(options.ids, c.id) || !is_chosen(options.units, c.unit)) {
            continue;
        }
        if (options.list) {
            printf("%-16s %-8s %s\n", c.id.c_str(), c.unit.c_str(), c.title.c_str());
            continue;
        }
        if (options.trace) {
            printf("%s: %s\n", c.id.c_str(), c.title.c_str());
        }
        c.options = options.options;
        const Outcome outcome = run_case(c, Trace(options.trace ? stdout : nullptr), make_harness);

        counts[static_cast<int>(outcome.verdict)]++;
        print_outcome(c, outcome);
    }
    if (!options.list) {
        printf("%u passed, %u failed, %u skipped\n", counts[0], counts[1], counts[2]);
    }
    return !suite.problems.empty() ? 3 : counts[1] > 0 ? 1 : 0;
}
