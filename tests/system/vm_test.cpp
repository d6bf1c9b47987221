// Virtual machines in whole systems: who does what for an interrupt, what it costs, and what may be done to whom.
#include "tests/system/whole.h"

#include "host/vm.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load;
using system_test::load_text;
using system_test::outcome_of;
using system_test::Whole;

const std::string direct = "scenarios/seeds/guest-direct.yaml";
const std::string vsmmu = "scenarios/seeds/vsmmu-per-smmu.yaml";

/** A run of a scenario. */
struct Guests {
    explicit Guests(const std::string &path, const std::vector<std::string> &sets = {})
        : scenario(load(path, sets)), whole(scenario.get())
    {
        whole.start();
        whole.run();
        result = &whole.finish();
    }
    uint64_t vm(const std::string &name) const
    {
        return counter_of(*result, "vm0", name);
    }
    uint64_t lost() const
    {
        uint64_t lost = 0;

        for (size_t i = 0; i < result->device_count; i++) {
            lost += result->devices[i].lost;
        }
        return lost;
    }
    system_test::Scenario scenario;
    Whole whole;
    const run_result *result;
};

/** Why a scenario cannot be brought up. */
std::string refusal(const std::string &path, const std::vector<std::string> &sets)
{
    const auto scenario = load(path, sets);

    try {
        Whole whole(scenario.get());
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

/* ---- Interrupts ---- */

TEST(VirtualMachine, EveryMessageIsHandledInTheGuestWhateverTheWay)
{
    for (const char *version : {"gicv3", "gicv4.0", "gicv4.1"}) {
        for (const char *work : {"busy", "idle"}) {
            for (const char *table : {"trapped", "guest"}) {
                const Guests run(direct, {std::string("platform.redistributor.version=") + version,
                                          std::string("vms.vm0.work=") + work, "duration=200 us",
                                          std::string("vms.vm0.devices.epA.table=") + table,
                                          std::string("vms.vm0.devices.epB.table=") + table});
                SCOPED_TRACE(std::string(version) + " " + work + " " + table);
                uint64_t handled = 0;
                uint64_t delivered = 0;

                for (size_t i = 0; i < run.result->device_count; i++) {
                    handled += run.result->devices[i].born - run.result->devices[i].merged;
                }
                for (const char *pe : {"pe0", "pe1"}) {
                    delivered += counter_of(*run.result, pe, "guest_delivered");
                    EXPECT_EQ(counter_of(*run.result, pe, "guest_listed") > 0, std::string(version) == "gicv3");
                }
                EXPECT_EQ(run.lost(), 0u);
                EXPECT_EQ(delivered, handled);
                EXPECT_EQ(run.vm("injected") == 0, std::string(version) != "gicv3");
            }
        }
    }
}

TEST(VirtualMachine, ALoneInjectionTakesTheTimeOfItsSteps)
{
    /* A message every 50 us to a guest that computes: nothing is in its way, so the steps add up to the femtosecond. */
    const std::vector<std::string> sets = {"platform.redistributor.version=gicv3", "duration=500 us", "warmup=200 us",
                                           "traffic.epA=null", "traffic.epB=[{msi: {vectors: [0], period: 50 us}}]"};
    auto slower = sets;
    const auto median = [](const Guests &run) { return device_of(*run.result, "epB").latency.p50; };

    const sim_time base = median(Guests(direct, sets));
    slower.emplace_back("software.hypervisor.inject=1485 ns");
    EXPECT_EQ(median(Guests(direct, slower)) - base, SIM_US);
    slower.emplace_back("platform.pe.guest-exit=3000 cycles");
    EXPECT_EQ(median(Guests(direct, slower)) - base, 2 * SIM_US);
    slower.emplace_back("platform.pe.guest-enter=2000 cycles");
    EXPECT_EQ(median(Guests(direct, slower)) - base, 5 * SIM_US / 2);
}

TEST(VirtualMachine, ADoorbellWakesOnlyThoseThatWait)
{
    const Guests waiting("scenarios/seeds/guest-doorbell.yaml");
    const Guests running(direct);

    EXPECT_EQ(waiting.vm("doorbells"),
              counter_of(*waiting.result, "rd0", "doorbells") + counter_of(*waiting.result, "rd1", "doorbells"));
    EXPECT_GE(waiting.vm("loads"), waiting.vm("doorbells"));
    EXPECT_EQ(running.vm("doorbells"), 0u);
}

/* GICv4.0: off while the virtual CPU runs, on when it waits, both by commands; GICv4.1 asks the hardware (F6). */
TEST(VirtualMachine, DoorbellsRingOnlyForThoseThatWait)
{
    for (const char *version : {"gicv4.0", "gicv4.1"}) {
        const std::vector<std::string> sets = {std::string("platform.redistributor.version=") + version};
        const Guests waiting("scenarios/seeds/guest-doorbell.yaml", sets);
        const Guests running(direct, sets);
        const bool commands = std::string(version) == "gicv4.0";
        SCOPED_TRACE(version);

        EXPECT_EQ(waiting.lost(), 0u);
        EXPECT_GT(waiting.vm("doorbells"), 50u);
        EXPECT_LE(waiting.vm("idle_doorbells") * 20, waiting.vm("doorbells")) << "those that rang as it was waking";
        EXPECT_EQ(running.vm("idle_doorbells"), 0u);
        EXPECT_EQ(running.vm("doorbells"), 0u);
        /* To wait and to be woken: INV and SYNC, then CLEAR and SYNC, INV and SYNC. */
        EXPECT_GE(waiting.vm("doorbell_commands"), commands ? 6 * waiting.vm("doorbells") : 0);
        EXPECT_EQ(waiting.vm("doorbell_commands") > 0, commands);
    }
}

TEST(VirtualMachine, AVirtualCpuThatMovesTakesItsInterruptsAlong)
{
    /* vm0's one virtual CPU may use both PEs; vm1 computes on the first all the time. */
    for (const char *single : {"yes", "no"}) {
        const Guests run("scenarios/seeds/guest-doorbell.yaml",
                         {"vms.vm0.vcpus=1", "vms.vm0.pes=2", "vms.vm1={first-pe: 0, work: busy}",
                          std::string("platform.redistributor.single-vmovp=") + single});

        EXPECT_EQ(run.lost(), 0u);
        EXPECT_GT(counter_of(*run.result, "pe1", "guest_delivered"), 50u);
    }
}

/* Where the handlers ran shows that both kinds of moves happened; nothing is lost or doubled on the way. */
TEST(VirtualMachine, VirtualCpusAndInterruptsMoveUnderTraffic)
{
    for (const char *version : {"gicv3", "gicv4.0", "gicv4.1"}) {
        for (const char *work : {"busy", "idle"}) {
            const Guests run(
                "scenarios/seeds/guest-moves.yaml",
                {std::string("platform.redistributor.version=") + version, std::string("vms.vm0.work=") + work});
            SCOPED_TRACE(std::string(version) + " " + work);
            uint64_t delivered = 0;
            uint64_t expected = 0;

            for (const char *pe : {"pe0", "pe1", "pe2"}) {
                delivered += counter_of(*run.result, pe, "guest_delivered");
                EXPECT_GT(counter_of(*run.result, pe, "guest_delivered"), 20u) << pe;
            }
            for (size_t i = 0; i < run.result->device_count; i++) {
                expected += run.result->devices[i].born - run.result->devices[i].merged;
            }
            EXPECT_EQ(run.lost(), 0u);
            EXPECT_EQ(delivered, expected);
            EXPECT_EQ(run.vm("moves"), 7u);
        }
    }
}

TEST(VirtualMachine, WorkOfTheHypervisorDelaysWhoElseUsesThePe)
{
    /* epB is the host's own, with its handlers on both PEs; vm0's traps keep a PE busy, with interrupts masked. */
    const std::vector<std::string> sets = {"vms.vm0.devices.epB=null", "duration=500 us",
                                           "traffic.epA=[{msi: {vectors: [0], period: 50 us}}]",
                                           "traffic.epB=[{msi: {vectors: [0], period: 3 us}}]"};
    auto slow = sets;

    slow.emplace_back("software.hypervisor.inject=20 us");
    slow.emplace_back("vms.vm0.devices.epA.interrupts=injected");
    EXPECT_LT(device_of(*Guests(direct, sets).result, "epB").latency.max, 3 * SIM_US);
    EXPECT_GT(device_of(*Guests(direct, slow).result, "epB").latency.max, 15 * SIM_US);
}

TEST(VirtualMachine, OneOwnerForAGroup)
{
    const std::string why = refusal("scenarios/seeds/two-its-split.yaml", {"vms={vm0: {devices: {epA: {}}}}"});

    EXPECT_NE(why.find("of the same IOMMU group, belongs to another"), std::string::npos) << why;
    EXPECT_EQ(refusal("scenarios/seeds/two-its-split.yaml", {"vms={vm0: {devices: {epA: {}, epB: {}}}}"}), "");
}

/* Virtual LPIs of a DeviceID belong to one machine (F2): where two devices have the same one nobody gets them. */
TEST(VirtualMachine, AliasedDeviceIdsAreInjected)
{
    for (const char *machines : {"vms={vm0: {devices: {epA: {}}}, vm1: {first-pe: 1, devices: {epB: {}}}}",
                                 "vms={vm0: {devices: {epA: {}, epB: {}}}}"}) {
        for (const bool shared : {false, true}) {
            const Guests run(direct, {"vms.vm0=null", machines, "duration=200 us", "expect=null",
                                      std::string("rc0.msi-map=[[0x0100, A, 0x0100, 0x100], [0x0200, A, ") +
                                          (shared ? "0x0100" : "0x0200") + ", 0x100]]"});
            SCOPED_TRACE(std::string(machines) + (shared ? " shared" : ""));

            EXPECT_EQ(run.lost(), 0u);
            EXPECT_EQ(run.vm("injected") > 0, shared);
            EXPECT_EQ(run.vm("direct_events") > 0, !shared);
        }
    }
}

TEST(VirtualMachine, MessagesOfEveryKindCanBeTheGuests)
{
    const std::string msi = "scenarios/examples/msi-multi-message.yaml";
    const std::vector<std::string> sets = {"vms={vm0: {devices: {nic: {}, disk: {}}}}", "duration=100 us"};

    EXPECT_EQ(Guests(msi, sets).lost(), 0u);
    EXPECT_EQ(Guests(msi, sets).vm("injected"), Guests(msi, sets).result->latency.count +
                                                    device_of(*Guests(msi, sets).result, "nic").merged +
                                                    device_of(*Guests(msi, sets).result, "disk").merged);
    EXPECT_NE(refusal(msi, {"vms={vm0: {devices: {nic: {table: guest}}}}"}).find("which the guest cannot own"),
              std::string::npos);
    EXPECT_EQ(Guests("scenarios/seeds/guest-owned-store.yaml").lost(), 0u);
    EXPECT_EQ(Guests("scenarios/seeds/guest-owned-store.yaml", {"vms.vm0.devices.epA.table=trapped"}).lost(), 0u);
}

/* ---- SGIs ---- */

const std::string sgis = "scenarios/seeds/guest-ipi-direct.yaml";

TEST(VirtualSgi, EachIsHandledOnceWhateverTheWay)
{
    for (const char *version : {"gicv3", "gicv4.0", "gicv4.1"}) {
        for (const char *work : {"busy", "idle"}) {
            for (const char *way : {"direct", "injected"}) {
                const Guests run(sgis, {std::string("platform.redistributor.version=") + version,
                                        std::string("vms.vm0.work=") + work, std::string("vms.vm0.sgis=") + way,
                                        "duration=200 us", "expect=null"});
                const bool direct_ones = std::string(version) == "gicv4.1" && std::string(way) == "direct";
                SCOPED_TRACE(std::string(version) + " " + work + " " + way);

                EXPECT_EQ(run.vm("ipis"), 19u);
                EXPECT_EQ(run.vm("ipis_handled"), 19u);
                EXPECT_EQ(run.vm("ipis_timed"), 19u);
                EXPECT_EQ(run.lost(), 0u);
                if (std::string(version) != "gicv3") {
                    EXPECT_EQ(run.vm("injected"), direct_ones ? 0u : 19u);
                }
            }
        }
    }
}

/* The sender's trap is the same; then a register write, or the receiver's way out of its guest and back. */
TEST(VirtualSgi, DirectSavesTheReceiversExit)
{
    const std::vector<std::string> quiet = {"traffic.epA=null", "traffic.epB=[{msi: {vectors: [0], period: 300 us}}]",
                                            "duration=500 us", "expect=null"};
    auto with = [&](const std::string &one, const std::string &other) {
        auto sets = quiet;

        sets.push_back(one);
        sets.push_back(other);
        return Guests(sgis, sets).vm("ipi_ns") / 49;
    };
    const std::string exits = "platform.pe.guest-exit=5000 cycles";
    const std::string normal = "platform.pe.guest-exit=1000 cycles";

    EXPECT_EQ(with("vms.vm0.sgis=direct", normal), with("vms.vm0.sgis=direct", exits));
    EXPECT_EQ(with("vms.vm0.sgis=injected", normal) + 2000, with("vms.vm0.sgis=injected", exits));
    EXPECT_LT(with("vms.vm0.sgis=direct", normal), with("vms.vm0.sgis=injected", normal));
    EXPECT_EQ(with("vms.vm0.sgis=direct", "software.hypervisor.trap=3000 cycles"),
              with("vms.vm0.sgis=direct", normal) + 1000);
}

/* A virtual CPU that waits is woken: by the default doorbell, or by who injects. */
TEST(VirtualSgi, WakesWhoWaits)
{
    const std::vector<std::string> sets = {"traffic.epA=null", "traffic.epB=[{msi: {vectors: [0], period: 300 us}}]",
                                           "vms.vm0.work=idle", "duration=500 us", "expect=null"};
    auto injected = sets;

    injected.emplace_back("vms.vm0.sgis=injected");
    EXPECT_EQ(Guests(sgis, sets).vm("ipis_handled"), 49u);
    EXPECT_GE(Guests(sgis, sets).vm("doorbells"), 49u);
    EXPECT_LT(Guests(sgis, injected).vm("doorbells"), 5u);
    EXPECT_EQ(Guests(sgis, injected).vm("ipis_handled"), 49u);
}

/* One that is pending still is one with the next. */
TEST(VirtualSgi, PendingOnesMerge)
{
    for (const char *way : {"direct", "injected"}) {
        const Guests run(sgis, {std::string("vms.vm0.sgis=") + way, "vms.vm0.ipi-period=2 us",
                                "platform.pe.guest-handler=20 us", "traffic.epA=null", "duration=500 us",
                                "traffic.epB=[{msi: {vectors: [0], period: 300 us}}]", "expect=null"});
        SCOPED_TRACE(way);

        EXPECT_GT(run.vm("ipis"), 5 * run.vm("ipis_handled"));
        EXPECT_GT(run.vm("ipis_handled"), 15u);
    }
}

/* ---- Translation ---- */

TEST(VirtualSmmu, InvalidationsReachWhoCaches)
{
    struct Case {
        const char *smmu;
        const char *queue;
        const char *routing;
        bool right;
    };
    const Case cases[] = {{"per-smmu", "direct", "first", true},      {"per-smmu", "trapped", "first", true},
                          {"per-smmu", "trapped", "broadcast", true}, {"single", "trapped", "broadcast", true},
                          {"single", "trapped", "first", false},      {"single", "direct", "broadcast", false}};

    for (const Case &one : cases) {
        const Guests run(vsmmu, {std::string("vms.vm0.smmu=") + one.smmu, std::string("vms.vm0.queue=") + one.queue,
                                 std::string("vms.vm0.without-stream-id=") + one.routing});
        SCOPED_TRACE(std::string(one.smmu) + " " + one.queue + " " + one.routing);

        EXPECT_EQ(outcome_of(run.result->verdicts, "one-viommu-per-smmu"), one.right ? "holds" : "violated");
        EXPECT_EQ(run.result->smmu_events, 0u) << "the guest's buffers move without faults";
        EXPECT_GT(run.vm("remaps"), 30u);
        EXPECT_EQ(run.lost(), 0u);
    }
}

/* By the machine's timeline the guest invalidates when it is told to: a command for each page of the buffers. */
TEST(VirtualSmmu, AGuestInvalidatesAtTimesOfItsTimeline)
{
    const std::vector<std::string> still = {"vms.vm0.devices.epA={}", "vms.vm0.devices.epB={}"};

    for (const char *queue : {"direct", "trapped"}) {
        std::vector<std::string> sets = still;

        sets.push_back(std::string("vms.vm0.queue=") + queue);
        const Guests none(vsmmu, sets);
        sets.emplace_back("vms.vm0.timeline=[{at: 20 us, action: invalidate, device: epB}, "
                          "{at: 40 us, action: invalidate, device: epB}]");
        const Guests twice(vsmmu, sets);

        EXPECT_EQ(none.vm("invalidations"), 0u) << queue;
        EXPECT_GE(twice.vm("invalidations"), 2u) << queue;
        EXPECT_EQ(twice.vm("invalidations") % 2, 0u) << queue;
        EXPECT_EQ(twice.result->smmu_events, 0u);
        EXPECT_EQ(twice.lost(), 0u);
        EXPECT_GT(counter_of(*twice.result, "T", "tlb-misses"), counter_of(*none.result, "T", "tlb-misses")) << queue;
    }
}

/* Not only the structure is wrong: the checker has seen it, and sees nothing where the structure is right. */
TEST(VirtualSmmu, TheCheckerSeesStaleTranslationsInUse)
{
    const Guests right(vsmmu);
    const Guests wrong("scenarios/seeds/vsmmu-single-queue.yaml");
    const struct verdict *verdict = verdict_list_find(&wrong.result->verdicts, "one-viommu-per-smmu");

    ASSERT_EQ(verdict->evidence_count, 1u);
    EXPECT_NE(std::string(verdict->evidence[0].detail).find("writes used translations that it had invalidated"),
              std::string::npos)
        << verdict->evidence[0].detail;
    EXPECT_EQ(verdict_list_find(&right.result->verdicts, "one-viommu-per-smmu")->evidence_count, 0u);
}

TEST(VirtualSmmu, AQueueOfTheHardwareTakesNoTraps)
{
    const Guests queue(vsmmu);
    const Guests quiet(vsmmu, {"vms.vm0.devices.epA.remap=0 ns", "vms.vm0.devices.epB.remap=0 ns"});
    const Guests trapped("scenarios/seeds/vsmmu-trapped.yaml");

    EXPECT_EQ(queue.vm("traps"), quiet.vm("traps"));
    EXPECT_EQ(queue.vm("smmu_commands"), quiet.vm("smmu_commands"));
    EXPECT_GE(trapped.vm("traps"), quiet.vm("traps") + 3 * trapped.vm("invalidations") - 20);
    EXPECT_GT(trapped.vm("invalidation_ns"), 10 * queue.vm("invalidation_ns"));
}

/* What the guest's stage 1 does not map is the guest's to hear of, under the StreamID that it knows (rule E12). */
TEST(VirtualSmmu, FaultsOfTheGuestsStageReachTheGuest)
{
    const auto scenario = load(vsmmu, {"vms.vm0.devices.epA.remap=0 ns", "vms.vm0.devices.epB.remap=0 ns",
                                       "duration=20 us", "warmup=0 ns", "expect=null"});
    Whole whole(scenario.get());
    struct vm_device *device = nullptr;

    for (uint32_t i = 0; i < whole.software()->found.tree.function_count; i++) {
        struct vm_device *one = system_find_vm_device(whole.system(), i);

        device = one != nullptr && std::string(one->config->name) == "epB" ? one : device;
    }
    ASSERT_NE(device, nullptr);
    ASSERT_TRUE(io_page_table_unmap(&device->stage1, device->buffers[0].address[0]));
    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    const struct vm_smmu *seen = device->vsmmu;
    const uint64_t record = seen->event_base & UINT64_C(0xfffffffff000);

    EXPECT_EQ(counter_of(result, "vm0", "events") + counter_of(result, "vm0", "events_lost"), result.smmu_events);
    /* 20 writes; like ones may be merged (MEV). */
    EXPECT_GE(counter_of(result, "vm0", "events"), 10u);
    EXPECT_LE(counter_of(result, "vm0", "events"), 20u);
    EXPECT_EQ(seen->event_producer, counter_of(result, "vm0", "events"));
    EXPECT_EQ(memory_read64(device->vm->memory, record) & 0xff, 0x10u) << "F_TRANSLATION";
    EXPECT_EQ(memory_read64(device->vm->memory, record) >> 32, device->number + 1u);
    EXPECT_EQ(memory_read64(device->vm->memory, record + 16), device->buffers[0].address[0]);
    EXPECT_EQ(device->vm->smmus[1 - seen->number].event_producer, 0u) << "epA's SMMU has nothing to tell";
    EXPECT_EQ(counter_of(result, "vm0", "events_handled"), counter_of(result, "vm0", "events"));
    EXPECT_GE(counter_of(result, "vm0", "event_interrupts"), 1u);
    EXPECT_GT(counter_of(result, "vm0", "event_max_ns"), 0u);
}

/* The queue of an SMMU tells the guest by a message to its own ITS, or by a wire if it has none; the hypervisor makes
 * that pending. A command queue of the hardware changes nothing about that: events are no business of VCMDQs (E12). */
TEST(VirtualSmmu, ItsInterruptHasTheGuestReadWhatThereIs)
{
    uint64_t worst[2][2] = {};

    for (const bool queue : {false, true}) {
        for (const bool messages : {false, true}) {
            std::vector<std::string> sets = {"vms.vm0.devices.epA.remap=0 ns",
                                             "vms.vm0.devices.epB.remap=0 ns",
                                             "duration=100 us",
                                             "warmup=0 ns",
                                             "expect=null",
                                             "vms.vm0.work=idle",
                                             std::string("vms.vm0.queue=") + (queue ? "direct" : "trapped")};
            SCOPED_TRACE(std::string(queue ? "direct" : "trapped") + (messages ? " message" : " wire"));

            if (messages) {
                sets.emplace_back("traffic.epB=[{msi: {vectors: [0], period: 20 us}}, "
                                  "{dma-write: {size: 256 B, period: 5 us}}]");
            } else {
                sets.insert(sets.end(), {"epA.endpoint.msi-x=0", "epB.endpoint.msi-x=0",
                                         "traffic.epA=[{dma-write: {size: 256 B, period: 5 us}}]",
                                         "traffic.epB=[{dma-write: {size: 256 B, period: 5 us}}]"});
            }
            const auto scenario = load(vsmmu, sets);
            Whole whole(scenario.get());
            struct vm_device *device = nullptr;

            for (uint32_t i = 0; i < whole.software()->found.tree.function_count; i++) {
                struct vm_device *one = system_find_vm_device(whole.system(), i);

                device = one != nullptr && std::string(one->config->name) == "epB" ? one : device;
            }
            ASSERT_NE(device, nullptr);
            EXPECT_EQ(device->vsmmu->interrupts[VM_SMMU_EVENTS].address != 0, messages);
            ASSERT_TRUE(io_page_table_unmap(&device->stage1, device->buffers[0].address[0]));
            whole.start();
            whole.run();
            const run_result &result = whole.finish();

            EXPECT_GT(counter_of(result, "vm0", "events"), 5u);
            EXPECT_EQ(counter_of(result, "vm0", "events_handled"), counter_of(result, "vm0", "events"));
            EXPECT_GT(counter_of(result, "vm0", "event_interrupts"), 5u) << "the queue runs empty in between";
            EXPECT_LE(counter_of(result, "vm0", "event_interrupts"), counter_of(result, "vm0", "events"));
            worst[queue ? 1 : 0][messages ? 1 : 0] = counter_of(result, "vm0", "event_max_ns");
        }
    }
    EXPECT_LT(worst[0][0], 20000u);
    EXPECT_EQ(worst[0][0], worst[1][0]);
    EXPECT_EQ(worst[0][1], worst[1][1]);
}

TEST(VirtualSmmu, NeedsHardwareThatNests)
{
    EXPECT_NE(refusal(vsmmu, {"platform.smmu.S.idr.s2p=false"}).find("has no stage 2"), std::string::npos);
    EXPECT_NE(refusal(vsmmu, {"rc1.canwbs=no"}).find("cannot be made to snoop"), std::string::npos) << "E2";
    EXPECT_EQ(refusal(vsmmu, {"rc1.canwbs=no", "vms={vm0: {devices: {epA: {}, epB: {}}}}"}), "");
    EXPECT_NE(
        refusal(vsmmu, {"epA.endpoint.phantom-functions=1", "software.phantom-functions=yes"}).find("has 2 StreamIDs"),
        std::string::npos)
        << "E3";
    EXPECT_NE(refusal(vsmmu, {"platform.smmu.T.idr=null"}).find("no virtual command queues"), std::string::npos);
    EXPECT_NE(refusal(vsmmu, {"platform.smmu.S.idr={vcmdqs: 1, vintfs: 1}"}).find("no interface"), std::string::npos);
}

/* ---- What a check says of it ---- */

/** Why a check says that a scenario cannot be brought up; "": it can. */
std::string foretold_refusal(const std::string &path, const std::vector<std::string> &sets)
{
    const auto scenario = load(path, sets);
    struct verdict_list verdicts = {};
    struct host_error error = {};
    const bool fine = scenario_foretell(scenario.get(), &verdicts, nullptr, &error);

    verdict_list_clear(&verdicts);
    return fine ? "" : error.text;
}

TEST(VirtualMachine, WhatARunRefusesACheckRefusesInTheSameWords)
{
    const std::vector<std::pair<std::string, std::vector<std::string>>> rows = {
        {vsmmu, {}},
        {vsmmu, {"platform.smmu.S.idr.s2p=false"}},
        {vsmmu, {"platform.smmu.S.idr.s1p=false"}},
        {vsmmu, {"rc1.canwbs=no"}},
        {vsmmu, {"rc1.canwbs=no", "vms={vm0: {devices: {epA: {}, epB: {}}}}"}},
        {vsmmu, {"epA.endpoint.phantom-functions=1", "software.phantom-functions=yes"}},
        {vsmmu, {"platform.smmu.T.idr=null"}},
        {vsmmu, {"platform.smmu.S.idr={vcmdqs: 1, vintfs: 1}"}},
        {vsmmu, {"pcie.rc0.iommu-map=[[0x4000, S, 0, 16]]"}},
        {vsmmu,
         {"vms={vm0: {smmu: per-smmu, queue: direct, devices: {epA: {}}}, vm1: {smmu: per-smmu, queue: direct, "
          "devices: {epB: {}}}}"}},
        {vsmmu, {"epA.endpoint.functions=2"}},
        {vsmmu, {"epA.endpoint.functions=2", "vms={vm0: {devices: {epA: {}, epA/1: {}, epB: {}}}}"}},
        {vsmmu, {"epA.endpoint={msi-x: 0, msi: {vectors: 2}}", "vms={vm0: {devices: {epA: {table: guest}, epB: {}}}}"}},
    };
    unsigned refused = 0;

    for (const auto &[path, sets] : rows) {
        const std::string said = refusal(path, sets);

        EXPECT_EQ(foretold_refusal(path, sets), said) << (sets.empty() ? "" : sets[0]);
        refused += !said.empty();
    }
    EXPECT_EQ(refused, 9u);
}

/** A function that has no messages has none that could go wrong. */
TEST(VirtualMachine, WhoHasNoMessagesIsNotJudgedByThem)
{
    const std::vector<std::string> none = {"epA.endpoint.msi-x=0", "vms.vm0.devices.epA.table=guest",
                                           "traffic.epA=[{dma-write: {period: 1 us, buffer: 4 KiB}}]"};
    const Guests run(vsmmu, none);
    const auto scenario = load(vsmmu, none);
    struct verdict_list verdicts = {};
    struct host_error error = {};

    ASSERT_TRUE(scenario_foretell(scenario.get(), &verdicts, nullptr, &error)) << error.text;
    EXPECT_EQ(outcome_of(run.result->verdicts, "guest-owned-msi"), "not-applicable");
    EXPECT_EQ(outcome_of(verdicts, "guest-owned-msi"), "not-applicable");
    verdict_list_clear(&verdicts);
}

/* ---- Translations and pages that devices ask for ---- */

const std::string on_demand = "scenarios/seeds/guest-pages-on-demand.yaml";
const std::vector<std::string> pinned = {"traffic.epA=[{dma-write: {size: 256 B, period: 1 us}}]",
                                         "traffic.epB=[{msi: {vectors: [0], period: 20 us}}]", "expect=null"};

/* With stage 2 alone the device goes on asking, as the host has let it; a guest that translates is not shown that it
 * can, so it asks no more. Neither loses a write. */
TEST(VirtualMachine, DevicesKeepTheirTranslationsWhereTheGuestHasNone)
{
    for (const char *smmu : {"none", "per-smmu", "single"}) {
        auto sets = pinned;

        sets.push_back(std::string("vms.vm0.smmu=") + smmu);
        const Guests run(on_demand, sets);
        SCOPED_TRACE(smmu);

        EXPECT_EQ(run.result->smmu_events, 0u);
        EXPECT_EQ(counter_of(*run.result, "epA", "writes-sent"), 100u);
        EXPECT_EQ(counter_of(*run.result, "epA", "atc-refused"), 0u);
        EXPECT_EQ(counter_of(*run.result, "epA", "atc-hits"), std::string(smmu) == "none" ? 100u : 0u);
        EXPECT_EQ(counter_of(*run.result, "epA", "translation-requests") > 0, std::string(smmu) == "none");
    }
}

/* Every page once, when it is touched first; who asks waits for user space, which takes its time. */
TEST(VirtualMachine, PagesOfItsDevicesComeOnDemand)
{
    const std::vector<std::string> few = {"traffic.epA.1.dma-write.period=20 us",
                                          "traffic.epA.1.dma-write.stride=4 KiB", "duration=200 us", "expect=null"};
    auto slow = few;
    Guests run(on_demand, few);

    EXPECT_EQ(run.vm("pages_mapped"), 10u);
    EXPECT_EQ(counter_of(*run.result, "epA", "page-responses"), 10u);
    EXPECT_EQ(counter_of(*run.result, "epA", "atc-refused"), 0u);
    EXPECT_EQ(run.result->smmu_events, 0u);
    slow.emplace_back("software.hypervisor.user=1000000 cycles");
    Guests waiting(on_demand, slow);
    EXPECT_EQ(waiting.result->smmu_events, 0u);
    EXPECT_EQ(waiting.lost(), 0u);
    EXPECT_GT(sim_now(waiting.whole.system()->sim), sim_now(run.whole.system()->sim) + 4 * SIM_MS);
}

TEST(VirtualMachine, PagesOnDemandNeedWhoServesThem)
{
    const auto why = [](const std::vector<std::string> &sets) -> std::string {
        try {
            load(on_demand, sets);
        } catch (const std::runtime_error &error) {
            return error.what();
        }
        return "";
    };

    EXPECT_EQ(why({}), "");
    EXPECT_NE(why({"vms.vm0.smmu=per-smmu"}).find("of a guest that translates"), std::string::npos);
    EXPECT_NE(why({"software.reclaim=10 us"}).find("taken away again"), std::string::npos);
    EXPECT_NE(
        why({"software.consumers={user: {kind: iommufd, faults: answered, devices: [epB]}}"}).find("fault objects"),
        std::string::npos);
    EXPECT_NE(refusal(on_demand, {"software.page-requests=no"}).find("cannot ask for pages"), std::string::npos);
}

/* ---- What a scenario may say ---- */

std::string complaint(const std::vector<std::string> &sets)
{
    try {
        load(direct, sets);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

TEST(VirtualMachineKeys, MistakesAreNamed)
{
    EXPECT_NE(complaint({"vms.vm0.devices.epX={}"}).find("did you mean"), std::string::npos);
    EXPECT_NE(complaint({"vms.vm1.devices.epA={}"}).find("assigned to `vm0` already"), std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.first-pe=2"}).find("there is no pe2"), std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.pes=3"}).find("there are not 3 PEs"), std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.devices.epA.remap=10 us"}).find("needs a guest that translates"), std::string::npos);
    EXPECT_NE(complaint({"vms.epA={}"}).find("is the name of something else already"), std::string::npos);
    EXPECT_NE(complaint({"platform.pe.preemption=yes"}).find("have no `preemption`"), std::string::npos);
    EXPECT_NE(complaint({"software.consumers={c: {kind: type1, devices: [epA]}}"}).find("in `consumers` too"),
              std::string::npos);
    EXPECT_NE(complaint({"timeline=[{at: 1 us, action: reset, device: epA}]"}).find("cannot be in the timeline"),
              std::string::npos);
    EXPECT_NE(complaint({"timeline=[{at: 1 us, action: reset, device: epA}]"}).find("give it to one of"),
              std::string::npos);
    EXPECT_NE(complaint({"timeline=[{at: 1 us, action: invalidate, device: epA}]"}).find("`action: invalidate` in"),
              std::string::npos);
    EXPECT_NE(complaint({"timeline=[{at: 1 us, action: move-interrupt, device: epA}]"}).find("its guest moves it"),
              std::string::npos);
    EXPECT_NE(complaint({"timeline=[{at: 1 us, action: map, device: epA}]"}).find("`remap` of the device"),
              std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.timeline=[{at: 1 us, action: invalidate}]"}).find("needs a guest that translates"),
              std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.timeline=[{at: 1 us, action: move-vcpu, vcpu: 2}]"}).find("no virtual CPU 2"),
              std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.timeline=[{at: 1 us, action: move-interrupt, device: epX}]"}).find("no device `epX`"),
              std::string::npos);
    EXPECT_NE(
        complaint({"vms.vm0.timeline=[{at: 1 us, action: move-interrupt, vector: 9}]"}).find("`epA` has no vector 9"),
        std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.timeline=[{at: 1 us, action: move-interrupt, device: 7/1}]"})
                  .find("cannot be the name of a function"),
              std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.timeline=[{at: 2 us, action: move-vcpu}, {at: 1 us, action: move-vcpu}]"})
                  .find("cannot be before the one above"),
              std::string::npos);
    EXPECT_NE(complaint({"vms.vm0.queue=direct"}).find("needs `smmu"), std::string::npos);
    EXPECT_EQ(complaint({}), "");
}

} // namespace
