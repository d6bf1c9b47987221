#include "cli/suggest.h"

#include <stdint.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cli_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][CLI_SUGGEST_MAX + 1]; /* row i of the table of distances is rows[i % 3] */
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);

    if (a_length > CLI_SUGGEST_MAX || b_length > CLI_SUGGEST_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        const size_t *before = rows[(i + 2) % 3];
        size_t *row = rows[i % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replace = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

            row[j] = smaller(replace, smaller(before[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], rows[(i + 1) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *cli_suggest(const char *word, const char *const *words, size_t count)
{
    size_t length = strlen(word);
    size_t limit = length < 3 ? length / 2 : (length + 2) / 3;
    size_t best_distance = SIZE_MAX;
    const char *best = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t distance = cli_suggest_distance(word, words[i]);

        if (distance > limit && length >= 2 && strncmp(word, words[i], length) == 0) {
            distance = limit;
        }
        if (distance <= limit && distance < best_distance) {
            best_distance = distance;
            best = words[i];
        }
    }
    return best;
}
