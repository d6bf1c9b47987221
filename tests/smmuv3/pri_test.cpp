/*
 * Invalidations of endpoints' translation caches, and page requests. Numbers in comments are conformance cases.
 */
#include "sim/ats.h"
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint32_t PRIQ_PROD = 0x100c8;
constexpr uint32_t PRIQ_CONS = 0x100cc;
constexpr uint64_t probe = System::memory_base + System::memory_size - 0x1000;

void with_pri(smmu_config &c)
{
    c.features.ats = true;
    c.features.ats_rec_err = true;
    c.features.pri = true;
    c.atc_timeout = 100 * SIM_US;
}

/** How the endpoint answers Invalidate Requests. */
struct Endpoint {
    bool silent = false;
    uint8_t status = SIM_STATUS_OK;
    unsigned count = 1; /**< completions */
    sim_time delay = 0;
    unsigned seen = 0;
    unsigned answers = ~0u; /**< after so many it is silent */
};

bool respond(void *context, const bus_driver_message *message, bus_driver_op *op)
{
    auto *endpoint = static_cast<Endpoint *>(context);

    if (message->operation != SIM_ATS_INVALIDATE_REQUEST || endpoint->silent || endpoint->seen >= endpoint->answers) {
        return false;
    }
    endpoint->seen++;
    op->type = SIM_PACKET_MESSAGE;
    op->operation = SIM_ATS_INVALIDATE_COMPLETION;
    op->address = sim_ats_completion_word(1u << sim_ats_itag(message->address), endpoint->count);
    op->status = endpoint->status;
    op->stream_id = message->stream_id;
    op->flags = SIM_FLAG_HAS_STREAM_ID;
    op->at = message->arrival + endpoint->delay;
    return true;
}

struct Page {
    uint64_t page = 0x7000;
    unsigned group = 0;
    bool last = true;
    bool read = true;
    bool write = false;
    int64_t pasid = -1;
    uint32_t sid = 0x10;
    uint32_t flags = 0;
};

void send(System &s, const Page &page)
{
    const sim_ats_page_request request = {page.page, static_cast<uint16_t>(page.group), page.last, page.write,
                                          page.read};
    bus_driver_op op = {};

    op.type = SIM_PACKET_MESSAGE;
    op.operation = SIM_ATS_PAGE_REQUEST;
    op.address = sim_ats_page_request_word(&request);
    op.stream_id = page.sid;
    op.flags = SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_TRACKED | page.flags | (page.pasid >= 0 ? SIM_FLAG_PASID : 0u);
    op.pasid = page.pasid >= 0 ? static_cast<uint32_t>(page.pasid) : 0;
    bus_driver_add(s.masters[0], &op);
    s.run();
}

/** The last message, if more than @p before have come. */
const bus_driver_message *last_message(System &s)
{
    const uint32_t count = bus_driver_message_count(s.masters[0]);

    return count > 0 ? bus_driver_get_message(s.masters[0], count - 1) : nullptr;
}

struct Response {
    bool came = false;
    unsigned code = 0;
    unsigned group = 0;
    bool pasid = false;
};

/** Sends a page request, and returns what came back at once. */
Response request(System &s, const Page &page)
{
    const uint32_t before = bus_driver_message_count(s.masters[0]);
    Response response;

    send(s, page);
    if (bus_driver_message_count(s.masters[0]) > before) {
        const bus_driver_message *message = last_message(s);

        EXPECT_EQ(bus_driver_message_count(s.masters[0]), before + 1);
        EXPECT_EQ(message->operation, SIM_ATS_PRG_RESPONSE);
        EXPECT_EQ(message->stream_id, page.sid);
        response = {true, sim_ats_response_code(message->address), sim_ats_response_group(message->address),
                    (message->flags & SIM_FLAG_PASID) != 0};
        if (response.pasid) {
            EXPECT_EQ(static_cast<int64_t>(message->pasid), page.pasid);
        }
    }
    return response;
}

uint64_t page_queue(System &s, unsigned bits, uint64_t address = 0)
{
    const uint64_t queue = address != 0 ? address : s.allocate(UINT64_C(16) << bits, 0x1000);

    s.write(0xc0, queue | bits, 8);
    return queue;
}

/** An SMMU that is enabled, with a PRI queue of 2^bits entries. @return its address */
uint64_t begin(System &s, unsigned bits, Endpoint *endpoint = nullptr, uint32_t cr0 = 0x1f)
{
    bus_driver_take_messages(s.masters[0], endpoint != nullptr ? respond : nullptr, endpoint);
    const uint64_t queue = page_queue(s, bits);
    s.enable(cr0);
    s.make_s1([](Ste &ste, Cd &) { ste.eats = 1; });
    return queue;
}

uint64_t atc_inv(uint32_t sid)
{
    return UINT64_C(0x40) | static_cast<uint64_t>(sid) << 32;
}

TEST(AtcInvalidate, TellsTheRange) /* ats-033, ats-034 */
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;
        uint64_t address;
        bool global;

        begin(s, 3, &endpoint);
        s.command(atc_inv(0x10), 52, true);
        const bus_driver_message *message = last_message(s);
        ASSERT_NE(message, nullptr);
        EXPECT_EQ(message->operation, SIM_ATS_INVALIDATE_REQUEST);
        EXPECT_EQ(message->length, 8u);
        EXPECT_EQ(sim_ats_load_range(message->data, &address, &global), 64u);
        EXPECT_EQ(message->flags & SIM_FLAG_PASID, 0u);
        s.command(atc_inv(0x10) | 3u << 12 | 1u << 11, 0x4000, true);
        message = last_message(s);
        EXPECT_EQ(sim_ats_load_range(message->data, &address, &global), 12u);
        EXPECT_EQ(address, 0x4000u);
        EXPECT_EQ(message->pasid, 3u);
        EXPECT_FALSE(global);
        s.command(atc_inv(0x10) | 3u << 12 | 1u << 11 | 1u << 9, UINT64_C(0x12345678f000) | 9, true);
        message = last_message(s);
        EXPECT_EQ(sim_ats_load_range(message->data, &address, &global), 21u);
        EXPECT_EQ(address, UINT64_C(0x123456600000));
        EXPECT_TRUE(global);
        s.command(atc_inv(0x10) | 1u << 9, 0x4000, true);
        EXPECT_EQ(sim_ats_load_range(last_message(s)->data, &address, &global), 12u);
        EXPECT_FALSE(global) << "reserved without a PASID";
        EXPECT_EQ(endpoint.seen, 4u);
    });
}

TEST(AtcInvalidate, SyncWaitsForAllCompletions)
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        endpoint.delay = 20 * SIM_US;
        begin(s, 3, &endpoint);
        const sim_time start = sim_now(s.sim);
        for (unsigned i = 0; i < 40; i++) {
            s.append(atc_inv(0x10), i << 12);
        }
        s.sync();
        EXPECT_EQ(endpoint.seen, 40u);
        EXPECT_GE(sim_now(s.sim), start + 40 * SIM_US) << "the 33rd waits for an ITag";
        EXPECT_EQ(s.counter("atc-invalidations"), 40u);
    });
}

TEST(AtcInvalidate, SeveralCompletionsForOne)
{
    for (const unsigned sent : {2u, 3u}) {
        everywhere(with_pri, [&](System &s) {
            begin(s, 3);
            const sim_time start = sim_now(s.sim);
            const uint64_t words[] = {atc_inv(0x10), 52, 0x46, 0};
            s.put(s.command_queue, words, 4);
            for (unsigned i = 1; i <= sent; i++) {
                bus_driver_op op = {};

                op.type = SIM_PACKET_MESSAGE;
                op.operation = SIM_ATS_INVALIDATE_COMPLETION;
                op.address = sim_ats_completion_word(1, 3);
                op.stream_id = 0x10;
                op.flags = SIM_FLAG_HAS_STREAM_ID;
                op.at = start + i * 10 * SIM_US;
                bus_driver_add(s.masters[0], &op);
            }
            s.write(0x98, 2);
            EXPECT_EQ(s.read(0x9c), sent == 3 ? 2u : 1u | 3u << 24) << "two of three are none";
            EXPECT_EQ(s.counter("atc-timeouts"), sent == 3 ? 0u : 1u);
        });
    }
}

TEST(AtcInvalidate, TimeOutIsToldByTheNextSync) /* ats-035 */
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        endpoint.silent = true;
        begin(s, 3, &endpoint);
        s.append(atc_inv(0x10), 52);
        s.append(tlbi(0x10, 0));
        s.append(0x46);
        EXPECT_EQ(s.read(0x9c), 2u | 3u << 24) << "CERROR_ATC_INV_SYNC, on the CMD_SYNC";
        EXPECT_EQ((s.read(0x60) ^ s.read(0x64)) & 1, 1u);
        s.write(0x64, s.read(0x60));
        EXPECT_EQ(s.read(0x9c) & 0xfffff, 3u) << "the CMD_SYNC completes: its invalidations are over";
        EXPECT_EQ(s.counter("atc-timeouts"), 1u);
    });
}

/** Sends 33 invalidations at once; @return when the last one, for which there is no ITag, came to the endpoint. */
sim_time arrival_of_33rd(System &s, Endpoint &endpoint)
{
    std::vector<uint64_t> words;

    begin(s, 6, &endpoint);
    const sim_time start = sim_now(s.sim);
    for (unsigned i = 0; i < 33; i++) {
        words.push_back(atc_inv(0x10));
        words.push_back(i << 12);
    }
    s.put(s.command_queue, words.data(), words.size());
    s.write(0x98, 33);
    s.run();
    EXPECT_EQ(s.counter("atc-invalidations"), 33u);
    return last_message(s)->arrival - start;
}

TEST(AtcInvalidate, ITagIsKeptBackAfterItsTime)
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        endpoint.silent = true;
        EXPECT_GE(arrival_of_33rd(s, endpoint), 200 * SIM_US) << "as long again";
        EXPECT_EQ(s.counter("atc-timeouts"), 33u);
    });
}

TEST(AtcInvalidate, AnswerAfterItsTimeFreesItsITag)
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        endpoint.delay = 150 * SIM_US;
        endpoint.answers = 1;
        const sim_time arrival = arrival_of_33rd(s, endpoint);
        EXPECT_GE(arrival, 150 * SIM_US);
        EXPECT_LT(arrival, 160 * SIM_US);
        EXPECT_EQ(sim_ats_itag(last_message(s)->address), 0u);
        EXPECT_EQ(s.counter("atc-timeouts"), 33u) << "the answer was for the first one, and too late";
    });
}

TEST(AtcInvalidate, NobodyThereIsDone) /* ats-036 */
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        endpoint.status = SIM_STATUS_UR;
        begin(s, 3, &endpoint);
        s.command(atc_inv(0x10), 52, true);
        EXPECT_EQ(s.read(0x9c) >> 24, 0u);
        EXPECT_EQ(endpoint.seen, 1u);
    });
}

TEST(AtcInvalidate, OthersCannotAnswer)
{
    everywhere(with_pri, [](System &s) {
        bus_driver_op op = {};

        begin(s, 3);
        s.append(atc_inv(0x10), 52);
        op.type = SIM_PACKET_MESSAGE;
        op.operation = SIM_ATS_INVALIDATE_COMPLETION;
        op.address = sim_ats_completion_word(1, 1);
        op.stream_id = 0x11;
        op.flags = SIM_FLAG_HAS_STREAM_ID;
        op.at = sim_now(s.sim);
        bus_driver_add(s.masters[0], &op);
        s.run();
        EXPECT_EQ(s.counter("atc-timeouts"), 1u);
    });
}

TEST(AtcInvalidate, IgnoredWhileDisabledAndWithoutAWay) /* cmd-014 */
{
    everywhere(
        [](smmu_config &c) {
            with_pri(c);
            c.ports = 2;
        },
        [](System &s) {
            Endpoint endpoint[2];

            begin(s, 3, &endpoint[0]);
            bus_driver_take_messages(s.masters[1], respond, &endpoint[1]);
            smmu_add_stream_route(s.smmu, 0x20, 0x2f, 1);
            smmu_add_stream_route(s.smmu, 0x10, 0x1f, 0);
            s.command(atc_inv(0x25), 52, true);
            EXPECT_EQ(endpoint[1].seen, 1u);
            s.command(atc_inv(0x1f), 52, true);
            EXPECT_EQ(endpoint[0].seen, 1u);
            s.command(atc_inv(0x30), 52, true);
            s.write(0x20, 0xc);
            s.command(atc_inv(0x10), 52, true);
            s.command(0x41 | UINT64_C(0x10) << 32, UINT64_C(2) << 12, true);
            EXPECT_EQ(endpoint[0].seen + endpoint[1].seen, 2u);
            EXPECT_EQ(bus_driver_message_count(s.masters[0]), 1u);
        });
}

TEST(AtcInvalidate, CompletionComesBehindWrites)
{
    everywhere(with_pri, [](System &s) {
        Endpoint endpoint;

        begin(s, 3, &endpoint);
        const uint64_t words[] = {atc_inv(0x10), 52, 0x46 | 1 << 12 | UINT64_C(0x77) << 32, probe};
        s.put(s.command_queue, words, 4);
        bus_driver_write(s.host, 0, System::register_base + 0x98, 2, 4);
        /* The write leaves just before the completion, and misses everything: four reads of tables and two before. */
        const uint32_t write = s.start({.addr = 0x40001000, .op = 'W', .when = sim_now(s.sim) + 100 * SIM_NS});
        while (memory_read64(s.memory, probe) == 0) {
            sim_run(s.sim, sim_now(s.sim) + SIM_NS);
        }
        EXPECT_EQ(endpoint.seen, 1u);
        EXPECT_EQ(posted_sink_count(s.sinks[0]), 1u) << "CMD_SYNC is complete, so the write has left";
        s.run();
        EXPECT_EQ(s.result(0, write).outcome, Outcome::ok);
    });
}

TEST(PageRequest, Record) /* pri-001 */
{
    everywhere(with_pri, [](System &s) {
        const uint64_t queue = begin(s, 3);

        send(s, {.page = 0x7000, .group = 0x1f, .last = true, .read = true, .write = true, .pasid = 3});
        EXPECT_EQ(s.read(PRIQ_PROD), 1u);
        uint64_t word = memory_read64(s.memory, queue);
        EXPECT_EQ(word & 0xffffffff, 0x10u);
        EXPECT_EQ(word >> 32 & 0xfffff, 3u);
        EXPECT_EQ(word >> 58, 0x3cu) << "SSV, Last, W, R, neither X nor Priv";
        EXPECT_EQ(memory_read64(s.memory, queue + 8), 0x701fu);
        send(s, {.page = 0x8000, .last = false, .pasid = 3, .flags = SIM_FLAG_PRIVILEGED | SIM_FLAG_EXECUTE});
        word = memory_read64(s.memory, queue + 16);
        EXPECT_EQ(word >> 58, 0x27u);
        send(s, {.page = 0x9000});
        EXPECT_EQ(memory_read64(s.memory, queue + 32), UINT64_C(0x5000000000000010));
        EXPECT_EQ(last_message(s), nullptr);
    });
}

TEST(PageRequest, AnsweredWhileTheQueueIsOff) /* reg-005 */
{
    for (const uint32_t cr0 : {0x1du, 0x1eu}) {
        everywhere(with_pri, [&](System &s) {
            begin(s, 3, nullptr, cr0);
            for (const bool last : {false, true}) {
                const Response r = request(s, {.group = 3, .last = last, .pasid = 4});
                EXPECT_TRUE(r.came);
                EXPECT_EQ(r.code, 0xfu);
                EXPECT_EQ(r.group, 3u);
                EXPECT_FALSE(r.pasid);
            }
            EXPECT_FALSE(request(s, {.page = 0, .read = false, .pasid = 4}).came) << "a stop marker";
            EXPECT_EQ(s.read(PRIQ_PROD), 0u);
        });
    }
}

TEST(PageRequest, Overflow) /* pri-004, pri-012 */
{
    everywhere(with_pri, [](System &s) {
        const uint64_t queue = begin(s, 0);

        EXPECT_FALSE(request(s, {.page = 0x1000, .group = 1}).came);
        EXPECT_FALSE(request(s, {.page = 0x2000, .group = 2, .last = false}).came);
        EXPECT_EQ(s.read(PRIQ_PROD), 0x80000001u);
        const Response full = request(s, {.page = 0x2000, .group = 2});
        EXPECT_TRUE(full.came);
        EXPECT_EQ(full.code, 0u);
        EXPECT_FALSE(request(s, {.page = 0, .read = false, .pasid = 9}).came) << "a stop marker";
        EXPECT_EQ(s.read(PRIQ_PROD), 0x80000001u) << "toggled once";
        s.write(PRIQ_CONS, 1);
        const Response inhibited = request(s, {.page = 0x3000, .group = 3});
        EXPECT_TRUE(inhibited.came);
        EXPECT_EQ(inhibited.code, 0u);
        EXPECT_EQ(inhibited.group, 3u);
        s.write(PRIQ_CONS, 0x80000001u);
        EXPECT_FALSE(request(s, {.page = 0x4000, .group = 4}).came);
        EXPECT_EQ(s.read(PRIQ_PROD), 0x80000000u);
        EXPECT_EQ(memory_read64(s.memory, queue + 8), 0x4004u);
        EXPECT_EQ(s.counter("page-automatic"), 2u);
    });
}

TEST(PageRequest, WhetherAnOverflowResponseHasAPasid) /* pri-008, 8.1 */
{
    for (const bool pps : {false, true}) {
        const auto tweak = [&](smmu_config &c) {
            with_pri(c);
            c.features.pps = pps;
        };
        everywhere(tweak, [&](System &s) {
            begin(s, 0);
            s.write(0x20, 0x1e);
            s.write(0x2c, 0xa); /* RECINVSID, REC_CFG_ATS */
            s.write(0x20, 0x1f);
            Ste ste;
            ste.config = 4;
            ste.ppar = 1;
            s.set_ste(0x11, ste);
            request(s, {.page = 0x1000});
            EXPECT_FALSE(request(s, {.group = 5}).pasid);
            for (const uint32_t sid : {0x10u, 0x11u, 0x12u, 0x100u}) { /* PPAR 0, PPAR 1, invalid, out of range */
                const Response r = request(s, {.group = 6, .pasid = 9, .sid = sid});
                EXPECT_TRUE(r.came);
                EXPECT_EQ(r.code, pps || sid < 0x12 ? 0u : 0xfu) << sid;
                EXPECT_EQ(r.pasid, pps || sid == 0x11) << sid;
                const std::vector<Event> events = s.events();
                EXPECT_EQ(events.size(), pps || sid < 0x12 ? 0u : 1u);
                if (!events.empty()) {
                    EXPECT_EQ(events[0].type(), sid == 0x12 ? 0x04u : 0x02u);
                    EXPECT_EQ(events[0].sid(), sid);
                }
            }
        });
    }
}

TEST(PageRequest, WriteAborts) /* pri-009 */
{
    everywhere(with_pri, [](System &s) {
        bus_driver_take_messages(s.masters[0], nullptr, nullptr);
        page_queue(s, 3, System::nowhere);
        s.enable(0x1f);
        for (unsigned i = 1; i < 3; i++) {
            const Response r = request(s, {.group = i, .last = false});
            EXPECT_TRUE(r.came);
            EXPECT_EQ(r.code, 0xfu);
            EXPECT_EQ(r.group, i);
        }
        EXPECT_EQ((s.read(0x60) ^ s.read(0x64)) & 8, 8u);
        EXPECT_EQ(s.read(PRIQ_PROD), 0u);
    });
}

TEST(PageRequest, SoftwareAnswers) /* pri-010, cmd-007, cmd-015 */
{
    everywhere(with_pri, [](System &s) {
        static const unsigned codes[] = {0xf, 1, 0};

        begin(s, 3);
        for (unsigned resp = 0; resp < 3; resp++) {
            s.command(0x41 | UINT64_C(0x10) << 32, UINT64_C(0x155) | resp << 12, true);
            const bus_driver_message *message = last_message(s);
            ASSERT_NE(message, nullptr);
            EXPECT_EQ(message->operation, SIM_ATS_PRG_RESPONSE);
            EXPECT_EQ(message->address, sim_ats_response_word(0x155, codes[resp]));
            EXPECT_EQ(message->flags & SIM_FLAG_PASID, 0u);
        }
        s.command(0x41 | UINT64_C(0x10) << 32 | 1 << 11 | 7 << 12, UINT64_C(2) << 12, true);
        EXPECT_EQ(last_message(s)->pasid, 7u);
        for (unsigned i = 0; i < 30; i++) {
            s.append(0x41 | UINT64_C(0x10) << 32, UINT64_C(2) << 12 | i);
        }
        s.sync();
        EXPECT_EQ(bus_driver_message_count(s.masters[0]), 34u);
        s.write(0x20, 0x1e);
        s.command(0x41, UINT64_C(3) << 12);
        EXPECT_EQ(s.read(0x9c) >> 24, 1u) << "illegal before it is ignored";
    });
}

TEST(PageRequest, Interrupts)
{
    everywhere(with_pri, [](System &s) {
        bus_driver_take_messages(s.masters[0], nullptr, nullptr);
        const uint64_t queue = page_queue(s, 1);
        (void)queue;
        s.write(0xd0, probe, 8);
        s.write(0xd8, 0x1234);
        s.write(0x50, 2);
        EXPECT_EQ(s.read(0x54), 2u);
        s.write(0xd8, 0x9999);
        EXPECT_EQ(s.read(0xd8), 0x1234u) << "guarded";
        s.enable(0x1f);
        const auto fired = [&] {
            const bool result = memory_read64(s.memory, probe) == 0x1234;
            memory_write64(s.memory, probe, 0);
            return result;
        };
        send(s, {.last = false});
        EXPECT_TRUE(fired());
        send(s, {.last = true});
        EXPECT_FALSE(fired()) << "it was not empty";
        s.write(0x50, 0);
        s.write(0xdc, 0x80000000u);
        s.write(0x50, 2);
        s.write(PRIQ_CONS, 2);
        send(s, {.last = false});
        EXPECT_FALSE(fired()) << "LO: only the last of a group";
        send(s, {.last = true});
        EXPECT_TRUE(fired());
        send(s, {.last = true});
        EXPECT_TRUE(fired()) << "even if it is lost";
    });
}

TEST(PageRequest, CommandsNeedTheirFeature)
{
    for (const unsigned features : {0u, 1u, 3u}) {
        for (const uint64_t opcode : {0x40u, 0x41u}) {
            System s(support::engines()[0], [&](smmu_config &c) {
                c.features.ats = (features & 1) != 0;
                c.features.pri = (features & 2) != 0;
            });
            s.enable(0xc);
            s.command(opcode);
            EXPECT_EQ(s.read(0x9c) >> 24, opcode == 0x40 ? features == 0 : features != 3);
        }
    }
}

} // namespace
