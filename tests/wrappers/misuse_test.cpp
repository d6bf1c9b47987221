/* What a newcomer gets wrong, and is told; and sockets of other widths. */
#include "tests/wrappers/smmu_platform.h"

#include "wrappers/gic.h"
#include "wrappers/pcie.h"
#include "wrappers/width_adapter.h"

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace
{

using wrappers_test::kMemory;
using wrappers_test::kRegisters;
using wrappers_test::kSize;
using wrappers_test::ns;
using wrappers_test::Platform;
using wrappers_test::Thread;

/* What a step is refused with: type and text of the report. */
std::string refusal(const std::function<void()> &step)
{
    wrappers_test::quiet();
    try {
        step();
    } catch (const sc_core::sc_report &report) {
        return std::string(report.get_msg_type()) + " " + report.get_msg();
    }
    return "";
}

testing::AssertionResult says(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << '"' << text << "\" is without " << part;
}

TEST(WrapperMisuse, SocketsThatAreNotBoundAreNamed)
{
    doorbell::simulation whole("doorbell");
    doorbell::smmu smmu("smmu", whole, Platform::config());
    const std::string told = refusal([] { sc_core::sc_start(ns(1)); });

    EXPECT_TRUE(says(told, "not bound"));
    EXPECT_TRUE(says(told, "smmu."));
}

/* The kernel gives the second one another name; models have the names that the kernel gives. */
TEST(WrapperMisuse, TwoOfOneNameAreTwo)
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
    doorbell::simulation whole("doorbell");
    doorbell::smmu one("smmu", whole, Platform::config());
    doorbell::smmu other("smmu", whole, Platform::config());

    EXPECT_STREQ(one.name(), "smmu");
    EXPECT_STRNE(other.name(), "smmu");
    EXPECT_STREQ(smmu_component(other.model())->name, other.name());
}

TEST(WrapperMisuse, ModulesOfTwoSimulationsCannotBeJoined)
{
    doorbell::simulation whole("doorbell");
    doorbell::simulation elsewhere("elsewhere");
    doorbell::its its("its", whole, its_config_default());
    doorbell::redistributor rd("rd", elsewhere, redistributor_config_default());
    const std::string told = refusal([&] { its.connect(rd); });

    EXPECT_TRUE(says(told, "/Doorbell/gic its and rd are of two doorbell::simulations"));
}

TEST(WrapperMisuse, AConfigurationThatMakesNoSenseIsAReport)
{
    doorbell::simulation whole("doorbell");
    endpoint_function_config function = {};
    endpoint_config endpoint;
    smmu_config smmu = Platform::config();
    pcie_link_config link;

    endpoint_config_init(&endpoint);
    endpoint.functions = &function;
    endpoint.function_count = 1;
    function.bars[1].size = 100;
    pcie_link_config_init(&link);
    EXPECT_TRUE(says(refusal([&] { doorbell::pcie_endpoint("endpoint", whole, endpoint, link, false); }),
                     "BAR 1 of function 0 makes no sense"));
    function.bars[1].size = 0;
    link.width = 3;
    EXPECT_TRUE(
        says(refusal([&] { doorbell::pcie_endpoint("narrow", whole, endpoint, link, false); }), "/Doorbell/model"));
    smmu.ports = 0;
    EXPECT_TRUE(says(refusal([&] { doorbell::smmu("smmu", whole, smmu); }), "/Doorbell/smmu"));
}

/* A device and a memory with buses of 128 bits. */
struct Wide : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Wide, 128> socket;
    tlm_utils::simple_target_socket<Wide, 128> store;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(kSize);
    unsigned taken_back = 0;

    explicit Wide(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket"), store("store")
    {
        socket.register_invalidate_direct_mem_ptr(this, &Wide::invalidate);
        store.register_b_transport(this, &Wide::access);
        store.register_transport_dbg(this, &Wide::look);
        store.register_get_direct_mem_ptr(this, &Wide::grant);
    }

    unsigned look(tlm::tlm_generic_payload &payload)
    {
        const uint64_t at = payload.get_address() - kMemory;

        if (payload.is_write()) {
            std::copy_n(payload.get_data_ptr(), payload.get_data_length(), &bytes.at(at));
        } else {
            std::copy_n(&bytes.at(at), payload.get_data_length(), payload.get_data_ptr());
        }
        return payload.get_data_length();
    }

    void access(tlm::tlm_generic_payload &payload, sc_core::sc_time &)
    {
        look(payload);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    bool grant(tlm::tlm_generic_payload &, tlm::tlm_dmi &given)
    {
        given.set_dmi_ptr(bytes.data());
        given.set_start_address(kMemory);
        given.set_end_address(kMemory + kSize - 1);
        given.allow_read_write();
        return true;
    }

    void invalidate(sc_dt::uint64, sc_dt::uint64)
    {
        taken_back++;
    }
};

TEST(WrapperWidths, AnAdapterHandsEverythingOn)
{
    doorbell::protocol_checkers checkers; /* which have 32 bits: on that side of the adapters */
    doorbell::simulation whole("doorbell");
    doorbell::smmu::options how;
    how.write_outcomes = true;
    doorbell::smmu smmu("smmu", whole, Platform::config(), how);
    doorbell::width_adapter<128, 32> in("in");
    doorbell::width_adapter<32, 128> out("out");
    Wide wide("wide");
    example::initiator pe("pe");
    example::memory tables("tables", 0, 4096, ns(1));

    wide.socket.bind(in.target);
    checkers.join(in.initiator, smmu.tbu(0));
    checkers.join(smmu.memory(0), out.target);
    out.initiator.bind(wide.store);
    checkers.join(smmu.walker(), tables.socket);
    checkers.join(pe.socket, smmu.registers());
    /* Disabled, it lets everything through. */
    Thread thread("program", [&] {
        std::array<unsigned char, 64> data;
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;
        tlm::tlm_dmi given;

        data.fill(0x5a);
        payload.set_write();
        payload.set_address(kMemory + 0x108);
        payload.set_data_ptr(data.data());
        payload.set_data_length(64);
        payload.set_streaming_width(64);
        wide.socket->b_transport(payload, delay);
        EXPECT_TRUE(payload.is_response_ok());
        EXPECT_EQ(std::count(wide.bytes.begin(), wide.bytes.end(), 0x5a), 64);
        payload.set_read();
        data.fill(0);
        EXPECT_EQ(wide.socket->transport_dbg(payload), 64u);
        EXPECT_EQ(std::count(data.begin(), data.end(), 0x5a), 64);
        EXPECT_TRUE(wide.socket->get_direct_mem_ptr(payload, given));
        EXPECT_EQ(wide.taken_back, 0u);
        pe.write32(kRegisters + SMMU_GBPA, UINT32_C(1) << 31);
        EXPECT_EQ(wide.taken_back, 1u);
    });
    sc_core::sc_start();
    EXPECT_TRUE(thread.done);
    EXPECT_EQ(checkers.report(), "");
    EXPECT_EQ(checkers.uncovered(), "out.initiator: bound without a checker\n"
                                    "wide.socket: bound without a checker\n");
}

} // namespace
