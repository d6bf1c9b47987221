/* The non-blocking interface under load: every transaction ends, in order, in the same time however it is asked for. */
#include "tests/wrappers/driver.h"
#include "tests/wrappers/smmu_platform.h"

#include <map>
#include <sstream>
#include <sys/wait.h>
#include <tlm_utils/simple_target_socket.h>
#include <unistd.h>

namespace
{

using wrappers_test::Checkers;
using wrappers_test::Driver;
using wrappers_test::kMemory;
using wrappers_test::kRegisters;
using wrappers_test::kSize;
using wrappers_test::ns;
using wrappers_test::Platform;
using wrappers_test::Thread;

/* A device with the non-blocking interface in front of an SMMU that lets everything through. */
struct Loaded {
    explicit Loaded(const doorbell::simulation::options &how = {}, bool device_first = true)
        : whole("doorbell", how), device("device"), smmu("smmu", whole, Platform::config()),
          memory("memory", kMemory, kSize, ns(81), 8e9), bus("bus", ns(20), ns(20))
    {
        if (device_first) {
            checkers.join(device.socket, smmu.tbu(0));
            checkers.join(smmu.memory(0), bus.add_initiator());
            checkers.join(smmu.walker(), bus.add_initiator());
        } else {
            checkers.join(smmu.walker(), bus.add_initiator());
            checkers.join(smmu.memory(0), bus.add_initiator());
            checkers.join(device.socket, smmu.tbu(0));
        }
        checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
        /* Registers are not used: somebody has to be bound. */
        pe = std::make_unique<example::initiator>("pe");
        checkers.join(pe->socket, smmu.registers());
    }

    std::vector<Driver::Sent> run(unsigned count, unsigned reads)
    {
        for (unsigned i = 0; i < count; i++) {
            const bool is_read = i % 4 < reads;

            device.add(is_read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND, kMemory + 8 * (i % 64), i);
        }
        sc_core::sc_start();
        EXPECT_EQ(device.done, count);
        return device.sent;
    }

    Checkers checkers;
    doorbell::simulation whole;
    Driver device;
    doorbell::smmu smmu;
    example::memory memory;
    example::bus bus;
    std::unique_ptr<example::initiator> pe;
};

TEST(WrapperPhases, WritesAreDoneAtOnceWhileThereIsRoom)
{
    Loaded loaded;
    const auto sent = loaded.run(64, 0);
    unsigned at_once = 0;

    for (const auto &each : sent) {
        EXPECT_EQ(each.status, tlm::TLM_OK_RESPONSE);
        at_once += each.at_once ? 1 : 0;
    }
    EXPECT_TRUE(sent.front().at_once);
    EXPECT_GT(at_once, 0u);
    EXPECT_LT(at_once, 64u); /* then the port is full, and it takes four phases */
    EXPECT_GT(sent.back().begun, sent.front().begun);
}

TEST(WrapperPhases, ReadsUnderLoadSeeTheWritesBeforeThem)
{
    Loaded loaded;
    const auto sent = loaded.run(400, 2);
    std::map<uint64_t, uint64_t> memory;

    for (size_t i = 0; i < sent.size(); i++) {
        EXPECT_EQ(sent[i].status, tlm::TLM_OK_RESPONSE);
        if (i % 4 < 2) {
            EXPECT_EQ(sent[i].data, memory[sent[i].address]) << i;
            EXPECT_GT(sent[i].done, sent[i].begun);
        } else {
            memory[sent[i].address] = i;
        }
    }
}

TEST(WrapperPhases, AnInitiatorMayEndResponsesLate)
{
    Loaded loaded;

    loaded.device.holds_responses = true;
    const auto sent = loaded.run(100, 4);
    for (const auto &each : sent) {
        EXPECT_EQ(each.status, tlm::TLM_OK_RESPONSE);
    }
}

/* Everything that a device can notice, as text. */
std::string noticed(const std::vector<Driver::Sent> &sent)
{
    std::ostringstream text;

    for (const auto &each : sent) {
        text << each.begun << ' ' << each.done << ' ' << each.data << ' ' << each.at_once << '\n';
    }
    return text.str();
}

/* The kernel takes processes of one instant in the order in which they were made, and models in one that is drawn. */
std::string with_order(bool device_first, uint64_t seed)
{
    doorbell::simulation::options how;

    how.shuffle = seed != 0;
    how.shuffle_seed = seed;
    Loaded loaded(how, device_first);
    return noticed(loaded.run(300, 1));
}

std::string in_a_process(bool device_first, uint64_t seed)
{
    int ends[2];
    std::string text;
    char buffer[4096];

    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork(); /* one kernel a process */
    if (child == 0) {
        const std::string found = with_order(device_first, seed);

        close(ends[0]);
        for (size_t at = 0; at < found.size();) {
            at += static_cast<size_t>(write(ends[1], &found[at], found.size() - at));
        }
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t count = read(ends[0], buffer, sizeof(buffer)); count > 0;
         count = read(ends[0], buffer, sizeof(buffer))) {
        text.append(buffer, static_cast<size_t>(count));
    }
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return text;
}

TEST(WrapperPhases, OrderWithinAnInstantDoesNotMatter)
{
    const std::string plain = in_a_process(true, 0);

    EXPECT_GT(plain.size(), 5000u);
    EXPECT_EQ(in_a_process(false, 0), plain);
    for (const uint64_t seed : {1u, 2u, 3u}) {
        EXPECT_EQ(in_a_process(seed % 2 == 0, seed), plain) << seed;
    }
}

/* A target that answers after 81 ns, in one of the ways that the base protocol has for that. */
class Answerer : public sc_core::sc_module
{
  public:
    enum class Way { completes, begins_response, calls_back, blocks };

    tlm_utils::simple_target_socket<Answerer> socket;

    Answerer(const sc_core::sc_module_name &name, Way way) : sc_core::sc_module(name), socket("socket"), way_(way)
    {
        if (way == Way::blocks) {
            socket.register_b_transport(this, &Answerer::b_transport);
        } else {
            socket.register_nb_transport_fw(this, &Answerer::nb_transport_fw);
        }
        SC_HAS_PROCESS(Answerer);
        SC_METHOD(call_back);
        sensitive << due_;
        dont_initialize();
    }

  private:
    static void answer(tlm::tlm_generic_payload &payload)
    {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        answer(payload);
        delay += ns(81);
    }

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay)
    {
        if (phase == tlm::END_RESP) {
            return tlm::TLM_COMPLETED;
        }
        answer(payload);
        if (way_ == Way::calls_back) {
            payload_ = &payload;
            due_.notify(delay + ns(81));
            return tlm::TLM_ACCEPTED;
        }
        delay += ns(81);
        phase = tlm::BEGIN_RESP;
        return way_ == Way::completes ? tlm::TLM_COMPLETED : tlm::TLM_UPDATED;
    }

    void call_back()
    {
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay;

        socket->nb_transport_bw(*payload_, phase, delay);
    }

    Way way_;
    tlm::tlm_generic_payload *payload_ = nullptr;
    sc_core::sc_event due_;
};

class WrapperAnswers : public testing::TestWithParam<Answerer::Way>
{
};

/* An answer annotated with its time is seen at that time; one that comes by a call at that time, an edge later. */
TEST_P(WrapperAnswers, TakeTheTimeThatTheyAreAnnotatedWith)
{
    const bool annotated = GetParam() == Answerer::Way::completes || GetParam() == Answerer::Way::begins_response;
    Checkers checkers;
    doorbell::simulation whole("doorbell");
    Driver device("device");
    doorbell::smmu smmu("smmu", whole, Platform::config());
    Answerer memory("memory", GetParam());
    Answerer tables("tables", GetParam());
    example::initiator pe("pe");

    checkers.join(device.socket, smmu.tbu(0));
    checkers.join(smmu.memory(0), memory.socket);
    checkers.join(smmu.walker(), tables.socket);
    checkers.join(pe.socket, smmu.registers());
    device.add(tlm::TLM_READ_COMMAND, kMemory);
    sc_core::sc_start();
    ASSERT_EQ(device.done, 1u);
    /* In at the first edge; accept, forward and a cycle of flight; 81 ns; response and a cycle of flight. */
    EXPECT_EQ(device.sent[0].done - device.sent[0].begun, ns(1 + 2 + 1 + 81 + 1 + 1 + (annotated ? 0 : 1)));
}

std::string name_of(const testing::TestParamInfo<Answerer::Way> &given)
{
    const char *const names[] = {"Completes", "BeginsResponse", "CallsBack", "Blocks"};

    return names[static_cast<size_t>(given.param)];
}

INSTANTIATE_TEST_SUITE_P(Ways, WrapperAnswers,
                         testing::Values(Answerer::Way::completes, Answerer::Way::begins_response,
                                         Answerer::Way::calls_back, Answerer::Way::blocks),
                         name_of);

TEST(WrapperPhases, TheKernelsResolutionMustFitTheClocks)
{
    doorbell::simulation whole("doorbell");
    smmu_config config = Platform::config();
    Checkers checkers;

    wrappers_test::quiet();
    config.period = 769231; /* 1.3 GHz: no whole picoseconds */
    doorbell::smmu smmu("smmu", whole, config);
    example::initiator device("device");
    example::initiator pe("pe");
    example::memory memory("memory", kMemory, kSize, ns(80));
    example::bus bus("bus", ns(20), ns(20));

    checkers.join(device.socket, smmu.tbu(0));
    checkers.join(pe.socket, smmu.registers());
    checkers.join(smmu.memory(0), bus.add_initiator());
    checkers.join(smmu.walker(), bus.add_initiator());
    checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
    try {
        sc_core::sc_start();
        ADD_FAILURE() << "it started";
    } catch (const sc_core::sc_report &report) {
        EXPECT_NE(std::string(report.get_msg()).find("769231 fs"), std::string::npos) << report.get_msg();
        EXPECT_NE(std::string(report.get_msg()).find("sc_set_time_resolution"), std::string::npos);
    }
}

TEST(WrapperPhases, AFinerResolutionDoes)
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    Loaded loaded;
    const auto sent = loaded.run(8, 4);

    EXPECT_EQ(sent[0].done - sent[0].begun, sent[1].done - sent[1].begun - ns(1)); /* a cycle later, one by one */
}

} // namespace
