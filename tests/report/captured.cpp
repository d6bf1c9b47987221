#include "tests/report/captured.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace captured
{

std::string text(const std::function<void(FILE *)> &write)
{
    char *buffer = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&buffer, &size);
    write(stream);
    fclose(stream);
    std::string result(buffer, size);
    free(buffer);
    return result;
}

std::vector<std::string> lines(const std::string &text)
{
    std::istringstream stream(text);
    std::vector<std::string> result;
    for (std::string line; std::getline(stream, line);) {
        result.push_back(line);
    }
    return result;
}

std::vector<std::string> words(const std::string &text)
{
    std::istringstream stream(text);
    std::vector<std::string> result;
    for (std::string word; stream >> word;) {
        result.push_back(word);
    }
    return result;
}

size_t widest(const std::string &text)
{
    size_t most = 0;
    for (const std::string &line : lines(text)) {
        auto characters = std::count_if(line.begin(), line.end(),
                                        [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; });
        most = std::max(most, static_cast<size_t>(characters));
    }
    return most;
}

} // namespace captured
