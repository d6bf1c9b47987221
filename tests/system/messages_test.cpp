/* MSI and messages of a device's own store as the interrupts of whole systems. */
#include "tests/system/whole.h"

#include "host/pci_config.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace
{

using system_test::device_of;
using system_test::load_text;
using system_test::Whole;

/** INTIDs that handlers saw, by source and vector. */
struct Seen {
    std::map<std::pair<uint32_t, uint32_t>, std::set<uint32_t>> intids;
    std::map<uint32_t, unsigned> delivered; /**< by source */
};

void note(void *context, enum sim_event_kind kind, const struct sim_packet *packet, const struct sim_component *,
          sim_time, uint32_t)
{
    auto *seen = static_cast<Seen *>(context);

    if (kind == SIM_EVENT_MSI_DELIVERED) {
        seen->intids[{packet->source, packet->vector}].insert(packet->intid);
        seen->delivered[packet->source]++;
    }
}

std::string text_of(const std::string &endpoint, const std::string &streams, const std::string &more = "")
{
    return "doorbell: 1\nduration: 100 us\n" + more +
           "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { ep: { endpoint: " + endpoint +
           " } } } } } }\ntraffic: { ep: " + streams + " }\n";
}

void run(const std::string &text, Seen &seen)
{
    const auto scenario = load_text(text);
    Whole whole(scenario.get());
    const sim_observer listener = {&seen, false, 0, nullptr, note, nullptr};

    collector_also(whole.collector(), &listener);
    whole.start();
    whole.run();
    EXPECT_EQ(whole.finish().devices[0].lost, 0u);
    /* What the software mapped is what the handlers saw. */
    const software_function &function = whole.software()->functions[system_function(whole.system(), 0)->tree_index];
    for (const auto &one : seen.intids) {
        for (const uint32_t intid : one.second) {
            bool mapped = false;

            for (uint32_t i = 0; i < function.vector_count; i++) {
                mapped = mapped || function.vectors[i].intid == intid;
            }
            EXPECT_TRUE(mapped) << intid;
        }
    }
}

TEST(Messages, EachMsiIsAnInterruptOfItsOwn)
{
    for (const char *capability : {"{vectors: 8}", "{vectors: 8, wide: no}", "{vectors: 8, mask: no, wide: no}"}) {
        Seen seen;

        run(text_of(std::string("{msi-x: 0, msi: ") + capability + "}", "[{msi: {period: 1 us}}]"), seen);
        ASSERT_EQ(seen.intids.size(), 8u) << capability;
        std::set<uint32_t> all;
        for (const auto &one : seen.intids) {
            EXPECT_EQ(one.second.size(), 1u);
            all.insert(one.second.begin(), one.second.end());
        }
        EXPECT_EQ(all.size(), 8u);
        EXPECT_EQ(seen.delivered[1], 100u);
    }
}

TEST(Messages, FewerThanAskedForAreShared)
{
    Seen seen;

    run(text_of("{msi-x: 0, msi: {vectors: 16, granted: 4}}", "[{msi: {period: 1 us}}]"), seen);
    ASSERT_EQ(seen.intids.size(), 16u);
    for (const auto &one : seen.intids) {
        EXPECT_EQ(one.second, (seen.intids[{1, one.first.second % 4}])) << one.first.second;
    }
    EXPECT_NE((seen.intids[{1, 0}]), (seen.intids[{1, 1}]));
}

TEST(Messages, MsixGoesBeforeMsi)
{
    Seen seen;

    run(text_of("{msi-x: 4, msi: {vectors: 8}}", "[{msi: {period: 1 us}}]"), seen);
    EXPECT_EQ(seen.intids.size(), 4u);
}

TEST(Messages, StoreBesideMsixHasEventsOfItsOwn)
{
    Seen seen;

    run(text_of("{msi-x: 2, ims: 32}", "[{msi: {period: 2 us}}, {msi: {ims: yes, period: 1 us}}]"), seen);
    ASSERT_EQ(seen.intids.size(), 34u);
    std::set<uint32_t> all;
    for (const auto &one : seen.intids) {
        all.insert(one.second.begin(), one.second.end());
    }
    EXPECT_EQ(all.size(), 34u);
}

TEST(Messages, MaskedOnesWaitAndComeOnce)
{
    const auto scenario = load_text(text_of("{msi-x: 0, msi: {vectors: 2}}", "[{msi: {period: 1 us}}]"));
    Whole whole(scenario.get());
    const struct enumerate_function &place =
        whole.software()->found.functions[system_function(whole.system(), 0)->tree_index];
    struct host_access *access = whole.software()->access;

    pci_config_write(access, place.config, place.msi + 0x10u, 2);
    whole.start();
    sim_run(whole.sim(), sim_now(whole.sim()) + 50 * SIM_US);
    EXPECT_EQ(pci_config_read(access, place.config, place.msi + 0x14u), 2u) << "message 1 is pending";
    pci_config_write(access, place.config, place.msi + 0x10u, 0);
    EXPECT_EQ(pci_config_read(access, place.config, place.msi + 0x14u), 0u);
    whole.run();
    const run_device &device = device_of(whole.finish(), "ep");
    EXPECT_EQ(device.born, 100u);
    EXPECT_EQ(device.lost, 0u);
    EXPECT_NEAR(static_cast<double>(device.merged), 24, 2) << "of those of half the time, all but one";
}

TEST(Messages, NarrowAddressNeedsADoorbellBelow4GiB)
{
    const std::string endpoint = "{msi-x: 0, msi: {wide: no}}";
    const std::string its = "platform: { its: { A: { base: 0x10_0808_0000 } } }\n";
    Seen seen;
    struct host_error error = {};
    struct system_options options = {};

    run(text_of(endpoint, "[{msi: {period: 1 us}}]", its), seen);
    EXPECT_GT(seen.delivered[1], 90u) << "the domain's address is below 4 GiB";

    const auto scenario =
        load_text(text_of(endpoint, "[{msi: {period: 1 us}}]", its + "software: { domains: { default: identity } }\n"));
    struct system *system = system_create(scenario.get(), &options, &error);
    ASSERT_NE(system, nullptr) << error.text;
    EXPECT_FALSE(system_bring_up(system, &error));
    EXPECT_NE(std::string(error.text).find("32-bit address, and its doorbell is at 0x1008090040"), std::string::npos)
        << error.text;
    system_destroy(system);
}

} // namespace
