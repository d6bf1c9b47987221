/* Text of lspci: what it holds, and what is wrong with it. */
#include "import/lspci.h"
#include "tests/import/imported.h"

namespace
{

using import_test::Config;
using import_test::Folder;
using import_test::Imported;

const uint32_t bridge_class = 0x060400;

std::string root_port(unsigned device, unsigned secondary, unsigned subordinate)
{
    char place[16];

    snprintf(place, sizeof(place), "00:%02x.0", device);
    return Config(0x13b5, 0x0100, bridge_class).bridge(0, secondary, subordinate).pcie(4).acs(0x5f, 0x1d).dump(place);
}

const std::string port_and_endpoint =
    root_port(1, 1, 1) + Config(0x144d, 0xa808, 0x010802).pcie(0).msix(33).dump("01:00.0");

TEST(Lspci, WhatTheBytesSayIsInTheScenario)
{
    Folder folder;
    Imported made({folder.write("lspci.txt", port_and_endpoint)});

    ASSERT_TRUE(made.planned) << made.errors;
    ASSERT_EQ(made.scenario->device_count, 1u);
    EXPECT_EQ(made.scenario->devices[0]->endpoint->msix_vectors, 33u);
    EXPECT_EQ(made.scenario->devices[0]->endpoint->vendor_id, 0x144du);
    EXPECT_EQ(made.scenario->devices[0]->endpoint->device_id, 0xa808u);
    EXPECT_EQ(made.scenario->devices[0]->link.width, 4u);
    EXPECT_EQ(made.groups(), (std::set<std::set<unsigned>>{{0x008}, {0x100}})) << "ACS is on at the root port";
    EXPECT_EQ(made.text.find(folder.path()), std::string::npos) << "no path of this machine is in the text";
}

/** Sizes of a device's BARs, in KiB. */
std::vector<uint64_t> bars_of(const Imported &made)
{
    const scenario_bars &bars = made.scenario->devices[0]->endpoint->bars;
    std::vector<uint64_t> sizes;

    for (size_t i = 0; i < bars.count; i++) {
        sizes.push_back(bars.sizes[i] / 1024);
    }
    return sizes;
}

/** The text with lines of -v between the endpoint's first and its bytes. */
std::string with_regions(const std::string &regions)
{
    std::string text = port_and_endpoint;

    return text.insert(text.find('\n', text.find("01:00.0")) + 1, regions);
}

TEST(Lspci, SizesOfBarsAreThoseOfTheRegions)
{
    const std::string two = "\tRegion 0: Memory at 11000000 (32-bit, non-prefetchable) [size=512]\n"
                            "\tRegion 1: I/O ports at 2000 [disabled] [size=32]\n"
                            "\tRegion 2: Memory at 8000400000 (64-bit, prefetchable) [disabled] [size=16K]\n"
                            "\tExpansion ROM at 10240000 [disabled] [size=256K]\n";
    Folder folder;
    Imported none({folder.write("none.txt", port_and_endpoint)});
    Imported made({folder.write("made.txt", with_regions(two))});
    Imported verbose({folder.write("v.txt", with_regions("\tMemory at f8000000 (64-bit, prefetchable) [size=8M]\n"))});
    Imported large({folder.write("large.txt", with_regions("\tMemory at 0 (64-bit, prefetchable) [size=16G]\n"))});
    Imported odd({folder.write("odd.txt", with_regions("\tMemory at 0 (64-bit, prefetchable) [size=3M]\n"))});

    ASSERT_TRUE(none.planned && made.planned && verbose.planned && large.planned && odd.planned);
    EXPECT_EQ(bars_of(none), (std::vector<uint64_t>{64})) << "the default";
    /* 33 vectors need 1056 bytes: the second region comes first. */
    EXPECT_EQ(bars_of(made), (std::vector<uint64_t>{16, 4}));
    EXPECT_EQ(bars_of(verbose), (std::vector<uint64_t>{8192}));
    EXPECT_EQ(bars_of(large), bars_of(none));
    EXPECT_NE(large.text.find("left out: the sizes of BARs"), std::string::npos);
    EXPECT_EQ(bars_of(odd), bars_of(none));
}

TEST(Lspci, WhatSurroundsTheDumpsIsPassedOver)
{
    Folder folder;
    std::string text = port_and_endpoint;
    const size_t first = text.find('\n') + 1;

    text.insert(first, "\tSubsystem: Somebody\n\tCapabilities: [40] Express: something\n");
    Imported made({folder.write("a.txt", "=== a log\n00:01.0 PCI bridge, without a dump\n\nother: text\r\n" + text)});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_TRUE(made.has(0x100));
}

TEST(Lspci, LinesOfZerosMayBeMissing)
{
    Folder folder;
    std::istringstream lines(port_and_endpoint);
    std::string text;

    for (std::string line; std::getline(lines, line);) {
        if (line.find(": 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") == std::string::npos) {
            text += line + "\r\n";
        }
    }
    Imported whole({folder.write("lspci.txt", port_and_endpoint)});
    Imported sparse({folder.write("sparse/lspci.txt", text)});

    ASSERT_TRUE(whole.planned && sparse.planned) << sparse.errors;
    EXPECT_LT(text.size(), port_and_endpoint.size() / 4);
    EXPECT_EQ(whole.groups(), sparse.groups());
    EXPECT_EQ(sparse.scenario->devices[0]->endpoint->msix_vectors, 33u);
}

/** What is said of a text that is wrong. */
std::string complaint(const std::string &text)
{
    Folder folder;
    Imported made({folder.write("bad.txt", text)});

    EXPECT_FALSE(made.good);
    return made.errors;
}

TEST(Lspci, ErrorsHaveTheirPlace)
{
    std::string text = port_and_endpoint;

    text.replace(text.find("10: "), 9, "10: 00 0g");
    std::string said = complaint(text);
    EXPECT_NE(said.find("bad.txt:3:9: error[E2103]: this is no byte in hexadecimal"), std::string::npos) << said;
    EXPECT_NE(said.find("         ^"), std::string::npos) << said;

    text = port_and_endpoint;
    text.replace(text.find("10: "), 4, "14: ");
    said = complaint(text);
    EXPECT_NE(said.find("bad.txt:3:1: error[E2103]: this offset is no multiple of 16"), std::string::npos) << said;

    text = port_and_endpoint;
    text.insert(text.find('\n', text.find("10: ")), " 00");
    said = complaint(text);
    EXPECT_NE(said.find("this line has more than 16 bytes"), std::string::npos) << said;

    text = port_and_endpoint;
    text.erase(text.find('\n', text.find("10: ")) - 3, 3);
    said = complaint(text);
    EXPECT_NE(said.find("this line ends early"), std::string::npos) << said;
}

TEST(Lspci, DumpsWithoutCapabilitiesAreRefused)
{
    std::string text = "00:01.0 PCI bridge: Something\n";
    std::istringstream lines(port_and_endpoint);
    std::string line;

    std::getline(lines, line);
    for (unsigned i = 0; i < 4; i++) {
        std::getline(lines, line);
        text += line + "\n";
    }
    std::string said = complaint(text);
    EXPECT_NE(said.find("bad.txt:1: error[E2104]: the configuration space of 00:01.0 ends before its capabilities"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("run `lspci -xxxx` as root"), std::string::npos);
    said = complaint("something else\n");
    EXPECT_NE(said.find("this is no description of a machine"), std::string::npos) << said;
}

TEST(Lspci, CapabilitiesThatGoRoundInCirclesEnd)
{
    Folder folder;
    std::string text = root_port(1, 1, 1);

    text += Config(0x144d, 0xa808, 0x010802)
                .pcie(0)
                .put(0x41, 0x40, 1)
                .extended(0x000d, 0x100, false)
                .put(0x102, 0x1001, 2)
                .dump("01:00.0");
    Imported made({folder.write("lspci.txt", text)});

    EXPECT_TRUE(made.planned) << made.errors;
}

TEST(Lspci, BridgesThatShareABusAreFollowedOnce)
{
    Folder folder;
    std::string text = root_port(1, 1, 9);

    text += Config(1, 1, bridge_class).bridge(1, 2, 9).pcie(5).dump("01:00.0");
    for (unsigned device = 0; device < 4; device++) {
        char place[16];

        snprintf(place, sizeof(place), "02:%02x.0", device);
        text += Config(1, 2, bridge_class).bridge(2, 3, 9).pcie(6).dump(place);
    }
    text += Config(1, 3, 0x020000).pcie(0).msix(2).dump("03:00.0");
    Imported made({folder.write("lspci.txt", text)});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_NE(made.text.find("# left out: what is below 02:01.0"), std::string::npos) << made.text;
    EXPECT_TRUE(made.has(0x300));
}

} // namespace
