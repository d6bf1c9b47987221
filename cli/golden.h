/* One scenario of `doorbell golden`: run, compared with what is stored, stored anew. */
#ifndef DOORBELL_CLI_GOLDEN_H
#define DOORBELL_CLI_GOLDEN_H

#include "cli/request.h"
#include "report/difference.h"
#include "report/junit.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Packets whose ways are stored of each scenario: the first ones. */
#define GOLDEN_PACKETS 2000

/** What came of one scenario. Release it with golden_clear(). */
struct golden {
    char *name;                 /**< of the file, without folder and suffix */
    enum junit_outcome outcome; /**< JUNIT_ERROR: it could not run, or what is stored cannot be read */
    char *message;              /**< one line; NULL if it passed */
    bool is_new;                /**< nothing is stored of it */
    bool blessed;               /**< stored anew, because it differed or was new */
    struct differences differences;
    char *split; /**< which packet is the first whose way differs, and how; NULL if none does or can be named */
};

/**
 * Runs DIR/NAME.yaml and compares with DIR/golden/NAME.json and NAME.packets; stores if the request says so.
 * @return CLI_EXIT_OK, also if it differs; CLI_EXIT_ENVIRONMENT if storing failed; 130, 143 if interrupted
 */
int golden_check(const struct cli_request *request, const char *name, struct golden *golden);

/** Releases what a golden owns. */
void golden_clear(struct golden *golden);

#ifdef __cplusplus
}
#endif

#endif
