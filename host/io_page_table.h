/*
 * Stage-1 translation tables in the VMSAv8-64 format: 4 KiB granule, 48-bit input addresses, four levels, as a driver
 * builds them in memory (Arm ARM D8.3; the CD fields that describe them are made in host/smmu_driver.c).
 */
#ifndef DOORBELL_HOST_IO_PAGE_TABLE_H
#define DOORBELL_HOST_IO_PAGE_TABLE_H

#include "host/ram.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IO_PAGE_BYTES UINT64_C(4096)

/** What a mapping allows and what lies behind it. */
#define IO_PAGE_READ   0x1u
#define IO_PAGE_WRITE  0x2u
#define IO_PAGE_NOEXEC 0x4u
#define IO_PAGE_MMIO   0x8u  /**< device memory: a doorbell page */
#define IO_PAGE_USER   0x10u /**< accessible to unprivileged transactions, which DMA is */

struct io_page_table {
    struct host_ram *ram;
    uint64_t root; /**< physical address of the level-0 table: TTB0 */
};

/** Index of a memory type in the MAIR that host/smmu_driver.c puts into every CD. */
#define IO_PAGE_ATTR_NORMAL 0u
#define IO_PAGE_ATTR_DEVICE 1u

/** MAIR_EL1 value with those two types: Normal write-back, Device-nGnRE. */
#define IO_PAGE_MAIR UINT64_C(0x00000000000004ff)

/** Makes an empty table. @return false if memory is used up */
bool io_page_table_init(struct io_page_table *table, struct host_ram *ram);

/**
 * Maps one 4 KiB page.
 * @param iova, physical multiples of 4096 below 2^48
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
