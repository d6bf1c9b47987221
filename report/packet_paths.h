/*
 * The ways of packets as text, one line a packet, to be stored and compared: whose path is the first to differ?
 *
 * A line: identity (16 hexadecimal digits), device and vector, birth in femtoseconds from the start of the traffic,
 * then for each hop its stage and how long it took, and what became of the packet.
 */
#ifndef DOORBELL_REPORT_PACKET_PATHS_H
#define DOORBELL_REPORT_PACKET_PATHS_H

#include "result/recording.h"
#include "result/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The lines of a finished recording, to be released with free(). */
char *packet_paths_text(const struct recording *recording, const struct sim *sim, const struct run_result *result);

/** The first packet that is not the same in two texts. */
struct packet_paths_split {
    bool found;
    const char *before; /**< its line in the one, without its end; NULL: not in there. Points into the text */
    size_t before_length;
    const char *after;
    size_t after_length;
    size_t same; /**< lines before it, the same in both */
};

/** Finds it. A text that ends early has lost its later packets. */
struct packet_paths_split packet_paths_compare(const char *before, const char *after);

#ifdef __cplusplus
}
#endif

#endif
