/*
 * The SMMUv3 driver: programs one SMMU through its registers and its command queue, and builds stream table entries and
 * context descriptors in memory (IHI 0070; chapter numbers at the functions).
 */
#ifndef DOORBELL_HOST_SMMU_DRIVER_H
#define DOORBELL_HOST_SMMU_DRIVER_H

#include "host/access.h"
#include "host/error.h"
#include "host/io_page_table.h"
#include "host/ram.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smmu_driver_config {
    const char *name;
    uint64_t base;               /**< of register page 0 */
    bool two_level;              /**< stream table format */
    uint32_t command_queue_log2; /**< entries wanted; limited by IDR1.CMDQS */
    uint32_t event_queue_log2;   /**< entries wanted; limited by IDR1.EVENTQS */
    uint32_t page_queue_log2;    /**< entries of the page request queue wanted; limited by IDR1.PRIQS */
    uint32_t substream_id_bits;  /**< what IDR1.SSIDSIZE will say: for software that only plans */
    uint32_t page_bits;          /**< log2 of the kernel's PAGE_SIZE: 12, 14 or 16 */
    uint32_t granule;            /**< what smmu_driver_granule() will say: for software that only plans; 0: page_bits */
    bool no_stage1;              /**< the same for IDR0.S1P: it is 0 */
    bool no_stage2;              /**< and for IDR0.S2P */
    bool no_granule;             /**< and of the granules of IDR5: none is the kernel's page or smaller */
};

/** A queue in memory. Indices run over 2^(log2 + 1) values; the top bit is the wrap bit. */
struct smmu_driver_queue {
    uint64_t base;
    uint32_t log2;
    uint32_t producer;
    uint32_t consumer;
    uint32_t overflow; /**< page requests: the overflow flag as it was acknowledged, in place */
};

struct smmu_driver {
    struct host_access *access;
    struct host_ram *ram;
    struct smmu_driver_config config;
    uint32_t stream_id_bits; /**< IDR1.SIDSIZE */
    bool two_level;
    uint32_t stream_table_log2;
    uint64_t stream_table;
    uint64_t *level2;           /**< two-level: physical address of each second-level table, 0 if none */
    uint32_t output_size;       /**< IDR5.OAS */
    uint32_t substream_id_bits; /**< IDR1.SSIDSIZE */
    bool has_stage1;            /**< IDR0.S1P */
    bool has_stage2;            /**< IDR0.S2P */
    bool two_level_contexts;    /**< IDR0.CD2L */
    bool has_ats;               /**< IDR0.ATS; ATSCHK is then on */
    bool has_pri;               /**< IDR0.PRI; the page request queue is then in use */
    struct smmu_driver_queue commands;
    struct smmu_driver_queue events;
    struct smmu_driver_queue pages;
    uint8_t granule; /**< of its tables, log2 */
    uint64_t gaps;   /**< valid stream table entries that became other valid ones by way of an invalid one */
    uint16_t next_asid;
    uint16_t next_vmid;
    bool waits_for_devices; /**< invalidations of devices' caches were issued since the last CMD_SYNC */
    bool
        repairs; /**< errors of its command queue are its interrupt handler's: who waits for commands goes on waiting */
    uint32_t atc_timeouts; /**< times that a CMD_SYNC said that a device had not answered them (CERROR_ATC_INV_SYNC) */
};

/** One event record as read from the event queue (chapter 7.3). */
struct smmu_driver_event {
    uint8_t type;
    uint32_t stream_id;
    uint64_t address;
    bool read;
    uint64_t words[4]; /**< the record as it was */
};

/**
 * log2 of the granule that tables have: the kernel's PAGE_SIZE if the SMMU can walk such tables, else the largest below
 * that it can walk (arm_lpae_restrict_pgsizes() of Linux). 0: it can walk larger ones only, which the kernel refuses.
 */
unsigned smmu_driver_granule(unsigned page_bits, bool has_4k, bool has_16k, bool has_64k);

/**
 * Whether the driver takes an SMMU that has, or lacks, what @p config says (no_stage1, no_granule): the kernel's own
 * domains translate by stage 1. @return false with @p error
 */
bool smmu_driver_accept(const struct smmu_driver_config *config, struct host_error *error);

/** Resets and enables an SMMU: every StreamID aborts until it gets a stream table entry. @return false with @p error */
bool smmu_driver_start(struct smmu_driver *driver, struct host_access *access, struct host_ram *ram,
                       const struct smmu_driver_config *config, struct host_error *error);

/** Frees what the driver holds in host memory. */
void smmu_driver_release(struct smmu_driver *driver);

/**
 * Makes a context descriptor for a page table (chapter 5.4) under a new ASID. @return its address; 0: memory used up
 */
uint64_t smmu_driver_make_context(struct smmu_driver *driver, const struct io_page_table *table);

/** Installs a stage-1 stream table entry for a StreamID (chapter 5.2). @return false with @p error */
bool smmu_driver_attach_stage1(struct smmu_driver *driver, uint32_t stream_id, uint64_t context,
                               struct host_error *error);

/** Installs a bypass stream table entry for a StreamID. @return false with @p error */
bool smmu_driver_attach_bypass(struct smmu_driver *driver, uint32_t stream_id, struct host_error *error);

/**
 * Changes a StreamID's entry to @p words such that the SMMU never sees half of it: the steps of smmu_rewrite_plan(), an
 * invalidation and a CMD_SYNC after each (IHI 0070, 3.21.3).
 * @return false with @p error
 */
bool smmu_driver_write_stream(struct smmu_driver *driver, uint32_t stream_id, const uint64_t words[8],
                              struct host_error *error);

/** Reads a StreamID's entry as it is in memory. @return false if the stream table has no place for it yet */
bool smmu_driver_read_stream(const struct smmu_driver *driver, uint32_t stream_id, uint64_t words[8]);

/** Makes the words of a context descriptor for a stage-1 table (chapter 5.4). @param asid not shared with the PEs */
void smmu_driver_context_words(const struct smmu_driver *driver, const struct io_page_table *table, uint16_t asid,
                               uint64_t words[8]);

/** Appends a command of two words (chapter 4); waits only for room. @return false with @p error */
bool smmu_driver_issue(struct smmu_driver *driver, uint64_t low, uint64_t high, struct host_error *error);

/** Issues CMD_SYNC and waits until the command queue is empty. @return false with @p error if a command failed */
bool smmu_driver_sync(struct smmu_driver *driver, struct host_error *error);

/**
 * What the handler of the SMMU's error interrupt does: reads GERROR, puts a CMD_SYNC in the place of a command that is
 * none (CERROR_ILL), and acknowledges, upon which the queue goes on (chapters 6.3.15 to 6.3.17 and 7.1).
 * @return the errors that were active, bits of GERROR; 0: none
 */
uint32_t smmu_driver_take_errors(struct smmu_driver *driver);

/** Takes the oldest event record out of the event queue. @return false if there is none */
bool smmu_driver_next_event(struct smmu_driver *driver, struct smmu_driver_event *event);

#ifdef __cplusplus
}
#endif

#endif
