/*
 * Fills structures from the tree by the key tables: parsing, defaults, ranges, unknown keys.
 */
#ifndef DOORBELL_SCENARIO_PARSE_TABLE_H
#define DOORBELL_SCENARIO_PARSE_TABLE_H

#include "scenario/parse_context.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fills a structure.
 * @param node      the map; NULL: everything by default
 * @param structure zeroed, of table->size bytes
 * @param index     position among its like, for defaults that step and for `index`
 * Every error goes to the diagnostics; the structure is safe to use afterwards all the same: what could not be read has
 * its default, or is zero if it has none.
 */
void parse_table(struct parse *parse, const struct scenario_table *table, const struct tree_node *node, void *structure,
                 size_t index);

/** Whether a key was written in the file. */
bool parse_is_given(const struct scenario_table *table, const void *structure, const char *key);

#ifdef __cplusplus
}
#endif

#endif
