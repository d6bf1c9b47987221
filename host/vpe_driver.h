/*
 * What a hypervisor does with virtual LPIs (GICv4, GICv4.1): vPEs and their tables, virtual events, residency, moves.
 *
 * It drives the ITSs through their its_driver, which must have been started with a vpe_count. A vPE is mapped at all of
 * them. Each function waits until what it asked for has taken effect.
 */
#ifndef DOORBELL_HOST_VPE_DRIVER_H
#define DOORBELL_HOST_VPE_DRIVER_H

#include "host/its_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most ITSs: GITS_CTLR.ITS_Number and the ITS list of VMOVP have room for so many. */
#define VPE_DRIVER_MAX_ITS 16u

/** vINTID bits of every vPE. */
#define VPE_ID_BITS 16u

/** Most events of the proxy device: a power of two. */
#define VPE_PROXY_EVENTS 256u

struct vpe;

/**
 * GICv4.0: a device that does not exist, by whose events the doorbells of vPEs, which no device has, can be named in
 * INV and CLEAR (rule F9). It takes the last DeviceID of the first ITS; each vPE has an event of it,
 * while there are enough.
 */
struct vpe_proxy {
    uint32_t device_id;
    uint32_t events;
    uint32_t next;
    struct vpe *users[VPE_PROXY_EVENTS]; /**< NULL: the event is free */
};

struct vpe_driver {
    struct its_driver *itss[VPE_DRIVER_MAX_ITS];
    uint32_t its_count;
    struct lpi_pool *lpis;
    bool v4_1;        /**< GICR_TYPER.RVPEID */
    bool single_move; /**< GITS_TYPER.VMOVP */
    uint16_t its_list;
    uint16_t sequence; /**< of the last VMOVP */
    uint32_t next_id;
    struct vpe_proxy proxy; /**< GICv4.0 */
};

struct vpe {
    uint32_t id;            /**< vPEID */
    uint32_t pe;            /**< where it belongs */
    uint64_t pending;       /**< virtual pending table */
    uint64_t configuration; /**< virtual configuration table */
    uint32_t doorbell;      /**< its doorbell's INTID: GICv4.1 the default one, GICv4.0 for its events; 1023: none */
    bool resident;
    bool doorbell_on;       /**< GICv4.0: its doorbell is enabled; not so while it runs */
    uint32_t proxy_event;   /**< GICv4.0; UINT32_MAX: it has none */
    uint64_t doorbell_cost; /**< ITS commands that its doorbell has taken */
};

/**
 * Takes ITSs that have been started. GICv4.1: gives every redistributor the first one's vPE table. GICv4.0: makes the
 * proxy device.
 * @return false with @p error if one of them or a redistributor has no virtual LPIs
 */
bool vpe_driver_start(struct vpe_driver *driver, struct its_driver *const *itss, uint32_t its_count,
                      struct lpi_pool *lpis, struct host_error *error);

/** Makes a vPE on a PE, with zeroed tables: all its LPIs disabled. @param doorbell an LPI, or 1023 */
bool vpe_driver_create(struct vpe_driver *driver, struct vpe *vpe, uint32_t pe, uint32_t doorbell,
                       struct host_error *error);

/** Unmaps it everywhere; what is pending for it is lost. It must not be resident. */
bool vpe_driver_destroy(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error);

/**
 * Maps an unmapped event of a mapped device to a virtual LPI, enabled.
 * @param its index of the ITS  @param intid 8192 .. 2^VPE_ID_BITS - 1
 */
bool vpe_driver_map_event(struct vpe_driver *driver, const struct vpe *vpe, uint32_t its, uint32_t device_id,
                          uint32_t event_id, uint32_t intid, struct host_error *error);

/** Has a mapped event go to another vPE of the same machine (VMOVI); what is pending goes along. */
bool vpe_driver_move_event(struct vpe_driver *driver, const struct vpe *from, const struct vpe *to, uint32_t its,
                           uint32_t device_id, uint32_t event_id, uint32_t intid, struct host_error *error);

/** Changes the configuration of a mapped event's interrupt. @param value priority in bits 7:2, bit 0 enables */
bool vpe_driver_configure_event(struct vpe_driver *driver, const struct vpe *vpe, uint32_t its, uint32_t device_id,
                                uint32_t event_id, uint32_t intid, uint8_t value, struct host_error *error);

/**
 * GICv4.1: says what becomes of a vPE's SGI when it is pending (VSGI). @param sgi 0..15  @param priority bits 7:4
 */
bool vpe_driver_configure_sgi(struct vpe_driver *driver, const struct vpe *vpe, uint32_t sgi, uint8_t priority,
                              bool group1, bool enable, struct host_error *error);

/** GICv4.1: makes an SGI pending in a vPE, wherever that is: GITS_SGIR of the first ITS. */
void vpe_driver_send_sgi(const struct vpe_driver *driver, const struct vpe *vpe, uint32_t sgi);

/** Takes an event's mapping away (DISCARD), virtual or physical; what is pending is dropped. */
bool vpe_driver_unmap_event(struct vpe_driver *driver, uint32_t its, uint32_t device_id, uint32_t event_id,
                            struct host_error *error);

/** Index of an ITS among the driver's; UINT32_MAX if it has no virtual LPIs. */
uint32_t vpe_driver_find_its(const struct vpe_driver *driver, const struct its_driver *its);

/**
 * GICv4.0: enables or disables a vPE's doorbell, by its proxy event: INV. Nothing to do with GICv4.1, where the
 * hardware rings it only when asked to (vpe_driver_leave()), nor for one that is so already.
 */
bool vpe_driver_set_doorbell(struct vpe_driver *driver, struct vpe *vpe, bool on, struct host_error *error);

/** GICv4.0: a doorbell that has rung in vain, as the vPE runs, is not pending any more: CLEAR by the proxy event. */
bool vpe_driver_clear_doorbell(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error);

/** Makes it resident on its PE, where no other may be. */
bool vpe_driver_enter(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error);

/**
 * Ends its residency.
 * @param doorbell GICv4.1: ring the default doorbell at the next interrupt
 * @param pending  set to whether something pending and enabled was left
 */
bool vpe_driver_leave(struct vpe_driver *driver, struct vpe *vpe, bool doorbell, bool *pending,
                      struct host_error *error);

/** Moves it to another PE; it must not be resident. */
bool vpe_driver_move(struct vpe_driver *driver, struct vpe *vpe, uint32_t pe, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
