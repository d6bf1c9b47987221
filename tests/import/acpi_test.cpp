/* ACPI tables made by hand: what Linux's rules make of an IORT (B15, B16, F12), and tables that are wrong. */
#include "tests/import/imported.h"
#include "tests/import/tables.h"

namespace
{

using namespace import_test;

const uint64_t its_a = 0x08080000;
const uint64_t its_b = 0x080c0000;

/** The functions: two root ports with an endpoint each, on buses 1 and 2. */
std::string functions()
{
    std::string text;

    for (unsigned i = 1; i <= 2; i++) {
        const std::string number = std::to_string(i);

        text += Config(1, 1, 0x060400).bridge(0, i, i).pcie(4).acs(0x1d, 0x1d).dump("00:0" + number + ".0");
        text += Config(1, 2, 0x020000).pcie(0).msix(4).dump("0" + number + ":00.0");
    }
    return text;
}

/** A machine of these IORT nodes. */
struct Machine {
    Folder folder;
    Imported made;

    explicit Machine(const std::vector<Node> &nodes)
        : made({folder.write("IORT", iort(nodes)), folder.write("MCFG", mcfg(0x4010000000, 0, 0, 255)),
                folder.write("APIC", madt(3, 0x0a000000, {its_a, its_b})), folder.write("lspci.txt", functions())})
    {
        EXPECT_TRUE(made.planned) << made.errors << made.text;
    }
};

TEST(Iort, IdentifiersGoThroughTheSmmuToTheIts)
{
    Machine machine({its_group({0}), smmu_v3(0x09050000, {{0x10000, 0xffff, 0x20000, 0, 0}}),
                     root_complex(0, {{0, 0xffff, 0x10000, 1, 0}})});

    EXPECT_EQ(machine.made.at(0x100).stream_id, 0x10100u);
    EXPECT_EQ(machine.made.at(0x100).device_id, 0x20100u);
    EXPECT_EQ(machine.made.at(0x100).doorbell, its_a + 0x10040);
    EXPECT_EQ(machine.made.scenario->platform.pe.count, 3u);
    EXPECT_EQ(machine.made.scenario->platform.smmu[0].base, 0x09050000u);
    EXPECT_EQ(machine.made.scenario->root_complexes[0].ecam.base, 0x4010000000u);
}

/* CANWBS is the third of the memory access flags; without it iommufd nests no guest's translation. */
TEST(Iort, WritesThatAreMadeToSnoop)
{
    const Node smmu = smmu_v3(0x09050000, {{0, 0xffff, 0, 0, 0}});
    const std::vector<Mapping> mappings = {{0, 0xffff, 0, 1, 0}};
    const Machine without({its_group({0}), smmu, root_complex(0, mappings, 3)});
    const Machine with({its_group({0}), smmu, root_complex(0, mappings, 7)});

    EXPECT_FALSE(without.made.scenario->root_complexes[0].canwbs);
    EXPECT_TRUE(with.made.scenario->root_complexes[0].canwbs);
}

TEST(Iort, OnlyTheFirstItsOfAGroupIsUsed)
{
    Machine machine(
        {its_group({1, 0}), smmu_v3(0x09050000, {{0, 0xffff, 0, 0, 0}}), root_complex(0, {{0, 0xffff, 0, 1, 0}})});

    EXPECT_EQ(machine.made.at(0x100).doorbell, its_b + 0x10040);
    EXPECT_EQ(machine.made.scenario->platform.its_count, 1u);
    EXPECT_NE(machine.made.text.find("# left out: 1 more ITSs of the group"), std::string::npos);
}

TEST(Iort, TheLastIdentifierOfARangeBelongsToTheNextThatBeginsThere)
{
    Machine machine({its_group({0}), smmu_v3(0x09050000, {{0, 0x3ffff, 0, 0, 0}}),
                     root_complex(0, {{0, 0x100, 0x1000, 1, 0}, {0x100, 0x100, 0x2000, 1, 0}})});

    EXPECT_EQ(machine.made.at(0x100).stream_id, 0x2000u) << "0x100 is the last of the first mapping";
    EXPECT_EQ(machine.made.at(0x200).stream_id, 0x2100u);
    EXPECT_EQ(machine.made.at(0x008).stream_id, 0x1008u);
}

TEST(Iort, ARootComplexCanLeadToAnItsDirectly)
{
    Machine machine({its_group({0}), its_group({1}), smmu_v3(0x09050000, {{0, 0xffff, 0, 0, 0}}),
                     root_complex(0, {{0, 0x1ff, 0, 2, 0}, {0x200, 0xfff, 0x7200, 1, 0}})});

    EXPECT_EQ(machine.made.at(0x100).doorbell, its_a + 0x10040);
    EXPECT_EQ(machine.made.at(0x200).doorbell, its_b + 0x10040);
    EXPECT_EQ(machine.made.at(0x200).device_id, 0x7200u);
    EXPECT_EQ(machine.made.groups(), (std::set<std::set<unsigned>>{{0x008}, {0x010}, {0x100}})) << "no SMMU for bus 2";
}

TEST(Iort, ASingleMappingIgnoresTheRequesterId)
{
    Machine machine(
        {its_group({0}), smmu_v3(0x09050000, {{0, 0xffff, 0, 0, 0}}), root_complex(0, {{0, 0, 0x42, 1, 1}})});

    EXPECT_EQ(machine.made.at(0x008).stream_id, 0x42u);
    EXPECT_EQ(machine.made.at(0x100).device_id, 0x42u);
}

TEST(Iort, TheSmmusOwnMappingIsNotForDevices)
{
    std::vector<Node> nodes = {its_group({0}), its_group({1}),
                               smmu_v3(0x09050000, {{0, 0xffff, 0x500, 1, 0}, {0, 0xffff, 0, 0, 0}}),
                               root_complex(0, {{0, 0xffff, 0, 2, 0}})};

    nodes[2].body.replace(28, 16, std::string(16, '\0')); /* no wired interrupts: mapping 0 is its own */
    Machine machine(nodes);

    EXPECT_EQ(machine.made.at(0x100).device_id, 0x100u);
    EXPECT_EQ(machine.made.at(0x100).doorbell, its_a + 0x10040);
}

TEST(Iort, ReservedRangesBelongToTheDevicesWhoseStreamIdsTheyName)
{
    Machine machine({its_group({0}), smmu_v3(0x09050000, {{0, 0xfffff, 0, 0, 0}}),
                     root_complex(0, {{0, 0xffff, 0x10000, 1, 0}}),
                     reserved_range(0, 0x90000000, 0x20000, {{0, 0xff, 0x10100, 1, 0}}),
                     reserved_range(1, 0xa0000000, 0x10000, {{0, 0, 0x10200, 1, 1}})});
    const struct scenario_software &software = machine.made.scenario->software;

    EXPECT_NE(machine.made.text.find("devices: [ep-01-00-0], kind: direct, base: 0x90000000, size: 128 KiB"),
              std::string::npos)
        << machine.made.text;
    EXPECT_NE(machine.made.text.find("devices: [ep-02-00-0], kind: direct-relaxable, base: 0xa0000000, size: 64 KiB"),
              std::string::npos);
    EXPECT_EQ(software.reserved_count, 2u);
}

TEST(Iort, TablesOfAFolderAreTakenTogether)
{
    Folder folder;

    folder.write("acpi/IORT.bin", iort({its_group({0}), root_complex(0, {{0, 0xffff, 0, 0, 0}})}));
    folder.write("acpi/APIC.bin", madt(2, 0x0a000000, {its_a}));
    folder.write("acpi/DSDT.bin", "something else");
    Imported made({folder.path() + "/acpi", folder.write("l.txt", functions())});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.at(0x100).doorbell, its_a + 0x10040);
}

/** What is said of a table. */
std::string complaint(const std::string &bytes)
{
    Folder folder;
    Imported made({folder.write("table.bin", bytes)});

    EXPECT_FALSE(made.good);
    return made.errors;
}

TEST(Iort, ErrorsSayWhatIsWrong)
{
    const std::string good = iort({its_group({0}), root_complex(0, {{0, 0xffff, 0, 0, 0}})});
    std::string bad = good;

    bad[60] = static_cast<char>(bad[60] + 1);
    EXPECT_NE(complaint(bad).find("the table is damaged"), std::string::npos) << complaint(bad);
    EXPECT_NE(complaint(good.substr(0, 50)).find("the table says that it has"), std::string::npos);
    EXPECT_NE(complaint("IORT").find("header of 36 bytes"), std::string::npos);
    bad = table("IORT", Bytes().put(5, 4).put(48, 4).put(0, 4).get());
    EXPECT_NE(complaint(bad).find("the table ends inside the node at offset 0x30"), std::string::npos);
    bad = table("IORT", Bytes().put(1, 4).put(48, 4).put(0, 4).put(2, 1).put(8, 2).add(std::string(40, '\0')).get());
    EXPECT_NE(complaint(bad).find("cannot have a length of 8 bytes"), std::string::npos);
    bad = good.substr(36);
    bad[bad.size() - 8] = 7; /* the reference of the last mapping */
    EXPECT_NE(complaint(table("IORT", bad)).find("where no node begins"), std::string::npos);
    bad = table("APIC", Bytes().put(0, 8).put(0x0f, 1).put(0, 1).get());
    EXPECT_NE(complaint(bad).find("cannot have a length of 0 bytes"), std::string::npos);
    EXPECT_NE(complaint(mcfg(0, 0, 9, 3)).find("buses 0x9 to 0x3"), std::string::npos);
}

TEST(Iort, ATableTwiceIsRefused)
{
    Folder folder;
    const std::string bytes = mcfg(0, 0, 0, 255);
    Imported made({folder.write("a", bytes), folder.write("b", bytes)});

    EXPECT_NE(made.errors.find("there is a table MCFG already"), std::string::npos) << made.errors;
}

} // namespace
