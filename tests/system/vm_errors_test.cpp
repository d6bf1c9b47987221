// Errors of guests' SMMUs: GERROR, its interrupt, commands that are none in queues of either kind, and who hears of it.
#include "tests/system/whole.h"

#include "host/vm.h"
#include "scenario/system_internal.h"

#include <gtest/gtest.h>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load;
using system_test::Whole;

const std::string errors = "scenarios/examples/guest-command-errors.yaml";

/** GERROR's bits (6.3.15). */
constexpr uint32_t cmdq_err = 1u << 0;
constexpr uint32_t eventq_abt_err = 1u << 2;

struct Guests {
    explicit Guests(const std::vector<std::string> &sets = {}) : scenario(load(errors, sets)), whole(scenario.get())
    {
        whole.start();
        whole.run();
        result = &whole.finish();
        const struct host_error *failure = system_failure(whole.system());

        EXPECT_EQ(failure, nullptr) << (failure != nullptr ? failure->text : "");
    }
    uint64_t counter(const std::string &vm, const std::string &name) const
    {
        return counter_of(*result, vm, name);
    }
    struct vm_smmu *smmu_of(const std::string &device)
    {
        const uint32_t function = static_cast<uint32_t>(whole.software()->found.tree.function_count);

        for (uint32_t i = 0; i < function; i++) {
            struct vm_device *mine = system_find_vm_device(whole.system(), i);

            if (mine != nullptr && device == mine->config->name) {
                return mine->vsmmu;
            }
        }
        return nullptr;
    }
    system_test::Scenario scenario;
    Whole whole;
    const run_result *result = nullptr;
};

TEST(GuestErrors, AQueueGoesOnWhenTheHandlerHasTakenTheErrorOut)
{
    for (const char *version : {"gicv3", "gicv4.0", "gicv4.1"}) {
        for (const char *work : {"idle", "busy"}) {
            Guests run({std::string("platform.redistributor.version=") + version,
                        std::string("vms.trapped.work=") + work, std::string("vms.direct.work=") + work});
            SCOPED_TRACE(std::string(version) + " " + work);

            for (const char *vm : {"trapped", "direct"}) {
                EXPECT_EQ(run.counter(vm, "command_errors"), 2u) << vm;
                EXPECT_EQ(run.counter(vm, "error_interrupts"), 2u) << vm;
                EXPECT_EQ(run.counter(vm, "invalidations"), 1u) << vm;
                /* The invalidation was behind the error in the queue: it is the handler that it waited for. */
                EXPECT_GT(run.counter(vm, "command_error_max_ns"), 1000u) << vm;
                EXPECT_GT(run.counter(vm, "invalidation_max_ns"), 1000u) << vm;
            }
            struct vm_smmu *smmu = run.smmu_of("epA");

            EXPECT_EQ(smmu->gerror ^ smmu->gerrorn, 0u) << "acknowledged";
            EXPECT_EQ(smmu->gerror & cmdq_err, 0u) << "it has been active twice";
            EXPECT_EQ(smmu->command_consumer, smmu->command_producer) << "all of the queue is consumed";
            EXPECT_EQ(run.smmu_of("epB")->gerror, 0u) << "an error of the hardware's queue is none of GERROR's";
            EXPECT_EQ(device_of(*run.result, "epA").lost, 0u);
        }
    }
}

/** An invalidation takes longer by what the error takes, and no longer without one. */
TEST(GuestErrors, CostTheInvalidationBehindThemTheWayToTheHandler)
{
    const std::vector<std::string> fine = {"vms.trapped.timeline=[{at: 30 us, action: invalidate}]",
                                           "vms.direct.timeline=[{at: 30 us, action: invalidate}]"};
    Guests with;
    Guests without(fine);

    for (const char *vm : {"trapped", "direct"}) {
        EXPECT_EQ(without.counter(vm, "error_interrupts"), 0u) << vm;
        EXPECT_GT(with.counter(vm, "invalidation_max_ns"), without.counter(vm, "invalidation_max_ns") + 1000) << vm;
    }
}

/** Whoever has no ITS has a wire, and the handler is called all the same. */
TEST(GuestErrors, ComeByAWireWhereThereIsNoIts)
{
    Guests run({"epA.endpoint.msi-x=0", "epB.endpoint.msi-x=0",
                "traffic={epA: [{dma-write: {period: 2 us, buffer: 4 KiB}}], "
                "epB: [{dma-write: {period: 2 us, buffer: 4 KiB}}]}"});

    for (const char *vm : {"trapped", "direct"}) {
        EXPECT_EQ(run.counter(vm, "its_commands"), 0u) << vm;
        EXPECT_EQ(run.counter(vm, "command_errors"), 2u) << vm;
        EXPECT_EQ(run.counter(vm, "error_interrupts"), 2u) << vm;
    }
}

/** Two guests at one SMMU have an interface each: what one does wrong the other does not hear of. */
TEST(GuestErrors, OfAQueueOfTheHardwareAreTheirGuestsOnly)
{
    Guests run({"pcie.rc1.iommu-map=[[0, S, 0x10000, 0x7fff], [0x7fff, T, 0, 1]]", "platform.smmu.S.stream-id-bits=17",
                "platform.smmu.S.idr={vcmdqs: 8, vintfs: 4}", "vms.trapped.queue=direct",
                "vms.trapped.timeline=[{at: 30 us, action: invalidate}]"});

    EXPECT_EQ(run.counter("trapped", "error_interrupts"), 0u);
    EXPECT_EQ(run.counter("trapped", "command_errors"), 0u);
    EXPECT_EQ(run.counter("trapped", "invalidations"), 1u);
    EXPECT_EQ(run.counter("direct", "error_interrupts"), 2u);
    EXPECT_EQ(run.counter("direct", "command_errors"), 2u);
    EXPECT_NE(run.smmu_of("epA")->vintf, run.smmu_of("epB")->vintf);
}

/** An error that is active does not change GERROR again; one that was acknowledged does (6.3.15). */
TEST(GuestErrors, AreActiveOnceUntilTheyAreAcknowledged)
{
    Guests run;
    struct vm_smmu *smmu = run.smmu_of("epA");

    smmu->irq_control = 0;
    EXPECT_EQ(smmu->gerror, 0u);
    vm_smmu_raise(smmu, cmdq_err);
    EXPECT_EQ(smmu->gerror, cmdq_err);
    vm_smmu_raise(smmu, cmdq_err | eventq_abt_err);
    EXPECT_EQ(smmu->gerror, cmdq_err | eventq_abt_err);
    smmu->gerrorn = cmdq_err;
    vm_smmu_raise(smmu, eventq_abt_err);
    EXPECT_EQ(smmu->gerror, cmdq_err | eventq_abt_err);
    vm_smmu_raise(smmu, cmdq_err);
    EXPECT_EQ(smmu->gerror, eventq_abt_err) << "active again: it differs from GERRORN";
}

/** An event queue that is in no memory: EVENTQ_ABT_ERR, and no record until that is acknowledged (7.2). */
TEST(GuestErrors, OfAnEventQueueWithoutMemoryAreInGerror)
{
    Guests run;
    struct vm_smmu *smmu = run.smmu_of("epA");
    const uint64_t queue = smmu->event_base;
    struct smmu_driver_event event = {};

    event.type = 0x10; /* F_TRANSLATION of stage 1 */
    event.words[0] = 0x10;
    event.stream_id = smmu->vm->devices[0].stream_id;
    smmu->irq_control = 0;
    smmu->event_base = UINT64_C(0x10000000) | (queue & 0x1f);
    EXPECT_TRUE(vm_report_event(smmu->vm, smmu->viommus[0].hardware.smmu, &event));
    EXPECT_EQ(smmu->gerror ^ smmu->gerrorn, eventq_abt_err);
    EXPECT_EQ(smmu->vm->counters.events_lost, 1u);
    smmu->event_base = queue;
    EXPECT_TRUE(vm_report_event(smmu->vm, smmu->viommus[0].hardware.smmu, &event));
    EXPECT_EQ(smmu->vm->counters.events, 0u) << "not writable while the error is active";
    smmu->gerrorn = smmu->gerror;
    EXPECT_TRUE(vm_report_event(smmu->vm, smmu->viommus[0].hardware.smmu, &event));
    EXPECT_EQ(smmu->vm->counters.events, 1u);
    EXPECT_EQ(smmu->vm->counters.events_lost, 2u);
}

TEST(GuestErrors, NeedAGuestThatTranslates)
{
    try {
        load(errors, {"vms.trapped.smmu=none", "vms.trapped.queue=null"});
        ADD_FAILURE() << "accepted";
    } catch (const std::runtime_error &error) {
        EXPECT_NE(std::string(error.what()).find("`bad-command` needs a guest that translates"), std::string::npos)
            << error.what();
    }
}

} // namespace
