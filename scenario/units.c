#include "scenario/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;  /* base units in one */
    uint64_t divisor; /* for units smaller than the base: factor / divisor */
    bool printed;     /* units_format() may choose it */
};

#define PLAIN(text, value)                                                                                             \
    {                                                                                                                  \
        .name = (text), .factor = (value), .divisor = 1, .printed = true                                               \
    }
#define ALIAS(text, value)                                                                                             \
    {                                                                                                                  \
        .name = (text), .factor = (value), .divisor = 1, .printed = false                                              \
    }

#define KILO 1000u
#define MEGA 1000000u
#define GIGA 1000000000u
#define TERA 1000000000000u
#define KIBI 1024u
#define MEBI (1024u * KIBI)
#define GIBI ((uint64_t)1024 * MEBI)
#define TEBI (1024 * GIBI)

/* Units of one kind, largest first (so that the first in which a value is whole is the one to print). */
static const struct unit time_units[] = {
    PLAIN("s", SIM_S),   PLAIN("ms", SIM_MS), PLAIN("us", SIM_US),        ALIAS("\xc2\xb5s", SIM_US),
    PLAIN("ns", SIM_NS), PLAIN("ps", SIM_PS), ALIAS("\xce\xbcs", SIM_US), PLAIN("fs", 1),
};
static const struct unit frequency_units[] = {
    PLAIN("GHz", GIGA),
    PLAIN("MHz", MEGA),
    PLAIN("kHz", KILO),
    PLAIN("Hz", 1),
};
static const struct unit size_units[] = {
    PLAIN("TiB", TEBI), PLAIN("GiB", GIBI), PLAIN("MiB", MEBI), PLAIN("KiB", KIBI), ALIAS("TB", TERA),
    ALIAS("GB", GIGA),  ALIAS("MB", MEGA),  ALIAS("kB", KILO),  PLAIN("B", 1),
};
static const struct unit bandwidth_units[] = {
    PLAIN("GB/s", GIGA),
    PLAIN("MB/s", MEGA),
    PLAIN("kB/s", KILO),
    PLAIN("B/s", 1),
    ALIAS("GiB/s", GIBI),
    ALIAS("MiB/s", MEBI),
    ALIAS("KiB/s", KIBI),
    {.name = "Gb/s", .factor = GIGA, .divisor = 8, .printed = false},
    {.name = "Mb/s", .factor = MEGA, .divisor = 8, .printed = false},
};
static const struct unit transfer_units[] = {PLAIN("GT/s", KILO), PLAIN("MT/s", 1)};
static const struct unit cycle_units[] = {PLAIN("cycles", 1), ALIAS("cycle", 1)};
static const struct unit share_units[] = {PLAIN("%", 10000), PLAIN("ppm", 1)};

struct kind {
    const char *noun;
    const char *list;
    const char *example;
    const char *pattern;
    const struct unit *units;
    size_t count;
};

#define UNITS(array)    .units = (array), .count = sizeof(array) / sizeof((array)[0])
#define DECIMAL_PATTERN "^[0-9][0-9_]*(\\.[0-9][0-9_]*)? *"

static const struct kind kinds[] = {
    [UNITS_NUMBER] = {.noun = "a whole number",
                      .list = "",
                      .example = "",
                      .pattern = "^(0[xX][0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)$"},
    [UNITS_TIME] = {.noun = "a time",
                    .list = "fs, ps, ns, us, ms or s",
                    .example = "ns",
                    .pattern = DECIMAL_PATTERN "(fs|ps|ns|us|\xc2\xb5s|\xce\xbcs|ms|s)$",
                    UNITS(time_units)},
    [UNITS_FREQUENCY] = {.noun = "a frequency",
                         .list = "Hz, kHz, MHz or GHz",
                         .example = "MHz",
                         .pattern = DECIMAL_PATTERN "(Hz|kHz|MHz|GHz)$",
                         UNITS(frequency_units)},
    [UNITS_SIZE] = {.noun = "a size",
                    .list = "B, KiB, MiB, GiB, TiB (or kB, MB, GB, TB)",
                    .example = "KiB",
                    .pattern = DECIMAL_PATTERN "(B|[KMGT]iB|kB|[MGT]B)$",
                    UNITS(size_units)},
    [UNITS_BANDWIDTH] = {.noun = "a bandwidth",
                         .list = "B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s (or bits: Mb/s, Gb/s)",
                         .example = "GB/s",
                         .pattern = DECIMAL_PATTERN "(B|kB|MB|GB|KiB|MiB|GiB|Mb|Gb)/s$",
                         UNITS(bandwidth_units)},
    [UNITS_TRANSFER] = {.noun = "a transfer rate",
                        .list = "GT/s or MT/s",
                        .example = "GT/s",
                        .pattern = DECIMAL_PATTERN "(GT|MT)/s$",
                        UNITS(transfer_units)},
    [UNITS_CYCLES] = {.noun = "a number of cycles",
                      .list = "cycles",
                      .example = "cycles",
                      .pattern = DECIMAL_PATTERN "cycles?$",
                      UNITS(cycle_units)},
    [UNITS_SHARE] = {.noun = "a share",
                     .list = "% or ppm",
                     .example = "%",
                     .pattern = DECIMAL_PATTERN "(%|ppm)$",
                     UNITS(share_units)},
};

/* A number as written: digits / 10^decimals. */
struct decimal {
    uint64_t digits;
    unsigned decimals;
    bool hexadecimal;
    bool overflow;
};

__attribute__((format(printf, 4, 5))) static bool refuse(struct units_problem *problem, size_t offset, size_t length,
                                                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem->message, sizeof(problem->message), format, arguments);
    va_end(arguments);
    problem->offset = offset;
    problem->length = length == 0 ? 1 : length;
    return false;
}

static int digit_value(char character, unsigned base)
{
    int value = -1;

    if (character >= '0' && character <= '9') {
        value = character - '0';
    } else if (character >= 'a' && character <= 'f') {
        value = character - 'a' + 10;
    } else if (character >= 'A' && character <= 'F') {
        value = character - 'A' + 10;
    }
    return value < (int)base ? value : -1;
}

/* Digits with underscores between them, from *text on. Returns how many digits there were. */
static size_t read_digits(const char **text, unsigned base, struct decimal *number)
{
    size_t count = 0;
    int digit;

    while ((digit = digit_value(**text, base)) >= 0 || (**text == '_' && count > 0)) {
        if (digit >= 0) {
            number->overflow |= __builtin_mul_overflow(number->digits, (uint64_t)base, &number->digits);
            number->overflow |= __builtin_add_overflow(number->digits, (uint64_t)digit, &number->digits);
            count++;
        }
        (*text)++;
    }
    return count;
}

/* The number at the start of the text; *rest is what follows it. */
static bool read_number(const char *text, const char **rest, struct decimal *number, struct units_problem *problem)
{
    const char *at = text;

    memset(number, 0, sizeof(*number));
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        number->hexadecimal = true;
        at += 2;
        if (read_digits(&at, 16, number) == 0) {
            return refuse(problem, 0, 2, "no hexadecimal digits follow 0x");
        }
    } else {
        if (read_digits(&at, 10, number) == 0) {
            return refuse(problem, 0, strlen(text),
                          text[0] == '-' ? "must not be negative" : "does not start with a number");
        }
        if (text[0] == '0' && digit_value(text[1], 10) >= 0) {
            return refuse(problem, 0, (size_t)(at - text), "leading zeros are not allowed (octal or decimal?)");
        }
        if (*at == '.') {
            at++;
            number->decimals = (unsigned)read_digits(&at, 10, number);
            if (number->decimals == 0) {
                return refuse(problem, 0, (size_t)(at - text), "no digits follow the decimal point");
            }
        }
    }
    *rest = at;
    if (number->overflow || number->decimals > 18) {
        return refuse(problem, 0, (size_t)(at - text), "has too many digits");
    }
    return true;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* digits * factor / (10^decimals * divisor), exactly. */
static bool to_base_units(const struct decimal *number, uint64_t factor, uint64_t divisor, uint64_t *value, bool *whole)
{
    uint64_t scale = divisor;
    uint64_t shared;

    *whole = true;
    for (unsigned i = 0; i < number->decimals; i++) {
        /* Cancel as we go: 10^18 * 8 would not fit. */
        shared = common_divisor(factor, 10);
        factor /= shared;
        scale *= 10 / shared;
    }
    shared = common_divisor(factor, scale);
    factor /= shared;
    scale /= shared;
    if (scale == 0 || number->digits % scale != 0) {
        *whole = false;
        return false;
    }
    return !__builtin_mul_overflow(number->digits / scale, factor, value);
}

static const struct unit *find_unit(const struct kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->count; i++) {
        if (strcmp(kind->units[i].name, name) == 0) {
            return &kind->units[i];
        }
    }
    return NULL;
}

static bool parse_bare(const char *text, const char *rest, const struct decimal *number, uint64_t *value,
                       struct units_problem *problem)
{
    if (*rest != '\0') {
        return refuse(problem, (size_t)(rest - text), strlen(rest), "expected a bare whole number, without a unit");
    }
    if (number->decimals != 0) {
        return refuse(problem, 0, strlen(text), "must be a whole number");
    }
    *value = number->digits;
    return true;
}

bool units_parse(enum units_kind kind, const char *text, uint64_t *value, struct units_problem *problem)
{
    const struct kind *table = &kinds[kind];
    struct decimal number;
    const struct unit *unit;
    const char *rest = text;
    size_t offset;
    bool whole;

    if (!read_number(text, &rest, &number, problem)) {
        return false;
    }
    if (kind == UNITS_NUMBER) {
        return parse_bare(text, rest, &number, value, problem);
    }
    while (*rest == ' ') {
        rest++;
    }
    offset = (size_t)(rest - text);
    if (*rest == '\0') {
        return refuse(problem, 0, strlen(text), "has no unit: write %s with %s, for example `%s %s`", table->noun,
                      table->list, text, table->example);
    }
    unit = find_unit(table, rest);
    if (unit == NULL) {
        return refuse(problem, offset, strlen(rest), "unit `%.20s` does not fit: %s takes %s", rest, table->noun,
                      table->list);
    }
    if (number.hexadecimal && kind != UNITS_SIZE) {
        return refuse(problem, 0, offset, "%s is not written in hexadecimal", table->noun);
    }
    if (!to_base_units(&number, unit->factor, unit->divisor, value, &whole)) {
        return refuse(problem, 0, strlen(text), whole ? "is too large" : "is not a whole number of %s",
                      table->count == 0    ? "units"
                      : kind == UNITS_TIME ? "femtoseconds"
                      : kind == UNITS_SIZE ? "bytes"
                                           : "the base unit");
    }
    return true;
}

const char *units_noun(enum units_kind kind)
{
    return kinds[kind].noun;
}

const char *units_list(enum units_kind kind)
{
    return kinds[kind].list;
}

const char *units_pattern(enum units_kind kind)
{
    return kinds[kind].pattern;
}

void units_format(enum units_kind kind, uint64_t value, char *buffer, size_t size)
{
    const struct kind *table = &kinds[kind];
    const struct unit *best = NULL;

    for (size_t i = 0; i < table->count && best == NULL; i++) {
        const struct unit *unit = &table->units[i];

        if (unit->printed && value != 0 && value % unit->factor == 0) {
            best = unit;
        }
    }
    if (best == NULL) {
        snprintf(buffer, size, kind == UNITS_NUMBER ? "%" PRIu64 : "%" PRIu64 " %s", value, table->example);
        return;
    }
    snprintf(buffer, size, "%" PRIu64 " %s", value / best->factor, best->name);
}

uint64_t units_scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
    __extension__ unsigned __int128 product = (unsigned __int128)value * multiplier;
    __extension__ unsigned __int128 quotient = (product + divisor / 2) / divisor;

    return quotient > UINT64_MAX ? UINT64_MAX : (uint64_t)quotient;
}

sim_time units_period(uint64_t hertz)
{
    sim_time period = units_scale(SIM_S, 1, hertz);

    return period == 0 ? 1 : period;
}
