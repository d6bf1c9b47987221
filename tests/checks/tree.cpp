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

/** Blanks comments and literals out of one line after another; a block comment or a raw string may span lines. */
class Blanker
{
  public:
    std::string blank(const std::string &line);

  private:
    size_t blank_until_end(std::string &out, const std::string &line, size_t from);
    bool raw_string_begins(const std::string &line, size_t at);

    std::string end_; /**< of the block comment or raw string that is open; empty if none is */
};

/** Blanks from there to the end of what is open, or of the line. @return where code goes on */
size_t Blanker::blank_until_end(std::string &out, const std::string &line, size_t from)
{
    const size_t end = line.find(end_, from);
    const size_t next = end == std::string::npos ? line.size() : end + end_.size();

    out.replace(from, next - from, next - from, ' ');
    if (end != std::string::npos) {
        end_.clear();
    }
    return next;
}

/** Whether the quotation mark at this place opens a raw string, R"name(...)name"; then `end_` is what closes it. */
bool Blanker::raw_string_begins(const std::string &line, size_t at)
{
    const size_t open = line.find('(', at);

    if (at == 0 || line[at - 1] != 'R' || open == std::string::npos ||
        (at > 1 && (isalnum(static_cast<unsigned char>(line[at - 2])) != 0 || line[at - 2] == '_'))) {
        return false;
    }
    end_ = ")" + line.substr(at + 1, open - at - 1) + "\"";
    return true;
}

/** Where the literal that begins at this place ends: behind its closing mark, or the end of the line. */
size_t literal_end(const std::string &line, size_t at)
{
    const char quote = line[at];

    for (size_t i = at + 1; i < line.size(); i++) {
        if (line[i] == '\\') {
            i++;
        } else if (line[i] == quote) {
            return i + 1;
        }
    }
    return line.size();
}

std::string Blanker::blank(const std::string &line)
{
    std::string out = line;
    const bool is_include = end_.empty() && is_include_line(line);
    size_t i = 0;

    while (i < line.size()) {
        const bool after_word = i > 0 && isalnum(static_cast<unsigned char>(line[i - 1])) != 0;

        if (!end_.empty()) {
            i = blank_until_end(out, line, i);
        } else if (line.compare(i, 2, "//") == 0) {
            out.replace(i, std::string::npos, out.size() - i, ' ');
            break;
        } else if (line.compare(i, 2, "/*") == 0) {
            end_ = "*/";
            out.replace(i, 2, 2, ' ');
            i += 2;
        } else if (line[i] == '"' && raw_string_begins(line, i)) {
            out[i] = ' ';
            i++;
        } else if ((line[i] == '"' && !is_include) || (line[i] == '\'' && !after_word)) { // 1'000 is a number
            const size_t end = literal_end(line, i);

            out.replace(i + 1, end - i - 1, end - i - 1, ' ');
            i = end;
        } else {
            i++;
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
