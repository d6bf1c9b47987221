/* doorbell show. */
#include "tests/scenario/loaded.h"

#include "scenario/schema/keys.h"

#include <gtest/gtest.h>

namespace
{

std::string without_comments(const std::string &text)
{
    std::istringstream lines(text);
    std::string line;
    std::string result;

    while (std::getline(lines, line)) {
        size_t comment = line.find("  # ");
        result += line.substr(0, comment) + "\n";
    }
    return result;
}

const char *rich()
{
    return "doorbell: 1\n"
           "title: \"quo\\\"ted \\\\ text\"\n"
           "warmup: 1 us\n"
           "until: { ci: 0.5 % }\n"
           "platform:\n"
           "  pe: { clock: 1.3 GHz }\n"
           "  its: { A: { beside: rc0, port-latency: 4 ns }, B: {} }\n"
           "pcie:\n"
           "  rc0:\n"
           "    msi-map: []\n"
           "    root-ports:\n"
           "      rp0:\n"
           "        acs: { cap: [SV, EC], ctrl: [EC] }\n"
           "        below:\n"
           "          sw0:\n"
           "            switch: { acs: [] }\n"
           "            below:\n"
           "              epA: { endpoint: { bars: [64 KiB, 1 MiB] }, link: { width: 1 }, port: { acs: full } }\n"
           "              epB: { endpoint: { functions: 2, acs: [] } }\n"
           "      rp1: {}\n"
           "software:\n"
           "  rules: bind-msi-v3\n"
           "  consumers:\n"
           "    vm: { translation: nested, devices: [epA, epB/1], guest-doorbells: 2 }\n"
           "    other: { kind: kernel, translation: identity }\n"
           "  reserved: [{ devices: epA, base: 0x4000_0000, kind: direct-relaxable }, { base: 0x5000_0000 }]\n"
           "timeline:\n"
           "  - { at: 9 us, action: detach, device: epA }\n"
           "  - { at: 5 us, name: one, action: attach, device: epB, consumer: vm }\n"
           "traffic:\n"
           "  epA: []\n"
           "  epB/1:\n"
           "    - dma-write: { rate: 3 GB/s, to: epA }\n"
           "    - dma-read: { arrivals: burst, burst: 2, period: 1 us }\n"
           "sweep:\n"
           "  combine: random\n"
           "  axes:\n"
           "    - { key: seed2, values: [4 KiB, [1, x], 'it''s'] }\n"
           "    - { key: a.b, from: 1 ns, to: 9 ns, steps: 3 }\n"
           "    - { key: c, from: 1, to: 9, step: 2 }\n"
           "    - { key: d, from: 1 kHz, to: 9 MHz, scale: log }\n"
           "expect: { msi.count: \">= 0\", group-covers-reach: holds, epA.attach: ok, timeline.one: EBUSY, "
           "epB.msi.latency.max: 1 us..2 us }\n";
}

/* What is shown is a scenario file, and the same scenario. */
TEST(Show, IsAFixedPoint)
{
    Loaded first(rich());
    ASSERT_TRUE(first) << first.said();
    Loaded second(first.shown());
    ASSERT_TRUE(second) << second.said() << first.shown();
    Loaded third(second.shown());
    ASSERT_TRUE(third) << third.said();

    EXPECT_EQ(without_comments(first.shown()), without_comments(second.shown()));
    EXPECT_EQ(second.shown(), third.shown());
    EXPECT_EQ(second.shown().find("# default"), std::string::npos) << "everything is written in it";
    EXPECT_STREQ(second->title, "quo\"ted \\ text");
    const scenario_acs &acs = second->root_complexes[0].root_ports[0].port.acs;
    EXPECT_EQ(acs.control, SCENARIO_ACS_EC);
    EXPECT_EQ(second->traffic[1].streams[0].dma_write->period, first->traffic[1].streams[0].dma_write->period);
}

TEST(Show, MarksDefaultsAndOnlyThem)
{
    Loaded s(rich());
    ASSERT_TRUE(s) << s.said();
    std::string text = s.shown();

    EXPECT_NE(text.find("warmup: 1 us\n"), std::string::npos) << text;
    EXPECT_NE(text.find("duration: 1 ms  # default\n"), std::string::npos) << text;
    EXPECT_NE(text.find("latency: 105 ns  # default (Broadcom PEX88000, x16 pair)\n"), std::string::npos) << text;
}

TEST(Show, SaysHowClocksAndRatesAreRounded)
{
    Loaded s(rich());
    ASSERT_TRUE(s) << s.said();
    std::string text = s.shown();

    EXPECT_NE(text.find("clock: 1300 MHz  # rounded to a period of 769231 fs\n"), std::string::npos) << text;
    EXPECT_NE(text.find("rate: 3 GB/s  # rounded to a period of 85333333 fs\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("clock: 1 GHz  # rounded"), std::string::npos) << "1 GHz is exact";
}

TEST(Show, SaysWhereEnumerationPutsDevices)
{
    Loaded s(rich());
    ASSERT_TRUE(s) << s.said();
    std::string text = s.shown();

    EXPECT_NE(text.find("epB:  # at 04:00.0, requester ID 0x0400\n"), std::string::npos) << text;
    EXPECT_NE(text.find("rp1:  # at 00:01.0, requester ID 0x0008\n"), std::string::npos) << text;
}

/* Every key of every table that a scenario uses appears, but for those that do not apply. */
TEST(Show, LeavesNothingOut)
{
    Loaded s(rich());
    ASSERT_TRUE(s) << s.said();
    std::string text = s.shown();

    for (const scenario_table *table : {&scenario_table_root, &scenario_table_platform, &scenario_table_smmu,
                                        &scenario_table_link, &scenario_table_software, &scenario_table_root_complex}) {
        for (size_t i = 0; i < table->count; i++) {
            const scenario_key &key = table->keys[i];
            if (key.kind != KEY_FILE && key.kind != KEY_FUTURE) {
                EXPECT_NE(text.find(std::string(key.name) + ":"), std::string::npos) << table->name << "." << key.name;
            }
        }
    }
}

} // namespace
