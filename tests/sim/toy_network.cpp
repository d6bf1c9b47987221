#include "toy_network.h"

namespace
{

uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

void on_mark(void *context, const sim_packet *packet, uint32_t stage, sim_time begin, sim_time end)
{
    auto *network = static_cast<toy_network *>(context);
    const char *name = sim_stage_name(network->simulation, stage);

    network->fingerprint += mix(packet->id ^ mix(sim_name_hash(name)) ^ mix(begin) ^ mix(end + 1));
    network->marks++;
}

sim_time evaluate_source(sim_component *component, sim_time now)
{
    auto *source = reinterpret_cast<toy_source *>(component);

    if (source->sent == source->limit) {
        return SIM_TIME_NEVER;
    }
    if (source->next_birth > now) {
        return sim_component_edge(component, source->next_birth);
    }
    uint32_t units = sim_channel_units(source->bytes);
    if (!sim_channel_has_space(source->out, now, 0, units)) {
        return sim_channel_space_at(source->out, now, 0, units);
    }
    sim_packet *packet = sim_packet_new(component->sim, source->bytes);
    packet->id = sim_packet_identity(source->hash, source->sent);
    packet->flags = SIM_FLAG_TRACKED;
    packet->born = source->next_birth;
    packet->last_mark = source->next_birth;
    packet->target = static_cast<uint16_t>(sim_random_below(&source->random, 4));
    sim_channel_push(source->out, packet, now, 0, units, source->bytes + 24, 24);
    source->sent++;
    source->next_birth = source->mean > 0 ? source->next_birth + sim_random_exponential(&source->random, source->mean)
                                          : now + component->period;
    return sim_component_edge(component, source->next_birth);
}

/** One output: takes a packet from the first input, in round-robin order, whose head goes there. */
sim_time serve_output(toy_router *router, size_t output, std::vector<bool> &popped, sim_time now)
{
    sim_channel *out = (*router->outputs)[output];
    size_t inputs = router->inputs->size();
    size_t &pointer = (*router->pointers)[output];

    for (size_t k = 0; k < inputs; k++) {
        size_t input = (pointer + k) % inputs;
        sim_packet *packet = popped[input] ? nullptr : sim_channel_peek((*router->inputs)[input], now);

        if (packet == nullptr || packet->target % router->outputs->size() != output) {
            continue;
        }
        uint32_t units = sim_channel_units(packet->length);
        if (!sim_channel_has_space(out, now, router->service, units)) {
            return sim_channel_space_at(out, now, router->service, units);
        }
        sim_channel_pop((*router->inputs)[input], now);
        sim_channel_push(out, packet, now, router->service, units, packet->length + 24, 24);
        popped[input] = true;
        pointer = (input + 1) % inputs;
        return now; /* another head may want this output: look again at the next edge */
    }
    return SIM_TIME_NEVER;
}

sim_time evaluate_router(sim_component *component, sim_time now)
{
    auto *router = reinterpret_cast<toy_router *>(component);
    std::vector<bool> popped(router->inputs->size(), false);
    sim_time due = SIM_TIME_NEVER;

    for (size_t output = 0; output < router->outputs->size(); output++) {
        due = sim_time_min(due, serve_output(router, output, popped, now));
    }
    for (size_t input = 0; input < router->inputs->size(); input++) {
        sim_time arrival = sim_channel_next_arrival((*router->inputs)[input]);

        /* A head that has arrived but was not served waits for its output, unless a pop uncovered it just now. */
        if (arrival > now || popped[input]) {
            due = sim_time_min(due, arrival);
        }
    }
    return due;
}

sim_time evaluate_sink(sim_component *component, sim_time now)
{
    auto *sink = reinterpret_cast<toy_sink *>(component);
    sim_time due = SIM_TIME_NEVER;

    if (sink->busy_until <= now) {
        for (size_t k = 0; k < sink->inputs->size(); k++) {
            size_t input = (sink->pointer + k) % sink->inputs->size();
            sim_packet *packet = sim_channel_peek((*sink->inputs)[input], now);

            if (packet == nullptr) {
                continue;
            }
            sim_channel_pop((*sink->inputs)[input], now);
            sink->busy_until = sim_component_edge(component, now + sink->service);
            sim_mark(component->sim, packet, component->stage, sink->busy_until);
            sim_packet_free(component->sim, packet);
            sink->received++;
            sink->pointer = (input + 1) % sink->inputs->size();
            break;
        }
    }
    for (sim_channel *input : *sink->inputs) {
        due = sim_time_min(due, sim_channel_next_arrival(input));
    }
    return due == SIM_TIME_NEVER ? due : sim_time_max(due, sink->busy_until);
}

} // namespace

sim_channel *toy_network::join(sim_component *writer, sim_component *reader, sim_time latency)
{
    std::string name = std::string(writer->name) + " -> " + reader->name;
    sim_channel_config config = {};

    config.name = name.c_str();
    config.writer = writer;
    config.reader = reader;
    config.latency = latency;
    config.credit_latency = latency;
    config.capacity = settings.capacity;
    config.units = settings.units;
    if (settings.wires) {
        wires.push_back(std::make_unique<sim_wire>());
        wires.back()->fs_per_byte = (uint64_t{31738} << SIM_WIRE_FRACTION_BITS) + 12345;
        config.wire = wires.back().get();
    }
    return sim_channel_create(simulation, &config);
}

toy_network::toy_network(const toy_parameters &parameters) : settings(parameters)
{
    const sim_time periods[] = {1 * SIM_NS, 769231, 500 * SIM_PS, 250 * SIM_PS};
    sim_config config = {};
    sim_observer observer = {};

    config.engine = parameters.engine;
    config.ops = parameters.ops;
    config.seed = parameters.seed;
    config.shuffle = parameters.shuffle;
    config.shuffle_seed = parameters.shuffle_seed;
    config.queue_shift = parameters.queue_shift;
    config.queue_slots_log2 = parameters.queue_slots_log2;
    simulation = sim_create(&config);
    for (unsigned i = 0; i < 4; i++) {
        std::string name = "source" + std::to_string(i);
        auto source = std::make_unique<toy_source>();

        sim_component_init(&source->component, simulation, name.c_str(), periods[i], evaluate_source);
        sim_random_init(&source->random, parameters.seed, name.c_str());
        source->hash = sim_name_hash(name.c_str());
        source->mean = parameters.mean;
        source->limit = parameters.limit;
        source->bytes = 16u << i;
        sources.push_back(std::move(source));
    }
    for (unsigned i = 0; i < 4; i++) {
        std::string name = "router" + std::to_string(i);
        auto router = std::make_unique<toy_router>();

        sim_component_init(&router->component, simulation, name.c_str(), periods[(i + 1) % 4], evaluate_router);
        channel_lists.push_back(std::make_unique<std::vector<sim_channel *>>());
        router->inputs = channel_lists.back().get();
        channel_lists.push_back(std::make_unique<std::vector<sim_channel *>>());
        router->outputs = channel_lists.back().get();
        pointer_lists.push_back(std::make_unique<std::vector<size_t>>());
        router->pointers = pointer_lists.back().get();
        router->service = i * 7 * SIM_NS + i * 13;
        routers.push_back(std::move(router));
    }
    for (unsigned i = 0; i < 4; i++) {
        std::string name = "sink" + std::to_string(i);
        auto sink = std::make_unique<toy_sink>();

        sim_component_init(&sink->component, simulation, name.c_str(), periods[(i + 2) % 4], evaluate_sink);
        channel_lists.push_back(std::make_unique<std::vector<sim_channel *>>());
        sink->inputs = channel_lists.back().get();
        sink->service = 40 * SIM_NS;
        sinks.push_back(std::move(sink));
    }
    for (unsigned i = 0; i < 4; i++) {
        toy_router *first = routers[i / 2].get();

        sources[i]->out = join(&sources[i]->component, &first->component, 3 * SIM_NS + i);
        first->inputs->push_back(sources[i]->out);
    }
    for (unsigned i = 0; i < 4; i++) {
        toy_router *first = routers[i / 2].get();
        toy_router *second = routers[2 + i % 2].get();
        sim_channel *channel = join(&first->component, &second->component, 100 * SIM_NS);

        first->outputs->push_back(channel);
        first->pointers->push_back(0);
        second->inputs->push_back(channel);
    }
    for (unsigned i = 0; i < 4; i++) {
        toy_router *second = routers[2 + i % 2].get();
        sim_channel *channel = join(&second->component, &sinks[i]->component, 1);

        second->outputs->push_back(channel);
        second->pointers->push_back(0);
        sinks[i]->inputs->push_back(channel);
    }
    for (auto &source : sources) {
        sim_wake(&source->component, source->component.period);
    }
    observer.context = this;
    observer.mark = on_mark;
    sim_observe(simulation, &observer);
}

toy_network::~toy_network()
{
    sim_destroy(simulation);
}

sim_run_result toy_network::run(sim_time end)
{
    return sim_run(simulation, end);
}

uint64_t toy_network::received() const
{
    uint64_t count = 0;

    for (const auto &sink : sinks) {
        count += sink->received;
    }
    return count;
}
