#include "cli/differences_text.h"

#include "cli/document.h"

#include <math.h>
#include <string.h>

/** A value, cut if it is a whole document. */
static void print_value(FILE *stream, const char *value)
{
    const size_t most = 60;

    if (value == NULL) {
        fputs("nothing", stream);
    } else if (strlen(value) > most) {
        fprintf(stream, "%.*s...", (int)most, value);
    } else {
        fputs(value, stream);
    }
}

static void print_difference(FILE *stream, const struct difference *difference)
{
    fprintf(stream, "  %s: ", difference->path);
    print_value(stream, difference->before);
    fputs(" -> ", stream);
    print_value(stream, difference->after);
    if (difference->numeric) {
        fprintf(stream, " (%+.10g", difference->change);
        if (difference->relative != 0) {
            fprintf(stream, ", %+.3g %%", 100 * difference->relative);
        }
        fputc(')', stream);
    }
    fputc('\n', stream);
}

void cli_differences_print(FILE *stream, const struct differences *differences)
{
    size_t shown = 0;

    for (size_t i = 0; i < differences->count && shown < CLI_DIFFERENCES_SHOWN; i++) {
        if (!differences->list[i].tolerated) {
            print_difference(stream, &differences->list[i]);
            shown++;
        }
    }
    if (differences->counting > shown) {
        fprintf(stream, "  and %zu more\n", differences->counting - shown);
    }
    if (differences->count > differences->counting) {
        fprintf(stream, "  %zu differences do not count\n", differences->count - differences->counting);
    }
}

json_t *cli_differences_json(const struct differences *differences)
{
    json_t *list = json_array();

    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->list[i];
        json_t *entry = json_object();

        json_object_set_new(entry, "path", cli_json_text(difference->path));
        json_object_set_new(entry, "before",
                            difference->before == NULL ? json_null() : cli_json_text(difference->before));
        json_object_set_new(entry, "after", difference->after == NULL ? json_null() : cli_json_text(difference->after));
        if (difference->numeric) {
            json_object_set_new(entry, "change", json_real(difference->change));
            json_object_set_new(entry, "relative", json_real(difference->relative));
        }
        json_object_set_new(entry, "tolerated", json_boolean(difference->tolerated));
        json_array_append_new(list, entry);
    }
    return list;
}
