/*
 * Translation domains as the DMA layer of Linux manages them: one address space behind one SMMU, with an allocator of
 * I/O virtual addresses and the doorbell pages that the domain's devices write MSIs to (rules C1 to C7 of the fact
 * sheet;
 * docs/doorbells.md restates them).
 */
#ifndef DOORBELL_HOST_DOMAIN_H
#define DOORBELL_HOST_DOMAIN_H

#include "host/error.h"
#include "host/io_page_table.h"
#include "host/smmu_driver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum domain_kind {
    DOMAIN_DMA,      /**< translated; doorbells are mapped on demand */
    DOMAIN_IDENTITY, /**< bypass: devices use physical addresses */
};

/** A doorbell page that a domain maps. Pages stay for as long as the domain does (C5). */
struct domain_doorbell {
    uint64_t physical; /**< page */
    uint64_t iova;     /**< page */
};

/** A range of addresses that a domain maps for DMA. */
struct domain_mapping {
    uint64_t iova;
    uint64_t physical;
    uint64_t size;
};

struct domain {
    enum domain_kind kind;
    bool planned;             /**< no hardware: addresses are chosen as always, nothing is written */
    struct smmu_driver *smmu; /**< NULL: no SMMU, physical addresses */
    uint32_t smmu_index;
    uint32_t group;
    struct io_page_table table;
    uint64_t context;  /**< physical address of the context descriptor */
    uint64_t iova_end; /**< addresses from here to 4 GiB are taken: allocation goes downward (C7) */
    struct domain_doorbell *doorbells;
    size_t doorbell_count;
    struct domain_mapping *mappings;
    size_t mapping_count;
};

/** Makes a domain. @return false with @p error if memory is used up */
bool domain_init(struct domain *domain, enum domain_kind kind, struct smmu_driver *smmu, struct host_ram *ram,
                 struct host_error *error);

/** Makes a domain that only plans: what it would map where, if there were an SMMU. */
void domain_init_planned(struct domain *domain, enum domain_kind kind);

/** Whether devices of the domain use addresses that are translated. */
bool domain_translates(const struct domain *domain);

/** Frees what a domain holds in host memory. */
void domain_release(struct domain *domain);

/** Installs the stream table entry that puts a StreamID into the domain. @return false with @p error */
bool domain_attach(struct domain *domain, uint32_t stream_id, struct host_error *error);

/**
 * The address that a device of the domain writes to reach a doorbell: the physical address itself in an identity domain
 * or without an SMMU (C2), else an address in the page that the domain maps for it, which is made if this is the first
 * device of the domain that needs this page (C4).
 * @return false with @p error
 */
bool domain_map_doorbell(struct domain *domain, uint64_t doorbell, uint64_t *address, struct host_error *error);

/** Maps a buffer for reading and writing. @param address set to where devices see it. @return false with @p error */
bool domain_map_buffer(struct domain *domain, uint64_t physical, uint64_t size, uint64_t *address,
                       struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
