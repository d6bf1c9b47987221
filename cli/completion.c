#include "cli/completion.h"

#include "cli/table.h"
#include "host/assumptions.h"
#include "sweep/query.h"

#include <string.h>

const char *const cli_shell_names[CLI_SHELLS] = {"bash", "fish", "zsh"};

/** What follows a verb or an option, as far as a shell can complete it. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_FILE,
    OPERAND_VERB,
    OPERAND_SHELL,
    OPERAND_ENGINE,
    OPERAND_MODE,
    OPERAND_FORMAT,
    OPERAND_SCHEDULER,
    OPERAND_ASSUMPTION,
    OPERAND_ACTION,   /**< or a file */
    OPERAND_DATABASE, /**< or a question behind it */
    OPERAND_WORD,
};

static enum operand_kind verb_operand(size_t verb)
{
    const char *operand = cli_verb_table[verb].operand;

    if (operand == NULL) {
        return OPERAND_NONE;
    }
    switch (verb) {
    case CLI_VERB_HELP:
    case CLI_VERB_MAN:
        return OPERAND_VERB;
    case CLI_VERB_COMPLETION:
        return OPERAND_SHELL;
    case CLI_VERB_EXPLORE:
        return OPERAND_ASSUMPTION;
    case CLI_VERB_SWEEP:
        return OPERAND_ACTION;
    case CLI_VERB_QUERY:
        return OPERAND_DATABASE;
    case CLI_VERB_PARAMS:
        return OPERAND_WORD;
    default:
        return OPERAND_FILE;
    }
}

static enum operand_kind option_argument(size_t option)
{
    if (cli_option_table[option].argument == NULL) {
        return OPERAND_NONE;
    }
    switch (option) {
    case CLI_OPTION_ENGINE:
        return OPERAND_ENGINE;
    case CLI_OPTION_MODE:
        return OPERAND_MODE;
    case CLI_OPTION_FORMAT:
        return OPERAND_FORMAT;
    case CLI_OPTION_SCHEDULER:
        return OPERAND_SCHEDULER;
    case CLI_OPTION_OUTPUT:
    case CLI_OPTION_TIMELINE:
    case CLI_OPTION_TRACE_VCD:
    case CLI_OPTION_JUNIT:
    case CLI_OPTION_DATABASE:
        return OPERAND_FILE;
    default:
        return OPERAND_WORD;
    }
}

/** Whether a file can stand there. */
static bool is_file(enum operand_kind kind)
{
    return kind == OPERAND_FILE || kind == OPERAND_ACTION || kind == OPERAND_DATABASE;
}

static bool takes(size_t verb, size_t option)
{
    return (cli_option_table[option].verbs & 1U << verb) != 0;
}

static void write_words(FILE *stream, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : " ", words[i]);
    }
}

/** The verbs, by all their names. */
static void write_verbs(FILE *stream)
{
    for (size_t i = 0; i < CLI_VERBS; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : " ", cli_verb_table[i].name);
    }
    for (size_t i = 0; i < CLI_ALIASES; i++) {
        fprintf(stream, " %s", cli_alias_table[i].name);
    }
}

/** The names of one verb, with what a shell puts between them. */
static void write_names(FILE *stream, size_t verb, const char *between)
{
    fputs(cli_verb_table[verb].name, stream);
    for (size_t i = 0; i < CLI_ALIASES; i++) {
        if (cli_alias_table[i].verb == verb) {
            fprintf(stream, "%s%s", between, cli_alias_table[i].name);
        }
    }
}

static void write_assumptions(FILE *stream)
{
    for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : " ", assumption_name(i));
    }
}

static void write_questions(FILE *stream)
{
    for (size_t i = 0; query_questions[i] != NULL; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : " ", query_questions[i]);
    }
}

/** The words that an operand can be; nothing where only a file, or any word, can stand. */
static void write_operands(FILE *stream, enum operand_kind kind)
{
    switch (kind) {
    case OPERAND_VERB:
        write_verbs(stream);
        break;
    case OPERAND_SHELL:
        write_words(stream, cli_shell_names, CLI_SHELLS);
        break;
    case OPERAND_ENGINE:
        write_words(stream, cli_engine_names, CLI_ENGINES);
        break;
    case OPERAND_MODE:
        write_words(stream, cli_mode_names, CLI_MODES);
        break;
    case OPERAND_FORMAT:
        fputs("text csv jsonl svg dot", stream);
        break;
    case OPERAND_SCHEDULER:
        fputs("slurm", stream);
        break;
    case OPERAND_ASSUMPTION:
        write_assumptions(stream);
        break;
    case OPERAND_ACTION:
        fputs("merge submit status", stream);
        break;
    case OPERAND_DATABASE:
        write_questions(stream);
        break;
    default:
        break;
    }
}

/** One line of a text that is quoted with '...': the quotes inside are doubled in the shell's way. */
static void write_quoted(FILE *stream, const char *text)
{
    fputc('\'', stream);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            fputs("'\\''", stream);
        } else {
            fputc(*c == '\n' ? ' ' : *c, stream);
        }
    }
    fputc('\'', stream);
}

/** What compgen is to offer. */
static void write_bash_words(FILE *stream, enum operand_kind kind)
{
    if (kind != OPERAND_FILE) {
        fputs("-W '", stream);
        write_operands(stream, kind);
        fputc('\'', stream);
    }
    fputs(is_file(kind) ? (kind == OPERAND_FILE ? "-f" : " -f") : "", stream);
}

static void write_bash_options(FILE *stream)
{
    fputs("    case \"$before\" in\n", stream);
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        const enum operand_kind kind = option_argument(i);

        if (kind == OPERAND_NONE) {
            continue;
        }
        fprintf(stream, "    --%s", cli_option_table[i].name);
        if (cli_option_table[i].letter != '\0') {
            fprintf(stream, " | -%c", cli_option_table[i].letter);
        }
        fputs(")\n        COMPREPLY=($(compgen ", stream);
        write_bash_words(stream, kind);
        fputs(" -- \"$word\"))\n        return\n        ;;\n", stream);
    }
    fputs("    esac\n", stream);
}

static void write_bash(FILE *stream)
{
    fputs("# bash completion of doorbell\n"
          "_doorbell() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          stream);
    write_verbs(stream);
    fputs("' -- \"$word\"))\n        return\n    fi\n", stream);
    write_bash_options(stream);
    fputs("    case \"${COMP_WORDS[1]}\" in\n", stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        fputs("    ", stream);
        write_names(stream, i, " | ");
        fputs(")\n        case \"$word\" in\n        -*) COMPREPLY=($(compgen -W '", stream);
        for (size_t option = 0; option < CLI_OPTIONS; option++) {
            if (takes(i, option)) {
                fprintf(stream, "--%s ", cli_option_table[option].name);
            }
        }
        fputs("' -- \"$word\")) ;;\n        *) COMPREPLY=($(compgen ", stream);
        write_bash_words(stream, verb_operand(i));
        fputs(" -- \"$word\")) ;;\n        esac\n        ;;\n", stream);
    }
    fputs("    esac\n}\ncomplete -o filenames -F _doorbell doorbell\n", stream);
}

/** The beginning of a line about a verb, by whichever of its names it is called. */
static void write_fish_verb(FILE *stream, size_t verb)
{
    fputs("complete -c doorbell -n '__fish_seen_subcommand_from ", stream);
    write_names(stream, verb, " ");
    fputc('\'', stream);
}

static void write_fish_operand(FILE *stream, size_t verb)
{
    const enum operand_kind kind = verb_operand(verb);

    if (is_file(kind)) {
        write_fish_verb(stream, verb);
        fputs(" -F\n", stream);
    }
    if (kind != OPERAND_NONE && kind != OPERAND_WORD && kind != OPERAND_FILE) {
        write_fish_verb(stream, verb);
        fputs(" -a '", stream);
        write_operands(stream, kind);
        fputs("'\n", stream);
    }
}

static void write_fish(FILE *stream)
{
    fputs("# fish completion of doorbell\ncomplete -c doorbell -f\n", stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        fputs("complete -c doorbell -n __fish_use_subcommand -a '", stream);
        write_names(stream, i, " ");
        fputs("' -d ", stream);
        write_quoted(stream, cli_verb_table[i].summary);
        fputc('\n', stream);
        write_fish_operand(stream, i);
        for (size_t option = 0; option < CLI_OPTIONS; option++) {
            const struct cli_option_entry *entry = &cli_option_table[option];

            if (!takes(i, option)) {
                continue;
            }
            write_fish_verb(stream, i);
            fprintf(stream, " -l %s", entry->name);
            if (entry->letter != '\0') {
                fprintf(stream, " -s %c", entry->letter);
            }
            if (option_argument(option) == OPERAND_FILE) {
                fputs(" -r -F", stream);
            } else if (entry->argument != NULL) {
                fputs(" -x -a '", stream);
                write_operands(stream, option_argument(option));
                fputc('\'', stream);
            }
            fputs(" -d ", stream);
            write_quoted(stream, entry->summary);
            fputc('\n', stream);
        }
    }
}

/** What follows the second colon of a zsh specification: how to complete. */
static void write_zsh_action(FILE *stream, enum operand_kind kind)
{
    if (kind == OPERAND_ACTION) {
        fputs("{_alternative \"actions:action:(merge submit status)\" \"files:file:_files\"}", stream);
    } else if (is_file(kind)) {
        fputs("_files", stream);
    } else if (kind != OPERAND_WORD) {
        fputc('(', stream);
        write_operands(stream, kind);
        fputc(')', stream);
    }
}

/** An explanation inside '[...]' of a zsh specification, itself inside '...'. */
static void write_zsh_summary(FILE *stream, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            fputs("'\\''", stream);
        } else if (*c == '[' || *c == ']' || *c == ':') {
            fprintf(stream, "\\%c", *c);
        } else {
            fputc(*c == '\n' ? ' ' : *c, stream);
        }
    }
}

static void write_zsh_verb(FILE *stream, size_t verb)
{
    fputs("    ", stream);
    write_names(stream, verb, " | ");
    fputs(")\n        _arguments", stream);
    for (size_t option = 0; option < CLI_OPTIONS; option++) {
        const struct cli_option_entry *entry = &cli_option_table[option];

        if (!takes(verb, option)) {
            continue;
        }
        fprintf(stream, " \\\n            '--%s[", entry->name);
        write_zsh_summary(stream, entry->summary);
        fputc(']', stream);
        if (entry->argument != NULL) {
            fprintf(stream, ":%s:", entry->argument);
            write_zsh_action(stream, option_argument(option));
        }
        fputc('\'', stream);
    }
    if (verb_operand(verb) != OPERAND_NONE) {
        fprintf(stream, " \\\n            '1:operand:");
        write_zsh_action(stream, verb_operand(verb));
        fputc('\'', stream);
    }
    if (verb_operand(verb) == OPERAND_DATABASE) {
        fputs(" \\\n            '2:question:(", stream);
        write_questions(stream);
        fputs(")'", stream);
    } else if (cli_verb_table[verb].operands_max > 1) {
        fputs(" \\\n            '*:operand:_files'", stream);
    }
    fputs("\n        ;;\n", stream);
}

static void write_zsh_name(FILE *stream, const char *name, size_t verb)
{
    fprintf(stream, "        '%s:", name);
    write_zsh_summary(stream, cli_verb_table[verb].summary);
    fputs("'\n", stream);
}

static void write_zsh(FILE *stream)
{
    fputs("#compdef doorbell\n"
          "_doorbell() {\n"
          "    local -a verbs\n"
          "    verbs=(\n",
          stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        write_zsh_name(stream, cli_verb_table[i].name, i);
    }
    for (size_t i = 0; i < CLI_ALIASES; i++) {
        write_zsh_name(stream, cli_alias_table[i].name, cli_alias_table[i].verb);
    }
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe verb verbs\n"
          "        return\n"
          "    fi\n"
          "    local verb=$words[2]\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $verb in\n",
          stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        write_zsh_verb(stream, i);
    }
    fputs("    esac\n}\n_doorbell \"$@\"\n", stream);
}

bool cli_completion_write(FILE *stream, const char *shell)
{
    static void (*const writers[CLI_SHELLS])(FILE *) = {write_bash, write_fish, write_zsh};

    for (size_t i = 0; i < CLI_SHELLS; i++) {
        if (strcmp(shell, cli_shell_names[i]) == 0) {
            writers[i](stream);
            return true;
        }
    }
    return false;
}
