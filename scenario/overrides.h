/*
 * Variation without copying: a file laid over its `base:`, and `--set path=value` from the command line.
 */
#ifndef DOORBELL_SCENARIO_OVERRIDES_H
#define DOORBELL_SCENARIO_OVERRIDES_H

#include <stdbool.h>

#include "scenario/parse_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Lays one tree over another: maps are merged key by key, everything else (a list too) is replaced, and `null` takes
 * the key away.
 * @param base changed in place; @param over its nodes become part of base
 * Errors (a `null` that takes nothing away) go to @p diagnostics.
 */
void overrides_merge(struct scenario_arena *arena, struct tree_node *base, struct tree_node *over,
                     struct diagnostics *diagnostics);

/**
 * Applies one "path=value" to a tree.
 *
 * The path is keys joined by dots; a number picks from a list. The first key may also be one of `platform`'s, or the
 * name of a root complex, root port, switch, endpoint, ITS or SMMU: `smmu.S.tlb.entries=64`, `epA.endpoint.msi-x=4`.
 * Below
 * `expect`, the rest of the path is one key. The value is YAML as it could stand behind the key in a file, and `null`
 * takes the key away. Errors show the text with a caret.
 * @return the text as a source, which nodes now point into
 */
const struct tree_source *overrides_set(struct scenario_arena *arena, struct tree_node *root, const char *text,
                                        struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
