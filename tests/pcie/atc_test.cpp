/* An endpoint's use of ATS and PRI: what it asks, what it keeps, what it gives up, and what it answers. */
#include "sim/ats.h"
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

constexpr uint64_t IOVA = 0x40001000;
constexpr uint64_t PA = 0x80005000;

Options options_of(uint32_t entries = 0)
{
    Options options;

    options.functions[0] = {plain_function()};
    options.functions[0][0].config.ats_queue_depth = 8;
    options.functions[0][0].config.pri_capacity = 16;
    options.functions[0][0].config.pasid_bits = 16;
    options.endpoint.atc_entries = entries;
    return options;
}

/** A pair with ATS on; the test says what the other side answers. */
struct Ats : Pair {
    explicit Ats(uint32_t allocation = 0, uint32_t entries = 0) : Pair(options_of(entries))
    {
        const pcie_config_space *space = endpoint_config_space(ep, 0);

        config_write(0, space->ats + PCIE_ATS_CONTROL, PCIE_ATS_ENABLE, 2);
        if (allocation > 0) {
            config_write(0, space->pri + PCIE_PRI_ALLOCATION, allocation, 4);
            config_write(0, space->pri + PCIE_PRI_CONTROL, PCIE_PRI_ENABLE, 2);
        }
        requests();
    }
    void enable_pasids()
    {
        const pcie_config_space *space = endpoint_config_space(ep, 0);

        config_write(0, space->ats + PCIE_ATS_CONTROL, 0, 2);
        config_write(0, space->pasid + PCIE_PASID_CONTROL, PCIE_PASID_ENABLE, 2);
        config_write(0, space->ats + PCIE_ATS_CONTROL, PCIE_ATS_ENABLE, 2);
        requests();
    }
    std::vector<RawDevice::Got> write(uint64_t address, uint32_t bytes = 4, uint32_t pasid = 0)
    {
        endpoint_job job = {};

        job.with_pasid = pasid != 0;
        job.pasid = pasid;

        job.kind = ENDPOINT_DMA_WRITE;
        job.address = address;
        job.bytes = bytes;
        job.ats = true;
        ask(job);
        return requests();
    }
    std::vector<RawDevice::Got> ask_page(uint64_t address, uint16_t group)
    {
        endpoint_job job = {};

        job.kind = ENDPOINT_PAGE_REQUEST;
        job.address = address;
        job.read = true;
        job.last = true;
        job.group = group;
        ask(job);
        return requests();
    }
    /** Answers a translation request. @return what the endpoint sends then */
    std::vector<RawDevice::Got> answer(const RawDevice::Got &request, const sim_ats_entry &entry)
    {
        Tlp tlp;
        uint8_t bytes[8];

        sim_ats_store_entry(bytes, &entry);
        tlp.type = SIM_PACKET_COMPLETION;
        tlp.target = request.tlp.requester;
        tlp.tag = request.tlp.tag;
        tlp.length = 8;
        tlp.arg = 8;
        tlp.value = sim_load_le64(bytes);
        tlp.flags = 0;
        root->send(tlp);
        run();
        return requests();
    }
    std::vector<RawDevice::Got> refuse(const RawDevice::Got &request)
    {
        Tlp tlp;

        tlp.type = SIM_PACKET_COMPLETION;
        tlp.target = request.tlp.requester;
        tlp.tag = request.tlp.tag;
        tlp.status = SIM_STATUS_UR;
        tlp.length = 0;
        tlp.flags = 0;
        root->send(tlp);
        run();
        return requests();
    }
    std::vector<RawDevice::Got> message(uint8_t operation, uint64_t word, const uint8_t *data = nullptr,
                                        uint32_t pasid = 0)
    {
        Tlp tlp;

        tlp.type = SIM_PACKET_MESSAGE;
        tlp.operation = operation;
        tlp.arg = SIM_ATS_ROUTE_BY_ID;
        tlp.target = PAIR_RID;
        tlp.address = word;
        tlp.length = data != nullptr ? 8 : 0;
        tlp.value = data != nullptr ? sim_load_le64(data) : 0;
        tlp.flags = pasid != 0 ? SIM_FLAG_PASID : 0;
        tlp.pasid = pasid;
        root->send(tlp);
        run();
        return requests();
    }
    std::vector<RawDevice::Got> invalidate(uint64_t address, unsigned size, unsigned itag, uint32_t pasid = 0,
                                           bool global = false)
    {
        uint8_t data[8];

        sim_ats_store_range(data, address, size, global);
        return message(SIM_ATS_INVALIDATE_REQUEST, sim_ats_itag_word(itag), data, pasid);
    }
    uint32_t pri_status()
    {
        return config_read(0, endpoint_config_space(ep, 0)->pri + PCIE_PRI_STATUS, 2);
    }
};

sim_ats_entry entry_of(uint64_t address, bool read, bool write, uint8_t size = 12)
{
    sim_ats_entry entry = {};

    entry.address = address;
    entry.size = size;
    entry.read = read;
    entry.write = write;
    return entry;
}

TEST(Atc, AsksOnceAndSendsTranslatedRequests)
{
    Ats pair;
    auto out = pair.write(IOVA + 0x10);

    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.type, SIM_PACKET_READ);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_TRANSLATION_REQUEST);
    EXPECT_EQ(out[0].tlp.address, IOVA);
    EXPECT_EQ(out[0].tlp.length, 8u) << "one translation";
    EXPECT_EQ(out[0].tlp.flags & SIM_FLAG_NO_WRITE, 0u) << "it is going to write";
    out = pair.answer(out[0], entry_of(PA, true, true));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.type, SIM_PACKET_WRITE);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_TRANSLATED);
    EXPECT_EQ(out[0].tlp.address, PA + 0x10);
    out = pair.write(IOVA + 0x20);
    ASSERT_EQ(out.size(), 1u) << "no second translation request";
    EXPECT_EQ(out[0].tlp.address, PA + 0x20);
}

TEST(Atc, LargeTranslationsCoverTheirRange)
{
    Ats pair;
    auto out = pair.write(0x40201000);

    out = pair.answer(out.at(0), entry_of(0x80200000, true, true, 21));
    EXPECT_EQ(out.at(0).tlp.address, 0x80201000u);
    EXPECT_EQ(pair.write(0x403ff000).at(0).tlp.address, 0x803ff000u);
    EXPECT_EQ(pair.write(0x40400000).at(0).tlp.at, SIM_AT_TRANSLATION_REQUEST);
}

TEST(Atc, WithoutEnableRequestsAreUntranslated)
{
    Ats pair;

    pair.config_write(0, endpoint_config_space(pair.ep, 0)->ats + PCIE_ATS_CONTROL, 0, 2);
    pair.requests();
    auto out = pair.write(IOVA);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_UNTRANSLATED);
    EXPECT_EQ(out[0].tlp.address, IOVA);
}

TEST(Atc, UntranslatedOnlyIsHonoured)
{
    Ats pair;
    sim_ats_entry entry = entry_of(0, true, true);

    entry.untranslated = true;
    auto out = pair.answer(pair.write(IOVA).at(0), entry);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_UNTRANSLATED);
    EXPECT_EQ(out[0].tlp.address, IOVA);
}

TEST(Atc, ARefusedRequestIsGivenUpAndHoldsNobody)
{
    Ats pair;

    EXPECT_TRUE(pair.refuse(pair.write(IOVA).at(0)).empty());
    EXPECT_TRUE(pair.answer(pair.write(IOVA).at(0), entry_of(PA, true, false)).empty()) << "R only, and no PRI";
    EXPECT_EQ(endpoint_get_counters(pair.ep)->atc_refused, 2u);
    EXPECT_EQ(endpoint_outstanding(pair.ep), 0u);
}

TEST(Atc, TheLeastRecentlyUsedGoes)
{
    Ats pair(0, 2);

    for (uint64_t page = 0; page < 3; page++) {
        pair.answer(pair.write(IOVA + page * 0x1000).at(0), entry_of(PA + page * 0x1000, true, true));
        EXPECT_EQ(pair.write(IOVA).at(0).tlp.at, SIM_AT_TRANSLATED) << "used between, so kept";
    }
    EXPECT_EQ(pair.write(IOVA + 0x1000).at(0).tlp.at, SIM_AT_TRANSLATION_REQUEST);
}

/* ---- Invalidation ---- */

TEST(Atc, InvalidationForgetsTheRangeAndIsCompleted)
{
    Ats pair;

    pair.answer(pair.write(IOVA).at(0), entry_of(PA, true, true));
    pair.answer(pair.write(IOVA + 0x1000).at(0), entry_of(PA + 0x1000, true, true));
    auto out = pair.invalidate(IOVA, 12, 5);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.type, SIM_PACKET_MESSAGE);
    EXPECT_EQ(out[0].tlp.operation, SIM_ATS_INVALIDATE_COMPLETION);
    EXPECT_EQ(sim_ats_itags(out[0].tlp.address), 1u << 5);
    EXPECT_EQ(sim_ats_completion_count(out[0].tlp.address), 1u);
    EXPECT_EQ(pair.write(IOVA + 0x1000).at(0).tlp.at, SIM_AT_TRANSLATED) << "the neighbour";
    out = pair.write(IOVA);
    EXPECT_EQ(out.at(0).tlp.at, SIM_AT_TRANSLATION_REQUEST);
    pair.refuse(out[0]);
    EXPECT_EQ(pair.invalidate(0, 64, 0).size(), 1u);
    EXPECT_EQ(pair.write(IOVA + 0x1000).at(0).tlp.at, SIM_AT_TRANSLATION_REQUEST);
}

TEST(Atc, InvalidationWithAPasidIsForThatOneAndOneWithoutForAll)
{
    const struct {
        uint32_t pasid;
        bool global;
        bool kept[3]; /**< of no PASID, PASID 1, PASID 2 */
    } cases[] = {
        {1, false, {true, false, true}},
        {1, true, {true, false, false}},
        {0, false, {false, false, false}},
    };

    for (const auto &one : cases) {
        Ats pair;

        pair.enable_pasids();
        for (uint32_t pasid = 0; pasid < 3; pasid++) {
            auto asked = pair.write(IOVA, 4, pasid);
            ASSERT_EQ(asked.at(0).tlp.at, SIM_AT_TRANSLATION_REQUEST) << "those of others are of no use";
            pair.answer(asked.at(0), entry_of(PA + pasid * 0x1000, true, true));
        }
        EXPECT_EQ(pair.invalidate(IOVA, 12, 3, one.pasid, one.global).size(), 1u);
        for (uint32_t pasid = 0; pasid < 3; pasid++) {
            auto out = pair.write(IOVA, 4, pasid);
            EXPECT_EQ(out.at(0).tlp.at, one.kept[pasid] ? SIM_AT_TRANSLATED : SIM_AT_TRANSLATION_REQUEST)
                << "invalidation of " << one.pasid << ", entry of " << pasid;
            if (!one.kept[pasid]) {
                pair.refuse(out.at(0));
            }
        }
    }
}

TEST(Atc, ATranslationUnderWayIsAskedForAgain)
{
    Ats pair;
    auto asked = pair.write(IOVA);

    EXPECT_EQ(pair.invalidate(IOVA, 12, 1).size(), 1u);
    auto out = pair.answer(asked.at(0), entry_of(PA, true, true));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_TRANSLATION_REQUEST) << "what came was stale";
    out = pair.answer(out[0], entry_of(PA + 0x8000, true, true));
    EXPECT_EQ(out.at(0).tlp.address, PA + 0x8000);
}

TEST(Atc, CompletionWaitsForTranslatedReads)
{
    Ats pair;
    endpoint_job read = {};

    read.kind = ENDPOINT_DMA_READ;
    read.address = IOVA;
    read.bytes = 4;
    read.ats = true;
    pair.answer(pair.write(IOVA).at(0), entry_of(PA, true, true));
    pair.ask(read);
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_TRANSLATED);
    EXPECT_TRUE(pair.invalidate(IOVA, 12, 2).empty()) << "the read has not come back";
    out = pair.refuse(out[0]);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.operation, SIM_ATS_INVALIDATE_COMPLETION);
}

/* ---- Page requests ---- */

TEST(Pri, AMissingPageIsAskedForAndThenUsed)
{
    Ats pair(4);
    auto out = pair.answer(pair.write(IOVA).at(0), entry_of(0, false, false));

    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.operation, SIM_ATS_PAGE_REQUEST);
    EXPECT_EQ(out[0].tlp.arg, SIM_ATS_ROUTE_TO_ROOT);
    sim_ats_page_request request = sim_ats_load_page_request(out[0].tlp.address);
    EXPECT_EQ(request.page, IOVA);
    EXPECT_TRUE(request.write && request.last && !request.read);
    out = pair.message(SIM_ATS_PRG_RESPONSE, sim_ats_response_word(request.group, SIM_ATS_PRG_SUCCESS));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].tlp.at, SIM_AT_TRANSLATION_REQUEST);
    out = pair.answer(out[0], entry_of(PA, true, true));
    EXPECT_EQ(out.at(0).tlp.address, PA);
}

TEST(Pri, DisabledMeansNoPageRequests)
{
    Ats pair;

    EXPECT_TRUE(pair.ask_page(0x7000, 0).empty());
    EXPECT_EQ(pair.pri_status() & PCIE_PRI_STOPPED, PCIE_PRI_STOPPED);
}

TEST(Pri, AFailureStopsPageRequestsUntilReset)
{
    Ats pair(8);
    unsigned control = endpoint_config_space(pair.ep, 0)->pri + PCIE_PRI_CONTROL;

    EXPECT_EQ(pair.ask_page(0x6000, 1).size(), 1u);
    pair.message(SIM_ATS_PRG_RESPONSE, sim_ats_response_word(1, SIM_ATS_PRG_FAILURE));
    EXPECT_EQ(pair.pri_status() & PCIE_PRI_RESPONSE_FAILURE, PCIE_PRI_RESPONSE_FAILURE);
    EXPECT_TRUE(pair.ask_page(0x7000, 2).empty());
    pair.config_write(0, control, 0, 2);
    pair.config_write(0, control, PCIE_PRI_RESET, 2);
    pair.config_write(0, control, PCIE_PRI_ENABLE, 2);
    EXPECT_EQ(pair.pri_status() & PCIE_PRI_RESPONSE_FAILURE, 0u);
    pair.requests();
    EXPECT_EQ(pair.ask_page(0x7000, 2).size(), 1u);
}

TEST(Pri, AResponseForNoGroupIsUnexpected)
{
    Ats pair(8);

    pair.message(SIM_ATS_PRG_RESPONSE, sim_ats_response_word(0x1ff, SIM_ATS_PRG_SUCCESS));
    EXPECT_EQ(pair.pri_status() & PCIE_PRI_UNEXPECTED_GROUP, PCIE_PRI_UNEXPECTED_GROUP);
}

TEST(Pri, AllocationLimitsWhatIsUnderWay)
{
    Ats pair(2);
    size_t sent = 0;

    for (uint16_t group = 0; group < 5; group++) {
        sent += pair.ask_page(0x7000 + 0x1000u * group, group).size();
    }
    EXPECT_EQ(sent, 2u);
    EXPECT_EQ(pair.message(SIM_ATS_PRG_RESPONSE, sim_ats_response_word(0, SIM_ATS_PRG_SUCCESS)).size(), 1u);
}

} // namespace
