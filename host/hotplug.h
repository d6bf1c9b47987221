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

/** What the port above a device said when that was pulled out. */
struct hotplug_report {
    bool surprise_down;  /**< Surprise Down in its AER registers */
    bool presence;       /**< its slot's Presence Detect Changed */
    bool link_state;     /**< its slot's Data Link Layer State Changed */
    bool still_there;    /**< Presence Detect State, in spite of that */
    bool can_say_active; /**< it has Data Link Layer Link Active Reporting */
    bool active;         /**< then, whether its link is up */
};

/** Registers that a reset clears and software puts back. */
struct hotplug_saved {
    uint32_t bars[6];
    uint16_t command;
    uint16_t control;
    uint16_t pasid;
    uint32_t vf_bars[6]; /**< these of a PF with SR-IOV */
    uint16_t vf_control;
    uint16_t vf_count;
    struct hotplug_report report; /**< not saved: of the function with which the device was last pulled out */
};

/** Takes a function from its consumer, its interrupts switched off. ENODEV: it has none. */
bool hotplug_detach(struct software *software, uint32_t function, struct host_error *error);

/** A function is to leave: messages off, Bus Master Enable 0, its StreamIDs abort. EBUSY: PASIDs are in use. */
bool hotplug_remove(struct software *software, uint32_t function, struct host_error *error);

/** Keeps the registers of a function's device, which it gets again when it has been pulled out and put in. */
bool hotplug_prepare(struct software *software, uint32_t function, struct host_error *error);

/**
 * The device of a function is pulled out while it works (PCIe Base 6.7: surprise down). Software does not know of it
 * before hotplug_notice(). ENODEV: it is gone already; EOPNOTSUPP: the machine has no such slot.
 * @return false with @p error
 */
bool hotplug_surprise(struct software *software, uint32_t function, struct host_error *error);

/** Whether the device of a function was pulled out, and software has not heard of it. */
bool hotplug_is_unnoticed(const struct software *software, uint32_t function);

/**
 * Software hears that the device of a function was pulled out, if it was. It reads what the port above has to say and
 * clears it there (software_function.saved->report), and takes everything back that all functions of the device had,
 * VFs and PASIDs included: without reaching for its registers, and without an answer from its translation cache.
 * @return false with @p error
 */
bool hotplug_notice(struct software *software, uint32_t function, struct host_error *error);

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
