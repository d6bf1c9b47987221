/* Every kind of mistake: where the error stands, what it says, what it offers instead. */
#include "tests/scenario/loaded.h"

#include <gtest/gtest.h>

namespace
{

struct Mistake {
    const char *what;
    const char *more; /* added to the small scenario, from line 12 on */
    unsigned line;    /* of the error */
    unsigned column;
    const char *message; /* part of it */
    const char *hint;    /* part of it; "" if none is asked for */
};

class Errors : public testing::TestWithParam<Mistake>
{
};

TEST_P(Errors, IsReportedInItsPlace)
{
    const Mistake &mistake = GetParam();
    Loaded loaded(small(mistake.more));

    EXPECT_FALSE(loaded);
    ASSERT_GE(loaded.diagnostics().count, 1u);
    const diagnostic &error = loaded.diagnostics().items[0];
    EXPECT_EQ(loaded.diagnostics().error_count, 1u) << "one mistake, one error:\n" << loaded.said();
    EXPECT_STREQ(error.file, "t.yaml");
    EXPECT_EQ(error.line, mistake.line) << loaded.said();
    EXPECT_EQ(error.column, mistake.column) << loaded.said();
    EXPECT_NE(std::string(error.message).find(mistake.message), std::string::npos) << loaded.said();
    if (mistake.hint[0] != '\0') {
        ASSERT_NE(error.hint, nullptr) << loaded.said();
        EXPECT_NE(std::string(error.hint).find(mistake.hint), std::string::npos) << loaded.said();
    }
}

const Mistake mistakes[] = {
    {"UnknownKey", "titel: x\n", 12, 1, "unknown key `titel`", "did you mean `title`?"},
    {"UnknownKeyFarFromAll", "xyzzy: x\n", 12, 1, "unknown key `xyzzy`", "known here: doorbell, base"},
    {"UnknownKeyInside", "platform: { smmu: { S: { tlb: { entires: 4 } } } }\n", 12, 33,
     "unknown key `entires` in `platform.smmu.S.tlb`", "did you mean `entries`?"},
    {"BareTime", "platform: { memory: { latency: 80 } }\n", 12, 32, "has no unit", ""},
    {"WrongUnit", "platform: { memory: { latency: 80 MHz } }\n", 12, 35, "unit `MHz` does not fit", ""},
    {"CyclesWhereTimeIsNeeded", "platform: { memory: { latency: 80 cycles } }\n", 12, 35, "does not fit", ""},
    {"TimeWhereCyclesAreNeeded", "platform: { pe: { entry: 20 ns } }\n", 12, 29, "takes cycles", ""},
    {"TooSmall", "platform: { pe: { count: 0 } }\n", 12, 26, "too small", "allowed: 1 to 60"},
    {"TooLarge", "platform: { pe: { count: 61 } }\n", 12, 26, "too large", "allowed: 1 to 60"},
    {"ZeroDuration", "duration: 0 ns\n", 12, 11, "too small", "1 ns to 1000 s"},
    {"NoPowerOfTwo", "platform: { smmu: { S: { command-queue: 100 } } }\n", 12, 41, "power of two", ""},
    {"Unaligned", "platform: { its: { A: { base: 0x0808_8000 } } }\n", 12, 31, "multiple of 64 KiB", ""},
    {"BadChoice", "software: { grouping: linx }\n", 12, 23, "none of the possible values", "did you mean `linux`?"},
    {"BadChoiceOfMany", "software: { rules: bind-msi-v99 }\n", 12, 20, "none of the possible values",
     "bind-msi-v15, bind-msi-v16, approach-2"},
    {"BadBoolean", "software: { enable-acs: maybe }\n", 12, 25, "none of the possible values", "yes, no"},
    {"BadSpeed", "pcie2: 1\n", 12, 1, "unknown key", "did you mean `pcie`?"},
    {"MapExpected", "platform: 5\n", 12, 11, "`platform` must be a map, not a single value", ""},
    {"EmptyMap", "platform:\n", 12, 1, "`platform` must be a map, not empty", "write platform: {}"},
    {"ListExpected", "traffic: { epA: 5 }\n", 12, 17, "must be a list", ""},
    {"ScalarExpected", "seed: [1]\n", 12, 7, "must be a single value, not a list", ""},
    {"NoValue", "seed:\n", 12, 1, "`seed` has no value", ""},
    {"TimelineOfNoConsumer", "timeline: [{ at: 1 us, action: attach, device: epA, consumer: vm }]\n", 12, 63,
     "no consumer `vm`", "software.consumers"},
    {"TimelineNeedsConsumer", "timeline: [{ at: 1 us, action: attach, device: epA }]\n", 12, 12,
     "`consumer` is missing", "software.consumers"},
    {"TimelineTooLate", "timeline: [{ at: 2 ms, action: detach, device: epA }]\n", 12, 12, "traffic is over", ""},
    {"TimelineUnknownAction", "timeline: [{ at: 1 us, action: atach, device: epA }]\n", 12, 32, "atach", "attach"},
    {"TimelineKeyOfAnother", "timeline: [{ at: 1 us, action: detach, device: epA, pe: 1 }]\n", 12, 53, "pe",
     "move-interrupt"},
    {"TimelineTwoNames",
     "timeline: [{ at: 1 us, name: a, action: detach, device: epA }, { at: 2 us, name: a, action: detach, device: "
     "epA }]\n",
     12, 64, "two actions are called `a`", ""},
    {"ConsumerDeviceTwice", "software: { consumers: { vm: { devices: [epA, epA] } } }\n", 12, 47, "written twice", ""},
    {"ConsumerDeviceUnknown", "software: { consumers: { vm: { devices: [epa] } } }\n", 12, 42, "epa", "epA"},
    {"ConsumersShareDevice", "software: { consumers: { a: { devices: epA }, b: { devices: epA } } }\n", 12, 61,
     "has a consumer already", "timeline"},
    {"ConsumerTranslation", "software: { consumers: { vm: { kind: kernel, translation: nested } } }\n", 12, 26,
     "cannot have such domains", "dma, identity and blocked"},
    {"ConsumerWithoutWindow", "software: { consumers: { vm: { window-size: 0 B } } }\n", 12, 26, "has no MSI window",
     "set-aperture"},
    {"ExpectedOutcome", "expect: { epA.attach: EINVALL }\n", 12, 23, "no outcome of a step", "EINVAL"},
    {"ExpectedAction", "expect: { timeline.on: ok }\n", 12, 11, "no action `on`", ""},
    {"SweepWithoutAxes", "sweep: {}\n", 12, 1, "`axes`", ""},
    {"TooManyIts",
     "platform: { its: { a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}, j: {}, k: {}, l: {}, m: {}, "
     "n: {}, o: {}, p: {}, q: {} } }\n",
     12, 132, "more than 16 ITS", ""},
    {"TooManyPorts", "platform: { pe: { count: 60 }, its: { a: {}, b: {} } }\n", 12, 13,
     "66 master and 65 target ports", "fewer PEs"},
    {"OverlapOfIts", "platform: { its: { A: {}, B: { base: 0x0809_0000 } } }\n", 12, 27, "overlaps that of ITS A",
     "0x8080000 to 0x809ffff"},
    {"OverlapOfPreIts", "platform: { its: { A: { pre-its: { base: 0x0808_0000 } } } }\n", 12, 25,
     "pre-ITS of ITS A, 0x8080000 to 0x80bffff, overlaps that of ITS A", ""},
    {"DistributorOfNothing", "platform: { distributor: { spis: 64 } }\n", 12, 13, "no meaning here", "it needs `v2m`"},
    {"FrameBeyondSpis", "platform: { v2m: { M: { first-spi: 250 } } }\n", 12, 20,
     "SPIs 250 to 313 of `M` are not all the distributor's", "256 the last is 287"},
    {"FramesShareSpis", "platform: { v2m: { M: {}, N: { first-spi: 100 } } }\n", 12, 27, "`N` and `M` share SPIs", ""},
    {"OverlapOfFrames", "platform: { v2m: { M: {}, N: { base: 0x0802_0000 } } }\n", 12, 27,
     "overlaps that of GICv2m frame M", ""},
    {"PreItsNeedsBase", "platform: { its: { A: { pre-its: {} } } }\n", 12, 25, "`base` is missing", ""},
    {"OverlapOfMemoryAndMmio", "platform: { memory: { base: 0x1000_0000, size: 64 MiB } }\n", 12, 13,
     "overlaps that of MMIO of rc0", ""},
    {"OverlapOfRedistributors", "platform: { redistributor: { base: 0x0904_0000 } }\n", 12, 13,
     "overlaps that of SMMU smmu0", ""},
    {"MemoryBeyondAddresses", "platform: { memory: { base: 0xffff_0000_0000, size: 64 GiB } }\n", 12, 13,
     "beyond 48 bits", ""},
    {"TlbWays", "platform: { smmu: { S: { tlb: { entries: 6, ways: 4 } } } }\n", 12, 26,
     "6 entries cannot be split into 4 ways", ""},
    {"TlbSets", "platform: { smmu: { S: { tlb: { entries: 12, ways: 4 } } } }\n", 12, 26, "3 sets, no power of two",
     "fully associative"},
    {"LinearStreamTable", "platform: { smmu: { S: { stream-table: linear, stream-id-bits: 24 } } }\n", 12, 21,
     "linear stream table", "2-level"},
    {"BesideNobody", "platform: { its: { A: { beside: rc1 } } }\n", 12, 33, "there is no root complex `rc1`",
     "did you mean `rc0`?"},
    {"BesideTheWrongThing", "platform: { its: { A: { beside: epA } } }\n", 12, 33, "it is an endpoint", ""},
    {"PortLatencyWithoutBeside", "platform: { its: { A: { port-latency: 2 ns } } }\n", 12, 25, "no meaning here",
     "it needs `beside`"},
    {"BadName", "platform: { its: { 1st: {} } }\n", 12, 20, "cannot be the name of a component", "a letter"},
    {"ReservedName", "platform: { its: { memory: {} } }\n", 12, 20, "a meaning of its own", ""},
    {"ReservedNamePe", "platform: { its: { pe0: {} } }\n", 12, 20, "`pe0` has a meaning of its own", ""},
    {"ReservedNameRedistributor", "platform: { its: { rd12: {} } }\n", 12, 20, "`rd12` has a meaning of its own", ""},
    {"ReservedNameInterconnect", "platform: { its: { interconnect: {} } }\n", 12, 20,
     "`interconnect` has a meaning of its own", ""},
    {"ReservedNameDistributor", "platform: { its: { distributor: {} } }\n", 12, 20,
     "`distributor` has a meaning of its own", ""},
    {"ReservedNameHost", "platform: { its: { host: {} } }\n", 12, 20, "`host` has a meaning of its own", ""},
    {"ReservedNameSoftware", "platform: { its: { software: {} } }\n", 12, 20, "`software` has a meaning of its own",
     ""},
    {"ReservedNameEvents", "platform: { its: { events: {} } }\n", 12, 20, "`events` has a meaning of its own", ""},
    {"DuplicateName", "platform: { its: { epA: {} } }\n", 12, 20, "two components have the name `epA`",
     "the endpoint on line 10"},
    {"TrafficOfNobody", "traffic: { epC: [ { msi: { period: 1 us } } ] }\n", 12, 12, "there is no endpoint `epC`",
     "did you mean `epA`?"},
    {"TrafficOfASwitch", "traffic: { sw0: [] }\n", 12, 12, "`sw0` is no endpoint: it is a switch", ""},
    {"TrafficOfNoFunction", "traffic: { epB/2: [] }\n", 12, 12, "there is no function 2", ""},
    {"TrafficOfFunctionZero", "traffic: { epB/0: [] }\n", 12, 12, "names no function", "epA for function 0"},
    {"VectorBeyondTable", "traffic: { epB: [ { msi: { vectors: [0, 4], period: 1 us } } ] }\n", 12, 37,
     "has no vector 4", "4 vectors: 0 to 3"},
    {"VectorTwice", "traffic: { epB: [ { msi: { vectors: [1, 1], period: 1 us } } ] }\n", 12, 37, "written twice", ""},
    {"NoVector", "traffic: { epB: [ { msi: { vectors: [], period: 1 us } } ] }\n", 12, 37, "names no vector", "`all`"},
    {"NeitherRateNorPeriod", "traffic: { epA: [ { msi: {} } ] }\n", 12, 21, "neither `rate` nor `period`", "period:"},
    {"RateAndPeriod", "traffic: { epA: [ { msi: { rate: 1 MHz, period: 1 us } } ] }\n", 12, 21, "twice", "null"},
    {"BurstWithoutBursts", "traffic: { epA: [ { msi: { period: 1 us, burst: 3 } } ] }\n", 12, 42, "no meaning here",
     "`arrivals: burst`"},
    {"BurstWithoutPeriod", "traffic: { epA: [ { msi: { arrivals: burst, burst: 3 } } ] }\n", 12, 21,
     "`period` is missing", ""},
    {"RateOfBursts", "traffic: { epA: [ { dma-read: { arrivals: burst, rate: 1 GB/s, period: 1 us } } ] }\n", 12, 50,
     "no meaning here", "periodic"},
    {"ThinkTimeInAnOpenLoop", "traffic: { epA: [ { msi: { period: 1 us, think-time: 1 us } } ] }\n", 12, 42,
     "no meaning here", "when-handled"},
    {"TwoStreamsInOne", "traffic: { epA: [ { msi: { period: 1 us }, dma-write: { period: 1 us } } ] }\n", 12, 19,
     "only one of", "- msi"},
    {"EmptyStream", "traffic: { epA: [ {} ] }\n", 12, 19, "one of `msi`", ""},
    {"StartAfterTheEnd", "duration: 1 us\ntraffic: { epA: [ { msi: { period: 1 us, start: 1 us } } ] }\n", 13, 21,
     "only when the traffic is over", ""},
    {"WarmupTooLong", "duration: 1 us\nwarmup: 1 us\n", 13, 9, "shorter than `duration`", ""},
    {"BufferOfOddSize", "traffic: { epA: [ { dma-write: { size: 96 B, period: 1 us } } ] }\n", 12, 21,
     "multiple of `size`", ""},
    {"PeerWithoutBar", "traffic: { epA: [ { dma-write: { period: 1 us, to: epB } } ] }\n", 12, 21, "no BAR for peers",
     "bars: [64 KiB, 1 MiB]"},
    {"PeerUnknown", "traffic: { epA: [ { dma-write: { period: 1 us, to: epX } } ] }\n", 12, 52,
     "there is no endpoint `epX`", "epA"},
    {"OwnPeer", "traffic: { epA: [ { dma-write: { period: 1 us, to: epA } } ] }\n", 12, 21, "its own peer", ""},
    {"PeerBufferTooLarge", "traffic: { epB: [ { dma-write: { period: 1 us, to: epA, buffer: 2 MiB } } ] }\n", 12, 21,
     "larger than the last BAR of `epA`, 1 MiB", ""},
    {"NoTranslationCache", "traffic: { epA: [ { dma-write: { period: 1 us, ats: yes } } ] }\n", 12, 21,
     "has no translation cache", "ats: {}"},
    {"PasidTooWide", "traffic: { epA: [ { dma-write: { period: 1 us, pasid: 3 } } ] }\n", 12, 21, "cannot send PASID 3",
     "0 bits"},
    {"PagesNobodyAsksFor", "traffic: { epA: [ { dma-write: { period: 1 us, pages: on-demand } } ] }\n", 12, 21,
     "cannot ask for pages", "pri: {}"},
    {"NoMessageStore", "traffic: { epA: [ { msi: { period: 1 us, ims: yes } } ] }\n", 12, 21, "no message store",
     "ims: 16"},
    {"CounterWithoutName", "expect: { counter.S: 1 }\n", 12, 11, "neither an assumption nor a metric", ""},
    {"DeviceIdTooWide",
     "platform: { its: { A: { device-id-bits: 8 } } }\ntraffic: { epA: [ { msi: { period: 1 us } } ] }\n", 13, 12,
     "DeviceID 0x300 of `epA` does not fit", ""},
    {"StreamIdTooWide",
     "platform: { smmu: { S: { stream-id-bits: 9 } } }\ntraffic: { epA: [ { dma-write: { period: 1 us } } ] }\n", 13,
     12, "StreamID 0x300 of `epA` does not fit", ""},
    {"EventIdTooNarrow",
     "platform: { its: { A: { event-id-bits: 2 } } }\ntraffic: { epA: [ { msi: { period: 1 us } } ] }\n", 13, 12,
     "do not fit the 2 EventID bits", ""},
    {"NoIts", "platform: { its: {} }\ntraffic: { epB: [ { msi: { period: 1 us } } ] }\n", 13, 12,
     "no entry of `msi-map` covers `epB`, requester ID 0x0400", "at 04:00.0"},
    {"UnknownExpectation", "expect: { doorbell-per-grup: holds }\n", 12, 11, "neither an assumption nor a metric",
     "did you mean `doorbell-per-group`?"},
    {"UnknownMetric", "expect: { epA.msi.latency.p98: < 1 us }\n", 12, 11, "neither", "`epA.msi.latency.p99`"},
    {"UnknownOutcome", "expect: { doorbell-per-group: maybe }\n", 12, 31, "no such outcome", "holds, violated"},
    {"TimeForACount", "expect: { msi.lost: 3 us }\n", 12, 22, "without a unit", ""},
    {"CountForATime", "expect: { msi.latency.p99: < 3 }\n", 12, 30, "has no unit", "< 3 us"},
    {"EmptyRange", "expect: { msi.lost: 5..3 }\n", 12, 21, "the range is empty", ""},
    {"ExpectationOfNobody", "expect: { epX.msi.lost: 0 }\n", 12, 11, "there is no endpoint `epX`", "epA"},
    {"NestedExpectation", "expect: { msi: { lost: 0 } }\n", 12, 16, "must be a single value", ""},
};

INSTANTIATE_TEST_SUITE_P(All, Errors, testing::ValuesIn(mistakes), [](const testing::TestParamInfo<Mistake> &mistake) {
    return std::string(mistake.param.what);
});

struct PcieMistake {
    const char *what;
    const char *root_complex; /* the content of rc0, from line 4 on, indented by four */
    unsigned line;
    const char *message;
    const char *hint;
};

class PcieErrors : public testing::TestWithParam<PcieMistake>
{
};

TEST_P(PcieErrors, IsReportedInItsPlace)
{
    const PcieMistake &mistake = GetParam();
    Loaded loaded(std::string("doorbell: 1\npcie:\n  rc0:\n") + mistake.root_complex);

    EXPECT_FALSE(loaded);
    EXPECT_EQ(loaded.diagnostics().error_count, 1u) << loaded.said();
    ASSERT_GE(loaded.diagnostics().count, 1u);
    const diagnostic &error = loaded.diagnostics().items[0];
    EXPECT_EQ(error.line, mistake.line) << loaded.said();
    EXPECT_NE(std::string(error.message).find(mistake.message), std::string::npos) << loaded.said();
    if (mistake.hint[0] != '\0') {
        ASSERT_NE(error.hint, nullptr) << loaded.said();
        EXPECT_NE(std::string(error.hint).find(mistake.hint), std::string::npos) << loaded.said();
    }
}

#define ONE "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n"

const PcieMistake pcie_mistakes[] = {
    {"NoRootPorts", "    segment: 0\n", 3, "`root-ports` is missing in pcie.rc0", ""},
    {"NoEndpoint", "    root-ports: { rp0: {} }\n", 3, "there is no endpoint", ""},
    {"TwoBelowARootPort",
     "    root-ports: { rp0: { below: { ep0: { endpoint: {} },\n        ep1: { endpoint: {} } } } }\n", 5,
     "`ep1` is the second", "a switch between"},
    {"NeitherSwitchNorEndpoint", "    root-ports: { rp0: { below: { ep0: {} } } }\n", 4, "neither a switch nor",
     "endpoint: {}"},
    {"SwitchAndEndpoint", "    root-ports: { rp0: { below: { ep0: { switch: {},\n        endpoint: {} } } } }\n", 4,
     "both a switch and an endpoint", ""},
    {"BelowAnEndpoint",
     "    root-ports: { rp0: { below: { ep0: { endpoint: {},\n        below: { e: { endpoint: {} } } } } } }\n", 5,
     "`below` has no meaning here", "`switch`"},
    {"LinkBelowARootPort", "    root-ports: { rp0: { below: { ep0: { endpoint: {},\n        link: {} } } } }\n", 5,
     "is that of root port `rp0`", "at the root port"},
    {"PortBelowARootPort", "    root-ports: { rp0: { below: { ep0: { endpoint: {},\n        port: {} } } } }\n", 5,
     "is root port `rp0`", "at the root port"},
    {"PortsCollide",
     "    root-ports: { rp0: { device: 1, below: { ep0: { endpoint: {} } } },\n        rp1: { device: 1 } }\n", 5,
     "two ports on one bus have device 1, function 0", ""},
    {"FunctionWithoutDevice",
     "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } },\n        rp1: { function: 1 } }\n", 5,
     "no device number", ""},
    {"NoFunctionZero",
     "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } },\n        rp1: { device: 2, function: 1 } }\n", 5,
     "no function 0", ""},
    {"BusesBackwards", "    first-bus: 9\n    last-bus: 8\n" ONE, 3, "beyond `last-bus`", ""},
    {"OutOfBuses", "    last-bus: 1\n    root-ports:\n      rp0: {}\n      rp1: { below: { ep0: { endpoint: {} } } }\n",
     7, "runs out of bus numbers", "buses 0 to 1"},
    {"TooManyPorts",
     "    root-ports: { rp0: { below: { sw: { switch: { multifunction-ports: yes }, below: { a: { endpoint: {} },\n"
     "        b: { endpoint: {} }, c: { endpoint: {} }, d: { endpoint: {} }, e: { endpoint: {} }, f: { endpoint: {} "
     "},\n"
     "        g: { endpoint: {} }, h: { endpoint: {} },\n        i: { endpoint: {} } } } } } }\n",
     7, "too many ports on one bus: 8", ""},
    {"PartWithLink",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: {}, link: { width: 1 } } } } "
     "} "
     "} }\n",
     4, "`a` shares the link of device `mf`", "write `link` at the device"},
    {"PartWithPort",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: {}, port: { acs: full } } } } "
     "} "
     "} }\n",
     4, "`a` has no port of its own", "that of device `mf`"},
    {"PartOfAnotherKind",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { bridge: {}, below: { b: { endpoint: {} "
     "} "
     "} } } } } } }\n",
     4, "`a` is neither", ""},
    {"PartWithNumbersOfItsOwn",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: { ari: yes } } } } } } }\n", 4,
     "shares its function numbers", "have them to themselves"},
    {"PartWithAnAlias",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: { dma-alias: 8 } } } } } } "
     "}\n",
     4, "shares its function numbers", "have them to"},
    {"DeviceWithoutParts", "    root-ports: { rp0: { below: { mf: { multifunction: {} } } } }\n", 4,
     "device `mf` has no parts", "write below"},
    {"TooManyFunctions",
     "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: { functions: 8 } },\n"
     "        sw: { switch: {}, below: { b: { endpoint: {} } } } } } } } }\n",
     5, "more than 8 functions", "a switch takes one number"},
    {"DeviceWithChannels",
     "    root-ports: { rp0: { link: { virtual-channels: 2 }, below: { mf: { multifunction: {},\n"
     "        below: { a: { endpoint: {} } } } } } }\n",
     4, "only one virtual channel", ""},
    {"AcsOfALoneUpstreamPort",
     "    root-ports: { rp0: { below: { sw: { switch: { upstream-acs: full }, below: { b: { endpoint: {} } } } } } }\n",
     4, "its device's only function", "`multifunction` device"},
    {"WrongSmmu", "    iommu-map: [[0, smmu, 0, 1]]\n" ONE, 4, "there is no SMMU `smmu`", "did you mean `smmu0`?"},
    {"WrongIts", "    msi-map: [[0, its1, 0, 1]]\n" ONE, 4, "there is no ITS `its1`", "did you mean `its0`?"},
    {"ItsIsASmmu", "    msi-map: [[0, smmu0, 0, 1]]\n" ONE, 4, "`smmu0` is no ITS: it is an SMMU", ""},
    {"BaseOutsideMask", "    msi-map-mask: 0xff00\n    msi-map: [[0x0101, its0, 0, 1]]\n" ONE, 5,
     "outside `msi-map-mask`", "never match"},
    {"MapOfTwo", "    msi-map: [[0, its0]]\n" ONE, 4, "a list of four", "ITS, DeviceID base"},
    {"MapBeyondRids", "    msi-map: [[0xff00, its0, 0, 0x101]]\n" ONE, 4, "beyond the last requester ID", "0x100"},
    {"MapOfNothing", "    msi-map: [[0, its0, 0, 0]]\n" ONE, 4, "covers nothing", ""},
    {"MapBeyondOutputs", "    msi-map: [[0, its0, 0xffff_ffff, 2]]\n" ONE, 4, "beyond 32 bits", ""},
    {"BadAcs", "    root-ports: { rp0: { acs: [SV, RX], below: { ep0: { endpoint: {} } } } }\n", 4,
     "`RX` is no ACS control", "did you mean `RR`?"},
    {"AcsControlWithoutCapability",
     "    root-ports: { rp0: { acs: { cap: [SV], ctrl: [RR] }, below: { ep0: { endpoint: {} } } } }\n", 4,
     "`cap` does not have", ""},
    {"AcsWord", "    root-ports: { rp0: { acs: yes, below: { ep0: { endpoint: {} } } } }\n", 4,
     "`none`, `full` or a list", "[SV, RR, CR, UF]"},
    {"BarNoPowerOfTwo", "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [96 KiB] } } } } }\n", 4,
     "cannot be the size of a BAR", "4 KiB to 1 GiB"},
    {"SevenBars",
     "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [4 KiB, 4 KiB, 4 KiB, 4 KiB, 4 KiB, 4 KiB,\n        4 "
     "KiB] } "
     "} } "
     "} }\n",
     5, "at most 6 BARs", ""},
    {"NoBarForMsix", "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [] } } } } }\n", 4, "no BAR to hold",
     ""},
    {"BarTooSmallForMsix", "    root-ports: { rp0: { below: { ep0: { endpoint: { msi-x: 256, bars: [4 KiB] } } } } }\n",
     4, "too small", "8192 bytes"},
    {"BarsBeyondWindow",
     "    mmio: { size: 1 MiB }\n    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [2 MiB] } } } } }\n", 4,
     "need 2 MiB or more", ""},
    {"MmioBeyond4GiB",
     "    mmio: { base: 0xfff0_0000, size: 2 MiB }\n" ONE "platform: { memory: { base: 0x2_0000_0000 } }\n", 4,
     "below 4 GiB", ""},
    {"TooManyVectors",
     "    root-ports: { rp0: { below: { sw: { switch: {}, below: { a: { endpoint: { msi-x: 2048, functions: 8 } },\n"
     "        b: { endpoint: { msi-x: 2048, functions: 8 } }, c: { endpoint: { msi-x: 2048, functions: 8 } },\n"
     "        d: { endpoint: { msi-x: 2048, functions: 8 } } } } } } }\n",
     0, "65536 vectors, but there are 57344 LPIs", "lpi-id-bits"},
};

INSTANTIATE_TEST_SUITE_P(All, PcieErrors, testing::ValuesIn(pcie_mistakes),
                         [](const testing::TestParamInfo<PcieMistake> &mistake) {
                             return std::string(mistake.param.what);
                         });

TEST(AllErrors, AreReportedInOneGoAndInOrder)
{
    Loaded loaded(small("titel: x\n"
                        "duration: 5\n"
                        "platform: { pe: { count: 0 }, memory: { latency: 80 } }\n"
                        "software: { grouping: windows }\n"
                        "traffic: { epC: [ { msi: {} } ] }\n"
                        "expect: { msi.lots: 0 }\n"),
                  {"smmu.S.tlb.entries=0"});

    EXPECT_FALSE(loaded);
    EXPECT_EQ(loaded.diagnostics().error_count, 9u) << loaded.said();
    unsigned line = 0;
    for (size_t i = 0; i + 1 < loaded.diagnostics().count; i++) {
        EXPECT_GE(loaded.diagnostics().items[i].line, line);
        line = loaded.diagnostics().items[i].line;
    }
    EXPECT_STREQ(loaded.diagnostics().items[8].file, "--set");
}

TEST(AllErrors, LookAsPromised)
{
    Loaded loaded(small("platform: { memory: { latency: 80, size: 4 GiB } }\n"), {"smmu.S.tlb.entires=64"});

    EXPECT_EQ(loaded.said(), "t.yaml:12:32: error[E1106]: `latency: 80`: has no unit: write a time with fs, ps, ns, "
                             "us, ms or s, for example "
                             "`80 ns`\n"
                             "    12 | platform: { memory: { latency: 80, size: 4 GiB } }\n"
                             "       |                                ^~\n"
                             "--set:1:12: error[E1101]: unknown key `entires` in `platform.smmu.S.tlb`\n"
                             "     1 | smmu.S.tlb.entires=64\n"
                             "       |            ^~~~~~~\n"
                             "       = did you mean `entries`?\n");
}

TEST(AllErrors, AreCountedWhenTheyAreTooMany)
{
    std::string text = small();
    for (int i = 0; i < 150; i++) {
        text += "key" + std::to_string(i) + ": 1\n";
    }
    Loaded loaded(text);

    EXPECT_EQ(loaded.diagnostics().error_count, 150u);
    EXPECT_EQ(loaded.diagnostics().count, static_cast<size_t>(DIAGNOSTICS_MAX_ERRORS));
    EXPECT_NE(loaded.said().find("50 more errors"), std::string::npos);
}

TEST(AllErrors, LongLinesAreShownAroundTheCaret)
{
    std::string text = small("title: \"" + std::string(500, 'x') + "\"\nplatform: { " + std::string(300, ' ') +
                             "pe: { count: 0 } }\n");
    Loaded loaded(text);
    std::string said = loaded.said();

    ASSERT_FALSE(loaded);
    std::istringstream lines(said);
    std::string message;
    std::string source;
    std::string caret;
    std::getline(lines, message);
    std::getline(lines, source);
    std::getline(lines, caret);
    EXPECT_LT(source.size(), 200u);
    ASSERT_LT(caret.find('^'), source.size()) << said;
    EXPECT_EQ(source[caret.find('^')], '0') << said;
}

/* The caret stands below the character that it means, whatever stands before it. */
TEST(AllErrors, CaretsCountCharacters)
{
    Loaded loaded(small("title: \"\xc3\xa4\xc3\xb6\xc3\xbc\"\nplatform: { pe: { clock: 2 \xc2\xb5Hz } }\n"));

    ASSERT_EQ(loaded.diagnostics().count, 1u);
    EXPECT_EQ(loaded.diagnostics().items[0].column, 28u);
    EXPECT_EQ(loaded.diagnostics().items[0].span, 3u);
}

TEST(AllErrors, AScenarioIsAMap)
{
    for (const char *text : {"[1, 2]\n", "hello\n", "42\n"}) {
        Loaded loaded(text);
        EXPECT_FALSE(loaded);
        EXPECT_NE(loaded.said().find("a scenario is a map"), std::string::npos) << loaded.said();
    }
}

TEST(AllErrors, TheVersionIsAskedFor)
{
    Loaded none("pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n");
    Loaded two("doorbell: 2\npcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n");

    EXPECT_NE(none.said().find("`doorbell` is missing"), std::string::npos) << none.said();
    EXPECT_NE(two.said().find("`doorbell: 2` is too large"), std::string::npos) << two.said();
}

} // namespace
