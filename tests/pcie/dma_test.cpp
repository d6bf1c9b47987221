/* DMA of an endpoint: how requests are cut, what they carry, tags and completions, PASID and ordering attributes. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <set>

using namespace pcie_test;

namespace
{

endpoint_job job_of(endpoint_stream_kind kind, uint64_t address, uint32_t bytes)
{
    endpoint_job job = {};

    job.kind = kind;
    job.address = address;
    job.bytes = bytes;
    return job;
}

void set_device_control(Pair &pair, uint32_t payload_code, uint32_t read_code, uint16_t more = 0)
{
    pair.config_write(0, endpoint_config_space(pair.ep, 0)->express + PCIE_EXP_DEVICE_CONTROL,
                      payload_code << PCIE_EXP_DEVCTL_MAX_PAYLOAD_SHIFT |
                          read_code << PCIE_EXP_DEVCTL_MAX_READ_REQUEST_SHIFT | more,
                      2);
    pair.requests();
}

/** Applies writes byte by byte, as their byte enables say. */
std::map<uint64_t, uint8_t> bytes_written(const std::vector<RawDevice::Got> &writes)
{
    std::map<uint64_t, uint8_t> result;

    for (const auto &write : writes) {
        for (uint32_t i = 0; i < write.tlp.length; i++) {
            uint32_t words = write.tlp.length / 4;
            uint8_t enables = 0xf;

            if (i / 4 == 0) {
                enables = write.tlp.first_be;
            } else if (i / 4 == words - 1) {
                enables = write.tlp.last_be;
            }
            if ((enables >> (i % 4) & 1) != 0) {
                result[write.tlp.address + i] = write.data[i];
            }
        }
    }
    return result;
}

TEST(Dma, WritesAreCutAndCarryTheirStamps)
{
    const uint64_t starts[] = {0x1000, 0x1001, 0x1ffc, 0x1fff, 0x20f3, 0x3f80};
    const uint32_t sizes[] = {1, 3, 4, 5, 8, 64, 127, 128, 129, 300, 1024, 5000};

    for (uint32_t code = 0; code <= 2; code++) {
        Pair pair;
        uint32_t payload = 128u << code;

        set_device_control(pair, code, 2);
        for (uint64_t start : starts) {
            for (uint32_t size : sizes) {
                endpoint_job job = job_of(ENDPOINT_DMA_WRITE, start, size);
                job.source = 9;
                pair.ask(job);
                auto writes = pair.requests();
                for (const auto &write : writes) {
                    EXPECT_LE(write.tlp.length, payload);
                    EXPECT_EQ(write.tlp.address / 4096, (write.tlp.address + write.tlp.length - 1) / 4096);
                    EXPECT_EQ(write.tlp.address % 4, 0u);
                }
                auto bytes = bytes_written(writes);
                ASSERT_EQ(bytes.size(), size) << start << " " << size;
                for (uint32_t i = 0; i < size; i++) {
                    auto expected = static_cast<uint8_t>(endpoint_dma_stamp(9, 0, i / 8) >> (8 * (i % 8)));

                    ASSERT_EQ(bytes.count(start + i), 1u);
                    ASSERT_EQ(bytes[start + i], expected) << "byte " << i;
                }
            }
        }
    }
}

TEST(Dma, PayloadAboveTheSupportedSizeIsNotUsed)
{
    Options options;
    options.endpoint.max_payload = 256;
    Pair pair(options);

    set_device_control(pair, 3, 2);
    pair.ask(job_of(ENDPOINT_DMA_WRITE, 0x10000, 1024));
    EXPECT_EQ(pair.requests().size(), 4u);
}

TEST(Dma, WriteOfGivenBytes)
{
    Pair pair;
    const uint8_t data[] = {1, 2, 3, 4, 5};
    endpoint_job job = job_of(ENDPOINT_DMA_WRITE, 0x1002, 5);

    job.data = data;
    pair.ask(job);
    auto bytes = bytes_written(pair.requests());
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_EQ(bytes[0x1002 + i], data[i]);
    }
    EXPECT_EQ(bytes.size(), 5u);
}

TEST(Dma, AddressesBelowFourGibibytesUseTheShortHeader)
{
    sim_packet packet = {};

    packet.type = SIM_PACKET_WRITE;
    packet.length = 4;
    packet.address = 0xffffffff & ~UINT64_C(3);
    EXPECT_EQ(pcie_tlp_header_bytes(&packet), 12u);
    packet.address = UINT64_C(0x100000000);
    EXPECT_EQ(pcie_tlp_header_bytes(&packet), 16u);
    packet.flags = SIM_FLAG_PASID;
    EXPECT_EQ(pcie_tlp_header_bytes(&packet), 20u);
}

TEST(Dma, ReadsAreCutAtTheReadRequestSizeAndAtPages)
{
    Pair pair;

    set_device_control(pair, 0, 1); /* 256 bytes */
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x1f80, 1000));
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 5u);
    EXPECT_EQ(reads[0].tlp.address, 0x1f80u);
    EXPECT_EQ(reads[0].tlp.length, 0x80u) << "to the end of the page";
    EXPECT_EQ(reads[1].tlp.length, 256u);
    EXPECT_EQ(reads[4].tlp.length, 1000u - 0x80 - 3 * 256);
    std::set<uint16_t> tags;
    for (const auto &read : reads) {
        tags.insert(read.tlp.tag);
    }
    EXPECT_EQ(tags.size(), 5u) << "each has a tag of its own while it is under way";
}

Tlp completion_of(const RawDevice::Got &read, uint32_t bytes, uint32_t rest)
{
    Tlp tlp;

    tlp.type = SIM_PACKET_COMPLETION;
    tlp.target = read.tlp.requester;
    tlp.tag = read.tlp.tag;
    tlp.address = read.tlp.address + read.tlp.length - rest;
    tlp.length = bytes;
    tlp.arg = rest;
    return tlp;
}

TEST(Dma, TagsLimitReadsUnderWayAndComeBack)
{
    Options options;
    options.endpoint.read_tags = 2;
    Pair pair(options);

    set_device_control(pair, 2, 2);
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x10000, 4 * 512));
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 2u);
    pair.root->send(completion_of(reads[0], 256, 512));
    pair.run();
    EXPECT_TRUE(pair.requests().empty()) << "half an answer frees no tag";
    EXPECT_EQ(pair.log->event_count(SIM_EVENT_READ_DONE), 0u);
    pair.root->send(completion_of(reads[0], 256, 256));
    pair.run();
    EXPECT_EQ(pair.requests().size(), 1u);
    EXPECT_EQ(pair.log->event_count(SIM_EVENT_READ_DONE), 1u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->read_bytes, 512u);
    EXPECT_EQ(endpoint_outstanding(pair.ep), 3u) << "one request not all sent, two reads under way";
}

TEST(Dma, CompletionsThatDoNotFitAreUnexpected)
{
    Pair pair;
    pair.expected_violations = 7;
    Tlp wrong;

    set_device_control(pair, 2, 2);
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x10000, 256));
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 1u);
    wrong = completion_of(reads[0], 128, 256);
    wrong.tag = static_cast<uint16_t>(wrong.tag + 1);
    pair.root->send(wrong);
    wrong = completion_of(reads[0], 128, 256);
    wrong.target = static_cast<uint16_t>(wrong.target + 1);
    pair.root->send(wrong);
    wrong = completion_of(reads[0], 128, 128); /* the second half first */
    pair.root->send(wrong);
    wrong = completion_of(reads[0], 128, 256);
    wrong.address += 64;
    pair.root->send(wrong);
    wrong = completion_of(reads[0], 256, 256);
    wrong.tag = 255;
    pair.root->send(wrong);
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->unexpected_completions, 5u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->reads_done, 0u);
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);
    EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_ADVISORY);
    EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS), 0u) << "masked after reset";
    pair.root->send(completion_of(reads[0], 128, 256));
    pair.root->send(completion_of(reads[0], 128, 128));
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->reads_done, 1u) << "the right ones still count";
}

TEST(Dma, ErrorEndsARead)
{
    Pair pair;
    Tlp error;

    pair.ask(job_of(ENDPOINT_DMA_READ, 0x10000, 256));
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 1u);
    error = completion_of(reads[0], 0, 0);
    error.status = SIM_STATUS_CA;
    error.flags = SIM_FLAG_TRACKED;
    pair.root->send(error);
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->read_errors, 1u);
    ASSERT_EQ(pair.log->event_count(SIM_EVENT_READ_DONE), 1u);
    EXPECT_EQ(pair.log->events().back().detail, static_cast<uint32_t>(SIM_STATUS_CA));
    EXPECT_EQ(endpoint_outstanding(pair.ep), 0u);
}

TEST(Dma, PasidPrefixOnlyWhenEnabled)
{
    Options options;
    options.functions[0][0].config.pasid_bits = 20;
    Pair pair(options);
    endpoint_job job = job_of(ENDPOINT_DMA_READ, 0x10000, 64);
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);

    job.with_pasid = true;
    job.pasid = 5;
    pair.ask(job);
    EXPECT_EQ(pair.requests().at(0).tlp.flags & SIM_FLAG_PASID, 0u);
    EXPECT_EQ(pcie_config_get16(space, space->pasid + PCIE_PASID_CAPABILITY), 20u << PCIE_PASID_WIDTH_SHIFT);
    pair.config_write(0, space->pasid + PCIE_PASID_CONTROL, PCIE_PASID_ENABLE, 2);
    pair.ask(job);
    EXPECT_NE(pair.requests().at(0).tlp.flags & SIM_FLAG_PASID, 0u);
}

TEST(Dma, RelaxedOrderingOnlyWhereDeviceControlAllowsIt)
{
    Pair pair;
    endpoint_job job = job_of(ENDPOINT_DMA_WRITE, 0x10000, 64);

    job.relaxed = true;
    set_device_control(pair, 0, 2, 0);
    pair.ask(job);
    EXPECT_EQ(pair.requests().at(0).tlp.flags & SIM_FLAG_RELAXED, 0u);
    set_device_control(pair, 0, 2, PCIE_EXP_DEVCTL_RELAXED_ORDERING);
    pair.ask(job);
    EXPECT_NE(pair.requests().at(0).tlp.flags & SIM_FLAG_RELAXED, 0u);
}

TEST(Dma, NoSnoopOnlyWhereDeviceControlAllowsIt)
{
    for (const endpoint_stream_kind kind : {ENDPOINT_DMA_WRITE, ENDPOINT_DMA_READ}) {
        Pair pair;
        endpoint_job job = job_of(kind, 0x10000, 64);

        job.no_snoop = true;
        set_device_control(pair, 0, 2, 0);
        pair.ask(job);
        EXPECT_EQ(pair.requests().at(0).tlp.flags & SIM_FLAG_NO_SNOOP, 0u);
        set_device_control(pair, 0, 2, PCIE_EXP_DEVCTL_NO_SNOOP);
        pair.ask(job);
        EXPECT_NE(pair.requests().at(0).tlp.flags & SIM_FLAG_NO_SNOOP, 0u);
        job.no_snoop = false;
        pair.ask(job);
        EXPECT_EQ(pair.requests().at(0).tlp.flags & SIM_FLAG_NO_SNOOP, 0u) << "a device need not set it";
    }
}

TEST(Dma, IdBasedOrderingOnlyWhereDeviceControlAllowsIt)
{
    for (const endpoint_stream_kind kind : {ENDPOINT_DMA_WRITE, ENDPOINT_DMA_READ}) {
        Pair pair;
        const unsigned control = endpoint_config_space(pair.ep, 0)->express + PCIE_EXP_DEVICE_CONTROL2;
        endpoint_job job = job_of(kind, 0x10000, 64);

        job.id_ordered = true;
        pair.config_write(0, control, 0, 2);
        pair.ask(job);
        EXPECT_EQ(pair.requests().at(0).tlp.flags & SIM_FLAG_ID_ORDER, 0u);
        pair.config_write(0, control, PCIE_EXP_DEVCTL2_IDO_REQUESTS, 2);
        pair.ask(job);
        EXPECT_NE(pair.requests().at(0).tlp.flags & SIM_FLAG_ID_ORDER, 0u);
    }
}

TEST(Dma, BusMasterOffHoldsDmaBackUntilItIsOn)
{
    Pair pair;

    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    pair.ask(job_of(ENDPOINT_DMA_WRITE, 0x10000, 64));
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x10000, 64));
    EXPECT_TRUE(pair.requests().empty());
    pair.config_write(0, PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_EQ(pair.requests().size(), 2u);
}

TEST(Dma, SleepingFunctionNeitherAsksNorAnswers)
{
    Pair pair;
    const pcie_config_space *space = endpoint_config_space(pair.ep, 0);

    pair.config_write(0, space->power_management + PCIE_PM_CONTROL_STATUS, PCIE_PM_STATE_D3HOT, 2);
    pair.ask(job_of(ENDPOINT_DMA_WRITE, 0x10000, 64));
    EXPECT_TRUE(pair.requests().empty());
    Tlp read;
    read.type = SIM_PACKET_READ;
    read.address = BAR[0];
    pair.root->send(read);
    pair.run();
    EXPECT_EQ(pair.root->got.back().tlp.status, SIM_STATUS_UR);
    pair.config_write(0, space->power_management + PCIE_PM_CONTROL_STATUS, PCIE_PM_STATE_D0, 2);
    EXPECT_EQ(pair.requests().size(), 1u);
}

TEST(Dma, ReadOfABarIsAnsweredInPiecesOfMaxPayload)
{
    Pair pair;
    uint32_t size = 0;
    uint8_t *store = endpoint_bar_bytes(pair.ep, 0, 0, &size);
    std::vector<uint8_t> whole;
    Tlp read;

    ASSERT_EQ(size, ENDPOINT_DEFAULT_BAR_STORE);
    for (unsigned i = 0; i < 1024; i++) {
        store[i] = static_cast<uint8_t>(i * 3);
    }
    read.type = SIM_PACKET_READ;
    read.address = BAR[0] + 0x20;
    read.length = 500;
    read.tag = 77;
    read.requester = 0x0010;
    size_t before = pair.root->got.size();
    pair.root->send(read);
    pair.run();
    uint32_t rest = 500;
    uint64_t address = read.address;
    for (size_t i = before; i < pair.root->got.size(); i++) {
        const auto &got = pair.root->got[i];

        EXPECT_EQ(got.tlp.tag, 77);
        EXPECT_EQ(got.tlp.target, 0x0010);
        EXPECT_LE(got.tlp.length, 128u);
        EXPECT_EQ(got.tlp.arg, rest) << "Byte Count";
        EXPECT_EQ(got.tlp.address, address);
        whole.insert(whole.end(), got.data.begin(), got.data.end());
        rest -= got.tlp.length;
        address += got.tlp.length;
        if (rest > 0) {
            EXPECT_EQ(address % 128, 0u);
        }
    }
    EXPECT_EQ(whole, std::vector<uint8_t>(store + 0x20, store + 0x20 + 500));
}

TEST(Dma, ZeroLengthReadAndReservedAddressTypes)
{
    Pair pair;
    pair.expected_violations = 1; /* the reserved one */
    Tlp read;

    read.type = SIM_PACKET_READ;
    read.address = BAR[0];
    read.first_be = 0;
    pair.root->send(read);
    pair.run();
    EXPECT_EQ(pair.root->got.back().tlp.status, SIM_STATUS_OK);
    EXPECT_EQ(pair.root->got.back().tlp.length, 4u);
    read.first_be = 0xf;
    read.at = SIM_AT_RESERVED;
    pair.root->send(read);
    pair.run();
    EXPECT_EQ(pair.root->got.back().tlp.status, SIM_STATUS_UR);
    read.at = SIM_AT_TRANSLATION_REQUEST;
    pair.root->send(read);
    pair.run();
    EXPECT_EQ(pair.root->got.back().tlp.status, SIM_STATUS_UR) << "a function is no translation agent";
}

TEST(Dma, BytesBehindTheRealOnesOfABar)
{
    Options options;
    options.endpoint.bar_store = 4096;
    Pair pair(options);

    pair.memory_write(BAR[0] + 4096 - 4, 0x11111111);
    pair.memory_write(BAR[0] + 4096, 0x22222222);
    EXPECT_EQ(pair.memory_read(BAR[0] + 4096 - 4), 0x11111111u);
    EXPECT_EQ(pair.memory_read(BAR[0] + 4096), 0u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->bytes_unbacked, 4u);
}

/** A read whose completion never comes is given up after the timeout, with the AER bit; its tag is free again. */
TEST(Dma, CompletionTimeout)
{
    Options options;
    options.endpoint.completion_timeout = 20 * SIM_US;
    options.endpoint.read_tags = 1;
    Pair pair(options);
    unsigned aer = endpoint_config_space(pair.ep, 0)->aer;

    sim_time begin = sim_now(pair.sim);
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x10000, 64));
    EXPECT_EQ(endpoint_outstanding(pair.ep), 0u) << "the run went on until the timeout";
    EXPECT_GE(sim_now(pair.sim), begin + 20 * SIM_US);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->completion_timeouts, 1u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->read_errors, 1u);
    EXPECT_EQ(pair.config_read(0, aer + PCIE_AER_UNCORRECTABLE_STATUS, 4), PCIE_AER_COMPLETION_TIMEOUT);
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 1u);
    /* It comes late: nobody expects it any more. */
    pair.expected_violations = 0;
    pair.root->send(completion_of(reads[0], 64, 64));
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->unexpected_completions, 1u);
    /* The only tag serves the next read, which is answered in time, and so never times out. */
    pair.ask(job_of(ENDPOINT_DMA_READ, 0x20000, 64));
    EXPECT_EQ(endpoint_get_counters(pair.ep)->reads_sent, 2u);
}

/** Poisoned data does no good: a write changes nothing, a read ends with an error; both are logged. */
TEST(Dma, PoisonedData)
{
    Pair pair;
    unsigned aer = endpoint_config_space(pair.ep, 0)->aer;
    Tlp write;

    write.address = BAR[0] + 0x100;
    write.value = 0x12345678;
    write.flags |= SIM_FLAG_POISONED;
    pair.root->send(write);
    pair.run();
    EXPECT_EQ(pair.memory_read(BAR[0] + 0x100), 0u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->poisoned, 1u);
    EXPECT_EQ(pair.config_read(0, aer + PCIE_AER_UNCORRECTABLE_STATUS, 4), PCIE_AER_POISONED_TLP);
    write.flags &= ~SIM_FLAG_POISONED;
    pair.root->send(write);
    pair.run();
    EXPECT_EQ(pair.memory_read(BAR[0] + 0x100), 0x12345678u);

    pair.requests();
    endpoint_job job = job_of(ENDPOINT_DMA_READ, 0x10000, 64);
    ASSERT_TRUE(endpoint_request(pair.ep, &job));
    sim_run(pair.sim, sim_now(pair.sim) + SIM_US);
    auto reads = pair.requests();
    ASSERT_EQ(reads.size(), 1u);
    Tlp completion = completion_of(reads[0], 64, 64);
    completion.flags |= SIM_FLAG_POISONED;
    pair.root->send(completion);
    pair.run();
    EXPECT_EQ(endpoint_get_counters(pair.ep)->poisoned, 2u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->read_errors, 1u);
    EXPECT_EQ(endpoint_outstanding(pair.ep), 0u);
}

/** With ECRC generation on, every request is four bytes longer, and takes that much longer on the wire. */
TEST(Dma, EcrcTakesFourBytes)
{
    sim_time took[2] = {};

    for (uint32_t on : {0u, 1u}) {
        Options options;
        options.link.width = 1;
        Pair pair(options);
        unsigned aer = endpoint_config_space(pair.ep, 0)->aer;

        pair.config_write(0, aer + PCIE_AER_CONTROL, on != 0 ? PCIE_AER_ECRC_GENERATION : 0, 4);
        sim_time begin = sim_now(pair.sim);
        endpoint_job job = job_of(ENDPOINT_DMA_WRITE, 0x10000, 64);
        for (int i = 0; i < 20; i++) {
            ASSERT_TRUE(endpoint_request(pair.ep, &job));
        }
        pair.run();
        auto writes = pair.requests();
        ASSERT_EQ(writes.size(), 20u);
        EXPECT_EQ((writes[0].tlp.flags & SIM_FLAG_ECRC) != 0, on != 0);
        took[on] = writes[19].time - begin;
    }
    sim_wire wire = wire_of(link_of(16000, 1));
    EXPECT_NEAR(static_cast<double>(took[1] - took[0]), static_cast<double>(20 * sim_wire_time(&wire, 4)), 2e6);
}

} // namespace
