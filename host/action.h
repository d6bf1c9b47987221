/*
 * What software does at a moment of its life: one call for each action of a timeline. Actions are sequential code that
 * touches hardware through struct host_access, so they take simulated time while traffic goes on. In planned software
 * (software_plan()) the same calls decide the same and touch nothing.
 *
 * An action that is refused changes nothing; its errno is what Linux would return. docs/software.md lists the actions.
 */
#ifndef DOORBELL_HOST_ACTION_H
#define DOORBELL_HOST_ACTION_H

#include "host/error.h"
#include "host/software.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum action_kind {
    ACTION_ATTACH,             /**< a device, whose interrupts are off, to a consumer */
    ACTION_DETACH,             /**< a device from its consumer: its interrupts go off, the kernel has it again */
    ACTION_REPLACE,            /**< an iommufd HWPT of the device's group by another one, while requests go on */
    ACTION_ENABLE_INTERRUPTS,  /**< maps the doorbell, maps events, switches messages on */
    ACTION_DISABLE_INTERRUPTS, /**< the driver leaves: messages off, events unmapped, doorbell released */
    ACTION_BIND_DOORBELL,      /**< the style's own call: a guest's binding for the device, or a reference (2016) */
    ACTION_UNBIND_DOORBELL,
    ACTION_GET_APERTURE, /**< what the geometry of the device's domain is (2016) */
    ACTION_SET_APERTURE,
    ACTION_TRANSLATE_DOORBELL, /**< what the doorbell's physical address is in the device's domain (2016) */
    ACTION_MOVE_INTERRUPT,     /**< one vector to another PE */
    ACTION_REMOVE,          /**< the device leaves the system: messages off, Bus Master Enable 0, its StreamIDs abort */
    ACTION_SURPRISE_REMOVE, /**< its device is pulled out while it works (host/hotplug.h) */
    ACTION_ADD,             /**< it comes back: default domain, Bus Master Enable, messages on */
    ACTION_RESET,           /**< function level reset; the driver restores configuration and messages */
    ACTION_INVALIDATE,      /**< all that is cached of the device's domain */
    ACTION_MAP,             /**< memory at an address of the device's domain */
    ACTION_UNMAP,
    ACTION_LOAD,          /**< maps and unmaps so many times, with the invalidations that go with it */
    ACTION_ENABLE_PASIDS, /**< on the device; EINVAL where ACS does not bring its requests to the root (D1) */
    ACTION_ATTACH_PASID,  /**< a consumer's domain to a PASID of the device: an auxiliary domain */
    ACTION_DETACH_PASID,
    ACTION_BIND_PROCESS, /**< a process' address space to the device (SVA); the PASID is the process' everywhere */
    ACTION_UNBIND_PROCESS,
    ACTION_KINDS,
};

/** "attach", "detach", ...: the words that scenario files use, in the order of enum action_kind; ends with NULL. */
extern const char *const action_kind_names[ACTION_KINDS + 1];

/** One of action_kind_names. */
const char *action_kind_name(enum action_kind kind);

struct action {
    enum action_kind kind;
    uint32_t function;                     /**< index in the tree */
    uint32_t consumer;                     /**< attach, attach-pasid */
    enum consumer_translation translation; /**< replace: what shall be there; CONSUMER_AS_CONFIGURED: what was */
    uint32_t vector;                       /**< move-interrupt: of the device */
    uint32_t pe;                           /**< move-interrupt */
    uint32_t pasid;                        /**< attach-pasid, detach-pasid */
    uint32_t process;                      /**< bind-process, unbind-process */
    uint64_t base;                         /**< map, unmap, load, set-aperture: I/O virtual address, page-aligned */
    uint64_t size;                         /**< of these: bytes, whole pages */
    uint32_t count;                        /**< load: times */
};

/** Carries one action out. What it found is in software->note. @return false with @p error */
bool software_act(struct software *software, const struct action *action, struct host_error *error);

/**
 * Sets memory aside so that actions during traffic allocate nothing: in the host, and pages of simulated memory. To be
 * called once, when set-up is done. @param count of actions to come @return false with @p error
 */
bool software_prepare_actions(struct software *software, const struct action *actions, size_t count,
                              struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
