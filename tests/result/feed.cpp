#include "tests/result/feed.h"

#include "report/run_json.h"

#include <cstdlib>

namespace feed
{

static sim_time sleep_on(sim_component *, sim_time)
{
    return SIM_TIME_NEVER;
}

sim_packet msi(uint64_t id, uint32_t source, sim_time born)
{
    sim_packet packet = {};
    packet.id = id;
    packet.source = source;
    packet.born = born;
    packet.type = SIM_PACKET_WRITE;
    packet.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
    return packet;
}

sim_packet with_trail(sim_packet packet, const std::vector<std::pair<uint32_t, sim_time>> &trail)
{
    packet.trail_count = 0;
    for (const auto &mark : trail) {
        packet.trail[packet.trail_count].stage = mark.first;
        packet.trail[packet.trail_count].end = mark.second;
        packet.trail_count++;
    }
    return packet;
}

Feed::Feed(sim_time start, sim_time warmup, sim_time duration, sim_time made_at)
{
    const sim_config config = {};
    const uint32_t device_of[] = {0, 0, 1};
    simulation = sim_create(&config);
    for (unsigned i = 1; i <= STAGES; i++) {
        sim_stage_register(simulation, ("s" + std::to_string(i)).c_str());
    }
    for (unsigned i = 0; i < COMPONENTS; i++) {
        sim_component_init(&components[i], simulation, ("c" + std::to_string(i)).c_str(), 1000, sleep_on);
    }
    if (made_at > 0) {
        sim_wake(&components[0], made_at);
        sim_run(simulation, made_at);
    }
    observer = collector_create(simulation, device_of, 3, 2);
    collector_start(observer, start, warmup, duration);
}

Feed::~Feed()
{
    run_result_clear(&result);
    collector_destroy(observer);
    sim_destroy(simulation);
}

void Feed::tell(const Event &event)
{
    sim_event(simulation, event.kind, &event.packet, &components[event.where], event.time, event.detail);
}

void Feed::tell(sim_event_kind kind, const sim_packet &packet, sim_time time, unsigned where, uint32_t detail)
{
    sim_event(simulation, kind, &packet, &components[where], time, detail);
}

void Feed::tell(const std::vector<Event> &events)
{
    for (const Event &event : events) {
        tell(event);
    }
}

void Feed::whole(uint64_t id, uint32_t source, sim_time born, sim_time delivered)
{
    sim_packet packet = with_trail(msi(id, source, born), {{1, delivered}});
    tell(SIM_EVENT_MSI_BORN, packet, born);
    tell(SIM_EVENT_MSI_DELIVERED, packet, delivered);
}

uint64_t Feed::outstanding() const
{
    return collector_outstanding(observer);
}

const run_result &Feed::finish()
{
    if (!finished) {
        result.device_count = 2;
        result.devices = static_cast<run_device *>(calloc(2, sizeof(run_device)));
        collector_finish(observer, &result);
        finished = true;
    }
    return result;
}

std::string Feed::document()
{
    finish();
    json_t *object = run_json(&result);
    char *text = json_dumps(object, JSON_INDENT(1));
    std::string document = text;
    // What the document does not show.
    for (size_t i = 0; i < result.device_count; i++) {
        const run_device &device = result.devices[i];
        for (const run_tally &tally : device.dropped) {
            document += "\n" + std::to_string(tally.first_packet) + " " + std::to_string(tally.first_time);
        }
        document += "\n" + std::to_string(device.order_violations.first_packet) + " " +
                    std::to_string(device.order_violations.first_time);
        for (size_t j = 0; j < device.peer_count; j++) {
            document += "\n" + std::to_string(device.peers[j].tally.first_packet);
        }
    }
    free(text);
    json_decref(object);
    return document;
}

} // namespace feed
