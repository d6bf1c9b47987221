/* From functions to a scenario: what is guessed, left out, and counted otherwise. */
#include "tests/import/imported.h"

namespace
{

using import_test::Config;
using import_test::Folder;
using import_test::Imported;

const uint32_t bridge_class = 0x060400;

std::string port(const char *place, unsigned type, unsigned primary, unsigned secondary, unsigned subordinate)
{
    return Config(0x13b5, 0x0100, bridge_class).bridge(primary, secondary, subordinate).pcie(type).dump(place);
}

std::string endpoint(const char *place, unsigned vectors = 4)
{
    return Config(0x13b5, 0x0200, 0x020000).pcie(0).msix(vectors).dump(place);
}

const char *const board = "/dts-v1/;\n"
                          "/ {\n"
                          "  #address-cells = <2>; #size-cells = <2>; model = \"A \\\"board\\\"\";\n"
                          "  its0: its@8080000 { compatible = \"arm,gic-v3-its\"; msi-controller; #msi-cells = <1>;\n"
                          "    reg = <0 0x8080000 0 0x20000>; };\n"
                          "  its1: its@80c0000 { compatible = \"arm,gic-v3-its\"; msi-controller; #msi-cells = <1>;\n"
                          "    reg = <0 0x80c0000 0 0x20000>; };\n"
                          "  smmu: smmu@9050000 { compatible = \"arm,smmu-v3\"; #iommu-cells = <1>;\n"
                          "    reg = <0 0x9050000 0 0x20000>; };\n"
                          "  pcie@40000000 { compatible = \"pci-host-ecam-generic\"; device_type = \"pci\";\n"
                          "    #address-cells = <3>; #size-cells = <2>; bus-range = <0 255>;\n"
                          "    reg = <0x40 0 0 0x10000000>;\n"
                          "    iommu-map = <0 &smmu 0x10000 0x10000>;\n"
                          "    msi-map = <0 &its0 0x20000 0x1000>, <0x1000 &its1 0x30000 0xf000>; };\n"
                          "};\n";

TEST(ImportedScenario, MapsStandAsFirmwareHasThem)
{
    Folder folder;
    Imported made(
        {folder.write("board.dts", board), folder.write("l.txt", port("00:01.0", 4, 0, 1, 1) + endpoint("01:00.0"))});

    if (made.errors.find("dtc") != std::string::npos) {
        GTEST_SKIP() << "dtc is not installed";
    }
    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.at(0x100).stream_id, 0x10100u);
    EXPECT_EQ(made.at(0x100).device_id, 0x20100u);
    EXPECT_EQ(made.scenario->platform.smmu[0].stream_id_bits, 17u);
    EXPECT_EQ(made.scenario->platform.its[0].base, 0x8080000u);
    EXPECT_STREQ(made.scenario->title, "Imported: A ?board?");
}

TEST(ImportedScenario, APreItsGivesEveryDeviceItsDoorbell)
{
    Folder folder;
    std::string with(board);

    with.insert(with.find("reg = <0 0x8080000"), "socionext,synquacer-pre-its = <0x58000000 0x200000>;");
    with.replace(with.find("<0 &its0 0x20000 0x1000>"), 24, "<0 &its0 0x100 0x1000>");
    Imported made({folder.write("board.dts", with),
                   folder.write("l.txt", port("00:01.0", 4, 0, 1, 1) + endpoint("01:00.0") +
                                             port("00:02.0", 4, 0, 2, 2) + endpoint("02:00.0"))});

    if (made.errors.find("dtc") != std::string::npos) {
        GTEST_SKIP() << "dtc is not installed";
    }
    ASSERT_TRUE(made.planned) << made.errors;
    ASSERT_NE(made.scenario->platform.its[0].pre_its, nullptr);
    EXPECT_EQ(made.scenario->platform.its[0].pre_its->base, 0x58000000u);
    EXPECT_EQ(made.scenario->platform.its[0].pre_its->size, 0x200000u);
    EXPECT_EQ(made.at(0x100).doorbell, 0x58000000u + 4 * 0x200);
    EXPECT_EQ(made.at(0x200).doorbell, 0x58000000u + 4 * 0x300);
}

TEST(ImportedScenario, AV2mFrameStaysOne)
{
    for (const bool told : {true, false}) {
        Folder folder;
        std::string with(board);

        with.insert(with.find("  smmu: smmu@"),
                    std::string("  v2m: v2m@8020000 { compatible = \"arm,gic-v2m-frame\"; msi-controller;\n") +
                        (told ? "arm,msi-base-spi = <128>; arm,msi-num-spis = <32>;\n" : "") +
                        "    reg = <0 0x8020000 0 0x1000>; };\n");
        with.replace(with.find("<0 &its0 0x20000 0x1000>"), 24, "<0 &its0 0x20000 0x200>, <0x200 &v2m 0 0xe00>");
        /* A frame has no cells: its entries have three in all. */
        with.replace(with.find("&v2m 0 0xe00"), 12, "&v2m 0xe00");
        Imported made({folder.write("board.dts", with),
                       folder.write("l.txt", port("00:01.0", 4, 0, 1, 1) + endpoint("01:00.0") +
                                                 port("00:02.0", 4, 0, 2, 2) + endpoint("02:00.0"))});

        if (made.errors.find("dtc") != std::string::npos) {
            GTEST_SKIP() << "dtc is not installed";
        }
        ASSERT_TRUE(made.planned) << made.errors << made.text;
        ASSERT_EQ(made.scenario->platform.v2m_count, 1u);
        EXPECT_EQ(made.scenario->platform.v2m[0].base, 0x8020000u);
        EXPECT_EQ(made.scenario->platform.v2m[0].first_spi, told ? 128u : 32u);
        EXPECT_EQ(made.scenario->platform.v2m[0].spi_count, told ? 32u : 988u);
        EXPECT_EQ(made.at(0x100).doorbell, 0x8080000u + 0x10040u);
        EXPECT_EQ(made.at(0x200).doorbell, 0x8020000u + 0x40u);
        EXPECT_EQ(made.text.find("guessed: which SPIs") == std::string::npos, told);
    }
}

TEST(ImportedScenario, BusesThatTheMachineCountsOtherwiseKeepTheirOutputs)
{
    Folder folder;
    /* Firmware kept buses free: the endpoint is on 0x10, where enumeration would give it 1. */
    Imported made({folder.write("board.dts", board),
                   folder.write("l.txt", port("00:01.0", 4, 0, 0x10, 0x1f) + endpoint("10:00.0") +
                                             port("00:02.0", 4, 0, 8, 8) + endpoint("08:00.0"))});

    if (made.errors.find("dtc") != std::string::npos) {
        GTEST_SKIP() << "dtc is not installed";
    }
    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.at(0x100).stream_id, 0x11000u);
    EXPECT_EQ(made.at(0x100).device_id, 0x30000u);
    EXPECT_EQ(made.at(0x100).doorbell, 0x80c0000u + 0x10040u);
    EXPECT_EQ(made.at(0x200).stream_id, 0x10800u);
    EXPECT_EQ(made.at(0x200).device_id, 0x20800u);
    EXPECT_EQ(made.at(0x200).doorbell, 0x8080000u + 0x10040u);
    EXPECT_NE(made.text.find("counts buses otherwise"), std::string::npos);
}

TEST(ImportedScenario, SwitchesWithEmptyPortsTakeTheirBuses)
{
    Folder folder;
    Imported made(
        {folder.write("l.txt", port("00:01.0", 4, 0, 1, 5) + port("01:00.0", 5, 1, 2, 5) + port("02:00.0", 6, 2, 3, 3) +
                                   port("02:01.0", 6, 2, 4, 4) + port("02:02.0", 6, 2, 5, 5) + endpoint("05:00.0") +
                                   port("00:02.0", 4, 0, 6, 6) + endpoint("06:00.0"))});

    ASSERT_TRUE(made.planned) << made.errors;
    for (unsigned rid : {0x008u, 0x100u, 0x200u, 0x208u, 0x210u, 0x500u, 0x600u}) {
        EXPECT_TRUE(made.has(rid)) << std::hex << rid;
    }
    EXPECT_EQ(made.text.find("counts buses otherwise"), std::string::npos);
}

TEST(ImportedScenario, DevicesBehindABridgeAreOnItsBus)
{
    Folder folder;
    std::string text = port("00:01.0", 4, 0, 1, 2) + port("01:00.0", 7, 1, 2, 2);

    for (const char *place : {"02:01.0", "02:04.0"}) {
        text += Config(0x8086, 0x100e, 0x020000).put(0x34, 0x50, 1).put(0x50, 0x05, 1).put(0x52, 0x80, 2).dump(place);
    }
    Imported made({folder.write("l.txt", text)});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.groups(), (std::set<std::set<unsigned>>{{0x008, 0x100, 0x208}}))
        << "the second device has no IOMMU (rule A21)";
    EXPECT_EQ(made.at(0x208).device_id, 0x200u);
    EXPECT_EQ(made.at(0x220).device_id, 0x200u);
}

TEST(ImportedScenario, WhatIsIntegratedIsLeftOutAndSaidSo)
{
    Folder folder;
    Imported made({folder.write("l.txt", Config(0x13b5, 1, 0x060000).dump("00:00.0") + endpoint("00:03.0") +
                                             port("00:01.0", 4, 0, 1, 1) + endpoint("01:00.0"))});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_NE(made.text.find("# left out: 00:03.0 (13b5:0200)"), std::string::npos) << made.text;
    EXPECT_EQ(made.text.find("00:00.0 ("), std::string::npos) << "the host bridge is the root complex itself";
}

TEST(ImportedScenario, FunctionsThatDifferAreGuessed)
{
    Folder folder;
    std::string text = port("00:01.0", 4, 0, 1, 1);

    text += Config(1, 2, 0x020000).pcie(0).msix(4).put(0x0e, 0x80, 1).dump("01:00.0");
    text += Config(1, 2, 0x020000).pcie(0).msix(8).put(0x0e, 0x80, 1).dump("01:00.2");
    Imported made({folder.write("l.txt", text)});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_NE(made.text.find("function 2 differs"), std::string::npos);
    EXPECT_NE(made.text.find("without gaps"), std::string::npos);
    EXPECT_TRUE(made.has(0x102));
}

TEST(ImportedScenario, ANodeWithoutAnythingToImportIsRefused)
{
    Folder folder;
    Imported made({folder.write("l.txt", endpoint("00:03.0"))});

    EXPECT_FALSE(made.good);
    EXPECT_NE(made.errors.find("nothing of this is a PCIe root complex with a root port"), std::string::npos)
        << made.errors;
    Imported absent({folder.path() + "/absent"});
    EXPECT_NE(absent.errors.find("No such file"), std::string::npos) << absent.errors;
}

/** Every board of the corpus with an available host makes a scenario that loads and can be planned. */
TEST(ImportedScenario, RealBoardsImport)
{
    unsigned count = 0;

    for (const char *name :
         {"rockchip__rk3588-friendlyelec-cm3588-nas", "nvidia__tegra264-p4071-0000+p3834-0008", "hisilicon__hip07-d05",
          "synthetic__mask-devfn", "synthetic__split-its-by-function", "synthetic__msi-parent-only",
          "synthetic__short-map-with-msi-parent", "arm__fvp-base-revc", "apple__t8103-j457"}) {
        const std::string path = std::string(DOORBELL_SHARED_DIR "/corpus/dtb/") + name + ".dtb";

        if (!std::ifstream(path)) {
            GTEST_SKIP() << path << " is not there";
        }
        Imported made({path});

        EXPECT_TRUE(made.planned) << name << made.errors;
        count++;
    }
    EXPECT_EQ(count, 9u);
}

} // namespace
