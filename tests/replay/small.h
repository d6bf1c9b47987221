/* Copies of the small recording in tests/data/replay, to be changed. */
#ifndef DOORBELL_TESTS_REPLAY_SMALL_H
#define DOORBELL_TESTS_REPLAY_SMALL_H

#include "replay/replay.h"
#include "tests/support/folder.h"

#include <filesystem>
#include <string>
#include <vector>

namespace replay_test
{

/** A copy of the small recording. */
class Small : public test_support::Folder
{
  public:
    Small();
    /** Replaces the one place where a file has @p from; a failed test if it is not one. */
    void edit(const std::string &name, const std::string &from, const std::string &to) const;
};

/** What a replay found, and what it complained of. */
class Replayed
{
  public:
    explicit Replayed(const std::string &directory, const replay_options *options = nullptr);
    ~Replayed();
    Replayed(const Replayed &) = delete;
    Replayed &operator=(const Replayed &) = delete;

    bool possible;
    replay_result result = {};
    struct diagnostics diagnostics = {};

    /** All diagnostics as text. */
    std::string complaints() const;
    /** The listed differences: "check: subject: expected, got". */
    std::vector<std::string> differences() const;
};

} // namespace replay_test

#endif
