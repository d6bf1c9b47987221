/*
 * A network of toy components for the engine's tests: sources with Poisson or back-to-back arrivals, round-robin
 * routers, sinks with a service time, finite buffers on every hop, several clocks. Its parameters can be driven into
 * overload, where lost wake-ups and credit mistakes show.
 */
#ifndef DOORBELL_TESTS_TOY_NETWORK_H
#define DOORBELL_TESTS_TOY_NETWORK_H

#include "sim/sim.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct toy_source {
    sim_component component;
    sim_random random;
    sim_channel *out;
    sim_time mean; /**< between births; 0: as fast as the channel takes them */
    sim_time next_birth;
    uint32_t hash;
    uint32_t sent;
    uint32_t limit;
    uint32_t bytes;
};

struct toy_router {
    sim_component component;
    std::vector<sim_channel *> *inputs;
    std::vector<sim_channel *> *outputs;
    std::vector<size_t> *pointers; /**< round-robin pointer of each output */
    sim_time service;
};

struct toy_sink {
    sim_component component;
    std::vector<sim_channel *> *inputs;
    size_t pointer;
    sim_time service;
    sim_time busy_until;
    uint64_t received;
};

struct toy_parameters {
    sim_engine_kind engine = SIM_ENGINE_NATIVE;
    const sim_engine_ops *ops = nullptr;
    bool shuffle = false;
    uint64_t shuffle_seed = 0;
    unsigned queue_shift = 0;
    unsigned queue_slots_log2 = 0;
    uint64_t seed = 7;
    sim_time mean = 200 * SIM_NS;
    uint32_t limit = 500; /**< packets a source */
    uint32_t capacity = 2;
    uint32_t units = 0;
    bool wires = true;
};

/** Two stages of two routers each between four sources and four sinks, every source to every sink. */
class toy_network
{
  public:
    explicit toy_network(const toy_parameters &parameters);
    ~toy_network();
    toy_network(const toy_network &) = delete;
    toy_network &operator=(const toy_network &) = delete;

    sim_run_result run(sim_time end = SIM_TIME_NEVER);

    sim *simulation;
    uint64_t fingerprint = 0; /**< sum over every mark of a hash of (packet, stage, end) */
    uint64_t marks = 0;
    uint64_t received() const;
    std::vector<std::unique_ptr<toy_source>> sources;
    std::vector<std::unique_ptr<toy_router>> routers;
    std::vector<std::unique_ptr<toy_sink>> sinks;

  private:
    sim_channel *join(sim_component *writer, sim_component *reader, sim_time latency);
    std::vector<std::unique_ptr<std::vector<sim_channel *>>> channel_lists;
    std::vector<std::unique_ptr<std::vector<size_t>>> pointer_lists;
    std::vector<std::unique_ptr<sim_wire>> wires;
    toy_parameters settings;
};

#endif
