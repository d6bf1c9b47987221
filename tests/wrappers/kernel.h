/*
 * One platform a process: SystemC's kernel elaborates once, and ctest runs each test in a process of its own.
 */
#ifndef DOORBELL_TESTS_WRAPPERS_KERNEL_H
#define DOORBELL_TESTS_WRAPPERS_KERNEL_H

#include "wrappers/protocol_checker.h"
#include "wrappers/simulation.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <systemc>
#include <vector>

namespace wrappers_test
{

/** Whether this process has had a Thread. */
inline bool &had_threads()
{
    static bool had = false;

    return had;
}

/** What a platform's thread runs. */
class Thread : public sc_core::sc_module
{
  public:
    Thread(const sc_core::sc_module_name &name, std::function<void()> body)
        : sc_core::sc_module(name), body_(std::move(body))
    {
        SC_HAS_PROCESS(Thread);
        SC_THREAD(run);
        had_threads() = true;
    }

    bool done = false;

  private:
    void run()
    {
        body_();
        done = true;
    }

    std::function<void()> body_;
};

/** Checkers for all sockets of a platform; the end of the test looks at them. */
class Checkers : public doorbell::protocol_checkers
{
  public:
    ~Checkers()
    {
        EXPECT_EQ(report(), "");
        EXPECT_EQ(uncovered(), "");
    }
};

/** Reports of the kernel become exceptions, on standard error nothing. */
inline void quiet()
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    sc_core::sc_report_handler::set_actions(sc_core::SC_ERROR, sc_core::SC_THROW);
    sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
}

inline sc_core::sc_time ns(double count)
{
    return sc_core::sc_time(count, sc_core::SC_NS);
}

} // namespace wrappers_test

#endif
