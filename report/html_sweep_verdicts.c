/* Where on the axes of a sweep each assumption holds: in a line where that is everywhere the same, else as a map. */
#include "report/claims.h"
#include "report/html_sweep_internal.h"

#include <math.h>
#include <string.h>

/** Runs of some points, by what came out for an assumption. */
struct tally {
    double violated;
    double holds;
    double other; /**< not applicable, or not judged */
};

/** What is written about. */
struct map {
    const json_t *axes;
    const json_t *points;
    const char *assumption;
    size_t row;    /**< axis; SIZE_MAX: there is one axis only */
    size_t column; /**< axis */
};

static double runs_of(const json_t *outcomes, const char *outcome)
{
    return fmax(0, html_number(outcomes, outcome));
}

/** Adds a point's runs. */
static void tally_add(struct tally *tally, const json_t *point, const char *assumption)
{
    const json_t *outcomes = json_object_get(json_object_get(point, "verdicts"), assumption);
    const char *outcome;
    const json_t *runs;

    tally->violated += runs_of(outcomes, "violated");
    tally->holds += runs_of(outcomes, "holds");
    json_object_foreach((json_t *)(uintptr_t)outcomes, outcome, runs)
    {
        if (strcmp(outcome, "violated") != 0 && strcmp(outcome, "holds") != 0) {
            tally->other += fmax(0, html_value(runs));
        }
    }
}

/** The runs at all points with a value on an axis, and one on another. @param axis SIZE_MAX: whatever it is there */
static struct tally tally_where(const struct map *map, size_t axis, const char *value, size_t other,
                                const char *other_value)
{
    struct tally tally = {.violated = 0};

    for (size_t i = 0; i < json_array_size(map->points); i++) {
        const json_t *point = json_array_get(map->points, i);

        if ((axis == SIZE_MAX || strcmp(html_sweep_value(point, axis), value) == 0) &&
            (other == SIZE_MAX || strcmp(html_sweep_value(point, other), other_value) == 0)) {
            tally_add(&tally, point, map->assumption);
        }
    }
    return tally;
}

static double violated_part(const struct tally *tally)
{
    const double all = tally->violated + tally->holds + tally->other;

    return all > 0 ? tally->violated / all : 0;
}

/** Whether all runs came out the same. */
static bool is_uniform(const struct tally *tally)
{
    return (tally->violated > 0) + (tally->holds > 0) + (tally->other > 0) <= 1;
}

/** How much the part that is violated differs over an axis; less than 0 if the axis has one value, or too many. */
static double effect_of(const struct map *map, size_t axis)
{
    const char *values[HTML_SWEEP_VALUES];
    const size_t count = html_sweep_values(map->points, axis, values, HTML_SWEEP_VALUES);
    double low = INFINITY;
    double high = -INFINITY;

    if (count < 2 || count > HTML_SWEEP_VALUES) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct tally tally = tally_where(map, axis, values[i], SIZE_MAX, "");

        low = fmin(low, violated_part(&tally));
        high = fmax(high, violated_part(&tally));
    }
    return high - low;
}

/** The axis that matters most goes along, the next one down. @return false if none can be listed */
static bool choose_axes(struct map *map)
{
    double most = -0.5;
    double next = -0.5;

    map->row = SIZE_MAX;
    map->column = SIZE_MAX;
    for (size_t i = 0; i < json_array_size(map->axes); i++) {
        const double effect = effect_of(map, i);

        if (effect > most) {
            next = most;
            map->row = map->column;
            most = effect;
            map->column = i;
        } else if (effect > next) {
            next = effect;
            map->row = i;
        }
    }
    return map->column != SIZE_MAX;
}

static void write_cell(struct html_page *page, const struct tally *tally)
{
    const double all = tally->violated + tally->holds + tally->other;

    if (!(all > 0)) {
        fputs("<td>–</td>", page->stream);
    } else if (tally->violated >= all) {
        fputs("<td class=\"violated\"><strong>violated</strong></td>", page->stream);
    } else if (tally->violated > 0) {
        fprintf(page->stream, "<td class=\"violated\"><strong>violated</strong> in %.0f of %.0f runs</td>",
                tally->violated, all);
    } else if (tally->holds > 0) {
        fputs("<td class=\"holds\">holds</td>", page->stream);
    } else {
        fputs("<td>not applicable</td>", page->stream);
    }
}

static void write_map(struct html_page *page, const struct map *map)
{
    const char *rows[HTML_SWEEP_VALUES] = {""};
    const char *columns[HTML_SWEEP_VALUES];
    const size_t column_count = html_sweep_values(map->points, map->column, columns, HTML_SWEEP_VALUES);
    const size_t row_count =
        map->row == SIZE_MAX ? 1 : html_sweep_values(map->points, map->row, rows, HTML_SWEEP_VALUES);

    fputs("<div class=\"scroll\"><table>\n<thead><tr><th>↓ →</th>", page->stream);
    for (size_t i = 0; i < column_count; i++) {
        fputs("<th>", page->stream);
        html_text(page, columns[i]);
        fputs("</th>", page->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", page->stream);
    for (size_t i = 0; i < row_count; i++) {
        fputs("<tr><th scope=\"row\">", page->stream);
        html_text(page, rows[i]);
        fputs("</th>", page->stream);
        for (size_t j = 0; j < column_count; j++) {
            const struct tally tally = tally_where(map, map->row, rows[i], map->column, columns[j]);

            write_cell(page, &tally);
        }
        fputs("</tr>\n", page->stream);
    }
    fputs("</tbody></table></div>\n", page->stream);
}

/** An assumption that comes out differently from point to point. */
static void write_differing(struct html_page *page, struct map *map, const struct tally *all)
{
    const char *claim = report_claim(map->assumption);

    fputs("<figure>\n<h3><code>", page->stream);
    html_text(page, map->assumption);
    fprintf(page->stream, "</code>: <strong>violated</strong> in %.0f of %.0f runs</h3>\n<p>", all->violated,
            all->violated + all->holds + all->other);
    html_text(page, claim);
    fputs("</p>\n", page->stream);
    if (choose_axes(map)) {
        fputs("<figcaption>Where it holds.", page->stream);
        html_axes_words(page, map->row == SIZE_MAX ? NULL : html_sweep_text(map->axes, map->row),
                        html_sweep_text(map->axes, map->column));
        fprintf(page->stream, "%s</figcaption>\n",
                json_array_size(map->axes) > 2 ? " A cell stands for all values of the axes that are not shown." : "");
        write_map(page, map);
    }
    fputs("</figure>\n", page->stream);
}

/** An assumption that comes out the same at every point. */
static void write_uniform(struct html_page *page, const char *assumption, const struct tally *all)
{
    const char *style = all->violated > 0 ? "violated" : "holds";

    fprintf(page->stream, "<div class=\"verdict %s\"><h3><code>", style);
    html_text(page, assumption);
    fprintf(page->stream, "</code>: <strong>%s</strong> at every point</h3>\n<p>", style);
    html_text(page, report_claim(assumption));
    fputs("</p></div>\n", page->stream);
}

/** What is written of an assumption: those that differ come first, then what is violated, then what holds. */
enum pass { DIFFERING, VIOLATED, HOLDING, PASSES };

static enum pass pass_of(const struct tally *all)
{
    return !is_uniform(all) ? DIFFERING : all->violated > 0 ? VIOLATED : all->holds > 0 ? HOLDING : PASSES;
}

void html_sweep_verdicts(struct html_page *page, const json_t *sweep)
{
    struct map map = {.axes = json_object_get(sweep, "axes"), .points = json_object_get(sweep, "points")};
    const json_t *first = NULL;
    size_t index;
    const json_t *point;

    /* Every run judges every assumption; a point whose runs failed has none. */
    json_array_foreach((json_t *)(uintptr_t)map.points, index, point)
    {
        if (first == NULL && json_object_size(json_object_get(point, "verdicts")) > 0) {
            first = json_object_get(point, "verdicts");
        }
    }
    if (first == NULL) {
        return;
    }
    fputs("<section>\n<h2>Assumptions</h2>\n", page->stream);
    for (enum pass pass = DIFFERING; pass < PASSES; pass++) {
        const char *name;
        const json_t *outcomes;

        json_object_foreach((json_t *)(uintptr_t)first, name, outcomes)
        {
            struct tally all;

            map.assumption = name;
            all = tally_where(&map, SIZE_MAX, "", SIZE_MAX, "");
            if (pass_of(&all) == pass && pass == DIFFERING) {
                write_differing(page, &map, &all);
            } else if (pass_of(&all) == pass) {
                write_uniform(page, name, &all);
            }
        }
    }
    fputs("</section>\n", page->stream);
}
