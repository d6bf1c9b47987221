/*
 * What a function may do beyond plain requests: send PASIDs, ask for translations (ATS), ask for pages (PRI). Its
 * driver switches them on in the order that the specifications leave: PASIDs before ATS (the other way round is
 * undefined, PCIe Base 10.5.1.3), ATS when the stream table entry allows it (IHI 0070, 3.9.1), page requests last, once
 * software has said how many it can have outstanding.
 */
#ifndef DOORBELL_HOST_SERVICES_H
#define DOORBELL_HOST_SERVICES_H

#include "host/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;
struct domain;

/** What is on. */
struct services {
    uint32_t pasid_bits;    /**< width of PASIDs that device and SMMU have in common; 0: off */
    bool ats;               /**< ATS Enable, and STE.EATS */
    uint32_t page_requests; /**< Outstanding Page Request Allocation; 0: off */
    bool response_pasid;    /**< PRG Response PASID Required */
};

/** Page requests that software lets a function have outstanding, if it can have as many. */
#define SERVICES_PAGE_REQUESTS 32u

/**
 * Switches PASIDs on, when the function is found: if its device, the SMMU and the way between them can do that. With
 * rules that know it (D1), the way must have ACS bring requests to the root complex, or a PASID could meet a peer.
 */
void services_probe(struct software *software, uint32_t function);

/** Whether a function can ask for pages in a domain that translates: it, its SMMU and the software can do that. */
bool services_can_request_pages(const struct software *software, uint32_t function);

/** Before a function goes into domain @p next: what that cannot have is switched off. @return false with @p error */
bool services_before_attach(struct software *software, uint32_t function, const struct domain *next,
                            struct host_error *error);

/**
 * The function's device is gone: nothing is asked of its registers any more. What it may have cached is invalidated all
 * the same, once, before its StreamIDs may not ask for translations any more; nobody answers, and the SMMU's time for
 * that passes. @return false with @p error
 */
bool services_lose(struct software *software, uint32_t function, struct host_error *error);

/** When it is in its domain: what that can have is switched on. @return false with @p error */
bool services_after_attach(struct software *software, uint32_t function, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
