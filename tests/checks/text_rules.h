/* Rules of style that no formatter holds: sizes, one statement a line, no traces of the machine it was written on. */
#ifndef DOORBELL_TESTS_CHECKS_TEXT_RULES_H
#define DOORBELL_TESTS_CHECKS_TEXT_RULES_H

#include "tests/checks/tree.h"

#include <string>
#include <vector>

namespace checks
{

/** Longest line, in characters. */
constexpr size_t LINE_COLUMNS = 120;
/** A code file's lines: from the first size on a warning, above the second an error. */
constexpr size_t FILE_LINES_WARN = 800;
constexpr size_t FILE_LINES_MAX = 1000;
/** Lines between the braces of a function of C: above the first a warning, above the second an error. */
constexpr size_t FUNCTION_LINES_WARN = 60;
constexpr size_t FUNCTION_LINES_MAX = 80;

/** What the checks of one file found. */
struct Findings {
    std::vector<Problem> errors;
    std::vector<Problem> warnings;
};

/**
 * Lines too long (but for YAML, where a line may be a row of a table), tabs, blanks at the end of a line, no newline at
 * the end: in code, CMake, shell and YAML files.
 */
void check_layout(const SourceFile &file, Findings &findings);

/** More than one statement on a line of code, that is, more than one semicolon outside parentheses. */
void check_statements(const SourceFile &file, Findings &findings);

/** Code files, and functions of C files, that are too long. */
void check_sizes(const SourceFile &file, Findings &findings);

/** Absolute paths into somebody's home, root or work folder, and the @p words that the caller does not want to see. */
void check_traces(const SourceFile &file, const std::vector<std::string> &words, Findings &findings);

} // namespace checks

#endif
