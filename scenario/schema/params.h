/*
 * All keys of a scenario file as one flat list of parameters, for `doorbell params`.
 */
#ifndef DOORBELL_SCENARIO_SCHEMA_PARAMS_H
#define DOORBELL_SCENARIO_SCHEMA_PARAMS_H

#include "scenario/schema/keys.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Longest path of a parameter, with its terminating zero. */
#define PARAMS_PATH_BYTES 256

/**
 * Receives one parameter.
 * @param path    where it stands in the file, as --set takes it, with NAME for names that the file chooses and N for
 *                places in lists: "platform.smmu.NAME.tlb.entries"; valid during the call
 * @param key     its description
 * @return whether to go on
 */
typedef bool (*params_visitor)(void *context, const char *path, const struct scenario_key *key);

/**
 * Visits every key that holds a value (no maps, no lists of maps), in the order of the reference page. A kind of map
 * that may stand in several places is visited once, at the path that documents give for it.
 * @return whether every visit said to go on
 */
bool params_visit(params_visitor visitor, void *context);

#ifdef __cplusplus
}
#endif

#endif
