/* The nearest word to one that was mistyped. */
#ifndef DOORBELL_CLI_SUGGEST_H
#define DOORBELL_CLI_SUGGEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Edits between two words: insertions, deletions, replacements and swaps of neighbours. Words of more than
 * CLI_SUGGEST_MAX characters are SIZE_MAX apart.
 */
size_t cli_suggest_distance(const char *a, const char *b);

/** Longest word that is compared, in characters. */
#define CLI_SUGGEST_MAX 63

/**
 * The one of @p count words that is nearest to @p word.
 * @return it, or NULL if none is near: at most one edit in three characters, and at most the half of a short word; a
 *         word that @p word begins (an abbreviation) is near
 */
const char *cli_suggest(const char *word, const char *const *words, size_t count);

#ifdef __cplusplus
}
#endif

#endif
