#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

namespace pcie_test
{

Pair::Pair(const Options &options) : sim(support::create(options.engine, options.seed))
{
    std::vector<endpoint_function_config> functions;
    endpoint_config config = options.endpoint;
    pcie_checker_config watch = {};

    log = std::make_unique<support::MarkLog>(sim, options.keep_marks);
    for (const Function &function : options.functions[0]) {
        functions.push_back(function.config);
        functions.back().streams = function.streams.data();
        functions.back().stream_count = function.streams.size();
    }
    if (config.completion_timeout == ENDPOINT_DEFAULT_TIMEOUT) {
        /* The raw device answers when the test wants it, or never. */
        config.completion_timeout = SIM_TIME_NEVER;
    }
    config.functions = functions.data();
    config.function_count = functions.size();
    ep = endpoint_create(sim, "ep", &config);
    root = std::make_unique<RawDevice>(sim, "root", SIM_NS);
    link = pcie_link_create(sim, "link", &options.link, root->end(), endpoint_end(ep));
    root->bind(&link->upper);
    endpoint_bind_link(ep, &link->lower);
    watch.link = link;
    watch.upper_credits = options.link.upper_credits;
    watch.lower_credits = options.link.lower_credits;
    watch.lower = endpoint_config_space(ep, 0);
    watch.tags = true;
    checker = pcie_checker_create(sim, "checker", &watch);
    for (unsigned f = 0; f < config.function_count && options.configure; f++) {
        uint64_t base = BAR[0] + f * functions[0].bars[0].size;

        config_write(f, PCIE_BAR(0), static_cast<uint32_t>(base), 4);
        config_write(f, PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER, 2);
    }
    looked_at = root->got.size();
}

Pair::~Pair()
{
    /* The raw device may break rules on purpose; what the endpoint sends must be right. */
    EXPECT_EQ(pcie_checker_total(checker), expected_violations) << pcie_checker_first(checker);
    sim_destroy(sim);
}

void Pair::run()
{
    sim_run(sim, SIM_TIME_NEVER - 1);
}

/** Sends a non-posted request and runs until all is quiet; its completion is the last one that came. */
RawDevice::Got Pair::transact(const Tlp &tlp)
{
    size_t before = root->got.size();

    root->send(tlp);
    run();
    for (size_t i = root->got.size(); i > before; i--) {
        if (root->got[i - 1].tlp.type == SIM_PACKET_COMPLETION) {
            return root->got[i - 1];
        }
    }
    sim_panic(sim, nullptr, nullptr, "no completion came");
}

static Tlp config_tlp(unsigned function, unsigned offset, unsigned bytes)
{
    Tlp tlp;

    tlp.target = static_cast<uint16_t>(PAIR_RID + function);
    tlp.address = offset & ~3u;
    tlp.first_be = static_cast<uint8_t>(0xfu >> (4 - bytes) << (offset & 3));
    tlp.flags = 0;
    return tlp;
}

void Pair::config_write(unsigned function, unsigned offset, uint32_t value, unsigned bytes)
{
    Tlp tlp = config_tlp(function, offset, bytes);

    tlp.type = SIM_PACKET_CONFIG_WRITE;
    tlp.value = static_cast<uint64_t>(value) << (8 * (offset & 3));
    transact(tlp);
}

uint32_t Pair::config_read(unsigned function, unsigned offset, unsigned bytes)
{
    Tlp tlp = config_tlp(function, offset, bytes);
    uint64_t mask = (UINT64_C(1) << (8 * bytes)) - 1;

    tlp.type = SIM_PACKET_CONFIG_READ;
    return static_cast<uint32_t>(transact(tlp).tlp.value >> (8 * (offset & 3)) & mask);
}

void Pair::memory_write(uint64_t address, uint32_t value)
{
    Tlp tlp;

    tlp.address = address;
    tlp.value = value;
    tlp.flags = 0;
    root->send(tlp);
    run();
}

uint32_t Pair::memory_read(uint64_t address)
{
    Tlp tlp;

    tlp.type = SIM_PACKET_READ;
    tlp.address = address;
    tlp.flags = 0;
    return static_cast<uint32_t>(transact(tlp).tlp.value);
}

uint64_t Pair::table_address(unsigned vector, unsigned function) const
{
    const pcie_config_space *space = endpoint_config_space(ep, function);
    uint32_t table = pcie_config_get32(space, space->msix + PCIE_MSIX_TABLE);
    uint32_t bar = pcie_config_get32(space, PCIE_BAR(table & PCIE_MSIX_BIR));

    return (bar & PCIE_BAR_ADDRESS) + (table & PCIE_MSIX_OFFSET) + vector * PCIE_MSIX_ENTRY_BYTES;
}

void Pair::set_vector(unsigned vector, uint64_t address, uint32_t data, unsigned function)
{
    uint64_t entry = table_address(vector, function);

    memory_write(entry + PCIE_MSIX_ENTRY_ADDRESS, static_cast<uint32_t>(address));
    memory_write(entry + PCIE_MSIX_ENTRY_ADDRESS_HI, static_cast<uint32_t>(address >> 32));
    memory_write(entry + PCIE_MSIX_ENTRY_DATA, data);
    memory_write(entry + PCIE_MSIX_ENTRY_VECTOR_CONTROL, 0);
}

void Pair::ask(const endpoint_job &job)
{
    if (!endpoint_request(ep, &job)) {
        sim_panic(sim, nullptr, nullptr, "no room for another job");
    }
    run();
}

void Pair::signal(unsigned vector, unsigned function)
{
    endpoint_job job = {};

    job.kind = ENDPOINT_MSI;
    job.vector = vector;
    job.function = function;
    ask(job);
}

std::vector<RawDevice::Got> Pair::requests()
{
    std::vector<RawDevice::Got> result;

    for (; looked_at < root->got.size(); looked_at++) {
        if (root->got[looked_at].tlp.type != SIM_PACKET_COMPLETION) {
            result.push_back(root->got[looked_at]);
        }
    }
    return result;
}

} // namespace pcie_test
