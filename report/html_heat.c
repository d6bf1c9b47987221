/* Heat maps: values over two axes as shades, with every value as a number. */
#include "report/html_internal.h"

#include <math.h>

/** A table of more columns, or rows, is a picture first. */
#define MOST_COLUMNS 12
#define MOST_ROWS    20

/** Values further apart than this, as a ratio, differ in shade by their ratios. */
#define FAR_APART 50

#define WIDTH  760
#define LEFT   90
#define RIGHT  40
#define TOP    6
#define BOTTOM 34

/** Room that a label needs, so that none covers another. */
#define LABEL_WIDTH  76
#define LABEL_HEIGHT 15

/** From the least to the most. */
struct range {
    double low;
    double high;
    bool log;
};

static struct range range_of(const struct html_heat *heat)
{
    struct range range = {INFINITY, -INFINITY, false};

    for (size_t i = 0; i < heat->row_count * heat->column_count; i++) {
        if (heat->cells[i] >= 0) {
            range.low = fmin(range.low, heat->cells[i]);
            range.high = fmax(range.high, heat->cells[i]);
        }
    }
    range.log = range.low > 0 && range.high / range.low >= FAR_APART;
    return range;
}

static double share_of(const struct range *range, double value)
{
    if (!(range->high > range->low)) {
        return 0;
    }
    return range->log ? log(value / range->low) / log(range->high / range->low)
                      : (value - range->low) / (range->high - range->low);
}

static void write_value(struct html_page *page, const struct html_heat *heat, double value)
{
    const struct html_axis axis = {.time = heat->times};
    char text[32];

    html_axis_text(&axis, value, text, sizeof(text));
    fputs(text, page->stream);
}

void html_axes_words(struct html_page *page, const char *down, const char *along)
{
    fputs(" Along: <code>", page->stream);
    html_text(page, along);
    fputs("</code>", page->stream);
    if (down != NULL) {
        fputs(", down: <code>", page->stream);
        html_text(page, down);
        fputs("</code>", page->stream);
    }
    fputs(".", page->stream);
}

static void write_table(struct html_page *page, const struct html_heat *heat, const struct range *range)
{
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th>↓ →</th>", page->stream);
    for (size_t i = 0; i < heat->column_count; i++) {
        fputs("<th class=\"n\">", page->stream);
        html_text(page, heat->columns[i]);
        fputs("</th>", page->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", page->stream);
    for (size_t i = 0; i < heat->row_count; i++) {
        fputs("<tr><th>", page->stream);
        html_text(page, heat->rows[i]);
        fputs("</th>", page->stream);
        for (size_t j = 0; j < heat->column_count; j++) {
            const double value = heat->cells[i * heat->column_count + j];

            if (value < 0) {
                fputs("<td class=\"n\">–</td>", page->stream);
                continue;
            }
            fprintf(page->stream, "<td class=\"n\" style=\"background: rgba(213, 94, 0, %.3f)\">",
                    0.65 * share_of(range, value));
            write_value(page, heat, value);
            fputs("</td>", page->stream);
        }
        fputs("</tr>\n", page->stream);
    }
    fputs("</tbody></table></div>\n", page->stream);
}

/* ---- As a picture ---- */

/** Where cells are. */
struct grid {
    double width;
    double height;
    size_t column_step; /**< every so many columns have a label */
    size_t row_step;
};

static void write_cells(struct html_page *page, const struct html_heat *heat, const struct range *range,
                        const struct grid *grid)
{
    for (size_t i = 0; i < heat->row_count * heat->column_count; i++) {
        const double value = heat->cells[i];

        if (value < 0) {
            continue;
        }
        fprintf(page->stream,
                "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#d55e00\" "
                "fill-opacity=\"%.3f\"><title>",
                LEFT + (double)(i % heat->column_count) * grid->width,
                TOP + (double)(i / heat->column_count) * grid->height, grid->width, grid->height,
                0.05 + 0.95 * share_of(range, value));
        html_text(page, heat->columns[i % heat->column_count]);
        fputs(", ", page->stream);
        html_text(page, heat->rows[i / heat->column_count]);
        fputs(": ", page->stream);
        write_value(page, heat, value);
        fputs("</title></rect>\n", page->stream);
    }
}

static void write_labels(struct html_page *page, const struct html_heat *heat, const struct grid *grid)
{
    for (size_t i = 0; i < heat->column_count; i += grid->column_step) {
        fprintf(page->stream, "<text%s x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                i / grid->column_step % 2 == 1 ? " class=\"odd\"" : "", LEFT + ((double)i + 0.5) * grid->width,
                TOP + (double)heat->row_count * grid->height + 20);
        html_text(page, heat->columns[i]);
        fputs("</text>\n", page->stream);
    }
    for (size_t i = 0; i < heat->row_count; i += grid->row_step) {
        fprintf(page->stream, "<text%s x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                i / grid->row_step % 2 == 1 ? " class=\"odd\"" : "", LEFT - 6,
                TOP + ((double)i + 0.5) * grid->height + 4);
        html_text(page, heat->rows[i]);
        fputs("</text>\n", page->stream);
    }
}

static void draw_picture(struct html_page *page, const struct html_heat *heat, const struct range *range)
{
    struct grid grid = {.width = (double)(WIDTH - LEFT - RIGHT) / (double)heat->column_count,
                        .height = fmax(10, fmin(24, 420 / (double)heat->row_count))};

    grid.column_step = (size_t)ceil(LABEL_WIDTH / grid.width);
    grid.row_step = (size_t)ceil(LABEL_HEIGHT / grid.height);
    html_begin_picture(page, heat->title, WIDTH, TOP + BOTTOM + (int)((double)heat->row_count * grid.height));
    write_cells(page, heat, range, &grid);
    write_labels(page, heat, &grid);
    fputs("</svg>\n<p>The lightest is ", page->stream);
    write_value(page, heat, range->low);
    fputs(", the darkest ", page->stream);
    write_value(page, heat, range->high);
    fprintf(page->stream, "%s.", range->log ? "; shades go by ratios" : "");
    html_axes_words(page, heat->y_name, heat->x_name);
    fputs("</p>\n<details><summary>The numbers</summary>\n", page->stream);
    write_table(page, heat, range);
    fputs("</details>\n</figure>\n", page->stream);
}

void html_draw_heat(struct html_page *page, const struct html_heat *heat)
{
    const struct range range = range_of(heat);

    if (range.high >= range.low && (heat->column_count > MOST_COLUMNS || heat->row_count > MOST_ROWS)) {
        draw_picture(page, heat, &range);
        return;
    }
    fputs("<figure>\n<figcaption>", page->stream);
    html_text(page, heat->title);
    fprintf(page->stream, "; the darker a cell, the higher%s.", range.log ? ", by ratios" : "");
    html_axes_words(page, heat->y_name, heat->x_name);
    fputs("</figcaption>\n", page->stream);
    write_table(page, heat, &range);
    fputs("</figure>\n", page->stream);
}
