/*
 * Fault objects of an iommufd file (IOMMU_FAULT_QUEUE_ALLOC; Linux since 6.11): page requests of devices whose HWPT has
 * one are not served by the kernel. A group that is complete waits there until user space has read it, has mapped the
 * pages or not, and has written its answer; user space answers one group after the other. docs/ats.md tells it.
 */
#ifndef DOORBELL_HOST_FAULT_OBJECT_H
#define DOORBELL_HOST_FAULT_OBJECT_H

#include "host/error.h"
#include "host/smmu_ats.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;
struct consumer;

/** What becomes of page requests of a consumer's devices. */
enum fault_policy {
    FAULT_NONE,     /**< no fault object: the kernel answers them all as invalid */
    FAULT_ANSWERED, /**< user space maps the pages, and answers success */
    FAULT_REFUSED,  /**< user space maps nothing, and answers invalid */
};

/** A page request that waits. */
struct fault_entry {
    uint32_t function; /**< index in the tree */
    uint32_t smmu;
    sim_time since; /**< when the kernel put it there */
    struct smmu_page_request request;
};

struct fault_object {
    struct fault_entry *entries; /**< in the order of their coming */
    size_t count;
    size_t limit;
    sim_time free_at; /**< user space is busy with the group before until then */
};

/** Makes room for what so many functions can have outstanding. @return false if memory is used up */
bool fault_object_init(struct fault_object *object, uint32_t functions);

/** Frees what it holds in host memory. */
void fault_object_clear(struct fault_object *object);

/** Puts a request there. @return false: it is full */
bool fault_object_add(struct fault_object *object, const struct fault_entry *entry);

/** When user space answers its next group; SIM_TIME_NEVER: none is complete. @param time that an answer takes, fs */
sim_time fault_object_due(const struct fault_object *object, sim_time time);

/** The request that completes the oldest complete group; NULL: none is. */
const struct fault_entry *fault_object_next(const struct fault_object *object);

/** Takes the oldest request of a group out. @param last as fault_object_next() gave it @return false: no more */
bool fault_object_take(struct fault_object *object, const struct fault_entry *last, struct fault_entry *entry);

/** Takes the oldest request of a function out. @return false: there is none */
bool fault_object_take_any(struct fault_object *object, uint32_t function, struct fault_entry *entry);

/**
 * Whether a function may be attached to a HWPT with a fault object: EINVAL for a VF with page requests, which are
 * answered for its PF as a whole; and where the rule set wants it, for a function that has none.
 * @return false with @p error
 */
bool fault_object_check(const struct software *software, uint32_t function, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
