/* Translation caches, page requests and PASIDs of devices in whole systems: hardware, software and traffic together. */
#include "tests/system/whole.h"

#include "host/pci_config.h"
#include "models/pcie/endpoint.h"
#include "models/smmuv3/smmu_formats.h"
#include "scenario/system_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load_text;
using system_test::outcome_of;
using system_test::Scenario;
using system_test::Whole;

std::string text_of(const std::string &endpoint, const std::string &streams, const std::string &more = "")
{
    return "doorbell: 1\nduration: 100 us\nplatform: { smmu: { S: { idr: { ats: yes, pri: yes } } } }\n" + more +
           "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { dev: { endpoint: " + endpoint +
           " } } } } } }\ntraffic: { dev: " + streams + " }\n";
}

/** A system with one endpoint. */
class One
{
  public:
    explicit One(const std::string &text, const std::vector<std::string> &sets = {})
        : scenario(load_text(text, sets)), whole(scenario.get())
    {
    }
    const run_result &run()
    {
        whole.start();
        whole.run();
        return whole.finish();
    }
    uint32_t index()
    {
        return system_function(whole.system(), 0)->tree_index;
    }
    software_function &function()
    {
        return whole.software()->functions[index()];
    }
    const enumerate_function &place()
    {
        return whole.software()->found.functions[index()];
    }
    uint16_t config16(uint32_t offset)
    {
        return pci_config_read16(whole.software()->access, place().config, offset);
    }
    uint64_t ste(unsigned high, unsigned low)
    {
        uint64_t words[8] = {};

        EXPECT_TRUE(smmu_driver_read_stream(&whole.software()->smmus[0], function().stream_id, words));
        return smmu_field_get(words, high, low);
    }
    uint64_t counter_after_run(const char *component, const char *name)
    {
        run();
        return counter(component, name);
    }
    uint64_t counter(const char *component, const char *name)
    {
        return counter_of(whole.result(), component, name);
    }

    Scenario scenario;
    Whole whole;
};

/** Why a system cannot be brought up; "" if it can. */
std::string refusal(const std::string &text, const std::vector<std::string> &sets = {})
{
    const auto scenario = load_text(text, sets);
    struct host_error error = {};
    struct system_options options = {};
    struct system *system = system_create(scenario.get(), &options, &error);
    const bool up = system != nullptr && system_bring_up(system, &error);

    system_destroy(system);
    return up ? "" : error.text;
}

const char *const all = "{ ats: {}, pri: {}, pasid: 16 }";

/* ---- What is switched on ---- */

TEST(Ats, EverythingIsOnWhereEverybodyCan)
{
    One one(text_of(all, "[{dma-write: {period: 1 us}}]"));

    EXPECT_EQ(one.config16(one.place().pasid + 6u) & 1, 1u);
    EXPECT_EQ(one.config16(one.place().ats + 6u), 0x8000u) << "enabled, units of 4 KiB";
    EXPECT_EQ(one.config16(one.place().pri + 4u), 1u);
    EXPECT_EQ(pci_config_read(one.whole.software()->access, one.place().config, one.place().pri + 12u), 32u);
    EXPECT_EQ(one.ste(SMMU_STE_EATS), 1u);
    EXPECT_EQ(one.ste(SMMU_STE_PPAR), 1u);
    EXPECT_TRUE(one.whole.software()->found.tree.functions[one.index()].ats_enabled);
}

TEST(Ats, OffWhereOneCannot)
{
    const struct {
        const char *set;
        bool ats;
        bool pri;
    } cases[] = {
        {"platform.smmu.S.idr={ats: no, pri: no}", false, false},
        {"platform.smmu.S.idr.pri=no", true, false},
        {"software.ats=no", false, false},
        {"software.page-requests=no", true, false},
        {"software.domains.default=identity", false, false},
        {"dev.endpoint={ats: {}}", true, false},
        {"dev.endpoint={}", false, false},
    };

    for (const auto &one_case : cases) {
        One one(text_of(all, "[{dma-write: {period: 1 us}}, {msi: {period: 10 us}}]"), {one_case.set});
        const struct enumerate_function place = one.place();

        SCOPED_TRACE(one_case.set);
        EXPECT_EQ(place.ats != 0 && (one.config16(place.ats + 6u) & 0x8000) != 0, one_case.ats);
        EXPECT_EQ(place.pri != 0 && (one.config16(place.pri + 4u) & 1) != 0, one_case.pri);
        EXPECT_EQ(one.ste(SMMU_STE_EATS), one_case.ats ? 1u : 0u);
        EXPECT_EQ(one.function().services.ats, one_case.ats);
        const run_result &result = one.run();
        EXPECT_EQ(device_of(result, "dev").lost, 0u);
        EXPECT_EQ(result.smmu_events, 0u);
        EXPECT_EQ(one.counter("dev", "atc-hits"), one_case.ats ? 100u : 0u);
    }
}

TEST(Ats, GoesOffWithADomainThatDoesNotTranslate)
{
    One one(text_of(all, "[{dma-write: {period: 1 us}}]"));
    struct software *software = one.whole.software();
    struct host_error error = {};

    struct domain *blocked = software_blocked_domain(software, one.function().iommu, &error);
    struct domain *before = one.function().attachment.domain;
    ASSERT_NE(blocked, nullptr) << error.text;
    ASSERT_TRUE(software_attach(software, one.index(), blocked, &error)) << error.text;
    EXPECT_EQ(one.config16(one.place().ats + 6u), 0u);
    EXPECT_EQ(one.config16(one.place().pri + 4u), 0u);
    EXPECT_EQ(one.ste(SMMU_STE_EATS), 0u);
    ASSERT_TRUE(software_attach(software, one.index(), before, &error)) << error.text;
    EXPECT_EQ(one.config16(one.place().ats + 6u), 0x8000u);
    EXPECT_EQ(one.ste(SMMU_STE_EATS), 1u);
    const run_result &result = one.run();
    EXPECT_EQ(result.smmu_events, 0u);
    EXPECT_EQ(one.counter("S", "translated"), 100u);
}

/** Looks every few nanoseconds at what has been switched on, and notes the order. */
struct Spy {
    struct sim_component component;
    struct system *system = nullptr;
    std::vector<std::string> order;
    bool running = true;

    void note(bool on, const char *what)
    {
        if (on && std::find(order.begin(), order.end(), what) == order.end()) {
            order.emplace_back(what);
        }
    }
};

sim_time look(struct sim_component *component, sim_time now)
{
    auto *spy = reinterpret_cast<Spy *>(component);
    const struct pcie_config_space *space = endpoint_config_space(spy->system->endpoints[0], 0);
    const struct software &software = spy->system->software;
    uint64_t words[8] = {};

    spy->note((pcie_config_get16(space, space->pasid + 6u) & 1) != 0, "PASID");
    spy->note((pcie_config_get16(space, space->ats + 6u) & 0x8000) != 0, "ATS");
    spy->note((pcie_config_get16(space, space->pri + 4u) & 1) != 0, "PRI");
    spy->note(pcie_config_get32(space, space->pri + 12u) != 0, "allocation");
    if (software.smmus != nullptr && software.smmus[0].stream_table != 0 &&
        smmu_driver_read_stream(&software.smmus[0], 0x100, words)) {
        spy->note(smmu_field_get(words, SMMU_STE_EATS) == 1, "EATS");
    }
    return spy->running ? now + 20 * SIM_NS : SIM_TIME_NEVER;
}

TEST(Ats, SwitchedOnInOrder)
{
    const auto scenario = load_text(text_of(all, "[{dma-write: {period: 1 us, pasid: 3, pages: on-demand}}]"));
    struct host_error error = {};
    struct system_options options = {};
    struct system *system = system_create(scenario.get(), &options, &error);
    Spy spy;

    ASSERT_NE(system, nullptr) << error.text;
    spy.system = system;
    sim_component_init(&spy.component, system_sim(system), "spy", SIM_NS, look);
    sim_wake(&spy.component, SIM_NS);
    EXPECT_TRUE(system_bring_up(system, &error)) << error.text;
    EXPECT_EQ(spy.order, (std::vector<std::string>{"PASID", "EATS", "ATS", "allocation", "PRI"}));
    system_destroy(system);
}

TEST(Ats, VirtualFunctionsFollowTheirs)
{
    One one("doorbell: 1\nduration: 50 us\nplatform: { smmu: { S: { idr: { ats: yes, pri: yes } } } }\n"
            "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { dev: { endpoint: { ari: yes, pasid: 16, ats: {}, "
            "pri: {}, acs: full, sr-iov: { vfs: 2 } } } } } } } }\n"
            "traffic:\n"
            "  dev/vf1: [ { dma-write: { period: 1 us, pages: on-demand, pasid: 6 } }, { msi: { period: 5 us } } ]\n"
            "  dev/vf2: [ { dma-write: { period: 1 us } } ]\n"
            "  dev: [ { dma-read: { period: 1 us } } ]\n");
    const run_result &result = one.run();

    EXPECT_EQ(result.smmu_events, 0u);
    EXPECT_EQ(one.counter("dev", "atc-hits"), 150u);
    EXPECT_EQ(one.counter("dev", "page-responses"), one.counter("software", "pages-mapped"));
    EXPECT_GT(one.counter("software", "pages-mapped"), 0u);
    EXPECT_EQ(device_of(result, "dev/vf1").writes_visible, 50u);
    EXPECT_EQ(device_of(result, "dev/vf1").lost, 0u);
    EXPECT_EQ(device_of(result, "dev/vf2").writes_visible, 50u);
}

/* ---- Translated requests ---- */

TEST(Ats, PeersAreReachedDirectlyWhereAcsLetsTranslatedRequestsGo)
{
    const std::string text =
        "doorbell: 1\nduration: 50 us\nplatform: { smmu: { S: { idr: { ats: yes } } } }\n"
        "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { sw: { switch: { acs: { cap: full, ctrl: [DT] } }, "
        "below: {\n"
        "  a: { endpoint: { ats: {} } },\n"
        "  b: { endpoint: { bars: [64 KiB, 64 KiB] } } } } } } } } }\n"
        "traffic: { a: [ { dma-write: { period: 1 us, to: b, ats: yes } } ] }\n";
    One direct(text);
    One redirected(text, {"sw.switch.acs=full"});

    const run_result &one = direct.run();
    EXPECT_EQ(direct.counter("a", "atc-hits"), 50u);
    EXPECT_EQ(direct.counter("S", "translated"), 0u) << "DT: straight from port to port";
    EXPECT_EQ(direct.counter("b", "requests-served"), redirected.counter_after_run("b", "requests-served"));
    EXPECT_EQ(redirected.counter("S", "translated"), 50u) << "RR: by way of the SMMU";
    EXPECT_EQ(one.smmu_events, 0u);
    EXPECT_EQ(redirected.whole.result().smmu_events, 0u);
}

/** Times of writes from birth to memory. */
struct Writes {
    sim_time shortest = SIM_TIME_NEVER;
    unsigned count = 0;
};

void note_write(void *context, enum sim_event_kind kind, const struct sim_packet *packet, const struct sim_component *,
                sim_time time, uint32_t)
{
    auto *writes = static_cast<Writes *>(context);

    if (kind == SIM_EVENT_WRITE_VISIBLE) {
        writes->shortest = sim_time_min(writes->shortest, time - packet->born);
        writes->count++;
    }
}

sim_time shortest_write(const std::string &endpoint)
{
    One one(text_of(endpoint, "[{dma-write: {size: 64 B, period: 1 us}}]"));
    Writes writes;
    const sim_observer listener = {&writes, false, 0, nullptr, note_write, nullptr};

    collector_also(one.whole.collector(), &listener);
    one.run();
    EXPECT_EQ(writes.count, 100u);
    return writes.shortest;
}

TEST(Ats, HitSavesTheSmmuItsTlb)
{
    /* Ordinary: accept, configuration, TLB, forward. Translated, with ATSCHK: accept, configuration, forward. */
    EXPECT_EQ(shortest_write("{}") - shortest_write("{ats: {}}"), 3 * SIM_NS);
}

TEST(Ats, MessagesAreNotTranslatedAndHaveNoPasid)
{
    One one(text_of(all, "[{msi: {period: 1 us}}, {dma-write: {period: 1 us, pasid: 4}}]"));
    const run_result &result = one.run();

    EXPECT_EQ(device_of(result, "dev").lost, 0u);
    EXPECT_EQ(device_of(result, "dev").delivered + device_of(result, "dev").merged, 100u);
    EXPECT_EQ(one.counter("S", "translated"), 100u) << "the writes; messages were looked up in the TLB";
    EXPECT_EQ(one.counter("S", "requests"),
              200u + one.counter("S", "translation-requests") + one.counter("S", "atc-invalidations"));
    EXPECT_EQ(outcome_of(result.verdicts, "msi-in-primary-domain"), "holds");
}

TEST(Ats, CacheTooSmallAsksAgain)
{
    const std::string streams = "[{dma-read: {size: 64 B, stride: 4 KiB, buffer: 64 KiB, period: 5 us}}]";
    One large(text_of("{ats: {entries: 16}}", streams, "software: {max-payload: 128 B}\n"));
    One small(text_of("{ats: {entries: 15}}", streams));

    large.run();
    small.run();
    EXPECT_EQ(large.counter("dev", "translation-requests"), 16u);
    EXPECT_EQ(small.counter("dev", "translation-requests"), 20u) << "a scan of more than it holds never hits";
}

TEST(Ats, CountersCanBeExpected)
{
    One one(text_of("{ats: {}}", "[{dma-write: {size: 64 B, period: 1 us, buffer: 4 KiB}}]",
                    "expect: { counter.dev.translation-requests: 1, counter.S.translated: \"> 100\", "
                    "counter.S.nothing: 0 }\n"));
    const run_result &result = one.run();

    ASSERT_EQ(result.expectation_count, 3u);
    EXPECT_TRUE(result.expectations[0].met);
    EXPECT_FALSE(result.expectations[1].met);
    EXPECT_STREQ(result.expectations[1].got, "100, off by 0");
    EXPECT_FALSE(result.expectations[2].met);
    EXPECT_STREQ(result.expectations[2].got, "S has no counter nothing");
}

/* ---- PASIDs ---- */

/** The first bytes of where an address of a function, with a PASID, leads. */
uint64_t word_at(One &one, uint32_t pasid, uint64_t iova)
{
    const struct domain *domain = attachment_find(&one.function().attachment, pasid);
    uint64_t physical = 0;

    EXPECT_NE(domain, nullptr);
    EXPECT_TRUE(domain_resolve(domain, iova, &physical));
    return memory_read64(one.whole.software()->ram.memory, physical);
}

TEST(Pasid, SameAddressInTwoSpacesIsTwoPlaces)
{
    for (const char *endpoint : {all, "{ pasid: 16 }", "{ pasid: 12, ats: {} }"}) {
        One one(text_of(endpoint, "[{dma-write: {period: 1 us, buffer: 4 KiB, size: 64 B, stride: 4 KiB, pasid: 1}}, "
                                  "{dma-write: {period: 1 us, buffer: 4 KiB, size: 64 B, stride: 4 KiB, pasid: 2}}]"));
        const run_result &result = one.run();
        const uint64_t iova = one.function().attachment.pasids[0].domain->mappings[0].iova;

        SCOPED_TRACE(endpoint);
        ASSERT_EQ(one.function().attachment.pasids[1].domain->mappings[0].iova, iova);
        EXPECT_EQ(word_at(one, 1, iova), endpoint_dma_stamp(1, 99, 0));
        EXPECT_EQ(word_at(one, 2, iova), endpoint_dma_stamp(2, 99, 0));
        EXPECT_EQ(result.smmu_events, 0u);
    }
}

TEST(Pasid, NeedsAcsOnTheWholeWayFromLinux612On)
{
    const std::string endpoint = "{ pasid: 16 }";
    const std::string streams = "[{dma-write: {period: 1 us, pasid: 1}}]";

    EXPECT_EQ(refusal(text_of(endpoint, streams)), "");
    EXPECT_NE(refusal(text_of(endpoint, streams), {"rp0.acs=none"}).find("dev cannot use PASID 1"), std::string::npos);
    EXPECT_NE(refusal(text_of(endpoint, streams), {"software.enable-acs=no"}).find("PASID 1"), std::string::npos);
    EXPECT_EQ(refusal(text_of(endpoint, streams), {"rp0.acs=none", "software.rules=linux-6.1"}), "");
    EXPECT_NE(refusal(text_of(endpoint, streams), {"platform.smmu.S.substream-id-bits=0"}).find("SubstreamIDs"),
              std::string::npos);
}

TEST(Pasid, NeedsPortsThatTakePrefixes)
{
    const std::string streams = "[{dma-write: {period: 1 us, pasid: 1}}]";
    const std::string unlisted = text_of("{ pasid: 16 }", streams);

    for (const char *rules : {"linux-6.1", "linux-6.12", "linux-7.3"}) {
        const std::vector<std::string> sets = {"rp0.tlp-prefixes=no", "software.enable-acs=yes",
                                               std::string("software.rules=") + rules};

        EXPECT_NE(refusal(unlisted, sets).find("rp0 takes no TLP prefixes"), std::string::npos)
            << rules << ": " << refusal(unlisted, sets);
    }
    /* Known to need none; but this one's requests have one, and end at the port. */
    One one(text_of("{ pasid: 16, vendor-id: 0x19e5, device-id: 0xa251 }", streams), {"rp0.tlp-prefixes=no"});
    one.run();
    const run_device &device = device_of(one.whole.result(), "dev");

    EXPECT_GT(device.writes_sent, 50u);
    EXPECT_EQ(device.writes_dropped, device.writes_sent);
}

TEST(Pasid, WideOnesTakeATableOfTwoLevels)
{
    EXPECT_EQ(refusal(text_of("{ pasid: 20 }", "[{dma-write: {period: 1 us, pasid: 1000000}}]")),
              "PASID 1000000 is wider than the 16 bits that dev and its SMMU share");
    One one(text_of("{ pasid: 20, ats: {} }", "[{dma-write: {period: 1 us, pasid: 1000000}}]"),
            {"platform.smmu.S.substream-id-bits=20"});

    EXPECT_EQ(one.ste(SMMU_STE_S1FMT), 2u);
    EXPECT_EQ(one.ste(SMMU_STE_S1CDMAX), 20u);
    EXPECT_EQ(one.run().smmu_events, 0u);
    EXPECT_EQ(device_of(one.whole.result(), "dev").writes_visible, 100u);
}

/* ---- Pages on demand ---- */

TEST(Pages, ComeWhenTouchedAndOnlyThose)
{
    for (const char *pasid : {"", ", pasid: 9"}) {
        One one(text_of(all, "[{dma-write: {size: 64 B, stride: 4 KiB, period: 10 us, buffer: 64 KiB, "
                             "pages: on-demand" +
                                 std::string(pasid) + "}}]"));
        const run_result &result = one.run();

        EXPECT_EQ(one.counter("software", "pages-mapped"), 10u);
        EXPECT_EQ(one.counter("software", "page-responses"), 10u);
        EXPECT_EQ(one.counter("dev", "page-requests"), 10u);
        EXPECT_EQ(one.counter("dev", "atc-refused"), 0u);
        EXPECT_EQ(device_of(result, "dev").writes_visible, 10u);
        EXPECT_EQ(result.smmu_events, 0u);
    }
}

TEST(Pages, TakeTheirTime)
{
    /* Request to queue, wire 2 us, page 1 us, response, and the second translation: more than those three alone. */
    One one(text_of(all, "[{dma-read: {size: 64 B, period: 10 us, buffer: 4 KiB, stride: 4 KiB, pages: on-demand}}]"));
    const run_result &result = one.run();
    const sim_time longest = device_of(result, "dev").read_latency.max;

    EXPECT_GT(longest, 3 * SIM_US);
    EXPECT_LT(longest, 7 * SIM_US);
}

TEST(Pages, NotOfTheDeviceAreRefused)
{
    One one(text_of(all, "[{dma-write: {size: 64 B, period: 10 us, pages: on-demand}}]"));
    struct endpoint *endpoint = one.whole.system()->endpoints[0];
    struct endpoint_job job = {};

    one.whole.start();
    job.kind = ENDPOINT_DMA_WRITE;
    job.address = 0x10000;
    job.bytes = 64;
    job.ats = true;
    ASSERT_TRUE(endpoint_request(endpoint, &job));
    one.whole.run();
    one.whole.finish();
    EXPECT_EQ(one.counter("software", "pages-refused"), 1u);
    EXPECT_EQ(one.counter("dev", "atc-refused"), 1u) << "Invalid Request: the device gives up";
    EXPECT_EQ(device_of(one.whole.result(), "dev").writes_visible, 10u);
}

TEST(Pages, NeedSomebodyWhoServesThem)
{
    const std::string text = text_of(all, "[{dma-write: {period: 1 us, pages: on-demand}}]");

    EXPECT_EQ(refusal(text), "");
    EXPECT_NE(refusal(text, {"software.page-requests=no"}).find("dev cannot ask for pages"), std::string::npos);
    EXPECT_NE(refusal(text, {"software.domains.default=identity"}).find("no domain"), std::string::npos);
}

TEST(Pages, QueueThatOverflowsIsAnsweredByTheSmmu)
{
    /* Four functions ask at once, the queue holds two: the SMMU answers Success to what it drops; they ask again. */
    One one("doorbell: 1\nduration: 60 us\n"
            "platform: { smmu: { S: { page-queue: 2, idr: { ats: yes, pri: yes } } } }\n"
            "pcie: { rc0: { root-ports: {\n"
            "  rp0: { acs: full, below: { a: { endpoint: { ats: {}, pri: {} } } } },\n"
            "  rp1: { acs: full, below: { b: { endpoint: { ats: {}, pri: {} } } } },\n"
            "  rp2: { acs: full, below: { c: { endpoint: { ats: {}, pri: {} } } } },\n"
            "  rp3: { acs: full, below: { d: { endpoint: { ats: {}, pri: {} } } } } } } }\n"
            "traffic:\n"
            "  a: [ { dma-write: { size: 64 B, period: 20 us, stride: 4 KiB, pages: on-demand } } ]\n"
            "  b: [ { dma-write: { size: 64 B, period: 20 us, stride: 4 KiB, pages: on-demand } } ]\n"
            "  c: [ { dma-write: { size: 64 B, period: 20 us, stride: 4 KiB, pages: on-demand } } ]\n"
            "  d: [ { dma-write: { size: 64 B, period: 20 us, stride: 4 KiB, pages: on-demand } } ]\n");
    const run_result &result = one.run();

    EXPECT_GT(one.counter("S", "page-automatic"), 0u);
    EXPECT_EQ(one.counter("software", "pages-mapped"), 12u);
    for (const char *name : {"a", "b", "c", "d"}) {
        EXPECT_EQ(device_of(result, name).writes_visible, 3u) << name;
    }
}

/** Holds every write that becomes visible against the pages that software has taken away and not given back. */
struct Guard {
    struct software *software = nullptr;
    std::map<uint64_t, bool> gone; /**< by physical page: invalidated, and the invalidation is complete */
    unsigned violations = 0;
    unsigned seen = 0;
};

void guard(void *context, enum sim_event_kind kind, const struct sim_packet *packet, const struct sim_component *,
           sim_time, uint32_t)
{
    auto *guard = static_cast<Guard *>(context);
    const uint64_t page = packet->address & ~UINT64_C(0xfff);

    if (kind != SIM_EVENT_WRITE_VISIBLE) {
        return;
    }
    guard->seen++;
    for (size_t i = 0; i < guard->software->paging.region_count; i++) {
        const paging_region &region = guard->software->paging.regions[i];

        if (page - region.physical < region.size && guard->gone[page] &&
            !region.present[(page - region.physical) / 4096]) {
            guard->violations++;
        }
    }
}

TEST(Pages, TakenAwayAreTouchedNoMore)
{
    One one(text_of(all, "[{dma-write: {size: 256 B, stride: 256 B, buffer: 8 KiB, period: 30 ns, pages: on-demand}}]",
                    "software: { fault-latency: 500 ns, fault-time: 100 ns }\n"));
    Guard watch;
    const sim_observer listener = {&watch, false, 0, nullptr, guard, nullptr};
    struct software *software = one.whole.software();
    struct host_error error = {};

    watch.software = software;
    collector_also(one.whole.collector(), &listener);
    one.whole.start();
    for (unsigned i = 0; i < 40; i++) {
        system_run(one.whole.system(), sim_now(one.whole.sim()) + (1 + i % 7) * SIM_US);
        const paging_region &region = software->paging.regions[0];
        const uint64_t before = region.present_count;
        const std::vector<bool> held(region.present, region.present + 2);
        if (before == 0) {
            continue;
        }
        for (unsigned page = 0; page < 2; page++) {
            watch.gone[region.physical + page * 4096u] = !held[page];
        }
        ASSERT_TRUE(paging_reclaim(software, &error)) << error.text;
        for (unsigned page = 0; page < 2; page++) {
            if (held[page] && !region.present[page]) {
                watch.gone[region.physical + page * 4096u] = true;
            }
        }
    }
    one.whole.run();
    one.whole.finish();
    EXPECT_GT(software->paging.counters.reclaimed, 20u);
    EXPECT_GT(watch.seen, 1000u);
    EXPECT_EQ(watch.violations, 0u);
    EXPECT_EQ(one.counter("S", "atc-invalidations"), software->paging.counters.reclaimed + 1);
    EXPECT_EQ(device_of(one.whole.result(), "dev").writes_visible, one.counter("dev", "writes-sent"));
}

} // namespace
