/*
 * What Doorbell concludes about one assumption, with its evidence: plain data, filled by host/ and printed by report/.
 *
 * The same structure serves a check (from the topology alone) and a run (from what the simulated hardware did), so that
 * the two can be compared field by field.
 */
#ifndef DOORBELL_RESULT_VERDICT_H
#define DOORBELL_RESULT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of one assumption. */
enum verdict_outcome {
    VERDICT_HOLDS,
    VERDICT_VIOLATED,
    VERDICT_NOT_APPLICABLE,
};

/** A value that evidence may lack: a 32-bit identifier that was never assigned (no SMMU, no ITS, ...). */
#define VERDICT_NO_ID UINT64_MAX

/** One requester, or one range of requester IDs, that a verdict speaks of. Identifiers are VERDICT_NO_ID if absent. */
struct verdict_device {
    char *name;            /**< function name, or host-bridge path for a range */
    uint32_t segment;      /**< PCI segment (domain) number */
    uint64_t rid;          /**< first requester ID, 0..0xffff */
    uint64_t rid_count;    /**< number of consecutive requester IDs; 1 for one function */
    uint64_t stream_id;    /**< StreamID of the first requester ID at its SMMU */
    char *smmu;            /**< name of the SMMU; NULL if none */
    uint64_t device_id;    /**< DeviceID of the first requester ID at its ITS */
    char *its;             /**< name of the ITS; NULL if none */
    uint64_t doorbell;     /**< physical address of GITS_TRANSLATER that its MSIs are meant for */
    uint64_t msi_count;    /**< from a run: how many MSIs show it; 0 from a check */
    uint64_t first_packet; /**< from a run: identity of the first packet that shows it; 0 from a check */
};

/** One piece of evidence: a subject (a group, a domain, an SMMU, a pair), what is the matter, the devices. */
struct verdict_evidence {
    char *subject;                  /**< for example "group 4" */
    char *detail;                   /**< one sentence */
    struct verdict_device *devices; /**< devices concerned, in order of segment and requester ID */
    size_t device_count;
    bool unsaid; /**< stands for all evidence of a list that keeps outcomes only */
};

/** The verdict on one assumption. */
struct verdict {
    const char *name; /**< stable name of the assumption (static storage), for example "doorbell-per-group" */
    enum verdict_outcome outcome;
    char *summary; /**< one line for a person */
    struct verdict_evidence *evidence;
    size_t evidence_count;
    struct verdict_evidence *unsaid; /**< what it gets in place of evidence; NULL: evidence is kept */
};

/** A growing list of verdicts. Zero-initialise; release with verdict_list_clear(). */
struct verdict_list {
    struct verdict *items;
    size_t count;
    bool outcomes_only;             /**< set by its owner: what is said of them, and all evidence, is not kept */
    struct verdict_evidence unsaid; /**< for that; the list must stay where it is then */
};

/**
 * Appends a verdict with the given name (kept by reference) and outcome, and a summary made as by printf: NULL where
 * outcomes only are kept.
 * Never fails: running out of memory ends the process with a message.
 * @return the new verdict; valid until the next append.
 */
struct verdict *verdict_list_add(struct verdict_list *list, const char *name, enum verdict_outcome outcome,
                                 const char *summary_format, ...) __attribute__((format(printf, 4, 5)));

/**
 * Appends a piece of evidence with that subject and a detail made as by printf, unless outcomes only are kept.
 * @return it, until the next append; or what stands for it
 */
struct verdict_evidence *verdict_add_evidence(struct verdict *verdict, const char *subject, const char *detail_format,
                                              ...) __attribute__((format(printf, 3, 4)));

/**
 * Appends a device to evidence. The strings of @p device are copied.
 * @return the copy, until the next append; NULL where outcomes only are kept
 */
struct verdict_device *verdict_evidence_add_device(struct verdict_evidence *evidence,
                                                   const struct verdict_device *device);

/**
 * Adds the verdicts of another moment to a list: of each assumption the one stays that is violated, else the one that
 * holds, else the earlier one. Both lists have the same names in the same order, or @p list is empty. @p other is
 * emptied.
 */
void verdict_list_merge(struct verdict_list *list, struct verdict_list *other);

/** The word that reports use: "holds", "violated", "not-applicable". */
const char *verdict_outcome_name(enum verdict_outcome outcome);

/** Finds a verdict by assumption name; NULL if the list has none. */
const struct verdict *verdict_list_find(const struct verdict_list *list, const char *name);

/** Releases everything the list owns and empties it. */
void verdict_list_clear(struct verdict_list *list);

#ifdef __cplusplus
}
#endif

#endif
