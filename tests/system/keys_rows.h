/*
 * What each key of the scenario format does, as rows: a scenario, and for every key a setting that must change what
 * comes out of it, or the reason why none can.
 */
#ifndef DOORBELL_TESTS_SYSTEM_KEYS_ROWS_H
#define DOORBELL_TESTS_SYSTEM_KEYS_ROWS_H

#include <map>
#include <string>
#include <vector>

namespace keys
{

/** Settings, each as --set takes it. */
using Sets = std::vector<std::string>;

enum Effect {
    CHANGES, /**< another result */
    FAILS,   /**< the system cannot be brought up, with a reason */
    REFUSES, /**< the scenario is then wrong, with a diagnostic: the key says what there is room for */
};

struct Row {
    const char *key; /**< name of the table and of the key */
    const char *set; /**< what to set it to */
    Sets context;    /**< set before, in both runs */
    Effect effect = CHANGES;
};

/** The scenario that the rows set keys of. */
extern const char *const text;

extern const std::vector<Row> rows;

/** Keys that cannot change a result, with the reason. */
extern const std::map<std::string, const char *> silent;

} // namespace keys

#endif
