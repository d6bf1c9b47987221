/* Small systems at random, as scenario files: topology, maps, who owns devices and how doorbells are mapped. */
#ifndef DOORBELL_TESTS_SYSTEM_RANDOM_SYSTEM_H
#define DOORBELL_TESTS_SYSTEM_RANDOM_SYSTEM_H

#include "sim/random.h"

#include <cstdint>
#include <string>
#include <vector>

namespace system_test
{

/** A number that the environment may set: how many systems a test makes, and which. */
uint64_t from_environment(const char *name, uint64_t standard);

/** What a random system may have. */
struct RandomOptions {
    bool timeline = false; /**< actions at random while traffic runs */
    bool resets = false;   /**< function level resets among them, after which software waits for a few microseconds */
};

/** A scenario's text, that is a function of the seed alone. */
class RandomSystem
{
  public:
    RandomSystem(uint64_t seed, RandomOptions options);

    const std::string &text() const
    {
        return text_;
    }

  private:
    struct Device {
        std::string name;
        unsigned functions = 1;
        unsigned vectors = 1;
        bool pasid = false;
    };

    unsigned below(unsigned bound);
    bool chance(unsigned percent);
    template <typename T> const T &any(const std::vector<T> &of)
    {
        return of[below(static_cast<unsigned>(of.size()))];
    }
    void line(unsigned depth, const std::string &words);

    std::string acs();
    std::string function();
    void write_platform();
    void write_map(const std::string &key, const std::vector<std::string> &targets);
    void write_root_complex();
    void write_device(unsigned depth, unsigned levels, unsigned &endpoints, bool below_switch);
    void write_software();
    std::string consumer_of(const std::string &name, const std::string &translation);
    void write_pasids();
    std::string action();
    void write_timeline();
    void write_traffic();

    std::string page_ = "4 KiB"; /**< of the kernel */
    RandomOptions options_;
    sim_random random_ = {};
    std::string text_;
    std::vector<std::string> smmus_;
    std::vector<std::string> itses_;
    std::vector<std::string> controllers_; /**< ITSs, and GICv2m frames */
    bool unsafe_ = false;                  /**< one of them does not know, or not for sure, who writes */
    std::vector<Device> devices_;
    std::vector<std::string> functions_;
    std::vector<std::string> consumers_;
    unsigned switches_ = 0;
    unsigned pes_ = 1;
};

} // namespace system_test

#endif
