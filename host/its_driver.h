/*
 * The GIC driver, as far as LPIs go: redistributors' LPI tables, and one ITS with its tables and command queue (IHI
 * 0069).
 *
 * LPI configuration and INTIDs are one for the system (struct lpi_pool); each ITS has its own DeviceIDs, device table,
 * interrupt translation tables and collections. Collection n stands for PE n.
 */
#ifndef DOORBELL_HOST_ITS_DRIVER_H
#define DOORBELL_HOST_ITS_DRIVER_H

#include "host/access.h"
#include "host/error.h"
#include "host/ram.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LPI_FIRST 8192u

/** Priority that software gives to every LPI. */
#define LPI_PRIORITY 0xa0u

/** The system's LPIs: configuration table, pending tables, which INTIDs are taken. */
struct lpi_pool {
    struct host_access *access;
    struct host_ram *ram;
    uint64_t redistributor_base;   /**< RD_base of PE 0 */
    uint64_t redistributor_stride; /**< from one redistributor to the next */
    uint32_t pe_count;
    uint32_t id_bits;       /**< INTIDs are below 2^id_bits */
    uint64_t configuration; /**< physical address of the configuration table */
    uint32_t next_intid;
};

/** Sets up every redistributor's LPI tables and enables LPIs. @return false with @p error */
bool lpi_pool_start(struct lpi_pool *pool, struct host_error *error);

/** A device that has an interrupt translation table at an ITS. */
struct its_driver_device {
    uint32_t device_id;
    uint32_t event_count; /**< a power of two */
};

struct its_driver_config {
    const char *name;
    uint64_t base;          /**< of the control frame */
    uint32_t command_count; /**< commands that the queue holds; whole 4 KiB pages are used */
    uint32_t device_bits;   /**< DeviceIDs that devices can have, if fewer than GITS_TYPER says; 0: as that says */
    uint32_t vpe_count;     /**< vPEs that its vPE table shall have room for (GICv4); 0: it gets none */
};

struct its_driver {
    struct host_access *access;
    struct host_ram *ram;
    struct lpi_pool *lpis;
    struct its_driver_config config;
    uint64_t typer;
    uint64_t queue;
    uint64_t queue_bytes;
    uint64_t write_offset;
    uint64_t device_limit; /**< DeviceIDs that the device table can hold */
    uint64_t *level2;      /**< indirect device table: which level-2 pages exist */
    uint64_t device_table;
    uint64_t device_page;  /**< bytes of a level-2 page; 0 if the table is flat */
    uint32_t device_entry; /**< bytes of a device table entry */
    struct its_driver_device *devices;
    uint32_t device_count;
};

/**
 * Gives the ITS its tables and command queue, enables it and maps one collection per PE. @return false with @p error
 */
bool its_driver_start(struct its_driver *driver, struct host_access *access, struct host_ram *ram,
                      struct lpi_pool *lpis, const struct its_driver_config *config, struct host_error *error);

/** Frees what the driver holds in host memory. */
void its_driver_release(struct its_driver *driver);

/** Physical address of GITS_TRANSLATER, which is a device's doorbell unless a pre-ITS gives each one of its own. */
uint64_t its_driver_doorbell(const struct its_driver *driver);

/**
 * Maps a DeviceID with room for @p events interrupts (rounded up to a power of two). A DeviceID that is mapped already
 * keeps its table, which then must be large enough. @return false with @p error
 */
bool its_driver_map_device(struct its_driver *driver, uint32_t device_id, uint32_t events, struct host_error *error);

/**
 * Maps an event of a mapped device to a new LPI, enabled, on a PE.
 * @param intid set to the LPI
 * @return false with @p error
 */
bool its_driver_map_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                          uint32_t *intid, struct host_error *error);

/** Maps an event of a mapped device to an LPI that was its own before, enabled, on a PE. @return false with @p error */
bool its_driver_remap_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                            uint32_t intid, struct host_error *error);

/** Moves an event's interrupt, pending or not, to another PE (MOVI). @return false with @p error */
bool its_driver_move_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                           struct host_error *error);

/** Unmaps an event; if it is pending, it no longer is (DISCARD). @return false with @p error */
bool its_driver_discard_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id,
                              struct host_error *error);

/** Waits until every command issued has taken effect at every redistributor. @return false with @p error */
bool its_driver_sync(struct its_driver *driver, struct host_error *error);

/* ---- For drivers of more commands ---- */

/** Appends a command, four double words; waits for room in the queue only. @return false with @p error */
bool its_driver_issue(struct its_driver *driver, const uint64_t dw[4], struct host_error *error);

/** Appends a command to a queue that is empty, or nearly so, and waits for nothing. */
void its_driver_post(struct its_driver *driver, const uint64_t dw[4]);

/** Waits until the queue is empty. @return false with @p error if it stands still */
bool its_driver_wait(struct its_driver *driver, struct host_error *error);

/** RDbase operand of a PE, in place: its number, or its redistributor's address, as GITS_TYPER.PTA says. */
uint64_t its_driver_target(const struct its_driver *driver, uint32_t pe);

#ifdef __cplusplus
}
#endif

#endif
