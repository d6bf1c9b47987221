#include "import/lspci.h"

#include "import/config_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 16u

/* One line of the text, without its end. */
struct line {
    const char *text;
    size_t length;
    unsigned number;
};

/* What is being read. */
struct lspci {
    const char *file;
    struct import_machine *machine;
    struct diagnostics *diagnostics;
    struct line line;
    bool place_known; /* a place came, and its dump may follow */
    bool in_dump;     /* and has begun */
    uint32_t segment;
    uint16_t rid;
    unsigned place_line;
    size_t known; /* bytes, from the first on, up to the last line of the dump */
    uint8_t config[IMPORT_CONFIG_SIZE];
};

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes hexadecimal digits, at least @p least and at most @p most; leaves @p at behind them. */
static bool take_hex(const struct line *line, size_t *at, unsigned least, unsigned most, uint32_t *value)
{
    unsigned count = 0;

    *value = 0;
    while (*at < line->length && count < most && digit(line->text[*at]) >= 0) {
        *value = *value << 4 | (uint32_t)digit(line->text[*at]);
        (*at)++;
        count++;
    }
    return count >= least;
}

static bool take_char(const struct line *line, size_t *at, char c)
{
    if (*at < line->length && line->text[*at] == c) {
        (*at)++;
        return true;
    }
    return false;
}

/* "[ssss:]bb:dd.f" and then a space, or the end. */
static bool take_place(const struct line *line, uint32_t *segment, uint16_t *rid)
{
    size_t at = 0;
    uint32_t bus;
    uint32_t device;
    uint32_t function;

    *segment = 0;
    if (!take_hex(line, &at, 2, 8, &bus) || !take_char(line, &at, ':')) {
        return false;
    }
    if (at >= 5) {
        *segment = bus;
        if (!take_hex(line, &at, 2, 2, &bus) || !take_char(line, &at, ':')) {
            return false;
        }
    }
    if (bus > 0xff || !take_hex(line, &at, 2, 2, &device) || device > 0x1f || !take_char(line, &at, '.') ||
        !take_hex(line, &at, 1, 1, &function) || function > 7) {
        return false;
    }
    *rid = (uint16_t)(bus << 8 | device << 3 | function);
    return at == line->length || line->text[at] == ' ';
}

/* "oo:" at the beginning of a line, and not a place. */
static bool is_dump_line(const struct line *line)
{
    size_t at = 0;
    uint32_t offset;

    return take_hex(line, &at, 2, 3, &offset) && take_char(line, &at, ':') && take_char(line, &at, ' ');
}

static bool next_line(const char *text, size_t length, size_t *at, struct line *line)
{
    const char *end;

    if (*at >= length) {
        return false;
    }
    line->text = text + *at;
    end = memchr(line->text, '\n', length - *at);
    line->length = end == NULL ? length - *at : (size_t)(end - line->text);
    *at += line->length + 1;
    line->number++;
    if (line->length != 0 && line->text[line->length - 1] == '\r') {
        line->length--;
    }
    return true;
}

static bool fail(struct lspci *reader, size_t column, const char *message, const char *hint)
{
    const struct diagnostic_where where = {.file = reader->file,
                                           .line = reader->line.number,
                                           .column = (unsigned)column + 1,
                                           .span = 1,
                                           .source = reader->line.text,
                                           .source_length = reader->line.length};

    diagnostic_set_hint(diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message), "%s", hint);
    return false;
}

static bool read_bytes(struct lspci *reader)
{
    static const char shape[] = "a line of `lspci -xxxx` is an offset and 16 bytes: 00: 36 1b 0c 00 ...";
    const struct line *line = &reader->line;
    uint32_t offset;
    uint32_t byte;
    size_t at = 0;
    size_t count = 0;

    take_hex(line, &at, 2, 3, &offset);
    if (offset % LINE_BYTES != 0) {
        return fail(reader, 0, "E2103 this offset is no multiple of 16", shape);
    }
    at++;
    while (at < line->length) {
        if (!take_char(line, &at, ' ') || !take_hex(line, &at, 2, 2, &byte)) {
            return fail(reader, at, "E2103 this is no byte in hexadecimal", shape);
        }
        if (count == LINE_BYTES) {
            return fail(reader, at - 2, "E2103 this line has more than 16 bytes", shape);
        }
        reader->config[offset + count] = (uint8_t)byte;
        count++;
    }
    if (count != LINE_BYTES) {
        return fail(reader, line->length, "E2103 this line ends early", shape);
    }
    reader->known = offset + LINE_BYTES > reader->known ? offset + LINE_BYTES : reader->known;
    return true;
}

static struct import_function *find(struct import_machine *machine, uint32_t segment, uint16_t rid)
{
    for (size_t i = 0; i < machine->function_count; i++) {
        if (machine->functions[i].segment == segment && machine->functions[i].rid == rid) {
            return &machine->functions[i];
        }
    }
    return NULL;
}

/* Ends the dump that is under way. */
static bool finish(struct lspci *reader)
{
    struct import_function *function;
    const char *slash = strrchr(reader->file, '/');
    char origin[300];

    if (!reader->in_dump) {
        return true;
    }
    reader->in_dump = false;
    reader->place_known = false;
    if (find(reader->machine, reader->segment, reader->rid) != NULL) {
        return true;
    }
    function = import_machine_add_function(reader->machine);
    if (function == NULL) {
        return fail(reader, 0, "E2103 there are too many functions", "8192 are taken at most");
    }
    snprintf(origin, sizeof(origin), "%.250s:%u", slash == NULL ? reader->file : slash + 1, reader->place_line);
    function->origin = strdup(origin);
    function->segment = reader->segment;
    function->rid = reader->rid;
    import_config_decode(reader->config, reader->known, function);
    if (!function->complete) {
        const struct diagnostic_where where = {.file = reader->file, .line = reader->place_line};

        diagnostic_set_hint(
            diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, &where,
                            "E2104 the configuration space of %02x:%02x.%x ends before its capabilities",
                            function->rid >> 8, function->rid >> 3 & 0x1f, function->rid & 7),
            "run `lspci -xxxx` as root");
        return false;
    }
    return true;
}

/* Where a line has a text, behind it; SIZE_MAX if it has it not. */
static size_t find_behind(const struct line *line, size_t at, const char *text)
{
    const size_t length = strlen(text);

    for (; at + length <= line->length; at++) {
        if (memcmp(line->text + at, text, length) == 0) {
            return at + length;
        }
    }
    return SIZE_MAX;
}

/* "Region 0: Memory at 10000000 (64-bit, non-prefetchable) [size=16K]", as `lspci -v` has it; 0 if it is none. */
static uint64_t region_size(const struct line *line)
{
    static const char units[] = {'K', 'M', 'G', 'T'};
    size_t at = find_behind(line, 0, "Memory at ");
    uint64_t size = 0;

    at = at == SIZE_MAX ? at : find_behind(line, at, "[size=");
    if (at == SIZE_MAX) {
        return 0;
    }
    for (; at < line->length && line->text[at] >= '0' && line->text[at] <= '9' && size < 1u << 20; at++) {
        size = 10 * size + (uint64_t)(line->text[at] - '0');
    }
    for (unsigned i = 0; i < sizeof(units) && at < line->length; i++) {
        if (line->text[at] == units[i]) {
            return size << 10 * (i + 1);
        }
    }
    return size;
}

/* Regions of memory: once more through the text, since lines of -v may stand apart from the bytes. */
static void read_regions(const char *text, size_t length, struct import_machine *machine)
{
    struct import_function *function = NULL;
    struct line line = {.number = 0};
    uint32_t segment;
    uint16_t rid;
    size_t at = 0;

    while (next_line(text, length, &at, &line)) {
        if (take_place(&line, &segment, &rid)) {
            function = find(machine, segment, rid);
            function = function == NULL || function->bar_count > 0 ? NULL : function;
        } else if (line.length == 0 || (line.text[0] != '\t' && line.text[0] != ' ')) {
            function = NULL;
        } else if (function != NULL) {
            import_function_add_bar(function, region_size(&line));
        }
    }
}

static bool read_line(struct lspci *reader)
{
    uint32_t segment;
    uint16_t rid;

    if (take_place(&reader->line, &segment, &rid)) {
        bool good = finish(reader);

        reader->place_known = true;
        reader->segment = segment;
        reader->rid = rid;
        reader->place_line = reader->line.number;
        reader->known = 0;
        memset(reader->config, 0, sizeof(reader->config));
        return good;
    }
    if (reader->place_known && is_dump_line(&reader->line)) {
        reader->in_dump = true;
        return read_bytes(reader);
    }
    /* Other options' lines below a place are indented; anything else ends the function. */
    if (reader->line.length == 0 || (reader->line.text[0] != '\t' && reader->line.text[0] != ' ')) {
        bool good = finish(reader);

        reader->place_known = false;
        return good;
    }
    return true;
}

bool import_lspci_read(const char *file, const char *text, size_t length, struct import_machine *machine,
                       struct diagnostics *diagnostics)
{
    struct lspci *reader = calloc(1, sizeof(*reader));
    size_t before = machine->function_count;
    size_t at = 0;
    bool good = reader != NULL;

    if (reader == NULL) {
        fprintf(stderr, "doorbell: out of memory\n");
        abort();
    }
    reader->file = file;
    reader->machine = machine;
    reader->diagnostics = diagnostics;
    while (good && next_line(text, length, &at, &reader->line)) {
        good = read_line(reader);
    }
    good = good && finish(reader);
    if (good) {
        read_regions(text, length, machine);
    }
    if (good && machine->function_count == before) {
        const struct diagnostic_where where = {.file = file};

        diagnostic_set_hint(diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where,
                                            "E2104 there is no configuration space in this text"),
                            "`lspci -xxxx`, as root, prints it");
        good = false;
    }
    free(reader);
    return good;
}

bool import_lspci_recognise(const char *text, size_t length)
{
    struct line line = {.number = 0};
    uint32_t segment;
    uint16_t rid;
    size_t at = 0;
    bool place = false;

    while (next_line(text, length, &at, &line)) {
        if (take_place(&line, &segment, &rid)) {
            place = true;
        } else if (place && is_dump_line(&line)) {
            return true;
        } else if (line.length == 0 || (line.text[0] != '\t' && line.text[0] != ' ')) {
            place = false;
        }
    }
    return false;
}
