/*
 * The GIC driver, as far as SPIs of GICv2m frames go: the distributor, and which SPIs of a frame are taken.
 *
 * A frame's SPIs are few and shared by all its devices; a function gets as many as it has messages, one behind the
 * other, and keeps them. What a device writes is the INTID itself.
 */
#ifndef DOORBELL_HOST_V2M_DRIVER_H
#define DOORBELL_HOST_V2M_DRIVER_H

#include "host/access.h"
#include "host/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** INTIDs of which some are SPIs, in words. */
#define V2M_DRIVER_WORDS 16u

struct v2m_driver_config {
    const char *name;
    uint64_t base; /**< of the frame */
    /** What firmware says that MSI_TYPER says: a plan has no register to read. */
    uint32_t first_spi;
    uint32_t spi_count;
};

struct v2m_driver {
    struct host_access *access; /**< NULL: planned */
    struct v2m_driver_config config;
    uint64_t distributor;             /**< address of its registers */
    uint64_t taken[V2M_DRIVER_WORDS]; /**< by INTID */
};

/** Switches the distributor on for Group 1, all SPIs in it and disabled. @return false with @p error */
bool v2m_distributor_start(struct host_access *access, uint64_t distributor, struct host_error *error);

/** Gives a driver its frame; with an @p access, asks the frame which SPIs it has. @return false with @p error */
bool v2m_driver_start(struct v2m_driver *driver, struct host_access *access, uint64_t distributor,
                      const struct v2m_driver_config *config, struct host_error *error);

/** Takes free SPIs, @p count of them, the first a multiple of @p alignment. @return false with @p error: ENOSPC */
bool v2m_driver_take(struct v2m_driver *driver, uint32_t count, uint32_t alignment, uint32_t *first,
                     struct host_error *error);

/** Sends an SPI to a PE, with the priority of LPIs, and enables it. */
void v2m_driver_enable(struct v2m_driver *driver, uint32_t intid, uint32_t pe);

/** Sends an SPI, pending or not, to another PE. @return false with @p error: the distributor does not answer */
bool v2m_driver_move(struct v2m_driver *driver, uint32_t intid, uint32_t pe, struct host_error *error);

/** Disables an SPI; if it is pending, it no longer is. @return false with @p error: the distributor does not answer */
bool v2m_driver_disable(struct v2m_driver *driver, uint32_t intid, struct host_error *error);

/** Makes an SPI pending, or not, by software. */
void v2m_driver_set_pending(struct v2m_driver *driver, uint32_t intid, bool pending);

#ifdef __cplusplus
}
#endif

#endif
