#include "cli/suggest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace
{

/** The same distance by its recursive definition: slow, and obviously right. */
size_t plain_distance(const std::string &a, const std::string &b)
{
    if (a.empty() || b.empty()) {
        return a.size() + b.size();
    }
    const std::string a_rest = a.substr(0, a.size() - 1);
    const std::string b_rest = b.substr(0, b.size() - 1);
    size_t best = std::min({plain_distance(a_rest, b) + 1, plain_distance(a, b_rest) + 1,
                            plain_distance(a_rest, b_rest) + (a.back() == b.back() ? 0 : 1)});

    if (a.size() > 1 && b.size() > 1 && a.back() == b_rest.back() && a_rest.back() == b.back()) {
        best = std::min(best, plain_distance(a_rest.substr(0, a.size() - 2), b_rest.substr(0, b.size() - 2)) + 1);
    }
    return best;
}

TEST(Suggest, DistanceEqualsItsDefinition)
{
    std::vector<std::string> words = {"json", "jsno", "sjon", "j", "shuffle", "sfhufle"};

    for (unsigned code = 0; code < 243; code++) { // every word of up to five letters of "ab"
        std::string word;

        for (unsigned rest = code; rest != 0; rest /= 3) {
            if (rest % 3 != 0) {
                word += rest % 3 == 1 ? 'a' : 'b';
            }
        }
        words.push_back(word);
    }
    for (size_t i = 0; i < words.size(); i++) {
        for (size_t j = i % 7; j < words.size(); j += 7) {
            ASSERT_EQ(cli_suggest_distance(words[i].c_str(), words[j].c_str()), plain_distance(words[i], words[j]))
                << words[i] << ' ' << words[j];
        }
    }
}

TEST(Suggest, LongWordsAreFarApart)
{
    const std::string longest(CLI_SUGGEST_MAX, 'x');

    EXPECT_EQ(cli_suggest_distance(longest.c_str(), ""), CLI_SUGGEST_MAX);
    EXPECT_EQ(cli_suggest_distance((longest + 'x').c_str(), longest.c_str()), SIZE_MAX);
}

TEST(Suggest, NearestOrNothing)
{
    const char *const words[] = {"run", "check", "show", "help", "version"};

    EXPECT_STREQ(cli_suggest("chekc", words, 5), "check");
    EXPECT_STREQ(cli_suggest("vers", words, 5), "version");
    EXPECT_STREQ(cli_suggest("sow", words, 5), "show");
    EXPECT_EQ(cli_suggest("zebra", words, 5), nullptr);
    EXPECT_EQ(cli_suggest("", words, 5), nullptr);
    EXPECT_EQ(cli_suggest("run", words, 0), nullptr);
}

} // namespace
