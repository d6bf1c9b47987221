/* Folders of configuration spaces. */
#include "tests/import/imported.h"

#include <filesystem>

namespace
{

using import_test::Config;
using import_test::Folder;
using import_test::Imported;

const std::string port = Config(1, 1, 0x060400).bridge(0, 1, 1).pcie(4).acs(0x1d, 0).bytes();
const std::string nvme = Config(0x144d, 0xa808, 0x010802).pcie(0).msix(17).bytes();

TEST(Sysfs, FlatAndNestedTreesAreTheSame)
{
    Folder flat;
    Folder nested;

    flat.write("0000:00:01.0/config", port);
    flat.write("0000:01:00.0/config", nvme);
    flat.write("0000:01:00.0/vendor", "0x144d\n");
    nested.write("pci0000:00/0000:00:01.0/config", port);
    nested.write("pci0000:00/0000:00:01.0/0000:01:00.0/config", nvme);
    Imported one({flat.path()});
    Imported other({nested.path()});

    ASSERT_TRUE(one.planned && other.planned) << one.errors << other.errors;
    EXPECT_EQ(one.text.substr(one.text.find("doorbell:")), other.text.substr(other.text.find("doorbell:")));
    EXPECT_EQ(one.scenario->devices[0]->endpoint->msix_vectors, 17u);
    EXPECT_EQ(one.groups(), (std::set<std::set<unsigned>>{{0x008, 0x100}})) << "ACS is off at the root port";
}

TEST(Sysfs, SizesOfBarsAreThoseOfTheRegions)
{
    Folder folder;

    folder.write("0000:00:01.0/config", port);
    folder.write("0000:01:00.0/config", nvme);
    folder.write("0000:01:00.0/resource", "0x0000000010000000 0x0000000010003fff 0x0000000000140204\n"
                                          "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                                          "0x0000000000002000 0x000000000000201f 0x0000000000040101\n"
                                          "0x0000008000400000 0x00000080004fffff 0x000000000014220c\n");
    Imported made({folder.path()});

    ASSERT_TRUE(made.planned) << made.errors;
    const scenario_bars &bars = made.scenario->devices[0]->endpoint->bars;

    ASSERT_EQ(bars.count, 2u);
    EXPECT_EQ(bars.sizes[0], 0x4000u);
    EXPECT_EQ(bars.sizes[1], 0x100000u);
}

TEST(Sysfs, LinksAreFollowedOnce)
{
    Folder folder;

    folder.write("devices/pci0000:00/0000:00:01.0/config", port);
    folder.write("devices/pci0000:00/0000:00:01.0/0000:01:00.0/config", nvme);
    std::filesystem::create_directories(folder.path() + "/bus");
    std::filesystem::create_symlink("../devices/pci0000:00/0000:00:01.0", folder.path() + "/bus/0000:00:01.0");
    std::filesystem::create_symlink("../devices/pci0000:00/0000:00:01.0/0000:01:00.0",
                                    folder.path() + "/bus/0000:01:00.0");
    std::filesystem::create_symlink("..", folder.path() + "/devices/loop");
    Imported bus({folder.path() + "/bus"});
    Imported all({folder.path()});

    ASSERT_TRUE(bus.planned && all.planned) << bus.errors << all.errors;
    EXPECT_EQ(bus.scenario->device_count, 1u);
    EXPECT_EQ(all.scenario->device_count, 1u);
}

TEST(Sysfs, WhatIsCutOffIsRefused)
{
    Folder folder;

    folder.write("0000:00:01.0/config", port.substr(0, 64));
    Imported cut({folder.path()});
    EXPECT_NE(cut.errors.find("sysfs shows them to root only"), std::string::npos) << cut.errors;

    folder.write("0000:00:01.0/config", port.substr(0, 10));
    Imported short_one({folder.path()});
    EXPECT_NE(short_one.errors.find("64 bytes or more"), std::string::npos) << short_one.errors;

    Folder nothing;
    nothing.write("readme", "x");
    Imported none({nothing.path()});
    EXPECT_NE(none.errors.find("this folder describes no machine"), std::string::npos) << none.errors;
}

} // namespace
