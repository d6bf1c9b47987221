// What a report writes, as a string, and how wide it is.
#ifndef DOORBELL_TESTS_REPORT_CAPTURED_H
#define DOORBELL_TESTS_REPORT_CAPTURED_H

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace captured
{

// What `write` puts into the stream it is given.
std::string text(const std::function<void(FILE *)> &write);
std::vector<std::string> lines(const std::string &text);
// The words, by blanks and line ends.
std::vector<std::string> words(const std::string &text);
// Characters (UTF-8) of the widest line.
size_t widest(const std::string &text);

} // namespace captured

#endif
