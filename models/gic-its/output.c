#include "models/gic-its/output_internal.h"

SIM_APART bool gic_output_wait(struct gic_output *output, sim_time now, sim_time *due)
{
    if (output->next_push > now) {
        *due = sim_time_min(*due, output->next_push);
        return false;
    }
    if (!sim_channel_has_space(output->channel, now, 0, 0)) {
        *due = sim_time_min(*due, sim_channel_space_at(output->channel, now, 0, 0));
        return false;
    }
    return true;
}
