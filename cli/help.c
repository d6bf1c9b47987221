#include "cli/help.h"

#include <string.h>

/* Column at which the options' explanations begin. */
#define SUMMARY_COLUMN 24

static void print_exit_statuses(FILE *stream)
{
    fputs("\nExit status:\n", stream);
    for (size_t i = 0; i < CLI_EXITS; i++) {
        fprintf(stream, "  %-8s %s\n", cli_exit_table[i].status, cli_exit_table[i].meaning);
    }
}

void cli_help_overview(FILE *stream)
{
    fprintf(stream, "%s\n\nUsage: doorbell VERB ...\n\n", cli_purpose);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        const struct cli_verb_entry *verb = &cli_verb_table[i];
        int used = fprintf(stream, "  %s %s", verb->name, verb->operand == NULL ? "" : verb->operand);

        fprintf(stream, "%*s%s\n", SUMMARY_COLUMN - used, "", verb->summary);
    }
    fputs("\n'doorbell help VERB' lists the options of a verb.\n", stream);
    print_exit_statuses(stream);
}

static void print_option(FILE *stream, const struct cli_option_entry *option)
{
    const char *line = option->summary;
    int used = fprintf(stream, "  ");

    if (option->letter != '\0') {
        used += fprintf(stream, "-%c, ", option->letter);
    }
    used += fprintf(stream, "--%s%s%s", option->name, option->argument == NULL ? "" : " ",
                    option->argument == NULL ? "" : option->argument);
    while (line != NULL) {
        size_t length = strcspn(line, "\n");

        fprintf(stream, "%*s%.*s\n", used < SUMMARY_COLUMN ? SUMMARY_COLUMN - used : 1, "", (int)length, line);
        line = line[length] == '\0' ? NULL : line + length + 1;
        used = 0;
    }
}

void cli_help_verb(FILE *stream, enum cli_verb verb)
{
    const struct cli_verb_entry *entry = &cli_verb_table[verb];

    fprintf(stream, "Usage: doorbell %s%s%s [OPTION...]\n\n", entry->name, entry->operand == NULL ? "" : " ",
            entry->operand == NULL ? "" : entry->operand);
    for (size_t i = 0; entry->about[i] != NULL; i++) {
        fprintf(stream, "%s\n", entry->about[i]);
    }
    fputs("\nOptions:\n", stream);
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        if ((cli_option_table[i].verbs & 1U << verb) != 0) {
            print_option(stream, &cli_option_table[i]);
        }
    }
    print_exit_statuses(stream);
}
