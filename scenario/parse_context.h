/*
 * What the parts of the reader share: where errors go, what memory they use, how a place is kept.
 */
#ifndef DOORBELL_SCENARIO_PARSE_CONTEXT_H
#define DOORBELL_SCENARIO_PARSE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "scenario/diagnostics.h"
#include "scenario/parse_arena.h"
#include "scenario/parse_tree.h"
#include "scenario/scenario.h"
#include "scenario/schema/keys.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One reading of one scenario. */
struct parse {
    struct scenario_arena *arena; /**< the scenario's */
    struct diagnostics *diagnostics;
    struct scenario *scenario;
    const struct tree_node *root;             /**< merged tree */
    const struct tree_source *const *sources; /**< every text that places point into */
    size_t source_count;
    bool identifiable; /**< buses are numbered and maps are sound: requester IDs mean something */
};

/** Reports an error at a mark. @return the entry, for a hint; NULL if it was only counted */
struct diagnostic *parse_error(struct parse *parse, const struct tree_mark *mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Reports an error at a place kept in the scenario. */
struct diagnostic *parse_error_at(struct parse *parse, const struct scenario_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** A mark as a place, for keeping in the scenario. */
struct scenario_place parse_place(const struct tree_mark *mark);

/** The mark of a part of a plain scalar: @p offset and @p length in bytes of its text. */
struct tree_mark parse_part(const struct tree_node *node, size_t offset, size_t length);

/** Reads a quantity from a scalar node, reporting what is wrong. @p what names it in messages. */
bool parse_quantity(struct parse *parse, enum units_kind kind, const struct tree_node *node, const char *what,
                    uint64_t *value);

/** Reads a quantity that must lie in the key's range and on its grid. */
bool parse_key_quantity(struct parse *parse, const struct scenario_key *key, enum units_kind kind,
                        const struct tree_node *node, uint64_t *value);

/** Reports a value that should have been a scalar, list or map. @return whether it is one */
bool parse_expect_kind(struct parse *parse, const struct tree_node *node, enum tree_kind kind, const char *what);

/** Whether a text can be the name of a component: a letter, then letters, digits, - and _; at most 63 in all. */
bool parse_is_name(const char *text);

/** Reads a component's name from a scalar node, reporting what is wrong. NULL then. */
const char *parse_name(struct parse *parse, const struct tree_node *node, const char *what);

/**
 * The candidate nearest to a word, if any is near enough to be what was meant: by edit distance, swapped neighbours
 * counting one, letter case ignored.
 * @return the candidate; NULL if none is near
 */
const char *parse_nearest(const char *word, const char *const *candidates, size_t count);

#ifdef __cplusplus
}
#endif

#endif
