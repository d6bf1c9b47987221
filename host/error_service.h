/*
 * What software does when a root port interrupts it for errors (PCIe Base 6.2.6): reads what kinds of error messages
 * the port has received and from whom, clears that, so that the next one interrupts again, then goes to who reported
 * them and clears the errors there. Where messages came whose sources were not kept, it goes to every function below.
 */
#ifndef DOORBELL_HOST_ERROR_SERVICE_H
#define DOORBELL_HOST_ERROR_SERVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;

/** What software has found in all so far. */
struct error_service {
    uint64_t interrupts;    /**< that found a message's mark in Root Error Status */
    uint64_t correctable;   /**< times that correctable errors had been reported */
    uint64_t uncorrectable; /**< times that uncorrectable ones had */
    uint64_t searches;      /**< times that not every source was known */
    uint64_t cleared;       /**< functions whose error status was cleared */
};

/** Serves the interrupt of a root port. @param port index of it in the tree; it has AER */
void error_service_run(struct software *software, uint32_t port, struct error_service *service);

#ifdef __cplusplus
}
#endif

#endif
