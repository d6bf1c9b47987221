/*
 * The operating system, from power-on to the first interrupt: enumerates PCI, forms IOMMU groups, resolves StreamIDs
 * and
 * DeviceIDs from what firmware says, starts SMMUs and ITS, builds a translation domain per group, maps doorbells, and
 * gives every function its MSI-X vectors.
 *
 * It is sequential code that touches hardware only through struct host_access: register accesses are packets on the
 * interconnect and take their time; memory that it writes is visible at once.
 */
#ifndef DOORBELL_HOST_SOFTWARE_H
#define DOORBELL_HOST_SOFTWARE_H

#include "host/access.h"
#include "host/attachment.h"
#include "host/consumer.h"
#include "host/domain.h"
#include "host/enumerate.h"
#include "host/error.h"
#include "host/firmware.h"
#include "host/groups.h"
#include "host/its_driver.h"
#include "host/messages.h"
#include "host/paging.h"
#include "host/pasid.h"
#include "host/ram.h"
#include "host/reserved.h"
#include "host/room.h"
#include "host/rules.h"
#include "host/services.h"
#include "host/smmu_driver.h"
#include "host/v2m_driver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happens to the device in a slot; no doing of software's. */
enum software_slot {
    SOFTWARE_SLOT_PULLED,  /**< it is gone */
    SOFTWARE_SLOT_FILLED,  /**< it is there again, as out of reset */
    SOFTWARE_SLOT_STARTED, /**< its drivers have set it up */
};

/** PEs of a function's messages, from one message on. */
struct interrupt_affinity {
    uint16_t segment;
    uint16_t rid;
    uint32_t first;
    const uint32_t *pes; /**< array of count */
    size_t count;
};

/** What firmware and the user tell the operating system. Arrays are the caller's and outlive it. */
struct software_config {
    const struct firmware *firmware;        /**< maps; hosts in the order of `bridges` */
    const struct enumerate_bridge *bridges; /**< one per firmware host */
    const struct smmu_driver_config *smmus; /**< one per firmware IOMMU */
    const struct its_driver_config *itses;  /**< one per ITS; ITSs are firmware's first MSI controllers */
    const struct v2m_driver_config *frames; /**< GICv2m frames: firmware's other MSI controllers */
    size_t frame_count;
    bool has_proxy; /**< GICv4.0: the kernel itself has a DeviceID at an ITS, which no device may have (F9) */
    uint32_t proxy_its;
    uint32_t proxy_device_id;
    uint64_t distributor_base; /**< with frames only */
    uint64_t redistributor_base;
    uint64_t redistributor_stride;
    uint32_t pe_count;
    uint32_t lpi_id_bits;
    enum group_rule grouping;
    enum group_kernel kernel;
    enum domain_kind domain_kind;
    uint32_t page_bits;                 /**< log2 of the kernel's PAGE_SIZE: 12, 14 or 16; 0: 12 */
    const struct software_rules *rules; /**< NULL: those of Linux in the version of `kernel` */
    const struct consumer_config *consumers;
    size_t consumer_count;
    const struct pasid_config *pasids; /**< domains that devices have by PASID, from the beginning */
    size_t pasid_count;
    bool separate_pasids; /**< processes and users number theirs each for themselves, and do not see the other's */
    const struct interrupt_affinity *affinities; /**< the first that has a message counts */
    size_t affinity_count;
    struct reserved_regions reserved;
    bool ats;                /**< use ATS where device and SMMU have it */
    bool page_requests;      /**< use PRI where device and SMMU have it, with ATS */
    sim_time fault_time;     /**< to find and map a page that a device asked for, fs */
    uint32_t replacements;   /**< domains that consumer_replace() may make */
    uint32_t pasid_domains;  /**< domains that paging_map_buffer() may make for PASIDs */
    const bool *ats_of;      /**< software_plan() only: which SMMUs have ATS; NULL: none */
    const bool *requests_of; /**< the same for page requests; given if ats_of is */
    sim_time reset_time;     /**< that software waits after a function level reset; 0: 100 ms (PCIe Base 6.6.2) */
    /** The machine's part when the device of a function is pulled out or put in; NULL: neither can happen. */
    void (*slot)(void *context, uint32_t function, enum software_slot what);
    void *slot_context;
    const struct device_knowledge *known; /**< what drivers know about their devices */
    size_t known_count;
    struct enumerate_options enumerate;
};

/** One message that was set up: of MSI-X or MSI, or behind those of the device's own store. */
struct software_vector {
    uint32_t intid;
    uint32_t pe;
    uint64_t address; /**< as programmed into the function */
};

/** How something that software tried for a function came out. */
struct software_outcome {
    bool tried;
    struct host_error error; /**< code 0 and no text: it went well */
};

/** No message address. */
#define SOFTWARE_NO_ADDRESS UINT64_MAX

/** One function. Indices are SIZE_MAX (or UINT32_MAX where 32 bits) if it has no such thing. */
struct software_function {
    uint32_t iommu;           /**< index of its SMMU */
    uint32_t stream_id;       /**< of its own requester ID */
    uint32_t its;             /**< index of its MSI controller: an ITS, or behind those a GICv2m frame */
    uint32_t device_id;       /**< at an ITS; meaningless at a frame */
    uint64_t doorbell;        /**< physical address */
    size_t domain;            /**< index of its domain */
    struct services services; /**< beyond plain requests, what is switched on */
    uint32_t first_event;     /**< what its first message writes: an EventID, or the INTID of an SPI */
    uint32_t first_spi;       /**< of those that it has at a GICv2m frame, if `has_spis` */
    bool has_spis;
    uint32_t consumer;       /**< whose it is; CONSUMER_NONE: the kernel's */
    uint64_t message;        /**< address that its messages are written to; SOFTWARE_NO_ADDRESS: they are off */
    bool message_gap;        /**< while they were on, the entry of its StreamID was invalid between two domains */
    bool doorbell_left;      /**< its address is that of a domain which it has left: nothing is mapped for it (C11) */
    uint32_t doorbell_pasid; /**< its doorbell is mapped in the domain of that PASID; 0: of its other requests */
    struct domain *doorbell_in;   /**< that domain, while it is mapped there */
    struct domain *nested;        /**< the guest's stage 1 that it had before the one below alone; NULL: none */
    struct viommu_device iommufd; /**< as iommufd knows it, where a guest translates for it */
    bool gone;                    /**< it was pulled out of its slot */
    bool pulled;                  /**< and software knows: its registers cannot be reached */
    struct hotplug_saved *saved;  /**< registers that it gets again when it is put in (host/hotplug.h); NULL: none */
    bool removed;                 /**< it is not there any more (host/action.h) */
    bool aliased;                 /**< its StreamID belongs to another function: no IOMMU for it (rule A21) */
    struct software_vector *vectors;
    uint32_t vector_count;
    struct software_outcome attached;   /**< to its consumer */
    struct software_outcome interrupts; /**< its doorbell mapped and its vectors set up */
    struct attachment attachment;
};

/** Who has an IOMMU group (A23). */
struct software_group {
    uint32_t consumer; /**< CONSUMER_NONE: the kernel */
    uint32_t members;  /**< functions of it that are attached to that consumer */
};

/** The memory of its arrays, which stays when a plan is forgotten. */
struct software_memory {
    struct host_room frames;
    struct host_room functions;
    struct host_room claims; /**< of StreamIDs, while they are given out */
    struct host_room order;  /**< in which functions are asked for their groups */
    struct host_room domains;
    struct host_room groups;
    struct host_room consumers;
    struct host_room outcomes;
};

struct software {
    struct software_memory memory;
    struct software_config config;
    const struct software_rules *rules;
    struct host_access *access;
    struct host_ram ram;
    struct enumeration found;
    struct group_assignment groups;
    struct software_function *functions; /**< one per function of found.tree */
    struct smmu_driver *smmus;
    struct its_driver *itses;
    struct v2m_driver *frames;
    struct lpi_pool lpis;
    struct domain *domains;
    size_t domain_count;
    size_t domain_limit;
    struct software_group *group_states; /**< one per group */
    struct consumer *consumers;
    size_t consumer_count;
    struct paging paging;
    struct pasid_space pasids;
    struct software_outcome *pasid_outcomes; /**< one per config.pasids */
    char note[160];                          /**< what the last action found, for a person; may be empty */
    uint64_t action_memory;                  /**< what mappings of actions lead to; 0: none */
    uint64_t action_memory_size;
    bool planned; /**< made by software_plan(): no hardware behind it */
    uint32_t next_pe;
    uint32_t event_count; /**< SMMU event records found during set-up and by software_collect_events() */
};

/**
 * Brings the system up. Release with software_release() even after a failure.
 * @return false with one sentence in @p error: the system as described cannot be brought up by this software
 */
bool software_bring_up(struct software *software, struct host_access *access, const struct software_config *config,
                       struct host_error *error);

/**
 * Decides everything that bring-up decides, from a tree that enumeration would find, without hardware: identifiers,
 * groups, domains, and which doorbell is mapped where. Only the parts of @p config that say so are used: firmware,
 * grouping,
 * kernel, domain_kind. Release with software_release() even after a failure.
 * @param software zeroed, or of software_forget_plan(), whose memory is used again
 * @param tree finished; the software takes it over
 * @return false with @p error
 */
bool software_plan(struct software *software, const struct software_config *config, struct pci_tree *tree,
                   struct host_error *error);

/** log2 of the kernel's PAGE_SIZE. */
static inline unsigned software_page_bits(const struct software *software)
{
    return software->config.page_bits != 0 ? software->config.page_bits : IO_PAGE_BITS;
}

/** Its bytes. */
static inline uint64_t software_page_bytes(const struct software *software)
{
    return UINT64_C(1) << software_page_bits(software);
}

/** Says how large the pages of a domain at an SMMU are, before it is made (domain_set_pages()). */
void software_set_pages(const struct software *software, uint32_t iommu, struct domain *domain);

/** Takes a domain of the software's array, zeroed; NULL with @p error if its limit is reached. */
struct domain *software_take_domain(struct software *software, struct host_error *error);

/** The domain of a group at an SMMU that the kernel gives it; made if there is none. NULL with @p error. */
struct domain *software_default_domain(struct software *software, uint32_t group, uint32_t iommu,
                                       struct host_error *error);

/** The blocked domain of an SMMU; made if there is none. NULL with @p error. */
struct domain *software_blocked_domain(struct software *software, uint32_t iommu, struct host_error *error);

/** Puts a function's requests without PASID into a domain. @return false with @p error */
bool software_attach(struct software *software, uint32_t function, struct domain *domain, struct host_error *error);

/**
 * Maps a function's doorbell by its owner's style, its vectors at its ITS, and switches its messages on; nothing to do
 * if they are on. ENODEV: it has none. @return false with @p error
 */
bool software_enable_interrupts(struct software *software, uint32_t function, struct host_error *error);

/** Switches a function's messages off and releases its doorbell; nothing to do if they are off. */
bool software_disable_interrupts(struct software *software, uint32_t function, struct host_error *error);

/**
 * Gives a function a buffer of its own for DMA and maps it into its domain.
 * @param function index in the tree; after software_plan() the buffer lies at physical address 0 and is only planned
 * @param address  set to the address that the device uses
 * @return false with @p error
 */
bool software_map_buffer(struct software *software, uint32_t function, uint64_t size, uint64_t *address,
                         struct host_error *error);

/** Reads what the SMMUs wrote to their event queues. @return the number of records found in all so far */
uint32_t software_collect_events(struct software *software);

/** Frees what the software holds in host memory. */
void software_release(struct software *software);

/** Forgets what software_plan() decided, but keeps the memory for the next plan; the tree is given back. */
void software_forget_plan(struct software *software, struct pci_tree *tree);

#ifdef __cplusplus
}
#endif

#endif
