/* Whatever the bytes, there is a scenario or an error, and nothing else. */
#include "tests/scenario/loaded.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace
{

const std::string scenarios = std::string(DOORBELL_SOURCE_DIR) + "/scenarios";

/* Small numbers that look random; the same every time. */
class Dice
{
  public:
    explicit Dice(uint64_t seed) : state_(seed)
    {
    }
    size_t below(size_t limit)
    {
        state_ = state_ * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return static_cast<size_t>(state_ >> 33) % limit;
    }

  private:
    uint64_t state_;
};

/* Either a scenario that can be shown, or errors that can be printed. */
void feed(const std::string &text, const std::vector<std::string> &sets = {})
{
    Loaded loaded(text, sets, scenarios + "/seeds/hostile.yaml");

    if (loaded) {
        EXPECT_EQ(loaded.diagnostics().error_count, 0u);
        Loaded again(loaded.shown());
        EXPECT_TRUE(again) << again.said() << "\nfrom\n" << text;
    } else {
        EXPECT_GT(loaded.diagnostics().error_count, 0u) << "refused without a word:\n" << text;
        EXPECT_FALSE(loaded.said().empty());
    }
}

std::vector<std::string> seeds()
{
    return {read_text(scenarios + "/seeds/two-its-split.yaml"), read_text(scenarios + "/seeds/one-its.yaml"),
            read_text(scenarios + "/seeds/its-beside-root-complex.yaml"),
            read_text(scenarios + "/examples/minimal.yaml")};
}

TEST(Hostile, EveryTruncation)
{
    for (const std::string &text : seeds()) {
        ASSERT_FALSE(text.empty());
        for (size_t length = 0; length < text.size(); length++) {
            feed(text.substr(0, length));
        }
    }
}

TEST(Hostile, RandomBytes)
{
    Dice dice(1);

    for (const std::string &text : seeds()) {
        for (int round = 0; round < 1500; round++) {
            std::string changed = text;
            for (size_t flips = 1 + dice.below(4); flips > 0; flips--) {
                changed[dice.below(changed.size())] = static_cast<char>(dice.below(256));
            }
            feed(changed);
        }
    }
}

/* Characters that mean something to YAML do more harm than others. */
TEST(Hostile, RandomPunctuation)
{
    static const char punctuation[] = "[]{}:,-#&*!|>'\"%@`?\\/\t\n\r ~0_x.=<";
    Dice dice(2);

    for (const std::string &text : seeds()) {
        for (int round = 0; round < 1500; round++) {
            std::string changed = text;
            for (size_t edits = 1 + dice.below(3); edits > 0; edits--) {
                size_t at = dice.below(changed.size());
                char character = punctuation[dice.below(sizeof(punctuation) - 1)];
                switch (dice.below(3)) {
                case 0:
                    changed[at] = character;
                    break;
                case 1:
                    changed.insert(at, 1, character);
                    break;
                default:
                    changed.erase(at, 1 + dice.below(5));
                    break;
                }
            }
            feed(changed);
        }
    }
}

/* Lines and words of a sound file in a new order: good YAML, senseless content. */
TEST(Hostile, RandomWordsAndLines)
{
    Dice dice(3);

    for (const std::string &text : seeds()) {
        std::vector<std::string> lines;
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line);) {
            lines.push_back(line);
        }
        for (int round = 0; round < 500; round++) {
            std::vector<std::string> changed = lines;
            std::string &a = changed[dice.below(changed.size())];
            std::string &b = changed[dice.below(changed.size())];
            switch (dice.below(3)) {
            case 0:
                std::swap(a, b);
                break;
            case 1:
                a = b;
                break;
            default:
                changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(dice.below(changed.size())));
                break;
            }
            std::string joined;
            for (const std::string &line : changed) {
                joined += line + "\n";
            }
            feed(joined);
        }
    }
}

/* Every value of a file replaced by every awkward one. */
TEST(Hostile, AwkwardValuesEverywhere)
{
    static const char *const values[] = {"~",
                                         "null",
                                         "[]",
                                         "{}",
                                         "\"\"",
                                         "-1",
                                         "0",
                                         "0x",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "999999999999999999999999999999 GHz",
                                         "0.000000000000000001 s",
                                         "18446744073709551615 fs",
                                         "0xffff_ffff_ffff_ffff",
                                         "[[[[0]]]]",
                                         "{a: {b: {c: d}}}",
                                         "[0, 0, 0, 0]",
                                         "[[0, A, 0xffffffff, 0x10000]]",
                                         "none",
                                         "memory",
                                         "epA",
                                         "\"\\x01\\x1b\"",
                                         "\xe2\x80\xa8",
                                         "1 us..2 us",
                                         "..",
                                         "<",
                                         "all"};
    std::string text = read_text(scenarios + "/seeds/two-its-split.yaml");

    for (size_t colon = text.find(": "); colon != std::string::npos; colon = text.find(": ", colon + 1)) {
        size_t start = colon + 2;
        size_t end = text.find_first_of(",}]\n", start);
        for (const char *value : values) {
            feed(text.substr(0, start) + value + text.substr(end));
        }
    }
}

TEST(Hostile, Overrides)
{
    static const char *const paths[] = {"",
                                        ".",
                                        "seed",
                                        "platform",
                                        "pcie",
                                        "pcie.rc0",
                                        "traffic",
                                        "traffic.epA",
                                        "traffic.epA.0",
                                        "expect",
                                        "expect.x",
                                        "epA",
                                        "epA.endpoint",
                                        "sw0.below",
                                        "S",
                                        "a.b.c.d.e",
                                        "pcie.rc0.root-ports.rp0.below.sw0.below.epB.port.device"};
    static const char *const values[] = {"",   "null", "0",         "{}",     "[]",   "[",  "{",
                                         "\"", "x",    "{a: null}", "[null]", "\xff", "&a", "*a"};
    std::string text = read_text(scenarios + "/seeds/two-its-split.yaml");

    for (const char *path : paths) {
        feed(text, {path});
        for (const char *value : values) {
            feed(text, {std::string(path) + "=" + value});
            feed(text, {std::string(path) + "=" + value, "traffic.epA.0.msi.vectors=[1]"});
        }
    }
    feed(text, {std::string(5000, '.') + "=1"});
    feed(text, {std::string(5000, 'a') + "=1"});
}

TEST(Hostile, DeepTrees)
{
    /* Switches below switches until the depth limit, and far beyond. */
    for (int depth : {3, 20, 29, 40, 5000}) {
        std::string text = "doorbell: 1\npcie: { rc0: { root-ports: { rp0: { below: { s0: { switch: {}, below: { ";
        for (int i = 1; i < depth; i++) {
            text += "s" + std::to_string(i) + ": { switch: {}, below: { ";
        }
        text += "ep: { endpoint: {} }";
        for (int i = 0; i < depth; i++) {
            text += " } }";
        }
        text += " } } } } }\n";
        feed(text);
    }
}

TEST(Hostile, WideTrees)
{
    /* More endpoints than buses, and more names than is sensible. */
    std::string text = "doorbell: 1\npcie:\n  rc0:\n    root-ports:\n";
    for (int i = 0; i < 3000; i++) {
        text += "      rp" + std::to_string(i) + ": { below: { ep" + std::to_string(i) + ": { endpoint: {} } } }\n";
    }
    text += "traffic:\n";
    for (int i = 0; i < 3000; i++) {
        text += "  xx" + std::to_string(i) + ": [ { msi: { period: 1 us } } ]\n";
    }
    feed(text);
}

} // namespace
