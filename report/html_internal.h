/* What the files of the page share. */
#ifndef DOORBELL_REPORT_HTML_INTERNAL_H
#define DOORBELL_REPORT_HTML_INTERNAL_H

#include "report/html.h"
#include "sim/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A page under way. */
struct html_page {
    FILE *stream;
    unsigned pictures; /**< so far: numbers their titles */
};

/** Writes a text with markup escaped. NULL writes nothing. */
void html_text(struct html_page *page, const char *text);

/** The text of a member; "" if it is none. */
const char *html_member(const json_t *object, const char *key);

/** A value as a number, brought within what fits 64 bits (documents may say anything); 0 if it is none. */
double html_value(const json_t *value);

/** A member as a number, likewise. */
double html_number(const json_t *object, const char *key);

/** A number of femtoseconds as a time; 0 if it is negative. */
sim_time html_time(double femtoseconds);

/** Writes a duration of a number of femtoseconds, "1.234 us". */
void html_duration(struct html_page *page, double femtoseconds);

/** An axis: from values to places. */
struct html_axis {
    double low;
    double high;
    double from; /**< place of low */
    double to;   /**< place of high */
    bool log;    /**< equal ratios are equally far apart; low is above 0 */
    bool time;   /**< values are femtoseconds */
    bool percent;
    const char *unit; /**< as for a plot; NULL: none */
};

/** Where a value is. (html_axis.c) */
double html_axis_place(const struct html_axis *axis, double value);

/** A value as an axis writes it. */
void html_axis_text(const struct html_axis *axis, double value, char *text, size_t size);

/** The next tick behind a value, @p value being one; the first at or behind @p value if @p first. */
double html_axis_tick(const struct html_axis *axis, double value, bool first);

/** A line of a plot. */
struct html_line {
    const char *name;
    const double *x;
    const double *y;
    const double *spread; /**< half width of an interval around y; NULL: none; negative: not known */
    size_t count;
    bool ring;     /**< points are rings, larger than others: to stand out around them */
    bool numbered; /**< points have their number, from 1 on, beside them */
};

/** What a plot shows. */
struct html_plot {
    const char *title;
    const char *x_name;
    const char *y_name;
    const char *x_unit; /**< of the values, to stand behind a prefix for thousands: "Hz"; NULL: none */
    bool x_time;        /**< values are femtoseconds */
    bool y_time;
    bool x_log;
    bool y_log; /**< where values are far apart */
    bool y_percent;
    bool steps;       /**< lines go on level until the next point */
    bool points_only; /**< no lines between the points */
    const struct html_line *lines;
    size_t line_count;
};

/** Draws a plot, with its numbers as a table for whoever cannot see it. (html_plot.c) */
void html_draw_plot(struct html_page *page, const struct html_plot *plot);

/** A row of horizontal bars, each in parts. */
struct html_bar {
    const char *name;
    const double *parts; /**< femtoseconds, one for each of the plot's parts */
};

/** A part of bars. */
struct html_part {
    const char *name;
    const char *meaning; /**< what it is; "" if its name says so */
};

/**
 * Draws bars in parts, and the same as a table. The largest parts have colours of their own, the others one together.
 * (html_bars.c)
 */
void html_draw_bars(struct html_page *page, const char *title, const struct html_part *parts, size_t part_count,
                    const struct html_bar *bars, size_t count);

/** Begins a picture with its title, for eyes and for readers. (html_plot.c) */
void html_begin_picture(struct html_page *page, const char *title, int width, int height);

/** Writes which axis goes along a map, and which down it. @param down NULL: none (html_heat.c) */
void html_axes_words(struct html_page *page, const char *down, const char *along);

/** Values over two axes. */
struct html_heat {
    const char *title;
    const char *x_name;
    const char *const *columns;
    size_t column_count;
    const char *y_name;
    const char *const *rows;
    size_t row_count;
    const double *cells; /**< by row and column; negative: none */
    bool times;          /**< they are femtoseconds */
};

/** Draws values as shades: a table, or where that would be too large a picture, with the table closed. (html_heat.c) */
void html_draw_heat(struct html_page *page, const struct html_heat *heat);

/** Interrupts whose latencies are shown together: those of a device, or of all. */
struct html_share {
    const char *name;
    const json_t *msi; /**< with "latency", "histogram", "hops" */
};

/** Draws a histogram for each, all over the same times, with their numbers as one table. (html_histogram.c) */
void html_draw_histograms(struct html_page *page, const struct html_share *shares, size_t count);

/** The section about interrupts and their latencies: losses, table, distribution, where the time went.
 * (html_latency.c) */
void html_latency_section(struct html_page *page, const json_t *document);

/** The sections of a run or a check. (html_run.c) */
void html_run_sections(struct html_page *page, const json_t *document);

/** A function of a document's topology by its name; NULL if there is none. (html_short.c) */
const json_t *html_function_named(const json_t *document, const char *name);

/** What a run or a check comes to, as far as doorbells go. (html_short.c) */
void html_in_short(struct html_page *page, const json_t *document);

/** What the words mean, closed. (html_short.c) */
void html_glossary(struct html_page *page);

/** Whether a system has so many functions that what is alike is drawn once. (html_system.c) */
bool html_is_large(const json_t *document);

/** The ways of the interrupts that violate an assumption, each in a line: from the device to the doorbell.
 * (html_system.c) */
void html_ways(struct html_page *page, const json_t *document);

/** The section with the picture of the system. (html_system.c) */
void html_system_section(struct html_page *page, const json_t *document);

/** Why the doorbells of a verdict's first evidence differ, if firmware gives its devices different ITSs.
 * (html_short.c) */
void html_doorbell_reason(struct html_page *page, const json_t *document, const json_t *verdict);

/** What would mend a violated assumption about doorbells of groups or domains; nothing of others. (html_short.c) */
void html_doorbell_remedy(struct html_page *page, const json_t *document, const char *name, const json_t *verdict);

/** The section about occupancy over time, if the document has it. (html_occupancy.c) */
void html_occupancy_section(struct html_page *page, const json_t *document);

/** The sections of a sweep. (html_sweep.c) */
void html_sweep_sections(struct html_page *page, const json_t *document);

#ifdef __cplusplus
}
#endif

#endif
