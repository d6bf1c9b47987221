#include "tests/cli/process.h"
#include "tests/schema/validate.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char **environ;

namespace cli_test
{

namespace fs = std::filesystem;

namespace
{

/* Every document that a test sees fits its schema. What stops in the middle is for the test itself to judge. */
void validate(const std::string &text)
{
    json_t *document = json_loads(text.c_str(), JSON_REJECT_DUPLICATES, nullptr);

    if (json_object_get(document, "doorbell") != nullptr) {
        EXPECT_EQ(schema_test::validate_document(document), std::vector<std::string>{}) << text.substr(0, 2000);
    }
    json_decref(document);
}

} // namespace

Process::Process(const std::vector<std::string> &words)
    : json_(std::find(words.begin(), words.end(), "--json") != words.end())
{
    std::vector<std::string> copies = words;
    std::vector<char *> argv{const_cast<char *>("doorbell")};
    posix_spawn_file_actions_t actions;

    for (std::string &word : copies) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, folder_.path("out").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, folder_.path("err").c_str(), O_WRONLY | O_CREAT, 0600);
    if (posix_spawn(&id_, DOORBELL_BINARY, &actions, nullptr, argv.data(), environ) != 0) {
        throw std::runtime_error("cannot start " DOORBELL_BINARY);
    }
    posix_spawn_file_actions_destroy(&actions);
}

Process::~Process()
{
    if (id_ > 0) {
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
}

Result Process::wait()
{
    int status = 0;

    waitpid(id_, &status, 0);
    id_ = -1;
    const Result result = {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), folder_.read("out"),
                           folder_.read("err")};
    if (json_) {
        validate(result.out);
    }
    return result;
}

Result doorbell(const std::vector<std::string> &words)
{
    return Process(words).wait();
}

bool wait_for_handler(pid_t process, int signal)
{
    for (;;) {
        std::ifstream status("/proc/" + std::to_string(process) + "/status");
        std::string line;

        if (!status) {
            return false;
        }
        while (std::getline(status, line)) {
            if (line.find("zombie") != std::string::npos) {
                return false;
            }
            if (line.rfind("SigCgt:", 0) == 0 && (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1U) != 0) {
                return true;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

} // namespace cli_test
