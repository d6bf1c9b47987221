/* Kernels with pages of 16 and 64 KiB: what is mapped for a doorbell, and what lies in the same page. */
#include "tests/system/whole.h"

#include "models/pcie/endpoint.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace
{

using system_test::device_of;
using system_test::load_text;
using system_test::Scenario;
using system_test::Whole;

/** Two devices of one group whose doorbells are frames in one page of 16 KiB. */
const char *const topology = "doorbell: 1\n"
                             "duration: 20 us\n"
                             "platform:\n"
                             "  pe: { count: 1 }\n"
                             "  its: {}\n"
                             "  v2m: { A: { base: 0x0808_0000 }, B: { base: 0x0808_1000 } }\n"
                             "  smmu: { S: {} }\n"
                             "pcie:\n"
                             "  rc0:\n"
                             "    iommu-map: [[0x0000, S, 0x0000, 0x10000]]\n"
                             "    msi-map: [[0x0200, B, 0x0200, 0x100], [0x0000, A, 0x0000, 0x10000]]\n"
                             "    root-ports:\n"
                             "      rp0: { acs: full, below: { epA: { endpoint: { msi-x: 2, bars: [4 KiB] } } } }\n"
                             "      rp1: { acs: full, below: { epB: { endpoint: { msi-x: 2, bars: [4 KiB] } } } }\n"
                             "traffic:\n"
                             "  epA:\n"
                             "    - msi: { vectors: all, period: 2 us }\n"
                             "    - dma-write: { size: 256 B, period: 300 ns, buffer: 256 KiB, stride: 4 KiB }\n"
                             "  epB: [{ msi: { vectors: all, period: 2 us } }]\n"
                             "software:\n";

struct Paged {
    Paged(const std::string &software, const std::vector<std::string> &sets)
        : scenario(load_text(topology + software, sets)), whole(scenario.get())
    {
        host_error error = {};

        EXPECT_TRUE(scenario_foretell(scenario.get(), &foretold, nullptr, &error)) << error.text;
    }
    ~Paged()
    {
        verdict_list_clear(&foretold);
    }
    void run()
    {
        whole.start();
        whole.run();
        whole.finish();
        for (size_t i = 0; i < foretold.count; i++) {
            const verdict *seen = verdict_list_find(&whole.result().verdicts, foretold.items[i].name);

            ASSERT_NE(seen, nullptr);
            EXPECT_EQ(seen->outcome, foretold.items[i].outcome) << foretold.items[i].name;
        }
    }
    const software_function &function(const std::string &name)
    {
        const struct software *software = whole.software();

        for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
            if (name == software->found.tree.functions[i].name) {
                return software->functions[i];
            }
        }
        throw std::runtime_error(name);
    }
    const struct domain &domain(const std::string &name)
    {
        return *function(name).attachment.domain;
    }

    Scenario scenario;
    Whole whole;
    verdict_list foretold = {};
};

const std::string by_kernel = "  domains: { default: dma }\n";
const std::string by_user = "  consumers: { user: { kind: vfio, devices: [epA, epB], unsafe-interrupts: yes } }\n";
const std::string by_users = "  consumers:\n"
                             "    one: { kind: vfio, devices: [epA], unsafe-interrupts: yes }\n"
                             "    other: { kind: vfio, devices: [epB], unsafe-interrupts: yes }\n";
const std::string by_guest =
    "  consumers: { vm: { kind: iommufd, translation: nested, devices: [epA], unsafe-interrupts: yes } }\n";

/** A page size, and what the SMMU can walk. */
struct Size {
    unsigned page;
    unsigned granule;
};

class Pages : public testing::TestWithParam<Size>
{
  protected:
    std::vector<std::string> sets() const
    {
        std::vector<std::string> all = {"software.page-size=" + std::to_string(1u << (GetParam().page - 10)) + " KiB"};

        for (const unsigned other : {14u, 16u}) {
            if (GetParam().granule < GetParam().page && other > GetParam().granule) {
                all.push_back("platform.smmu.S.idr.gran" + std::to_string(1u << (other - 10)) + "k=no");
            }
        }
        return all;
    }
};

TEST_P(Pages, AreMappedByWhoeverMapsDoorbells)
{
    // One page for both frames if it is large enough; the kernel's own domains go by the tables' pages.
    for (const std::string &software : {by_kernel, by_user}) {
        Paged run(software, sets());
        const struct domain &one = run.domain("epA");

        EXPECT_EQ(one.granule, GetParam().granule);
        EXPECT_EQ(one.unit, software == by_kernel ? GetParam().granule : GetParam().page);
        EXPECT_EQ(one.table.granule, GetParam().granule);
        if (software == by_user) {
            EXPECT_EQ(one.doorbell_count, GetParam().page > 12 ? 1u : 2u) << "one container, one domain";
        }
        run.run();
        EXPECT_EQ(run.whole.result().smmu_events, 0u);
        EXPECT_EQ(device_of(run.whole.result(), "epA").lost + device_of(run.whole.result(), "epB").lost, 0u);
        EXPECT_GT(device_of(run.whole.result(), "epA").delivered, 8u);
        EXPECT_GT(device_of(run.whole.result(), "epA").writes_visible, 60u);
    }
}

TEST_P(Pages, ServeGuestsToo)
{
    Paged run(by_guest, sets());

    ASSERT_NE(run.domain("epA").parent, nullptr);
    EXPECT_EQ(run.domain("epA").parent->table.granule, GetParam().granule);
    EXPECT_EQ(run.domain("epA").parent->unit, GetParam().page);
    run.run();
    EXPECT_EQ(run.whole.result().smmu_events, 0u);
    EXPECT_EQ(device_of(run.whole.result(), "epA").lost, 0u);
}

/** What epA writes to the other frame, through the page that is mapped for its own: the number of an SPI. */
void write_to_the_other(Paged &run)
{
    const software_function &mine = run.function("epA");
    const software_function &other = run.function("epB");
    const uint8_t intid[4] = {static_cast<uint8_t>(other.first_event), static_cast<uint8_t>(other.first_event >> 8)};
    endpoint_job job = {};

    job.kind = ENDPOINT_DMA_WRITE;
    job.address = mine.message - mine.doorbell + other.doorbell;
    job.bytes = 4;
    job.data = intid;
    for (size_t i = 0; i < run.whole.system()->function_count; i++) {
        const struct system_function *at = system_function(run.whole.system(), i);

        if (at->tree_index == static_cast<uint32_t>(&mine - run.whole.software()->functions)) {
            EXPECT_TRUE(endpoint_request(run.whole.system()->endpoints[at->device->index], &job));
        }
    }
}

TEST_P(Pages, HoldMoreThanWhatTheyAreMappedFor)
{
    Paged run(by_users, sets());
    const bool together = GetParam().page > 12;

    run.whole.start();
    write_to_the_other(run);
    run.whole.run();
    run.whole.finish();
    EXPECT_EQ(verdict_list_find(&run.foretold, "msi-isolated")->outcome, together ? VERDICT_VIOLATED : VERDICT_HOLDS);
    EXPECT_EQ(verdict_list_find(&run.whole.result().verdicts, "msi-isolated")->outcome,
              together ? VERDICT_VIOLATED : VERDICT_HOLDS);
    // The frame cannot tell: it has one write more than its device has sent.
    EXPECT_EQ(run.whole.result().smmu_events, together ? 0u : 1u);
    EXPECT_EQ(system_test::counter_of(run.whole.result(), "B", "msis"),
              device_of(run.whole.result(), "epB").born + (together ? 1 : 0));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Pages, testing::Values(Size{12, 12}, Size{14, 14}, Size{16, 16}, Size{14, 12}, Size{16, 12}, Size{16, 14}),
    [](const testing::TestParamInfo<Size> &given) {
        return std::to_string(1u << (given.param.page - 10)) + "By" + std::to_string(1u << (given.param.granule - 10));
    });

TEST(Pages, OfAnItsFrameAreOneWhereTheyHave64KiB)
{
    // C6: with pages of 64 KiB the whole frame of GITS_TRANSLATER is one mapping, and two ITSs are two.
    for (const char *size : {"4 KiB", "64 KiB"}) {
        const Scenario scenario =
            system_test::load("scenarios/seeds/two-its-split.yaml", {"software.page-size=" + std::string(size)});
        Whole whole(scenario.get());
        std::set<uint64_t> pages;

        for (size_t i = 0; i < whole.software()->domain_count; i++) {
            const struct domain &domain = whole.software()->domains[i];

            for (size_t j = 0; j < domain.doorbell_count; j++) {
                EXPECT_EQ(domain.doorbells[j].physical % domain_unit(&domain), 0u);
                pages.insert(domain.doorbells[j].physical);
            }
        }
        EXPECT_EQ(pages.size(), 2u) << size;
    }
}

std::string refusal(const std::vector<std::string> &sets)
{
    try {
        load_text(topology + by_users, sets);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

TEST(Pages, ThatDoNotFitAreRefusedWithAReason)
{
    EXPECT_NE(refusal({"platform.smmu.S.idr.gran4k=no"}).find("E1607"), std::string::npos);
    EXPECT_EQ(refusal({"platform.smmu.S.idr.gran4k=no", "software.page-size=16 KiB"}), "");
    EXPECT_NE(refusal({"platform.smmu.S.idr={gran4k: no, gran16k: no}", "software.page-size=16 KiB"}).find("E1607"),
              std::string::npos);
    EXPECT_NE(refusal({"software.page-size=64 KiB", "software.consumers.one.user-base=0x1_0000_1000"})
                  .find("`user-base` of `one` is 0x100001000, not whole pages"),
              std::string::npos);
    EXPECT_NE(refusal({"software.page-size=64 KiB", "vms={vm0: {devices: {epB: {}}}}"}).find("E1607"),
              std::string::npos);
}

} // namespace
