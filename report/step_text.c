#include "report/step_text.h"

#include "report/format.h"
#include "report/verdict_json.h"

#include <string.h>

bool step_text_write(FILE *out, const struct step_list *steps)
{
    if (steps->count == 0) {
        return true;
    }
    fprintf(out, "\nSoftware\n");
    for (size_t i = 0; i < steps->count; i++) {
        const struct run_step *step = &steps->items[i];
        bool planned = strncmp(step->name, "timeline.", strlen("timeline.")) == 0;
        struct report_text when = report_duration(step->begin);

        fprintf(out, "  %-10s  %-10s  ", step->outcome,
                step->begin != SIM_TIME_NEVER ? when.text
                : planned                     ? "timeline"
                                              : "set-up");
        report_words(out, step->what, 26, 26);
        if (step->reason != NULL) {
            fprintf(out, "%28s", "");
            report_words(out, step->reason, 28, 28);
        }
    }
    return ferror(out) == 0;
}

static json_t *time_or_null(sim_time time)
{
    return time == SIM_TIME_NEVER ? json_null() : verdict_json_count(time);
}

json_t *step_json(const struct step_list *steps)
{
    json_t *array = json_array();

    for (size_t i = 0; i < steps->count; i++) {
        const struct run_step *step = &steps->items[i];
        json_t *object = json_object();

        json_object_set_new(object, "name", verdict_json_text(step->name));
        json_object_set_new(object, "what", verdict_json_text(step->what));
        json_object_set_new(object, "outcome", verdict_json_text(step->outcome));
        json_object_set_new(object, "reason", verdict_json_text(step->reason));
        json_object_set_new(object, "begin-fs", time_or_null(step->begin));
        json_object_set_new(object, "end-fs", time_or_null(step->end));
        json_array_append_new(array, object);
    }
    return array;
}
