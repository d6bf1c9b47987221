/* A machine in the shape of a scenario -> the scenario's text, with comments on what was guessed. */
#ifndef DOORBELL_IMPORT_WRITE_H
#define DOORBELL_IMPORT_WRITE_H

#include "import/hierarchy.h"
#include "import/machine.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Bus numbers of one root complex: those that enumeration gives in the scenario, and what they were in the machine. A
 * kernel or firmware that keeps numbers free for hot-plugging counts otherwise than the scenario's.
 */
struct import_buses {
    bool used[256];       /**< by the scenario's number */
    uint8_t machine[256]; /**< the machine's number for it */
    bool same;            /**< all are equal */
};

/** How much of the machine goes into the text. */
enum import_detail {
    IMPORT_DETAIL_ALL,
    IMPORT_DETAIL_NO_ADDRESSES, /**< without the addresses of memory, registers and windows: they do not fit together */
    IMPORT_DETAIL_LEAST,        /**< and without the number of PEs */
};

struct import_writing {
    const struct import_machine *machine;
    const struct import_hierarchy *hierarchy;
    const struct import_remarks *remarks; /**< printed at the top */
    const char *source;                   /**< what was read, for the first line */
    enum import_detail detail;
    const struct import_buses *buses; /**< of each root complex; NULL: all as in the machine */
};

/** Writes the scenario. @return whether everything was written */
bool import_write(FILE *stream, const struct import_writing *writing);

#ifdef __cplusplus
}
#endif

#endif
