/*
 * What a replay found: what was recorded, what was compared, and where model and recording differ. Plain data, made by
 * replay/, printed by report/.
 */
#ifndef DOORBELL_RESULT_REPLAY_H
#define DOORBELL_RESULT_REPLAY_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is compared. */
enum replay_check {
    REPLAY_CHECK_TRANSLATION,   /**< timeline: an access that got through, and to which address */
    REPLAY_CHECK_FAULT,         /**< timeline: an access that was denied, and the event that says so */
    REPLAY_CHECK_MSI,           /**< timeline: LPI, collection and redistributor that an MSI reached */
    REPLAY_CHECK_SMMU_COMMANDS, /**< timeline: the SMMU's command queue is consumed without an error */
    REPLAY_CHECK_ITS_COMMANDS,  /**< the ITS's likewise */
    REPLAY_CHECK_REGISTERS,     /**< timeline: registers at the stopped moments */
    REPLAY_CHECK_MAPPING,       /**< snapshots: what a mapping gives, and what it denies */
    REPLAY_CHECK_ROUTE,         /**< what the ITS maps behind the last command */
    REPLAY_CHECKS,
};

/** One kind of comparison, counted. What is compared and neither different nor known is equal. */
struct replay_count {
    uint64_t compared;
    uint64_t different;
    uint64_t known; /**< differences that the recording's own description explains */
};

/** One difference. */
struct replay_mismatch {
    enum replay_check check;
    bool known;
    bool has_seq;
    uint64_t seq;      /**< position in the recording, if has_seq; else its snapshot */
    char subject[96];  /**< what it is about: "StreamID 0x100 reads 0xfffff000" */
    char expected[96]; /**< what the recording says */
    char got[96];      /**< what the model did */
};

/** A name and how often. */
struct replay_tally {
    char name[48];
    uint64_t count;
};

struct replay_tallies {
    struct replay_tally *items;
    size_t count;
};

/** A StreamID of the recording. */
struct replay_stream {
    uint32_t id;
    uint64_t accesses; /**< that got through, MSIs among them */
    uint64_t faults;
    uint64_t msis;
    uint32_t events; /**< EventIDs that its MSIs carried, if it is a DeviceID too */
    char config[32]; /**< what its last stream table entry asked for */
};

struct replay_result {
    char *directory;
    char *name;     /**< of the recording; NULL if it has none */
    char *software; /**< that was recorded; NULL likewise */
    char *hardware;
    uint32_t processors;
    uint64_t snapshots;
    /* What was recorded. */
    struct replay_tallies files; /**< rows of each table */
    struct replay_tallies registers;
    struct replay_tallies smmu_commands;
    struct replay_tallies its_commands;
    struct replay_tallies faults;
    struct replay_stream *streams;
    size_t stream_count;
    uint64_t skipped_registers; /**< writes of registers that no model has (GICD, SGI_base frames) */
    /* What was done. */
    bool interrupted;
    sim_time simulated;
    uint64_t evaluations;
    struct replay_count checks[REPLAY_CHECKS];
    /* What was found. */
    struct replay_mismatch *mismatches; /**< the first of each kind, those that are known behind the others */
    size_t mismatch_count;
    size_t mismatch_limit; /**< of each, known or not */
};

/** Name of a comparison, for people, and as a key. */
const char *replay_check_title(enum replay_check check);
const char *replay_check_key(enum replay_check check);

/** Differences in all, without those that are known; and comparisons. */
uint64_t replay_result_different(const struct replay_result *result);
uint64_t replay_result_compared(const struct replay_result *result);
uint64_t replay_result_known(const struct replay_result *result);

/** Notes that something was compared. */
void replay_result_compare(struct replay_result *result, enum replay_check check);

/** Notes a difference, which is kept while there is room; running out of memory only leaves it out of the list. */
void replay_result_differ(struct replay_result *result, const struct replay_mismatch *mismatch);

/** Counts a name. */
void replay_tally_add(struct replay_tallies *tallies, const char *name, uint64_t count);

/** Puts the most frequent first. */
void replay_tally_sort(struct replay_tallies *tallies);

/** Releases everything. */
void replay_result_clear(struct replay_result *result);

#ifdef __cplusplus
}
#endif

#endif
