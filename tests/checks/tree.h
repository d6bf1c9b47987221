/* The files of a source tree, for the checks that read them. */
#ifndef DOORBELL_TESTS_CHECKS_TREE_H
#define DOORBELL_TESTS_CHECKS_TREE_H

#include <string>
#include <vector>

namespace checks
{

/** One text file: its path from the root of the tree, with '/' between folders, and its lines without their ends. */
struct SourceFile {
    std::string path;
    std::vector<std::string> lines;
    bool ends_with_newline;
};

/** What a check objects to: the file, the line (1 is the first; 0 means the whole file), and why. */
struct Problem {
    std::string path;
    size_t line;
    std::string text;
};

/** "path:line: text", as compilers write it. */
std::string to_string(const Problem &problem);

/** All problems, one a line. */
std::string to_string(const std::vector<Problem> &problems);

/**
 * Reads every text file below @p root in order of path, leaving out version control (.git) and build folders (any name
 * that begins with "build"). A file with a NUL byte in it is not text.
 */
std::vector<SourceFile> read_tree(const std::string &root);

/** The name's ending after the last dot, without the dot; empty if it has none. */
std::string extension(const std::string &path);

/** C or C++, by ending: c, h, cpp. */
bool is_code(const SourceFile &file);

/**
 * The lines of a C or C++ file with comments, and the insides of string and character literals, blanked out; the
 * columns stay. A preprocessor include keeps its file name.
 */
std::vector<std::string> code_only(const SourceFile &file);

} // namespace checks

#endif
