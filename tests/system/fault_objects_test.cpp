/* Page requests that user space answers: what goes where, who is answered what, and who may not have it at all. */
#include "tests/system/whole.h"

#include "models/pcie/endpoint.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <string>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load_text;
using system_test::Scenario;
using system_test::Whole;

const char *const asking = "{ ats: {}, pri: { capacity: 8 } }";

std::string text_of(const std::string &endpoint, const std::string &consumer, const std::string &more = "")
{
    return "doorbell: 1\nduration: 200 us\nplatform: { smmu: { S: { idr: { ats: yes, pri: yes } } } }\n"
           "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { dev: { endpoint: " +
           endpoint +
           " } } } } } }\n"
           "software:\n  rules: linux-7.3\n  consumers: { vm: " +
           consumer + " }\n" + more;
}

/** 16 pages, one after the other. */
const std::string pages = "traffic:\n"
                          "  dev:\n"
                          "    - dma-write: { size: 64 B, buffer: 64 KiB, stride: 4 KiB, period: 6 us, pages: "
                          "on-demand }\n"
                          "    - msi: { vectors: [0], period: 20 us }\n";

struct One {
    explicit One(const std::string &text, const std::vector<std::string> &sets = {})
        : scenario(load_text(text, sets)), whole(scenario.get())
    {
        whole.start();
        whole.run();
        whole.finish();
    }
    uint64_t counter(const char *component, const char *name) const
    {
        return counter_of(whole.result(), component, name);
    }
    /** Requests of the device that nobody has answered. */
    unsigned outstanding()
    {
        unsigned sum = 0;

        for (size_t i = 0; i < scenario->device_count; i++) {
            const struct endpoint *endpoint = whole.system()->endpoints[i];

            sum += endpoint != nullptr ? endpoint_outstanding(endpoint) : 0;
        }
        return sum;
    }
    uint64_t visible() const
    {
        return device_of(whole.result(), "dev").writes_visible;
    }

    Scenario scenario;
    Whole whole;
};

std::string consumer(const std::string &more)
{
    return "{ kind: iommufd, devices: [dev]" + more + " }";
}

TEST(FaultObjects, UserSpaceMapsWhatIsAskedFor)
{
    One run(text_of(asking, consumer(", faults: answered"), pages));

    EXPECT_EQ(run.counter("software", "page-requests-to-users"), 16u);
    EXPECT_EQ(run.counter("software", "pages-mapped"), 16u);
    EXPECT_EQ(run.counter("software", "page-responses"), 16u);
    EXPECT_EQ(run.counter("software", "pages-refused"), 0u);
    EXPECT_EQ(run.counter("dev", "page-responses"), 16u);
    EXPECT_EQ(run.counter("dev", "atc-refused"), 0u);
    EXPECT_EQ(run.visible(), 34u);
    EXPECT_EQ(run.whole.result().smmu_events, 0u);
    EXPECT_EQ(device_of(run.whole.result(), "dev").lost, 0u);
}

TEST(FaultObjects, AnswersTakeUserSpacesTimeOneGroupAfterTheOther)
{
    // 50 us an answer, and the device asks for one page at a time: four in 200 us, whose writes then get out.
    One slow(text_of(asking, consumer(", faults: answered, fault-answer: 50 us"), pages));
    One quick(text_of(asking, consumer(", faults: answered, fault-answer: 1 us"), pages));

    EXPECT_GE(slow.counter("software", "page-requests-to-users"), 4u);
    EXPECT_EQ(quick.counter("software", "pages-mapped"), 16u);
    EXPECT_GT(slow.whole.result().latency.max, quick.whole.result().latency.max + 400 * SIM_US);
    EXPECT_EQ(slow.visible(), quick.visible()) << "the traffic ends, and what was asked for is still answered";
}

TEST(FaultObjects, UserSpaceMayRefuse)
{
    One run(text_of(asking, consumer(", faults: refused"), pages));

    EXPECT_EQ(run.counter("software", "page-requests-to-users"), 34u) << "every write asks again";
    EXPECT_EQ(run.counter("software", "pages-refused"), 34u);
    EXPECT_EQ(run.counter("software", "pages-mapped"), 0u);
    EXPECT_EQ(run.counter("dev", "atc-refused"), 34u);
    EXPECT_EQ(run.visible(), 0u);
}

TEST(FaultObjects, WithoutOneTheKernelAnswersInvalid)
{
    for (const char *kind : {"iommufd", "vfio"}) {
        One run(text_of(asking, std::string("{ kind: ") + kind + ", devices: [dev] }", pages));

        EXPECT_EQ(run.counter("software", "page-requests"), 34u) << kind;
        EXPECT_EQ(run.counter("software", "pages-refused"), 34u) << kind;
        EXPECT_EQ(run.counter("software", "pages-mapped"), 0u) << kind;
        EXPECT_EQ(run.visible(), 0u) << kind;
    }
}

TEST(FaultObjects, TheKernelServesItsOwnDevices)
{
    One run(text_of(asking, "{ kind: iommufd, faults: refused }", pages));

    EXPECT_EQ(run.counter("software", "page-requests-to-users"), 0u);
    EXPECT_EQ(run.counter("software", "pages-mapped"), 16u);
    EXPECT_EQ(run.visible(), 34u);
}

TEST(FaultObjects, WhatWaitsIsAnsweredWhenTheDeviceLeaves)
{
    One run(text_of(asking, consumer(", faults: answered, fault-answer: 80 us"),
                    pages + "timeline: [{ at: 40 us, name: leave, action: detach, device: dev }]\n"));

    EXPECT_EQ(run.counter("software", "page-requests-to-users"), 1u);
    EXPECT_EQ(run.counter("software", "pages-mapped"), 0u);
    EXPECT_EQ(run.counter("dev", "page-requests"), run.counter("dev", "page-responses"));
    EXPECT_EQ(run.outstanding(), 0u);
}

/** Outcome of the attachment, as a check and a run see it. */
std::string attached(const std::string &text, const std::string &device, const std::string &rules)
{
    const auto scenario = load_text(text, {"software.rules=" + rules});
    verdict_list verdicts = {};
    step_list steps = {};
    host_error error = {};

    EXPECT_TRUE(scenario_foretell(scenario.get(), &verdicts, &steps, &error)) << error.text;
    Whole whole(scenario.get());
    step_list done = {};
    system_collect_steps(whole.system(), &done);
    const run_step *step = step_list_find(&done, (device + ".attach").c_str());
    const run_step *foretold = step_list_find(&steps, (device + ".attach").c_str());
    const std::string outcome = step != nullptr ? step->outcome : "?";

    EXPECT_EQ(outcome, foretold != nullptr ? foretold->outcome : "?");
    step_list_clear(&done);
    step_list_clear(&steps);
    verdict_list_clear(&verdicts);
    return outcome;
}

TEST(FaultObjects, WhoMayHaveOne)
{
    const std::string with = consumer(", faults: answered");
    const std::string traffic = "traffic: { dev: [{ msi: { vectors: [0], period: 20 us } }] }\n";

    EXPECT_EQ(attached(text_of(asking, with, traffic), "dev", "linux-7.3"), "ok");
    EXPECT_EQ(attached(text_of(asking, with, traffic), "dev", "linux-6.12"), "ok");
    EXPECT_EQ(attached(text_of(asking, with, traffic), "dev", "linux-6.1"), "EOPNOTSUPP") << "no iommufd";
    // A device that never asks: since 6.16 it does no harm.
    EXPECT_EQ(attached(text_of("{}", with, traffic), "dev", "linux-6.12"), "EINVAL");
    EXPECT_EQ(attached(text_of("{}", with, traffic), "dev", "linux-7.3"), "ok");
    EXPECT_EQ(attached(text_of("{}", consumer(""), traffic), "dev", "linux-6.12"), "ok") << "without a fault object";
}

TEST(FaultObjects, NoVirtualFunctionThatSharesItsPageRequests)
{
    const std::string traffic = "traffic: { dev: [{ msi: { vectors: [0], period: 20 us } }] }\n";
    const std::string with = "{ kind: iommufd, faults: answered, devices: [dev/vf1] }";
    const std::string sharing = "{ acs: full, ari: yes, ats: {}, pri: { capacity: 8 }, sr-iov: { vfs: 2 } }";
    const std::string silent = "{ acs: full, ari: yes, sr-iov: { vfs: 2 } }";

    EXPECT_EQ(attached(text_of(sharing, with, traffic), "dev/vf1", "linux-7.3"), "EINVAL");
    EXPECT_EQ(attached(text_of(sharing, "{ kind: iommufd, devices: [dev/vf1] }", traffic), "dev/vf1", "linux-7.3"),
              "ok");
    EXPECT_EQ(attached(text_of(silent, with, traffic), "dev/vf1", "linux-7.3"), "ok");
}

} // namespace
