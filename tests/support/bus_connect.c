#include "tests/support/bus_connect.h"

#define DEFAULT_CAPACITY 4

struct sim_bus_port bus_connect(struct sim *sim, const char *name, struct sim_component *master,
                                struct sim_component *target, const struct bus_connect_config *config)
{
    static const struct bus_connect_config all_defaults = {0};
    const struct bus_connect_config *given = config != NULL ? config : &all_defaults;
    struct sim_channel_config request = {
        .name = sim_printf(sim, "%s.req", name),
        .writer = master,
        .reader = target,
        .latency = given->request_latency,
        .credit_latency = given->request_credit_latency,
        .capacity = given->request_capacity > 0 ? given->request_capacity : DEFAULT_CAPACITY,
    };
    struct sim_channel_config response = {
        .name = sim_printf(sim, "%s.rsp", name),
        .writer = target,
        .reader = master,
        .latency = given->response_latency,
        .credit_latency = given->response_credit_latency,
        .capacity = given->response_capacity > 0 ? given->response_capacity : DEFAULT_CAPACITY,
    };

    return (struct sim_bus_port){
        .request = sim_channel_create(sim, &request),
        .response = sim_channel_create(sim, &response),
    };
}
