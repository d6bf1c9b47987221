/* A folder of the fuzz targets that read files: one for the life of a process, where there is one in memory. */
#ifndef DOORBELL_TESTS_FUZZ_SCRATCH_FOLDER_H
#define DOORBELL_TESTS_FUZZ_SCRATCH_FOLDER_H

#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace fuzz
{

class ScratchFolder
{
  public:
    ScratchFolder()
    {
        std::error_code none;
        const std::filesystem::path memory = "/dev/shm";
        const std::filesystem::path parent =
            std::filesystem::is_directory(memory, none) ? memory : std::filesystem::temp_directory_path();
        std::string name = (parent / "doorbell-fuzz-XXXXXX").string();

        if (mkdtemp(name.data()) == nullptr) {
            fail("there is no temporary folder");
        }
        folder_ = name;
    }
    ~ScratchFolder()
    {
        std::error_code none;

        std::filesystem::remove_all(folder_, none);
    }
    ScratchFolder(const ScratchFolder &) = delete;
    ScratchFolder &operator=(const ScratchFolder &) = delete;

    std::string path(const std::string &name = "") const
    {
        return name.empty() ? folder_.string() : (folder_ / name).string();
    }
    void write(const std::string &name, const void *bytes, size_t size) const
    {
        FILE *file = std::fopen(path(name).c_str(), "wb");

        if (file == nullptr || std::fwrite(bytes, 1, size, file) != size) {
            fail("a file cannot be written");
        }
        std::fclose(file);
    }
    void remove(const std::string &name) const
    {
        std::remove(path(name).c_str());
    }

  private:
    std::filesystem::path folder_;
};

/** The bytes of a file of the repository, by its path from the root. */
Input repository_file(const std::string &path);

} // namespace fuzz

#endif
