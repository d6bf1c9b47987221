/* Results appear as a whole or not at all. */
#include "cli/output.h"
#include "tests/support/folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

namespace fs = std::filesystem;

/** A folder of its own for each test. */
class Output : public testing::Test
{
  protected:
    test_support::Folder folder_;
    cli_output output_{};
    cli_problem problem_{};
};

TEST_F(Output, AppearsOnlyWhenCommitted)
{
    ASSERT_TRUE(cli_output_open(&output_, folder_.path("a.json").c_str(), &problem_)) << problem_.message;
    fputs("{}\n", output_.stream);
    fflush(output_.stream);
    EXPECT_FALSE(fs::exists(folder_.path("a.json")));
    ASSERT_TRUE(cli_output_commit(&output_, &problem_)) << problem_.message;
    EXPECT_EQ(folder_.read("a.json"), "{}\n");
    EXPECT_EQ(folder_.count(), 1U) << "the temporary file stayed";
    EXPECT_EQ(output_.stream, nullptr);
}

TEST_F(Output, ReplacesAsAWhole)
{
    folder_.write("a.txt", "a much longer text that was there before\n");
    chmod(folder_.path("a.txt").c_str(), 0640);
    ASSERT_TRUE(cli_output_open(&output_, folder_.path("a.txt").c_str(), &problem_));
    fputs("new\n", output_.stream);
    EXPECT_EQ(folder_.read("a.txt"), "a much longer text that was there before\n");
    ASSERT_TRUE(cli_output_commit(&output_, &problem_)) << problem_.message;
    EXPECT_EQ(folder_.read("a.txt"), "new\n");
    EXPECT_EQ(fs::status(folder_.path("a.txt")).permissions(), fs::perms(0640));
}

TEST_F(Output, NewFilesObeyTheMask)
{
    const mode_t before = umask(027);

    ASSERT_TRUE(cli_output_open(&output_, folder_.path("a.txt").c_str(), &problem_));
    ASSERT_TRUE(cli_output_commit(&output_, &problem_));
    umask(before);
    EXPECT_EQ(fs::status(folder_.path("a.txt")).permissions(), fs::perms(0640));
}

TEST_F(Output, DiscardLeavesTheOldFile)
{
    folder_.write("a.txt", "old\n");
    ASSERT_TRUE(cli_output_open(&output_, folder_.path("a.txt").c_str(), &problem_));
    fputs("new\n", output_.stream);
    cli_output_discard(&output_);
    EXPECT_EQ(folder_.read("a.txt"), "old\n");
    EXPECT_EQ(folder_.count(), 1U);
    cli_output_discard(&output_);
}

TEST_F(Output, WritesThroughALink)
{
    folder_.write("real.txt", "old\n");
    fs::create_symlink(folder_.path("real.txt"), folder_.path("link.txt"));
    ASSERT_TRUE(cli_output_open(&output_, folder_.path("link.txt").c_str(), &problem_));
    fputs("new\n", output_.stream);
    ASSERT_TRUE(cli_output_commit(&output_, &problem_));
    EXPECT_TRUE(fs::is_symlink(folder_.path("link.txt")));
    EXPECT_EQ(folder_.read("real.txt"), "new\n");
}

TEST_F(Output, DevicesStayDevices)
{
    ASSERT_TRUE(cli_output_possible("/dev/null", &problem_)) << problem_.message;
    ASSERT_TRUE(cli_output_open(&output_, "/dev/null", &problem_)) << problem_.message;
    fputs("gone\n", output_.stream);
    ASSERT_TRUE(cli_output_commit(&output_, &problem_)) << problem_.message;
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Output, AFullDiskIsAnError)
{
    if (!fs::exists("/dev/full")) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    ASSERT_TRUE(cli_output_open(&output_, "/dev/full", &problem_));
    fputs("gone\n", output_.stream);
    EXPECT_FALSE(cli_output_commit(&output_, &problem_));
    EXPECT_NE(std::string(problem_.message).find("cannot write"), std::string::npos);
}

/** Lets files grow to so many bytes only, as a full disk would. */
class FileSizeLimit
{
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN))
    {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limited{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limited);
    }

    ~FileSizeLimit()
    {
        setrlimit(RLIMIT_FSIZE, &before_);
        signal(SIGXFSZ, handler_);
    }

    FileSizeLimit(const FileSizeLimit &) = delete;
    FileSizeLimit &operator=(const FileSizeLimit &) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(Output, AFileThatCannotBeCompletedNeverAppears)
{
    const std::string text(100000, 'x');

    folder_.write("a.txt", "old\n");
    {
        const FileSizeLimit limit(5000);

        ASSERT_TRUE(cli_output_open(&output_, folder_.path("a.txt").c_str(), &problem_));
        fputs(text.c_str(), output_.stream);
        EXPECT_FALSE(cli_output_commit(&output_, &problem_));
    }
    EXPECT_EQ(folder_.read("a.txt"), "old\n");
    EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(Output, ImpossiblePlacesAreKnownBefore)
{
    EXPECT_FALSE(cli_output_possible(folder_.path("absent/a.txt").c_str(), &problem_));
    EXPECT_NE(std::string(problem_.message).find("absent/a.txt"), std::string::npos) << problem_.message;
    EXPECT_FALSE(cli_output_open(&output_, folder_.path("absent/a.txt").c_str(), &problem_));
    EXPECT_FALSE(cli_output_possible(folder_.path().c_str(), &problem_)) << "a folder is no file";
    EXPECT_TRUE(cli_output_possible(folder_.path("a.txt").c_str(), &problem_));
    EXPECT_TRUE(cli_output_possible(nullptr, &problem_));
    EXPECT_EQ(folder_.count(), 0U) << "asking leaves no trace";
}

} // namespace
