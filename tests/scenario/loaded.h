/* A scenario loaded for a test, with what was said about it. */
#ifndef DOORBELL_TESTS_SCENARIO_LOADED_H
#define DOORBELL_TESTS_SCENARIO_LOADED_H

#include "scenario/codes.h"
#include "scenario/scenario.h"
#include "scenario/show.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

class Loaded
{
  public:
    /* From a text, with overrides. */
    explicit Loaded(const std::string &text, const std::vector<std::string> &sets = {},
                    const std::string &name = "t.yaml")
    {
        scenario_options options = list(sets);
        scenario_ = scenario_load_text(name.c_str(), text.data(), text.size(), &options, &diagnostics_);
    }

    static Loaded file(const std::string &path, const std::vector<std::string> &sets = {})
    {
        Loaded loaded;
        scenario_options options = loaded.list(sets);
        loaded.scenario_ = scenario_load(path.c_str(), &options, &loaded.diagnostics_);
        return loaded;
    }

    Loaded(Loaded &&other) noexcept
        : scenario_(std::exchange(other.scenario_, nullptr)), diagnostics_(std::exchange(other.diagnostics_, {}))
    {
    }
    Loaded(const Loaded &) = delete;
    Loaded &operator=(const Loaded &) = delete;
    Loaded &operator=(Loaded &&) = delete;

    ~Loaded()
    {
        scenario_free(scenario_);
        diagnostics_clear(&diagnostics_);
    }

    const scenario *get() const
    {
        return scenario_;
    }
    const scenario *operator->() const
    {
        return scenario_;
    }
    explicit operator bool() const
    {
        return scenario_ != nullptr;
    }
    const struct diagnostics &diagnostics() const
    {
        return diagnostics_;
    }

    /* What a person would see. */
    std::string said() const
    {
        return capture([this](FILE *stream) { diagnostics_print(stream, &diagnostics_); });
    }
    std::string shown() const
    {
        return capture([this](FILE *stream) { scenario_show(stream, scenario_); });
    }

    template <typename Write> static std::string capture(Write write)
    {
        char *text = nullptr;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);
        write(stream);
        fclose(stream);
        std::string result(text, length);
        free(text);
        return result;
    }

  private:
    Loaded() = default;

    scenario_options list(const std::vector<std::string> &sets)
    {
        for (const std::string &set : sets) {
            pointers_.push_back(set.c_str());
        }
        return {pointers_.data(), pointers_.size()};
    }

    struct scenario *scenario_ = nullptr;
    struct diagnostics diagnostics_ = {};
    std::vector<const char *> pointers_;
};

inline std::string read_text(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/* A small sound scenario: `more` is added at the end, on the first level. */
inline std::string small(const std::string &more = "")
{
    return error_code_small_scenario() + more;
}

#endif
