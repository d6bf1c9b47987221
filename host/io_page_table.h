/*
 * Translation tables in the VMSAv8-64 format with a granule of 4, 16 or 64 KiB, as a driver builds them in memory (Arm
 * ARM D8.2): stage 1 with 48-bit input addresses, stage 2 with 39-bit ones. The levels are as many as that takes: with
 * 4 KiB four and three, with 16 KiB four and three, with 64 KiB three and two. The CD and STE fields that
 * describe them are made in host/smmu_driver.c and host/smmu_stream.c. A guest's stage 1 lies in guest memory: its
 * descriptors hold intermediate physical addresses.
 */
#ifndef DOORBELL_HOST_IO_PAGE_TABLE_H
#define DOORBELL_HOST_IO_PAGE_TABLE_H

#include "host/ram.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The smallest page, which queues and the like are aligned to. */
#define IO_PAGE_BYTES UINT64_C(4096)

/** log2 of that. */
#define IO_PAGE_BITS 12u

/** What a mapping allows and what lies behind it. */
#define IO_PAGE_READ   0x1u
#define IO_PAGE_WRITE  0x2u
#define IO_PAGE_NOEXEC 0x4u
#define IO_PAGE_MMIO   0x8u  /**< device memory: a doorbell page */
#define IO_PAGE_USER   0x10u /**< accessible to unprivileged transactions, which DMA is */

/** Bits of an input address of stage 2. */
#define IO_PAGE_STAGE2_BITS 39u

struct io_page_table {
    struct host_ram *ram;
    uint64_t root; /**< address of the first table, for TTB0 or S2TTB: of a guest's, the intermediate one */
    bool stage2;
    uint8_t granule;       /**< log2 of the bytes of its pages and tables: 12, 14 or 16 */
    uint64_t guest_offset; /**< physical minus intermediate address of the memory that the tables lie in; 0: no guest */
};

/** Index of a memory type in the MAIR that host/smmu_driver.c puts into every CD. */
#define IO_PAGE_ATTR_NORMAL 0u
#define IO_PAGE_ATTR_DEVICE 1u

/** MAIR_EL1 value with those two types: Normal write-back, Device-nGnRE. */
#define IO_PAGE_MAIR UINT64_C(0x00000000000004ff)

/** Makes an empty stage-1 table. @param granule log2 of its pages: 12, 14 or 16  @return false if memory is used up */
bool io_page_table_init(struct io_page_table *table, struct host_ram *ram, unsigned granule);

/** Makes an empty stage-2 table. @return false if memory is used up */
bool io_page_table_init_stage2(struct io_page_table *table, struct host_ram *ram, unsigned granule);

/**
 * Makes a guest's empty stage-1 table.
 * @param ram    the guest's memory (physical addresses)
 * @param offset what turns an intermediate physical address of that memory into a physical one by addition
 * @return false if memory is used up
 */
bool io_page_table_init_guest(struct io_page_table *table, struct host_ram *ram, unsigned granule, uint64_t offset);

/** Level at which a walk of the table begins: 0 to 2. */
unsigned io_page_table_first_level(const struct io_page_table *table);

/** TG0 of a CD, and S2TG of an STE: 0 for 4 KiB, 1 for 64 KiB, 2 for 16 KiB. */
unsigned io_page_table_granule_code(const struct io_page_table *table);

/**
 * Maps one page of the table's granule.
 * @param iova, physical multiples of that below 2^48; at stage 2 @p iova is below 2^39
 * @return false if memory is used up or the page is mapped already
 */
bool io_page_table_map(struct io_page_table *table, uint64_t iova, uint64_t physical, uint32_t protection);

/** Unmaps one page (the caller invalidates). @return false if it was not mapped */
bool io_page_table_unmap(struct io_page_table *table, uint64_t iova);

/** Looks a page up as a walker would. @return false if it is not mapped */
bool io_page_table_lookup(const struct io_page_table *table, uint64_t iova, uint64_t *physical);

#ifdef __cplusplus
}
#endif

#endif
