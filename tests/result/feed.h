// A collector that is told what happened to packets, without any hardware.
#ifndef DOORBELL_TESTS_RESULT_FEED_H
#define DOORBELL_TESTS_RESULT_FEED_H

#include "result/collector.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace feed
{

// One thing that happens to one packet.
struct Event {
    sim_time time = 0;
    sim_event_kind kind = SIM_EVENT_MSI_BORN;
    sim_packet packet = {};
    unsigned where = 0; // index of a component of the feed
    uint32_t detail = 0;
};

// An MSI of a source, born at a time.
sim_packet msi(uint64_t id, uint32_t source, sim_time born);
// A packet with stages: each is (stage number, end).
sim_packet with_trail(sim_packet packet, const std::vector<std::pair<uint32_t, sim_time>> &trail);

constexpr unsigned COMPONENTS = 4; // "c0", "c1", ...
constexpr unsigned STAGES = 4;     // 1 to 4: "s1", ...

// Everything about one collector. Sources 1 and 2 belong to device 0, source 3 to device 1.
class Feed
{
  public:
    // The collector is made at a time of the simulation, which is a multiple of 1000 fs.
    Feed(sim_time start, sim_time warmup, sim_time duration, sim_time made_at = 0);
    ~Feed();
    Feed(const Feed &) = delete;
    Feed &operator=(const Feed &) = delete;

    void tell(const Event &event);
    void tell(sim_event_kind kind, const sim_packet &packet, sim_time time, unsigned where = 0, uint32_t detail = 0);
    void tell(const std::vector<Event> &events);
    // Born and delivered, through one stage.
    void whole(uint64_t id, uint32_t source, sim_time born, sim_time delivered);

    uint64_t outstanding() const;
    // Sums up; once.
    const run_result &finish();
    // The result as text, complete.
    std::string document();

  private:
    sim *simulation = nullptr;
    collector *observer = nullptr;
    sim_component components[COMPONENTS] = {};
    run_result result = {};
    bool finished = false;
};

} // namespace feed

#endif
