/*
 * Small systems at random, as scenario files: topology with virtual functions and virtual channels, maps, who owns
 * devices and how doorbells are mapped, machines, data to memory and to peers, and what may overtake what.
 */
#ifndef DOORBELL_TESTS_SYSTEM_RANDOM_SYSTEM_H
#define DOORBELL_TESTS_SYSTEM_RANDOM_SYSTEM_H

#include "result/verdict.h"
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

    /** What the text has, for a count of what systems were about. */
    struct Features {
        bool machines = false;
        bool peers = false; /**< some function writes to another */
        bool virtual_functions = false;
        bool channels = false; /**< links have several virtual channels, which traffic uses */
        bool relaxed = false;  /**< the fabric makes use of RO */
        bool caches = false;   /**< an endpoint has a translation cache, which its SMMU serves */
        bool defect = false;   /**< MSIs with RO, or with a traffic class other than data's */
    };
    const Features &features() const
    {
        return features_;
    }

  private:
    struct Device {
        std::string name;
        unsigned root_port = 0;
        unsigned functions = 1;
        unsigned vfs = 0; /**< of each function */
        unsigned vectors = 1;
        bool pasid = false;
        bool two_bars = false; /**< the second is for peers */
        bool pri = false;      /**< it can ask for pages */
    };
    struct Function {
        std::string name;
        size_t device = 0;
        bool is_virtual = false;
    };

    unsigned below(unsigned bound);
    bool chance(unsigned percent);
    template <typename T> const T &any(const std::vector<T> &of)
    {
        return of[below(static_cast<unsigned>(of.size()))];
    }
    void line(unsigned depth, const std::string &words);
    unsigned vectors_of(const Function &function) const;
    bool in_machine(const std::string &function) const;

    std::string acs();
    void write_platform();
    void write_interrupt_controllers();
    void write_map(const std::string &key, const std::vector<std::string> &targets);
    void write_root_complex();
    std::string link();
    void write_device(unsigned depth, unsigned levels, unsigned &endpoints, bool below_switch);
    void write_endpoint(unsigned depth);

    void write_software();
    void write_consumers();
    std::string consumer_of(const std::string &name, const std::string &translation);
    void write_pasids();
    std::vector<std::string> take(unsigned percent);
    std::string action();
    void write_timeline();

    std::vector<std::string> choose_for_machine();
    void write_machines();
    void write_machine(unsigned index);
    std::string machine_timeline(unsigned vcpus, bool translates, const std::vector<std::string> &devices);

    std::string order_keys(bool message);
    void write_streams(const Function &function);
    void write_traffic();

    RandomOptions options_;
    sim_random random_ = {};
    std::string text_;
    Features features_;
    std::string page_ = "4 KiB"; /**< of the kernel */
    std::vector<std::string> smmus_;
    std::vector<std::string> itses_;
    std::vector<std::string> controllers_; /**< ITSs, and GICv2m frames */
    bool slow_ = false;                    /**< memory has more to do than it can, so that data comes late */
    bool unsafe_ = false;                  /**< one of them does not know, or not for sure, who writes */
    std::vector<Device> devices_;
    std::vector<Function> functions_;
    std::vector<std::string> free_; /**< functions that are nobody's yet but the kernel's */
    std::vector<std::string> consumers_;
    std::vector<std::string> machines_; /**< their text */
    unsigned switches_ = 0;
    unsigned root_ports_ = 0;
    unsigned pes_ = 1;
};

/**
 * Whether two verdicts differ since data was there before an interrupt by luck: a check says what nothing forbids, a
 * run what it saw (docs/assumptions.md). That takes a defect of the system's; without one, and the other way round, the
 * two have to say the same.
 */
bool is_luck(const verdict &run, const verdict &check, const RandomSystem::Features &features);

} // namespace system_test

#endif
