#include "import/interrupts.h"

#include <stdlib.h>
#include <string.h>

/* Longest line that is looked at; what is beyond of longer ones is not. */
#define LONGEST 4096u

/* Linux's numbers of a function's interrupts: vector below, requester ID above, then the segment (irq-msi-lib). */
#define VECTOR_BITS 11u
#define VECTOR_MASK 0x7ffu
#define RID_MASK    0xffffu

struct reader {
    struct import_machine *machine;
    unsigned cpus;    /**< columns of the table of /proc/interrupts; 0: none has begun */
    bool in_function; /**< the line before was of this function: */
    uint32_t segment;
    uint16_t rid;
    bool found;
};

/* ---- Words ---- */

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " \t");
}

/* "ssss:bb:dd.f" and nothing but a space behind it. @return behind it; NULL if it is none */
static const char *take_place(const char *text, uint32_t *segment, uint16_t *rid)
{
    static const struct {
        char end;
        unsigned digits;
        unsigned long most;
    } parts[] = {{':', 8, UINT32_MAX}, {':', 2, 0xff}, {'.', 2, 0x1f}, {'\0', 1, 7}};
    unsigned long values[4];

    for (unsigned i = 0; i < 4; i++) {
        const size_t digits = strspn(text, "0123456789abcdefABCDEF");

        if (digits == 0 || digits > parts[i].digits) {
            return NULL;
        }
        values[i] = strtoul(text, NULL, 16);
        text += digits;
        if (values[i] > parts[i].most || (parts[i].end != '\0' && *text++ != parts[i].end)) {
            return NULL;
        }
    }
    *segment = (uint32_t)values[0];
    *rid = (uint16_t)(values[1] << 8 | values[2] << 3 | values[3]);
    return *text == ' ' || *text == '\t' || *text == '\0' ? text : NULL;
}

/* What stands behind " NAME="; NULL if it does not come. */
static const char *find_value(const char *text, const char *name)
{
    const size_t length = strlen(name);

    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        if (at != text && (at[-1] == ' ' || at[-1] == '\t') && at[length] == '=') {
            return at + length + 1;
        }
    }
    return NULL;
}

static bool take_decimal(const char *text, uint64_t *value)
{
    const size_t digits = strspn(text, "0123456789");

    *value = digits == 0 || digits > 18 ? 0 : strtoull(text, NULL, 10);
    return digits != 0 && digits <= 18;
}

/* The CPU of a mask, "8" or "00000000,00000010": its lowest bit. @return whether there is one */
static bool take_cpu(const char *text, uint32_t *cpu)
{
    const size_t length = strspn(text, "0123456789abcdefABCDEF,");
    uint32_t bit = 0;

    for (size_t i = length; i > 0; i--) {
        const char digit[2] = {text[i - 1], '\0'};
        const unsigned long value = digit[0] == ',' ? 0 : strtoul(digit, NULL, 16);

        if (digit[0] == ',') {
            continue;
        }
        if (value != 0) {
            *cpu = bit + (uint32_t)__builtin_ctzl(value);
            return true;
        }
        bit += 4;
    }
    return false;
}

/* ---- Routes ---- */

/* Forgets the routes of a function, or all that were counted. */
static void forget(struct import_machine *machine, bool counted, uint32_t segment, uint16_t rid)
{
    size_t kept = 0;

    for (size_t i = 0; i < machine->route_count; i++) {
        const struct import_route *route = &machine->routes[i];
        const bool gone = counted ? route->counted : route->segment == segment && route->rid == rid;

        if (!gone) {
            machine->routes[kept++] = *route;
        }
    }
    machine->route_count = kept;
}

static bool is_told(const struct import_machine *machine, uint32_t segment, uint16_t rid)
{
    for (size_t i = 0; i < machine->route_count; i++) {
        const struct import_route *route = &machine->routes[i];

        if (!route->counted && route->segment == segment && route->rid == rid) {
            return true;
        }
    }
    return false;
}

/* ---- Lines ---- */

/* A function's vector and the CPU that has it. */
static bool read_vector(struct reader *reader, const char *line)
{
    struct import_route route = {.counted = false};
    const char *behind = take_place(line, &route.segment, &route.rid);
    const char *number = behind == NULL ? NULL : find_value(behind, "hwirq");
    const char *mask = behind == NULL ? NULL : find_value(behind, "eff");
    uint64_t hwirq;
    uint32_t cpu;

    if (number == NULL || mask == NULL || find_value(behind, "irq") == NULL || !take_decimal(number, &hwirq)) {
        return false;
    }
    if (!reader->in_function || reader->segment != route.segment || reader->rid != route.rid) {
        forget(reader->machine, false, route.segment, route.rid);
    }
    reader->in_function = true;
    reader->segment = route.segment;
    reader->rid = route.rid;
    if (take_cpu(mask, &cpu)) { /* a vector that is not in use has none */
        route.vector = (uint16_t)(hwirq & VECTOR_MASK);
        route.pe = cpu;
        import_machine_add_route(reader->machine, &route);
    }
    return true;
}

/* "           CPU0       CPU1": a table begins. @return how many; 0 if it is no such line */
static unsigned count_cpus(const char *line)
{
    unsigned count = 0;

    for (line = skip_spaces(line); strncmp(line, "CPU", 3) == 0; line = skip_spaces(line)) {
        line += 3;
        line += strspn(line, "0123456789");
        count++;
    }
    return *line == '\0' ? count : 0;
}

/* Whose an interrupt is that a chip calls so. */
static bool take_source(const char *chip, uint64_t hwirq, struct import_route *route)
{
    char place[32];
    const size_t length = strcspn(chip, " \t");

    route->vector = (uint16_t)(hwirq & VECTOR_MASK);
    if (length == strlen("ITS-MSI") && strncmp(chip, "ITS-MSI", length) == 0) {
        route->rid = (uint16_t)(hwirq >> VECTOR_BITS & RID_MASK);
        route->segment = (uint32_t)(hwirq >> (VECTOR_BITS + 16));
        return true;
    }
    for (const char *at = chip; strncmp(chip, "ITS-PCI-MSI", 11) == 0 && at < chip + length; at++) {
        if (*at == '-' && chip + length - at <= (ptrdiff_t)sizeof(place)) {
            memcpy(place, at + 1, (size_t)(chip + length - at - 1));
            place[chip + length - at - 1] = '\0';
            if (take_place(place, &route->segment, &route->rid) != NULL) {
                return true;
            }
        }
    }
    return false;
}

/* A row of /proc/interrupts. */
static bool read_row(const struct reader *reader, const char *line)
{
    struct import_route route = {.counted = true};
    unsigned active = 0;
    uint64_t value;

    line = skip_spaces(line);
    if (!take_decimal(line, &value) || line[strspn(line, "0123456789")] != ':') {
        return false;
    }
    line += strspn(line, "0123456789") + 1;
    for (unsigned cpu = 0; cpu < reader->cpus; cpu++) {
        line = skip_spaces(line);
        if (!take_decimal(line, &value)) {
            return false;
        }
        line += strspn(line, "0123456789");
        route.pe = value != 0 ? cpu : route.pe;
        active += value != 0;
    }
    line = skip_spaces(line);
    if (!take_decimal(skip_spaces(line + strcspn(line, " \t")), &value) || !take_source(line, value, &route)) {
        return false;
    }
    if (active == 1 && !is_told(reader->machine, route.segment, route.rid)) {
        import_machine_add_route(reader->machine, &route);
    }
    return true;
}

static void read_line(struct reader *reader, const char *line)
{
    const unsigned cpus = count_cpus(line);

    if (read_vector(reader, line)) {
        reader->found = true;
        return;
    }
    /* An error message of a shell between two lines does not begin a new list. */
    reader->in_function = reader->in_function && strchr(line, ':') != NULL && *line != ' ';
    if (cpus > 0) {
        forget(reader->machine, true, 0, 0);
        reader->cpus = cpus;
        reader->machine->cpu_count = cpus > reader->machine->cpu_count ? cpus : reader->machine->cpu_count;
    } else if (reader->cpus > 0) {
        reader->found = read_row(reader, line) || reader->found;
    }
}

static bool read_all(const char *text, size_t length, struct import_machine *machine)
{
    struct reader reader = {.machine = machine};
    size_t at = 0;

    while (at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        const size_t size = end == NULL ? length - at : (size_t)(end - text) - at;
        const size_t taken = size < LONGEST ? size : LONGEST;
        char line[LONGEST + 1];

        memcpy(line, text + at, taken);
        line[taken] = '\0';
        line[strcspn(line, "\r")] = '\0';
        read_line(&reader, line);
        at += size + 1;
    }
    return reader.found;
}

void import_interrupts_read(const char *text, size_t length, struct import_machine *machine)
{
    read_all(text, length, machine);
}

bool import_interrupts_recognise(const char *text, size_t length)
{
    struct import_machine machine;
    bool found;

    memset(&machine, 0, sizeof(machine));
    found = read_all(text, length, &machine);
    import_machine_clear(&machine);
    return found;
}
