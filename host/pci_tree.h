/*
 * The PCI functions of a system as software knows them after enumeration: where each one sits, what its configuration
 * space says about isolation, and what else decides how its requests travel.
 *
 * Two builders fill it: the enumerator, from configuration space, and the predictor, from a scenario file alone. Both
 * append host bridges and functions in the order in which enumeration meets them and then call pci_tree_finish(), which
 * links functions to the bridges above them and checks the whole. Everything else in host/ reads the finished tree.
 *
 * Zero-initialise struct pci_tree; release with pci_tree_clear(). Running out of memory ends the process with a
 * message.
 */
#ifndef DOORBELL_HOST_PCI_TREE_H
#define DOORBELL_HOST_PCI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No function, no bridge, no host bridge. */
#define PCI_TREE_NONE UINT32_MAX

/** Bits of the ACS Capability and ACS Control registers (PCIe Base, 7.7.12.2 and 7.7.12.3). */
#define PCI_TREE_ACS_SV       0x0001u /**< Source Validation */
#define PCI_TREE_ACS_TB       0x0002u /**< Translation Blocking */
#define PCI_TREE_ACS_RR       0x0004u /**< P2P Request Redirect */
#define PCI_TREE_ACS_CR       0x0008u /**< P2P Completion Redirect */
#define PCI_TREE_ACS_UF       0x0010u /**< Upstream Forwarding */
#define PCI_TREE_ACS_EC       0x0020u /**< P2P Egress Control */
#define PCI_TREE_ACS_DT       0x0040u /**< Direct Translated P2P */
#define PCI_TREE_ACS_ENHANCED 0x0080u /**< capability register: the memory-target controls below exist */

/** Fields of the ACS Control register that exist with PCI_TREE_ACS_ENHANCED: requests to the ports' own BARs. */
#define PCI_TREE_ACS_DSP_TARGET_SHIFT 8
#define PCI_TREE_ACS_USP_TARGET_SHIFT 10
#define PCI_TREE_ACS_TARGET_MASK      0x3u
#define PCI_TREE_ACS_TARGET_DIRECT    0u
#define PCI_TREE_ACS_TARGET_BLOCK     1u
#define PCI_TREE_ACS_TARGET_REDIRECT  2u

/** The four controls that isolate a hop. */
#define PCI_TREE_ACS_ISOLATING (PCI_TREE_ACS_SV | PCI_TREE_ACS_RR | PCI_TREE_ACS_CR | PCI_TREE_ACS_UF)

/** Facts about a function that configuration space does not tell; they come from tables of known devices. */
#define PCI_TREE_QUIRK_ISOLATED       0x0001u /**< isolates as if all ACS controls were on */
#define PCI_TREE_QUIRK_NO_ALIAS       0x0002u /**< PCIe-to-PCI bridge that leaves requester IDs as they are */
#define PCI_TREE_QUIRK_XLATE_ROOT     0x0004u /**< bridge above which no requester ID alias is seen by the IOMMU */
#define PCI_TREE_QUIRK_BRIDGE_ALIAS   0x0008u /**< conventional bridge that sends as secondary bus, devfn 0 */
#define PCI_TREE_QUIRK_INTERNAL_PEERS 0x0010u /**< reaches its siblings inside, unless ACS prevents it */
#define PCI_TREE_QUIRK_NO_PREFIXES    0x0020u /**< PASIDs work without TLP prefixes, whatever the ports can */

/** What a function is. PCIe types have the value of the Device/Port Type field (PCIe Base, 7.5.3.2). */
enum pci_tree_type {
    PCI_TREE_ENDPOINT = 0x0,
    PCI_TREE_LEGACY_ENDPOINT = 0x1,
    PCI_TREE_ROOT_PORT = 0x4,
    PCI_TREE_UPSTREAM_PORT = 0x5,
    PCI_TREE_DOWNSTREAM_PORT = 0x6,
    PCI_TREE_PCIE_TO_PCI_BRIDGE = 0x7,
    PCI_TREE_PCI_TO_PCIE_BRIDGE = 0x8,
    PCI_TREE_RC_ENDPOINT = 0x9, /**< root complex integrated endpoint */
    PCI_TREE_RC_EVENT_COLLECTOR = 0xa,
    PCI_TREE_CONVENTIONAL_DEVICE = 0x10, /**< header type 0 and no PCI Express capability */
    PCI_TREE_CONVENTIONAL_BRIDGE = 0x11, /**< header type 1 and no PCI Express capability */
};

/** A stretch of PCI memory space, in bytes; closed or absent if size is 0. */
struct pci_tree_range {
    uint64_t base;
    uint64_t size;
    bool prefetchable;
};

/** ACS extended capability of a function. */
struct pci_tree_acs {
    bool present;
    uint16_t capability; /**< ACS Capability register */
    uint16_t control;    /**< ACS Control register */
    uint64_t egress;     /**< Egress Control Vector: bit n bars the direct way to the port with Port Number n */
};

#define PCI_TREE_BARS 6

/** One function. Make it with pci_tree_function_init() and fill in what is known. */
struct pci_tree_function {
    char *name;           /**< NULL: pci_tree_add_function() makes one from segment and requester ID */
    uint32_t host_bridge; /**< index from pci_tree_add_host_bridge() */
    uint16_t rid;         /**< requester ID: bus 15:8, device 7:3, function 2:0 */
    enum pci_tree_type type;
    uint32_t parent; /**< out: the bridge whose secondary bus it sits on; PCI_TREE_NONE on a root bus */
    uint32_t below;  /**< out: the first function that has it as its parent; PCI_TREE_NONE: none has */
    uint32_t beside; /**< out: the next with the same parent, in the order in which they were added; PCI_TREE_NONE */

    uint8_t secondary;                /**< bridges: Secondary Bus Number */
    uint8_t subordinate;              /**< bridges: Subordinate Bus Number */
    struct pci_tree_range windows[2]; /**< bridges: memory and prefetchable memory window */
    uint8_t port_number;              /**< ports: Port Number of Link Capabilities, 0..63 */

    bool multifunction; /**< Multi-Function bit of the device, on each of its functions; false on VFs */
    bool is_vf;
    uint32_t physical_function; /**< VFs: the PF; else PCI_TREE_NONE */
    struct pci_tree_acs acs;
    uint32_t quirks;            /**< PCI_TREE_QUIRK_* */
    uint64_t alias_devfns[4];   /**< bit n: it may also send as devfn n of its own bus (phantom functions) */
    uint32_t real_dma_function; /**< the function whose requester ID its requests carry; PCI_TREE_NONE: its own */

    struct pci_tree_range bars[PCI_TREE_BARS]; /**< memory BARs that are assigned; unused ones have size 0 */
    uint16_t total_vfs;                        /**< PFs: VFs that it can have; 0 without the SR-IOV capability */
    /** PFs: VF BARs, each as large as those of all total_vfs VFs together; VF n has the n-th part. */
    struct pci_tree_range vf_bars[PCI_TREE_BARS];
    uint16_t msi_vectors;  /**< MSI vectors it can send; 0 without the capability */
    uint16_t msix_vectors; /**< MSI-X table size; 0 without the capability */
    bool pasid;            /**< has the PASID capability */
    uint8_t pasid_width;   /**< Max PASID Width, 0..20 */
    bool no_prefixes;      /**< ports: End-End TLP Prefix Supported is 0 (Device Capabilities 2) */
    bool ats;              /**< has the ATS capability */
    bool ats_enabled;      /**< its ATS Enable is set: it can send translated requests */
    bool pri;              /**< has the PRI capability */
};

/** One root bus and what hangs off it. */
struct pci_tree_host_bridge {
    char *name;
    uint16_t segment;
    uint8_t first_bus; /**< the root bus */
    uint8_t last_bus;
    bool peer_to_peer; /**< its root ports route to each other before the IOMMU: a fact of the hardware, set by hand */
};

struct pci_tree_names;

struct pci_tree {
    struct pci_tree_host_bridge *host_bridges;
    uint32_t host_bridge_count;
    struct pci_tree_function *functions;
    uint32_t function_count;
    uint32_t *by_rid; /**< after pci_tree_finish(): function indexes in order of segment, then requester ID */
    uint32_t top;     /**< after pci_tree_finish(): the first function without a parent; PCI_TREE_NONE: none */
    bool ports_only;  /**< after pci_tree_finish(): no bridge of it puts a requester ID of its own on requests */
    /* Its memory. */
    uint32_t host_bridge_limit; /**< elements of `host_bridges` */
    uint32_t function_limit;    /**< elements of `functions` */
    uint32_t index_limit;       /**< elements of `by_rid`, and half of those of `keys` */
    uint64_t *keys; /**< segment, requester ID and index of each function, sorted; room for merging behind */
    struct pci_tree_names *names;
};

/** The requester ID of (@p bus, @p device 0..31, @p function 0..7). */
static inline uint16_t pci_tree_rid(unsigned bus, unsigned device, unsigned function)
{
    return (uint16_t)((bus & 0xffu) << 8 | (device & 0x1fu) << 3 | (function & 0x7u));
}

/** Bus number of a requester ID. */
static inline uint8_t pci_tree_rid_bus(uint16_t rid)
{
    return (uint8_t)(rid >> 8);
}

/** Appends a host bridge with its segment and bus range. @p name is copied. @return its index. */
uint32_t pci_tree_add_host_bridge(struct pci_tree *tree, const char *name, uint16_t segment, uint8_t first_bus,
                                  uint8_t last_bus);

/** Sets every field: that type and requester ID, host bridge 0, no capabilities, no BARs, no aliases, no name. */
void pci_tree_function_init(struct pci_tree_function *function, enum pci_tree_type type, uint16_t rid);

/**
 * Notes the requester IDs that a function has with phantom functions enabled: @p bits (0..3) of the function number's
 * most significant ones stand for tags (PCIe Base, 7.5.3.3).
 */
void pci_tree_add_phantoms(struct pci_tree_function *function, unsigned bits);

/** Appends a copy of @p function (its name too; NULL makes one like "0000:03:00.0"). @return its index. */
uint32_t pci_tree_add_function(struct pci_tree *tree, const struct pci_tree_function *function);

/**
 * Links every function to the bridge above it, sorts the index by requester ID and checks that the tree is one: host
 * bridges exist and do not overlap, requester IDs are unique in a segment, bus ranges nest, switch ports sit where
 * ports can, VFs have a PF, aliases name functions that exist. May be called again after more functions were added.
 * @return false if the tree is wrong, with one sentence in @p error of @p size bytes; the tree must then not be used.
 */
bool pci_tree_finish(struct pci_tree *tree, char *error, size_t size);

/** Releases everything the tree owns and empties it. */
void pci_tree_clear(struct pci_tree *tree);

/** Empties the tree, and keeps its memory for the functions to come. Names that it gave are gone. */
void pci_tree_reset(struct pci_tree *tree);

/** Segment of a function. */
uint16_t pci_tree_segment(const struct pci_tree *tree, uint32_t function);

/** The function with that requester ID in that segment; PCI_TREE_NONE if there is none. Needs a finished tree. */
uint32_t pci_tree_find(const struct pci_tree *tree, uint16_t segment, uint16_t rid);

/** The first function of that name; PCI_TREE_NONE if there is none. */
uint32_t pci_tree_find_name(const struct pci_tree *tree, const char *name);

/**
 * All functions on the bus of @p function (by bus number, so VFs on a bus of their own are not with their PF), itself
 * included, in order of device and function number: @p count entries of by_rid from the returned position on.
 */
size_t pci_tree_bus_of(const struct pci_tree *tree, uint32_t function, size_t *count);

/** Whether a function has a secondary bus. */
bool pci_tree_is_bridge(const struct pci_tree_function *function);

/** Whether a function has a PCI Express capability. */
bool pci_tree_is_pcie(const struct pci_tree_function *function);

/** Whether a function may send DMA of its own: all that are not bridges or event collectors. */
bool pci_tree_is_requester(const struct pci_tree_function *function);

/** Whether @p bridge lies on the way from @p function to its root bus. False if they are the same. */
bool pci_tree_is_below(const struct pci_tree *tree, uint32_t function, uint32_t bridge);

/** The word for a type: "root port", "endpoint", ... */
const char *pci_tree_type_name(enum pci_tree_type type);

/** Writes "ssss:bb:dd.f" for a segment and requester ID; @p text needs PCI_TREE_ADDRESS_SIZE bytes. @return @p text. */
#define PCI_TREE_ADDRESS_SIZE 16
char *pci_tree_format_address(char *text, uint16_t segment, uint16_t rid);

#ifdef __cplusplus
}
#endif

#endif
