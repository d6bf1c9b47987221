/* Extended regular expressions of POSIX for tests: gcc's sanitizer build warns of those of the C++ library. */
#ifndef DOORBELL_TESTS_SCHEMA_PATTERN_H
#define DOORBELL_TESTS_SCHEMA_PATTERN_H

#include <regex.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace schema_test
{

/** One place where a pattern fits. */
struct Fit {
    size_t begin;
    size_t end;
    std::vector<std::string> parts; /**< the whole, then what each pair of brackets took */
};

/** All places where a pattern fits, from the front, none over another. */
inline std::vector<Fit> fits(const std::string &text, const std::string &pattern)
{
    std::vector<Fit> found;
    regex_t compiled;
    regmatch_t match[8];
    size_t at = 0;

    if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED) != 0) {
        throw std::runtime_error("no regular expression: " + pattern);
    }
    while (at <= text.size() && regexec(&compiled, text.c_str() + at, 8, match, at == 0 ? 0 : REG_NOTBOL) == 0) {
        Fit fit = {at + static_cast<size_t>(match[0].rm_so), at + static_cast<size_t>(match[0].rm_eo), {}};

        for (const regmatch_t &part : match) {
            fit.parts.push_back(part.rm_so < 0 ? ""
                                               : text.substr(at + static_cast<size_t>(part.rm_so),
                                                             static_cast<size_t>(part.rm_eo - part.rm_so)));
        }
        found.push_back(fit);
        at = fit.end + (fit.end == fit.begin ? 1 : 0);
    }
    regfree(&compiled);
    return found;
}

} // namespace schema_test

#endif
