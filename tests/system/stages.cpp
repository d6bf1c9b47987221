#include "tests/system/stages.h"

#include <numeric>
#include <stdexcept>

namespace system_test
{

namespace
{

/* An MSI on the wire (models/pcie/link.h, tlp.h): framing around a 3-DW header and 4 bytes of data. */
constexpr uint64_t framing_head = 4;
constexpr uint64_t framing = 8;
constexpr uint64_t header = 12;
constexpr uint64_t payload = 4;

/** The first edge of a clock at or after a time. */
sim_time align(sim_time time, sim_time period)
{
    return (time + period - 1) / period * period;
}

/** Time of so many bytes on a link, rounded up to a femtosecond. */
sim_time wire_time(const scenario_link &link, uint64_t bytes)
{
    const uint64_t bits = 8 * bytes;
    const uint64_t coded = link.speed <= 5000 ? 10 : 130;
    const uint64_t plain = link.speed <= 5000 ? 8 : 128;
    const uint64_t rate = uint64_t{link.speed} * link.width * plain;

    if (link.speed > 32000) {
        throw std::runtime_error("flits are not worked out here");
    }
    /* Of 1538 symbols, a skip ordered set takes 4; of 375 blocks one, and a double word before it. */
    const uint64_t part = link.speed <= 5000 ? 1538 : uint64_t{375} * 16 * link.width;
    const uint64_t left = link.speed <= 5000 ? 1534 : uint64_t{374} * 16 * link.width - 4;
    using wide = unsigned __int128;

    return static_cast<sim_time>((wide{bits * coded * 1000000000} * part + wide{rate} * left - 1) /
                                 (wide{rate} * left));
}

/** Walks along the path and writes the stages down. */
class Path
{
  public:
    explicit Path(sim_time born) : now_(born)
    {
    }

    sim_time now() const
    {
        return now_;
    }

    /** A stage that ends at a time. */
    void until(const std::string &name, sim_time end)
    {
        if (end != now_) {
            stages.push_back({name, end - now_});
        }
        now_ = end;
    }
    void take(const std::string &name, sim_time time)
    {
        until(name, now_ + time);
    }

    /** A channel without a wire (sim/channel.h): its latency, at least one clock, to an edge of the reader's clock. */
    void channel(const std::string &name, sim_time latency, sim_time reader)
    {
        until(name, align(now_ + (latency > reader ? latency : reader), reader));
    }

    std::vector<Stage> stages;

  private:
    sim_time now_;
};

/** From the endpoint up to the root complex's clock edge at which it has the whole packet. */
void climb(Path &path, const scenario_device *endpoint)
{
    const scenario_device *device = endpoint;
    sim_time tail = 0; /* when the last byte has come in where the packet is */

    path.take(endpoint->name, endpoint->endpoint->send_latency);
    for (;;) {
        const scenario_device *above = device->parent;
        const sim_time start = path.now();
        const sim_time last = start + wire_time(device->link, framing + header + payload);
        const sim_time end = last > tail ? last : tail;
        const std::string upper = above != nullptr ? above->name : device->root_port->port.name;
        const std::string name = upper + "-" + device->name + ".up.posted";

        if (above == nullptr) {
            path.until(name, align(end + device->link.latency, device->root_complex->clock.period));
            return;
        }
        /* A switch acts when the header is in. */
        tail = end + device->link.latency;
        path.until(name, align(start + wire_time(device->link, framing_head + header) + device->link.latency,
                               above->sw->clock.period));
        path.take(above->name, above->sw->latency);
        device = above;
    }
}

const scenario_its *its_of(const scenario_root_complex *rc, uint16_t rid)
{
    const scenario_map_entry *entry = scenario_map_find(&rc->msi_map, rid, nullptr);

    return entry != nullptr ? entry->its : nullptr;
}

/** A table read by a master on the interconnect: from its push to the edge at which it has the answer. */
sim_time memory_read(const scenario_platform &platform, sim_time start, sim_time master, uint64_t bytes)
{
    const scenario_interconnect &bus = platform.interconnect;
    const scenario_memory &memory = platform.memory;
    const sim_time clock = bus.clock.period;
    const sim_time transfer = (bytes * SIM_S + memory.bandwidth - 1) / memory.bandwidth;
    const uint64_t cycles = (bytes + bus.width - 1) / bus.width;
    sim_time time = align(start + clock, clock) + bus.latency;

    time = align(time + memory.clock.period, memory.clock.period) + transfer + memory.latency;
    time = align(time + clock, clock) + bus.response_latency + (cycles > 0 ? cycles - 1 : 0) * clock;
    return align(time + master, master);
}

/** So many reads of tables, one after the other, with the SMMU's own cycles around each. */
sim_time smmu_reads(const scenario_platform &platform, const scenario_smmu *smmu, sim_time start,
                    const std::vector<uint64_t> &sizes)
{
    const sim_time clock = smmu->clock.period;
    sim_time time = start;

    for (const uint64_t bytes : sizes) {
        time = memory_read(platform, time + smmu->issue_cycles * clock, clock, bytes) + smmu->decode_cycles * clock;
    }
    return time;
}

void translate(Path &path, const struct scenario *scenario, const scenario_smmu *smmu, bool cold)
{
    const sim_time clock = smmu->clock.period;
    const std::string name = smmu->name;

    if (cold) {
        /* Until its configuration was fetched, until its walk ended (docs/smmuv3.md). */
        const sim_time looked = path.now() + (smmu->accept_cycles + smmu->config_cache.lookup_cycles) * clock;
        std::vector<uint64_t> fetches = {64, 64};

        if (smmu->stream_table == SCENARIO_STREAM_TABLE_2_LEVEL) {
            fetches.insert(fetches.begin(), 8);
        }
        path.until(name + " config", smmu_reads(scenario->platform, smmu, looked, fetches));
        path.until(name + " walk",
                   smmu_reads(scenario->platform, smmu, path.now() + smmu->tlb.lookup_cycles * clock, {8, 8, 8, 8}));
        path.take(name, smmu->forward_cycles * clock);
        return;
    }
    path.take(name, (smmu->accept_cycles + smmu->config_cache.lookup_cycles + smmu->tlb.lookup_cycles +
                     smmu->forward_cycles) *
                        clock);
}

/** From the interconnect to the first instruction of the handler. */
void deliver(Path &path, const struct scenario *scenario, const scenario_its *its, unsigned number,
             unsigned cold_levels)
{
    const scenario_redistributor &rd = scenario->platform.redistributor;
    const scenario_pe &pe = scenario->platform.pe;
    const sim_time clock = rd.clock.period;
    const std::string rd_name = "rd" + std::to_string(number);
    const std::string pe_name = "pe" + std::to_string(number);
    sim_time end = path.now();

    if (cold_levels > 0) {
        /* Device table, interrupt translation table, collection table. */
        for (unsigned i = 0; i < cold_levels + 2; i++) {
            end = memory_read(scenario->platform, end, its->clock.period, 8);
        }
    }
    path.until(its->name, end + its->translate_cycles * its->clock.period);
    path.channel(std::string(its->name) + " -> " + rd_name, its->redistributor_latency, clock);
    end = path.now();
    if (cold_levels > 0) {
        end = memory_read(scenario->platform, end, clock, 1);
    }
    /* The LPI stays at the redistributor while the signal, the acknowledge and the answer go to and fro. */
    end += (rd.lookup_cycles + rd.deliver_cycles) * clock;
    end = align(end + pe.clock.period, pe.clock.period) + pe.acknowledge_cycles * pe.clock.period;
    end = align(end + clock, clock) + rd.activate_cycles * clock;
    path.until(rd_name, end);
    path.channel(rd_name + " -> " + pe_name, 0, pe.clock.period);
    path.take(pe_name, pe.entry_cycles * pe.clock.period);
}

} // namespace

std::vector<Stage> unloaded_stages(const struct scenario *scenario, const struct scenario_device *endpoint, unsigned pe,
                                   sim_time born, unsigned cold_levels)
{
    const scenario_root_complex *rc = endpoint->root_complex;
    const uint16_t rid = scenario_rid(endpoint->bdf);
    const scenario_map_entry *entry = scenario_map_find(&rc->iommu_map, rid, nullptr);
    const scenario_its *its = its_of(rc, rid);
    const scenario_interconnect &bus = scenario->platform.interconnect;
    const sim_time data = (payload + bus.width - 1) / bus.width - 1;
    const bool local = its->beside != nullptr;
    const std::string crossbar = local ? std::string(rc->name) + ".local" : "interconnect";
    std::string master = rc->name;
    Path path(born);

    climb(path, endpoint);
    path.take(rc->name, rc->latency);
    if (entry != nullptr) {
        path.channel(master + " -> " + entry->smmu->name, 0, entry->smmu->clock.period);
        translate(path, scenario, entry->smmu, cold_levels > 0);
        master = entry->smmu->name;
    }
    path.channel(master + " -> " + crossbar, 0, bus.clock.period);
    path.take(crossbar, (local ? its->port_latency : bus.latency) + data * bus.clock.period);
    path.channel(crossbar + " -> " + its->name, 0, its->clock.period);
    deliver(path, scenario, its, pe, cold_levels);
    return path.stages;
}

sim_time sum_of(const std::vector<Stage> &stages)
{
    return std::accumulate(stages.begin(), stages.end(), sim_time{0},
                           [](sim_time sum, const Stage &stage) { return sum + stage.time; });
}

} // namespace system_test
