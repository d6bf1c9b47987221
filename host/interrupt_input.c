#include "host/interrupt_input.h"

struct interrupt_input {
    struct sim_component component;
    struct sim_channel *wires[INTERRUPT_INPUT_WIRES];
    unsigned wire_count; /**< the highest that is bound, and one more */
    uint64_t raised;
};

static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct interrupt_input *input = (struct interrupt_input *)component;
    sim_time due = SIM_TIME_NEVER;

    for (unsigned i = 0; i < input->wire_count; i++) {
        if (input->wires[i] == NULL) {
            continue;
        }
        if (sim_channel_peek(input->wires[i], now) != NULL) {
            sim_packet_free(component->sim, sim_channel_pop(input->wires[i], now));
            input->raised |= UINT64_C(1) << i;
            sim_request_stop(component->sim);
        }
        due = sim_time_min(due, sim_channel_next_arrival(input->wires[i]));
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
    input->wires[wire] = channel;
    input->wire_count = wire >= input->wire_count ? wire + 1 : input->wire_count;
}

uint64_t interrupt_input_take(struct interrupt_input *input)
{
    const uint64_t raised = input->raised;

    input->raised = 0;
    return raised;
}
