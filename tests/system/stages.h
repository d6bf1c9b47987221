/*
 * The unloaded latency of an MSI, worked out from a scenario's numbers and from what the models' headers document. Not
 * a line of it runs the simulator.
 *
 * Times are absolute: a component acts on edges of its clock, so a time is rounded up to an edge of whoever acts next.
 */
#ifndef DOORBELL_TESTS_SYSTEM_STAGES_H
#define DOORBELL_TESTS_SYSTEM_STAGES_H

#include "scenario/scenario.h"

#include <string>
#include <vector>

namespace system_test
{

/** One hop: the stage's name as reports call it, and its time in femtoseconds. */
struct Stage {
    std::string name;
    sim_time time;
};

/**
 * The stages of a lone MSI of function 0 of an endpoint, in order.
 * @param pe   the PE that it is for: the redistributor's number
 * @param born when; an edge of the endpoint's clock
 * @param cold_levels levels of the ITS's device table, a choice of software's, if no cache of the path holds what the
 *                    MSI needs; 0 if all do
 */
std::vector<Stage> unloaded_stages(const struct scenario *scenario, const struct scenario_device *endpoint, unsigned pe,
                                   sim_time born, unsigned cold_levels = 0);

/** The sum of them. */
sim_time sum_of(const std::vector<Stage> &stages);

} // namespace system_test

#endif
