/* ATS and page requests through the SMMU's sockets: a device with a translation cache of somebody's own. */
#include "tests/wrappers/smmu_platform.h"

#include "sim/ats.h"

#include <cstring>
#include <tlm_utils/simple_target_socket.h>

namespace
{

using wrappers_test::Checkers;
using wrappers_test::kMemory;
using wrappers_test::kRegisters;
using wrappers_test::kSize;
using wrappers_test::kStream;
using wrappers_test::ns;
using wrappers_test::Thread;

/* Takes the SMMU's messages. */
class Messages : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Messages> socket;
    std::vector<doorbell::tlp> taken;
    std::vector<std::vector<uint8_t>> data;
    std::vector<uint32_t> streams;
    sc_core::sc_event came;

    explicit Messages(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        socket.register_b_transport(this, &Messages::b_transport);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &)
    {
        const auto *header = payload.get_extension<doorbell::tlp>();
        const auto *beside = payload.get_extension<doorbell::sideband>();

        ASSERT_NE(header, nullptr);
        ASSERT_NE(beside, nullptr);
        EXPECT_EQ(payload.get_command(), tlm::TLM_IGNORE_COMMAND);
        taken.push_back(*header);
        data.emplace_back(payload.get_data_ptr(), payload.get_data_ptr() + header->length);
        streams.push_back(beside->has_stream_id ? beside->stream_id : UINT32_MAX);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        came.notify(sc_core::SC_ZERO_TIME);
    }
};

smmu_config with_ats()
{
    smmu_config config = wrappers_test::Platform::config();

    config.features.ats = true;
    config.features.pri = true;
    return config;
}

struct AtsPlatform {
    AtsPlatform()
        : device("device"), pe("pe"), whole("doorbell"),
          smmu("smmu", whole, with_ats(), wrappers_test::Platform::with_stream()), messages("messages"),
          memory("memory", kMemory, kSize, ns(80)), bus("bus", ns(20), ns(20)), software(pe, kMemory)
    {
        checkers.join(device.socket, smmu.tbu(0));
        checkers.join(smmu.ats(0), messages.socket);
        checkers.join(smmu.memory(0), bus.add_initiator());
        checkers.join(smmu.walker(), bus.add_initiator());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
        checkers.join(bus.add_target(kRegisters, kRegisters + SMMU_WINDOW_BYTES - 1), smmu.registers());
    }

    /* One access of 8 bytes with an address type. */
    uint64_t access(tlm::tlm_command command, uint64_t address, sim_address_type type, uint64_t value = 0)
    {
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;
        doorbell::sideband beside;

        beside.has_stream_id = true;
        beside.stream_id = kStream;
        beside.address_type = type;
        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        payload.set_data_length(8);
        payload.set_streaming_width(8);
        payload.set_extension(&beside);
        device.socket->b_transport(payload, delay);
        payload.clear_extension(&beside);
        sc_core::wait(delay);
        status = payload.get_response_status();
        return value;
    }

    void send(uint8_t code, uint8_t routing, uint64_t word)
    {
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;
        doorbell::tlp header;
        unsigned char byte = 0;

        header.kind = doorbell::tlp_kind::message;
        header.message_code = code;
        header.routing = routing;
        header.address = word;
        header.length = 0;
        payload.set_command(tlm::TLM_IGNORE_COMMAND);
        payload.set_data_ptr(&byte);
        payload.set_data_length(1);
        payload.set_streaming_width(1);
        payload.set_extension(&header);
        device.socket->b_transport(payload, delay);
        payload.clear_extension(&header);
        EXPECT_EQ(payload.get_response_status(), tlm::TLM_OK_RESPONSE);
    }

    Checkers checkers;
    example::initiator device;
    example::initiator pe;
    doorbell::simulation whole;
    doorbell::smmu smmu;
    Messages messages;
    example::memory memory;
    example::bus bus;
    example::firmware software;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
};

TEST(WrapperAts, TranslatesAheadAndInvalidates)
{
    AtsPlatform platform;
    sc_core::sc_time answered;
    sc_core::sc_time synchronised;

    Thread device("device_program", [&] {
        sc_core::wait(platform.messages.came);
        ASSERT_EQ(platform.messages.taken.size(), 1u);
        const doorbell::tlp request = platform.messages.taken[0];
        uint64_t first = 0;
        bool global = false;

        EXPECT_EQ(request.message_code, SIM_ATS_INVALIDATE_REQUEST);
        EXPECT_EQ(platform.messages.streams[0], kStream);
        ASSERT_EQ(platform.messages.data[0].size(), 8u);
        EXPECT_EQ(sim_ats_load_range(platform.messages.data[0].data(), &first, &global), 12u);
        EXPECT_EQ(first, 0x1000u);
        sc_core::wait(ns(3000));
        answered = sc_core::sc_time_stamp();
        platform.send(SIM_ATS_INVALIDATE_COMPLETION, SIM_ATS_ROUTE_BY_ID,
                      sim_ats_completion_word(1u << sim_ats_itag(request.address), 1));
    });
    Thread program("program", [&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);
        const uint64_t page = kMemory + 0x800000;
        uint8_t bytes[8];

        platform.software.map(context, 0x1000, page);
        platform.software.attach(unit, kStream, context, 1);
        const uint64_t word = platform.access(tlm::TLM_READ_COMMAND, 0x1000, SIM_AT_TRANSLATION_REQUEST);
        ASSERT_EQ(platform.status, tlm::TLM_OK_RESPONSE);
        std::memcpy(bytes, &word, 8);
        const sim_ats_entry entry = sim_ats_load_entry(bytes);
        EXPECT_EQ(entry.address, page);
        EXPECT_TRUE(entry.read && entry.write);
        platform.access(tlm::TLM_WRITE_COMMAND, page + 0x20, SIM_AT_TRANSLATED, 0x1122334455667788);
        EXPECT_EQ(platform.access(tlm::TLM_READ_COMMAND, page + 0x20, SIM_AT_TRANSLATED), 0x1122334455667788u);
        EXPECT_EQ(platform.access(tlm::TLM_READ_COMMAND, 0x1020, SIM_AT_UNTRANSLATED), 0x1122334455667788u);
        /* CMD_ATC_INV of the page, and CMD_SYNC, which waits for the device. */
        platform.software.command(unit, 0x40 | static_cast<uint64_t>(kStream) << 32, 0x1000);
        platform.software.synchronise(unit);
        synchronised = sc_core::sc_time_stamp();
    });
    sc_core::sc_start();
    EXPECT_TRUE(program.done && device.done);
    EXPECT_GT(synchronised, answered);
    EXPECT_GT(answered, ns(3000));
}

TEST(WrapperAts, PageRequestsReachTheQueueAndAreAnswered)
{
    AtsPlatform platform;

    Thread program("program", [&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);
        const uint64_t queue = platform.software.take(4096, 4096);
        const sim_ats_page_request request = {0x5000, 9, true, true, true};

        platform.software.attach(unit, kStream, context, 1);
        platform.pe.write64(kRegisters + SMMU_PRIQ_BASE, queue | 4);
        platform.pe.write32(kRegisters + SMMU_CR0, 0x1 | 0x2 | 0x4 | 0x8);
        while (platform.pe.read32(kRegisters + SMMU_CR0ACK) != 0xf) {
        }
        platform.send(SIM_ATS_PAGE_REQUEST, SIM_ATS_ROUTE_TO_ROOT, sim_ats_page_request_word(&request));
        while (platform.pe.read32(kRegisters + SMMU_PRIQ_PROD) == 0) {
        }
        EXPECT_EQ(platform.software.load(queue) & UINT32_MAX, kStream);
        /* CMD_PRI_RESP, success. */
        platform.software.command(unit, 0x41 | static_cast<uint64_t>(kStream) << 32, 9 | 2u << 12);
        platform.software.synchronise(unit);
        sc_core::wait(ns(1000));
        ASSERT_EQ(platform.messages.taken.size(), 1u);
        EXPECT_EQ(platform.messages.taken[0].message_code, SIM_ATS_PRG_RESPONSE);
        EXPECT_EQ(sim_ats_response_group(platform.messages.taken[0].address), 9u);
        EXPECT_EQ(sim_ats_response_code(platform.messages.taken[0].address), SIM_ATS_PRG_SUCCESS);
    });
    sc_core::sc_start();
    EXPECT_TRUE(program.done);
}

} // namespace
