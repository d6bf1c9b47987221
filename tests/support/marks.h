/*
 * Observers for tests: everything that marks and events say, summed into a hash in which their order is irrelevant, and
 * kept in lists for tests that look closer. And the engine variants on which every test runs.
 */
#ifndef DOORBELL_TESTS_SUPPORT_MARKS_H
#define DOORBELL_TESTS_SUPPORT_MARKS_H

#include "sim/sim.h"

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace support
{

/** One way of running a simulation: all must give the same marks. */
struct Engine {
    const char *name;
    sim_engine_kind kind;
    bool shuffle;
    uint64_t shuffle_seed;
    const sim_engine_ops *ops = nullptr; // SIM_ENGINE_SYSTEMC: sim_systemc_engine()
};

/** How GoogleTest shows one. */
inline void PrintTo(const Engine &engine, std::ostream *out)
{
    *out << engine.name;
}

/** Native and every-cycle, plain and shuffled. The first is the reference. */
inline std::vector<Engine> engines()
{
    return {
        {"native", SIM_ENGINE_NATIVE, false, 0},
        {"native shuffled", SIM_ENGINE_NATIVE, true, 11},
        {"native shuffled again", SIM_ENGINE_NATIVE, true, 12},
        {"every-cycle", SIM_ENGINE_EVERY_CYCLE, false, 0},
        {"every-cycle shuffled", SIM_ENGINE_EVERY_CYCLE, true, 13},
        {"every-cycle shuffled again", SIM_ENGINE_EVERY_CYCLE, true, 14},
    };
}

/** A simulation on that engine. */
inline struct sim *create(const Engine &engine, uint64_t seed = 1)
{
    sim_config config = {};

    config.engine = engine.kind;
    config.seed = seed;
    config.shuffle = engine.shuffle;
    config.shuffle_seed = engine.shuffle_seed;
    config.ops = engine.ops;
    return sim_create(&config);
}

/** Listens to a simulation from its making to the simulation's end; must outlive the runs. */
class MarkLog
{
  public:
    struct Mark {
        uint64_t packet;
        std::string stage;
        sim_time begin;
        sim_time end;
    };
    struct Event {
        sim_event_kind kind;
        uint64_t packet;
        std::string where;
        sim_time time;
        uint32_t detail;
        uint32_t flags;
        uint64_t address;
        uint32_t device_id;
    };

    /** @param keep whether marks and events are kept one by one, or only hashed */
    explicit MarkLog(struct sim *sim, bool keep = true) : sim_(sim), keep_(keep)
    {
        sim_observer observer = {};

        observer.context = this;
        observer.mark = &MarkLog::on_mark;
        observer.event = &MarkLog::on_event;
        sim_observe(sim, &observer);
    }
    MarkLog(const MarkLog &) = delete;
    MarkLog &operator=(const MarkLog &) = delete;

    /** Sum of a hash of every (packet, stage, begin, end) and (event, packet, where, time, detail). */
    uint64_t hash() const
    {
        return hash_;
    }
    uint64_t mark_count() const
    {
        return mark_count_;
    }
    uint64_t event_count(sim_event_kind kind) const
    {
        return event_counts_[kind];
    }
    const std::vector<Mark> &marks() const
    {
        return marks_;
    }
    const std::vector<Event> &events() const
    {
        return events_;
    }

    /** Time booked for one packet, by stage name. */
    std::map<std::string, sim_time> stages_of(uint64_t packet) const
    {
        std::map<std::string, sim_time> stages;

        for (const Mark &mark : marks_) {
            if (mark.packet == packet) {
                stages[mark.stage] += mark.end - mark.begin;
            }
        }
        return stages;
    }

    /** Time booked for one packet in all. */
    sim_time total_of(uint64_t packet) const
    {
        sim_time total = 0;

        for (const auto &stage : stages_of(packet)) {
            total += stage.second;
        }
        return total;
    }

  private:
    static uint64_t mix(uint64_t hash, uint64_t value)
    {
        hash = (hash ^ value) * UINT64_C(0xff51afd7ed558ccd);
        return hash ^ (hash >> 32);
    }

    static void on_mark(void *context, const sim_packet *packet, uint32_t stage, sim_time begin, sim_time end)
    {
        auto *log = static_cast<MarkLog *>(context);
        const char *name = sim_stage_name(log->sim_, stage);
        uint64_t hash = mix(mix(mix(mix(1, packet->id), sim_name_hash(name)), begin), end);

        log->hash_ += hash;
        log->mark_count_++;
        if (log->keep_) {
            log->marks_.push_back({packet->id, name, begin, end});
        }
    }

    static void on_event(void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *where,
                         sim_time time, uint32_t detail)
    {
        auto *log = static_cast<MarkLog *>(context);
        uint64_t hash = mix(mix(mix(mix(2, packet->id), sim_name_hash(where->name)), time), detail);

        log->hash_ += mix(hash, static_cast<uint64_t>(kind));
        log->event_counts_[kind]++;
        if (log->keep_) {
            log->events_.push_back(
                {kind, packet->id, where->name, time, detail, packet->flags, packet->address, packet->device_id});
        }
    }

    struct sim *sim_;
    bool keep_;
    uint64_t hash_ = 0;
    uint64_t mark_count_ = 0;
    uint64_t event_counts_[SIM_EVENT_KINDS] = {};
    std::vector<Mark> marks_;
    std::vector<Event> events_;
};

} // namespace support

#endif
