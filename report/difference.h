/*
 * What differs between two JSON documents of results, leaf by leaf, and whether it matters.
 *
 * A leaf is named by its path: "devices.epA.msi.latency.p99-fs". Lists of objects that have a name (`name`, `stage` or
 * `key`) go by that name, other lists by position. Numbers may have a tolerance; everything else is compared exactly.
 */
#ifndef DOORBELL_REPORT_DIFFERENCE_H
#define DOORBELL_REPORT_DIFFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a metric may differ. */
struct tolerance {
    char *pattern; /**< of paths, as in a shell: `*` stands for anything, dots included */
    bool any;      /**< whatever it is: the metric does not count */
    bool relative; /**< `amount` is a part of the earlier value, else it is in the metric's own unit */
    double amount;
};

struct tolerances {
    struct tolerance *list;
    size_t count;
};

/**
 * Adds a tolerance from a text: "PATTERN=2%", "PATTERN=1000" or "PATTERN=any". Of several that match a path the one
 * added last counts.
 * @return whether the text is one
 */
bool tolerances_add(struct tolerances *tolerances, const char *text);

/**
 * Whether a difference is within tolerance.
 * @param tolerances may be NULL: nothing is
 * @param numeric  whether @p change and @p relative (see struct difference) say something
 */
bool tolerances_allow(const struct tolerances *tolerances, const char *path, bool numeric, double change,
                      double relative);

/** Releases the list and empties it. */
void tolerances_clear(struct tolerances *tolerances);

/** A leaf that differs. */
struct difference {
    char *path;
    char *before; /**< as JSON; NULL: it is new */
    char *after;  /**< NULL: it is gone */
    bool numeric; /**< both are numbers, and `change` and `relative` say something */
    double change;
    double relative; /**< part of the earlier value; 0 if that is 0 */
    bool tolerated;
};

struct differences {
    struct difference *list;
    size_t count;
    size_t counting; /**< of these, not tolerated */
};

/** Compares two documents. Release the result with differences_clear(). @param tolerances may be NULL */
struct differences json_differences(const json_t *before, const json_t *after, const struct tolerances *tolerances);

/** Releases the list and empties it. */
void differences_clear(struct differences *differences);

#ifdef __cplusplus
}
#endif

#endif
