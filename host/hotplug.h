/*
 * Devices that come and go, and resets: what software does about a function that is to leave, that has left without
 * a word, that is there again, or that forgot everything.
 */
#ifndef DOORBELL_HOST_HOTPLUG_H
#define DOORBELL_HOST_HOTPLUG_H

#include "host/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;

/** Registers that a reset clears and software puts back. */
struct hotplug_saved {
    uint32_t bars[6];
    uint16_t command;
    uint16_t control;
    uint16_t pasid;
};

/** Takes a function from its consumer, its interrupts switched off. ENODEV: it has none. */
bool hotplug_detach(struct software *software, uint32_t function, struct host_error *error);

/** A function is to leave: messages off, Bus Master Enable 0, its StreamIDs abort. EBUSY: PASIDs are in use. */
bool hotplug_remove(struct software *software, uint32_t function, struct host_error *error);

/** Keeps the registers of a function's device, which it gets again when it has been pulled out and put in. */
bool hotplug_prepare(struct software *software, uint32_t function, struct host_error *error);

/**
 * The device of a function is pulled out while it works (PCIe Base 6.7: surprise down). Software hears of it
 * software->config.notice_time later, and takes everything back that all functions of the device had: without reaching
 * for its registers, PASIDs included. EOPNOTSUPP: the machine has no such slot. @return false with @p error
 */
bool hotplug_surprise(struct software *software, uint32_t function, struct host_error *error);

/**
 * A function that has left is there again: default domain, Bus Master Enable, messages on. After a surprise, all
 * functions of the device, when software->config.reset_time has passed. EEXIST: it is there.
 */
bool hotplug_add(struct software *software, uint32_t function, struct host_error *error);

/** Function level reset; the driver puts back what the function forgot. */
bool hotplug_reset(struct software *software, uint32_t function, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
