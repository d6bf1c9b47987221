#include "cli/manual.h"

#include "cli/table.h"

#include <ctype.h>

/** Text for troff: dashes that can be copied, no line that begins like a request, line ends as blanks. */
static void write_text(FILE *stream, const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", stream);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '-') {
            fputs("\\-", stream);
        } else if (*c == '\\') {
            fputs("\\e", stream);
        } else {
            fputc(*c == '\n' ? ' ' : *c, stream);
        }
    }
}

static void write_option(FILE *stream, const struct cli_option_entry *option)
{
    fputs(".TP\n", stream);
    if (option->letter != '\0') {
        fprintf(stream, "\\fB\\-%c\\fR, ", option->letter);
    }
    fputs("\\fB\\-\\-", stream);
    write_text(stream, option->name);
    fputs("\\fR", stream);
    if (option->argument != NULL) {
        fputs(" \\fI", stream);
        write_text(stream, option->argument);
        fputs("\\fR", stream);
    }
    fputc('\n', stream);
    write_text(stream, option->summary);
    fputc('\n', stream);
}

/** What a verb does, line by line. */
static void write_about(FILE *stream, const struct cli_verb_entry *entry)
{
    for (size_t i = 0; entry->about[i] != NULL; i++) {
        write_text(stream, entry->about[i]);
        fputc('\n', stream);
    }
}

static void write_options(FILE *stream, size_t verb)
{
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        if ((cli_option_table[i].verbs & 1U << verb) != 0 && i != CLI_OPTION_HELP) {
            write_option(stream, &cli_option_table[i]);
        }
    }
}

static void write_verb(FILE *stream, size_t verb)
{
    const struct cli_verb_entry *entry = &cli_verb_table[verb];

    fprintf(stream, ".SS doorbell %s%s%s\n", entry->name, entry->operand == NULL ? "" : " ",
            entry->operand == NULL ? "" : entry->operand);
    write_about(stream, entry);
    write_options(stream, verb);
}

static void write_exits(FILE *stream)
{
    fputs(".SH EXIT STATUS\n", stream);
    for (size_t i = 0; i < CLI_EXITS; i++) {
        fprintf(stream, ".TP\n.B %s\n", cli_exit_table[i].status);
        write_text(stream, cli_exit_table[i].meaning);
        fputc('\n', stream);
    }
}

/** The pages that belong together, but for @p verb's own; CLI_VERBS: those of all verbs. */
static void write_others(FILE *stream, size_t verb)
{
    const char *separator = "";

    fputs(".SH SEE ALSO\n", stream);
    if (verb != CLI_VERBS) {
        fputs(".BR doorbell (1)", stream);
        separator = ",\n";
    }
    for (size_t i = 0; i < CLI_VERBS; i++) {
        if (i != verb) {
            fprintf(stream, "%s.BR doorbell\\-%s (1)", separator, cli_verb_table[i].name);
            separator = " ,\n";
        }
    }
    fputc('\n', stream);
}

void cli_manual_write(FILE *stream)
{
    fprintf(stream,
            ".TH DOORBELL 1 \"\" \"Doorbell %s\" \"User Commands\"\n"
            ".SH NAME\n"
            "doorbell \\- cycle\\-accurate simulator of the path of a message\\-signalled interrupt\n"
            ".SH SYNOPSIS\n"
            ".B doorbell\n"
            "\\fIVERB\\fR [\\fIOPERAND\\fR] [\\fIOPTION\\fR...]\n"
            ".SH DESCRIPTION\n",
            DOORBELL_VERSION);
    write_text(stream, cli_purpose);
    fputs("\nOptions may stand before and after the operand; they are refused when abbreviated.\n"
          "The result goes to standard output, everything else to standard error.\n"
          ".SH VERBS\n",
          stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        write_verb(stream, i);
    }
    write_exits(stream);
    write_others(stream, CLI_VERBS);
}

void cli_manual_write_verb(FILE *stream, enum cli_verb verb)
{
    const struct cli_verb_entry *entry = &cli_verb_table[verb];

    fputs(".TH DOORBELL-", stream);
    for (const char *c = entry->name; *c != '\0'; c++) {
        fputc(toupper((unsigned char)*c), stream);
    }
    fprintf(stream, " 1 \"\" \"Doorbell %s\" \"User Commands\"\n.SH NAME\ndoorbell\\-%s \\- ", DOORBELL_VERSION,
            entry->name);
    write_text(stream, entry->summary);
    fprintf(stream, "\n.SH SYNOPSIS\n.B doorbell %s\n", entry->name);
    if (entry->operand != NULL) {
        fputs("\\fI", stream);
        write_text(stream, entry->operand);
        fputs("\\fR ", stream);
    }
    fputs("[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n", stream);
    write_about(stream, entry);
    fputs(".SH OPTIONS\nOptions may stand before and after the operand; they are refused when abbreviated.\n", stream);
    write_options(stream, verb);
    write_option(stream, &cli_option_table[CLI_OPTION_HELP]);
    write_exits(stream);
    write_others(stream, verb);
}
