/* Mistakes in what makes an endpoint more than one function, and in what stands below a bridge. */
#include "tests/scenario/loaded.h"

#include <gtest/gtest.h>

namespace
{

struct Mistake {
    const char *what;
    const char *device; /* the device below the root port, from line 7 on */
    unsigned line;
    const char *message; /* part of it */
    const char *hint;    /* part of it; "" if none is asked for */
};

class FunctionErrors : public testing::TestWithParam<Mistake>
{
};

TEST_P(FunctionErrors, AreReportedInTheirPlace)
{
    const Mistake &mistake = GetParam();
    Loaded loaded(std::string("doorbell: 1\npcie:\n  rc0:\n    root-ports:\n      rp0:\n        below:\n") +
                  mistake.device);

    EXPECT_FALSE(loaded);
    ASSERT_GE(loaded.diagnostics().count, 1u);
    const diagnostic &error = loaded.diagnostics().items[0];
    EXPECT_EQ(loaded.diagnostics().error_count, 1u) << "one mistake, one error:\n" << loaded.said();
    EXPECT_EQ(error.line, mistake.line) << loaded.said();
    EXPECT_NE(std::string(error.message).find(mistake.message), std::string::npos) << loaded.said();
    if (mistake.hint[0] != '\0') {
        ASSERT_NE(error.hint, nullptr) << loaded.said();
        EXPECT_NE(std::string(error.hint).find(mistake.hint), std::string::npos) << loaded.said();
    }
}

const Mistake mistakes[] = {
    {"VfsWithoutAri", "          x: { endpoint: { sr-iov: { vfs: 9 } } }\n", 7, "where there is only device 0",
     "ari: yes"},
    {"VfsOnEachOther",
     "          x:\n            endpoint:\n              functions: 2\n              sr-iov: { stride: 1 }\n", 10,
     "two functions of `x` would have one requester ID", "of 2 keep them apart"},
    {"VfsBeyondAllBuses", "          x: { endpoint: { sr-iov: { vfs: 1024, stride: 256, first-offset: 256 } } }\n", 7,
     "need more buses than there can be", ""},
    {"VfsBeyondTheLastBus", "          x: { endpoint: { sr-iov: { vfs: 255, stride: 256, first-offset: 256 } } }\n", 7,
     "runs out of bus numbers", "buses 0 to 255"},
    {"MoreVfsEnabledThanThereAre", "          x: { endpoint: { sr-iov: { vfs: 2, enabled: 3 } } }\n", 7,
     "`enabled` is more than the 2 VFs", ""},
    {"VfBarTooSmall", "          x: { endpoint: { sr-iov: { msi-x: 1024 } } }\n", 7,
     "the first BAR of a VF of `x`, 16 KiB, is too small", "need 32768 bytes"},
    {"NoSuchVf",
     "          x: { endpoint: { sr-iov: { enabled: 2 } } }\ntraffic: { x/vf3: [ { msi: { period: 1 us } } ] }\n", 8,
     "there is no VF 3", ""},
    {"NoVfs", "          x: { endpoint: {} }\ntraffic: { x/vf1: [ { msi: { period: 1 us } } ] }\n", 8,
     "has no virtual functions", "sr-iov: {vfs: 4}"},
    {"NoFunctionName", "          x: { endpoint: {} }\ntraffic: { x/vf: [ { msi: { period: 1 us } } ] }\n", 8,
     "names no function", "epA/vf1"},
    {"PhantomsLeaveNoRoom", "          x: { endpoint: { functions: 3, phantom-functions: 2 } }\n", 7,
     "leaves numbers for 2 functions", ""},
    {"PhantomsAndVfs", "          x: { endpoint: { phantom-functions: 1, sr-iov: {} } }\n", 7,
     "cannot have phantom functions together with `sr-iov`", ""},
    {"NoSuchCapability", "          x: { endpoint: { capabilities: [[msi_x, 0x60]] } }\n", 7,
     "`msi_x` is no capability", "did you mean `msi-x`?"},
    {"CapabilitiesOverlap", "          x: { endpoint: { capabilities: [[pcie, 0x40], [msi-x, 0x70]] } }\n", 7,
     "capability `msi-x` at 0x70 overlaps `pcie` at 0x40", "60 bytes"},
    {"CapabilityOutside", "          x: { endpoint: { capabilities: [[pcie, 0xd0]] } }\n", 7, "cannot lie at 0xd0",
     "from 0x40 to 0xc4"},
    {"CapabilityTwice", "          x: { endpoint: { capabilities: [[pm, 0x40], [pm, 0x50]] } }\n", 7,
     "`pm` is written twice", ""},
    {"ExtendedNotFirst", "          x: { endpoint: { capabilities: [[aer, 0x140]] } }\n", 7, "begins at 0x100", ""},
    {"CapabilityThatIsNotThere", "          x: { endpoint: { capabilities: [[sr-iov, 0x100]] } }\n", 7,
     "places `sr-iov`, which `x` does not have", ""},
    {"PairExpected", "          x: { endpoint: { capabilities: [[pm]] } }\n", 7, "is a list of two", "[msi-x, 0x70]"},
    {"EmptyBridge", "          x: { bridge: {} }\n", 7, "nothing stands below bridge `x`", "below:"},
    {"BridgeAndEndpoint", "          x: { bridge: {}, endpoint: {}, below: { y: { endpoint: {} } } }\n", 7,
     "is both a bridge and an endpoint", ""},
    {"SwitchBelowBridge", "          x: { bridge: {}, below: { y: { switch: {}, below: { z: { endpoint: {} } } } } }\n",
     7, "only endpoints can stand: `y` is none", ""},
    {"AtsBelowBridge", "          x: { bridge: {}, below: { y: { endpoint: { ats: {} } } } }\n", 7,
     "conventional PCI has no `ats`", ""},
    {"LinkBelowBridge", "          x: { bridge: {}, below: { y: { endpoint: {}, link: { width: 1 } } } }\n", 7,
     "there is no link above `y`", "`clock` and `width`"},
    {"PortBelowBridge", "          x: { bridge: {}, below: { y: { endpoint: {}, port: { acs: full } } } }\n", 7,
     "there is no port above `y`", "`slot`"},
    {"SlotTwice",
     "          x: { bridge: {}, below: { y: { endpoint: {}, slot: 3 }, z: { endpoint: {}, slot: 3 } } }\n", 7,
     "two devices on the bus of `x` have number 3", ""},
    {"SlotWithoutBridge", "          x: { endpoint: {}, slot: 3 }\n", 7, "does not stand below a bridge", ""},
};

INSTANTIATE_TEST_SUITE_P(All, FunctionErrors, testing::ValuesIn(mistakes),
                         [](const auto &given) { return std::string(given.param.what); });

} // namespace
