/*
 * A small system around one SMMU: a scripted master on each upstream port, a sink beyond each downstream port, memory
 * at the walker port, and a scripted master for the registers. And builders of what software puts into memory; they
 * place bits by the numbers of the specification, not by the model's own definitions, so that the two check each
 * other.
 */
#ifndef DOORBELL_TESTS_SMMUV3_SMMU_SYSTEM_H
#define DOORBELL_TESTS_SMMUV3_SMMU_SYSTEM_H

#include "models/memory/memory.h"
#include "models/smmuv3/smmu.h"
#include "tests/smmuv3/posted_sink.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/bus_target.h"
#include "tests/support/marks.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace smmu_test
{

/** Sets bits low .. low + width - 1 of a structure of 64-bit words. */
void set_bits(uint64_t *words, unsigned low, unsigned width, uint64_t value);
uint64_t get_bits(const uint64_t *words, unsigned low, unsigned width);

/** A stream table entry; the default is a stage-1 one. */
struct Ste {
    unsigned v = 1;
    unsigned config = 5;
    unsigned s1fmt = 0;
    uint64_t s1contextptr = 0;
    unsigned s1cdmax = 0;
    unsigned s1dss = 0;
    unsigned ppar = 0;
    unsigned mev = 0;
    unsigned s1stalld = 0;
    unsigned eats = 0;
    unsigned strw = 0;
    unsigned s2vmid = 1;
    unsigned s2t0sz = 0;
    unsigned privcfg = 0;
    unsigned instcfg = 0;
    unsigned s2sl0 = 0;
    unsigned s2tg = 0;
    unsigned s2ps = 0;
    unsigned s2aa64 = 0;
    unsigned s2endi = 0;
    unsigned s2affd = 0;
    unsigned s2ptw = 0;
    unsigned s2hd = 0;
    unsigned s2ha = 0;
    unsigned s2s = 0;
    unsigned s2r = 0;
    uint64_t s2ttb = 0;

    std::array<uint64_t, 8> words() const;
};

/** A context descriptor; the default has a 48-bit lower half. */
struct Cd {
    unsigned v = 1;
    unsigned aa64 = 1;
    unsigned t0sz = 16;
    unsigned tg0 = 0;
    unsigned epd0 = 0;
    unsigned t1sz = 0;
    unsigned tg1 = 0;
    unsigned epd1 = 1;
    unsigned ips = 5;
    unsigned affd = 0;
    unsigned wxn = 0;
    unsigned tbi = 0;
    unsigned pan = 0;
    unsigned endi = 0;
    unsigned ha = 0;
    unsigned hd = 0;
    unsigned s = 0;
    unsigned r = 1;
    unsigned a = 1;
    unsigned asid = 7;
    uint64_t ttb0 = 0;
    uint64_t ttb1 = 0;

    std::array<uint64_t, 8> words() const;
};

/** A leaf mapping. */
struct Leaf {
    bool writable = true;
    bool af = true;
    bool el0 = true;
    bool xn = false;
    bool ng = true;
};

/** A transaction at the SMMU's input. */
struct Txn {
    uint32_t sid = 0x10;
    int64_t ssid = -1; /**< negative: none */
    uint64_t addr = 0;
    char op = 'R'; /**< R, W, or X for an instruction read */
    uint32_t size = 4;
    bool priv = false;
    bool no_write = false; /**< translation request: NW */
    uint8_t at = SIM_AT_UNTRANSLATED;
    bool has_stream_id = true;
    uint32_t port = 0;
    sim_time when = 0; /**< not before */
};

enum class Outcome { pending, ok, abort, raz, dropped, unsupported };

struct TxnResult {
    Outcome outcome = Outcome::pending;
    uint64_t pa = 0;
    uint64_t value = 0;  /**< of a read */
    sim_time issued = 0; /**< edge at which the master pushed it */
    sim_time left = 0;   /**< edge at which the sink took it */
    sim_time answered = 0;
    uint64_t id = 0;
};

/** An event record, unpacked by the specification's bit numbers. */
struct Event {
    std::array<uint64_t, 4> words;

    unsigned type() const
    {
        return static_cast<unsigned>(get_bits(words.data(), 0, 8));
    }
    uint64_t bits(unsigned low, unsigned width) const
    {
        return get_bits(words.data(), low, width);
    }
    uint32_t sid() const
    {
        return static_cast<uint32_t>(bits(32, 32));
    }
    bool ssv() const
    {
        return bits(11, 1) != 0;
    }
    uint32_t ssid() const
    {
        return static_cast<uint32_t>(bits(12, 20));
    }
    uint64_t address() const
    {
        return words[2];
    }
    uint64_t fetch_address() const
    {
        return words[3] & UINT64_C(0x00fffffffffffff8);
    }
};

class System
{
  public:
    using Tweak = std::function<void(smmu_config &)>;

    static constexpr uint64_t memory_base = 0x10000000;
    static constexpr uint64_t memory_size = 0x10000000;
    static constexpr uint64_t nowhere = 0x60000000; /**< outside the memory: accesses abort */
    static constexpr uint64_t register_base = 0x09050000;
    static constexpr sim_time period = SIM_NS;
    static constexpr sim_time memory_latency = 80 * SIM_NS;
    static constexpr sim_time read_latency = 50 * SIM_NS;

    explicit System(const support::Engine &engine, const Tweak &tweak = {}, bool tracked = true,
                    sim_time latency = memory_latency);
    ~System();
    System(const System &) = delete;
    System &operator=(const System &) = delete;

    /** Runs until nothing is left to do. */
    void run();

    /* Registers. */
    uint64_t read(uint32_t offset, uint32_t bytes = 4);
    uint8_t write(uint32_t offset, uint64_t value, uint32_t bytes = 4);

    /** As a driver would: linear table of 2^8, RECINVSID, 256 commands, 128 events; then CR0 = @p cr0. */
    void enable(uint32_t cr0 = 0xd);
    /** The same with a two-level stream table. */
    void enable_two_level(unsigned split, unsigned log2size);

    /* Memory. */
    uint64_t allocate(uint64_t bytes, uint64_t alignment = 4096);
    void put(uint64_t address, const uint64_t *words, size_t count);
    void set_ste(uint32_t sid, const Ste &ste);
    uint64_t make_cd_table(unsigned cds = 1);
    void set_cd(uint64_t table, unsigned index, const Cd &cd);
    uint64_t make_table();
    /** Maps one page or block (size 4 KiB, 2 MiB, 1 GiB) below a level-0 table. */
    void map(uint64_t root, uint64_t va, uint64_t pa, const Leaf &leaf = {}, uint64_t size = 0x1000,
             unsigned start_level = 0);
    /** Address of the descriptor that maps @p va at @p level; tables above must exist. */
    uint64_t descriptor(uint64_t root, uint64_t va, unsigned level, unsigned start_level = 0);
    void unmap(uint64_t root, uint64_t va);

    /**
     * Maps one page or block in tables of any granule.
     * @param granule log2  @param bits input bits  @param start level of the first table
     * @param leaf    what the descriptor holds besides its address, type and valid bit
     * @param size    log2 of the page or block
     * @param place   where a table that is made is written, as the SMMU reads it, from the address that tables hold
     */
    void map_any(uint64_t top, unsigned granule, unsigned bits, int start, uint64_t input, uint64_t output,
                 uint64_t leaf, unsigned size, const std::function<uint64_t(uint64_t)> &place = {});

    /** The base of most cases: SID 0x10 with one CD, mappings as in conformance/00-format.yaml. */
    void make_s1(const std::function<void(Ste &, Cd &)> &change = {});

    /* Requests. */
    uint32_t start(const Txn &txn);
    TxnResult result(uint32_t port, uint32_t index);
    TxnResult txn(const Txn &txn);

    /* Commands. */
    void append(uint64_t word0, uint64_t word1 = 0);
    void command(uint64_t word0, uint64_t word1 = 0, bool sync = false);
    void sync();

    /** Event records written since the last call; acknowledges them. */
    std::vector<Event> events();

    uint64_t counter(const std::string &name) const;

    /** Whether there is a link between TBUs and TCU. */
    bool distributed() const
    {
        return config.to_tcu_cycles > 0;
    }
    /** Hits of every TLB there is. */
    uint64_t tlb_hits() const
    {
        return counter("tlb-hits") + (distributed() ? counter("micro-tlb-hits") + counter("tbu-tlb-hits") : 0);
    }
    /** Whether the lowest tables of stage 1 are kept in a walk cache. */
    bool has_walk_caches() const
    {
        return config.walk_cache[0][2].entries > 0;
    }
    /** Runs cycle by cycle until something is so. */
    void run_until(const std::function<bool()> &is_so);

    struct sim *sim;
    smmu_config config;
    struct smmu *smmu;
    struct memory *memory;
    std::vector<bus_driver *> masters;
    std::vector<posted_sink *> sinks;
    bus_driver *host;
    support::MarkLog log;
    uint64_t stream_table = 0;
    uint64_t command_queue = 0;
    uint64_t event_queue = 0;
    unsigned command_bits = 8;
    unsigned event_bits = 7;
    uint64_t cd_table = 0; /**< of make_s1() */
    uint64_t root = 0;     /**< translation table of make_s1() */

  private:
    void make_queues();

    uint64_t next_free_ = memory_base;
    uint32_t flags_;
    uint32_t events_read_ = 0;
};

/** Runs a test body on every engine, plain and shuffled, and compares all marks and events with those of the first. */
void everywhere(const System::Tweak &tweak, const std::function<void(System &)> &body);
inline void everywhere(const std::function<void(System &)> &body)
{
    everywhere({}, body);
}

/* Commands as two words. */
inline uint64_t cfgi_ste(uint32_t sid)
{
    return UINT64_C(0x03) | static_cast<uint64_t>(sid) << 32;
}
inline uint64_t cfgi_cd(uint32_t sid, uint32_t ssid)
{
    return UINT64_C(0x05) | static_cast<uint64_t>(ssid) << 12 | static_cast<uint64_t>(sid) << 32;
}
inline uint64_t tlbi(unsigned opcode, unsigned asid, unsigned vmid = 1)
{
    return opcode | static_cast<uint64_t>(vmid) << 32 | static_cast<uint64_t>(asid) << 48;
}

} // namespace smmu_test

#endif
