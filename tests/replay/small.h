/* Copies of the small recording in tests/data/replay, to be changed. */
#ifndef DOORBELL_TESTS_REPLAY_SMALL_H
#define DOORBELL_TESTS_REPLAY_SMALL_H

#include "replay/replay.h"

#include <filesystem>
#include <string>
#include <vector>

namespace replay_test
{

/** A folder of its own below the system's temporary one, removed at the end. */
class Folder
{
  public:
    Folder();
    ~Folder();
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    std::string path(const std::string &name = "") const;
    std::string read(const std::string &name) const;
    void write(const std::string &name, const std::string &text) const;
    void remove(const std::string &name) const;
    /** Replaces the one place where a file has @p from; a failed test if it is not one. */
    void edit(const std::string &name, const std::string &from, const std::string &to) const;

  private:
    std::filesystem::path folder_;
};

/** A copy of the small recording. */
class Small : public Folder
{
  public:
    Small();
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
