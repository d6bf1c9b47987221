/* base: and --set. */
#include "tests/scenario/loaded.h"
#include "tests/support/folder.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

namespace
{

/* A folder for files that stand on each other. */
class Base : public testing::Test
{
  protected:
    void SetUp() override
    {
        write("small.yaml", small("platform:\n  its:\n    A: { base: 0x0808_0000 }\n    B: { base: 0x080c_0000 }\n"
                                  "traffic:\n  epA: [ { msi: { period: 1 us } }, { msi: { rate: 1 MHz } } ]\n"));
    }
    void write(const std::string &name, const std::string &text)
    {
        folder_.write(name, text);
    }
    Loaded load(const std::string &name, const std::vector<std::string> &sets = {})
    {
        return Loaded::file(folder_.path(name), sets);
    }

    test_support::Folder folder_;
};

TEST_F(Base, MapsAreMergedAndListsReplaced)
{
    write("over.yaml", "base: small.yaml\ntitle: over\nplatform: { its: { B: { clock: 2 GHz } } }\n"
                       "traffic: { epA: [ { msi: { period: 5 us } } ] }\n");
    Loaded s = load("over.yaml");

    ASSERT_TRUE(s) << s.said();
    EXPECT_STREQ(s->title, "over");
    ASSERT_EQ(s->platform.its_count, 2u);
    EXPECT_EQ(s->platform.its[1].base, 0x080c0000u) << "kept";
    EXPECT_EQ(s->platform.its[1].clock.period, 500000u) << "laid over";
    ASSERT_EQ(s->traffic[0].stream_count, 1u) << "replaced";
    EXPECT_EQ(s->traffic[0].streams[0].msi->period, 5 * SIM_US);
}

TEST_F(Base, NullTakesAway)
{
    write("over.yaml", "base: small.yaml\nplatform: { its: { A: null } }\n");
    write("nothing.yaml", "base: small.yaml\nplatform: { its: { C: null } }\n");
    write("deep.yaml", "base: small.yaml\nsoftware: { grouping: null }\n");
    Loaded s = load("over.yaml");

    ASSERT_TRUE(s) << s.said();
    ASSERT_EQ(s->platform.its_count, 1u);
    EXPECT_STREQ(s->platform.its[0].name, "B");
    EXPECT_NE(load("nothing.yaml").said().find("nothing.yaml:2:20: error[E1011]: `C: null` takes nothing away"),
              std::string::npos)
        << load("nothing.yaml").said();
    EXPECT_NE(load("deep.yaml").said().find("takes nothing away"), std::string::npos);
}

TEST_F(Base, BasesStandOnBasesRelativeToTheirOwnFile)
{
    write("a/middle.yaml", "base: ../small.yaml\nseed: 5\ntitle: middle\n");
    write("top.yaml", "base: a/middle.yaml\ntitle: top\n");
    Loaded s = load("top.yaml");

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->seed, 5u);
    EXPECT_STREQ(s->title, "top");
}

TEST_F(Base, ErrorsNameTheFileThatHoldsThem)
{
    write("over.yaml", "base: small.yaml\nplatform: { its: { A: { clok: 1 GHz } } }\n");
    write("broken.yaml", small("duration: 5\n"));
    write("over-broken.yaml", "base: broken.yaml\nseed: x\n");
    std::string said = load("over.yaml").said();

    EXPECT_NE(said.find("over.yaml:2:25: error[E1101]: unknown key `clok` in `platform.its.A`"), std::string::npos)
        << said;
    said = load("over-broken.yaml").said();
    EXPECT_NE(said.find("/broken.yaml:12:11: error[E1106]: `duration: 5`"), std::string::npos) << said;
    EXPECT_NE(said.find("/over-broken.yaml:2:7: error[E1106]: `seed: x`"), std::string::npos) << said;
}

TEST_F(Base, CyclesAreRefused)
{
    write("self.yaml", "base: self.yaml\n");
    write("a.yaml", "base: b.yaml\n");
    write("b.yaml", "base: ./a.yaml\n");

    EXPECT_NE(load("self.yaml").said().find("its own base"), std::string::npos) << load("self.yaml").said();
    EXPECT_NE(load("a.yaml").said().find("b.yaml:1:7: error[E1010]: this file is its own base"), std::string::npos)
        << load("a.yaml").said();
}

TEST_F(Base, TowersAreLimited)
{
    for (int i = 0; i < 40; i++) {
        write("t" + std::to_string(i) + ".yaml", "base: t" + std::to_string(i + 1) + ".yaml\n");
    }
    write("t40.yaml", small());
    Loaded high = load("t0.yaml");
    Loaded fair = load("t30.yaml");

    EXPECT_FALSE(high);
    EXPECT_NE(high.said().find("too many files"), std::string::npos) << high.said();
    EXPECT_TRUE(fair) << fair.said();
}

TEST_F(Base, AMissingBaseIsAnErrorOfTheScenario)
{
    write("over.yaml", "seed: 3\nbase: nowhere.yaml\n");
    Loaded loaded = load("over.yaml");

    EXPECT_FALSE(loaded);
    EXPECT_FALSE(loaded.diagnostics().environment_failed);
    EXPECT_NE(loaded.said().find("over.yaml:2:7: error[E1010]: cannot read the base file: No such file"),
              std::string::npos)
        << loaded.said();
    write("list.yaml", "base: [a, b]\n");
    EXPECT_NE(load("list.yaml").said().find("`base` must name a file"), std::string::npos);
    write("list2.yaml", "base: list3.yaml\n");
    write("list3.yaml", "[1]\n");
    EXPECT_NE(load("list2.yaml").said().find("list3.yaml:1:1: error[E1009]: a scenario is a map"), std::string::npos)
        << load("list2.yaml").said();
}

TEST(Set, ReachesEveryKindOfKey)
{
    Loaded s(small("traffic:\n  epA:\n    - msi: { period: 1 us }\n    - dma-write: { period: 1 us }\n"),
             {"seed=9", "platform.smmu.S.tlb.entries=64", "smmu.S.tlb.ways=2", "epA.endpoint.msi-x=3",
              "pcie.rc0.root-ports.rp0.acs=full", "rp0.link.width=16", "sw0.switch.latency=50 ns",
              "traffic.epA.0.msi.period=2 us", "traffic.epA.1.dma-write={ size: 128 B, period: 3 us }",
              "expect.msi.lost=0", "expect.msi.count=> 5", "expect.epA.msi.latency.p99= < 3 us ",
              "title=\"quoted: text\""});

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->seed, 9u);
    EXPECT_STREQ(s->title, "quoted: text");
    ASSERT_EQ(s->platform.smmu_count, 1u);
    EXPECT_STREQ(s->platform.smmu[0].name, "S");
    EXPECT_EQ(s->platform.smmu[0].tlb.entries, 64u);
    EXPECT_EQ(s->platform.smmu[0].tlb.ways, 2u);
    EXPECT_EQ(scenario_find_device(s.get(), "epA")->endpoint->msix_vectors, 3u);
    EXPECT_EQ(s->root_complexes[0].root_ports[0].port.acs.capability, SCENARIO_ACS_FULL);
    EXPECT_EQ(s->root_complexes[0].root_ports[0].link.width, 16u);
    EXPECT_EQ(scenario_find_device(s.get(), "sw0")->sw->latency, 50 * SIM_NS);
    EXPECT_EQ(s->traffic[0].streams[0].msi->period, 2 * SIM_US);
    EXPECT_EQ(s->traffic[0].streams[1].dma_write->size, 128u);
    ASSERT_EQ(s->expectation_count, 3u);
    EXPECT_EQ(s->expectations[1].lower.value, 5u);
    EXPECT_STREQ(s->expectations[2].text, "< 3 us");
}

TEST(Set, TheLastOneCounts)
{
    Loaded s(small(), {"seed=1", "seed=2"});

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->seed, 2u);
}

TEST(Set, NullTakesAway)
{
    Loaded s(small("seed: 5\ntraffic:\n  epA: [ { msi: { rate: 1 MHz } } ]\n"),
             {"seed=null", "traffic.epA.0.msi.rate=~", "traffic.epA.0.msi.period=1 us"});

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->seed, 1u);
    EXPECT_EQ(s->traffic[0].streams[0].msi->period, SIM_US);
}

TEST(Set, ErrorsPointIntoIt)
{
    const struct {
        const char *text;
        unsigned column;
        const char *message;
    } cases[] = {
        {"seed", 1, "no ="},
        {"=5", 1, "a key is missing"},
        {"seed.=5", 6, "a key is missing"},
        {"platform..pe=5", 10, "a key is missing"},
        {"sed=5", 1, "unknown key `sed`"},
        {"platform.smmu.smmu0.tlb.entries=0x", 33, "no hexadecimal digits"},
        {"seed.x=5", 6, "single value"},
        {"doorbell.x.y=5", 10, "single value"},
        {"traffic.epA.9.msi.period=1 us", 13, "one of its 1 items"},
        {"traffic.epA.first.msi.period=1 us", 13, "by number"},
        {"traffic.epA.0.msi.period=1", 26, "has no unit"},
        {"pcie.rc0.msi-map=[[0, itz0, 0, 1]]", 23, "there is no ITS `itz0`"},
        {"pcie.rc0.msi-map=[[0, its0, 0, 1]", 18, "not valid YAML"},
        {"platform.pe=null", 10, "no such key to take away"},
        {"base=x.yaml", 1, "only be written in a file"},
        {"title=&a x", 7, ""},
        {"seed=\xff", 6, "does not belong"},
        {"interconnect.width=", 20, "no value follows"},
    };

    for (const auto &entry : cases) {
        Loaded loaded(small("seed: 4\ntraffic:\n  epA: [ { msi: { period: 1 us } } ]\n"), {entry.text});
        if (entry.message[0] == '\0') {
            continue; /* a plain text: no YAML in it */
        }
        ASSERT_FALSE(loaded) << entry.text;
        ASSERT_GE(loaded.diagnostics().count, 1u);
        const diagnostic &error = loaded.diagnostics().items[0];
        EXPECT_STREQ(error.file, "--set") << loaded.said();
        EXPECT_EQ(error.line, 1u);
        EXPECT_NE(std::string(error.message).find(entry.message), std::string::npos) << loaded.said();
        if (std::string(entry.message) != "not valid YAML") {
            EXPECT_EQ(error.column, entry.column) << loaded.said();
        }
    }
}

TEST(Set, AListItemCanBeReplaced)
{
    Loaded s(small("traffic:\n  epA: [ { msi: { period: 1 us } } ]\n"),
             {"traffic.epA.0={ dma-read: { period: 1 us } }", "traffic.epA.0.dma-read.size=64 B"});

    ASSERT_TRUE(s) << s.said();
    ASSERT_NE(s->traffic[0].streams[0].dma_read, nullptr);
    EXPECT_EQ(s->traffic[0].streams[0].dma_read->size, 64u);
}

} // namespace
