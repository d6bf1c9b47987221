/*
 * Measurements of a host in the form of the public pcie-bench data set: a folder of tables of comma-separated values,
 * each with a line of column names. Taken are the latency of 64-byte reads and the rate of 64, 128 and 256-byte writes,
 * both at random addresses in a window, against the size of that window.
 */
#ifndef DOORBELL_CALIBRATE_MEASUREMENTS_H
#define DOORBELL_CALIBRATE_MEASUREMENTS_H

#include "scenario/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum measurement_kind {
    MEASUREMENT_READ_LATENCY, /**< ns */
    MEASUREMENT_WRITE_RATE,   /**< millions of writes a second */
};

/** Whether the host's caches held the window. Other rows are not taken. */
enum measurement_cache {
    MEASUREMENT_COLD,
    MEASUREMENT_WARM,
};

struct measurement {
    enum measurement_kind kind;
    enum measurement_cache cache;
    uint64_t window; /**< bytes */
    uint32_t size;   /**< bytes a request */
    double value;
    unsigned line; /**< of its file, the first is 1 */
};

struct measurements {
    struct measurement *items;
    size_t count;
};

/** The file of a folder that has the rows of a kind and size. */
const char *measurements_file(enum measurement_kind kind, uint32_t size);

/**
 * Reads a folder. @p measurements must be zeroed; release them with measurements_clear() whatever is returned.
 * @return whether every file was there and sound; else @p diagnostics say what is wrong
 */
bool measurements_read(const char *folder, struct measurements *measurements, struct diagnostics *diagnostics);

/** The row of a kind, state of the cache, window and size; NULL if there is none. */
const struct measurement *measurements_find(const struct measurements *measurements, enum measurement_kind kind,
                                            enum measurement_cache cache, uint64_t window, uint32_t size);

void measurements_clear(struct measurements *measurements);

#ifdef __cplusplus
}
#endif

#endif
