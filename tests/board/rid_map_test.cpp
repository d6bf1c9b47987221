/* rid_map over descriptions made by hand: the rules B1..B14 one by one, and the ranges against every single RID. */
#include "host/rid_map.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

namespace
{

/* Two ITS, a disabled one, a GICv2m frame; two SMMUs, a disabled one, one with two cells; one host. */
class RidMap : public ::testing::Test
{
  protected:
    enum Controller { ITS_A, ITS_B, ITS_OFF, V2M };
    enum Iommu { SMMU_A, SMMU_B, SMMU_OFF, SMMU_TWO_CELLS };

    RidMap()
    {
        add_its("its-a", 0x10000000);
        add_its("its-b", 0x11000000);
        add_its("its-off", 0x12000000);
        description.controllers[ITS_OFF].available = false;
        firmware_add_controller(&description, "v2m");
        for (const char *name : {"smmu-a", "smmu-b", "smmu-off", "smmu-two-cells"}) {
            firmware_add_iommu(&description, name)->kind = FIRMWARE_IOMMU_SMMUV3;
        }
        description.iommus[SMMU_OFF].available = false;
        host = firmware_add_host(&description, "host");
    }

    ~RidMap() override
    {
        firmware_clear(&description);
    }

    void add_its(const char *name, uint64_t base)
    {
        firmware_msi_controller *its = firmware_add_controller(&description, name);

        its->is_its = true;
        its->base_known = true;
        its->base = base;
    }

    static firmware_map_entry *add(firmware_map &map, uint32_t base, size_t target, uint32_t out, uint32_t length)
    {
        firmware_map_entry *entry = firmware_map_add(&map);

        entry->base = base;
        entry->target = target;
        entry->out[0] = out;
        entry->out_count = 1;
        entry->length = length;
        return entry;
    }

    void add_parent(size_t controller, uint32_t spec_count)
    {
        firmware_msi_parent *parent = firmware_host_add_msi_parent(host);

        parent->controller = controller;
        parent->spec_count = spec_count;
        parent->spec[0] = 0x1234;
    }

    rid_choice choose(uint32_t rid) const
    {
        rid_choice choice;

        rid_map_choose(&description, host, rid, &choice);
        return choice;
    }

    std::string how(uint32_t rid) const
    {
        rid_choice choice = choose(rid);

        return rid_msi_route_text(&choice);
    }

    uint32_t device_id(uint32_t rid) const
    {
        rid_choice choice = choose(rid);

        EXPECT_TRUE(choice.device_id_known);
        return rid_id_of(&choice.device_id, rid);
    }

    uint32_t stream_id(uint32_t rid) const
    {
        rid_choice choice = choose(rid);

        EXPECT_EQ(choice.iommu_route, RID_IOMMU_MAPPED);
        return rid_id_of(&choice.stream, rid);
    }

    firmware description{};
    firmware_host *host;
};

TEST_F(RidMap, FirstEntryThatMatchesCounts)
{
    add(host->msi_map, 0x100, ITS_A, 0x5000, 0x100);
    add(host->msi_map, 0x000, ITS_B, 0x7000, 0x10000);
    EXPECT_EQ(choose(0x180).controller, ITS_A);
    EXPECT_EQ(device_id(0x180), 0x5080u);
    EXPECT_EQ(choose(0x0ff).controller, ITS_B);
    EXPECT_EQ(device_id(0x0ff), 0x70ffu);
    EXPECT_EQ(choose(0x200).controller, ITS_B);
}

TEST_F(RidMap, LastIdOfAnEntryIsBasePlusLengthMinusOne)
{
    add(host->iommu_map, 0x10, SMMU_A, 0x400, 0xe);
    EXPECT_EQ(choose(0x0f).iommu_route, RID_IOMMU_NO_MATCH);
    EXPECT_EQ(stream_id(0x10), 0x400u);
    EXPECT_EQ(stream_id(0x1d), 0x40du);
    EXPECT_EQ(choose(0x1e).iommu_route, RID_IOMMU_NO_MATCH);
}

TEST_F(RidMap, EntryOfLengthZeroMatchesNothing)
{
    add(host->iommu_map, 0, SMMU_A, 0, 0);
    EXPECT_EQ(choose(0).iommu_route, RID_IOMMU_NO_MATCH);
}

TEST_F(RidMap, EndOfAnEntryDoesNotWrapAround)
{
    add(host->iommu_map, 0x10, SMMU_A, 0, UINT32_MAX);
    EXPECT_EQ(choose(0x0f).iommu_route, RID_IOMMU_NO_MATCH);
    EXPECT_EQ(stream_id(0xffff), 0xffefu);
}

TEST_F(RidMap, MaskAppliesBeforeTheSearch)
{
    host->iommu_map.mask = 0xff00;
    add(host->iommu_map, 0x100, SMMU_A, 0x1, 1);
    EXPECT_EQ(stream_id(0x100), 1u);
    EXPECT_EQ(stream_id(0x1ff), 1u);
    EXPECT_EQ(choose(0x200).iommu_route, RID_IOMMU_NO_MATCH);
}

TEST_F(RidMap, MaskZeroGivesOneIdentifier)
{
    host->msi_map.mask = 0;
    add(host->msi_map, 0, ITS_A, 0x57, 0x1000);
    for (uint32_t rid : {0u, 1u, 0xffffu}) {
        EXPECT_EQ(device_id(rid), 0x57u);
    }
}

TEST_F(RidMap, ErrorCountsOnlyBeforeTheMatch)
{
    host->msi_map.mask = 0xff;
    add(host->msi_map, 0x00, ITS_A, 0, 0x10);
    add(host->msi_map, 0x100, ITS_B, 0, 0x100);
    EXPECT_EQ(how(0x205), "msi-map");
    EXPECT_EQ(how(0x210), "error: rid-base has bits outside the mask");
    EXPECT_EQ(choose(0x210).controller, FIRMWARE_NONE);
}

TEST_F(RidMap, ErrorInTheMapStillLeavesTheMsiParent)
{
    host->msi_map.mask = 0xff;
    add(host->msi_map, 0x100, ITS_A, 0, 0x100);
    add_parent(V2M, 0);
    EXPECT_EQ(how(0), "msi-parent");
    EXPECT_EQ(choose(0).msi_fault, FIRMWARE_FAULT_BASE_OUTSIDE_MASK);
    EXPECT_EQ(choose(0).controller, V2M);
}

TEST_F(RidMap, IommuMapErrorTakesTheIommuAway)
{
    firmware_map_entry *entry = add(host->iommu_map, 0, FIRMWARE_NONE, 0, 0x100);

    entry->fault = FIRMWARE_FAULT_DANGLING;
    add(host->iommu_map, 0, SMMU_A, 0, 0x10000);
    EXPECT_EQ(choose(0).iommu_route, RID_IOMMU_FAULT);
    EXPECT_EQ(choose(0).iommu_fault, FIRMWARE_FAULT_DANGLING);
    EXPECT_EQ(choose(0).iommu, FIRMWARE_NONE);
}

TEST_F(RidMap, RangeWithSeveralOutputCellsIsAnError)
{
    firmware_map_entry *entry = add(host->iommu_map, 0, SMMU_TWO_CELLS, 0x400, 2);

    entry->out[1] = 0x3f;
    entry->out_count = 2;
    EXPECT_EQ(choose(0).iommu_fault, FIRMWARE_FAULT_WIDE_RANGE);
    entry->length = 1;
    EXPECT_EQ(stream_id(0), 0x400u);
    EXPECT_EQ(choose(0).stream_cells, 2u);
    EXPECT_EQ(choose(0).stream_more[0], 0x3fu);
}

TEST_F(RidMap, DisabledControllerEndsTheSearchOfTheMap)
{
    add(host->msi_map, 0, ITS_OFF, 0, 0x10000);
    add(host->msi_map, 0, ITS_A, 0, 0x10000);
    EXPECT_EQ(how(0), "no MSI domain");
}

TEST_F(RidMap, DeviceIdOfAnInheritedItsComesFromItsOwnEntry)
{
    add(host->msi_map, 0, ITS_OFF, 0, 0x10000);
    add(host->msi_map, 0, ITS_A, 0x40000, 0x10000);
    add_parent(ITS_A, 1);
    EXPECT_EQ(how(7), "inherited msi-parent");
    EXPECT_EQ(device_id(7), 0x40007u);
}

TEST_F(RidMap, ControllerThatIsNotDeclaredAsOneHasNoDomain)
{
    add(host->msi_map, 0, ITS_A, 0, 0x10000);
    description.controllers[ITS_A].msi_controller = false;
    EXPECT_EQ(how(0), "no MSI domain");
}

TEST_F(RidMap, WithoutMatchTheMsiParentIsInherited)
{
    add(host->msi_map, 0, ITS_A, 0x17, 0xe);
    add_parent(ITS_B, 1);
    EXPECT_EQ(how(0xd), "msi-map");
    EXPECT_EQ(how(0xe), "inherited msi-parent");
    EXPECT_EQ(choose(0xe).controller, ITS_B);
    EXPECT_EQ(device_id(0xe), 0xeu);
}

TEST_F(RidMap, AMapWithoutMatchLeavesOnlyInheritanceEvenWithoutSpecifier)
{
    add(host->msi_map, 0, ITS_A, 0x17, 0xe);
    add_parent(V2M, 0);
    EXPECT_EQ(how(0xe), "inherited msi-parent");
    EXPECT_EQ(choose(0xe).controller, V2M);
}

TEST_F(RidMap, MsiParentWithoutSpecifierServesTheFunctionItself)
{
    add_parent(V2M, 0);
    EXPECT_EQ(how(0x100), "msi-parent");
    EXPECT_FALSE(choose(0x100).device_id_known);
}

TEST_F(RidMap, SpecifierOfTheMsiParentIsIgnored)
{
    add_parent(ITS_B, 1);
    EXPECT_EQ(how(0x100), "inherited msi-parent");
    EXPECT_EQ(device_id(0x100), 0x100u);
}

TEST_F(RidMap, FirstMsiParentWithADomainIsInherited)
{
    add_parent(ITS_OFF, 1);
    add_parent(ITS_B, 1);
    EXPECT_EQ(choose(0).controller, ITS_B);
}

TEST_F(RidMap, HostThatIsAnMsiControllerServesItself)
{
    host->self_controller = V2M;
    EXPECT_EQ(how(0), "host bridge itself");
    EXPECT_EQ(choose(0).controller, V2M);
}

TEST_F(RidMap, DisabledIommuIsNoIommu)
{
    add(host->iommu_map, 0, SMMU_OFF, 0, 0x10000);
    EXPECT_EQ(choose(0).iommu_route, RID_IOMMU_DISABLED);
    EXPECT_EQ(choose(0).iommu, SMMU_OFF);
}

TEST_F(RidMap, SpecListsEveryMatchAndEveryFault)
{
    rid_spec spec;

    host->msi_map.mask = 0xff;
    add(host->msi_map, 0x00, ITS_A, 0x1000, 0x100);
    add(host->msi_map, 0x80, ITS_B, 0x2000, 0x10);
    add(host->msi_map, 0x100, ITS_B, 0, 1);
    rid_map_spec(&host->msi_map, 0x385, &spec);
    ASSERT_EQ(spec.kept, 3u);
    EXPECT_EQ(spec.total, 3u);
    EXPECT_EQ(spec.items[0].target, ITS_A);
    EXPECT_EQ(rid_id_of(&spec.items[0].id, 0x385), 0x1085u);
    EXPECT_EQ(spec.items[1].target, ITS_B);
    EXPECT_EQ(rid_id_of(&spec.items[1].id, 0x385), 0x2005u);
    EXPECT_EQ(spec.items[2].fault, FIRMWARE_FAULT_BASE_OUTSIDE_MASK);
}

TEST_F(RidMap, SpecCountsWhatItDoesNotKeep)
{
    rid_spec spec;

    for (uint32_t i = 0; i < RID_SPEC_KEPT + 3; i++) {
        add(host->msi_map, 0, ITS_A, i, 1);
    }
    rid_map_spec(&host->msi_map, 0, &spec);
    EXPECT_EQ(spec.kept, RID_SPEC_KEPT);
    EXPECT_EQ(spec.total, RID_SPEC_KEPT + 3);
}

TEST_F(RidMap, DoorbellIsTheTranslaterOrTheOwnWordOfThePreItsWindow)
{
    firmware_msi_controller &its = description.controllers[ITS_A];
    uint64_t doorbell = 0;

    ASSERT_TRUE(rid_map_doorbell(&its, 5, &doorbell));
    EXPECT_EQ(doorbell, 0x10010040u);
    its.pre_its = true;
    its.pre_its_base = 0x1000000;
    ASSERT_TRUE(rid_map_doorbell(&its, 0x10001, &doorbell));
    EXPECT_EQ(doorbell, 0x1040004u);
    EXPECT_FALSE(rid_map_doorbell(&description.controllers[V2M], 0, &doorbell));
    its.pre_its = false;
    its.base_known = false;
    EXPECT_FALSE(rid_map_doorbell(&its, 0, &doorbell));
}

/* Ranges. */

class RidRanges : public RidMap
{
  protected:
    ~RidRanges() override
    {
        rid_ranges_clear(&ranges);
    }

    void make()
    {
        rid_ranges_clear(&ranges);
        rid_map_ranges(&description, host, &ranges);
    }

    static bool same(const rid_choice &a, const rid_choice &b)
    {
        return a.msi_route == b.msi_route && a.msi_fault == b.msi_fault && a.controller == b.controller &&
               a.device_id_known == b.device_id_known && a.device_id.mask == b.device_id.mask &&
               a.device_id.offset == b.device_id.offset && a.iommu_route == b.iommu_route &&
               a.iommu_fault == b.iommu_fault && a.iommu == b.iommu && a.stream.mask == b.stream.mask &&
               a.stream.offset == b.stream.offset && a.stream_cells == b.stream_cells;
    }

    static bool same(const rid_spec *a, const rid_spec &b)
    {
        bool equal = a->total == b.total && a->kept == b.kept;

        for (size_t i = 0; equal && i < b.kept; i++) {
            equal = a->items[i].fault == b.items[i].fault && a->items[i].target == b.items[i].target &&
                    a->items[i].id.offset == b.items[i].id.offset && a->items[i].cells == b.items[i].cells;
        }
        return equal;
    }

    /*
     * Every RID of the host's buses has the choice and the spec lists of its range, and no two neighbours could join.
     */
    void check_against_every_rid()
    {
        uint32_t rid = host->bus_first << 8;

        for (size_t i = 0; i < ranges.count; i++) {
            const rid_range &range = ranges.items[i];

            ASSERT_EQ(range.first, rid);
            for (; rid <= range.last; rid++) {
                rid_spec msi;
                rid_spec iommu;

                rid_map_spec(&host->msi_map, rid, &msi);
                rid_map_spec(&host->iommu_map, rid, &iommu);
                ASSERT_TRUE(same(range.choice, choose(rid))) << std::hex << rid;
                ASSERT_TRUE(range.msi == nullptr || same(range.msi, msi)) << std::hex << rid;
                ASSERT_TRUE(range.iommu == nullptr || same(range.iommu, iommu)) << std::hex << rid;
            }
            if (i > 0) {
                const rid_range &before = ranges.items[i - 1];

                ASSERT_FALSE(same(before.choice, range.choice) &&
                             (range.msi == nullptr || same(before.msi, *range.msi)) &&
                             (range.iommu == nullptr || same(before.iommu, *range.iommu)))
                    << "ranges " << i - 1 << " and " << i << " are one";
            }
        }
        ASSERT_EQ(rid, (host->bus_last + 1) << 8);
    }

    rid_ranges ranges{};
};

TEST_F(RidRanges, HostWithoutMapsIsOneRange)
{
    make();
    ASSERT_EQ(ranges.count, 1u);
    EXPECT_EQ(ranges.items[0].first, 0u);
    EXPECT_EQ(ranges.items[0].last, 0xffffu);
    EXPECT_EQ(ranges.items[0].msi, nullptr);
    EXPECT_EQ(ranges.items[0].iommu, nullptr);
}

TEST_F(RidRanges, OnlyTheHostsBusesAreListed)
{
    host->bus_first = 0x30;
    host->bus_last = 0x3f;
    add(host->msi_map, 0, ITS_A, 0, 0x10000);
    make();
    ASSERT_EQ(ranges.count, 1u);
    EXPECT_EQ(ranges.items[0].first, 0x3000u);
    EXPECT_EQ(ranges.items[0].last, 0x3fffu);
}

TEST_F(RidRanges, EntriesWithTheSameOffsetJoin)
{
    add(host->msi_map, 0x000, ITS_A, 0x1000, 0x300);
    add(host->msi_map, 0x300, ITS_A, 0x1300, 0x100);
    add(host->msi_map, 0x400, ITS_B, 0x1400, 0xfc00);
    make();
    ASSERT_EQ(ranges.count, 2u);
    EXPECT_EQ(ranges.items[0].last, 0x3ffu);
    EXPECT_EQ(ranges.items[1].choice.controller, ITS_B);
}

TEST_F(RidRanges, MasksDoNotFragmentWhatOneEntryCovers)
{
    host->msi_map.mask = 0xff;
    add(host->msi_map, 0, ITS_A, 0, 0x100);
    host->iommu_map.mask = 0xfff8;
    add(host->iommu_map, 0, SMMU_A, 0, 0x10000);
    make();
    ASSERT_EQ(ranges.count, 1u);
    EXPECT_EQ(rid_id_of(&ranges.items[0].choice.device_id, 0x1234), 0x34u);
    EXPECT_EQ(rid_id_of(&ranges.items[0].choice.stream, 0x1237), 0x1230u);
}

TEST_F(RidRanges, BothMapsAndBothViewsCutRanges)
{
    add(host->msi_map, 0x0, ITS_A, 0, 0x10000);
    add(host->msi_map, 0x100, ITS_B, 0, 0x100); /* never first: only the bindings' view changes */
    add(host->iommu_map, 0x180, SMMU_A, 0, 0x10000);
    make();
    ASSERT_EQ(ranges.count, 4u);
    EXPECT_EQ(ranges.items[1].first, 0x100u);
    EXPECT_EQ(ranges.items[1].msi->total, 2u);
    EXPECT_EQ(ranges.items[2].first, 0x180u);
    EXPECT_EQ(ranges.items[3].first, 0x200u);
    check_against_every_rid();
}

TEST_F(RidRanges, RandomMapsAgreeWithEverySingleRid)
{
    std::mt19937 generator(20240607);
    std::uniform_int_distribution<uint32_t> any;
    auto random = std::bind(any, std::ref(generator));
    const uint32_t masks[] = {UINT32_MAX, 0xffff, 0xff00, 0xff, 0x31f, 0xfff8, 0, 0x5555, 0xfffe, 0x1ff};
    size_t with_faults = 0;
    size_t fragmented = 0;

    for (int round = 0; round < 60; round++) {
        for (firmware_map *map : {&host->msi_map, &host->iommu_map}) {
            uint32_t entries = random() % 7;

            map->count = 0;
            map->present = entries > 0;
            map->mask = masks[random() % (sizeof(masks) / sizeof(masks[0]))];
            for (uint32_t i = 0; i < entries; i++) {
                bool loose = random() % 8 == 0;
                uint32_t base = random() % 0x10000 & (loose ? UINT32_MAX : map->mask);
                uint32_t length = random() % 4 == 0 ? 1 : random() % 0x9000;

                add(*map, base, random() % 4, random() % 0x20000, length);
            }
        }
        host->bus_first = random() % 200;
        host->bus_last = host->bus_first + random() % (256 - host->bus_first);
        make();
        ASSERT_NO_FATAL_FAILURE(check_against_every_rid()) << "round " << round;
        with_faults += choose(0x1234).msi_fault != FIRMWARE_FAULT_NONE;
        fragmented += ranges.count > 20;
    }
    EXPECT_GT(with_faults, 3u) << "the rounds should include faults";
    EXPECT_GT(fragmented, 5u) << "the rounds should include masks that fragment";
}

TEST_F(RidRanges, LargestMapIsQuickEnoughToFinish)
{
    for (uint32_t i = 0; i < 4096; i++) {
        add(host->msi_map, i * 16, i % 2, i, 8);
    }
    make();
    EXPECT_EQ(ranges.count, 8192u);
}

} // namespace
