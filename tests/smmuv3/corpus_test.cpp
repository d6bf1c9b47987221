/*
 * Tables that the real Linux driver wrote (corpus/linux-qemu): memory images at stopped moments, and for each the
 * translations that another implementation performed with them.
 */
#include "models/memory/memory.h"
#include "models/smmuv3/smmu.h"
#include "tests/smmuv3/posted_sink.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace
{

const std::string recording = std::string(DOORBELL_SHARED_DIR) + "/corpus/linux-qemu/A-switch-noacs-dt/";

/** Whole text of a gzip file, by the gzip program; empty if that fails. */
std::string unzip(const std::string &name)
{
    const std::string command = "gzip -dc '" + recording + name + "' 2>/dev/null";
    std::string text;
    char buffer[65536];
    FILE *pipe = popen(command.c_str(), "r");

    if (pipe == nullptr) {
        return text;
    }
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        text.append(buffer, got);
    }
    pclose(pipe);
    return text;
}

std::vector<std::vector<std::string>> rows_of(const std::string &text)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(text);
    std::string line;

    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::vector<std::string> fields;
        std::istringstream parts(line);
        std::string field;

        while (std::getline(parts, field, ',')) {
            fields.push_back(field);
        }
        rows.push_back(fields);
    }
    return rows;
}

uint64_t number(const std::string &text)
{
    return std::strtoull(text.c_str(), nullptr, 0);
}

/** Values of one register in regs.json, snapshot by snapshot. */
std::vector<uint64_t> register_values(const std::string &name)
{
    std::ifstream file(recording + "regs.json");
    const std::string key = "\"" + name + "\": \"";
    std::vector<uint64_t> values;
    std::string line;

    while (std::getline(file, line)) {
        if (line.compare(0, key.size(), key) == 0) {
            values.push_back(number(line.substr(key.size())));
        }
    }
    return values;
}

struct Row {
    uint32_t sid;
    uint64_t iova;
    bool write;
    uint64_t pa;
};

struct Recording {
    std::string memory;                                           /**< pages */
    std::map<unsigned, std::map<uint64_t, int64_t>> page_numbers; /**< by snapshot and physical address */
    std::map<unsigned, std::vector<Row>> rows;                    /**< by snapshot */
    std::vector<uint64_t> table_base;
    std::vector<uint64_t> table_config;
};

Recording load()
{
    Recording r;

    r.memory = unzip("mem.bin.gz");
    for (const auto &fields : rows_of(unzip("mem.idx.gz"))) {
        r.page_numbers[static_cast<unsigned>(number(fields[0]))][number(fields[1])] = std::atoll(fields[2].c_str());
    }
    for (const auto &fields : rows_of(unzip("translations.csv.gz"))) {
        std::istringstream snapshots(fields[6]);
        std::string snapshot;

        while (std::getline(snapshots, snapshot, ';')) {
            r.rows[static_cast<unsigned>(number(snapshot))].push_back(
                {static_cast<uint32_t>(number(fields[0])), number(fields[1]), fields[2].find('w') != std::string::npos,
                 number(fields[3])});
        }
    }
    r.table_base = register_values("STRTAB_BASE");
    r.table_config = register_values("STRTAB_BASE_CFG");
    return r;
}

/** An SMMU whose walker sees one snapshot's memory. */
class Snapshot
{
  public:
    Snapshot(const Recording &recorded, unsigned snapshot)
    {
        sim_config sc = {};
        memory_config mc = {};
        smmu_config config;
        bus_connect_config deep = {};

        sim_ = sim_create(&sc);
        smmu_config_defaults(&config);
        smmu_ = smmu_create(sim_, "smmu", &config);
        mc.base = 0x40000000;
        mc.size = 0x20000000;
        mc.period = SIM_NS;
        mc.latency = 80 * SIM_NS;
        memory_ = memory_create(sim_, "dram", &mc);
        host_ = bus_driver_create(sim_, "host", SIM_NS);
        master_ = bus_driver_create(sim_, "master", SIM_NS);
        bus_driver_set_posted(master_, true);
        sink_ = posted_sink_create(sim_, "sink", SIM_NS, 10 * SIM_NS, 1 << 16);
        deep.request_capacity = 64;
        deep.response_capacity = 64;
        sim_bus_port port = bus_connect(sim_, "walker", smmu_component(smmu_), memory_component(memory_), &deep);
        smmu_bind_walker(smmu_, port);
        memory_bind(memory_, 0, port);
        port = bus_connect(sim_, "registers", bus_driver_component(host_), smmu_component(smmu_), nullptr);
        bus_driver_bind(host_, port);
        smmu_bind_registers(smmu_, port);
        port = bus_connect(sim_, "up", bus_driver_component(master_), smmu_component(smmu_), &deep);
        bus_driver_bind(master_, port);
        smmu_bind_upstream(smmu_, 0, port);
        port = bus_connect(sim_, "down", smmu_component(smmu_), posted_sink_component(sink_), &deep);
        posted_sink_bind(sink_, port);
        smmu_bind_downstream(smmu_, 0, port);
        for (const auto &page : recorded.page_numbers.at(snapshot)) {
            if (page.second >= 0 && memory_contains(memory_, page.first, 4096)) {
                memory_write(memory_, page.first, recorded.memory.data() + page.second * 4096, 4096);
            }
        }
        bus_driver_write(host_, 0, 0x80, recorded.table_base[snapshot], 8);
        bus_driver_write(host_, 0, 0x88, recorded.table_config[snapshot], 4);
        bus_driver_write(host_, 0, 0x20, 1, 4);
        run();
    }
    ~Snapshot()
    {
        sim_destroy(sim_);
    }
    Snapshot(const Snapshot &) = delete;
    Snapshot &operator=(const Snapshot &) = delete;

    uint32_t start(uint32_t sid, uint64_t address, bool write)
    {
        bus_driver_op op = {};

        op.type = write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
        op.address = address;
        op.length = 1;
        op.flags = SIM_FLAG_HAS_STREAM_ID;
        op.stream_id = sid;
        return bus_driver_add(master_, &op);
    }
    void run()
    {
        ASSERT_EQ(sim_run(sim_, SIM_S), SIM_RUN_DRAINED);
    }
    /** Where the requests that got through went, by packet identity. */
    std::map<uint64_t, uint64_t> arrivals() const
    {
        std::map<uint64_t, uint64_t> where;

        for (uint32_t i = 0; i < posted_sink_count(sink_); i++) {
            const posted_sink_seen *seen = posted_sink_get_seen(sink_, i);

            where[seen->id] = seen->address;
        }
        return where;
    }
    uint64_t id(uint32_t index) const
    {
        return bus_driver_get_result(master_, index)->id;
    }

  private:
    struct sim *sim_;
    struct smmu *smmu_;
    struct memory *memory_;
    bus_driver *host_;
    bus_driver *master_;
    posted_sink *sink_;
};

class Corpus : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!std::ifstream(recording + "regs.json")) {
            GTEST_SKIP() << "no corpus of recordings at " << recording;
        }
        recorded_ = load();
        if (recorded_.memory.empty()) {
            GTEST_SKIP() << "the gzip program is absent";
        }
    }

    Recording recorded_;
};

TEST_F(Corpus, EveryTranslationOfEverySnapshot)
{
    uint64_t checked = 0;

    ASSERT_EQ(recorded_.table_base.size(), recorded_.page_numbers.size());
    for (const auto &snapshot : recorded_.rows) {
        Snapshot s(recorded_, snapshot.first);
        std::vector<uint32_t> index;
        unsigned wrong = 0;

        for (const Row &row : snapshot.second) {
            index.push_back(s.start(row.sid, row.iova, row.write));
        }
        s.run();
        const std::map<uint64_t, uint64_t> arrivals = s.arrivals();
        for (size_t i = 0; i < index.size(); i++) {
            const auto arrival = arrivals.find(s.id(index[i]));
            const Row &row = snapshot.second[i];

            if (arrival == arrivals.end() || arrival->second != row.pa) {
                wrong++;
                EXPECT_LT(wrong, 10u) << "snapshot " << snapshot.first << " SID " << std::hex << row.sid << " IOVA "
                                      << row.iova << " should be " << row.pa;
                if (wrong >= 10) {
                    break;
                }
            }
            checked++;
        }
        EXPECT_EQ(wrong, 0u);
    }
    EXPECT_GT(checked, 16000u);
    RecordProperty("translations", std::to_string(checked));
}

/* What is mapped read-only or not at all does not get through. */
TEST_F(Corpus, NothingElseGetsThrough)
{
    unsigned read_only = 0;

    for (const auto &snapshot : recorded_.rows) {
        Snapshot s(recorded_, snapshot.first);
        std::vector<uint32_t> index;

        for (const Row &row : snapshot.second) {
            if (!row.write) {
                index.push_back(s.start(row.sid, row.iova, true));
                read_only++;
            }
            /* Pages that nothing in this recording maps. */
            index.push_back(s.start(row.sid, row.iova ^ UINT64_C(1) << 40, false));
            index.push_back(s.start(row.sid + 0x4000, row.iova, false));
        }
        s.run();
        const std::map<uint64_t, uint64_t> arrivals = s.arrivals();
        for (uint32_t i : index) {
            EXPECT_EQ(arrivals.count(s.id(i)), 0u);
        }
    }
    EXPECT_GT(read_only, 100u);
}

} // namespace
