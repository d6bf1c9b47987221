/* What a sound file becomes. */
#include "scenario/show.h"
#include "tests/scenario/loaded.h"

#include <gtest/gtest.h>

#include <map>

namespace
{

TEST(Load, TenLinesAreEnough)
{
    Loaded s("doorbell: 1\n"
             "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"
             "traffic: { ep0: [ { msi: { period: 1 us } } ] }\n");

    ASSERT_TRUE(s) << s.said();
    EXPECT_STREQ(s->title, "t.yaml");
    EXPECT_EQ(s->duration, SIM_MS);
    EXPECT_EQ(s->seed, 1u);
    ASSERT_EQ(s->platform.its_count, 1u);
    EXPECT_STREQ(s->platform.its[0].name, "its0");
    EXPECT_EQ(s->platform.its[0].base, 0x08080000u);
    ASSERT_EQ(s->platform.smmu_count, 1u);
    EXPECT_STREQ(s->platform.smmu[0].name, "smmu0");
    EXPECT_EQ(s->platform.pe.count, 4u);
    EXPECT_EQ(s->platform.pe.clock.period, 500000u);
    ASSERT_EQ(s->device_count, 1u);
    const scenario_device *ep0 = s->devices[0];
    EXPECT_EQ(scenario_rid(ep0->bdf), 0x0100);
    ASSERT_NE(ep0->endpoint, nullptr);
    EXPECT_EQ(ep0->endpoint->bars.count, 1u);
    EXPECT_EQ(ep0->endpoint->bars.sizes[0], 65536u);
    uint32_t output = 0;
    const scenario_map_entry *entry = scenario_map_find(&s->root_complexes[0].msi_map, 0x0100, &output);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->its, &s->platform.its[0]);
    EXPECT_EQ(output, 0x0100u);
    entry = scenario_map_find(&s->root_complexes[0].iommu_map, 0xffff, &output);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->smmu, &s->platform.smmu[0]);
    EXPECT_EQ(output, 0xffffu);
    ASSERT_EQ(s->traffic_count, 1u);
    EXPECT_EQ(s->traffic[0].device, ep0);
    ASSERT_NE(s->traffic[0].streams[0].msi, nullptr);
    EXPECT_EQ(s->traffic[0].streams[0].msi->period, SIM_US);
    EXPECT_EQ(s->traffic[0].streams[0].msi->vector_count, 8u);
}

/* Before 7.3 a device tree's first port is probed before anybody asks for ACS (A18); what is written overrides that. */
TEST(Load, TheRuleSetDecidesAboutTheFirstPortsAcs)
{
    const std::map<std::string, scenario_enable_acs> expected = {
        {"linux-6.1", SCENARIO_ENABLE_ACS_NOT_FIRST_PORT},
        {"linux-6.12", SCENARIO_ENABLE_ACS_NOT_FIRST_PORT},
        {"linux-7.3", SCENARIO_ENABLE_ACS_YES},
        {"corrected-grouping", SCENARIO_ENABLE_ACS_YES},
        {"msi-geometry-2016", SCENARIO_ENABLE_ACS_NOT_FIRST_PORT},
        {"bind-msi-v6", SCENARIO_ENABLE_ACS_NOT_FIRST_PORT},
        {"approach-2", SCENARIO_ENABLE_ACS_YES},
    };

    for (const auto &one : expected) {
        SCOPED_TRACE(one.first);
        const std::string rules = "doorbell: 1\n"
                                  "pcie: { rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } } }\n"
                                  "traffic: { ep0: [ { msi: { period: 1 us } } ] }\n"
                                  "software: { rules: " +
                                  one.first;

        Loaded plain(rules + " }\n");
        Loaded all(rules + ", enable-acs: yes }\n");
        Loaded none(rules + ", enable-acs: no }\n");
        EXPECT_EQ(plain->software.enable_acs, one.second);
        EXPECT_EQ(all->software.enable_acs, SCENARIO_ENABLE_ACS_YES);
        EXPECT_EQ(none->software.enable_acs, SCENARIO_ENABLE_ACS_NO);
    }
}

/* Depth first, by device and function number, whatever the order in the file. */
TEST(Load, BusNumbersComeFromEnumeration)
{
    Loaded s("doorbell: 1\n"
             "pcie:\n"
             "  rc0:\n"
             "    first-bus: 16\n"
             "    root-ports:\n"
             "      last:\n"
             "        device: 9\n"
             "        below: { epZ: { endpoint: {} } }\n"
             "      empty: {}\n"
             "      rp0:\n"
             "        below:\n"
             "          sw0:\n"
             "            switch: {}\n"
             "            below:\n"
             "              epB: { endpoint: {}, port: { device: 4 } }\n"
             "              sw1:\n"
             "                switch: { multifunction-ports: yes }\n"
             "                port: { device: 3, function: 0 }\n"
             "                below:\n"
             "                  epC: { endpoint: {} }\n"
             "                  epD: { endpoint: {} }\n"
             "              epA: { endpoint: {} }\n");

    ASSERT_TRUE(s) << s.said();
    const struct {
        const char *name;
        unsigned rid;
        const char *port;
        unsigned port_rid;
    } expected[] = {
        /* empty 10:00.0 takes bus 11; rp0 10:01.0 has 12. */
        {"sw0", 0x1200, nullptr, 0},
        {"epA", 0x1400, "sw0.dsp-epA", 0x1300}, /* 13:00.0 */
        {"sw1", 0x1500, "sw0.dsp-sw1", 0x1318}, /* 13:03.0 */
        {"epC", 0x1700, "sw1.dsp-epC", 0x1600}, /* 16:00.0 */
        {"epD", 0x1800, "sw1.dsp-epD", 0x1601}, /* 16:00.1 */
        {"epB", 0x1900, "sw0.dsp-epB", 0x1320}, /* 13:04.0 */
        {"epZ", 0x1a00, nullptr, 0},
    };
    ASSERT_EQ(s->device_count, 7u);
    for (size_t i = 0; i < 7; i++) {
        const scenario_device *device = s->devices[i];
        EXPECT_STREQ(device->name, expected[i].name);
        EXPECT_EQ(scenario_rid(device->bdf), expected[i].rid) << device->name;
        EXPECT_EQ(device->index, i);
        if (expected[i].port != nullptr) {
            EXPECT_STREQ(device->port.name, expected[i].port);
            EXPECT_EQ(scenario_rid(device->port.bdf), expected[i].port_rid) << device->name;
        }
    }
    const scenario_device *sw0 = scenario_find_device(s.get(), "sw0");
    EXPECT_EQ(sw0->sw->secondary_bus, 0x13);
    EXPECT_EQ(sw0->sw->subordinate_bus, 0x19);
    EXPECT_STREQ(sw0->sw->upstream_name, "sw0.usp");
    EXPECT_EQ(sw0->root_port->port.secondary_bus, 0x12);
    EXPECT_EQ(sw0->root_port->port.subordinate_bus, 0x19);
    EXPECT_EQ(scenario_find_device(s.get(), "sw1")->port.subordinate_bus, 0x18);
    EXPECT_EQ(s->root_complexes[0].ecam.size, 240u << 20);
    EXPECT_EQ(scenario_find_device(s.get(), "nobody"), nullptr);
    EXPECT_EQ(scenario_find_device(s.get(), "rp0"), nullptr) << "a root port is no device";
}

TEST(Load, AcsForms)
{
    Loaded s("doorbell: 1\n"
             "pcie:\n"
             "  rc0:\n"
             "    root-ports:\n"
             "      rp0:\n"
             "        acs: { cap: full, ctrl: [RR, CR] }\n"
             "        below:\n"
             "          sw0:\n"
             "            switch: { acs: [SV, RR, CR, UF] }\n"
             "            below:\n"
             "              epA: { endpoint: {} }\n"
             "              epB: { endpoint: {}, port: { acs: [] } }\n"
             "              epC: { endpoint: {}, port: { acs: none } }\n"
             "              epD: { endpoint: {}, port: { acs: full } }\n");

    ASSERT_TRUE(s) << s.said();
    const scenario_acs &root = s->root_complexes[0].root_ports[0].port.acs;
    EXPECT_TRUE(root.present);
    EXPECT_EQ(root.capability, SCENARIO_ACS_FULL);
    EXPECT_EQ(root.control, SCENARIO_ACS_RR | SCENARIO_ACS_CR);
    const scenario_acs &inherited = scenario_find_device(s.get(), "epA")->port.acs;
    EXPECT_TRUE(inherited.present);
    EXPECT_EQ(inherited.capability, SCENARIO_ACS_SV | SCENARIO_ACS_RR | SCENARIO_ACS_CR | SCENARIO_ACS_UF);
    EXPECT_EQ(inherited.control, 0);
    EXPECT_TRUE(scenario_find_device(s.get(), "epB")->port.acs.present);
    EXPECT_EQ(scenario_find_device(s.get(), "epB")->port.acs.capability, 0);
    EXPECT_FALSE(scenario_find_device(s.get(), "epC")->port.acs.present);
    EXPECT_EQ(scenario_find_device(s.get(), "epD")->port.acs.capability, SCENARIO_ACS_FULL);
}

TEST(Load, MapsFollowTheDeviceTree)
{
    Loaded s(small("platform: { its: { A: {}, B: {} }, smmu: { S: { stream-id-bits: 18 } } }\n"),
             {"pcie.rc0.msi-map=[[0, A, 0x100, 0x400], [0x300, B, 0, 0x100], [0x400, B, 0x8000, 1]]",
              "pcie.rc0.iommu-map=[[0x1, S, 0x2_0000, 2]]", "pcie.rc0.iommu-map-mask=0x7"});
    uint32_t output = 0;

    ASSERT_TRUE(s) << s.said();
    const scenario_root_complex &rc = s->root_complexes[0];
    const scenario_map_entry *entry = scenario_map_find(&rc.msi_map, 0x0300, &output);
    ASSERT_NE(entry, nullptr);
    EXPECT_STREQ(entry->its->name, "A") << "the first match counts";
    EXPECT_EQ(output, 0x400u);
    entry = scenario_map_find(&rc.msi_map, 0x0400, &output);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(output, 0x8000u);
    EXPECT_EQ(scenario_map_find(&rc.msi_map, 0x0401, nullptr), nullptr);
    entry = scenario_map_find(&rc.iommu_map, 0xfffa, &output);
    ASSERT_NE(entry, nullptr) << "masked to 2";
    EXPECT_EQ(output, 0x20001u);
    EXPECT_EQ(scenario_map_find(&rc.iommu_map, 0xfff8, nullptr), nullptr);
}

TEST(Load, MsisGoToTheItsBesideTheirRootComplex)
{
    Loaded s("doorbell: 1\n"
             "platform: { its: { X: { beside: rc1 }, Y: {}, Z: { beside: rc0, port-latency: 3 ns } } }\n"
             "pcie:\n"
             "  rc0: { root-ports: { rp0: { below: { ep0: { endpoint: {} } } } } }\n"
             "  rc1: { root-ports: { rp1: { below: { ep1: { endpoint: {} } } } } }\n"
             "  rc2: { root-ports: { rp2: { below: { ep2: { endpoint: {} } } } } }\n");

    ASSERT_TRUE(s) << s.said();
    EXPECT_STREQ(s->root_complexes[0].msi_map.entries[0].its->name, "Z");
    EXPECT_STREQ(s->root_complexes[1].msi_map.entries[0].its->name, "X");
    EXPECT_STREQ(s->root_complexes[2].msi_map.entries[0].its->name, "Y");
    EXPECT_EQ(s->platform.its[0].beside, &s->root_complexes[1]);
    EXPECT_EQ(s->platform.its[1].beside, nullptr);
    EXPECT_EQ(s->platform.its[2].port_latency, 3 * SIM_NS);
    EXPECT_EQ(s->root_complexes[2].segment, 2u);
    EXPECT_NE(s->root_complexes[1].ecam.base, s->root_complexes[0].ecam.base);
}

TEST(Load, TrafficIsResolved)
{
    Loaded s(small("traffic:\n"
                   "  epA:\n"
                   "    - msi: { vectors: [5, 1], arrivals: poisson, rate: 3 MHz, start: 10 us }\n"
                   "    - dma-write: { size: 256 B, rate: 4 GB/s }\n"
                   "    - dma-read: { size: 64 B, period: 1 us, arrivals: burst, burst: 4 }\n"
                   "    - msi: { vectors: 2, arrivals: when-handled, think-time: 3 us }\n"
                   "    - msi: { arrivals: burst, burst: 16, period: 20 us }\n"
                   "  epB/1:\n"
                   "    - dma-write: { period: 1 us, to: epA, buffer: 4 KiB }\n"));

    ASSERT_TRUE(s) << s.said();
    ASSERT_EQ(s->traffic_count, 2u);
    const scenario_stream *a = s->traffic[0].streams;
    ASSERT_EQ(s->traffic[0].stream_count, 5u);
    EXPECT_EQ(a[0].msi->vector_count, 2u);
    EXPECT_EQ(a[0].msi->vectors[0], 5u);
    EXPECT_EQ(a[0].msi->vectors[1], 1u);
    EXPECT_EQ(a[0].msi->arrivals, SCENARIO_ARRIVALS_POISSON);
    EXPECT_EQ(a[0].msi->period, 333333333u);
    EXPECT_EQ(a[0].msi->start, 10 * SIM_US);
    EXPECT_EQ(a[1].dma_write->period, 64 * SIM_NS);
    EXPECT_EQ(a[1].dma_write->target, nullptr);
    EXPECT_EQ(a[2].dma_read->burst, 4u);
    EXPECT_EQ(a[3].msi->vector_count, 1u);
    EXPECT_EQ(a[3].msi->think_time, 3 * SIM_US);
    EXPECT_EQ(a[3].msi->period, 0u);
    EXPECT_EQ(a[4].msi->burst, 16u);
    EXPECT_EQ(s->traffic[1].function, 1u);
    EXPECT_STREQ(s->traffic[1].device->name, "epB");
    EXPECT_STREQ(s->traffic[1].streams[0].dma_write->target->name, "epA");
}

/** What is wrong with an endpoint; "" if nothing is. */
std::string said_of(const std::string &endpoint)
{
    Loaded s("doorbell: 1\npcie: { rc0: { root-ports: { rp0: { below: { ep: { endpoint: " + endpoint +
             " } } } } } }\n");

    return s.diagnostics().count == 0 ? "" : s.diagnostics().items[0].message;
}

TEST(Load, CapabilitiesOfEndpointsFitTogether)
{
    EXPECT_EQ(said_of("{ ats: {}, pri: {}, msi: { vectors: 32, granted: 4 }, ims: 64 }"), "");
    EXPECT_EQ(said_of("{ pri: {} }"), "`ep` has page requests but no translations to use what they bring");
    EXPECT_EQ(said_of("{ msi: { vectors: 4, granted: 8 } }"), "`granted` 8 is more than `vectors` 4");
    EXPECT_EQ(said_of("{ msi: { vectors: 3 } }"), "`vectors: 3` must be a power of two");
    EXPECT_EQ(said_of("{ ims: 2048, msi-x: 0, bars: [16 KiB] }"),
              "the first BAR of `ep`, 16 KiB, is too small for its message store");
    EXPECT_EQ(said_of("{ ims: 2048, msi-x: 0, bars: [32 KiB] }"), "");
    EXPECT_EQ(said_of("{ ims: 2048, msi-x: 1, bars: [32 KiB] }"),
              "the first BAR of `ep`, 32 KiB, is too small for its message store");
    EXPECT_EQ(said_of("{ ims: 4, msi-x: 0, bars: [] }"), "`ep` has no BAR to hold its message store");
}

TEST(Load, PagesOnDemandBesideVirtualMachinesAreNotTakenAwayYet)
{
    const std::string text =
        "doorbell: 1\npcie: { rc0: { root-ports: { rp0: { below: { ep: { endpoint: { ats: {}, pri: {} } } } }, "
        "rp1: { below: { vf: { endpoint: {} } } } } } }\n"
        "traffic: { ep: [ { dma-write: { period: 1 us, pages: on-demand } } ] }\n";
    Loaded alone(text);
    Loaded beside(text + "vms: { vm0: { devices: { vf: {} } } }\n");
    Loaded reclaimed(text + "vms: { vm0: { devices: { vf: {} } } }\nsoftware: { reclaim: 10 us }\n");

    EXPECT_TRUE(alone) << alone.said();
    EXPECT_TRUE(beside) << beside.said();
    EXPECT_FALSE(reclaimed);
    EXPECT_NE(reclaimed.said().find("pages that are taken away again (`software.reclaim`) beside virtual machines"),
              std::string::npos)
        << reclaimed.said();
}

TEST(Load, ExpectationsAreResolved)
{
    Loaded s(small("expect:\n"
                   "  doorbell-per-group: violated\n"
                   "  one-viommu-per-smmu: not-applicable\n"
                   "  msi.lost: 0\n"
                   "  msi.count: \"> 100\"\n"
                   "  msi.latency.p99: < 3 us\n"
                   "  epA.msi.latency.p99.9: <= 3.5 us\n"
                   "  epB/1.msi.latency.mean: 1 us..2 us\n"
                   "  epB.msi.count: ==7\n"
                   "  counter.S.tlb-misses: < 9\n"));

    ASSERT_TRUE(s) << s.said();
    ASSERT_EQ(s->expectation_count, 9u);
    const scenario_expectation *e = s->expectations;
    EXPECT_EQ(e[0].metric, SCENARIO_METRIC_VERDICT);
    EXPECT_STREQ(e[0].verdict, "doorbell-per-group");
    EXPECT_EQ(e[0].outcome, VERDICT_VIOLATED);
    EXPECT_EQ(e[1].outcome, VERDICT_NOT_APPLICABLE);
    EXPECT_EQ(e[2].metric, SCENARIO_METRIC_MSI_LOST);
    EXPECT_TRUE(e[2].lower.present && e[2].upper.present);
    EXPECT_EQ(e[2].upper.value, 0u);
    EXPECT_TRUE(e[3].lower.present);
    EXPECT_FALSE(e[3].upper.present);
    EXPECT_FALSE(e[3].lower.inclusive);
    EXPECT_EQ(e[3].lower.value, 100u);
    EXPECT_FALSE(e[4].upper.inclusive);
    EXPECT_EQ(e[4].upper.value, 3 * SIM_US);
    EXPECT_EQ(e[4].device, nullptr);
    EXPECT_EQ(e[4].place.line, 17u) << "a failed expectation says which line";
    EXPECT_STREQ(e[4].text, "< 3 us");
    EXPECT_EQ(e[5].metric, SCENARIO_METRIC_MSI_LATENCY_P99_9);
    EXPECT_TRUE(e[5].upper.inclusive);
    EXPECT_EQ(e[5].upper.value, 3500 * SIM_NS);
    EXPECT_STREQ(e[5].device->name, "epA");
    EXPECT_EQ(e[6].function, 1u);
    EXPECT_EQ(e[6].lower.value, SIM_US);
    EXPECT_EQ(e[6].upper.value, 2 * SIM_US);
    EXPECT_EQ(e[7].lower.value, 7u);
    EXPECT_EQ(e[7].upper.value, 7u);
    EXPECT_EQ(e[8].metric, SCENARIO_METRIC_COUNTER);
    EXPECT_STREQ(e[8].component, "S");
    EXPECT_STREQ(e[8].counter, "tlb-misses");
    EXPECT_EQ(e[8].upper.value, 9u);
}

TEST(Load, ClocksAreRoundedToWholeFemtoseconds)
{
    Loaded s(small("platform: { pe: { clock: 1.3 GHz } }\n"));

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->platform.pe.clock.period, 769231u);
    EXPECT_EQ(s->platform.pe.clock.frequency, 1300000000u);
}

TEST(Load, NoSmmuIsPossible)
{
    Loaded s(small("platform: { smmu: {} }\n"));

    ASSERT_TRUE(s) << s.said();
    EXPECT_EQ(s->platform.smmu_count, 0u);
    EXPECT_EQ(s->root_complexes[0].iommu_map.count, 0u);
}

TEST(Load, TheResponseLatencyFollowsTheLatency)
{
    Loaded alone(small("platform: { interconnect: { latency: 7 ns } }\n"));
    Loaded both(small("platform: { interconnect: { latency: 7 ns, response-latency: 9 ns } }\n"));

    ASSERT_TRUE(alone && both);
    EXPECT_EQ(alone->platform.interconnect.response_latency, 7 * SIM_NS);
    EXPECT_EQ(both->platform.interconnect.response_latency, 9 * SIM_NS);
}

TEST(Load, AnUnreadableFileIsAFailureOfTheEnvironment)
{
    Loaded missing = Loaded::file("/nonexistent/x.yaml");
    Loaded folder = Loaded::file("/");

    EXPECT_FALSE(missing);
    EXPECT_TRUE(missing.diagnostics().environment_failed);
    EXPECT_NE(missing.said().find("/nonexistent/x.yaml: error[E0201]: cannot read"), std::string::npos)
        << missing.said();
    EXPECT_FALSE(folder);
    EXPECT_TRUE(folder.diagnostics().environment_failed);
}

TEST(Load, ManyScenariosLiveSideBySide)
{
    Loaded a(small(), {"seed=1"});
    Loaded b(small(), {"seed=2"});

    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->seed, 1u);
    EXPECT_EQ(b->seed, 2u);
}

/** Everything that a scenario says. */
std::string shown(struct scenario *scenario)
{
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (scenario != nullptr) {
        scenario_show(stream, scenario);
    }
    fclose(stream);
    std::string all(text, length);
    free(text);
    return all;
}

/* Read once, with bases, and loaded with one set of overrides after the other: each as if it were the only one. */
TEST(Load, WhatIsReadOnceIsLoadedOften)
{
    const std::string path = DOORBELL_SOURCE_DIR "/scenarios/examples/lock-step-commands.yaml";
    const std::vector<std::vector<const char *>> changes = {
        {}, {"seed=5", "vms.vm0.queue=direct"}, {"vms.vm0.devices.epB=null"}, {"smmu.S.tlb.entires=4"}, {}};
    diagnostics list = {};
    scenario_source *source = scenario_read(path.c_str(), &list);

    ASSERT_NE(source, nullptr);
    for (const std::vector<const char *> &sets : changes) {
        const scenario_options options = {sets.data(), sets.size()};
        diagnostics here = {};
        diagnostics there = {};
        struct scenario *one = scenario_load_source(source, &options, &here);
        struct scenario *other = scenario_load(path.c_str(), &options, &there);

        EXPECT_EQ(shown(one), shown(other));
        EXPECT_EQ(here.error_count, there.error_count);
        EXPECT_EQ(here.count, there.count);
        scenario_free(one);
        scenario_free(other);
        diagnostics_clear(&here);
        diagnostics_clear(&there);
    }
    scenario_source_free(source);
    EXPECT_EQ(scenario_read("/nowhere.yaml", &list), nullptr);
    EXPECT_TRUE(list.environment_failed);
    diagnostics_clear(&list);
}

} // namespace
