/* The checker of the base protocol: silent while the rules are kept, and each rule broken once and told. */
#include "tests/wrappers/kernel.h"

#include <set>

namespace
{

using doorbell::protocol_checker;
using doorbell::protocol_rule;
using wrappers_test::ns;

/* Holds payloads until nobody refers to them. */
class Pool : public tlm::tlm_mm_interface
{
  public:
    void free(tlm::tlm_generic_payload *payload) override
    {
        payload->reset();
    }
};

/* A payload with nothing wrong about it. */
struct Payload {
    explicit Payload(tlm::tlm_command command = tlm::TLM_WRITE_COMMAND) : payload(&pool)
    {
        payload.set_command(command);
        payload.set_address(0x1000);
        payload.set_data_ptr(bytes);
        payload.set_data_length(sizeof(bytes));
        payload.set_streaming_width(sizeof(bytes));
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        payload.acquire();
    }

    Pool pool;
    tlm::tlm_generic_payload payload;
    unsigned char bytes[4] = {1, 2, 3, 4};
};

/* An initiator and a target that do what the test says. */
class Initiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<>
{
  public:
    tlm::tlm_initiator_socket<> socket;
    std::function<tlm::tlm_sync_enum(tlm::tlm_phase &, sc_core::sc_time &)> answer =
        [](tlm::tlm_phase &, sc_core::sc_time &) { return tlm::TLM_ACCEPTED; };

    explicit Initiator(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(*this);
    }

  private:
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return answer(phase, delay);
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
};

class Target : public sc_core::sc_module, private tlm::tlm_fw_transport_if<>
{
  public:
    tlm::tlm_target_socket<> socket;
    std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload &, tlm::tlm_phase &, sc_core::sc_time &)> answer =
        [](tlm::tlm_generic_payload &, tlm::tlm_phase &, sc_core::sc_time &) { return tlm::TLM_ACCEPTED; };
    std::function<void(tlm::tlm_generic_payload &, sc_core::sc_time &)> block = [](tlm::tlm_generic_payload &payload,
                                                                                   sc_core::sc_time &) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    };
    unsigned moved = 0;
    std::function<bool(tlm::tlm_dmi &)> grant = [](tlm::tlm_dmi &) { return false; };

    explicit Target(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(*this);
    }

  private:
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return answer(payload, phase, delay);
    }
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override
    {
        block(payload, delay);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &) override
    {
        return moved;
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &given) override
    {
        return grant(given);
    }
};

class Checker : public testing::Test
{
  protected:
    Checker() : initiator_("initiator"), target_("target"), checker_("checker")
    {
        initiator_.socket.bind(checker_.target);
        checker_.initiator.bind(target_.socket);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    tlm::tlm_sync_enum forward(tlm::tlm_generic_payload &payload, tlm::tlm_phase phase, double delay = 0)
    {
        sc_core::sc_time time = ns(delay);

        return initiator_.socket->nb_transport_fw(payload, phase, time);
    }

    tlm::tlm_sync_enum backward(tlm::tlm_generic_payload &payload, tlm::tlm_phase phase, double delay = 0)
    {
        sc_core::sc_time time = ns(delay);

        payload.set_response_status(phase == tlm::BEGIN_RESP ? tlm::TLM_OK_RESPONSE : payload.get_response_status());
        return target_.socket->nb_transport_bw(payload, phase, time);
    }

    void block(tlm::tlm_generic_payload &payload, double delay = 0)
    {
        sc_core::sc_time time = ns(delay);

        initiator_.socket->b_transport(payload, time);
    }

    /* Exactly this rule was broken. */
    void expect(protocol_rule rule)
    {
        ASSERT_EQ(checker_.violations().size(), 1u) << checker_.report();
        EXPECT_STREQ(protocol_rule_name(checker_.violations()[0].rule), protocol_rule_name(rule)) << checker_.report();
    }

    Payload one_;
    Payload other_;
    Initiator initiator_;
    Target target_;
    protocol_checker checker_;
};

/* ---- The rules kept ---- */

TEST_F(Checker, IsSilentAboutFourPhases)
{
    forward(one_.payload, tlm::BEGIN_REQ, 5);
    backward(one_.payload, tlm::END_REQ, 5);
    forward(other_.payload, tlm::BEGIN_REQ, 7);
    backward(one_.payload, tlm::BEGIN_RESP, 10);
    forward(one_.payload, tlm::END_RESP, 10);
    backward(other_.payload, tlm::BEGIN_RESP, 11); /* says END_REQ too */
    forward(other_.payload, tlm::END_RESP, 12);
    EXPECT_TRUE(checker_.violations().empty()) << checker_.report();
    EXPECT_EQ(checker_.begun(), 2u);
    EXPECT_EQ(checker_.open(), 0u);
}

TEST_F(Checker, IsSilentAboutEarlyCompletionAndBlockingCalls)
{
    target_.answer = [](tlm::tlm_generic_payload &payload, tlm::tlm_phase &, sc_core::sc_time &delay) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        delay += ns(3);
        return tlm::TLM_COMPLETED;
    };
    EXPECT_EQ(forward(one_.payload, tlm::BEGIN_REQ), tlm::TLM_COMPLETED);
    block(other_.payload, 2);
    EXPECT_TRUE(checker_.violations().empty()) << checker_.report();
    EXPECT_EQ(checker_.open(), 0u);
}

/* ---- The payload at the start ---- */

TEST_F(Checker, TellsOfACommandThatDoesNotExist)
{
    one_.payload.set_command(static_cast<tlm::tlm_command>(3));
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::COMMAND);
}

TEST_F(Checker, TellsOfMissingData)
{
    one_.payload.set_data_ptr(nullptr);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::DATA);
}

TEST_F(Checker, TellsOfNoLength)
{
    one_.payload.set_data_length(0);
    block(one_.payload);
    expect(protocol_rule::DATA);
}

TEST_F(Checker, TellsOfAStreamingWidthOfZero)
{
    one_.payload.set_streaming_width(0);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::STREAMING);
}

TEST_F(Checker, TellsOfWrongByteEnables)
{
    unsigned char enables[2] = {0xff, 0x0f};

    one_.payload.set_byte_enable_ptr(enables);
    one_.payload.set_byte_enable_length(2);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::BYTE_ENABLES);
}

TEST_F(Checker, TellsOfAStatusAtTheStart)
{
    one_.payload.set_response_status(tlm::TLM_OK_RESPONSE);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::INCOMPLETE);
}

TEST_F(Checker, TellsOfADmiHintAtTheStart)
{
    one_.payload.set_dmi_allowed(true);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::DMI_HINT);
}

TEST_F(Checker, TellsOfATransactionThatNobodyManages)
{
    tlm::tlm_generic_payload bare;
    unsigned char byte = 0;

    bare.set_command(tlm::TLM_READ_COMMAND);
    bare.set_data_ptr(&byte);
    bare.set_data_length(1);
    bare.set_streaming_width(1);
    forward(bare, tlm::BEGIN_REQ);
    expect(protocol_rule::MANAGED);
}

/* ---- Phases ---- */

TEST_F(Checker, TellsOfAPhaseThatIsTheOtherSides)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    forward(one_.payload, tlm::BEGIN_RESP);
    expect(protocol_rule::PHASE);
}

TEST_F(Checker, TellsOfAnEndWithoutABeginning)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    forward(one_.payload, tlm::END_RESP);
    expect(protocol_rule::PHASE);
}

TEST_F(Checker, TellsOfAReturnThatDoesNotFit)
{
    target_.answer = [](tlm::tlm_generic_payload &, tlm::tlm_phase &phase, sc_core::sc_time &) {
        phase = tlm::END_RESP;
        return tlm::TLM_UPDATED;
    };
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::RETURN);
}

TEST_F(Checker, TellsOfASecondRequestTooEarly)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    forward(other_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::REQUESTS);
}

TEST_F(Checker, TellsOfASecondResponseTooEarly)
{
    for (Payload *each : {&one_, &other_}) {
        forward(each->payload, tlm::BEGIN_REQ);
        backward(each->payload, tlm::END_REQ);
    }
    backward(one_.payload, tlm::BEGIN_RESP);
    backward(other_.payload, tlm::BEGIN_RESP);
    expect(protocol_rule::RESPONSES);
}

TEST_F(Checker, TellsOfATransactionThatIsUsedTwice)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    backward(one_.payload, tlm::END_REQ);
    one_.payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    forward(one_.payload, tlm::BEGIN_REQ);
    expect(protocol_rule::REUSED);
}

TEST_F(Checker, TellsOfAPhaseAfterTheEnd)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    backward(one_.payload, tlm::BEGIN_RESP);
    forward(one_.payload, tlm::END_RESP);
    backward(one_.payload, tlm::END_REQ);
    expect(protocol_rule::ENDED);
}

TEST_F(Checker, TellsOfAnAttributeThatChanged)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    one_.payload.set_data_length(2);
    backward(one_.payload, tlm::BEGIN_RESP);
    expect(protocol_rule::ATTRIBUTES);
}

TEST_F(Checker, TellsOfWrittenDataThatChanged)
{
    forward(one_.payload, tlm::BEGIN_REQ);
    one_.bytes[2] = 9;
    backward(one_.payload, tlm::BEGIN_RESP);
    expect(protocol_rule::WRITE_DATA);
}

TEST_F(Checker, LetsReadDataAndTheAddressChange)
{
    one_.payload.set_command(tlm::TLM_READ_COMMAND);
    forward(one_.payload, tlm::BEGIN_REQ);
    one_.bytes[2] = 9;
    one_.payload.set_address(0x40);
    backward(one_.payload, tlm::BEGIN_RESP);
    EXPECT_TRUE(checker_.violations().empty()) << checker_.report();
}

TEST_F(Checker, TellsOfAResponseWithoutAStatus)
{
    target_.block = [](tlm::tlm_generic_payload &, sc_core::sc_time &) {};
    block(one_.payload);
    expect(protocol_rule::STATUS);
}

TEST_F(Checker, TellsOfTimeThatGoesBack)
{
    forward(one_.payload, tlm::BEGIN_REQ, 5);
    backward(one_.payload, tlm::END_REQ, 4);
    expect(protocol_rule::TIME);
}

TEST_F(Checker, TellsOfABlockingCallThatGoesBack)
{
    target_.block = [](tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        delay = sc_core::SC_ZERO_TIME;
    };
    block(one_.payload, 5);
    expect(protocol_rule::TIME);
}

/* ---- Without time ---- */

TEST_F(Checker, TellsOfADebugAccessThatMovesTooMuch)
{
    target_.moved = 5;
    initiator_.socket->transport_dbg(one_.payload);
    expect(protocol_rule::DEBUG);
}

TEST_F(Checker, TellsOfDirectMemoryThatIsElsewhere)
{
    static unsigned char memory[16];
    tlm::tlm_dmi given;

    target_.grant = [](tlm::tlm_dmi &grant) {
        grant.set_start_address(0x2000);
        grant.set_end_address(0x200f);
        grant.set_dmi_ptr(memory);
        grant.allow_read_write();
        return true;
    };
    initiator_.socket->get_direct_mem_ptr(one_.payload, given);
    expect(protocol_rule::DIRECT);
}

/* ---- A platform's ---- */

TEST(Checkers, NameTheSocketsThatHaveNone)
{
    doorbell::protocol_checkers checkers;
    Initiator covered("covered");
    Initiator forgotten("forgotten");
    Target target("target");
    Target other("other");
    protocol_checker stranger("stranger"); /* not one of theirs */
    Initiator strange("strange");
    Target strangest("strangest");

    checkers.join(covered.socket, target.socket);
    forgotten.socket.bind(other.socket);
    strange.socket.bind(stranger.target);
    stranger.initiator.bind(strangest.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    EXPECT_EQ(checkers.uncovered(), "forgotten.socket: bound without a checker\n"
                                    "strange.socket: bound without a checker\n");
    EXPECT_EQ(checkers.report(), "");
    EXPECT_EQ(checkers.all().size(), 1u);
}

TEST(Checkers, TellWhatEachFoundAndWhatNeverEnded)
{
    doorbell::protocol_checkers checkers;
    Initiator one("one");
    Target target("target");
    Payload payload;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;

    const protocol_checker &between = checkers.join(one.socket, target.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    EXPECT_EQ(checkers.uncovered(), "");
    payload.payload.set_streaming_width(0);
    one.socket->nb_transport_fw(payload.payload, phase, delay);
    EXPECT_EQ(between.violations().size(), 1u);
    EXPECT_EQ(checkers.report(), between.report() + between.name() + ": 1 transactions have not ended\n");
    EXPECT_NE(checkers.report().find("STREAMING"), std::string::npos);
}

} // namespace
