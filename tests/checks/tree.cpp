#include "tests/checks/tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace checks
{

namespace
{

namespace fs = std::filesystem;

bool is_left_out(const fs::path &name)
{
    const std::string text = name.string();

    return text == ".git" || text.rfind("build", 0) == 0;
}

SourceFile split_lines(const std::string &path, const std::string &text)
{
    SourceFile file{path, {}, text.empty() || text.back() == '\n'};
    std::istringstream stream(text);
    std::string line;

    while (std::getline(stream, line)) {
        file.lines.push_back(line);
    }
    return file;
}

bool is_include_line(const std::string &line)
{
    const size_t hash = line.find_first_not_of(" \t");
    const size_t word = hash == std::string::npos ? hash : line.find_first_not_of(" \t", hash + 1);

    return word != std::string::npos && line[hash] == '#' && line.compare(word, 7, "include") == 0;
}

/** Blanks comments and literals out of one line after another; a block comment may span lines. */
class Blanker
{
  public:
    std::string blank(const std::string &line);

  private:
    bool in_comment_ = false;
};

std::string Blanker::blank(const std::string &line)
{
    std::string out = line;
    const bool is_include = !in_comment_ && is_include_line(line);
    char quote = '\0';

    for (size_t i = 0; i < line.size(); i++) {
        const bool pair = i + 1 < line.size();

        if (in_comment_) {
            if (pair && line.compare(i, 2, "*/") == 0) {
                in_comment_ = false;
                out[i + 1] = ' ';
                out[i++] = ' ';
            } else {
                out[i] = ' ';
            }
        } else if (quote != '\0') {
            if (line[i] == '\\' && pair) {
                out[i++] = ' ';
                out[i] = ' ';
            } else if (line[i] == quote) {
                quote = '\0';
            } else {
                out[i] = ' ';
            }
        } else if (pair && line.compare(i, 2, "//") == 0) {
            out.replace(i, std::string::npos, out.size() - i, ' ');
            break;
        } else if (pair && line.compare(i, 2, "/*") == 0) {
            in_comment_ = true;
            out[i + 1] = ' ';
            out[i++] = ' ';
        } else if (!is_include && line[i] == '"') {
            quote = line[i];
        } else if (line[i] == '\'' && (i == 0 || isalnum(static_cast<unsigned char>(line[i - 1])) == 0)) {
            quote = line[i]; // after a letter or digit it separates digits: 1'000
        }
    }
    return out;
}

} // namespace

std::string to_string(const Problem &problem)
{
    std::ostringstream out;

    out << problem.path;
    if (problem.line != 0) {
        out << ':' << problem.line;
    }
    out << ": " << problem.text;
    return out.str();
}

std::string to_string(const std::vector<Problem> &problems)
{
    std::string out;

    for (const Problem &problem : problems) {
        out += to_string(problem) + '\n';
    }
    return out;
}

std::vector<SourceFile> read_tree(const std::string &root)
{
    std::vector<SourceFile> files;
    fs::recursive_directory_iterator entry(root);

    for (; entry != fs::recursive_directory_iterator(); ++entry) {
        if (is_left_out(entry->path().filename())) {
            if (entry->is_directory()) {
                entry.disable_recursion_pending();
            }
            continue;
        }
        if (!entry->is_regular_file()) {
            continue;
        }
        std::ifstream stream(entry->path(), std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());

        if (text.find('\0') == std::string::npos) {
            files.push_back(split_lines(fs::relative(entry->path(), root).generic_string(), text));
        }
    }
    std::sort(files.begin(), files.end(), [](const SourceFile &a, const SourceFile &b) { return a.path < b.path; });
    return files;
}

std::string extension(const std::string &path)
{
    const size_t dot = path.rfind('.');
    const size_t slash = path.rfind('/');

    if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) {
        return "";
    }
    return path.substr(dot + 1);
}

bool is_code(const SourceFile &file)
{
    const std::string ending = extension(file.path);

    return ending == "c" || ending == "h" || ending == "cpp";
}

std::vector<std::string> code_only(const SourceFile &file)
{
    std::vector<std::string> lines;
    Blanker blanker;

    for (const std::string &line : file.lines) {
        lines.push_back(blanker.blank(line));
    }
    return lines;
}

} // namespace checks
