/* Configuration space: chains, write masks, BAR sizing; the model's structures without any simulation around them. */
#include "models/pcie/bridge.h"
#include "models/pcie/capabilities.h"
#include "models/pcie/config_request.h"
#include "models/pcie/errors.h"
#include "models/pcie/requester_map.h"
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

using namespace pcie_test;

namespace
{

struct Space {
    struct sim *sim = support::create(support::engines()[0]);
    pcie_config_space config = {};

    Space()
    {
        pcie_config_init(&config, sim);
    }
    ~Space()
    {
        sim_destroy(sim);
    }
    Space(const Space &) = delete;
    Space &operator=(const Space &) = delete;
    uint32_t write(unsigned offset, uint32_t value)
    {
        pcie_config_write(&config, offset, value, 0xf);
        return pcie_config_get32(&config, offset);
    }
};

TEST(ConfigSpace, EveryCapabilityIsOnItsChainOnceAndNoneOverlap)
{
    Options options;
    options.functions[0] = {plain_function(), plain_function()};
    for (Function &function : options.functions[0]) {
        function.config.pasid_bits = 20;
        function.config.ats_queue_depth = 32;
        function.config.ari = true;
        function.config.acs = {true, ALL_ACS, 0};
    }
    Pair pair(options);
    const std::map<unsigned, unsigned> standard = {{PCIE_CAP_ID_POWER_MANAGEMENT, PCIE_PM_BYTES},
                                                   {PCIE_CAP_ID_PCI_EXPRESS, PCIE_EXP_BYTES},
                                                   {PCIE_CAP_ID_MSIX, PCIE_MSIX_BYTES}};
    const std::map<unsigned, unsigned> extended = {{PCIE_EXT_CAP_ID_AER, PCIE_AER_BYTES},
                                                   {PCIE_EXT_CAP_ID_ACS, 0x10},
                                                   {PCIE_EXT_CAP_ID_ARI, PCIE_ARI_BYTES},
                                                   {PCIE_EXT_CAP_ID_ATS, PCIE_ATS_BYTES},
                                                   {PCIE_EXT_CAP_ID_PASID, PCIE_PASID_BYTES}};
    std::set<unsigned> taken;
    std::set<unsigned> found;
    auto claim = [&](unsigned at, unsigned bytes) {
        EXPECT_EQ(at % 4, 0u);
        for (unsigned i = at; i < at + bytes; i++) {
            EXPECT_TRUE(taken.insert(i).second) << "offset " << i << " belongs to two";
        }
    };

    claim(0, 0x40);
    EXPECT_NE(pair.config_read(0, PCIE_STATUS, 2) & PCIE_STATUS_CAPABILITIES_LIST, 0u);
    for (unsigned at = pair.config_read(0, PCIE_CAPABILITIES_PTR, 1); at != 0; at = pair.config_read(0, at + 1, 1)) {
        unsigned id = pair.config_read(0, at, 1);
        ASSERT_EQ(standard.count(id), 1u) << id;
        ASSERT_TRUE(found.insert(id).second);
        claim(at, standard.at(id));
    }
    EXPECT_EQ(found.size(), standard.size());
    found.clear();
    for (unsigned at = PCIE_EXTENDED_CONFIG_START; at != 0;
         at = pair.config_read(0, at, 4) >> PCIE_EXT_CAP_NEXT_SHIFT) {
        unsigned id = pair.config_read(0, at, 4) & PCIE_EXT_CAP_ID;
        ASSERT_EQ(extended.count(id), 1u) << id;
        ASSERT_TRUE(found.insert(id).second);
        claim(at, extended.at(id));
    }
    EXPECT_EQ(found.size(), extended.size());
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);
    EXPECT_EQ(pair.config_read(0, space->ari + PCIE_ARI_CAPABILITY, 2) >> PCIE_ARI_NEXT_FUNCTION_SHIFT, 1u);
    EXPECT_EQ(pair.config_read(1, space->ari + PCIE_ARI_CAPABILITY, 2) >> PCIE_ARI_NEXT_FUNCTION_SHIFT, 0u);
}

TEST(ConfigSpace, FunctionsHaveOnlyWhatWasAskedFor)
{
    Options options;
    options.functions[0] = {plain_function(0)};
    Pair pair(options);
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);

    EXPECT_EQ(space->msix, 0);
    EXPECT_EQ(space->acs, 0);
    EXPECT_EQ(space->pasid, 0);
    EXPECT_EQ(space->ats, 0);
    EXPECT_EQ(pcie_config_next_capability(space, space->express), 0);
    EXPECT_EQ(pcie_config_next_extended(space, space->aer), 0);
}

TEST(ConfigSpace, SizesOfBars)
{
    Space space;
    pcie_bar bars[PCIE_TYPE0_BARS] = {};

    bars[0] = {0x10000, false, false};
    bars[1] = {UINT64_C(1) << 36, true, true};
    bars[3] = {16, false, true};
    pcie_add_bars(&space.config, bars);
    EXPECT_EQ(space.write(PCIE_BAR(0), 0xffffffff), 0xffff0000u);
    EXPECT_EQ(space.write(PCIE_BAR(1), 0xffffffff), 0x0000000cu) << "64-bit, prefetchable";
    EXPECT_EQ(space.write(PCIE_BAR(2), 0xffffffff), 0xfffffff0u) << "its upper half";
    EXPECT_EQ(space.write(PCIE_BAR(3), 0xffffffff), 0xfffffff8u);
    EXPECT_EQ(space.write(PCIE_BAR(4), 0xffffffff), 0u) << "no BAR";
    EXPECT_EQ(space.write(PCIE_BAR(0), 0xa0008000), 0xa0000000u) << "bits below the size stay 0";
    EXPECT_EQ(space.write(PCIE_EXPANSION_ROM, 0xffffffff), 0u) << "no ROM";
}

TEST(ConfigSpace, WideBarIsReachedAboveFourGibibytes)
{
    Options options;
    options.functions[0][0].config.bars[2] = {0x10000, true, true};
    Pair pair(options);

    pair.config_write(0, PCIE_BAR(2), 0x00010000, 4);
    pair.config_write(0, PCIE_BAR(3), 0x12, 4);
    pair.memory_write(UINT64_C(0x1200010008), 0xfeed);
    EXPECT_EQ(pair.memory_read(UINT64_C(0x1200010008)), 0xfeedu);
    EXPECT_EQ(endpoint_bar_bytes(pair.ep, 0, 2, nullptr)[8], 0xed);
}

TEST(ConfigSpace, AtsControlMask)
{
    Space space;

    pcie_add_ats(&space.config, 8);
    unsigned at = space.config.ats;
    pcie_config_write(&space.config, at + 4, 0xffffffff, 0xc);
    EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ATS_CONTROL), 0x801f);
    EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ATS_CAPABILITY) & PCIE_ATS_INVALIDATE_QUEUE_DEPTH, 8);
}

TEST(ConfigSpace, AcsControlTakesOnlyWhatIsCapable)
{
    for (uint16_t capability = 0; capability <= ALL_ACS; capability++) {
        Space space;
        pcie_acs acs = {true, capability, ALL_ACS};

        pcie_add_acs(&space.config, &acs);
        unsigned at = space.config.acs;
        EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ACS_CONTROL), capability) << "firmware's setting";
        pcie_config_write(&space.config, at + 4, 0, 0xc);
        EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ACS_CONTROL), 0);
        pcie_config_write(&space.config, at + 4, 0xffffffff, 0xf);
        EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ACS_CONTROL), capability);
        EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_ACS_CAPABILITY) & PCIE_ACS_CONTROLS, capability);
    }
}

TEST(ConfigSpace, MsixControlMask)
{
    Space space;

    pcie_add_msix(&space.config, 64, 1, 0x2000, 1, 0x3000);
    unsigned at = space.config.msix;
    pcie_config_write(&space.config, at, 0xffffffff, 0xf);
    EXPECT_EQ(pcie_config_get8(&space.config, at), PCIE_CAP_ID_MSIX) << "the header does not move";
    EXPECT_EQ(pcie_config_get16(&space.config, at + PCIE_MSIX_CONTROL), 0xc03f);
    EXPECT_EQ(pcie_config_get32(&space.config, at + PCIE_MSIX_TABLE), 0x2001u);
    EXPECT_EQ(pcie_config_get32(&space.config, at + PCIE_MSIX_PBA), 0x3001u);
    EXPECT_EQ(space.write(at + PCIE_MSIX_TABLE, 0), 0x2001u) << "read-only";
}

TEST(ConfigSpace, PasidControlOffersOnlyWhatTheCapabilityHas)
{
    Space space;

    pcie_add_pasid(&space.config, 16, true, false);
    pcie_config_write(&space.config, space.config.pasid + 4u, 0xffffffff, 0xc);
    EXPECT_EQ(pcie_config_get16(&space.config, space.config.pasid + PCIE_PASID_CONTROL), 0x3);
}

TEST(ConfigSpace, ErrorBitsAreClearedByWritingOne)
{
    Space space;
    pcie_express express = {};

    express.type = PCIE_EXP_TYPE_DOWNSTREAM;
    express.max_payload = 256;
    pcie_add_express(&space.config, &express);
    pcie_add_aer(&space.config);
    unsigned status = space.config.aer + PCIE_AER_UNCORRECTABLE_STATUS;
    for (uint32_t error : {PCIE_AER_ACS_VIOLATION, PCIE_AER_UNSUPPORTED_REQUEST}) {
        pcie_error found = {};

        found.uncorrectable = error;
        EXPECT_EQ(pcie_error_record(&space.config, &found), 0) << "nothing is enabled";
    }
    EXPECT_EQ(pcie_config_get32(&space.config, status), 1u << 21 | 1u << 20);
    EXPECT_EQ(pcie_config_get16(&space.config, space.config.express + PCIE_EXP_DEVICE_STATUS),
              PCIE_EXP_DEVSTA_NONFATAL | PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST);
    EXPECT_EQ(space.write(status, 1u << 21), 1u << 20);
    EXPECT_EQ(space.write(status, 0), 1u << 20) << "writing 0 keeps";
    EXPECT_EQ(space.write(status, 0xffffffff), 0u);
}

TEST(ConfigSpace, PayloadAndReadRequestSizes)
{
    Space space;
    pcie_express express = {};

    express.type = PCIE_EXP_TYPE_ENDPOINT;
    express.max_payload = 1024;
    pcie_add_express(&space.config, &express);
    unsigned control = space.config.express + PCIE_EXP_DEVICE_CONTROL;
    EXPECT_EQ(pcie_config_max_payload(&space.config), 128u);
    EXPECT_EQ(pcie_config_max_read_request(&space.config), 512u);
    const uint32_t payloads[] = {128, 256, 512, 1024, 1024, 1024, 1024, 1024};
    const uint32_t reads[] = {128, 256, 512, 1024, 2048, 4096, 4096, 4096};
    for (uint32_t code = 0; code < 8; code++) {
        pcie_config_write(&space.config, control, code << 5 | code << 12, 0x3);
        EXPECT_EQ(pcie_config_max_payload(&space.config), payloads[code]);
        EXPECT_EQ(pcie_config_max_read_request(&space.config), reads[code]);
    }
    EXPECT_EQ(pcie_config_get32(&space.config, space.config.express + PCIE_EXP_DEVICE_CAPABILITIES) &
                  PCIE_EXP_DEVCAP_MAX_PAYLOAD,
              3u);
}

TEST(ConfigSpace, WindowsOfABridge)
{
    Space owner;
    pcie_bridge bridge = {};
    pcie_bridge_config config = {};

    config.type = PCIE_EXP_TYPE_DOWNSTREAM;
    pcie_bridge_init(&bridge, owner.sim, &config);
    auto write = [&](unsigned offset, uint32_t value) {
        pcie_config_write(&bridge.config, offset, value, 0xf);
        pcie_bridge_decode(&bridge);
    };

    write(PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE);
    for (uint64_t address : {UINT64_C(0), UINT64_C(0x1000), UINT64_C(0xfff00000), UINT64_C(0x100000000)}) {
        EXPECT_FALSE(pcie_bridge_claims(&bridge, address)) << "windows come up closed";
    }
    write(PCIE_MEMORY_BASE, 0xa010a000);
    EXPECT_FALSE(pcie_bridge_claims(&bridge, 0x9fffffff));
    EXPECT_TRUE(pcie_bridge_claims(&bridge, 0xa0000000));
    EXPECT_TRUE(pcie_bridge_claims(&bridge, 0xa01fffff));
    EXPECT_FALSE(pcie_bridge_claims(&bridge, 0xa0200000));
    EXPECT_EQ(pcie_config_get32(&bridge.config, PCIE_PREFETCH_BASE) & 0x000f000f, 0x00010001u) << "64-bit, read-only";
    write(PCIE_PREFETCH_BASE, 0x00000000);
    write(PCIE_PREFETCH_LIMIT_HI, 1);
    write(PCIE_PREFETCH_BASE_HI, 1);
    EXPECT_TRUE(pcie_bridge_claims(&bridge, UINT64_C(0x1000fffff)));
    EXPECT_FALSE(pcie_bridge_claims(&bridge, UINT64_C(0x100100000)));
    EXPECT_FALSE(pcie_bridge_claims(&bridge, 0));
    write(PCIE_COMMAND, 0);
    EXPECT_FALSE(pcie_bridge_claims(&bridge, 0xa0000000)) << "Memory Space Enable is 0";
    EXPECT_EQ(pcie_config_get32(&bridge.config, PCIE_CLASS_CODE - 1) >> 8, 0x060400u);
    EXPECT_EQ(pcie_config_get8(&bridge.config, PCIE_IO_LIMIT), 0) << "no I/O window";
}

/** I/O space is nowhere: no bridge has a window for it (7.5.1.3.6), no BAR asks for any, Command's bit is not there. */
TEST(ConfigSpace, NobodyOffersIoSpace)
{
    Rig rig;

    for (const uint16_t rid : {RP_RID[0], RP_RID[1], USP_RID, DSP_RID[0], DSP_RID[1]}) {
        rig.config_write(rid, PCIE_IO_BASE, 0xffff, 2);
        EXPECT_EQ(rig.config_read(rid, PCIE_IO_BASE, 2), 0u) << "hard-wired zero: no I/O support";
        rig.config_write(rid, PCIE_COMMAND, 0xffff, 2);
        EXPECT_EQ(rig.config_read(rid, PCIE_COMMAND, 2) & PCIE_COMMAND_IO_SPACE, 0u);
    }
    for (const uint16_t rid : RID) {
        for (unsigned bar = 0; bar < PCIE_TYPE0_BARS; bar++) {
            rig.config_write(rid, PCIE_BAR(bar), 0xffffffff, 4);
            EXPECT_EQ(rig.config_read(rid, PCIE_BAR(bar), 4) & 1, 0u) << "a memory BAR, or none";
        }
        rig.config_write(rid, PCIE_COMMAND, 0xffff, 2);
        EXPECT_EQ(rig.config_read(rid, PCIE_COMMAND, 2) & PCIE_COMMAND_IO_SPACE, 0u);
    }
}

TEST(ConfigSpace, BusesOfABridge)
{
    Space owner;
    pcie_bridge bridge = {};
    pcie_bridge_config config = {};

    config.type = PCIE_EXP_TYPE_DOWNSTREAM;
    pcie_bridge_init(&bridge, owner.sim, &config);
    EXPECT_FALSE(pcie_bridge_leads_to(&bridge, 0)) << "no numbers yet";
    pcie_config_write(&bridge.config, PCIE_PRIMARY_BUS, 0x00070502, 0xf);
    pcie_bridge_decode(&bridge);
    for (unsigned bus = 0; bus < 256; bus++) {
        EXPECT_EQ(pcie_bridge_leads_to(&bridge, bus), bus >= 5 && bus <= 7);
    }
}

/* ---- Requester maps ---- */

TEST(RequesterMap, FirstEntryThatCoversTheMaskedIdCounts)
{
    const pcie_map_entry entries[] = {
        {0x0100, 0x10, 0x1000, 3}, {0x0100, 0x100, 0x2000, 4}, {0xff00, 0x100, 0xfffffff0, 5}, {0x0400, 0, 7, 6}};
    pcie_map map = {entries, 4, 0xffff};
    uint32_t output = 99;

    EXPECT_EQ(pcie_map_find(&map, 0x00ff, &output), nullptr);
    EXPECT_EQ(pcie_map_find(&map, 0x0400, &output), nullptr) << "an entry of no length";
    EXPECT_EQ(output, 99u);
    EXPECT_EQ(pcie_map_find(&map, 0x010f, &output), &entries[0]);
    EXPECT_EQ(output, 0x100fu);
    EXPECT_EQ(pcie_map_find(&map, 0x0110, &output), &entries[1]);
    EXPECT_EQ(output, 0x2010u);
    EXPECT_EQ(pcie_map_find(&map, 0xff08, &output), &entries[2]);
    EXPECT_EQ(output, 0xfffffff8u);
    map.mask = 0xfff8;
    EXPECT_EQ(pcie_map_find(&map, 0x0107, &output), &entries[0]);
    EXPECT_EQ(output, 0x1000u) << "functions share an ID";
    map.mask = 0;
    EXPECT_EQ(pcie_map_find(&map, 0x0107, &output), nullptr);
}

TEST(RequesterMap, RootComplexPutsIdsOnRequests)
{
    Options options;
    options.iommu_map = {{0x0300, 0x100, 0x42, 0}};
    options.msi_map = {{0x0400, 0x200, 0x7000, 0}};
    Rig rig(options);
    endpoint_job job = {};

    job.kind = ENDPOINT_DMA_WRITE;
    job.bytes = 4;
    for (unsigned i = 0; i < 3; i++) {
        job.address = MEMORY + 0x100 * i;
        ASSERT_TRUE(endpoint_request(rig.ep[i], &job));
    }
    rig.drain();
    ASSERT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 3u);
    for (const auto &seen : rig.router->seen_from(FROM_DEVICES)) {
        uint32_t both = SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_HAS_DEVICE_ID;
        uint32_t flags = seen.flags & both;

        EXPECT_EQ(seen.requester, RID[(seen.address - MEMORY) / 0x100]);
        if (seen.requester == RID[0]) {
            EXPECT_EQ(flags, SIM_FLAG_HAS_STREAM_ID);
            EXPECT_EQ(seen.stream_id, 0x42u);
        } else {
            EXPECT_EQ(flags, SIM_FLAG_HAS_DEVICE_ID);
            EXPECT_EQ(seen.device_id, 0x7000u + (seen.requester - 0x0400u));
        }
    }
}

} // namespace
