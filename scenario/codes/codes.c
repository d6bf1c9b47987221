#include "scenario/codes.h"

#include "scenario/codes/groups.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Columns of prose. */
#define WIDTH 100

static const struct error_code_group *const groups[] = {
    &error_codes_command,    &error_codes_files,        &error_codes_running,  &error_codes_sweeps,
    &error_codes_yaml,       &error_codes_keys,         &error_codes_names,    &error_codes_platform,
    &error_codes_pcie,       &error_codes_traffic,      &error_codes_software, &error_codes_machines,
    &error_codes_axes,       &error_codes_expectations, &error_codes_firmware, &error_codes_import,
    &error_codes_recordings, &error_codes_calibration,
};

/* What examples are added to. */
static const char small_scenario[] = "doorbell: 1\n"
                                     "pcie:\n"
                                     "  rc0:\n"
                                     "    root-ports:\n"
                                     "      rp0:\n"
                                     "        below:\n"
                                     "          sw0:\n"
                                     "            switch: {}\n"
                                     "            below:\n"
                                     "              epA: { endpoint: { msi-x: 8, bars: [64 KiB, 1 MiB] } }\n"
                                     "              epB: { endpoint: { msi-x: 4, functions: 2 } }\n";
static const char root_complex[] = "doorbell: 1\n"
                                   "pcie:\n"
                                   "  rc0:\n";

const struct error_code_group *const *error_code_groups(size_t *count)
{
    *count = sizeof(groups) / sizeof(groups[0]);
    return groups;
}

const struct error_code *error_code_find(const char *code)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            if (strcasecmp(groups[i]->codes[j].code, code) == 0) {
                return &groups[i]->codes[j];
            }
        }
    }
    return NULL;
}

const char *error_code_small_scenario(void)
{
    return small_scenario;
}

char *error_code_example(const struct error_code *code, const char *part)
{
    const char *before = code->shown == ERROR_CODE_ADDED  ? small_scenario
                         : code->shown == ERROR_CODE_ROOT ? root_complex
                                                          : "";
    char *text = sim_allocate(strlen(before) + strlen(part) + 1, 1);

    memcpy(text, before, strlen(before));
    memcpy(text + strlen(before), part, strlen(part) + 1);
    return text;
}

/* ---- Writing ---- */

/** Writes prose in lines of WIDTH columns at most. */
static void write_prose(FILE *stream, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        const size_t length = strcspn(text, " ");

        if (column != 0 && column + 1 + length > WIDTH) {
            fputc('\n', stream);
            column = 0;
        } else if (column != 0) {
            fputc(' ', stream);
            column++;
        }
        fwrite(text, 1, length, stream);
        column += length;
        text += length;
        text += *text == ' ' ? 1 : 0;
    }
    fputc('\n', stream);
}

/** Writes lines, each behind an indentation. */
static void write_lines(FILE *stream, const char *text, const char *indentation)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");

        fprintf(stream, "%s%.*s\n", indentation, (int)length, text);
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
}

static const char *what_is_shown(enum error_code_shown shown)
{
    static const char *const words[] = {
        [ERROR_CODE_ADDED] = ", added to a small scenario",
        [ERROR_CODE_ROOT] = ", below a root complex",
        [ERROR_CODE_FILE] = ", as a file",
        [ERROR_CODE_COMMAND] = "",
        [ERROR_CODE_UNSHOWN] = "",
    };

    return words[shown];
}

bool error_code_tell(FILE *stream, const struct error_code *code)
{
    fprintf(stream, "%s: %s\n\n", code->code, code->title);
    write_prose(stream, code->explanation);
    if (code->shown == ERROR_CODE_UNSHOWN) {
        fputs("\nThere is no example. ", stream);
        write_prose(stream, code->wrong);
    } else {
        fprintf(stream, "\nWrong%s:\n\n", what_is_shown(code->shown));
        write_lines(stream, code->wrong, "    ");
        fputs("\nRight:\n\n", stream);
        write_lines(stream, code->right, "    ");
    }
    return !ferror(stream);
}

bool error_code_list(FILE *stream)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        fprintf(stream, "%s%s\n", i == 0 ? "" : "\n", groups[i]->title);
        for (size_t j = 0; j < groups[i]->count; j++) {
            fprintf(stream, "  %s  %s\n", groups[i]->codes[j].code, groups[i]->codes[j].title);
        }
    }
    return !ferror(stream);
}

/** One example of the page. */
static void write_block(FILE *stream, const char *title, const struct error_code *code, const char *part)
{
    fprintf(stream, "\n%s%s:\n\n```%s\n%s```\n", title, what_is_shown(code->shown),
            code->shown == ERROR_CODE_COMMAND ? "sh" : "yaml", part);
}

static void write_section(FILE *stream, const struct error_code *code)
{
    fprintf(stream, "\n### %s: %s\n\n", code->code, code->title);
    write_prose(stream, code->explanation);
    if (code->shown == ERROR_CODE_UNSHOWN) {
        fputs("There is no example. ", stream);
        write_prose(stream, code->wrong);
        return;
    }
    write_block(stream, "Wrong", code, code->wrong);
    write_block(stream, "Right", code, code->right);
}

bool error_code_page(FILE *stream)
{
    fputs("# Error codes\n\n", stream);
    write_prose(
        stream,
        "Every message that says what is wrong has a code: in text as `error[E1101]`, in JSON as the key `code`. "
        "`doorbell explain E1101` tells what this page tells, `doorbell explain codes` lists them. Codes keep "
        "their meaning; words of messages may change. This page is made of the table in `scenario/codes/` "
        "(`doorbell_schema errors > docs/errors.md`), and a test runs every example.");
    fputs("\nThe small scenario, which some examples add keys to:\n\n```yaml\n", stream);
    fputs(small_scenario, stream);
    fputs("```\n\n", stream);
    write_prose(stream,
                "Commands stand in a folder with this scenario as `small.yaml`, `sweep.yaml` (the same with a sweep of "
                "two points), `board.dts` (that of the tutorial), `lspci.txt` (what `lspci -xxxx` prints), and copies "
                "of a recording and of a folder of measurements.");
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        fprintf(stream, "\n## %s\n", groups[i]->title);
        for (size_t j = 0; j < groups[i]->count; j++) {
            write_section(stream, &groups[i]->codes[j]);
        }
    }
    return !ferror(stream);
}
