#include "tests/fuzz/scratch_folder.h"

#include <fstream>
#include <iterator>

namespace fuzz
{

Input repository_file(const std::string &path)
{
    std::ifstream file(std::string(DOORBELL_SOURCE_DIR) + "/" + path, std::ios::binary);
    Input bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};

    if (bytes.empty()) {
        fail(("cannot read " + path).c_str());
    }
    return bytes;
}

} // namespace fuzz
