/* The progress line: what it says, and who gets to see it. */
#include "cli/progress.h"
#include "cli/sweep_progress.h"
#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>

namespace
{

std::string line(sim_time now, sim_time duration, uint64_t msis, uint64_t elapsed)
{
    const scenario_progress where{now, duration, msis};
    char text[128];

    cli_progress_text(text, sizeof(text), &where, elapsed);
    return text;
}

TEST(Progress, SaysHowFarAndHowLong)
{
    EXPECT_EQ(line(SIM_MS / 4, SIM_MS, 1000, 2000000000), " 25 % of 1 ms, 1000 MSIs, 500 per second, 6 s left");
    EXPECT_EQ(line(SIM_S, SIM_S, 7, 1000000000), "100 % of 1000 ms, 7 MSIs, 7 per second, 0 s left");
    EXPECT_EQ(line(0, SIM_MS, 0, 1000000000), "  0 % of 1 ms, 0 MSIs, 0 per second, 0 s left");
}

TEST(Progress, FitsALine)
{
    EXPECT_LT(line(1, SIM_TIME_NEVER - 1, UINT64_MAX, 1).size(), 128U - 1U);
    EXPECT_LE(line(123 * SIM_MS, 3600 * SIM_S, 123456789, 999999999999).size(), 79U);
}

/** A variable of the environment that has its value back in the end. */
class Variable
{
  public:
    Variable(const char *name, const char *value) : name_(name)
    {
        const char *old = getenv(name);

        if (old != nullptr) {
            old_ = old;
        }
        set(value);
    }

    ~Variable()
    {
        set(old_ ? old_->c_str() : nullptr);
    }

    Variable(const Variable &) = delete;
    Variable &operator=(const Variable &) = delete;

    void set(const char *value) const
    {
        if (value == nullptr) {
            unsetenv(name_);
        } else {
            setenv(name_, value, 1);
        }
    }

  private:
    const char *name_;
    std::optional<std::string> old_;
};

/** A pseudo-terminal in place of standard error. */
class Terminal
{
  public:
    Terminal() : saved_(dup(STDERR_FILENO)), master_(posix_openpt(O_RDWR | O_NOCTTY))
    {
        if (master_ >= 0 && grantpt(master_) == 0 && unlockpt(master_) == 0) {
            slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
        }
        if (slave_ >= 0) {
            dup2(slave_, STDERR_FILENO);
        }
    }

    ~Terminal()
    {
        dup2(saved_, STDERR_FILENO);
        close(saved_);
        if (slave_ >= 0) {
            close(slave_);
        }
        if (master_ >= 0) {
            close(master_);
        }
    }

    Terminal(const Terminal &) = delete;
    Terminal &operator=(const Terminal &) = delete;

    bool is_open() const
    {
        return slave_ >= 0;
    }

  private:
    int saved_;
    int master_;
    int slave_ = -1;
};

bool both_are_shown()
{
    cli_progress progress;
    const bool run = cli_progress_begin(&progress);

    EXPECT_EQ(run, cli_sweep_progress_wanted());
    EXPECT_EQ(run, cli_terminal(STDERR_FILENO));
    return run;
}

TEST(Progress, IsForPeopleWhoWatch)
{
    const Variable integration("CI", nullptr);
    const Variable kind("TERM", "xterm");
    const Terminal terminal;

    if (!terminal.is_open()) {
        GTEST_SKIP() << "this system gives no pseudo-terminal";
    }
    EXPECT_TRUE(both_are_shown());
    integration.set("true");
    EXPECT_FALSE(both_are_shown()) << "a log keeps every line";
    integration.set("");
    EXPECT_TRUE(both_are_shown());
    kind.set("dumb");
    EXPECT_FALSE(both_are_shown()) << "it cannot go back in a line";
    kind.set(nullptr);
    EXPECT_TRUE(both_are_shown());
}

TEST(Progress, OfASweepNamesTheWorstPointSoFar)
{
    sweep_progress where = {};
    char text[384];

    where.runs = 48;
    where.before = 4;
    where.done = 8;
    where.failed = 1;
    where.seconds = 2;
    cli_sweep_progress_text(text, sizeof(text), &where);
    EXPECT_STREQ(text, "12 of 48 runs, 1 failed, 4 a second, 9 s left");
    where.worst = 1500 * SIM_NS;
    where.worst_point = 3;
    snprintf(where.worst_values, sizeof(where.worst_values), "entries=4, latency=100 ns");
    cli_sweep_progress_text(text, sizeof(text), &where);
    EXPECT_STREQ(text,
                 "12 of 48 runs, 1 failed, 4 a second, 9 s left, worst p99 1.5 us at point 3 (entries=4, latency=100"
                 " ns)");
}

TEST(Progress, IsNotForFiles)
{
    const Variable integration("CI", nullptr);
    const Variable kind("TERM", "xterm");
    const int file = open("/dev/null", O_WRONLY);

    ASSERT_GE(file, 0);
    EXPECT_FALSE(cli_terminal(file));
    EXPECT_FALSE(cli_terminal(-1));
    close(file);
}

} // namespace
