/* Runs the doorbell command as a process and keeps what it says. */
#ifndef DOORBELL_TESTS_CLI_PROCESS_H
#define DOORBELL_TESTS_CLI_PROCESS_H

#include "tests/support/folder.h"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cli_test
{

using test_support::Folder;

/** What came of a process. */
struct Result {
    int status; /**< exit status; 128 + signal if a signal ended it */
    std::string out;
    std::string err;
};

/** A process that runs the doorbell command. */
class Process
{
  public:
    /** Starts it with these words behind its name. */
    explicit Process(const std::vector<std::string> &words);
    ~Process();
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    pid_t id() const
    {
        return id_;
    }

    /** Waits for its end. */
    Result wait();

  private:
    Folder folder_;
    pid_t id_ = -1;
    bool json_; /**< what it prints is a document */
};

/** Runs the doorbell command to its end. */
Result doorbell(const std::vector<std::string> &words);

/**
 * Waits until a process has a handler of its own for a signal, or has ended; needs /proc.
 * @return whether it has one
 */
bool wait_for_handler(pid_t process, int signal);

} // namespace cli_test

#endif
