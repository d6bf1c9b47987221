/*
 * Every key of the scenario format does something. The test walks the key tables, so a new key fails it until somebody
 * says here what the key changes, or why it cannot change a result.
 */
#include "report/run_json.h"
#include "scenario/run.h"
#include "scenario/schema/keys.h"
#include "tests/system/whole.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>

namespace
{

/* Two root complexes, an ITS beside the second; MSIs of all kinds of arrivals, DMA both ways, to memory and a peer. */
const char *const text = "doorbell: 1\n"
                         "seed: 3\n"
                         "duration: 20 us\n"
                         "platform:\n"
                         "  pe: { count: 2 }\n"
                         "  its:\n"
                         "    A: {}\n"
                         "    B: { beside: rc1 }\n"
                         "  smmu:\n"
                         "    S: { tlb: { entries: 16, ways: 4 } }\n"
                         "pcie:\n"
                         "  rc0:\n"
                         "    root-ports:\n"
                         "      rp0:\n"
                         "        acs: full\n"
                         "        below:\n"
                         "          sw0:\n"
                         "            switch: { acs: full }\n"
                         "            below:\n"
                         "              epA: { endpoint: { functions: 2, bars: [64 KiB, 64 KiB] } }\n"
                         "              epB: { endpoint: { msi-x: 4, bars: [64 KiB, 64 KiB] } }\n"
                         "  rc1:\n"
                         "    iommu-map: [[0, S, 0x8000, 0x8000]]\n"
                         "    root-ports:\n"
                         "      rp1:\n"
                         "        below:\n"
                         "          epC: { endpoint: {} }\n"
                         "traffic:\n"
                         "  epA:\n"
                         "    - msi: { arrivals: poisson, rate: 2 MHz }\n"
                         "    - dma-read: { size: 1 KiB, period: 500 ns }\n"
                         "    - dma-read: { size: 256 B, arrivals: burst, period: 5 us, burst: 8 }\n"
                         "  epB:\n"
                         "    - msi: { vectors: [0, 2], arrivals: burst, period: 4 us, burst: 6 }\n"
                         "    - dma-write: { size: 512 B, arrivals: poisson, period: 300 ns }\n"
                         "    - dma-write: { size: 256 B, arrivals: burst, period: 6 us, burst: 8 }\n"
                         "  epC:\n"
                         "    - msi: { vectors: [1], arrivals: when-handled }\n"
                         "    - msi: { vectors: [3], arrivals: periodic, period: 900 ns }\n"
                         "    - dma-write: { size: 64 B, period: 200 ns }\n";

using Sets = std::vector<std::string>;

/** A write to a peer, which the switch redirects to the SMMU and the SMMU refuses: its domain does not map the BAR. */
const Sets peer = {"traffic.epA.1={dma-write: {size: 256 B, period: 400 ns, to: epB}}"};

/** An SMMU in parts, and one whose TLBs or walk caches are too small for what is going on. */
const Sets distributed = {"platform.smmu.S.preset=gem5-default"};
const Sets small_tlbs = {"platform.smmu.S.preset=gem5-default",
                         "platform.smmu.S.micro-tlb={entries: 2, ways: 2, policy: lru}",
                         "platform.smmu.S.tbu-tlb={entries: 4, ways: 4, policy: lru}"};
const Sets small_walk_cache = {"platform.smmu.S.preset=gem5-default", "platform.smmu.S.micro-tlb={entries: 1, ways: 1}",
                               "platform.smmu.S.tbu-tlb={entries: 1, ways: 1}",
                               "platform.smmu.S.walk-cache={stage1-level2: 2, ways: 2, policy: lru}"};

/** ATS, page requests and PASIDs. Where PASIDs shall get through, ACS brings all requests to the root complex. */
const Sets with_ats = {"platform.smmu.S.idr={ats: yes, pri: yes}",
                       "epB.endpoint={msi-x: 4, bars: [64 KiB, 64 KiB], ats: {}, pri: {}, pasid: 16}"};
const Sets with_demand = {with_ats[0], with_ats[1],
                          "traffic.epB.1.dma-write={size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}"};
const Sets with_pasid_demand = {
    with_ats[0], with_ats[1],
    "traffic.epB.1.dma-write={size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand, pasid: 7}"};
const Sets read_with_ats = {with_ats[0], "epA.endpoint={functions: 2, bars: [64 KiB, 64 KiB], ats: {}, pri: {}, "
                                         "pasid: 16, acs: full}"};

/** MSI in the place of MSI-X. */
const Sets with_msi = {"epB.endpoint={msi-x: 0, bars: [64 KiB, 64 KiB], msi: {vectors: 4}}",
                       "traffic.epB.0.msi.vectors=all"};

/** Endpoint epC on a conventional bus, as its device 3. */
Sets conventional_of(const char *vendor, const char *device)
{
    return {std::string("pcie.rc1.root-ports.rp1.below={br1: {bridge: {vendor-id: ") + vendor +
                ", device-id: " + device + "}, below: {epC: {endpoint: {}, slot: 3}}}}",
            "traffic.epC.2={dma-read: {size: 64 B, period: 500 ns}}"};
}

const Sets conventional = conventional_of("0x13b5", "0x0103");

/** Endpoint epC and a switch in one device; epC reads from what is below the switch. */
const Sets several = {"pcie.rc1.root-ports.rp1.below={mf: {multifunction: {peers: yes}, below: {epC: {endpoint: {}}, "
                      "sw1: {switch: {}, below: {epN: {endpoint: {bars: [64 KiB, 64 KiB]}}}}}}}",
                      "traffic.epC.2={dma-read: {size: 64 B, period: 500 ns, to: epN}}"};

/** A virtual machine with one device, by virtual LPIs; with a device that its guest translates for; two of them. */
const Sets guest = {"platform.redistributor.version=gicv4.1", "vms={vm0: {devices: {epC: {}}}}"};
const Sets injected = {"vms={vm0: {devices: {epC: {}}}}"};
const Sets busy_guests = {"platform.redistributor.version=gicv4.1", "software.hypervisor.time-slice=2 us",
                          "vms={vm0: {vcpus: 3, pes: 1, work: busy, devices: {epC: {}}}}"};
const Sets nested = {"platform.redistributor.version=gicv4.1", "platform.smmu.S.idr={vcmdqs: 4, vintfs: 2}",
                     "vms={vm0: {smmu: per-smmu, devices: {epC: {remap: 5 us}}}}"};

const Sets two_smmus = {"platform.smmu={S: {}, T: {}}", "rc1.iommu-map=[[0, T, 0x8000, 0x8000]]",
                        "vms={vm0: {smmu: single, devices: {epB: {remap: 5 us}, epC: {remap: 5 us}}}}"};

/** Users of devices: two containers, a nested one, and one whose guest doorbells are bound beforehand. */
const Sets vfio = {"software.consumers={vm: {devices: [epB, epC]}}"};
const Sets two_stages = {"software.rules=bind-msi-v1",
                         "software.consumers={vm: {translation: nested, devices: [epB, epC]}}"};
const Sets one_to_one = {"software.consumers={vm: {kind: iommufd, translation: nested, devices: [epB, epC]}}"};
const Sets mapped = {"software.consumers={vm: {devices: [epB], user-size: 64 KiB}}"};

/** Pages that a device of an iommufd file asks for. */
const Sets user_faults = {with_demand[0], with_demand[1], with_demand[2],
                          "software.consumers={vm: {kind: iommufd, devices: [epB]}}"};

/** A domain on a PASID of epB, which sends with it. */
const Sets auxiliary = {
    "epB.endpoint.pasid=16",
    "epC.endpoint.pasid=16",
    "rp1.acs=full",
    "traffic.epB.1.dma-write.pasid=5",
    "software.consumers={work: {kind: iommufd, devices: [epC]}, guest: {kind: iommufd, translation: "
    "nested}}",
    "software.pasids=[{device: epB, pasid: 5, consumer: work}]"};

/** Both stages, with an SMMU that has caches for stage 2 and TLBs too small to hide them. */
const Sets stages = {"software.rules=bind-msi-v1",
                     "platform.smmu.S.preset=gem5-default",
                     "platform.smmu.S.micro-tlb={entries: 1, ways: 1}",
                     "platform.smmu.S.tbu-tlb={entries: 1, ways: 1}",
                     "platform.smmu.S.ipa-cache={entries: 2, ways: 2, policy: lru}",
                     "software.consumers={vm: {translation: nested, devices: [epB, epC]}}"};

/** The hypervisor moves a virtual CPU, and the guest an interrupt. */
const Sets moving = {"platform.redistributor.version=gicv4.1",
                     "vms={vm0: {vcpus: 2, devices: {epB: {}, epC: {}}, timeline: ["
                     "{at: 3 us, action: move-interrupt, device: epC, vector: 1, vcpu: 0}, "
                     "{at: 12 us, action: move-vcpu, pe: 1}]}}"};

/** The same, and more. */
Sets with(Sets sets, const std::string &more)
{
    sets.push_back(more);
    return sets;
}

/** The same with more pages in turn than the IPA cache holds. */
const Sets scattered = with(with(stages, "platform.smmu.S.ipa-cache={entries: 8, ways: 8, policy: lru}"),
                            "traffic.epB.1.dma-write.pattern=random");

/** Says which case it was, before a panic ends the process. */
void tell(void *context, const char *message)
{
    fprintf(stderr, "panic: %s\nwith", message);
    for (const std::string &set : *static_cast<const Sets *>(context)) {
        fprintf(stderr, " --set '%s'", set.c_str());
    }
    fputs("\n", stderr);
}

std::string json_of(run_result *result)
{
    /* What only repeats the scenario is no effect. */
    result->seed = 0;
    result->duration = 0;
    result->warmup = 0;
    result->settling = {};
    json_t *json = run_json(result);
    char *dump = json_dumps(json, JSON_INDENT(1));
    std::string all(dump);

    free(dump);
    json_decref(json);
    return all;
}

/** The run's JSON; "refused: ..." if the scenario has errors; "impossible: ..." or "stuck: ..." as the runner says. */
std::string outcome(const Sets &sets)
{
    std::vector<const char *> pointers;
    diagnostics diagnostics = {};
    run_result result = {};
    host_error error = {};
    scenario_run_options options = {};
    std::string said;

    for (const std::string &set : sets) {
        pointers.push_back(set.c_str());
    }
    scenario_options overrides = {pointers.data(), pointers.size()};
    scenario *scenario = scenario_load_text("keys.yaml", text, strlen(text), &overrides, &diagnostics);
    if (scenario == nullptr) {
        said = "refused: " + std::string(diagnostics.count > 0 ? diagnostics.items[0].message : "");
        diagnostics_clear(&diagnostics);
        return said;
    }
    options.system.checkers = true;
    options.system.panic = tell;
    options.system.panic_context = const_cast<Sets *>(&sets);
    switch (scenario_run(scenario, &options, &result, &error)) {
    case SCENARIO_RUN_IMPOSSIBLE:
        said = "impossible: " + std::string(error.text);
        break;
    case SCENARIO_RUN_STUCK:
        said = "stuck: " + std::string(error.text);
        break;
    default:
        said = json_of(&result);
    }
    run_result_clear(&result);
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    return said;
}

bool is_result(const std::string &said)
{
    return said.rfind("{", 0) == 0;
}

enum Effect {
    CHANGES, /**< another result */
    FAILS,   /**< the system cannot be brought up, with a reason */
    REFUSES, /**< the scenario is then wrong, with a diagnostic: the key says what there is room for */
};

struct Row {
    const char *key; /**< name of the table and of the key */
    const char *set; /**< what to set it to */
    Sets context;    /**< set before, in both runs */
    Effect effect = CHANGES;
};

const std::vector<Row> rows = {
    {"pe.count", "platform.pe.count=3", {}},
    {"pe.clock", "platform.pe.clock=1 GHz", {}},
    {"pe.acknowledge", "platform.pe.acknowledge=90 cycles", {}},
    {"pe.entry", "platform.pe.entry=90 cycles", {}},
    {"pe.handler", "platform.pe.handler=400 ns", {}},
    {"pe.handled", "platform.pe.handled=400 cycles", {}},
    {"pe.preemption", "platform.pe.preemption=yes", {"platform.pe.priority-drop=50 ns"}},
    {"pe.priority-drop", "platform.pe.priority-drop=50 ns", {"platform.pe.preemption=yes"}},
    {"its.preset", "platform.its.A.preset=gic600-agilex5", {"platform.its.A.redistributor-latency=500 ns"}},
    {"its.lpi-credits", "platform.its.A.lpi-credits=1", {"platform.its.A.redistributor-latency=500 ns"}},
    {"redistributor.preset",
     "platform.redistributor.preset=gic600-max",
     {"epB.endpoint.msi-x=256", "traffic.epB.0.msi.vectors=all", "traffic.epB.0.msi.burst=256"}},
    {"scenario.doorbell", "doorbell=2", {}, REFUSES},
    {"scenario.title", "title=other", {}},
    {"scenario.seed", "seed=4", {}},
    {"scenario.duration", "duration=25 us", {}},
    {"scenario.warmup", "warmup=5 us", {}},
    {"until.metric", "until.metric=msi.latency.p99", {}, REFUSES},
    {"until.ci", "until.ci=50 %", {"duration=400 us", "until.ci=10 ppm"}},
    {"scenario.expect", "expect={msi.lost: 5}", {}},
    {"pe.guest-exit", "platform.pe.guest-exit=3000 cycles", with(injected, "vms.vm0.work=busy")},
    {"pe.guest-enter", "platform.pe.guest-enter=3000 cycles", guest},
    {"pe.guest-handler", "platform.pe.guest-handler=900 ns", guest},
    {"its.virtual-lpis", "platform.its.B.virtual-lpis=no", guest},
    {"pre-its.base", "platform.its.A.pre-its.base=0x5900_0000", {"platform.its.A.pre-its={base: 0x5800_0000}"}},
    {"pre-its.size",
     "platform.its.A.pre-its.size=4 KiB",
     {"platform.its.A.pre-its={base: 0x5800_0000}", "rc0.msi-map=[[0, A, 0x300, 0x10000]]"},
     REFUSES},
    {"pre-its.cycles", "platform.its.A.pre-its.cycles=90 cycles", {"platform.its.A.pre-its={base: 0x5800_0000}"}},
    {"its.vpe-cache", "platform.its.B.vpe-cache=0", with(guest, "platform.its.B.event-cache=0")},
    {"its.vpe-cache-ways",
     "platform.its.B.vpe-cache-ways=1",
     {"platform.redistributor.version=gicv4.1", "vms={vm0: {vcpus: 8, pes: 2, devices: {epC: {}}}}",
      "traffic.epC.0={msi: {vectors: [0, 4], period: 300 ns}}",
      "platform.its.B={beside: rc1, event-cache: 0, vpe-cache: 4, vpe-cache-ways: 4}"}},
    {"redistributor.version", "platform.redistributor.version=gicv4.1", injected},
    {"redistributor.virtual-slots",
     "platform.redistributor.virtual-slots=1",
     {"platform.redistributor.version=gicv4.1", "vms={vm0: {devices: {epB: {}}}}",
      "traffic.epB.0={msi: {vectors: [0, 1, 2, 3], arrivals: burst, burst: 4, period: 3 us}}"}},
    {"redistributor.virtual-config-cache", "platform.redistributor.virtual-config-cache=0",
     with(guest, "vms.vm0.work=busy")},
    {"redistributor.single-vmovp",
     "platform.redistributor.single-vmovp=yes",
     {"platform.redistributor.version=gicv4.1",
      "vms={vm0: {pes: 2, devices: {epC: {}}}, vm1: {first-pe: 0, work: busy}}"}},
    {"hypervisor.time-slice", "software.hypervisor.time-slice=5 us", busy_guests},
    {"hypervisor.trap", "software.hypervisor.trap=3000 cycles", guest},
    {"hypervisor.emulate", "software.hypervisor.emulate=3000 cycles", guest},
    {"hypervisor.user", "software.hypervisor.user=9000 cycles", guest},
    {"hypervisor.inject", "software.hypervisor.inject=900 ns", injected},
    {"hypervisor.wake", "software.hypervisor.wake=3000 cycles", guest},
    {"hypervisor.load", "software.hypervisor.load=3000 cycles", guest},
    {"hypervisor.kick", "software.hypervisor.kick=700 ns", with(injected, "vms.vm0.work=busy")},
    {"hypervisor.its-command", "software.hypervisor.its-command=3000 cycles", guest},
    {"hypervisor.smmu-command", "software.hypervisor.smmu-command=3000 cycles", nested},
    {"hypervisor.guest-step", "software.hypervisor.guest-step=3000 cycles", guest},
    {"vm.vcpus", "vms.vm0.vcpus=2", guest},
    {"vm.first-pe", "vms.vm0.first-pe=1", with(guest, "vms.vm0.pes=1")},
    {"vm.pes", "vms.vm0.pes=2", busy_guests},
    {"vm.memory", "vms.vm0.memory=8 MiB", guest},
    {"vm.work", "vms.vm0.work=busy", guest},
    {"vm.smmu", "vms.vm0.smmu=per-smmu", guest},
    {"vm.its",
     "vms.vm0.its=single",
     {"platform.redistributor.version=gicv4.1", "vms={vm0: {devices: {epB: {table: guest}, epC: {table: guest}}}}"}},
    {"vm.queue", "vms.vm0.queue=direct", nested},
    {"vm.without-stream-id", "vms.vm0.without-stream-id=first", two_smmus},
    {"vm-action.at", "vms.vm0.timeline.0.at=9 us", moving},
    {"vm-action.action", "vms.vm0.timeline.1={at: 12 us, action: move-interrupt}", moving},
    {"vm-action.vcpu", "vms.vm0.timeline.0.vcpu=1", moving},
    {"vm-action.pe", "vms.vm0.timeline.1.pe=0", moving},
    {"vm-action.device", "vms.vm0.timeline.0.device=epB", moving},
    {"vm-action.vector", "vms.vm0.timeline.0.vector=3", moving},
    {"vm-device.interrupts", "vms.vm0.devices.epC.interrupts=injected", guest},
    {"vm-device.table", "vms.vm0.devices.epC.table=guest", guest},
    {"vm-device.remap", "vms.vm0.devices.epC.remap=3 us", nested},
    {"its.base", "platform.its.A.base=0x0c00_0000", {}},
    {"its.clock", "platform.its.A.clock=500 MHz", {}},
    {"its.device-id-bits", "platform.its.A.device-id-bits=4", {}, REFUSES},
    {"its.event-id-bits", "platform.its.A.event-id-bits=2", {}, REFUSES},
    {"its.translate", "platform.its.A.translate=40 cycles", {}},
    {"its.interval", "platform.its.A.interval=400 cycles", {}},
    {"its.command", "platform.its.A.command=40 cycles", {}},
    {"its.register", "platform.its.A.register=40 cycles", {}},
    {"its.translation-slots", "platform.its.A.translation-slots=1", {"platform.its.A.event-cache=0"}},
    {"its.device-cache", "platform.its.A.device-cache=0", {"platform.its.A.event-cache=2"}},
    {"its.event-cache", "platform.its.A.event-cache=0", {}},
    {"its.collection-cache", "platform.its.A.collection-cache=0", {}},
    {"its.cache-ways", "platform.its.A.cache-ways=1", {"platform.its.A.event-cache=4"}},
    {"its.command-queue",
     "platform.its.A.command-queue=128",
     {"epA.endpoint={msi-x: 1024, bars: [64 KiB], functions: 2}"}},
    {"its.redistributor-latency", "platform.its.A.redistributor-latency=50 ns", {}},
    {"its.beside", "platform.its.B.beside=none", {}},
    {"its.port-latency", "platform.its.B.port-latency=50 ns", {}},
    {"redistributor.base", "platform.redistributor.base=0x8000_0000", {}, REFUSES},
    {"redistributor.clock", "platform.redistributor.clock=500 MHz", {}},
    {"redistributor.config-cache", "platform.redistributor.config-cache=0", {}},
    {"redistributor.config-cache-ways",
     "platform.redistributor.config-cache-ways=1",
     {"platform.redistributor={config-cache: 8, config-cache-ways: 8}"}},
    {"redistributor.config-fetches",
     "platform.redistributor.config-fetches=1",
     {"platform.redistributor.config-cache=0"}},
    {"redistributor.pending-entries", "platform.redistributor.pending-entries=1", {"platform.pe.handler=2 us"}},
    {"redistributor.lpi-id-bits",
     "platform.redistributor.lpi-id-bits=14",
     {"epA.endpoint={msi-x: 2048, functions: 8, bars: [64 KiB]}"},
     REFUSES},
    {"redistributor.lookup", "platform.redistributor.lookup=40 cycles", {}},
    {"redistributor.deliver", "platform.redistributor.deliver=40 cycles", {}},
    {"redistributor.activate", "platform.redistributor.activate=40 cycles", {}},
    {"redistributor.register", "platform.redistributor.register=4000 cycles", {}},
    {"tlb.entries", "platform.smmu.S.tlb.entries=4", {}},
    {"tlb.ways", "platform.smmu.S.tlb.ways=1", {"platform.smmu.S.tlb.entries=4"}},
    {"tlb.lookup", "platform.smmu.S.tlb.lookup=40 cycles", {}},
    {"config-cache.entries", "platform.smmu.S.config-cache.entries=1", {"platform.smmu.S.config-cache.ways=1"}},
    {"config-cache.ways",
     "platform.smmu.S.config-cache.ways=1",
     {"platform.smmu.S.config-cache={entries: 2, ways: 2}"}},
    {"config-cache.lookup", "platform.smmu.S.config-cache.lookup=40 cycles", {}},
    {"tlb.policy", "platform.smmu.S.tlb.policy=random", {}},
    {"config-cache.policy",
     "platform.smmu.S.config-cache.policy=round-robin",
     {"platform.smmu.S.config-cache={entries: 2, ways: 2}"}},
    {"smmu.preset", "platform.smmu.S.preset=agilex5-mmu600", {}},
    {"smmu.tbus", "platform.smmu.S.tbus=2", distributed},
    {"smmu.tbu-slots", "platform.smmu.S.tbu-slots=1", distributed},
    {"smmu.to-tcu", "platform.smmu.S.to-tcu=40 cycles", distributed},
    {"smmu.to-tbu", "platform.smmu.S.to-tbu=40 cycles", distributed},
    {"smmu.walk-begin", "platform.smmu.S.walk-begin=40 cycles", {}},
    {"smmu.walk-interval", "platform.smmu.S.walk-interval=400 cycles", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"smmu.config-decode", "platform.smmu.S.config-decode=40 cycles", {}},
    {"micro-tlb.entries", "platform.smmu.S.micro-tlb.entries=0", distributed},
    {"micro-tlb.ways", "platform.smmu.S.micro-tlb.ways=1", small_tlbs},
    {"micro-tlb.policy", "platform.smmu.S.micro-tlb.policy=random", small_tlbs},
    {"micro-tlb.lookup", "platform.smmu.S.micro-tlb.lookup=40 cycles", distributed},
    {"tbu-tlb.entries", "platform.smmu.S.tbu-tlb.entries=0", small_tlbs},
    {"tbu-tlb.ways", "platform.smmu.S.tbu-tlb.ways=1", small_tlbs},
    {"tbu-tlb.policy", "platform.smmu.S.tbu-tlb.policy=random", small_tlbs},
    {"tbu-tlb.lookup", "platform.smmu.S.tbu-tlb.lookup=40 cycles", distributed},
    {"walk-cache.stage1-level0", "platform.smmu.S.walk-cache.stage1-level0=0", distributed},
    {"walk-cache.stage1-level1", "platform.smmu.S.walk-cache.stage1-level1=0", distributed},
    {"walk-cache.stage1-level2", "platform.smmu.S.walk-cache.stage1-level2=0", distributed},
    {"walk-cache.ways", "platform.smmu.S.walk-cache.ways=1", small_walk_cache},
    {"walk-cache.policy", "platform.smmu.S.walk-cache.policy=random", small_walk_cache},
    {"walk-cache.lookup", "platform.smmu.S.walk-cache.lookup=40 cycles", distributed},
    {"smmu.base", "platform.smmu.S.base=0x8000_0000", {}, REFUSES},
    {"idr.s1p", "platform.smmu.S.idr.s1p=false", {}, FAILS},
    {"idr.gran4k", "platform.smmu.S.idr.gran4k=false", {}, FAILS},
    {"idr.stall-model", "platform.smmu.S.idr.stall-model=2", peer},
    {"idr.ecmdq-pages", "platform.smmu.S.idr.ecmdq-pages=3", {}, REFUSES},
    {"idr.vcmdqs", "platform.smmu.S.idr.vcmdqs=3", {}, REFUSES},
    {"idr.vintfs", "platform.smmu.S.idr.vintfs=2", {"platform.smmu.S.idr.vcmdqs=1"}, REFUSES},
    {"smmu.clock", "platform.smmu.S.clock=500 MHz", {}},
    {"smmu.accept", "platform.smmu.S.accept=40 cycles", {}},
    {"smmu.forward", "platform.smmu.S.forward=40 cycles", {}},
    {"smmu.response", "platform.smmu.S.response=400 cycles", {"epA.endpoint.read-tags=1"}},
    {"smmu.issue", "platform.smmu.S.issue=40 cycles", {}},
    {"smmu.decode", "platform.smmu.S.decode=40 cycles", {}},
    {"smmu.register", "platform.smmu.S.register=40 cycles", {}},
    {"smmu.command", "platform.smmu.S.command=40 cycles", {}},
    {"smmu.scan", "platform.smmu.S.scan=40 cycles", {}},
    {"smmu.order", "platform.smmu.S.order=stream", {}},
    {"smmu.translation-slots", "platform.smmu.S.translation-slots=1", {}},
    {"smmu.walk-slots", "platform.smmu.S.walk-slots=1", {"platform.smmu.S.tlb.entries=4"}},
    {"smmu.share-walks",
     "platform.smmu.S.share-walks=no",
     {"platform.smmu.S.tlb.entries=4", "traffic.epB.1={dma-write: {size: 64 B, period: 5 ns, pattern: random}}"}},
    {"smmu.config-slots", "platform.smmu.S.config-slots=1", {"platform.smmu.S.config-cache={entries: 1, ways: 1}"}},
    {"smmu.event-buffer",
     "platform.smmu.S.event-buffer=1",
     {"traffic.epA.1={dma-write: {size: 64 B, arrivals: burst, burst: 64, period: 10 us, to: epB}}"}},
    {"smmu.stream-id-bits", "platform.smmu.S.stream-id-bits=9", {}, REFUSES},
    {"smmu.output-address-bits",
     "platform.smmu.S.output-address-bits=32",
     {"platform.memory.base=0x1_0000_0000"},
     FAILS},
    {"smmu.stream-table", "platform.smmu.S.stream-table=linear", {}},
    {"smmu.command-queue", "platform.smmu.S.command-queue=2", {}},
    {"smmu.event-queue", "platform.smmu.S.event-queue=2", peer},
    {"interconnect.clock", "platform.interconnect.clock=500 MHz", {}},
    {"interconnect.latency", "platform.interconnect.latency=77 ns", {}},
    {"interconnect.response-latency", "platform.interconnect.response-latency=77 ns", {}},
    {"interconnect.width", "platform.interconnect.width=4 B", {}},
    {"interconnect.ordered-writes", "platform.interconnect.ordered-writes=1", {}},
    {"memory.base", "platform.memory.base=0", {}, REFUSES},
    {"memory.size",
     "platform.memory.size=64 MiB",
     {"traffic.epC.2.dma-write.buffer=128 MiB", "traffic.epC.2.dma-write.size=64 KiB"},
     FAILS},
    {"memory.clock", "platform.memory.clock=500 MHz", {}},
    {"memory.latency", "platform.memory.latency=200 ns", {}},
    {"memory.bandwidth", "platform.memory.bandwidth=1 GB/s", {}},
    {"memory.queue", "platform.memory.queue=1", {}},
    {"switch.acs", "sw0.switch.acs=none", {}},
    {"switch.clock", "sw0.switch.clock=500 MHz", {}},
    {"switch.latency", "sw0.switch.latency=300 ns", {}},
    {"switch.forwarding", "sw0.switch.forwarding=store-and-forward", {}},
    {"switch.upstream-weight",
     "sw0.switch.upstream-weight=9",
     {"sw0.switch.acs=none", "epA.link.width=1", "epA.endpoint.read-tags=64",
      "traffic.epA.1={dma-read: {size: 1 KiB, period: 100 ns}}",
      "traffic.epA.2={dma-read: {size: 1 KiB, period: 100 ns, to: epB}}"}},
    {"switch.multifunction-ports", "sw0.switch.multifunction-ports=yes", {}},
    {"device.empty", "sw0.below.bay={empty: yes, port: {device: 0}}", {}},
    {"endpoint.msi-x", "epB.endpoint.msi-x=8", {}},
    {"endpoint.ims", "epB.endpoint.ims=4", {}},
    {"root-complex.ats", "rc0.ats=no", with_ats},
    {"endpoint-ats.requests",
     "epB.endpoint.ats.requests=1",
     {with_ats[0], with_ats[1], "traffic.epB.2={dma-read: {size: 512 B, stride: 4 KiB, period: 300 ns}}"}},
    {"endpoint-ats.entries", "epB.endpoint.ats.entries=1", with_ats},
    {"endpoint-pri.capacity",
     "epB.endpoint.pri.capacity=1",
     {with_demand[0], with_demand[1], with_demand[2],
      "traffic.epB.2={dma-read: {size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}}"}},
    {"endpoint-pri.response-pasid", "epB.endpoint.pri.response-pasid=no", with_pasid_demand},
    {"idr.ats", "platform.smmu.S.idr.ats=no", {with_ats[0], with_ats[1], "platform.smmu.S.idr.pri=no"}},
    {"idr.pri", "platform.smmu.S.idr.pri=no", with_ats},
    {"smmu.substream-id-bits", "platform.smmu.S.substream-id-bits=0", with_pasid_demand, FAILS},
    {"smmu.page-queue",
     "platform.smmu.S.page-queue=2",
     {with_ats[0], with_ats[1], "epA.endpoint={functions: 2, bars: [64 KiB, 64 KiB], ats: {}, pri: {}}",
      "traffic.epB.1={dma-write: {size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}}",
      "traffic.epB.2={dma-read: {size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}}",
      "traffic.epA.1={dma-read: {size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}}",
      "traffic.epA.2={dma-write: {size: 512 B, stride: 4 KiB, period: 300 ns, pages: on-demand}}"}},
    {"software.ats", "software.ats=no", with_ats},
    {"software.page-requests", "software.page-requests=no", with_ats},
    {"software.fault-latency", "software.fault-latency=5 us", with_demand},
    {"software.fault-time", "software.fault-time=5 us", with_demand},
    {"software.reset-time", "software.reset-time=3 us", {"timeline=[{at: 2 us, action: reset, device: epB}]"}},
    {"software.reclaim", "software.reclaim=3 us", with_demand},
    {"endpoint-msi.vectors", "epB.endpoint.msi.vectors=8", with_msi},
    {"endpoint-msi.granted", "epB.endpoint.msi.granted=2", with_msi},
    {"endpoint-msi.wide", "epB.endpoint.msi.wide=no", with_msi},
    {"endpoint-msi.mask", "epB.endpoint.msi.mask=no", with_msi},
    {"endpoint.bars", "epB.endpoint.bars=[64 KiB]", {}},
    {"endpoint.functions", "epB.endpoint.functions=2", {}},
    {"endpoint.ari", "epB.endpoint.ari=yes", {}},
    {"endpoint.capabilities", "epB.endpoint.capabilities=[[pcie, 0x60], [msi-x, 0xa0]]", {}},
    {"endpoint.phantom-functions",
     "epA.endpoint.phantom-functions=2",
     {"software.phantom-functions=yes", "software.extended-tags=no", "epA.endpoint.read-tags=128",
      "traffic.epA.1={dma-read: {size: 64 B, period: 12 ns}}"}},
    {"endpoint.dma-alias", "epC.endpoint.dma-alias=1", {}},
    {"endpoint.vendor-id", "epC.endpoint.vendor-id=0x1b4b", {"epC.endpoint={dma-alias: 1, device-id: 0x9123}"}},
    {"endpoint.device-id", "epC.endpoint.device-id=0x9123", {"epC.endpoint={dma-alias: 1, vendor-id: 0x1b4b}"}},
    {"device.slot", "epC.slot=4", conventional},
    {"switch.upstream-acs", "sw1.switch.upstream-acs=full", several},
    {"multifunction.peers", "mf.multifunction.peers=no", several},
    {"multifunction.clock", "mf.multifunction.clock=300 MHz", several},
    {"multifunction.latency", "mf.multifunction.latency=250 ns", several},
    {"bridge.clock", "br1.bridge.clock=66 MHz", conventional},
    {"bridge.width", "br1.bridge.width=8 B", conventional},
    {"bridge.decode", "br1.bridge.decode=4 cycles", conventional},
    {"bridge.latency", "br1.bridge.latency=250 ns", conventional},
    {"bridge.delayed-reads", "br1.bridge.delayed-reads=1", conventional},
    {"bridge.requester-ids", "br1.bridge.requester-ids=kept", conventional},
    {"bridge.vendor-id", "br1.bridge.vendor-id=0x1a03", conventional_of("0x13b5", "0x1150")},
    {"bridge.device-id", "br1.bridge.device-id=0x1150", conventional_of("0x1a03", "0x0103")},
    {"sr-iov.vfs", "epB.endpoint.sr-iov.vfs=3", {"epB.endpoint.sr-iov={}"}},
    {"sr-iov.enabled", "epB.endpoint.sr-iov.enabled=1", {"epB.endpoint.sr-iov={}"}},
    {"sr-iov.first-offset", "epB.endpoint.sr-iov.first-offset=256", {"epB.endpoint.sr-iov={}"}},
    {"sr-iov.stride", "epB.endpoint.sr-iov.stride=2", {"epB.endpoint.sr-iov={vfs: 3}"}},
    {"sr-iov.msi-x", "epB.endpoint.sr-iov.msi-x=4", {"epB.endpoint.sr-iov={}"}},
    {"sr-iov.bars", "epB.endpoint.sr-iov.bars=[64 KiB, 64 KiB]", {"epB.endpoint.sr-iov={}"}},
    {"endpoint.acs", "epA.endpoint.acs=full", {}},
    {"endpoint.pasid", "epB.endpoint.pasid=16", {}},
    {"endpoint.clock", "epB.endpoint.clock=100 MHz", {}},
    {"endpoint.send-latency", "epB.endpoint.send-latency=90 ns", {}},
    {"endpoint.complete-latency", "epB.endpoint.complete-latency=90 ns", {}},
    {"endpoint.read-tags", "epA.endpoint.read-tags=1", {}},
    {"endpoint.completion-timeout", "epA.endpoint.completion-timeout=1 us", {"platform.memory.latency=600 ns"}},
    {"port.acs", "epB.port.acs=none", {}},
    {"port.weight", "epB.port.weight=9", {"rp0.link.width=1"}},
    {"port.device", "epB.port.device=9", {}},
    {"port.function",
     "epB.port.function=0",
     {"epA.port={device: 0, function: 0}", "epB.port={device: 0, function: 1}"},
     REFUSES},
    {"root-port.acs", "rp0.acs=none", {}},
    {"root-port.device", "rp0.device=5", {"rc0.root-ports.rp2={device: 5}"}, REFUSES},
    {"root-port.function", "rp0.function=1", {"rp0.device=5"}, REFUSES},
    {"link.speed", "epB.link.speed=2.5 GT/s", {}},
    {"link.width", "epB.link.width=1", {}},
    {"link.latency", "epB.link.latency=55 ns", {}},
    {"link.credit-latency", "epB.link.credit-latency=2 us", {"epB.link.credits.ph=1"}},
    {"link.overhead", "epB.link.overhead=none", {}},
    {"link.update-interval", "epB.link.update-interval=3 us", {"epB.link.credits.ph=1"}},
    {"link.ack-interval", "epB.link.ack-interval=3 us", {"epB.link.replay-buffer=2"}},
    {"link.tlp-errors", "epB.link.tlp-errors=50000", {}},
    {"link.lost-naks", "epB.link.lost-naks=500000", {"epB.link.tlp-errors=50000"}},
    {"link.receiver-errors", "epB.link.receiver-errors=500000", {"epB.link.tlp-errors=50000"}},
    {"link.bad-acks", "epB.link.bad-acks=100000", {"software.error-reporting=yes"}},
    {"link.poisoned", "epB.link.poisoned=300000", {}},
    {"link.corrupted", "epB.link.corrupted=300000", {"software.ecrc=yes"}},
    {"link.malformed", "epB.link.malformed=300000", {}},
    {"link.replay-timer", "epB.link.replay-timer=5 us", {"epB.link={tlp-errors: 50000, lost-naks: 1000000}"}},
    {"link.retrain-time", "epB.link.retrain-time=40 us", {"epB.link.tlp-errors=500000"}},
    {"link.refresh-interval", "epB.link.refresh-interval=1 us", {"epB.link={speed: 2.5 GT/s, width: 1}"}},
    {"link.virtual-channels",
     "epB.link.virtual-channels=1",
     {"rp0.link.virtual-channels=2", "epB.link.virtual-channels=2", "epB.link.width=1",
      "software.traffic-classes=[0, 1]", "traffic.epB.1.dma-write.traffic-class=1"}},
    {"link.low-priority",
     "epB.link.low-priority=1",
     {"rp0.link.virtual-channels=2", "epB.link.virtual-channels=2", "epB.link.width=1",
      "software.traffic-classes=[0, 1]", "traffic.epB.1.dma-write.traffic-class=1"}},
    {"software.traffic-classes",
     "software.traffic-classes=[0, 1]",
     {"rp0.link.virtual-channels=2", "epB.link.virtual-channels=2", "epB.link.width=1",
      "traffic.epB.1.dma-write.traffic-class=1"}},
    {"software.vc-weights",
     "software.vc-weights=[7, 1]",
     {"rp0.link.virtual-channels=2", "epB.link={virtual-channels: 2, low-priority: 1, width: 1}",
      "software.traffic-classes=[0, 1]", "traffic.epB.1.dma-write.traffic-class=1"}},
    {"software.id-ordering",
     "software.id-ordering=yes",
     {"sw0.switch.passing=16", "rp0.link={width: 1, credits: {pd: 32}}", "traffic.epB.1.dma-write.id-ordering=yes"}},
    {"switch.passing",
     "sw0.switch.passing=16",
     {"rp0.link={width: 1, credits: {pd: 32}}", "traffic.epB.1.dma-write.relaxed-ordering=yes"}},
    {"interconnect.relaxed-ordering",
     "platform.interconnect.relaxed-ordering=yes",
     {"traffic.epC.1.msi.relaxed-ordering=yes", "platform.memory.latency=500 ns"}},
    {"msi.relaxed-ordering",
     "traffic.epC.1.msi.relaxed-ordering=yes",
     {"platform.interconnect.relaxed-ordering=yes", "platform.memory.latency=500 ns"}},
    {"msi.traffic-class",
     "traffic.epB.0.msi.traffic-class=1",
     {"rp0.link.virtual-channels=2", "epB.link.virtual-channels=2", "epB.link.width=1",
      "software.traffic-classes=[0, 1]"}},
    {"dma-write.traffic-class",
     "traffic.epB.1.dma-write.traffic-class=1",
     {"rp0.link.virtual-channels=2", "epB.link.virtual-channels=2", "epB.link.width=1",
      "software.traffic-classes=[0, 1]"}},
    {"dma-write.relaxed-ordering",
     "traffic.epB.1.dma-write.relaxed-ordering=yes",
     {"platform.interconnect.relaxed-ordering=yes", "platform.memory.latency=500 ns"}},
    {"dma-write.id-ordering",
     "traffic.epB.1.dma-write.id-ordering=yes",
     {"sw0.switch={acs: none, passing: 16}", "epA.link={width: 1, credits: {pd: 32}}", "software.id-ordering=yes",
      "epB.endpoint.functions=2", "traffic.epB/1=[{dma-write: {size: 512 B, period: 100 ns, to: epA}}]"}},
    {"dma-read.traffic-class",
     "traffic.epA.1.dma-read.traffic-class=1",
     {"rp0.link.virtual-channels=2", "epA.link.virtual-channels=2", "epA.link.width=1",
      "software.traffic-classes=[0, 1]"}},
    {"dma-read.relaxed-ordering",
     "traffic.epA.1.dma-read.relaxed-ordering=yes",
     {"sw0.switch.acs=[CR]", "traffic.epA.1.dma-read.to=epB"}},
    {"link.replay-buffer", "epB.link.replay-buffer=2", {"epB.link.ack-interval=3 us"}},
    {"credits.ph", "epB.link.credits.ph=1", {}},
    {"credits.pd", "epB.link.credits.pd=32", {}},
    {"credits.nph", "rp0.link.credits.nph=1", {}},
    {"credits.cplh", "rp0.link.credits.cplh=1", {"rp0.link.credit-latency=2 us"}},
    {"credits.cpld", "rp0.link.credits.cpld=16", {"rp0.link.credit-latency=2 us"}},
    {"mmio.base", "rc0.mmio.base=0x8000_0000", {}, REFUSES},
    {"mmio.size", "rc0.mmio.size=1 MiB", {}, REFUSES},
    {"root-complex.segment", "rc1.segment=7", {}},
    {"root-complex.first-bus", "rc0.first-bus=1", {}},
    {"root-complex.last-bus", "rc0.last-bus=2", {}, REFUSES},
    {"root-complex.ecam", "rc0.ecam=0x8000_0000", {}, REFUSES},
    {"root-complex.clock", "rc0.clock=100 MHz", {}},
    {"root-complex.latency", "rc0.latency=200 ns", {}},
    {"root-complex.iommu-map", "rc0.iommu-map=[[0, S, 0x1000, 0x8000]]", {}},
    {"root-complex.iommu-map-mask", "rc0.iommu-map-mask=0xff00", {}},
    {"root-complex.msi-map", "rc0.msi-map=[[0, B, 0, 0x8000]]", {}},
    {"root-complex.msi-map-mask", "rc0.msi-map-mask=0xff00", {}},
    {"root-complex.peer-to-peer", "rc0.peer-to-peer=yes", {"rp0.acs=none"}},
    {"domains.default", "software.domains.default=identity", {}},
    {"software.grouping", "software.grouping=reach", {"sw0.switch.acs=none"}},
    {"software.enable-acs", "software.enable-acs=no", {"sw0.switch.acs={cap: full}"}},
    {"software.msi-window", "software.msi-window=fixed", vfio},
    {"software.rules", "software.rules=linux-6.1", one_to_one},
    {"consumer.kind", "software.consumers.vm.kind=iommufd", with(vfio, "software.rules=linux-6.1")},
    {"consumer.translation", "software.consumers.vm.translation=stage-2", vfio},
    {"consumer.devices", "software.consumers.vm.devices=[epB]", two_stages},
    {"consumer.doorbells", "software.consumers.vm.doorbells=bind-group", two_stages},
    {"consumer.separate-domains", "software.consumers.vm.separate-domains=yes", vfio},
    {"consumer.faults", "software.consumers.vm.faults=answered", user_faults},
    {"consumer.fault-answer", "software.consumers.vm.fault-answer=9 us",
     with(user_faults, "software.consumers.vm.faults=answered")},
    {"consumer.unsafe-interrupts",
     "software.consumers.vm.unsafe-interrupts=yes",
     {"software.consumers={vm: {devices: [epC]}}", "rc1.msi-map=[[0x100, B, 0x100, 0x100]]", "rp1.acs=none"}},
    {"consumer.window-base", "software.consumers.vm.window-base=0x1000_0000", one_to_one},
    {"consumer.window-size", "software.consumers.vm.window-size=4 KiB", with(vfio, "software.rules=msi-geometry-2016")},
    {"consumer.user-base", "software.consumers.vm.user-base=0x0800_0000", mapped},
    {"consumer.user-size", "software.consumers.vm.user-size=64 KiB",
     with(vfio, "software.consumers.vm.user-base=0x0800_0000")},
    {"consumer.guest-memory", "software.consumers.vm.guest-memory=128 KiB", two_stages, FAILS},
    {"consumer.guest-memory-base", "software.consumers.vm.guest-memory-base=0x0809_0000", two_stages},
    {"consumer.guest-doorbell", "software.consumers.vm.guest-doorbell=0x4000_1000", two_stages},
    {"consumer.guest-doorbells", "software.consumers.vm.guest-doorbells=2",
     with(two_stages, "software.consumers.vm.bindings=2")},
    {"consumer.bindings", "software.consumers.vm.bindings=2",
     with(two_stages, "software.consumers.vm.guest-doorbells=2")},
    {"consumer.identity-pages", "software.consumers.vm.identity-pages=1", one_to_one},
    {"consumer.guest-domains", "software.consumers.vm.guest-domains=each",
     with(with(two_stages, "software.consumers.vm.bindings=2"), "software.consumers.vm.guest-doorbells=2")},
    {"reserved.devices", "software.reserved.0.devices=[epC]",
     with(vfio, "software.reserved=[{devices: epA, base: 0x4000_0000}]")},
    {"reserved.kind", "software.reserved.0.kind=direct-relaxable",
     with(vfio, "software.reserved=[{devices: epB, base: 0x4000_0000}]")},
    {"reserved.base", "software.reserved.0.base=0x1_0000_0000",
     with(mapped, "software.reserved=[{devices: epB, base: 0x4000_0000, kind: reserved}]")},
    {"reserved.size", "software.reserved.0.size=1 MiB",
     with(mapped, "software.reserved=[{devices: epB, base: 0xffff_0000, kind: reserved, size: 64 KiB}]")},
    {"walk-cache.stage2-level0", "platform.smmu.S.walk-cache.stage2-level0=0",
     with(stages, "platform.smmu.S.walk-cache={ways: 2}")},
    {"walk-cache.stage2-level1", "platform.smmu.S.walk-cache.stage2-level1=0", stages},
    {"walk-cache.stage2-level2", "platform.smmu.S.walk-cache.stage2-level2=0", stages},
    {"walk-cache.nonfinal", "platform.smmu.S.walk-cache.nonfinal=yes", stages},
    {"ipa-cache.entries", "platform.smmu.S.ipa-cache.entries=0", stages},
    {"ipa-cache.ways", "platform.smmu.S.ipa-cache.ways=1", scattered},
    {"ipa-cache.policy", "platform.smmu.S.ipa-cache.policy=random", scattered},
    {"ipa-cache.lookup", "platform.smmu.S.ipa-cache.lookup=40 cycles", stages},
    {"idr.s2p", "platform.smmu.S.idr.s2p=no", two_stages},
    {"pasid.device", "software.pasids.0.device=epC", auxiliary},
    {"pasid.pasid", "software.pasids.0.pasid=6", auxiliary},
    {"pasid.consumer", "software.pasids.0.consumer=guest", auxiliary},
    {"action.at", "timeline.0.at=9 us", {"timeline=[{at: 2 us, action: disable-interrupts, device: epB}]"}},
    {"action.name", "timeline.0.name=first", {"timeline=[{at: 2 us, action: disable-interrupts, device: epB}]"}},
    {"action.action", "timeline.0.action=remove", {"timeline=[{at: 2 us, action: disable-interrupts, device: epB}]"}},
    {"action.device", "timeline.0.device=epC", {"timeline=[{at: 2 us, action: disable-interrupts, device: epB}]"}},
    {"action.consumer",
     "timeline.1.consumer=other",
     {"software.consumers={vm: {}, other: {translation: nested}}",
      "timeline=[{at: 1 us, action: disable-interrupts, device: epB}, {at: 8 us, action: attach, device: epB, "
      "consumer: vm}]"}},
    {"action.translation", "timeline.0.translation=stage-2",
     with(with(vfio, "software.consumers.vm.kind=iommufd"), "timeline=[{at: 2 us, action: replace, device: epB}]")},
    {"action.vector", "timeline.0.vector=2", {"timeline=[{at: 2 us, action: move-interrupt, device: epB, pe: 1}]"}},
    {"action.pe", "timeline.0.pe=1", {"timeline=[{at: 2 us, action: move-interrupt, device: epB}]"}},
    {"action.pasid", "timeline.0.pasid=7", {"timeline=[{at: 2 us, action: detach-pasid, device: epB}]"}},
    {"action.process", "timeline.0.process=7", {"timeline=[{at: 2 us, action: unbind-process, device: epB}]"}},
    {"action.base",
     "timeline.1.base=0x3_0000_0000",
     {"timeline=[{at: 2 us, action: map, device: epB}, {at: 4 us, action: map, device: epB}]"}},
    {"action.size", "timeline.0.size=64 KiB", {"timeline=[{at: 2 us, action: load, device: epB, count: 3}]"}},
    {"action.count", "timeline.0.count=5", {"timeline=[{at: 2 us, action: load, device: epB}]"}},
    {"software.max-payload", "software.max-payload=128 B", {}},
    {"software.max-read-request", "software.max-read-request=128 B", {}},
    {"software.rules",
     "software.rules=linux-6.12",
     {conventional_of("0x1a03", "0x1150")[0], "br1.bridge.requester-ids=kept"}},
    {"software.extended-tags",
     "software.extended-tags=no",
     {"epA.endpoint.read-tags=128", "traffic.epA.1={dma-read: {size: 64 B, period: 12 ns}}"}},
    {"software.phantom-functions", "software.phantom-functions=yes", {"epA.endpoint.phantom-functions=2"}},
    {"software.ecrc", "software.ecrc=yes", {}},
    {"software.error-reporting", "software.error-reporting=yes", {"epB.link.malformed=300000"}},
    {"msi.vectors", "traffic.epA.0.msi.vectors=[0]", {}},
    {"msi.ims", "traffic.epB.0.msi.ims=yes", {"epB.endpoint.ims=8", "traffic.epB.0.msi.vectors=all"}},
    {"msi.arrivals", "traffic.epA.0.msi.arrivals=periodic", {}},
    {"msi.rate", "traffic.epA.0.msi.rate=3 MHz", {}},
    {"msi.period", "traffic.epC.1.msi.period=700 ns", {}},
    {"msi.burst", "traffic.epB.0.msi.burst=3", {}},
    {"msi.think-time", "traffic.epC.0.msi.think-time=300 ns", {}},
    {"msi.start", "traffic.epA.0.msi.start=3 us", {}},
    {"dma-write.size", "traffic.epB.1.dma-write.size=128 B", {}},
    {"dma-write.arrivals", "traffic.epB.1.dma-write.arrivals=periodic", {}},
    {"dma-write.rate", "traffic.epB.1.dma-write={size: 512 B, rate: 1 GB/s}", {}},
    {"dma-write.period", "traffic.epB.1.dma-write.period=700 ns", {}},
    {"dma-write.burst", "traffic.epB.2.dma-write.burst=3", {}},
    {"dma-write.start", "traffic.epB.1.dma-write.start=3 us", {}},
    {"dma-write.buffer", "traffic.epB.1.dma-write.buffer=4 KiB", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-write.stride", "traffic.epB.1.dma-write.stride=4 KiB", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-write.pattern", "traffic.epB.1.dma-write.pattern=random", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-write.ats", "traffic.epB.1.dma-write.ats=no", with_ats},
    {"dma-write.pasid", "traffic.epB.1.dma-write.pasid=3", with_ats},
    {"dma-write.pages", "traffic.epB.1.dma-write.pages=on-demand", with_ats},
    {"dma-read.ats", "traffic.epA.1.dma-read.ats=no", read_with_ats},
    {"dma-read.pasid", "traffic.epA.1.dma-read.pasid=3", read_with_ats},
    {"dma-read.pages", "traffic.epA.1.dma-read.pages=on-demand", read_with_ats},
    {"dma-write.to", "traffic.epB.1.dma-write.to=epA", {}},
    {"dma-read.size", "traffic.epA.1.dma-read.size=128 B", {}},
    {"dma-read.arrivals", "traffic.epA.1.dma-read.arrivals=poisson", {}},
    {"dma-read.rate", "traffic.epA.1.dma-read={size: 512 B, rate: 1 GB/s}", {}},
    {"dma-read.period", "traffic.epA.1.dma-read.period=700 ns", {}},
    {"dma-read.burst", "traffic.epA.2.dma-read.burst=3", {}},
    {"dma-read.start", "traffic.epA.1.dma-read.start=3 us", {}},
    {"dma-read.buffer", "traffic.epA.1.dma-read.buffer=4 KiB", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-read.stride", "traffic.epA.1.dma-read.stride=4 KiB", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-read.pattern", "traffic.epA.1.dma-read.pattern=random", {"platform.smmu.S.tlb={entries: 4, ways: 4}"}},
    {"dma-read.to", "traffic.epA.1.dma-read.to=epB", {}},
};

/** Keys that cannot change a result, with the reason. */
const std::map<std::string, const char *> silent = {
    {"scenario.base", "the file that lies underneath; has no value of its own"},
    {"sweep.combine", "for `doorbell sweep`"},
    {"sweep.samples", "for `doorbell sweep`"},
    {"sweep.replications", "for `doorbell sweep`"},
    {"axis.key", "for `doorbell sweep`"},
    {"axis.values", "for `doorbell sweep`"},
    {"axis.from", "for `doorbell sweep`"},
    {"axis.to", "for `doorbell sweep`"},
    {"axis.steps", "for `doorbell sweep`"},
    {"axis.step", "for `doorbell sweep`"},
    {"axis.scale", "for `doorbell sweep`"},
    {"interconnect.kind", "there is only one kind"},
    {"its.command-errors", "the software makes no command errors"},
    {"its.report-unmapped", "software that looks at the reports comes with hypervisors"},
    {"software.page-size", "there is only one size"},
    {"idr.hyp", "the software's streams are of EL1"},
    {"idr.ns1ats", "the software enables no ATS yet"},
    {"idr.asid16", "the software has fewer than 256 ASIDs"},
    {"idr.vmid16", "no software of a scenario uses stage 2 yet"},
    {"idr.vmw", "no software of a scenario uses stage 2 yet"},
    {"idr.msi", "the software polls the SMMU"},
    {"idr.sev", "no PE of the software waits for events"},
    {"idr.term-model", "the software's contexts abort anyway"},
    {"idr.httu", "the software marks its pages itself"},
    {"idr.gran16k", "the software uses 4 KiB"},
    {"idr.gran64k", "the software uses 4 KiB"},
    {"idr.iidr", "no quirk of the software looks at it"},
    {"idr.ecmdq-queues", "the software uses one command queue"},
    {"sr-iov.device-id", "no driver and no quirk of the software knows a VF"},
    {"endpoint-ats.queue-depth", "says what the capability says; an SMMU has 32 ITags, and an endpoint takes as many"},
    {"dma-write.no-snoop", "is carried; memory has no caches"},
    {"dma-read.no-snoop", "is carried; memory has no caches"},
    {"dma-read.id-ordering", "reads wait for nothing of their own class; their completions go by the completer's IDO"},
    {"credits.npd", "only configuration writes take such a credit, and the host has one of them under way at a time"},
};

TEST(Keys, EachChangesSomething)
{
    std::map<Sets, std::string> known;

    for (const Row &row : rows) {
        Sets sets = row.context;

        SCOPED_TRACE(std::string(row.key) + ": " + row.set);
        if (known.count(sets) == 0) {
            known[sets] = outcome(sets);
        }
        const std::string &before = known[sets];
        EXPECT_TRUE(is_result(before)) << before;
        sets.push_back(row.set);
        const std::string after = outcome(sets);
        if (row.effect == REFUSES) {
            EXPECT_EQ(after.rfind("refused: ", 0), 0u) << after.substr(0, 100);
        } else if (row.effect == FAILS) {
            EXPECT_EQ(after.rfind("impossible: ", 0), 0u) << after.substr(0, 100);
        } else {
            EXPECT_TRUE(is_result(after)) << after;
            EXPECT_TRUE(before != after) << "the key has no effect";
        }
    }
}

void walk(const scenario_table *table, std::set<const scenario_table *> &seen, std::set<std::string> &names)
{
    if (table == nullptr || !seen.insert(table).second) {
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        const scenario_key &key = table->keys[i];

        if (key.table != nullptr) {
            walk(key.table, seen, names);
        } else {
            names.insert(std::string(table->name) + "." + key.name);
        }
    }
}

TEST(Keys, AreAllListed)
{
    std::set<const scenario_table *> seen;
    std::set<std::string> names;
    std::set<std::string> listed;

    walk(&scenario_table_root, seen, names);
    for (const Row &row : rows) {
        listed.insert(row.key);
        EXPECT_EQ(silent.count(row.key), 0u) << row.key << " is listed as without effect, and with one";
    }
    for (const auto &entry : silent) {
        listed.insert(entry.first);
    }
    EXPECT_EQ(names, listed);
}

/* ---- Random values ---- */

/** One key of the text above: its full path, and its row in the key tables. */
struct Place {
    std::string path;
    const scenario_key *key;
};

void collect(const std::string &path, const scenario_table *table, std::vector<Place> &places)
{
    for (size_t i = 0; table != nullptr && i < table->count; i++) {
        const scenario_key &key = table->keys[i];

        if (key.kind == KEY_TABLE) {
            collect(path + "." + key.name, key.table, places);
        } else if (key.kind == KEY_VALUE && key.type != nullptr) {
            places.push_back({path + "." + key.name, &key});
        }
    }
}

const scenario_table *part(const scenario_table *table, const char *name)
{
    return scenario_table_find(table, name)->table;
}

std::vector<Place> places_of_text()
{
    const scenario_table *its = part(&scenario_table_platform, "its");
    const scenario_table *sw = part(&scenario_table_device, "switch");
    const scenario_table *endpoint = part(&scenario_table_device, "endpoint");
    std::vector<Place> places;

    collect("platform", &scenario_table_platform, places);
    for (const char *name : {"platform.its.A", "platform.its.B"}) {
        collect(name, its, places);
    }
    collect("platform.smmu.S", &scenario_table_smmu, places);
    collect("software", &scenario_table_software, places);
    collect("pcie.rc0", &scenario_table_root_complex, places);
    collect("pcie.rc1", &scenario_table_root_complex, places);
    collect("rp0", &scenario_table_root_port, places);
    collect("sw0.switch", sw, places);
    for (const char *name : {"epA", "epB"}) {
        collect(std::string(name) + ".link", &scenario_table_link, places);
        collect(std::string(name) + ".port", &scenario_table_port, places);
        collect(std::string(name) + ".endpoint", endpoint, places);
    }
    collect("epC.endpoint", endpoint, places);
    collect("traffic.epA.0.msi", &scenario_table_msi, places);
    collect("traffic.epB.1.dma-write", &scenario_table_dma_write, places);
    collect("traffic.epA.1.dma-read", &scenario_table_dma_read, places);
    return places;
}

using Random = std::mt19937_64;

/** A number of the key's range, small and large ones alike, or one of the two ends. */
std::string random_number(Random &random, const scenario_key &key, const std::string &minimum,
                          const std::string &maximum)
{
    uint64_t low = strtoull(minimum.c_str(), nullptr, 0);
    uint64_t high = maximum.empty() ? UINT64_MAX >> 1 : strtoull(maximum.c_str(), nullptr, 0);
    uint64_t value = low + (high - low) / (UINT64_C(1) << random() % 40) * (random() % 1000) / 1000;

    switch (random() % 6) {
    case 0:
        value = low;
        break;
    case 1:
        value = high;
        break;
    default:
        break;
    }
    if (key.power_of_two) {
        while ((value & (value - 1)) != 0) {
            value &= value - 1;
        }
    }
    if (key.alignment != 0) {
        value -= value % key.alignment;
    }
    return std::to_string(value);
}

std::string without_separators(const char *limit)
{
    std::string all = limit != nullptr ? limit : "";

    all.erase(std::remove(all.begin(), all.end(), '_'), all.end());
    return all;
}

/** A value that the key's own row allows, as far as it says; "" if there is nothing to vary. */
std::string random_value(Random &random, const scenario_key &key)
{
    static const char *const sizes[] = {"4 B",    "64 B",  "128 B",  "256 B", "4 KiB",
                                        "64 KiB", "1 MiB", "64 MiB", "16 MiB"};
    static const char *const times[] = {"1 ps", "1 ns", "77 ns", "1 us", "30 us", "1 ms", "0 ns"};
    static const char *const clocks[] = {"1 MHz", "33 MHz", "1 GHz", "3333 MHz", "10 GHz"};
    static const char *const rates[] = {"1 GB/s", "33 MB/s", "1000 GB/s"};
    static const char *const acs[] = {"none", "full", "[SV, RR]", "[RR, CR, UF]", "[EC]"};
    static const char *const windows[] = {"0", "0x10000", "0x1000_0000", "0xfff0_0000", "0xffff_0000_0000"};

    if (key.choices != nullptr) {
        size_t count = 0;

        while (key.choices[count] != nullptr) {
            count++;
        }
        return key.choices[random() % count];
    }
    if (key.type == &scenario_type_number) {
        return random_number(random, key, without_separators(key.minimum), without_separators(key.maximum));
    }
    if (key.type == &scenario_type_cycles) {
        return random_number(random, key, without_separators(key.minimum), without_separators(key.maximum)) + " cycles";
    }
    if (key.type == &scenario_type_hexadecimal) {
        return random() % 2 == 0
                   ? windows[random() % 5]
                   : random_number(random, key, without_separators(key.minimum), without_separators(key.maximum));
    }
    if (key.type == &scenario_type_size) {
        return sizes[random() % 9];
    }
    if (key.type == &scenario_type_time) {
        return times[random() % 7];
    }
    if (key.type == &scenario_type_clock) {
        return clocks[random() % 5];
    }
    if (key.type == &scenario_type_bandwidth) {
        return rates[random() % 3];
    }
    if (key.type == &scenario_type_acs) {
        return acs[random() % 5];
    }
    return key.type == &scenario_type_boolean ? "yes" : "";
}

/** Whatever a file may say ends in a result or in a sentence, never in a panic. */
TEST(Keys, RandomValuesGiveResultsOrDiagnostics)
{
    const std::vector<Place> places = places_of_text();
    unsigned results = 0;
    unsigned refusals = 0;
    Random random(20261121);

    ASSERT_GT(places.size(), 150u);
    for (unsigned i = 0; i < 300; i++) {
        Sets sets = {"duration=3 us"};

        for (unsigned j = 0; j < 1 + i % 3; j++) {
            const Place &place = places[random() % places.size()];
            const std::string value = random_value(random, *place.key);

            if (!value.empty()) {
                sets.push_back(place.path + "=" + value);
            }
        }
        const std::string said = outcome(sets);
        (is_result(said) ? results : refusals)++;
        EXPECT_GT(said.size(), strlen("impossible: ")) << "no reason is given";
    }
    /* Both ends of the road must have been seen often, or this says nothing. */
    EXPECT_GT(results, 100u);
    EXPECT_GT(refusals, 50u);
}

} // namespace
