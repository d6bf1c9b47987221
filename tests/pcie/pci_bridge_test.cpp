/* A PCI Express to PCI bridge with two conventional devices, below a raw device that stands for a root port. */
#include "models/pcie/errors.h"
#include "models/pcie/pci_bridge.h"
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <functional>

namespace
{

using namespace pcie_test;

constexpr uint16_t BRIDGE = 0x0500;
constexpr uint8_t SECONDARY = 6;
constexpr uint16_t ALIAS = SECONDARY << 8;
constexpr unsigned NUMBERS[2] = {1, 2};
constexpr uint64_t BARS[2] = {0xa0000000, 0xa0010000};
constexpr uint32_t BAR_BYTES = 0x10000;
constexpr uint64_t PERIOD = 30 * SIM_NS;

struct Behind {
    struct sim *sim;
    std::unique_ptr<support::MarkLog> log;
    std::unique_ptr<RawDevice> root;
    pci_bridge *bridge;
    endpoint *device[2];
    pcie_link *link;
    pcie_checker *checker;
    size_t looked_at = 0;
    bool breaks_rules = false; /**< the raw device does, on purpose */
    const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    explicit Behind(pci_bridge_ids ids = PCI_BRIDGE_IDS_REPLACED, unsigned delayed = 0, bool configured = true,
                    support::Engine engine = support::engines()[0], sim_time timeout = SIM_TIME_NEVER)
        : sim(support::create(engine, 1))
    {
        pci_bridge_config config;
        pcie_link_config wire;
        pcie_checker_config watch = {};

        log = std::make_unique<support::MarkLog>(sim, true);
        pci_bridge_config_init(&config);
        config.ids = ids;
        config.delayed = delayed;
        config.completion_timeout = timeout;
        config.identity = {0x1a03, 0x1150, 0, 0, 0, 0};
        config.devices = NUMBERS;
        config.device_count = 2;
        bridge = pci_bridge_create(sim, "bridge", &config);
        root = std::make_unique<RawDevice>(sim, "root", SIM_NS);
        pcie_link_config_init(&wire);
        link = pcie_link_create(sim, "link", &wire, root->end(), pci_bridge_end(bridge));
        root->bind(&link->upper);
        pci_bridge_bind_link(bridge, &link->lower);
        watch.link = link;
        watch.upper_credits = wire.upper_credits;
        watch.lower_credits = wire.lower_credits;
        watch.lower = &pci_bridge_registers(bridge)->config;
        watch.tags = true;
        checker = pcie_checker_create(sim, "checker", &watch);
        for (unsigned i = 0; i < 2; i++) {
            make_device(i);
        }
        if (configured) {
            configure();
        }
    }
    ~Behind()
    {
        EXPECT_EQ(pcie_checker_total(checker) > 0, breaks_rules) << pcie_checker_first(checker);
        sim_destroy(sim);
    }
    Behind(const Behind &) = delete;
    Behind &operator=(const Behind &) = delete;

    void make_device(unsigned i)
    {
        endpoint_function_config function = {};
        endpoint_config config;

        endpoint_config_init(&config);
        function.identity = {0x1234, static_cast<uint16_t>(0x5670 + i), 0x020000, 0, 0, 0};
        function.bars[0].size = BAR_BYTES;
        function.msix_vectors = 4;
        config.functions = &function;
        config.function_count = 1;
        config.conventional = true;
        config.device = NUMBERS[i];
        config.max_payload = 64;
        config.completion_timeout = SIM_TIME_NEVER;
        device[i] = endpoint_create(sim, sim_printf(sim, "d%u", i), &config);
        pci_slot *slot = pci_slot_create(sim, sim_printf(sim, "bus-d%u", i), pci_bridge_component(bridge),
                                         endpoint_component(device[i]));
        const pcie_config_space *space = endpoint_config_space(device[i], 0);
        endpoint_bind_link(device[i], &slot->lower);
        pci_bridge_bind_device(bridge, i, &slot->upper, &space, 1);
    }

    static uint16_t rid(unsigned i)
    {
        return static_cast<uint16_t>(ALIAS | NUMBERS[i] << 3);
    }

    void configure()
    {
        config_write(BRIDGE, PCIE_PRIMARY_BUS, 0x060605, 4);
        config_write(BRIDGE, PCIE_MEMORY_BASE, 0xa000a000, 4);
        config_write(BRIDGE, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
        for (unsigned i = 0; i < 2; i++) {
            config_write(rid(i), PCIE_BAR(0), static_cast<uint32_t>(BARS[i]), 4);
            config_write(rid(i), PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
        }
        looked_at = root->got.size();
    }

    void run()
    {
        sim_run(sim, SIM_TIME_NEVER - 1);
    }

    RawDevice::Got transact(const Tlp &tlp)
    {
        root->send(tlp);
        run();
        EXPECT_EQ(root->got.back().tlp.type, SIM_PACKET_COMPLETION);
        return root->got.back();
    }

    static Tlp config_tlp(uint16_t target, unsigned offset, unsigned bytes)
    {
        Tlp tlp;

        tlp.target = target;
        tlp.address = offset & ~3u;
        tlp.first_be = static_cast<uint8_t>(0xfu >> (4 - bytes) << (offset & 3));
        tlp.flags = target == BRIDGE ? 0 : SIM_FLAG_CONFIG_TYPE1;
        return tlp;
    }

    uint8_t config_write(uint16_t target, unsigned offset, uint32_t value, unsigned bytes)
    {
        Tlp tlp = config_tlp(target, offset, bytes);

        tlp.type = SIM_PACKET_CONFIG_WRITE;
        tlp.value = static_cast<uint64_t>(value) << (8 * (offset & 3));
        return transact(tlp).tlp.status;
    }

    uint32_t config_read(uint16_t target, unsigned offset, unsigned bytes, uint8_t *status = nullptr)
    {
        Tlp tlp = config_tlp(target, offset, bytes);

        tlp.type = SIM_PACKET_CONFIG_READ;
        const RawDevice::Got got = transact(tlp);
        if (status != nullptr) {
            *status = got.tlp.status;
        }
        return static_cast<uint32_t>(got.tlp.value >> (8 * (offset & 3)) & ((UINT64_C(1) << 8 * bytes) - 1));
    }

    RawDevice::Got memory_read(uint64_t address)
    {
        Tlp tlp;

        tlp.type = SIM_PACKET_READ;
        tlp.address = address;
        tlp.flags = 0;
        return transact(tlp);
    }

    void memory_write(uint64_t address, uint32_t value)
    {
        Tlp tlp;

        tlp.address = address;
        tlp.value = value;
        tlp.flags = 0;
        root->send(tlp);
        run();
    }

    void ask(unsigned i, endpoint_stream_kind kind, uint64_t address, uint32_t bytes)
    {
        endpoint_job job = {};

        job.kind = kind;
        job.address = address;
        job.bytes = bytes;
        job.data = kind == ENDPOINT_DMA_WRITE && bytes <= sizeof(data) ? data : nullptr;
        ASSERT_TRUE(endpoint_request(device[i], &job));
    }

    /** Requests that came up since the last call. */
    std::vector<RawDevice::Got> requests()
    {
        std::vector<RawDevice::Got> result;

        for (; looked_at < root->got.size(); looked_at++) {
            const uint8_t type = root->got[looked_at].tlp.type;

            if (type != SIM_PACKET_COMPLETION && type != SIM_PACKET_MESSAGE) {
                result.push_back(root->got[looked_at]);
            }
        }
        return result;
    }

    static Tlp completion(const RawDevice::Got &read, uint32_t bytes, uint32_t left, uint64_t value, uint64_t skip = 0)
    {
        Tlp tlp;

        tlp.type = SIM_PACKET_COMPLETION;
        tlp.target = read.tlp.requester;
        tlp.tag = read.tlp.tag;
        tlp.address = read.tlp.address + skip;
        tlp.length = bytes;
        tlp.arg = left;
        tlp.value = value;
        tlp.flags = 0;
        return tlp;
    }

    void complete(const RawDevice::Got &read, uint32_t bytes, uint32_t left, uint64_t value, uint64_t skip = 0)
    {
        root->send(completion(read, bytes, left, value, skip));
        run();
    }
};

TEST(PciBridge, HasAType1HeaderOfItsKindAndNoAcs)
{
    Behind behind(PCI_BRIDGE_IDS_REPLACED, 0, false);
    const uint32_t express = behind.config_read(BRIDGE, PCIE_CAPABILITIES_PTR, 1);
    unsigned at = PCIE_EXTENDED_CONFIG_START;
    unsigned at_express = express;

    EXPECT_EQ(behind.config_read(BRIDGE, PCIE_HEADER_TYPE, 1) & 0x7f, 1u);
    EXPECT_EQ(behind.config_read(BRIDGE, 0x08, 4) >> 8, 0x060400u);
    while (behind.config_read(BRIDGE, at_express, 1) != PCIE_CAP_ID_PCI_EXPRESS) {
        at_express = behind.config_read(BRIDGE, at_express + 1, 1);
        ASSERT_NE(at_express, 0u);
    }
    EXPECT_EQ(behind.config_read(BRIDGE, at_express + 2, 2) >> 4 & 0xf, 7u);
    while (at != 0) {
        const uint32_t head = behind.config_read(BRIDGE, at, 4);

        EXPECT_NE(head & 0xffff, static_cast<uint32_t>(PCIE_EXT_CAP_ID_ACS));
        at = head >> PCIE_EXT_CAP_NEXT_SHIFT;
    }
}

TEST(PciBridge, DevicesAreFoundByNumberAndHaveNoPciExpressCapability)
{
    Behind behind;
    uint8_t status = SIM_STATUS_OK;

    EXPECT_EQ(behind.config_read(Behind::rid(0), PCIE_VENDOR_ID, 4), 0x56701234u);
    EXPECT_EQ(behind.config_read(Behind::rid(1), PCIE_VENDOR_ID, 4), 0x56711234u);
    for (unsigned at = behind.config_read(Behind::rid(0), PCIE_CAPABILITIES_PTR, 1); at != 0;
         at = behind.config_read(Behind::rid(0), at + 1, 1)) {
        EXPECT_NE(behind.config_read(Behind::rid(0), at, 1), static_cast<uint32_t>(PCIE_CAP_ID_PCI_EXPRESS));
    }
    behind.config_read(ALIAS | 3 << 3, PCIE_VENDOR_ID, 4, &status);
    EXPECT_EQ(status, SIM_STATUS_UR) << "no such device: a master abort";
    EXPECT_NE(behind.config_read(BRIDGE, PCIE_SECONDARY_STATUS, 2) & PCIE_STATUS_RECEIVED_MASTER_ABORT, 0u);
    behind.config_write(BRIDGE, PCIE_SECONDARY_STATUS, PCIE_STATUS_RECEIVED_MASTER_ABORT, 2);
    EXPECT_EQ(behind.config_read(BRIDGE, PCIE_SECONDARY_STATUS, 2) & PCIE_STATUS_RECEIVED_MASTER_ABORT, 0u);
    behind.config_read(Behind::rid(0), 0x100, 4, &status);
    EXPECT_EQ(status, SIM_STATUS_UR) << "conventional functions have 256 bytes of registers";
    behind.config_read(0x0708, PCIE_VENDOR_ID, 4, &status);
    EXPECT_EQ(status, SIM_STATUS_UR) << "there is no bus behind the secondary one";
    behind.config_read(Behind::rid(0) | 1, PCIE_VENDOR_ID, 4, &status);
    EXPECT_EQ(status, SIM_STATUS_UR) << "the device has one function";
}

TEST(PciBridge, MemoryIsReachedWhereADeviceClaims)
{
    Behind behind;

    behind.memory_write(BARS[1] + 0x20, 0x12345678);
    EXPECT_EQ(sim_load_le32(endpoint_bar_bytes(behind.device[1], 0, 0, nullptr) + 0x20), 0x12345678u);
    const RawDevice::Got got = behind.memory_read(BARS[1] + 0x20);
    EXPECT_EQ(got.tlp.status, SIM_STATUS_OK);
    EXPECT_EQ(static_cast<uint32_t>(got.tlp.value), 0x12345678u);
    EXPECT_EQ(got.tlp.requester, ALIAS) << "the completer, too, is the bridge";
    EXPECT_EQ(behind.memory_read(0xb0000000).tlp.status, SIM_STATUS_UR) << "outside the window";
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->unsupported, 1u);
}

TEST(PciBridge, WhatNobodyClaimsReadsAsOnesUnlessMasterAbortsAreReported)
{
    Behind behind;
    const uint64_t nowhere = 0xa0080000; /* in the window, in no BAR */
    RawDevice::Got got = behind.memory_read(nowhere);

    EXPECT_EQ(got.tlp.status, SIM_STATUS_OK);
    EXPECT_EQ(static_cast<uint32_t>(got.tlp.value), 0xffffffffu);
    behind.config_write(BRIDGE, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_MASTER_ABORT, 2);
    got = behind.memory_read(nowhere);
    EXPECT_EQ(got.tlp.status, SIM_STATUS_UR);
    behind.memory_write(nowhere, 1);
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->master_aborts, 3u);
    /* A device whose memory is off claims nothing, and so does a BAR that was moved away. */
    behind.config_write(Behind::rid(0), PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_EQ(behind.memory_read(BARS[0]).tlp.status, SIM_STATUS_UR);
    behind.config_write(Behind::rid(1), PCIE_BAR(0), 0xa0020000, 4);
    EXPECT_EQ(behind.memory_read(BARS[1]).tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(behind.memory_read(0xa0020000).tlp.status, SIM_STATUS_OK);
}

TEST(PciBridge, UpstreamRequestsCarryTheSecondaryBusAndNothingElse)
{
    Behind behind;

    for (unsigned i = 0; i < 2; i++) {
        behind.ask(i, ENDPOINT_DMA_WRITE, 0x80000000 + 0x1000 * i, 4);
        behind.run();
        behind.ask(i, ENDPOINT_DMA_READ, 0x80002000 + 0x1000 * i, 4);
        behind.run();
    }
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 4u);
    for (const auto &got : sent) {
        EXPECT_EQ(got.tlp.requester, ALIAS);
    }
    EXPECT_EQ(sent[1].tlp.type, SIM_PACKET_READ);
    EXPECT_NE(sent[1].tlp.tag, sent[3].tlp.tag) << "both are under way under one ID";
}

TEST(PciBridge, CompletionsFindTheDeviceThatAsked)
{
    Behind behind;

    behind.ask(0, ENDPOINT_DMA_READ, 0x80000020, 64); /* its completion may be cut at 0x40 */
    behind.ask(1, ENDPOINT_DMA_READ, 0x80001000, 64);
    behind.run();
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 2u);
    behind.complete(sent[1], 64, 64, 2); /* the second one first */
    EXPECT_EQ(endpoint_get_counters(behind.device[1])->reads_done, 1u);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 0u);
    behind.complete(sent[0], 32, 64, 1); /* in two pieces */
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 0u);
    behind.complete(sent[0], 32, 32, 1, 32);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 1u);
    for (endpoint *device : behind.device) {
        EXPECT_EQ(endpoint_get_counters(device)->unexpected_completions, 0u);
        EXPECT_EQ(endpoint_get_counters(device)->read_errors, 0u);
        EXPECT_EQ(endpoint_outstanding(device), 0u);
    }
}

TEST(PciBridge, ARefusedReadIsATargetAbortOnTheBus)
{
    Behind behind;
    Tlp refusal;

    behind.ask(0, ENDPOINT_DMA_READ, 0x80000000, 4);
    behind.run();
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 1u);
    refusal.type = SIM_PACKET_COMPLETION;
    refusal.status = SIM_STATUS_UR;
    refusal.length = 0;
    refusal.target = sent[0].tlp.requester;
    refusal.tag = sent[0].tlp.tag;
    refusal.flags = 0;
    behind.root->send(refusal);
    behind.run();
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->read_errors, 1u);
    EXPECT_NE(behind.config_read(BRIDGE, PCIE_SECONDARY_STATUS, 2) & PCIE_STATUS_SIGNALED_TARGET_ABORT, 0u);
    EXPECT_NE(behind.config_read(BRIDGE, PCIE_STATUS, 2) & PCIE_STATUS_RECEIVED_MASTER_ABORT, 0u);
}

TEST(PciBridge, ReadsBeyondItsBuffersWaitForCompletions)
{
    Behind behind(PCI_BRIDGE_IDS_REPLACED, 2);

    for (unsigned i = 0; i < 4; i++) {
        behind.ask(i % 2, ENDPOINT_DMA_READ, 0x80000000 + 0x1000 * i, 4);
    }
    behind.run();
    auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 2u);
    /* Writes go past reads that have to be retried. */
    behind.ask(0, ENDPOINT_DMA_WRITE, 0x80008000, 4);
    behind.run();
    EXPECT_EQ(behind.requests().size(), 1u);
    behind.complete(sent[0], 4, 4, 0);
    behind.complete(sent[1], 4, 4, 0);
    sent = behind.requests();
    ASSERT_EQ(sent.size(), 2u);
    behind.complete(sent[0], 4, 4, 0);
    behind.complete(sent[1], 4, 4, 0);
    for (endpoint *device : behind.device) {
        EXPECT_EQ(endpoint_get_counters(device)->reads_done, 2u);
    }
}

/** Reads that nobody completes are given up; until late completions have had their time, their places are taken. */
TEST(PciBridge, ReadsThatNobodyCompletesAreGivenUp)
{
    for (bool told : {false, true}) {
        Behind behind(PCI_BRIDGE_IDS_REPLACED, 1, true, support::engines()[0], 100 * SIM_US);
        const unsigned control = pci_bridge_registers(behind.bridge)->config.express + PCIE_EXP_DEVICE_CONTROL;

        if (told) {
            behind.config_write(BRIDGE, control, PCIE_EXP_DEVCTL_NONFATAL_ENABLE, 2);
            behind.looked_at = behind.root->got.size();
        }
        const sim_time start = sim_now(behind.sim);
        behind.ask(0, ENDPOINT_DMA_READ, 0x80000000, 4);
        behind.ask(1, ENDPOINT_DMA_READ, 0x80001000, 4);
        sim_run(behind.sim, start + 90 * SIM_US);
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->completion_timeouts, 0u);
        sim_run(behind.sim, start + 110 * SIM_US);
        const auto first = behind.requests();
        ASSERT_EQ(first.size(), 1u);
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->completion_timeouts, 1u);
        const pcie_config_space *space = &pci_bridge_registers(behind.bridge)->config;
        EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_COMPLETION_TIMEOUT);
        const auto messages = behind.root->got_of(SIM_PACKET_MESSAGE);
        ASSERT_EQ(messages.size(), told ? 1u : 0u);
        if (told) {
            EXPECT_EQ(messages[0].tlp.requester, BRIDGE);
            EXPECT_EQ(messages[0].tlp.operation, PCIE_ERR_NONFATAL);
        }
        behind.root->send(behind.completion(first[0], 4, 4, 0)); /* too late */
        sim_run(behind.sim, start + 40 * SIM_MS);
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->dropped, 1u);
        EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 0u);
        EXPECT_EQ(behind.requests().size(), 0u) << "its place is still taken";
        sim_run(behind.sim, start + 51 * SIM_MS);
        EXPECT_EQ(behind.requests().size(), 1u) << "the other device's";
    }
}

/** What the bridge refuses from above is its error, told if software wants that. */
TEST(PciBridge, RefusalsAreRecordedAndTold)
{
    Behind behind;
    const pcie_config_space *space = &pci_bridge_registers(behind.bridge)->config;
    Tlp write;

    behind.config_write(BRIDGE, space->express + PCIE_EXP_DEVICE_CONTROL,
                        PCIE_EXP_DEVCTL_NONFATAL_ENABLE | PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE, 2);
    write.address = 0x10000000; /* outside its window */
    behind.root->send(write);
    behind.run();
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->unsupported, 1u);
    EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_UNSUPPORTED_REQUEST);
    ASSERT_EQ(behind.root->got_of(SIM_PACKET_MESSAGE).size(), 1u);
    EXPECT_EQ(behind.root->got_of(SIM_PACKET_MESSAGE)[0].tlp.operation, PCIE_ERR_NONFATAL);
}

/* ---- TLPs that are no good ---- */

/** Fatal errors and others are told. */
void report_all(Behind &behind)
{
    const pcie_config_space *space = &pci_bridge_registers(behind.bridge)->config;

    behind.config_write(BRIDGE, space->express + PCIE_EXP_DEVICE_CONTROL,
                        PCIE_EXP_DEVCTL_CORRECTABLE_ENABLE | PCIE_EXP_DEVCTL_NONFATAL_ENABLE |
                            PCIE_EXP_DEVCTL_FATAL_ENABLE | PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE,
                        2);
    behind.config_write(BRIDGE, space->aer + PCIE_AER_CORRECTABLE_MASK, 0, 4);
    behind.looked_at = behind.root->got.size();
}

uint32_t uncorrectable(const Behind &behind)
{
    const pcie_config_space *space = &pci_bridge_registers(behind.bridge)->config;

    return pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS);
}

/** What the raw device has been told last. */
unsigned told(const Behind &behind)
{
    const auto messages = behind.root->got_of(SIM_PACKET_MESSAGE);

    return messages.empty() ? 0 : messages.back().tlp.operation;
}

Tlp write_to_bar(uint32_t length, uint32_t flags)
{
    Tlp tlp;

    tlp.address = BARS[0] + 0x40;
    tlp.length = length;
    tlp.value = 0x99;
    tlp.flags = flags;
    return tlp;
}

TEST(PciBridge, MalformedTlpsEndAtIt)
{
    Tlp across = write_to_bar(128, 0);

    across.address = BARS[0] + 4096 - 64;
    for (const Tlp &bad : {write_to_bar(4, SIM_FLAG_LENGTH_BAD), write_to_bar(256, 0), across}) {
        Behind behind;

        behind.breaks_rules = bad.length != 256; /* the checker is not told what size the root port may send */
        report_all(behind);
        const uint64_t before = endpoint_get_counters(behind.device[0])->requests_served;
        behind.root->send(bad);
        behind.run();
        EXPECT_EQ(uncorrectable(behind), PCIE_AER_MALFORMED_TLP);
        EXPECT_EQ(told(behind), PCIE_ERR_FATAL);
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->dropped, 1u);
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->unsupported, 0u);
        EXPECT_EQ(endpoint_get_counters(behind.device[0])->requests_served, before) << "it does not get onto the bus";
        behind.memory_write(BARS[0] + 0x40, 0x77);
        EXPECT_EQ(behind.memory_read(BARS[0] + 0x40).tlp.value, 0x77u) << "the next one is none the worse";
    }
}

TEST(PciBridge, AMalformedReadIsNotAnswered)
{
    Behind behind;
    Tlp read = write_to_bar(4, SIM_FLAG_LENGTH_BAD);

    behind.breaks_rules = true;
    report_all(behind);
    read.type = SIM_PACKET_READ;
    behind.root->send(read);
    behind.run();
    EXPECT_EQ(uncorrectable(behind), PCIE_AER_MALFORMED_TLP);
    EXPECT_EQ(behind.root->got_of(SIM_PACKET_COMPLETION).size(), behind.looked_at) << "those of configuration only";
}

TEST(PciBridge, AMalformedCompletionLeavesItsReadToTheTimeout)
{
    Behind behind(PCI_BRIDGE_IDS_REPLACED, 4, true, support::engines()[0], 100 * SIM_US);

    behind.breaks_rules = true;
    report_all(behind);
    behind.ask(0, ENDPOINT_DMA_READ, 0x80000000, 4);
    const sim_time start = sim_now(behind.sim);
    sim_run(behind.sim, start + 10 * SIM_US);
    const auto reads = behind.requests();
    ASSERT_EQ(reads.size(), 1u);
    Tlp bad = behind.completion(reads[0], 4, 4, 0x1234);
    bad.flags |= SIM_FLAG_LENGTH_BAD;
    behind.root->send(bad);
    sim_run(behind.sim, start + 50 * SIM_US);
    EXPECT_EQ(uncorrectable(behind), PCIE_AER_MALFORMED_TLP);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 0u);
    sim_run(behind.sim, start + 200 * SIM_US);
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->completion_timeouts, 1u);
}

TEST(PciBridge, WrongEcrcIsFoundIfSoftwareWantsItChecked)
{
    for (const bool checked : {false, true}) {
        for (const bool has_one : {false, true}) {
            Behind behind;
            const bool found = checked && has_one;

            report_all(behind);
            behind.config_write(BRIDGE, pci_bridge_registers(behind.bridge)->config.aer + PCIE_AER_CONTROL,
                                checked ? PCIE_AER_ECRC_CHECK : 0, 4);
            const uint64_t before = endpoint_get_counters(behind.device[0])->requests_served;
            behind.root->send(write_to_bar(4, SIM_FLAG_ECRC_BAD | (has_one ? SIM_FLAG_ECRC : 0)));
            behind.run();
            EXPECT_EQ(uncorrectable(behind), found ? PCIE_AER_ECRC_ERROR : 0u) << checked << has_one;
            EXPECT_EQ(told(behind), found ? PCIE_ERR_NONFATAL : 0u) << checked << has_one;
            EXPECT_EQ(endpoint_get_counters(behind.device[0])->requests_served - before, found ? 0u : 1u);
            EXPECT_EQ(behind.memory_read(BARS[0] + 0x40).tlp.value, found ? 0u : 0x99u);
        }
    }
}

TEST(PciBridge, WhatItSendsUpHasAnEcrcIfSoftwareWantsOne)
{
    for (const bool on : {false, true}) {
        Behind behind;
        const uint32_t wanted = on ? SIM_FLAG_ECRC : 0;

        behind.config_write(BRIDGE, pci_bridge_registers(behind.bridge)->config.aer + PCIE_AER_CONTROL,
                            on ? PCIE_AER_ECRC_GENERATION : 0, 4);
        behind.looked_at = behind.root->got.size();
        EXPECT_EQ(behind.memory_read(BARS[0]).tlp.flags & SIM_FLAG_ECRC, wanted) << "a device's completion";
        behind.ask(0, ENDPOINT_DMA_WRITE, 0x80000000, 8);
        behind.ask(1, ENDPOINT_DMA_READ, 0x80001000, 4);
        behind.run();
        const auto got = behind.requests();
        ASSERT_EQ(got.size(), 2u);
        EXPECT_EQ(got[0].tlp.flags & SIM_FLAG_ECRC, wanted);
        EXPECT_EQ(got[1].tlp.flags & SIM_FLAG_ECRC, wanted);
        EXPECT_EQ(behind.memory_read(0x10000000).tlp.flags & SIM_FLAG_ECRC, wanted) << "a refusal of its own";
        behind.complete(got[0].tlp.type == SIM_PACKET_READ ? got[0] : got[1], 4, 4, 7);
        EXPECT_EQ(endpoint_get_counters(behind.device[1])->reads_done, 1u);
    }
}

TEST(PciBridge, PoisonedDataGoesOnWithBadParityAndIsNotUsed)
{
    for (const bool response : {false, true}) {
        Behind behind;
        const uint32_t identity = behind.config_read(Behind::rid(0), 0x08, 4);

        report_all(behind);
        behind.config_write(BRIDGE, PCIE_BRIDGE_CONTROL, response ? PCIE_BRIDGE_CONTROL_PARITY_RESPONSE : 0, 2);
        behind.root->send(write_to_bar(4, SIM_FLAG_POISONED));
        behind.run();
        EXPECT_EQ(uncorrectable(behind), PCIE_AER_POISONED_TLP);
        EXPECT_EQ(told(behind), PCIE_ERR_COR) << "advisory: it passes it on";
        EXPECT_EQ(behind.config_read(BRIDGE, PCIE_SECONDARY_STATUS, 2) & PCIE_STATUS_MASTER_PARITY_ERROR,
                  response ? PCIE_STATUS_MASTER_PARITY_ERROR : 0u);
        EXPECT_NE(behind.config_read(Behind::rid(0), PCIE_STATUS, 2) & PCIE_STATUS_PARITY_ERROR, 0u);
        EXPECT_EQ(behind.memory_read(BARS[0] + 0x40).tlp.value, 0u) << "not taken for good data";
        EXPECT_EQ(behind.config_read(Behind::rid(0), 0x08, 4), identity)
            << "a function without PCI Express capability has no Device Status to record it in";
        EXPECT_EQ(behind.root->got_of(SIM_PACKET_MESSAGE).size(), 1u) << "nor messages to send";
    }
}

TEST(PciBridge, CompletionsThatNobodyAskedForAreUnexpected)
{
    Behind behind;
    Tlp stray;

    behind.breaks_rules = true;
    report_all(behind);
    stray.type = SIM_PACKET_COMPLETION;
    stray.target = ALIAS;
    stray.tag = 3;
    stray.arg = 4;
    stray.flags = 0;
    behind.root->send(stray);
    behind.run();
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->dropped, 1u);
    EXPECT_EQ(uncorrectable(behind), PCIE_AER_UNEXPECTED_COMPLETION);
    EXPECT_EQ(told(behind), PCIE_ERR_COR) << "advisory";
}

TEST(PciBridge, OnPciXPostedRequestsMayKeepTheirIds)
{
    Behind behind(PCI_BRIDGE_IDS_POSTED_KEPT);

    behind.ask(1, ENDPOINT_DMA_WRITE, 0x80000000, 4);
    behind.run();
    behind.ask(1, ENDPOINT_DMA_READ, 0x80000000, 4);
    behind.run();
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].tlp.requester, Behind::rid(1));
    EXPECT_EQ(sent[1].tlp.requester, ALIAS);
    behind.complete(sent[1], 4, 4, 0);
    EXPECT_EQ(endpoint_get_counters(behind.device[1])->reads_done, 1u);
}

TEST(PciBridge, ABridgeThatIsNoneKeepsAllIds)
{
    Behind behind(PCI_BRIDGE_IDS_KEPT);

    for (unsigned i = 0; i < 2; i++) {
        behind.ask(i, ENDPOINT_DMA_READ, 0x80000000, 4);
    }
    behind.run();
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].tlp.requester, Behind::rid(0));
    EXPECT_EQ(sent[1].tlp.requester, Behind::rid(1));
    behind.complete(sent[1], 4, 4, 0);
    behind.complete(sent[0], 4, 4, 0);
    for (endpoint *device : behind.device) {
        EXPECT_EQ(endpoint_get_counters(device)->reads_done, 1u);
    }
}

TEST(PciBridge, DevicesReachEachOtherOnTheBusAndTheLinkNeverSeesIt)
{
    Behind behind;

    behind.ask(0, ENDPOINT_DMA_WRITE, BARS[1] + 0x40, 8);
    behind.run();
    behind.ask(0, ENDPOINT_DMA_READ, BARS[1] + 0x40, 8);
    behind.run();
    EXPECT_EQ(behind.requests().size(), 0u);
    EXPECT_EQ(sim_load_le64(endpoint_bar_bytes(behind.device[1], 0, 0, nullptr) + 0x40), UINT64_C(0x0807060504030201));
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->reads_done, 1u);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->read_errors, 0u);
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->peer_to_peer, 3u) << "a write, a read and its completion";
    /* In the bridge's window but in no BAR: nobody claims it, and the bridge does not either. */
    behind.ask(0, ENDPOINT_DMA_READ, 0xa0080000, 4);
    behind.run();
    EXPECT_EQ(behind.requests().size(), 0u);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->read_errors, 1u);
}

TEST(PciBridge, WithoutBusMasterItClaimsNothingFromItsDevices)
{
    Behind behind;

    behind.config_write(BRIDGE, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    behind.ask(0, ENDPOINT_DMA_WRITE, 0x80000000, 4);
    behind.ask(0, ENDPOINT_DMA_READ, 0x80000000, 4);
    behind.run();
    EXPECT_EQ(behind.requests().size(), 0u);
    EXPECT_EQ(endpoint_get_counters(behind.device[0])->read_errors, 1u);
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->master_aborts, 2u);
}

TEST(PciBridge, AnMsiFollowsTheWritesBeforeIt)
{
    Behind behind;
    const pcie_config_space *space = endpoint_config_space(behind.device[0], 0);
    const uint64_t table = BARS[0] + (pcie_config_get32(space, space->msix + PCIE_MSIX_TABLE) & PCIE_MSIX_OFFSET);
    endpoint_job msi = {};

    behind.memory_write(table, 0x08090040);
    behind.memory_write(table + 4, 0);
    behind.memory_write(table + 8, 7);
    behind.memory_write(table + 12, 0);
    behind.config_write(Behind::rid(0), space->msix + PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE, 2);
    behind.requests();
    behind.ask(0, ENDPOINT_DMA_WRITE, 0x80000000, 256);
    msi.kind = ENDPOINT_MSI;
    ASSERT_TRUE(endpoint_request(behind.device[0], &msi));
    behind.run();
    const auto sent = behind.requests();
    ASSERT_EQ(sent.size(), 5u) << "four bursts of 64 bytes and the MSI";
    EXPECT_EQ(sent[4].tlp.address, 0x08090040u);
    EXPECT_EQ(sent[4].tlp.value, 7u);
    EXPECT_EQ(sent[4].tlp.requester, ALIAS);
}

/** Clocks of a write: address, target, data, idle. */
constexpr uint64_t write_clocks(uint64_t bytes)
{
    return 1 + PCI_BRIDGE_DEFAULT_DECODE + bytes / PCI_BRIDGE_DEFAULT_BYTES + 1;
}

TEST(PciBridge, TheBusTakesTheTimeOfItsClocks)
{
    for (const auto &engine : support::engines()) {
        Behind behind(PCI_BRIDGE_IDS_REPLACED, 0, true, engine);
        const uint64_t before = pci_bridge_get_counters(behind.bridge)->bus_clocks;

        /* Both devices have all they will ever send; the bus is never idle, and they take turns. */
        for (unsigned n = 0; n < 16; n++) {
            behind.ask(n % 2, ENDPOINT_DMA_WRITE, 0x80000000 + 0x1000 * (n % 2) + 64 * n, 64);
        }
        behind.run();
        const auto sent = behind.requests();
        ASSERT_EQ(sent.size(), 16u);
        for (size_t n = 1; n < sent.size(); n++) {
            const sim_time gap = sent[n].time - sent[n - 1].time;

            EXPECT_NEAR(static_cast<double>(gap), static_cast<double>(write_clocks(64) * PERIOD),
                        static_cast<double>(SIM_NS))
                << n;
            EXPECT_NE(sent[n].tlp.address & 0x1000, sent[n - 1].tlp.address & 0x1000) << "turns";
        }
        EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->bus_clocks - before, 16 * write_clocks(64));
    }
}

TEST(PciBridge, AddressesAboveFourGigabytesTakeAClockMore)
{
    Behind behind;
    const uint64_t before = pci_bridge_get_counters(behind.bridge)->bus_clocks;

    behind.ask(0, ENDPOINT_DMA_WRITE, UINT64_C(0x180000000), 4);
    behind.run();
    EXPECT_EQ(pci_bridge_get_counters(behind.bridge)->bus_clocks - before, write_clocks(4) + 1);
}

} // namespace
