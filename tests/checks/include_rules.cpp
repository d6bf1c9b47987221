#include "tests/checks/include_rules.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace checks
{

namespace
{

bool starts_with(const std::string &text, const std::string &start)
{
    return text.compare(0, start.size(), start) == 0;
}

bool ends_with(const std::string &text, const std::string &end)
{
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool contains(const std::vector<std::string> &list, const std::string &item)
{
    return std::find(list.begin(), list.end(), item) != list.end();
}

std::string trim(const std::string &text)
{
    const size_t first = text.find_first_not_of(" \t");

    if (first == std::string::npos) {
        return "";
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(const std::string &text, char separator)
{
    std::vector<std::string> parts;
    std::istringstream stream(text);
    std::string part;

    while (std::getline(stream, part, separator)) {
        parts.push_back(trim(part));
    }
    return parts;
}

/** The folders named between backquotes. */
std::vector<std::string> quoted_folders(const std::string &cell)
{
    std::vector<std::string> folders;
    const std::vector<std::string> parts = split(cell, '`');

    for (size_t i = 1; i < parts.size(); i += 2) {
        folders.push_back(parts[i]);
    }
    return folders;
}

/** Adds what one item of the last column allows. @return false if the item is not understood. */
bool add_allowed(FolderRule &row, const std::string &item, const std::vector<std::string> &above)
{
    if (item == "nothing of ours") {
        return true;
    }
    if (item == "all above") {
        row.may_use.insert(row.may_use.end(), above.begin(), above.end());
        return true;
    }
    if (item == "the models' public headers") {
        for (const std::string &folder : above) {
            if (starts_with(folder, "models/")) {
                row.may_use.push_back(folder);
                row.public_only.push_back(folder);
            }
        }
        return true;
    }
    const std::vector<std::string> folders = quoted_folders(item);

    if (folders.size() != 1 || item != "`" + folders[0] + "`") {
        return false;
    }
    row.may_use.push_back(folders[0]);
    return true;
}

void read_row(FolderRules &rules, const SourceFile &page, size_t line, const std::vector<std::string> &cells)
{
    std::vector<std::string> above;

    if (cells.size() != 5) { // the part before the first bar is empty
        rules.problems.push_back({page.path, line + 1, "the table of folders needs four columns"});
        return;
    }
    for (const FolderRule &row : rules.rows) {
        above.push_back(row.folder);
    }
    const std::vector<std::string> folders = quoted_folders(cells[1]);

    if (folders.empty()) {
        rules.problems.push_back({page.path, line + 1, "no folder in the row: " + cells[1]});
    }
    for (const std::string &folder : folders) {
        FolderRule row{folder, cells[3].find("C++") != std::string::npos, {}, {}};

        if (!ends_with(folder, "/")) {
            rules.problems.push_back({page.path, line + 1, "a folder ends in a slash: " + folder});
        }
        for (const std::string &item : split(cells[4], ',')) {
            if (!add_allowed(row, item, above)) {
                rules.problems.push_back({page.path, line + 1, "not understood: " + item});
            }
        }
        rules.rows.push_back(row);
    }
}

/** The row of the innermost folder that holds the path; NULL if none does. */
const FolderRule *find_row(const FolderRules &rules, const std::string &path)
{
    const FolderRule *found = nullptr;

    for (const FolderRule &row : rules.rows) {
        if (starts_with(path, row.folder) && (found == nullptr || row.folder.size() > found->folder.size())) {
            found = &row;
        }
    }
    return found;
}

/** The file that a line includes between double quotes; empty if it includes none. */
std::string included_file(const std::string &line)
{
    const std::string text = trim(line);

    if (text.empty() || text[0] != '#' || !starts_with(trim(text.substr(1)), "include")) {
        return "";
    }
    const size_t open = text.find('"');
    const size_t close = text.rfind('"');

    return close > open ? text.substr(open + 1, close - open - 1) : "";
}

/** Why this include is wrong; empty if it is right. */
std::string judge(const FolderRules &rules, const FolderRule &from, const std::string &target,
                  const std::set<std::string> &paths)
{
    const FolderRule *to = find_row(rules, target);
    const bool is_private = ends_with(target, "_internal.h") || ends_with(target, "_private.h");

    if (target.find('/') == std::string::npos || starts_with(target, ".")) {
        return "includes are written from the root of the project: " + target;
    }
    if (paths.count(target) == 0) {
        return "there is no such file: " + target;
    }
    if (to == nullptr) {
        return from.folder + " may not include " + target;
    }
    if (to->folder == from.folder) {
        return "";
    }
    if (starts_with(from.folder, to->folder)) {
        return ""; // a folder below another is part of it: sim/systemc/ may see what only sim/ may
    }
    if (!contains(from.may_use, to->folder)) {
        return from.folder + " may not include anything of " + to->folder + ": " + target;
    }
    if (is_private) {
        return "a private header of " + to->folder + ": " + target;
    }
    if (contains(from.public_only, to->folder) && target.find('/', to->folder.size()) != std::string::npos) {
        return "public headers of " + to->folder + " lie in that folder itself, not below it: " + target;
    }
    return "";
}

void check_file(const FolderRules &rules, const FolderRule &row, const SourceFile &file,
                const std::set<std::string> &paths, std::vector<Problem> &problems)
{
    const std::vector<std::string> lines = code_only(file);

    if (extension(file.path) == "cpp" && !row.allows_cpp) {
        problems.push_back({file.path, 0, row.folder + " is written in C"});
    }
    for (size_t i = 0; i < lines.size(); i++) {
        const std::string target = included_file(lines[i]);

        if (target.empty()) {
            continue;
        }
        const std::string why = judge(rules, row, target, paths);

        if (!why.empty()) {
            problems.push_back({file.path, i + 1, why});
        }
    }
}

} // namespace

FolderRules read_folder_rules(const SourceFile &page)
{
    FolderRules rules;
    bool in_table = false;

    for (size_t i = 0; i < page.lines.size(); i++) {
        const std::vector<std::string> cells = split(page.lines[i], '|');

        if (!in_table) {
            in_table = cells.size() > 1 && cells[0].empty() && cells[1] == "folder";
        } else if (page.lines[i].empty() || page.lines[i][0] != '|') {
            break;
        } else if (!starts_with(cells[1], "---")) {
            read_row(rules, page, i, cells);
        }
    }
    if (rules.rows.empty()) {
        rules.problems.push_back({page.path, 0, "no table whose header row begins \"| folder |\""});
    }
    return rules;
}

std::vector<Problem> check_includes(const FolderRules &rules, const std::vector<SourceFile> &files)
{
    std::vector<Problem> problems;
    std::set<std::string> paths;

    for (const SourceFile &file : files) {
        paths.insert(file.path);
    }
    for (const SourceFile &file : files) {
        if (!is_code(file) || starts_with(file.path, "tests/") || starts_with(file.path, "bench/")) {
            continue;
        }
        const FolderRule *row = find_row(rules, file.path);

        if (row == nullptr) {
            problems.push_back({file.path, 0, "the table of folders has no row for this file"});
        } else {
            check_file(rules, *row, file, paths, problems);
        }
    }
    return problems;
}

} // namespace checks
