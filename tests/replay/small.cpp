#include "tests/replay/small.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace replay_test
{

void Small::edit(const std::string &name, const std::string &from, const std::string &to) const
{
    std::string text = read(name);
    const size_t at = text.find(from);

    ASSERT_NE(at, std::string::npos) << name << " has no '" << from << "'";
    ASSERT_EQ(text.find(from, at + 1), std::string::npos) << name << " has '" << from << "' twice";
    text.replace(at, from.size(), to);
    write(name, text);
}

Small::Small()
{
    const std::filesystem::path source = std::filesystem::path(DOORBELL_SOURCE_DIR) / "tests/data/replay/small";

    for (const auto &entry : std::filesystem::directory_iterator(source)) {
        std::filesystem::copy_file(entry.path(), path(entry.path().filename().string()));
        std::filesystem::permissions(path(entry.path().filename().string()), std::filesystem::perms::owner_write,
                                     std::filesystem::perm_options::add);
    }
}

Replayed::Replayed(const std::string &directory, const replay_options *options)
{
    replay_options defaults;

    replay_options_default(&defaults);
    possible = replay_run(directory.c_str(), options == nullptr ? &defaults : options, &result, &diagnostics);
}

Replayed::~Replayed()
{
    replay_result_clear(&result);
    diagnostics_clear(&diagnostics);
}

std::string Replayed::complaints() const
{
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    diagnostics_print(stream, &diagnostics);
    fclose(stream);
    const std::string copy(text, size);

    free(text);
    return copy;
}

std::vector<std::string> Replayed::differences() const
{
    std::vector<std::string> lines;

    for (size_t i = 0; i < result.mismatch_count; i++) {
        const replay_mismatch &m = result.mismatches[i];

        lines.push_back(std::string(replay_check_key(m.check)) + ": " + m.subject + ": " + m.expected + ", " + m.got);
    }
    return lines;
}

} // namespace replay_test
