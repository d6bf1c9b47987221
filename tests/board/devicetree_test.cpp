/* The importer: what it takes from a tree, what it makes of oddities, and what it refuses with which words. */
#include "tests/board/fixture.h"
#include "tests/support/folder.h"

#include "scenario/devicetree_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace
{

bool has_note(const Description &description, const std::string &where, const std::string &part)
{
    for (size_t i = 0; i < description.data.note_count; i++) {
        if (where == description.data.notes[i].where &&
            std::string(description.data.notes[i].what).find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

TEST(DeviceTree, HostItsAndSmmuAreFound)
{
    Tree tree;
    Blob blob = tree.text("model", "Test board")
                    .its(1, 0x10000000)
                    .smmu(2, 0x20000000)
                    .host(0x40000000, 15)
                    .cells("linux,pci-domain", {3})
                    .cells("msi-map", {0x100, 1, 0x1100, 0x80})
                    .cells("msi-map-mask", {0xffff})
                    .cells("iommu-map", {0, 2, 0x10, 0x10000})
                    .empty("ats-supported")
                    .end()
                    .finish();
    Description description(blob);

    ASSERT_EQ(description.status, BOARD_OK) << description.error.text;
    EXPECT_STREQ(description.data.model, "Test board");
    ASSERT_EQ(description.data.controller_count, 1u);
    EXPECT_TRUE(description.data.controllers[0].is_its);
    EXPECT_EQ(description.data.controllers[0].base, 0x10000000u);
    ASSERT_EQ(description.data.iommu_count, 1u);
    EXPECT_EQ(description.data.iommus[0].kind, FIRMWARE_IOMMU_SMMUV3);
    const firmware_host &host = description.host("/pcie@40000000");
    EXPECT_EQ(host.segment, 3u);
    EXPECT_TRUE(host.ats_supported);
    EXPECT_EQ(host.bus_last, 15u);
    ASSERT_EQ(host.msi_map.count, 1u);
    EXPECT_EQ(host.msi_map.mask, 0xffffu);
    EXPECT_EQ(host.msi_map.entries[0].base, 0x100u);
    EXPECT_EQ(host.msi_map.entries[0].out[0], 0x1100u);
    EXPECT_EQ(host.msi_map.entries[0].length, 0x80u);
    EXPECT_EQ(host.msi_map.entries[0].target, 0u);
    EXPECT_FALSE(host.iommu_map.mask_given);
    EXPECT_EQ(host.iommu_map.mask, UINT32_MAX);
}

TEST(DeviceTree, BridgeNodesBelowAHostAreNoHosts)
{
    Tree tree;
    Blob blob = tree.host(0x40000000).begin("pcie@0").text("device_type", "pci").end().end().finish();
    Description description(blob);

    ASSERT_EQ(description.status, BOARD_OK);
    EXPECT_EQ(description.data.host_count, 1u);
}

TEST(DeviceTree, MapBelowAHostIsNoted)
{
    Tree tree;
    Blob blob = tree.its(1, 0x10000000)
                    .host(0x40000000)
                    .begin("pcie@0")
                    .text("device_type", "pci")
                    .cells("msi-map", {0, 1, 0, 0x10000})
                    .end()
                    .end()
                    .finish();
    Description description(blob);

    EXPECT_TRUE(has_note(description, "/pcie@40000000/pcie@0", "map of its own"));
    EXPECT_EQ(description.data.other_count, 1u);
}

TEST(DeviceTree, AddressesAreTranslatedThroughEveryBus)
{
    Tree tree;
    Blob blob = tree.begin("outer")
                    .cells("#address-cells", {2})
                    .cells("#size-cells", {1})
                    .cells("ranges", {0x0, 0x0, 0x80000000, 0x1000, 0x0, 0x1000000, 0x90000000, 0x100000})
                    .begin("inner")
                    .cells("#address-cells", {1})
                    .cells("#size-cells", {1})
                    .cells("ranges", {0x0, 0x0, 0x1000000, 0x200000})
                    .its(1, 0x40000)
                    .its(2, 0x180000) /* beyond what the outer bus forwards */
                    .end()
                    .end()
                    .finish();
    Description description(blob);

    ASSERT_EQ(description.status, BOARD_OK);
    ASSERT_EQ(description.data.controller_count, 2u);
    EXPECT_TRUE(description.data.controllers[0].base_known);
    EXPECT_EQ(description.data.controllers[0].base, 0x90040000u);
    EXPECT_FALSE(description.data.controllers[1].base_known);
    EXPECT_TRUE(has_note(description, "/outer/inner/its@180000", "doorbell is unknown"));
}

TEST(DeviceTree, BusWithoutRangesTranslatesNothingAndEmptyRangesEverything)
{
    Tree tree;
    Blob blob = tree.begin("closed")
                    .cells("#address-cells", {1})
                    .cells("#size-cells", {1})
                    .its(1, 0x1000000)
                    .end()
                    .begin("open")
                    .cells("#address-cells", {1})
                    .cells("#size-cells", {1})
                    .empty("ranges")
                    .its(2, 0x2000000)
                    .end()
                    .finish();
    Description description(blob);

    EXPECT_FALSE(description.data.controllers[0].base_known);
    EXPECT_EQ(description.data.controllers[1].base, 0x2000000u);
}

TEST(DeviceTree, StatusIsInherited)
{
    Tree tree;
    Blob blob = tree.begin("off")
                    .text("status", "disabled")
                    .empty("ranges")
                    .cells("#address-cells", {1})
                    .cells("#size-cells", {1})
                    .its(1, 0x1000000)
                    .end()
                    .begin("on")
                    .text("status", "ok")
                    .empty("ranges")
                    .cells("#address-cells", {1})
                    .cells("#size-cells", {1})
                    .its(2, 0x2000000)
                    .its(3, 0x3000000, false)
                    .end()
                    .finish();
    Description description(blob);

    ASSERT_EQ(description.data.controller_count, 3u);
    EXPECT_FALSE(description.data.controllers[0].available);
    EXPECT_TRUE(description.data.controllers[1].available);
    EXPECT_FALSE(description.data.controllers[2].available);
}

TEST(DeviceTree, SegmentsAreNumberedAroundThoseThatAreGiven)
{
    Tree tree;
    Blob blob = tree.host(0x40000000)
                    .end()
                    .host(0x50000000)
                    .cells("linux,pci-domain", {0})
                    .end()
                    .host(0x60000000)
                    .end()
                    .finish();
    Description description(blob);

    EXPECT_EQ(description.host("/pcie@40000000").segment, 1u);
    EXPECT_EQ(description.host("/pcie@50000000").segment, 0u);
    EXPECT_EQ(description.host("/pcie@60000000").segment, 2u);
}

TEST(DeviceTree, ImpossibleBusRangeIsNotedAndTakenAsAll)
{
    for (const std::vector<uint32_t> &buses :
         {std::vector<uint32_t>{0x10, 0x0f}, std::vector<uint32_t>{0, 0x100}, std::vector<uint32_t>{5}}) {
        Tree tree;
        Blob blob = tree.begin("pcie@1").text("device_type", "pci").cells("bus-range", buses).end().finish();
        Description description(blob);

        EXPECT_FALSE(description.host("/pcie@1").bus_given);
        EXPECT_EQ(description.host("/pcie@1").bus_first, 0u);
        EXPECT_EQ(description.host("/pcie@1").bus_last, 0xffu);
        EXPECT_TRUE(has_note(description, "/pcie@1", "bus-range"));
    }
}

/* A host with an iommu-map to the SMMUs: phandle 2 has one cell, 3 two, 4 none given, 5 a hundred. */
firmware_map decode_iommu_map(const std::vector<uint32_t> &cells, size_t cut_bytes = 0)
{
    static std::vector<firmware_map_entry> kept;
    Tree tree;
    std::vector<uint8_t> bytes;

    for (uint32_t cell : cells) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes.push_back(static_cast<uint8_t>(cell >> shift));
        }
    }
    bytes.resize(bytes.size() - cut_bytes);
    Blob blob = tree.smmu(2, 0x20000000)
                    .begin("iommu@3")
                    .text("compatible", "arm,mmu-500")
                    .cells("#iommu-cells", {2})
                    .cells("phandle", {3})
                    .end()
                    .begin("iommu@4")
                    .text("compatible", "vendor,iommu")
                    .cells("phandle", {4})
                    .end()
                    .begin("iommu@5")
                    .cells("#iommu-cells", {100})
                    .cells("phandle", {5})
                    .end()
                    .host(0x40000000)
                    .bytes("iommu-map", bytes)
                    .end()
                    .finish();
    Description description(blob);
    firmware_map map = description.host("/pcie@40000000").iommu_map;

    kept.assign(map.entries, map.entries + map.count);
    map.entries = kept.data();
    return map;
}

TEST(DeviceTree, EntriesAreAsLongAsTheirTargetSays)
{
    firmware_map map = decode_iommu_map({0x0, 2, 0x400, 0x10, 0x10, 3, 0x500, 0x3f, 1, 0x20, 2, 0x600, 8});

    ASSERT_EQ(map.count, 3u);
    EXPECT_EQ(map.entries[1].out_count, 2u);
    EXPECT_EQ(map.entries[1].out[0], 0x500u);
    EXPECT_EQ(map.entries[1].out[1], 0x3fu);
    EXPECT_EQ(map.entries[1].length, 1u);
    EXPECT_EQ(map.entries[2].base, 0x20u);
    EXPECT_EQ(map.entries[2].out_count, 1u);
    EXPECT_EQ(map.entries[2].length, 8u);
}

TEST(DeviceTree, FourCellEntriesToATwoCellIommuAreRecognised)
{
    firmware_map map = decode_iommu_map({0x0, 3, 0x400, 1, 0x100, 3, 0x401, 1});

    ASSERT_EQ(map.count, 2u);
    EXPECT_EQ(map.entries[1].fault, FIRMWARE_FAULT_NONE);
    EXPECT_EQ(map.entries[1].out_count, 1u);
    EXPECT_EQ(map.entries[1].out[0], 0x401u);
}

TEST(DeviceTree, FourCellEntriesWithALengthAreNotTheOldForm)
{
    /* Read with two output cells: length 0x100 from the next entry, then the property ends inside the second one. */
    firmware_map map = decode_iommu_map({0x0, 3, 0x400, 8, 0x100, 3, 0x401, 8});

    ASSERT_EQ(map.count, 2u);
    EXPECT_EQ(map.entries[0].out_count, 2u);
    EXPECT_EQ(map.entries[0].length, 0x100u);
    EXPECT_NE(map.entries[1].fault, FIRMWARE_FAULT_NONE);
}

TEST(DeviceTree, FaultsOfMapsAreKeptWithTheEntry)
{
    EXPECT_EQ(decode_iommu_map({0x0, 99, 0x400, 0x10}).entries[0].fault, FIRMWARE_FAULT_DANGLING);
    EXPECT_EQ(decode_iommu_map({0x0, 0, 0x400, 0x10}).entries[0].fault, FIRMWARE_FAULT_DANGLING);
    EXPECT_EQ(decode_iommu_map({0x0, 4, 0x400, 0x10}).entries[0].fault, FIRMWARE_FAULT_NO_CELLS);
    EXPECT_EQ(decode_iommu_map({0x0, 5, 0x400, 0x10}).entries[0].fault, FIRMWARE_FAULT_MANY_CELLS);
    EXPECT_EQ(decode_iommu_map({0x0, 2, 0x400}).entries[0].fault, FIRMWARE_FAULT_SHORT);
    EXPECT_EQ(decode_iommu_map({0x0}).entries[0].fault, FIRMWARE_FAULT_SHORT);
    EXPECT_EQ(decode_iommu_map({}).entries[0].fault, FIRMWARE_FAULT_SHORT);
}

TEST(DeviceTree, BytesAfterTheLastEntryAreAFault)
{
    firmware_map map = decode_iommu_map({0x0, 2, 0x400, 0x10, 0x20}, 1);

    ASSERT_EQ(map.count, 2u);
    EXPECT_EQ(map.entries[0].fault, FIRMWARE_FAULT_NONE);
    EXPECT_EQ(map.entries[1].fault, FIRMWARE_FAULT_SHORT);
}

TEST(DeviceTree, NothingIsDecodedAfterAFaultThatHidesTheNextEntry)
{
    EXPECT_EQ(decode_iommu_map({0x0, 99, 0x400, 0x10, 0x10, 2, 0x400, 0x10}).count, 1u);
}

TEST(DeviceTree, MsiMapToAControllerWithoutCellsHasOneOutputCell)
{
    Tree tree;
    Blob blob = tree.begin("v2m@1")
                    .text("compatible", "arm,gic-v2m-frame")
                    .empty("msi-controller")
                    .cells("phandle", {1})
                    .end()
                    .host(0x40000000)
                    .cells("msi-map", {0, 1, 0, 0xff8})
                    .end()
                    .finish();
    Description description(blob);
    const firmware_map &map = description.host("/pcie@40000000").msi_map;

    ASSERT_EQ(map.count, 1u);
    EXPECT_EQ(map.entries[0].length, 0xff8u);
    EXPECT_FALSE(description.data.controllers[0].is_its);
}

TEST(DeviceTree, MsiParentListIsSplitByTheCellsOfEachTarget)
{
    Tree tree;
    Blob blob = tree.its(1, 0x10000000)
                    .begin("v2m@1")
                    .empty("msi-controller")
                    .cells("phandle", {7})
                    .end()
                    .host(0x40000000)
                    .cells("msi-parent", {1, 0x1234, 7, 99, 5})
                    .end()
                    .finish();
    Description description(blob);
    const firmware_host &host = description.host("/pcie@40000000");

    ASSERT_EQ(host.msi_parent_count, 3u);
    EXPECT_EQ(host.msi_parents[0].spec_count, 1u);
    EXPECT_EQ(host.msi_parents[0].spec[0], 0x1234u);
    EXPECT_EQ(host.msi_parents[1].spec_count, 0u);
    EXPECT_EQ(host.msi_parents[2].fault, FIRMWARE_FAULT_DANGLING);
}

TEST(DeviceTree, HostThatIsAnMsiControllerNamesItself)
{
    Tree tree;
    Blob blob = tree.host(0x40000000).empty("msi-controller").cells("phandle", {1}).end().finish();
    Description description(blob);
    const firmware_host &host = description.host("/pcie@40000000");

    ASSERT_NE(host.self_controller, FIRMWARE_NONE);
    EXPECT_STREQ(description.data.controllers[host.self_controller].name, "/pcie@40000000");
}

TEST(DeviceTree, OfTwoNodesWithOnePhandleTheFirstCounts)
{
    Tree tree;
    Blob blob =
        tree.its(1, 0x10000000).its(1, 0x11000000).host(0x40000000).cells("msi-map", {0, 1, 0, 0x10000}).end().finish();
    Description description(blob);

    EXPECT_EQ(description.host("/pcie@40000000").msi_map.entries[0].target, 0u);
}

TEST(DeviceTree, MemoryWindowsAreReadAndIoIsLeftOut)
{
    Tree tree;
    Blob blob = tree.host(0x40000000)
                    .cells("ranges", {0x01000000, 0, 0, 0x3eff0000, 0, 0x10000,         /* I/O */
                                      0x02000000, 0, 0x10000000, 0x50000000, 0, 0x1000, /* memory */
                                      0x43000000, 0x80, 0, 0x60000000, 1, 0x0})         /* 64 bits, prefetchable */
                    .end()
                    .finish();
    Description description(blob);
    const firmware_host &host = description.host("/pcie@40000000");

    ASSERT_EQ(host.window_count, 2u);
    EXPECT_EQ(host.windows[0].pci_address, 0x10000000u);
    EXPECT_EQ(host.windows[0].cpu_address, 0x50000000u);
    EXPECT_EQ(host.windows[0].size, 0x1000u);
    EXPECT_FALSE(host.windows[0].prefetchable);
    EXPECT_EQ(host.windows[1].pci_address, 0x8000000000u);
    EXPECT_EQ(host.windows[1].size, 0x100000000u);
    EXPECT_TRUE(host.windows[1].prefetchable);
}

TEST(DeviceTree, IommusThatNoPcieHostNeedsAreOnlyCounted)
{
    Tree tree;
    Blob blob = tree.begin("iommu@1")
                    .text("compatible", "rockchip,rk3568-iommu")
                    .cells("#iommu-cells", {0})
                    .end()
                    .smmu(2, 0x20000000)
                    .finish();
    firmware description{};
    devicetree_extra extra{};
    board_error error;

    ASSERT_EQ(devicetree_read(blob.data(), blob.size(), "x", &description, &extra, &error), BOARD_OK);
    EXPECT_EQ(description.iommu_count, 1u);
    EXPECT_EQ(extra.iommus_left_out, 1u);
    firmware_clear(&description);
}

TEST(DeviceTree, NamesAreMadePrintable)
{
    Tree tree;
    Blob blob = tree.text("model", "a\x1b[31mb\xff").begin("pcie@\x07").text("device_type", "pci").end().finish();
    Description description(blob);

    ASSERT_EQ(description.status, BOARD_OK);
    EXPECT_STREQ(description.data.model, "a?[31mb?");
    EXPECT_STREQ(description.data.hosts[0].name, "/pcie@?");
}

/* Refusals: each has its own words, and names the file. */

std::string refusal(const Blob &blob)
{
    Description description(blob, "board.dtb");

    EXPECT_EQ(description.status, BOARD_INVALID);
    EXPECT_EQ(std::string(description.error.text).rfind("board.dtb: error[E2001]: ", 0), 0u) << description.error.text;
    return description.error.text;
}

bool mentions(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

TEST(DeviceTreeRefuses, WhatIsTooShortForAHeader)
{
    EXPECT_TRUE(mentions(refusal(Blob(7)), "too few for the header"));
}

TEST(DeviceTreeRefuses, WrongMagic)
{
    EXPECT_TRUE(mentions(refusal(Blob(100)), "header"));
}

TEST(DeviceTreeRefuses, Truncation)
{
    Tree tree;
    Blob blob = tree.its(1, 0x10000000).finish();

    blob.resize(blob.size() - 4);
    EXPECT_TRUE(mentions(refusal(blob), "truncated: the header says"));
}

TEST(DeviceTreeRefuses, MalformedStructureAndSaysWhere)
{
    Tree tree;
    Blob blob = tree.its(1, 0x10000000).host(0x40000000).end().finish();
    const char name[] = "pcie@40000000";
    auto at = std::search(blob.begin(), blob.end(), name, name + sizeof(name));
    std::string text;

    ASSERT_NE(at, blob.end());
    /* The name takes 16 bytes with its padding; then comes the tag of the first property, made an unknown one. */
    at[16 + 3] = 0x77;
    text = refusal(blob);
    EXPECT_TRUE(mentions(text, "FDT_ERR_BADSTRUCTURE")) << text;
    EXPECT_TRUE(mentions(text, "after the start of node \"pcie@40000000\"")) << text;
}

TEST(DeviceTreeRefuses, OldVersions)
{
    Tree tree;
    Blob blob = tree.finish();

    blob[23] = 3; /* version */
    blob[27] = 2; /* last compatible version */
    EXPECT_TRUE(mentions(refusal(blob), "version 3"));
}

TEST(DeviceTreeRefuses, DeepNesting)
{
    Tree tree;

    for (int i = 0; i < 70; i++) {
        tree.begin("n");
    }
    for (int i = 0; i < 70; i++) {
        tree.end();
    }
    EXPECT_TRUE(mentions(refusal(tree.finish()), "nest deeper than 64"));
}

TEST(DeviceTreeRefuses, LongNames)
{
    Tree nodes;
    Tree properties;

    EXPECT_TRUE(mentions(refusal(nodes.begin(std::string(300, 'n')).end().finish()), "node name longer than 255"));
    EXPECT_TRUE(mentions(refusal(properties.empty(std::string(300, 'p')).finish()), "property name longer than 255"));
}

TEST(DeviceTreeRefuses, TooManyEntries)
{
    Tree tree;
    std::vector<uint32_t> cells;

    for (uint32_t i = 0; i < DEVICETREE_MAX_ENTRIES + 1; i++) {
        cells.insert(cells.end(), {i, 1, i, 1});
    }
    Blob blob = tree.its(1, 0x10000000).host(0x40000000).cells("msi-map", cells).end().finish();
    std::string text = refusal(blob);

    EXPECT_TRUE(mentions(text, "/pcie@40000000")) << text;
    EXPECT_TRUE(mentions(text, "msi-map")) << text;
}

TEST(DeviceTreeRefuses, TooManyHosts)
{
    Tree tree;

    for (uint32_t i = 0; i < DEVICETREE_MAX_HOSTS + 1; i++) {
        tree.host(0x40000000 + i).end();
    }
    EXPECT_TRUE(mentions(refusal(tree.finish()), "more than 128 PCIe host bridges"));
}

/* Files. */

class Files : public ::testing::Test
{
  protected:
    std::string write(const std::string &name, const std::string &content)
    {
        return folder.write(name, content);
    }

    board_status load(const std::string &path, const char *compiler = "dtc")
    {
        std::free(blob);
        blob = nullptr;
        return devicetree_load_with(path.c_str(), compiler, &blob, &size, &error);
    }

    void TearDown() override
    {
        std::free(blob);
    }

    test_support::Folder folder;
    void *blob = nullptr;
    size_t size = 0;
    board_error error{};
};

TEST_F(Files, MissingFileIsAnEnvironmentError)
{
    EXPECT_EQ(load(folder.path("none.dtb")), BOARD_UNREADABLE);
    EXPECT_TRUE(mentions(error.text, "none.dtb: error[E0201]: cannot open")) << error.text;
}

TEST_F(Files, FolderIsRefused)
{
    EXPECT_EQ(load(folder.path()), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "is a directory")) << error.text;
}

TEST_F(Files, OtherFilesAreRefused)
{
    EXPECT_EQ(load(write("x.txt", "hello")), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "is no device tree")) << error.text;
    EXPECT_EQ(load(write("empty.dtb", "")), BOARD_INVALID);
}

TEST_F(Files, FileBeyondTheLimitIsRefused)
{
    EXPECT_EQ(load(write("big.dtb", std::string(17u << 20, 'x'))), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "larger than")) << error.text;
}

TEST_F(Files, AbsentCompilerIsAnEnvironmentErrorThatSaysWhatToInstall)
{
    EXPECT_EQ(load(write("x.dts", "/dts-v1/; / { };"), "doorbell-no-such-compiler"), BOARD_UNREADABLE);
    EXPECT_TRUE(mentions(error.text, "device-tree-compiler")) << error.text;
}

TEST_F(Files, CompilerThatFailsIsQuotedAndOneThatFloodsIsStopped)
{
    std::string fail = write("fail", "#!/bin/sh\necho 'line one' >&2\necho 'line two' >&2\nexit 1\n");
    std::string flood = write("flood", "#!/bin/sh\nexec cat /dev/zero\n");

    ::chmod(fail.c_str(), 0700);
    ::chmod(flood.c_str(), 0700);
    EXPECT_EQ(load(write("x.dts", "/dts-v1/;"), fail.c_str()), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "refuses it: line one")) << error.text;
    EXPECT_FALSE(mentions(error.text, "line two")) << error.text;
    EXPECT_EQ(load(write("y.dts", "/dts-v1/;"), flood.c_str()), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "more than")) << error.text;
}

TEST_F(Files, SourceIsCompiledAndChecked)
{
    board_result result{};

    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    ASSERT_EQ(board_check_path(fixture_path("reference-split.dts").c_str(), &result, &error), BOARD_OK) << error.text;
    EXPECT_EQ(result.host_count, 1u);
    EXPECT_EQ(result.controllers[1].doorbell, 0x80d0040u);
    EXPECT_STREQ(result.file, fixture_path("reference-split.dts").c_str());
    board_result_clear(&result);
}

TEST_F(Files, SourceWithAnErrorGetsTheCompilersWords)
{
    board_result result{};

    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    EXPECT_EQ(board_check_path(fixture_path("broken.dts").c_str(), &result, &error), BOARD_INVALID);
    EXPECT_TRUE(mentions(error.text, "broken.dts:6")) << error.text;
    board_result_clear(&result);
}

TEST_F(Files, NameThatBeginsWithADashIsNoOption)
{
    std::string before = std::filesystem::current_path();

    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    write("-o.dts", "/dts-v1/; / { model = \"dash\"; };");
    std::filesystem::current_path(folder.path());
    board_status status = load("-o.dts");
    std::filesystem::current_path(before);
    EXPECT_EQ(status, BOARD_OK) << error.text;
}

TEST_F(Files, NamesOfDeviceTreesAreRecognised)
{
    EXPECT_TRUE(board_path_is_devicetree("a.dtb"));
    EXPECT_TRUE(board_path_is_devicetree("x/a.dts"));
    EXPECT_FALSE(board_path_is_devicetree(".dtb"));
    EXPECT_FALSE(board_path_is_devicetree("a.yaml"));
}

} // namespace
