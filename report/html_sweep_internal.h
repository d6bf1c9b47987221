/* What the files about sweeps share. */
#ifndef DOORBELL_REPORT_HTML_SWEEP_INTERNAL_H
#define DOORBELL_REPORT_HTML_SWEEP_INTERNAL_H

#include "report/html_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Values of an axis that a map lists. */
#define HTML_SWEEP_VALUES 40

/** An element of a list as a text; "" if it is none. (html_sweep.c) */
const char *html_sweep_text(const json_t *list, size_t index);

/** The value of a point on an axis, as it was written. */
const char *html_sweep_value(const json_t *point, size_t axis);

/** The mean of a metric at a point; negative if it has none. */
double html_sweep_mean(const json_t *point, const char *metric);

/** The different values of an axis, in the order of the points. @return how many; at most @p limit are kept */
size_t html_sweep_values(const json_t *points, size_t axis, const char **values, size_t limit);

/** Whether a metric is a time in femtoseconds. */
bool html_sweep_is_time(const char *metric);

/** The section about assumptions: where on the axes each holds. (html_sweep_verdicts.c) */
void html_sweep_verdicts(struct html_page *page, const json_t *sweep);

/** The section about what can be had together: the Pareto front of the first two metrics. (html_sweep_front.c) */
void html_sweep_front(struct html_page *page, const json_t *sweep);

#ifdef __cplusplus
}
#endif

#endif
