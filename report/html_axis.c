/* Axes of pictures: places of values, ticks and what stands at them. */
#include "report/format.h"
#include "report/html_internal.h"

#include <math.h>

/** A logarithmic axis has ticks at powers of ten from this ratio on, and at 1, 2 and 5 of them from the other one. */
#define DECADES 2000
#define PARTS   6

double html_axis_place(const struct html_axis *axis, double value)
{
    double part;

    if (axis->log) {
        part = log(value / axis->low) / log(axis->high / axis->low);
    } else {
        part = (value - axis->low) / (axis->high - axis->low);
    }
    return axis->from + part * (axis->to - axis->from);
}

/** A number with a unit and the prefix that fits: "1.5 MHz". */
static void si_text(double value, const char *unit, char *text, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    size_t prefix = 0;

    while (value >= 1000 && prefix + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
        value /= 1000;
        prefix++;
    }
    snprintf(text, size, "%.4g %s%s", value, prefixes[prefix], unit);
}

void html_axis_text(const struct html_axis *axis, double value, char *text, size_t size)
{
    if (axis->time) {
        snprintf(text, size, "%s", report_duration(html_time(value + 0.5)).text);
    } else if (axis->percent) {
        snprintf(text, size, "%.4g %%", 100 * fabs(value));
    } else if (axis->unit != NULL) {
        si_text(value, axis->unit, text, size);
    } else if (value >= 1e6 || (value != 0 && fabs(value) < 1e-3)) {
        snprintf(text, size, "%.3g", value);
    } else {
        snprintf(text, size, "%.6g", value);
    }
}

/** Distance between ticks: 1, 2 or 5 of a power of ten, for five of them or so. */
static double tick_step(double width)
{
    double step = pow(10, floor(log10(width / 5)));

    while (width / step > 8) {
        step *= width / step > 20 ? 5 : 2;
    }
    return step;
}

/** The least of 1, 2 and 5 times a power of ten that is greater than a value, or as great if @p first. */
static double next_part(double value, bool first)
{
    static const double parts[] = {1, 2, 5, 10, 20};
    const double power = pow(10, floor(log10(value) + 1e-9));

    for (size_t i = 0; i + 1 < sizeof(parts) / sizeof(parts[0]); i++) {
        if (first ? parts[i] * power >= value * 0.999999 : parts[i] * power > value * 1.000001) {
            return parts[i] * power;
        }
    }
    return value * 2;
}

double html_axis_tick(const struct html_axis *axis, double value, bool first)
{
    double step;

    if (axis->log && axis->high / axis->low >= DECADES) {
        step = pow(10, floor(log10(value) + 1e-9));
        return first ? (value <= step * 1.000001 ? step : step * 10) : value * 10;
    }
    if (axis->log && axis->high / axis->low >= PARTS) {
        return next_part(value, first);
    }
    step = tick_step(axis->high - axis->low);
    return first ? ceil(value / step - 1e-9) * step + 0.0 : value + step; /* 0, not -0 */
}
