/* The parts of a scenario's text that are about PCI functions. */
#ifndef DOORBELL_IMPORT_WRITE_DEVICE_H
#define DOORBELL_IMPORT_WRITE_DEVICE_H

#include "import/maps.h"
#include "import/write.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes a text as (part of) a comment; bytes that are not printable ASCII become '?'. */
void import_write_comment(FILE *stream, const char *text);

/** Writes an entry of `root-ports`, and all below it. */
void import_write_root_port(FILE *stream, const struct import_node *port);

/**
 * Writes entries of `traffic` for all endpoints at and below a node that can send MSIs and have an ITS.
 * @param msi   map that says who has one
 * @param buses whose numbers @p msi is in; NULL: the machine's
 * @param any   whether an entry was written before; the key itself comes before the first
 */
void import_write_traffic(FILE *stream, const struct import_node *node, const struct import_map *msi,
                          const struct import_buses *buses, bool *any);

/** Writes `reserved` of the software: ranges of memory that firmware wants mapped one to one. */
void import_write_reserved(FILE *stream, const struct import_writing *writing);

/** Writes the PEs of the vectors of all endpoints that are known: `software.affinity`, if there are any. */
void import_write_affinity(FILE *stream, const struct import_writing *writing);

#ifdef __cplusplus
}
#endif

#endif
