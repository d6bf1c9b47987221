#include "tests/checks/text_rules.h"

#include <algorithm>
#include <cctype>

namespace checks
{

namespace
{

/** Characters, not bytes, of a line in UTF-8. */
size_t columns(const std::string &line)
{
    return static_cast<size_t>(std::count_if(
        line.begin(), line.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

bool has_layout(const SourceFile &file)
{
    const std::string ending = extension(file.path);
    const std::string name = file.path.substr(file.path.rfind('/') + 1);

    return is_code(file) || ending == "cmake" || ending == "sh" || ending == "yaml" || name == "CMakeLists.txt" ||
           name == "run" || name == "check";
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return text;
}

/** Folders of one machine. Put together here, or this file would break its own rule. */
std::vector<std::string> machine_folders()
{
    const std::string slash = "/";

    return {slash + "work/", slash + "home/", slash + "root/", slash + "Users/", slash + "tmp/b-", slash + "tmp/bash"};
}

/** Whether the folder begins an absolute path in the line: "src" before it makes it a relative one. */
bool names_folder(const std::string &line, const std::string &folder)
{
    for (size_t at = line.find(folder); at != std::string::npos; at = line.find(folder, at + 1)) {
        const char before = at == 0 ? ' ' : line[at - 1];

        if (isalnum(static_cast<unsigned char>(before)) == 0 && before != '.' && before != '}' && before != '_') {
            return true;
        }
    }
    return false;
}

std::string sized(const std::string &what, size_t size, size_t limit)
{
    return what + " of " + std::to_string(size) + " lines, over " + std::to_string(limit);
}

} // namespace

void check_layout(const SourceFile &file, Findings &findings)
{
    if (!has_layout(file)) {
        return;
    }
    for (size_t i = 0; i < file.lines.size(); i++) {
        const std::string &line = file.lines[i];

        if (columns(line) > LINE_COLUMNS && extension(file.path) != "yaml") {
            findings.errors.push_back({file.path, i + 1, "longer than " + std::to_string(LINE_COLUMNS) + " columns"});
        }
        if (line.find('\t') != std::string::npos) {
            findings.errors.push_back({file.path, i + 1, "a tab"});
        }
        if (!line.empty() && isspace(static_cast<unsigned char>(line.back())) != 0) {
            findings.errors.push_back({file.path, i + 1, "blanks at the end of the line"});
        }
    }
    if (!file.ends_with_newline) {
        findings.errors.push_back({file.path, file.lines.size(), "no newline at the end of the file"});
    }
}

void check_statements(const SourceFile &file, Findings &findings)
{
    if (!is_code(file)) {
        return;
    }
    const std::vector<std::string> lines = code_only(file);
    int depth = 0;

    for (size_t i = 0; i < lines.size(); i++) {
        size_t statements = 0;
        char before = ' ';

        for (const char byte : lines[i]) {
            if (byte == '(') {
                depth++;
            } else if (byte == ')') {
                depth--;
            } else if (byte == ';' && depth == 0 && before != '}') {
                statements++; // behind a brace it ends the declaration that the brace is part of: a lambda's, a type's
            }
            before = byte == ' ' ? before : byte;
        }
        if (statements > 1) {
            findings.errors.push_back({file.path, i + 1, "more than one statement on the line"});
        }
    }
}

void check_sizes(const SourceFile &file, Findings &findings)
{
    size_t open = 0;

    if (!is_code(file)) {
        return;
    }
    if (file.lines.size() > FILE_LINES_MAX) {
        findings.errors.push_back({file.path, 0, sized("a file", file.lines.size(), FILE_LINES_MAX)});
    } else if (file.lines.size() > FILE_LINES_WARN) {
        findings.warnings.push_back({file.path, 0, sized("a file", file.lines.size(), FILE_LINES_WARN)});
    }
    if (extension(file.path) != "c") {
        return;
    }
    for (size_t i = 0; i < file.lines.size(); i++) {
        if (file.lines[i] == "{") {
            open = i + 1;
        } else if (file.lines[i] == "}" && open != 0) {
            const size_t size = i - open;

            if (size > FUNCTION_LINES_MAX) {
                findings.errors.push_back({file.path, open, sized("a function", size, FUNCTION_LINES_MAX)});
            } else if (size > FUNCTION_LINES_WARN) {
                findings.warnings.push_back({file.path, open, sized("a function", size, FUNCTION_LINES_WARN)});
            }
            open = 0;
        }
    }
}

void check_traces(const SourceFile &file, const std::vector<std::string> &words, Findings &findings)
{
    const std::vector<std::string> folders = machine_folders();

    for (size_t i = 0; i < file.lines.size(); i++) {
        const std::string text = lower(file.lines[i]);

        for (const std::string &folder : folders) {
            if (names_folder(file.lines[i], folder)) {
                findings.errors.push_back({file.path, i + 1, "a path of one machine: " + folder});
            }
        }
        for (const std::string &word : words) {
            if (text.find(lower(word)) != std::string::npos) {
                findings.errors.push_back({file.path, i + 1, "an unwanted word: " + word});
            }
        }
    }
}

} // namespace checks
