#include "report/format.h"

#include "result/verdict.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct report_text report_duration(sim_time time)
{
    /* From fine to coarse; the first in which the rounded value has no more than four digits is taken. */
    static const struct {
        const char *name;
        sim_time quantum; /**< what the last digit stands for */
        uint64_t scale;   /**< quanta in the unit */
        int digits;       /**< behind the point */
    } forms[] = {
        {"ns", SIM_NS / 1000, 1000, 3},
        {"ns", SIM_NS / 100, 100, 2},
        {"ns", SIM_NS / 10, 10, 1},
        {"us", SIM_US / 1000, 1000, 3},
        {"us", SIM_US / 100, 100, 2},
        {"us", SIM_US / 10, 10, 1},
        {"ms", SIM_MS / 1000, 1000, 3},
        {"ms", SIM_MS / 100, 100, 2},
        {"ms", SIM_MS / 10, 10, 1},
        {"s", SIM_S / 1000, 1000, 3},
        {"s", SIM_S / 100, 100, 2},
        {"s", SIM_S / 10, 10, 1},
        {"s", SIM_S, 1, 0},
    };
    const unsigned last = sizeof(forms) / sizeof(forms[0]) - 1;
    struct report_text result = {"-"};
    uint64_t value = 0;
    unsigned i;

    if (time == SIM_TIME_NEVER) {
        return result;
    }
    for (i = 0; i <= last; i++) {
        value = time / forms[i].quantum + (time % forms[i].quantum >= forms[i].quantum / 2 ? 1 : 0);
        if (value < 10000 || i == last) {
            break;
        }
    }
    if (time == 0) {
        snprintf(result.text, sizeof(result.text), "0 ns");
    } else if (forms[i].digits == 0) {
        snprintf(result.text, sizeof(result.text), "%" PRIu64 " %s", value, forms[i].name);
    } else {
        value = value > 0 ? value : 1;
        snprintf(result.text, sizeof(result.text), "%" PRIu64 ".%0*" PRIu64 " %s", value / forms[i].scale,
                 forms[i].digits, value % forms[i].scale, forms[i].name);
    }
    return result;
}

struct report_text report_exact_duration(sim_time time)
{
    struct report_text result = {"-"};
    int length;

    if (time == SIM_TIME_NEVER) {
        return result;
    }
    length = snprintf(result.text, sizeof(result.text), "%" PRIu64 ".%06" PRIu64, time / SIM_NS, time % SIM_NS);
    while (length > 1 && result.text[length - 1] == '0') {
        length--;
    }
    if (result.text[length - 1] == '.') {
        length--;
    }
    snprintf(result.text + length, sizeof(result.text) - (size_t)length, " ns");
    return result;
}

struct report_text report_count(uint64_t value, unsigned columns)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
    struct report_text result = {""};

    for (unsigned i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        int length = snprintf(result.text, sizeof(result.text), "%" PRIu64 "%s", value, suffixes[i]);

        if (length <= (int)columns) {
            break;
        }
        value /= 1000;
    }
    return result;
}

struct report_text report_hex(uint64_t value)
{
    struct report_text result = {"-"};

    if (value != VERDICT_NO_ID) {
        snprintf(result.text, sizeof(result.text), "0x%" PRIx64, value);
    }
    return result;
}

struct report_text report_rid(uint32_t segment, uint64_t rid)
{
    struct report_text result;

    snprintf(result.text, sizeof(result.text), "%04" PRIx32 ":%02x:%02x.%x", segment, (unsigned)(rid >> 8 & 0xff),
             (unsigned)(rid >> 3 & 0x1f), (unsigned)(rid & 7));
    return result;
}

/* ---- Lines ---- */

/** Whether a byte starts a character (and does not continue one). */
static bool starts_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/** Characters in so many bytes. */
static size_t characters(const char *text, size_t bytes)
{
    size_t count = 0;

    for (size_t i = 0; i < bytes; i++) {
        count += starts_character(text[i]) ? 1 : 0;
    }
    return count;
}

/** Bytes of the first so many characters of a text of so many bytes. */
static size_t bytes_of(const char *text, size_t bytes, size_t count)
{
    size_t i = 0;

    while (i < bytes && (count > 0 || !starts_character(text[i]))) {
        count -= starts_character(text[i]) ? 1 : 0;
        i++;
    }
    return i;
}

size_t report_width(const char *text)
{
    return characters(text, strlen(text));
}

void report_words(FILE *out, const char *text, size_t used, size_t indent)
{
    size_t column = used;
    bool first = true; /* of its line */

    text += strspn(text, " ");
    while (*text != '\0') {
        size_t bytes = strcspn(text, " ");
        size_t width = characters(text, bytes);
        size_t space = first ? 0 : 1;

        /* A new line for what does not fit here, unless it starts this one and a new line would not hold more. */
        if (column + space + width > REPORT_COLUMNS && (!first || column > indent)) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
            continue;
        }
        if (column + space + width > REPORT_COLUMNS) {
            width = column < REPORT_COLUMNS ? REPORT_COLUMNS - column : 1;
            bytes = bytes_of(text, bytes, width);
        }
        if (!first) {
            fputc(' ', out);
        }
        fwrite(text, 1, bytes, out);
        column += space + width;
        first = false;
        text += bytes;
        if (*text != ' ' && *text != '\0') {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        text += strspn(text, " ");
    }
    fputc('\n', out);
}
