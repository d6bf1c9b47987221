/*
 * Translation domains: one address space behind one SMMU, with what is mapped in it. The kernel's own DMA domains hand
 * out I/O virtual addresses from the top of 4 GiB downward (C7); users of VFIO and iommufd choose theirs; a guest's
 * stage 1 stands on a stage 2 of the host's. Which doorbell is mapped where is decided in host/doorbell_map.h and kept
 * here, because a mapping lives in a domain. docs/doorbells.md restates the rules.
 *
 * A planned domain has no hardware behind it: addresses are chosen as always and nothing is written.
 */
#ifndef DOORBELL_HOST_DOMAIN_H
#define DOORBELL_HOST_DOMAIN_H

#include "host/error.h"
#include "host/io_page_table.h"
#include "host/smmu_driver.h"
#include "host/smmu_stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum domain_kind {
    DOMAIN_DMA,       /**< translated; the kernel hands out addresses */
    DOMAIN_IDENTITY,  /**< bypass: devices use physical addresses */
    DOMAIN_BLOCKED,   /**< every request is aborted */
    DOMAIN_UNMANAGED, /**< translated; its user chooses addresses */
    DOMAIN_KINDS,
};

/** "dma", "identity", "blocked", "unmanaged". */
const char *domain_kind_name(enum domain_kind kind);

/** A doorbell page that a domain maps: as large as its unit. */
struct domain_doorbell {
    uint64_t physical; /**< page; in a guest's domain an intermediate physical address */
    uint64_t iova;     /**< page */
};

/** A range of addresses that a domain maps for DMA. */
struct domain_mapping {
    uint64_t iova;
    uint64_t physical; /**< as for doorbells */
    uint64_t size;
};

struct attachment;

/** A function whose requests, without PASID or with one, are in a domain (host/attachment.h). */
struct domain_user {
    struct domain_user *next;
    const struct attachment *attachment; /**< NULL: not in use */
    uint32_t pasid;                      /**< 0: requests without PASID */
};

struct domain {
    enum domain_kind kind;
    bool planned;             /**< no hardware: addresses are chosen as always, nothing is written */
    const char *name;         /**< of a user's domain, for reports; NULL: the group's default domain */
    bool stage2;              /**< its table is a stage 2 */
    struct domain *parent;    /**< the stage 2 below; this one is then a guest's stage 1 */
    struct smmu_driver *smmu; /**< NULL: no SMMU, physical addresses; or planned */
    uint32_t smmu_index;
    uint32_t group;  /**< of a default domain */
    uint8_t granule; /**< log2 of the pages of its tables */
    uint8_t page;    /**< log2 of the kernel's PAGE_SIZE */
    uint8_t unit;    /**< log2 of what it maps at once: the granule if it is the kernel's own, else PAGE_SIZE (C6) */
    struct io_page_table table;
    uint16_t asid;     /**< stage 1 */
    uint16_t vmid;     /**< stage 2 */
    uint64_t context;  /**< address of the context descriptor; of a guest's, the intermediate one */
    uint64_t iova_end; /**< addresses from here to 4 GiB are taken: allocation goes downward (C7) */
    struct domain_doorbell *doorbells;
    size_t doorbell_count;
    size_t doorbell_limit; /**< elements that there is memory for */
    uint64_t doorbell_top; /**< no doorbell was ever mapped above this address */
    size_t run_first;      /**< from this doorbell on... */
    size_t run_count;      /**< ...so many are pages mapped one to one, one behind the other */
    struct domain_mapping *mappings;
    size_t mapping_count;
    size_t mapping_limit;
    uint64_t window_base; /**< set aside for MSIs; nothing else is mapped there */
    uint64_t window_size; /**< 0: no window */
    bool identity_pages;  /**< doorbells are mapped at their own addresses: a window that hardware fixes */
    uint32_t attached;    /**< functions and PASIDs that use it */
    struct domain_user *users;
};

/**
 * Says how large pages are, before the domain is made; without this they have 4 KiB.
 * @param granule log2 of its tables' pages  @param page log2 of the kernel's PAGE_SIZE, not below
 */
void domain_set_pages(struct domain *domain, unsigned granule, unsigned page);

/** Bytes that a domain maps at once: a doorbell's mapping has as many. */
static inline uint64_t domain_unit(const struct domain *domain)
{
    return UINT64_C(1) << domain->unit;
}

/** The unit that an address lies in. */
static inline uint64_t domain_page_of(const struct domain *domain, uint64_t address)
{
    return address & ~(domain_unit(domain) - 1);
}

/** Maps one unit in the tables, and nothing else. @return false if memory is used up or part of it is mapped already */
bool domain_map_unit(struct domain *domain, uint64_t iova, uint64_t physical, uint32_t protection);

/** Takes one unit out of the tables; the caller invalidates. @return false if it was not mapped */
bool domain_unmap_unit(struct domain *domain, uint64_t iova);

/**
 * Makes a domain of stage 1, or one without a table. The structure is zeroed, or has had room made in it.
 * @return false with @p error if memory is used up
 */
bool domain_init(struct domain *domain, enum domain_kind kind, struct smmu_driver *smmu, struct host_ram *ram,
                 struct host_error *error);

/** Makes a domain that only plans: what it would map where, if there were an SMMU. */
void domain_init_planned(struct domain *domain, enum domain_kind kind);

/** Makes an unmanaged domain of stage 2. @param smmu, ram NULL: it only plans. @return false with @p error */
bool domain_init_stage2(struct domain *domain, struct smmu_driver *smmu, struct host_ram *ram,
                        struct host_error *error);

/**
 * Makes a guest's stage 1 on a stage 2 of the host's: table and context descriptor lie in the guest's memory.
 * @param ram the guest's memory  @param offset see io_page_table_init_guest(); both unused if @p parent only plans
 * @return false with @p error
 */
bool domain_init_guest(struct domain *domain, struct domain *parent, struct host_ram *ram, uint64_t offset,
                       struct host_error *error);

/** Whether devices of the domain use addresses that are translated. */
bool domain_translates(const struct domain *domain);

/** Forgets a planned domain, but keeps room that was made in it: it is as if zeroed then. */
void domain_forget(struct domain *domain);

/** Frees what a domain holds in host memory. */
void domain_release(struct domain *domain);

/** Makes room for so many more doorbells and mappings, so that none is allocated while traffic runs. */
bool domain_make_room(struct domain *domain, size_t doorbells, size_t mappings, struct host_error *error);

/** Fills in the stream table entry that puts requests without PASID into the domain by a context descriptor alone. */
void domain_describe(const struct domain *domain, struct smmu_stream_setting *setting);

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

/** The same at an address that the user chooses. EEXIST if something is there already, or the MSI window is. */
bool domain_map_at(struct domain *domain, uint64_t iova, uint64_t physical, uint64_t size, struct host_error *error);

/** Takes away the mapping that begins at an address, and invalidates. ENOENT if there is none. */
bool domain_unmap(struct domain *domain, uint64_t iova, struct host_error *error);

/** Maps a doorbell page (both page-aligned). EEXIST if the address is mapped to something else already. */
bool domain_install_doorbell(struct domain *domain, uint64_t iova, uint64_t physical, struct host_error *error);

/**
 * Maps doorbell pages one to one, one behind the other from @p base on: a window of them at once.
 * @return false with @p error: see domain_install_doorbell()
 */
bool domain_install_window(struct domain *domain, uint64_t base, size_t pages, struct host_error *error);

/**
 * Forgets what caches hold of one unit of the domain: those of the SMMU, and of the devices that have some of their own
 * (ATS), which say so only when no request with the old translation is under way any more.
 * @return false with @p error
 */
bool domain_invalidate_page(struct domain *domain, uint64_t iova, struct host_error *error);

/** Takes a doorbell page away, and invalidates. ENOENT if none is mapped there. */
bool domain_remove_doorbell(struct domain *domain, uint64_t iova, struct host_error *error);

/** Takes addresses from the allocator (C7): page-aligned; 0 if none are left. */
uint64_t domain_take_iova(struct domain *domain, uint64_t size);

/** Whether a range meets a mapping, a doorbell, or the MSI window of the domain; which, for a person, in @p what. */
bool domain_overlaps(const struct domain *domain, uint64_t base, uint64_t size, const char **what);

/**
 * Walks over the domain's doorbells that lead somewhere, all stages together: what a guest maps and the host does not
 * faults. @param position 0 at first  @param doorbell the next one, with where it leads  @return false: none is left
 */
bool domain_next_doorbell(const struct domain *domain, size_t *position, struct domain_doorbell *doorbell);

/** Where an address of a device leads, all stages together. @return false: nowhere, it faults */
bool domain_resolve(const struct domain *domain, uint64_t address, uint64_t *physical);

#ifdef __cplusplus
}
#endif

#endif
