#include "cli/completion.h"

#include "cli/table.h"

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
    OPERAND_WORD,
};

static enum operand_kind verb_operand(size_t verb)
{
    const char *operand = cli_verb_table[verb].operand;

    if (operand == NULL) {
        return OPERAND_NONE;
    }
    if (verb == CLI_VERB_HELP) {
        return OPERAND_VERB;
    }
    if (verb == CLI_VERB_COMPLETION) {
        return OPERAND_SHELL;
    }
    return verb == CLI_VERB_PARAMS ? OPERAND_WORD : OPERAND_FILE;
}

static enum operand_kind option_argument(size_t option)
{
    if (cli_option_table[option].argument == NULL) {
        return OPERAND_NONE;
    }
    if (option == CLI_OPTION_ENGINE) {
        return OPERAND_ENGINE;
    }
    if (option == CLI_OPTION_MODE) {
        return OPERAND_MODE;
    }
    return option == CLI_OPTION_OUTPUT || option == CLI_OPTION_TIMELINE || option == CLI_OPTION_JUNIT ? OPERAND_FILE
                                                                                                      : OPERAND_WORD;
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

static void write_verbs(FILE *stream)
{
    for (size_t i = 0; i < CLI_VERBS; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : " ", cli_verb_table[i].name);
    }
}

/** The words that an operand can be; nothing where a file or any word can stand. */
static void write_operands(FILE *stream, enum operand_kind kind)
{
    if (kind == OPERAND_VERB) {
        write_verbs(stream);
    } else if (kind == OPERAND_SHELL) {
        write_words(stream, cli_shell_names, CLI_SHELLS);
    } else if (kind == OPERAND_ENGINE) {
        write_words(stream, cli_engine_names, CLI_ENGINES);
    } else if (kind == OPERAND_MODE) {
        write_words(stream, cli_mode_names, CLI_MODES);
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
        if (kind == OPERAND_FILE) {
            fputs("-f", stream);
        } else {
            fputs("-W '", stream);
            write_operands(stream, kind);
            fputc('\'', stream);
        }
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
        fprintf(stream, "    %s)\n        case \"$word\" in\n        -*) COMPREPLY=($(compgen -W '",
                cli_verb_table[i].name);
        for (size_t option = 0; option < CLI_OPTIONS; option++) {
            if (takes(i, option)) {
                fprintf(stream, "--%s ", cli_option_table[option].name);
            }
        }
        fputs("' -- \"$word\")) ;;\n        *) COMPREPLY=($(compgen ", stream);
        if (verb_operand(i) == OPERAND_FILE) {
            fputs("-f", stream);
        } else {
            fputs("-W '", stream);
            write_operands(stream, verb_operand(i));
            fputc('\'', stream);
        }
        fputs(" -- \"$word\")) ;;\n        esac\n        ;;\n", stream);
    }
    fputs("    esac\n}\ncomplete -o filenames -F _doorbell doorbell\n", stream);
}

static void write_fish(FILE *stream)
{
    fputs("# fish completion of doorbell\ncomplete -c doorbell -f\n", stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        const char *name = cli_verb_table[i].name;

        fprintf(stream, "complete -c doorbell -n __fish_use_subcommand -a %s -d ", name);
        write_quoted(stream, cli_verb_table[i].summary);
        fputc('\n', stream);
        if (verb_operand(i) == OPERAND_FILE) {
            fprintf(stream, "complete -c doorbell -n '__fish_seen_subcommand_from %s' -F\n", name);
        } else if (verb_operand(i) != OPERAND_NONE && verb_operand(i) != OPERAND_WORD) {
            fprintf(stream, "complete -c doorbell -n '__fish_seen_subcommand_from %s' -a '", name);
            write_operands(stream, verb_operand(i));
            fputs("'\n", stream);
        }
        for (size_t option = 0; option < CLI_OPTIONS; option++) {
            const struct cli_option_entry *entry = &cli_option_table[option];

            if (!takes(i, option)) {
                continue;
            }
            fprintf(stream, "complete -c doorbell -n '__fish_seen_subcommand_from %s' -l %s", name, entry->name);
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
    if (kind == OPERAND_FILE) {
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
    fprintf(stream, "    %s)\n        _arguments", cli_verb_table[verb].name);
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
    fputs("\n        ;;\n", stream);
}

static void write_zsh(FILE *stream)
{
    fputs("#compdef doorbell\n"
          "_doorbell() {\n"
          "    local -a verbs\n"
          "    verbs=(\n",
          stream);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        fprintf(stream, "        '%s:", cli_verb_table[i].name);
        write_zsh_summary(stream, cli_verb_table[i].summary);
        fputs("'\n", stream);
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
