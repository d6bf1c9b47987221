#include "cli/explain_code.h"

#include "cli/emit.h"
#include "cli/failure.h"
#include "result/error_code.h"
#include "scenario/codes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_list(FILE *stream, const void *context)
{
    (void)context;
    return error_code_list(stream);
}

static bool write_story(FILE *stream, const void *context)
{
    return error_code_tell(stream, context);
}

/** Whether a word has the form of a code: an E, in either case, and digits. */
static bool is_code(const char *word)
{
    return toupper((unsigned char)word[0]) == 'E' && word[1] != '\0' &&
           word[1 + strspn(word + 1, "0123456789")] == '\0';
}

/** The code whose number is nearest. */
static const struct error_code *nearest(const char *word)
{
    const long number = strtol(word + 1, NULL, 10);
    const struct error_code *found = NULL;
    long least = 0;
    size_t count;
    const struct error_code_group *const *groups = error_code_groups(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            const long away = labs(strtol(groups[i]->codes[j].code + 1, NULL, 10) - number);

            if (found == NULL || away < least) {
                found = &groups[i]->codes[j];
                least = away;
            }
        }
    }
    return found;
}

int cli_explain_code(const struct cli_request *request)
{
    struct cli_problem problem = {.hint =
                                      "an error's code ('doorbell explain codes' lists them), or a FILE and a PACKET "
                                      "or VERDICT"};
    const char *word = request->operand;

    if (strcmp(word, "codes") == 0) {
        return cli_emit(request, write_list, NULL);
    }
    if (!is_code(word)) {
        snprintf(problem.message, sizeof(problem.message), "E0106 'doorbell explain %.500s': what is to be told?",
                 word);
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (error_code_find(word) != NULL) {
        return cli_emit(request, write_story, error_code_find(word));
    }
    snprintf(problem.message, sizeof(problem.message), "E0109 there is no error %.500s", word);
    snprintf(problem.hint, sizeof(problem.hint), "the nearest is %s, %s", nearest(word)->code, nearest(word)->title);
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}
