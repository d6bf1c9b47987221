/*
 * The assumptions of system software, judged for one concrete system: which hold, which do not, and the devices that
 * show it. docs/assumptions.md has a section for each.
 *
 * The same judge serves two questions. assumptions_check() asks what follows from the topology and from what software
 * programs into it; assumptions_observe() asks what a run showed: which doorbell every function's MSIs really reached,
 * which MSIs were lost and where. Both append one verdict for every name, in the same order, with evidence of the same
 * shape, so that the two can be compared.
 *
 * Everything that the input points to belongs to the caller and is only read.
 */
#ifndef DOORBELL_HOST_ASSUMPTIONS_H
#define DOORBELL_HOST_ASSUMPTIONS_H

#include "host/groups.h"
#include "host/pci_tree.h"
#include "host/reach.h"
#include "result/verdict.h"
#include "sim/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The names, in the order of the verdicts. */
#define ASSUMPTION_DOORBELL_PER_GROUP    "doorbell-per-group"
#define ASSUMPTION_DOORBELL_PER_DOMAIN   "doorbell-per-domain"
#define ASSUMPTION_GROUP_COVERS_REACH    "group-covers-reach"
#define ASSUMPTION_DOORBELL_MAPPED       "doorbell-mapped"
#define ASSUMPTION_MSI_WINDOW_FREE       "msi-window-free"
#define ASSUMPTION_MSI_IN_PRIMARY_DOMAIN "msi-in-primary-domain"
#define ASSUMPTION_PASID_CONSISTENT      "pasid-consistent"
#define ASSUMPTION_ONE_VIOMMU_PER_SMMU   "one-viommu-per-smmu"
#define ASSUMPTION_GUEST_OWNED_MSI       "guest-owned-msi"
#define ASSUMPTION_MSI_ISOLATED          "msi-isolated"
#define ASSUMPTION_DATA_BEFORE_INTERRUPT "data-before-interrupt"
#define ASSUMPTION_COUNT                 11

/** Name number @p index, 0..ASSUMPTION_COUNT-1. */
const char *assumption_name(unsigned index);

/** No SMMU, ITS, domain, virtual machine or virtual IOMMU: for indexes. Identifiers and addresses use VERDICT_NO_ID. */
#define ASSUMPTION_NONE UINT32_MAX

/**
 * Whether two addresses are of one doorbell is asked by the smallest page that software can map: frames have one at
 * least. How many mappings doorbells take is asked by the page that the domain maps.
 */
#define ASSUMPTION_PAGE_SIZE UINT64_C(4096)

/** How a domain treats requests that carry no PASID. */
enum assumption_translation {
    ASSUMPTION_BYPASS = 0, /**< identity: an MSI is written to the doorbell's physical address */
    ASSUMPTION_TRANSLATED,
    ASSUMPTION_BLOCKED,
};

/** A stretch of I/O virtual addresses. */
struct assumption_range {
    uint64_t base;    /**< IOVA */
    uint64_t size;    /**< bytes */
    const char *what; /**< what it is for, for a person; NULL if that is clear from where it stands */
};

/** A doorbell that a domain maps: what the translation of an MSI yields, all stages together. */
struct assumption_mapping {
    uint64_t iova;
    uint64_t pa;
    uint64_t size; /**< bytes */
    bool writable;
};

/** A translation domain: one address space, that of requests without PASID for the functions that name it as theirs. */
struct assumption_domain {
    const char *name;
    enum assumption_translation translation;
    uint64_t page; /**< bytes that it maps at once for a doorbell, a power of two; 0: ASSUMPTION_PAGE_SIZE */
    const struct assumption_range *msi_windows; /**< set aside for MSIs, by the host or in hardware */
    size_t msi_window_count;
    const struct assumption_mapping *doorbells;
    size_t doorbell_count;
    const struct assumption_range *dma; /**< mapped for DMA */
    size_t dma_count;
    const struct assumption_range *reserved; /**< other regions that no mapping may touch */
    size_t reserved_count;
};

/** One use of a PASID by a function. */
struct assumption_pasid_user {
    uint32_t pasid;
    uint32_t domain;        /**< auxiliary domain; ASSUMPTION_NONE for shared virtual addressing */
    uint64_t address_space; /**< shared virtual addressing: identity of the process */
};

/** What software knows and does about one function. Start from assumption_function_init(). */
struct assumption_function {
    uint32_t smmu;      /**< index into smmu_names */
    uint64_t stream_id; /**< StreamID of its requester ID at that SMMU */
    uint32_t its;       /**< index into its_names: where msi-map or IORT sends it */
    uint64_t device_id; /**< DeviceID there */
    uint64_t doorbell;  /**< physical address of the register that its MSIs are meant for (GITS_TRANSLATER) */
    bool no_device_id;  /**< its interrupt controller cannot tell who writes (GICv2m, pre-ITS) */
    uint32_t domain;    /**< primary domain; ASSUMPTION_NONE if it is attached to none */
    /**
     * Its requests pass the SMMU, but it is attached to nothing, because their StreamID is another function's: the
     * domain that they meet there is `met`, ASSUMPTION_NONE if that is none either. It writes to physical addresses.
     */
    bool refused;
    uint32_t met;
    bool messages_off;           /**< software leaves its messages switched off: it has no way for them, or no driver */
    bool message_known;          /**< software has given it a message address */
    bool message_gap;            /**< while they were on, its requests were terminated between two domains */
    bool message_at_no_doorbell; /**< that is an address of no controller's doorbell: nothing is hit there */
    uint64_t message_leads_to;   /**< where the translation takes that; VERDICT_NO_ID: it faults */
    const struct assumption_pasid_user *pasids;
    size_t pasid_count;
    uint32_t vm;              /**< virtual machine that it is assigned to */
    uint32_t viommu;          /**< virtual IOMMU that the machine sees it behind */
    bool guest_programs_msi;  /**< the guest writes message address and data itself */
    uint64_t guest_doorbell;  /**< physical address that the guest's message address leads to; VERDICT_NO_ID: none */
    uint32_t guest_lpi_owner; /**< virtual machine that owns the (virtual) LPI its messages raise */
};

/** A virtual IOMMU. */
struct assumption_viommu {
    const char *name;
    uint32_t vm;
    const uint32_t *smmus; /**< the physical SMMUs that its invalidations reach */
    size_t smmu_count;
    bool direct_queue; /**< the guest owns a command queue of the hardware, no trap in between */
};

/** What is known before a run about posted writes to memory and to doorbells from one function. */
enum assumption_ordering {
    ASSUMPTION_ORDER_UNKNOWN = 0,
    ASSUMPTION_ORDER_KEPT,   /**< the way to the doorbell waits until earlier writes are visible */
    ASSUMPTION_ORDER_UNUSED, /**< no function posts data ahead of an MSI that gets to its doorbell */
    ASSUMPTION_ORDER_BROKEN, /**< memory and doorbell are different targets, and nothing waits */
};

/** The system to judge. */
struct assumption_system {
    const struct pci_tree *tree;
    const struct group_assignment *groups; /**< by whichever rule software uses */
    struct reach_policy reach;
    enum group_kernel kernel;
    const struct assumption_function *functions; /**< one per function of the tree */
    const struct assumption_domain *domains;
    uint32_t domain_count;
    const char *const *smmu_names;
    uint32_t smmu_count;
    const char *const *its_names;
    uint32_t its_count;
    const char *const *vm_names;
    uint32_t vm_count;
    const struct assumption_viommu *viommus;
    uint32_t viommu_count;
    enum assumption_ordering ordering;
    uint64_t page; /**< of software, bytes, for functions without a domain; 0: ASSUMPTION_PAGE_SIZE */
};

/** How many packets showed something, and the identity of the first of them. */
struct assumption_tally {
    uint64_t count;
    uint64_t first_packet;
};

/** MSIs of one function that reached one doorbell. */
struct assumption_hit {
    uint64_t doorbell; /**< physical address that was written, after translation */
    uint32_t its;      /**< whose it is; ASSUMPTION_NONE if it is no doorbell of an ITS */
    struct assumption_tally tally;
};

/** Requests of one function that reached a peer and that no SMMU saw. */
struct assumption_peer_access {
    uint32_t target; /**< function index */
    struct assumption_tally tally;
};

/** What a run showed of one function. All zero: it did nothing. */
struct assumption_observation {
    const struct assumption_hit *hits; /**< one per doorbell */
    size_t hit_count;
    struct assumption_tally lost[SIM_DROP_REASONS]; /**< MSIs that raised no interrupt, by reason */
    struct assumption_tally foreign;                /**< MSIs that raised an interrupt of another function */
    uint32_t foreign_owner;                         /**< whose, if foreign.count is not 0 */
    struct assumption_tally stale; /**< requests that used a translation after its invalidation had completed */
    uint64_t data_checked;         /**< MSIs with earlier DMA writes, that were looked for when the handler ran */
    struct assumption_tally early; /**< of those, MSIs whose handler ran before a write was visible */
    const struct assumption_peer_access *peers;
    size_t peer_count;
};

/** Sets every field: no SMMU, no ITS, no doorbell, no domain, no virtual machine. */
void assumption_function_init(struct assumption_function *function);

/** Appends the verdicts that follow from the system alone, one for every name. */
void assumptions_check(const struct assumption_system *system, struct verdict_list *list);

/** The outcome alone of the one verdict of number @p index, 0..ASSUMPTION_COUNT-1, that assumptions_check() gives. */
enum verdict_outcome assumptions_outcome(const struct assumption_system *system, unsigned index);

/**
 * Appends the verdicts of a run, one for every name. @p system is as software had programmed it in the run;
 * @p observations has one element per function of the tree.
 *
 * What a run can show is judged by what it showed: doorbells by where MSIs arrived, mapping by which MSIs faulted,
 * ordering by what handlers saw. What no traffic can prove (that nothing reaches a peer, that no window is in the way)
 * is judged from the system, with the counts of what was seen added.
 */
void assumptions_observe(const struct assumption_system *system, const struct assumption_observation *observations,
                         struct verdict_list *list);

#ifdef __cplusplus
}
#endif

#endif
