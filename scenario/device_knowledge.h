/* What drivers know about the endpoints of a scenario, beyond what registers tell (host/messages.h). */
#ifndef DOORBELL_SCENARIO_DEVICE_KNOWLEDGE_H
#define DOORBELL_SCENARIO_DEVICE_KNOWLEDGE_H

#include "host/messages.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Describes every function of every endpoint. @return an array of *count, to be released with free() */
struct device_knowledge *device_knowledge_make(const struct scenario *scenario, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
