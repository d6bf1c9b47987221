/* Between the files that judge assumptions. */
#ifndef DOORBELL_HOST_ASSUMPTIONS_INTERNAL_H
#define DOORBELL_HOST_ASSUMPTIONS_INTERNAL_H

#include "host/assumptions.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One judgement under way. */
struct judge {
    const struct assumption_system *system;
    const struct assumption_observation *observed; /**< NULL for a check */
    struct verdict_list *list;
};

/** One doorbell that a function uses: the one it is meant for, or one that its MSIs reached in a run. */
struct doorbell_use {
    uint64_t doorbell;
    uint32_t its;
    struct assumption_tally tally;
};

/** Appends a verdict that is yet to be concluded, so that evidence can be gathered first. */
struct verdict *judge_open(const struct judge *judge, const char *name);

/** Sets outcome and summary of such a verdict. */
void judge_conclude(struct verdict *verdict, enum verdict_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Functions of the tree in order of segment and requester ID: number @p position. */
uint32_t judge_function_at(const struct judge *judge, uint32_t position);

/** Whether a function has MSI or MSI-X and a doorbell to send them to. */
bool judge_sends_msis(const struct judge *judge, uint32_t function);

/** Whether a function sent MSIs in a run, whatever became of them. */
bool judge_sent_msis(const struct judge *judge, uint32_t function);

/**
 * How many doorbells a function uses: the one that it is meant for, and those that its message leads to (in a check) or
 * that its MSIs reached (in a run) besides.
 */
size_t judge_use_count(const struct judge *judge, uint32_t function);

/** One of them. */
struct doorbell_use judge_use(const struct judge *judge, uint32_t function, size_t index);

/** Page of an address: those of one doorbell have the same. */
uint64_t judge_page(uint64_t address);

/** Bytes that are mapped at once where a function's messages are. */
uint64_t judge_mapping_bytes(const struct judge *judge, uint32_t function);

/** The page of that size that an address lies in. */
uint64_t judge_mapping_page(const struct judge *judge, uint32_t function, uint64_t address);

/** Primary domain of a function; NULL if it has none. */
const struct assumption_domain *judge_domain(const struct judge *judge, uint32_t function);

/** Whether a domain lets a write to that physical doorbell through, at whatever address. */
bool judge_domain_maps(const struct assumption_domain *domain, uint64_t doorbell);

/** Appends a function to evidence, with the doorbell it is meant for. */
void judge_add_function(const struct judge *judge, struct verdict_evidence *evidence, uint32_t function,
                        struct assumption_tally tally);

/** Appends a function to evidence, with that doorbell. */
void judge_add_use(const struct judge *judge, struct verdict_evidence *evidence, uint32_t function,
                   const struct doorbell_use *use);

/**
 * Writes "group 4" or "no group" for a person; nothing where outcomes only are wanted. @p text needs JUDGE_LABEL_SIZE
 * bytes. @return @p text.
 */
#define JUDGE_LABEL_SIZE 32
char *judge_group_label(const struct judge *judge, uint32_t function, char *text);

const char *judge_smmu_name(const struct judge *judge, uint32_t smmu);
const char *judge_its_name(const struct judge *judge, uint32_t its);

/* One function for each assumption; each appends its verdict. */
void judge_doorbell_per_group(const struct judge *judge);
void judge_doorbell_per_domain(const struct judge *judge);
void judge_group_covers_reach(const struct judge *judge);
void judge_doorbell_mapped(const struct judge *judge);
void judge_msi_window_free(const struct judge *judge);
void judge_msi_in_primary_domain(const struct judge *judge);
void judge_pasid_consistent(const struct judge *judge);
void judge_one_viommu_per_smmu(const struct judge *judge);
void judge_guest_owned_msi(const struct judge *judge);
void judge_msi_isolated(const struct judge *judge);
void judge_data_before_interrupt(const struct judge *judge);

#ifdef __cplusplus
}
#endif

#endif
