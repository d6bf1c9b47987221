#include "calibrate/measurements.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COLUMNS  64
#define MOST_LATENCY  1e9  /* ns */
#define MOST_RATE     1e12 /* writes a second */
#define LARGEST_BYTES 1e12

static const struct {
    const char *name;
    enum measurement_kind kind;
    uint32_t size;
    const char *value; /* column */
    double most;
    double scale;
} files[] = {
    {"lat_dma_sweep_rd_rnd_64.csv", MEASUREMENT_READ_LATENCY, 64, "Avg(ns)", MOST_LATENCY, 1},
    {"bw_dma_win_sweep_wr_rnd_64.csv", MEASUREMENT_WRITE_RATE, 64, "Trans/s", MOST_RATE, 1e-6},
    {"bw_dma_win_sweep_wr_rnd_128.csv", MEASUREMENT_WRITE_RATE, 128, "Trans/s", MOST_RATE, 1e-6},
    {"bw_dma_win_sweep_wr_rnd_256.csv", MEASUREMENT_WRITE_RATE, 256, "Trans/s", MOST_RATE, 1e-6},
};
#define FILES (sizeof(files) / sizeof(files[0]))

/* One file while it is read. */
struct reading {
    const char *path;
    size_t file;
    unsigned line;
    int cache; /* columns */
    int window;
    int size;
    int value;
    struct diagnostics *diagnostics;
};

static bool complain(const struct reading *reading, const char *message)
{
    struct diagnostic_where where = {.file = reading->path, .line = reading->line};

    diagnostics_add(reading->diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message);
    return false;
}

const char *measurements_file(enum measurement_kind kind, uint32_t size)
{
    for (size_t i = 0; i < FILES; i++) {
        if (files[i].kind == kind && files[i].size == size) {
            return files[i].name;
        }
    }
    return NULL;
}

/* Cuts a line at its commas. @return how many fields; at most MOST_COLUMNS */
static int cut(char *line, char *fields[MOST_COLUMNS])
{
    int count = 0;

    line[strcspn(line, "\r\n")] = '\0';
    while (line != NULL && count < MOST_COLUMNS) {
        char *comma = strchr(line, ',');

        fields[count++] = line;
        line = comma == NULL ? NULL : comma + 1;
        if (comma != NULL) {
            *comma = '\0';
        }
    }
    return count;
}

static bool read_header(struct reading *reading, char *line)
{
    char *fields[MOST_COLUMNS];
    int count = cut(line, fields);

    for (int i = 0; i < count; i++) {
        if (strcmp(fields[i], "Cache") == 0) {
            reading->cache = i;
        } else if (strcmp(fields[i], "WinSZ") == 0) {
            reading->window = i;
        } else if (strcmp(fields[i], "SZ") == 0) {
            reading->size = i;
        } else if (strcmp(fields[i], files[reading->file].value) == 0) {
            reading->value = i;
        }
    }
    if (reading->cache < 0 || reading->window < 0 || reading->size < 0 || reading->value < 0) {
        return complain(reading, "E2301 a column of Cache, WinSZ, SZ, and Avg(ns) or Trans/s is missing");
    }
    return true;
}

static bool number(const char *text, double most, double *value)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && isfinite(*value) && *value > 0 && *value <= most;
}

static bool read_row(struct reading *reading, char *line, struct measurements *measurements)
{
    char *fields[MOST_COLUMNS];
    int count = cut(line, fields);
    struct measurement row = {.kind = files[reading->file].kind, .line = reading->line};
    double window;
    double size;

    if (count <= reading->cache || count <= reading->window || count <= reading->size || count <= reading->value) {
        return complain(reading, "E2302 the row has fewer fields than the first line");
    }
    if (strcmp(fields[reading->cache], "Cold") != 0 && strcmp(fields[reading->cache], "HWarm") != 0) {
        return true;
    }
    row.cache = fields[reading->cache][0] == 'C' ? MEASUREMENT_COLD : MEASUREMENT_WARM;
    if (!number(fields[reading->window], LARGEST_BYTES, &window) ||
        !number(fields[reading->size], LARGEST_BYTES, &size) ||
        !number(fields[reading->value], files[reading->file].most, &row.value)) {
        return complain(reading, "E2302 a window, size or value is no number, or beyond reason");
    }
    if ((uint32_t)size != files[reading->file].size) {
        return complain(reading, "E2302 the size is not the one in the file's name");
    }
    row.window = (uint64_t)window;
    row.size = (uint32_t)size;
    row.value *= files[reading->file].scale;
    measurements->items = realloc(measurements->items, (measurements->count + 1) * sizeof(row));
    if (measurements->items == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    measurements->items[measurements->count++] = row;
    return true;
}

static bool read_file(const char *folder, size_t file, struct measurements *measurements,
                      struct diagnostics *diagnostics)
{
    char path[4096];
    struct reading reading = {path, file, 0, -1, -1, -1, -1, diagnostics};
    bool good = snprintf(path, sizeof(path), "%s/%s", folder, files[file].name) < (int)sizeof(path);
    FILE *stream = good ? fopen(path, "r") : NULL;
    char *line = NULL;
    size_t room = 0;

    if (stream == NULL) {
        diagnostics->environment_failed = true;
        return complain(&reading, "E0201 cannot read it: a folder of measurements has this file");
    }
    while (good && getline(&line, &room, stream) > 0) {
        reading.line++;
        if (reading.line == 1) {
            good = read_header(&reading, line);
        } else if (line[strspn(line, "\r\n")] != '\0') {
            good = read_row(&reading, line, measurements);
        }
    }
    if (good && (ferror(stream) != 0 || reading.line == 0)) {
        good = complain(&reading, "E0201 it cannot be read, or is empty");
    }
    free(line);
    fclose(stream);
    return good;
}

bool measurements_read(const char *folder, struct measurements *measurements, struct diagnostics *diagnostics)
{
    bool good = true;

    for (size_t i = 0; i < FILES; i++) {
        good = read_file(folder, i, measurements, diagnostics) && good;
    }
    return good;
}

const struct measurement *measurements_find(const struct measurements *measurements, enum measurement_kind kind,
                                            enum measurement_cache cache, uint64_t window, uint32_t size)
{
    for (size_t i = 0; i < measurements->count; i++) {
        const struct measurement *row = &measurements->items[i];

        if (row->kind == kind && row->cache == cache && row->window == window && row->size == size) {
            return row;
        }
    }
    return NULL;
}

void measurements_clear(struct measurements *measurements)
{
    free(measurements->items);
    *measurements = (struct measurements){NULL, 0};
}
