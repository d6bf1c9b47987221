/* Checks what is said about virtual channels: on links, and of the software that sets them up. */
#include "scenario/parse_context.h"
#include "scenario/parse_resolve.h"

static const struct scenario_place *or_else(const struct scenario_place *place, const struct scenario_place *other)
{
    return place->line != 0 ? place : other;
}

static void check_link(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_link *link = &device->link;

    if (link->low_priority >= link->virtual_channels) {
        diagnostic_set_hint(
            parse_error_at(parse, or_else(&link->place, &device->place),
                           "E1418 the link above `%.63s` has %u virtual channels besides VC0, so %u of them "
                           "cannot share its priority",
                           device->name, link->virtual_channels - 1, link->low_priority),
            "`low-priority` up to %u, or more `virtual-channels`", link->virtual_channels - 1);
    }
}

void parse_check_channels(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_software *software = &scenario->software;

    for (size_t i = 0; i < scenario->device_count; i++) {
        check_link(parse, scenario->devices[i]);
    }
    if (software->traffic_classes.count > 0 && software->traffic_classes.values[0] != 0) {
        diagnostic_set_hint(parse_error_at(parse, or_else(&software->place, &scenario->place),
                                           "E1418 `traffic-classes` puts TC0 on VC%u",
                                           software->traffic_classes.values[0]),
                            "TC0 is always on VC0");
    }
    for (size_t i = 0; i < software->vc_weights.count; i++) {
        if (software->vc_weights.values[i] == 0) {
            parse_error_at(parse, or_else(&software->place, &scenario->place),
                           "E1418 `vc-weights` gives VC%zu no turn: a weight is at least 1", i);
        }
    }
}
