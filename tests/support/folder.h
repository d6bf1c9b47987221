/* A folder for the files of a test. */
#ifndef DOORBELL_TESTS_SUPPORT_FOLDER_H
#define DOORBELL_TESTS_SUPPORT_FOLDER_H

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace test_support
{

/** A folder of its own below the system's temporary one, removed at the end. */
class Folder
{
  public:
    Folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "doorbell-XXXXXX").string();

        EXPECT_NE(mkdtemp(name.data()), nullptr) << name;
        folder_ = name;
    }

    ~Folder()
    {
        std::error_code ignored;

        std::filesystem::remove_all(folder_, ignored);
    }

    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    /** The path of a file in it; its own without a name. */
    std::string path(const std::string &name = "") const
    {
        return name.empty() ? folder_.string() : (folder_ / name).string();
    }

    /** Writes a file in it, and makes the folders on its way. @return its path */
    std::string write(const std::string &name, const std::string &bytes) const
    {
        const std::filesystem::path file = folder_ / name;

        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << bytes;
        return file.string();
    }

    /** The bytes of a file in it; "" if it is not there. */
    std::string read(const std::string &name) const
    {
        std::ifstream stream(path(name), std::ios::binary);

        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }

    /** Takes a file away; a failed test if it is not there. */
    void remove(const std::string &name) const
    {
        EXPECT_TRUE(std::filesystem::remove(path(name))) << name;
    }

    /** Copies the files of another folder into it. */
    void take(const std::filesystem::path &source) const
    {
        std::filesystem::copy(source, folder_);
    }

    /** How many files it holds, hidden ones too. */
    size_t count() const
    {
        return static_cast<size_t>(
            std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
    }

  private:
    std::filesystem::path folder_;
};

} // namespace test_support

#endif
