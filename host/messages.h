/*
 * Interrupt messages of a function, as its driver sets them up: at the ITS, then in the function. Messages come from
 * the MSI-X table, or from the MSI capability where there is none (PCIe Base 6.1.4), and from a store of the device's
 * own (IMS), whose layout only its driver knows. EventIDs follow each other: those of MSI-X or MSI, then those of the
 * store.
 */
#ifndef DOORBELL_HOST_MESSAGES_H
#define DOORBELL_HOST_MESSAGES_H

#include "host/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;
struct pci_tree_function;

/** What a driver knows about its device that no register tells. */
struct device_knowledge {
    uint16_t segment;
    uint16_t rid;         /**< of the function */
    uint16_t msi_wanted;  /**< MSI: messages to grant, a power of two; 0: all that are asked for */
    uint32_t ims_entries; /**< message store: entries; 0: none */
    unsigned ims_bar;     /**< the BAR in which it lies */
    uint32_t ims_offset;
};

/** Finds what is known about a function; NULL if nothing is. */
const struct device_knowledge *device_knowledge_find(const struct device_knowledge *known, size_t count,
                                                     uint16_t segment, uint16_t rid);

/** How many messages the software sets up for a function of the tree. */
uint32_t messages_count(const struct software *software, uint32_t function);

/** Whether the first of them is written in configuration space (an MSI capability), not in memory. */
bool messages_are_in_configuration(const struct software *software, uint32_t function);

/** What the EventID of a function's first message must be a multiple of: MSI puts message numbers into its low bits. */
uint32_t messages_alignment(const struct software *software, uint32_t function);

/**
 * Maps the events of a function at its ITS, each to an LPI of the next PE in turn, and programs the function.
 * @param first   EventID of its first message; functions that share a DeviceID divide its table among them
 * @param address of the doorbell, as the function writes it
 * @return false with @p error; EIO if the function cannot write to that address
 */
bool messages_set_up(struct software *software, uint32_t function, uint32_t first, uint64_t address,
                     struct host_error *error);

/** Writes a function's messages again as they were set up, after something has reset it. */
void messages_restore(struct software *software, uint32_t function);

/**
 * Switches a function's messages off and takes its events back at the ITS; pending ones are lost (DISCARD). LPIs stay
 * the function's, for the next set-up. @return false with @p error
 */
bool messages_disable(struct software *software, uint32_t function, struct host_error *error);

/**
 * Writes one message of a function, which is set up, anew: where it lies in the MSI capability, all of that.
 * @param address that the function shall write it to
 */
void messages_write(struct software *software, uint32_t function, uint32_t message, uint64_t address);

/** Where a message's entry lies, in the MSI-X table or the store; 0: it is in the MSI capability. */
uint64_t messages_entry(struct software *software, uint32_t function, uint32_t message);

#ifdef __cplusplus
}
#endif

#endif
