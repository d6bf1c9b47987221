/*
 * DMA buffers of functions: in the domain of requests without PASID or in that of a PASID, and mapped from the start or
 * page by page when the device asks for them (PRI). Pages that came on demand can be taken away again, as an operating
 * system short of memory does: unmapped, invalidated in the SMMU, then in the device, in that order.
 */
#ifndef DOORBELL_HOST_PAGING_H
#define DOORBELL_HOST_PAGING_H

#include "host/error.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;
struct domain;

/** What a driver wants. */
struct paging_buffer {
    uint64_t size;
    uint32_t pasid; /**< 0: none */
    bool on_demand; /**< pages are mapped when the device asks for them */
};

/** A buffer whose pages come on demand. */
struct paging_region {
    struct domain *domain;
    uint32_t function;
    uint32_t pasid;
    uint64_t iova;
    uint64_t physical;
    uint64_t size; /**< whole pages */
    bool *present; /**< by page */
    uint64_t present_count;
    uint64_t hand; /**< where the search for a page to take away goes on */
};

/** Groups of page requests whose last one has not come yet. */
#define PAGING_GROUPS 64u

struct paging_group {
    bool active;
    uint32_t smmu;
    uint32_t stream_id;
    uint16_t group;
    unsigned code; /**< SMMU_RESP_*: the worst so far */
};

struct paging_counters {
    uint64_t requests;    /**< page requests taken from queues */
    uint64_t mapped;      /**< pages */
    uint64_t refused;     /**< requests for what is not the device's, or cannot be had */
    uint64_t responses;   /**< to groups */
    uint64_t reclaimed;   /**< pages taken away */
    uint64_t handed_over; /**< requests that went to a fault object of user space's */
};

struct smmu_page_request;

/**
 * Where there are virtual machines: who serves their devices' requests, and who keeps others from an SMMU's command
 * queue. All NULL: there are none.
 */
struct paging_machines {
    /** @param code set to the answer, a SMMU_RESP_*  @return false: the request is of no machine's device */
    bool (*serve)(void *context, uint32_t smmu, const struct smmu_page_request *request, unsigned *code);
    void (*lock)(void *context, uint32_t smmu);
    void (*unlock)(void *context, uint32_t smmu);
    void *context;
};

struct paging {
    struct paging_machines machines;
    struct paging_region *regions;
    size_t region_count;
    size_t next_region; /**< for reclaim */
    struct paging_group groups[PAGING_GROUPS];
    struct paging_counters counters;
};

/**
 * Gives a function a buffer. A PASID that is not in use yet gets a domain of its own, as a process has an address
 * space.
 * @param function index in the tree; after software_plan() the buffer is only planned
 * @param address  set to the address that the device uses
 * @return false with @p error: ENOMEM; EINVAL: the function cannot have that PASID; EOPNOTSUPP: nor page requests
 */
bool paging_map_buffer(struct software *software, uint32_t function, const struct paging_buffer *buffer,
                       uint64_t *address, struct host_error *error);

/**
 * Serves the page request queue of an SMMU until it is empty: finds each page, takes software->config.fault_time for
 * it, maps it, and answers the group with the last of its requests. @return false with @p error if a command failed
 */
bool paging_serve(struct software *software, uint32_t smmu, struct host_error *error);

/** When user space answers the next group of page requests in its fault objects; SIM_TIME_NEVER: none is complete. */
sim_time paging_next_answer(const struct software *software);

/** Has user space answer the groups whose time has come. @return false with @p error if a command failed */
bool paging_answer(struct software *software, struct host_error *error);

/** A function leaves its HWPT: what waits in its fault object is answered as invalid. @return false with @p error */
bool paging_flush(struct software *software, uint32_t function, struct host_error *error);

/** Takes one page away that came on demand, round and round; none if there is none. @return false with @p error */
bool paging_reclaim(struct software *software, struct host_error *error);

/** Whether what is mapped at an address of a domain is a buffer whose pages come on demand. */
bool paging_is_region(const struct software *software, const struct domain *domain, uint64_t iova);

/** Makes another domain know the buffers of one as they are now: their tables, and pages that are there. */
bool paging_copy_regions(struct software *software, const struct domain *from, struct domain *to,
                         struct host_error *error);

/** From now on the buffers of functions that have changed from one domain to another are in that one. */
void paging_move_regions(struct software *software, const struct domain *from, struct domain *to);

/** Releases what it holds in host memory. */
void paging_clear(struct paging *paging);

#ifdef __cplusplus
}
#endif

#endif
