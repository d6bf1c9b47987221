/* A replay's result as one JSON document. */
#ifndef DOORBELL_REPORT_REPLAY_JSON_H
#define DOORBELL_REPORT_REPLAY_JSON_H

#include "result/replay.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything that replay_text_write() shows; docs/replay.md describes the keys. A new reference. */
json_t *replay_json(const struct replay_result *result);

#ifdef __cplusplus
}
#endif

#endif
