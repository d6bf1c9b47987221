#include "replay/recording_internal.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool complain(const struct replay_text *text, struct diagnostics *diagnostics, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(const struct replay_text *text, struct diagnostics *diagnostics, const char *format, ...)
{
    const struct diagnostic_where where = {.file = text->path};
    va_list arguments;

    va_start(arguments, format);
    diagnostics_vadd(diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
    return false;
}

static json_t *parse(const struct replay_text *text, struct diagnostics *diagnostics)
{
    json_error_t error;
    json_t *json = json_loadb(text->bytes, text->size, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {
        const struct diagnostic_where where = {.file = text->path,
                                               .line = error.line > 0 ? (unsigned)error.line : 0,
                                               .column =
                                                   error.line > 0 && error.column > 0 ? (unsigned)error.column : 0,
                                               .span = 1};

        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "%s", error.text);
    }
    return json;
}

/** A number at the start of a text. @return what follows it; NULL if there is none */
static const char *take_number(const char *text, uint64_t *value)
{
    const size_t size = strspn(text, "0123456789abcdefABCDEFxX");

    return replay_number(text, size, value) ? text + size : NULL;
}

/* ---- The memory map: "0x09050000", "0x40000000 size 0x20000000", "0x080a0000 + 0x20000*cpu" ---- */

static bool read_address(const struct replay_text *text, const json_t *map, const char *key, const char *between,
                         uint64_t *address, uint64_t *second, struct diagnostics *diagnostics)
{
    const char *value = json_string_value(json_object_get(map, key));
    const char *rest = value == NULL ? NULL : take_number(value, address);

    if (rest != NULL && between != NULL) {
        rest = strncmp(rest, between, strlen(between)) == 0 ? take_number(rest + strlen(between), second) : NULL;
    }
    if (rest == NULL) {
        return complain(text, diagnostics, "E2205 memory_map.%s must be a text such as \"0x1000%s%s\"", key,
                        between == NULL ? "" : between, between == NULL ? "" : "0x20000");
    }
    return true;
}

static bool read_map(struct replay_recording *recording, const json_t *root, struct diagnostics *diagnostics)
{
    const struct replay_text *text = &recording->regs;
    const json_t *json = json_object_get(root, "memory_map");
    struct replay_map *map = &recording->map;
    bool right = true;

    right = read_address(text, json, "gicd", NULL, &map->gicd, NULL, diagnostics) && right;
    right = read_address(text, json, "its", NULL, &map->its, NULL, diagnostics) && right;
    right = read_address(text, json, "its_translater", NULL, &map->translater, NULL, diagnostics) && right;
    right = read_address(text, json, "gicr", " + ", &map->gicr, &map->gicr_stride, diagnostics) && right;
    right = read_address(text, json, "smmu", NULL, &map->smmu, NULL, diagnostics) && right;
    right = read_address(text, json, "ram", " size ", &map->ram, &map->ram_size, diagnostics) && right;
    if (right &&
        (map->ram_size < REPLAY_PAGE_BYTES || map->ram % REPLAY_PAGE_BYTES != 0 ||
         map->ram_size % REPLAY_PAGE_BYTES != 0 || map->ram > UINT64_MAX - map->ram_size - REPLAY_PAGE_BYTES)) {
        right = complain(text, diagnostics, "E2205 memory_map.ram must be whole pages of 4096 bytes, at least one");
    }
    if (right && ((map->smmu | map->its | map->gicr | map->gicr_stride) % 0x10000 != 0 || map->gicr_stride < 0x20000 ||
                  map->translater != map->its + 0x10040)) {
        right =
            complain(text, diagnostics,
                     "E2205 memory_map: registers begin at multiples of 64 KiB, redistributors are at least 0x20000 "
                     "apart, and its_translater is its + 0x10040");
    }
    return right;
}

/* ---- Snapshots ---- */

/** Reads a register's value, which is a text such as "0xd". */
static bool read_value(const json_t *json, uint64_t *value)
{
    const char *text = json_string_value(json);
    const char *rest = text == NULL ? NULL : take_number(text, value);

    return rest != NULL && *rest == '\0';
}

/** Reads the registers of one unit. Those that are no such texts (a processor's number) are passed over. */
static bool read_registers(const struct replay_text *text, json_t *json, const char *unit, size_t snapshot,
                           struct replay_registers *registers, struct diagnostics *diagnostics)
{
    const char *name;
    json_t *value;

    if (!json_is_object(json)) {
        return complain(text, diagnostics, "E2205 snapshots[%zu].%s must be an object of registers", snapshot, unit);
    }
    registers->items = calloc(json_object_size(json) + 1, sizeof(*registers->items));
    if (registers->items == NULL) {
        return complain(text, diagnostics, "E0203 out of memory");
    }
    json_object_foreach(json, name, value)
    {
        if (json_is_integer(value)) {
            continue;
        }
        if (!read_value(value, &registers->items[registers->count].value)) {
            return complain(text, diagnostics, "E2205 snapshots[%zu].%s: %s must be a text such as \"0xd\"", snapshot,
                            unit, name);
        }
        registers->items[registers->count++].name = name;
    }
    return true;
}

static bool read_units(struct replay_recording *recording, const json_t *json, size_t i,
                       struct diagnostics *diagnostics)
{
    const struct replay_text *text = &recording->regs;
    struct replay_snapshot *snapshot = &recording->snapshots[i];
    const json_t *gicr = json_object_get(json, "gicr");
    const size_t cpus = json_array_size(gicr);

    if (cpus > REPLAY_MAX_CPUS) {
        return complain(text, diagnostics, "E2205 snapshots[%zu].gicr has more than %u redistributors", i,
                        REPLAY_MAX_CPUS);
    }
    if (cpus > recording->cpus) {
        recording->cpus = (uint32_t)cpus;
    }
    for (size_t cpu = 0; cpu < cpus; cpu++) {
        if (!read_registers(text, json_array_get(gicr, cpu), "gicr", i, &snapshot->gicr[cpu], diagnostics)) {
            return false;
        }
    }
    return read_registers(text, json_object_get(json, "smmu"), "smmu", i, &snapshot->smmu, diagnostics) &&
           read_registers(text, json_object_get(json, "its"), "its", i, &snapshot->its, diagnostics) &&
           read_registers(text, json_object_get(json, "gicd"), "gicd", i, &snapshot->gicd, diagnostics);
}

static bool read_snapshot(struct replay_recording *recording, const json_t *json, size_t i,
                          struct diagnostics *diagnostics)
{
    struct replay_snapshot *snapshot = &recording->snapshots[i];
    const json_t *seq = json_object_get(json, "seq");

    snapshot->tag = json_string_value(json_object_get(json, "tag"));
    if (!json_is_integer(seq) || json_integer_value(seq) < 0 || snapshot->tag == NULL) {
        return complain(&recording->regs, diagnostics, "E2205 snapshots[%zu] must have a tag and the number seq", i);
    }
    snapshot->seq = (uint64_t)json_integer_value(seq);
    if (i != 0 && snapshot->seq < snapshot[-1].seq) {
        return complain(&recording->regs, diagnostics, "E2205 snapshots[%zu].seq goes back: snapshots must be in order",
                        i);
    }
    return read_units(recording, json, i, diagnostics);
}

static bool read_snapshots(struct replay_recording *recording, const json_t *root, struct diagnostics *diagnostics)
{
    const json_t *list = json_object_get(root, "snapshots");
    const size_t count = json_array_size(list);

    if (count == 0) {
        return complain(&recording->regs, diagnostics, "E2205 there must be a list 'snapshots' of at least one");
    }
    recording->snapshots = calloc(count, sizeof(*recording->snapshots));
    if (recording->snapshots == NULL) {
        return complain(&recording->regs, diagnostics, "E0203 out of memory");
    }
    recording->snapshot_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!read_snapshot(recording, json_array_get(list, i), i, diagnostics)) {
            return false;
        }
    }
    return true;
}

/** What recording.json says of itself; every part may be absent. */
static bool read_about(struct replay_recording *recording, struct diagnostics *diagnostics)
{
    if (recording->about.bytes == NULL) {
        return true;
    }
    recording->about_json = parse(&recording->about, diagnostics);
    recording->name = json_string_value(json_object_get(recording->about_json, "recording"));
    recording->software = json_string_value(json_object_get(recording->about_json, "kernel"));
    recording->hardware = json_string_value(json_object_get(recording->about_json, "qemu_package"));
    return recording->about_json != NULL;
}

bool replay_recording_read_json(struct replay_recording *recording, struct diagnostics *diagnostics)
{
    const bool about = read_about(recording, diagnostics);
    json_t *root = parse(&recording->regs, diagnostics);

    recording->json = root;
    return root != NULL && read_map(recording, root, diagnostics) && read_snapshots(recording, root, diagnostics) &&
           about;
}
