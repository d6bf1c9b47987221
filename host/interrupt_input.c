#include "host/interrupt_input.h"

struct bound {
    struct sim_channel *channel;
    unsigned wire;
    struct bound *next;
};

struct interrupt_input {
    struct sim_component component;
    struct bound *bound;
    uint64_t raised;
};

static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct interrupt_input *input = (struct interrupt_input *)component;
    sim_time due = SIM_TIME_NEVER;

    for (const struct bound *each = input->bound; each != NULL; each = each->next) {
        if (sim_channel_peek(each->channel, now) != NULL) {
            sim_packet_free(component->sim, sim_channel_pop(each->channel, now));
            input->raised |= UINT64_C(1) << each->wire;
            sim_request_stop(component->sim);
        }
        due = sim_time_min(due, sim_channel_next_arrival(each->channel));
    }
    return due;
}

struct interrupt_input *interrupt_input_create(struct sim *sim, const char *name, sim_time period)
{
    struct interrupt_input *input = sim_alloc(sim, sizeof(*input));

    sim_component_init(&input->component, sim, name, period, evaluate);
    return input;
}

struct sim_component *interrupt_input_component(struct interrupt_input *input)
{
    return &input->component;
}

void interrupt_input_bind(struct interrupt_input *input, unsigned wire, struct sim_channel *channel)
{
    struct bound *made = sim_alloc(input->component.sim, sizeof(*made));

    made->channel = channel;
    made->wire = wire;
    made->next = input->bound;
    input->bound = made;
}

uint64_t interrupt_input_take(struct interrupt_input *input)
{
    const uint64_t raised = input->raised;

    input->raised = 0;
    return raised;
}
