/*
 * What stands at the ports of a unit under test: memory that answers its own accesses, a device that sends requests,
 * and whatever lies beyond. They note all they see.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_PORTS_H
#define DOORBELL_TESTS_CONFORMANCE_PORTS_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace conformance
{

struct Range {
    uint64_t base;
    uint64_t size;
};

struct MemoryWrite {
    uint64_t address;
    uint32_t size;
    uint64_t value; /**< the first 8 bytes */
};

/** An empty simulation on the engine that the options `engine` and `shuffle` name; CaseError for a wrong one. */
struct sim *make_sim(const std::map<std::string, std::string> &options);

/** A component whose evaluate is a member function. */
class Part
{
  public:
    Part(struct sim *sim, const char *name, sim_time period);
    virtual ~Part() = default;
    Part(const Part &) = delete;
    Part &operator=(const Part &) = delete;

    struct sim_component *component()
    {
        return &hook_->component;
    }

  protected:
    virtual sim_time evaluate(sim_time now) = 0;

    struct Hook {
        struct sim_component component;
        Part *part;
    };
    Hook *hook_; /**< the simulation's memory */

  private:
    static sim_time call(struct sim_component *component, sim_time now);
};

/** Sparse memory at a target port: zero until written, with regions that answer with an abort. */
class MemoryPort : public Part
{
  public:
    MemoryPort(struct sim *sim, const char *name, sim_time period, sim_time latency);

    void bind(struct sim_bus_port port)
    {
        port_ = port;
    }
    void read(uint64_t address, void *to, size_t bytes) const;
    void write(uint64_t address, const void *from, size_t bytes);
    uint64_t read64(uint64_t address) const;
    void write64(uint64_t address, uint64_t value);

    std::vector<Range> aborts;       /**< accesses that touch one of these fail */
    std::vector<MemoryWrite> writes; /**< by the unit, in order, those that failed left out */
    /** Called at each write by the unit, after it was done. */
    std::function<void(const MemoryWrite &)> on_write;

  protected:
    sim_time evaluate(sim_time now) override;

  private:
    bool is_aborted(uint64_t address, uint64_t bytes) const;
    void serve(struct sim_packet *packet);

    struct sim_bus_port port_ = {};
    sim_time latency_;
    std::map<uint64_t, std::array<uint8_t, 4096>> pages_;
};

/** What lies beyond: takes requests, drops writes, answers reads with a pattern of the address. */
class SinkPort : public Part
{
  public:
    struct Seen {
        uint64_t id;
        uint8_t type;
        uint64_t address;
        uint64_t value; /**< of a write: the first 8 bytes */
    };

    SinkPort(struct sim *sim, const char *name, sim_time period, sim_time latency);

    void bind(struct sim_bus_port port)
    {
        port_ = port;
    }

    std::vector<Seen> seen;

  protected:
    sim_time evaluate(sim_time now) override;

  private:
    struct sim_bus_port port_ = {};
    sim_time latency_;
};

/** A device upstream: sends packets in order, keeps what comes back. */
class DevicePort : public Part
{
  public:
    struct Request {
        uint8_t type = SIM_PACKET_READ;
        uint64_t address = 0;
        uint32_t length = 4;
        uint64_t value = 0;
        uint32_t flags = 0;
        uint32_t stream_id = 0;
        uint32_t device_id = 0;
        uint32_t pasid = 0;
        uint16_t requester = 0;
        uint16_t target = 0;
        uint16_t tag = 0;
        bool own_tag = false; /**< `tag` is part of what is said, not a number to find the answer by */
        uint8_t at = SIM_AT_UNTRANSLATED;
        uint8_t operation = 0;
        uint8_t status = 0;
        uint32_t arg = 0;
        std::vector<uint8_t> data;
    };
    struct Answer {
        uint8_t type;
        uint8_t status;
        std::vector<uint8_t> data;
    };
    /** A packet that answers none of the requests. */
    struct Message {
        uint8_t type;
        uint8_t operation;
        uint8_t status;
        uint32_t flags;
        uint64_t address;
        uint32_t stream_id;
        uint32_t pasid;
        uint16_t target;
        uint16_t requester;
        uint16_t tag;
        uint32_t arg;
        std::vector<uint8_t> data;
    };

    DevicePort(struct sim *sim, const char *name, sim_time period);

    void bind(struct sim_bus_port port)
    {
        port_ = port;
    }
    /** The least time from one packet to the next. */
    void set_gap(sim_time gap)
    {
        gap_ = gap;
    }
    /** Queues a packet. @return its identity, by which the answer is found */
    uint64_t send(const Request &request);
    /** NULL if there was none. */
    const Answer *answer(uint64_t id) const;

    std::vector<Message> messages;
    /** Called for each, in evaluate; may send. */
    std::function<void(const Message &)> on_message;

  protected:
    sim_time evaluate(sim_time now) override;

  private:
    void take(struct sim_packet *packet, sim_time now);
    struct sim_packet *make(const Request &request, uint64_t id, sim_time now);

    struct sim_bus_port port_ = {};
    uint32_t name_hash_;
    uint32_t sent_ = 0;
    sim_time gap_ = 0;
    sim_time next_ = 0; /**< the next packet goes no earlier */
    bool evaluating_ = false;
    std::deque<std::pair<uint64_t, Request>> queue_;
    std::map<uint64_t, Answer> answers_;
};

} // namespace conformance

#endif
